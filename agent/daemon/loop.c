/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What happens when: events and timers of the daemon, and the passes that they cause.
 *
 * Everything sets one flag, "a pass is wanted", now or after quiet: a `..data` rename runs it at
 * once (the snapshot is complete), a plain directory waits for 50 ms without changes, 500 ms at
 * most. While a pass runs the flag is kept and another follows. A rescan reads everything again, so
 * an event that was missed costs time, not truth.
 */

#include "daemon/daemon_internal.h"

#include "base/duration.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#define QUIET_USEC        (50 * USEC_PER_MSEC)
#define QUIET_MAX_USEC    (500 * USEC_PER_MSEC)
#define POLL_RESCAN_USEC  (10 * USEC_PER_SEC)
#define ONCE_LOCK_USEC    (30 * USEC_PER_SEC)
#define SAVE_AGES_SECONDS 3600U
#define ORPHAN_GRACE_USEC (2 * USEC_PER_SEC)
/* Accuracy of timers: sd-event's default of 250 ms would be most of the latency. */
#define ACCURACY_USEC 1

uint64_t loop_now(const Daemon *daemon, clockid_t clock) {
        uint64_t usec = 0;

        (void) sd_event_now(daemon->event, clock, &usec); /* fails for unknown clocks only */
        return usec;
}

