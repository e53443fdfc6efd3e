/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Architectures. A filter decides by the architecture of a call first: what is not listed is
 * killed, so the policy's list is explicit and the native architecture always its first entry,
 * which is what libseccomp makes of any list. Nothing else is added: a profile that lists none
 * kills i386 calls on x86_64, and must go on doing so.
 *
 * Docker's archMap gives the list of the entry for the native architecture; its other entries are
 * for other nodes. A flat list may name foreign architectures too, in profiles that are meant for
 * every node: they are left out, because a runtime refuses some and can use none.
 */

#include "profile/resolve_internal.h"

/* A flat list as it is read. */
typedef struct ArchList {
        const Arch *native;
        SurfaceString foreign; /* the first outside the family */
        size_t n_foreign;
        uint32_t repeated_node; /* of the first that was there already, or TEXT_NO_NODE */
        bool has_native;
} ArchList;

static const Arch *find_arch(const Resolver *resolver, const SurfaceString *name) {
        const Arch *arch = arch_by_name(name->string);
        const char *hint = NULL;

        if (arch)
                return arch;
        hint = resolve_suggestion(resolver, arch_suggest, name->string);
        document_diag(resolver->document, resolver->diags, SP411, name->node, false,
                hint ? hint : ARCHES_HINT,
                "unknown architecture `%s`: runtimes refuse to start the container", name->string);
        return NULL;
}

static bool has_arch(const Policy *policy, const Arch *arch) {
        for (size_t i = 0; i < policy->n_arches; i++)
                if (policy->arches[i] == arch)
                        return true;
        return false;
}

static void add_arches(
        const Resolver *resolver, const SurfaceStrings *names, Policy *policy, ArchList *list) {
        for (size_t i = 0; i < names->n; i++) {
                const SurfaceString *name = &names->items[i];
                const Arch *arch = find_arch(resolver, name);

                if (!arch)
                        continue;
                if (!arch_in_family(list->native, arch)) {
                        if (list->n_foreign++ == 0)
                                list->foreign = *name;
                } else if (arch == list->native && !list->has_native) {
                        list->has_native = true;
                } else if (has_arch(policy, arch)) {
                        if (list->repeated_node == TEXT_NO_NODE)
                                list->repeated_node = name->node;
                } else if (policy->n_arches < POLICY_ARCHES_MAX) {
                        policy->arches[policy->n_arches++] = arch;
                }
        }
}

static void report_list(const Resolver *resolver, const ArchList *list) {
        const char *native = list->native->name;

        if (list->n_foreign == 1)
                document_diag(resolver->document, resolver->diags, SP412, list->foreign.node, false,
                        NULL, "%s cannot run on this node, which is %s: it is left out",
                        list->foreign.string, native);
        else if (list->n_foreign > 1)
                document_diag(resolver->document, resolver->diags, SP412, list->foreign.node, false,
                        NULL,
                        "%s and %zu more cannot run on this node, which is %s: they are left out",
                        list->foreign.string, list->n_foreign - 1, native);
        if (list->repeated_node != TEXT_NO_NODE)
                document_diag(resolver->document, resolver->diags, SP416, list->repeated_node,
                        false, "take it out", "the architecture is listed already");
}

static void resolve_list(const Resolver *resolver, Policy *policy) {
        const SurfaceStrings *names = &resolver->surface->architectures;
        const Arch *native = policy->arches[0];
        ArchList list = { .native = native, .repeated_node = TEXT_NO_NODE };

        add_arches(resolver, names, policy, &list);
        if (list.n_foreign == names->n && !names->is_broken) {
                document_diag_as(resolver->document, resolver->diags, SP412, SEVERITY_ERROR,
                        names->node, false,
                        arena_printf(resolver->document->arena, "add \"%s\"", native->name),
                        "no architecture of the list can run on this node, which is %s: the "
                        "profile is for others",
                        native->name);
                return;
        }
        report_list(resolver, &list);
        if (!list.has_native && policy->n_arches > 1)
                document_diag(resolver->document, resolver->diags, SP416, names->node, false, NULL,
                        "%s, this node's own architecture, is not listed: libseccomp adds it, "
                        "and so does the canonical form",
                        native->name);
}

/* Docker takes the first entry for the native architecture; no entry means that one alone. */
static void resolve_map(const Resolver *resolver, Policy *policy) {
        const Surface *surface = resolver->surface;
        const SurfaceStrings *found = NULL;
        const Arch *native = policy->arches[0];

        for (size_t i = 0; i < surface->n_arch_map; i++) {
                const SurfaceArchMap *entry = &surface->arch_map[i];
                const Arch *arch = NULL;

                if (entry->arch.string)
                        arch = find_arch(resolver, &entry->arch);
                else if (entry->arch.node == TEXT_NO_NODE)
                        document_diag(resolver->document, resolver->diags, SP411, entry->node,
                                false, "\"architecture\": \"SCMP_ARCH_X86_64\", or another",
                                "the entry has no `architecture`: runtimes cannot tell for which "
                                "nodes it is");
                if (arch && arch == native && !found)
                        found = &entry->sub_arches;
                else
                        for (size_t j = 0; j < entry->sub_arches.n; j++)
                                find_arch(resolver, &entry->sub_arches.items[j]);
        }
        if (found) {
                ArchList list = {
                        .native = native,
                        .repeated_node = TEXT_NO_NODE,
                        .has_native = true,
                };

                add_arches(resolver, found, policy, &list);
                report_list(resolver, &list);
        }
}

void resolve_arches(const Resolver *resolver, Policy *policy) {
        const Surface *surface = resolver->surface;

        policy->arches[policy->n_arches++] = resolver->options->facts.arch;
        if (surface->architectures.n > 0 && surface->n_arch_map > 0)
                document_diag(resolver->document, resolver->diags, SP417, surface->arch_map_node,
                        true, "keep `architectures`, which every runtime reads",
                        "archMap stands beside architectures: Docker and CRI-O refuse the "
                        "profile, containerd drops archMap");
        if (surface->architectures.n > 0)
                resolve_list(resolver, policy);
        resolve_map(resolver, policy);
        if (surface->architectures.n == 0 && policy->n_arches > 1)
                document_diag(resolver->document, resolver->diags, SP418, surface->arch_map_node,
                        true, "list them in `architectures`, which every runtime reads",
                        "containerd drops archMap and has the calls of all architectures but this "
                        "node's own killed; the canonical form lists %zu for this node",
                        policy->n_arches);
}
