/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One element of `syscalls`: its names, its conditions, and what they mean together. The element
 * is checked whole, also when it is not for this node: the same file goes to nodes where it is.
 *
 * The surprise is a rule with two conditions on one argument. It looks like a range and is none:
 * libseccomp takes one condition for each argument, so runc and crun make every condition of such a
 * rule a rule of its own, and what reads as AND is OR. The policy says what happens: it gets those
 * rules one by one.
 */

#include "profile/resolve_internal.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "profile/hint.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The conditions of a rule as they are read. */
typedef struct ConditionList {
        Condition items[LIMIT_RULE_CONDITIONS];
        uint8_t n;
        bool is_split; /* each is a rule of its own: SP604 */
} ConditionList;

/* The words are the same everywhere, but for a handful. */
static const char *suggest_name(const char *word) {
        return syscall_suggest(arch_by_name("SCMP_ARCH_X86_64"), word);
}

/* What a text is as a list of names, or as the only one of it; from the arena, NULL for none. */
static const char *list_hint(const Resolver *resolver, const char *text) {
        _cleanup_buf_ Buf words = {};
        const char *possible = "abcdefghijklmnopqrstuvwxyz0123456789_,;| \t\r\n";
        size_t n;

        if (text[strspn(text, possible)] != '\0')
                return NULL;
        n = hint_put_words(&words, text);
        if (n == 0 || buf_error(&words) < 0)
                return NULL;
        if (n > 1)
                return arena_printf(resolver->document->arena, "write %s", words.data);
        return arena_printf(resolver->document->arena, "write %.*s",
                (int) (words.size - strlen("[]")), words.data + strlen("["));
}

static const char *number_hint(const Resolver *resolver, const char *text) {
        _cleanup_buf_ Buf hint = {};

        hint_put_call_number(&hint, resolver->options->facts.arch, text, strlen(text));
        return buf_error(&hint) < 0
                ? NULL
                : arena_strndup(resolver->document->arena, hint.data, hint.size);
}

/* What would be right for a text that is no name. */
static const char *impossible_hint(const Resolver *resolver, const char *text) {
        const char *hint = NULL;

        if (text[0] == '@')
                return "runtimes do not know systemd's groups: name each call";
        if (strpbrk(text, "*?["))
                return "runtimes know no patterns: name each call";
        if (strpbrk(text, ",;|"))
                hint = list_hint(resolver, text);
        if (hint)
                return hint;
        if (strpbrk(text, ",;|"))
                return "write one string for each name: [\"openat\", \"close\"]";
        if (strchr(text, ':'))
                return "the name alone; what its arguments must be goes into `args`";
        if (text[strspn(text, "0123456789")] == '\0')
                return number_hint(resolver, text);
        hint = resolve_suggestion(resolver, suggest_name, text);
        if (!hint)
                hint = list_hint(resolver, text);
        return hint ? hint : "system calls are spelt with lower-case ASCII letters, digits and `_`";
}

static bool check_name(const Resolver *resolver, const SurfaceString *name) {
        if (name->string[0] == '\0') {
                document_diag(resolver->document, resolver->diags, SP501, name->node, false,
                        "take it out", "an empty name: runc refuses to start the container");
                return false;
        }
        if (syscall_name_is_possible(name->string))
                return true;
        document_diag(resolver->document, resolver->diags, SP509, name->node, false,
                impossible_hint(resolver, name->string),
                "`%s` cannot be the name of a system call: runtimes ignore it, and the call that "
                "was meant gets the default",
                name->string);
        return false;
}

static void check_names_present(const Resolver *resolver, const SurfaceRule *rule) {
        if (rule->names.n > 0 || rule->names.is_broken)
                return;
        document_diag(resolver->document, resolver->diags, SP501,
                rule->names.node == TEXT_NO_NODE ? rule->node : rule->names.node, false,
                "name the calls, or take the rule out",
                "%s: runc drops the rule, crun refuses to start the container",
                rule->names.node == TEXT_NO_NODE ? "the rule has no `names`" : "`names` is empty");
}

