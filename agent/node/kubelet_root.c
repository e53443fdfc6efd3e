/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The kubelet roots behind a pod's mounts, read off mountinfo without any right: its fourth field
 * is the directory of the host that is mounted. Where source and destination lie on different
 * filesystems of the host, those fields lack the path to their own mount points, and nothing can be
 * said.
 */

#include "node/kubelet_root.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DEVICE_SIZE 32

/* The mount that a path lies on. */
typedef struct Mount {
        char *root; /* in its filesystem; owned */
        char device[DEVICE_SIZE];
        size_t point_length;
} Mount;

/* "\\040" and the like (proc(5)), in place. */
static void unescape(char *text) {
        char *to = text;

        for (; *text; text++) {
                unsigned value = 0;

                if (text[0] == '\\' && sscanf(text + 1, "%3o", &value) == 1) {
                        *to++ = (char) value;
                        text += 3;
                } else
                        *to++ = *text;
        }
        *to = '\0';
}

static bool is_at_or_above(const char *point, const char *path) {
        size_t length = strlen(point);

        if (strcmp(point, "/") == 0)
                return true;
        return strncmp(point, path, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* The last of the nearest: later mounts hide earlier ones. */
static int take_nearer(char *line, const char *path, Mount *mount) {
        char *save = NULL, *fields[5] = {};

        for (size_t i = 0; i < N_ELEMENTS(fields); i++) {
                fields[i] = strtok_r(i == 0 ? line : NULL, " ", &save);
                if (!fields[i])
                        return 0;
        }
        unescape(fields[3]);
        unescape(fields[4]);
        if (!is_at_or_above(fields[4], path) || strlen(fields[4]) < mount->point_length)
                return 0;
        free(mount->root);
        mount->root = strdup(fields[3]);
        mount->point_length = strlen(fields[4]);
        snprintf(mount->device, sizeof(mount->device), "%s", fields[2]);
        return mount->root ? 0 : -ENOMEM;
}

static int find_mount(const char *mountinfo, const char *path, Mount *mount) {
        _cleanup_free_ char *text = strdup(mountinfo);
        int r = 0;

        if (!text)
                return -ENOMEM;
        for (char *save = NULL, *line = strtok_r(text, "\n", &save); line && r == 0;
                line = strtok_r(NULL, "\n", &save))
                r = take_nearer(line, path, mount);
        return r;
}

/* What stands before `marker` in a mount's root; NULL when the marker is not there. */
static int root_before(const Mount *mount, const char *marker, char **ret_root) {
        const char *at = mount->root ? strstr(mount->root, marker) : NULL;

        *ret_root = NULL;
        if (!at)
                return 0;
        *ret_root = strndup(mount->root, (size_t) (at - mount->root));
        return *ret_root ? 0 : -ENOMEM;
}

int kubelet_root_find(const char *mountinfo, const char *source_path, const char *destination_path,
        char **ret_source_root, char **ret_destination_root) {
        _cleanup_free_ char *source_root = NULL, *destination_root = NULL;
        Mount source = {}, destination = {};
        int r = find_mount(mountinfo, source_path, &source);

        if (r == 0)
                r = find_mount(mountinfo, destination_path, &destination);
        if (r == 0 && strcmp(source.device, destination.device) == 0) {
                r = root_before(&source, "/pods/", &source_root);
                if (r == 0)
                        r = root_before(&destination, "/seccomp", &destination_root);
        }
        free(source.root);
        free(destination.root);
        if (r < 0)
                return r;
        *ret_source_root = TAKE_PTR(source_root);
        *ret_destination_root = TAKE_PTR(destination_root);
        return 0;
}
