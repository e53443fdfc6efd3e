/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Takes seccomp filters out of the kernel as a program and its children load them. A filter of our
 * own, inherited by all of them, stops exactly the calls that load one, and we are the tracer of
 * all. When such a call has succeeded, the filter is asked back from the kernel
 * (PTRACE_SECCOMP_GET_FILTER) and the process that loaded it is killed: no container needs to be
 * able to start under the profile whose filter is wanted, and none does.
 */

#include "oracles/oracles.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#ifdef __x86_64__

#define LOADERS_MAX 64

/* A thread on its way through the call that loads a filter. */
typedef struct Loader {
        pid_t pid;
        unsigned long flags;
} Loader;

typedef struct Catch {
        const char *directory;
        Loader loaders[LOADERS_MAX];
        size_t n_loaders;
        unsigned n_caught;
} Catch;

static int stop_loads(void) {
        static const struct sock_filter insns[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
                BPF_JUMP(BPF_JMP | BPF_JEQ, AUDIT_ARCH_X86_64, 0, 5),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ, SYS_seccomp, 4, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ, SYS_prctl, 0, 2),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
                BPF_JUMP(BPF_JMP | BPF_JEQ, PR_SET_SECCOMP, 1, 0),
                BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW),
                BPF_STMT(BPF_RET, SECCOMP_RET_TRACE),
        };
        const struct sock_fprog program = { .len = N_ELEMENTS(insns),
                .filter = (struct sock_filter *) insns };

        return (int) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static pid_t start(char **command) {
        int fds[2];
        pid_t pid = 0;

        if (pipe(fds) < 0)
                return -1;
        pid = fork();
        if (pid == 0) {
                char byte = 0;

                close(fds[1]);
                if (read(fds[0], &byte, 1) == 1 && stop_loads() == 0)
                        execvp(command[0], command);
                fprintf(stderr, "oracles catch: %s: %s\n", command[0], strerror(errno));
                _exit(127);
        }
        close(fds[0]);
        if (pid > 0 &&
                (ptrace(PTRACE_SEIZE, pid, NULL,
                         (void *) (long) (PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK |
                                 PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACESYSGOOD |
                                 PTRACE_O_EXITKILL)) < 0 ||
                        write(fds[1], "", 1) != 1)) {
                kill(pid, SIGKILL);
                pid = -1;
        }
        close(fds[1]);
        return pid;
}

/* The filter that was loaded last. Returns its length, or -errno. */
static long filter_get(pid_t pid, struct sock_filter insns[static BPF_MAXINSNS]) {
        long n = 0;

        for (unsigned long i = 0;; i++) {
                long r = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *) i, NULL);

                if (r < 0 && errno == ENOENT)
                        return n;
                /* the first one is ours */
                if (r >= 0)
                        n = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *) i, insns);
                if (r < 0 || n < 0)
                        return -errno;
        }
}

static int filter_keep(Catch *catch, pid_t pid, unsigned long flags) {
        struct sock_filter insns[BPF_MAXINSNS];
        _cleanup_free_ char *path = NULL;
        _cleanup_fclose_ FILE *file = NULL;
        long n = filter_get(pid, insns);

        if (n < 0)
                return (int) n;
        if (asprintf(&path, "%s/%u.bpf", catch->directory, catch->n_caught++) < 0)
                return -ENOMEM;
        file = fopen(path, "we");
        if (!file || fwrite(insns, sizeof(insns[0]), (size_t) n, file) != (size_t) n)
                return -EIO;
        fprintf(stderr, "caught %s: %ld instructions, flags %#lx\n", path, n, flags);
        return 0;
}

/* The call is about to be made: it is looked at again on its way out. */
static int load_begins(Catch *catch, pid_t pid) {
        struct user_regs_struct registers;
        unsigned long operation = 0, program = 0;

        if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
                return -errno;
        operation = registers.orig_rax == SYS_seccomp ? registers.rdi : registers.rsi;
        /* of prctl() the second argument, which has the same value here */
        program = registers.rdx;
        if (operation !=
                        (registers.orig_rax == SYS_seccomp ? SECCOMP_SET_MODE_FILTER
                                                           : SECCOMP_MODE_FILTER) ||
                program == 0)
                return 0;
        if (catch->n_loaders == LOADERS_MAX)
                return -E2BIG;
        catch->loaders[catch->n_loaders++] = (Loader){ .pid = pid,
                .flags = registers.orig_rax == SYS_seccomp ? registers.rsi : 0 };
        return 1;
}

static int load_ends(Catch *catch, pid_t pid) {
        struct user_regs_struct registers;
        Loader loader = {};
        int r = 0;

        for (size_t i = 0; i < catch->n_loaders; i++)
                if (catch->loaders[i].pid == pid) {
                        loader = catch->loaders[i];
                        catch->loaders[i] = catch->loaders[--catch->n_loaders];
                }
        if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
                return -errno;
        if (loader.pid != pid || (long long) registers.rax < 0)
                return 0;
        r = filter_keep(catch, pid, loader.flags);
        kill(pid, SIGKILL);
        return r;
}

/* One stop of one thread. Returns 0 or -errno. */
static int stop_handle(Catch *catch, pid_t pid, int status) {
        enum __ptrace_request how = PTRACE_CONT;
        int signal_number = WSTOPSIG(status), event = status >> 16, r = 0;

        if (event == PTRACE_EVENT_SECCOMP) {
                r = load_begins(catch, pid);
                how = r > 0 ? PTRACE_SYSCALL : PTRACE_CONT;
                signal_number = 0;
        } else if (signal_number == (SIGTRAP | 0x80)) {
                r = load_ends(catch, pid);
                signal_number = 0;
        } else if (event == PTRACE_EVENT_STOP && signal_number != SIGTRAP) {
                how = PTRACE_LISTEN;
                signal_number = 0;
        } else if (event != 0)
                signal_number = 0;
        /* one that is dead already is no failure */
        if (ptrace(how, pid, NULL, (void *) (long) signal_number) < 0 && errno != ESRCH)
                return -errno;
        return r < 0 && r != -ESRCH ? r : 0;
}

static void timed_out(int signal_number) {
        (void) signal_number;
}

int catch_run(const char *directory, unsigned seconds, char **command) {
        const struct sigaction action = { .sa_handler = timed_out };
        Catch catch = { .directory = directory };
        pid_t first = start(command);
        int status = 0, result = -1;

        if (first < 0)
                return 2;
        sigaction(SIGALRM, &action, NULL);
        alarm(seconds);
        for (;;) {
                pid_t pid = waitpid(-1, &status, __WALL);
                int r = 0;

                if (pid < 0 && errno == EINTR) {
                        fprintf(stderr, "oracles catch: no end after %u s\n", seconds);
                        return 3; /* and all tracees die with their tracer */
                }
                if (pid < 0)
                        break;
                if (pid == first && !WIFSTOPPED(status))
                        result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
                if (WIFSTOPPED(status))
                        r = stop_handle(&catch, pid, status);
                if (r < 0) {
                        fprintf(stderr, "oracles catch: %s\n", strerror(-r));
                        return 2;
                }
        }
        fprintf(stderr, "caught %u, exit status %d\n", catch.n_caught, result);
        return 0;
}

#else

int catch_run(const char *directory, unsigned seconds, char **command) {
        (void) directory;
        (void) seconds;
        (void) command;
        fputs("oracles catch: written for x86_64\n", stderr);
        return 2;
}

#endif
