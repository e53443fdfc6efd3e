/* SPDX-License-Identifier: Apache-2.0 */

/* policy_compile(): what libseccomp is fed, what comes back, and that nothing global stays behind.
 */

#include "program_fixture.h"

#include "profile/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>

static Program compile_rules(
        ProgramFixture *fixture, Action standard, PolicyRule *rules, size_t n, const Arch *arch) {
        Policy policy = policy_of(standard, arch, rules, n);
        Program program = compile(fixture, &policy);

        assert_int_equal(bpf_validate(&program, NULL), 0);
        return program;
}

static uint32_t run(const Program *program, const Arch *arch, const char *name, uint64_t first) {
        struct seccomp_data data = { .arch = arch->audit_arch };
        uint32_t ret = 0;

        data.args[0] = compile_swaps(arch) ? first << 32 | first >> 32 : first;
        assert_int_equal(syscall_number(arch, name, &data.nr), SYSCALL_KNOWN);
        assert_int_equal(bpf_run(program, &data, &ret), 0);
        return ret;
}

static void test_version(void **state) {
        unsigned major = 0, minor = 0, micro = 99, level = 0;

        (void) state;
        compile_version(&major, &minor, &micro, &level);
        assert_int_equal(major, seccomp_version()->major);
        assert_int_equal(minor, seccomp_version()->minor);
        assert_int_equal(micro, seccomp_version()->micro);
        assert_int_equal(level, seccomp_api_get());
        assert_true(level > 0);
}

static void test_every_action(void **state) {
        static const struct {
                Action action;
                uint32_t ret;
        } cases[] = {
                { { ACTION_KILL_THREAD, 0 }, SECCOMP_RET_KILL_THREAD },
                { { ACTION_KILL_PROCESS, 0 }, SECCOMP_RET_KILL_PROCESS },
                { { ACTION_TRAP, 0 }, SECCOMP_RET_TRAP },
                { { ACTION_ERRNO, 38 }, SECCOMP_RET_ERRNO | 38 },
                { { ACTION_ERRNO, 4094 }, SECCOMP_RET_ERRNO | 4094 },
                { { ACTION_ERRNO, 0 }, SECCOMP_RET_ERRNO },
                { { ACTION_TRACE, 65535 }, SECCOMP_RET_TRACE | 65535 },
                { { ACTION_LOG, 0 }, SECCOMP_RET_LOG },
                { { ACTION_ALLOW, 0 }, SECCOMP_RET_ALLOW },
                { { ACTION_NOTIFY, 0 }, SECCOMP_RET_USER_NOTIF },
        };
        const Action other = { ACTION_ERRNO, 99 };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                PolicyRule as_rule[] = { PLAIN("openat", cases[i].action) };
                PolicyRule as_default[] = { PLAIN("openat", other) };
                Program program = compile_rules(*state, other, as_rule, 1, native());

                assert_int_equal(run(&program, native(), "openat", 0), cases[i].ret);
                assert_int_equal(run(&program, native(), "read", 0), SECCOMP_RET_ERRNO | 99);
                program = compile_rules(*state, cases[i].action, as_default, 1, native());
                assert_int_equal(run(&program, native(), "openat", 0), SECCOMP_RET_ERRNO | 99);
                assert_int_equal(run(&program, native(), "read", 0), cases[i].ret);
        }
}