static bool is_absent(const SurfaceNumber *number) {
        return !number->is_set && number->node == TEXT_NO_NODE;
}

/* What says that masked bits are not as the datum: of one bit, that it is the other way. */
static const char *masked_inequality_hint(const Resolver *resolver, const SurfaceArg *arg) {
        const uint64_t mask = arg->value.value;

        if (mask == 0 || (mask & (mask - 1)) != 0)
                return "no operator says that masked bits differ: for each bit write a rule with "
                       "SCMP_CMP_MASKED_EQ, `value` that bit, `valueTwo` what it is to be";
        return arena_printf(resolver->document->arena,
                "no operator says that masked bits differ: that the one bit is the other way says "
                "SCMP_CMP_MASKED_EQ with \"value\": %" PRIu64 ", \"valueTwo\": %" PRIu64,
                mask, (arg->value_two.value & mask) ^ mask);
}

static bool resolve_operator(const Resolver *resolver, const SurfaceArg *arg, Operator *ret_op) {
        const char *name = arg->op.string, *hint = NULL;

        if (!name) {
                if (arg->op.node == TEXT_NO_NODE)
                        document_diag(resolver->document, resolver->diags, SP601, arg->node, false,
                                OPERATORS_HINT,
                                "the condition has no `op`: runtimes refuse to start the "
                                "container");
                return false;
        }
        if (operator_parse(name, ret_op) == 0)
                return true;
        hint = strstr(name, "MASKED_N") ? masked_inequality_hint(resolver, arg)
                                        : resolve_suggestion(resolver, operator_suggest, name);
        document_diag(resolver->document, resolver->diags, SP601, arg->op.node, false,
                hint ? hint : OPERATORS_HINT,
                "unknown operator `%s`: runtimes refuse to start the container", name);
        return false;
}

/* The argument's number and value are there and in range: SP602. */
static bool check_operands(const Resolver *resolver, const SurfaceArg *arg) {
        bool is_out = arg->index.is_set && arg->index.value > 5;

        if (is_absent(&arg->index))
                document_diag(resolver->document, resolver->diags, SP602, arg->node, false,
                        "say which argument is meant: \"index\": 0 is the first",
                        "the condition has no `index`: decoders take 0, the first argument");
        if (is_out)
                document_diag(resolver->document, resolver->diags, SP602, arg->index.node, false,
                        "the six arguments have indexes 0 to 5",
                        "index %llu: runtimes refuse to start the container",
                        (unsigned long long) arg->index.value);
        if (is_absent(&arg->value))
                document_diag(resolver->document, resolver->diags, SP602, arg->node, false,
                        "write it, also where it is 0",
                        "the condition has no `value`: decoders take 0");
        return arg->index.is_set && !is_out && arg->value.is_set;
}

/* A mask of 0 beside a datum: nobody means that, and the other way round it is a condition. */
static bool is_swapped(const SurfaceArg *arg) {
        Operator op;

        return arg->op.string && operator_parse(arg->op.string, &op) == 0 && op == OP_MASKED_EQ &&
                arg->value.is_set && arg->value.value == 0 && arg->value_two.value != 0;
}

/* A mask that tests nothing, or a datum that the mask cuts: SP605. check_swapped() has the rest. */
static void check_mask(const Resolver *resolver, const SurfaceArg *arg) {
        uint64_t mask = arg->value.value, datum = arg->value_two.value;

        if (is_swapped(arg))
                return;
        if (mask == 0)
                document_diag(resolver->document, resolver->diags, SP605, arg->value.node, false,
                        "`value` is the mask, `valueTwo` what the masked argument must equal",
                        "the mask is 0: the condition holds whatever the argument is");
        else if (datum & ~mask)
                document_diag(resolver->document, resolver->diags, SP605, arg->value_two.node,
                        false,
                        "`value` is the mask, `valueTwo` what the masked argument must equal",
                        "bits 0x%llx of `valueTwo` are outside the mask 0x%llx: libseccomp ignores "
                        "them, and the condition says less than it reads",
                        (unsigned long long) (datum & ~mask), (unsigned long long) mask);
}

