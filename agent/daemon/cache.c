/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Verdicts by content: a pass whose inputs are unchanged forks nothing. Facts and options are
 * fixed for the process's life, so the bytes and the capabilities they are held against are the
 * whole key. What is kept of a verdict is small once its canonical bytes are released: they are
 * needed only until they are written, and can be had again from a worker.
 */

#include "daemon/cache.h"

#include "base/duration.h"

#include <errno.h>
#include <string.h>

#define RETRY_FIRST_USEC (1 * USEC_PER_SEC)
#define RETRY_MAX_USEC   (3600 * USEC_PER_SEC)

static CacheEntry *entry_free(CacheEntry *entry) {
        known_free(entry->known);
        free(entry);
        return NULL;
}

Known *known_free(Known *known) {
        if (!known)
                return NULL;
        check_summary_unref(known->summary);
        free(known);
        return NULL;
}

void cache_done(VerdictCache *cache) {
        for (size_t i = 0; i < cache->n; i++)
                entry_free(cache->entries[i]);
        free(cache->entries);
        arena_free(cache->bytes);
        *cache = (VerdictCache){};
}

static int compare(const CacheEntry *entry, const Digest *content, CapabilitySet capabilities) {
        int r = digest_compare(&entry->content, content);

        if (r != 0)
                return r;
        return entry->capabilities.bits < capabilities.bits
                ? -1
                : entry->capabilities.bits > capabilities.bits;
}

/* The first entry that is not below the key. */
static size_t position(
        const VerdictCache *cache, const Digest *content, CapabilitySet capabilities) {
        size_t low = 0, high = cache->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (compare(cache->entries[middle], content, capabilities) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

CacheEntry *cache_get(VerdictCache *cache, const Digest *content, CapabilitySet capabilities) {
        size_t at = position(cache, content, capabilities);
        CacheEntry **grown = NULL, *entry = NULL;

        if (at < cache->n && compare(cache->entries[at], content, capabilities) == 0) {
                cache->entries[at]->is_used = true;
                return cache->entries[at];
        }
        grown = reallocarray(cache->entries, cache->n + 1, sizeof(CacheEntry *));
        if (!grown)
                return NULL;
        cache->entries = grown;
        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return NULL;
        entry->content = *content;
        entry->capabilities = capabilities;
        entry->is_used = true;
        memmove(grown + at + 1, grown + at, (cache->n - at) * sizeof(CacheEntry *));
        grown[at] = entry;
        cache->n++;
        return entry;
}

/* Bytes that are let go of all at once get a place of their own: among what stays, each would keep
 * its pages. */
static const char *keep_bytes(VerdictCache *cache, const char *bytes, size_t size_bytes) {
        if (!cache->bytes)
                cache->bytes = arena_new();
        return cache->bytes ? arena_strndup(cache->bytes, bytes, size_bytes) : NULL;
}

Known *cache_know(VerdictCache *cache, const Verdict *verdict) {
        _cleanup_(known_freep) Known *known = calloc(1, sizeof(*known));

        if (!known)
                return NULL;
        *known = (Known){
                .kind = verdict->kind,
                .digest = verdict->digest,
                .outline = verdict->outline,
                .previous = verdict->previous,
                .effect = verdict->effect,
                .summary = check_summary_new(
                        &cache->texts, &verdict->diags, verdict->programs, verdict->n_programs),
                .canonical_size_bytes = verdict->canonical_size_bytes,
        };
        if (verdict->canonical)
                known->canonical =
                        keep_bytes(cache, verdict->canonical, known->canonical_size_bytes);
        if (!known->summary || (verdict->canonical && !known->canonical))
                return NULL;
        return TAKE_PTR(known);
}

bool cache_entry_is_due(const CacheEntry *entry, uint64_t now_usec) {
        if (!entry->known)
                return true;
        return entry->known->kind == VERDICT_DIED && entry->retry_usec <= now_usec;
}

void cache_put(CacheEntry *entry, Known *known, uint64_t now_usec) {
        known_free(entry->known);
        entry->known = known;
        if (known->kind != VERDICT_DIED) {
                entry->retry_delay = 0;
                return;
        }
        entry->retry_delay = entry->retry_delay == 0 ? RETRY_FIRST_USEC : entry->retry_delay * 2;
        if (entry->retry_delay > RETRY_MAX_USEC)
                entry->retry_delay = RETRY_MAX_USEC;
        entry->retry_usec = now_usec + entry->retry_delay;
}

void cache_release_bytes(VerdictCache *cache) {
        for (size_t i = 0; i < cache->n; i++) {
                Known *known = cache->entries[i]->known;

                if (known)
                        known->canonical = NULL;
        }
        cache->bytes = arena_free(cache->bytes);
}

void cache_sweep(VerdictCache *cache) {
        size_t n = 0;

        for (size_t i = 0; i < cache->n; i++) {
                CacheEntry *entry = cache->entries[i];

                if (entry->is_used || entry->is_queued) {
                        entry->is_used = false;
                        cache->entries[n++] = entry;
                } else
                        entry_free(entry);
        }
        cache->n = n;
}
