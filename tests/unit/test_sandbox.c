/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Confinement, seen from inside: each child enters a sandbox, tries one thing and is judged by how
 * it ends. Everything that the kernel kills for is built with one wait status, so a filter that
 * lets a thing through fails the row. Nothing of this holds in builds without confinement; they
 * only check that descriptors are closed.
 */

#include "support.h"

#include "node/sandbox.h"

#include "base/cleanup.h"
#include "base/fdio.h"
#include "node/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#ifdef SECCOMPD_UNCONFINED
#define SKIP_UNCONFINED() support_skip("this build confines nothing")
#else
#define SKIP_UNCONFINED() support_needs_seccomp()
#endif

#define NOT_CONFINED 99 /* exit status of a child whose sandbox could not be entered */

/* What one child is to try: in a worker's sandbox, with its reply and a scratch memfd. */
typedef struct Attempt {
        int (*run)(int reply_fd, int scratch_fd);
} Attempt;

static int attempt_in_worker(int fd, void *userdata) {
        const Attempt *attempt = userdata;
        int scratch_fd = memfd_create("scratch", MFD_CLOEXEC);
        const int keep_fds[] = { scratch_fd, fd };

        if (scratch_fd < 0 || sandbox_enter_worker(keep_fds, 2) < 0)
                return NOT_CONFINED;
        return attempt->run(fd, scratch_fd);
}

/* Runs it and returns wait(2)'s status; the reply is checked by its size only. */
static int status_of(int (*run)(int fd, void *userdata), void *userdata, Buf *ret_reply) {
        _cleanup_child_ Child child = { .fd = -1 };
        int status = -1;

        assert_int_equal(child_start(run, userdata, 1U << 20, &child), 0);
        assert_int_equal(child_wait(&child, &status), 0);
        if (ret_reply) {
                *ret_reply = child.reply;
                child.reply = (Buf){};
        }
        return status;
}

/* --- what a worker needs --- */

static int use_memory(int reply_fd, int scratch_fd) {
        char *blocks[64] = {};
        void *mapped;

        (void) reply_fd;
        (void) scratch_fd;
        for (size_t i = 0; i < N_ELEMENTS(blocks); i++) { /* below and above mmap's threshold */
                blocks[i] = malloc(i % 2 ? 300000 : 3000);
                if (!blocks[i])
                        return 1;
                memset(blocks[i], 'x', i % 2 ? 300000 : 3000);
        }
        for (size_t i = 0; i < N_ELEMENTS(blocks); i++) {
                blocks[i] = realloc(blocks[i], 400000); /* mremap */
                if (!blocks[i] || blocks[i][2999] != 'x')
                        return 2;
                free(blocks[i]);
                blocks[i] = NULL;
        }
        mapped = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED || mprotect(mapped, 4096, PROT_READ) < 0 ||
                madvise(mapped, 1 << 20, MADV_DONTNEED) < 0 || munmap(mapped, 1 << 20) < 0)
                return 3;
        return 0;
}

static int use_files(int reply_fd, int scratch_fd) {
        char text[] = "reply";
        struct iovec part = { text, 5 };
        char back[8] = {};
        struct stat st;

        if (write(scratch_fd, "12345678", 8) != 8 || lseek(scratch_fd, 0, SEEK_SET) != 0 ||
                read(scratch_fd, back, 4) != 4 || pread(scratch_fd, back + 4, 4, 4) != 4 ||
                memcmp(back, "12345678", 8) != 0 || ftruncate(scratch_fd, 0) < 0)
                return 1;
        if (syscall(SYS_fstat, scratch_fd, &st) < 0 || st.st_size != 0)
                return 2;
        return writev(reply_fd, &part, 1) == 5 ? 0 : 3;
}

static int compare_ints(const void *a, const void *b) {
        return (*(const int *) a > *(const int *) b) - (*(const int *) a < *(const int *) b);
}

static int use_libc(int reply_fd, int scratch_fd) {
        _cleanup_free_ int *numbers = calloc(100000, sizeof(*numbers));
        struct timespec now;
        unsigned char random[4];

        (void) reply_fd;
        (void) scratch_fd;
        if (!numbers)
                return 1;
        for (int i = 0; i < 100000; i++)
                numbers[i] = 100000 - i;
        qsort(numbers, 100000, sizeof(*numbers), compare_ints);
        if (numbers[0] != 1 || syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) < 0 ||
                syscall(SYS_getrandom, random, sizeof(random), 0) != 4)
                return 2;
        return getpid() > 0 && gettid() == getpid() ? 0 : 3;
}

