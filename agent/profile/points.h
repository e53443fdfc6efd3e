/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_POINTS_H
#define SECCOMPD_PROFILE_POINTS_H

#include "profile/eval.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The calls that stand for all: answers to a call change only where an argument crosses a constant,
 * so a value on each side of every such border is enough.
 */

/** What may give a wrong answer, and so which borders there are. */
typedef enum PointKind {
        POINTS_OF_RULES,    /* nothing: a value for each combination of conditions */
        POINTS_OF_PROGRAMS, /* a compiler: each half of a constant is a border, and so are the
                               constants of the other arguments and some general ones */
} PointKind;

/** Values of one argument. */
typedef struct PointSet {
        uint64_t *values; /* ascending, each once */
        size_t n;
} PointSet;

/** The boundary points of one call: the product of its arguments' values. */
typedef struct CallPoints {
        PointSet sets[SYSCALL_ARGS]; /* {0} for arguments that no rule looks at */
        uint64_t n;                  /* of the product, saturated */
        bool is_partial;             /* some are missing: there are too many masks */
} CallPoints;

/**
 * The points of the call `nr` of `arch` under `rules` (of one policy or of several; they belong to
 * this call). From `arena`. Returns 0 or -ENOMEM.
 */
int call_points_make(Arena *arena, const Arch *arch, int nr, PointKind kind,
        const PolicyRule *const *rules, size_t n_rules, CallPoints *ret_points);

/**
 * Of these points those that fulfil all conditions of a rule, as a product too. From `arena`.
 * Returns 0 or -ENOMEM.
 */
int call_points_within(
        Arena *arena, const CallPoints *points, const PolicyRule *rule, CallPoints *ret_points);

/** The point of number `at`, below points->n. */
void call_points_get(const CallPoints *points, uint64_t at, uint64_t ret_args[static SYSCALL_ARGS]);

/**
 * Draws a point by a fixed generator with its state in `*state`; `aims` at the borders of one of
 * the rules, since a blind draw hardly ever meets all conditions of one rule among hundreds.
 */
void call_points_draw(const CallPoints *points, const Arch *arch, const PolicyRule *const *rules,
        size_t n_rules, bool aims, uint64_t *state, uint64_t ret_args[static SYSCALL_ARGS]);

/** Where the generator starts for a call: the same on every node. */
uint64_t call_points_seed(const Arch *arch, int nr);

#endif
