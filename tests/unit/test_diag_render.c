/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/diag.h"

#include <locale.h>
#include <string.h>

#define _cleanup_diags_ _cleanup_(diags_done)

static char *render(const DiagList *diags, const char *bytes, bool colour) {
        _cleanup_buf_ Buf buf = {};
        char *text = NULL;

        diags_render_text(&buf, diags, "web.json", bytes, bytes ? strlen(bytes) : 0, colour);
        assert_int_equal(buf_take(&buf, &text, NULL), 0);
        return text;
}

/* Renders one finding of SP302 at a span. */
static char *render_at(const char *bytes, uint32_t offset, uint32_t length) {
        _cleanup_diags_ DiagList diags = {};

        diags_init(&diags, NULL);
        diag_add(&diags, SP302, (Span){ offset, length }, NULL, NULL, "wrong");
        assert_int_equal(diags_finish(&diags, bytes, strlen(bytes)), 0);
        return render(&diags, bytes, false);
}

static void test_nothing(void **state) {
        _cleanup_diags_ DiagList diags = {};
        _cleanup_free_ char *text = NULL;
        _cleanup_buf_ Buf json = {};

        (void) state;
        diags_init(&diags, NULL);
        assert_int_equal(diags_finish(&diags, "{}", 2), 0);
        text = render(&diags, "{}", true);
        assert_string_equal(text, "");
        diags_render_json(&json, &diags);
        assert_string_equal(json.data, "[]");
}

static void test_text_of_one(void **state) {
        static const char bytes[] = "{\n\t\"syscalls\": [\n      \"action\": \"SCMP_ACT_ALOW\",\n";
        _cleanup_diags_ DiagList diags = {};
        _cleanup_free_ char *text = NULL, *bare = NULL;

        (void) state;
        diags_init(&diags, NULL);
        diag_add(&diags, SP302, (Span){ 33, 15 }, "/x", "did you mean \"SCMP_ACT_ALLOW\"?",
                "unknown action \"%s\"", "SCMP_ACT_ALOW");
        assert_int_equal(diags_finish(&diags, bytes, strlen(bytes)), 0);
        text = render(&diags, bytes, false);
        assert_string_equal(text,
                "web.json:3:17: error: unknown action \"SCMP_ACT_ALOW\" [SP302]\n"
                "   3 |       \"action\": \"SCMP_ACT_ALOW\",\n"
                "     |                 ^^^^^^^^^^^^^^^\n"
                "     = help: did you mean \"SCMP_ACT_ALLOW\"?\n");
        bare = render(&diags, NULL, false);
        assert_string_equal(bare,
                "web.json:3:17: error: unknown action \"SCMP_ACT_ALOW\" [SP302]\n"
                "     = help: did you mean \"SCMP_ACT_ALLOW\"?\n");
}

static void test_text_of_many(void **state) {
        static const char bytes[] = "[1,\n2]";
        _cleanup_diags_ DiagList diags = {};
        _cleanup_free_ char *text = NULL, *bare = NULL;

        (void) state;
        diags_init(&diags, NULL);
        diag_add(&diags, SP801, (Span){ 4, 1 }, NULL, "one\nor two", "second");
        diag_add(&diags, SP705, (Span){ 1, 1 }, NULL, NULL, "first");
        diag_add(&diags, SP811, (Span){}, NULL, NULL, "whole");
        assert_int_equal(diags_finish(&diags, bytes, strlen(bytes)), 0);
        text = render(&diags, bytes, false);
        assert_string_equal(text,
                "web.json: error: whole [SP811]\n"
                "\n"
                "web.json:1:2: info: first [SP705]\n"
                "   1 | [1,\n"
                "     |  ^\n"
                "\n"
                "web.json:2:1: warning: second [SP801]\n"
                "   2 | 2]\n"
                "     | ^\n"
                "     = help: one\n"
                "             or two\n");
        bare = render(&diags, NULL, false);
        assert_string_equal(bare,
                "web.json: error: whole [SP811]\n"
                "web.json:1:2: info: first [SP705]\n"
                "web.json:2:1: warning: second [SP801]\n"
                "     = help: one\n"
                "             or two\n");
}

