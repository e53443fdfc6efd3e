/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Checks of what a profile means, and what the checks share. Every question is asked of the
 * resolved policy, so that both formats and all spellings get the same answer, and every answer is
 * given at the author's own words.
 *
 * A profile has hundreds of names, and a mistake is seldom made with one of them only. So a finding
 * is said once for an element of `syscalls`, or once for a file, with the names in it.
 *
 * What is concluded from the absence of a rule holds only if no rule was left out for an error;
 * such checks wait until the author has mended those.
 */

#include "profile/policy_check_internal.h"

#include "base/cleanup.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <string.h>

const char *checker_action_text(Checker *checker, Action action) {
        const char *name = action_kind_name(action.kind), *text = name;

        if (action_takes_errno(action.kind))
                text = arena_printf(checker->document->arena, "%s(%u)", name, action.data);
        if (!text)
                checker->error = -ENOMEM;
        return text ? text : name;
}

bool rule_is_effective(const Checker *checker, const PolicyRule *rule) {
        return !action_equal(rule->action, checker->policy->default_action);
}

static int rule_order(const void *left, const void *right) {
        const PolicyRule *a = *(const PolicyRule *const *) left;
        const PolicyRule *b = *(const PolicyRule *const *) right;
        int c = strcmp(a->name, b->name);

        return c != 0 ? c : (a > b) - (a < b);
}

/* The call that the first of `n` sorted rules is on. */
static Call call_of(const Checker *checker, const PolicyRule *const *rules, size_t n) {
        Call call = { .name = rules[0]->name, .rules = rules };

        for (; call.n_rules < n; call.n_rules++) {
                const PolicyRule *rule = rules[call.n_rules];

                if (strcmp(rule->name, call.name) != 0)
                        break;
                if (!rule_is_effective(checker, rule))
                        continue;
                if (rule->n_conditions > 0) {
                        call.has_conditional = true;
                        call.permits_some |= action_permits(rule->action.kind);
                } else if (!call.unconditional) {
                        call.unconditional = rule;
                }
        }
        if (call.unconditional) {
                call.has_conditional = false;
                call.permits_some = false;
        }
        return call;
}

static int index_calls(Checker *checker) {
        const Policy *policy = checker->policy;
        Arena *arena = checker->document->arena;
        const PolicyRule **rules = arena_alloc_array(arena, policy->n_rules, sizeof(rules[0]));
        Call *calls = arena_alloc_array(arena, policy->n_rules, sizeof(calls[0]));

        if (!rules || !calls)
                return -ENOMEM;
        for (size_t i = 0; i < policy->n_rules; i++)
                rules[i] = &policy->rules[i];
        qsort(rules, policy->n_rules, sizeof(rules[0]), rule_order);
        for (size_t i = 0; i < policy->n_rules; i += calls[checker->n_calls++].n_rules)
                calls[checker->n_calls] = call_of(checker, rules + i, policy->n_rules - i);
        checker->calls = calls;
        return 0;
}

static int call_compare(const void *key, const void *element) {
        return strcmp(key, ((const Call *) element)->name);
}

const Call *checker_call(const Checker *checker, const char *name) {
        return bsearch(
                name, checker->calls, checker->n_calls, sizeof(checker->calls[0]), call_compare);
}

Outcome checker_outcome(const Checker *checker, const char *name) {
        const Call *call = checker_call(checker, name);
        Outcome outcome = {
                .action = checker->policy->default_action,
                .node = checker->policy->default_node,
        };
        int nr = -1;

        if (call && call->unconditional) {
                outcome.action = call->unconditional->action;
                outcome.node = call->unconditional->name_node;
        }
        if (syscall_number(checker->options->facts.arch, name, &nr) != SYSCALL_KNOWN)
                return outcome;
        outcome.is_open = action_permits(outcome.action.kind) || (call && call->permits_some);
        outcome.is_denied = !outcome.is_open && outcome.action.kind != ACTION_NOTIFY;
        return outcome;
}

bool checker_allows(const Checker *checker, const char *name) {
        const Call *call = checker_call(checker, name);

        return call && call->unconditional && action_permits(call->unconditional->action.kind);
}

