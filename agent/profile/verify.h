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
        size_t n_points;    /* calls evaluated */
        bool is_exhaustive; /* every boundary point of every conditional call was among them */
        bool differs;
        Counterexample counterexample; /* the first, when differs */
} VerifyResult;

/**
 * Holds a program against the policy behind `table`, bound to `arch`: the architecture guard; every
 * number from 0 past the highest known once; each conditional call at its constants' boundary
 * points (value, one below, one above, high and low words apart, each bit of a mask, and the
 * constants of the other arguments), the product over the arguments in use. At most `max_points`
 * calls: where the products are larger, every call gets its share, drawn by a fixed generator (the
 * same points on every node), and the result says sampled. Scratch from `arena`. Returns 0; -EINVAL
 * when the program cannot be run at all; -ENOMEM.
 */
int program_verify(Arena *arena, const EvalTable *table, const Arch *arch, const Program *program,
        size_t max_points, VerifyResult *ret_result);

#endif
