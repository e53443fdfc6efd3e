/* SPDX-License-Identifier: Apache-2.0 */

/* The canonical form: its exact bytes, that order and spelling do not matter, and its way back. */

#include "program_fixture.h"

#include "base/digest.h"
#include "profile/canonical.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int setup(void **state) {
        *state = arena_new();
        assert_non_null(*state);
        return 0;
}

static int teardown(void **state) {
        arena_free(*state);
        return 0;
}

static char *print(Arena *arena, const Policy *policy) {
        _cleanup_buf_ Buf buf = {};
        Policy canonical = {};
        char *text = NULL;

        assert_int_equal(canonical_sort(arena, policy, &canonical), 0);
        canonical_print(&buf, &canonical);
        assert_int_equal(buf_take(&buf, &text, NULL), 0);
        return text;
}

/* Reads back what was printed, and checks that it says and prints the same. */
static void assert_round_trip(Arena *arena, const Policy *policy) {
        _cleanup_free_ char *text = print(arena, policy);
        _cleanup_free_ char *again = NULL;
        Policy canonical = {}, read = {};

        assert_int_equal(canonical_sort(arena, policy, &canonical), 0);
        assert_int_equal(canonical_read(arena, text, strlen(text), &read), 0);
        assert_true(canonical_equal(&canonical, &read));
        assert_int_equal(read.default_node, TEXT_NO_NODE);
        for (size_t i = 0; i < read.n_rules; i++)
                assert_int_equal(read.rules[i].name_node, TEXT_NO_NODE);
        again = print(arena, &read);
        assert_string_equal(text, again);
}

static void test_the_whole_form(void **state) {
        PolicyRule rules[] = {
                PLAIN("write", ALLOW),
                GIVEN("clone", ALLOW, { .index = 0, .op = OP_MASKED_EQ, .value = 2114060288 }),
                PLAIN("read", ALLOW),
                GIVEN("socket", ALLOW, { .index = 1, .op = OP_NE, .value = UINT64_MAX },
                        { .index = 0,
                                .op = OP_MASKED_EQ,
                                .value = 9007199254740993,
                                .value_two = 1 }),
                PLAIN("odd \"name\" \u00e9", { .kind = ACTION_KILL_THREAD }),
                PLAIN("read", ALLOW),
        };
        Policy policy = policy_of(DENY, native(), rules, N_ELEMENTS(rules));
        _cleanup_free_ char *text = NULL;

        policy.arches[1] = arch_by_name("SCMP_ARCH_X32");
        policy.arches[2] = arch_by_name("SCMP_ARCH_X86");
        policy.n_arches = 3;
        policy.flags = FILTER_FLAG_SPEC_ALLOW | FILTER_FLAG_TSYNC;
        policy.listener_path = "/run/agent.sock";
        policy.listener_metadata = "a\nb";
        text = print(*state, &policy);
        assert_string_equal(text,
                "{\n"
                "  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n"
                "  \"defaultErrnoRet\": 1,\n"
                "  \"architectures\": [\n"
                "    \"SCMP_ARCH_X86_64\",\n"
                "    \"SCMP_ARCH_X86\",\n"
                "    \"SCMP_ARCH_X32\"\n"
                "  ],\n"
                "  \"flags\": [\n"
                "    \"SECCOMP_FILTER_FLAG_TSYNC\",\n"
                "    \"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"\n"
                "  ],\n"
                "  \"listenerPath\": \"/run/agent.sock\",\n"
                "  \"listenerMetadata\": \"a\\nb\",\n"
                "  \"syscalls\": [\n"
                "    {\n"
                "      \"names\": [\n"
                "        \"odd \\\"name\\\" \u00e9\"\n"
                "      ],\n"
                "      \"action\": \"SCMP_ACT_KILL\"\n"
                "    },\n"
                "    {\n"
                "      \"names\": [\n"
                "        \"read\",\n"
                "        \"write\"\n"
                "      ],\n"
                "      \"action\": \"SCMP_ACT_ALLOW\"\n"
                "    },\n"
                "    {\n"
                "      \"names\": [\n"
                "        \"clone\"\n"
                "      ],\n"
                "      \"action\": \"SCMP_ACT_ALLOW\",\n"
                "      \"args\": [\n"
                "        { \"index\": 0, \"value\": 2114060288, \"op\": \"SCMP_CMP_MASKED_EQ\" }\n"
                "      ]\n"
                "    },\n"
                "    {\n"
                "      \"names\": [\n"
                "        \"socket\"\n"
                "      ],\n"
                "      \"action\": \"SCMP_ACT_ALLOW\",\n"
                "      \"args\": [\n"
                "        { \"index\": 0, \"value\": 9007199254740993, \"valueTwo\": 1, \"op\": "
                "\"SCMP_CMP_MASKED_EQ\" },\n"
                "        { \"index\": 1, \"value\": 18446744073709551615, \"op\": "
                "\"SCMP_CMP_NE\" }\n"
                "      ]\n"
                "    }\n"
                "  ]\n"
                "}\n");
        assert_round_trip(*state, &policy);
}

