/* SPDX-License-Identifier: Apache-2.0 */

/*
 * program_verify(): it must find what libseccomp is known to compile wrong, and changed guards, and
 * it must be quiet about right programs.
 */

#include "program_fixture.h"

#include "profile/syscalls.h"

#include <errno.h>
#include <string.h>

/* The difference must be one: both sides say again what the result says of them. */
static void assert_differs(const ProgramFixture *fixture, const Policy *policy,
        const Program *program, const VerifyResult *result) {
        const Counterexample *example = &result->counterexample;
        struct seccomp_data data = { .nr = example->nr, .arch = example->audit_arch };
        EvalTable *table;
        uint32_t actual = 0;

        assert_true(result->differs);
        memcpy(data.args, example->args, sizeof(data.args));
        assert_int_equal(bpf_run(program, &data, &actual), 0);
        assert_int_equal(actual, example->actual);
        assert_int_equal(eval_table_new(fixture->arena, policy, policy->arches[0], &table), 0);
        assert_int_equal(policy_eval(table, example->audit_arch, example->nr, example->args).ret,
                example->expected);
        assert_int_not_equal(example->expected, example->actual);
}

static void test_right_programs(void **state) {
        PolicyRule rules[] = {
                PLAIN("read", ALLOW),
                PLAIN("socket", ALLOW),
                PLAIN("clone3", { .kind = ACTION_ERRNO, .data = 38 }),
                PLAIN("no_such_call", ALLOW),
                GIVEN("personality", ALLOW, { .value = 0, .op = OP_EQ }),
                GIVEN("personality", ALLOW, { .value = 0xffffffff, .op = OP_EQ }),
                GIVEN("clone", ALLOW, { .value = 0x7e020000, .op = OP_MASKED_EQ }),
                GIVEN("ioctl", TRACE, { .index = 1, .op = OP_NE, .value = 0x5412 },
                        { .index = 2, .op = OP_GE, .value = 17 }),
                GIVEN("shmget", ALLOW, { .index = 1, .op = OP_EQ, .value = 1 }),
        };
        static const char *const names[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
                "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_RISCV64", "SCMP_ARCH_PPC64LE",
                "SCMP_ARCH_S390X", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPSEL64" };

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                const Arch *arch = arch_by_name(names[i]);
                Policy policy = policy_of(DENY, arch, rules, N_ELEMENTS(rules));
                Program program = compile(*state, &policy);
                VerifyResult result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);

                if (result.differs)
                        fail_msg("%s: call %d: %#x, not %#x", names[i], result.counterexample.nr,
                                result.counterexample.actual, result.counterexample.expected);
                assert_true(result.is_exhaustive);
                assert_true(result.n_points > 500);
                assert_true(result.n_points < LIMIT_EVALUATION_POINTS);
        }
}

static void test_right_defaults(void **state) {
        static const Action defaults[] = { { .kind = ACTION_ALLOW }, { .kind = ACTION_LOG },
                { .kind = ACTION_KILL_PROCESS }, { .kind = ACTION_KILL_THREAD },
                { .kind = ACTION_TRAP }, { .kind = ACTION_TRACE, .data = 3 } };
        PolicyRule rules[] = { PLAIN("mount", DENY), PLAIN("read", ALLOW),
                PLAIN("write", { .kind = ACTION_KILL_PROCESS }) };

        for (size_t i = 0; i < N_ELEMENTS(defaults); i++) {
                Policy policy = policy_of(defaults[i], native(), rules, N_ELEMENTS(rules));
                Program program = compile(*state, &policy);
                VerifyResult result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);

                assert_false(result.differs);
                assert_true(result.is_exhaustive);
        }
}

/* libseccomp applies the second rule to (2, 100, 3), which matches neither. */
static void test_known_miscompilation(void **state) {
        PolicyRule rules[] = {
                GIVEN("socket", DENY, { .index = 0, .op = OP_GT, .value = 0 },
                        { .index = 1, .op = OP_LT, .value = 38 }),
                GIVEN("socket", DENY, { .index = 0, .op = OP_GE, .value = 40 },
                        { .index = 2, .op = OP_MASKED_EQ, .value = 3, .value_two = 3 }),
        };
        Policy policy = policy_of(ALLOW, native(), rules, N_ELEMENTS(rules));
        Program program = compile(*state, &policy);
        VerifyResult first = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);
        VerifyResult second = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);

        assert_differs(*state, &policy, &program, &first);
        assert_int_equal(first.counterexample.expected, SECCOMP_RET_ALLOW);
        assert_int_equal(first.counterexample.actual, SECCOMP_RET_ERRNO | 1);
        assert_true(
                first.counterexample.rule == &rules[0] || first.counterexample.rule == &rules[1]);
        assert_memory_equal(&first, &second, sizeof(first));
}

