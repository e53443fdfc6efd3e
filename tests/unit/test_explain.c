/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is explained must be what the reference evaluator says: a table of calls that are told in
 * part, and random profiles with random knowledge of the arguments, where every completion of what
 * is known must get the answer of the case that applies to it.
 */

#include "resolve_fixture.h"

#include "profile/argset.h"
#include "profile/explain.h"
#include "profile/syscalls.h"
#include "profile/wording.h"

#include <stdlib.h>

static CallArgs args_of(const char *text) {
        CallArgs args = {};

        for (; *text; text += strcspn(text, " "), text += *text == ' ') {
                unsigned at = (unsigned) (*text - '0');

                assert_true(at < SYSCALL_ARGS && text[1] == '=');
                args.is_known[at] = true;
                args.values[at] = strtoull(text + 2, NULL, 0);
        }
        return args;
}

/* "X86 102/1: ALLOW if a0 == 1; ERRNO(1) by default; runc ENOSYS past 41" */
static void put_explained_way(Buf *buf, const ExplainWay *way) {
        buf_printf(buf, "%s %d", way->arch ? way->arch->name + strlen("SCMP_ARCH_") : "unknown",
                way->nr);
        if (way->is_subcall)
                buf_printf(buf, "/%u", way->subcall);
        buf_puts(buf, way->is_unlisted ? ": unlisted" : ":");
        for (size_t i = 0; i < way->n_cases; i++) {
                const ExplainCase *answer = &way->cases[i];

                buf_puts(buf, i > 0 ? "; " : " ");
                wording_put_action(buf, answer->action);
                buf_puts(buf, answer->n_conditions > 0 ? " if " : "");
                wording_put_conditions(buf, answer->conditions, answer->n_conditions);
                buf_puts(buf, answer->rule ? "" : " by default");
                buf_puts(buf, answer->is_contested ? " (contested)" : "");
        }
        if (way->is_beyond)
                buf_printf(buf, "; runc ENOSYS past %d", way->highest);
        buf_putc(buf, '\n');
}

static void assert_explained(
        const Policy *policy, const ExplainQuery *query, Arena *arena, const char *expected) {
        _cleanup_buf_ Buf buf = {};
        Explanation explanation;

        assert_int_equal(policy_explain(arena, policy, query, &explanation), 0);
        for (size_t i = 0; i < explanation.n_ways; i++)
                put_explained_way(&buf, &explanation.ways[i]);
        if (explanation.unknown)
                put_explained_way(&buf, explanation.unknown);
        if (explanation.is_elsewhere)
                buf_puts(&buf, "elsewhere\n");
        assert_int_equal(buf_error(&buf), 0);
        assert_string_equal(buf.data ? buf.data : "", expected);
}

#define THREE "'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X86','SCMP_ARCH_X32'],"
#define TWO   "'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X86'],"
#define RULE(names, action, args)                                                                  \
        "{'names':[" names "],'action':'SCMP_ACT_" action "','args':[" args "]}"
#define PERSONALITY                                                                                \
        DENY("'syscalls':[" RULE("'personality'", "ALLOW", ARG(0, EQ, 0)) "," RULE(                \
                "'personality'", "LOG", ARG(0, EQ, 8) "," ARG(1, GT, 5)) "]")
#define OVERLAP                                                                                    \
        DENY("'syscalls':[" RULE("'ioctl'", "ALLOW", ARG(0, LT, 10)) "," RULE(                     \
                "'ioctl'", "LOG", ARG(1, GE, 3)) "," RULE("'ioctl'", "ALLOW", ARG(2, EQ, 1)) "]")

