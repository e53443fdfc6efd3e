/* SPDX-License-Identifier: Apache-2.0 */

/* The manifest: printed and read back, refused as a whole when a byte is off, read for its names
 * when newer. */

#include "support.h"

#include "node/manifest.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#define D1 "1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "2222222222222222222222222222222222222222222222222222222222222222"

static Digest digest_filled(int byte) {
        Digest digest;

        memset(digest.bytes, byte, sizeof(digest.bytes));
        return digest;
}

static void add(Manifest *manifest, const char *name, const char *source, ProfileState state) {
        ManifestEntry *entry = NULL;

        assert_int_equal(manifest_add(manifest, name, &entry), 0);
        free(entry->source);
        entry->source = strdup(source);
        assert_non_null(entry->source);
        entry->digest = digest_filled(0x11);
        entry->source_digest = digest_filled(0x22);
        entry->state = state;
        entry->retiring_seconds = 3;
        entry->generation = 7;
        entry->time_seconds = 1767225600;
}

static void fill(Manifest *manifest) {
        manifest->generation = 42;
        manifest->version = 1;
        add(manifest, "web.json", "team a", PROFILE_INSTALLED);
        add(manifest, "a/b/c.json", "", PROFILE_STALE);
        add(manifest, "line\nbreak %.json", "{\"x\":\"y\"}", PROFILE_RETIRING);
        manifest_find(manifest, "web.json")->previous = digest_filled(0xab);
}

static char *print(const Manifest *manifest) {
        Buf buf = {};
        char *text = NULL;

        manifest_print(&buf, manifest);
        assert_int_equal(buf_take(&buf, &text, NULL), 0);
        return text;
}

static void assert_equal(const Manifest *a, const Manifest *b) {
        assert_int_equal(a->generation, b->generation);
        assert_int_equal(a->n_entries, b->n_entries);
        for (size_t i = 0; i < a->n_entries; i++) {
                const ManifestEntry *x = &a->entries[i], *y = &b->entries[i];

                assert_string_equal(x->name, y->name);
                assert_string_equal(x->source, y->source);
                assert_true(digest_equal(&x->digest, &y->digest));
                assert_true(digest_equal(&x->previous, &y->previous));
                assert_true(digest_equal(&x->source_digest, &y->source_digest));
                assert_int_equal(x->state, y->state);
                assert_int_equal(x->retiring_seconds, y->retiring_seconds);
                assert_int_equal(x->generation, y->generation);
                assert_int_equal(x->time_seconds, y->time_seconds);
        }
}

static void test_round_trip(void **state) {
        _cleanup_manifest_ Manifest manifest = {}, again = {}, copy = {};
        _cleanup_free_ char *text = NULL, *text_again = NULL;

        (void) state;
        fill(&manifest);
        text = print(&manifest);
        assert_int_equal(manifest_parse(text, strlen(text), &again, NULL), 0);
        assert_equal(&manifest, &again);
        assert_int_equal(again.version, 1);
        text_again = print(&again);
        assert_string_equal(text, text_again);
        assert_int_equal(manifest_copy(&manifest, &copy), 0);
        assert_equal(&manifest, &copy);
        assert_null(strstr(text, "{")); /* whatever names hold, it never is JSON */
        assert_null(cJSON_Parse(text));
}

/* Of each field, one change. */
static void test_sameness(void **state) {
        (void) state;
        for (unsigned i = 0; i < 11; i++) {
                _cleanup_manifest_ Manifest manifest = {}, copy = {};
                ManifestEntry *entry, *extra;

                fill(&manifest);
                assert_int_equal(manifest_copy(&manifest, &copy), 0);
                copy.generation++;
                assert_true(manifest_has_same_entries(&manifest, &copy));
                entry = &copy.entries[1];
                switch (i) {
                case 0: entry->name[0]++; break;
                case 1: entry->source = (free(entry->source), strdup("other")); break;
                case 2: entry->digest.bytes[31]++; break;
                case 3: entry->previous.bytes[0]++; break;
                case 4: entry->source_digest.bytes[7]++; break;
                case 5: entry->state = PROFILE_INSTALLED; break;
                case 6: entry->retiring_seconds++; break;
                case 7: entry->generation++; break;
                case 8: entry->time_seconds++; break;
                case 9: manifest_remove(&copy, entry->name); break;
                default: assert_int_equal(manifest_add(&copy, "zzz", &extra), 0); break;
                }
                assert_false(manifest_has_same_entries(&manifest, &copy));
        }
}

/* Clocks that were never set may say anything: what is printed can be read again. */
static void test_a_time_before_the_epoch(void **state) {
        _cleanup_manifest_ Manifest manifest = {}, again = {};
        _cleanup_free_ char *text = NULL;

        (void) state;
        fill(&manifest);
        manifest.entries[0].time_seconds = -5;
        text = print(&manifest);
        assert_int_equal(manifest_parse(text, strlen(text), &again, NULL), 0);
        assert_int_equal(again.entries[0].time_seconds, 0);
}

static void test_entries_stay_sorted(void **state) {
        static const char *const NAMES[] = { "m", "a", "z", "b/c", "b", "b.c" };
        _cleanup_manifest_ Manifest manifest = {};

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(NAMES); i++)
                add(&manifest, NAMES[i], "s", PROFILE_INSTALLED);
        for (size_t i = 1; i < manifest.n_entries; i++)
                assert_true(strcmp(manifest.entries[i - 1].name, manifest.entries[i].name) < 0);
        for (size_t i = 0; i < N_ELEMENTS(NAMES); i++) {
                assert_string_equal(manifest_find(&manifest, NAMES[i])->name, NAMES[i]);
                manifest_remove(&manifest, NAMES[i]);
                assert_null(manifest_find(&manifest, NAMES[i]));
        }
        manifest_remove(&manifest, "never there");
        assert_int_equal(manifest.n_entries, 0);
}