static void test_no_rules(void **state) {
        Policy policy = policy_of(ALLOW, native(), NULL, 0);
        _cleanup_free_ char *text = print(*state, &policy);

        assert_string_equal(text,
                "{\n"
                "  \"defaultAction\": \"SCMP_ACT_ALLOW\",\n"
                "  \"architectures\": [\n"
                "    \"SCMP_ARCH_X86_64\"\n"
                "  ],\n"
                "  \"syscalls\": []\n"
                "}\n");
        assert_round_trip(*state, &policy);
}

static void test_order_does_not_matter(void **state) {
        PolicyRule rules[] = {
                PLAIN("write", ALLOW),
                PLAIN("read", ALLOW),
                PLAIN("close", { .kind = ACTION_ERRNO, .data = 38 }),
                PLAIN("close", { .kind = ACTION_ERRNO, .data = 13 }),
                GIVEN("ioctl", ALLOW, { .index = 1, .op = OP_EQ, .value = 7 },
                        { .index = 0, .op = OP_LT, .value = 3 }),
                GIVEN("ioctl", ALLOW, { .index = 0, .op = OP_LT, .value = 3 },
                        { .index = 1, .op = OP_EQ, .value = 7 }),
                GIVEN("ioctl", ALLOW, { .index = 1, .op = OP_EQ, .value = 8 }),
                GIVEN("prctl", ALLOW, { .index = 1, .op = OP_EQ, .value = 8 }),
                PLAIN("mount", TRACE),
        };
        const PolicyRule before[] = { rules[0], rules[4] };
        Policy policy = policy_of(DENY, native(), rules, N_ELEMENTS(rules));
        _cleanup_free_ char *text = print(*state, &policy);
        Policy canonical;

        assert_memory_equal(&rules[0], &before[0], sizeof(rules[0]));
        assert_memory_equal(&rules[4], &before[1], sizeof(rules[4]));
        assert_int_equal(rules[4].conditions[0].index, 1);
        assert_int_equal(canonical_sort(*state, &policy, &canonical), 0);
        assert_int_equal(canonical.n_rules, N_ELEMENTS(rules) - 1);
        for (size_t turn = 1; turn < N_ELEMENTS(rules); turn++) {
                PolicyRule first = rules[0];
                _cleanup_free_ char *turned = NULL;

                memmove(rules, rules + 1, (N_ELEMENTS(rules) - 1) * sizeof(rules[0]));
                rules[N_ELEMENTS(rules) - 1] = first;
                turned = print(*state, &policy);
                assert_string_equal(text, turned);
        }
        assert_round_trip(*state, &policy);
}

