/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One pass: what the sources say becomes what the destination holds.
 *
 *     read the sources -> check what is new -> look at the destination -> plan -> write -> report
 *
 * It runs in the daemon's loop and never waits: checks are workers, writing is a child, and after
 * each event pass_advance() goes on as far as it can. Verdicts are cached by content, so a pass
 * whose inputs are unchanged reads, compares and ends. Canonical bytes are held only up to a bound:
 * a pass over more profiles writes in rounds, and checks again what it had to let go of.
 */

#include "daemon/pass_internal.h"

#include "base/duration.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

uint64_t pass_now(const Pass *pass) {
        uint64_t now = 0;

        /* fails only before the loop's first iteration or after a fork: neither is here */
        (void) sd_event_now(pass->context.event, CLOCK_MONOTONIC, &now);
        return now;
}

void pass_wake_at(Pass *pass, uint64_t usec) {
        if (usec < pass->wake_usec)
                pass->wake_usec = usec;
}

static int read_sources(Pass *pass) {
        const Options *options = pass->context.options;

        for (size_t i = 0; i < options->n_sources; i++) {
                int r = snapshot_take(&options->sources[i], options->match, &pass->snapshots[i]);

                if (r < 0) {
                        if (asprintf(&pass->problem, "source %s: %s", options->sources[i].name,
                                    r == -EAGAIN ? "kept changing while it was read"
                                                 : strerror(-r)) < 0)
                                pass->problem = NULL;
                        return r == -EAGAIN ? -ESTALE : r;
                }
        }
        return claims_make(options->sources, pass->snapshots, options->n_sources,
                pass->context.cache, &pass->claims);
}

int pass_start(const PassContext *context, bool full, bool save_ages, uint64_t elapsed_seconds,
        PassDone done, void *userdata, Pass **ret_pass) {
        _cleanup_(pass_freep) Pass *pass = calloc(1, sizeof(*pass));

        if (!pass)
                return -ENOMEM;
        *pass = (Pass){
                .context = *context,
                .done = done,
                .userdata = userdata,
                .full = full,
                .save_ages = save_ages,
                .elapsed_seconds = elapsed_seconds,
                .writer = { .fd = -1 },
                .wake_usec = UINT64_MAX,
        };
        pass->snapshots = calloc(context->options->n_sources + 1, sizeof(*pass->snapshots));
        if (!pass->snapshots)
                return -ENOMEM;
        for (size_t i = 0; i < context->options->n_sources; i++)
                pass->snapshots[i].dir_fd = -1;
        pass->error = read_sources(pass);
        *ret_pass = TAKE_PTR(pass);
        pass_advance(*ret_pass);
        return 0;
}

static void forget_round(Pass *pass) {
        plan_done(&pass->plan);
        manifest_done(&pass->manifest_before);
        free(pass->contents);
        pass->contents = NULL;
        pass->n_contents = 0;
        for (size_t i = 0; i < pass->n_good; i++)
                free(pass->good[i].bytes);
        free(pass->good);
        pass->good = NULL;
        pass->n_good = 0;
        for (size_t i = 0; i < pass->n_observed; i++)
                free(pass->observed_names[i]);
        free(pass->observed_names);
        free(pass->observed);
        pass->observed_names = NULL;
        pass->observed = NULL;
        pass->n_observed = 0;
        free(pass->foreign);
        pass->foreign = NULL;
        pass->n_foreign = 0;
}

Pass *pass_free(Pass *pass) {
        if (!pass)
                return NULL;
        pass_stop_jobs(pass);
        pass_stop_writer(pass);
        forget_round(pass);
        cache_release_bytes(pass->context.cache);
        claims_done(&pass->claims);
        for (size_t i = 0; pass->snapshots && i < pass->context.options->n_sources; i++)
                snapshot_done(&pass->snapshots[i]);
        free(pass->snapshots);
        for (size_t i = 0; i < pass->n_failures; i++)
                free(pass->failures[i].name);
        free(pass->failures);
        for (size_t i = 0; i < pass->n_repaired; i++)
                free(pass->repaired[i]);
        free(pass->repaired);
        free(pass->problem);
        free(pass);
        return NULL;
}

static int queue_checks(Pass *pass) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < pass->claims.n; i++) {
                const Claim *claim = &pass->claims.items[i];

                if (claim->entry)
                        r = pass_queue_due(pass, claim, claim->entry, false);
        }
        return r;
}

/* A next round only after this one brought something: else nothing would ever end. But the first
 * may have held nothing except bytes that stand there already, and left no room for others. */
static bool wants_next_round(const Pass *pass) {
        return pass->has_deferred && (pass->n_contents > 0 || !pass->is_later_round) &&
                pass->error == 0;
}

/* One step; the phase that follows is set here and nowhere else. */
static int step(Pass *pass) {
        switch (pass->phase) {
        case PASS_CHECK: pass->phase = PASS_OBSERVE; return queue_checks(pass);
        case PASS_OBSERVE: pass->phase = PASS_PLAN; return pass_observe(pass);
        case PASS_PLAN: pass->phase = PASS_WRITE; return pass_plan(pass);
        case PASS_WRITE: pass->phase = PASS_WRITTEN; return pass_write(pass);
        case PASS_WRITTEN:
                pass->phase = PASS_OVER;
                if (!wants_next_round(pass))
                        return 0;
                pass->phase = PASS_OBSERVE;
                pass->has_deferred = false;
                pass->is_later_round = true;
                forget_round(pass);
                cache_release_bytes(pass->context.cache);
                pass->held_bytes = 0;
                return 0;
        case PASS_OVER: break;
        }
        return 0;
}

void pass_advance(Pass *pass) {
        while (pass->error == 0) {
                pass->error = pass_start_jobs(pass);
                if (pass->error < 0 || pass->n_running > 0 || pass->is_writing)
                        break;
                pass->n_jobs = pass->next_job = 0;
                if (pass->phase == PASS_OVER)
                        break;
                pass->error = step(pass);
        }
        if (pass->error < 0) {
                pass_stop_jobs(pass);
                if (pass->is_writing) /* what it has begun is brought to its end */
                        return;
        } else if (pass->n_running > 0 || pass->is_writing)
                return;
        pass->done(pass, pass->userdata); /* frees it */
}

bool pass_is_writing(const Pass *pass) {
        return pass->is_writing;
}

PassReport pass_report(const Pass *pass) {
        return (PassReport){
                .error = pass->error,
                .problem = pass->problem  ? pass->problem
                        : pass->error < 0 ? strerror(-pass->error)
                                          : NULL,
                .snapshots = pass->snapshots,
                .claims = &pass->claims,
                .plan = &pass->plan,
                .failures = pass->failures,
                .n_failures = pass->n_failures,
                .repaired = (const char *const *) pass->repaired,
                .n_repaired = pass->n_repaired,
                .wrote_manifest = pass->wrote_manifest,
                .wake_usec = pass->wake_usec,
        };
}

const PassFailure *pass_report_failure(const PassReport *report, const char *name) {
        for (size_t i = 0; i < report->n_failures; i++)
                if (strcmp(report->failures[i].name, name) == 0)
                        return &report->failures[i];
        return NULL;
}
