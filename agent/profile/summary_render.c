/* SPDX-License-Identifier: Apache-2.0 */

/* A profile in short, for a person and for a program. */

#include "profile/explain_render.h"
#include "profile/summary.h"
#include "profile/wording.h"

#include <errno.h>
#include <string.h>

#define LABEL_COLUMNS 18
#define NAMES_A_LINE  6U
#define ARCH_PREFIX   "SCMP_ARCH_"
#define COLUMN_MIN    8

typedef struct Sheet {
        Buf *buf;
        const ExplainSource *source;
        Summary summary;
} Sheet;

static const char *short_name(const Arch *arch) {
        return arch->name + strlen(ARCH_PREFIX);
}

static void put_row(Sheet *sheet, const char *label, const unsigned *numbers) {
        const Policy *policy = sheet->source->policy;

        buf_printf(sheet->buf, "  %-*s", LABEL_COLUMNS, label);
        for (size_t i = 0; i < policy->n_arches; i++) {
                const int width = (int) strlen(short_name(policy->arches[i]));

                buf_printf(
                        sheet->buf, "  %*u", width > COLUMN_MIN ? width : COLUMN_MIN, numbers[i]);
        }
        buf_putc(sheet->buf, '\n');
}

static void put_header(Sheet *sheet) {
        const Policy *policy = sheet->source->policy;

        buf_printf(sheet->buf, "\n  %-*s", LABEL_COLUMNS, "calls");
        for (size_t i = 0; i < policy->n_arches; i++)
                buf_printf(sheet->buf, "  %*s", COLUMN_MIN, short_name(policy->arches[i]));
        buf_putc(sheet->buf, '\n');
}

/* Of the one program for all architectures. */
static void put_sizes(Sheet *sheet) {
        const Verdict *verdict = sheet->source->verdict;

        buf_printf(sheet->buf, "  %-*s  %*u", LABEL_COLUMNS, "instructions", COLUMN_MIN,
                verdict->programs[0].n_insns);
        if (verdict->n_programs > 1)
                buf_printf(
                        sheet->buf, " (%u under runc 1.2 and newer)", verdict->programs[1].n_insns);
        buf_putc(sheet->buf, '\n');
}

static void put_table(Sheet *sheet) {
        const Summary *summary = &sheet->summary;

        put_header(sheet);
        for (size_t i = 0; i < summary->n_counts; i++) {
                _cleanup_buf_ Buf label = {};

                wording_put_action(&label, summary->counts[i].action);
                if (i == 0)
                        buf_puts(&label, ", default");
                if (buf_error(&label) < 0)
                        sheet->buf->error = buf_error(&label);
                else
                        put_row(sheet, label.data, summary->counts[i].n);
        }
        put_row(sheet, "by arguments", summary->n_conditional);
        put_row(sheet, "in all", summary->n_calls);
        put_sizes(sheet);
}

/* Whether the native architecture answers a call of that name in the same way. */
static bool is_native_alike(const Summary *summary, const SummaryConditional *call) {
        const Arch *native = summary->conditional[0].way.arch;

        for (size_t i = 0; i < summary->n_all_conditional; i++) {
                const SummaryConditional *other = &summary->conditional[i];

                if (other == call)
                        return false;
                if (other->way.arch == native && strcmp(other->name, call->name) == 0 &&
                        explain_ways_equal(&other->way, &call->way))
                        return true;
        }
        return false;
}

static void put_conditional(Sheet *sheet) {
        const Summary *summary = &sheet->summary;

        if (summary->n_all_conditional > 0)
                buf_puts(sheet->buf, "\nby arguments\n");
        for (size_t i = 0; i < summary->n_all_conditional; i++) {
                const SummaryConditional *call = &summary->conditional[i];

                if (is_native_alike(summary, call))
                        continue;
                buf_printf(sheet->buf, "  %-*s  ", LABEL_COLUMNS, call->name);
                explain_put_cases(sheet->buf, &call->way);
                if (call->way.arch != sheet->source->policy->arches[0])
                        buf_printf(sheet->buf, " (%s)", short_name(call->way.arch));
                buf_putc(sheet->buf, '\n');
        }
}

