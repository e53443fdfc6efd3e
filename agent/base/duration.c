/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Durations and times as people write and read them. A unit is always asked for: "--prune-after 30"
 * could mean thirty seconds to its author and thirty days to the next reader.
 */

#include "base/duration.h"

#include "base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
        const char *name;
        uint64_t usec;
} UNITS[] = {
        { "ms", USEC_PER_MSEC }, /* before "m" */
        { "s", USEC_PER_SEC },
        { "m", 60 * USEC_PER_SEC },
        { "h", 3600 * USEC_PER_SEC },
        { "d", 86400 * USEC_PER_SEC },
};

/* Reads one "NUMBER UNIT" at *text and moves it past. */
static int parse_part(const char **text, uint64_t *ret_usec) {
        const char *at = *text;
        uint64_t number = 0;

        if (*at < '0' || *at > '9')
                return -EINVAL;
        for (; *at >= '0' && *at <= '9'; at++)
                if (__builtin_mul_overflow(number, 10, &number) ||
                        __builtin_add_overflow(number, (uint64_t) (*at - '0'), &number))
                        return -EINVAL;
        for (size_t i = 0; i < N_ELEMENTS(UNITS); i++) {
                size_t length = strlen(UNITS[i].name);

                if (strncmp(at, UNITS[i].name, length) != 0)
                        continue;
                if (__builtin_mul_overflow(number, UNITS[i].usec, ret_usec))
                        return -EINVAL;
                *text = at + length;
                return 0;
        }
        return -EINVAL;
}

int duration_parse(const char *text, uint64_t *ret_usec) {
        uint64_t sum = 0;

        do {
                uint64_t part = 0;
                int r = parse_part(&text, &part);

                if (r < 0)
                        return r;
                if (__builtin_add_overflow(sum, part, &sum))
                        return -EINVAL;
        } while (*text != '\0');
        if (sum > INT64_MAX)
                return -EINVAL; /* added to a clock it would wrap */
        *ret_usec = sum;
        return 0;
}

void duration_format(uint64_t usec, char ret_text[static DURATION_TEXT_SIZE]) {
        uint64_t s = usec / USEC_PER_SEC;

        if (s < 60)
                snprintf(ret_text, DURATION_TEXT_SIZE, "%" PRIu64 "s", s);
        else if (s < 3600)
                snprintf(ret_text, DURATION_TEXT_SIZE, "%" PRIu64 "m%" PRIu64 "s", s / 60, s % 60);
        else if (s < 86400)
                snprintf(ret_text, DURATION_TEXT_SIZE, "%" PRIu64 "h%" PRIu64 "m", s / 3600,
                        s / 60 % 60);
        else
                snprintf(ret_text, DURATION_TEXT_SIZE, "%" PRIu64 "d%" PRIu64 "h", s / 86400,
                        s / 3600 % 24);
}

void time_format(int64_t usec_since_epoch, char ret_text[static TIME_TEXT_SIZE]) {
        time_t seconds = (time_t) (usec_since_epoch / (int64_t) USEC_PER_SEC);
        int usec = (int) (usec_since_epoch % (int64_t) USEC_PER_SEC);
        struct tm tm = {};
        char date[TIME_TEXT_SIZE / 2 + 4] = "";

        if (usec < 0) {
                usec += (int) USEC_PER_SEC;
                seconds--;
        }
        /* a year that struct tm cannot hold leaves the epoch: no clock is that wrong */
        if (!gmtime_r(&seconds, &tm) || strftime(date, sizeof(date), "%FT%T", &tm) == 0)
                snprintf(date, sizeof(date), "1970-01-01T00:00:00");
        snprintf(ret_text, TIME_TEXT_SIZE, "%s.%06dZ", date, usec);
}
