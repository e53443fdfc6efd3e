/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The plan as a table: what the sources say, what we own, what stands there, and what must follow.
 * Versions are letters: A is what the entry says, P the one before it, B a new one, F somebody
 * else's.
 */

#include "support.h"

#include "base/cleanup.h"
#include "node/plan.h"

#include <string.h>

typedef struct Row {
        const char *title;
        /* "" nothing, "A" or "B" good, "bad", "rival" */
        const char *desired;
        /* "" not ours, else the state of an entry of A after P: "installed", "stale", "retiring" */
        const char *owned;
        /* "" absent, a version, "A!" with a wrong mode, "F=" means the desired, "dir", "link",
         * "unreadable" */
        const char *observed;
        AdoptMode adopt;
        bool source_absent;
        uint64_t age, prune_after; /* 0: never */
        /* then */
        PlanOp op;
        ProfileState state;
        const char *digest; /* "" none */
        const char *flags;  /* d drift, g save good, c conflict is explained, n new, m the manifest
                               changes without a write */
} Row;

#define NEVER             ADOPT_NEVER, false, 0, 0
#define IDENT             ADOPT_IDENTICAL, false, 0, 0
#define ALWAYS            ADOPT_ALWAYS, false, 0, 0
#define AWAY              ADOPT_IDENTICAL, true, 0, 0
#define PRUNE(age, after) ADOPT_IDENTICAL, false, age, after

