/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_RULES_H
#define SECCOMPD_PROFILE_RULES_H

#include <stdbool.h>
#include <stddef.h>

/** How much a diagnostic weighs; an error keeps the profile from being installed. */
typedef enum Severity {
        SEVERITY_OFF,
        SEVERITY_INFO,
        SEVERITY_WARNING,
        SEVERITY_ERROR,
} Severity;

/** Stable for ever: the number of an id is never given another meaning. 101 is SP101. */
typedef enum RuleId {
        SP101 = 101,
        SP102,
        SP103,
        SP104,
        SP201 = 201,
        SP202,
        SP203,
        SP204,
        SP205,
        SP206,
        SP301 = 301,
        SP302,
        SP303,
        SP304,
        SP305,
        SP306,
        SP307,
        SP308,
        SP309,
        SP310,
        SP311,
        SP312,
        SP313,
        SP314,
        SP315,
        SP316,
        SP401 = 401,
        SP402,
        SP403,
        SP404,
        SP411 = 411,
        SP412,
        SP413,
        SP414,
        SP415,
        SP416,
        SP417,
        SP418,
        SP501 = 501,
        SP502,
        SP503,
        SP504,
        SP505,
        SP506,
        SP507,
        SP508,
        SP509,
        SP601 = 601,
        SP602,
        SP603,
        SP604,
        SP605,
        SP606,
        SP607,
        SP608,
        SP701 = 701,
        SP702,
        SP703,
        SP704,
        SP705,
        SP706,
        SP711 = 711,
        SP712,
        SP713,
        SP801 = 801,
        SP802,
        SP803,
        SP804,
        SP805,
        SP806,
        SP807,
        SP811 = 811,
        SP812,
        SP813,
        SP901 = 901,
        SP902,
        SP903,
        SP910 = 910,
        SP921 = 921,
        SP922,
        SP923,
} RuleId;

/** One row of the catalogue. */
typedef struct Rule {
        RuleId id;
        Severity severity;   /* the default */
        bool fixed;          /* without it there is nothing to install: it cannot be lowered */
        bool late;           /* found when the profile is installed: it cannot be an error */
        const char *summary; /* one line for a person, no full stop */
} Rule;

/** The catalogue, in order of id; `ret_n` is the number of rows. */
const Rule *rules_all(size_t *ret_n);

/** The row of an id, or NULL for a number that is none. */
const Rule *rules_find(unsigned id);

/** The rule whose id is nearest to a word up to its "=" ("did you mean"), or NULL. */
const Rule *rules_suggest(const char *word);

/** "error", "warning", "info" or "off". */
const char *severity_name(Severity severity);

/** The owner's overrides: what a rule weighs here. All zero means the catalogue's defaults. */
typedef struct RuleConfig {
        struct {
                bool is_set;
                Severity severity;
        } overrides[1000]; /* by id */
} RuleConfig;

/**
 * Reads one override, `SPnnn=error|warning|info|off`, as in `--rule SP801=error`. Returns 0; or
 * -EINVAL for a text that is none, with `*ret_problem` (a static string, borrowed) saying what
 * would be right; a fixed rule cannot be lowered, a late one cannot be an error.
 */
int rule_config_parse(RuleConfig *config, const char *text, const char **ret_problem);

/**
 * What a finding of `id` weighs: the owner's override if there is one, else `severity`, the
 * severity of this very finding (a rule may weigh more or less by case).
 */
Severity rule_config_severity(const RuleConfig *config, RuleId id, Severity severity);

#endif
