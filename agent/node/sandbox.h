/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_SANDBOX_H
#define SECCOMPD_NODE_SANDBOX_H

#include <stddef.h>

/*
 * What a child may do. Built with -DSECCOMPD_UNCONFINED (sanitizers, coverage) nothing here does
 * more than close descriptors (standard error apart) and limit processor time, generously.
 */

#define SANDBOX_CPU_SECONDS  4U          /* of a check; the kernel sends SIGXCPU, then SIGKILL */
#define SANDBOX_WALL_SECONDS 60U         /* behind it, enforced by the parent */
#define SANDBOX_MEMORY_BYTES (32U << 20) /* beyond what the parent had at the fork */
#define SANDBOX_WRITER_FDS   1024U       /* open in the writer */

/** Compiles the worker's own filter, once, before the first fork; owned by the process for its
 * life. Returns 0 or -errno. */
int sandbox_prepare(void);

/**
 * The same, and workers may use stdio on what they have open: dup(2), close(2), flags by fcntl(2),
 * and three descriptors more. libseccomp writes its pseudo filter code so. For seccompctl, instead
 * of sandbox_prepare(), which then changes nothing.
 */
int sandbox_prepare_with_stdio(void);

/**
 * In a worker: closes every descriptor but `keep_fds` (ascending order not needed), limits CPU,
 * memory, file size, processes and descriptors, gives up new privileges, and installs the filter:
 * memory, writing to open descriptors, the scratch file, exit; all else kills the process.
 * sandbox_prepare() was called. Returns 0 or -errno: then the child must not go on.
 */
int sandbox_enter_worker(const int *keep_fds, size_t n_keep_fds);

/**
 * In the writer: closes every descriptor but `keep_fds`, gives up new privileges, limits
 * descriptors and processes; no filter of its own beyond what it inherits. Returns 0 or -errno.
 */
int sandbox_enter_writer(const int *keep_fds, size_t n_keep_fds);

/**
 * Landlock for the whole process and its children: writing (creating, removing, renaming,
 * truncating, writing) only below `dir_fds`, executing nothing. Reading is not handled. Returns 0;
 * -EOPNOTSUPP where the kernel has no Landlock; another -errno.
 */
int sandbox_landlock(const int *dir_fds, size_t n_dir_fds);

#endif
