/* SPDX-License-Identifier: Apache-2.0 */

/* A difference for a program. */

#include "profile/diff_render.h"

#include "profile/explain_render.h"
#include "profile/wording.h"

#include <errno.h>
#include <inttypes.h>

static void put_source(Buf *buf, const char *key, const DiffSource *source) {
        char digest[DIGEST_TEXT_SIZE];

        digest_text(&source->digest, digest);
        buf_printf(buf, ",\"%s\":{\"file\":", key);
        buf_put_json(buf, source->name);
        buf_printf(buf, ",\"digest\":\"%s\"}", digest);
}

static void put_arches(Buf *buf, const char *key, const Arch *const *arches, size_t n) {
        buf_printf(buf, ",\"%s\":[", key);
        for (size_t i = 0; i < n; i++)
                buf_printf(buf, "%s\"%s\"", i > 0 ? "," : "", arches[i]->name);
        buf_putc(buf, ']');
}

static void put_from_to(Buf *buf, Action from, Action to) {
        buf_puts(buf, "\"from\":{");
        wording_put_action_json(buf, from);
        buf_puts(buf, "},\"to\":{");
        wording_put_action_json(buf, to);
        buf_putc(buf, '}');
}

static void put_default(Buf *buf, const DiffSource *a, const DiffSource *b, const Diff *diff) {
        if (diff->default_effect == DIFF_NONE)
                return;
        buf_printf(buf, ",\"default\":{\"effect\":\"%s\",", diff_effect_name(diff->default_effect));
        put_from_to(buf, a->policy->default_action, b->policy->default_action);
        buf_puts(buf, ",\"calls\":[");
        for (size_t i = 0; i < diff->n_arches; i++)
                buf_printf(buf, "%s{\"architecture\":\"%s\",\"calls\":%u}", i > 0 ? "," : "",
                        diff->arches[i]->name, diff->n_default[i]);
        buf_puts(buf, "]}");
}

static void put_change(Buf *buf, const DiffChange *change) {
        buf_printf(buf, "{\"effect\":\"%s\",", diff_effect_name(change->effect));
        put_from_to(buf, change->from, change->to);
        buf_printf(buf, ",\"conditional\":%s", change->is_conditional ? "true" : "false");
        if (change->is_conditional) {
                buf_puts(buf, ",\"example\":[");
                for (size_t i = 0; i < SYSCALL_ARGS; i++)
                        buf_printf(buf, "%s%" PRIu64, i > 0 ? "," : "", change->args[i]);
                buf_putc(buf, ']');
        }
        buf_putc(buf, '}');
}

static void put_call(Buf *buf, const Diff *diff, const DiffCall *call) {
        const char *separator = "";

        buf_printf(buf, "{\"number\":%d", call->nr);
        if (call->name) {
                buf_puts(buf, ",\"call\":");
                buf_put_json(buf, call->name);
        }
        if (call->multiplexer)
                buf_printf(buf, ",\"multiplexer\":\"%s\"", call->multiplexer);
        buf_printf(buf, ",\"known\":%s,\"architectures\":[", call->is_unknown ? "false" : "true");
        for (unsigned i = 0; i < diff->n_arches; i++) {
                if (!(call->arches & 1U << i))
                        continue;
                buf_printf(buf, "%s\"%s\"", separator, diff->arches[i]->name);
                separator = ",";
        }
        buf_puts(buf, "],\"changes\":[");
        for (size_t i = 0; i < call->n_changes; i++) {
                buf_puts(buf, i > 0 ? "," : "");
                put_change(buf, &call->changes[i]);
        }
        buf_putc(buf, ']');
        if (!call->is_unknown) {
                buf_puts(buf, ",\"a\":");
                explain_put_cases_json(buf, &call->a);
                buf_puts(buf, ",\"b\":");
                explain_put_cases_json(buf, &call->b);
        }
        buf_putc(buf, '}');
}

static void put_runc(Buf *buf, const DiffSource *a, const Diff *diff) {
        const Action enosys = { .kind = ACTION_ERRNO, .data = ENOSYS };
        const Action standard = a->policy->default_action;
        const char *separator = "";

        buf_puts(buf, "\n],\"runc\":[");
        for (size_t i = 0; i < diff->n_arches; i++) {
                const DiffRunc *runc = &diff->runc[i];

                if (runc->n == 0)
                        continue;
                buf_printf(buf, "%s{\"architecture\":\"%s\",\"first\":%d,\"last\":%d,\"calls\":%u,",
                        separator, runc->arch->name, runc->first, runc->last, runc->n);
                put_from_to(buf, runc->is_enosys_in_a ? enosys : standard,
                        runc->is_enosys_in_a ? standard : enosys);
                buf_putc(buf, '}');
                separator = ",";
        }
        buf_putc(buf, ']');
}

void diff_render_json(Buf *buf, const DiffSource *a, const DiffSource *b, const Diff *diff) {
        buf_puts(buf, "{\"apiVersion\":\"seccompctl/v1\",\"kind\":\"DiffResult\"");
        put_source(buf, "a", a);
        put_source(buf, "b", b);
        buf_printf(buf, ",\"effect\":\"%s\",\"exhaustive\":%s,\"contested\":%s",
                diff_effect_name(diff->effect), diff->is_exhaustive ? "true" : "false",
                diff->is_contested ? "true" : "false");
        put_arches(buf, "architectures", diff->arches, diff->n_arches);
        put_arches(buf, "onlyInA", diff->only_a, diff->n_only_a);
        put_arches(buf, "onlyInB", diff->only_b, diff->n_only_b);
        put_default(buf, a, b, diff);
        buf_printf(buf, ",\"flagsDiffer\":%s,\"calls\":[", diff->has_flags ? "true" : "false");
        for (size_t i = 0; i < diff->n_calls; i++) {
                buf_puts(buf, i > 0 ? ",\n  " : "\n  ");
                put_call(buf, diff, &diff->calls[i]);
        }
        put_runc(buf, a, diff);
        buf_puts(buf, "}\n");
}
