/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The interpreter and the validator: each opcode by hand, then thousands of programs against the
 * running kernel. The kernel's opinion of a program is had without loading it: a filter asked for
 * with a listener, in a process that may open no descriptor, is checked first (EINVAL) and fails
 * for the descriptor afterwards (EMFILE).
 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/bpf.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define INSNS_MAX 12
#define ANSWER    0x1234U

#define S(code, k)         BPF_STMT((code), (k))
#define J(code, k, jt, jf) BPF_JUMP((code), (k), (jt), (jf))
#define RET_A              S(BPF_RET | BPF_A, 0)
#define LD_IMM(k)          S(BPF_LD | BPF_IMM, (k))
#define LDX_IMM(k)         S(BPF_LDX | BPF_IMM, (k))

static const struct seccomp_data call = {
        .nr = 0x11223344,
        .arch = 0x55667788,
        .instruction_pointer = 0x0102030405060708,
        .args = { 0xa0a1a2a3a4a5a6a7, 1, 2, 3, 4, 0xf0f1f2f3f4f5f6f7 },
};

typedef struct Case {
        const char *what;
        struct sock_filter insns[INSNS_MAX];
        size_t n;
        uint32_t value; /* what it answers; of those refused the place */
} Case;

/* clang-format off */

#define ALU(op, a, b, result)                                                                      \
        { #op " K", { LD_IMM(a), S(BPF_ALU | (op) | BPF_K, (b)), RET_A }, 3, (result) },           \
        { #op " X", { LD_IMM(a), LDX_IMM(b), S(BPF_ALU | (op) | BPF_X, 99), RET_A }, 4, (result) }

/* 1 where the jump is taken, 2 where it is not */
#define JUMP(op, a, b, result)                                                                     \
        { #op " K", { LD_IMM(a), J(BPF_JMP | (op) | BPF_K, (b), 1, 2), S(BPF_RET, 7),              \
                        S(BPF_RET, 1), S(BPF_RET, 2) }, 5, (result) },                             \
        { #op " X", { LD_IMM(a), LDX_IMM(b), J(BPF_JMP | (op) | BPF_X, 99, 1, 2), S(BPF_RET, 7),   \
                        S(BPF_RET, 1), S(BPF_RET, 2) }, 6, (result) }

