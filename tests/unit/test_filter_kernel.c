/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Compiled filters in the running kernel: they are loaded, calls are made, and what the kernel did
 * with each is held against the reference evaluator. No call is carried out
 * (tests/oracles/kernel.c) but those of the two tests that need it, which are harmless.
 */

#include "program_fixture.h"

#include "base/cleanup.h"
#include "oracles/kernel.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What uprobes plant in a process: since 6.14 and 6.18 the kernel asks no filter about them. */
#define NR_URETPROBE 335
#define NR_UPROBE    336

#define NOTIFY ((Action){ .kind = ACTION_NOTIFY })

static void skip_unless_possible(uint32_t audit_arch) {
        const char *obstacle = kernel_obstacle(audit_arch);

        if (!obstacle)
                return;
        print_message("SKIPPED: %s\n", obstacle);
        skip();
}

/* LOG lets a call pass as ALLOW does. */
static uint32_t as_seen(uint32_t ret) {
        return ret == SECCOMP_RET_LOG ? SECCOMP_RET_ALLOW : ret;
}

/* Makes the calls under a policy's program, and holds each answer against the evaluator's. */
static void assert_enforced(const ProgramFixture *fixture, const Policy *policy,
        const struct seccomp_data *calls, size_t n) {
        Program program = compile(fixture, policy);
        uint32_t answers[KERNEL_CALLS_MAX];
        EvalTable *table = NULL;

        assert_int_equal(eval_table_new(fixture->arena, policy, policy->arches[0], &table), 0);
        assert_int_equal(kernel_ask(&program, calls, n, answers), 0);
        for (size_t i = 0; i < n; i++) {
                const struct seccomp_data *call = &calls[i];
                uint64_t args[SYSCALL_ARGS];
                uint32_t expected = 0;

                memcpy(args, call->args, sizeof(args));
                expected = policy_eval(table, call->arch, call->nr, args).ret;
                if (answers[i] != as_seen(expected))
                        fail_msg("%d(%#jx, %#jx) of %#x: the profile says %#x, the kernel %#x",
                                call->nr, (uintmax_t) args[0], (uintmax_t) args[1], call->arch,
                                expected, answers[i]);
        }
}

/* Every action as the default, with every other one as a rule. */
static void test_every_action(void **state) {
        static const Action actions[] = { ALLOW, DENY, TRACE, NOTIFY, { .kind = ACTION_LOG },
                { .kind = ACTION_TRAP }, { .kind = ACTION_KILL_THREAD },
                { .kind = ACTION_KILL_PROCESS }, { .kind = ACTION_ERRNO, .data = 4094 },
                { .kind = ACTION_ERRNO, .data = 0 }, { .kind = ACTION_TRACE, .data = 0 } };
        static const struct seccomp_data calls[] = {
                { .nr = SYS_getpgid, .arch = AUDIT_ARCH_X86_64, .args = { 1, 2, 3, 4, 5, 6 } },
                { .nr = SYS_getppid, .arch = AUDIT_ARCH_X86_64 },
                { .nr = SYS_exit_group, .arch = AUDIT_ARCH_X86_64 },
                { .nr = 4000, .arch = AUDIT_ARCH_X86_64 },
        };

        skip_unless_possible(AUDIT_ARCH_X86_64);
        for (size_t i = 0; i < N_ELEMENTS(actions) * N_ELEMENTS(actions); i++) {
                Action standard = actions[i % N_ELEMENTS(actions)];
                PolicyRule rules[] = { PLAIN("getpgid", actions[i / N_ELEMENTS(actions)]) };
                Policy policy = policy_of(standard, native(), rules, N_ELEMENTS(rules));

                if (standard.kind != ACTION_NOTIFY)
                        assert_enforced(*state, &policy, calls, N_ELEMENTS(calls));
        }
}

/* The values around one constant at which a comparison of words may go wrong. */
static size_t boundary_calls(const char *name, const Arch *arch, const Condition *condition,
        struct seccomp_data *calls) {
        const uint64_t value = condition->value, word = 1ULL << 32;
        const uint64_t values[] = { value, value - 1, value + 1, value - word, value + word,
                value & UINT32_MAX, value & ~(word - 1), value << 32, ~value, condition->value_two,
                condition->value_two | ~value, condition->value_two ^ (value & -value), 0,
                UINT64_MAX };

        for (size_t i = 0; i < N_ELEMENTS(values); i++) {
                calls[i] = (struct seccomp_data){ .arch = arch->audit_arch };
                assert_int_equal(syscall_number(arch, name, &calls[i].nr), SYSCALL_KNOWN);
                calls[i].args[condition->index] = values[i];
        }
        return N_ELEMENTS(values);
}

