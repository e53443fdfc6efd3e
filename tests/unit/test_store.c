/* SPDX-License-Identifier: Apache-2.0 */

/* The store, opened and looked at: what is made, what is refused, what is cleaned. */

#include "store_fixture.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

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

static void test_open_says_what_the_disk_refuses(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *root = NULL, *problem = NULL;
        Store store = STORE_CLOSED;
        int r;

        assert_true(asprintf(&root, "%s/read-only", fixture->root) > 0);
        assert_int_equal(mkdir(root, 0755), 0);
        if (mount("tmpfs", root, "tmpfs", MS_RDONLY, NULL) < 0) {
                support_skip("mounting is not permitted here: %s", strerror(errno));
        }
        r = store_open(root, "profiles", &store, &problem);
        assert_int_equal(umount2(root, MNT_DETACH), 0);
        assert_int_equal(r, -EROFS);
        assert_non_null(strstr(problem, "/read-only/seccomp/profiles"));
}

/* A lock that is no file of ours locks nothing. */
static void test_a_lock_that_is_a_link(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_done) Store other = STORE_CLOSED;
        _cleanup_free_ char *path = path_of(fixture, ".seccompd/lock"), *problem = NULL;

        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("/dev/null", path), 0);
        assert_int_equal(store_open(fixture->root, "profiles", &other, &problem), 0);
        assert_int_equal(store_lock(&other), -ELOOP);
        assert_int_equal(other.lock_fd, -1);
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

/* Another instance may have its destination below ours: what it is writing is not ours to clean. */
static void test_load_spares_a_destination_below_ours(void **state) {
        Fixture *fixture = *state;
        _cleanup_(store_done) Store outer = STORE_CLOSED;
        _cleanup_free_ char *problem = NULL, *strange = path_of(fixture, "../.seccompd-tmp-dir");

        put_file(fixture, ".seccompd-tmp-3", "{");
        put_file(fixture, "../.seccompd-tmp-3", "{");
        assert_int_equal(mkdir(strange, 0755), 0); /* never ours: not in the way either */
        assert_int_equal(store_open(fixture->root, ".", &outer, &problem), 0);
        assert_int_equal(store_lock(&outer), 0);
        assert_int_equal(store_load(&outer, &problem), 0);
        assert_true(exists(fixture, ".seccompd-tmp-3"));
        assert_false(exists(fixture, "../.seccompd-tmp-3"));
        assert_true(exists(fixture, "../.seccompd-tmp-dir"));
}

static void test_load_refuses_what_is_no_manifest(void **state) {
        static const char *const MAKE[] = { "mkdir", "mkfifo", "ln -s /etc/passwd",
                "truncate -s 65M" };
        Fixture *fixture = *state;
        _cleanup_free_ char *path = path_of(fixture, ".seccompd/manifest");

        for (size_t i = 0; i < N_ELEMENTS(MAKE); i++) {
                _cleanup_free_ char *command = NULL, *problem = NULL;

                assert_true(asprintf(&command, "rm -rf %s && %s %s", path, MAKE[i], path) > 0);
                assert_int_equal(system(command), 0);
                assert_true(store_load(&fixture->store, &problem) < 0);
                assert_non_null(problem);
        }
}

static void test_a_destination_that_was_removed(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *path = path_of(fixture, "");

        support_remove_tree(path);
        assert_true(store_is_orphaned(&fixture->store));
        assert_int_equal(store_probe_writable(&fixture->store), -ENOENT);
}

/* It is still there for us, and for nobody who asks for it by its path. */
static void test_a_destination_that_was_moved_away(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *path = NULL, *away = NULL;

        assert_true(asprintf(&path, "%s/seccomp/profiles", fixture->root) > 0);
        assert_true(asprintf(&away, "%s/away", fixture->root) > 0);
        assert_int_equal(rename(path, away), 0);
        assert_true(store_is_orphaned(&fixture->store));
        assert_int_equal(mkdir(path, 0755), 0);
        assert_true(store_is_orphaned(&fixture->store));
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(rename(away, path), 0);
        assert_false(store_is_orphaned(&fixture->store));
}

/* The path goes through what is no directory any more. */
static void test_a_destination_whose_parent_was_replaced(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *command = NULL;

        assert_true(
                asprintf(&command, "cd %s && mv seccomp away && touch seccomp", fixture->root) > 0);
        assert_int_equal(system(command), 0);
        assert_true(store_is_orphaned(&fixture->store));
}

/* --- looking --- */

/* No file system has a file of that name, so nothing can stand there or be written. */
#define LONG_64   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG_NAME LONG_64 LONG_64 LONG_64 LONG_64

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
                { "setuid.json", OBSERVED_FILE, true, false },
                { "hard.json", OBSERVED_FILE, true, false },
                { "huge.json", OBSERVED_FILE, false, true },
                { "dir.json", OBSERVED_DIRECTORY, false, false },
                { "a.json/x.json", OBSERVED_DIRECTORY, false, false },
                { "linkdir/x.json", OBSERVED_DIRECTORY, false, false },
                { LONG_NAME ".json", OBSERVED_DIRECTORY, false, false },
                { "link.json", OBSERVED_OTHER, false, false },
                { "fifo.json", OBSERVED_OTHER, false, false },
        };

        apply_all(fixture, INSTALL, 2, 0);
        assert_true(asprintf(&command,
                            "cd %s && install -m 0600 a.json mode.json && install -m 4644 a.json "
                            "setuid.json && install -m 0644 a.json hard.json && "
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

/* Without rights on the way to one name, all other names are looked at all the same. */
static void test_observe_where_it_may_not_go(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *path = path_of(fixture, "secret");
        int status = 0;
        pid_t pid;

        if (geteuid() != 0)
                support_skip("needs root");
        assert_int_equal(mkdir(path, 0700), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                Observed observed = {};

                if (setresuid(65534, 65534, 65534) < 0)
                        _exit(2);
                _exit(store_observe(&fixture->store, "secret/x.json", &observed) != 0 ||
                        observed.kind != OBSERVED_DIRECTORY);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

/* A file that there is no descriptor for is not taken for one that somebody changed. */
static void test_observe_without_descriptors(void **state) {
        Fixture *fixture = *state;
        struct rlimit before, few;
        Observed observed = {};
        int next = dup(STDIN_FILENO), r;

        apply_all(fixture, INSTALL, 2, 0);
        assert_true(next >= 0 && close(next) == 0);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        few = (struct rlimit){ .rlim_cur = (rlim_t) next + 1, .rlim_max = before.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        r = store_observe(&fixture->store, "a.json", &observed);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(r, -EMFILE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
                TEST(test_open_makes_what_is_missing),
                TEST(test_open_refuses_links_and_strangers),
                TEST(test_open_says_what_the_disk_refuses),
                TEST(test_a_lock_that_is_a_link),
                TEST(test_the_destination_itself_and_nested_ones),
                TEST(test_one_instance_at_a_time),
                TEST(test_load_refuses_a_broken_manifest),
                TEST(test_load_removes_temporaries_only),
                TEST(test_load_spares_a_destination_below_ours),
                TEST(test_load_refuses_what_is_no_manifest),
                TEST(test_a_destination_that_was_removed),
                TEST(test_a_destination_that_was_moved_away),
                TEST(test_a_destination_whose_parent_was_replaced),
                TEST(test_observe),
                TEST(test_witness_changes_with_the_file),
                TEST(test_read_is_bounded_and_follows_nothing),
                TEST(test_observe_where_it_may_not_go),
                TEST(test_observe_without_descriptors),
#undef TEST
        };

        return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
