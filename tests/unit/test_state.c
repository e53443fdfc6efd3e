/* SPDX-License-Identifier: Apache-2.0 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/state.h"

#include <errno.h>

static const char *const NAMES[] = { "installed", "stale", "invalid", "conflict", "retiring" };

static void test_names(void **state) {
        (void) state;
        assert_int_equal(N_ELEMENTS(NAMES), N_PROFILE_STATES);
        for (ProfileState i = 0; i < N_PROFILE_STATES; i++) {
                ProfileState read = N_PROFILE_STATES;

                assert_string_equal(profile_state_name(i), NAMES[i]);
                assert_int_equal(profile_state_parse(NAMES[i], &read), 0);
                assert_int_equal(read, i);
        }
}

static void test_refused(void **state) {
        static const char *const words[] = { "", "Installed", "instal", "installed ", "none" };
        ProfileState read = PROFILE_CONFLICT;

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(words); i++)
                assert_int_equal(profile_state_parse(words[i], &read), -EINVAL);
        assert_int_equal(read, PROFILE_CONFLICT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
