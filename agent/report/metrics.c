/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The counters and their Prometheus text (exposition format 0.0.4). Names, labels and help texts
 * are an interface (docs/metrics.md).
 *
 * Each gauge by source and state is there from the first scrape on, zeros too: an alert on "stale
 * above 0" cannot tell a missing series from a healthy one. Only validation failures appear with
 * their first count, for one series a rule of the catalogue on every node would be most of the
 * scrape and always 0. Fractions are printed from integers, so that no locale puts a comma in them.
 */

#include "report/metrics.h"

#include "base/duration.h"
#include "base/utf8.h"
#include "version.h"

#include <inttypes.h>
#include <string.h>

/* Series of seccompd_profile_info, at most. */
#define PROFILE_INFO_MAX 1000U

static const uint64_t BOUNDS_USEC[METRICS_BUCKETS] = {
        1000,
        2500,
        5000,
        10000,
        25000,
        50000,
        100000,
        250000,
        1000000,
        2500000,
        10000000,
        30000000,
};

void metrics_count_sync(Metrics *metrics, bool is_ok, int64_t now_usec, double duration_seconds) {
        size_t i = 0;

        while (i < METRICS_BUCKETS && duration_seconds * (double) USEC_PER_SEC > BOUNDS_USEC[i])
                i++;
        if (i < METRICS_BUCKETS)
                metrics->duration_buckets[i]++;
        else
                metrics->duration_over++;
        metrics->duration_sum_seconds += duration_seconds;
        metrics->last_sync_successful = is_ok;
        if (is_ok) {
                metrics->syncs_ok++;
                metrics->last_sync_success_usec = now_usec;
        } else
                metrics->syncs_failed++;
}

/* --- the text format --- */

static void put_family(Buf *buf, const char *name, const char *type, const char *help) {
        buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Seconds without needless zeros: 0.0025, 30. */
static void put_seconds(Buf *buf, uint64_t usec) {
        uint64_t fraction = usec % USEC_PER_SEC;
        int digits = 6;

        buf_printf(buf, "%" PRIu64, (uint64_t) (usec / USEC_PER_SEC));
        if (fraction == 0)
                return;
        for (; fraction % 10 == 0; fraction /= 10)
                digits--;
        buf_printf(buf, ".%0*" PRIu64, digits, fraction);
}

/* A label's value. A byte that is not UTF-8 would have the whole scrape refused. */
static void put_label(Buf *buf, const char *value) {
        size_t size_bytes = strlen(value);

        for (size_t i = 0; i < size_bytes;) {
                size_t length = utf8_decode(value + i, size_bytes - i, NULL);

                if (length == 0)
                        buf_puts(buf, "\uFFFD");
                else if (value[i] == '\n')
                        buf_puts(buf, "\\n");
                else {
                        if (value[i] == '"' || value[i] == '\\')
                                buf_putc(buf, '\\');
                        buf_append(buf, value + i, length);
                }
                i += length > 0 ? length : 1;
        }
}

static void put_plain(
        Buf *buf, const char *name, const char *type, const char *help, uint64_t value) {
        put_family(buf, name, type, help);
        buf_printf(buf, "%s %" PRIu64 "\n", name, value);
}

static void put_plain_seconds(
        Buf *buf, const char *name, const char *type, const char *help, uint64_t usec) {
        put_family(buf, name, type, help);
        buf_printf(buf, "%s ", name);
        put_seconds(buf, usec);
        buf_putc(buf, '\n');
}

/* --- the node --- */

static void put_build_info(Buf *buf, const NodeFacts *facts) {
        put_family(buf, "seccompd_build_info", "gauge",
                "The agent's version and the libseccomp it runs with; always 1.");
        buf_printf(buf,
                "seccompd_build_info{version=\"" SECCOMPD_VERSION "\",revision=\"" SECCOMPD_REVISION
                "\",libseccomp=\"%u.%u.%u\"} 1\n",
                facts->libseccomp_major, facts->libseccomp_minor, facts->libseccomp_micro);
}

static void put_profile_counts(Buf *buf, const NodeStatus *status, const char *source) {
        for (ProfileState state = 0; state < N_PROFILE_STATES; state++) {
                buf_puts(buf, "seccompd_profiles{source=\"");
                put_label(buf, source);
                buf_printf(buf, "\",state=\"%s\"} %zu\n", profile_state_name(state),
                        node_status_count(status, source, state));
        }
}

static bool is_configured(const NodeStatus *status, const char *source) {
        for (size_t i = 0; i < status->n_sources; i++)
                if (strcmp(status->sources[i].name, source) == 0)
                        return true;
        return false;
}

/* Whether no profile before the `n`th is from its source. */
static bool is_first_of_source(const NodeStatus *status, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(status->profiles[i].source, status->profiles[n].source) == 0)
                        return false;
        return true;
}

