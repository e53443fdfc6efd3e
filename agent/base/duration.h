/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_DURATION_H
#define SECCOMPD_BASE_DURATION_H

#include <stddef.h>
#include <stdint.h>

#define USEC_PER_MSEC 1000ULL
#define USEC_PER_SEC  (1000ULL * USEC_PER_MSEC)

/**
 * Reads a duration with its unit, as "250ms", "90s", "15m", "72h", "30d" or a sum as "1h30m".
 * Returns 0 with microseconds, or -EINVAL (no unit, another unit, out of range).
 */
int duration_parse(const char *text, uint64_t *ret_usec);

#define DURATION_TEXT_SIZE 32

/** Writes an age for a table, in its largest two units: "12s", "4m10s", "3h2m", "5d4h". */
void duration_format(uint64_t usec, char ret_text[static DURATION_TEXT_SIZE]);

#define TIME_TEXT_SIZE 32

/** Writes a time as RFC 3339 in UTC with microseconds: "2026-01-31T23:59:59.000001Z". */
void time_format(int64_t usec_since_epoch, char ret_text[static TIME_TEXT_SIZE]);

#endif
