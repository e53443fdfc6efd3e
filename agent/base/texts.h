/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_TEXTS_H
#define SECCOMPD_BASE_TEXTS_H

#include <stddef.h>

/** Strings that are held once, however many hold them. All zero is an empty table. */
typedef struct Texts {
        void *tree;
        size_t n;          /* distinct strings */
        size_t size_bytes; /* of them, with their NULs */
} Texts;

/**
 * The table's own copy of a string, which stays until it was released as often as it was held.
 * Returns NULL when memory is out.
 */
const char *texts_hold(Texts *texts, const char *string);

/** Gives back what texts_hold() returned; NULL is fine. */
void texts_release(Texts *texts, const char *text);

#endif
