/* SPDX-License-Identifier: Apache-2.0 */

/* Health endpoints, byte for byte as kube-apiserver prints them. */

#include "support.h"

#include "report/health.h"

#include <errno.h>
#include <string.h>

/* What is asked of which checks, and what comes of it. */
typedef struct Case {
        const char *title;
        HealthCheck checks[3];
        size_t n_checks;
        const char *excluded[4];
        size_t n_excluded;
        bool verbose;
        bool passes;
        const char *text;
} Case;

#define OK(check_name)                                                                             \
        { .name = (check_name), .is_ok = true }
#define FAILED(check_name, why)                                                                    \
        { .name = (check_name), .reason = (why) }
#define OPTIONAL(check_name, why)                                                                  \
        { .name = (check_name), .reason = (why), .is_optional = true }

static const Case CASES[] = {
        { "no checks", {}, 0, {}, 0, false, true, "ok" },
        { "no checks, verbose", {}, 0, {}, 0, true, true, "readyz check passed\n" },
        { "all well", { OK("ping"), OK("sync") }, 2, {}, 0, false, true, "ok" },
        { "all well, verbose", { OK("ping"), OK("sync") }, 2, {}, 0, true, true,
                "[+]ping ok\n[+]sync ok\nreadyz check passed\n" },
        { "a failure is always shown", { OK("ping"), FAILED("sync", "not done") }, 2, {}, 0, false,
                false, "[+]ping ok\n[-]sync failed: not done\nreadyz check failed\n" },
        { "the order is the checks' own", { FAILED("b", "x"), OK("a"), FAILED("c", "y") }, 3, {}, 0,
                true, false, "[-]b failed: x\n[+]a ok\n[-]c failed: y\nreadyz check failed\n" },
        { "a failure without a reason", { FAILED("sync", NULL) }, 1, {}, 0, false, false,
                "[-]sync failed: unknown\nreadyz check failed\n" },
        { "an excluded failure passes", { OK("ping"), FAILED("sync", "no") }, 2, { "sync" }, 1,
                false, true, "ok" },
        { "excluded, verbose", { OK("ping"), FAILED("sync", "no") }, 2, { "sync" }, 1, true, true,
                "[+]ping ok\n[+]sync excluded: ok\nreadyz check passed\n" },
        { "the wrong one excluded", { OK("ping"), FAILED("sync", "no") }, 2, { "ping" }, 1, false,
                false, "[+]ping excluded: ok\n[-]sync failed: no\nreadyz check failed\n" },
        { "excluding is by the whole name", { FAILED("sync", "no") }, 1, { "syn", "synchronous" },
                2, false, false,
                "[-]sync failed: no\n"
                "warn: some health checks cannot be excluded: no matches for "
                "\"syn\",\"synchronous\"\nreadyz check failed\n" },
        { "unknown exclusions are said once, quoted", { OK("ping") }, 1,
                { "ping", "a\"b\n", "a\"b\n", "ping" }, 4, true, true,
                "[+]ping excluded: ok\n"
                "warn: some health checks cannot be excluded: no matches for \"a\\\"b\\n\"\n"
                "readyz check passed\n" },
        { "an optional failure passes", { OK("ping"), OPTIONAL("profiles", "one is bad") }, 2, {},
                0, false, true, "ok" },
        { "an optional failure is shown", { OK("ping"), OPTIONAL("profiles", "one is bad") }, 2, {},
                0, true, true,
                "[+]ping ok\n[-]profiles failed, not required: one is bad\n"
                "readyz check passed\n" },
};

static void test_endpoint(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(CASES); i++) {
                const Case *c = &CASES[i];
                _cleanup_buf_ Buf buf = {};
                Health health = { .n_checks = c->n_checks };

                memcpy(health.checks, c->checks, sizeof(c->checks));
                if (health_render(&buf, &health, "readyz", c->excluded, c->n_excluded,
                            c->verbose) != c->passes)
                        fail_msg("%s: the wrong verdict", c->title);
                assert_int_equal(buf_error(&buf), 0);
                if (strcmp(buf.data, c->text) != 0)
                        fail_msg("%s: %s", c->title, buf.data);
        }
}

static void test_one(void **state) {
        static const struct {
                const char *name;
                bool verbose;
                int result;
                const char *text;
        } cases[] = {
                { "ping", false, 1, "ok" },
                { "ping", true, 1, "[+]ping ok\nlivez check passed\n" },
                { "sync", false, 0, "[-]sync failed: no\nlivez check failed\n" },
                { "sync", true, 0, "[-]sync failed: no\nlivez check failed\n" },
                { "profiles", false, 0, "[-]profiles failed: bad\nlivez check failed\n" },
                { "pin", false, -ENOENT, NULL },
                { "", true, -ENOENT, NULL },
        };
        const Health health = {
                .checks = { OK("ping"), FAILED("sync", "no"), OPTIONAL("profiles", "bad") },
                .n_checks = 3,
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_buf_ Buf buf = {};

                assert_int_equal(
                        health_render_one(&buf, &health, "livez", cases[i].name, cases[i].verbose),
                        cases[i].result);
                if (cases[i].text)
                        assert_string_equal(buf.data, cases[i].text);
                else
                        assert_int_equal(buf.size, 0);
        }
}

static void test_add(void **state) {
        Health health = {};

        (void) state;
        health_add(&health, "ping", true, NULL);
        health_add(&health, "sync", false, "not done");
        assert_int_equal(health.n_checks, 2);
        assert_string_equal(health.checks[0].name, "ping");
        assert_true(health.checks[0].is_ok);
        assert_null(health.checks[0].reason);
        assert_false(health.checks[0].is_optional);
        assert_false(health.checks[1].is_ok);
        assert_string_equal(health.checks[1].reason, "not done");
        while (health.n_checks < HEALTH_CHECKS_MAX)
                health_add(&health, "more", true, NULL);
        assert_int_equal(health.n_checks, HEALTH_CHECKS_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_endpoint),
                cmocka_unit_test(test_one),
                cmocka_unit_test(test_add),
        };

        return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
