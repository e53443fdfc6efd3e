/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_WATCH_H
#define SECCOMPD_NODE_WATCH_H

#include "base/cleanup.h"

#include <stddef.h>
#include <stdint.h>

/*
 * inotify reduced to "something changed, and how urgent it is". It never says what: a pass reads
 * everything again. Events only save time; the rescan finds what they miss.
 */

typedef enum WatchEvents {
        WATCH_SOURCE_SWAPPED = 1 << 0,      /* a ..data rename: a complete new snapshot is there */
        WATCH_SOURCE_CHANGED = 1 << 1,      /* a plain directory changed: wait for quiet */
        WATCH_DESTINATION_CHANGED = 1 << 2, /* a profile below the destination was touched */
        WATCH_OVERFLOW = 1 << 3,            /* events were lost: rescan and arm again */
        WATCH_GONE = 1 << 4,                /* a watched directory went away: arm again */
} WatchEvents;

typedef struct Watch Watch;

/** Makes an inotify instance. Returns 0; -EMFILE, -ENOMEM, … when none is to be had: then poll. */
int watch_new(Watch **ret_watch);
Watch *watch_free(Watch *watch);
DEFINE_CLEANUP(Watch, watch_free);

/** The descriptor to wait on for input. Borrowed. */
int watch_fd(const Watch *watch);

/**
 * Arms (or arms again) the watch on a source: its root, subdirectories of a plain directory, or,
 * while it is missing, the nearest existing directory above it. `id` is the caller's number of the
 * source. Returns 0 or -errno (-ENOSPC: the kernel's limit of watches is reached, or ours of
 * directories).
 */
int watch_source(Watch *watch, size_t id, const char *path);

/**
 * Arms (or arms again) the watch on the destination and its subdirectories (not `.seccompd`).
 * `dir_fd` is borrowed for the call. Names that begin with a dot make no event. Returns 0 or
 * -errno.
 */
int watch_destination(Watch *watch, int dir_fd);

/**
 * Reads all that is pending, never blocks. `*ret_events` is a set of WatchEvents; `*ret_n` the
 * number of kernel events read. Returns 0 or -errno.
 */
int watch_read(Watch *watch, uint32_t *ret_events, size_t *ret_n);

#endif
