/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The canonical order of a policy and its one spelling. What a node holds depends on what a profile
 * means, so nodes that agree hold the same bytes, and crun's cache, keyed by those bytes, hits.
 * The spelling is that of published profiles, a name a line, so that a diff of two installed files
 * reads like a change of policy.
 *
 * The salt. crun (1.14 to 1.28) keeps compiled filters under a hash of the profile that covers
 * default, names, actions and conditions, but no rule's errnoRet: of two profiles that differ in
 * nothing else the second would run with the first one's filter. So a profile with a rule whose
 * errnoRet is another than the default's (or whose default has none) starts with a rule that equals
 * the default, which every runtime skips, and whose condition carries a hash of the whole text. A
 * profile without such a rule needs none: its rules' errnos are the default's, and crun hashes
 * that. The salt is no part of the policy: of a text that has one, it is left out by sorting.
 */

#include "profile/canonical.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int action_compare(Action a, Action b) {
        if (a.kind != b.kind)
                return a.kind < b.kind ? -1 : 1;
        return (a.data > b.data) - (a.data < b.data);
}

static int rule_head_compare(const PolicyRule *a, const PolicyRule *b) {
        int c = action_compare(a->action, b->action);

        if (c != 0)
                return c;
        return conditions_compare(a->conditions, a->n_conditions, b->conditions, b->n_conditions);
}

static int rule_compare(const void *left, const void *right) {
        const PolicyRule *a = left;
        const PolicyRule *b = right;
        int c = rule_head_compare(a, b);

        return c != 0 ? c : strcmp(a->name, b->name);
}

static int condition_sort_compare(const void *left, const void *right) {
        return condition_compare(left, right);
}

static int arch_sort_compare(const void *left, const void *right) {
        const Arch *a = *(const Arch *const *) left;
        const Arch *b = *(const Arch *const *) right;

        return (a > b) - (a < b); /* rows of one table */
}

static int rule_sort_conditions(Arena *arena, PolicyRule *rule) {
        Condition *conditions;

        if (rule->n_conditions < 2)
                return 0;
        conditions = arena_alloc_array(arena, rule->n_conditions, sizeof(Condition));
        if (!conditions)
                return -ENOMEM;
        memcpy(conditions, rule->conditions, rule->n_conditions * sizeof(Condition));
        qsort(conditions, rule->n_conditions, sizeof(Condition), condition_sort_compare);
        rule->conditions = conditions;
        return 0;
}

static size_t rules_merge(PolicyRule *rules, size_t n) {
        size_t n_kept = 0;

        for (size_t i = 0; i < n; i++)
                if (n_kept == 0 || rule_compare(&rules[n_kept - 1], &rules[i]) != 0)
                        rules[n_kept++] = rules[i];
        return n_kept;
}

static int sort_policy(Arena *arena, const Policy *policy, Policy *ret_canonical) {
        Policy canonical = *policy;

        canonical.rules = arena_alloc_array(arena, policy->n_rules, sizeof(PolicyRule));
        if (!canonical.rules)
                return -ENOMEM;
        for (size_t i = 0; i < policy->n_rules; i++) {
                canonical.rules[i] = policy->rules[i];
                if (rule_sort_conditions(arena, &canonical.rules[i]) < 0)
                        return -ENOMEM;
        }
        qsort(canonical.rules, canonical.n_rules, sizeof(PolicyRule), rule_compare);
        canonical.n_rules = rules_merge(canonical.rules, canonical.n_rules);
        if (canonical.n_arches > 2)
                qsort(canonical.arches + 1, canonical.n_arches - 1, sizeof(canonical.arches[0]),
                        arch_sort_compare);
        canonical.has_flags = canonical.flags != 0;
        *ret_canonical = canonical;
        return 0;
}

static void print_string_member(Buf *buf, const char *key, const char *value) {
        if (!value)
                return;
        buf_printf(buf, "  \"%s\": ", key);
        buf_put_json(buf, value);
        buf_puts(buf, ",\n");
}

