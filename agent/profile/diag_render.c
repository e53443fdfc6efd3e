/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Findings as a person and as a program read them. The measure of the text form is a compiler's:
 * where, what, the line itself with the place underlined, what would be right. Source lines are
 * strangers' bytes: what would move the cursor is shown as U+FFFD, a tab as one space, so that the
 * underline stands below its text; minified profiles are one long line, of which the part around
 * the span is shown.
 */

#include "profile/diag.h"

#include "base/utf8.h"

#include <string.h>
#include <wchar.h>

#define LINE_COLUMNS_MAX 120U /* a source line of more columns is cut */
#define LINE_COLUMNS_CUT 116U /* to these */
#define LEAD_COLUMNS     40U  /* of which at most these stand before the span */
#define GUTTER_COLUMNS   4    /* of the line's number */

#define BRACKETS_COLUMNS_MAX 40U /* an object or array that is longer is marked at its bracket */

#define SGR_RESET  "\033[0m"
#define SGR_BOLD   "\033[1m"
#define SGR_GUTTER "\033[34m"

static const char *const SGR_SEVERITY[] = {
        [SEVERITY_OFF] = "",
        [SEVERITY_INFO] = "\033[1;36m",
        [SEVERITY_WARNING] = "\033[1;33m",
        [SEVERITY_ERROR] = "\033[1;31m",
};

/* Appends text in a style, where colour is wanted. */
static void put_styled(Buf *buf, const char *sgr, const char *text) {
        if (sgr)
                buf_puts(buf, sgr);
        buf_puts(buf, text);
        if (sgr)
                buf_puts(buf, SGR_RESET);
}

/* The length of the code point at the start of `bytes`, or of a byte that begins none. */
static size_t column_length(const char *bytes, size_t size_bytes) {
        size_t length = utf8_decode(bytes, size_bytes, NULL);

        return length > 0 ? length : 1;
}

/* Appends the code point at the start of `bytes` as one column; returns its length. */
static size_t put_column(Buf *buf, const char *bytes, size_t size_bytes) {
        uint32_t codepoint = 0;
        size_t length = utf8_decode(bytes, size_bytes, &codepoint);

        if (codepoint == '\t')
                buf_putc(buf, ' ');
        else if (length == 0 || !utf8_is_harmless(codepoint))
                buf_puts(buf, "\uFFFD");
        else
                buf_append(buf, bytes, length);
        return length > 0 ? length : 1;
}

/*
 * How many columns of a terminal some bytes take, as put_column() shows them: two for most of what
 * East Asia writes, none for a combining mark. The C library's tables need a locale of UTF-8, which
 * whoever prints has set; in any other each code point counts as one.
 */
static size_t count_cells(const char *bytes, size_t size_bytes) {
        size_t n = 0;

        for (size_t i = 0; i < size_bytes;) {
                uint32_t codepoint = 0;
                size_t length = utf8_decode(bytes + i, size_bytes - i, &codepoint);
                int width = length > 0 && utf8_is_harmless(codepoint) ? wcwidth((wchar_t) codepoint)
                                                                      : 1;

                n += width < 0 ? 1U : (size_t) width;
                i += length > 0 ? length : 1;
        }
        return n;
}

static size_t count_columns(const char *bytes, size_t size_bytes) {
        size_t n = 0;

        for (size_t i = 0; i < size_bytes; n++)
                i += column_length(bytes + i, size_bytes - i);
        return n;
}

/* How many bytes the first `n` columns take. */
static size_t skip_columns(const char *bytes, size_t size_bytes, size_t n) {
        size_t at = 0;

        for (; at < size_bytes && n > 0; n--)
                at += column_length(bytes + at, size_bytes - at);
        return at;
}

/* The line a span starts on, and which of its columns are shown and underlined. */
typedef struct Excerpt {
        const char *line;
        size_t size_bytes;
        size_t n_columns;
        size_t from, to;           /* columns shown */
        size_t mark_from, mark_to; /* columns underlined, at least one */
} Excerpt;

static Excerpt excerpt_of(const char *bytes, size_t size_bytes, Span span) {
        size_t offset = span.offset < size_bytes ? span.offset : size_bytes;
        size_t length = span.length < size_bytes - offset ? span.length : size_bytes - offset;
        const char *at = bytes + offset;
        const char *before = memrchr(bytes, '\n', offset);
        const char *end = memchr(at, '\n', size_bytes - offset);
        Excerpt excerpt = { .line = before ? before + 1 : bytes };

        if (!end)
                end = bytes + size_bytes;
        if (end > at && end[-1] == '\r')
                end--;
        if (length > (size_t) (end - at))
                length = (size_t) (end - at);
        excerpt.size_bytes = (size_t) (end - excerpt.line);
        excerpt.n_columns = count_columns(excerpt.line, excerpt.size_bytes);
        excerpt.mark_from = count_columns(excerpt.line, (size_t) (at - excerpt.line));
        excerpt.mark_to = excerpt.mark_from + count_columns(at, length);
        /* of a whole object the bracket it begins with: to underline all of it points at nothing */
        if (length < span.length || length > BRACKETS_COLUMNS_MAX)
                if (length > 0 && (*at == '{' || *at == '['))
                        excerpt.mark_to = excerpt.mark_from + 1;
        excerpt.to = excerpt.n_columns;
        if (excerpt.n_columns > LINE_COLUMNS_MAX) {
                if (excerpt.mark_from > LEAD_COLUMNS)
                        excerpt.from = excerpt.mark_from - LEAD_COLUMNS;
                if (excerpt.from > excerpt.n_columns - LINE_COLUMNS_CUT)
                        excerpt.from = excerpt.n_columns - LINE_COLUMNS_CUT;
                excerpt.to = excerpt.from + LINE_COLUMNS_CUT;
        }
        if (excerpt.mark_to > excerpt.to)
                excerpt.mark_to = excerpt.to;
        if (excerpt.mark_to <= excerpt.mark_from)
                excerpt.mark_to = excerpt.mark_from + 1;
        return excerpt;
}

