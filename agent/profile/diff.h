/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_DIFF_H
#define SECCOMPD_PROFILE_DIFF_H

#include "profile/explain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What differs between two policies in effect: call by call and condition by condition, whatever
 * their texts look like.
 */

/** What a change is to a container: more is permitted, less, both in different places, or neither
 * (another errno, another way to be killed, logged or not). */
typedef enum DiffEffect {
        DIFF_NONE,
        DIFF_CHANGED,
        DIFF_WIDENED,
        DIFF_NARROWED,
        DIFF_MIXED,
        N_DIFF_EFFECTS,
} DiffEffect;

/** "none", "changed", "widened", "narrowed", "mixed". */
const char *diff_effect_name(DiffEffect effect);

/** The effect of two changes together. */
DiffEffect diff_effect_join(DiffEffect a, DiffEffect b);

/**
 * The effect of one action in place of another. ALLOW and LOG permit; TRACE and NOTIFY leave it to
 * somebody; all others deny.
 */
DiffEffect diff_action_effect(Action from, Action to);

/** Another answer to a call. */
typedef struct DiffChange {
        DiffEffect effect; /* never none or mixed */
        Action from;
        Action to;
        bool is_conditional;         /* for some arguments only */
        uint64_t args[SYSCALL_ARGS]; /* such a call */
} DiffChange;

/** A call with other answers. */
typedef struct DiffCall {
        const char *name;        /* NULL for a number without one; borrowed, or from the arena */
        const char *multiplexer; /* NULL; or the call differs only when it is made through this */
        int nr;                  /* on the first architecture of `arches`; -1 for none */
        unsigned arches;         /* bits: of diff->arches, those on which it differs so */
        bool is_everywhere;      /* on all of them that have the call */
        bool is_unknown;         /* libseccomp does not know the name: its rules differ */
        DiffChange *changes;     /* by effect: widened first, then narrowed, then changed */
        size_t n_changes;        /* 0 only for unknown names with conditions */
        ExplainWay a;            /* the answers by either, when they depend on arguments */
        ExplainWay b;
} DiffCall;

/** Numbers that no rule names on an architecture, and that runc alone answers otherwise. */
typedef struct DiffRunc {
        const Arch *arch;
        int first, last;     /* between the highest numbers that the two name */
        unsigned n;          /* calls that libseccomp knows among them, 0 for none */
        bool is_enosys_in_a; /* ENOSYS by a and the default by b; else the other way round */
} DiffRunc;

typedef struct Diff {
        DiffEffect effect;                     /* of everything below */
        const Arch *arches[POLICY_ARCHES_MAX]; /* listed by both, as in a */
        size_t n_arches;
        const Arch *only_a[POLICY_ARCHES_MAX]; /* all their calls are killed by b */
        size_t n_only_a;
        const Arch *only_b[POLICY_ARCHES_MAX];
        size_t n_only_b;
        DiffEffect default_effect; /* of what no rule decides by either, new calls too */
        unsigned n_default[POLICY_ARCHES_MAX]; /* known calls among them, by architecture */
        DiffCall *calls;                       /* by name */
        size_t n_calls;
        DiffRunc runc[POLICY_ARCHES_MAX]; /* by architecture */
        bool has_flags;                   /* flags, listenerPath or listenerMetadata differ */
        bool is_exhaustive;               /* no call was compared by a sample of its arguments */
        bool is_contested;                /* rules of a side overlap in a call that differs */
        size_t n_points;
} Diff;

/**
 * Compares two policies in canonical order with the same native architecture. Conditional calls are
 * compared at the points of both policies' conditions, at most `max_points` in all. From `arena`.
 * Returns 0 or -ENOMEM.
 */
int policy_diff(Arena *arena, const Policy *a, const Policy *b, size_t max_points, Diff *ret_diff);

#endif
