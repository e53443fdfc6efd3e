/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The document joins two readings of one text: the strict scan's (positions, raw numbers) and
 * cJSON's (tree, decoded strings). They are walked side by side once; each cJSON item then carries
 * its node's index in `valueint`, which nothing else reads, because numbers are taken from the raw
 * text: cJSON's doubles lose all above 2^53. Should the two ever disagree, the profile is refused:
 * what two parsers read differently, a runtime's third may read differently again.
 *
 * What JSON permits and runtimes read differently is refused here too: keys that occur twice (Go
 * takes the last, crun the first) and keys that Go takes for equal though they are spelt apart.
 */

#include "profile/document.h"

#include "profile/constants.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX_BYTES 63U /* cJSON 1.7 reads longer ones only in part */

void document_done(Document *document) {
        cJSON_Delete(document->root);
        *document = (Document){};
}

uint32_t document_node(const cJSON *item) {
        return (uint32_t) item->valueint;
}

const TextNode *document_text_node(const Document *document, const cJSON *item) {
        return &document->text.nodes[document_node(item)];
}

static bool type_agrees(const cJSON *item, const TextNode *node) {
        static const int types[] = {
                [TEXT_NULL] = cJSON_NULL,
                [TEXT_FALSE] = cJSON_False,
                [TEXT_TRUE] = cJSON_True,
                [TEXT_NUMBER] = cJSON_Number,
                [TEXT_STRING] = cJSON_String,
                [TEXT_ARRAY] = cJSON_Array,
                [TEXT_OBJECT] = cJSON_Object,
        };

        return (item->type & 0xff) == types[node->type] && !item->string == (node->key.length == 0);
}

/* What cJSON reads only in part: a number of more digits than its buffer, a key with a NUL. */
static bool find_unreadable(const Document *document, DiagList *diags) {
        const Text *text = &document->text;
        bool is_found = false;

        for (uint32_t i = 0; i < text->n_nodes; i++) {
                const TextNode *node = &text->nodes[i];

                if (node->type == TEXT_NUMBER && node->value.length > NUMBER_MAX_BYTES) {
                        document_diag(document, diags, SP104, i, false,
                                "write at most 63 characters",
                                "a number of %u characters: some parsers read a part of it",
                                node->value.length);
                        is_found = true;
                }
                if (node->key_has_nul) {
                        document_diag(document, diags, SP101, i, true, NULL,
                                "a key with \\u0000: some parsers end it there");
                        is_found = true;
                }
        }
        return is_found;
}

/* A key and where it stands. */
typedef struct Member {
        const char *key; /* borrowed from cJSON */
        uint32_t node;
        uint32_t parent;
        uint32_t line;
} Member;

/*
 * Reads one character of a key the way Go's encoding/json compares keys with field names: without
 * ASCII case, and with the two code points that Unicode folds to ASCII letters.
 */
