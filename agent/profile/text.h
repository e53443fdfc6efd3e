/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_TEXT_H
#define SECCOMPD_PROFILE_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "profile/diag.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The strict scan (RFC 8259): it decides whether a text is JSON at all, and remembers where every
 * value stands. cJSON reads the same text afterwards, but it is lenient and holds numbers as
 * doubles, so positions, raw numbers and strictness come from here.
 */

#define TEXT_NO_NODE UINT32_MAX

typedef enum TextType {
        TEXT_NULL,
        TEXT_FALSE,
        TEXT_TRUE,
        TEXT_NUMBER,
        TEXT_STRING,
        TEXT_ARRAY,
        TEXT_OBJECT,
} TextType;

/** One JSON value, in document order (a parent before its children). */
typedef struct TextNode {
        Span value;       /* the value, with quotes or brackets */
        Span key;         /* its key with quotes; length 0 for array elements and the root */
        uint32_t parent;  /* index of the node around it; TEXT_NO_NODE for the root */
        uint32_t ordinal; /* which child of its parent, from 0 */
        TextType type;
        bool has_nul;     /* the string holds \u0000 */
        bool key_has_nul; /* the key does */
} TextNode;

typedef struct Text {
        const char *bytes; /* borrowed */
        size_t size_bytes;
        const TextNode *nodes; /* in the arena */
        size_t n_nodes;
} Text;

/** How large a text may be; its depth is LIMIT_DEPTH for all. */
typedef struct TextLimits {
        uint32_t size_bytes;
        uint32_t n_nodes;
} TextLimits;

/**
 * Scans a whole text. `bytes` is borrowed for as long as `ret_text` is used; nodes come from
 * `arena`. Returns 0; 1 when the text is refused, with SP101 or SP102 in `diags`: each mistake up
 * to the first behind which nothing can be trusted, LIMIT_DIAGS + 1 at most; -ENOMEM. Refused: BOM,
 * invalid UTF-8 (overlong forms and surrogates included), lone \u surrogates, raw control
 * characters, numbers outside the grammar, trailing data, more than LIMIT_PROFILE_BYTES,
 * LIMIT_DEPTH, LIMIT_NODES. \u0000 is JSON: it is only noted.
 */
int text_scan(Arena *arena, const char *bytes, size_t size_bytes, DiagList *diags, Text *ret_text);

/** The same for a text that is no profile and has other limits. */
int text_scan_within(Arena *arena, const char *bytes, size_t size_bytes, const TextLimits *limits,
        DiagList *diags, Text *ret_text);

/**
 * Reads one character, escaped or not, of a string that the scan has accepted. Returns its length
 * there.
 */
size_t text_decode_character(const char *at, size_t size_bytes, uint32_t *ret_codepoint);

/** Appends what a string says: `literal` is its span with the quotes. */
void text_put_string(Buf *buf, const Text *text, Span literal);

/**
 * Where in the text the character stands of which byte `offset` of what the string says is a part;
 * past its end, where the closing quote is.
 */
uint32_t text_string_place(const Text *text, Span literal, uint32_t offset);

/** A place in a text with its line and column, both 1-based, columns in code points. */
typedef struct TextCursor {
        uint32_t offset;
        uint32_t line;
        uint32_t column;
} TextCursor;
#define TEXT_CURSOR_START ((TextCursor){ .line = 1, .column = 1 })

/**
 * Moves a cursor forward to a byte offset (to the start of the code point it is in, to the end of
 * the text when it lies behind), so that many places cost one walk. A byte that is not UTF-8 is a
 * column.
 */
void text_cursor_advance(TextCursor *cursor, const char *bytes, size_t size_bytes, uint32_t offset);

/** The line and column of a byte offset, by a walk of its own. */
void text_position(const char *bytes, size_t size_bytes, uint32_t offset, uint32_t *ret_line,
        uint32_t *ret_column);

/**
 * Appends the RFC 6901 pointer of a node. It is for people: it stops growing past
 * DIAG_STRING_MAX_BYTES, and \u0000 in a key is shown as U+FFFD.
 */
void text_put_pointer(Buf *buf, const Text *text, uint32_t node);

/** The same as a string from `arena`, or NULL when memory is out. */
const char *text_pointer(Arena *arena, const Text *text, uint32_t node);

#endif
