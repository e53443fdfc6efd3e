/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Holds a compiled program against the reference evaluator. A right program changes its answer only
 * where an argument crosses a constant of the profile, so one value from each stretch between them,
 * and each side of each border, stands for all. A filter compares 32 bits at a time: each half of a
 * constant is a border of its own, and so is each bit of a mask; as a mask cuts across all
 * stretches, each is entered with values that meet it and values that just miss. A wrong program
 * crosses other borders too. libseccomp's mistakes are jumps to a comparison that was meant for
 * another value, so what counts as a constant of an argument are also those of the other arguments.
 *
 * The product of those points over a call's arguments is what is called exhaustive. Where it is
 * larger than the call's share of the budget, points are drawn from it: half of them blindly, half
 * around the conditions of one rule, since a blind draw hardly ever meets all conditions of one
 * rule among hundreds. The generator is seeded by architecture and number alone, so that every node
 * comes to the same verdict.
 */

#include "profile/verify.h"

#include "base/cleanup.h"
#include "profile/compile.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define VERIFY_PAST_HIGHEST 16U /* numbers beyond the last name: calls of newer kernels */
#define VERIFY_SUBCALLS     26U /* socketcall(2) and ipc(2): past the last of both */
#define VERIFY_X32_BIT      0x40000000

#define VERIFY_FOREIGN_POINTS 4U
#define VALUE_POINTS          10U
#define MASK_POINTS_MAX       66U /* a mask of 64 bits, and two */

/* Crossing one argument's points with its masks ends at either; the result then says sampled. */
#define VERIFY_MASKS_MAX   16U
#define VERIFY_CROSSED_MAX 1024U

static const uint64_t general_points[] = { 0, 1, 1ULL << 31, UINT32_MAX, 1ULL << 32, 1ULL << 63,
        UINT64_MAX };

typedef struct PointSet {
        uint64_t *values; /* ascending, each once */
        size_t n;
} PointSet;

/* A call with conditional rules. */
typedef struct Subject {
        int nr;
        const PolicyRule *const *rules;
        size_t n_rules;
        PointSet sets[SYSCALL_ARGS]; /* {0} for arguments that no rule looks at */
        uint64_t n_points;           /* the product, saturated */
        bool is_partial;             /* not all points are in the sets */
} Subject;

typedef struct Verifier {
        Arena *arena;
        const EvalTable *table;
        const Arch *arch;
        const Program *program;
        size_t max_points;
        bool swaps;
        VerifyResult result;
} Verifier;

/* splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014) */
static uint64_t random_next(uint64_t *state) {
        uint64_t z = *state += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
}

static const PolicyRule *rule_to_point_at(
        const Verifier *verifier, int nr, const PolicyRule *deciding) {
        const PolicyRule *const *rules;
        size_t n_rules;

        if (deciding)
                return deciding;
        eval_table_rules(verifier->table, nr, &rules, &n_rules);
        return n_rules > 0 ? rules[0] : NULL;
}

/* Evaluates one call. Returns 0 to go on, 1 to stop (a difference, or the budget is spent). */
static int verify_call(
        Verifier *verifier, uint32_t audit_arch, int nr, const uint64_t args[static SYSCALL_ARGS]) {
        struct seccomp_data data = { .nr = nr, .arch = audit_arch };
        EvalResult expected;
        uint32_t actual;
        int r;

        if (verifier->result.n_points == verifier->max_points) {
                verifier->result.is_exhaustive = false;
                return 1;
        }
        for (size_t i = 0; i < SYSCALL_ARGS; i++)
                data.args[i] = verifier->swaps ? args[i] << 32 | args[i] >> 32 : args[i];
        r = bpf_run(verifier->program, &data, &actual);
        if (r < 0)
                return r;
        verifier->result.n_points++;
        if (policy_eval_accepts(verifier->table, audit_arch, nr, args, actual))
                return 0;
        expected = policy_eval(verifier->table, audit_arch, nr, args);
        verifier->result.differs = true;
        verifier->result.counterexample = (Counterexample){
                .audit_arch = audit_arch,
                .nr = nr,
                .expected = expected.ret,
                .actual = actual,
                .rule = rule_to_point_at(verifier, nr, expected.rule),
        };
        memcpy(verifier->result.counterexample.args, args, SYSCALL_ARGS * sizeof(*args));
        return 1;
}

