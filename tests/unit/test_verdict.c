/* SPDX-License-Identifier: Apache-2.0 */

/* The wire form of verdicts: all of it comes back, and nothing that a broken worker may send does.
 */

#include "support.h"

#include "profile/limits.h"
#include "profile/verdict.h"

#include <errno.h>
#include <string.h>

#define CANONICAL "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\" \u00e9\x7f\n}\n"

static Verdict *bad_verdict(void) {
        Verdict *verdict = verdict_new(VERDICT_BAD);

        assert_non_null(verdict);
        diag_add(&verdict->diags, SP302, (Span){ 40, 7 }, "/syscalls/0", "did you\nmean",
                "unknown action");
        diag_add(&verdict->diags, SP303, (Span){ 3, 1 }, NULL, NULL, "an old name");
        assert_int_equal(diags_finish(&verdict->diags, "{\n\u00e9 two", 9), 0);
        verdict->diags.n_dropped = 12;
        verdict->n_rules = 5;
        verdict->n_conditional = 2;
        return verdict;
}

static Verdict *good_verdict(void) {
        Verdict *verdict = verdict_new(VERDICT_GOOD);

        assert_non_null(verdict);
        diag_add(&verdict->diags, SP303, (Span){ 3, 1 }, "", NULL, "an old name");
        assert_int_equal(diags_finish(&verdict->diags, NULL, 0), 0);
        verdict->canonical = strdup(CANONICAL);
        verdict->canonical_size_bytes = strlen(CANONICAL);
        verdict->digest = digest_of(CANONICAL, strlen(CANONICAL));
        verdict->outline = digest_of("outline", strlen("outline"));
        verdict->programs[0] = (VerdictProgram){
                .n_insns = 333, .n_points = 20000, .optimise = 1, .is_exhaustive = true
        };
        verdict->programs[1] = (VerdictProgram){ .n_insns = 3, .n_points = 70000, .optimise = 2 };
        verdict->n_programs = 2;
        verdict->previous = digest_of("previous", strlen("previous"));
        verdict->effect = DIFF_NARROWED;
        verdict->arches[0] = arch_by_name("SCMP_ARCH_X86_64");
        verdict->arches[1] = arch_by_name("SCMP_ARCH_X86");
        verdict->n_arches = 2;
        return verdict;
}

static char *encoded(const Verdict *verdict, size_t *ret_size_bytes) {
        _cleanup_buf_ Buf buf = {};
        char *bytes = NULL;

        verdict_encode(&buf, verdict);
        assert_int_equal(buf_take(&buf, &bytes, ret_size_bytes), 0);
        return bytes;
}

static void assert_same_string(const char *a, const char *b) {
        assert_int_equal(a == NULL, b == NULL);
        if (a)
                assert_string_equal(a, b);
}

static void assert_same_diags(const DiagList *a, const DiagList *b) {
        assert_int_equal(a->n, b->n);
        assert_int_equal(a->n_dropped, b->n_dropped);
        assert_int_equal(a->worst, b->worst);
        assert_null(b->config);
        assert_int_equal(b->error, 0);
        for (size_t i = 0; i < a->n; i++) {
                assert_int_equal(a->items[i].rule, b->items[i].rule);
                assert_int_equal(a->items[i].severity, b->items[i].severity);
                assert_int_equal(a->items[i].span.offset, b->items[i].span.offset);
                assert_int_equal(a->items[i].span.length, b->items[i].span.length);
                assert_int_equal(a->items[i].line, b->items[i].line);
                assert_int_equal(a->items[i].column, b->items[i].column);
                assert_int_equal(a->items[i].end_line, b->items[i].end_line);
                assert_int_equal(a->items[i].end_column, b->items[i].end_column);
                assert_same_string(a->items[i].pointer, b->items[i].pointer);
                assert_same_string(a->items[i].message, b->items[i].message);
                assert_same_string(a->items[i].hint, b->items[i].hint);
        }
}

