/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which combinations of conditions an argument can fulfil, exactly. A number is read bit by bit
 * from the highest, as a person compares decimals: what matters of the bits so far is, for each
 * set, only whether they have decided yet and what they are still equal to. Numbers whose bits so
 * far leave all sets in the same state have the same future, so one of them stands for all: the
 * first, which is the least, since 0 is read before 1. The states stay few: comparisons add two for
 * each constant, and only masks multiply.
 */

#include "profile/atoms.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 16U
#define SLOTS_MAX (4 * ATOMS_MAX) /* powers of two, both */

/* What the bits so far say of one set. */
typedef enum Stand {
        STAND_OUT,   /* decided */
        STAND_IN,    /* decided */
        STAND_EQUAL, /* as the constant so far: of a hole or a mask */
        STAND_EDGES, /* as both ends of a range so far */
        STAND_LOW,   /* as the low end, below the high one */
        STAND_HIGH,  /* as the high end, above the low one */
} Stand;

/* All states at one bit: numbers that begin alike enough are one state. */
typedef struct Level {
        uint64_t *prefixes; /* the least number of each */
        uint8_t *stands;    /* of each, a byte for each set */
        size_t n;
} Level;

typedef struct Search {
        const ArgSet *sets;
        size_t n_sets;
        Level levels[2];
        uint16_t *slots; /* of the level that is made: index + 1, or 0 */
        size_t n_slots;
        bool is_partial;
} Search;

static Stand stand_first(const ArgSet *set) {
        switch (set->kind) {
        case ARGSET_RANGE: return argset_is_empty(set) ? STAND_OUT : STAND_EDGES;
        case ARGSET_HOLE: return STAND_EQUAL;
        case ARGSET_MASK: break;
        }
        return STAND_EQUAL;
}

static Stand range_next(const ArgSet *set, Stand stand, unsigned bit, bool is_one) {
        const bool low = set->low >> bit & 1, high = set->high >> bit & 1;
        const bool was_low = stand != STAND_HIGH, was_high = stand != STAND_LOW;
        const bool is_low = was_low && is_one == low, is_high = was_high && is_one == high;

        if ((was_low && is_one < low) || (was_high && is_one > high))
                return STAND_OUT;
        if (is_low && is_high)
                return STAND_EDGES;
        if (is_low)
                return STAND_LOW;
        return is_high ? STAND_HIGH : STAND_IN;
}

/* Of a set that has not decided yet. */
static Stand stand_next(const ArgSet *set, Stand stand, unsigned bit, bool is_one) {
        if (set->kind == ARGSET_RANGE)
                return range_next(set, stand, bit, is_one);
        if (set->kind == ARGSET_HOLE)
                return is_one == (bool) (set->value >> bit & 1) ? STAND_EQUAL : STAND_IN;
        if (!(set->mask >> bit & 1))
                return stand;
        return is_one == (bool) (set->value >> bit & 1) ? STAND_EQUAL : STAND_OUT;
}

/* What a set says of a number that has been read to its end. */
static Stand stand_last(const ArgSet *set, Stand stand) {
        if (stand == STAND_OUT || (set->kind == ARGSET_HOLE && stand == STAND_EQUAL))
                return STAND_OUT;
        return STAND_IN;
}

static size_t hash_stands(const uint8_t *stands, size_t n) {
        uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

        for (size_t i = 0; i < n; i++)
                hash = (hash ^ stands[i]) * 0x100000001b3;
        return (size_t) (hash ^ hash >> 32);
}

/* Begins a level that may have twice as many states as the one before. */
static void level_begin(Search *search, Level *level, size_t n_before) {
        search->n_slots = SLOTS_MIN;
        while (search->n_slots < 4 * n_before && search->n_slots < SLOTS_MAX)
                search->n_slots *= 2;
        memset(search->slots, 0, search->n_slots * sizeof(search->slots[0]));
        level->n = 0;
}

