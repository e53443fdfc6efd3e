/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A difference for a person: grouped by what it means for a container, one line a call, with an
 * example and both sides' conditions where it hangs on arguments.
 */

#include "profile/diff_render.h"

#include "base/cleanup.h"
#include "profile/explain_render.h"
#include "profile/syscalls.h"
#include "profile/wording.h"

#include <errno.h>
#include <string.h>

#define LABEL_COLUMNS 20
#define SGR_RESET     "\033[0m"

typedef struct Group {
        DiffEffect effect;
        char mark;
        const char *sgr;
} Group;

/* What a container gains stands first, in red: it is what a reviewer has to see. */
static const Group groups[] = {
        { DIFF_WIDENED, '+', "\033[1;31m" },
        { DIFF_NARROWED, '-', "\033[1;32m" },
        { DIFF_CHANGED, '~', "\033[1;33m" },
};

typedef struct Page {
        Buf *buf;
        const DiffSource *a, *b;
        const Diff *diff;
        bool colour;
        unsigned n[N_DIFF_EFFECTS]; /* lines so far, by effect */
} Page;

/* "  + mount               "; the group's heading before its first line. */
static void begin_line(Page *page, const Group *group, const char *label) {
        if (page->n[group->effect]++ == 0)
                buf_printf(page->buf, "%s%s%s\n", page->colour ? group->sgr : "",
                        diff_effect_name(group->effect), page->colour ? SGR_RESET : "");
        buf_printf(page->buf, "  %s%c%s %-*s ", page->colour ? group->sgr : "", group->mark,
                page->colour ? SGR_RESET : "", LABEL_COLUMNS, label);
}

static void put_actions(Page *page, Action from, Action to) {
        wording_put_action(page->buf, from);
        buf_puts(page->buf, " -> ");
        wording_put_action(page->buf, to);
}

/* Whether a condition of the call, by either side, is on an argument. */
static bool is_used(const DiffCall *call, unsigned index) {
        const ExplainWay *ways[] = { &call->a, &call->b };

        for (size_t i = 0; i < N_ELEMENTS(ways); i++)
                for (size_t j = 0; j < ways[i]->n_cases; j++)
                        for (size_t k = 0; k < ways[i]->cases[j].n_conditions; k++)
                                if (ways[i]->cases[j].conditions[k].index == index)
                                        return true;
        return false;
}

/* "clone(a0=0x20000)"; behind a multiplexer that is what is called. */
static void put_example(Page *page, const DiffCall *call, const DiffChange *change) {
        const bool is_behind = call->multiplexer || call->a.is_subcall;
        const char *separator = "(";
        char name[64];

        if (syscall_name(call->a.arch, call->nr, sizeof(name), name) == 0)
                buf_puts(page->buf, name);
        else
                buf_printf(page->buf, "call %d", call->nr);
        for (unsigned i = 0; i < SYSCALL_ARGS; i++) {
                if (!is_used(call, i) && !(is_behind && i == 0))
                        continue;
                buf_printf(page->buf, "%sa%u=", separator, i);
                wording_put_value(page->buf, change->args[i]);
                separator = ", ";
        }
        buf_puts(page->buf, *separator == '(' ? "()" : ")");
}

/* " [SCMP_ARCH_X86]", where it is not the same on all of them. */
static void put_where(Page *page, const DiffCall *call) {
        const char *separator = " [";

        if (call->is_everywhere)
                return;
        for (unsigned i = 0; i < page->diff->n_arches; i++) {
                if (!(call->arches & 1U << i))
                        continue;
                buf_printf(page->buf, "%s%s", separator, page->diff->arches[i]->name);
                separator = ", ";
        }
        buf_puts(page->buf, "]");
}

static void put_sides(Page *page, const DiffCall *call) {
        if (call->multiplexer)
                return; /* they would repeat every call behind it */
        buf_puts(page->buf, "      A: ");
        explain_put_cases(page->buf, &call->a);
        buf_puts(page->buf, "\n      B: ");
        explain_put_cases(page->buf, &call->b);
        buf_putc(page->buf, '\n');
}

/* The changes of a call that belong to a group. */
static void put_call(Page *page, const Group *group, const DiffCall *call) {
        bool is_conditional = false;
        _cleanup_buf_ Buf label = {};

        if (call->name)
                buf_puts(&label, call->name);
        else
                buf_printf(&label, "call %d", call->nr);
        if (buf_error(&label) < 0) {
                page->buf->error = buf_error(&label);
                return;
        }
        for (size_t i = 0; i < call->n_changes; i++) {
                const DiffChange *change = &call->changes[i];

                if (change->effect != group->effect)
                        continue;
                begin_line(page, group, label.data);
                put_actions(page, change->from, change->to);
                if (change->is_conditional) {
                        buf_puts(page->buf, ", as ");
                        put_example(page, call, change);
                        is_conditional = true;
                }
                if (call->is_unknown)
                        buf_puts(page->buf, ", where libseccomp knows it");
                put_where(page, call);
                buf_putc(page->buf, '\n');
        }
        if (is_conditional)
                put_sides(page, call);
        if (call->n_changes == 0 && group->effect == DIFF_CHANGED) {
                begin_line(page, group, label.data);
                buf_puts(page->buf, "other conditions, where libseccomp knows it\n");
        }
}

