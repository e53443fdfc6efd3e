/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The verdict of a check, and its way from a worker to the daemon. The wire form is the simplest
 * that can be read without trust: fixed-size numbers in this machine's order (both ends are one
 * binary), strings with their length before them, nothing optional but by a length that says so.
 * The worker was fed by strangers and may have been taken over, so the reader believes nothing:
 * every length is held against what is left, every index against its table, every string must be
 * text, and what the daemon relies on (a good verdict has no error and its digest is that of its
 * bytes) is found out here again.
 */

#include "profile/verdict.h"

#include "base/utf8.h"
#include "profile/limits.h"

#include <errno.h>
#include <string.h>

#define WIRE_NO_STRING UINT32_MAX

Verdict *verdict_new(VerdictKind kind) {
        Verdict *verdict = calloc(1, sizeof(*verdict));

        if (!verdict)
                return NULL;
        verdict->kind = kind;
        diags_init(&verdict->diags, NULL);
        return verdict;
}

Verdict *verdict_free(Verdict *verdict) {
        if (!verdict)
                return NULL;
        diags_done(&verdict->diags);
        free(verdict->canonical);
        free(verdict);
        return NULL;
}

Verdict *verdict_died(const char *cause) {
        _cleanup_(verdict_freep) Verdict *verdict = verdict_new(VERDICT_DIED);

        if (!verdict)
                return NULL;
        diag_add(&verdict->diags, SP812, (Span){}, NULL, NULL, "the check died: %s", cause);
        if (diags_finish(&verdict->diags, NULL, 0) < 0)
                return NULL;
        return TAKE_PTR(verdict);
}

static void put_u8(Buf *buf, uint8_t value) {
        buf_append(buf, &value, sizeof(value));
}

static void put_u32(Buf *buf, uint32_t value) {
        buf_append(buf, &value, sizeof(value));
}

static void put_bytes(Buf *buf, const char *bytes, size_t size_bytes) {
        put_u32(buf, bytes ? (uint32_t) size_bytes : WIRE_NO_STRING);
        if (bytes)
                buf_append(buf, bytes, size_bytes);
}

static void put_string(Buf *buf, const char *string) {
        put_bytes(buf, string, string ? strlen(string) : 0);
}

static void put_diag(Buf *buf, const Diag *diag) {
        put_u32(buf, diag->rule);
        put_u8(buf, diag->severity);
        put_u32(buf, diag->span.offset);
        put_u32(buf, diag->span.length);
        put_u32(buf, diag->line);
        put_u32(buf, diag->column);
        put_u32(buf, diag->end_line);
        put_u32(buf, diag->end_column);
        put_string(buf, diag->pointer);
        put_string(buf, diag->message);
        put_string(buf, diag->hint);
}

static void put_program(Buf *buf, const VerdictProgram *program) {
        put_u32(buf, program->n_insns);
        put_u32(buf, program->n_points);
        put_u8(buf, program->optimise);
        put_u8(buf, program->is_exhaustive);
}

static void put_arches(Buf *buf, const Verdict *verdict) {
        size_t n_arches;
        const Arch *arches = arch_all(&n_arches);

        put_u8(buf, (uint8_t) verdict->n_arches);
        for (size_t i = 0; i < verdict->n_arches; i++)
                put_u8(buf, (uint8_t) (verdict->arches[i] - arches));
}

void verdict_encode(Buf *buf, const Verdict *verdict) {
        put_u8(buf, verdict->kind);
        put_u32(buf, (uint32_t) verdict->diags.n);
        for (size_t i = 0; i < verdict->diags.n; i++)
                put_diag(buf, &verdict->diags.items[i]);
        put_u32(buf, (uint32_t) verdict->diags.n_dropped);
        put_u8(buf, verdict->diags.worst);
        put_bytes(buf, verdict->canonical, verdict->canonical_size_bytes);
        buf_append(buf, verdict->digest.bytes, sizeof(verdict->digest.bytes));
        buf_append(buf, verdict->outline.bytes, sizeof(verdict->outline.bytes));
        put_u8(buf, (uint8_t) verdict->n_programs);
        for (size_t i = 0; i < verdict->n_programs; i++)
                put_program(buf, &verdict->programs[i]);
        put_arches(buf, verdict);
        put_u32(buf, verdict->n_rules);
        put_u32(buf, verdict->n_conditional);
        buf_append(buf, verdict->previous.bytes, sizeof(verdict->previous.bytes));
        put_u8(buf, verdict->effect);
}