/* Adds the state whose stands were written behind the level's last, unless it is there. */
static void level_add(Search *search, Level *level, uint64_t prefix) {
        uint8_t *stands = level->stands + level->n * search->n_sets;
        size_t at = hash_stands(stands, search->n_sets) % search->n_slots;

        for (; search->slots[at] != 0; at = (at + 1) % search->n_slots) {
                const size_t other = search->slots[at] - 1U;

                if (memcmp(level->stands + other * search->n_sets, stands, search->n_sets) == 0)
                        return;
        }
        if (level->n == ATOMS_MAX) {
                search->is_partial = true;
                return;
        }
        level->prefixes[level->n] = prefix;
        search->slots[at] = (uint16_t) ++level->n;
}

static void search_step(
        Search *search, const Level *from, Level *to, unsigned bit, unsigned n_bits) {
        const unsigned n_values = bit < n_bits ? 2 : 1; /* of this bit */

        level_begin(search, to, from->n);
        for (size_t i = 0; i < from->n; i++)
                for (unsigned is_one = 0; is_one < n_values; is_one++) {
                        uint8_t *stands = to->stands + to->n * search->n_sets;

                        memcpy(stands, from->stands + i * search->n_sets, search->n_sets);
                        for (size_t j = 0; j < search->n_sets; j++)
                                if (stands[j] > STAND_IN)
                                        stands[j] = (uint8_t) stand_next(
                                                &search->sets[j], (Stand) stands[j], bit, is_one);
                        level_add(search, to, from->prefixes[i] << 1 | is_one);
                }
}

/* States that differ in nothing but how they came about are one. */
static void search_finish(Search *search, const Level *from, Level *to) {
        level_begin(search, to, from->n);
        for (size_t i = 0; i < from->n; i++) {
                uint8_t *stands = to->stands + to->n * search->n_sets;

                for (size_t j = 0; j < search->n_sets; j++)
                        stands[j] = (uint8_t) stand_last(
                                &search->sets[j], (Stand) from->stands[i * search->n_sets + j]);
                level_add(search, to, from->prefixes[i]);
        }
}

static void search_done(Search *search) {
        for (size_t i = 0; i < N_ELEMENTS(search->levels); i++) {
                free(search->levels[i].prefixes);
                free(search->levels[i].stands);
        }
        free(search->slots);
}

static int search_start(Search *search) {
        Level *first = &search->levels[0];

        /* each level empties as much as it uses, which for most arguments is little */
        search->slots = malloc(SLOTS_MAX * sizeof(search->slots[0]));
        for (size_t i = 0; i < N_ELEMENTS(search->levels); i++) {
                Level *level = &search->levels[i];

                level->prefixes = malloc(ATOMS_MAX * sizeof(level->prefixes[0]));
                level->stands = malloc((ATOMS_MAX + 1) * (search->n_sets + 1));
                if (!level->prefixes || !level->stands)
                        return -ENOMEM;
        }
        if (!search->slots)
                return -ENOMEM;
        for (size_t i = 0; i < search->n_sets; i++)
                first->stands[i] = (uint8_t) stand_first(&search->sets[i]);
        first->prefixes[0] = 0;
        first->n = 1;
        return 0;
}

int argset_atoms(Arena *arena, const ArgSet *sets, size_t n_sets, unsigned n_bits,
        uint64_t **ret_values, size_t *ret_n, bool *ret_is_partial) {
        _cleanup_(search_done) Search search = { .sets = sets, .n_sets = n_sets };
        const Level *last = &search.levels[1];
        uint64_t *values = NULL;
        int r = search_start(&search);

        if (r < 0)
                return r;
        for (unsigned bit = 64; bit-- > 0;)
                search_step(&search, &search.levels[(bit + 1) % 2], &search.levels[bit % 2], bit,
                        n_bits);
        search_finish(&search, &search.levels[0], &search.levels[1]);
        values = arena_alloc_array(arena, last->n, sizeof(values[0]));
        if (!values)
                return -ENOMEM;
        memcpy(values, last->prefixes, last->n * sizeof(values[0]));
        *ret_values = values;
        *ret_n = last->n;
        *ret_is_partial = search.is_partial;
        return 0;
}
