/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_SUGGEST_H
#define SECCOMPD_BASE_SUGGEST_H

#include <stddef.h>
#include <stdint.h>

/**
 * The candidate that a person who typed `word` most likely meant, or NULL when none is near:
 * optimal string alignment distance, case ignored, at most a third of the word's length (at least
 * 1, at most 3). Of equally near ones the longer common start decides, then the order. Words longer
 * than 64 bytes have no suggestion. `candidates` is an array of `n` strings, borrowed; the answer
 * is one of them.
 */
const char *suggest_nearest(const char *word, const char *const *candidates, size_t n);

/** Of what no word of a list means, however near one is. */
#define SUGGEST_NOTHING SIZE_MAX

/** What people also write for a word of a list: "DENY" for the word of index ACTION_ERRNO. */
typedef struct SuggestAlias {
        const char *written; /* without the list's prefix */
        size_t meant;        /* index into the list's words, or SUGGEST_NOTHING */
} SuggestAlias;

/** Words that all begin with a prefix ("SCMP_ACT_"), which people misspell, cut or leave out. */
typedef struct SuggestList {
        const char *prefix;
        const char *const *words;
        size_t n_words;
        const SuggestAlias *aliases;
        size_t n_aliases;
} SuggestList;

/**
 * The word of `list` that was most likely meant, or NULL. The prefix tells nothing, so only what is
 * behind it (or behind what can be a misspelt or cut one) is compared: at most a third of its own
 * length away, at most 3, and with the same beginning, so that no short word is taken for another
 * one and none for its opposite.
 */
const char *suggest_prefixed(const char *word, const SuggestList *list);

#endif
