/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Carrying a plan out. The order is what makes a crash at any instruction harmless:
 *
 *     1. verified bytes of what turns stale or retiring are saved to .seccompd/good
 *     2. all new files are written as temporaries, then synced
 *     3. what is to go is removed
 *     4. the manifest is replaced: each name with its new digest and the one before
 *     5. temporaries are renamed into place, each touched directory is synced once
 *     6. where a rename failed, the manifest is put right
 *
 * Before 4 the manifest describes the old files, which still stand; after it each file matches one
 * of its two digests. A temporary begins with a dot and is never whole before its time.
 */

#include "node/store_internal.h"

#include "base/fdio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TEMPORARY_SIZE 64
#define BATCH_FILES    128U /* open at a time: a node's limit on descriptors is often 1024 */

/* One item of the plan on its way. */
typedef struct Step {
        const PlanItem *item;
        const StoreContent *content;    /* NULL: nothing to write */
        int file_fd;                    /* the temporary, until it is synced */
        char temporary[TEMPORARY_SIZE]; /* "" when there is none */
        bool has_removed;               /* its directory must be synced */
        int error;
} Step;

typedef struct Applier {
        const StoreWork *work;
        Step *steps;
        size_t n_steps;
        Manifest manifest; /* the next one */
} Applier;

void store_result_done(StoreResult *result) {
        for (size_t i = 0; i < result->n_outcomes; i++)
                free(result->outcomes[i].name);
        free(result->outcomes);
        manifest_done(&result->manifest);
        *result = (StoreResult){};
}

/* What cannot be removed here is removed by the next start. */
static void remove_temporary(const Store *store, const Step *step) {
        const char *last = NULL;
        _cleanup_close_ int parent = -1;

        if (step->temporary[0] == '\0')
                return;
        parent = store_open_parent(store->dir_fd, step->item->name, false, &last);
        if (parent >= 0)
                (void) unlinkat(parent, step->temporary, 0);
}

static void applier_done(Applier *applier) {
        for (size_t i = 0; i < applier->n_steps; i++) {
                (void) fd_close(applier->steps[i].file_fd);
                remove_temporary(applier->work->store, &applier->steps[i]);
        }
        free(applier->steps);
        manifest_done(&applier->manifest);
}

/* --- good/ --- */

/* A whole file, durably: temporary, sync, rename, sync of the directory. */
static int write_whole(
        int dir_fd, const char *name, const char *bytes, size_t size_bytes, mode_t mode) {
        const char *temporary = STORE_TMP "whole";
        _cleanup_close_ int fd = openat(
                dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
        int r = fd < 0 ? -errno : fd_write_all(fd, bytes, size_bytes);

        if (r == 0 &&
                (fchmod(fd, mode) < 0 || fsync(fd) < 0 ||
                        renameat(dir_fd, temporary, dir_fd, name) < 0 || fsync(dir_fd) < 0))
                r = -errno;
        if (r < 0 && fd >= 0)
                (void) unlinkat(dir_fd, temporary, 0);
        return r;
}

/* Without verified bytes there is nothing worth keeping: the item goes on without. */
static int save_good(const Store *store, const PlanItem *item) {
        _cleanup_free_ char *bytes = NULL;
        _cleanup_close_ int good = -1;
        char name[STORE_GOOD_NAME_SIZE];
        size_t size_bytes = 0;
        Digest digest;
        int r = store_read(store, item->name, (size_t) 16 << 20, &bytes, &size_bytes);

        if (r < 0)
                return r == -ENOENT || r == -EBADF ? 0 : r;
        digest = digest_of(bytes, size_bytes);
        if (!digest_equal(&digest, &item->digest))
                return 0;
        good = r = store_open_dir(store->meta_fd, STORE_GOOD, STORE_META_MODE, true);
        if (r < 0)
                return r;
        store_good_name(&digest, name);
        return write_whole(good, name, bytes, size_bytes, 0600);
}

static bool is_kept(const Manifest *manifest, const char *name) {
        for (size_t i = 0; i < manifest->n_entries; i++) {
                char wanted[STORE_GOOD_NAME_SIZE];

                store_good_name(&manifest->entries[i].digest, wanted);
                if (manifest->entries[i].state != PROFILE_INSTALLED && strcmp(name, wanted) == 0)
                        return true;
        }
        return false;
}

/* Files of good/ that no entry needs any more. What cannot be removed now is tried again next time.
 */
static void sweep_good(const Store *store, const Manifest *manifest) {
        int fd = store_open_dir(store->meta_fd, STORE_GOOD, 0, false);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);

        if (!dir) {
                (void) fd_close(fd);
                return;
        }
        for (const struct dirent *entry; (entry = readdir(dir));)
                if (entry->d_name[0] != '.' && !is_kept(manifest, entry->d_name))
                        (void) unlinkat(fd, entry->d_name, 0);
        closedir(dir);
}

