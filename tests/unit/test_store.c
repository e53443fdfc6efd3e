/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The store against a real directory: what is opened and refused, what a plan leaves on disk, what
 * a full or read-only disk does, and, by stopping the writer at every one of its system calls, what
 * a crash does.
 */

#include "support.h"

#include "base/cleanup.h"
#include "node/sandbox.h"
#include "node/store.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define OLD  "{\"defaultAction\":\"SCMP_ACT_LOG\"}\n"
#define NEW  "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}\n"
#define MORE "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1}\n"

/* A kubelet root in a temporary directory, with the store opened, locked and loaded. */
typedef struct Fixture {
        char *root;
        Store store;
} Fixture;

static void open_store(Fixture *fixture) {
        _cleanup_free_ char *problem = NULL;

        assert_int_equal(store_open(fixture->root, "profiles", &fixture->store, &problem), 0);
        assert_int_equal(store_lock(&fixture->store), 0);
        assert_int_equal(store_load(&fixture->store, &problem), 0);
        assert_null(problem);
}

static int setup(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        fixture->root = support_temp_dir();
        fixture->store = STORE_CLOSED;
        open_store(fixture);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        Fixture *fixture = *state;

        store_done(&fixture->store);
        support_remove_tree(fixture->root);
        free(fixture->root);
        free(fixture);
        return 0;
}

static char *path_of(const Fixture *fixture, const char *name) {
        char *path = NULL;

        assert_true(asprintf(&path, "%s/seccomp/profiles/%s", fixture->root, name) > 0);
        return path;
}

static void assert_file(const Fixture *fixture, const char *name, const char *bytes) {
        _cleanup_free_ char *path = path_of(fixture, name), *found = support_read_file(path, NULL);
        struct stat st;

        assert_string_equal(found, bytes);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
}

static bool exists(const Fixture *fixture, const char *name) {
        _cleanup_free_ char *path = path_of(fixture, name);
        struct stat st;

        return lstat(path, &st) == 0;
}

static void put_file(const Fixture *fixture, const char *name, const char *bytes) {
        _cleanup_free_ char *path = path_of(fixture, name);
        _cleanup_fclose_ FILE *file = fopen(path, "we");

        assert_non_null(file);
        assert_int_equal(fputs(bytes, file) >= 0, 1);
}

/* --- plans made by hand --- */

typedef struct Want {
        const char *name;
        PlanOp op;
        ProfileState state;
        const char *bytes; /* whose digest the item has */
        bool has_content;
        bool save_good;
        bool is_new;
} Want;

#define WANTS_MAX 8

static int apply(
        Fixture *fixture, const Want *wants, size_t n, uint64_t elapsed, StoreResult *ret_result) {
        PlanItem items[WANTS_MAX] = {};
        StoreContent contents[WANTS_MAX] = {};
        const Plan plan = { .items = items, .n_items = n };
        StoreWork work = {
                .store = &fixture->store,
                .plan = &plan,
                .contents = contents,
                .elapsed_seconds = elapsed,
                .now_seconds = 1767225600,
        };

        for (size_t i = 0; i < n; i++) {
                items[i] = (PlanItem){
                        .name = wants[i].name,
                        .source = "src",
                        .op = wants[i].op,
                        .state = wants[i].state,
                        .digest = digest_of(wants[i].bytes, strlen(wants[i].bytes)),
                        .source_digest = digest_of("s", 1),
                        .save_good = wants[i].save_good,
                        .is_new = wants[i].is_new,
                };
                if (wants[i].has_content)
                        contents[work.n_contents++] = (StoreContent){
                                .name = wants[i].name,
                                .bytes = wants[i].bytes,
                                .size_bytes = strlen(wants[i].bytes),
                        };
        }
        return store_apply(&work, ret_result);
}

/* Applies, and takes the manifest over as the daemon does. */
static void apply_all(Fixture *fixture, const Want *wants, size_t n, uint64_t elapsed) {
        StoreResult result = {};

        assert_int_equal(apply(fixture, wants, n, elapsed, &result), 0);
        assert_int_equal(result.error, 0);
        for (size_t i = 0; i < result.n_outcomes; i++)
                assert_int_equal(result.outcomes[i].error, 0);
        manifest_done(&fixture->store.manifest);
        fixture->store.manifest = result.manifest;
        result.manifest = (Manifest){};
        store_result_done(&result);
}

