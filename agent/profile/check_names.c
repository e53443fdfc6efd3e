/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names of calls. A runtime ignores a name that its libseccomp does not know, so a typo never
 * fails: it only leaves a call with the default. Published profiles are full of names for other
 * architectures and newer libraries, so most of what is found here is said once and in low voice;
 * loud is what can only be a slip, and a denied name that denies nothing.
 *
 * Only the first rule on a call is looked at: what holds for a name holds for all its rules. A rule
 * that was left out for an error has names all the same, and what can be said of them is said.
 */

#include "profile/policy_check_internal.h"

#include "base/cleanup.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What libseccomp releases after 2.5.4 added, by name; some distributors patched a part in. */
static const char *const newer_names[] = {
        "cachestat",
        "fchmodat2",
        "file_getattr",
        "file_setattr",
        "futex_requeue",
        "futex_wait",
        "futex_wake",
        "getxattrat",
        "listmount",
        "listns",
        "listxattrat",
        "lsm_get_self_attr",
        "lsm_list_modules",
        "lsm_set_self_attr",
        "map_shadow_stack",
        "mseal",
        "open_tree_attr",
        "removexattrat",
        "riscv_hwprobe",
        "setxattrat",
        "statmount",
        "uprobe",
        "uretprobe",
};

/* Calls that Linux never had, or has no more (syscalls(2), unimplemented(2)), by name. */
static const char *const obsolete_names[] = {
        "_sysctl",
        "afs_syscall",
        "bdflush",
        "break",
        "create_module",
        "epoll_ctl_old",
        "epoll_wait_old",
        "ftime",
        "get_kernel_syms",
        "getpmsg",
        "gtty",
        "idle",
        "lock",
        "mpx",
        "nfsservctl",
        "prof",
        "profil",
        "putpmsg",
        "query_module",
        "security",
        "stty",
        "tuxcall",
        "ulimit",
        "vserver",
};

/* What is found in one file. */
typedef struct NameFindings {
        NameList newer;          /* SP504 */
        NameList elsewhere;      /* SP505 */
        NameList obsolete;       /* SP506 */
        NameList multiplexed;    /* SP507 */
        NameList unknown;        /* SP503, of one element of `syscalls` */
        NameList unknown_denied; /* SP503 as an error, of that element */
        NameList undenied;       /* SP505 as a warning, of that element */
        NameList undenied_here;  /* what does the same on this node, one for each of those */
} NameFindings;

static int name_compare(const void *key, const void *element) {
        return strcmp(key, *(const char *const *) element);
}

static bool is_listed(const char *name, const char *const *names, size_t n) {
        return bsearch(name, names, n, sizeof(names[0]), name_compare);
}

bool name_is_newer(const char *name) {
        return is_listed(name, newer_names, N_ELEMENTS(newer_names));
}

/* Whether libseccomp has the call on some architecture of the policy, on another one, or none. */
static SyscallState find_state(const Policy *policy, const char *name) {
        SyscallState state = SYSCALL_UNKNOWN;
        int nr = -1;

        for (size_t i = 0; i < policy->n_arches && state != SYSCALL_KNOWN; i++)
                state = syscall_number(policy->arches[i], name, &nr);
        return state;
}

static bool is_denied(const Checker *checker, const Call *call) {
        if (!action_permits(checker->policy->default_action.kind))
                return false;
        for (size_t i = 0; i < call->n_rules; i++)
                if (!action_permits(call->rules[i]->action.kind))
                        return true;
        return false;
}

/* A name in a rule, and whether that takes it from a default that permits. */
typedef struct Named {
        const char *name;
        uint32_t node;
        bool is_denied;
} Named;

/* SP503 */
static void find_unknown(Checker *checker, const Named *named, NameFindings *found) {
        const NodeFacts *facts = &checker->options->facts;
        const char *near = NULL, *hint = NULL;

        if (diags_allow_guess(checker->diags))
                near = syscall_suggest(facts->arch, named->name);
        if (!near) {
                names_add(named->is_denied ? &found->unknown_denied : &found->unknown, named->name,
                        named->node);
                return;
        }
        hint = arena_printf(checker->document->arena, "did you mean `%s`?", near);
        if (!hint)
                checker->error = -ENOMEM;
        document_diag_as(checker->document, checker->diags, SP503,
                named->is_denied ? SEVERITY_ERROR : SEVERITY_WARNING, named->node, false, hint,
                "`%s` is unknown to libseccomp %u.%u.%u: runtimes ignore the name, and the call "
                "that was meant %s",
                named->name, facts->libseccomp_major, facts->libseccomp_minor,
                facts->libseccomp_micro, named->is_denied ? "stays allowed" : "gets the default");
}

