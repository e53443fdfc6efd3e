/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Findings as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), the format that
 * code scanning takes. Columns are counted in code points, and said to be. A profile inside a
 * ConfigMap has no file of its own, so its places are those in the ConfigMap's file, as exactly as
 * the string there allows; the place in the profile itself stands beside, as a logical location.
 * The help of each rule is its section of docs/rules.md.
 */

#include "ctl/check_result.h"

#include "ctl/rule_page.h"

#include <errno.h>
#include <string.h>

#define SCHEMA                                                                                     \
        "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"                      \
        "sarif-schema-2.1.0.json"

#define N_RULE_IDS 1000

typedef struct Sarif {
        Buf *out;
        const char *directory;
        uint16_t indexes[N_RULE_IDS]; /* of each rule in the list of rules; only of those found */
        bool is_found[N_RULE_IDS];
        const Container *container; /* the last one a place was looked up in, */
        TextCursor cursor;          /* and how far */
        size_t n_notifications;
} Sarif;

static const char *level_name(Severity severity) {
        return severity == SEVERITY_INFO ? "note" : severity_name(severity);
}

static void put_text(Buf *out, const char *key, const char *text) {
        buf_printf(out, "\"%s\":{\"text\":", key);
        buf_put_json(out, text);
        buf_putc(out, '}');
}

/* --- URIs --- */

/* An absolute path without "." and "..", without a look at what is there. */
static void put_normal(Buf *out, const char *directory, const char *path) {
        _cleanup_buf_ Buf whole = {};

        buf_append(out, "", 0); /* so that the root has an address */
        buf_printf(&whole, "%s/%s", path[0] == '/' ? "" : directory, path);
        if (buf_error(&whole) < 0) {
                out->error = buf_error(&whole);
                return;
        }
        for (const char *at = whole.data; *at;) {
                size_t length = strcspn(at, "/");

                if (length == 2 && memcmp(at, "..", 2) == 0) {
                        const char *slash = memrchr(out->data, '/', out->size);

                        out->size = slash ? (size_t) (slash - out->data) : 0;
                        out->data[out->size] = '\0';
                } else if (length > 0 && !(length == 1 && *at == '.'))
                        buf_printf(out, "/%.*s", (int) length, at);
                at += length;
                at += *at == '/';
        }
}

static void put_encoded(Buf *out, const char *path) {
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                    "-._~/";

        for (; *path; path++)
                if (strchr(plain, *path))
                        buf_putc(out, *path);
                else
                        buf_printf(out, "%%%02X", (unsigned) (unsigned char) *path);
}

/* The part of a path below a directory, or NULL. */
static const char *below(const char *directory, const char *path) {
        size_t length = strlen(directory);

        return strncmp(path, directory, length) == 0 && path[length] == '/' ? path + length + 1
                                                                            : NULL;
}

/* Relative to the working directory, or absolute for what is not below it. */
static void put_artifact(const Sarif *sarif, const Input *input) {
        const char *name = input->container ? input->container->name : input->name;
        _cleanup_buf_ Buf path = {}, top = {};
        const char *at = NULL;

        put_normal(&path, sarif->directory, name);
        put_normal(&top, "", sarif->directory);
        if (!path.data || !top.data || buf_error(&path) < 0 || buf_error(&top) < 0) {
                sarif->out->error = -ENOMEM;
                return;
        }
        at = strcmp(name, "<stdin>") == 0 ? name : below(top.data, path.data);
        buf_printf(sarif->out, "\"artifactLocation\":{\"uri\":\"%s", at ? "" : "file://");
        put_encoded(sarif->out, at ? at : path.data);
        buf_puts(sarif->out, "\"}");
}

/* --- places --- */

/* The line and column of a byte of a container's text; asked in order, all cost one walk. */
static TextCursor find_place(Sarif *sarif, const Container *container, uint32_t offset) {
        if (sarif->container != container || sarif->cursor.offset > offset)
                sarif->cursor = TEXT_CURSOR_START;
        sarif->container = container;
        text_cursor_advance(&sarif->cursor, container->bytes, container->size_bytes, offset);
        return sarif->cursor;
}

