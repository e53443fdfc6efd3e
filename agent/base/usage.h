/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_BASE_USAGE_H
#define SECCOMPD_BASE_USAGE_H

#include <getopt.h>
#include <stddef.h>

/**
 * Says on stderr what is wrong with the option that getopt_long(3) just refused (`refused` is what
 * it returned: '?' or ':'; called with opterr 0 and a leading ':' in the short options), with the
 * nearest option as a suggestion. `program` is how the user called it ("seccompctl check").
 */
void usage_refused_option(
        const char *program, int refused, char *const *argv, const struct option *options);

/** Says on stderr that `word` is no `what` ("subcommand"), with the nearest of `known` and how to
 * get help. */
void usage_unknown_word(const char *program, const char *what, const char *word,
        const char *const *known, size_t n_known);

/**
 * The number of `value` among the `n` words that option `option` ("--format") takes. -EINVAL for
 * another word, after saying on stderr which there are, with the nearest as a suggestion.
 */
int usage_choice(const char *program, const char *option, const char *value,
        const char *const *words, size_t n);

#endif
