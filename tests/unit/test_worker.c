/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The worker from both ends: real confined checks, the two rule sets that libseccomp cannot compile
 * and the hostile texts among them; and the reading of replies, well-formed and not, with every way
 * in which a process can end.
 */

#include "support.h"

#include "node/worker.h"

#include "base/cleanup.h"
#include "base/fdio.h"
#include "node/probe.h"
#include "node/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define GOOD_PROFILE                                                                               \
        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\",\"write\"],"     \
        "\"action\":\"SCMP_ACT_ALLOW\"}]}"

static CheckOptions options; /* of this node; set once by setup */

static int setup(void **state) {
        (void) state;
        if (node_probe(&options.facts) == -ENOSYS)
                return 0; /* each test says so */
        options.capabilities = capabilities_default();
        return sandbox_prepare();
}

static Verdict *check(const char *bytes, size_t size_bytes) {
        const WorkerRequest request = { bytes, size_bytes, &options };
        Verdict *verdict = NULL;

        assert_int_equal(worker_check(&request, &verdict), 0);
        assert_non_null(verdict);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        return verdict;
}

static Verdict *check_file(const char *path) {
        size_t size_bytes = 0;
        _cleanup_free_ char *bytes = support_read_file(path, &size_bytes);

        return check(bytes, size_bytes);
}

static const Diag *find(const Verdict *verdict, RuleId rule) {
        for (size_t i = 0; i < verdict->diags.n; i++)
                if (verdict->diags.items[i].rule == rule)
                        return &verdict->diags.items[i];
        return NULL;
}

static double cpu_seconds_of_children(void) {
        struct rusage usage;

        assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
        return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* --- real checks --- */

static void test_a_confined_check_says_what_an_unconfined_one_says(void **state) {
        static const char *const texts[] = {
                GOOD_PROFILE,
                "",
                "{}",
                "null",
                "{\"defaultAction\":\"SCMP_ACT_ALOW\"}",
                "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"clone\"],"
                "\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":2114060288,"
                "\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}",
        };

        (void) state;
        support_needs_seccomp();
        for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
                _cleanup_(verdict_freep) Verdict *confined = check(texts[i], strlen(texts[i]));
                _cleanup_(verdict_freep) Verdict *here = NULL;
                _cleanup_close_ int scratch_fd = memfd_create("scratch", MFD_CLOEXEC);
                const CheckContext context = { .options = &options, .scratch_fd = scratch_fd };
                _cleanup_buf_ Buf a = {}, b = {};

                assert_int_equal(check_profile(&context, texts[i], strlen(texts[i]), &here), 0);
                verdict_encode(&a, confined);
                verdict_encode(&b, here);
                assert_int_equal(a.size, b.size);
                assert_memory_equal(a.data, b.data, a.size);
        }
}

static void test_a_miscompiled_profile_is_found(void **state) {
        _cleanup_(verdict_freep) Verdict *verdict =
                check_file("tests/cases/SP812-miscompiled/bad-weaker.json");

        (void) state;
        support_needs_seccomp();
        assert_int_equal(verdict->kind, VERDICT_BAD);
        assert_non_null(find(verdict, SP812));
        assert_true(find(verdict, SP812)->line > 0);
}

static void test_a_check_that_never_ends_is_ended_by_its_processor_time(void **state) {
        double before = cpu_seconds_of_children(), used;
        _cleanup_(verdict_freep) Verdict *verdict =
                check_file("tests/cases/SP812-miscompiled/bad-never-ends.json");

        (void) state;
        support_needs_seccomp();
        used = cpu_seconds_of_children() - before;
        assert_int_equal(verdict->kind, VERDICT_BAD);
        assert_non_null(find(verdict, SP812));
        assert_int_equal(find(verdict, SP812)->severity, SEVERITY_ERROR);
        assert_true(find(verdict, SP812)->line > 0);
        /* the limit counts whole ticks, the usage what really ran: on a busy machine that is less
         */
        assert_true(used > SANDBOX_CPU_SECONDS * 0.5);
#ifndef SECCOMPD_UNCONFINED
        assert_true(used < SANDBOX_CPU_SECONDS + 1);
#endif
}

