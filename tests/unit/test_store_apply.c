/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Plans carried out in a real directory: what they leave on disk and in the manifest, what a full
 * or read-only disk does, and a kernel that lacks something.
 */

#include "store_fixture.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* --- files and entries --- */

/* The manifest in memory is the one on disk. */
static void assert_disk_agrees(Fixture *fixture) {
        _cleanup_manifest_ Manifest memory = {};
        char *problem = NULL;

        assert_int_equal(manifest_copy(&fixture->store.manifest, &memory), 0);
        assert_int_equal(store_load(&fixture->store, &problem), 0);
        assert_int_equal(memory.generation, fixture->store.manifest.generation);
        assert_true(manifest_has_same_entries(&memory, &fixture->store.manifest));
}

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
        assert_true(digest_is_none(&entry->previous)); /* replaced for good */
        assert_int_equal(entry->generation, 2);
        assert_int_equal(fixture->store.manifest.generation, 2);
        assert_int_equal(store_load(&fixture->store, &problem), 0);
        assert_int_equal(fixture->store.manifest.generation, 2);
        entry = manifest_find(&fixture->store.manifest, "a.json");
        assert_true(digest_equal(&entry->previous, &old)); /* on disk for the crash in between */
        apply_all(fixture, REMOVE, 2, 0);
        assert_false(exists(fixture, "a.json"));
        assert_file(fixture, "sub/dir/b.json", OLD); /* forgotten, not removed */
        assert_int_equal(fixture->store.manifest.n_entries, 0);
}

