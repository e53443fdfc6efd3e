/* SPDX-License-Identifier: Apache-2.0 */

/* What is said of conditions by themselves, and their order. */

#include "support.h"

#include "base/cleanup.h"
#include "profile/policy.h"

static void test_constant_conditions(void **state) {
        static const struct {
                Condition condition;
                bool is_never, is_always;
        } cases[] = {
                { { 0, OP_LT, 0, 0, 0 }, true, false },
                { { 0, OP_LT, 1, 0, 0 }, false, false },
                { { 0, OP_LT, UINT64_MAX, 0, 0 }, false, false },
                { { 0, OP_GE, 0, 0, 0 }, false, true },
                { { 0, OP_GE, 1, 0, 0 }, false, false },
                { { 0, OP_GT, UINT64_MAX, 0, 0 }, true, false },
                { { 0, OP_GT, UINT64_MAX - 1, 0, 0 }, false, false },
                { { 0, OP_GT, UINT32_MAX, 0, 0 }, false, false },
                { { 0, OP_LE, UINT64_MAX, 0, 0 }, false, true },
                { { 0, OP_LE, UINT32_MAX, 0, 0 }, false, false },
                { { 0, OP_EQ, 0, 0, 0 }, false, false },
                { { 0, OP_NE, UINT64_MAX, 0, 0 }, false, false },
                { { 0, OP_MASKED_EQ, 0, 0, 0 }, false, true },
                /* datum bits outside the mask are ignored, by libseccomp too */
                { { 0, OP_MASKED_EQ, 0, 1, 0 }, false, true },
                { { 0, OP_MASKED_EQ, 2, 1, 0 }, false, false },
                { { 0, OP_MASKED_EQ, UINT64_MAX, 0, 0 }, false, false },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
                if (condition_is_never(&cases[i].condition) != cases[i].is_never ||
                        condition_is_always(&cases[i].condition) != cases[i].is_always)
                        fail_msg("case %zu", i);
}

static int sign(int number) {
        return (number > 0) - (number < 0);
}

static void test_order(void **state) {
        /* ascending; the node says nothing */
        static const Condition ordered[] = {
                { 0, OP_NE, 7, 0, 9 },
                { 0, OP_EQ, 3, 0, 8 },
                { 0, OP_EQ, UINT64_C(1) << 40, 0, 7 },
                { 0, OP_MASKED_EQ, 2, 0, 6 },
                { 0, OP_MASKED_EQ, 2, 2, 5 },
                { 1, OP_NE, 0, 0, 4 },
        };
        Condition same = ordered[1];

        (void) state;
        for (int i = 0; i < (int) N_ELEMENTS(ordered); i++)
                for (int j = 0; j < (int) N_ELEMENTS(ordered); j++)
                        assert_int_equal(
                                sign(condition_compare(&ordered[i], &ordered[j])), sign(i - j));
        same.node = 1;
        assert_int_equal(condition_compare(&same, &ordered[1]), 0);
}

static void test_list_order(void **state) {
        const Condition a = { 0, OP_EQ, 1, 0, 0 }, b = { 0, OP_EQ, 2, 0, 0 };
        const Condition aa[] = { a, a }, ab[] = { a, b };

        (void) state;
        assert_int_equal(conditions_compare(NULL, 0, NULL, 0), 0);
        assert_true(conditions_compare(NULL, 0, aa, 1) < 0);
        assert_true(conditions_compare(aa, 2, aa, 1) > 0);
        assert_true(conditions_compare(aa, 2, ab, 2) < 0);
        assert_true(conditions_compare(ab, 2, aa, 2) > 0);
        assert_true(conditions_compare(&b, 1, aa, 2) > 0);
        assert_int_equal(conditions_compare(ab, 2, ab, 2), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_constant_conditions),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_list_order),
        };

        return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
