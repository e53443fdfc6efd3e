/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Asks the kernel. Three parties: we; a child process; a thread of it, the caller, which alone is
 * filtered and whose tracer we are. A second filter, the guard, answers TRACE to whatever the
 * caller's two probing instructions do and lets everything else pass. Of several filters the
 * strictest answer counts, and of equal ones the newer filter's:
 *
 *     the program says            what happens
 *     ALLOW, LOG                  the guard's TRACE: an event with its datum; the call is skipped
 *     TRACE                       an event with the program's datum; the call is skipped
 *     NOTIFY                      the child's first thread is notified, and answers
 *     ERRNO                       the call returns it
 *     TRAP                        SIGSYS, which we see and suppress
 *     KILL_THREAD, KILL_PROCESS   the caller is gone; the child lives, or it does not
 *
 * So no call is carried out, and the caller needs none of its own: it tells us of its end by a
 * breakpoint.
 */

#include "oracles/kernel.h"

#include "base/cleanup.h"

#include <errno.h>
#include <linux/audit.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__

#define GUARD_DATUM  0xfffe
#define NOTIFY_ERROR (-4000) /* what a notified call returns: no filter of ours says so */

typedef struct Registers {
        uint64_t nr;
        uint64_t args[6];
} Registers;

/* Between oracle_probe_begin and oracle_probe_end: the guard knows them by their address. */
long oracle_probe_64(const Registers *registers);
long oracle_probe_32(const Registers *registers);
extern const char oracle_probe_begin[], oracle_probe_end[];

__asm__(".text\n"
        ".balign 256\n"
        ".globl oracle_probe_begin, oracle_probe_end, oracle_probe_64, oracle_probe_32\n"
        ".hidden oracle_probe_begin, oracle_probe_end, oracle_probe_64, oracle_probe_32\n"
        "oracle_probe_begin:\n"
        "oracle_probe_64:\n"
        "        mov (%rdi), %rax\n"
        "        mov 16(%rdi), %rsi\n"
        "        mov 24(%rdi), %rdx\n"
        "        mov 32(%rdi), %r10\n"
        "        mov 40(%rdi), %r8\n"
        "        mov 48(%rdi), %r9\n"
        "        mov 8(%rdi), %rdi\n"
        "        syscall\n"
        "        ret\n"
        "oracle_probe_32:\n"
        "        push %rbx\n"
        "        push %rbp\n"
        "        mov (%rdi), %rax\n"
        "        mov 8(%rdi), %rbx\n"
        "        mov 16(%rdi), %rcx\n"
        "        mov 24(%rdi), %rdx\n"
        "        mov 32(%rdi), %rsi\n"
        "        mov 48(%rdi), %rbp\n"
        "        mov 40(%rdi), %rdi\n"
        "        int $0x80\n"
        "        movslq %eax, %rax\n"
        "        pop %rbp\n"
        "        pop %rbx\n"
        "        ret\n"
        "oracle_probe_end:\n");

/* One round: from some call to the last, or to one that kills. */
typedef struct Round {
        const Program *program;
        const struct seccomp_data *calls;
        size_t n;
        int quit_fd; /* the child's first thread ends when it can be read */
        pid_t caller;
        bool may_start;
        int error; /* errno of loading */
        int listener;
        size_t at;
        long results[KERNEL_CALLS_MAX];
        bool is_notified[KERNEL_CALLS_MAX];
} Round;

#define GET(field)        __atomic_load_n(&(field), __ATOMIC_SEQ_CST)
#define SET(field, value) __atomic_store_n(&(field), (value), __ATOMIC_SEQ_CST)

static int filter_load(const struct sock_filter *insns, size_t n, unsigned flags) {
        struct sock_fprog program = {
                .len = (unsigned short) n,
                .filter = (struct sock_filter *) insns,
        };

        return (int) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int guard_load(void) {
        const uint64_t begin = (uintptr_t) oracle_probe_begin, end = (uintptr_t) oracle_probe_end;
        const uint32_t ip = offsetof(struct seccomp_data, instruction_pointer);
        const struct sock_filter insns[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip + 4),
                BPF_JUMP(BPF_JMP | BPF_JEQ, (uint32_t) (begin >> 32), 0, 4),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ip),
                BPF_JUMP(BPF_JMP | BPF_JGE, (uint32_t) begin, 0, 2),
                BPF_JUMP(BPF_JMP | BPF_JGE, (uint32_t) end, 1, 0),
                BPF_STMT(BPF_RET, SECCOMP_RET_TRACE | GUARD_DATUM),
                BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW),
        };

        return filter_load(insns, N_ELEMENTS(insns), 0);
}