static const Want INSTALL[] = {
        { "a.json", PLAN_WRITE, PROFILE_INSTALLED, OLD, true, false, true },
        { "sub/dir/b.json", PLAN_WRITE, PROFILE_INSTALLED, OLD, true, false, true },
};

/* --- opening --- */

static void test_open_makes_what_is_missing(void **state) {
        Fixture *fixture = *state;
        static const struct {
                const char *path;
                mode_t mode;
        } made[] = { { "", 0755 }, { ".seccompd", 0700 } };

        for (size_t i = 0; i < N_ELEMENTS(made); i++) {
                _cleanup_free_ char *path = path_of(fixture, made[i].path);
                struct stat st;

                assert_int_equal(stat(path, &st), 0);
                assert_int_equal(st.st_mode & 07777, made[i].mode);
        }
        assert_int_equal(store_probe_writable(&fixture->store), 0);
        assert_false(store_is_orphaned(&fixture->store));
}

static void test_open_refuses_links_and_strangers(void **state) {
        static const struct {
                const char *make; /* shell, in the root */
                const char *root, *subdir;
                int error;
        } cases[] = {
                { "true", "missing", "profiles", -ENOENT },
                { "touch file", "file", "profiles", -ENOTDIR },
                { "mkdir k1 elsewhere; ln -s ../elsewhere k1/seccomp", "k1", "profiles", -ENOTDIR },
                { "mkdir -p k2/seccomp; ln -s /tmp k2/seccomp/profiles", "k2", "profiles",
                        -ENOTDIR },
                { "mkdir -p k3/seccomp; touch k3/seccomp/profiles", "k3", "profiles", -ENOTDIR },
                { "mkdir -p k4/seccomp/a; ln -s /tmp k4/seccomp/a/b", "k4", "a/b/c", -ENOTDIR },
                { "mkdir -p k5", "k5", "a/../../x", -EINVAL },
        };
        Fixture *fixture = *state;

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_free_ char *command = NULL, *root = NULL, *problem = NULL;
                Store store = STORE_CLOSED;

                assert_true(asprintf(&command, "cd %s && %s", fixture->root, cases[i].make) > 0);
                assert_int_equal(system(command), 0);
                assert_true(asprintf(&root, "%s/%s", fixture->root, cases[i].root) > 0);
                assert_int_equal(
                        store_open(root, cases[i].subdir, &store, &problem), cases[i].error);
                assert_non_null(problem);
                assert_int_equal(store.dir_fd, -1);
        }
}

static void test_the_destination_itself_and_nested_ones(void **state) {
        static const char *const SUBDIRS[] = { ".", "a", "a/b/c" };
        Fixture *fixture = *state;

        for (size_t i = 0; i < N_ELEMENTS(SUBDIRS); i++) {
                _cleanup_(store_done) Store store = STORE_CLOSED;
                char *problem = NULL;

                assert_int_equal(store_open(fixture->root, SUBDIRS[i], &store, &problem), 0);
                assert_int_equal(store_lock(&store), 0);
        }
}

static void test_one_instance_at_a_time(void **state) {
        Fixture *fixture = *state;
        Store other = STORE_CLOSED;
        char *problem = NULL;

        assert_int_equal(store_open(fixture->root, "profiles", &other, &problem), 0);
        assert_int_equal(store_lock(&other), -EWOULDBLOCK);
        store_done(&fixture->store);
        assert_int_equal(store_lock(&other), 0);
        store_done(&other);
}

static void test_load_refuses_a_broken_manifest(void **state) {
        Fixture *fixture = *state;
        char *problem = NULL;

        apply_all(fixture, INSTALL, 2, 0);
        put_file(fixture, ".seccompd/manifest", "seccompd-manifest 1\nrubbish\n");
        assert_int_equal(store_load(&fixture->store, &problem), -EBADMSG);
        assert_non_null(strstr(problem, "line 2"));
        assert_int_equal(fixture->store.manifest.n_entries, 2); /* untouched */
        free(problem);
}

