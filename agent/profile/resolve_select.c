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

#include <string.h>

/* A selector as it is read: what a word that means nothing does to the rule hangs on these. */
typedef struct Selecting {
        const Resolver *resolver;
        bool is_includes; /* else `excludes` */
        bool denies;      /* the rule, under a default that permits */
} Selecting;

/* What becomes of the rule by a word that nothing fits. */
static const char *effect_of(const Selecting *selecting, bool applies) {
        if (!selecting->is_includes)
                return "nothing is kept out by it";
        if (applies)
                return "nothing is selected by it";
        return selecting->denies ? "the rule does not apply, and what it was to deny stays allowed"
                                 : "the rule does not apply";
}

static void refuse_word(const Selecting *selecting, const SurfaceString *word, bool applies,
        const char *hint, const char *kind) {
        const Resolver *resolver = selecting->resolver;
        bool vanishes = selecting->is_includes && selecting->denies && !applies;

        document_diag_as(resolver->document, resolver->diags, SP711,
                vanishes ? SEVERITY_ERROR : SEVERITY_WARNING, word->node, false, hint,
                "`%s` is no %s: %s", word->string, kind, effect_of(selecting, applies));
}

/* How many of the named capabilities a container has. */
static size_t count_capabilities(const Selecting *selecting, const SurfaceStrings *names) {
        const Resolver *resolver = selecting->resolver;
        size_t n = 0;

        for (size_t i = 0; i < names->n; i++) {
                const char *name = names->items[i].string;
                int number = capability_number(name);

                if (number < 0)
                        refuse_word(selecting, &names->items[i], false,
                                resolve_suggestion(resolver, capability_suggest, name),
                                "capability");
                else
                        n += resolver->options->capabilities.bits >> number & 1;
        }
        return n;
}

static bool names_native_arch(const Selecting *selecting, const SurfaceStrings *names) {
        const Resolver *resolver = selecting->resolver;
        const char *native = resolver->options->facts.arch->go_name;
        bool is_named = false;

        for (size_t i = 0; i < names->n && native; i++)
                is_named = is_named || strcmp(names->items[i].string, native) == 0;
        for (size_t i = 0; i < names->n; i++) {
                const char *name = names->items[i].string, *hint = NULL;

                if (arch_by_go_name(name))
                        continue;
                hint = resolve_suggestion(resolver, arch_suggest_go_name, name);
                refuse_word(selecting, &names->items[i], is_named, hint ? hint : GO_ARCHES_HINT,
                        "architecture of Docker's, which has Go's names");
        }
        return is_named;
}

/* Docker writes an empty version for none. */
static bool has_kernel(const SurfaceSelector *selector) {
        return selector->min_kernel.string && selector->min_kernel.string[0] != '\0';
}

/*
 * The version in a text that is none because of what stands around it: ">= 5.10", "v5.10", "5".
 * One with a '<' says the opposite of what the key does.
 */
static const char *version_hint(const Resolver *resolver, const char *text) {
        static const char digits[] = "0123456789";
        const char *at = text + strcspn(text, digits);
        int n_major = (int) strspn(at, digits), n_minor = 0;
        const char *minor = "0", *hint = NULL;
        unsigned parsed = 0;

        if (at[n_major] == '.' && strchr(digits, at[n_major + 1])) {
                minor = at + n_major + 1;
                n_minor = (int) strspn(minor, digits);
        } else if (at[n_major] == '\0') {
                n_minor = 1;
        }
        if (n_major > 0 && n_minor > 0 && !memchr(text, '<', (size_t) (at - text)))
                hint = arena_printf(
                        resolver->document->arena, "%.*s.%.*s", n_major, at, n_minor, minor);
        if (!hint || kernel_version_parse(hint, &parsed, &parsed) < 0)
                hint = NULL;
        return hint ? arena_printf(resolver->document->arena, "write it as \"%s\"", hint)
                    : "write major and minor alone, as in \"4.8\"";
}

static bool kernel_is_reached(const Resolver *resolver, const SurfaceString *version) {
        const NodeFacts *facts = &resolver->options->facts;
        unsigned major = 0, minor = 0;

        if (kernel_version_parse(version->string, &major, &minor) < 0) {
                document_diag_as(resolver->document, resolver->diags, SP712, SEVERITY_ERROR,
                        version->node, false, version_hint(resolver, version->string),
                        "`%s` is no kernel version: Docker refuses the profile", version->string);
                return false;
        }
        return facts->kernel_major > major ||
                (facts->kernel_major == major && facts->kernel_minor >= minor);
}

static bool includes_node(const Selecting *selecting, const SurfaceSelector *includes) {
        bool has_caps = count_capabilities(selecting, &includes->caps) == includes->caps.n;
        bool is_named = names_native_arch(selecting, &includes->arches);
        bool is_reached = !has_kernel(includes) ||
                kernel_is_reached(selecting->resolver, &includes->min_kernel);

        return has_caps && (is_named || includes->arches.n == 0) && is_reached;
}

static bool excludes_node(const Selecting *selecting, const SurfaceSelector *excludes) {
        bool has_caps = count_capabilities(selecting, &excludes->caps) > 0;
        bool is_named = names_native_arch(selecting, &excludes->arches);
        bool is_reached = has_kernel(excludes) &&
                kernel_is_reached(selecting->resolver, &excludes->min_kernel);

        return has_caps || is_named || is_reached;
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

bool resolve_select(
        const Resolver *resolver, const SurfaceRule *rule, bool denies, Selection *selection) {
        const Selecting includes = { resolver, .is_includes = true, .denies = denies };
        const Selecting excludes = { resolver, .is_includes = false, .denies = denies };
        bool has_includes = note_selector(&rule->includes, selection);
        bool has_excludes = note_selector(&rule->excludes, selection);
        bool is_included = includes_node(&includes, &rule->includes);
        bool is_excluded = excludes_node(&excludes, &rule->excludes);
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
