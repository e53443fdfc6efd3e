/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Many trials. Each job is a child that runs one trial after the other and keeps its figures in
 * memory shared with us; where libseccomp does not come back or dies, the child is lost, and
 * another one goes on behind that profile. What a loss means hangs on what the trial was busy with.
 */

#include "oracles/oracles.h"

#include "base/cleanup.h"
#include "oracles/trial.h"
#include "profile/compile.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#define TRIAL_CPU_SECONDS 2
#define JOBS_MAX          16U

/* One job: seeds first, first + stride, … until its share of pairs is reached. */
typedef struct Job {
        uint64_t seed; /* of the trial at hand */
        uint64_t n_trials;
        uint64_t n_ends[N_TRIAL_ENDS];
        uint64_t n_lost[N_TRIAL_STAGES]; /* libseccomp did not come back */
        Trial trial;
        pid_t pid;
} Job;

static const char *const stages[N_TRIAL_STAGES] = {
        [TRIAL_OWN] = "the oracles' own code",
        [TRIAL_CHECK] = "the check",
        [TRIAL_CANONICAL] = "libseccomp with a canonical form that seccompd found good",
        [TRIAL_SOURCE] = "libseccomp with the author's order",
};

static Draft draft_of(uint64_t seed, uint64_t *ret_random) {
        *ret_random = seed * 0x9e3779b97f4a7c15;
        return draft_random(seed % 4 == 0 ? DRAFT_CROWDED : DRAFT_MIXED, ret_random);
}

static uint64_t share(const PairsOptions *options) {
        return (options->n_pairs + options->n_jobs - 1) / options->n_jobs;
}

static void job_serve(Job *job, const PairsOptions *options) {
        int scratch_fd = memfd_create("oracles", MFD_CLOEXEC);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (scratch_fd >= 0 && job->trial.n_pairs < share(options)) {
                const struct itimerval limit = { .it_value = { .tv_sec = TRIAL_CPU_SECONDS } };
                bool asks = options->nth_asks > 0 && job->n_trials % options->nth_asks == 0;
                uint64_t random = 0;
                Draft draft = draft_of(job->seed, &random);

                setitimer(ITIMER_PROF, &limit, NULL);
                trial_run(&draft, &random, options->n_calls, asks, scratch_fd, &job->trial);
                job->n_ends[job->trial.end]++;
                if (job->trial.end == TRIAL_FAILED)
                        _exit(1);
                job->n_trials++;
                job->seed += options->n_jobs;
        }
        _exit(scratch_fd < 0);
}

static bool job_start(Job *job, const PairsOptions *options) {
        pid_t pid = fork();

        if (pid == 0)
                job_serve(job, options);
        job->pid = pid; /* not the child's: the memory is shared */
        return pid > 0;
}

/* What the end of a job's child means. Returns 0 when its share is done, 1 to go on, -1 for a
 * fault. */
static int job_end(Job *job, int status) {
        Trial *trial = &job->trial;

        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        if (WIFEXITED(status))
                return -1;
        job->n_lost[trial->stage]++;
        job->n_trials++;
        /* no end within the time is libseccomp's way; a broken heap would be somebody's mistake */
        if (WTERMSIG(status) == SIGPROF &&
                (trial->stage == TRIAL_SOURCE || (trial->stage == TRIAL_CHECK && trial->is_told)))
                return 1;
        snprintf(trial->problem, sizeof(trial->problem), "signal %d in %s", WTERMSIG(status),
                stages[trial->stage]);
        return -1;
}

static void report_fault(const Job *job) {
        _cleanup_buf_ Buf text = {};
        uint64_t random = 0;
        Draft draft = draft_of(job->seed, &random);

        draft_print(&text, &draft);
        printf("%sprofile %" PRIu64 " on %s: %s\n", text.data ? text.data : "", job->seed,
                draft.native->name, job->trial.problem);
}

