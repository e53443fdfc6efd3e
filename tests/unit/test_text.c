/* SPDX-License-Identifier: Apache-2.0 */

#include "text_fixture.h"

#include "profile/limits.h"

static void test_accepted(void **state) {
        static const struct {
                const char *bytes;
                size_t size_bytes;
                size_t n_nodes;
        } cases[] = {
                { LITERAL("null"), 1 },
                { LITERAL("true"), 1 },
                { LITERAL("false"), 1 },
                { LITERAL("\"\""), 1 },
                { LITERAL(" [] "), 1 },
                { LITERAL("\t\r\n{}\n"), 1 },
                { LITERAL("[[]   ]"), 2 },
                { LITERAL("[\"\"]"), 2 },
                { LITERAL("[null, 1, \"1\", {}]"), 5 },
                { LITERAL("[1\n]"), 2 },
                { LITERAL("[1,null,null,null,2]"), 6 },
                { LITERAL("{\"\":0}"), 2 },
                { LITERAL("{\"a\":\"b\",\"a\":\"c\"}"),
                        3 }, /* duplicates are the document's business */
                { LITERAL("{\"a\":[{\"b\":{}}],\"c\":[[],[]]}"), 7 },
                { LITERAL("{\n\"a\": \"b\"\n}"), 2 },
                { LITERAL("[\"a, [ { ] } \\\" : \"]"), 2 }, /* structure inside a string is none */
                /* numbers */
                { LITERAL("0"), 1 },
                { LITERAL("-0"), 1 },
                { LITERAL("-1"), 1 },
                { LITERAL("10"), 1 },
                { LITERAL("123.456"), 1 },
                { LITERAL("0.0"), 1 },
                { LITERAL("0e1"), 1 },
                { LITERAL("0e+1"), 1 },
                { LITERAL("1E22"), 1 },
                { LITERAL("1E-2"), 1 },
                { LITERAL("1E+2"), 1 },
                { LITERAL("123.456e78"), 1 },
                { LITERAL("[1.5,2]"), 3 },
                { LITERAL("18446744073709551615"), 1 },
                { LITERAL("10000000000000000000000000000000000000000000000000000000000000000000000"
                          "1"),
                        1 },
                { LITERAL("-0."
                          "000000000000000000000000000000000000000000000000000000000000000000001"),
                        1 },
                { LITERAL("1e99999"), 1 }, /* JSON has no bound; what reads the number may */
                /* strings */
                { LITERAL("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), 1 },
                { LITERAL("\"\\u0060\\u012a\\u12AB\""), 1 },
                { LITERAL("\"\\uD801\\udc37\\ud83d\\ude39\""), 1 },
                { LITERAL("\"\\uDBFF\\uDFFF\""), 1 },
                { LITERAL("\"\\uFFFF \\ufdd0 \\uFFFE\""), 1 }, /* noncharacters are characters */
                { LITERAL("\"\\u0000\""), 1 },
                { LITERAL("\"\\\\u0000\""), 1 },
                { LITERAL("\"\\\\a\""), 1 },
                { LITERAL("\"\x7f\""), 1 }, /* DEL is not a control for JSON */
                { LITERAL("\"\u00e9\u20ac\U0001d11e\uffff\""), 1 },
                { LITERAL("\"\u2028\u2029\""), 1 },
                { LITERAL("\"\xf4\x8f\xbf\xbf\""), 1 },
                { LITERAL("\"/* no comment */ // #\""), 1 },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture f = scan_n(cases[i].bytes, cases[i].size_bytes);

                if (f.result != 0)
                        fail_msg("%s: %s", cases[i].bytes, f.diags.items[0].message);
                assert_int_equal(f.text.n_nodes, cases[i].n_nodes);
                assert_int_equal(f.text.size_bytes, cases[i].size_bytes);
                assert_int_equal(f.diags.n, 0);
        }
}

static void test_nodes(void **state) {
        static const char bytes[] =
                " {\"a\" : [10, \"x\\u0000\"],\n\"b\\u0000\": {}, \"c\\\\u0000\":-1.5}";
        static const struct {
                TextType type;
                const char *value, *key;
                uint32_t parent, ordinal;
                bool has_nul, key_has_nul;
        } expected[] = {
                { TEXT_OBJECT,
                        "{\"a\" : [10, \"x\\u0000\"],\n\"b\\u0000\": {}, \"c\\\\u0000\":-1.5}", "",
                        TEXT_NO_NODE, 0, false, false },
                { TEXT_ARRAY, "[10, \"x\\u0000\"]", "\"a\"", 0, 0, false, false },
                { TEXT_NUMBER, "10", "", 1, 0, false, false },
                { TEXT_STRING, "\"x\\u0000\"", "", 1, 1, true, false },
                { TEXT_OBJECT, "{}", "\"b\\u0000\"", 0, 1, false, true },
                { TEXT_NUMBER, "-1.5", "\"c\\\\u0000\"", 0, 2, false, false },
        };
        _cleanup_fixture_ Fixture f = scan(bytes);

        (void) state;
        assert_int_equal(f.result, 0);
        assert_int_equal(f.text.n_nodes, N_ELEMENTS(expected));
        for (size_t i = 0; i < N_ELEMENTS(expected); i++) {
                const TextNode *node = &f.text.nodes[i];

                assert_int_equal(node->type, expected[i].type);
                assert_int_equal(node->value.length, strlen(expected[i].value));
                assert_memory_equal(
                        bytes + node->value.offset, expected[i].value, node->value.length);
                assert_int_equal(node->key.length, strlen(expected[i].key));
                assert_memory_equal(bytes + node->key.offset, expected[i].key, node->key.length);
                assert_int_equal(node->parent, expected[i].parent);
                assert_int_equal(node->ordinal, expected[i].ordinal);
                assert_int_equal(node->has_nul, expected[i].has_nul);
                assert_int_equal(node->key_has_nul, expected[i].key_has_nul);
        }
}

/* `n` times a text, then others: for texts of a size. */
static char *repeat(const char *before, const char *text, size_t n, const char *after) {
        _cleanup_buf_ Buf buf = {};
        char *bytes = NULL;

        buf_puts(&buf, before);
        for (size_t i = 0; i < n; i++)
                buf_puts(&buf, text);
        buf_puts(&buf, after);
        assert_int_equal(buf_take(&buf, &bytes, NULL), 0);
        return bytes;
}

static void assert_limit(const Fixture *f, uint32_t offset, const char *says) {
        assert_int_equal(f->result, 1);
        assert_int_equal(f->diags.n, 1);
        assert_int_equal(f->diags.items[0].rule, SP102);
        assert_int_equal(f->diags.items[0].span.offset, offset);
        assert_non_null(strstr(f->diags.items[0].message, says));
}

static void test_depth(void **state) {
        static const char *const brackets[][2] = { { "[", "]" }, { "{\"a\":", "}" } };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(brackets); i++)
                for (size_t depth = LIMIT_DEPTH; depth <= LIMIT_DEPTH + 1; depth++) {
                        _cleanup_free_ char *open = repeat("", brackets[i][0], depth, "0");
                        _cleanup_free_ char *text = repeat(open, brackets[i][1], depth, "");
                        _cleanup_fixture_ Fixture f = scan(text);

                        if (depth == LIMIT_DEPTH)
                                assert_int_equal(f.result, 0);
                        else
                                assert_limit(&f, (uint32_t) (LIMIT_DEPTH * strlen(brackets[i][0])),
                                        "64 levels");
                }
        /* width is not depth */
        _cleanup_free_ char *wide = repeat("[[]", ",[]", 1000, "]");
        _cleanup_fixture_ Fixture f = scan(wide);
        assert_int_equal(f.result, 0);
}

static void test_number_of_nodes(void **state) {
        (void) state;
        for (size_t n = LIMIT_NODES - 1; n <= LIMIT_NODES; n++) { /* the array is a value too */
                _cleanup_free_ char *text = repeat("[0", ",0", n - 1, "]");
                _cleanup_fixture_ Fixture f = scan(text);

                if (n < LIMIT_NODES) {
                        assert_int_equal(f.result, 0);
                        assert_int_equal(f.text.n_nodes, LIMIT_NODES);
                } else {
                        assert_limit(&f, (uint32_t) strlen(text) - 2, "150000 values and keys");
                }
        }
}

static void test_keys_count_as_values_do(void **state) {
        (void) state;
        for (size_t n = LIMIT_NODES / 2 - 1; n <= LIMIT_NODES / 2;
                n++) { /* the object is a value too */
                _cleanup_free_ char *text = repeat("{\"\":0", ",\"\":0", n - 1, "}");
                _cleanup_fixture_ Fixture f = scan(text);

                if (n < LIMIT_NODES / 2)
                        assert_int_equal(f.result, 0);
                else
                        assert_limit(&f, (uint32_t) strlen(text) - 2, "150000 values and keys");
        }
}

static void test_size(void **state) {
        (void) state;
        for (size_t size_bytes = LIMIT_PROFILE_BYTES; size_bytes <= LIMIT_PROFILE_BYTES + 1;
                size_bytes++) {
                _cleanup_free_ char *text = repeat("{}", " ", size_bytes - 2, "");
                _cleanup_fixture_ Fixture f = scan_n(text, size_bytes);

                if (size_bytes == LIMIT_PROFILE_BYTES)
                        assert_int_equal(f.result, 0);
                else
                        assert_limit(&f, 0, "1048577 bytes; a profile has at most 1048576");
        }
}

static void test_position(void **state) {
        static const char text[] = "ab\n\u00e4\u20ac\U0001f600x\n\n\xff\r\nz";
        static const struct {
                uint32_t offset, line, column;
        } cases[] = {
                { 0, 1, 1 },
                { 1, 1, 2 },
                { 2, 1, 3 }, /* the line break belongs to its line */
                { 3, 2, 1 },
                { 4, 2, 1 }, /* inside a character: its start */
                { 5, 2, 2 },
                { 8, 2, 3 },
                { 11, 2, 3 },
                { 12, 2, 4 },
                { 13, 2, 5 },
                { 14, 3, 1 },
                { 15, 4, 1 },
                { 16, 4, 2 }, /* a byte that is no UTF-8 is a column */
                { 18, 5, 1 },
                { 19, 5, 2 }, /* the end */
                { 1000, 5, 2 },
        };
        TextCursor cursor = TEXT_CURSOR_START;

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                uint32_t line = 0, column = 0;

                text_position(text, sizeof(text) - 1, cases[i].offset, &line, &column);
                if (line != cases[i].line || column != cases[i].column)
                        fail_msg("offset %u: %u:%u", cases[i].offset, line, column);
                text_cursor_advance(&cursor, text, sizeof(text) - 1, cases[i].offset);
                assert_int_equal(cursor.line, line);
                assert_int_equal(cursor.column, column);
        }
}

