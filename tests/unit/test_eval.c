/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The reference evaluator: cases by hand from the specification; operators against a naive reading
 * on a grid of boundary values; and single rules, which libseccomp compiles right, against its
 * programs on every architecture whose byte order is ours.
 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/eval.h"
#include "profile/syscalls.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

#define X32_BIT  0x40000000
#define FOREIGN  AUDIT_ARCH_ALPHA
#define KILL     SECCOMP_RET_KILL_THREAD
#define ALLOW    SECCOMP_RET_ALLOW
#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))

static const Action allow = { ACTION_ALLOW, 0 };
static const Action eperm = { ACTION_ERRNO, 1 };
static const Action enosys = { ACTION_ERRNO, 38 };

static const Arch *arch_at(const char *name) {
        const Arch *arch = arch_by_name(name);

        if (!arch)
                fail_msg("no architecture %s", name);
        return arch;
}

static const Arch *x86_64(void) {
        return arch_at("SCMP_ARCH_X86_64");
}

/* One rule of a test: up to two conditions. */
typedef struct TestRule {
        const char *name;
        Action action;
        uint8_t n;
        Condition conditions[2];
} TestRule;

static EvalTable *table_new(
        Arena *arena, Action default_action, const TestRule *rules, size_t n, const Arch *arch) {
        Policy *policy = arena_alloc(arena, sizeof(*policy));
        EvalTable *table = NULL;

        assert_non_null(policy);
        policy->default_action = default_action;
        policy->arches[0] = arch;
        policy->n_arches = 1;
        policy->rules = arena_alloc_array(arena, n, sizeof(*policy->rules));
        policy->n_rules = n;
        assert_non_null(policy->rules);
        for (size_t i = 0; i < n; i++)
                policy->rules[i] = (PolicyRule){
                        .name = rules[i].name,
                        .action = rules[i].action,
                        .conditions = rules[i].conditions,
                        .n_conditions = rules[i].n,
                        .name_node = (uint32_t) i,
                        .rule_node = (uint32_t) i,
                };
        assert_int_equal(eval_table_new(arena, policy, arch, &table), 0);
        return table;
}

static int number_of(const Arch *arch, const char *name) {
        int nr = -1;

        assert_int_equal(syscall_number(arch, name, &nr), SYSCALL_KNOWN);
        return nr;
}

/* One call and what is to come of it; `rule` is the deciding rule's index, -1 for none. */
typedef struct Expected {
        const char *name;
        uint64_t args[SYSCALL_ARGS];
        uint32_t ret;
        int rule;
        bool is_ambiguous;
} Expected;

static void check_call(const EvalTable *table, const Arch *arch, const Expected *expected) {
        const int nr = number_of(arch, expected->name);
        const EvalResult result = policy_eval(table, arch->audit_arch, nr, expected->args);

        if (result.ret != expected->ret)
                fail_msg("%s(%#llx, %#llx): %#x, not %#x", expected->name,
                        (unsigned long long) expected->args[0],
                        (unsigned long long) expected->args[1], result.ret, expected->ret);
        assert_int_equal(result.rule ? (int) result.rule->rule_node : -1, expected->rule);
        assert_int_equal(result.is_ambiguous, expected->is_ambiguous);
        assert_true(policy_eval_accepts(table, arch->audit_arch, nr, expected->args, result.ret));
        assert_false(policy_eval_accepts(
                table, arch->audit_arch, nr, expected->args, SECCOMP_RET_KILL_PROCESS));
}

