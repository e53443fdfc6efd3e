/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The strict scan. It alone decides what is JSON: what cJSON and Go's decoder disagree on (leading
 * zeros, raw controls, invalid UTF-8, lone surrogates, trailing data) is refused here, so behind it
 * all parsers read the same values. It is a loop with an explicit stack of LIMIT_DEPTH levels, in
 * one pass over the bytes, and its memory is bounded by the text: each value but the first comes
 * behind a comma or an opening bracket, so counting those bounds the nodes.
 *
 * It says where a byte does not fit; text_fault.c finds the words for it. Behind a mistake whose
 * meaning is plain (a comment, a trailing or missing comma, a number or word of another language)
 * the scan goes on as if it were mended, so that the author learns of all of them at once. The text
 * is refused all the same: what decides is whether there was a fault, never whether the end was
 * reached.
 */

#include "profile/text.h"

#include "base/ascii.h"
#include "base/utf8.h"
#include "profile/limits.h"
#include "profile/text_fault.h"

#include <errno.h>
#include <string.h>

#define FAULTS_MAX LIMIT_DIAGS /* that are gone on behind */

typedef struct Scanner {
        const char *bytes;
        uint32_t size_bytes;
        uint32_t at;
        TextNode *nodes;
        uint32_t n_nodes;
        uint32_t n_keys;
        struct {
                uint32_t node;
                uint32_t n_children;
        } open[LIMIT_DEPTH]; /* arrays and objects around `at`, outermost first */
        uint32_t depth;
        uint32_t n_nodes_max;
        uint32_t n_faults;
        uint32_t comma; /* where the last one was */
        Span string;    /* the last one */
        DiagList *diags;
} Scanner;

/* The byte at `at` plus a distance; 0 past the end, which is no byte of any token. */
static char peek(const Scanner *scanner, uint32_t distance) {
        uint32_t at = scanner->at + distance;

        return at < scanner->size_bytes ? scanner->bytes[at] : 0;
}

/* The last value that ended before `at` in the innermost array or object, or at the top. */
static Span last_sibling(const Scanner *scanner) {
        uint32_t around =
                scanner->depth > 0 ? scanner->open[scanner->depth - 1].node : TEXT_NO_NODE;
        uint32_t node = scanner->n_nodes - 1;

        if (scanner->n_nodes == 0 || node == around)
                return (Span){};
        while (scanner->nodes[node].parent != around)
                node = scanner->nodes[node].parent;
        return scanner->nodes[node].value;
}

static TextFault fault_at(Scanner *scanner) {
        TextFault fault = {
                .bytes = scanner->bytes,
                .size_bytes = scanner->size_bytes,
                .at = scanner->at,
                .comma = scanner->comma,
                .string = scanner->string,
                .sibling = last_sibling(scanner),
                .is_first = scanner->n_nodes == 0 && scanner->depth == 0,
                .depth = scanner->depth,
                .diags = scanner->diags,
        };

        for (uint32_t i = 0; i < scanner->depth; i++)
                fault.openers[i] = scanner->nodes[scanner->open[i].node].value.offset;
        scanner->n_faults++;
        return fault;
}

static bool refuse_token(Scanner *scanner, TextWant want) {
        TextFault fault = fault_at(scanner);

        text_fault_token(&fault, want);
        return false;
}

static bool may_go_on(const Scanner *scanner) {
        return scanner->n_faults < FAULTS_MAX;
}

/* Moves past a comment. One that is left where it is fits nowhere, and ends the scan. */
static bool pass_comment(Scanner *scanner) {
        TextFault fault;
        uint32_t length;

        if (!text_fault_is_comment(scanner->bytes, scanner->size_bytes, scanner->at) ||
                !may_go_on(scanner))
                return false;
        length = text_fault_comment_length(scanner->bytes, scanner->size_bytes, scanner->at);
        if (length == 0)
                return false;
        fault = fault_at(scanner);
        text_fault_comment(&fault);
        scanner->at += length;
        return true;
}

static void skip_space(Scanner *scanner) {
        for (;;) {
                char character = peek(scanner, 0);

                if (ascii_is_space(character))
                        scanner->at++;
                else if (!pass_comment(scanner))
                        return;
        }
}

static bool is_in_object(const Scanner *scanner) {
        return scanner->depth > 0 &&
                scanner->nodes[scanner->open[scanner->depth - 1].node].type == TEXT_OBJECT;
}

