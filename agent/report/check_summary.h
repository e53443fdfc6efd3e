/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_REPORT_CHECK_SUMMARY_H
#define SECCOMPD_REPORT_CHECK_SUMMARY_H

#include "base/texts.h"
#include "profile/verdict.h"

#include <stddef.h>

/* A finding repeats its author's words, a content has dozens, and a node thousands of them. */
#define CHECK_SUMMARY_TEXT_BYTES (4U << 20)

/**
 * What is kept of a check to be told: findings and programs, as small as it goes. Never changes,
 * and is shared by all that refer to it.
 */
typedef struct CheckSummary CheckSummary;

/**
 * Makes one of finished findings and of programs (borrowed); its strings are held in `texts`, which
 * must outlive it. Once those hold CHECK_SUMMARY_TEXT_BYTES, the gravest finding alone is kept.
 * Returns NULL when memory is out.
 */
CheckSummary *check_summary_new(
        Texts *texts, const DiagList *diags, const VerdictProgram *programs, size_t n_programs);

/** The same with more findings before those of `summary` (borrowed). NULL when memory is out. */
CheckSummary *check_summary_with(const CheckSummary *summary, const DiagList *diags);

/** One more holder of it; NULL is fine. */
CheckSummary *check_summary_ref(CheckSummary *summary);

/** One holder less; the last one frees it. NULL is fine. Returns NULL. */
CheckSummary *check_summary_unref(CheckSummary *summary);
DEFINE_CLEANUP(CheckSummary, check_summary_unref);

/**
 * The finding that stands for all in one line, "LINE:COLUMN: MESSAGE [SPnnn]": the first error,
 * else the first warning. NULL for none; NULL for no summary.
 */
const char *check_summary_first(const CheckSummary *summary);

/* For rendering; of no summary they are empty. */

/**
 * All findings, or only the gravest, as a JSON array of what diag_render_json() makes. Returns how
 * many there are beside them: counted but not kept, or left out here.
 */
size_t check_summary_render_findings(Buf *buf, const CheckSummary *summary, bool only_gravest);
/** The programs and their number. */
const VerdictProgram *check_summary_programs(const CheckSummary *summary, size_t *ret_n);

#endif