static void assert_comes_back(const Verdict *verdict) {
        _cleanup_(verdict_freep) Verdict *again = NULL;
        _cleanup_free_ char *bytes = NULL;
        size_t size_bytes = 0;

        bytes = encoded(verdict, &size_bytes);
        assert_int_equal(verdict_decode(bytes, size_bytes, &again), 0);
        assert_int_equal(again->kind, verdict->kind);
        assert_same_diags(&verdict->diags, &again->diags);
        assert_same_string(verdict->canonical, again->canonical);
        assert_int_equal(again->canonical_size_bytes, verdict->canonical_size_bytes);
        assert_true(digest_equal(&again->digest, &verdict->digest));
        assert_true(digest_equal(&again->outline, &verdict->outline));
        assert_true(digest_equal(&again->previous, &verdict->previous));
        assert_int_equal(again->effect, verdict->effect);
        assert_int_equal(again->n_programs, verdict->n_programs);
        for (size_t i = 0; i < again->n_programs; i++) {
                assert_int_equal(again->programs[i].n_insns, verdict->programs[i].n_insns);
                assert_int_equal(again->programs[i].n_points, verdict->programs[i].n_points);
                assert_int_equal(again->programs[i].optimise, verdict->programs[i].optimise);
                assert_int_equal(
                        again->programs[i].is_exhaustive, verdict->programs[i].is_exhaustive);
        }
        assert_int_equal(again->n_arches, verdict->n_arches);
        for (size_t i = 0; i < again->n_arches; i++)
                assert_ptr_equal(again->arches[i], verdict->arches[i]);
        assert_int_equal(again->n_rules, verdict->n_rules);
        assert_int_equal(again->n_conditional, verdict->n_conditional);
}

static void test_all_of_it_comes_back(void **state) {
        _cleanup_(verdict_freep) Verdict *good = good_verdict();
        _cleanup_(verdict_freep) Verdict *bad = bad_verdict();
        _cleanup_(verdict_freep) Verdict *died = verdict_died("signal 11");

        (void) state;
        assert_comes_back(good);
        assert_comes_back(bad);
        assert_comes_back(died);
        assert_null(verdict_free(NULL));
}

static void test_died(void **state) {
        _cleanup_(verdict_freep) Verdict *died = verdict_died("time was up");

        (void) state;
        assert_int_equal(died->kind, VERDICT_DIED);
        assert_int_equal(died->diags.n, 1);
        assert_int_equal(died->diags.items[0].rule, SP812);
        assert_int_equal(died->diags.items[0].severity, SEVERITY_ERROR);
        assert_int_equal(died->diags.items[0].line, 0);
        assert_string_equal(died->diags.items[0].message, "the check died: time was up");
        assert_null(died->canonical);
        assert_true(digest_is_none(&died->digest));
}

static void assert_refused(const Verdict *verdict) {
        _cleanup_free_ char *bytes = NULL;
        Verdict *none = NULL;
        size_t size_bytes = 0;

        bytes = encoded(verdict, &size_bytes);
        assert_int_equal(verdict_decode(bytes, size_bytes, &none), -EBADMSG);
        assert_null(none);
}

static void test_cut_and_longer(void **state) {
        _cleanup_(verdict_freep) Verdict *good = good_verdict();
        _cleanup_free_ char *bytes = NULL;
        _cleanup_free_ char *longer = NULL;
        Verdict *none = NULL;
        size_t size_bytes = 0;

        (void) state;
        bytes = encoded(good, &size_bytes);
        for (size_t i = 0; i < size_bytes; i++) {
                /* a copy of its own size, so that a read past its end is seen */
                _cleanup_free_ char *cut = malloc(i + !i);

                memcpy(cut, bytes, i);
                assert_int_equal(verdict_decode(cut, i, &none), -EBADMSG);
        }
        longer = calloc(1, size_bytes + 1);
        memcpy(longer, bytes, size_bytes);
        assert_int_equal(verdict_decode(longer, size_bytes + 1, &none), -EBADMSG);
        assert_null(none);
}

/* Whatever a changed byte makes of it, it is refused or a verdict that keeps the promises. */
static void test_changed_bytes(void **state) {
        _cleanup_(verdict_freep) Verdict *good = good_verdict();
        _cleanup_free_ char *bytes = NULL;
        size_t size_bytes = 0;
        size_t n_refused = 0;

        (void) state;
        bytes = encoded(good, &size_bytes);
        for (size_t i = 0; i < 8 * size_bytes; i++) {
                _cleanup_(verdict_freep) Verdict *changed = NULL;
                int r;

                bytes[i / 8] ^= (char) (1 << i % 8);
                r = verdict_decode(bytes, size_bytes, &changed);
                bytes[i / 8] ^= (char) (1 << i % 8);
                assert_true(r == 0 || r == -EBADMSG);
                n_refused += r < 0;
                if (r == 0) {
                        assert_int_equal(changed->kind, VERDICT_GOOD);
                        assert_string_equal(changed->canonical, CANONICAL);
                        assert_true(changed->n_programs <= VERDICT_PROGRAMS_MAX);
                }
        }
        assert_true(n_refused > 8 * (strlen(CANONICAL) + DIGEST_SIZE_BYTES));
}

static void set_string(char **slot, const char *string) {
        free(*slot);
        *slot = string ? strdup(string) : NULL;
}

