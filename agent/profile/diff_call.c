/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The calls of one architecture compared, at the points of both policies' conditions. A call meets
 * a rule of one of the two, or both leave it to their defaults, so the points within each rule are
 * enough, and they are few where the product of all would be beyond counting. What goes
 * through socketcall(2) or ipc(2) is told only where the call behind it does not differ in the same
 * way by itself.
 */

#include "profile/diff_internal.h"

#include "base/cleanup.h"
#include "profile/points.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE   64U
#define ANSWERS_MAX 8U /* of rules that overlap, SP704 */

/* A call whose rules differ. */
typedef struct Subject {
        int nr;
        const PolicyRule **rules; /* of both */
        size_t n_rules;
        CallPoints points;
        bool is_multiplexer;
} Subject;

/* --- what was found --- */

static const Arch *differ_arch(const Differ *differ) {
        return differ->diff.arches[differ->arch];
}

static bool names_equal(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

DiffCall *diff_call_get(Differ *differ, const DiffCall *wanted) {
        Diff *diff = &differ->diff;

        for (size_t i = 0; i < diff->n_calls; i++) {
                DiffCall *call = &diff->calls[i];

                if (call->arches == wanted->arches && call->nr == wanted->nr &&
                        names_equal(call->name, wanted->name) &&
                        names_equal(call->multiplexer, wanted->multiplexer))
                        return call;
        }
        if (diff->n_calls == differ->capacity) {
                const size_t capacity = differ->capacity ? 2 * differ->capacity : 32;
                DiffCall *calls = arena_alloc_array(differ->arena, capacity, sizeof(*calls));

                if (!calls)
                        return NULL;
                if (diff->n_calls > 0)
                        memcpy(calls, diff->calls, diff->n_calls * sizeof(*calls));
                diff->calls = calls;
                differ->capacity = capacity;
        }
        diff->calls[diff->n_calls] = *wanted;
        return &diff->calls[diff->n_calls++];
}

int diff_call_add(Differ *differ, DiffCall *call, const DiffChange *change) {
        DiffChange *changes = NULL;

        for (size_t i = 0; i < call->n_changes; i++)
                if (action_equal(call->changes[i].from, change->from) &&
                        action_equal(call->changes[i].to, change->to))
                        return 0;
        changes = arena_alloc_array(differ->arena, call->n_changes + 1, sizeof(*changes));
        if (!changes)
                return -ENOMEM;
        if (call->n_changes > 0)
                memcpy(changes, call->changes, call->n_changes * sizeof(*changes));
        changes[call->n_changes++] = *change;
        call->changes = changes;
        differ->diff.effect = diff_effect_join(differ->diff.effect, change->effect);
        return 0;
}

/* --- one call --- */

/* What one side answers to a call: one action, or where its rules overlap any of several. */
typedef struct Answers {
        const PolicyRule *rule; /* by which the first one is; NULL: the default's */
        Action actions[ANSWERS_MAX];
        size_t n;
} Answers;

static Answers answers_of(
        const DiffSide *side, const Arch *arch, int nr, const uint64_t args[static SYSCALL_ARGS]) {
        const EvalResult result = policy_eval(side->table, arch->audit_arch, nr, args);
        Answers answers = { .rule = result.rule, .n = 1 };

        answers.actions[0] = result.rule ? result.rule->action : side->policy->default_action;
        if (result.is_ambiguous)
                answers.n = policy_eval_actions(
                        side->table, nr, args, N_ELEMENTS(answers.actions), answers.actions);
        return answers;
}

static bool may_answer(const Answers *answers, Action action) {
        for (size_t i = 0; i < answers->n; i++)
                if (action_equal(answers->actions[i], action))
                        return true;
        return false;
}

/* The name of the call that the answers are about: at a multiplexer, of the one behind it. */
static const char *decided_name(const Answers *a, const Answers *b, const char *name) {
        if ((a->rule && names_equal(a->rule->name, name)) ||
                (b->rule && names_equal(b->rule->name, name)))
                return name;
        return b->rule ? b->rule->name : a->rule ? a->rule->name : name;
}

/* What the comparison of one call goes through. */
typedef struct Comparison {
        const Subject *subject;
        const char *name; /* of the number; NULL for none */
} Comparison;

/* A call that has no number of its own is told of as itself, not as one behind a multiplexer. */
static DiffCall call_of(const Differ *differ, const Comparison *comparison, const char *name) {
        DiffCall call = {
                .name = name,
                .nr = comparison->subject->nr,
                .arches = 1U << differ->arch,
        };
        int nr = -1;

        if (!comparison->subject->is_multiplexer || names_equal(name, comparison->name))
                return call;
        if (syscall_number(differ_arch(differ), name, &nr) == SYSCALL_KNOWN && nr >= 0)
                call.multiplexer = comparison->name;
        return call;
}

/* Whether the call behind a multiplexer differs in the same way by its own number. */
static bool differs_itself(const Differ *differ, const DiffCall *behind, const DiffChange *change) {
        for (size_t i = 0; i < differ->diff.n_calls; i++) {
                const DiffCall *call = &differ->diff.calls[i];

                if (call->multiplexer || call->arches != behind->arches ||
                        !names_equal(call->name, behind->name))
                        continue;
                for (size_t j = 0; j < call->n_changes; j++)
                        if (action_equal(call->changes[j].from, change->from) &&
                                action_equal(call->changes[j].to, change->to))
                                return true;
        }
        return false;
}

static int add_change(Differ *differ, const DiffCall *wanted, Action from, Action to,
        const uint64_t args[static SYSCALL_ARGS]) {
        DiffChange change = { .from = from, .to = to, .effect = diff_action_effect(from, to) };
        DiffCall *call = NULL;

        if (wanted->multiplexer && differs_itself(differ, wanted, &change))
                return 0;
        call = diff_call_get(differ, wanted);
        if (!call)
                return -ENOMEM;
        memcpy(change.args, args, sizeof(change.args));
        return diff_call_add(differ, call, &change);
}

/* An answer that one side alone may give is a change: libseccomp may give it. */
static int add_changes(Differ *differ, const Comparison *comparison, const Answers *a,
        const Answers *b, const uint64_t args[static SYSCALL_ARGS]) {
        const DiffCall wanted = call_of(differ, comparison, decided_name(a, b, comparison->name));
        int r = 0;

        for (size_t i = 0; i < b->n && r == 0; i++)
                if (!may_answer(a, b->actions[i]))
                        r = add_change(differ, &wanted, a->actions[0], b->actions[i], args);
        for (size_t i = 0; i < a->n && r == 0; i++)
                if (!may_answer(b, a->actions[i]))
                        r = add_change(differ, &wanted, a->actions[i], b->actions[0], args);
        return r;
}

static int compare_point(
        Differ *differ, Comparison *comparison, const uint64_t args[static SYSCALL_ARGS]) {
        const Arch *arch = differ_arch(differ);
        const Answers a = answers_of(&differ->a, arch, comparison->subject->nr, args);
        const Answers b = answers_of(&differ->b, arch, comparison->subject->nr, args);

        differ->diff.n_points++;
        differ->diff.is_contested |= a.n > 1 || b.n > 1;
        if (a.n == 1 && b.n == 1 && action_equal(a.actions[0], b.actions[0]))
                return 0;
        return add_changes(differ, comparison, &a, &b, args);
}

/* The points that one rule is about. */
static int compare_rule(
        Differ *differ, Comparison *comparison, const PolicyRule *rule, size_t n_max) {
        const Subject *subject = comparison->subject;
        const Arch *arch = differ_arch(differ);
        uint64_t state = call_points_seed(arch, subject->nr);
        uint64_t args[SYSCALL_ARGS];
        CallPoints points;
        int r = call_points_within(differ->arena, &subject->points, rule, &points);

        if (r < 0)
                return r;
        if (points.is_partial || points.n > n_max)
                differ->diff.is_exhaustive = false;
        for (uint64_t i = 0; i < points.n && i < n_max && r == 0; i++) {
                if (points.n > n_max)
                        call_points_draw(&points, arch, NULL, 0, false, &state, args);
                else
                        call_points_get(&points, i, args);
                r = compare_point(differ, comparison, args);
        }
        return r;
}

/* A call that meets no rule of either gets both defaults, which are not told here. */
static int compare_rules(Differ *differ, Comparison *comparison, size_t n_max) {
        const Subject *subject = comparison->subject;
        int r = 0;

        for (size_t i = 0; i < subject->n_rules && r == 0; i++) {
                const size_t before = differ->diff.n_points;

                r = compare_rule(
                        differ, comparison, subject->rules[i], n_max / (subject->n_rules - i));
                n_max -= differ->diff.n_points - before;
        }
        return r;
}

static bool can_get_default(const ExplainWay *way) {
        for (size_t i = 0; i < way->n_cases; i++)
                if (!way->cases[i].rule)
                        return true;
        return false;
}

/* The answers of a number, or of a subcall behind it, by both sides in full. */
static int explain_both(Differ *differ, ExplainWay *a, ExplainWay *b) {
        static const CallArgs nothing_known;
        int r = explain_way(
                differ->arena, differ->a.policy, differ->a.table, -1, &nothing_known, a);

        return r < 0 ? r
                     : explain_way(differ->arena, differ->b.policy, differ->b.table, -1,
                               &nothing_known, b);
}

static int call_explain(Differ *differ, const Comparison *comparison, DiffCall *call) {
        ExplainWay way = { .arch = differ_arch(differ), .nr = call->nr };
        int multiplexer = -1, r;

        way.is_subcall = comparison->subject->is_multiplexer && !call->multiplexer && call->name &&
                syscall_subcall(way.arch, call->name, &multiplexer, &way.subcall);
        call->a = call->b = way;
        r = explain_both(differ, &call->a, &call->b);
        for (size_t i = 0; i < call->n_changes && r == 0; i++)
                call->changes[i].is_conditional =
                        call->multiplexer || call->a.n_cases > 1 || call->b.n_cases > 1;
        return r;
}

static int compare_call(Differ *differ, const Subject *subject, size_t n_max) {
        const size_t n_before = differ->diff.n_calls;
        ExplainWay a = { .arch = differ_arch(differ), .nr = subject->nr }, b = a;
        Comparison comparison = { .subject = subject };
        char name[NAME_SIZE];
        int r = 0;

        if (syscall_name(a.arch, subject->nr, sizeof(name), name) == 0) {
                comparison.name = arena_strndup(differ->arena, name, strlen(name));
                if (!comparison.name)
                        return -ENOMEM;
        }
        r = compare_rules(differ, &comparison, n_max);
        for (size_t i = n_before; i < differ->diff.n_calls && r == 0; i++)
                r = call_explain(differ, &comparison, &differ->diff.calls[i]);
        if (r == 0)
                r = explain_both(differ, &a, &b);
        if (r < 0)
                return r;
        if (can_get_default(&a) && can_get_default(&b))
                differ->diff.n_default[differ->arch]++;
        return 0;
}

/* --- which calls to compare --- */

bool diff_rules_equal(
        const PolicyRule *const *a, size_t n_a, const PolicyRule *const *b, size_t n_b) {
        if (n_a != n_b)
                return false;
        for (size_t i = 0; i < n_a; i++)
                if (!action_equal(a[i]->action, b[i]->action) ||
                        strcmp(a[i]->name, b[i]->name) != 0 ||
                        conditions_compare(a[i]->conditions, a[i]->n_conditions, b[i]->conditions,
                                b[i]->n_conditions) != 0)
                        return false;
        return true;
}

/* Makes a subject of a number whose rules differ. Returns 1; 0 when there is nothing to compare. */
static int subject_make(Differ *differ, int nr, Subject *ret_subject) {
        const PolicyRule *const *a = NULL, *const *b = NULL;
        Subject subject = { .nr = nr };
        char name[NAME_SIZE] = "";
        size_t n_a = 0, n_b = 0;

        eval_table_rules(differ->a.table, nr, &a, &n_a);
        eval_table_rules(differ->b.table, nr, &b, &n_b);
        (void) syscall_name(differ_arch(differ), nr, sizeof(name), name);
        if (n_a + n_b == 0) {
                differ->diff.n_default[differ->arch] += *name != '\0';
                return 0;
        }
        if (diff_rules_equal(a, n_a, b, n_b) &&
                action_equal(differ->a.policy->default_action, differ->b.policy->default_action))
                return 0;
        subject.rules = arena_alloc_array(differ->arena, n_a + n_b, sizeof(subject.rules[0]));
        if (!subject.rules)
                return -ENOMEM;
        for (size_t i = 0; i < n_a; i++)
                subject.rules[subject.n_rules++] = a[i];
        for (size_t i = 0; i < n_b; i++)
                subject.rules[subject.n_rules++] = b[i];
        subject.is_multiplexer = differ_arch(differ)->has_multiplexer &&
                (strcmp(name, "socketcall") == 0 || strcmp(name, "ipc") == 0);
        *ret_subject = subject;
        return call_points_make(differ->arena, differ_arch(differ), nr, POINTS_OF_RULES,
                       subject.rules, subject.n_rules, &ret_subject->points) < 0
                ? -ENOMEM
                : 1;
}

/* Multiplexers last: what they say is told only where the calls themselves do not. */
static int subject_compare(const void *left, const void *right) {
        const Subject *a = left, *b = right;

        if (a->is_multiplexer != b->is_multiplexer)
                return a->is_multiplexer ? 1 : -1;
        if (a->points.n != b->points.n)
                return a->points.n < b->points.n ? -1 : 1;
        return (a->nr > b->nr) - (a->nr < b->nr);
}

static int number_compare(const void *left, const void *right) {
        const int a = *(const int *) left, b = *(const int *) right;

        return (a > b) - (a < b);
}

/* Every number that has a name or a rule, ascending, each once. */
static int numbers_collect(Differ *differ, int **ret_numbers, size_t *ret_n) {
        const Arch *arch = differ_arch(differ);
        const int first = (int) arch->nr_mask, highest = syscall_highest(arch);
        size_t n_a = 0, n_b = 0, n = 0, n_kept = 0;
        const int *a = eval_table_numbers(differ->a.table, &n_a);
        const int *b = eval_table_numbers(differ->b.table, &n_b);
        const size_t n_known = highest < first ? 0 : (size_t) (highest - first) + 1;
        int *numbers = arena_alloc_array(differ->arena, n_known + n_a + n_b, sizeof(*numbers));

        if (!numbers)
                return -ENOMEM;
        for (int nr = first; nr <= highest; nr++)
                numbers[n++] = nr;
        for (size_t i = 0; i < n_a; i++)
                numbers[n++] = a[i];
        for (size_t i = 0; i < n_b; i++)
                numbers[n++] = b[i];
        qsort(numbers, n, sizeof(*numbers), number_compare);
        for (size_t i = 0; i < n; i++)
                if (n_kept == 0 || numbers[n_kept - 1] != numbers[i])
                        numbers[n_kept++] = numbers[i];
        *ret_numbers = numbers;
        *ret_n = n_kept;
        return 0;
}

static int compare_numbers(Differ *differ, const int *numbers, size_t n) {
        Subject *subjects = arena_alloc_array(differ->arena, n, sizeof(*subjects));
        size_t n_subjects = 0;
        size_t left = (differ->max_points - differ->diff.n_points) /
                (differ->diff.n_arches - differ->arch);
        int r = subjects ? 0 : -ENOMEM;

        for (size_t i = 0; i < n && r >= 0; i++) {
                r = subject_make(differ, numbers[i], &subjects[n_subjects]);
                n_subjects += r > 0;
        }
        if (r < 0)
                return r;
        qsort(subjects, n_subjects, sizeof(*subjects), subject_compare);
        for (size_t i = 0; i < n_subjects; i++) {
                const size_t before = differ->diff.n_points;

                r = compare_call(differ, &subjects[i], left / (n_subjects - i));
                if (r < 0)
                        return r;
                left -= differ->diff.n_points - before;
        }
        return 0;
}

int diff_compare_calls(Differ *differ) {
        int *numbers = NULL;
        size_t n = 0;
        int r = numbers_collect(differ, &numbers, &n);

        return r < 0 ? r : compare_numbers(differ, numbers, n);
}