/* What is left to read; the first failure is kept, and later reads give zeroes. */
typedef struct Wire {
        const char *bytes;
        size_t size_bytes;
        int error;
} Wire;

static void wire_refuse(Wire *wire, int error) {
        if (wire->error == 0)
                wire->error = error;
}

static const char *take(Wire *wire, size_t size_bytes) {
        const char *bytes = wire->bytes;

        if (wire->error < 0 || size_bytes > wire->size_bytes) {
                wire_refuse(wire, -EBADMSG);
                return NULL;
        }
        wire->bytes += size_bytes;
        wire->size_bytes -= size_bytes;
        return bytes;
}

static uint32_t take_u32(Wire *wire) {
        const char *bytes = take(wire, sizeof(uint32_t));
        uint32_t value = 0;

        if (bytes)
                memcpy(&value, bytes, sizeof(value));
        return value;
}

/* A number that must not pass `max`. */
static uint8_t take_u8(Wire *wire, uint8_t max) {
        const char *bytes = take(wire, 1);
        uint8_t value = bytes ? (uint8_t) bytes[0] : 0;

        if (value > max) {
                wire_refuse(wire, -EBADMSG);
                return 0;
        }
        return value;
}

/* What may stand in a profile: JSON escapes the C0 controls and nothing else. */
static bool is_in_json(uint32_t codepoint) {
        return codepoint >= ' ';
}

/* UTF-8 of line feeds and of code points that `accepts` likes. */
static bool is_text(const char *bytes, size_t size_bytes, bool (*accepts)(uint32_t)) {
        while (size_bytes > 0) {
                uint32_t codepoint;
                size_t n = utf8_decode(bytes, size_bytes, &codepoint);

                if (n == 0 || (codepoint != '\n' && !accepts(codepoint)))
                        return false;
                bytes += n;
                size_bytes -= n;
        }
        return true;
}

/* NULL for a string that is absent, and after a failure. */
static char *take_string(
        Wire *wire, size_t max_bytes, bool (*accepts)(uint32_t), size_t *ret_size_bytes) {
        uint32_t size_bytes = take_u32(wire);
        const char *bytes;
        char *string;

        if (size_bytes == WIRE_NO_STRING)
                return NULL;
        bytes = take(wire, size_bytes);
        if (!bytes)
                return NULL;
        if (size_bytes > max_bytes || !is_text(bytes, size_bytes, accepts)) {
                wire_refuse(wire, -EBADMSG);
                return NULL;
        }
        string = strndup(bytes, size_bytes);
        if (!string)
                wire_refuse(wire, -ENOMEM);
        else if (ret_size_bytes)
                *ret_size_bytes = size_bytes;
        return string;
}

static char *take_diag_string(Wire *wire) {
        return take_string(wire, DIAG_STRING_MAX_BYTES, utf8_is_harmless, NULL);
}

static void take_diag(Wire *wire, Diag *diag) {
        uint32_t rule = take_u32(wire);

        if (!rules_find(rule)) {
                wire_refuse(wire, -EBADMSG);
                return;
        }
        diag->rule = (RuleId) rule;
        diag->severity = (Severity) take_u8(wire, SEVERITY_ERROR);
        diag->span.offset = take_u32(wire);
        diag->span.length = take_u32(wire);
        diag->line = take_u32(wire);
        diag->column = take_u32(wire);
        diag->end_line = take_u32(wire);
        diag->end_column = take_u32(wire);
        diag->pointer = take_diag_string(wire);
        diag->message = take_diag_string(wire);
        diag->hint = take_diag_string(wire);
        if (!diag->message || diag->severity == SEVERITY_OFF)
                wire_refuse(wire, -EBADMSG);
}

