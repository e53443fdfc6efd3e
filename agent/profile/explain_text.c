/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An explanation for a person. It reads like the findings of a check: a place, what is there, the
 * line itself. Architectures on which the same rules give the same answers are told of once.
 */

#include "profile/explain_render.h"

#include "base/cleanup.h"
#include "profile/syscalls.h"
#include "profile/wording.h"

#include <inttypes.h>
#include <string.h>

#define SGR_RESET  "\033[0m"
#define SGR_BOLD   "\033[1m"
#define SGR_OPEN   "\033[1;32m"
#define SGR_SHUT   "\033[1;31m"
#define SGR_UNSURE "\033[1;33m"

#define CASES_SHOWN 6U

typedef struct Page {
        Buf *buf;
        const ExplainSource *source;
        const ExplainQuery *query;
        const Explanation *explanation;
        bool colour;
} Page;

static const char *action_sgr(const Page *page, Action action) {
        if (!page->colour)
                return NULL;
        switch (action.kind) {
        case ACTION_ALLOW:
        case ACTION_LOG: return SGR_OPEN;
        case ACTION_TRACE:
        case ACTION_NOTIFY: return SGR_UNSURE;
        default: return SGR_SHUT;
        }
}

/* "denied: it fails with EPERM [ERRNO(1)]" */
static void put_answer(const Page *page, Action action) {
        const char *sgr = action_sgr(page, action);

        buf_puts(page->buf, sgr ? sgr : "");
        wording_put_fate(page->buf, action);
        buf_puts(page->buf, sgr ? SGR_RESET : "");
        buf_puts(page->buf, " [");
        wording_put_action(page->buf, action);
        buf_putc(page->buf, ']');
}

/* "clone(a0=0x10000000)", "call 1000" */
static void put_call(const Page *page) {
        const CallArgs *args = &page->query->args;
        const char *separator = "(";

        if (page->explanation->call_name)
                buf_puts(page->buf, page->explanation->call_name);
        else
                buf_printf(page->buf, "call %d", page->query->nr);
        for (unsigned i = 0; i < SYSCALL_ARGS; i++) {
                if (!args->is_known[i])
                        continue;
                buf_printf(page->buf, "%sa%u=", separator, i);
                wording_put_value(page->buf, args->values[i]);
                separator = ", ";
        }
        buf_puts(page->buf, *separator == ',' ? ")" : "");
}

/* Starts a paragraph at a node: "FILE:3:20: ". */
static void begin_place(const Page *page, uint32_t node) {
        const Text *text = &page->source->document->text;
        uint32_t line = 0, column = 0;

        if (node != TEXT_NO_NODE)
                text_position(text->bytes, text->size_bytes, text->nodes[node].value.offset, &line,
                        &column);
        buf_putc(page->buf, '\n');
        diag_render_place(page->buf, page->source->name, line, column, page->colour);
        buf_putc(page->buf, ' ');
}

/* Ends it with the source line. */
static void end_place(const Page *page, uint32_t node, const char *sgr) {
        const Text *text = &page->source->document->text;
        uint32_t line = 0, column = 0;

        buf_putc(page->buf, '\n');
        if (node == TEXT_NO_NODE)
                return;
        text_position(
                text->bytes, text->size_bytes, text->nodes[node].value.offset, &line, &column);
        diag_render_excerpt(
                page->buf, text->nodes[node].value, line, text->bytes, text->size_bytes, sgr);
}

static bool is_named_in_rules(const Page *page) {
        const Policy *policy = page->source->policy;

        for (size_t i = 0; page->explanation->call_name && i < policy->n_rules; i++)
                if (strcmp(policy->rules[i].name, page->explanation->call_name) == 0)
                        return true;
        return false;
}

/* How one case of several comes about, or the only one. */
static void put_reason(const Page *page, const ExplainWay *way, const ExplainCase *answer) {
        const PolicyRule *rule = answer->rule;
        const bool is_first = answer == way->cases, is_else = !is_first && !answer->is_contested;

        buf_puts(page->buf, !is_first && answer->is_contested ? "or " : "");
        if (answer->n_conditions > 0) {
                buf_puts(page->buf, "when ");
                wording_put_conditions(page->buf, answer->conditions, answer->n_conditions);
                return;
        }
        buf_puts(page->buf, is_else ? "else " : "");
        if (!rule && is_else) {
                buf_puts(page->buf, "the default");
                return;
        }
        if (!rule) {
                buf_printf(page->buf, "no rule %s, the default decides",
                        is_named_in_rules(page) ? "matches" : "names it");
                return;
        }
        buf_puts(page->buf, way->n_cases > 1 ? "this rule" : "this rule decides");
        if (rule->n_conditions > 0) {
                buf_puts(page->buf, ", as ");
                wording_put_conditions(page->buf, rule->conditions, rule->n_conditions);
        }
}

