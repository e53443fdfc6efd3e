/* SPDX-License-Identifier: Apache-2.0 */

/* The status model: its order, its history, and the JSON of /status field by field. */

#include "support.h"

#include "report/status.h"
#include "version.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

_Static_assert(STATUS_CHANGES == 20, "the history's length is promised in docs/status.md");

static Digest digest_filled(uint8_t byte) {
        Digest digest;

        memset(digest.bytes, byte, sizeof(digest.bytes));
        return digest;
}

static ProfileStatus *add(NodeStatus *status, const char *name, const char *source) {
        ProfileStatus *profile = NULL;

        assert_int_equal(node_status_add(status, name, source, &profile), 0);
        assert_non_null(profile);
        return profile;
}

/* --- the list --- */

static void assert_sorted(const NodeStatus *status) {
        for (size_t i = 1; i < status->n_profiles; i++)
                assert_true(strcmp(status->profiles[i - 1].name, status->profiles[i].name) < 0);
}

static void test_order(void **state) {
        static const char *const NAMES[] = { "m", "a", "z", "a/b", "a.json", "b", "Z", "\xff",
                "é" };
        static const char *const SORTED[] = { "Z", "a", "a.json", "a/b", "b", "m", "z", "é",
                "\xff" };
        NodeStatus status = {};

        (void) state;
        assert_null(node_status_find(&status, "a"));
        node_status_remove(&status, "a");
        for (size_t i = 0; i < N_ELEMENTS(NAMES); i++) {
                ProfileStatus *profile = add(&status, NAMES[i], "source");

                assert_string_equal(profile->name, NAMES[i]);
                assert_string_equal(profile->source, "source");
                assert_int_equal(profile->n_changes, 0);
                assert_true(digest_is_none(&profile->digest));
        }
        assert_int_equal(status.n_profiles, N_ELEMENTS(SORTED));
        for (size_t i = 0; i < N_ELEMENTS(SORTED); i++) {
                assert_string_equal(status.profiles[i].name, SORTED[i]);
                assert_ptr_equal(node_status_find(&status, SORTED[i]), &status.profiles[i]);
        }
        assert_null(node_status_find(&status, "a/"));
        assert_null(node_status_find(&status, ""));
        node_status_done(&status);
        assert_int_equal(status.n_profiles, 0);
        assert_null(status.profiles);
}

/* Grows and shrinks over every power of two, in an order without sense; a sanitizer sees the rest.
 */
static void test_add_and_remove(void **state) {
        NodeStatus status = {};
        bool is_there[97] = {};
        size_t n = 0;
        uint32_t random = 1;

        (void) state;
        for (size_t i = 0; i < 20000; i++) {
                size_t number;
                char name[16];

                random = random * 1664525 + 1013904223;
                number = random >> 16;
                /* mostly adding, then mostly removing, and again */
                bool adds = (number & 7) != 0 ? i / 500 % 2 == 0 : i / 500 % 2 != 0;

                number = number / 8 % N_ELEMENTS(is_there);
                snprintf(name, sizeof(name), "p%zu", number);
                assert_true((node_status_find(&status, name) != NULL) == is_there[number]);
                if (adds && !is_there[number]) {
                        (void) add(&status, name, "s");
                        n++;
                } else if (!adds && is_there[number]) {
                        node_status_remove(&status, name);
                        n--;
                }
                is_there[number] = adds;
                assert_int_equal(status.n_profiles, n);
                assert_sorted(&status);
        }
        node_status_done(&status);
}

