/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The catalogue of findings: one table, in order of id, and the owner's overrides of it. An id is
 * stable for ever; dashboards and `--rule` options hang on it. A rule marked FIXED stands for a
 * text of which no canonical profile can be made (it is not JSON, names no action, does not
 * compile): lowering it could not make the profile installable, only hide why it is not. One marked
 * LATE is about an update that was carried out, and comes too late to stop it.
 *
 * Where a rule weighs differently by case, the table holds the usual severity and the finder says
 * the other one (diag_add_as). An override stands above both.
 */

#include "profile/rules.h"

#include "base/ascii.h"
#include "base/cleanup.h"
#include "base/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERROR(id, summary)                                                                         \
        { id, SEVERITY_ERROR, false, false, summary }
#define FIXED(id, summary)                                                                         \
        { id, SEVERITY_ERROR, true, false, summary }
#define WARNING(id, summary)                                                                       \
        { id, SEVERITY_WARNING, false, false, summary }
#define INFO(id, summary)                                                                          \
        { id, SEVERITY_INFO, false, false, summary }
#define LATE(id, summary)                                                                          \
        { id, SEVERITY_INFO, false, true, summary }

/* clang-format off */
static const Rule RULES[] = {
        FIXED(SP101, "the text is not strict UTF-8 JSON"),
        FIXED(SP102, "the profile is larger or deeper than the limits"),
        FIXED(SP103, "a key occurs twice, or two keys differ only in case"),
        FIXED(SP104, "a number is not a plain unsigned integer in range"),
        FIXED(SP201, "the top level is not an object"),
        FIXED(SP202, "another document, not a profile"),
        ERROR(SP203, "unknown key"),
        WARNING(SP204, "null as a value"),
        FIXED(SP205, "a value of the wrong type"),
        FIXED(SP206, "the file's name or kind cannot be used"),
        FIXED(SP301, "defaultAction is missing or empty: containers would run unconfined"),
        FIXED(SP302, "unknown action"),
        INFO(SP303, "KILL_THREAD is written as SCMP_ACT_KILL, its older name"),
        INFO(SP304, "KILL_PROCESS needs runc 1.1.3 or newer"),
        WARNING(SP305, "the default kills a thread, not the process: runc create can hang"),
        WARNING(SP306, "an errno on an action that takes none"),
        FIXED(SP307, "the errno is 4095 or more"),
        WARNING(SP308, "errno 0: the call is skipped and reports success"),
        ERROR(SP309, "NOTIFY as the default action, or on write"),
        ERROR(SP310, "NOTIFY without an absolute listenerPath"),
        WARNING(SP311, "listenerPath or listenerMetadata without NOTIFY"),
        WARNING(SP312, "TRACE answers ENOSYS where no tracer is attached"),
        ERROR(SP313, "the action is not offered by this node's kernel or libseccomp"),
        WARNING(SP314, "the default permits: a deny-list leaves new calls open"),
        WARNING(SP315, "no rule has an effect"),
        ERROR(SP316, "NOTIFY makes the runtime, as root, connect to the author's socket"),
        FIXED(SP401, "unknown flag"),
        WARNING(SP402, "runc before 1.2 refuses a profile with flags"),
        ERROR(SP403, "WAIT_KILLABLE_RECV without NOTIFY"),
        INFO(SP404, "TSYNC has no effect in runc"),
        FIXED(SP411, "unknown architecture"),
        INFO(SP412, "an architecture that this node cannot run"),
        WARNING(SP413, "an architecture that only recent runtimes know"),
        INFO(SP414, "a compatible architecture is not listed: its calls are killed"),
        INFO(SP415, "X32 is listed: more surface for an attacker"),
        INFO(SP416, "the native architecture is not listed, or one is listed twice"),
        FIXED(SP417, "architectures and archMap in one profile"),
        INFO(SP418, "archMap is resolved for this node"),
        FIXED(SP501, "names is missing or empty"),
        WARNING(SP502, "the legacy key name"),
        INFO(SP503, "the call is unknown to this node's libseccomp"),
        INFO(SP504, "the call is newer than what common runtimes resolve"),
        INFO(SP505, "the call exists only on another architecture"),
        INFO(SP506, "the call is obsolete"),
        WARNING(SP507, "conditions on a call that 32-bit x86 also reaches through a multiplexer"),
        WARNING(SP508, "socketcall or ipc is allowed, and with it every call behind it"),
        FIXED(SP509, "the text cannot be the name of a system call"),
        FIXED(SP601, "unknown or missing operator"),
        FIXED(SP602, "the argument's index is missing or above 5, or its value is missing"),
        FIXED(SP603, "more than six conditions in a rule"),
        WARNING(SP604, "an argument with two conditions in a rule: runtimes read OR, not AND"),
        WARNING(SP605, "MASKED_EQ with an empty mask, or with a datum that does not fit it"),
        WARNING(SP606, "a condition that always holds, or never does"),
        INFO(SP607, "a negative number does not match its other form"),
        WARNING(SP608, "valueTwo on an operator that takes one value"),
        WARNING(SP701, "two unconditional rules on a call with different actions"),
        ERROR(SP702, "a conditional rule is hidden by an unconditional one"),
        ERROR(SP703, "equal or nested conditions with different actions"),
        WARNING(SP704, "overlapping conditions with different actions"),
        INFO(SP705, "the rule equals the default action"),
        INFO(SP706, "a rule or name is repeated"),
        INFO(SP711, "includes and excludes are resolved for this node"),
        INFO(SP712, "minKernel is resolved for this node's kernel"),
        INFO(SP713, "an errno by name is written as a number"),
        WARNING(SP801, "calls that a container needs before its entrypoint are not allowed"),
        WARNING(SP802, "clone3 is denied with another errno than ENOSYS"),
        WARNING(SP803, "faccessat2 or fchmodat2 is denied with another errno than ENOSYS"),
        INFO(SP804, "a call that current C libraries try first is denied"),
        INFO(SP805, "runc and crun answer calls newer than the profile differently"),
        INFO(SP806, "crun kills for calls newer than the profile, runc answers ENOSYS"),
        WARNING(SP807, "exit, exit_group or rt_sigreturn is denied"),
        FIXED(SP811, "the compiled program is too long"),
        FIXED(SP812, "libseccomp compiles the rules to something else than they say"),
        FIXED(SP813, "too many rules with conditions"),
        WARNING(SP901, "a call that gives control of the node or its kernel is allowed"),
        WARNING(SP902, "a call with a large attack surface is allowed"),
        WARNING(SP903, "user namespaces are reachable through clone or clone3"),
        LATE(SP910, "only errnoRet changed since the installed version"),
        ERROR(SP921, "a call that the owner of the node forbids is possible"),
        ERROR(SP922, "an action that the owner of the node does not allow"),
        ERROR(SP923, "another default action than the owner of the node requires"),
};
/* clang-format on */