/* A second value where the operator takes one: SP608. */
static void check_second_value(const Resolver *resolver, const SurfaceArg *arg, Operator op) {
        if (arg->value_two.value == 0) /* Docker's format writes it everywhere */
                return;
        document_diag(resolver->document, resolver->diags, SP608, arg->value_two.node, true,
                op == OP_EQ || op == OP_NE
                        ? "leave it out; a mask is written with SCMP_CMP_MASKED_EQ"
                        : "leave it out: a condition has one bound, and a range is none",
                "only SCMP_CMP_MASKED_EQ takes `valueTwo`: runtimes ignore it, and %s looks at "
                "`value` alone",
                operator_name(op));
}

/* That nothing stands there is one mistake, not one for each of its parts. */
static bool is_empty(const SurfaceArg *arg) {
        return is_absent(&arg->index) && is_absent(&arg->value) && is_absent(&arg->value_two) &&
                arg->op.node == TEXT_NO_NODE;
}

static bool resolve_condition(
        const Resolver *resolver, const SurfaceArg *arg, Condition *ret_condition) {
        Operator op = OP_EQ;
        bool has_operator, has_operands;

        if (is_empty(arg)) {
                document_diag(resolver->document, resolver->diags, SP602, arg->node, false,
                        "take it out, or write its `index`, `value` and `op`",
                        "an empty condition: runtimes refuse to start the container");
                return false;
        }
        has_operator = resolve_operator(resolver, arg, &op);
        has_operands = check_operands(resolver, arg);
        if (!has_operator || !has_operands)
                return false;
        *ret_condition = (Condition){
                .index = (uint8_t) arg->index.value,
                .op = op,
                .value = arg->value.value,
                .node = arg->node,
        };
        if (op == OP_MASKED_EQ) {
                check_mask(resolver, arg);
                ret_condition->value_two = arg->value_two.value & arg->value.value;
        } else {
                check_second_value(resolver, arg, op);
        }
        return true;
}

/* The first condition on an argument that an earlier one is on, or NULL. */
static const Condition *find_repeated_index(const ConditionList *list) {
        unsigned seen = 0;

        for (uint8_t i = 0; i < list->n; i++) {
                unsigned bit = 1U << list->items[i].index;

                if (seen & bit)
                        return &list->items[i];
                seen |= bit;
        }
        return NULL;
}

/* Whether all are `argument == value` on one argument: then nobody can have meant AND. */
static bool is_choice(const ConditionList *list) {
        for (uint8_t i = 0; i < list->n; i++)
                if (list->items[i].op != OP_EQ || list->items[i].index != list->items[0].index)
                        return false;
        return true;
}

/* What the author can have meant by two conditions on one argument; from the arena. */
static const char *split_hint(const Resolver *resolver, const ConditionList *list,
        const Condition *repeated, bool opens) {
        const Condition *first = list->items;
        _cleanup_buf_ Buf hint = {};

        if (is_choice(list))
                return "write a rule for each condition";
        while (first->index != repeated->index)
                first++;
        if (!opens)
                buf_puts(&hint, "if one is to be enough, write a rule for each condition; ");
        buf_puts(&hint, "if both must hold, ");
        hint_put_both(&hint, first, repeated);
        return buf_error(&hint) < 0
                ? NULL
                : arena_strndup(resolver->document->arena, hint.data, hint.size);
}

