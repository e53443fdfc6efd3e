/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One draft, every oracle. What an author's text means is read four times: by the reference
 * evaluator from the resolved policy, and from the canonical bytes read back; by draft_answers();
 * and by libseccomp, whose programs are run by bpf_run() and, for some, by the kernel. Where
 * seccompd says SP812, the kernel has to show that the program is wrong.
 */

#include "oracles/trial.h"

#include "base/cleanup.h"
#include "checked_node.h"
#include "oracles/calls.h"
#include "oracles/feed.h"
#include "oracles/kernel.h"
#include "profile/canonical.h"
#include "profile/check.h"
#include "profile/compile.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define KERNEL_SAMPLE 24U

/* What is held against what, for one draft. */
typedef struct Reading {
        const Draft *draft;
        CheckOptions options;
        int scratch_fd;
        Trial *trial;
        const Verdict *verdict;
        Arena *arena;
        DiagList diags;
        Document document;
        Policy source;    /* as the author ordered it */
        Policy canonical; /* read back from what would be installed */
        EvalTable *tables[POLICY_ARCHES_MAX];
        EvalTable *canonical_tables[POLICY_ARCHES_MAX];
        Program own[2];  /* of the canonical form, as seccompd compiles it */
        Program feed[4]; /* as the runtimes do: the canonical form and the author's order */
        const char *feed_names[4];
        size_t n_levels;
        size_t n_feeds;
} Reading;

static void reading_done(Reading *reading) {
        for (size_t i = 0; i < N_ELEMENTS(reading->feed); i++)
                feed_done(&reading->feed[i]);
        diags_done(&reading->diags);
        document_done(&reading->document);
        arena_free(reading->arena);
}
#define _cleanup_reading_ _cleanup_(reading_done)

