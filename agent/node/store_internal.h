/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_STORE_INTERNAL_H
#define SECCOMPD_NODE_STORE_INTERNAL_H

/* What store.c (opening, looking), store_apply.c (writing) and store_child.c (the writer) share. */

#include "node/store.h"

#define STORE_META      ".seccompd"
#define STORE_GOOD      "good"
#define STORE_MANIFEST  "manifest"
#define STORE_LOCK      "lock"
#define STORE_TMP       ".seccompd-tmp-"
#define STORE_FILE_MODE 0644
#define STORE_DIR_MODE  0755
#define STORE_META_MODE 0700

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

/** The file name of kept bytes in .seccompd/good: "DIGEST.json". */
#define STORE_GOOD_NAME_SIZE (DIGEST_HEX_SIZE + sizeof(".json"))
void store_good_name(const Digest *digest, char ret_name[static STORE_GOOD_NAME_SIZE]);

#endif
