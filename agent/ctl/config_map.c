/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Profiles inside ConfigMaps. What a cluster holds comes out of `kubectl get configmap -o json` as
 * an object, or a List of objects, whose data are strings; each such string is a profile of its own
 * here, with places in its own text. The outer text is scanned by the strict scan too, which knows
 * where each string stands, so that a place in the profile can be found in the file as well.
 *
 * Everything else is left as it is, also what is not JSON: the check says what is wrong with it.
 */

#include "ctl/ctl.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#define PROFILE_PATTERN "*.json"
#define PROFILE_KEY     "defaultAction"

static const TextLimits limits = { .size_bytes = 64U << 20, .n_nodes = 4U << 20 };

static uint32_t next_child(const Text *text, uint32_t parent, uint32_t after) {
        const Span around = text->nodes[parent].value;

        for (uint32_t i = after + 1; i < text->n_nodes; i++) {
                if (text->nodes[i].value.offset >= around.offset + around.length)
                        break;
                if (text->nodes[i].parent == parent)
                        return i;
        }
        return TEXT_NO_NODE;
}

/* Whether a span of the text, with its quotes, is the word. */
static bool reads(const Text *text, Span span, const char *word) {
        size_t length = strlen(word);

        return span.length == length + 2 &&
                memcmp(text->bytes + span.offset + 1, word, length) == 0;
}

/* An object's member of that key and type, or TEXT_NO_NODE. */
static uint32_t member(const Text *text, uint32_t object, const char *key, TextType type) {
        for (uint32_t i = next_child(text, object, object); i != TEXT_NO_NODE;
                i = next_child(text, object, i))
                if (reads(text, text->nodes[i].key, key) && text->nodes[i].type == type)
                        return i;
        return TEXT_NO_NODE;
}

static bool is_of_kind(const Text *text, uint32_t object, const char *kind) {
        uint32_t node = member(text, object, "kind", TEXT_STRING);

        return node != TEXT_NO_NODE && reads(text, text->nodes[node].value, kind);
}

static int base64_digit(char character) {
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *digit = character ? strchr(digits, character) : NULL;

        return digit ? (int) (digit - digits) : -EINVAL;
}

/* RFC 4648, section 4, as Kubernetes writes it: padded, no line breaks. Returns 0 or -EINVAL. */
static int put_decoded(Buf *out, const char *text, size_t size_bytes) {
        if (size_bytes % 4 != 0)
                return -EINVAL;
        for (size_t i = 0; i < size_bytes; i += 4) {
                size_t n = 4;
                unsigned bits = 0;

                if (i + 4 == size_bytes)
                        n -= (text[i + 3] == '=') + (text[i + 3] == '=' && text[i + 2] == '=');
                for (size_t j = 0; j < 4; j++) {
                        int digit = j < n ? base64_digit(text[i + j]) : 0;

                        if (digit < 0)
                                return digit;
                        bits = bits << 6 | (unsigned) digit;
                }
                for (size_t j = 0; j + 1 < n; j++)
                        buf_putc(out, (char) (bits >> (16 - 8 * j) & 0xff));
        }
        return 0;
}

static Input *append(Inputs *inputs) {
        Input *grown = reallocarray(inputs->items, inputs->n + 1, sizeof(*grown));

        if (!grown)
                return NULL;
        inputs->items = grown;
        grown[inputs->n] = (Input){};
        return &grown[inputs->n++];
}

/* What the value of a key says, decoded if it is binary; or what keeps it from being a profile. */
static int read_value(const Text *text, const TextNode *node, Input *input) {
        _cleanup_buf_ Buf says = {}, decoded = {};
        Buf *bytes = &says;

        if (node->type != TEXT_STRING) {
                input->problem =
                        "is not a string: a ConfigMap holds a profile as a text, as `kubectl "
                        "create configmap NAME --from-file=FILE` writes it";
                return 0;
        }
        input->literal = node->value;
        text_put_string(&says, text, node->value);
        buf_append(&says, "", 0); /* so that an empty one has an address */
        if (input->is_encoded && buf_error(&says) == 0) {
                if (put_decoded(&decoded, says.data, says.size) < 0) {
                        input->problem = "is not base64";
                        return 0;
                }
                buf_append(&decoded, "", 0);
                bytes = &decoded;
        }
        return buf_take(bytes, &input->bytes, &input->size_bytes);
}

