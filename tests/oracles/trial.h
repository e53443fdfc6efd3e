/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_ORACLES_TRIAL_H
#define SECCOMPD_TESTS_ORACLES_TRIAL_H

#include "base/arena.h"
#include "oracles/draft.h"
#include "profile/policy.h"
#include "profile/verify.h"

/*
 * One draft held against all oracles. Run it in a child: libseccomp may not come to an end.
 */

/** What a trial is busy with: what it means if it never comes back. */
typedef enum TrialStage {
        TRIAL_OWN,       /* in our own code */
        TRIAL_CHECK,     /* in check_profile(); is_told says whether a testament was left */
        TRIAL_CANONICAL, /* libseccomp with the canonical form, the way runtimes call it */
        TRIAL_SOURCE,    /* libseccomp with the author's order */
        N_TRIAL_STAGES,
} TrialStage;

/** How a trial ended. */
typedef enum TrialEnd {
        TRIAL_AGREES,
        TRIAL_INVALID,        /* errors other than SP812: nothing is installed */
        TRIAL_DIFFERS,        /* SP812, and the kernel confirms it */
        TRIAL_UNCONFIRMED,    /* SP812 of an architecture that this kernel does not run */
        TRIAL_REFUSED,        /* SP812: libseccomp refuses the rules */
        TRIAL_SOURCE_DIFFERS, /* agrees, but for the program of the author's own order */
        TRIAL_SOURCE_REFUSED, /* agrees, but libseccomp refuses the author's own order */
        TRIAL_FAILED,         /* the oracles contradict each other: problem says how */
        N_TRIAL_ENDS,
} TrialEnd;

/** Told while a trial runs; in memory shared with whoever waits for it. */
typedef struct Trial {
        TrialStage stage;
        bool is_told;
        TrialEnd end;
        uint64_t n_pairs;        /* (profile, call) on which everything agreed */
        uint64_t n_kernel_calls; /* of those, made in the kernel */
        char problem[1024];
} Trial;

/** The node that drafts are checked for. */
CheckOptions trial_options(const Draft *draft);

/**
 * Checks a draft's text and, where it is good, tries `n_calls` calls on the reference evaluator,
 * draft_answers() and the programs: of the canonical form as seccompd compiles it and as the
 * runtimes do, of the author's order as the runtimes do, each at every level of optimisation that
 * they use. With `asks_kernel` the kernel is one more. compile_warm_up() was called.
 */
void trial_run(const Draft *draft, uint64_t *seed, size_t n_calls, bool asks_kernel, int scratch_fd,
        Trial *trial);

/** What libseccomp does wrong with a draft that is valid but for SP812. */
typedef enum Judgement {
        JUDGED_NOTHING, /* right, or invalid by other rules */
        JUDGED_WEAKER,  /* the first difference permits more than the rules */
        JUDGED_STRICTER,
        JUDGED_OTHER, /* as strict, but something else */
        JUDGED_REFUSED,
        JUDGED_ENDLESS, /* for whoever waits for trial_judge() */
        JUDGED_DEADLY,
        N_JUDGEMENTS,
} Judgement;

/** The same check without the oracles. Run it in a child too. */
Judgement trial_judge(const Draft *draft, int scratch_fd);

#endif
