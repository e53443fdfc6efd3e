/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_VERIFY_H
#define SECCOMPD_PROFILE_VERIFY_H

#include "profile/bpf.h"
#include "profile/eval.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A call that shows a difference between what the profile says and what a program does. */
typedef struct Counterexample {
        uint32_t audit_arch;
        int nr;
        uint64_t args[SYSCALL_ARGS];
        uint32_t expected;      /* by the reference evaluator */
        uint32_t actual;        /* by the program */
        const PolicyRule *rule; /* a rule on that call to point at; NULL for none */
} Counterexample;

typedef struct VerifyResult {
        size_t n_points;    /* calls evaluated, and paths that stand for many calls each */
        bool is_exhaustive; /* nothing was drawn: all combinations of boundary values are covered */
        bool differs;
        Counterexample counterexample; /* the first, when differs */
} VerifyResult;

/**
 * Holds a program against the policy behind `table`, bound to `arch`; it may be one of all the
 * policy's architectures, or of that one. The guard against others; every number from 0 past the
 * highest known once; each conditional call at all combinations of its boundary values (constants,
 * one below, one above, high and low words apart, each bit of a mask, and the constants of the
 * other arguments), which a walk along the program's paths covers. Where there are too many paths
 * its calls are evaluated one by one, at most `max_points` in all: every conditional call gets its
 * share, drawn by a fixed generator when the combinations are more (the same ones on every node),
 * and the result says sampled. Scratch from `arena`. Returns 0; -EINVAL when the program cannot be
 * run at all; -ENOMEM.
 */
int program_verify(Arena *arena, const EvalTable *table, const Arch *arch, const Program *program,
        size_t max_points, VerifyResult *ret_result);

#endif
