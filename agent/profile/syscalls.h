/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_SYSCALLS_H
#define SECCOMPD_PROFILE_SYSCALLS_H

#include "profile/arch.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Names and numbers of system calls, from libseccomp's tables: the very tables by which the
 * runtimes resolve a profile. tests/unit holds them against the kernel's headers. Not for use by
 * several threads at once: a table of names is filled at first need.
 */

typedef enum SyscallState {
        SYSCALL_KNOWN,     /* has a number on this architecture */
        SYSCALL_ELSEWHERE, /* libseccomp knows the name, but not on this architecture */
        SYSCALL_UNKNOWN,   /* libseccomp does not know the name at all */
} SyscallState;

/**
 * The number of a call as seccomp_data.nr shows it on `arch` (X32 with its bit). Calls that exist
 * on `arch` only behind socketcall(2) or ipc(2) are SYSCALL_KNOWN with *ret_nr = -1 and
 * syscall_subcall() says where. `ret_nr` is written only for SYSCALL_KNOWN.
 */
SyscallState syscall_number(const Arch *arch, const char *name, int *ret_nr);

/**
 * The name of a number on `arch`, copied with a NUL into `ret_name`. Returns 0; -ENOENT for none;
 * -ENOBUFS when it does not fit `size_bytes` (64 are enough).
 */
int syscall_name(const Arch *arch, int nr, size_t size_bytes, char *ret_name);

/**
 * Whether a call can be reached through a multiplexer of `arch`: *ret_multiplexer is its number
 * (socketcall or ipc), *ret_subcall the value of its first argument (linux/net.h, linux/ipc.h).
 */
bool syscall_subcall(
        const Arch *arch, const char *name, int *ret_multiplexer, unsigned *ret_subcall);

/**
 * The highest number with a name on `arch` (X32 with its bit), or -1. ARM's private calls, at
 * 0xf0000, are left out.
 */
int syscall_highest(const Arch *arch);

/**
 * Fills the lists of the architectures that a node of `native` can run, so that children forked
 * from here on inherit them instead of filling their own. Not needed for any answer.
 */
void syscalls_warm_up(const Arch *native);

/**
 * Whether a text can be the name of a system call: lower-case letters, digits and `_`, and not
 * digits alone. Every name that libseccomp has is of that kind.
 */
bool syscall_name_is_possible(const char *name);

/**
 * The call of `arch` that does what `name` does elsewhere, or what a C library calls `name`:
 * "umount2" for "umount" on x86_64. NULL for none, and for a name that exists on `arch`.
 */
const char *syscall_equivalent(const Arch *arch, const char *name);

/**
 * The name on `arch` that was most likely meant ("did you mean"), also by what headers and
 * backtraces write ("__NR_mount", "sys_mount", "mount(2)"), or NULL.
 */
const char *syscall_suggest(const Arch *arch, const char *name);

#endif
