/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The validator and the interpreter against the running kernel, with random programs. The kernel's
 * opinion of a program is had without loading it: a filter asked for with a listener, in a process
 * that may open no descriptor, is checked first (EINVAL) and fails for the descriptor afterwards
 * (EMFILE). What programs answer is seen as the errno of a call nobody else makes.
 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/arch.h"
#include "profile/bpf.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define INSNS_MAX 12

#define S(code, k)         BPF_STMT((code), (k))
#define J(code, k, jt, jf) BPF_JUMP((code), (k), (jt), (jf))
#define RET_A              S(BPF_RET | BPF_A, 0)

/* A fixed generator (xorshift64*): every run of the tests tries the same programs. */
static uint32_t random_next(uint64_t *seed) {
        *seed ^= *seed >> 12;
        *seed ^= *seed << 25;
        *seed ^= *seed >> 27;
        return (uint32_t) ((*seed * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

static const uint16_t codes[] = { BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_W | BPF_LEN,
        BPF_LD | BPF_IMM, BPF_LD | BPF_MEM, BPF_LDX | BPF_W | BPF_LEN, BPF_LDX | BPF_IMM,
        BPF_LDX | BPF_MEM, BPF_ST, BPF_STX, BPF_ALU | BPF_ADD | BPF_K, BPF_ALU | BPF_SUB | BPF_X,
        BPF_ALU | BPF_MUL | BPF_X, BPF_ALU | BPF_DIV | BPF_K, BPF_ALU | BPF_DIV | BPF_X,
        BPF_ALU | BPF_AND | BPF_K, BPF_ALU | BPF_OR | BPF_X, BPF_ALU | BPF_XOR | BPF_K,
        BPF_ALU | BPF_LSH | BPF_K, BPF_ALU | BPF_LSH | BPF_X, BPF_ALU | BPF_RSH | BPF_K,
        BPF_ALU | BPF_RSH | BPF_X, BPF_ALU | BPF_NEG, BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA,
        BPF_JMP | BPF_JA, BPF_JMP | BPF_JEQ | BPF_K, BPF_JMP | BPF_JGT | BPF_X,
        BPF_JMP | BPF_JGE | BPF_K, BPF_JMP | BPF_JSET | BPF_X, BPF_RET | BPF_K, BPF_RET | BPF_A };

/* Mostly legal: an instruction whose operands are in range for `left` instructions behind it. */
static struct sock_filter insn_random(uint64_t *seed, size_t left) {
        static const uint32_t constants[] = { 0, 1, 2, 31, 32, 0x7fffffff, 0x80000000, 0xffffffff };
        struct sock_filter insn = { .code = codes[random_next(seed) % N_ELEMENTS(codes)] };

        insn.k = random_next(seed) % 2 ? random_next(seed)
                                       : constants[random_next(seed) % N_ELEMENTS(constants)];
        if (insn.code == (BPF_LD | BPF_W | BPF_ABS))
                insn.k = random_next(seed) % 16 * 4;
        else if (insn.code == BPF_ST || insn.code == BPF_STX || BPF_MODE(insn.code) == BPF_MEM)
                insn.k = random_next(seed) % 4;
        else if (BPF_CLASS(insn.code) == BPF_ALU && BPF_OP(insn.code) >= BPF_LSH)
                insn.k %= 32;
        if (BPF_CLASS(insn.code) != BPF_JMP || left == 0)
                return insn;
        insn.jt = (uint8_t) (random_next(seed) % left);
        insn.jf = (uint8_t) (random_next(seed) % left);
        if (BPF_OP(insn.code) == BPF_JA)
                insn.k = insn.jt;
        return insn;
}

/* A program of `n` instructions that ends in a return; one in two gets one field spoilt. */
static void program_random(uint64_t *seed, struct sock_filter *insns, size_t n) {
        struct sock_filter *victim = &insns[random_next(seed) % n];

        for (size_t i = 0; i < n; i++)
                insns[i] = insn_random(seed, n - i - 1);
        insns[n - 1] = (struct sock_filter) RET_A;
        switch (random_next(seed) % 10) {
        case 0: victim->code = (uint16_t) (random_next(seed) % 0x120); break;
        case 1: victim->k = random_next(seed) % 80; break;
        case 2: victim->jt = (uint8_t) random_next(seed); break;
        case 3: victim->jf = (uint8_t) (random_next(seed) % (n + 1)); break;
        case 4: victim->code = codes[random_next(seed) % N_ELEMENTS(codes)]; break;
        default: break;
        }
}

static int kernel_validate(struct sock_filter *insns, size_t n) {
        struct sock_fprog program = { .len = (unsigned short) n, .filter = insns };

        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                    &program) == 0)
                return 0;
        return errno == EMFILE ? 0 : -errno;
}

/* What a child found out, in memory it shares with the test. */
typedef struct Report {
        size_t n_valid;
        size_t n_refused;
        size_t n_wrong;
        size_t n_insns;
        int kernel;
        int ours;
        struct sock_filter insns[INSNS_MAX];
} Report;

static void report_check(Report *report, struct sock_filter *insns, size_t n) {
        const Program program = { insns, n };
        const int kernel = kernel_validate(insns, n);
        const int ours = bpf_validate(&program, NULL);

        if (kernel == 0)
                report->n_valid++;
        else
                report->n_refused++;
        if (kernel == ours || report->n_wrong++ > 0)
                return;
        report->kernel = kernel;
        report->ours = ours;
        report->n_insns = n;
        memcpy(report->insns, insns, n * sizeof(*insns));
}

static void child_validate(Report *report) {
        const struct rlimit none = {};
        uint64_t seed = 20240229;

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_NOFILE, &none) < 0)
                _exit(1);
        /* every opcode there is, with an operand that suits all */
        for (unsigned code = 0; code < 0x120; code++) {
                struct sock_filter insns[] = { S(BPF_ST, 4), S(BPF_STX, 8), S(code, 4),
                        S(BPF_RET, 0), S(BPF_RET, 0), S(BPF_RET, 0), S(BPF_RET, 0), S(BPF_RET, 0) };

                report_check(report, insns, N_ELEMENTS(insns));
        }
        for (size_t i = 0; i < 40000; i++) {
                struct sock_filter insns[INSNS_MAX];
                size_t n = 1 + random_next(&seed) % INSNS_MAX;

                program_random(&seed, insns, n);
                report_check(report, insns, n);
        }
        _exit(0);
}

