/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_BPF_H
#define SECCOMPD_PROFILE_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

/** A classic BPF program for seccomp: `insns` is owned by whoever made it. */
typedef struct Program {
        struct sock_filter *insns;
        size_t n_insns;
} Program;

/**
 * Checks a program as the kernel does before it loads one (kernel/seccomp.c, net/core/filter.c):
 * 1 to BPF_MAXINSNS instructions, only the opcodes seccomp permits, loads aligned and inside
 * seccomp_data, jumps forward and inside, no scratch slot read before it is written on every path,
 * a return at the end. Returns 0 or -EINVAL with the instruction's index in `*ret_at`, which
 * may be NULL.
 */
int bpf_validate(const Program *program, size_t *ret_at);

/**
 * Runs a program on one call. Returns 0 and the filter's value (0 for a division by zero, as the
 * kernel; scratch slots start as 0); -EINVAL when what is executed is an unknown opcode or a jump,
 * load or slot outside.
 */
int bpf_run(const Program *program, const struct seccomp_data *data, uint32_t *ret_value);

#endif
