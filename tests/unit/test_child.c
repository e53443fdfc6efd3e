/* SPDX-License-Identifier: Apache-2.0 */

/* Children with one reply stream: what the parent hears, bounds, signals, and that none is left. */

#include "support.h"

#include "node/child.h"

#include "base/cleanup.h"
#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPLY_BYTES (1U << 20)

static void start(
        int (*run)(int fd, void *userdata), void *userdata, size_t max_bytes, Child *child) {
        assert_int_equal(child_start(run, userdata, max_bytes, child), 0);
        assert_true(child->pid > 0);
        assert_true(child->fd >= 0);
}

static void assert_no_children(void) {
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

/* --- what children do --- */

typedef struct Speech {
        size_t size_bytes;
        int status;
} Speech;

static int speak(int fd, void *userdata) {
        const Speech *speech = userdata;

        for (size_t i = 0; i < speech->size_bytes; i++)
                if (fd_write_all(fd, &"0123456789"[i % 10], 1) < 0)
                        return 99;
        return speech->status;
}

static int flood(int fd, void *userdata) {
        char chunk[4096] = {};

        (void) userdata;
        while (fd_write_all(fd, chunk, sizeof(chunk)) == 0)
                ;
        return 99;
}

static int sleep_for_ever(int fd, void *userdata) {
        (void) fd;
        (void) userdata;
        while (pause() < 0)
                ;
        return 99;
}

static int die_by(int fd, void *userdata) {
        (void) fd;
        return raise(*(int *) userdata);
}

static int close_and_leave_late(int fd, void *userdata) {
        (void) userdata;
        if (fd_write_all(fd, "end", 3) < 0)
                return 99;
        close(fd);
        (void) poll(NULL, 0, 50);
        return 3;
}

/* What a child inherits, as text. */
static int describe(int fd, void *userdata) {
        sigset_t mask;
        char text[128];
        int death = 0, blocked = 0, ignored = 0, n;

        (void) userdata;
        prctl(PR_GET_PDEATHSIG, &death);
        sigprocmask(SIG_SETMASK, NULL, &mask);
        for (int number = 1; number < NSIG; number++) {
                struct sigaction action;

                blocked += sigismember(&mask, number) == 1;
                ignored += sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL;
        }
        n = snprintf(text, sizeof(text), "death %d blocked %d handled %d cloexec %d", death,
                blocked, ignored, (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        return fd_write_all(fd, text, (size_t) n);
}

/* --- tests --- */

static void test_the_parent_hears_everything_and_the_status(void **state) {
        static const Speech speeches[] = {
                { 0, 0 },
                { 1, 0 },
                { 10, 7 },
                { 100000, 0 },
                { REPLY_BYTES, 255 },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(speeches); i++) {
                _cleanup_child_ Child child = { .fd = -1 };
                Speech speech = speeches[i];
                int status = -1;

                start(speak, &speech, REPLY_BYTES, &child);
                assert_int_equal(child_wait(&child, &status), 0);
                assert_true(WIFEXITED(status));
                assert_int_equal(WEXITSTATUS(status), speech.status);
                assert_int_equal(child.reply.size, speech.size_bytes);
                for (size_t at = 0; at < child.reply.size; at++)
                        assert_int_equal(child.reply.data[at], "0123456789"[at % 10]);
                assert_true(child.is_at_end);
                assert_false(child.is_too_long);
                assert_int_equal(child.pid, 0);
                assert_no_children();
        }
}

static void test_a_reply_is_bounded_and_its_child_killed(void **state) {
        static const size_t bounds[] = { 0, 1, 65536, 70000 };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(bounds); i++) {
                _cleanup_child_ Child child = { .fd = -1 };
                int status = -1;

                start(flood, NULL, bounds[i], &child);
                assert_int_equal(child_wait(&child, &status), 0);
                assert_true(child.is_too_long);
                assert_true(child.reply.size <= bounds[i]);
                assert_int_equal(child_read(&child), 1);
                assert_true(WIFSIGNALED(status));
                assert_int_equal(WTERMSIG(status), SIGKILL);
        }
        assert_no_children();
}

static void test_reading_does_not_block(void **state) {
        _cleanup_child_ Child child = { .fd = -1 };
        int status = -1;

        (void) state;
        start(sleep_for_ever, NULL, REPLY_BYTES, &child);
        assert_int_equal(child_read(&child), 0);
        assert_int_equal(child_read(&child), 0);
        assert_false(child.is_at_end);
        child_kill(&child);
        assert_int_equal(child_wait(&child, &status), 0);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGKILL);
        assert_int_equal(child_read(&child), 1);
        child_kill(&child); /* already waited for: must reach nobody */
}

static void test_a_read_failure_is_told_and_the_child_is_not_left(void **state) {
        _cleanup_child_ Child child = { .fd = -1 };
        int status = -1, directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        (void) state;
        start(sleep_for_ever, NULL, REPLY_BYTES, &child);
        assert_int_equal(dup2(directory, child.fd), child.fd);
        close(directory);
        assert_int_equal(child_read(&child), -EISDIR);
        assert_int_equal(child_wait(&child, &status), -EISDIR);
        assert_int_equal(status, -1);
        assert_int_equal(child.pid, 0);
        assert_no_children();
}

static void test_a_death_by_signal_is_seen(void **state) {
        static const int signals[] = { SIGSEGV, SIGTERM, SIGXCPU, SIGPIPE, SIGHUP };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(signals); i++) {
                _cleanup_child_ Child child = { .fd = -1 };
                int status = -1, number = signals[i];

                start(die_by, &number, REPLY_BYTES, &child);
                assert_int_equal(child_wait(&child, &status), 0);
                assert_true(WIFSIGNALED(status));
                assert_int_equal(WTERMSIG(status), number);
        }
}

