/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_DIAG_H
#define SECCOMPD_PROFILE_DIAG_H

#include "base/buf.h"
#include "profile/rules.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A stretch of the author's text, in bytes. Length 0 points at a place between two bytes; offset
 * and length 0 mean the file as a whole.
 */
typedef struct Span {
        uint32_t offset;
        uint32_t length;
} Span;

/**
 * One finding about a profile: a user's mistake, never the machine's. Its strings quote strangers,
 * so they are made safe to print when they are added: UTF-8, no control or direction characters
 * (U+FFFD in their place, line feeds in hints excepted), at most DIAG_STRING_MAX_BYTES.
 */
#define DIAG_STRING_MAX_BYTES 1024U
typedef struct Diag {
        RuleId rule;
        Severity severity;
        Span span;
        uint32_t line; /* 1-based; 0 while unknown (before diags_finish) and for whole-file findings
                        */
        uint32_t column;               /* 1-based, in Unicode code points */
        uint32_t end_line, end_column; /* of the first code point behind the span; 0 as `line` */
        char *pointer; /* RFC 6901, "" for the document; owned; NULL where there is no node */
        char *message; /* what is wrong and what it does on a node; owned */
        char *hint;    /* what would be right; owned; NULL when the message says it */
} Diag;

/**
 * The findings of one check. While it is filled, order is as found; diags_finish() brings the
 * final form. Start with diags_init(), end with diags_done().
 */
typedef struct DiagList {
        Diag *items; /* owned */
        size_t n;
        size_t capacity;
        size_t n_dropped;         /* findings counted but not kept */
        bool has_gravest;         /* the first LIMIT_DIAGS are the gravest so far, in order */
        Severity worst;           /* of all findings, the dropped ones included */
        const RuleConfig *config; /* borrowed; NULL for the catalogue's defaults */
        int error;                /* -ENOMEM once a finding was lost to memory */
} DiagList;

void diags_init(DiagList *diags, const RuleConfig *config);
void diags_done(DiagList *diags);

/**
 * Adds a finding of `rule` at `span` with the severity of the catalogue, or of the owner's
 * override; nothing is added when that is "off". `pointer` is RFC 6901 and copied (NULL is fine),
 * `hint` is copied (NULL is fine). However many are added, LIMIT_DIAGS_COLLECTED bounds what is
 * held, and the gravest are never lost. A lack of memory is kept in `diags->error`.
 */
void diag_add(DiagList *diags, RuleId rule, Span span, const char *pointer, const char *hint,
        const char *format, ...) __attribute__((format(printf, 6, 7)));

/** The same where this case of the rule weighs something else than the catalogue says. */
void diag_add_as(DiagList *diags, RuleId rule, Severity severity, Span span, const char *pointer,
        const char *hint, const char *format, ...) __attribute__((format(printf, 7, 8)));

/** The same with its arguments as a list. */
void diag_vadd_as(DiagList *diags, RuleId rule, Severity severity, Span span, const char *pointer,
        const char *hint, const char *format, va_list args) __attribute__((format(printf, 7, 0)));

/** Whether an error was found, so that the profile must not be installed. */
bool diags_have_errors(const DiagList *diags);

/**
 * Whether a guess at what was meant is worth its time: for one of very many findings it takes
 * longer than all the rest, and it would hardly be kept.
 */
bool diags_allow_guess(const DiagList *diags);

/** How many findings of that severity are kept. */
size_t diags_count(const DiagList *diags, Severity severity);

/**
 * Final form: equal findings merged, the LIMIT_DIAGS gravest kept (the rest counted in n_dropped),
 * ordered by position, then by id; lines and columns filled in from the text. `bytes` is the
 * author's text (borrowed; NULL with size 0 leaves lines at 0). Returns 0, or diags->error.
 */
int diags_finish(DiagList *diags, const char *bytes, size_t size_bytes);

/**
 * Text for a person: `NAME:LINE:COLUMN: severity: message [SPnnn]`, the source line with a caret
 * under the span, and the hint. Control characters of the source are shown as U+FFFD, a long line
 * is cut around the span. `bytes` may be NULL: then without source lines. `colour` adds ANSI SGR
 * sequences. No summary line.
 */
void diags_render_text(Buf *buf, const DiagList *diags, const char *name, const char *bytes,
        size_t size_bytes, bool colour);

/** "NAME:LINE:COLUMN:", as findings begin; without line and column when `line` is 0. */
void diag_render_place(Buf *buf, const char *name, uint32_t line, uint32_t column, bool colour);

/**
 * The source line of a span with carets under the span, as below findings. `sgr` is the ANSI SGR
 * sequence of the carets; NULL for no colour at all.
 */
void diag_render_excerpt(
        Buf *buf, Span span, uint32_t line, const char *bytes, size_t size_bytes, const char *sgr);

/**
 * One finding as a JSON object, stable: {"rule":"SP302","severity":"error","line":3,"column":21,
 * "endLine":3,"endColumn":35,"pointer":"/syscalls/0/action","message":"…","hint":"…"}; hint and
 * pointer are absent when there is none.
 */
void diag_render_json(Buf *buf, const Diag *diag);

/** All findings as a JSON array of those objects. */
void diags_render_json(Buf *buf, const DiagList *diags);

#endif
