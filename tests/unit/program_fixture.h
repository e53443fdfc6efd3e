/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_UNIT_PROGRAM_FIXTURE_H
#define SECCOMPD_TESTS_UNIT_PROGRAM_FIXTURE_H

/*
 * What the tests of policies and their programs share: rules written as tables, an arena and a
 * scratch file for libseccomp, compiling and verifying in a line.
 */

#include "support.h"

#include "profile/compile.h"
#include "profile/verify.h"

#include <sys/mman.h>

#define DENY  ((Action){ .kind = ACTION_ERRNO, .data = 1 })
#define ALLOW ((Action){ .kind = ACTION_ALLOW })
#define TRACE ((Action){ .kind = ACTION_TRACE, .data = 7 })

/** A rule without conditions, and one with those that follow. */
#define PLAIN(NAME, ...)                                                                           \
        { .name = (NAME), .action = __VA_ARGS__ }
#define GIVEN(NAME, ACTION, ...)                                                                   \
        {                                                                                          \
                .name = (NAME), .action = ACTION,                                                  \
                .conditions = (const Condition[]){ __VA_ARGS__ },                                  \
                .n_conditions = N_ELEMENTS(((const Condition[]){ __VA_ARGS__ }))                   \
        }

typedef struct ProgramFixture {
        Arena *arena;
        int scratch_fd;
} ProgramFixture;

static inline int program_setup(void **state) {
        ProgramFixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        fixture->arena = arena_new();
        assert_non_null(fixture->arena);
        fixture->scratch_fd = memfd_create("scratch", MFD_CLOEXEC);
        assert_true(fixture->scratch_fd >= 0);
        compile_warm_up();
        *state = fixture;
        return 0;
}

static inline int program_teardown(void **state) {
        ProgramFixture *fixture = *state;

        arena_free(fixture->arena);
        fd_close(fixture->scratch_fd);
        free(fixture);
        return 0;
}

static inline const Arch *native(void) {
        return arch_by_name("SCMP_ARCH_X86_64");
}

static inline Policy policy_of(Action standard, const Arch *arch, PolicyRule *rules, size_t n) {
        return (Policy){ .default_action = standard,
                .arches = { arch },
                .n_arches = 1,
                .rules = rules,
                .n_rules = n };
}

/** Compiles for the policy's first architecture; fails the test when libseccomp refuses. */
static inline Program compile(const ProgramFixture *fixture, const Policy *policy) {
        const PolicyRule *refused = policy->rules;
        Program program = {};

        assert_int_equal(policy_compile(fixture->arena, policy, policy->arches[0], 1,
                                 fixture->scratch_fd, &program, &refused),
                0);
        assert_null(refused);
        return program;
}

static inline VerifyResult verify(const ProgramFixture *fixture, const Policy *policy,
        const Program *program, size_t max_points) {
        VerifyResult result = {};
        EvalTable *table;

        assert_int_equal(eval_table_new(fixture->arena, policy, policy->arches[0], &table), 0);
        assert_int_equal(program_verify(fixture->arena, table, policy->arches[0], program,
                                 max_points, &result),
                0);
        return result;
}

#endif
