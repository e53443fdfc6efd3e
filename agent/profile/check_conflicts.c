/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rules that contradict one another. libseccomp neither refuses most contradictions nor resolves
 * them the way they read: an unconditional rule swallows the conditional ones on its call, the same
 * condition with two actions fails the container's start, and of nested ones the order of the text
 * decides which is dropped. So a profile has to say one thing of each call, for any arguments.
 *
 * Conditions of a rule are on different arguments and must all hold, so a rule is a box: a set for
 * each of six arguments. Boxes have a point in common unless the sets of one argument have none,
 * and one lies in the other if each of its sets does; with exact sets both answers are exact.
 * Rules that equal the default, and rules that never apply, take no part in that. But whoever
 * writes one beside a rule that the runtimes do not skip means it to decide, and it does not.
 */

#include "base/cleanup.h"
#include "profile/argset.h"
#include "profile/hint.h"
#include "profile/policy_check_internal.h"

#include <errno.h>

#define N_ARGUMENTS 6

typedef enum Relation {
        RELATION_DISJOINT,
        RELATION_OVERLAPPING,
        RELATION_NESTED,
        RELATION_EQUAL,
        N_RELATIONS,
} Relation;

/* The arguments for which a rule applies. */
typedef struct Box {
        ArgSet sets[N_ARGUMENTS];
} Box;

static Box box_of(const PolicyRule *rule) {
        Box box;

        for (size_t i = 0; i < N_ARGUMENTS; i++)
                box.sets[i] = ARGSET_ALL;
        for (size_t i = 0; i < rule->n_conditions; i++)
                box.sets[rule->conditions[i].index] = argset_of(&rule->conditions[i]);
        return box;
}

static bool box_is_subset(const Box *a, const Box *b) {
        for (size_t i = 0; i < N_ARGUMENTS; i++)
                if (!argset_is_subset(&a->sets[i], &b->sets[i]))
                        return false;
        return true;
}

static Relation box_relate(const Box *a, const Box *b) {
        bool in_b = false, in_a = false;

        for (size_t i = 0; i < N_ARGUMENTS; i++)
                if (argset_is_disjoint(&a->sets[i], &b->sets[i]))
                        return RELATION_DISJOINT;
        in_b = box_is_subset(a, b);
        in_a = box_is_subset(b, a);
        if (in_a && in_b)
                return RELATION_EQUAL;
        return in_a || in_b ? RELATION_NESTED : RELATION_OVERLAPPING;
}

/* One kind of contradiction in one element of `syscalls`. */
typedef struct Conflict {
        NameList names;
        const PolicyRule *rule;  /* the first such */
        const PolicyRule *other; /* what it contradicts */
} Conflict;

static void conflict_add(Conflict *conflict, const PolicyRule *rule, const PolicyRule *other) {
        if (conflict->names.n == 0) {
                conflict->rule = rule;
                conflict->other = other;
        }
        names_add(&conflict->names, rule->name, rule->name_node);
}

/* What is found in one element of `syscalls`. */
typedef struct Conflicts {
        Conflict shadowed;             /* SP702 */
        Conflict related[N_RELATIONS]; /* SP703, SP704 */
        Conflict redundant;            /* SP705 */
        Conflict overruled;            /* SP705, where the author means it to decide */
} Conflicts;

/* The gravest contradiction with a rule that stands earlier in the text. */
static Relation find_related(const Checker *checker, const Call *call, const PolicyRule *rule,
        const PolicyRule **ret_other) {
        const Box box = box_of(rule);
        Relation gravest = RELATION_DISJOINT;

        for (size_t i = 0; i < call->n_rules && call->rules[i] < rule; i++) {
                const PolicyRule *other = call->rules[i];
                Box other_box;
                Relation relation;

                if (action_equal(other->action, rule->action) || !rule_is_effective(checker, other))
                        continue;
                other_box = box_of(other);
                relation = box_relate(&other_box, &box);
                if (relation > gravest) {
                        gravest = relation;
                        *ret_other = other;
                }
        }
        return gravest;
}

/* The rule that decides where `rule`, which equals the default, reads as if it did, or NULL. */
static const PolicyRule *find_overruling(
        const Checker *checker, const Call *call, const PolicyRule *rule) {
        const Box box = box_of(rule);

        if (call->unconditional)
                return call->unconditional;
        for (size_t i = 0; i < call->n_rules; i++) {
                const PolicyRule *other = call->rules[i];
                const Box other_box = box_of(other);

                if (!rule_is_effective(checker, other) ||
                        box_relate(&other_box, &box) == RELATION_DISJOINT)
                        continue;
                /* a narrower one is an exception, and what is left gets the default as it reads */
                if (box_is_subset(&box, &other_box) || !box_is_subset(&other_box, &box))
                        return other;
        }
        return NULL;
}

static void find_conflicts(const Checker *checker, const PolicyRule *rule, Conflicts *found) {
        const Call *call = checker_call(checker, rule->name);
        const PolicyRule *other = NULL;
        Relation relation;

        if (!rule_is_effective(checker, rule)) {
                other = find_overruling(checker, call, rule);
                conflict_add(other ? &found->overruled : &found->redundant, rule, other);
                return;
        }
        if (rule->n_conditions == 0)
                return;
        if (call->unconditional) {
                conflict_add(&found->shadowed, rule, call->unconditional);
                return;
        }
        relation = find_related(checker, call, rule, &other);
        if (relation != RELATION_DISJOINT)
                conflict_add(&found->related[relation], rule, other);
}

