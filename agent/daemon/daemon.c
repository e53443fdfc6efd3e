/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The daemon's life: what is set up before the first event, and what is put away after the last.
 *
 * The order matters: SIGCHLD is blocked and the sandbox compiled before anything forks; facts and
 * options are fixed from here on; listeners are up before the destination is ours, so that a daemon
 * that waits can say what for.
 */

#include "daemon/daemon_internal.h"

#include "base/duration.h"
#include "base/heap.h"
#include "node/probe.h"
#include "node/sandbox.h"
#include "version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static void done(Daemon *daemon) {
        if (daemon->pass)
                daemon->pass = pass_free(daemon->pass);
        for (size_t i = 0; i < daemon->n_listeners; i++)
                listener_free(daemon->listeners[i]);
        free(daemon->listeners);
        loop_stop(daemon);
        watch_free(daemon->watch);
        store_done(&daemon->store);
        node_status_done(&daemon->status);
        cache_done(&daemon->cache); /* with the texts of all summaries */
        observer_done(&daemon->observer);
        backoff_done(&daemon->backoff);
        free(daemon->checks);
        free(daemon->kubelet_root_problem);
        free(daemon->seccomp_problem);
        free(daemon->watch_problem);
        sd_event_unref(daemon->event);
}

static int fail(Daemon *daemon, const char *what, int r) {
        log_plain(&daemon->log, LOG_LEVEL_ERROR, "%s: %s", what, strerror(-r));
        return r;
}

/* A kernel without seccomp: say so, serve health, touch nothing; restarting would not help. */
static int probe(Daemon *daemon) {
        int r = node_probe(&daemon->status.facts);

        if (r == -ENOSYS) {
                daemon->seccomp_problem =
                        strdup("this kernel has no seccomp filters; no profile can be used here");
                if (!daemon->seccomp_problem)
                        return -ENOMEM;
                log_plain(&daemon->log, LOG_LEVEL_ERROR, "%s", daemon->seccomp_problem);
                return 0;
        }
        if (r < 0)
                return fail(daemon, "reading this node's facts failed", r);
        r = sandbox_prepare();
        return r < 0 ? fail(daemon, "preparing the workers' sandbox failed", r) : 0;
}

static int init_checks(Daemon *daemon) {
        const Options *options = daemon->options;

        daemon->checks = calloc(options->n_sources + 1, sizeof(*daemon->checks));
        if (!daemon->checks)
                return -ENOMEM;
        for (size_t i = 0; i < options->n_sources; i++)
                daemon->checks[i] = (CheckOptions){
                        .facts = daemon->status.facts,
                        .capabilities = options->sources[i].capabilities,
                        .rules = options->owner.rules,
                        .policy = &options->owner.policy,
                };
        return 0;
}

static int prune_after_text(const Options *options, char **ret_text) {
        char text[DURATION_TEXT_SIZE] = "never";

        if (options->prune)
                duration_format(options->prune_after_seconds * USEC_PER_SEC, text);
        *ret_text = strdup(text);
        return *ret_text ? 0 : -ENOMEM;
}

static int init_status(Daemon *daemon) {
        const Options *options = daemon->options;
        NodeStatus *status = &daemon->status;
        struct timespec wall = {};

        (void) clock_gettime(CLOCK_REALTIME, &wall);
        status->started_usec = (int64_t) wall.tv_sec * (int64_t) USEC_PER_SEC + wall.tv_nsec / 1000;
        status->watch_mode = "poll";
        status->adopt = strdup(adopt_mode_name(options->adopt));
        status->sources = calloc(options->n_sources + 1, sizeof(*status->sources));
        if (!status->adopt || !status->sources ||
                prune_after_text(options, &status->prune_after) < 0 ||
                asprintf(&status->destination, "%s/seccomp/%s", options->kubelet_root,
                        options->subdir) < 0)
                return -ENOMEM;
        status->n_sources = options->n_sources;
        for (size_t i = 0; i < options->n_sources; i++) {
                const SourceSpec *spec = &options->sources[i];
                SourceStatus *source = &status->sources[i];

                source->name = strdup(spec->name);
                source->path = strdup(spec->path);
                source->subdir = strdup(spec->subdir);
                source->capabilities = spec->capabilities;
                if (!source->name || !source->path || !source->subdir)
                        return -ENOMEM;
        }
        return 0;
}

static int init_loop(Daemon *daemon) {
        sigset_t signals;
        int r;

        sigemptyset(&signals);
        sigaddset(&signals, SIGCHLD);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return -errno;
        (void) signal(SIGPIPE, SIG_IGN); /* of a client that hung up: the write's error says it */
        r = sd_event_default(&daemon->event);
        if (r < 0)
                return r;
        return sd_event_set_watchdog(daemon->event, true);
}