static void put_case(const Page *page, const ExplainWay *way, const ExplainCase *answer) {
        const uint32_t node =
                answer->rule ? answer->rule->name_node : page->source->policy->default_node;

        begin_place(page, node);
        put_reason(page, way, answer);
        if (way->n_cases > 1) {
                buf_puts(page->buf, ": ");
                put_answer(page, answer->action);
        }
        end_place(page, node, action_sgr(page, answer->action));
}

/* Where the profile lists an architecture, or else where it lists those that it does. */
static uint32_t arches_node(const Page *page, const Arch *arch) {
        const Surface *surface = page->source->surface;

        for (size_t i = 0; i < surface->architectures.n; i++)
                if (strcmp(surface->architectures.items[i].string, arch->name) == 0)
                        return surface->architectures.items[i].node;
        for (size_t i = 0; i < surface->n_arch_map; i++)
                if (surface->arch_map[i].arch.string &&
                        strcmp(surface->arch_map[i].arch.string, arch->name) == 0)
                        return surface->arch_map[i].arch.node;
        if (surface->architectures.node != TEXT_NO_NODE)
                return surface->architectures.node;
        return surface->arch_map_node;
}

static void put_unlisted(const Page *page, const ExplainWay *way) {
        const Arch *native = page->source->options->facts.arch;
        const uint32_t node = arches_node(page, way->arch);

        begin_place(page, node);
        if (arch_in_family(native, way->arch))
                buf_printf(page->buf,
                        "%s is not among the profile's architectures: all its calls are killed",
                        way->arch->name);
        else
                wording_put_foreign_arch(page->buf, native, way->arch);
        end_place(page, node, page->colour ? SGR_SHUT : NULL);
}

/* "  on SCMP_ARCH_X86_64 (56), SCMP_ARCH_X86 (120)": from `first` on, all that are equal. */
static void put_ways(const Page *page, const ExplainWay *first) {
        const Explanation *explanation = page->explanation;
        const char *separator = "  on ";

        for (const ExplainWay *way = first; way < explanation->ways + explanation->n_ways; way++) {
                char name[64];

                if (!explain_ways_equal(first, way))
                        continue;
                buf_printf(page->buf, "%s%s (", separator, way->arch->name);
                if (way->is_subcall && syscall_name(way->arch, way->nr, sizeof(name), name) == 0)
                        buf_printf(page->buf, "%s(%u, ...), ", name, way->subcall);
                buf_printf(page->buf, "%d)", way->nr);
                separator = ", ";
        }
        buf_putc(page->buf, '\n');
}

static void put_dependence(const Page *page, const ExplainWay *way) {
        bool is_told = false;

        for (size_t i = 0; i < SYSCALL_ARGS; i++)
                is_told |= page->query->args.is_known[i];
        buf_puts(page->buf, page->colour ? " " SGR_UNSURE : " ");
        if (way->cases[0].n_conditions == 0)
                buf_puts(page->buf, "is up to libseccomp");
        else
                buf_printf(page->buf, "depends on %s arguments", is_told ? "other" : "its");
        buf_puts(page->buf, page->colour ? SGR_RESET : "");
}

static void put_headline(const Page *page, const ExplainWay *way) {
        buf_puts(page->buf, page->colour ? SGR_BOLD : "");
        put_call(page);
        buf_puts(page->buf, page->colour ? SGR_RESET : "");
        if (way->is_subcall)
                buf_puts(page->buf, ", called through a multiplexer,");
        if (way->is_unlisted || way->n_cases == 1) {
                buf_puts(page->buf, " is ");
                put_answer(page,
                        way->is_unlisted ? (Action){ .kind = ACTION_KILL_THREAD }
                                         : way->cases[0].action);
        } else {
                put_dependence(page, way);
        }
        buf_putc(page->buf, '\n');
}

static void put_contest(const Page *page, const ExplainWay *way) {
        for (size_t i = 0; i < way->n_cases; i++)
                if (way->cases[i].is_contested) {
                        buf_puts(page->buf,
                                "\nnote: rules with different actions overlap here, and "
                                "libseccomp may let either decide [SP704]\n");
                        return;
                }
}

/* For all ways that are equal: their numbers differ. */
static void put_beyond(const Page *page, const ExplainWay *first) {
        const Explanation *explanation = page->explanation;
        const char *separator = "\nnote: runc, not crun, answers ENOSYS [ERRNO(38)] instead: the "
                                "number is above the highest that the profile names (";

        if (!first->is_beyond)
                return;
        for (const ExplainWay *way = first; way < explanation->ways + explanation->n_ways; way++) {
                char name[64];

                if (!explain_ways_equal(first, way))
                        continue;
                buf_printf(page->buf, "%s%d", separator, way->highest);
                if (syscall_name(way->arch, way->highest, sizeof(name), name) == 0)
                        buf_printf(page->buf, ", %s,", name);
                buf_printf(page->buf, " on %s", way->arch->name);
                separator = "; ";
        }
        buf_puts(page->buf, ")\n");
}