static void test_change(void **state) {
        const Digest none = {};
        NodeStatus status = {};
        ProfileStatus *profile;

        (void) state;
        profile = add(&status, "a", "s");
        for (int64_t i = 1; i <= STATUS_CHANGES + 5; i++) {
                const Digest digest = digest_filled((uint8_t) i),
                             source = digest_filled((uint8_t) (100 + i));
                ProfileState now = i % 2 != 0 ? PROFILE_INSTALLED : PROFILE_STALE;

                assert_int_equal(
                        profile_status_change(profile, i * 1000, now, &digest, &source), 0);
                assert_int_equal(profile->state, now);
                assert_int_equal(profile->since_usec, i * 1000);
                assert_true(digest_equal(&profile->digest, &digest));
                assert_true(digest_equal(&profile->source_digest, &source));
                assert_int_equal(profile->n_changes, i < STATUS_CHANGES ? i : STATUS_CHANGES);
        }
        for (size_t i = 0; i < STATUS_CHANGES; i++) {
                const ProfileChange *change = &profile->changes[i];
                const Digest digest = digest_filled((uint8_t) (i + 6)),
                             source = digest_filled((uint8_t) (100 + i + 6));

                assert_int_equal(change->time_usec, (i + 6) * 1000);
                assert_int_equal(
                        change->state, (i + 6) % 2 != 0 ? PROFILE_INSTALLED : PROFILE_STALE);
                assert_true(digest_equal(&change->digest, &digest));
                assert_true(digest_equal(&change->source_digest, &source));
        }
        /* what it is now may be given as what it is to be */
        assert_int_equal(
                profile_status_change(profile, 1, PROFILE_RETIRING, &profile->digest, &none), 0);
        assert_int_equal(profile->changes[STATUS_CHANGES - 1].digest.bytes[0], 25);
        assert_true(digest_is_none(&profile->source_digest));
        node_status_done(&status);
}

static void test_count(void **state) {
        NodeStatus status = {};

        (void) state;
        add(&status, "a", "s")->state = PROFILE_INSTALLED;
        add(&status, "b", "t")->state = PROFILE_INSTALLED;
        add(&status, "c", "t")->state = PROFILE_INVALID;
        assert_int_equal(node_status_count(&status, NULL, PROFILE_INSTALLED), 2);
        assert_int_equal(node_status_count(&status, "s", PROFILE_INSTALLED), 1);
        assert_int_equal(node_status_count(&status, "t", PROFILE_INVALID), 1);
        assert_int_equal(node_status_count(&status, "s", PROFILE_INVALID), 0);
        assert_int_equal(node_status_count(&status, "u", PROFILE_INSTALLED), 0);
        assert_int_equal(node_status_count(&status, NULL, PROFILE_RETIRING), 0);
        node_status_done(&status);
}

/* --- JSON --- */

static char *copy(const char *string) {
        char *result = strdup(string);

        assert_non_null(result);
        return result;
}

static void fill_sources(NodeStatus *status) {
        status->sources = calloc(2, sizeof(*status->sources));
        assert_non_null(status->sources);
        status->n_sources = 2;
        status->sources[0] = (SourceStatus){
                .name = copy("team-a"),
                .path = copy("/profiles/team-a"),
                .subdir = copy("team-a"),
                .state = "ok",
                .n_files = 3,
                .n_ignored = 1,
                .capabilities = { UINT64_C(1) << 0 | UINT64_C(1) << 21 | UINT64_C(1) << 40 },
        };
        status->sources[1] = (SourceStatus){
                .name = copy("team-b"),
                .path = copy("/profiles/team-b"),
                .subdir = copy(""),
                .state = "missing",
                .is_missing = true,
                .problem = copy("no such directory"),
        };
}

static Texts texts;

static CheckSummary *summary(void) {
        const VerdictProgram programs[] = {
                { .n_insns = 4000, .n_points = 1234, .optimise = 1, .is_exhaustive = true },
                { .n_insns = 300, .n_points = 20000, .optimise = 2 },
        };
        _cleanup_(diags_done) DiagList diags = {};
        CheckSummary *made;

        diags_init(&diags, NULL);
        diag_add(&diags, SP302, (Span){}, "/syscalls/0/action", "did you mean X?",
                "unknown action \"Y\"");
        assert_int_equal(diags_finish(&diags, NULL, 0), 0);
        diags.n_dropped = 7;
        made = check_summary_new(&texts, &diags, programs, N_ELEMENTS(programs));
        assert_non_null(made);
        return made;
}