/* --- temporaries --- */

static const StoreContent *find_content(const StoreWork *work, const char *name) {
        size_t low = 0, high = work->n_contents;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int r = strcmp(work->contents[middle].name, name);

                if (r == 0)
                        return &work->contents[middle];
                if (r < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

static int write_temporary(const Store *store, Step *step, size_t number, bool is_batch) {
        const char *last = NULL;
        _cleanup_close_ int parent =
                store_open_parent(store->dir_fd, step->item->name, true, &last);
        int r;

        if (parent < 0)
                return parent;
        snprintf(step->temporary, sizeof(step->temporary), STORE_TMP "%zu", number);
        step->file_fd = openat(parent, step->temporary,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, STORE_FILE_MODE);
        if (step->file_fd < 0) {
                step->temporary[0] = '\0';
                return -errno;
        }
        r = fd_write_all(step->file_fd, step->content->bytes, step->content->size_bytes);
        if (r == 0 && fchmod(step->file_fd, STORE_FILE_MODE) < 0)
                r = -errno;
        /* only a hint: it starts the disk, so that the syncs behind find the work half done */
        if (r == 0 && is_batch)
                (void) sync_file_range(step->file_fd, 0, 0, SYNC_FILE_RANGE_WRITE);
        return r;
}

static void sync_temporaries(Step *steps, size_t n) {
        for (size_t i = 0; i < n; i++) {
                Step *step = &steps[i];

                if (step->error == 0 && step->file_fd >= 0 && fsync(step->file_fd) < 0)
                        step->error = -errno;
                step->file_fd = fd_close(step->file_fd);
        }
}

static void write_temporaries(Applier *applier) {
        bool is_batch = applier->work->n_contents > 1;
        size_t first = 0, n_open = 0;

        for (size_t i = 0; i < applier->n_steps; i++) {
                Step *step = &applier->steps[i];

                if (!step->content)
                        continue;
                step->error = write_temporary(applier->work->store, step, i, is_batch);
                if (++n_open % BATCH_FILES == 0) {
                        sync_temporaries(applier->steps + first, i + 1 - first);
                        first = i + 1;
                }
        }
        sync_temporaries(applier->steps + first, applier->n_steps - first);
}

/* --- removals --- */

/* Only what is still ours, looked at again right before. */
static int remove_file(const Store *store, Step *step, const ManifestEntry *entry) {
        const char *last = NULL;
        _cleanup_close_ int parent = -1;
        Observed observed = {};
        int r = store_observe(store, step->item->name, &observed);

        if (r < 0)
                return r;
        if (observed.kind != OBSERVED_FILE ||
                (!digest_equal(&observed.digest, &entry->digest) &&
                        (digest_is_none(&entry->previous) ||
                                !digest_equal(&observed.digest, &entry->previous))))
                return 0; /* not ours any more: forgotten, not removed */
        parent = store_open_parent(store->dir_fd, step->item->name, false, &last);
        if (parent < 0)
                return parent;
        if (unlinkat(parent, last, 0) < 0 && errno != ENOENT)
                return -errno;
        step->has_removed = true;
        return 0;
}

static void remove_files(Applier *applier) {
        for (size_t i = 0; i < applier->n_steps; i++) {
                Step *step = &applier->steps[i];
                const ManifestEntry *entry =
                        manifest_find(&applier->work->store->manifest, step->item->name);

                if (step->item->op == PLAN_REMOVE && entry)
                        step->error = remove_file(applier->work->store, step, entry);
        }
}

/* --- the manifest --- */

static int set_source(ManifestEntry *entry, const char *source) {
        char *copy = strdup(source);

        if (!copy)
                return -ENOMEM;
        free(entry->source);
        entry->source = copy;
        return 0;
}

static int update_entry(Applier *applier, const Step *step) {
        const PlanItem *item = step->item;
        ManifestEntry *entry = manifest_find(&applier->manifest, item->name);
        int r = entry ? 0 : manifest_add(&applier->manifest, item->name, &entry);

        if (r < 0)
                return r;
        if (!digest_equal(&entry->digest, &item->digest)) {
                entry->previous = entry->digest;
                entry->digest = item->digest;
                entry->generation = applier->manifest.generation;
                entry->time_seconds = applier->work->now_seconds;
        }
        if (item->state != PROFILE_RETIRING || entry->state != PROFILE_RETIRING)
                entry->retiring_seconds = 0; /* it only begins, or is over */
        entry->state = item->state;
        entry->source_digest = item->source_digest;
        return set_source(entry, item->source);
}

/* Whether an item of the plan has its way with the manifest. */
static bool concerns_manifest(const Step *step) {
        const PlanItem *item = step->item;

        if (step->error < 0 || item->op == PLAN_NONE || item->state == PROFILE_CONFLICT)
                return false;
        return (item->op != PLAN_WRITE && item->op != PLAN_REPAIR) || step->content;
}

static int next_manifest(Applier *applier) {
        int r = 0;

        manifest_done(&applier->manifest);
        r = manifest_copy(&applier->work->store->manifest, &applier->manifest);
        if (r < 0)
                return r;
        applier->manifest.version = 1;
        applier->manifest.generation++;
        for (size_t i = 0; i < applier->manifest.n_entries; i++)
                if (applier->manifest.entries[i].state == PROFILE_RETIRING)
                        applier->manifest.entries[i].retiring_seconds +=
                                applier->work->elapsed_seconds;
        for (size_t i = 0; i < applier->n_steps && r == 0; i++) {
                const Step *step = &applier->steps[i];

                if (!concerns_manifest(step))
                        continue;
                if (step->item->op == PLAN_REMOVE || step->item->op == PLAN_FORGET)
                        manifest_remove(&applier->manifest, step->item->name);
                else
                        r = update_entry(applier, step);
        }
        return r;
}

static int write_manifest(Applier *applier) {
        _cleanup_buf_ Buf text = {};
        int r = next_manifest(applier);

        if (r < 0)
                return r;
        manifest_print(&text, &applier->manifest);
        r = buf_error(&text);
        return r < 0 ? r
                     : write_whole(applier->work->store->meta_fd, STORE_MANIFEST, text.data,
                               text.size, 0600);
}

/* --- into place --- */

/* Where nothing stood, whoever came first meanwhile is not replaced. */
static int rename_new(int parent, Step *step, const char *last) {
        if (renameat2(parent, step->temporary, parent, last, RENAME_NOREPLACE) == 0) {
                step->temporary[0] = '\0';
                return 0;
        }
        if (errno != EINVAL)
                return -errno;
        /* a filesystem without it; the temporary goes with the rest */
        return linkat(parent, step->temporary, parent, last, 0) < 0 ? -errno : 0;
}

static int rename_into_place(int parent, Step *step, const char *last) {
        if (step->item->is_new)
                return rename_new(parent, step, last);
        if (renameat(parent, step->temporary, parent, last) < 0)
                return -errno;
        step->temporary[0] = '\0';
        return 0;
}

static bool is_same_directory(int a, int b) {
        struct stat x, y;

        return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
                x.st_ino == y.st_ino;
}

/* Syncs the held directory when another comes; a directory's names stand together, so that is once.
 */
static int hold_directory(int *held_fd, int parent) {
        if (*held_fd >= 0 && parent >= 0 && is_same_directory(*held_fd, parent))
                return 0;
        if (*held_fd >= 0 && fsync(*held_fd) < 0)
                return -errno;
        (void) fd_close(*held_fd);
        *held_fd = parent < 0 ? -1 : fcntl(parent, F_DUPFD_CLOEXEC, 3);
        return parent >= 0 && *held_fd < 0 ? -errno : 0;
}

/* Returns 0, or -errno when a directory cannot be synced; `*ret_failed`: a rename failed. */
static int put_into_place(Applier *applier, bool *ret_failed) {
        _cleanup_close_ int held_fd = -1;

        for (size_t i = 0; i < applier->n_steps; i++) {
                Step *step = &applier->steps[i];
                const char *last = NULL;
                _cleanup_close_ int parent = -1;
                int r;

                if (step->error < 0 || (step->temporary[0] == '\0' && !step->has_removed))
                        continue;
                parent = store_open_parent(
                        applier->work->store->dir_fd, step->item->name, false, &last);
                if (parent < 0)
                        step->error = parent;
                else if (step->temporary[0] != '\0')
                        step->error = rename_into_place(parent, step, last);
                *ret_failed |= step->content && step->error < 0;
                r = parent < 0 ? 0 : hold_directory(&held_fd, parent);
                if (r < 0)
                        return r;
        }
        return hold_directory(&held_fd, -1);
}

/* The directories that store_open() made: above a mount they are not ours, and nothing is lost. */
static void sync_levels(const Store *store) {
        _cleanup_close_ int fd = fcntl(store->dir_fd, F_DUPFD_CLOEXEC, 3);

        for (unsigned i = 0; i < store->n_unsynced_levels && fd >= 0; i++) {
                int above = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                (void) fsync(fd);
                (void) fd_close(fd);
                fd = above;
        }
}

/* --- the whole --- */

static int make_steps(Applier *applier) {
        const Plan *plan = applier->work->plan;

        applier->steps = calloc(plan->n_items + 1, sizeof(*applier->steps));
        if (!applier->steps)
                return -ENOMEM;
        for (; applier->n_steps < plan->n_items; applier->n_steps++) {
                const PlanItem *item = &plan->items[applier->n_steps];
                bool writes = item->op == PLAN_WRITE || item->op == PLAN_REPAIR;

                applier->steps[applier->n_steps] = (Step){
                        .item = item,
                        .content = writes ? find_content(applier->work, item->name) : NULL,
                        .file_fd = -1,
                };
        }
        return 0;
}

static void save_all_good(Applier *applier) {
        for (size_t i = 0; i < applier->n_steps; i++) {
                Step *step = &applier->steps[i];

                if (step->item->save_good && step->item->op == PLAN_KEEP)
                        step->error = save_good(applier->work->store, step->item);
        }
}

static int report(Applier *applier, int error, StoreResult *ret_result) {
        _cleanup_(store_result_done) StoreResult result = { .error = error };
        int r = 0;

        result.outcomes = calloc(applier->n_steps + 1, sizeof(*result.outcomes));
        if (!result.outcomes)
                return -ENOMEM;
        for (size_t i = 0; i < applier->n_steps; i++) {
                const Step *step = &applier->steps[i];
                PlanOp op = step->item->op;
                bool is_left = (op == PLAN_WRITE || op == PLAN_REPAIR) && !step->content;

                if (op == PLAN_NONE || (op == PLAN_KEEP && step->error == 0) || is_left)
                        continue;
                result.outcomes[result.n_outcomes] = (StoreOutcome){
                        .name = strdup(step->item->name),
                        .op = op,
                        .error = step->error < 0 ? step->error : error,
                };
                if (!result.outcomes[result.n_outcomes++].name)
                        return -ENOMEM;
        }
        if (error == 0) {
                result.manifest = applier->manifest;
                applier->manifest = (Manifest){};
        } else
                r = manifest_copy(&applier->work->store->manifest, &result.manifest);
        if (r < 0)
                return r;
        *ret_result = result;
        result = (StoreResult){};
        return 0;
}

int store_apply(const StoreWork *work, StoreResult *ret_result) {
        _cleanup_(applier_done) Applier applier = { .work = work };
        bool failed = false;
        int r = make_steps(&applier);

        if (r < 0)
                return r;
        save_all_good(&applier);
        write_temporaries(&applier);
        remove_files(&applier);
        r = write_manifest(&applier);
        if (r == 0)
                r = put_into_place(&applier, &failed);
        if (r == 0 && failed)
                r = write_manifest(&applier);
        sync_levels(work->store);
        if (r == 0)
                sweep_good(work->store, &applier.manifest);
        return report(&applier, r, ret_result);
}
