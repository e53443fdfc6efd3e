/* SPDX-License-Identifier: Apache-2.0 */

/*
 * inotify reduced to "something changed, and how urgent it is". Directories are watched, never
 * files: a watch on a file ends with the file, and the next one of that name is never heard of.
 *
 * What is watched is a set of roles, each on one directory. The kernel knows a directory by its
 * inode and gives two roles on it one watch descriptor (two sources that are missing below the same
 * directory, a source above another), so an event is judged by every role on its descriptor, and
 * masks only ever grow while a descriptor lives: a role that needs less does not deafen the other.
 *
 * Arming again marks what there is, adds what is found now, and sweeps what was not found again:
 * nothing that is still there is ever unwatched in between. What changes before a watch stands is
 * found by the pass that follows every arming.
 */

#include "node/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define WATCH_DATA         "..data"
#define WATCH_LEVELS       16U   /* of subdirectories */
#define WATCH_DIRECTORIES  2048U /* of one source, or the destination */
#define WATCH_BUFFER_BYTES (16U << 10)
#define WATCH_READS        64U /* in one go: whoever makes events without end gets no more of us */
#define WATCH_ATTEMPTS     8U  /* to find a missing source's surroundings standing still */

typedef enum WatchKind {
        WATCH_VOLUME,      /* the root of a source that has ..data */
        WATCH_PLAIN,       /* a directory of a source that has none */
        WATCH_ABOVE,       /* above a source that is not there */
        WATCH_DESTINATION, /* a directory of the destination */
} WatchKind;

#define MASK_SELF    (IN_DELETE_SELF | IN_MOVE_SELF)
#define MASK_NAMES   (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
#define MASK_CONTENT (MASK_NAMES | IN_CLOSE_WRITE | IN_ATTRIB)

static const uint32_t MASKS[] = {
        [WATCH_VOLUME] = MASK_SELF | MASK_NAMES,
        [WATCH_PLAIN] = MASK_SELF | MASK_CONTENT,
        [WATCH_ABOVE] = MASK_SELF | MASK_NAMES | IN_ATTRIB, /* what was closed to us may open */
        [WATCH_DESTINATION] = MASK_SELF | MASK_CONTENT | IN_MODIFY, /* truncate(2) closes nothing */
};

typedef struct WatchRole {
        int wd;
        WatchKind kind;
        size_t id;     /* of the source */
        char *element; /* WATCH_ABOVE: the name that is waited for; owned; else NULL */
        bool is_stale; /* while arming: not found again yet */
} WatchRole;

struct Watch {
        int fd;
        WatchRole *roles; /* owned */
        size_t n_roles;
        size_t capacity;
        size_t n_added; /* since this arming began */
};

int watch_new(Watch **ret_watch) {
        _cleanup_(watch_freep) Watch *watch = calloc(1, sizeof(*watch));

        if (!watch)
                return -ENOMEM;
        watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (watch->fd < 0)
                return -errno;
        *ret_watch = TAKE_PTR(watch);
        return 0;
}

Watch *watch_free(Watch *watch) {
        if (!watch)
                return NULL;
        for (size_t i = 0; i < watch->n_roles; i++)
                free(watch->roles[i].element);
        free(watch->roles);
        fd_close(watch->fd);
        free(watch);
        return NULL;
}

int watch_fd(const Watch *watch) {
        return watch->fd;
}

/* --- roles --- */

static void remove_role(Watch *watch, size_t i) {
        free(watch->roles[i].element);
        watch->roles[i] = watch->roles[--watch->n_roles];
}

static bool has_role(const Watch *watch, int wd) {
        for (size_t i = 0; i < watch->n_roles; i++)
                if (watch->roles[i].wd == wd)
                        return true;
        return false;
}