static void put_profiles(Buf *buf, const NodeStatus *status) {
        put_family(buf, "seccompd_profiles", "gauge", "Profiles by source and state.");
        for (size_t i = 0; i < status->n_sources; i++)
                put_profile_counts(buf, status, status->sources[i].name);
        /* what is kept of sources that this agent is no longer given */
        for (size_t i = 0; i < status->n_profiles; i++)
                if (!is_configured(status, status->profiles[i].source) &&
                        is_first_of_source(status, i))
                        put_profile_counts(buf, status, status->profiles[i].source);
}

static void put_profile_info(Buf *buf, const NodeStatus *status) {
        put_family(buf, "seccompd_profile_info", "gauge",
                "State and installed digest of each profile, of the first 1000; always 1.");
        for (size_t i = 0; i < status->n_profiles && i < PROFILE_INFO_MAX; i++) {
                const ProfileStatus *profile = &status->profiles[i];
                char digest[DIGEST_TEXT_SIZE] = "";

                if (!digest_is_none(&profile->digest))
                        digest_text(&profile->digest, digest);
                buf_puts(buf, "seccompd_profile_info{profile=\"");
                put_label(buf, profile->name);
                buf_printf(buf, "\",state=\"%s\",digest=\"%s\"} 1\n",
                        profile_state_name(profile->state), digest);
        }
}

static void put_sources(Buf *buf, const NodeStatus *status) {
        uint64_t hash = 0;

        put_family(buf, "seccompd_source_missing", "gauge",
                "Whether the source's directory is not there.");
        for (size_t i = 0; i < status->n_sources; i++) {
                buf_puts(buf, "seccompd_source_missing{source=\"");
                put_label(buf, status->sources[i].name);
                buf_printf(buf, "\"} %d\n", status->sources[i].is_missing);
        }
        /* what a deleted ConfigMap shows in a pod: its volume stays, and is empty */
        put_family(buf, "seccompd_source_profiles", "gauge", "Profiles that the source holds now.");
        for (size_t i = 0; i < status->n_sources; i++) {
                buf_puts(buf, "seccompd_source_profiles{source=\"");
                put_label(buf, status->sources[i].name);
                buf_printf(buf, "\"} %zu\n", status->sources[i].n_files);
        }
        /* 48 bits: a sample is a double, which holds 53 */
        for (size_t i = 0; i < 6; i++)
                hash = hash << 8 | status->sources_hash.bytes[i];
        put_plain(buf, "seccompd_sources_hash", "gauge",
                "Number made of all profile names and the bytes their authors wrote: nodes with "
                "equal sources show equal values.",
                hash);
}

/* --- passes --- */

