/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Calls that an allow-list had better not have: what somebody inside gains by them. One finding for
 * each rule, with all the calls in it. Under a default that permits, everything not denied is open
 * anyway, SP314 says so, and nothing is said here, but of a denial that misses what it is for. A
 * call that is allowed under conditions only was thought about; only of clone, and of a denied
 * unshare, are the conditions read.
 */

#include "profile/argset.h"
#include "profile/policy_check_internal.h"
#include "profile/risk.h"

#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>

#define RISK_CALLS_MAX 16
#define FORK_SIGNAL    17U /* SIGCHLD, which fork() has in the flags of clone, too */

/* Calls that give the same thing away. */
typedef struct Risk {
        const char *gain;
        const char *calls[RISK_CALLS_MAX]; /* up to the first NULL */
} Risk;

/* SP901 */
static const Risk control_risks[] = {
        { "loads programs into the kernel", { "bpf" } },
        { "replaces the running kernel", { "kexec_load", "kexec_file_load" } },
        { "changes the kernel's code", { "init_module", "finit_module", "delete_module" } },
        { "shows and hides files, /proc and /sys of the node among them",
                { "mount", "umount", "umount2", "move_mount", "open_tree", "open_tree_attr",
                        "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr",
                        "pivot_root" } },
        { "leaves the container's namespaces", { "setns" } },
        { "stops the node", { "reboot" } },
        { "watches other processes and the kernel", { "perf_event_open" } },
        { "opens files outside the container by their number", { "open_by_handle_at" } },
        { "drives the hardware past the kernel", { "iopl", "ioperm" } },
};

/* SP902 */
static const Risk surface_risks[] = {
        { "reads and changes other processes of the container",
                { "ptrace", "process_vm_readv", "process_vm_writev" } },
        { "reaches keys of other containers: keyrings have no namespace",
                { "add_key", "request_key", "keyctl" } },
        { "stops the kernel at a chosen moment, which makes exploits of races reliable",
                { "userfaultfd" } },
        { "performs calls that no filter sees",
                { "io_uring_setup", "io_uring_enter", "io_uring_register" } },
        { "makes namespaces, and in them capabilities over code that root alone used to reach",
                { "unshare" } },
};

static const char *find_gain(const Risk *risks, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < RISK_CALLS_MAX && risks[i].calls[j]; j++)
                        if (strcmp(risks[i].calls[j], name) == 0)
                                return risks[i].gain;
        return NULL;
}

const char *risk_of_call(const char *name) {
        const char *gain = find_gain(control_risks, N_ELEMENTS(control_risks), name);

        return gain ? gain : find_gain(surface_risks, N_ELEMENTS(surface_risks), name);
}

/* Joins the risks whose calls are allowed into one finding: names in the message, gains in the
 * hint. */
static void check_risks(Checker *checker, RuleId id, const Risk *risks, size_t n) {
        _cleanup_buf_ Buf names = {};
        _cleanup_buf_ Buf gains = {};
        uint32_t node = TEXT_NO_NODE;

        for (size_t i = 0; i < n; i++) {
                bool is_said = false;

                for (size_t j = 0; j < RISK_CALLS_MAX && risks[i].calls[j]; j++) {
                        const char *call = risks[i].calls[j];

                        uint32_t at = TEXT_NO_NODE;

                        if (!checker_allows(checker, call))
                                continue;
                        at = checker_call(checker, call)->unconditional->name_node;
                        if (at < node)
                                node = at;
                        buf_printf(&names, "%s`%s`", names.size > 0 ? ", " : "", call);
                        if (!is_said)
                                buf_printf(&gains, "%s%s: %s", gains.size > 0 ? "\n" : "", call,
                                        risks[i].gain);
                        is_said = true;
                }
        }
        if (buf_error(&names) < 0 || buf_error(&gains) < 0)
                checker->error = -ENOMEM;
        else if (node != TEXT_NO_NODE)
                document_diag(checker->document, checker->diags, id, node, false, gains.data,
                        id == SP901 ? "allowed, and with a capability or a bug enough to take the "
                                      "node: %s"
                                    : "allowed, and a favourite way out of containers: %s",
                        names.data);
}

/* Whether a rule on clone applies to no call with CLONE_NEWUSER. */
static bool keeps_user_namespaces(const PolicyRule *rule, unsigned flags_index) {
        const Condition without = { .op = OP_MASKED_EQ, .value = CLONE_NEWUSER };
        const ArgSet without_set = argset_of(&without);

        for (size_t i = 0; i < rule->n_conditions; i++) {
                const ArgSet set = argset_of(&rule->conditions[i]);

                if (rule->conditions[i].index == flags_index &&
                        argset_is_subset(&set, &without_set))
                        return true;
        }
        return false;
}