static void test_an_item_without_content_is_left_alone(void **state) {
        static const Want WRITE[] = { { "a.json", PLAN_WRITE, PROFILE_INSTALLED, NEW } };
        Fixture *fixture = *state;
        Digest old = digest_of(OLD, strlen(OLD));
        StoreResult result = {};

        apply_all(fixture, INSTALL, 2, 0);
        assert_int_equal(apply(fixture, WRITE, 1, 0, &result), 0);
        assert_int_equal(result.error, 0);
        assert_int_equal(result.n_outcomes, 0); /* what was not tried did not succeed */
        settle(fixture, &result);
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

/* Before the rename of an update the version before it stands there: that is ours, too. */
static void test_removal_takes_what_a_crash_left(void **state) {
        static const Want UPDATE[] = { { "a.json", PLAN_WRITE, PROFILE_INSTALLED, NEW, true } };
        static const Want REMOVE[] = { { "a.json", PLAN_REMOVE, PROFILE_RETIRING, OLD } };
        Fixture *fixture = *state;
        char *problem = NULL;

        apply_all(fixture, INSTALL, 2, 0);
        apply_all(fixture, UPDATE, 1, 0);
        put_file(fixture, "a.json", OLD);
        assert_int_equal(store_load(&fixture->store, &problem), 0);
        apply_all(fixture, REMOVE, 1, 0);
        assert_false(exists(fixture, "a.json"));
        assert_null(manifest_find(&fixture->store.manifest, "a.json"));
}

/* What `leaves` does once `wants` were carried out on a.json and sub/dir/b.json. */
static int apply_and_leave(Fixture *fixture, const PlanItem *items, size_t n) {
        const Plan plan = { .items = (PlanItem *) items, .n_items = n };
        const StoreWork work = { .store = &fixture->store, .plan = &plan, .leaves = true };
        StoreResult result = {};
        int error;

        assert_int_equal(store_apply(&work, &result), 0);
        error = result.error;
        settle(fixture, &result);
        return error;
}

static void test_leaving(void **state) {
        static const PlanItem REMOVE[] = {
                { .name = "a.json", .op = PLAN_REMOVE, .state = PROFILE_RETIRING },
                { .name = "sub/dir/b.json", .op = PLAN_REMOVE, .state = PROFILE_RETIRING },
        };
        Fixture *fixture = *state;

        apply_all(fixture, INSTALL, 2, 0);
        put_file(fixture, "sub/theirs.json", MORE);
        /* as long as something is ours, the manifest is needed */
        assert_int_equal(apply_and_leave(fixture, &REMOVE[0], 1), 0);
        assert_false(exists(fixture, "a.json"));
        assert_true(exists(fixture, ".seccompd/manifest"));
        assert_int_equal(apply_and_leave(fixture, &REMOVE[1], 1), 0);
        assert_false(exists(fixture, "sub/dir"));
        assert_false(exists(fixture, ".seccompd"));
        assert_file(fixture, "sub/theirs.json", MORE);
        /* and there is a way back */
        store_done(&fixture->store);
        open_store(fixture);
        apply_all(fixture, INSTALL, 2, 0);
        assert_file(fixture, "a.json", OLD);
}

static void test_leaving_spares_what_is_not_ours(void **state) {
        static const Want KEEP[] = { { "a.json", PLAN_KEEP, PROFILE_RETIRING, OLD, false, true } };
        static const PlanItem GO[] = {
                { .name = "a.json", .op = PLAN_REMOVE, .state = PROFILE_RETIRING },
                { .name = "sub/dir/b.json", .op = PLAN_FORGET, .state = PROFILE_RETIRING },
        };
        Fixture *fixture = *state;

        apply_all(fixture, INSTALL, 2, 0);
        apply_all(fixture, KEEP, 1, 0);
        assert_true(exists(fixture, ".seccompd/good"));
        put_file(fixture, ".seccompd/theirs", MORE);
        assert_int_equal(apply_and_leave(fixture, GO, 2), 0);
        assert_false(exists(fixture, ".seccompd/good"));
        assert_false(exists(fixture, ".seccompd/manifest"));
        assert_false(exists(fixture, ".seccompd/lock"));
        assert_file(fixture, "sub/dir/b.json", OLD);
        assert_true(exists(fixture, ".seccompd/theirs"));
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
        assert_int_equal(result.manifest.generation, 2); /* without a.json, after one with it */
        assert_file(fixture, "a.json", MORE);
        assert_false(exists(fixture, ".seccompd-tmp-0"));
        settle(fixture, &result);
        assert_disk_agrees(fixture);
}

/* A foreign file that is not the one the plan judged is neither adopted nor replaced. */
static void test_a_foreign_file_that_changed_meanwhile(void **state) {
        static const Want WANTS[] = {
                { "a.json", PLAN_ADOPT, PROFILE_INSTALLED, OLD, false, false, false, OLD },
                { "b.json", PLAN_WRITE, PROFILE_INSTALLED, NEW, true, false, false, OLD },
                { "c.json", PLAN_ADOPT, PROFILE_INSTALLED, OLD, false, false, false, OLD },
                { "d.json", PLAN_WRITE, PROFILE_INSTALLED, NEW, true, false, false, OLD },
        };
        Fixture *fixture = *state;
        StoreResult result = {};

        put_file(fixture, "a.json", MORE);
        put_file(fixture, "b.json", MORE);
        put_file(fixture, "c.json", OLD);
        put_file(fixture, "d.json", OLD);
        assert_int_equal(apply(fixture, WANTS, N_ELEMENTS(WANTS), 0, &result), 0);
        assert_int_equal(result.error, 0);
        assert_int_equal(result.n_outcomes, 4);
        assert_int_equal(result.outcomes[0].error, -ESTALE);
        assert_int_equal(result.outcomes[1].error, -ESTALE);
        assert_int_equal(result.outcomes[2].error, 0);
        assert_int_equal(result.outcomes[3].error, 0);
        assert_file(fixture, "b.json", MORE);
        assert_file(fixture, "d.json", NEW);
        settle(fixture, &result);
        assert_int_equal(fixture->store.manifest.n_entries, 2);
        assert_non_null(manifest_find(&fixture->store.manifest, "c.json"));
        assert_non_null(manifest_find(&fixture->store.manifest, "d.json"));
}

static void test_repair_writes_no_manifest(void **state) {
        static const Want REPAIR[] = { { "a.json", PLAN_REPAIR, PROFILE_INSTALLED, OLD, true },
                { "sub/dir/b.json", PLAN_REPAIR, PROFILE_INSTALLED, OLD, true } };
        Fixture *fixture = *state;
        StoreWitness before = {}, after = {};
        _cleanup_free_ char *a = path_of(fixture, "a.json"),
                            *b = path_of(fixture, "sub/dir/b.json");

        apply_all(fixture, INSTALL, 2, 0);
        assert_int_equal(store_witness(&fixture->store, ".seccompd/manifest", &before), 0);
        assert_int_equal(unlink(a), 0);
        assert_int_equal(symlink(a, a), 0);
        assert_int_equal(chmod(b, 0600), 0);
        apply_all(fixture, REPAIR, 2, 0);
        assert_file(fixture, "a.json", OLD);
        assert_file(fixture, "sub/dir/b.json", OLD);
        assert_int_equal(store_witness(&fixture->store, ".seccompd/manifest", &after), 0);
        assert_memory_equal(&before, &after, sizeof(before));
}

/* The digest before is that of the bytes that really stand there: else a crash would make them
 * nobody's. */
static void test_what_a_crash_may_leave_is_known(void **state) {
        static const Want UPDATE[] = { { "a.json", PLAN_WRITE, PROFILE_INSTALLED, NEW, true } };
        static const struct {
                const char *stands, *before;
        } cases[] = { { OLD, OLD }, { MORE, NULL } };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Fixture *fixture = *state;
                Digest none = {}, before = cases[i].before ? digest_of(OLD, strlen(OLD)) : none;
                _cleanup_free_ char *path = path_of(fixture, ".seccompd/manifest");
                char *problem = NULL;

                (void) unlink(path);
                support_remove_tree(fixture->root);
                store_done(&fixture->store);
                assert_int_equal(mkdir(fixture->root, 0755), 0);
                open_store(fixture);
                apply_all(fixture, INSTALL, 2, 0);
                put_file(fixture, "a.json", cases[i].stands);
                apply_all(fixture, UPDATE, 1, 0);
                assert_int_equal(store_load(&fixture->store, &problem), 0);
                assert_true(digest_equal(
                        &manifest_find(&fixture->store.manifest, "a.json")->previous, &before));
        }
}

