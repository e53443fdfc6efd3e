/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Conditions by themselves: those that say nothing, and those that say less than they look.
 *
 * A condition that never holds takes its rule away; one that always holds opens it. For a rule that
 * denies the first, for a rule that allows the second turns a restriction into none, and no runtime
 * says a word: those are errors.
 */

#include "profile/policy_check_internal.h"

#include <inttypes.h>

/* A C program's small negative numbers, in 32 bits: AT_FDCWD is -100. */
#define NEGATIVE_32_FIRST 0xfffff000U
#define NEGATIVE_32_LAST  0xffffffffU

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

/* SP607 */
static void check_negative(Checker *checker, const Condition *condition) {
        if (condition->op != OP_EQ && condition->op != OP_NE)
                return;
        if (condition->value < NEGATIVE_32_FIRST || condition->value > NEGATIVE_32_LAST)
                return;
        document_diag(checker->document, checker->diags, SP607, condition->node, false,
                "for an argument of 32 bits use SCMP_CMP_MASKED_EQ with the mask 4294967295",
                "%" PRIu64 " is %" PRId32 " in 32 bits only: the filter compares all 64 bits of "
                "the register, where the same number can stand as %" PRIu64,
                condition->value, (int32_t) (uint32_t) condition->value,
                condition->value | UINT64_MAX << 32);
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

void check_conditions(Checker *checker) {
        /* an element's names share its conditions: equal findings become one */
        for (size_t i = 0; i < checker->policy->n_rules; i++)
                check_rule(checker, &checker->policy->rules[i]);
}
