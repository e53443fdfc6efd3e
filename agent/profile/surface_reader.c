/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reading JSON objects by tables of their keys, for surface.c. Here is what a key that no table
 * knows means, and what null means, and how a value of the wrong type is told. A mistake never ends
 * the reading: the field stays without content, and everything beside it is read.
 */

#include "profile/surface_reader.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/suggest.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define WORD_SHOWN_BYTES 64U /* of the author's own words in a hint */

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

bool reader_expect(
        Reader *reader, const cJSON *item, const char *key, bool is_right, const char *wanted) {
        _cleanup_buf_ Buf hint = {};

        if (is_right || cJSON_IsNull(item))
                return is_right;
        if (cJSON_IsString(item) && strcmp(wanted, "an array of strings") == 0 &&
                strlen(item->valuestring) < WORD_SHOWN_BYTES)
                buf_printf(&hint, "write [\"%s\"]", item->valuestring);
        else if (cJSON_IsObject(item) && strcmp(wanted, "an array of objects") == 0)
                buf_puts(&hint, "put it in [ ]: a list, also where it holds one object");
        document_diag(reader->document, reader->diags, SP205, document_node(item), false, hint.data,
                "%s`%s` must be %s, is %s: runtimes cannot decode the profile",
                item->string ? "" : "an element of ", key, wanted, reader_type_name(item));
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

void reader_string(Reader *reader, const cJSON *item, void *ret_field) {
        SurfaceString *string = ret_field;

        string->node = document_node(item);
        if (!reader_expect(reader, item, item->string, cJSON_IsString(item), "a string"))
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
static bool read_element(Reader *reader, const cJSON *item, const char *key, RuleId nul_rule,
        SurfaceString *ret_string) {
        uint32_t node = document_node(item);

        if (cJSON_IsNull(item)) {
                if (null_is_error(reader, item, key, NULL_REFUSED))
                        return false;
                *ret_string = (SurfaceString){ "", node };
                return true;
        }
        if (!reader_expect(reader, item, key, cJSON_IsString(item), "a string"))
                return false;
        if (document_text_node(reader->document, item)->has_nul) {
                document_diag(reader->document, reader->diags, nul_rule, node, false, NULL,
                        "an element of `%s` holds a NUL character: decoders in C end it there",
                        key);
                return false;
        }
        *ret_string = (SurfaceString){ item->valuestring, node };
        return true;
}

static void read_list(Reader *reader, const cJSON *item, RuleId nul_rule, SurfaceStrings *ret) {
        const cJSON *element = NULL;

        ret->node = document_node(item);
        ret->is_broken = !reader_expect(
                reader, item, item->string, cJSON_IsArray(item), "an array of strings");
        if (ret->is_broken)
                return;
        ret->items = reader_allocate(reader, reader_count(item), sizeof(ret->items[0]));
        if (!ret->items)
                return;
        cJSON_ArrayForEach (element, item) {
                if (read_element(reader, element, item->string, nul_rule, &ret->items[ret->n]))
                        ret->n++;
                else
                        ret->is_broken = true;
        }
}

void reader_strings(Reader *reader, const cJSON *item, void *ret_field) {
        read_list(reader, item, SP205, ret_field);
}

void reader_names(Reader *reader, const cJSON *item, void *ret_field) {
        read_list(reader, item, SP509, ret_field);
}

static void read_number(
        Reader *reader, const cJSON *item, uint64_t max, const char *range, SurfaceNumber *ret) {
        ret->node = document_node(item);
        ret->is_set = !cJSON_IsNull(item) &&
                document_get_uint(reader->document, item, max, range, reader->diags, &ret->value) ==
                        0;
}

void reader_errno(Reader *reader, const cJSON *item, void *ret_field) {
        read_number(reader, item, UINT32_MAX, "an errno is 1 to 4094: EPERM is 1, ENOSYS 38",
                ret_field);
}

void reader_index(Reader *reader, const cJSON *item, void *ret_field) {
        read_number(reader, item, UINT32_MAX, "the six arguments have indexes 0 to 5", ret_field);
}

void reader_value(Reader *reader, const cJSON *item, void *ret_field) {
        read_number(reader, item, UINT64_MAX, NULL, ret_field);
}

static const Field *find_field(const Field *fields, size_t n_fields, const char *key) {
        for (size_t i = 0; i < n_fields; i++)
                if (strcmp(fields[i].key, key) == 0)
                        return &fields[i];
        return NULL;
}

/* `comment` is Docker's, says nothing to anybody, and so may stand anywhere and hold anything. */
static bool is_comment(const char *key) {
        return strcmp(key, "comment") == 0;
}

/* Keys that tools and editors add, and that nobody takes for a part of the profile. */
static bool is_annotation(const char *key) {
        return strcmp(key, "$schema") == 0 || strncmp(key, "x-", 2) == 0 || key[0] == '_';
}

/* What people call a key by another word than its own; a row counts where its key is known. */
static const Field *find_alias(const Field *fields, size_t n_fields, const char *key) {
        static const struct {
                const char *written;
                const char *meant;
        } aliases[] = {
                { "syscall", "names" },
                { "syscalls", "names" },
                { "syscallName", "names" },
                { "syscallNames", "names" },
                { "act", "action" },
                { "arg", "index" },
                { "argument", "index" },
                { "operator", "op" },
                { "operation", "op" },
                { "value1", "value" },
                { "valueOne", "value" },
                { "value2", "valueTwo" },
                { "arguments", "args" },
                { "conditions", "args" },
                { "rules", "syscalls" },
                { "default", "defaultAction" },
                { "action", "defaultAction" },
        };
        const Field *field = NULL;

        for (size_t i = 0; i < N_ELEMENTS(aliases) && !field; i++)
                if (strcasecmp(aliases[i].written, key) == 0)
                        field = find_field(fields, n_fields, aliases[i].meant);
        return field;
}

/*
 * The known key that the author most likely meant, or NULL. Looking for it takes longer than all
 * the rest: where so much was found that a finding will hardly be kept, nobody looks.
 */
static const Field *guess_field(
        const Reader *reader, const Field *fields, size_t n_fields, const char *key) {
        const char *known[FIELDS_MAX], *nearest = NULL;
        const Field *field = NULL;

        if (!diags_allow_guess(reader->diags))
                return NULL;
        field = find_alias(fields, n_fields, key);
        if (field)
                return field;
        for (size_t i = 0; i < n_fields; i++)
                known[i] = fields[i].key;
        nearest = suggest_nearest(key, known, n_fields);
        return nearest ? find_field(fields, n_fields, nearest) : NULL;
}

/* What may stand there, where there is no guess that helps. */
static void put_known(Buf *hint, const char *key, const Field *fields, size_t n_fields) {
        static const char *const comment[] = { "comment" };

        if (suggest_nearest(key, comment, 1)) {
                buf_puts(hint, "did you mean `comment`?");
                return;
        }
        for (size_t i = 0; i < n_fields; i++)
                buf_printf(hint, "%s`%s`",
                        i == 0                     ? "known here are "
                                : i + 1 < n_fields ? ", "
                                                   : " and ",
                        fields[i].key);
}

/* Whether a key takes a list, and stands before the one string of it. */
static bool is_bare_element(const Field *field, const cJSON *item) {
        return (field->read == reader_strings || field->read == reader_names) &&
                cJSON_IsString(item) && strlen(item->valuestring) < WORD_SHOWN_BYTES;
}

static void report_key(const Reader *reader, const cJSON *item, const Field *meant, bool is_taken,
        const Field *fields, size_t n_fields) {
        const char *key = item->string;
        uint32_t node = document_node(item);
        _cleanup_buf_ Buf hint = {};

        if (meant && is_taken) {
                buf_printf(&hint, "`%s` stands there already; ", meant->key);
                put_known(&hint, key, fields, n_fields);
        } else if (meant && is_bare_element(meant, item))
                buf_printf(&hint, "did you mean \"%s\": [\"%s\"]?", meant->key, item->valuestring);
        else if (meant)
                buf_printf(&hint, "did you mean `%s`?", meant->key);
        else
                put_known(&hint, key, fields, n_fields);
        if (meant && strcasecmp(meant->key, key) == 0)
                document_diag(reader->document, reader->diags, SP203, node, true, hint.data,
                        "unknown key `%s`: decoders in Go take it for `%s`, crun ignores it", key,
                        meant->key);
        else
                document_diag(reader->document, reader->diags, SP203, node, true, hint.data,
                        "unknown key `%s`: runtimes ignore it, and what it says is lost", key);
}

static void read_field(Reader *reader, const cJSON *item, const Field *field, void *ret_object) {
        if (cJSON_IsNull(item) && field->null == NULL_ABSENT)
                reader_tally(&reader->nulls, document_node(item));
        else if (!cJSON_IsNull(item) || null_is_error(reader, item, item->string, field->null))
                field->read(reader, item, (char *) ret_object + field->offset);
}

/*
 * A key that is not in the table. A misspelt one is an error, so that nothing is installed; it is
 * still read as the key that was meant, unless that stands there too, because what is in it may be
 * wrong as well, and because nothing should be called missing that is only misspelt.
 */
static void refuse_key(Reader *reader, const cJSON *item, const Field *fields, size_t n_fields,
        uint32_t *seen, void *ret_object) {
        const Field *meant = NULL;
        bool is_taken;

        if (is_annotation(item->string)) {
                document_diag_as(reader->document, reader->diags, SP203, SEVERITY_WARNING,
                        document_node(item), true, NULL,
                        "`%s` is no part of a profile: it is left out", item->string);
                return;
        }
        meant = guess_field(reader, fields, n_fields, item->string);
        is_taken = meant && *seen & 1U << (meant - fields);
        report_key(reader, item, meant, is_taken, fields, n_fields);
        if (!meant || is_taken ||
                rule_config_severity(reader->diags->config, SP203, SEVERITY_ERROR) !=
                        SEVERITY_ERROR)
                return;
        *seen |= 1U << (meant - fields);
        if (is_bare_element(meant, item)) /* that it is no list was said with it */
                *(SurfaceStrings *) ((char *) ret_object + meant->offset) =
                        (SurfaceStrings){ .node = document_node(item), .is_broken = true };
        else
                read_field(reader, item, meant, ret_object);
}

void reader_object(Reader *reader, const cJSON *object, const Field *fields, size_t n_fields,
        void *ret_object) {
        const cJSON *item = NULL;
        uint32_t seen = 0; /* bit n: the table's field n stands in the object */

        cJSON_ArrayForEach (item, object) {
                const Field *field = find_field(fields, n_fields, item->string);

                if (!field)
                        continue;
                seen |= 1U << (field - fields);
                read_field(reader, item, field, ret_object);
        }
        cJSON_ArrayForEach (item, object) {
                if (!find_field(fields, n_fields, item->string) && !is_comment(item->string))
                        refuse_key(reader, item, fields, n_fields, &seen, ret_object);
        }
}

bool reader_accepts_object(Reader *reader, const cJSON *item, const char *key) {
        if (cJSON_IsNull(item))
                return !null_is_error(reader, item, key, NULL_REFUSED);
        return reader_expect(reader, item, key, cJSON_IsObject(item), "an object");
}