static bool program_notifies(const Program *program) {
        for (size_t i = 0; i < program->n_insns; i++)
                if (program->insns[i].code == (BPF_RET | BPF_K) &&
                        program->insns[i].k == SECCOMP_RET_USER_NOTIF)
                        return true;
        return false;
}

static void *caller_run(void *userdata) {
        Round *round = userdata;
        bool notifies = program_notifies(round->program);
        int fd = -1;

        SET(round->caller, (pid_t) syscall(SYS_gettid));
        while (!GET(round->may_start))
                sched_yield();
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && guard_load() == 0)
                fd = filter_load(round->program->insns, round->program->n_insns,
                        notifies ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0);
        if (fd < 0)
                round->error = errno;
        else if (notifies)
                SET(round->listener, fd);
        for (size_t i = 0; fd >= 0 && i < round->n; i++) {
                const struct seccomp_data *call = &round->calls[i];
                Registers registers = { .nr = (uint64_t) (int64_t) call->nr };

                memcpy(registers.args, call->args, sizeof(registers.args));
                SET(round->at, i);
                round->results[i] = call->arch == AUDIT_ARCH_I386 ? oracle_probe_32(&registers)
                                                                  : oracle_probe_64(&registers);
        }
        __asm__ volatile("int3");
        __builtin_trap();
}

/* The other side of NOTIFY: says what was asked, and lets the call return. */
static void listener_answer(Round *round, int fd) {
        struct seccomp_notif request = {};
        const size_t at = GET(round->at);
        const struct seccomp_data *call = &round->calls[at];
        const uint64_t mask = call->arch == AUDIT_ARCH_I386 ? UINT32_MAX : UINT64_MAX;
        bool is_same = true;

        if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
                return;
        for (size_t i = 0; i < N_ELEMENTS(call->args); i++)
                is_same = is_same && request.data.args[i] == (call->args[i] & mask);
        SET(round->is_notified[at],
                is_same && request.data.nr == call->nr && request.data.arch == call->arch);
        (void) ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND,
                &(struct seccomp_notif_resp){ .id = request.id, .error = NOTIFY_ERROR });
}

static void child_run(Round *round) {
        pthread_t caller;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (pthread_create(&caller, NULL, caller_run, round) != 0)
                _exit(1);
        for (;;) {
                struct pollfd fds[] = { { .fd = round->quit_fd, .events = POLLIN },
                        { .fd = GET(round->listener), .events = POLLIN } };
                /* a listener that is still to come is waited for */
                bool waits = program_notifies(round->program) && fds[1].fd < 0;

                if (poll(fds, N_ELEMENTS(fds), waits ? 1 : -1) < 0)
                        _exit(1);
                if (fds[0].revents)
                        _exit(0);
                if (fds[1].revents)
                        listener_answer(round, fds[1].fd);
        }
}

/* The call at hand is let go without being carried out. */
static int skip_call(pid_t caller) {
        struct user_regs_struct registers;

        if (ptrace(PTRACE_GETREGS, caller, NULL, &registers) < 0)
                return -errno;
        registers.orig_rax = (unsigned long long) -1;
        registers.rax = 0;
        return ptrace(PTRACE_SETREGS, caller, NULL, &registers) < 0 ? -errno : 0;
}

/* One stop of the caller. Returns 0 to go on, 1 at the end, -errno. */
static int stop_handle(Round *round, int status, uint32_t *answers) {
        const size_t at = GET(round->at);
        unsigned long datum = 0;
        siginfo_t info;

        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
                if (ptrace(PTRACE_GETEVENTMSG, round->caller, NULL, &datum) < 0)
                        return -errno;
                answers[at] = datum == GUARD_DATUM ? SECCOMP_RET_ALLOW
                                                   : SECCOMP_RET_TRACE | (uint32_t) datum;
                return skip_call(round->caller);
        }
        if (WSTOPSIG(status) == SIGTRAP)
                return 1;
        if (WSTOPSIG(status) != SIGSYS ||
                ptrace(PTRACE_GETSIGINFO, round->caller, NULL, &info) < 0 ||
                info.si_syscall != round->calls[at].nr || info.si_arch != round->calls[at].arch)
                return -EIO;
        answers[at] = SECCOMP_RET_TRAP | ((uint32_t) info.si_errno & SECCOMP_RET_DATA);
        return 0;
}

