/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_EXPLAIN_H
#define SECCOMPD_PROFILE_EXPLAIN_H

#include "profile/eval.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Why a profile answers a call as it does. What hangs on arguments that were not told is not
 * guessed: each answer comes with the conditions under which it is given.
 */

/** The arguments of a call, as far as they are known. */
typedef struct CallArgs {
        uint64_t values[SYSCALL_ARGS];
        bool is_known[SYSCALL_ARGS];
} CallArgs;

/** One answer to a call, and when it is given. */
typedef struct ExplainCase {
        Action action;
        const PolicyRule *rule;      /* that decides; NULL for the default */
        const Condition *conditions; /* of the rule, those on unknown arguments; all must hold */
        uint8_t n_conditions;
        bool is_contested; /* another case with another action can hold too: SP704 */
} ExplainCase;

/** A way into the kernel: a number on an architecture. */
typedef struct ExplainWay {
        const Arch *arch;
        int nr;
        bool is_subcall; /* nr is socketcall or ipc, the call one behind it */
        unsigned subcall;
        bool is_unlisted; /* the profile does not list the architecture: its calls are killed */
        /*
         * The first whose conditions hold decides. The first without conditions is the last, but
         * for those that contest it. None when is_unlisted.
         */
        ExplainCase *cases;
        size_t n_cases;
        bool is_beyond; /* runc answers ENOSYS: nr is above all numbers the profile names */
        int highest;    /* of those numbers, when is_beyond */
} ExplainWay;

/** Which call is asked about. */
typedef struct ExplainQuery {
        const char *name; /* NULL: by number */
        int nr;
        const Arch *arch; /* NULL: all of the profile; by number the native one, or X32 */
        CallArgs args;
} ExplainQuery;

typedef struct Explanation {
        ExplainWay *ways; /* by architecture as listed; none for a name that is nowhere a call */
        size_t n_ways;
        ExplainWay *unknown; /* what a libseccomp that knows the name would make of its rules; NULL
                                when this one knows it, or no rule names it */
        bool is_elsewhere;   /* the name is a call of other architectures only */
        const char *call_name; /* of the query, or of its number; NULL for none; borrowed */
} Explanation;

/**
 * Explains a call by `policy`, whose canonical form is what runtimes read. Everything from
 * `arena`. Returns 0 or -ENOMEM.
 */
int policy_explain(Arena *arena, const Policy *policy, const ExplainQuery *query,
        Explanation *ret_explanation);

/**
 * Explains one way: fills the answers of `way`, whose architecture, number and subcall are set,
 * by a table of that architecture; `highest` is policy_runc_highest()'s, or -1. Returns 0 or
 * -ENOMEM.
 */
int explain_way(Arena *arena, const Policy *policy, const EvalTable *table, int highest,
        const CallArgs *args, ExplainWay *way);

/** Whether two ways get the same answers by the same rules, under runc too. */
bool explain_ways_equal(const ExplainWay *a, const ExplainWay *b);

/**
 * runc puts a piece in front of the filter where the default is none of ALLOW, LOG and TRACE: it
 * answers ENOSYS to numbers above the highest one that the profile names on that architecture,
 * rules equal to the default included (libcontainer/seccomp/patchbpf). Returns whether it does
 * for `arch`, with that number.
 */
bool policy_runc_highest(const Policy *policy, const Arch *arch, int *ret_highest);

#endif
