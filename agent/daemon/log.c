/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The daemon's log: one line a fact, to stderr as JSON (containers) or text (terminals), or
 * natively to the journal. Unless told to, it is the journal only where JOURNAL_STREAM names the
 * very file that stderr is (systemd.exec(5)).
 *
 * A line of up to PIPE_BUF bytes is written by one write(2); if stderr takes none of it (a full
 * pipe, a stopped or closed terminal), the line is lost: there is nowhere left to say so, and the
 * agent's work matters more than its words. A reader that is slow for a moment is waited for, once.
 * The same holds for the journal, which is why the datagram is made here: sd_journal_sendv() waits
 * for a journal that hangs, and the whole agent with it.
 */

#include "daemon/log.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/duration.h"
#include "base/utf8.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#define LOG_PATIENCE_MSEC 100

static const struct {
        const char *name;
        int priority; /* syslog(3) */
        const char *colour;
} LEVELS[] = {
        [LOG_LEVEL_ERROR] = { "error", 3, "\033[1;31m" },
        [LOG_LEVEL_WARNING] = { "warning", 4, "\033[1;33m" },
        [LOG_LEVEL_INFO] = { "info", 6, "" },
        [LOG_LEVEL_DEBUG] = { "debug", 7, "\033[2m" },
};

static const char *const FORMATS[] = {
        [LOG_AUTO] = "auto",
        [LOG_JSON] = "json",
        [LOG_TEXT] = "text",
        [LOG_JOURNAL] = "journal",
};

int log_level_parse(const char *name, LogLevel *ret_level) {
        for (size_t i = 0; i < N_ELEMENTS(LEVELS); i++)
                if (strcmp(LEVELS[i].name, name) == 0) {
                        *ret_level = (LogLevel) i;
                        return 0;
                }
        return -EINVAL;
}

int log_format_parse(const char *name, LogFormat *ret_format) {
        for (size_t i = 0; i < N_ELEMENTS(FORMATS); i++)
                if (strcmp(FORMATS[i], name) == 0) {
                        *ret_format = (LogFormat) i;
                        return 0;
                }
        return -EINVAL;
}

static int is_journal(int fd) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device = 0, inode = 0;
        char *end = NULL;
        struct stat st;

        if (!stream || fstat(fd, &st) < 0)
                return 0;
        device = strtoull(stream, &end, 10);
        if (*end != ':')
                return 0;
        inode = strtoull(end + 1, &end, 10);
        return *end == '\0' && device == st.st_dev && inode == st.st_ino;
}

Log log_open(LogFormat format, LogLevel level) {
        Log log = { .format = format, .level = level, .fd = STDERR_FILENO };

        if (format == LOG_AUTO) {
                if (is_journal(log.fd))
                        log.format = LOG_JOURNAL;
                else
                        log.format = isatty(log.fd) ? LOG_TEXT : LOG_JSON;
        }
        if (log.format == LOG_JOURNAL)
                log.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* as long as the process */
        return log;
}

static void write_json(Buf *line, const char *time, LogLevel level, const char *message,
        const LogField *fields, size_t n) {
        buf_printf(
                line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", time, LEVELS[level].name);
        buf_put_json(line, message);
        for (size_t i = 0; i < n; i++) {
                if (!fields[i].value)
                        continue;
                buf_putc(line, ',');
                buf_put_json(line, fields[i].key);
                buf_putc(line, ':');
                buf_put_json(line, fields[i].value);
        }
        buf_puts(line, "}\n");
}

/* The fields as a person reads them: values quoted only where they need to be. */
static void put_text_fields(Buf *line, const LogField *fields, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const char *value = fields[i].value;

                if (!value)
                        continue;
                buf_printf(line, "  %s=", fields[i].key);
                if (*value != '\0' && !strpbrk(value, " \t\n\r\"=\\\033"))
                        buf_puts(line, value);
                else
                        buf_put_json(line, value);
        }
}

/* Message and fields for a person. A name may hold what moves a terminal's cursor. */
static void put_text(Buf *line, const char *message, const LogField *fields, size_t n) {
        size_t begin = line->size;

        buf_puts(line, message);
        put_text_fields(line, fields, n);
        if (buf_error(line) == 0)
                line->size = begin + utf8_make_harmless(line->data + begin);
}

