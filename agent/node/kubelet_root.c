/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The kubelet roots behind a pod's mounts, told without any right: mountinfo (proc(5)) shows for
 * each mount which directory of which filesystem it is made of. That directory is relative to its
 * filesystem, and where that is mounted on the host cannot be seen from here: a separate /var
 * leaves "/lib/kubelet/…" of both paths, which still compare. So two roots are only told when both
 * mounts are of one filesystem (the device numbers); else neither is.
 *
 * The answer makes a node unready, so what is uncertain is resolved in favour of agreement.
 */

#include "node/kubelet_root.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define MOUNT_FIELDS 5

/* The fields of a line that count: 3 to 5, of which the device is a word of the text. */
typedef struct Mount {
        char *device;
        char *root;
        char *point;
} Mount;

static bool is_octal(char character) {
        return character >= '0' && character <= '7';
}

/* In place: the kernel writes space, tab, line feed and backslash as three octal digits. */
static void unescape(char *text) {
        char *to = text;

        while (*text)
                if (text[0] == '\\' && is_octal(text[1]) && is_octal(text[2]) &&
                        is_octal(text[3])) {
                        *to++ = (char) ((text[1] - '0') << 6 | (text[2] - '0') << 3 |
                                (text[3] - '0'));
                        text += 4;
                } else
                        *to++ = *text++;
        *to = '\0';
}

/* Reads a line, which is taken apart. False for one that is none. */
static bool parse_line(char *line, Mount *ret_mount) {
        char *fields[MOUNT_FIELDS];

        for (size_t i = 0; i < MOUNT_FIELDS; i++) {
                fields[i] = strsep(&line, " ");
                if (!fields[i])
                        return false;
        }
        unescape(fields[3]);
        unescape(fields[4]);
        if (fields[3][0] != '/' || fields[4][0] != '/')
                return false;
        *ret_mount = (Mount){ .device = fields[2], .root = fields[3], .point = fields[4] };
        return true;
}

/* What follows `above` in `path`: "" or "/…"; NULL when it is not at or above it. */
static const char *rest_below(const char *above, const char *path) {
        size_t length = strcmp(above, "/") == 0 ? 0 : strlen(above);

        if (strncmp(above, path, length) != 0 || (path[length] != '/' && path[length] != '\0'))
                return NULL;
        return path + length;
}

/*
 * Where `path` lies in its filesystem, by the nearest mount at or above it; of several on one point
 * the last hides the others. `text` is mountinfo, which is taken apart. Returns 0 with owned
 * strings, NULL when there is none; -ENOMEM.
 */
static int locate(char *text, const char *path, char **ret_device, char **ret_place) {
        _cleanup_free_ char *device = NULL, *place = NULL;
        Mount nearest = {};

        for (char *line; (line = strsep(&text, "\n"));) {
                Mount mount;

                if (parse_line(line, &mount) && rest_below(mount.point, path) &&
                        (!nearest.point || strlen(mount.point) >= strlen(nearest.point)))
                        nearest = mount;
        }
        if (!nearest.point)
                return 0;
        if (asprintf(&place, "%s%s", strcmp(nearest.root, "/") == 0 ? "" : nearest.root,
                    rest_below(nearest.point, path)) < 0) {
                place = NULL;
                return -ENOMEM;
        }
        device = strdup(nearest.device);
        if (!device)
                return -ENOMEM;
        *ret_device = TAKE_PTR(device);
        *ret_place = TAKE_PTR(place);
        return 0;
}

static int find_place(
        const char *mountinfo, const char *path, char **ret_device, char **ret_place) {
        _cleanup_free_ char *text = strdup(mountinfo), *clean = strdup(path);
        size_t length;

        if (!text || !clean)
                return -ENOMEM;
        for (length = strlen(clean); length > 1 && clean[length - 1] == '/';)
                clean[--length] = '\0';
        return locate(text, clean, ret_device, ret_place);
}

/* The last "/pods/UID/volumes/": before it may stand another, of the node that this node is a pod
 * of. NULL for none. */
static const char *find_pod(const char *place) {
        const char *found = NULL;

        for (const char *at = place; (at = strstr(at, "/pods/")); at++) {
                const char *uid = at + strlen("/pods/"), *end = strchr(uid, '/');

                if (end && end > uid && strncmp(end, "/volumes/", strlen("/volumes/")) == 0)
                        found = at;
        }
        return found;
}

static bool is_seccomp(const char *at) {
        const char *end = at + strlen("/seccomp");

        return strncmp(at, "/seccomp", strlen("/seccomp")) == 0 && (*end == '/' || *end == '\0');
}

/* The element "/seccomp" right behind the source's root when it is there, else the last one: other
 * directories on the way may be called so too. NULL for none. */
static const char *find_seccomp(const char *place, const char *source_root) {
        size_t length = strlen(source_root);
        const char *found = NULL;

        if (strncmp(place, source_root, length) == 0 && is_seccomp(place + length))
                return place + length;
        for (const char *at = place; (at = strstr(at, "/seccomp")); at++)
                if (is_seccomp(at))
                        found = at;
        return found;
}

/* What stands before `end`; "/" for nothing: the filesystem's own root. */
static char *copy_root(const char *place, const char *end) {
        return end == place ? strdup("/") : strndup(place, (size_t) (end - place));
}

/* NULL stays NULL. */
static int split(const char *source, const char *destination, char **ret_source_root,
        char **ret_destination_root) {
        _cleanup_free_ char *before = NULL, *source_root = NULL, *destination_root = NULL;
        const char *pod = find_pod(source), *seccomp;

        before = strndup(source, pod ? (size_t) (pod - source) : 0);
        if (!before)
                return -ENOMEM;
        seccomp = find_seccomp(destination, before);
        if (pod)
                source_root = copy_root(source, pod);
        if (seccomp)
                destination_root = copy_root(destination, seccomp);
        if ((pod && !source_root) || (seccomp && !destination_root))
                return -ENOMEM;
        *ret_source_root = TAKE_PTR(source_root);
        *ret_destination_root = TAKE_PTR(destination_root);
        return 0;
}

int kubelet_root_find(const char *mountinfo, const char *source_path, const char *destination_path,
        char **ret_source_root, char **ret_destination_root) {
        _cleanup_free_ char *source_device = NULL, *source = NULL;
        _cleanup_free_ char *destination_device = NULL, *destination = NULL;
        int r = find_place(mountinfo, source_path, &source_device, &source);

        if (r == 0)
                r = find_place(mountinfo, destination_path, &destination_device, &destination);
        if (r < 0)
                return r;
        if (!source || !destination || strcmp(source_device, destination_device) != 0) {
                *ret_source_root = NULL;
                *ret_destination_root = NULL;
                return 0;
        }
        return split(source, destination, ret_source_root, ret_destination_root);
}
