/* SPDX-License-Identifier: Apache-2.0 */

/*
 * program_disassemble(): every instruction that seccomp takes, whether libseccomp emits it or not.
 * (The integration tests assemble whole listings again.)
 */

#include "program_fixture.h"

#include "profile/disasm.h"

static void assert_listing(
        const struct sock_filter *insns, size_t n, const char *arch, const char *expected) {
        const Program program = { .insns = (struct sock_filter *) insns, .n_insns = n };
        _cleanup_buf_ Buf buf = {};

        assert_int_equal(bpf_validate(&program, NULL), 0);
        program_disassemble(&buf, &program, arch_by_name(arch));
        assert_int_equal(buf_error(&buf), 0);
        assert_string_equal(buf.data, expected);
}

#define LISTING(arch, expected, ...)                                                               \
        assert_listing((const struct sock_filter[]){ __VA_ARGS__ },                                \
                N_ELEMENTS(((const struct sock_filter[]){ __VA_ARGS__ })), arch, expected)

static void test_every_instruction(void **state) {
        (void) state;
        LISTING("SCMP_ARCH_X86_64",
                "; SCMP_ARCH_X86_64: 30 instructions\n"
                "        ld   #0x12\n"
                "        ldx  #0x3\n"
                "        st   M[0]\n"
                "        stx  M[15]\n"
                "        ld   M[0]\n"
                "        ldx  M[15]\n"
                "        ld   len\n"
                "        ldx  len\n"
                "        tax\n"
                "        txa\n"
                "        add  #255\n"
                "        sub  x\n"
                "        mul  #0x100\n"
                "        div  #2\n"
                "        or   x\n"
                "        and  #0xffff\n"
                "        xor  #1\n"
                "        lsh  #31\n"
                "        rsh  x\n"
                "        neg\n"
                "        ld   [8]                         ; instruction pointer\n"
                "        jeq  x, L25\n"
                "        jset #0x8000, L24, L25\n"
                "        ja   L26\n"
                "L24:    ret  #0x7ff00003                 ; TRACE(3)\n"
                "L25:    ret  a\n"
                "L26:    jset #1, L28\n"
                "        jle  #5, L29\n"
                "L28:    ret  #0x7fc00000                 ; NOTIFY\n"
                "L29:    ret  #0x50fff                    ; ERRNO(4095)\n",
                BPF_STMT(BPF_LD | BPF_IMM, 0x12), BPF_STMT(BPF_LDX | BPF_IMM, 3),
                BPF_STMT(BPF_ST, 0), BPF_STMT(BPF_STX, 15), BPF_STMT(BPF_LD | BPF_MEM, 0),
                BPF_STMT(BPF_LDX | BPF_MEM, 15), BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
                BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_MISC | BPF_TAX, 0),
                BPF_STMT(BPF_MISC | BPF_TXA, 0), BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 255),
                BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 256),
                BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 2), BPF_STMT(BPF_ALU | BPF_OR | BPF_X, 0),
                BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffff), BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 1),
                BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 31), BPF_STMT(BPF_ALU | BPF_RSH | BPF_X, 0),
                BPF_STMT(BPF_ALU | BPF_NEG, 0), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 3, 0),
                BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x8000, 1, 2), BPF_STMT(BPF_JMP | BPF_JA, 2),
                BPF_STMT(BPF_RET | BPF_K, 0x7ff00003), BPF_STMT(BPF_RET | BPF_A, 0),
                BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 1, 0),
                BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 5, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0x7fc00000),
                BPF_STMT(BPF_RET | BPF_K, 0x50fff));
}

/* A number is a call only where every way to it has loaded the number of the call. */
static void test_comments_follow_what_was_loaded(void **state) {
        (void) state;
        LISTING("SCMP_ARCH_X86_64",
                "; SCMP_ARCH_X86_64: 11 instructions\n"
                "        ld   [4]                         ; architecture\n"
                "        jne  #0xc000003e, L10            ; SCMP_ARCH_X86_64\n"
                "        ld   [0]                         ; number of the call\n"
                "        jge  #0x40000000, L10            ; numbers of x32 from here on\n"
                "        jeq  #59, L9                     ; execve\n"
                "        jne  #16, L8                     ; ioctl\n"
                "        ld   [28]                        ; argument 1, high word\n"
                "        and  #0xf0\n"
                "L8:     jeq  #59, L10\n"
                "L9:     ret  #0x7fff0000                 ; ALLOW\n"
                "L10:    ret  #0x80000000                 ; KILL_PROCESS\n",
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xc000003e, 0, 8),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
                BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 6, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 59, 4, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 16, 0, 2),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 28), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 59, 1, 0),
                BPF_STMT(BPF_RET | BPF_K, 0x7fff0000), BPF_STMT(BPF_RET | BPF_K, 0x80000000));
}

static void test_words_of_a_big_endian_argument(void **state) {
        (void) state;
        LISTING("SCMP_ARCH_S390X",
                "; SCMP_ARCH_S390X: 3 instructions\n"
                "        ld   [16]                        ; argument 0, high word\n"
                "        ld   [60]                        ; argument 5, low word\n"
                "        ret  #0x30000                    ; TRAP\n",
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 60),
                BPF_STMT(BPF_RET | BPF_K, 0x30000));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_instruction),
                cmocka_unit_test(test_comments_follow_what_was_loaded),
                cmocka_unit_test(test_words_of_a_big_endian_argument),
        };

        return cmocka_run_group_tests_name("disasm", tests, NULL, NULL);
}
