/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Carrying a plan out. The order is what makes a crash at any instruction harmless:
 *
 *     1. verified bytes of what turns stale or retiring are saved to .seccompd/good
 *     2. all new files are written as temporaries, then synced
 *     3. what is to go is removed, and the removal synced
 *     4. the manifest is replaced: each name with its new digest and the one that stands there
 *     5. temporaries are renamed into place, the directories synced
 *     6. where a rename failed, the manifest is put right
 *
 * Before 4 the manifest describes the old files, which still stand; after it each file matches one
 * of its two digests. A temporary begins with a dot and is never whole before its time. A manifest
 * that would say nothing new is not written.
 *
 * Whose bytes they are is looked at again right before they are removed, adopted or replaced. What
 * is left is the moment between the look and the rename, which no system call closes.
 */

#include "node/store_internal.h"

#include "base/fdio.h"

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
        int error;
} Step;

typedef struct Applier {
        const StoreWork *work;
        Step *steps;
        size_t n_steps;
        Manifest next;
        Manifest on_disk;
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
        manifest_done(&applier->next);
        manifest_done(&applier->on_disk);
}

/* Somebody's file that is adopted or replaced must be the one that the plan judged. */
static int check_foreign(const Store *store, const PlanItem *item) {
        Observed observed = {};
        int r = store_observe(store, item->name, &observed);

        if (r < 0)
                return r;
        return digest_equal(&observed.digest, &item->replaces) ? 0 : -ESTALE;
}

