/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The writer stopped at each of its system calls in turn, which is what a crash is, and the order
 * in which it reaches the disk, which is what a power cut is.
 */

#include "store_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

static const Want CRASH[] = {
        { "a.json", PLAN_WRITE, PROFILE_INSTALLED, NEW, true },
        { "c.json", PLAN_WRITE, PROFILE_INSTALLED, NEW, true, false, true },
        { "d.json", PLAN_REMOVE, PROFILE_RETIRING, MORE },
        { "sub/dir/b.json", PLAN_KEEP, PROFILE_STALE, OLD, false, true },
};

static const Want BEFORE[] = {
        { "a.json", PLAN_WRITE, PROFILE_INSTALLED, OLD, true, false, true },
        { "d.json", PLAN_WRITE, PROFILE_RETIRING, MORE, true, false, true },
        { "sub/dir/b.json", PLAN_WRITE, PROFILE_INSTALLED, OLD, true, false, true },
};

/* The writer, stopped before it begins. */
static pid_t start_traced(Fixture *fixture) {
        pid_t pid = fork();
        int status = 0;

        assert_true(pid >= 0);
        if (pid == 0) {
                StoreResult result = {};

                if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
                        _exit(3);
                raise(SIGSTOP);
                _exit(apply(fixture, CRASH, N_ELEMENTS(CRASH), 0, &result) < 0 || result.error < 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 3) {
                support_skip("tracing is not permitted here");
        }
        assert_true(WIFSTOPPED(status));
        return pid;
}

/* Lets it go on to the next way into or out of a system call. Returns false when it has ended. */
static bool step(pid_t pid) {
        int status = 0;

        assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status))
                return true;
        assert_int_equal(WEXITSTATUS(status), 0);
        return false;
}

/* --- crashes --- */

/* Kills it on its way into its n-th system call. Returns false when it ended before. */
static bool crash_at(Fixture *fixture, unsigned n) {
        pid_t pid = start_traced(fixture);
        int status = 0;

        for (unsigned stops = 0; stops < 2 * n; stops++)
                if (!step(pid))
                        return false;
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

/* What the next start finds, whatever came before. */
static void assert_sound(Fixture *fixture) {
        static const char *const OWNED[] = { "a.json", "c.json", "d.json", "sub/dir/b.json" };
        _cleanup_free_ char *path = path_of(fixture, ""), *bytes = NULL, *problem = NULL;
        Digest old = digest_of(OLD, strlen(OLD));
        size_t size_bytes = 0;

        assert_no_stray_json(path, 0); /* temporaries too: before they are cleaned */
        assert_int_equal(store_load(&fixture->store, &problem), 0);
        assert_true(is_one_of(fixture, "a.json", OLD, NEW));
        assert_true(is_one_of(fixture, "c.json", NULL, NEW));
        assert_true(is_one_of(fixture, "d.json", NULL, MORE));
        assert_file(fixture, "sub/dir/b.json", OLD);
        for (size_t i = 0; i < N_ELEMENTS(OWNED); i++)
                if (exists(fixture, OWNED[i]))
                        assert_owned(fixture, OWNED[i]);
        if (manifest_find(&fixture->store.manifest, "sub/dir/b.json")->state == PROFILE_STALE)
                assert_int_equal(store_read_good(&fixture->store, &old, &bytes, &size_bytes), 0);
        assert_false(exists(fixture, ".seccompd-tmp-0"));
        assert_false(exists(fixture, ".seccompd-tmp-1"));
        assert_false(exists(fixture, ".seccompd/.seccompd-tmp-whole"));
}

static void test_a_crash_at_any_system_call(void **state) {
        Fixture *fixture = *state;
        bool crashed = true;
        unsigned n;

        for (n = 0; crashed; n++) {
                store_done(&fixture->store);
                support_remove_tree(fixture->root);
                assert_int_equal(mkdir(fixture->root, 0755), 0);
                open_store(fixture);
                apply_all(fixture, BEFORE, N_ELEMENTS(BEFORE), 0);
                crashed = crash_at(fixture, n);
                assert_sound(fixture);
        }
        print_message("  crashed at each of %u system calls\n", n - 1);
        assert_true(n > 30);
}

/* --- the order --- */

#define ORDER_BYTES 4096

typedef struct Order {
        pid_t pid;
        const char *top; /* of the destination, as /proc spells it */
        char text[ORDER_BYTES];
} Order;

static __attribute__((format(printf, 2, 3))) void note(Order *order, const char *format, ...) {
        size_t used = strlen(order->text);
        va_list args;

        va_start(args, format);
        vsnprintf(order->text + used, sizeof(order->text) - used, format, args);
        va_end(args);
        assert_true(strlen(order->text) < sizeof(order->text) - 1);
}

/* What a descriptor of the writer is, below the destination; "." for that itself. */
static void path_of_fd(const Order *order, int fd, char path[static 256]) {
        char link[64], target[256] = "";
        size_t length = strlen(order->top);

        snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int) order->pid, fd);
        assert_true(readlink(link, target, sizeof(target) - 1) > 0);
        assert_int_equal(strncmp(target, order->top, length), 0);
        snprintf(path, 256, "%s", target[length] ? target + length + 1 : ".");
}