static const struct {
        const char *json;
        const char *call; /* or a number */
        const char *arch; /* NULL: all */
        const char *args;
        const char *expected;
} explained[] = {
        { PERSONALITY, "personality", NULL, "",
                "X86_64 135: ALLOW if a0 == 0; LOG if a0 == 8 and a1 > 5; ERRNO(1) by default\n" },
        { PERSONALITY, "personality", NULL, "0=0", "X86_64 135: ALLOW\n" },
        { PERSONALITY, "personality", NULL, "0=8",
                "X86_64 135: LOG if a1 > 5; ERRNO(1) by default\n" },
        { PERSONALITY, "personality", NULL, "1=5",
                "X86_64 135: ALLOW if a0 == 0; ERRNO(1) by default\n" },
        { PERSONALITY, "personality", NULL, "0=8 1=6", "X86_64 135: LOG\n" },
        { PERSONALITY, "personality", NULL, "0=0x100000000", "X86_64 135: ERRNO(1) by default\n" },
        { PERSONALITY, "135", NULL, "0=7", "X86_64 135: ERRNO(1) by default\n" },
        /* numbers past the highest that is named */
        { PERSONALITY, "136", NULL, "", "X86_64 136: ERRNO(1) by default; runc ENOSYS past 135\n" },
        { PERSONALITY, "1000", NULL, "",
                "X86_64 1000: ERRNO(1) by default; runc ENOSYS past 135\n" },
        { "{'defaultAction':'SCMP_ACT_LOG','syscalls':[" RULE("'read','write'", "ERRNO", "") "]}",
                "1000", NULL, "", "X86_64 1000: LOG by default\n" },
        { "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,'syscalls':[" RULE(
                  "'read','write'", "ALLOW", "") "]}",
                "1000", NULL, "", "X86_64 1000: ERRNO(38) by default\n" },
        { "{'defaultAction':'SCMP_ACT_KILL','syscalls':[" RULE("'read'", "ALLOW", "") "]}", "9",
                NULL, "", "X86_64 9: KILL by default\n" }, /* read is number 0, none to runc */
        { "{'defaultAction':'SCMP_ACT_KILL','syscalls':[" RULE(
                  "'read','write','close'", "KILL", "") "]}",
                "9", NULL, "", "X86_64 9: KILL by default; runc ENOSYS past 3\n" },
        { "{'defaultAction':'SCMP_ACT_TRACE','syscalls':[" RULE("'read','write'", "ALLOW", "") "]}",
                "1000", NULL, "", "X86_64 1000: TRACE(1) by default\n" },
        /* the salt names read, number 3 there */
        { DENY(TWO "'syscalls':[{'names':['exit'],'action':'SCMP_ACT_ERRNO','errnoRet':38}]"),
                "fork", "SCMP_ARCH_X86", "", "X86 2: ERRNO(1) by default\n" },
        { DENY(TWO "'syscalls':[" RULE("'exit'", "ALLOW", "") "]"), "fork", "SCMP_ARCH_X86", "",
                "X86 2: ERRNO(1) by default; runc ENOSYS past 1\n" },
        /* an unconditional rule decides wherever it stands */
        { DENY("'syscalls':[" RULE("'read'", "LOG", ARG(0, EQ, 1)) "," RULE(
                  "'read'", "ALLOW", "") "]"),
                "read", NULL, "", "X86_64 0: ALLOW\n" },
        /* overlapping rules */
        { OVERLAP, "ioctl", NULL, "",
                "X86_64 16: ALLOW if a0 < 10 (contested); LOG if a1 >= 3 (contested); ALLOW if a2 "
                "== 1 (contested); ERRNO(1) by default\n" },
        { OVERLAP, "ioctl", NULL, "1=2",
                "X86_64 16: ALLOW if a0 < 10; ALLOW if a2 == 1; ERRNO(1) by default\n" },
        { OVERLAP, "ioctl", NULL, "0=5",
                "X86_64 16: ALLOW (contested); LOG if a1 >= 3 (contested)\n" },
        { OVERLAP, "ioctl", NULL, "0=5 1=3 2=1",
                "X86_64 16: ALLOW (contested); LOG (contested)\n" },
        { OVERLAP, "ioctl", NULL, "0=5 1=2", "X86_64 16: ALLOW\n" },
        { OVERLAP, "ioctl", NULL, "1=2 2=1", "X86_64 16: ALLOW\n" },
        /* 32 bits see the low word, and values above are never met */
        { DENY(TWO "'syscalls':[" RULE("'ioctl'", "ALLOW", ARG(1, EQ, 4294967301)) "," RULE(
                  "'ioctl'", "ALLOW", ARG(2, EQ, 5)) "]"),
                "ioctl", NULL, "2=0x200000005",
                "X86_64 16: ALLOW if a1 == 0x100000005; ERRNO(1) by default\nX86 54: ALLOW\n" },
        { DENY(TWO "'syscalls':[" RULE("'ioctl'", "ALLOW", ARG(1, LE, 4294967295)) "]"), "ioctl",
                NULL, "",
                "X86_64 16: ALLOW if a1 <= 0xffffffff; ERRNO(1) by default\nX86 54: "
                "ALLOW\n" },
        { DENY(TWO "'syscalls':[" RULE("'ioctl'", "ALLOW", ARG(1, EQ, 4294967301)) "]"), "ioctl",
                NULL, "",
                "X86_64 16: ALLOW if a1 == 0x100000005; ERRNO(1) by default\nX86 54: ERRNO(1) by "
                "default\n" },
        /* behind a multiplexer the call's own arguments are not seen */
        { DENY(THREE "'syscalls':[" RULE("'socket'", "ALLOW", ARG(0, EQ, 2)) "," RULE(
                  "'writev'", "ALLOW", "") "]"),
                "socket", NULL, "0=1",
                "X86_64 41: ERRNO(1) by default\n"
                "X86 359: ERRNO(1) by default; runc ENOSYS past 146\n"
                "X86 102/1: ALLOW\n"
                "X32 1073741865: ERRNO(1) by default\n" },
        { DENY(TWO "'syscalls':[" RULE("'socket'", "ALLOW", "") "," RULE(
                  "'writev'", "ALLOW", "") "]"),
                "socketcall", NULL, "0=1", "X86 102: ALLOW\n" },
        { DENY(TWO "'syscalls':[" RULE("'socket'", "ALLOW", "") "," RULE(
                  "'writev'", "ALLOW", "") "]"),
                "socketcall", NULL, "", "X86 102: ALLOW if a0 == 1; ERRNO(1) by default\n" },
        /* a call that has no number but the multiplexer's */
        { DENY(TWO "'syscalls':[" RULE("'semtimedop','writev'", "ALLOW", "") "]"), "semop", NULL,
                "", "X86_64 65: ERRNO(1) by default\nX86 117/1: ERRNO(1) by default\n" },
        /* where there is no such call, and where the architecture is not listed */
        { PERSONALITY, "mmap2", NULL, "", "elsewhere\n" },
        { PERSONALITY, "no_such_call", NULL, "", "" },
        { DENY("'syscalls':[" RULE("'no_such_call'", "ALLOW", ARG(0, EQ, 2)) "]"), "no_such_call",
                NULL, "", "unknown -1: ALLOW if a0 == 2; ERRNO(1) by default\n" },
        { DENY("'syscalls':[" RULE("'no_such_call'", "ERRNO", "") "]"), "no_such_call", NULL, "",
                "" },
        { PERSONALITY, "read", "SCMP_ARCH_X86", "", "X86 3: unlisted\n" },
        { PERSONALITY, "39", "SCMP_ARCH_X32", "", "X32 1073741863: unlisted\n" },
        /* numbers of X32 are killed where it is not listed, not left to the default */
        { PERSONALITY, "1073741863", NULL, "", "X32 1073741863: unlisted\n" },
        { PERSONALITY, "1073741824", "SCMP_ARCH_X86_64", "", "X32 1073741824: unlisted\n" },
        { PERSONALITY, "1073741823", NULL, "",
                "X86_64 1073741823: ERRNO(1) by default; runc ENOSYS past 135\n" },
        { DENY(TWO "'syscalls':[" RULE("'exit'", "ALLOW", "") "]"), "1073741863", "SCMP_ARCH_X86",
                "", "X86 1073741863: ERRNO(1) by default; runc ENOSYS past 1\n" },
        { DENY(THREE "'syscalls':[" RULE("'writev'", "ALLOW", "") "]"), "1073741859", NULL, "",
                "X32 1073741859: ERRNO(1) by default\n" },
        { DENY(THREE "'syscalls':[" RULE("'read'", "ALLOW", "") "]"), "read", "SCMP_ARCH_X32", "",
                "X32 1073741824: ALLOW\n" },
};

