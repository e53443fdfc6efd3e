/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_UNIT_LISTENER_FIXTURE_H
#define SECCOMPD_TESTS_UNIT_LISTENER_FIXTURE_H

/*
 * Two listeners in a real loop, a unix socket and a TCP port, with plain sockets for clients: all
 * in one thread, the loop is turned whenever a client waits.
 */

#include "support.h"

#include "base/duration.h"
#include "report/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

/* Larger than what the kernel buffers for a reader, two of them larger than LISTENER_BODY_BYTES. */
#define LARGE_BYTES ((size_t) 5 << 20)

#define PATIENCE_USEC (20 * USEC_PER_SEC)

typedef struct Fixture {
        sd_event *event;
        char *directory;
        char *path; /* of the unix socket */
        NodeStatus status;
        Metrics metrics;
        ReportView view;
        Listener *local, *remote;
} Fixture;

/* --- what is served --- */

static inline void live(Health *health, void *userdata) {
        (void) userdata;
        health_add(health, "loop", true, NULL);
        health_add(health, "other", false, "always");
}

static inline void ready(Health *health, void *userdata) {
        (void) userdata;
        health_add(health, "sync", true, NULL);
}

static inline int read_profile(
        const char *name, char **ret_bytes, size_t *ret_size_bytes, void *userdata) {
        bool is_large = strcmp(name, "large.json") == 0;
        size_t size_bytes = is_large ? LARGE_BYTES : 3;

        (void) userdata;
        if (!is_large && strcmp(name, "team a/small.json") != 0)
                return -ENOENT;
        *ret_bytes = malloc(size_bytes);
        assert_non_null(*ret_bytes);
        memset(*ret_bytes, '7', size_bytes);
        *ret_size_bytes = size_bytes;
        return 0;
}

static inline int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));
        _cleanup_free_ char *address = NULL, *problem = NULL;

        assert_non_null(f);
        assert_true(sd_event_new(&f->event) >= 0);
        f->directory = support_temp_dir();
        assert_true(asprintf(&f->path, "%s/socket", f->directory) > 0);
        assert_true(asprintf(&address, "unix:%s", f->path) > 0);
        f->status = (NodeStatus){ .revision = 1 };
        f->view = (ReportView){
                .status = &f->status,
                .metrics = &f->metrics,
                .live = live,
                .ready = ready,
                .read_profile = read_profile,
        };
        assert_int_equal(listener_new(f->event, address, true, &f->view, &f->local, &problem), 0);
        assert_int_equal(
                listener_new(f->event, "127.0.0.1:0", false, &f->view, &f->remote, &problem), 0);
        *state = f;
        return 0;
}

static inline int teardown(void **state) {
        Fixture *f = *state;

        assert_null(listener_free(f->local));
        assert_null(listener_free(f->remote));
        assert_int_equal(access(f->path, F_OK), -1);
        support_remove_tree(f->directory);
        node_status_done(&f->status);
        sd_event_unref(f->event);
        free(f->directory);
        free(f->path);
        free(f);
        return 0;
}

/* --- clients --- */

typedef struct Client {
        int fd;
        Buf in; /* read, and not yet taken as part of a reply */
        bool is_at_end;
} Client;

typedef struct Reply {
        unsigned status;
        char head[2048];
        Buf body;
} Reply;

static inline void client_done(Client *client) {
        client->fd = fd_close(client->fd);
        buf_done(&client->in);
}
#define _cleanup_client_ _cleanup_(client_done)

static inline void reply_done(Reply *reply) {
        buf_done(&reply->body);
}
#define _cleanup_reply_ _cleanup_(reply_done)

static inline uint64_t now_usec(void) {
        struct timespec now = {};

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * USEC_PER_SEC + (uint64_t) now.tv_nsec / 1000;
}

