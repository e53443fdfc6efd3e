/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_PLAN_H
#define SECCOMPD_NODE_PLAN_H

#include "node/manifest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The plan of a pass: what to write, keep, retire and remove, as a pure function of what the
 * sources say, what we own and what stands in the destination. No I/O, no clock.
 */

/** What one name of the destination should be, as the sources have it. Strings borrowed. */
typedef struct Desired {
        const char *name;   /* relative to the destination */
        const char *source; /* name of the source */
        const char *rival;  /* another source that claims the same name, or NULL */
        Digest source_digest;
        bool is_good;  /* the verdict */
        Digest digest; /* canonical, when good */
} Desired;

typedef enum ObservedKind {
        OBSERVED_ABSENT,
        OBSERVED_FILE,      /* a regular file */
        OBSERVED_DIRECTORY, /* a directory, or no way to the name: a rename does not replace it */
        OBSERVED_OTHER,     /* a link, fifo, device, …: never ours */
} ObservedKind;

/** What stands at a name of the destination. */
typedef struct Observed {
        const char *name; /* borrowed */
        ObservedKind kind;
        Digest digest;      /* OBSERVED_FILE: of its bytes; none when it could not be read or is too
                               large */
        bool is_mode_right; /* 0644 and one link */
        bool means_desired; /* a foreign file whose canonical form has the desired digest */
} Observed;

typedef enum AdoptMode {
        ADOPT_NEVER,
        ADOPT_IDENTICAL, /* foreign files that mean the same filter */
        ADOPT_ALWAYS,
} AdoptMode;

typedef struct PlanOptions {
        AdoptMode adopt;
        bool prune; /* false: --prune-after never */
        uint64_t prune_after_seconds;
        bool remove_all;          /* nothing is to be ours any more, whatever the sources say */
        uint64_t elapsed_seconds; /* observed on CLOCK_BOOTTIME since the ages in the manifest were
                                     saved */
} PlanOptions;

typedef enum PlanOp {
        PLAN_NONE,   /* nothing installed, nothing to do (invalid, conflict) */
        PLAN_KEEP,   /* as it is */
        PLAN_WRITE,  /* new content: install or update */
        PLAN_REPAIR, /* the same content again: drift */
        PLAN_ADOPT,  /* ours from now on; written again only when its bytes are not canonical: then
                        PLAN_WRITE */
        PLAN_REMOVE, /* its time as retiring is up: remove the file and the entry */
        PLAN_FORGET, /* no longer desired, and what stands there is not ours (or nothing does) and
                        cannot be repaired or is due to go: drop the entry only */
} PlanOp;

/** What happens to one name. */
typedef struct PlanItem {
        const char *name;   /* borrowed from Desired or the manifest */
        const char *source; /* likewise */
        PlanOp op;
        ProfileState state; /* after the plan is carried out */
        bool save_good;  /* turned stale or retiring: keep its verified bytes in .seccompd/good */
        Digest digest;   /* of the bytes that stand or will stand there; none for none */
        Digest replaces; /* of the file that was seen there; none when there was none to read */
        Digest source_digest;
        bool is_new; /* PLAN_WRITE where nothing stood: who came first meanwhile is not replaced */
        bool is_drift;        /* PLAN_REPAIR, or PLAN_WRITE over bytes that someone changed */
        const char *conflict; /* PROFILE_CONFLICT: why, a static string; else NULL */
        const char *rival;    /* the other source, when that is why; borrowed */
} PlanItem;

typedef struct Plan {
        PlanItem *items; /* sorted by name; owned */
        size_t n_items;
        bool changes_manifest; /* an entry differs from what the manifest says (ages apart) */
} Plan;

void plan_done(Plan *plan);
#define _cleanup_plan_ _cleanup_(plan_done)

/**
 * Makes the plan. `desired` is sorted by name, one entry a name (a second source is `rival`);
 * `observed` is sorted by name and has an entry for every desired and every manifest name;
 * `is_source_absent(source, userdata)` tells whether absence from that source means nothing
 * (missing, empty, unreadable, incomplete): its names are then kept as they are.
 * Returns 0 or -ENOMEM.
 *
 * In short: good and ours or absent: WRITE unless the digest stands there already (KEEP) or the
 * same digest was meant to (REPAIR). Good but foreign: ADOPT, WRITE or conflict, by `adopt`. Bad:
 * stale when we own a version (KEEP, or REPAIR from .seccompd/good), else invalid. A rival: what we
 * own stays, nothing is written, conflict. Owned but no longer desired: retiring, then REMOVE;
 * never when its source is absent or unknown.
 */
int plan_make(const Desired *desired, size_t n_desired, const Manifest *manifest,
        const Observed *observed, size_t n_observed,
        bool (*is_source_absent)(const char *source, void *userdata), void *userdata,
        const PlanOptions *options, Plan *ret_plan);

/** The item of a name, or NULL. */
const PlanItem *plan_find(const Plan *plan, const char *name);

/** "none", "keep", "write", "repair", "adopt", "remove", "forget". */
const char *plan_op_name(PlanOp op);

#endif
