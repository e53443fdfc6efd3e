/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_DIGEST_H
#define SECCOMPD_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE_BYTES 32
#define DIGEST_HEX_SIZE   65 /* 64 hexadecimal digits and a NUL */
#define DIGEST_TEXT_SIZE  72 /* "sha256:", 64 digits and a NUL */

/** A SHA-256 digest (FIPS 180-4), computed by libmd. All zero means "none". */
typedef struct Digest {
        uint8_t bytes[DIGEST_SIZE_BYTES];
} Digest;

/** The digest of `size_bytes` bytes. */
Digest digest_of(const void *bytes, size_t size_bytes);

/** Writes 64 lower-case hexadecimal digits and a NUL. */
void digest_hex(const Digest *digest, char ret_hex[static DIGEST_HEX_SIZE]);

/** Writes "sha256:" and the hexadecimal digits: the spelling users see everywhere. */
void digest_text(const Digest *digest, char ret_text[static DIGEST_TEXT_SIZE]);

/**
 * Reads 64 lower-case hexadecimal digits; what follows them is the caller's concern.
 * Returns 0, or -EINVAL with `ret_digest` untouched.
 */
int digest_parse_hex(const char *hex, Digest *ret_digest);

/** The order of the bytes: negative, 0 or positive, as memcmp. */
int digest_compare(const Digest *a, const Digest *b);

bool digest_equal(const Digest *a, const Digest *b);
bool digest_is_none(const Digest *digest);

#endif