static void test_salt_value(void **state) {
        static const char salted[] =
                "  \"syscalls\": [\n"
                "    {\n"
                "      \"names\": [\n"
                "        \"read\"\n"
                "      ],\n"
                "      \"action\": \"SCMP_ACT_ERRNO\",\n"
                "      \"errnoRet\": 1,\n"
                "      \"args\": [\n"
                "        { \"index\": 0, \"value\": %" PRIu64 ", \"op\": \"SCMP_CMP_EQ\" }\n"
                "      ]\n"
                "    },\n"
                "%s";
        static const char start[] = "  \"syscalls\": [\n";
        static const char rest[] = "    {\n"
                                   "      \"names\": [\n"
                                   "        \"close\"\n"
                                   "      ],\n"
                                   "      \"action\": \"SCMP_ACT_ERRNO\",\n"
                                   "      \"errnoRet\": 38\n"
                                   "    }\n"
                                   "  ]\n"
                                   "}\n";
        PolicyRule rules[] = { PLAIN("close", { .kind = ACTION_ERRNO, .data = 38 }) };
        Policy policy = policy_of(DENY, native(), rules, 1);
        Policy none = policy_of(DENY, native(), NULL, 0);
        _cleanup_free_ char *text = print(*state, &policy);
        _cleanup_free_ char *head = print(*state, &none);
        _cleanup_free_ char *plain = NULL;
        _cleanup_free_ char *expected = NULL;
        uint64_t value = 0;
        Digest digest;

        head[strstr(head, "  \"syscalls\"") - head] = '\0';
        assert_true(asprintf(&plain, "%s%s%s", head, start, rest) > 0);
        digest = digest_of(plain, strlen(plain));
        for (size_t i = 0; i < 8; i++)
                value = value << 8 | digest.bytes[i];
        assert_true(asprintf(&expected, salted, value, rest) > 0);
        assert_memory_equal(text, head, strlen(head));
        assert_string_equal(text + strlen(head), expected);
        assert_round_trip(*state, &policy);
}

/* Canonical text read as an author's, and read again: the salt neither stays as a rule nor grows.
 */
static void test_a_salted_text_is_a_fixed_point(void **state) {
        PolicyRule rules[] = { PLAIN("close", { .kind = ACTION_ERRNO, .data = 38 }),
                GIVEN("read", DENY, { .op = OP_EQ, .value = 5 }) };
        Policy policy = policy_of(DENY, native(), rules, N_ELEMENTS(rules));
        _cleanup_free_ char *text = print(*state, &policy), *again = NULL, *other = NULL;
        const char *value = strstr(text, "\"value\": ") + strlen("\"value\": ");
        PolicyRule salted[3];

        memcpy(&salted[1], rules, sizeof(rules));
        salted[0] = (PolicyRule) GIVEN(
                "read", DENY, { .op = OP_EQ, .value = strtoull(value, NULL, 10) });
        policy = policy_of(DENY, native(), salted, N_ELEMENTS(salted));
        again = print(*state, &policy);
        assert_string_equal(again, text);
        /* one off, and it is a rule of the author's */
        salted[0] = (PolicyRule) GIVEN(
                "read", DENY, { .op = OP_EQ, .value = strtoull(value, NULL, 10) + 1 });
        other = print(*state, &policy);
        assert_string_not_equal(other, text);
        assert_round_trip(*state, &policy);
}

