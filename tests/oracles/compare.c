/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Holds a filter, however it came to be, against what a canonical profile says: at every number, at
 * the borders of every condition, and at random. Of runc it expects the piece that it puts in front
 * of the filter (policy_runc_highest()).
 */

#include "oracles/oracles.h"

#include "base/cleanup.h"
#include "base/fdio.h"
#include "oracles/calls.h"
#include "profile/bpf.h"
#include "profile/canonical.h"
#include "profile/explain.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <stdio.h>
#include <string.h>

#define N_RANDOM        20000U
#define PAST_HIGHEST    40
#define DIFFERENCES_MAX 4096U
#define X32_BIT         0x40000000U

typedef struct Comparison {
        Arena *arena;
        Policy policy;
        Program program;
        bool is_of_runc;
        EvalTable *tables[POLICY_ARCHES_MAX];
        uint64_t n_calls;
        uint64_t n_different;
        /* (architecture, number) that was printed already */
        struct {
                uint32_t audit_arch;
                int nr;
        } printed[DIFFERENCES_MAX];
        size_t n_printed;
} Comparison;

/* The table that speaks for a call; of the first architecture, which kills it, when none does. */
static size_t table_of(const Comparison *comparison, const struct seccomp_data *call) {
        for (size_t i = 0; i < comparison->policy.n_arches; i++)
                if (call_is_of(call, comparison->policy.arches[i]))
                        return i;
        return 0;
}

/* Whether runc answers ENOSYS ahead of the filter. It tells X32 by that bit alone. */
static bool is_stubbed(const Comparison *comparison, const struct seccomp_data *call) {
        for (size_t i = 0; comparison->is_of_runc && i < comparison->policy.n_arches; i++) {
                const Arch *arch = comparison->policy.arches[i];
                bool is_of = call->arch == arch->audit_arch &&
                        (call->arch != AUDIT_ARCH_X86_64 ||
                                ((uint32_t) call->nr & X32_BIT) == arch->nr_mask);
                int highest = 0;

                if (is_of && policy_runc_highest(&comparison->policy, arch, &highest))
                        return (uint32_t) call->nr > (uint32_t) highest;
        }
        return false;
}

static void print_difference(Comparison *comparison, const struct seccomp_data *call,
        uint32_t expected, uint32_t actual) {
        const Arch *arch = comparison->policy.arches[table_of(comparison, call)];
        char name[64];

        for (size_t i = 0; i < comparison->n_printed; i++)
                if (comparison->printed[i].audit_arch == call->arch &&
                        comparison->printed[i].nr == call->nr)
                        return;
        if (comparison->n_printed < DIFFERENCES_MAX) {
                comparison->printed[comparison->n_printed].audit_arch = call->arch;
                comparison->printed[comparison->n_printed++].nr = call->nr;
        }
        if (syscall_name(arch, call->nr, sizeof(name), name) < 0)
                snprintf(name, sizeof(name), "%d", call->nr);
        printf("%s %#" PRIx32 "(%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ", %#" PRIx64
               ") expected %#" PRIx32 " got %#" PRIx32 "\n",
                name, call->arch, (uint64_t) call->args[0], (uint64_t) call->args[1],
                (uint64_t) call->args[2], (uint64_t) call->args[3], expected, actual);
}

static void compare_call(Comparison *comparison, const struct seccomp_data *call) {
        const EvalTable *table = comparison->tables[table_of(comparison, call)];
        uint64_t args[SYSCALL_ARGS];
        uint32_t expected = 0, actual = 0;
        bool is_right = false;

        memcpy(args, call->args, sizeof(args));
        expected = policy_eval(table, call->arch, call->nr, args).ret;
        if (bpf_run(&comparison->program, call, &actual) < 0)
                actual = UINT32_MAX;
        if (is_stubbed(comparison, call)) {
                expected = SECCOMP_RET_ERRNO | ENOSYS;
                is_right = actual == expected;
        } else
                is_right = policy_eval_accepts(table, call->arch, call->nr, args, actual);
        comparison->n_calls++;
        if (is_right)
                return;
        comparison->n_different++;
        print_difference(comparison, call, expected, actual);
}

