/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "base/arena.h"

#include <stdbool.h>
#include <string.h>

static bool is_zero(const unsigned char *bytes, size_t size_bytes) {
        for (size_t i = 0; i < size_bytes; i++)
                if (bytes[i] != 0)
                        return false;
        return true;
}

static void test_free_of_null(void **state) {
        (void) state;
        assert_null(arena_free(NULL));
}

static void test_alignment_and_zero(void **state) {
        static const size_t sizes[] = { 0, 1, 7, 8, 15, 16, 17, 100, 1023, 1024, 1025, 4095, 4096,
                5000, 70000, 300000 };
        _cleanup_(arena_freep) Arena *arena = arena_new();

        (void) state;
        assert_non_null(arena);
        for (size_t round = 0; round < 50; round++)
                for (size_t i = 0; i < N_ELEMENTS(sizes); i++) {
                        unsigned char *bytes = arena_alloc(arena, sizes[i]);

                        assert_non_null(bytes);
                        assert_int_equal((uintptr_t) bytes % _Alignof(max_align_t), 0);
                        assert_true(is_zero(bytes, sizes[i]));
                        memset(bytes, 0xa5, sizes[i]);
                }
}

/* Each piece keeps what was written to it, whatever is allocated later. */
static void test_pieces_do_not_overlap(void **state) {
        _cleanup_(arena_freep) Arena *arena = arena_new();
        unsigned char *pieces[2000];
        size_t sizes[2000];
        uint32_t seed = 1;

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(pieces); i++) {
                seed = seed * 1664525 + 1013904223;
                sizes[i] = (seed >> 16) % (i % 100 == 0 ? 30000 : 200);
                pieces[i] = arena_alloc(arena, sizes[i]);
                assert_non_null(pieces[i]);
                memset(pieces[i], (int) (i % 251), sizes[i]);
        }
        for (size_t i = 0; i < N_ELEMENTS(pieces); i++)
                for (size_t j = 0; j < sizes[i]; j++)
                        assert_int_equal(pieces[i][j], i % 251);
}

/* A large piece must not throw the open block's rest away: neighbours stay neighbours. */
static void test_large_piece_leaves_block_open(void **state) {
        _cleanup_(arena_freep) Arena *arena = arena_new();
        char *first = arena_alloc(arena, 16);
        char *large = arena_alloc(arena, 1 << 20);
        char *second = arena_alloc(arena, 16);

        (void) state;
        assert_non_null(large);
        assert_ptr_equal(second, first + 16);
}

static void test_array(void **state) {
        _cleanup_(arena_freep) Arena *arena = arena_new();
        uint64_t *numbers = arena_alloc_array(arena, 1000, sizeof(numbers[0]));

        (void) state;
        assert_non_null(numbers);
        for (size_t i = 0; i < 1000; i++) {
                assert_int_equal(numbers[i], 0);
                numbers[i] = i;
        }
        assert_non_null(arena_alloc_array(arena, 0, 8));
}

static void test_impossible_sizes(void **state) {
        _cleanup_(arena_freep) Arena *arena = arena_new();

        (void) state;
        assert_null(arena_alloc(arena, SIZE_MAX));
        assert_null(arena_alloc(arena, SIZE_MAX - 15));
        assert_null(arena_alloc(arena, SIZE_MAX - 31));
        assert_null(arena_alloc_array(arena, SIZE_MAX / 2, 3));
        assert_null(arena_strndup(arena, "", SIZE_MAX));
        assert_non_null(arena_alloc(arena, 8)); /* still of use */
}

static void test_strndup(void **state) {
        _cleanup_(arena_freep) Arena *arena = arena_new();
        char *copy = arena_strndup(arena, "profile.json", 7);

        (void) state;
        assert_string_equal(copy, "profile");
        assert_string_equal(arena_strndup(arena, NULL, 0), "");
        assert_memory_equal(arena_strndup(arena, "a\0b", 3), "a\0b", 4);
}

static void test_printf(void **state) {
        _cleanup_(arena_freep) Arena *arena = arena_new();
        char *text = arena_printf(arena, "%s/%u", "names", 7U);
        char *wide = arena_printf(arena, "%5000s", "x");

        (void) state;
        assert_string_equal(text, "names/7");
        assert_int_equal(strlen(wide), 5000);
        assert_string_equal(arena_printf(arena, "%s", ""), "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_free_of_null),
                cmocka_unit_test(test_alignment_and_zero),
                cmocka_unit_test(test_pieces_do_not_overlap),
                cmocka_unit_test(test_large_piece_leaves_block_open),
                cmocka_unit_test(test_array),
                cmocka_unit_test(test_impossible_sizes),
                cmocka_unit_test(test_strndup),
                cmocka_unit_test(test_printf),
        };

        return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
