/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The list of findings. It owns their strings, and it stays small whatever is fed to it: a profile
 * of a megabyte can hold a hundred thousand mistakes, and quote any of its bytes in each. So every
 * string is bounded and made safe to print when it is added, and when the list is full, all but
 * the gravest findings are turned into a count; what is kept at the end is the same as if nothing
 * had been thrown away in between. Lines and columns are found at the end, for what is kept, in one
 * walk over the text.
 */

#include "profile/diag.h"

#include "base/utf8.h"
#include "profile/limits.h"
#include "profile/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void diags_init(DiagList *diags, const RuleConfig *config) {
        *diags = (DiagList){ .config = config };
}

static void diag_done(Diag *diag) {
        free(diag->pointer);
        free(diag->message);
        free(diag->hint);
}

void diags_done(DiagList *diags) {
        for (size_t i = 0; i < diags->n; i++)
                diag_done(&diags->items[i]);
        free(diags->items);
        *diags = (DiagList){};
}

/* How many bytes of what is nearly every string can be copied as they are: printable ASCII. */
static size_t plain_length(const char *bytes, size_t size_bytes) {
        size_t n = 0;

        while (n < size_bytes && bytes[n] >= 0x20 && bytes[n] < 0x7f)
                n++;
        return n;
}

/* A safe copy of a string. Returns 0 or -ENOMEM; NULL is copied as NULL. */
static int copy_safely(const char *string, bool keep_lines, char **ret_copy) {
        const size_t full_bytes = DIAG_STRING_MAX_BYTES - 2 * strlen("\uFFFD") + 1;
        _cleanup_buf_ Buf buf = {};
        size_t size_bytes = 0;

        if (!string) {
                *ret_copy = NULL;
                return 0;
        }
        size_bytes = strlen(string);
        for (size_t i = 0; i < size_bytes;) {
                size_t left = size_bytes - i, room = full_bytes - buf.size, length;
                uint32_t codepoint = 0;
                bool is_kept;

                if (buf.size >= full_bytes) {
                        buf_puts(&buf, "…");
                        break;
                }
                length = plain_length(string + i, left < room ? left : room);
                if (length > 0) {
                        buf_append(&buf, string + i, length);
                        i += length;
                        continue;
                }
                length = utf8_decode(string + i, left, &codepoint);
                is_kept = length > 0 &&
                        (utf8_is_harmless(codepoint) || (codepoint == '\n' && keep_lines));
                if (is_kept)
                        buf_append(&buf, string + i, length);
                else
                        buf_puts(&buf, "\uFFFD");
                i += length > 0 ? length : 1;
        }
        return buf_take(&buf, ret_copy, NULL);
}

static int compare_places(const Diag *a, const Diag *b) {
        if (a->span.offset != b->span.offset)
                return a->span.offset < b->span.offset ? -1 : 1;
        if (a->rule != b->rule)
                return a->rule < b->rule ? -1 : 1;
        if (a->span.length != b->span.length)
                return a->span.length < b->span.length ? -1 : 1;
        return strcmp(a->message, b->message);
}

static int compare_by_place(const void *a, const void *b) {
        return compare_places(a, b);
}

static int compare_by_gravity(const void *a, const void *b) {
        Severity severity_a = ((const Diag *) a)->severity,
                 severity_b = ((const Diag *) b)->severity;

        if (severity_a != severity_b)
                return severity_a > severity_b ? -1 : 1;
        return compare_places(a, b);
}

/* Merges equal findings, keeps the LIMIT_DIAGS gravest and counts the rest. */
static void keep_gravest(DiagList *diags) {
        size_t n = 0;

        if (diags->n == 0)
                return;
        qsort(diags->items, diags->n, sizeof(diags->items[0]), compare_by_gravity);
        for (size_t i = 0; i < diags->n; i++) {
                Diag *diag = &diags->items[i];
                bool is_repeated = n > 0 && compare_by_gravity(&diags->items[n - 1], diag) == 0;

                if (!is_repeated && n < LIMIT_DIAGS) {
                        diags->items[n++] = *diag;
                        continue;
                }
                diags->n_dropped += !is_repeated;
                diag_done(diag);
        }
        diags->n = n;
        diags->has_gravest = n == LIMIT_DIAGS;
}