static void test_every_operator(void **state) {
        static const struct {
                Condition condition;
                uint64_t holds[2];
                uint64_t fails[2];
        } cases[] = {
                { { .op = OP_NE, .value = 5 }, { 4, 5 + (1ULL << 32) }, { 5, 5 } },
                { { .op = OP_LT, .value = 5 }, { 4, 0 }, { 5, 1ULL << 32 } },
                { { .op = OP_LE, .value = 5 }, { 5, 0 }, { 6, 1ULL << 32 } },
                { { .op = OP_EQ, .value = UINT64_MAX }, { UINT64_MAX, UINT64_MAX },
                        { UINT32_MAX, 0 } },
                { { .op = OP_GE, .value = 5 }, { 5, 1ULL << 32 }, { 4, 0 } },
                { { .op = OP_GT, .value = 5 }, { 6, 1ULL << 32 }, { 5, 0 } },
                { { .op = OP_MASKED_EQ, .value = 0x7, .value_two = 0x4 }, { 0x4, 0xf4 },
                        { 0x5, 0x0 } },
        };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                PolicyRule rules[] = { GIVEN("personality", ALLOW, cases[i].condition) };
                Program program = compile_rules(*state, DENY, rules, 1, native());

                for (size_t j = 0; j < 2; j++) {
                        assert_int_equal(run(&program, native(), "personality", cases[i].holds[j]),
                                SECCOMP_RET_ALLOW);
                        assert_int_equal(run(&program, native(), "personality", cases[i].fails[j]),
                                SECCOMP_RET_ERRNO | 1);
                }
        }
}

static void assert_same_program(const Program *a, const Program *b) {
        assert_int_equal(a->n_insns, b->n_insns);
        assert_memory_equal(a->insns, b->insns, a->n_insns * sizeof(struct sock_filter));
}

static void test_what_runtimes_leave_out(void **state) {
        PolicyRule all[] = {
                PLAIN("read", ALLOW),
                PLAIN("no_such_call", ALLOW),
                PLAIN("write", DENY),
                GIVEN("ioctl", DENY, { .value = 1, .op = OP_EQ }),
                PLAIN("close", { .kind = ACTION_ERRNO, .data = 2 }),
                PLAIN("socketcall", ALLOW),
        };
        PolicyRule fed[] = { all[0], all[4] };
        Program with = compile_rules(*state, DENY, all, N_ELEMENTS(all), native());
        Program without = compile_rules(*state, DENY, fed, N_ELEMENTS(fed), native());

        assert_same_program(&with, &without);
        assert_int_equal(run(&with, native(), "close", 0), SECCOMP_RET_ERRNO | 2);
}

static void test_every_architecture(void **state) {
        PolicyRule rules[] = {
                PLAIN("openat", ALLOW),
                GIVEN("personality", ALLOW, { .value = 8, .op = OP_EQ }),
        };
        static const char *const names[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
                "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_RISCV64", "SCMP_ARCH_PPC64LE",
                "SCMP_ARCH_S390X", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPSEL64" };

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                const Arch *arch = arch_by_name(names[i]);
                Program program = compile_rules(*state, DENY, rules, N_ELEMENTS(rules), arch);
                struct seccomp_data foreign = { .arch = ~arch->audit_arch };
                uint32_t ret = 1;

                assert_int_equal(run(&program, arch, "openat", 0), SECCOMP_RET_ALLOW);
                assert_int_equal(run(&program, arch, "close", 0), SECCOMP_RET_ERRNO | 1);
                assert_int_equal(run(&program, arch, "personality", 8), SECCOMP_RET_ALLOW);
                assert_int_equal(run(&program, arch, "personality", 9), SECCOMP_RET_ERRNO | 1);
                assert_int_equal(bpf_run(&program, &foreign, &ret), 0);
                assert_int_equal(ret, SECCOMP_RET_KILL_THREAD);
        }
        assert_false(compile_swaps(arch_by_name("SCMP_ARCH_X86")));
        assert_true(compile_swaps(arch_by_name("SCMP_ARCH_S390X")));
}

/* More calls than a jump can pass over, so that libseccomp puts returns in between; with actions
 * whose numbers read as others in the wrong byte order. */
