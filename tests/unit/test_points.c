/* SPDX-License-Identifier: Apache-2.0 */

/*
 * call_points_make(): whatever combination of conditions a call can fulfil, one of the points
 * fulfils the same. The calls are random, the points are not.
 */

#include "program_fixture.h"

#include "profile/argset.h"
#include "profile/points.h"

#include <string.h>

static uint64_t random_below(uint64_t *state, uint64_t n) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return (*state >> 11) % n;
}

/* Few bits, so that random calls meet equalities and masks. */
static uint64_t random_value(uint64_t *state) {
        static const uint64_t bases[] = { 0, 0, 0, 1ULL << 32, 0xffffffff00000000, 0x7ffffff0 };

        return bases[random_below(state, N_ELEMENTS(bases))] + random_below(state, 16);
}

#define N_RULES 4

typedef struct RandomCall {
        PolicyRule rules[N_RULES];
        const PolicyRule *pointers[N_RULES];
        Condition conditions[N_RULES][2];
        size_t n_rules;
} RandomCall;

static void random_call(RandomCall *call, size_t n_masks_max, uint64_t *state) {
        size_t n_masks = 0;

        call->n_rules = 1 + random_below(state, N_RULES);
        for (size_t i = 0; i < call->n_rules; i++) {
                size_t n = 1 + random_below(state, 2);
                uint8_t first = (uint8_t) random_below(state, 2);

                for (size_t j = 0; j < n; j++) {
                        Condition *condition = &call->conditions[i][j];

                        *condition = (Condition){ .index = (uint8_t) ((first + j) % 2),
                                .op = (Operator) random_below(state, N_OPERATORS),
                                .value = random_value(state) };
                        if (condition->op != OP_MASKED_EQ)
                                continue;
                        if (n_masks++ >= n_masks_max)
                                condition->op = OP_EQ;
                        else
                                condition->value_two = condition->value & random_value(state);
                }
                call->rules[i] = (PolicyRule){ .name = "ioctl",
                        .conditions = call->conditions[i],
                        .n_conditions = (uint8_t) n };
                call->pointers[i] = &call->rules[i];
        }
}

/* Which conditions hold, as bits. */
static uint32_t truths(const RandomCall *call, const Arch *arch, const uint64_t *args) {
        uint32_t bits = 0;

        for (size_t i = 0; i < call->n_rules; i++)
                for (size_t j = 0; j < call->rules[i].n_conditions; j++) {
                        const ArgSet set = argset_of(&call->conditions[i][j]);
                        const uint64_t value = args[call->conditions[i][j].index];

                        bits = bits << 1 |
                                argset_contains(&set, arch->is_64bit ? value : (uint32_t) value);
                }
        return bits;
}

static bool some_point_has(
        const RandomCall *call, const Arch *arch, const CallPoints *points, uint32_t wanted) {
        for (uint64_t at = 0; at < points->n; at++) {
                uint64_t args[SYSCALL_ARGS];

                call_points_get(points, at, args);
                if (truths(call, arch, args) == wanted)
                        return true;
        }
        return false;
}

static void assert_points_stand_for_all(PointKind kind, size_t n_masks_max, uint64_t seed) {
        const Arch *arch = arch_by_name(seed % 2 ? "SCMP_ARCH_X86_64" : "SCMP_ARCH_X86");
        uint64_t state = 0x9e3779b97f4a7c15 * (seed + 1);
        Arena *arena = arena_new();
        RandomCall call;
        CallPoints points;
        uint32_t seen = 0;

        assert_non_null(arena);
        random_call(&call, n_masks_max, &state);
        assert_int_equal(
                call_points_make(arena, arch, 16, kind, call.pointers, call.n_rules, &points), 0);
        assert_false(points.is_partial);
        for (size_t i = 0; i < 300; i++) {
                const uint64_t args[SYSCALL_ARGS] = { random_value(&state), random_value(&state) };
                const uint32_t wanted = truths(&call, arch, args);

                if (wanted < 32 && seen & 1U << wanted)
                        continue;
                if (!some_point_has(&call, arch, &points, wanted))
                        fail_msg("call %ju: %#jx, %#jx is like no point", (uintmax_t) seed,
                                (uintmax_t) args[0], (uintmax_t) args[1]);
                if (wanted < 32)
                        seen |= 1U << wanted;
        }
        arena_free(arena);
}