static void check_split(const Resolver *resolver, const Action *action, ConditionList *list) {
        const Condition *repeated = find_repeated_index(list);
        const bool opens = action && action_permits(action->kind) && !is_choice(list);

        list->is_split = repeated;
        if (repeated)
                document_diag_as(resolver->document, resolver->diags, SP604,
                        opens ? SEVERITY_ERROR : SEVERITY_WARNING, repeated->node, false,
                        split_hint(resolver, list, repeated, opens),
                        "argument %u has two conditions: runtimes then make each condition of the "
                        "rule a rule of its own, so that one of them is enough%s",
                        repeated->index, opens ? ", and the rule permits more than it reads" : "");
}

/* Whether nothing else is asked of a call that the rule permits and the default does not. */
static bool opens_call(const Resolver *resolver, const SurfaceRule *rule, const Action *action,
        const ConditionList *list) {
        const char *unless = resolver->surface->default_action.string;

        for (uint8_t i = 0; i < list->n; i++)
                if (!condition_is_always(&list->items[i]))
                        return false;
        return action && action_permits(action->kind) &&
                !(unless && strcmp(unless, rule->action.string) == 0);
}

/* A denial under a mask of several bits holds where all of them are as the datum says. */
#define DENIED_BITS_HINT "for each of the bits write a rule with `value` and `valueTwo` equal to it"

static const char *swapped_hint(const Resolver *resolver, uint64_t mask, uint64_t datum) {
        return arena_printf(resolver->document->arena,
                "swapped? the mask is `value`: \"value\": %" PRIu64 ", \"valueTwo\": %" PRIu64,
                mask, datum);
}

/*
 * SP605 for mask and datum swapped. Returns false when that opens the rule: then nothing is said of
 * a rule that nobody meant.
 */
static bool check_swapped(const Resolver *resolver, const SurfaceRule *rule, const Action *action,
        const ConditionList *list) {
        Severity severity =
                opens_call(resolver, rule, action, list) ? SEVERITY_ERROR : SEVERITY_WARNING;
        bool is_found = false;

        for (size_t i = 0; i < rule->n_args; i++) {
                const uint64_t mask = rule->args[i].value_two.value;
                const char *hint = DENIED_BITS_HINT;

                if (!is_swapped(&rule->args[i]))
                        continue;
                is_found = true;
                if (!action || action_permits(action->kind))
                        hint = swapped_hint(resolver, mask, 0);
                else if ((mask & (mask - 1)) == 0)
                        hint = swapped_hint(resolver, mask, mask);
                document_diag_as(resolver->document, resolver->diags, SP605, severity,
                        rule->args[i].node, false, hint,
                        "the mask is 0: the condition holds whatever the argument is%s",
                        severity == SEVERITY_ERROR ? ", and the rule allows the call" : "");
        }
        return !is_found ||
                rule_config_severity(resolver->diags->config, SP605, severity) != SEVERITY_ERROR;
}

/* SP605 for a denial that says no value, and so denies whoever does not ask for any of the bits. */
static void check_denied_bits(
        const Resolver *resolver, const SurfaceRule *rule, const ConditionList *list) {
        for (size_t i = 0; i < rule->n_args && list->n == rule->n_args; i++) {
                const unsigned long long mask = list->items[i].value;
                const char *hint = DENIED_BITS_HINT;

                if (list->items[i].op != OP_MASKED_EQ || mask == 0 ||
                        !is_absent(&rule->args[i].value_two))
                        continue;
                if ((mask & (mask - 1)) == 0)
                        hint = arena_printf(resolver->document->arena,
                                "to deny where the bit is set, write \"valueTwo\": %llu", mask);
                document_diag(resolver->document, resolver->diags, SP605, rule->args[i].node, false,
                        hint,
                        "without `valueTwo` the rule denies calls that have none of the bits "
                        "0x%llx set, and lets through those that have",
                        mask);
        }
}