/* A bad update is not what the installed bytes were made from. */
static void test_a_stale_entry_keeps_its_source_digest(void **state) {
        Fixture *fixture = *state;
        PlanItem item = { .name = "a.json",
                .source = "another",
                .op = PLAN_KEEP,
                .state = PROFILE_STALE,
                .digest = digest_of(OLD, strlen(OLD)),
                .source_digest = digest_of("bad", 3) };
        const Plan plan = { .items = &item, .n_items = 1 };
        const StoreWork work = { .store = &fixture->store, .plan = &plan };
        Digest source = digest_of("s", 1);
        const ManifestEntry *entry;
        StoreResult result = {};

        apply_all(fixture, INSTALL, 2, 0);
        assert_int_equal(store_apply(&work, &result), 0);
        settle(fixture, &result);
        entry = manifest_find(&fixture->store.manifest, "a.json");
        assert_int_equal(entry->state, PROFILE_STALE);
        assert_true(digest_equal(&entry->source_digest, &source));
        assert_string_equal(entry->source, "src");
}

static void test_a_killed_writers_temporary_is_replaced(void **state) {
        Fixture *fixture = *state;

        put_file(fixture, ".seccompd-tmp-0", "{\"defaultAction\":");
        apply_all(fixture, INSTALL, 2, 0);
        assert_file(fixture, "a.json", OLD);
        assert_false(exists(fixture, ".seccompd-tmp-0"));
}

