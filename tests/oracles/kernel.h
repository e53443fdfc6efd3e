/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_ORACLES_KERNEL_H
#define SECCOMPD_TESTS_ORACLES_KERNEL_H

#include "profile/bpf.h"

#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the running kernel makes of a filter: a thread loads it and makes calls, and none of them is
 * ever carried out, whatever their numbers and arguments.
 */

#define KERNEL_CALLS_MAX 512

/** Why calls of that architecture cannot be made here; NULL when they can. */
const char *kernel_obstacle(uint32_t audit_arch);

/**
 * Loads `program` in a child and makes `n` calls (arch, nr and args of each are used). What the
 * kernel did with each is written as the filter's value: SECCOMP_RET_* with its datum. LOG counts
 * as ALLOW, they differ in the audit log alone. Returns 0; -EINVAL when the kernel refuses the
 * program; another -errno when it could not be asked (-EPERM: no ptrace to be had).
 */
int kernel_ask(
        const Program *program, const struct seccomp_data *calls, size_t n, uint32_t *ret_answers);

#endif
