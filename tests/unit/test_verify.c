/* SPDX-License-Identifier: Apache-2.0 */

/*
 * program_verify(): it must find what libseccomp is known to compile wrong, and changed programs,
 * and it must be quiet about right ones. Random profiles hold it to its word: where it sees no
 * difference, independent calls see none either.
 */

#include "support.h"

#include "profile/compile.h"
#include "profile/syscalls.h"
#include "profile/verify.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#define DENY  ((Action){ .kind = ACTION_ERRNO, .data = 1 })
#define ALLOW ((Action){ .kind = ACTION_ALLOW })
#define TRACE ((Action){ .kind = ACTION_TRACE, .data = 7 })

#define PLAIN(NAME, ...)                                                                           \
        { .name = (NAME), .action = __VA_ARGS__ }
#define GIVEN(NAME, ACTION, ...)                                                                   \
        {                                                                                          \
                .name = (NAME), .action = ACTION,                                                  \
                .conditions = (const Condition[]){ __VA_ARGS__ },                                  \
                .n_conditions = N_ELEMENTS(((const Condition[]){ __VA_ARGS__ }))                   \
        }

typedef struct Fixture {
        Arena *arena;
        int scratch_fd;
} Fixture;

static int setup(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        fixture->arena = arena_new();
        assert_non_null(fixture->arena);
        fixture->scratch_fd = memfd_create("scratch", MFD_CLOEXEC);
        assert_true(fixture->scratch_fd >= 0);
        compile_warm_up();
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        Fixture *fixture = *state;

        arena_free(fixture->arena);
        fd_close(fixture->scratch_fd);
        free(fixture);
        return 0;
}

static const Arch *native(void) {
        return arch_by_name("SCMP_ARCH_X86_64");
}

static Policy policy_of(Action standard, const Arch *arch, PolicyRule *rules, size_t n) {
        return (Policy){ .default_action = standard,
                .arches = { arch },
                .n_arches = 1,
                .rules = rules,
                .n_rules = n };
}

static Program compile(const Fixture *fixture, const Policy *policy) {
        const PolicyRule *refused;
        Program program = {};

        assert_int_equal(policy_compile(fixture->arena, policy, policy->arches[0], 1,
                                 fixture->scratch_fd, &program, &refused),
                0);
        return program;
}

static VerifyResult verify(
        const Fixture *fixture, const Policy *policy, const Program *program, size_t max_points) {
        VerifyResult result = {};
        EvalTable *table;

        assert_int_equal(eval_table_new(fixture->arena, policy, policy->arches[0], &table), 0);
        assert_int_equal(program_verify(fixture->arena, table, policy->arches[0], program,
                                 max_points, &result),
                0);
        return result;
}