/* Follows the caller. Returns 0 when it came to the end, 1 when it was killed, -errno. */
static int caller_follow(Round *round, uint32_t *answers) {
        int status = 0, r = 0;

        while (GET(round->caller) == 0)
                sched_yield();
        if (ptrace(PTRACE_SEIZE, round->caller, NULL,
                    (void *) (long) (PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL)) < 0)
                return -errno;
        SET(round->may_start, true);
        for (;;) {
                if (waitpid(round->caller, &status, __WALL) < 0)
                        return -errno;
                if (!WIFSTOPPED(status))
                        return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? 1 : -EIO;
                r = stop_handle(round, status, answers);
                if (r != 0)
                        return r < 0 ? r : 0;
                if (ptrace(PTRACE_CONT, round->caller, NULL, NULL) < 0)
                        return -errno;
        }
}

/* What calls returned that no event spoke of. */
static int results_read(const Round *round, size_t n_made, uint32_t *answers) {
        for (size_t i = 0; i < n_made; i++) {
                const long result = round->results[i];

                if (answers[i] != UINT32_MAX)
                        continue;
                if (round->is_notified[i] && result == NOTIFY_ERROR)
                        answers[i] = SECCOMP_RET_USER_NOTIF;
                else if (result <= 0 && result > -4096 && result != NOTIFY_ERROR)
                        answers[i] = SECCOMP_RET_ERRNO | (uint32_t) -result;
                else
                        return -EIO;
        }
        return 0;
}

/* The child lives on when only its thread was killed: it then ends as it is told. */
static int child_end(const Round *round, pid_t pid, int fd, bool was_killed, uint32_t *ret_answer) {
        int status = 0;

        if (was_killed && write(fd, "", 1) < 0)
                return -errno;
        if (!was_killed) {
                kill(pid, SIGKILL);
                /* a traced thread is its tracer's to bury, before the process can be */
                (void) waitpid(round->caller, &status, __WALL);
        }
        if (waitpid(pid, &status, 0) < 0)
                return -errno;
        if (!was_killed)
                return 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                *ret_answer = SECCOMP_RET_KILL_THREAD;
        else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
                *ret_answer = SECCOMP_RET_KILL_PROCESS;
        else
                return -EIO;
        return 0;
}

/* Returns how many calls were answered, or -errno. */
static int round_run(Round *round, uint32_t *answers) {
        _cleanup_close_ int write_fd = -1, read_fd = -1;
        size_t n_made = round->n;
        int fds[2], r = 0, end = 0;
        pid_t pid = 0;

        if (pipe(fds) < 0)
                return -errno;
        round->quit_fd = read_fd = fds[0];
        write_fd = fds[1];
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                child_run(round);
        memset(answers, 0xff, round->n * sizeof(*answers));
        r = caller_follow(round, answers);
        if (r == 1)
                n_made = GET(round->at);
        end = child_end(round, pid, write_fd, r == 1, &answers[n_made]);
        if (r < 0 || end < 0)
                return r < 0 ? r : end;
        if (round->error != 0)
                return -round->error;
        end = results_read(round, n_made, answers);
        return end < 0 ? end : (int) n_made + r;
}

int kernel_ask(
        const Program *program, const struct seccomp_data *calls, size_t n, uint32_t *ret_answers) {
        Round *round = NULL;
        size_t n_done = 0;
        int r = 0;

        if (n > KERNEL_CALLS_MAX)
                return -E2BIG;
        round = mmap(
                NULL, sizeof(*round), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (round == MAP_FAILED)
                return -errno;
        while (r >= 0 && n_done < n) {
                memset(round, 0, sizeof(*round));
                round->program = program;
                round->calls = calls + n_done;
                round->n = n - n_done;
                round->listener = -1;
                r = round_run(round, ret_answers + n_done);
                if (r > 0)
                        n_done += (size_t) r;
        }
        munmap(round, sizeof(*round));
        return r < 0 ? r : 0;
}

static bool has_int80(void) {
        const Registers call = { .nr = 20 };
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                signal(SIGSEGV, SIG_DFL);
                _exit(oracle_probe_32(&call) == getpid() ? 0 : 1);
        }
        return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

const char *kernel_obstacle(uint32_t audit_arch) {
        if (prctl(PR_GET_SECCOMP) < 0)
                return "this kernel has no seccomp";
        if (audit_arch == AUDIT_ARCH_X86_64)
                return NULL;
        if (audit_arch != AUDIT_ARCH_I386)
                return "this machine does not run that architecture";
        return has_int80() ? NULL : "this kernel has no int 0x80 (IA32_EMULATION)";
}

#else

const char *kernel_obstacle(uint32_t audit_arch) {
        (void) audit_arch;
        return "the calls are written for x86_64";
}

int kernel_ask(
        const Program *program, const struct seccomp_data *calls, size_t n, uint32_t *ret_answers) {
        (void) program;
        (void) calls;
        (void) n;
        (void) ret_answers;
        return -EOPNOTSUPP;
}

#endif