/* Numbers that are no calls of this architecture, and calls of the others. */
static int verify_guard(Verifier *verifier) {
        static const uint64_t zeros[SYSCALL_ARGS];
        const int first = (int) verifier->arch->nr_mask;
        const int strange[] = { first ^ VERIFY_X32_BIT, (first + 1) ^ VERIFY_X32_BIT, -1, INT_MAX,
                INT_MIN };
        const Arch *others;
        size_t n_others;
        int r;

        others = arch_all(&n_others);
        for (size_t i = 0; i < n_others; i++) {
                if (others[i].audit_arch == verifier->arch->audit_arch)
                        continue;
                r = verify_call(verifier, others[i].audit_arch, first, zeros);
                if (r != 0)
                        return r;
        }
        for (size_t i = 0; i < N_ELEMENTS(strange); i++) {
                r = verify_call(verifier, verifier->arch->audit_arch, strange[i], zeros);
                if (r != 0)
                        return r;
        }
        return 0;
}

static int verify_numbers(Verifier *verifier) {
        static const uint64_t zeros[SYSCALL_ARGS];
        uint32_t mask = verifier->arch->nr_mask;
        uint32_t end = ((uint32_t) syscall_highest(verifier->arch) & ~mask) + VERIFY_PAST_HIGHEST;
        const int *mentioned;
        size_t n_mentioned;
        int r;

        for (uint32_t i = 0; i < end; i++) {
                r = verify_call(verifier, verifier->arch->audit_arch, (int) (mask | i), zeros);
                if (r != 0)
                        return r;
        }
        mentioned = eval_table_numbers(verifier->table, &n_mentioned);
        for (size_t i = 0; i < n_mentioned; i++) {
                if (((uint32_t) mentioned[i] & ~mask) < end)
                        continue;
                r = verify_call(verifier, verifier->arch->audit_arch, mentioned[i], zeros);
                if (r != 0)
                        return r;
        }
        return 0;
}

static size_t mask_points(
        uint64_t mask, uint64_t datum, uint64_t ret_points[static MASK_POINTS_MAX]) {
        size_t n = 0;

        ret_points[n++] = datum;
        ret_points[n++] = datum | ~mask;
        for (uint64_t rest = mask; rest != 0; rest &= rest - 1)
                ret_points[n++] = datum ^ (rest & -rest);
        return n;
}

/* The values at which this condition, or a half of it, may change its mind. */
static size_t condition_points(
        const Condition *condition, uint64_t ret_points[static MASK_POINTS_MAX]) {
        const uint64_t low = UINT32_MAX;
        const uint64_t high_one = low + 1;
        uint64_t value = condition->value;
        const uint64_t points[VALUE_POINTS] = { value, value - 1, value + 1, value << 32,
                value - high_one, value + high_one, value & ~low, value | low, value & low,
                value | ~low };

        if (condition->op == OP_MASKED_EQ)
                return mask_points(value, condition->value_two, ret_points);
        memcpy(ret_points, points, sizeof(points));
        return N_ELEMENTS(points);
}

static bool arch_is_multiplexer(const Arch *arch, int nr) {
        static const char *const examples[] = { "socket", "shmget" };
        unsigned subcall;
        int multiplexer;

        for (size_t i = 0; i < N_ELEMENTS(examples); i++)
                if (syscall_subcall(arch, examples[i], &multiplexer, &subcall) && multiplexer == nr)
                        return true;
        return false;
}

static int value_compare(const void *left, const void *right) {
        uint64_t a = *(const uint64_t *) left;
        uint64_t b = *(const uint64_t *) right;

        return (a > b) - (a < b);
}

static void set_finish(PointSet *set, const Arch *arch) {
        size_t n = 0;

        if (!arch->is_64bit)
                for (size_t i = 0; i < set->n; i++)
                        set->values[i] &= UINT32_MAX;
        qsort(set->values, set->n, sizeof(*set->values), value_compare);
        for (size_t i = 0; i < set->n; i++)
                if (n == 0 || set->values[n - 1] != set->values[i])
                        set->values[n++] = set->values[i];
        set->n = n;
}

static bool subject_uses(const Subject *subject, uint8_t index) {
        for (size_t i = 0; i < subject->n_rules; i++)
                for (size_t j = 0; j < subject->rules[i]->n_conditions; j++)
                        if (subject->rules[i]->conditions[j].index == index)
                                return true;
        return false;
}

