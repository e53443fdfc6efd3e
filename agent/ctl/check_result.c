/* SPDX-License-Identifier: Apache-2.0 */

/* What was found, for a person and in JSON; code scanning's format has a file of its own. */

#include "ctl/check_result.h"

#include <errno.h>
#include <string.h>

void check_results_done(CheckResults *results) {
        for (size_t i = 0; i < results->n; i++)
                verdict_free(results->items[i].verdict);
        free(results->items);
        *results = (CheckResults){};
}

int check_results_add(CheckResults *results, const Input *input, Verdict *verdict) {
        CheckResult *grown = reallocarray(results->items, results->n + 1, sizeof(*grown));

        if (!grown) {
                verdict_free(verdict);
                return -ENOMEM;
        }
        results->items = grown;
        grown[results->n++] = (CheckResult){ .input = input, .verdict = verdict };
        if (!verdict) {
                results->n_unreadable++;
                return 0;
        }
        results->n_files++;
        results->n_errors += diags_count(&verdict->diags, SEVERITY_ERROR);
        results->n_warnings += diags_count(&verdict->diags, SEVERITY_WARNING);
        results->n_infos += diags_count(&verdict->diags, SEVERITY_INFO);
        if (verdict->diags.worst > results->worst)
                results->worst = verdict->diags.worst;
        return 0;
}

const char *input_problem(const Input *input) {
        return input->problem ? input->problem : strerror(-input->error);
}

void passed_key_text(Buf *out, const PassedKey *passed) {
        if (passed->right_name)
                buf_printf(out,
                        "looks like a profile and was not checked: the key does not match *.json, "
                        "so that seccompd does not install it either; rename it to `%s`",
                        passed->right_name);
        else
                buf_puts(out,
                        "was not checked: the key does not match *.json, and is no profile for "
                        "seccompd either");
}

/* --- text --- */

static void put_counted(Buf *out, size_t n, const char *what, const char *before) {
        buf_printf(out, "%s%zu %s%s", before, n, what, n == 1 ? "" : "s");
}

/* The rule of the gravest finding, for who wants to know more. */
static void put_pointer(Buf *out, const CheckResults *results) {
        const Diag *gravest = NULL;

        for (size_t i = 0; i < results->n; i++) {
                const DiagList *diags = results->items[i].verdict
                        ? &results->items[i].verdict->diags
                        : &(const DiagList){};

                for (size_t j = 0; j < diags->n; j++)
                        if (!gravest || diags->items[j].severity > gravest->severity)
                                gravest = &diags->items[j];
        }
        if (gravest)
                buf_printf(out, "more about a finding: seccompctl check --explain SP%u\n",
                        (unsigned) gravest->rule);
}

static void put_summary(Buf *out, const CheckResults *results, bool shows_info) {
        put_counted(out, results->n_files, "file", "");
        put_counted(out, results->n_errors, "error", ": ");
        put_counted(out, results->n_warnings, "warning", ", ");
        put_counted(out, results->n_infos, "info", ", ");
        if (results->n_infos > 0 && !shows_info)
                buf_puts(out, " (--info shows them)");
        if (results->n_unreadable > 0)
                buf_printf(out, "; %zu could not be read", results->n_unreadable);
        if (results->inputs->n_passed > 0)
                buf_printf(out, "; %zu key%s passed over", results->inputs->n_passed,
                        results->inputs->n_passed == 1 ? "" : "s");
        if (results->node)
                buf_printf(out, " on a node with %s", results->node);
        buf_putc(out, '\n');
}

int check_render_text(Buf *out, const CheckResults *results, bool shows_info, bool colour) {
        const Severity least = shows_info ? SEVERITY_INFO : SEVERITY_WARNING;

        for (size_t i = 0; i < results->n; i++) {
                const CheckResult *result = &results->items[i];
                _cleanup_buf_ Buf text = {};

                if (!result->verdict)
                        continue;
                if (findings_render(&text, &result->verdict->diags, least, result->input, colour) <
                        0)
                        return -ENOMEM;
                if (result->verdict->diags.n_dropped > 0)
                        buf_printf(&text, "%s: %zu more findings are not shown\n",
                                result->input->name, result->verdict->diags.n_dropped);
                if (buf_error(&text) < 0)
                        return buf_error(&text);
                if (text.size > 0 && out->size > 0)
                        buf_putc(out, '\n');
                buf_append(out, text.data, text.size);
        }
        if (out->size > 0) {
                buf_putc(out, '\n');
                put_pointer(out, results);
        }
        if (results->n_files > 0)
                put_summary(out, results, shows_info);
        return 0;
}

/* --- JSON --- */

static void put_programs(Buf *out, const Verdict *verdict) {
        for (size_t i = 0; i < verdict->n_programs; i++) {
                const VerdictProgram *program = &verdict->programs[i];

                buf_printf(out,
                        "%s{\"optimiseLevel\":%u,\"instructions\":%u,\"evaluation\":\"%s\"}",
                        i > 0 ? "," : "", program->optimise, program->n_insns,
                        program->is_exhaustive ? "exhaustive" : "sampled");
        }
}

static void put_file(Buf *out, const CheckResult *result) {
        const Verdict *verdict = result->verdict;
        char digest[DIGEST_TEXT_SIZE];

        buf_puts(out, "  {\"file\":");
        buf_put_json(out, result->input->name);
        if (!verdict) {
                buf_puts(out, ",\"unreadable\":");
                buf_put_json(out, input_problem(result->input));
                buf_putc(out, '}');
                return;
        }
        buf_printf(out, ",\"valid\":%s", verdict->kind == VERDICT_GOOD ? "true" : "false");
        if (verdict->kind == VERDICT_GOOD) {
                digest_text(&verdict->digest, digest);
                buf_printf(out, ",\"digest\":\"%s\"", digest);
        }
        buf_puts(out, ",\"programs\":[");
        put_programs(out, verdict);
        buf_puts(out, "],\"diagnostics\":");
        diags_render_json(out, &verdict->diags);
        buf_printf(out, ",\"diagnosticsDropped\":%zu}", verdict->diags.n_dropped);
}

void check_render_json(Buf *out, const CheckResults *results) {
        const NodeFacts *facts = results->facts;

        buf_puts(out, "{\"apiVersion\":\"seccompctl/v1\",\"kind\":\"CheckResult\",\"node\":");
        buf_printf(out,
                "{\"architecture\":\"%s\",\"kernel\":\"%u.%u\",\"libseccomp\":\"%u.%u.%u\"}",
                facts->arch->name, facts->kernel_major, facts->kernel_minor,
                facts->libseccomp_major, facts->libseccomp_minor, facts->libseccomp_micro);
        buf_puts(out, ",\"files\":[\n");
        for (size_t i = 0; i < results->n; i++) {
                if (i > 0)
                        buf_puts(out, ",\n");
                put_file(out, &results->items[i]);
        }
        buf_printf(out,
                "\n],\"errors\":%zu,\"warnings\":%zu,\"infos\":%zu,\"unreadable\":%zu,"
                "\"passedOver\":[",
                results->n_errors, results->n_warnings, results->n_infos, results->n_unreadable);
        for (size_t i = 0; i < results->inputs->n_passed; i++) {
                buf_puts(out, i > 0 ? "," : "");
                buf_put_json(out, results->inputs->passed[i].name);
        }
        buf_puts(out, "]}\n");
}
