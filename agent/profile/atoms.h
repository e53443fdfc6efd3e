/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_ATOMS_H
#define SECCOMPD_PROFILE_ATOMS_H

#include "base/arena.h"
#include "profile/argset.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ATOMS_MAX 4096U /* of one argument; more are not told apart */

/**
 * The atoms of some sets: for every combination of "in" and "not in" these sets that any number of
 * `n_bits` bits (1 to 64) fulfils, the least such number. Exact, unless there are more than
 * ATOMS_MAX on the way: then some are missing and *ret_is_partial is true. `*ret_values` is
 * ascending, from `arena`. Returns 0 or -ENOMEM.
 */
int argset_atoms(Arena *arena, const ArgSet *sets, size_t n_sets, unsigned n_bits,
        uint64_t **ret_values, size_t *ret_n, bool *ret_is_partial);

#endif