static void test_pointers(void **state) {
        static const char *const expected[] = {
                "",
                "/syscalls",
                "/syscalls/0",
                "/syscalls/1",
                "/syscalls/1/names",
                "/syscalls/1/names/0",
                "/a~1b~0c",
                "/\u00e4\u20ac\U0001f600\"\\\b\f\n\r\t",
                "/x\uFFFDy",
                "/",
        };
        _cleanup_fixture_ Fixture f =
                scan("{\"syscalls\": [0, {\"names\": [\"x\"]}], \"a/b~c\": 1, "
                     "\"\\u00e4\\u20AC\\ud83d\\uDE00\\\"\\\\\\b\\f\\n\\r\\t\": 2, "
                     "\"x\\u0000y\": 3, \"\": 4}");

        (void) state;
        assert_int_equal(f.result, 0);
        assert_int_equal(f.text.n_nodes, N_ELEMENTS(expected));
        for (uint32_t i = 0; i < f.text.n_nodes; i++)
                assert_string_equal(text_pointer(f.arena, &f.text, i), expected[i]);
}

static void test_pointer_of_escaped_slash(void **state) {
        _cleanup_fixture_ Fixture f = scan("{\"\\/\\u007e\": 1}");

        (void) state;
        assert_string_equal(text_pointer(f.arena, &f.text, 1), "/~1~0");
}

