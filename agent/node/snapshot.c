/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One reading of a source. The kubelet swaps a whole volume by renaming the link `..data`, so one
 * descriptor on its target is one consistent version, and that the link still says the same after
 * the reading is proof of it. A plain directory gives no such promise: there a file that vanishes
 * between the listing and the reading starts the reading over, so that no profile is ever taken for
 * deleted because it was being replaced.
 *
 * What cannot be read as a profile stands in the list with the reason: its author looks for it
 * there. Bytes are hashed and forgotten; however many names a source has, what is held is bounded.
 */

#include "node/source.h"

#include "node/snapshot_file.h"
#include "profile/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define SNAPSHOT_ATTEMPTS 5U
#define SNAPSHOT_LEVELS   16U /* of subdirectories */
#define SNAPSHOT_DATA     "..data"

/* A name that matches, and what stood there when the directory was listed. */
typedef struct Candidate {
        char *name;  /* owned */
        mode_t type; /* S_IFMT bits */
} Candidate;

/* One attempt. */
typedef struct Scan {
        const char *match;
        Snapshot *snapshot;
        Candidate *candidates; /* owned; the first of all that were found, bytewise */
        size_t n_candidates;
        size_t n_found;
        Buf bytes; /* of the file that is read now */
} Scan;

static void scan_done(Scan *scan) {
        for (size_t i = 0; i < scan->n_candidates; i++)
                free(scan->candidates[i].name);
        free(scan->candidates);
        buf_done(&scan->bytes);
}

static void closedirp(DIR **dir) {
        if (*dir)
                closedir(*dir);
}

static int set_state(Snapshot *snapshot, SourceState state, const char *what, int error) {
        _cleanup_buf_ Buf text = {};

        buf_puts(&text, what);
        if (error < 0)
                buf_printf(&text, ": %s", strerror(-error));
        snapshot->state = state;
        return buf_take(&text, &snapshot->problem, NULL);
}

/* Notes that names may be missing from the list. The first reason is the one that is told. */
static int set_incomplete(Snapshot *snapshot, const char *directory, const char *what, int error) {
        _cleanup_buf_ Buf text = {};

        snapshot->is_complete = false;
        if (snapshot->problem)
                return 0;
        buf_puts(&text, "the subdirectory ");
        buf_put_json(&text, directory);
        buf_printf(&text, " %s", what);
        if (error < 0)
                buf_printf(&text, ": %s", strerror(-error));
        return buf_take(&text, &snapshot->problem, NULL);
}

/* --- listing --- */

static int compare_candidates(const void *a, const void *b) {
        return strcmp(((const Candidate *) a)->name, ((const Candidate *) b)->name);
}

static void sort_and_drop(Scan *scan) {
        qsort(scan->candidates, scan->n_candidates, sizeof(*scan->candidates), compare_candidates);
        while (scan->n_candidates > LIMIT_SOURCE_FILES)
                free(scan->candidates[--scan->n_candidates].name);
}

/* Twice the limit is held at most: a directory may have any number of names. */
static int add_candidate(Scan *scan, const char *prefix, const char *name, mode_t type) {
        Candidate candidate = { .type = type };

        if (!scan->candidates) {
                scan->candidates =
                        reallocarray(NULL, 2 * LIMIT_SOURCE_FILES, sizeof(*scan->candidates));
                if (!scan->candidates)
                        return -ENOMEM;
        }
        if (scan->n_candidates == 2 * LIMIT_SOURCE_FILES)
                sort_and_drop(scan);
        if (asprintf(&candidate.name, "%s%s", prefix, name) < 0)
                return -ENOMEM;
        scan->candidates[scan->n_candidates++] = candidate;
        scan->n_found++;
        return 0;
}

