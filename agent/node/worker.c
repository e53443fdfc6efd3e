/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The worker: a confined child that checks one content. It leaves a testament before each call into
 * libseccomp's code generator, which does not come to an end for some rule sets: if it is killed
 * there for its processor time, the testament is the verdict. Any other end without a reply
 * condemns this one try of this one content, and nothing else. The reply comes from a process that
 * read strangers' text, so nothing in it is believed before it was checked.
 */

#include "node/worker.h"

#include "base/fdio.h"
#include "node/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define FRAME_HEADER_BYTES 5

typedef enum FrameKind {
        FRAME_TESTAMENT = 'T',
        FRAME_VERDICT = 'V',
} FrameKind;

typedef struct Reply {
        int fd;
        int error;
} Reply;

static int write_frame(int fd, FrameKind kind, const Verdict *verdict) {
        _cleanup_buf_ Buf frame = {};
        size_t size_bytes;

        buf_append(&frame, "\0\0\0\0\0", FRAME_HEADER_BYTES);
        verdict_encode(&frame, verdict);
        if (buf_error(&frame) < 0)
                return buf_error(&frame);
        size_bytes = frame.size - FRAME_HEADER_BYTES;
        if (size_bytes > WORKER_REPLY_BYTES)
                return -EMSGSIZE;
        frame.data[0] = (char) kind;
        for (unsigned i = 0; i < 4; i++)
                frame.data[1 + i] = (char) (unsigned char) (size_bytes >> (8 * i));
        return fd_write_all(fd, frame.data, frame.size);
}

static void write_testament(const Verdict *verdict, void *userdata) {
        Reply *reply = userdata;

        if (reply->error == 0)
                reply->error = write_frame(reply->fd, FRAME_TESTAMENT, verdict);
}