/* What needs looking at, or saving, before anything is changed. */
static void prepare(Applier *applier) {
        for (size_t i = 0; i < applier->n_steps; i++) {
                Step *step = &applier->steps[i];

                if (step->item->op == PLAN_ADOPT)
                        step->error = check_foreign(applier->work->store, step->item);
                else if (step->item->op == PLAN_KEEP && step->item->save_good)
                        step->error = store_save_good(
                                applier->work->store, step->item->name, &step->item->digest);
        }
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

/* A name of ours that a killed writer left is in nobody's use: we have the lock. */
static int open_temporary(int parent, const char *name) {
        const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
        int fd = openat(parent, name, flags, STORE_FILE_MODE);

        if (fd < 0 && errno == EEXIST && unlinkat(parent, name, 0) == 0)
                fd = openat(parent, name, flags, STORE_FILE_MODE);
        return fd < 0 ? -errno : fd;
}

static int write_temporary(const Store *store, Step *step, size_t number, bool is_batch) {
        const char *last = NULL;
        _cleanup_close_ int parent =
                store_open_parent(store->dir_fd, step->item->name, true, &last);
        char name[TEMPORARY_SIZE];
        int r;

        if (parent < 0)
                return parent;
        snprintf(name, sizeof(name), STORE_TMP "%zu", number);
        step->file_fd = r = open_temporary(parent, name);
        if (r < 0)
                return r;
        memcpy(step->temporary, name, sizeof(name));
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

/* --- directories --- */

static bool is_same_directory(int a, int b) {
        struct stat x, y;

        return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
                x.st_ino == y.st_ino;
}

/* Syncs the held directory when another comes, so once for all names of it that stand together. */
static int hold_directory(int *held_fd, int parent) {
        if (*held_fd >= 0 && parent >= 0 && is_same_directory(*held_fd, parent))
                return 0;
        if (*held_fd >= 0 && fsync(*held_fd) < 0)
                return -errno;
        (void) fd_close(*held_fd);
        *held_fd = parent < 0 ? -1 : fcntl(parent, F_DUPFD_CLOEXEC, 3);
        return parent >= 0 && *held_fd < 0 ? -errno : 0;
}

/* --- removals --- */

static bool is_ours(const ManifestEntry *entry, const Observed *observed) {
        return observed->kind == OBSERVED_FILE && !digest_is_none(&observed->digest) &&
                (digest_equal(&observed->digest, &entry->digest) ||
                        digest_equal(&observed->digest, &entry->previous));
}

static int remove_file(const Store *store, const ManifestEntry *entry, int *held_fd) {
        const char *last = NULL;
        _cleanup_close_ int parent = -1;
        Observed observed = {};
        int r = store_observe(store, entry->name, &observed);

        if (r < 0)
                return r;
        if (!is_ours(entry, &observed))
                return 0; /* forgotten, not removed */
        parent = store_open_parent(store->dir_fd, entry->name, false, &last);
        if (parent < 0)
                return parent;
        if (unlinkat(parent, last, 0) < 0 && errno != ENOENT)
                return -errno;
        return hold_directory(held_fd, parent);
}

/* Synced before the manifest forgets: a file that came back with a power cut would be nobody's. */
static int remove_files(Applier *applier) {
        _cleanup_close_ int held_fd = -1;

        for (size_t i = 0; i < applier->n_steps; i++) {
                Step *step = &applier->steps[i];
                const ManifestEntry *entry =
                        manifest_find(&applier->work->store->manifest, step->item->name);

                if (step->item->op == PLAN_REMOVE && entry)
                        step->error = remove_file(applier->work->store, entry, &held_fd);
        }
        return hold_directory(&held_fd, -1);
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

/* The bytes of ours that stand there until the rename, and after a crash before it. */
static Digest standing_digest(const ManifestEntry *entry, const PlanItem *item) {
        bool is_ours = digest_equal(&item->replaces, &entry->digest) ||
                digest_equal(&item->replaces, &entry->previous);

        return item->op == PLAN_WRITE && is_ours ? item->replaces : (Digest){};
}

/* Claimed by two sources it is not gone from them: should it go again, its time begins anew. */
static void stop_retiring(ManifestEntry *entry) {
        if (entry->state != PROFILE_RETIRING)
                return;
        entry->state = PROFILE_STALE;
        entry->retiring_seconds = 0;
}

static int update_entry(Applier *applier, const PlanItem *item) {
        ManifestEntry *entry = manifest_find(&applier->next, item->name);
        bool is_new = !entry;
        int r = entry ? 0 : manifest_add(&applier->next, item->name, &entry);

        if (r < 0)
                return r;
        if (item->state == PROFILE_CONFLICT) {
                stop_retiring(entry);
                return 0;
        }
        if (!digest_equal(&entry->digest, &item->digest)) {
                entry->previous = standing_digest(entry, item);
                entry->digest = item->digest;
                entry->generation = applier->next.generation;
                entry->time_seconds = applier->work->now_seconds;
        }
        if (item->state != PROFILE_RETIRING || entry->state != PROFILE_RETIRING)
                entry->retiring_seconds = 0; /* it only begins, or is over */
        entry->state = item->state;
        if (!is_new && item->state != PROFILE_INSTALLED)
                return 0; /* its bytes are still of the source's text they were made from */
        entry->source_digest = item->source_digest;
        return set_source(entry, item->source);
}

/* Whether an item of the plan has its way with the manifest. */
static bool concerns_manifest(const Step *step) {
        const PlanItem *item = step->item;

        if (step->error < 0 || item->op == PLAN_NONE)
                return false;
        if (item->state == PROFILE_CONFLICT)
                return item->rival && item->op == PLAN_KEEP;
        return (item->op != PLAN_WRITE && item->op != PLAN_REPAIR) || step->content;
}

static int next_manifest(Applier *applier) {
        const Manifest *before = &applier->work->store->manifest;
        Manifest *next = &applier->next;
        int r;

        manifest_done(next);
        r = manifest_copy(before, next);
        if (r < 0)
                return r;
        next->version = 1;
        next->generation = applier->on_disk.generation + 1;
        for (size_t i = 0; i < next->n_entries; i++)
                if (next->entries[i].state == PROFILE_RETIRING)
                        next->entries[i].retiring_seconds += applier->work->elapsed_seconds;
        for (size_t i = 0; i < applier->n_steps && r == 0; i++) {
                const Step *step = &applier->steps[i];

                if (!concerns_manifest(step))
                        continue;
                if (step->item->op == PLAN_REMOVE || step->item->op == PLAN_FORGET)
                        manifest_remove(next, step->item->name);
                else
                        r = update_entry(applier, step->item);
        }
        return r;
}

static int write_manifest(Applier *applier) {
        _cleanup_buf_ Buf text = {};
        int r = next_manifest(applier);

        if (r < 0 || manifest_has_same_entries(&applier->next, &applier->on_disk))
                return r;
        manifest_print(&text, &applier->next);
        r = buf_error(&text);
        if (r == 0)
                r = store_write_whole(
                        applier->work->store->meta_fd, STORE_MANIFEST, text.data, text.size);
        if (r < 0)
                return r;
        manifest_done(&applier->on_disk);
        applier->on_disk = applier->next;
        applier->next = (Manifest){};
        return 0;
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

static int rename_into_place(const Store *store, int parent, Step *step, const char *last) {
        int r = 0;

        if (step->item->is_new)
                return rename_new(parent, step, last);
        if (!manifest_find(&store->manifest, step->item->name))
                r = check_foreign(store, step->item);
        if (r < 0)
                return r;
        if (renameat(parent, step->temporary, parent, last) < 0)
                return -errno;
        step->temporary[0] = '\0';
        return 0;
}

/* Returns 0, or -errno when a directory cannot be synced; `*ret_failed`: a rename failed. */
static int put_into_place(Applier *applier, bool *ret_failed) {
        const Store *store = applier->work->store;
        _cleanup_close_ int held_fd = -1;

        for (size_t i = 0; i < applier->n_steps; i++) {
                Step *step = &applier->steps[i];
                const char *last = NULL;
                _cleanup_close_ int parent = -1;
                int r;

                if (step->error < 0 || step->temporary[0] == '\0')
                        continue;
                parent = store_open_parent(store->dir_fd, step->item->name, false, &last);
                step->error = parent < 0 ? parent : rename_into_place(store, parent, step, last);
                *ret_failed |= step->error < 0;
                r = step->error < 0 ? 0 : hold_directory(&held_fd, parent);
                if (r < 0)
                        return r;
        }
        return hold_directory(&held_fd, -1);
}

/*
 * Durably in place: from here on the version before is somebody's when it comes back. On disk it is
 * left out by the next manifest that has anything to say.
 */
static void forget_previous(Applier *applier) {
        for (size_t i = 0; i < applier->n_steps; i++) {
                const Step *step = &applier->steps[i];
                ManifestEntry *entry = step->content && step->error == 0
                        ? manifest_find(&applier->on_disk, step->item->name)
                        : NULL;

                if (entry)
                        entry->previous = (Digest){};
        }
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

static int report(Applier *applier, int error, StoreResult *ret_result) {
        _cleanup_(store_result_done) StoreResult result = { .error = error };

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
        result.manifest = applier->on_disk;
        applier->on_disk = (Manifest){};
        *ret_result = result;
        result = (StoreResult){};
        return 0;
}

int store_apply(const StoreWork *work, StoreResult *ret_result) {
        _cleanup_(applier_done) Applier applier = { .work = work };
        bool failed = false;
        int r = make_steps(&applier);

        if (r == 0)
                r = manifest_copy(&work->store->manifest, &applier.on_disk);
        if (r < 0)
                return r;
        prepare(&applier);
        write_temporaries(&applier);
        r = remove_files(&applier);
        if (r == 0)
                r = write_manifest(&applier);
        if (r == 0)
                r = put_into_place(&applier, &failed);
        if (r == 0 && failed)
                r = write_manifest(&applier);
        sync_levels(work->store);
        if (r == 0) {
                forget_previous(&applier);
                store_sweep_good(work->store, &applier.on_disk);
        }
        if (r == 0 && work->leaves && applier.on_disk.n_entries == 0)
                r = store_leave(work->store, work->plan);
        return report(&applier, r, ret_result);
}
