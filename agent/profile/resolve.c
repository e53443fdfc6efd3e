/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From what the author wrote to what it means on this node. The two formats end here: behind this
 * there is one list of rules with one name each, conditions that all have to hold, numeric errnos
 * and explicit architectures.
 *
 * Every part of the profile is read even where another part is wrong, so that the author learns of
 * all mistakes at once. A rule in which an error was found stays out of the policy: half a rule
 * would say something that the author did not, and later checks would speak of that.
 */

#include "profile/resolve_internal.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "profile/hint.h"

#include <errno.h>

const char *resolve_suggestion(const Resolver *resolver, Suggest suggest, const char *word) {
        const DiagList *diags = resolver->diags;
        const char *nearest = NULL;
        _cleanup_buf_ Buf foreign = {};

        if (diags_allow_guess(diags))
                nearest = suggest(word);
        if (hint_put_foreign(&foreign, word) && buf_error(&foreign) == 0)
                return arena_printf(resolver->document->arena, "%s%s%s%s", foreign.data,
                        nearest ? ", as `" : "", nearest ? nearest : "", nearest ? "`" : "");
        if (!nearest)
                return NULL;
        return arena_printf(resolver->document->arena, "did you mean `%s`?", nearest);
}

/* Whether rules say what is denied, and none what is allowed. */
static bool only_denies(const Surface *surface) {
        size_t n_denying = 0;
        ActionKind kind;

        for (size_t i = 0; i < surface->n_rules; i++) {
                const char *name = surface->rules[i].action.string;

                if (!name || action_kind_parse(name, &kind) < 0)
                        continue;
                if (kind != ACTION_ERRNO && kind != ACTION_KILL_THREAD &&
                        kind != ACTION_KILL_PROCESS && kind != ACTION_TRAP)
                        return false;
                n_denying++;
        }
        return n_denying > 0;
}

/* Returns false when containers would have no default: an empty one runs them unconfined. */
static bool resolve_default(Resolver *resolver, Policy *policy) {
        const Surface *surface = resolver->surface;
        const SurfaceString *action = &surface->default_action;
        const ActionText text = {
                .action = action,
                .errno_ret = &surface->default_errno_ret,
                .errno_name = &surface->default_errno_name,
                .action_key = "defaultAction",
                .errno_key = "defaultErrnoRet",
        };
        bool is_unreadable = !action->string && action->node != TEXT_NO_NODE;

        if (is_unreadable)
                return false;
        if (!action->string || action->string[0] == '\0') {
                policy->default_node = action->string ? action->node : 0;
                document_diag(resolver->document, resolver->diags, SP301, policy->default_node,
                        false,
                        only_denies(surface)
                                ? "these rules only deny: \"defaultAction\": \"SCMP_ACT_ALLOW\" "
                                  "makes them a deny list; "
                                  "an allow list needs rules that allow"
                                : "\"defaultAction\": \"SCMP_ACT_ERRNO\" denies what no rule "
                                  "allows",
                        "defaultAction is %s: runtimes take that for no profile at all and run "
                        "the container unconfined",
                        action->string ? "empty" : "missing");
                return false;
        }
        policy->default_node = action->node;
        return resolve_action(resolver, &text, &policy->default_action);
}

static void resolve_flags(const Resolver *resolver, Policy *policy) {
        const SurfaceStrings *flags = &resolver->surface->flags;

        policy->has_flags = flags->n > 0;
        for (size_t i = 0; i < flags->n; i++) {
                const char *name = flags->items[i].string, *hint = NULL;
                FilterFlag flag;

                if (filter_flag_parse(name, &flag) == 0) {
                        policy->flags |= flag;
                        continue;
                }
                hint = resolve_suggestion(resolver, filter_flag_suggest, name);
                document_diag(resolver->document, resolver->diags, SP401, flags->items[i].node,
                        false,
                        hint ? hint
                             : "a flag is SECCOMP_FILTER_FLAG_LOG, _SPEC_ALLOW, _TSYNC or "
                               "_WAIT_KILLABLE_RECV",
                        "unknown flag `%s`: runtimes refuse to start the container", name);
        }
}

static int resolve_rules(Resolver *resolver, Policy *policy) {
        const Surface *surface = resolver->surface;
        Selection selection = { .caps_node = TEXT_NO_NODE, .kernel_node = TEXT_NO_NODE };
        Merger *merger = merger_new(resolver->document->arena, resolver->default_action);
        const SurfaceRule **left_out =
                arena_alloc_array(resolver->document->arena, surface->n_rules, sizeof(left_out[0]));
        const SurfaceRule **unselected = arena_alloc_array(
                resolver->document->arena, surface->n_rules, sizeof(unselected[0]));
        int r = merger && left_out && unselected ? 0 : -ENOMEM;

        for (size_t i = 0; i < surface->n_rules && r >= 0; i++) {
                r = resolve_rule(resolver, &surface->rules[i], &selection, merger);
                if (r == RULE_LEFT_OUT)
                        left_out[policy->n_left_out++] = &surface->rules[i];
                else if (r == RULE_UNSELECTED)
                        unselected[policy->n_unselected++] = &surface->rules[i];
        }
        if (r < 0)
                return r;
        policy->left_out = left_out;
        policy->unselected = unselected;
        resolve_select_report(resolver, &selection);
        merger_finish(merger, resolver, policy);
        return 0;
}

static bool uses_notify(const Policy *policy) {
        for (size_t i = 0; i < policy->n_rules; i++)
                if (policy->rules[i].action.kind == ACTION_NOTIFY)
                        return true;
        return policy->default_action.kind == ACTION_NOTIFY;
}

/* crun connects to a listener that nothing is sent to, and fails where nobody listens: SP311. */
static void resolve_listener(const Resolver *resolver, Policy *policy) {
        if (!uses_notify(policy))
                return;
        policy->listener_path = resolver->surface->listener_path.string;
        policy->listener_metadata = resolver->surface->listener_metadata.string;
}

int policy_resolve(const Document *document, const Surface *surface, const CheckOptions *options,
        DiagList *diags, Policy *ret_policy) {
        Resolver resolver = {
                .document = document,
                .surface = surface,
                .options = options,
                .diags = diags,
        };
        Policy policy = {};
        bool has_default = resolve_default(&resolver, &policy);
        int r;

        resolve_arches(&resolver, &policy);
        resolve_flags(&resolver, &policy);
        resolver.default_action = has_default ? &policy.default_action : NULL;
        r = resolve_rules(&resolver, &policy);
        if (r < 0)
                return r;
        if (has_default)
                resolve_listener(&resolver, &policy);
        *ret_policy = policy;
        return has_default ? 0 : 1;
}
