/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a profile means on a node: each case is a text, the policy it becomes and all that is said
 * of it, both written out and compared whole.
 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/policy.h"

#include <inttypes.h>
#include <string.h>

typedef struct Fixture {
        Arena *arena;
        DiagList diags;
        Document document;
        Policy policy;
        int result; /* of policy_resolve() */
} Fixture;

static void fixture_done(Fixture *fixture) {
        document_done(&fixture->document);
        diags_done(&fixture->diags);
        arena_free(fixture->arena);
}
#define _cleanup_fixture_ _cleanup_(fixture_done)

/* An x86_64 node with kernel 6.1 and containerd's capabilities. */
static CheckOptions options_new(void) {
        return (CheckOptions) {
                .facts = {
                        .arch = arch_by_name("SCMP_ARCH_X86_64"),
                        .kernel_major = 6,
                        .kernel_minor = 1,
                        .actions = UINT32_MAX,
                        .libseccomp_major = 2,
                        .libseccomp_minor = 5,
                        .libseccomp_micro = 4,
                        .api_level = 6,
                },
                .capabilities = capabilities_default(),
        };
}

static void fixture_resolve(Fixture *fixture, const char *json, const CheckOptions *options) {
        Surface surface;

        diags_init(&fixture->diags, &options->rules);
        fixture->arena = arena_new();
        assert_non_null(fixture->arena);
        assert_int_equal(document_parse(fixture->arena, json, strlen(json), &fixture->diags,
                                 &fixture->document),
                0);
        assert_int_equal(surface_parse(&fixture->document, &fixture->diags, &surface), 0);
        fixture->result = policy_resolve(
                &fixture->document, &surface, options, &fixture->diags, &fixture->policy);
        assert_int_equal(diags_finish(&fixture->diags, json, strlen(json)), 0);
}

/* One finding a line: "SP302 error /syscalls/0/action". */
static void assert_findings(const DiagList *diags, const char *expected) {
        _cleanup_buf_ Buf buf = {};

        for (size_t i = 0; i < diags->n; i++)
                buf_printf(&buf, "SP%d %s %s\n", diags->items[i].rule,
                        severity_name(diags->items[i].severity), diags->items[i].pointer);
        assert_int_equal(buf_error(&buf), 0);
        assert_string_equal(buf.data ? buf.data : "", expected);
}

static void put_action(Buf *buf, Action action) {
        buf_puts(buf, action_kind_name(action.kind) + strlen("SCMP_ACT_"));
        if (action_takes_errno(action.kind))
                buf_printf(buf, "(%u)", action.data);
}

static void put_rule(Buf *buf, const PolicyRule *rule) {
        buf_printf(buf, "%s ", rule->name);
        put_action(buf, rule->action);
        for (uint8_t i = 0; i < rule->n_conditions; i++) {
                const Condition *condition = &rule->conditions[i];

                buf_printf(buf, " a%u %s %" PRIu64, condition->index,
                        operator_name(condition->op) + strlen("SCMP_CMP_"), condition->value);
                if (condition->value_two)
                        buf_printf(buf, ":%" PRIu64, condition->value_two);
        }
        buf_putc(buf, '\n');
}

static void assert_policy(const Policy *policy, const char *expected) {
        _cleanup_buf_ Buf buf = {};

        put_action(&buf, policy->default_action);
        for (size_t i = 0; i < policy->n_arches; i++)
                buf_printf(&buf, " %s", policy->arches[i]->name + strlen("SCMP_ARCH_"));
        if (policy->has_flags)
                buf_printf(&buf, " flags=%u", policy->flags);
        if (policy->listener_path)
                buf_printf(&buf, " path=%s", policy->listener_path);
        if (policy->listener_metadata)
                buf_printf(&buf, " metadata=%s", policy->listener_metadata);
        buf_putc(&buf, '\n');
        for (size_t i = 0; i < policy->n_rules; i++)
                put_rule(&buf, &policy->rules[i]);
        assert_int_equal(buf_error(&buf), 0);
        assert_string_equal(buf.data, expected);
}

