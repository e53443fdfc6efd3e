/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A program as text that can be read and assembled again. A number in a filter means nothing by
 * itself: it is a call, an architecture or half of an argument, depending on what was loaded. So
 * what the accumulator holds is followed through the program. Jumps only go forward, so one pass
 * does: what holds before an instruction is what all jumps to it agree on.
 */

#include "profile/disasm.h"

#include "base/cleanup.h"
#include "profile/syscalls.h"
#include "profile/wording.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <string.h>

#define COMMENT_COLUMN 40
#define X32_BIT        0x40000000U

/* What the accumulator holds. */
typedef enum Content {
        CONTENT_NONE, /* nothing has come here yet */
        CONTENT_UNKNOWN,
        CONTENT_NR,
        CONTENT_ARCH,
        CONTENT_ARGUMENT, /* a word of one, masked or not */
} Content;

typedef struct Listing {
        Buf *buf;
        const Program *program;
        const Arch *arch;
        uint8_t contents[BPF_MAXINSNS]; /* before each instruction */
        bool is_target[BPF_MAXINSNS];
} Listing;

static Content content_of_load(uint32_t offset) {
        if (offset == offsetof(struct seccomp_data, nr))
                return CONTENT_NR;
        if (offset == offsetof(struct seccomp_data, arch))
                return CONTENT_ARCH;
        return offset >= offsetof(struct seccomp_data, args) ? CONTENT_ARGUMENT : CONTENT_UNKNOWN;
}

/* What the accumulator holds behind an instruction. */
static Content content_behind(const struct sock_filter *insn, Content before) {
        switch (BPF_CLASS(insn->code)) {
        case BPF_LD:
                return insn->code == (BPF_LD | BPF_W | BPF_ABS) ? content_of_load(insn->k)
                                                                : CONTENT_UNKNOWN;
        case BPF_ALU:
                return before == CONTENT_ARGUMENT && BPF_OP(insn->code) == BPF_AND
                        ? CONTENT_ARGUMENT
                        : CONTENT_UNKNOWN;
        case BPF_MISC: return insn->code == (BPF_MISC | BPF_TXA) ? CONTENT_UNKNOWN : before;
        default: return before;
        }
}

static void arrive(Listing *listing, size_t at, Content content, bool by_jump) {
        uint8_t *there = &listing->contents[at];

        *there =
                (uint8_t) (*there == CONTENT_NONE || *there == content ? content : CONTENT_UNKNOWN);
        listing->is_target[at] |= by_jump;
}

/* Follows the instructions from first to last. */
static void listing_follow(Listing *listing) {
        listing->contents[0] = CONTENT_UNKNOWN;
        for (size_t at = 0; at < listing->program->n_insns; at++) {
                const struct sock_filter *insn = &listing->program->insns[at];
                const Content behind = content_behind(insn, (Content) listing->contents[at]);

                if (BPF_CLASS(insn->code) == BPF_RET)
                        continue;
                if (BPF_CLASS(insn->code) != BPF_JMP) {
                        arrive(listing, at + 1, behind, false);
                } else if (BPF_OP(insn->code) == BPF_JA) {
                        arrive(listing, at + 1 + insn->k, behind, true);
                } else {
                        arrive(listing, at + 1 + insn->jt, behind, insn->jt > 0);
                        arrive(listing, at + 1 + insn->jf, behind, insn->jf > 0);
                }
        }
}

/* --- comments --- */

static void put_load_comment(Buf *buf, const Listing *listing, uint32_t offset) {
        const uint32_t in_args = offset - (uint32_t) offsetof(struct seccomp_data, args);
        const bool is_little = listing->arch->audit_arch & __AUDIT_ARCH_LE;
        const bool is_first = in_args % sizeof(uint64_t) == 0;

        switch (content_of_load(offset)) {
        case CONTENT_NR: buf_puts(buf, "number of the call"); break;
        case CONTENT_ARCH: buf_puts(buf, "architecture"); break;
        case CONTENT_ARGUMENT:
                buf_printf(buf, "argument %u, %s word", (unsigned) (in_args / sizeof(uint64_t)),
                        is_first == is_little ? "low" : "high");
                break;
        default: buf_puts(buf, "instruction pointer"); break;
        }
}

