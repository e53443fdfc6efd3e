/* SPDX-License-Identifier: Apache-2.0 */

/*
 * /status. What stands here is an interface: keys are added, never renamed and never given another
 * meaning (docs/status.md). Every key is always there; what is not known or does not apply is null,
 * so that a reader need not tell an old agent from an empty field.
 *
 * Written straight into the buffer: a tree of 4096 profiles with their histories would cost several
 * times the text.
 */

#include "report/status.h"

#include "base/duration.h"
#include "version.h"

#include <inttypes.h>

/* Behind so much, each profile shows its gravest finding alone: the document has to fit into
 * memory, whatever the authors of thousands of profiles do. */
#define STATUS_ALL_FINDINGS_BYTES (8U << 20)

/* --- members; the comma is due unless an object or an array was just opened --- */

static void put_comma(Buf *buf) {
        if (buf->size > 0 && buf->data[buf->size - 1] != '{' && buf->data[buf->size - 1] != '[')
                buf_putc(buf, ',');
}

static void put_key(Buf *buf, const char *key) {
        put_comma(buf);
        buf_printf(buf, "\"%s\":", key);
}

static void put_string(Buf *buf, const char *key, const char *value) {
        put_key(buf, key);
        if (value)
                buf_put_json(buf, value);
        else
                buf_puts(buf, "null");
}

static void put_number(Buf *buf, const char *key, uint64_t value) {
        put_key(buf, key);
        buf_printf(buf, "%" PRIu64, value);
}

static void put_bool(Buf *buf, const char *key, bool value) {
        put_key(buf, key);
        buf_puts(buf, value ? "true" : "false");
}

static void put_time(Buf *buf, const char *key, int64_t usec) {
        char text[TIME_TEXT_SIZE];

        time_format(usec, text);
        put_string(buf, key, usec != 0 ? text : NULL);
}

static void put_digest(Buf *buf, const char *key, const Digest *digest) {
        char text[DIGEST_TEXT_SIZE];

        digest_text(digest, text);
        put_string(buf, key, digest_is_none(digest) ? NULL : text);
}

/* --- parts --- */

static void put_node(Buf *buf, const NodeFacts *facts) {
        put_key(buf, "node");
        buf_putc(buf, '{');
        put_string(buf, "architecture", facts->arch ? facts->arch->name : NULL);
        put_key(buf, "kernel");
        buf_printf(buf, "\"%u.%u\"", facts->kernel_major, facts->kernel_minor);
        put_key(buf, "libseccomp");
        buf_printf(buf, "\"%u.%u.%u\"", facts->libseccomp_major, facts->libseccomp_minor,
                facts->libseccomp_micro);
        put_number(buf, "apiLevel", facts->api_level);
        put_key(buf, "actions");
        buf_putc(buf, '[');
        for (ActionKind kind = 0; kind < N_ACTION_KINDS; kind++)
                if (facts->actions & ACTION_BIT(kind)) {
                        put_comma(buf);
                        buf_put_json(buf, action_kind_name(kind));
                }
        buf_puts(buf, "]}");
}

static void put_source(Buf *buf, const SourceStatus *source) {
        put_comma(buf);
        buf_putc(buf, '{');
        put_string(buf, "name", source->name);
        put_string(buf, "path", source->path);
        put_string(buf, "subdir", source->subdir);
        put_string(buf, "state", source->state);
        put_string(buf, "problem", source->problem);
        put_number(buf, "files", source->n_files);
        put_number(buf, "ignored", source->n_ignored);
        put_key(buf, "capabilities");
        buf_putc(buf, '[');
        for (unsigned i = 0; i < capability_count(); i++)
                if (source->capabilities.bits & UINT64_C(1) << i) {
                        put_comma(buf);
                        buf_put_json(buf, capability_name(i));
                }
        buf_puts(buf, "]}");
}