/* No less than the points of all conditions in one argument's set, and room to cross them. */
static size_t subject_capacity(const Subject *subject, uint8_t index) {
        size_t n = N_ELEMENTS(general_points) + VERIFY_SUBCALLS + MASK_POINTS_MAX +
                3 * VERIFY_CROSSED_MAX;

        for (size_t i = 0; i < subject->n_rules; i++)
                for (size_t j = 0; j < subject->rules[i]->n_conditions; j++) {
                        const Condition *condition = &subject->rules[i]->conditions[j];

                        if (condition->index != index)
                                n += VERIFY_FOREIGN_POINTS;
                        else
                                n += condition->op == OP_MASKED_EQ ? MASK_POINTS_MAX : VALUE_POINTS;
                }
        return n;
}

/* Of conditions on the other arguments the first points are enough. */
static void set_add_conditions(PointSet *set, const Subject *subject, uint8_t index) {
        for (size_t i = 0; i < subject->n_rules; i++) {
                const PolicyRule *rule = subject->rules[i];

                for (size_t j = 0; j < rule->n_conditions; j++) {
                        size_t n = condition_points(&rule->conditions[j], set->values + set->n);

                        if (rule->conditions[j].index != index && n > VERIFY_FOREIGN_POINTS)
                                n = VERIFY_FOREIGN_POINTS;
                        set->n += n;
                }
        }
}

/* Adds to each point its neighbours that meet a mask, and that just miss it. */
static void set_cross(PointSet *set, const Condition *condition) {
        uint64_t mask = condition->value;
        uint64_t lowest = mask & -mask;
        uint64_t highest = mask ? 1ULL << (63 - __builtin_clzll(mask)) : 0;
        size_t n = set->n;

        for (size_t i = 0; i < n; i++) {
                uint64_t match = (set->values[i] & ~mask) | (condition->value_two & mask);

                set->values[set->n++] = match;
                set->values[set->n++] = match ^ lowest;
                set->values[set->n++] = match ^ highest;
        }
}

static void subject_cross_set(const Verifier *verifier, Subject *subject, uint8_t index) {
        PointSet *set = &subject->sets[index];
        size_t n_masks = 0;

        for (size_t i = 0; i < subject->n_rules; i++) {
                const PolicyRule *rule = subject->rules[i];

                for (size_t j = 0; j < rule->n_conditions; j++) {
                        const Condition *condition = &rule->conditions[j];

                        if (condition->op != OP_MASKED_EQ)
                                continue;
                        if (n_masks++ == VERIFY_MASKS_MAX || set->n > VERIFY_CROSSED_MAX) {
                                subject->is_partial = true;
                                return;
                        }
                        set_cross(set, condition);
                        set_finish(set, verifier->arch);
                }
        }
}

/* The sets of hundreds of calls are kept until the last is run: each as small as it can be. */
static int set_keep(PointSet *set, Arena *arena) {
        uint64_t *values = arena_alloc_array(arena, set->n, sizeof(*values));

        if (!values)
                return -ENOMEM;
        memcpy(values, set->values, set->n * sizeof(*values));
        set->values = values;
        return 0;
}

static int subject_fill_set(const Verifier *verifier, Subject *subject, uint8_t index) {
        bool is_subcall = index == 0 && arch_is_multiplexer(verifier->arch, subject->nr);
        PointSet *set = &subject->sets[index];
        _cleanup_free_ uint64_t *scratch = NULL;

        if (!is_subcall && !subject_uses(subject, index)) {
                set->values = arena_alloc(verifier->arena, sizeof(*set->values));
                set->n = 1; /* of zero */
                return set->values ? 0 : -ENOMEM;
        }
        scratch = reallocarray(NULL, subject_capacity(subject, index), sizeof(*scratch));
        if (!scratch)
                return -ENOMEM;
        set->values = scratch;
        memcpy(set->values, general_points, sizeof(general_points));
        set->n = N_ELEMENTS(general_points);
        for (uint64_t i = 0; is_subcall && i < VERIFY_SUBCALLS; i++)
                set->values[set->n++] = i;
        set_add_conditions(set, subject, index);
        set_finish(set, verifier->arch);
        subject_cross_set(verifier, subject, index);
        return set_keep(set, verifier->arena);
}

static bool subject_is_conditional(const Subject *subject) {
        for (size_t i = 0; i < subject->n_rules; i++)
                if (subject->rules[i]->n_conditions > 0)
                        return true;
        return false;
}

static int subject_compare(const void *left, const void *right) {
        const Subject *a = left;
        const Subject *b = right;

        if (a->n_points != b->n_points)
                return a->n_points < b->n_points ? -1 : 1;
        return (a->nr > b->nr) - (a->nr < b->nr);
}

