/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reading JSON objects by tables of their keys, for surface.c. Here is what a key that no table
 * knows means, and what null means, and how a value of the wrong type is told. A mistake never ends
 * the reading: the field stays without content, and everything beside it is read.
 */

#include "profile/surface_reader.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "profile/surface_hint.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

void reader_tally(Tally *tally, uint32_t node) {
        if (tally->n++ == 0)
                tally->first = node;
}

void *reader_allocate(Reader *reader, size_t n, size_t size_bytes) {
        void *memory = arena_alloc_array(reader->document->arena, n, size_bytes);

        if (!memory)
                reader->error = -ENOMEM;
        return memory;
}

size_t reader_count(const cJSON *item) {
        return (size_t) cJSON_GetArraySize(item);
}

const char *reader_type_name(const cJSON *item) {
        switch (item->type & 0xff) {
        case cJSON_NULL: return "null";
        case cJSON_False:
        case cJSON_True: return "a boolean";
        case cJSON_Number: return "a number";
        case cJSON_String: return "a string";
        case cJSON_Array: return "an array";
        default: return "an object";
        }
}

/* An element of a list that is no object: how many behind it are of the same type; or -1 when one
 * before it is, and all was said there. */
static int count_alike(const cJSON *item) {
        int n = 0;

        for (const cJSON *other = item->prev; other->next; other = other->prev)
                if (other->type == item->type)
                        return -1;
        for (const cJSON *other = item->next; other; other = other->next)
                n += other->type == item->type;
        return n;
}

bool reader_expect(
        Reader *reader, const Field *field, const cJSON *item, bool is_right, Shape wanted) {
        static const char *const shapes[] = {
                [SHAPE_STRING] = "a string",
                [SHAPE_STRINGS] = "an array of strings",
                [SHAPE_OBJECT] = "an object",
                [SHAPE_OBJECTS] = "an array of objects",
        };
        int n_alike = 0;
        _cleanup_buf_ Buf hint = {};

        if (is_right || cJSON_IsNull(item))
                return is_right;
        if (wanted == SHAPE_OBJECT && !item->string)
                n_alike = count_alike(item);
        if (n_alike < 0)
                return false;
        surface_hint_shape(&hint, reader, field, item, wanted);
        document_diag(reader->document, reader->diags, SP205, document_node(item), false, hint.data,
                "%s`%s` must be %s, is %s%s: runtimes cannot decode the profile",
                item->string ? "" : "an element of ", item->string ? item->string : field->key,
                shapes[wanted], reader_type_name(item),
                n_alike > 0 ? arena_printf(reader->document->arena, ", here and in %d more place%s",
                                      n_alike, n_alike > 1 ? "s" : "")
                            : "");
        return false;
}

/*
 * Whether a null is an error where it stands. Where the owner lowered SP204, the part is absent
 * instead, and whoever needs it says that it is missing.
 */
static bool null_is_error(Reader *reader, const cJSON *item, const char *key, NullMeaning meaning) {
        const char *hint = meaning == NULL_REQUIRED ? "write a value: the key cannot be left out"
                                                    : "write a value, or leave the key out";

        document_diag_as(reader->document, reader->diags, SP204, SEVERITY_ERROR,
                document_node(item), false, item->string ? hint : "take it out",
                "%s`%s` is null: decoders read that as a zero value, refuse it, or crash on it",
                item->string ? "" : "an element of ", key);
        return rule_config_severity(reader->diags->config, SP204, SEVERITY_ERROR) == SEVERITY_ERROR;
}

void reader_string(Reader *reader, const Field *field, const cJSON *item, void *ret_field) {
        SurfaceString *string = ret_field;

        string->node = document_node(item);
        if (!reader_expect(reader, field, item, cJSON_IsString(item), SHAPE_STRING))
                return;
        if (document_text_node(reader->document, item)->has_nul) {
                document_diag(reader->document, reader->diags, SP205, string->node, false, NULL,
                        "`%s` holds a NUL character: decoders in C end the string there",
                        item->string);
                return;
        }
        string->string = item->valuestring;
}

