/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two policies compared by what they do. The question is asked of the reference evaluator, once for
 * each number and at the points of both policies' conditions for calls that have such, so two
 * spellings of one policy are equal, and a difference always comes with a call that shows it.
 *
 * What no rule decides in either policy is not told call by call: if the defaults differ, that one
 * difference says it, for calls of tomorrow too. Nor is a difference told for each architecture on
 * which it is the same.
 */

#include "profile/diff_internal.h"

#include "base/cleanup.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *diff_effect_name(DiffEffect effect) {
        static const char *const names[N_DIFF_EFFECTS] = {
                [DIFF_NONE] = "none",
                [DIFF_CHANGED] = "changed",
                [DIFF_WIDENED] = "widened",
                [DIFF_NARROWED] = "narrowed",
                [DIFF_MIXED] = "mixed",
        };

        return names[effect];
}

DiffEffect diff_effect_join(DiffEffect a, DiffEffect b) {
        if (a == b)
                return a;
        if (a <= DIFF_CHANGED || b <= DIFF_CHANGED)
                return a > b ? a : b;
        return DIFF_MIXED;
}

static unsigned strictness(Action action) {
        switch (action.kind) {
        case ACTION_ALLOW:
        case ACTION_LOG: return 0;
        case ACTION_TRACE:
        case ACTION_NOTIFY: return 1;
        default: return 2;
        }
}

DiffEffect diff_action_effect(Action from, Action to) {
        const unsigned before = strictness(from), after = strictness(to);

        if (action_equal(from, to))
                return DIFF_NONE;
        if (before == after)
                return DIFF_CHANGED;
        return after < before ? DIFF_WIDENED : DIFF_NARROWED;
}