static void test_rules_decide(void **state) {
        static const TestRule rules[] = {
                { "read", { ACTION_ALLOW, 0 }, 0, {} },
                { "read", { ACTION_ERRNO, 38 }, 0, {} },
                { "write", { ACTION_ERRNO, 38 }, 1, { { 0, OP_EQ, 2, 0, 0 } } },
                { "write", { ACTION_ALLOW, 0 }, 0, {} },
                { "close", { ACTION_ALLOW, 0 }, 1, { { 0, OP_LT, 10, 0, 0 } } },
                { "close", { ACTION_ERRNO, 38 }, 1, { { 0, OP_GT, 5, 0, 0 } } },
                { "close", { ACTION_ERRNO, 1 }, 1, { { 0, OP_EQ, 7, 0, 0 } } },
                { "lseek", { ACTION_ALLOW, 0 }, 2,
                        { { 1, OP_GE, 5, 0, 0 }, { 2, OP_NE, 0, 0, 0 } } },
                { "open", { ACTION_ERRNO, 1 }, 0, {} },
                { "socketcall", { ACTION_ALLOW, 0 }, 0, {} },
                { "no_such_call", { ACTION_ALLOW, 0 }, 0, {} },
                { "dup", { ACTION_ALLOW, 0 }, 1, { { 0, OP_EQ, 1, 0, 0 } } },
                { "dup", { ACTION_ALLOW, 0 }, 1, { { 1, OP_EQ, 1, 0, 0 } } },
        };
        static const Expected calls[] = {
                { "read", {}, ALLOW, 0, false },           /* the first unconditional */
                { "write", { 2 }, ALLOW, 3, false },       /* unconditional before conditional */
                { "close", { 3 }, ALLOW, 4, false },       /* one matches */
                { "close", { 6 }, ALLOW, 4, true },        /* two, of different actions */
                { "close", { 7 }, ALLOW, 4, true },        /* the third equals the default */
                { "close", { 11 }, ERRNO(38), 5, false },  /* only the second */
                { "lseek", { 0, 5, 1 }, ALLOW, 7, false }, /* both conditions */
                { "lseek", { 0, 5, 0 }, ERRNO(1), -1, false },
                { "lseek", { 0, 4, 1 }, ERRNO(1), -1, false },
                { "open", {}, ERRNO(1), -1, false },   /* equals the default: no rule decides */
                { "getpid", {}, ERRNO(1), -1, false }, /* not mentioned */
                { "dup", { 1, 1 }, ALLOW, 11, false }, /* two of the same action: no doubt */
        };
        _cleanup_(arena_freep) Arena *arena = arena_new();
        EvalTable *table = table_new(arena, eperm, rules, N_ELEMENTS(rules), x86_64());

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(calls); i++)
                check_call(table, x86_64(), &calls[i]);
}

/* Of an ambiguous call every matching rule's answer is right, and no other. */
static void test_ambiguity_accepts_any_match(void **state) {
        static const TestRule rules[] = {
                { "close", { ACTION_ERRNO, 2 }, 1, { { 0, OP_GT, 100, 0, 0 } } },
                { "close", { ACTION_ALLOW, 0 }, 1, { { 0, OP_LT, 10, 0, 0 } } },
                { "close", { ACTION_ERRNO, 38 }, 1, { { 0, OP_GT, 5, 0, 0 } } },
        };
        const uint64_t args[SYSCALL_ARGS] = { 7 };
        _cleanup_(arena_freep) Arena *arena = arena_new();
        EvalTable *table = table_new(arena, eperm, rules, N_ELEMENTS(rules), x86_64());
        const int nr = number_of(x86_64(), "close");
        const uint32_t audit_arch = x86_64()->audit_arch;

        (void) state;
        assert_true(policy_eval_accepts(table, audit_arch, nr, args, ALLOW));
        assert_true(policy_eval_accepts(table, audit_arch, nr, args, ERRNO(38)));
        assert_false(policy_eval_accepts(table, audit_arch, nr, args, ERRNO(2)));
        assert_false(policy_eval_accepts(table, audit_arch, nr, args, ERRNO(1)));
}

