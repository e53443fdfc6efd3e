/* SPDX-License-Identifier: Apache-2.0 */

/* The owner's decisions: on the command line and in files, and every mistake in them. */

#include "support.h"

#include "base/cleanup.h"
#include "profile/compile.h"
#include "profile/owner.h"
#include "profile/vocabulary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define _cleanup_owner_ _cleanup_(owner_config_done)

static int set(OwnerConfig *config, const char *key, const char *value) {
        _cleanup_buf_ Buf problem = {};
        int r = owner_config_set(config, key, value, &problem);

        if (r < 0)
                print_message("%s\n", problem.data);
        assert_int_equal(problem.size > 0, r < 0);
        return r;
}

static void test_set(void **state) {
        _cleanup_owner_ OwnerConfig config = {};

        (void) state;
        assert_int_equal(set(&config, "rule", "SP801=error"), 0);
        assert_int_equal(set(&config, "rule", "SP801=info"), 0);
        assert_int_equal(
                rule_config_severity(&config.rules, SP801, SEVERITY_WARNING), SEVERITY_INFO);
        assert_int_equal(set(&config, "forbid-syscall", "mount"), 0);
        assert_int_equal(set(&config, "forbid-syscall", "bpf"), 0);
        assert_int_equal(config.policy.n_forbidden, 2);
        assert_string_equal(config.policy.forbidden[0], "mount");
        assert_string_equal(config.policy.forbidden[1], "bpf");
        assert_int_equal(set(&config, "allowed-action", "SCMP_ACT_ALLOW"), 0);
        assert_int_equal(set(&config, "allowed-action", "SCMP_ACT_KILL_THREAD"), 0);
        assert_int_equal(config.policy.allowed_actions,
                ACTION_BIT(ACTION_ALLOW) | ACTION_BIT(ACTION_KILL_THREAD));
        assert_int_equal(set(&config, "require-default", "SCMP_ACT_ERRNO"), 0);
        assert_int_equal(config.policy.required_defaults, ACTION_BIT(ACTION_ERRNO));
}

/* Calls that this libseccomp may be too old for are no mistakes, slips of known names are. */
static void test_names(void **state) {
        static const struct {
                const char *name;
                bool is_taken;
        } cases[] = {
                { "mount", true },
                { "socketcall", true },   /* of another architecture */
                { "s390_sthyi", true },   /* the same */
                { "mseal", true },        /* newer than libseccomp 2.5.4 */
                { "setxattrat", true },   /* the same, and near setxattr */
                { "qqqqqqqqqqqq", true }, /* nothing like it */
                { "moutn", false },
                { "kexec_laod", false },
                { "Mount", false },
                { "mount ", false },
                { "", false },
                { "mount,bpf", false },
                { "*", false },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_owner_ OwnerConfig config = {};
                int r = set(&config, "forbid-syscall", cases[i].name);

                if (r != (cases[i].is_taken ? 0 : -EINVAL))
                        fail_msg("'%s'", cases[i].name);
                assert_int_equal(config.policy.n_forbidden, cases[i].is_taken);
        }
}

