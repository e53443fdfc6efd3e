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
#include <limits.h>
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
        /* with the lock: it is held for as long as anything of us may write */
        const int keep_fds[] = { fd, work->store->dir_fd, work->store->meta_fd,
                work->store->lock_fd };
        _cleanup_(store_result_done) StoreResult result = {};
        _cleanup_buf_ Buf reply = {};

        child_leave_signals();
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

/* Reads a decimal number and the byte behind it, which must be `end`. The reply ends with a NUL. */
static bool read_number(const char **at, char end, long long *ret_number) {
        char *behind = NULL;

        errno = 0;
        *ret_number = strtoll(*at, &behind, 10);
        if (behind == *at || errno != 0 || *behind != end)
                return false;
        *at = behind + 1;
        return true;
}

static bool skip_word(const char **at, const char *word) {
        if (strncmp(*at, word, strlen(word)) != 0)
                return false;
        *at += strlen(word);
        return true;
}

/* Reads one outcome at `*at`, behind its word; `*at` moves past it. */
static int parse_outcome(const char **at, const char *end, StoreResult *result) {
        long long op = 0, error = 0, name_size = 0;
        StoreOutcome *grown;
        char *name;

        if (!read_number(at, ' ', &op) || !read_number(at, ' ', &error) ||
                !read_number(at, '\n', &name_size) || op < PLAN_NONE || op > PLAN_FORGET ||
                error > 0 || error < INT_MIN || name_size < 0 || name_size >= end - *at ||
                (*at)[name_size] != '\n')
                return -EPROTO;
        name = strndup(*at, (size_t) name_size);
        grown = reallocarray(result->outcomes, result->n_outcomes + 1, sizeof(*grown));
        if (grown)
                result->outcomes = grown;
        if (!grown || !name) {
                free(name);
                return -ENOMEM;
        }
        grown[result->n_outcomes++] =
                (StoreOutcome){ .name = name, .op = (PlanOp) op, .error = (int) error };
        *at += name_size + 1;
        return 0;
}

static int parse_result(const char *at, const char *end, StoreResult *result) {
        long long error = 0;
        int r;

        if (!skip_word(&at, "error ") || !read_number(&at, '\n', &error) || error > 0 ||
                error < INT_MIN)
                return -EPROTO;
        result->error = (int) error;
        while (skip_word(&at, "outcome ")) {
                r = parse_outcome(&at, end, result);
                if (r < 0)
                        return r;
        }
        if (!skip_word(&at, "manifest\n"))
                return -EPROTO;
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