static void test_load_removes_temporaries_only(void **state) {
        Fixture *fixture = *state;
        char *problem = NULL;

        apply_all(fixture, INSTALL, 2, 0);
        put_file(fixture, ".seccompd-tmp-7", "{");
        put_file(fixture, "sub/dir/.seccompd-tmp-0", "{");
        put_file(fixture, ".seccompd/.seccompd-tmp-whole", "x");
        put_file(fixture, ".somebody-elses", "x");
        assert_int_equal(store_load(&fixture->store, &problem), 0);
        assert_false(exists(fixture, ".seccompd-tmp-7"));
        assert_false(exists(fixture, "sub/dir/.seccompd-tmp-0"));
        assert_false(exists(fixture, ".seccompd/.seccompd-tmp-whole"));
        assert_true(exists(fixture, ".somebody-elses"));
        assert_file(fixture, "sub/dir/b.json", OLD);
}

/* --- looking --- */

static void test_observe(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *command = NULL, *directory = path_of(fixture, "");
        static const struct {
                const char *name;
                ObservedKind kind;
                bool has_digest, is_mode_right;
        } cases[] = {
                { "none.json", OBSERVED_ABSENT, false, false },
                { "none/x.json", OBSERVED_ABSENT, false, false },
                { "a.json", OBSERVED_FILE, true, true },
                { "mode.json", OBSERVED_FILE, true, false },
                { "hard.json", OBSERVED_FILE, true, false },
                { "huge.json", OBSERVED_FILE, false, true },
                { "dir.json", OBSERVED_DIRECTORY, false, false },
                { "a.json/x.json", OBSERVED_DIRECTORY, false, false },
                { "linkdir/x.json", OBSERVED_DIRECTORY, false, false },
                { "link.json", OBSERVED_OTHER, false, false },
                { "fifo.json", OBSERVED_OTHER, false, false },
        };

        apply_all(fixture, INSTALL, 2, 0);
        assert_true(asprintf(&command,
                            "cd %s && install -m 0600 a.json mode.json && install -m 0644 a.json "
                            "hard.json && "
                            "ln hard.json other && mkdir dir.json && ln -s a.json link.json && ln "
                            "-s /tmp linkdir && "
                            "mkfifo fifo.json && truncate -s 3M huge.json && chmod 0644 huge.json",
                            directory) > 0);
        assert_int_equal(system(command), 0);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Observed observed = {};

                print_message("  %s\n", cases[i].name);
                assert_int_equal(store_observe(&fixture->store, cases[i].name, &observed), 0);
                assert_int_equal(observed.kind, cases[i].kind);
                assert_int_equal(!digest_is_none(&observed.digest), cases[i].has_digest);
                assert_int_equal(observed.is_mode_right, cases[i].is_mode_right);
        }
}

static void test_witness_changes_with_the_file(void **state) {
        Fixture *fixture = *state;
        StoreWitness before = {}, after = {};

        apply_all(fixture, INSTALL, 2, 0);
        assert_int_equal(store_witness(&fixture->store, "a.json", &before), 0);
        assert_int_equal(store_witness(&fixture->store, "a.json", &after), 0);
        assert_memory_equal(&before, &after, sizeof(before));
        put_file(fixture, "a.json", NEW);
        assert_int_equal(store_witness(&fixture->store, "a.json", &after), 0);
        assert_memory_not_equal(&before, &after, sizeof(before));
        assert_int_equal(store_witness(&fixture->store, "none.json", &after), -ENOENT);
}

static void test_read_is_bounded_and_follows_nothing(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *bytes = NULL, *link = path_of(fixture, "link.json");
        size_t size = 0;

        apply_all(fixture, INSTALL, 2, 0);
        assert_int_equal(symlink("a.json", link), 0);
        assert_int_equal(store_read(&fixture->store, "a.json", strlen(OLD), &bytes, &size), 0);
        assert_string_equal(bytes, OLD);
        assert_int_equal(
                store_read(&fixture->store, "a.json", strlen(OLD) - 1, &bytes, &size), -EFBIG);
        assert_int_equal(store_read(&fixture->store, "link.json", 100, &bytes, &size), -EBADF);
        assert_int_equal(store_read(&fixture->store, "none.json", 100, &bytes, &size), -ENOENT);
}

/* --- carrying out --- */

