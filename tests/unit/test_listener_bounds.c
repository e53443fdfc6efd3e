/* SPDX-License-Identifier: Apache-2.0 */

/* What a client can take from us, and no more: connections, time, memory, wake-ups. */

#include "listener_fixture.h"

#include <signal.h>

/* The ninth connection of one address is turned away, one of another is not. */
static void test_per_address(void **state) {
        const Fixture *f = *state;
        Client clients[LISTENER_CONNECTIONS_PER_ADDRESS];
        _cleanup_client_ Client ninth = {}, other = {}, again = {};

        for (size_t i = 0; i < N_ELEMENTS(clients); i++) {
                clients[i] = dial_remote(f, "127.0.0.1");
                assert_get(f, &clients[i], "/readyz", 200);
        }
        ninth = dial_remote(f, "127.0.0.1");
        assert_true(hears_end(f, &ninth, LISTENER_DEADLINE_USEC / 2));
        assert_int_equal(ninth.in.size, 0);
        other = dial_remote(f, "127.0.0.2");
        assert_get(f, &other, "/readyz", 200);
        client_done(&clients[3]);
        settle(f);
        again = dial_remote(f, "127.0.0.1");
        assert_get(f, &again, "/readyz", 200);
        for (size_t i = 0; i < N_ELEMENTS(clients); i++)
                if (i != 3)
                        client_done(&clients[i]);
}

/* Beyond the limit of connections a client waits until there is room: no event tells of that. */
static void test_all_connections(void **state) {
        const Fixture *f = *state;
        Client clients[LISTENER_CONNECTIONS];
        _cleanup_client_ Client waiting = {}, second = {};

        for (size_t i = 0; i < N_ELEMENTS(clients); i++) {
                clients[i] = dial_local(f);
                assert_get(f, &clients[i], "/readyz", 200);
        }
        waiting = dial_local(f);
        second = dial_local(f);
        get(&waiting, "/readyz");
        get(&second, "/readyz");
        settle(f);
        hear(&waiting, 1);
        assert_int_equal(waiting.in.size, 0);
        for (size_t i = 0; i < N_ELEMENTS(clients); i++)
                client_done(&clients[i]);
        {
                _cleanup_reply_ Reply one = receive(f, &waiting, false),
                                      two = receive(f, &second, false);

                assert_int_equal(one.status, 200);
                assert_int_equal(two.status, 200);
        }
        settle(f);
}

/* --- deadlines --- */

#define DEADLINE_USEC (400 * USEC_PER_MSEC)

/* One byte every now and then does not help: the deadline is absolute. */
static void test_slow_request(void **state) {
        const Fixture *f = *state;
        uint64_t start_usec = now_usec(), next_usec = start_usec;
        _cleanup_client_ Client client = {}, silent = {};

        listener_set_deadline(f->remote, DEADLINE_USEC);
        client = dial_remote(f, "127.0.0.1");
        silent = dial_remote(f, "127.0.0.1");
        say(&client, "GET /");
        while (!client.is_at_end) {
                assert_true(now_usec() - start_usec < PATIENCE_USEC);
                if (now_usec() >= next_usec) {
                        (void) send(client.fd, "x", 1, MSG_NOSIGNAL);
                        next_usec = now_usec() + 20 * USEC_PER_MSEC;
                }
                turn(f);
                hear(&client, SIZE_MAX);
        }
        assert_true(now_usec() - start_usec >= DEADLINE_USEC);
        assert_int_equal(client.in.size, 0);
        assert_true(hears_end(f, &silent, PATIENCE_USEC));
        settle(f);
}

/* Each answer gives the connection its time anew; then silence ends it. */
static void test_kept_connection(void **state) {
        const Fixture *f = *state;
        _cleanup_client_ Client client = {};
        uint64_t start_usec, last_usec = 0;

        listener_set_deadline(f->remote, DEADLINE_USEC);
        client = dial_remote(f, "127.0.0.1");
        for (start_usec = now_usec(); now_usec() - start_usec < 2 * DEADLINE_USEC;) {
                uint64_t pause_usec = now_usec() + DEADLINE_USEC / 8;

                assert_get(f, &client, "/readyz", 200);
                last_usec = now_usec();
                while (now_usec() < pause_usec)
                        turn(f);
        }
        assert_true(hears_end(f, &client, PATIENCE_USEC));
        assert_true(now_usec() - last_usec >= DEADLINE_USEC / 2);
        settle(f);
}

/* Who does not read the answer is cut off too, and gets no more than the kernel had taken. */
static void test_slow_reader(void **state) {
        const Fixture *f = *state;
        _cleanup_client_ Client client = {};
        uint64_t start_usec = now_usec();

        listener_set_deadline(f->local, DEADLINE_USEC);
        client = dial_local(f);
        get(&client, "/profiles/large.json");
        while (now_usec() - start_usec < 3 * DEADLINE_USEC)
                turn(f);
        assert_true(hears_end(f, &client, PATIENCE_USEC));
        assert_true(client.in.size > 0 && client.in.size < LARGE_BYTES);
        settle(f);
}

/* Connections that wait for something, or for nothing, wake nobody. */
static void test_rest(void **state) {
        const Fixture *f = *state;
        _cleanup_client_ Client idle = dial_local(f), half = dial_remote(f, "127.0.0.1"),
                                kept = dial_remote(f, "127.0.0.1"), stuck = dial_local(f);

        say(&half, "GET /readyz HTTP/1.1\r\nHo");
        assert_get(f, &kept, "/readyz", 200);
        get(&stuck, "/profiles/large.json");
        settle(f);
        for (size_t i = 0; i < 5; i++)
                assert_int_equal(sd_event_run(f->event, 50000), 0);
        hear(&idle, 1);
        assert_false(idle.is_at_end);
}