/* A rule with the salt's value that is no salt is the author's, and must not get lost. */
static void test_what_is_like_a_salt(void **state) {
        PolicyRule rules[] = {
                PLAIN("read", DENY), /* for the changed salt */
                PLAIN("close", { .kind = ACTION_ERRNO, .data = 38 }),
        };
        Policy rest = policy_of(DENY, native(), rules + 1, N_ELEMENTS(rules) - 1);
        Policy policy = policy_of(DENY, native(), rules, N_ELEMENTS(rules));
        _cleanup_free_ char *text = print(*state, &rest);
        const char *value = strstr(text, "\"value\": ") + strlen("\"value\": ");
        const Condition salt = { .op = OP_EQ, .value = strtoull(value, NULL, 10) };
        Condition condition = salt;
        const struct {
                const char *name;
                Action action;
                uint8_t index;
                Operator op;
                bool is_salt;
        } cases[] = {
                { "read", DENY, 0, OP_EQ, true },
                { "write", DENY, 0, OP_EQ, false },
                { "read", ALLOW, 0, OP_EQ, false },
                { "read", DENY, 1, OP_EQ, false },
                { "read", DENY, 0, OP_GE, false },
        };

        rules[0].conditions = &condition;
        rules[0].n_conditions = 1;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Policy canonical = {};

                rules[0].name = cases[i].name;
                rules[0].action = cases[i].action;
                condition.index = cases[i].index;
                condition.op = cases[i].op;
                assert_int_equal(canonical_sort(*state, &policy, &canonical), 0);
                assert_int_equal(canonical.n_rules, cases[i].is_salt ? 1 : 2);
        }
}

static void test_when_salted(void **state) {
        static const struct {
                Action standard;
                Action rule;
                bool is_salted;
        } cases[] = {
                { { ACTION_ERRNO, 1 }, { ACTION_ALLOW, 0 }, false },
                { { ACTION_ERRNO, 1 }, { ACTION_ERRNO, 1 }, false },
                { { ACTION_ERRNO, 1 }, { ACTION_ERRNO, 2 }, true },
                { { ACTION_ERRNO, 1 }, { ACTION_TRACE, 1 }, false },
                { { ACTION_ERRNO, 1 }, { ACTION_TRACE, 2 }, true },
                { { ACTION_TRACE, 1 }, { ACTION_ERRNO, 2 }, true },
                { { ACTION_ALLOW, 0 }, { ACTION_ERRNO, 1 }, true },
                { { ACTION_ALLOW, 0 }, { ACTION_ERRNO, 0 }, true },
                { { ACTION_KILL_PROCESS, 0 }, { ACTION_ERRNO, 1 }, true },
                { { ACTION_KILL_PROCESS, 0 }, { ACTION_KILL_THREAD, 0 }, false },
        };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                PolicyRule rules[] = { PLAIN("accept", ALLOW), PLAIN("close", cases[i].rule) };
                Policy policy = policy_of(cases[i].standard, native(), rules, N_ELEMENTS(rules));
                _cleanup_free_ char *text = print(*state, &policy);

                assert_int_equal(canonical_is_salted(&policy), cases[i].is_salted);
                assert_int_equal(strstr(text, "\"read\"") != NULL, cases[i].is_salted);
                assert_round_trip(*state, &policy);
        }
}

static Digest outline(Arena *arena, const Policy *policy) {
        Policy canonical = {};
        Digest digest = {};

        assert_int_equal(canonical_sort(arena, policy, &canonical), 0);
        assert_int_equal(canonical_outline(arena, &canonical, &digest), 0);
        return digest;
}

/* The errnos of rules are not in it, wherever they put the rules; all else is. */
static void test_outline(void **state) {
        const Action enosys = { ACTION_ERRNO, 38 }, eacces = { ACTION_ERRNO, 13 };
        const struct {
                Action standard, accept, close;
                uint64_t value;
                bool is_equal;
        } cases[] = {
                { ALLOW, enosys, eacces, 5, true },
                { ALLOW, eacces, enosys, 5, true },
                { ALLOW, enosys, enosys, 5, true },
                { ALLOW, enosys, eacces, 6, false },
                { ALLOW, enosys, { ACTION_TRACE, 13 }, 5, false },
                { ALLOW, enosys, ALLOW, 5, false },
                { DENY, enosys, eacces, 5, false },
        };
        Digest first = {};

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                PolicyRule rules[] = {
                        PLAIN("accept", cases[i].accept),
                        GIVEN("close", cases[i].close, { .op = OP_EQ, .value = cases[i].value }),
                };
                Policy policy = policy_of(cases[i].standard, native(), rules, N_ELEMENTS(rules));
                Digest digest = outline(*state, &policy);

                assert_false(digest_is_none(&digest));
                if (i == 0)
                        first = digest;
                assert_int_equal(digest_equal(&digest, &first), cases[i].is_equal);
                assert_int_equal(policy.rules[0].action.data, cases[i].accept.data);
        }
}

