/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Digests name contents: a profile's bytes, a verdict's input, a file we own. The hash is libmd's;
 * only the spelling is ours, and there is one: lower case, "sha256:" before it where people see it.
 */

#include "base/digest.h"

#include <errno.h>
#include <sha2.h>
#include <string.h>

#define DIGEST_PREFIX "sha256:"

Digest digest_of(const void *bytes, size_t size_bytes) {
        SHA2_CTX context;
        Digest digest;

        SHA256Init(&context);
        if (size_bytes > 0)
                SHA256Update(&context, bytes, size_bytes);
        SHA256Final(digest.bytes, &context);
        return digest;
}

void digest_hex(const Digest *digest, char ret_hex[static DIGEST_HEX_SIZE]) {
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < DIGEST_SIZE_BYTES; i++) {
                ret_hex[2 * i] = digits[digest->bytes[i] >> 4];
                ret_hex[2 * i + 1] = digits[digest->bytes[i] & 0xf];
        }
        ret_hex[DIGEST_HEX_SIZE - 1] = '\0';
}

void digest_text(const Digest *digest, char ret_text[static DIGEST_TEXT_SIZE]) {
        memcpy(ret_text, DIGEST_PREFIX, sizeof(DIGEST_PREFIX));
        digest_hex(digest, ret_text + strlen(DIGEST_PREFIX));
}

/* Upper case is refused: what is compared as text must have one spelling. */
static int hex_value(char digit) {
        if (digit >= '0' && digit <= '9')
                return digit - '0';
        if (digit >= 'a' && digit <= 'f')
                return digit - 'a' + 10;
        return -EINVAL;
}

int digest_parse_hex(const char *hex, Digest *ret_digest) {
        Digest digest;

        for (size_t i = 0; i < DIGEST_SIZE_BYTES; i++) {
                int high = hex_value(hex[2 * i]);
                /* the second digit is looked at only when the first is one: the string may end here
                 */
                int low = high < 0 ? high : hex_value(hex[2 * i + 1]);

                if (low < 0)
                        return low;
                digest.bytes[i] = (uint8_t) (high << 4 | low);
        }
        *ret_digest = digest;
        return 0;
}

int digest_compare(const Digest *a, const Digest *b) {
        return memcmp(a->bytes, b->bytes, DIGEST_SIZE_BYTES);
}

bool digest_equal(const Digest *a, const Digest *b) {
        return digest_compare(a, b) == 0;
}

bool digest_is_none(const Digest *digest) {
        return digest_equal(digest, &(Digest){});
}
