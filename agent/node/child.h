/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_CHILD_H
#define SECCOMPD_NODE_CHILD_H

#include "base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * A child process with one reply stream: fork, run, write, _exit. What it may do is the sandbox's
 * business, what it says the caller's.
 */

typedef struct Child {
        pid_t pid; /* 0 when there is none */
        int fd;    /* reading end, non-blocking; -1 when there is none; owned */
        Buf reply; /* what was read so far */
        size_t max_reply_bytes;
        bool is_at_end;   /* the child closed its end */
        bool is_too_long; /* it said more than max_reply_bytes: killed */
} Child;

/**
 * Forks; the child runs `run(fd, userdata)` with the writing end and exits with its result. The
 * child dies with its parent (PR_SET_PDEATHSIG), has default signal dispositions and an empty
 * signal mask. Returns 0 or -errno (-EAGAIN: no process to be had).
 */
int child_start(int (*run)(int fd, void *userdata), void *userdata, size_t max_reply_bytes,
        Child *ret_child);

/**
 * In the child: SIGHUP, SIGINT and SIGTERM are ignored. They come to all processes of a terminal or
 * a service, and are for the parent to act on, which waits for its children or kills them.
 */
void child_leave_signals(void);

/** Reads what is there without blocking. Returns 0, or 1 at the end of the stream, or -errno. */
int child_read(Child *child);

/** Kills it (SIGKILL); it still has to be waited for. */
void child_kill(Child *child);

/** Waits for its end (blocking, reading what it says meanwhile). Returns 0 with wait(2)'s status,
 * or -errno. */
int child_wait(Child *child, int *ret_status);

/** Releases the descriptor and the reply; a child still running is killed and reaped. */
void child_done(Child *child);
#define _cleanup_child_ _cleanup_(child_done)

#endif