/* The first rule by which clone makes user namespaces, or NULL. */
static const PolicyRule *find_open_clone(const Checker *checker) {
        const Call *call = checker_call(checker, "clone");

        if (checker_allows(checker, "clone"))
                return call->unconditional;
        for (size_t i = 0; call && call->permits_some && i < call->n_rules; i++)
                if (action_permits(call->rules[i]->action.kind) &&
                        !keeps_user_namespaces(call->rules[i],
                                arch_clone_flags_index(checker->options->facts.arch)))
                        return call->rules[i];
        return NULL;
}

/* SP903 for an allow-list */
static void check_namespaces(Checker *checker) {
        const PolicyRule *rule = find_open_clone(checker);
        NameList names = {};

        if (rule)
                names_add(&names, rule->name, rule->name_node);
        if (checker_outcome(checker, "clone3").is_open)
                names_add(&names, "clone3", checker_call(checker, "clone3")->rules[0]->name_node);
        if (names.n > 0)
                document_diag(checker->document, checker->diags, SP903, names.first, false,
                        "allow clone with SCMP_CMP_MASKED_EQ, value 2114060288, valueTwo 0, and "
                        "deny clone3 with errnoRet 38: its flags are in memory, where no filter "
                        "looks",
                        "user namespaces, and in them capabilities over the kernel's less trodden "
                        "code, are reachable through %s",
                        names_text(checker, &names));
}

/* The first rule that is to deny `name` where CLONE_NEWUSER is among its flags, or NULL. */
static const PolicyRule *find_newuser_denial(const Call *call, unsigned flags_index) {
        for (size_t i = 0; call && call->has_conditional && i < call->n_rules; i++) {
                const PolicyRule *rule = call->rules[i];

                for (size_t j = 0; j < rule->n_conditions; j++)
                        if (rule->conditions[j].index == flags_index &&
                                (rule->conditions[j].value & CLONE_NEWUSER) &&
                                !action_permits(rule->action.kind))
                                return rule;
        }
        return NULL;
}

/* Whether some rule applies to a call with these flags, whatever its other arguments. */
static bool is_denied_with(const Call *call, unsigned flags_index, uint64_t flags) {
        for (size_t i = 0; i < call->n_rules; i++) {
                const PolicyRule *rule = call->rules[i];
                bool applies = !action_permits(rule->action.kind);

                for (size_t j = 0; j < rule->n_conditions && applies; j++) {
                        const ArgSet set = argset_of(&rule->conditions[j]);

                        applies = rule->conditions[j].index == flags_index &&
                                argset_contains(&set, flags);
                }
                if (applies)
                        return true;
        }
        return false;
}

/* SP903 where a rule is to deny CLONE_NEWUSER, and some flags with it are let through. */
static void check_newuser_denial(Checker *checker, const PolicyRule *rule, unsigned flags_index) {
        static const uint64_t asked[] = {
                CLONE_NEWUSER,
                CLONE_NEWUSER | FORK_SIGNAL,
                CLONE_NEWUSER | CLONE_NEWNS,
                CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | FORK_SIGNAL,
        };

        for (size_t i = 0; i < N_ELEMENTS(asked); i++)
                if (!is_denied_with(checker_call(checker, rule->name), flags_index, asked[i])) {
                        document_diag(checker->document, checker->diags, SP903, rule->name_node,
                                false,
                                "the flag is one of many: deny with SCMP_CMP_MASKED_EQ, "
                                "\"value\": 268435456, \"valueTwo\": 268435456, and every other "
                                "flag "
                                "in a rule of its own",
                                "user namespaces stay reachable: with the flags 0x%" PRIx64
                                ", CLONE_NEWUSER among them, `%s` is not denied",
                                asked[i], rule->name);
                        return;
                }
}

/* SP903 for a deny-list */
static void check_denied_namespaces(Checker *checker) {
        const unsigned clone_index = arch_clone_flags_index(checker->options->facts.arch);
        const PolicyRule *clone = find_newuser_denial(checker_call(checker, "clone"), clone_index);
        const PolicyRule *unshare = find_newuser_denial(checker_call(checker, "unshare"), 0);

        if (clone)
                check_newuser_denial(checker, clone, clone_index);
        if (unshare)
                check_newuser_denial(checker, unshare, 0);
        if ((clone || unshare) && checker_outcome(checker, "clone3").is_open)
                document_diag(checker->document, checker->diags, SP903,
                        clone ? clone->name_node : unshare->name_node, false,
                        "deny clone3 with errnoRet 38: its flags are in memory, where no filter "
                        "looks",
                        "user namespaces stay reachable through `clone3`, which takes the flag "
                        "denied here, too");
}

void check_risk(Checker *checker) {
        if (action_permits(checker->policy->default_action.kind)) {
                check_denied_namespaces(checker);
                return;
        }
        check_risks(checker, SP901, control_risks, N_ELEMENTS(control_risks));
        check_risks(checker, SP902, surface_risks, N_ELEMENTS(surface_risks));
        check_namespaces(checker);
}
