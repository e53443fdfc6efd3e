/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_DAEMON_CLAIMS_H
#define SECCOMPD_DAEMON_CLAIMS_H

#include "daemon/cache.h"
#include "node/source.h"

#include <stdbool.h>
#include <stddef.h>

/** One name of the destination as the sources claim it. */
typedef struct Claim {
        char *name;             /* SUBDIR/NAME, relative to the destination; owned */
        size_t source;          /* index of the source */
        const SourceFile *file; /* borrowed from its snapshot */
        const char *rival;      /* name of another source that claims it too, or NULL; borrowed */
        CacheEntry *entry;      /* of its content; NULL when the file could not be read as one */
        Known *problem;         /* what to say instead; owned */
} Claim;

typedef struct Claims {
        Claim *items; /* sorted by name, one a name; owned */
        size_t n;
} Claims;

void claims_done(Claims *claims);

/**
 * Makes the claims of all snapshots: `specs` and `snapshots` are parallel arrays of `n`. Entries
 * are taken from `cache`. Of two sources with one name the first in order stands, the other is its
 * rival. Returns 0 or -ENOMEM.
 */
int claims_make(const SourceSpec *specs, const Snapshot *snapshots, size_t n, VerdictCache *cache,
        Claims *ret_claims);

/** The claim of a name, or NULL. */
Claim *claims_find(const Claims *claims, const char *name);

/** What is known of a claim's content: the problem or the entry's; NULL while unknown. */
const Known *claim_known(const Claim *claim);

#endif
