/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_SUMMARY_H
#define SECCOMPD_PROFILE_SUMMARY_H

#include "profile/explain.h"

/*
 * A profile in short: every call that libseccomp knows on every listed architecture, counted by
 * its answer.
 */

/** Calls that get one answer whatever their arguments. */
typedef struct SummaryCount {
        Action action;
        unsigned n[POLICY_ARCHES_MAX]; /* by the policy's architectures */
} SummaryCount;

/** A call whose answer depends on its arguments. */
typedef struct SummaryConditional {
        const char *name;
        ExplainWay way;
} SummaryConditional;

/** A call of the native architecture that is permitted, and what it gives away. */
typedef struct SummaryRisk {
        const char *name;
        const char *gain;
        bool is_conditional; /* permitted with some arguments only */
} SummaryRisk;

typedef struct Summary {
        SummaryCount *counts; /* the default first, then by action */
        size_t n_counts;
        unsigned n_conditional[POLICY_ARCHES_MAX];
        unsigned n_calls[POLICY_ARCHES_MAX];
        int runc_highest[POLICY_ARCHES_MAX]; /* policy_runc_highest()'s, or -1 */
        SummaryConditional *conditional;     /* by architecture, then by number; socketcall and ipc
                                                left out: they repeat the calls behind them */
        size_t n_all_conditional;
        SummaryRisk *risks; /* by number; none under a default that permits: there all is open */
        size_t n_risks;
        const char **unknown; /* names in rules that this libseccomp does not know; borrowed */
        size_t n_unknown;
} Summary;

/** Counts; everything from `arena`. Returns 0 or -ENOMEM. */
int summary_make(Arena *arena, const Policy *policy, Summary *ret_summary);

#endif
