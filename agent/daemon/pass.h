/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_DAEMON_PASS_H
#define SECCOMPD_DAEMON_PASS_H

#include "daemon/backoff.h"
#include "daemon/claims.h"
#include "daemon/observer.h"
#include "daemon/options.h"
#include "node/store.h"
#include "report/metrics.h"

#include <systemd/sd-event.h>

/** What passes work on, from one to the next; borrowed by each for its life. */
typedef struct PassContext {
        sd_event *event;
        const Options *options;
        const CheckOptions *checks; /* parallel to options->sources */
        Store *store;
        VerdictCache *cache;
        Observer *observer;
        Backoff *backoff;
        Metrics *metrics;
        unsigned n_workers; /* at most so many at a time */
} PassContext;

/** Why something that the plan wanted for a name did not happen. */
typedef struct PassFailure {
        char *name; /* owned */
        PlanOp op;
        int error; /* -errno */
} PassFailure;

typedef struct Pass Pass;

/** Called once, from the loop, when the pass is over; it may free the pass. */
typedef void (*PassDone)(Pass *pass, void *userdata);

/**
 * Starts a pass: sources are read now, the rest happens in the loop. `full` reads every file of the
 * destination again. `save_ages` writes the manifest even when only ages changed. `elapsed_seconds`
 * is the time since ages were saved last. Returns 0 or -errno.
 */
int pass_start(const PassContext *context, bool full, bool save_ages, uint64_t elapsed_seconds,
        PassDone done, void *userdata, Pass **ret_pass);

/** Ends it, whatever it is doing: children are killed. NULL is fine. Returns NULL. */
Pass *pass_free(Pass *pass);
DEFINE_CLEANUP(Pass, pass_free);

/** Whether its writer is at work, which is better not interrupted (though it may be at any
 * instruction). */
bool pass_is_writing(const Pass *pass);

/** What came of a pass; borrowed from it. */
typedef struct PassReport {
        int error; /* 0, or what kept it from its end as -errno; -ESTALE: a source changed meanwhile
                    */
        const char *problem;       /* the same for a person; NULL */
        const Snapshot *snapshots; /* parallel to options->sources */
        const Claims *claims;
        const Plan *plan; /* the last one made; no items when error */
        const PassFailure *failures;
        size_t n_failures;
        const char *const *repaired; /* names repaired after drift */
        size_t n_repaired;
        bool wrote_manifest; /* ages were saved */
        uint64_t wake_usec; /* CLOCK_MONOTONIC: when a held-back check or repair is due; UINT64_MAX:
                               none */
} PassReport;
PassReport pass_report(const Pass *pass);

/** Why something that the plan wanted for a name did not happen, or NULL. */
const PassFailure *pass_report_failure(const PassReport *report, const char *name);

#endif
