/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a person is told who mistyped an option or a subcommand: the word, the nearest right one,
 * and where help is. One place, so that both programs say it alike.
 */

#include "base/usage.h"

#include "base/cleanup.h"
#include "base/suggest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define USAGE_OPTIONS_MAX 64

static const char *nearest_option(const char *word, const struct option *options) {
        const char *names[USAGE_OPTIONS_MAX];
        size_t n = 0;

        for (; n < N_ELEMENTS(names) && options[n].name; n++)
                names[n] = options[n].name;
        return suggest_nearest(word, names, n);
}

static bool is_long_option(int value, const struct option *options) {
        for (; options->name; options++)
                if (options->val == value)
                        return true;
        return false;
}

void usage_refused_option(
        const char *program, int refused, char *const *argv, const struct option *options) {
        const char *word = argv[optind - 1];
        const char *near = NULL;
        char name[64];

        /* within a cluster of short options optind still points at the word before */
        if (strncmp(word, "--", 2) != 0 || (optopt != 0 && !is_long_option(optopt, options))) {
                if (refused == ':')
                        fprintf(stderr, "%s: option -%c needs a value\n", program, optopt);
                else
                        fprintf(stderr, "%s: unknown option -%c; see %s --help\n", program, optopt,
                                program);
                return;
        }
        snprintf(name, sizeof(name), "%.*s", (int) strcspn(word + 2, "="), word + 2);
        if (refused == ':') {
                fprintf(stderr, "%s: option --%s needs a value\n", program, name);
                return;
        }
        if (optopt != 0) { /* known, but given a value that it does not take */
                fprintf(stderr, "%s: option --%s takes no value\n", program, name);
                return;
        }
        near = nearest_option(name, options);
        if (near)
                fprintf(stderr, "%s: unknown option --%s; did you mean --%s?\n", program, name,
                        near);
        else
                fprintf(stderr, "%s: unknown option --%s; see %s --help\n", program, name, program);
}

int usage_choice(const char *program, const char *option, const char *value,
        const char *const *words, size_t n) {
        const char *near = NULL;

        for (size_t i = 0; i < n; i++)
                if (strcmp(words[i], value) == 0)
                        return (int) i;
        fprintf(stderr, "%s: %s %s: must be ", program, option, value);
        for (size_t i = 0; i < n; i++)
                fprintf(stderr, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", words[i]);
        near = suggest_nearest(value, words, n);
        if (near)
                fprintf(stderr, "; did you mean %s?", near);
        fputc('\n', stderr);
        return -EINVAL;
}

void usage_unknown_word(const char *program, const char *what, const char *word,
        const char *const *known, size_t n_known) {
        const char *near = suggest_nearest(word, known, n_known);

        if (near)
                fprintf(stderr, "%s: unknown %s '%s'; did you mean '%s'?\n", program, what, word,
                        near);
        else
                fprintf(stderr, "%s: unknown %s '%s'; see %s --help\n", program, what, word,
                        program);
}
