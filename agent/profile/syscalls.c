/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names and numbers of system calls. libseccomp is asked and not improved upon: a runtime will
 * resolve the profile with the same tables, so a call libseccomp does not know has no rule.
 *
 * What is added is the truth about socketcall(2) and ipc(2). On architectures that have them
 * libseccomp answers the calls behind them with private negative numbers, even where the kernel
 * has grown direct numbers too (i386: socket is 359 since Linux 4.3), and its compiler then emits
 * both. So do we: the direct number is looked up the other way round, from number to name.
 *
 * That needs the list of an architecture's calls, which "did you mean" needs as well. It is filled
 * once for an architecture, at first need or before workers are forked (half a millisecond, as
 * libseccomp searches from the start for each number), and kept for the life of the process:
 * constant data that happens to be computed, and the only state here. A name lost to a lack of
 * memory while it is filled is missing from it.
 */

#include "profile/syscalls.h"

#include "base/ascii.h"
#include "base/cleanup.h"
#include "base/suggest.h"

#include <errno.h>
#include <linux/ipc.h>
#include <linux/net.h>
#include <seccomp.h>
#include <string.h>
#include <strings.h>

#define NUMBERS_MAX 1024 /* of one architecture, from its base */
#define ARCHES_MAX  32
#define NO_NUMBER   (-1)
#define NAME_SIZE   65 /* longer words have no suggestion */

/* libseccomp's private numbers (seccomp-syscalls.h): nearer to zero are its errors. */
#define PSEUDO_FIRST (-100)

/* A call that a multiplexer stands for, with the first argument that selects it. */
typedef struct MultiplexedCall {
        const char *name;
        const char *multiplexer;
        unsigned subcall;
} MultiplexedCall;

static const MultiplexedCall multiplexed_calls[] = {
        { "socket", "socketcall", SYS_SOCKET },
        { "bind", "socketcall", SYS_BIND },
        { "connect", "socketcall", SYS_CONNECT },
        { "listen", "socketcall", SYS_LISTEN },
        { "accept", "socketcall", SYS_ACCEPT },
        { "getsockname", "socketcall", SYS_GETSOCKNAME },
        { "getpeername", "socketcall", SYS_GETPEERNAME },
        { "socketpair", "socketcall", SYS_SOCKETPAIR },
        { "send", "socketcall", SYS_SEND },
        { "recv", "socketcall", SYS_RECV },
        { "sendto", "socketcall", SYS_SENDTO },
        { "recvfrom", "socketcall", SYS_RECVFROM },
        { "shutdown", "socketcall", SYS_SHUTDOWN },
        { "setsockopt", "socketcall", SYS_SETSOCKOPT },
        { "getsockopt", "socketcall", SYS_GETSOCKOPT },
        { "sendmsg", "socketcall", SYS_SENDMSG },
        { "recvmsg", "socketcall", SYS_RECVMSG },
        { "accept4", "socketcall", SYS_ACCEPT4 },
        { "recvmmsg", "socketcall", SYS_RECVMMSG },
        { "sendmmsg", "socketcall", SYS_SENDMMSG },
        { "semop", "ipc", SEMOP },
        { "semget", "ipc", SEMGET },
        { "semctl", "ipc", SEMCTL },
        { "semtimedop", "ipc", SEMTIMEDOP },
        { "msgsnd", "ipc", MSGSND },
        { "msgrcv", "ipc", MSGRCV },
        { "msgget", "ipc", MSGGET },
        { "msgctl", "ipc", MSGCTL },
        { "shmat", "ipc", SHMAT },
        { "shmdt", "ipc", SHMDT },
        { "shmget", "ipc", SHMGET },
        { "shmctl", "ipc", SHMCTL },
};

/*
 * What does the same elsewhere: calls that architectures with fewer ones lack, those that 32 bits
 * have in another width, and names of C libraries. Of several rows the first whose call exists.
 */
