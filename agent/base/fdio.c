/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whole reads and whole writes. read(2) and write(2) may do a part or be interrupted; here that is
 * dealt with once. A read is always bounded: whoever fills the descriptor may be hostile.
 */

#include "base/fdio.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define READ_CHUNK_BYTES 16384U

int fd_read_all(int fd, size_t max_bytes, Buf *buf) {
        char chunk[READ_CHUNK_BYTES];
        size_t left_bytes = max_bytes;

        for (;;) {
                size_t want = left_bytes < sizeof(chunk) ? left_bytes + 1 : sizeof(chunk);
                ssize_t n = read(fd, chunk, want);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return buf_error(buf);
                if ((size_t) n > left_bytes)
                        return -EFBIG;
                buf_append(buf, chunk, (size_t) n);
                left_bytes -= (size_t) n;
        }
}

int file_read_all(const char *path, size_t max_bytes, Buf *buf) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        return fd < 0 ? -errno : fd_read_all(fd, max_bytes, buf);
}

int fd_write_all(int fd, const void *bytes, size_t size_bytes) {
        const char *at = bytes;

        while (size_bytes > 0) {
                ssize_t n = write(fd, at, size_bytes);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO; /* no progress and no reason: a device that would spin us */
                at += n;
                size_bytes -= (size_t) n;
        }
        return 0;
}