static inline Client dial_local(const Fixture *f) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        Client client = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };

        assert_true(client.fd >= 0);
        assert_true(strlen(f->path) < sizeof(address.sun_path));
        strcpy(address.sun_path, f->path);
        assert_int_equal(connect(client.fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return client;
}

static inline Client dial_remote(const Fixture *f, const char *from) {
        struct sockaddr_in own = { .sin_family = AF_INET };
        struct sockaddr_in address = { .sin_family = AF_INET,
                .sin_port = htons((uint16_t) listener_port(f->remote)),
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        Client client = { .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };

        assert_true(client.fd >= 0);
        assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
        assert_int_equal(bind(client.fd, (struct sockaddr *) &own, sizeof(own)), 0);
        assert_int_equal(connect(client.fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return client;
}

static inline void say(const Client *client, const char *text) {
        assert_int_equal(send(client->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static inline void turn(const Fixture *f) {
        assert_true(sd_event_run(f->event, 1000) >= 0);
}

/* Takes what is there, at most `max_bytes`. */
static inline void hear(Client *client, size_t max_bytes) {
        static char bytes[65536];
        ssize_t n = recv(client->fd, bytes, max_bytes < sizeof(bytes) ? max_bytes : sizeof(bytes),
                MSG_DONTWAIT);

        if (n > 0)
                buf_append(&client->in, bytes, (size_t) n);
        else if (n == 0 || errno == ECONNRESET)
                client->is_at_end = true;
        else
                assert_int_equal(errno, EAGAIN);
}

/* Until the peer hangs up, or for `usec`. */
static inline bool hears_end(const Fixture *f, Client *client, uint64_t usec) {
        uint64_t until_usec = now_usec() + usec;

        while (!client->is_at_end && now_usec() < until_usec) {
                turn(f);
                hear(client, SIZE_MAX);
        }
        return client->is_at_end;
}

static inline const char *header_value(const Reply *reply, const char *name) {
        static char value[256];
        _cleanup_buf_ Buf start = {};
        const char *at;

        buf_printf(&start, "\r\n%s: ", name);
        at = strstr(reply->head, start.data);
        if (!at)
                return NULL;
        at += start.size;
        snprintf(value, sizeof(value), "%.*s", (int) strcspn(at, "\r"), at);
        return value;
}

static inline void drop_front(Buf *buf, size_t size_bytes) {
        memmove(buf->data, buf->data + size_bytes, buf->size - size_bytes + 1);
        buf->size -= size_bytes;
}

/* One reply; a reply to HEAD has no body, whatever its length says. */
static inline Reply receive(const Fixture *f, Client *client, bool is_head) {
        uint64_t until_usec = now_usec() + PATIENCE_USEC;
        const char *end = NULL, *length;
        size_t size_bytes = 0;
        Reply reply = {};

        while (!(end = client->in.data ? strstr(client->in.data, "\r\n\r\n") : NULL)) {
                if (client->is_at_end || now_usec() > until_usec)
                        fail_msg("no reply, %s", client->is_at_end ? "hung up" : "waited");
                turn(f);
                hear(client, SIZE_MAX);
        }
        end += 4;
        snprintf(reply.head, sizeof(reply.head), "%.*s", (int) (end - client->in.data),
                client->in.data);
        drop_front(&client->in, (size_t) (end - client->in.data));
        assert_int_equal(sscanf(reply.head, "HTTP/1.1 %u ", &reply.status), 1);
        length = header_value(&reply, "Content-Length");
        if (!is_head && reply.status != 304) {
                assert_non_null(length);
                size_bytes = strtoul(length, NULL, 10);
        }
        while (client->in.size < size_bytes) {
                if (client->is_at_end || now_usec() > until_usec)
                        fail_msg("half a reply");
                turn(f);
                hear(client, SIZE_MAX);
        }
        buf_append(&reply.body, client->in.data, size_bytes);
        drop_front(&client->in, size_bytes);
        return reply;
}

#define HOST " HTTP/1.1\r\nHost: node\r\n"

static inline void get(const Client *client, const char *path) {
        _cleanup_buf_ Buf text = {};

        buf_printf(&text, "GET %s" HOST "\r\n", path);
        say(client, text.data);
}

static inline void assert_get(const Fixture *f, Client *client, const char *path, unsigned status) {
        _cleanup_reply_ Reply reply = {};

        get(client, path);
        reply = receive(f, client, false);
        assert_int_equal(reply.status, status);
}

/* Turns the loop until nothing is left to do, which must not take for ever. */
static inline void settle(const Fixture *f) {
        for (size_t i = 0; i < 100000; i++) {
                int r = sd_event_run(f->event, 20000);

                assert_true(r >= 0);
                if (r == 0)
                        return;
        }
        fail_msg("the loop finds no rest");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
