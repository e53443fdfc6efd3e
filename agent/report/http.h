/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_REPORT_HTTP_H
#define SECCOMPD_REPORT_HTTP_H

#include "base/buf.h"
#include "report/health.h"
#include "report/metrics.h"
#include "report/status.h"

/* What each path answers, apart from any listener: a function from request to response. */

/** What the daemon shows; all borrowed; callbacks are called on the loop's thread. */
typedef struct ReportView {
        const NodeStatus *status;
        const Metrics *metrics;
        void (*live)(Health *health, void *userdata);  /* fills the checks of /livez */
        void (*ready)(Health *health, void *userdata); /* fills the checks of /readyz */
        /* the installed bytes of a profile, owned; -ENOENT; another -errno */
        int (*read_profile)(
                const char *name, char **ret_bytes, size_t *ret_size_bytes, void *userdata);
        void *userdata;
} ReportView;

typedef struct HttpRequest {
        const char *method;
        const char *path;           /* decoded, without the query */
        const char *const *exclude; /* values of ?exclude= */
        size_t n_exclude;
        bool verbose;              /* ?verbose is there */
        const char *if_none_match; /* NULL when absent */
        bool is_local;             /* this listener serves /status and /profiles too */
        bool has_body;             /* one is announced: refused, never read */
        const uint64_t
                *held_revision; /* the caller still has /status of this revision; NULL: none */
} HttpRequest;

typedef struct HttpResponse {
        unsigned status;
        const char *content_type; /* static */
        const char *allow;        /* static; NULL when there is no Allow header */
        char etag[80];            /* with its quotes; "" for none */
        Buf body;
        bool is_status_document; /* /status at status->revision; no body when it is the one held */
} HttpResponse;
void http_response_done(HttpResponse *response);

/**
 * Answers a request: GET and HEAD only (405 with Allow), 413 for one with a body, 404 for unknown
 * paths with a line that lists the known ones, 403 for /status and /profiles on a listener that
 * does not serve them, 503 for failing health, 304 for a matching ETag, 500 when memory is out.
 * HEAD gets the body of GET; the listener leaves it out. `ret_response` is always filled;
 * http_response_done() releases it.
 */
void http_answer(const ReportView *view, const HttpRequest *request, HttpResponse *ret_response);

#endif
