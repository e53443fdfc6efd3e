/* SPDX-License-Identifier: Apache-2.0 */

/* policy_log_only(): what becomes of each action, as a default and in rules. */

#include "resolve_fixture.h"

#include "profile/log_only.h"

static const Case cases[] = {
        { "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':["
          "{'names':['read'],'action':'SCMP_ACT_ALLOW'},{'names':['write'],'action':'SCMP_ACT_LOG'}"
          ","
          "{'names':['mount'],'action':'SCMP_ACT_KILL'},{'names':['bpf'],'action':'SCMP_ACT_TRACE'}"
          ","
          "{'names':['ioctl'],'action':'SCMP_ACT_ALLOW','args':[" ARG(
                  1, GT, 5) "]},"
                            "{'names':['clone3'],'action':'SCMP_ACT_ERRNO','errnoRet':38}]}",
                "LOG X86_64\nread ALLOW\nioctl ALLOW a1 GT 5\n", "" },
        { "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':["
          "{'names':['mount'],'action':'SCMP_ACT_KILL_PROCESS'},"
          "{'names':['bpf'],'action':'SCMP_ACT_TRAP'},{'names':['read'],'action':'SCMP_ACT_LOG'},"
          "{'names':['socket'],'action':'SCMP_ACT_NOTIFY'},"
          "{'names':['ioctl'],'action':'SCMP_ACT_ERRNO','args':[" ARG(
                  1, GT, 5) "]}],"
                            "'listenerPath':'/run/agent'}",
                "ALLOW X86_64 path=/run/agent\nmount LOG\nbpf LOG\nread LOG\nsocket NOTIFY\n"
                "ioctl LOG a1 GT 5\n",
                "" },
        { "{'defaultAction':'SCMP_ACT_KILL','architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X86'],"
          "'flags':['SECCOMP_FILTER_FLAG_LOG']}",
                "LOG X86_64 X86 flags=2\n", "" },
        { "{'defaultAction':'SCMP_ACT_LOG','syscalls':["
          "{'names':['read'],'action':'SCMP_ACT_ALLOW'},"
          "{'names':['write'],'action':'SCMP_ACT_ERRNO'}]}",
                "LOG X86_64\nread ALLOW\n", "" },
};

static void test_actions(void **state) {
        const CheckOptions options = options_new();

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture fixture = {};
                _cleanup_free_ char *json = unquote(cases[i].json);
                Policy trial, again;

                fixture_resolve(&fixture, json, &options);
                assert_int_equal(fixture.result, 0);
                assert_int_equal(policy_log_only(fixture.arena, &fixture.policy, &trial), 0);
                assert_policy(&trial, cases[i].policy);
                assert_int_equal(policy_log_only(fixture.arena, &trial, &again), 0);
                assert_policy(&again, cases[i].policy);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_actions),
        };

        return cmocka_run_group_tests_name("log_only", tests, NULL, NULL);
}