static void put_region(Sarif *sarif, const Input *input, const Diag *diag) {
        const Container *container = input->container;
        TextCursor begin = { .line = diag->line, .column = diag->column };
        TextCursor end = { .line = diag->end_line, .column = diag->end_column };

        if (container) {
                bool is_whole = input->is_encoded || diag->line == 0;
                Span span = diag->span;

                begin = find_place(sarif, container,
                        is_whole
                                ? input->literal.offset
                                : text_string_place(&container->text, input->literal, span.offset));
                end = find_place(sarif, container,
                        is_whole ? input->literal.offset + input->literal.length
                                 : text_string_place(&container->text, input->literal,
                                           span.offset + span.length));
        }
        if (begin.line == 0) {
                buf_puts(sarif->out, ",\"region\":{\"startLine\":1}");
                return;
        }
        buf_printf(sarif->out,
                ",\"region\":{\"startLine\":%u,\"startColumn\":%u,\"endLine\":%u,\"endColumn\":%u}",
                begin.line, begin.column, end.line, end.column);
}

/* Where a finding is in its profile, and the profile in its ConfigMap, if it is in one. */
static void put_logical(Sarif *sarif, const Input *input, const Diag *diag) {
        const char *inside = input->container ? strrchr(input->name, '#') : NULL;
        _cleanup_buf_ Buf name = {};

        if (inside)
                buf_puts(&name, inside + 1);
        if (inside && diag->line > 0)
                buf_printf(&name, ":%u:%u", diag->line, diag->column);
        if (diag->pointer && *diag->pointer)
                buf_printf(&name, "%s%s", name.size > 0 ? " " : "", diag->pointer);
        if (buf_error(&name) < 0)
                sarif->out->error = buf_error(&name);
        if (name.size == 0)
                return;
        buf_puts(sarif->out, ",\"logicalLocations\":[{\"fullyQualifiedName\":");
        buf_put_json(sarif->out, name.data);
        buf_puts(sarif->out, "}]");
}

/* --- rules --- */

static void put_rule(Buf *out, const Rule *rule) {
        _cleanup_buf_ Buf text = {}, markdown = {};

        rule_page_text(&text, rule->id, false);
        rule_page_markdown(&markdown, rule->id);
        if (buf_error(&text) < 0 || buf_error(&markdown) < 0) {
                out->error = -ENOMEM;
                return;
        }
        buf_printf(out, "{\"id\":\"SP%u\",", (unsigned) rule->id);
        put_text(out, "shortDescription", rule->summary);
        buf_putc(out, ',');
        put_text(out, "fullDescription", rule->summary);
        buf_puts(out, ",\"help\":{\"text\":");
        buf_put_json(out, text.data);
        buf_puts(out, ",\"markdown\":");
        buf_put_json(out, markdown.data);
        buf_printf(out,
                "},\"defaultConfiguration\":{\"level\":\"%s\"},\"properties\":{\"tags\":["
                "\"security\","
                "\"seccomp\"]}}",
                level_name(rule->severity));
}

static void put_rules(Sarif *sarif, const CheckResults *results) {
        uint16_t n_found = 0;
        size_t n = 0;
        const Rule *rules = rules_all(&n);

        for (size_t i = 0; i < results->n; i++)
                for (size_t j = 0;
                        results->items[i].verdict && j < results->items[i].verdict->diags.n; j++)
                        sarif->is_found[results->items[i].verdict->diags.items[j].rule] = true;
        for (size_t i = 0; i < n; i++) {
                if (!sarif->is_found[rules[i].id])
                        continue;
                buf_puts(sarif->out, n_found > 0 ? ",\n" : "\n");
                put_rule(sarif->out, &rules[i]);
                sarif->indexes[rules[i].id] = n_found++;
        }
}

/* --- results --- */

