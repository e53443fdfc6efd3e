/* SPDX-License-Identifier: Apache-2.0 */

/* Which addresses can be listened at, and whose socket files are replaced and removed. */

#include "support.h"

#include "base/cleanup.h"
#include "report/listen_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

/* --- clients --- */

static int dial(const struct sockaddr *address, socklen_t size_bytes) {
        int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int r;

        if (fd < 0)
                return -errno;
        r = connect(fd, address, size_bytes) < 0 ? -errno : 0;
        close(fd);
        return r;
}

static int dial_unix(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        assert_true(strlen(path) < sizeof(address.sun_path));
        strcpy(address.sun_path, path);
        return dial((const struct sockaddr *) &address, sizeof(address));
}

static int dial_v4(const char *host, unsigned port) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t) port) };

        assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
        return dial((const struct sockaddr *) &address, sizeof(address));
}

static int dial_v6(const char *host, unsigned port) {
        struct sockaddr_in6 address = { .sin6_family = AF_INET6,
                .sin6_port = htons((uint16_t) port) };

        assert_int_equal(inet_pton(AF_INET6, host, &address.sin6_addr), 1);
        return dial((const struct sockaddr *) &address, sizeof(address));
}

static bool has_ipv6(void) {
        return dial_v6("::1", 1) == -ECONNREFUSED;
}

/* --- helpers --- */

static ListenSocket must_open(const char *address) {
        ListenSocket result = { .fd = -1 };
        char *problem = NULL;
        int r = listen_socket_open(address, &result, &problem);

        if (r < 0)
                fail_msg("%s: %s, %s", address, strerror(-r), problem ? problem : "no reason");
        assert_null(problem);
        assert_true(result.fd >= 0);
        assert_int_equal(fcntl(result.fd, F_GETFD), FD_CLOEXEC);
        assert_true(fcntl(result.fd, F_GETFL) & O_NONBLOCK);
        return result;
}

static void must_refuse(const char *address, int error, const char *part) {
        ListenSocket result = { .fd = -42 };
        _cleanup_free_ char *problem = NULL;
        int r = listen_socket_open(address, &result, &problem);

        if (r != error || !problem || !strstr(problem, part))
                fail_msg("%s: %s, %s", address, strerror(-r), problem ? problem : "no reason");
        assert_int_equal(result.fd, -42);
}

static int setup(void **state) {
        *state = support_temp_dir();
        return 0;
}

static int teardown(void **state) {
        support_remove_tree(*state);
        free(*state);
        return 0;
}

/* --- tests --- */

static void test_wrong_addresses(void **state) {
        static const char *const ADDRESSES[] = { "", "localhost:80", "80", "127.0.0.1",
                "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:99999999999999999999", "127.0.0.1:-1",
                "127.0.0.1:+1", "127.0.0.1: 1", "127.0.0.1:0x50", "127.0.0.1:80/", "127.1:80",
                "1.2.3.4.5:80", "::1:80", "[::1]", "[::1]80", "[::1:80", "[", "[:80", "[]:80",
                "[127.0.0.1]:80", "[::1%lo]:80", "Unix:/tmp/x:y",
                "[1111:2222:3333:4444:5555:6666:7777:8888:9999]:80",
                "111111111111111111111111111111111111111111111111111111111111111:80" };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(ADDRESSES); i++)
                must_refuse(ADDRESSES[i], -EINVAL, "unix:/PATH, IPV4:PORT, [IPV6]:PORT or :PORT");
        must_refuse("unix:", -EINVAL, "absolute");
        must_refuse("unix:relative", -EINVAL, "absolute");
        must_refuse("unix:@abstract", -EINVAL, "absolute");
        /* a documentation address (RFC 5737) that no machine has */
        must_refuse("192.0.2.77:0", -EADDRNOTAVAIL, "listening failed: ");
}

