/* SPDX-License-Identifier: Apache-2.0 */

/* Durations and times: what is accepted, what is refused, what is printed. */

#include "support.h"

#include "base/cleanup.h"
#include "base/duration.h"

#include <errno.h>

static void test_parse(void **state) {
        static const struct {
                const char *text;
                int result;
                uint64_t usec;
        } cases[] = {
                { "250ms", 0, 250000 },
                { "0s", 0, 0 },
                { "90s", 0, 90 * USEC_PER_SEC },
                { "15m", 0, 900 * USEC_PER_SEC },
                { "72h", 0, 72 * 3600 * USEC_PER_SEC },
                { "30d", 0, 30 * 86400 * USEC_PER_SEC },
                { "1h30m", 0, 5400 * USEC_PER_SEC },
                { "", -EINVAL, 7 },
                { "30", -EINVAL, 7 },
                { "s", -EINVAL, 7 },
                { "-1s", -EINVAL, 7 },
                { "1 s", -EINVAL, 7 },
                { "1s ", -EINVAL, 7 },
                { "1w", -EINVAL, 7 },
                { "99999999999999999999s", -EINVAL, 7 },
                { "18446744073709551615d", -EINVAL, 7 },
                { "106751991d", 0, 106751991 * (86400 * USEC_PER_SEC) },
                { "106751992d", -EINVAL, 7 },
                { "213503982d213503982d", -EINVAL, 7 },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                uint64_t usec = 7;

                print_message("  %s\n", cases[i].text);
                assert_int_equal(duration_parse(cases[i].text, &usec), cases[i].result);
                assert_true(usec == cases[i].usec);
        }
}

static void test_format(void **state) {
        static const struct {
                uint64_t seconds;
                const char *text;
        } cases[] = {
                { 0, "0s" },
                { 59, "59s" },
                { 250, "4m10s" },
                { 10920, "3h2m" },
                { 5 * 86400 + 4 * 3600 + 59, "5d4h" },
        };
        char text[DURATION_TEXT_SIZE];

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                duration_format(cases[i].seconds * USEC_PER_SEC + 999999, text);
                assert_string_equal(text, cases[i].text);
        }
}

static void test_time(void **state) {
        char text[TIME_TEXT_SIZE];

        (void) state;
        time_format(0, text);
        assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
        time_format(1769903999000001, text);
        assert_string_equal(text, "2026-01-31T23:59:59.000001Z");
        time_format(-1, text);
        assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_format),
                cmocka_unit_test(test_time),
        };

        return cmocka_run_group_tests_name("duration", tests, NULL, NULL);
}