/* "what no rule decides: 212 calls on X86_64, ..., and all newer ones" */
static void put_default(Page *page, const Group *group) {
        const Diff *diff = page->diff;

        if (diff->default_effect != group->effect)
                return;
        begin_line(page, group, "the default");
        put_actions(page, page->a->policy->default_action, page->b->policy->default_action);
        buf_puts(page->buf, ", what no rule decides: ");
        for (size_t i = 0; i < diff->n_arches; i++)
                buf_printf(page->buf, "%s%u calls on %s", i > 0 ? ", " : "", diff->n_default[i],
                        diff->arches[i]->name);
        buf_puts(page->buf, ", and all newer ones\n");
}

static void put_arches(Page *page, const Group *group) {
        const Diff *diff = page->diff;

        for (size_t i = 0; i < diff->n_only_b && group->effect == DIFF_WIDENED; i++) {
                begin_line(page, group, diff->only_b[i]->name);
                buf_puts(page->buf, "listed now: its calls were all killed\n");
        }
        for (size_t i = 0; i < diff->n_only_a && group->effect == DIFF_NARROWED; i++) {
                begin_line(page, group, diff->only_a[i]->name);
                buf_puts(page->buf, "listed no more: all its calls are killed\n");
        }
}

static void put_runc(Page *page, const Group *group) {
        const Action enosys = { .kind = ACTION_ERRNO, .data = ENOSYS };
        const Action standard = page->a->policy->default_action;

        for (size_t i = 0; i < page->diff->n_arches && group->effect == DIFF_CHANGED; i++) {
                const DiffRunc *runc = &page->diff->runc[i];

                if (runc->n == 0)
                        continue;
                begin_line(page, group, "under runc");
                if (runc->is_enosys_in_a)
                        put_actions(page, enosys, standard);
                else
                        put_actions(page, standard, enosys);
                buf_printf(page->buf, ", %u calls from %d to %d on %s that no rule names\n",
                        runc->n, runc->first, runc->last, runc->arch->name);
        }
}

static void put_flags_of(Buf *buf, const Policy *policy) {
        const char *separator = "";

        for (unsigned i = 0; i < N_FILTER_FLAGS; i++) {
                if (!(policy->flags & 1U << i))
                        continue;
                buf_printf(buf, "%s%s", separator, filter_flag_name(1U << i));
                separator = ", ";
        }
        buf_puts(buf, policy->flags == 0 ? "none" : "");
}

static void put_flags(Page *page, const Group *group) {
        if (group->effect != DIFF_CHANGED || !page->diff->has_flags)
                return;
        if (page->a->policy->flags == page->b->policy->flags) {
                begin_line(page, group, "the listener");
                buf_puts(page->buf, "another listenerPath or listenerMetadata\n");
                return;
        }
        begin_line(page, group, "flags");
        put_flags_of(page->buf, page->a->policy);
        buf_puts(page->buf, " -> ");
        put_flags_of(page->buf, page->b->policy);
        buf_putc(page->buf, '\n');
}

static void put_summary(Page *page) {
        const char *separator = ": ";

        buf_puts(page->buf, diff_effect_name(page->diff->effect));
        for (size_t i = 0; i < N_ELEMENTS(groups); i++) {
                buf_printf(page->buf, "%s%u %s", separator, page->n[groups[i].effect],
                        diff_effect_name(groups[i].effect));
                separator = ", ";
        }
        buf_putc(page->buf, '\n');
}

void diff_render_text(
        Buf *buf, const DiffSource *a, const DiffSource *b, const Diff *diff, bool colour) {
        Page page = { .buf = buf, .a = a, .b = b, .diff = diff, .colour = colour };

        for (size_t i = 0; i < N_ELEMENTS(groups); i++) {
                put_default(&page, &groups[i]);
                put_arches(&page, &groups[i]);
                for (size_t j = 0; j < diff->n_calls; j++)
                        put_call(&page, &groups[i], &diff->calls[j]);
                put_runc(&page, &groups[i]);
                put_flags(&page, &groups[i]);
        }
        if (diff->effect != DIFF_NONE)
                put_summary(&page);
        if (diff->is_contested)
                buf_puts(buf,
                        "note: rules with different actions overlap, and libseccomp may let either "
                        "decide [SP704]\n");
        if (!diff->is_exhaustive)
                buf_puts(buf,
                        "note: some calls have too many conditions to be compared in full; a "
                        "sample of their arguments was\n");
}