static const Case runs[] = {
        { "ret k", { S(BPF_RET | BPF_K, ANSWER) }, 1, ANSWER },
        { "a starts as 0", { RET_A }, 1, 0 },
        { "x starts as 0", { LD_IMM(5), S(BPF_MISC | BPF_TXA, 0), RET_A }, 3, 0 },
        { "nr", { S(BPF_LD | BPF_W | BPF_ABS, 0), RET_A }, 2, 0x11223344 },
        { "arch", { S(BPF_LD | BPF_W | BPF_ABS, 4), RET_A }, 2, 0x55667788 },
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        { "ip low", { S(BPF_LD | BPF_W | BPF_ABS, 8), RET_A }, 2, 0x05060708 },
        { "ip high", { S(BPF_LD | BPF_W | BPF_ABS, 12), RET_A }, 2, 0x01020304 },
        { "arg 0 low", { S(BPF_LD | BPF_W | BPF_ABS, 16), RET_A }, 2, 0xa4a5a6a7 },
        { "arg 0 high", { S(BPF_LD | BPF_W | BPF_ABS, 20), RET_A }, 2, 0xa0a1a2a3 },
        { "arg 5 high", { S(BPF_LD | BPF_W | BPF_ABS, 60), RET_A }, 2, 0xf0f1f2f3 },
#endif
        { "len", { S(BPF_LD | BPF_W | BPF_LEN, 0), RET_A }, 2, 64 },
        { "ldx len", { S(BPF_LDX | BPF_W | BPF_LEN, 0), S(BPF_MISC | BPF_TXA, 0), RET_A }, 3, 64 },
        { "tax", { LD_IMM(5), S(BPF_MISC | BPF_TAX, 0), LD_IMM(6), S(BPF_MISC | BPF_TXA, 0),
                        RET_A }, 5, 5 },
        { "st, ld", { LD_IMM(5), S(BPF_ST, 15), LD_IMM(6), S(BPF_LD | BPF_MEM, 15), RET_A }, 5, 5 },
        { "stx, ldx", { LDX_IMM(5), S(BPF_STX, 0), LDX_IMM(6), S(BPF_LDX | BPF_MEM, 0),
                        S(BPF_MISC | BPF_TXA, 0), RET_A }, 6, 5 },
        { "slots apart", { LD_IMM(5), S(BPF_ST, 1), LD_IMM(6), S(BPF_ST, 2), S(BPF_LD | BPF_MEM, 1),
                        RET_A }, 6, 5 },
        ALU(BPF_ADD, 0xffffffff, 2, 1),
        ALU(BPF_SUB, 1, 2, 0xffffffff),
        ALU(BPF_MUL, 0x80000001, 3, 0x80000003),
        ALU(BPF_DIV, 0xffffffff, 2, 0x7fffffff),
        ALU(BPF_AND, 0xff00ff00, 0x0ff00ff0, 0x0f000f00),
        ALU(BPF_OR, 0xff000000, 0x000000ff, 0xff0000ff),
        ALU(BPF_XOR, 0xff00ff00, 0xffffffff, 0x00ff00ff),
        ALU(BPF_LSH, 0x80000001, 31, 0x80000000),
        ALU(BPF_RSH, 0x80000001, 31, 1),
        { "neg", { LD_IMM(1), S(BPF_ALU | BPF_NEG, 0), RET_A }, 3, 0xffffffff },
        { "neg of the least", { LD_IMM(0x80000000), S(BPF_ALU | BPF_NEG, 0),
                        RET_A }, 3, 0x80000000 },
        { "division by 0", { LD_IMM(7), S(BPF_ALU | BPF_DIV | BPF_X, 0),
                        S(BPF_RET, ANSWER) }, 3, 0 },
        { "shift by 33", { LD_IMM(1), LDX_IMM(33), S(BPF_ALU | BPF_LSH | BPF_X, 0), RET_A }, 4, 2 },
        { "ja", { S(BPF_JMP | BPF_JA, 1), S(BPF_RET, 1), S(BPF_RET, 2) }, 3, 2 },
        JUMP(BPF_JEQ, 5, 5, 1), JUMP(BPF_JEQ, 5, 6, 2),
        JUMP(BPF_JGT, 0x80000000, 1, 1), JUMP(BPF_JGT, 5, 5, 2), JUMP(BPF_JGT, 4, 5, 2),
        JUMP(BPF_JGE, 0xffffffff, 1, 1), JUMP(BPF_JGE, 5, 5, 1), JUMP(BPF_JGE, 4, 5, 2),
        JUMP(BPF_JSET, 6, 3, 1), JUMP(BPF_JSET, 4, 3, 2), JUMP(BPF_JSET, 4, 0, 2),
};