static void take_diags(Wire *wire, DiagList *diags) {
        uint32_t n = take_u32(wire);
        Severity worst = SEVERITY_OFF;

        if (n > LIMIT_DIAGS) {
                wire_refuse(wire, -EBADMSG);
                return;
        }
        if (n > 0) {
                diags->items = calloc(n, sizeof(Diag));
                if (!diags->items) {
                        wire_refuse(wire, -ENOMEM);
                        return;
                }
        }
        diags->n = diags->capacity = n;
        for (size_t i = 0; i < n && wire->error == 0; i++) {
                take_diag(wire, &diags->items[i]);
                if (diags->items[i].severity > worst)
                        worst = diags->items[i].severity;
        }
        diags->n_dropped = take_u32(wire);
        diags->worst = (Severity) take_u8(wire, SEVERITY_ERROR);
        if (diags->worst < worst)
                wire_refuse(wire, -EBADMSG);
}

static void take_digest(Wire *wire, Digest *digest) {
        const char *bytes = take(wire, sizeof(digest->bytes));

        if (bytes)
                memcpy(digest->bytes, bytes, sizeof(digest->bytes));
}

static void take_programs(Wire *wire, Verdict *verdict) {
        verdict->n_programs = take_u8(wire, VERDICT_PROGRAMS_MAX);
        for (size_t i = 0; i < verdict->n_programs; i++)
                verdict->programs[i] = (VerdictProgram){
                        .n_insns = take_u32(wire),
                        .n_points = take_u32(wire),
                        .optimise = take_u8(wire, COMPILE_LEVELS_MAX),
                        .is_exhaustive = take_u8(wire, 1),
                };
}

static void take_arches(Wire *wire, Verdict *verdict) {
        size_t n_arches;
        const Arch *arches = arch_all(&n_arches);

        verdict->n_arches = take_u8(wire, POLICY_ARCHES_MAX);
        for (size_t i = 0; i < verdict->n_arches; i++)
                verdict->arches[i] = &arches[take_u8(wire, (uint8_t) (n_arches - 1))];
}

static bool verdict_is_consistent(const Verdict *verdict) {
        Digest digest;

        if (verdict->effect != DIFF_NONE &&
                (verdict->kind != VERDICT_GOOD || digest_is_none(&verdict->previous)))
                return false;
        if (verdict->kind != VERDICT_GOOD)
                return verdict->diags.worst == SEVERITY_ERROR && !verdict->canonical &&
                        digest_is_none(&verdict->digest) && digest_is_none(&verdict->outline);
        if (!verdict->canonical || verdict->diags.worst == SEVERITY_ERROR ||
                digest_is_none(&verdict->outline))
                return false;
        digest = digest_of(verdict->canonical, verdict->canonical_size_bytes);
        return digest_equal(&digest, &verdict->digest);
}

int verdict_decode(const void *bytes, size_t size_bytes, Verdict **ret_verdict) {
        _cleanup_(verdict_freep) Verdict *verdict = verdict_new(VERDICT_DIED);
        Wire wire = { .bytes = bytes, .size_bytes = size_bytes };

        if (!verdict)
                return -ENOMEM;
        verdict->kind = (VerdictKind) take_u8(&wire, VERDICT_DIED);
        take_diags(&wire, &verdict->diags);
        verdict->canonical =
                take_string(&wire, LIMIT_PROFILE_BYTES, is_in_json, &verdict->canonical_size_bytes);
        take_digest(&wire, &verdict->digest);
        take_digest(&wire, &verdict->outline);
        take_programs(&wire, verdict);
        take_arches(&wire, verdict);
        verdict->n_rules = take_u32(&wire);
        verdict->n_conditional = take_u32(&wire);
        take_digest(&wire, &verdict->previous);
        verdict->effect = (DiffEffect) take_u8(&wire, N_DIFF_EFFECTS - 1);
        if (wire.error < 0)
                return wire.error;
        if (wire.size_bytes > 0 || !verdict_is_consistent(verdict))
                return -EBADMSG;
        *ret_verdict = TAKE_PTR(verdict);
        return 0;
}
