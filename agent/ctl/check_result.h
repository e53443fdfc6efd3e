/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_CTL_CHECK_RESULT_H
#define SECCOMPD_CTL_CHECK_RESULT_H

#include "ctl/ctl.h"
#include "profile/verdict.h"

/*
 * What seccompctl check found, and its renderings: text for a person, JSON of our own for a
 * program (docs/check.md), SARIF 2.1.0 for code scanning.
 */

/** One input and what was found in it. */
typedef struct CheckResult {
        const Input *input; /* borrowed */
        Verdict *verdict;   /* owned; NULL when the input could not be read */
} CheckResult;

typedef struct CheckResults {
        CheckResult *items; /* owned, in the order of the inputs */
        size_t n;
        size_t n_files, n_unreadable, n_errors, n_warnings, n_infos;
        Severity worst;
        const Inputs *inputs;   /* all that was given; borrowed */
        const NodeFacts *facts; /* of the node that was checked for; borrowed */
        const char *node;       /* --node as it was given, or NULL for this machine; borrowed */
} CheckResults;

void check_results_done(CheckResults *results);

/** Appends a result and counts it; `verdict` is owned by the list from then on. 0 or -ENOMEM. */
int check_results_add(CheckResults *results, const Input *input, Verdict *verdict);

/** What is to be said of a key of a ConfigMap that was passed over, for a person. */
void passed_key_text(Buf *out, const PassedKey *passed);

/** Why an input could not be read, for a person. */
const char *input_problem(const Input *input);

/** Findings with their source lines, and a summary. Infos are for who asks for them. 0 or -ENOMEM.
 */
int check_render_text(Buf *out, const CheckResults *results, bool shows_info, bool colour);

/** One stable document: docs/check.md. */
void check_render_json(Buf *out, const CheckResults *results);

/** SARIF 2.1.0. `directory` is the working directory, to which URIs are relative. */
void check_render_sarif(
        Buf *out, const CheckResults *results, const char *directory, const char *version);

#endif