static void test_colour(void **state) {
        static const struct {
                RuleId rule;
                const char *severity;
        } cases[] = {
                { SP302, "\033[1;31merror\033[0m" },
                { SP801, "\033[1;33mwarning\033[0m" },
                { SP705, "\033[1;36minfo\033[0m" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_diags_ DiagList diags = {};
                _cleanup_free_ char *text = NULL;
                _cleanup_buf_ Buf expected = {};

                diags_init(&diags, NULL);
                diag_add(&diags, cases[i].rule, (Span){ 0, 2 }, NULL, "right", "wrong");
                assert_int_equal(diags_finish(&diags, "{}", 2), 0);
                text = render(&diags, "{}", true);
                buf_printf(&expected,
                        "\033[1mweb.json:1:1:\033[0m %s: wrong [SP%u]\n"
                        "\033[34m   1 |\033[0m {}\n"
                        "\033[34m     |\033[0m %.7s^^\033[0m\n"
                        "     \033[34m=\033[0m help: right\n",
                        cases[i].severity, (unsigned) cases[i].rule, cases[i].severity);
                assert_string_equal(text, expected.data);
        }
}

/* The source line and the underline as they come out. */
static void test_source_lines(void **state) {
        static const struct {
                const char *bytes;
                uint32_t offset, length;
                const char *expected;
        } cases[] = {
                { "{}", 2, 0, "web.json:1:3: error: wrong [SP302]\n   1 | {}\n     |   ^\n" },
                { "{}\n", 3, 0, "web.json:2:1: error: wrong [SP302]\n   2 | \n     | ^\n" },
                { "\t\t\"x\"", 2, 3,
                        "web.json:1:3: error: wrong [SP302]\n   1 |   \"x\"\n     |   ^^^\n" },
                { "\"\u00e4\u20ac\" 12", 8, 2,
                        "web.json:1:6: error: wrong [SP302]\n   1 | \"\u00e4\u20ac\" 12\n     |    "
                        "  ^^\n" },
                { "a\xff\033\u202e"
                  "b",
                        6, 1,
                        "web.json:1:5: error: wrong [SP302]\n   1 | a\uFFFD\uFFFD\uFFFDb\n     |   "
                        "  ^\n" },
                /* across lines: to the end of the first, without its CR */
                { "x {\r\n}\r\n", 2, 4,
                        "web.json:1:3: error: wrong [SP302]\n   1 | x {\n     |   ^\n" },
                { "x {1,2\n}\n", 2, 6,
                        "web.json:1:3: error: wrong [SP302]\n   1 | x {1,2\n     |   ^\n" },
                { "x\n\ny", 2, 2, "web.json:2:1: error: wrong [SP302]\n   2 | \n     | ^\n" },
                /* behind the end */
                { "x", 50, 5, "web.json:1:2: error: wrong [SP302]\n   1 | x\n     |  ^\n" },
                { "xyz", 1, 500, "web.json:1:2: error: wrong [SP302]\n   1 | xyz\n     |  ^^\n" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_free_ char *text =
                        render_at(cases[i].bytes, cases[i].offset, cases[i].length);

                assert_string_equal(text, cases[i].expected);
        }
}

/* Columns of a line of output behind the gutter; *ret_mark is the first column of `mark`. */
static size_t columns(const char *line, const char *mark, size_t *ret_mark) {
        const char *at = strchr(line, '|') + 2;
        size_t n = 0;

        *ret_mark = SIZE_MAX;
        for (; *at && *at != '\n'; at++) {
                if (*ret_mark == SIZE_MAX && strncmp(at, mark, strlen(mark)) == 0)
                        *ret_mark = n;
                n += ((unsigned char) *at & 0xc0) != 0x80;
        }
        return n;
}

/* A line of many columns, with a word somewhere: what is shown is short and holds it, marked. */
static void test_long_lines(void **state) {
        static const struct {
                size_t n_before, n_after;
                bool is_cut_left, is_cut_right;
        } cases[] = {
                { 0, 117, false, false }, /* 120 columns: the last that fit */
                { 0, 118, false, true },
                { 117, 0, false, false },
                { 118, 0, true, false },
                { 40, 500, false, true },
                { 41, 500, true, true },
                { 500, 500, true, true },
                { 500, 73, true, false },
                { 500, 74, true, true },
                { 500, 20, true, false },
                { 100000, 3, true, false },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_buf_ Buf line = {};
                _cleanup_free_ char *text = NULL;
                const char *source = NULL, *marks = NULL;
                size_t word = 0, mark = 0, n = 0;

                for (size_t k = 0; k < cases[i].n_before; k++)
                        buf_puts(&line, "\u00e4");
                buf_puts(&line, "xyz");
                for (size_t k = 0; k < cases[i].n_after; k++)
                        buf_puts(&line, "\u00f6");
                text = render_at(line.data, (uint32_t) (2 * cases[i].n_before), 3);
                source = strchr(text, '\n') + 1;
                marks = strchr(source, '\n') + 1;
                n = columns(source, "xyz", &word);
                assert_true(n <= 120);
                columns(marks, "^", &mark);
                assert_int_equal(word, mark);
                assert_non_null(strstr(marks, "^^^\n"));
                assert_null(strstr(marks, "^^^^"));
                assert_int_equal(
                        strncmp(strchr(source, '|') + 2, "\u2026", 3) == 0, cases[i].is_cut_left);
                assert_int_equal(strncmp(marks - 4, "\u2026", 3) == 0, cases[i].is_cut_right);
        }
}

/* A span longer than what is shown is marked to the edge. */
static void test_long_span(void **state) {
        _cleanup_buf_ Buf line = {};
        _cleanup_free_ char *text = NULL;
        const char *source = NULL, *marks = NULL;
        size_t mark = 0;

        (void) state;
        for (size_t k = 0; k < 1000; k++)
                buf_puts(&line, "x");
        text = render_at(line.data, 200, 700);
        source = strchr(text, '\n') + 1;
        marks = strchr(source, '\n') + 1;
        assert_int_equal(columns(source, "x", &mark), 118);
        assert_int_equal(columns(marks, "^", &mark), 117);
        assert_int_equal(mark, 41);
}

/* What East Asia writes takes two columns of a terminal, a combining mark none. */
static void test_marks_stand_below_wide_text(void **state) {
        static const char line[] = "\u65e5\u672c e\u0301 xyz";
        static const size_t at = sizeof("\u65e5\u672c e\u0301 ") - 1;
        _cleanup_free_ char *text = NULL, *wide = NULL;

        (void) state;
        if (!setlocale(LC_CTYPE, "C.UTF-8"))
                support_skip("no C.UTF-8 here");
        text = render_at(line, at, 3);
        assert_non_null(strstr(text, "\n     |        ^^^\n"));
        wide = render_at(line, 0, 6);
        assert_non_null(strstr(wide, "\n     | ^^^^\n"));
        assert_non_null(setlocale(LC_CTYPE, "C"));
}

static void test_name_is_made_safe(void **state) {
        _cleanup_diags_ DiagList diags = {};
        _cleanup_buf_ Buf buf = {};

        (void) state;
        diags_init(&diags, NULL);
        diag_add(&diags, SP206, (Span){}, NULL, NULL, "wrong");
        diags_render_text(&buf, &diags, "a\n\033\xff.json", NULL, 0, false);
        assert_string_equal(buf.data, "a\uFFFD\uFFFD\uFFFD.json: error: wrong [SP206]\n");
}

static void test_json(void **state) {
        static const char bytes[] = "{\n  \"x\": 1}";
        _cleanup_diags_ DiagList diags = {};
        _cleanup_buf_ Buf buf = {};

        (void) state;
        diags_init(&diags, NULL);
        diag_add(&diags, SP203, (Span){ 4, 3 }, "/x", "remove \"x\"", "unknown key \"%s\"", "x");
        diag_add(&diags, SP315, (Span){}, NULL, NULL, "no effect");
        assert_int_equal(diags_finish(&diags, bytes, strlen(bytes)), 0);
        diags_render_json(&buf, &diags);
        assert_string_equal(buf.data,
                "[{\"rule\":\"SP315\",\"severity\":\"warning\",\"line\":0,\"column\":0,"
                "\"endLine\":0,\"endColumn\":0,\"message\":\"no effect\"},"
                "{\"rule\":\"SP203\",\"severity\":\"error\",\"line\":2,\"column\":3,"
                "\"endLine\":2,\"endColumn\":6,\"pointer\":\"/x\","
                "\"message\":\"unknown key \\\"x\\\"\",\"hint\":\"remove \\\"x\\\"\"}]");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing),
                cmocka_unit_test(test_text_of_one),
                cmocka_unit_test(test_text_of_many),
                cmocka_unit_test(test_colour),
                cmocka_unit_test(test_source_lines),
                cmocka_unit_test(test_long_lines),
                cmocka_unit_test(test_long_span),
                cmocka_unit_test(test_marks_stand_below_wide_text),
                cmocka_unit_test(test_name_is_made_safe),
                cmocka_unit_test(test_json),
        };

        return cmocka_run_group_tests_name("diag_render", tests, NULL, NULL);
}
