/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_DIFF_INTERNAL_H
#define SECCOMPD_PROFILE_DIFF_INTERNAL_H

#include "profile/diff.h"

/*
 * The parts of policy_diff(): diff.c (the whole), diff_call.c (the calls of one architecture).
 */

/** One side of the comparison, on one architecture. */
typedef struct DiffSide {
        const Policy *policy;
        EvalTable *table;
        int highest; /* policy_runc_highest()'s, or -1 */
} DiffSide;

/** A comparison while it is made. */
typedef struct Differ {
        Arena *arena;
        Diff diff;
        size_t capacity; /* of diff.calls */
        DiffSide a, b;
        unsigned arch; /* which of diff.arches */
        size_t max_points;
} Differ;

/** Whether two lists of rules say the same, in the same order. */
bool diff_rules_equal(
        const PolicyRule *const *a, size_t n_a, const PolicyRule *const *b, size_t n_b);

/**
 * The entry of a call as it is described by `wanted`, which becomes one if there is none like it.
 * NULL when memory is out.
 */
DiffCall *diff_call_get(Differ *differ, const DiffCall *wanted);

/** Adds a change to an entry, and to the effect of all, unless it is there. Returns 0 or -ENOMEM.
 */
int diff_call_add(Differ *differ, DiffCall *call, const DiffChange *change);

/** Compares all calls of the architecture that both sides have tables for. Returns 0 or -ENOMEM. */
int diff_compare_calls(Differ *differ);

#endif
