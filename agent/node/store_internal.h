/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_STORE_INTERNAL_H
#define SECCOMPD_NODE_STORE_INTERNAL_H

/* What store.c (opening, looking), store_apply.c (writing), store_good.c (what is kept),
 * store_leave.c (the end) and store_child.c (the writer) share. */

#include "node/store.h"
#include "profile/limits.h"

#define STORE_META      ".seccompd"
#define STORE_GOOD      "good"
#define STORE_MANIFEST  "manifest"
#define STORE_LOCK      "lock"
#define STORE_TMP       ".seccompd-tmp-"
#define STORE_FILE_MODE 0644
#define STORE_DIR_MODE  0755
#define STORE_META_MODE 0700

/* Canonical text may be longer than the author's. */
#define STORE_FILE_BYTES_MAX ((size_t) LIMIT_PROFILE_BYTES * 2)

/**
 * Opens one directory of `parent_fd`, following no link; with a `make_mode` other than 0 it is
 * made, with exactly that mode, when it is missing, and with `durable` its parent is synced then.
 * Returns a descriptor, or -errno.
 */
int store_open_dir(int parent_fd, const char *name, mode_t make_mode, bool durable);

/**
 * Opens the directory that holds `path` (relative, below `dir_fd`) component by component, and says
 * where its last element begins; with `make`, what is missing is made, durably. Returns a
 * descriptor, or -errno (-ENOENT, -ELOOP, -ENOTDIR, …).
 */
int store_open_parent(int dir_fd, const char *path, bool make, const char **ret_last);

/** Whether this is the name of a temporary of ours. */
bool store_is_temporary(const char *name);

/** Reads a regular file, never waiting for a fifo. Returns 0, -EBADF when it is something else,
 * -EFBIG, another -errno. */
int store_read_regular(int dir_fd, const char *name, size_t max_bytes, Buf *buf);

/* store_leave.c */

/**
 * Removes `.seccompd`, whose manifest has no entries, and the directories that the removals of
 * `plan` left empty; what somebody else put there stays. Returns 0 or -errno.
 */
int store_leave(const Store *store, const Plan *plan);

/* store_good.c */

/** Writes a whole file of .seccompd, durably: temporary, sync, rename, sync of the directory.
 * Returns 0 or -errno. */
int store_write_whole(int dir_fd, const char *name, const char *bytes, size_t size_bytes);

/** Saves the bytes of a profile to .seccompd/good. Returns 0; -ESTALE when they do not have that
 * digest; another -errno. */
int store_save_good(const Store *store, const char *name, const Digest *digest);

/** Removes the files of .seccompd/good that no entry needs; what cannot be removed now is tried
 * again next time. */
void store_sweep_good(const Store *store, const Manifest *manifest);

#endif
