/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Actions by themselves: what an action means for the runtime that has to install it, wherever in
 * the profile it is used. Each is said once a file, at its first use.
 */

#include "profile/policy_check_internal.h"

#include <string.h>

static void note_use(const Checker *checker, ActionUses *uses, ActionKind kind, uint32_t node) {
        if (uses->nodes[kind] == TEXT_NO_NODE)
                uses->nodes[kind] = node;
        if (uses->kill_thread_node == TEXT_NO_NODE &&
                checker_reads(checker, node, "SCMP_ACT_KILL_THREAD"))
                uses->kill_thread_node = node;
}

ActionUses checker_action_uses(const Checker *checker) {
        const Policy *policy = checker->policy;
        ActionUses uses = { .kill_thread_node = TEXT_NO_NODE };

        for (ActionKind kind = 0; kind < N_ACTION_KINDS; kind++)
                uses.nodes[kind] = TEXT_NO_NODE;
        note_use(checker, &uses, policy->default_action.kind, policy->default_node);
        for (size_t i = 0; i < policy->n_rules; i++) {
                const PolicyRule *rule = &policy->rules[i];

                uses.n_effective += rule_is_effective(checker, rule);
                if (i > 0 && rule->rule_node == rule[-1].rule_node)
                        continue;
                note_use(checker, &uses, rule->action.kind,
                        checker_member(checker, rule->rule_node, "action", rule->rule_node));
        }
        return uses;
}

static void say(Checker *checker, RuleId id, uint32_t node, const char *hint, const char *message) {
        if (node != TEXT_NO_NODE)
                document_diag(
                        checker->document, checker->diags, id, node, false, hint, "%s", message);
}

/* What the use of an action means to runtimes. */
static void check_uses(Checker *checker, const ActionUses *uses) {
        say(checker, SP303, uses->kill_thread_node, NULL,
                "SCMP_ACT_KILL_THREAD is written as SCMP_ACT_KILL, its older name, which runc "
                "before 1.1.3 knows too");
        say(checker, SP304, uses->nodes[ACTION_KILL_PROCESS], NULL,
                "SCMP_ACT_KILL_PROCESS needs runc 1.1.3 or newer: an older one refuses to start "
                "the container");
        say(checker, SP312, uses->nodes[ACTION_TRACE],
                "use SCMP_ACT_ERRNO with \"errnoRet\": 38 for the same answer, or SCMP_ACT_LOG to "
                "see such calls",
                "SCMP_ACT_TRACE asks a tracer, and in a container there is none: the call fails "
                "with ENOSYS");
        say(checker, SP316, uses->nodes[ACTION_NOTIFY],
                "the owner of the node permits it with --rule SP316=warning",
                "SCMP_ACT_NOTIFY makes the runtime, as root on the node, connect to a socket that "
                "the profile names, and whoever listens there decides the container's calls");
}

/* What to write for an action that this node does not offer, and what that does. */
static const char *replacement_hint(ActionKind kind) {
        switch (kind) {
        case ACTION_KILL_PROCESS: return "use SCMP_ACT_KILL";
        case ACTION_LOG:
                return "SCMP_ACT_ALLOW lets the same calls happen, without a record of them; "
                       "SCMP_ACT_ERRNO would deny them";
        default: return "use SCMP_ACT_ERRNO";
        }
}

/* SP313 */
static void check_offered(Checker *checker, const ActionUses *uses) {
        const NodeFacts *facts = &checker->options->facts;

        for (ActionKind kind = 0; kind < N_ACTION_KINDS; kind++)
                if (uses->nodes[kind] != TEXT_NO_NODE && !(facts->actions & ACTION_BIT(kind)))
                        document_diag(checker->document, checker->diags, SP313, uses->nodes[kind],
                                false, replacement_hint(kind),
                                "%s is not offered by this node (kernel %u.%u, libseccomp "
                                "%u.%u.%u): no container can start with it",
                                action_kind_name(kind), facts->kernel_major, facts->kernel_minor,
                                facts->libseccomp_major, facts->libseccomp_minor,
                                facts->libseccomp_micro);
}