static void test_install_update_remove(void **state) {
        static const Want UPDATE[] = { { "a.json", PLAN_WRITE, PROFILE_INSTALLED, NEW, true },
                { "sub/dir/b.json", PLAN_KEEP, PROFILE_INSTALLED, OLD } };
        static const Want REMOVE[] = { { "a.json", PLAN_REMOVE, PROFILE_RETIRING, NEW },
                { "sub/dir/b.json", PLAN_FORGET, PROFILE_RETIRING, OLD } };
        Fixture *fixture = *state;
        const ManifestEntry *entry;
        Digest old = digest_of(OLD, strlen(OLD));
        char *problem = NULL;

        apply_all(fixture, INSTALL, 2, 0);
        assert_file(fixture, "a.json", OLD);
        assert_file(fixture, "sub/dir/b.json", OLD);
        apply_all(fixture, UPDATE, 2, 0);
        assert_file(fixture, "a.json", NEW);
        entry = manifest_find(&fixture->store.manifest, "a.json");
        assert_true(digest_equal(&entry->previous, &old));
        assert_int_equal(entry->generation, 2);
        assert_int_equal(fixture->store.manifest.generation, 2);
        assert_int_equal(store_load(&fixture->store, &problem), 0); /* disk and memory agree */
        assert_int_equal(fixture->store.manifest.generation, 2);
        apply_all(fixture, REMOVE, 2, 0);
        assert_false(exists(fixture, "a.json"));
        assert_file(fixture, "sub/dir/b.json", OLD); /* forgotten, not removed */
        assert_int_equal(fixture->store.manifest.n_entries, 0);
}

static void test_an_item_without_content_is_left_alone(void **state) {
        static const Want WRITE[] = { { "a.json", PLAN_WRITE, PROFILE_INSTALLED, NEW } };
        Fixture *fixture = *state;
        Digest old = digest_of(OLD, strlen(OLD));

        apply_all(fixture, INSTALL, 2, 0);
        apply_all(fixture, WRITE, 1, 0);
        assert_file(fixture, "a.json", OLD);
        assert_true(digest_equal(&manifest_find(&fixture->store.manifest, "a.json")->digest, &old));
}

static void test_removal_spares_what_is_not_ours(void **state) {
        static const Want REMOVE[] = { { "a.json", PLAN_REMOVE, PROFILE_RETIRING, OLD } };
        Fixture *fixture = *state;

        apply_all(fixture, INSTALL, 2, 0);
        put_file(fixture, "a.json", MORE);
        apply_all(fixture, REMOVE, 1, 0);
        assert_file(fixture, "a.json", MORE);
        assert_null(manifest_find(&fixture->store.manifest, "a.json"));
}

static void test_who_came_first_is_not_replaced(void **state) {
        Fixture *fixture = *state;
        StoreResult result = {};

        put_file(fixture, "a.json", MORE);
        assert_int_equal(apply(fixture, INSTALL, 2, 0, &result), 0);
        assert_int_equal(result.error, 0);
        assert_int_equal(result.outcomes[0].error, -EEXIST);
        assert_int_equal(result.outcomes[1].error, 0);
        assert_null(manifest_find(&result.manifest, "a.json"));
        assert_non_null(manifest_find(&result.manifest, "sub/dir/b.json"));
        assert_file(fixture, "a.json", MORE);
        assert_false(exists(fixture, ".seccompd-tmp-0"));
        store_result_done(&result);
}

static void test_good_bytes_are_kept_while_needed(void **state) {
        static const Want STALE[] = { { "a.json", PLAN_KEEP, PROFILE_STALE, OLD, false, true },
                { "sub/dir/b.json", PLAN_KEEP, PROFILE_INSTALLED, OLD } };
        static const Want UPDATE[] = { { "a.json", PLAN_WRITE, PROFILE_INSTALLED, NEW, true } };
        Fixture *fixture = *state;
        Digest old = digest_of(OLD, strlen(OLD)), more = digest_of(MORE, strlen(MORE));
        _cleanup_free_ char *bytes = NULL, *hex = calloc(1, DIGEST_HEX_SIZE), *name = NULL;
        size_t size = 0;

        apply_all(fixture, INSTALL, 2, 0);
        assert_int_equal(store_read_good(&fixture->store, &old, &bytes, &size), -ENOENT);
        apply_all(fixture, STALE, 2, 0);
        assert_int_equal(store_read_good(&fixture->store, &old, &bytes, &size), 0);
        assert_string_equal(bytes, OLD);
        assert_int_equal(store_read_good(&fixture->store, &more, &bytes, &size), -ENOENT);
        digest_hex(&old, hex);
        assert_true(asprintf(&name, ".seccompd/good/%s.json", hex) > 0);
        put_file(fixture, name, MORE);
        assert_int_equal(store_read_good(&fixture->store, &old, &bytes, &size), -EBADMSG);
        apply_all(fixture, UPDATE, 1, 0);
        assert_false(exists(fixture, name)); /* no longer needed */
}

