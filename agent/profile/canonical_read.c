/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads our own canonical form back: the self-check before a file is installed, and the question
 * whether a file found on the node is one of ours. There is one rule of strictness and it needs no
 * list: what was read is sorted and printed again, and the bytes must be the same. So this reader
 * may ignore what it does not expect; an extra key, another order, another spelling of a number or
 * a wrong salt cannot survive the comparison.
 */

#include "profile/canonical.h"

#include "profile/document.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

typedef struct Reader {
        Arena *arena;
        Document document;
        DiagList diags; /* wanted by the document's functions; nobody reads them */
} Reader;

static void reader_done(Reader *reader) {
        document_done(&reader->document);
        diags_done(&reader->diags);
}
#define _cleanup_reader_ _cleanup_(reader_done)

static const cJSON *member(const cJSON *object, const char *key) {
        return cJSON_GetObjectItemCaseSensitive(object, key);
}

static int read_string(Reader *reader, const cJSON *item, const char **ret_string) {
        char *string;

        if (!cJSON_IsString(item))
                return -EINVAL;
        string = arena_strndup(reader->arena, item->valuestring, strlen(item->valuestring));
        if (!string)
                return -ENOMEM;
        *ret_string = string;
        return 0;
}

static int read_optional_string(
        Reader *reader, const cJSON *object, const char *key, const char **ret_string) {
        const cJSON *item = member(object, key);

        return item ? read_string(reader, item, ret_string) : 0;
}

static int read_number(Reader *reader, const cJSON *item, uint64_t max, uint64_t *ret_value) {
        int r;

        if (!item)
                return -EINVAL;
        r = document_get_uint(&reader->document, item, max, NULL, &reader->diags, ret_value);
        return r > 0 ? -EINVAL : r;
}

static int read_action(Reader *reader, const cJSON *object, const char *action_key,
        const char *errno_key, Action *ret_action) {
        const cJSON *name = member(object, action_key);
        Action action = {};
        uint64_t data;
        int r;

        if (!cJSON_IsString(name) || action_kind_parse(name->valuestring, &action.kind) < 0)
                return -EINVAL;
        if (action_takes_errno(action.kind)) {
                r = read_number(reader, member(object, errno_key), UINT16_MAX, &data);
                if (r < 0)
                        return r;
                action.data = (uint16_t) data;
        }
        *ret_action = action;
        return 0;
}

static int read_arches(const cJSON *array, Policy *policy) {
        const cJSON *item;

        cJSON_ArrayForEach (item, array) {
                const Arch *arch = cJSON_IsString(item) ? arch_by_name(item->valuestring) : NULL;

                if (!arch || policy->n_arches == POLICY_ARCHES_MAX)
                        return -EINVAL;
                policy->arches[policy->n_arches++] = arch;
        }
        return policy->n_arches > 0 ? 0 : -EINVAL;
}

static int read_flags(const cJSON *array, Policy *policy) {
        const cJSON *item;

        cJSON_ArrayForEach (item, array) {
                FilterFlag flag;

                if (!cJSON_IsString(item) || filter_flag_parse(item->valuestring, &flag) < 0)
                        return -EINVAL;
                policy->flags |= flag;
        }
        policy->has_flags = policy->flags != 0;
        return 0;
}

static int read_condition(Reader *reader, const cJSON *object, Condition *ret_condition) {
        const cJSON *op = member(object, "op");
        const cJSON *value_two = member(object, "valueTwo");
        Condition condition = { .node = TEXT_NO_NODE };
        uint64_t index;
        int r;

        if (!cJSON_IsString(op) || operator_parse(op->valuestring, &condition.op) < 0)
                return -EINVAL;
        r = read_number(reader, member(object, "index"), 5, &index);
        if (r < 0)
                return r;
        condition.index = (uint8_t) index;
        r = read_number(reader, member(object, "value"), UINT64_MAX, &condition.value);
        if (r < 0)
                return r;
        if (value_two) {
                r = read_number(reader, value_two, UINT64_MAX, &condition.value_two);
                if (r < 0)
                        return r;
        }
        *ret_condition = condition;
        return 0;
}