/* Whether the call has rules whose conditions a multiplexer changes. */
static bool has_conditions(const Page *page) {
        const Policy *policy = page->source->policy;

        for (size_t i = 0; i < policy->n_rules; i++)
                if (policy->rules[i].n_conditions > 0 &&
                        strcmp(policy->rules[i].name, page->explanation->call_name) == 0)
                        return true;
        return false;
}

static void put_answers(const Page *page, const ExplainWay *way) {
        for (size_t i = 0; i < way->n_cases; i++)
                put_case(page, way, &way->cases[i]);
        put_contest(page, way);
}

static void put_way(const Page *page, const ExplainWay *way) {
        put_headline(page, way);
        put_ways(page, way);
        if (way->is_unlisted)
                put_unlisted(page, way);
        put_answers(page, way);
        if (way->is_subcall && has_conditions(page))
                buf_puts(page->buf,
                        "\nnote: there the call's own arguments are in memory, where no filter "
                        "looks: conditions on its first argument are lost [SP507]\n");
        put_beyond(page, way);
}

/* Whether a way was shown with an earlier one that is equal. */
static bool is_shown(const Explanation *explanation, size_t i) {
        for (size_t j = 0; j < i; j++)
                if (explain_ways_equal(&explanation->ways[j], &explanation->ways[i]))
                        return true;
        return false;
}

static void put_unselected(const Page *page, uint32_t node) {
        begin_place(page, node);
        buf_puts(page->buf,
                "note: this rule on it is not for this node, by its includes or excludes");
        end_place(page, node, page->colour ? SGR_BOLD : NULL);
}

static bool is_named(const SurfaceRule *rule, const char *name, uint32_t *ret_node) {
        for (size_t i = 0; i < rule->names.n; i++)
                if (strcmp(rule->names.items[i].string, name) == 0) {
                        *ret_node = rule->names.items[i].node;
                        return true;
                }
        return false;
}

bool explain_next_unselected(
        const ExplainSource *source, const char *call_name, size_t *at, uint32_t *ret_node) {
        while (*at < source->policy->n_unselected)
                if (is_named(source->policy->unselected[(*at)++], call_name, ret_node))
                        return true;
        return false;
}

static void put_nowhere(const Page *page) {
        const NodeFacts *facts = &page->source->options->facts;

        put_call(page);
        if (page->explanation->is_elsewhere) {
                buf_printf(page->buf,
                        " is a call of other architectures only: on %s nothing has "
                        "this name\n",
                        page->query->arch ? page->query->arch->name
                                          : "this profile's architectures");
                return;
        }
        buf_printf(page->buf,
                " is unknown to libseccomp %u.%u.%u, and so its rules have no effect here. Where a "
                "runtime's libseccomp knows it:\n\n",
                facts->libseccomp_major, facts->libseccomp_minor, facts->libseccomp_micro);
        put_headline(page, page->explanation->unknown);
        put_answers(page, page->explanation->unknown);
}

void explain_render_text(Buf *buf, const ExplainSource *source, const ExplainQuery *query,
        const Explanation *explanation, bool colour) {
        Page page = {
                .buf = buf,
                .source = source,
                .query = query,
                .explanation = explanation,
                .colour = colour,
        };
        bool is_first = true;
        uint32_t node = TEXT_NO_NODE;
        size_t at = 0;

        for (size_t i = 0; i < explanation->n_ways; i++) {
                if (is_shown(explanation, i))
                        continue;
                buf_puts(buf, is_first ? "" : "\n");
                put_way(&page, &explanation->ways[i]);
                is_first = false;
        }
        if (explanation->n_ways == 0)
                put_nowhere(&page);
        while (explanation->call_name &&
                explain_next_unselected(source, explanation->call_name, &at, &node))
                put_unselected(&page, node);
}

void explain_put_cases(Buf *buf, const ExplainWay *way) {
        for (size_t i = 0; i < way->n_cases; i++) {
                const ExplainCase *answer = &way->cases[i];
                const bool is_last = i + 1 == way->n_cases;

                if (i > 0 && !is_last && action_equal(answer->action, answer[-1].action)) {
                        buf_puts(buf, ", or ");
                } else {
                        buf_puts(buf, i == 0 ? "" : is_last ? "; else " : "; ");
                        wording_put_action(buf, answer->action);
                        buf_puts(buf, is_last ? "" : " when ");
                }
                wording_put_conditions(buf, answer->conditions, answer->n_conditions);
                if (i + 2 < way->n_cases && i + 1 == CASES_SHOWN) {
                        buf_printf(buf, ", … (%zu more)", way->n_cases - 1 - CASES_SHOWN);
                        i = way->n_cases - 2;
                }
        }
}
