/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sources: a directory of profiles, read whole and consistently. A ConfigMap volume is read through
 * one descriptor on the target of `..data`: the kubelet swaps that link, never the files behind it,
 * so what is read is one version of the object. Everything that is not a regular file of the source
 * itself is somebody's mistake or trick: it is named, and not opened.
 */

#include "node/source.h"

#include "base/fdio.h"
#include "base/utf8.h"
#include "profile/limits.h"
#include "profile/rules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define SOURCE_LEVELS_MAX 16U
#define SOURCE_TRIES      5
#define DATA_LINK         "..data"

/* --- specs --- */

static bool is_plain_path(const char *path) {
        for (;;) {
                size_t length = strcspn(path, "/");

                if (length == 0 || path[0] == '.')
                        return false;
                if (path[length] == '\0')
                        return true;
                path += length + 1;
        }
}

void source_spec_done(SourceSpec *spec) {
        free(spec->name);
        free(spec->path);
        free(spec->subdir);
        *spec = (SourceSpec){};
}

static char *last_element(const char *path) {
        size_t end = strlen(path), begin;

        while (end > 1 && path[end - 1] == '/')
                end--;
        begin = end;
        while (begin > 0 && path[begin - 1] != '/')
                begin--;
        return strndup(path + begin, end - begin);
}

int source_spec_parse(const char *text, CapabilitySet capabilities, SourceSpec *ret_spec,
        const char **ret_problem) {
        _cleanup_(source_spec_done) SourceSpec spec = { .capabilities = capabilities };
        const char *equals = strchr(text, '='), *colon = strrchr(text, ':');
        const char *path = equals ? equals + 1 : text;
        size_t length = colon && colon >= path ? (size_t) (colon - path) : strlen(path);

        spec.path = strndup(path, length);
        spec.subdir = strdup(path[length] == ':' ? path + length + 1 : "");
        if (!spec.path || !spec.subdir)
                return -ENOMEM;
        spec.name = equals ? strndup(text, (size_t) (equals - text)) : last_element(spec.path);
        if (!spec.name)
                return -ENOMEM;
        *ret_problem = NULL;
        if (*spec.path == '\0')
                *ret_problem = "which directory? [NAME=]DIR[:SUBDIR]";
        else if (path[length] == ':' && !is_plain_path(spec.subdir))
                *ret_problem = "SUBDIR must be a relative path without '.' and '..'";
        else if (*spec.name == '\0' || strchr(spec.name, '/') || spec.name[0] == '.')
                *ret_problem = "NAME must be a word without '/' that does not begin with a dot; "
                               "name it, as --source team-a=DIR";
        if (*ret_problem)
                return -EINVAL;
        *ret_spec = spec;
        spec = (SourceSpec){};
        return 0;
}

const char *source_state_name(SourceState state) {
        static const char *const NAMES[] = {
                [SOURCE_OK] = "ok",
                [SOURCE_MISSING] = "missing",
                [SOURCE_UNREADABLE] = "unreadable",
                [SOURCE_ORPHANED] = "orphaned",
        };

        return NAMES[state];
}

/* --- snapshots --- */

void snapshot_done(Snapshot *snapshot) {
        for (size_t i = 0; i < snapshot->n_files; i++) {
                free(snapshot->files[i].name);
                free(snapshot->files[i].problem);
        }
        free(snapshot->files);
        free(snapshot->problem);
        (void) fd_close(snapshot->dir_fd);
        *snapshot = (Snapshot){ .dir_fd = -1 };
}

