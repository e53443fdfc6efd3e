/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_REPORT_SUMMARY_H
#define SECCOMPD_REPORT_SUMMARY_H

#include "base/texts.h"
#include "profile/verdict.h"

#include <stddef.h>

/**
 * What is kept of a check to be told: findings and programs, as small as it goes. Never changes,
 * and is shared by all that refer to it.
 */
typedef struct Summary Summary;

/**
 * Makes one of finished findings and of programs (borrowed); its strings are held in `texts`, which
 * must outlive it. Returns NULL when memory is out.
 */
Summary *summary_new(
        Texts *texts, const DiagList *diags, const VerdictProgram *programs, size_t n_programs);

/** The same with more findings before those of `summary` (borrowed). NULL when memory is out. */
Summary *summary_with(const Summary *summary, const DiagList *diags);

/** One more holder of it; NULL is fine. */
Summary *summary_ref(Summary *summary);

/** One holder less; the last one frees it. NULL is fine. Returns NULL. */
Summary *summary_unref(Summary *summary);
DEFINE_CLEANUP(Summary, summary_unref);

/**
 * The finding that stands for all in one line, "LINE:COLUMN: MESSAGE [SPnnn]": the first error,
 * else the first warning. NULL for none; NULL for no summary.
 */
const char *summary_first(const Summary *summary);

/* For rendering; of no summary they are empty. */

/** All findings as a JSON array of what diag_render_json() makes. */
void summary_render_findings(Buf *buf, const Summary *summary);
/** How many findings were counted but not kept. */
size_t summary_n_dropped(const Summary *summary);
/** The programs and their number. */
const VerdictProgram *summary_programs(const Summary *summary, size_t *ret_n);

#endif