static const struct {
        const char *name;
        const char *equivalent;
} equivalents[] = {
        { "_llseek", "lseek" },
        { "_newselect", "select" },
        { "_newselect", "pselect6" },
        { "access", "faccessat" },
        { "chmod", "fchmodat" },
        { "chown", "fchownat" },
        { "chown32", "chown" },
        { "chown32", "fchownat" },
        { "clock_settime64", "clock_settime" },
        { "creat", "openat" },
        { "dup2", "dup3" },
        { "epoll_create", "epoll_create1" },
        { "epoll_wait", "epoll_pwait" },
        { "eventfd", "eventfd2" },
        { "fchown32", "fchown" },
        { "fcntl64", "fcntl" },
        { "fork", "clone" },
        { "fstat64", "fstat" },
        { "fstatat", "newfstatat" },
        { "fstatat64", "newfstatat" },
        { "ftruncate64", "ftruncate" },
        { "futimesat", "utimensat" },
        { "getdents", "getdents64" },
        { "inotify_init", "inotify_init1" },
        { "lchown", "fchownat" },
        { "lchown32", "lchown" },
        { "lchown32", "fchownat" },
        { "link", "linkat" },
        { "lstat", "newfstatat" },
        { "lstat64", "lstat" },
        { "lstat64", "newfstatat" },
        { "mkdir", "mkdirat" },
        { "mknod", "mknodat" },
        { "mmap2", "mmap" },
        { "open", "openat" },
        { "pipe", "pipe2" },
        { "poll", "ppoll" },
        { "pread", "pread64" },
        { "pwrite", "pwrite64" },
        { "readlink", "readlinkat" },
        { "recv", "recvfrom" },
        { "rename", "renameat" },
        { "rename", "renameat2" },
        { "rmdir", "unlinkat" },
        { "select", "pselect6" },
        { "send", "sendto" },
        { "sendfile64", "sendfile" },
        { "setgid32", "setgid" },
        { "setgroups32", "setgroups" },
        { "setregid32", "setregid" },
        { "setresgid32", "setresgid" },
        { "setresuid32", "setresuid" },
        { "setreuid32", "setreuid" },
        { "setuid32", "setuid" },
        { "sigaction", "rt_sigaction" },
        { "signalfd", "signalfd4" },
        { "sigprocmask", "rt_sigprocmask" },
        { "sigqueue", "rt_sigqueueinfo" },
        { "stat", "newfstatat" },
        { "stat64", "stat" },
        { "stat64", "newfstatat" },
        { "stime", "settimeofday" },
        { "symlink", "symlinkat" },
        { "truncate64", "truncate" },
        { "ugetrlimit", "getrlimit" },
        { "umount", "umount2" },
        { "unlink", "unlinkat" },
        { "utime", "utimensat" },
        { "utimes", "utimensat" },
        { "vfork", "clone" },
        { "wait", "wait4" },
        { "waitpid", "wait4" },
};

/* MIPS numbers the calls of its three ABIs from different bases; all others begin at 0. */
static const struct {
        uint32_t token;
        int first;
} first_numbers[] = {
        { SCMP_ARCH_MIPS, 4000 },
        { SCMP_ARCH_MIPSEL, 4000 },
        { SCMP_ARCH_MIPS64, 5000 },
        { SCMP_ARCH_MIPSEL64, 5000 },
        { SCMP_ARCH_MIPS64N32, 6000 },
        { SCMP_ARCH_MIPSEL64N32, 6000 },
};

/* The calls of one architecture; names belong to it for the life of the process. */
typedef struct CallTable {
        bool is_filled;
        int highest;
        const char *names[NUMBERS_MAX + N_ELEMENTS(multiplexed_calls)];
        size_t n_names;
        int direct[N_ELEMENTS(multiplexed_calls)]; /* NO_NUMBER: behind the multiplexer only */
} CallTable;

static int first_number(const Arch *arch) {
        for (size_t i = 0; i < N_ELEMENTS(first_numbers); i++)
                if (first_numbers[i].token == arch->token)
                        return first_numbers[i].first;
        return (int) arch->nr_mask;
}

/* The call's row if `arch` multiplexes it, else NULL. */
static const MultiplexedCall *multiplexed_find(const Arch *arch, const char *name) {
        if (!arch->has_multiplexer)
                return NULL;
        for (size_t i = 0; i < N_ELEMENTS(multiplexed_calls); i++)
                if (strcmp(multiplexed_calls[i].name, name) == 0)
                        return &multiplexed_calls[i];
        return NULL;
}

static void call_table_fill(CallTable *table, const Arch *arch) {
        const int first = first_number(arch);

        table->highest = NO_NUMBER;
        for (size_t i = 0; i < N_ELEMENTS(table->direct); i++)
                table->direct[i] = NO_NUMBER;
        for (int nr = first; nr < first + NUMBERS_MAX; nr++) {
                const char *name = seccomp_syscall_resolve_num_arch(arch->token, nr);
                const MultiplexedCall *call = name ? multiplexed_find(arch, name) : NULL;

                if (!name)
                        continue;
                table->names[table->n_names++] = name;
                table->highest = nr;
                if (call)
                        table->direct[call - multiplexed_calls] = nr;
        }
        for (size_t i = 0; i < N_ELEMENTS(table->direct); i++)
                if (arch->has_multiplexer && table->direct[i] == NO_NUMBER)
                        table->names[table->n_names++] = multiplexed_calls[i].name;
        table->is_filled = true;
}