static const Row ROWS[] = {
        /* good, not owned */
        { "first install", "A", "", "", IDENT, PLAN_WRITE, PROFILE_INSTALLED, "A", "n" },
        { "identical bytes are adopted", "A", "", "A", IDENT, PLAN_ADOPT, PROFILE_INSTALLED, "A",
                "m" },
        { "identical bytes, always", "A", "", "A", ALWAYS, PLAN_ADOPT, PROFILE_INSTALLED, "A",
                "m" },
        { "identical bytes, never", "A", "", "A", NEVER, PLAN_NONE, PROFILE_CONFLICT, "", "c" },
        { "identical, wrong mode", "A", "", "A!", IDENT, PLAN_WRITE, PROFILE_INSTALLED, "A", "" },
        { "same meaning", "A", "", "F=", IDENT, PLAN_WRITE, PROFILE_INSTALLED, "A", "" },
        { "same meaning, never", "A", "", "F=", NEVER, PLAN_NONE, PROFILE_CONFLICT, "", "c" },
        { "foreign", "A", "", "F", IDENT, PLAN_NONE, PROFILE_CONFLICT, "", "c" },
        { "foreign, always", "A", "", "F", ALWAYS, PLAN_WRITE, PROFILE_INSTALLED, "A", "" },
        { "foreign, never", "A", "", "F", NEVER, PLAN_NONE, PROFILE_CONFLICT, "", "c" },
        { "foreign, unreadable", "A", "", "unreadable", IDENT, PLAN_NONE, PROFILE_CONFLICT, "",
                "c" },
        { "a directory, always", "A", "", "dir", ALWAYS, PLAN_NONE, PROFILE_CONFLICT, "", "c" },
        { "a link, always", "A", "", "link", ALWAYS, PLAN_NONE, PROFILE_CONFLICT, "", "c" },
        /* good, owned, the same version */
        { "nothing to do", "A", "installed", "A", IDENT, PLAN_KEEP, PROFILE_INSTALLED, "A", "" },
        { "nothing to do, never", "A", "installed", "A", NEVER, PLAN_KEEP, PROFILE_INSTALLED, "A",
                "" },
        { "removed", "A", "installed", "", IDENT, PLAN_REPAIR, PROFILE_INSTALLED, "A", "d" },
        { "edited", "A", "installed", "F", IDENT, PLAN_REPAIR, PROFILE_INSTALLED, "A", "d" },
        { "edited, adopt never", "A", "installed", "F", NEVER, PLAN_REPAIR, PROFILE_INSTALLED, "A",
                "d" },
        { "mode changed", "A", "installed", "A!", IDENT, PLAN_REPAIR, PROFILE_INSTALLED, "A", "d" },
        { "unreadable", "A", "installed", "unreadable", IDENT, PLAN_REPAIR, PROFILE_INSTALLED, "A",
                "d" },
        { "replaced by a link", "A", "installed", "link", IDENT, PLAN_REPAIR, PROFILE_INSTALLED,
                "A", "d" },
        { "replaced by a directory", "A", "installed", "dir", IDENT, PLAN_NONE, PROFILE_CONFLICT,
                "", "c" },
        { "crash before the rename", "A", "installed", "P", IDENT, PLAN_REPAIR, PROFILE_INSTALLED,
                "A", "" },
        { "back from stale", "A", "stale", "A", IDENT, PLAN_KEEP, PROFILE_INSTALLED, "A", "m" },
        { "back from stale, edited", "A", "stale", "F", IDENT, PLAN_REPAIR, PROFILE_INSTALLED, "A",
                "d" },
        { "back from retiring", "A", "retiring", "A", IDENT, PLAN_KEEP, PROFILE_INSTALLED, "A",
                "m" },
        { "back from retiring, removed", "A", "retiring", "", IDENT, PLAN_REPAIR, PROFILE_INSTALLED,
                "A", "d" },
        { "back from retiring, a directory", "A", "retiring", "dir", IDENT, PLAN_NONE,
                PROFILE_CONFLICT, "", "c" },
        /* good, owned, a new version */
        { "update", "B", "installed", "A", IDENT, PLAN_WRITE, PROFILE_INSTALLED, "B", "" },
        { "update after a crash", "B", "installed", "P", IDENT, PLAN_WRITE, PROFILE_INSTALLED, "B",
                "" },
        { "update over drift", "B", "installed", "F", IDENT, PLAN_WRITE, PROFILE_INSTALLED, "B",
                "d" },
        { "update over drift that means the same", "B", "installed", "F=", NEVER, PLAN_WRITE,
                PROFILE_INSTALLED, "B", "d" },
        { "update of a removed file", "B", "installed", "", IDENT, PLAN_WRITE, PROFILE_INSTALLED,
                "B", "d" },
        { "update, wrong mode", "B", "installed", "A!", IDENT, PLAN_WRITE, PROFILE_INSTALLED, "B",
                "d" },
        { "update that stands already", "B", "installed", "B", IDENT, PLAN_KEEP, PROFILE_INSTALLED,
                "B", "m" },
        { "update that stands, wrong mode", "B", "installed", "B!", IDENT, PLAN_WRITE,
                PROFILE_INSTALLED, "B", "d" },
        { "update over a fifo", "B", "installed", "link", IDENT, PLAN_WRITE, PROFILE_INSTALLED, "B",
                "d" },
        { "update, a directory there", "B", "installed", "dir", ALWAYS, PLAN_NONE, PROFILE_CONFLICT,
                "", "c" },
        { "update from stale", "B", "stale", "A", IDENT, PLAN_WRITE, PROFILE_INSTALLED, "B", "" },
        { "update from retiring", "B", "retiring", "A", IDENT, PLAN_WRITE, PROFILE_INSTALLED, "B",
                "" },
        { "back to the version before", "P", "installed", "A", IDENT, PLAN_WRITE, PROFILE_INSTALLED,
                "P", "" },
        { "back to the version that a crash left", "P", "installed", "P", IDENT, PLAN_KEEP,
                PROFILE_INSTALLED, "P", "m" },
        /* bad */
        { "bad from the start", "bad", "", "", IDENT, PLAN_NONE, PROFILE_INVALID, "", "" },
        { "bad, and a foreign file", "bad", "", "F", ALWAYS, PLAN_NONE, PROFILE_INVALID, "", "" },
        { "bad, and a directory", "bad", "", "dir", ALWAYS, PLAN_NONE, PROFILE_INVALID, "", "" },
        { "bad update", "bad", "installed", "A", IDENT, PLAN_KEEP, PROFILE_STALE, "A", "gm" },
        { "bad update, wrong mode: saved first", "bad", "installed", "A!", IDENT, PLAN_KEEP,
                PROFILE_STALE, "A", "gm" },
        { "bad after a crash", "bad", "installed", "P", IDENT, PLAN_KEEP, PROFILE_STALE, "P",
                "gm" },
        { "bad, and edited: nothing to repair from", "bad", "installed", "F", IDENT, PLAN_NONE,
                PROFILE_INVALID, "", "" },
        { "bad, and removed", "bad", "installed", "", IDENT, PLAN_NONE, PROFILE_INVALID, "", "" },
        { "bad, and a link", "bad", "installed", "link", IDENT, PLAN_NONE, PROFILE_INVALID, "",
                "" },
        { "bad, and a directory there", "bad", "installed", "dir", IDENT, PLAN_NONE,
                PROFILE_CONFLICT, "", "c" },
        { "still bad", "bad", "stale", "A", IDENT, PLAN_KEEP, PROFILE_STALE, "A", "" },
        { "still bad, edited", "bad", "stale", "F", IDENT, PLAN_REPAIR, PROFILE_STALE, "A", "d" },
        { "still bad, removed", "bad", "stale", "", IDENT, PLAN_REPAIR, PROFILE_STALE, "A", "d" },
        { "still bad, mode", "bad", "stale", "A!", IDENT, PLAN_REPAIR, PROFILE_STALE, "A", "d" },
        { "still bad, the version before", "bad", "stale", "P", IDENT, PLAN_REPAIR, PROFILE_STALE,
                "A", "d" },
        { "still bad, a directory there", "bad", "stale", "dir", IDENT, PLAN_NONE, PROFILE_CONFLICT,
                "", "c" },
        { "back from retiring, bad", "bad", "retiring", "A", IDENT, PLAN_KEEP, PROFILE_STALE, "A",
                "m" },
        { "back from retiring, bad, edited", "bad", "retiring", "F", IDENT, PLAN_REPAIR,
                PROFILE_STALE, "A", "d" },
        /* two sources */
        { "two sources, nothing there", "rival", "", "", IDENT, PLAN_NONE, PROFILE_CONFLICT, "",
                "c" },
        { "two sources, foreign", "rival", "", "F", ALWAYS, PLAN_NONE, PROFILE_CONFLICT, "", "c" },
        { "two sources, ours stays", "rival", "installed", "A", IDENT, PLAN_KEEP, PROFILE_CONFLICT,
                "A", "c" },
        { "two sources, stale", "rival", "stale", "A", IDENT, PLAN_KEEP, PROFILE_CONFLICT, "A",
                "c" },
        { "two sources, mode", "rival", "installed", "A!", IDENT, PLAN_KEEP, PROFILE_CONFLICT, "A",
                "c" },
        { "two sources, after a crash", "rival", "installed", "P", IDENT, PLAN_KEEP,
                PROFILE_CONFLICT, "P", "c" },
        { "two sources, edited", "rival", "installed", "F", ALWAYS, PLAN_NONE, PROFILE_CONFLICT, "",
                "c" },
        { "two sources, removed", "rival", "stale", "", IDENT, PLAN_NONE, PROFILE_CONFLICT, "",
                "c" },
        { "two sources, never due", "rival", "retiring", "A", PRUNE(60, 70), PLAN_KEEP,
                PROFILE_CONFLICT, "A", "cm" },
        /* gone */
        { "gone", "", "installed", "A", IDENT, PLAN_KEEP, PROFILE_RETIRING, "A", "gm" },
        { "gone, mode: saved first", "", "installed", "A!", IDENT, PLAN_KEEP, PROFILE_RETIRING, "A",
                "gm" },
        { "gone after a crash", "", "installed", "P", IDENT, PLAN_KEEP, PROFILE_RETIRING, "P",
                "gm" },
        { "gone, edited: nothing to repair from", "", "installed", "F", IDENT, PLAN_FORGET,
                PROFILE_RETIRING, "", "m" },
        { "gone, removed", "", "installed", "", IDENT, PLAN_FORGET, PROFILE_RETIRING, "", "m" },
        { "gone, a directory there", "", "installed", "dir", IDENT, PLAN_FORGET, PROFILE_RETIRING,
                "", "m" },
        { "gone, stale before", "", "stale", "A", IDENT, PLAN_KEEP, PROFILE_RETIRING, "A", "m" },
        { "gone, stale before, edited", "", "stale", "F", IDENT, PLAN_REPAIR, PROFILE_RETIRING, "A",
                "d" },
        { "gone, stale before, the version before", "", "stale", "P", IDENT, PLAN_REPAIR,
                PROFILE_RETIRING, "A", "d" },
        { "just gone is never due", "", "installed", "A", PRUNE(60, 1), PLAN_KEEP, PROFILE_RETIRING,
                "A", "gm" },
        { "just gone, stale before, neither", "", "stale", "A", PRUNE(60, 1), PLAN_KEEP,
                PROFILE_RETIRING, "A", "m" },
        { "retiring, never pruned", "", "retiring", "A", PRUNE(1000000, 0), PLAN_KEEP,
                PROFILE_RETIRING, "A", "" },
        { "retiring, young", "", "retiring", "A", PRUNE(59, 70), PLAN_KEEP, PROFILE_RETIRING, "A",
                "" },
        { "retiring, edited", "", "retiring", "F", PRUNE(0, 70), PLAN_REPAIR, PROFILE_RETIRING, "A",
                "d" },
        { "retiring, removed", "", "retiring", "", PRUNE(0, 70), PLAN_REPAIR, PROFILE_RETIRING, "A",
                "d" },
        { "retiring, mode", "", "retiring", "A!", PRUNE(0, 70), PLAN_REPAIR, PROFILE_RETIRING, "A",
                "d" },
        { "retiring, a directory there", "", "retiring", "dir", PRUNE(0, 70), PLAN_NONE,
                PROFILE_CONFLICT, "", "c" },
        { "due", "", "retiring", "A", PRUNE(60, 70), PLAN_REMOVE, PROFILE_RETIRING, "", "m" },
        { "due, mode", "", "retiring", "A!", PRUNE(60, 70), PLAN_REMOVE, PROFILE_RETIRING, "",
                "m" },
        { "due, the version before", "", "retiring", "P", PRUNE(60, 70), PLAN_REMOVE,
                PROFILE_RETIRING, "", "m" },
        { "due, edited: not ours", "", "retiring", "F", PRUNE(60, 70), PLAN_FORGET,
                PROFILE_RETIRING, "", "m" },
        { "due, unreadable", "", "retiring", "unreadable", PRUNE(60, 70), PLAN_FORGET,
                PROFILE_RETIRING, "", "m" },
        { "due, a link", "", "retiring", "link", PRUNE(60, 70), PLAN_FORGET, PROFILE_RETIRING, "",
                "m" },
        { "due, gone already", "", "retiring", "", PRUNE(60, 70), PLAN_FORGET, PROFILE_RETIRING, "",
                "m" },
        { "due, a directory", "", "retiring", "dir", PRUNE(60, 70), PLAN_FORGET, PROFILE_RETIRING,
                "", "m" },
        /* the source is away: absence means nothing */
        { "source away", "", "installed", "A", AWAY, PLAN_KEEP, PROFILE_INSTALLED, "A", "" },
        { "source away, mode", "", "installed", "A!", AWAY, PLAN_KEEP, PROFILE_INSTALLED, "A", "" },
        { "source away after a crash", "", "installed", "P", AWAY, PLAN_KEEP, PROFILE_INSTALLED,
                "P", "m" },
        { "source away, edited: nothing to repair from", "", "installed", "F", AWAY, PLAN_NONE,
                PROFILE_CONFLICT, "", "c" },
        { "source away, removed", "", "installed", "", AWAY, PLAN_NONE, PROFILE_CONFLICT, "", "c" },
        { "source away, a directory there", "", "installed", "dir", AWAY, PLAN_NONE,
                PROFILE_CONFLICT, "", "c" },
        { "source away, stale", "", "stale", "A", AWAY, PLAN_KEEP, PROFILE_STALE, "A", "" },
        { "source away, stale, removed", "", "stale", "", AWAY, PLAN_REPAIR, PROFILE_STALE, "A",
                "d" },
        { "source away, stale, the version before", "", "stale", "P", AWAY, PLAN_REPAIR,
                PROFILE_STALE, "A", "d" },
        { "source away, stale, a directory there", "", "stale", "dir", AWAY, PLAN_NONE,
                PROFILE_CONFLICT, "", "c" },
        { "source away, due", "", "retiring", "A", ADOPT_IDENTICAL, true, 60, 70, PLAN_KEEP,
                PROFILE_RETIRING, "A", "" },
        { "source away, due, removed", "", "retiring", "", ADOPT_IDENTICAL, true, 60, 70,
                PLAN_REPAIR, PROFILE_RETIRING, "A", "d" },
        { "source away, edited", "", "retiring", "F", AWAY, PLAN_REPAIR, PROFILE_RETIRING, "A",
                "d" },
};