static void compare_numbers(Comparison *comparison, const Arch *arch) {
        int mask = (int) arch->nr_mask, end = (syscall_highest(arch) & ~mask) + PAST_HIGHEST;

        for (int i = 0; i < end; i++) {
                const struct seccomp_data call = { .nr = mask | i, .arch = arch->audit_arch };

                compare_call(comparison, &call);
        }
}

/* The policy's rules as those that calls are chosen for. */
static DraftRule *rules_of(const Policy *policy) {
        DraftRule *rules = calloc(policy->n_rules + 1, sizeof(*rules));

        for (size_t i = 0; rules && i < policy->n_rules; i++) {
                const PolicyRule *rule = &policy->rules[i];

                rules[i].names[0] = rule->name;
                rules[i].n_names = 1;
                rules[i].n_args = rule->n_conditions;
                for (size_t j = 0; j < rule->n_conditions; j++)
                        rules[i].args[j] = (DraftArg){ .index = rule->conditions[j].index,
                                .op = rule->conditions[j].op,
                                .value = rule->conditions[j].value,
                                .value_two = rule->conditions[j].value_two };
        }
        return rules;
}

static void compare_rules(Comparison *comparison, const DraftRule *rules) {
        const CallSpace space = { .arches = comparison->policy.arches,
                .n_arches = comparison->policy.n_arches,
                .rules = rules,
                .n_rules = comparison->policy.n_rules };
        struct seccomp_data calls[CALLS_MAX];
        uint64_t seed = 1;

        for (size_t i = 0; i < space.n_rules * space.n_arches; i++) {
                const DraftRule *rule = &rules[i / space.n_arches];
                const Arch *arch = space.arches[i % space.n_arches];
                int nr = -1;
                size_t n = 0;

                if (syscall_number(arch, rule->names[0], &nr) == SYSCALL_KNOWN && nr >= 0)
                        n = calls_at_borders(arch, nr, rule, &seed, calls);
                for (size_t j = 0; j < n; j++)
                        compare_call(comparison, &calls[j]);
        }
        for (size_t done = 0; done < N_RANDOM; done += CALLS_MAX) {
                size_t n = calls_choose(&space, &seed, CALLS_MAX, calls);

                for (size_t j = 0; j < n; j++)
                        compare_call(comparison, &calls[j]);
        }
}

static int read_whole(const char *path, Buf *buf) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

        return fd < 0 ? -errno : fd_read_all(fd, 1 << 20, buf);
}

static int compare_all(Comparison *comparison) {
        _cleanup_free_ DraftRule *rules = rules_of(&comparison->policy);

        if (!rules)
                return -ENOMEM;
        for (size_t i = 0; i < comparison->policy.n_arches; i++)
                if (eval_table_new(comparison->arena, &comparison->policy,
                            comparison->policy.arches[i], &comparison->tables[i]) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < comparison->policy.n_arches; i++)
                compare_numbers(comparison, comparison->policy.arches[i]);
        compare_rules(comparison, rules);
        return 0;
}

int compare_run(const char *canonical_path, const char *program_path, bool is_of_runc) {
        _cleanup_(arena_freep) Arena *arena = arena_new();
        _cleanup_buf_ Buf canonical = {}, program = {};
        Comparison comparison = { .arena = arena, .is_of_runc = is_of_runc };
        int r = arena ? 0 : -ENOMEM;

        if (r == 0)
                r = read_whole(canonical_path, &canonical);
        if (r == 0)
                r = canonical_read(arena, canonical.data, canonical.size, &comparison.policy);
        if (r == 0)
                r = read_whole(program_path, &program);
        comparison.program = (Program){ (struct sock_filter *) program.data,
                program.size / sizeof(struct sock_filter) };
        if (r == 0)
                r = compare_all(&comparison);
        if (r < 0) {
                fprintf(stderr, "oracles compare: %s\n", strerror(-r));
                return 2;
        }
        printf("%" PRIu64 " calls, %" PRIu64 " different\n", comparison.n_calls,
                comparison.n_different);
        return comparison.n_different > 0;
}