/* The same with so many rules beside it that the points can only be sampled. */
static void test_known_miscompilation_in_a_sample(void **state) {
        PolicyRule rules[40] = {
                GIVEN("socket", DENY, { .index = 0, .op = OP_GT, .value = 0 },
                        { .index = 1, .op = OP_LT, .value = 38 }),
                GIVEN("socket", DENY, { .index = 0, .op = OP_GE, .value = 40 },
                        { .index = 2, .op = OP_MASKED_EQ, .value = 3, .value_two = 3 }),
        };
        Condition conditions[N_ELEMENTS(rules)][3];
        Policy policy = policy_of(ALLOW, native(), rules, N_ELEMENTS(rules));
        VerifyResult result;
        Program program;

        for (size_t i = 2; i < N_ELEMENTS(rules); i++) {
                for (uint8_t j = 0; j < 3; j++)
                        conditions[i][j] =
                                (Condition){ .index = j, .op = OP_EQ, .value = 1000 * i + j };
                rules[i] = (PolicyRule){ .name = "prctl",
                        .action = DENY,
                        .conditions = conditions[i],
                        .n_conditions = 3 };
        }
        program = compile(*state, &policy);
        result = verify(*state, &policy, &program, 3000);
        assert_differs(*state, &policy, &program, &result);
        result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);
        assert_differs(*state, &policy, &program, &result);
}

static void test_cut_values(void **state) {
        PolicyRule rules[] = { GIVEN(
                "personality", ALLOW, { .op = OP_EQ, .value = 5 + (1ULL << 32) }) };
        Policy policy = policy_of(DENY, arch_by_name("SCMP_ARCH_X86"), rules, 1);
        Program program = compile(*state, &policy);
        VerifyResult result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);

        assert_differs(*state, &policy, &program, &result);
        assert_int_equal(result.counterexample.args[0], 5);
        assert_int_equal(result.counterexample.actual, SECCOMP_RET_ALLOW);
        assert_ptr_equal(result.counterexample.rule, &rules[0]);
}

static Program by_hand(struct sock_filter *insns, size_t n) {
        return (Program){ .insns = insns, .n_insns = n };
}

static void test_missing_guards(void **state) {
        struct sock_filter allow_all[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
        struct sock_filter no_x32[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native()->audit_arch, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
        };
        Policy policy = policy_of(ALLOW, native(), NULL, 0);
        Program program = by_hand(allow_all, N_ELEMENTS(allow_all));
        VerifyResult result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);

        assert_differs(*state, &policy, &program, &result);
        assert_int_not_equal(result.counterexample.audit_arch, native()->audit_arch);
        assert_null(result.counterexample.rule);
        program = by_hand(no_x32, N_ELEMENTS(no_x32));
        result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);
        assert_differs(*state, &policy, &program, &result);
        assert_int_equal(result.counterexample.audit_arch, native()->audit_arch);
        assert_int_equal(result.counterexample.nr & 0x40000000, 0x40000000);
}

/* A program that lets one number more through, which is no call of the architecture. */
static void test_opened_numbers(void **state) {
        static const struct {
                const char *arch;
                const char *other; /* in the profile, too; or NULL */
                uint32_t nr;
        } cases[] = {
                { "SCMP_ARCH_AARCH64", NULL, UINT32_MAX },
                { "SCMP_ARCH_AARCH64", NULL, INT32_MAX },
                { "SCMP_ARCH_AARCH64", NULL, 0x80000000 },
                { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", 0x40000000 },
                { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", 0x40000001 },
                { "SCMP_ARCH_X86_64", NULL, UINT32_MAX },
                { "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", UINT32_MAX },
        };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const Arch *arch = arch_by_name(cases[i].arch);
                const bool has_x32 = strcmp(cases[i].arch, "SCMP_ARCH_X86_64") == 0;
                struct sock_filter insns[] = {
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch->audit_arch, 0, 5),
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, cases[i].nr, 2, 0),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 3, 0),
                        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, has_x32 ? 1 : 2, 2),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
                };
                Program program = by_hand(insns, N_ELEMENTS(insns));
                Policy policy = policy_of(DENY, arch, NULL, 0);
                VerifyResult result;

                if (cases[i].other)
                        policy.arches[policy.n_arches++] = arch_by_name(cases[i].other);
                result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);
                assert_differs(*state, &policy, &program, &result);
                assert_int_equal((uint32_t) result.counterexample.nr, cases[i].nr);
                insns[6].k = SECCOMP_RET_ERRNO | 1; /* as it has to be */
                result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);
                assert_false(result.differs);
        }
}