typedef struct Case {
        const char *json;   /* with ' for " */
        const char *policy; /* NULL: no policy can be made */
        const char *findings;
} Case;

/* A copy with ' turned into ", so that cases can be read. */
static char *unquote(const char *json) {
        char *copy = strdup(json);

        assert_non_null(copy);
        for (char *at = copy; *at; at++)
                if (*at == '\'')
                        *at = '"';
        return copy;
}

static void run_case(const Case *test, const CheckOptions *options) {
        _cleanup_fixture_ Fixture fixture = {};
        _cleanup_free_ char *json = unquote(test->json);

        print_message("  %s\n", test->json);
        fixture_resolve(&fixture, json, options);
        assert_findings(&fixture.diags, test->findings);
        assert_int_equal(fixture.result, test->policy ? 0 : 1);
        if (test->policy)
                assert_policy(&fixture.policy, test->policy);
}

static void run_cases(const Case *cases, size_t n) {
        const CheckOptions options = options_new();

        for (size_t i = 0; i < n; i++)
                run_case(&cases[i], &options);
}

/* A profile that denies by default with what stands in `rest`. */
#define DENY(rest) "{'defaultAction':'SCMP_ACT_ERRNO'," rest "}"
/* A profile of one rule that allows `read` if `args`. */
#define READ_IF(args)                                                                              \
        DENY("'syscalls':[{'names':['read'],'action':'SCMP_ACT_ALLOW','args':[" args "]}]")
#define ARG(index, op, value) "{'index':" #index ",'op':'SCMP_CMP_" #op "','value':" #value "}"

static void test_default(void **state) {
        static const Case cases[] = {
                { "{}", NULL, "SP301 error \n" },
                { "{'defaultAction':''}", NULL, "SP301 error /defaultAction\n" },
                { "{'defaultAction':7}", NULL, "SP205 error /defaultAction\n" },
                { "{'defaultAction':'SCMP_ACT_ALOW'}", NULL, "SP302 error /defaultAction\n" },
                { "{'defaultAction':'SCMP_ACT_KILL_THREAD'}", "KILL X86_64\n", "" },
                { "{'defaultAction':'SCMP_ACT_ERRNO'}", "ERRNO(1) X86_64\n", "" },
                { "{'defaultAction':'SCMP_ACT_TRACE'}", "TRACE(1) X86_64\n", "" },
                { "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38}", "ERRNO(38) X86_64\n",
                        "" },
                { "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrno':'ENOSYS'}",
                        "ERRNO(38) X86_64\n", "SP713 info /defaultErrno\n" },
                { "{'defaultAction':'SCMP_ACT_ALLOW','defaultErrnoRet':1}", "ALLOW X86_64\n",
                        "SP306 warning /defaultErrnoRet\n" },
                { "{'defaultAction':'SCMP_ACT_ALLOW','defaultErrno':'EPERM'}", "ALLOW X86_64\n",
                        "SP306 warning /defaultErrno\n" },
                /* a listener is for NOTIFY alone */
                { DENY("'listenerPath':'/s','listenerMetadata':'m'"), "ERRNO(1) X86_64\n", "" },
                { DENY("'listenerPath':'/s','listenerMetadata':'m','syscalls':[{'names':['read'],"
                       "'action':'SCMP_ACT_ALLOW'},{'names':['mkdir'],'action':'SCMP_ACT_NOTIFY'}"
                       "]"),
                        "ERRNO(1) X86_64 path=/s metadata=m\nread ALLOW\nmkdir NOTIFY\n", "" },
                { "{'defaultAction':'SCMP_ACT_NOTIFY','listenerPath':'/s'}",
                        "NOTIFY X86_64 path=/s\n", "" },
                /* the rest is checked although there is no default */
                { "{'flags':['F'],'syscalls':[{'names':['read'],'action':'X'}]}", NULL,
                        "SP301 error \nSP401 error /flags/0\nSP302 error /syscalls/0/action\n" },
        };

        (void) state;
        run_cases(cases, N_ELEMENTS(cases));
}