static void test_table(void **state) {
        const CheckOptions options = options_new();

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(explained); i++) {
                _cleanup_fixture_ Fixture fixture = {};
                _cleanup_free_ char *json = unquote(explained[i].json);
                const bool is_number = explained[i].call[0] <= '9';
                const ExplainQuery query = {
                        .name = is_number ? NULL : explained[i].call,
                        .nr = is_number ? atoi(explained[i].call) : 0,
                        .arch = explained[i].arch ? arch_by_name(explained[i].arch) : NULL,
                        .args = args_of(explained[i].args),
                };

                print_message("  %s %s\n", explained[i].call, explained[i].args);
                fixture_resolve(&fixture, json, &options);
                assert_int_equal(fixture.result, 0);
                assert_explained(&fixture.policy, &query, fixture.arena, explained[i].expected);
        }
}

/* Ways are told as one where nothing that is said of them differs. */
static void test_equal_ways(void **state) {
        static const Condition conditions[] = { { .op = OP_EQ, .value = 1 },
                { .op = OP_EQ, .value = 2 } };
        static const PolicyRule rules[] = {
                { .name = "socket", .name_node = 5, .rule_node = 3 },
                { .name = "connect", .name_node = 6, .rule_node = 3 },
                { .name = "socket", .name_node = 5, .rule_node = 4 },
        };
#define CASE(ACTION, RULE, ...) { .action = { ACTION_##ACTION, 0 }, .rule = (RULE), __VA_ARGS__ }
        ExplainCase base = CASE(ALLOW, &rules[0], .conditions = conditions, .n_conditions = 1);
        ExplainCase others[] = {
                CASE(LOG, &rules[0], .conditions = conditions, .n_conditions = 1),
                CASE(ALLOW, &rules[1], .conditions = conditions, .n_conditions = 1),
                CASE(ALLOW, &rules[2], .conditions = conditions, .n_conditions = 1),
                CASE(ALLOW, NULL, .conditions = conditions, .n_conditions = 1),
                CASE(ALLOW, &rules[0], .conditions = conditions + 1, .n_conditions = 1),
                CASE(ALLOW, &rules[0]),
                CASE(ALLOW, &rules[0], .conditions = conditions, .n_conditions = 1,
                        .is_contested = true),
        };
#undef CASE
        const ExplainWay way = { .nr = 1, .cases = &base, .n_cases = 1 };
        ExplainWay other = { .nr = 2, .cases = &base, .n_cases = 1 };

        (void) state;
        assert_true(explain_ways_equal(&way, &other));
        for (size_t i = 0; i < N_ELEMENTS(others); i++) {
                other.cases = &others[i];
                assert_false(explain_ways_equal(&way, &other));
        }
        other = (ExplainWay){ .cases = &base, .n_cases = 1, .is_beyond = true };
        assert_false(explain_ways_equal(&way, &other));
        other = (ExplainWay){ .cases = &base, .n_cases = 1, .is_subcall = true };
        assert_false(explain_ways_equal(&way, &other));
        other = (ExplainWay){ .cases = &base, .n_cases = 1, .is_unlisted = true };
        assert_false(explain_ways_equal(&way, &other));
        other = (ExplainWay){ .cases = &base };
        assert_false(explain_ways_equal(&way, &other));
}

