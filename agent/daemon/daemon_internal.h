/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_DAEMON_DAEMON_INTERNAL_H
#define SECCOMPD_DAEMON_DAEMON_INTERNAL_H

/* The one object of the process, and what daemon.c (its life), loop.c (events) and ready.c (health)
 * share of it. */

#include "daemon/daemon.h"
#include "daemon/pass.h"
#include "node/watch.h"
#include "report/listener.h"

typedef struct Daemon {
        const Options *options;
        Log log;
        sd_event *event;
        CheckOptions *checks; /* parallel to the sources */
        char *kubelet_root_problem;
        char *seccomp_problem; /* the kernel has none: no pass is ever made */

        Store store;
        bool is_locked, is_loaded;
        bool is_write_failing; /* the last pass could not write */

        Watch *watch;    /* NULL: polling */
        int watch_error; /* the last time it was armed: 0 or -errno */
        char *watch_problem;

        VerdictCache cache;
        Observer observer;
        Backoff backoff;
        Metrics metrics;
        NodeStatus status;
        ReportView view;
        Listener **listeners;
        size_t n_listeners;

        Pass *pass;
        uint64_t pass_started_usec;
        uint64_t pass_boottime_usec;   /* when the running pass started, on CLOCK_BOOTTIME */
        uint64_t pass_elapsed_seconds; /* what the running pass adds to the ages */
        bool is_dirty, is_dirty_full;
        bool is_reload_wanted;     /* by SIGHUP; its pass has not begun */
        bool is_touched;           /* something of the destination, since the running pass began */
        uint64_t quiet_since_usec; /* first of a burst of changes; 0: none */
        uint64_t ages_saved_usec;  /* CLOCK_BOOTTIME */

        sd_event_source *watch_io, *acquire_timer, *wake_timer, *rescan_timer, *exit_timer;
        uint64_t once_deadline_usec;
        const char *orphaned_path; /* torn down under us: the process is about to end; NULL: none */
        bool is_stopping;
        bool is_cleaned; /* --cleanup: nothing of ours is left, and the store is closed */
        int exit_status;
} Daemon;

/* loop.c: what happens when */

/** Adds the timers, signals and watch to the loop and begins to acquire the destination. 0 or
 * -errno. */
int loop_start(Daemon *daemon);

/** Takes the sources out of the loop. */
void loop_stop(Daemon *daemon);

/** Wants a pass at `usec` (CLOCK_MONOTONIC), now when that is past and none runs; `full`: of
 * everything. */
void loop_want_pass(Daemon *daemon, uint64_t usec, bool full);

/**
 * When a pass should see to what someone did to the destination since it was looked at: at once
 * (0), or when the back-off of the name is over. UINT64_MAX: nobody did anything.
 */
uint64_t loop_drift_due_usec(const Daemon *daemon);

/** Arms the watch on all sources and the destination anew. */
void loop_arm_watches(Daemon *daemon);

uint64_t loop_now(const Daemon *daemon, clockid_t clock);
int loop_arm(sd_event_source *timer, uint64_t usec);
/** Arms the timer unless it is armed for an earlier time. */
int loop_arm_at_latest(sd_event_source *timer, uint64_t usec);

/** Ends the process when the loop's own machinery failed (`r` < 0): nothing would wake it any more.
 */
int loop_must(Daemon *daemon, int r, const char *what);
void loop_finish(Daemon *daemon, int exit_status);

/** Says that `path` was torn down under us, and ends the process after a moment of being
 * unready. */
void loop_begin_orphaned(Daemon *daemon, const char *path);

/** Does so if the destination was. */
void loop_check_orphaned(Daemon *daemon);

/* after_pass.c */

/** PassDone: settles what a pass found and did, frees it, and arms what comes next. */
void after_pass(Pass *pass, void *userdata);

/* acquire.c */

/** Timer handler: one try to open, lock and load the destination; arms itself again while it fails.
 */
int acquire_destination(sd_event_source *source, uint64_t usec, void *userdata);

/* service.c */

/** Tells the service manager how the node stands, and READY=1 when it is and no reload is due. */
void service_tell(const Daemon *daemon);

/** Tells it that a reload begins; the READY=1 after the pass that it wants says that it is over. */
void service_tell_reloading(Daemon *daemon);
void service_tell_stopping(void);

/* ready.c */

/** Fills the view's callbacks. */
void ready_init(Daemon *daemon);

/**
 * Compares the kubelet roots behind the mounts of source and destination; keeps what is wrong in
 * kubelet_root_problem. Returns 0 or -errno.
 */
int ready_check_kubelet_root(Daemon *daemon);

/** Looks whether the destination can be written to; keeps what is wrong in the status. */
void ready_check_destination(Daemon *daemon);

#endif