/* One element of an array of strings. Returns false when it could not be read. */
static bool read_element(Reader *reader, const Field *field, const cJSON *item, RuleId nul_rule,
        SurfaceString *ret_string) {
        uint32_t node = document_node(item);

        if (cJSON_IsNull(item)) {
                if (null_is_error(reader, item, field->key, NULL_REFUSED))
                        return false;
                *ret_string = (SurfaceString){ "", node };
                return true;
        }
        if (!reader_expect(reader, field, item, cJSON_IsString(item), SHAPE_STRING))
                return false;
        if (document_text_node(reader->document, item)->has_nul) {
                document_diag(reader->document, reader->diags, nul_rule, node, false, NULL,
                        "an element of `%s` holds a NUL character: decoders in C end it there",
                        field->key);
                return false;
        }
        *ret_string = (SurfaceString){ item->valuestring, node };
        return true;
}

static void read_list(Reader *reader, const Field *field, const cJSON *item, RuleId nul_rule,
        SurfaceStrings *ret) {
        const cJSON *element = NULL;

        ret->node = document_node(item);
        ret->is_broken = !reader_expect(reader, field, item, cJSON_IsArray(item), SHAPE_STRINGS);
        if (ret->is_broken)
                return;
        ret->items = reader_allocate(reader, reader_count(item), sizeof(ret->items[0]));
        if (!ret->items)
                return;
        cJSON_ArrayForEach (element, item) {
                if (read_element(reader, field, element, nul_rule, &ret->items[ret->n]))
                        ret->n++;
                else
                        ret->is_broken = true;
        }
}

void reader_strings(Reader *reader, const Field *field, const cJSON *item, void *ret_field) {
        read_list(reader, field, item, SP205, ret_field);
}

void reader_names(Reader *reader, const Field *field, const cJSON *item, void *ret_field) {
        read_list(reader, field, item, SP509, ret_field);
}

static void read_number(
        Reader *reader, const cJSON *item, uint64_t max, const char *range, SurfaceNumber *ret) {
        ret->node = document_node(item);
        ret->is_set = !cJSON_IsNull(item) &&
                document_get_uint(reader->document, item, max, range, reader->diags, &ret->value) ==
                        0;
}

void reader_errno(Reader *reader, const Field *field, const cJSON *item, void *ret_field) {
        const char *string = cJSON_GetStringValue(item), *range = NULL;
        uint16_t number = 0;

        (void) field;
        if (string && string[0] == '-' && errno_name_parse(string + 1, &number) == 0)
                range = arena_printf(
                        reader->document->arena, "write the number, without the sign: %u", number);
        read_number(reader, item, UINT32_MAX,
                range ? range : "an errno is 1 to 4094: EPERM is 1, ENOSYS 38", ret_field);
}

void reader_index(Reader *reader, const Field *field, const cJSON *item, void *ret_field) {
        (void) field;
        read_number(reader, item, UINT32_MAX, "the six arguments have indexes 0 to 5", ret_field);
}

/* Whether a string is a path or other text: numbers begin with a digit or sign, names of them are
 * in upper case. */
static bool is_text(const char *string) {
        if (!string || strchr("+-0123456789", string[0]))
                return false;
        for (; *string != '\0'; string++)
                if (!ascii_is_digit(*string) && !(*string >= 'A' && *string <= 'Z') &&
                        !strchr("_|&~()<>+- ", *string))
                        return true;
        return false;
}

void reader_value(Reader *reader, const Field *field, const cJSON *item, void *ret_field) {
        const char *range = NULL;

        (void) field;
        if (cJSON_IsArray(item))
                range = "a condition has one value: where one of several is enough, write a rule "
                        "for each";
        else if (is_text(cJSON_GetStringValue(item)))
                range = "there is none for it: of a path or other text a filter sees only the "
                        "address, so no condition can look at it";
        read_number(reader, item, UINT64_MAX, range, ret_field);
}

/* `comment` is Docker's, says nothing to anybody, and so may stand anywhere and hold anything. */
static bool is_comment(const char *key) {
        return strcmp(key, "comment") == 0;
}

/* Keys that tools and editors add, and that nobody takes for a part of the profile. */
static bool is_annotation(const char *key) {
        return strcmp(key, "$schema") == 0 || strncmp(key, "x-", 2) == 0 || key[0] == '_';
}

static void report_key(const Reader *reader, const FieldTable *table, const cJSON *item,
        const Field *meant, bool is_taken) {
        const char *key = item->string;
        uint32_t node = document_node(item);
        _cleanup_buf_ Buf hint = {};

        surface_hint_key(&hint, reader, table, item, meant, is_taken);
        if (meant && strcasecmp(meant->key, key) == 0)
                document_diag(reader->document, reader->diags, SP203, node, true, hint.data,
                        "unknown key `%s`: decoders in Go take it for `%s`, crun ignores it", key,
                        meant->key);
        else
                document_diag(reader->document, reader->diags, SP203, node, true, hint.data,
                        "unknown key `%s`: runtimes ignore it, and what it says is lost", key);
}