/* A path argument, with its directory. */
static void path_at(const Order *order, uint64_t dir_fd, uint64_t address, char path[static 600]) {
        char directory[256], name[256] = "";
        struct iovec here = { .iov_base = name, .iov_len = sizeof(name) - 1 };
        struct iovec there = { .iov_len = sizeof(name) - 1 };

        memcpy(&there.iov_base, &address, sizeof(address));
        path_of_fd(order, (int) dir_fd, directory);
        assert_true(process_vm_readv(order->pid, &here, 1, &there, 1, 0) > 0);
        snprintf(path, 600, "%s%s%s", strcmp(directory, ".") == 0 ? "" : directory,
                strcmp(directory, ".") == 0 ? "" : "/", name);
}

/* Notes a system call that matters, on its way in. */
static void note_call(Order *order) {
        struct __ptrace_syscall_info info = {};
        const uint64_t *args = (const uint64_t *) info.entry.args;
        char one[600] = "", other[600] = "";

        assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, order->pid, (void *) sizeof(info), &info) > 0);
        if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
                return;
        switch (info.entry.nr) {
        case SYS_fsync:
                path_of_fd(order, (int) args[0], one);
                note(order, "sync %s\n", one);
                break;
        case SYS_renameat:
        case SYS_renameat2:
                path_at(order, args[0], args[1], one);
                path_at(order, args[2], args[3], other);
                note(order, "%s %s to %s\n",
                        info.entry.nr == SYS_renameat2 && args[4] != 0 ? "rename-new" : "rename",
                        one, other);
                break;
        case SYS_unlinkat:
                path_at(order, args[0], args[1], one);
                note(order, "remove %s\n", one);
                break;
        default: break;
        }
}

/* Each file is on the disk before its name is, the manifest before the names it speaks of, and a
 * removal before the manifest that forgets it. */
static void test_the_order_on_disk(void **state) {
        static const char WHOLE[] = ".seccompd-tmp-whole";
        Fixture *fixture = *state;
        _cleanup_free_ char *link = NULL, *expected = NULL;
        char top[256] = "", hex[DIGEST_HEX_SIZE];
        Digest old = digest_of(OLD, strlen(OLD));
        Order order = { .top = top };

        apply_all(fixture, BEFORE, N_ELEMENTS(BEFORE), 0);
        fixture->store.n_unsynced_levels = 0;
        assert_true(asprintf(&link, "/proc/self/fd/%d", fixture->store.dir_fd) > 0);
        assert_true(readlink(link, top, sizeof(top) - 1) > 0);
        digest_hex(&old, hex);
        assert_true(asprintf(&expected,
                            "sync .seccompd\n" /* good, which was made in it */
                            "sync .seccompd/good/%s\n"
                            "rename .seccompd/good/%s to .seccompd/good/%s.json\n"
                            "sync .seccompd/good\n"
                            "sync .seccompd-tmp-0\n"
                            "sync .seccompd-tmp-1\n"
                            "remove d.json\n"
                            "sync .\n"
                            "sync .seccompd/%s\n"
                            "rename .seccompd/%s to .seccompd/manifest\n"
                            "sync .seccompd\n"
                            "rename .seccompd-tmp-0 to a.json\n"
                            "rename-new .seccompd-tmp-1 to c.json\n"
                            "sync .\n",
                            WHOLE, WHOLE, hex, WHOLE, WHOLE) > 0);
        order.pid = start_traced(fixture);
        assert_int_equal(ptrace(PTRACE_SETOPTIONS, order.pid, NULL, PTRACE_O_TRACESYSGOOD), 0);
        while (step(order.pid))
                note_call(&order);
        assert_string_equal(order.text, expected);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
                TEST(test_a_crash_at_any_system_call),
                TEST(test_the_order_on_disk),
#undef TEST
        };

        return cmocka_run_group_tests_name("store_crash", tests, NULL, NULL);
}
