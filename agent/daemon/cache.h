/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_DAEMON_CACHE_H
#define SECCOMPD_DAEMON_CACHE_H

#include "base/arena.h"
#include "report/check_summary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What stays of a verdict: what decides and what is told. */
typedef struct Known {
        VerdictKind kind;
        DiffEffect effect; /* as in Verdict, and so on */
        Digest digest, outline, previous;
        CheckSummary *summary; /* one holder */
        const char *canonical; /* borrowed from the cache; NULL once it was let go of */
        size_t canonical_size_bytes;
} Known;

Known *known_free(Known *known);
DEFINE_CLEANUP(Known, known_free);

/** What is known of one content under one set of capabilities. */
typedef struct CacheEntry {
        Digest content;
        CapabilitySet capabilities;
        Known *known;         /* owned; NULL: not checked yet */
        uint64_t retry_usec;  /* VERDICT_DIED: CLOCK_MONOTONIC time of the next try */
        uint64_t retry_delay; /* the last delay; 0: never died */
        bool is_queued;       /* a worker is or will be on it */
        bool is_used;         /* touched since the last sweep */
} CacheEntry;

/** Verdicts by content. All zero is an empty cache. */
typedef struct VerdictCache {
        CacheEntry **entries; /* sorted; owned */
        size_t n;
        Texts texts;  /* of all summaries */
        Arena *bytes; /* all canonical bytes that are held; owned; NULL: none are */
} VerdictCache;

void cache_done(VerdictCache *cache);

/**
 * The entry of a content, made when it is new and marked as used; it stays at its address until a
 * sweep finds it unused. Returns NULL when memory is out.
 */
CacheEntry *cache_get(VerdictCache *cache, const Digest *content, CapabilitySet capabilities);

/** Makes of a verdict what is to be known of it. Returns NULL when memory is out. */
Known *cache_know(VerdictCache *cache, const Verdict *verdict);

/** Whether the entry needs a worker at `now_usec`: never checked, or died and its time has come. */
bool cache_entry_is_due(const CacheEntry *entry, uint64_t now_usec);

/**
 * Puts what is to be known of the entry's content, which the entry now owns. A check that died is
 * tried again after 1 s, 2 s, … up to an hour.
 */
void cache_put(CacheEntry *entry, Known *known, uint64_t now_usec);

/** Forgets the canonical bytes of all entries: verdicts stay, memory goes. */
void cache_release_bytes(VerdictCache *cache);

/** Drops the entries that no cache_get() asked for since the last sweep. */
void cache_sweep(VerdictCache *cache);

#endif
