/* SPDX-License-Identifier: Apache-2.0 */

/* check_profile(): from bytes to verdict, libseccomp's mistakes and refusals, and the testament. */

#include "support.h"

#include "base/fdio.h"
#include "profile/check.h"
#include "profile/compile.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define PUBLISHED_PROFILE "/usr/share/containers/seccomp.json"

#define HEAD_ERRNO "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1,"
#define HEAD_ALLOW "{\"defaultAction\":\"SCMP_ACT_ALLOW\","
#define ARCH_64    "\"architectures\":[\"SCMP_ARCH_X86_64\"],"
#define ARCH_BOTH  "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],"
#define ARCH_ALL   "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],"

#define MISCOMPILED(ARCHITECTURES, NAME)                                                           \
        HEAD_ALLOW ARCHITECTURES                                                                   \
                "\"syscalls\":[\n"                                                                 \
                "{\"names\":[\"" NAME "\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,"          \
                "\"args\":[{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_GT\"},"                      \
                "{\"index\":1,\"value\":38,\"op\":\"SCMP_CMP_LT\"}]},\n"                           \
                "{\"names\":[\"" NAME "\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,"          \
                "\"args\":[{\"index\":0,\"value\":40,\"op\":\"SCMP_CMP_GE\"},"                     \
                "{\"index\":2,\"value\":3,\"valueTwo\":3,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}"

#define NEVER_ENDING                                                                               \
        HEAD_ERRNO ARCH_64 "\"syscalls\":[\n"                                                      \
                           "{\"names\":[\"read\",\"execve\"],\"action\":\"SCMP_ACT_ALLOW\"},\n"    \
                           "{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\","                 \
                           "\"args\":[{\"index\":1,\"value\":16,\"op\":\"SCMP_CMP_LT\"},"          \
                           "{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_NE\"}]},\n"                 \
                           "{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\","                 \
                           "\"args\":[{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_NE\"},"           \
                           "{\"index\":2,\"value\":40,\"op\":\"SCMP_CMP_GE\"}]}]}"

typedef struct Fixture {
        CheckOptions options;
        CheckContext context;
        size_t n_testaments;
        Verdict *testament; /* what was told last, by way of the wire */
} Fixture;

static int setup(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        compile_warm_up();
        fixture->options = (CheckOptions){
                .facts = { .arch = arch_by_name("SCMP_ARCH_X86_64"),
                        .kernel_major = 6,
                        .kernel_minor = 1,
                        .actions = ACTION_BIT(N_ACTION_KINDS) - 1 },
                .capabilities = capabilities_default(),
        };
        fixture->context = (CheckContext){ .options = &fixture->options,
                .scratch_fd = memfd_create("scratch", MFD_CLOEXEC) };
        assert_true(fixture->context.scratch_fd >= 0);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        Fixture *fixture = *state;

        verdict_free(fixture->testament);
        fd_close(fixture->context.scratch_fd);
        free(fixture);
        return 0;
}

static Verdict *check(Fixture *fixture, const char *text) {
        Verdict *verdict = NULL;

        assert_int_equal(check_profile(&fixture->context, text, strlen(text), &verdict), 0);
        assert_non_null(verdict);
        assert_null(verdict->diags.config);
        assert_int_equal(verdict->kind == VERDICT_GOOD, verdict->canonical != NULL);
        assert_int_equal(verdict->kind == VERDICT_BAD, diags_have_errors(&verdict->diags));
        assert_int_equal(verdict->kind == VERDICT_BAD, digest_is_none(&verdict->digest));
        return verdict;
}

static const Diag *find(const Verdict *verdict, RuleId rule) {
        for (size_t i = 0; i < verdict->diags.n; i++)
                if (verdict->diags.items[i].rule == rule)
                        return &verdict->diags.items[i];
        return NULL;
}

static void hear_testament(const Verdict *verdict, void *userdata) {
        Fixture *fixture = userdata;
        _cleanup_buf_ Buf buf = {};

        verdict_encode(&buf, verdict);
        assert_int_equal(buf_error(&buf), 0);
        fixture->testament = verdict_free(fixture->testament);
        assert_int_equal(verdict_decode(buf.data, buf.size, &fixture->testament), 0);
        fixture->n_testaments++;
}

