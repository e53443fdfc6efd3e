/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_DIFF_RENDER_H
#define SECCOMPD_PROFILE_DIFF_RENDER_H

#include "base/buf.h"
#include "base/digest.h"
#include "profile/diff.h"

/*
 * A difference as a person and as a program read it. Errors stay in the buffer.
 */

/** One side of a comparison; all borrowed. */
typedef struct DiffSource {
        const char *name; /* the file's */
        Digest digest;    /* of the canonical form */
        const Policy *policy;
} DiffSource;

/**
 * Lines under "widened", "narrowed" and "changed", and a line that counts them; nothing when there
 * is no difference.
 */
void diff_render_text(
        Buf *buf, const DiffSource *a, const DiffSource *b, const Diff *diff, bool colour);

/** One JSON document of kind "DiffResult"; stable, described in seccompctl-diff(1). */
void diff_render_json(Buf *buf, const DiffSource *a, const DiffSource *b, const Diff *diff);

#endif