/* Every operator on every argument, with constants of all sizes that the architecture has. */
static void assert_operators_enforced(const ProgramFixture *fixture, const Arch *arch) {
        static const uint64_t values[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
                0x1000000ff, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffff0,
                0xffffffffffffffff };
        size_t n_calls = 0;

        for (size_t i = 0; i < N_ELEMENTS(values) * N_OPERATORS; i++) {
                const Condition condition = {
                        .index = (uint8_t) (i % SYSCALL_ARGS),
                        .op = (Operator) (i % N_OPERATORS),
                        .value = values[i / N_OPERATORS],
                        .value_two = i % N_OPERATORS == OP_MASKED_EQ
                                ? values[i / N_OPERATORS] & 0x80000000f0
                                : 0,
                };
                PolicyRule rules[] = { { .name = "prctl",
                        .action = ALLOW,
                        .conditions = &condition,
                        .n_conditions = 1 } };
                Policy policy = policy_of(DENY, arch, rules, N_ELEMENTS(rules));
                struct seccomp_data calls[16];

                if (!arch->is_64bit && condition.value > UINT32_MAX)
                        continue; /* libseccomp cuts it: SP812 */
                n_calls = boundary_calls("prctl", arch, &condition, calls);
                assert_enforced(fixture, &policy, calls, n_calls);
        }
        assert_true(n_calls > 0);
}

static void test_operators(void **state) {
        skip_unless_possible(AUDIT_ARCH_X86_64);
        assert_operators_enforced(*state, native());
}

/* The registers hold 64 bits, the filter of a 32-bit call sees the low 32. */
static void test_operators_of_32_bit_calls(void **state) {
        skip_unless_possible(AUDIT_ARCH_I386);
        assert_operators_enforced(*state, arch_by_name("SCMP_ARCH_X86"));
}

/* Every number there is and some there are not, under a profile of some size. */
static void assert_numbers_enforced(const ProgramFixture *fixture, const Arch *arch) {
        PolicyRule rules[] = { PLAIN("read", ALLOW), PLAIN("write", ALLOW), PLAIN("close", ALLOW),
                PLAIN("execve", DENY), PLAIN("mmap", ALLOW), PLAIN("futex", ALLOW),
                PLAIN("openat", ALLOW), PLAIN("clone3", { .kind = ACTION_ERRNO, .data = ENOSYS }),
                PLAIN("unshare", { .kind = ACTION_ERRNO, .data = 0 }),
                PLAIN("statx", { .kind = ACTION_TRAP }), PLAIN("rseq", ALLOW),
                PLAIN("bpf", { .kind = ACTION_KILL_PROCESS }), PLAIN("keyctl", TRACE),
                PLAIN("ptrace", { .kind = ACTION_KILL_THREAD }), PLAIN("exit_group", ALLOW),
                GIVEN("socket", ALLOW, { .index = 0, .op = OP_NE, .value = 16 }),
                GIVEN("clone", ALLOW, { .index = 0, .op = OP_MASKED_EQ, .value = 0x7e020000 }) };
        Policy policy = policy_of(DENY, arch, rules, N_ELEMENTS(rules));
        struct seccomp_data calls[KERNEL_CALLS_MAX];

        for (int i = 0; i < KERNEL_CALLS_MAX; i++)
                calls[i] = (struct seccomp_data){ .nr = i, .arch = arch->audit_arch };
        if (arch == native())
                calls[NR_URETPROBE].nr = calls[NR_UPROBE].nr = 0;
        calls[KERNEL_CALLS_MAX - 1].nr = -1;
        calls[KERNEL_CALLS_MAX - 2].nr = INT32_MAX;
        assert_enforced(fixture, &policy, calls, N_ELEMENTS(calls));
}

static void test_numbers(void **state) {
        skip_unless_possible(AUDIT_ARCH_X86_64);
        assert_numbers_enforced(*state, native());
}

static void test_numbers_of_32_bit_calls(void **state) {
        skip_unless_possible(AUDIT_ARCH_I386);
        assert_numbers_enforced(*state, arch_by_name("SCMP_ARCH_X86"));
}

/* A profile that does not list an architecture kills its calls, whatever its default. */
static void test_unlisted_architectures_are_killed(void **state) {
        PolicyRule rules[] = { PLAIN("read", DENY) };
        Policy policy = policy_of(ALLOW, native(), rules, N_ELEMENTS(rules));
        static const struct seccomp_data calls[] = {
                { .nr = 20, .arch = AUDIT_ARCH_I386 },
                { .nr = 0x40000000 | SYS_getpid, .arch = AUDIT_ARCH_X86_64 },
                { .nr = SYS_getpid, .arch = AUDIT_ARCH_X86_64 },
        };

        skip_unless_possible(AUDIT_ARCH_I386);
        assert_enforced(*state, &policy, calls, N_ELEMENTS(calls));
}