static void report(const Job *jobs, const PairsOptions *options, double seconds) {
        uint64_t n_pairs = 0, n_kernel_calls = 0, n_trials = 0;
        uint64_t n_ends[N_TRIAL_ENDS] = {}, n_lost[N_TRIAL_STAGES] = {};

        for (unsigned i = 0; i < options->n_jobs; i++) {
                n_pairs += jobs[i].trial.n_pairs;
                n_kernel_calls += jobs[i].trial.n_kernel_calls;
                n_trials += jobs[i].n_trials;
                for (size_t j = 0; j < N_TRIAL_ENDS; j++)
                        n_ends[j] += jobs[i].n_ends[j];
                for (size_t j = 0; j < N_TRIAL_STAGES; j++)
                        n_lost[j] += jobs[i].n_lost[j];
        }
        printf("%" PRIu64 " profiles: %" PRIu64 " agree, %" PRIu64 " invalid by other rules\n"
               "  SP812: %" PRIu64 " wrong by the kernel's own answer, %" PRIu64
               " wrong on architectures it does not run, %" PRIu64 " refused, %" PRIu64
               " without end\n"
               "  of those that agree, libseccomp has the author's order wrong in %" PRIu64
               ", refuses %" PRIu64 ", does not end in %" PRIu64 "\n"
               "%" PRIu64 " (profile, call) pairs agree, %" PRIu64
               " of them in the kernel too; no difference; seed %" PRIu64 ", %.0f s\n",
                n_trials,
                n_ends[TRIAL_AGREES] + n_ends[TRIAL_SOURCE_DIFFERS] + n_ends[TRIAL_SOURCE_REFUSED],
                n_ends[TRIAL_INVALID], n_ends[TRIAL_DIFFERS], n_ends[TRIAL_UNCONFIRMED],
                n_ends[TRIAL_REFUSED], n_lost[TRIAL_CHECK], n_ends[TRIAL_SOURCE_DIFFERS],
                n_ends[TRIAL_SOURCE_REFUSED], n_lost[TRIAL_SOURCE], n_pairs, n_kernel_calls,
                options->seed, seconds);
}

static Job *job_of(Job *jobs, unsigned n, pid_t pid) {
        for (unsigned i = 0; i < n; i++)
                if (jobs[i].pid == pid)
                        return &jobs[i];
        return NULL;
}

static double now(void) {
        struct timespec time;

        clock_gettime(CLOCK_MONOTONIC, &time);
        return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

/* Waits for all jobs; the first fault ends it, and the others die with us. */
static int jobs_follow(Job *jobs, const PairsOptions *options) {
        for (unsigned n_running = options->n_jobs; n_running > 0;) {
                int status = 0, r = 0;
                Job *job = job_of(jobs, options->n_jobs, wait(&status));

                if (!job)
                        return 2;
                r = job_end(job, status);
                if (r < 0) {
                        report_fault(job);
                        return 1;
                }
                if (r == 0)
                        n_running--;
                job->seed += (uint64_t) r * options->n_jobs;
                if (r > 0 && !job_start(job, options))
                        return 2;
        }
        return 0;
}

int profile_print(uint64_t number) {
        _cleanup_buf_ Buf text = {};
        uint64_t random = 0;
        Draft draft = draft_of(number, &random);

        draft_print(&text, &draft);
        return buf_error(&text) < 0 || fputs(text.data, stdout) < 0 ? 2 : 0;
}

int pairs_run(const PairsOptions *options) {
        const double begin = now();
        Job *jobs = NULL;
        int r = 0;

        if (options->n_jobs == 0 || options->n_jobs > JOBS_MAX)
                return 2;
        jobs = mmap(NULL, JOBS_MAX * sizeof(*jobs), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (jobs == MAP_FAILED)
                return 2;
        compile_warm_up();
        for (unsigned i = 0; i < options->n_jobs; i++) {
                jobs[i].seed = options->seed * 1000000007 + i;
                if (!job_start(&jobs[i], options))
                        return 2;
        }
        r = jobs_follow(jobs, options);
        if (r == 0)
                report(jobs, options, now() - begin);
        fflush(stdout);
        munmap(jobs, JOBS_MAX * sizeof(*jobs));
        return r;
}