static void put_result(Sarif *sarif, const Input *input, const Diag *diag) {
        _cleanup_buf_ Buf message = {};

        buf_printf(&message, "%s%s%s", diag->message, diag->hint ? "\nhelp: " : "",
                diag->hint ? diag->hint : "");
        if (buf_error(&message) < 0) {
                sarif->out->error = buf_error(&message);
                return;
        }
        buf_printf(sarif->out, "{\"ruleId\":\"SP%u\",\"ruleIndex\":%u,\"level\":\"%s\",",
                (unsigned) diag->rule, sarif->indexes[diag->rule], level_name(diag->severity));
        put_text(sarif->out, "message", message.data);
        buf_puts(sarif->out, ",\"locations\":[{\"physicalLocation\":{");
        put_artifact(sarif, input);
        put_region(sarif, input, diag);
        buf_putc(sarif->out, '}');
        put_logical(sarif, input, diag);
        buf_puts(sarif->out, "}]}");
}

static void put_results(Sarif *sarif, const CheckResults *results) {
        bool is_first = true;

        for (size_t i = 0; i < results->n; i++) {
                const CheckResult *result = &results->items[i];

                for (size_t j = 0; result->verdict && j < result->verdict->diags.n; j++) {
                        buf_puts(sarif->out, is_first ? "\n" : ",\n");
                        put_result(sarif, result->input, &result->verdict->diags.items[j]);
                        is_first = false;
                }
        }
}

/* One of the notifications of this run, about a file as a whole. */
static void put_notification(
        Sarif *sarif, const char *level, const Input *input, const char *says) {
        _cleanup_buf_ Buf message = {};

        buf_printf(&message, "%s: %s", input->name, says);
        if (buf_error(&message) < 0) {
                sarif->out->error = buf_error(&message);
                return;
        }
        buf_printf(sarif->out, "%s{\"level\":\"%s\",",
                sarif->n_notifications++ == 0 ? ",\"toolExecutionNotifications\":[" : ",", level);
        put_text(sarif->out, "message", message.data);
        buf_puts(sarif->out, ",\"locations\":[{\"physicalLocation\":{");
        put_artifact(sarif, input);
        buf_puts(sarif->out, "}}]}");
}

static void put_passed(Sarif *sarif, const PassedKey *passed) {
        const Input input = { .name = passed->name, .container = passed->container };
        _cleanup_buf_ Buf text = {};

        passed_key_text(&text, passed);
        if (buf_error(&text) < 0)
                sarif->out->error = buf_error(&text);
        else
                put_notification(sarif, "note", &input, text.data);
}

/* What could not be read is told as an error of this run, what was passed over as a note. */
static void put_invocation(Sarif *sarif, const CheckResults *results) {
        buf_printf(sarif->out, "{\"executionSuccessful\":%s",
                results->n_unreadable == 0 ? "true" : "false");
        for (size_t i = 0; i < results->n; i++)
                if (!results->items[i].verdict)
                        put_notification(sarif, "error", results->items[i].input,
                                input_problem(results->items[i].input));
        for (size_t i = 0; i < results->inputs->n_passed; i++)
                put_passed(sarif, &results->inputs->passed[i]);
        buf_puts(sarif->out, sarif->n_notifications > 0 ? "]}" : "}");
}

void check_render_sarif(
        Buf *out, const CheckResults *results, const char *directory, const char *version) {
        Sarif sarif = { .out = out, .directory = directory };

        buf_puts(out, "{\"$schema\":\"" SCHEMA "\",\"version\":\"2.1.0\",\"runs\":[{\n");
        buf_printf(out,
                "\"tool\":{\"driver\":{\"name\":\"seccompctl\",\"version\":\"%s\",\"rules\":[",
                version);
        put_rules(&sarif, results);
        buf_puts(out, "]}},\n\"columnKind\":\"unicodeCodePoints\",\n\"invocations\":[");
        put_invocation(&sarif, results);
        buf_puts(out, "],\n\"results\":[");
        put_results(&sarif, results);
        buf_puts(out, "]}]}\n");
}
