/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Characters that fit nowhere in JSON outside a string: marks of other encodings, white space that
 * is none, quotes of a word processor, and those that a keyboard of another script types where it
 * shows a colon or a comma. They look right, so the words say by number which it is.
 */

#include "profile/text_fault.h"

#include "base/cleanup.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Marks of other encodings at the start of a file; what "U+FEFF" is anywhere else. */
static bool report_mark(const TextFault *fault) {
        static const struct {
                const char *bytes;
                const char *name;
        } marks[] = {
                { "\xef\xbb\xbf", "a byte order mark (U+FEFF)" },
                { "\xff\xfe", "a byte order mark of UTF-16" },
                { "\xfe\xff", "a byte order mark of UTF-16" },
        };

        for (size_t i = 0; i < N_ELEMENTS(marks); i++) {
                size_t length = strlen(marks[i].bytes);

                if (fault->at + length > fault->size_bytes ||
                        memcmp(fault->bytes + fault->at, marks[i].bytes, length) != 0)
                        continue;
                text_fault_report(fault, fault->at, length,
                        "save the file as UTF-8 without a byte order mark", "%s", marks[i].name);
                return true;
        }
        return false;
}

static bool is_odd_space(uint32_t codepoint) {
        return codepoint == 0x00a0 || (codepoint >= 0x2000 && codepoint <= 0x200b) ||
                codepoint == 0x2028 || codepoint == 0x2029 || codepoint == 0x202f ||
                codepoint == 0x205f || codepoint == 0x3000;
}

/* The ASCII character that another is written for; 0 for none. */
static char looks_like(uint32_t codepoint) {
        static const struct {
                uint32_t codepoint;
                char meant;
        } likes[] = {
                { 0x00ab, '"' }, /* guillemets */
                { 0x00bb, '"' },
                { 0x060c, ',' }, /* Arabic */
                { 0x066b, '.' },
                { 0x2013, '-' }, /* dashes, minus */
                { 0x2014, '-' },
                { 0x2033, '"' }, /* primes */
                { 0x2212, '-' },
                { 0x2236, ':' },
                { 0x3001, ',' }, /* Chinese, Japanese */
                { 0x300c, '"' },
                { 0x300d, '"' },
                { 0x3010, '[' },
                { 0x3011, ']' },
                { 0x3014, '[' },
                { 0x3015, ']' },
                { 0xff07, '"' }, /* full width, with those below */
                { 0xff40, '"' },
        };

        for (size_t i = 0; i < N_ELEMENTS(likes); i++)
                if (likes[i].codepoint == codepoint)
                        return likes[i].meant;
        return codepoint >= 0xff01 && codepoint <= 0xff5e ? (char) (codepoint - 0xff00 + 0x20) : 0;
}

static bool report_likeness(const TextFault *fault, uint32_t codepoint, size_t length) {
        char meant = looks_like(codepoint), hint[96];

        if (!meant)
                return false;
        snprintf(hint, sizeof(hint),
                "type '%c' as it is in ASCII, here and wherever else it stands outside a string",
                meant);
        text_fault_report(fault, fault->at, length, hint,
                "the character U+%04" PRIX32 " in place of '%c'", codepoint, meant);
        return true;
}

/* Characters that fit nowhere outside a string. */
static bool report_codepoint(const TextFault *fault) {
        uint32_t codepoint = 0;
        size_t length =
                utf8_decode(fault->bytes + fault->at, fault->size_bytes - fault->at, &codepoint);

        if (length == 0)
                text_fault_report(fault, fault->at, 1, "save the file as UTF-8",
                        "the byte 0x%02x, which is not UTF-8", (uint8_t) fault->bytes[fault->at]);
        else if (is_odd_space(codepoint))
                text_fault_report(fault, fault->at, length,
                        "between values JSON takes spaces, tabs and line breaks",
                        "the white space character U+%04" PRIX32 " outside a string", codepoint);
        else if (codepoint >= 0x2018 && codepoint <= 0x201f)
                text_fault_report(fault, fault->at, length,
                        "JSON strings stand in plain double quotes: \"",
                        "a typographic quote (U+%04" PRIX32 ")", codepoint);
        else if (codepoint < 0x20 || codepoint == 0x7f)
                text_fault_report(fault, fault->at, 1,
                        codepoint == 0 ? "is it UTF-16? save the file as UTF-8" : "remove it",
                        "the control character U+%04" PRIX32, codepoint);
        else
                return report_likeness(fault, codepoint, length);
        return true;
}

bool text_fault_character(const TextFault *fault) {
        return report_mark(fault) || report_codepoint(fault);
}