static const Arch *find_arch(uint32_t audit_arch) {
        size_t n = 0;
        const Arch *arches = arch_all(&n);

        for (size_t i = 0; i < n; i++)
                if (arches[i].audit_arch == audit_arch)
                        return &arches[i];
        return NULL;
}

static void put_compared(Buf *buf, const Listing *listing, Content content, uint32_t k) {
        const Arch *arch = NULL;
        char name[64];

        switch (content) {
        case CONTENT_ARCH:
                arch = find_arch(k);
                buf_puts(buf, arch ? arch->name : "");
                break;
        case CONTENT_NR:
                if (syscall_name(listing->arch, (int) k, sizeof(name), name) == 0)
                        buf_puts(buf, name);
                else if (k == X32_BIT && listing->arch->audit_arch == AUDIT_ARCH_X86_64)
                        buf_puts(buf, "numbers of x32 from here on");
                break;
        default: break;
        }
}

static void put_ret_comment(Buf *buf, uint32_t ret) {
        Action action = {};

        if (action_from_ret(ret, &action) < 0)
                return;
        wording_put_action(buf, action);
        if (action.kind == ACTION_ERRNO && errno_name(action.data))
                buf_printf(buf, " %s", errno_name(action.data));
}

static void put_comment(Buf *buf, const Listing *listing, size_t at) {
        const struct sock_filter *insn = &listing->program->insns[at];
        const bool is_k = BPF_SRC(insn->code) == BPF_K;

        if (insn->code == (BPF_LD | BPF_W | BPF_ABS))
                put_load_comment(buf, listing, insn->k);
        else if (insn->code == (BPF_RET | BPF_K))
                put_ret_comment(buf, insn->k);
        else if (BPF_CLASS(insn->code) == BPF_JMP && BPF_OP(insn->code) != BPF_JA && is_k)
                put_compared(buf, listing, (Content) listing->contents[at], insn->k);
}

/* --- instructions --- */

/* Calls and small numbers are read in decimal; masks, returns and all else in hexadecimal. */
static void put_constant(Buf *buf, const Listing *listing, size_t at) {
        const struct sock_filter *insn = &listing->program->insns[at];
        const bool is_mask = BPF_CLASS(insn->code) == BPF_ALU && BPF_OP(insn->code) == BPF_AND;
        const bool is_call = listing->contents[at] == CONTENT_NR && insn->k < X32_BIT;
        const bool is_small = insn->k <= UINT8_MAX && !is_mask && BPF_CLASS(insn->code) != BPF_RET;

        buf_printf(buf, is_call || is_small ? "#%" PRIu32 : "#0x%" PRIx32, insn->k);
}

static void put_operand(Buf *buf, const Listing *listing, size_t at) {
        if (BPF_SRC(listing->program->insns[at].code) == BPF_X)
                buf_puts(buf, "x");
        else
                put_constant(buf, listing, at);
}

/* A jump with one target is written with one, and with the opposite condition if need be. */
static void put_jump(Buf *buf, const Listing *listing, size_t at) {
        static const struct {
                const char *name;
                const char *opposite; /* NULL: there is none */
        } names[] = {
                [BPF_JEQ >> 4] = { "jeq", "jne" },
                [BPF_JGT >> 4] = { "jgt", "jle" },
                [BPF_JGE >> 4] = { "jge", "jlt" },
                [BPF_JSET >> 4] = { "jset", NULL },
        };
        const struct sock_filter *insn = &listing->program->insns[at];
        const size_t op = BPF_OP(insn->code) >> 4;

        if (BPF_OP(insn->code) == BPF_JA) {
                buf_printf(buf, "ja   L%zu", at + 1 + insn->k);
                return;
        }
        if (insn->jt == 0 && insn->jf > 0 && names[op].opposite) {
                buf_printf(buf, "%-4s ", names[op].opposite);
                put_operand(buf, listing, at);
                buf_printf(buf, ", L%zu", at + 1 + insn->jf);
                return;
        }
        buf_printf(buf, "%-4s ", names[op].name);
        put_operand(buf, listing, at);
        buf_printf(buf, ", L%zu", at + 1 + insn->jt);
        if (insn->jf > 0)
                buf_printf(buf, ", L%zu", at + 1 + insn->jf);
}

