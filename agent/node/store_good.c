/* SPDX-License-Identifier: Apache-2.0 */

/*
 * .seccompd/good: the bytes of what is installed and no longer said by its source, so that drift
 * can still be repaired. A file there is named after its digest and believed only when its bytes
 * have it.
 */

#include "node/store_internal.h"

#include "base/fdio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The file name of kept bytes: "DIGEST.json". */
#define NAME_SIZE (DIGEST_HEX_SIZE + sizeof(".json"))

static void name_of(const Digest *digest, char ret_name[static NAME_SIZE]) {
        char hex[DIGEST_HEX_SIZE];

        digest_hex(digest, hex);
        snprintf(ret_name, NAME_SIZE, "%s.json", hex);
}

int store_write_whole(int dir_fd, const char *name, const char *bytes, size_t size_bytes) {
        const char *temporary = STORE_TMP "whole";
        _cleanup_close_ int fd = openat(
                dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        int r = fd < 0 ? -errno : fd_write_all(fd, bytes, size_bytes);

        if (r == 0 &&
                (fsync(fd) < 0 || renameat(dir_fd, temporary, dir_fd, name) < 0 ||
                        fsync(dir_fd) < 0))
                r = -errno;
        if (r < 0 && fd >= 0)
                (void) unlinkat(dir_fd, temporary, 0);
        return r;
}

int store_save_good(const Store *store, const char *name, const Digest *digest) {
        _cleanup_free_ char *bytes = NULL;
        _cleanup_close_ int good = -1;
        char good_name[NAME_SIZE];
        size_t size_bytes = 0;
        Digest found;
        int r = store_read(store, name, STORE_FILE_BYTES_MAX, &bytes, &size_bytes);

        if (r < 0)
                return r;
        found = digest_of(bytes, size_bytes);
        if (!digest_equal(&found, digest))
                return -ESTALE;
        good = r = store_open_dir(store->meta_fd, STORE_GOOD, STORE_META_MODE, true);
        if (r < 0)
                return r;
        name_of(digest, good_name);
        return store_write_whole(good, good_name, bytes, size_bytes);
}

int store_read_good(
        const Store *store, const Digest *digest, char **ret_bytes, size_t *ret_size_bytes) {
        _cleanup_close_ int good = store_open_dir(store->meta_fd, STORE_GOOD, 0, false);
        char name[NAME_SIZE];
        _cleanup_buf_ Buf buf = {};
        Digest found;
        int r;

        if (good < 0)
                return good;
        name_of(digest, name);
        r = store_read_regular(good, name, STORE_FILE_BYTES_MAX, &buf);
        if (r < 0)
                return r;
        found = digest_of(buf.data, buf.size);
        if (!digest_equal(&found, digest))
                return -EBADMSG;
        return buf_take(&buf, ret_bytes, ret_size_bytes);
}

static bool is_needed(const Manifest *manifest, const char *name) {
        for (size_t i = 0; i < manifest->n_entries; i++) {
                const ManifestEntry *entry = &manifest->entries[i];
                char wanted[NAME_SIZE];

                if (entry->state == PROFILE_INSTALLED)
                        continue;
                name_of(&entry->digest, wanted);
                if (strcmp(name, wanted) == 0)
                        return true;
        }
        return false;
}

void store_sweep_good(const Store *store, const Manifest *manifest) {
        int fd = store_open_dir(store->meta_fd, STORE_GOOD, 0, false);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);

        if (!dir) {
                (void) fd_close(fd);
                return;
        }
        for (const struct dirent *entry; (entry = readdir(dir));)
                if (entry->d_name[0] != '.' && !is_needed(manifest, entry->d_name))
                        (void) unlinkat(fd, entry->d_name, 0);
        closedir(dir);
}
