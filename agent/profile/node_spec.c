/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Another node than this one, in words: a profile is often written on a desk of one kind for nodes
 * of another. What a kernel offers is known from its version here, where node/probe asks the kernel
 * itself; libseccomp is always the one that is linked, because it compiles.
 */

#include "profile/node_spec.h"

#include "base/cleanup.h"
#include "base/suggest.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <string.h>

#define ARCHES_MAX 32

/* The first kernel with an action (seccomp(2)). */
static const struct {
        unsigned major, minor;
} first_kernels[N_ACTION_KINDS] = {
        [ACTION_KILL_THREAD] = { 3, 5 },
        [ACTION_KILL_PROCESS] = { 4, 14 },
        [ACTION_TRAP] = { 3, 5 },
        [ACTION_ERRNO] = { 3, 5 },
        [ACTION_TRACE] = { 3, 5 },
        [ACTION_LOG] = { 4, 14 },
        [ACTION_ALLOW] = { 3, 5 },
        [ACTION_NOTIFY] = { 5, 0 },
};

static uint32_t offered_actions(unsigned major, unsigned minor) {
        uint32_t actions = 0;

        for (ActionKind kind = 0; kind < N_ACTION_KINDS; kind++)
                if (major > first_kernels[kind].major ||
                        (major == first_kernels[kind].major && minor >= first_kernels[kind].minor))
                        actions |= ACTION_BIT(kind);
        return actions;
}

static int refuse(Buf *problem, const char *what, const char *value, const char *near) {
        buf_printf(problem, "%s '%s'", what, value);
        if (near)
                buf_printf(problem, "; did you mean '%s'?", near);
        return -EINVAL;
}

/* The nearest of all machines and Go's names, else by what else it may be called. */
static const char *suggest_arch(const char *value) {
        const char *known[2 * ARCHES_MAX];
        size_t n_arches = 0, n = 0;
        const Arch *arches = arch_all(&n_arches);
        const char *near = NULL;

        for (size_t i = 0; i < n_arches && n + 2 <= N_ELEMENTS(known); i++) {
                if (!arches[i].machine)
                        continue;
                known[n++] = arches[i].machine;
                if (arches[i].go_name)
                        known[n++] = arches[i].go_name;
        }
        near = suggest_nearest(value, known, n);
        return near ? near : arch_suggest(value);
}

static int parse_arch(const char *value, CheckOptions *options, Buf *problem) {
        const Arch *arch = arch_by_machine(value);
        int nr = -1;

        if (!arch)
                arch = arch_by_go_name(value);
        if (!arch)
                arch = arch_by_name(value);
        if (!arch)
                return refuse(problem, "no node has the architecture", value, suggest_arch(value));
        if (!arch->machine) {
                buf_printf(problem, "no node has the architecture '%s' for its own", value);
                return -EINVAL;
        }
        if (syscall_number(arch, "execve", &nr) != SYSCALL_KNOWN) {
                buf_printf(problem, "libseccomp %u.%u.%u does not know the architecture '%s'",
                        options->facts.libseccomp_major, options->facts.libseccomp_minor,
                        options->facts.libseccomp_micro, value);
                return -EINVAL;
        }
        options->facts.arch = arch;
        return 0;
}

static int parse_kernel(const char *value, CheckOptions *options, Buf *problem) {
        NodeFacts *facts = &options->facts;

        if (kernel_version_parse(value, &facts->kernel_major, &facts->kernel_minor) < 0) {
                buf_printf(problem, "'%s' is no kernel version; write it as 5.10", value);
                return -EINVAL;
        }
        facts->actions = offered_actions(facts->kernel_major, facts->kernel_minor);
        return 0;
}

static int parse_caps(const char *value, CheckOptions *options, Buf *problem) {
        _cleanup_free_ char *unknown = NULL;
        const char *word = value;

        if (capabilities_parse(value, &options->capabilities, &word) == 0)
                return 0;
        unknown = strndup(word, strcspn(word, ","));
        if (!unknown)
                return -ENOMEM;
        return refuse(problem, "unknown capability", unknown, capability_suggest(unknown));
}

static const struct {
        const char *key;
        int (*parse)(const char *value, CheckOptions *options, Buf *problem);
} keys[] = {
        { "arch", parse_arch },
        { "kernel", parse_kernel },
        { "caps", parse_caps },
};

/* Where the next KEY= begins behind the comma at or after `text`, or the end. */
static char *find_end(char *text) {
        for (char *comma = strchr(text, ','); comma; comma = strchr(comma + 1, ','))
                if (comma[1 + strcspn(comma + 1, ",=")] == '=')
                        return comma;
        return text + strlen(text);
}

static int parse_word(const char *word, CheckOptions *options, Buf *problem) {
        const char *names[N_ELEMENTS(keys)], *near = NULL;
        size_t length = strcspn(word, "=");
        _cleanup_free_ char *key = strndup(word, length);

        if (!key)
                return -ENOMEM;
        for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
                names[i] = keys[i].key;
                if (strcmp(keys[i].key, key) == 0 && word[length] == '=')
                        return keys[i].parse(word + length + 1, options, problem);
        }
        near = suggest_nearest(key, names, N_ELEMENTS(names));
        if (near)
                return refuse(problem, "what is", word, near);
        buf_printf(problem, "what is '%s'? A node is written arch=…,kernel=…,caps=…", word);
        return -EINVAL;
}

int node_spec_parse(const char *text, CheckOptions *options, Buf *problem) {
        _cleanup_free_ char *copy = strdup(text);
        CheckOptions parsed = *options;
        int r = copy ? 0 : -ENOMEM;
        bool is_last = false;

        for (char *word = copy; r == 0 && !is_last;) {
                char *end = find_end(word);

                is_last = *end == '\0';
                *end = '\0';
                r = parse_word(word, &parsed, problem);
                word = end + 1;
        }
        if (r == 0)
                r = buf_error(problem);
        if (r == 0)
                *options = parsed;
        return r;
}
