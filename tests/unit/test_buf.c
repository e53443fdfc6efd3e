/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "base/buf.h"

#include <errno.h>
#include <string.h>

static void test_empty_take(void **state) {
        _cleanup_buf_ Buf buf = {};
        _cleanup_free_ char *bytes = NULL;
        size_t size_bytes = 99;

        (void) state;
        assert_int_equal(buf_take(&buf, &bytes, &size_bytes), 0);
        assert_string_equal(bytes, "");
        assert_int_equal(size_bytes, 0);
}

static void test_appends(void **state) {
        _cleanup_buf_ Buf buf = {};
        _cleanup_free_ char *bytes = NULL;
        size_t size_bytes = 0;

        (void) state;
        buf_puts(&buf, "ab");
        assert_string_equal(buf.data, "ab"); /* terminated all the time */
        buf_putc(&buf, 'c');
        buf_append(&buf, "d\0e", 3);
        buf_append(&buf, NULL, 0);
        buf_printf(&buf, "-%d-%s", 42, "x");
        assert_int_equal(buf_error(&buf), 0);
        assert_int_equal(buf_take(&buf, &bytes, &size_bytes), 0);
        assert_int_equal(size_bytes, 11);
        assert_memory_equal(bytes, "abcd\0e-42-x", 12);
        assert_null(buf.data);
        assert_int_equal(buf.size, 0);
        assert_int_equal(buf.capacity, 0);
}

/* Every length around the growth steps, by both ways of appending. */
static void test_growth(void **state) {
        char expected[700];

        (void) state;
        memset(expected, 'x', sizeof(expected));
        for (size_t start = 0; start < 140; start++)
                for (size_t more = 0; more < 140; more++) {
                        _cleanup_buf_ Buf buf = {};

                        buf_append(&buf, expected, start);
                        buf_printf(&buf, "%.*s", (int) more, expected);
                        assert_int_equal(buf.size, start + more);
                        assert_memory_equal(buf.data, expected, start + more);
                        assert_int_equal(buf.data[buf.size], 0);
                }
}

static void test_large(void **state) {
        _cleanup_buf_ Buf buf = {};

        (void) state;
        for (unsigned i = 0; i < 100000; i++)
                buf_printf(&buf, "%06u", i);
        assert_int_equal(buf.size, 600000);
        assert_memory_equal(buf.data + 599994, "099999", 7);
}

static void test_sticky_error(void **state) {
        _cleanup_buf_ Buf buf = {};
        char *bytes = NULL;
        size_t size_bytes = 7;

        (void) state;
        buf_puts(&buf, "kept");
        buf_append(&buf, "x", SIZE_MAX - 2);
        assert_int_equal(buf_error(&buf), -ENOMEM);
        buf_puts(&buf, "more");
        buf_printf(&buf, "%d", 1);
        buf_put_json(&buf, "more");
        assert_string_equal(buf.data, "kept");
        assert_int_equal(buf_take(&buf, &bytes, &size_bytes), -ENOMEM);
        assert_null(bytes);
        assert_int_equal(size_bytes, 7);
        buf_done(&buf);
        assert_int_equal(buf_error(&buf), 0);
        buf_puts(&buf, "again");
        assert_string_equal(buf.data, "again");
}

static void test_json_strings(void **state) {
        static const struct {
                const char *bytes;
                size_t size_bytes;
                const char *expected;
        } cases[] = {
                { "", 0, "\"\"" },
                { "plain", 5, "\"plain\"" },
                { "\"\\", 2, "\"\\\"\\\\\"" },
                { "/", 1, "\"/\"" },
                { "\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"" },
                { "\0\1\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\"" },
                { "\u00e4\u20ac\U0001f600", 9, "\"\u00e4\u20ac\U0001f600\"" },
                { "a\xff"
                  "b",
                        3, "\"a\uFFFDb\"" },
                { "\xc3", 1, "\"\uFFFD\"" },                     /* cut short */
                { "\xc0\xaf", 2, "\"\uFFFD\uFFFD\"" },           /* overlong */
                { "\xed\xa0\x80", 3, "\"\uFFFD\uFFFD\uFFFD\"" }, /* a surrogate */
                { "\xf5\x80\x80\x80", 4, "\"\uFFFD\uFFFD\uFFFD\uFFFD\"" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_buf_ Buf buf = {};

                buf_put_json_n(&buf, cases[i].bytes, cases[i].size_bytes);
                assert_string_equal(buf.data, cases[i].expected);
        }
}

static void test_json_c_string(void **state) {
        _cleanup_buf_ Buf buf = {};

        (void) state;
        buf_put_json(&buf, "a\"b");
        assert_string_equal(buf.data, "\"a\\\"b\"");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_empty_take),
                cmocka_unit_test(test_appends),
                cmocka_unit_test(test_growth),
                cmocka_unit_test(test_large),
                cmocka_unit_test(test_sticky_error),
                cmocka_unit_test(test_json_strings),
                cmocka_unit_test(test_json_c_string),
        };

        return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
