/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the daemon says of its own health. /livez is the loop's heartbeat: whoever gets an answer
 * has one. /readyz is whether this node's profiles are being taken care of; a bad profile is its
 * author's matter and never makes the pod unready unless --ready-requires says so.
 */

#include "daemon/daemon_internal.h"

#include "base/duration.h"
#include "base/fdio.h"
#include "node/kubelet_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define PASS_PATIENCE_USEC (300 * USEC_PER_SEC)

static void fill_live(Health *health, void *userdata) {
        (void) userdata;
        health_add(health, "loop", true, NULL);
}

static const char *source_problem(const NodeStatus *status) {
        for (size_t i = 0; i < status->n_sources; i++) {
                const SourceStatus *source = &status->sources[i];

                /* a missing source is its owner's choice: reported, but the node is ready */
                if (source->state && strcmp(source->state, "ok") != 0 && !source->is_missing)
                        return source->problem ? source->problem : source->state;
        }
        return NULL;
}

static bool is_in_place(const ProfileStatus *profile) {
        return !digest_is_none(&profile->digest) && !profile->is_damaged;
}

static const char *profiles_problem(const NodeStatus *status) {
        for (size_t i = 0; i < status->n_profiles; i++)
                if (!is_in_place(&status->profiles[i]))
                        return "a profile of the source has no installed file; see /status";
        return NULL;
}

static const char *required_problem(const Daemon *daemon) {
        for (size_t i = 0; i < daemon->options->n_ready_names; i++) {
                const ProfileStatus *profile =
                        node_status_find(&daemon->status, daemon->options->ready_names[i]);

                if (!profile || !is_in_place(profile))
                        return daemon->options->ready_names[i];
        }
        return NULL;
}

static void add(Health *health, const char *name, const char *problem) {
        health_add(health, name, problem == NULL, problem);
}

static void fill_cleanup(Health *health, const Daemon *daemon) {
        const char *problem = daemon->status.last_sync_problem ? daemon->status.last_sync_problem
                : daemon->status.destination_problem           ? daemon->status.destination_problem
                                                     : "not everything that is ours is removed yet";

        add(health, "cleanup", daemon->is_cleaned ? NULL : problem);
}

/* A disk that does not answer keeps the writer, and with it the pass, for ever. */
static bool is_pass_stuck(const Daemon *daemon) {
        return daemon->pass &&
                loop_now(daemon, CLOCK_MONOTONIC) - daemon->pass_started_usec > PASS_PATIENCE_USEC;
}

static void fill_ready(Health *health, void *userdata) {
        const Daemon *daemon = userdata;
        const NodeStatus *status = &daemon->status;

        add(health, "seccomp", daemon->seccomp_problem);
        if (daemon->options->cleanup) {
                fill_cleanup(health, daemon);
                return;
        }
        add(health, "lock",
                daemon->is_locked                     ? NULL
                        : status->destination_problem ? status->destination_problem
                                                      : "not had yet");
        add(health, "destination",
                daemon->is_loaded && daemon->orphaned_path == daemon->store.path
                        ? "the directory was removed or moved under us"
                        : !daemon->is_loaded && !status->destination_problem
                        ? "not opened yet"
                        : status->destination_problem);
        add(health, "kubelet-root", daemon->kubelet_root_problem);
        add(health, "sources", source_problem(status));
        add(health, "watch", daemon->watch_problem);
        health->checks[health->n_checks - 1].is_optional = true; /* the rescan does without */
        add(health, "sync",
                is_pass_stuck(daemon)       ? "a pass has not come to its end for five minutes"
                        : status->is_synced ? NULL
                        : status->last_sync_problem ? status->last_sync_problem
                                                    : "the first pass is not done yet");
        add(health, "profiles", status->is_synced ? profiles_problem(status) : "not known yet");
        health->checks[health->n_checks - 1].is_optional = !daemon->options->ready_requires_all;
        if (daemon->options->n_ready_names > 0)
                add(health, "required-profiles", required_problem(daemon));
}

static int read_profile(
        const char *name, char **ret_bytes, size_t *ret_size_bytes, void *userdata) {
        const Daemon *daemon = userdata;
        const ManifestEntry *entry = manifest_find(&daemon->store.manifest, name);
        _cleanup_free_ char *bytes = NULL;
        size_t size_bytes = 0;
        Digest digest = {};
        int r;

        if (!daemon->is_loaded || !entry)
                return -ENOENT;
        r = store_read(
                &daemon->store, name, (size_t) LIMIT_PROFILE_BYTES * 16, &bytes, &size_bytes);
        if (r < 0)
                return r;
        digest = digest_of(bytes, size_bytes);
        if (!digest_equal(&digest, &entry->digest))
                return -ENOENT; /* drifted: those are not the bytes we stand for */
        *ret_bytes = TAKE_PTR(bytes);
        *ret_size_bytes = size_bytes;
        return 0;
}

void ready_init(Daemon *daemon) {
        daemon->view = (ReportView){
                .status = &daemon->status,
                .metrics = &daemon->metrics,
                .live = fill_live,
                .ready = fill_ready,
                .read_profile = read_profile,
                .userdata = daemon,
        };
}

static int check_source_root(Daemon *daemon, const char *mountinfo, const SourceSpec *source) {
        _cleanup_free_ char *source_root = NULL, *destination_root = NULL;
        int r = kubelet_root_find(
                mountinfo, source->path, daemon->store.path, &source_root, &destination_root);

        if (r < 0)
                return r;
        if (!source_root || !destination_root || strcmp(source_root, destination_root) == 0)
                return 0;
        if (asprintf(&daemon->kubelet_root_problem,
                    "source %s is mounted from the kubelet root %s, but the destination is in %s: "
                    "no pod will find these profiles; mount the seccomp directory of %s",
                    source->name, source_root, destination_root, source_root) < 0) {
                daemon->kubelet_root_problem = NULL;
                return -ENOMEM;
        }
        log_plain(&daemon->log, LOG_LEVEL_ERROR, "%s", daemon->kubelet_root_problem);
        return 0;
}

int ready_check_kubelet_root(Daemon *daemon) {
        _cleanup_buf_ Buf mountinfo = {};
        _cleanup_close_ int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
        int r = fd < 0 ? -errno : fd_read_all(fd, 16U << 20, &mountinfo);

        for (size_t i = 0;
                r >= 0 && i < daemon->options->n_sources && !daemon->kubelet_root_problem; i++)
                r = check_source_root(daemon, mountinfo.data, &daemon->options->sources[i]);
        return r;
}

void ready_check_destination(Daemon *daemon) {
        NodeStatus *status = &daemon->status;
        int r = store_probe_writable(&daemon->store);
        char *problem = NULL;

        if (r == 0 && daemon->is_write_failing)
                return; /* a full disk still takes an empty file: the last failure stands until a
                           write works */
        if (r < 0 &&
                asprintf(&problem, "%s cannot be written to: %s", daemon->store.path,
                        strerror(-r)) < 0)
                problem = NULL;
        if (problem &&
                (!status->destination_problem || strcmp(problem, status->destination_problem) != 0))
                log_plain(&daemon->log, LOG_LEVEL_ERROR, "%s", problem);
        if (!problem && status->destination_problem)
                log_plain(&daemon->log, LOG_LEVEL_INFO, "%s can be written to again",
                        daemon->store.path);
        free(status->destination_problem);
        status->destination_problem = problem;
}
