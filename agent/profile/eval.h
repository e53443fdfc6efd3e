/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_EVAL_H
#define SECCOMPD_PROFILE_EVAL_H

#include "base/arena.h"
#include "profile/policy.h"

/*
 * The reference evaluator: our own reading of what a profile says (OCI runtime specification,
 * config-linux.md "Seccomp"; runtimes' documented treatment of conflicts), sharing no code with
 * the compiler. It is what every compiled program is held against.
 */

#define SYSCALL_ARGS 6

/** A policy bound to one of its architectures: rules by number, ready for many evaluations. */
typedef struct EvalTable EvalTable;

/** Binds; from `arena`; `policy` is borrowed for as long. Returns 0 or -ENOMEM. */
int eval_table_new(Arena *arena, const Policy *policy, const Arch *arch, EvalTable **ret_table);

typedef struct EvalResult {
        uint32_t ret;           /* SECCOMP_RET_* with its datum */
        const PolicyRule *rule; /* the deciding rule, one of policy->rules; NULL for the default or
                                   the architecture guard */
        bool is_ambiguous;      /* conditional rules with different actions match: SP704 */
} EvalResult;

/**
 * What the profile says of one call: `audit_arch` and `nr` as in seccomp_data.
 *
 * The table speaks for one architecture. A foreign audit_arch is killed (SECCOMP_RET_KILL_THREAD),
 * whatever the default. X86_64 and X32 share theirs and part by the X32 bit: as unsigned numbers,
 * X86_64 owns those below 0x40000000 and 0xffffffff (-1, a call that a tracer skips), X32 those
 * from 0x40000000 on; each kills the other's.
 *
 * An unconditional rule decides, the first in order; else the first conditional rule all of whose
 * conditions hold (ambiguous when others with other actions match too); else the default. Rules
 * equal to the default say nothing.
 *
 * Where arguments are 32 bits wide (Arch.is_64bit), the low word is zero-extended and compared in
 * 64 bits: a value above 2^32-1 is never equal. MASKED_EQ ignores datum bits outside the mask.
 *
 * Where socketcall(2) and ipc(2) exist, a rule on a call behind them applies to its direct number,
 * if any, and to the multiplexer. There the first argument is the subcall, so a condition on the
 * first argument is lost; the others are held against the multiplexer's own registers (SP507).
 */
EvalResult policy_eval(const EvalTable *table, uint32_t audit_arch, int nr,
        const uint64_t args[static SYSCALL_ARGS]);

/** Whether `ret` is a right answer: policy_eval()'s, or any matching rule's when ambiguous. */
bool policy_eval_accepts(const EvalTable *table, uint32_t audit_arch, int nr,
        const uint64_t args[static SYSCALL_ARGS], uint32_t ret);

/**
 * All right answers in place of the first: the distinct actions of the rules that match where the
 * result is ambiguous, else its one action; at most `n_max` (1 or more) of them, policy_eval()'s
 * first. Of a number of the table's own architecture. Returns how many.
 */
size_t policy_eval_actions(const EvalTable *table, int nr, const uint64_t args[static SYSCALL_ARGS],
        size_t n_max, Action *ret_actions);

/** The policy that a table was made of, borrowed. */
const Policy *eval_table_policy(const EvalTable *table);

/** The numbers that some effective rule mentions, ascending: an array of *ret_n, borrowed. */
const int *eval_table_numbers(const EvalTable *table, size_t *ret_n);

/**
 * The effective rules on a number, in order: *ret_rules is an array of *ret_n pointers, borrowed.
 * On a multiplexer they are copies whose conditions are those that apply there, the subcall first.
 */
void eval_table_rules(
        const EvalTable *table, int nr, const PolicyRule *const **ret_rules, size_t *ret_n);

#endif