static int read_conditions(Reader *reader, const cJSON *array, PolicyRule *rule) {
        size_t n = (size_t) cJSON_GetArraySize(array);
        Condition *conditions;
        const cJSON *item;
        int r;

        if (n > LIMIT_RULE_CONDITIONS)
                return -EINVAL;
        conditions = arena_alloc_array(reader->arena, n, sizeof(Condition));
        if (!conditions)
                return -ENOMEM;
        rule->conditions = conditions;
        cJSON_ArrayForEach (item, array) {
                r = read_condition(reader, item, &conditions[rule->n_conditions++]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* One element of "syscalls": as many rules as it has names. */
static int read_group(Reader *reader, const cJSON *object, Policy *policy) {
        PolicyRule rule = { .name_node = TEXT_NO_NODE, .rule_node = TEXT_NO_NODE };
        const cJSON *name;
        int r;

        r = read_action(reader, object, "action", "errnoRet", &rule.action);
        if (r < 0)
                return r;
        r = read_conditions(reader, member(object, "args"), &rule);
        if (r < 0)
                return r;
        cJSON_ArrayForEach (name, member(object, "names")) {
                r = read_string(reader, name, &rule.name);
                if (r < 0)
                        return r;
                policy->rules[policy->n_rules++] = rule;
        }
        return 0;
}

static int read_groups(Reader *reader, const cJSON *array, Policy *policy) {
        const cJSON *group;
        size_t n = 0;
        int r;

        cJSON_ArrayForEach (group, array) {
                n += (size_t) cJSON_GetArraySize(member(group, "names"));
        }
        policy->rules = arena_alloc_array(reader->arena, n, sizeof(PolicyRule));
        if (!policy->rules)
                return -ENOMEM;
        cJSON_ArrayForEach (group, array) {
                r = read_group(reader, group, policy);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_policy(Reader *reader, Policy *policy) {
        const cJSON *root = reader->document.root;
        int r;

        r = read_action(reader, root, "defaultAction", "defaultErrnoRet", &policy->default_action);
        if (r < 0)
                return r;
        r = read_arches(member(root, "architectures"), policy);
        if (r < 0)
                return r;
        r = read_flags(member(root, "flags"), policy);
        if (r < 0)
                return r;
        r = read_optional_string(reader, root, "listenerPath", &policy->listener_path);
        if (r < 0)
                return r;
        r = read_optional_string(reader, root, "listenerMetadata", &policy->listener_metadata);
        if (r < 0)
                return r;
        return read_groups(reader, member(root, "syscalls"), policy);
}

static int policy_matches(const Policy *policy, const char *bytes, size_t size_bytes) {
        _cleanup_buf_ Buf buf = {};

        canonical_print(&buf, policy);
        if (buf_error(&buf) < 0)
                return buf_error(&buf);
        if (buf.size != size_bytes || memcmp(buf.data, bytes, size_bytes) != 0)
                return -EINVAL;
        return 0;
}

int canonical_read(Arena *arena, const char *bytes, size_t size_bytes, Policy *ret_policy) {
        _cleanup_reader_ Reader reader = { .arena = arena };
        Policy policy = { .default_node = TEXT_NO_NODE };
        Policy canonical;
        int r;

        diags_init(&reader.diags, NULL);
        r = document_parse(arena, bytes, size_bytes, &reader.diags, &reader.document);
        if (r != 0)
                return r > 0 ? -EINVAL : r;
        r = read_policy(&reader, &policy);
        if (r < 0)
                return r;
        /* the salt does not count among the errnos that ask for one, so the question can be put
           with it still there; if it is not the first rule, the comparison says so */
        if (canonical_is_salted(&policy)) {
                policy.rules++;
                policy.n_rules--;
        }
        r = canonical_sort(arena, &policy, &canonical);
        if (r < 0)
                return r;
        r = policy_matches(&canonical, bytes, size_bytes);
        if (r < 0)
                return r;
        *ret_policy = canonical;
        return 0;
}
