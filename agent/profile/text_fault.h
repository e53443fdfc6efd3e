/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_TEXT_FAULT_H
#define SECCOMPD_PROFILE_TEXT_FAULT_H

#include "profile/diag.h"
#include "profile/limits.h"

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
        uint32_t at;    /* the byte that does not fit; may be the end of the text */
        uint32_t comma; /* the last one before it, if it follows one */
        Span string;    /* the last one before it; length 0 for none */
        Span sibling;   /* the last whole value before it in the same array or object, or at the
                           top; length 0 for none, or for one that was refused */
        bool is_first;  /* nothing but white space and comments stands before it */
        uint32_t depth; /* of the arrays and objects around it, */
        uint32_t openers[LIMIT_DEPTH]; /* whose brackets are here, outermost first */
        DiagList *diags;
} TextFault;

/** Adds SP101 for a token that does not fit. */
void text_fault_token(const TextFault *fault, TextWant want);

/**
 * Adds SP101 for a character that fits nowhere outside a string, if it is one whose number says
 * more than its looks. `at` is not the end of the text. Returns whether it did.
 */
bool text_fault_character(const TextFault *fault);

/**
 * Adds SP101 where brackets do not match, and what follows from it: a key in an array, an element
 * in an object. `at` is not the end of the text. Returns whether it did.
 */
bool text_fault_bracket(const TextFault *fault, TextWant want);

/** Adds SP101 at `length` bytes from `from`. `hint` may be NULL. */
void text_fault_report(const TextFault *fault, size_t from, size_t length, const char *hint,
        const char *format, ...) __attribute__((format(printf, 5, 6)));

/** What the grammar wanted, in words; for WANT_SEPARATOR the fault is inside something. */
const char *text_fault_want_name(const TextFault *fault, TextWant want);

/** The bracket of the innermost array or object around the fault; 0 for none. */
char text_fault_innermost(const TextFault *fault);

/** The byte at an offset; 0 past the end. */
char text_fault_byte(const TextFault *fault, size_t offset);

/** The line that an offset is in. */
unsigned text_fault_line(const TextFault *fault, uint32_t offset);

/** The line of the innermost bracket around the fault; there is one. */
unsigned text_fault_opener_line(const TextFault *fault);

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