/* Fills `buf` with `head`, then `part` as often as it fits below the limit of a file, then `tail`;
 * a "%zu" in the part is its number. */
static void fill(Buf *buf, const char *head, const char *part, const char *tail, size_t n_max) {
        const char *number = strstr(part, "%zu");

        buf_puts(buf, head);
        for (size_t i = 0;
                i < n_max && buf->size + strlen(part) + strlen(tail) + 16 < LIMIT_PROFILE_BYTES;
                i++) {
                if (i > 0)
                        buf_putc(buf, ',');
                buf_append(buf, part, number ? (size_t) (number - part) : strlen(part));
                if (number)
                        buf_printf(buf, "%zu%s", i, number + 3);
        }
        buf_puts(buf, tail);
}

static void test_hostile_texts_get_a_verdict(void **state) {
        static const struct {
                const char *what, *head, *part, *tail;
                size_t n_max;
                VerdictKind kind;
        } rows[] = {
                { "numbers", "[", "0", "]", SIZE_MAX, VERDICT_BAD },
                { "as many numbers as may be", "{\"x-a\":[", "0", "]}", LIMIT_NODES - 3,
                        VERDICT_BAD },
                { "as many strings as may be", "{\"x-a\":[", "\"ab\"", "]}", LIMIT_NODES - 3,
                        VERDICT_BAD },
                { "as many keys as may be", "{", "\"\":0", "}", LIMIT_NODES / 2 - 1, VERDICT_BAD },
                { "as many conditions as may be",
                        "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":"
                        "\"SCMP_ACT_LOG\",\"names\":[\"read\"],\"args\":[",
                        "0", "]}]}", LIMIT_NODES - 13, VERDICT_BAD },
                { "as many rules as may be", "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[",
                        "{\"names\":[]}", "]}", LIMIT_NODES / 3 - 2, VERDICT_BAD },
                { "empty rules", "{\"syscalls\":[", "{}", "]}", LIMIT_NODES - 4, VERDICT_BAD },
                { "nesting", "", "[", "", SIZE_MAX, VERDICT_BAD },
                { "one name again and again",
                        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"action\":"
                        "\"SCMP_ACT_ALLOW\",\"names\":[",
                        "\"read\"", "]}]}", SIZE_MAX, VERDICT_GOOD },
                { "argument rules", "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[",
                        "{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":"
                        "0,"
                        "\"op\":\"SCMP_CMP_EQ\",\"value\":%zu}]}",
                        "]}", SIZE_MAX, VERDICT_BAD },
                { "unknown keys", "{", "\"k%zu\":null", "}", SIZE_MAX, VERDICT_BAD },
                { "unknown names",
                        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"action\":"
                        "\"SCMP_ACT_ALLOW\",\"names\":[",
                        "\"n%zu\"", "]}]}", SIZE_MAX, VERDICT_BAD },
        };

        (void) state;
        support_needs_seccomp();
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                _cleanup_(verdict_freep) Verdict *verdict = NULL;
                _cleanup_buf_ Buf text = {};

                fill(&text, rows[i].head, rows[i].part, rows[i].tail, rows[i].n_max);
                assert_int_equal(buf_error(&text), 0);
                verdict = check(text.data, text.size);
                if (verdict->kind != rows[i].kind)
                        fail_msg("%s: %s", rows[i].what, verdict->diags.items[0].message);
        }
}

/* Rules up to their limit, each on a call of its own and with six conditions, for three
 * architectures: the most points that an evaluation can have. Only memory could keep it from a
 * verdict. */