/* Neither a mask nor what it inherited decides the modes. */
static void test_the_umask_is_of_no_account(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *path = path_of(fixture, "sub");
        mode_t mask = umask(0777);
        struct stat st;

        apply_all(fixture, INSTALL, 2, 0);
        umask(mask);
        assert_file(fixture, "a.json", OLD);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0755);
}

static void test_a_batch_needs_few_descriptors(void **state) {
        enum {
                N = 400
        };
        Fixture *fixture = *state;
        struct rlimit before, few;
        Want wants[N];
        char names[N][16];

        for (size_t i = 0; i < N; i++) {
                snprintf(names[i], sizeof(names[i]), "p%04zu.json", i);
                wants[i] =
                        (Want){ names[i], PLAN_WRITE, PROFILE_INSTALLED, OLD, true, false, true };
        }
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        few = before;
        few.rlim_cur = 200;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        apply_all(fixture, wants, N, 0);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(fixture->store.manifest.n_entries, N);
        assert_file(fixture, "p0399.json", OLD);
}

/* Runs in a child for which a system call fails: filesystems and kernels that lack something. */
static void apply_without(Fixture *fixture, int call, int error, const Want *wants, size_t n) {
        pid_t pid;
        int status = 0;

        support_needs_seccomp();
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
                StoreResult result = {};
                bool done = context &&
                        seccomp_rule_add(context, SCMP_ACT_ERRNO((unsigned) error), call, 0) == 0 &&
                        seccomp_load(context) == 0 && apply(fixture, wants, n, 0, &result) == 0 &&
                        result.error == 0;

                for (size_t i = 0; done && i < result.n_outcomes; i++)
                        done = result.outcomes[i].error ==
                                (i == 0 && wants[0].replaces ? -EEXIST : 0);
                _exit(!done);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void test_a_filesystem_without_noreplace(void **state) {
        Fixture *fixture = *state;
        static const Want TAKEN[] = { { "taken.json", PLAN_WRITE, PROFILE_INSTALLED, NEW, true,
                false, true, "" } };

        apply_without(fixture, SCMP_SYS(renameat2), EINVAL, INSTALL, 2);
        assert_file(fixture, "a.json", OLD);
        assert_file(fixture, "sub/dir/b.json", OLD);
        put_file(fixture, "taken.json", MORE);
        apply_without(fixture, SCMP_SYS(renameat2), EINVAL, TAKEN, 1);
        assert_file(fixture, "taken.json", MORE);
        assert_false(exists(fixture, ".seccompd-tmp-0"));
}

static void test_a_hint_that_is_not_taken(void **state) {
        Fixture *fixture = *state;

        apply_without(fixture, SCMP_SYS(sync_file_range), ENOSYS, INSTALL, 2);
        assert_file(fixture, "a.json", OLD);
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

/* The entry stays as it was, and the next pass sees why. */
static void test_drifted_bytes_are_not_kept_as_good(void **state) {
        static const Want STALE[] = { { "a.json", PLAN_KEEP, PROFILE_STALE, OLD, false, true } };
        Fixture *fixture = *state;
        Digest old = digest_of(OLD, strlen(OLD));
        StoreResult result = {};
        char *bytes = NULL;
        size_t size = 0;

        apply_all(fixture, INSTALL, 2, 0);
        put_file(fixture, "a.json", MORE);
        assert_int_equal(apply(fixture, STALE, 1, 0, &result), 0);
        assert_int_equal(result.n_outcomes, 1);
        assert_int_equal(result.outcomes[0].op, PLAN_KEEP);
        assert_int_equal(result.outcomes[0].error, -ESTALE);
        assert_int_equal(manifest_find(&result.manifest, "a.json")->state, PROFILE_INSTALLED);
        store_result_done(&result);
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

/* Two sources claim it, so it is not gone: what it has aged does not count if it goes again. */
static void test_a_contested_entry_stops_retiring(void **state) {
        static const Want GONE[] = { { "a.json", PLAN_KEEP, PROFILE_RETIRING, OLD } };
        Fixture *fixture = *state;
        PlanItem item = { .name = "a.json",
                .source = "src",
                .rival = "other",
                .op = PLAN_KEEP,
                .state = PROFILE_CONFLICT,
                .digest = digest_of(OLD, strlen(OLD)) };
        const Plan plan = { .items = &item, .n_items = 1 };
        const StoreWork work = { .store = &fixture->store, .plan = &plan };
        const ManifestEntry *entry = NULL;
        StoreResult result = {};

        apply_all(fixture, INSTALL, 2, 0);
        apply_all(fixture, GONE, 1, 0);
        apply_all(fixture, GONE, 1, 60);
        assert_int_equal(manifest_find(&fixture->store.manifest, "a.json")->retiring_seconds, 60);
        assert_int_equal(store_apply(&work, &result), 0);
        settle(fixture, &result);
        entry = manifest_find(&fixture->store.manifest, "a.json");
        assert_int_equal(entry->state, PROFILE_STALE);
        assert_int_equal(entry->retiring_seconds, 0);
}

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
                support_skip("mounting is not permitted here: %s", strerror(errno));
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
        assert_int_equal(result.error, 0);
        assert_int_equal(result.outcomes[0].error, -EROFS);
        assert_int_equal(result.manifest.n_entries, 2);
        assert_file(fixture, "a.json", OLD);
        assert_int_equal(store_load(&fixture->store, &problem), 0);
        store_result_done(&result);
        store_done(&fixture->store);
        unmount(fixture);
}

/* What concerns the manifest alone has no item to fail with. */
static void test_a_manifest_that_cannot_be_written_is_said(void **state) {
        static const Want FORGET[] = { { "a.json", PLAN_FORGET, PROFILE_RETIRING, OLD } };
        Fixture *fixture = *state;
        _cleanup_free_ char *path = path_of(fixture, "");
        StoreResult result = {};

        store_done(&fixture->store);
        mount_over(fixture, NULL, 0);
        open_store(fixture);
        apply_all(fixture, INSTALL, 2, 0);
        assert_int_equal(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
        assert_int_equal(apply(fixture, FORGET, 1, 0, &result), 0);
        assert_int_equal(result.error, -EROFS);
        assert_int_equal(result.outcomes[0].error, -EROFS);
        settle(fixture, &result);
        assert_int_equal(fixture->store.manifest.n_entries, 2);
        assert_disk_agrees(fixture);
        store_done(&fixture->store);
        unmount(fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
                TEST(test_install_update_remove),
                TEST(test_an_item_without_content_is_left_alone),
                TEST(test_removal_spares_what_is_not_ours),
                TEST(test_removal_takes_what_a_crash_left),
                TEST(test_leaving),
                TEST(test_leaving_spares_what_is_not_ours),
                TEST(test_who_came_first_is_not_replaced),
                TEST(test_a_foreign_file_that_changed_meanwhile),
                TEST(test_repair_writes_no_manifest),
                TEST(test_what_a_crash_may_leave_is_known),
                TEST(test_a_stale_entry_keeps_its_source_digest),
                TEST(test_a_killed_writers_temporary_is_replaced),
                TEST(test_the_umask_is_of_no_account),
                TEST(test_a_batch_needs_few_descriptors),
                TEST(test_a_filesystem_without_noreplace),
                TEST(test_a_hint_that_is_not_taken),
                TEST(test_good_bytes_are_kept_while_needed),
                TEST(test_drifted_bytes_are_not_kept_as_good),
                TEST(test_only_retiring_entries_age),
                TEST(test_a_contested_entry_stops_retiring),
                TEST(test_nothing_but_profiles_parses_as_json),
                TEST(test_a_full_disk_leaves_the_old_files),
                TEST(test_a_read_only_disk_is_said),
                TEST(test_a_manifest_that_cannot_be_written_is_said),
#undef TEST
        };

        return cmocka_run_group_tests_name("store_apply", tests, NULL, NULL);
}
