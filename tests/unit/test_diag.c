/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/diag.h"
#include "profile/limits.h"

#include <string.h>

#define _cleanup_diags_ _cleanup_(diags_done)

static void test_add(void **state) {
        _cleanup_diags_ DiagList diags = {};

        (void) state;
        diags_init(&diags, NULL);
        assert_false(diags_have_errors(&diags));
        assert_int_equal(diags.worst, SEVERITY_OFF);
        diag_add(&diags, SP801, (Span){ 3, 4 }, "/syscalls", "add %s", "lacks %s and %d", "execve",
                2);
        assert_int_equal(diags.n, 1);
        assert_int_equal(diags.items[0].rule, SP801);
        assert_int_equal(diags.items[0].severity, SEVERITY_WARNING);
        assert_int_equal(diags.items[0].span.offset, 3);
        assert_int_equal(diags.items[0].span.length, 4);
        assert_string_equal(diags.items[0].message, "lacks execve and 2");
        assert_string_equal(diags.items[0].pointer, "/syscalls");
        assert_string_equal(diags.items[0].hint, "add %s"); /* no format */
        assert_int_equal(diags.worst, SEVERITY_WARNING);
        assert_false(diags_have_errors(&diags));
        diag_add_as(&diags, SP801, SEVERITY_ERROR, (Span){}, NULL, NULL, "%s", "x");
        assert_int_equal(diags.items[1].severity, SEVERITY_ERROR);
        assert_null(diags.items[1].pointer);
        assert_null(diags.items[1].hint);
        assert_true(diags_have_errors(&diags));
        diag_add(&diags, SP705, (Span){}, NULL, NULL, "y");
        assert_int_equal(diags.worst, SEVERITY_ERROR);
        assert_int_equal(diags_count(&diags, SEVERITY_ERROR), 1);
        assert_int_equal(diags_count(&diags, SEVERITY_WARNING), 1);
        assert_int_equal(diags_count(&diags, SEVERITY_INFO), 1);
        diags_done(&diags);
        assert_int_equal(diags.n, 0);
        assert_null(diags.items);
}

static void test_overrides(void **state) {
        RuleConfig config = {};
        _cleanup_diags_ DiagList diags = {};

        (void) state;
        config.overrides[SP801].is_set = true;
        config.overrides[SP801].severity = SEVERITY_ERROR;
        config.overrides[SP203].is_set = true;
        config.overrides[SP203].severity = SEVERITY_OFF;
        diags_init(&diags, &config);
        diag_add(&diags, SP203, (Span){}, NULL, NULL, "off");
        diag_add_as(&diags, SP203, SEVERITY_ERROR, (Span){}, NULL, NULL, "off too");
        assert_int_equal(diags.n, 0);
        assert_int_equal(diags.worst, SEVERITY_OFF);
        diag_add(&diags, SP801, (Span){}, NULL, NULL, "raised");
        diag_add_as(&diags, SP801, SEVERITY_INFO, (Span){}, NULL, NULL, "raised too");
        assert_int_equal(diags_count(&diags, SEVERITY_ERROR), 2);
        assert_true(diags_have_errors(&diags));
}

static void test_order_and_positions(void **state) {
        static const char bytes[] = "{\n  \"a\": 1,\n\t\"\u00e4\": 2\n}\n";
        static const struct {
                RuleId rule;
                uint32_t offset, line, column;
        } expected[] = {
                { SP811, 0, 0, 0 }, /* the file as a whole */
                { SP201, 0, 1, 1 },
                { SP203, 4, 2, 3 },
                { SP205, 4, 2, 3 },
                { SP104, 9, 2, 8 },
                { SP203, 13, 3, 2 },
                { SP104, 19, 3, 7 },
                { SP101, 23, 5, 1 },
        };
        _cleanup_diags_ DiagList diags = {};

        (void) state;
        diags_init(&diags, NULL);
        for (size_t i = N_ELEMENTS(expected); i-- > 0;)
                diag_add(&diags, expected[i].rule,
                        (Span){ expected[i].offset, expected[i].rule == SP811 ? 0 : 1 }, NULL, NULL,
                        "x");
        diag_add(&diags, SP811, (Span){}, NULL, NULL, "x"); /* said twice, shown once */
        assert_int_equal(diags_finish(&diags, bytes, strlen(bytes)), 0);
        assert_int_equal(diags.n_dropped, 0);
        assert_int_equal(diags.n, N_ELEMENTS(expected));
        /* of SP201 and SP811 at offset 0, the lower id comes first */
        assert_int_equal(diags.items[0].rule, SP201);
        assert_int_equal(diags.items[1].rule, SP811);
        for (size_t i = 0; i < diags.n; i++) {
                size_t at = i == 0 ? 1 : i == 1 ? 0 : i;

                assert_int_equal(diags.items[i].rule, expected[at].rule);
                assert_int_equal(diags.items[i].line, expected[at].line);
                assert_int_equal(diags.items[i].column, expected[at].column);
        }
        /* where they end: the file as a whole nowhere, "\u00e4" behind two bytes */
        assert_int_equal(diags.items[1].end_line, 0);
        assert_int_equal(diags.items[2].end_column, 4);
}

