/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Why a profile answers a call as it does. The rules on the call are walked in their order, as the
 * reference evaluator does, but with arguments that may be unknown: a condition on a known argument
 * is decided, one on an unknown argument is kept as a condition of the answer. What is left is a
 * list of cases of which the first one that holds decides, and whatever a caller tells more only
 * makes it shorter.
 *
 * A case is never left out for being unlikely, and never merged with another: each names the rule
 * that decides it, which is what was asked. Only cases behind which everything gets the same answer
 * are dropped, so that one answer is one case.
 */

#include "profile/explain.h"

#include "profile/argset.h"
#include "profile/canonical.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <string.h>

#define EXPLAIN_WAYS_PER_ARCH 2 /* its own number, and one behind a multiplexer */

/* What filters see of an argument on an architecture. */
static ArgSet visible_values(const Arch *arch) {
        return (ArgSet){ .kind = ARGSET_RANGE, .high = arch->is_64bit ? UINT64_MAX : UINT32_MAX };
}

typedef enum Truth {
        TRUTH_NEVER,
        TRUTH_ALWAYS,
        TRUTH_OPEN, /* hangs on an argument that is not known */
} Truth;

static Truth condition_truth(
        const Condition *condition, const ArgSet *visible, const CallArgs *args) {
        const ArgSet set = argset_of(condition);

        if (args->is_known[condition->index])
                return argset_contains(&set, args->values[condition->index] & visible->high)
                        ? TRUTH_ALWAYS
                        : TRUTH_NEVER;
        if (argset_is_disjoint(&set, visible))
                return TRUTH_NEVER;
        return argset_is_subset(visible, &set) ? TRUTH_ALWAYS : TRUTH_OPEN;
}

/* Fills a case with what is left of a rule's conditions. Returns 1; 0 when the rule cannot match.
 */
static int case_make(Arena *arena, const PolicyRule *rule, const ArgSet *visible,
        const CallArgs *args, ExplainCase *ret_case) {
        Condition *left = arena_alloc_array(arena, rule->n_conditions, sizeof(*left));
        uint8_t n = 0;

        if (!left)
                return -ENOMEM;
        for (size_t i = 0; i < rule->n_conditions; i++) {
                const Truth truth = condition_truth(&rule->conditions[i], visible, args);

                if (truth == TRUTH_NEVER)
                        return 0;
                if (truth == TRUTH_OPEN)
                        left[n++] = rule->conditions[i];
        }
        *ret_case = (ExplainCase){
                .action = rule->action,
                .rule = rule,
                .conditions = left,
                .n_conditions = n,
        };
        return 1;
}

/* Whether some arguments meet both: conditions of one case are on different arguments. */
static bool cases_meet(const ExplainCase *a, const ExplainCase *b) {
        for (size_t i = 0; i < a->n_conditions; i++)
                for (size_t j = 0; j < b->n_conditions; j++) {
                        const ArgSet x = argset_of(&a->conditions[i]);
                        const ArgSet y = argset_of(&b->conditions[j]);

                        if (a->conditions[i].index == b->conditions[j].index &&
                                argset_is_disjoint(&x, &y))
                                return false;
                }
        return true;
}

static void mark_contested(ExplainCase *cases, size_t n) {
        for (size_t i = 0; i < n; i++)
                for (size_t j = i + 1; j < n; j++)
                        if (!action_equal(cases[i].action, cases[j].action) &&
                                cases_meet(&cases[i], &cases[j]))
                                cases[i].is_contested = cases[j].is_contested = true;
}

static const PolicyRule *find_unconditional(const PolicyRule *const *rules, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (rules[i]->n_conditions == 0)
                        return rules[i];
        return NULL;
}

/* The rules that can match, in order. Returns their number or -ENOMEM. */
static int cases_collect(Arena *arena, const PolicyRule *const *rules, size_t n_rules,
        const ArgSet *visible, const CallArgs *args, ExplainCase *cases) {
        int n = 0;

        for (size_t i = 0; i < n_rules; i++) {
                int r = case_make(arena, rules[i], visible, args, &cases[n]);

                if (r < 0)
                        return r;
                n += r;
        }
        return n;
}

/* Cases behind which the answer is the same anyway say nothing. */
static size_t cases_trim(ExplainCase *cases, size_t n) {
        while (n > 1 && action_equal(cases[n - 2].action, cases[n - 1].action)) {
                cases[n - 2] = cases[n - 1];
                n--;
        }
        return n;
}

