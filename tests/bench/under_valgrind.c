/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Preloaded under valgrind, which knows neither seccomp(2) nor openat2(2): answers what the daemon
 * and libseccomp ask the former as a kernel that has everything, and opens for the latter. Nothing
 * confines itself in the build that is run there.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARGS_MAX 6

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's is a reserved name */
long syscall(long number, ...) {
        long (*next)(long number, ...) = (long (*)(long, ...)) dlsym(RTLD_NEXT, "syscall");
        void *args[ARGS_MAX];
        va_list list;

        va_start(list, number);
        for (int i = 0; i < ARGS_MAX; i++)
                args[i] = va_arg(list, void *);
        va_end(list);
        if (number == SYS_seccomp && (long) args[0] == SECCOMP_GET_ACTION_AVAIL)
                return 0;
        if (number == SYS_seccomp) { /* libseccomp asks with a filter at NULL */
                errno = EFAULT;
                return -1;
        }
        if (number == SYS_openat2)
                return openat((int) (long) args[0], args[1],
                        (int) ((const struct open_how *) args[2])->flags);
        return next(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}
