/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_REPORT_METRICS_H
#define SECCOMPD_REPORT_METRICS_H

#include "report/status.h"

/*
 * Counters of this process and the Prometheus text (exposition format 0.0.4). Names are in
 * docs/metrics.md; no label holds a node, a pod or a path.
 */

typedef enum WriteOp {
        WRITE_INSTALL,
        WRITE_UPDATE,
        WRITE_REPAIR,
        WRITE_REMOVE,
        N_WRITE_OPS,
} WriteOp;

/** Of seccompd_sync_duration_seconds, 1 ms to 30 s. */
#define METRICS_BUCKETS 12

typedef struct Metrics {
        uint64_t syncs_ok, syncs_failed;
        bool last_sync_successful;
        int64_t last_sync_success_usec;             /* 0: none yet */
        uint64_t duration_buckets[METRICS_BUCKETS]; /* not cumulated */
        uint64_t duration_over;                     /* above the last bound */
        double duration_sum_seconds;
        uint64_t validation_failures[1000]; /* by rule id: errors in newly checked contents */
        uint64_t writes[N_WRITE_OPS][2];    /* [0]: done, [1]: failed */
        uint64_t watch_events, watch_errors;
        uint64_t drift_corrections;
        uint64_t checks, checks_died; /* workers ended; those without a verdict */
        bool with_profile_info;       /* --metrics-profile-info */
} Metrics;

/** Counts one pass and its duration. */
void metrics_count_sync(Metrics *metrics, bool is_ok, int64_t now_usec, double duration_seconds);

/** What the kernel says of this process (its workers not included), read at each scrape. */
typedef struct ProcessFigures {
        uint64_t cpu_usec;
        uint64_t resident_bytes;
        uint64_t open_fds;
} ProcessFigures;

/** Reads them from the kernel and /proc/self. Returns 0 or -errno. */
int process_figures_read(ProcessFigures *ret_figures);

/** The whole text of /metrics; `process` may be NULL. Errors stay in `buf`. */
void metrics_render(
        Buf *buf, const Metrics *metrics, const NodeStatus *status, const ProcessFigures *process);

#endif
