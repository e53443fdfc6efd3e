/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a node can do to the agent, by LD_PRELOAD: a slow disk, a wall clock that jumped, no inotify
 * instance or watch left, a check that takes its time, no process to be had. Each is asked for by
 * an environment variable.
 */

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static long asked(const char *name) {
        const char *value = getenv(name);

        return value ? atol(value) : 0;
}

static void pause_for(const char *name) {
        long msec = asked(name);
        struct timespec left = { .tv_sec = msec / 1000, .tv_nsec = msec % 1000 * 1000000 };

        while (nanosleep(&left, &left) < 0)
                continue;
}

static void *real(const char *name) {
        return dlsym(RTLD_NEXT, name);
}

int fsync(int fd) {
        pause_for("FAULT_FSYNC_MSEC");
        return ((int (*)(int)) real("fsync"))(fd);
}

int fdatasync(int fd) {
        pause_for("FAULT_FSYNC_MSEC");
        return ((int (*)(int)) real("fdatasync"))(fd);
}

int clock_gettime(clockid_t clock, struct timespec *ret_time) {
        int r = ((int (*)(clockid_t, struct timespec *)) real("clock_gettime"))(clock, ret_time);

        if (r == 0 && clock == CLOCK_REALTIME)
                ret_time->tv_sec += asked("FAULT_CLOCK_SECONDS");
        return r;
}

time_t time(time_t *ret_time) {
        struct timespec now = { 0 };

        (void) clock_gettime(CLOCK_REALTIME, &now);
        if (ret_time)
                *ret_time = now.tv_sec;
        return now.tv_sec;
}

int inotify_init1(int flags) {
        if (asked("FAULT_NO_INOTIFY")) {
                errno = EMFILE;
                return -1;
        }
        return ((int (*)(int)) real("inotify_init1"))(flags);
}

int inotify_add_watch(int fd, const char *path, uint32_t mask) {
        if (asked("FAULT_NO_WATCHES")) {
                errno = ENOSPC;
                return -1;
        }
        return ((int (*)(int, const char *, uint32_t)) real("inotify_add_watch"))(fd, path, mask);
}

/* A worker makes its scratch file before it gives up the right to sleep. */
int memfd_create(const char *name, unsigned flags) {
        pause_for("FAULT_CHECK_MSEC");
        return ((int (*)(const char *, unsigned)) real("memfd_create"))(name, flags);
}

/* As long as a file is there. */
pid_t fork(void) {
        const char *path = getenv("FAULT_NO_FORK");

        if (path && access(path, F_OK) == 0) {
                errno = EAGAIN;
                return -1;
        }
        return ((pid_t(*)(void)) real("fork"))();
}