static void write_text(const Log *log, Buf *line, const char *time, LogLevel level,
        const char *message, const LogField *fields, size_t n) {
        const char *colour = isatty(log->fd) ? LEVELS[level].colour : "";

        /* the time of day is enough for a person who is watching */
        buf_printf(line, "%.8s %s%-7s%s ", time + strlen("2026-01-31T"), colour, LEVELS[level].name,
                *colour ? "\033[0m" : "");
        put_text(line, message, fields, n);
        buf_putc(line, '\n');
}

/* Whether up to PIPE_BUF bytes, or a datagram, can be written without waiting (pipe(7)). */
static bool takes_more(Log *log) {
        struct pollfd wanted = { .fd = log->fd, .events = POLLOUT };

        log->is_stuck = poll(&wanted, 1, log->is_stuck ? 0 : LOG_PATIENCE_MSEC) == 0;
        return !log->is_stuck;
}

/* A field in the form that takes any value (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). */
static void put_journal_field(Buf *entry, const char *prefix, const char *key, const char *value) {
        const uint64_t size_bytes = htole64(strlen(value));

        buf_puts(entry, prefix);
        for (; *key; key++)
                buf_putc(entry, (char) toupper((unsigned char) *key));
        buf_putc(entry, '\n');
        buf_append(entry, &size_bytes, sizeof(size_bytes));
        buf_puts(entry, value);
        buf_putc(entry, '\n');
}

/*
 * Journal fields are upper case with our prefix: SECCOMPD_PROFILE=web.json. They stand in the
 * message as well, for `journalctl` and `systemctl status` show nothing else.
 */
static void send_journal(
        Log *log, LogLevel level, const char *message, const LogField *fields, size_t n) {
        static const struct sockaddr_un journal = {
                .sun_family = AF_UNIX,
                .sun_path = "/run/systemd/journal/socket",
        };
        const char priority[] = { (char) ('0' + LEVELS[level].priority), '\0' };
        _cleanup_buf_ Buf text = {}, entry = {};

        put_text(&text, message, fields, n);
        if (buf_error(&text) < 0)
                return;
        put_journal_field(&entry, "", "MESSAGE", text.data);
        put_journal_field(&entry, "", "PRIORITY", priority);
        put_journal_field(&entry, "", "SYSLOG_IDENTIFIER", "seccompd");
        for (size_t i = 0; i < n; i++)
                if (fields[i].value)
                        put_journal_field(&entry, "SECCOMPD_", fields[i].key, fields[i].value);
        /* anew for each entry: the journal may have been started again */
        if (buf_error(&entry) == 0 &&
                connect(log->fd, (const struct sockaddr *) &journal, sizeof(journal)) == 0 &&
                takes_more(log))
                (void) send(log->fd, entry.data, entry.size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void write_line(Log *log, const char *bytes, size_t size_bytes) {
        for (bool is_begun = false; size_bytes > 0; is_begun = true) {
                ssize_t n = -1;

                if (takes_more(log))
                        n = write(log->fd, bytes, size_bytes < PIPE_BUF ? size_bytes : PIPE_BUF);
                log->is_torn |= n < 0 && is_begun;
                if (n < 0)
                        return; /* see above: nowhere to say it */
                bytes += n;
                size_bytes -= (size_t) n;
        }
        log->is_torn = false;
}

void log_fields(Log *log, LogLevel level, const LogField *fields, size_t n_fields,
        const char *format, ...) {
        _cleanup_buf_ Buf message = {}, line = {};
        char time[TIME_TEXT_SIZE];
        struct timespec now = {};
        va_list args;

        if (level > log->level)
                return;
        va_start(args, format);
        buf_vprintf(&message, format, args);
        va_end(args);
        if (buf_error(&message) < 0)
                return;
        if (log->format == LOG_JOURNAL) {
                send_journal(log, level, message.data, fields, n_fields);
                return;
        }
        (void) clock_gettime(CLOCK_REALTIME, &now);
        time_format((int64_t) now.tv_sec * (int64_t) USEC_PER_SEC + now.tv_nsec / 1000, time);
        if (log->is_torn)
                buf_putc(&line, '\n');
        if (log->format == LOG_JSON)
                write_json(&line, time, level, message.data, fields, n_fields);
        else
                write_text(log, &line, time, level, message.data, fields, n_fields);
        if (buf_error(&line) == 0)
                write_line(log, line.data, line.size);
}
