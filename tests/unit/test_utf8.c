/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "base/cleanup.h"
#include "base/utf8.h"

#include <string.h>

/* Every code point there is, there and back, and its every shortening. */
static void test_all_code_points(void **state) {
        (void) state;
        for (uint32_t codepoint = 0; codepoint <= 0x10ffff; codepoint++) {
                char bytes[4];
                uint32_t read = 0xffffffff;
                size_t length = utf8_encode(codepoint, bytes);
                bool is_surrogate = codepoint >= 0xd800 && codepoint <= 0xdfff;

                if (utf8_decode(bytes, length, &read) != (is_surrogate ? 0 : length))
                        fail_msg("U+%04X: wrong length", (unsigned) codepoint);
                if (!is_surrogate && read != codepoint)
                        fail_msg("U+%04X: read as U+%04X", (unsigned) codepoint, (unsigned) read);
                if (length > 1 && utf8_decode(bytes, length - 1, NULL) != 0)
                        fail_msg("U+%04X: accepted though cut short", (unsigned) codepoint);
        }
}

static void test_lengths(void **state) {
        static const struct {
                uint32_t codepoint;
                size_t length;
        } cases[] = { { 0, 1 }, { 0x7f, 1 }, { 0x80, 2 }, { 0x7ff, 2 }, { 0x800, 3 }, { 0xffff, 3 },
                { 0x10000, 4 }, { 0x10ffff, 4 } };
        char bytes[4];

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
                assert_int_equal(utf8_encode(cases[i].codepoint, bytes), cases[i].length);
}

static void test_ill_formed(void **state) {
        static const char *const cases[] = {
                "\x80",
                "\xbf",
                "\xc0\x80",
                "\xc1\xbf",
                "\xc2",
                "\xc2\x7f",
                "\xc2\xc0",
                "\xe0\x9f\xbf",
                "\xe0\x80\x80",
                "\xe1\x80",
                "\xe1\x80\x7f",
                "\xed\xa0\x80",
                "\xed\xbf\xbf",
                "\xf0\x8f\xbf\xbf",
                "\xf0\x90\x80",
                "\xf1\x80\x80\xc0",
                "\xf4\x90\x80\x80",
                "\xf5\x80\x80\x80",
                "\xfe",
                "\xff",
        };
        uint32_t codepoint = 7;

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
                assert_int_equal(utf8_decode(cases[i], strlen(cases[i]), &codepoint), 0);
        assert_int_equal(utf8_decode("a", 0, &codepoint), 0);
        assert_int_equal(codepoint, 7);
}

static void test_harmless(void **state) {
        static const uint32_t harmless[] = { ' ', '~', 0xa0, 0xe4, 0x200d, 0x2010, 0x2027, 0x202f,
                0x2065, 0x206a, 0xfffd, 0x1f600 };
        static const uint32_t harmful[] = { 0, 0x1b, '\n', '\t', 0x7f, 0x80, 0x9b, 0x9f, 0x200e,
                0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069 };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(harmless); i++)
                assert_true(utf8_is_harmless(harmless[i]));
        for (size_t i = 0; i < N_ELEMENTS(harmful); i++)
                assert_false(utf8_is_harmless(harmful[i]));
}

static void test_made_harmless(void **state) {
        static const struct {
                const char *before, *after;
        } cases[] = {
                { "", "" },
                { "web-1 \u00e4\u4e2d.json", "web-1 \u00e4\u4e2d.json" },
                { "a\033[31m\nb\x7f", "a?[31m?b?" },
                { "\xc2\x9b"
                  "1m \u202egnp\u2028",
                        "?1m ?gnp?" },
                { "\xff\xc3\u00e4\xe2\x80", "??\u00e4??" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                char text[64];

                memcpy(text, cases[i].before, strlen(cases[i].before) + 1);
                assert_int_equal(utf8_make_harmless(text), strlen(cases[i].after));
                assert_string_equal(text, cases[i].after);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_code_points),
                cmocka_unit_test(test_lengths),
                cmocka_unit_test(test_ill_formed),
                cmocka_unit_test(test_harmless),
                cmocka_unit_test(test_made_harmless),
        };

        return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