/* Memory that a compiler cannot leave out as unused. */
static char *take_block(size_t size_bytes) {
        char *block = malloc(size_bytes);

        __asm__ volatile("" : "+r"(block) : : "memory");
        return block;
}

static int see_limits(int reply_fd, int scratch_fd) {
        char bytes[4096] = {};
        size_t written = 0;

        (void) reply_fd;
        /* a megabyte fits, all of it */
        for (; written < 1U << 20; written += sizeof(bytes))
                if (write(scratch_fd, bytes, sizeof(bytes)) != sizeof(bytes))
                        return 1;
        /* and far more memory than is there is refused, without killing */
        return take_block(SANDBOX_MEMORY_BYTES + (1U << 20)) ? 2 : 0;
}

static int take_memory(int reply_fd, int scratch_fd) {
        size_t taken = 0;

        (void) scratch_fd;
        for (char *block; (block = take_block(1U << 20)); taken += 1U << 20)
                memset(block, 1, 1U << 20);
        return fd_write_all(reply_fd, &taken, sizeof(taken));
}

static void test_a_worker_has_what_it_needs(void **state) {
        static const struct {
                const char *what;
                Attempt attempt;
                size_t reply_bytes;
        } rows[] = {
                { "memory", { use_memory }, 0 },
                { "files", { use_files }, 5 },
                { "libc", { use_libc }, 0 },
                { "limits", { see_limits }, 0 },
        };

        (void) state;
        SKIP_UNCONFINED();
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                _cleanup_buf_ Buf reply = {};
                Attempt attempt = rows[i].attempt;
                int status = status_of(attempt_in_worker, &attempt, &reply);

                if (status != 0)
                        fail_msg("%s: status %#x", rows[i].what, (unsigned) status);
                assert_int_equal(reply.size, rows[i].reply_bytes);
        }
}

static void test_a_worker_has_its_memory_and_no_more(void **state) {
        _cleanup_buf_ Buf reply = {};
        Attempt attempt = { take_memory };
        size_t taken = 0;

        (void) state;
        SKIP_UNCONFINED();
        assert_int_equal(status_of(attempt_in_worker, &attempt, &reply), 0);
        assert_int_equal(reply.size, sizeof(taken));
        memcpy(&taken, reply.data, sizeof(taken));
        assert_in_range(taken, SANDBOX_MEMORY_BYTES * 3ULL / 4, SANDBOX_MEMORY_BYTES);
}

/* --- what kills a worker --- */

#define TRY(name, call)                                                                            \
        static int try_##name(int reply_fd, int scratch_fd) {                                      \
                (void) reply_fd;                                                                   \
                (void) scratch_fd;                                                                 \
                (void) (call);                                                                     \
                return 0;                                                                          \
        }

