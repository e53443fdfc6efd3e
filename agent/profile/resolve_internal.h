/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_RESOLVE_INTERNAL_H
#define SECCOMPD_PROFILE_RESOLVE_INTERNAL_H

#include "profile/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The parts of policy_resolve(): resolve.c (the whole), resolve_action.c (actions and errnos),
 * resolve_arch.c (architectures), resolve_select.c (Docker's includes and excludes), resolve_rule.c
 * (names and conditions), resolve_merge.c (the list of rules, duplicates, limits).
 */

/** What the resolution of one profile works on; everything borrowed. */
typedef struct Resolver {
        const Document *document;
        const Surface *surface;
        const CheckOptions *options;
        DiagList *diags;
        const Action *default_action; /* NULL when there is none */
        bool has_errno_name;          /* SP713 was said */
} Resolver;

/* Said where no word is near. */
#define ACTIONS_HINT                                                                               \
        "an action is SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_ACT_LOG, SCMP_ACT_KILL_PROCESS, "       \
        "SCMP_ACT_KILL, SCMP_ACT_TRAP, SCMP_ACT_TRACE or SCMP_ACT_NOTIFY"
#define OPERATORS_HINT                                                                             \
        "an operator is SCMP_CMP_EQ, SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_GT, "         \
        "SCMP_CMP_GE or SCMP_CMP_MASKED_EQ"
#define ARCHES_HINT                                                                                \
        "an architecture is SCMP_ARCH_X86_64, _X86, _X32, _AARCH64, _ARM, _MIPS64, _MIPS64N32, "   \
        "_MIPS, _MIPSEL64, _MIPSEL64N32, _MIPSEL, _PPC64, _PPC, _PPC64LE, _S390X, _S390, "         \
        "_RISCV64, _LOONGARCH64, _PARISC64, _PARISC, _M68K, _SH or _SHEB; a profile that lists "   \
        "none is for the node's own alone"
#define GO_ARCHES_HINT                                                                             \
        "an architecture is here amd64, x86, x32, arm64, arm, mips64, mips64n32, mips, mipsel64, " \
        "mipsel64n32, mipsel, ppc64, ppc, ppc64le, s390x, s390, riscv64, loong64, parisc64 or "    \
        "parisc"

/** Finds the word of a list that is nearest to one, or NULL. */
typedef const char *(*Suggest)(const char *word);

/**
 * "did you mean `NEAREST`?", or which character of the word is not ASCII, as all words of all lists
 * are. From the arena; NULL when there is nothing to say. Nobody looks for the nearest word, which
 * takes longer than all the rest, when so much was found that this finding will hardly be kept.
 */
const char *resolve_suggestion(const Resolver *resolver, Suggest suggest, const char *word);

/** What actions are written with: a rule's keys, or the profile's default ones. */
typedef struct ActionText {
        const SurfaceString *action;
        const SurfaceNumber *errno_ret;
        const SurfaceString *errno_name;
        const char *action_key; /* "action" or "defaultAction", for messages */
        const char *errno_key;  /* "errnoRet" or "defaultErrnoRet" */
} ActionText;

/**
 * Resolves an action that is not empty: SP302, SP306, SP307, SP308, SP713. Returns false when there
 * is none; an error found in the errno alone leaves EPERM.
 */
bool resolve_action(Resolver *resolver, const ActionText *text, Action *ret_action);

/** Fills `policy->arches`: SP411, SP412, SP416 to SP418. */
void resolve_arches(const Resolver *resolver, Policy *policy);

/** What selected the rules of a profile, for one finding a file. */
typedef struct Selection {
        uint32_t caps_node; /* the first selector by capability or architecture, or TEXT_NO_NODE */
        uint32_t kernel_node; /* the first by kernel, or TEXT_NO_NODE */
        size_t n_selective;   /* rules with a selector that says something */
        size_t n_selected;    /* of them, those that apply here */
} Selection;

/**
 * Whether a rule applies to this node; SP711 and SP712 for words that mean nothing. `denies`: it
 * takes something from a default that permits, so that it must not vanish in silence.
 */
bool resolve_select(
        const Resolver *resolver, const SurfaceRule *rule, bool denies, Selection *selection);

/** Says once what was resolved: SP711, SP712. */
void resolve_select_report(const Resolver *resolver, const Selection *selection);

/** The list of a policy's rules while it grows. */
typedef struct Merger Merger;

/**
 * An empty list, from the arena. `default_action` is NULL when the profile has none: then no rule
 * equals it. NULL when memory is out.
 */
Merger *merger_new(Arena *arena, const Action *default_action);

/** What did not go into the list, of one element of `syscalls`: one finding each. */
typedef struct MergeReport {
        size_t n_repeated;   /* rules that were there already: SP706 */
        PolicyRule repeated; /* the first of them */
        size_t n_ousted;     /* unconditional rules on a call that another one decides: SP701 */
        PolicyRule ousted;   /* the first of them */
        PolicyRule ousted_by;
} MergeReport;

/** Adds a rule, copied, unless it says nothing new. Returns 0 or -ENOMEM. */
int merger_add(Merger *merger, const PolicyRule *rule, MergeReport *report);

/** Says what a report holds: SP701, SP706. */
void merger_report(const Resolver *resolver, const MergeReport *report);

/** Moves the list into the policy and holds it against the limits: SP102, SP813. */
void merger_finish(Merger *merger, const Resolver *resolver, Policy *policy);

/** What became of an element of `syscalls`. */
typedef enum RuleFate {
        RULE_TAKEN,
        RULE_LEFT_OUT,   /* applies, but for an error */
        RULE_UNSELECTED, /* does not apply */
} RuleFate;

/**
 * Resolves one element of `syscalls` and adds what it says to the list, unless an error was found
 * in it or it does not apply to this node: SP501, SP509, SP601 to SP605, SP608 and what
 * resolve_action() and resolve_select() find. Returns a RuleFate or -ENOMEM.
 */
int resolve_rule(Resolver *resolver, const SurfaceRule *rule, Selection *selection, Merger *merger);

#endif
