/* SPDX-License-Identifier: Apache-2.0 */

/* Helpers of the unit tests: files, temporary directories. They fail the running test themselves.
 */

#include "support.h"

#include "base/cleanup.h"
#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

const char *support_root(void) {
        const char *root = getenv("SECCOMPD_ROOT");

        return root ? root : ".";
}

char *support_read_file(const char *path, size_t *ret_size_bytes) {
        char full[PATH_MAX];
        _cleanup_buf_ Buf buf = {};
        _cleanup_close_ int fd = -1;
        char *bytes = NULL;
        size_t size_bytes = 0;

        snprintf(full, sizeof(full), "%s/%s", support_root(), path);
        fd = open(path[0] == '/' ? path : full, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                fail_msg("cannot open %s", path);
        assert_int_equal(fd_read_all(fd, (size_t) 64 << 20, &buf), 0);
        buf_append(&buf, "", 0);
        assert_int_equal(buf_take(&buf, &bytes, &size_bytes), 0);
        if (ret_size_bytes)
                *ret_size_bytes = size_bytes;
        return bytes;
}

void support_skip(const char *format, ...) {
        va_list args;

        print_message("[ SKIPPING ] ");
        va_start(args, format);
        vprint_message(format, args);
        va_end(args);
        print_message("\n");
        skip();
        abort(); /* not reached */
}

void support_needs_seccomp(void) {
        uint32_t action = SECCOMP_RET_ALLOW;

        if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
                support_skip("no seccomp filters here: %s", strerror(errno));
}

char *support_temp_dir(void) {
        char *path = strdup("/tmp/seccompd-unit-XXXXXX");

        assert_non_null(path);
        assert_non_null(mkdtemp(path));
        return path;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

void support_remove_tree(const char *path) {
        assert_int_equal(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}