static bool same_element(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static WatchRole *find_role(Watch *watch, int wd, WatchKind kind, size_t id, const char *element) {
        for (size_t i = 0; i < watch->n_roles; i++) {
                WatchRole *role = &watch->roles[i];

                if (role->wd == wd && role->kind == kind && role->id == id &&
                        same_element(role->element, element))
                        return role;
        }
        return NULL;
}

static int append_role(Watch *watch, int wd, WatchKind kind, size_t id, const char *element) {
        size_t capacity = watch->capacity > 0 ? 2 * watch->capacity : 8;
        WatchRole role = { .wd = wd, .kind = kind, .id = id };
        WatchRole *grown = watch->roles;

        if (watch->n_roles == watch->capacity) {
                grown = reallocarray(watch->roles, capacity, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                watch->roles = grown;
                watch->capacity = capacity;
        }
        if (element) {
                role.element = strdup(element);
                if (!role.element)
                        return -ENOMEM;
        }
        grown[watch->n_roles++] = role;
        return 0;
}

/* Gives an open directory a role, once. By its descriptor, so that no rename can put another
 * directory in its place. */
static int add_role(Watch *watch, int dir_fd, WatchKind kind, size_t id, const char *element) {
        char path[32];
        WatchRole *role;
        int wd, r;

        if (watch->n_added++ == WATCH_DIRECTORIES)
                return -ENOSPC;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", dir_fd);
        wd = inotify_add_watch(
                watch->fd, path, MASKS[kind] | IN_ONLYDIR | IN_EXCL_UNLINK | IN_MASK_ADD);
        if (wd < 0)
                return -errno;
        role = find_role(watch, wd, kind, id, element);
        if (role) {
                role->is_stale = false;
                return 0;
        }
        r = append_role(watch, wd, kind, id, element);
        if (r < 0 && !has_role(watch, wd))
                (void) inotify_rm_watch(watch->fd, wd);
        return r;
}

static bool is_destination(const WatchRole *role) {
        return role->kind == WATCH_DESTINATION;
}

static void mark(Watch *watch, bool destination, size_t id) {
        watch->n_added = 0;
        for (size_t i = 0; i < watch->n_roles; i++) {
                WatchRole *role = &watch->roles[i];

                if (is_destination(role) == destination && role->id == id)
                        role->is_stale = true;
        }
}

static void sweep(Watch *watch) {
        for (size_t i = watch->n_roles; i-- > 0;) {
                int wd = watch->roles[i].wd;

                if (!watch->roles[i].is_stale)
                        continue;
                remove_role(watch, i);
                if (!has_role(watch, wd)) /* fails when the kernel has dropped it already */
                        (void) inotify_rm_watch(watch->fd, wd);
        }
}

/* --- arming --- */

static void closedirp(DIR **dir) {
        if (*dir)
                closedir(*dir);
}

static int add_tree(Watch *watch, int dir_fd, WatchKind kind, size_t id, unsigned level);

/* A subdirectory, if that is what it is; one that cannot be opened is not ours to see. */
static int add_below(Watch *watch, int dir_fd, const struct dirent *entry, WatchKind kind,
        size_t id, unsigned level) {
        int fd;

        if (entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
                return 0;
        fd = openat(dir_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
        return add_tree(watch, fd, kind, id, level + 1);
}

/* A directory and those below it. The role is there before the directory is listed: what is made
 * in between makes an event. `dir_fd` is consumed. */
static int add_tree(Watch *watch, int dir_fd, WatchKind kind, size_t id, unsigned level) {
        _cleanup_(closedirp) DIR *dir = fdopendir(dir_fd);
        const struct dirent *entry;
        int r;

        if (!dir) {
                r = -errno;
                close(dir_fd);
                return r;
        }
        r = add_role(watch, dirfd(dir), kind, id, NULL);
        while (r == 0 && level < WATCH_LEVELS && (entry = readdir(dir)))
                r = add_below(watch, dirfd(dir), entry, kind, id, level);
        return r;
}

static bool has_data_link(int dir_fd) {
        struct stat st;

        return fstatat(dir_fd, WATCH_DATA, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

/* Cuts the last element off a path and hands it out: what is left is the directory above it. Both
 * strings are owned and replaced. */
static int cut_last(char **path, char **element) {
        size_t end = strlen(*path);
        char *slash, *last;

        while (end > 1 && (*path)[end - 1] == '/')
                end--;
        slash = memrchr(*path, '/', end);
        last = slash ? strndup(slash + 1, (size_t) (*path + end - slash) - 1) : strndup(*path, end);
        if (!last)
                return -ENOMEM;
        free(*element);
        *element = last;
        if (slash) {
                slash[slash == *path ? 1 : 0] = '\0';
                return 0;
        }
        free(*path);
        *path = strdup(".");
        return *path ? 0 : -ENOMEM;
}

/*
 * Opens the nearest directory at or above `path` that we may read. `ret_element` is what follows it
 * on the way, owned; NULL for the directory itself. Returns a descriptor or -errno.
 */
static int open_nearest(const char *path, char **ret_element) {
        _cleanup_free_ char *at = strdup(path), *element = NULL;

        while (at) {
                int fd = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                if (fd >= 0) {
                        *ret_element = TAKE_PTR(element);
                        return fd;
                }
                if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || strcmp(at, "/") == 0 ||
                        strcmp(at, ".") == 0)
                        return -errno;
                if (cut_last(&at, &element) < 0)
                        break;
        }
        return -ENOMEM;
}

/* Whether the missing element came while its watch was being set up, unheard. */
static bool has_come(int dir_fd, const char *element) {
        _cleanup_close_ int fd = openat(dir_fd, element, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd >= 0;
}

/* 1: the surroundings changed meanwhile. */
static int arm_source(Watch *watch, size_t id, const char *path) {
        _cleanup_free_ char *element = NULL;
        _cleanup_close_ int fd = open_nearest(path, &element);
        int r;

        if (fd < 0)
                return fd;
        if (element) {
                r = add_role(watch, fd, WATCH_ABOVE, id, element);
                return r == 0 && has_come(fd, element) ? 1 : r;
        }
        if (!has_data_link(fd))
                return add_tree(watch, TAKE_FD(fd), WATCH_PLAIN, id, 0);
        return add_role(watch, fd, WATCH_VOLUME, id, NULL);
}

int watch_source(Watch *watch, size_t id, const char *path) {
        int r = 1;

        for (unsigned i = 0; i < WATCH_ATTEMPTS && r > 0; i++) {
                mark(watch, false, id);
                r = arm_source(watch, id, path);
        }
        if (r >= 0)
                sweep(watch);
        return r < 0 ? r : 0;
}

int watch_destination(Watch *watch, int dir_fd) {
        int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

        if (fd < 0)
                return -errno;
        mark(watch, true, 0);
        r = add_tree(watch, fd, WATCH_DESTINATION, 0, 0);
        if (r >= 0)
                sweep(watch);
        return r;
}

/* --- events --- */

/* A change of `..data` is a new snapshot, or the end of the volume as we knew it: when the kubelet
 * tears one down it goes by DELETE, and nothing else is ever heard. */
static uint32_t judge_data(uint32_t mask) {
        return mask & (IN_CREATE | IN_MOVED_TO) ? WATCH_SOURCE_SWAPPED
                                                : WATCH_SOURCE_CHANGED | WATCH_GONE;
}

/* Something in a plain directory, ours to read or ours to write. */
static uint32_t judge_content(uint32_t mask, const char *name, uint32_t changed) {
        if (*name == '.')
                return 0;
        if ((mask & IN_ISDIR) && *name)
                return changed | WATCH_GONE; /* there is a tree to arm, to open or to forget */
        return changed;
}

static uint32_t judge(const WatchRole *role, uint32_t mask, const char *name) {
        bool is_data = strcmp(name, WATCH_DATA) == 0;

        if (mask & (MASK_SELF | IN_UNMOUNT | IN_IGNORED))
                return WATCH_GONE;
        switch (role->kind) {
        case WATCH_VOLUME: return is_data ? judge_data(mask) : 0;
        case WATCH_ABOVE: /* no name: the directory itself, whose mode may have been the obstacle */
                return *name == '\0' || strcmp(name, role->element) == 0 ? WATCH_GONE : 0;
        case WATCH_DESTINATION: return judge_content(mask, name, WATCH_DESTINATION_CHANGED);
        default:
                if (is_data) /* it turns into a volume */
                        return WATCH_SOURCE_SWAPPED | WATCH_GONE;
                return judge_content(mask, name, WATCH_SOURCE_CHANGED);
        }
}

static uint32_t judge_event(Watch *watch, const struct inotify_event *event) {
        const char *name = event->len > 0 ? event->name : "";
        uint32_t events = 0;

        if (event->mask & IN_Q_OVERFLOW)
                return WATCH_OVERFLOW;
        for (size_t i = watch->n_roles; i-- > 0;) {
                if (watch->roles[i].wd != event->wd)
                        continue;
                events |= judge(&watch->roles[i], event->mask, name);
                if (event->mask & IN_IGNORED) /* the kernel has dropped this descriptor */
                        remove_role(watch, i);
        }
        return events;
}

int watch_read(Watch *watch, uint32_t *ret_events, size_t *ret_n) {
        char buffer[WATCH_BUFFER_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
        uint32_t events = 0;
        size_t n = 0;

        for (unsigned i = 0; i < WATCH_READS; i++) {
                ssize_t size = read(watch->fd, buffer, sizeof(buffer));

                if (size < 0 && errno == EINTR)
                        continue;
                if (size < 0 && errno != EAGAIN)
                        return -errno;
                if (size <= 0)
                        break;
                for (const char *at = buffer; at < buffer + size; n++) {
                        const struct inotify_event *event = (const struct inotify_event *) at;

                        events |= judge_event(watch, event);
                        at += sizeof(*event) + event->len;
                }
        }
        *ret_events = events;
        *ret_n = n;
        return 0;
}