/* What such a call may get: each action once, the first rule's first, and no more than wanted. */
static void test_ambiguity_has_distinct_actions(void **state) {
        static const TestRule rules[] = {
                { "close", { ACTION_ALLOW, 0 }, 1, { { 0, OP_LT, 10, 0, 0 } } },
                { "close", { ACTION_ERRNO, 38 }, 1, { { 0, OP_GT, 5, 0, 0 } } },
                { "close", { ACTION_ALLOW, 0 }, 1, { { 0, OP_NE, 8, 0, 0 } } },
                { "close", { ACTION_ERRNO, 38 }, 1, { { 0, OP_GT, 6, 0, 0 } } },
                { "close", { ACTION_ERRNO, 2 }, 1, { { 0, OP_EQ, 7, 0, 0 } } },
        };
        static const Action expected[] = { { ACTION_ALLOW, 0 }, { ACTION_ERRNO, 38 },
                { ACTION_ERRNO, 2 } };
        const uint64_t args[SYSCALL_ARGS] = { 7 };
        _cleanup_(arena_freep) Arena *arena = arena_new();
        EvalTable *table = table_new(arena, eperm, rules, N_ELEMENTS(rules), x86_64());
        const int nr = number_of(x86_64(), "close");

        (void) state;
        for (size_t n_max = 1; n_max <= N_ELEMENTS(rules); n_max++) {
                Action found[N_ELEMENTS(rules) + 1] = {};
                const size_t n = n_max < N_ELEMENTS(expected) ? n_max : N_ELEMENTS(expected);

                assert_int_equal(policy_eval_actions(table, nr, args, n_max, found), n);
                for (size_t i = 0; i < n; i++)
                        assert_true(action_equal(found[i], expected[i]));
        }
}