/* The unconditional rule decides: a program that heeds the other one is wrong. */
static void test_heeded_conditions(void **state) {
        const Arch *arch = arch_by_name("SCMP_ARCH_AARCH64");
        PolicyRule rules[] = {
                GIVEN("read", TRACE, { .op = OP_EQ, .value = 5 }),
                PLAIN("read", ALLOW),
        };
        struct sock_filter insns[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch->audit_arch, 1, 0),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 63, 1, 0),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 5, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 7),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        Program program = by_hand(insns, N_ELEMENTS(insns));
        Policy policy = policy_of(DENY, arch, rules, N_ELEMENTS(rules));
        VerifyResult result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);

        assert_differs(*state, &policy, &program, &result);
        assert_ptr_equal(result.counterexample.rule, &rules[1]);
}

/* A rule matches, but not the one whose answer it is. */
static void test_exchanged_answers(void **state) {
        const Arch *arch = arch_by_name("SCMP_ARCH_AARCH64");
        PolicyRule rules[] = {
                GIVEN("read", TRACE, { .op = OP_EQ, .value = 5 }),
                GIVEN("read", ALLOW, { .op = OP_EQ, .value = 6 }),
        };
        Policy policy = policy_of(DENY, arch, rules, N_ELEMENTS(rules));
        Program program = compile(*state, &policy);
        VerifyResult result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);

        assert_false(result.differs);
        for (size_t i = 0; i < program.n_insns; i++) {
                struct sock_filter *insn = &program.insns[i];

                if (insn->code == (BPF_RET | BPF_K) && insn->k == SECCOMP_RET_ALLOW)
                        insn->k = SECCOMP_RET_TRACE | 7;
                else if (insn->code == (BPF_RET | BPF_K) && insn->k == (SECCOMP_RET_TRACE | 7))
                        insn->k = SECCOMP_RET_ALLOW;
        }
        result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);
        assert_differs(*state, &policy, &program, &result);
}

/* An X32 call has registers of 64 bits and rules on 32 of them; an i386 call has no other 32. */
static void test_high_words_that_rules_do_not_see(void **state) {
        static const struct {
                const char *arch;
                uint32_t ioctl;
                bool differs;
        } cases[] = { { "SCMP_ARCH_X32", 0x40000202, true }, { "SCMP_ARCH_X86", 54, false } };
        PolicyRule rules[] = { GIVEN("ioctl", ALLOW, { .index = 1, .op = OP_EQ, .value = 5 }) };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const Arch *arch = arch_by_name(cases[i].arch);
                const bool is_x32 = i == 0;
                struct sock_filter insns[] = {
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch->audit_arch, 1, 0),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, is_x32 ? 0x40000000 : 0, 0, 6),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, cases[i].ioctl, 0, 6),
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 5, 0, 4),
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                offsetof(struct seccomp_data, args[1]) + sizeof(uint32_t)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
                };
                Program program = by_hand(insns, N_ELEMENTS(insns));
                Policy policy = policy_of(DENY, arch, rules, N_ELEMENTS(rules));
                VerifyResult result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);

                assert_int_equal(result.differs, cases[i].differs);
                if (result.differs)
                        assert_int_not_equal(result.counterexample.args[1] >> 32, 0);
        }
}