static void *field_of(const Field *field, void *object) {
        return (char *) object + field->offset;
}

static void read_field(Reader *reader, const cJSON *item, const Field *field, void *ret_object) {
        if (cJSON_IsNull(item) && field->null == NULL_ABSENT)
                reader_tally(&reader->nulls, document_node(item));
        else if (!cJSON_IsNull(item) || null_is_error(reader, item, item->string, field->null))
                field->read(reader, field, item, field_of(field, ret_object));
}

/* A list that is said to be there, so that it is not missed; what is in it was shown with that. */
static void mark_list(const Field *list, const cJSON *item, void *ret_object) {
        *(SurfaceStrings *) field_of(list, ret_object) =
                (SurfaceStrings){ .node = document_node(item), .is_broken = true };
}

/*
 * What stands for a key and is none: a value, or the name of a call before its rule. What it was to
 * say is not missed, and the rule is read.
 */
static void read_unmeant(Reader *reader, const FieldTable *table, const cJSON *item, uint32_t seen,
        void *ret_object) {
        const Field *word = surface_find_word(table, item->string);
        const Field *list = word ? surface_find_list(table, item) : NULL;
        const Field *names = word ? NULL : surface_find_named(table, item);

        if (word && !(seen & 1U << (word - table->fields)))
                *(SurfaceString *) field_of(word, ret_object) =
                        (SurfaceString){ .node = document_node(item) };
        if (list)
                mark_list(list, item, ret_object);
        if (!names)
                return;
        if (!(seen & 1U << (names - table->fields)))
                mark_list(names, item, ret_object);
        reader_object(reader, item, table, ret_object);
}

/*
 * A key that is not in the table. A misspelt one is an error, so that nothing is installed; it is
 * still read as the key that was meant, unless that stands there too, because what is in it may be
 * wrong as well, and because nothing should be called missing that is only misspelt.
 */
static void refuse_key(Reader *reader, const FieldTable *table, const cJSON *item, uint32_t *seen,
        void *ret_object) {
        const Field *meant = NULL;
        bool is_taken;

        if (is_annotation(item->string)) {
                document_diag_as(reader->document, reader->diags, SP203, SEVERITY_WARNING,
                        document_node(item), true, NULL,
                        "`%s` is no part of a profile: it is left out", item->string);
                return;
        }
        meant = surface_guess_field(reader, table, item->string);
        is_taken = meant && *seen & 1U << (meant - table->fields);
        report_key(reader, table, item, meant, is_taken);
        if (rule_config_severity(reader->diags->config, SP203, SEVERITY_ERROR) != SEVERITY_ERROR)
                return;
        if (!meant)
                read_unmeant(reader, table, item, *seen, ret_object);
        if (!meant || is_taken)
                return;
        *seen |= 1U << (meant - table->fields);
        if (surface_is_bare_element(meant, item)) /* that it is no list was said with it */
                mark_list(meant, item, ret_object);
        else
                read_field(reader, item, meant, ret_object);
}

void reader_object(Reader *reader, const cJSON *object, const FieldTable *table, void *ret_object) {
        const cJSON *item = NULL;
        uint32_t seen = 0; /* bit n: the table's field n stands in the object */

        cJSON_ArrayForEach (item, object) {
                const Field *field = surface_find_field(table, item->string);

                if (!field)
                        continue;
                seen |= 1U << (field - table->fields);
                read_field(reader, item, field, ret_object);
        }
        cJSON_ArrayForEach (item, object) {
                if (!surface_find_field(table, item->string) && !is_comment(item->string))
                        refuse_key(reader, table, item, &seen, ret_object);
        }
}

bool reader_accepts_object(Reader *reader, const Field *field, const cJSON *item) {
        if (cJSON_IsNull(item))
                return !null_is_error(reader, item, field->key, NULL_REFUSED);
        return reader_expect(reader, field, item, cJSON_IsObject(item), SHAPE_OBJECT);
}

bool reader_is_strange(const Reader *reader, const cJSON *object, const FieldTable *table) {
        const cJSON *item = NULL;
        bool has_key = false;

        cJSON_ArrayForEach (item, object) {
                if (is_comment(item->string) || is_annotation(item->string))
                        continue;
                if (surface_knows_key(reader, table, item->string))
                        return false;
                has_key = true;
        }
        return has_key;
}
