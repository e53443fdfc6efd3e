/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What would be right, where a profile has a key that nobody knows or a value of another shape. All
 * of it comes from the tables by which objects are read: which keys stand where, what a value looks
 * like, which word is a value. Only what people call a key by other words is a table of its own.
 */

#include "profile/surface_hint.h"

#include "base/cleanup.h"
#include "base/suggest.h"
#include "profile/hint.h"

#include <string.h>
#include <strings.h>

/* --- values --- */

static void put_example(Buf *hint, const Field *field) {
        if (field->example)
                buf_printf(hint, "as in \"%s\": %s", field->key, field->example);
}

static const char *raw_text(const Reader *reader, const cJSON *item, size_t *ret_length) {
        const TextNode *node = document_text_node(reader->document, item);

        *ret_length = node->value.length;
        return reader->document->text.bytes + node->value.offset;
}

/* A number where a string belongs. */
static void put_number(Buf *hint, const Reader *reader, const Field *field, const cJSON *item) {
        size_t length = 0;
        const char *raw = raw_text(reader, item, &length);
        const char *quote =
                field->number_key && strcmp(field->number_key, field->key) == 0 ? "\"" : "";

        if (field->read == reader_names)
                hint_put_call_number(hint, reader->native, raw, length);
        else if (field->number_key && length < HINT_TEXT_BYTES_MAX)
                buf_printf(hint, "write \"%s\": %s%.*s%s", field->number_key, quote, (int) length,
                        raw, quote);
        else
                put_example(hint, field);
}

/* Whether an array holds one short string and nothing else. */
static bool is_one_string(const cJSON *item) {
        return cJSON_IsArray(item) && cJSON_GetArraySize(item) == 1 &&
                cJSON_IsString(item->child) &&
                strlen(item->child->valuestring) < HINT_TEXT_BYTES_MAX;
}

static bool has_key_of(const cJSON *object, const FieldTable *table) {
        const cJSON *item = NULL;

        if (!cJSON_IsObject(object))
                return false;
        cJSON_ArrayForEach (item, object)
                if (surface_find_field(table, item->string))
                        return true;
        return false;
}

/* The field, of `table` and those below it, whose objects have the keys that `object` has. */
static const Field *find_holder(const FieldTable *table, const cJSON *object) {
        const Field *found = NULL;

        for (size_t i = 0; i < table->n_fields && !found; i++) {
                const Field *field = &table->fields[i];

                if (field->inner)
                        found = has_key_of(object, field->inner)
                                ? field
                                : find_holder(field->inner, object);
        }
        return found;
}

/* Something else where a string belongs, by itself or in a list. */
static void put_string(Buf *hint, const Reader *reader, const Field *field, const cJSON *item) {
        if (cJSON_IsNumber(item))
                put_number(hint, reader, field, item);
        else if (is_one_string(item)) {
                buf_puts(hint, "write ");
                buf_put_json(hint, item->child->valuestring);
        } else if (field->read == reader_names && cJSON_IsObject(item))
                buf_puts(hint,
                        "only the name stands there: `action`, `args` and all else stand beside "
                        "`names`, in the rule");
        else
                put_example(hint, field);
}

static void put_strings(Buf *hint, const Field *field, const cJSON *item) {
        _cleanup_buf_ Buf words = {};

        if (cJSON_IsString(item) && hint_put_words(&words, item->valuestring) > 0)
                buf_printf(hint, "write %s", words.data);
        else
                put_example(hint, field);
}

/* Something else where an object belongs, by itself or in a list. */
static void put_object(Buf *hint, const Reader *reader, const Field *field, const cJSON *item) {
        const cJSON *inside = cJSON_IsArray(item) ? item->child : NULL;
        const Field *holder = item->string && inside ? find_holder(reader->top, inside) : NULL;

        if (holder && holder->inner != field->inner) {
                buf_printf(hint, "what is in it belongs in `%s`, ", holder->key);
                put_example(hint, holder);
                return;
        }
        if (!item->string && cJSON_IsObject(inside))
                buf_puts(hint, "take one pair of [ ] away, ");
        put_example(hint, field);
}

void surface_hint_shape(
        Buf *hint, const Reader *reader, const Field *field, const cJSON *item, Shape wanted) {
        if (wanted == SHAPE_STRING)
                put_string(hint, reader, field, item);
        else if (wanted == SHAPE_STRINGS)
                put_strings(hint, field, item);
        else if (wanted == SHAPE_OBJECT)
                put_object(hint, reader, field, item);
        else if (has_key_of(item, field->inner))
                buf_puts(hint, "put it in [ ]: a list, also where it holds one object");
        else
                put_example(hint, field);
}