static bool has_sibling(const Scanner *scanner) {
        return scanner->depth > 0 && scanner->open[scanner->depth - 1].n_children > 0;
}

/* Four hexadecimal digits at a distance from `at`, or -EINVAL. */
static int read_hex4(const Scanner *scanner, uint32_t distance) {
        int value = 0;

        for (uint32_t i = 0; i < 4; i++) {
                char digit = peek(scanner, distance + i);

                if (ascii_is_digit(digit))
                        value = value << 4 | (digit - '0');
                else if ((digit >= 'a' && digit <= 'f') || (digit >= 'A' && digit <= 'F'))
                        value = value << 4 | ((digit | 0x20) - 'a' + 10);
                else
                        return -EINVAL;
        }
        return value;
}

/* Moves past an escape sequence; false, at its backslash, for one that JSON does not have. */
static bool scan_escape(Scanner *scanner, bool *has_nul) {
        char letter = peek(scanner, 1);
        int unit, low;

        if (letter != 'u') {
                if (!letter || !strchr("\"\\/bfnrt", letter))
                        return false;
                scanner->at += 2;
                return true;
        }
        unit = read_hex4(scanner, 2);
        if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff))
                return false;
        if (unit >= 0xd800 && unit <= 0xdbff) {
                low = peek(scanner, 6) == '\\' && peek(scanner, 7) == 'u' ? read_hex4(scanner, 8)
                                                                          : -1;
                if (low < 0xdc00 || low > 0xdfff)
                        return false;
                scanner->at += 6;
        }
        scanner->at += 6;
        *has_nul |= unit == 0;
        return true;
}

/* Moves past the string that opens at `at`. */
static bool scan_string(Scanner *scanner, Span *ret_span, bool *has_nul) {
        uint32_t quote = scanner->at++;
        TextFault fault;

        while (scanner->at < scanner->size_bytes) {
                char character = peek(scanner, 0);
                size_t length = 0;

                if (character == '"') {
                        scanner->at++;
                        scanner->string = (Span){ quote, scanner->at - quote };
                        *ret_span = scanner->string;
                        return true;
                }
                if (character == '\\' && scan_escape(scanner, has_nul))
                        continue;
                if (character != '\\' && (uint8_t) character >= 0x20)
                        length = utf8_decode(scanner->bytes + scanner->at,
                                scanner->size_bytes - scanner->at, NULL);
                if (length == 0)
                        break;
                scanner->at += (uint32_t) length;
        }
        fault = fault_at(scanner);
        text_fault_string(&fault, quote);
        return false;
}

static uint32_t count_digits(const Scanner *scanner, uint32_t distance) {
        uint32_t n = 0;

        while (ascii_is_digit(peek(scanner, distance + n)))
                n++;
        return n;
}

/* The length of the number at `at` by the grammar of RFC 8259, section 6; 0 for none. */
static uint32_t measure_number(const Scanner *scanner) {
        uint32_t length = peek(scanner, 0) == '-';
        uint32_t n_digits = count_digits(scanner, length);

        if (n_digits == 0 || (n_digits > 1 && peek(scanner, length) == '0'))
                return 0;
        length += n_digits;
        if (peek(scanner, length) == '.') {
                n_digits = count_digits(scanner, length + 1);
                if (n_digits == 0)
                        return 0;
                length += 1 + n_digits;
        }
        if (peek(scanner, length) == 'e' || peek(scanner, length) == 'E') {
                length += 1;
                length += peek(scanner, length) == '+' || peek(scanner, length) == '-';
                n_digits = count_digits(scanner, length);
                if (n_digits == 0)
                        return 0;
                length += n_digits;
        }
        return length;
}

/* Whether the author's word or number goes on with this character, whatever the grammar says. */
static bool is_token_part(char character) {
        return ascii_is_digit(character) || (character >= 'A' && character <= 'Z') ||
                (character >= 'a' && character <= 'z') || (character && strchr("+-._$", character));
}

/* Moves past a word or number that was refused; false when what follows is no less wrong. */
static bool pass_token(Scanner *scanner, const char *followers) {
        uint32_t length = 0;

        while (is_token_part(peek(scanner, length)))
                length++;
        if (length == 0 || !may_go_on(scanner))
                return false;
        scanner->at += length;
        skip_space(scanner);
        return peek(scanner, 0) && strchr(followers, peek(scanner, 0));
}

