/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The watch on real directories: what each change is heard as. Tables say what is done and what
 * must be heard of it; an event that is nobody's business must not be heard at all, because each
 * would cost a pass.
 */

#include "support.h"

#include "node/watch.h"

#include "base/cleanup.h"
#include "base/fdio.h"
#include "node/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SWAPPED     WATCH_SOURCE_SWAPPED
#define CHANGED     WATCH_SOURCE_CHANGED
#define DESTINATION WATCH_DESTINATION_CHANGED
#define GONE        WATCH_GONE

typedef struct Fixture {
        char *path;
        int fd; /* of path */
        Watch *watch;
} Fixture;

static int setup(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        fixture->path = support_temp_dir();
        fixture->fd = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fixture->fd >= 0);
        assert_int_equal(watch_new(&fixture->watch), 0);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        Fixture *fixture = *state;

        watch_free(fixture->watch);
        fd_close(fixture->fd);
        support_remove_tree(fixture->path);
        free(fixture->path);
        free(fixture);
        return 0;
}

/* --- what is done --- */

/*
 * A script of steps, separated by spaces, each a letter and a name:
 *
 *     +NAME    makes a file, written and closed        dNAME  makes a directory
 *     wNAME    writes a file that is there             lNAME  makes a link to "target"
 *     rNAME    opens, reads and closes                 -NAME  removes a file or an empty directory
 *     mA,B     renames A to B                          cNAME  changes the mode
 */
