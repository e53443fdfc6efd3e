/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sources: the option's grammar, plain directories with everything in them that is no profile, and
 * volumes as the kubelet's atomic writer makes them, swapped and torn down while they are read.
 */

#include "support.h"

#include "node/source.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fdio.h"
#include "node/child.h"
#include "profile/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- the option --- */

static void test_specs_are_read(void **state) {
        static const struct {
                const char *text, *name, *path, *subdir;
        } rows[] = {
                { "/profiles", "profiles", "/profiles", "" },
                { "/profiles/main/", "main", "/profiles/main/", "" },
                { "/profiles/main//", "main", "/profiles/main//", "" },
                { "relative", "relative", "relative", "" },
                { "a/b", "b", "a/b", "" },
                { "/profiles:team", "profiles", "/profiles", "team" },
                { "/profiles:team/a", "profiles", "/profiles", "team/a" },
                { "/profiles:", "profiles", "/profiles", "" },
                { "x=/profiles", "x", "/profiles", "" },
                { "x=/profiles:y", "x", "/profiles", "y" },
                { "my team=/p:our profiles", "my team", "/p", "our profiles" },
                { "/a=b", "a=b", "/a=b", "" },
                { "x=/a=b:c=d", "x", "/a=b", "c=d" },
                { "/a:b:c", "a:b", "/a:b", "c" },
                { "x=/", "x", "/", "" },
                { "x=..", "x", "..", "" },
                { "x=.", "x", ".", "" },
                { "\xc3\xa9=/p:\xc3\xa9", "\xc3\xa9", "/p", "\xc3\xa9" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                const CapabilitySet capabilities = { .bits = 42 };
                SourceSpec spec = {};
                const char *problem = NULL;

                if (source_spec_parse(rows[i].text, capabilities, &spec, &problem) < 0)
                        fail_msg("%s: %s", rows[i].text, problem);
                assert_string_equal(spec.name, rows[i].name);
                assert_string_equal(spec.path, rows[i].path);
                assert_string_equal(spec.subdir, rows[i].subdir);
                assert_int_equal(spec.capabilities.bits, 42);
                source_spec_done(&spec);
                assert_null(spec.name);
                source_spec_done(&spec);
        }
}

static void test_wrong_specs_are_refused(void **state) {
        static const struct {
                const char *text, *problem;
        } rows[] = {
                { "", "empty DIR" },
                { ":", "empty DIR" },
                { ":team", "empty DIR" },
                { "x=", "empty DIR" },
                { "x=:y", "empty DIR" },
                { "/", "no name" },
                { "//", "no name" },
                { "=/p", "no name" },
                { ".", "begins with a dot" },
                { "a/..", "begins with a dot" },
                { "/p/.hidden", "begins with a dot" },
                { ".x=/p", "begins with a dot" },
                { "a\nb=/p", "cannot be shown" },
                { "/p\x1b[2J", "cannot be shown" },
                { "x=/p:\xff", "cannot be shown" },
                { "/p:/abs", "relative path" },
                { "/p:a//b", "relative path" },
                { "/p:a/", "must not end" },
                { "/p:..", "begins with a dot" },
                { "/p:a/../b", "begins with a dot" },
                { "/p:.", "begins with a dot" },
                { "/p:.seccompd", "begins with a dot" },
                { "/p:a/.b", "begins with a dot" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                SourceSpec spec = { .name = (char *) 1 };
                const char *problem = NULL;

                if (source_spec_parse(rows[i].text, (CapabilitySet){}, &spec, &problem) != -EINVAL)
                        fail_msg("\"%s\" is accepted", rows[i].text);
                if (!strstr(problem, rows[i].problem))
                        fail_msg("\"%s\": %s", rows[i].text, problem);
                assert_ptr_equal(spec.name, (char *) 1);
        }
}

static void test_states_have_names(void **state) {
        (void) state;
        assert_string_equal(source_state_name(SOURCE_OK), "ok");
        assert_string_equal(source_state_name(SOURCE_MISSING), "missing");
        assert_string_equal(source_state_name(SOURCE_UNREADABLE), "unreadable");
        assert_string_equal(source_state_name(SOURCE_ORPHANED), "orphaned");
}

/* --- a directory to work in --- */

typedef struct Fixture {
        char *path; /* the source */
        int fd;
        SourceSpec spec;
        Snapshot snapshot; /* the last one */
} Fixture;

static int setup(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        fixture->path = support_temp_dir();
        fixture->fd = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fixture->spec = (SourceSpec){ .name = (char *) "main", .path = fixture->path };
        fixture->snapshot.dir_fd = -1;
        assert_true(fixture->fd >= 0);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        Fixture *fixture = *state;

        snapshot_done(&fixture->snapshot);
        fd_close(fixture->fd);
        if (access(fixture->path, F_OK) == 0)
                support_remove_tree(fixture->path);
        free(fixture->path);
        free(fixture);
        return 0;
}

static void put_n(Fixture *fixture, const char *name, const void *bytes, size_t size_bytes) {
        _cleanup_close_ int fd =
                openat(fixture->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (fd < 0)
                fail_msg("%s: %s", name, strerror(errno));
        assert_int_equal(fd_write_all(fd, bytes, size_bytes), 0);
}

static void put(Fixture *fixture, const char *name, const char *text) {
        put_n(fixture, name, text, strlen(text));
}

static void make_dir(Fixture *fixture, const char *name) {
        assert_int_equal(mkdirat(fixture->fd, name, 0755), 0);
}

static void make_link(Fixture *fixture, const char *target, const char *name) {
        assert_int_equal(symlinkat(target, fixture->fd, name), 0);
}

static const Snapshot *take(Fixture *fixture) {
        snapshot_done(&fixture->snapshot);
        assert_int_equal(snapshot_take(&fixture->spec, "*.json", &fixture->snapshot), 0);
        return &fixture->snapshot;
}

static const SourceFile *find(const Snapshot *snapshot, const char *name) {
        for (size_t i = 0; i < snapshot->n_files; i++)
                if (strcmp(snapshot->files[i].name, name) == 0)
                        return &snapshot->files[i];
        fail_msg("%s is not in the snapshot", name);
        return NULL;
}

static void assert_content(const Snapshot *snapshot, const char *name, const char *text) {
        const SourceFile *file = find(snapshot, name);
        Digest digest = digest_of(text, strlen(text));
        _cleanup_free_ char *bytes = NULL;
        size_t size_bytes = 0;

        if (file->problem)
                fail_msg("%s %s", name, file->problem);
        assert_int_equal(file->problem_rule, 0);
        assert_int_equal(file->size_bytes, strlen(text));
        assert_true(digest_equal(&file->digest, &digest));
        assert_int_equal(snapshot_read(snapshot, file, &bytes, &size_bytes), 0);
        assert_int_equal(size_bytes, strlen(text));
        assert_string_equal(bytes, text);
}

static void assert_problem(
        const Snapshot *snapshot, const char *name, unsigned rule, const char *problem) {
        const SourceFile *file = find(snapshot, name);
        char *bytes = NULL;
        size_t size_bytes = 0;

        if (!file->problem || strcmp(file->problem, problem) != 0)
                fail_msg("%s %s", name, file->problem ? file->problem : "is fine");
        assert_int_equal(file->problem_rule, rule);
        assert_true(digest_is_none(&file->digest));
        assert_int_equal(snapshot_read(snapshot, file, &bytes, &size_bytes), -ESTALE);
}

static void assert_state(Fixture *fixture, SourceState expected, const char *problem) {
        const Snapshot *snapshot = take(fixture);

        assert_int_equal(snapshot->state, expected);
        assert_string_equal(snapshot->problem, problem);
        assert_int_equal(snapshot->n_files, 0);
        assert_int_equal(snapshot->dir_fd, -1);
}

/* --- plain directories --- */

static void test_a_plain_directory_is_read_whole(void **state) {
        Fixture *fixture = *state;
        const Snapshot *snapshot = take(fixture);

        assert_int_equal(snapshot->state, SOURCE_OK);
        assert_true(snapshot->is_complete);
        assert_null(snapshot->problem);
        assert_int_equal(snapshot->n_files, 0);
        assert_int_equal(snapshot->n_ignored, 0);
        assert_true(snapshot->dir_fd >= 0);
        make_dir(fixture, "team");
        make_dir(fixture, "team/b");
        make_dir(fixture, ".git");
        put(fixture, "z.json", "{}");
        put(fixture, "a b.json", "[1]");
        put(fixture, "empty.json", "");
        put(fixture, "Z.json", "upper");
        put(fixture, "team/b/deep.json", "deep");
        put(fixture, "team/web.json", "web");
        put(fixture, "team.json", "beside");
        put(fixture, "README.md", "#");
        put(fixture, "team/notes", "#");
        put(fixture, ".hidden.json", "{}");
        put(fixture, ".git/x.json", "{}");
        put(fixture, "\xc3\xa9.json", "accent");
        snapshot = take(fixture);
        assert_int_equal(snapshot->n_files, 8);
        assert_int_equal(snapshot->n_ignored, 2);
        assert_true(snapshot->is_complete);
        for (size_t i = 1; i < snapshot->n_files; i++)
                assert_true(strcmp(snapshot->files[i - 1].name, snapshot->files[i].name) < 0);
        assert_content(snapshot, "Z.json", "upper");
        assert_content(snapshot, "a b.json", "[1]");
        assert_content(snapshot, "empty.json", "");
        assert_content(snapshot, "team/b/deep.json", "deep");
        assert_content(snapshot, "team/web.json", "web");
        assert_content(snapshot, "team.json", "beside");
        assert_content(snapshot, "z.json", "{}");
        assert_content(snapshot, "\xc3\xa9.json", "accent");
}

static void test_the_pattern_decides_what_is_a_profile(void **state) {
        Fixture *fixture = *state;

        put(fixture, "a.json", "{}");
        put(fixture, "b.profile", "{}");
        make_dir(fixture, "sub");
        put(fixture, "sub/c.profile", "{}");
        assert_int_equal(snapshot_take(&fixture->spec, "*.profile", &fixture->snapshot), 0);
        assert_int_equal(fixture->snapshot.n_files, 2);
        assert_int_equal(fixture->snapshot.n_ignored, 1);
        assert_string_equal(fixture->snapshot.files[1].name, "sub/c.profile");
}

static void test_links_stay_inside(void **state) {
        Fixture *fixture = *state;
        const Snapshot *snapshot;

        make_dir(fixture, "real");
        put(fixture, "real/target", "inside");
        make_link(fixture, "real/target", "inside.json");
        make_link(fixture, "../inside.json", "real/up.json");
        make_link(fixture, "/etc/passwd", "absolute.json");
        make_link(fixture, "../../../../../../../etc/passwd", "relative.json");
        make_link(fixture, "nowhere", "dangling.json");
        make_link(fixture, "circle.json", "circle.json");
        make_link(fixture, "real", "directory.json");
        make_link(fixture, "real", "directory");
        make_link(fixture, "/proc/self/fd/0", "magic.json");
        snapshot = take(fixture);
        assert_int_equal(snapshot->n_files, 8);
        assert_int_equal(snapshot->n_ignored, 2);
        assert_content(snapshot, "inside.json", "inside");
        assert_content(snapshot, "real/up.json", "inside");
        assert_problem(snapshot, "absolute.json", 206, "leads out of the source");
        assert_problem(snapshot, "relative.json", 206, "leads out of the source");
        assert_problem(snapshot, "magic.json", 206, "leads out of the source");
        assert_problem(snapshot, "dangling.json", 206, "is a link to nothing");
        assert_problem(snapshot, "circle.json", 206, "is a link that leads in a circle");
        assert_problem(snapshot, "directory.json", 206, "is a directory, not a regular file");
}

static void make_socket(Fixture *fixture, const char *name) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", fixture->path, name);
        assert_int_equal(bind(fd, (const struct sockaddr *) &address, sizeof(address)), 0);
}

static void test_only_regular_files_are_opened(void **state) {
        Fixture *fixture = *state;
        const Snapshot *snapshot;

        make_dir(fixture, "dir.json");
        put(fixture, "dir.json/below.json", "{}");
        assert_int_equal(mkfifoat(fixture->fd, "fifo.json", 0644), 0);
        make_link(fixture, "fifo.json", "to-fifo.json");
        make_socket(fixture, "socket.json");
        put(fixture, "good.json", "{}");
        if (mknodat(fixture->fd, "device.json", S_IFCHR | 0644, makedev(1, 3)) == 0)
                assert_problem(
                        take(fixture), "device.json", 206, "is a device, not a regular file");
        snapshot = take(fixture); /* and does not hang */
        assert_problem(snapshot, "dir.json", 206, "is a directory, not a regular file");
        assert_problem(snapshot, "fifo.json", 206, "is a fifo, not a regular file");
        assert_problem(snapshot, "to-fifo.json", 206, "is a fifo, not a regular file");
        assert_problem(snapshot, "socket.json", 206, "is a socket, not a regular file");
        assert_content(snapshot, "good.json", "{}");
        for (size_t i = 0; i < snapshot->n_files; i++)
                assert_string_not_equal(snapshot->files[i].name, "dir.json/below.json");
        assert_true(snapshot->is_complete);
}

static void test_names_that_cannot_be_shown_are_refused(void **state) {
        static const struct {
                const char *name, *problem;
        } rows[] = {
                { "a\nb.json", "has a line break in its name" },
                { "a\rb.json", "has a line break in its name" },
                { "a\x1b[2Jb.json", "has a control character in its name" },
                { "a\x7f.json", "has a control character in its name" },
                { "a\xe2\x80\xa8.json", "has a control character in its name" },
                { "a\xff.json", "has a name that is not UTF-8" },
                { "a\xc3.json", "has a name that is not UTF-8" },
                { "sub\n/x.json", "has a line break in its name" },
        };
        Fixture *fixture = *state;
        const Snapshot *snapshot;

        make_dir(fixture, "sub\n");
        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                put(fixture, rows[i].name, "{}");
        snapshot = take(fixture);
        assert_int_equal(snapshot->n_files, N_ELEMENTS(rows));
        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                assert_problem(snapshot, rows[i].name, 206, rows[i].problem);
}

static void test_the_size_has_a_limit(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *bytes = malloc(LIMIT_PROFILE_BYTES + 1);
        _cleanup_free_ char *again = NULL;
        size_t size_bytes = 0;
        const Snapshot *snapshot;

        assert_non_null(bytes);
        memset(bytes, ' ', LIMIT_PROFILE_BYTES + 1);
        put_n(fixture, "most.json", bytes, LIMIT_PROFILE_BYTES);
        put_n(fixture, "more.json", bytes, LIMIT_PROFILE_BYTES + 1);
        put(fixture, "vast.json", "");
        {
                _cleanup_close_ int fd = openat(fixture->fd, "vast.json", O_WRONLY | O_CLOEXEC);

                assert_int_equal(ftruncate(fd, 1LL << 40), 0);
        }
        snapshot = take(fixture);
        assert_problem(snapshot, "more.json", 102, "is 1048577 bytes long; the limit is 1048576");
        assert_problem(
                snapshot, "vast.json", 102, "is 1099511627776 bytes long; the limit is 1048576");
        assert_int_equal(
                snapshot_read(snapshot, find(snapshot, "most.json"), &again, &size_bytes), 0);
        assert_int_equal(size_bytes, LIMIT_PROFILE_BYTES);
        assert_memory_equal(bytes, again, size_bytes);
}

static const char TOWER[] = "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d"; /* 17 levels */

static void make_tower(Fixture *fixture) {
        char name[64];

        for (int length = 1; length < (int) sizeof(TOWER); length += 2) {
                snprintf(name, sizeof(name), "%.*s", length, TOWER);
                make_dir(fixture, name);
        }
}

/* 16 levels are read, the 17th is not, and what is missing is not taken for gone. */
static void test_the_depth_has_a_limit(void **state) {
        Fixture *fixture = *state;
        const Snapshot *snapshot;
        char name[64];

        make_tower(fixture);
        for (int length = 1; length < (int) sizeof(TOWER); length += 2) {
                snprintf(name, sizeof(name), "%.*s/x.json", length, TOWER);
                put(fixture, name, "{}");
        }
        snapshot = take(fixture);
        assert_int_equal(snapshot->n_files, 16);
        assert_int_equal(snapshot->state, SOURCE_OK);
        assert_false(snapshot->is_complete);
        assert_string_equal(snapshot->problem,
                "the subdirectory \"d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/\" is too deep to be read");
}

static void test_the_number_has_a_limit_and_is_quick(void **state) {
        Fixture *fixture = *state;
        const Snapshot *snapshot;
        struct timespec before, after;
        char name[32];

        for (unsigned i = 0; i < 10000; i++) { /* in another order than that of the names */
                snprintf(name, sizeof(name), "p%05u.json", (i * 7919U) % 10000U);
                put_n(fixture, name, "{}", 2);
        }
        clock_gettime(CLOCK_MONOTONIC, &before);
        snapshot = take(fixture);
        clock_gettime(CLOCK_MONOTONIC, &after);
        assert_true(after.tv_sec - before.tv_sec < 3);
        assert_int_equal(snapshot->n_files, LIMIT_SOURCE_FILES);
        assert_false(snapshot->is_complete);
        for (unsigned i = 0; i < LIMIT_SOURCE_FILES; i++) {
                snprintf(name, sizeof(name), "p%05u.json", i);
                assert_string_equal(snapshot->files[i].name, name);
                assert_null(snapshot->files[i].problem);
        }
        assert_string_equal(snapshot->problem,
                "has 10000 profiles; the limit is 4096, and those after \"p04095.json\" are left "
                "out");
}

static void test_exactly_the_limit_is_complete(void **state) {
        Fixture *fixture = *state;
        char name[32];

        for (unsigned i = 0; i < LIMIT_SOURCE_FILES; i++) {
                snprintf(name, sizeof(name), "%u.json", i);
                put_n(fixture, name, "", 0);
        }
        assert_true(take(fixture)->is_complete);
        assert_int_equal(fixture->snapshot.n_files, LIMIT_SOURCE_FILES);
        assert_null(fixture->snapshot.problem);
}

/* The first reason why something is missing is told; the second does not hide it. */
static void test_two_reasons_to_be_incomplete(void **state) {
        Fixture *fixture = *state;
        char name[32];

        make_tower(fixture);
        for (unsigned i = 0; i <= LIMIT_SOURCE_FILES; i++) {
                snprintf(name, sizeof(name), "%u.json", i);
                put_n(fixture, name, "", 0);
        }
        assert_false(take(fixture)->is_complete);
        assert_non_null(strstr(fixture->snapshot.problem, "too deep"));
        assert_int_equal(fixture->snapshot.n_files, LIMIT_SOURCE_FILES);
}

/* --- reading again --- */

static void test_bytes_read_again_are_those_that_were_hashed(void **state) {
        Fixture *fixture = *state;
        const Snapshot *snapshot;
        char *bytes = NULL;
        size_t size_bytes = 0;
        struct rlimit before, none;

        put(fixture, "edited.json", "one");
        put(fixture, "removed.json", "two");
        put(fixture, "replaced.json", "three");
        put(fixture, "kept.json", "four");
        snapshot = take(fixture);
        put(fixture, "edited.json", "eno");
        assert_int_equal(unlinkat(fixture->fd, "removed.json", 0), 0);
        assert_int_equal(unlinkat(fixture->fd, "replaced.json", 0), 0);
        assert_int_equal(mkfifoat(fixture->fd, "replaced.json", 0644), 0);
        assert_int_equal(
                snapshot_read(snapshot, find(snapshot, "edited.json"), &bytes, &size_bytes),
                -ESTALE);
        assert_int_equal(
                snapshot_read(snapshot, find(snapshot, "removed.json"), &bytes, &size_bytes),
                -ESTALE);
        assert_int_equal(
                snapshot_read(snapshot, find(snapshot, "replaced.json"), &bytes, &size_bytes),
                -ESTALE);
        assert_null(bytes);
        getrlimit(RLIMIT_NOFILE, &before);
        none = (struct rlimit){ 0, before.rlim_max };
        setrlimit(RLIMIT_NOFILE, &none);
        assert_int_equal(
                snapshot_read(snapshot, find(snapshot, "kept.json"), &bytes, &size_bytes), -EMFILE);
        setrlimit(RLIMIT_NOFILE, &before);
        assert_content(snapshot, "kept.json", "four");
}

/* --- sources that are not there --- */

static void test_a_source_that_cannot_be_read_says_why(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *below = NULL;

        assert_true(asprintf(&below, "%s/none", fixture->path) > 0);
        fixture->spec.path = below;
        assert_state(fixture, SOURCE_MISSING, "the directory does not exist");
        put(fixture, "none", "a file");
        assert_state(fixture, SOURCE_UNREADABLE, "the directory cannot be read: Not a directory");
        assert_int_equal(unlinkat(fixture->fd, "none", 0), 0);
        make_link(fixture, "none", "none");
        assert_state(fixture, SOURCE_UNREADABLE,
                "the directory cannot be read: Too many levels of symbolic links");
        assert_int_equal(unlinkat(fixture->fd, "none", 0), 0);
        make_dir(fixture, "none");
        assert_int_equal(take(fixture)->state, SOURCE_OK);
}

static int take_as_nobody(int fd, void *userdata) {
        Fixture *fixture = userdata;
        Snapshot snapshot = { .dir_fd = -1 };
        _cleanup_buf_ Buf text = {};
        int r;

        if (seteuid(65534) < 0)
                return 1;
        r = snapshot_take(&fixture->spec, "*.json", &snapshot);
        if (seteuid(0) < 0)
                return 2;
        buf_printf(&text, "%d %s %d %s\n", r, source_state_name(snapshot.state),
                snapshot.is_complete, snapshot.problem ? snapshot.problem : "-");
        for (size_t i = 0; i < snapshot.n_files; i++)
                buf_printf(&text, "%s: %s\n", snapshot.files[i].name,
                        snapshot.files[i].problem ? snapshot.files[i].problem : "-");
        snapshot_done(&snapshot);
        return fd_write_all(fd, text.data, text.size);
}

static void assert_child_says(int (*run)(int, void *), Fixture *fixture, const char *expected) {
        _cleanup_child_ Child child = { .fd = -1 };
        int status = -1;

        assert_int_equal(child_start(run, fixture, 1U << 16, &child), 0);
        assert_int_equal(child_wait(&child, &status), 0);
        assert_int_equal(status, 0);
        assert_string_equal(child.reply.data, expected);
}

static void test_what_may_not_be_read_is_named(void **state) {
        Fixture *fixture = *state;

        if (geteuid() != 0)
                support_skip("needs root");
        assert_int_equal(fchmod(fixture->fd, 0755), 0);
        put(fixture, "open.json", "{}");
        put(fixture, "shut.json", "{}");
        assert_int_equal(fchmodat(fixture->fd, "shut.json", 0600, 0), 0);
        assert_child_says(take_as_nobody, fixture,
                "0 ok 1 -\nopen.json: -\nshut.json: cannot be read: Permission denied\n");
        make_dir(fixture, "shut");
        assert_int_equal(fchmodat(fixture->fd, "shut", 0700, 0), 0);
        assert_child_says(take_as_nobody, fixture,
                "0 ok 0 the subdirectory \"shut/\" cannot be read: Permission denied\n"
                "open.json: -\nshut.json: cannot be read: Permission denied\n");
        assert_int_equal(fchmod(fixture->fd, 0744), 0); /* names can be seen, and nothing else */
        assert_child_says(take_as_nobody, fixture,
                "0 unreadable 0 the directory cannot be read: Permission denied\n");
        assert_int_equal(fchmod(fixture->fd, 0700), 0);
        assert_child_says(take_as_nobody, fixture,
                "0 unreadable 0 the directory cannot be read: Permission denied\n");
}

static void test_a_machine_out_of_descriptors_blames_nobody(void **state) {
        Fixture *fixture = *state;
        struct rlimit before, few;

        put(fixture, "a.json", "{}");
        make_dir(fixture, "sub");
        getrlimit(RLIMIT_NOFILE, &before);
        for (rlim_t n = 0;; n++) { /* fails at every descriptor on the way, then not at all */
                Snapshot snapshot = { .dir_fd = -1, .n_ignored = 99 };
                int r;

                few = (struct rlimit){ n, before.rlim_max };
                setrlimit(RLIMIT_NOFILE, &few);
                r = snapshot_take(&fixture->spec, "*.json", &snapshot);
                setrlimit(RLIMIT_NOFILE, &before);
                assert_true(r == 0 || r == -EMFILE);
                assert_true(n < 100);
                if (r < 0) {
                        assert_int_equal(snapshot.n_ignored, 99); /* untouched */
                        continue;
                }
                assert_int_equal(snapshot.state, SOURCE_OK);
                assert_true(snapshot.is_complete);
                assert_null(snapshot.files[0].problem);
                snapshot_done(&snapshot);
                break;
        }
}

/* --- without openat2(2) --- */

static int take_without_openat2(int fd, void *userdata) {
        scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
        int r = seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0);

        if (r < 0 || seccomp_load(context) < 0)
                return 1;
        seccomp_release(context);
        if (chmod(((Fixture *) userdata)->path, 0755) < 0)
                return 2;
        return take_as_nobody(fd, userdata);
}

static void test_an_older_kernel_follows_no_link(void **state) {
        Fixture *fixture = *state;

        if (geteuid() != 0)
                support_skip("needs root");
        support_needs_seccomp();
        make_dir(fixture, "a");
        make_dir(fixture, "a/b");
        put(fixture, "a/b/deep.json", "{}");
        put(fixture, "plain.json", "{}");
        make_link(fixture, "plain.json", "link.json");
        make_link(fixture, "/etc/passwd", "out.json");
        assert_child_says(take_without_openat2, fixture,
                "0 ok 1 -\na/b/deep.json: -\n"
                "link.json: is a link, which cannot be followed safely on this kernel\n"
                "out.json: is a link, which cannot be followed safely on this kernel\n"
                "plain.json: -\n");
}

/* --- volumes --- */

/* One update as the kubelet writes it. */
static void publish(Fixture *fixture, const char *timestamp, const char *text) {
        char name[64];

        make_dir(fixture, timestamp);
        snprintf(name, sizeof(name), "%s/web.json", timestamp);
        put(fixture, name, text);
        snprintf(name, sizeof(name), "%s/team", timestamp);
        make_dir(fixture, name);
        snprintf(name, sizeof(name), "%s/team/deep.json", timestamp);
        put(fixture, name, text);
        make_link(fixture, timestamp, "..data_tmp");
        assert_int_equal(renameat(fixture->fd, "..data_tmp", fixture->fd, "..data"), 0);
}

static void test_a_volume_is_read_through_its_link(void **state) {
        Fixture *fixture = *state;
        const Snapshot *snapshot;

        publish(fixture, "..2026_01", "one");
        make_link(fixture, "..data/web.json", "web.json");
        make_link(
                fixture, "..data/gone.json", "gone.json"); /* not yet removed, as older kubelets */
        snapshot = take(fixture);
        assert_int_equal(snapshot->n_files, 2);
        assert_content(snapshot, "web.json", "one");
        assert_content(snapshot, "team/deep.json", "one");
        publish(fixture, "..2026_02", "two");
        assert_content(snapshot, "web.json", "one"); /* what was read stays what it was */
        snapshot = take(fixture);
        assert_int_equal(snapshot->n_files, 2);
        assert_content(snapshot, "web.json", "two");
}

static void test_an_empty_volume_is_fine_and_empty(void **state) {
        Fixture *fixture = *state;

        make_dir(fixture, "..2026_01");
        make_link(fixture, "..2026_01", "..data");
        assert_int_equal(take(fixture)->state, SOURCE_OK);
        assert_true(fixture->snapshot.is_complete);
        assert_int_equal(fixture->snapshot.n_files, 0);
}

static void test_a_volume_link_leads_to_a_neighbour_or_nowhere(void **state) {
        static const struct {
                const char *target;
                SourceState state;
                const char *problem;
        } rows[] = {
                { "..none", SOURCE_MISSING, "the link ..data leads to nothing" },
                { "/etc", SOURCE_UNREADABLE, "the link ..data leads out of the directory" },
                { "..", SOURCE_UNREADABLE, "the link ..data leads out of the directory" },
                { "../x", SOURCE_UNREADABLE, "the link ..data leads out of the directory" },
                { "sub/dir", SOURCE_UNREADABLE, "the link ..data leads out of the directory" },
                { "file", SOURCE_UNREADABLE, "the directory cannot be read: Not a directory" },
                { "link", SOURCE_UNREADABLE, "the directory cannot be read: Not a directory" },
        };
        Fixture *fixture = *state;
        char longest[400];

        put(fixture, "file", "{}");
        make_link(fixture, "/etc", "link");
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                make_link(fixture, rows[i].target, "..data");
                assert_state(fixture, rows[i].state, rows[i].problem);
                assert_int_equal(unlinkat(fixture->fd, "..data", 0), 0);
        }
        memset(longest, 'x', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        make_link(fixture, longest, "..data");
        assert_state(fixture, SOURCE_UNREADABLE, "the link ..data leads out of the directory");
        assert_int_equal(unlinkat(fixture->fd, "..data", 0), 0);
        make_dir(fixture, "..data"); /* no link, no volume */
        put(fixture, "x.json", "{}");
        assert_content(take(fixture), "x.json", "{}");
}

static void test_a_volume_torn_down_is_an_orphan(void **state) {
        Fixture *fixture = *state;
        char path[64];

        /* what a mount of a removed directory is, an open descriptor on it is too */
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fixture->fd);
        fixture->spec.path = path;
        assert_int_equal(rmdir(fixture->path), 0);
        assert_state(fixture, SOURCE_ORPHANED, "the directory was removed while it is in use here");
}