/* Whether a value says what every profile says. One in base64 is not looked into. */
static bool looks_like_profile(const Text *text, const TextNode *node) {
        const Span value = node->value;

        return node->type == TEXT_STRING &&
                memmem(text->bytes + value.offset, value.length, PROFILE_KEY, strlen(PROFILE_KEY));
}

/* "web.json" of "web" and "web.yaml". What Kubernetes takes for no key is not repeated. */
static const char *right_name(Arena *arena, const char *name) {
        static const char plain[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
        const char *dot = strrchr(name, '.');
        int length = dot && dot > name ? (int) (dot - name) : (int) strlen(name);

        if (name[strspn(name, plain)] != '\0' || length == 0)
                return "….json";
        return arena_printf(arena, "%.*s.json", length, name);
}

static char *shown_name(
        const Container *container, const char *prefix, bool is_encoded, const char *key) {
        char *name = NULL;

        if (asprintf(&name, "%s#%s%s/%s", container->name, prefix,
                    is_encoded ? "binaryData" : "data", key) < 0)
                return NULL;
        return name;
}

/* Notes a key that does not match. */
static int pass_key(Inputs *inputs, const Container *container, const char *prefix,
        const TextNode *key, bool is_encoded, const char *name) {
        PassedKey *grown = reallocarray(inputs->passed, inputs->n_passed + 1, sizeof(*grown));
        PassedKey passed = { .container = container };

        if (!grown)
                return -ENOMEM;
        inputs->passed = grown;
        if (looks_like_profile(&container->text, key)) {
                passed.right_name = right_name(container->arena, name);
                if (!passed.right_name)
                        return -ENOMEM;
        }
        passed.name = shown_name(container, prefix, is_encoded, name);
        if (!passed.name)
                return -ENOMEM;
        grown[inputs->n_passed++] = passed;
        return 0;
}

static int add_key(Inputs *inputs, const Container *container, const char *prefix, uint32_t node,
        bool is_encoded) {
        const TextNode *key = &container->text.nodes[node];
        _cleanup_buf_ Buf name = {};
        Input *input = NULL;

        text_put_string(&name, &container->text, key->key);
        buf_append(&name, "", 0); /* so that an empty one has an address */
        if (buf_error(&name) < 0)
                return buf_error(&name);
        if (fnmatch(PROFILE_PATTERN, name.data, 0) != 0)
                return pass_key(inputs, container, prefix, key, is_encoded, name.data);
        input = append(inputs);
        if (!input)
                return -ENOMEM;
        input->container = container;
        input->is_encoded = is_encoded;
        input->name = shown_name(container, prefix, is_encoded, name.data);
        if (!input->name) {
                inputs->n--;
                return -ENOMEM;
        }
        return read_value(&container->text, key, input);
}

/*
 * Forgets the keys from `first` on that nobody takes for profiles: of a ConfigMap without one, all
 * that do not look like one. A namespace is full of such ConfigMaps.
 */
static void forget_strangers(Inputs *inputs, size_t first) {
        size_t n = first;

        for (size_t i = first; i < inputs->n_passed; i++)
                if (inputs->passed[i].right_name)
                        inputs->passed[n++] = inputs->passed[i];
                else
                        free(inputs->passed[i].name);
        inputs->n_passed = n;
}

/* The profiles of one ConfigMap. */
static int add_config_map(
        Inputs *inputs, const Container *container, const char *prefix, uint32_t object) {
        const Text *text = &container->text;
        const size_t n_before = inputs->n, n_passed_before = inputs->n_passed;

        for (int is_encoded = 0; is_encoded <= 1; is_encoded++) {
                uint32_t data =
                        member(text, object, is_encoded ? "binaryData" : "data", TEXT_OBJECT);
                uint32_t node = data;

                if (data == TEXT_NO_NODE)
                        continue;
                while ((node = next_child(text, data, node)) != TEXT_NO_NODE) {
                        int r = add_key(inputs, container, prefix, node, is_encoded);

                        if (r < 0)
                                return r;
                }
        }
        if (inputs->n == n_before)
                forget_strangers(inputs, n_passed_before);
        return 0;
}

static int add_list(Inputs *inputs, const Container *container, bool is_typed, uint32_t items) {
        const Text *text = &container->text;
        uint32_t node = items;

        while ((node = next_child(text, items, node)) != TEXT_NO_NODE) {
                char prefix[32];
                int r;

                if (text->nodes[node].type != TEXT_OBJECT ||
                        (!is_typed && !is_of_kind(text, node, "ConfigMap")))
                        continue;
                snprintf(prefix, sizeof(prefix), "items/%u/", text->nodes[node].ordinal);
                r = add_config_map(inputs, container, prefix, node);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The profiles of a container, if the text is one. Returns 0 or -ENOMEM. */
static int add_profiles(Inputs *inputs, const Container *container, bool *ret_is_container) {
        const Text *text = &container->text;
        bool is_typed = false;
        uint32_t items = TEXT_NO_NODE;

        *ret_is_container = false;
        if (text->nodes[0].type != TEXT_OBJECT)
                return 0;
        if (is_of_kind(text, 0, "ConfigMap")) {
                *ret_is_container = true;
                return add_config_map(inputs, container, "", 0);
        }
        is_typed = is_of_kind(text, 0, "ConfigMapList");
        if (is_typed || is_of_kind(text, 0, "List"))
                items = member(text, 0, "items", TEXT_ARRAY);
        if (items == TEXT_NO_NODE)
                return 0;
        *ret_is_container = true;
        return add_list(inputs, container, is_typed, items);
}

/* Cheap to ask, and of no profile it is true. */
static bool may_be_container(const Input *input) {
        return input->bytes &&
                (memmem(input->bytes, input->size_bytes, "ConfigMap", strlen("ConfigMap")) ||
                        memmem(input->bytes, input->size_bytes, "\"List\"", strlen("\"List\"")));
}

static int add_container(Inputs *inputs, Container **ret_container) {
        Container **grown =
                reallocarray(inputs->containers, inputs->n_containers + 1, sizeof(Container *));
        Container *container = calloc(1, sizeof(*container));

        if (grown)
                inputs->containers = grown;
        if (!grown || !container) {
                free(container);
                return -ENOMEM;
        }
        grown[inputs->n_containers++] = container;
        container->arena = arena_new();
        *ret_container = container;
        return container->arena ? 0 : -ENOMEM;
}

/* Scans what may be a container. Returns 0; 1 when it is no JSON; -ENOMEM. */
static int scan(Container *container, const Input *input) {
        DiagList diags;
        int r;

        diags_init(&diags, NULL);
        r = text_scan_within(container->arena, input->bytes, input->size_bytes, &limits, &diags,
                &container->text);
        diags_done(&diags);
        return r;
}

/* One input of the old list into the new one. It stays there as it is, or gives up its bytes. */
static int expand(Inputs *inputs, Input *old) {
        Container *container = NULL;
        bool is_container = false;
        const size_t n_before = inputs->n;
        Input *input = NULL;
        int r = may_be_container(old) ? add_container(inputs, &container) : 1;

        if (r == 0)
                r = scan(container, old);
        if (r == 0) {
                container->name = old->name; /* borrowed until it is known to be one */
                r = add_profiles(inputs, container, &is_container);
                if (is_container) {
                        container->size_bytes = old->size_bytes;
                        container->bytes = TAKE_PTR(old->bytes);
                        old->name = NULL;
                } else
                        container->name = NULL;
        }
        if (r < 0 || (is_container && inputs->n > n_before))
                return r < 0 ? r : 0;
        input = append(inputs);
        if (!input)
                return -ENOMEM;
        if (is_container) {
                input->name = strdup(container->name);
                input->problem = "holds no profile: no ConfigMap in it has a key that "
                                 "matches " PROFILE_PATTERN;
                return input->name ? 0 : -ENOMEM;
        }
        *input = *old;
        *old = (Input){};
        return 0;
}

int inputs_expand(Inputs *inputs) {
        Inputs old = *inputs;
        int r = 0;

        *inputs = (Inputs){};
        for (size_t i = 0; i < old.n && r == 0; i++)
                r = expand(inputs, &old.items[i]);
        inputs_done(&old);
        return r;
}
