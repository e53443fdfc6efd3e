/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The wrong document. People hand over what they have: the ConfigMap that carries the profile, the
 * security-profiles-operator's SeccompProfile, a Pod, the container's whole config.json. Each of
 * these decodes to an empty profile in Go, and the container runs unconfined. Read as a profile
 * they would give one "unknown key" for each of their keys and help nobody; so they are recognised
 * as what they are, and the answer says where the profile is.
 */

#include "profile/surface_foreign.h"

#include "base/cleanup.h"

#include <string.h>

static const cJSON *member(const cJSON *object, const char *key) {
        return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* Whether a string looks like a JSON object: a ConfigMap's value that may be a profile. */
static bool is_json_object(const cJSON *item) {
        const char *text = cJSON_GetStringValue(item);

        return text && text[strspn(text, " \t\r\n")] == '{';
}

/* Where in a Kubernetes object the profile is, for the hint; from the arena, NULL for no memory. */
static const char *find_profile(const Document *document) {
        const cJSON *data = member(document->root, "data"), *value = NULL;
        const char *kind = cJSON_GetStringValue(member(document->root, "kind"));

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
        return "nothing in it is a profile; a profile is an object with a defaultAction";
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