static void test_guard(void **state) {
        static const TestRule rules[] = { { "read", { ACTION_ERRNO, 38 }, 0, {} } };
        static const struct {
                const char *arch;
                uint32_t audit_arch;
                int nr;
                uint32_t ret;
        } cases[] = {
                { "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, 0, ERRNO(38) },
                { "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, 1, ALLOW },
                { "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, 0x3fffffff, ALLOW },
                { "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, X32_BIT, KILL },
                { "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, INT32_MIN, KILL },
                { "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, -2, KILL },
                { "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64, -1, ALLOW },
                { "SCMP_ARCH_X86_64", AUDIT_ARCH_I386, 0, KILL },
                { "SCMP_ARCH_X86_64", FOREIGN, 0, KILL },
                { "SCMP_ARCH_X32", AUDIT_ARCH_X86_64, X32_BIT, ERRNO(38) },
                { "SCMP_ARCH_X32", AUDIT_ARCH_X86_64, X32_BIT | 1, ALLOW },
                { "SCMP_ARCH_X32", AUDIT_ARCH_X86_64, 0, KILL },
                { "SCMP_ARCH_X32", AUDIT_ARCH_X86_64, 0x3fffffff, KILL },
                { "SCMP_ARCH_X32", AUDIT_ARCH_X86_64, -2, ALLOW },
                { "SCMP_ARCH_X32", AUDIT_ARCH_X86_64, -1, ALLOW },
                { "SCMP_ARCH_X32", FOREIGN, X32_BIT, KILL },
                { "SCMP_ARCH_X86", AUDIT_ARCH_I386, 3, ERRNO(38) },
                { "SCMP_ARCH_X86", AUDIT_ARCH_I386, X32_BIT, ALLOW },
                { "SCMP_ARCH_X86", AUDIT_ARCH_I386, -2, ALLOW },
                { "SCMP_ARCH_X86", AUDIT_ARCH_X86_64, 3, KILL },
                { "SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64, 63, ERRNO(38) },
                { "SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64, -2, ALLOW },
        };
        const uint64_t args[SYSCALL_ARGS] = {};

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_(arena_freep) Arena *arena = arena_new();
                EvalTable *table =
                        table_new(arena, allow, rules, N_ELEMENTS(rules), arch_at(cases[i].arch));
                EvalResult result = policy_eval(table, cases[i].audit_arch, cases[i].nr, args);

                if (result.ret != cases[i].ret)
                        fail_msg("%s %#x %d: %#x", cases[i].arch, cases[i].audit_arch, cases[i].nr,
                                result.ret);
                assert_int_equal(result.rule != NULL, cases[i].ret == ERRNO(38));
        }
}

/* The specification's table of operators, as plainly as C has it. */
static bool naive_holds(const Condition *condition, uint64_t argument) {
        switch (condition->op) {
        case OP_NE: return argument != condition->value;
        case OP_LT: return argument < condition->value;
        case OP_LE: return argument <= condition->value;
        case OP_EQ: return argument == condition->value;
        case OP_GE: return argument >= condition->value;
        case OP_GT: return argument > condition->value;
        case OP_MASKED_EQ:
                return (argument & condition->value) == (condition->value_two & condition->value);
        case N_OPERATORS: break;
        }
        fail_msg("no operator");
        return false;
}

static const uint64_t grid[] = { 0, 1, 2, 3, 0x7f, 0x80, 0x7fffffff, 0x80000000, 0xfffffffe,
        0xffffffff, 0x100000000, 0x100000001, 0x1ffffffff, 0x7fffffffffffffff, 0x8000000000000000,
        0xffffffff00000000, 0xfffffffffffffffe, 0xffffffffffffffff };

static void test_operators(void **state) {
        static const char *const arches[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X32" };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(grid) * N_OPERATORS * N_ELEMENTS(arches); i++) {
                const Arch *arch = arch_at(arches[i % N_ELEMENTS(arches)]);
                const uint64_t value = grid[i / N_ELEMENTS(arches) % N_ELEMENTS(grid)];
                const Operator op = (Operator) (i / N_ELEMENTS(arches) / N_ELEMENTS(grid));

                for (size_t j = 0; j < N_ELEMENTS(grid) * N_ELEMENTS(grid); j++) {
                        const uint64_t argument = grid[j % N_ELEMENTS(grid)];
                        const uint64_t datum = grid[j / N_ELEMENTS(grid)];
                        const TestRule rule = { "write", { ACTION_ALLOW, 0 }, 1,
                                { { 3, op, value, op == OP_MASKED_EQ ? datum : 0, 0 } } };
                        const uint64_t args[SYSCALL_ARGS] = { 9, 9, 9, argument, 9, 9 };
                        const uint64_t seen = arch->is_64bit ? argument : (uint32_t) argument;
                        _cleanup_(arena_freep) Arena *arena = NULL;
                        EvalResult result = {};

                        if (op != OP_MASKED_EQ && datum != 0)
                                break;
                        arena = arena_new();
                        result = policy_eval(table_new(arena, eperm, &rule, 1, arch),
                                arch->audit_arch, number_of(arch, "write"), args);
                        assert_int_equal(result.ret,
                                naive_holds(&rule.conditions[0], seen) ? ALLOW : ERRNO(1));
                }
        }
}

/* Calls behind socketcall and ipc: the direct number as written, the multiplexer by its subcall. */
static void test_multiplexers(void **state) {
        static const TestRule rules[] = {
                { "socket", { ACTION_ALLOW, 0 }, 2,
                        { { 0, OP_EQ, 2, 0, 0 }, { 2, OP_EQ, 7, 0, 0 } } },
                { "accept", { ACTION_ERRNO, 38 }, 0, {} },
                { "shmget", { ACTION_ALLOW, 0 }, 1, { { 1, OP_GT, 3, 0, 0 } } },
                { "semop", { ACTION_ALLOW, 0 }, 0, {} },
        };
        static const Expected calls[] = {
                { "socket", { 2, 0, 7 }, ALLOW, 0, false },
                { "socket", { 1, 0, 7 }, ERRNO(1), -1, false },
                { "socketcall", { 1, 0, 7 }, ALLOW, 0, false },
                { "socketcall", { 1, 0, 6 }, ERRNO(1), -1, false },
                { "socketcall", { 2, 0, 7 }, ERRNO(1), -1, false },
                { "socketcall", { 5, 0, 0 }, ERRNO(38), 1, false },
                { "socketcall", { 0x100000005, 0, 0 }, ERRNO(38), 1, false },
                { "shmget", { 0, 4 }, ALLOW, 2, false },
                { "ipc", { 23, 4 }, ALLOW, 2, false },
                { "ipc", { 23, 3 }, ERRNO(1), -1, false },
                { "ipc", { 1, 0 }, ALLOW, 3, false },
                { "ipc", { 0x10001, 0 }, ERRNO(1), -1, false },
        };
        const Arch *x86 = arch_at("SCMP_ARCH_X86");
        const Arch *ppc64le = arch_at("SCMP_ARCH_PPC64LE");
        const uint64_t high[SYSCALL_ARGS] = { 0x100000005 };
        _cleanup_(arena_freep) Arena *arena = arena_new();
        EvalTable *table = table_new(arena, eperm, rules, N_ELEMENTS(rules), x86);

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(calls); i++)
                check_call(table, x86, &calls[i]);
        /* 64-bit registers: a high word is no subcall */
        table = table_new(arena, eperm, rules, N_ELEMENTS(rules), ppc64le);
        assert_int_equal(policy_eval(table, ppc64le->audit_arch, 102, high).ret, ERRNO(1));
}

static void test_multiplexer_of_its_own(void **state) {
        static const TestRule rules[] = {
                { "socket", { ACTION_ERRNO, 38 }, 0, {} },
                { "socketcall", { ACTION_ALLOW, 0 }, 0, {} },
        };
        static const Expected calls[] = {
                { "socket", {}, ERRNO(38), 0, false },
                { "socketcall", { 1 }, ALLOW, 1, false },
        };
        const Arch *x86 = arch_at("SCMP_ARCH_X86");
        _cleanup_(arena_freep) Arena *arena = arena_new();
        EvalTable *table = table_new(arena, eperm, rules, N_ELEMENTS(rules), x86);

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(calls); i++)
                check_call(table, x86, &calls[i]);
}

static void test_numbers_and_rules(void **state) {
        static const TestRule rules[] = {
                { "write", { ACTION_ALLOW, 0 }, 1, { { 0, OP_EQ, 1, 0, 0 } } },
                { "socket", { ACTION_ALLOW, 0 }, 2,
                        { { 0, OP_EQ, 2, 0, 0 }, { 1, OP_EQ, 3, 0, 0 } } },
                { "accept", { ACTION_ALLOW, 0 }, 0, {} },
                { "read", { ACTION_ERRNO, 1 }, 0, {} },
                { "write", { ACTION_ALLOW, 0 }, 1, { { 0, OP_EQ, 2, 0, 0 } } },
        };
        static const int expected[] = { 4, 102, 359 };
        const Arch *x86 = arch_at("SCMP_ARCH_X86");
        _cleanup_(arena_freep) Arena *arena = arena_new();
        EvalTable *table = table_new(arena, eperm, rules, N_ELEMENTS(rules), x86);
        const PolicyRule *const *found = NULL;
        size_t n = 0;
        const int *numbers = eval_table_numbers(table, &n);

        (void) state;
        assert_int_equal(n, N_ELEMENTS(expected));
        assert_memory_equal(numbers, expected, sizeof(expected));
        eval_table_rules(table, 4, &found, &n);
        assert_int_equal(n, 2);
        assert_int_equal(found[0]->rule_node, 0);
        assert_int_equal(found[1]->rule_node, 4);
        eval_table_rules(table, 102, &found, &n);
        assert_int_equal(n, 2);
        assert_int_equal(found[0]->rule_node, 1);
        assert_int_equal(found[0]->n_conditions, 2);
        assert_int_equal(found[0]->conditions[0].index, 0);
        assert_int_equal(found[0]->conditions[0].value, 1);
        assert_int_equal(found[0]->conditions[1].index, 1);
        assert_int_equal(found[0]->conditions[1].value, 3);
        assert_int_equal(found[1]->n_conditions, 1);
        assert_int_equal(found[1]->conditions[0].value, 5);
        eval_table_rules(table, 3, &found, &n);
        assert_int_equal(n, 0);
        eval_table_rules(table, -1, &found, &n);
        assert_int_equal(n, 0);
}

static void test_empty_policy(void **state) {
        const uint64_t args[SYSCALL_ARGS] = {};
        _cleanup_(arena_freep) Arena *arena = arena_new();
        EvalTable *table = table_new(arena, enosys, NULL, 0, x86_64());
        size_t n = 7;

        (void) state;
        assert_int_equal(policy_eval(table, AUDIT_ARCH_X86_64, 0, args).ret, ERRNO(38));
        eval_table_numbers(table, &n);
        assert_int_equal(n, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rules_decide),
                cmocka_unit_test(test_ambiguity_accepts_any_match),
                cmocka_unit_test(test_ambiguity_has_distinct_actions),
                cmocka_unit_test(test_guard),
                cmocka_unit_test(test_operators),
                cmocka_unit_test(test_multiplexers),
                cmocka_unit_test(test_multiplexer_of_its_own),
                cmocka_unit_test(test_numbers_and_rules),
                cmocka_unit_test(test_empty_policy),
        };

        return cmocka_run_group_tests_name("eval", tests, NULL, NULL);
}
