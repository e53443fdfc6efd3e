/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_UNIT_RESOLVE_FIXTURE_H
#define SECCOMPD_TESTS_UNIT_RESOLVE_FIXTURE_H

/*
 * What the tests of the resolution share: a case is a text, the policy it becomes and all that is
 * said of it, both written out and compared whole.
 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/policy.h"

#include <inttypes.h>
#include <string.h>

typedef struct Fixture {
        Arena *arena;
        DiagList diags;
        Document document;
        Policy policy;
        int result; /* of policy_resolve() */
} Fixture;

static inline void fixture_done(Fixture *fixture) {
        document_done(&fixture->document);
        diags_done(&fixture->diags);
        arena_free(fixture->arena);
}
#define _cleanup_fixture_ _cleanup_(fixture_done)

/* An x86_64 node with kernel 6.1 and containerd's capabilities. */
static inline CheckOptions options_new(void) {
        return (CheckOptions) {
                .facts = {
                        .arch = arch_by_name("SCMP_ARCH_X86_64"),
                        .kernel_major = 6,
                        .kernel_minor = 1,
                        .actions = UINT32_MAX,
                        .libseccomp_major = 2,
                        .libseccomp_minor = 5,
                        .libseccomp_micro = 4,
                        .api_level = 6,
                },
                .capabilities = capabilities_default(),
        };
}

static inline void fixture_resolve(
        Fixture *fixture, const char *json, const CheckOptions *options) {
        Surface surface;

        diags_init(&fixture->diags, &options->rules);
        fixture->arena = arena_new();
        assert_non_null(fixture->arena);
        assert_int_equal(document_parse(fixture->arena, json, strlen(json), &fixture->diags,
                                 &fixture->document),
                0);
        assert_int_equal(
                surface_parse(&fixture->document, options->facts.arch, &fixture->diags, &surface),
                0);
        fixture->result = policy_resolve(
                &fixture->document, &surface, options, &fixture->diags, &fixture->policy);
        assert_int_equal(diags_finish(&fixture->diags, json, strlen(json)), 0);
}

/* One finding a line: "SP302 error /syscalls/0/action". */
static inline void assert_findings(const DiagList *diags, const char *expected) {
        _cleanup_buf_ Buf buf = {};

        for (size_t i = 0; i < diags->n; i++)
                buf_printf(&buf, "SP%d %s %s\n", diags->items[i].rule,
                        severity_name(diags->items[i].severity), diags->items[i].pointer);
        assert_int_equal(buf_error(&buf), 0);
        assert_string_equal(buf.data ? buf.data : "", expected);
}

static inline void put_action(Buf *buf, Action action) {
        buf_puts(buf, action_kind_name(action.kind) + strlen("SCMP_ACT_"));
        if (action_takes_errno(action.kind))
                buf_printf(buf, "(%u)", action.data);
}

static inline void put_rule(Buf *buf, const PolicyRule *rule) {
        buf_printf(buf, "%s ", rule->name);
        put_action(buf, rule->action);
        for (uint8_t i = 0; i < rule->n_conditions; i++) {
                const Condition *condition = &rule->conditions[i];

                buf_printf(buf, " a%u %s %" PRIu64, condition->index,
                        operator_name(condition->op) + strlen("SCMP_CMP_"), condition->value);
                if (condition->value_two)
                        buf_printf(buf, ":%" PRIu64, condition->value_two);
        }
        buf_putc(buf, '\n');
}

static inline void assert_policy(const Policy *policy, const char *expected) {
        _cleanup_buf_ Buf buf = {};

        put_action(&buf, policy->default_action);
        for (size_t i = 0; i < policy->n_arches; i++)
                buf_printf(&buf, " %s", policy->arches[i]->name + strlen("SCMP_ARCH_"));
        if (policy->has_flags)
                buf_printf(&buf, " flags=%u", policy->flags);
        if (policy->listener_path)
                buf_printf(&buf, " path=%s", policy->listener_path);
        if (policy->listener_metadata)
                buf_printf(&buf, " metadata=%s", policy->listener_metadata);
        buf_putc(&buf, '\n');
        for (size_t i = 0; i < policy->n_rules; i++)
                put_rule(&buf, &policy->rules[i]);
        assert_int_equal(buf_error(&buf), 0);
        assert_string_equal(buf.data, expected);
}

typedef struct Case {
        const char *json;   /* with ' for " */
        const char *policy; /* NULL: no policy can be made */
        const char *findings;
} Case;

/* A copy with ' turned into ", so that cases can be read. */
static inline char *unquote(const char *json) {
        char *copy = strdup(json);

        assert_non_null(copy);
        for (char *at = copy; *at; at++)
                if (*at == '\'')
                        *at = '"';
        return copy;
}

static inline void run_case(const Case *test, const CheckOptions *options) {
        _cleanup_fixture_ Fixture fixture = {};
        _cleanup_free_ char *json = unquote(test->json);

        print_message("  %s\n", test->json);
        fixture_resolve(&fixture, json, options);
        assert_findings(&fixture.diags, test->findings);
        assert_int_equal(fixture.result, test->policy ? 0 : 1);
        if (test->policy)
                assert_policy(&fixture.policy, test->policy);
}

static inline void run_cases(const Case *cases, size_t n) {
        const CheckOptions options = options_new();

        for (size_t i = 0; i < n; i++)
                run_case(&cases[i], &options);
}

/* A profile that denies by default with what stands in `rest`. */
#define DENY(rest) "{'defaultAction':'SCMP_ACT_ERRNO'," rest "}"
/* A profile of one rule that allows `read` if `args`. */
#define READ_IF(args)                                                                              \
        DENY("'syscalls':[{'names':['read'],'action':'SCMP_ACT_ALLOW','args':[" args "]}]")
/* A profile that allows by default, with one rule that denies `read` if `args`. */
#define DENY_IF(args)                                                                              \
        "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['read'],'action':"                \
        "'SCMP_ACT_ERRNO','args':[" args "]}]}"
#define ARG(index, op, value) "{'index':" #index ",'op':'SCMP_CMP_" #op "','value':" #value "}"

#endif
