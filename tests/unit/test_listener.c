/* SPDX-License-Identifier: Apache-2.0 */

/* What the listener makes of requests on the wire, and its own life. */

#include "listener_fixture.h"

static void test_routes(void **state) {
        static const struct {
                bool is_remote;
                const char *path;
                unsigned status;
                const char *body; /* or how it begins */
        } cases[] = {
                { true, "/readyz", 200, "ok" },
                { true, "/livez", 503, "[+]loop ok\n[-]other failed: always\n" },
                { true, "/livez?exclude=other", 200, "ok" },
                { true, "/livez?exclude=loop&verbose&exclude=other", 200,
                        "[+]loop excluded: ok\n[+]other excluded: ok\nlivez check passed\n" },
                { true, "/livez?exclude&exclude=", 503, "[+]loop ok\n" },
                { true, "/readyz?verbose=1", 200, "[+]sync ok\nreadyz check passed\n" },
                { true, "/readyz/sync?verbose", 200, "[+]sync ok\nreadyz check passed\n" },
                { true, "/metrics", 200, "# HELP seccompd_build_info" },
                { true, "/status", 403, "not served" },
                { true, "/profiles/team%20a/small.json", 403, "not served" },
                { false, "/status", 200, "{\"apiVersion\"" },
                { false, "/profiles/team%20a/small.json", 200, "777" },
                { false, "/profiles/none", 404, "no profile" },
                { false, "/nothing", 404, "not found" },
        };
        const Fixture *f = *state;
        _cleanup_client_ Client local = dial_local(f), remote = dial_remote(f, "127.0.0.1");

        assert_int_equal(listener_port(f->local), 0);
        assert_true(listener_port(f->remote) > 0);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Client *client = cases[i].is_remote ? &remote : &local;
                _cleanup_reply_ Reply reply = {};

                get(client, cases[i].path);
                reply = receive(f, client, false);
                if (reply.status != cases[i].status ||
                        strncmp(reply.body.data, cases[i].body, strlen(cases[i].body)) != 0)
                        fail_msg("%s: %u %s", cases[i].path, reply.status, reply.body.data);
                assert_string_equal(header_value(&reply, "X-Content-Type-Options"), "nosniff");
                assert_string_equal(header_value(&reply, "Cache-Control"), "no-store");
                assert_non_null(header_value(&reply, "Content-Type"));
        }
        settle(f);
}

static void test_content_types(void **state) {
        static const char *const CASES[][2] = {
                { "/readyz", "text/plain; charset=utf-8" },
                { "/metrics", "text/plain; version=0.0.4; charset=utf-8" },
                { "/status", "application/json" },
                { "/profiles/team%20a/small.json", "application/json" },
        };
        const Fixture *f = *state;
        _cleanup_client_ Client client = dial_local(f);

        for (size_t i = 0; i < N_ELEMENTS(CASES); i++) {
                _cleanup_reply_ Reply reply = {};

                get(&client, CASES[i][0]);
                reply = receive(f, &client, false);
                assert_string_equal(header_value(&reply, "Content-Type"), CASES[i][1]);
        }
}

static void test_head(void **state) {
        const Fixture *f = *state;
        _cleanup_client_ Client client = dial_local(f);
        _cleanup_reply_ Reply head = {}, whole = {};

        say(&client, "HEAD /status" HOST "\r\n");
        head = receive(f, &client, true);
        assert_int_equal(head.status, 200);
        get(&client, "/status");
        whole = receive(f, &client, false);
        assert_int_equal(whole.status, 200);
        assert_int_equal(strtoul(header_value(&head, "Content-Length"), NULL, 10), whole.body.size);
        assert_int_equal(client.in.size, 0);
}

static void test_etag(void **state) {
        const Fixture *f = *state;
        _cleanup_client_ Client client = dial_local(f);
        _cleanup_reply_ Reply whole = {}, same = {};
        _cleanup_buf_ Buf request = {};

        get(&client, "/profiles/team%20a/small.json");
        whole = receive(f, &client, false);
        assert_non_null(header_value(&whole, "ETag"));
        buf_printf(&request, "GET /profiles/team%%20a/small.json" HOST "If-None-Match: %s\r\n\r\n",
                header_value(&whole, "ETag"));
        say(&client, request.data);
        same = receive(f, &client, false);
        assert_int_equal(same.status, 304);
        assert_non_null(header_value(&same, "ETag"));
        assert_get(f, &client, "/readyz", 200);
}

static void test_pipelined(void **state) {
        const Fixture *f = *state;
        _cleanup_client_ Client client = dial_remote(f, "127.0.0.1");

        say(&client,
                "GET /readyz" HOST "\r\nGET /nothing" HOST "\r\n"
                "GET /livez" HOST "Content-Length: 0\r\n\r\nGET /readyz" HOST
                "Connection: close\r\n\r\n");
        for (size_t i = 0; i < 4; i++) {
                static const unsigned STATUS[] = { 200, 404, 503, 200 };
                _cleanup_reply_ Reply reply = receive(f, &client, false);

                assert_int_equal(reply.status, STATUS[i]);
        }
        assert_true(hears_end(f, &client, PATIENCE_USEC));
        settle(f);
}

static void test_other_methods(void **state) {
        static const char *const METHODS[] = { "OPTIONS", "DELETE", "POST", "PUT", "PATCH", "TRACE",
                "BREW" };
        const Fixture *f = *state;
        _cleanup_client_ Client client = dial_remote(f, "127.0.0.1");

        for (size_t i = 0; i < N_ELEMENTS(METHODS); i++) {
                _cleanup_reply_ Reply reply = {};
                _cleanup_buf_ Buf request = {};

                buf_printf(&request, "%s /readyz" HOST "\r\n", METHODS[i]);
                say(&client, request.data);
                reply = receive(f, &client, false);
                if (reply.status != 405)
                        fail_msg("%s: %u", METHODS[i], reply.status);
                assert_string_equal(header_value(&reply, "Allow"), "GET, HEAD");
        }
}

