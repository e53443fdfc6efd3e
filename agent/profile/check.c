/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The whole check, from an author's bytes to a verdict. Findings of all stages are gathered in one
 * list, and a stage runs whenever the one before left enough to look at, so that an author sees all
 * mistakes at once. libseccomp is asked only about profiles without an error: its time and its
 * answers are worth nothing on others. What is compiled is the canonical order and all
 * architectures in one program, at each level of optimisation at which some runtime does it: that
 * very program is what containers run under, and libseccomp gets some of them wrong whose parts by
 * themselves are right. What it is held against is the author's own order, so a mistake in sorting
 * shows as a difference too.
 *
 * libseccomp may never return. The verdict for that case is handed out before each compilation, as
 * a testament, complete with all that was found until then.
 */

#include "profile/check.h"

#include "profile/canonical.h"
#include "profile/compile.h"
#include "profile/syscalls.h"
#include "profile/verify.h"
#include "profile/wording.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define CHECK_PROGRAM_INSNS_LARGE 1000U
#define CHECK_NAME_SIZE           64U
#define CHECK_LIST_NAMES          32U /* runc from 1.2 on: more names than that are a tree */

typedef struct Check {
        const CheckContext *context;
        const char *bytes;
        size_t size_bytes;
        Arena *arena;
        DiagList diags;
        Document document;
        Surface surface;
        Policy policy;                          /* in the author's order */
        Policy canonical;                       /* the same in canonical order */
        Program programs[VERDICT_PROGRAMS_MAX]; /* as in the verdict */
        EvalTable *tables[POLICY_ARCHES_MAX];   /* of `policy`, for each canonical architecture */
        Verdict *verdict;                       /* owned; GOOD until it is finished */
} Check;

static void check_done(Check *check) {
        verdict_free(check->verdict);
        diags_done(&check->diags);
        document_done(&check->document);
        arena_free(check->arena);
}
#define _cleanup_check_ _cleanup_(check_done)

static uint32_t policy_count_conditional(const Policy *policy) {
        uint32_t n = 0;

        for (size_t i = 0; i < policy->n_rules; i++)
                n += policy->rules[i].n_conditions > 0;
        return n;
}

/* Up to the policy. Returns 0; 1 when there is none; -errno. */
static int check_text(Check *check) {
        const CheckOptions *options = check->context->options;
        int r;

        r = document_parse(
                check->arena, check->bytes, check->size_bytes, &check->diags, &check->document);
        if (r != 0)
                return r;
        r = surface_parse(&check->document, options->facts.arch, &check->diags, &check->surface);
        if (r != 0)
                return r;
        r = policy_resolve(
                &check->document, &check->surface, options, &check->diags, &check->policy);
        if (r < 0)
                return r;
        if (r > 0) {
                r = policy_check_names(&check->document, &check->policy, options, &check->diags);
                return r < 0 ? r : 1;
        }
        canonical_drop_salt(check->arena, &check->policy);
        check->verdict->n_rules = (uint32_t) check->policy.n_rules;
        check->verdict->n_conditional = policy_count_conditional(&check->policy);
        return policy_check(&check->document, &check->policy, options, &check->diags);
}

static bool is_suspicious(const Policy *policy, const PolicyRule *rule) {
        return rule->n_conditions > 0 && !action_equal(rule->action, policy->default_action);
}

/* The call that most likely keeps libseccomp busy: the first with two or more conditional rules. */
static const PolicyRule *find_suspect(const Policy *policy) {
        for (size_t i = 0; i < policy->n_rules; i++) {
                const PolicyRule *rule = &policy->rules[i];

                for (size_t j = i + 1; is_suspicious(policy, rule) && j < policy->n_rules; j++)
                        if (is_suspicious(policy, &policy->rules[j]) &&
                                strcmp(rule->name, policy->rules[j].name) == 0)
                                return rule;
        }
        return NULL;
}