static void test_good(void **state) {
        static const char text[] =
                HEAD_ERRNO ARCH_ALL "\"syscalls\":["
                                    "{\"names\":[\"read\",\"no_such_call\",\"execve\"],"
                                    "\"action\":\"SCMP_ACT_ALLOW\"},"
                                    "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\","
                                    "\"args\":[{\"index\":0,\"value\":8,"
                                    "\"op\":\"SCMP_CMP_EQ\"}]}]}";
        _cleanup_(verdict_freep) Verdict *verdict = check(*state, text);
        Digest digest;

        assert_int_equal(verdict->kind, VERDICT_GOOD);
        assert_int_equal(verdict->n_rules, 4);
        assert_int_equal(verdict->n_conditional, 1);
        assert_int_equal(verdict->n_programs, 1);
        assert_true(verdict->programs[0].n_insns > 15);
        assert_true(verdict->programs[0].n_points > 900);
        assert_true(verdict->programs[0].is_exhaustive);
        assert_int_equal(verdict->programs[0].optimise, 1);
        assert_int_equal(verdict->n_arches, 3);
        assert_string_equal(verdict->arches[0]->name, "SCMP_ARCH_X86_64");
        assert_string_equal(verdict->arches[1]->name, "SCMP_ARCH_X86");
        assert_int_equal(strlen(verdict->canonical), verdict->canonical_size_bytes);
        assert_non_null(strstr(verdict->canonical, "\"no_such_call\""));
        digest = digest_of(verdict->canonical, verdict->canonical_size_bytes);
        assert_true(digest_equal(&digest, &verdict->digest));
}

static void test_same_meaning_same_bytes(void **state) {
        static const char *const texts[] = {
                HEAD_ERRNO "\"syscalls\":[{\"names\":[\"read\",\"execve\"],"
                           "\"action\":\"SCMP_ACT_ALLOW\"},"
                           "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_KILL\"}]}",
                "{ \"syscalls\": [ {\"names\":[\"mount\"],\"action\":\"SCMP_ACT_KILL\"},\n"
                "{\"names\":[\"execve\"],\"action\":\"SCMP_ACT_ALLOW\"},\n"
                "{\"names\":[\"read\",\"read\"],\"action\":\"SCMP_ACT_ALLOW\"} ],\n"
                "\"architectures\":[\"SCMP_ARCH_X86_64\"], \"flags\": [],\n"
                "\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1}\n",
        };
        _cleanup_(verdict_freep) Verdict *first = check(*state, texts[0]);
        _cleanup_(verdict_freep) Verdict *second = check(*state, texts[1]);
        _cleanup_(verdict_freep) Verdict *again = NULL;

        assert_int_equal(first->kind, VERDICT_GOOD);
        assert_string_equal(first->canonical, second->canonical);
        assert_true(digest_equal(&first->digest, &second->digest));
        again = check(*state, first->canonical);
        assert_string_equal(first->canonical, again->canonical);
}

static void test_bad(void **state) {
        static const struct {
                const char *text;
                RuleId rule;
        } cases[] = {
                { "", SP101 },
                { "{", SP101 },
                { "null", SP201 },
                { "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}", SP202 },
                { "{\"syscalls\":[]}", SP301 },
                { HEAD_ERRNO ARCH_64 "\"syscalls\":[{\"names\":[\"read\"],"
                                     "\"action\":\"SCMP_ACT_ALOW\"}]}",
                        SP302 },
                { HEAD_ERRNO ARCH_64 "\"syscalls\":[{\"names\":[],"
                                     "\"action\":\"SCMP_ACT_ALLOW\"}]}",
                        SP501 },
        };
        Fixture *fixture = *state;

        fixture->context.testament = hear_testament;
        fixture->context.userdata = fixture;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_(verdict_freep) Verdict *verdict = check(fixture, cases[i].text);

                assert_int_equal(verdict->kind, VERDICT_BAD);
                assert_non_null(find(verdict, cases[i].rule));
                assert_int_equal(verdict->n_programs, 0);
        }
        assert_int_equal(fixture->n_testaments, 0); /* libseccomp was not asked */
}

