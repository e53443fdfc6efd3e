/* SPDX-License-Identifier: Apache-2.0 */

/* The text of /metrics: every sample by its line, and Prometheus' own judgement of the whole. */

#include "support.h"

#include "report/metrics.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define PROMTOOL "/usr/bin/promtool"

static char *copy(const char *string) {
        char *result = strdup(string);

        assert_non_null(result);
        return result;
}

static ProfileStatus *add(
        NodeStatus *status, const char *name, const char *source, ProfileState profile_state) {
        ProfileStatus *profile = NULL;

        assert_int_equal(node_status_add(status, name, source, &profile), 0);
        profile->state = profile_state;
        return profile;
}

static NodeStatus filled(void) {
        NodeStatus status = {
                .started_usec = 1600000000250000,
                .facts = { .libseccomp_major = 2, .libseccomp_minor = 5, .libseccomp_micro = 4 },
                .watch_mode = "poll",
                .n_sources = 2,
        };

        for (size_t i = 0; i < DIGEST_SIZE_BYTES; i++)
                status.sources_hash.bytes[i] = (uint8_t) (0xf1 + i);
        status.sources = calloc(2, sizeof(*status.sources));
        assert_non_null(status.sources);
        status.sources[0].name = copy("plain");
        status.sources[1].name = copy("od\"d\\\n\xff");
        status.sources[0].n_files = 12;
        status.sources[1].is_missing = true;
        memset(add(&status, "a.json", "plain", PROFILE_INSTALLED)->digest.bytes, 0xcd,
                DIGEST_SIZE_BYTES);
        add(&status, "b.json", "plain", PROFILE_INSTALLED);
        add(&status, "c.json", "plain", PROFILE_STALE);
        add(&status, "d.json", "od\"d\\\n\xff", PROFILE_CONFLICT);
        add(&status, "e.json", "gone", PROFILE_RETIRING);
        add(&status, "f.json", "gone", PROFILE_RETIRING);
        add(&status, "g \"x\".json", "gone too", PROFILE_RETIRING);
        return status;
}

static Metrics counted(void) {
        Metrics metrics = {
                .syncs_ok = 1, /* and those below */
                .watch_events = 41,
                .watch_errors = 2,
                .drift_corrections = 3,
                .checks = 10,
                .checks_died = 4,
                .writes = { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } },
        };

        metrics.validation_failures[SP302] = 12;
        metrics.validation_failures[SP101] = 1;
        metrics_count_sync(&metrics, true, 1700000000000000, 0.001);
        metrics_count_sync(&metrics, true, 1700000001500000, 0.0011);
        metrics_count_sync(&metrics, false, 1700000002000000, 31);
        return metrics;
}

/* How often a line stands in the text. */
static size_t count_line(const char *text, const char *line) {
        size_t length = strlen(line), n = 0;

        for (const char *at = text; at && *at != '\0';) {
                n += strncmp(at, line, length) == 0 && at[length] == '\n';
                at = strchr(at, '\n');
                at = at ? at + 1 : NULL;
        }
        return n;
}

static void assert_line(const char *text, const char *line) {
        size_t n = count_line(text, line);

        if (n != 1)
                fail_msg("%zu times instead of once: %s\nin:\n%s", n, line, text);
}

#define SECONDS "seccompd_sync_duration_seconds"

