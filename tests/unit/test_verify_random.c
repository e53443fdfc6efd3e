/* SPDX-License-Identifier: Apache-2.0 */

/*
 * program_verify() held to its word: programs changed by an instruction, and random profiles. Where
 * it sees no difference, independent calls must see none either.
 */

#include "program_fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>

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

static bool random_calls_agree(const ProgramFixture *fixture, const Policy *policy,
        const Program *program, uint64_t *random, size_t n_calls) {
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
                if (!result.differs &&
                        !random_calls_agree(*state, &policy, &changed, &random, 2000))
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

static Outcome try_profile(const ProgramFixture *fixture, uint64_t seed) {
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
static Outcome try_profile_apart(const ProgramFixture *fixture, uint64_t seed) {
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
                cmocka_unit_test(test_changed_programs),
                cmocka_unit_test(test_random_profiles),
        };

        return cmocka_run_group_tests_name("verify_random", tests, program_setup, program_teardown);
}