static void fill_profiles(NodeStatus *status) {
        const Digest one = digest_filled(0x11), two = digest_filled(0x22), none = {};
        ProfileStatus *profile = add(status, "team-a/we\"b\n.json", "team-a");

        assert_int_equal(profile_status_change(profile, 1000000, PROFILE_INSTALLED, &one, &two), 0);
        profile->changes[0].has_effect = true;
        profile->changes[0].effect = DIFF_WIDENED;
        assert_int_equal(
                profile_status_change(profile, 1700000000123456, PROFILE_STALE, &one, &none), 0);
        profile->reason = copy("write failed: No space left on device");
        profile->is_contended = true;
        profile->summary = summary();
        profile = add(status, "b.json", "team-b");
        profile->state = PROFILE_INVALID;
}

static NodeStatus filled(void) {
        NodeStatus status = {
                .revision = 3,
                .started_usec = 1600000000000001,
                .facts = {
                        .arch = arch_by_name("SCMP_ARCH_X86_64"),
                        .kernel_major = 6,
                        .kernel_minor = 18,
                        .libseccomp_major = 2,
                        .libseccomp_minor = 5,
                        .libseccomp_micro = 4,
                        .api_level = 6,
                        .actions = ACTION_BIT(ACTION_KILL_PROCESS) | ACTION_BIT(ACTION_NOTIFY),
                },
                .watch_mode = "inotify",
                .destination = copy("/var/lib/kubelet/seccomp/profiles"),
                .destination_problem = copy("read-only file system"),
                .generation = UINT64_C(9007199254740991),
                .sources_hash = digest_filled(0xab),
                .is_synced = true,
                .last_sync_usec = 1600000001500000,
                .last_sync_problem = copy("team-b: missing"),
                .prune_after = copy("never"),
                .adopt = copy("identical"),
        };

        fill_sources(&status);
        fill_profiles(&status);
        return status;
}

/* "profiles/0/name"; numbers are places in arrays. */
static const cJSON *walk(const cJSON *root, const char *path) {
        const cJSON *item = root;
        char part[64];

        while (item && *path != '\0') {
                size_t length = strcspn(path, "/");

                snprintf(part, sizeof(part), "%.*s", (int) length, path);
                item = cJSON_IsArray(item) ? cJSON_GetArrayItem(item, atoi(part))
                                           : cJSON_GetObjectItemCaseSensitive(item, part);
                path += length + (path[length] == '/');
        }
        return item;
}

#define HEX(byte)                                                                                  \
        byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte  \
                byte byte byte byte byte byte byte byte byte byte byte byte byte byte

