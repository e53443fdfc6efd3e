/* SPDX-License-Identifier: Apache-2.0 */

/* Which calls are tried: the border of every condition on purpose, everything else by chance. */

#include "oracles/calls.h"

#include "base/cleanup.h"
#include "profile/syscalls.h"

#include <linux/audit.h>
#include <string.h>

#define X32_BIT   0x40000000
#define N_BORDERS 12
#define HIGH_WORD (1ULL << 32)

typedef struct Chooser {
        const CallSpace *space;
        uint64_t *seed;
        size_t n_max;
        size_t n;
        struct seccomp_data *calls;
} Chooser;

bool call_is_of(const struct seccomp_data *call, const Arch *arch) {
        if (call->arch != arch->audit_arch)
                return false;
        if (call->arch != AUDIT_ARCH_X86_64)
                return true;
        /* -1 is no call of X32, though all its bits are set */
        return (call->nr != -1 && (uint32_t) call->nr >= X32_BIT) == (arch->nr_mask == X32_BIT);
}

static void borders(const DraftArg *arg, uint64_t *seed, uint64_t ret_values[static N_BORDERS]) {
        const uint64_t value = arg->op == OP_MASKED_EQ ? arg->value_two : arg->value;
        const uint64_t values[N_BORDERS] = { value, value - 1, value + 1, value - HIGH_WORD,
                value + HIGH_WORD, value & (HIGH_WORD - 1), value & ~(HIGH_WORD - 1), value << 32,
                value | (HIGH_WORD - 1), value ^ 1ULL << random_below(seed, 64),
                arg->op == OP_MASKED_EQ ? value | ~arg->value : ~value,
                arg->op == OP_MASKED_EQ ? value ^ (arg->value & -arg->value) : value >> 32 };

        memcpy(ret_values, values, sizeof(values));
}

/* A value that meets a condition, if there is one. */
static uint64_t satisfying(const DraftArg *arg) {
        switch (arg->op) {
        case OP_NE: return arg->value ^ 1;
        case OP_LT: return arg->value - 1;
        case OP_GT: return arg->value + 1;
        case OP_LE:
        case OP_EQ:
        case OP_GE: return arg->value;
        case OP_MASKED_EQ: return arg->value_two & arg->value;
        case N_OPERATORS: break;
        }
        return 0;
}

/* Any border of any condition, whichever argument it is on, or anything. */
static uint64_t random_border(const Chooser *chooser) {
        const CallSpace *space = chooser->space;
        const DraftRule *rule = &space->rules[random_below(chooser->seed, space->n_rules)];
        uint64_t values[N_BORDERS];

        if (rule->n_args == 0 || random_below(chooser->seed, 8) == 0)
                return random_next(chooser->seed) >> random_below(chooser->seed, 64);
        borders(&rule->args[random_below(chooser->seed, rule->n_args)], chooser->seed, values);
        return values[random_below(chooser->seed, N_BORDERS)];
}

size_t calls_at_borders(const Arch *arch, int nr, const DraftRule *rule, uint64_t *seed,
        struct seccomp_data ret_calls[static CALLS_AT_BORDERS_MAX]) {
        struct seccomp_data met = { .nr = nr, .arch = arch->audit_arch };
        size_t n = 0;

        for (size_t i = 0; i < rule->n_args; i++)
                met.args[rule->args[i].index] = satisfying(&rule->args[i]);
        for (size_t i = 0; i < rule->n_args; i++) {
                uint64_t values[N_BORDERS];

                borders(&rule->args[i], seed, values);
                for (size_t j = 0; j < N_BORDERS; j++) {
                        ret_calls[n] = met;
                        ret_calls[n++].args[rule->args[i].index] = values[j];
                }
        }
        return n;
}

static int random_number(const Chooser *chooser, const Arch *arch) {
        static const int strange[] = { -1, INT32_MAX, INT32_MIN, X32_BIT, 0 };
        const CallSpace *space = chooser->space;
        int nr = -1;

        switch (random_below(chooser->seed, 12)) {
        case 0: return strange[random_below(chooser->seed, N_ELEMENTS(strange))];
        case 1: return (int) (arch->nr_mask | random_below(chooser->seed, 600));
        default: break;
        }
        if (space->n_rules > 0) {
                const DraftRule *rule = &space->rules[random_below(chooser->seed, space->n_rules)];

                if (syscall_number(arch, rule->names[random_below(chooser->seed, rule->n_names)],
                            &nr) == SYSCALL_KNOWN)
                        return nr;
        }
        return (int) (arch->nr_mask | random_below(chooser->seed, 400));
}

static void add_random(Chooser *chooser) {
        const CallSpace *space = chooser->space;
        const Arch *arch = space->arches[random_below(chooser->seed, space->n_arches)];
        struct seccomp_data *call = &chooser->calls[chooser->n++];
        size_t n_all = 0;
        const Arch *all = arch_all(&n_all);

        if (random_below(chooser->seed, 16) == 0)
                arch = &all[random_below(chooser->seed, n_all)];
        *call = (struct seccomp_data){ .nr = random_number(chooser, arch),
                .arch = arch->audit_arch };
        for (size_t i = 0; space->n_rules > 0 && i < SYSCALL_ARGS; i++)
                call->args[i] = random_border(chooser);
}

size_t calls_choose(const CallSpace *space, uint64_t *seed, size_t n_max,
        struct seccomp_data ret_calls[static CALLS_MAX]) {
        Chooser chooser = { .space = space, .seed = seed, .n_max = n_max, .calls = ret_calls };
        const Arch *arch = space->arches[random_below(seed, space->n_arches)];

        for (size_t i = 0; i < space->n_rules; i++) {
                const DraftRule *rule = &space->rules[i];
                int nr = -1;

                if (chooser.n + CALLS_AT_BORDERS_MAX > n_max ||
                        syscall_number(arch, rule->names[random_below(seed, rule->n_names)], &nr) !=
                                SYSCALL_KNOWN ||
                        nr < 0)
                        continue;
                chooser.n += calls_at_borders(arch, nr, rule, seed, ret_calls + chooser.n);
        }
        while (chooser.n < n_max)
                add_random(&chooser);
        return chooser.n;
}
