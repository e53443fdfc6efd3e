/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_TEXT_FAULT_H
#define SECCOMPD_PROFILE_TEXT_FAULT_H

#include "profile/diag.h"

/*
 * Of text.c alone: it says where the scan stopped, this says why in a person's words.
 */

/** What the grammar wanted where something else stands. */
typedef enum TextWant {
        WANT_VALUE,
        WANT_ELEMENT,  /* a value after a comma in an array */
        WANT_KEY,      /* the first of an object */
        WANT_NEXT_KEY, /* after a comma */
        WANT_COLON,
        WANT_SEPARATOR, /* a comma, or the end of the innermost array or object */
        WANT_END,       /* of the text */
} TextWant;

/** Where a scan stopped; all borrowed. */
typedef struct TextFault {
        const char *bytes;
        size_t size_bytes;
        uint32_t at;     /* the byte that does not fit; may be the end of the text */
        bool is_nested;  /* inside an array or object, */
        uint32_t opener; /* whose bracket is here */
        DiagList *diags;
} TextFault;

/** Adds SP101 for a token that does not fit. */
void text_fault_token(const TextFault *fault, TextWant want);

/** Adds SP101 for a number outside the grammar; `at` is its first byte. */
void text_fault_number(const TextFault *fault);

/** Adds SP101 for what stands at `at` inside the string that opens at `quote`. */
void text_fault_string(const TextFault *fault, uint32_t quote);

#endif
