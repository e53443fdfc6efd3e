/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_COMPILE_H
#define SECCOMPD_PROFILE_COMPILE_H

#include "base/arena.h"
#include "profile/bpf.h"
#include "profile/policy.h"

#include <stdbool.h>

/*
 * libseccomp's compilation of a policy, the way runc and crun feed it: rules in order, those equal
 * to the default left out, names that libseccomp does not know left out.
 */

/** libseccomp's levels of optimisation: a list of comparisons, a tree. */
#define COMPILE_LEVELS_MAX 2U

/** Warms libseccomp up (API level, kernel probes). Call once, before any fork and confinement. */
void compile_warm_up(void);

/** libseccomp's version and API level as linked. */
void compile_version(
        unsigned *ret_major, unsigned *ret_minor, unsigned *ret_micro, unsigned *ret_api_level);

/**
 * Whether programs of `arch` are of the other byte order than this machine: policy_compile() brings
 * the instructions into this machine's order; what the program sees is seccomp_data with the two
 * words of each argument swapped.
 */
bool compile_swaps(const Arch *arch);

/**
 * Compiles `policy` (rules in canonical order: what a runtime will read) for all its architectures
 * in one program, as a runtime does; or for `arch` alone, one of policy->arches, when that is not
 * NULL. The two may differ in more than the other architectures' parts (libseccomp's mistakes).
 * Makes a program at each of libseccomp's levels of optimisation from 1 to `n_levels`, whose rules
 * are taken in once: that saves a fifth of it. `scratch_fd` is a file (a memfd) that
 * libseccomp's export may truncate and write. Programs from `arena`, in this machine's byte order.
 * Returns 0; -EEXIST, -EINVAL, … what libseccomp answered, with the rule that it refused in
 * `*ret_rule` (NULL when it was none); -EIO when the scratch file failed; -ENOMEM. It may not come
 * to an end for some rule sets: run it where it can be killed.
 */
int policy_compile(Arena *arena, const Policy *policy, const Arch *arch, unsigned n_levels,
        int scratch_fd, Program ret_programs[static 1], const PolicyRule **ret_rule);

/**
 * The same as libseccomp's pseudo filter code, its own reading of the rules for people; at level 1.
 * `ret_text` is not NUL-terminated, from `arena`. Returns as policy_compile() does.
 */
int policy_compile_pfc(Arena *arena, const Policy *policy, const Arch *arch, int scratch_fd,
        char **ret_text, size_t *ret_size_bytes);

#endif