/* --- keys --- */

const Field *surface_find_field(const FieldTable *table, const char *key) {
        for (size_t i = 0; i < table->n_fields; i++)
                if (strcmp(table->fields[i].key, key) == 0)
                        return &table->fields[i];
        return NULL;
}

/* What people call a key by another word than its own; a row counts where its key is known. */
static const Field *find_alias(const FieldTable *table, const char *key) {
        static const struct {
                const char *written;
                const char *meant;
        } aliases[] = {
                { "syscall", "names" },
                { "syscalls", "names" },
                { "syscallName", "names" },
                { "syscallNames", "names" },
                { "act", "action" },
                { "defaultAction", "action" },
                { "defaultErrnoRet", "errnoRet" },
                { "defaultErrno", "errno" },
                { "arg", "index" },
                { "argument", "index" },
                { "argument", "args" },
                { "operator", "op" },
                { "operation", "op" },
                { "val", "value" },
                { "value1", "value" },
                { "valueOne", "value" },
                { "val2", "valueTwo" },
                { "value2", "valueTwo" },
                { "arguments", "args" },
                { "conditions", "args" },
                { "cap", "caps" },
                { "capability", "caps" },
                { "capabilities", "caps" },
                { "archs", "arches" },
                { "arch", "arches" },
                { "architecture", "arches" },
                { "architectures", "arches" },
                { "kernel", "minKernel" },
                { "kernelVersion", "minKernel" },
                { "arch", "architecture" },
                { "architectures", "architecture" },
                { "subArch", "subArchitectures" },
                { "subArchs", "subArchitectures" },
                { "subArches", "subArchitectures" },
                { "rules", "syscalls" },
                { "default", "defaultAction" },
                { "action", "defaultAction" },
                { "errnoRet", "defaultErrnoRet" },
                { "errno", "defaultErrno" },
                { "arch", "architectures" },
                { "architecture", "architectures" },
                { "archs", "architectures" },
                { "arches", "architectures" },
        };
        const Field *field = NULL;

        for (size_t i = 0; i < N_ELEMENTS(aliases) && !field; i++)
                if (strcasecmp(aliases[i].written, key) == 0)
                        field = surface_find_field(table, aliases[i].meant);
        return field;
}

/* The table that has the key, of `top` and those below it. */
static const FieldTable *find_place(const FieldTable *top, const char *key) {
        const FieldTable *found = surface_find_field(top, key) ? top : NULL;

        for (size_t i = 0; i < top->n_fields && !found; i++)
                if (top->fields[i].inner)
                        found = find_place(top->fields[i].inner, key);
        return found;
}

const Field *surface_guess_field(const Reader *reader, const FieldTable *table, const char *key) {
        const char *known[FIELDS_MAX], *nearest = NULL;
        const Field *field = NULL;

        if (!diags_allow_guess(reader->diags))
                return NULL;
        field = find_alias(table, key);
        if (field || find_place(reader->top, key))
                return field;
        for (size_t i = 0; i < table->n_fields; i++)
                known[i] = table->fields[i].key;
        nearest = suggest_nearest(key, known, table->n_fields);
        return nearest ? surface_find_field(table, nearest) : NULL;
}

const Field *surface_find_word(const FieldTable *table, const char *key) {
        for (size_t i = 0; i < table->n_fields; i++)
                if (table->fields[i].is_word && table->fields[i].is_word(key))
                        return &table->fields[i];
        return NULL;
}

/* The same of a key by another word, with the field that it is. */
static const FieldTable *find_alias_place(
        const FieldTable *top, const char *key, const Field **ret_field) {
        const FieldTable *found = NULL;

        *ret_field = find_alias(top, key);
        if (*ret_field)
                return top;
        for (size_t i = 0; i < top->n_fields && !found; i++)
                if (top->fields[i].inner)
                        found = find_alias_place(top->fields[i].inner, key, ret_field);
        return found;
}

bool surface_knows_key(const Reader *reader, const FieldTable *table, const char *key) {
        const Field *meant = NULL;

        return surface_find_field(table, key) || surface_find_word(table, key) ||
                surface_guess_field(reader, table, key) || find_place(reader->top, key) ||
                find_alias_place(reader->top, key, &meant);
}