static int testament_finish(const Check *check, Verdict *testament) {
        const PolicyRule *suspect = find_suspect(&check->policy);
        _cleanup_free_ char *hint = NULL;

        for (size_t i = 0; i < check->diags.n; i++) {
                const Diag *diag = &check->diags.items[i];

                diag_add_as(&testament->diags, diag->rule, diag->severity, diag->span,
                        diag->pointer, diag->hint, "%s", diag->message);
        }
        testament->diags.n_dropped = check->diags.n_dropped;
        if (suspect && asprintf(&hint, "merge or simplify the conditions on %s", suspect->name) < 0)
                return -ENOMEM;
        document_diag(&check->document, &testament->diags, SP812,
                suspect ? suspect->name_node : check->policy.default_node, false, hint,
                "libseccomp does not come to an end in time compiling this profile: a runtime "
                "would hang in it at the start of the container");
        testament->n_rules = check->verdict->n_rules;
        testament->n_conditional = check->verdict->n_conditional;
        return diags_finish(&testament->diags, check->bytes, check->size_bytes);
}

static int tell_testament(const Check *check) {
        _cleanup_(verdict_freep) Verdict *testament = NULL;
        int r;

        if (!check->context->testament)
                return 0;
        testament = verdict_new(VERDICT_BAD);
        if (!testament)
                return -ENOMEM;
        r = testament_finish(check, testament);
        if (r < 0)
                return r;
        check->context->testament(testament, check->context->userdata);
        return 0;
}

static void report_refusal(Check *check, const PolicyRule *rule, int error) {
        document_diag(&check->document, &check->diags, SP812,
                rule ? rule->name_node : check->policy.default_node, false, NULL,
                "libseccomp refuses %s%s (%s): no container can start with this profile",
                rule ? "this rule on " : "the profile", rule ? rule->name : "",
                strerrorname_np(-error));
}

/* Whether newer runc has libseccomp build a tree of so many names: all rules' and the salt's. */
static bool is_tree(const Policy *canonical) {
        return canonical->n_rules + canonical_is_salted(canonical) > CHECK_LIST_NAMES;
}

/* One program of all architectures at each level. Returns 0; 1 when libseccomp refuses; -errno. */
static int check_compile(Check *check) {
        const unsigned n_levels = is_tree(&check->canonical) ? COMPILE_LEVELS_MAX : 1;
        Verdict *verdict = check->verdict;
        const PolicyRule *rule;
        int r;

        r = tell_testament(check);
        if (r < 0)
                return r;
        r = policy_compile(check->arena, &check->canonical, NULL, n_levels,
                check->context->scratch_fd, check->programs, &rule);
        if (r == -ENOMEM || r == -EIO)
                return r;
        if (r < 0) {
                report_refusal(check, rule, r);
                return 1;
        }
        verdict->n_arches = check->canonical.n_arches;
        memcpy(verdict->arches, check->canonical.arches, sizeof(verdict->arches));
        for (; verdict->n_programs < n_levels; verdict->n_programs++)
                verdict->programs[verdict->n_programs] = (VerdictProgram){
                        .optimise = (uint8_t) (verdict->n_programs + 1),
                        .n_insns = (uint32_t) check->programs[verdict->n_programs].n_insns,
                };
        return 0;
}

/* The largest of the programs: one of them is what a runtime loads. */
static size_t count_insns(const Check *check) {
        size_t n = 0;

        for (size_t i = 0; i < check->verdict->n_programs; i++)
                if (check->programs[i].n_insns > n)
                        n = check->programs[i].n_insns;
        return n;
}

static void check_size(Check *check) {
        size_t n_insns = count_insns(check);

        if (n_insns > LIMIT_PROGRAM_INSNS)
                document_diag(&check->document, &check->diags, SP811, check->surface.rules_node,
                        true, "fewer rules with conditions, or fewer architectures",
                        "the profile compiles to %zu instructions, over the limit of %u: the "
                        "kernel takes no more than 4096, those that runc adds included",
                        n_insns, LIMIT_PROGRAM_INSNS);
        else if (n_insns > CHECK_PROGRAM_INSNS_LARGE)
                document_diag_as(&check->document, &check->diags, SP811, SEVERITY_WARNING,
                        check->surface.rules_node, true,
                        "fewer rules with conditions, or fewer architectures",
                        "the profile compiles to %zu instructions (the limit is %u): every start "
                        "of a container compiles them again",
                        n_insns, LIMIT_PROGRAM_INSNS);
}

