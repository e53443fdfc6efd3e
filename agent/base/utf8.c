/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The one UTF-8 decoder: the strict scan refuses by it, output is repaired by it, columns are
 * counted by it. What is well-formed is a table (Unicode, table 3-7): the first byte fixes the
 * length and the range of the second byte, and that range alone keeps overlong forms, surrogates
 * and numbers past U+10FFFF out.
 */

#include "base/utf8.h"

#include "base/cleanup.h"

#include <string.h>

static const struct {
        uint8_t first_min, first_max;
        uint8_t second_min, second_max;
        uint8_t length;
} FORMS[] = {
        { 0xc2, 0xdf, 0x80, 0xbf, 2 },
        { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 },
        { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4 },
        { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static size_t decode_multibyte(const uint8_t *bytes, size_t size_bytes, uint32_t *ret_codepoint) {
        uint32_t codepoint = 0;
        size_t form = 0;

        while (form < N_ELEMENTS(FORMS) && bytes[0] > FORMS[form].first_max)
                form++;
        if (form == N_ELEMENTS(FORMS) || bytes[0] < FORMS[form].first_min)
                return 0;
        if (size_bytes < FORMS[form].length || bytes[1] < FORMS[form].second_min ||
                bytes[1] > FORMS[form].second_max)
                return 0;
        codepoint = bytes[0] & (0x7fU >> FORMS[form].length);
        for (size_t i = 1; i < FORMS[form].length; i++) {
                if ((bytes[i] & 0xc0) != 0x80)
                        return 0;
                codepoint = codepoint << 6 | (bytes[i] & 0x3f);
        }
        *ret_codepoint = codepoint;
        return FORMS[form].length;
}

size_t utf8_decode(const char *bytes, size_t size_bytes, uint32_t *ret_codepoint) {
        const uint8_t *at = (const uint8_t *) bytes;
        uint32_t codepoint = 0;
        size_t length = 1;

        if (size_bytes == 0)
                return 0;
        if (at[0] < 0x80)
                codepoint = at[0];
        else
                length = decode_multibyte(at, size_bytes, &codepoint);
        if (length > 0 && ret_codepoint)
                *ret_codepoint = codepoint;
        return length;
}

size_t utf8_encode(uint32_t codepoint, char ret_bytes[static 4]) {
        static const uint8_t leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
        size_t length = codepoint < 0x800 ? 2 : codepoint < 0x10000 ? 3 : 4;

        if (codepoint < 0x80) {
                ret_bytes[0] = (char) codepoint;
                return 1;
        }
        for (size_t i = length - 1; i > 0; i--, codepoint >>= 6)
                ret_bytes[i] = (char) (0x80 | (codepoint & 0x3f));
        ret_bytes[0] = (char) (leads[length] | codepoint);
        return length;
}

static const struct {
        uint32_t first, last;
} HARMFUL[] = {
        { 0x0000, 0x001f }, { 0x007f, 0x009f },                     /* controls */
        { 0x200e, 0x200f }, { 0x202a, 0x202e }, { 0x2066, 0x2069 }, /* direction */
        { 0x2028, 0x2029 }, /* line and paragraph separator */
};

bool utf8_is_harmless(uint32_t codepoint) {
        for (size_t i = 0; i < N_ELEMENTS(HARMFUL); i++)
                if (codepoint >= HARMFUL[i].first && codepoint <= HARMFUL[i].last)
                        return false;
        return true;
}

size_t utf8_make_harmless(char *text) {
        size_t size_bytes = strlen(text), n = 0;

        for (size_t i = 0; i < size_bytes;) {
                uint32_t codepoint = 0;
                size_t length = utf8_decode(text + i, size_bytes - i, &codepoint);

                if (length > 0 && utf8_is_harmless(codepoint)) {
                        memmove(text + n, text + i, length);
                        n += length;
                } else
                        text[n++] = '?';
                i += length > 0 ? length : 1;
        }
        text[n] = '\0';
        return n;
}
