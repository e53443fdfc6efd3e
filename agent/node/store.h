/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_STORE_H
#define SECCOMPD_NODE_STORE_H

#include "node/child.h"
#include "node/plan.h"

/*
 * The destination, `<kubelet root>/seccomp/<subdir>`: opened beneath directory descriptors, no link
 * followed; one agent at a time by a lock; every change by temporary file, fsync and rename.
 */

typedef struct Store {
        int dir_fd;  /* the destination; owned; -1 while closed */
        int meta_fd; /* .seccompd in it; owned */
        int lock_fd; /* .seccompd/lock, locked (flock, exclusive); owned; -1 while not locked */
        Manifest manifest;          /* as on disk, less what was before and is durably replaced */
        char *path;                 /* for messages; owned */
        unsigned n_unsynced_levels; /* directories from the destination upwards that store_open()
                                       made or may have made: the writer syncs them, whose disk may
                                       be slow */
} Store;

#define STORE_CLOSED ((Store){ .dir_fd = -1, .meta_fd = -1, .lock_fd = -1 })

/**
 * Opens (and makes where missing, 0755) `seccomp/<subdir>` below an existing `kubelet_root`;
 * `subdir` is a plain relative path or ".". `.seccompd` inside it is made 0700. Nothing else is
 * touched. Returns 0; -errno with `*ret_problem` (owned, for a person): -ENOENT no kubelet root,
 * -ELOOP a link in the way, -EROFS, -EACCES, -ENOSPC, -ENOTDIR, ….
 */
int store_open(const char *kubelet_root, const char *subdir, Store *ret_store, char **ret_problem);

/** Tries the lock once. Returns 0; -EWOULDBLOCK while another instance holds it; another -errno. */
int store_lock(Store *store);

/**
 * With the lock: reads the manifest (absent: empty), removes temporaries that a crash left.
 * Returns 0; -EBADMSG when the manifest cannot be read: then nothing may be written; another
 * -errno.
 */
int store_load(Store *store, char **ret_problem);

void store_done(Store *store);

/** Whether the directory or `.seccompd` in it was removed under us (st_nlink 0), or another one, or
 * none, stands at its path now: nobody will find there what we write. */
bool store_is_orphaned(const Store *store);

/**
 * Whether a file can be made in it: writes and removes a temporary. Returns 0 or -errno
 * (-EROFS, -ENOSPC, -EDQUOT, …).
 */
int store_probe_writable(const Store *store);

/**
 * What stands at `name`, hashed (files up to LIMIT_PROFILE_BYTES * 2). `means_desired` is left
 * false. Never follows a link, never blocks on a fifo. Returns 0 or -errno of the machine.
 */
int store_observe(const Store *store, const char *name, Observed *ret_observed);

/**
 * A cheap witness of a file: equal witnesses mean that it was not touched in between. Returns 0,
 * -ENOENT or another -errno.
 */
typedef struct StoreWitness {
        uint64_t inode, mtime_nsec, ctime_nsec, size_bytes;
        uint32_t mode, n_links;
} StoreWitness;
int store_witness(const Store *store, const char *name, StoreWitness *ret_witness);

/** The bytes of a regular file below the destination (NUL behind them), owned. -EFBIG past
 * `max_bytes`. */
int store_read(const Store *store, const char *name, size_t max_bytes, char **ret_bytes,
        size_t *ret_size_bytes);

/** Verified bytes kept for a digest in .seccompd/good, owned. -ENOENT; -EBADMSG when they do not
 * match. */
int store_read_good(
        const Store *store, const Digest *digest, char **ret_bytes, size_t *ret_size_bytes);

/* --- carrying out a plan --- */

/** The bytes to write for one PLAN_WRITE or PLAN_REPAIR item; borrowed. */
typedef struct StoreContent {
        const char *name;
        const char *bytes;
        size_t size_bytes;
} StoreContent;

/** What became of one item. */
typedef struct StoreOutcome {
        char *name; /* owned */
        PlanOp op;
        int error; /* 0 or -errno */
} StoreOutcome;

typedef struct StoreResult {
        int error; /* of the whole (manifest, directory fsync): 0 or -errno */
        StoreOutcome
                *outcomes; /* of all items but PLAN_NONE, and PLAN_KEEP unless it failed; owned */
        size_t n_outcomes;
        Manifest manifest; /* as it now is on disk */
} StoreResult;
void store_result_done(StoreResult *result);

/** All that a writer needs; borrowed. */
typedef struct StoreWork {
        const Store *store;
        const Plan *plan;
        const StoreContent *
                contents; /* sorted by name; a WRITE or REPAIR item without content is left alone */
        size_t n_contents;
        uint64_t elapsed_seconds; /* added to the age of every retiring entry */
        int64_t now_seconds;      /* wall clock, for the entries' time */
        bool leaves; /* once nothing is ours any more: `.seccompd` goes, and directories that are
                        empty now; the store is of no use after that but to be closed */
} StoreWork;

/**
 * Carries the plan out, in this process: temporaries written and fsynced, bytes saved to good/, one
 * manifest write with new and previous digests, renames and removals, one fsync of each touched
 * directory, good/ files no entry needs removed. An item that fails is left as it was and its entry
 * unchanged. A crash at any point leaves whole files and a manifest that knows them. Returns 0 with
 * the result, or -ENOMEM.
 */
int store_apply(const StoreWork *work, StoreResult *ret_result);

/** The same in a confined child; store_result() reads its reply once it has ended. */
int store_start(const StoreWork *work, Child *ret_child);

/** The result of a writer that ended with wait(2)'s `status`. A writer that died: -EPROTO; the
 * caller loads the manifest from disk again (store_load()). Returns 0, -EPROTO, -ENOMEM. */
int store_result(const Child *child, int status, StoreResult *ret_result);

#endif
