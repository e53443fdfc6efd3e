/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_ORACLES_FEED_H
#define SECCOMPD_TESTS_ORACLES_FEED_H

#include "oracles/draft.h"
#include "profile/bpf.h"
#include "profile/policy.h"

/*
 * libseccomp as runc and crun feed it: one context for all architectures of a profile, rules in the
 * order of the text and name by name, a rule that says what the default says left out, a rule with
 * two conditions on one argument taken apart. seccompd compiles each architecture by itself, so
 * this is a second program for each profile, and the one that containers run under.
 */

/**
 * Both give an owned program (feed_done()) in this machine's byte order; `optimise` is libseccomp's
 * level. They return 0, or -errno as libseccomp answered (-EEXIST: it refuses a rule), -EIO for the
 * scratch file, a memfd. They may not come to an end.
 */
int feed_draft(const Draft *draft, int optimise, int scratch_fd, Program *ret_program);
int feed_policy(const Policy *policy, int optimise, int scratch_fd, Program *ret_program);

void feed_done(Program *program);
#define _cleanup_feed_ _cleanup_(feed_done)

#endif