/* What stands at a name, the link itself for a link. -EAGAIN: nothing any more. */
static int entry_type(int dir_fd, const struct dirent *entry, mode_t *ret_type) {
        struct stat st;

        if (entry->d_type != DT_UNKNOWN) {
                *ret_type = (mode_t) DTTOIF(entry->d_type);
                return 0;
        }
        if (fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? -EAGAIN : -errno;
        *ret_type = st.st_mode & S_IFMT;
        return 0;
}

static int scan_directory(Scan *scan, int dir_fd, const char *prefix, unsigned level);

static int descend(Scan *scan, int dir_fd, const char *prefix, const char *name, unsigned level) {
        _cleanup_free_ char *path = NULL;
        int fd;

        if (asprintf(&path, "%s%s/", prefix, name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (level == SNAPSHOT_LEVELS)
                return set_incomplete(scan->snapshot, path, "is too deep to be read", 0);
        fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0)
                return scan_directory(scan, fd, path, level + 1);
        if (snapshot_file_is_innocent(-errno))
                return -errno;
        if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
                return -EAGAIN; /* it was a directory a moment ago */
        return set_incomplete(scan->snapshot, path, "cannot be read", -errno);
}

static int scan_entry(
        Scan *scan, int dir_fd, const char *prefix, unsigned level, const struct dirent *entry) {
        mode_t type = 0;
        int r;

        if (entry->d_name[0] == '.')
                return 0;
        r = entry_type(dir_fd, entry, &type);
        if (r < 0)
                return r;
        if (fnmatch(scan->match, entry->d_name, 0) == 0)
                return add_candidate(scan, prefix, entry->d_name, type);
        if (S_ISDIR(type))
                return descend(scan, dir_fd, prefix, entry->d_name, level);
        scan->snapshot->n_ignored++;
        return 0;
}

/* Lists a directory and those below it. `dir_fd` is consumed; `prefix` is "" or ends with '/'. */
static int scan_directory(Scan *scan, int dir_fd, const char *prefix, unsigned level) {
        _cleanup_(closedirp) DIR *dir = fdopendir(dir_fd);
        int r = 0;

        if (!dir) {
                r = -errno;
                close(dir_fd);
                return r;
        }
        while (r == 0) {
                const struct dirent *entry;

                errno = 0;
                entry = readdir(dir);
                if (!entry)
                        break;
                r = scan_entry(scan, dirfd(dir), prefix, level, entry);
        }
        if (r == 0 && errno != 0)
                return -errno;
        return r;
}

/* --- reading --- */

static int read_files(Scan *scan) {
        Snapshot *snapshot = scan->snapshot;
        int r = 0;

        if (scan->n_candidates == 0)
                return 0;
        sort_and_drop(scan);
        snapshot->files = calloc(scan->n_candidates, sizeof(*snapshot->files));
        if (!snapshot->files)
                return -ENOMEM;
        for (size_t i = 0; i < scan->n_candidates && r == 0; i++) {
                SourceFile *file = &snapshot->files[snapshot->n_files++];

                file->name = TAKE_PTR(scan->candidates[i].name);
                r = snapshot_file_read(
                        snapshot->dir_fd, scan->candidates[i].type, &scan->bytes, file);
        }
        return r;
}

static int set_too_many(const Scan *scan) {
        Snapshot *snapshot = scan->snapshot;
        _cleanup_buf_ Buf text = {};

        snapshot->is_complete = false;
        if (snapshot->problem)
                return 0;
        buf_printf(&text, "has %zu profiles; the limit is %u, and those after ", scan->n_found,
                LIMIT_SOURCE_FILES);
        buf_put_json(&text, snapshot->files[snapshot->n_files - 1].name);
        buf_puts(&text, " are left out");
        return buf_take(&text, &snapshot->problem, NULL);
}

/* --- the attempt --- */

static int open_root(const SourceSpec *spec, Snapshot *snapshot, int *ret_fd) {
        int fd = open(spec->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct stat st;

        if (fd < 0 && errno == ENOENT)
                return set_state(snapshot, SOURCE_MISSING, "the directory does not exist", 0);
        if (fd < 0 && snapshot_file_is_innocent(-errno))
                return -errno;
        if (fd < 0)
                return set_state(
                        snapshot, SOURCE_UNREADABLE, "the directory cannot be read", -errno);
        *ret_fd = fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_nlink == 0)
                return set_state(snapshot, SOURCE_ORPHANED,
                        "the directory was removed while it is in use here", 0);
        return 0;
}

/* Where `..data` points, with a NUL; "" when there is no such link. Returns 0 or -errno. */
static int read_data_link(int root_fd, char ret_target[static NAME_MAX + 1]) {
        ssize_t n = readlinkat(root_fd, SNAPSHOT_DATA, ret_target, NAME_MAX + 1);

        ret_target[n > 0 && n <= NAME_MAX ? n : 0] = '\0';
        if (n > NAME_MAX)
                return -EXDEV;
        return n >= 0 || errno == ENOENT || errno == EINVAL ? 0 : -errno;
}

/*
 * Opens the directory to read: the target of `..data`, or a second descriptor on the root. The
 * kubelet's target is a neighbour of the link, and nothing else is accepted.
 */
static int open_data(int root_fd, const char *target) {
        int fd;

        if (strchr(target, '/') || strcmp(target, "..") == 0)
                return -EXDEV;
        fd = openat(
                root_fd, *target ? target : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* What keeps us from reading belongs to the source, unless the machine is short of something. */
static int set_unreadable(Snapshot *snapshot, int error) {
        if (snapshot_file_is_innocent(error))
                return error;
        snapshot_done(snapshot); /* what was read so far is worth nothing */
        if (error == -EXDEV)
                return set_state(snapshot, SOURCE_UNREADABLE,
                        "the link " SNAPSHOT_DATA " leads out of the directory", 0);
        return set_state(snapshot, SOURCE_UNREADABLE, "the directory cannot be read", error);
}

static int take_files(const char *match, Snapshot *snapshot) {
        _cleanup_(scan_done) Scan scan = { .match = match, .snapshot = snapshot };
        int fd = fcntl(snapshot->dir_fd, F_DUPFD_CLOEXEC, 0), r;

        if (fd < 0)
                return -errno;
        r = scan_directory(&scan, fd, "", 0);
        if (r == 0)
                r = read_files(&scan);
        if (r == 0 && scan.n_found > snapshot->n_files)
                r = set_too_many(&scan);
        return r;
}

/* 0; -EAGAIN when the source changed meanwhile; -ENOENT when `..data` leads to nothing. */
static int take_once(const SourceSpec *spec, const char *match, Snapshot *snapshot) {
        char target[NAME_MAX + 1] = "", again[NAME_MAX + 1] = "";
        _cleanup_close_ int root_fd = -1;
        int r = open_root(spec, snapshot, &root_fd);

        if (r < 0 || snapshot->state != SOURCE_OK)
                return r;
        r = read_data_link(root_fd, target);
        if (r == 0)
                r = open_data(root_fd, target);
        if (r == -ENOENT)
                return r;
        if (r < 0)
                return set_unreadable(snapshot, r);
        snapshot->dir_fd = r;
        snapshot->is_complete = true;
        r = take_files(match, snapshot);
        if (r < 0)
                return r == -EAGAIN ? r : set_unreadable(snapshot, r);
        if (read_data_link(root_fd, again) < 0 || strcmp(target, again) != 0)
                return -EAGAIN;
        return 0;
}

int snapshot_take(const SourceSpec *spec, const char *match, Snapshot *ret_snapshot) {
        _cleanup_(snapshot_done) Snapshot snapshot = { .dir_fd = -1 };
        int r = -EAGAIN;

        for (unsigned i = 0; i < SNAPSHOT_ATTEMPTS && (r == -EAGAIN || r == -ENOENT); i++) {
                snapshot_done(&snapshot);
                r = take_once(spec, match, &snapshot);
        }
        if (r == -ENOENT)
                r = set_state(&snapshot, SOURCE_MISSING,
                        "the link " SNAPSHOT_DATA " leads to nothing", 0);
        if (r < 0)
                return r;
        *ret_snapshot = snapshot;
        snapshot = (Snapshot){ .dir_fd = -1 };
        return 0;
}

void snapshot_done(Snapshot *snapshot) {
        for (size_t i = 0; i < snapshot->n_files; i++) {
                free(snapshot->files[i].name);
                free(snapshot->files[i].problem);
        }
        free(snapshot->files);
        free(snapshot->problem);
        fd_close(snapshot->dir_fd);
        *snapshot = (Snapshot){ .dir_fd = -1 };
}

int snapshot_read(const Snapshot *snapshot, const SourceFile *file, char **ret_bytes,
        size_t *ret_size_bytes) {
        _cleanup_buf_ Buf bytes = {};
        SourceFile now = { .name = file->name };
        /* taken for a link, it is looked at before it is opened */
        int r = snapshot_file_read(snapshot->dir_fd, S_IFLNK, &bytes, &now);
        bool is_same = !now.problem && digest_equal(&now.digest, &file->digest);

        free(now.problem);
        if (snapshot_file_is_innocent(r))
                return r;
        return r < 0 || !is_same ? -ESTALE : buf_take(&bytes, ret_bytes, ret_size_bytes);
}
