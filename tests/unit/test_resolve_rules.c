/* SPDX-License-Identifier: Apache-2.0 */

/* What the elements of `syscalls` become: names, conditions, duplicates, limits. */

#include "resolve_fixture.h"

static void test_names(void **state) {
#define NAMES(names) DENY("'syscalls':[{'names':" names ",'action':'SCMP_ACT_ALLOW'}]")
        static const Case cases[] = {
                { NAMES("['read','no_such_call']"),
                        "ERRNO(1) X86_64\nread ALLOW\nno_such_call ALLOW\n", "" },
                { NAMES("[]"), "ERRNO(1) X86_64\n", "SP501 error /syscalls/0/names\n" },
                { NAMES("['']"), "ERRNO(1) X86_64\n", "SP501 error /syscalls/0/names/0\n" },
                { NAMES("[7]"), "ERRNO(1) X86_64\n", "SP205 error /syscalls/0/names/0\n" },
                { DENY("'syscalls':[{'action':'SCMP_ACT_ALLOW'}]"), "ERRNO(1) X86_64\n",
                        "SP501 error /syscalls/0\n" },
                { NAMES("['Read','re ad','r\\u00e9ad','read\\n','\\u007f','read']"),
                        "ERRNO(1) X86_64\n",
                        "SP509 error /syscalls/0/names/0\nSP509 error /syscalls/0/names/1\n"
                        "SP509 error /syscalls/0/names/2\nSP509 error /syscalls/0/names/3\n"
                        "SP509 error /syscalls/0/names/4\n" },
                { DENY("'syscalls':[{'name':'read','action':'SCMP_ACT_ALLOW'}]"),
                        "ERRNO(1) X86_64\nread ALLOW\n", "SP502 warning /syscalls/0/name\n" },
                { DENY("'syscalls':[{'names':['read']},{'names':['a'],'action':''},{'names':["
                       "'b'],'action':2},{'names':['c'],'action':'SCMP_ACT_LOG'}]"),
                        "ERRNO(1) X86_64\nc LOG\n",
                        "SP302 error /syscalls/0\nSP302 error /syscalls/1/action\n"
                        "SP205 error /syscalls/2/action\n" },
        };
#undef NAMES

        (void) state;
        run_cases(cases, N_ELEMENTS(cases));
}

