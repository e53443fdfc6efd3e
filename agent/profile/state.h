/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_STATE_H
#define SECCOMPD_PROFILE_STATE_H

/** Where a profile stands on this node. */
typedef enum ProfileState {
        PROFILE_INSTALLED, /* what the source says is what the kubelet's directory holds */
        PROFILE_STALE,     /* the source's update is bad: the last good version is kept */
        PROFILE_INVALID,   /* bad, and nothing was ever installed */
        PROFILE_CONFLICT,  /* two sources, or a foreign file, claim the name: nothing is written */
        PROFILE_RETIRING,  /* gone from the source: kept for --prune-after */
        N_PROFILE_STATES,
} ProfileState;

/** "installed", "stale", "invalid", "conflict", "retiring". */
const char *profile_state_name(ProfileState state);

/** Reads such a name. Returns 0 or -EINVAL. */
int profile_state_parse(const char *name, ProfileState *ret_state);

#endif
