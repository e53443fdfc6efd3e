/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Classic BPF as seccomp(2) has it: what the kernel would say of a program, and what the program
 * says of a call. Both follow the kernel's documented contract
 * (Documentation/networking/filter.rst, include/uapi/linux/filter.h) and nothing of libseccomp,
 * since they are there to check it; the tests hold both against the running kernel.
 *
 * The opcodes stand in one table with the check of their operand; the interpreter trusts nothing
 * the validator would have refused, because verification may meet a program that was never
 * validated. Jumps only go forward, so every run ends.
 */

#include "profile/bpf.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* What an instruction's k has to be. */
typedef enum Operand {
        OPERAND_FORBIDDEN, /* the opcode itself: 0, so that the table's gaps say no */
        OPERAND_ANY,
        OPERAND_OFFSET,  /* an aligned word of seccomp_data */
        OPERAND_SLOT,    /* of scratch memory */
        OPERAND_SHIFT,   /* less than 32 */
        OPERAND_DIVISOR, /* not 0 */
} Operand;

/* BPF_MOD and the packet loads of socket filters are not seccomp's. */
static const uint8_t operands[0x100] = {
        [BPF_LD | BPF_W | BPF_ABS] = OPERAND_OFFSET,
        [BPF_LD | BPF_W | BPF_LEN] = OPERAND_ANY,
        [BPF_LD | BPF_IMM] = OPERAND_ANY,
        [BPF_LD | BPF_MEM] = OPERAND_SLOT,
        [BPF_LDX | BPF_W | BPF_LEN] = OPERAND_ANY,
        [BPF_LDX | BPF_IMM] = OPERAND_ANY,
        [BPF_LDX | BPF_MEM] = OPERAND_SLOT,
        [BPF_ST] = OPERAND_SLOT,
        [BPF_STX] = OPERAND_SLOT,
        [BPF_ALU | BPF_ADD | BPF_K] = OPERAND_ANY,
        [BPF_ALU | BPF_ADD | BPF_X] = OPERAND_ANY,
        [BPF_ALU | BPF_SUB | BPF_K] = OPERAND_ANY,
        [BPF_ALU | BPF_SUB | BPF_X] = OPERAND_ANY,
        [BPF_ALU | BPF_MUL | BPF_K] = OPERAND_ANY,
        [BPF_ALU | BPF_MUL | BPF_X] = OPERAND_ANY,
        [BPF_ALU | BPF_DIV | BPF_K] = OPERAND_DIVISOR,
        [BPF_ALU | BPF_DIV | BPF_X] = OPERAND_ANY,
        [BPF_ALU | BPF_AND | BPF_K] = OPERAND_ANY,
        [BPF_ALU | BPF_AND | BPF_X] = OPERAND_ANY,
        [BPF_ALU | BPF_OR | BPF_K] = OPERAND_ANY,
        [BPF_ALU | BPF_OR | BPF_X] = OPERAND_ANY,
        [BPF_ALU | BPF_XOR | BPF_K] = OPERAND_ANY,
        [BPF_ALU | BPF_XOR | BPF_X] = OPERAND_ANY,
        [BPF_ALU | BPF_LSH | BPF_K] = OPERAND_SHIFT,
        [BPF_ALU | BPF_LSH | BPF_X] = OPERAND_ANY,
        [BPF_ALU | BPF_RSH | BPF_K] = OPERAND_SHIFT,
        [BPF_ALU | BPF_RSH | BPF_X] = OPERAND_ANY,
        [BPF_ALU | BPF_NEG] = OPERAND_ANY,
        [BPF_JMP | BPF_JA] = OPERAND_ANY,
        [BPF_JMP | BPF_JEQ | BPF_K] = OPERAND_ANY,
        [BPF_JMP | BPF_JEQ | BPF_X] = OPERAND_ANY,
        [BPF_JMP | BPF_JGT | BPF_K] = OPERAND_ANY,
        [BPF_JMP | BPF_JGT | BPF_X] = OPERAND_ANY,
        [BPF_JMP | BPF_JGE | BPF_K] = OPERAND_ANY,
        [BPF_JMP | BPF_JGE | BPF_X] = OPERAND_ANY,
        [BPF_JMP | BPF_JSET | BPF_K] = OPERAND_ANY,
        [BPF_JMP | BPF_JSET | BPF_X] = OPERAND_ANY,
        [BPF_RET | BPF_K] = OPERAND_ANY,
        [BPF_RET | BPF_A] = OPERAND_ANY,
        [BPF_MISC | BPF_TAX] = OPERAND_ANY,
        [BPF_MISC | BPF_TXA] = OPERAND_ANY,
};

