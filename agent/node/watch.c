/* SPDX-License-Identifier: Apache-2.0 */

/*
 * inotify reduced to "something changed, and how urgent it is". Directories are watched, never
 * files: a watch on a file ends with the file. What a watch stands for is kept by its descriptor,
 * so that an event is a look-up and nothing else.
 */

#include "node/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define WATCH_LEVELS_MAX   16U
#define WATCH_BUFFER_BYTES (16U << 10)
#define WATCH_MASK                                                                                 \
        (IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB |        \
                IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

typedef enum WatchRole {
        ROLE_VOLUME, /* the root of a source with ..data */
        ROLE_PLAIN,  /* a directory of a plain source */
        ROLE_ABOVE,  /* above a source that is missing */
        ROLE_DESTINATION,
} WatchRole;

typedef struct WatchItem {
        int wd;
        WatchRole role;
        size_t id; /* of the source */
} WatchItem;

struct Watch {
        int fd;
        WatchItem *items;
        size_t n_items;
};

int watch_new(Watch **ret_watch) {
        _cleanup_free_ Watch *watch = calloc(1, sizeof(*watch));

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
        close(watch->fd);
        free(watch->items);
        free(watch);
        return NULL;
}

int watch_fd(const Watch *watch) {
        return watch->fd;
}

static WatchItem *find(const Watch *watch, int wd) {
        for (size_t i = 0; i < watch->n_items; i++)
                if (watch->items[i].wd == wd)
                        return &watch->items[i];
        return NULL;
}

static void forget(Watch *watch, int wd) {
        WatchItem *item = find(watch, wd);

        if (item)
                *item = watch->items[--watch->n_items];
}

static int add(Watch *watch, const char *path, WatchRole role, size_t id) {
        int wd = inotify_add_watch(watch->fd, path, WATCH_MASK);
        WatchItem *item = NULL, *grown = NULL;

        if (wd < 0)
                return -errno;
        item = find(watch, wd);
        if (!item) {
                grown = reallocarray(watch->items, watch->n_items + 1, sizeof(*grown));
                if (!grown) {
                        (void) inotify_rm_watch(watch->fd, wd);
                        return -ENOMEM;
                }
                watch->items = grown;
                item = &grown[watch->n_items++];
        }
        *item = (WatchItem){ .wd = wd, .role = role, .id = id };
        return 0;
}

/* A directory and those below it; hidden ones are nobody's profiles. */
static int add_tree(Watch *watch, const char *path, WatchRole role, size_t id, unsigned level) {
        int r = add(watch, path, role, id);
        DIR *dir = r < 0 || level == WATCH_LEVELS_MAX ? NULL : opendir(path);

        if (!dir)
                return r == -ENOENT || r == -ENOTDIR || r == -EACCES
                        ? 0
                        : r; /* gone again, or not ours to see */
        for (const struct dirent *entry; r == 0 && (entry = readdir(dir));) {
                char child[PATH_MAX];

                if (entry->d_name[0] == '.' ||
                        (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
                        continue;
                if ((size_t) snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) <
                        sizeof(child))
                        r = add_tree(watch, child, role, id, level + 1);
        }
        closedir(dir);
        return r;
}

/* The nearest directory above that exists: its next change may bring the source back. */
static int add_above(Watch *watch, const char *path, size_t id) {
        char buffer[PATH_MAX];
        int r = -ENOENT;

        if ((size_t) snprintf(buffer, sizeof(buffer), "%s", path) >= sizeof(buffer))
                return -ENAMETOOLONG;
        for (char *at = dirname(buffer); r == -ENOENT || r == -ENOTDIR; at = dirname(at)) {
                r = add(watch, at, ROLE_ABOVE, id);
                if (strcmp(at, "/") == 0 || strcmp(at, ".") == 0)
                        break;
        }
        return r;
}

int watch_source(Watch *watch, size_t id, const char *path) {
        char data[PATH_MAX];
        struct stat st;

        if ((size_t) snprintf(data, sizeof(data), "%s/..data", path) >= sizeof(data))
                return -ENAMETOOLONG;
        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
                return add_above(watch, path, id);
        if (lstat(data, &st) == 0)
                return add(watch, path, ROLE_VOLUME, id);
        return add_tree(watch, path, ROLE_PLAIN, id, 0);
}

int watch_destination(Watch *watch, int dir_fd) {
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", dir_fd);
        return add_tree(watch, path, ROLE_DESTINATION, 0, 0);
}

static uint32_t events_of(Watch *watch, const struct inotify_event *event) {
        const char *name = event->len > 0 ? event->name : "";
        const WatchItem *item = NULL;

        if (event->mask & IN_Q_OVERFLOW)
                return WATCH_OVERFLOW;
        if (event->mask & IN_IGNORED) {
                forget(watch, event->wd);
                return WATCH_GONE;
        }
        item = find(watch, event->wd);
        if (!item)
                return 0;
        if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT))
                return WATCH_GONE;
        if (item->role == ROLE_ABOVE)
                return event->mask & (IN_CREATE | IN_MOVED_TO) ? WATCH_GONE : 0;
        if (item->role != ROLE_DESTINATION && strcmp(name, "..data") == 0)
                return event->mask & (IN_MOVED_TO | IN_CREATE) ? WATCH_SOURCE_SWAPPED
                                                               : WATCH_SOURCE_CHANGED;
        if (item->role == ROLE_VOLUME || name[0] == '.' || *name == '\0')
                return 0;
        return (item->role == ROLE_DESTINATION ? WATCH_DESTINATION_CHANGED : WATCH_SOURCE_CHANGED) |
                (event->mask & IN_ISDIR && event->mask & (IN_CREATE | IN_MOVED_TO) ? WATCH_GONE
                                                                                   : 0);
}

int watch_read(Watch *watch, uint32_t *ret_events, size_t *ret_n) {
        char buffer[WATCH_BUFFER_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
        uint32_t events = 0;
        size_t n = 0;

        for (;;) {
                ssize_t size = read(watch->fd, buffer, sizeof(buffer));

                if (size < 0 && errno == EINTR)
                        continue;
                if (size < 0 && errno != EAGAIN)
                        return -errno;
                if (size <= 0)
                        break;
                for (const char *at = buffer; at < buffer + size;) {
                        const struct inotify_event *event = (const struct inotify_event *) at;

                        events |= events_of(watch, event);
                        n++;
                        at += sizeof(*event) + event->len;
                }
        }
        *ret_events = events;
        *ret_n = n;
        return 0;
}
