/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_UNIT_STORE_FIXTURE_H
#define SECCOMPD_TESTS_UNIT_STORE_FIXTURE_H

/*
 * A kubelet root in a temporary directory with the store opened, locked and loaded, and plans made
 * by hand.
 */

#include "support.h"

#include "base/cleanup.h"
#include "node/store.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define OLD  "{\"defaultAction\":\"SCMP_ACT_LOG\"}\n"
#define NEW  "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}\n"
#define MORE "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1}\n"

typedef struct Fixture {
        char *root;
        Store store;
} Fixture;

static inline void open_store(Fixture *fixture) {
        _cleanup_free_ char *problem = NULL;

        assert_int_equal(store_open(fixture->root, "profiles", &fixture->store, &problem), 0);
        assert_int_equal(store_lock(&fixture->store), 0);
        assert_int_equal(store_load(&fixture->store, &problem), 0);
        assert_null(problem);
}

static inline int setup(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));

        assert_non_null(fixture);
        fixture->root = support_temp_dir();
        fixture->store = STORE_CLOSED;
        open_store(fixture);
        *state = fixture;
        return 0;
}

static inline int teardown(void **state) {
        Fixture *fixture = *state;

        store_done(&fixture->store);
        support_remove_tree(fixture->root);
        free(fixture->root);
        free(fixture);
        return 0;
}

static inline char *path_of(const Fixture *fixture, const char *name) {
        char *path = NULL;

        assert_true(asprintf(&path, "%s/seccomp/profiles/%s", fixture->root, name) > 0);
        return path;
}

static inline void assert_file(const Fixture *fixture, const char *name, const char *bytes) {
        _cleanup_free_ char *path = path_of(fixture, name), *found = support_read_file(path, NULL);
        struct stat st;

        assert_string_equal(found, bytes);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
}

static inline bool exists(const Fixture *fixture, const char *name) {
        _cleanup_free_ char *path = path_of(fixture, name);
        struct stat st;

        return lstat(path, &st) == 0;
}

static inline void put_file(const Fixture *fixture, const char *name, const char *bytes) {
        _cleanup_free_ char *path = path_of(fixture, name);
        _cleanup_fclose_ FILE *file = fopen(path, "we");

        assert_non_null(file);
        assert_int_equal(fputs(bytes, file) >= 0, 1);
}

/* --- plans made by hand --- */

typedef struct Want {
        const char *name;
        PlanOp op;
        ProfileState state;
        const char *bytes; /* whose digest the item has */
        bool has_content;
        bool save_good;
        bool is_new;
        const char *replaces; /* the bytes that the plan saw there; NULL: those that stand there */
} Want;

static inline PlanItem item_of(const Fixture *fixture, const Want *want) {
        PlanItem item = {
                .name = want->name,
                .source = "src",
                .op = want->op,
                .state = want->state,
                .digest = digest_of(want->bytes, strlen(want->bytes)),
                .source_digest = digest_of("s", 1),
                .save_good = want->save_good,
                .is_new = want->is_new,
        };
        Observed observed = {};

        assert_int_equal(store_observe(&fixture->store, want->name, &observed), 0);
        item.replaces = want->replaces ? digest_of(want->replaces, strlen(want->replaces))
                                       : observed.digest;
        return item;
}

static inline int apply(
        Fixture *fixture, const Want *wants, size_t n, uint64_t elapsed, StoreResult *ret_result) {
        _cleanup_free_ PlanItem *items = calloc(n + 1, sizeof(*items));
        _cleanup_free_ StoreContent *contents = calloc(n + 1, sizeof(*contents));
        const Plan plan = { .items = items, .n_items = n };
        StoreWork work = {
                .store = &fixture->store,
                .plan = &plan,
                .contents = contents,
                .elapsed_seconds = elapsed,
                .now_seconds = 1767225600,
        };

        assert_non_null(items);
        assert_non_null(contents);
        for (size_t i = 0; i < n; i++) {
                items[i] = item_of(fixture, &wants[i]);
                if (wants[i].has_content)
                        contents[work.n_contents++] = (StoreContent){
                                .name = wants[i].name,
                                .bytes = wants[i].bytes,
                                .size_bytes = strlen(wants[i].bytes),
                        };
        }
        return store_apply(&work, ret_result);
}

/* Takes the manifest over as the daemon does. */
static inline void settle(Fixture *fixture, StoreResult *result) {
        manifest_done(&fixture->store.manifest);
        fixture->store.manifest = result->manifest;
        result->manifest = (Manifest){};
        store_result_done(result);
}

static inline void apply_all(Fixture *fixture, const Want *wants, size_t n, uint64_t elapsed) {
        StoreResult result = {};

        assert_int_equal(apply(fixture, wants, n, elapsed, &result), 0);
        assert_int_equal(result.error, 0);
        for (size_t i = 0; i < result.n_outcomes; i++)
                assert_int_equal(result.outcomes[i].error, 0);
        settle(fixture, &result);
}

static const Want INSTALL[] = {
        { "a.json", PLAN_WRITE, PROFILE_INSTALLED, OLD, true, false, true },
        { "sub/dir/b.json", PLAN_WRITE, PROFILE_INSTALLED, OLD, true, false, true },
};

/* A pod may name any file there: what parses as JSON must be a whole profile. */
static inline void assert_no_stray_json(const char *path, unsigned level) {
        DIR *dir = opendir(path);

        assert_non_null(dir);
        for (const struct dirent *entry; (entry = readdir(dir));) {
                _cleanup_free_ char *child = NULL, *bytes = NULL;
                cJSON *root;

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                assert_true(asprintf(&child, "%s/%s", path, entry->d_name) > 0);
                if (entry->d_type == DT_DIR) {
                        assert_no_stray_json(child, level + 1);
                        continue;
                }
                bytes = support_read_file(child, NULL);
                root = cJSON_Parse(bytes);
                if (root)
                        assert_non_null(cJSON_GetObjectItemCaseSensitive(root, "defaultAction"));
                cJSON_Delete(root);
        }
        closedir(dir);
}

#endif