static void test_tcp(void **state) {
        ListenSocket one = must_open("127.0.0.1:0");
        char address[32];
        int on = 0;
        socklen_t size_bytes = sizeof(on);

        (void) state;
        assert_true(one.port > 0);
        assert_string_equal(one.path, "");
        assert_int_equal(getsockopt(one.fd, SOL_SOCKET, SO_REUSEADDR, &on, &size_bytes), 0);
        assert_true(on);
        assert_int_equal(dial_v4("127.0.0.1", one.port), 0);
        assert_int_equal(dial_v4("127.0.0.2", one.port), -ECONNREFUSED);
        snprintf(address, sizeof(address), "127.0.0.1:%u", one.port);
        must_refuse(address, -EADDRINUSE, "Address already in use");
        listen_socket_done(&one);
        assert_int_equal(one.fd, -1);
        /* a client's socket may linger in TIME_WAIT: the address can be had again at once */
        one = must_open(address);
        listen_socket_done(&one);
}

static void test_all_addresses(void **state) {
        ListenSocket one = must_open(":0");

        (void) state;
        assert_int_equal(dial_v4("127.0.0.1", one.port), 0);
        assert_int_equal(dial_v4("127.0.0.2", one.port), 0);
        if (has_ipv6())
                assert_int_equal(dial_v6("::1", one.port), 0);
        listen_socket_done(&one);
}

static void test_ipv6(void **state) {
        ListenSocket one;

        (void) state;
        if (!has_ipv6())
                support_skip("no IPv6 here");
        one = must_open("[::1]:0");
        assert_int_equal(dial_v6("::1", one.port), 0);
        assert_int_equal(dial_v4("127.0.0.1", one.port), -ECONNREFUSED);
        listen_socket_done(&one);
}

/* A kernel without IPv6, as a filter shows it. */
static int serve_without_ipv6(void) {
        scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
        ListenSocket one = { .fd = -1 };
        char *problem = NULL;

        if (!context ||
                seccomp_rule_add(context, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                        SCMP_A0_32(SCMP_CMP_EQ, AF_INET6)) < 0 ||
                seccomp_load(context) < 0)
                return 1;
        if (dial_v6("::1", 1) != -EAFNOSUPPORT)
                return 2;
        if (listen_socket_open("[::1]:0", &one, &problem) != -EAFNOSUPPORT || !problem)
                return 3;
        free(problem);
        problem = NULL;
        if (listen_socket_open(":0", &one, &problem) < 0 || problem)
                return 4;
        return dial_v4("127.0.0.1", one.port) == 0 ? 0 : 5;
}