/* The author's own rule of the salt's shape stays a rule. */
static void test_rules_like_the_salt(void **state) {
        PolicyRule rules[] = {
                GIVEN("read", DENY, { .op = OP_EQ, .value = 5 }),
                PLAIN("close", { .kind = ACTION_ERRNO, .data = 38 }),
        };
        Policy policy = policy_of(DENY, native(), rules, 1);

        assert_round_trip(*state, &policy);
        policy.n_rules = 2;
        assert_round_trip(*state, &policy);
}

static char *replaced(const char *text, const char *from, const char *to) {
        const char *at = strstr(text, from);
        char *result = NULL;

        if (!at)
                fail_msg("no %s in the text", from);
        assert_true(
                asprintf(&result, "%.*s%s%s", (int) (at - text), text, to, at + strlen(from)) > 0);
        return result;
}

/* Reads a canonical text with one change, where it has what is changed. Returns whether it has. */
static bool refuses_change(Arena *arena, const char *text, const char *const change[static 2]) {
        _cleanup_free_ char *changed = NULL;
        Policy read;

        if (!strstr(text, change[0]))
                return false;
        changed = replaced(text, change[0], change[1]);
        if (canonical_read(arena, changed, strlen(changed), &read) != -EINVAL)
                fail_msg("%s for %s is accepted", change[1], change[0]);
        return true;
}