/* How many conditional rules on the call do what this one does. */
static size_t count_alike(const Checker *checker, const PolicyRule *rule) {
        const Call *call = checker_call(checker, rule->name);
        size_t n = 0;

        for (size_t i = 0; i < call->n_rules; i++)
                n += call->rules[i]->n_conditions > 0 &&
                        action_equal(call->rules[i]->action, rule->action);
        return n;
}

/*
 * How a rule with conditions is to have its effect beside an unconditional one: that one must hold
 * under the opposite condition only.
 */
static const char *exception_hint(Checker *checker, const PolicyRule *rule) {
        _cleanup_buf_ Buf hint = {};
        const char *copy = NULL;
        bool has_opposite = false;

        buf_puts(&hint,
                "take the call out of the unconditional rule, and give it one of its own "
                "with the same action and ");
        if (rule->n_conditions == 1 && count_alike(checker, rule) == 1)
                has_opposite = hint_put_opposite(&hint, rule->conditions);
        if (!has_opposite)
                buf_puts(&hint, "conditions that hold where these do not");
        if (buf_error(&hint) == 0)
                copy = arena_strndup(checker->document->arena, hint.data, hint.size);
        if (!copy)
                checker->error = -ENOMEM;
        return copy;
}

static void report_shadowed(Checker *checker, const Conflict *conflict) {
        if (conflict->names.n == 0)
                return;
        document_diag(checker->document, checker->diags, SP702, conflict->names.first, false,
                exception_hint(checker, conflict->rule),
                "%s: the conditions have no effect, because the unconditional %s in %s decides in "
                "either order",
                names_text(checker, &conflict->names),
                checker_action_text(checker, conflict->other->action),
                checker_place(checker, conflict->other));
}

static void report_related(Checker *checker, const Conflict *conflict, Relation relation) {
        static const struct {
                RuleId id;
                const char *reads;
                const char *effect;
        } texts[] = {
                [RELATION_OVERLAPPING] = { SP704, "for some arguments",
                        "which of the two such a call gets is left to libseccomp" },
                [RELATION_NESTED] = { SP703, "under wider or narrower conditions",
                        "by their order libseccomp drops one of the two, or refuses both and no "
                        "container can start" },
                [RELATION_EQUAL] = { SP703, "for the same arguments",
                        "libseccomp refuses that, and no container can start" },
        };

        if (conflict->names.n == 0)
                return;
        document_diag(checker->document, checker->diags, texts[relation].id, conflict->names.first,
                false,
                relation == RELATION_EQUAL ? "keep one of the two rules"
                                           : "write the conditions so that no call fulfils both",
                "%s: %s here and %s in %s %s: %s", names_text(checker, &conflict->names),
                checker_action_text(checker, conflict->rule->action),
                checker_action_text(checker, conflict->other->action),
                checker_place(checker, conflict->other), texts[relation].reads,
                texts[relation].effect);
}

static void report_redundant(Checker *checker, const Conflict *conflict) {
        const ActionKind kind = checker->policy->default_action.kind;

        if (conflict->names.n == 0)
                return;
        document_diag(checker->document, checker->diags, SP705, conflict->names.first, false, NULL,
                "%s: the rule equals the default, and runtimes skip it%s",
                names_text(checker, &conflict->names),
                action_permits(kind) || kind == ACTION_TRACE
                        ? ""
                        : " (it is kept, because runc answers ENOSYS only past the highest call "
                          "that is named)");
}

static void report_overruled(Checker *checker, const Conflict *conflict) {
        if (conflict->names.n == 0)
                return;
        document_diag_as(checker->document, checker->diags, SP705, SEVERITY_WARNING,
                conflict->names.first, false,
                conflict->rule->n_conditions == 0 ? "keep one of the two rules"
                        : conflict->other->n_conditions == 0
                        ? exception_hint(checker, conflict->rule)
                        : "write into the other rule when it applies: all else gets the default",
                "%s: the rule equals the default, so runtimes skip it, and %s in %s decides",
                names_text(checker, &conflict->names),
                checker_action_text(checker, conflict->other->action),
                checker_place(checker, conflict->other));
}

/* Says what was found in one element of `syscalls`, and forgets it. */
static void flush_conflicts(Checker *checker, Conflicts *found) {
        report_shadowed(checker, &found->shadowed);
        for (Relation relation = RELATION_OVERLAPPING; relation < N_RELATIONS; relation++)
                report_related(checker, &found->related[relation], relation);
        report_redundant(checker, &found->redundant);
        report_overruled(checker, &found->overruled);
        *found = (Conflicts){};
}

void check_conflicts(Checker *checker) {
        const Policy *policy = checker->policy;
        Conflicts found = {};

        for (size_t i = 0; i < policy->n_rules; i++) {
                const PolicyRule *rule = &policy->rules[i];

                if (i > 0 && rule->rule_node != rule[-1].rule_node)
                        flush_conflicts(checker, &found);
                find_conflicts(checker, rule, &found);
        }
        flush_conflicts(checker, &found);
}
