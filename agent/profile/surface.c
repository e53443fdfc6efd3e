/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reading what the author wrote. Each kind of object of the two formats (OCI's LinuxSeccomp and
 * Docker's) is a table of its keys; one function walks an object by its table. So what is known,
 * where it goes and what null means can be read off in one place, and a key that no table knows
 * cannot slip through: to a runtime it would be nothing, and a condition or a whole list of rules
 * with it.
 *
 * A mistake never ends the reading: the part is left out, what holds it is marked as broken, and
 * the others are read. What published profiles are full of (null for an empty list, the legacy key
 * `name`) is said once a file with a count, not at each place.
 */

#include "profile/surface.h"

#include "base/cleanup.h"
#include "profile/arch.h"
#include "profile/limits.h"
#include "profile/surface_foreign.h"
#include "profile/surface_reader.h"

/* clang-format off */
#define FIELD(type, key, member, read, null, ...) \
        { key, read, offsetof(type, member), null, __VA_ARGS__ }
#define WHOLE(key, read, null, ...) { key, read, 0, null, __VA_ARGS__ }

#define ABSENT          { .node = TEXT_NO_NODE }
#define SELECTOR_ABSENT { .node = TEXT_NO_NODE, .caps = ABSENT, .arches = ABSENT, .min_kernel = ABSENT }
/* clang-format on */

static const SurfaceArg arg_absent = {
        .index = ABSENT,
        .value = ABSENT,
        .value_two = ABSENT,
        .op = ABSENT,
};

static const SurfaceArchMap arch_map_absent = { .arch = ABSENT, .sub_arches = ABSENT };

static const SurfaceRule rule_absent = {
        .names = ABSENT,
        .action = ABSENT,
        .errno_ret = ABSENT,
        .errno_name = ABSENT,
        .args_node = TEXT_NO_NODE,
        .includes = SELECTOR_ABSENT,
        .excludes = SELECTOR_ABSENT,
};

static const Surface surface_absent = {
        .default_action = ABSENT,
        .default_errno_ret = ABSENT,
        .default_errno_name = ABSENT,
        .architectures = ABSENT,
        .arch_map_node = TEXT_NO_NODE,
        .flags = ABSENT,
        .listener_path = ABSENT,
        .listener_metadata = ABSENT,
        .rules_node = TEXT_NO_NODE,
};

static bool is_action(const char *word) {
        ActionKind kind;

        return action_kind_parse(word, &kind) == 0;
}

static bool is_operator(const char *word) {
        Operator op;

        return operator_parse(word, &op) == 0;
}

static bool is_arch(const char *word) {
        return arch_by_name(word);
}

static const Field arg_fields[] = {
        FIELD(SurfaceArg, "index", index, reader_index, NULL_REQUIRED),
        FIELD(SurfaceArg, "value", value, reader_value, NULL_REQUIRED),
        FIELD(SurfaceArg, "valueTwo", value_two, reader_value, NULL_REFUSED),
        FIELD(SurfaceArg, "op", op, reader_string, NULL_REQUIRED, .example = "\"SCMP_CMP_EQ\"",
                .is_word = is_operator),
};

static const FieldTable arg_table = {
        "in a condition, an element of `args`",
        arg_fields,
        N_ELEMENTS(arg_fields),
};

/* Whether a list of objects can be read. The model of an object is large, however little is in it.
 */
static bool expect_objects(Reader *reader, const Field *field, const cJSON *item) {
        size_t n = reader_count(item);

        if (!reader_expect(reader, field, item, cJSON_IsArray(item), SHAPE_OBJECTS))
                return false;
        if (n <= LIMIT_LIST_OBJECTS)
                return true;
        document_diag(reader->document, reader->diags, SP102, document_node(item), true, NULL,
                "%zu elements in `%s`, over the limit of %u", n, item->string, LIMIT_LIST_OBJECTS);
        return false;
}

static void read_args(Reader *reader, const Field *field, const cJSON *item, void *ret_field) {
        SurfaceRule *rule = ret_field;
        const cJSON *element = NULL;

        rule->args_node = document_node(item);
        if (!expect_objects(reader, field, item))
                return;
        rule->args = reader_allocate(reader, reader_count(item), sizeof(rule->args[0]));
        if (!rule->args)
                return;
        cJSON_ArrayForEach (element, item) {
                SurfaceArg *arg = &rule->args[rule->n_args];

                if (!reader_accepts_object(reader, field, element))
                        continue;
                *arg = arg_absent;
                arg->node = document_node(element);
                reader_object(reader, element, &arg_table, arg);
                rule->n_args++;
        }
}

static const Field selector_fields[] = {
        FIELD(SurfaceSelector, "caps", caps, reader_strings, NULL_ABSENT,
                .example = "[\"CAP_SYS_ADMIN\"]"),
        FIELD(SurfaceSelector, "arches", arches, reader_strings, NULL_ABSENT,
                .example = "[\"amd64\"]"),
        FIELD(SurfaceSelector, "minKernel", min_kernel, reader_string, NULL_REFUSED,
                .example = "\"4.8\"", .number_key = "minKernel"),
};

static const FieldTable selector_table = {
        "in `includes` or `excludes`, in a rule",
        selector_fields,
        N_ELEMENTS(selector_fields),
};

static void read_selector(Reader *reader, const Field *field, const cJSON *item, void *ret_field) {
        SurfaceSelector *selector = ret_field;

        selector->node = document_node(item);
        if (reader_expect(reader, field, item, cJSON_IsObject(item), SHAPE_OBJECT))
                reader_object(reader, item, &selector_table, selector);
}

/* What a rule is read into: the rule, and the legacy key until it is clear that it stands alone. */
typedef struct RuleParts {
        SurfaceRule rule;
        SurfaceString legacy_name;
} RuleParts;

/* A list under the key that takes one name. */
static void read_legacy_name(
        Reader *reader, const Field *field, const cJSON *item, void *ret_field) {
        SurfaceString *name = ret_field;

        if (!cJSON_IsArray(item)) {
                reader_string(reader, field, item, name);
                return;
        }
        name->node = document_node(item);
        document_diag(reader->document, reader->diags, SP205, name->node, false,
                "a list of names stands under `names`",
                "`name` must be a string, is an array: runtimes cannot decode the profile");
}

static const Field rule_fields[] = {
        FIELD(RuleParts, "names", rule.names, reader_names, NULL_REQUIRED,
                .example = "[\"read\", \"write\"]"),
        FIELD(RuleParts, "name", legacy_name, read_legacy_name, NULL_REFUSED,
                .example = "\"read\""),
        FIELD(RuleParts, "action", rule.action, reader_string, NULL_REQUIRED,
                .example = "\"SCMP_ACT_ALLOW\"", .is_word = is_action),
        FIELD(RuleParts, "errnoRet", rule.errno_ret, reader_errno, NULL_ABSENT),
        FIELD(RuleParts, "errno", rule.errno_name, reader_string, NULL_REFUSED,
                .example = "\"ENOSYS\"", .number_key = "errnoRet"),
        FIELD(RuleParts, "args", rule, read_args, NULL_ABSENT,
                .example = "[{ \"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\" }]",
                .inner = &arg_table),
        FIELD(RuleParts, "includes", rule.includes, read_selector, NULL_ABSENT,
                .example = "{ \"caps\": [\"CAP_SYS_ADMIN\"] }", .inner = &selector_table),
        FIELD(RuleParts, "excludes", rule.excludes, read_selector, NULL_ABSENT,
                .example = "{ \"caps\": [\"CAP_SYS_ADMIN\"] }", .inner = &selector_table),
};

static const FieldTable rule_table = {
        "in a rule, an element of `syscalls`",
        rule_fields,
        N_ELEMENTS(rule_fields),
};

/*
 * Makes `names` of the legacy `name`. An empty one is what Docker writes for none; for one that
 * could not be read no names are missing.
 */
static void adopt_legacy_name(Reader *reader, const SurfaceString *name, SurfaceRule *rule) {
        if (!name->string && name->node != TEXT_NO_NODE)
                rule->names.is_broken = true;
        if (!name->string || name->string[0] == '\0')
                return;
        if (rule->names.node != TEXT_NO_NODE && (rule->names.n > 0 || rule->names.is_broken)) {
                document_diag_as(reader->document, reader->diags, SP502, SEVERITY_ERROR, name->node,
                        true, "move it into `names`",
                        "`name` stands beside `names`: Docker and CRI-O refuse the profile, "
                        "containerd drops `name`");
                return;
        }
        reader_tally(&reader->legacy_names, name->node);
        rule->has_legacy_name = true;
        rule->names = (SurfaceStrings){
                .items = reader_allocate(reader, 1, sizeof(rule->names.items[0])),
                .n = 1,
                .node = name->node,
        };
        if (rule->names.items)
                rule->names.items[0] = *name;
}

static void read_rule(Reader *reader, const cJSON *item, SurfaceRule *ret_rule) {
        RuleParts parts = { .rule = rule_absent, .legacy_name = ABSENT };
        Severity worst_before = reader->diags->worst;

        parts.rule.node = document_node(item);
        reader->diags->worst = SEVERITY_OFF; /* to see what this rule alone brings */
        reader_object(reader, item, &rule_table, &parts);
        adopt_legacy_name(reader, &parts.legacy_name, &parts.rule);
        parts.rule.is_broken = diags_have_errors(reader->diags);
        if (reader->diags->worst < worst_before)
                reader->diags->worst = worst_before;
        *ret_rule = parts.rule;
}

static void read_rules(Reader *reader, const Field *field, const cJSON *item, void *ret_field) {
        Surface *surface = ret_field;
        const cJSON *element = NULL;

        surface->rules_node = document_node(item);
        if (!expect_objects(reader, field, item))
                return;
        surface->rules = reader_allocate(reader, reader_count(item), sizeof(surface->rules[0]));
        if (!surface->rules)
                return;
        cJSON_ArrayForEach (element, item) {
                if (reader_accepts_object(reader, field, element))
                        read_rule(reader, element, &surface->rules[surface->n_rules++]);
        }
}

static const Field arch_map_fields[] = {
        FIELD(SurfaceArchMap, "architecture", arch, reader_string, NULL_REQUIRED,
                .example = "\"SCMP_ARCH_X86_64\"", .is_word = is_arch),
        FIELD(SurfaceArchMap, "subArchitectures", sub_arches, reader_strings, NULL_ABSENT,
                .example = "[\"SCMP_ARCH_X86\"]"),
};

static const FieldTable arch_map_table = {
        "in an element of `archMap`",
        arch_map_fields,
        N_ELEMENTS(arch_map_fields),
};

static void read_arch_map(Reader *reader, const Field *field, const cJSON *item, void *ret_field) {
        Surface *surface = ret_field;
        const cJSON *element = NULL;

        surface->arch_map_node = document_node(item);
        if (!expect_objects(reader, field, item))
                return;
        surface->arch_map =
                reader_allocate(reader, reader_count(item), sizeof(surface->arch_map[0]));
        if (!surface->arch_map)
                return;
        cJSON_ArrayForEach (element, item) {
                SurfaceArchMap *entry = &surface->arch_map[surface->n_arch_map];

                if (!reader_accepts_object(reader, field, element))
                        continue;
                *entry = arch_map_absent;
                entry->node = document_node(element);
                reader_object(reader, element, &arch_map_table, entry);
                surface->n_arch_map++;
        }
}

static const Field profile_fields[] = {
        FIELD(Surface, "defaultAction", default_action, reader_string, NULL_REQUIRED,
                .example = "\"SCMP_ACT_ERRNO\"", .is_word = is_action),
        FIELD(Surface, "defaultErrnoRet", default_errno_ret, reader_errno, NULL_ABSENT),
        FIELD(Surface, "defaultErrno", default_errno_name, reader_string, NULL_REFUSED,
                .example = "\"EPERM\"", .number_key = "defaultErrnoRet"),
        FIELD(Surface, "architectures", architectures, reader_strings, NULL_ABSENT,
                .example = "[\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_AARCH64\"]"),
        WHOLE("archMap", read_arch_map, NULL_ABSENT,
                .example = "[{ \"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": "
                           "[\"SCMP_ARCH_X86\"] }]",
                .inner = &arch_map_table),
        FIELD(Surface, "flags", flags, reader_strings, NULL_ABSENT,
                .example = "[\"SECCOMP_FILTER_FLAG_LOG\"]"),
        FIELD(Surface, "listenerPath", listener_path, reader_string, NULL_REFUSED,
                .example = "\"/run/listener.sock\""),
        FIELD(Surface, "listenerMetadata", listener_metadata, reader_string, NULL_REFUSED,
                .example = "\"…\""),
        WHOLE("syscalls", read_rules, NULL_REFUSED,
                .example = "[{ \"names\": [\"read\", \"write\"], \"action\": "
                           "\"SCMP_ACT_ALLOW\" }]",
                .inner = &rule_table),
};

static const FieldTable profile_table = {
        "at the top level of the profile",
        profile_fields,
        N_ELEMENTS(profile_fields),
};

static void report_tally(const Reader *reader, const Tally *tally, RuleId rule, bool on_key,
        const char *hint, const char *message) {
        if (tally->n == 1)
                document_diag(reader->document, reader->diags, rule, tally->first, on_key, hint,
                        "%s", message);
        else if (tally->n > 1)
                document_diag(reader->document, reader->diags, rule, tally->first, on_key, hint,
                        "%s, here and in %zu more place%s", message, tally->n - 1,
                        tally->n > 2 ? "s" : "");
}

int surface_parse(
        const Document *document, const Arch *native, DiagList *diags, Surface *ret_surface) {
        Reader reader = {
                .document = document,
                .native = native,
                .diags = diags,
                .top = &profile_table,
        };
        Surface surface = surface_absent;

        if (!cJSON_IsObject(document->root)) {
                uint32_t node;
                const char *inside = surface_foreign_inside(document, &node);

                document_diag(document, diags, SP201, document_node(document->root), false,
                        inside ? inside : "a profile is an object with a defaultAction",
                        "a profile must be an object, this is %s: %s",
                        reader_type_name(document->root),
                        cJSON_IsNull(document->root) ? "containers would run unconfined"
                                                     : "runtimes cannot decode it");
                return 1;
        }
        if (surface_foreign_find(document, diags))
                return 1;
        if (reader_is_strange(&reader, document->root, &profile_table)) {
                surface_foreign_refuse(document, diags);
                return 1;
        }
        reader_object(&reader, document->root, &profile_table, &surface);
        report_tally(&reader, &reader.nulls, SP204, false, NULL,
                "null for a list, an object or an errno is read as absent");
        report_tally(&reader, &reader.legacy_names, SP502, true, "write \"names\": [\"…\"]",
                "`name` is Docker's old key, which containerd drops: it is written as `names`");
        if (reader.error == 0)
                *ret_surface = surface;
        return reader.error;
}