/* With a salt, which is another one for each text, and without. */
static void test_what_is_not_canonical(void **state) {
        static const char *const changes[][2] = {
                { "{\n  \"def", "{\n\n  \"def" },
                { "{\n  \"def", "\xef\xbb\xbf{\n  \"def" },
                { "}\n  ]\n}\n", "}\n  ]\n}" },
                { "}\n  ]\n}\n", "}\n  ]\n}\n\n" },
                { "}\n  ]\n}\n", "}\n  ],\n  \"x\": 1\n}\n" },
                { "}\n  ]\n}\n", "}\n  ]" },
                { "SCMP_ACT_ERRNO", "SCMP_ACT_NONE" },
                { "\"SCMP_ACT_ERRNO\"", "null" },
                { "\"defaultAction\"", "\"defaultaction\"" },
                { "\"SCMP_ACT_KILL\"", "\"SCMP_ACT_KILL_THREAD\"" },
                { "  \"defaultErrnoRet\": 1,\n", "" },
                { "\"defaultErrnoRet\": 1", "\"defaultErrnoRet\": 70000" },
                { "\"defaultErrnoRet\": 1", "\"defaultErrnoRet\": \"1\"" },
                { "\"SCMP_ARCH_X86_64\"", "\"SCMP_ARCH_NONE\"" },
                { "\"SCMP_ARCH_X86_64\"", "5" },
                { "\n    \"SCMP_ARCH_X86_64\",\n    \"SCMP_ARCH_X86\"", "" },
                { "\"SCMP_ARCH_X86_64\",",
                        "\"SCMP_ARCH_X86_64\",\n    \"SCMP_ARCH_X86\",\n    \"SCMP_ARCH_X86\",\n   "
                        " "
                        "\"SCMP_ARCH_X86\",\n    \"SCMP_ARCH_X86\",\n    \"SCMP_ARCH_X86\",\n    "
                        "\"SCMP_ARCH_X86\",\n    \"SCMP_ARCH_X86\"," },
                { "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_NONE" },
                { "\"SECCOMP_FILTER_FLAG_LOG\"", "null" },
                { "\"/run/x\"", "7" },
                { "\"close\",", "\"close\",\n        \"close\"," },
                { "\"close\",", "\"zclose\"," },
                { "\"close\",", "7," },
                { "\"action\": \"SCMP_ACT_ALLOW\"", "\"action\": 1" },
                { "\"errnoRet\": 38", "\"errnoRet\": 38, \"x\": 1" },
                { "\"index\": 1", "\"index\": 6" },
                { "\"index\": 1", "\"index\": 01" },
                { "\"index\": 1, ", "" },
                { "\"value\": 77", "\"value\": 77.0" },
                { "\"value\": 77", "\"value\": 18446744073709551616" },
                { "\"value\": 77, ", "" },
                { "\"valueTwo\": 4", "\"valueTwo\": 4e0" },
                { "\"valueTwo\": 4", "\"valueTwo\": 0" },
                { "\"SCMP_CMP_MASKED_EQ\"", "\"SCMP_CMP_NONE\"" },
                { "\"SCMP_CMP_MASKED_EQ\"", "7" },
                { "\"index\": 0, \"value\": ", "\"index\": 0, \"value\": 1" },
                { "\"read\"", "\"write\"" },
                { "\"read\"", "\"read\",\n        \"write\"" },
                { "{ \"index\": 1, ",
                        "{ \"index\": 0, \"value\": 0, \"op\": \"SCMP_CMP_EQ\" },\n        "
                        "{ \"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\" },\n        "
                        "{ \"index\": 0, \"value\": 2, \"op\": \"SCMP_CMP_EQ\" },\n        "
                        "{ \"index\": 0, \"value\": 3, \"op\": \"SCMP_CMP_EQ\" },\n        "
                        "{ \"index\": 0, \"value\": 4, \"op\": \"SCMP_CMP_EQ\" },\n        "
                        "{ \"index\": 0, \"value\": 5, \"op\": \"SCMP_CMP_EQ\" },\n        "
                        "{ \"index\": 1, " },
        };
        PolicyRule rules[] = {
                PLAIN("close", { .kind = ACTION_ERRNO, .data = 38 }),
                PLAIN("open", { .kind = ACTION_ERRNO, .data = 38 }),
                PLAIN("mount", { .kind = ACTION_KILL_THREAD }),
                GIVEN("ioctl", ALLOW,
                        { .index = 1, .op = OP_MASKED_EQ, .value = 77, .value_two = 4 }),
        };
        Policy policy = policy_of(DENY, native(), rules, N_ELEMENTS(rules));
        _cleanup_free_ char *text = NULL, *unsalted = NULL;
        size_t n_unsalted = 0;

        policy.arches[policy.n_arches++] = arch_by_name("SCMP_ARCH_X86");
        policy.flags = FILTER_FLAG_LOG;
        policy.listener_path = "/run/x";
        assert_round_trip(*state, &policy);
        text = print(*state, &policy);
        rules[0].action.data = rules[1].action.data = 1;
        unsalted = print(*state, &policy);
        for (size_t i = 0; i < N_ELEMENTS(changes); i++) {
                assert_true(refuses_change(*state, text, changes[i]));
                n_unsalted += refuses_change(*state, unsalted, changes[i]);
        }
        assert_true(n_unsalted > N_ELEMENTS(changes) / 2);
}

static void test_other_texts_are_not_canonical(void **state) {
        static const char *const texts[] = { "", "{}", "{}\n", "null", "[]", "7", "\"x\"", "{",
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}",
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}\n",
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[]}" };
        Policy read;

        for (size_t i = 0; i < N_ELEMENTS(texts); i++)
                assert_int_equal(
                        canonical_read(*state, texts[i], strlen(texts[i]), &read), -EINVAL);
}

/* Rules in another order than the canonical one: well spelt, yet not the one text of its meaning.
 */
