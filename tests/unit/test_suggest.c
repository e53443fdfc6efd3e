/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "base/cleanup.h"
#include "base/suggest.h"

#include <string.h>

static const char *const WORDS[] = {
        "SCMP_ACT_TRAP",
        "SCMP_ACT_ALLOW",
        "SCMP_ACT_ERRNO",
        "SCMP_ACT_KILL",
        "SCMP_ACT_KILL_PROCESS",
        "names",
        "action",
        "args",
        "arches",
        "openat",
        "openat2",
        "open",
        "no",
        "a",
};

static void test_cases(void **state) {
        static const struct {
                const char *word;
                const char *expected;
        } cases[] = {
                { "SCMP_ACT_ALOW", "SCMP_ACT_ALLOW" },   /* a letter missing */
                { "SCMP_ACT_ALLLOW", "SCMP_ACT_ALLOW" }, /* one too many */
                { "SCMP_ACT_ALLPW", "SCMP_ACT_ALLOW" },  /* another */
                { "SCMP_ACT_ALOLW", "SCMP_ACT_ALLOW" },  /* two swapped */
                { "scmp_act_kill", "SCMP_ACT_KILL" },    /* case only */
                { "SMCP_CAT_KLIL", "SCMP_ACT_KILL" },    /* three slips */
                { "SMCP_CAT_KLIX", NULL },               /* four */
                { "CSMP_CAT_KLIL_PROCESS", "SCMP_ACT_KILL_PROCESS" },
                { "name", "names" },
                { "naem", NULL }, /* two slips, and one is all that a word of four may have */
                { "actoin", "action" },
                { "arg", "args" },
                { "arch", NULL }, /* arches is two away */
                { "archs", "arches" },
                { "aches", "arches" },
                { "openat", "openat" },
                { "openat3", "openat" }, /* as near as openat2, but earlier */
                { "opne", "open" },
                { "SCMP_ACT_ERR", "SCMP_ACT_ERRNO" },
                { "SCMP_ACT_EROR", "SCMP_ACT_ERRNO" }, /* TRAP is as far, and starts otherwise */
                { "on", "no" },                        /* a swap is one slip */
                { "nno", "no" },
                { "b", "a" },
                { "zzzzzzzz", NULL },
                { "", NULL },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const char *found = suggest_nearest(cases[i].word, WORDS, N_ELEMENTS(WORDS));

                if (!cases[i].expected && found)
                        fail_msg("%s: suggested %s", cases[i].word, found);
                if (cases[i].expected && (!found || strcmp(found, cases[i].expected) != 0))
                        fail_msg("%s: %s instead of %s", cases[i].word, found ? found : "nothing",
                                cases[i].expected);
        }
}

static void test_ties_go_to_the_earlier(void **state) {
        static const char *const one[] = { "cat", "bat", "hat" },
                                 *const other[] = { "hat", "bat", "cat" };

        (void) state;
        assert_ptr_equal(suggest_nearest("rat", one, 3), one[0]);
        assert_ptr_equal(suggest_nearest("rat", other, 3), other[0]);
}

static void test_nearest_wins_over_earlier(void **state) {
        static const char *const words[] = { "clonexy", "clone3", "clones" };

        (void) state;
        assert_ptr_equal(suggest_nearest("clonexz", words, 3), words[0]);
        assert_ptr_equal(suggest_nearest("clone33", words, 3), words[1]);
}

static void test_no_candidates(void **state) {
        (void) state;
        assert_null(suggest_nearest("word", NULL, 0));
}

static void test_long_words(void **state) {
        char word[80], candidate[80];
        const char *const words[] = { candidate };

        (void) state;
        memset(word, 'x', sizeof(word));
        memset(candidate, 'x', sizeof(candidate));
        candidate[67] = '\0';
        word[64] = '\0';
        assert_ptr_equal(suggest_nearest(word, words, 1), candidate); /* three missing of 67 */
        candidate[68] = '\0', candidate[67] = 'x';
        assert_null(suggest_nearest(word, words, 1));
        candidate[65] = '\0';
        word[64] = 'x', word[65] = '\0';
        assert_null(suggest_nearest(word, words, 1)); /* equal, but past the bound */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_ties_go_to_the_earlier),
                cmocka_unit_test(test_nearest_wins_over_earlier),
                cmocka_unit_test(test_no_candidates),
                cmocka_unit_test(test_long_words),
        };

        return cmocka_run_group_tests_name("suggest", tests, NULL, NULL);
}