static void set_canonical(Verdict *verdict, const char *bytes, size_t size_bytes) {
        free(verdict->canonical);
        verdict->canonical = malloc(size_bytes + 1);
        assert_non_null(verdict->canonical);
        memcpy(verdict->canonical, bytes, size_bytes);
        verdict->canonical[size_bytes] = '\0';
        verdict->canonical_size_bytes = size_bytes;
        verdict->digest = digest_of(bytes, size_bytes);
}

static void test_texts(void **state) {
        static const char *const refused[] = { "a\tb", "a\rb", "\x1b[31m", "\xff", "\xc0\x80",
                "\xed\xa0\x80", "caf\xc3" };
        _cleanup_(verdict_freep) Verdict *good = good_verdict();

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(refused); i++) {
                _cleanup_(verdict_freep) Verdict *bad = bad_verdict();

                set_canonical(good, refused[i], strlen(refused[i]));
                assert_refused(good);
                set_string(&bad->diags.items[0].message, refused[i]);
                assert_refused(bad);
                set_string(&bad->diags.items[0].message, "plain");
                assert_comes_back(bad);
                set_string(&bad->diags.items[0].hint, refused[i]);
                assert_refused(bad);
                set_string(&bad->diags.items[0].hint, NULL);
                set_string(&bad->diags.items[0].pointer, refused[i]);
                assert_refused(bad);
        }
        set_canonical(good, "a\0b", 3);
        assert_refused(good);
        set_canonical(good, "\xc2\x85\u202e", strlen("\xc2\x85\u202e"));
        assert_comes_back(good);
        set_string(&good->diags.items[0].message, "\xc2\x85");
        assert_refused(good);
        set_string(&good->diags.items[0].message, "\u202e");
        assert_refused(good);
}

static void test_sizes(void **state) {
        _cleanup_(verdict_freep) Verdict *good = good_verdict();
        _cleanup_(verdict_freep) Verdict *bad = bad_verdict();
        _cleanup_free_ char *large = malloc(LIMIT_PROFILE_BYTES + 2);

        (void) state;
        memset(large, 'x', LIMIT_PROFILE_BYTES + 1);
        set_canonical(good, large, LIMIT_PROFILE_BYTES);
        assert_comes_back(good);
        set_canonical(good, large, LIMIT_PROFILE_BYTES + 1);
        assert_refused(good);
        large[DIAG_STRING_MAX_BYTES] = '\0';
        set_string(&bad->diags.items[1].message, large);
        assert_comes_back(bad);
        large[DIAG_STRING_MAX_BYTES] = 'x';
        large[DIAG_STRING_MAX_BYTES + 1] = '\0';
        set_string(&bad->diags.items[1].message, large);
        assert_refused(bad);
}

static void test_promises(void **state) {
        _cleanup_(verdict_freep) Verdict *good = good_verdict();
        _cleanup_(verdict_freep) Verdict *bad = bad_verdict();
        _cleanup_(verdict_freep) Verdict *died = verdict_died("x");

        (void) state;
        good->digest.bytes[31] ^= 1;
        assert_refused(good);
        good->digest.bytes[31] ^= 1;
        good->kind = VERDICT_BAD;
        assert_refused(good);
        good->kind = VERDICT_DIED + 1;
        assert_refused(good);
        good->kind = VERDICT_GOOD;
        good->diags.worst = SEVERITY_ERROR;
        assert_refused(good);
        good->diags.worst = SEVERITY_OFF;
        assert_refused(good);
        good->diags.worst = SEVERITY_INFO;
        assert_comes_back(good);
        good->programs[1].optimise = 3;
        assert_refused(good);
        good->programs[1].optimise = 2;
        good->outline = (Digest){};
        assert_refused(good);
        good->outline.bytes[31] = 1;
        assert_comes_back(good);
        good->effect = N_DIFF_EFFECTS;
        assert_refused(good);
        good->effect = DIFF_MIXED;
        good->previous = (Digest){};
        assert_refused(good);
        good->effect = DIFF_NONE;
        assert_comes_back(good);
        set_string(&good->canonical, NULL);
        assert_refused(good);

        bad->kind = VERDICT_GOOD;
        assert_refused(bad);
        bad->kind = VERDICT_BAD;
        bad->digest.bytes[0] = 1;
        assert_refused(bad);
        bad->digest.bytes[0] = 0;
        bad->outline.bytes[0] = 1;
        assert_refused(bad);
        bad->outline.bytes[0] = 0;
        bad->previous.bytes[0] = 1;
        bad->effect = DIFF_WIDENED;
        assert_refused(bad);
        bad->previous = (Digest){};
        bad->effect = DIFF_NONE;
        bad->diags.items[0].rule = (RuleId) 999;
        assert_refused(bad);
        bad->diags.items[0].rule = SP101;
        bad->diags.items[0].severity = SEVERITY_OFF;
        assert_refused(bad);
        bad->diags.items[0].severity = SEVERITY_INFO;
        assert_comes_back(bad);
        set_string(&bad->diags.items[0].message, NULL);
        assert_refused(bad);

        set_canonical(died, "{}", 2);
        assert_refused(died);
}