static void test_unsorted_text(void **state) {
        PolicyRule rules[] = {
                GIVEN("ioctl", ALLOW, { .index = 1, .op = OP_EQ, .value = 2 },
                        { .index = 0, .op = OP_EQ, .value = 1 }),
                PLAIN("close", ALLOW),
                PLAIN("accept", ALLOW),
        };
        Policy policy = policy_of(DENY, native(), rules, N_ELEMENTS(rules));
        Policy read = {};

        for (size_t i = 0; i < N_ELEMENTS(rules); i++) {
                _cleanup_buf_ Buf buf = {};

                policy.rules = rules + i;
                policy.n_rules = N_ELEMENTS(rules) - i;
                canonical_print(&buf, &policy);
                assert_int_equal(buf_error(&buf), 0);
                /* the last, alone, is sorted */
                assert_int_equal(canonical_read(*state, buf.data, buf.size, &read),
                        i == N_ELEMENTS(rules) - 1 ? 0 : -EINVAL);
        }
}

static void test_equal_looks_at_everything(void **state) {
        PolicyRule rules[] = {
                PLAIN("close", ALLOW),
                GIVEN("ioctl", ALLOW, { .index = 1, .op = OP_EQ, .value = 2 }),
        };
        PolicyRule other_action[] = { PLAIN("close", TRACE), rules[1] };
        PolicyRule other_name[] = { PLAIN("open", ALLOW), rules[1] };
        PolicyRule other_value[] = { rules[0],
                GIVEN("ioctl", ALLOW, { .index = 1, .op = OP_EQ, .value = 3 }) };
        PolicyRule other_node[] = { rules[0],
                GIVEN("ioctl", ALLOW, { .index = 1, .op = OP_EQ, .value = 2, .node = 9 }) };
        Policy policy = policy_of(DENY, native(), rules, 2);
        Policy others[10];

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(others); i++)
                others[i] = policy;
        assert_true(canonical_equal(&policy, &others[0]));
        others[0].default_action.data = 2;
        others[1].arches[0] = arch_by_name("SCMP_ARCH_AARCH64");
        others[2].arches[others[2].n_arches++] = arch_by_name("SCMP_ARCH_X86");
        others[3].flags = FILTER_FLAG_LOG;
        others[4].listener_path = "/x";
        others[5].listener_metadata = "x";
        others[6].n_rules = 1;
        others[7].rules = other_action;
        others[8].rules = other_name;
        others[9].rules = other_value;
        for (size_t i = 0; i < N_ELEMENTS(others); i++) {
                assert_false(canonical_equal(&policy, &others[i]));
                assert_false(canonical_equal(&others[i], &policy));
        }
        policy.listener_path = "/y";
        assert_false(canonical_equal(&policy, &others[4]));
        others[4].listener_path = "/y";
        others[4].rules = other_node;
        assert_true(canonical_equal(&policy, &others[4]));
}

static void test_errors_stay(void **state) {
        PolicyRule rules[] = { PLAIN("close", { .kind = ACTION_ERRNO, .data = 38 }) };
        Policy policy = policy_of(DENY, native(), rules, 1);
        Buf buf = { .error = -ENOMEM };

        (void) state;
        canonical_print(&buf, &policy);
        assert_int_equal(buf_error(&buf), -ENOMEM);
        assert_null(buf.data);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_whole_form),
                cmocka_unit_test(test_no_rules),
                cmocka_unit_test(test_order_does_not_matter),
                cmocka_unit_test(test_salt_value),
                cmocka_unit_test(test_a_salted_text_is_a_fixed_point),
                cmocka_unit_test(test_what_is_like_a_salt),
                cmocka_unit_test(test_when_salted),
                cmocka_unit_test(test_outline),
                cmocka_unit_test(test_rules_like_the_salt),
                cmocka_unit_test(test_what_is_not_canonical),
                cmocka_unit_test(test_other_texts_are_not_canonical),
                cmocka_unit_test(test_unsorted_text),
                cmocka_unit_test(test_equal_looks_at_everything),
                cmocka_unit_test(test_errors_stay),
        };

        return cmocka_run_group_tests_name("canonical", tests, setup, teardown);
}
