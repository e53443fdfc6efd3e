/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The workers of a pass: one for each distinct content, as many at a time as there are processors,
 * a large input alone. The end of a worker is the end of its process: what it said is read then
 * to the last byte.
 */

#include "daemon/pass_internal.h"

#include "base/duration.h"
#include "node/sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

/* wait(2)'s status from what waitid(2) says. */
static int status_of(const siginfo_t *info) {
        return info->si_code == CLD_EXITED ? W_EXITCODE(info->si_status, 0)
                                           : W_EXITCODE(0, info->si_status);
}

int pass_queue(Pass *pass, const Claim *claim, CacheEntry *entry, bool is_foreign) {
        PassJob *grown = NULL;

        if (entry->is_queued)
                return 0;
        grown = reallocarray(pass->jobs, pass->n_jobs + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        pass->jobs = grown;
        grown[pass->n_jobs++] =
                (PassJob){ .claim = claim, .entry = entry, .is_foreign = is_foreign };
        entry->is_queued = true;
        return 0;
}

int pass_queue_due(Pass *pass, const Claim *claim, CacheEntry *entry, bool is_foreign) {
        if (cache_entry_is_due(entry, pass_now(pass)))
                return pass_queue(pass, claim, entry, is_foreign);
        if (entry->known->kind == VERDICT_DIED)
                pass_wake_at(pass, entry->retry_usec);
        return 0;
}

static void release(PassWorker *worker) {
        worker->input = sd_event_source_disable_unref(worker->input);
        worker->exit = sd_event_source_disable_unref(worker->exit);
        worker->timeout = sd_event_source_disable_unref(worker->timeout);
        child_done(&worker->child);
        worker->job.entry->is_queued = false;
        worker->pass->n_running--;
        *worker = (PassWorker){ .child = { .fd = -1 } };
}

/* Keeps what is to be known of a verdict. Returns 0 or -ENOMEM. */
static int settle(Pass *pass, CacheEntry *entry, Verdict *verdict) {
        Metrics *metrics = pass->context.metrics;
        Known *known = NULL;

        metrics->checks++;
        if (verdict->kind == VERDICT_DIED)
                metrics->checks_died++;
        /* a content is counted once, not each time its bytes are made again */
        if (!entry->known || (entry->known->kind == VERDICT_DIED && verdict->kind != VERDICT_DIED))
                for (size_t i = 0; i < verdict->diags.n; i++)
                        if (verdict->diags.items[i].severity == SEVERITY_ERROR)
                                metrics->validation_failures[verdict->diags.items[i].rule]++;
        if (pass->held_bytes + verdict->canonical_size_bytes > PASS_HELD_BYTES) {
                free(verdict->canonical); /* a later round has it made again */
                verdict->canonical = NULL;
        } else
                pass->held_bytes += verdict->canonical_size_bytes;
        known = cache_know(pass->context.cache, verdict);
        if (!known)
                return -ENOMEM;
        cache_put(entry, known, pass_now(pass));
        if (known->kind == VERDICT_DIED)
                pass_wake_at(pass, entry->retry_usec);
        return 0;
}

/* A check that could not even be started condemns nothing but this try. */
static int settle_died(Pass *pass, CacheEntry *entry, const char *cause) {
        _cleanup_(verdict_freep) Verdict *verdict = verdict_died(cause);

        return verdict ? settle(pass, entry, verdict) : -ENOMEM;
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        PassWorker *worker = userdata;

        (void) fd;
        (void) events;
        if (child_read(&worker->child) != 0) /* at its end, or broken: the exit tells */
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        PassWorker *worker = userdata;

        (void) source;
        (void) usec;
        worker->timed_out = true;
        child_kill(&worker->child);
        return 0;
}

static int on_exit_of_worker(sd_event_source *source, const siginfo_t *info, void *userdata) {
        PassWorker *worker = userdata;
        Pass *pass = worker->pass;
        CacheEntry *entry = worker->job.entry;
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        int r;

        (void) source;
        (void) child_read(&worker->child);
        worker->child.pid = 0; /* the loop has reaped it */
        r = worker_verdict(&worker->child, status_of(info), worker->timed_out, &verdict);
        release(worker);
        if (r >= 0)
                r = settle(pass, entry, verdict);
        if (r < 0)
                pass->error = r;
        pass_advance(pass);
        return 0;
}

static int attach(PassWorker *worker) {
        sd_event *event = worker->pass->context.event;
        uint64_t deadline = pass_now(worker->pass) + SANDBOX_WALL_SECONDS * USEC_PER_SEC;
        int r = sd_event_add_io(event, &worker->input, worker->child.fd, EPOLLIN, on_input, worker);

        if (r >= 0)
                r = sd_event_add_child(event, &worker->exit, worker->child.pid, WEXITED,
                        on_exit_of_worker, worker);
        if (r >= 0)
                r = sd_event_add_time(
                        event, &worker->timeout, CLOCK_MONOTONIC, deadline, 1, on_timeout, worker);
        return r < 0 ? r : 0;
}

/* The bytes of a job, owned. -ESTALE: they are not what was hashed, or too many for a profile. */
static int read_bytes(Pass *pass, const PassJob *job, char **ret_bytes, size_t *ret_size_bytes) {
        _cleanup_free_ char *bytes = NULL;
        size_t size_bytes = 0;
        Digest digest = {};
        int r;

        if (!job->is_foreign)
                return snapshot_read(&pass->snapshots[job->claim->source], job->claim->file,
                        ret_bytes, ret_size_bytes);
        r = store_read(
                pass->context.store, job->claim->name, LIMIT_PROFILE_BYTES, &bytes, &size_bytes);
        if (r < 0)
                return r == -ENOMEM ? r : -ESTALE;
        digest = digest_of(bytes, size_bytes);
        if (!digest_equal(&digest, &job->entry->content))
                return -ESTALE;
        *ret_bytes = TAKE_PTR(bytes);
        *ret_size_bytes = size_bytes;
        return 0;
}

/* What an update would replace, so that its effect can be told; NULL where nothing is there, or
 * somebody has changed it. Owned. */
static char *read_previous(Pass *pass, const PassJob *job, size_t *ret_size_bytes) {
        const Store *store = pass->context.store;
        const ManifestEntry *entry = manifest_find(&store->manifest, job->claim->name);
        _cleanup_free_ char *bytes = NULL;
        Digest digest = {};

        if (!entry || job->is_foreign ||
                digest_equal(&entry->source_digest, &job->claim->file->digest) ||
                store_read(store, entry->name, LIMIT_PROFILE_BYTES, &bytes, ret_size_bytes) < 0)
                return NULL;
        digest = digest_of(bytes, *ret_size_bytes);
        return digest_equal(&digest, &entry->digest) ? TAKE_PTR(bytes) : NULL;
}

static int start(Pass *pass, const PassJob *job, PassWorker *worker) {
        _cleanup_free_ char *bytes = NULL;
        _cleanup_free_ char *previous = NULL;
        WorkerRequest request = { .options = &pass->context.checks[job->claim->source] };
        int r = read_bytes(pass, job, &bytes, &request.size_bytes);

        if (r < 0)
                return r;
        request.bytes = bytes;
        request.previous = previous = read_previous(pass, job, &request.previous_size_bytes);
        *worker = (PassWorker){
                .pass = pass,
                .job = *job,
                .child = { .fd = -1 },
                .is_large = request.size_bytes > PASS_SMALL_BYTES,
        };
        r = worker_start(&request, &worker->child);
        if (r < 0) {
                *worker = (PassWorker){ .child = { .fd = -1 } };
                job->entry->is_queued = false;
                return settle_died(pass, job->entry, strerror(-r));
        }
        pass->n_running++;
        r = attach(worker);
        if (r < 0)
                release(worker);
        return r;
}

static PassWorker *free_worker(Pass *pass, const PassJob *job) {
        bool is_large = !job->is_foreign && job->claim->file->size_bytes > PASS_SMALL_BYTES;
        PassWorker *idle = NULL;
        unsigned n = pass->context.n_workers;

        if (job->is_foreign || is_large)
                n = 1; /* alone: a foreign file's size is not known yet */
        if (pass->n_running >= n)
                return NULL;
        for (size_t i = 0; i < PASS_WORKERS_MAX; i++) {
                PassWorker *worker = &pass->workers[i];

                if (worker->child.pid == 0) {
                        if (!idle)
                                idle = worker;
                } else if (worker->is_large)
                        return NULL;
        }
        return idle;
}

int pass_start_jobs(Pass *pass) {
        while (pass->next_job < pass->n_jobs && !pass->is_writing) {
                const PassJob *job = &pass->jobs[pass->next_job];
                PassWorker *worker = free_worker(pass, job);
                int r;

                if (!worker)
                        return 0;
                pass->next_job++;
                r = start(pass, job, worker);
                if (r < 0)
                        job->entry->is_queued = false;
                /* somebody's file that is changing, or longer than any profile, means nothing yet:
                 * only its own name waits for it */
                if (r < 0 && !(r == -ESTALE && job->is_foreign))
                        return r;
        }
        return 0;
}

void pass_stop_jobs(Pass *pass) {
        for (size_t i = 0; i < PASS_WORKERS_MAX; i++)
                if (pass->workers[i].child.pid != 0)
                        release(&pass->workers[i]);
        for (; pass->next_job < pass->n_jobs; pass->next_job++)
                pass->jobs[pass->next_job].entry->is_queued = false;
        free(pass->jobs);
        pass->jobs = NULL;
        pass->n_jobs = pass->next_job = 0;
}