static void test_drifted_bytes_are_not_kept_as_good(void **state) {
        static const Want STALE[] = { { "a.json", PLAN_KEEP, PROFILE_STALE, OLD, false, true } };
        Fixture *fixture = *state;
        Digest old = digest_of(OLD, strlen(OLD));
        char *bytes = NULL;
        size_t size = 0;

        apply_all(fixture, INSTALL, 2, 0);
        put_file(fixture, "a.json", MORE);
        apply_all(fixture, STALE, 1, 0);
        assert_int_equal(store_read_good(&fixture->store, &old, &bytes, &size), -ENOENT);
}

static void test_only_retiring_entries_age(void **state) {
        static const Want RETIRE[] = { { "a.json", PLAN_KEEP, PROFILE_RETIRING, OLD } };
        static const Want BACK[] = { { "a.json", PLAN_KEEP, PROFILE_INSTALLED, OLD } };
        Fixture *fixture = *state;

        apply_all(fixture, INSTALL, 2, 0);
        apply_all(fixture, RETIRE, 1, 100);
        assert_int_equal(manifest_find(&fixture->store.manifest, "a.json")->retiring_seconds, 0);
        apply_all(fixture, RETIRE, 1, 100);
        apply_all(fixture, NULL, 0, 11); /* ages alone */
        assert_int_equal(manifest_find(&fixture->store.manifest, "a.json")->retiring_seconds, 111);
        assert_int_equal(
                manifest_find(&fixture->store.manifest, "sub/dir/b.json")->retiring_seconds, 0);
        apply_all(fixture, BACK, 1, 5);
        assert_int_equal(manifest_find(&fixture->store.manifest, "a.json")->retiring_seconds, 0);
}

static void assert_no_stray_json(const char *path, unsigned level) {
        DIR *dir = opendir(path);

        assert_non_null(dir);
        for (const struct dirent *entry; (entry = readdir(dir));) {
                _cleanup_free_ char *child = NULL, *bytes = NULL;
                cJSON *root;

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                assert_true(asprintf(&child, "%s/%s", path, entry->d_name) > 0);
                if (entry->d_type == DT_DIR) {
                        assert_no_stray_json(child, level + 1);
                        continue;
                }
                bytes = support_read_file(child, NULL);
                root = cJSON_Parse(bytes);
                if (root)
                        assert_non_null(cJSON_GetObjectItemCaseSensitive(root, "defaultAction"));
                cJSON_Delete(root);
        }
        closedir(dir);
}

/* A pod may name any file there: what parses as JSON must be a profile. */
static void test_nothing_but_profiles_parses_as_json(void **state) {
        static const Want STALE[] = { { "a.json", PLAN_KEEP, PROFILE_STALE, OLD, false, true } };
        Fixture *fixture = *state;
        _cleanup_free_ char *path = path_of(fixture, "");

        apply_all(fixture, INSTALL, 2, 0);
        apply_all(fixture, STALE, 1, 0);
        assert_no_stray_json(path, 0);
}

/* --- disks that fail --- */

static void mount_over(const Fixture *fixture, const char *options, unsigned long flags) {
        _cleanup_free_ char *path = path_of(fixture, "");

        if (mount("tmpfs", path, "tmpfs", flags, options) < 0) {
                print_message("mounting is not permitted here: %s\n", strerror(errno));
                skip();
        }
}

static void unmount(const Fixture *fixture) {
        _cleanup_free_ char *path = path_of(fixture, "");

        assert_int_equal(umount2(path, MNT_DETACH), 0);
}