static const char *const LINES[] = {
        "seccompd_build_info{version=\"" SECCOMPD_VERSION "\",revision=\"" SECCOMPD_REVISION
        "\",libseccomp=\"2.5.4\"} 1",
        "# TYPE seccompd_profiles gauge",
        "seccompd_profiles{source=\"plain\",state=\"installed\"} 2",
        "seccompd_profiles{source=\"plain\",state=\"stale\"} 1",
        "seccompd_profiles{source=\"plain\",state=\"invalid\"} 0",
        "seccompd_profiles{source=\"plain\",state=\"conflict\"} 0",
        "seccompd_profiles{source=\"plain\",state=\"retiring\"} 0",
        "seccompd_profiles{source=\"od\\\"d\\\\\\n\uFFFD\",state=\"installed\"} 0",
        "seccompd_profiles{source=\"od\\\"d\\\\\\n\uFFFD\",state=\"conflict\"} 1",
        "seccompd_profiles{source=\"gone\",state=\"installed\"} 0",
        "seccompd_profiles{source=\"gone\",state=\"retiring\"} 2",
        "seccompd_profiles{source=\"gone too\",state=\"retiring\"} 1",
        "seccompd_source_missing{source=\"plain\"} 0",
        "seccompd_source_missing{source=\"od\\\"d\\\\\\n\uFFFD\"} 1",
        "seccompd_source_profiles{source=\"plain\"} 12",
        "seccompd_source_profiles{source=\"od\\\"d\\\\\\n\uFFFD\"} 0",
        "seccompd_sources_hash 266025777296886", /* 0xf1f2f3f4f5f6 */
        "# TYPE seccompd_syncs_total counter",
        "seccompd_syncs_total{result=\"success\"} 3",
        "seccompd_syncs_total{result=\"failure\"} 1",
        "# TYPE " SECONDS " histogram",
        SECONDS "_bucket{le=\"0.001\"} 1",
        SECONDS "_bucket{le=\"0.0025\"} 2",
        SECONDS "_bucket{le=\"0.25\"} 2",
        SECONDS "_bucket{le=\"1\"} 2",
        SECONDS "_bucket{le=\"2.5\"} 2",
        SECONDS "_bucket{le=\"30\"} 2",
        SECONDS "_bucket{le=\"+Inf\"} 3",
        SECONDS "_sum 31.0021",
        SECONDS "_count 3",
        "seccompd_last_sync_successful 0",
        "seccompd_last_sync_success_timestamp_seconds 1700000001.5",
        "seccompd_checks_total{result=\"verdict\"} 6",
        "seccompd_checks_total{result=\"died\"} 4",
        "# TYPE seccompd_validation_failures_total counter",
        "seccompd_validation_failures_total{rule=\"SP101\"} 1",
        "seccompd_validation_failures_total{rule=\"SP302\"} 12",
        "seccompd_writes_total{op=\"install\",result=\"success\"} 1",
        "seccompd_writes_total{op=\"install\",result=\"failure\"} 2",
        "seccompd_writes_total{op=\"update\",result=\"success\"} 3",
        "seccompd_writes_total{op=\"repair\",result=\"failure\"} 6",
        "seccompd_writes_total{op=\"remove\",result=\"success\"} 7",
        "seccompd_watch_events_total 41",
        "seccompd_watch_errors_total 2",
        "seccompd_watch_mode{mode=\"inotify\"} 0",
        "seccompd_watch_mode{mode=\"poll\"} 1",
        "seccompd_drift_corrections_total 3",
        "process_start_time_seconds 1600000000.25",
        "process_cpu_seconds_total 12.000345",
        "process_resident_memory_bytes 2097152",
        "process_open_fds 17",
};

static const ProcessFigures FIGURES = {
        .cpu_usec = 12000345, .resident_bytes = 2 << 20, .open_fds = 17
};

static void test_samples(void **state) {
        NodeStatus status = filled();
        const Metrics metrics = counted();
        _cleanup_buf_ Buf buf = {};

        (void) state;
        metrics_render(&buf, &metrics, &status, &FIGURES);
        assert_int_equal(buf_error(&buf), 0);
        for (size_t i = 0; i < N_ELEMENTS(LINES); i++)
                assert_line(buf.data, LINES[i]);
        assert_null(strstr(buf.data, "seccompd_profile_info"));
        assert_null(strstr(buf.data, "rule=\"SP102\""));
        node_status_done(&status);
}

/* A node at its start: all the zeros, nothing that is not known yet. */
static void test_zeros(void **state) {
        SourceStatus source = { .name = (char[]){ "only" } };
        const NodeStatus status = { .sources = &source, .n_sources = 1 };
        const Metrics metrics = {};
        _cleanup_buf_ Buf buf = {};

        (void) state;
        metrics_render(&buf, &metrics, &status, NULL);
        assert_line(buf.data, "seccompd_profiles{source=\"only\",state=\"installed\"} 0");
        assert_line(buf.data, "seccompd_profiles{source=\"only\",state=\"retiring\"} 0");
        assert_line(buf.data, "seccompd_sources_hash 0");
        assert_line(buf.data, "seccompd_last_sync_successful 0");
        assert_line(buf.data, "seccompd_last_sync_success_timestamp_seconds 0");
        assert_line(buf.data, SECONDS "_sum 0");
        assert_line(buf.data, SECONDS "_bucket{le=\"+Inf\"} 0");
        assert_line(buf.data, "seccompd_watch_mode{mode=\"inotify\"} 0");
        assert_line(buf.data, "seccompd_watch_mode{mode=\"poll\"} 0");
        assert_null(strstr(buf.data, "process_cpu"));
        assert_null(strstr(buf.data, "seccompd_validation_failures_total{"));
}

