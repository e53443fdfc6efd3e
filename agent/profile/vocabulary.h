/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_VOCABULARY_H
#define SECCOMPD_PROFILE_VOCABULARY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The closed word lists of the OCI runtime specification (config-linux.md, "Seccomp"): actions,
 * operators, flags.
 */

typedef enum ActionKind {
        ACTION_KILL_THREAD, /* SCMP_ACT_KILL and SCMP_ACT_KILL_THREAD */
        ACTION_KILL_PROCESS,
        ACTION_TRAP,
        ACTION_ERRNO,
        ACTION_TRACE,
        ACTION_LOG,
        ACTION_ALLOW,
        ACTION_NOTIFY,
        N_ACTION_KINDS,
} ActionKind;

/** An action with its datum: the errno of ERRNO, the message of TRACE, else 0. */
typedef struct Action {
        ActionKind kind;
        uint16_t data;
} Action;

/** Reads an action's OCI name. Returns 0, or -EINVAL for a word that is none. */
int action_kind_parse(const char *name, ActionKind *ret_kind);
/** The canonical OCI name ("SCMP_ACT_KILL" for ACTION_KILL_THREAD: the oldest runtimes know it). */
const char *action_kind_name(ActionKind kind);
/** The action that was most likely meant, also by "ALLOW" or "deny", or NULL. */
const char *action_suggest(const char *name);
/** Whether an action lets the call happen: ALLOW or LOG. */
bool action_permits(ActionKind kind);
/** Whether the action carries errnoRet (ERRNO and TRACE). */
bool action_takes_errno(ActionKind kind);
bool action_equal(Action a, Action b);
/** What a filter returns for it: SECCOMP_RET_* with its datum (linux/seccomp.h). */
uint32_t action_to_ret(Action action);
/** The reverse. Returns 0; -EINVAL for a value that is no action's (data that it does not carry is
 * ignored, as the kernel does). */
int action_from_ret(uint32_t ret, Action *ret_action);
/** Bit of an action in a set of kinds, as in NodeFacts. */
#define ACTION_BIT(kind) (1U << (kind))

typedef enum Operator {
        OP_NE,
        OP_LT,
        OP_LE,
        OP_EQ,
        OP_GE,
        OP_GT,
        OP_MASKED_EQ, /* (argument & value) == valueTwo */
        N_OPERATORS,
} Operator;

int operator_parse(const char *name, Operator *ret_operator);
const char *operator_name(Operator op);
const char *operator_suggest(const char *name);

typedef enum FilterFlag {
        FILTER_FLAG_TSYNC = 1 << 0,
        FILTER_FLAG_LOG = 1 << 1,
        FILTER_FLAG_SPEC_ALLOW = 1 << 2,
        FILTER_FLAG_WAIT_KILLABLE_RECV = 1 << 3,
} FilterFlag;
#define N_FILTER_FLAGS 4

int filter_flag_parse(const char *name, FilterFlag *ret_flag);
const char *filter_flag_name(FilterFlag flag);
const char *filter_flag_suggest(const char *name);

/** Linux errno names, as Docker's `errno` and `defaultErrno` write them. -EINVAL for none. */
int errno_name_parse(const char *name, uint16_t *ret_errno);
/** The nearest errno's name, or NULL. */
const char *errno_suggest(const char *name);
/** The name of an errno (of two the kernel's own: EAGAIN, EDEADLK, EOPNOTSUPP), or NULL. */
const char *errno_name(unsigned number);

#endif
