/* SPDX-License-Identifier: Apache-2.0 */

/* What each path answers. */

#include "support.h"

#include "report/http.h"
#include "version.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#define TEXT    "text/plain; charset=utf-8"
#define JSON    "application/json"
#define METRICS "text/plain; version=0.0.4; charset=utf-8"

#define PROFILE "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}\n"

static void live(Health *health, void *userdata) {
        (void) userdata;
        health_add(health, "loop", true, NULL);
}

/* `userdata` says whether the second check is well. */
static void ready(Health *health, void *userdata) {
        const bool *is_ready = userdata;

        health_add(health, "destination", true, NULL);
        health_add(health, "sync", *is_ready, *is_ready ? NULL : "not done yet");
        health_add(health, "profiles", false, "one is bad");
        health->checks[2].is_optional = true;
}

static int read_profile(
        const char *name, char **ret_bytes, size_t *ret_size_bytes, void *userdata) {
        (void) userdata;
        if (strcmp(name, "broken.json") == 0)
                return -EIO;
        if (strcmp(name, "team/a.json") != 0)
                return -ENOENT;
        *ret_bytes = strdup(PROFILE);
        assert_non_null(*ret_bytes);
        *ret_size_bytes = strlen(PROFILE);
        return 0;
}

static const NodeStatus STATUS = { .revision = 7 };
static const Metrics METRICS_NONE = {};
static bool READY[] = { false, true };

static ReportView view_of(bool *is_ready) {
        return (ReportView){
                .status = &STATUS,
                .metrics = &METRICS_NONE,
                .live = live,
                .ready = ready,
                .read_profile = read_profile,
                .userdata = is_ready,
        };
}

/* `body` is the whole, or with BEGINS how it begins. */
enum {
        REMOTE = 1 << 0,
        NOT_READY = 1 << 1,
        VERBOSE = 1 << 2,
        BEGINS = 1 << 3,
        WITH_BODY = 1 << 4,
};