static void report_undenied(Checker *checker, const NameFindings *found) {
        const char *native = checker->options->facts.arch->name;
        const char *hint = arena_printf(checker->document->arena, "on %s %s %s", native,
                found->undenied_here.n == 1 ? "it is" : "they are",
                names_text(checker, &found->undenied_here));

        if (!hint)
                checker->error = -ENOMEM;
        document_diag_as(checker->document, checker->diags, SP505, SEVERITY_WARNING,
                found->undenied.first, false, hint,
                "no calls of %s, and what does the same there stays allowed: %s", native,
                names_text(checker, &found->undenied));
}

/* Says what was found in one element of `syscalls`, and forgets it. */
static void flush_element(Checker *checker, NameFindings *found) {
        const NodeFacts *facts = &checker->options->facts;

        if (found->unknown.n > 0)
                document_diag(checker->document, checker->diags, SP503, found->unknown.first, false,
                        NULL,
                        "unknown to libseccomp %u.%u.%u and kept as written, as a runtime may "
                        "know better: %s",
                        facts->libseccomp_major, facts->libseccomp_minor, facts->libseccomp_micro,
                        names_text(checker, &found->unknown));
        if (found->unknown_denied.n > 0)
                document_diag_as(checker->document, checker->diags, SP503, SEVERITY_ERROR,
                        found->unknown_denied.first, false, "correct the name, or take it out",
                        "unknown to libseccomp %u.%u.%u, so that runtimes ignore the name and what "
                        "was meant stays allowed: %s",
                        facts->libseccomp_major, facts->libseccomp_minor, facts->libseccomp_micro,
                        names_text(checker, &found->unknown_denied));
        if (found->undenied.n > 0)
                report_undenied(checker, found);
        found->unknown = (NameList){};
        found->unknown_denied = (NameList){};
        found->undenied = (NameList){};
        found->undenied_here = (NameList){};
}

/*
 * SP505 as a warning: what was to be denied is possible by its name here. One that exists nowhere
 * near takes nothing away by not existing.
 */
static bool find_undenied(const Checker *checker, const Named *named, NameFindings *found) {
        const char *here = NULL;
        const Call *call = NULL;

        if (!named->is_denied || !checker->is_whole)
                return false;
        here = syscall_equivalent(checker->options->facts.arch, named->name);
        call = here ? checker_call(checker, here) : NULL;
        if (!here || (call && is_denied(checker, call)))
                return false;
        names_add(&found->undenied, named->name, named->node);
        names_add(&found->undenied_here, here, named->node);
        return true;
}

static void find_existence(Checker *checker, const Named *named, NameFindings *found) {
        const SyscallState state = find_state(checker->policy, named->name);

        if (is_listed(named->name, obsolete_names, N_ELEMENTS(obsolete_names)))
                names_add(&found->obsolete, named->name, named->node);
        else if (name_is_newer(named->name))
                names_add(&found->newer, named->name, named->node);
        else if (state == SYSCALL_UNKNOWN)
                find_unknown(checker, named, found);
        else if (!find_undenied(checker, named, found) && state == SYSCALL_ELSEWHERE)
                names_add(&found->elsewhere, named->name, named->node);
}

static bool has_denying_action(const Checker *checker, const SurfaceRule *rule) {
        ActionKind kind;

        return action_permits(checker->policy->default_action.kind) && rule->action.string &&
                action_kind_parse(rule->action.string, &kind) == 0 && !action_permits(kind);
}

/* The names of a rule that was left out; `n_left` is how many more are looked at. */
static void find_left_out(
        Checker *checker, const SurfaceRule *rule, size_t *n_left, NameFindings *found) {
        const bool is_denied = has_denying_action(checker, rule);

        for (size_t i = 0; *n_left > 0 && i < rule->names.n; i++) {
                const SurfaceString *name = &rule->names.items[i];
                const Named named = { name->string, name->node, is_denied };

                (*n_left)--;
                if (syscall_name_is_possible(name->string) && !checker_call(checker, name->string))
                        find_existence(checker, &named, found);
        }
        flush_element(checker, found);
}

/* The first architecture of the policy on which a multiplexer stands for the call, or NULL. */
static const Arch *find_multiplexing(const Policy *policy, const char *name) {
        for (size_t i = 0; i < policy->n_arches; i++) {
                int multiplexer = -1;
                unsigned subcall = 0;

                if (syscall_subcall(policy->arches[i], name, &multiplexer, &subcall))
                        return policy->arches[i];
        }
        return NULL;
}

