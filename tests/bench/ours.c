/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Our own functions, called as the daemon calls them and timed apart:
 *
 *   ours check FILE N [PREVIOUS]
 *       checks FILE N times in this process, as what replaces the canonical PREVIOUS; medians in
 *       seconds of the whole, of its compilations (policy_compile), of its evaluations
 *       (eval_table_new, program_verify), of the comparison with PREVIOUS (verdict_compare)
 *   ours child N
 *       the median in seconds of a confined child that has next to nothing to check
 *   ours verdict FILE
 *       one check in a confined child: seconds, its processor seconds, its largest resident set
 *       in KiB, good, bad or died, and the number of its first finding's rule (0: none)
 *   ours write DIR FILE N
 *       seconds that the store takes to install FILE under N names in the empty kubelet root DIR
 *
 * The linker's --wrap puts the functions below between check_profile() and the parts it is made of.
 */

#include "base/cleanup.h"
#include "base/fdio.h"
#include "node/probe.h"
#include "node/sandbox.h"
#include "node/store.h"
#include "node/worker.h"
#include "profile/compile.h"
#include "profile/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#define NAME_SIZE 32

/* What the wrapped functions took since it was last emptied: they have no other way to say it. */
static struct {
        double compile, evaluate, compare;
        bool is_comparing; /* which uses the functions of the evaluation too */
} parts;

static double now(void) {
        struct timespec t = {};

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int __real_policy_compile(Arena *arena, const Policy *policy, const Arch *arch, unsigned n_levels,
        int scratch_fd, Program ret_programs[static 1], const PolicyRule **ret_rule);
int __wrap_policy_compile(Arena *arena, const Policy *policy, const Arch *arch, unsigned n_levels,
        int scratch_fd, Program ret_programs[static 1], const PolicyRule **ret_rule);
int __wrap_policy_compile(Arena *arena, const Policy *policy, const Arch *arch, unsigned n_levels,
        int scratch_fd, Program ret_programs[static 1], const PolicyRule **ret_rule) {
        double begin = now();
        int r = __real_policy_compile(
                arena, policy, arch, n_levels, scratch_fd, ret_programs, ret_rule);

        parts.compile += now() - begin;
        return r;
}

int __real_eval_table_new(
        Arena *arena, const Policy *policy, const Arch *arch, EvalTable **ret_table);
int __wrap_eval_table_new(
        Arena *arena, const Policy *policy, const Arch *arch, EvalTable **ret_table);
int __wrap_eval_table_new(
        Arena *arena, const Policy *policy, const Arch *arch, EvalTable **ret_table) {
        double begin = now();
        int r = __real_eval_table_new(arena, policy, arch, ret_table);

        if (!parts.is_comparing)
                parts.evaluate += now() - begin;
        return r;
}

int __real_program_verify(Arena *arena, const EvalTable *table, const Arch *arch,
        const Program *program, size_t max_points, VerifyResult *ret_result);
int __wrap_program_verify(Arena *arena, const EvalTable *table, const Arch *arch,
        const Program *program, size_t max_points, VerifyResult *ret_result);
int __wrap_program_verify(Arena *arena, const EvalTable *table, const Arch *arch,
        const Program *program, size_t max_points, VerifyResult *ret_result) {
        double begin = now();
        int r = __real_program_verify(arena, table, arch, program, max_points, ret_result);

        parts.evaluate += now() - begin;
        return r;
}

int __real_verdict_compare(Verdict *verdict, const char *bytes, size_t size_bytes);
int __wrap_verdict_compare(Verdict *verdict, const char *bytes, size_t size_bytes);
int __wrap_verdict_compare(Verdict *verdict, const char *bytes, size_t size_bytes) {
        double begin = now();
        int r;

        parts.is_comparing = true;
        r = __real_verdict_compare(verdict, bytes, size_bytes);
        parts.is_comparing = false;
        parts.compare += now() - begin;
        return r;
}

static int compare_seconds(const void *left, const void *right) {
        double a = *(const double *) left, b = *(const double *) right;

        return (a > b) - (a < b);
}

static double median(double *seconds, size_t n) {
        qsort(seconds, n, sizeof(*seconds), compare_seconds);
        return seconds[n / 2];
}

static int read_file(const char *path, char **ret_bytes, size_t *ret_size_bytes) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        _cleanup_free_ char *bytes = NULL;
        struct stat st = {};

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        bytes = malloc((size_t) st.st_size + 1);
        if (!bytes)
                return -ENOMEM;
        if (read(fd, bytes, (size_t) st.st_size) != st.st_size)
                return -EIO;
        bytes[st.st_size] = '\0';
        *ret_bytes = TAKE_PTR(bytes);
        *ret_size_bytes = (size_t) st.st_size;
        return 0;
}

static int check_often(const WorkerRequest *request, size_t n) {
        _cleanup_close_ int scratch_fd = memfd_create("scratch", MFD_CLOEXEC);
        _cleanup_close_ int nowhere_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        _cleanup_free_ double *whole = calloc(n, sizeof(*whole));
        _cleanup_free_ double *compile = calloc(n, sizeof(*compile));
        _cleanup_free_ double *evaluate = calloc(n, sizeof(*evaluate));
        _cleanup_free_ double *compare = calloc(n, sizeof(*compare));

        if (scratch_fd < 0 || nowhere_fd < 0)
                return -errno;
        if (!whole || !compile || !evaluate || !compare)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                double begin = now();
                int r;

                parts.compile = parts.evaluate = parts.compare = 0;
                r = worker_serve(nowhere_fd, scratch_fd, request);
                if (r < 0)
                        return r;
                whole[i] = now() - begin;
                compile[i] = parts.compile;
                evaluate[i] = parts.evaluate;
                compare[i] = parts.compare;
        }
        printf("%.9f %.9f %.9f %.9f\n", median(whole, n), median(compile, n), median(evaluate, n),
                median(compare, n));
        return 0;
}

