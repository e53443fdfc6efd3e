/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_POLICY_CHECK_INTERNAL_H
#define SECCOMPD_PROFILE_POLICY_CHECK_INTERNAL_H

#include "profile/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The parts of policy_check(), a file for each topic, and what they share: the policy's rules by
 * call, places in the author's text, and lists of names in messages.
 */

/** The rules on one call. */
typedef struct Call {
        const char *name;
        const PolicyRule *const *rules; /* in the author's order */
        size_t n_rules;
        const PolicyRule *unconditional; /* the one that decides; NULL for none, or the default */
        bool has_conditional;            /* other than the default, and not outdone by that */
        bool permits_some;               /* one of those permits */
} Call;

typedef struct Checker {
        const Document *document;
        const Policy *policy;
        const CheckOptions *options;
        DiagList *diags;
        const Call *calls; /* by name */
        size_t n_calls;
        bool is_whole; /* no rule was left out for an error: what is not there is not there */
        int error;     /* -ENOMEM once memory was out */
} Checker;

/** "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO(38)"; from the document's arena. */
const char *checker_action_text(Checker *checker, Action action);

/** Whether a rule says something else than the default; runtimes skip those that do not. */
bool rule_is_effective(const Checker *checker, const PolicyRule *rule);

/** The rules on a call, or NULL when there are none. */
const Call *checker_call(const Checker *checker, const char *name);

/** What happens to a call of the native architecture, as far as that does not hang on arguments. */
typedef struct Outcome {
        Action action;  /* when no conditional rule matches */
        bool is_open;   /* permitted, if only with some arguments */
        bool is_denied; /* with any arguments, and nobody is asked (NOTIFY) */
        uint32_t node;  /* of the name in the rule that says so, or of the default action */
} Outcome;

/** The outcome of a call; neither open nor denied if the native architecture does not have it. */
Outcome checker_outcome(const Checker *checker, const char *name);

/** Whether a rule, not the default, permits a call whatever its arguments. */
bool checker_allows(const Checker *checker, const char *name);

/** The node of an object's member, or `otherwise` when there is none of that key. */
uint32_t checker_member(
        const Checker *checker, uint32_t object, const char *key, uint32_t otherwise);

/** Whether a node is the string `string`. */
bool checker_reads(const Checker *checker, uint32_t node, const char *string);

/** The node of an array's first string that reads `string`, or `otherwise`. */
uint32_t checker_element(
        const Checker *checker, uint32_t array, const char *string, uint32_t otherwise);

/** The node of the first string at any depth inside `parent` that reads `string`, or `otherwise`.
 */
uint32_t checker_inside(
        const Checker *checker, uint32_t parent, const char *string, uint32_t otherwise);

/** Where a rule stands, for messages that speak of two places: "line 12 (/syscalls/37)". */
const char *checker_place(Checker *checker, const PolicyRule *rule);

/** Names for one message: the first ones, and how many there are. */
#define NAMES_SHOWN 12
typedef struct NameList {
        const char *shown[NAMES_SHOWN];
        size_t n;
        uint32_t first;   /* node of the first */
        const char *last; /* compared by address */
} NameList;

/** Adds a name, borrowed, unless it is the very string that was added last. */
void names_add(NameList *names, const char *name, uint32_t node);

/** "`a`, `b` and 3 more", from the document's arena. */
const char *names_text(Checker *checker, const NameList *names);

/** Whether a name came with a libseccomp newer than what common runtimes are built with. */
bool name_is_newer(const char *name);

/** Where each action is used first; TEXT_NO_NODE where it is not. */
typedef struct ActionUses {
        uint32_t nodes[N_ACTION_KINDS];
        uint32_t kill_thread_node; /* where SCMP_ACT_KILL is spelt KILL_THREAD */
        size_t n_effective;        /* rules */
} ActionUses;

ActionUses checker_action_uses(const Checker *checker);

/** SP303 to SP305, SP309 to SP316. */
void check_actions(Checker *checker);
/** SP402 to SP404, SP413 to SP415. */
void check_arches(Checker *checker);
/** SP503 to SP507. */
void check_existence(Checker *checker);
/** The same, and SP508. */
void check_names(Checker *checker);
/** SP606, SP607. */
void check_conditions(Checker *checker);
/** SP702 to SP705. */
void check_conflicts(Checker *checker);
/** SP801 to SP807. */
void check_start(Checker *checker);
/** SP901 to SP903. */
void check_risk(Checker *checker);
/** SP921 to SP923. */
void check_owner(Checker *checker);

#endif
