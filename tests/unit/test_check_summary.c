/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "report/check_summary.h"

#include <string.h>

#define TEXT "{\n  \"x\": 1\n}\n"

/* Findings of these rules in this order of places, each with the severity given. */
static DiagList findings(const RuleId *rules, const Severity *severities, size_t n) {
        DiagList diags;

        diags_init(&diags, NULL);
        for (size_t i = 0; i < n; i++)
                diag_add_as(&diags, rules[i], severities[i],
                        (Span){ .offset = (uint32_t) (2 + i), .length = 1 }, "/x", "a \"hint\"",
                        "what %d says", (int) rules[i]);
        assert_int_equal(diags_finish(&diags, TEXT, strlen(TEXT)), 0);
        return diags;
}

static char *rendered(const CheckSummary *summary) {
        Buf buf = {};

        (void) check_summary_render_findings(&buf, summary, false);
        assert_int_equal(buf_error(&buf), 0);
        return buf.data;
}

static size_t n_beside(const CheckSummary *summary, bool only_gravest) {
        _cleanup_buf_ Buf buf = {};

        return check_summary_render_findings(&buf, summary, only_gravest);
}

static char *rendered_list(const DiagList *diags) {
        Buf buf = {};

        diags_render_json(&buf, diags);
        assert_int_equal(buf_error(&buf), 0);
        return buf.data;
}

/* Nothing is lost: the summary renders what the list does. */
static void test_says_what_the_list_says(void **state) {
        const RuleId rules[] = { SP203, SP302, SP801 };
        const Severity severities[] = { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR };
        const VerdictProgram programs[] = { { .n_insns = 3 }, { .n_insns = 4, .optimise = 2 } };
        _cleanup_(diags_done) DiagList diags = findings(rules, severities, 3);
        _cleanup_free_ char *expected = rendered_list(&diags), *shown = NULL;
        const VerdictProgram *kept;
        Texts texts = {};
        CheckSummary *summary;
        size_t n;

        (void) state;
        diags.n_dropped = 9;
        summary = check_summary_new(&texts, &diags, programs, 2);
        assert_non_null(summary);
        shown = rendered(summary);
        assert_string_equal(shown, expected);
        assert_int_equal(n_beside(summary, false), 9);
        assert_string_equal(check_summary_first(summary), "2:3: what 801 says [SP801]");
        kept = check_summary_programs(summary, &n);
        assert_int_equal(n, 2);
        assert_memory_equal(kept, programs, sizeof(programs));
        check_summary_unref(summary);
        assert_int_equal(texts.n, 0);
}

static void test_first(void **state) {
        static const struct {
                Severity severities[3];
                const char *first;
        } cases[] = {
                { { SEVERITY_WARNING, SEVERITY_ERROR, SEVERITY_ERROR },
                        "2:2: what 302 says [SP302]" },
                { { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_WARNING },
                        "2:2: what 302 says [SP302]" },
                { { SEVERITY_INFO, SEVERITY_INFO, SEVERITY_INFO }, NULL },
        };
        const RuleId rules[] = { SP203, SP302, SP801 };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_(diags_done) DiagList diags = findings(rules, cases[i].severities, 3);
                Texts texts = {};
                CheckSummary *summary = check_summary_new(&texts, &diags, NULL, 0);

                assert_non_null(summary);
                if (cases[i].first)
                        assert_string_equal(check_summary_first(summary), cases[i].first);
                else
                        assert_null(check_summary_first(summary));
                check_summary_unref(summary);
                assert_int_equal(texts.n, 0);
        }
}

static void test_of_the_file_as_a_whole(void **state) {
        _cleanup_(diags_done) DiagList diags;
        Texts texts = {};
        CheckSummary *summary;

        (void) state;
        diags_init(&diags, NULL);
        diag_add(&diags, SP812, (Span){}, NULL, NULL, "the check died: %s", "killed");
        assert_int_equal(diags_finish(&diags, NULL, 0), 0);
        summary = check_summary_new(&texts, &diags, NULL, 0);
        assert_string_equal(check_summary_first(summary), "the check died: killed [SP812]");
        check_summary_unref(summary);
}

/* Two profiles of one kind cost the texts once; the last holder takes them along. */
static void test_equal_findings_are_held_once(void **state) {
        const RuleId rules[] = { SP203, SP302 };
        const Severity severities[] = { SEVERITY_WARNING, SEVERITY_ERROR };
        _cleanup_(diags_done) DiagList diags = findings(rules, severities, 2);
        Texts texts = {};
        CheckSummary *a = check_summary_new(&texts, &diags, NULL, 0),
                     *b = check_summary_new(&texts, &diags, NULL, 0);
        size_t n = texts.n;

        (void) state;
        assert_int_equal(n, 3); /* two findings and the first's line */
        assert_ptr_equal(check_summary_first(a), check_summary_first(b));
        assert_ptr_equal(check_summary_ref(a), a);
        assert_null(check_summary_unref(a));
        assert_null(check_summary_unref(b));
        assert_int_equal(texts.n, n);
        assert_null(check_summary_unref(a));
        assert_int_equal(texts.n, 0);
}