static void test_mistakes(void **state) {
        static const struct {
                const char *key, *value, *said;
        } cases[] = {
                { "rules", "SP801=off", "unknown key 'rules'; did you mean rule?" },
                { "colour", "red", "unknown key 'colour'" },
                { "", "", "unknown key ''" },
                { "rule", "SP302=off", "cannot be lowered" },
                { "rule", "SP303=loud", "a severity is one of" },
                { "rule", "SP820=off", "no rule of that number; did you mean SP802=off?" },
                { "rule", "nothing", "SPnnn=" },
                { "forbid-syscall", "moutn", "no such system call; did you mean mount?" },
                { "forbid-syscall", "Mount", "cannot be the name" },
                { "allowed-action", "ALLOW", "unknown action" },
                { "allowed-action", "SCMP_ACT_ALOW", "did you mean SCMP_ACT_ALLOW?" },
                { "require-default", "SCMP_ACT_EROR", "did you mean SCMP_ACT_ERRNO?" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_owner_ OwnerConfig config = {};
                _cleanup_buf_ Buf problem = {};

                assert_int_equal(
                        owner_config_set(&config, cases[i].key, cases[i].value, &problem), -EINVAL);
                if (!strstr(problem.data, cases[i].said))
                        fail_msg("%s: %s", cases[i].value, problem.data);
                assert_null(strchr(problem.data, '\n'));
                assert_int_equal(config.policy.n_forbidden, 0);
                assert_int_equal(
                        config.policy.allowed_actions | config.policy.required_defaults, 0);
        }
}

static int read_text(OwnerConfig *config, const char *bytes, size_t size_bytes, Buf *problem) {
        /* a copy of its own size, so that a read past its end is seen */
        _cleanup_free_ char *copy = malloc(size_bytes > 0 ? size_bytes : 1);

        assert_non_null(copy);
        memcpy(copy, bytes, size_bytes);
        return owner_config_read(config, "owner.conf", copy, size_bytes, problem);
}

static void test_file(void **state) {
        static const char text[] = "# the owner's\n"
                                   "\n"
                                   "rule SP801=error\n"
                                   "  rule\tSP314=error  \r\n"
                                   "   \t\n"
                                   "  # forbid-syscall reboot\n"
                                   "forbid-syscall mount\n"
                                   "forbid-syscall bpf\n"
                                   "allowed-action SCMP_ACT_ALLOW\n"
                                   "require-default SCMP_ACT_ERRNO";
        _cleanup_owner_ OwnerConfig config = {};
        _cleanup_buf_ Buf problem = {};

        (void) state;
        assert_int_equal(read_text(&config, text, strlen(text), &problem), 0);
        assert_int_equal(problem.size, 0);
        assert_int_equal(
                rule_config_severity(&config.rules, SP801, SEVERITY_WARNING), SEVERITY_ERROR);
        assert_int_equal(
                rule_config_severity(&config.rules, SP314, SEVERITY_WARNING), SEVERITY_ERROR);
        assert_int_equal(config.policy.n_forbidden, 2);
        assert_int_equal(config.policy.allowed_actions, ACTION_BIT(ACTION_ALLOW));
        assert_int_equal(config.policy.required_defaults, ACTION_BIT(ACTION_ERRNO));
        assert_int_equal(read_text(&config, "", 0, &problem), 0);
        assert_int_equal(read_text(&config, "\n", 1, &problem), 0);
        assert_int_equal(config.policy.n_forbidden, 2);
}

static void test_mistakes_in_a_file(void **state) {
        static const struct {
                const char *bytes;
                size_t size_bytes;
                const char *said;
        } cases[] = {
#define TEXT(text) text, sizeof(text) - 1
                { TEXT("rule SP801=off\nforbid-syscall moutn\n"),
                        "owner.conf:2: forbid-syscall moutn: libseccomp knows no such system call; "
                        "did you mean mount?" },
                { TEXT("\n\nrules SP801=off"),
                        "owner.conf:3: rules SP801=off: unknown key 'rules'" },
                { TEXT("rule"), "owner.conf:1: 'rule' has no value; a line is written KEY VALUE" },
                { TEXT("rule   \n"), "owner.conf:1: 'rule' has no value" },
                { TEXT("--rule SP801=off"), "did you mean rule?" },
                { TEXT("rule=SP801=off"), "owner.conf:1: 'rule=SP801=off' has no value" },
                { TEXT("rule SP801=off # why"), "a severity is one of" },
                { TEXT("forbid-syscall mount bpf"), "cannot be the name" },
                { TEXT("rule SP801=off\n\xff\xfe"), "owner.conf:2: that is no text" },
                { TEXT("rule SP801=\x1b[2J"), "owner.conf:1: that is no text" },
                { TEXT("rule\0SP801=off"), "owner.conf:1: that is no text" },
                { TEXT("\xef\xbb\xbfrule SP801=off"), "owner.conf:1: " },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_owner_ OwnerConfig config = {};
                _cleanup_buf_ Buf problem = {};

                assert_int_equal(
                        read_text(&config, cases[i].bytes, cases[i].size_bytes, &problem), -EINVAL);
                if (!strstr(problem.data, cases[i].said))
                        fail_msg("%zu: %s", i, problem.data);
                assert_null(strpbrk(problem.data, "\n\x1b"));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_set),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_mistakes),
                cmocka_unit_test(test_file),
                cmocka_unit_test(test_mistakes_in_a_file),
        };

        compile_warm_up();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
