/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The whole pipeline, from bytes to verdict. A good verdict's canonical bytes are a profile with
 * the same canonical bytes; each verdict survives the way from a worker to its parent; findings can
 * be shown. What is said of a program is true: a counterexample is one, and where none is found,
 * calls that are drawn here, by another way than the boundary points, get the right answers. And
 * what an update does is the reverse of what taking it back does.
 *
 * White space before the text chooses the surroundings, see there.
 *
 * libseccomp itself loops, and before 2.6.1 damages its heap, on some sets of conditional rules.
 * Those are what SP812 and the worker's limits are for, and no finding here: it is given only the
 * first conditional rule of each call. Its program then goes through the rest of the pipeline,
 * against the whole policy, and SP812 is the right answer where the others matter. The linker puts
 * functions of this file in the places of three of theirs.
 */

#include "fuzz.h"

#include "checked_node.h"
#include "profile/canonical.h"
#include "profile/check.h"
#include "profile/compile.h"
#include "profile/verify_internal.h"

#include <errno.h>
#include <linux/audit.h>
#include <string.h>
#include <sys/mman.h>

#define DRAWS_OF_A_CALL 16U
#define DRAWN_CALLS_MAX 64U

int __real_policy_compile(Arena *arena, const Policy *policy, const Arch *arch, unsigned n_levels,
        int scratch_fd, Program ret_programs[static 1], const PolicyRule **ret_rule);
int __wrap_policy_compile(Arena *arena, const Policy *policy, const Arch *arch, unsigned n_levels,
        int scratch_fd, Program ret_programs[static 1], const PolicyRule **ret_rule);
int __real_program_verify(Arena *arena, const EvalTable *table, const Arch *arch,
        const Program *program, size_t max_points, VerifyResult *ret_result);
int __wrap_program_verify(Arena *arena, const EvalTable *table, const Arch *arch,
        const Program *program, size_t max_points, VerifyResult *ret_result);
int __real_verify_paths(Verifier *verifier, const Subject *subject);
int __wrap_verify_paths(Verifier *verifier, const Subject *subject);

/* What a text is checked for. */
typedef struct Surroundings {
        char sign; /* before the text */
        const char *machine;
        size_t n_steps_max; /* of walking a program, so that the other ways are taken too */
        const char *owner;  /* an owner's file */
        CheckOptions options;
        OwnerConfig config;
        Verdict *other; /* on a profile to compare others with */
} Surroundings;

static Surroundings all_surroundings[] = {
        { .machine = "x86_64", .n_steps_max = SIZE_MAX },
        { .sign = ' ', .machine = "aarch64", .n_steps_max = SIZE_MAX },
        { .sign = '\n', .machine = "s390x", .n_steps_max = SIZE_MAX },
        { .sign = '\t', .machine = "x86_64", .n_steps_max = 2000 },
        { .sign = '\r',
                .machine = "x86_64",
                .n_steps_max = SIZE_MAX,
                .owner = "rule SP921=warning\nrule SP922=warning\nrule SP923=warning\n"
                         "forbid-syscall mount\nforbid-syscall ioctl\nforbid-syscall socket\n"
                         "allowed-action SCMP_ACT_ALLOW\nallowed-action SCMP_ACT_ERRNO\n"
                         "require-default SCMP_ACT_ERRNO\n" },
};

static Surroundings *surroundings = &all_surroundings[0];

static const char other_profile[] =
        "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
        "{\"names\": [\"read\", \"write\", \"execve\"], \"action\": \"SCMP_ACT_ALLOW\"},"
        "{\"names\": [\"ioctl\", \"socket\", \"clone\"], \"action\": \"SCMP_ACT_LOG\", \"args\": ["
        "{\"index\": 1, \"value\": 16, \"valueTwo\": 16, \"op\": \"SCMP_CMP_MASKED_EQ\"},"
        "{\"index\": 0, \"value\": 3, \"op\": \"SCMP_CMP_LE\"}]}]}";

/* Whether the last profile had rules that libseccomp was not given. */
static bool is_reduced;

/* --- in libseccomp's place --- */

/* Canonical order puts the rules of one call anywhere, so each is held against all before it. */
static bool is_later_conditional(const Policy *policy, size_t at) {
        const PolicyRule *rule = &policy->rules[at];

        for (size_t i = 0; rule->n_conditions > 0 && i < at; i++)
                if (policy->rules[i].n_conditions > 0 &&
                        strcmp(policy->rules[i].name, rule->name) == 0)
                        return true;
        return false;
}

int __wrap_policy_compile(Arena *arena, const Policy *policy, const Arch *arch, unsigned n_levels,
        int scratch_fd, Program ret_programs[static 1], const PolicyRule **ret_rule) {
        Policy reduced = *policy;

        reduced.n_rules = 0;
        reduced.rules = arena_alloc_array(arena, policy->n_rules, sizeof(*reduced.rules));
        MUST(reduced.rules);
        for (size_t i = 0; i < policy->n_rules; i++)
                if (!is_later_conditional(policy, i))
                        reduced.rules[reduced.n_rules++] = policy->rules[i];
        is_reduced = reduced.n_rules < policy->n_rules;
        return __real_policy_compile(
                arena, &reduced, arch, n_levels, scratch_fd, ret_programs, ret_rule);
}

