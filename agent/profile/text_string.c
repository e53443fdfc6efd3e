/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Strings of a text that the scan has accepted, so nothing is checked again: what they say, and
 * where in the text each byte of that comes from. A ConfigMap holds profiles as such strings, and a
 * place in one is a place in the other.
 */

#include "profile/text.h"

#include "base/utf8.h"

#include <string.h>

static unsigned hex4(const char *digits) {
        unsigned value = 0;

        for (size_t i = 0; i < 4; i++) {
                unsigned digit = (unsigned char) digits[i];

                value = value << 4 | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }
        return value;
}

size_t text_decode_character(const char *at, size_t size_bytes, uint32_t *ret_codepoint) {
        static const char letters[] = "bfnrt", controls[] = "\b\f\n\r\t";
        const char *letter;
        uint32_t unit;

        if (*at != '\\')
                return utf8_decode(at, size_bytes, ret_codepoint);
        if (at[1] != 'u') {
                letter = strchr(letters, at[1]);
                *ret_codepoint = (unsigned char) (letter ? controls[letter - letters] : at[1]);
                return 2;
        }
        unit = hex4(at + 2);
        if (unit < 0xd800 || unit > 0xdfff) {
                *ret_codepoint = unit;
                return 6;
        }
        *ret_codepoint = 0x10000 + ((unit - 0xd800) << 10) + (hex4(at + 8) - 0xdc00);
        return 12;
}

/* The bytes between the quotes. */
static const char *inside(const Text *text, Span literal, const char **ret_end) {
        const char *begin = text->bytes + literal.offset + 1;

        *ret_end = begin + literal.length - 2;
        return begin;
}

void text_put_string(Buf *buf, const Text *text, Span literal) {
        const char *end, *at = inside(text, literal, &end);

        while (at < end) {
                size_t plain = 0;
                uint32_t codepoint = 0;
                char utf8[4];

                while (at + plain < end && at[plain] != '\\')
                        plain++;
                buf_append(buf, at, plain);
                at += plain;
                if (at == end)
                        break;
                at += text_decode_character(at, (size_t) (end - at), &codepoint);
                buf_append(buf, utf8, utf8_encode(codepoint, utf8));
        }
}

uint32_t text_string_place(const Text *text, Span literal, uint32_t offset) {
        const char *end, *at = inside(text, literal, &end);
        size_t decoded = 0;

        while (at < end) {
                uint32_t codepoint = 0;
                char utf8[4];
                size_t length = text_decode_character(at, (size_t) (end - at), &codepoint);
                size_t n = utf8_encode(codepoint, utf8);

                if (decoded + n > offset)
                        break;
                decoded += n;
                at += length;
        }
        return (uint32_t) (at - text->bytes);
}