static void test_errno(void **state) {
#define RULE(rest) DENY("'syscalls':[{'names':['read']," rest "}]")
        static const Case cases[] = {
                { RULE("'action':'SCMP_ACT_ERRNO','errnoRet':0"),
                        "ERRNO(1) X86_64\nread ERRNO(0)\n",
                        "SP308 warning /syscalls/0/errnoRet\n" },
                { RULE("'action':'SCMP_ACT_TRACE','errnoRet':0"),
                        "ERRNO(1) X86_64\nread TRACE(0)\n", "" },
                { RULE("'action':'SCMP_ACT_TRACE'"), "ERRNO(1) X86_64\nread TRACE(1)\n", "" },
                { RULE("'action':'SCMP_ACT_ERRNO','errnoRet':4094"),
                        "ERRNO(1) X86_64\nread ERRNO(4094)\n", "" },
                { RULE("'action':'SCMP_ACT_ERRNO','errnoRet':4095"),
                        "ERRNO(1) X86_64\nread ERRNO(1)\n", "SP307 error /syscalls/0/errnoRet\n" },
                { RULE("'action':'SCMP_ACT_ERRNO','errnoRet':65537"),
                        "ERRNO(1) X86_64\nread ERRNO(1)\n", "SP307 error /syscalls/0/errnoRet\n" },
                { RULE("'action':'SCMP_ACT_ALLOW','errnoRet':38"), "ERRNO(1) X86_64\nread ALLOW\n",
                        "SP306 warning /syscalls/0/errnoRet\n" },
                { RULE("'action':'SCMP_ACT_ALLOW','errno':''"), "ERRNO(1) X86_64\nread ALLOW\n",
                        "" },
                { RULE("'action':'SCMP_ACT_ERRNO','errno':'EINVAL'"),
                        "ERRNO(1) X86_64\nread ERRNO(22)\n", "SP713 info /syscalls/0/errno\n" },
                { RULE("'action':'SCMP_ACT_ERRNO','errno':'EINVAL','errnoRet':22"),
                        "ERRNO(1) X86_64\nread ERRNO(22)\n", "SP713 info /syscalls/0/errno\n" },
                { RULE("'action':'SCMP_ACT_ERRNO','errno':'EINVAL','errnoRet':2"),
                        "ERRNO(1) X86_64\nread ERRNO(2)\n", "SP713 error /syscalls/0/errno\n" },
                { RULE("'action':'SCMP_ACT_ERRNO','errno':'EWHAT'"),
                        "ERRNO(1) X86_64\nread ERRNO(1)\n", "SP713 error /syscalls/0/errno\n" },
                { RULE("'action':'SCMP_ACT_ERRNO','errno':'13'"),
                        "ERRNO(1) X86_64\nread ERRNO(13)\n", "SP713 info /syscalls/0/errno\n" },
                { RULE("'action':'SCMP_ACT_ERRNO','errno':'13x'"),
                        "ERRNO(1) X86_64\nread ERRNO(1)\n", "SP713 error /syscalls/0/errno\n" },
                { RULE("'action':'SCMP_ACT_ERRNO','errno':'99999999999999999999'"),
                        "ERRNO(1) X86_64\nread ERRNO(1)\n", "SP713 error /syscalls/0/errno\n" },
                { RULE("'action':'SCMP_ACT_ERRNO','errno':'70000'"),
                        "ERRNO(1) X86_64\nread ERRNO(1)\n",
                        "SP307 error /syscalls/0/errno\nSP713 info /syscalls/0/errno\n" },
                { DENY("'defaultErrno':'EPERM','syscalls':[{'names':['read'],'action':"
                       "'SCMP_ACT_ERRNO','errno':'ENOSYS'},{'names':['write'],'action':"
                       "'SCMP_ACT_ERRNO','errno':'EPERM','errnoRet':2}]"),
                        "ERRNO(1) X86_64\nread ERRNO(38)\nwrite ERRNO(2)\n",
                        "SP713 info /defaultErrno\nSP713 error /syscalls/1/errno\n" },
        };
#undef RULE

        (void) state;
        run_cases(cases, N_ELEMENTS(cases));
}

