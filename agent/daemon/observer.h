/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_DAEMON_OBSERVER_H
#define SECCOMPD_DAEMON_OBSERVER_H

#include "node/store.h"

/** What was last seen at each name of the destination. All zero is empty. */
typedef struct Observer {
        struct ObserverItem *items; /* sorted by name; owned */
        size_t n;
} Observer;

void observer_done(Observer *observer);

/**
 * What stands at `name`: read and hashed, or, unless `full`, as remembered when the file's witness
 * (inode, times, size, mode) is the same. `ret_observed->name` is the caller's `name`. Returns 0 or
 * -errno.
 */
int observer_look(Observer *observer, const Store *store, const char *name, bool full,
        Observed *ret_observed);

/** Whether `name` was seen before and its witness is still the same: nobody touched it. */
bool observer_is_unchanged(const Observer *observer, const Store *store, const char *name);

/** Forgets a name: the next look reads it. */
void observer_forget(Observer *observer, const char *name);

#endif