static Digest version(const char *name) {
        Digest digest = {};

        if (*name)
                memset(digest.bytes, name[0], sizeof(digest.bytes));
        return digest;
}

static bool is_away(const char *source, void *userdata) {
        assert_string_equal(source, "src");
        return ((const Row *) userdata)->source_absent;
}

static void add_entry(Manifest *manifest, const Row *row, bool has_previous) {
        ManifestEntry *entry = NULL;

        if (!*row->owned)
                return;
        assert_int_equal(manifest_add(manifest, "p.json", &entry), 0);
        free(entry->source);
        entry->source = strdup("src");
        entry->digest = version("A");
        if (has_previous)
                entry->previous = version("P");
        entry->source_digest = version("s");
        entry->retiring_seconds = 10;
        assert_int_equal(profile_state_parse(row->owned, &entry->state), 0);
}

static Observed observe(const Row *row) {
        const char *is = row->observed;
        Observed observed = { .name = "p.json", .kind = OBSERVED_FILE, .is_mode_right = true };

        if (!*is)
                observed.kind = OBSERVED_ABSENT;
        else if (strcmp(is, "dir") == 0)
                observed.kind = OBSERVED_DIRECTORY;
        else if (strcmp(is, "link") == 0)
                observed.kind = OBSERVED_OTHER;
        else if (strcmp(is, "unreadable") != 0)
                observed.digest = version(is);
        observed.is_mode_right = !strchr(is, '!');
        observed.means_desired = strchr(is, '=') != NULL;
        return observed;
}

