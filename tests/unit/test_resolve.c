/* SPDX-License-Identifier: Apache-2.0 */

/* What a profile means on a node: the default, errnos, architectures, flags, selectors. */

#include "resolve_fixture.h"

#include "profile/resolve_internal.h"

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
                        "ERRNO(1) X86_64 X86 X32\n", "SP418 info /archMap\n" },
                { DENY("'archMap':[{'architecture':'SCMP_ARCH_AARCH64','subArchitectures':["
                       "'SCMP_ARCH_ARM']}]"),
                        "ERRNO(1) X86_64\n", "" },
                { DENY("'archMap':[{'architecture':'SCMP_ARCH_X86_64'},{'architecture':"
                       "'SCMP_ARCH_X86_64','subArchitectures':['SCMP_ARCH_X86']}]"),
                        "ERRNO(1) X86_64\n", "" },
                { DENY("'archMap':[{'architecture':'SCMP_ARCH_X86_64','subArchitectures':["
                       "'SCMP_ARCH_X86_64','SCMP_ARCH_ARM','SCMP_ARCH_X86']}]"),
                        "ERRNO(1) X86_64 X86\n",
                        "SP418 info /archMap\nSP416 info /archMap/0/subArchitectures/0\n"
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
                        "ERRNO(1) X86_64 X86\n", "SP418 info /archMap\n" },
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
                /* a word that is no architecture of Docker's */
                { SELECT("'includes':{'arches':['x86_64']}"), OUT,
                        "SP711 info /syscalls/0/includes\n"
                        "SP711 warning /syscalls/0/includes/arches/0\n" },
                { SELECT("'includes':{'arches':['x86_64','amd64']}"), IN,
                        "SP711 info /syscalls/0/includes\n"
                        "SP711 warning /syscalls/0/includes/arches/0\n" },
                { SELECT("'excludes':{'arches':['amd46']}"), IN,
                        "SP711 info /syscalls/0/excludes\n"
                        "SP711 warning /syscalls/0/excludes/arches/0\n" },
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
                        "ERRNO(1) AARCH64 ARM\n", "SP418 info /archMap\n" },
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
                { "{'defaultAction':'deny'}", "unknown action `deny`",
                        "did you mean `SCMP_ACT_ERRNO`?" },
                { "{'defaultAction':'whatever'}", "unknown action `whatever`",
                        "an action is SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_ACT_LOG, "
                        "SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL, SCMP_ACT_TRAP, SCMP_ACT_TRACE or "
                        "SCMP_ACT_NOTIFY" },
                { "{'defaultAction':'SCMP_ACT_ERRNO(38)'}", "unknown action",
                        "write \"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38" },
                { DENY("'syscalls':[{'names':['read'],'action':'SCMP_ACT_TRACE: EPERM'}]"),
                        "unknown action", "write \"action\": \"SCMP_ACT_TRACE\", \"errnoRet\": 1" },
                { "{'defaultAction':'SCMP_ACT_ERRNO(what)'}", "unknown action", ACTIONS_HINT },
                { "{'defaultAction':'SCMP_ACT_ALLOW(38)'}", "unknown action", ACTIONS_HINT },
                { "{'defaultAction':'SCMP_ACT_\u0415RRNO'}", "unknown action",
                        "the word has a character that is not ASCII, however it looks (U+0415): "
                        "type it anew" },
                { DENY("'architectures':['SCMP_ARCH_X86_6\u200b4']"), "unknown architecture",
                        "the word has a character that is not ASCII, however it looks (U+200B): "
                        "type it anew, as `SCMP_ARCH_X86_64`" },
                { READ_IF("{'index':0,'value':1,'op':'SCMP_CMP_MASKED_\u0415Q'}"),
                        "unknown operator",
                        "the word has a character that is not ASCII, however it looks (U+0415): "
                        "type it anew, as `SCMP_CMP_MASKED_EQ`" },
                { READ_IF("{'index':0,'value':1,'op':'SCMP_CMP_MASKED_NE'}"), "unknown operator",
                        "no operator says that masked bits differ: that the one bit is the other "
                        "way "
                        "says SCMP_CMP_MASKED_EQ with \"value\": 1, \"valueTwo\": 1" },
                { READ_IF("{'index':0,'value':6,'op':'SCMP_CMP_MASKED_NEQ'}"), "unknown operator",
                        "no operator says that masked bits differ: for each bit write a rule with "
                        "SCMP_CMP_MASKED_EQ, `value` that bit, `valueTwo` what it is to be" },
                { DENY("'syscalls':[{'names':['clone3, fchmodat2'],'action':'SCMP_ACT_ALLOW'}]"),
                        "cannot be the name", "write [\"clone3\", \"fchmodat2\"]" },
                { DENY("'syscalls':[{'names':['openat close'],'action':'SCMP_ACT_ALLOW'}]"),
                        "cannot be the name", "write [\"openat\", \"close\"]" },
                { DENY("'syscalls':[{'names':['Openat,close'],'action':'SCMP_ACT_ALLOW'}]"),
                        "cannot be the name",
                        "write one string for each name: [\"openat\", \"close\"]" },
                { DENY("'syscalls':[{'names':['execve;'],'action':'SCMP_ACT_ALLOW'}]"),
                        "cannot be the name", "write \"execve\"" },
                { DENY("'syscalls':[{'names':[';'],'action':'SCMP_ACT_ALLOW'}]"),
                        "cannot be the name",
                        "write one string for each name: [\"openat\", \"close\"]" },
                { DENY("'syscalls':[{'names':['a'],'action':'SCMP_ACT_TRAP','errnoRet':38}]"),
                        "SCMP_ACT_TRAP takes no errno",
                        "leave it out or, to answer with it, write \"action\": "
                        "\"SCMP_ACT_ERRNO\"" },
                { "{'defaultAction':'SCMP_ACT_KILL','defaultErrno':'EPERM'}",
                        "SCMP_ACT_KILL takes no errno",
                        "leave it out or, to answer with it, write \"defaultAction\": "
                        "\"SCMP_ACT_ERRNO\"" },
                { "{'defaultAction':'SCMP_ACT_ALLOW','defaultErrnoRet':1}",
                        "SCMP_ACT_ALLOW takes no errno", "leave it out" },
                { SELECT("'includes':{'minKernel':'>=5.10'}"), "`>=5.10` is no kernel version",
                        "write it as \"5.10\"" },
                { SELECT("'includes':{'minKernel':'v5.10.3'}"), "is no kernel version",
                        "write it as \"5.10\"" },
                { SELECT("'includes':{'minKernel':' 5'}"), "is no kernel version",
                        "write it as \"5.0\"" },
                { SELECT("'includes':{'minKernel':'<5.10'}"), "is no kernel version",
                        "write major and minor alone, as in \"4.8\"" },
                { SELECT("'includes':{'minKernel':'5-10'}"), "is no kernel version",
                        "write major and minor alone, as in \"4.8\"" },
                { SELECT("'includes':{'minKernel':'v99999999999.1'}"), "is no kernel version",
                        "write major and minor alone, as in \"4.8\"" },
                { READ_IF("{}"), "an empty condition",
                        "take it out, or write its `index`, `value` and `op`" },
                { DENY("'syscalls':[{'names':['read '],'action':'SCMP_ACT_ALLOW'}]"),
                        "cannot be the name", "did you mean `read`?" },
                { DENY("'syscalls':[{'names':['rea d'],'action':'SCMP_ACT_ALLOW'}]"),
                        "cannot be the name", "did you mean `read`?" },
                { "{}", "defaultAction is missing",
                        "\"defaultAction\": \"SCMP_ACT_ERRNO\" denies what no rule allows" },
                { "{'syscalls':[{'names':['a'],'action':'SCMP_ACT_ERRNO'},{'names':['b'],'action':"
                  "'SCMP_ACT_KILL_PROCESS'},{'names':['c'],'action':'SCMP_ACT_KILL'},{'names':['d']"
                  ","
                  "'action':'SCMP_ACT_TRAP'}]}",
                        "defaultAction is missing",
                        "these rules only deny: \"defaultAction\": \"SCMP_ACT_ALLOW\" makes them a "
                        "deny list; an allow list needs rules that allow" },
                { "{'syscalls':[{'names':['a'],'action':'SCMP_ACT_ERRNO'},{'names':['b'],'action':"
                  "'SCMP_ACT_ALLOW'}]}",
                        "defaultAction is missing",
                        "\"defaultAction\": \"SCMP_ACT_ERRNO\" denies what no rule allows" },
                { READ_IF("{'index':0,'value':0,'valueTwo':2114060288,'op':'SCMP_CMP_MASKED_EQ'}"),
                        "the mask is 0: the condition holds whatever the argument is, and the rule "
                        "allows the call",
                        "swapped? the mask is `value`: \"value\": 2114060288, \"valueTwo\": 0" },
                { READ_IF(ARG(0, GE, 2) "," ARG(0, LE, 4)), "argument 0 has two conditions",
                        "if both must hold, write a rule with SCMP_CMP_EQ for each value from 2 "
                        "to 4 that is meant: there are no ranges" },
                { READ_IF(ARG(0, NE, 9) "," ARG(0, NE, 8)), "argument 0 has two conditions",
                        "if both must hold, write a rule with SCMP_CMP_LT and \"value\": 8, and "
                        "one "
                        "with SCMP_CMP_GT and \"value\": 9" },
                { READ_IF(ARG(1, EQ, 1) "," ARG(0, NE, 4) "," ARG(0, NE, 8)),
                        "argument 0 has two conditions",
                        "if both must hold, write a rule with SCMP_CMP_LT and \"value\": 4, and "
                        "one "
                        "with SCMP_CMP_GT and \"value\": 8, and one with SCMP_CMP_EQ for each "
                        "value "
                        "between that is meant" },
                { READ_IF(ARG(0, LT, 2) "," ARG(0, GT, 4)), "argument 0 has two conditions",
                        "if both must hold, no value fulfils them" },
                { DENY_IF("{'index':0,'value':1,'valueTwo':1,'op':'SCMP_CMP_MASKED_EQ'},"
                          "{'index':0,'value':6,'valueTwo':2,'op':'SCMP_CMP_MASKED_EQ'}"),
                        "argument 0 has two conditions",
                        "if one is to be enough, write a rule for each condition; if both must "
                        "hold, "
                        "write one condition, SCMP_CMP_MASKED_EQ with \"value\": 7, \"valueTwo\": "
                        "3" },
                { DENY_IF("{'index':0,'value':0,'valueTwo':8,'op':'SCMP_CMP_MASKED_EQ'}"),
                        "the mask is 0",
                        "swapped? the mask is `value`: \"value\": 8, \"valueTwo\": 8" },
                { DENY_IF("{'index':0,'value':0,'valueTwo':12,'op':'SCMP_CMP_MASKED_EQ'}"),
                        "the mask is 0",
                        "for each of the bits write a rule with `value` and `valueTwo` equal to "
                        "it" },
                { DENY_IF("{'index':0,'value':8,'op':'SCMP_CMP_MASKED_EQ'}"), "without `valueTwo`",
                        "to deny where the bit is set, write \"valueTwo\": 8" },
                { READ_IF(ARG(0, EQ, 2) "," ARG(0, EQ, 4)), "argument 0 has two conditions",
                        "write a rule for each condition" },
                { READ_IF("{'index':0,'value':2,'valueTwo':5,'op':'SCMP_CMP_GE'}"),
                        "SCMP_CMP_GE looks at `value` alone",
                        "leave it out: a condition has one bound, and a range is none" },
                { READ_IF("{'index':0,'value':2,'valueTwo':5,'op':'SCMP_CMP_NE'}"),
                        "SCMP_CMP_NE looks at `value` alone",
                        "leave it out; a mask is written with SCMP_CMP_MASKED_EQ" },
                { DENY("'flags':['LOG']"), "unknown flag `LOG`",
                        "did you mean `SECCOMP_FILTER_FLAG_LOG`?" },
                { DENY("'architectures':['arm64']"), "unknown architecture `arm64`",
                        "did you mean `SCMP_ARCH_AARCH64`?" },
                { READ_IF("{'index':0,'value':1,'op':'>='}"), "unknown operator `>=`",
                        "did you mean `SCMP_CMP_GE`?" },
                { DENY("'syscalls':[{'names':['Kexec-load'],'action':'SCMP_ACT_ALLOW'}]"),
                        "`Kexec-load` cannot be the name of a system call",
                        "did you mean `kexec_load`?" },
                { DENY("'syscalls':[{'names':['read'],'action':'SCMP_ACT_ERRNO','errno':'EPREM'}]"),
                        "`EPREM` is no errno of Linux", "did you mean `EPERM`?" },
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
                { DENY("'architectures':['x64']"), "unknown architecture `x64`",
                        "did you mean `SCMP_ARCH_X86_64`?" },
                { DENY("'architectures':['native']"), "unknown architecture `native`",
                        ARCHES_HINT },
                { READ_IF("{'index':0,'value':1,'op':'SCMP_CMP_IN'}"), "SCMP_CMP_IN",
                        OPERATORS_HINT },
                { "{'defaultAction':'SCMP_ACT_NONE'}", "SCMP_ACT_NONE", ACTIONS_HINT },
                { SELECT("'excludes':{'caps':['CAP_SYS_ADMIN','CAP_SYS_ADMNI'],'minKernel':''}"),
                        "1 of 1 such rules apply", NULL },
                { DENY("'syscalls':[{'names':['a'],'action':'SCMP_ACT_ALLOW','includes':{'caps':["
                       "'CAP_CHOWN']}},{'names':['b'],'action':'SCMP_ACT_ALLOW','includes':{"
                       "'minKernel':'99.0'}}]"),
                        "1 of 2 such rules apply", NULL },
                { DENY("'syscalls':[{'names':['a'],'action':'SCMP_ACT_ERRNO','errnoRet':2},{'names'"
                       ":["
                       "'a'],'action':'SCMP_ACT_ERRNO','errnoRet':38}]"),
                        "rule, SCMP_ACT_ERRNO(2) in line 1 (/syscalls/0), which runtimes keep; "
                        "SCMP_ACT_ERRNO(38) here",
                        "keep one of the two rules" },
                { DENY("'syscalls':[{'names':['a','b','a','b','a'],'action':'SCMP_ACT_ALLOW'}]"),
                        "`a` and 2 more: repeated", NULL },
                { DENY("'syscalls':[{'names':['a','b'],'action':'SCMP_ACT_ALLOW'},{'names':['b',"
                       "'a'],'action':'SCMP_ACT_KILL_PROCESS'}]"),
                        "`b` and 1 more: decided by an earlier unconditional rule, SCMP_ACT_ALLOW "
                        "in line 1 (/syscalls/0), which runtimes keep; SCMP_ACT_KILL_PROCESS here",
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
                for (size_t j = 0; j < fixture.diags.n && !diag; j++)
                        if (strstr(fixture.diags.items[j].message, messages[i].message))
                                diag = &fixture.diags.items[j];
                assert_non_null(diag);
                if (messages[i].hint)
                        assert_string_equal(diag->hint, messages[i].hint);
                else
                        assert_null(diag->hint);
        }
}

