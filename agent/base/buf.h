/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_BUF_H
#define SECCOMPD_BASE_BUF_H

#include "base/cleanup.h"

#include <stdarg.h>
#include <stddef.h>

/**
 * A growing byte buffer with a sticky error: appends may be chained without a check each, the
 * first failure is kept and makes the later ones no-ops, and buf_take() or buf_error() tells.
 * Start with `Buf buf = {}`; one that is not taken is released by buf_done().
 */
typedef struct Buf {
        char *data;      /* NUL-terminated once something was appended; owned */
        size_t size;     /* bytes, the NUL not counted */
        size_t capacity; /* bytes allocated */
        int error;       /* 0, or the first failure as -errno */
} Buf;

/** Releases the bytes and makes the buffer empty again. */
void buf_done(Buf *buf);
#define _cleanup_buf_ _cleanup_(buf_done)

void buf_append(Buf *buf, const void *bytes, size_t size_bytes);
void buf_puts(Buf *buf, const char *string);
void buf_putc(Buf *buf, char character);
void buf_printf(Buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(Buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/**
 * Appends a string as a JSON string with its quotes (RFC 8259): quote, backslash and controls
 * escaped, valid UTF-8 as it is, each byte that is not valid UTF-8 as U+FFFD.
 */
void buf_put_json(Buf *buf, const char *string);
void buf_put_json_n(Buf *buf, const char *bytes, size_t size_bytes);

/** The first failure of this buffer as -errno, or 0. */
int buf_error(const Buf *buf);

/**
 * Moves the bytes out: a NUL-terminated string owned by the caller, and its size in bytes
 * (`ret_size_bytes` may be NULL). The buffer is empty afterwards. Returns 0, or the sticky error.
 */
int buf_take(Buf *buf, char **ret_bytes, size_t *ret_size_bytes);

#endif
