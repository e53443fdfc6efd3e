/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_ARGSET_H
#define SECCOMPD_PROFILE_ARGSET_H

#include "profile/policy.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What values of an argument a condition lets through, as a set of 64-bit numbers. Every answer is
 * exact.
 */

typedef enum ArgSetKind {
        ARGSET_RANGE, /* low to high; empty when low > high */
        ARGSET_HOLE,  /* everything but `value`, which is neither 0 nor the largest number */
        ARGSET_MASK,  /* (argument & mask) == value, where that is no range */
} ArgSetKind;

typedef struct ArgSet {
        ArgSetKind kind;
        uint64_t low; /* the least and the greatest element, of every kind */
        uint64_t high;
        uint64_t mask;  /* ARGSET_MASK */
        uint64_t value; /* ARGSET_HOLE, ARGSET_MASK (no bits outside the mask) */
} ArgSet;

/** The set of an argument that no condition is on: all numbers. */
#define ARGSET_ALL ((ArgSet){ .kind = ARGSET_RANGE, .high = UINT64_MAX })

/** The set of a condition; datum bits outside a mask are ignored, as libseccomp does. */
ArgSet argset_of(const Condition *condition);

bool argset_is_empty(const ArgSet *set);
bool argset_is_all(const ArgSet *set);
bool argset_contains(const ArgSet *set, uint64_t value);
/** Whether everything in `a` is in `b`. */
bool argset_is_subset(const ArgSet *a, const ArgSet *b);
/** Whether nothing is in both. */
bool argset_is_disjoint(const ArgSet *a, const ArgSet *b);
/** Whether everything is in one of them, or in both. */
bool argset_complements(const ArgSet *a, const ArgSet *b);

#endif