static void test_a_full_disk_leaves_the_old_files(void **state) {
        static char big[64 << 10];
        const Want update[] = { { "a.json", PLAN_WRITE, PROFILE_INSTALLED, big, true } };
        Fixture *fixture = *state;
        Digest old = digest_of(OLD, strlen(OLD));
        StoreResult result = {};

        memset(big, ' ', sizeof(big) - 1);
        store_done(&fixture->store);
        mount_over(fixture, "size=48k", 0);
        open_store(fixture);
        apply_all(fixture, INSTALL, 2, 0);
        assert_int_equal(apply(fixture, update, 1, 0, &result), 0);
        assert_int_equal(result.outcomes[0].error, -ENOSPC);
        assert_true(digest_equal(&manifest_find(&result.manifest, "a.json")->digest, &old));
        assert_file(fixture, "a.json", OLD);
        assert_false(exists(fixture, ".seccompd-tmp-0"));
        store_result_done(&result);
        store_done(&fixture->store);
        unmount(fixture);
}

static void test_a_read_only_disk_is_said(void **state) {
        static const Want UPDATE[] = { { "a.json", PLAN_WRITE, PROFILE_INSTALLED, NEW, true } };
        Fixture *fixture = *state;
        _cleanup_free_ char *path = path_of(fixture, ""), *problem = NULL;
        StoreResult result = {};

        store_done(&fixture->store);
        mount_over(fixture, NULL, 0);
        open_store(fixture);
        apply_all(fixture, INSTALL, 2, 0);
        assert_int_equal(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
        assert_int_equal(store_probe_writable(&fixture->store), -EROFS);
        assert_int_equal(apply(fixture, UPDATE, 1, 0, &result), 0);
        assert_int_equal(result.error, -EROFS);
        assert_int_equal(result.outcomes[0].error, -EROFS);
        assert_int_equal(result.manifest.n_entries, 2);
        assert_file(fixture, "a.json", OLD);
        assert_int_equal(store_load(&fixture->store, &problem), 0);
        store_result_done(&result);
        store_done(&fixture->store);
        unmount(fixture);
}

/* --- the writer as a child --- */

static void test_the_writer_answers_as_the_function(void **state) {
        Fixture *fixture = *state;
        PlanItem item = { .name = "a.json",
                .source = "src",
                .op = PLAN_WRITE,
                .state = PROFILE_INSTALLED,
                .digest = digest_of(OLD, strlen(OLD)),
                .is_new = true };
        const Plan plan = { .items = &item, .n_items = 1 };
        const StoreContent content = { .name = "a.json", .bytes = OLD, .size_bytes = strlen(OLD) };
        const StoreWork work = {
                .store = &fixture->store, .plan = &plan, .contents = &content, .n_contents = 1
        };
        _cleanup_child_ Child child = { .fd = -1 };
        StoreResult result = {};
        int status = 0;

        assert_int_equal(store_start(&work, &child), 0);
        assert_int_equal(child_wait(&child, &status), 0);
        assert_int_equal(store_result(&child, status, &result), 0);
        assert_int_equal(result.error, 0);
        assert_int_equal(result.n_outcomes, 1);
        assert_string_equal(result.outcomes[0].name, "a.json");
        assert_int_equal(result.outcomes[0].op, PLAN_WRITE);
        assert_non_null(manifest_find(&result.manifest, "a.json"));
        assert_file(fixture, "a.json", OLD);
        store_result_done(&result);
        assert_int_equal(store_result(&child, SIGKILL, &result), -EPROTO);
        for (size_t cut = 0; cut < child.reply.size;
                cut++) { /* no cut of it is taken for an answer */
                Child torn = child;

                torn.reply.size = cut;
                torn.reply.data = strndup(child.reply.data, cut);
                assert_int_equal(store_result(&torn, 0, &result), -EPROTO);
                free(torn.reply.data);
        }
}

/* --- crashes --- */

static const Want CRASH[] = {
        { "a.json", PLAN_WRITE, PROFILE_INSTALLED, NEW, true },
        { "c.json", PLAN_WRITE, PROFILE_INSTALLED, NEW, true, false, true },
        { "d.json", PLAN_REMOVE, PROFILE_RETIRING, MORE },
        { "sub/dir/b.json", PLAN_KEEP, PROFILE_STALE, OLD, false, true },
};

/* Runs the writer and kills it on its way into its n-th system call. Returns false when it ended
 * before. */
static bool crash_at(Fixture *fixture, unsigned n) {
        pid_t pid = fork();
        int status = 0;

        assert_true(pid >= 0);
        if (pid == 0) {
                StoreResult result = {};

                if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
                        _exit(3);
                raise(SIGSTOP);
                _exit(apply(fixture, CRASH, N_ELEMENTS(CRASH), 0, &result) < 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSTOPPED(status));
        for (unsigned stops = 0; stops < 2 * n;
                stops++) { /* each call stops twice: on its way in and out */
                assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                if (WIFEXITED(status)) {
                        assert_int_equal(WEXITSTATUS(status), 0);
                        return false;
                }
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return true;
}

static bool is_one_of(const Fixture *fixture, const char *name, const char *a, const char *b) {
        _cleanup_free_ char *path = path_of(fixture, name), *bytes = NULL;

        if (!exists(fixture, name))
                return !a || !b;
        bytes = support_read_file(path, NULL);
        return (a && strcmp(bytes, a) == 0) || (b && strcmp(bytes, b) == 0);
}

static void assert_owned(const Fixture *fixture, const char *name) {
        const ManifestEntry *entry = manifest_find(&fixture->store.manifest, name);
        Observed observed = {};

        assert_non_null(entry);
        assert_int_equal(store_observe(&fixture->store, name, &observed), 0);
        assert_true(digest_equal(&observed.digest, &entry->digest) ||
                digest_equal(&observed.digest, &entry->previous));
}

static void test_a_crash_at_any_system_call(void **state) {
        static const Want BEFORE[] = {
                { "a.json", PLAN_WRITE, PROFILE_INSTALLED, OLD, true },
                { "d.json", PLAN_WRITE, PROFILE_RETIRING, MORE, true },
                { "sub/dir/b.json", PLAN_WRITE, PROFILE_INSTALLED, OLD, true },
        };
        Fixture *fixture = *state;
        bool crashed = true;
        unsigned n;

        for (n = 0; crashed; n++) {
                char *problem = NULL;

                store_done(&fixture->store);
                support_remove_tree(fixture->root);
                assert_int_equal(mkdir(fixture->root, 0755), 0);
                open_store(fixture);
                apply_all(fixture, BEFORE, N_ELEMENTS(BEFORE), 0);
                crashed = crash_at(fixture, n);
                /* the next start */
                assert_int_equal(store_load(&fixture->store, &problem), 0);
                assert_true(is_one_of(fixture, "a.json", OLD, NEW));
                assert_true(is_one_of(fixture, "c.json", NULL, NEW));
                assert_true(is_one_of(fixture, "d.json", NULL, MORE));
                assert_file(fixture, "sub/dir/b.json", OLD);
                assert_owned(fixture, "a.json");
                assert_owned(fixture, "sub/dir/b.json");
                if (exists(fixture, "c.json"))
                        assert_owned(fixture, "c.json");
                if (exists(fixture, "d.json"))
                        assert_owned(fixture, "d.json");
                assert_false(exists(fixture, ".seccompd-tmp-0"));
                assert_false(exists(fixture, ".seccompd-tmp-1"));
        }
        print_message("  crashed at each of %u system calls\n", n - 1);
        assert_true(n > 30);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
                TEST(test_open_makes_what_is_missing),
                TEST(test_open_refuses_links_and_strangers),
                TEST(test_the_destination_itself_and_nested_ones),
                TEST(test_one_instance_at_a_time),
                TEST(test_load_refuses_a_broken_manifest),
                TEST(test_load_removes_temporaries_only),
                TEST(test_observe),
                TEST(test_witness_changes_with_the_file),
                TEST(test_read_is_bounded_and_follows_nothing),
                TEST(test_install_update_remove),
                TEST(test_an_item_without_content_is_left_alone),
                TEST(test_removal_spares_what_is_not_ours),
                TEST(test_who_came_first_is_not_replaced),
                TEST(test_good_bytes_are_kept_while_needed),
                TEST(test_drifted_bytes_are_not_kept_as_good),
                TEST(test_only_retiring_entries_age),
                TEST(test_nothing_but_profiles_parses_as_json),
                TEST(test_a_full_disk_leaves_the_old_files),
                TEST(test_a_read_only_disk_is_said),
                TEST(test_the_writer_answers_as_the_function),
                TEST(test_a_crash_at_any_system_call),
#undef TEST
        };

        return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