static const struct {
        const char *path;
        const char *json;
} FIELDS[] = {
        { "apiVersion", "\"seccompd/v1\"" },
        { "kind", "\"NodeStatus\"" },
        { "version", "\"" SECCOMPD_VERSION "\"" },
        { "revision", "\"" SECCOMPD_REVISION "\"" },
        { "startTime", "\"2020-09-13T12:26:40.000001Z\"" },
        { "node",
                "{\"architecture\":\"SCMP_ARCH_X86_64\",\"kernel\":\"6.18\","
                "\"libseccomp\":\"2.5.4\",\"apiLevel\":6,"
                "\"actions\":[\"SCMP_ACT_KILL_PROCESS\",\"SCMP_ACT_NOTIFY\"]}" },
        { "watchMode", "\"inotify\"" },
        { "destination/path", "\"/var/lib/kubelet/seccomp/profiles\"" },
        { "destination/problem", "\"read-only file system\"" },
        { "sync",
                "{\"done\":true,\"lastTime\":\"2020-09-13T12:26:41.500000Z\","
                "\"problem\":\"team-b: missing\"}" },
        { "options", "{\"pruneAfter\":\"never\",\"adopt\":\"identical\"}" },
        { "sourcesHash", "\"sha256:" HEX("ab") "\"" },
        { "sources/0",
                "{\"name\":\"team-a\",\"path\":\"/profiles/team-a\",\"subdir\":\"team-a\","
                "\"state\":\"ok\",\"problem\":null,\"files\":3,\"ignored\":1,"
                "\"capabilities\":[\"CAP_CHOWN\",\"CAP_SYS_ADMIN\","
                "\"CAP_CHECKPOINT_RESTORE\"]}" },
        { "sources/1",
                "{\"name\":\"team-b\",\"path\":\"/profiles/team-b\",\"subdir\":\"\","
                "\"state\":\"missing\",\"problem\":\"no such directory\",\"files\":0,"
                "\"ignored\":0,\"capabilities\":[]}" },
        { "profiles/0",
                "{\"name\":\"b.json\",\"source\":\"team-b\",\"state\":\"invalid\","
                "\"digest\":null,\"sourceDigest\":null,\"since\":null,\"reason\":null,"
                "\"contended\":false,\"programs\":[],\"instructions\":0,"
                "\"diagnostics\":[],\"diagnosticsDropped\":0,\"changes\":[]}" },
        { "profiles/1/name", "\"team-a/we\\\"b\\n.json\"" },
        { "profiles/1/source", "\"team-a\"" },
        { "profiles/1/state", "\"stale\"" },
        { "profiles/1/digest", "\"sha256:" HEX("11") "\"" },
        { "profiles/1/sourceDigest", "null" },
        { "profiles/1/since", "\"2023-11-14T22:13:20.123456Z\"" },
        { "profiles/1/reason", "\"write failed: No space left on device\"" },
        { "profiles/1/contended", "true" },
        { "profiles/1/programs",
                "[{\"optimiseLevel\":1,\"instructions\":4000,\"points\":1234,"
                "\"evaluation\":\"exhaustive\"},"
                "{\"optimiseLevel\":2,\"instructions\":300,\"points\":20000,"
                "\"evaluation\":\"sampled\"}]" },
        { "profiles/1/instructions", "4000" },
        { "profiles/1/diagnostics",
                "[{\"rule\":\"SP302\",\"severity\":\"error\",\"line\":0,"
                "\"column\":0,\"endLine\":0,\"endColumn\":0,\"pointer\":\"/syscalls/0/action\","
                "\"message\":\"unknown action \\\"Y\\\"\","
                "\"hint\":\"did you mean X?\"}]" },
        { "profiles/1/diagnosticsDropped", "7" },
        { "profiles/1/changes",
                "[{\"time\":\"1970-01-01T00:00:01.000000Z\",\"state\":\"installed\","
                "\"digest\":\"sha256:" HEX("11") "\",\"sourceDigest\":\"sha256:" HEX(
                        "22") "\",\"effect\":\"widened\"},"
                              "{\"time\":\"2023-11-14T22:13:20.123456Z\",\"state\":\"stale\","
                              "\"digest\":\"sha256:" HEX("11") "\",\"sourceDigest\":null,"
                                                               "\"effect\":null}]" },
};

static void cjson_freep(cJSON **item) {
        cJSON_Delete(*item);
}

static void test_json(void **state) {
        NodeStatus status = filled();
        _cleanup_buf_ Buf buf = {};
        _cleanup_(cjson_freep) cJSON *root = NULL;

        (void) state;
        node_status_render_json(&buf, &status);
        assert_int_equal(buf_error(&buf), 0);
        assert_int_equal(
                strncmp(buf.data, "{\"apiVersion\":\"seccompd/v1\",\"kind\":\"NodeStatus\",", 46),
                0);
        assert_string_equal(buf.data + buf.size - 2, "}\n");
        assert_int_equal(strlen(buf.data), buf.size);
        /* a double holds it no more exactly, so it is looked for in the text */
        assert_non_null(strstr(buf.data, "\"generation\":9007199254740991}"));
        root = cJSON_Parse(buf.data);
        assert_non_null(root);
        for (size_t i = 0; i < N_ELEMENTS(FIELDS); i++) {
                const cJSON *item = walk(root, FIELDS[i].path);
                char *text = item ? cJSON_PrintUnformatted(item) : NULL;

                if (!text || strcmp(text, FIELDS[i].json) != 0)
                        fail_msg("%s: %s instead of %s", FIELDS[i].path, text ? text : "nothing",
                                FIELDS[i].json);
                cJSON_free(text);
        }
        node_status_done(&status);
}

