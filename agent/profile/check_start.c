/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a profile does to the start and the end of a container, and to the C libraries in it. The
 * runtime loads the filter before its own last steps, so a profile must allow these too: runc and
 * crun differ in which, and both need more where no_new_privs is not set, as Kubernetes leaves it
 * unless `allowPrivilegeEscalation` is false.
 *
 * The lists were found by running (runc 1.3 and 1.5, crun 1.28 on x86_64). Names that the native
 * architecture does not have are passed over.
 */

#include "profile/policy_check_internal.h"

#include "base/cleanup.h"

#include <errno.h>

#define MODE_CALLS_MAX 24

/* What a runtime needs in one mode of its. */
typedef struct StartMode {
        const char *runtime;
        const char *calls[MODE_CALLS_MAX]; /* up to the first NULL */
} StartMode;

static const StartMode start_modes[] = {
        { "runc",
                { "close", "fstat", "fstatfs", "statx", "openat", "write", "getdents64",
                        "futex" } },
        { "runc, unless the pod sets `allowPrivilegeEscalation: false`,",
                { "chdir", "read", "capget", "capset", "prctl", "setgroups", "setgid", "setuid",
                        "getcwd", "getppid", "newfstatat" } },
        { "crun, unless the pod sets `allowPrivilegeEscalation: false`,",
                { "write", "prctl", "capset", "setresgid", "setresuid", "rt_sigprocmask",
                        "rt_sigaction", "pselect6" } },
};

/* runc takes these where openat2 is denied. */
static const StartMode start_without_openat2 = { "runc, where openat2 is denied,",
        { "fcntl", "readlinkat" } };

static bool answers_enosys(Action action) {
        return action.kind == ACTION_TRACE ||
                (action.kind == ACTION_ERRNO && action.data == ENOSYS);
}

/* Which of up to `n` calls are denied, with anything but ENOSYS if `spare_enosys`. */
static NameList find_denied(
        const Checker *checker, const char *const *calls, size_t n, bool spare_enosys) {
        NameList names = {};

        for (size_t i = 0; i < n && calls[i]; i++) {
                const Outcome outcome = checker_outcome(checker, calls[i]);

                if (outcome.is_denied && !(spare_enosys && answers_enosys(outcome.action)))
                        names_add(&names, calls[i], outcome.node);
        }
        return names;
}

/* Appends what one mode misses; notes where the first such is denied. */
static void put_mode(Checker *checker, Buf *buf, const StartMode *mode, uint32_t *node) {
        const NameList names = find_denied(checker, mode->calls, MODE_CALLS_MAX, false);

        if (names.n == 0)
                return;
        if (*node == TEXT_NO_NODE)
                *node = names.first;
        buf_printf(buf, "%s%s needs %s", buf->size > 0 ? "; " : "", mode->runtime,
                names_text(checker, &names));
}

/* SP801 */
static void check_needed(Checker *checker) {
        const Outcome execve = checker_outcome(checker, "execve");
        uint32_t node = TEXT_NO_NODE;
        _cleanup_buf_ Buf missing = {};
        const char *hint = NULL;

        for (size_t i = 0; i < N_ELEMENTS(start_modes); i++)
                put_mode(checker, &missing, &start_modes[i], &node);
        if (checker_outcome(checker, "openat2").is_denied)
                put_mode(checker, &missing, &start_without_openat2, &node);
        hint = arena_printf(checker->document->arena, "allow `execve`%s%s",
                missing.size > 0 ? "; " : "", missing.size > 0 ? missing.data : "");
        if (buf_error(&missing) < 0 || !hint)
                checker->error = -ENOMEM;
        else if (execve.is_denied)
                document_diag(checker->document, checker->diags, SP801, execve.node, false, hint,
                        "no container can start: execve, by which the runtime starts the "
                        "container's program, is not allowed%s",
                        missing.size > 0 ? ", nor is more that a start needs" : "");
        else if (missing.size > 0)
                document_diag(checker->document, checker->diags, SP801, node, false, "allow them",
                        "not allowed, but needed before the container's program runs: %s",
                        missing.data);
}

/* How a denied call ends that C libraries could do without. */
static const char *how_denied(const Checker *checker, const char *call) {
        switch (checker_outcome(checker, call).action.kind) {
        case ACTION_KILL_THREAD:
        case ACTION_KILL_PROCESS: return "ends the program, where ENOSYS would have";
        case ACTION_TRAP: return "raises SIGSYS, where ENOSYS would have";
        default: return "fails with something else than ENOSYS, which alone has";
        }
}

/* SP802 to SP804 */
static void check_libraries(Checker *checker) {
        static const char *const clone3[] = { "clone3" };
        static const char *const at2[] = { "faccessat2", "fchmodat2" };
        static const char *const others[] = { "statx", "newfstatat", "close_range", "epoll_pwait2",
                "getrandom" };
        static const char *const hint = "deny it with \"errnoRet\": 38 (ENOSYS), or allow it";
        NameList names = find_denied(checker, clone3, N_ELEMENTS(clone3), true);

        if (names.n > 0)
                document_diag(checker->document, checker->diags, SP802, names.first, false, hint,
                        "clone3 %s glibc fall back to clone: pthread_create, posix_spawn and popen "
                        "do not work",
                        how_denied(checker, "clone3"));
        names = find_denied(checker, at2, N_ELEMENTS(at2), true);
        if (names.n > 0)
                document_diag(checker->document, checker->diags, SP803, names.first, false, hint,
                        "%s: each %s C libraries fall back to the older call",
                        names_text(checker, &names), how_denied(checker, names.shown[0]));
        names = find_denied(checker, others, N_ELEMENTS(others), false);
        if (names.n > 0)
                document_diag(checker->document, checker->diags, SP804, names.first, false, NULL,
                        "denied, though current C libraries try them first: %s",
                        names_text(checker, &names));
}

/* SP807 */
static void check_end(Checker *checker) {
        static const char *const calls[] = { "exit", "exit_group", "rt_sigreturn" };
        const NameList names = find_denied(checker, calls, N_ELEMENTS(calls), false);

        if (names.n > 0)
                document_diag(checker->document, checker->diags, SP807, names.first, false,
                        "allow them",
                        "not allowed, so that programs which want to end, or to return from a "
                        "signal, spin, hang or are killed: %s",
                        names_text(checker, &names));
}

/* SP805, SP806: calls with a higher number than any that the profile names. */
static void check_newer_calls(Checker *checker) {
        const Policy *policy = checker->policy;
        const Action action = policy->default_action;

        switch (action.kind) {
        case ACTION_ERRNO:
                if (action.data == ENOSYS)
                        return;
                document_diag(checker->document, checker->diags, SP805, policy->default_node, false,
                        "\"defaultErrnoRet\": 38 makes it ENOSYS everywhere",
                        "calls past the highest one that the profile names fail with ENOSYS under "
                        "runc, with errno %u under crun",
                        action.data);
                return;
        case ACTION_KILL_THREAD:
        case ACTION_KILL_PROCESS:
        case ACTION_TRAP:
                document_diag(checker->document, checker->diags, SP806, policy->default_node, false,
                        NULL,
                        "calls past the highest one that the profile names fail with ENOSYS under "
                        "runc; crun takes the default, %s",
                        action_kind_name(action.kind));
                return;
        default: return;
        }
}

void check_start(Checker *checker) {
        if (checker->is_whole) {
                check_needed(checker);
                check_libraries(checker);
                check_end(checker);
        }
        check_newer_calls(checker);
}