/* --- what needs the call to be made in earnest --- */

static int load_alone(const Program *program) {
        const struct sock_fprog loaded = { .len = (unsigned short) program->n_insns,
                .filter = program->insns };

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -1;
        return (int) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &loaded);
}

static void assert_child_ends_well(pid_t pid) {
        int status = 0;

        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

/* SP312, SP316: without a tracer and without a listener both are ENOSYS. */
static void test_trace_and_notify_with_nobody_there(void **state) {
        PolicyRule rules[] = { PLAIN("getpgid", TRACE), PLAIN("getsid", NOTIFY) };
        Policy policy = policy_of(ALLOW, native(), rules, N_ELEMENTS(rules));
        Program program = {};
        pid_t pid = 0;

        skip_unless_possible(AUDIT_ARCH_X86_64);
        program = compile(*state, &policy);
        pid = fork();
        if (pid == 0) {
                bool traced = load_alone(&program) == 0 && getpgid(0) < 0 && errno == ENOSYS;
                bool notified = getsid(0) < 0 && errno == ENOSYS;

                _exit(traced && notified && getppid() > 0 ? 0 : 1);
        }
        assert_child_ends_well(pid);
}

/* A subscription to the kernel's audit records, or -1. */
static int audit_listen(void) {
        _cleanup_free_ char *logged =
                support_read_file("/proc/sys/kernel/seccomp/actions_logged", NULL);
        struct sockaddr_nl address = { .nl_family = AF_NETLINK,
                .nl_groups = 1 << (AUDIT_NLGRP_READLOG - 1) };
        int fd = -1;

        if (!strstr(logged, "log")) {
                errno = ENOTSUP;
                return -1;
        }
        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
        if (fd >= 0 && bind(fd, (const struct sockaddr *) &address, sizeof(address)) == 0)
                return fd;
        return fd_close(fd);
}

/* Counts the seccomp records of a process, known by its name because numbers are the root PID
 * namespace's, until none comes any more. */
static size_t audit_count(int fd, const char *comm, int nr) {
        _cleanup_free_ char *who = NULL, *what = NULL;
        struct pollfd event = { .fd = fd, .events = POLLIN };
        size_t n = 0;

        assert_true(asprintf(&who, " comm=\"%s\" ", comm) > 0);
        assert_true(asprintf(&what, " syscall=%d ", nr) > 0);
        while (poll(&event, 1, 300) > 0) {
                char bytes[8192] = "";
                ssize_t size_bytes = recv(fd, bytes, sizeof(bytes) - 1, 0);
                const struct nlmsghdr *header = (const struct nlmsghdr *) bytes;
                const char *text = bytes + NLMSG_HDRLEN;

                if (size_bytes > (ssize_t) NLMSG_HDRLEN && header->nlmsg_type == AUDIT_SECCOMP &&
                        strstr(text, who) && strstr(text, what))
                        n++;
        }
        return n;
}

/* LOG lets the call through and says so in the audit log; ALLOW says nothing. */
static void test_log_is_audited(void **state) {
        PolicyRule rules[] = { PLAIN("getppid", { .kind = ACTION_LOG }) };
        Policy policy = policy_of(ALLOW, native(), rules, N_ELEMENTS(rules));
        _cleanup_close_ int fd = -1;
        Program program = {};
        char comm[16];
        pid_t pid = 0;

        skip_unless_possible(AUDIT_ARCH_X86_64);
        snprintf(comm, sizeof(comm), "log-%d", getpid());
        fd = audit_listen();
        if (fd < 0) {
                print_message("SKIPPED: no audit records to be had (%s)\n", strerrorname_np(errno));
                skip();
        }
        program = compile(*state, &policy);
        pid = fork();
        if (pid == 0)
                _exit(prctl(PR_SET_NAME, comm) == 0 && load_alone(&program) == 0 && getppid() > 0 &&
                                        getppid() > 0 && syscall(SYS_getpid) > 0
                                ? 0
                                : 1);
        assert_child_ends_well(pid);
        assert_int_equal(audit_count(fd, comm, SYS_getppid), 2);
        assert_int_equal(audit_count(fd, comm, SYS_getpid), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_action),
                cmocka_unit_test(test_operators),
                cmocka_unit_test(test_operators_of_32_bit_calls),
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_numbers_of_32_bit_calls),
                cmocka_unit_test(test_unlisted_architectures_are_killed),
                cmocka_unit_test(test_trace_and_notify_with_nobody_there),
                cmocka_unit_test(test_log_is_audited),
        };

        return cmocka_run_group_tests_name("filter_kernel", tests, program_setup, program_teardown);
}