/* Ends the list with a case that is certain: the first such rule, or the default. */
static size_t cases_end(ExplainCase *cases, size_t n, Action standard) {
        ExplainCase certain = {};
        size_t n_kept = 0;

        while (n_kept < n && cases[n_kept].n_conditions > 0)
                n_kept++;
        if (n_kept == n) {
                cases[n++] = (ExplainCase){ .action = standard };
                return cases_trim(cases, n);
        }
        certain = cases[n_kept++];
        if (!certain.is_contested)
                return cases_trim(cases, n_kept);
        /* what comes behind a certain match is asked no more, but libseccomp may see it otherwise
         */
        for (size_t i = n_kept; i < n; i++)
                if (!action_equal(cases[i].action, certain.action))
                        cases[n_kept++] = cases[i];
        return n_kept;
}

static int way_fill(Arena *arena, const Policy *policy, const PolicyRule *const *rules,
        size_t n_rules, const CallArgs *args, ExplainWay *way) {
        const PolicyRule *decisive = find_unconditional(rules, n_rules);
        const ArgSet visible = way->arch ? visible_values(way->arch) : ARGSET_ALL;
        ExplainCase *cases = arena_alloc_array(arena, n_rules + 1, sizeof(*cases));
        int n = 0;

        if (!cases)
                return -ENOMEM;
        way->cases = cases;
        if (decisive) {
                cases[0] = (ExplainCase){ .action = decisive->action, .rule = decisive };
                way->n_cases = 1;
                return 0;
        }
        n = cases_collect(arena, rules, n_rules, &visible, args, cases);
        if (n < 0)
                return n;
        mark_contested(cases, (size_t) n);
        way->n_cases = cases_end(cases, (size_t) n, policy->default_action);
        return 0;
}

bool policy_runc_highest(const Policy *policy, const Arch *arch, int *ret_highest) {
        const ActionKind kind = policy->default_action.kind;
        int highest = 0, nr = 0;

        if (kind == ACTION_ALLOW || kind == ACTION_LOG || kind == ACTION_TRACE)
                return false;
        for (size_t i = 0; i < policy->n_rules; i++) {
                int multiplexer = 0;
                unsigned subcall = 0;

                /* it asks libseccomp, which hides the own numbers of calls behind a multiplexer */
                if (syscall_number(arch, policy->rules[i].name, &nr) == SYSCALL_KNOWN &&
                        !syscall_subcall(arch, policy->rules[i].name, &multiplexer, &subcall) &&
                        nr > highest)
                        highest = nr;
        }
        if (canonical_is_salted(policy) &&
                syscall_number(arch, CANONICAL_SALT_NAME, &nr) == SYSCALL_KNOWN && nr > highest)
                highest = nr;
        if (highest == 0)
                return false; /* number 0 is none to it */
        *ret_highest = highest;
        return true;
}

/* Whether every answer of a way is ENOSYS already. */
static bool answers_enosys(const ExplainWay *way) {
        for (size_t i = 0; i < way->n_cases; i++)
                if (!action_equal(
                            way->cases[i].action, (Action){ .kind = ACTION_ERRNO, .data = ENOSYS }))
                        return false;
        return true;
}

int explain_way(Arena *arena, const Policy *policy, const EvalTable *table, int highest,
        const CallArgs *args, ExplainWay *way) {
        const PolicyRule *const *rules = NULL;
        CallArgs narrowed = *args;
        size_t n_rules = 0;
        int r = 0;

        if (way->is_subcall) {
                /* the call's own arguments are in memory; the registers hold other things */
                narrowed = (CallArgs){};
                narrowed.values[0] = way->subcall;
                narrowed.is_known[0] = true;
        }
        eval_table_rules(table, way->nr, &rules, &n_rules);
        r = way_fill(arena, policy, rules, n_rules, &narrowed, way);
        if (r < 0)
                return r;
        way->is_beyond =
                highest >= 0 && (uint32_t) way->nr > (uint32_t) highest && !answers_enosys(way);
        way->highest = way->is_beyond ? highest : 0;
        return 0;
}

static bool is_listed(const Policy *policy, const Arch *arch) {
        for (size_t i = 0; i < policy->n_arches; i++)
                if (policy->arches[i] == arch)
                        return true;
        return false;
}

/* The numbers of the call on one architecture. Returns how many. */
static size_t find_numbers(const ExplainQuery *query, const Arch *arch, ExplainWay *ways) {
        ExplainWay way = { .arch = arch, .nr = -1 };
        size_t n = 0;

        if (!query->name) {
                way.nr = query->nr | (int) arch->nr_mask;
                ways[n++] = way;
                return n;
        }
        if (syscall_number(arch, query->name, &way.nr) == SYSCALL_KNOWN && way.nr >= 0)
                ways[n++] = way;
        way.is_subcall = syscall_subcall(arch, query->name, &way.nr, &way.subcall);
        if (way.is_subcall)
                ways[n++] = way;
        return n;
}

