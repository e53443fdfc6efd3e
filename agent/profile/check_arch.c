/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Architectures and filter flags: what is in the lists, and what is missing there. An architecture
 * that is not listed is not open but dead: its calls are killed, under a default of ALLOW too.
 */

#include "profile/policy_check_internal.h"

#include "base/cleanup.h"

#include <string.h>

static bool has_arch(const Policy *policy, const Arch *arch) {
        for (size_t i = 0; i < policy->n_arches; i++)
                if (policy->arches[i] == arch)
                        return true;
        return false;
}

/* Where the profile speaks of architectures, or the profile itself. */
static uint32_t arches_node(const Checker *checker) {
        return checker_member(
                checker, 0, "architectures", checker_member(checker, 0, "archMap", 0));
}

/* SP413 */
static void check_recent(Checker *checker) {
        static const struct {
                const char *arch;
                const char *since;
        } recent[] = {
                { "SCMP_ARCH_RISCV64", "1.1.8" },
                { "SCMP_ARCH_LOONGARCH64", "1.5" },
        };

        for (size_t i = 0; i < N_ELEMENTS(recent); i++)
                if (has_arch(checker->policy, arch_by_name(recent[i].arch)))
                        document_diag(checker->document, checker->diags, SP413,
                                arches_node(checker), true, NULL,
                                "%s needs runc %s or newer: an older one refuses to start the "
                                "container",
                                recent[i].arch, recent[i].since);
}

/* SP414, SP415. X32 is not missed: hardly a kernel has it, and it is one more way in. */
static void check_compatible(Checker *checker) {
        const Policy *policy = checker->policy;
        const Arch *native = checker->options->facts.arch;
        const Arch *x32 = arch_by_name("SCMP_ARCH_X32");
        NameList missing = {};
        size_t n_arches = 0;
        const Arch *arches = arch_all(&n_arches);
        const uint32_t node = arches_node(checker);

        for (size_t i = 0; i < n_arches; i++)
                if (&arches[i] != x32 && arch_in_family(native, &arches[i]) &&
                        !has_arch(policy, &arches[i]))
                        names_add(&missing, arches[i].name, (uint32_t) i);
        if (missing.n > 0 && checker->is_whole)
                document_diag(checker->document, checker->diags, SP414, node, true,
                        "list it if such programs are to run, and leave it out if not",
                        "%s not listed: programs of that kind are killed at their first call, "
                        "whatever the default",
                        names_text(checker, &missing));
        if (has_arch(policy, x32))
                document_diag(checker->document, checker->diags, SP415,
                        checker_inside(checker, node, x32->name, node), false, NULL,
                        "SCMP_ARCH_X32 opens the calls once more by other numbers, and next to "
                        "nothing needs it");
}

/* SP402 to SP404 */
static void check_flags(Checker *checker) {
        const Policy *policy = checker->policy;
        const uint32_t node = checker_member(checker, 0, "flags", 0);
        const char *killable = filter_flag_name(FILTER_FLAG_WAIT_KILLABLE_RECV);
        const char *tsync = filter_flag_name(FILTER_FLAG_TSYNC);
        bool has_notify = policy->default_action.kind == ACTION_NOTIFY;

        for (size_t i = 0; i < policy->n_rules && !has_notify; i++)
                has_notify = policy->rules[i].action.kind == ACTION_NOTIFY;
        if (policy->has_flags)
                document_diag(checker->document, checker->diags, SP402, node, true,
                        "leave `flags` out unless every node has a newer one",
                        "runc before 1.2 refuses to start a container whose profile has flags%s",
                        policy->flags & FILTER_FLAG_WAIT_KILLABLE_RECV
                                ? ", and before 1.5 this one: SECCOMP_FILTER_FLAG_"
                                  "WAIT_KILLABLE_RECV"
                                : "");
        if (policy->flags & FILTER_FLAG_WAIT_KILLABLE_RECV && !has_notify && checker->is_whole)
                document_diag(checker->document, checker->diags, SP403,
                        checker_element(checker, node, killable, node), false, "leave it out",
                        "%s without SCMP_ACT_NOTIFY: the kernel refuses the filter, and no "
                        "container can start",
                        killable);
        if (policy->flags & FILTER_FLAG_TSYNC)
                document_diag(checker->document, checker->diags, SP404,
                        checker_element(checker, node, tsync, node), false, NULL,
                        "%s has no effect in runc, which always loads the filter that way", tsync);
}

void check_arches(Checker *checker) {
        check_recent(checker);
        check_compatible(checker);
        check_flags(checker);
}
