/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The whole pipeline, from bytes to verdict. A good verdict's canonical bytes are a profile with
 * the same canonical bytes; each verdict survives the way from a worker to its parent; findings can
 * be shown.
 *
 * libseccomp itself loops, and before 2.6.1 damages its heap, on some sets of conditional rules.
 * Those are what SP812 and the worker's limits are for, and no finding here: where one call has
 * several conditional rules, compiling is refused (the linker puts __wrap_policy_compile() in the
 * place of policy_compile()).
 */

#include "fuzz.h"

#include "profile/check.h"
#include "profile/compile.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int __real_policy_compile(Arena *arena, const Policy *policy, const Arch *arch, unsigned n_levels,
        int scratch_fd, Program ret_programs[static 1], const PolicyRule **ret_rule);
int __wrap_policy_compile(Arena *arena, const Policy *policy, const Arch *arch, unsigned n_levels,
        int scratch_fd, Program ret_programs[static 1], const PolicyRule **ret_rule);

/* Rules in canonical order put those of one call anywhere, so all pairs; inputs are small. */
static const PolicyRule *find_second_conditional(const Policy *policy) {
        for (size_t i = 0; i < policy->n_rules; i++)
                for (size_t j = 0; j < i && policy->rules[i].n_conditions > 0; j++)
                        if (policy->rules[j].n_conditions > 0 &&
                                strcmp(policy->rules[i].name, policy->rules[j].name) == 0)
                                return &policy->rules[i];
        return NULL;
}

int __wrap_policy_compile(Arena *arena, const Policy *policy, const Arch *arch, unsigned n_levels,
        int scratch_fd, Program ret_programs[static 1], const PolicyRule **ret_rule) {
        const PolicyRule *second = find_second_conditional(policy);

        if (second) {
                *ret_rule = second;
                return -EINVAL;
        }
        return __real_policy_compile(
                arena, policy, arch, n_levels, scratch_fd, ret_programs, ret_rule);
}

static const CheckOptions *options(void) {
        static CheckOptions fixed = {
                .facts = {
                        .kernel_major = 6,
                        .kernel_minor = 1,
                        .actions = ACTION_BIT(N_ACTION_KINDS) - 1,
                        .libseccomp_major = 2,
                        .libseccomp_minor = 5,
                        .libseccomp_micro = 4,
                        .api_level = 6,
                },
        };

        if (!fixed.facts.arch) {
                compile_warm_up();
                fixed.facts.arch = arch_by_machine("x86_64");
                fixed.capabilities = capabilities_default();
        }
        return &fixed;
}

static Verdict *check(const char *bytes, size_t size_bytes) {
        static int scratch_fd = -1;
        CheckContext context = { .options = options() };
        Verdict *verdict = NULL;

        if (scratch_fd < 0)
                scratch_fd = memfd_create("fuzz", MFD_CLOEXEC);
        MUST(scratch_fd >= 0);
        context.scratch_fd = scratch_fd;
        MUST(check_profile(&context, bytes, size_bytes, &verdict) == 0);
        MUST((verdict->kind == VERDICT_GOOD) == !diags_have_errors(&verdict->diags));
        return verdict;
}

/* Canonical bytes are a profile whose canonical bytes they are. */
static void check_fixed_point(const Verdict *verdict) {
        _cleanup_(verdict_freep) Verdict *again =
                check(verdict->canonical, verdict->canonical_size_bytes);

        MUST(again->kind == VERDICT_GOOD);
        MUST(again->canonical_size_bytes == verdict->canonical_size_bytes);
        MUST(memcmp(again->canonical, verdict->canonical, verdict->canonical_size_bytes) == 0);
        MUST(digest_equal(&again->digest, &verdict->digest));
}

static void check_wire(const Verdict *verdict) {
        _cleanup_(verdict_freep) Verdict *copy = NULL;
        _cleanup_buf_ Buf wire = {}, back = {};

        verdict_encode(&wire, verdict);
        MUST(buf_error(&wire) == 0);
        MUST(verdict_decode(wire.data, wire.size, &copy) == 0);
        verdict_encode(&back, copy);
        MUST(back.size == wire.size && memcmp(back.data, wire.data, wire.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
        _cleanup_free_ char *copy = malloc(size_bytes > 0 ? size_bytes : 1);
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        _cleanup_buf_ Buf text = {};

        MUST(copy);
        memcpy(copy, bytes, size_bytes);
        verdict = check(copy, size_bytes);
        if (verdict->kind == VERDICT_GOOD)
                check_fixed_point(verdict);
        check_wire(verdict);
        diags_render_text(&text, &verdict->diags, "fuzz.json", copy, size_bytes, true);
        diags_render_json(&text, &verdict->diags);
        MUST(buf_error(&text) == 0);
        return 0;
}
