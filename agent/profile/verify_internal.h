/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_VERIFY_INTERNAL_H
#define SECCOMPD_PROFILE_VERIFY_INTERNAL_H

#include "profile/points.h"
#include "profile/verify.h"

/* What the two ways of verifying a call share: its points one by one, and along the paths. */

/* A call with conditional rules. */
typedef struct Subject {
        int nr;
        const PolicyRule *const *rules;
        size_t n_rules;
        CallPoints points;
} Subject;

typedef struct Verifier {
        Arena *arena;
        const EvalTable *table;
        const Arch *arch;
        const Program *program;
        size_t n_calls_left; /* that may still be evaluated one by one */
        size_t n_steps_left; /* that verify_paths() may still take, over all calls */
        bool swaps;
        VerifyResult result;
} Verifier;

/** Evaluates one call. Returns 0 to go on, 1 to stop (a difference, or the budget is spent). */
int verify_call(
        Verifier *verifier, uint32_t audit_arch, int nr, const uint64_t args[static SYSCALL_ARGS]);

/**
 * Holds the program against the rules at all of a subject's points at once. Returns 0 when they
 * agree; 1 with the first difference in the result; -E2BIG when it takes too many steps, or the
 * program does what none of libseccomp's does; -ENOMEM.
 */
int verify_paths(Verifier *verifier, const Subject *subject);

#endif
