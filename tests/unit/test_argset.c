/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sets of argument values, held against counting: every pair of conditions over constants at both
 * ends of the range and at a high bit, at points that show each difference there can be between
 * two of them.
 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/argset.h"

#include <inttypes.h>

#define N_NEAR       18UL /* points on each side of an anchor; constants are within 9 of one */
#define N_ANCHORS    5UL
#define N_POINTS     (2 * N_NEAR * N_ANCHORS)
#define N_CONDITIONS 189 /* that make_conditions() makes */
#define HIGH_BIT     (UINT64_C(1) << 63)

static const uint64_t anchors[N_ANCHORS] = { 0, 1024, UINT64_C(1) << 62, HIGH_BIT,
        HIGH_BIT | 1024 };

static void make_points(uint64_t points[static N_POINTS]) {
        size_t n = 0;

        for (size_t i = 0; i < N_ANCHORS; i++)
                for (uint64_t j = 0; j < 2 * N_NEAR; j++)
                        points[n++] = anchors[i] + j - N_NEAR;
}

/* The specification's reading of an operator. */
static bool holds(const Condition *condition, uint64_t argument) {
        switch (condition->op) {
        case OP_NE: return argument != condition->value;
        case OP_LT: return argument < condition->value;
        case OP_LE: return argument <= condition->value;
        case OP_EQ: return argument == condition->value;
        case OP_GE: return argument >= condition->value;
        case OP_GT: return argument > condition->value;
        case OP_MASKED_EQ:
                return (argument & condition->value) == (condition->value_two & condition->value);
        case N_OPERATORS: break;
        }
        fail();
        return false;
}

static size_t make_conditions(Condition *conditions) {
        static const uint64_t values[] = { 0, 1, 2, 5, 7, 8, HIGH_BIT - 1, HIGH_BIT, HIGH_BIT + 3,
                UINT64_MAX - 5, UINT64_MAX - 1, UINT64_MAX };
        static const uint64_t masks[] = { 0, 1, 2, 5, 7, HIGH_BIT, HIGH_BIT | 1, HIGH_BIT | 6,
                UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 2, UINT64_MAX - 7, ~HIGH_BIT };
        static const uint64_t data[] = { 0, 1, 2, 5, 6, HIGH_BIT, HIGH_BIT | 1, HIGH_BIT | 4,
                UINT64_MAX };
        size_t n = 0;

        for (Operator op = 0; op < OP_MASKED_EQ; op++)
                for (size_t i = 0; i < N_ELEMENTS(values); i++)
                        conditions[n++] = (Condition){ .op = op, .value = values[i] };
        for (size_t i = 0; i < N_ELEMENTS(masks); i++)
                for (size_t j = 0; j < N_ELEMENTS(data); j++)
                        conditions[n++] = (Condition){
                                .op = OP_MASKED_EQ,
                                .value = masks[i],
                                .value_two = data[j],
                        };
        assert_int_equal(n, N_CONDITIONS);
        return n;
}

static void fail_pair(const char *what, const Condition *a, const Condition *b, bool expected) {
        fail_msg("%s %#" PRIx64 "/%#" PRIx64 " and %s %#" PRIx64 "/%#" PRIx64 ": %s is not %d",
                operator_name(a->op), a->value, a->value_two, operator_name(b->op), b->value,
                b->value_two, what, expected);
}

static void test_members(void **state) {
        Condition conditions[N_CONDITIONS];
        uint64_t points[N_POINTS];
        size_t n = make_conditions(conditions);

        (void) state;
        make_points(points);
        for (size_t i = 0; i < n; i++) {
                const ArgSet set = argset_of(&conditions[i]);
                size_t n_in = 0;

                for (size_t j = 0; j < N_POINTS; j++) {
                        bool expected = holds(&conditions[i], points[j]);

                        n_in += expected;
                        if (argset_contains(&set, points[j]) != expected)
                                fail_pair("membership", &conditions[i],
                                        &(Condition){ .op = OP_EQ, .value = points[j] }, expected);
                        if (expected)
                                assert_true(points[j] >= set.low && points[j] <= set.high);
                }
                assert_int_equal(argset_is_empty(&set), n_in == 0);
                assert_int_equal(argset_is_all(&set), n_in == N_POINTS);
        }
}

static void test_pairs(void **state) {
        Condition conditions[N_CONDITIONS];
        uint64_t points[N_POINTS];
        size_t n = make_conditions(conditions);

        (void) state;
        make_points(points);
        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n; j++) {
                        const Condition *a = &conditions[i], *b = &conditions[j];
                        const ArgSet a_set = argset_of(a), b_set = argset_of(b);
                        bool is_subset = true, is_disjoint = true, is_all = true;

                        for (size_t k = 0; k < N_POINTS; k++) {
                                bool in_a = holds(a, points[k]), in_b = holds(b, points[k]);

                                is_subset &= !in_a || in_b;
                                is_disjoint &= !in_a || !in_b;
                                is_all &= in_a || in_b;
                        }
                        if (argset_is_subset(&a_set, &b_set) != is_subset)
                                fail_pair("subset", a, b, is_subset);
                        if (argset_is_disjoint(&a_set, &b_set) != is_disjoint)
                                fail_pair("disjoint", a, b, is_disjoint);
                        if (argset_complements(&a_set, &b_set) != is_all)
                                fail_pair("complements", a, b, is_all);
                }
}

/* Ranges that a mask meets only far away from their ends. */
static void test_mask_and_range(void **state) {
        static const struct {
                uint64_t mask, datum, low, high;
                bool is_disjoint;
        } cases[] = {
                { 0x00f0, 0x0050, 0x0060, 0x014f, true },
                { 0x00f0, 0x0050, 0x0060, 0x0150, false },
                { 0x00f0, 0x0050, 0x0040, 0x004f, true },
                { 0x00f0, 0x0050, 0x004f, 0x0050, false },
                { 0x00f0, 0x0050, 0x005f, 0x005f, false },
                { 0x0ff0, 0x0050, 0xf060, 0x1004f, true },
                { 0x0ff0, 0x0050, 0xf060, 0x10050, false },
                { 0xfffffffffffffff0 & ~0x100ULL, 0x10, 0x20, 0x10f, true },
                { 0xfffffffffffffff0 & ~0x100ULL, 0x10, 0x20, 0x110, false },
                { 0xfffffffffffffff0 & ~0x100ULL, 0x10, 0x120, UINT64_MAX, true },
                { HIGH_BIT | 1, HIGH_BIT | 1, 0, HIGH_BIT, true },
                { HIGH_BIT | 1, HIGH_BIT | 1, 0, HIGH_BIT + 1, false },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const Condition masked = {
                        .op = OP_MASKED_EQ,
                        .value = cases[i].mask,
                        .value_two = cases[i].datum,
                };
                const ArgSet set = argset_of(&masked);
                const ArgSet range = { ARGSET_RANGE, cases[i].low, cases[i].high, 0, 0 };

                if (argset_is_disjoint(&set, &range) != cases[i].is_disjoint)
                        fail_msg("case %zu", i);
                assert_int_equal(argset_is_disjoint(&range, &set), cases[i].is_disjoint);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_members),
                cmocka_unit_test(test_pairs),
                cmocka_unit_test(test_mask_and_range),
        };

        return cmocka_run_group_tests_name("argset", tests, NULL, NULL);
}