static void test_program_that_cannot_run(void **state) {
        struct sock_filter unknown[] = { { .code = 0xffff }, BPF_STMT(BPF_RET | BPF_K, 0) };
        const ProgramFixture *fixture = *state;
        Program program = by_hand(unknown, N_ELEMENTS(unknown));
        Policy policy = policy_of(ALLOW, native(), NULL, 0);
        VerifyResult untouched = { .n_points = 77 };
        EvalTable *table;

        assert_int_equal(eval_table_new(fixture->arena, &policy, native(), &table), 0);
        assert_int_equal(program_verify(fixture->arena, table, native(), &program, 100, &untouched),
                -EINVAL);
        assert_int_equal(untouched.n_points, 77);
}

static void test_budget(void **state) {
        static const size_t budgets[] = { 0, 1, 10, 100, 1000, 2000, 5000 };
        PolicyRule rules[] = {
                GIVEN("ioctl", ALLOW, { .index = 0, .op = OP_EQ, .value = 5 },
                        { .index = 1, .op = OP_EQ, .value = 77 },
                        { .index = 2, .op = OP_GT, .value = 1ULL << 40 }),
                GIVEN("personality", ALLOW, { .index = 0, .op = OP_EQ, .value = 8 }),
        };
        Policy policy = policy_of(DENY, native(), rules, N_ELEMENTS(rules));
        Program program = compile(*state, &policy);
        VerifyResult whole = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);
        Policy nothing = policy_of(DENY, native(), rules, 0);
        Program none = compile(*state, &nothing);
        size_t n_numbers = verify(*state, &nothing, &none, LIMIT_EVALUATION_POINTS).n_points;

        assert_false(whole.differs);
        assert_true(whole.is_exhaustive);
        assert_true(whole.n_points > n_numbers);
        for (size_t i = 0; i < N_ELEMENTS(budgets); i++) {
                VerifyResult result = verify(*state, &policy, &program, budgets[i]);
                bool is_enough = budgets[i] >= n_numbers; /* conditional calls are walked */

                assert_false(result.differs);
                assert_int_equal(result.is_exhaustive, is_enough);
                assert_int_equal(result.n_points, is_enough ? whole.n_points : budgets[i]);
        }
}

static void assert_found(const ProgramFixture *fixture, const Policy *policy) {
        Program program = compile(fixture, policy);
        VerifyResult result = verify(fixture, policy, &program, LIMIT_EVALUATION_POINTS);
        struct seccomp_data data = {};
        uint32_t actual = 0;

        assert_true(result.differs);
        data.nr = result.counterexample.nr;
        data.arch = result.counterexample.audit_arch;
        memcpy(data.args, result.counterexample.args, sizeof(result.counterexample.args));
        assert_int_equal(bpf_run(&program, &data, &actual), 0);
        assert_int_equal(actual, result.counterexample.actual);
        assert_int_not_equal(actual, result.counterexample.expected);
}

/*
 * What drawn points did not find. The first is wrong where three conditions on one call meet their
 * borders; the second, where the low word of one argument is compared with what was meant for
 * another's, for a high word that only a mask allows.
 */
static void test_what_only_a_walk_finds(void **state) {
        PolicyRule borders[] = {
                GIVEN("fcntl", TRACE, { .index = 0, .op = OP_LT, .value = UINT64_MAX - 30 },
                        { .index = 1, .op = OP_GT, .value = UINT64_MAX - 37 },
                        { .index = 2, .op = OP_EQ, .value = 16056807231921516505ULL }),
                GIVEN("ioctl", TRACE, { .index = 2, .op = OP_EQ, .value = 42 }),
                GIVEN("ioctl", TRACE, { .index = 2, .op = OP_EQ, .value = 1 }),
                GIVEN("ioctl", TRACE, { .index = 1, .op = OP_LT, .value = 46 }),
                GIVEN("read", TRACE, { .index = 1, .op = OP_LT, .value = 46 }),
                GIVEN("prctl", TRACE, { .index = 1, .op = OP_LE, .value = UINT64_MAX - 29 },
                        { .index = 2, .op = OP_GT, .value = 1ULL << 63 },
                        { .index = 3, .op = OP_GE, .value = UINT64_MAX - 8 }),
                GIVEN("ioctl", TRACE, { .index = 1, .op = OP_LE, .value = UINT64_MAX - 29 },
                        { .index = 2, .op = OP_GT, .value = 1ULL << 63 },
                        { .index = 3, .op = OP_GE, .value = UINT64_MAX - 8 }),
                GIVEN("ioctl", TRACE,
                        { .index = 0,
                                .op = OP_MASKED_EQ,
                                .value = 20,
                                .value_two = 13572395717221194100ULL },
                        { .index = 1, .op = OP_LT, .value = 1542025223124479676 },
                        { .index = 2, .op = OP_EQ, .value = 2147483661 }),
        };
        PolicyRule masked[] = {
                GIVEN("ioctl", DENY, { .index = 1, .op = OP_LT, .value = 34 },
                        { .index = 2,
                                .op = OP_MASKED_EQ,
                                .value = 9223372036854775789ULL,
                                .value_two = 55834574853 }),
                GIVEN("ioctl", DENY, { .index = 1, .op = OP_GE, .value = 4294967249 }),
        };
        Policy policy =
                policy_of((Action){ .kind = ACTION_LOG }, native(), borders, N_ELEMENTS(borders));

        assert_found(*state, &policy);
        policy = policy_of(TRACE, native(), masked, N_ELEMENTS(masked));
        assert_found(*state, &policy);
}