static void fail(Trial *trial, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(Trial *trial, const char *format, ...) {
        va_list args;

        if (trial->end == TRIAL_FAILED)
                return;
        trial->end = TRIAL_FAILED;
        va_start(args, format);
        vsnprintf(trial->problem, sizeof(trial->problem), format, args);
        va_end(args);
}

static void fail_call(Trial *trial, const char *who, const struct seccomp_data *call,
        uint32_t expected, uint32_t actual) {
        fail(trial,
                "%s: %d(%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64
                ", %#" PRIx64 ") of %#x: the reference evaluator says %#x, it says %#x",
                who, call->nr, (uint64_t) call->args[0], (uint64_t) call->args[1],
                (uint64_t) call->args[2], (uint64_t) call->args[3], (uint64_t) call->args[4],
                (uint64_t) call->args[5], call->arch, expected, actual);
}

CheckOptions trial_options(const Draft *draft) {
        return checked_node(draft->native);
}

static void note_testament(const Verdict *verdict, void *userdata) {
        Trial *trial = userdata;

        (void) verdict;
        trial->is_told = true;
}

static Verdict *check(const Reading *reading, const char *text, size_t size_bytes) {
        const CheckContext context = { .options = &reading->options,
                .scratch_fd = reading->scratch_fd,
                .testament = note_testament,
                .userdata = reading->trial };
        Verdict *verdict = NULL;

        reading->trial->stage = TRIAL_CHECK;
        if (check_profile(&context, text, size_bytes, &verdict) < 0)
                fail(reading->trial, "the check failed");
        reading->trial->stage = TRIAL_OWN;
        return verdict;
}

/* The author's policy, in the author's order. */
static bool resolve(Reading *reading, const char *text, size_t size_bytes) {
        Surface surface;

        diags_init(&reading->diags, &reading->options.rules);
        return document_parse(reading->arena, text, size_bytes, &reading->diags,
                       &reading->document) == 0 &&
                surface_parse(&reading->document, reading->options.facts.arch, &reading->diags,
                        &surface) == 0 &&
                policy_resolve(&reading->document, &surface, &reading->options, &reading->diags,
                        &reading->source) == 0;
}

static int compile(
        const Reading *reading, const Policy *policy, size_t level, Program *ret_program) {
        const PolicyRule *refused = NULL;
        Program programs[COMPILE_LEVELS_MAX];
        int r = policy_compile(reading->arena, policy, NULL, (unsigned) level, reading->scratch_fd,
                programs, &refused);

        if (r == 0)
                *ret_program = programs[level - 1];
        return r;
}

/* Whether a program is at odds with the author's rules, on any architecture. */
static bool is_wrong(Reading *reading, const Program *program, Counterexample *ret_example) {
        for (size_t i = 0; i < reading->source.n_arches; i++) {
                const Arch *arch = reading->source.arches[i];
                VerifyResult result = {};
                EvalTable *table = NULL;

                if (eval_table_new(reading->arena, &reading->source, arch, &table) < 0 ||
                        program_verify(reading->arena, table, arch, program,
                                LIMIT_EVALUATION_POINTS, &result) < 0)
                        fail(reading->trial, "program_verify() failed");
                *ret_example = result.counterexample;
                if (result.differs)
                        return true;
        }
        return false;
}

/* The levels at which some runtime compiles so many names. */
static size_t count_levels(const Policy *canonical) {
        return canonical->n_rules + canonical_is_salted(canonical) > 32 ? 2 : 1;
}

/* --- SP812 --- */

static uint32_t as_seen(uint32_t ret) {
        return ret == SECCOMP_RET_LOG ? SECCOMP_RET_ALLOW : ret;
}

/* The kernel runs the program: it has to answer the call as the finding says, not as the rules. */
static void confirm(const Reading *reading, const Program *program, const Counterexample *example) {
        struct seccomp_data call = { .nr = example->nr, .arch = example->audit_arch };
        uint32_t answer = 0;
        int r = 0;

        memcpy(call.args, example->args, sizeof(call.args));
        if (kernel_obstacle(call.arch) || as_seen(example->expected) == as_seen(example->actual)) {
                reading->trial->end = TRIAL_UNCONFIRMED;
                return;
        }
        r = kernel_ask(program, &call, 1, &answer);
        if (r < 0)
                fail(reading->trial, "the kernel cannot be asked: %s", strerrorname_np(-r));
        else if (answer != as_seen(example->actual))
                fail_call(reading->trial, "the kernel does not confirm SP812", &call,
                        example->expected, answer);
        else
                reading->trial->end = TRIAL_DIFFERS;
}

/* The difference of which SP812 speaks, found once more. Returns false for none. */
static bool find_difference(Reading *reading, const char *text, size_t size_bytes,
        Program *ret_program, Counterexample *ret_example) {
        Policy sorted;

        if (!resolve(reading, text, size_bytes) ||
                canonical_sort(reading->arena, &reading->source, &sorted) < 0) {
                fail(reading->trial, "no policy though SP812 was found");
                return false;
        }
        for (size_t level = 1; level <= count_levels(&sorted); level++) {
                if (compile(reading, &sorted, level, ret_program) < 0) {
                        reading->trial->end = TRIAL_REFUSED;
                        return false;
                }
                if (is_wrong(reading, ret_program, ret_example))
                        return true;
        }
        fail(reading->trial, "SP812, but every program is right");
        return false;
}

static void confirm_finding(Reading *reading, const char *text, size_t size_bytes) {
        Counterexample example;
        Program program = {};

        if (find_difference(reading, text, size_bytes, &program, &example))
                confirm(reading, &program, &example);
}

/* --- agreement --- */

/* The programs of the author's own order; what SP812 would say of them is no difference of ours. */
static bool source_is_right(Reading *reading) {
        reading->trial->stage = TRIAL_SOURCE;
        for (size_t level = 1; level <= reading->n_levels; level++) {
                Counterexample example;
                Program program = {};

                if (compile(reading, &reading->source, level, &program) < 0) {
                        reading->trial->end = TRIAL_SOURCE_REFUSED;
                        return false;
                }
                if (is_wrong(reading, &program, &example)) {
                        confirm(reading, &program, &example);
                        if (reading->trial->end != TRIAL_FAILED)
                                reading->trial->end = TRIAL_SOURCE_DIFFERS;
                        return false;
                }
        }
        return reading->trial->end != TRIAL_FAILED;
}

static bool has_finding(const Verdict *verdict, RuleId id) {
        for (size_t i = 0; i < verdict->diags.n; i++)
                if (verdict->diags.items[i].rule == id)
                        return true;
        return false;
}

static void add_feed(Reading *reading, int r, const char *name, bool is_source) {
        reading->feed_names[reading->n_feeds] = name;
        /* of two actions for a call behind a multiplexer libseccomp does not keep the first */
        if (is_source && r == -EEXIST && has_finding(reading->verdict, SP701))
                reading->trial->end = TRIAL_SOURCE_REFUSED;
        else if (r < 0)
                fail(reading->trial, "%s: libseccomp refuses it: %s", name, strerrorname_np(-r));
        else
                reading->n_feeds++;
}

static void compile_all(Reading *reading) {
        static const char *const canonical[] = { "the canonical form as a list",
                "the canonical form as a tree" };
        static const char *const source[] = { "the author's text as a list",
                "the author's text as a tree" };

        reading->n_levels = count_levels(&reading->canonical);
        reading->trial->stage = TRIAL_CANONICAL;
        for (size_t level = 1; level <= reading->n_levels; level++) {
                if (compile(reading, &reading->canonical, level, &reading->own[level - 1]) < 0)
                        fail(reading->trial, "what was compiled once is refused");
                add_feed(reading,
                        feed_policy(&reading->canonical, (int) level, reading->scratch_fd,
                                &reading->feed[reading->n_feeds]),
                        canonical[level - 1], false);
        }
        if (source_is_right(reading))
                for (size_t level = 1; level <= reading->n_levels; level++)
                        add_feed(reading,
                                feed_draft(reading->draft, (int) level, reading->scratch_fd,
                                        &reading->feed[reading->n_feeds]),
                                source[level - 1], true);
        reading->trial->stage = TRIAL_OWN;
}

/* Every architecture's rules, read from the author's policy and from the canonical bytes. */
static bool make_tables(Reading *reading) {
        const Policy *source = &reading->source, *canonical = &reading->canonical;
        bool is_equal = source->n_arches == canonical->n_arches;

        for (size_t i = 0; is_equal && i < source->n_arches; i++)
                is_equal = source->arches[i] == canonical->arches[i] &&
                        eval_table_new(reading->arena, source, source->arches[i],
                                &reading->tables[i]) == 0 &&
                        eval_table_new(reading->arena, canonical, canonical->arches[i],
                                &reading->canonical_tables[i]) == 0;
        if (!is_equal)
                fail(reading->trial, "the canonical form lists other architectures");
        return is_equal;
}

/* The architecture that a call belongs to; the first, whose program kills it, when it is of none.
 */
static size_t arch_of(const Reading *reading, const struct seccomp_data *call) {
        for (size_t i = 0; i < reading->source.n_arches; i++)
                if (call_is_of(call, reading->source.arches[i]))
                        return i;
        return 0;
}

/* The call as programs of the other byte order see it. */
static struct seccomp_data as_loaded(const Reading *reading, const struct seccomp_data *call) {
        struct seccomp_data data = *call;

        if (compile_swaps(reading->draft->native))
                for (size_t i = 0; i < SYSCALL_ARGS; i++)
                        data.args[i] = call->args[i] << 32 | call->args[i] >> 32;
        return data;
}

static void try_program(const Reading *reading, const EvalTable *table, const char *who,
        const Program *program, const struct seccomp_data *call) {
        const struct seccomp_data data = as_loaded(reading, call);
        uint64_t args[SYSCALL_ARGS];
        uint32_t actual = 0;

        memcpy(args, call->args, sizeof(args));
        if (bpf_run(program, &data, &actual) < 0)
                fail(reading->trial, "%s cannot be run", who);
        else if (!policy_eval_accepts(table, call->arch, call->nr, args, actual))
                fail_call(reading->trial, who, call,
                        policy_eval(table, call->arch, call->nr, args).ret, actual);
}

/* Whether the plainest reading says what the reference evaluator says. */
static void try_plain(const Reading *reading, const EvalTable *table, const Arch *arch,
        const struct seccomp_data *call) {
        uint32_t answers[DRAFT_ANSWERS_MAX];
        uint64_t args[SYSCALL_ARGS];
        EvalResult result;
        size_t n = 0;

        if (!call_is_of(call, arch))
                return;
        memcpy(args, call->args, sizeof(args));
        n = draft_answers(reading->draft, arch, call->nr, args, answers);
        result = policy_eval(table, call->arch, call->nr, args);
        if (n > 0 && result.is_ambiguous != (n > 1))
                fail_call(reading->trial, "the plain reading, ambiguous otherwise", call,
                        result.ret, answers[0]);
        for (size_t i = 0; i < n; i++)
                if (!policy_eval_accepts(table, call->arch, call->nr, args, answers[i]))
                        fail_call(
                                reading->trial, "the plain reading", call, result.ret, answers[i]);
}

static void try_call(const Reading *reading, const struct seccomp_data *call) {
        const size_t i = arch_of(reading, call);
        const EvalTable *table = reading->tables[i];
        uint64_t args[SYSCALL_ARGS];
        uint32_t again = 0;

        memcpy(args, call->args, sizeof(args));
        again = policy_eval(reading->canonical_tables[i], call->arch, call->nr, args).ret;
        if (!policy_eval_accepts(table, call->arch, call->nr, args, again))
                fail_call(reading->trial, "the canonical form", call,
                        policy_eval(table, call->arch, call->nr, args).ret, again);
        try_plain(reading, table, reading->source.arches[i], call);
        for (size_t j = 0; j < reading->n_levels; j++)
                try_program(reading, table, "seccompd's program", &reading->own[j], call);
        for (size_t j = 0; j < reading->n_feeds; j++)
                try_program(reading, table, reading->feed_names[j], &reading->feed[j], call);
}

static void try_kernel(const Reading *reading, const struct seccomp_data *calls, size_t n) {
        struct seccomp_data made[KERNEL_SAMPLE];
        uint32_t answers[KERNEL_SAMPLE];
        size_t n_made = 0;
        int r = 0;

        for (size_t i = 0; n_made < KERNEL_SAMPLE && i < n; i++)
                /* uprobes' own calls go past every filter */
                if (!kernel_obstacle(calls[i].arch) && calls[i].nr != 335 && calls[i].nr != 336)
                        made[n_made++] = calls[i];
        if (n_made == 0)
                return;
        r = kernel_ask(&reading->feed[0], made, n_made, answers);
        if (r < 0)
                fail(reading->trial, "the kernel cannot be asked: %s", strerrorname_np(-r));
        for (size_t i = 0; r == 0 && i < n_made; i++) {
                const EvalTable *table = reading->tables[arch_of(reading, &made[i])];
                uint64_t args[SYSCALL_ARGS];

                memcpy(args, made[i].args, sizeof(args));
                if (!policy_eval_accepts(table, made[i].arch, made[i].nr, args, answers[i]) &&
                        (answers[i] != SECCOMP_RET_ALLOW ||
                                !policy_eval_accepts(
                                        table, made[i].arch, made[i].nr, args, SECCOMP_RET_LOG)))
                        fail_call(reading->trial, "the kernel", &made[i],
                                policy_eval(table, made[i].arch, made[i].nr, args).ret, answers[i]);
        }
        reading->trial->n_kernel_calls += n_made;
}

static void try_good(Reading *reading, const char *text, size_t size_bytes, uint64_t *seed,
        size_t n_calls, bool asks_kernel) {
        const CallSpace space = { .arches = reading->draft->arches,
                .n_arches = reading->draft->n_arches,
                .rules = reading->draft->rules,
                .n_rules = reading->draft->n_rules };
        struct seccomp_data calls[CALLS_MAX];
        size_t n = 0;

        if (!resolve(reading, text, size_bytes) ||
                canonical_read(reading->arena, reading->verdict->canonical,
                        reading->verdict->canonical_size_bytes, &reading->canonical) < 0) {
                fail(reading->trial, "a good profile cannot be read again");
                return;
        }
        compile_all(reading);
        if (reading->trial->end == TRIAL_FAILED || !make_tables(reading))
                return;
        n = calls_choose(&space, seed, n_calls, calls);
        for (size_t i = 0; i < n; i++)
                try_call(reading, &calls[i]);
        if (asks_kernel && reading->draft->native->audit_arch == AUDIT_ARCH_X86_64)
                try_kernel(reading, calls, n);
        if (reading->trial->end != TRIAL_FAILED)
                reading->trial->n_pairs += n;
}

static bool has_other_error(const Verdict *verdict) {
        for (size_t i = 0; i < verdict->diags.n; i++)
                if (verdict->diags.items[i].severity == SEVERITY_ERROR &&
                        verdict->diags.items[i].rule != SP812)
                        return true;
        return false;
}

void trial_run(const Draft *draft, uint64_t *seed, size_t n_calls, bool asks_kernel, int scratch_fd,
        Trial *trial) {
        _cleanup_reading_ Reading reading = { .draft = draft,
                .options = trial_options(draft),
                .scratch_fd = scratch_fd,
                .trial = trial,
                .arena = arena_new() };
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        _cleanup_buf_ Buf text = {};

        trial->end = TRIAL_AGREES;
        trial->is_told = false;
        draft_print(&text, draft);
        if (!reading.arena || buf_error(&text) < 0) {
                fail(trial, "no memory");
                return;
        }
        verdict = check(&reading, text.data, text.size);
        if (!verdict)
                return;
        reading.verdict = verdict;
        if (verdict->kind == VERDICT_GOOD)
                try_good(&reading, text.data, text.size, seed, n_calls, asks_kernel);
        else if (has_other_error(verdict))
                trial->end = TRIAL_INVALID;
        else
                confirm_finding(&reading, text.data, text.size);
}

/* Filters' values as numbers: what permits more is larger, KILL_PROCESS is the least. */
static int32_t permission(uint32_t ret) {
        return (int32_t) (ret & SECCOMP_RET_ACTION_FULL);
}

Judgement trial_judge(const Draft *draft, int scratch_fd) {
        Trial trial = {};
        _cleanup_reading_ Reading reading = { .draft = draft,
                .options = trial_options(draft),
                .scratch_fd = scratch_fd,
                .trial = &trial,
                .arena = arena_new() };
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        _cleanup_buf_ Buf text = {};
        Counterexample example;
        Program program = {};

        draft_print(&text, draft);
        if (!reading.arena || buf_error(&text) < 0)
                return JUDGED_NOTHING;
        verdict = check(&reading, text.data, text.size);
        if (!verdict || verdict->kind == VERDICT_GOOD || has_other_error(verdict))
                return JUDGED_NOTHING;
        if (!find_difference(&reading, text.data, text.size, &program, &example))
                return trial.end == TRIAL_REFUSED ? JUDGED_REFUSED : JUDGED_NOTHING;
        if (permission(example.actual) == permission(example.expected))
                return JUDGED_OTHER;
        return permission(example.actual) > permission(example.expected) ? JUDGED_WEAKER
                                                                         : JUDGED_STRICTER;
}
