/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a child may do. A worker reads strangers' text with libraries written in C: it is left with
 * its memory, its reply and a scratch file, four seconds of processor time, and no call that
 * reaches anything else, its parent's process least of all. Whatever a runtime's own profile around
 * us refuses has a way round or makes the child give up: none goes on half confined. Limits are
 * only ever lowered, so no capability is needed.
 *
 * Memory is bounded by the address space, not by RLIMIT_DATA, which leaves shared mappings and the
 * stack out. The bound is counted from what the child inherited, so it means the same under every
 * libc and for a daemon of any size.
 *
 * With -DSECCOMPD_UNCONFINED (sanitizers, coverage) only descriptors are closed and processor time
 * is limited: those tools open files, map terabytes and run slowly.
 */

#include "node/sandbox.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define SANDBOX_SCRATCH_BYTES (1U << 20) /* twice the largest program that libseccomp exports */

static int lower(int resource, rlim_t soft, rlim_t hard) {
        struct rlimit limit;

        if (getrlimit(resource, &limit) < 0)
                return -errno;
        if (limit.rlim_max > hard)
                limit.rlim_max = hard;
        if (limit.rlim_cur > soft)
                limit.rlim_cur = soft;
        if (limit.rlim_cur > limit.rlim_max)
                limit.rlim_cur = limit.rlim_max;
        return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

static void closedirp(DIR **dir) {
        if (*dir)
                closedir(*dir);
}

/* For kernels before 5.9, and for profiles around us that do not know close_range(2). */
static int close_listed(unsigned first, unsigned last) {
        _cleanup_(closedirp) DIR *dir = opendir("/proc/self/fd");
        const struct dirent *entry;

        if (!dir)
                return -errno;
        errno = 0;
        while ((entry = readdir(dir))) {
                unsigned long fd = strtoul(entry->d_name, NULL, 10);

                if (entry->d_name[0] != '.' && fd >= first && fd <= last &&
                        fd != (unsigned long) dirfd(dir))
                        close((int) fd);
                errno = 0;
        }
        return -errno;
}

static int close_between(unsigned first, unsigned last) {
        if (syscall(SYS_close_range, first, last, 0) == 0)
                return 0;
        return errno == ENOSYS || errno == EPERM ? close_listed(first, last) : -errno;
}

static int close_others(const int *keep, size_t n_keep) {
        unsigned next = 0;

        for (;;) {
                unsigned lowest = UINT_MAX; /* of those still to keep */
                int r = 0;

                for (size_t i = 0; i < n_keep; i++)
                        if ((unsigned) keep[i] >= next && (unsigned) keep[i] < lowest)
                                lowest = (unsigned) keep[i];
                if (lowest == UINT_MAX)
                        return close_between(next, INT_MAX);
                if (lowest > next)
                        r = close_between(next, lowest - 1);
                if (r < 0)
                        return r;
                next = lowest + 1;
        }
}

#ifdef SECCOMPD_UNCONFINED

#define UNCONFINED_KEEP_FDS_MAX 8
#define UNCONFINED_SLOWNESS     4U

int sandbox_prepare(void) {
        return 0;
}

int sandbox_prepare_with_stdio(void) {
        return 0;
}

int sandbox_enter_worker(const int *keep_fds, size_t n_keep_fds) {
        rlim_t seconds = UNCONFINED_SLOWNESS * SANDBOX_CPU_SECONDS;
        int r = lower(RLIMIT_CPU, seconds, seconds + 1);

        return r < 0 ? r : sandbox_enter_writer(keep_fds, n_keep_fds);
}

int sandbox_enter_writer(const int *keep_fds, size_t n_keep_fds) {
        int with_stderr[UNCONFINED_KEEP_FDS_MAX + 1] = {
                STDERR_FILENO
        }; /* sanitizers speak there */

        if (n_keep_fds > UNCONFINED_KEEP_FDS_MAX)
                return -EINVAL;
        memcpy(with_stderr + 1, keep_fds, n_keep_fds * sizeof(*keep_fds));
        return close_others(with_stderr, n_keep_fds + 1);
}

int sandbox_landlock(const int *dir_fds, size_t n_dir_fds) {
        (void) dir_fds;
        (void) n_dir_fds;
        return 0;
}

#else

#define STDIO_FDS 3U

/*
 * The worker's filter. File-scope state on purpose: compiled once, before the first fork and while
 * the process may still do everything, and as long-lived as the process. A worker puts its process
 * id into its own copy.
 */
static struct sock_fprog worker_filter;
static bool worker_has_stdio; /* and so is this */

/* --- limits --- */

/* What this process has mapped now, in bytes (proc(5), statm). */
static int mapped_bytes(rlim_t *ret_bytes) {
        _cleanup_fclose_ FILE *file = fopen("/proc/self/statm", "re");
        unsigned long long pages = 0;

        if (!file)
                return -errno;
        if (fscanf(file, "%llu", &pages) != 1)
                return -EIO;
        *ret_bytes = (rlim_t) pages * (rlim_t) sysconf(_SC_PAGESIZE);
        return 0;
}

static int limit_worker(rlim_t mapped) {
        const struct {
                int resource;
                rlim_t most;
        } limits[] = {
                { RLIMIT_AS, mapped + SANDBOX_MEMORY_BYTES },
                { RLIMIT_FSIZE, SANDBOX_SCRATCH_BYTES }, { RLIMIT_CORE, 0 }, { RLIMIT_NPROC, 0 },
                { RLIMIT_NOFILE, worker_has_stdio ? STDIO_FDS : 0 }, /* what is open stays open */
        };
        int r = lower(RLIMIT_CPU, SANDBOX_CPU_SECONDS, SANDBOX_CPU_SECONDS + 1);

        for (size_t i = 0; i < N_ELEMENTS(limits) && r == 0; i++)
                r = lower(limits[i].resource, limits[i].most, limits[i].most);
        return r;
}

static int drop_privileges(void) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return -errno;
        return 0;
}

