/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the owner of the node never lets a profile do. A call counts as possible if it may be
 * executed with any arguments on any architecture of the profile: allowed, logged, or left to a
 * supervisor or a tracer to decide. That errs on the owner's side: under a default that permits,
 * a forbidden call has to be denied by a rule without conditions.
 */

#include "profile/policy_check_internal.h"

#include "base/cleanup.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <string.h>

static bool may_execute(ActionKind kind) {
        return action_permits(kind) || kind == ACTION_NOTIFY || kind == ACTION_TRACE;
}

/* "SCMP_ACT_ALLOW or SCMP_ACT_ERRNO", from the document's arena. */
static const char *actions_text(Checker *checker, uint32_t actions) {
        _cleanup_buf_ Buf buf = {};
        const char *copy = NULL;

        for (ActionKind kind = 0; kind < N_ACTION_KINDS; kind++) {
                if (!(actions & ACTION_BIT(kind)))
                        continue;
                actions &= ~ACTION_BIT(kind);
                buf_printf(&buf, "%s%s",
                        buf.size == 0          ? ""
                                : actions == 0 ? " or "
                                               : ", ",
                        action_kind_name(kind));
        }
        if (buf_error(&buf) == 0)
                copy = arena_strndup(checker->document->arena, buf.data, buf.size);
        if (!copy)
                checker->error = -ENOMEM;
        return copy ? copy : "";
}

/* Whether an architecture of the profile has the call, as far as libseccomp knows it at all. */
static bool may_exist(const Policy *policy, const char *name) {
        SyscallState state = SYSCALL_UNKNOWN;
        int nr = -1;

        for (size_t i = 0; i < policy->n_arches && state != SYSCALL_KNOWN; i++)
                state = syscall_number(policy->arches[i], name, &nr);
        return state != SYSCALL_ELSEWHERE;
}

/* The rule by which a call may be executed, or NULL. */
static const PolicyRule *find_opening(const Checker *checker, const Call *call) {
        if (!call)
                return NULL;
        if (call->unconditional)
                return may_execute(call->unconditional->action.kind) ? call->unconditional : NULL;
        for (size_t i = 0; i < call->n_rules; i++)
                if (rule_is_effective(checker, call->rules[i]) &&
                        may_execute(call->rules[i]->action.kind))
                        return call->rules[i];
        return NULL;
}

/* The rule that opens the multiplexer behind which a call stands on some architecture, or NULL. */
static const PolicyRule *find_multiplexer(const Checker *checker, const char *name) {
        const Policy *policy = checker->policy;

        for (size_t i = 0; i < policy->n_arches; i++) {
                static const char *const multiplexers[] = { "socketcall", "ipc" };
                unsigned subcall = 0;
                int wanted = -1;

                if (!syscall_subcall(policy->arches[i], name, &wanted, &subcall))
                        continue;
                for (size_t j = 0; j < N_ELEMENTS(multiplexers); j++) {
                        int nr = -1;

                        if (syscall_number(policy->arches[i], multiplexers[j], &nr) ==
                                        SYSCALL_KNOWN &&
                                nr == wanted)
                                return find_opening(
                                        checker, checker_call(checker, multiplexers[j]));
                }
        }
        return NULL;
}

/* SP921 for what a rule lets happen. Returns whether one does. */
static bool report_opened(Checker *checker, const char *name) {
        const PolicyRule *rule = find_opening(checker, checker_call(checker, name));
        const PolicyRule *multiplexer = rule ? NULL : find_multiplexer(checker, name);

        if (rule)
                document_diag(checker->document, checker->diags, SP921, rule->name_node, false,
                        "leave it out",
                        "`%s` is forbidden by the owner of the node (forbid-syscall), and %s here "
                        "lets it happen",
                        name, checker_action_text(checker, rule->action));
        if (multiplexer)
                document_diag(checker->document, checker->diags, SP921, multiplexer->name_node,
                        false, "leave it out: rules on the calls behind it hold for it too",
                        "`%s` is forbidden by the owner of the node (forbid-syscall), and for "
                        "32-bit programs `%s` lets it happen",
                        name, multiplexer->name);
        return rule || multiplexer;
}

/* SP921 */
static void check_forbidden(Checker *checker, const OwnerPolicy *owner) {
        const Policy *policy = checker->policy;
        NameList by_default = {};

        for (size_t i = 0; i < owner->n_forbidden; i++) {
                const char *name = owner->forbidden[i];
                const Call *call = checker_call(checker, name);

                if (!may_exist(policy, name) || report_opened(checker, name))
                        continue;
                if (may_execute(policy->default_action.kind) && !(call && call->unconditional))
                        names_add(&by_default, name, policy->default_node);
        }
        if (by_default.n > 0 && checker->is_whole)
                document_diag(checker->document, checker->diags, SP921, by_default.first, false,
                        "deny them by a rule without conditions, or have SCMP_ACT_ERRNO as default",
                        "forbidden by the owner of the node (forbid-syscall), and possible by the "
                        "default, %s: %s",
                        action_kind_name(policy->default_action.kind),
                        names_text(checker, &by_default));
}

/* SP922, once for each action, at its first use */
static void check_allowed(Checker *checker, const OwnerPolicy *owner) {
        const ActionUses uses = checker_action_uses(checker);

        for (ActionKind kind = 0; kind < N_ACTION_KINDS; kind++)
                if (uses.nodes[kind] != TEXT_NO_NODE &&
                        !(owner->allowed_actions & ACTION_BIT(kind)))
                        document_diag(checker->document, checker->diags, SP922, uses.nodes[kind],
                                false, "use one of those",
                                "%s is not among the actions that the owner of the node allows "
                                "(allowed-action): %s",
                                action_kind_name(kind),
                                actions_text(checker, owner->allowed_actions));
}

/* SP923 */
static void check_default(Checker *checker, const OwnerPolicy *owner) {
        const ActionKind kind = checker->policy->default_action.kind;

        if (!(owner->required_defaults & ACTION_BIT(kind)))
                document_diag(checker->document, checker->diags, SP923,
                        checker->policy->default_node, false, NULL,
                        "the default is %s, and the owner of the node requires %s "
                        "(require-default)",
                        action_kind_name(kind), actions_text(checker, owner->required_defaults));
}

void check_owner(Checker *checker) {
        const OwnerPolicy *owner = checker->options->policy;

        if (!owner)
                return;
        check_forbidden(checker, owner);
        if (owner->allowed_actions != 0)
                check_allowed(checker, owner);
        if (owner->required_defaults != 0)
                check_default(checker, owner);
}
