/* SPDX-License-Identifier: Apache-2.0 */

/* This node's facts, held against what /proc and libseccomp's headers say. */

#include "support.h"

#include "node/probe.h"

#include "base/cleanup.h"
#include "node/child.h"

#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/utsname.h>

static void test_the_facts_are_this_machines(void **state) {
        NodeFacts facts = {};
        struct utsname uts;
        char release[64];

        (void) state;
        support_needs_seccomp();
        assert_int_equal(node_probe(&facts), 0);
        assert_int_equal(uname(&uts), 0);
        snprintf(release, sizeof(release), "%u.%u", facts.kernel_major, facts.kernel_minor);
        assert_memory_equal(uts.release, release, strlen(release));
        assert_int_equal(facts.arch->token, seccomp_arch_native());
        assert_int_equal(facts.libseccomp_major, seccomp_version()->major);
        assert_int_equal(facts.libseccomp_minor, seccomp_version()->minor);
        assert_int_equal(facts.libseccomp_micro, seccomp_version()->micro);
        assert_int_equal(facts.api_level, seccomp_api_get());
        assert_true(facts.api_level > 0);
}

/* seccomp(2) lists the same in a file for people. */
static void test_the_actions_are_those_that_the_kernel_lists(void **state) {
        static const struct {
                const char *word;
                ActionKind kind;
        } words[] = {
                { "kill_process", ACTION_KILL_PROCESS },
                { "kill_thread", ACTION_KILL_THREAD },
                { "trap", ACTION_TRAP },
                { "errno", ACTION_ERRNO },
                { "user_notif", ACTION_NOTIFY },
                { "trace", ACTION_TRACE },
                { "log", ACTION_LOG },
                { "allow", ACTION_ALLOW },
        };
        _cleanup_free_ char *listed =
                support_read_file("/proc/sys/kernel/seccomp/actions_avail", NULL);
        NodeFacts facts = {};
        uint32_t expected = 0;

        (void) state;
        support_needs_seccomp();
        for (char *word = strtok(listed, " \n"); word; word = strtok(NULL, " \n"))
                for (size_t i = 0; i < N_ELEMENTS(words); i++)
                        if (strcmp(words[i].word, word) == 0)
                                expected |= ACTION_BIT(words[i].kind);
        assert_int_equal(node_probe(&facts), 0);
        assert_int_equal(facts.actions, expected);
}

/* The same libseccomp must be able to compile each of them, and none else. */
static void test_libseccomp_takes_each_action(void **state) {
        static const uint32_t actions[N_ACTION_KINDS] = {
                [ACTION_KILL_THREAD] = SCMP_ACT_KILL_THREAD,
                [ACTION_KILL_PROCESS] = SCMP_ACT_KILL_PROCESS,
                [ACTION_TRAP] = SCMP_ACT_TRAP,
                [ACTION_ERRNO] = SCMP_ACT_ERRNO(1),
                [ACTION_TRACE] = SCMP_ACT_TRACE(1),
                [ACTION_LOG] = SCMP_ACT_LOG,
                [ACTION_NOTIFY] = SCMP_ACT_NOTIFY,
                [ACTION_ALLOW] = SCMP_ACT_ALLOW,
        };
        NodeFacts facts = {};

        (void) state;
        support_needs_seccomp();
        assert_int_equal(node_probe(&facts), 0);
        for (int kind = 0; kind < N_ACTION_KINDS; kind++) {
                scmp_filter_ctx context =
                        seccomp_init(kind == ACTION_ALLOW ? SCMP_ACT_KILL_THREAD : SCMP_ACT_ALLOW);
                int r = seccomp_rule_add(context, actions[kind], SCMP_SYS(read), 0);

                seccomp_release(context);
                assert_int_equal(r == 0, (facts.actions & ACTION_BIT(kind)) != 0);
        }
}

typedef struct OldKernel {
        int api_level; /* of libseccomp; 0: as it is */
        bool denies_seccomp;
        uint32_t lacks;
} OldKernel;

static int probe_on(int fd, void *userdata) {
        const OldKernel *old = userdata;
        scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
        NodeFacts facts = {};
        int r;

        (void) fd;
        if (old->denies_seccomp &&
                (seccomp_rule_add(context, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp), 0) < 0 ||
                        seccomp_load(context) < 0))
                return 1;
        seccomp_release(context);
        if (old->api_level > 0 && seccomp_api_set((unsigned) old->api_level) < 0)
                return 2;
        r = node_probe(&facts);
        if (old->denies_seccomp)
                return r == -ENOSYS && facts.actions == 0 && facts.arch ? 0 : 3;
        return r == 0 && facts.actions == ((ACTION_BIT(N_ACTION_KINDS) - 1) & ~old->lacks) ? 0 : 4;
}

static void test_an_older_node_offers_less(void **state) {
        static const OldKernel rows[] = {
                { 0, true, 0 },
                { 1, false,
                        ACTION_BIT(ACTION_LOG) | ACTION_BIT(ACTION_KILL_PROCESS) |
                                ACTION_BIT(ACTION_NOTIFY) },
                { 3, false, ACTION_BIT(ACTION_NOTIFY) },
                { 5, false, 0 },
        };

        (void) state;
        support_needs_seccomp();
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                _cleanup_child_ Child child = { .fd = -1 };
                OldKernel old = rows[i];
                int status = -1;

                assert_int_equal(child_start(probe_on, &old, 4096, &child), 0);
                assert_int_equal(child_wait(&child, &status), 0);
                if (status != 0)
                        fail_msg("row %zu: status %#x", i, (unsigned) status);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_facts_are_this_machines),
                cmocka_unit_test(test_the_actions_are_those_that_the_kernel_lists),
                cmocka_unit_test(test_libseccomp_takes_each_action),
                cmocka_unit_test(test_an_older_node_offers_less),
        };

        return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
