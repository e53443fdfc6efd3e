/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The wrong document. People hand over what they have: the ConfigMap that carries the profile, the
 * security-profiles-operator's SeccompProfile, a Pod, the container's whole config.json, a profile
 * in one object too many. Each of these decodes to an empty profile in Go, and the container runs
 * unconfined. Read as a profile they would give one "unknown key" for each of their keys and help
 * nobody; so they are recognised as what they are, and the answer says where the profile is.
 */

#include "profile/surface_foreign.h"

#include "base/cleanup.h"

#include <string.h>

#define NOTHING "nothing in it is a profile: is it the right file?"

static const cJSON *member(const cJSON *object, const char *key) {
        return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* Whether a string looks like a JSON object: a ConfigMap's value that may be a profile. */
static bool is_json_object(const cJSON *item) {
        const char *text = cJSON_GetStringValue(item);

        return text && text[strspn(text, " \t\r\n")] == '{';
}

static bool has_key(const Document *document, const TextNode *node, const char *key) {
        size_t length = strlen(key);

        return node->key.length == length + 2 &&
                memcmp(document->text.bytes + node->key.offset + 1, key, length) == 0;
}

/* The object, not the root, that is most likely a profile; 0 for none. */
static uint32_t find_object(const Document *document) {
        const Text *text = &document->text;

        for (uint32_t i = 1; i < text->n_nodes; i++) {
                const TextNode *node = &text->nodes[i];

                if (node->parent != 0 &&
                        ((node->type == TEXT_STRING && has_key(document, node, "defaultAction")) ||
                                (node->type == TEXT_ARRAY && has_key(document, node, "syscalls"))))
                        return node->parent;
        }
        return 0;
}

/* The text in the root that is most likely a profile, as `kubectl -o jsonpath={.data}` prints one.
 */
static uint32_t find_text(const Document *document) {
        const cJSON *item = NULL;

        cJSON_ArrayForEach (item, document->root)
                if (is_json_object(item) && strstr(item->valuestring, "\"defaultAction\""))
                        return document_node(item);
        return 0;
}

/* What says which file the profile is: in a pod, in Docker's and CRI-O's settings. */
static uint32_t find_file(const Document *document) {
        static const char *const keys[] = { "localhostProfile", "seccomp-profile",
                "seccomp_profile" };
        const Text *text = &document->text;

        for (uint32_t i = 1; i < text->n_nodes; i++)
                for (size_t j = 0; j < N_ELEMENTS(keys); j++)
                        if (text->nodes[i].type == TEXT_STRING &&
                                has_key(document, &text->nodes[i], keys[j]))
                                return i;
        return 0;
}

const char *surface_foreign_inside(const Document *document, uint32_t *ret_node) {
        static const struct {
                uint32_t (*find)(const Document *document);
                const char *before, *behind;
        } kinds[] = {
                { find_object, "the profile is the object at ", ": give that alone" },
                { find_text, "the profile is the text in ", ": give that alone" },
                { find_file, "", " says which file is the profile: give that one" },
        };

        for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
                uint32_t node = kinds[i].find(document);
                const char *pointer = NULL;

                if (node == 0)
                        continue;
                *ret_node = node;
                pointer = text_pointer(document->arena, &document->text, node);
                return pointer ? arena_printf(document->arena, "%s%s%s", kinds[i].before, pointer,
                                         kinds[i].behind)
                               : NULL;
        }
        return NULL;
}

/* Where in a Kubernetes object the profile is, for the hint; from the arena, NULL for no memory. */
static const char *find_profile(const Document *document) {
        const cJSON *data = member(document->root, "data"), *value = NULL;
        const char *kind = cJSON_GetStringValue(member(document->root, "kind")), *inside = NULL;
        uint32_t node;

        cJSON_ArrayForEach (value, data) {
                if (is_json_object(value))
                        return arena_printf(document->arena,
                                "the profile is the text in /data/%s: give that, or mount the "
                                "ConfigMap as a source",
                                value->string);
        }
        if (member(member(document->root, "spec"), "defaultAction"))
                return "the profile is the object at /spec: give that alone, without apiVersion, "
                       "kind and metadata";
        if (kind && strcmp(kind, "ConfigMap") == 0)
                return "no value under /data is a JSON object, so it holds no profile";
        inside = surface_foreign_inside(document, &node);
        return inside ? inside : NOTHING;
}

static bool find_kubernetes(const Document *document, DiagList *diags) {
        static const char *const keys[] = { "apiVersion", "kind", "spec", "metadata" };
        const char *kind = cJSON_GetStringValue(member(document->root, "kind"));
        const cJSON *found = NULL;

        for (size_t i = 0; i < N_ELEMENTS(keys) && !found; i++)
                found = member(document->root, keys[i]);
        if (!found)
                return false;
        document_diag(document, diags, SP202, document_node(found), true, find_profile(document),
                "this is a Kubernetes object%s%s, not a profile: a runtime finds no defaultAction "
                "in it and runs the container unconfined",
                kind ? " of kind " : "", kind ? kind : "");
        return true;
}

static bool find_oci(const Document *document, DiagList *diags) {
        const cJSON *linux_part = member(document->root, "linux"), *found = NULL;
        const char *hint = NULL;

        if (cJSON_IsObject(member(linux_part, "seccomp"))) {
                found = linux_part;
                hint = "the profile is the object at /linux/seccomp: give that alone";
        } else if (cJSON_IsObject(member(document->root, "seccomp"))) {
                found = member(document->root, "seccomp");
                hint = "the profile is the object at /seccomp: give that alone";
        } else if (member(document->root, "ociVersion")) {
                found = member(document->root, "ociVersion");
                hint = "its /linux/seccomp would be the profile, but it has none";
        }
        if (!found)
                return false;
        document_diag(document, diags, SP202, document_node(found), true, hint,
                "this is an OCI runtime configuration, not a profile: a runtime finds no "
                "defaultAction in it and runs the container unconfined");
        return true;
}

bool surface_foreign_find(const Document *document, DiagList *diags) {
        if (member(document->root, "defaultAction"))
                return false;
        return find_kubernetes(document, diags) || find_oci(document, diags);
}

void surface_foreign_refuse(const Document *document, DiagList *diags) {
        uint32_t node = document_node(document->root->child);
        const char *inside = surface_foreign_inside(document, &node);

        document_diag(document, diags, SP202, node, true, inside ? inside : NOTHING,
                "this is no profile, none of its keys is one of a profile's: a runtime finds no "
                "defaultAction in it and runs the container unconfined");
}