static bool is_first_of_gain(const Summary *summary, size_t i) {
        for (size_t j = 0; j < i; j++)
                if (summary->risks[j].gain == summary->risks[i].gain)
                        return false;
        return true;
}

/* The calls that give the same away, in one line with it. */
static void put_risks(Sheet *sheet) {
        const Summary *summary = &sheet->summary;

        if (summary->n_risks > 0)
                buf_puts(sheet->buf, "\nrisky and permitted\n");
        for (size_t i = 0; i < summary->n_risks; i++) {
                if (!is_first_of_gain(summary, i))
                        continue;
                for (size_t j = i; j < summary->n_risks; j++)
                        if (summary->risks[j].gain == summary->risks[i].gain)
                                buf_printf(sheet->buf, "%s%s%s", j > i ? ", " : "  ",
                                        summary->risks[j].name,
                                        summary->risks[j].is_conditional ? " (with some arguments)"
                                                                         : "");
                buf_printf(sheet->buf, "\n      %s\n", summary->risks[i].gain);
        }
}

static void put_unknown(Sheet *sheet) {
        const NodeFacts *facts = &sheet->source->options->facts;
        const Summary *summary = &sheet->summary;

        if (summary->n_unknown == 0)
                return;
        buf_printf(sheet->buf, "\nunknown to libseccomp %u.%u.%u, so without effect here",
                facts->libseccomp_major, facts->libseccomp_minor, facts->libseccomp_micro);
        for (size_t i = 0; i < summary->n_unknown; i++)
                buf_printf(sheet->buf, "%s%s", i % NAMES_A_LINE == 0 ? "\n  " : " ",
                        summary->unknown[i]);
        buf_putc(sheet->buf, '\n');
}

static bool has_contest(const Summary *summary) {
        for (size_t i = 0; i < summary->n_all_conditional; i++)
                for (size_t j = 0; j < summary->conditional[i].way.n_cases; j++)
                        if (summary->conditional[i].way.cases[j].is_contested)
                                return true;
        return false;
}

static void put_notes(Sheet *sheet) {
        const Policy *policy = sheet->source->policy;
        const Action action = policy->default_action;
        const bool is_enosys = action.kind == ACTION_ERRNO && action.data == ENOSYS;
        const char *separator = "\nnote: runc, not crun, answers ENOSYS to calls above the highest "
                                "number that the profile names: ";

        if (action.kind == ACTION_ALLOW || action.kind == ACTION_LOG)
                buf_puts(sheet->buf,
                        "\nnote: what no rule denies is permitted, risky and new calls too "
                        "[SP314]\n");
        if (has_contest(&sheet->summary))
                buf_puts(sheet->buf,
                        "\nnote: rules with different actions overlap, and libseccomp may let "
                        "either decide [SP704]\n");
        for (size_t i = 0; i < policy->n_arches && !is_enosys; i++) {
                if (sheet->summary.runc_highest[i] < 0)
                        continue;
                buf_printf(sheet->buf, "%s%d on %s", separator, sheet->summary.runc_highest[i],
                        short_name(policy->arches[i]));
                separator = ", ";
        }
        buf_puts(sheet->buf, *separator == ',' ? "\n" : "");
}

static int sheet_make(Arena *arena, Buf *buf, const ExplainSource *source, Sheet *ret_sheet) {
        *ret_sheet = (Sheet){ .buf = buf, .source = source };
        return summary_make(arena, source->policy, &ret_sheet->summary);
}

int summary_render_text(Arena *arena, Buf *buf, const ExplainSource *source) {
        char digest[DIGEST_TEXT_SIZE];
        Sheet sheet;
        int r = sheet_make(arena, buf, source, &sheet);

        if (r < 0)
                return r;
        digest_text(&source->verdict->digest, digest);
        diag_render_place(buf, source->name, 0, 0, false);
        buf_puts(buf, " a call that no rule matches is ");
        wording_put_fate(buf, source->policy->default_action);
        buf_printf(buf, "\ncanonical form: %s\n", digest);
        put_table(&sheet);
        put_conditional(&sheet);
        put_risks(&sheet);
        put_unknown(&sheet);
        put_notes(&sheet);
        return 0;
}