static void print_head(Buf *buf, const Policy *policy) {
        const char *separator = "";

        buf_printf(buf, "{\n  \"defaultAction\": \"%s\",\n",
                action_kind_name(policy->default_action.kind));
        if (action_takes_errno(policy->default_action.kind))
                buf_printf(buf, "  \"defaultErrnoRet\": %u,\n", policy->default_action.data);
        buf_puts(buf, "  \"architectures\": [");
        for (size_t i = 0; i < policy->n_arches; i++) {
                buf_printf(buf, "%s\n    \"%s\"", separator, policy->arches[i]->name);
                separator = ",";
        }
        buf_puts(buf, "\n  ],\n");
}

static void print_flags(Buf *buf, uint32_t flags) {
        const char *separator = "";

        if (flags == 0)
                return;
        buf_puts(buf, "  \"flags\": [");
        for (unsigned i = 0; i < N_FILTER_FLAGS; i++) {
                if (!(flags & 1U << i))
                        continue;
                buf_printf(buf, "%s\n    \"%s\"", separator, filter_flag_name(1U << i));
                separator = ",";
        }
        buf_puts(buf, "\n  ],\n");
}

static void print_conditions(Buf *buf, const Condition *conditions, size_t n) {
        buf_puts(buf, ",\n      \"args\": [");
        for (size_t i = 0; i < n; i++) {
                const Condition *condition = &conditions[i];

                buf_printf(buf, "%s\n        { \"index\": %u, \"value\": %" PRIu64,
                        i > 0 ? "," : "", condition->index, condition->value);
                if (condition->op == OP_MASKED_EQ && condition->value_two != 0)
                        buf_printf(buf, ", \"valueTwo\": %" PRIu64, condition->value_two);
                buf_printf(buf, ", \"op\": \"%s\" }", operator_name(condition->op));
        }
        buf_puts(buf, "\n      ]");
}

/* One element of "syscalls": rules that differ in their names only. */
static void print_group(Buf *buf, const PolicyRule *rules, size_t n) {
        buf_puts(buf, "    {\n      \"names\": [");
        for (size_t i = 0; i < n; i++) {
                buf_puts(buf, i > 0 ? ",\n        " : "\n        ");
                buf_put_json(buf, rules[i].name);
        }
        buf_printf(
                buf, "\n      ],\n      \"action\": \"%s\"", action_kind_name(rules->action.kind));
        if (action_takes_errno(rules->action.kind))
                buf_printf(buf, ",\n      \"errnoRet\": %u", rules->action.data);
        if (rules->n_conditions > 0)
                print_conditions(buf, rules->conditions, rules->n_conditions);
        buf_puts(buf, "\n    }");
}

static void print_rules(Buf *buf, const Policy *policy, const PolicyRule *salt) {
        size_t n_group;

        if (policy->n_rules == 0) {
                buf_puts(buf, "  \"syscalls\": []\n}\n");
                return;
        }
        buf_puts(buf, "  \"syscalls\": [\n");
        if (salt) {
                print_group(buf, salt, 1);
                buf_puts(buf, ",\n");
        }
        for (size_t i = 0; i < policy->n_rules; i += n_group) {
                const PolicyRule *first = &policy->rules[i];

                n_group = 1;
                while (i + n_group < policy->n_rules &&
                        rule_head_compare(first, first + n_group) == 0)
                        n_group++;
                print_group(buf, first, n_group);
                buf_puts(buf, i + n_group < policy->n_rules ? ",\n" : "\n");
        }
        buf_puts(buf, "  ]\n}\n");
}

static void print_policy(Buf *buf, const Policy *policy, const PolicyRule *salt) {
        print_head(buf, policy);
        print_flags(buf, policy->flags);
        print_string_member(buf, "listenerPath", policy->listener_path);
        print_string_member(buf, "listenerMetadata", policy->listener_metadata);
        print_rules(buf, policy, salt);
}

bool canonical_is_salted(const Policy *policy) {
        Action standard = policy->default_action;

        for (size_t i = 0; i < policy->n_rules; i++) {
                Action action = policy->rules[i].action;

                if (!action_takes_errno(action.kind))
                        continue;
                if (!action_takes_errno(standard.kind) || action.data != standard.data)
                        return true;
        }
        return false;
}

