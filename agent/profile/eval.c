/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The reference evaluator: what a profile says of a call, read from the OCI specification and from
 * what the runtimes do with conflicts, and from nothing else. libseccomp compiles some rule sets to
 * something they do not say; this is the second opinion, so it must stay simple enough to be seen
 * to be right. Two ideas:
 *
 * Every condition is a range: (argument & mask) lies inside, or outside, of [low, low + span]. All
 * seven operators are exactly that, the impossible ones (less than 0) being "outside of
 * everything".
 *
 * Rules are sorted by number, in their order within one, so that a call meets only its own rules.
 * A call behind socketcall(2) or ipc(2) is bound twice, to its direct number as written and to the
 * multiplexer with the subcall in place of the first argument.
 */

#include "profile/eval.h"

#include "base/cleanup.h"
#include "profile/syscalls.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#define X32_BIT 0x40000000U

/* A condition, ready to be tested. */
typedef struct Range {
        uint64_t mask;
        uint64_t low;
        uint64_t span;
        uint8_t index;
        bool is_outside;
} Range;

/* A rule on one number. */
typedef struct Bound {
        int nr;
        uint32_t order; /* of binding, so of the policy */
        uint32_t ret;
        const PolicyRule *source;  /* in the policy */
        const PolicyRule *applied; /* the same, or its copy for the multiplexer */
        const Range *ranges;
        size_t n_ranges;
} Bound;

/* The rules on one number, in order. */
typedef struct Bucket {
        const Bound *bounds;
        const Range *firsts; /* of each bound: what rules most of them out, close together */
        size_t n;
        const Bound *unconditional; /* the first such, which then decides; or NULL */
} Bucket;

struct EvalTable {
        uint32_t default_ret;
        const Policy *policy;
        const Arch *arch;
        uint64_t arg_mask; /* what this architecture's filters see of an argument */
        Bound *bounds;     /* sorted by number, then by order */
        size_t n_bounds;
        const PolicyRule **applied; /* of each bound */
        Range *firsts;              /* of each bound */
        int *numbers;               /* distinct, ascending */
        Bucket *buckets;            /* of each number */
        size_t n_numbers;
};

static Range range_of(const Condition *condition) {
        const uint64_t value = condition->value;
        const Range never = { .index = condition->index, .span = UINT64_MAX, .is_outside = true };
        Range range = { .index = condition->index, .mask = UINT64_MAX };

        switch (condition->op) {
        case OP_NE: range.is_outside = true; __attribute__((fallthrough));
        case OP_EQ: range.low = value; return range;
        case OP_LT: range.span = value - 1; return value == 0 ? never : range;
        case OP_LE: range.span = value; return range;
        case OP_GE:
                range.low = value;
                range.span = UINT64_MAX - value;
                return range;
        case OP_GT:
                range.low = value + 1;
                range.span = UINT64_MAX - range.low;
                return value == UINT64_MAX ? never : range;
        case OP_MASKED_EQ:
                range.mask = value;
                range.low = condition->value_two & value;
                return range;
        case N_OPERATORS: break;
        }
        return never;
}

static bool range_holds(const Range *range, const uint64_t args[static SYSCALL_ARGS]) {
        const uint64_t argument = args[range->index] & range->mask;

        return (argument - range->low <= range->span) != range->is_outside;
}

static bool bound_holds(const Bound *bound, const uint64_t args[static SYSCALL_ARGS]) {
        for (size_t i = 0; i < bound->n_ranges; i++)
                if (!range_holds(&bound->ranges[i], args))
                        return false;
        return true;
}

/* Binds `applied`, which stands for the rule `source`, to a number. Returns 0 or -ENOMEM. */
static int bound_add(Arena *arena, EvalTable *table, const PolicyRule *source,
        const PolicyRule *applied, int nr) {
        Range *ranges = arena_alloc_array(arena, applied->n_conditions, sizeof(*ranges));

        if (!ranges)
                return -ENOMEM;
        for (size_t i = 0; i < applied->n_conditions; i++) {
                assert(applied->conditions[i].index < SYSCALL_ARGS);
                ranges[i] = range_of(&applied->conditions[i]);
        }
        table->bounds[table->n_bounds] = (Bound){
                .nr = nr,
                .order = (uint32_t) table->n_bounds,
                .ret = action_to_ret(source->action),
                .source = source,
                .applied = applied,
                .ranges = ranges,
                .n_ranges = applied->n_conditions,
        };
        table->n_bounds++;
        return 0;
}