static bool offset_is_valid(uint32_t offset) {
        return offset % sizeof(uint32_t) == 0 && offset < sizeof(struct seccomp_data);
}

static bool operand_is_valid(const struct sock_filter *insn) {
        if (insn->code >= N_ELEMENTS(operands))
                return false;
        switch ((Operand) operands[insn->code]) {
        case OPERAND_FORBIDDEN: return false;
        case OPERAND_ANY: return true;
        case OPERAND_OFFSET: return offset_is_valid(insn->k);
        case OPERAND_SLOT: return insn->k < BPF_MEMWORDS;
        case OPERAND_SHIFT: return insn->k < 32;
        case OPERAND_DIVISOR: return insn->k != 0;
        }
        return false;
}

static bool jump_is_valid(const Program *program, size_t at) {
        const struct sock_filter *insn = &program->insns[at];
        const size_t left = program->n_insns - at - 1;

        if (BPF_CLASS(insn->code) != BPF_JMP)
                return true;
        if (BPF_OP(insn->code) == BPF_JA)
                return insn->k < left;
        return insn->jt < left && insn->jf < left;
}

/*
 * Carries the set of scratch slots written so far over one instruction. `written[]` holds for each
 * instruction what all jumps to it agree on. As in the kernel, code behind an unconditional jump
 * starts with every slot (only what is jumped to can matter), but code behind a return goes on with
 * the return's.
 */
static bool slots_step(const Program *program, size_t at, uint16_t *written, uint16_t *slots) {
        const struct sock_filter *insn = &program->insns[at];
        const uint16_t every_slot = UINT16_MAX;

        *slots &= written[at];
        switch (insn->code) {
        case BPF_ST:
        case BPF_STX: *slots |= (uint16_t) (1U << insn->k); break;
        case BPF_LD | BPF_MEM:
        case BPF_LDX | BPF_MEM: return *slots & (1U << insn->k);
        case BPF_JMP | BPF_JA:
                written[at + 1 + insn->k] &= *slots;
                *slots = every_slot;
                break;
        default:
                if (BPF_CLASS(insn->code) != BPF_JMP)
                        break;
                written[at + 1 + insn->jt] &= *slots;
                written[at + 1 + insn->jf] &= *slots;
                *slots = every_slot;
        }
        return true;
}

int bpf_validate(const Program *program, size_t *ret_at) {
        uint16_t written[BPF_MAXINSNS];
        uint16_t slots = 0;
        size_t n = program->n_insns, at = 0;
        bool is_valid = n > 0 && n <= BPF_MAXINSNS;

        memset(written, 0xff, sizeof(written));
        for (; is_valid && at < n; at++) {
                is_valid = operand_is_valid(&program->insns[at]) && jump_is_valid(program, at) &&
                        slots_step(program, at, written, &slots);
                if (!is_valid)
                        break;
        }
        if (is_valid && BPF_CLASS(program->insns[n - 1].code) != BPF_RET) {
                at = n - 1;
                is_valid = false;
        }
        if (is_valid)
                return 0;
        if (ret_at)
                *ret_at = at;
        return -EINVAL;
}

/* The interpreter's registers. */
typedef struct Machine {
        uint32_t a;
        uint32_t x;
        uint32_t memory[BPF_MEMWORDS];
} Machine;