static void test_conditions(void **state) {
        static const Case cases[] = {
                { READ_IF(ARG(0, EQ, 18446744073709551615) "," ARG(5, GT, 9007199254740993)),
                        "ERRNO(1) X86_64\nread ALLOW a0 EQ 18446744073709551615 a5 GT "
                        "9007199254740993\n",
                        "" },
                { READ_IF("{'index':1,'op':'SCMP_CMP_MASKED_EQ','value':6,'valueTwo':2}"),
                        "ERRNO(1) X86_64\nread ALLOW a1 MASKED_EQ 6:2\n", "" },
                /* the datum is cut by the mask, as libseccomp does it */
                { READ_IF("{'index':1,'op':'SCMP_CMP_MASKED_EQ','value':6,'valueTwo':11}"),
                        "ERRNO(1) X86_64\nread ALLOW a1 MASKED_EQ 6:2\n",
                        "SP605 warning /syscalls/0/args/0/valueTwo\n" },
                { READ_IF("{'index':1,'op':'SCMP_CMP_MASKED_EQ','value':0}"),
                        "ERRNO(1) X86_64\nread ALLOW a1 MASKED_EQ 0\n",
                        "SP605 warning /syscalls/0/args/0/value\n" },
                /* the second value is MASKED_EQ's alone */
                { READ_IF("{'index':1,'op':'SCMP_CMP_EQ','value':6,'valueTwo':11}"),
                        "ERRNO(1) X86_64\nread ALLOW a1 EQ 6\n",
                        "SP608 warning /syscalls/0/args/0/valueTwo\n" },
                { READ_IF("{'index':1,'op':'SCMP_CMP_EQ','value':6,'valueTwo':0}"),
                        "ERRNO(1) X86_64\nread ALLOW a1 EQ 6\n", "" },
                /* swapped, alone and beside a condition that restricts */
                { READ_IF("{'index':1,'op':'SCMP_CMP_MASKED_EQ','value':0,'valueTwo':6}"),
                        "ERRNO(1) X86_64\n", "SP605 error /syscalls/0/args/0\n" },
                { READ_IF("{'index':1,'op':'SCMP_CMP_MASKED_EQ','value':0,'valueTwo':6},"
                          "{'index':0,'op':'SCMP_CMP_EQ','value':1}"),
                        "ERRNO(1) X86_64\nread ALLOW a1 MASKED_EQ 0 a0 EQ 1\n",
                        "SP605 warning /syscalls/0/args/0\n" },
                { READ_IF("{}"), "ERRNO(1) X86_64\n", "SP602 error /syscalls/0/args/0\n" },
                { READ_IF("{'valueTwo':0}"), "ERRNO(1) X86_64\n",
                        "SP601 error /syscalls/0/args/0\nSP602 error /syscalls/0/args/0\n"
                        "SP602 error /syscalls/0/args/0\n" },
                { READ_IF("{'index':0,'value':1,'op':'SCMP_CMP_EQUAL'}"), "ERRNO(1) X86_64\n",
                        "SP601 error /syscalls/0/args/0/op\n" },
                { READ_IF("{'index':0,'value':1,'op':''}"), "ERRNO(1) X86_64\n",
                        "SP601 error /syscalls/0/args/0/op\n" },
                { READ_IF(ARG(6, EQ, 1)), "ERRNO(1) X86_64\n",
                        "SP602 error /syscalls/0/args/0/index\n" },
                { READ_IF("{'index':0,'value':-1,'op':'SCMP_CMP_EQ'}"), "ERRNO(1) X86_64\n",
                        "SP104 error /syscalls/0/args/0/value\n" },
                { READ_IF("{'index':'0','value':1,'op':2}"), "ERRNO(1) X86_64\n",
                        "SP205 error /syscalls/0/args/0/index\n"
                        "SP205 error /syscalls/0/args/0/op\n" },
                { READ_IF(ARG(0, EQ, 1) "," ARG(1, EQ, 1) "," ARG(2, EQ, 1) "," ARG(
                          3, EQ, 1) "," ARG(4, EQ, 1) "," ARG(5, EQ, 1)),
                        "ERRNO(1) X86_64\nread ALLOW a0 EQ 1 a1 EQ 1 a2 EQ 1 a3 EQ 1 a4 EQ 1 a5 EQ "
                        "1\n",
                        "" },
                { READ_IF(ARG(0, EQ, 1) "," ARG(1, EQ, 1) "," ARG(2, EQ, 1) "," ARG(
                          3, EQ, 1) "," ARG(4, EQ, 1) "," ARG(5, EQ, 1) "," ARG(0, EQ, 2)),
                        "ERRNO(1) X86_64\n", "SP603 error /syscalls/0/args\n" },
        };

        (void) state;
        run_cases(cases, N_ELEMENTS(cases));
}