static void test_a_closed_stream_is_not_yet_the_end_of_the_process(void **state) {
        _cleanup_child_ Child child = { .fd = -1 };
        int status = -1;

        (void) state;
        start(close_and_leave_late, NULL, REPLY_BYTES, &child);
        assert_int_equal(child_wait(&child, &status), 0);
        assert_int_equal(WEXITSTATUS(status), 3);
        assert_string_equal(child.reply.data, "end");
}

static void on_signal(int number) {
        (void) number;
}

static void test_a_child_starts_with_clean_signals(void **state) {
        _cleanup_child_ Child child = { .fd = -1 };
        struct sigaction before_usr1, before_pipe, ignore = { .sa_handler = SIG_IGN },
                                                   handle = { .sa_handler = on_signal };
        sigset_t all, before;
        int status = -1, r;

        (void) state;
        sigfillset(&all);
        sigaction(SIGUSR1, &handle, &before_usr1);
        sigaction(SIGPIPE, &ignore, &before_pipe);
        sigprocmask(SIG_SETMASK, &all, &before);
        start(describe, NULL, REPLY_BYTES, &child);
        r = child_wait(&child, &status);
        sigprocmask(SIG_SETMASK, &before, NULL);
        sigaction(SIGUSR1, &before_usr1, NULL);
        sigaction(SIGPIPE, &before_pipe, NULL);
        assert_int_equal(r, 0);
        assert_int_equal(status, 0);
        assert_string_equal(child.reply.data, "death 9 blocked 0 handled 0 cloexec 1");
}

static void test_an_unwanted_child_is_killed_and_reaped(void **state) {
        Child child = { .fd = -1 };

        (void) state;
        start(sleep_for_ever, NULL, REPLY_BYTES, &child);
        child_done(&child);
        assert_int_equal(child.pid, 0);
        assert_int_equal(child.fd, -1);
        assert_null(child.reply.data);
        assert_no_children();
        child_done(&child); /* and nothing is done twice */
}

/* The grandchild reports its own child's pid and leaves: the orphan must die with it. */
static int have_a_child(int fd, void *userdata) {
        Child child = { .fd = -1 };

        (void) userdata;
        if (child_start(sleep_for_ever, NULL, REPLY_BYTES, &child) < 0)
                return 1;
        return fd_write_all(fd, &child.pid, sizeof(child.pid)) < 0;
}

static void test_a_child_dies_with_its_parent(void **state) {
        _cleanup_child_ Child child = { .fd = -1 };
        pid_t orphan = 0;
        int status = -1, killed = 0;

        (void) state;
        prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that the orphan is ours to wait for */
        start(have_a_child, NULL, REPLY_BYTES, &child);
        assert_int_equal(child_wait(&child, &status), 0);
        assert_int_equal(status, 0);
        assert_int_equal(child.reply.size, sizeof(orphan));
        memcpy(&orphan, child.reply.data, sizeof(orphan));
        assert_int_equal(waitpid(orphan, &killed, 0), orphan);
        prctl(PR_SET_CHILD_SUBREAPER, 0);
        /* by the kernel, or by itself when the parent was gone before it could ask for that */
        assert_true(WIFSIGNALED(killed) ? WTERMSIG(killed) == SIGKILL
                                        : WEXITSTATUS(killed) == EXIT_FAILURE);
}

static void test_no_descriptors_no_child(void **state) {
        Child child = { .pid = 42, .fd = -1 };
        struct rlimit before, none;

        (void) state;
        getrlimit(RLIMIT_NOFILE, &before);
        none = (struct rlimit){ .rlim_cur = 0, .rlim_max = before.rlim_max };
        setrlimit(RLIMIT_NOFILE, &none);
        assert_int_equal(child_start(speak, NULL, REPLY_BYTES, &child), -EMFILE);
        setrlimit(RLIMIT_NOFILE, &before);
        assert_int_equal(child.pid, 42); /* untouched */
        assert_no_children();
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_parent_hears_everything_and_the_status),
                cmocka_unit_test(test_a_reply_is_bounded_and_its_child_killed),
                cmocka_unit_test(test_reading_does_not_block),
                cmocka_unit_test(test_a_read_failure_is_told_and_the_child_is_not_left),
                cmocka_unit_test(test_a_death_by_signal_is_seen),
                cmocka_unit_test(test_a_closed_stream_is_not_yet_the_end_of_the_process),
                cmocka_unit_test(test_a_child_starts_with_clean_signals),
                cmocka_unit_test(test_an_unwanted_child_is_killed_and_reaped),
                cmocka_unit_test(test_a_child_dies_with_its_parent),
                cmocka_unit_test(test_no_descriptors_no_child),
        };

        return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
