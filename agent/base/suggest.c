/* SPDX-License-Identifier: Apache-2.0 */

/*
 * "Did you mean": the nearest of a list of known words. The distance is optimal string alignment
 * (insertions, deletions, substitutions, swaps of neighbours at 1 each), which counts a slip of the
 * fingers as one. Three rows of the table are enough, and words are short, so it needs no memory.
 */

#include "base/suggest.h"

#include <string.h>
#include <strings.h>

#define SUGGEST_WORD_MAX     64U
#define SUGGEST_DISTANCE_MAX 3U
#define SUGGEST_PREFIXED_MAX 64U

static char fold(char character) {
        return character >= 'A' && character <= 'Z' ? (char) (character - 'A' + 'a') : character;
}

static unsigned min(unsigned a, unsigned b) {
        return a < b ? a : b;
}

/*
 * Anything above `limit` when it is more. A row's least is never below that of the row above, and
 * at most one more, so that a swap, which skips a row, cannot undercut it either.
 */
static unsigned distance(const char *a, size_t n_a, const char *b, size_t n_b, unsigned limit) {
        unsigned rows[3][SUGGEST_WORD_MAX + SUGGEST_DISTANCE_MAX + 1];
        unsigned *before = rows[0], *above = rows[1], *row = rows[2];

        for (size_t j = 0; j <= n_b; j++)
                row[j] = (unsigned) j;
        for (size_t i = 1; i <= n_a; i++) {
                unsigned *reused = before, least = (unsigned) i;

                before = above;
                above = row;
                row = reused;
                row[0] = (unsigned) i;
                for (size_t j = 1; j <= n_b; j++) {
                        unsigned differ = fold(a[i - 1]) != fold(b[j - 1]);

                        row[j] = min(min(above[j], row[j - 1]) + 1, above[j - 1] + differ);
                        if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                                fold(a[i - 2]) == fold(b[j - 1]))
                                row[j] = min(row[j], before[j - 2] + 1);
                        least = min(least, row[j]);
                }
                if (least > limit)
                        return limit + 1;
        }
        return row[n_b];
}

/* How far two words are the same from their start: where people slip least. */
static size_t common_start(const char *a, const char *b) {
        size_t n = 0;

        while (a[n] != '\0' && fold(a[n]) == fold(b[n]))
                n++;
        return n;
}

const char *suggest_nearest(const char *word, const char *const *candidates, size_t n) {
        size_t length = strlen(word);
        unsigned limit = min((unsigned) (length < 3 ? 1 : length / 3), SUGGEST_DISTANCE_MAX);
        const char *nearest = NULL;

        if (length == 0 || length > SUGGEST_WORD_MAX)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                size_t candidate_length = strlen(candidates[i]);
                unsigned found;

                if (candidate_length > length + limit || candidate_length + limit < length)
                        continue;
                found = distance(word, length, candidates[i], candidate_length, limit);
                if (found > limit ||
                        (nearest && found == limit &&
                                common_start(word, candidates[i]) <= common_start(word, nearest)))
                        continue;
                nearest = candidates[i];
                limit = found;
        }
        return nearest;
}

const char *suggest_prefixed(
        const char *word, const char *prefix, const char *const *candidates, size_t n) {
        const char *ends[SUGGEST_PREFIXED_MAX], *nearest = NULL;
        size_t length = strlen(prefix);

        for (size_t i = 0; i < n && i < SUGGEST_PREFIXED_MAX; i++) {
                ends[i] = candidates[i] + length;
                if (strcasecmp(ends[i], word) == 0)
                        return candidates[i];
        }
        nearest = suggest_nearest(word, candidates, n);
        if (nearest)
                return nearest;
        nearest = suggest_nearest(word, ends, n < SUGGEST_PREFIXED_MAX ? n : SUGGEST_PREFIXED_MAX);
        return nearest ? nearest - length : NULL;
}
