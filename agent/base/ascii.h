/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_ASCII_H
#define SECCOMPD_BASE_ASCII_H

#include <stdbool.h>

/* Of ASCII, whatever the locale: what ctype.h says hangs on that. */

static inline bool ascii_is_digit(char character) {
        return character >= '0' && character <= '9';
}

/* What JSON takes for white space. */
static inline bool ascii_is_space(char character) {
        return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

static inline char ascii_lower(char character) {
        return character >= 'A' && character <= 'Z' ? (char) (character - 'A' + 'a') : character;
}

static inline bool ascii_is_letter(char character) {
        char lower = ascii_lower(character);

        return lower >= 'a' && lower <= 'z';
}

#endif
