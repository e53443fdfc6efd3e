/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What would be right, made of an author's own words: the parts of a text that lists several, the
 * call behind a number, the letter that only looks right.
 */

#include "profile/hint.h"

#include "base/utf8.h"
#include "profile/syscalls.h"

#include <stdlib.h>
#include <string.h>

#define SEPARATORS      ",;| \t\r\n"
#define CALL_NAME_SIZE  64U
#define CALL_DIGITS_MAX 6U /* no call has a longer number, but for ARM's and X32's private ones */

size_t hint_put_words(Buf *buf, const char *text) {
        size_t n = 0;

        if (strlen(text) > HINT_TEXT_BYTES_MAX)
                return 0;
        for (const char *at = text + strspn(text, SEPARATORS); *at != '\0';) {
                size_t length = strcspn(at, SEPARATORS);

                buf_puts(buf, n++ == 0 ? "[" : ", ");
                buf_put_json_n(buf, at, length);
                at += length;
                at += strspn(at, SEPARATORS);
        }
        buf_puts(buf, n > 0 ? "]" : "");
        return n;
}

void hint_put_call_number(Buf *buf, const Arch *arch, const char *digits, size_t n_digits) {
        char number[CALL_DIGITS_MAX + 1] = "", name[CALL_NAME_SIZE];

        buf_puts(buf, "calls are named, not numbered");
        if (n_digits == 0 || n_digits > CALL_DIGITS_MAX)
                return;
        memcpy(number, digits, n_digits);
        if (number[strspn(number, "0123456789")] == '\0' &&
                syscall_name(arch, (int) strtoul(number, NULL, 10), sizeof(name), name) >= 0)
                buf_printf(buf, ": %s is `%s` on %s", number, name, arch->name);
}

bool hint_put_foreign(Buf *buf, const char *word) {
        uint32_t codepoint = 0;

        for (const char *at = word; *at != '\0'; at++) {
                if ((unsigned char) *at < 0x80)
                        continue;
                if (utf8_decode(at, strlen(at), &codepoint) == 0)
                        return false;
                buf_printf(buf,
                        "the word has a character that is not ASCII, however it looks (U+%04X): "
                        "type it anew",
                        (unsigned) codepoint);
                return true;
        }
        return false;
}
