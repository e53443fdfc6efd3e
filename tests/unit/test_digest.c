/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "base/cleanup.h"
#include "base/digest.h"

#include <errno.h>
#include <string.h>

#define ABC_HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

/* The examples of FIPS 180-4 and the empty message. */
static void test_known_answers(void **state) {
        static const struct {
                const char *message;
                const char *hex;
        } cases[] = {
                { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
                { "abc", ABC_HEX },
                { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Digest digest = digest_of(cases[i].message, strlen(cases[i].message));
                char hex[DIGEST_HEX_SIZE], text[DIGEST_TEXT_SIZE];

                digest_hex(&digest, hex);
                assert_string_equal(hex, cases[i].hex);
                digest_text(&digest, text);
                assert_memory_equal(text, "sha256:", 7);
                assert_string_equal(text + 7, cases[i].hex);
        }
}

static void test_null_of_no_bytes(void **state) {
        Digest a = digest_of(NULL, 0), b = digest_of("", 0);

        (void) state;
        assert_true(digest_equal(&a, &b));
        assert_false(digest_is_none(&a));
}

static void test_parse(void **state) {
        Digest expected = digest_of("abc", 3), digest = {};

        (void) state;
        assert_int_equal(digest_parse_hex(ABC_HEX, &digest), 0);
        assert_true(digest_equal(&digest, &expected));
        assert_int_equal(digest_parse_hex(ABC_HEX " and more", &digest), 0);
}

/* A wrong or missing digit in each place, among them both neighbours of the right ranges. */
static void test_parse_refuses(void **state) {
        static const char wrong[] = { '\0', ' ', '/', ':', '@', 'A', 'F', 'G', '`', 'g',
                (char) 0xb1 };
        Digest digest = digest_of("x", 1), before = digest;

        (void) state;
        for (size_t at = 0; at < 64; at++)
                for (size_t i = 0; i < sizeof(wrong); i++) {
                        char hex[] = ABC_HEX;

                        hex[at] = wrong[i];
                        assert_int_equal(digest_parse_hex(hex, &digest), -EINVAL);
                        assert_true(digest_equal(&digest, &before));
                }
}

/* Nothing behind the first wrong digit may be read: the string may end there. */
static void test_parse_stops_at_end(void **state) {
        Digest digest = {};

        (void) state;
        for (size_t length = 0; length < 64; length++) {
                _cleanup_free_ char *hex = strndup(ABC_HEX, length);

                assert_non_null(hex);
                assert_int_equal(digest_parse_hex(hex, &digest), -EINVAL);
        }
}

static void test_order(void **state) {
        Digest none = {}, low = { .bytes = { 1 } }, high = { .bytes = { 0x80 } };
        Digest last = { .bytes = { [31] = 1 } };

        (void) state;
        assert_true(digest_is_none(&none));
        assert_false(digest_is_none(&last));
        assert_false(digest_equal(&none, &last));
        assert_true(digest_compare(&low, &high) < 0);
        assert_true(digest_compare(&high, &low) > 0);
        assert_true(digest_compare(&last, &low) < 0);
        assert_int_equal(digest_compare(&low, &low), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_known_answers),
                cmocka_unit_test(test_null_of_no_bytes),
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_parse_refuses),
                cmocka_unit_test(test_parse_stops_at_end),
                cmocka_unit_test(test_order),
        };

        return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
