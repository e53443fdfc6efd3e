/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What follows a pass: the status is brought up to what it found and did, whoever waits is told,
 * and what must happen next, and when, is settled. By the timer, always: the pass that ends here is
 * not freed yet.
 */

#include "daemon/daemon_internal.h"

#include "base/duration.h"
#include "daemon/reflect.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define STALE_RETRY_USEC  (20 * USEC_PER_MSEC)
#define FAILED_RETRY_USEC (5 * USEC_PER_SEC)

/* Whether the pass left a name as it should be. What it could not do is tried again by the clock:
 * at once would be without end. */
static bool is_seen_to(const PassReport *report, const char *name) {
        const PlanItem *item = plan_find(report->plan, name);

        return item && item->op != PLAN_NONE && !pass_report_failure(report, name);
}

/* Remembers what was just written; says when to see to what someone did to it since. */
static uint64_t touched_due_usec(Daemon *daemon, const PassReport *report) {
        uint64_t due = UINT64_MAX;

        for (size_t i = 0; i < daemon->store.manifest.n_entries; i++) {
                const ManifestEntry *entry = &daemon->store.manifest.entries[i];
                uint64_t not_before = backoff_not_before(&daemon->backoff, entry->name);
                Observed observed = {};
                int r = observer_look(
                        &daemon->observer, &daemon->store, entry->name, false, &observed);

                if (not_before < due &&
                        (r < 0 || observed.kind != OBSERVED_FILE || !observed.is_mode_right ||
                                !digest_equal(&observed.digest, &entry->digest)) &&
                        is_seen_to(report, entry->name))
                        due = not_before;
        }
        return due;
}

/*
 * When the age of a retiring profile will reach --prune-after, on CLOCK_MONOTONIC. Ages are those
 * at which the pass looked, so that one which began to retire in it is new, however long it took.
 */
static void wake_for_pruning(Daemon *daemon) {
        const uint64_t elapsed = daemon->pass_boottime_usec - daemon->ages_saved_usec;
        const uint64_t wanted = daemon->options->prune_after_seconds * USEC_PER_SEC;
        uint64_t soonest = UINT64_MAX;

        if (!daemon->options->prune)
                return;
        for (size_t i = 0; i < daemon->store.manifest.n_entries; i++) {
                const ManifestEntry *entry = &daemon->store.manifest.entries[i];
                uint64_t age = entry->retiring_seconds * USEC_PER_SEC + elapsed;
                uint64_t left = age < wanted ? wanted - age : daemon->options->rescan_usec;

                if (entry->state == PROFILE_RETIRING && left < soonest)
                        soonest = left;
        }
        if (soonest != UINT64_MAX)
                (void) loop_must(daemon,
                        loop_arm_at_latest(daemon->wake_timer,
                                daemon->pass_started_usec + soonest + USEC_PER_SEC),
                        "arming a timer failed");
}

static void count_pass(Daemon *daemon, const PassReport *report) {
        struct timespec wall = {};
        double seconds = (double) (loop_now(daemon, CLOCK_MONOTONIC) - daemon->pass_started_usec) /
                (double) USEC_PER_SEC;

        (void) clock_gettime(CLOCK_REALTIME, &wall);
        daemon->status.last_sync_usec =
                (int64_t) wall.tv_sec * (int64_t) USEC_PER_SEC + wall.tv_nsec / 1000;
        metrics_count_sync(&daemon->metrics, report->error == 0 && report->n_failures == 0,
                daemon->status.last_sync_usec, seconds);
}

/* Keeps what went wrong with a pass where people look; logs it when it is news. */
static void keep_problem(Daemon *daemon, const PassReport *report) {
        NodeStatus *status = &daemon->status;
        bool is_news = report->problem &&
                (!status->last_sync_problem ||
                        strcmp(report->problem, status->last_sync_problem) != 0);

        if (is_news)
                log_plain(&daemon->log, LOG_LEVEL_ERROR, "the pass failed: %s", report->problem);
        free(status->last_sync_problem);
        status->last_sync_problem = report->problem ? strdup(report->problem) : NULL;
        daemon->is_write_failing = false;
        for (size_t i = 0; i < report->n_failures; i++)
                daemon->is_write_failing |= report->failures[i].error == -ENOSPC ||
                        report->failures[i].error == -EDQUOT ||
                        report->failures[i].error == -EROFS || report->failures[i].error == -EIO;
        daemon->is_write_failing |= report->error < 0 && report->plan->n_items > 0;
        if (!daemon->is_write_failing) {
                if (status->destination_problem && report->error == 0)
                        ready_check_destination(daemon);
                return;
        }
        free(status->destination_problem);
        status->destination_problem = NULL;
        if (asprintf(&status->destination_problem, "writing below %s failed: %s",
                    daemon->store.path,
                    strerror(report->n_failures > 0 ? -report->failures[0].error
                                                    : -report->error)) < 0)
                status->destination_problem = NULL;
}

