/* SPDX-License-Identifier: Apache-2.0 */

/* oracles: seccompd's evaluators against everything else that can say what a profile means. */

#include "oracles/oracles.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void) {
        fputs("usage: oracles pairs [--seed N] [--pairs N] [--jobs N] [--calls N] [--kernel N]\n",
                stderr);
        return 2;
}

static int run_pairs(int argc, char **argv) {
        static const struct option known[] = { { "seed", required_argument, NULL, 's' },
                { "pairs", required_argument, NULL, 'p' }, { "jobs", required_argument, NULL, 'j' },
                { "calls", required_argument, NULL, 'c' },
                { "kernel", required_argument, NULL, 'k' }, {} };
        PairsOptions options = {
                .seed = 1, .n_pairs = 1000000, .n_jobs = 2, .n_calls = 128, .nth_asks = 16
        };
        int option;

        while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
                unsigned long value = optarg ? strtoul(optarg, NULL, 10) : 0;

                switch (option) {
                case 's': options.seed = value; break;
                case 'p': options.n_pairs = value; break;
                case 'j': options.n_jobs = (unsigned) value; break;
                case 'c': options.n_calls = (unsigned) value; break;
                case 'k': options.nth_asks = (unsigned) value; break;
                default: return usage();
                }
        }
        return pairs_run(&options);
}

int main(int argc, char **argv) {
        if (argc > 1 && strcmp(argv[1], "pairs") == 0)
                return run_pairs(argc - 1, argv + 1);
        if (argc > 4 && strcmp(argv[1], "catch") == 0)
                return catch_run(argv[2], (unsigned) strtoul(argv[3], NULL, 10), argv + 4);
        if (argc == 5 && strcmp(argv[1], "search") == 0)
                return search_run(
                        argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
        if ((argc == 4 || argc == 5) && strcmp(argv[1], "compare") == 0)
                return compare_run(argv[2], argv[3], argc == 5 && strcmp(argv[4], "runc") == 0);
        if (argc == 3 && strcmp(argv[1], "profile") == 0)
                return profile_print(strtoull(argv[2], NULL, 10));
        return usage();
}