/* A key of half a megabyte above many nodes must not be copied for each of them. */
static void test_pointer_is_bounded(void **state) {
        _cleanup_free_ char *text = repeat("{\"", "k", 500000, "\": [0]}");
        _cleanup_fixture_ Fixture f = scan(text);
        const char *pointer = NULL;

        (void) state;
        assert_int_equal(f.result, 0);
        pointer = text_pointer(f.arena, &f.text, 2);
        assert_true(strlen(pointer) <= DIAG_STRING_MAX_BYTES + 8);
        assert_memory_equal(pointer, "/kkkk", 5);
}

/* What strings say, and where each byte of that stands. */
static void test_strings(void **state) {
        static const struct {
                const char *literal, *says;
                size_t size_bytes;
                uint32_t places[8]; /* of each byte, and of the end */
        } cases[] = {
                { "\"\"", LITERAL(""), { 1 } },
                { "\"ab\"", LITERAL("ab"), { 1, 2, 3 } },
                { "\"\\n{\\\"\"", LITERAL("\n{\""), { 1, 3, 4, 6 } },
                { "\"\\/\\b\\f\\r\\t\"", LITERAL("/\b\f\r\t"), { 1, 3, 5, 7, 9, 11 } },
                { "\"\u00e4x\"", LITERAL("\u00e4x"), { 1, 1, 3, 4 } },
                { "\"\\u00e4x\"", LITERAL("\u00e4x"), { 1, 1, 7, 8 } },
                { "\"\\ud83d\\ude00x\"", LITERAL("\U0001f600x"), { 1, 1, 1, 1, 13, 14 } },
                { "\"a\\u0000b\"", LITERAL("a\0b"), { 1, 2, 8, 9 } },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture f = scan(cases[i].literal);
                _cleanup_buf_ Buf buf = {};

                assert_int_equal(f.result, 0);
                text_put_string(&buf, &f.text, f.text.nodes[0].value);
                assert_int_equal(buf.size, cases[i].size_bytes);
                if (buf.size > 0)
                        assert_memory_equal(buf.data, cases[i].says, buf.size);
                for (uint32_t at = 0; at <= cases[i].size_bytes; at++)
                        assert_int_equal(text_string_place(&f.text, f.text.nodes[0].value, at),
                                cases[i].places[at]);
                assert_int_equal(text_string_place(&f.text, f.text.nodes[0].value, 999),
                        strlen(cases[i].literal) - 1);
        }
}