static void test_without_ipv6(void **state) {
        pid_t pid;
        int status = 0;

        (void) state;
        support_needs_seccomp();
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(serve_without_ipv6());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_unix(void **state) {
        const char *directory = *state;
        char path[PATH_MAX - 8], address[PATH_MAX];
        mode_t mask = umask(0022);
        ListenSocket one;
        struct stat st;

        snprintf(path, sizeof(path), "%s/socket", directory);
        snprintf(address, sizeof(address), "unix:%s", path);
        one = must_open(address);
        assert_int_equal(one.port, 0);
        assert_string_equal(one.path, path);
        assert_int_equal(lstat(path, &st), 0);
        assert_int_equal(st.st_mode, S_IFSOCK | 0660);
        assert_int_equal(umask(0022), 0022);
        assert_int_equal(dial_unix(path), 0);
        must_refuse(address, -EADDRINUSE, "another process listens at ");
        assert_int_equal(dial_unix(path), 0);
        listen_socket_done(&one);
        assert_int_equal(lstat(path, &st), -1);
        (void) umask(mask);
}

/* What a killed agent leaves behind is replaced, and never removed by whom it does not belong to.
 */
static void test_stale(void **state) {
        const char *directory = *state;
        char path[PATH_MAX - 8], address[PATH_MAX];
        ListenSocket killed, one, other;

        snprintf(path, sizeof(path), "%s/stale", directory);
        snprintf(address, sizeof(address), "unix:%s", path);
        killed = must_open(address);
        close(killed.fd);
        assert_int_equal(dial_unix(path), -ECONNREFUSED);
        one = must_open(address);
        assert_int_equal(dial_unix(path), 0);
        assert_int_equal(unlink(path), 0);
        other = must_open(address);
        listen_socket_done(&one);
        assert_int_equal(dial_unix(path), 0);
        listen_socket_done(&other);
        assert_int_equal(access(path, F_OK), -1);
}

static void test_unix_in_the_way(void **state) {
        const char *directory = *state;
        char path[PATH_MAX - 8], address[PATH_MAX], target[PATH_MAX];
        ListenSocket one;

        /* a file, a directory, a link to a socket: not ours to remove */
        snprintf(path, sizeof(path), "%s/file", directory);
        snprintf(address, sizeof(address), "unix:%s", path);
        close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        must_refuse(address, -EEXIST, "is there already and is no socket");
        assert_int_equal(access(path, F_OK), 0);
        snprintf(address, sizeof(address), "unix:%s", directory);
        must_refuse(address, -EEXIST, "is no socket");
        snprintf(target, sizeof(target), "unix:%s/target", directory);
        one = must_open(target);
        snprintf(path, sizeof(path), "%s/link", directory);
        snprintf(address, sizeof(address), "unix:%s", path);
        assert_int_equal(symlink("target", path), 0);
        must_refuse(address, -EEXIST, "is no socket");
        listen_socket_done(&one);
        /* no such directory, a file for a directory, a path that is too long */
        snprintf(address, sizeof(address), "unix:%s/none/socket", directory);
        must_refuse(address, -ENOENT, "No such file or directory");
        snprintf(address, sizeof(address), "unix:%s/file/socket", directory);
        must_refuse(address, -ENOTDIR, "Not a directory");
        snprintf(address, sizeof(address), "unix:/%0107d", 0);
        must_refuse(address, -ENAMETOOLONG, "at most 107 bytes");
        snprintf(address, sizeof(address), "unix:/%0106d/x", 0);
        must_refuse(address, -ENAMETOOLONG, "at most 107 bytes");
}

/* A process too busy to accept is alive all the same. */
static void test_busy(void **state) {
        const char *directory = *state;
        struct sockaddr_un name = { .sun_family = AF_UNIX };
        char address[PATH_MAX];
        int busy = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int clients[8];
        size_t n = 0;

        snprintf(address, sizeof(address), "unix:%s/busy", directory);
        assert_true(strlen(address + 5) < sizeof(name.sun_path));
        strcpy(name.sun_path, address + 5);
        assert_true(busy >= 0);
        assert_int_equal(bind(busy, (struct sockaddr *) &name, sizeof(name)), 0);
        assert_int_equal(listen(busy, 0), 0);
        do {
                assert_true(n < N_ELEMENTS(clients));
                clients[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                assert_true(clients[n] >= 0);
        } while (connect(clients[n++], (struct sockaddr *) &name, sizeof(name)) == 0);
        assert_int_equal(errno, EAGAIN);
        must_refuse(address, -EADDRINUSE, "another process listens at ");
        while (n > 0)
                close(clients[--n]);
        close(busy);
}

static void test_longest_path(void **state) {
        const char *directory = *state;
        char path[108], address[PATH_MAX];
        ListenSocket one;

        snprintf(path, sizeof(path), "%s/%0*d", directory, (int) (106 - strlen(directory)), 0);
        assert_int_equal(strlen(path), 107);
        snprintf(address, sizeof(address), "unix:%s", path);
        one = must_open(address);
        assert_int_equal(dial_unix(path), 0);
        listen_socket_done(&one);
        assert_int_equal(access(path, F_OK), -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_wrong_addresses),
                cmocka_unit_test(test_tcp),
                cmocka_unit_test(test_all_addresses),
                cmocka_unit_test(test_ipv6),
                cmocka_unit_test(test_without_ipv6),
                cmocka_unit_test_setup_teardown(test_unix, setup, teardown),
                cmocka_unit_test_setup_teardown(test_stale, setup, teardown),
                cmocka_unit_test_setup_teardown(test_unix_in_the_way, setup, teardown),
                cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
                cmocka_unit_test_setup_teardown(test_longest_path, setup, teardown),
        };

        return cmocka_run_group_tests_name("listen_socket", tests, NULL, NULL);
}
