/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_LOG_ONLY_H
#define SECCOMPD_PROFILE_LOG_ONLY_H

#include "profile/policy.h"

/**
 * The policy for a trial: what `policy` denies is permitted and logged. KILL, KILL_PROCESS, TRAP,
 * ERRNO and TRACE (which without a tracer is a denial) become LOG, in rules and as the default;
 * ALLOW, LOG and NOTIFY (somebody decides) stay. Rules that then say what the default says are left
 * out. Calls of architectures that are not listed are killed as before: no action says so. Rules
 * from `arena`, all else borrowed from `policy`. Returns 0 or -ENOMEM.
 */
int policy_log_only(Arena *arena, const Policy *policy, Policy *ret_policy);

#endif
