/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How the daemon comes by its destination: open it below the kubelet's root, take the lock, read
 * the manifest. Until then it is live but not ready, says why, and tries again; a second instance
 * waits here for the first to go. Once it is ours, the process gives up writing anywhere else
 * (Landlock).
 */

#include "daemon/daemon_internal.h"

#include "base/duration.h"
#include "daemon/reflect.h"
#include "node/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>

#define LOCK_RETRY_USEC (250 * USEC_PER_MSEC)
#define OPEN_RETRY_USEC (2 * USEC_PER_SEC)

static int add_landlock(Daemon *daemon) {
        int fds[8] = { daemon->store.dir_fd };
        size_t n = 1;
        int r;

        for (size_t i = 0; i < daemon->options->n_listen && n < N_ELEMENTS(fds); i++) {
                _cleanup_free_ char *path = NULL;

                if (strncmp(daemon->options->listen[i], "unix:", 5) != 0)
                        continue;
                path = strdup(daemon->options->listen[i] + 5);
                if (!path)
                        return -ENOMEM;
                fds[n] = open(dirname(path), O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (fds[n] >= 0)
                        n++;
        }
        r = sandbox_landlock(fds, n);
        while (n > 1)
                close(fds[--n]);
        return r;
}

static void keep_problem(Daemon *daemon, char *problem) {
        char **kept = &daemon->status.destination_problem;
        bool is_news = problem && (!*kept || strcmp(problem, *kept) != 0);

        if (is_news)
                log_plain(&daemon->log, LOG_LEVEL_ERROR, "%s", problem);
        free(*kept);
        *kept = problem;
        daemon->status.revision++;
        if (is_news)
                service_tell(daemon);
}

static int open_and_lock(Daemon *daemon) {
        char *problem = NULL;
        int r = 0;

        if (daemon->store.dir_fd < 0) {
                r = store_open(daemon->options->kubelet_root, daemon->options->subdir,
                        &daemon->store, &problem);
                keep_problem(daemon, problem);
                if (r < 0)
                        return r;
        }
        if (!daemon->is_locked) {
                r = store_lock(&daemon->store);
                if (r == -EWOULDBLOCK) {
                        if (!daemon->status.destination_problem)
                                keep_problem(daemon,
                                        strdup("another instance holds the destination; waiting "
                                               "for it"));
                        return r;
                }
                keep_problem(daemon, r < 0 ? strdup("the destination's lock cannot be had") : NULL);
                if (r < 0)
                        return r;
                daemon->is_locked = true;
        }
        r = store_load(&daemon->store, &problem);
        keep_problem(daemon, problem);
        return r;
}

static void acquired(Daemon *daemon) {
        int r = reflect_manifest(&daemon->status, &daemon->store.manifest);

        daemon->is_loaded = true;
        (void) loop_must(daemon, r, "reading the manifest into the status failed");
        r = ready_check_kubelet_root(daemon);
        if (r < 0)
                log_plain(&daemon->log, LOG_LEVEL_WARNING,
                        "the kubelet root behind the mounts cannot be read: %s", strerror(-r));
        ready_check_destination(daemon);
        r = add_landlock(daemon);
        if (r < 0)
                log_plain(&daemon->log, LOG_LEVEL_DEBUG, "no Landlock: %s", strerror(-r));
        daemon->ages_saved_usec = loop_now(daemon, CLOCK_BOOTTIME);
        loop_arm_watches(daemon);
        loop_want_pass(daemon, 0, true);
}

int acquire_destination(sd_event_source *source, uint64_t usec, void *userdata) {
        Daemon *daemon = userdata;
        int r = open_and_lock(daemon);

        (void) source;
        (void) usec;
        if (r == 0) {
                acquired(daemon);
                return 0;
        }
        if (daemon->options->once &&
                (r != -EWOULDBLOCK ||
                        loop_now(daemon, CLOCK_MONOTONIC) >= daemon->once_deadline_usec)) {
                loop_finish(daemon, r == -EWOULDBLOCK ? EXIT_LOCKED : EXIT_NOT_INSTALLED);
                return 0;
        }
        if (r != -EWOULDBLOCK && !daemon->is_locked)
                store_done(&daemon->store); /* opened anew next time: the way there may be mended */
        return loop_must(daemon,
                loop_arm(daemon->acquire_timer,
                        loop_now(daemon, CLOCK_MONOTONIC) +
                                (r == -EWOULDBLOCK ? LOCK_RETRY_USEC : OPEN_RETRY_USEC)),
                "arming a timer failed");
}