static void test_testament(void **state) {
        static const char text[] =
                HEAD_ERRNO ARCH_ALL "\"x-note\":1,\n\"syscalls\":[{\"names\":[\"read\",\"execve\"],"
                                    "\"action\":\"SCMP_ACT_ALLOW\"}]}";
        Fixture *fixture = *state;
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        const Diag *diag;

        fixture->context.testament = hear_testament;
        fixture->context.userdata = fixture;
        verdict = check(fixture, text);
        assert_int_equal(verdict->kind, VERDICT_GOOD);
        assert_null(find(verdict, SP812));
        assert_int_equal(fixture->n_testaments, 1);
        assert_int_equal(fixture->testament->kind, VERDICT_BAD);
        assert_int_equal(fixture->testament->n_rules, 2);
        assert_int_equal(fixture->testament->diags.n, verdict->diags.n + 1);
        assert_non_null(find(verdict, SP203));
        assert_string_equal(
                find(verdict, SP203)->message, find(fixture->testament, SP203)->message);
        diag = find(fixture->testament, SP812);
        assert_non_null(diag);
        assert_int_equal(diag->severity, SEVERITY_ERROR);
        assert_string_equal(diag->pointer, "/defaultAction");
        assert_non_null(strstr(diag->message, "does not come to an end"));
        assert_null(diag->hint);
}

/* The child's part: it tells its testament through a pipe, and libseccomp keeps it for ever. */
static void write_testament(const Verdict *verdict, void *userdata) {
        _cleanup_buf_ Buf buf = {};
        int fd = *(int *) userdata;

        verdict_encode(&buf, verdict);
        if (buf_error(&buf) < 0 || fd_write_all(fd, buf.data, buf.size) < 0)
                _exit(100);
}

static void check_for_ever(const Fixture *fixture, int fd) {
        const struct rlimit one_second = { 1, 2 };
        CheckContext context = fixture->context;
        Verdict *verdict;

        context.testament = write_testament;
        context.userdata = &fd;
        if (setrlimit(RLIMIT_CPU, &one_second) < 0)
                _exit(101);
        _exit(check_profile(&context, NEVER_ENDING, strlen(NEVER_ENDING), &verdict) == 0 ? 102
                                                                                         : 103);
}

