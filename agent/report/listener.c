/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The HTTP listener: libmicrohttpd runs inside the event loop, without a thread. Its epoll
 * descriptor is watched for input; what it has left to do without any further event (bytes already
 * read, a place that came free below the limit of connections) is done in a deferred event, so that
 * an idle listener has no timer at all and never wakes the process.
 *
 * A client can take from us no more than listener.h says. The deadline is absolute: libmicrohttpd's
 * own time-out begins anew with every byte, and a client that sends one byte a second would stay
 * for ever. Ours counts from the accept to the end of the answer, then from there to the end of the
 * next; past it the socket is shut down, which libmicrohttpd finds as any hang-up.
 *
 * The document of /status can be large and is asked for by whoever wants to know, so all who read
 * the same revision share one copy. It is held by its readers alone: when the last is done, the
 * memory goes.
 *
 * libmicrohttpd sends with MSG_NOSIGNAL: a client that hangs up raises no SIGPIPE.
 */

#include "report/listener.h"

#include "report/listen_socket.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>

#define NEVER UINT64_MAX
/* Answers up to this always have room: all connections together cannot make them matter. */
#define LISTENER_SMALL_BYTES (16U << 10)

/* One client. */
typedef struct Connection {
        int fd;              /* libmicrohttpd's; borrowed; -1: this place is free */
        uint64_t until_usec; /* CLOCK_MONOTONIC; NEVER: it was cut off already */
} Connection;

/* The bytes of one answer, until its last reader has them. */
typedef struct Body {
        Listener *listener;
        struct MHD_Response *response; /* borrowed: it owns us */
        Buf bytes;
        uint64_t revision; /* of the status, when it is listener->status_body */
} Body;

struct Listener {
        sd_event *event; /* borrowed */
        sd_event_source *input, *again, *timer;
        struct MHD_Daemon *mhd;
        ListenSocket socket;
        const ReportView *view;
        bool serve_status;
        bool has_closed; /* a connection ended in this turn: there is room for another */
        uint64_t deadline_usec;
        Connection connections[LISTENER_CONNECTIONS];
        Body *status_body; /* the one that is being read, or NULL; borrowed */
        size_t body_bytes; /* of all answers not yet read to their end */
};

/* --- connections and their deadlines --- */

static uint64_t now_usec(const Listener *listener) {
        uint64_t usec = 0;

        (void) sd_event_now(listener->event, CLOCK_MONOTONIC, &usec);
        return usec;
}

/* Waits for the earliest deadline, or for none. */
static int arm_timer(Listener *listener) {
        uint64_t earliest_usec = NEVER;
        int r;

        for (size_t i = 0; i < LISTENER_CONNECTIONS; i++) {
                const Connection *connection = &listener->connections[i];

                if (connection->fd >= 0 && connection->until_usec < earliest_usec)
                        earliest_usec = connection->until_usec;
        }
        if (earliest_usec == NEVER)
                return sd_event_source_set_enabled(listener->timer, SD_EVENT_OFF);
        r = sd_event_source_set_time(listener->timer, earliest_usec);
        return r < 0 ? r : sd_event_source_set_enabled(listener->timer, SD_EVENT_ONESHOT);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Listener *listener = userdata;
        uint64_t now = now_usec(listener);

        (void) source;
        (void) usec;
        for (size_t i = 0; i < LISTENER_CONNECTIONS; i++) {
                Connection *connection = &listener->connections[i];

                if (connection->fd < 0 || connection->until_usec > now)
                        continue;
                (void) shutdown(connection->fd, SHUT_RDWR);
                connection->until_usec = NEVER;
        }
        return arm_timer(listener);
}

static Connection *find_free(Listener *listener) {
        for (size_t i = 0; i < LISTENER_CONNECTIONS; i++)
                if (listener->connections[i].fd < 0)
                        return &listener->connections[i];
        return NULL;
}

static void on_connection(void *cls, struct MHD_Connection *mhd_connection, void **context,
        enum MHD_ConnectionNotificationCode code) {
        Listener *listener = cls;
        Connection *connection = *context;

        if (code == MHD_CONNECTION_NOTIFY_STARTED) {
                const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(mhd_connection, MHD_CONNECTION_INFO_CONNECTION_FD);

                connection = find_free(listener); /* there is one: the limits are the same */
                connection->fd = info->connect_fd;
                connection->until_usec = now_usec(listener) + listener->deadline_usec;
                *context = connection;
        } else {
                connection->fd = -1;
                listener->has_closed = true;
        }
}