int loop_arm(sd_event_source *timer, uint64_t usec) {
        int r = sd_event_source_set_time(timer, usec);

        return r < 0 ? r : sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

int loop_arm_at_latest(sd_event_source *timer, uint64_t usec) {
        int enabled = SD_EVENT_OFF;
        uint64_t armed = 0;

        if (sd_event_source_get_enabled(timer, &enabled) > 0 &&
                sd_event_source_get_time(timer, &armed) >= 0 && armed <= usec)
                return 0;
        return loop_arm(timer, usec);
}

/* The loop itself failing is the end: nothing would wake us any more. */
int loop_must(Daemon *daemon, int r, const char *what) {
        if (r >= 0)
                return 0;
        log_plain(&daemon->log, LOG_LEVEL_ERROR, "%s: %s", what, strerror(-r));
        daemon->exit_status = EXIT_NOT_INSTALLED;
        return sd_event_exit(daemon->event, daemon->exit_status);
}

void loop_finish(Daemon *daemon, int exit_status) {
        daemon->exit_status = exit_status;
        (void) sd_event_exit(daemon->event, exit_status);
}

/* --- passes --- */

static void start_pass(Daemon *daemon) {
        const PassContext context = {
                .event = daemon->event,
                .options = daemon->options,
                .checks = daemon->checks,
                .store = &daemon->store,
                .cache = &daemon->cache,
                .observer = &daemon->observer,
                .backoff = &daemon->backoff,
                .metrics = &daemon->metrics,
                .n_workers = (unsigned) sysconf(_SC_NPROCESSORS_ONLN),
        };
        bool full = daemon->is_dirty_full;
        uint64_t boottime = loop_now(daemon, CLOCK_BOOTTIME);
        uint64_t elapsed = (boottime - daemon->ages_saved_usec) / USEC_PER_SEC;
        bool has_retiring = node_status_count(&daemon->status, NULL, PROFILE_RETIRING) > 0;

        daemon->is_dirty = daemon->is_dirty_full = daemon->is_touched = false;
        daemon->is_reload_wanted = false; /* which wants a full pass, so that this is one */
        daemon->quiet_since_usec = 0;
        daemon->pass_started_usec = loop_now(daemon, CLOCK_MONOTONIC);
        daemon->pass_boottime_usec = boottime;
        daemon->pass_elapsed_seconds = elapsed;
        (void) loop_must(daemon,
                pass_start(&context, full, has_retiring && elapsed >= SAVE_AGES_SECONDS, elapsed,
                        after_pass, daemon, &daemon->pass),
                "starting a pass failed");
}

/* Wants a pass at `usec`; at once when that is past and none runs. */
void loop_want_pass(Daemon *daemon, uint64_t usec, bool full) {
        daemon->is_dirty = true;
        daemon->is_dirty_full |= full;
        if (!daemon->is_loaded || daemon->pass || daemon->is_stopping || daemon->orphaned_path)
                return;
        if (usec <= loop_now(daemon, CLOCK_MONOTONIC))
                start_pass(daemon);
        else
                (void) loop_must(daemon, loop_arm_at_latest(daemon->wake_timer, usec),
                        "arming a timer failed");
}

/* A change of a plain directory: after quiet, but not put off for ever. */
static void want_pass_after_quiet(Daemon *daemon) {
        uint64_t usec = loop_now(daemon, CLOCK_MONOTONIC), latest;

        if (daemon->quiet_since_usec == 0)
                daemon->quiet_since_usec = usec;
        latest = daemon->quiet_since_usec + QUIET_MAX_USEC;
        daemon->is_dirty = true;
        if (daemon->pass || !daemon->is_loaded)
                return;
        usec += QUIET_USEC;
        (void) loop_must(daemon, loop_arm(daemon->wake_timer, usec < latest ? usec : latest),
                "arming a timer failed");
}

static int on_wake(sd_event_source *source, uint64_t usec, void *userdata) {
        Daemon *daemon = userdata;

        (void) source;
        (void) usec;
        loop_want_pass(daemon, 0, false);
        return 0;
}

/* --- the watch --- */

static void keep_watch_error(Daemon *daemon, int error) {
        char *problem = NULL;

        if (error == daemon->watch_error)
                return;
        if (error < 0 &&
                asprintf(&problem, "watching failed: %s; the rescan still finds every change",
                        strerror(-error)) < 0)
                problem = NULL;
        if (problem)
                log_plain(&daemon->log, LOG_LEVEL_WARNING, "%s", problem);
        free(daemon->watch_problem);
        daemon->watch_problem = problem;
        daemon->watch_error = error;
}

void loop_arm_watches(Daemon *daemon) {
        int first_error = 0, r;

        if (!daemon->watch)
                return;
        for (size_t i = 0; i < daemon->options->n_sources; i++) {
                r = watch_source(daemon->watch, i, daemon->options->sources[i].path);
                if (r < 0 && first_error == 0)
                        first_error = r;
        }
        r = daemon->store.dir_fd < 0 ? 0 : watch_destination(daemon->watch, daemon->store.dir_fd);
        if (r < 0 && first_error == 0)
                first_error = r;
        if (first_error < 0)
                daemon->metrics.watch_errors++;
        keep_watch_error(daemon, first_error);
}

uint64_t loop_drift_due_usec(const Daemon *daemon) {
        /* somebody else's file may change without end: once a second is often enough */
        const uint64_t again = daemon->pass_started_usec + USEC_PER_SEC;
        uint64_t due = UINT64_MAX;

        for (size_t i = 0; i < daemon->store.manifest.n_entries; i++) {
                const char *name = daemon->store.manifest.entries[i].name;
                uint64_t not_before = backoff_not_before(&daemon->backoff, name);

                if (not_before < due &&
                        !observer_is_unchanged(&daemon->observer, &daemon->store, name))
                        due = not_before;
        }
        /* a foreign file in our way may have gone */
        for (size_t i = 0; i < daemon->status.n_profiles; i++) {
                const ProfileStatus *profile = &daemon->status.profiles[i];

                if (profile->state == PROFILE_CONFLICT && again < due &&
                        !observer_is_unchanged(&daemon->observer, &daemon->store, profile->name))
                        due = again;
        }
        return due;
}

void loop_begin_orphaned(Daemon *daemon, const char *path) {
        if (daemon->orphaned_path)
                return;
        daemon->orphaned_path = path;
        log_plain(&daemon->log, LOG_LEVEL_ERROR,
                "%s was torn down under us; unready, and exiting so that the mounts are made anew",
                path);
        service_tell(daemon);
        (void) loop_must(daemon,
                loop_arm(daemon->exit_timer, loop_now(daemon, CLOCK_MONOTONIC) + ORPHAN_GRACE_USEC),
                "arming a timer failed");
}

static int on_exit_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;
        loop_finish(userdata, EXIT_NOT_INSTALLED);
        return 0;
}

