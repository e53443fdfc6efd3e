/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a source is called, where it is and where its profiles go: one `--source` option, read
 * strictly, because a slip in it would put every profile of a team under names that no pod asks
 * for. What stands in a source is snapshot.c's.
 */

#include "node/source.h"

#include "base/utf8.h"

#include <errno.h>
#include <string.h>

const char *source_state_name(SourceState state) {
        static const char *const names[] = {
                [SOURCE_OK] = "ok",
                [SOURCE_MISSING] = "missing",
                [SOURCE_UNREADABLE] = "unreadable",
                [SOURCE_ORPHANED] = "orphaned",
        };

        return names[state];
}

/* Why `text` cannot be a name or a path below the destination, or NULL. Names that begin with a dot
 * are the agent's own there. */
static const char *plain_problem(const char *text, size_t size_bytes) {
        bool begins = true;

        for (size_t i = 0; i < size_bytes;) {
                uint32_t codepoint = 0;
                size_t length = utf8_decode(text + i, size_bytes - i, &codepoint);

                if (length == 0 || !utf8_is_harmless(codepoint))
                        return "has characters that cannot be shown";
                if (begins && codepoint == '.')
                        return "has a part that begins with a dot";
                if (begins && codepoint == '/')
                        return "must be a relative path, with one '/' between its parts";
                begins = codepoint == '/';
                i += length;
        }
        return begins && size_bytes > 0 ? "must not end with '/'" : NULL;
}

const char *source_path_problem(const char *path) {
        return plain_problem(path, strlen(path));
}

static const char *name_problem(const char *name, size_t size_bytes) {
        if (size_bytes == 0)
                return "has no name, and DIR no last part to take for it: write NAME=DIR";
        return plain_problem(name, size_bytes);
}

/* The last element of a path, which may end with slashes. */
static const char *last_element(const char *path, size_t size_bytes, size_t *ret_size_bytes) {
        const char *slash;

        while (size_bytes > 0 && path[size_bytes - 1] == '/')
                size_bytes--;
        slash = memrchr(path, '/', size_bytes);
        if (slash) {
                size_bytes -= (size_t) (slash + 1 - path);
                path = slash + 1;
        }
        *ret_size_bytes = size_bytes;
        return path;
}

int source_spec_parse(const char *text, CapabilitySet capabilities, SourceSpec *ret_spec,
        const char **ret_problem) {
        _cleanup_(source_spec_done) SourceSpec spec = { .capabilities = capabilities };
        const char *equals = strchr(text, '='), *slash = strchr(text, '/');
        bool is_named = equals && (!slash || equals < slash); /* else it belongs to DIR */
        const char *path = is_named ? equals + 1 : text, *colon = strrchr(path, ':');
        const char *subdir = colon ? colon + 1 : "", *name = text, *problem;
        size_t path_size = colon ? (size_t) (colon - path) : strlen(path);
        size_t name_size = is_named ? (size_t) (equals - text) : 0;

        if (!is_named)
                name = last_element(path, path_size, &name_size);
        problem = path_size == 0 ? "has an empty DIR" : name_problem(name, name_size);
        if (!problem)
                problem = source_path_problem(subdir);
        if (problem) {
                *ret_problem = problem;
                return -EINVAL;
        }
        spec.name = strndup(name, name_size);
        spec.path = strndup(path, path_size);
        spec.subdir = strdup(subdir);
        if (!spec.name || !spec.path || !spec.subdir)
                return -ENOMEM;
        *ret_spec = spec;
        spec = (SourceSpec){};
        return 0;
}

void source_spec_done(SourceSpec *spec) {
        free(spec->name);
        free(spec->path);
        free(spec->subdir);
        *spec = (SourceSpec){};
}