static void test_long_programs(void **state) {
        static const Action actions[] = { { ACTION_ALLOW, 0 }, { ACTION_ERRNO, 38 },
                { ACTION_ERRNO, 128 }, { ACTION_ERRNO, 1280 }, { ACTION_ERRNO, 0 },
                { ACTION_KILL_PROCESS, 0 }, { ACTION_TRACE, 4094 }, { ACTION_LOG, 0 } };
        static const char *const arches[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_S390X",
                "SCMP_ARCH_MIPS", "SCMP_ARCH_PARISC", "SCMP_ARCH_AARCH64" };

        for (size_t i = 0; i < N_ELEMENTS(arches); i++) {
                const Arch *arch = arch_by_name(arches[i]);
                PolicyRule rules[512] = {};
                char names[512][64];
                size_t n = 0;
                Program program;

                for (int nr = 0; nr <= syscall_highest(arch) && n < N_ELEMENTS(rules); nr++) {
                        if (syscall_name(arch, nr, sizeof(names[n]), names[n]) < 0)
                                continue;
                        rules[n] = (PolicyRule){ .name = names[n],
                                .action = actions[n % N_ELEMENTS(actions)] };
                        n++;
                }
                assert_true(n > 255);
                program = compile_rules(*state, DENY, rules, n, arch);
                for (size_t j = 0; j < n; j++)
                        if (run(&program, arch, names[j], 0) != action_to_ret(rules[j].action))
                                fail_msg("%s on %s: %#x, not %#x", names[j], arch->name,
                                        run(&program, arch, names[j], 0),
                                        action_to_ret(rules[j].action));
        }
}

static void test_second_level_means_the_same(void **state) {
        static const char *const names[] = { "read", "write", "open", "close", "stat", "fstat",
                "lstat", "poll", "lseek", "mmap", "mprotect", "munmap", "brk", "ioctl", "readv",
                "writev", "access", "pipe", "select", "madvise" };
        ProgramFixture *fixture = *state;
        PolicyRule rules[N_ELEMENTS(names)] = {};
        Policy policy = { .default_action = DENY,
                .arches = { native() },
                .n_arches = 1,
                .rules = rules,
                .n_rules = N_ELEMENTS(names) };
        const PolicyRule *refused;
        Program programs[2], *tree = &programs[1];

        for (size_t i = 0; i < N_ELEMENTS(names); i++)
                rules[i] = (PolicyRule){ .name = names[i], .action = ALLOW };
        assert_int_equal(policy_compile(fixture->arena, &policy, native(), 2, fixture->scratch_fd,
                                 programs, &refused),
                0);
        assert_int_not_equal(programs[0].n_insns, tree->n_insns);
        for (size_t i = 0; i < N_ELEMENTS(names); i++)
                assert_int_equal(run(tree, native(), names[i], 0), SECCOMP_RET_ALLOW);
        assert_int_equal(run(tree, native(), "openat", 0), SECCOMP_RET_ERRNO | 1);
}

static void test_scratch_keeps_nothing(void **state) {
        PolicyRule rules[] = { PLAIN("read", ALLOW), PLAIN("openat", ALLOW),
                PLAIN("close", ALLOW) };
        Program first = compile_rules(*state, DENY, rules, 1, native());
        Program large = compile_rules(*state, DENY, rules, 3, native());
        Program again = compile_rules(*state, DENY, rules, 1, native());

        assert_true(large.n_insns > first.n_insns);
        assert_same_program(&first, &again);
}

/* A node's API level must not limit what can be checked for another, nor change by a check. */
static void test_api_level(void **state) {
        PolicyRule rules[] = { PLAIN("read", { .kind = ACTION_LOG }),
                PLAIN("write", { .kind = ACTION_NOTIFY }) };
        unsigned level = seccomp_api_get();
        Program program;

        assert_int_equal(seccomp_api_set(1), 0);
        program =
                compile_rules(*state, (Action){ .kind = ACTION_KILL_PROCESS }, rules, 2, native());
        assert_int_equal(seccomp_api_get(), 1);
        assert_int_equal(seccomp_api_set(level), 0);
        assert_int_equal(run(&program, native(), "read", 0), SECCOMP_RET_LOG);
}