/* The first eight bytes of the SHA-256 of the text without the salt, as a big-endian number. */
static uint64_t salt_value(const Buf *text) {
        Digest digest = digest_of(text->data, text->size);
        uint64_t value = 0;

        for (size_t i = 0; i < sizeof(value); i++)
                value = value << 8 | digest.bytes[i];
        return value;
}

/*
 * Whether the author's text was printed here: its first rule is the salt of the others. A policy
 * that is read again, and again, would otherwise grow by a salt each time.
 */
static bool starts_with_salt(Arena *arena, const Policy *policy) {
        const PolicyRule *first = policy->rules;
        _cleanup_buf_ Buf text = {};
        Policy rest = *policy, sorted;

        if (policy->n_rules < 2 || first->n_conditions != 1 || first->conditions->index != 0 ||
                first->conditions->op != OP_EQ || strcmp(first->name, CANONICAL_SALT_NAME) != 0 ||
                !action_equal(first->action, policy->default_action))
                return false;
        rest.rules++;
        rest.n_rules--;
        if (!canonical_is_salted(&rest) || sort_policy(arena, &rest, &sorted) < 0)
                return false;
        print_policy(&text, &sorted, NULL);
        return buf_error(&text) == 0 && salt_value(&text) == first->conditions->value;
}

void canonical_drop_salt(Arena *arena, Policy *policy) {
        if (!starts_with_salt(arena, policy))
                return;
        policy->rules++;
        policy->n_rules--;
}

int canonical_sort(Arena *arena, const Policy *policy, Policy *ret_canonical) {
        Policy canonical = *policy;

        canonical_drop_salt(arena, &canonical);
        return sort_policy(arena, &canonical, ret_canonical);
}

void canonical_print(Buf *buf, const Policy *canonical) {
        _cleanup_buf_ Buf text = {};
        Condition condition = { .op = OP_EQ, .node = TEXT_NO_NODE };
        PolicyRule salt = {
                .name = CANONICAL_SALT_NAME,
                .action = canonical->default_action,
                .conditions = &condition,
                .n_conditions = 1,
        };

        if (!canonical_is_salted(canonical)) {
                print_policy(buf, canonical, NULL);
                return;
        }
        print_policy(&text, canonical, NULL);
        if (buf_error(&text) < 0) {
                if (buf->error == 0)
                        buf->error = buf_error(&text);
                return;
        }
        condition.value = salt_value(&text);
        print_policy(buf, canonical, &salt);
}

int canonical_outline(Arena *arena, const Policy *canonical, Digest *ret_outline) {
        _cleanup_buf_ Buf text = {};
        Policy blind = *canonical, sorted;

        blind.rules = arena_alloc_array(arena, blind.n_rules, sizeof(PolicyRule));
        if (!blind.rules)
                return -ENOMEM;
        for (size_t i = 0; i < blind.n_rules; i++) {
                blind.rules[i] = canonical->rules[i];
                blind.rules[i].action.data = 0;
        }
        if (canonical_sort(arena, &blind, &sorted) < 0)
                return -ENOMEM;
        print_policy(&text, &sorted, NULL);
        if (buf_error(&text) < 0)
                return buf_error(&text);
        *ret_outline = digest_of(text.data, text.size);
        return 0;
}

static bool strings_equal(const char *a, const char *b) {
        if (!a || !b)
                return a == b;
        return strcmp(a, b) == 0;
}

bool canonical_equal(const Policy *a, const Policy *b) {
        if (!action_equal(a->default_action, b->default_action) || a->flags != b->flags ||
                a->n_arches != b->n_arches || a->n_rules != b->n_rules ||
                !strings_equal(a->listener_path, b->listener_path) ||
                !strings_equal(a->listener_metadata, b->listener_metadata))
                return false;
        for (size_t i = 0; i < a->n_arches; i++)
                if (a->arches[i] != b->arches[i])
                        return false;
        for (size_t i = 0; i < a->n_rules; i++)
                if (rule_compare(&a->rules[i], &b->rules[i]) != 0)
                        return false;
        return true;
}