static void test_more_findings_stand_before(void **state) {
        static const struct {
                Severity more, own;
                const char *first;
        } cases[] = {
                { SEVERITY_INFO, SEVERITY_WARNING, "2:1: what 302 says [SP302]" },
                { SEVERITY_WARNING, SEVERITY_WARNING, "2:1: what 910 says [SP910]" },
                { SEVERITY_WARNING, SEVERITY_ERROR, "2:1: what 302 says [SP302]" },
                { SEVERITY_INFO, SEVERITY_INFO, NULL },
        };
        const RuleId one = SP302, other = SP910;
        const VerdictProgram program = { .n_insns = 5 };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_(diags_done) DiagList own = findings(&one, &cases[i].own, 1);
                _cleanup_(diags_done) DiagList more = findings(&other, &cases[i].more, 1);
                _cleanup_free_ char *shown = NULL;
                _cleanup_buf_ Buf counted = {};
                Texts texts = {};
                CheckSummary *summary, *longer;
                const char *first, *second;
                size_t n;

                own.n_dropped = 4;
                more.n_dropped = 3;
                summary = check_summary_new(&texts, &own, &program, 1);
                longer = check_summary_with(summary, &more);
                assert_non_null(longer);
                assert_int_equal(check_summary_render_findings(&counted, longer, false), 7);
                check_summary_unref(summary);
                shown = rendered(longer);
                first = strstr(shown, "SP910");
                second = strstr(shown, "SP302");
                assert_true(first && second && first < second);
                assert_int_equal(check_summary_programs(longer, &n)[0].n_insns, 5);
                assert_int_equal(n, 1);
                if (cases[i].first)
                        assert_string_equal(check_summary_first(longer), cases[i].first);
                else
                        assert_null(check_summary_first(longer));
                check_summary_unref(longer);
                assert_int_equal(texts.n, 0);
        }
}

static void test_the_gravest_alone(void **state) {
        static const struct {
                Severity more, own[3];
                const char *shown; /* its rule */
        } cases[] = {
                { SEVERITY_WARNING, { SEVERITY_INFO, SEVERITY_ERROR, SEVERITY_ERROR }, "SP302" },
                { SEVERITY_WARNING, { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_INFO }, "SP910" },
                { SEVERITY_INFO, { SEVERITY_INFO, SEVERITY_INFO, SEVERITY_WARNING }, "SP801" },
                { SEVERITY_INFO, { SEVERITY_INFO, SEVERITY_INFO, SEVERITY_INFO }, "SP910" },
        };
        const RuleId rules[] = { SP203, SP302, SP801 }, other = SP910;

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_(diags_done) DiagList own = findings(rules, cases[i].own, 3);
                _cleanup_(diags_done) DiagList more = findings(&other, &cases[i].more, 1);
                _cleanup_buf_ Buf shown = {};
                Texts texts = {};
                CheckSummary *summary = check_summary_new(&texts, &own, NULL, 0);
                CheckSummary *longer = check_summary_with(summary, &more);

                assert_int_equal(check_summary_render_findings(&shown, longer, true), 3);
                assert_non_null(strstr(shown.data, cases[i].shown));
                assert_null(strchr(strchr(shown.data, '}') + 1, '}'));
                check_summary_unref(summary);
                check_summary_unref(longer);
                assert_int_equal(texts.size_bytes, 0);
        }
}

/* What authors make the agent remember is bounded, and each of them learns something. */
static void test_without_room_the_gravest_alone_is_kept(void **state) {
        const RuleId rules[] = { SP203, SP302, SP801 };
        const Severity severities[] = { SEVERITY_INFO, SEVERITY_ERROR, SEVERITY_WARNING };
        _cleanup_(diags_done) DiagList diags = findings(rules, severities, 3), none = {};
        _cleanup_free_ char *large = malloc(CHECK_SUMMARY_TEXT_BYTES), *shown = NULL;
        CheckSummary *summary, *empty;
        Texts texts = {};
        const char *held;

        (void) state;
        diags.n_dropped = 4;
        memset(large, 'x', CHECK_SUMMARY_TEXT_BYTES - 1);
        large[CHECK_SUMMARY_TEXT_BYTES - 1] = '\0';
        held = texts_hold(&texts, large);
        summary = check_summary_new(&texts, &diags, NULL, 0);
        shown = rendered(summary);
        assert_non_null(strstr(shown, "what 302 says"));
        assert_null(strstr(shown, "what 203 says"));
        assert_int_equal(n_beside(summary, false), 6);
        assert_string_equal(check_summary_first(summary), "2:2: what 302 says [SP302]");
        empty = check_summary_new(&texts, &none, NULL, 0);
        assert_int_equal(n_beside(empty, false), 0);
        check_summary_unref(empty);
        check_summary_unref(summary);
        texts_release(&texts, held);
        assert_int_equal(texts.size_bytes, 0);
}

static void test_none(void **state) {
        _cleanup_free_ char *shown = rendered(NULL);
        size_t n = 1;

        (void) state;
        assert_string_equal(shown, "[]");
        assert_null(check_summary_first(NULL));
        assert_int_equal(n_beside(NULL, false), 0);
        assert_int_equal(n_beside(NULL, true), 0);
        assert_null(check_summary_programs(NULL, &n));
        assert_int_equal(n, 0);
        assert_null(check_summary_ref(NULL));
        assert_null(check_summary_unref(NULL));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_says_what_the_list_says),
                cmocka_unit_test(test_first),
                cmocka_unit_test(test_of_the_file_as_a_whole),
                cmocka_unit_test(test_equal_findings_are_held_once),
                cmocka_unit_test(test_more_findings_stand_before),
                cmocka_unit_test(test_the_gravest_alone),
                cmocka_unit_test(test_without_room_the_gravest_alone_is_kept),
                cmocka_unit_test(test_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
