/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_DOCUMENT_H
#define SECCOMPD_PROFILE_DOCUMENT_H

#include "profile/text.h"

#include <cjson/cJSON.h>

/**
 * A JSON document: cJSON's tree for structure and decoded strings, the scan's nodes for positions
 * and raw numbers. Each cJSON item knows its node (document_node).
 */
typedef struct Document {
        Arena *arena; /* borrowed */
        Text text;
        cJSON *root; /* owned */
} Document;

/**
 * Scans and parses `bytes` (borrowed as long as the document lives), finds duplicate keys and keys
 * equal but for case (SP103). Returns 0; 1 when the text is refused, with the reason in `diags`
 * and `ret_document` untouched; -ENOMEM. SP103 refuses too.
 */
int document_parse(Arena *arena, const char *bytes, size_t size_bytes, DiagList *diags,
        Document *ret_document);
void document_done(Document *document);

/** The index of the scan's node of an item of this document. */
uint32_t document_node(const cJSON *item);

/** The scan's node of an item. */
const TextNode *document_text_node(const Document *document, const cJSON *item);

/**
 * Reads a number as a plain unsigned decimal integer up to `max`, exactly. `range` is the hint
 * where the author's own number says nothing better; NULL for none. Returns 0; 1 when it is not a
 * number (SP205) or not such an integer (SP104), said in `diags`, value untouched.
 */
int document_get_uint(const Document *document, const cJSON *item, uint64_t max, const char *range,
        DiagList *diags, uint64_t *ret_value);

/**
 * Another place for a message: "line 12 (/syscalls/37)", the line where `node` is and the pointer
 * of `object`, which it belongs to; the pointer alone once so much was found that counting lines
 * for each finding would take longer than all the rest. From the document's arena, or NULL when
 * memory is out.
 */
const char *document_place(
        const Document *document, const DiagList *diags, uint32_t node, uint32_t object);

/** diag_add() at a node: span and pointer are taken from it. `on_key`: the key, not the value. */
void document_diag(const Document *document, DiagList *diags, RuleId rule, uint32_t node,
        bool on_key, const char *hint, const char *format, ...)
        __attribute__((format(printf, 7, 8)));
void document_diag_as(const Document *document, DiagList *diags, RuleId rule, Severity severity,
        uint32_t node, bool on_key, const char *hint, const char *format, ...)
        __attribute__((format(printf, 8, 9)));

#endif
