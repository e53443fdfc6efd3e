/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The list of a policy's rules. What is there already is not added again, so that its length is
 * that of what the profile says and not of how often it says it: the work of libseccomp, and of the
 * checks before it, grows with the square of that, and a megabyte of text can name one call 77,000
 * times.
 *
 * Two tables of open addressing find what is there: rules as a whole, and for each call the
 * unconditional rule that decides it. Once the list is longer than any policy may be, nothing is
 * added any more; the tables have room for that many at half load. Collisions can be made on
 * purpose, as the hash has no secret; they cost the author's own check its time and nobody else.
 */

#include "profile/resolve_internal.h"

#include <errno.h>
#include <string.h>

#define N_SLOTS 16384U /* a power of two, over twice LIMIT_RULES */
_Static_assert(N_SLOTS > 2 * LIMIT_RULES, "the tables must never be full");

/* What a slot holds: an index into the rules plus one; 0 is an empty slot. */
typedef struct Slots {
        uint32_t rule[N_SLOTS];
} Slots;

struct Merger {
        Arena *arena;
        const Action *default_action; /* NULL when there is none */
        PolicyRule *rules;
        size_t n;
        size_t capacity;
        size_t n_conditional;
        uint32_t first_conditional_over; /* the name that is one too many, or TEXT_NO_NODE */
        uint32_t first_over;
        Slots all;           /* by everything a rule says */
        Slots unconditional; /* by name: unconditional rules that differ from the default */
};

Merger *merger_new(Arena *arena, const Action *default_action) {
        Merger *merger = arena_alloc(arena, sizeof(*merger));

        if (!merger)
                return NULL;
        merger->arena = arena;
        merger->default_action = default_action;
        merger->first_over = TEXT_NO_NODE;
        merger->first_conditional_over = TEXT_NO_NODE;
        return merger;
}

/* Mixes eight bytes into a hash: multiply by an odd constant, fold the high half down. */
static uint64_t mix(uint64_t hash, uint64_t value) {
        hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
        return hash ^ hash >> 32;
}

static uint64_t hash_name(const char *name) {
        uint64_t hash = 0;

        for (; *name; name++)
                hash = mix(hash, (unsigned char) *name);
        return hash;
}

static uint64_t hash_rule(const PolicyRule *rule, uint64_t name_hash) {
        uint64_t hash = mix(name_hash, (uint64_t) rule->action.kind << 16 | rule->action.data);

        for (uint8_t i = 0; i < rule->n_conditions; i++) {
                const Condition *condition = &rule->conditions[i];

                hash = mix(hash, (uint64_t) condition->op << 8 | condition->index);
                hash = mix(hash, condition->value);
                hash = mix(hash, condition->value_two);
        }
        return hash;
}

static bool rules_equal(const PolicyRule *a, const PolicyRule *b) {
        return strcmp(a->name, b->name) == 0 && action_equal(a->action, b->action) &&
                conditions_compare(
                        a->conditions, a->n_conditions, b->conditions, b->n_conditions) == 0;
}

static bool names_equal(const PolicyRule *a, const PolicyRule *b) {
        return strcmp(a->name, b->name) == 0;
}

/* The slot of an equal rule, or the empty one where it would go. */
static uint32_t *find_slot(const Merger *merger, Slots *slots, uint64_t hash,
        const PolicyRule *rule, bool (*equal)(const PolicyRule *a, const PolicyRule *b)) {
        for (size_t i = hash % N_SLOTS;; i = (i + 1) % N_SLOTS) {
                uint32_t *slot = &slots->rule[i];

                if (*slot == 0 || equal(&merger->rules[*slot - 1], rule))
                        return slot;
        }
}

static int append(Merger *merger, const PolicyRule *rule) {
        size_t capacity = merger->capacity ? 2 * merger->capacity : 64;
        PolicyRule *rules = NULL;

        if (merger->n == merger->capacity) {
                rules = arena_alloc_array(merger->arena, capacity, sizeof(rules[0]));
                if (!rules)
                        return -ENOMEM;
                if (merger->n > 0)
                        memcpy(rules, merger->rules, merger->n * sizeof(rules[0]));
                merger->rules = rules;
                merger->capacity = capacity;
        }
        merger->rules[merger->n++] = *rule;
        return 0;
}

static void count_conditional(Merger *merger, const PolicyRule *rule) {
        if (rule->n_conditions > 0 && ++merger->n_conditional == LIMIT_CONDITIONAL_RULES + 1)
                merger->first_conditional_over = rule->name_node;
}

