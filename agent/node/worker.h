/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_WORKER_H
#define SECCOMPD_NODE_WORKER_H

#include "node/child.h"
#include "profile/check.h"

/*
 * The worker: one fork for one content. It inherits the bytes, confines itself, checks, writes its
 * reply and exits. The reply stream is a sequence of frames: a byte ('T' testament, 'V' verdict),
 * the length as 4 bytes little endian, and a verdict in wire form.
 */

#define WORKER_REPLY_BYTES (16U << 20) /* a longer reply is a broken worker */

/** One content to check; all borrowed until worker_start() or worker_check() returns. */
typedef struct WorkerRequest {
        const char *bytes;
        size_t size_bytes;
        const CheckOptions *options;
        const char *previous; /* canonical bytes that these would replace; NULL: none */
        size_t previous_size_bytes;
} WorkerRequest;

/** Forks a confined worker. sandbox_prepare() was called. Returns 0 or -errno. */
int worker_start(const WorkerRequest *request, Child *ret_child);

/**
 * The worker's part, also callable in-process by tests: checks and writes the frames to `fd`.
 * `scratch_fd` is a memfd. Returns 0 or -errno.
 */
int worker_serve(int fd, int scratch_fd, const WorkerRequest *request);

/**
 * The verdict of a worker that has ended: `status` is wait(2)'s, `timed_out` says that the parent
 * killed it for wall time. A whole 'V' frame and exit 0: that verdict. Killed for CPU time
 * (SIGXCPU) behind a testament: the testament. Anything else: verdict_died() with what happened
 * ("the check died: …"). Returns 0 or -ENOMEM.
 */
int worker_verdict(const Child *child, int status, bool timed_out, Verdict **ret_verdict);

/** Runs a worker to its end, blocking: for seccompctl and tests. Returns 0 or -errno. */
int worker_check(const WorkerRequest *request, Verdict **ret_verdict);

/**
 * What a confined child does for seccompctl instead of a check: it reads what it likes of its
 * parent's memory, may use `scratch_fd` (a memfd) and appends its result to `out`. Returns 0 or
 * more, which worker_run() hands on (at most 255), or -errno.
 */
typedef int (*WorkerJob)(int scratch_fd, void *userdata, Buf *out);

/**
 * Runs `job` in a child confined like a worker, to its end, blocking. Returns the job's result
 * with its bytes in `out`; -EPROTO when it failed or died, with what happened in `*ret_cause`
 * (owned; "it used up its processor time"); another -errno when there was no child to be had.
 */
int worker_run(WorkerJob job, void *userdata, Buf *out, char **ret_cause);

#endif