static void test_the_most_conditions_get_a_verdict(void **state) {
        const unsigned n_calls = LIMIT_CONDITIONAL_RULES / 2;
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        _cleanup_buf_ Buf text = {};

        (void) state;
        support_needs_seccomp();
        buf_puts(&text,
                "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\","
                "\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],\"syscalls\":[");
        for (unsigned i = 0; i < LIMIT_CONDITIONAL_RULES; i++) {
                _cleanup_free_ char *name =
                        seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, (int) (i % n_calls));

                buf_printf(&text, "%s{\"names\":[\"%s\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[",
                        i > 0 ? "," : "", name);
                for (unsigned index = 0; index < 6; index++)
                        buf_printf(&text, "%s{\"index\":%u,\"value\":%u,\"op\":\"SCMP_CMP_EQ\"}",
                                index > 0 ? "," : "", index, index + 10 * (i / n_calls));
                buf_puts(&text, "]}");
        }
        buf_puts(&text, "]}");
        assert_int_equal(buf_error(&text), 0);
        verdict = check(text.data, text.size);
        if (verdict->kind != VERDICT_GOOD)
                fail_msg("%s", verdict->diags.items[0].message);
        assert_int_equal(verdict->n_conditional, LIMIT_CONDITIONAL_RULES);
        assert_int_equal(verdict->n_programs, 2);
        assert_true(verdict->programs[1].n_points > 0);
}

/* --- what cannot be had --- */

#define DEATH "the check died: "

static void assert_died(const Verdict *verdict, const char *cause) {
        assert_int_equal(verdict->kind, VERDICT_DIED);
        assert_int_equal(verdict->diags.n, 1);
        assert_int_equal(verdict->diags.items[0].rule, SP812);
        assert_memory_equal(verdict->diags.items[0].message, DEATH, strlen(DEATH));
        assert_string_equal(verdict->diags.items[0].message + strlen(DEATH), cause);
}

/* Checks where this process may not do something, in a child, which prints the verdict's message.
 */
static int check_where_denied(int fd, void *userdata) {
        const int *denied = userdata;
        const WorkerRequest request = { GOOD_PROFILE, strlen(GOOD_PROFILE), &options };
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
        const char *message;

        if (seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), *denied, 0) < 0 ||
                seccomp_load(context) < 0)
                return 98;
        seccomp_release(context);
        if (worker_check(&request, &verdict) < 0 || verdict->kind != VERDICT_DIED)
                return 99;
        message = verdict->diags.items[0].message;
        return -fd_write_all(fd, message, strlen(message));
}

static void test_a_worker_that_cannot_be_confined_checks_nothing(void **state) {
        static const int denied[] = {
                SCMP_SYS(memfd_create),
#ifndef SECCOMPD_UNCONFINED
                SCMP_SYS(prlimit64),
#endif
        };

        (void) state;
        support_needs_seccomp();
        for (size_t i = 0; i < N_ELEMENTS(denied); i++) {
                _cleanup_child_ Child child = { .fd = -1 };
                int status = -1, number = denied[i];

                assert_int_equal(child_start(check_where_denied, &number, 4096, &child), 0);
                assert_int_equal(child_wait(&child, &status), 0);
                assert_int_equal(status, 0);
                assert_string_equal(child.reply.data,
                        DEATH "its process could not be confined: Operation not permitted");
        }
}

static void test_a_check_that_runs_out_of_memory_says_so(void **state) {
#ifdef SECCOMPD_UNCONFINED
        (void) state;
        support_skip("this build confines nothing");
#else
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        _cleanup_buf_ Buf text = {};
        _cleanup_fclose_ FILE *statm = fopen("/proc/self/statm", "re");
        unsigned long pages = 0;
        struct rlimit before, tight;

        (void) state;
        support_needs_seccomp();
        fill(&text, "{\"x-a\":[", "0", "]}", LIMIT_NODES - 3);
        assert_int_equal(fscanf(statm, "%lu", &pages), 1);
        getrlimit(RLIMIT_AS, &before);
        tight = (struct rlimit){ pages * 4096 + (4U << 20), before.rlim_max };
        setrlimit(RLIMIT_AS, &tight);
        verdict = check(text.data, text.size);
        setrlimit(RLIMIT_AS, &before);
        assert_died(verdict, "it ran out of memory");
#endif
}