static void check_flags(const Row *row, const Plan *plan, const Observed *observed) {
        const PlanItem *item = &plan->items[0];

        assert_true(digest_equal(&item->replaces, &observed->digest));

        assert_int_equal(item->is_drift, strchr(row->flags, 'd') != NULL);
        assert_int_equal(item->save_good, strchr(row->flags, 'g') != NULL);
        assert_int_equal(item->conflict != NULL, strchr(row->flags, 'c') != NULL);
        assert_int_equal(item->is_new, strchr(row->flags, 'n') != NULL);
        assert_int_equal(plan->changes_manifest, strchr(row->flags, 'm') != NULL);
}

static void run_row(const Row *row, bool has_previous) {
        bool is_good = *row->desired && !row->desired[1];
        const Desired desired = {
                .name = "p.json",
                .source = "src",
                .rival = strcmp(row->desired, "rival") == 0 ? "other" : NULL,
                .source_digest = version("s"),
                .is_good = is_good,
                .digest = version(is_good ? row->desired : ""),
        };
        const PlanOptions options = {
                .adopt = row->adopt,
                .prune = row->prune_after > 0,
                .prune_after_seconds = row->prune_after,
                .elapsed_seconds = row->age,
        };
        _cleanup_manifest_ Manifest manifest = {};
        _cleanup_plan_ Plan plan = {};
        Observed observed = observe(row);
        Digest digest = version(row->digest);

        add_entry(&manifest, row, has_previous);
        assert_int_equal(plan_make(&desired, *row->desired ? 1 : 0, &manifest, &observed, 1,
                                 is_away, (void *) row, &options, &plan),
                0);
        assert_int_equal(plan.n_items, 1);
        assert_string_equal(plan_op_name(plan.items[0].op), plan_op_name(row->op));
        assert_string_equal(
                profile_state_name(plan.items[0].state), profile_state_name(row->state));
        assert_true(digest_equal(&plan.items[0].digest, &digest));
        check_flags(row, &plan, &observed);
}