static void on_completed(void *cls, struct MHD_Connection *mhd_connection, void **request_state,
        enum MHD_RequestTerminationCode code) {
        Listener *listener = cls;
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(mhd_connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        Connection *connection = info->socket_context;

        (void) request_state;
        (void) code;
        connection->until_usec = now_usec(listener) + listener->deadline_usec;
}

/* --- answers --- */

static void body_free(void *cls) {
        Body *body = cls;

        body->listener->body_bytes -= body->bytes.size;
        if (body->listener->status_body == body)
                body->listener->status_body = NULL;
        buf_done(&body->bytes);
        free(body);
}

static bool add_headers(struct MHD_Response *response, const HttpResponse *answer) {
        const struct {
                const char *name, *value;
        } headers[] = {
                { MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type },
                { "X-Content-Type-Options", "nosniff" },
                { MHD_HTTP_HEADER_CACHE_CONTROL, "no-store" },
                { MHD_HTTP_HEADER_ALLOW, answer->allow },
                { MHD_HTTP_HEADER_ETAG, *answer->etag ? answer->etag : NULL },
        };

        for (size_t i = 0; i < N_ELEMENTS(headers); i++)
                if (headers[i].value &&
                        MHD_add_response_header(response, headers[i].name, headers[i].value) !=
                                MHD_YES)
                        return false;
        return true;
}

/* Moves the answer's bytes into a response, which the caller destroys. NULL when memory is out. */
static struct MHD_Response *make_response(Listener *listener, HttpResponse *answer) {
        Body *body = malloc(sizeof(*body));

        if (!body)
                return NULL;
        *body = (Body){ .listener = listener, .bytes = answer->body };
        answer->body = (Buf){};
        listener->body_bytes += body->bytes.size;
        body->response = MHD_create_response_from_buffer_with_free_callback_cls(
                body->bytes.size, body->bytes.data, body_free, body);
        if (!body->response) {
                body_free(body);
                return NULL;
        }
        if (!add_headers(body->response, answer)) {
                MHD_destroy_response(body->response);
                return NULL;
        }
        if (answer->is_status_document) {
                listener->status_body = body;
                body->revision = listener->view->status->revision;
        }
        return body->response;
}

/* Slow readers of many large answers must not add up: past the bound a request is turned away. */
static bool has_room(const Listener *listener, const HttpResponse *answer) {
        return listener->body_bytes == 0 || answer->body.size <= LISTENER_SMALL_BYTES ||
                listener->body_bytes + answer->body.size <= LISTENER_BODY_BYTES;
}

static enum MHD_Result send_answer(
        Listener *listener, struct MHD_Connection *connection, HttpResponse *answer) {
        struct MHD_Response *response = NULL;
        enum MHD_Result result;

        if (answer->is_status_document && answer->body.size == 0 && listener->status_body)
                return MHD_queue_response(
                        connection, answer->status, listener->status_body->response);
        if (!has_room(listener, answer)) {
                http_response_done(answer);
                answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
                answer->content_type = "text/plain; charset=utf-8";
                buf_puts(&answer->body, "too many answers are being read; try again\n");
        }
        response = make_response(listener, answer);
        if (!response)
                return MHD_NO;
        result = MHD_queue_response(connection, answer->status, response);
        MHD_destroy_response(response);
        return result;
}

/* --- requests --- */

/* Filled from the query's arguments. */
typedef struct Query {
        const char **exclude; /* room for all arguments; owned */
        size_t n_exclude;
        bool verbose;
} Query;

static enum MHD_Result on_argument(
        void *cls, enum MHD_ValueKind kind, const char *key, const char *value) {
        Query *query = cls;

        (void) kind;
        if (strcmp(key, "verbose") == 0)
                query->verbose = true;
        else if (strcmp(key, "exclude") == 0 && value)
                query->exclude[query->n_exclude++] = value;
        return MHD_YES;
}

static const char *header(struct MHD_Connection *connection, const char *name) {
        return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool announces_body(struct MHD_Connection *connection) {
        const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);

        return header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
                (length && length[strspn(length, "0")] != '\0');
}

static enum MHD_Result answer_request(Listener *listener, struct MHD_Connection *connection,
        const char *path, const char *method, bool has_body) {
        int n_arguments = MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, NULL, NULL);
        _cleanup_free_ const char **exclude = calloc((size_t) n_arguments + 1, sizeof(*exclude));
        Query query = { .exclude = exclude };
        HttpResponse answer = {};
        enum MHD_Result result;

        if (!exclude)
                return MHD_NO;
        (void) MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, on_argument, &query);
        const HttpRequest request = {
                .method = method,
                .path = path,
                .exclude = query.exclude,
                .n_exclude = query.n_exclude,
                .verbose = query.verbose,
                .if_none_match = header(connection, MHD_HTTP_HEADER_IF_NONE_MATCH),
                .is_local = listener->serve_status,
                .has_body = has_body,
                .held_revision = listener->status_body ? &listener->status_body->revision : NULL,
        };
        http_answer(listener->view, &request, &answer);
        result = send_answer(listener, connection, &answer);
        http_response_done(&answer);
        return result;
}