/* The rule as it stands at a multiplexer, from `arena`; NULL when memory is out. */
static const PolicyRule *rule_multiplexed(Arena *arena, const PolicyRule *rule, unsigned subcall) {
        PolicyRule *copy = arena_alloc(arena, sizeof(*copy));
        Condition *conditions =
                arena_alloc_array(arena, rule->n_conditions + 1U, sizeof(*conditions));
        uint8_t n = 0;

        if (!copy || !conditions)
                return NULL;
        conditions[n++] = (Condition){ .op = OP_EQ, .value = subcall, .node = TEXT_NO_NODE };
        for (size_t i = 0; i < rule->n_conditions; i++)
                if (rule->conditions[i].index != 0)
                        conditions[n++] = rule->conditions[i];
        *copy = *rule;
        copy->conditions = conditions;
        copy->n_conditions = n;
        return copy;
}

/* Binds a rule to all numbers its name has on the table's architecture. Returns 0 or -ENOMEM. */
static int rule_bind(Arena *arena, EvalTable *table, const PolicyRule *rule) {
        const PolicyRule *multiplexed = NULL;
        int nr = -1, multiplexer = -1, r = 0;
        unsigned subcall = 0;

        if (syscall_number(table->arch, rule->name, &nr) != SYSCALL_KNOWN)
                return 0;
        if (nr >= 0)
                r = bound_add(arena, table, rule, rule, nr);
        if (r < 0 || !syscall_subcall(table->arch, rule->name, &multiplexer, &subcall))
                return r;
        multiplexed = rule_multiplexed(arena, rule, subcall);
        if (!multiplexed)
                return -ENOMEM;
        return bound_add(arena, table, rule, multiplexed, multiplexer);
}

static int bound_compare(const void *a, const void *b) {
        const Bound *x = a, *y = b;

        if (x->nr != y->nr)
                return x->nr < y->nr ? -1 : 1;
        return x->order < y->order ? -1 : x->order > y->order;
}

static void table_index(EvalTable *table) {
        qsort(table->bounds, table->n_bounds, sizeof(*table->bounds), bound_compare);
        for (size_t i = 0; i < table->n_bounds; i++) {
                const Bound *bound = &table->bounds[i];
                Bucket *bucket = NULL;

                table->applied[i] = bound->applied;
                if (bound->n_ranges > 0)
                        table->firsts[i] = bound->ranges[0];
                if (i == 0 || bound->nr != bound[-1].nr) {
                        table->numbers[table->n_numbers] = bound->nr;
                        table->buckets[table->n_numbers++] =
                                (Bucket){ .bounds = bound, .firsts = &table->firsts[i] };
                }
                bucket = &table->buckets[table->n_numbers - 1];
                bucket->n++;
                if (bound->n_ranges == 0 && !bucket->unconditional)
                        bucket->unconditional = bound;
        }
}

int eval_table_new(Arena *arena, const Policy *policy, const Arch *arch, EvalTable **ret_table) {
        const size_t n_max = 2 * policy->n_rules; /* each at a direct number and at a multiplexer */
        EvalTable *table = arena_alloc(arena, sizeof(*table));

        if (!table)
                return -ENOMEM;
        *table = (EvalTable){
                .default_ret = action_to_ret(policy->default_action),
                .policy = policy,
                .arch = arch,
                .arg_mask = arch->is_64bit ? UINT64_MAX : UINT32_MAX,
                .bounds = arena_alloc_array(arena, n_max, sizeof(*table->bounds)),
                .applied = arena_alloc_array(arena, n_max, sizeof(*table->applied)),
                .firsts = arena_alloc_array(arena, n_max, sizeof(*table->firsts)),
                .numbers = arena_alloc_array(arena, n_max, sizeof(*table->numbers)),
                .buckets = arena_alloc_array(arena, n_max, sizeof(*table->buckets)),
        };
        if (!table->bounds || !table->applied || !table->firsts || !table->numbers ||
                !table->buckets)
                return -ENOMEM;
        for (size_t i = 0; i < policy->n_rules; i++) {
                int r = 0;

                if (!action_equal(policy->rules[i].action, policy->default_action))
                        r = rule_bind(arena, table, &policy->rules[i]);
                if (r < 0)
                        return r;
        }
        table_index(table);
        *ret_table = table;
        return 0;
}

/* Whether a call is of the table's architecture: see the header about X86_64 and X32. */
static bool table_admits(const EvalTable *table, uint32_t audit_arch, int nr) {
        if (audit_arch != table->arch->audit_arch)
                return false;
        if (audit_arch != AUDIT_ARCH_X86_64 || nr == -1)
                return true;
        return ((uint32_t) nr >= X32_BIT) == (table->arch->nr_mask == X32_BIT);
}