/* --- random profiles --- */

static uint64_t random_below(uint64_t *state, uint64_t n) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return (*state >> 11) % n;
}

static uint64_t random_value(uint64_t *state) {
        uint64_t small = random_below(state, 6);

        switch (random_below(state, 6)) {
        case 0: return small << 32 | random_below(state, 6);
        case 1: return UINT64_MAX - small;
        case 2: return UINT32_MAX - small;
        default: return small;
        }
}

#define RANDOM_RULES 5

typedef struct RandomPolicy {
        Policy policy;
        PolicyRule rules[RANDOM_RULES];
        Condition conditions[RANDOM_RULES][3];
} RandomPolicy;

static void random_policy(RandomPolicy *random, uint64_t *state) {
        static const char *const names[] = { "ioctl", "socket", "socketcall" };
        static const Action actions[] = { { ACTION_ALLOW, 0 }, { ACTION_LOG, 0 },
                { ACTION_ERRNO, 38 }, { ACTION_ERRNO, 1 } };

        for (size_t i = 0; i < RANDOM_RULES; i++) {
                size_t n = random_below(state, 16) == 0 ? 0 : 1 + random_below(state, 3);
                uint8_t first = (uint8_t) random_below(state, 3);

                for (size_t j = 0; j < n; j++) {
                        Condition *condition = &random->conditions[i][j];

                        *condition = (Condition){ .index = (uint8_t) ((first + j) % 3),
                                .op = (Operator) random_below(state, N_OPERATORS),
                                .value = random_value(state) };
                        if (condition->op == OP_MASKED_EQ)
                                condition->value_two = condition->value & random_value(state);
                }
                random->rules[i] = (PolicyRule){
                        .name = names[random_below(state, N_ELEMENTS(names))],
                        .action = actions[random_below(state, N_ELEMENTS(actions))],
                        .conditions = random->conditions[i],
                        .n_conditions = (uint8_t) n,
                };
        }
        random->policy = (Policy){
                .default_action = { ACTION_ERRNO, 1 },
                .arches = { arch_by_name("SCMP_ARCH_X86_64"), arch_by_name("SCMP_ARCH_X86"),
                        arch_by_name("SCMP_ARCH_X32") },
                .n_arches = 3,
                .rules = random->rules,
                .n_rules = RANDOM_RULES,
        };
}

