/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a container sees of its filter: makes the named calls with harmless arguments and prints the errno of
 * each (0: it was let through), then its own Seccomp mode. Static, so that few calls precede it.
 *
 *     probe mount unshare socket=16
 *
 * With --stay first it lives on as a container's program does, and as a pod's init: SIGHUP has it make its calls
 * again, SIGTERM ends it.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
        const char *name;
        long number;
        long args[4]; /* harmless: bad pointers, bad descriptors, empty flags */
} CALLS[] = {
        { "getpid", SYS_getpid, {} },
        { "getppid", SYS_getppid, {} },
        { "mount", SYS_mount, {} },
        { "umount2", SYS_umount2, {} },
        { "unshare", SYS_unshare, {} },
        { "setns", SYS_setns, { -1, 0 } },
        { "bpf", SYS_bpf, { -1 } },
        { "ptrace", SYS_ptrace, { -1 } },
        { "perf_event_open", SYS_perf_event_open, {} },
        { "clone3", SYS_clone3, {} },
        { "mkdirat", SYS_mkdirat, { -1 } },
#ifdef SYS_mkdir
        { "mkdir", SYS_mkdir, {} },
#endif
        { "socket", SYS_socket, { 1, 1, 0 } },
        { "personality", SYS_personality, { 0xffffffff } },
        { "keyctl", SYS_keyctl, { -1 } },
        { "sync", SYS_sync, {} },
        { "getpriority", SYS_getpriority, { 0, 0 } },
};

static int call(const char *word) {
        size_t length = strcspn(word, "=");

        for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++) {
                long first = CALLS[i].args[0], result;

                if (strlen(CALLS[i].name) != length || strncmp(CALLS[i].name, word, length) != 0)
                        continue;
                if (word[length] == '=')
                        first = strtol(word + length + 1, NULL, 0);
                result = syscall(CALLS[i].number, first, CALLS[i].args[1], CALLS[i].args[2], CALLS[i].args[3], 0L, 0L);
                printf("%s %d\n", word, result < 0 ? errno : 0);
                return 0;
        }
        printf("%s unknown\n", word);
        return 1;
}

/* One round: every call, then the mode. */
static int report(char *const words[]) {
        char text[8192] = "";
        ssize_t n;
        int fd, failed = 0;

        for (; *words; words++)
                failed |= call(*words);
        fd = open("/proc/self/status", O_RDONLY);
        n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (fd >= 0)
                close(fd);
        if (n > 0) {
                const char *line = strstr(text, "\nSeccomp:");

                printf("Seccomp %ld\n", line ? strtol(line + strlen("\nSeccomp:"), NULL, 10) : -1L);
        }
        return failed;
}

/* The signals are blocked already: as a namespace's init it would not get them otherwise. */
static int stay(const sigset_t *signals, char *const words[]) {
        for (;;) {
                int signal_number;

                if (sigwait(signals, &signal_number) != 0)
                        return 1;
                if (signal_number == SIGHUP)
                        (void) report(words);
                else if (signal_number == SIGCHLD)
                        while (waitpid(-1, NULL, WNOHANG) > 0)
                                ;
                else
                        return 0;
        }
}

int main(int argc, char **argv) {
        int stays = argc > 1 && strcmp(argv[1], "--stay") == 0, failed;
        char *const *words = argv + 1 + stays;
        sigset_t signals;

        sigemptyset(&signals);
        sigaddset(&signals, SIGHUP);
        sigaddset(&signals, SIGCHLD);
        sigaddset(&signals, SIGINT);
        sigaddset(&signals, SIGTERM);
        if (stays && sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
                return 1;
        setvbuf(stdout, NULL, _IONBF, 0);
        failed = report(words);
        return stays ? stay(&signals, words) : failed;
}
