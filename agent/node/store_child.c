/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The writer: store_apply() in a child that holds the destination's descriptors and nothing else,
 * so that a disk on which a sync takes seconds never stalls the daemon's loop. Its reply is text:
 *
 *     error NUMBER
 *     outcome OP NUMBER NAME-LENGTH
 *     NAME
 *     manifest
 *     (the manifest, to the end)
 */

#include "node/store_internal.h"

#include "base/fdio.h"
#include "node/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define REPLY_BYTES_MAX ((size_t) 64 << 20)

static void print_result(Buf *buf, const StoreResult *result) {
        buf_printf(buf, "error %d\n", result->error);
        for (size_t i = 0; i < result->n_outcomes; i++) {
                const StoreOutcome *outcome = &result->outcomes[i];

                buf_printf(buf, "outcome %d %d %zu\n%s\n", (int) outcome->op, outcome->error,
                        strlen(outcome->name), outcome->name);
        }
        buf_puts(buf, "manifest\n");
        manifest_print(buf, &result->manifest);
}

static int run_writer(int fd, void *userdata) {
        const StoreWork *work = userdata;
        const int keep_fds[] = { fd, work->store->dir_fd, work->store->meta_fd };
        _cleanup_(store_result_done) StoreResult result = {};
        _cleanup_buf_ Buf reply = {};

        if (sandbox_enter_writer(keep_fds, N_ELEMENTS(keep_fds)) < 0 ||
                store_apply(work, &result) < 0)
                return EXIT_FAILURE;
        print_result(&reply, &result);
        if (buf_error(&reply) < 0 || fd_write_all(fd, reply.data, reply.size) < 0)
                return EXIT_FAILURE;
        return EXIT_SUCCESS;
}

int store_start(const StoreWork *work, Child *ret_child) {
        StoreWork copy = *work; /* read by the child only, which has this frame */

        return child_start(run_writer, &copy, REPLY_BYTES_MAX, ret_child);
}

/* Reads one outcome at `*at`, which moves past it. */
static int parse_outcome(const char **at, const char *end, StoreResult *result) {
        StoreOutcome *grown;
        StoreOutcome outcome = {};
        int op = 0, length = 0;
        size_t name_size = 0;

        if (sscanf(*at, "outcome %d %d %zu\n%n", &op, &outcome.error, &name_size, &length) != 3 ||
                length == 0 || op < PLAN_NONE || op > PLAN_FORGET || outcome.error > 0)
                return -EPROTO;
        *at += length;
        if (name_size >= (size_t) (end - *at) || (*at)[name_size] != '\n')
                return -EPROTO;
        outcome.op = (PlanOp) op;
        outcome.name = strndup(*at, name_size);
        grown = reallocarray(result->outcomes, result->n_outcomes + 1, sizeof(*grown));
        if (grown)
                result->outcomes = grown;
        if (!grown || !outcome.name) {
                free(outcome.name);
                return -ENOMEM;
        }
        grown[result->n_outcomes++] = outcome;
        *at += name_size + 1;
        return 0;
}

static int parse_result(const char *at, const char *end, StoreResult *result) {
        int length = 0, r;

        if (sscanf(at, "error %d\n%n", &result->error, &length) != 1 || length == 0 ||
                result->error > 0)
                return -EPROTO;
        at += length;
        while (strncmp(at, "outcome ", 8) == 0) {
                r = parse_outcome(&at, end, result);
                if (r < 0)
                        return r;
        }
        if (strncmp(at, "manifest\n", 9) != 0)
                return -EPROTO;
        at += 9;
        r = manifest_parse(at, (size_t) (end - at), &result->manifest, NULL);
        return r == -EBADMSG ? -EPROTO : r;
}

int store_result(const Child *child, int status, StoreResult *ret_result) {
        _cleanup_(store_result_done) StoreResult result = {};
        int r;

        if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS || !child->reply.data)
                return -EPROTO;
        r = parse_result(child->reply.data, child->reply.data + child->reply.size, &result);
        if (r < 0)
                return r;
        *ret_result = result;
        result = (StoreResult){};
        return 0;
}