static int child_often(const CheckOptions *options, size_t n) {
        const WorkerRequest request = { .bytes = "", .options = options };
        _cleanup_free_ double *seconds = calloc(n, sizeof(*seconds));

        if (!seconds)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                _cleanup_(verdict_freep) Verdict *verdict = NULL;
                double begin = now();
                int r = worker_check(&request, &verdict);

                if (r < 0)
                        return r;
                seconds[i] = now() - begin;
        }
        printf("%.9f\n", median(seconds, n));
        return 0;
}

static const char *kind_name(VerdictKind kind) {
        return kind == VERDICT_GOOD ? "good" : kind == VERDICT_BAD ? "bad" : "died";
}

static int say_verdict(const WorkerRequest *request) {
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        struct rusage usage = {};
        double begin = now(), seconds;
        int r = worker_check(request, &verdict);

        if (r < 0)
                return r;
        seconds = now() - begin;
        if (getrusage(RUSAGE_CHILDREN, &usage) < 0)
                return -errno;
        printf("%.6f %.6f %ld %s %d\n", seconds,
                (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                        (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
                usage.ru_maxrss, kind_name(verdict->kind),
                verdict->diags.n > 0 ? (int) verdict->diags.items[0].rule : 0);
        return 0;
}

static int open_store(const char *root, Store *ret_store) {
        _cleanup_free_ char *problem = NULL;
        int r = store_open(root, "profiles", ret_store, &problem);

        if (r == 0)
                r = store_lock(ret_store);
        if (r == 0)
                r = store_load(ret_store, &problem);
        if (problem)
                fprintf(stderr, "ours: %s\n", problem);
        return r;
}

static int apply(const StoreWork *work) {
        _cleanup_(store_result_done) StoreResult result = {};
        double begin = now();
        int r = store_apply(work, &result);

        if (r == 0)
                r = result.error;
        for (size_t i = 0; i < result.n_outcomes && r == 0; i++)
                r = result.outcomes[i].error;
        if (r == 0)
                printf("%.6f\n", now() - begin);
        return r;
}

static int write_batch(const char *root, const char *bytes, size_t size_bytes, size_t n) {
        _cleanup_(store_done) Store store = STORE_CLOSED;
        _cleanup_free_ char(*names)[NAME_SIZE] = calloc(n, sizeof(*names));
        _cleanup_free_ PlanItem *items = calloc(n, sizeof(*items));
        _cleanup_free_ StoreContent *contents = calloc(n, sizeof(*contents));
        const Plan plan = { .items = items, .n_items = n, .changes_manifest = true };
        const StoreWork work = { .store = &store,
                .plan = &plan,
                .contents = contents,
                .n_contents = n,
                .now_seconds = time(NULL) };
        const Digest digest = digest_of(bytes, size_bytes);
        int r;

        if (!names || !items || !contents)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                snprintf(names[i], NAME_SIZE, "%06zu.json", i); /* sorted */
                items[i] = (PlanItem){ .name = names[i],
                        .source = "main",
                        .op = PLAN_WRITE,
                        .state = PROFILE_INSTALLED,
                        .digest = digest,
                        .source_digest = digest,
                        .is_new = true };
                contents[i] = (StoreContent){ names[i], bytes, size_bytes };
        }
        r = open_store(root, &store);
        return r < 0 ? r : apply(&work);
}

/* `argv` from the command on: what is to be done, the file, and what is behind it. */
static int run_with_file(WorkerRequest *request, int argc, char **argv) {
        bool is_write = strcmp(argv[0], "write") == 0;
        size_t n = argc > 2 ? strtoul(argv[is_write ? argc - 1 : 2], NULL, 10) : 0;
        _cleanup_free_ char *bytes = NULL, *previous = NULL;
        int r = read_file(argv[is_write && argc > 3 ? 2 : 1], &bytes, &request->size_bytes);

        if (r < 0)
                return r;
        request->bytes = bytes;
        if (strcmp(argv[0], "verdict") == 0)
                return say_verdict(request);
        if (n == 0)
                return -EINVAL;
        if (is_write)
                return write_batch(argv[1], bytes, request->size_bytes, n);
        if (strcmp(argv[0], "check") != 0)
                return -EINVAL;
        if (argc > 3)
                r = read_file(argv[3], &previous, &request->previous_size_bytes);
        request->previous = previous;
        return r < 0 ? r : check_often(request, n);
}

static int run(int argc, char **argv) {
        CheckOptions options = { .capabilities = capabilities_default() };
        WorkerRequest request = { .options = &options };
        int r = argc < 3 ? -EINVAL : node_probe(&options.facts);

        if (r == 0)
                r = sandbox_prepare();
        if (r < 0)
                return r;
        if (strcmp(argv[1], "child") == 0)
                return child_often(&options, strtoul(argv[2], NULL, 10));
        return run_with_file(&request, argc - 1, argv + 1);
}

int main(int argc, char **argv) {
        int r = run(argc, argv);

        if (r < 0)
                fprintf(stderr, "ours: %s\n", strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
