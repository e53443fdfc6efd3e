/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Which path answers what. One table of routes; the index and the 404 are made from it, so that no
 * path can be served and not told of. Nothing here knows of sockets: a request goes in, a response
 * comes out, and tests need no network.
 */

#include "report/http.h"
#include "version.h"

#include <errno.h>
#include <string.h>

#define CONTENT_TEXT    "text/plain; charset=utf-8"
#define CONTENT_JSON    "application/json"
#define CONTENT_METRICS "text/plain; version=0.0.4; charset=utf-8"

#define METHODS_ALLOWED "GET, HEAD"

enum {
        HTTP_OK = 200,
        HTTP_NOT_MODIFIED = 304,
        HTTP_FORBIDDEN = 403,
        HTTP_NOT_FOUND = 404,
        HTTP_METHOD_NOT_ALLOWED = 405,
        HTTP_CONTENT_TOO_LARGE = 413,
        HTTP_INTERNAL_ERROR = 500,
        HTTP_UNAVAILABLE = 503,
};

void http_response_done(HttpResponse *response) {
        buf_done(&response->body);
        *response = (HttpResponse){};
}

static void answer_text(HttpResponse *response, unsigned status, const char *text) {
        response->status = status;
        response->content_type = CONTENT_TEXT;
        buf_puts(&response->body, text);
}

/* --- the answers; `rest` is what stands behind the route's path and a slash, or NULL --- */

typedef void (*Answer)(const ReportView *view, const HttpRequest *request, const char *rest,
        HttpResponse *response);

static void answer_health(const HttpRequest *request, const Health *health, const char *endpoint,
        const char *check, HttpResponse *response) {
        int passed;

        if (check)
                passed = health_render_one(
                        &response->body, health, endpoint, check, request->verbose);
        else
                passed = health_render(&response->body, health, endpoint, request->exclude,
                        request->n_exclude, request->verbose);
        if (passed < 0)
                answer_text(response, HTTP_NOT_FOUND, "there is no check of that name\n");
        else
                answer_text(response, passed ? HTTP_OK : HTTP_UNAVAILABLE, "");
}

static void answer_livez(const ReportView *view, const HttpRequest *request, const char *rest,
        HttpResponse *response) {
        Health health = {};

        view->live(&health, view->userdata);
        answer_health(request, &health, "livez", rest, response);
}

static void answer_healthz(const ReportView *view, const HttpRequest *request, const char *rest,
        HttpResponse *response) {
        Health health = {};

        view->live(&health, view->userdata);
        answer_health(request, &health, "healthz", rest, response);
}

static void answer_readyz(const ReportView *view, const HttpRequest *request, const char *rest,
        HttpResponse *response) {
        Health health = {};

        view->ready(&health, view->userdata);
        answer_health(request, &health, "readyz", rest, response);
}

static void answer_metrics(const ReportView *view, const HttpRequest *request, const char *rest,
        HttpResponse *response) {
        ProcessFigures figures = {};
        bool has_figures = process_figures_read(&figures) >= 0;

        (void) request;
        (void) rest;
        response->status = HTTP_OK;
        response->content_type = CONTENT_METRICS;
        metrics_render(&response->body, view->metrics, view->status, has_figures ? &figures : NULL);
}

static void answer_status(const ReportView *view, const HttpRequest *request, const char *rest,
        HttpResponse *response) {
        (void) rest;
        response->status = HTTP_OK;
        response->content_type = CONTENT_JSON;
        response->is_status_document = true;
        if (!request->held_revision || *request->held_revision != view->status->revision)
                node_status_render_json(&response->body, view->status);
}

/* If-None-Match is a list of quoted tags, or "*" (RFC 9110, 13.1.2). A tag of ours with its quotes
 * cannot be part of another. */
static bool matches_etag(const char *if_none_match, const char *etag) {
        return if_none_match && (strcmp(if_none_match, "*") == 0 || strstr(if_none_match, etag));
}

