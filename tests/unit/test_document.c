/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "profile/document.h"

#include <stdlib.h>
#include <string.h>

/* A document with all that it needs and leaves; `result` is document_parse()'s. */
typedef struct Fixture {
        Arena *arena;
        char *bytes;
        DiagList diags;
        Document document;
        int result;
} Fixture;

static void fixture_done(Fixture *fixture) {
        document_done(&fixture->document);
        diags_done(&fixture->diags);
        arena_free(fixture->arena);
        free(fixture->bytes);
}
#define _cleanup_fixture_ _cleanup_(fixture_done)

static Fixture parse(const char *text) {
        size_t size_bytes = strlen(text);
        Fixture fixture = { .arena = arena_new(), .bytes = malloc(size_bytes) };

        assert_non_null(fixture.arena);
        assert_non_null(fixture.bytes);
        memcpy(fixture.bytes, text, size_bytes); /* no NUL behind: nothing may rely on one */
        diags_init(&fixture.diags, NULL);
        fixture.result = document_parse(
                fixture.arena, fixture.bytes, size_bytes, &fixture.diags, &fixture.document);
        assert_int_equal(fixture.diags.error, 0);
        return fixture;
}

static Fixture parse_good(const char *text) {
        Fixture fixture = parse(text);

        if (fixture.result != 0)
                fail_msg("%s: %s", text, fixture.diags.items[0].message);
        assert_int_equal(fixture.diags.n, 0);
        return fixture;
}

static const cJSON *member(const cJSON *object, const char *key) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

        assert_non_null(item);
        return item;
}

static void test_items_know_their_nodes(void **state) {
        static const char text[] =
                "{\"a\": [1, [], \"x\"], \"b\": {\"c\": {}, \"d\": null}, \"e\": true}";
        _cleanup_fixture_ Fixture f = parse_good(text);
        const cJSON *root = f.document.root, *a = member(root, "a"), *b = member(root, "b");
        const struct {
                const cJSON *item;
                const char *value;
        } expected[] = {
                { root, text },
                { a, "[1, [], \"x\"]" },
                { a->child, "1" },
                { a->child->next, "[]" },
                { a->child->next->next, "\"x\"" },
                { b, "{\"c\": {}, \"d\": null}" },
                { member(b, "c"), "{}" },
                { member(b, "d"), "null" },
                { member(root, "e"), "true" },
        };

        (void) state;
        assert_int_equal(f.document.text.n_nodes, N_ELEMENTS(expected));
        for (uint32_t i = 0; i < N_ELEMENTS(expected); i++) {
                const TextNode *node = document_text_node(&f.document, expected[i].item);

                assert_int_equal(document_node(expected[i].item), i);
                assert_int_equal(node->value.length, strlen(expected[i].value));
                assert_memory_equal(
                        f.bytes + node->value.offset, expected[i].value, node->value.length);
        }
}

static void test_scalars(void **state) {
        static const char *const texts[] = { "null", "true", "false", "0", "\"x\"", "[]", "{}" };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
                _cleanup_fixture_ Fixture f = parse_good(texts[i]);

                assert_int_equal(document_node(f.document.root), 0);
        }
}

static void test_refused_text(void **state) {
        _cleanup_fixture_ Fixture f = parse("{\"a\": 01}");

        (void) state;
        assert_int_equal(f.result, 1);
        assert_int_equal(f.diags.items[0].rule, SP101);
        assert_null(f.document.root);
}