static void test_durations(void **state) {
        static const struct {
                double seconds;
                size_t bucket;
        } cases[] = { { 0, 0 }, { 0.0009, 0 }, { 0.001, 0 }, { 0.00101, 1 }, { 0.005, 2 },
                { 0.3, 8 }, { 1, 8 }, { 1.01, 9 }, { 30, 11 }, { 30.01, METRICS_BUCKETS },
                { 1e6, METRICS_BUCKETS } };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Metrics metrics = {};

                metrics_count_sync(&metrics, false, 5, cases[i].seconds);
                for (size_t j = 0; j < METRICS_BUCKETS; j++)
                        assert_int_equal(metrics.duration_buckets[j], j == cases[i].bucket);
                assert_int_equal(metrics.duration_over, cases[i].bucket == METRICS_BUCKETS);
                assert_int_equal(metrics.syncs_failed, 1);
                assert_int_equal(metrics.last_sync_success_usec, 0);
                metrics_count_sync(&metrics, true, 6, cases[i].seconds);
                assert_true(metrics.last_sync_successful);
                assert_int_equal(metrics.last_sync_success_usec, 6);
                metrics_count_sync(&metrics, false, 7, cases[i].seconds);
                assert_false(metrics.last_sync_successful);
                assert_int_equal(metrics.last_sync_success_usec, 6);
        }
}

/* A sum of fractions is shown to the nearest microsecond: 1.001 is a little less in a double. */
static void test_sum_of_durations(void **state) {
        NodeStatus status = filled();
        Metrics metrics = {};
        _cleanup_buf_ Buf buf = {};

        (void) state;
        metrics_count_sync(&metrics, true, 5, 1.001);
        metrics_render(&buf, &metrics, &status, NULL);
        assert_line(buf.data, "seccompd_sync_duration_seconds_sum 1.001");
        node_status_done(&status);
}

static void test_profile_info(void **state) {
        NodeStatus status = filled();
        Metrics metrics = { .with_profile_info = true };
        _cleanup_buf_ Buf buf = {};
        size_t n = 0;

        (void) state;
        metrics_render(&buf, &metrics, &status, NULL);
        assert_line(buf.data,
                "seccompd_profile_info{profile=\"a.json\",state=\"installed\",digest=\"sha256:"
                "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\"} 1");
        assert_line(buf.data,
                "seccompd_profile_info{profile=\"g "
                "\\\"x\\\".json\",state=\"retiring\",digest=\"\"} "
                "1");
        for (unsigned i = 0; i < 1500; i++) {
                char name[16];

                snprintf(name, sizeof(name), "more%u", i);
                add(&status, name, "plain", PROFILE_INSTALLED);
        }
        buf_done(&buf);
        metrics_render(&buf, &metrics, &status, NULL);
        for (const char *at = buf.data; (at = strstr(at, "\nseccompd_profile_info{")); at++)
                n++;
        assert_int_equal(n, 1000);
        node_status_done(&status);
}

/* Each family is announced once, its help first, and its samples follow it at once. */
static void test_families(void **state) {
        NodeStatus status = filled();
        Metrics metrics = counted();
        _cleanup_buf_ Buf buf = {};
        char family[128] = "", seen[8192] = "";
        char *rest = NULL;

        (void) state;
        metrics.with_profile_info = true;
        metrics_render(&buf, &metrics, &status, &FIGURES);
        assert_int_equal(buf.data[buf.size - 1], '\n');
        for (char *line = strtok_r(buf.data, "\n", &rest); line;
                line = strtok_r(NULL, "\n", &rest)) {
                char key[160];

                if (sscanf(line, "# HELP %127s", family) == 1) {
                        snprintf(key, sizeof(key), " %s ", family);
                        assert_null(strstr(seen, key));
                        assert_true(strlen(seen) + strlen(key) < sizeof(seen));
                        strcat(seen, key);
                        continue;
                }
                if (strncmp(line, "# TYPE ", 7) == 0)
                        line += 7;
                assert_int_equal(strncmp(line, family, strlen(family)), 0);
        }
        node_status_done(&status);
}

