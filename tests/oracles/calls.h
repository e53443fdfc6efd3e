/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_ORACLES_CALLS_H
#define SECCOMPD_TESTS_ORACLES_CALLS_H

#include "oracles/draft.h"

#include <linux/seccomp.h>

/*
 * Calls to try a draft with, chosen apart from agent/profile/verify.c, whose choice is under test.
 */

#define CALLS_MAX 512

/** What calls are chosen for; all borrowed. */
typedef struct CallSpace {
        const Arch *const *arches;
        size_t n_arches;
        const DraftRule *rules;
        size_t n_rules;
} CallSpace;

/** How many calls calls_at_borders() may write. */
#define CALLS_AT_BORDERS_MAX (12 * DRAFT_ARGS_MAX)

/**
 * For each condition of one rule on the number `nr` the values around its constant (below, at,
 * above, the high word and the low word changed apart, bits inside and outside a mask), with the
 * rule's other conditions met. Returns how many.
 */
size_t calls_at_borders(const Arch *arch, int nr, const DraftRule *rule, uint64_t *seed,
        struct seccomp_data ret_calls[static CALLS_AT_BORDERS_MAX]);

/**
 * The calls at the borders of every rule, on one of the architectures and by one of the rule's
 * names; then, up to `n_max` (of CALLS_MAX), random combinations of the values at all borders,
 * numbers nobody named, and other architectures. Returns how many.
 */
size_t calls_choose(const CallSpace *space, uint64_t *seed, size_t n_max,
        struct seccomp_data ret_calls[static CALLS_MAX]);

/** Whether a call is one of `arch` rather than of another that shares its AUDIT_ARCH (X32). */
bool call_is_of(const struct seccomp_data *call, const Arch *arch);

#endif
