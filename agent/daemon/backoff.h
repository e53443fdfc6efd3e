/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_DAEMON_BACKOFF_H
#define SECCOMPD_DAEMON_BACKOFF_H

#include <stddef.h>
#include <stdint.h>

/** How often we had to repair each name lately. All zero is empty. */
typedef struct Backoff {
        struct BackoffItem *items; /* owned */
        size_t n;
} Backoff;

void backoff_done(Backoff *backoff);

/** When `name` may be repaired next (CLOCK_MONOTONIC); 0: at once. */
uint64_t backoff_not_before(const Backoff *backoff, const char *name);

/**
 * Notes a repair of `name`: the next has to wait 1 s, then 2 s, … up to 60 s; a minute of quiet
 * beyond the wait forgets it all. Returns how many repairs were needed in a row, or -ENOMEM.
 */
int backoff_note(Backoff *backoff, const char *name, uint64_t now_usec);

/** Forgets the names that were quiet long enough. */
void backoff_sweep(Backoff *backoff, uint64_t now_usec);

#endif