/* --cleanup is over: there is no place left where anything could be kept or locked. */
static void settle_cleanup(Daemon *daemon, const PassReport *report) {
        if (report->error < 0 || report->n_failures > 0 || daemon->store.manifest.n_entries > 0)
                return;
        log_plain(&daemon->log, LOG_LEVEL_INFO, "nothing of ours is left below %s",
                daemon->store.path);
        daemon->is_cleaned = true;
        daemon->is_loaded = false;
        store_done(&daemon->store);
}

static bool is_all_done(const Daemon *daemon) {
        const NodeStatus *status = &daemon->status;

        if (daemon->options->cleanup)
                return daemon->is_cleaned;
        for (size_t i = 0; i < status->n_sources; i++)
                if (status->sources[i].problem && !status->sources[i].is_missing)
                        return false; /* what it holds beside what was read is not installed */
        for (size_t i = 0; i < status->n_profiles; i++) {
                const ProfileStatus *profile = &status->profiles[i];

                if ((profile->state != PROFILE_INSTALLED && profile->state != PROFILE_RETIRING) ||
                        profile->is_damaged)
                        return false;
        }
        return status->is_synced && !status->last_sync_problem;
}

/* What must follow this pass, and when. */
static void schedule_next(Daemon *daemon, const PassReport *report) {
        uint64_t usec = loop_now(daemon, CLOCK_MONOTONIC), next = report->wake_usec;
        uint64_t touched = report->wrote_manifest ? touched_due_usec(daemon, report) : UINT64_MAX;

        /* of a pass that failed another follows anyway */
        if (daemon->is_touched && report->error == 0) {
                uint64_t due = loop_drift_due_usec(daemon);

                if (due < touched)
                        touched = due;
        }
        if (touched < next)
                next = touched;
        if (daemon->is_dirty)
                next = usec;
        else if (report->error == -ESTALE)
                next = usec + STALE_RETRY_USEC;
        else if ((report->error < 0 || report->n_failures > 0) && next > usec + FAILED_RETRY_USEC)
                next = usec + FAILED_RETRY_USEC;
        if (next != UINT64_MAX)
                (void) loop_must(daemon, loop_arm_at_latest(daemon->wake_timer, next),
                        "arming a timer failed");
        wake_for_pruning(daemon);
}

static void settle_pass(Daemon *daemon, const PassReport *report) {
        int r = reflect_pass(&daemon->status, daemon->options, report, &daemon->store,
                &daemon->backoff, &daemon->log, daemon->status.last_sync_usec);

        (void) loop_must(daemon, r, "keeping the status failed");
        if (report->wrote_manifest)
                daemon->ages_saved_usec += daemon->pass_elapsed_seconds * USEC_PER_SEC;
        keep_problem(daemon, report);
        for (size_t i = 0; i < daemon->options->n_sources; i++)
                if (report->snapshots[i].state == SOURCE_ORPHANED)
                        loop_begin_orphaned(daemon, daemon->options->sources[i].path);
        /* nothing is heard of the removal of a directory that we hold open; writing there fails */
        if (report->error < 0 || report->n_failures > 0)
                loop_check_orphaned(daemon);
        /* a pass that could not write is a first pass all the same: what is true is known */
        daemon->status.is_synced |= report->error == 0 || report->plan->n_items > 0;
        daemon->status.revision++;
}

void after_pass(Pass *pass, void *userdata) {
        Daemon *daemon = userdata;
        PassReport report = pass_report(pass);

        count_pass(daemon, &report);
        settle_pass(daemon, &report);
        if (daemon->options->cleanup)
                settle_cleanup(daemon, &report);
        if (report.error == 0)
                cache_sweep(&daemon->cache);
        backoff_sweep(&daemon->backoff, loop_now(daemon, CLOCK_MONOTONIC));
        daemon->pass = NULL;
        if (!daemon->is_stopping)
                service_tell(daemon);
        if (daemon->is_stopping)
                loop_finish(daemon, daemon->exit_status);
        else if (daemon->options->once && report.error != -ESTALE)
                loop_finish(daemon, is_all_done(daemon) ? EXIT_ALL_INSTALLED : EXIT_NOT_INSTALLED);
        else if (!daemon->is_cleaned)
                schedule_next(daemon, &report);
        pass_free(pass);
        (void) malloc_trim(0); /* what the pass needed goes back to the node */
}