#define CANONICAL_OF(names)                                                                        \
        "{\n  \"defaultAction\": \"SCMP_ACT_ERRNO\",\n  \"defaultErrnoRet\": 1,\n"                 \
        "  \"architectures\": [\n    \"SCMP_ARCH_X86_64\"\n  ],\n  \"syscalls\": [\n    {\n"       \
        "      \"names\": [\n" names                                                               \
        "\n      ],\n      \"action\": \"SCMP_ACT_ALLOW\"\n    }\n  ]\n}\n"

/* What an update does to the version before. */
static void test_compared(void **state) {
        static const char one[] = CANONICAL_OF("        \"read\"");
        static const char two[] = CANONICAL_OF("        \"mount\",\n        \"read\"");
        static const struct {
                const char *before;
                DiffEffect effect;
                bool is_compared;
        } rows[] = {
                { one, DIFF_WIDENED, true },
                { two, DIFF_NONE, true },
                { CANONICAL_OF("        \"mount\",\n        \"read\",\n        \"setns\""),
                        DIFF_NARROWED, true },
                { CANONICAL_OF("        \"setns\""), DIFF_MIXED, true },
                { CANONICAL, DIFF_NONE, false }, /* not canonical */
                { "", DIFF_NONE, false },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                _cleanup_(verdict_freep) Verdict *verdict = good_verdict();
                const Digest previous = digest_of(rows[i].before, strlen(rows[i].before));

                set_canonical(verdict, two, strlen(two));
                verdict->digest = digest_of(two, strlen(two));
                verdict->previous = (Digest){};
                verdict->effect = DIFF_NONE;
                assert_int_equal(
                        verdict_compare(verdict, rows[i].before, strlen(rows[i].before)), 0);
                assert_int_equal(verdict->effect, rows[i].effect);
                assert_int_equal(digest_equal(&verdict->previous, &previous), rows[i].is_compared);
                assert_int_equal(digest_is_none(&verdict->previous), !rows[i].is_compared);
        }
}

static void test_too_many(void **state) {
        _cleanup_(verdict_freep) Verdict *bad = verdict_new(VERDICT_BAD);

        (void) state;
        for (unsigned i = 0; i < LIMIT_DIAGS + 1; i++)
                diag_add(&bad->diags, SP302, (Span){ i, 1 }, NULL, NULL, "finding %u", i);
        assert_refused(bad);
        assert_int_equal(diags_finish(&bad->diags, NULL, 0), 0);
        assert_int_equal(bad->diags.n, LIMIT_DIAGS);
        assert_comes_back(bad);
}

/* What fuzz_wire starts from, a 'V' before it: refused ones would teach it nothing. */
static void test_seeds_for_fuzzing_are_verdicts(void **state) {
        static const struct {
                const char *path;
                VerdictKind kind;
        } seeds[] = {
                { "tests/fuzz/corpus/wire/verdict-good", VERDICT_GOOD },
                { "tests/fuzz/corpus/wire/verdict-bad", VERDICT_BAD },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(seeds); i++) {
                _cleanup_(verdict_freep) Verdict *verdict = NULL;
                _cleanup_free_ char *seed = NULL;
                size_t size_bytes = 0;

                seed = support_read_file(seeds[i].path, &size_bytes);
                assert_int_equal(seed[0], 'V');
                if (verdict_decode(seed + 1, size_bytes - 1, &verdict) < 0)
                        fail_msg("%s is of an older form: put there what verdict_encode() makes",
                                seeds[i].path);
                assert_int_equal(verdict->kind, seeds[i].kind);
                assert_true(verdict->diags.n > 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_of_it_comes_back),
                cmocka_unit_test(test_died),
                cmocka_unit_test(test_cut_and_longer),
                cmocka_unit_test(test_changed_bytes),
                cmocka_unit_test(test_texts),
                cmocka_unit_test(test_sizes),
                cmocka_unit_test(test_promises),
                cmocka_unit_test(test_compared),
                cmocka_unit_test(test_too_many),
                cmocka_unit_test(test_seeds_for_fuzzing_are_verdicts),
        };

        return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