/* Swaps the volume between two versions as fast as it can until it is killed. */
static int keep_swapping(int fd, void *userdata) {
        Fixture *fixture = userdata;
        static const char *const targets[] = { "..a", "..b" };

        (void) fd;
        for (unsigned i = 0;; i++)
                if (symlinkat(targets[i % 2], fixture->fd, "..data_tmp") < 0 ||
                        renameat(fixture->fd, "..data_tmp", fixture->fd, "..data") < 0)
                        return 1;
}

/* One version or the other, whole, or word that it kept changing: never a mixture. */
static void test_a_snapshot_is_never_of_two_versions(void **state) {
        Fixture *fixture = *state;
        _cleanup_child_ Child child = { .fd = -1 };
        unsigned n_taken = 0;

        publish(fixture, "..a", "version a");
        publish(fixture, "..b", "version b");
        assert_int_equal(child_start(keep_swapping, fixture, 16, &child), 0);
        for (unsigned i = 0; i < 300; i++) {
                Snapshot snapshot = { .dir_fd = -1 };
                int r = snapshot_take(&fixture->spec, "*.json", &snapshot);

                assert_true(r == 0 || r == -EAGAIN);
                if (r < 0)
                        continue;
                n_taken++;
                assert_int_equal(snapshot.state, SOURCE_OK);
                assert_int_equal(snapshot.n_files, 2);
                assert_true(digest_equal(&snapshot.files[0].digest, &snapshot.files[1].digest));
                snapshot_done(&snapshot);
        }
        assert_true(n_taken > 0);
        assert_int_equal(kill(child.pid, 0), 0);
}

