/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_EXPLAIN_RENDER_H
#define SECCOMPD_PROFILE_EXPLAIN_RENDER_H

#include "profile/document.h"
#include "profile/explain.h"
#include "profile/verdict.h"

/*
 * Explanations as a person and as a program read them. Errors stay in the buffer.
 */

/** The profile that is explained; all borrowed. */
typedef struct ExplainSource {
        const char *name; /* as shown: the file's */
        const Document *document;
        const Surface *surface;
        const Policy *policy;   /* resolved from it, in the author's order */
        const Verdict *verdict; /* VERDICT_GOOD */
        const CheckOptions *options;
} ExplainSource;

/**
 * The answers to one call: what becomes of it, where; each deciding rule as findings are shown,
 * with its source line; what runc does else; rules on it that are not for this node.
 */
void explain_render_text(Buf *buf, const ExplainSource *source, const ExplainQuery *query,
        const Explanation *explanation, bool colour);

/** The same as one JSON document of kind "ExplainResult"; stable, described in
 * seccompctl-explain(1).
 */
void explain_render_json(Buf *buf, const ExplainSource *source, const ExplainQuery *query,
        const Explanation *explanation);

/** The answers of a way in a line: "ALLOW when a0 == 0, or a0 == 8; else ERRNO(1)". */
void explain_put_cases(Buf *buf, const ExplainWay *way);

/** The same as a JSON array of objects with conditions, action and errnoRet. */
void explain_put_cases_json(Buf *buf, const ExplainWay *way);

/**
 * The whole profile in short: how many calls get which answer on each architecture, which ones by
 * their arguments, what is risky about it. Scratch from `arena`. Returns 0 or -ENOMEM.
 */
int summary_render_text(Arena *arena, Buf *buf, const ExplainSource *source);

/** The same as one JSON document of kind "SummaryResult". */
int summary_render_json(Arena *arena, Buf *buf, const ExplainSource *source);

/**
 * Finds the rules of the source that name a call but are not for this node, by their selectors
 * (Docker's includes and excludes), one after another: `*at` starts as 0. Returns false when there
 * are no more, else true with the name's node.
 */
bool explain_next_unselected(
        const ExplainSource *source, const char *call_name, size_t *at, uint32_t *ret_node);

#endif
