/* SPDX-License-Identifier: Apache-2.0 */

/* Another node in words: --node of seccompctl, and the node lines of tests/cases. */

#include "support.h"

#include "checked_node.h"

#include "base/cleanup.h"
#include "profile/compile.h"
#include "profile/node_spec.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#define BIT(n) (UINT64_C(1) << (n))

#define KILL_AND_DENY                                                                              \
        (ACTION_BIT(ACTION_KILL_THREAD) | ACTION_BIT(ACTION_TRAP) | ACTION_BIT(ACTION_ERRNO) |     \
                ACTION_BIT(ACTION_TRACE) | ACTION_BIT(ACTION_ALLOW))
#define SINCE_4_14 (KILL_AND_DENY | ACTION_BIT(ACTION_LOG) | ACTION_BIT(ACTION_KILL_PROCESS))

static CheckOptions options_new(void) {
        return checked_node(arch_by_machine("x86_64"));
}

static void test_words(void **state) {
        static const struct {
                const char *text;
                const char *arch;
                unsigned major, minor;
                uint32_t actions;
                uint64_t capabilities;
        } cases[] = {
                { "arch=x86_64", "SCMP_ARCH_X86_64", 6, 1, 0xff, 0xa80425fb },
                { "arch=arm64", "SCMP_ARCH_AARCH64", 6, 1, 0xff, 0xa80425fb },
                { "arch=aarch64", "SCMP_ARCH_AARCH64", 6, 1, 0xff, 0xa80425fb },
                { "arch=SCMP_ARCH_S390X", "SCMP_ARCH_S390X", 6, 1, 0xff, 0xa80425fb },
                { "arch=x86", "SCMP_ARCH_X86", 6, 1, 0xff, 0xa80425fb },
                { "kernel=5.0", "SCMP_ARCH_X86_64", 5, 0, 0xff, 0xa80425fb },
                { "kernel=4.19.0-27-amd64", "SCMP_ARCH_X86_64", 4, 19, SINCE_4_14, 0xa80425fb },
                { "kernel=4.14", "SCMP_ARCH_X86_64", 4, 14, SINCE_4_14, 0xa80425fb },
                { "kernel=4.13", "SCMP_ARCH_X86_64", 4, 13, KILL_AND_DENY, 0xa80425fb },
                { "kernel=3.4", "SCMP_ARCH_X86_64", 3, 4, 0, 0xa80425fb },
                { "caps=none", "SCMP_ARCH_X86_64", 6, 1, 0xff, 0 },
                { "caps=", "SCMP_ARCH_X86_64", 6, 1, 0xff, 0 },
                { "caps=CAP_BPF,sys_admin", "SCMP_ARCH_X86_64", 6, 1, 0xff,
                        BIT(CAP_BPF) | BIT(CAP_SYS_ADMIN) },
                { "caps=default,CAP_BPF,kernel=5.10,arch=riscv64", "SCMP_ARCH_RISCV64", 5, 10, 0xff,
                        0xa80425fb | BIT(CAP_BPF) },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CheckOptions options = options_new();
                _cleanup_buf_ Buf problem = {};

                if (node_spec_parse(cases[i].text, &options, &problem) < 0)
                        fail_msg("%s: %s", cases[i].text, problem.data);
                assert_int_equal(problem.size, 0);
                assert_string_equal(options.facts.arch->name, cases[i].arch);
                assert_int_equal(options.facts.kernel_major, cases[i].major);
                assert_int_equal(options.facts.kernel_minor, cases[i].minor);
                assert_int_equal(options.facts.actions, cases[i].actions);
                assert_int_equal(options.capabilities.bits, cases[i].capabilities);
                assert_int_equal(options.facts.libseccomp_micro, 4);
        }
}

static void test_mistakes(void **state) {
        static const struct {
                const char *text;
                const char *said;
        } cases[] = {
                { "", "arch=…,kernel=…,caps=…" },
                { "arm64", "what is 'arm64'?" },
                { "arch", "did you mean 'arch'?" },
                { "arhc=arm64", "did you mean 'arch'?" },
                { "arch=arm46", "no node has the architecture 'arm46'; did you mean 'arm64'?" },
                { "arch=vax", "no node has the architecture 'vax'" },
                { "arch=", "no node has the architecture ''" },
                { "arch=x32", "'x32' for its own" },
                { "kernel=new", "write it as 5.10" },
                { "kernel=6", "'6' is no kernel version" },
                { "kernel=6.1,5.10", "'6.1,5.10' is no kernel version" },
                { "caps=CAP_BFP", "unknown capability 'CAP_BFP'; did you mean 'CAP_BPF'?" },
                { "caps=CAP_KILL,fly,kernel=6.1", "unknown capability 'fly'" },
                { "arch=arm64,kernel=soon", "'soon'" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CheckOptions options = options_new();
                const CheckOptions before = options;
                _cleanup_buf_ Buf problem = {};

                assert_int_equal(node_spec_parse(cases[i].text, &options, &problem), -EINVAL);
                if (!strstr(problem.data, cases[i].said))
                        fail_msg("%s: %s", cases[i].text, problem.data);
                assert_null(strchr(problem.data, '\n'));
                assert_memory_equal(&options, &before, sizeof(options));
        }
}

/* A row of the table that this libseccomp cannot compile for is refused, the others are taken. */
static void test_what_libseccomp_lacks(void **state) {
        size_t n_arches = 0, n_taken = 0;
        const Arch *arches = arch_all(&n_arches);

        (void) state;
        for (size_t i = 0; i < n_arches; i++) {
                CheckOptions options = options_new();
                _cleanup_buf_ Buf problem = {};
                char text[64];
                int r;

                snprintf(text, sizeof(text), "arch=%s", arches[i].name);
                r = node_spec_parse(text, &options, &problem);
                assert_true(r == 0 || r == -EINVAL);
                if (r == 0)
                        assert_ptr_equal(options.facts.arch, &arches[i]);
                if (arches[i].token == UINT32_MAX)
                        assert_int_equal(r, -EINVAL);
                n_taken += r == 0;
        }
        assert_true(n_taken >= 8);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_mistakes),
                cmocka_unit_test(test_what_libseccomp_lacks),
        };

        compile_warm_up();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
