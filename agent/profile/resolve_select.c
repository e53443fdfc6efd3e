/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Docker's selectors: a rule with `includes` or `excludes` is for some containers and nodes only.
 * Docker decides that at each container's start, by its bounding set; containerd knows neither key
 * and would apply every rule to every container. Here it is decided once, for the capabilities that
 * the owner of the node names (containerd's default ones unless told otherwise) and for this node's
 * architecture and kernel.
 *
 * As in moby (profiles/seccomp): all parts of `includes` must hold, and of its capabilities every
 * one; any part of `excludes` keeps the rule out, and of its capabilities any one.
 */

#include "profile/resolve_internal.h"

#include "base/suggest.h"

#include <string.h>

#define CAPABILITIES_MAX 64 /* bits of a CapabilitySet */

static const char *suggest_capability(const char *word) {
        const char *known[CAPABILITIES_MAX];
        size_t n = 0;

        for (unsigned i = 0; i < capability_count() && n < CAPABILITIES_MAX; i++)
                known[n++] = capability_name(i);
        return suggest_nearest(word, known, n);
}

/* How many of the named capabilities a container has. */
static size_t count_capabilities(const Resolver *resolver, const SurfaceStrings *names) {
        size_t n = 0;

        for (size_t i = 0; i < names->n; i++) {
                int number = capability_number(names->items[i].string);

                if (number < 0)
                        document_diag_as(resolver->document, resolver->diags, SP711,
                                SEVERITY_WARNING, names->items[i].node, false,
                                resolve_suggestion(
                                        resolver, suggest_capability, names->items[i].string),
                                "`%s` is no capability: no container has it",
                                names->items[i].string);
                else if (resolver->options->capabilities.bits >> number & 1)
                        n++;
        }
        return n;
}

static bool names_native_arch(const Resolver *resolver, const SurfaceStrings *names) {
        const char *native = resolver->options->facts.arch->go_name;

        for (size_t i = 0; i < names->n && native; i++)
                if (strcmp(names->items[i].string, native) == 0)
                        return true;
        return false;
}

/* Docker writes an empty version for none. */
static bool has_kernel(const SurfaceSelector *selector) {
        return selector->min_kernel.string && selector->min_kernel.string[0] != '\0';
}

static bool kernel_is_reached(const Resolver *resolver, const SurfaceString *version) {
        const NodeFacts *facts = &resolver->options->facts;
        unsigned major = 0, minor = 0;

        if (kernel_version_parse(version->string, &major, &minor) < 0) {
                document_diag_as(resolver->document, resolver->diags, SP712, SEVERITY_ERROR,
                        version->node, false, "write it as \"4.8\"",
                        "`%s` is no kernel version: Docker refuses the profile", version->string);
                return false;
        }
        return facts->kernel_major > major ||
                (facts->kernel_major == major && facts->kernel_minor >= minor);
}

static bool includes_node(const Resolver *resolver, const SurfaceSelector *includes) {
        bool has_caps = count_capabilities(resolver, &includes->caps) == includes->caps.n;
        bool has_arch = includes->arches.n == 0 || names_native_arch(resolver, &includes->arches);
        bool is_reached =
                !has_kernel(includes) || kernel_is_reached(resolver, &includes->min_kernel);

        return has_caps && has_arch && is_reached;
}

static bool excludes_node(const Resolver *resolver, const SurfaceSelector *excludes) {
        bool has_caps = count_capabilities(resolver, &excludes->caps) > 0;
        bool has_arch = names_native_arch(resolver, &excludes->arches);
        bool is_reached =
                has_kernel(excludes) && kernel_is_reached(resolver, &excludes->min_kernel);

        return has_caps || has_arch || is_reached;
}

/* Notes where a selector says something. Returns whether it does. */
static bool note_selector(const SurfaceSelector *selector, Selection *selection) {
        bool has_words = selector->caps.n > 0 || selector->arches.n > 0;

        if (has_words && selection->caps_node == TEXT_NO_NODE)
                selection->caps_node = selector->node;
        if (has_kernel(selector) && selection->kernel_node == TEXT_NO_NODE)
                selection->kernel_node = selector->min_kernel.node;
        return has_words || has_kernel(selector);
}

bool resolve_select(const Resolver *resolver, const SurfaceRule *rule, Selection *selection) {
        bool has_includes = note_selector(&rule->includes, selection);
        bool has_excludes = note_selector(&rule->excludes, selection);
        bool is_included = includes_node(resolver, &rule->includes);
        bool is_excluded = excludes_node(resolver, &rule->excludes);
        bool is_selected = is_included && !is_excluded;

        if (has_includes || has_excludes) {
                selection->n_selective++;
                selection->n_selected += is_selected;
        }
        return is_selected;
}

void resolve_select_report(const Resolver *resolver, const Selection *selection) {
        const NodeFacts *facts = &resolver->options->facts;

        if (selection->caps_node != TEXT_NO_NODE)
                document_diag(resolver->document, resolver->diags, SP711, selection->caps_node,
                        true, NULL,
                        "includes and excludes are resolved for this node's container "
                        "capabilities and architecture: %zu of %zu such rules apply",
                        selection->n_selected, selection->n_selective);
        if (selection->kernel_node != TEXT_NO_NODE)
                document_diag(resolver->document, resolver->diags, SP712, selection->kernel_node,
                        true, NULL, "minKernel is resolved for this node's kernel, %u.%u",
                        facts->kernel_major, facts->kernel_minor);
}
