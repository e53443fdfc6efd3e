/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_CTL_RULE_PAGE_H
#define SECCOMPD_CTL_RULE_PAGE_H

#include "base/buf.h"
#include "profile/rules.h"

/** Appends a rule's section of docs/rules.md below its heading, as it stands there (Markdown). */
void rule_page_markdown(Buf *out, RuleId id);

/** The same as plain text of at most 80 columns, below a heading; `colour` for a terminal. */
void rule_page_text(Buf *out, RuleId id, bool colour);

/** Appends the catalogue: a line for each rule with its usual severity. */
void rule_page_list(Buf *out);

/**
 * Reads the id of a rule as a person writes it: "SP302", "sp302", "302". Returns the rule, or NULL
 * with the nearest id in `*ret_near` (0: none is near).
 */
const Rule *rule_page_find(const char *word, unsigned *ret_near);

#endif
