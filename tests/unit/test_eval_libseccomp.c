/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The reference evaluator and the interpreter against libseccomp, where it can be trusted: one rule
 * at a time, at boundary values and over all numbers, on every architecture whose byte order is
 * ours.
 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/bpf.h"
#include "profile/eval.h"

#include <linux/audit.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define X32_BIT 0x40000000

static const enum scmp_compare compares[N_OPERATORS] = {
        [OP_NE] = SCMP_CMP_NE,
        [OP_LT] = SCMP_CMP_LT,
        [OP_LE] = SCMP_CMP_LE,
        [OP_EQ] = SCMP_CMP_EQ,
        [OP_GE] = SCMP_CMP_GE,
        [OP_GT] = SCMP_CMP_GT,
        [OP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

static const uint64_t grid[] = { 0, 1, 2, 3, 0x7f, 0x80, 0x7fffffff, 0x80000000, 0xfffffffe,
        0xffffffff, 0x100000000, 0x100000001, 0x1ffffffff, 0x7fffffffffffffff, 0x8000000000000000,
        0xffffffff00000000, 0xfffffffffffffffe, 0xffffffffffffffff };

/*
 * libseccomp's program for one rule under a default of ERRNO(1), read into `insns`. A second rule
 * on another call is added: 2.5.4 forgets to load the number when a single rule names a call that
 * exists only behind a multiplexer.
 */
static Program libseccomp_compile(
        const Arch *arch, const PolicyRule *rule, size_t n_max, struct sock_filter *insns) {
        scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(1));
        struct scmp_arg_cmp args[2] = {};
        _cleanup_close_ int fd = memfd_create("bpf", MFD_CLOEXEC);
        ssize_t size_bytes = 0;

        assert_non_null(context);
        if (arch->token != seccomp_arch_native()) {
                assert_int_equal(seccomp_arch_add(context, arch->token), 0);
                assert_int_equal(seccomp_arch_remove(context, SCMP_ARCH_NATIVE), 0);
        }
        for (size_t i = 0; i < rule->n_conditions; i++) {
                const Condition *condition = &rule->conditions[i];

                args[i].op = compares[condition->op];
                args[i].arg = condition->index;
                args[i].datum_a = condition->value;
                args[i].datum_b = condition->value_two;
        }
        assert_int_equal(
                seccomp_rule_add_array(context, SCMP_ACT_ALLOW,
                        seccomp_syscall_resolve_name(rule->name), rule->n_conditions, args),
                0);
        assert_int_equal(seccomp_rule_add_array(context, SCMP_ACT_ALLOW,
                                 seccomp_syscall_resolve_name("getpgid"), 0, NULL),
                0);
        assert_int_equal(seccomp_export_bpf(context, fd), 0);
        seccomp_release(context);
        size_bytes = pread(fd, insns, n_max * sizeof(*insns), 0);
        assert_true(size_bytes > 0);
        return (Program){ insns, (size_t) size_bytes / sizeof(*insns) };
}

static void compare_call(const EvalTable *table, const Arch *arch, const Program *program, int nr,
        const struct seccomp_data *like, const char *name) {
        struct seccomp_data data = *like;
        uint64_t args[SYSCALL_ARGS];
        uint32_t theirs = 0, ours = 0;

        data.nr = nr;
        data.arch = arch->audit_arch;
        memcpy(args, data.args, sizeof(args));
        assert_int_equal(bpf_run(program, &data, &theirs), 0);
        ours = policy_eval(table, data.arch, nr, args).ret;
        if (ours != theirs)
                fail_msg("%s %s %d (%#llx, %#llx): ours %#x, theirs %#x", arch->name, name, nr,
                        (unsigned long long) args[0], (unsigned long long) args[1], ours, theirs);
}

/* Every boundary call of one rule. */
static void compare_rule(const Arch *arch, const PolicyRule *rule) {
        PolicyRule rules[] = { *rule, { .name = "getpgid", .action = { ACTION_ALLOW, 0 } } };
        const Policy policy = {
                .default_action = { ACTION_ERRNO, 1 }, .rules = rules, .n_rules = N_ELEMENTS(rules)
        };
        _cleanup_(arena_freep) Arena *arena = arena_new();
        EvalTable *table = NULL;
        struct sock_filter insns[256];
        const Program program = libseccomp_compile(arch, rule, N_ELEMENTS(insns), insns);
        const int *numbers = NULL;
        size_t n = 0;

        assert_int_equal(eval_table_new(arena, &policy, arch, &table), 0);
        numbers = eval_table_numbers(table, &n);
        assert_int_equal(bpf_validate(&program, NULL), 0);
        for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j < N_ELEMENTS(grid) * N_ELEMENTS(grid); j++) {
                        const struct seccomp_data like = { .args = { grid[j % N_ELEMENTS(grid)],
                                                                   grid[j / N_ELEMENTS(grid)] } };

                        compare_call(table, arch, &program, numbers[i], &like, rule->name);
                }
                for (uint64_t subcall = 0; subcall < 30; subcall++) {
                        const struct seccomp_data like = { .args = { subcall, 2 } };

                        compare_call(table, arch, &program, numbers[i], &like, rule->name);
                }
        }
        for (int nr = -3; nr < 1100; nr++) {
                const struct seccomp_data like = {};

                compare_call(table, arch, &program, nr, &like, rule->name);
                compare_call(table, arch, &program, nr | X32_BIT, &like, rule->name);
        }
}

static bool arch_is_of_our_byte_order(const Arch *arch) {
        const bool is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

        return arch->token != UINT32_MAX && ((arch->token & __AUDIT_ARCH_LE) != 0) == is_little;
}

static void compare_arch(const Arch *arch) {
        static const char *const names[] = { "read", "recv", "accept", "socket", "recvmmsg",
                "semop", "semtimedop", "shmget", "msgctl", "socketcall", "ipc", "clone3" };
        static const uint64_t values[] = { 0, 1, 2, 0x80, 0x80000000, 0xffffffff, 0x100000001,
                0xffffffffffffffff };

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                const PolicyRule rule = { .name = names[i], .action = { ACTION_ALLOW, 0 } };

                compare_rule(arch, &rule);
        }
        for (size_t i = 0; i < N_ELEMENTS(values) * N_OPERATORS; i++) {
                const Operator op = (Operator) (i % N_OPERATORS);
                const uint64_t value = values[i / N_OPERATORS];
                const uint64_t datum = op == OP_MASKED_EQ ? value & 0x80 : 0;
                const Condition conditions[] = { { 1, op, value, datum, 0 },
                        { 0, OP_NE, 2, 0, 0 } };
                const PolicyRule one = { "read", { ACTION_ALLOW, 0 }, conditions, 1, 0, 0 };
                const PolicyRule two = { "socket", { ACTION_ALLOW, 0 }, conditions, 2, 0, 0 };

                /* libseccomp cuts what does not fit a 32-bit architecture: that is a difference */
                if (!arch->is_64bit && value > UINT32_MAX)
                        continue;
                compare_rule(arch, &one);
                compare_rule(arch, &two);
        }
}

static void test_agrees_with_libseccomp(void **state) {
        size_t n_arches = 0, n = 0;
        const Arch *all = arch_all(&n_arches);

        (void) state;
        for (size_t i = 0; i < n_arches; i++) {
                if (!arch_is_of_our_byte_order(&all[i]))
                        continue;
                compare_arch(&all[i]);
                n++;
        }
        assert_true(n >= 5);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_agrees_with_libseccomp),
        };

        return cmocka_run_group_tests_name("eval_libseccomp", tests, NULL, NULL);
}