#define HEAD            "seccompd-manifest 1\ngeneration 1\n"
#define FILE_LINE(name) "file " D1 " - " D2 " installed 0 1 1 src " name "\n"

static void test_refused(void **state) {
        static const struct {
                const char *text;
                unsigned line;
        } cases[] = {
                { "", 1 }, { "seccompd-manifest 1", 1 }, { "seccompd-manifest 0\n", 1 },
                { "seccompd-manifest -1\n", 1 }, { "seccompd-manifest x\n", 1 }, { "{}\n", 1 },
                { "\n", 1 }, { HEAD, 3 },                            /* no end */
                { HEAD "end 1\n", 3 },                               /* another count */
                { HEAD "end 0\nmore\n", 3 },                         /* something behind the end */
                { HEAD "end 0", 3 },                                 /* cut short */
                { HEAD FILE_LINE("a") FILE_LINE("a") "end 2\n", 4 }, /* twice */
                { HEAD FILE_LINE("../a") "end 1\n", 3 },             /* out of the destination */
                { HEAD FILE_LINE("/a") "end 1\n", 3 }, { HEAD FILE_LINE("a//b") "end 1\n", 3 },
                { HEAD FILE_LINE("a/.seccompd/b") "end 1\n", 3 },
                { HEAD FILE_LINE(".seccompd/manifest") "end 1\n", 3 },
                { HEAD FILE_LINE("%") "end 1\n", 3 }, /* empty */
                { HEAD FILE_LINE("a%0") "end 1\n", 3 }, { HEAD FILE_LINE("a%0g") "end 1\n", 3 },
                { HEAD FILE_LINE("a%00b") "end 1\n", 3 },
                { HEAD FILE_LINE("a b") "end 1\n", 3 }, /* a field too many */
                { HEAD "file " D1 " - " D2 " installed 0 1 1 a\nend 1\n", 3 },
                { HEAD "file xyz - " D2 " installed 0 1 1 src a\nend 1\n", 3 },
                { HEAD "file " D1 "0 - " D2 " installed 0 1 1 src a\nend 1\n", 3 },
                { HEAD "file " D1 " - " D2 " good 0 1 1 src a\nend 1\n", 3 },
                { HEAD "file " D1 " - " D2 " installed -1 1 1 src a\nend 1\n", 3 },
                { HEAD "file " D1 " - " D2 " installed 0 1 99999999999999999999 src a\nend 1\n",
                        3 },
                { HEAD "file " D1 " - " D2 " installed 99999999999999999999 1 2 src a\nend 1\n",
                        3 },
                { HEAD "file " D1 " - " D2 " installed 0 99999999999999999999 2 src a\nend 1\n",
                        3 },
                { HEAD "file - - " D2 " installed 0 1 1 src a\nend 1\n", 3 }, /* of nothing */
                { HEAD "file " D1 " - " D2 " conflict 0 1 1 src a\nend 1\n", 3 },
                { HEAD "file " D1 " - " D2 " invalid 0 1 1 src a\nend 1\n", 3 },
                { HEAD "file " D1 " - " D2 " installed 0 1 9223372036854775808 src a\nend 1\n", 3 },
                { HEAD "owner root\nend 0\n", 3 }, /* unknown in version 1 */
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Manifest manifest = { .generation = 99 };
                unsigned line = 0;

                print_message("  case %zu\n", i);
                assert_int_equal(
                        manifest_parse(cases[i].text, strlen(cases[i].text), &manifest, &line),
                        -EBADMSG);
                assert_int_equal(line, cases[i].line);
                assert_int_equal(manifest.generation, 99);
        }
}

/* Every cut of a manifest is refused: a torn write can never make us forget what we own. */
static void test_every_cut_is_refused(void **state) {
        _cleanup_manifest_ Manifest manifest = {};
        _cleanup_free_ char *text = NULL;

        (void) state;
        fill(&manifest);
        text = print(&manifest);
        for (size_t size = 0; size < strlen(text); size++) {
                Manifest again = {};

                assert_int_equal(manifest_parse(text, size, &again, NULL), -EBADMSG);
        }
}

static void test_a_newer_version_is_read_for_what_it_owns(void **state) {
        static const char TEXT[] = "seccompd-manifest 2\ngeneration 5\ncolour blue\n"
                                   "file " D1 " " D2 " whatever is new here a%20b.json\nend 1\n";
        _cleanup_manifest_ Manifest manifest = {};

        (void) state;
        assert_int_equal(manifest_parse(TEXT, strlen(TEXT), &manifest, NULL), 0);
        assert_int_equal(manifest.version, 2);
        assert_int_equal(manifest.n_entries, 1);
        assert_string_equal(manifest.entries[0].name, "a b.json");
        assert_int_equal(manifest.entries[0].digest.bytes[31], 0x11);
        assert_int_equal(manifest.entries[0].previous.bytes[0], 0x22);
        assert_int_equal(manifest.entries[0].state, PROFILE_INSTALLED);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_sameness),
                cmocka_unit_test(test_a_time_before_the_epoch),
                cmocka_unit_test(test_entries_stay_sorted),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_every_cut_is_refused),
                cmocka_unit_test(test_a_newer_version_is_read_for_what_it_owns),
        };

        return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
