/* SPDX-License-Identifier: Apache-2.0 */

/* The kubelet roots behind mounts, from mountinfo as pods of several kinds see it. */

#include "support.h"

#include "node/kubelet_root.h"

#include "base/cleanup.h"

#include <string.h>

#define POD "/pods/5b1f0c2e-7f6e-4d6f-9d0b-3f2c1a0b9e8d/volumes/kubernetes.io~configmap/profiles"

#define OVERLAY                                                                                    \
        "600 500 0:52 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/l,upperdir=/u\n"     \
        "601 600 0:55 / /proc rw,nosuid - proc proc rw\n"

typedef struct Row {
        const char *what;
        const char *mountinfo;
        const char *source, *destination;
        const char *source_root, *destination_root; /* expected; NULL: not to be told */
} Row;

static const Row ROWS[] = {
        { "a pod of the chart",
                OVERLAY "602 600 8:1 /var/lib/kubelet" POD
                        " /profiles/main ro - ext4 /dev/sda1 rw\n"
                        "603 600 8:1 /var/lib/kubelet/seccomp/profiles "
                        "/var/lib/kubelet/seccomp/profiles rw - ext4 /dev/sda1 rw\n",
                "/profiles/main", "/var/lib/kubelet/seccomp/profiles", "/var/lib/kubelet",
                "/var/lib/kubelet" },
        { "the wrong root is mounted",
                OVERLAY "602 600 8:1 /var/lib/k0s/kubelet" POD " /profiles/main ro - ext4 d rw\n"
                        "603 600 8:1 /var/lib/kubelet/seccomp/profiles "
                        "/var/lib/kubelet/seccomp/profiles rw - ext4 d rw\n",
                "/profiles/main", "/var/lib/kubelet/seccomp/profiles", "/var/lib/k0s/kubelet",
                "/var/lib/kubelet" },
        { "trailing slashes",
                OVERLAY "602 600 8:1 /k" POD " /profiles/main ro - ext4 d rw\n"
                        "603 600 8:1 /k/seccomp /host/seccomp rw - ext4 d rw\n",
                "/profiles/main//", "/host/seccomp/profiles/", "/k", "/k" },
        { "the kubelet's directory is mounted whole",
                OVERLAY "602 600 8:1 /k" POD " /profiles/main ro - ext4 d rw\n"
                        "603 600 8:1 /k /var/lib/kubelet rw - ext4 d rw\n",
                "/profiles/main", "/var/lib/kubelet/seccomp/profiles", "/k", "/k" },
        { "everything of the host is mounted",
                OVERLAY "602 600 8:1 /k" POD " /profiles/main ro - ext4 d rw\n"
                        "603 600 8:1 / /host rw - ext4 d rw\n",
                "/profiles/main", "/host/k/seccomp/profiles", "/k", "/k" },
        { "the root of the filesystem is the kubelet's",
                OVERLAY "602 600 8:2 " POD " /profiles/main ro - ext4 d rw\n"
                        "603 600 8:2 /seccomp/profiles /dest rw - ext4 d rw\n",
                "/profiles/main", "/dest", "/", "/" },
        { "a separate /var, the wrong root",
                OVERLAY "602 600 8:2 /lib/k0s/kubelet" POD " /profiles/main ro - ext4 d rw\n"
                        "603 600 8:2 /lib/kubelet/seccomp/profiles /dest rw - ext4 d rw\n",
                "/profiles/main", "/dest", "/lib/k0s/kubelet", "/lib/kubelet" },
        { "two filesystems cannot be compared",
                OVERLAY "602 600 8:2 /kubelet" POD " /profiles/main ro - ext4 d rw\n"
                        "603 600 8:1 /var/lib/kubelet/seccomp/profiles /dest rw - ext4 d rw\n",
                "/profiles/main", "/dest", NULL, NULL },
        { "a volume in memory",
                OVERLAY "602 600 0:60 / /profiles/main ro - tmpfs tmpfs rw\n"
                        "603 600 8:1 /var/lib/kubelet/seccomp/profiles /dest rw - ext4 d rw\n",
                "/profiles/main", "/dest", NULL, NULL },
        { "on the host", "1 0 8:1 / / rw - ext4 d rw\n", "/etc/seccompd/profiles",
                "/var/lib/kubelet/seccomp/profiles", NULL, "/var/lib/kubelet" },
        { "on the host, not below seccomp", "1 0 8:1 / / rw - ext4 d rw\n",
                "/etc/seccompd/profiles", "/srv/out", NULL, NULL },
        { "spaces, tabs, backslashes and line feeds",
                OVERLAY
                "602 600 8:1 /my\\040kube\\134let\\011x\\012y" POD
                " /pro\\040files ro - ext4 d rw\n"
                "603 600 8:1 /my\\040kube\\134let\\011x\\012y/seccomp /dest rw - ext4 d rw\n",
                "/pro files", "/dest", "/my kube\\let\tx\ny", "/my kube\\let\tx\ny" },
        { "what is no escape stays",
                OVERLAY "602 600 8:1 /a\\9b\\04" POD " /profiles ro - ext4 d rw\n"
                        "603 600 8:1 /a\\9b\\04/seccomp /dest\\ rw - ext4 d rw\n",
                "/profiles", "/dest\\", "/a\\9b\\04", "/a\\9b\\04" },
        { "the later mount on a point hides the earlier",
                OVERLAY "602 600 8:1 /old" POD " /profiles ro - ext4 d rw\n"
                        "603 600 8:1 /new" POD " /profiles ro - ext4 d rw\n"
                        "604 600 8:1 /k/seccomp /dest rw - ext4 d rw\n",
                "/profiles", "/dest", "/new", "/k" },
        { "the nearest mount counts, whatever the order",
                "604 600 8:1 /k/seccomp /dest rw - ext4 d rw\n"
                "602 600 8:1 /k" POD " /profiles/main ro - ext4 d rw\n"
                "605 600 8:9 /x" POD " /profiles ro - ext4 d rw\n" OVERLAY,
                "/profiles/main", "/dest", "/k", "/k" },
        { "a name that only begins alike is another",
                "602 600 8:1 /k" POD " /profiles/main ro - ext4 d rw\n"
                "603 600 8:1 /wrong" POD " /profiles/ma ro - ext4 d rw\n"
                "604 600 8:1 /k/seccomp /dest rw - ext4 d rw\n"
                "605 600 8:1 /wrong/seccomp /des rw - ext4 d rw\n",
                "/profiles/main", "/dest", "/k", "/k" },
        { "nothing is mounted there", "602 600 8:1 /k" POD " /profiles/ma ro - ext4 d rw\n",
                "/profiles/main", "/dest", NULL, NULL },
        { "a node that is itself a pod",
                OVERLAY "602 600 8:1 /outer" POD "/kubelet" POD " /profiles ro - ext4 d rw\n"
                        "603 600 8:1 /outer" POD "/kubelet/seccomp /dest rw - ext4 d rw\n",
                "/profiles", "/dest", "/outer" POD "/kubelet", "/outer" POD "/kubelet" },
        { "seccomp twice, both the same root",
                OVERLAY
                "602 600 8:1 /data/seccomp/kubelet" POD " /profiles ro - ext4 d rw\n"
                "603 600 8:1 /data/seccomp/kubelet/seccomp/a/seccomp /dest rw - ext4 d rw\n",
                "/profiles", "/dest", "/data/seccomp/kubelet", "/data/seccomp/kubelet" },
        { "seccomp twice, another root",
                OVERLAY "602 600 8:1 /k" POD " /profiles ro - ext4 d rw\n"
                        "603 600 8:1 /data/seccomp/kubelet/seccomp/a /dest rw - ext4 d rw\n",
                "/profiles", "/dest", "/k", "/data/seccomp/kubelet" },
        { "a name that only begins with seccomp",
                OVERLAY "602 600 8:1 /k" POD " /profiles ro - ext4 d rw\n"
                        "603 600 8:1 /seccompd/seccomp-old /dest rw - ext4 d rw\n",
                "/profiles", "/dest", "/k", NULL },
        { "pods without volumes",
                OVERLAY "602 600 8:1 /k/pods/x/etc-hosts /profiles ro - ext4 d rw\n"
                        "603 600 8:1 /k/seccomp /dest rw - ext4 d rw\n",
                "/profiles", "/dest", NULL, "/k" },
        { "pods without a UID",
                OVERLAY "602 600 8:1 /k/pods//volumes/x /profiles ro - ext4 d rw\n"
                        "603 600 8:1 /k/seccomp /dest rw - ext4 d rw\n",
                "/profiles", "/dest", NULL, "/k" },
        { "lines that are none",
                "\n1\n1 2\n1 2 3:4 x\n1 2 3:4 root /profiles\n1 2 3:4 /root relative\n1 2 3:4  \n",
                "/profiles", "/dest", NULL, NULL },
        { "nothing at all", "", "/profiles", "/dest", NULL, NULL },
};

