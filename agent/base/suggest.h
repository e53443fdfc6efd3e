/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_SUGGEST_H
#define SECCOMPD_BASE_SUGGEST_H

#include <stddef.h>

/**
 * The candidate that a person who typed `word` most likely meant, or NULL when none is near:
 * optimal string alignment distance, case ignored, at most a third of the word's length (at least
 * 1, at most 3). Of equally near ones the longer common start decides, then the order. Words longer
 * than 64 bytes have no suggestion. `candidates` is an array of `n` strings, borrowed; the answer
 * is one of them.
 */
const char *suggest_nearest(const char *word, const char *const *candidates, size_t n);

/**
 * The same for candidates that all begin with `prefix` ("SCMP_ACT_"), which people leave out: the
 * one that is the word behind its prefix, else the nearest, else the nearest behind the prefix.
 */
const char *suggest_prefixed(
        const char *word, const char *prefix, const char *const *candidates, size_t n);

#endif
