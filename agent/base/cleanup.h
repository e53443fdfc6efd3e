/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_CLEANUP_H
#define SECCOMPD_BASE_CLEANUP_H

/*
 * Ownership in one grammar: a local that owns something carries a cleanup attribute and is
 * initialised; ownership leaves a scope by TAKE_PTR or TAKE_FD and by nothing else.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

/** Yields the pointer and leaves NULL behind: ownership moves to the reader of the value. */
#define TAKE_PTR(ptr)                                                                              \
        ({                                                                                         \
                __typeof__(ptr) *take_slot_ = &(ptr);                                              \
                __typeof__(ptr) take_value_ = *take_slot_;                                         \
                *take_slot_ = NULL;                                                                \
                take_value_;                                                                       \
        })

/** Yields the descriptor and leaves -1 behind. */
#define TAKE_FD(fd)                                                                                \
        ({                                                                                         \
                int *take_slot_ = &(fd);                                                           \
                int take_value_ = *take_slot_;                                                     \
                *take_slot_ = -1;                                                                  \
                take_value_;                                                                       \
        })

/** Defines `TYPE *` cleanup helper `fn##p` for a free function that takes NULL and returns NULL. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses there */
#define DEFINE_CLEANUP(type, fn)                                                                   \
        static inline void fn##p(type **slot) {                                                    \
                if (*slot)                                                                         \
                        fn(*slot);                                                                 \
        }                                                                                          \
        struct cleanup_needs_semicolon_
/* NOLINTEND(bugprone-macro-parentheses) */

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

static inline void freep(void *slot) {
        free(*(void **) slot);
}

static inline void closep(const int *fd) {
        if (*fd >= 0)
                close(*fd);
}

static inline void fclosep(FILE **stream) {
        if (*stream)
                fclose(*stream);
}

#define _cleanup_free_   _cleanup_(freep)
#define _cleanup_close_  _cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)

/** Closes `fd` when it is open; returns -1, so that `x = fd_close(x)` cannot close twice. */
static inline int fd_close(int fd) {
        if (fd >= 0)
                close(fd);
        return -1;
}

#endif
