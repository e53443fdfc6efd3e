/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sets of argument values. Seven operators give only three shapes: a range, everything but one
 * number, and a mask. Whatever is a range in another dress becomes one (not 0, a mask of the
 * highest bits, an empty mask), so that each pair of shapes has one short and exact answer, and
 * equal sets are found equal however they were written.
 */

#include "profile/argset.h"

static const ArgSet argset_empty = { .kind = ARGSET_RANGE, .low = 1, .high = 0 };

static ArgSet range(uint64_t low, uint64_t high) {
        return (ArgSet){ .kind = ARGSET_RANGE, .low = low, .high = high };
}

static ArgSet all_but(uint64_t value) {
        if (value == 0)
                return range(1, UINT64_MAX);
        if (value == UINT64_MAX)
                return range(0, UINT64_MAX - 1);
        return (ArgSet){ .kind = ARGSET_HOLE, .high = UINT64_MAX, .value = value };
}

static ArgSet masked(uint64_t mask, uint64_t datum) {
        const uint64_t value = datum & mask, free_bits = ~mask;
        ArgSet set = {
                .kind = ARGSET_MASK,
                .low = value,
                .high = value | free_bits,
                .mask = mask,
                .value = value,
        };

        /* the free bits are the lowest ones: neighbours */
        if ((free_bits & (free_bits + 1)) == 0)
                return range(set.low, set.high);
        return set;
}

ArgSet argset_of(const Condition *condition) {
        const uint64_t value = condition->value;

        switch (condition->op) {
        case OP_NE: return all_but(value);
        case OP_LT: return value == 0 ? argset_empty : range(0, value - 1);
        case OP_LE: return range(0, value);
        case OP_EQ: return range(value, value);
        case OP_GE: return range(value, UINT64_MAX);
        case OP_GT: return value == UINT64_MAX ? argset_empty : range(value + 1, UINT64_MAX);
        case OP_MASKED_EQ: return masked(value, condition->value_two);
        case N_OPERATORS: break;
        }
        return argset_empty;
}

bool argset_is_empty(const ArgSet *set) {
        return set->low > set->high;
}

bool argset_is_all(const ArgSet *set) {
        return set->kind == ARGSET_RANGE && set->low == 0 && set->high == UINT64_MAX;
}

bool argset_contains(const ArgSet *set, uint64_t value) {
        switch (set->kind) {
        case ARGSET_RANGE: return value >= set->low && value <= set->high;
        case ARGSET_HOLE: return value != set->value;
        case ARGSET_MASK: break;
        }
        return (value & set->mask) == set->value;
}

/* The bits that are not the same in all of low to high: the highest that differs and all below. */
static uint64_t varying_bits(uint64_t low, uint64_t high) {
        const uint64_t differing = low ^ high;

        if (differing == 0)
                return 0;
        return UINT64_MAX >> __builtin_clzll(differing);
}

bool argset_is_subset(const ArgSet *a, const ArgSet *b) {
        if (argset_is_empty(a))
                return true;
        if (b->kind == ARGSET_RANGE)
                return a->low >= b->low && a->high <= b->high;
        if (b->kind == ARGSET_HOLE)
                return !argset_contains(a, b->value);
        switch (a->kind) {
        case ARGSET_RANGE:
                return (varying_bits(a->low, a->high) & b->mask) == 0 && argset_contains(b, a->low);
        case ARGSET_HOLE: return false;
        case ARGSET_MASK: break;
        }
        return (b->mask & ~a->mask) == 0 && argset_contains(b, a->value);
}

/* Whether a masked set has an element from low to high: its least one from `low` up is sought. */
static bool mask_meets_range(const ArgSet *set, uint64_t low, uint64_t high) {
        const uint64_t wrong = (low & set->mask) ^ set->value;
        uint64_t tail, raisable, lowest;

        if (wrong == 0)
                return low <= high;
        tail = UINT64_MAX >> __builtin_clzll(wrong); /* from the highest wrong bit down */
        if (set->value & wrong & ~(tail >> 1))
                return ((low & ~tail) | (set->value & tail)) <= high;
        /* that bit has to fall, so a free bit above it has to rise: the lowest that is 0 */
        raisable = ~low & ~set->mask & ~tail;
        if (raisable == 0)
                return false;
        lowest = raisable & -raisable;
        return ((low & ~(lowest - 1)) | lowest | (set->value & (lowest - 1))) <= high;
}

bool argset_is_disjoint(const ArgSet *a, const ArgSet *b) {
        if (argset_is_empty(a) || argset_is_empty(b) || a->low > b->high || b->low > a->high)
                return true;
        if (a->kind > b->kind)
                return argset_is_disjoint(b, a);
        if (a->kind == ARGSET_RANGE && b->kind == ARGSET_RANGE)
                return false;
        if (a->kind == ARGSET_RANGE && b->kind == ARGSET_HOLE)
                return a->low == a->high && a->low == b->value;
        if (a->kind == ARGSET_RANGE)
                return !mask_meets_range(b, a->low, a->high);
        if (a->kind == ARGSET_HOLE)
                return false; /* the other one has more than one element */
        return ((a->value ^ b->value) & a->mask & b->mask) != 0;
}

/* Whether what a range leaves out, below and above, is in another set. Empty, it leaves out all. */
static bool range_leaves_out_subset(const ArgSet *a, const ArgSet *b) {
        const ArgSet below = a->low == 0 ? argset_empty : range(0, a->low - 1);
        const ArgSet above = a->high == UINT64_MAX ? argset_empty : range(a->high + 1, UINT64_MAX);

        return argset_is_subset(&below, b) && argset_is_subset(&above, b);
}

bool argset_complements(const ArgSet *a, const ArgSet *b) {
        if (a->kind > b->kind)
                return argset_complements(b, a);
        switch (a->kind) {
        case ARGSET_RANGE: return range_leaves_out_subset(a, b);
        case ARGSET_HOLE: return argset_contains(b, a->value);
        case ARGSET_MASK: break;
        }
        /* a mask of n bits holds one number in 2^n: two are all if they are the halves by one bit
         */
        return a->mask == b->mask && (a->mask & (a->mask - 1)) == 0 && a->value != b->value;
}