static void test_no_process_no_verdict(void **state) {
        const WorkerRequest request = { GOOD_PROFILE, strlen(GOOD_PROFILE), &options };
        Verdict *verdict = NULL;
        struct rlimit before, none;

        (void) state;
        support_needs_seccomp();
        getrlimit(RLIMIT_NOFILE, &before);
        none = (struct rlimit){ 0, before.rlim_max };
        setrlimit(RLIMIT_NOFILE, &none);
        assert_int_equal(worker_check(&request, &verdict), -EMFILE);
        setrlimit(RLIMIT_NOFILE, &before);
        assert_null(verdict);
}

/* --- the stream --- */

static size_t frame_size(const Buf *stream, size_t at) {
        const unsigned char *bytes = (const unsigned char *) stream->data + at;

        return 5 +
                ((size_t) bytes[1] | (size_t) bytes[2] << 8 | (size_t) bytes[3] << 16 |
                        (size_t) bytes[4] << 24);
}

static void test_the_worker_leaves_testaments_and_ends_with_its_verdict(void **state) {
        const WorkerRequest request = { GOOD_PROFILE, strlen(GOOD_PROFILE), &options };
        _cleanup_close_ int scratch_fd = memfd_create("scratch", MFD_CLOEXEC);
        _cleanup_close_ int reply_fd = memfd_create("reply", MFD_CLOEXEC);
        _cleanup_buf_ Buf stream = {};
        size_t n_testaments = 0, at = 0;

        (void) state;
        support_needs_seccomp();
        assert_int_equal(worker_serve(reply_fd, scratch_fd, &request), 0);
        assert_int_equal(lseek(reply_fd, 0, SEEK_SET), 0);
        assert_int_equal(fd_read_all(reply_fd, WORKER_REPLY_BYTES, &stream), 0);
        for (; at < stream.size && stream.data[at] == 'T'; n_testaments++) {
                _cleanup_(verdict_freep) Verdict *testament = NULL;

                assert_int_equal(verdict_decode(stream.data + at + 5, frame_size(&stream, at) - 5,
                                         &testament),
                        0);
                assert_int_equal(testament->kind, VERDICT_BAD);
                at += frame_size(&stream, at);
        }
        assert_true(n_testaments > 0);
        assert_int_equal(stream.data[at], 'V');
        assert_int_equal(at + frame_size(&stream, at), stream.size);
}

static void test_a_reply_that_cannot_be_written_is_an_error(void **state) {
        const WorkerRequest good = { GOOD_PROFILE, strlen(GOOD_PROFILE), &options };
        const WorkerRequest bad = { "{}", 2, &options };
        _cleanup_close_ int scratch_fd = memfd_create("scratch", MFD_CLOEXEC);

        (void) state;
        support_needs_seccomp();
        assert_int_equal(worker_serve(-1, scratch_fd, &good), -EBADF); /* the testament */
        assert_int_equal(worker_serve(-1, scratch_fd, &bad), -EBADF);  /* the verdict */
}

/* --- verdicts on replies --- */

/* A stream is described in letters: G and B are whole frames with a good and a bad verdict, g and b
 * testaments of those, x a frame of an unknown kind, ? a frame with garbage, - the loss of the
 * stream's last byte, 4 a length of 4 GiB. */
static void put_frame(Buf *stream, char kind, const Verdict *verdict) {
        _cleanup_buf_ Buf body = {};

        if (verdict)
                verdict_encode(&body, verdict);
        else
                buf_puts(&body, "garbage");
        buf_putc(stream, kind);
        for (unsigned i = 0; i < 4; i++)
                buf_putc(stream, (char) (body.size >> (8 * i)));
        buf_append(stream, body.data, body.size);
}

static void put_stream(Buf *stream, const char *letters, const Verdict *good, const Verdict *bad) {
        for (; *letters; letters++)
                switch (*letters) {
                case 'G': put_frame(stream, 'V', good); break;
                case 'B': put_frame(stream, 'V', bad); break;
                case 'g': put_frame(stream, 'T', good); break;
                case 'b': put_frame(stream, 'T', bad); break;
                case 'x': put_frame(stream, 'X', bad); break;
                case '?': put_frame(stream, 'V', NULL); break;
                case '4': buf_append(stream, "V\xff\xff\xff\xff", 5); break;
                case '-':
                        if (stream->data)
                                stream->data[--stream->size] = '\0';
                        break;
                default: fail();
                }
}

