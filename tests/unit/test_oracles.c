/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A fixed share of the oracles: random profiles and calls on which the reference evaluator, the
 * plainest reading, and the programs of source and canonical form must agree, and what SP812 says
 * confirmed by the kernel. `make oracles` runs many more (docs/development.md).
 */

#include "support.h"

#include "oracles/oracles.h"

static void test_pairs_agree(void **state) {
        const PairsOptions options = {
                .seed = 1, .n_pairs = 200000, .n_jobs = 2, .n_calls = 128, .nth_asks = 8
        };

        (void) state;
        assert_int_equal(pairs_run(&options), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pairs_agree),
        };

        return cmocka_run_group_tests_name("oracles", tests, NULL, NULL);
}
