/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_SOURCE_H
#define SECCOMPD_NODE_SOURCE_H

#include "base/cleanup.h"
#include "base/digest.h"
#include "profile/facts.h"

#include <stdbool.h>
#include <stddef.h>

/** One `--source [NAME=]DIR[:SUBDIR]`: strings owned. */
typedef struct SourceSpec {
        char *name;   /* unique among the sources; metrics label */
        char *path;   /* DIR, absolute or relative to the working directory */
        char *subdir; /* below the destination; "" for the destination itself */
        CapabilitySet capabilities;
} SourceSpec;

/**
 * Reads `[NAME=]DIR[:SUBDIR]`. NAME defaults to DIR's last element. Returns 0; -EINVAL with
 * `*ret_problem` (a static string) for an empty DIR, a SUBDIR or NAME that is no plain relative
 * path or starts with a dot; -ENOMEM. `ret_spec` gets `capabilities`.
 */
int source_spec_parse(const char *text, CapabilitySet capabilities, SourceSpec *ret_spec,
        const char **ret_problem);
void source_spec_done(SourceSpec *spec);

/** Why `path` is no plain relative path below a destination, a static string; NULL when it is. */
const char *source_path_problem(const char *path);

typedef enum SourceState {
        SOURCE_OK,
        SOURCE_MISSING,    /* the directory is not there: nothing is retired */
        SOURCE_UNREADABLE, /* it is there but cannot be read */
        SOURCE_ORPHANED,   /* the mount was torn down under us (st_nlink 0): the process must go */
} SourceState;

/** "ok", "missing", "unreadable", "orphaned". */
const char *source_state_name(SourceState state);

typedef struct SourceFile {
        char *name;    /* relative to the source, subdirectories with '/'; owned */
        Digest digest; /* of the bytes; none when there is a problem */
        size_t size_bytes;
        char *problem; /* why it cannot be read as a profile, for a person; owned; NULL: none */
        unsigned problem_rule; /* 206 (not a file we read) or 102 (too large); 0: none */
} SourceFile;

/** One consistent reading of a source. */
typedef struct Snapshot {
        SourceState state;
        char *problem;     /* why not SOURCE_OK, or why not complete; owned; NULL: none */
        bool is_complete;  /* false: not SOURCE_OK, more than LIMIT_SOURCE_FILES files, or a
                              subdirectory could not be read: what is absent is not retired */
        SourceFile *files; /* sorted bytewise by name; owned */
        size_t n_files;
        size_t n_ignored; /* files that do not match --match */
        int dir_fd;       /* the directory that was read (the target of ..data); owned; -1: none */
} Snapshot;

/**
 * Reads a source whole: through one descriptor on `..data` when there is one, else the directory
 * itself. Names are matched by fnmatch(3) on the last path element with `match`; names that begin
 * with a dot are skipped; subdirectories are descended (to 16 levels). A file that is not regular,
 * leaves the source by a link, cannot be read, has a control character in its name, or is over
 * LIMIT_PROFILE_BYTES stands in the list with its problem. A swap of `..data` in mid-read starts
 * over. Bytes are hashed, not kept. Returns 0 (also for the states other than SOURCE_OK); -EAGAIN
 * when it kept changing; -ENOMEM or another -errno of the machine.
 */
int snapshot_take(const SourceSpec *spec, const char *match, Snapshot *ret_snapshot);
void snapshot_done(Snapshot *snapshot);

/**
 * Reads the bytes of a file of this snapshot again. Returns 0 with owned bytes (NUL behind them);
 * -ESTALE when they are not what was hashed (gone or changed: take a new snapshot); -ENOMEM or
 * another -errno of the machine.
 */
int snapshot_read(
        const Snapshot *snapshot, const SourceFile *file, char **ret_bytes, size_t *ret_size_bytes);

#endif
