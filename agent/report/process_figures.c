/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the kernel says of this process. Nothing is kept between two readings. The time of the
 * start is not among them: the status knows it, and reading it from /proc/stat costs a page of
 * interrupt counters for each CPU of a large node.
 */

#include "report/metrics.h"

#include "base/duration.h"
#include "base/fdio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

static uint64_t timeval_usec(struct timeval time) {
        return (uint64_t) time.tv_sec * USEC_PER_SEC + (uint64_t) time.tv_usec;
}

/* The second number of /proc/self/statm (proc(5)): resident pages. */
static int read_resident(uint64_t *ret_bytes) {
        _cleanup_close_ int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
        _cleanup_buf_ Buf buf = {};
        uint64_t n_pages = 0;
        int r;

        if (fd < 0)
                return -errno;
        r = fd_read_all(fd, BUFSIZ, &buf);
        if (r < 0)
                return r;
        if (buf.size == 0 || sscanf(buf.data, "%*u %" SCNu64, &n_pages) != 1)
                return -EBADMSG;
        *ret_bytes = n_pages * (uint64_t) sysconf(_SC_PAGESIZE);
        return 0;
}

static int count_fds(uint64_t *ret_n) {
        DIR *directory = opendir("/proc/self/fd");
        const struct dirent *entry;
        uint64_t n = 0;

        if (!directory)
                return -errno;
        while ((entry = readdir(directory)))
                n += entry->d_name[0] != '.';
        closedir(directory);
        *ret_n = n - 1; /* the directory's own */
        return 0;
}

int process_figures_read(ProcessFigures *ret_figures) {
        ProcessFigures figures = {};
        struct rusage usage = {};
        int r;

        if (getrusage(RUSAGE_SELF, &usage) < 0)
                return -errno;
        figures.cpu_usec = timeval_usec(usage.ru_utime) + timeval_usec(usage.ru_stime);
        r = read_resident(&figures.resident_bytes);
        if (r >= 0)
                r = count_fds(&figures.open_fds);
        if (r < 0)
                return r;
        *ret_figures = figures;
        return 0;
}