/* In a plain directory too: a file that is replaced by rename all the time is never absent. */
static int keep_replacing(int fd, void *userdata) {
        Fixture *fixture = userdata;

        (void) fd;
        for (;;) {
                int file = openat(fixture->fd, "tmp", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

                if (file < 0 || write(file, "new", 3) != 3 || close(file) < 0 ||
                        renameat(fixture->fd, "tmp", fixture->fd, "web.json") < 0)
                        return 1;
        }
}

static void test_a_file_that_is_replaced_is_never_absent(void **state) {
        Fixture *fixture = *state;
        _cleanup_child_ Child child = { .fd = -1 };

        put(fixture, "web.json", "new");
        assert_int_equal(child_start(keep_replacing, fixture, 16, &child), 0);
        for (unsigned i = 0; i < 300; i++) {
                Snapshot snapshot = { .dir_fd = -1 };

                if (snapshot_take(&fixture->spec, "*.json", &snapshot) < 0)
                        continue;
                assert_int_equal(snapshot.n_files, 1);
                assert_null(snapshot.files[0].problem);
                assert_int_equal(snapshot.files[0].size_bytes, 3);
                snapshot_done(&snapshot);
        }
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_specs_are_read),
                cmocka_unit_test(test_wrong_specs_are_refused),
                cmocka_unit_test(test_states_have_names),
                IN_A_DIRECTORY(test_a_plain_directory_is_read_whole),
                IN_A_DIRECTORY(test_the_pattern_decides_what_is_a_profile),
                IN_A_DIRECTORY(test_links_stay_inside),
                IN_A_DIRECTORY(test_only_regular_files_are_opened),
                IN_A_DIRECTORY(test_names_that_cannot_be_shown_are_refused),
                IN_A_DIRECTORY(test_the_size_has_a_limit),
                IN_A_DIRECTORY(test_the_depth_has_a_limit),
                IN_A_DIRECTORY(test_the_number_has_a_limit_and_is_quick),
                IN_A_DIRECTORY(test_exactly_the_limit_is_complete),
                IN_A_DIRECTORY(test_two_reasons_to_be_incomplete),
                IN_A_DIRECTORY(test_bytes_read_again_are_those_that_were_hashed),
                IN_A_DIRECTORY(test_a_source_that_cannot_be_read_says_why),
                IN_A_DIRECTORY(test_what_may_not_be_read_is_named),
                IN_A_DIRECTORY(test_a_machine_out_of_descriptors_blames_nobody),
                IN_A_DIRECTORY(test_an_older_kernel_follows_no_link),
                IN_A_DIRECTORY(test_a_volume_is_read_through_its_link),
                IN_A_DIRECTORY(test_an_empty_volume_is_fine_and_empty),
                IN_A_DIRECTORY(test_a_volume_link_leads_to_a_neighbour_or_nowhere),
                IN_A_DIRECTORY(test_a_volume_torn_down_is_an_orphan),
                IN_A_DIRECTORY(test_a_snapshot_is_never_of_two_versions),
                IN_A_DIRECTORY(test_a_file_that_is_replaced_is_never_absent),
        };

        return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
