/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_POLICY_H
#define SECCOMPD_PROFILE_POLICY_H

#include "profile/facts.h"
#include "profile/limits.h"
#include "profile/owner.h"
#include "profile/surface.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The policy: what a profile means on this node. One name a rule, conditions resolved, errnos
 * numeric, architectures explicit, exact duplicates merged. Everything after the resolution works
 * on it: checks, compiler, evaluators, canonical form.
 */

typedef struct Condition {
        uint8_t index; /* of the argument, 0 to 5 */
        Operator op;
        uint64_t value;
        uint64_t value_two; /* MASKED_EQ: the datum; else 0 */
        uint32_t node;      /* in the document; TEXT_NO_NODE when read from a canonical file */
} Condition;

typedef struct PolicyRule {
        const char *name;
        Action action;
        const Condition *conditions; /* all of them must hold; indexes differ */
        uint8_t n_conditions;
        uint32_t name_node; /* in the document */
        uint32_t rule_node;
} PolicyRule;

#define POLICY_ARCHES_MAX 8

typedef struct Policy {
        Action default_action;
        uint32_t default_node;
        const Arch *arches[POLICY_ARCHES_MAX]; /* native first */
        size_t n_arches;
        uint32_t flags;                /* FilterFlag bits */
        bool has_flags;                /* the author wrote a non-empty list */
        const char *listener_path;     /* NULL when absent, or when no action is NOTIFY */
        const char *listener_metadata; /* the same */
        PolicyRule *rules; /* in the author's order; canonical_sort() brings canonical order */
        size_t n_rules;
        const SurfaceRule *const *left_out; /* rules for this node in which an error was found */
        size_t n_left_out;
        const SurfaceRule *const *unselected; /* rules that their selectors keep out here */
        size_t n_unselected;
} Policy;

/** The owner's options and the node's facts: fixed for a check, borrowed. */
typedef struct CheckOptions {
        NodeFacts facts;
        CapabilitySet capabilities; /* what Docker's includes.caps are held against */
        RuleConfig rules;
        const OwnerPolicy *policy; /* NULL: whatever a profile does is permitted */
} CheckOptions;

/**
 * Resolves a surface for a node: actions, operators, flags, architectures, archMap, selectors,
 * errno names; same-index conditions split (SP604); exact duplicates merged (SP706); of two
 * unconditional rules on one call the first kept (SP701). Finds SP3xx, SP4xx, SP501, SP502, SP509,
 * SP601 to SP605, SP608, SP701, SP706, SP711 to SP713, SP813 and SP102 for too many rules. All
 * memory from the document's arena. Returns 0, with errors in `diags` if any (the policy then holds
 * what could be read, enough for policy_check() to find more); 1 when there is no default action,
 * without which the rules are enough for policy_check_names() only; -ENOMEM.
 */
int policy_resolve(const Document *document, const Surface *surface, const CheckOptions *options,
        DiagList *diags, Policy *ret_policy);

/**
 * Checks that need the whole policy: SP303 to SP305, SP309 to SP316, SP402 to SP404, SP413 to
 * SP415, SP503 to SP508, SP606, SP607, SP702 to SP705, SP801 to SP807, SP901 to SP923. What hangs
 * on the absence of a rule is not said when `diags` holds an error already, because rules with an
 * error are not in the policy. Returns 0 or -ENOMEM.
 */
int policy_check(const Document *document, const Policy *policy, const CheckOptions *options,
        DiagList *diags);

/** The part of it that needs no default action: SP503 to SP507. */
int policy_check_names(const Document *document, const Policy *policy, const CheckOptions *options,
        DiagList *diags);

/** Whether a condition can never hold, or always holds, whatever the argument (64 bits). */
bool condition_is_never(const Condition *condition);
bool condition_is_always(const Condition *condition);

/** The order of conditions by what they say (index, op, value, value_two), not by node. */
int condition_compare(const Condition *a, const Condition *b);
/** The order of condition lists; the lists are compared as they stand (canonical lists are sorted).
 */
int conditions_compare(const Condition *a, size_t n_a, const Condition *b, size_t n_b);

#endif