/* Whether a word stands in a list, and not only as a part of one. */
static bool has_word(const char *text, const char *word) {
        for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
                if ((at == text || at[-1] == ' ') && strchr(", ;", at[strlen(word)]))
                        return true;
        return false;
}

/* The lists that are said where no word is near are those of the tables. */
static void test_hints_are_whole(void **state) {
        size_t n_arches = 0;
        const Arch *arches = arch_all(&n_arches);

        (void) state;
        for (size_t i = 0; i < n_arches; i++) {
                assert_true(has_word(ARCHES_HINT, arches[i].name + strlen("SCMP_ARCH")) ||
                        has_word(ARCHES_HINT, arches[i].name));
                assert_true(!arches[i].go_name || has_word(GO_ARCHES_HINT, arches[i].go_name));
        }
        for (ActionKind kind = 0; kind < N_ACTION_KINDS; kind++)
                assert_true(has_word(ACTIONS_HINT, action_kind_name(kind)));
        for (Operator op = 0; op < N_OPERATORS; op++)
                assert_true(has_word(OPERATORS_HINT, operator_name(op)));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_default),
                cmocka_unit_test(test_errno),
                cmocka_unit_test(test_arches),
                cmocka_unit_test(test_flags),
                cmocka_unit_test(test_select),
                cmocka_unit_test(test_other_node),
                cmocka_unit_test(test_messages),
                cmocka_unit_test(test_hints_are_whole),
        };

        return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
