/* SPDX-License-Identifier: Apache-2.0 */

/*
 * "Did you mean": the nearest of a list of known words. The distance is optimal string alignment
 * (insertions, deletions, substitutions, swaps of neighbours at 1 each), which counts a slip of the
 * fingers as one. Three rows of the table are enough, and words are short, so it needs no memory.
 */

#include "base/suggest.h"

#include "base/ascii.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define SUGGEST_WORD_MAX     64U
#define SUGGEST_DISTANCE_MAX 3U

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
                        unsigned differ = ascii_lower(a[i - 1]) != ascii_lower(b[j - 1]);

                        row[j] = min(min(above[j], row[j - 1]) + 1, above[j - 1] + differ);
                        if (i > 1 && j > 1 && ascii_lower(a[i - 1]) == ascii_lower(b[j - 2]) &&
                                ascii_lower(a[i - 2]) == ascii_lower(b[j - 1]))
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

        while (a[n] != '\0' && ascii_lower(a[n]) == ascii_lower(b[n]))
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

/* The best of a list so far: how far its word is, with its prefix. */
typedef struct Guess {
        const char *word; /* NULL: nothing is meant */
        unsigned cost;
} Guess;

/* Whether the first letters agree, or are swapped. */
static bool begins_alike(const char *a, const char *b) {
        return ascii_lower(a[0]) == ascii_lower(b[0]) ||
                (a[0] && b[0] && ascii_lower(a[0]) == ascii_lower(b[1]) &&
                        ascii_lower(a[1]) == ascii_lower(b[0]));
}

static void compare_end(
        const char *end, unsigned front_cost, const char *written, const char *meant, Guess *best) {
        size_t length = strlen(end), written_length = strlen(written);
        unsigned limit = min((unsigned) length / 3, SUGGEST_DISTANCE_MAX), cost;

        if (strcasecmp(end, written) == 0)
                cost = 0;
        else if (!begins_alike(end, written) || written_length > length + limit ||
                written_length + limit < length)
                return;
        else
                cost = distance(end, length, written, written_length, limit);
        if (cost > limit || front_cost + cost >= best->cost)
                return;
        *best = (Guess){ .word = meant, .cost = front_cost + cost };
}

static void compare_ends(
        const char *end, unsigned front_cost, const SuggestList *list, Guess *best) {
        const size_t prefix_length = strlen(list->prefix);

        for (size_t i = 0; i < list->n_words; i++)
                compare_end(end, front_cost, list->words[i] + prefix_length, list->words[i], best);
        for (size_t i = 0; i < list->n_aliases; i++)
                compare_end(end, front_cost, list->aliases[i].written,
                        list->aliases[i].meant == SUGGEST_NOTHING
                                ? NULL
                                : list->words[list->aliases[i].meant],
                        best);
}

/* Whether the first `length` characters are words of the prefix: "SCMP_", "ACT_". */
static bool is_cut_prefix(const char *word, size_t length, const char *prefix) {
        for (const char *at = prefix; length > 0 && word[length - 1] == '_' && *at; at++)
                if (strncasecmp(at, word, length) == 0)
                        return true;
        return false;
}

const char *suggest_prefixed(const char *word, const SuggestList *list) {
        const size_t length = strlen(word), prefix_length = strlen(list->prefix);
        const unsigned slips = min((unsigned) prefix_length / 4, 2);
        Guess best = { .cost = UINT_MAX };

        if (length == 0 || length > SUGGEST_WORD_MAX)
                return NULL;
        if (strncasecmp(word, list->prefix, prefix_length) == 0) {
                compare_ends(word + prefix_length, 0, list, &best);
                return best.word;
        }
        compare_ends(word, 0, list, &best);
        for (size_t n = 1; n < length && n <= prefix_length + slips; n++) {
                unsigned cost = 1;

                if (!is_cut_prefix(word, n, list->prefix))
                        cost = distance(word, n, list->prefix, prefix_length, slips);
                if (cost <= slips)
                        compare_ends(word + n, cost, list, &best);
        }
        return best.word;
}