/* Two conditions on one argument: rules of their own, and how grave that is. */
static void test_split(void **state) {
#define RULE(action, args)                                                                         \
        "{'defaultAction':'SCMP_ACT_KILL','syscalls':[{'names':['read','write'],'action':"         \
        "'SCMP_ACT_" action "','args':[" args "]}]}"
        static const Case cases[] = {
                { RULE("ALLOW", ARG(0, EQ, 1) "," ARG(0, EQ, 2)),
                        "KILL X86_64\nread ALLOW a0 EQ 1\nread ALLOW a0 EQ 2\n"
                        "write ALLOW a0 EQ 1\nwrite ALLOW a0 EQ 2\n",
                        "SP604 warning /syscalls/0/args/1\n" },
                { RULE("ALLOW", ARG(0, GE, 2) "," ARG(1, EQ, 7) "," ARG(0, LE, 4)),
                        "KILL X86_64\nread ALLOW a0 GE 2\nread ALLOW a1 EQ 7\nread ALLOW a0 LE 4\n"
                        "write ALLOW a0 GE 2\nwrite ALLOW a1 EQ 7\nwrite ALLOW a0 LE 4\n",
                        "SP604 error /syscalls/0/args/2\n" },
                /* the third condition was to narrow the choice, and instead widens it */
                { RULE("ALLOW", ARG(0, EQ, 1) "," ARG(0, EQ, 2) "," ARG(1, EQ, 3)),
                        "KILL X86_64\nread ALLOW a0 EQ 1\nread ALLOW a0 EQ 2\nread ALLOW a1 EQ 3\n"
                        "write ALLOW a0 EQ 1\nwrite ALLOW a0 EQ 2\nwrite ALLOW a1 EQ 3\n",
                        "SP604 error /syscalls/0/args/1\n" },
                { RULE("LOG", ARG(3, GE, 2) "," ARG(3, LE, 4)),
                        "KILL X86_64\nread LOG a3 GE 2\nread LOG a3 LE 4\nwrite LOG a3 GE 2\n"
                        "write LOG a3 LE 4\n",
                        "SP604 error /syscalls/0/args/1\n" },
                { RULE("TRAP", ARG(0, GE, 2) "," ARG(0, LE, 4)),
                        "KILL X86_64\nread TRAP a0 GE 2\nread TRAP a0 LE 4\nwrite TRAP a0 GE 2\n"
                        "write TRAP a0 LE 4\n",
                        "SP604 warning /syscalls/0/args/1\n" },
                /* equal halves are one rule */
                { RULE("ALLOW", ARG(0, EQ, 1) "," ARG(0, EQ, 1)),
                        "KILL X86_64\nread ALLOW a0 EQ 1\nwrite ALLOW a0 EQ 1\n",
                        "SP706 info /syscalls/0/names/0\nSP604 warning /syscalls/0/args/1\n" },
        };
#undef RULE

        (void) state;
        run_cases(cases, N_ELEMENTS(cases));
}

static void test_merge(void **state) {
#define RULE(name, action) "{'names':['" name "'],'action':'SCMP_ACT_" action "'}"
        static const Case cases[] = {
                { DENY("'syscalls':[{'names':['read','read','write'],'action':'SCMP_ACT_ALLOW'}"
                       "," RULE("write", "ALLOW") "]"),
                        "ERRNO(1) X86_64\nread ALLOW\nwrite ALLOW\n",
                        "SP706 info /syscalls/0/names/1\nSP706 info /syscalls/1/names/0\n" },
                /* the first of two unconditional rules is kept */
                { DENY("'syscalls':[" RULE("read", "ALLOW") "," RULE("read", "LOG") "]"),
                        "ERRNO(1) X86_64\nread ALLOW\n", "SP701 warning /syscalls/1/names/0\n" },
                { DENY("'syscalls':[" RULE("read", "ALLOW") ",{'names':['read'],'action':"
                                                            "'SCMP_ACT_ERRNO','errnoRet':38}]"),
                        "ERRNO(1) X86_64\nread ALLOW\n", "SP701 warning /syscalls/1/names/0\n" },
                /* rules equal to the default take no part, but are kept */
                { DENY("'syscalls':[" RULE("read", "ERRNO") "," RULE("read", "LOG") "]"),
                        "ERRNO(1) X86_64\nread ERRNO(1)\nread LOG\n", "" },
                { DENY("'syscalls':[" RULE("read", "LOG") "," RULE("read", "ERRNO") "]"),
                        "ERRNO(1) X86_64\nread LOG\nread ERRNO(1)\n", "" },
                /* conditional rules are none of SP701's business */
                { DENY("'syscalls':[{'names':['read'],'action':'SCMP_ACT_LOG','args':[" ARG(
                          0, EQ, 1) "]}," RULE("read", "ALLOW") "]"),
                        "ERRNO(1) X86_64\nread LOG a0 EQ 1\nread ALLOW\n", "" },
                /* the same conditions with another value, operator, argument or action differ */
                { DENY("'syscalls':[{'names':['read'],'action':'SCMP_ACT_ALLOW','args':[" ARG(
                          0, EQ, 1) "]},{'names':['read'],'action':'SCMP_ACT_ALLOW','args':[" ARG(0,
                          EQ, 2) "]},{'names':['read'],'action':'SCMP_ACT_ALLOW','args':[" ARG(0,
                          NE, 1) "]},{'names':['read'],'action':'SCMP_ACT_ALLOW','args':[" ARG(1,
                          EQ, 1) "]},{'names':['read'],'action':'SCMP_ACT_LOG','args':[" ARG(0, EQ,
                          1) "]},{'names':['read'],'action':'SCMP_ACT_ALLOW','args':[" ARG(0, EQ,
                          1) "]}]"),
                        "ERRNO(1) X86_64\nread ALLOW a0 EQ 1\nread ALLOW a0 EQ 2\nread ALLOW a0 NE "
                        "1\nread ALLOW a1 EQ 1\nread LOG a0 EQ 1\n",
                        "SP706 info /syscalls/5/names/0\n" },
        };
#undef RULE

        (void) state;
        run_cases(cases, N_ELEMENTS(cases));
}