/* What the validator refuses, and at which instruction. */
static const Case refused[] = {
        { "an opcode of socket filters: half word", { S(BPF_LD | BPF_H | BPF_ABS, 0),
                        RET_A }, 2, 0 },
        { "byte", { S(BPF_LD | BPF_B | BPF_ABS, 0), RET_A }, 2, 0 },
        { "indirect", { S(BPF_LD | BPF_W | BPF_IND, 0), RET_A }, 2, 0 },
        { "msh", { S(BPF_LDX | BPF_B | BPF_MSH, 0), RET_A }, 2, 0 },
        { "mod", { S(BPF_ALU | BPF_MOD | BPF_K, 3), RET_A }, 2, 0 },
        { "ret x", { S(BPF_RET | BPF_X, 0) }, 1, 0 },
        { "a code of 16 bits", { S(0x0100 | BPF_RET, 0), RET_A }, 2, 0 },
        { "unaligned", { LD_IMM(0), S(BPF_LD | BPF_W | BPF_ABS, 2), RET_A }, 3, 1 },
        { "offset behind", { S(BPF_LD | BPF_W | BPF_ABS, 64), RET_A }, 2, 0 },
        { "offset far behind", { S(BPF_LD | BPF_W | BPF_ABS, 0xfffffffc), RET_A }, 2, 0 },
        { "ancillary", { S(BPF_LD | BPF_W | BPF_ABS, 0xfffff000), RET_A }, 2, 0 },
        { "division by 0", { LD_IMM(1), S(BPF_ALU | BPF_DIV | BPF_K, 0), RET_A }, 3, 1 },
        { "shift by 32", { S(BPF_ALU | BPF_LSH | BPF_K, 32), RET_A }, 2, 0 },
        { "shift by more", { S(BPF_ALU | BPF_RSH | BPF_K, 0xffffffff), RET_A }, 2, 0 },
        { "slot 16", { S(BPF_ST, 16), RET_A }, 2, 0 },
        { "slot unwritten", { S(BPF_LD | BPF_MEM, 0), RET_A }, 2, 0 },
        { "another slot written", { S(BPF_ST, 1), S(BPF_LDX | BPF_MEM, 0), RET_A }, 3, 1 },
        { "slot written on one path only", { J(BPF_JMP | BPF_JEQ, 0, 0, 1), S(BPF_ST, 3),
                        S(BPF_LD | BPF_MEM, 3), RET_A }, 4, 2 },
        { "slot unwritten behind a return", { S(BPF_RET, 0), S(BPF_LD | BPF_MEM, 3),
                        RET_A }, 3, 1 },
        { "ja outside", { S(BPF_JMP | BPF_JA, 1), RET_A }, 2, 0 },
        { "ja that wraps", { S(BPF_JMP | BPF_JA, 0xffffffff), RET_A }, 2, 0 },
        { "jt outside", { J(BPF_JMP | BPF_JEQ, 0, 1, 0), RET_A }, 2, 0 },
        { "jf outside", { J(BPF_JMP | BPF_JEQ, 0, 0, 255), RET_A }, 2, 0 },
        { "a jump at the end", { RET_A, J(BPF_JMP | BPF_JEQ, 0, 0, 0) }, 2, 1 },
        { "no return", { LD_IMM(1), LD_IMM(2) }, 2, 1 },
        { "nothing", { RET_A }, 0, 0 },
};

static const Case accepted[] = {
        { "slot written on both paths", { J(BPF_JMP | BPF_JEQ, 0, 0, 2), S(BPF_ST, 3),
                        S(BPF_JMP | BPF_JA, 1), S(BPF_STX, 3), S(BPF_LD | BPF_MEM, 3),
                        RET_A }, 6, 0 },
        { "slot read where no jump leads", { S(BPF_JMP | BPF_JA, 1), S(BPF_LD | BPF_MEM, 3),
                        RET_A }, 3, 0 },
        { "shift by 31", { S(BPF_ALU | BPF_LSH | BPF_K, 31), RET_A }, 2, 0 },
        { "the last word", { S(BPF_LD | BPF_W | BPF_ABS, 60), RET_A }, 2, 0 },
        { "jumps to the last", { J(BPF_JMP | BPF_JEQ, 0, 1, 0), S(BPF_RET, 0), RET_A }, 3, 0 },
};

/* What cannot be run at all. */
static const Case broken[] = {
        { "nothing", { RET_A }, 0, 0 },
        { "no return", { LD_IMM(1) }, 1, 0 },
        { "half word", { S(BPF_LD | BPF_H | BPF_ABS, 0), RET_A }, 2, 0 },
        { "mod", { S(BPF_ALU | BPF_MOD | BPF_K, 3), RET_A }, 2, 0 },
        { "a code of 16 bits", { S(0x0100 | BPF_RET, 0), RET_A }, 2, 0 },
        { "unaligned", { S(BPF_LD | BPF_W | BPF_ABS, 2), RET_A }, 2, 0 },
        { "offset behind", { S(BPF_LD | BPF_W | BPF_ABS, 64), RET_A }, 2, 0 },
        { "st 16", { S(BPF_ST, 16), RET_A }, 2, 0 },
        { "stx 16", { S(BPF_STX, 16), RET_A }, 2, 0 },
        { "ld 16", { S(BPF_LD | BPF_MEM, 16), RET_A }, 2, 0 },
        { "ldx far", { S(BPF_LDX | BPF_MEM, 0xffffffff), RET_A }, 2, 0 },
        { "ja outside", { S(BPF_JMP | BPF_JA, 1), RET_A }, 2, 0 },
        { "ja that wraps", { S(BPF_JMP | BPF_JA, 0xffffffff), RET_A }, 2, 0 },
        { "jump outside", { J(BPF_JMP | BPF_JEQ, 0, 1, 0), RET_A }, 2, 0 },
};
/* clang-format on */