static bool strings_equal(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

/* --- names that libseccomp does not know --- */

/* The rules on a name that say something else than the default. Returns their number. */
static size_t find_rules(const Policy *policy, const char *name, const PolicyRule **ret_rules) {
        size_t n = 0;

        for (size_t i = 0; i < policy->n_rules; i++)
                if (strcmp(policy->rules[i].name, name) == 0 &&
                        !action_equal(policy->rules[i].action, policy->default_action))
                        ret_rules[n++] = &policy->rules[i];
        return n;
}

/* The one answer to a call whatever its arguments. Returns false when there is none such. */
static bool find_answer(
        const Policy *policy, const PolicyRule *const *rules, size_t n, Action *ret_action) {
        if (n > 0 && rules[0]->n_conditions > 0)
                return false;
        *ret_action = n > 0 ? rules[0]->action : policy->default_action;
        return true;
}

/* Their rules are compared as they stand: with no number there is nothing to evaluate. */
static int compare_unknown(
        Differ *differ, const char *name, const PolicyRule **rules_a, const PolicyRule **rules_b) {
        const Policy *a = differ->a.policy, *b = differ->b.policy;
        const DiffCall wanted = { .name = name, .nr = -1, .is_unknown = true };
        const size_t n_a = find_rules(a, name, rules_a), n_b = find_rules(b, name, rules_b);
        DiffChange change = {};
        DiffCall *call = NULL;

        if (diff_rules_equal(rules_a, n_a, rules_b, n_b))
                return 0; /* or both left to the defaults */
        if (find_answer(a, rules_a, n_a, &change.from) &&
                find_answer(b, rules_b, n_b, &change.to)) {
                change.effect = diff_action_effect(change.from, change.to);
                if (change.effect == DIFF_NONE)
                        return 0;
                call = diff_call_get(differ, &wanted);
                return call ? diff_call_add(differ, call, &change) : -ENOMEM;
        }
        differ->diff.effect = diff_effect_join(differ->diff.effect, DIFF_CHANGED);
        return diff_call_get(differ, &wanted) ? 0 : -ENOMEM;
}

static int compare_unknown_of(Differ *differ, const Policy *policy) {
        const PolicyRule **rules_a =
                arena_alloc_array(differ->arena, differ->a.policy->n_rules, sizeof(rules_a[0]));
        const PolicyRule **rules_b =
                arena_alloc_array(differ->arena, differ->b.policy->n_rules, sizeof(rules_b[0]));
        int r = rules_a && rules_b ? 0 : -ENOMEM;

        for (size_t i = 0; i < policy->n_rules && r == 0; i++) {
                int nr = -1;

                if (syscall_number(policy->arches[0], policy->rules[i].name, &nr) ==
                        SYSCALL_UNKNOWN)
                        r = compare_unknown(differ, policy->rules[i].name, rules_a, rules_b);
        }
        return r;
}

/* --- the architectures --- */

static bool is_listed(const Policy *policy, const Arch *arch) {
        for (size_t i = 0; i < policy->n_arches; i++)
                if (policy->arches[i] == arch)
                        return true;
        return false;
}

static void compare_arches(Differ *differ) {
        const Policy *a = differ->a.policy, *b = differ->b.policy;
        Diff *diff = &differ->diff;

        for (size_t i = 0; i < a->n_arches; i++)
                if (is_listed(b, a->arches[i]))
                        diff->arches[diff->n_arches++] = a->arches[i];
                else
                        diff->only_a[diff->n_only_a++] = a->arches[i];
        for (size_t i = 0; i < b->n_arches; i++)
                if (!is_listed(a, b->arches[i]))
                        diff->only_b[diff->n_only_b++] = b->arches[i];
        if (diff->n_only_a > 0)
                diff->effect = diff_effect_join(diff->effect, DIFF_NARROWED);
        if (diff->n_only_b > 0)
                diff->effect = diff_effect_join(diff->effect, DIFF_WIDENED);
}

static bool has_rules(const Differ *differ, int nr) {
        const PolicyRule *const *rules = NULL;
        size_t n_a = 0, n_b = 0;

        eval_table_rules(differ->a.table, nr, &rules, &n_a);
        eval_table_rules(differ->b.table, nr, &rules, &n_b);
        return n_a + n_b > 0;
}

/* Numbers between the two highest ones: runc gives ENOSYS to them by one policy only. */
static void compare_runc(Differ *differ) {
        const Action standard = differ->a.policy->default_action;
        const Arch *arch = differ->diff.arches[differ->arch];
        DiffRunc *runc = &differ->diff.runc[differ->arch];
        const int a = differ->a.highest, b = differ->b.highest;

        runc->arch = arch;
        if (differ->diff.default_effect != DIFF_NONE || a < 0 || b < 0 || a == b ||
                action_equal(standard, (Action){ .kind = ACTION_ERRNO, .data = ENOSYS }))
                return;
        runc->is_enosys_in_a = a < b;
        runc->first = (a < b ? a : b) + 1;
        runc->last = a < b ? b : a;
        for (int nr = runc->first; nr <= runc->last; nr++) {
                char name[64];

                if (!has_rules(differ, nr) && syscall_name(arch, nr, sizeof(name), name) == 0)
                        runc->n++;
        }
        if (runc->n > 0)
                differ->diff.effect = diff_effect_join(differ->diff.effect, DIFF_CHANGED);
}

static int side_bind(Differ *differ, DiffSide *side) {
        const Arch *arch = differ->diff.arches[differ->arch];

        side->highest = -1;
        (void) policy_runc_highest(side->policy, arch, &side->highest);
        return eval_table_new(differ->arena, side->policy, arch, &side->table);
}

static int compare_arch(Differ *differ) {
        int r = side_bind(differ, &differ->a);

        if (r == 0)
                r = side_bind(differ, &differ->b);
        if (r == 0)
                r = diff_compare_calls(differ);
        if (r < 0)
                return r;
        if (differ->diff.default_effect == DIFF_NONE)
                differ->diff.n_default[differ->arch] = 0;
        compare_runc(differ);
        return 0;
}

/* --- the whole --- */

static int change_compare(const void *left, const void *right) {
        static const unsigned order[N_DIFF_EFFECTS] = { [DIFF_NARROWED] = 1, [DIFF_CHANGED] = 2 };
        const DiffChange *a = left, *b = right;

        if (a->effect != b->effect)
                return order[a->effect] < order[b->effect] ? -1 : 1;
        if (a->from.kind != b->from.kind)
                return a->from.kind < b->from.kind ? -1 : 1;
        if (a->to.kind != b->to.kind)
                return a->to.kind < b->to.kind ? -1 : 1;
        if (a->from.data != b->from.data)
                return a->from.data < b->from.data ? -1 : 1;
        return (a->to.data > b->to.data) - (a->to.data < b->to.data);
}

static bool cases_equal(const ExplainWay *a, const ExplainWay *b) {
        if (a->n_cases != b->n_cases)
                return false;
        for (size_t i = 0; i < a->n_cases; i++)
                if (!action_equal(a->cases[i].action, b->cases[i].action) ||
                        conditions_compare(a->cases[i].conditions, a->cases[i].n_conditions,
                                b->cases[i].conditions, b->cases[i].n_conditions) != 0)
                        return false;
        return true;
}

/* Whether two architectures differ in the same way in a call. */
static bool is_same_difference(const DiffCall *a, const DiffCall *b) {
        if (!strings_equal(a->name, b->name) || !strings_equal(a->multiplexer, b->multiplexer) ||
                (!a->name && a->nr != b->nr) || a->n_changes != b->n_changes ||
                !cases_equal(&a->a, &b->a) || !cases_equal(&a->b, &b->b))
                return false;
        for (size_t i = 0; i < a->n_changes; i++)
                if (change_compare(&a->changes[i], &b->changes[i]) != 0)
                        return false;
        return true;
}

/* The architectures that have a call, as bits. */
static unsigned arches_having(const Diff *diff, const char *name) {
        unsigned bits = 0;

        for (unsigned i = 0; i < diff->n_arches; i++) {
                int nr = -1;

                if (syscall_number(diff->arches[i], name, &nr) == SYSCALL_KNOWN)
                        bits |= 1U << i;
        }
        return bits;
}

static int call_compare(const void *left, const void *right) {
        const DiffCall *a = left, *b = right;
        int c = 0;

        if (!a->name != !b->name)
                return a->name ? -1 : 1;
        if (a->name)
                c = strcmp(a->name, b->name);
        if (c == 0 && !a->multiplexer != !b->multiplexer)
                c = a->multiplexer ? 1 : -1;
        if (c == 0)
                c = (a->nr > b->nr) - (a->nr < b->nr);
        return c != 0 ? c : (a->arches > b->arches) - (a->arches < b->arches);
}

/* One entry for a difference that several architectures share. */
static void merge_calls(Diff *diff) {
        size_t n = 0;

        for (size_t i = 0; i < diff->n_calls; i++) {
                DiffCall *call = &diff->calls[i];
                size_t at = 0;

                if (call->n_changes > 1)
                        qsort(call->changes, call->n_changes, sizeof(call->changes[0]),
                                change_compare);
                while (at < n && !is_same_difference(&diff->calls[at], call))
                        at++;
                if (at < n)
                        diff->calls[at].arches |= call->arches;
                else
                        diff->calls[n++] = *call;
        }
        diff->n_calls = n;
        for (size_t i = 0; i < n; i++) {
                DiffCall *call = &diff->calls[i];

                call->is_everywhere = call->is_unknown ||
                        (call->name && arches_having(diff, call->name) == call->arches);
        }
        if (n > 1)
                qsort(diff->calls, n, sizeof(diff->calls[0]), call_compare);
}

/* Runtimes take SPEC_ALLOW where a profile has no flags. */
static uint32_t flags_in_effect(const Policy *policy) {
        return policy->flags != 0 ? policy->flags : FILTER_FLAG_SPEC_ALLOW;
}

static void compare_heads(Differ *differ) {
        const Policy *a = differ->a.policy, *b = differ->b.policy;
        Diff *diff = &differ->diff;

        diff->default_effect = diff_action_effect(a->default_action, b->default_action);
        diff->effect = diff_effect_join(diff->effect, diff->default_effect);
        diff->has_flags = flags_in_effect(a) != flags_in_effect(b) ||
                !strings_equal(a->listener_path, b->listener_path) ||
                !strings_equal(a->listener_metadata, b->listener_metadata);
        if (diff->has_flags)
                diff->effect = diff_effect_join(diff->effect, DIFF_CHANGED);
}

int policy_diff(Arena *arena, const Policy *a, const Policy *b, size_t max_points, Diff *ret_diff) {
        Differ differ = {
                .arena = arena,
                .diff = { .is_exhaustive = true },
                .a = { .policy = a },
                .b = { .policy = b },
                .max_points = max_points,
        };
        int r = 0;

        compare_heads(&differ);
        compare_arches(&differ);
        for (; differ.arch < differ.diff.n_arches && r == 0; differ.arch++)
                r = compare_arch(&differ);
        if (r == 0)
                r = compare_unknown_of(&differ, a);
        if (r == 0)
                r = compare_unknown_of(&differ, b);
        if (r < 0)
                return r;
        merge_calls(&differ.diff);
        *ret_diff = differ.diff;
        return 0;
}