/* A profile of `n` rules, one a name, each with a condition on the first argument or none. */
static char *many_rules(size_t n, bool conditional) {
        Buf buf = {};
        char *json = NULL;

        buf_puts(&buf, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[");
        for (size_t i = 0; i < n; i++)
                buf_printf(&buf, "%s\"call%zu\"", i > 0 ? "," : "", i);
        buf_puts(&buf, "],\"action\":\"SCMP_ACT_ALLOW\"");
        if (conditional)
                buf_puts(&buf, ",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]");
        buf_puts(&buf, "},{\"names\":[\"last\"],\"action\":\"SCMP_ACT_ALLOW\"}]}");
        assert_int_equal(buf_take(&buf, &json, NULL), 0);
        return json;
}

static void test_limits(void **state) {
        static const struct {
                size_t n;
                bool conditional;
                size_t n_rules; /* in the policy */
                const char *findings;
        } limits[] = {
                { LIMIT_RULES - 1, false, LIMIT_RULES, "" },
                { LIMIT_RULES, false, LIMIT_RULES, "SP102 error /syscalls/1/names/0\n" },
                { LIMIT_CONDITIONAL_RULES, true, LIMIT_CONDITIONAL_RULES + 1, "" },
                { LIMIT_CONDITIONAL_RULES + 1, true, LIMIT_CONDITIONAL_RULES + 1,
                        "SP813 error /syscalls/0/names/512\n" },
                { LIMIT_RULES + 1, true, LIMIT_CONDITIONAL_RULES,
                        "SP813 error /syscalls/0/names/512\n"
                        "SP102 error /syscalls/0/names/4096\n" },
        };
        const CheckOptions options = options_new();

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(limits); i++) {
                _cleanup_fixture_ Fixture fixture = {};
                _cleanup_free_ char *json = many_rules(limits[i].n, limits[i].conditional);

                print_message("  %zu\n", limits[i].n);
                fixture_resolve(&fixture, json, &options);
                assert_int_equal(fixture.result, 0);
                assert_findings(&fixture.diags, limits[i].findings);
                assert_int_equal(fixture.policy.n_rules, limits[i].n_rules);
        }
}

/* Every name of libseccomp's size of list, four times over: each is found again, none is lost. */
static void test_merge_many(void **state) {
        _cleanup_fixture_ Fixture fixture = {};
        _cleanup_buf_ Buf json = {};
        const CheckOptions options = options_new();
        const size_t n = 1000;

        (void) state;
        buf_puts(&json, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[");
        for (size_t i = 0; i < 4 * n; i++)
                buf_printf(&json, "%s\"c%zu\"", i > 0 ? "," : "", i % n);
        buf_puts(&json, "],\"action\":\"SCMP_ACT_ALLOW\"}]}");
        assert_int_equal(buf_error(&json), 0);
        fixture_resolve(&fixture, json.data, &options);
        assert_findings(&fixture.diags, "SP706 info /syscalls/0/names/1000\n");
        assert_int_equal(fixture.policy.n_rules, n);
        for (size_t i = 0; i < n; i++) {
                char name[16];

                snprintf(name, sizeof(name), "c%zu", i);
                assert_string_equal(fixture.policy.rules[i].name, name);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_conditions),
                cmocka_unit_test(test_split),
                cmocka_unit_test(test_merge),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_merge_many),
        };

        return cmocka_run_group_tests_name("resolve_rules", tests, NULL, NULL);
}