static void test_refused_rules(void **state) {
        const Condition equal = { .value = 1, .op = OP_EQ };
        const Condition many[LIMIT_RULE_CONDITIONS + 1] = {};
        PolicyRule conflict[] = {
                PLAIN("read", ALLOW),
                GIVEN("ioctl", ALLOW, equal),
                GIVEN("ioctl", { .kind = ACTION_LOG }, equal),
        };
        PolicyRule repeated[] = { GIVEN("ioctl", ALLOW, equal, { .value = 2, .op = OP_EQ }) };
        PolicyRule too_many[] = { { .name = "ioctl",
                .action = ALLOW,
                .conditions = many,
                .n_conditions = N_ELEMENTS(many) } };
        PolicyRule bad_errno[] = { PLAIN("read", ALLOW),
                PLAIN("write", { .kind = ACTION_ERRNO, .data = 4095 }) };
        const struct {
                PolicyRule *rules;
                size_t n;
                int error;
        } cases[] = {
                { conflict, 3, -EEXIST },
                { repeated, 1, -EINVAL },
                { too_many, 1, -EINVAL },
                { bad_errno, 2, -EINVAL },
        };
        ProgramFixture *fixture = *state;

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Policy policy = { .default_action = DENY,
                        .arches = { native() },
                        .n_arches = 1,
                        .rules = cases[i].rules,
                        .n_rules = cases[i].n };
                Program untouched = { .n_insns = 77 };
                const PolicyRule *refused = NULL;

                assert_int_equal(policy_compile(fixture->arena, &policy, native(), 1,
                                         fixture->scratch_fd, &untouched, &refused),
                        cases[i].error);
                assert_ptr_equal(refused, &cases[i].rules[cases[i].n - 1]);
                assert_int_equal(untouched.n_insns, 77);
        }
}

static void test_refused_contexts(void **state) {
        static const Arch nowhere = { .name = "SCMP_ARCH_NOWHERE", .token = UINT32_MAX };
        static const Arch unheard = { .name = "SCMP_ARCH_UNHEARD", .token = 0x12345 };
        const struct {
                Action standard;
                const Arch *arch;
        } cases[] = {
                { DENY, &nowhere },
                { DENY, &unheard },
                { { .kind = ACTION_ERRNO, .data = 4095 }, native() },
        };
        ProgramFixture *fixture = *state;
        PolicyRule rules[] = { PLAIN("read", ALLOW) };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Policy policy = {
                        .default_action = cases[i].standard, .rules = rules, .n_rules = 1
                };
                const PolicyRule *refused = rules;
                Program program;
                int r = policy_compile(fixture->arena, &policy, cases[i].arch, 1,
                        fixture->scratch_fd, &program, &refused);

                assert_true(r < 0 && r != -EIO && r != -ENOMEM);
                assert_null(refused);
        }
}

static void test_broken_scratch(void **state) {
        _cleanup_close_ int read_only = open("/dev/null", O_RDONLY | O_CLOEXEC);
        _cleanup_close_ int full = open("/dev/full", O_RDWR | O_CLOEXEC);
        _cleanup_close_ int sealed = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        const int fds[] = { -1, read_only, full, sealed };
        PolicyRule rules[] = { PLAIN("read", ALLOW) };
        Policy policy = { .default_action = DENY, .rules = rules, .n_rules = 1 };
        ProgramFixture *fixture = *state;

        if (seccomp_version()->major > 2 || seccomp_version()->minor >= 6)
                support_skip("libseccomp 2.6 exports to memory, not to a file");
        assert_int_equal(fcntl(sealed, F_ADD_SEALS, F_SEAL_GROW), 0);
        for (size_t i = 0; i < N_ELEMENTS(fds); i++) {
                const PolicyRule *refused;
                Program program;

                assert_int_equal(policy_compile(fixture->arena, &policy, native(), 1, fds[i],
                                         &program, &refused),
                        -EIO);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_version),
                cmocka_unit_test(test_every_action),
                cmocka_unit_test(test_every_operator),
                cmocka_unit_test(test_what_runtimes_leave_out),
                cmocka_unit_test(test_every_architecture),
                cmocka_unit_test(test_long_programs),
                cmocka_unit_test(test_second_level_means_the_same),
                cmocka_unit_test(test_scratch_keeps_nothing),
                cmocka_unit_test(test_api_level),
                cmocka_unit_test(test_refused_rules),
                cmocka_unit_test(test_refused_contexts),
                cmocka_unit_test(test_broken_scratch),
        };

        return cmocka_run_group_tests_name("compile", tests, program_setup, program_teardown);
}
