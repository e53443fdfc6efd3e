/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_CHECK_H
#define SECCOMPD_PROFILE_CHECK_H

#include "profile/policy.h"
#include "profile/verdict.h"

/*
 * The whole check of one profile: text, document, surface, policy, rules, canonical form, programs,
 * evaluation, printing, self-check. The daemon's worker and seccompctl run this one function.
 */

/**
 * Told before libseccomp is called, which may never return: what the verdict is if it does not.
 * `verdict` is borrowed for the call.
 */
typedef void (*CheckTestament)(const Verdict *verdict, void *userdata);

/** What a check needs of its surroundings; all borrowed. */
typedef struct CheckContext {
        const CheckOptions *options;
        int scratch_fd;           /* a memfd for libseccomp's export */
        CheckTestament testament; /* NULL: nobody to tell */
        void *userdata;
} CheckContext;

/**
 * Checks `size_bytes` bytes of a profile. compile_warm_up() was called. The verdict is owned by the
 * caller: GOOD or BAD, each with all its diagnostics. Returns 0; -ENOMEM or another -errno when the
 * machine failed. May not come to an end (libseccomp): run it where it can be killed.
 */
int check_profile(
        const CheckContext *context, const char *bytes, size_t size_bytes, Verdict **ret_verdict);

#endif