static int64_t used_msec(void) {
        struct timespec used = {};

        (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        return (int64_t) used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* The effect of the update, unless the check has cost so much that it could cost the verdict. */
static void compare(const WorkerRequest *request, int64_t begin_msec, Verdict *verdict) {
        if (request->previous && verdict->kind == VERDICT_GOOD &&
                used_msec() - begin_msec < SANDBOX_CPU_SECONDS * 1000 / 2)
                /* what memory is not enough for is not told */
                (void) verdict_compare(verdict, request->previous, request->previous_size_bytes);
}

int worker_serve(int fd, int scratch_fd, const WorkerRequest *request) {
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        Reply reply = { .fd = fd };
        const CheckContext context = {
                .options = request->options,
                .scratch_fd = scratch_fd,
                .testament = write_testament,
                .userdata = &reply,
        };
        const int64_t begin_msec = used_msec();
        int r = check_profile(&context, request->bytes, request->size_bytes, &verdict);

        if (r < 0)
                return r;
        if (reply.error < 0)
                return reply.error;
        compare(request, begin_msec, verdict);
        return write_frame(fd, FRAME_VERDICT, verdict);
}

static int confine(int reply_fd, int *ret_scratch_fd) {
        int keep_fds[] = { reply_fd, -1 }, scratch_fd;

        child_leave_signals();
        keep_fds[1] = scratch_fd = memfd_create("seccompd-scratch", MFD_CLOEXEC);
        if (scratch_fd < 0)
                return -errno;
        *ret_scratch_fd = scratch_fd; /* closed by the process's end */
        return sandbox_enter_worker(keep_fds, N_ELEMENTS(keep_fds));
}

/* An exit status is the errno that ended the worker; before it was confined, with this added. */
#define EXIT_UNCONFINED 128

static int run_worker(int fd, void *userdata) {
        int scratch_fd = -1, r = confine(fd, &scratch_fd);

        if (r < 0)
                return EXIT_UNCONFINED - r;
        return -worker_serve(fd, scratch_fd, userdata);
}

int worker_start(const WorkerRequest *request, Child *ret_child) {
        WorkerRequest copy = *request; /* read by the child only, which has this frame */

        return child_start(run_worker, &copy, WORKER_REPLY_BYTES, ret_child);
}

/* The last frame, which must end the stream: one that is cut short says that the ones before it are
 * no longer true. Returns 0 or -EBADMSG. */
static int last_frame(const Buf *reply, FrameKind *ret_kind, size_t *ret_at, size_t *ret_size) {
        const unsigned char *bytes = (const unsigned char *) reply->data;
        size_t at = 0, size = 0, next = 0;

        do {
                at = next;
                if (reply->size - at < FRAME_HEADER_BYTES)
                        return -EBADMSG;
                size = (size_t) bytes[at + 1] | (size_t) bytes[at + 2] << 8 |
                        (size_t) bytes[at + 3] << 16 | (size_t) bytes[at + 4] << 24;
                if (size > reply->size - at - FRAME_HEADER_BYTES)
                        return -EBADMSG;
                next = at + FRAME_HEADER_BYTES + size;
        } while (next < reply->size);
        *ret_kind = (FrameKind) bytes[at];
        *ret_at = at + FRAME_HEADER_BYTES;
        *ret_size = size;
        return 0;
}

/* Decodes the last frame if it is of that kind. Returns 0, -EBADMSG or -ENOMEM. */
static int read_frame(const Buf *reply, FrameKind wanted, Verdict **ret_verdict) {
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        FrameKind kind = FRAME_VERDICT;
        size_t at = 0, size = 0;
        int r = last_frame(reply, &kind, &at, &size);

        if (r < 0)
                return r;
        if (kind != wanted)
                return -EBADMSG;
        r = verdict_decode(reply->data + at, size, &verdict);
        if (r < 0)
                return r;
        if (kind == FRAME_TESTAMENT && verdict->kind != VERDICT_BAD)
                return -EBADMSG; /* nothing good can be left behind */
        *ret_verdict = TAKE_PTR(verdict);
        return 0;
}

static void put_exit_cause(Buf *cause, int status) {
        if (status == 0)
                buf_puts(cause, "its reply cannot be read");
        else if (status == ENOMEM)
                buf_puts(cause, "it ran out of memory");
        else if (status > EXIT_UNCONFINED)
                buf_printf(cause, "its process could not be confined: %s",
                        strerror(status - EXIT_UNCONFINED));
        else
                buf_printf(cause, "it failed: %s", strerror(status));
}

static void put_signal_cause(Buf *cause, int number) {
        switch (number) {
        case SIGXCPU: buf_puts(cause, "it used up its processor time"); break;
        case SIGSYS: buf_puts(cause, "it called something it may not"); break;
        case SIGABRT: buf_puts(cause, "it found its own state broken and gave up"); break;
        default: buf_printf(cause, "it was killed by signal %d (%s)", number, strsignal(number));
        }
}

static void put_cause(Buf *cause, const Child *child, int status, bool timed_out) {
        if (timed_out)
                buf_printf(cause, "it did not end within %u seconds", SANDBOX_WALL_SECONDS);
        else if (child->is_too_long)
                buf_puts(cause, "its reply is too long");
        else if (WIFSIGNALED(status))
                put_signal_cause(cause, WTERMSIG(status));
        else
                put_exit_cause(cause, WEXITSTATUS(status));
}

static Verdict *died(const Child *child, int status, bool timed_out) {
        _cleanup_buf_ Buf cause = {};

        put_cause(&cause, child, status, timed_out);
        return buf_error(&cause) < 0 ? NULL : verdict_died(cause.data);
}

int worker_verdict(const Child *child, int status, bool timed_out, Verdict **ret_verdict) {
        Verdict *verdict = NULL;
        int r = -EBADMSG;

        if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !child->is_too_long)
                r = read_frame(&child->reply, FRAME_VERDICT, &verdict);
        else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
                r = read_frame(&child->reply, FRAME_TESTAMENT, &verdict);
        if (r == -EBADMSG)
                verdict = died(child, status, timed_out);
        if (!verdict)
                return -ENOMEM;
        *ret_verdict = verdict;
        return 0;
}

static int64_t now_msec(void) {
        struct timespec now = {};

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads until the worker has said all it will. A confined worker cannot close its end before its
 * own end. */
static bool ends_in_time(Child *child) {
        int64_t deadline = now_msec() + SANDBOX_WALL_SECONDS * 1000LL;

        while (child_read(child) == 0) {
                struct pollfd wanted = { .fd = child->fd, .events = POLLIN };
                int64_t left_msec = deadline - now_msec();

                if (left_msec <= 0)
                        return false;
                (void) poll(&wanted, 1, (int) left_msec); /* a failure only means to look again */
        }
        return true;
}

/* Waits for the end of a child, and kills it when its time is up. */
static int see_end(Child *child, int *ret_status, bool *ret_timed_out) {
        *ret_timed_out = !ends_in_time(child);
        if (*ret_timed_out)
                child_kill(child);
        return child_wait(child, ret_status);
}

int worker_check(const WorkerRequest *request, Verdict **ret_verdict) {
        _cleanup_child_ Child child = { .fd = -1 };
        bool timed_out = false;
        int status = 0, r = worker_start(request, &child);

        if (r == 0)
                r = see_end(&child, &status, &timed_out);
        return r < 0 ? r : worker_verdict(&child, status, timed_out, ret_verdict);
}

typedef struct Job {
        WorkerJob run;
        void *userdata;
} Job;

/* The reply of a job is a byte with its result and its output; all of it is one write. */
static int run_job(int fd, void *userdata) {
        const Job *job = userdata;
        _cleanup_buf_ Buf reply = {};
        int scratch_fd = -1, r = confine(fd, &scratch_fd);

        if (r < 0)
                return EXIT_UNCONFINED - r;
        buf_putc(&reply, '\0');
        r = job->run(scratch_fd, job->userdata, &reply);
        if (r >= 0 && buf_error(&reply) < 0)
                r = buf_error(&reply);
        if (r < 0)
                return -r;
        reply.data[0] = (char) (unsigned char) r;
        return -fd_write_all(fd, reply.data, reply.size);
}

int worker_run(WorkerJob job, void *userdata, Buf *out, char **ret_cause) {
        _cleanup_child_ Child child = { .fd = -1 };
        _cleanup_buf_ Buf cause = {};
        Job copy = { job, userdata };
        bool timed_out = false;
        int status = 0, r = child_start(run_job, &copy, WORKER_REPLY_BYTES, &child);

        if (r == 0)
                r = see_end(&child, &status, &timed_out);
        if (r < 0)
                return r;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !child.is_too_long &&
                child.reply.size > 0) {
                buf_append(out, child.reply.data + 1, child.reply.size - 1);
                return buf_error(out) < 0 ? buf_error(out) : (unsigned char) child.reply.data[0];
        }
        put_cause(&cause, &child, status, timed_out);
        r = buf_take(&cause, ret_cause, NULL);
        return r < 0 ? r : -EPROTO;
}
