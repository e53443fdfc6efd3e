/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The growing byte buffer behind everything that is printed. Its error is sticky, so that a
 * rendering of fifty appends is checked once, where the bytes are taken: a check after each append
 * would be forgotten somewhere. One byte more than asked for is always kept for the NUL.
 */

#include "base/buf.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BUF_MIN_BYTES 64U

void buf_done(Buf *buf) {
        free(buf->data);
        *buf = (Buf){};
}

/* Makes room for `size_bytes` more and the NUL. */
static bool buf_reserve(Buf *buf, size_t size_bytes) {
        size_t capacity = buf->capacity ? buf->capacity : BUF_MIN_BYTES;
        size_t needed;
        char *data;

        if (buf->error < 0)
                return false;
        if (__builtin_add_overflow(buf->size, size_bytes, &needed) || needed >= SIZE_MAX / 2) {
                buf->error = -ENOMEM;
                return false;
        }
        needed++;
        if (needed <= buf->capacity)
                return true;
        while (capacity < needed)
                capacity *= 2;
        data = realloc(buf->data, capacity);
        if (!data) {
                buf->error = -ENOMEM;
                return false;
        }
        buf->data = data;
        buf->capacity = capacity;
        return true;
}

void buf_append(Buf *buf, const void *bytes, size_t size_bytes) {
        if (!buf_reserve(buf, size_bytes))
                return;
        if (size_bytes > 0)
                memcpy(buf->data + buf->size, bytes, size_bytes);
        buf->size += size_bytes;
        buf->data[buf->size] = '\0';
}

void buf_puts(Buf *buf, const char *string) {
        buf_append(buf, string, strlen(string));
}

void buf_putc(Buf *buf, char character) {
        buf_append(buf, &character, 1);
}

void buf_vprintf(Buf *buf, const char *format, va_list args) {
        va_list again;
        size_t room;
        int length;

        if (!buf_reserve(buf, 0))
                return;
        room = buf->capacity - buf->size;
        va_copy(again, args);
        length = vsnprintf(buf->data + buf->size, room, format, args);
        if (length < 0)
                buf->error = -EOVERFLOW; /* vsnprintf knows no other failure of ours */
        else if ((size_t) length >= room && buf_reserve(buf, (size_t) length))
                vsnprintf(buf->data + buf->size, (size_t) length + 1, format, again);
        va_end(again);
        if (buf->error == 0)
                buf->size += (size_t) length;
        buf->data[buf->size] = '\0';
}

void buf_printf(Buf *buf, const char *format, ...) {
        va_list args;

        va_start(args, format);
        buf_vprintf(buf, format, args);
        va_end(args);
}

/* The letter of the short escape of an ASCII character, or 0. */
static char json_short_escape(char character) {
        switch (character) {
        case '"':
        case '\\': return character;
        case '\b': return 'b';
        case '\f': return 'f';
        case '\n': return 'n';
        case '\r': return 'r';
        case '\t': return 't';
        default: return 0;
        }
}

static void buf_put_json_ascii(Buf *buf, char character) {
        char letter = json_short_escape(character);

        if (letter)
                buf_append(buf, (const char[]){ '\\', letter }, 2);
        else if (character < 0x20)
                buf_printf(buf, "\\u%04x", (unsigned) character);
        else
                buf_putc(buf, character);
}

/* How many bytes stand for themselves, up to the first that does not. */
static size_t json_plain_length(const char *bytes, size_t size_bytes) {
        size_t n = 0;

        while (n < size_bytes && bytes[n] >= 0x20 && bytes[n] < 0x7f && bytes[n] != '"' &&
                bytes[n] != '\\')
                n++;
        return n;
}

void buf_put_json_n(Buf *buf, const char *bytes, size_t size_bytes) {
        buf_putc(buf, '"');
        for (size_t i = 0; i < size_bytes;) {
                size_t length = json_plain_length(bytes + i, size_bytes - i);

                if (length > 0) {
                        buf_append(buf, bytes + i, length);
                        i += length;
                        continue;
                }
                length = utf8_decode(bytes + i, size_bytes - i, NULL);
                if (length == 1)
                        buf_put_json_ascii(buf, bytes[i]);
                else if (length > 1)
                        buf_append(buf, bytes + i, length);
                else
                        buf_puts(buf, "\uFFFD");
                i += length > 0 ? length : 1;
        }
        buf_putc(buf, '"');
}

void buf_put_json(Buf *buf, const char *string) {
        buf_put_json_n(buf, string, strlen(string));
}

int buf_error(const Buf *buf) {
        return buf->error;
}

int buf_take(Buf *buf, char **ret_bytes, size_t *ret_size_bytes) {
        buf_append(buf, "", 0); /* an empty result is a string too */
        if (buf->error < 0)
                return buf->error;
        *ret_bytes = TAKE_PTR(buf->data);
        if (ret_size_bytes)
                *ret_size_bytes = buf->size;
        *buf = (Buf){};
        return 0;
}
