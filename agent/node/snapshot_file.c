/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One file of a source. Nothing there is trusted. Links are followed only as long as they stay
 * inside, and nothing but regular files is opened: to open a fifo or a device can block, or do
 * something. What cannot be read as a profile gets its reason in words that its author
 * understands; what the machine cannot do (no memory, no descriptors) is no fault of the file.
 */

#include "node/snapshot_file.h"

#include "base/fdio.h"
#include "base/utf8.h"
#include "profile/limits.h"
#include "profile/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

bool snapshot_file_is_innocent(int error) {
        return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

/* Without openat2(2), before Linux 5.6: no link is followed at all. */
static int open_stepwise(int dir_fd, const char *name, int flags) {
        _cleanup_free_ char *path = strdup(name);
        _cleanup_close_ int at = -1;
        char *element = path;
        int fd;

        if (!path)
                return -ENOMEM;
        for (char *slash; (slash = strchr(element, '/')); element = slash + 1) {
                *slash = '\0';
                fd = openat(at < 0 ? dir_fd : at, element,
                        O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (fd < 0)
                        return -errno;
                fd_close(at);
                at = fd;
        }
        fd = openat(at < 0 ? dir_fd : at, element, flags | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* Opens below a directory: links are followed as long as they do not leave it. */
static int open_beneath(int dir_fd, const char *name, int flags) {
        const struct open_how how = {
                .flags = (unsigned) flags | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
        };
        long fd = syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));

        if (fd >= 0)
                return (int) fd;
        if (errno == ENOSYS || errno == EPERM) /* or a filter around us does not know it */
                return open_stepwise(dir_fd, name, flags);
        return -errno;
}

/* Why a name cannot be told to a person as it is, or NULL. */
static const char *name_problem(const char *name) {
        size_t size_bytes = strlen(name);

        if (memchr(name, '\n', size_bytes) || memchr(name, '\r', size_bytes))
                return "has a line break in its name";
        for (size_t i = 0; i < size_bytes;) {
                uint32_t codepoint = 0;
                size_t length = utf8_decode(name + i, size_bytes - i, &codepoint);

                if (length == 0)
                        return "has a name that is not UTF-8";
                if (!utf8_is_harmless(codepoint))
                        return "has a control character in its name";
                i += length;
        }
        return NULL;
}

static const char *type_problem(mode_t type) {
        switch (type & S_IFMT) {
        case S_IFREG: return NULL;
        case S_IFDIR: return "is a directory, not a regular file";
        case S_IFIFO: return "is a fifo, not a regular file";
        case S_IFSOCK: return "is a socket, not a regular file";
        case S_IFLNK: return "is a link, which cannot be followed safely on this kernel";
        default: return "is a device, not a regular file";
        }
}

static int set_problem(SourceFile *file, const char *problem) {
        file->problem = strdup(problem);
        file->problem_rule = SP206;
        return file->problem ? 0 : -ENOMEM;
}

static int set_too_large(SourceFile *file, uint64_t size_bytes) {
        file->problem_rule = SP102;
        if (asprintf(&file->problem, "is %llu bytes long; the limit is %u",
                    (unsigned long long) size_bytes, LIMIT_PROFILE_BYTES) < 0) {
                file->problem = NULL;
                return -ENOMEM;
        }
        return 0;
}

/* A file that could not be opened or read: a problem of it, unless it is gone or the machine's. */
static int set_failure(SourceFile *file, int dir_fd, int error) {
        struct stat st;

        if (snapshot_file_is_innocent(error) || error == -EAGAIN)
                return error;
        if (error == -EXDEV)
                return set_problem(file, "leads out of the source");
        if (error == -ELOOP)
                return set_problem(file, "is a link that leads in a circle");
        if (error == -ENOENT) {
                if (fstatat(dir_fd, file->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return -EAGAIN;
                return set_problem(file, "is a link to nothing");
        }
        file->problem_rule = SP206;
        if (asprintf(&file->problem, "cannot be read: %s", strerror(-error)) < 0) {
                file->problem = NULL;
                return -ENOMEM;
        }
        return 0;
}

/* The type of what a link leads to, found out without opening it. */
static int link_type(int dir_fd, const char *name, mode_t *ret_type) {
        _cleanup_close_ int fd = open_beneath(dir_fd, name, O_PATH);
        struct stat st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        *ret_type = st.st_mode;
        return 0;
}

/* Reads the whole of what was opened into `bytes`. 1: it is no regular file, or too large, as `st`
 * says. */
static int read_regular(int fd, Buf *bytes, struct stat *ret_st) {
        int r;

        if (fstat(fd, ret_st) < 0)
                return -errno;
        if (!S_ISREG(ret_st->st_mode) || (uint64_t) ret_st->st_size > LIMIT_PROFILE_BYTES)
                return 1;
        bytes->size = 0;          /* what is there of another file gives way */
        buf_append(bytes, "", 0); /* so that even an empty file has an address */
        r = fd_read_all(fd, LIMIT_PROFILE_BYTES, bytes);
        if (r != -EFBIG)
                return r;
        if (fstat(fd, ret_st) < 0) /* it has grown meanwhile */
                return -errno;
        return 1;
}

int snapshot_file_read(int dir_fd, mode_t type, Buf *bytes, SourceFile *file) {
        _cleanup_close_ int fd = -1;
        const char *problem = name_problem(file->name);
        struct stat st = {};
        int r = 0;

        if (!problem && S_ISLNK(type))
                r = link_type(dir_fd, file->name, &type);
        if (r < 0)
                return set_failure(file, dir_fd, r);
        if (!problem)
                problem = type_problem(type);
        if (problem)
                return set_problem(file, problem);
        /* the type is a moment old: whatever stands there now must not block us */
        fd = open_beneath(dir_fd, file->name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        r = fd < 0 ? fd : read_regular(fd, bytes, &st);
        if (r < 0)
                return set_failure(file, dir_fd, r);
        if (r > 0) {
                problem = type_problem(st.st_mode);
                return problem ? set_problem(file, problem)
                               : set_too_large(file, (uint64_t) st.st_size);
        }
        file->size_bytes = bytes->size;
        file->digest = digest_of(bytes->data, bytes->size);
        return 0;
}
