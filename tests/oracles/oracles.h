/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_ORACLES_ORACLES_H
#define SECCOMPD_TESTS_ORACLES_ORACLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the program `oracles` does, one function a subcommand. Each returns an exit status. */

typedef struct PairsOptions {
        uint64_t seed;
        uint64_t n_pairs;  /* at least so many */
        unsigned n_jobs;   /* processes at a time */
        unsigned n_calls;  /* of each profile */
        unsigned nth_asks; /* each n-th profile is also loaded into the kernel; 0: none */
} PairsOptions;

/** Random profiles and calls until `n_pairs` of them agree on all oracles, or one does not. */
int pairs_run(const PairsOptions *options);

/**
 * Searches `n_drafts` profiles for miscompilations; writes one minimal profile of each shape into
 * `directory` and prints what there is.
 */
int search_run(const char *directory, uint64_t seed, uint64_t n_drafts);

/**
 * Whether a filter (a file as catch_run() writes) does what a canonical profile says; `is_of_runc`:
 * with runc's piece in front. One line for each call number that differs, then the count. Returns 1
 * when something differs.
 */
int compare_run(const char *canonical_path, const char *program_path, bool is_of_runc);

/** Prints the profile of that number, which a fault names. */
int profile_print(uint64_t number);

/**
 * Runs a command and writes every filter that it or a child loads to DIRECTORY/0.bpf, 1.bpf, …, as
 * the kernel has it (struct sock_filter); whoever loaded one is killed. 0 when the command came to
 * its end, 3 when it had not after `seconds`, 2 when it could not be traced.
 */
int catch_run(const char *directory, unsigned seconds, char **command);

#endif