/* The difference must be one: both sides say again what the result says of them. */
static void assert_differs(const Fixture *fixture, const Policy *policy, const Program *program,
        const VerifyResult *result) {
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

static void test_program_that_cannot_run(void **state) {
        struct sock_filter unknown[] = { { .code = 0xffff }, BPF_STMT(BPF_RET | BPF_K, 0) };
        const Fixture *fixture = *state;
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

        assert_false(whole.differs);
        assert_true(whole.is_exhaustive);
        for (size_t i = 0; i < N_ELEMENTS(budgets); i++) {
                VerifyResult result = verify(*state, &policy, &program, budgets[i]);
                bool is_enough = budgets[i] >= whole.n_points;

                assert_false(result.differs);
                assert_int_equal(result.is_exhaustive, is_enough);
                assert_int_equal(result.n_points, is_enough ? whole.n_points : budgets[i]);
        }
        assert_true(verify(*state, &policy, &program, whole.n_points).is_exhaustive);
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
        assert_int_equal(result.n_points, LIMIT_EVALUATION_POINTS);
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

static uint64_t random_below(uint64_t *state, uint64_t n) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return (*state >> 11) % n;
}

/* Values near the constants of the random profiles, and some from anywhere. */
static uint64_t random_value(uint64_t *state) {
        uint64_t small = random_below(state, 48);

        switch (random_below(state, 8)) {
        case 0: return small << 32 | random_below(state, 48);
        case 1: return small | 0xffffffff00000000;
        case 2: return *state;
        case 3: return -small;
        default: return small;
        }
}

static bool random_calls_agree(const Fixture *fixture, const Policy *policy, const Program *program,
        uint64_t *random, size_t n_calls) {
        EvalTable *table;
        const int *numbers;
        size_t n_numbers;

        assert_int_equal(eval_table_new(fixture->arena, policy, policy->arches[0], &table), 0);
        numbers = eval_table_numbers(table, &n_numbers);
        for (size_t i = 0; n_numbers > 0 && i < n_calls; i++) {
                struct seccomp_data data = { .nr = numbers[random_below(random, n_numbers)],
                        .arch = policy->arches[0]->audit_arch };
                uint64_t args[SYSCALL_ARGS];
                uint32_t actual;

                for (size_t j = 0; j < SYSCALL_ARGS; j++)
                        data.args[j] = args[j] = random_value(random);
                assert_int_equal(bpf_run(program, &data, &actual), 0);
                if (!policy_eval_accepts(table, data.arch, data.nr, args, actual))
                        return false;
        }
        return true;
}

/* Every changed instruction is either found or changes nothing that calls can tell. */
static void test_changed_programs(void **state) {
        PolicyRule rules[] = {
                PLAIN("read", ALLOW),
                PLAIN("close", { .kind = ACTION_ERRNO, .data = 38 }),
                GIVEN("ioctl", ALLOW, { .index = 1, .op = OP_EQ, .value = 7 },
                        { .index = 2, .op = OP_LT, .value = 20 }),
                GIVEN("socket", ALLOW,
                        { .index = 0, .op = OP_MASKED_EQ, .value = 0x13, .value_two = 0x11 }),
                GIVEN("prctl", ALLOW, { .index = 0, .op = OP_GE, .value = 40 + (3ULL << 32) }),
        };
        Policy policy = policy_of(DENY, native(), rules, N_ELEMENTS(rules));
        Program program = compile(*state, &policy);
        uint64_t random = 88172645463325252;
        struct sock_filter insns[128];
        Program changed = { .insns = insns, .n_insns = program.n_insns };
        size_t n_found = 0, n_changed = 0;

        assert_true(program.n_insns <= N_ELEMENTS(insns));
        for (size_t i = 0; i < 4 * program.n_insns; i++) {
                struct sock_filter *insn = &insns[i / 4];
                VerifyResult result;
                uint8_t jt;

                memcpy(insns, program.insns, program.n_insns * sizeof(insns[0]));
                jt = insn->jt;
                switch (i % 4) {
                case 0: insn->k++; break;
                case 1: insn->k--; break;
                case 2: insn->k ^= 0x10; break;
                default:
                        insn->jt = insn->jf;
                        insn->jf = jt;
                        break;
                }
                if (bpf_validate(&changed, NULL) < 0 ||
                        memcmp(insn, &program.insns[i / 4], sizeof(*insn)) == 0)
                        continue;
                n_changed++;
                result = verify(*state, &policy, &changed, LIMIT_EVALUATION_POINTS);
                n_found += result.differs;
                if (result.differs)
                        assert_differs(*state, &policy, &changed, &result);
                else if (!random_calls_agree(*state, &policy, &changed, &random, 2000))
                        fail_msg("instruction %zu, change %zu goes unseen", i / 4, i % 4);
        }
        assert_true(n_changed > 60);
        assert_true(n_found * 10 > n_changed * 8);
}

typedef struct RandomProfile {
        Policy policy;
        PolicyRule rules[3];
        Condition conditions[3][2];
} RandomProfile;

static void random_profile(RandomProfile *profile, const Arch *arch, uint64_t *random) {
        static const char *const names[] = { "ioctl", "prctl" };
        size_t n_rules = 1 + random_below(random, 3);
        size_t n_names = 1 + random_below(random, 2);

        for (size_t i = 0; i < n_rules; i++) {
                size_t n_conditions = 1 + random_below(random, 2);
                uint8_t first = (uint8_t) random_below(random, 3);

                for (size_t j = 0; j < n_conditions; j++) {
                        Condition *condition = &profile->conditions[i][j];

                        *condition = (Condition){ .index = (uint8_t) ((first + j) % 3),
                                .op = (Operator) random_below(random, N_OPERATORS),
                                .value = random_value(random) };
                        if (condition->op == OP_MASKED_EQ)
                                condition->value_two = random_value(random);
                }
                profile->rules[i] = (PolicyRule){ .name = names[random_below(random, n_names)],
                        .action = DENY,
                        .conditions = profile->conditions[i],
                        .n_conditions = (uint8_t) n_conditions };
        }
        profile->policy = policy_of(ALLOW, arch, profile->rules, n_rules);
}

typedef enum Outcome {
        OUTCOME_AGREES,
        OUTCOME_DIFFERS,
        OUTCOME_REFUSED,
        OUTCOME_HANGS,
        OUTCOME_MISSED,
        N_OUTCOMES,
} Outcome;

static Outcome try_profile(const Fixture *fixture, uint64_t seed) {
        static const char *const arches[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86",
                "SCMP_ARCH_AARCH64" };
        const Arch *arch = arch_by_name(arches[seed % N_ELEMENTS(arches)]);
        RandomProfile profile;
        uint64_t random = 0x9e3779b97f4a7c15 * (seed + 1);
        const PolicyRule *refused;
        VerifyResult result;
        Program program;

        random_profile(&profile, arch, &random);
        if (policy_compile(fixture->arena, &profile.policy, arch, 1, fixture->scratch_fd, &program,
                    &refused) < 0)
                return OUTCOME_REFUSED;
        result = verify(fixture, &profile.policy, &program, LIMIT_EVALUATION_POINTS);
        if (result.differs)
                return OUTCOME_DIFFERS;
        return random_calls_agree(fixture, &profile.policy, &program, &random, 200)
                ? OUTCOME_AGREES
                : OUTCOME_MISSED;
}

/* In a child, since libseccomp does not return from some. */
static Outcome try_profile_apart(const Fixture *fixture, uint64_t seed) {
        const struct itimerval second = { .it_value = { .tv_sec = 1 } };
        int status = 0;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                setitimer(ITIMER_PROF, &second, NULL);
                _exit((int) try_profile(fixture, seed));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
                return OUTCOME_HANGS;
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < N_OUTCOMES);
        return (Outcome) WEXITSTATUS(status);
}