/* docs/metrics.md has a row for each family with its type, and names none that there is not. */
static void test_documentation(void **state) {
        NodeStatus status = filled();
        Metrics metrics = counted();
        _cleanup_free_ char *page = support_read_file("docs/metrics.md", NULL);
        _cleanup_buf_ Buf buf = {};

        (void) state;
        metrics.with_profile_info = true;
        metrics_render(&buf, &metrics, &status, &FIGURES);
        for (const char *at = buf.data; (at = strstr(at, "# TYPE ")); at++) {
                char name[64], type[16], row[128];

                assert_int_equal(sscanf(at, "# TYPE %63s %15s", name, type), 2);
                snprintf(row, sizeof(row), "\n| `%s` | %s |", name, type);
                if (!strstr(page, row))
                        fail_msg("no row %s", row);
        }
        for (const char *at = page; (at = strstr(at, "seccompd_")); at++) {
                char name[64];

                snprintf(name, sizeof(name), "%.*s",
                        (int) strspn(at, "abcdefghijklmnopqrstuvwxyz_"), at);
                /* a label that scraping adds: the pod's seccompd/pool */
                if (!strstr(buf.data, name) && strcmp(name, "seccompd_pool") != 0)
                        fail_msg("there is no %s", name);
        }
        node_status_done(&status);
}

static void test_promtool(void **state) {
        NodeStatus status = filled();
        Metrics metrics = counted();
        char *directory, path[PATH_MAX], command[PATH_MAX + 64];
        size_t size_bytes = 0;

        (void) state;
        if (access(PROMTOOL, X_OK) < 0) {
                node_status_done(&status);
                support_skip("no %s here", PROMTOOL);
        }
        directory = support_temp_dir();
        metrics.with_profile_info = true;
        for (size_t i = 0; i < 2; i++) {
                const Metrics none = {};
                _cleanup_free_ char *said = NULL;
                _cleanup_buf_ Buf buf = {};
                FILE *promtool;

                snprintf(path, sizeof(path), "%s/said", directory);
                snprintf(command, sizeof(command), PROMTOOL " check metrics >%s 2>&1", path);
                metrics_render(&buf, i == 0 ? &metrics : &none, &status, i == 0 ? &FIGURES : NULL);
                promtool = popen(command, "w");
                assert_non_null(promtool);
                assert_int_equal(fwrite(buf.data, 1, buf.size, promtool), buf.size);
                assert_int_equal(pclose(promtool), 0);
                said = support_read_file(path, &size_bytes);
                assert_string_equal(said, "");
        }
        support_remove_tree(directory);
        free(directory);
        node_status_done(&status);
}

static void test_process_figures(void **state) {
        ProcessFigures before = {}, after = {};
        const size_t size_bytes = 32 << 20;
        char *memory;
        int fd;

        (void) state;
        assert_int_equal(process_figures_read(&before), 0);
        assert_true(before.resident_bytes > 100 << 10);
        assert_true(before.open_fds >= 3);
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        memory = malloc(size_bytes);
        assert_non_null(memory);
        do { /* until the clock of the CPU has moved on */
                memset(memory, 0x55, size_bytes);
                assert_int_equal(process_figures_read(&after), 0);
        } while (after.cpu_usec < before.cpu_usec + 20000);
        assert_int_equal(after.open_fds, before.open_fds + 1);
        assert_true(after.resident_bytes >= before.resident_bytes + size_bytes / 2);
        free(memory);
        close(fd);
        assert_int_equal(process_figures_read(&after), 0);
        assert_int_equal(after.open_fds, before.open_fds);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_samples),
                cmocka_unit_test(test_zeros),
                cmocka_unit_test(test_durations),
                cmocka_unit_test(test_sum_of_durations),
                cmocka_unit_test(test_profile_info),
                cmocka_unit_test(test_families),
                cmocka_unit_test(test_documentation),
                cmocka_unit_test(test_promtool),
                cmocka_unit_test(test_process_figures),
        };

        return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