/* --- the filter --- */

/* Stands in the filter for the worker's own process id, which only the worker knows: more than any
 * process id, so that it allows nothing should it ever be left in place. */
#define OWN_PID   0x7fffffffU

typedef struct FilterRule {
        int number;
        unsigned n_conditions;
        struct scmp_arg_cmp conditions[2];
} FilterRule;

static const FilterRule ALLOWED[] = {
        /* memory, but none that can be executed */
        { SCMP_SYS(brk) },
        { SCMP_SYS(munmap) },
        { SCMP_SYS(mremap) },
        { SCMP_SYS(madvise) },
        { SCMP_SYS(mmap), 1, { { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } } },
        { SCMP_SYS(mprotect), 1, { { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } } },
        { SCMP_SYS(futex) },
        /* the reply and the scratch file: nothing else is open */
        { SCMP_SYS(write) },
        { SCMP_SYS(writev) }, /* libc's last words */
        { SCMP_SYS(read) },
        { SCMP_SYS(pread64) },
        { SCMP_SYS(lseek) },
        { SCMP_SYS(ftruncate) },
        { SCMP_SYS(fstat) },
        /* what libc may ask */
        { SCMP_SYS(clock_gettime) },
        { SCMP_SYS(getrandom) },
        { SCMP_SYS(getpid) },
        { SCMP_SYS(gettid) },
        { SCMP_SYS(restart_syscall) },
        /* the end; abort(3) is a signal to itself, and to nobody else */
        { SCMP_SYS(exit) },
        { SCMP_SYS(exit_group) },
        { SCMP_SYS(rt_sigreturn) },
        { SCMP_SYS(rt_sigprocmask) },
        { SCMP_SYS(rt_sigaction) },
        { SCMP_SYS(tgkill), 2, { { 0, SCMP_CMP_EQ, OWN_PID }, { 2, SCMP_CMP_EQ, SIGABRT } } },
};

static const FilterRule ALLOWED_FOR_STDIO[] = {
        { SCMP_SYS(dup) },
        { SCMP_SYS(close) },
        { SCMP_SYS(fcntl), 1, { { 1, SCMP_CMP_EQ, F_GETFL } } },
        { SCMP_SYS(fcntl), 1, { { 1, SCMP_CMP_EQ, F_SETFL } } },
        { SCMP_SYS(fcntl64), 1, { { 1, SCMP_CMP_EQ, F_GETFL } } },
        { SCMP_SYS(fcntl64), 1, { { 1, SCMP_CMP_EQ, F_SETFL } } },
};

static int add_rules_of(scmp_filter_ctx context, const FilterRule *rules, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++)
                r = seccomp_rule_add_array(context, SCMP_ACT_ALLOW, rules[i].number,
                        rules[i].n_conditions, rules[i].conditions);
        return r;
}

static int add_rules(scmp_filter_ctx context) {
        /* qsort(3) asks for the size of the memory, and does without an answer */
        int r = seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(sysinfo), 0);

        if (r == 0)
                r = add_rules_of(context, ALLOWED, N_ELEMENTS(ALLOWED));
        /* stdio asks for the file's block size, and does without an answer */
        if (r == 0 && worker_has_stdio)
                r = seccomp_rule_add(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(newfstatat), 0);
        if (r == 0 && worker_has_stdio)
                r = add_rules_of(context, ALLOWED_FOR_STDIO, N_ELEMENTS(ALLOWED_FOR_STDIO));
        return r;
}

