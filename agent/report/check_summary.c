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

/* The first error, else the first warning, else NULL. */
static const Diag *gravest(const DiagList *diags) {
        const Diag *warning = NULL;

        for (size_t i = 0; i < diags->n; i++) {
                const Diag *diag = &diags->items[i];

                if (diag->severity == SEVERITY_ERROR)
                        return diag;
                if (diag->severity == SEVERITY_WARNING && !warning)
                        warning = diag;
        }
        return warning;
}

static int hold_first(CheckSummary *summary, const Diag *diag) {
        _cleanup_buf_ Buf text = {};

        if (!diag)
                return 0;
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
        return summary->first ? 0 : -1;
}

CheckSummary *check_summary_new(
        Texts *texts, const DiagList *diags, const VerdictProgram *programs, size_t n_programs) {
        _cleanup_(check_summary_unrefp) CheckSummary *summary =
                allocate(texts, diags->n, n_programs);

        if (!summary || hold_first(summary, gravest(diags)) < 0 || hold_diags(summary, diags) < 0)
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
        if (hold_first(longer, gravest(diags)) < 0 || hold_graver(longer, summary) < 0)
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

void check_summary_render_findings(Buf *buf, const CheckSummary *summary) {
        buf_putc(buf, '[');
        for (size_t i = 0; summary && i < summary->n_findings; i++) {
                if (i > 0)
                        buf_putc(buf, ',');
                buf_puts(buf, summary->findings[i]);
        }
        buf_putc(buf, ']');
}

size_t check_summary_n_dropped(const CheckSummary *summary) {
        return summary ? summary->n_dropped : 0;
}

const VerdictProgram *check_summary_programs(const CheckSummary *summary, size_t *ret_n) {
        *ret_n = summary ? summary->n_programs : 0;
        return summary ? programs_of(summary) : NULL;
}
