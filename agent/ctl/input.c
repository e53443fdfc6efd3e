/* SPDX-License-Identifier: Apache-2.0 */

/* What the user names on the command line becomes named bytes: a file, a directory's files, or
 * standard input. */

#include "ctl/ctl.h"

#include "base/fdio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_LEVELS_MAX 16
#define INPUT_BYTES_MAX  (16U * LIMIT_PROFILE_BYTES) /* no profile: read to say by how much */

void inputs_done(Inputs *inputs) {
        for (size_t i = 0; i < inputs->n; i++) {
                free(inputs->items[i].name);
                free(inputs->items[i].bytes);
        }
        for (size_t i = 0; i < inputs->n_passed; i++)
                free(inputs->passed[i].name);
        free(inputs->passed);
        for (size_t i = 0; i < inputs->n_containers; i++) {
                Container *container = inputs->containers[i];

                free(container->name);
                free(container->bytes);
                arena_free(container->arena);
                free(container);
        }
        free(inputs->items);
        free(inputs->containers);
        *inputs = (Inputs){};
}

static int read_fd(int fd, Input *input) {
        _cleanup_buf_ Buf buf = {};
        int r = fd_read_all(fd, INPUT_BYTES_MAX, &buf);

        if (r < 0)
                return r;
        buf_append(&buf, "", 0);
        return buf_take(&buf, &input->bytes, &input->size_bytes);
}

static int add(Inputs *inputs, const char *name, int fd, int error) {
        Input *grown = reallocarray(inputs->items, inputs->n + 1, sizeof(*grown)), *input = NULL;

        if (!grown)
                return -ENOMEM;
        inputs->items = grown;
        input = &grown[inputs->n];
        *input = (Input){ .name = strdup(name), .error = error };
        if (!input->name)
                return -ENOMEM;
        inputs->n++;
        if (error == 0)
                input->error = read_fd(fd, input);
        return 0;
}

static int add_path(Inputs *inputs, const char *path, unsigned level);

static int is_wanted(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

/*
 * Subdirectories, and the files that seccompd would take for profiles: links too, which a mounted
 * ConfigMap is made of, but not links to directories, which may lead anywhere, and in circles.
 */
static int add_entry(Inputs *inputs, const char *directory, const char *name, unsigned level) {
        _cleanup_free_ char *path = NULL;
        struct stat st, target;

        if (asprintf(&path, "%s/%s", directory, name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (lstat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
                bool leads_to_directory =
                        S_ISLNK(st.st_mode) && stat(path, &target) == 0 && S_ISDIR(target.st_mode);

                if (leads_to_directory || fnmatch("*.json", name, 0) != 0)
                        return 0;
        }
        return add_path(inputs, path, level + 1);
}

static int add_directory(Inputs *inputs, const char *path, unsigned level) {
        struct dirent **entries = NULL;
        int n = scandir(path, &entries, is_wanted, alphasort), r = 0;

        if (n < 0)
                return add(inputs, path, -1, -errno);
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = add_entry(inputs, path, entries[i]->d_name, level);
                free(entries[i]);
        }
        free(entries);
        return r;
}

static int add_path(Inputs *inputs, const char *path, unsigned level) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (level > INPUT_LEVELS_MAX)
                return add(inputs, path, -1, -ELOOP);
        /* not blocking: a fifo without a writer would hang the check */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 || fstat(fd, &st) < 0)
                return add(inputs, path, -1, -errno);
        if (S_ISDIR(st.st_mode))
                return add_directory(inputs, path, level);
        /* one that has a writer is waited for: <(…) of a shell */
        if (S_ISFIFO(st.st_mode) && fcntl(fd, F_SETFL, 0) < 0)
                return add(inputs, path, -1, -errno);
        return add(inputs, path, fd, 0);
}

int inputs_add(Inputs *inputs, const char *path) {
        size_t n_before = inputs->n;
        int r;

        if (strcmp(path, "-") == 0)
                return add(inputs, "<stdin>", STDIN_FILENO, 0);
        r = add_path(inputs, path, 0);
        if (r < 0 || inputs->n > n_before)
                return r;
        r = add(inputs, path, -1, -ENOENT);
        if (r == 0)
                inputs->items[n_before].problem = "no *.json file in this directory";
        return r;
}
