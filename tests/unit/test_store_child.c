/* SPDX-License-Identifier: Apache-2.0 */

/* The writer as a child: its answer, and what is no answer. */

#include "store_fixture.h"

#include <errno.h>
#include <signal.h>

static void test_the_writer_answers_as_the_function(void **state) {
        Fixture *fixture = *state;
        PlanItem item = { .name = "a.json",
                .source = "src",
                .op = PLAN_WRITE,
                .state = PROFILE_INSTALLED,
                .digest = digest_of(OLD, strlen(OLD)),
                .is_new = true };
        const Plan plan = { .items = &item, .n_items = 1 };
        const StoreContent content = { .name = "a.json", .bytes = OLD, .size_bytes = strlen(OLD) };
        const StoreWork work = {
                .store = &fixture->store, .plan = &plan, .contents = &content, .n_contents = 1
        };
        _cleanup_child_ Child child = { .fd = -1 };
        StoreResult result = {};
        int status = 0;

        assert_int_equal(store_start(&work, &child), 0);
        assert_int_equal(child_wait(&child, &status), 0);
        assert_int_equal(store_result(&child, status, &result), 0);
        assert_int_equal(result.error, 0);
        assert_int_equal(result.n_outcomes, 1);
        assert_string_equal(result.outcomes[0].name, "a.json");
        assert_int_equal(result.outcomes[0].op, PLAN_WRITE);
        assert_non_null(manifest_find(&result.manifest, "a.json"));
        assert_file(fixture, "a.json", OLD);
        store_result_done(&result);
        assert_int_equal(store_result(&child, SIGKILL, &result), -EPROTO);
        for (size_t cut = 0; cut < child.reply.size;
                cut++) { /* no cut of it is taken for an answer */
                Child torn = child;

                torn.reply.size = cut;
                torn.reply.data = strndup(child.reply.data, cut);
                assert_int_equal(store_result(&torn, 0, &result), -EPROTO);
                free(torn.reply.data);
        }
}

static void test_strange_replies_are_refused(void **state) {
        static const char MANIFEST[] = "manifest\nseccompd-manifest 1\ngeneration 1\nend 0\n";
        static const char *const HEADS[] = { "", "x", "error 1\n", "error \n", "error x\n",
                "error -1", "error 0 \n", "error -99999999999\n", "error 0\noutcome 99 0 1\na\n",
                "error 0\noutcome -1 0 1\na\n", "error 0\noutcome 2 1 1\na\n",
                "error 0\noutcome 2 0 -1\na\n", "error 0\noutcome 2 0 2\na\n",
                "error 0\noutcome 2 0 999999\na\n",
                "error 0\noutcome 2 0 18446744073709551615\na\n", "error 0\noutcome 2 0\na\n",
                "error 0\nrubbish\n" };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(HEADS); i++) {
                Child child = { .fd = -1 };
                StoreResult result = {};

                print_message("  reply %zu\n", i);
                buf_puts(&child.reply, HEADS[i]);
                buf_puts(&child.reply, MANIFEST);
                assert_int_equal(store_result(&child, 0, &result), -EPROTO);
                buf_done(&child.reply);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
                TEST(test_the_writer_answers_as_the_function),
                TEST(test_strange_replies_are_refused),
#undef TEST
        };

        return cmocka_run_group_tests_name("store_child", tests, NULL, NULL);
}
