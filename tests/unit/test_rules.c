/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The rules without which there is nothing to install: the promise behind "cannot be lowered". */
static const unsigned FIXED[] = { 101, 102, 103, 104, 201, 202, 205, 206, 301, 302, 307, 401, 411,
        417, 501, 509, 601, 602, 603, 811, 812, 813 };

/* The usual severities, by hand: a row that moves in the table must be moved here on purpose. */
static const unsigned ERRORS[] = { 203, 309, 310, 313, 316, 403, 702, 703, 921, 922, 923 };
static const unsigned INFOS[] = { 303, 304, 404, 412, 414, 415, 416, 418, 503, 504, 505, 506, 607,
        705, 706, 711, 712, 713, 804, 805, 806, 910 };

static bool is_among(unsigned id, const unsigned *ids, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (ids[i] == id)
                        return true;
        return false;
}

static void test_catalogue(void **state) {
        size_t n = 0, n_fixed = 0;
        const Rule *rules = rules_all(&n);

        (void) state;
        assert_int_equal(n, 81);
        for (size_t i = 0; i < n; i++) {
                const char *summary = rules[i].summary;
                Severity expected = SEVERITY_WARNING;

                assert_true(i == 0 || rules[i].id > rules[i - 1].id);
                assert_ptr_equal(rules_find(rules[i].id), &rules[i]);
                assert_true(strlen(summary) > 8 && strlen(summary) < 90);
                assert_true(summary[strlen(summary) - 1] != '.');
                assert_int_equal(rules[i].fixed, is_among(rules[i].id, FIXED, N_ELEMENTS(FIXED)));
                assert_int_equal(rules[i].late, rules[i].id == SP910);
                n_fixed += rules[i].fixed;
                if (rules[i].fixed || is_among(rules[i].id, ERRORS, N_ELEMENTS(ERRORS)))
                        expected = SEVERITY_ERROR;
                else if (is_among(rules[i].id, INFOS, N_ELEMENTS(INFOS)))
                        expected = SEVERITY_INFO;
                if (rules[i].severity != expected)
                        fail_msg("SP%u is %s", rules[i].id, severity_name(rules[i].severity));
        }
        assert_int_equal(n_fixed, N_ELEMENTS(FIXED));
}

/* Every id of the enumeration has its row: those of the table's ends and around its gaps. */
static void test_find(void **state) {
        static const unsigned none[] = { 0, 1, 100, 105, 200, 207, 317, 405, 410, 419, 510, 609,
                707, 710, 714, 808, 810, 814, 904, 909, 911, 920, 924, 999, 1101, 0xffffffff };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(none); i++)
                assert_null(rules_find(none[i]));
        assert_int_equal(rules_find(101)->id, SP101);
        assert_int_equal(rules_find(316)->id, SP316);
        assert_int_equal(rules_find(910)->id, SP910);
}

static void test_severity_names(void **state) {
        (void) state;
        assert_string_equal(severity_name(SEVERITY_OFF), "off");
        assert_string_equal(severity_name(SEVERITY_INFO), "info");
        assert_string_equal(severity_name(SEVERITY_WARNING), "warning");
        assert_string_equal(severity_name(SEVERITY_ERROR), "error");
}

static void test_overrides(void **state) {
        static const struct {
                const char *text;
                RuleId id;
                Severity severity;
        } cases[] = {
                { "SP801=error", SP801, SEVERITY_ERROR },
                { "SP203=off", SP203, SEVERITY_OFF },
                { "SP203=warning", SP203, SEVERITY_WARNING },
                { "SP705=info", SP705, SEVERITY_INFO },
                { "SP101=error", SP101, SEVERITY_ERROR }, /* as it is anyway */
                { "SP910=warning", SP910, SEVERITY_WARNING },
                { "SP910=off", SP910, SEVERITY_OFF },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                RuleConfig config = {};
                const char *problem = NULL;

                assert_int_equal(rule_config_parse(&config, cases[i].text, &problem), 0);
                assert_null(problem);
                for (Severity usual = SEVERITY_INFO; usual <= SEVERITY_ERROR; usual++) {
                        assert_int_equal(rule_config_severity(&config, cases[i].id, usual),
                                cases[i].severity);
                        assert_int_equal(rule_config_severity(&config, SP802, usual), usual);
                        assert_int_equal(rule_config_severity(NULL, cases[i].id, usual), usual);
                }
        }
}

static void test_later_override_wins(void **state) {
        RuleConfig config = {};
        const char *problem = NULL;

        (void) state;
        assert_int_equal(rule_config_parse(&config, "SP801=error", &problem), 0);
        assert_int_equal(rule_config_parse(&config, "SP801=off", &problem), 0);
        assert_int_equal(rule_config_severity(&config, SP801, SEVERITY_WARNING), SEVERITY_OFF);
}

static void test_refused_overrides(void **state) {
        static const struct {
                const char *text;
                const char *says;
        } cases[] = {
                { "", "SPnnn=" },
                { "SP", "SPnnn=" },
                { "801=error", "SPnnn=" },
                { "sp801=error", "SPnnn=" },
                { "SP80=error", "SPnnn=" },
                { "SP8010=error", "SPnnn=" },
                { "SP801", "SPnnn=" },
                { "SP801:error", "SPnnn=" },
                { "SP-01=error", "SPnnn=" },
                { "SP801 =error", "SPnnn=" },
                { "SP000=error", "no rule" },
                { "SP808=error", "no rule" },
                { "SP999=off", "no rule" },
                { "SP801=", "severity" },
                { "SP801=fatal", "severity" },
                { "SP801=Error", "severity" },
                { "SP801=error ", "severity" },
                { "SP101=warning", "lowered" },
                { "SP302=off", "lowered" },
                { "SP812=info", "lowered" },
                { "SP910=error", "cannot be an error" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                RuleConfig config = {}, untouched = {};
                const char *problem = NULL;

                assert_int_equal(rule_config_parse(&config, cases[i].text, &problem), -EINVAL);
                assert_non_null(problem);
                if (!strstr(problem, cases[i].says))
                        fail_msg("%s: %s", cases[i].text, problem);
                assert_memory_equal(&config, &untouched, sizeof(config));
        }
}

static void test_no_fixed_rule_can_be_lowered(void **state) {
        static const char *const lower[] = { "warning", "info", "off" };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(FIXED); i++)
                for (size_t j = 0; j < N_ELEMENTS(lower); j++) {
                        RuleConfig config = {};
                        const char *problem = NULL;
                        char text[32];

                        snprintf(text, sizeof(text), "SP%u=%s", FIXED[i], lower[j]);
                        assert_int_equal(rule_config_parse(&config, text, &problem), -EINVAL);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_catalogue),
                cmocka_unit_test(test_find),
                cmocka_unit_test(test_severity_names),
                cmocka_unit_test(test_overrides),
                cmocka_unit_test(test_later_override_wins),
                cmocka_unit_test(test_refused_overrides),
                cmocka_unit_test(test_no_fixed_rule_can_be_lowered),
        };

        return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
