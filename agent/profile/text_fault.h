/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_TEXT_FAULT_H
#define SECCOMPD_PROFILE_TEXT_FAULT_H

#include "profile/diag.h"

/*
 * Of text.c alone: it says where a byte does not fit, this says why in a person's words.
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

/** Where something does not fit; all borrowed. */
typedef struct TextFault {
        const char *bytes;
        size_t size_bytes;
        uint32_t at;     /* the byte that does not fit; may be the end of the text */
        uint32_t comma;  /* the last one before it, if it follows one */
        Span string;     /* the last one before it; length 0 for none */
        bool is_first;   /* nothing but white space and comments stands before it */
        bool is_nested;  /* inside an array or object, */
        uint32_t opener; /* whose bracket is here */
        DiagList *diags;
} TextFault;

/** Adds SP101 for a token that does not fit. */
void text_fault_token(const TextFault *fault, TextWant want);

/** Whether a comment of some other language begins at `at`. */
bool text_fault_is_comment(const char *bytes, size_t size_bytes, size_t at);

/** The length of the comment at `at`; 0 for one that does not end. */
uint32_t text_fault_comment_length(const char *bytes, uint32_t size_bytes, uint32_t at);

/**
 * Adds SP101 for a comment, unless a text follows that is no JSON at all: of that the scan learns
 * next, and one finding says it.
 */
void text_fault_comment(const TextFault *fault);

/** Adds SP101 for the comma before the closing bracket at `at`. */
void text_fault_trailing_comma(const TextFault *fault);

/** Adds SP101 for a number outside the grammar; `at` is its first byte. */
void text_fault_number(const TextFault *fault);

/**
 * Adds SP101 where the text as a whole, or what begins at `at`, is none of JSON's business: YAML, a
 * web page, a merge conflict. Returns whether it did. `is_behind`: a whole value stands before it.
 */
bool text_fault_foreign(const TextFault *fault, bool is_behind);

/** Whether a text in YAML begins at `at`, or behind the comments that do. */
bool text_fault_precedes_yaml(const TextFault *fault);

/** Adds SP101 for what stands at `at` inside the string that opens at `quote`. */
void text_fault_string(const TextFault *fault, uint32_t quote);

#endif