static int add_file(Snapshot *snapshot, const char *prefix, const char *name) {
        SourceFile *grown = snapshot->files;

        if ((snapshot->n_files & (snapshot->n_files - 1)) == 0) { /* room for twice as many */
                grown = reallocarray(
                        grown, snapshot->n_files > 0 ? snapshot->n_files * 2 : 1, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                snapshot->files = grown;
        }
        grown[snapshot->n_files] = (SourceFile){};
        if (asprintf(&grown[snapshot->n_files].name, "%s%s%s", prefix, *prefix ? "/" : "", name) <
                0)
                return -ENOMEM;
        snapshot->n_files++;
        return 0;
}

typedef struct Lister {
        Snapshot *snapshot;
        const char *match;
} Lister;

static int list(Lister *lister, int dir_fd, const char *prefix, unsigned level);

static int list_subdirectory(
        Lister *lister, int dir_fd, const char *prefix, const char *name, unsigned level) {
        _cleanup_close_ int child =
                openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        _cleanup_free_ char *path = NULL;

        if (child < 0 || level == SOURCE_LEVELS_MAX) {
                lister->snapshot->is_complete = false;
                if (!lister->snapshot->problem)
                        lister->snapshot->problem = strdup("a subdirectory cannot be read");
                return lister->snapshot->problem ? 0 : -ENOMEM;
        }
        if (asprintf(&path, "%s%s%s", prefix, *prefix ? "/" : "", name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        return list(lister, child, path, level + 1);
}

static bool is_directory(int dir_fd, const struct dirent *entry) {
        struct stat st;

        if (entry->d_type != DT_UNKNOWN)
                return entry->d_type == DT_DIR;
        return fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int list(Lister *lister, int dir_fd, const char *prefix, unsigned level) {
        int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *dir = copy < 0 ? NULL : fdopendir(copy);

        if (!dir) {
                r = -errno;
                (void) fd_close(copy);
                return r;
        }
        for (const struct dirent *entry; r == 0 && (entry = readdir(dir));) {
                if (entry->d_name[0] == '.')
                        continue;
                if (fnmatch(lister->match, entry->d_name, 0) == 0)
                        r = add_file(lister->snapshot, prefix, entry->d_name);
                else if (is_directory(dir_fd, entry))
                        r = list_subdirectory(lister, dir_fd, prefix, entry->d_name, level);
                else
                        lister->snapshot->n_ignored++;
        }
        closedir(dir);
        return r;
}

static int compare_files(const void *a, const void *b) {
        return strcmp(((const SourceFile *) a)->name, ((const SourceFile *) b)->name);
}

static const char *kind_name(mode_t mode) {
        return S_ISDIR(mode)     ? "a directory"
                : S_ISFIFO(mode) ? "a fifo"
                : S_ISSOCK(mode) ? "a socket"
                : S_ISLNK(mode)  ? "a link"
                                 : "a device";
}

static int set_problem(SourceFile *file, unsigned rule, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
static int set_problem(SourceFile *file, unsigned rule, const char *format, ...) {
        va_list args;
        int r;

        va_start(args, format);
        r = vasprintf(&file->problem, format, args);
        va_end(args);
        if (r < 0)
                return -ENOMEM;
        file->problem_rule = rule;
        return 0;
}

/* Names go into logs, metrics and URLs: what would break a line there is refused. */
static bool is_printable(const char *name) {
        for (size_t left = strlen(name), length; left > 0; name += length, left -= length) {
                uint32_t codepoint = 0;

                length = utf8_decode(name, left, &codepoint);
                if (length == 0 || !utf8_is_harmless(codepoint))
                        return false;
        }
        return true;
}

/*
 * Opens a file of the source. A link is followed only while it stays inside, which the kernel sees
 * to; an old kernel cannot, so there a link is refused. -ELOOP, -EXDEV: it leads out.
 */
static int open_inside(int dir_fd, const char *name) {
        const struct open_how how = {
                .flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
        };
        int fd = (int) syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));

        if (fd < 0 && (errno == ENOSYS || errno == EPERM))
                fd = openat(dir_fd, name, (int) how.flags | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

static int open_problem(SourceFile *file, int error) {
        if (error == -ENOENT)
                return error; /* gone since it was listed, or a link to nothing: the caller looks
                                 which */
        if (error == -EXDEV || error == -ELOOP)
                return set_problem(file, SP206, "is a link that leads out of the source");
        if (error == -ENXIO)
                return set_problem(file, SP206, "is a socket, not a regular file");
        return set_problem(file, SP206, "cannot be read: %s", strerror(-error));
}

/*
 * Reads a file whole, or says in it why not. A fifo, socket or device is not even opened: that may
 * wait or do something. -ENOENT: it is gone.
 */
static int read_file(int dir_fd, SourceFile *file, Buf *buf) {
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r;

        if (!is_printable(file->name))
                return set_problem(file, SP206,
                        "has a name with line breaks, other control characters or invalid UTF-8");
        if (fstatat(dir_fd, file->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
                return set_problem(file, SP206, "is %s, not a regular file", kind_name(st.st_mode));
        fd = open_inside(dir_fd, file->name);
        if (fd < 0 && S_ISLNK(st.st_mode) && fd == -ENOENT)
                return set_problem(file, SP206, "is a link to nothing");
        if (fd < 0)
                return open_problem(file, fd);
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return set_problem(file, SP206, "is a link to %s, not to a regular file",
                        kind_name(st.st_mode));
        r = st.st_size > LIMIT_PROFILE_BYTES ? -EFBIG : fd_read_all(fd, LIMIT_PROFILE_BYTES, buf);
        if (r == -EFBIG)
                return set_problem(file, SP102, "is %lld bytes long; the limit is %u",
                        (long long) st.st_size, LIMIT_PROFILE_BYTES);
        if (r < 0 && r != -ENOMEM)
                return set_problem(file, SP206, "cannot be read: %s", strerror(-r));
        return r;
}

/* Keeps the first in order; what was cut off is absent, not gone. */
static int cut_off(Snapshot *snapshot) {
        size_t n = snapshot->n_files;

        if (n <= LIMIT_SOURCE_FILES)
                return 0;
        while (snapshot->n_files > LIMIT_SOURCE_FILES) {
                SourceFile *file = &snapshot->files[--snapshot->n_files];

                free(file->name);
                free(file->problem);
        }
        snapshot->is_complete = false;
        free(snapshot->problem);
        if (asprintf(&snapshot->problem,
                    "holds %zu profiles; the first %u by name are taken, the rest is left out", n,
                    LIMIT_SOURCE_FILES) < 0) {
                snapshot->problem = NULL;
                return -ENOMEM;
        }
        return 0;
}

static int read_all(Snapshot *snapshot, const char *match) {
        Lister lister = { .snapshot = snapshot, .match = match };
        int r = list(&lister, snapshot->dir_fd, "", 0);

        if (r < 0)
                return r;
        if (snapshot->n_files > 1)
                qsort(snapshot->files, snapshot->n_files, sizeof(*snapshot->files), compare_files);
        r = cut_off(snapshot);
        for (size_t i = 0; r == 0 && i < snapshot->n_files; i++) {
                SourceFile *file = &snapshot->files[i];
                _cleanup_buf_ Buf buf = {};

                r = read_file(snapshot->dir_fd, file, &buf);
                if (r < 0 || file->problem)
                        continue;
                file->digest = digest_of(buf.data ? buf.data : "", buf.size);
                file->size_bytes = buf.size;
        }
        return r;
}

static int state_of_error(Snapshot *snapshot, int error) {
        snapshot->state = error == -ENOENT ? SOURCE_MISSING : SOURCE_UNREADABLE;
        snapshot->problem = strdup(strerror(-error));
        return snapshot->problem ? 0 : -ENOMEM;
}

/* Where `..data` points now, or "" in a plain directory. */
static int read_data_link(int root, char ret_target[static PATH_MAX]) {
        ssize_t n = readlinkat(root, DATA_LINK, ret_target, PATH_MAX - 1);

        if (n < 0 && errno != ENOENT && errno != EINVAL)
                return -errno;
        ret_target[n < 0 ? 0 : n] = '\0';
        return 0;
}

/* One try. -EAGAIN: the source changed meanwhile. */
static int take(const SourceSpec *spec, const char *match, Snapshot *snapshot) {
        _cleanup_close_ int root = open(spec->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char before[PATH_MAX], after[PATH_MAX];
        struct stat st;
        int r;

        if (root < 0)
                return state_of_error(snapshot, -errno);
        if (fstat(root, &st) < 0)
                return -errno;
        if (st.st_nlink == 0) {
                snapshot->state = SOURCE_ORPHANED;
                return 0;
        }
        r = read_data_link(root, before);
        if (r < 0)
                return state_of_error(snapshot, r);
        snapshot->dir_fd =
                openat(root, *before ? DATA_LINK : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (snapshot->dir_fd < 0)
                return errno == ENOENT ? -EAGAIN : state_of_error(snapshot, -errno);
        r = read_all(snapshot, match);
        if (r == 0)
                r = read_data_link(root, after);
        if (r == 0 && strcmp(before, after) != 0)
                r = -EAGAIN;
        if (r == -EACCES || r == -EPERM || r == -EIO)
                return state_of_error(snapshot, r);
        return r == -ENOENT ? -EAGAIN : r;
}

int snapshot_take(const SourceSpec *spec, const char *match, Snapshot *ret_snapshot) {
        int r = -EAGAIN;

        for (unsigned tries = 0; r == -EAGAIN && tries < SOURCE_TRIES; tries++) {
                Snapshot snapshot = { .dir_fd = -1, .is_complete = true };

                r = take(spec, match, &snapshot);
                if (r == 0) {
                        *ret_snapshot = snapshot;
                        return 0;
                }
                snapshot_done(&snapshot);
        }
        return r;
}

int snapshot_read(const Snapshot *snapshot, const SourceFile *file, char **ret_bytes,
        size_t *ret_size_bytes) {
        SourceFile again = { .name = file->name };
        _cleanup_buf_ Buf buf = {};
        Digest digest = {};
        int r = read_file(snapshot->dir_fd, &again, &buf);

        if (again.problem) {
                free(again.problem);
                return -ESTALE;
        }
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return -ESTALE;
        digest = digest_of(buf.data ? buf.data : "", buf.size);
        if (!digest_equal(&digest, &file->digest))
                return -ESTALE;
        buf_append(&buf, "", 0);
        return buf_take(&buf, ret_bytes, ret_size_bytes);
}