/* So many points that their number does not fit 64 bits. */
static void test_huge_product(void **state) {
        PolicyRule rules[200] = {};
        Condition conditions[N_ELEMENTS(rules)][SYSCALL_ARGS];
        Policy policy = policy_of(DENY, native(), rules, N_ELEMENTS(rules));
        VerifyResult result;
        Program program;

        for (size_t i = 0; i < N_ELEMENTS(rules); i++) {
                for (uint8_t j = 0; j < SYSCALL_ARGS; j++)
                        conditions[i][j] =
                                (Condition){ .index = j, .op = OP_EQ, .value = 1000 * i + j };
                rules[i] = (PolicyRule){ .name = "prctl",
                        .action = ALLOW,
                        .conditions = conditions[i],
                        .n_conditions = SYSCALL_ARGS };
        }
        program = compile(*state, &policy);
        result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);
        assert_false(result.differs);
        assert_false(result.is_exhaustive);
        assert_true(result.n_points >= LIMIT_EVALUATION_POINTS);
}

/* More masks on one argument than its points are crossed with: not all points, and so it says. */
static void test_many_masks(void **state) {
        static const struct {
                size_t n;
                uint64_t mask; /* of each, for another value; 0: each of another bit */
                bool is_exhaustive;
        } cases[] = {
                { 1, 0, true },
                { 2, 0, true },
                { 24, 0, false },
                { 2, 0xff, true },
                { 16, 0xff, true },
                { 17, 0xff, false },
        };
        PolicyRule rules[24] = {};
        Condition conditions[N_ELEMENTS(rules)];

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Policy policy = policy_of(DENY, native(), rules, cases[i].n);
                VerifyResult result;
                Program program;

                for (size_t j = 0; j < N_ELEMENTS(rules); j++) {
                        const uint64_t mask = cases[i].mask;

                        conditions[j] = (Condition){ .op = OP_MASKED_EQ,
                                .value = mask ? mask : 1ULL << j,
                                .value_two = mask ? j : 1ULL << j };
                        rules[j] = (PolicyRule){ .name = "prctl",
                                .action = ALLOW,
                                .conditions = &conditions[j],
                                .n_conditions = 1 };
                }
                program = compile(*state, &policy);
                result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);
                assert_false(result.differs);
                assert_int_equal(result.is_exhaustive, cases[i].is_exhaustive);
        }
}

/*
 * Rules on 32 bits whose constants are cut: libseccomp jumps to the comparison of one argument with
 * another one loaded, which only values that mix their constants can show.
 */
static void test_mixed_up_arguments(void **state) {
        PolicyRule rules[] = {
                GIVEN("ioctl", DENY, { .index = 1, .op = OP_LT, .value = 0x27 },
                        { .index = 2, .op = OP_GE, .value = 0x25573a384f2dd6d9 }),
                GIVEN("ioctl", DENY, { .index = 0, .op = OP_NE, .value = 0x900000029 },
                        { .index = 1, .op = OP_EQ, .value = 0x1c0000002e }),
                GIVEN("ioctl", DENY, { .index = 0, .op = OP_NE, .value = 0xffffffff0000001b }),
        };
        Policy policy = policy_of(ALLOW, arch_by_name("SCMP_ARCH_X86"), rules, N_ELEMENTS(rules));
        Program program = compile(*state, &policy);
        VerifyResult result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);

        assert_differs(*state, &policy, &program, &result);
}

