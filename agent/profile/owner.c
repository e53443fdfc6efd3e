/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The owner's decisions, read. A mistake in them is worse than one in a profile, because it is
 * silent: a misspelt call forbids nothing. So every word is held against what is known, and a name
 * that libseccomp does not know is taken only if it is not near one that it knows.
 */

#include "profile/owner.h"

#include "base/cleanup.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include "profile/policy_check_internal.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void owner_config_done(OwnerConfig *config) {
        for (size_t i = 0; i < config->policy.n_forbidden; i++)
                free(config->policy.forbidden[i]);
        free(config->policy.forbidden);
        *config = (OwnerConfig){};
}

static void put_suggestion(Buf *problem, const char *near) {
        if (near)
                buf_printf(problem, "; did you mean %s?", near);
}

static int set_rule(OwnerConfig *config, const char *value, Buf *problem) {
        const char *what = NULL;
        const Rule *near = NULL;

        if (rule_config_parse(&config->rules, value, &what) == 0)
                return 0;
        buf_puts(problem, what);
        near = rules_suggest(value);
        if (near && value[strcspn(value, "=")] == '=' &&
                strtoul(value + strcspn(value, "0123456789="), NULL, 10) != near->id)
                buf_printf(problem, "; did you mean SP%03u%s?", (unsigned) near->id,
                        value + strcspn(value, "="));
        return -EINVAL;
}

static int forbid_syscall(OwnerConfig *config, const char *value, Buf *problem) {
        OwnerPolicy *policy = &config->policy;
        size_t n_arches = 0;
        const Arch *first = arch_all(&n_arches);
        const char *near = NULL;
        char **grown = NULL, *copy = NULL;
        int nr = -1;

        if (!syscall_name_is_possible(value)) {
                buf_puts(problem, "that cannot be the name of a system call");
                return -EINVAL;
        }
        if (syscall_number(first, value, &nr) == SYSCALL_UNKNOWN && !name_is_newer(value))
                near = syscall_suggest(first, value);
        if (near) {
                buf_puts(problem, "libseccomp knows no such system call");
                put_suggestion(problem, near);
                return -EINVAL;
        }
        grown = reallocarray(policy->forbidden, policy->n_forbidden + 1, sizeof(char *));
        copy = strdup(value);
        if (grown)
                policy->forbidden = grown;
        if (!grown || !copy) {
                free(copy);
                return -ENOMEM;
        }
        policy->forbidden[policy->n_forbidden++] = copy;
        return 0;
}

static int add_action(uint32_t *actions, const char *value, Buf *problem) {
        ActionKind kind;

        if (action_kind_parse(value, &kind) < 0) {
                buf_puts(problem, "unknown action");
                put_suggestion(problem, action_suggest(value));
                return -EINVAL;
        }
        *actions |= ACTION_BIT(kind);
        return 0;
}

static int allow_action(OwnerConfig *config, const char *value, Buf *problem) {
        return add_action(&config->policy.allowed_actions, value, problem);
}

static int require_default(OwnerConfig *config, const char *value, Buf *problem) {
        return add_action(&config->policy.required_defaults, value, problem);
}

static const struct {
        const char *name;
        int (*set)(OwnerConfig *config, const char *value, Buf *problem);
} keys[] = {
        { "rule", set_rule },
        { "forbid-syscall", forbid_syscall },
        { "allowed-action", allow_action },
        { "require-default", require_default },
};

int owner_config_set(OwnerConfig *config, const char *key, const char *value, Buf *problem) {
        const char *names[N_ELEMENTS(keys)];

        for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
                names[i] = keys[i].name;
                if (strcmp(keys[i].name, key) == 0)
                        return keys[i].set(config, value, problem);
        }
        buf_printf(problem, "unknown key '%s'", key);
        put_suggestion(problem, suggest_nearest(key, names, N_ELEMENTS(names)));
        return -EINVAL;
}

/* Whether a line may be shown to a person. */
static bool is_text(const char *line) {
        for (size_t at = 0, size = strlen(line); at < size;) {
                uint32_t codepoint = 0;
                size_t length = utf8_decode(line + at, size - at, &codepoint);

                if (length == 0 || (codepoint != '\t' && !utf8_is_harmless(codepoint)))
                        return false;
                at += length;
        }
        return true;
}

/* One line, which is changed. Returns as owner_config_set(). */
static int read_line(OwnerConfig *config, char *line, Buf *problem) {
        static const char blank[] = " \t\r";
        size_t length = strlen(line);
        char *key = NULL, *value = NULL;
        _cleanup_buf_ Buf what = {};
        int r;

        while (length > 0 && strchr(blank, line[length - 1]))
                line[--length] = '\0';
        key = line + strspn(line, blank);
        if (*key == '\0' || *key == '#')
                return 0;
        if (!is_text(line)) {
                buf_puts(problem, "that is no text");
                return -EINVAL;
        }
        value = key + strcspn(key, blank);
        if (*value == '\0') {
                buf_printf(problem, "'%s' has no value; a line is written KEY VALUE", key);
                return -EINVAL;
        }
        *value++ = '\0';
        value += strspn(value, blank);
        r = owner_config_set(config, key, value, &what);
        if (r == -EINVAL)
                buf_printf(problem, "%s %s: %s", key, value, what.data ? what.data : "");
        return r;
}

int owner_config_read(
        OwnerConfig *config, const char *name, const char *bytes, size_t size_bytes, Buf *problem) {
        unsigned number = 1;

        for (size_t at = 0; at < size_bytes; number++) {
                const char *end = memchr(bytes + at, '\n', size_bytes - at);
                size_t length = end ? (size_t) (end - bytes) - at : size_bytes - at;
                _cleanup_free_ char *line = strndup(bytes + at, length);
                _cleanup_buf_ Buf what = {};
                int r = line ? 0 : -ENOMEM;

                if (r == 0 && strlen(line) != length) {
                        buf_puts(&what, "that is no text");
                        r = -EINVAL;
                }
                if (r == 0)
                        r = read_line(config, line, &what);
                if (r == -EINVAL)
                        buf_printf(problem, "%s:%u: %s", name, number,
                                buf_error(&what) == 0 && what.data ? what.data : "");
                if (r < 0)
                        return r;
                at += length + 1;
        }
        return 0;
}