/* SP305, SP309, SP314 */
static void check_default(Checker *checker) {
        const uint32_t node = checker->policy->default_node;

        switch (checker->policy->default_action.kind) {
        case ACTION_KILL_THREAD:
                say(checker, SP305, node, "use SCMP_ACT_KILL_PROCESS",
                        "the default kills one thread and leaves the others waiting for it: `runc "
                        "create` can hang, and so can the container");
                break;
        case ACTION_NOTIFY:
                say(checker, SP309, node, "use SCMP_ACT_ERRNO, and NOTIFY for single calls",
                        "SCMP_ACT_NOTIFY cannot be the default: runc refuses it, under crun the "
                        "container's init dies");
                break;
        case ACTION_ALLOW:
                say(checker, SP314, node,
                        "\"SCMP_ACT_ERRNO\" as the default, with rules that allow what is needed",
                        "everything that no rule denies is allowed, also each call that a newer "
                        "kernel brings");
                break;
        case ACTION_LOG:
                document_diag_as(checker->document, checker->diags, SP314, SEVERITY_INFO, node,
                        false, NULL,
                        "everything that no rule denies is allowed, and logged: a profile to learn "
                        "from, not to confine");
                break;
        default: break;
        }
}

/* SP309 for rules: the runtime itself writes when it hands the listener over. */
static void check_notify_write(Checker *checker) {
        const Call *call = checker_call(checker, "write");

        for (size_t i = 0; call && i < call->n_rules; i++)
                if (call->rules[i]->action.kind == ACTION_NOTIFY) {
                        say(checker, SP309, call->rules[i]->name_node,
                                "take `write` out of the rule",
                                "SCMP_ACT_NOTIFY on write: runc refuses it, because it has to "
                                "write before anybody listens");
                        return;
                }
}

/* Whether the author wrote more than "" for a member of the profile. */
static bool is_written(const Checker *checker, uint32_t node) {
        const TextNode *nodes = checker->document->text.nodes;

        return node != TEXT_NO_NODE && nodes[node].type == TEXT_STRING &&
                nodes[node].value.length > strlen("\"\"");
}

/* SP310, SP311 */
static void check_listener(Checker *checker, const ActionUses *uses) {
        static const char *const keys[] = { "listenerPath", "listenerMetadata" };
        const uint32_t notify = uses->nodes[ACTION_NOTIFY];
        const char *path = checker->policy->listener_path;

        if (notify != TEXT_NO_NODE && (!path || path[0] != '/')) {
                document_diag(checker->document, checker->diags, SP310,
                        checker_member(checker, 0, keys[0], notify), false,
                        "at the top level of the profile: \"listenerPath\": "
                        "\"/run/….sock\"",
                        path && path[0] != '\0'
                                ? "listenerPath is not absolute: runtimes cannot connect to it"
                                : "SCMP_ACT_NOTIFY without listenerPath: runc refuses to start the "
                                  "container, under crun the calls fail with ENOSYS");
        }
        for (size_t i = 0; notify == TEXT_NO_NODE && checker->is_whole && i < 2; i++) {
                uint32_t node = checker_member(checker, 0, keys[i], TEXT_NO_NODE);

                if (is_written(checker, node))
                        document_diag(checker->document, checker->diags, SP311, node, true,
                                "leave it out",
                                "%s without SCMP_ACT_NOTIFY: it is left out (crun would connect to "
                                "it and fail where nobody listens)",
                                keys[i]);
        }
}

/* SP315 */
static void check_effect(Checker *checker, const ActionUses *uses) {
        const ActionKind kind = checker->policy->default_action.kind;

        if (uses->n_effective > 0 || !checker->is_whole)
                return;
        document_diag(checker->document, checker->diags, SP315,
                checker_member(checker, 0, "syscalls", 0), true,
                "write rules with another action than the default",
                "no rule has an effect: every call gets the default, %s, and %s",
                action_kind_name(kind),
                action_permits(kind) ? "nothing is confined" : "no container can start");
}

void check_actions(Checker *checker) {
        const ActionUses uses = checker_action_uses(checker);

        check_uses(checker, &uses);
        check_offered(checker, &uses);
        check_default(checker);
        check_notify_write(checker);
        check_listener(checker, &uses);
        check_effect(checker, &uses);
}