/* Whether a span of the text, with its quotes, is the string. */
static bool span_reads(const Document *document, Span span, const char *string) {
        const char *bytes = document->text.bytes + span.offset;
        size_t length = strlen(string);

        return span.length == length + 2 && memcmp(bytes + 1, string, length) == 0;
}

bool checker_reads(const Checker *checker, uint32_t node, const char *string) {
        return span_reads(checker->document, checker->document->text.nodes[node].value, string);
}

typedef enum Where {
        WHERE_KEY,    /* of a child */
        WHERE_VALUE,  /* of a child */
        WHERE_INSIDE, /* the value of any descendant */
} Where;

/* The first node inside `parent` that reads `string` there. */
static uint32_t find_node(const Checker *checker, uint32_t parent, Where where, const char *string,
        uint32_t otherwise) {
        const Text *text = &checker->document->text;
        const Span around = text->nodes[parent].value;

        for (size_t i = parent + 1U; i < text->n_nodes; i++) {
                const TextNode *node = &text->nodes[i];

                if (node->value.offset >= around.offset + around.length)
                        break;
                if ((node->parent == parent || where == WHERE_INSIDE) &&
                        span_reads(checker->document, where == WHERE_KEY ? node->key : node->value,
                                string))
                        return (uint32_t) i;
        }
        return otherwise;
}

uint32_t checker_member(
        const Checker *checker, uint32_t object, const char *key, uint32_t otherwise) {
        return find_node(checker, object, WHERE_KEY, key, otherwise);
}

uint32_t checker_element(
        const Checker *checker, uint32_t array, const char *string, uint32_t otherwise) {
        return find_node(checker, array, WHERE_VALUE, string, otherwise);
}

uint32_t checker_inside(
        const Checker *checker, uint32_t parent, const char *string, uint32_t otherwise) {
        return find_node(checker, parent, WHERE_INSIDE, string, otherwise);
}

const char *checker_place(Checker *checker, const PolicyRule *rule) {
        const char *place =
                document_place(checker->document, checker->diags, rule->name_node, rule->rule_node);

        if (!place)
                checker->error = -ENOMEM;
        return place ? place : "";
}

void names_add(NameList *names, const char *name, uint32_t node) {
        if (names->last == name)
                return;
        if (names->n == 0)
                names->first = node;
        if (names->n < NAMES_SHOWN)
                names->shown[names->n] = name;
        names->last = name;
        names->n++;
}

const char *names_text(Checker *checker, const NameList *names) {
        /* "and 1 more" takes the place of a name: then the name itself is said */
        const size_t n_shown = names->n <= NAMES_SHOWN ? names->n : NAMES_SHOWN - 1;
        const char *copy = NULL;
        _cleanup_buf_ Buf buf = {};

        for (size_t i = 0; i < n_shown; i++)
                buf_printf(&buf, "%s`%s`",
                        i == 0                     ? ""
                                : i + 1 < names->n ? ", "
                                                   : " and ",
                        names->shown[i]);
        if (n_shown < names->n)
                buf_printf(&buf, " and %zu more", names->n - n_shown);
        if (buf_error(&buf) == 0)
                copy = arena_strndup(checker->document->arena, buf.data, buf.size);
        if (!copy)
                checker->error = -ENOMEM;
        return copy ? copy : "";
}

int policy_check_names(const Document *document, const Policy *policy, const CheckOptions *options,
        DiagList *diags) {
        Checker checker = {
                .document = document,
                .policy = policy,
                .options = options,
                .diags = diags,
        };
        int r = index_calls(&checker);

        if (r < 0)
                return r;
        check_existence(&checker);
        return checker.error;
}

int policy_check(const Document *document, const Policy *policy, const CheckOptions *options,
        DiagList *diags) {
        static void (*const checks[])(Checker *) = {
                check_actions,
                check_arches,
                check_names,
                check_conditions,
                check_conflicts,
                check_start,
                check_risk,
                check_owner,
        };
        Checker checker = {
                .document = document,
                .policy = policy,
                .options = options,
                .diags = diags,
                .is_whole = !diags_have_errors(diags),
        };
        int r = index_calls(&checker);

        for (size_t i = 0; i < N_ELEMENTS(checks) && r == 0; i++) {
                checks[i](&checker);
                r = checker.error;
        }
        return r;
}