/* Where a key belongs that does not belong where it stands. */
static bool put_place(Buf *hint, const Reader *reader, const char *key, bool may_guess) {
        const Field *meant = NULL;
        const FieldTable *place = find_place(reader->top, key);

        if (!place && may_guess)
                place = find_alias_place(reader->top, key, &meant);
        if (!place)
                return false;
        if (meant)
                buf_printf(hint, "did you mean `%s`? It", meant->key);
        else
                buf_printf(hint, "`%s`", key);
        buf_printf(hint, " belongs %s", place->place);
        return true;
}

/* What may stand there, where there is no guess that helps. */
static void put_known(Buf *hint, const char *key, const FieldTable *table) {
        static const char *const comment[] = { "comment" };

        if (suggest_nearest(key, comment, 1)) {
                buf_puts(hint, "did you mean `comment`?");
                return;
        }
        for (size_t i = 0; i < table->n_fields; i++)
                buf_printf(hint, "%s`%s`",
                        i == 0                            ? "known here are "
                                : i + 1 < table->n_fields ? ", "
                                                          : " and ",
                        table->fields[i].key);
}

/* Whether another member of the object that `item` is in has a key. */
static bool has_beside(const cJSON *item, const char *key) {
        for (const cJSON *other = item->next; other; other = other->next)
                if (strcmp(other->string, key) == 0)
                        return true;
        for (const cJSON *other = item->prev; other->next; other = other->prev)
                if (strcmp(other->string, key) == 0)
                        return true;
        return false;
}

const Field *surface_find_list(const FieldTable *table, const cJSON *item) {
        const Field *found = NULL;

        if (!cJSON_IsArray(item) || !item->child)
                return NULL;
        for (size_t i = 0; i < table->n_fields; i++) {
                const Field *field = &table->fields[i];

                if (field->read != reader_strings && field->read != reader_names)
                        continue;
                if (found)
                        return NULL;
                found = field;
        }
        for (const cJSON *element = item->child; element; element = element->next)
                if (!cJSON_IsString(element))
                        return NULL;
        return found && !has_beside(item, found->key) ? found : NULL;
}

const Field *surface_find_named(const FieldTable *table, const cJSON *item) {
        const Field *names = surface_find_field(table, "names");

        return names && has_key_of(item, table) ? names : NULL;
}

/* A value of a key where a key belongs; with the list behind it, where it is clear which it is. */
static void put_word(Buf *hint, const FieldTable *table, const cJSON *item, const Field *word) {
        const Field *list = surface_find_list(table, item);
        const char *separator = "";

        buf_printf(hint, "`%s` is no key: write \"%s\": \"%s\"", item->string, word->key,
                item->string);
        if (!list) {
                buf_puts(hint, "; ");
                put_known(hint, item->string, table);
                return;
        }
        buf_printf(hint, ", \"%s\": [", list->key);
        for (const cJSON *element = item->child; element; element = element->next) {
                if (hint->size > HINT_TEXT_BYTES_MAX) {
                        buf_puts(hint, ", …");
                        break;
                }
                buf_puts(hint, separator);
                buf_put_json(hint, element->valuestring);
                separator = ", ";
        }
        buf_puts(hint, "]");
}

bool surface_is_bare_element(const Field *field, const cJSON *item) {
        return (field->read == reader_strings || field->read == reader_names) &&
                cJSON_IsString(item) && strlen(item->valuestring) < HINT_TEXT_BYTES_MAX;
}

static void put_meant(Buf *hint, const Field *meant, const cJSON *item) {
        _cleanup_buf_ Buf words = {};

        if (hint_put_foreign(hint, item->string))
                buf_printf(hint, ", as `%s`", meant->key);
        else if (surface_is_bare_element(meant, item) &&
                hint_put_words(&words, item->valuestring) > 0)
                buf_printf(hint, "did you mean \"%s\": %s?", meant->key, words.data);
        else
                buf_printf(hint, "did you mean `%s`?", meant->key);
}

void surface_hint_key(Buf *hint, const Reader *reader, const FieldTable *table, const cJSON *item,
        const Field *meant, bool is_taken) {
        const char *key = item->string;
        const Field *word = meant ? NULL : surface_find_word(table, key);
        const Field *names = meant || word ? NULL : surface_find_named(table, item);

        if (meant && !is_taken)
                put_meant(hint, meant, item);
        else if (word)
                put_word(hint, table, item, word);
        else if (names) {
                buf_puts(hint, "a call's name is no key: write \"names\": [");
                buf_put_json(hint, key);
                buf_puts(hint, "], and what is in its braces beside that");
        } else if (!put_place(hint, reader, key, !meant && diags_allow_guess(reader->diags))) {
                if (meant)
                        buf_printf(hint, "`%s` stands there already; ", meant->key);
                put_known(hint, key, table);
        }
}