static void assert_root(const Row *row, const char *which, const char *root, const char *expected) {
        if ((root == NULL) != (expected == NULL) || (root && strcmp(root, expected) != 0))
                fail_msg("%s: the %s root is %s, not %s", row->what, which, root ? root : "NULL",
                        expected ? expected : "NULL");
}

static void test_roots_are_found(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(ROWS); i++) {
                const Row *row = &ROWS[i];
                _cleanup_free_ char *source_root = NULL, *destination_root = NULL;

                assert_int_equal(kubelet_root_find(row->mountinfo, row->source, row->destination,
                                         &source_root, &destination_root),
                        0);
                assert_root(row, "source's", source_root, row->source_root);
                assert_root(row, "destination's", destination_root, row->destination_root);
        }
}

static void test_this_machines_own_mounts_can_be_read(void **state) {
        _cleanup_free_ char *mountinfo = support_read_file("/proc/self/mountinfo", NULL);
        _cleanup_free_ char *source_root = NULL, *destination_root = NULL;

        (void) state;
        assert_int_equal(
                kubelet_root_find(mountinfo, "/proc", "/proc", &source_root, &destination_root), 0);
        assert_null(source_root);
        assert_null(destination_root);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_roots_are_found),
                cmocka_unit_test(test_this_machines_own_mounts_can_be_read),
        };

        return cmocka_run_group_tests_name("kubelet_root", tests, NULL, NULL);
}