/*
 * Called first when the headers are there, then when the request is whole. An answer to the first
 * call ends the connection behind it, which is right for a request with a body (it is never read)
 * and wrong for all others.
 */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
        const char *method, const char *version, const char *upload_data, size_t *upload_data_size,
        void **request_state) {
        bool is_first = !*request_state, has_body = announces_body(connection);

        (void) version;
        (void) upload_data;
        *upload_data_size = 0; /* whatever there is of a body is not wanted */
        if (is_first && !has_body) {
                *request_state = cls;
                return MHD_YES;
        }
        return answer_request(cls, connection, url, method, has_body);
}

/* --- the loop --- */

/* One turn. More may be left to do that no descriptor will tell of. */
static int run(Listener *listener) {
        MHD_UNSIGNED_LONG_LONG timeout_msec = 0;
        bool again;
        int r;

        listener->has_closed = false;
        (void) MHD_run(listener->mhd);
        /* it knows no time-out but "at once", for none was set; and it stops listening at the
         * limit of connections until it runs again below it */
        again = MHD_get_timeout(listener->mhd, &timeout_msec) == MHD_YES || listener->has_closed;
        r = sd_event_source_set_enabled(listener->again, again ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
        return r < 0 ? r : arm_timer(listener);
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) source;
        (void) fd;
        (void) events;
        return run(userdata);
}

static int on_again(sd_event_source *source, void *userdata) {
        (void) source;
        return run(userdata);
}

/* Gives the socket to libmicrohttpd, which closes it when it stops. */
static int start_mhd(Listener *listener) {
        /* when it cannot start it has closed the socket or not, by how far it got; that is for
         * want of memory or descriptors, and the process ends */
        int fd = TAKE_FD(listener->socket.fd);

        listener->mhd = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, listener,
                MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, LISTENER_CONNECTIONS,
                MHD_OPTION_PER_IP_CONNECTION_LIMIT, LISTENER_CONNECTIONS_PER_ADDRESS,
                MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) LISTENER_REQUEST_BYTES,
                MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener, MHD_OPTION_NOTIFY_COMPLETED,
                on_completed, listener, MHD_OPTION_END);
        return listener->mhd ? 0 : -ENOMEM;
}

static int add_sources(Listener *listener) {
        const union MHD_DaemonInfo *info =
                MHD_get_daemon_info(listener->mhd, MHD_DAEMON_INFO_EPOLL_FD);
        int r = sd_event_add_io(
                listener->event, &listener->input, info->epoll_fd, EPOLLIN, on_input, listener);

        if (r >= 0)
                r = sd_event_add_defer(listener->event, &listener->again, on_again, listener);
        if (r >= 0)
                r = sd_event_add_time(listener->event, &listener->timer, CLOCK_MONOTONIC, NEVER,
                        1000, on_deadline, listener);
        return r;
}

int listener_new(sd_event *event, const char *address, bool serve_status, const ReportView *view,
        Listener **ret_listener, char **ret_problem) {
        _cleanup_(listener_freep) Listener *listener = malloc(sizeof(*listener));
        int r;

        if (!listener)
                return -ENOMEM;
        *listener = (Listener){
                .event = event,
                .socket = { .fd = -1 },
                .view = view,
                .serve_status = serve_status,
                .deadline_usec = LISTENER_DEADLINE_USEC,
        };
        for (size_t i = 0; i < LISTENER_CONNECTIONS; i++)
                listener->connections[i].fd = -1;
        r = listen_socket_open(address, &listener->socket, ret_problem);
        if (r >= 0)
                r = start_mhd(listener);
        if (r >= 0)
                r = add_sources(listener);
        if (r >= 0)
                r = run(listener);
        if (r < 0)
                return r;
        *ret_listener = TAKE_PTR(listener);
        return 0;
}

Listener *listener_free(Listener *listener) {
        if (!listener)
                return NULL;
        sd_event_source_disable_unref(listener->input);
        sd_event_source_disable_unref(listener->again);
        sd_event_source_disable_unref(listener->timer);
        /* before the socket is closed: until then nobody else's file can have its inode */
        listen_socket_done(&listener->socket);
        if (listener->mhd)
                MHD_stop_daemon(listener->mhd);
        free(listener);
        return NULL;
}

void listener_set_deadline(Listener *listener, uint64_t usec) {
        listener->deadline_usec = usec;
}

unsigned listener_port(const Listener *listener) {
        return listener->socket.port;
}
