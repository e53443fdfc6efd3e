/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Holds a compiled program against the reference evaluator. A right program changes its answer only
 * where an argument crosses a constant of the profile, so one value from each stretch between them,
 * and each side of each border, stands for all (points.c).
 *
 * All combinations of those values are what is called exhaustive; the program is walked with sets
 * of them (verify_paths.c). Where there are too many paths, calls are tried one by one: all of them
 * where they are no more than the call's share of the budget, else some that are drawn, half of
 * them blindly, half around the conditions of one rule. The generator is seeded by architecture and
 * number alone, so that every node comes to the same verdict.
 */

#include "profile/verify_internal.h"

#include "profile/compile.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <limits.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

#define VERIFY_PAST_HIGHEST 16U /* numbers beyond the last name: calls of newer kernels */
#define VERIFY_X32_BIT      0x40000000U
#define VERIFY_STEPS_MAX    4000000U /* of verify_paths(): some milliseconds */

static const PolicyRule *rule_to_point_at(
        const Verifier *verifier, int nr, const PolicyRule *deciding) {
        const PolicyRule *const *rules;
        size_t n_rules;

        if (deciding)
                return deciding;
        eval_table_rules(verifier->table, nr, &rules, &n_rules);
        return n_rules > 0 ? rules[0] : NULL;
}

int verify_call(
        Verifier *verifier, uint32_t audit_arch, int nr, const uint64_t args[static SYSCALL_ARGS]) {
        struct seccomp_data data = { .nr = nr, .arch = audit_arch };
        EvalResult expected;
        uint32_t actual;
        int r;

        if (verifier->n_calls_left == 0) {
                verifier->result.is_exhaustive = false;
                return 1;
        }
        for (size_t i = 0; i < SYSCALL_ARGS; i++)
                data.args[i] = verifier->swaps ? args[i] << 32 | args[i] >> 32 : args[i];
        r = bpf_run(verifier->program, &data, &actual);
        if (r < 0)
                return r;
        verifier->n_calls_left--;
        verifier->result.n_points++;
        if (policy_eval_accepts(verifier->table, audit_arch, nr, args, actual))
                return 0;
        expected = policy_eval(verifier->table, audit_arch, nr, args);
        verifier->result.differs = true;
        verifier->result.counterexample = (Counterexample){
                .audit_arch = audit_arch,
                .nr = nr,
                .expected = expected.ret,
                .actual = actual,
                .rule = rule_to_point_at(verifier, nr, expected.rule),
        };
        memcpy(verifier->result.counterexample.args, args, SYSCALL_ARGS * sizeof(*args));
        return 1;
}

/* Whether a call is one of another architecture of the policy, whose own table speaks of it. */
static bool is_of_another(const Verifier *verifier, uint32_t audit_arch, int nr) {
        const Policy *policy = eval_table_policy(verifier->table);
        const bool is_x32 = nr != -1 && (uint32_t) nr >= VERIFY_X32_BIT;

        for (size_t i = 0; i < policy->n_arches; i++) {
                const Arch *arch = policy->arches[i];

                if (arch == verifier->arch || arch->audit_arch != audit_arch)
                        continue;
                if (audit_arch != AUDIT_ARCH_X86_64 || is_x32 == (arch->nr_mask == VERIFY_X32_BIT))
                        return true;
        }
        return false;
}

static int verify_stranger(Verifier *verifier, uint32_t audit_arch, int nr) {
        static const uint64_t zeros[SYSCALL_ARGS];

        if (is_of_another(verifier, audit_arch, nr))
                return 0;
        return verify_call(verifier, audit_arch, nr, zeros);
}

/* Numbers that are no calls of this architecture, and calls of others that are not listed. */
static int verify_guard(Verifier *verifier) {
        const int first = (int) verifier->arch->nr_mask;
        const int strange[] = { first ^ VERIFY_X32_BIT, (first + 1) ^ VERIFY_X32_BIT, -1, INT_MAX,
                INT_MIN };
        const Arch *others;
        size_t n_others;
        int r;

        others = arch_all(&n_others);
        for (size_t i = 0; i < n_others; i++) {
                if (others[i].audit_arch == verifier->arch->audit_arch)
                        continue;
                r = verify_stranger(verifier, others[i].audit_arch, first);
                if (r != 0)
                        return r;
        }
        for (size_t i = 0; i < N_ELEMENTS(strange); i++) {
                r = verify_stranger(verifier, verifier->arch->audit_arch, strange[i]);
                if (r != 0)
                        return r;
        }
        return 0;
}