int merger_add(Merger *merger, const PolicyRule *rule, MergeReport *report) {
        uint64_t name_hash = hash_name(rule->name);
        uint32_t *slot =
                find_slot(merger, &merger->all, hash_rule(rule, name_hash), rule, rules_equal);
        bool equals_default =
                merger->default_action && action_equal(rule->action, *merger->default_action);
        uint32_t *decided = NULL;

        if (*slot != 0) {
                if (report->n_repeated++ == 0)
                        report->repeated = *rule;
                return 0;
        }
        if (rule->n_conditions == 0 && !equals_default)
                decided = find_slot(merger, &merger->unconditional, name_hash, rule, names_equal);
        if (decided && *decided != 0) {
                if (report->n_ousted++ == 0) {
                        report->ousted = *rule;
                        report->ousted_by = merger->rules[*decided - 1];
                }
                return 0;
        }
        if (merger->n == LIMIT_RULES) {
                if (merger->first_over == TEXT_NO_NODE)
                        merger->first_over = rule->name_node;
                return 0;
        }
        if (append(merger, rule) < 0)
                return -ENOMEM;
        count_conditional(merger, rule);
        *slot = (uint32_t) merger->n;
        if (decided)
                *decided = (uint32_t) merger->n;
        return 0;
}

/* " and 3 more", or nothing; from the arena. */
static const char *and_more(const Resolver *resolver, size_t n) {
        const char *text = "";

        if (n > 1)
                text = arena_printf(resolver->document->arena, " and %zu more", n - 1);
        return text ? text : "";
}

/* "SCMP_ACT_ERRNO(38)"; from the arena. */
static const char *action_text(const Resolver *resolver, Action action) {
        const char *text = action_kind_name(action.kind);

        if (action_takes_errno(action.kind))
                text = arena_printf(resolver->document->arena, "%s(%u)", text, action.data);
        return text ? text : "";
}

void merger_report(const Resolver *resolver, const MergeReport *report) {
        const Document *document = resolver->document;

        if (report->n_repeated > 0)
                document_diag(document, resolver->diags, SP706, report->repeated.name_node, false,
                        NULL, "`%s`%s: repeated with the same action and conditions, and merged",
                        report->repeated.name, and_more(resolver, report->n_repeated));
        if (report->n_ousted > 0) {
                const char *place = document_place(document, resolver->diags,
                        report->ousted_by.name_node, report->ousted_by.rule_node);

                document_diag(document, resolver->diags, SP701, report->ousted.name_node, false,
                        "keep one of the two rules",
                        "`%s`%s: decided by an earlier unconditional rule, %s in %s, which "
                        "runtimes keep; %s here has no effect",
                        report->ousted.name, and_more(resolver, report->n_ousted),
                        action_text(resolver, report->ousted_by.action), place ? place : "",
                        action_text(resolver, report->ousted.action));
        }
}

/* Leaves out the conditional rules past the limit, so that no later check has to bear them. */
static size_t drop_conditional(PolicyRule *rules, size_t n) {
        size_t n_kept = 0, n_conditional = 0;

        for (size_t i = 0; i < n; i++) {
                if (rules[i].n_conditions > 0 && ++n_conditional > LIMIT_CONDITIONAL_RULES)
                        continue;
                rules[n_kept++] = rules[i];
        }
        return n_kept;
}

void merger_finish(Merger *merger, const Resolver *resolver, Policy *policy) {
        if (merger->first_over != TEXT_NO_NODE)
                document_diag(resolver->document, resolver->diags, SP102, merger->first_over, false,
                        NULL,
                        "more than %u rules, one for each name and set of conditions: they cannot "
                        "fit the 4096 instructions of a filter",
                        LIMIT_RULES);
        if (merger->first_conditional_over != TEXT_NO_NODE) {
                document_diag(resolver->document, resolver->diags, SP813,
                        merger->first_conditional_over, false,
                        "leave conditions out, or have them on fewer calls",
                        "%zu rules with conditions, one for each name and set of conditions, and "
                        "%u are permitted: each container start would take seconds",
                        merger->n_conditional, LIMIT_CONDITIONAL_RULES);
                merger->n = drop_conditional(merger->rules, merger->n);
        }
        policy->rules = merger->rules;
        policy->n_rules = merger->n;
}