static bool scan_number(Scanner *scanner, TextNode *node) {
        uint32_t length = measure_number(scanner);

        if (length == 0 || is_token_part(peek(scanner, length))) {
                TextFault fault = fault_at(scanner);

                text_fault_number(&fault);
                return pass_token(scanner, ",]}");
        }
        node->type = TEXT_NUMBER;
        node->value = (Span){ scanner->at, length };
        scanner->at += length;
        return true;
}

/* true, false or null at `at`. */
static bool scan_word(Scanner *scanner, TextNode *node) {
        static const struct {
                const char *word;
                TextType type;
        } words[] = {
                { "null", TEXT_NULL },
                { "false", TEXT_FALSE },
                { "true", TEXT_TRUE },
        };

        for (size_t i = 0; i < N_ELEMENTS(words); i++) {
                uint32_t length = (uint32_t) strlen(words[i].word);

                if (scanner->size_bytes - scanner->at < length ||
                        memcmp(scanner->bytes + scanner->at, words[i].word, length) != 0 ||
                        is_token_part(peek(scanner, length)))
                        continue;
                node->type = words[i].type;
                node->value = (Span){ scanner->at, length };
                scanner->at += length;
                return true;
        }
        refuse_token(
                scanner, node->key.length == 0 && node->ordinal > 0 ? WANT_ELEMENT : WANT_VALUE);
        return pass_token(scanner, ",]}");
}

static bool open_bracket(Scanner *scanner, TextNode *node) {
        node->type = peek(scanner, 0) == '{' ? TEXT_OBJECT : TEXT_ARRAY;
        node->value = (Span){ scanner->at, 1 };
        if (scanner->depth == LIMIT_DEPTH) {
                diag_add(scanner->diags, SP102, node->value, NULL, NULL,
                        "nested deeper than %u levels", LIMIT_DEPTH);
                return false;
        }
        scanner->open[scanner->depth].node = scanner->n_nodes;
        scanner->open[scanner->depth].n_children = 0;
        scanner->depth++;
        scanner->at++;
        return true;
}

static bool scan_key(Scanner *scanner, TextNode *node) {
        if (peek(scanner, 0) != '"') {
                node->key = (Span){ scanner->at, 1 };
                refuse_token(scanner, has_sibling(scanner) ? WANT_NEXT_KEY : WANT_KEY);
                if (!pass_token(scanner, ":"))
                        return false;
        } else if (!scan_string(scanner, &node->key, &node->key_has_nul)) {
                return false;
        }
        skip_space(scanner);
        if (peek(scanner, 0) != ':')
                return refuse_token(scanner, WANT_COLON);
        scanner->at++;
        skip_space(scanner);
        return true;
}

/* The value at `at`; of an array or object the opening. */
static bool scan_value(Scanner *scanner, TextNode *node) {
        char character = peek(scanner, 0);

        if (character == '{' || character == '[')
                return open_bracket(scanner, node);
        if (character == '"') {
                node->type = TEXT_STRING;
                return scan_string(scanner, &node->value, &node->has_nul);
        }
        if (character == '-' || ascii_is_digit(character))
                return scan_number(scanner, node);
        return scan_word(scanner, node);
}

/* A value and, in an object, the key before it. */
static bool scan_member(Scanner *scanner) {
        TextNode node = { .parent = TEXT_NO_NODE };

        if (is_in_object(scanner) && !scan_key(scanner, &node))
                return false;
        scanner->n_keys += node.key.length > 0;
        if (scanner->n_nodes + scanner->n_keys >= scanner->n_nodes_max) {
                diag_add(scanner->diags, SP102, (Span){ scanner->at, 1 }, NULL, NULL,
                        "more than %u values and keys", scanner->n_nodes_max);
                return false;
        }
        if (scanner->depth > 0) {
                node.parent = scanner->open[scanner->depth - 1].node;
                node.ordinal = scanner->open[scanner->depth - 1].n_children++;
        }
        if (!scan_value(scanner, &node))
                return false;
        scanner->nodes[scanner->n_nodes++] = node;
        return true;
}

/*
 * The comma before a member that is not the first. A missing one is gone on behind where a string,
 * array or object follows that can be nothing else than the next member; a quote that touches the
 * string before it may as well be one too many.
 */
