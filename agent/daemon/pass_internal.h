/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_DAEMON_PASS_INTERNAL_H
#define SECCOMPD_DAEMON_PASS_INTERNAL_H

/* What pass.c (the order of things), pass_jobs.c (workers) and pass_write.c (the writer) share. */

#include "daemon/pass.h"
#include "node/worker.h"

#define PASS_WORKERS_MAX 4U
/* Inputs above this are checked alone: two workers at their memory limit would not fit the pod's.
 */
#define PASS_SMALL_BYTES (64U << 10)
/* Canonical bytes held for writing; what is beyond it is checked again in a next round. */
#define PASS_HELD_BYTES (12U << 20)

/** One content to check: a claim's, or the foreign file at its name. */
typedef struct PassJob {
        const Claim *claim;
        CacheEntry *entry;
        bool is_foreign;
} PassJob;

/** A running worker. */
typedef struct PassWorker {
        Pass *pass;
        PassJob job;
        Child child; /* pid 0: free */
        bool is_large;
        bool timed_out;
        sd_event_source *input, *exit, *timeout;
} PassWorker;

typedef enum PassPhase {
        PASS_CHECK,
        PASS_OBSERVE,
        PASS_PLAN,
        PASS_WRITE,
        PASS_WRITTEN,
        PASS_OVER,
} PassPhase;

/** The foreign file at a claimed name. */
typedef struct PassForeign {
        const Claim *claim;
        CacheEntry *entry;
        size_t observed; /* index */
} PassForeign;

/** Bytes read back from .seccompd/good for a repair. */
typedef struct PassGood {
        char *bytes;
        size_t size_bytes;
} PassGood;

struct Pass {
        PassContext context;
        PassDone done;
        void *userdata;
        bool full, save_ages;
        uint64_t elapsed_seconds;
        PassPhase phase;
        int error;
        char *problem;

        Snapshot *snapshots; /* parallel to the sources */
        Claims claims;

        PassJob *jobs; /* of this phase */
        size_t n_jobs, next_job;
        PassWorker workers[PASS_WORKERS_MAX];
        size_t n_running;

        Observed *observed;
        char **observed_names; /* owned, parallel */
        size_t n_observed;
        PassForeign *foreign;
        size_t n_foreign;

        Plan plan;
        Manifest manifest_before; /* the plan borrows names from it */
        StoreContent *contents;
        size_t n_contents;
        PassGood *good;
        size_t n_good;
        size_t held_bytes;
        bool has_deferred;   /* something waits for a next round */
        bool is_later_round; /* nothing was held when it began */
        bool is_writing;
        Child writer;
        sd_event_source *writer_input, *writer_exit;

        PassFailure *failures;
        size_t n_failures;
        char **repaired;
        size_t n_repaired;
        bool wrote_manifest;
        uint64_t wake_usec;
};

/** Now on CLOCK_MONOTONIC. */
uint64_t pass_now(const Pass *pass);

/** Goes on as far as it can without waiting. Called after every event. */
void pass_advance(Pass *pass);

/** Notes that something should be looked at again at `usec`. */
void pass_wake_at(Pass *pass, uint64_t usec);

/* pass_jobs.c */

/** Queues a check of a claim's content, once. Returns 0 or -ENOMEM. */
int pass_queue(Pass *pass, const Claim *claim, CacheEntry *entry, bool is_foreign);
/** Does so if nothing is known of it yet, or when its check died and is due; else, when that is not
 * due yet, the pass has another follow then. Returns 0 or -ENOMEM. */
int pass_queue_due(Pass *pass, const Claim *claim, CacheEntry *entry, bool is_foreign);
/** Starts what may run now. Returns 0; -ESTALE when a source changed; another -errno. */
int pass_start_jobs(Pass *pass);
void pass_stop_jobs(Pass *pass);

/* pass_write.c */

/** Looks at every name, finds foreign files whose meaning must be known. Returns 0 or -errno. */
int pass_observe(Pass *pass);
/** Makes the plan; queues checks for bytes that must be had again. Returns 0 or -errno. */
int pass_plan(Pass *pass);
/** Starts the writer when there is anything to do: then is_writing. Returns 0 or -errno. */
int pass_write(Pass *pass);
void pass_stop_writer(Pass *pass);

#endif