static const char *const SEVERITY_NAMES[] = {
        [SEVERITY_OFF] = "off",
        [SEVERITY_INFO] = "info",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_ERROR] = "error",
};

const Rule *rules_all(size_t *ret_n) {
        *ret_n = N_ELEMENTS(RULES);
        return RULES;
}

static int compare_id(const void *key, const void *row) {
        unsigned id = *(const unsigned *) key, other = ((const Rule *) row)->id;

        return (id > other) - (id < other);
}

const Rule *rules_find(unsigned id) {
        return bsearch(&id, RULES, N_ELEMENTS(RULES), sizeof(RULES[0]), compare_id);
}

const Rule *rules_suggest(const char *word) {
        char ids[N_ELEMENTS(RULES)][sizeof("SP000")];
        const char *names[N_ELEMENTS(RULES)], *near = NULL;
        char wanted[16] = "";

        strncat(wanted, word, strcspn(word, "=") < sizeof(wanted) - 1 ? strcspn(word, "=") : 0);
        for (size_t i = 0; i < N_ELEMENTS(RULES); i++) {
                snprintf(ids[i], sizeof(ids[i]), "SP%03u", (unsigned) RULES[i].id % 1000);
                names[i] = ids[i];
        }
        near = suggest_nearest(wanted, names, N_ELEMENTS(RULES));
        return near ? rules_find((unsigned) strtoul(near + strlen("SP"), NULL, 10)) : NULL;
}

const char *severity_name(Severity severity) {
        return SEVERITY_NAMES[severity];
}

static int severity_parse(const char *name, Severity *ret_severity) {
        for (Severity severity = 0; severity < N_ELEMENTS(SEVERITY_NAMES); severity++)
                if (strcmp(name, SEVERITY_NAMES[severity]) == 0) {
                        *ret_severity = severity;
                        return 0;
                }
        return -EINVAL;
}

int rule_config_parse(RuleConfig *config, const char *text, const char **ret_problem) {
        const Rule *rule = NULL;
        Severity severity;

        if (strncmp(text, "SP", 2) != 0 || !ascii_is_digit(text[2]) || !ascii_is_digit(text[3]) ||
                !ascii_is_digit(text[4]) || text[5] != '=') {
                *ret_problem = "an override is written SPnnn=error|warning|info|off";
                return -EINVAL;
        }
        rule = rules_find((unsigned) strtoul(text + 2, NULL, 10));
        if (!rule) {
                *ret_problem = "there is no rule of that number";
                return -EINVAL;
        }
        if (severity_parse(text + 6, &severity) < 0) {
                *ret_problem = "a severity is one of error, warning, info, off";
                return -EINVAL;
        }
        if (rule->fixed && severity < rule->severity) {
                *ret_problem = "that rule cannot be lowered: such a profile cannot be installed";
                return -EINVAL;
        }
        if (rule->late && severity == SEVERITY_ERROR) {
                *ret_problem =
                        "that rule cannot be an error: it is found once the profile is installed";
                return -EINVAL;
        }
        config->overrides[rule->id].is_set = true;
        config->overrides[rule->id].severity = severity;
        return 0;
}

Severity rule_config_severity(const RuleConfig *config, RuleId id, Severity severity) {
        if (config && config->overrides[id].is_set)
                return config->overrides[id].severity;
        return severity;
}