static Program program_of(const Case *c) {
        return (Program){ (struct sock_filter *) c->insns, c->n };
}

static void test_run(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(runs); i++) {
                const Program program = program_of(&runs[i]);
                uint32_t value = ~runs[i].value;

                if (bpf_validate(&program, NULL) < 0)
                        fail_msg("%s: not valid", runs[i].what);
                assert_int_equal(bpf_run(&program, &call, &value), 0);
                if (value != runs[i].value)
                        fail_msg("%s: %#x, not %#x", runs[i].what, value, runs[i].value);
        }
}

static void test_validate_refuses(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(refused); i++) {
                const Program program = program_of(&refused[i]);
                size_t at = 99;

                if (bpf_validate(&program, &at) != -EINVAL)
                        fail_msg("%s: valid", refused[i].what);
                if (at != refused[i].value)
                        fail_msg("%s: at %zu, not %u", refused[i].what, at, refused[i].value);
                assert_int_equal(bpf_validate(&program, NULL), -EINVAL);
        }
}

static void test_validate_accepts(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(accepted); i++) {
                const Program program = program_of(&accepted[i]);
                size_t at = 99;

                if (bpf_validate(&program, &at) < 0)
                        fail_msg("%s: refused at %zu", accepted[i].what, at);
                assert_int_equal(at, 99);
        }
}

static void test_validate_sizes(void **state) {
        static struct sock_filter insns[BPF_MAXINSNS + 1];
        Program program = { insns, BPF_MAXINSNS };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(insns); i++)
                insns[i] = (struct sock_filter) RET_A;
        assert_int_equal(bpf_validate(&program, NULL), 0);
        program.n_insns++;
        assert_int_equal(bpf_validate(&program, NULL), -EINVAL);
}

/* The interpreter takes no program on trust: what it meets outside is an error, and no more. */
static void test_run_unvalidated(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(broken); i++) {
                const Program program = program_of(&broken[i]);
                uint32_t value = ANSWER;

                if (bpf_run(&program, &call, &value) != -EINVAL)
                        fail_msg("%s: ran", broken[i].what);
                assert_int_equal(value, ANSWER);
        }
}

/*
 * The kernel's opinion of a program, had without loading it: a filter asked for with a listener, in
 * a process that may open no descriptor, is checked first (EINVAL) and fails for the descriptor
 * afterwards (EMFILE).
 */
static int kernel_validate(struct sock_filter *insns, size_t n) {
        struct sock_fprog program = { .len = (unsigned short) n, .filter = insns };

        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                    &program) == 0)
                return 0;
        return errno == EMFILE ? 0 : -errno;
}

static size_t count_wrong(const Case *cases, size_t n, int expected) {
        size_t n_wrong = 0;

        for (size_t i = 0; i < n; i++)
                n_wrong += kernel_validate((struct sock_filter *) cases[i].insns, cases[i].n) !=
                        expected;
        return n_wrong;
}

static void child_main(void) {
        const struct rlimit none = {};
        size_t n_wrong = 0;

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_NOFILE, &none) < 0)
                _exit(255);
        n_wrong += count_wrong(runs, N_ELEMENTS(runs), 0);
        n_wrong += count_wrong(accepted, N_ELEMENTS(accepted), 0);
        n_wrong += count_wrong(refused, N_ELEMENTS(refused), -EINVAL);
        _exit((int) n_wrong);
}

static void test_tables_agree_with_the_kernel(void **state) {
        int status = 0;
        pid_t pid = 0;

        (void) state;
        support_needs_seccomp();
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                child_main();
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_run),
                cmocka_unit_test(test_validate_refuses),
                cmocka_unit_test(test_validate_accepts),
                cmocka_unit_test(test_validate_sizes),
                cmocka_unit_test(test_run_unvalidated),
                cmocka_unit_test(test_tables_agree_with_the_kernel),
        };

        return cmocka_run_group_tests_name("bpf", tests, NULL, NULL);
}
