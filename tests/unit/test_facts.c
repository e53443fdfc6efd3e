/* SPDX-License-Identifier: Apache-2.0 */

/* Capabilities and kernel versions: the words of a node. */

#include "support.h"

#include "base/cleanup.h"
#include "profile/facts.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#define BIT(n) (UINT64_C(1) << (n))

static void test_capability_names(void **state) {
        (void) state;
        assert_int_equal(capability_count(), CAP_LAST_CAP + 1);
        for (unsigned i = 0; i < capability_count(); i++) {
                assert_non_null(capability_name(i));
                assert_int_equal(strncmp(capability_name(i), "CAP_", 4), 0);
                assert_int_equal(capability_number(capability_name(i)), (int) i);
        }
        assert_null(capability_name(capability_count()));
        assert_null(capability_name(UINT32_MAX));
        assert_int_equal(capability_number("CAP_CHOWN"), 0);
        assert_int_equal(capability_number("CAP_SYS_ADMIN"), 21);
        assert_int_equal(capability_number("CAP_CHECKPOINT_RESTORE"), 40);
        assert_int_equal(capability_number("SYS_ADMIN"), -EINVAL);
        assert_int_equal(capability_number("cap_sys_admin"), -EINVAL);
        assert_int_equal(capability_number(""), -EINVAL);
}

/* Each name stands at its number in the kernel's header. */
static void test_capability_numbers_of_the_kernel(void **state) {
        _cleanup_fclose_ FILE *header = fopen("/usr/include/linux/capability.h", "re");
        char line[256], name[64];
        int number = 0;
        size_t n = 0;

        (void) state;
        if (!header)
                support_skip("no header of the kernel here");
        while (fgets(line, sizeof(line), header)) {
                if (sscanf(line, "#define CAP_%59s %d", name + 4, &number) != 2)
                        continue;
                memcpy(name, "CAP_", 4);
                assert_int_equal(capability_number(name), number);
                n++;
        }
        assert_int_equal(n, capability_count());
}

/* As containerd's default: the effective set of an ordinary container, 0xa80425fb in /proc. */
static void test_default(void **state) {
        (void) state;
        assert_int_equal(capabilities_default().bits, 0xa80425fb);
        assert_int_equal(__builtin_popcountll(capabilities_default().bits), 14);
}

static void test_parse(void **state) {
        static const struct {
                const char *text;
                uint64_t bits;
        } cases[] = {
                { "", 0 },
                { "none", 0 },
                { "None", 0 },
                { "default", 0xa80425fb },
                { "CAP_CHOWN", BIT(CAP_CHOWN) },
                { "CAP_CHOWN,CAP_KILL", BIT(CAP_CHOWN) | BIT(CAP_KILL) },
                { "chown,Cap_Kill,KILL", BIT(CAP_CHOWN) | BIT(CAP_KILL) },
                { "bpf", BIT(CAP_BPF) },
                { "checkpoint_restore", BIT(CAP_CHECKPOINT_RESTORE) },
                { "default,SYS_ADMIN", 0xa80425fb | BIT(CAP_SYS_ADMIN) },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CapabilitySet set = { UINT64_MAX };

                assert_int_equal(capabilities_parse(cases[i].text, &set, NULL), 0);
                assert_int_equal(set.bits, cases[i].bits);
        }
}

static void test_parse_refuses(void **state) {
        static const struct {
                const char *text;
                size_t at;
        } cases[] = {
                { "CAP_NONSENSE", 0 },
                { "CAP_CHOWN,CAP_", 10 },
                { "CAP_CHOWN,", 10 },
                { ",CAP_CHOWN", 0 },
                { "CAP_CHOWN,,CAP_KILL", 10 },
                { "CAP_CHOWN, CAP_KILL", 10 },
                { "CAP_CHOWN,none", 10 },
                { "CAP_CHOW,CAP_X", 0 },
                { "CAP_CAP_CHOWN", 0 },
                { "ALL", 0 },
                { "21", 0 },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CapabilitySet set = { 77 };
                const char *word = NULL;

                assert_int_equal(capabilities_parse(cases[i].text, &set, &word), -EINVAL);
                assert_ptr_equal(word, cases[i].text + cases[i].at);
                assert_int_equal(set.bits, 77);
                assert_int_equal(capabilities_parse(cases[i].text, &set, NULL), -EINVAL);
        }
}

static void test_kernel_versions(void **state) {
        static const struct {
                const char *release;
                unsigned major, minor;
        } good[] = {
                { "6.1.0-18-amd64", 6, 1 },
                { "6.1", 6, 1 },
                { "4.14.336", 4, 14 },
                { "5.10+", 5, 10 },
                { "6.18-rc1", 6, 18 },
                { "3.10.0-1160.el7.x86_64", 3, 10 },
                { "2.6.32", 2, 6 },
                { "0.0", 0, 0 },
                { "9999.9999", 9999, 9999 },
        };
        static const char *const bad[] = { "", "6", "6.", ".1", "6.x", "x.1", "6.1x", " 6.1",
                "-6.1", "+6.1", "6.-1", "6,1", "10000.1", "6.10000", "99999999999999999999.1" };
        unsigned major = 0, minor = 0;

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(good); i++) {
                assert_int_equal(kernel_version_parse(good[i].release, &major, &minor), 0);
                assert_int_equal(major, good[i].major);
                assert_int_equal(minor, good[i].minor);
        }
        major = minor = 7;
        for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
                assert_int_equal(kernel_version_parse(bad[i], &major, &minor), -EINVAL);
                assert_int_equal(major, 7);
                assert_int_equal(minor, 7);
        }
}

static void test_suggestions(void **state) {
        (void) state;
        assert_string_equal(capability_suggest("SYS_ADMIN"), "CAP_SYS_ADMIN");
        assert_string_equal(capability_suggest("sys_admin"), "CAP_SYS_ADMIN");
        assert_string_equal(capability_suggest("NET_ADMN"), "CAP_NET_ADMIN");
        assert_string_equal(capability_suggest("CAP_SYS_BOOTT"), "CAP_SYS_BOOT");
        assert_string_equal(capability_suggest("CPA_MAC_ADMIN"), "CAP_MAC_ADMIN");
        assert_null(capability_suggest("CAP_ALL"));
        assert_null(capability_suggest("ADMIN"));
        assert_null(capability_suggest(""));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_capability_names),
                cmocka_unit_test(test_capability_numbers_of_the_kernel),
                cmocka_unit_test(test_default),
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_parse_refuses),
                cmocka_unit_test(test_kernel_versions),
                cmocka_unit_test(test_suggestions),
        };

        return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
