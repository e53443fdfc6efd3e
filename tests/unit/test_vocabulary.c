/* SPDX-License-Identifier: Apache-2.0 */

/* The word lists: every word there and back, what is no word, and the errno names against the C
 * library and the kernel's headers. */

#include "support.h"

#include "base/cleanup.h"
#include "profile/vocabulary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void test_actions(void **state) {
        static const struct {
                const char *name;
                ActionKind kind;
                bool takes_errno;
                uint32_t ret; /* with datum 7 */
        } actions[] = {
                { "SCMP_ACT_KILL", ACTION_KILL_THREAD, false, 0x00000000 },
                { "SCMP_ACT_KILL_PROCESS", ACTION_KILL_PROCESS, false, 0x80000000 },
                { "SCMP_ACT_TRAP", ACTION_TRAP, false, 0x00030000 },
                { "SCMP_ACT_ERRNO", ACTION_ERRNO, true, 0x00050007 },
                { "SCMP_ACT_TRACE", ACTION_TRACE, true, 0x7ff00007 },
                { "SCMP_ACT_LOG", ACTION_LOG, false, 0x7ffc0000 },
                { "SCMP_ACT_ALLOW", ACTION_ALLOW, false, 0x7fff0000 },
                { "SCMP_ACT_NOTIFY", ACTION_NOTIFY, false, 0x7fc00000 },
        };
        ActionKind kind = N_ACTION_KINDS;
        Action back = {};

        (void) state;
        assert_int_equal(N_ELEMENTS(actions), N_ACTION_KINDS);
        for (size_t i = 0; i < N_ELEMENTS(actions); i++) {
                const Action action = { actions[i].kind, 7 };

                assert_int_equal(action_kind_parse(actions[i].name, &kind), 0);
                assert_int_equal(kind, actions[i].kind);
                assert_string_equal(action_kind_name(kind), actions[i].name);
                assert_int_equal(action_takes_errno(kind), actions[i].takes_errno);
                assert_int_equal(action_to_ret(action), actions[i].ret);
                assert_int_equal(action_from_ret(actions[i].ret, &back), 0);
                assert_int_equal(back.kind, action.kind);
                assert_int_equal(back.data, actions[i].takes_errno ? 7 : 0);
        }
        assert_int_equal(action_from_ret(0x7fff0009, &back), 0);
        assert_true(action_equal(back, (Action){ ACTION_ALLOW, 0 }));
        assert_int_equal(action_from_ret(0x00010000, &back), -EINVAL);
        assert_int_equal(action_kind_parse("SCMP_ACT_KILL_THREAD", &kind), 0);
        assert_int_equal(kind, ACTION_KILL_THREAD);
}

static void test_action_datum(void **state) {
        const Action a = { ACTION_ERRNO, 1 }, b = { ACTION_ERRNO, 2 }, c = { ACTION_TRACE, 1 };

        (void) state;
        assert_true(action_equal(a, a));
        assert_false(action_equal(a, b));
        assert_false(action_equal(a, c));
        assert_int_equal(action_to_ret((Action){ ACTION_ERRNO, 0xffff }), 0x0005ffff);
        assert_int_equal(action_to_ret((Action){ ACTION_TRACE, 0xffff }), 0x7ff0ffff);
}

static void test_operators(void **state) {
        static const char *const names[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",
                "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ" };
        static const Operator operators[] = { OP_NE, OP_LT, OP_LE, OP_EQ, OP_GE, OP_GT,
                OP_MASKED_EQ };
        Operator op = N_OPERATORS;

        (void) state;
        assert_int_equal(N_ELEMENTS(names), N_OPERATORS);
        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                assert_int_equal(operator_parse(names[i], &op), 0);
                assert_int_equal(op, operators[i]);
                assert_string_equal(operator_name(op), names[i]);
        }
}

