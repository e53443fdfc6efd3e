/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_REPORT_STATUS_H
#define SECCOMPD_REPORT_STATUS_H

#include "base/buf.h"
#include "base/digest.h"
#include "profile/facts.h"
#include "profile/state.h"
#include "report/check_summary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The status model: what this node is known to hold, filled by the daemon after each pass and
 * rendered for /status, /profiles and the log. Times are absolute (microseconds since the epoch),
 * so that a rendering stays true until the next change.
 */

#define STATUS_CHANGES 20 /* kept of each profile */

/** One change of a profile's state or bytes. */
typedef struct ProfileChange {
        int64_t time_usec;
        ProfileState state;
        Digest digest; /* installed then; none for none */
        Digest source_digest;
        bool has_effect; /* the bytes installed then were compared with those before */
        DiffEffect effect;
} ProfileChange;

typedef struct ProfileStatus {
        char *name;   /* relative to the destination; owned */
        char *source; /* owned */
        ProfileState state;
        Digest digest;        /* of the installed bytes; none when nothing is installed */
        Digest source_digest; /* of the source's bytes now; none when gone or unreadable */
        int64_t since_usec;   /* of the last change */
        char *reason;         /* why conflict, or what the last write failed with; owned; NULL */
        bool is_contended;    /* another writer keeps undoing us: repairs back off */
        bool is_damaged;      /* somebody changed the file, and it is not repaired yet */
        Digest outline;     /* of the installed bytes without errnos; none while it is not known */
        bool is_errno_only; /* the installed bytes differ from those before in errnos only */
        CheckSummary *summary;  /* of the check of the source's bytes now; one holder; NULL: none */
        ProfileChange *changes; /* oldest first, at most STATUS_CHANGES; owned */
        size_t n_changes;
} ProfileStatus;

typedef struct SourceStatus {
        char *name, *path, *subdir; /* owned */
        const char *state;          /* static: "ok", "missing", "unreadable", "orphaned" */
        bool is_missing;
        char *problem; /* owned; NULL */
        size_t n_files, n_ignored;
        CapabilitySet capabilities;
} SourceStatus;

typedef struct NodeStatus {
        uint64_t revision; /* grows with every change of this model: cached renderings go by it */
        int64_t started_usec;
        NodeFacts facts;
        const char *watch_mode;    /* "inotify" or "poll" */
        char *destination;         /* path; owned */
        char *destination_problem; /* owned; NULL when it is fine */
        uint64_t generation;       /* of the manifest */
        Digest sources_hash; /* over all names and source digests: equal nodes hold equal hashes */
        bool is_synced;      /* a first pass was completed */
        int64_t last_sync_usec;
        char *last_sync_problem;   /* owned; NULL when the last pass did all it meant to */
        char *prune_after, *adopt; /* options as given, for people; owned */
        SourceStatus *sources;     /* owned */
        size_t n_sources;
        ProfileStatus *profiles; /* sorted bytewise by name; owned */
        size_t n_profiles;
} NodeStatus;

void node_status_done(NodeStatus *status);

/** The profile of a name, or NULL. */
ProfileStatus *node_status_find(const NodeStatus *status, const char *name);

/**
 * Adds an empty entry at its place; the name must be new. Pointers to other entries are no longer
 * good. Returns 0 or -ENOMEM.
 */
int node_status_add(
        NodeStatus *status, const char *name, const char *source, ProfileStatus **ret_profile);

/** Removes an entry, if there. */
void node_status_remove(NodeStatus *status, const char *name);

/**
 * Records a change: state, digests, time; appends to the history (the oldest goes). Returns 0
 * or -ENOMEM.
 */
int profile_status_change(ProfileStatus *profile, int64_t time_usec, ProfileState state,
        const Digest *digest, const Digest *source_digest);

/** How many profiles of `source` (NULL: all) are in `state`. */
size_t node_status_count(const NodeStatus *status, const char *source, ProfileState state);

/** /status: the whole model as JSON (docs/status.md); first key "apiVersion": "seccompd/v1". */
void node_status_render_json(Buf *buf, const NodeStatus *status);

#endif