static void answer_profile(const ReportView *view, const HttpRequest *request, const char *rest,
        HttpResponse *response) {
        _cleanup_free_ char *bytes = NULL;
        char text[DIGEST_TEXT_SIZE];
        size_t size_bytes = 0;
        Digest digest;
        int r = view->read_profile(rest, &bytes, &size_bytes, view->userdata);

        if (r == -ENOENT) {
                answer_text(response, HTTP_NOT_FOUND, "no profile of that name is installed\n");
                return;
        }
        if (r < 0) {
                answer_text(response, HTTP_INTERNAL_ERROR, "reading the profile failed: ");
                buf_printf(&response->body, "%s\n", strerror(-r));
                return;
        }
        digest = digest_of(bytes, size_bytes);
        digest_text(&digest, text);
        snprintf(response->etag, sizeof(response->etag), "\"%s\"", text);
        response->content_type = CONTENT_JSON;
        response->status = HTTP_NOT_MODIFIED;
        if (!matches_etag(request->if_none_match, response->etag)) {
                response->status = HTTP_OK;
                buf_append(&response->body, bytes, size_bytes);
        }
}

/* --- routes --- */

typedef enum RouteRest {
        REST_NONE,     /* the path alone */
        REST_OPTIONAL, /* the path, or /PATH/something */
        REST_REQUIRED,
} RouteRest;

typedef struct Route {
        const char *path;
        RouteRest rest;
        bool is_local_only;
        Answer answer;
        const char *shown; /* as the index has it */
        const char *help;
} Route;

static const Route ROUTES[] = {
        { "/livez", REST_OPTIONAL, false, answer_livez, "/livez[/CHECK]", "is the agent alive" },
        { "/readyz", REST_OPTIONAL, false, answer_readyz, "/readyz[/CHECK]",
                "are this node's profiles taken care of; ?verbose, ?exclude=CHECK" },
        { "/healthz", REST_OPTIONAL, false, answer_healthz, "/healthz[/CHECK]", "as /livez" },
        { "/metrics", REST_NONE, false, answer_metrics, "/metrics", "for Prometheus" },
        { "/status", REST_NONE, true, answer_status, "/status", "everything, as JSON" },
        { "/profiles", REST_REQUIRED, true, answer_profile, "/profiles/NAME",
                "an installed profile, byte for byte" },
};

/* The route of a path, and what of it stands behind the route's own; NULL for none. */
static const Route *find_route(const char *path, const char **ret_rest) {
        for (size_t i = 0; i < N_ELEMENTS(ROUTES); i++) {
                const Route *route = &ROUTES[i];
                size_t length = strlen(route->path);
                const char *rest = path + length;

                if (strncmp(path, route->path, length) != 0)
                        continue;
                if (*rest == '\0' && route->rest != REST_REQUIRED) {
                        *ret_rest = NULL;
                        return route;
                }
                if (*rest == '/' && route->rest != REST_NONE) {
                        *ret_rest = rest + 1;
                        return route;
                }
        }
        return NULL;
}

static void answer_index(HttpResponse *response) {
        answer_text(response, HTTP_OK, "seccompd " SECCOMPD_VERSION "\n");
        for (size_t i = 0; i < N_ELEMENTS(ROUTES); i++)
                buf_printf(&response->body, "%-17s %s\n", ROUTES[i].shown, ROUTES[i].help);
}

static void answer_not_found(HttpResponse *response) {
        answer_text(response, HTTP_NOT_FOUND, "not found; there is");
        for (size_t i = 0; i < N_ELEMENTS(ROUTES); i++)
                buf_printf(&response->body, " %s", ROUTES[i].shown);
        buf_putc(&response->body, '\n');
}

static void route_request(
        const ReportView *view, const HttpRequest *request, HttpResponse *response) {
        const char *rest = NULL;
        const Route *route = find_route(request->path, &rest);

        if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
                answer_text(response, HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are served\n");
                response->allow = METHODS_ALLOWED;
        } else if (request->has_body)
                answer_text(response, HTTP_CONTENT_TOO_LARGE, "a request must have no body\n");
        else if (strcmp(request->path, "/") == 0)
                answer_index(response);
        else if (!route)
                answer_not_found(response);
        else if (route->is_local_only && !request->is_local)
                answer_text(response, HTTP_FORBIDDEN,
                        "not served on this address without --expose-status; ask the unix "
                        "socket\n");
        else
                route->answer(view, request, rest, response);
}

void http_answer(const ReportView *view, const HttpRequest *request, HttpResponse *ret_response) {
        HttpResponse response = {};

        route_request(view, request, &response);
        if (buf_error(&response.body) < 0) {
                http_response_done(&response);
                response.status = HTTP_INTERNAL_ERROR;
                response.content_type = CONTENT_TEXT;
        }
        *ret_response = response;
}
