/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Listening sockets from addresses. Addresses are literal: the agent asks no name server. A unix
 * socket's file outlives a process that was killed, so one that nobody answers at is replaced; one
 * that somebody answers at, or a file of another kind, is not ours to remove.
 */

#include "report/listen_socket.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define UNIX_PREFIX "unix:"

/* Connections that wait for accept(2). */
#define BACKLOG 128

#define SOCKET_FLAGS (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)

/* Leaves a text for a person, NULL when there is no memory for one. Returns `r`. */
__attribute__((format(printf, 3, 4))) static int refuse(
        int r, char **ret_problem, const char *format, ...) {
        va_list args;

        va_start(args, format);
        if (vasprintf(ret_problem, format, args) < 0)
                *ret_problem = NULL;
        va_end(args);
        return r;
}

/* --- unix --- */

/* Removes a socket file that nobody listens at. */
static int remove_stale(const struct sockaddr_un *address, char **ret_problem) {
        const char *path = address->sun_path;
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (lstat(path, &st) < 0)
                return errno == ENOENT
                        ? 0
                        : refuse(-errno, ret_problem, "%s: %s", path, strerror(errno));
        if (!S_ISSOCK(st.st_mode))
                return refuse(-EEXIST, ret_problem, "%s is there already and is no socket", path);
        fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) address, sizeof(*address)) >= 0 ||
                errno != ECONNREFUSED)
                return refuse(-EADDRINUSE, ret_problem, "another process listens at %s", path);
        if (unlink(path) < 0 && errno != ENOENT)
                return refuse(-errno, ret_problem, "removing the stale socket %s failed: %s", path,
                        strerror(errno));
        return 0;
}

/* The file is made with its mode; a chmod after the bind would leave it open for a moment. */
static int bind_private(int fd, const struct sockaddr_un *address) {
        mode_t mask = umask(0117);
        int r = bind(fd, (const struct sockaddr *) address, sizeof(*address)) < 0 ? -errno : 0;

        (void) umask(mask);
        return r;
}

static int open_unix(const char *path, ListenSocket *ret_socket, char **ret_problem) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = -1;
        ListenSocket result;
        struct stat st;
        int r;

        if (path[0] != '/')
                return refuse(-EINVAL, ret_problem, "a unix socket needs an absolute path");
        if (strlen(path) >= sizeof(address.sun_path))
                return refuse(-ENAMETOOLONG, ret_problem,
                        "the path of a unix socket has at most %zu bytes",
                        sizeof(address.sun_path) - 1);
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
        if (fd < 0)
                return -errno;
        r = remove_stale(&address, ret_problem);
        if (r < 0)
                return r;
        r = bind_private(fd, &address);
        if (r < 0)
                return refuse(r, ret_problem, "%s: %s", path, strerror(-r));
        if (listen(fd, BACKLOG) < 0 || lstat(path, &st) < 0)
                return refuse(-errno, ret_problem, "%s: %s", path, strerror(errno));
        result = (ListenSocket){ .fd = TAKE_FD(fd), .device = st.st_dev, .inode = st.st_ino };
        memcpy(result.path, address.sun_path, sizeof(result.path));
        *ret_socket = result;
        return 0;
}

/* --- TCP --- */

typedef union TcpAddress {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
} TcpAddress;

static socklen_t tcp_address_size(const TcpAddress *address) {
        return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

static int parse_port(const char *text, in_port_t *ret_port) {
        size_t n_digits = strspn(text, "0123456789");
        unsigned long port = strtoul(text, NULL, 10);

        if (n_digits == 0 || text[n_digits] != '\0' || port > UINT16_MAX)
                return -EINVAL;
        *ret_port = htons((uint16_t) port);
        return 0;
}

/* `host` is empty (every address of both families), an IPv4 address, or an IPv6 one in brackets. */
static int parse_host(char *host, in_port_t port, TcpAddress *ret_address) {
        size_t length = strlen(host);
        TcpAddress address = {};
        int r = 1;

        if (length == 0 || host[0] == '[') {
                address.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port };
                if (length > 0) {
                        if (host[length - 1] != ']')
                                return -EINVAL;
                        host[length - 1] = '\0';
                        r = inet_pton(AF_INET6, host + 1, &address.v6.sin6_addr);
                }
        } else {
                address.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
                r = inet_pton(AF_INET, host, &address.v4.sin_addr);
        }
        if (r != 1)
                return -EINVAL;
        *ret_address = address;
        return 0;
}

static int parse_tcp(const char *text, TcpAddress *ret_address) {
        const char *colon = strrchr(text, ':');
        char host[INET6_ADDRSTRLEN + 2]; /* with its brackets */
        in_port_t port = 0;

        if (!colon || (size_t) (colon - text) >= sizeof(host) || parse_port(colon + 1, &port) < 0)
                return -EINVAL;
        snprintf(host, sizeof(host), "%.*s", (int) (colon - text), text);
        return parse_host(host, port, ret_address);
}

static int listen_tcp(const TcpAddress *address, int *ret_fd) {
        _cleanup_close_ int fd = socket(address->any.sa_family, SOCKET_FLAGS, 0);
        const int on = 1, off = 0;

        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
                return -errno;
        if (address->any.sa_family == AF_INET6 &&
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
                return -errno;
        if (bind(fd, &address->any, tcp_address_size(address)) < 0 || listen(fd, BACKLOG) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int open_tcp(const char *text, ListenSocket *ret_socket, char **ret_problem) {
        _cleanup_close_ int fd = -1;
        TcpAddress address;
        socklen_t size_bytes = sizeof(address);
        int r = parse_tcp(text, &address);

        if (r < 0)
                return refuse(r, ret_problem,
                        "must be unix:/PATH, IPV4:PORT, [IPV6]:PORT or :PORT, addresses as "
                        "numbers");
        r = listen_tcp(&address, &fd);
        if (r == -EAFNOSUPPORT && text[0] == ':') { /* a kernel without IPv6 */
                address.v4 = (struct sockaddr_in){
                        .sin_family = AF_INET,
                        .sin_port = address.v6.sin6_port,
                };
                r = listen_tcp(&address, &fd);
        }
        if (r < 0)
                return refuse(r, ret_problem, "listening failed: %s", strerror(-r));
        if (getsockname(fd, &address.any, &size_bytes) < 0)
                return -errno;
        *ret_socket = (ListenSocket){
                .fd = TAKE_FD(fd),
                /* the port is at one place in both families */
                .port = ntohs(address.v4.sin_port),
        };
        return 0;
}

/* --- both --- */

int listen_socket_open(const char *address, ListenSocket *ret_socket, char **ret_problem) {
        if (strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
                return open_unix(address + strlen(UNIX_PREFIX), ret_socket, ret_problem);
        return open_tcp(address, ret_socket, ret_problem);
}

void listen_socket_done(ListenSocket *listen_socket) {
        struct stat st;

        /* the file may be another agent's by now */
        if (*listen_socket->path && lstat(listen_socket->path, &st) >= 0 &&
                st.st_dev == listen_socket->device && st.st_ino == listen_socket->inode)
                (void) unlink(listen_socket->path);
        fd_close(listen_socket->fd);
        *listen_socket = (ListenSocket){ .fd = -1 };
}