static void test_never_ending(void **state) {
        _cleanup_(verdict_freep) Verdict *testament = NULL;
        _cleanup_buf_ Buf reply = {};
        const Diag *diag;
        int ends[2];
        int status = 0;
        pid_t pid;

        assert_int_equal(pipe(ends), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                check_for_ever(*state, ends[1]);
        close(ends[1]);
        assert_int_equal(fd_read_all(ends[0], 1U << 20, &reply), 0);
        close(ends[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGXCPU);
        assert_int_equal(verdict_decode(reply.data, reply.size, &testament), 0);
        assert_int_equal(testament->kind, VERDICT_BAD);
        diag = find(testament, SP812);
        assert_non_null(diag);
        assert_int_equal(diag->severity, SEVERITY_ERROR);
        assert_int_equal(diag->line, 3);
        assert_string_equal(diag->pointer, "/syscalls/1/names/0");
        assert_non_null(strstr(diag->message, "does not come to an end"));
        assert_non_null(strstr(diag->hint, "ioctl"));
}

static void test_miscompiled(void **state) {
        _cleanup_(verdict_freep) Verdict *verdict = check(*state, MISCOMPILED(ARCH_64, "socket"));
        const Diag *diag = find(verdict, SP812);
        int n_args = 0;

        assert_int_equal(verdict->kind, VERDICT_BAD);
        assert_non_null(diag);
        assert_int_equal(diag->severity, SEVERITY_ERROR);
        assert_true(diag->line == 2 || diag->line == 3);
        assert_non_null(strstr(diag->pointer, "/names/0"));
        sscanf(diag->message,
                "libseccomp compiles these rules to something else: for "
                "socket(%*[^,], %*[^,], %*[^,)])%n",
                &n_args);
        assert_string_equal(diag->message + n_args,
                " they say ALLOW, and a container would get ERRNO(1) (SCMP_ARCH_X86_64)");
        assert_non_null(strstr(diag->hint, "socket"));
}

/* Where arguments have 32 bits the same rules come out right: the one finding names the other. */
static void test_miscompiled_for_one_architecture(void **state) {
        _cleanup_(verdict_freep) Verdict *verdict = check(*state, MISCOMPILED(ARCH_BOTH, "prctl"));
        const Diag *diag = find(verdict, SP812);

        assert_int_equal(verdict->kind, VERDICT_BAD);
        assert_non_null(diag);
        assert_non_null(strstr(diag->message, "prctl("));
        assert_non_null(strstr(diag->message, "(SCMP_ARCH_X86_64)"));
        assert_string_equal(diag->hint, "merge or simplify the conditions on prctl");
}

static void test_cut_value(void **state) {
        static const char format[] =
                HEAD_ERRNO "\"architectures\":[%s],\"syscalls\":["
                           "{\"names\":[\"read\",\"execve\"],\"action\":\"SCMP_ACT_ALLOW\"},"
                           "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\","
                           "\"args\":[{\"index\":0,\"value\":18446744073709551615,"
                           "\"op\":\"SCMP_CMP_EQ\"}]}]}";
        _cleanup_(verdict_freep) Verdict *wide = NULL;
        _cleanup_(verdict_freep) Verdict *cut = NULL;
        char text[1024];

        snprintf(text, sizeof(text), format, "\"SCMP_ARCH_X86_64\"");
        wide = check(*state, text);
        assert_int_equal(wide->kind, VERDICT_GOOD);
        snprintf(text, sizeof(text), format, "\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"");
        cut = check(*state, text);
        assert_int_equal(cut->kind, VERDICT_BAD);
        assert_non_null(find(cut, SP812));
        assert_string_equal(find(cut, SP812)->message,
                "libseccomp compiles these rules to something else: for personality(0xffffffff) "
                "they say ERRNO(1), and a container would get ALLOW (SCMP_ARCH_X86)");
        assert_non_null(strstr(find(cut, SP812)->hint, "32 bits"));
}

/* A rule that libseccomp itself refuses: two actions for one condition, with SP703 switched off. */
static void test_refused(void **state) {
        static const char text[] = HEAD_ERRNO ARCH_64
                "\"syscalls\":["
                "{\"names\":[\"read\",\"execve\"],\"action\":\"SCMP_ACT_ALLOW\"},"
                "{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\","
                "\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]},"
                "{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_KILL_PROCESS\","
                "\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}";
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        Fixture *fixture = *state;
        const Diag *diag;

        fixture->options.rules.overrides[SP703].is_set = true;
        fixture->options.rules.overrides[SP703].severity = SEVERITY_OFF;
        verdict = check(fixture, text);
        assert_int_equal(verdict->kind, VERDICT_BAD);
        diag = find(verdict, SP812);
        assert_non_null(diag);
        assert_non_null(strstr(diag->message, "ioctl"));
        assert_non_null(strstr(diag->message, "EEXIST"));
        assert_true(strcmp(diag->pointer, "/syscalls/1/names/0") == 0 ||
                strcmp(diag->pointer, "/syscalls/2/names/0") == 0);
}

/*
 * `n` rules on their own values, each with as many conditions as asked. All are on one call: spread
 * over several, they take libseccomp a hundred times as long.
 */
static char *conditional_profile(size_t n, unsigned n_conditions, const char *architectures) {
        _cleanup_buf_ Buf buf = {};
        char *text = NULL;

        buf_printf(&buf,
                HEAD_ERRNO "%s\n\"syscalls\":[{\"names\":[\"read\",\"execve\"],"
                           "\"action\":\"SCMP_ACT_ALLOW\"}",
                architectures);
        for (size_t i = 0; i < n; i++) {
                buf_puts(&buf,
                        ",\n{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ALLOW\","
                        "\"args\":[");
                for (unsigned j = 0; j < n_conditions; j++)
                        buf_printf(&buf, "%s{\"index\":%u,\"value\":%zu,\"op\":\"SCMP_CMP_EQ\"}",
                                j > 0 ? "," : "", j, 1000 + i);
                buf_puts(&buf, "]}");
        }
        buf_puts(&buf, "]}");
        assert_int_equal(buf_take(&buf, &text, NULL), 0);
        return text;
}

static size_t largest_program(const Verdict *verdict) {
        size_t n = 0;

        for (size_t i = 0; i < verdict->n_programs; i++)
                if (verdict->programs[i].n_insns > n)
                        n = verdict->programs[i].n_insns;
        return n;
}

static void test_sizes(void **state) {
        static const struct {
                size_t n;
                unsigned n_conditions;
                size_t min_insns, max_insns;
                Severity severity;
                size_t n_programs;
        } cases[] = {
                { 30, 1, 1, 100, SEVERITY_OFF, 1 }, /* with two names more: 32 are no tree */
                { 31, 1, 1, 100, SEVERITY_OFF, 2 },
                { 100, 1, 1, 1000, SEVERITY_OFF, 2 },
                { 100, 4, 1001, 3000, SEVERITY_WARNING, 2 },
                { 150, 6, 3001, 4000, SEVERITY_WARNING, 2 },
                { 500, 6, 4001, 20000, SEVERITY_ERROR, 2 },
        };
        Fixture *fixture = *state;

        fixture->context.testament = hear_testament;
        fixture->context.userdata = fixture;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_free_ char *text =
                        conditional_profile(cases[i].n, cases[i].n_conditions, ARCH_64);
                _cleanup_(verdict_freep) Verdict *verdict = NULL;
                const Diag *diag;

                fixture->n_testaments = 0;
                verdict = check(fixture, text);
                assert_in_range(largest_program(verdict), cases[i].min_insns, cases[i].max_insns);
                assert_int_equal(fixture->n_testaments, 1);
                assert_int_equal(verdict->n_programs, cases[i].n_programs);
                diag = find(verdict, SP811);
                assert_int_equal(diag ? diag->severity : SEVERITY_OFF, cases[i].severity);
                if (diag)
                        assert_string_equal(diag->pointer, "/syscalls");
                assert_int_equal(verdict->kind,
                        cases[i].severity == SEVERITY_ERROR ? VERDICT_BAD : VERDICT_GOOD);
                assert_int_equal(verdict->n_conditional, cases[i].n);
                if (cases[i].severity == SEVERITY_ERROR)
                        assert_int_equal(verdict->programs[0].n_points, 0);
        }
}

/* One program for all architectures: each of them alone would fit. */
static void test_sizes_add_up(void **state) {
        _cleanup_free_ char *one = conditional_profile(200, 4, ARCH_64);
        _cleanup_free_ char *all = conditional_profile(200, 4, ARCH_ALL);
        _cleanup_(verdict_freep) Verdict *verdict = check(*state, one);
        _cleanup_(verdict_freep) Verdict *larger = check(*state, all);

        assert_int_equal(verdict->kind, VERDICT_GOOD);
        assert_true(largest_program(larger) > LIMIT_PROGRAM_INSNS);
        assert_true(largest_program(larger) < 3 * largest_program(verdict));
        assert_int_equal(larger->kind, VERDICT_BAD);
        assert_int_equal(find(larger, SP811)->severity, SEVERITY_ERROR);
}

/* The first program fits, the one that newer runc makes of the same names does not. */
static void test_size_of_the_tree(void **state) {
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        _cleanup_buf_ Buf buf = {};
        char name[64];

        buf_puts(&buf, HEAD_ERRNO ARCH_64 "\"syscalls\":[");
        for (unsigned i = 0; i < 330; i++) {
                assert_int_equal(
                        syscall_name(arch_by_name("SCMP_ARCH_X86_64"), (int) i, sizeof(name), name),
                        0);
                buf_printf(&buf,
                        "%s{\"names\":[\"%s\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
                        "{\"index\":0,\"value\":%u,\"op\":\"SCMP_CMP_EQ\"},"
                        "{\"index\":%u,\"value\":%u,\"op\":\"SCMP_CMP_EQ\"}%s",
                        i > 0 ? "," : "", name, i, 1 + i % 3, i,
                        i < 245 ? ",{\"index\":4,\"value\":" : "]}");
                if (i < 245)
                        buf_printf(&buf, "%u,\"op\":\"SCMP_CMP_EQ\"}]}", i);
        }
        buf_puts(&buf, "]}");
        assert_int_equal(buf_error(&buf), 0);
        verdict = check(*state, buf.data);
        assert_int_equal(verdict->n_programs, 2);
        assert_true(verdict->programs[0].n_insns <= LIMIT_PROGRAM_INSNS);
        assert_true(verdict->programs[1].n_insns > LIMIT_PROGRAM_INSNS);
        assert_int_equal(find(verdict, SP811)->severity, SEVERITY_ERROR);
}

/* A source just within the limit whose canonical spelling is longer. */
static void test_long_canonical_form(void **state) {
        static const char head[] = HEAD_ERRNO "\"syscalls\":[{\"names\":[\"read\",\"";
        static const char tail[] = "\"],\"action\":\"SCMP_ACT_ALLOW\"}]}";
        _cleanup_free_ char *text = calloc(1, LIMIT_PROFILE_BYTES + 1);
        _cleanup_(verdict_freep) Verdict *verdict = NULL;

        assert_non_null(text);
        memset(text, 'x', LIMIT_PROFILE_BYTES);
        memcpy(text, head, strlen(head));
        memcpy(text + LIMIT_PROFILE_BYTES - strlen(tail), tail, strlen(tail));
        verdict = check(*state, text);
        assert_int_equal(verdict->kind, VERDICT_BAD);
        assert_non_null(find(verdict, SP102));
        assert_non_null(strstr(find(verdict, SP102)->message, "canonical"));
}

static void test_published_profile(void **state) {
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        _cleanup_free_ char *text = NULL;

        if (access(PUBLISHED_PROFILE, R_OK) < 0)
                support_skip("no %s here", PUBLISHED_PROFILE);
        text = support_read_file(PUBLISHED_PROFILE, NULL);
        verdict = check(*state, text);
        assert_int_equal(verdict->kind, VERDICT_GOOD);
        assert_int_equal(verdict->n_programs, 2);
        for (size_t i = 0; i < verdict->n_programs; i++)
                assert_true(verdict->programs[i].is_exhaustive);
}

static void test_broken_machine(void **state) {
        static const char text[] = HEAD_ERRNO ARCH_64
                "\"syscalls\":[{\"names\":[\"execve\"],\"action\":\"SCMP_ACT_ALLOW\"}]}";
        Fixture *fixture = *state;
        CheckContext context = fixture->context;
        Verdict *none = NULL;

        if (seccomp_version()->major > 2 || seccomp_version()->minor >= 6)
                support_skip("libseccomp 2.6 exports to memory, not to a file");
        context.scratch_fd = -1;
        assert_int_equal(check_profile(&context, text, strlen(text), &none), -EIO);
        assert_null(none);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_good, setup, teardown),
                cmocka_unit_test_setup_teardown(test_same_meaning_same_bytes, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
                cmocka_unit_test_setup_teardown(test_testament, setup, teardown),
                cmocka_unit_test_setup_teardown(test_never_ending, setup, teardown),
                cmocka_unit_test_setup_teardown(test_miscompiled, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        test_miscompiled_for_one_architecture, setup, teardown),
                cmocka_unit_test_setup_teardown(test_cut_value, setup, teardown),
                cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
                cmocka_unit_test_setup_teardown(test_sizes_add_up, setup, teardown),
                cmocka_unit_test_setup_teardown(test_size_of_the_tree, setup, teardown),
                cmocka_unit_test_setup_teardown(test_long_canonical_form, setup, teardown),
                cmocka_unit_test_setup_teardown(test_published_profile, setup, teardown),
                cmocka_unit_test_setup_teardown(test_broken_machine, setup, teardown),
        };

        return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