#define EXITED(code) ((code) << 8)

typedef struct ReplyRow {
        const char *stream;
        int status;
        bool timed_out, is_too_long;
        VerdictKind kind;
        const char *cause; /* of VERDICT_DIED */
} ReplyRow;

#define UNREADABLE "its reply cannot be read"
#define NO_TIME    "it used up its processor time"

static const ReplyRow REPLIES[] = {
        /* a verdict counts when it ends the stream and the worker ended well */
        { "G", 0, false, false, VERDICT_GOOD, NULL },
        { "B", 0, false, false, VERDICT_BAD, NULL },
        { "bbG", 0, false, false, VERDICT_GOOD, NULL },
        { "bB", 0, false, false, VERDICT_BAD, NULL },
        { "BG", 0, false, false, VERDICT_GOOD, NULL },
        { "G", 0, true, false, VERDICT_GOOD, NULL }, /* just in time */
        { "", 0, false, false, VERDICT_DIED, UNREADABLE },
        { "b", 0, false, false, VERDICT_DIED, UNREADABLE },
        { "Gb", 0, false, false, VERDICT_DIED, UNREADABLE },
        { "G-", 0, false, false, VERDICT_DIED, UNREADABLE },
        { "GG-", 0, false, false, VERDICT_DIED, UNREADABLE },
        { "x", 0, false, false, VERDICT_DIED, UNREADABLE },
        { "Gx", 0, false, false, VERDICT_DIED, UNREADABLE },
        { "?", 0, false, false, VERDICT_DIED, UNREADABLE },
        { "?-----------", 0, false, false, VERDICT_DIED, UNREADABLE },
        { "4", 0, false, false, VERDICT_DIED, UNREADABLE },
        { "G4", 0, false, false, VERDICT_DIED, UNREADABLE },
        { "G", 0, false, true, VERDICT_DIED, "its reply is too long" },
        { "G", SIGKILL, false, true, VERDICT_DIED, "its reply is too long" },
        /* a testament counts when processor time ran out right behind it */
        { "b", SIGXCPU, false, false, VERDICT_BAD, NULL },
        { "bbb", SIGXCPU, false, false, VERDICT_BAD, NULL },
        { "b", SIGXCPU, true, false, VERDICT_BAD, NULL },
        { "g", SIGXCPU, false, false, VERDICT_DIED, NO_TIME },
        { "", SIGXCPU, false, false, VERDICT_DIED, NO_TIME },
        { "bb-", SIGXCPU, false, false, VERDICT_DIED, NO_TIME },
        { "bG", SIGXCPU, false, false, VERDICT_DIED, NO_TIME },
        { "b", SIGKILL, false, false, VERDICT_DIED, "it was killed by signal 9 (Killed)" },
        { "b", SIGKILL, true, false, VERDICT_DIED, "it did not end within 60 seconds" },
        /* every other end condemns this try only */
        { "G", SIGSEGV, false, false, VERDICT_DIED,
                "it was killed by signal 11 (Segmentation fault)" },
        { "G", SIGSYS, false, false, VERDICT_DIED, "it called something it may not" },
        { "", SIGABRT, false, false, VERDICT_DIED, "it found its own state broken and gave up" },
        { "G", EXITED(ENOMEM), false, false, VERDICT_DIED, "it ran out of memory" },
        { "G", EXITED(EIO), false, false, VERDICT_DIED, "it failed: Input/output error" },
        { "", EXITED(128 + EPERM), false, false, VERDICT_DIED,
                "its process could not be confined: Operation not permitted" },
};