static void test_rows(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(ROWS); i++) {
                print_message("  %s\n", ROWS[i].title);
                run_row(&ROWS[i], true);
                /* where it does not stand there, the version before changes nothing */
                if (strcmp(ROWS[i].observed, "P") != 0)
                        run_row(&ROWS[i], false);
        }
}

/* Desired and owned names are merged in order, each once. */
static void test_merge(void **state) {
        static const Row NOTHING = {};
        const Desired desired[] = {
                { .name = "a", .source = "src", .is_good = true, .digest = version("A") },
                { .name = "b", .source = "src", .rival = "other" },
                { .name = "d", .source = "src" },
        };
        _cleanup_manifest_ Manifest manifest = {};
        _cleanup_plan_ Plan plan = {};
        const PlanOptions options = {};
        ManifestEntry *entry = NULL;

        (void) state;
        for (const char *name = "bce"; *name; name++) {
                const char one[] = { *name, '\0' };

                assert_int_equal(manifest_add(&manifest, one, &entry), 0);
                free(entry->source);
                entry->source = strdup("src");
                entry->digest = version("A");
                entry->state = PROFILE_INSTALLED;
        }
        assert_int_equal(plan_make(desired, 3, &manifest, NULL, 0, is_away, (void *) &NOTHING,
                                 &options, &plan),
                0);
        assert_int_equal(plan.n_items, 5);
        for (size_t i = 0; i < 5; i++)
                assert_int_equal(plan.items[i].name[0], "abcde"[i]);
        assert_string_equal(plan.items[1].rival, "other");
        assert_int_equal(plan.items[3].state, PROFILE_INVALID);
}