static int start_listeners(Daemon *daemon) {
        const Options *options = daemon->options;

        daemon->listeners = calloc(options->n_listen, sizeof(Listener *));
        if (!daemon->listeners)
                return -ENOMEM;
        for (size_t i = 0; i < options->n_listen; i++) {
                bool serve_status =
                        options->expose_status || strncmp(options->listen[i], "unix:", 5) == 0;
                _cleanup_free_ char *problem = NULL;
                int r = listener_new(daemon->event, options->listen[i], serve_status, &daemon->view,
                        &daemon->listeners[i], &problem);

                if (r < 0) {
                        log_plain(&daemon->log, LOG_LEVEL_ERROR, "--listen %s: %s",
                                options->listen[i], problem ? problem : strerror(-r));
                        if (r == -EINVAL || r == -ENAMETOOLONG) /* no address at all */
                                daemon->exit_status = EXIT_USAGE;
                        return r;
                }
                daemon->n_listeners++;
        }
        return 0;
}

static void log_start(Daemon *daemon) {
        const NodeFacts *facts = &daemon->status.facts;
        char kernel[32], libseccomp[48];

        snprintf(kernel, sizeof(kernel), "%u.%u", facts->kernel_major, facts->kernel_minor);
        snprintf(libseccomp, sizeof(libseccomp), "%u.%u.%u", facts->libseccomp_major,
                facts->libseccomp_minor, facts->libseccomp_micro);
        const LogField fields[] = {
                { "version", SECCOMPD_VERSION },
                { "revision", SECCOMPD_REVISION },
                { "architecture", facts->arch ? facts->arch->name : NULL },
                { "kernel", kernel },
                { "libseccomp", libseccomp },
                { "destination", daemon->status.destination },
        };
        log_fields(&daemon->log, LOG_LEVEL_INFO, fields, N_ELEMENTS(fields), "seccompd starts");
}

static int init(Daemon *daemon) {
        int r = init_loop(daemon);

        if (r < 0)
                return fail(daemon, "setting up the event loop failed", r);
        daemon->log = log_open(daemon->options->log_format, daemon->options->log_level);
        daemon->metrics.with_profile_info = daemon->options->metrics_profile_info;
        r = probe(daemon);
        if (r < 0)
                return r;
        r = init_checks(daemon);
        if (r >= 0)
                r = init_status(daemon);
        if (r < 0)
                return fail(daemon, "setting up failed", r);
        log_start(daemon);
        ready_init(daemon);
        if (daemon->seccomp_problem)
                service_tell(daemon);
        if (!daemon->options->once) {
                r = start_listeners(daemon);
                if (r < 0)
                        return r;
        }
        r = loop_start(daemon);
        return r < 0 ? fail(daemon, "setting up the event loop failed", r) : 0;
}

/* Ages are worth a last write: an agent that restarts every hour must not keep profiles for ever.
 */
static void save_ages(Daemon *daemon) {
        uint64_t elapsed =
                (loop_now(daemon, CLOCK_BOOTTIME) - daemon->ages_saved_usec) / USEC_PER_SEC;
        StoreResult result = {};
        Plan nothing = {};
        const StoreWork work = {
                .store = &daemon->store,
                .plan = &nothing,
                .elapsed_seconds = elapsed,
                .now_seconds = time(NULL),
        };
        int r;

        if (!daemon->is_loaded || daemon->pass || elapsed == 0 || daemon->orphaned_path ||
                node_status_count(&daemon->status, NULL, PROFILE_RETIRING) == 0)
                return;
        r = store_apply(&work, &result);
        if (r >= 0)
                r = result.error;
        if (r < 0)
                log_plain(&daemon->log, LOG_LEVEL_WARNING,
                        "saving the ages of retiring profiles failed: %s", strerror(-r));
        store_result_done(&result);
}

int daemon_run(const Options *options) {
        Daemon daemon = {
                .options = options,
                .log = { .format = LOG_TEXT, .level = LOG_LEVEL_INFO, .fd = STDERR_FILENO },
                .store = STORE_CLOSED,
                .exit_status = EXIT_NOT_INSTALLED,
        };
        int r;

        umask(0022);
        heap_give_back();
        r = init(&daemon);
        if (r >= 0 && !(options->once && daemon.seccomp_problem)) {
                r = sd_event_loop(daemon.event);
                if (r < 0)
                        fail(&daemon, "the event loop failed", r);
                else
                        save_ages(&daemon);
        }
        done(&daemon);
        if (r < 0 && daemon.exit_status == EXIT_ALL_INSTALLED)
                return EXIT_NOT_INSTALLED;
        return daemon.exit_status;
}