int __wrap_verify_paths(Verifier *verifier, const Subject *subject) {
        if (verifier->n_steps_left > surroundings->n_steps_max)
                verifier->n_steps_left = surroundings->n_steps_max;
        return __real_verify_paths(verifier, subject);
}

/* --- what is said of a program --- */

static uint64_t draw(uint64_t *state) {
        *state = *state * 6364136223846793005 + 1442695040888963407;
        return *state >> 32 ^ *state << 32;
}

/* Some value, most often one that the condition is about or that is not far from it. */
static uint64_t draw_near(const Condition *condition, uint64_t *state) {
        const uint64_t value = condition->value, noise = draw(state);
        const uint64_t masked = (condition->value_two & value) | (noise & ~value);

        switch (draw(state) % 8) {
        case 0: return noise;
        case 1: return (uint32_t) noise;
        case 2: return value + noise % 3 - 1;
        case 3: return value ^ 1ULL << noise % 64;
        case 4: return (value & UINT32_MAX) | noise << 32;
        case 5: return masked ^ 1ULL << noise % 64;
        default: return condition->op == OP_MASKED_EQ ? masked : value;
        }
}

static void draw_args(const PolicyRule *const *rules, size_t n_rules, bool is_32bit,
        uint64_t *state, uint64_t args[static SYSCALL_ARGS]) {
        for (size_t i = 0; i < SYSCALL_ARGS; i++)
                args[i] = draw(state) % 2 ? draw(state) : 0;
        /* the second of two rules decides where both are about an argument */
        for (size_t i = 0; i < 2; i++) {
                const PolicyRule *rule = rules[draw(state) % n_rules];

                for (size_t j = 0; j < rule->n_conditions; j++)
                        args[rule->conditions[j].index] = draw_near(&rule->conditions[j], state);
        }
        for (size_t i = 0; is_32bit && i < SYSCALL_ARGS; i++)
                args[i] &= UINT32_MAX;
}

static uint32_t run(const Program *program, const Arch *arch, uint32_t audit_arch, int nr,
        const uint64_t args[static SYSCALL_ARGS]) {
        struct seccomp_data data = { .nr = nr, .arch = audit_arch };
        uint32_t ret = 0;

        for (size_t i = 0; i < SYSCALL_ARGS; i++)
                data.args[i] = compile_swaps(arch) ? args[i] << 32 | args[i] >> 32 : args[i];
        MUST(bpf_run(program, &data, &ret) == 0);
        return ret;
}

static void check_counterexample(const EvalTable *table, const Arch *arch, const Program *program,
        const Counterexample *example) {
        const uint32_t audit_arch = example->audit_arch;
        const int nr = example->nr;

        MUST(run(program, arch, audit_arch, nr, example->args) == example->actual);
        MUST(policy_eval(table, audit_arch, nr, example->args).ret == example->expected);
        MUST(!policy_eval_accepts(table, audit_arch, nr, example->args, example->actual));
}

static void check_drawn(const EvalTable *table, const Arch *arch, const Program *program) {
        const bool is_32bit = !(arch->audit_arch & __AUDIT_ARCH_64BIT);
        uint64_t state = program->n_insns;
        size_t n_numbers;
        const int *numbers = eval_table_numbers(table, &n_numbers);

        for (size_t i = 0; i < n_numbers && i < DRAWN_CALLS_MAX; i++) {
                const PolicyRule *const *rules;
                uint64_t args[SYSCALL_ARGS];
                size_t n_rules;

                eval_table_rules(table, numbers[i], &rules, &n_rules);
                for (size_t j = 0; j < DRAWS_OF_A_CALL; j++) {
                        uint32_t ret;

                        draw_args(rules, n_rules, is_32bit, &state, args);
                        ret = run(program, arch, arch->audit_arch, numbers[i], args);
                        MUST(policy_eval_accepts(table, arch->audit_arch, numbers[i], args, ret));
                }
        }
}

int __wrap_program_verify(Arena *arena, const EvalTable *table, const Arch *arch,
        const Program *program, size_t max_points, VerifyResult *ret_result) {
        int r = __real_program_verify(arena, table, arch, program, max_points, ret_result);

        MUST(r == 0);
        if (ret_result->differs)
                check_counterexample(table, arch, program, &ret_result->counterexample);
        else if (ret_result->is_exhaustive)
                check_drawn(table, arch, program);
        return 0;
}

/* --- the whole --- */

static void check_wire(const Verdict *verdict) {
        _cleanup_(verdict_freep) Verdict *copy = NULL;
        _cleanup_buf_ Buf wire = {}, back = {};

        verdict_encode(&wire, verdict);
        MUST(buf_error(&wire) == 0);
        MUST(verdict_decode(wire.data, wire.size, &copy) == 0);
        verdict_encode(&back, copy);
        MUST(back.size == wire.size && memcmp(back.data, wire.data, wire.size) == 0);
}