static size_t fold_character(const char *at, unsigned char *ret_folded) {
        if (strncmp(at, "\u017f", 2) == 0) {
                *ret_folded = 's'; /* LATIN SMALL LETTER LONG S */
                return 2;
        }
        if (strncmp(at, "\u212a", 3) == 0) {
                *ret_folded = 'k'; /* KELVIN SIGN */
                return 3;
        }
        *ret_folded = (unsigned char) (*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
        return *at ? 1 : 0;
}

static int compare_folded(const char *a, const char *b) {
        for (;;) {
                unsigned char folded_a, folded_b;
                size_t length_a = fold_character(a, &folded_a),
                       length_b = fold_character(b, &folded_b);

                if (folded_a != folded_b)
                        return folded_a < folded_b ? -1 : 1;
                if (length_a == 0)
                        return 0;
                a += length_a;
                b += length_b;
        }
}

static int compare_keys(const Member *a, const Member *b) {
        if (a->parent != b->parent)
                return a->parent < b->parent ? -1 : 1;
        return compare_folded(a->key, b->key);
}

static int compare_members(const void *a, const void *b) {
        const Member *member_a = a, *member_b = b;
        int r = compare_keys(member_a, member_b);

        return r != 0 ? r : (member_a->node > member_b->node) - (member_a->node < member_b->node);
}

static void report_duplicate(
        const Document *document, DiagList *diags, const Member *earlier, const Member *later) {
        if (strcmp(earlier->key, later->key) == 0)
                document_diag(document, diags, SP103, later->node, true,
                        "keep one of them: runtimes differ in which they take",
                        "duplicate key \"%s\", also in line %u", later->key, earlier->line);
        else
                document_diag(document, diags, SP103, later->node, true,
                        "keep one of them: runtimes that ignore case take both for one",
                        "key \"%s\" is \"%s\" of line %u but for case", later->key, earlier->key,
                        earlier->line);
}

/* Returns 0; 1 when an object has keys that some decoder takes for one; -ENOMEM. */
static int find_duplicates(const Document *document, cJSON *const *items, DiagList *diags) {
        const Text *text = &document->text;
        _cleanup_free_ Member *members = calloc(text->n_nodes, sizeof(members[0]));
        TextCursor cursor = TEXT_CURSOR_START;
        size_t n = 0;
        int r = 0;

        if (!members)
                return -ENOMEM;
        for (uint32_t i = 0; i < text->n_nodes; i++) {
                const TextNode *node = &text->nodes[i];

                if (node->key.length == 0)
                        continue;
                text_cursor_advance(&cursor, text->bytes, text->size_bytes, node->key.offset);
                members[n++] = (Member){ items[i]->string, i, node->parent, cursor.line };
        }
        qsort(members, n, sizeof(members[0]), compare_members);
        for (size_t i = 1; i < n; i++)
                if (compare_keys(&members[i - 1], &members[i]) == 0) {
                        report_duplicate(document, diags, &members[i - 1], &members[i]);
                        r = 1;
                }
        return r;
}

/*
 * Gives each item of cJSON's tree its node, and lists them by node. Nodes stand in document order,
 * so the next child of each array and object is all there is to remember. Returns 0; -EBADMSG when
 * the two readings differ; -ENOMEM.
 */
static int bind_nodes(const Text *text, cJSON *root, cJSON **items) {
        _cleanup_free_ cJSON **next = calloc(text->n_nodes, sizeof(next[0]));

        if (!next)
                return -ENOMEM;
        for (uint32_t i = 0; i < text->n_nodes; i++) {
                const TextNode *node = &text->nodes[i];
                cJSON *item = i == 0 ? root : next[node->parent];

                if (!item || !type_agrees(item, node))
                        return -EBADMSG;
                if (i > 0)
                        next[node->parent] = item->next;
                next[i] = item->child;
                item->valueint = (int) i;
                items[i] = item;
        }
        for (uint32_t i = 0; i < text->n_nodes; i++)
                if (next[i])
                        return -EBADMSG;
        return 0;
}

/* The tree beside the nodes. Returns 0; 1 when the text is refused; -ENOMEM. */
static int read_tree(Document *document, DiagList *diags) {
        const Text *text = &document->text;
        _cleanup_free_ cJSON **items = calloc(text->n_nodes, sizeof(items[0]));
        int r = -EBADMSG;

        if (!items)
                return -ENOMEM;
        errno = 0;
        document->root = cJSON_ParseWithLength(text->bytes, text->size_bytes);
        if (document->root)
                r = bind_nodes(text, document->root, items);
        else if (errno == ENOMEM) /* the one failure that cJSON has for a text that is JSON */
                r = -ENOMEM;
        if (r == -EBADMSG) {
                diag_add(
                        diags, SP101, (Span){}, NULL, NULL, "two JSON parsers read it differently");
                return 1;
        }
        return r < 0 ? r : find_duplicates(document, items, diags);
}

int document_parse(Arena *arena, const char *bytes, size_t size_bytes, DiagList *diags,
        Document *ret_document) {
        Document document = { .arena = arena };
        int r = text_scan(arena, bytes, size_bytes, diags, &document.text);

        if (r != 0)
                return r;
        if (find_unreadable(&document, diags))
                return 1;
        r = read_tree(&document, diags);
        if (r != 0) {
                document_done(&document);
                return r;
        }
        *ret_document = document;
        return 0;
}

static void document_vdiag_as(const Document *document, DiagList *diags, RuleId rule,
        Severity severity, uint32_t node, bool on_key, const char *hint, const char *format,
        va_list args) __attribute__((format(printf, 8, 0)));

static void document_vdiag_as(const Document *document, DiagList *diags, RuleId rule,
        Severity severity, uint32_t node, bool on_key, const char *hint, const char *format,
        va_list args) {
        const TextNode *at = &document->text.nodes[node];
        _cleanup_buf_ Buf pointer = {};

        text_put_pointer(&pointer, &document->text, node);
        buf_append(&pointer, "", 0); /* the root's is empty, not absent */
        if (buf_error(&pointer) < 0) {
                diags->error = -ENOMEM;
                return;
        }
        diag_vadd_as(diags, rule, severity, on_key && at->key.length > 0 ? at->key : at->value,
                pointer.data, hint, format, args);
}

const char *document_place(
        const Document *document, const DiagList *diags, uint32_t node, uint32_t object) {
        const Text *text = &document->text;
        const char *pointer = text_pointer(document->arena, text, object);
        uint32_t line, column;

        if (!pointer || !diags_allow_guess(diags))
                return pointer;
        text_position(
                text->bytes, text->size_bytes, text->nodes[node].value.offset, &line, &column);
        return arena_printf(document->arena, "line %u (%s)", line, pointer);
}

void document_diag(const Document *document, DiagList *diags, RuleId rule, uint32_t node,
        bool on_key, const char *hint, const char *format, ...) {
        va_list args;

        va_start(args, format);
        document_vdiag_as(document, diags, rule, rules_find(rule)->severity, node, on_key, hint,
                format, args);
        va_end(args);
}

void document_diag_as(const Document *document, DiagList *diags, RuleId rule, Severity severity,
        uint32_t node, bool on_key, const char *hint, const char *format, ...) {
        va_list args;

        va_start(args, format);
        document_vdiag_as(document, diags, rule, severity, node, on_key, hint, format, args);
        va_end(args);
}

/* Reads decimal digits without a leading zero. Returns 0; -EINVAL; -ERANGE past 64 bits. */
static int parse_digits(const char *digits, size_t n, uint64_t *ret_value) {
        uint64_t value = 0;

        if (n == 0 || (n > 1 && digits[0] == '0'))
                return -EINVAL;
        for (size_t i = 0; i < n; i++) {
                if (digits[i] < '0' || digits[i] > '9')
                        return -EINVAL;
                if (__builtin_mul_overflow(value, 10, &value) ||
                        __builtin_add_overflow(value, (uint64_t) (digits[i] - '0'), &value))
                        return -ERANGE;
        }
        *ret_value = value;
        return 0;
}

static void refuse_type(
        const Document *document, const cJSON *item, const char *range, DiagList *diags) {
        static const char *const names[] = {
                [TEXT_NULL] = "null",
                [TEXT_FALSE] = "false",
                [TEXT_TRUE] = "true",
                [TEXT_STRING] = "a string",
                [TEXT_ARRAY] = "an array",
                [TEXT_OBJECT] = "an object",
        };
        const TextNode *node = document_text_node(document, item);
        const char *hint = range ? range : "write the number";
        char number[64];
        uint64_t value;

        if (node->type == TEXT_STRING &&
                parse_digits(item->valuestring, strlen(item->valuestring), &value) == 0) {
                snprintf(number, sizeof(number), "write it without quotes: %" PRIu64, value);
                document_diag(document, diags, SP205, document_node(item), false, number,
                        "\"%" PRIu64 "\" is a string where a number is wanted", value);
                return;
        }
        if (node->type == TEXT_STRING && constant_parse(item->valuestring, &value) == 0) {
                snprintf(number, sizeof(number), "write the number: %" PRIu64, value);
                hint = number;
        }
        document_diag(document, diags, SP205, document_node(item), false,
                node->type == TEXT_STRING ? hint : range, "%s where a number is wanted",
                names[node->type]);
}

/* What stands in a register for a negative number. */
static void write_negative(const char *digits, size_t n, size_t hint_size, char *hint) {
        uint64_t magnitude = 0;

        if (parse_digits(digits, n, &magnitude) < 0 || magnitude > (uint64_t) INT64_MAX + 1)
                return;
        if (magnitude > (uint64_t) INT32_MAX + 1)
                snprintf(hint, hint_size, "in 64 bits it is %" PRIu64, -magnitude);
        else
                snprintf(hint, hint_size,
                        "in 32 bits it is %" PRIu32 ", in 64 bits %" PRIu64
                        "; that an int equals it says SCMP_CMP_MASKED_EQ with \"value\": %" PRIu32
                        ", \"valueTwo\": %" PRIu32,
                        (uint32_t) -magnitude, -magnitude, UINT32_MAX, (uint32_t) -magnitude);
}

/* A number with a sign, a point or an exponent; the hint is its value where that is plain to see.
 */
static void refuse_form(const Document *document, const cJSON *item, uint64_t max,
        const char *range, DiagList *diags) {
        const TextNode *node = document_text_node(document, item);
        const char *raw = document->text.bytes + node->value.offset;
        int length = (int) node->value.length;
        char hint[192] = "";

        if (raw[0] != '-' && item->valuedouble < 1e15 &&
                item->valuedouble == (double) (uint64_t) item->valuedouble)
                snprintf(hint, sizeof(hint), "write %.0f", item->valuedouble);
        else if (max == UINT64_MAX && raw[0] == '-')
                write_negative(raw + 1, node->value.length - 1, sizeof(hint), hint);
        document_diag(document, diags, SP104, document_node(item), false, *hint ? hint : range,
                raw[0] == '-' ? "%.*s is negative: decoders refuse all but unsigned integers"
                              : "%.*s is not a plain integer, and runtimes refuse it",
                length, raw);
}

int document_get_uint(const Document *document, const cJSON *item, uint64_t max, const char *range,
        DiagList *diags, uint64_t *ret_value) {
        const TextNode *node = document_text_node(document, item);
        const char *raw = document->text.bytes + node->value.offset;
        uint64_t value = 0;
        int r;

        if (node->type != TEXT_NUMBER) {
                refuse_type(document, item, range, diags);
                return 1;
        }
        r = parse_digits(raw, node->value.length, &value);
        if (r == -EINVAL) {
                refuse_form(document, item, max, range, diags);
                return 1;
        }
        if (r < 0 || value > max) {
                document_diag(document, diags, SP104, document_node(item), false, range,
                        "%.*s is too large, and decoders refuse it: at most %" PRIu64,
                        (int) node->value.length, raw, max);
                return 1;
        }
        *ret_value = value;
        return 0;
}