static void put_arithmetic(Buf *buf, const Listing *listing, size_t at) {
        static const char *const names[] = {
                [BPF_ADD >> 4] = "add",
                [BPF_SUB >> 4] = "sub",
                [BPF_MUL >> 4] = "mul",
                [BPF_DIV >> 4] = "div",
                [BPF_OR >> 4] = "or",
                [BPF_AND >> 4] = "and",
                [BPF_LSH >> 4] = "lsh",
                [BPF_RSH >> 4] = "rsh",
                [BPF_NEG >> 4] = "neg",
                [BPF_XOR >> 4] = "xor",
        };
        const uint16_t code = listing->program->insns[at].code;

        if (BPF_OP(code) == BPF_NEG) {
                buf_puts(buf, "neg");
                return;
        }
        buf_printf(buf, "%-4s ", names[BPF_OP(code) >> 4]);
        put_operand(buf, listing, at);
}

static void put_move(Buf *buf, const Listing *listing, size_t at) {
        const struct sock_filter *insn = &listing->program->insns[at];

        switch (insn->code) {
        case BPF_LD | BPF_W | BPF_ABS: buf_printf(buf, "ld   [%" PRIu32 "]", insn->k); break;
        case BPF_LD | BPF_W | BPF_LEN: buf_puts(buf, "ld   len"); break;
        case BPF_LDX | BPF_W | BPF_LEN: buf_puts(buf, "ldx  len"); break;
        case BPF_LD | BPF_IMM: buf_printf(buf, "ld   #0x%" PRIx32, insn->k); break;
        case BPF_LDX | BPF_IMM: buf_printf(buf, "ldx  #0x%" PRIx32, insn->k); break;
        case BPF_LD | BPF_MEM: buf_printf(buf, "ld   M[%" PRIu32 "]", insn->k); break;
        case BPF_LDX | BPF_MEM: buf_printf(buf, "ldx  M[%" PRIu32 "]", insn->k); break;
        case BPF_ST: buf_printf(buf, "st   M[%" PRIu32 "]", insn->k); break;
        case BPF_STX: buf_printf(buf, "stx  M[%" PRIu32 "]", insn->k); break;
        case BPF_MISC | BPF_TAX: buf_puts(buf, "tax"); break;
        case BPF_MISC | BPF_TXA: buf_puts(buf, "txa"); break;
        case BPF_RET | BPF_A: buf_puts(buf, "ret  a"); break;
        default:
                buf_puts(buf, "ret  ");
                put_constant(buf, listing, at);
                break;
        }
}

static void put_instruction(Buf *buf, const Listing *listing, size_t at) {
        switch (BPF_CLASS(listing->program->insns[at].code)) {
        case BPF_JMP: put_jump(buf, listing, at); break;
        case BPF_ALU: put_arithmetic(buf, listing, at); break;
        default: put_move(buf, listing, at); break;
        }
}

/* "L12:    jeq  #56, L34                   ; clone" */
static void put_line(const Listing *listing, size_t at) {
        _cleanup_buf_ Buf line = {};
        _cleanup_buf_ Buf comment = {};
        char label[32] = "";

        if (listing->is_target[at])
                snprintf(label, sizeof(label), "L%zu:", at);
        buf_printf(&line, "%-7s ", label);
        put_instruction(&line, listing, at);
        put_comment(&comment, listing, at);
        if (buf_error(&line) < 0 || buf_error(&comment) < 0)
                listing->buf->error = -ENOMEM;
        else if (comment.size > 0)
                buf_printf(listing->buf, "%-*s ; %s\n", COMMENT_COLUMN, line.data, comment.data);
        else
                buf_printf(listing->buf, "%s\n", line.data);
}

void program_disassemble(Buf *buf, const Program *program, const Arch *arch) {
        Listing listing = { .buf = buf, .program = program, .arch = arch };

        listing_follow(&listing);
        buf_printf(buf, "; %s: %zu instructions\n", arch->name, program->n_insns);
        for (size_t at = 0; at < program->n_insns; at++)
                put_line(&listing, at);
}
