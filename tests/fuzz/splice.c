/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mutations that leave JSON what it is: an element of an array once more, or no more, a value in
 * another's place, another number. Bytes that are changed blindly hardly ever pass the scan, so a
 * target for what is behind it is linked with this file; libFuzzer then calls it, and it leaves one
 * mutation in four to libFuzzer.
 */

#include "fuzz.h"

#include "base/buf.h"
#include "profile/text.h"

#include <inttypes.h>
#include <string.h>

#define TRIES_MAX 8U

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size_bytes, size_t max_bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size_bytes, size_t max_bytes, unsigned seed);

/* Any value, large ones too: most are names and numbers, so some of the way up is gone. */
static const TextNode *draw_node(const Text *text, unsigned *seed) {
        const TextNode *node = &text->nodes[(size_t) rand_r(seed) % text->n_nodes];

        while (node->parent != TEXT_NO_NODE && rand_r(seed) % 3 == 0)
                node = &text->nodes[node->parent];
        return node;
}

static const TextNode *draw_node_of_type(const Text *text, TextType type, unsigned *seed) {
        const TextNode *node = draw_node(text, seed);

        for (size_t i = 0; node->type != type && i < TRIES_MAX; i++)
                node = draw_node(text, seed);
        return node;
}

static uint64_t draw_number(const Text *text, const TextNode *old, unsigned *seed) {
        const uint64_t bit = 1ULL << rand_r(seed) % 64;
        const uint64_t value = strtoull(text->bytes + old->value.offset, NULL, 10);

        switch (rand_r(seed) % 8) {
        case 0: return bit;
        case 1: return bit - 1;
        case 2: return ~(bit - 1);
        case 3: return value ^ bit;
        case 4: return value + 1;
        case 5: return value - 1;
        default: return (uint64_t) rand_r(seed) % 6;
        }
}

static bool is_element(const Text *text, const TextNode *node) {
        return node->parent != TEXT_NO_NODE && text->nodes[node->parent].type == TEXT_ARRAY;
}

static size_t end_of(const TextNode *node) {
        return (size_t) node->value.offset + node->value.length;
}

static void put_value(Buf *out, const Text *text, const TextNode *node) {
        buf_append(out, text->bytes + node->value.offset, node->value.length);
}

/* The text up to `begin`, and what follows `end` behind what `out` gets meanwhile. */
static void put_head(Buf *out, const Text *text, size_t begin) {
        buf_append(out, text->bytes, begin);
}

static void put_tail(Buf *out, const Text *text, size_t end) {
        buf_append(out, text->bytes + end, text->size_bytes - end);
}

static void put_without(Buf *out, const Text *text, const TextNode *node) {
        size_t begin = node->value.offset, end = end_of(node);

        while (strchr(" \t\r\n", text->bytes[end]))
                end++;
        if (text->bytes[end] == ',')
                end++;
        else
                while (text->bytes[begin - 1] != '[' && text->bytes[begin] != ',')
                        begin--;
        put_head(out, text, begin);
        put_tail(out, text, end);
}

/* Returns false when what was drawn cannot be done. */
static bool splice(Buf *out, const Text *text, unsigned *seed) {
        const TextNode *node = draw_node(text, seed), *other = NULL;

        switch (rand_r(seed) % 5) {
        case 0: /* once more */
        case 1: /* another one behind it */
                if (!is_element(text, node))
                        return false;
                other = rand_r(seed) % 2 ? node : draw_node_of_type(text, node->type, seed);
                put_head(out, text, end_of(node));
                buf_putc(out, ',');
                put_value(out, text, other);
                put_tail(out, text, end_of(node));
                return true;
        case 2:
                other = draw_node_of_type(text, node->type, seed);
                put_head(out, text, node->value.offset);
                put_value(out, text, other);
                put_tail(out, text, end_of(node));
                return true;
        case 3:
                if (!is_element(text, node))
                        return false;
                put_without(out, text, node);
                return true;
        default:
                node = draw_node_of_type(text, TEXT_NUMBER, seed);
                if (node->type != TEXT_NUMBER || node->parent == TEXT_NO_NODE)
                        return false;
                put_head(out, text, node->value.offset);
                buf_printf(out, "%" PRIu64, draw_number(text, node, seed));
                put_tail(out, text, end_of(node));
                return true;
        }
}

static size_t mutate(uint8_t *bytes, size_t size_bytes, size_t max_bytes, unsigned *seed) {
        _cleanup_(arena_freep) Arena *arena = arena_new();
        _cleanup_buf_ Buf out = {};
        Text text = {};
        DiagList diags;
        bool is_json;

        MUST(arena);
        diags_init(&diags, NULL);
        is_json = text_scan(arena, (const char *) bytes, size_bytes, &diags, &text) == 0;
        diags_done(&diags);
        for (size_t i = 0; is_json && out.size == 0 && i < TRIES_MAX; i++)
                (void) splice(&out, &text, seed);
        MUST(buf_error(&out) == 0);
        if (out.size == 0 || out.size > max_bytes)
                return 0;
        memcpy(bytes, out.data, out.size);
        return out.size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size_bytes, size_t max_bytes, unsigned seed) {
        size_t size_after_bytes = 0;

        if (rand_r(&seed) % 4 > 0)
                size_after_bytes = mutate(bytes, size_bytes, max_bytes, &seed);
        return size_after_bytes > 0 ? size_after_bytes
                                    : LLVMFuzzerMutate(bytes, size_bytes, max_bytes);
}
