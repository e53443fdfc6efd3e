/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_VERDICT_H
#define SECCOMPD_PROFILE_VERDICT_H

#include "base/digest.h"
#include "profile/arch.h"
#include "profile/compile.h"
#include "profile/diag.h"
#include "profile/diff.h"
#include "profile/policy.h"

typedef enum VerdictKind {
        VERDICT_GOOD, /* canonical bytes are there, no error among the diagnostics */
        VERDICT_BAD,  /* at least one error; no canonical bytes */
        VERDICT_DIED, /* the check itself did not come to an end; never cached, tried again */
} VerdictKind;

/* A program of all architectures, as some runtime loads it. */
typedef struct VerdictProgram {
        uint32_t n_insns;
        uint32_t n_points; /* over all architectures */
        uint8_t optimise; /* libseccomp's level: 1; 2 by runc from 1.2 on, for more than 32 names */
        bool is_exhaustive; /* evaluated at every boundary point, not sampled */
} VerdictProgram;

#define VERDICT_PROGRAMS_MAX COMPILE_LEVELS_MAX

/** All that a check says about one content. Owned; verdict_free(). */
typedef struct Verdict {
        VerdictKind kind;
        DiagList diags;  /* finished; its config is NULL */
        char *canonical; /* VERDICT_GOOD: the bytes to install, NUL-terminated; else NULL */
        size_t canonical_size_bytes;
        Digest digest;  /* of the canonical bytes; none unless VERDICT_GOOD */
        Digest outline; /* canonical_outline(): the same without errnos; none unless VERDICT_GOOD */
        VerdictProgram programs[VERDICT_PROGRAMS_MAX];
        size_t n_programs;
        const Arch *arches[POLICY_ARCHES_MAX]; /* that they are for, native first */
        size_t n_arches;
        uint32_t n_rules; /* rules after resolution */
        uint32_t n_conditional;
        Digest previous;   /* of the canonical bytes that these were compared with; or none */
        DiffEffect effect; /* of these in place of those; DIFF_NONE where there are none */
} Verdict;

Verdict *verdict_new(VerdictKind kind);
Verdict *verdict_free(Verdict *verdict);
DEFINE_CLEANUP(Verdict, verdict_free);

/**
 * A verdict of kind VERDICT_DIED with one error, SP812 without a place: "the check died: CAUSE".
 * Returns NULL when memory is out.
 */
Verdict *verdict_died(const char *cause);

/**
 * Compares a good verdict's bytes with those of the version before, and notes the effect. Nothing
 * is noted when `bytes` are not in our canonical form, as an older agent's may be. Returns 0 or
 * -ENOMEM.
 */
int verdict_compare(Verdict *verdict, const char *bytes, size_t size_bytes);

/** Appends the verdict in the wire form between a worker and its parent; errors stay in `buf`. */
void verdict_encode(Buf *buf, const Verdict *verdict);

/**
 * Reads the wire form. The sender was fed by strangers: every length is checked, every string of a
 * finding must be harmless UTF-8 (as Diag promises), canonical bytes UTF-8 without C0 controls but
 * LF, a good verdict's digest that of its bytes, and errors must stand where the kind says.
 * The whole input must be one verdict. Returns 0; -EBADMSG; -ENOMEM.
 */
int verdict_decode(const void *bytes, size_t size_bytes, Verdict **ret_verdict);

#endif