static bool scan_comma(Scanner *scanner) {
        bool is_array = !is_in_object(scanner);
        bool is_apart = scanner->at != scanner->string.offset + scanner->string.length;
        char next = peek(scanner, 0);
        bool is_template = next == '{' && (peek(scanner, 1) == '{' || peek(scanner, 1) == '%');

        if (next == ',') {
                scanner->comma = scanner->at++;
                skip_space(scanner);
                return true;
        }
        refuse_token(scanner, WANT_SEPARATOR);
        return may_go_on(scanner) &&
                ((next == '"' && is_apart) ||
                        (is_array && !is_template && (next == '[' || next == '{')));
}

static void refuse_trailing_comma(Scanner *scanner) {
        TextFault fault = fault_at(scanner);

        text_fault_trailing_comma(&fault);
}

/* Closes what ends at `at`, up to the comma or opening that another member must follow. */
static bool scan_separators(Scanner *scanner, bool *ret_more) {
        while (scanner->depth > 0) {
                char closing = is_in_object(scanner) ? '}' : ']';

                skip_space(scanner);
                if (peek(scanner, 0) == closing) {
                        TextNode *node = &scanner->nodes[scanner->open[--scanner->depth].node];

                        scanner->at++;
                        node->value.length = scanner->at - node->value.offset;
                        continue;
                }
                if (has_sibling(scanner) && !scan_comma(scanner))
                        return false;
                if (has_sibling(scanner) && peek(scanner, 0) == closing) {
                        refuse_trailing_comma(scanner);
                        if (!may_go_on(scanner))
                                return false;
                        continue;
                }
                *ret_more = true;
                return true;
        }
        *ret_more = false;
        return true;
}

/* A byte order mark in front is all that is wrong with many a file. */
static void pass_mark(Scanner *scanner) {
        static const char mark[] = "\xef\xbb\xbf";

        if (scanner->size_bytes < strlen(mark) || memcmp(scanner->bytes, mark, strlen(mark)) != 0)
                return;
        refuse_token(scanner, WANT_VALUE);
        scanner->at += strlen(mark);
}

static bool scan_all(Scanner *scanner) {
        bool more = true;

        pass_mark(scanner);
        skip_space(scanner);
        while (more)
                if (!scan_member(scanner) || !scan_separators(scanner, &more))
                        return false;
        skip_space(scanner);
        return scanner->at == scanner->size_bytes || refuse_token(scanner, WANT_END);
}

static size_t bound_nodes(const char *bytes, size_t size_bytes, uint32_t n_max) {
        size_t n = 1;

        for (size_t i = 0; i < size_bytes && n < n_max; i++)
                n += bytes[i] == ',' || bytes[i] == '[' || bytes[i] == '{';
        return n;
}

int text_scan(Arena *arena, const char *bytes, size_t size_bytes, DiagList *diags, Text *ret_text) {
        static const TextLimits limits = { LIMIT_PROFILE_BYTES, LIMIT_NODES };

        return text_scan_within(arena, bytes, size_bytes, &limits, diags, ret_text);
}

int text_scan_within(Arena *arena, const char *bytes, size_t size_bytes, const TextLimits *limits,
        DiagList *diags, Text *ret_text) {
        Scanner scanner = { .bytes = bytes, .n_nodes_max = limits->n_nodes, .diags = diags };

        if (size_bytes > limits->size_bytes) {
                diag_add(diags, SP102, (Span){}, NULL, NULL,
                        "the file has %zu bytes; a profile has at most %u", size_bytes,
                        limits->size_bytes);
                return 1;
        }
        scanner.size_bytes = (uint32_t) size_bytes;
        /* a value behind a missing comma has none */
        scanner.nodes = arena_alloc_array(arena,
                bound_nodes(bytes, size_bytes, limits->n_nodes) + FAULTS_MAX,
                sizeof(scanner.nodes[0]));
        if (!scanner.nodes)
                return -ENOMEM;
        if (!scan_all(&scanner) || scanner.n_faults > 0)
                return 1;
        *ret_text = (Text){
                .bytes = bytes,
                .size_bytes = size_bytes,
                .nodes = scanner.nodes,
                .n_nodes = scanner.n_nodes,
        };
        return 0;
}