static void test_replies_are_judged(void **state) {
        _cleanup_(verdict_freep) Verdict *good = check(GOOD_PROFILE, strlen(GOOD_PROFILE));
        _cleanup_(verdict_freep) Verdict *bad = check("{}", 2);

        (void) state;
        support_needs_seccomp();
        assert_int_equal(good->kind, VERDICT_GOOD);
        assert_int_equal(bad->kind, VERDICT_BAD);
        for (size_t i = 0; i < N_ELEMENTS(REPLIES); i++) {
                const ReplyRow *row = &REPLIES[i];
                _cleanup_child_ Child child = { .fd = -1, .is_too_long = row->is_too_long };
                _cleanup_(verdict_freep) Verdict *verdict = NULL;

                put_stream(&child.reply, row->stream, good, bad);
                assert_int_equal(worker_verdict(&child, row->status, row->timed_out, &verdict), 0);
                if (verdict->kind != row->kind)
                        fail_msg("row %zu: kind %d", i, (int) verdict->kind);
                if (row->cause)
                        assert_died(verdict, row->cause);
        }
}

/* --- other work in a confined child --- */

static int job_answers(int scratch_fd, void *userdata, Buf *out) {
        const char *text = userdata;

        if (write(scratch_fd, text, strlen(text)) != (ssize_t) strlen(text))
                return -EIO;
        buf_puts(out, text);
        return 7;
}

static int job_fails(int scratch_fd, void *userdata, Buf *out) {
        (void) scratch_fd;
        (void) userdata;
        buf_puts(out, "half");
        return -EINVAL;
}

static int job_never_ends(int scratch_fd, void *userdata, Buf *out) {
        volatile unsigned n = 0;

        (void) scratch_fd;
        (void) userdata;
        (void) out;
        while (n < 1)
                (void) n;
        return 0;
}

static int job_reaches_out(int scratch_fd, void *userdata, Buf *out) {
        (void) scratch_fd;
        (void) userdata;
        (void) out;
        return kill(getppid(), 0) < 0 ? -errno : 0;
}

static void test_a_job_hands_back_its_bytes_and_its_result(void **state) {
        _cleanup_buf_ Buf out = {};
        _cleanup_free_ char *cause = NULL;
        char answer[] = "an answer";

        (void) state;
        support_needs_seccomp();
        buf_puts(&out, "before ");
        assert_int_equal(worker_run(job_answers, answer, &out, &cause), 7);
        assert_string_equal(out.data, "before an answer");
        assert_null(cause);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_a_job_that_dies_says_how(void **state) {
        static const struct {
                WorkerJob job;
                const char *cause;
        } jobs[] = {
                { job_fails, "it failed: Invalid argument" },
                { job_never_ends, "it used up its processor time" },
#ifndef SECCOMPD_UNCONFINED
                { job_reaches_out, "it called something it may not" },
#endif
        };

        (void) state;
        support_needs_seccomp();
        for (size_t i = 0; i < N_ELEMENTS(jobs); i++) {
                _cleanup_buf_ Buf out = {};
                _cleanup_free_ char *cause = NULL;

                assert_int_equal(worker_run(jobs[i].job, NULL, &out, &cause), -EPROTO);
                assert_string_equal(cause, jobs[i].cause);
                assert_int_equal(out.size, 0);
                assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        }
        (void) job_reaches_out;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_confined_check_says_what_an_unconfined_one_says),
                cmocka_unit_test(test_a_miscompiled_profile_is_found),
                cmocka_unit_test(test_a_check_that_never_ends_is_ended_by_its_processor_time),
                cmocka_unit_test(test_hostile_texts_get_a_verdict),
                cmocka_unit_test(test_the_most_conditions_get_a_verdict),
                cmocka_unit_test(test_a_worker_that_cannot_be_confined_checks_nothing),
                cmocka_unit_test(test_a_check_that_runs_out_of_memory_says_so),
                cmocka_unit_test(test_no_process_no_verdict),
                cmocka_unit_test(test_the_worker_leaves_testaments_and_ends_with_its_verdict),
                cmocka_unit_test(test_a_reply_that_cannot_be_written_is_an_error),
                cmocka_unit_test(test_replies_are_judged),
                cmocka_unit_test(test_a_job_hands_back_its_bytes_and_its_result),
                cmocka_unit_test(test_a_job_that_dies_says_how),
        };

        return cmocka_run_group_tests_name("worker", tests, setup, NULL);
}