/* What the parent is left with if libseccomp never returns. */
static void on_testament(const Verdict *verdict, void *userdata) {
        (void) userdata;
        MUST(verdict->kind == VERDICT_BAD);
        check_wire(verdict);
}

static Verdict *check(const char *bytes, size_t size_bytes) {
        static int scratch_fd = -1;
        CheckContext context = { .options = &surroundings->options, .testament = on_testament };
        Verdict *verdict = NULL;

        if (scratch_fd < 0)
                scratch_fd = memfd_create("fuzz", MFD_CLOEXEC);
        MUST(scratch_fd >= 0);
        context.scratch_fd = scratch_fd;
        is_reduced = false;
        MUST(check_profile(&context, bytes, size_bytes, &verdict) == 0);
        MUST((verdict->kind == VERDICT_GOOD) == !diags_have_errors(&verdict->diags));
        return verdict;
}

static void surroundings_prepare(void) {
        _cleanup_buf_ Buf problem = {};
        const char *owner = surroundings->owner;

        compile_warm_up();
        surroundings->options = checked_node(arch_by_machine(surroundings->machine));
        if (owner) {
                MUST(owner_config_read(
                             &surroundings->config, "owner", owner, strlen(owner), &problem) == 0);
                surroundings->options.rules = surroundings->config.rules;
                surroundings->options.policy = &surroundings->config.policy;
        }
        surroundings->other = check(other_profile, strlen(other_profile));
        MUST(surroundings->other->kind == VERDICT_GOOD);
}

static void surroundings_choose(const char *bytes, size_t size_bytes) {
        surroundings = &all_surroundings[0];
        for (size_t i = 1; i < N_ELEMENTS(all_surroundings) && size_bytes > 0; i++)
                if (all_surroundings[i].sign == *bytes)
                        surroundings = &all_surroundings[i];
        if (!surroundings->other)
                surroundings_prepare();
}

static bool is_exhaustive(const Verdict *verdict) {
        for (size_t i = 0; i < verdict->n_programs; i++)
                if (!verdict->programs[i].is_exhaustive)
                        return false;
        return true;
}

/*
 * Canonical bytes are a profile whose canonical bytes they are. Not so where libseccomp's program
 * is one of fewer rules and was only sampled: what is drawn hangs on the order of the rules.
 */
static void check_fixed_point(const Verdict *verdict) {
        const bool is_by_chance = is_reduced && !is_exhaustive(verdict);
        _cleanup_(verdict_freep) Verdict *again =
                check(verdict->canonical, verdict->canonical_size_bytes);

        if (is_by_chance && again->kind != VERDICT_GOOD)
                return;
        MUST(again->kind == VERDICT_GOOD);
        MUST(again->canonical_size_bytes == verdict->canonical_size_bytes);
        MUST(memcmp(again->canonical, verdict->canonical, verdict->canonical_size_bytes) == 0);
        MUST(digest_equal(&again->digest, &verdict->digest));
}

static void read_canonical(Arena *arena, const Verdict *verdict, Policy *ret_policy) {
        MUST(canonical_read(arena, verdict->canonical, verdict->canonical_size_bytes, ret_policy) ==
                0);
}

static DiffEffect effect_reversed(DiffEffect effect) {
        switch (effect) {
        case DIFF_WIDENED: return DIFF_NARROWED;
        case DIFF_NARROWED: return DIFF_WIDENED;
        default: return effect;
        }
}

static void check_diff(const Verdict *verdict) {
        _cleanup_(arena_freep) Arena *arena = arena_new();
        Policy policy, same, other;
        Diff none, there, back;

        MUST(arena);
        read_canonical(arena, verdict, &policy);
        read_canonical(arena, verdict, &same);
        read_canonical(arena, surroundings->other, &other);
        MUST(policy_diff(arena, &policy, &same, LIMIT_EVALUATION_POINTS, &none) == 0);
        MUST(none.effect == DIFF_NONE && none.n_calls == 0);
        MUST(policy_diff(arena, &policy, &other, LIMIT_EVALUATION_POINTS, &there) == 0);
        MUST(policy_diff(arena, &other, &policy, LIMIT_EVALUATION_POINTS, &back) == 0);
        MUST(there.is_exhaustive == back.is_exhaustive);
        if (there.is_exhaustive)
                MUST(there.effect == effect_reversed(back.effect) && there.n_calls == back.n_calls);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
        _cleanup_free_ char *copy = malloc(size_bytes > 0 ? size_bytes : 1);
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        _cleanup_buf_ Buf text = {};

        MUST(copy);
        memcpy(copy, bytes, size_bytes);
        surroundings_choose(copy, size_bytes);
        verdict = check(copy, size_bytes);
        if (verdict->kind == VERDICT_GOOD) {
                check_fixed_point(verdict);
                check_diff(verdict);
        }
        check_wire(verdict);
        diags_render_text(&text, &verdict->diags, "fuzz.json", copy, size_bytes, true);
        diags_render_json(&text, &verdict->diags);
        MUST(buf_error(&text) == 0);
        return 0;
}