static void test_points_stand_for_all_calls(void **state) {
        (void) state;
        for (uint64_t seed = 0; seed < 1500; seed++)
                assert_points_stand_for_all(POINTS_OF_RULES, 8, seed);
        for (uint64_t seed = 0; seed < 150; seed++)
                assert_points_stand_for_all(POINTS_OF_PROGRAMS, 3, seed);
}

static void test_points_of_rules_are_few(void **state) {
        const ProgramFixture *fixture = *state;
        const PolicyRule rule = GIVEN("ioctl", ALLOW, { .index = 1, .op = OP_EQ, .value = 5 },
                { .index = 3, .op = OP_GT, .value = 1ULL << 40 });
        const PolicyRule *rules[] = { &rule };
        CallPoints points;
        uint64_t args[SYSCALL_ARGS];

        assert_int_equal(
                call_points_make(fixture->arena, native(), 16, POINTS_OF_RULES, rules, 1, &points),
                0);
        assert_int_equal(points.sets[0].n, 1);
        assert_int_equal(points.sets[1].n, 2); /* 0, 5 */
        assert_int_equal(points.sets[3].n, 2);
        assert_int_equal(points.n, 4);
        for (uint64_t at = 0; at < points.n; at++) {
                call_points_get(&points, at, args);
                assert_int_equal(args[0], 0);
                for (uint64_t other = 0; other < at; other++) {
                        uint64_t others[SYSCALL_ARGS];

                        call_points_get(&points, other, others);
                        assert_memory_not_equal(args, others, sizeof(args));
                }
        }
}

/* Within a rule: exactly the points at which all its conditions hold. */
static void test_points_within_a_rule(void **state) {
        (void) state;
        for (uint64_t seed = 0; seed < 300; seed++) {
                const Arch *arch = arch_by_name(seed % 2 ? "SCMP_ARCH_X86_64" : "SCMP_ARCH_X86");
                uint64_t random = 0x9e3779b97f4a7c15 * (seed + 1), n = 0;
                Arena *arena = arena_new();
                CallPoints points, within;
                RandomCall call;

                assert_non_null(arena);
                random_call(&call, 3, &random);
                assert_int_equal(call_points_make(arena, arch, 16, POINTS_OF_RULES, call.pointers,
                                         call.n_rules, &points),
                        0);
                call.n_rules = 1; /* only the first one counts from here on */
                assert_int_equal(call_points_within(arena, &points, &call.rules[0], &within), 0);
                for (uint64_t at = 0; at < points.n; at++) {
                        uint64_t args[SYSCALL_ARGS];

                        call_points_get(&points, at, args);
                        n += truths(&call, arch, args) == (1U << call.rules[0].n_conditions) - 1;
                }
                assert_int_equal(within.n, n);
                for (uint64_t at = 0; at < within.n; at++) {
                        uint64_t args[SYSCALL_ARGS];

                        call_points_get(&within, at, args);
                        assert_int_equal(
                                truths(&call, arch, args), (1U << call.rules[0].n_conditions) - 1);
                }
                arena_free(arena);
        }
}

/* Masks multiply an argument's points until there are enough: no more than there is room for. */
static void test_many_masks_keep_within_their_room(void **state) {
        Condition conditions[24][SYSCALL_ARGS];
        PolicyRule rules[N_ELEMENTS(conditions)] = {};
        const PolicyRule *pointers[N_ELEMENTS(conditions)];

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(conditions); i++) {
                for (uint8_t index = 0; index < SYSCALL_ARGS; index++)
                        conditions[i][index] = (Condition){ .index = index,
                                .op = OP_MASKED_EQ,
                                .value = 1ULL << (i + index),
                                .value_two = 1ULL << (i + index) };
                rules[i] = (PolicyRule){ .name = "mmap", .conditions = conditions[i] };
                pointers[i] = &rules[i];
        }
        for (size_t i = 0; i < N_ELEMENTS(conditions) * SYSCALL_ARGS; i++) {
                Arena *arena = arena_new();
                CallPoints points = {};

                assert_non_null(arena);
                for (size_t j = 0; j < N_ELEMENTS(rules); j++)
                        rules[j].n_conditions = (uint8_t) (1 + i % SYSCALL_ARGS);
                assert_int_equal(call_points_make(arena, native(), 9, POINTS_OF_PROGRAMS, pointers,
                                         1 + i / SYSCALL_ARGS, &points),
                        0);
                assert_true(points.sets[0].n > 0 && points.sets[0].n < 8192);
                arena_free(arena);
        }
}