static void test_same_keys(void **state) {
        static const struct {
                const char *text;
                size_t n;
                const char *key; /* the first finding points at it */
                uint32_t offset;
                const char *says;
        } cases[] = {
                { "{\"a\":1,\"a\":2}", 1, "/a", 7, "duplicate key \"a\", also in line 1" },
                { "{\n\"a\":1,\n\"b\":1,\n\"a\":2}", 1, "/a", 16,
                        "duplicate key \"a\", also in line 2" },
                { "{\"a\":1,\"\\u0061\":2}", 1, "/a", 7, "duplicate key \"a\"" }, /* as decoded */
                { "{\"names\":1,\n\"Names\":2}", 1, "/Names", 12,
                        "key \"Names\" is \"names\" of line 1 but for case" },
                { "{\"syscalls\":1,\"\u017fy\u017fcall\u017f\":2}", 1, "/\u017fy\u017fcall\u017f",
                        14, "but for case" },
                { "{\"kind\":1,\"\u212aind\":2}", 1, "/\u212aind", 10, "but for case" },
                { "{\"\\u212a\":1,\"K\":2}", 1, "/K", 12, "but for case" },
                { "{\"a\":1,\"a\":2,\"A\":3}", 2, NULL, 7, "duplicate key \"a\"" },
                { "[0,{\"x\":{\"\":1,\"\":2}}]", 1, "/1/x/", 14, "duplicate key \"\"" },
                { "{\"x\":{\"a\":1,\"a\":2},\"y\":{\"b\":1,\"b\":2}}", 2, NULL, 12,
                        "duplicate key \"a\"" },
                { "{\"z\":1,\"y\":2,\"x\":{\"x\":1,\"y\":2,\"z\":3},\"Y\":4}", 1, "/Y", 37,
                        "but for case" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture f = parse(cases[i].text);

                assert_int_equal(f.result, 1);
                assert_null(f.document.root);
                assert_int_equal(f.diags.n, cases[i].n);
                for (size_t k = 0; k < f.diags.n; k++)
                        assert_int_equal(f.diags.items[k].rule, SP103);
                assert_int_equal(f.diags.items[0].span.offset, cases[i].offset);
                if (cases[i].key)
                        assert_string_equal(f.diags.items[0].pointer, cases[i].key);
                if (!strstr(f.diags.items[0].message, cases[i].says))
                        fail_msg("%s: %s", cases[i].text, f.diags.items[0].message);
                assert_non_null(f.diags.items[0].hint);
        }
}

static void test_different_keys(void **state) {
        static const char *const texts[] = {
                "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", "[{\"a\":1},{\"a\":1}]",
                "{\"a\":1,\"ab\":2,\"\":3,\"b\":4}",
                "{\"\u00e4\":1,\"\u00c4\":2}", /* Go compares with ASCII field names only */
                "{\"s\":1,\"\u017e\":2,\"\u0130\":3,\"k\":4,\"\u212b\":5}",
                "{\"[\":1,\"{\":2,\"@\":3,\"`\":4}", /* neighbours of the letters */
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
                _cleanup_fixture_ Fixture f = parse_good(texts[i]);

                (void) f;
        }
}

/* As many equal keys, or different ones, as a file can hold: in a moment, not in a minute. */
static void test_many_keys(void **state) {
        (void) state;
        for (size_t i = 0; i < 2; i++) {
                _cleanup_buf_ Buf buf = {};

                buf_putc(&buf, '{');
                for (unsigned k = 0; k < 74000; k++)
                        if (i == 0)
                                buf_printf(&buf, "\"k%06u\":0,", k);
                        else
                                buf_puts(&buf, "\"same\":0,");
                buf_puts(&buf, "\"end\":0}");
                _cleanup_fixture_ Fixture f = parse(buf.data);
                assert_int_equal(f.result, i == 0 ? 0 : 1);
                assert_int_equal(f.diags.worst, i == 0 ? SEVERITY_OFF : SEVERITY_ERROR);
                if (i == 1) {
                        assert_int_equal(diags_finish(&f.diags, buf.data, buf.size), 0);
                        assert_int_equal(f.diags.n + f.diags.n_dropped, 73999);
                        assert_int_equal(f.diags.items[0].column, 11); /* the first ones are kept */
                }
        }
}

static void test_key_with_nul(void **state) {
        _cleanup_fixture_ Fixture f = parse("{\"a\": {\"names\\u0000x\": 1, \"\\u0000\": 2}}");

        (void) state;
        assert_int_equal(f.result, 1);
        assert_int_equal(f.diags.n, 2);
        assert_int_equal(f.diags.items[0].rule, SP101);
        assert_int_equal(f.diags.items[0].span.offset, 7);
        assert_string_equal(f.diags.items[0].pointer, "/a/names\uFFFDx");
}

static void test_value_with_nul(void **state) {
        _cleanup_fixture_ Fixture f = parse_good("{\"a\": \"x\\u0000y\"}");

        (void) state;
        assert_true(document_text_node(&f.document, member(f.document.root, "a"))->has_nul);
}

static void test_endless_number(void **state) {
        char text[80];

        (void) state;
        for (size_t n_digits = 63; n_digits <= 64; n_digits++) {
                memset(text, '7', sizeof(text));
                text[0] = '[';
                strcpy(text + 1 + n_digits, "]");
                _cleanup_fixture_ Fixture f = parse(text);
                assert_int_equal(f.result, n_digits == 64);
                if (f.result == 0)
                        continue;
                assert_int_equal(f.diags.items[0].rule, SP104);
                assert_string_equal(f.diags.items[0].message,
                        "a number of 64 characters: some parsers read a part of it");
                assert_string_equal(f.diags.items[0].pointer, "/0");
        }
}

static void test_uint(void **state) {
        static const struct {
                const char *text;
                uint64_t max;
                uint64_t value;
        } cases[] = {
                { "0", 0, 0 },
                { "5", 5, 5 },
                { "65535", UINT16_MAX, 65535 },
                { "9007199254740993", UINT64_MAX, 9007199254740993 }, /* no double holds it */
                { "18446744073709551614", UINT64_MAX, UINT64_MAX - 1 },
                { "18446744073709551615", UINT64_MAX, UINT64_MAX },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture f = parse_good(cases[i].text);
                uint64_t value = 77;

                assert_int_equal(document_get_uint(&f.document, f.document.root, cases[i].max, NULL,
                                         &f.diags, &value),
                        0);
                assert_true(value == cases[i].value);
                assert_int_equal(f.diags.n, 0);
        }
}

static void test_uint_refused(void **state) {
        static const struct {
                const char *text;
                uint64_t max;
                RuleId rule;
                const char *message;
                const char *hint;
        } cases[] = {
                { "6", 5, SP104, "6 is too large, and decoders refuse it: at most 5", "so many" },
                { "65536", UINT16_MAX, SP104,
                        "65536 is too large, and decoders refuse it: at most 65535", "so many" },
                { "18446744073709551616", UINT64_MAX, SP104,
                        "18446744073709551616 is too large, and decoders refuse it: at most "
                        "18446744073709551615",
                        "so many" },
                { "99999999999999999999", UINT64_MAX, SP104,
                        "99999999999999999999 is too large, and decoders refuse it: at most "
                        "18446744073709551615",
                        "so many" },
                { "99999999999999999999999", 9, SP104,
                        "99999999999999999999999 is too large, and decoders refuse it: at most 9",
                        "so many" },
                { "-1", 9, SP104, "-1 is negative: decoders refuse all but unsigned integers",
                        "so many" },
                { "-0", 9, SP104, "-0 is negative: decoders refuse all but unsigned integers",
                        "so many" },
                { "-1.5", 9, SP104, "-1.5 is negative: decoders refuse all but unsigned integers",
                        "so many" },
                { "511.0", 9999, SP104, "511.0 is not a plain integer, and runtimes refuse it",
                        "write 511" },
                { "1e3", 9999, SP104, "1e3 is not a plain integer, and runtimes refuse it",
                        "write 1000" },
                { "1E-1", 9, SP104, "1E-1 is not a plain integer, and runtimes refuse it",
                        "so many" },
                { "0.5", 9, SP104, "0.5 is not a plain integer, and runtimes refuse it",
                        "so many" },
                { "1e400", 9, SP104, "1e400 is not a plain integer, and runtimes refuse it",
                        "so many" },
                { "1e18", 9, SP104, "1e18 is not a plain integer, and runtimes refuse it",
                        "so many" },
                { "\"511\"", 9, SP205, "\"511\" is a string where a number is wanted",
                        "write it without quotes: 511" },
                { "\"18446744073709551615\"", 9, SP205,
                        "\"18446744073709551615\" is a string where a number is wanted",
                        "write it without quotes: 18446744073709551615" },
                { "\"\"", 9, SP205, "a string where a number is wanted", "so many" },
                { "\"ENOSYS\"", 9, SP205, "a string where a number is wanted",
                        "write the number: 38" },
                { "\"0x7e020000\"", 9, SP205, "a string where a number is wanted",
                        "write the number: 2114060288" },
                { "\"0xffffffffffffffff\"", 9, SP205, "a string where a number is wanted",
                        "write the number: 18446744073709551615" },
                { "\"0x10000000000000000\"", 9, SP205, "a string where a number is wanted",
                        "so many" },
                { "\"0x\"", 9, SP205, "a string where a number is wanted", "so many" },
                { "\"CLONE_NEWUSER\"", 9, SP205, "a string where a number is wanted",
                        "write the number: 268435456" },
                { "\"PROT_EXEC\"", 9, SP205, "a string where a number is wanted",
                        "write the number: 4" },
                { "\"SOCK_RAW\"", 9, SP205, "a string where a number is wanted",
                        "write the number: 3" },
                { "\"PROT_READ |PROT_EXEC\"", 9, SP205, "a string where a number is wanted",
                        "write the number: 5" },
                { "\"PROT_READ|ENOSYS\"", 9, SP205, "a string where a number is wanted",
                        "so many" },
                { "\"|\"", 9, SP205, "a string where a number is wanted", "so many" },
                { "\"AF_VSOCK\"", 9, SP205, "a string where a number is wanted",
                        "write the number: 40" },
                { "\"-1\"", 9, SP205, "a string where a number is wanted", "so many" },
                { "\"007\"", 9, SP205, "a string where a number is wanted", "so many" },
                { "\"18446744073709551616\"", 9, SP205, "a string where a number is wanted",
                        "so many" },
                { "null", 9, SP205, "null where a number is wanted", "so many" },
                { "true", 9, SP205, "true where a number is wanted", "so many" },
                { "false", 9, SP205, "false where a number is wanted", "so many" },
                { "[1]", 9, SP205, "an array where a number is wanted", "so many" },
                { "{}", 9, SP205, "an object where a number is wanted", "so many" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_buf_ Buf text = {};
                uint64_t value = 77;

                buf_printf(&text, "{\"x\": %s}", cases[i].text);
                _cleanup_fixture_ Fixture f = parse_good(text.data);
                assert_int_equal(document_get_uint(&f.document, member(f.document.root, "x"),
                                         cases[i].max, "so many", &f.diags, &value),
                        1);
                assert_int_equal(value, 77);
                assert_int_equal(f.diags.n, 1);
                assert_int_equal(f.diags.items[0].rule, cases[i].rule);
                assert_string_equal(f.diags.items[0].message, cases[i].message);
                assert_string_equal(f.diags.items[0].pointer, "/x");
                assert_int_equal(f.diags.items[0].span.offset, 6);
                assert_int_equal(f.diags.items[0].span.length, strlen(cases[i].text));
                if (cases[i].hint)
                        assert_string_equal(f.diags.items[0].hint, cases[i].hint);
                else
                        assert_null(f.diags.items[0].hint);
        }
}

static void test_diag(void **state) {
        _cleanup_fixture_ Fixture f = parse_good("{\"a\": [10]}");
        const struct {
                uint32_t node;
                bool on_key;
                uint32_t offset, length;
                const char *pointer;
        } cases[] = {
                { 0, false, 0, 11, "" },
                { 0, true, 0, 11, "" }, /* there is no key */
                { 1, false, 6, 4, "/a" },
                { 1, true, 1, 3, "/a" },
                { 2, true, 7, 2, "/a/0" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const Diag *diag = NULL;

                document_diag(&f.document, &f.diags, SP801, cases[i].node, cases[i].on_key, "do %s",
                        "%s %d", "is", 1);
                document_diag_as(&f.document, &f.diags, SP801, SEVERITY_ERROR, cases[i].node,
                        cases[i].on_key, NULL, "%s %d", "was", 2);
                assert_int_equal(f.diags.n, 2 * (i + 1));
                diag = &f.diags.items[2 * i];
                assert_int_equal(diag->severity, SEVERITY_WARNING);
                assert_string_equal(diag->message, "is 1");
                assert_string_equal(diag->hint, "do %s");
                for (size_t k = 0; k < 2; k++, diag++) {
                        assert_int_equal(diag->rule, SP801);
                        assert_int_equal(diag->span.offset, cases[i].offset);
                        assert_int_equal(diag->span.length, cases[i].length);
                        assert_string_equal(diag->pointer, cases[i].pointer);
                }
                assert_int_equal(diag[-1].severity, SEVERITY_ERROR);
                assert_string_equal(diag[-1].message, "was 2");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_items_know_their_nodes),
                cmocka_unit_test(test_scalars),
                cmocka_unit_test(test_refused_text),
                cmocka_unit_test(test_same_keys),
                cmocka_unit_test(test_different_keys),
                cmocka_unit_test(test_many_keys),
                cmocka_unit_test(test_key_with_nul),
                cmocka_unit_test(test_value_with_nul),
                cmocka_unit_test(test_endless_number),
                cmocka_unit_test(test_uint),
                cmocka_unit_test(test_uint_refused),
                cmocka_unit_test(test_diag),
        };

        return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