static void test_random_profiles(void **state) {
        size_t n[N_OUTCOMES] = {};

        for (uint64_t seed = 0; seed < 600; seed++) {
                Outcome outcome = try_profile_apart(*state, seed);

                n[outcome]++;
                if (outcome == OUTCOME_MISSED)
                        fail_msg("profile %ju: a difference goes unseen", (uintmax_t) seed);
        }
        assert_true(n[OUTCOME_AGREES] > 300);
        assert_true(n[OUTCOME_DIFFERS] > 0);
        print_message("agree %zu, differ %zu, refused %zu, never compile %zu\n", n[OUTCOME_AGREES],
                n[OUTCOME_DIFFERS], n[OUTCOME_REFUSED], n[OUTCOME_HANGS]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_right_programs),
                cmocka_unit_test(test_right_defaults),
                cmocka_unit_test(test_known_miscompilation),
                cmocka_unit_test(test_known_miscompilation_in_a_sample),
                cmocka_unit_test(test_cut_values),
                cmocka_unit_test(test_missing_guards),
                cmocka_unit_test(test_program_that_cannot_run),
                cmocka_unit_test(test_budget),
                cmocka_unit_test(test_huge_product),
                cmocka_unit_test(test_far_numbers),
                cmocka_unit_test(test_multiplexer),
                cmocka_unit_test(test_changed_programs),
                cmocka_unit_test(test_random_profiles),
        };

        return cmocka_run_group_tests_name("verify", tests, setup, teardown);
}