static void test_flags(void **state) {
        static const struct {
                const char *name;
                FilterFlag flag;
        } flags[] = {
                { "SECCOMP_FILTER_FLAG_TSYNC", FILTER_FLAG_TSYNC },
                { "SECCOMP_FILTER_FLAG_LOG", FILTER_FLAG_LOG },
                { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", FILTER_FLAG_SPEC_ALLOW },
                { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", FILTER_FLAG_WAIT_KILLABLE_RECV },
        };
        FilterFlag flag = FILTER_FLAG_TSYNC;

        (void) state;
        assert_int_equal(N_ELEMENTS(flags), N_FILTER_FLAGS);
        for (size_t i = 0; i < N_ELEMENTS(flags); i++) {
                assert_int_equal(filter_flag_parse(flags[i].name, &flag), 0);
                assert_int_equal(flag, flags[i].flag);
                assert_string_equal(filter_flag_name(flag), flags[i].name);
        }
}

/* Words the runtimes refuse are refused, and leave the output alone. */
static void test_no_words(void **state) {
        static const char *const words[] = { "", " ", "SCMP_ACT_", "SCMP_ACT_ALLOW ",
                "scmp_act_allow", "SCMP_ACT_ALLOWED", "SCMP_CMP_EQUAL", "scmp_cmp_eq", "EQ",
                "SECCOMP_FILTER_FLAG_NEW_LISTENER", "TSYNC", "eperm", "EPERM ", "1" };
        ActionKind kind = ACTION_LOG;
        Operator op = OP_GT;
        FilterFlag flag = FILTER_FLAG_LOG;
        uint16_t number = 4242;

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(words); i++) {
                assert_int_equal(action_kind_parse(words[i], &kind), -EINVAL);
                assert_int_equal(operator_parse(words[i], &op), -EINVAL);
                assert_int_equal(filter_flag_parse(words[i], &flag), -EINVAL);
                assert_int_equal(errno_name_parse(words[i], &number), -EINVAL);
        }
        assert_int_equal(kind, ACTION_LOG);
        assert_int_equal(op, OP_GT);
        assert_int_equal(flag, FILTER_FLAG_LOG);
        assert_int_equal(number, 4242);
}

static void test_suggestions(void **state) {
        (void) state;
        assert_string_equal(action_suggest("SCMP_ACT_ALOW"), "SCMP_ACT_ALLOW");
        assert_string_equal(action_suggest("SCMP_ACT_KILL_PROCES"), "SCMP_ACT_KILL_PROCESS");
        assert_string_equal(action_suggest("SCMP_ACT_KILL_THRAED"), "SCMP_ACT_KILL_THREAD");
        assert_string_equal(action_suggest("allow"), "SCMP_ACT_ALLOW");
        assert_string_equal(action_suggest("ALOW"), "SCMP_ACT_ALLOW");
        assert_string_equal(action_suggest("deny"), "SCMP_ACT_ERRNO");
        assert_string_equal(action_suggest("SCMP_ACT_DENY"), "SCMP_ACT_ERRNO");
        assert_string_equal(action_suggest("scmp_act_audit"), "SCMP_ACT_LOG");
        assert_string_equal(action_suggest("SCMP_ACT_ERROR"), "SCMP_ACT_ERRNO");
        assert_string_equal(action_suggest("SMCP_ACT_ALOW"), "SCMP_ACT_ALLOW");
        assert_string_equal(action_suggest("SCMP_ALLOW"), "SCMP_ACT_ALLOW");
        assert_string_equal(action_suggest("SCMP_ACTALLOW"), "SCMP_ACT_ALLOW");
        assert_string_equal(action_suggest("SCMP_ACT_DISALLOW"), "SCMP_ACT_ERRNO");
        /* nothing that permits, where it is not clearly that word */
        assert_null(action_suggest("SCMP_ACT_NONE"));
        assert_null(action_suggest("SCMP_ACT_NOALLOW"));
        assert_null(action_suggest("SCMP_NO_ALLOW"));
        assert_null(action_suggest("SCMP_ACT_LOCK"));
        assert_null(action_suggest("SCMP_ACT_"));
        assert_null(action_suggest("whatever"));
        assert_string_equal(operator_suggest("SCMP_CMP_MASK_EQ"), "SCMP_CMP_MASKED_EQ");
        assert_string_equal(operator_suggest("SCMP_CMP_GTE"), "SCMP_CMP_GE");
        assert_string_equal(operator_suggest("SCMP_CMP_LTE"), "SCMP_CMP_LE");
        assert_string_equal(operator_suggest("=="), "SCMP_CMP_EQ");
        assert_string_equal(operator_suggest(">="), "SCMP_CMP_GE");
        assert_string_equal(operator_suggest("SCMP_CMP_EQUALS"), "SCMP_CMP_EQ");
        assert_string_equal(operator_suggest("masked_eq"), "SCMP_CMP_MASKED_EQ");
        assert_string_equal(operator_suggest("CMP_EQ"), "SCMP_CMP_EQ");
        /* nor the opposite: of two letters, one is half the word */
        assert_null(operator_suggest("SCMP_CMP_IN"));
        assert_null(operator_suggest("SCMP_CMP_EE"));
        assert_null(operator_suggest("SCMP_CMP_NLT"));
        assert_null(operator_suggest("SCMP_CMP_NOT"));
        assert_string_equal(operator_suggest("SCMP_CMP_NOT_EQUAL"), "SCMP_CMP_NE");
        assert_null(operator_suggest("SCMP_CMP_MASKED_NE"));
        assert_null(operator_suggest("masked_neq"));
        assert_null(operator_suggest("SCMP_CMP_MASKED_GE"));
        assert_null(operator_suggest("between"));
        assert_string_equal(
                filter_flag_suggest("SECCOMP_FILTER_FLAG_TSYN"), "SECCOMP_FILTER_FLAG_TSYNC");
        assert_string_equal(filter_flag_suggest("log"), "SECCOMP_FILTER_FLAG_LOG");
        assert_null(filter_flag_suggest("quiet"));
        assert_string_equal(errno_suggest("EPREM"), "EPERM");
        assert_string_equal(errno_suggest("enosys"), "ENOSYS");
        assert_null(errno_suggest("EDENIED"));
}

static void test_errno_names_of_the_library(void **state) {
        size_t n = 0;

        (void) state;
        for (unsigned number = 1; number < 200; number++) {
                const char *theirs = strerrorname_np((int) number);
                const char *ours = errno_name(number);
                uint16_t again = 0;

                assert_int_equal(theirs == NULL, ours == NULL);
                if (!ours)
                        continue;
                n++;
                assert_int_equal(errno_name_parse(theirs, &again), 0);
                assert_int_equal(again, number);
                assert_int_equal(errno_name_parse(ours, &again), 0);
                assert_int_equal(again, number);
        }
        assert_true(n > 100);
        assert_null(errno_name(0));
        assert_null(errno_name(4095));
        assert_null(errno_name(UINT32_MAX));
}

static void test_errno_aliases(void **state) {
        static const struct {
                const char *name;
                int number;
                const char *canonical;
        } aliases[] = {
                { "EWOULDBLOCK", EAGAIN, "EAGAIN" },
                { "EDEADLOCK", EDEADLOCK, EDEADLK == EDEADLOCK ? "EDEADLK" : "EDEADLOCK" },
                { "ENOTSUP", EOPNOTSUPP, "EOPNOTSUPP" },
        };
        uint16_t number = 0;

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(aliases); i++) {
                assert_int_equal(errno_name_parse(aliases[i].name, &number), 0);
                assert_int_equal(number, aliases[i].number);
                assert_string_equal(errno_name(number), aliases[i].canonical);
        }
}