static int subjects_collect(const Verifier *verifier, Subject **ret_subjects, size_t *ret_n) {
        Subject *subjects;
        const int *numbers;
        size_t n_numbers;
        size_t n = 0;

        numbers = eval_table_numbers(verifier->table, &n_numbers);
        subjects = arena_alloc_array(verifier->arena, n_numbers, sizeof(Subject));
        if (!subjects)
                return -ENOMEM;
        for (size_t i = 0; i < n_numbers; i++) {
                Subject *subject = &subjects[n];

                subject->nr = numbers[i];
                eval_table_rules(verifier->table, subject->nr, &subject->rules, &subject->n_rules);
                if (!subject_is_conditional(subject))
                        continue;
                subject->n_points = 1;
                for (uint8_t index = 0; index < SYSCALL_ARGS; index++) {
                        if (subject_fill_set(verifier, subject, index) < 0)
                                return -ENOMEM;
                        if (__builtin_mul_overflow(
                                    subject->n_points, subject->sets[index].n, &subject->n_points))
                                subject->n_points = UINT64_MAX;
                }
                n++;
        }
        qsort(subjects, n, sizeof(Subject), subject_compare);
        *ret_subjects = subjects;
        *ret_n = n;
        return 0;
}

static int subject_verify_all(Verifier *verifier, const Subject *subject) {
        if (subject->is_partial)
                verifier->result.is_exhaustive = false;
        for (uint64_t point = 0; point < subject->n_points; point++) {
                uint64_t args[SYSCALL_ARGS];
                uint64_t rest = point;
                int r;

                for (size_t i = 0; i < SYSCALL_ARGS; i++) {
                        args[i] = subject->sets[i].values[rest % subject->sets[i].n];
                        rest /= subject->sets[i].n;
                }
                r = verify_call(verifier, verifier->arch->audit_arch, subject->nr, args);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* Moves the arguments that one rule looks at to the borders of that rule. */
static void subject_aim(
        const Subject *subject, const Arch *arch, uint64_t *state, uint64_t args[SYSCALL_ARGS]) {
        const PolicyRule *rule = subject->rules[random_next(state) % subject->n_rules];

        for (size_t i = 0; i < rule->n_conditions; i++) {
                uint64_t points[MASK_POINTS_MAX];
                size_t n = condition_points(&rule->conditions[i], points);
                uint64_t value = points[random_next(state) % n];

                args[rule->conditions[i].index] = arch->is_64bit ? value : value & UINT32_MAX;
        }
}

static int subject_verify_sample(Verifier *verifier, const Subject *subject, size_t n_draws) {
        uint64_t state = (uint64_t) verifier->arch->audit_arch << 32 | (uint32_t) subject->nr;

        verifier->result.is_exhaustive = false;
        for (size_t draw = 0; draw < n_draws; draw++) {
                uint64_t args[SYSCALL_ARGS];
                int r;

                for (size_t i = 0; i < SYSCALL_ARGS; i++) {
                        const PointSet *set = &subject->sets[i];

                        args[i] = set->values[random_next(&state) % set->n];
                }
                if (draw % 2 == 1)
                        subject_aim(subject, verifier->arch, &state, args);
                r = verify_call(verifier, verifier->arch->audit_arch, subject->nr, args);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* From the smallest product to the largest, so that what small ones leave goes to the large. */
static int verify_subjects(Verifier *verifier) {
        Subject *subjects;
        size_t n_subjects;
        int r;

        r = subjects_collect(verifier, &subjects, &n_subjects);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n_subjects; i++) {
                size_t left = verifier->max_points - verifier->result.n_points;
                size_t share = left / (n_subjects - i);

                if (subjects[i].n_points <= share)
                        r = subject_verify_all(verifier, &subjects[i]);
                else
                        r = subject_verify_sample(verifier, &subjects[i], share);
                if (r != 0)
                        return r;
        }
        return 0;
}

int program_verify(Arena *arena, const EvalTable *table, const Arch *arch, const Program *program,
        size_t max_points, VerifyResult *ret_result) {
        static int (*const parts[])(Verifier *) = { verify_guard, verify_numbers, verify_subjects };
        Verifier verifier = {
                .arena = arena,
                .table = table,
                .arch = arch,
                .program = program,
                .max_points = max_points,
                .swaps = compile_swaps(arch),
                .result = { .is_exhaustive = true },
        };
        int r = 0;

        for (size_t i = 0; r == 0 && i < N_ELEMENTS(parts); i++)
                r = parts[i](&verifier);
        if (r < 0)
                return r;
        *ret_result = verifier.result;
        return 0;
}