static void test_arches(void **state) {
        static const Case cases[] = {
                { DENY("'architectures':[]"), "ERRNO(1) X86_64\n", "" },
                { DENY("'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X86','SCMP_ARCH_X32']"),
                        "ERRNO(1) X86_64 X86 X32\n", "" },
                { DENY("'architectures':['SCMP_ARCH_X32','SCMP_ARCH_X86_64']"),
                        "ERRNO(1) X86_64 X32\n", "" },
                { DENY("'architectures':['SCMP_ARCH_X86']"), "ERRNO(1) X86_64 X86\n",
                        "SP416 info /architectures\n" },
                { DENY("'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X86_64']"),
                        "ERRNO(1) X86_64\n", "SP416 info /architectures/1\n" },
                { DENY("'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X86','SCMP_ARCH_X86',"
                       "'SCMP_ARCH_X86']"),
                        "ERRNO(1) X86_64 X86\n", "SP416 info /architectures/2\n" },
                { DENY("'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_AARCH64','SCMP_ARCH_ARM']"),
                        "ERRNO(1) X86_64\n", "SP412 info /architectures/1\n" },
                { DENY("'architectures':['SCMP_ARCH_AARCH64','SCMP_ARCH_X86']"),
                        "ERRNO(1) X86_64 X86\n",
                        "SP416 info /architectures\nSP412 info /architectures/0\n" },
                { DENY("'architectures':['SCMP_ARCH_AARCH64','SCMP_ARCH_ARM']"),
                        "ERRNO(1) X86_64\n", "SP412 error /architectures\n" },
                { DENY("'architectures':['SCMP_ARCH_AARCH64',7]"), "ERRNO(1) X86_64\n",
                        "SP412 info /architectures/0\nSP205 error /architectures/1\n" },
                { DENY("'architectures':['SCMP_ARCH_X8664']"), "ERRNO(1) X86_64\n",
                        "SP411 error /architectures/0\n" },
                { DENY("'archMap':[]"), "ERRNO(1) X86_64\n", "" },
                { DENY("'archMap':[{'architecture':'SCMP_ARCH_AARCH64','subArchitectures':["
                       "'SCMP_ARCH_ARM']},{'architecture':'SCMP_ARCH_X86_64','subArchitectures':["
                       "'SCMP_ARCH_X86','SCMP_ARCH_X32']}]"),
                        "ERRNO(1) X86_64 X86 X32\n", "" },
                { DENY("'archMap':[{'architecture':'SCMP_ARCH_AARCH64','subArchitectures':["
                       "'SCMP_ARCH_ARM']}]"),
                        "ERRNO(1) X86_64\n", "" },
                { DENY("'archMap':[{'architecture':'SCMP_ARCH_X86_64'},{'architecture':"
                       "'SCMP_ARCH_X86_64','subArchitectures':['SCMP_ARCH_X86']}]"),
                        "ERRNO(1) X86_64\n", "" },
                { DENY("'archMap':[{'architecture':'SCMP_ARCH_X86_64','subArchitectures':["
                       "'SCMP_ARCH_X86_64','SCMP_ARCH_ARM','SCMP_ARCH_X86']}]"),
                        "ERRNO(1) X86_64 X86\n",
                        "SP416 info /archMap/0/subArchitectures/0\n"
                        "SP412 info /archMap/0/subArchitectures/1\n" },
                { DENY("'archMap':[{},{'architecture':'SCMP_ARCH_ARM','subArchitectures':['X']},"
                       "{'architecture':'Y'}]"),
                        "ERRNO(1) X86_64\n",
                        "SP411 error /archMap/0\nSP411 error /archMap/1/subArchitectures/0\n"
                        "SP411 error /archMap/2/architecture\n" },
                { DENY("'architectures':['SCMP_ARCH_X86_64'],'archMap':[{'architecture':"
                       "'SCMP_ARCH_ARM'}]"),
                        "ERRNO(1) X86_64\n", "SP417 error /archMap\n" },
                { DENY("'architectures':['SCMP_ARCH_X86_64'],'archMap':[]"), "ERRNO(1) X86_64\n",
                        "" },
                { DENY("'architectures':[],'archMap':[{'architecture':'SCMP_ARCH_X86_64',"
                       "'subArchitectures':['SCMP_ARCH_X86']}]"),
                        "ERRNO(1) X86_64 X86\n", "" },
        };

        (void) state;
        run_cases(cases, N_ELEMENTS(cases));
}