static void print_ret(Buf *buf, uint32_t ret) {
        Action action;

        if (action_from_ret(ret, &action) == 0)
                wording_put_action(buf, action);
        else
                buf_printf(buf, "%#" PRIx32, ret);
}

static size_t count_args_in_use(const EvalTable *table, int nr) {
        const PolicyRule *const *rules;
        size_t n_rules;
        size_t n = 0;

        eval_table_rules(table, nr, &rules, &n_rules);
        for (size_t i = 0; i < n_rules; i++)
                for (size_t j = 0; j < rules[i]->n_conditions; j++)
                        if (rules[i]->conditions[j].index >= n)
                                n = rules[i]->conditions[j].index + 1U;
        return n;
}

/* "socket(2, 100, 3)": as far as some rule looks at the arguments. */
static void print_call(
        Buf *buf, const EvalTable *table, const Arch *arch, const Counterexample *example) {
        char name[CHECK_NAME_SIZE];
        size_t n_args = count_args_in_use(table, example->nr);

        if (syscall_name(arch, example->nr, sizeof(name), name) == 0)
                buf_puts(buf, name);
        else
                buf_printf(buf, "call %d", example->nr);
        for (size_t i = 0; i < n_args; i++)
                buf_printf(buf, example->args[i] > UINT16_MAX ? "%s%#" PRIx64 : "%s%" PRIu64,
                        i > 0 ? ", " : "(", example->args[i]);
        if (n_args > 0)
                buf_putc(buf, ')');
        if (example->audit_arch != arch->audit_arch)
                buf_printf(buf, " of the architecture %#" PRIx32, example->audit_arch);
}

static bool rule_has_wide_value(const PolicyRule *rule) {
        for (size_t i = 0; i < rule->n_conditions; i++)
                if ((rule->conditions[i].value | rule->conditions[i].value_two) > UINT32_MAX)
                        return true;
        return false;
}

static int report_difference(
        Check *check, const EvalTable *table, const Arch *arch, const Counterexample *example) {
        _cleanup_buf_ Buf message = {};
        _cleanup_buf_ Buf hint = {};

        buf_puts(&message, "libseccomp compiles these rules to something else: for ");
        print_call(&message, table, arch, example);
        buf_puts(&message, " they say ");
        print_ret(&message, example->expected);
        buf_puts(&message, ", and a container would get ");
        print_ret(&message, example->actual);
        buf_printf(&message, " (%s)", arch->name);
        if (example->rule && !arch->is_64bit && rule_has_wide_value(example->rule))
                buf_printf(&hint,
                        "libseccomp cuts values to 32 bits for %s: write a value below 2^32, or "
                        "leave the architecture out",
                        arch->name);
        else if (example->rule)
                buf_printf(&hint, "merge or simplify the conditions on %s", example->rule->name);
        if (buf_error(&message) < 0 || buf_error(&hint) < 0)
                return -ENOMEM;
        document_diag(&check->document, &check->diags, SP812,
                example->rule ? example->rule->name_node : check->policy.default_node, false,
                hint.data, "%s", message.data);
        return 0;
}

/* Holds the i-th program's part for the j-th architecture against the author's rules. */
static int check_part(Check *check, size_t i, size_t j) {
        VerdictProgram *program = &check->verdict->programs[i];
        const Arch *arch = check->canonical.arches[j];
        const EvalTable *table = check->tables[j];
        VerifyResult result;
        int r = program_verify(
                check->arena, table, arch, &check->programs[i], LIMIT_EVALUATION_POINTS, &result);

        if (r < 0)
                return r;
        program->n_points += (uint32_t) result.n_points;
        program->is_exhaustive = program->is_exhaustive && result.is_exhaustive;
        return result.differs ? report_difference(check, table, arch, &result.counterexample) : 0;
}

