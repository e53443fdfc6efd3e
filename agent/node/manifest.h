/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_MANIFEST_H
#define SECCOMPD_NODE_MANIFEST_H

#include "base/buf.h"
#include "base/digest.h"
#include "profile/state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What we own below the destination, in `.seccompd/manifest`: a versioned line format (never JSON:
 * a pod may name any file as its profile).
 *
 *     seccompd-manifest 1
 *     generation 42
 *     file DIGEST PREVIOUS SOURCEDIGEST STATE RETIRING-SECONDS GENERATION TIME SOURCE NAME
 *     end N-FILES
 *
 * Digests are 64 hexadecimal digits or "-"; SOURCE and NAME are percent-encoded; TIME is the last
 * change in seconds since the epoch. A newer version keeps "file", DIGEST, PREVIOUS first and NAME
 * last, so that an older agent still knows what it owns; unknown lines are skipped there.
 */

typedef struct ManifestEntry {
        char *name;      /* relative to the destination, '/' inside; owned */
        char *source;    /* the name of the source it came from; owned */
        Digest digest;   /* of the installed bytes */
        Digest previous; /* of the version before: a crash may have left it in place; or none */
        Digest source_digest;      /* of the author's bytes it was made from */
        ProfileState state;        /* PROFILE_INSTALLED, PROFILE_STALE or PROFILE_RETIRING */
        uint64_t retiring_seconds; /* observed absence from the source so far */
        uint64_t generation;       /* of the manifest when its bytes last changed */
        int64_t time_seconds;      /* wall clock of that, for people only */
} ManifestEntry;

typedef struct Manifest {
        uint64_t generation;    /* grows with every manifest write */
        unsigned version;       /* as read; 1 for a new one */
        ManifestEntry *entries; /* sorted bytewise by name; owned */
        size_t n_entries;
} Manifest;

void manifest_done(Manifest *manifest);
#define _cleanup_manifest_ _cleanup_(manifest_done)

/**
 * Reads a manifest. Returns 0; -EBADMSG for one that cannot be read, with the line's number in
 * `*ret_line` (may be NULL) and `ret_manifest` untouched; -ENOMEM.
 */
int manifest_parse(
        const char *bytes, size_t size_bytes, Manifest *ret_manifest, unsigned *ret_line);

/** Prints it as version 1; errors stay in `buf`. */
void manifest_print(Buf *buf, const Manifest *manifest);

/** A deep copy. Returns 0 or -ENOMEM. */
int manifest_copy(const Manifest *manifest, Manifest *ret_copy);

/** Whether both say the same of the same names; generation and version apart. */
bool manifest_has_same_entries(const Manifest *a, const Manifest *b);

/** The entry of a name, or NULL. */
ManifestEntry *manifest_find(const Manifest *manifest, const char *name);

/** Adds an empty entry of that name at its place (the name must be new). Returns 0 or -ENOMEM. */
int manifest_add(Manifest *manifest, const char *name, ManifestEntry **ret_entry);

/** Removes the entry of a name, if there. */
void manifest_remove(Manifest *manifest, const char *name);

#endif