static const struct {
        const char *method, *path;
        unsigned flags;
        const char *exclude;
        unsigned status;
        const char *content_type, *body;
} CASES[] = {
        { "GET", "/livez", REMOTE, NULL, 200, TEXT, "ok" },
        { "HEAD", "/livez", REMOTE, NULL, 200, TEXT, "ok" },
        { "GET", "/livez", VERBOSE, NULL, 200, TEXT, "[+]loop ok\nlivez check passed\n" },
        { "GET", "/livez/loop", 0, NULL, 200, TEXT, "ok" },
        { "GET", "/livez/sync", 0, NULL, 404, TEXT, "there is no check of that name\n" },
        { "GET", "/healthz", VERBOSE | REMOTE, NULL, 200, TEXT,
                "[+]loop ok\nhealthz check passed\n" },
        { "GET", "/healthz/loop", VERBOSE, NULL, 200, TEXT, "[+]loop ok\nhealthz check passed\n" },
        { "GET", "/readyz", REMOTE, NULL, 200, TEXT, "ok" },
        { "GET", "/readyz", NOT_READY, NULL, 503, TEXT,
                "[+]destination ok\n[-]sync failed: not done yet\n"
                "[-]profiles failed, not required: one is bad\nreadyz check failed\n" },
        { "GET", "/readyz", NOT_READY, "sync", 200, TEXT, "ok" },
        { "GET", "/readyz", NOT_READY | VERBOSE, "sync", 200, TEXT,
                "[+]destination ok\n[+]sync excluded: ok\n"
                "[-]profiles failed, not required: one is bad\nreadyz check passed\n" },
        { "GET", "/readyz/sync", NOT_READY, "sync", 503, TEXT,
                "[-]sync failed: not done yet\nreadyz check failed\n" },
        { "GET", "/readyz/profiles", 0, NULL, 503, TEXT,
                "[-]profiles failed: one is bad\nreadyz check failed\n" },
        { "GET", "/readyz/", 0, NULL, 404, TEXT, NULL },
        { "GET", "/metrics", REMOTE | BEGINS, NULL, 200, METRICS, "# HELP seccompd_build_info " },
        { "GET", "/metrics/x", 0, NULL, 404, TEXT, NULL },
        { "GET", "/status", BEGINS, NULL, 200, JSON, "{\"apiVersion\":\"seccompd/v1\"," },
        { "HEAD", "/status", BEGINS, NULL, 200, JSON, "{\"apiVersion\":\"seccompd/v1\"," },
        { "GET", "/status", REMOTE | BEGINS, NULL, 403, TEXT, "not served on this address" },
        { "GET", "/status/", 0, NULL, 404, TEXT, NULL },
        { "GET", "/statu", 0, NULL, 404, TEXT, NULL },
        { "GET", "/statuses", 0, NULL, 404, TEXT, NULL },
        { "GET", "/profiles/team/a.json", 0, NULL, 200, JSON, PROFILE },
        { "HEAD", "/profiles/team/a.json", 0, NULL, 200, JSON, PROFILE },
        { "GET", "/profiles/team/a.json", REMOTE | BEGINS, NULL, 403, TEXT, "not served on" },
        { "GET", "/profiles/a.json", 0, NULL, 404, TEXT, "no profile of that name is installed\n" },
        { "GET", "/profiles/broken.json", 0, NULL, 500, TEXT,
                "reading the profile failed: Input/output error\n" },
        { "GET", "/profiles/", 0, NULL, 404, TEXT, "no profile of that name is installed\n" },
        { "GET", "/profiles", 0, NULL, 404, TEXT, NULL },
        { "GET", "/", REMOTE | BEGINS, NULL, 200, TEXT,
                "seccompd " SECCOMPD_VERSION "\n/livez[/CHECK]    is the agent alive\n" },
        { "GET", "", 0, NULL, 404, TEXT,
                "not found; there is /livez[/CHECK] /readyz[/CHECK] /healthz[/CHECK] /metrics "
                "/status /profiles/NAME\n" },
        { "GET", "//livez", 0, NULL, 404, TEXT, NULL },
        { "GET", "/LIVEZ", 0, NULL, 404, TEXT, NULL },
        { "GET", "/favicon.ico", REMOTE, NULL, 404, TEXT, NULL },
        { "GET", "/livez", WITH_BODY, NULL, 413, TEXT, "a request must have no body\n" },
        { "POST", "/livez", 0, NULL, 405, TEXT, "only GET and HEAD are served\n" },
        { "POST", "/livez", WITH_BODY, NULL, 405, TEXT, "only GET and HEAD are served\n" },
        { "OPTIONS", "/nothing", 0, NULL, 405, TEXT, "only GET and HEAD are served\n" },
        { "DELETE", "/profiles/team/a.json", 0, NULL, 405, TEXT, "only GET and HEAD are served\n" },
        { "get", "/livez", 0, NULL, 405, TEXT, "only GET and HEAD are served\n" },
};

static void test_paths(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(CASES); i++) {
                unsigned flags = CASES[i].flags;
                const ReportView view = view_of(&READY[(flags & NOT_READY) == 0]);
                const HttpRequest request = {
                        .method = CASES[i].method,
                        .path = CASES[i].path,
                        .exclude = &CASES[i].exclude,
                        .n_exclude = CASES[i].exclude != NULL,
                        .verbose = (flags & VERBOSE) != 0,
                        .is_local = (flags & REMOTE) == 0,
                        .has_body = (flags & WITH_BODY) != 0,
                };
                const char *body = CASES[i].body;
                HttpResponse response = {};
                bool matches;

                http_answer(&view, &request, &response);
                matches = !body ||
                        (flags & BEGINS ? strncmp(response.body.data, body, strlen(body)) == 0
                                        : strcmp(response.body.data, body) == 0);
                if (response.status != CASES[i].status || !matches)
                        fail_msg("%s %s: %u, %s", request.method, request.path, response.status,
                                response.body.data);
                assert_string_equal(response.content_type, CASES[i].content_type);
                assert_int_equal(strlen(response.body.data), response.body.size);
                if (response.status == 405)
                        assert_string_equal(response.allow, "GET, HEAD");
                else
                        assert_null(response.allow);
                assert_int_equal(response.is_status_document,
                        response.status == 200 && strcmp(request.path, "/status") == 0);
                assert_int_equal(*response.etag != '\0',
                        response.body.size == strlen(PROFILE) &&
                                strcmp(response.body.data, PROFILE) == 0);
                http_response_done(&response);
                assert_null(response.body.data);
        }
}