/* Nor does a connection that is gone. */
static void test_rest_after_close(void **state) {
        const Fixture *f = *state;
        Client client;

        listener_set_deadline(f->local, DEADLINE_USEC);
        client = dial_local(f);
        assert_get(f, &client, "/readyz", 200);
        client_done(&client);
        settle(f);
        assert_int_equal(sd_event_run(f->event, 2 * DEADLINE_USEC), 0);
}

/* --- answers not yet read --- */

/* A status document too large for the kernel's buffers, with a mark that tells one from another. */
static void set_status(Fixture *f, char mark, size_t size_bytes, bool is_new) {
        free(f->status.destination_problem);
        f->status.destination_problem = malloc(size_bytes + 1);
        assert_non_null(f->status.destination_problem);
        memset(f->status.destination_problem, mark, size_bytes);
        f->status.destination_problem[size_bytes] = '\0';
        f->status.revision += is_new;
}

static void assert_mark(const Fixture *f, Client *client, const char *mark) {
        _cleanup_reply_ Reply reply = receive(f, client, false);

        assert_int_equal(reply.status, 200);
        assert_true(reply.body.size > LARGE_BYTES / 2);
        assert_non_null(strstr(reply.body.data, mark));
}

/*
 * Readers of one revision share one copy, which is seen by changing the model behind the
 * listener's back; and of another revision nobody gets it.
 */
static void test_shared_status(void **state) {
        Fixture *f = *state;
        Client readers[10];
        _cleanup_client_ Client late = dial_local(f);

        set_status(f, 'a', LARGE_BYTES, true);
        for (size_t i = 0; i < N_ELEMENTS(readers); i++) {
                readers[i] = dial_local(f);
                get(&readers[i], "/status");
                settle(f);
                set_status(f, 'b', LARGE_BYTES, false);
        }
        for (size_t i = 0; i < N_ELEMENTS(readers); i++) {
                assert_mark(f, &readers[i], "aaaa");
                client_done(&readers[i]);
        }
        settle(f);
        /* nobody reads it any more: it is gone, and the next one is made new */
        get(&late, "/status");
        assert_mark(f, &late, "bbbb");
}

static void test_new_revision(void **state) {
        Fixture *f = *state;
        _cleanup_client_ Client old = dial_local(f), refused = dial_local(f), new = dial_local(f);

        set_status(f, 'a', LARGE_BYTES, true);
        get(&old, "/status");
        settle(f);
        set_status(f, 'b', LARGE_BYTES, true);
        /* two different ones are too many at a time */
        assert_get(f, &refused, "/status", 503);
        assert_mark(f, &old, "aaaa");
        get(&new, "/status");
        settle(f);
        get(&refused, "/status");
        assert_mark(f, &refused, "bbbb");
        assert_mark(f, &new, "bbbb");
}

/* An old copy that goes takes nothing from the new one's readers. */
static void test_old_revision_ends(void **state) {
        Fixture *f = *state;
        _cleanup_client_ Client old = dial_local(f), new = dial_local(f), late = dial_local(f);

        set_status(f, 'a', LARGE_BYTES / 2, true);
        get(&old, "/status");
        settle(f);
        set_status(f, 'b', LARGE_BYTES / 2, true);
        get(&new, "/status");
        settle(f);
        assert_mark(f, &old, "aaaa");
        settle(f);
        set_status(f, 'c', LARGE_BYTES / 2, false);
        get(&late, "/status");
        assert_mark(f, &late, "bbbb");
        assert_mark(f, &new, "bbbb");
}

/* Large answers that nobody reads do not add up. */
static void test_unread_answers(void **state) {
        const Fixture *f = *state;
        _cleanup_client_ Client first = dial_local(f), second = dial_local(f),
                                small = dial_local(f);
        _cleanup_reply_ Reply refused = {}, whole = {};

        get(&first, "/profiles/large.json");
        settle(f);
        get(&second, "/profiles/large.json");
        refused = receive(f, &second, false);
        assert_int_equal(refused.status, 503);
        assert_non_null(strstr(refused.body.data, "try again"));
        assert_null(header_value(&refused, "ETag"));
        assert_get(f, &small, "/profiles/team%20a/small.json", 200);
        whole = receive(f, &first, false);
        assert_int_equal(whole.body.size, LARGE_BYTES);
        assert_get(f, &second, "/profiles/large.json", 200);
}

/* A client that hangs up in the middle of an answer raises no signal and leaves nothing behind. */
static void test_hang_up(void **state) {
        const Fixture *f = *state;
        _cleanup_client_ Client after = {};

        (void) signal(SIGPIPE, SIG_DFL);
        for (size_t i = 0; i < 20; i++) {
                Client client = dial_local(f);

                get(&client, i % 2 == 0 ? "/profiles/large.json" : "/status");
                for (size_t j = 0; j < i; j++)
                        turn(f);
                client_done(&client);
        }
        settle(f);
        after = dial_local(f);
        assert_get(f, &after, "/profiles/large.json", 200);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_per_address),
                TEST(test_all_connections),
                TEST(test_slow_request),
                TEST(test_kept_connection),
                TEST(test_slow_reader),
                TEST(test_rest),
                TEST(test_rest_after_close),
                TEST(test_shared_status),
                TEST(test_new_revision),
                TEST(test_old_revision_ends),
                TEST(test_unread_answers),
                TEST(test_hang_up),
        };

        return cmocka_run_group_tests_name("listener_bounds", tests, NULL, NULL);
}