static void assert_keys(const cJSON *object, const char *keys) {
        _cleanup_buf_ Buf buf = {};
        const cJSON *item;

        cJSON_ArrayForEach (item, object)
                buf_printf(&buf, "%s%s", buf.size > 0 ? " " : "", item->string);
        assert_string_equal(buf.data, keys);
}

/* Before the first pass, nothing is known: every key is there all the same. */
static void test_json_empty(void **state) {
        const NodeStatus status = {};
        _cleanup_buf_ Buf buf = {};
        _cleanup_(cjson_freep) cJSON *root = NULL;
        static const char *const NULLS[] = { "startTime", "node/architecture", "watchMode",
                "destination/path", "destination/problem", "sync/lastTime", "sync/problem",
                "options/pruneAfter", "options/adopt", "sourcesHash" };

        (void) state;
        node_status_render_json(&buf, &status);
        root = cJSON_Parse(buf.data);
        assert_non_null(root);
        assert_keys(root,
                "apiVersion kind version revision startTime node watchMode destination sync "
                "options "
                "sourcesHash sources profiles");
        for (size_t i = 0; i < N_ELEMENTS(NULLS); i++)
                if (!cJSON_IsNull(walk(root, NULLS[i])))
                        fail_msg("%s is not null", NULLS[i]);
        assert_true(cJSON_IsFalse(walk(root, "sync/done")));
        assert_int_equal(cJSON_GetArraySize(walk(root, "node/actions")), 0);
        assert_int_equal(cJSON_GetArraySize(walk(root, "sources")), 0);
        assert_int_equal(cJSON_GetArraySize(walk(root, "profiles")), 0);
}

/* Both have the same keys in the same order, all the way down; arrays by their first objects. */
static void assert_same_shape(const cJSON *rendered, const cJSON *documented) {
        const cJSON *one = rendered->child, *two = documented->child;

        if (cJSON_IsArray(rendered)) {
                assert_true(cJSON_IsArray(documented));
                if (one && two)
                        assert_same_shape(one, two);
                return;
        }
        if (!cJSON_IsObject(rendered) || !cJSON_IsObject(documented))
                return;
        for (; one && two; one = one->next, two = two->next) {
                assert_string_equal(one->string, two->string);
                if (strcmp(one->string, "diagnostics") != 0) /* their hints may be absent */
                        assert_same_shape(one, two);
        }
        if (one || two)
                fail_msg("%s: only in one of them", one ? one->string : two->string);
}

/* The example of docs/status.md is what is rendered now, and its table has a row for each key. */
static void test_documentation(void **state) {
        NodeStatus status = filled();
        _cleanup_free_ char *page = support_read_file("docs/status.md", NULL);
        const char *example = strstr(page, "```json\n");
        _cleanup_(cjson_freep) cJSON *documented = NULL, *rendered = NULL;
        _cleanup_buf_ Buf buf = {};

        (void) state;
        /* a stale profile has no programs: the installed one stands first in the example */
        node_status_remove(&status, "b.json");
        node_status_render_json(&buf, &status);
        rendered = cJSON_Parse(buf.data);
        assert_non_null(example);
        documented = cJSON_Parse(example + strlen("```json\n"));
        assert_non_null(documented);
        assert_same_shape(rendered, documented);
        for (const cJSON *item = walk(rendered, "profiles/0")->child; item; item = item->next) {
                char row[64];

                snprintf(row, sizeof(row), "| `profiles[].%s` |", item->string);
                if (!strstr(page, row))
                        fail_msg("no row %s", row);
        }
        node_status_done(&status);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_add_and_remove),
                cmocka_unit_test(test_change),
                cmocka_unit_test(test_count),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_json_empty),
                cmocka_unit_test(test_documentation),
        };

        return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