static void test_flags(void **state) {
        static const Case cases[] = {
                { DENY("'flags':[]"), "ERRNO(1) X86_64\n", "" },
                { DENY("'flags':['SECCOMP_FILTER_FLAG_LOG','SECCOMP_FILTER_FLAG_TSYNC']"),
                        "ERRNO(1) X86_64 flags=3\n", "" },
                { DENY("'flags':['SECCOMP_FILTER_FLAG_LGO']"), "ERRNO(1) X86_64 flags=0\n",
                        "SP401 error /flags/0\n" },
        };

        (void) state;
        run_cases(cases, N_ELEMENTS(cases));
}

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
                        "ERRNO(1) X86_64\nread ALLOW a1 EQ 6\n", "" },
                { READ_IF("{}"), "ERRNO(1) X86_64\n",
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

/* `selectors` are the members of a rule on read; what the list of rules says of it. */
#define SELECT(selectors)                                                                          \
        DENY("'syscalls':[{'names':['read'],'action':'SCMP_ACT_ALLOW'," selectors "}]")
#define IN  "ERRNO(1) X86_64\nread ALLOW\n"
#define OUT "ERRNO(1) X86_64\n"

static void test_select(void **state) {
        static const Case cases[] = {
                { SELECT("'includes':{},'excludes':{}"), IN, "" },
                { SELECT("'includes':{'minKernel':''}"), IN, "" },
                { SELECT("'includes':{'caps':['CAP_CHOWN']}"), IN,
                        "SP711 info /syscalls/0/includes\n" },
                { SELECT("'includes':{'caps':['CAP_CHOWN','CAP_SYS_ADMIN']}"), OUT,
                        "SP711 info /syscalls/0/includes\n" },
                { SELECT("'excludes':{'caps':['CAP_SYS_ADMIN']}"), IN,
                        "SP711 info /syscalls/0/excludes\n" },
                { SELECT("'excludes':{'caps':['CAP_SYS_ADMIN','CAP_CHOWN']}"), OUT,
                        "SP711 info /syscalls/0/excludes\n" },
                { SELECT("'includes':{'arches':['arm64','amd64']}"), IN,
                        "SP711 info /syscalls/0/includes\n" },
                { SELECT("'includes':{'arches':['arm64','x32']}"), OUT,
                        "SP711 info /syscalls/0/includes\n" },
                { SELECT("'excludes':{'arches':['s390','s390x']}"), IN,
                        "SP711 info /syscalls/0/excludes\n" },
                { SELECT("'excludes':{'arches':['s390','amd64']}"), OUT,
                        "SP711 info /syscalls/0/excludes\n" },
                { SELECT("'includes':{'minKernel':'6.1'}"), IN,
                        "SP712 info /syscalls/0/includes/minKernel\n" },
                { SELECT("'includes':{'minKernel':'5.20'}"), IN,
                        "SP712 info /syscalls/0/includes/minKernel\n" },
                { SELECT("'includes':{'minKernel':'6.2'}"), OUT,
                        "SP712 info /syscalls/0/includes/minKernel\n" },
                { SELECT("'includes':{'minKernel':'7.0'}"), OUT,
                        "SP712 info /syscalls/0/includes/minKernel\n" },
                { SELECT("'excludes':{'minKernel':'6.1'}"), OUT,
                        "SP712 info /syscalls/0/excludes/minKernel\n" },
                { SELECT("'excludes':{'minKernel':'6.2'}"), IN,
                        "SP712 info /syscalls/0/excludes/minKernel\n" },
                { SELECT("'includes':{'minKernel':'new'}"), OUT,
                        "SP712 info /syscalls/0/includes/minKernel\n"
                        "SP712 error /syscalls/0/includes/minKernel\n" },
                /* a part that holds does not make up for one that does not */
                { SELECT("'includes':{'caps':['CAP_CHOWN'],'arches':['arm64']}"), OUT,
                        "SP711 info /syscalls/0/includes\n" },
                { SELECT("'includes':{'caps':['CAP_CHOWN'],'arches':['amd64'],'minKernel':'4.8'}"),
                        IN,
                        "SP711 info /syscalls/0/includes\n"
                        "SP712 info /syscalls/0/includes/minKernel\n" },
                { SELECT("'includes':{'caps':['CAP_CHOWN']},'excludes':{'arches':['amd64']}"), OUT,
                        "SP711 info /syscalls/0/includes\n" },
                /* a word that is no capability */
                { SELECT("'excludes':{'caps':['CAP_SYS_ADMNI']}"), IN,
                        "SP711 info /syscalls/0/excludes\n"
                        "SP711 warning /syscalls/0/excludes/caps/0\n" },
                { SELECT("'includes':{'caps':['cap_chown']}"), OUT,
                        "SP711 info /syscalls/0/includes\n"
                        "SP711 warning /syscalls/0/includes/caps/0\n" },
                /* mistakes in a rule for other nodes are mistakes */
                { DENY("'syscalls':[{'names':['Read'],'action':'X','args':[" ARG(
                          9, EQ, 1) "],'includes':{'arches':['arm64']}}]"),
                        OUT,
                        "SP509 error /syscalls/0/names/0\nSP302 error /syscalls/0/action\n"
                        "SP602 error /syscalls/0/args/0/index\n"
                        "SP711 info /syscalls/0/includes\n" },
        };

        (void) state;
        run_cases(cases, N_ELEMENTS(cases));
}

/* The same profile on another node. */
static void test_other_node(void **state) {
        static const Case cases[] = {
                { SELECT("'includes':{'arches':['arm64','amd64']}"),
                        "ERRNO(1) AARCH64\nread ALLOW\n", "SP711 info /syscalls/0/includes\n" },
                { SELECT("'excludes':{'caps':['CAP_SYS_ADMIN']}"), "ERRNO(1) AARCH64\n",
                        "SP711 info /syscalls/0/excludes\n" },
                { SELECT("'includes':{'minKernel':'6.1'}"), "ERRNO(1) AARCH64\n",
                        "SP712 info /syscalls/0/includes/minKernel\n" },
                { DENY("'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_ARM']"),
                        "ERRNO(1) AARCH64 ARM\n",
                        "SP416 info /architectures\nSP412 info /architectures/0\n" },
                { DENY("'archMap':[{'architecture':'SCMP_ARCH_X86_64','subArchitectures':["
                       "'SCMP_ARCH_X86']},{'architecture':'SCMP_ARCH_AARCH64',"
                       "'subArchitectures':['SCMP_ARCH_ARM']}]"),
                        "ERRNO(1) AARCH64 ARM\n", "" },
        };
        CheckOptions options = options_new();

        (void) state;
        options.facts.arch = arch_by_name("SCMP_ARCH_AARCH64");
        options.facts.kernel_major = 5;
        options.facts.kernel_minor = 15;
        options.capabilities.bits = UINT64_MAX;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
                run_case(&cases[i], &options);
}

static void test_messages(void **state) {
        static const struct {
                const char *json;
                const char *message; /* of the first finding */
                const char *hint;    /* NULL: none */
        } messages[] = {
                { "{'defaultAction':'SCMP_ACT_ALOW'}", "unknown action `SCMP_ACT_ALOW`",
                        "did you mean `SCMP_ACT_ALLOW`?" },
                { "{'defaultAction':'deny'}", "unknown action `deny`", NULL },
                { DENY("'flags':['SECCOMP_FILTER_FLAG_LGO']"), "unknown flag",
                        "did you mean `SECCOMP_FILTER_FLAG_LOG`?" },
                { DENY("'architectures':['SCMP_ARCH_AARCH46']"), "unknown architecture",
                        "did you mean `SCMP_ARCH_AARCH64`?" },
                { DENY("'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_ARM']"),
                        "SCMP_ARCH_ARM cannot run on this node, which is SCMP_ARCH_X86_64", NULL },
                { DENY("'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_ARM','SCMP_ARCH_MIPS']"),
                        "SCMP_ARCH_ARM and 1 more cannot run", NULL },
                { READ_IF("{'index':0,'value':1,'op':'SCMP_CMP_GTE'}"), "SCMP_CMP_GTE",
                        "did you mean `SCMP_CMP_GE`?" },
                { SELECT("'excludes':{'caps':['CAP_SYS_ADMIN','CAP_SYS_ADMNI'],'minKernel':''}"),
                        "1 of 1 such rules apply", NULL },
                { DENY("'syscalls':[{'names':['a'],'action':'SCMP_ACT_ERRNO','errnoRet':2},{'names'"
                       ":["
                       "'a'],'action':'SCMP_ACT_ERRNO','errnoRet':38}]"),
                        "(SCMP_ACT_ERRNO(2) in /syscalls/0), which runtimes keep; "
                        "SCMP_ACT_ERRNO(38) here",
                        "keep one of the two rules" },
                { DENY("'syscalls':[{'names':['a','b','a','b','a'],'action':'SCMP_ACT_ALLOW'}]"),
                        "`a` and 2 more: repeated", NULL },
                { DENY("'syscalls':[{'names':['a','b'],'action':'SCMP_ACT_ALLOW'},{'names':['b',"
                       "'a'],'action':'SCMP_ACT_KILL_PROCESS'}]"),
                        "`b` and 1 more: decided by an earlier unconditional rule (SCMP_ACT_ALLOW "
                        "in /syscalls/0), which runtimes keep; SCMP_ACT_KILL_PROCESS here",
                        "keep one of the two rules" },
        };
        const CheckOptions options = options_new();

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(messages); i++) {
                _cleanup_fixture_ Fixture fixture = {};
                _cleanup_free_ char *json = unquote(messages[i].json);
                const Diag *diag = NULL;

                print_message("  %s\n", json);
                fixture_resolve(&fixture, json, &options);
                assert_true(fixture.diags.n > 0);
                diag = &fixture.diags.items[0];
                assert_non_null(strstr(diag->message, messages[i].message));
                if (messages[i].hint)
                        assert_string_equal(diag->hint, messages[i].hint);
                else
                        assert_null(diag->hint);
        }
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
                cmocka_unit_test(test_default),
                cmocka_unit_test(test_errno),
                cmocka_unit_test(test_arches),
                cmocka_unit_test(test_flags),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_conditions),
                cmocka_unit_test(test_split),
                cmocka_unit_test(test_merge),
                cmocka_unit_test(test_select),
                cmocka_unit_test(test_other_node),
                cmocka_unit_test(test_messages),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_merge_many),
        };

        return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
