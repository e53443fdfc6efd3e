/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_DAEMON_LOG_H
#define SECCOMPD_DAEMON_LOG_H

#include <stdbool.h>
#include <stddef.h>

typedef enum LogFormat {
        LOG_AUTO, /* journal when stderr is the journal, text on a terminal, else JSON */
        LOG_JSON,
        LOG_TEXT,
        LOG_JOURNAL,
} LogFormat;

typedef enum LogLevel {
        LOG_LEVEL_ERROR,
        LOG_LEVEL_WARNING,
        LOG_LEVEL_INFO,
        LOG_LEVEL_DEBUG,
} LogLevel;

/** Where the daemon's log goes. Made by log_open(), passed to whoever logs. */
typedef struct Log {
        LogFormat format; /* never LOG_AUTO */
        LogLevel level;
        int fd;        /* stderr's, or a socket of the journal's */
        bool is_stuck; /* whoever reads it has let us wait in vain, and not read on since */
        bool is_torn;  /* the last line has no end */
} Log;

/** A structured field: lower-case key, value (NULL: the field is left out). Borrowed. */
typedef struct LogField {
        const char *key;
        const char *value;
} LogField;

/** Decides the format for stderr. LOG_AUTO trusts JOURNAL_STREAM only if it names stderr's file. */
Log log_open(LogFormat format, LogLevel level);

/** One line, one fact. `fields` are `n_fields` fields beside the message. */
void log_fields(Log *log, LogLevel level, const LogField *fields, size_t n_fields,
        const char *format, ...) __attribute__((format(printf, 5, 6)));

/** Without fields. */
#define log_plain(log, level, ...) log_fields((log), (level), NULL, 0, __VA_ARGS__)

/** Reads a level or format by its name. Returns 0 or -EINVAL. */
int log_level_parse(const char *name, LogLevel *ret_level);
int log_format_parse(const char *name, LogFormat *ret_format);

#endif
