/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Conditions by themselves: those that say nothing, and those that say less than they look.
 *
 * A condition that never holds takes its rule away; one that always holds opens it. For a rule that
 * denies the first, for a rule that allows the second turns a restriction into none, and no runtime
 * says a word: those are errors.
 */

#include "base/cleanup.h"
#include "profile/argset.h"
#include "profile/hint.h"
#include "profile/policy_check_internal.h"

#include <errno.h>
#include <inttypes.h>

/* A C program's small negative numbers: AT_FDCWD is -100. */
#define NEGATIVE_FIRST INT64_C(-4096)
#define HIGH_WORD      (UINT64_MAX << 32)

static bool holds_always(const PolicyRule *rule) {
        for (size_t i = 0; i < rule->n_conditions; i++)
                if (!condition_is_always(&rule->conditions[i]))
                        return false;
        return true;
}

/* SP606 for a condition that never holds: the rule is as good as absent. */
static void report_never(Checker *checker, const PolicyRule *rule, const Condition *condition) {
        bool denies = !action_permits(rule->action.kind) && rule_is_effective(checker, rule);

        document_diag_as(checker->document, checker->diags, SP606,
                denies ? SEVERITY_ERROR : SEVERITY_WARNING, condition->node, false,
                "write the condition that was meant, or take the rule out",
                "no argument is %s %" PRIu64 ": the rule never applies%s",
                condition->op == OP_LT ? "less than" : "greater than", condition->value,
                denies ? ", and what it is to deny gets the default" : "");
}

/* SP606 for a condition that always holds. */
static void report_always(Checker *checker, const PolicyRule *rule, const Condition *condition) {
        bool opens = action_permits(rule->action.kind) && rule_is_effective(checker, rule) &&
                holds_always(rule);
        bool is_said = condition->op == OP_MASKED_EQ; /* SP605 says that the mask is empty */

        if (is_said && !opens)
                return;
        document_diag_as(checker->document, checker->diags, SP606,
                opens ? SEVERITY_ERROR : SEVERITY_WARNING, condition->node, false,
                opens ? "write the condition that was meant, or leave `args` out"
                      : "write the condition that was meant, or leave it out",
                "every argument fulfils this condition: %s",
                opens ? "the rule allows the call whatever its arguments" : "it restricts nothing");
}

/* SP607: such a number stands in the register with its sign extended, or with a high word of 0. */
static void check_negative(Checker *checker, const Condition *condition) {
        const uint64_t high = condition->value & HIGH_WORD;
        const int64_t number = (int32_t) (uint32_t) condition->value;
        const char *hint = NULL;

        if (condition->op != OP_EQ && condition->op != OP_NE)
                return;
        if ((high != 0 && high != HIGH_WORD) || number < NEGATIVE_FIRST || number >= 0)
                return;
        hint = condition->op == OP_NE
                ? "no operator compares 32 bits for inequality"
                : arena_printf(checker->document->arena,
                          "for an argument of 32 bits use SCMP_CMP_MASKED_EQ with \"value\": "
                          "%" PRIu32 ", \"valueTwo\": %" PRIu32,
                          UINT32_MAX, (uint32_t) condition->value);
        if (!hint)
                checker->error = -ENOMEM;
        document_diag(checker->document, checker->diags, SP607, condition->node, false, hint,
                "%" PRIu64 " is %" PRId64 " in %d bits only: the filter compares all 64 bits of "
                "the register, where the same number can stand as %" PRIu64,
                condition->value, number, high == 0 ? 32 : 64, condition->value ^ HIGH_WORD);
}

static void check_rule(Checker *checker, const PolicyRule *rule) {
        for (size_t i = 0; i < rule->n_conditions; i++) {
                const Condition *condition = &rule->conditions[i];

                if (condition_is_never(condition))
                        report_never(checker, rule, condition);
                else if (condition_is_always(condition))
                        report_always(checker, rule, condition);
                check_negative(checker, condition);
        }
}

/* Whether two rules do the same, each under one condition, which can fail, on one argument. */
static bool are_alternatives(const PolicyRule *a, const PolicyRule *b) {
        return a->n_conditions == 1 && b->n_conditions == 1 && action_equal(a->action, b->action) &&
                a->conditions->index == b->conditions->index &&
                !condition_is_always(a->conditions) && !condition_is_always(b->conditions);
}

/* SP606 for conditions of two rules of which one always holds. */
static void check_alternatives(Checker *checker, const PolicyRule *a, const PolicyRule *b) {
        const ArgSet set_a = argset_of(a->conditions), set_b = argset_of(b->conditions);
        const bool opens = action_permits(a->action.kind);
        _cleanup_buf_ Buf hint = {};

        if (!argset_complements(&set_a, &set_b))
                return;
        buf_puts(&hint, "if both must hold, ");
        hint_put_both(&hint, a->conditions, b->conditions);
        if (buf_error(&hint) < 0) {
                checker->error = -ENOMEM;
                return;
        }
        document_diag_as(checker->document, checker->diags, SP606,
                opens ? SEVERITY_ERROR : SEVERITY_WARNING, b->conditions->node, false, hint.data,
                "every value of argument %u fulfils this condition or that of %s: together the "
                "rules %s the call whatever its arguments",
                b->conditions->index, checker_place(checker, a), opens ? "allow" : "apply to");
}

static void check_call(Checker *checker, const Call *call) {
        for (size_t i = 0; i < call->n_rules && call->has_conditional; i++)
                for (size_t j = 0; j < i; j++) {
                        const PolicyRule *earlier = call->rules[j], *rule = call->rules[i];

                        /* of two conditions in one rule, SP604 speaks */
                        if (earlier->rule_node != rule->rule_node &&
                                rule_is_effective(checker, rule) && are_alternatives(earlier, rule))
                                check_alternatives(checker, earlier, rule);
                }
}

void check_conditions(Checker *checker) {
        /* an element's names share its conditions: equal findings become one */
        for (size_t i = 0; i < checker->policy->n_rules; i++)
                check_rule(checker, &checker->policy->rules[i]);
        for (size_t i = 0; i < checker->n_calls; i++)
                check_call(checker, &checker->calls[i]);
}