void loop_check_orphaned(Daemon *daemon) {
        bool is_leaving =
                daemon->options->cleanup && daemon->pass; /* .seccompd goes with the rest */

        if (daemon->is_loaded && !is_leaving && store_is_orphaned(&daemon->store))
                loop_begin_orphaned(daemon, daemon->store.path);
}

static int on_watch(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Daemon *daemon = userdata;
        uint32_t seen = 0;
        size_t n = 0;
        int r = watch_read(daemon->watch, &seen, &n);

        (void) source;
        (void) fd;
        (void) events;
        daemon->metrics.watch_events += n;
        if (r < 0) {
                log_plain(&daemon->log, LOG_LEVEL_WARNING, "reading watch events failed: %s",
                        strerror(-r));
                seen |= WATCH_OVERFLOW;
        }
        if (seen & WATCH_OVERFLOW)
                daemon->metrics.watch_errors++;
        if (seen & (WATCH_OVERFLOW | WATCH_GONE)) {
                loop_check_orphaned(daemon);
                loop_arm_watches(daemon);
        }
        if (seen & WATCH_OVERFLOW)
                loop_want_pass(daemon, 0, true);
        else if (seen & WATCH_SOURCE_SWAPPED)
                loop_want_pass(daemon, 0, false);
        else if (seen & (WATCH_SOURCE_CHANGED | WATCH_GONE))
                want_pass_after_quiet(daemon);
        if (!(seen & WATCH_DESTINATION_CHANGED) || !daemon->is_loaded)
                return 0;
        if (daemon->pass) /* it may be its own rename: it looks again at its end */
                daemon->is_touched = true;
        else {
                uint64_t due = loop_drift_due_usec(daemon);

                if (due != UINT64_MAX)
                        loop_want_pass(daemon, due, false);
        }
        return 0;
}

/* --- rescan and signals --- */

static uint64_t rescan_interval(const Daemon *daemon) {
        uint64_t interval = daemon->options->rescan_usec;

        return !daemon->watch && interval > POLL_RESCAN_USEC ? POLL_RESCAN_USEC : interval;
}

/* What watches over agents asks when a sync was last successful, of those that have cleaned up too.
 */
static void count_idle_sync(Daemon *daemon) {
        metrics_count_sync(&daemon->metrics, true, (int64_t) loop_now(daemon, CLOCK_REALTIME), 0);
}

static int on_rescan(sd_event_source *source, uint64_t usec, void *userdata) {
        Daemon *daemon = userdata;

        (void) source;
        (void) usec;
        if (daemon->is_cleaned) /* there is nothing to do any more, and that is done */
                count_idle_sync(daemon);
        if (daemon->is_loaded) {
                loop_check_orphaned(daemon);
                if (!daemon->pass)
                        ready_check_destination(daemon);
                loop_arm_watches(daemon);
                loop_want_pass(daemon, 0, true);
        }
        return loop_must(daemon,
                loop_arm(daemon->rescan_timer,
                        loop_now(daemon, CLOCK_MONOTONIC) + rescan_interval(daemon)),
                "arming the rescan failed");
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Daemon *daemon = userdata;

        (void) source;
        (void) info;
        log_plain(&daemon->log, LOG_LEVEL_INFO, "SIGHUP: reading everything again");
        /* the end of a reload is told by its pass: there must be one to come */
        if (!daemon->is_cleaned && !daemon->seccomp_problem)
                service_tell_reloading(daemon);
        loop_arm_watches(daemon);
        loop_want_pass(daemon, 0, true);
        return 0;
}