/* A number beyond the sweep: ARM's private calls. */
static void test_far_numbers(void **state) {
        struct sock_filter insns[64];
        PolicyRule rules[] = { PLAIN("cacheflush", ALLOW) };
        Policy policy = policy_of(DENY, arch_by_name("SCMP_ARCH_ARM"), rules, 1);
        Program program = compile(*state, &policy);
        VerifyResult result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);

        assert_false(result.differs);
        assert_true(program.n_insns <= N_ELEMENTS(insns));
        memcpy(insns, program.insns, program.n_insns * sizeof(insns[0]));
        for (size_t i = 0; i < program.n_insns; i++)
                if (insns[i].k == SECCOMP_RET_ALLOW)
                        insns[i].k = SECCOMP_RET_LOG;
        program.insns = insns;
        result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);
        assert_differs(*state, &policy, &program, &result);
}

/* On i386 a rule on socket(2) opens socketcall(1): a program without that must be seen. */
static void test_multiplexer(void **state) {
        const Arch *arch = arch_by_name("SCMP_ARCH_X86");
        struct sock_filter insns[64];
        PolicyRule rules[] = { GIVEN("socket", ALLOW, { .op = OP_EQ, .value = 2 }) };
        Policy policy = policy_of(DENY, arch, rules, 1);
        Program program = compile(*state, &policy);
        VerifyResult result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);
        unsigned subcall = 0;
        int multiplexer = -1;
        size_t n_changed = 0;

        assert_false(result.differs);
        assert_true(syscall_subcall(arch, "socket", &multiplexer, &subcall));
        assert_true(program.n_insns <= N_ELEMENTS(insns));
        memcpy(insns, program.insns, program.n_insns * sizeof(insns[0]));
        for (size_t i = 0; i < program.n_insns; i++) {
                if (BPF_CLASS(insns[i].code) != BPF_JMP || insns[i].k != subcall)
                        continue;
                insns[i].k = 17;
                n_changed++;
        }
        assert_int_equal(n_changed, 1);
        program.insns = insns;
        result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);
        assert_differs(*state, &policy, &program, &result);
        assert_int_equal(result.counterexample.nr, multiplexer);
}

/* One more call than the rules open, behind socketcall(2): whichever it is, it is seen. */
static void test_opened_subcall(void **state) {
        const Arch *arch = arch_by_name("SCMP_ARCH_X86");
        PolicyRule rules[] = { PLAIN("socket", ALLOW) };
        Policy policy = policy_of(DENY, arch, rules, 1);

        for (uint32_t subcall = 1; subcall <= 20; subcall++) {
                struct sock_filter insns[] = {
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch->audit_arch, 1, 0),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 359, 4, 0), /* socket */
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 102, 0, 4), /* socketcall */
                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 0),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, subcall, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
                };
                Program program = by_hand(insns, N_ELEMENTS(insns));
                VerifyResult result = verify(*state, &policy, &program, LIMIT_EVALUATION_POINTS);

                assert_int_equal(result.differs, subcall != 1);
                if (result.differs)
                        assert_int_equal(result.counterexample.args[0], subcall);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_right_programs),
                cmocka_unit_test(test_right_defaults),
                cmocka_unit_test(test_known_miscompilation),
                cmocka_unit_test(test_known_miscompilation_in_a_sample),
                cmocka_unit_test(test_cut_values),
                cmocka_unit_test(test_missing_guards),
                cmocka_unit_test(test_opened_numbers),
                cmocka_unit_test(test_heeded_conditions),
                cmocka_unit_test(test_exchanged_answers),
                cmocka_unit_test(test_high_words_that_rules_do_not_see),
                cmocka_unit_test(test_program_that_cannot_run),
                cmocka_unit_test(test_budget),
                cmocka_unit_test(test_what_only_a_walk_finds),
                cmocka_unit_test(test_huge_product),
                cmocka_unit_test(test_many_masks),
                cmocka_unit_test(test_mixed_up_arguments),
                cmocka_unit_test(test_far_numbers),
                cmocka_unit_test(test_multiplexer),
                cmocka_unit_test(test_opened_subcall),
        };

        return cmocka_run_group_tests_name("verify", tests, program_setup, program_teardown);
}