static int check_program(Check *check, size_t i) {
        size_t at;

        if (bpf_validate(&check->programs[i], &at) < 0) {
                document_diag(&check->document, &check->diags, SP812, check->policy.default_node,
                        false, NULL,
                        "libseccomp's program is one that no kernel takes (instruction %zu)", at);
                return 0;
        }
        check->verdict->programs[i].is_exhaustive = true;
        for (size_t j = 0; j < check->canonical.n_arches; j++) {
                int r = check_part(check, i, j);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* From the policy to programs that do what it says. Returns 0, with errors in the findings; -errno.
 */
static int check_programs(Check *check) {
        int r;

        r = canonical_sort(check->arena, &check->policy, &check->canonical);
        if (r < 0)
                return r;
        r = check_compile(check);
        if (r != 0)
                return r < 0 ? r : 0;
        check_size(check);
        if (diags_have_errors(&check->diags))
                return 0;
        for (size_t i = 0; i < check->canonical.n_arches; i++) {
                r = eval_table_new(check->arena, &check->policy, check->canonical.arches[i],
                        &check->tables[i]);
                if (r < 0)
                        return r;
        }
        /* what the first program has wrong the second has too */
        for (size_t i = 0; i < check->verdict->n_programs && !diags_have_errors(&check->diags);
                i++) {
                r = check_program(check, i);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Prints, and reads what was printed: it must say the same. */
static int check_print(Check *check) {
        _cleanup_buf_ Buf buf = {};
        Verdict *verdict = check->verdict;
        Policy again;
        int r;

        canonical_print(&buf, &check->canonical);
        if (buf_error(&buf) < 0)
                return buf_error(&buf);
        if (buf.size > LIMIT_PROFILE_BYTES) {
                document_diag(&check->document, &check->diags, SP102, check->surface.rules_node,
                        true, NULL,
                        "the canonical form of this profile has %zu bytes, over the limit of %u",
                        buf.size, LIMIT_PROFILE_BYTES);
                return 0;
        }
        r = canonical_read(check->arena, buf.data, buf.size, &again);
        if (r == -EINVAL || (r == 0 && !canonical_equal(&check->canonical, &again)))
                return -ENOTRECOVERABLE; /* our own mistake, not the author's */
        if (r < 0)
                return r;
        r = buf_take(&buf, &verdict->canonical, &verdict->canonical_size_bytes);
        if (r < 0)
                return r;
        verdict->digest = digest_of(verdict->canonical, verdict->canonical_size_bytes);
        return canonical_outline(check->arena, &check->canonical, &verdict->outline);
}

static int check_finish(Check *check) {
        int r;

        r = diags_finish(&check->diags, check->bytes, check->size_bytes);
        if (r < 0)
                return r;
        if (!check->verdict->canonical)
                check->verdict->kind = VERDICT_BAD;
        diags_done(&check->verdict->diags);
        check->verdict->diags = check->diags;
        check->verdict->diags.config = NULL;
        diags_init(&check->diags, NULL);
        return 0;
}

int check_profile(
        const CheckContext *context, const char *bytes, size_t size_bytes, Verdict **ret_verdict) {
        _cleanup_check_ Check check = {
                .context = context,
                .bytes = bytes,
                .size_bytes = size_bytes,
                .arena = arena_new(),
                .verdict = verdict_new(VERDICT_GOOD),
        };
        int r;

        if (!check.arena || !check.verdict)
                return -ENOMEM;
        diags_init(&check.diags, &context->options->rules);
        r = check_text(&check);
        if (r == 0 && !diags_have_errors(&check.diags))
                r = check_programs(&check);
        if (r == 0 && !diags_have_errors(&check.diags))
                r = check_print(&check);
        if (r < 0)
                return r;
        r = check_finish(&check);
        if (r < 0)
                return r;
        *ret_verdict = TAKE_PTR(check.verdict);
        return 0;
}