static void test_ends(void **state) {
        static const char bytes[] = "[\"\u00e4\u00e4\",\n {\n}]";
        static const struct {
                Span span;
                uint32_t line, column, end_line, end_column;
        } expected[] = {
                { { 1, 6 }, 1, 2, 1, 6 },   /* columns are characters, not bytes */
                { { 10, 3 }, 2, 2, 3, 2 },  /* over two lines */
                { { 12, 0 }, 3, 1, 3, 1 },  /* between two bytes */
                { { 13, 90 }, 3, 2, 3, 3 }, /* past the end */
        };
        _cleanup_diags_ DiagList diags = {};

        (void) state;
        diags_init(&diags, NULL);
        for (size_t i = 0; i < N_ELEMENTS(expected); i++)
                diag_add(&diags, SP203, expected[i].span, NULL, NULL, "x");
        assert_int_equal(diags_finish(&diags, bytes, strlen(bytes)), 0);
        for (size_t i = 0; i < N_ELEMENTS(expected); i++) {
                assert_int_equal(diags.items[i].line, expected[i].line);
                assert_int_equal(diags.items[i].column, expected[i].column);
                assert_int_equal(diags.items[i].end_line, expected[i].end_line);
                assert_int_equal(diags.items[i].end_column, expected[i].end_column);
        }
}

/* Findings differ by any of place, rule, severity, length and message. */
static void test_merge_only_equal(void **state) {
        _cleanup_diags_ DiagList diags = {};

        (void) state;
        diags_init(&diags, NULL);
        for (size_t i = 0; i < 3; i++) {
                diag_add(&diags, SP801, (Span){ 1, 1 }, NULL, NULL, "a");
                diag_add(&diags, SP801, (Span){ 1, 1 }, NULL, NULL, "b");
                diag_add(&diags, SP801, (Span){ 1, 2 }, NULL, NULL, "a");
                diag_add(&diags, SP801, (Span){ 2, 1 }, NULL, NULL, "a");
                diag_add(&diags, SP802, (Span){ 1, 1 }, NULL, NULL, "a");
                diag_add_as(&diags, SP801, SEVERITY_INFO, (Span){ 1, 1 }, NULL, NULL, "a");
        }
        assert_int_equal(diags_finish(&diags, "abcd", 4), 0);
        assert_int_equal(diags.n, 6);
        assert_int_equal(diags.n_dropped, 0);
}

static void test_without_text(void **state) {
        _cleanup_diags_ DiagList diags = {};

        (void) state;
        diags_init(&diags, NULL);
        diag_add(&diags, SP206, (Span){ 5, 1 }, NULL, NULL, "x");
        assert_int_equal(diags_finish(&diags, NULL, 0), 0);
        assert_int_equal(diags.items[0].line, 0);
}

/* However many findings there are before them, the gravest and first are what is kept. */
static void test_gravest_are_kept(void **state) {
        static const size_t numbers[] = { LIMIT_DIAGS, LIMIT_DIAGS + 1, LIMIT_DIAGS_COLLECTED,
                LIMIT_DIAGS_COLLECTED + 1, 3 * LIMIT_DIAGS_COLLECTED };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(numbers); i++) {
                _cleanup_diags_ DiagList diags = {};
                size_t n = numbers[i];

                diags_init(&diags, NULL);
                for (uint32_t k = 0; k < n; k++)
                        diag_add(&diags, SP705, (Span){ (uint32_t) n - k, 1 }, NULL, NULL, "note");
                for (uint32_t k = 0; k < 5; k++)
                        diag_add(&diags, SP302, (Span){ 100000 + k, 1 }, NULL, NULL, "error");
                diag_add(&diags, SP801, (Span){ 100000, 1 }, NULL, NULL, "warning");
                assert_true(diags.n <= LIMIT_DIAGS_COLLECTED);
                assert_int_equal(diags_finish(&diags, "{}", 2), 0);
                assert_int_equal(diags.n, LIMIT_DIAGS);
                assert_int_equal(diags.n_dropped, n + 6 - LIMIT_DIAGS);
                assert_int_equal(diags_count(&diags, SEVERITY_ERROR), 5);
                assert_int_equal(diags_count(&diags, SEVERITY_WARNING), 1);
                for (uint32_t k = 0; k < LIMIT_DIAGS - 6; k++)
                        assert_int_equal(diags.items[k].span.offset, k + 1);
                assert_string_equal(diags.items[LIMIT_DIAGS - 1].message, "error");
        }
}