static Report *report_new(void) {
        Report *report = mmap(
                NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        assert_ptr_not_equal(report, MAP_FAILED);
        return report;
}

static void report_print(const Report *report) {
        for (size_t i = 0; i < report->n_insns; i++)
                print_error("%2zu  code %#06x jt %u jf %u k %#x\n", i, report->insns[i].code,
                        report->insns[i].jt, report->insns[i].jf, report->insns[i].k);
        print_error("kernel %d, ours %d\n", report->kernel, report->ours);
}

static void test_validate_agrees_with_the_kernel(void **state) {
        Report *report = report_new();
        int status = 0;
        pid_t pid = 0;

        (void) state;
        support_needs_seccomp();
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                child_validate(report);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        if (report->n_wrong > 0)
                report_print(report);
        assert_int_equal(report->n_wrong, 0);
        assert_true(report->n_valid > 5000);
        assert_true(report->n_refused > 5000);
        munmap(report, sizeof(*report));
}

/* --- what programs answer, against the kernel --- */

#define BODY_INSNS 24
#define PROBE_NR   1000 /* no system call: no one but this test makes it */
#define N_PROBES   8
#define N_PROGRAMS 150

/*
 * A filter that lets all calls pass but PROBE_NR, and fails that one with 11 bits of what a random
 * program computed as its errno.
 */
static bool probe_program_random(uint64_t *seed, struct sock_filter *insns, size_t *ret_n) {
        static const struct sock_filter head[] = { S(BPF_LD | BPF_W | BPF_ABS, 0),
                J(BPF_JMP | BPF_JEQ, PROBE_NR, 1, 0), S(BPF_RET, SECCOMP_RET_ALLOW) };
        const struct sock_filter tail[] = { S(BPF_ALU | BPF_RSH | BPF_K, random_next(seed) % 22),
                S(BPF_ALU | BPF_AND | BPF_K, 0x7ff), S(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO),
                RET_A };
        const size_t n_head = N_ELEMENTS(head), n_tail = N_ELEMENTS(tail);
        const size_t n = n_head + BODY_INSNS + n_tail;
        const Program program = { insns, n };

        memcpy(insns, head, sizeof(head));
        for (size_t i = 0; i < BODY_INSNS; i++) {
                struct sock_filter *insn = &insns[n_head + i];

                do
                        *insn = insn_random(seed, BODY_INSNS - i + 1);
                while (BPF_CLASS(insn->code) == BPF_RET ||
                        (BPF_MODE(insn->code) == BPF_ABS && (insn->k == 8 || insn->k == 12)));
        }
        memcpy(insns + n_head + BODY_INSNS, tail, sizeof(tail));
        *ret_n = n;
        return bpf_validate(&program, NULL) == 0;
}

/* Installs a program and makes calls: exit 0 when all answers are ours, 1 when not, 42 not loaded.
 */
static void child_probe(struct sock_filter *insns, size_t n, const struct seccomp_data *calls,
        const uint32_t *answers) {
        struct sock_fprog program = { .len = (unsigned short) n, .filter = insns };

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
                _exit(42);
        for (size_t i = 0; i < N_PROBES; i++) {
                const __u64 *a = calls[i].args;
                long r = 0;

                errno = 0;
                r = syscall(PROBE_NR, a[0], a[1], a[2], a[3], a[4], a[5]);
                if (answers[i] == SECCOMP_RET_KILL_THREAD)
                        _exit(2);
                if (errno != (int) (answers[i] & SECCOMP_RET_DATA) || (r == 0) != (errno == 0))
                        _exit(1);
        }
        _exit(0);
}

/* One random program in one child. Returns whether some run of it divided by 0 and must kill. */
static bool probe_run(uint64_t *seed, uint32_t audit_arch, struct sock_filter *insns, size_t n) {
        static const uint64_t constants[] = { 0, 1, 2, 33, UINT32_MAX, UINT64_C(1) << 32,
                UINT64_MAX };
        const Program program = { insns, n };
        struct seccomp_data calls[N_PROBES] = {};
        uint32_t answers[N_PROBES] = {};
        bool kills = false;
        int status = 0;
        pid_t pid = 0;

        for (size_t i = 0; i < N_PROBES; i++) {
                calls[i].nr = PROBE_NR;
                calls[i].arch = audit_arch;
                for (size_t j = 0; j < N_ELEMENTS(calls[i].args); j++)
                        calls[i].args[j] = random_next(seed) % 2
                                ? constants[random_next(seed) % N_ELEMENTS(constants)]
                                : (uint64_t) random_next(seed) << 32 | random_next(seed);
                assert_int_equal(bpf_run(&program, &calls[i], &answers[i]), 0);
                kills |= answers[i] == SECCOMP_RET_KILL_THREAD;
        }
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                child_probe(insns, n, calls, answers);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (kills)
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
        else
                assert_int_equal(status, 0);
        return kills;
}

static void test_run_agrees_with_the_kernel(void **state) {
        struct utsname uts = {};
        const Arch *arch = NULL;
        uint64_t seed = 4711;
        size_t n_run = 0, n_killed = 0;

        (void) state;
        assert_int_equal(uname(&uts), 0);
        arch = arch_by_machine(uts.machine);
        support_needs_seccomp();
        if (!arch || !arch->is_64bit)
                support_skip("not a 64-bit architecture that is known: %s", uts.machine);
        while (n_run < N_PROGRAMS) {
                struct sock_filter insns[BODY_INSNS + 8];
                size_t n = 0;

                if (!probe_program_random(&seed, insns, &n))
                        continue;
                n_killed += probe_run(&seed, arch->audit_arch, insns, n);
                n_run++;
        }
        assert_true(n_killed > 0);
        assert_true(n_killed < n_run / 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_validate_agrees_with_the_kernel),
                cmocka_unit_test(test_run_agrees_with_the_kernel),
        };

        return cmocka_run_group_tests_name("bpf_kernel", tests, NULL, NULL);
}
