/* SPDX-License-Identifier: Apache-2.0 */

/*
 * This node's facts, asked once: the kernel by uname(2) and seccomp(2), libseccomp by its own
 * functions. An action counts when both offer it: a runtime needs the one to compile it and the
 * other to obey it. Kernels before 4.14 cannot be asked and count as having no filters.
 */

#include "node/probe.h"

#include "profile/compile.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The lowest API level at which libseccomp takes an action (seccomp_api_get(3)). */
static const unsigned LIBSECCOMP_LEVELS[N_ACTION_KINDS] = {
        [ACTION_LOG] = 3,
        [ACTION_KILL_PROCESS] = 3,
        [ACTION_NOTIFY] = 5,
};

static uint32_t offered_actions(unsigned api_level) {
        uint32_t actions = 0;

        for (int kind = 0; kind < N_ACTION_KINDS; kind++) {
                uint32_t ret = action_to_ret((Action){ .kind = (ActionKind) kind });

                /* raw: neither glibc nor libseccomp wrap this question */
                if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &ret) == 0 &&
                        api_level >= LIBSECCOMP_LEVELS[kind])
                        actions |= ACTION_BIT(kind);
        }
        return actions;
}

int node_probe(NodeFacts *ret_facts) {
        NodeFacts facts = {};
        struct utsname uts = {};

        compile_warm_up();
        compile_version(&facts.libseccomp_major, &facts.libseccomp_minor, &facts.libseccomp_micro,
                &facts.api_level);
        if (uname(&uts) < 0)
                return -errno;
        facts.arch = arch_by_machine(uts.machine);
        if (!facts.arch ||
                kernel_version_parse(uts.release, &facts.kernel_major, &facts.kernel_minor) < 0)
                return -ENOTSUP;
        syscalls_warm_up(facts.arch);
        facts.actions = offered_actions(facts.api_level);
        *ret_facts = facts;
        return facts.actions == 0 ? -ENOSYS : 0;
}
