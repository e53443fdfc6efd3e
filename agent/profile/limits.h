/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_LIMITS_H
#define SECCOMPD_PROFILE_LIMITS_H

/*
 * What an author may ask of a node. Each limit is reported (SP102, SP811, SP813) with its value;
 * docs/limits.md gives the measurement behind it.
 */

#define LIMIT_PROFILE_BYTES     (1U << 20) /* a file */
#define LIMIT_SOURCE_FILES      4096U      /* profiles in one source */
#define LIMIT_DEPTH             64U        /* levels of nesting */
#define LIMIT_NODES             150000U    /* JSON values and keys in a file */
#define LIMIT_LIST_OBJECTS      32768U     /* in one list: rules, args, archMap */
#define LIMIT_RULES             4096U      /* (name, action, conditions), duplicates merged */
#define LIMIT_CONDITIONAL_RULES 512U       /* of those, with conditions */
#define LIMIT_RULE_CONDITIONS   6U         /* conditions in one rule */
#define LIMIT_PROGRAM_INSNS     4000U      /* of the kernel's 4096 (BPF_MAXINSNS) */
#define LIMIT_EVALUATION_POINTS 20000U     /* calls evaluated for one architecture */
#define LIMIT_DIAGS             32U        /* diagnostics kept of one profile */
#define LIMIT_DIAGS_GUESSED     128U       /* found, after which no "did you mean" is looked for */
#define LIMIT_DIAGS_COLLECTED   4096U      /* diagnostics considered for being kept */

#endif