static int explain_arch(Arena *arena, const Policy *policy, const ExplainQuery *query,
        const Arch *arch, Explanation *explanation) {
        ExplainWay *ways = explanation->ways + explanation->n_ways;
        const size_t n = find_numbers(query, arch, ways);
        EvalTable *table = NULL;
        int r = 0, highest = -1;

        explanation->n_ways += n;
        if (n == 0)
                return 0;
        if (!is_listed(policy, arch)) {
                for (size_t i = 0; i < n; i++)
                        ways[i].is_unlisted = true;
                return 0;
        }
        (void) policy_runc_highest(policy, arch, &highest);
        r = eval_table_new(arena, policy, arch, &table);
        for (size_t i = 0; i < n && r == 0; i++)
                r = explain_way(arena, policy, table, highest, &query->args, &ways[i]);
        return r;
}

/* What the rules on a name say where no number is known for it. */
static int explain_unknown(
        Arena *arena, const Policy *policy, const ExplainQuery *query, Explanation *explanation) {
        const PolicyRule **rules = arena_alloc_array(arena, policy->n_rules, sizeof(rules[0]));
        ExplainWay *way = arena_alloc(arena, sizeof(*way));
        size_t n = 0;
        int nr = -1;

        explanation->is_elsewhere =
                syscall_number(policy->arches[0], query->name, &nr) != SYSCALL_UNKNOWN;
        if (explanation->is_elsewhere)
                return 0;
        if (!rules || !way)
                return -ENOMEM;
        for (size_t i = 0; i < policy->n_rules; i++)
                if (strcmp(policy->rules[i].name, query->name) == 0 &&
                        !action_equal(policy->rules[i].action, policy->default_action))
                        rules[n++] = &policy->rules[i];
        if (n == 0)
                return 0;
        way->nr = -1;
        explanation->unknown = way;
        return way_fill(arena, policy, rules, n, &query->args, way);
}

static int find_name(Arena *arena, const ExplainQuery *query, Explanation *explanation) {
        char name[64];

        explanation->call_name = query->name;
        if (query->name || explanation->n_ways == 0 ||
                syscall_name(
                        explanation->ways[0].arch, explanation->ways[0].nr, sizeof(name), name) < 0)
                return 0;
        explanation->call_name = arena_strndup(arena, name, strlen(name));
        return explanation->call_name ? 0 : -ENOMEM;
}

/* Whose call a number is: X32 has the calls of X86_64 again, told apart by a bit of the number. */
static const Arch *arch_of_number(const Arch *arch, int nr) {
        size_t n_arches = 0;
        const Arch *arches = arch_all(&n_arches);

        for (size_t i = 0; i < n_arches; i++)
                if (arches[i].audit_arch == arch->audit_arch && (uint32_t) nr & arches[i].nr_mask)
                        return &arches[i];
        return arch;
}

int policy_explain(Arena *arena, const Policy *policy, const ExplainQuery *query,
        Explanation *ret_explanation) {
        Explanation explanation = {
                .ways = arena_alloc_array(arena, EXPLAIN_WAYS_PER_ARCH * POLICY_ARCHES_MAX,
                        sizeof(*explanation.ways)),
        };
        const Arch *const *arches = query->arch ? &query->arch : policy->arches;
        const size_t n_arches = query->arch || !query->name ? 1 : policy->n_arches;
        int r = explanation.ways ? 0 : -ENOMEM;

        for (size_t i = 0; i < n_arches && r == 0; i++)
                r = explain_arch(arena, policy, query,
                        query->name ? arches[i] : arch_of_number(arches[i], query->nr),
                        &explanation);
        if (r == 0 && query->name && explanation.n_ways == 0)
                r = explain_unknown(arena, policy, query, &explanation);
        if (r == 0)
                r = find_name(arena, query, &explanation);
        if (r < 0)
                return r;
        *ret_explanation = explanation;
        return 0;
}

static bool cases_equal(const ExplainCase *a, const ExplainCase *b) {
        if (!action_equal(a->action, b->action) || !a->rule != !b->rule ||
                a->is_contested != b->is_contested)
                return false;
        if (a->rule &&
                (a->rule->name_node != b->rule->name_node ||
                        a->rule->rule_node != b->rule->rule_node))
                return false;
        return conditions_compare(a->conditions, a->n_conditions, b->conditions, b->n_conditions) ==
                0;
}

bool explain_ways_equal(const ExplainWay *a, const ExplainWay *b) {
        if (a->is_unlisted != b->is_unlisted || a->is_subcall != b->is_subcall ||
                a->is_beyond != b->is_beyond || a->n_cases != b->n_cases)
                return false;
        for (size_t i = 0; i < a->n_cases; i++)
                if (!cases_equal(&a->cases[i], &b->cases[i]))
                        return false;
        return true;
}