/* A body is never read: the answer is there before the first byte of it, and nothing comes behind.
 */
static void test_bodies(void **state) {
        static const struct {
                const char *request;
                unsigned status;
        } cases[] = {
                { "GET /readyz" HOST "Content-Length: 5\r\n\r\n", 413 },
                { "GET /readyz" HOST "Content-Length: 5\r\n\r\nGET /readyz" HOST "\r\n", 413 },
                { "HEAD /readyz" HOST "Content-Length: 1\r\n\r\n", 413 },
                { "GET /readyz" HOST "Transfer-Encoding: chunked\r\n\r\n", 413 },
                { "POST /readyz" HOST "Content-Length: 1000000000000\r\n\r\nxxxx", 405 },
                { "PUT /status" HOST "Expect: 100-continue\r\nContent-Length: 9\r\n\r\n", 405 },
                { "DELETE /status" HOST "Transfer-Encoding: chunked\r\n\r\n", 405 },
        };
        const Fixture *f = *state;

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_client_ Client client = dial_local(f);
                _cleanup_reply_ Reply reply = {};

                say(&client, cases[i].request);
                reply = receive(f, &client, strncmp(cases[i].request, "HEAD", 4) == 0);
                if (reply.status != cases[i].status)
                        fail_msg("%s: %u", cases[i].request, reply.status);
                assert_true(hears_end(f, &client, PATIENCE_USEC));
                assert_int_equal(client.in.size, 0);
        }
        settle(f);
}

static void test_malformed(void **state) {
        static const char *const REQUESTS[] = { "\x16\x03\x01\x02\x01\r\n\r\n",
                "GET /readyz HTTP/9.9\r\n\r\n", "GET /readyz" HOST "Content-Length: x\r\n\r\n" };
        const Fixture *f = *state;

        for (size_t i = 0; i < N_ELEMENTS(REQUESTS); i++) {
                _cleanup_client_ Client client = dial_local(f);

                say(&client, REQUESTS[i]);
                assert_true(hears_end(f, &client, PATIENCE_USEC));
                if (client.in.size > 0)
                        assert_int_not_equal(strncmp(client.in.data, "HTTP/1.1 200", 12), 0);
        }
        settle(f);
}

static void test_sizes(void **state) {
        static const struct {
                size_t path_bytes, header_bytes;
                unsigned status;
        } cases[] = { { 1000, 100, 404 }, { 100, 3000, 404 }, { 2000, 2000, 404 },
                { 9000, 10, 414 }, { 10, 9000, 431 }, { 6000, 6000, 431 }, { 100000, 0, 414 },
                { 0, 100000, 431 } };
        const Fixture *f = *state;

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_client_ Client client = dial_local(f);
                _cleanup_reply_ Reply reply = {};
                _cleanup_buf_ Buf request = {};

                buf_puts(&request, "GET /");
                for (size_t j = 0; j < cases[i].path_bytes; j++)
                        buf_putc(&request, 'p');
                buf_puts(&request, HOST "X-Long: ");
                for (size_t j = 0; j < cases[i].header_bytes; j++)
                        buf_putc(&request, 'h');
                buf_puts(&request, "\r\n\r\n");
                say(&client, request.data);
                reply = receive(f, &client, false);
                if (reply.status != cases[i].status)
                        fail_msg("%zu, %zu: %u", cases[i].path_bytes, cases[i].header_bytes,
                                reply.status);
        }
        settle(f);
}

/* --- life --- */

static void test_refused(void **state) {
        const Fixture *f = *state;
        _cleanup_free_ char *address = NULL, *problem = NULL;
        Listener *listener = NULL;

        assert_true(asprintf(&address, "unix:%s", f->path) > 0);
        assert_int_equal(
                listener_new(f->event, address, true, &f->view, &listener, &problem), -EADDRINUSE);
        assert_null(listener);
        assert_non_null(problem);
        assert_null(listener_free(NULL));
}

/* Stopping with connections in every state: a sanitizer sees what is left behind. */
static void test_stop_in_the_middle(void **state) {
        const Fixture *f = *state;
        _cleanup_free_ char *address = NULL, *problem = NULL;
        Listener *listener = NULL;
        Fixture other = { .event = f->event };
        _cleanup_client_ Client idle = {}, half = {}, stuck = {}, reader = {};

        assert_true(asprintf(&other.path, "%s.other", f->path) > 0);
        assert_true(asprintf(&address, "unix:%s", other.path) > 0);
        assert_int_equal(listener_new(f->event, address, true, &f->view, &listener, &problem), 0);
        idle = dial_local(&other);
        half = dial_local(&other);
        stuck = dial_local(&other);
        reader = dial_local(&other);
        say(&half, "GET /readyz HTT");
        get(&stuck, "/profiles/large.json");
        get(&reader, "/status");
        settle(f);
        assert_null(listener_free(listener));
        assert_int_equal(access(other.path, F_OK), -1);
        settle(f);
        assert_true(hears_end(f, &idle, PATIENCE_USEC));
        assert_true(hears_end(f, &half, PATIENCE_USEC));
        free(other.path);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_routes),
                TEST(test_content_types),
                TEST(test_head),
                TEST(test_etag),
                TEST(test_pipelined),
                TEST(test_other_methods),
                TEST(test_bodies),
                TEST(test_malformed),
                TEST(test_sizes),
                TEST(test_refused),
                TEST(test_stop_in_the_middle),
        };

        return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