static void put_source_line(Buf *buf, const Excerpt *excerpt) {
        const size_t end = skip_columns(excerpt->line, excerpt->size_bytes, excerpt->to);

        if (excerpt->from > 0)
                buf_puts(buf, "…");
        for (size_t i = skip_columns(excerpt->line, excerpt->size_bytes, excerpt->from); i < end;)
                i += put_column(buf, excerpt->line + i, excerpt->size_bytes - i);
        if (excerpt->to < excerpt->n_columns)
                buf_puts(buf, "…");
        buf_putc(buf, '\n');
}

void diag_render_excerpt(
        Buf *buf, Span span, uint32_t line, const char *bytes, size_t size_bytes, const char *sgr) {
        const Excerpt excerpt = excerpt_of(bytes, size_bytes, span);
        const char *gutter = sgr ? SGR_GUTTER : "", *reset = sgr ? SGR_RESET : "";
        const size_t first = skip_columns(excerpt.line, excerpt.size_bytes, excerpt.from);
        const size_t begin = skip_columns(excerpt.line, excerpt.size_bytes, excerpt.mark_from);
        const size_t end = skip_columns(excerpt.line, excerpt.size_bytes, excerpt.mark_to);
        const size_t indent = count_cells(excerpt.line + first, begin - first) + (excerpt.from > 0);
        size_t n_marks = count_cells(excerpt.line + begin, end - begin);

        if (n_marks == 0)
                n_marks = 1; /* behind the end of the line */
        buf_printf(buf, "%s%*u |%s ", gutter, GUTTER_COLUMNS, line, reset);
        put_source_line(buf, &excerpt);
        buf_printf(buf, "%s%*s |%s %*s%s", gutter, GUTTER_COLUMNS, "", reset, (int) indent, "",
                sgr ? sgr : "");
        for (size_t i = 0; i < n_marks; i++)
                buf_putc(buf, '^');
        buf_printf(buf, "%s\n", reset);
}

/* The lines of a hint after the first stand below its text. */
static void put_hint(Buf *buf, const char *hint, bool colour) {
        buf_printf(buf, "%*s ", GUTTER_COLUMNS, "");
        put_styled(buf, colour ? SGR_GUTTER : NULL, "=");
        buf_puts(buf, " help: ");
        for (const char *at = hint; *at; at++) {
                buf_putc(buf, *at);
                if (*at == '\n')
                        buf_printf(buf, "%*s", GUTTER_COLUMNS + (int) strlen(" = help: "), "");
        }
        buf_putc(buf, '\n');
}

void diag_render_place(Buf *buf, const char *name, uint32_t line, uint32_t column, bool colour) {
        if (colour)
                buf_puts(buf, SGR_BOLD);
        for (size_t i = 0, size_bytes = strlen(name); i < size_bytes;)
                i += put_column(buf, name + i, size_bytes - i);
        if (line > 0)
                buf_printf(buf, ":%u:%u", line, column);
        buf_printf(buf, ":%s", colour ? SGR_RESET : "");
}

void diags_render_text(Buf *buf, const DiagList *diags, const char *name, const char *bytes,
        size_t size_bytes, bool colour) {
        for (size_t i = 0; i < diags->n; i++) {
                const Diag *diag = &diags->items[i];
                const char *sgr = colour ? SGR_SEVERITY[diag->severity] : NULL;

                if (i > 0 && bytes)
                        buf_putc(buf, '\n');
                diag_render_place(buf, name, diag->line, diag->column, colour);
                buf_putc(buf, ' ');
                put_styled(buf, sgr, severity_name(diag->severity));
                buf_printf(buf, ": %s [SP%u]\n", diag->message, (unsigned) diag->rule);
                if (bytes && diag->line > 0)
                        diag_render_excerpt(buf, diag->span, diag->line, bytes, size_bytes, sgr);
                if (diag->hint)
                        put_hint(buf, diag->hint, colour);
        }
}

void diag_render_json(Buf *buf, const Diag *diag) {
        buf_printf(buf,
                "{\"rule\":\"SP%u\",\"severity\":\"%s\",\"line\":%u,\"column\":%u,\"endLine\":%u,"
                "\"endColumn\":%u",
                (unsigned) diag->rule, severity_name(diag->severity), diag->line, diag->column,
                diag->end_line, diag->end_column);
        if (diag->pointer) {
                buf_puts(buf, ",\"pointer\":");
                buf_put_json(buf, diag->pointer);
        }
        buf_puts(buf, ",\"message\":");
        buf_put_json(buf, diag->message);
        if (diag->hint) {
                buf_puts(buf, ",\"hint\":");
                buf_put_json(buf, diag->hint);
        }
        buf_putc(buf, '}');
}

void diags_render_json(Buf *buf, const DiagList *diags) {
        buf_putc(buf, '[');
        for (size_t i = 0; i < diags->n; i++) {
                if (i > 0)
                        buf_putc(buf, ',');
                diag_render_json(buf, &diags->items[i]);
        }
        buf_putc(buf, ']');
}
