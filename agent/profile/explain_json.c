/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An explanation for a program: every way on its own, nothing merged, every place given three times
 * over (line, column, pointer), so that no tool has to search the text again.
 */

#include "profile/explain_render.h"

#include "profile/syscalls.h"
#include "profile/wording.h"

#include <errno.h>
#include <inttypes.h>

static void put_place(Buf *buf, const ExplainSource *source, uint32_t node) {
        const Text *text = &source->document->text;
        _cleanup_buf_ Buf pointer = {};
        uint32_t line = 0, column = 0;

        text_position(
                text->bytes, text->size_bytes, text->nodes[node].value.offset, &line, &column);
        text_put_pointer(&pointer, text, node);
        if (buf_error(&pointer) < 0)
                buf->error = buf_error(&pointer);
        buf_printf(buf, "\"line\":%u,\"column\":%u,\"pointer\":", line, column);
        buf_put_json(buf, pointer.data ? pointer.data : "");
}

static void put_case(Buf *buf, const ExplainSource *source, const ExplainCase *answer) {
        buf_puts(buf, "{\"conditions\":");
        wording_put_conditions_json(buf, answer->conditions, answer->n_conditions);
        buf_putc(buf, ',');
        wording_put_action_json(buf, answer->action);
        buf_printf(buf, ",\"decidedBy\":\"%s\",", answer->rule ? "rule" : "default");
        put_place(
                buf, source, answer->rule ? answer->rule->name_node : source->policy->default_node);
        if (answer->is_contested)
                buf_puts(buf, ",\"contested\":true");
        buf_putc(buf, '}');
}

static void put_cases(Buf *buf, const ExplainSource *source, const ExplainWay *way) {
        buf_puts(buf, "\"cases\":[");
        for (size_t i = 0; i < way->n_cases; i++) {
                buf_puts(buf, i > 0 ? "," : "");
                put_case(buf, source, &way->cases[i]);
        }
        buf_putc(buf, ']');
}

static void put_way(Buf *buf, const ExplainSource *source, const ExplainWay *way) {
        char name[64];

        buf_printf(buf, "{\"architecture\":\"%s\",\"number\":%d,\"listed\":%s", way->arch->name,
                way->nr, way->is_unlisted ? "false" : "true");
        if (way->is_subcall && syscall_name(way->arch, way->nr, sizeof(name), name) == 0)
                buf_printf(buf, ",\"multiplexer\":\"%s\",\"subcall\":%u", name, way->subcall);
        if (way->is_unlisted || way->n_cases == 1) {
                buf_puts(buf, ",\"verdict\":{");
                wording_put_action_json(buf,
                        way->is_unlisted ? (Action){ .kind = ACTION_KILL_THREAD }
                                         : way->cases[0].action);
                buf_putc(buf, '}');
        }
        buf_putc(buf, ',');
        put_cases(buf, source, way);
        if (way->is_beyond) {
                buf_puts(buf, ",\"runc\":{");
                wording_put_action_json(buf, (Action){ .kind = ACTION_ERRNO, .data = ENOSYS });
                buf_printf(buf, ",\"highestNumber\":%d}", way->highest);
        }
        buf_putc(buf, '}');
}

static void put_args(Buf *buf, const CallArgs *args) {
        const char *separator = "";

        buf_puts(buf, ",\"arguments\":[");
        for (unsigned i = 0; i < SYSCALL_ARGS; i++) {
                if (!args->is_known[i])
                        continue;
                buf_printf(buf, "%s{\"index\":%u,\"value\":%" PRIu64 "}", separator, i,
                        args->values[i]);
                separator = ",";
        }
        buf_putc(buf, ']');
}

static void put_unselected(Buf *buf, const ExplainSource *source, const char *call_name) {
        const char *separator = "{";
        uint32_t node = TEXT_NO_NODE;
        size_t at = 0;

        buf_puts(buf, ",\"notSelected\":[");
        while (call_name && explain_next_unselected(source, call_name, &at, &node)) {
                buf_puts(buf, separator);
                put_place(buf, source, node);
                buf_putc(buf, '}');
                separator = ",{";
        }
        buf_putc(buf, ']');
}

void explain_render_json(Buf *buf, const ExplainSource *source, const ExplainQuery *query,
        const Explanation *explanation) {
        buf_puts(buf, "{\"apiVersion\":\"seccompctl/v1\",\"kind\":\"ExplainResult\",\"file\":");
        buf_put_json(buf, source->name);
        if (explanation->call_name) {
                buf_puts(buf, ",\"call\":");
                buf_put_json(buf, explanation->call_name);
        }
        put_args(buf, &query->args);
        buf_puts(buf, ",\"ways\":[");
        for (size_t i = 0; i < explanation->n_ways; i++) {
                buf_puts(buf, i > 0 ? ",\n  " : "\n  ");
                put_way(buf, source, &explanation->ways[i]);
        }
        buf_puts(buf, "\n]");
        if (explanation->unknown) {
                buf_puts(buf, ",\"unknown\":{");
                put_cases(buf, source, explanation->unknown);
                buf_putc(buf, '}');
        }
        put_unselected(buf, source, explanation->call_name);
        buf_puts(buf, "}\n");
}

void explain_put_cases_json(Buf *buf, const ExplainWay *way) {
        buf_putc(buf, '[');
        for (size_t i = 0; i < way->n_cases; i++) {
                buf_puts(buf, i > 0 ? ",{\"conditions\":" : "{\"conditions\":");
                wording_put_conditions_json(
                        buf, way->cases[i].conditions, way->cases[i].n_conditions);
                buf_putc(buf, ',');
                wording_put_action_json(buf, way->cases[i].action);
                buf_puts(buf, way->cases[i].is_contested ? ",\"contested\":true}" : "}");
        }
        buf_putc(buf, ']');
}