/* Where calls have 32 bits an argument, no point and no drawn one is a call that cannot be. */
static void test_points_of_narrow_calls_are_narrow(void **state) {
        const Arch *arch = arch_by_name("SCMP_ARCH_X86");

        (void) state;
        for (uint64_t seed = 0; seed < 100; seed++) {
                uint64_t random = 0x9e3779b97f4a7c15 * (seed + 1);
                Arena *arena = arena_new();
                RandomCall call;
                CallPoints points;

                assert_non_null(arena);
                random_call(&call, 3, &random);
                assert_int_equal(call_points_make(arena, arch, 16, POINTS_OF_PROGRAMS,
                                         call.pointers, call.n_rules, &points),
                        0);
                for (uint64_t at = 0; at < 100; at++) {
                        uint64_t args[SYSCALL_ARGS], drawn[SYSCALL_ARGS];

                        call_points_get(&points, at % points.n, args);
                        call_points_draw(&points, arch, call.pointers, call.n_rules, at % 2 == 1,
                                &random, drawn);
                        for (size_t i = 0; i < SYSCALL_ARGS; i++)
                                assert_true(args[i] <= UINT32_MAX && drawn[i] <= UINT32_MAX);
                }
                arena_free(arena);
        }
}

/* Each bit that a rule asks for doubles an argument's atoms; where some are missing, it is said. */
static void test_missing_atoms_are_told(void **state) {
        static const struct {
                size_t n;
                bool is_partial;
        } cases[] = { { 1, false }, { 12, false }, { 13, true }, { 24, true } };
        const ProgramFixture *fixture = *state;
        Condition conditions[24];
        PolicyRule rules[N_ELEMENTS(conditions)];
        const PolicyRule *pointers[N_ELEMENTS(conditions)];

        for (size_t i = 0; i < N_ELEMENTS(conditions); i++) {
                conditions[i] = (Condition){
                        .op = OP_MASKED_EQ, .value = 1ULL << i, .value_two = 1ULL << i
                };
                rules[i] = (PolicyRule){
                        .name = "mmap", .conditions = &conditions[i], .n_conditions = 1
                };
                pointers[i] = &rules[i];
        }
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CallPoints points = {};

                assert_int_equal(call_points_make(fixture->arena, native(), 9, POINTS_OF_RULES,
                                         pointers, cases[i].n, &points),
                        0);
                assert_int_equal(points.is_partial, cases[i].is_partial);
                if (!cases[i].is_partial)
                        assert_int_equal(points.n, 1ULL << cases[i].n);
        }
}

/* 2^72 points are not none: as many as can be counted, also within one rule, which has 2^66. */
static void test_more_points_than_can_be_counted(void **state) {
        const ProgramFixture *fixture = *state;
        Condition conditions[12][SYSCALL_ARGS];
        PolicyRule rules[N_ELEMENTS(conditions)];
        const PolicyRule *pointers[N_ELEMENTS(conditions)];
        CallPoints points = {}, within = {};

        for (size_t i = 0; i < N_ELEMENTS(conditions); i++) {
                for (uint8_t index = 0; index < SYSCALL_ARGS; index++)
                        conditions[i][index] = (Condition){ .index = index,
                                .op = OP_MASKED_EQ,
                                .value = 1ULL << i,
                                .value_two = 1ULL << i };
                rules[i] = (PolicyRule){
                        .name = "mmap", .conditions = conditions[i], .n_conditions = SYSCALL_ARGS
                };
                pointers[i] = &rules[i];
        }
        assert_int_equal(call_points_make(fixture->arena, native(), 9, POINTS_OF_RULES, pointers,
                                 N_ELEMENTS(rules), &points),
                0);
        assert_int_equal(points.n, UINT64_MAX);
        assert_int_equal(call_points_within(fixture->arena, &points, &rules[0], &within), 0);
        assert_int_equal(within.n, UINT64_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_points_stand_for_all_calls),
                cmocka_unit_test(test_points_of_rules_are_few),
                cmocka_unit_test(test_points_within_a_rule),
                cmocka_unit_test(test_many_masks_keep_within_their_room),
                cmocka_unit_test(test_points_of_narrow_calls_are_narrow),
                cmocka_unit_test(test_missing_atoms_are_told),
                cmocka_unit_test(test_more_points_than_can_be_counted),
        };

        return cmocka_run_group_tests_name("points", tests, program_setup, program_teardown);
}