static void do_step(Fixture *fixture, char what, char *name) {
        char *comma = strchr(name, ',');
        int fd = -1, r = 0;

        if (comma)
                *comma = '\0';
        switch (what) {
        case '+':
                fd = openat(fixture->fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
                r = fd < 0 || write(fd, "x", 1) != 1 ? -1 : 0;
                break;
        case 'w':
                fd = openat(fixture->fd, name, O_WRONLY | O_TRUNC | O_CLOEXEC);
                r = fd < 0 || write(fd, "y", 1) != 1 ? -1 : 0;
                break;
        case 'r':
                fd = openat(fixture->fd, name, O_RDONLY | O_CLOEXEC);
                r = fd < 0 || read(fd, &(char){ 0 }, 1) < 0 ? -1 : 0;
                break;
        case 'd': r = mkdirat(fixture->fd, name, 0755); break;
        case 'l': r = symlinkat("target", fixture->fd, name); break;
        case '-':
                r = unlinkat(fixture->fd, name, 0);
                if (r < 0 && errno == EISDIR)
                        r = unlinkat(fixture->fd, name, AT_REMOVEDIR);
                break;
        case 'm': r = renameat(fixture->fd, name, fixture->fd, comma + 1); break;
        case 'c': r = fchmodat(fixture->fd, name, 0700, 0); break;
        default: fail_msg("no such step: %c", what);
        }
        if (r < 0)
                fail_msg("%c%s: %s", what, name, strerror(errno));
        fd_close(fd);
}

static void do_steps(Fixture *fixture, const char *steps) {
        _cleanup_free_ char *copy = strdup(steps);
        char *save = NULL;

        for (char *step = strtok_r(copy, " ", &save); step; step = strtok_r(NULL, " ", &save))
                do_step(fixture, *step, step + 1);
}

/* --- what is heard --- */

static uint32_t hear(Fixture *fixture) {
        uint32_t events = 99;
        size_t n = 99;

        assert_int_equal(watch_read(fixture->watch, &events, &n), 0);
        assert_true(n > 0 || events == 0);
        return events;
}

static char *path_of(const Fixture *fixture, const char *name) {
        char *path = NULL;

        assert_true(asprintf(&path, "%s/%s", fixture->path, name) > 0);
        return path;
}

static void arm_source(Fixture *fixture, size_t id, const char *name) {
        _cleanup_free_ char *path = path_of(fixture, name);

        assert_int_equal(watch_source(fixture->watch, id, path), 0);
}

static void arm_destination(Fixture *fixture, const char *name) {
        _cleanup_close_ int fd = openat(fixture->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(watch_destination(fixture->watch, fd), 0);
}

typedef enum Armed {
        AS_SOURCE,
        AS_DESTINATION,
} Armed;

typedef struct Row {
        const char *what;
        const char *before; /* steps before "s", the watched directory, is armed */
        Armed armed;
        const char *steps;
        uint32_t heard;
} Row;

static const Row ROWS[] = {
        /* a volume: only its link counts */
        { "the kubelet's update", "ds ds/..1 ls/..data", AS_SOURCE,
                "ds/..2 cs/..2 ds/..2/x ls/..data_tmp ms/..data_tmp,s/..data -s/..1", SWAPPED },
        { "the kubelet's first steps", "ds ds/..1 ls/..data", AS_SOURCE,
                "ds/..2 cs/..2 ls/..data_tmp", 0 },
        { "visible links come and go", "ds ds/..1 ls/..data ls/old.json", AS_SOURCE,
                "ls/new.json -s/old.json", 0 },
        { "a volume torn down", "ds ds/..1 ls/..data ls/x.json", AS_SOURCE,
                "-s/x.json -s/..data -s/..1", CHANGED | GONE },
        { "a link moved away", "ds ls/..data", AS_SOURCE, "ms/..data,s/..was", CHANGED | GONE },
        { "reading a volume", "ds ls/..data +s/x", AS_SOURCE, "rs/x", 0 },
        /* a plain directory */
        { "a new file", "ds", AS_SOURCE, "+s/x.json", CHANGED },
        { "an edited file", "ds +s/x.json", AS_SOURCE, "ws/x.json", CHANGED },
        { "a file moved in", "ds +x.json", AS_SOURCE, "mx.json,s/x.json", CHANGED },
        { "a file moved out", "ds +s/x.json", AS_SOURCE, "ms/x.json,x.json", CHANGED },
        { "a file removed", "ds +s/x.json", AS_SOURCE, "-s/x.json", CHANGED },
        { "a mode changed", "ds +s/x.json", AS_SOURCE, "cs/x.json", CHANGED },
        { "a new link", "ds", AS_SOURCE, "ls/x.json", CHANGED },
        { "a file read", "ds +s/x.json", AS_SOURCE, "rs/x.json", 0 },
        { "hidden files", "ds", AS_SOURCE, "+s/.x.swp ws/.x.swp -s/.x.swp", 0 },
        { "a hidden file shown", "ds +s/.x", AS_SOURCE, "ms/.x,s/x.json", CHANGED },
        { "a subdirectory made", "ds", AS_SOURCE, "ds/team", CHANGED | GONE },
        { "a subdirectory removed", "ds ds/team", AS_SOURCE, "-s/team", CHANGED | GONE },
        { "a subdirectory moved in", "ds dteam", AS_SOURCE, "mteam,s/team", CHANGED | GONE },
        { "a subdirectory opened to us", "ds ds/team", AS_SOURCE, "cs/team", CHANGED | GONE },
        { "a hidden subdirectory", "ds", AS_SOURCE, "ds/.git", 0 },
        { "a file in a subdirectory", "ds ds/a ds/a/b", AS_SOURCE, "+s/a/b/x.json", CHANGED },
        { "a file in a hidden one", "ds ds/.git", AS_SOURCE, "+s/.git/x.json", 0 },
        { "the directory's own mode", "ds", AS_SOURCE, "cs", CHANGED },
        { "it becomes a volume", "ds", AS_SOURCE, "ls/..data", SWAPPED | GONE },
        { "it is removed", "ds", AS_SOURCE, "-s", GONE },
        { "it is moved away", "ds", AS_SOURCE, "ms,other", GONE },
        { "a neighbour", "ds dother", AS_SOURCE, "+other/x.json dnew +file", 0 },
        /* missing, so what is above it is watched */
        { "it is made", "", AS_SOURCE, "ds", GONE },
        { "it is moved here", "dother", AS_SOURCE, "mother,s", GONE },
        { "a file takes its name", "", AS_SOURCE, "+s", GONE },
        { "the file in its place goes", "+s", AS_SOURCE, "-s", GONE },
        { "others come", "", AS_SOURCE, "dother +file ls1 dss", 0 },
        /* the destination */
        { "a profile edited", "ds +s/x.json", AS_DESTINATION, "ws/x.json", DESTINATION },
        { "a profile removed", "ds +s/x.json", AS_DESTINATION, "-s/x.json", DESTINATION },
        { "a profile replaced", "ds +s/x.json ls/y", AS_DESTINATION, "ms/y,s/x.json", DESTINATION },
        { "a profile's mode", "ds +s/x.json", AS_DESTINATION, "cs/x.json", DESTINATION },
        { "a profile read", "ds +s/x.json", AS_DESTINATION, "rs/x.json", 0 },
        { "our own temporaries", "ds", AS_DESTINATION, "+s/.seccompd-tmp-1 -s/.seccompd-tmp-1", 0 },
        { "our own books", "ds ds/.seccompd", AS_DESTINATION, "+s/.seccompd/manifest", 0 },
        { "a profile below", "ds ds/t +s/t/x.json", AS_DESTINATION, "-s/t/x.json", DESTINATION },
        { "a directory made", "ds", AS_DESTINATION, "ds/t", DESTINATION | GONE },
        { "a link named as a volume's", "ds", AS_DESTINATION, "ls/..data", 0 },
        { "the destination removed", "ds", AS_DESTINATION, "-s", GONE },
};

static void test_changes_are_heard_as_what_they_are(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(ROWS); i++) {
                Fixture *fixture = NULL;
                uint32_t heard;

                setup((void **) &fixture);
                do_steps(fixture, ROWS[i].before);
                if (ROWS[i].armed == AS_SOURCE)
                        arm_source(fixture, 0, "s");
                else
                        arm_destination(fixture, "s");
                assert_int_equal(hear(fixture), 0);
                do_steps(fixture, ROWS[i].steps);
                heard = hear(fixture);
                if (heard != ROWS[i].heard)
                        fail_msg("%s: heard %#x, not %#x", ROWS[i].what, heard, ROWS[i].heard);
                assert_int_equal(hear(fixture), 0);
                teardown((void **) &fixture);
        }
}

/* --- arming again --- */

static void test_what_was_made_is_heard_after_arming_again(void **state) {
        Fixture *fixture = *state;

        do_steps(fixture, "ds");
        arm_source(fixture, 0, "s");
        do_steps(fixture, "ds/team ds/team/a");
        assert_int_equal(hear(fixture), CHANGED | GONE);
        do_steps(fixture, "+s/team/a/x.json");
        assert_int_equal(hear(fixture), 0); /* not yet */
        arm_source(fixture, 0, "s");
        do_steps(fixture, "ws/team/a/x.json");
        assert_int_equal(hear(fixture), CHANGED);
}

static void test_a_missing_source_is_followed_down_and_up(void **state) {
        Fixture *fixture = *state;

        arm_source(fixture, 7, "a/b/c");
        do_steps(fixture, "dx");
        assert_int_equal(hear(fixture), 0);
        do_steps(fixture, "da");
        assert_int_equal(hear(fixture), GONE);
        arm_source(fixture, 7, "a/b/c");
        do_steps(fixture, "-x dy"); /* no longer what is waited for */
        assert_int_equal(hear(fixture), 0);
        do_steps(fixture, "da/b da/b/c");
        assert_int_equal(hear(fixture), GONE);
        arm_source(fixture, 7, "a/b/c");
        do_steps(fixture, "da/b/other +a/b/c/x.json");
        assert_int_equal(hear(fixture), CHANGED);
        do_steps(fixture, "-a/b/c/x.json -a/b/c");
        assert_int_equal(hear(fixture), CHANGED | GONE);
        arm_source(fixture, 7, "a/b/c");
        do_steps(fixture, "da/b/c");
        assert_int_equal(hear(fixture), GONE);
}

static void test_arming_again_loses_nothing_that_is_pending(void **state) {
        Fixture *fixture = *state;

        do_steps(fixture, "ds ls/..data");
        arm_source(fixture, 0, "s");
        do_steps(fixture, "ls/..data_tmp ms/..data_tmp,s/..data");
        arm_source(fixture, 0, "s");
        assert_int_equal(hear(fixture), SWAPPED);
}

static void test_a_directory_moved_away_is_forgotten(void **state) {
        Fixture *fixture = *state;
        uint32_t events = 0;
        size_t n = 99;

        do_steps(fixture, "ds");
        arm_source(fixture, 0, "s");
        do_steps(fixture, "ms,other");
        assert_int_equal(hear(fixture), GONE);
        arm_source(fixture, 0, "s");
        (void) hear(fixture);
        do_steps(fixture, "+other/x.json");
        assert_int_equal(watch_read(fixture->watch, &events, &n), 0);
        assert_int_equal(n, 0); /* by the kernel too */
        do_steps(fixture, "ds");
        assert_int_equal(hear(fixture), GONE);
}

/* --- several roles on one directory --- */

static void test_roles_share_a_directory(void **state) {
        Fixture *fixture = *state;

        arm_source(fixture, 0, "one");
        arm_source(fixture, 1, "two");
        do_steps(fixture, "done");
        assert_int_equal(hear(fixture), GONE);
        arm_source(fixture, 0, "one");
        do_steps(fixture, "dtwo"); /* the first one's departure did not take the second's ear */
        assert_int_equal(hear(fixture), GONE);
        arm_source(fixture, 1, "two");
        do_steps(fixture, "dthree");
        assert_int_equal(hear(fixture), 0);
        do_steps(fixture, "+one/x +two/x");
        assert_int_equal(hear(fixture), CHANGED);
}

static void test_one_directory_is_source_above_and_destination(void **state) {
        Fixture *fixture = *state;

        do_steps(fixture, "ds");
        arm_source(fixture, 0, "s");
        arm_destination(fixture, "s");
        arm_source(fixture, 1, "s/missing");
        do_steps(fixture, "+s/x.json");
        assert_int_equal(hear(fixture), CHANGED | DESTINATION);
        do_steps(fixture, "ws/x.json"); /* the role that needs less came last and deafens nobody */
        assert_int_equal(hear(fixture), CHANGED | DESTINATION);
        do_steps(fixture, "ds/missing");
        assert_int_equal(hear(fixture), CHANGED | DESTINATION | GONE);
        arm_source(fixture, 1, "s/missing");
        do_steps(fixture, "+s/missing/x"); /* 1 is armed there; 0 was not armed again */
        assert_int_equal(hear(fixture), CHANGED);
}

static void test_two_sources_in_the_same_directory(void **state) {
        Fixture *fixture = *state;

        do_steps(fixture, "ds");
        arm_source(fixture, 0, "s");
        arm_source(fixture, 1, "s/");
        arm_source(fixture, 2, "s//");
        do_steps(fixture, "+s/x");
        assert_int_equal(hear(fixture), CHANGED);
        do_steps(fixture, "-s/x -s");
        assert_int_equal(hear(fixture), CHANGED | GONE);
        arm_source(fixture, 1, "s/");
        do_steps(fixture, "ds");
        assert_int_equal(hear(fixture), GONE);
}

/* --- paths --- */

static void test_paths_may_be_relative_or_odd(void **state) {
        static const char *const missing[] = { "s", "s/", "./s", "s//" };
        Fixture *fixture = *state;
        _cleanup_close_ int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r;

        assert_int_equal(fchdir(fixture->fd), 0);
        for (size_t i = 0; i < N_ELEMENTS(missing); i++) {
                assert_int_equal(watch_source(fixture->watch, i, missing[i]), 0);
                do_steps(fixture, "ds");
                assert_int_equal(hear(fixture), GONE);
                assert_int_equal(watch_source(fixture->watch, i, missing[i]), 0);
                do_steps(fixture, "+s/x -s/x -s");
                assert_int_equal(hear(fixture), CHANGED | GONE);
        }
        assert_int_equal(fchdir(before), 0);
        r = watch_source(fixture->watch, 9, "/");
        assert_true(r == 0 || r == -ENOSPC); /* most have more directories than are watched */
        assert_int_equal(watch_source(fixture->watch, 9, "/seccompd-unit-nowhere/a/b"), 0);
}

static int arm_as_nobody(int fd, void *userdata) {
        Fixture *fixture = userdata;
        _cleanup_free_ char *path = path_of(fixture, "shut/s");
        char word[16];
        size_t n;
        uint32_t events = 0;

        if (watch_new(&fixture->watch) < 0 || seteuid(65534) < 0 ||
                watch_source(fixture->watch, 0, path) < 0)
                return 1;
        if (seteuid(0) < 0)
                return 2;
        do_steps(fixture, "+other cshut/s");
        if (watch_read(fixture->watch, &events, &n) < 0 || events != 0)
                return 3;
        if (fchmodat(fixture->fd, "shut", 0755, 0) < 0)
                return 4;
        if (watch_read(fixture->watch, &events, &n) < 0)
                return 5;
        n = (size_t) snprintf(word, sizeof(word), "%u", events);
        return fd_write_all(fd, word, n);
}

/* A source that may not be read is watched from where one may: it is heard when that changes. */
static void test_a_source_that_is_shut_is_heard_when_it_opens(void **state) {
        Fixture *fixture = *state;
        _cleanup_child_ Child child = { .fd = -1 };
        int status = -1;

        if (geteuid() != 0)
                support_skip("needs root");
        assert_int_equal(fchmod(fixture->fd, 0755), 0);
        do_steps(fixture, "dshut dshut/s cshut");
        assert_int_equal(child_start(arm_as_nobody, fixture, 64, &child), 0);
        assert_int_equal(child_wait(&child, &status), 0);
        assert_int_equal(status, 0);
        assert_int_equal(atoi(child.reply.data), GONE);
}

/* --- the queue --- */

static void test_the_descriptor_tells_when_there_is_something(void **state) {
        Fixture *fixture = *state;
        struct pollfd wanted = { .fd = watch_fd(fixture->watch), .events = POLLIN };

        do_steps(fixture, "ds");
        arm_source(fixture, 0, "s");
        assert_int_equal(poll(&wanted, 1, 0), 0);
        do_steps(fixture, "+s/x");
        assert_int_equal(poll(&wanted, 1, 1000), 1);
        assert_int_equal(hear(fixture), CHANGED);
        assert_int_equal(poll(&wanted, 1, 0), 0);
}

static void test_events_are_counted(void **state) {
        Fixture *fixture = *state;
        uint32_t events = 0;
        size_t n = 0;

        do_steps(fixture, "ds");
        arm_source(fixture, 0, "s");
        do_steps(fixture, "+s/x -s/x"); /* CREATE, CLOSE_WRITE, DELETE */
        assert_int_equal(watch_read(fixture->watch, &events, &n), 0);
        assert_int_equal(n, 3);
        assert_int_equal(watch_read(fixture->watch, &events, &n), 0);
        assert_int_equal(n, 0);
}

static void test_an_overflow_is_told(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *limit =
                support_read_file("/proc/sys/fs/inotify/max_queued_events", NULL);
        long n = atol(limit);
        uint32_t heard = 0, more;

        if (n > 100000)
                support_skip("the queue holds %ld events: too many to fill", n);
        do_steps(fixture, "ds +s/a +s/b");
        arm_source(fixture, 0, "s");
        for (long i = 0; i <= n / 2 + 1; i++) { /* not twice the same in a row: those are merged */
                assert_int_equal(fchmodat(fixture->fd, "s/a", 0600, 0), 0);
                assert_int_equal(fchmodat(fixture->fd, "s/b", 0600, 0), 0);
        }
        while ((more = hear(fixture)) != 0) /* one reading is bounded */
                heard |= more;
        assert_int_equal(heard, CHANGED | WATCH_OVERFLOW);
        do_steps(fixture, "+s/c");
        assert_int_equal(hear(fixture), CHANGED);
}

static void test_no_inotify_to_be_had(void **state) {
        struct rlimit before, none;
        Watch *watch = NULL;

        (void) state;
        getrlimit(RLIMIT_NOFILE, &before);
        none = (struct rlimit){ 0, before.rlim_max };
        setrlimit(RLIMIT_NOFILE, &none);
        assert_int_equal(watch_new(&watch), -EMFILE);
        setrlimit(RLIMIT_NOFILE, &before);
        assert_null(watch);
        assert_null(watch_free(NULL));
}

static void test_no_descriptor_is_an_error_and_harms_nothing(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *path = path_of(fixture, "s");
        struct rlimit before, few;
        int r;

        do_steps(fixture, "ds ds/a");
        arm_source(fixture, 0, "s");
        arm_destination(fixture, "s");
        getrlimit(RLIMIT_NOFILE, &before);
        for (rlim_t n = 0; n < 100; n++) {
                few = (struct rlimit){ n, before.rlim_max };
                setrlimit(RLIMIT_NOFILE, &few);
                r = watch_source(fixture->watch, 0, path);
                if (r == 0)
                        r = watch_destination(fixture->watch, fixture->fd);
                setrlimit(RLIMIT_NOFILE, &before);
                if (r == 0)
                        break;
                assert_int_equal(r, -EMFILE);
        }
        assert_int_equal(r, 0);
        do_steps(fixture, "+s/a/x");
        assert_int_equal(hear(fixture), CHANGED | DESTINATION);
}

static void test_a_broken_descriptor_is_told(void **state) {
        Fixture *fixture = *state;
        _cleanup_close_ int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        uint32_t events = 5;
        size_t n = 5;

        assert_int_equal(dup2(directory, watch_fd(fixture->watch)), watch_fd(fixture->watch));
        assert_int_equal(watch_read(fixture->watch, &events, &n), -EISDIR);
        assert_int_equal(events, 5);
        assert_int_equal(watch_source(fixture->watch, 0, fixture->path), -EINVAL);
        assert_int_equal(watch_destination(fixture->watch, fixture->fd), -EINVAL);
}

/* Below the 16th level nothing is heard, and nothing goes wrong. */
static void test_the_depth_is_bounded(void **state) {
        Fixture *fixture = *state;
        static const char path[] = "s/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d"; /* 17 below s */
        char step[64];

        for (int length = 1; length < (int) sizeof(path); length += 2) {
                snprintf(step, sizeof(step), "d%.*s", length, path);
                do_steps(fixture, step);
        }
        arm_source(fixture, 0, "s");
        snprintf(step, sizeof(step), "+%s/x", path);
        do_steps(fixture, step);
        assert_int_equal(hear(fixture), 0);
        snprintf(step, sizeof(step), "+%.*s/x", (int) strlen(path) - 2, path);
        do_steps(fixture, step);
        assert_int_equal(hear(fixture), CHANGED);
}

static void test_the_number_of_directories_is_bounded(void **state) {
        Fixture *fixture = *state;
        _cleanup_free_ char *path = path_of(fixture, "s");
        char step[16];

        do_steps(fixture, "ds do");
        for (unsigned i = 0; i < 2048; i++) {
                snprintf(step, sizeof(step), "ds/%u", i);
                do_steps(fixture, step);
        }
        assert_int_equal(watch_source(fixture->watch, 0, path), -ENOSPC);
        (void) hear(fixture);
        arm_source(fixture, 1, "o"); /* which is another source's affair */
        do_steps(fixture, "+o/x");
        assert_int_equal(hear(fixture), CHANGED);
        do_steps(fixture, "+s/x"); /* what is watched is heard */
        assert_int_equal(hear(fixture), CHANGED);
        do_steps(fixture, "-s/7");
        arm_source(fixture, 0, "s");
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_changes_are_heard_as_what_they_are),
                IN_A_DIRECTORY(test_what_was_made_is_heard_after_arming_again),
                IN_A_DIRECTORY(test_a_missing_source_is_followed_down_and_up),
                IN_A_DIRECTORY(test_arming_again_loses_nothing_that_is_pending),
                IN_A_DIRECTORY(test_a_directory_moved_away_is_forgotten),
                IN_A_DIRECTORY(test_roles_share_a_directory),
                IN_A_DIRECTORY(test_one_directory_is_source_above_and_destination),
                IN_A_DIRECTORY(test_two_sources_in_the_same_directory),
                IN_A_DIRECTORY(test_paths_may_be_relative_or_odd),
                IN_A_DIRECTORY(test_a_source_that_is_shut_is_heard_when_it_opens),
                IN_A_DIRECTORY(test_the_descriptor_tells_when_there_is_something),
                IN_A_DIRECTORY(test_events_are_counted),
                IN_A_DIRECTORY(test_an_overflow_is_told),
                cmocka_unit_test(test_no_inotify_to_be_had),
                IN_A_DIRECTORY(test_no_descriptor_is_an_error_and_harms_nothing),
                IN_A_DIRECTORY(test_a_broken_descriptor_is_told),
                IN_A_DIRECTORY(test_the_depth_is_bounded),
                IN_A_DIRECTORY(test_the_number_of_directories_is_bounded),
        };

        return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
