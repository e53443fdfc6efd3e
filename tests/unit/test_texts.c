/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "base/texts.h"

#include <stdio.h>
#include <string.h>

static void test_equal_strings_are_one(void **state) {
        Texts texts = {};
        char other[] = "one";
        const char *a = texts_hold(&texts, "one"), *b = texts_hold(&texts, other);

        (void) state;
        assert_string_equal(a, "one");
        assert_ptr_equal(a, b);
        assert_ptr_not_equal(b, other);
        assert_int_equal(texts.n, 1);
        texts_release(&texts, a);
        assert_string_equal(b, "one");
        assert_int_equal(texts.n, 1);
        texts_release(&texts, b);
        assert_int_equal(texts.n, 0);
        assert_null(texts.tree);
}

static void test_empty_string_and_null(void **state) {
        Texts texts = {};
        const char *empty = texts_hold(&texts, "");

        (void) state;
        assert_string_equal(empty, "");
        texts_release(&texts, NULL);
        assert_int_equal(texts.n, 1);
        texts_release(&texts, empty);
        assert_int_equal(texts.n, 0);
}

/* Each is found again among many, and none is left at the end. */
static void test_many(void **state) {
        enum {
                N = 2000
        };
        static const char *held[N][2];
        Texts texts = {};

        (void) state;
        for (int round = 0; round < 2; round++)
                for (int i = 0; i < N; i++) {
                        char string[32];

                        snprintf(string, sizeof(string), "text %d", i * 7919 % N);
                        held[i][round] = texts_hold(&texts, string);
                        assert_string_equal(held[i][round], string);
                        assert_ptr_equal(held[i][round], held[i][0]);
                }
        assert_int_equal(texts.n, N);
        for (int i = 0; i < N; i++) {
                texts_release(&texts, held[i][0]);
                texts_release(&texts, held[i][1]);
        }
        assert_int_equal(texts.n, 0);
        assert_null(texts.tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_equal_strings_are_one),
                cmocka_unit_test(test_empty_string_and_null),
                cmocka_unit_test(test_many),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
