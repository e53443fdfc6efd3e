/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_REPORT_LISTENER_H
#define SECCOMPD_REPORT_LISTENER_H

#include "base/cleanup.h"
#include "report/http.h"

#include <systemd/sd-event.h>

/*
 * The HTTP listeners: libmicrohttpd without threads, its epoll descriptor in the sd-event loop.
 * Bounded in every direction: 64 connections (8 an address), 8 KiB of request, 10 s from accept to
 * the answer's end (on a kept connection from one answer's end to the next's), 8 MiB of answers not
 * yet read.
 */

#define LISTENER_CONNECTIONS             64U
#define LISTENER_CONNECTIONS_PER_ADDRESS 8U
#define LISTENER_REQUEST_BYTES           (8U << 10)
#define LISTENER_BODY_BYTES              (8U << 20)
#define LISTENER_DEADLINE_USEC           (10ULL * 1000 * 1000)

typedef struct Listener Listener;

/**
 * Starts one listener on the loop: `address` is "unix:/PATH" (absolute), "IPV4:PORT", "[IPV6]:PORT"
 * or
 * ":PORT" (all addresses of both); names are not looked up. A stale socket file is replaced, a live
 * one is -EADDRINUSE, another file -EEXIST; the socket is made 0660. `serve_status` says whether
 * /status and /profiles are served here. `view` is borrowed for its life. Returns 0; -EINVAL or
 * another -errno with
 * `*ret_problem` (owned) for a person.
 */
int listener_new(sd_event *event, const char *address, bool serve_status, const ReportView *view,
        Listener **ret_listener, char **ret_problem);

/** Stops it, closes its connections, removes its socket file. NULL is fine. Returns NULL. */
Listener *listener_free(Listener *listener);
DEFINE_CLEANUP(Listener, listener_free);

/** Another deadline than LISTENER_DEADLINE_USEC, from the next connection or answer on. */
void listener_set_deadline(Listener *listener, uint64_t usec);

/** The TCP port it is bound to (for ":0"), or 0 for a unix socket. */
unsigned listener_port(const Listener *listener);

#endif