/* Every name the kernel's headers define is a word, whatever its number on this architecture. */
static void test_errno_names_of_the_kernel(void **state) {
        static const char *const headers[] = { "/usr/include/asm-generic/errno-base.h",
                "/usr/include/asm-generic/errno.h" };
        size_t n = 0;

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(headers); i++) {
                _cleanup_fclose_ FILE *header = fopen(headers[i], "re");
                char line[256], name[64];
                uint16_t number = 0;

                if (!header)
                        support_skip("no %s here", headers[i]);
                while (fgets(line, sizeof(line), header)) {
                        if (sscanf(line, "#define E%62s %*s", name + 1) != 1)
                                continue;
                        name[0] = 'E';
                        if (errno_name_parse(name, &number) < 0)
                                fail_msg("%s is unknown", name);
                        n++;
                }
        }
        assert_true(n > 120);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_actions),
                cmocka_unit_test(test_action_datum),
                cmocka_unit_test(test_operators),
                cmocka_unit_test(test_flags),
                cmocka_unit_test(test_no_words),
                cmocka_unit_test(test_suggestions),
                cmocka_unit_test(test_errno_names_of_the_library),
                cmocka_unit_test(test_errno_aliases),
                cmocka_unit_test(test_errno_names_of_the_kernel),
        };

        return cmocka_run_group_tests_name("vocabulary", tests, NULL, NULL);
}
