/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_ARENA_H
#define SECCOMPD_BASE_ARENA_H

#include "base/cleanup.h"

#include <stddef.h>

/**
 * An arena: many small allocations with one owner and one end. What is allocated from it lives
 * until arena_free(); nothing is freed alone.
 */
typedef struct Arena Arena;

/** Makes an empty arena, owned by the caller. Returns NULL when memory is out. */
Arena *arena_new(void);

/** Frees the arena and all that came from it; NULL is fine. Returns NULL. */
Arena *arena_free(Arena *arena);
DEFINE_CLEANUP(Arena, arena_free);

/**
 * Allocates `size_bytes` zeroed bytes, aligned for any type. Returns NULL when memory is out.
 * A size of 0 gives a valid pointer to nothing.
 */
void *arena_alloc(Arena *arena, size_t size_bytes);

/** The same for `n` elements of `size_bytes`; NULL too when the product overflows. */
void *arena_alloc_array(Arena *arena, size_t n, size_t size_bytes);

/** Copies `size_bytes` bytes and adds a NUL behind them. Returns NULL when memory is out. */
char *arena_strndup(Arena *arena, const char *bytes, size_t size_bytes);

/** A formatted string, as asprintf. Returns NULL when memory is out. */
char *arena_printf(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
