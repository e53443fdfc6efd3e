/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The strict scan. Whatever it accepts, cJSON must parse, with as many values; every node lies
 * inside the text and inside its parent, in document order. What it refuses has findings, some tens
 * at most, each with a place in the text and none of them twice.
 */

#include "fuzz.h"

#include "profile/document.h"
#include "profile/limits.h"

#include <string.h>

static size_t count_items(const cJSON *item) {
        size_t n = 1;

        for (const cJSON *child = item->child; child; child = child->next)
                n += count_items(child);
        return n;
}

static bool is_inside(Span inner, Span outer) {
        return inner.offset >= outer.offset &&
                (uint64_t) inner.offset + inner.length <= (uint64_t) outer.offset + outer.length;
}

static void check_nodes(const Text *text) {
        const Span whole = { 0, (uint32_t) text->size_bytes };
        TextCursor cursor = TEXT_CURSOR_START;

        for (size_t i = 0; i < text->n_nodes; i++) {
                const TextNode *node = &text->nodes[i];
                uint32_t line, column;

                MUST(node->value.length > 0 && is_inside(node->value, whole));
                MUST((i == 0) == (node->parent == TEXT_NO_NODE));
                if (i > 0) {
                        MUST(node->parent < i);
                        MUST(is_inside(node->value, text->nodes[node->parent].value));
                        MUST(node->value.offset > text->nodes[i - 1].value.offset);
                }
                /* two ways to the same place */
                text_cursor_advance(&cursor, text->bytes, text->size_bytes, node->value.offset);
                if (i % 64 == 0) {
                        text_position(
                                text->bytes, text->size_bytes, node->value.offset, &line, &column);
                        MUST(line == cursor.line && column == cursor.column);
                }
        }
}

static void check_pointer(Arena *arena, const Text *text) {
        const char *pointer = text_pointer(arena, text, (uint32_t) text->n_nodes - 1);

        MUST(pointer && (*pointer == '\0' || *pointer == '/'));
}

static void check_findings(const DiagList *diags, size_t size_bytes) {
        MUST(diags->n >= 1 && diags->n <= LIMIT_DIAGS + 1);
        for (size_t i = 0; i < diags->n; i++) {
                const Diag *diag = &diags->items[i];

                MUST(diag->rule == SP101 || (diag->rule == SP102 && i + 1 == diags->n));
                MUST((uint64_t) diag->span.offset + diag->span.length <= size_bytes);
                for (size_t j = 0; j < i; j++)
                        MUST(diag->span.offset != diags->items[j].span.offset ||
                                strcmp(diag->message, diags->items[j].message) != 0);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
        _cleanup_(arena_freep) Arena *arena = arena_new();
        /* exactly as long as it is, so that a byte read behind it is seen */
        _cleanup_free_ char *copy = malloc(size_bytes > 0 ? size_bytes : 1);
        DiagList diags;
        Text text = {};
        int r;

        MUST(arena && copy);
        memcpy(copy, bytes, size_bytes);
        diags_init(&diags, NULL);
        r = text_scan(arena, copy, size_bytes, &diags, &text);
        MUST(r == 0 || r == 1);
        MUST((r == 1) == diags_have_errors(&diags));
        if (r == 0) {
                cJSON *root = cJSON_ParseWithLength(copy, size_bytes);

                MUST(root);
                MUST(count_items(root) == text.n_nodes);
                cJSON_Delete(root);
                check_nodes(&text);
                check_pointer(arena, &text);
        } else {
                check_findings(&diags, size_bytes);
                MUST(diags_finish(&diags, copy, size_bytes) == 0);
                MUST(diags.n > 0);
        }
        diags_done(&diags);
        return 0;
}