/* What can no longer be kept is only counted, and what can still be is not taken for it. */
static void test_late_ones_are_counted(void **state) {
        const uint32_t n = 3 * LIMIT_DIAGS_COLLECTED;
        _cleanup_diags_ DiagList diags = {};

        (void) state;
        diags_init(&diags, NULL);
        for (uint32_t k = 0; k < n; k++)
                diag_add(&diags, SP801, (Span){ 10 + k, 1 }, NULL, NULL, "warning");
        assert_true(diags.n < 2 * LIMIT_DIAGS); /* of the second and third thousands nothing */
        diag_add(&diags, SP705, (Span){ 1, 1 }, NULL, NULL, "note");
        diag_add(&diags, SP801, (Span){ 2, 1 }, NULL, NULL, "early warning");
        diag_add(&diags, SP302, (Span){ 20 + n, 1 }, NULL, NULL, "error");
        assert_int_equal(diags_finish(&diags, NULL, 0), 0);
        assert_int_equal(diags.n, LIMIT_DIAGS);
        assert_int_equal(diags.n_dropped, n + 3 - LIMIT_DIAGS);
        assert_string_equal(diags.items[0].message, "early warning");
        for (uint32_t k = 1; k < LIMIT_DIAGS - 1; k++)
                assert_int_equal(diags.items[k].span.offset, 9 + k);
        assert_string_equal(diags.items[LIMIT_DIAGS - 1].message, "error");
        assert_true(diags_have_errors(&diags));
}

static void test_strings_are_made_safe(void **state) {
        static const struct {
                const char *string;
                const char *expected;
                const char *as_hint; /* where that differs */
        } cases[] = {
                { "plain \u00e4\u20ac\U0001f600", "plain \u00e4\u20ac\U0001f600", NULL },
                { "a\033[31mb", "a\uFFFD[31mb", NULL },
                { "a\tb\rc\x7f", "a\uFFFDb\uFFFDc\uFFFD", NULL },
                { "a\xc2\x9b"
                  "b",
                        "a\uFFFDb", NULL },
                { "a\u202e\u2066b", "a\uFFFD\uFFFDb", NULL },
                { "a\xff\xc3", "a\uFFFD\uFFFD", NULL },
                { "a\nb", "a\uFFFDb", "a\nb" },
                { "", "", NULL },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_diags_ DiagList diags = {};
                const Diag *diag = NULL;

                diags_init(&diags, NULL);
                diag_add(&diags, SP302, (Span){}, cases[i].string, cases[i].string, "%s",
                        cases[i].string);
                diag = diags.items;
                assert_string_equal(diag->message, cases[i].expected);
                assert_string_equal(diag->pointer, cases[i].expected);
                assert_string_equal(
                        diag->hint, cases[i].as_hint ? cases[i].as_hint : cases[i].expected);
        }
}

static void test_strings_are_bounded(void **state) {
        static const char *const units[] = { "x", "\u20ac", "\xff", "\U0001f600" };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(units); i++) {
                _cleanup_diags_ DiagList diags = {};
                _cleanup_buf_ Buf buf = {};
                const char *message = NULL;

                for (size_t k = 0; k < 5000; k++)
                        buf_puts(&buf, units[i]);
                diags_init(&diags, NULL);
                diag_add(&diags, SP302, (Span){}, buf.data, buf.data, "%s", buf.data);
                message = diags.items[0].message;
                assert_in_range(strlen(message), DIAG_STRING_MAX_BYTES - 12, DIAG_STRING_MAX_BYTES);
                assert_string_equal(message + strlen(message) - strlen("\u2026"), "\u2026");
                assert_string_equal(diags.items[0].pointer, message);
                assert_string_equal(diags.items[0].hint, message);
        }
}

static void test_lost_memory_is_kept(void **state) {
        _cleanup_diags_ DiagList diags = {};

        (void) state;
        diags_init(&diags, NULL);
        diags.error = -12;
        assert_int_equal(diags_finish(&diags, "", 0), -12);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_add),
                cmocka_unit_test(test_overrides),
                cmocka_unit_test(test_order_and_positions),
                cmocka_unit_test(test_ends),
                cmocka_unit_test(test_merge_only_equal),
                cmocka_unit_test(test_without_text),
                cmocka_unit_test(test_gravest_are_kept),
                cmocka_unit_test(test_late_ones_are_counted),
                cmocka_unit_test(test_strings_are_made_safe),
                cmocka_unit_test(test_strings_are_bounded),
                cmocka_unit_test(test_lost_memory_is_kept),
        };

        return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
