/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An arena is a list of zeroed blocks, the newest first. A check makes thousands of small objects
 * that all die together; giving them one owner is simpler than owning each, and a lost free cannot
 * happen. Blocks double up to a bound, so a small profile costs a page and a large one few calls to
 * malloc. What does not fit the open block and is large gets a block of its own, put behind the
 * open one, so that the open one's rest is not wasted.
 */

#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_MIN_BYTES 4096U
#define ARENA_BLOCK_MAX_BYTES (256U << 10)

typedef struct ArenaBlock ArenaBlock;
struct ArenaBlock {
        ArenaBlock *older;
        size_t used;
        size_t capacity;
        max_align_t bytes[];
};

struct Arena {
        ArenaBlock *open; /* where small allocations go; NULL before the first */
        size_t next_capacity;
};

Arena *arena_new(void) {
        Arena *arena = calloc(1, sizeof(*arena));

        if (arena)
                arena->next_capacity = ARENA_BLOCK_MIN_BYTES;
        return arena;
}

Arena *arena_free(Arena *arena) {
        if (!arena)
                return NULL;
        while (arena->open) {
                ArenaBlock *block = arena->open;

                arena->open = block->older;
                free(block);
        }
        free(arena);
        return NULL;
}

static ArenaBlock *block_new(size_t capacity) {
        ArenaBlock *block = NULL;

        if (capacity > SIZE_MAX - sizeof(*block))
                return NULL;
        block = calloc(1, sizeof(*block) + capacity);
        if (block)
                block->capacity = capacity;
        return block;
}

/* A block with room for `size_bytes`: the open one, a new open one, or one for this size alone. */
static ArenaBlock *block_with_room(Arena *arena, size_t size_bytes) {
        ArenaBlock *open = arena->open, *block = NULL;
        bool is_large = size_bytes > arena->next_capacity / 4;

        if (open && open->capacity - open->used >= size_bytes)
                return open;
        block = block_new(is_large ? size_bytes : arena->next_capacity);
        if (!block)
                return NULL;
        if (is_large && open) {
                block->older = open->older;
                open->older = block;
                return block;
        }
        block->older = open;
        arena->open = block;
        if (!is_large && arena->next_capacity < ARENA_BLOCK_MAX_BYTES)
                arena->next_capacity *= 2;
        return block;
}

void *arena_alloc(Arena *arena, size_t size_bytes) {
        const size_t align = _Alignof(max_align_t);
        ArenaBlock *block = NULL;
        char *start = NULL;

        if (size_bytes > SIZE_MAX - align)
                return NULL;
        size_bytes = (size_bytes + align - 1) / align * align;
        block = block_with_room(arena, size_bytes);
        if (!block)
                return NULL;
        start = (char *) block->bytes + block->used;
        block->used += size_bytes;
        return start;
}

void *arena_alloc_array(Arena *arena, size_t n, size_t size_bytes) {
        size_t product = 0;

        if (__builtin_mul_overflow(n, size_bytes, &product))
                return NULL;
        return arena_alloc(arena, product);
}

char *arena_strndup(Arena *arena, const char *bytes, size_t size_bytes) {
        char *copy = NULL;

        if (size_bytes == SIZE_MAX)
                return NULL;
        copy = arena_alloc(arena, size_bytes + 1);
        if (copy && size_bytes > 0)
                memcpy(copy, bytes, size_bytes);
        return copy;
}

char *arena_printf(Arena *arena, const char *format, ...) {
        _cleanup_free_ char *text = NULL;
        va_list args;
        int length;

        va_start(args, format);
        length = vasprintf(&text, format, args);
        va_end(args);
        if (length < 0) {
                text = NULL; /* undefined after a failure */
                return NULL;
        }
        return arena_strndup(arena, text, (size_t) length);
}
