/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The names of a profile's states. Manifest, metrics, status and log all spell them from here, so
 * that what a user greps in one place is found in the others.
 */

#include "profile/state.h"

#include <errno.h>
#include <string.h>

static const char *const STATE_NAMES[N_PROFILE_STATES] = {
        [PROFILE_INSTALLED] = "installed",
        [PROFILE_STALE] = "stale",
        [PROFILE_INVALID] = "invalid",
        [PROFILE_CONFLICT] = "conflict",
        [PROFILE_RETIRING] = "retiring",
};

const char *profile_state_name(ProfileState state) {
        return STATE_NAMES[state];
}

int profile_state_parse(const char *name, ProfileState *ret_state) {
        for (ProfileState state = 0; state < N_PROFILE_STATES; state++)
                if (strcmp(name, STATE_NAMES[state]) == 0) {
                        *ret_state = state;
                        return 0;
                }
        return -EINVAL;
}
