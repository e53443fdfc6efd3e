/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the daemon remembers of a check, for every profile and as long as it runs: so it is the
 * whole of its idle memory that grows with their number. A finding is kept as the JSON text that
 * /status shows of it, equal ones once for all profiles, and the verdict's list is let go of.
 */

#include "report/check_summary.h"

#include <stdint.h>
#include <string.h>

struct CheckSummary {
        Texts *texts;
        const char *first; /* held in texts, as are the findings */
        uint32_t n_holders, n_findings, n_dropped;
        uint32_t gravest; /* of the findings: an index */
        uint16_t n_programs;
        uint8_t first_severity;
        const char *findings[]; /* and the programs behind them */
};

/* Room for so many, with nothing in it yet. */
static CheckSummary *allocate(Texts *texts, size_t n_findings, size_t n_programs) {
        CheckSummary *summary = calloc(1,
                sizeof(*summary) + n_findings * sizeof(summary->findings[0]) +
                        n_programs * sizeof(VerdictProgram));

        if (!summary)
                return NULL;
        summary->n_holders = 1;
        summary->texts = texts;
        summary->n_findings = (uint32_t) n_findings;
        summary->n_programs = (uint16_t) n_programs;
        return summary;
}

static VerdictProgram *programs_of(const CheckSummary *summary) {
        return (VerdictProgram *) (void *) (summary->findings + summary->n_findings);
}

static int hold(CheckSummary *summary, size_t place, const char *finding) {
        summary->findings[place] = texts_hold(summary->texts, finding);
        return summary->findings[place] ? 0 : -1;
}

/* In the first places. */
static int hold_diags(CheckSummary *summary, const DiagList *diags) {
        for (size_t i = 0; i < diags->n; i++) {
                _cleanup_buf_ Buf json = {};

                diag_render_json(&json, &diags->items[i]);
                if (buf_error(&json) < 0 || hold(summary, i, json.data) < 0)
                        return -1;
        }
        summary->n_dropped += (uint32_t) diags->n_dropped;
        return 0;
}

/* The first of the highest severity; 0 for none at all. */
static size_t gravest(const DiagList *diags) {
        size_t found = 0;

        for (size_t i = 1; i < diags->n; i++)
                if (diags->items[i].severity > diags->items[found].severity)
                        found = i;
        return found;
}

/* The gravest, if it is an error or a warning. */
static int hold_first(CheckSummary *summary, const DiagList *diags) {
        const Diag *diag = diags->n > 0 ? &diags->items[gravest(diags)] : NULL;
        _cleanup_buf_ Buf text = {};

        if (!diag || diag->severity < SEVERITY_WARNING)
                return 0;
        summary->gravest = (uint32_t) gravest(diags);
        if (diag->line > 0)
                buf_printf(&text, "%u:%u: ", diag->line, diag->column);
        buf_printf(&text, "%s [SP%d]", diag->message, (int) diag->rule);
        if (buf_error(&text) < 0)
                return -1;
        summary->first = texts_hold(summary->texts, text.data);
        summary->first_severity = (uint8_t) diag->severity;
        return summary->first ? 0 : -1;
}

/* Takes over the first finding of another that stands behind this one. */
static int hold_graver(CheckSummary *summary, const CheckSummary *other) {
        if (other->first_severity <= summary->first_severity)
                return 0;
        texts_release(summary->texts, summary->first);
        summary->first = texts_hold(summary->texts, other->first);
        summary->first_severity = other->first_severity;
        summary->gravest = summary->n_findings - other->n_findings + other->gravest;
        return summary->first ? 0 : -1;
}

/* What is kept of a list (borrowed) where others have left no room for more. */
static DiagList gravest_alone(const DiagList *diags) {
        return (DiagList){
                .items = diags->items + gravest(diags),
                .n = 1,
                .n_dropped = diags->n_dropped + diags->n - 1,
        };
}

CheckSummary *check_summary_new(
        Texts *texts, const DiagList *diags, const VerdictProgram *programs, size_t n_programs) {
        bool has_room = diags->n == 0 || texts->size_bytes < CHECK_SUMMARY_TEXT_BYTES;
        const DiagList kept = has_room ? *diags : gravest_alone(diags); /* both borrowed */
        _cleanup_(check_summary_unrefp) CheckSummary *summary = allocate(texts, kept.n, n_programs);

        if (!summary || hold_first(summary, &kept) < 0 || hold_diags(summary, &kept) < 0)
                return NULL;
        if (n_programs > 0)
                memcpy(programs_of(summary), programs, n_programs * sizeof(*programs));
        return TAKE_PTR(summary);
}

CheckSummary *check_summary_with(const CheckSummary *summary, const DiagList *diags) {
        _cleanup_(check_summary_unrefp) CheckSummary *longer =
                allocate(summary->texts, diags->n + summary->n_findings, summary->n_programs);

        if (!longer || hold_diags(longer, diags) < 0)
                return NULL;
        for (size_t i = 0; i < summary->n_findings; i++)
                if (hold(longer, diags->n + i, summary->findings[i]) < 0)
                        return NULL;
        if (hold_first(longer, diags) < 0 || hold_graver(longer, summary) < 0)
                return NULL;
        longer->n_dropped += summary->n_dropped;
        memcpy(programs_of(longer), programs_of(summary),
                summary->n_programs * sizeof(VerdictProgram));
        return TAKE_PTR(longer);
}

CheckSummary *check_summary_ref(CheckSummary *summary) {
        if (summary)
                summary->n_holders++;
        return summary;
}

CheckSummary *check_summary_unref(CheckSummary *summary) {
        if (!summary || --summary->n_holders > 0)
                return NULL;
        for (size_t i = 0; i < summary->n_findings; i++)
                texts_release(summary->texts, summary->findings[i]);
        texts_release(summary->texts, summary->first);
        free(summary);
        return NULL;
}

const char *check_summary_first(const CheckSummary *summary) {
        return summary ? summary->first : NULL;
}

size_t check_summary_render_findings(Buf *buf, const CheckSummary *summary, bool only_gravest) {
        size_t n = summary ? summary->n_findings : 0, n_shown = only_gravest && n > 1 ? 1 : n;
        size_t first = n_shown < n ? summary->gravest : 0;

        buf_putc(buf, '[');
        for (size_t i = 0; i < n_shown; i++) {
                if (i > 0)
                        buf_putc(buf, ',');
                buf_puts(buf, summary->findings[first + i]);
        }
        buf_putc(buf, ']');
        return summary ? summary->n_dropped + n - n_shown : 0;
}

const VerdictProgram *check_summary_programs(const CheckSummary *summary, size_t *ret_n) {
        *ret_n = summary ? summary->n_programs : 0;
        return summary ? programs_of(summary) : NULL;
}
