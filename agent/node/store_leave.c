/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Leaving the destination, once nothing in it is ours any more. What others put there stays, and so
 * do the directories that hold it: a directory goes only when it is empty, and the kernel decides.
 */

#include "node/store_internal.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* The directories that a removed name leaves empty, the innermost first. */
static void remove_empty_directories(const Store *store, const char *name) {
        _cleanup_free_ char *path = strdup(name);

        for (char *slash; path && (slash = strrchr(path, '/'));) {
                const char *last = NULL;
                _cleanup_close_ int parent = -1;

                *slash = '\0';
                parent = store_open_parent(store->dir_fd, path, false, &last);
                if (parent < 0 || unlinkat(parent, last, AT_REMOVEDIR) < 0)
                        return; /* somebody's files are in it, or it is a mount: it stays */
        }
}

static int remove_entry(int dir_fd, const char *name, int flags) {
        if (unlinkat(dir_fd, name, flags) < 0 && errno != ENOENT && errno != ENOTEMPTY)
                return -errno;
        return 0;
}

/* The lock goes last of the files: until then no other instance believes that it is alone. */
int store_leave(const Store *store, const Plan *plan) {
        int r;

        for (size_t i = 0; i < plan->n_items; i++)
                if (plan->items[i].op == PLAN_REMOVE)
                        remove_empty_directories(store, plan->items[i].name);
        r = remove_entry(store->meta_fd, STORE_GOOD, AT_REMOVEDIR);
        if (r == 0)
                r = remove_entry(store->meta_fd, STORE_MANIFEST, 0);
        if (r == 0)
                r = remove_entry(store->meta_fd, STORE_LOCK, 0);
        if (r == 0)
                r = remove_entry(store->dir_fd, STORE_META, AT_REMOVEDIR);
        if (r == 0 && fsync(store->dir_fd) < 0)
                r = -errno;
        return r;
}
