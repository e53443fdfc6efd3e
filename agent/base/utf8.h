/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_UTF8_H
#define SECCOMPD_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Reads the code point at the start of `bytes`. Returns its length in bytes, 1 to 4, with the code
 * point in `*ret_codepoint` (may be NULL); 0 when there is none: no bytes, a stray or missing
 * continuation, an overlong form, a surrogate, or above U+10FFFF (RFC 3629).
 */
size_t utf8_decode(const char *bytes, size_t size_bytes, uint32_t *ret_codepoint);

/** Writes a code point (none above U+10FFFF) as UTF-8; returns its length in bytes, 1 to 4. */
size_t utf8_encode(uint32_t codepoint, char ret_bytes[static 4]);

/**
 * Whether a code point may be shown to a person as it is. Not so: controls, which move a
 * terminal's cursor, and separators and marks of direction, which show text elsewhere than it is.
 */
bool utf8_is_harmless(uint32_t codepoint);

/**
 * Puts a `?` in place of each code point that is not harmless, and of each byte that is not UTF-8.
 * Returns the length, which may be less than before.
 */
size_t utf8_make_harmless(char *text);

#endif