static void put_programs(Buf *buf, const ProfileStatus *profile) {
        size_t n_programs = 0;
        const VerdictProgram *programs = check_summary_programs(profile->summary, &n_programs);
        uint32_t n_insns = 0;

        put_key(buf, "programs");
        buf_putc(buf, '[');
        for (size_t i = 0; i < n_programs; i++) {
                const VerdictProgram *program = &programs[i];

                put_comma(buf);
                buf_putc(buf, '{');
                put_number(buf, "optimiseLevel", program->optimise);
                put_number(buf, "instructions", program->n_insns);
                put_number(buf, "points", program->n_points);
                put_string(buf, "evaluation", program->is_exhaustive ? "exhaustive" : "sampled");
                buf_putc(buf, '}');
                if (program->n_insns > n_insns)
                        n_insns = program->n_insns;
        }
        buf_putc(buf, ']');
        put_number(buf, "instructions", n_insns);
}

static void put_changes(Buf *buf, const ProfileStatus *profile) {
        put_key(buf, "changes");
        buf_putc(buf, '[');
        for (size_t i = 0; i < profile->n_changes; i++) {
                const ProfileChange *change = &profile->changes[i];

                put_comma(buf);
                buf_putc(buf, '{');
                put_time(buf, "time", change->time_usec);
                put_string(buf, "state", profile_state_name(change->state));
                put_digest(buf, "digest", &change->digest);
                put_digest(buf, "sourceDigest", &change->source_digest);
                put_string(buf, "effect",
                        change->has_effect ? diff_effect_name(change->effect) : NULL);
                buf_putc(buf, '}');
        }
        buf_putc(buf, ']');
}

static void put_profile(Buf *buf, const ProfileStatus *profile) {
        size_t n_dropped;

        put_comma(buf);
        buf_putc(buf, '{');
        put_string(buf, "name", profile->name);
        put_string(buf, "source", profile->source);
        put_string(buf, "state", profile_state_name(profile->state));
        put_digest(buf, "digest", &profile->digest);
        put_digest(buf, "sourceDigest", &profile->source_digest);
        put_time(buf, "since", profile->since_usec);
        put_string(buf, "reason", profile->reason);
        put_bool(buf, "contended", profile->is_contended);
        put_programs(buf, profile);
        put_key(buf, "diagnostics");
        n_dropped = check_summary_render_findings(
                buf, profile->summary, buf->size > STATUS_ALL_FINDINGS_BYTES);
        put_number(buf, "diagnosticsDropped", n_dropped);
        put_changes(buf, profile);
        buf_putc(buf, '}');
}

/* What is of the agent and the node as a whole. */
static void put_agent(Buf *buf, const NodeStatus *status) {
        put_string(buf, "version", SECCOMPD_VERSION);
        put_string(buf, "revision", SECCOMPD_REVISION);
        put_time(buf, "startTime", status->started_usec);
        put_node(buf, &status->facts);
        put_string(buf, "watchMode", status->watch_mode);
        put_key(buf, "destination");
        buf_putc(buf, '{');
        put_string(buf, "path", status->destination);
        put_string(buf, "problem", status->destination_problem);
        put_number(buf, "generation", status->generation);
        buf_putc(buf, '}');
        put_key(buf, "sync");
        buf_putc(buf, '{');
        put_bool(buf, "done", status->is_synced);
        put_time(buf, "lastTime", status->last_sync_usec);
        put_string(buf, "problem", status->last_sync_problem);
        buf_putc(buf, '}');
        put_key(buf, "options");
        buf_putc(buf, '{');
        put_string(buf, "pruneAfter", status->prune_after);
        put_string(buf, "adopt", status->adopt);
        buf_putc(buf, '}');
}

void node_status_render_json(Buf *buf, const NodeStatus *status) {
        buf_putc(buf, '{');
        put_string(buf, "apiVersion", "seccompd/v1");
        put_string(buf, "kind", "NodeStatus");
        put_agent(buf, status);
        put_digest(buf, "sourcesHash", &status->sources_hash);
        put_key(buf, "sources");
        buf_putc(buf, '[');
        for (size_t i = 0; i < status->n_sources; i++)
                put_source(buf, &status->sources[i]);
        buf_putc(buf, ']');
        put_key(buf, "profiles");
        buf_putc(buf, '[');
        for (size_t i = 0; i < status->n_profiles; i++)
                put_profile(buf, &status->profiles[i]);
        buf_puts(buf, "]}\n");
}