static void put_arch_json(Sheet *sheet, size_t arch) {
        const Summary *summary = &sheet->summary;
        const char *separator = "";

        buf_printf(sheet->buf,
                "{\"architecture\":\"%s\",\"calls\":%u,\"conditional\":%u,\"answers\":[",
                sheet->source->policy->arches[arch]->name, summary->n_calls[arch],
                summary->n_conditional[arch]);
        for (size_t i = 0; i < summary->n_counts; i++) {
                if (summary->counts[i].n[arch] == 0)
                        continue;
                buf_printf(sheet->buf, "%s{", separator);
                wording_put_action_json(sheet->buf, summary->counts[i].action);
                buf_printf(sheet->buf, ",\"calls\":%u}", summary->counts[i].n[arch]);
                separator = ",";
        }
        buf_putc(sheet->buf, ']');
        if (summary->runc_highest[arch] >= 0)
                buf_printf(sheet->buf, ",\"runcHighestNumber\":%d", summary->runc_highest[arch]);
        buf_putc(sheet->buf, '}');
}

static void put_programs_json(Sheet *sheet) {
        const Verdict *verdict = sheet->source->verdict;

        buf_puts(sheet->buf, "],\"programs\":[");
        for (size_t i = 0; i < verdict->n_programs; i++)
                buf_printf(sheet->buf, "%s{\"optimiseLevel\":%u,\"instructions\":%u}",
                        i > 0 ? "," : "", verdict->programs[i].optimise,
                        verdict->programs[i].n_insns);
}

static void put_conditional_json(Sheet *sheet) {
        const Summary *summary = &sheet->summary;

        buf_puts(sheet->buf, "],\"conditional\":[");
        for (size_t i = 0; i < summary->n_all_conditional; i++) {
                const SummaryConditional *call = &summary->conditional[i];

                buf_printf(sheet->buf,
                        "%s\n  {\"call\":\"%s\",\"number\":%d,\"architecture\":\"%s\",\"cases\":",
                        i > 0 ? "," : "", call->name, call->way.nr, call->way.arch->name);
                explain_put_cases_json(sheet->buf, &call->way);
                buf_putc(sheet->buf, '}');
        }
}

int summary_render_json(Arena *arena, Buf *buf, const ExplainSource *source) {
        char digest[DIGEST_TEXT_SIZE];
        Sheet sheet;
        int r = sheet_make(arena, buf, source, &sheet);

        if (r < 0)
                return r;
        digest_text(&source->verdict->digest, digest);
        buf_puts(buf, "{\"apiVersion\":\"seccompctl/v1\",\"kind\":\"SummaryResult\",\"file\":");
        buf_put_json(buf, source->name);
        buf_printf(buf, ",\"digest\":\"%s\",\"default\":{", digest);
        wording_put_action_json(buf, source->policy->default_action);
        buf_puts(buf, "},\"architectures\":[");
        for (size_t i = 0; i < source->policy->n_arches; i++) {
                buf_puts(buf, i > 0 ? ",\n  " : "\n  ");
                put_arch_json(&sheet, i);
        }
        put_programs_json(&sheet);
        put_conditional_json(&sheet);
        buf_puts(buf, "\n],\"risks\":[");
        for (size_t i = 0; i < sheet.summary.n_risks; i++)
                buf_printf(buf, "%s\n  {\"call\":\"%s\",\"conditional\":%s,\"gain\":\"%s\"}",
                        i > 0 ? "," : "", sheet.summary.risks[i].name,
                        sheet.summary.risks[i].is_conditional ? "true" : "false",
                        sheet.summary.risks[i].gain);
        buf_puts(buf, "\n],\"unknown\":[");
        for (size_t i = 0; i < sheet.summary.n_unknown; i++) {
                buf_puts(buf, i > 0 ? "," : "");
                buf_put_json(buf, sheet.summary.unknown[i]);
        }
        buf_puts(buf, "]}\n");
        return 0;
}