static void put_durations(Buf *buf, const Metrics *metrics) {
        static const char name[] = "seccompd_sync_duration_seconds";
        double sum_usec = metrics->duration_sum_seconds * (double) USEC_PER_SEC;
        uint64_t n = 0;

        put_family(buf, name, "histogram",
                "Duration of passes, from reading the sources to the last write.");
        for (size_t i = 0; i < METRICS_BUCKETS; i++) {
                n += metrics->duration_buckets[i];
                buf_printf(buf, "%s_bucket{le=\"", name);
                put_seconds(buf, BOUNDS_USEC[i]);
                buf_printf(buf, "\"} %" PRIu64 "\n", n);
        }
        n += metrics->duration_over;
        buf_printf(buf, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum ", name, n, name);
        put_seconds(buf, (uint64_t) (sum_usec + 0.5));
        buf_printf(buf, "\n%s_count %" PRIu64 "\n", name, n);
}

static void put_syncs(Buf *buf, const Metrics *metrics) {
        static const char name[] = "seccompd_syncs_total";

        put_family(buf, name, "counter", "Passes over the sources and the destination by result.");
        buf_printf(buf, "%s{result=\"success\"} %" PRIu64 "\n", name, metrics->syncs_ok);
        buf_printf(buf, "%s{result=\"failure\"} %" PRIu64 "\n", name, metrics->syncs_failed);
        put_durations(buf, metrics);
        put_plain(buf, "seccompd_last_sync_successful", "gauge",
                "Whether the last pass came to its end; a bad profile is no failure.",
                metrics->last_sync_successful);
        put_plain_seconds(buf, "seccompd_last_sync_success_timestamp_seconds", "gauge",
                "When the last successful pass ended, in seconds since the epoch; 0: none yet.",
                (uint64_t) metrics->last_sync_success_usec);
}

static void put_checks(Buf *buf, const Metrics *metrics) {
        static const char name[] = "seccompd_checks_total";
        static const char failures[] = "seccompd_validation_failures_total";
        size_t n_rules = 0;
        const Rule *rules = rules_all(&n_rules);

        put_family(
                buf, name, "counter", "Checks of profile contents: verdict, or died without one.");
        buf_printf(buf, "%s{result=\"verdict\"} %" PRIu64 "\n", name,
                metrics->checks - metrics->checks_died);
        buf_printf(buf, "%s{result=\"died\"} %" PRIu64 "\n", name, metrics->checks_died);
        put_family(buf, failures, "counter",
                "Errors found in newly checked profile contents by rule.");
        for (size_t i = 0; i < n_rules; i++) {
                uint64_t n = metrics->validation_failures[rules[i].id];

                if (n > 0)
                        buf_printf(buf, "%s{rule=\"SP%u\"} %" PRIu64 "\n", failures,
                                (unsigned) rules[i].id, n);
        }
}

static void put_writes(Buf *buf, const Metrics *metrics) {
        static const char *const OPS[N_WRITE_OPS] = {
                [WRITE_INSTALL] = "install",
                [WRITE_UPDATE] = "update",
                [WRITE_REPAIR] = "repair",
                [WRITE_REMOVE] = "remove",
        };
        static const char *const RESULTS[] = { "success", "failure" };

        put_family(buf, "seccompd_writes_total", "counter",
                "Changes of files in the kubelet's directory by operation and result.");
        for (WriteOp op = 0; op < N_WRITE_OPS; op++)
                for (size_t i = 0; i < N_ELEMENTS(RESULTS); i++)
                        buf_printf(buf,
                                "seccompd_writes_total{op=\"%s\",result=\"%s\"} %" PRIu64 "\n",
                                OPS[op], RESULTS[i], metrics->writes[op][i]);
}

static void put_watch(Buf *buf, const Metrics *metrics, const char *watch_mode) {
        static const char *const MODES[] = { "inotify", "poll" };

        put_plain(buf, "seccompd_watch_events_total", "counter",
                "File system events that the kernel reported.", metrics->watch_events);
        put_plain(buf, "seccompd_watch_errors_total", "counter",
                "Failures and overflows of the watch; the rescan makes up for them.",
                metrics->watch_errors);
        put_family(buf, "seccompd_watch_mode", "gauge",
                "How changes are noticed: 1 for the mode in use.");
        for (size_t i = 0; i < N_ELEMENTS(MODES); i++)
                buf_printf(buf, "seccompd_watch_mode{mode=\"%s\"} %d\n", MODES[i],
                        watch_mode && strcmp(watch_mode, MODES[i]) == 0);
        put_plain(buf, "seccompd_drift_corrections_total", "counter",
                "Installed files that someone else had changed or removed and that were repaired.",
                metrics->drift_corrections);
}

static void put_process(Buf *buf, const ProcessFigures *process) {
        put_plain_seconds(buf, "process_cpu_seconds_total", "counter",
                "User and system CPU time of this process, its workers not included.",
                process->cpu_usec);
        put_plain(buf, "process_resident_memory_bytes", "gauge", "Resident memory of this process.",
                process->resident_bytes);
        put_plain(buf, "process_open_fds", "gauge", "Open file descriptors of this process.",
                process->open_fds);
}

void metrics_render(
        Buf *buf, const Metrics *metrics, const NodeStatus *status, const ProcessFigures *process) {
        put_build_info(buf, &status->facts);
        put_profiles(buf, status);
        if (metrics->with_profile_info)
                put_profile_info(buf, status);
        put_sources(buf, status);
        put_syncs(buf, metrics);
        put_checks(buf, metrics);
        put_writes(buf, metrics);
        put_watch(buf, metrics, status->watch_mode);
        put_plain_seconds(buf, "process_start_time_seconds", "gauge",
                "When this process started, in seconds since the epoch.",
                (uint64_t) status->started_usec);
        if (process)
                put_process(buf, process);
}