static int number_compare(const void *a, const void *b) {
        const int *x = a, *y = b;

        return *x < *y ? -1 : *x > *y;
}

static const Bucket *bucket_find(const EvalTable *table, int nr) {
        static const Bucket empty = {};
        const int *number = bsearch(
                &nr, table->numbers, table->n_numbers, sizeof(*table->numbers), number_compare);

        return number ? &table->buckets[number - table->numbers] : &empty;
}

/* The arguments as filters of the table's architecture see them. */
static void args_narrow(const EvalTable *table, const uint64_t args[static SYSCALL_ARGS],
        uint64_t ret_args[static SYSCALL_ARGS]) {
        for (size_t i = 0; i < SYSCALL_ARGS; i++)
                ret_args[i] = args[i] & table->arg_mask;
}

EvalResult policy_eval(const EvalTable *table, uint32_t audit_arch, int nr,
        const uint64_t args[static SYSCALL_ARGS]) {
        const Bucket *bucket = bucket_find(table, nr);
        const Bound *decisive = bucket->unconditional;
        uint64_t seen[SYSCALL_ARGS];
        bool is_ambiguous = false;

        if (!table_admits(table, audit_arch, nr))
                return (EvalResult){ .ret = SECCOMP_RET_KILL_THREAD };
        if (decisive)
                return (EvalResult){ decisive->ret, decisive->source, false };
        args_narrow(table, args, seen);
        for (size_t i = 0; i < bucket->n && !is_ambiguous; i++) {
                const Bound *bound = &bucket->bounds[i];

                if (!range_holds(&bucket->firsts[i], seen) || !bound_holds(bound, seen))
                        continue;
                if (decisive && decisive->ret == bound->ret)
                        continue;
                if (decisive)
                        is_ambiguous = true;
                else
                        decisive = bound;
        }
        if (!decisive)
                return (EvalResult){ .ret = table->default_ret };
        return (EvalResult){ decisive->ret, decisive->source, is_ambiguous };
}

bool policy_eval_accepts(const EvalTable *table, uint32_t audit_arch, int nr,
        const uint64_t args[static SYSCALL_ARGS], uint32_t ret) {
        const EvalResult result = policy_eval(table, audit_arch, nr, args);
        const Bucket *bucket = bucket_find(table, nr);
        uint64_t seen[SYSCALL_ARGS];

        if (!result.is_ambiguous || ret == result.ret)
                return ret == result.ret;
        args_narrow(table, args, seen);
        for (size_t i = 0; i < bucket->n; i++)
                if (bucket->bounds[i].ret == ret && bound_holds(&bucket->bounds[i], seen))
                        return true;
        return false;
}

static bool has_action(const Action *actions, size_t n, Action action) {
        for (size_t i = 0; i < n; i++)
                if (action_equal(actions[i], action))
                        return true;
        return false;
}

size_t policy_eval_actions(const EvalTable *table, int nr, const uint64_t args[static SYSCALL_ARGS],
        size_t n_max, Action *ret_actions) {
        const EvalResult result = policy_eval(table, table->arch->audit_arch, nr, args);
        const Bucket *bucket = bucket_find(table, nr);
        uint64_t seen[SYSCALL_ARGS];
        size_t n = 0;

        ret_actions[n++] = result.rule ? result.rule->action : table->policy->default_action;
        args_narrow(table, args, seen);
        for (size_t i = 0; result.is_ambiguous && i < bucket->n && n < n_max; i++) {
                const Bound *bound = &bucket->bounds[i];

                if (range_holds(&bucket->firsts[i], seen) && bound_holds(bound, seen) &&
                        !has_action(ret_actions, n, bound->source->action))
                        ret_actions[n++] = bound->source->action;
        }
        return n;
}

const Policy *eval_table_policy(const EvalTable *table) {
        return table->policy;
}

const int *eval_table_numbers(const EvalTable *table, size_t *ret_n) {
        *ret_n = table->n_numbers;
        return table->numbers;
}

void eval_table_rules(
        const EvalTable *table, int nr, const PolicyRule *const **ret_rules, size_t *ret_n) {
        const Bucket *bucket = bucket_find(table, nr);

        *ret_rules = bucket->n > 0 ? &table->applied[bucket->bounds - table->bounds] : NULL;
        *ret_n = bucket->n;
}
