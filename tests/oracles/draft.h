/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_ORACLES_DRAFT_H
#define SECCOMPD_TESTS_ORACLES_DRAFT_H

#include "base/buf.h"
#include "profile/arch.h"
#include "profile/eval.h"
#include "profile/vocabulary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A draft: a profile as its author means it, before it is text. The oracles are fed from it, each
 * in its own way: seccompd with the text, libseccomp rule by rule as the runtimes do, and the
 * plainest reading that there can be (draft_answers).
 */

#define DRAFT_RULES_MAX  6
#define DRAFT_NAMES_MAX  40
#define DRAFT_ARGS_MAX   SYSCALL_ARGS
#define DRAFT_ARCHES_MAX 3

typedef struct DraftArg {
        uint8_t index;
        Operator op;
        uint64_t value;
        uint64_t value_two; /* MASKED_EQ: the datum */
} DraftArg;

typedef struct DraftRule {
        const char *names[DRAFT_NAMES_MAX];
        size_t n_names;
        Action action;
        DraftArg args[DRAFT_ARGS_MAX];
        size_t n_args;
} DraftRule;

typedef struct Draft {
        const Arch *native;
        const Arch *arches[DRAFT_ARCHES_MAX]; /* as listed; the native one is among them or added */
        size_t n_arches;
        Action standard;
        DraftRule rules[DRAFT_RULES_MAX];
        size_t n_rules;
} Draft;

/** splitmix64: every run with one seed sees the same. */
uint64_t random_next(uint64_t *seed);
uint64_t random_below(uint64_t *seed, uint64_t n);

typedef enum DraftKind {
        DRAFT_MIXED,   /* any architecture, conditional and unconditional rules, several calls */
        DRAFT_CROWDED, /* one call of x86_64 with several conditional rules: libseccomp's weakness
                        */
} DraftKind;

/** A random draft. */
Draft draft_random(DraftKind kind, uint64_t *seed);

/** Appends the draft as JSON, in OCI's format. */
void draft_print(Buf *buf, const Draft *draft);

/** Whether a rule gets what the profile does by default: it has no effect. */
bool draft_rule_is_idle(const Draft *draft, const DraftRule *rule);

/** Whether two of a rule's conditions are on one argument: each then stands alone (OR). */
bool draft_rule_is_split(const DraftRule *rule);

bool draft_arg_holds(const DraftArg *arg, const uint64_t args[static SYSCALL_ARGS]);

#define DRAFT_ANSWERS_MAX 8

/**
 * What the draft's author may be answered to a call of one of its architectures, by the OCI
 * specification's words alone: several where rules with different actions match. Returns how
 * many; 0 for a call whose meaning hangs on more than the rules (behind a multiplexer, or on a
 * number that is none).
 */
size_t draft_answers(const Draft *draft, const Arch *arch, int nr,
        const uint64_t args[static SYSCALL_ARGS], uint32_t ret_answers[static DRAFT_ANSWERS_MAX]);

#endif