static bool case_holds(const ExplainCase *answer, const Arch *arch, const uint64_t *args) {
        for (size_t i = 0; i < answer->n_conditions; i++) {
                const ArgSet set = argset_of(&answer->conditions[i]);
                const uint64_t value = args[answer->conditions[i].index];

                if (!argset_contains(&set, arch->is_64bit ? value : value & UINT32_MAX))
                        return false;
        }
        return true;
}

/* One completion of what is known: the explanation and the evaluator must agree about it. */
static void assert_completion(const ExplainWay *way, const EvalTable *table, const uint64_t *args) {
        const EvalResult expected = policy_eval(table, way->arch->audit_arch, way->nr, args);
        size_t at = 0;

        while (at < way->n_cases && !case_holds(&way->cases[at], way->arch, args))
                at++;
        assert_true(at < way->n_cases);
        assert_int_equal(action_to_ret(way->cases[at].action), expected.ret);
        if (expected.is_ambiguous)
                assert_true(way->cases[at].is_contested);
        if (way->n_cases == 1 && !way->cases[0].is_contested)
                assert_false(expected.is_ambiguous);
}

static size_t try_policy(uint64_t seed) {
        Arena *arena = arena_new();
        uint64_t state = 0x9e3779b97f4a7c15 * (seed + 1);
        static const char *const names[] = { "ioctl", "socket", "socketcall" };
        RandomPolicy random;
        ExplainQuery query = { .name = names[seed % N_ELEMENTS(names)] };
        Explanation explanation;
        size_t n_certain = 0;

        assert_non_null(arena);
        random_policy(&random, &state);
        for (size_t i = 0; i < 3; i++) {
                query.args.is_known[i] = random_below(&state, 2);
                query.args.values[i] = random_value(&state);
        }
        assert_int_equal(policy_explain(arena, &random.policy, &query, &explanation), 0);
        assert_true(explanation.n_ways > 0);
        for (size_t i = 0; i < explanation.n_ways; i++) {
                const ExplainWay *way = &explanation.ways[i];
                EvalTable *table = NULL;

                assert_int_equal(eval_table_new(arena, &random.policy, way->arch, &table), 0);
                for (size_t j = 0; j < 200; j++) {
                        uint64_t args[SYSCALL_ARGS] = {};

                        for (size_t k = 0; k < SYSCALL_ARGS; k++)
                                args[k] = query.args.is_known[k] && !way->is_subcall
                                        ? query.args.values[k]
                                        : random_value(&state);
                        if (way->is_subcall)
                                args[0] = way->subcall;
                        assert_completion(way, table, args);
                }
                n_certain += way->n_cases == 1;
        }
        arena_free(arena);
        return n_certain;
}

static void test_random_policies(void **state) {
        size_t n_certain = 0;

        (void) state;
        for (uint64_t seed = 0; seed < 3000; seed++)
                n_certain += try_policy(seed);
        print_message("%zu ways with one answer\n", n_certain);
        assert_in_range(n_certain, 1000, 8000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_equal_ways),
                cmocka_unit_test(test_random_policies),
        };

        return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