TRY(open, open("/etc/passwd", O_RDONLY))
TRY(create, syscall(SYS_openat, AT_FDCWD, "/tmp/x", O_CREAT | O_WRONLY, 0600))
TRY(stat, syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", NULL, 0))
TRY(unlink, syscall(SYS_unlinkat, AT_FDCWD, "/nowhere", 0))
TRY(readlink, syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", NULL, 0))
TRY(socket, socket(AF_INET, SOCK_STREAM, 0))
TRY(fork, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
TRY(execve, execl("/bin/true", "true", NULL))
TRY(execveat, syscall(SYS_execveat, scratch_fd, "", NULL, NULL, AT_EMPTY_PATH))
TRY(kill_parent, kill(getppid(), 0))
TRY(kill_itself, kill(getpid(), SIGTERM))
TRY(ptrace, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
TRY(setuid, syscall(SYS_setuid, 0))
TRY(dup, syscall(SYS_dup, scratch_fd))
TRY(close, close(reply_fd))
TRY(fcntl, fcntl(reply_fd, F_SETFL, 0))
TRY(ioctl, syscall(SYS_ioctl, reply_fd, 0x5401, NULL))
TRY(prctl, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
TRY(setrlimit, setrlimit(RLIMIT_CPU, &(struct rlimit){ 1, 1 }))
TRY(nanosleep, syscall(SYS_nanosleep, &(struct timespec){}, NULL))
TRY(unshare, unshare(CLONE_NEWUSER))
TRY(memfd, memfd_create("more", 0))
TRY(map_executable, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
TRY(make_executable, mprotect(NULL, 0, PROT_EXEC))
TRY(io_uring, syscall(SYS_io_uring_setup, 1, NULL))
TRY(unknown, syscall(100000))

/* The signal that abort(3) sends itself, to others, and another one to itself. */
static int try_abort_init(int reply_fd, int scratch_fd) {
        (void) reply_fd;
        (void) scratch_fd;
        (void) syscall(SYS_tgkill, 1, 1, SIGABRT);
        return 0;
}

static int try_stop_itself(int reply_fd, int scratch_fd) {
        (void) reply_fd;
        (void) scratch_fd;
        (void) syscall(SYS_tgkill, getpid(), getpid(), SIGSTOP);
        return 0;
}

static int try_to_abort(int reply_fd, int scratch_fd) {
        (void) reply_fd;
        (void) scratch_fd;
        abort();
}

static int try_to_corrupt_the_heap(int reply_fd, int scratch_fd) {
        char *block = malloc(40), *again = block;

        (void) reply_fd;
        (void) scratch_fd;
        __asm__ volatile("" : "+r"(again)); /* or the compiler takes it for what it is */
        free(block);
        free(again);
        return 0;
}

static int try_to_spin(int reply_fd, int scratch_fd) {
        (void) reply_fd;
        (void) scratch_fd;
        for (volatile unsigned i = 0; i < UINT_MAX; i++)
                i &= 0xff;
        return 0;
}

static int try_to_fill_the_scratch_file(int reply_fd, int scratch_fd) {
        char bytes[4096] = {};

        (void) reply_fd;
        while (write(scratch_fd, bytes, sizeof(bytes)) > 0)
                ;
        return 0;
}

static void test_what_a_worker_may_not_do_kills_it(void **state) {
        static const struct {
                const char *what;
                Attempt attempt;
                int signal;
        } rows[] = {
                { "open", { try_open }, SIGSYS },
                { "create", { try_create }, SIGSYS },
                { "stat", { try_stat }, SIGSYS },
                { "unlink", { try_unlink }, SIGSYS },
                { "readlink", { try_readlink }, SIGSYS },
                { "socket", { try_socket }, SIGSYS },
                { "fork", { try_fork }, SIGSYS },
                { "execve", { try_execve }, SIGSYS },
                { "execveat", { try_execveat }, SIGSYS },
                { "kill its parent", { try_kill_parent }, SIGSYS },
                { "kill itself", { try_kill_itself }, SIGSYS },
                { "ptrace", { try_ptrace }, SIGSYS },
                { "setuid", { try_setuid }, SIGSYS },
                { "dup", { try_dup }, SIGSYS },
                { "close", { try_close }, SIGSYS },
                { "fcntl", { try_fcntl }, SIGSYS },
                { "ioctl", { try_ioctl }, SIGSYS },
                { "prctl", { try_prctl }, SIGSYS },
                { "setrlimit", { try_setrlimit }, SIGSYS },
                { "nanosleep", { try_nanosleep }, SIGSYS },
                { "unshare", { try_unshare }, SIGSYS },
                { "memfd_create", { try_memfd }, SIGSYS },
                { "mmap executable", { try_map_executable }, SIGSYS },
                { "mprotect executable", { try_make_executable }, SIGSYS },
                { "io_uring", { try_io_uring }, SIGSYS },
                { "an unknown call", { try_unknown }, SIGSYS },
                { "SIGABRT to another", { try_abort_init }, SIGSYS },
                { "SIGSTOP to itself", { try_stop_itself }, SIGSYS },
                { "abort", { try_to_abort }, SIGABRT },
                { "a corrupt heap", { try_to_corrupt_the_heap }, SIGABRT },
                { "spin", { try_to_spin }, SIGXCPU },
                { "a full scratch file", { try_to_fill_the_scratch_file }, SIGXFSZ },
        };

        (void) state;
        SKIP_UNCONFINED();
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                Attempt attempt = rows[i].attempt;
                int status = status_of(attempt_in_worker, &attempt, NULL);

                if (!WIFSIGNALED(status) || WTERMSIG(status) != rows[i].signal)
                        fail_msg("%s: status %#x", rows[i].what, (unsigned) status);
                assert_false(WCOREDUMP(status));
        }
}

/* --- the way in --- */

/* How many descriptors are open, the one that counts left out. */
static int count_fds(void) {
        DIR *dir = opendir("/proc/self/fd");
        int n = 0;

        if (!dir)
                return -1;
        for (const struct dirent *entry; (entry = readdir(dir));)
                n += entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir);
        closedir(dir);
        return n;
}

/* A call that this process may not make from now on: it returns `error` instead. */
static int deny(int number, int error) {
        scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
        int r = seccomp_rule_add(context, SCMP_ACT_ERRNO((uint32_t) error), number, 0);

        if (r == 0)
                r = seccomp_load(context);
        seccomp_release(context);
        return r;
}

typedef struct Closing {
        int denied_errno; /* of close_range(2); 0: it works */
        bool keeps_many;
} Closing;

static int close_descriptors(int fd, void *userdata) {
        const Closing *closing = userdata;
        int keep_fds[] = { 700, fd, 40 };
        size_t n_keep = closing->keeps_many ? 3 : 1, n_stderr = 0;

        for (int i = 0; i < 20; i++) /* gaps between, and one far up */
                if (dup2(fd, 30 + 2 * i) < 0)
                        return 1;
        if (dup2(fd, 700) < 0 || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
                return 2;
        if (closing->denied_errno != 0 && deny(SCMP_SYS(close_range), closing->denied_errno) < 0)
                return 3;
        if (!closing->keeps_many)
                keep_fds[0] = fd;
        if (sandbox_enter_writer(keep_fds, n_keep) < 0)
                return NOT_CONFINED;
#ifdef SECCOMPD_UNCONFINED
        n_stderr = 1;
#endif
        if (count_fds() != (int) (n_keep + n_stderr))
                return 4;
        for (size_t i = 0; i < n_keep; i++)
                if (fd_write_all(keep_fds[i], "x", 1) < 0)
                        return 5;
        return 0;
}

static void test_only_the_kept_descriptors_stay_open(void **state) {
        static const Closing rows[] = {
                { 0, false },
                { 0, true },
                { ENOSYS, true },
                { EPERM, true },
                { EPERM, false },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                _cleanup_buf_ Buf reply = {};
                Closing closing = rows[i];
                int status;

                if (closing.denied_errno != 0)
                        support_needs_seccomp();
                status = status_of(close_descriptors, &closing, &reply);
                if (status != 0)
                        fail_msg("row %zu: status %#x", i, (unsigned) status);
                assert_int_equal(reply.size, closing.keeps_many ? 3 : 1);
        }
}

static int enter_where_closing_fails(int fd, void *userdata) {
        (void) userdata;
        if (deny(SCMP_SYS(close_range), EINVAL) < 0)
                return 1;
        return sandbox_enter_writer(&fd, 1) == -EINVAL ? 0 : 2;
}

static int enter_where_no_filter_is_to_be_had(int fd, void *userdata) {
        (void) userdata;
        if (deny(SCMP_SYS(prctl), EPERM) < 0)
                return 1;
        return sandbox_enter_worker(&fd, 1) == -EPERM ? 0 : 2;
}

static int enter_where_limits_cannot_be_set(int fd, void *userdata) {
        (void) userdata;
        if (deny(SCMP_SYS(prlimit64), EPERM) < 0)
                return 1;
        return sandbox_enter_worker(&fd, 1) == -EPERM ? 0 : 2;
}

static void test_none_goes_on_half_confined(void **state) {
        (void) state;
        support_needs_seccomp();
        assert_int_equal(status_of(enter_where_closing_fails, NULL, NULL), 0);
        SKIP_UNCONFINED();
        assert_int_equal(status_of(enter_where_no_filter_is_to_be_had, NULL, NULL), 0);
        assert_int_equal(status_of(enter_where_limits_cannot_be_set, NULL, NULL), 0);
}

/* Drops every capability for good, as a container that drops ALL starts. */
static int drop_capabilities(void) {
        struct {
                uint32_t version;
                int pid;
        } header = { 0x20080522, 0 }; /* _LINUX_CAPABILITY_VERSION_3 */
        uint32_t data[6] = {};

        return (int) syscall(SYS_capset, &header, data);
}

static int enter_without_capabilities(int fd, void *userdata) {
        struct rlimit low = { 1, 2 };

        (void) userdata;
        /* limits already lower than ours stay as they are */
        if (setrlimit(RLIMIT_CPU, &low) < 0 ||
                setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 20, 30 }) < 0 || drop_capabilities() < 0)
                return 1;
        if (sandbox_enter_writer(&fd, 1) < 0 || sandbox_enter_worker(&fd, 1) < 0)
                return NOT_CONFINED;
        return try_to_spin(fd, -1);
}

static void test_a_worker_needs_no_capability_and_raises_no_limit(void **state) {
        int status;

        (void) state;
        SKIP_UNCONFINED();
        status = status_of(enter_without_capabilities, NULL, NULL);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGXCPU);
}

/* --- the writer --- */

static int live_as_a_writer(int fd, void *userdata) {
        int dir_fd = open(userdata, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const int keep_fds[] = { fd, dir_fd };
        struct rlimit files, core;
        int file;

        if (dir_fd < 0 || sandbox_enter_writer(keep_fds, 2) < 0)
                return NOT_CONFINED;
        file = openat(dir_fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (file < 0 || fd_write_all(file, "x", 1) < 0 || fsync(file) < 0 ||
                renameat(dir_fd, "file", dir_fd, "renamed") < 0)
                return 1;
#ifndef SECCOMPD_UNCONFINED
        if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_max > SANDBOX_WRITER_FDS ||
                getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0)
                return 2;
        if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE) != 0)
                return 3;
#else
        (void) files;
        (void) core;
#endif
        return 0;
}

static void test_a_writer_can_write(void **state) {
        _cleanup_free_ char *path = support_temp_dir();

        (void) state;
        assert_int_equal(status_of(live_as_a_writer, path, NULL), 0);
        support_remove_tree(path);
}

/* --- Landlock --- */

static int live_in_landlock(int fd, void *userdata) {
        int below = open(userdata, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r = sandbox_landlock(&below, 1);

        (void) fd;
        if (r == -EOPNOTSUPP)
                return 77;
        if (r < 0)
                return 1;
        if (mkdirat(below, "a", 0700) < 0 || mkdirat(below, "b", 0700) < 0 ||
                openat(below, "a/file", O_CREAT | O_WRONLY, 0600) < 0 ||
                renameat(below, "a/file", below, "b/file") < 0 ||
                truncate("/nowhere/at/all", 0) == 0 || unlinkat(below, "b/file", 0) < 0 ||
                unlinkat(below, "b", AT_REMOVEDIR) < 0)
                return 2;
        if (symlinkat("x", below, "link") == 0 || mkfifoat(below, "fifo", 0600) == 0)
                return 3;
        if (open("/tmp/seccompd-landlock-escape", O_CREAT | O_WRONLY, 0600) >= 0 || errno != EACCES)
                return 4;
        if (open("/etc/passwd", O_RDONLY) < 0)
                return 5;
        execl("/bin/true", "true", NULL);
        return errno == EACCES ? 0 : 6;
}

static int ask_landlock_of_an_old_kernel(int fd, void *userdata) {
        (void) userdata;
        if (deny(SCMP_SYS(landlock_create_ruleset), ENOSYS) < 0)
                return 1;
        return sandbox_landlock(&fd, 1) == -EOPNOTSUPP ? 0 : 2;
}

static int ask_landlock_for_no_directory(int fd, void *userdata) {
        (void) userdata;
        (void) fd;
        return sandbox_landlock(&(int){ -1 }, 1) == -EBADF ? 0 : 2;
}

static bool has_landlock(void) {
        return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static void test_landlock_keeps_writes_below(void **state) {
        _cleanup_free_ char *path = NULL;
        int status = 0;

        (void) state;
        SKIP_UNCONFINED();
        path = support_temp_dir();
        status = status_of(live_in_landlock, path, NULL);
        support_remove_tree(path);
        assert_int_equal(status, has_landlock() ? 0 : 77 << 8);
        assert_int_equal(status_of(ask_landlock_of_an_old_kernel, NULL, NULL), 0);
        if (has_landlock())
                assert_int_equal(status_of(ask_landlock_for_no_directory, NULL, NULL), 0);
}

static int enter_unprepared(int fd, void *userdata) {
        (void) userdata;
        return sandbox_enter_worker(&fd, 1) < 0 ? 0 : 1;
}

static void test_an_unprepared_worker_does_not_go_on(void **state) {
        (void) state;
        SKIP_UNCONFINED();
        assert_int_equal(status_of(enter_unprepared, NULL, NULL), 0);
}

static void test_preparing_twice_is_preparing_once(void **state) {
        (void) state;
        assert_int_equal(sandbox_prepare(), 0);
        assert_int_equal(sandbox_prepare(), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_unprepared_worker_does_not_go_on),
                cmocka_unit_test(test_preparing_twice_is_preparing_once),
                cmocka_unit_test(test_a_worker_has_what_it_needs),
                cmocka_unit_test(test_a_worker_has_its_memory_and_no_more),
                cmocka_unit_test(test_what_a_worker_may_not_do_kills_it),
                cmocka_unit_test(test_only_the_kept_descriptors_stay_open),
                cmocka_unit_test(test_none_goes_on_half_confined),
                cmocka_unit_test(test_a_worker_needs_no_capability_and_raises_no_limit),
                cmocka_unit_test(test_a_writer_can_write),
                cmocka_unit_test(test_landlock_keeps_writes_below),
        };

        return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