/* Loads, stores and moves. Returns false for an opcode, an offset or a slot that does not exist. */
static bool move_run(
        Machine *machine, const struct sock_filter *insn, const struct seccomp_data *data) {
        const uint32_t k = insn->k;

        switch (insn->code) {
        case BPF_LD | BPF_W | BPF_ABS:
                if (!offset_is_valid(k))
                        return false;
                memcpy(&machine->a, (const char *) data + k, sizeof(machine->a));
                return true;
        case BPF_LD | BPF_IMM: machine->a = k; return true;
        case BPF_LDX | BPF_IMM: machine->x = k; return true;
        case BPF_LD | BPF_W | BPF_LEN: machine->a = sizeof(*data); return true;
        case BPF_LDX | BPF_W | BPF_LEN: machine->x = sizeof(*data); return true;
        case BPF_MISC | BPF_TAX: machine->x = machine->a; return true;
        case BPF_MISC | BPF_TXA: machine->a = machine->x; return true;
        default: break;
        }
        if (k >= BPF_MEMWORDS)
                return false;
        switch (insn->code) {
        case BPF_LD | BPF_MEM: machine->a = machine->memory[k]; return true;
        case BPF_LDX | BPF_MEM: machine->x = machine->memory[k]; return true;
        case BPF_ST: machine->memory[k] = machine->a; return true;
        default: machine->memory[k] = machine->x; return true; /* BPF_STX */
        }
}

/* Arithmetic; the divisor is not 0. Shifts count modulo 32, as the kernel's eBPF makes of them. */
static uint32_t alu_run(uint16_t code, uint32_t a, uint32_t operand) {
        switch (BPF_OP(code)) {
        case BPF_ADD: return a + operand;
        case BPF_SUB: return a - operand;
        case BPF_MUL: return a * operand;
        case BPF_DIV: return a / operand;
        case BPF_AND: return a & operand;
        case BPF_OR: return a | operand;
        case BPF_XOR: return a ^ operand;
        case BPF_LSH: return a << (operand & 31);
        case BPF_RSH: return a >> (operand & 31);
        default: return -a; /* BPF_NEG */
        }
}

/* How far a jump goes. */
static size_t jump_run(const struct sock_filter *insn, uint32_t a, uint32_t operand) {
        switch (BPF_OP(insn->code)) {
        case BPF_JA: return insn->k;
        case BPF_JEQ: return a == operand ? insn->jt : insn->jf;
        case BPF_JGT: return a > operand ? insn->jt : insn->jf;
        case BPF_JGE: return a >= operand ? insn->jt : insn->jf;
        default: return a & operand ? insn->jt : insn->jf; /* BPF_JSET */
        }
}

int bpf_run(const Program *program, const struct seccomp_data *data, uint32_t *ret_value) {
        Machine machine = {};

        for (size_t at = 0; at < program->n_insns; at++) {
                const struct sock_filter *insn = &program->insns[at];
                const uint16_t code = insn->code;
                uint32_t operand;

                /* nearly all that is ever run: a filter is a long row of comparisons */
                if (code == (BPF_JMP | BPF_JEQ | BPF_K)) {
                        at += machine.a == insn->k ? insn->jt : insn->jf;
                        continue;
                }
                /* what is left below are seccomp's opcodes, so the last case of a switch is one too
                 */
                if (code >= N_ELEMENTS(operands) || operands[code] == OPERAND_FORBIDDEN)
                        return -EINVAL;
                operand = BPF_SRC(code) == BPF_X ? machine.x : insn->k;
                switch (BPF_CLASS(code)) {
                case BPF_RET:
                        *ret_value = code == (BPF_RET | BPF_A) ? machine.a : insn->k;
                        return 0;
                case BPF_JMP: at += jump_run(insn, machine.a, operand); break;
                case BPF_ALU:
                        if (BPF_OP(code) == BPF_DIV && operand == 0) {
                                *ret_value = 0;
                                return 0;
                        }
                        machine.a = alu_run(code, machine.a, operand);
                        break;
                default:
                        if (!move_run(&machine, insn, data))
                                return -EINVAL;
                }
        }
        return -EINVAL;
}