/* Runs behind each event from the signal on: a pass may have more to write than its writer has. */
static int end_when_written(sd_event_source *source, void *userdata) {
        Daemon *daemon = userdata;

        (void) source;
        if (!daemon->pass || !pass_is_writing(daemon->pass))
                loop_finish(daemon, daemon->exit_status);
        return 0;
}

static int on_terminate(
        sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Daemon *daemon = userdata;

        (void) source;
        log_plain(&daemon->log, LOG_LEVEL_INFO, "%s: stopping",
                info->ssi_signo == SIGINT ? "SIGINT" : "SIGTERM");
        service_tell_stopping();
        /* being told to stop is no failure, unless what was to be done once is not done */
        daemon->exit_status = daemon->options->once ? EXIT_NOT_INSTALLED : EXIT_ALL_INSTALLED;
        /* a writer at work is waited for, unless whoever stops us insists */
        if (daemon->is_stopping || !daemon->pass || !pass_is_writing(daemon->pass))
                loop_finish(daemon, daemon->exit_status);
        daemon->is_stopping = true;
        return loop_must(daemon, sd_event_add_post(daemon->event, NULL, end_when_written, daemon),
                "waiting for the writer failed");
}

static int add_signals(Daemon *daemon) {
        int r = sd_event_add_signal(daemon->event, NULL, SIGTERM, on_terminate, daemon);

        if (r >= 0)
                r = sd_event_add_signal(daemon->event, NULL, SIGINT, on_terminate, daemon);
        if (r >= 0)
                r = sd_event_add_signal(daemon->event, NULL, SIGHUP, on_hangup, daemon);
        return r;
}

static int add_timer(Daemon *daemon, sd_event_source **slot, uint64_t usec,
        sd_event_time_handler_t handler, int enabled) {
        int r = sd_event_add_time(
                daemon->event, slot, CLOCK_MONOTONIC, usec, ACCURACY_USEC, handler, daemon);

        return r < 0 ? r : sd_event_source_set_enabled(*slot, enabled);
}

static int add_watch(Daemon *daemon) {
        int r = -EOPNOTSUPP;

        if (!daemon->options->poll) {
                r = watch_new(&daemon->watch);
                if (r < 0)
                        log_plain(&daemon->log, LOG_LEVEL_WARNING,
                                "no inotify instance to be had (%s): polling every %llu s instead",
                                strerror(-r), POLL_RESCAN_USEC / USEC_PER_SEC);
        }
        daemon->status.watch_mode = daemon->watch ? "inotify" : "poll";
        if (!daemon->watch)
                return 0;
        return sd_event_add_io(daemon->event, &daemon->watch_io, watch_fd(daemon->watch), EPOLLIN,
                on_watch, daemon);
}

int loop_start(Daemon *daemon) {
        uint64_t usec = loop_now(daemon, CLOCK_MONOTONIC);
        int r = add_signals(daemon);

        if (r >= 0)
                r = add_timer(daemon, &daemon->wake_timer, usec, on_wake, SD_EVENT_OFF);
        if (r >= 0)
                r = add_timer(daemon, &daemon->exit_timer, usec, on_exit_timer, SD_EVENT_OFF);
        if (r >= 0 && !daemon->options->once)
                r = add_watch(daemon);
        if (r >= 0)
                r = add_timer(daemon, &daemon->rescan_timer, usec + rescan_interval(daemon),
                        on_rescan, daemon->options->once ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
        daemon->once_deadline_usec = usec + ONCE_LOCK_USEC;
        if (r >= 0)
                r = add_timer(daemon, &daemon->acquire_timer, usec, acquire_destination,
                        daemon->seccomp_problem ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
        return r;
}

void loop_stop(Daemon *daemon) {
        sd_event_source **const slots[] = {
                &daemon->watch_io,
                &daemon->acquire_timer,
                &daemon->wake_timer,
                &daemon->rescan_timer,
                &daemon->exit_timer,
        };

        for (size_t i = 0; i < N_ELEMENTS(slots); i++)
                *slots[i] = sd_event_source_disable_unref(*slots[i]);
}