/* A text that is no profile may be larger. */
static void test_other_limits(void **state) {
        static const TextLimits limits = { .size_bytes = 2 * LIMIT_PROFILE_BYTES, .n_nodes = 3 };
        static const struct {
                const char *end;
                size_t size_bytes;
                int result;
        } cases[] = {
                { "[1,2]", 2 * LIMIT_PROFILE_BYTES, 0 },
                { "[1,2]", 2 * LIMIT_PROFILE_BYTES + 1, 1 },
                { "[1,2,3]", LIMIT_PROFILE_BYTES, 1 },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture f = { .arena = arena_new() };
                _cleanup_free_ char *text = malloc(cases[i].size_bytes);
                size_t length = strlen(cases[i].end);

                assert_non_null(text);
                memset(text, ' ', cases[i].size_bytes);
                memcpy(text + cases[i].size_bytes - length, cases[i].end, length);
                diags_init(&f.diags, NULL);
                assert_int_equal(text_scan_within(f.arena, text, cases[i].size_bytes, &limits,
                                         &f.diags, &f.text),
                        cases[i].result);
                assert_int_equal(f.diags.n, cases[i].result);
                if (cases[i].result != 0)
                        assert_int_equal(f.diags.items[0].rule, SP102);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_accepted),
                cmocka_unit_test(test_nodes),
                cmocka_unit_test(test_depth),
                cmocka_unit_test(test_number_of_nodes),
                cmocka_unit_test(test_keys_count_as_values_do),
                cmocka_unit_test(test_size),
                cmocka_unit_test(test_position),
                cmocka_unit_test(test_pointers),
                cmocka_unit_test(test_pointer_of_escaped_slash),
                cmocka_unit_test(test_pointer_is_bounded),
                cmocka_unit_test(test_strings),
                cmocka_unit_test(test_other_limits),
        };

        return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