static int export_filter(scmp_filter_ctx context, int fd) {
        _cleanup_free_ struct sock_filter *insns = NULL;
        off_t size;
        int r = seccomp_export_bpf(context, fd);

        if (r < 0)
                return r;
        size = lseek(fd, 0, SEEK_END);
        if (size <= 0 || size % (off_t) sizeof(*insns) != 0)
                return -EIO;
        insns = malloc((size_t) size);
        if (!insns)
                return -ENOMEM;
        if (pread(fd, insns, (size_t) size, 0) != (ssize_t) size)
                return -EIO;
        worker_filter.len = (unsigned short) ((size_t) size / sizeof(*insns));
        worker_filter.filter = TAKE_PTR(insns);
        return 0;
}

int sandbox_prepare(void) {
        _cleanup_close_ int fd = -1;
        scmp_filter_ctx context = NULL;
        int r;

        if (worker_filter.filter)
                return 0;
        fd = memfd_create("seccompd-sandbox", MFD_CLOEXEC);
        if (fd < 0)
                return -errno;
        context = seccomp_init(seccomp_api_get() >= 3 ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_KILL);
        if (!context)
                return -ENOMEM;
        r = add_rules(context);
        if (r == 0)
                r = export_filter(context, fd);
        seccomp_release(context);
        return r;
}

int sandbox_prepare_with_stdio(void) {
        worker_has_stdio = true;
        return sandbox_prepare();
}

static int install_filter(void) {
        for (size_t i = 0; i < worker_filter.len; i++) {
                struct sock_filter *insn = &worker_filter.filter[i];

                if (insn->code == (BPF_JMP | BPF_JEQ | BPF_K) && insn->k == OWN_PID)
                        insn->k = (uint32_t) getpid();
        }
        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &worker_filter, 0, 0) < 0 ? -errno : 0;
}

int sandbox_enter_worker(const int *keep_fds, size_t n_keep_fds) {
        rlim_t mapped = 0;
        int r = mapped_bytes(&mapped);

        if (r == 0)
                r = close_others(keep_fds, n_keep_fds);
        if (r == 0)
                r = limit_worker(mapped);
        if (r == 0)
                r = drop_privileges();
        return r < 0 ? r : install_filter();
}

int sandbox_enter_writer(const int *keep_fds, size_t n_keep_fds) {
        int r = close_others(keep_fds, n_keep_fds);

        if (r == 0)
                r = lower(RLIMIT_CORE, 0, 0);
        if (r == 0)
                r = lower(RLIMIT_NPROC, 0, 0);
        if (r == 0)
                r = lower(RLIMIT_NOFILE, SANDBOX_WRITER_FDS, SANDBOX_WRITER_FDS);
        return r < 0 ? r : drop_privileges();
}

/* --- Landlock --- */

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* linux/landlock.h of 6.2 */
#endif

#define WRITING                                                                                    \
        (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                           \
                LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |                     \
                LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK)
#define FORBIDDEN                                                                                  \
        (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                               \
                LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                     \
                LANDLOCK_ACCESS_FS_MAKE_SYM)

/* What a kernel of that ABI can handle of writing (Documentation/userspace-api/landlock.rst). A
 * rename from one directory to another is refused unless it is allowed, which takes ABI 2. */
static uint64_t writing_of(long abi) {
        uint64_t access = WRITING;

        if (abi >= 2)
                access |= LANDLOCK_ACCESS_FS_REFER;
        if (abi >= 3)
                access |= LANDLOCK_ACCESS_FS_TRUNCATE;
        return access;
}

static int allow_below(int ruleset, int dir_fd, uint64_t access) {
        const struct landlock_path_beneath_attr rule = { .allowed_access = access,
                .parent_fd = dir_fd };

        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
                return -errno;
        return 0;
}

int sandbox_landlock(const int *dir_fds, size_t n_dir_fds) {
        _cleanup_close_ int ruleset = -1;
        struct landlock_ruleset_attr attributes = {};
        uint64_t writing;
        long abi;

        abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        if (abi < 0)
                return errno == ENOSYS || errno == EPERM ? -EOPNOTSUPP : -errno;
        writing = writing_of(abi);
        attributes.handled_access_fs = writing | FORBIDDEN;
        ruleset = (int) syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
        if (ruleset < 0)
                return -errno;
        for (size_t i = 0; i < n_dir_fds; i++) {
                int r = allow_below(ruleset, dir_fds[i], writing);

                if (r < 0)
                        return r;
        }
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
                return -errno;
        return 0;
}

#endif