/* The filled table of an architecture; NULL for one that libseccomp does not have. */
static const CallTable *call_table_get(const Arch *arch) {
        static CallTable tables[ARCHES_MAX];
        size_t n_arches = 0;
        size_t at = (size_t) (arch - arch_all(&n_arches));

        if (at >= n_arches || at >= ARCHES_MAX ||
                seccomp_syscall_resolve_name_arch(arch->token, "read") < 0)
                return NULL;
        if (!tables[at].is_filled)
                call_table_fill(&tables[at], arch);
        return &tables[at];
}

SyscallState syscall_number(const Arch *arch, const char *name, int *ret_nr) {
        int nr = seccomp_syscall_resolve_name_arch(arch->token, name);
        const MultiplexedCall *call = NULL;
        const CallTable *table = NULL;

        if (nr >= 0) {
                *ret_nr = nr;
                return SYSCALL_KNOWN;
        }
        if (nr > PSEUDO_FIRST)
                return SYSCALL_UNKNOWN;
        call = multiplexed_find(arch, name);
        table = call ? call_table_get(arch) : NULL;
        if (!table)
                return SYSCALL_ELSEWHERE;
        *ret_nr = table->direct[call - multiplexed_calls];
        return SYSCALL_KNOWN;
}

int syscall_name(const Arch *arch, int nr, size_t size_bytes, char *ret_name) {
        _cleanup_free_ char *name = NULL;
        int again = NO_NUMBER;

        if (nr >= 0)
                name = seccomp_syscall_resolve_num_arch(arch->token, nr);
        /* libseccomp forgives a missing X32 bit or MIPS base: the name must lead back to the number
         */
        if (!name || syscall_number(arch, name, &again) != SYSCALL_KNOWN || again != nr)
                return -ENOENT;
        if (strlen(name) >= size_bytes)
                return -ENOBUFS;
        memcpy(ret_name, name, strlen(name) + 1);
        return 0;
}

bool syscall_subcall(
        const Arch *arch, const char *name, int *ret_multiplexer, unsigned *ret_subcall) {
        const MultiplexedCall *call = multiplexed_find(arch, name);
        int multiplexer = NO_NUMBER;

        if (call)
                multiplexer = seccomp_syscall_resolve_name_arch(arch->token, call->multiplexer);
        if (multiplexer < 0)
                return false;
        *ret_multiplexer = multiplexer;
        *ret_subcall = call->subcall;
        return true;
}

int syscall_highest(const Arch *arch) {
        const CallTable *table = call_table_get(arch);

        return table ? table->highest : NO_NUMBER;
}

void syscalls_warm_up(const Arch *native) {
        size_t n_arches = 0;
        const Arch *arches = arch_all(&n_arches);

        for (size_t i = 0; i < n_arches; i++)
                if (arch_in_family(native, &arches[i]))
                        (void) call_table_get(&arches[i]); /* one that libseccomp lacks has none */
}

bool syscall_name_is_possible(const char *name) {
        const size_t n_digits = strspn(name, "0123456789");

        return name[n_digits] != '\0' &&
                name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

const char *syscall_equivalent(const Arch *arch, const char *name) {
        int nr = NO_NUMBER;

        if (syscall_number(arch, name, &nr) == SYSCALL_KNOWN)
                return NULL;
        for (size_t i = 0; i < N_ELEMENTS(equivalents); i++)
                if (strcmp(equivalents[i].name, name) == 0 &&
                        syscall_number(arch, equivalents[i].equivalent, &nr) == SYSCALL_KNOWN)
                        return equivalents[i].equivalent;
        return NULL;
}

/* The name itself, in lower case, of what headers, backtraces and manuals write around it. */
static void copy_stem(const char *name, char *ret_stem, size_t size_bytes) {
        static const char *const prefixes[] = { "SCMP_SYS(", "__NR_", "__x64_sys_", "sys_" };
        size_t length;

        name += strspn(name, " \t\r\n");
        for (size_t i = 0; i < N_ELEMENTS(prefixes); i++)
                if (strncasecmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
                        name += strlen(prefixes[i]);
                        break;
                }
        length = strcspn(name, "()");
        while (length > 0 && strchr(" \t\r\n", name[length - 1]))
                length--;
        if (length >= size_bytes)
                length = 0;
        for (size_t i = 0; i < length; i++)
                ret_stem[i] = ascii_lower(name[i]);
        ret_stem[length] = '\0';
}

const char *syscall_suggest(const Arch *arch, const char *name) {
        const CallTable *table = call_table_get(arch);
        const char *equivalent = NULL;
        char stem[NAME_SIZE];

        if (!table)
                return NULL;
        copy_stem(name, stem, sizeof(stem));
        equivalent = syscall_equivalent(arch, stem);
        return equivalent ? equivalent : suggest_nearest(stem, table->names, table->n_names);
}
