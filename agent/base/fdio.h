/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_FDIO_H
#define SECCOMPD_BASE_FDIO_H

#include "base/buf.h"

#include <stddef.h>

/**
 * Appends all that is left in `fd` to `buf`. Returns 0; -EFBIG when there are more than
 * `max_bytes` (at most one byte past them is read); another -errno when a read fails.
 */
int fd_read_all(int fd, size_t max_bytes, Buf *buf);

/**
 * Appends a whole file to `buf`, for configuration that is read once. Returns as fd_read_all(), or
 * -errno of open(2); -EISDIR for a directory.
 */
int file_read_all(const char *path, size_t max_bytes, Buf *buf);

/** Writes all of it, however often the kernel takes only a part. Returns 0 or -errno. */
int fd_write_all(int fd, const void *bytes, size_t size_bytes);

#endif