/* SP507 */
static void find_multiplexed(const Checker *checker, const Call *call, NameFindings *found) {
        if (!call->has_conditional || !find_multiplexing(checker->policy, call->name))
                return;
        for (size_t i = 0; i < call->n_rules; i++)
                if (call->rules[i]->n_conditions > 0 &&
                        rule_is_effective(checker, call->rules[i])) {
                        names_add(&found->multiplexed, call->name, call->rules[i]->name_node);
                        return;
                }
}

static void report_file(Checker *checker, const NameFindings *found) {
        if (found->newer.n > 0)
                document_diag(checker->document, checker->diags, SP504, found->newer.first, false,
                        NULL,
                        "newer than libseccomp 2.5.4, and runtimes that are built with that "
                        "ignore the names, so that such calls get the default there: %s",
                        names_text(checker, &found->newer));
        if (found->elsewhere.n > 0)
                document_diag(checker->document, checker->diags, SP505, found->elsewhere.first,
                        false, NULL,
                        "not on this node's architectures, where such rules have no effect: %s",
                        names_text(checker, &found->elsewhere));
        if (found->obsolete.n > 0)
                document_diag(checker->document, checker->diags, SP506, found->obsolete.first,
                        false, NULL, "Linux has no such calls, or has them no more: %s",
                        names_text(checker, &found->obsolete));
        if (found->multiplexed.n > 0)
                document_diag(checker->document, checker->diags, SP507, found->multiplexed.first,
                        false,
                        "leave out the architectures that have socketcall and ipc: no condition "
                        "reaches there",
                        "the conditions on %s do not hold for 32-bit programs: through socketcall "
                        "and ipc the first argument is another one, and its check is lost",
                        names_text(checker, &found->multiplexed));
}

/* The calls behind a multiplexer of `arch` that no rule of their own allows in full. */
static NameList find_opened(const Checker *checker, const Arch *arch, const char *multiplexer) {
        /* clang-format off */
        static const char *const multiplexed[] = {
                "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername",
                "socketpair", "send", "recv", "sendto", "recvfrom", "shutdown", "setsockopt",
                "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg", "sendmmsg",
                "semop", "semget", "semctl", "semtimedop", "msgsnd", "msgrcv", "msgget", "msgctl",
                "shmat", "shmdt", "shmget", "shmctl",
        };
        /* clang-format on */
        NameList names = {};
        int wanted = -1;

        if (syscall_number(arch, multiplexer, &wanted) != SYSCALL_KNOWN)
                return names;
        for (size_t i = 0; i < N_ELEMENTS(multiplexed); i++) {
                int nr = -1;
                unsigned subcall = 0;

                if (syscall_subcall(arch, multiplexed[i], &nr, &subcall) && nr == wanted &&
                        !checker_allows(checker, multiplexed[i]))
                        names_add(&names, multiplexed[i], TEXT_NO_NODE);
        }
        return names;
}

/* SP508: the multiplexer is allowed, and more by it than by the rules on the calls themselves. */
static void check_multiplexer(Checker *checker, const char *multiplexer) {
        const Policy *policy = checker->policy;
        const Call *call = checker_call(checker, multiplexer);

        if (!checker_allows(checker, multiplexer))
                return;
        for (size_t i = 0; i < policy->n_arches; i++) {
                const NameList opened = find_opened(checker, policy->arches[i], multiplexer);

                if (opened.n == 0)
                        continue;
                document_diag(checker->document, checker->diags, SP508,
                        call->unconditional->name_node, false,
                        "leave it out: a rule that allows one of those calls allows it here too",
                        "`%s` opens every call behind it on %s, also what the rules do not allow: "
                        "%s",
                        multiplexer, policy->arches[i]->name, names_text(checker, &opened));
                return;
        }
}

void check_existence(Checker *checker) {
        const Policy *policy = checker->policy;
        NameFindings found = {};
        size_t n_left = LIMIT_RULES;

        for (size_t i = 0; i < policy->n_rules; i++) {
                const PolicyRule *rule = &policy->rules[i];
                const Call *call = checker_call(checker, rule->name);
                const Named named = { call->name, call->rules[0]->name_node,
                        is_denied(checker, call) };

                if (i > 0 && rule->rule_node != rule[-1].rule_node)
                        flush_element(checker, &found);
                if (call->rules[0] != rule)
                        continue;
                find_existence(checker, &named, &found);
                find_multiplexed(checker, call, &found);
        }
        flush_element(checker, &found);
        for (size_t i = 0; i < policy->n_left_out; i++)
                find_left_out(checker, policy->left_out[i], &n_left, &found);
        report_file(checker, &found);
}

void check_names(Checker *checker) {
        check_existence(checker);
        if (!action_permits(checker->policy->default_action.kind)) {
                check_multiplexer(checker, "socketcall");
                check_multiplexer(checker, "ipc");
        }
}