/* Whether as many graver or earlier ones are there as are kept: then its text is not even made. */
static bool is_hopeless(const DiagList *diags, const Diag *diag) {
        const Diag *last = diags->has_gravest ? &diags->items[LIMIT_DIAGS - 1] : NULL;

        if (!last || diag->severity > last->severity)
                return false;
        return diag->severity < last->severity || diag->span.offset > last->span.offset;
}

static bool make_room(DiagList *diags) {
        size_t capacity = diags->capacity ? 2 * diags->capacity : LIMIT_DIAGS;
        Diag *items = NULL;

        if (diags->n == LIMIT_DIAGS_COLLECTED)
                keep_gravest(diags);
        if (diags->n < diags->capacity)
                return true;
        items = reallocarray(diags->items, capacity, sizeof(items[0]));
        if (!items)
                return false;
        diags->items = items;
        diags->capacity = capacity;
        return true;
}

__attribute__((format(printf, 4, 0))) static int make_diag(
        Diag *diag, const char *pointer, const char *hint, const char *format, va_list args) {
        _cleanup_buf_ Buf message = {};
        int r;

        buf_vprintf(&message, format, args);
        r = buf_error(&message);
        if (r == 0)
                r = copy_safely(message.data, false, &diag->message);
        if (r == 0)
                r = copy_safely(pointer, false, &diag->pointer);
        if (r == 0)
                r = copy_safely(hint, true, &diag->hint);
        return r;
}

void diag_vadd_as(DiagList *diags, RuleId rule, Severity severity, Span span, const char *pointer,
        const char *hint, const char *format, va_list args) {
        Diag diag = { .rule = rule, .span = span };

        diag.severity = rule_config_severity(diags->config, rule, severity);
        if (diag.severity == SEVERITY_OFF)
                return;
        if (diag.severity > diags->worst)
                diags->worst = diag.severity;
        if (is_hopeless(diags, &diag)) {
                diags->n_dropped++;
                return;
        }
        if (!make_room(diags) || make_diag(&diag, pointer, hint, format, args) < 0) {
                diag_done(&diag);
                diags->error = -ENOMEM;
                return;
        }
        diags->items[diags->n++] = diag;
}

void diag_add(DiagList *diags, RuleId rule, Span span, const char *pointer, const char *hint,
        const char *format, ...) {
        va_list args;

        va_start(args, format);
        diag_vadd_as(diags, rule, rules_find(rule)->severity, span, pointer, hint, format, args);
        va_end(args);
}

void diag_add_as(DiagList *diags, RuleId rule, Severity severity, Span span, const char *pointer,
        const char *hint, const char *format, ...) {
        va_list args;

        va_start(args, format);
        diag_vadd_as(diags, rule, severity, span, pointer, hint, format, args);
        va_end(args);
}

bool diags_have_errors(const DiagList *diags) {
        return diags->worst == SEVERITY_ERROR;
}

bool diags_allow_guess(const DiagList *diags) {
        return diags->n_dropped == 0 && diags->n < LIMIT_DIAGS_GUESSED;
}

size_t diags_count(const DiagList *diags, Severity severity) {
        size_t count = 0;

        for (size_t i = 0; i < diags->n; i++)
                count += diags->items[i].severity == severity;
        return count;
}

int diags_finish(DiagList *diags, const char *bytes, size_t size_bytes) {
        TextCursor cursor = TEXT_CURSOR_START, end;

        if (diags->error < 0)
                return diags->error;
        keep_gravest(diags);
        if (diags->n > 0)
                qsort(diags->items, diags->n, sizeof(diags->items[0]), compare_by_place);
        for (size_t i = 0; bytes && i < diags->n; i++) {
                Diag *diag = &diags->items[i];

                if (diag->span.offset == 0 && diag->span.length == 0)
                        continue;
                text_cursor_advance(&cursor, bytes, size_bytes, diag->span.offset);
                diag->line = cursor.line;
                diag->column = cursor.column;
                end = cursor;
                text_cursor_advance(&end, bytes, size_bytes, diag->span.offset + diag->span.length);
                diag->end_line = end.line;
                diag->end_column = end.column;
        }
        return 0;
}