/* Returns false when not all of them could be read. */
static bool resolve_conditions(const Resolver *resolver, const SurfaceRule *rule,
        const Action *action, ConditionList *ret_list) {
        ConditionList list = {};
        bool is_whole = true;

        for (size_t i = 0; i < rule->n_args; i++) {
                Condition condition;

                if (!resolve_condition(resolver, &rule->args[i], &condition))
                        is_whole = false;
                else if (list.n < LIMIT_RULE_CONDITIONS)
                        list.items[list.n++] = condition;
        }
        if (rule->n_args > LIMIT_RULE_CONDITIONS) {
                document_diag(resolver->document, resolver->diags, SP603, rule->args_node, true,
                        "a call has six arguments: write one condition for each, or several rules",
                        "%zu conditions in one rule: crun drops all behind the %uth, runc takes "
                        "each for a rule of its own",
                        rule->n_args, LIMIT_RULE_CONDITIONS);
                return false;
        }
        if (!check_swapped(resolver, rule, is_whole ? action : NULL, &list))
                is_whole = false;
        check_split(resolver, action, &list);
        if (action && !action_permits(action->kind))
                check_denied_bits(resolver, rule, &list);
        *ret_list = list;
        return is_whole;
}

/* Adds a rule for each name, and for each condition of a rule that is split. */
static int add_rules(const Resolver *resolver, const SurfaceRule *rule, const Action *action,
        const ConditionList *list, Merger *merger) {
        size_t n_parts = list->is_split ? list->n : 1;
        Condition *conditions =
                arena_alloc_array(resolver->document->arena, list->n, sizeof(conditions[0]));
        MergeReport report = {};
        int r = conditions ? 0 : -ENOMEM;

        for (uint8_t i = 0; i < list->n && r == 0; i++)
                conditions[i] = list->items[i];
        for (size_t i = 0; i < rule->names.n && r == 0; i++)
                for (size_t part = 0; part < n_parts && r == 0; part++) {
                        PolicyRule added = {
                                .name = rule->names.items[i].string,
                                .action = *action,
                                .conditions = conditions + part,
                                .n_conditions = list->is_split ? 1 : list->n,
                                .name_node = rule->names.items[i].node,
                                .rule_node = rule->node,
                        };

                        r = merger_add(merger, &added, &report);
                }
        if (r == 0)
                merger_report(resolver, &report);
        return r;
}

static bool resolve_rule_action(Resolver *resolver, const SurfaceRule *rule, Action *ret_action) {
        const ActionText text = {
                .action = &rule->action,
                .errno_ret = &rule->errno_ret,
                .errno_name = &rule->errno_name,
                .action_key = "action",
                .errno_key = "errnoRet",
        };

        if (rule->action.string)
                return resolve_action(resolver, &text, ret_action);
        if (rule->action.node == TEXT_NO_NODE)
                document_diag(resolver->document, resolver->diags, SP302, rule->node, false,
                        "say what happens to the calls: \"action\": \"SCMP_ACT_ALLOW\", or another",
                        "the rule has no `action`: runtimes refuse to start the container");
        return false;
}

int resolve_rule(
        Resolver *resolver, const SurfaceRule *rule, Selection *selection, Merger *merger) {
        ConditionList list = {};
        Action action = {};
        bool is_whole = !rule->is_broken;
        bool has_action = resolve_rule_action(resolver, rule, &action);
        bool denies = has_action && resolver->default_action &&
                action_permits(resolver->default_action->kind) && !action_permits(action.kind);
        bool is_selected = resolve_select(resolver, rule, denies, selection);

        check_names_present(resolver, rule);
        for (size_t i = 0; i < rule->names.n; i++)
                if (!check_name(resolver, &rule->names.items[i]))
                        is_whole = false;
        if (!resolve_conditions(resolver, rule, has_action ? &action : NULL, &list))
                is_whole = false;
        if (!is_selected)
                return RULE_UNSELECTED;
        if (!is_whole || !has_action)
                return RULE_LEFT_OUT;
        return add_rules(resolver, rule, &action, &list, merger);
}