static int verify_numbers(Verifier *verifier) {
        static const uint64_t zeros[SYSCALL_ARGS];
        uint32_t mask = verifier->arch->nr_mask;
        uint32_t end = ((uint32_t) syscall_highest(verifier->arch) & ~mask) + VERIFY_PAST_HIGHEST;
        const int *mentioned;
        size_t n_mentioned;
        int r;

        for (uint32_t i = 0; i < end; i++) {
                r = verify_call(verifier, verifier->arch->audit_arch, (int) (mask | i), zeros);
                if (r != 0)
                        return r;
        }
        mentioned = eval_table_numbers(verifier->table, &n_mentioned);
        for (size_t i = 0; i < n_mentioned; i++) {
                if (((uint32_t) mentioned[i] & ~mask) < end)
                        continue;
                r = verify_call(verifier, verifier->arch->audit_arch, mentioned[i], zeros);
                if (r != 0)
                        return r;
        }
        return 0;
}

static bool subject_is_conditional(const Subject *subject) {
        for (size_t i = 0; i < subject->n_rules; i++)
                if (subject->rules[i]->n_conditions > 0)
                        return true;
        return false;
}

static int subject_compare(const void *left, const void *right) {
        const Subject *a = left;
        const Subject *b = right;

        if (a->points.n != b->points.n)
                return a->points.n < b->points.n ? -1 : 1;
        return (a->nr > b->nr) - (a->nr < b->nr);
}

static int subjects_collect(const Verifier *verifier, Subject **ret_subjects, size_t *ret_n) {
        Subject *subjects;
        const int *numbers;
        size_t n_numbers;
        size_t n = 0;

        numbers = eval_table_numbers(verifier->table, &n_numbers);
        subjects = arena_alloc_array(verifier->arena, n_numbers, sizeof(Subject));
        if (!subjects)
                return -ENOMEM;
        for (size_t i = 0; i < n_numbers; i++) {
                Subject *subject = &subjects[n];

                subject->nr = numbers[i];
                eval_table_rules(verifier->table, subject->nr, &subject->rules, &subject->n_rules);
                if (!subject_is_conditional(subject))
                        continue;
                if (call_points_make(verifier->arena, verifier->arch, subject->nr,
                            POINTS_OF_PROGRAMS, subject->rules, subject->n_rules,
                            &subject->points) < 0)
                        return -ENOMEM;
                n++;
        }
        qsort(subjects, n, sizeof(Subject), subject_compare);
        *ret_subjects = subjects;
        *ret_n = n;
        return 0;
}

static int subject_verify_all(Verifier *verifier, const Subject *subject) {
        for (uint64_t point = 0; point < subject->points.n; point++) {
                uint64_t args[SYSCALL_ARGS];
                int r;

                call_points_get(&subject->points, point, args);
                r = verify_call(verifier, verifier->arch->audit_arch, subject->nr, args);
                if (r != 0)
                        return r;
        }
        return 0;
}

static int subject_verify_sample(Verifier *verifier, const Subject *subject, size_t n_draws) {
        uint64_t state = call_points_seed(verifier->arch, subject->nr);

        verifier->result.is_exhaustive = false;
        for (size_t draw = 0; draw < n_draws; draw++) {
                uint64_t args[SYSCALL_ARGS];
                int r;

                call_points_draw(&subject->points, verifier->arch, subject->rules, subject->n_rules,
                        draw % 2 == 1, &state, args);
                r = verify_call(verifier, verifier->arch->audit_arch, subject->nr, args);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* From the smallest product to the largest, so that what small ones leave goes to the large. */
static int verify_subjects(Verifier *verifier) {
        Subject *subjects;
        size_t n_subjects;
        int r;

        r = subjects_collect(verifier, &subjects, &n_subjects);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n_subjects; i++) {
                size_t share = verifier->n_calls_left / (n_subjects - i);

                if (subjects[i].points.is_partial)
                        verifier->result.is_exhaustive = false;
                r = verify_paths(verifier, &subjects[i]);
                if (r == -E2BIG && subjects[i].points.n <= share)
                        r = subject_verify_all(verifier, &subjects[i]);
                else if (r == -E2BIG)
                        r = subject_verify_sample(verifier, &subjects[i], share);
                if (r != 0)
                        return r;
        }
        return 0;
}

int program_verify(Arena *arena, const EvalTable *table, const Arch *arch, const Program *program,
        size_t max_points, VerifyResult *ret_result) {
        static int (*const parts[])(Verifier *) = { verify_guard, verify_numbers, verify_subjects };
        Verifier verifier = {
                .arena = arena,
                .table = table,
                .arch = arch,
                .program = program,
                .n_calls_left = max_points,
                .n_steps_left = VERIFY_STEPS_MAX,
                .swaps = compile_swaps(arch),
                .result = { .is_exhaustive = true },
        };
        int r = 0;

        for (size_t i = 0; r == 0 && i < N_ELEMENTS(parts); i++)
                r = parts[i](&verifier);
        if (r < 0)
                return r;
        *ret_result = verifier.result;
        return 0;
}
