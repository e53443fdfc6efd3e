/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Places in a text: byte offsets as lines and columns, nodes as RFC 6901 pointers. Both are for
 * people, and both are kept linear: a cursor moves forward only, and a pointer stops growing where
 * a diagnostic would cut it, so that a hundred thousand findings below a key of half a megabyte
 * cost no more than others.
 */

#include "profile/text.h"

#include "base/utf8.h"
#include "profile/limits.h"

#include <string.h>

void text_cursor_advance(
        TextCursor *cursor, const char *bytes, size_t size_bytes, uint32_t offset) {
        while (cursor->offset < offset && cursor->offset < size_bytes) {
                const char *at = bytes + cursor->offset;
                size_t length = 1;

                if ((unsigned char) *at >= 0x80) /* the rest is one byte each, and nearly all */
                        length = utf8_decode(at, size_bytes - cursor->offset, NULL);
                if (length == 0)
                        length = 1;
                if (cursor->offset + length > offset)
                        return;
                if (*at == '\n') {
                        cursor->line++;
                        cursor->column = 1;
                } else {
                        cursor->column++;
                }
                cursor->offset += (uint32_t) length;
        }
}

void text_position(const char *bytes, size_t size_bytes, uint32_t offset, uint32_t *ret_line,
        uint32_t *ret_column) {
        TextCursor cursor = TEXT_CURSOR_START;

        text_cursor_advance(&cursor, bytes, size_bytes, offset);
        *ret_line = cursor.line;
        *ret_column = cursor.column;
}

static void put_segment(Buf *buf, const Text *text, const TextNode *node) {
        const char *at = NULL, *end = NULL;

        buf_putc(buf, '/');
        if (node->key.length == 0) {
                buf_printf(buf, "%u", node->ordinal);
                return;
        }
        at = text->bytes + node->key.offset + 1;
        end = at + node->key.length - 2;
        while (at < end && buf->size <= DIAG_STRING_MAX_BYTES) {
                uint32_t codepoint = 0;
                char utf8[4];

                at += text_decode_character(at, (size_t) (end - at), &codepoint);
                if (codepoint == 0)
                        codepoint = 0xfffd;
                if (codepoint == '~')
                        buf_puts(buf, "~0");
                else if (codepoint == '/')
                        buf_puts(buf, "~1");
                else
                        buf_append(buf, utf8, utf8_encode(codepoint, utf8));
        }
}

void text_put_pointer(Buf *buf, const Text *text, uint32_t node) {
        uint32_t path[LIMIT_DEPTH + 1];
        size_t depth = 0;

        for (; text->nodes[node].parent != TEXT_NO_NODE; node = text->nodes[node].parent)
                path[depth++] = node;
        while (depth > 0 && buf->size <= DIAG_STRING_MAX_BYTES)
                put_segment(buf, text, &text->nodes[path[--depth]]);
}

const char *text_pointer(Arena *arena, const Text *text, uint32_t node) {
        _cleanup_buf_ Buf buf = {};

        text_put_pointer(&buf, text, node);
        return buf_error(&buf) < 0 ? NULL : arena_strndup(arena, buf.data, buf.size);
}
