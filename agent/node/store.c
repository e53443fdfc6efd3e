/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The destination, opened and looked at. Every path below the kubelet's root is walked one
 * component at a time from a directory descriptor, and no link is followed: whoever can put a link
 * there could otherwise have us write, as root, wherever it points.
 */

#include "node/store_internal.h"

#include "base/fdio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define MANIFEST_BYTES_MAX ((size_t) 64 << 20)
#define CLEAN_LEVELS_MAX   32U
#define NSEC_PER_SEC       1000000000ULL

/* --- opening --- */

int store_open_dir(int parent_fd, const char *name, mode_t make_mode, bool durable) {
        const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        _cleanup_close_ int fd = openat(parent_fd, name, flags);
        bool is_made;

        if (fd >= 0 || errno != ENOENT || make_mode == 0)
                return fd >= 0 ? TAKE_FD(fd) : -errno;
        is_made = mkdirat(parent_fd, name, make_mode) == 0;
        if (!is_made && errno != EEXIST)
                return -errno;
        fd = openat(parent_fd, name, flags);
        if (fd < 0 || (is_made && fchmod(fd, make_mode) < 0) || (durable && fsync(parent_fd) < 0))
                return -errno;
        return TAKE_FD(fd);
}

int store_open_parent(int dir_fd, const char *path, bool make, const char **ret_last) {
        _cleanup_close_ int fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);

        if (fd < 0)
                return -errno;
        for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
                _cleanup_free_ char *name = strndup(path, (size_t) (slash - path));
                int next;

                if (!name)
                        return -ENOMEM;
                next = store_open_dir(fd, name, make ? STORE_DIR_MODE : 0, true);
                if (next < 0)
                        return next;
                close(fd);
                fd = next;
        }
        *ret_last = path;
        return TAKE_FD(fd);
}

static int problem(int r, char **ret_problem, const char *path) {
        const char *why = r == -ELOOP || r == -ENOTDIR
                ? "is a link or no directory; links are not followed here"
                : strerror(-r);

        if (asprintf(ret_problem, "%s: %s", path, why) < 0) {
                *ret_problem = NULL;
                return -ENOMEM;
        }
        return r;
}

/* Walks and makes `path` below `fd`; `.` elements stay where they are. */
static int make_path(int fd, const char *path, unsigned *ret_n_levels) {
        _cleanup_close_ int at = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        _cleanup_free_ char *copy = strdup(path);
        unsigned n_levels = 0;

        if (at < 0 || !copy)
                return at < 0 ? -errno : -ENOMEM;
        for (char *save = NULL, *name = strtok_r(copy, "/", &save); name;
                name = strtok_r(NULL, "/", &save)) {
                int next;

                if (strcmp(name, ".") == 0)
                        continue;
                if (strcmp(name, "..") == 0)
                        return -EINVAL;
                next = store_open_dir(at, name, STORE_DIR_MODE, false);
                if (next < 0)
                        return next;
                close(at);
                at = next;
                n_levels++;
        }
        *ret_n_levels = n_levels;
        return TAKE_FD(at);
}

