/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Child processes with one reply stream each. A child is forked, never executed: it works on what
 * it inherited, writes its answer to a pipe and is gone, and its memory with it. Its parent reads
 * without blocking, bounds what it will take, and never leaves a zombie: child_done() reaps what is
 * left.
 */

#include "node/child.h"

#include "base/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define CHILD_CHUNK_BYTES (8U << 10)

#ifdef SECCOMPD_COVERAGE
/* libgcov: counters are written at exit(3), which a child does not come to */
void __gcov_dump(void);
#endif

static void reset_signals(void) {
        sigset_t none;

        for (int number = 1; number < NSIG; number++)
                (void) signal(number, SIG_DFL); /* fails for SIGKILL, SIGSTOP and glibc's own */
        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

void child_leave_signals(void) {
        static const int signals[] = { SIGHUP, SIGINT, SIGTERM };

        for (size_t i = 0; i < N_ELEMENTS(signals); i++)
                (void) signal(signals[i], SIG_IGN);
}

static _Noreturn void run_child(
        int (*run)(int fd, void *userdata), void *userdata, int fd, pid_t parent) {
        int status = EXIT_FAILURE;

        heap_keep();
        reset_signals();
        /* without a parent nobody will read the reply; it may have gone before the prctl */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
                status = run(fd, userdata);
#ifdef SECCOMPD_COVERAGE
        __gcov_dump();
#endif
        _exit(status);
}

int child_start(int (*run)(int fd, void *userdata), void *userdata, size_t max_reply_bytes,
        Child *ret_child) {
        _cleanup_close_ int reader = -1, writer = -1;
        int fds[2] = { -1, -1 };
        pid_t parent = getpid(), pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        reader = fds[0];
        writer = fds[1];
        if (fcntl(reader, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                close(TAKE_FD(reader));
                run_child(run, userdata, TAKE_FD(writer), parent);
        }
        *ret_child =
                (Child){ .pid = pid, .fd = TAKE_FD(reader), .max_reply_bytes = max_reply_bytes };
        return 0;
}

int child_read(Child *child) {
        char chunk[CHILD_CHUNK_BYTES];

        while (!child->is_at_end) {
                ssize_t n = read(child->fd, chunk, sizeof(chunk));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 0 : -errno;
                if (n == 0) {
                        child->is_at_end = true;
                        break;
                }
                if (child->reply.size + (size_t) n > child->max_reply_bytes) {
                        child->is_too_long = child->is_at_end = true;
                        child_kill(child);
                        break;
                }
                buf_append(&child->reply, chunk, (size_t) n);
                if (buf_error(&child->reply) < 0)
                        return buf_error(&child->reply);
        }
        return 1;
}

void child_kill(Child *child) {
        /* ours and not waited for: the number cannot be another's */
        if (child->pid > 0)
                (void) kill(child->pid, SIGKILL);
}

int child_wait(Child *child, int *ret_status) {
        int status = 0, r = 0;

        while (r == 0) {
                struct pollfd wanted = { .fd = child->fd, .events = POLLIN };

                if (poll(&wanted, 1, -1) < 0 && errno != EINTR)
                        return -errno;
                r = child_read(child);
        }
        if (r < 0)
                child_kill(child);
        while (waitpid(child->pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        child->pid = 0;
        if (r < 0)
                return r;
        *ret_status = status;
        return 0;
}

void child_done(Child *child) {
        if (child->pid > 0) {
                child_kill(child);
                while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        child->fd = fd_close(child->fd);
        buf_done(&child->reply);
        *child = (Child){ .fd = -1 };
}