/* A new author's text that means the same changes the entry, not the file. */
static void test_a_respelled_source_is_recorded(void **state) {
        static const Row ROW = { .desired = "A", .owned = "installed", .observed = "A" };
        const Desired desired = { .name = "p.json",
                .source = "src",
                .is_good = true,
                .source_digest = version("t"),
                .digest = version("A") };
        _cleanup_manifest_ Manifest manifest = {};
        _cleanup_plan_ Plan plan = {};
        Observed observed = observe(&ROW);
        const PlanOptions options = {};

        (void) state;
        add_entry(&manifest, &ROW, true);
        assert_int_equal(plan_make(&desired, 1, &manifest, &observed, 1, is_away, (void *) &ROW,
                                 &options, &plan),
                0);
        assert_int_equal(plan.items[0].op, PLAN_KEEP);
        assert_true(plan.changes_manifest);
}

/* A stale profile whose author tries again, still badly: nothing to write down. */
static void test_another_bad_update_changes_nothing(void **state) {
        static const Row ROW = { .desired = "bad", .owned = "stale", .observed = "A" };
        const Desired desired = {
                .name = "p.json", .source = "new", .source_digest = version("t")
        };
        _cleanup_manifest_ Manifest manifest = {};
        _cleanup_plan_ Plan plan = {};
        Observed observed = observe(&ROW);
        const PlanOptions options = {};

        (void) state;
        add_entry(&manifest, &ROW, true);
        assert_int_equal(plan_make(&desired, 1, &manifest, &observed, 1, is_away, (void *) &ROW,
                                 &options, &plan),
                0);
        assert_int_equal(plan.items[0].op, PLAN_KEEP);
        assert_true(digest_equal(&plan.items[0].source_digest, &desired.source_digest));
        assert_false(plan.changes_manifest);
}

/* Of two sources that claim a name, its file is still of the one that it was made from. */
static void test_a_contested_file_keeps_its_source(void **state) {
        static const Row ROW = { .desired = "rival", .owned = "installed", .observed = "A" };
        const Desired desired = { .name = "p.json",
                .source = "first",
                .rival = "second",
                .source_digest = version("t") };
        const Digest source_digest = version("s");
        _cleanup_manifest_ Manifest manifest = {};
        _cleanup_plan_ Plan plan = {};
        Observed observed = observe(&ROW);
        const PlanOptions options = {};

        (void) state;
        add_entry(&manifest, &ROW, true);
        assert_int_equal(plan_make(&desired, 1, &manifest, &observed, 1, is_away, (void *) &ROW,
                                 &options, &plan),
                0);
        assert_string_equal(plan.items[0].source, "src");
        assert_true(digest_equal(&plan.items[0].source_digest, &source_digest));
        assert_string_equal(plan.items[0].rival, "second");
}

/* Whatever state it is in, and although its source is away: ours goes, and nothing else. */
static void test_removing_all(void **state) {
        static const struct {
                Row row;
                PlanOp op;
        } CASES[] = {
                { { .owned = "installed", .observed = "A", .source_absent = true }, PLAN_REMOVE },
                { { .owned = "stale", .observed = "A!" }, PLAN_REMOVE },
                { { .owned = "retiring", .observed = "P" }, PLAN_REMOVE },
                { { .owned = "installed", .observed = "F", .source_absent = true }, PLAN_FORGET },
                { { .owned = "stale", .observed = "" }, PLAN_FORGET },
                { { .owned = "retiring", .observed = "dir" }, PLAN_FORGET },
                { { .owned = "installed", .observed = "link" }, PLAN_FORGET },
        };
        const PlanOptions options = { .remove_all = true };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(CASES); i++) {
                const Row *row = &CASES[i].row;
                _cleanup_manifest_ Manifest manifest = {};
                _cleanup_plan_ Plan plan = {};
                Observed observed = observe(row);

                add_entry(&manifest, row, true);
                assert_int_equal(plan_make(NULL, 0, &manifest, &observed, 1, is_away, (void *) row,
                                         &options, &plan),
                        0);
                assert_int_equal(plan.n_items, 1);
                assert_string_equal(plan_op_name(plan.items[0].op), plan_op_name(CASES[i].op));
                assert_true(plan.changes_manifest);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows),
                cmocka_unit_test(test_removing_all),
                cmocka_unit_test(test_merge),
                cmocka_unit_test(test_a_respelled_source_is_recorded),
                cmocka_unit_test(test_another_bad_update_changes_nothing),
                cmocka_unit_test(test_a_contested_file_keeps_its_source),
        };

        return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