/* The bytes of a profile are named by their digest. */
static void test_etag(void **state) {
        static const struct {
                const char *if_none_match; /* ETAG stands for the profile's */
                unsigned status;
        } cases[] = {
                { NULL, 200 },
                { "ETAG", 304 },
                { "W/ETAG", 304 },
                { "\"other\", ETAG", 304 },
                { "*", 304 },
                { "\"other\"", 200 },
                { "", 200 },
                { "**", 200 },
        };
        const ReportView view = view_of(&READY[1]);
        const Digest digest = digest_of(PROFILE, strlen(PROFILE));
        char text[DIGEST_TEXT_SIZE];
        _cleanup_buf_ Buf etag = {};

        (void) state;
        digest_text(&digest, text);
        buf_printf(&etag, "\"%s\"", text);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const char *given = cases[i].if_none_match;
                const char *place = given ? strstr(given, "ETAG") : NULL;
                _cleanup_buf_ Buf header = {};
                HttpResponse response = {};
                HttpRequest request = {
                        .method = "GET", .path = "/profiles/team/a.json", .is_local = true
                };

                if (place)
                        buf_printf(&header, "%.*s%s", (int) (place - given), given, etag.data);
                else if (given)
                        buf_puts(&header, given);
                request.if_none_match = given ? header.data : NULL;
                http_answer(&view, &request, &response);
                if (response.status != cases[i].status)
                        fail_msg("%s: %u", given ? given : "no header", response.status);
                assert_string_equal(response.etag, etag.data);
                assert_int_equal(response.body.size, response.status == 304 ? 0 : strlen(PROFILE));
                http_response_done(&response);
        }
}

/* Who still holds the document of this revision is not given another. */
static void test_held_revision(void **state) {
        static const uint64_t SAME = 7, OTHER = 6;
        static const struct {
                const uint64_t *held;
                bool has_body;
        } cases[] = { { NULL, true }, { &OTHER, true }, { &SAME, false } };
        const ReportView view = view_of(&READY[1]);

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const HttpRequest request = { .method = "GET",
                        .path = "/status",
                        .is_local = true,
                        .held_revision = cases[i].held };
                HttpResponse response = {};
                cJSON *root;

                http_answer(&view, &request, &response);
                assert_int_equal(response.status, 200);
                assert_true(response.is_status_document);
                assert_int_equal(response.body.size > 0, cases[i].has_body);
                if (cases[i].has_body) {
                        root = cJSON_Parse(response.body.data);
                        assert_non_null(root);
                        cJSON_Delete(root);
                }
                http_response_done(&response);
        }
}

/* /metrics shows this process. */
static void test_metrics(void **state) {
        const ReportView view = view_of(&READY[1]);
        const HttpRequest request = { .method = "GET", .path = "/metrics" };
        HttpResponse response = {};

        (void) state;
        http_answer(&view, &request, &response);
        assert_non_null(strstr(response.body.data, "\nprocess_open_fds "));
        assert_non_null(strstr(response.body.data, "\nseccompd_syncs_total{result=\"success\"} 0"));
        http_response_done(&response);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_etag),
                cmocka_unit_test(test_held_revision),
                cmocka_unit_test(test_metrics),
        };

        return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