int store_open(const char *kubelet_root, const char *subdir, Store *ret_store, char **ret_problem) {
        _cleanup_(store_done) Store store = STORE_CLOSED;
        _cleanup_close_ int root = -1, seccomp = -1;
        int r;

        if (asprintf(&store.path, "%s/seccomp%s%s", kubelet_root,
                    strcmp(subdir, ".") == 0 ? "" : "/",
                    strcmp(subdir, ".") == 0 ? "" : subdir) < 0) {
                store.path = NULL;
                return -ENOMEM;
        }
        root = open(kubelet_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
                return problem(-errno, ret_problem, kubelet_root);
        seccomp = store_open_dir(root, "seccomp", STORE_DIR_MODE, false);
        if (seccomp < 0)
                return problem(seccomp, ret_problem, store.path);
        store.dir_fd = r = make_path(seccomp, subdir, &store.n_unsynced_levels);
        if (r >= 0)
                store.meta_fd = r =
                        store_open_dir(store.dir_fd, STORE_META, STORE_META_MODE, false);
        if (r < 0)
                return problem(r, ret_problem, store.path);
        store.n_unsynced_levels += 2; /* seccomp, and the root that holds it */
        *ret_store = store;
        store = STORE_CLOSED;
        return 0;
}

int store_lock(Store *store) {
        _cleanup_close_ int fd = openat(store->meta_fd, STORE_LOCK,
                O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return -errno;
        store->lock_fd = TAKE_FD(fd);
        return 0;
}

void store_done(Store *store) {
        manifest_done(&store->manifest);
        store->lock_fd = fd_close(store->lock_fd);
        store->meta_fd = fd_close(store->meta_fd);
        store->dir_fd = fd_close(store->dir_fd);
        free(store->path);
        *store = STORE_CLOSED;
}

/* --- loading --- */

bool store_is_temporary(const char *name) {
        return strncmp(name, STORE_TMP, strlen(STORE_TMP)) == 0;
}

/* A destination of its own, of another instance: its temporaries may be in use. */
static bool is_other_destination(int dir_fd) {
        struct stat st;

        return fstatat(dir_fd, STORE_META, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int remove_temporary(int dir_fd, const char *name) {
        if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT && errno != EISDIR)
                return -errno;
        return 0;
}

/* Removes what a crash left of ours, and nothing else. */
static int clean(int dir_fd, unsigned level) {
        int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *dir = copy < 0 ? NULL : fdopendir(copy);

        if (!dir) {
                r = -errno;
                (void) fd_close(copy);
                return r;
        }
        for (const struct dirent *entry; r == 0 && (entry = readdir(dir));) {
                _cleanup_close_ int child = -1;

                if (store_is_temporary(entry->d_name)) {
                        r = remove_temporary(dir_fd, entry->d_name);
                        continue;
                }
                if (entry->d_type == DT_REG || entry->d_type == DT_LNK ||
                        level == CLEAN_LEVELS_MAX || strcmp(entry->d_name, ".") == 0 ||
                        strcmp(entry->d_name, "..") == 0)
                        continue;
                child = store_open_dir(dir_fd, entry->d_name, 0, false);
                if (child >= 0 && !is_other_destination(child))
                        r = clean(child, level + 1);
        }
        closedir(dir);
        return r;
}

static int read_manifest(Store *store, char **ret_problem) {
        _cleanup_close_ int fd = openat(
                store->meta_fd, STORE_MANIFEST, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        _cleanup_buf_ Buf text = {};
        Manifest manifest = {};
        unsigned line = 0;
        int r;

        if (fd < 0 && errno == ENOENT) {
                manifest_done(&store->manifest);
                store->manifest.version = 1;
                return 0;
        }
        r = fd < 0 ? -errno : fd_read_all(fd, MANIFEST_BYTES_MAX, &text);
        if (r == 0)
                r = manifest_parse(text.data ? text.data : "", text.size, &manifest, &line);
        if (r == -EBADMSG &&
                asprintf(ret_problem,
                        "%s/" STORE_META "/" STORE_MANIFEST ": line %u cannot be read; nothing is "
                        "written until it is mended or removed (then what stands here is foreign)",
                        store->path, line) < 0)
                *ret_problem = NULL;
        if (r < 0)
                return r == -EBADMSG ? r : problem(r, ret_problem, store->path);
        manifest_done(&store->manifest);
        store->manifest = manifest;
        return 0;
}

int store_load(Store *store, char **ret_problem) {
        int r = read_manifest(store, ret_problem);

        if (r < 0)
                return r;
        r = clean(store->dir_fd, 0);
        /* a read-only directory is reported when it is written to: what it holds is known all the
         * same */
        return r < 0 && r != -EROFS ? problem(r, ret_problem, store->path) : 0;
}

/* By links that are followed: they led here when it was opened, or it would not have been. */
static bool is_elsewhere(const Store *store, const struct stat *st) {
        struct stat now;

        if (stat(store->path, &now) < 0)
                return errno == ENOENT || errno == ENOTDIR;
        return now.st_dev != st->st_dev || now.st_ino != st->st_ino;
}

bool store_is_orphaned(const Store *store) {
        struct stat st;

        if (fstat(store->meta_fd, &st) < 0 || st.st_nlink == 0)
                return true;
        return fstat(store->dir_fd, &st) < 0 || st.st_nlink == 0 || is_elsewhere(store, &st);
}

int store_probe_writable(const Store *store) {
        static const char BLOCK[4096];
        const char *name = STORE_TMP "probe";
        _cleanup_close_ int fd = openat(
                store->meta_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        int r = fd < 0 ? -errno : fd_write_all(fd, BLOCK, sizeof(BLOCK));

        if (fd >= 0 && unlinkat(store->meta_fd, name, 0) < 0 && r == 0)
                r = -errno;
        return r;
}

/* --- looking --- */

/* The way to one name is no other name's business. */
static bool is_path_problem(int r) {
        return r == -ELOOP || r == -ENOTDIR || r == -EACCES || r == -EPERM || r == -ENAMETOOLONG;
}

int store_read_regular(int dir_fd, const char *name, size_t max_bytes, Buf *buf) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;
        fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return errno == ELOOP ? -EBADF : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        return S_ISREG(st.st_mode) ? fd_read_all(fd, max_bytes, buf) : -EBADF;
}

int store_observe(const Store *store, const char *name, Observed *ret_observed) {
        Observed observed = { .name = name };
        _cleanup_buf_ Buf buf = {};
        _cleanup_close_ int parent = -1;
        const char *last = name;
        struct stat st;
        int r;

        parent = r = store_open_parent(store->dir_fd, name, false, &last);
        if (r >= 0)
                r = fstatat(parent, last, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
        if (r == -ENOENT || r == 0) {
                if (r == 0)
                        observed.kind = S_ISREG(st.st_mode) ? OBSERVED_FILE
                                : S_ISDIR(st.st_mode)       ? OBSERVED_DIRECTORY
                                                            : OBSERVED_OTHER;
        } else if (is_path_problem(r))
                observed.kind = OBSERVED_DIRECTORY; /* in the way, and not replaced by a rename */
        else
                return r;
        if (observed.kind == OBSERVED_FILE) {
                observed.is_mode_right =
                        (st.st_mode & 07777) == STORE_FILE_MODE && st.st_nlink == 1;
                r = store_read_regular(parent, last, STORE_FILE_BYTES_MAX, &buf);
                if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
                        return r; /* no fault of the file */
                if (r == 0)
                        observed.digest = digest_of(buf.data, buf.size);
        }
        *ret_observed = observed;
        return 0;
}

int store_witness(const Store *store, const char *name, StoreWitness *ret_witness) {
        const char *last = name;
        _cleanup_close_ int parent = store_open_parent(store->dir_fd, name, false, &last);
        struct stat st;

        if (parent < 0)
                return parent;
        if (fstatat(parent, last, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        *ret_witness = (StoreWitness){
                .inode = st.st_ino,
                .mtime_nsec =
                        (uint64_t) st.st_mtim.tv_sec * NSEC_PER_SEC + (uint64_t) st.st_mtim.tv_nsec,
                .ctime_nsec =
                        (uint64_t) st.st_ctim.tv_sec * NSEC_PER_SEC + (uint64_t) st.st_ctim.tv_nsec,
                .size_bytes = (uint64_t) st.st_size,
                .mode = st.st_mode,
                .n_links = (uint32_t) st.st_nlink,
        };
        return 0;
}

int store_read(const Store *store, const char *name, size_t max_bytes, char **ret_bytes,
        size_t *ret_size_bytes) {
        const char *last = name;
        _cleanup_close_ int parent = store_open_parent(store->dir_fd, name, false, &last);
        _cleanup_buf_ Buf buf = {};
        int r = parent < 0 ? parent : store_read_regular(parent, last, max_bytes, &buf);

        if (r < 0)
                return r;
        buf_append(&buf, "", 0);
        return buf_take(&buf, ret_bytes, ret_size_bytes);
}
