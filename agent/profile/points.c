/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Values that stand for all. For rules a value for each combination of the conditions on an
 * argument is enough, and these are exact (atoms.c). A compiled program may have other borders. It
 * compares 32 bits at a time, so each half of a constant is one, and so is each bit of a mask; as a
 * mask cuts across all stretches, each is entered with values that meet it and values that just
 * miss. libseccomp's mistakes are jumps to a comparison that was meant for another value, so what
 * counts as a constant of an argument are also those of the other arguments.
 */

#include "profile/points.h"

#include "base/cleanup.h"
#include "profile/atoms.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_SUBCALLS 26U /* socketcall(2) and ipc(2): past the last of both */

#define FOREIGN_POINTS  4U
#define VALUE_POINTS    10U
#define MASK_POINTS_MAX 66U /* a mask of 64 bits, and two */

/* Crossing one argument's points with its masks ends at either; the result then says sampled. */
#define MASKS_MAX   16U
#define CROSSED_MAX 1024U

static const uint64_t general_points[] = { 0, 1, 1ULL << 31, UINT32_MAX, 1ULL << 32, 1ULL << 63,
        UINT64_MAX };

/* splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014) */
static uint64_t random_next(uint64_t *state) {
        uint64_t z = *state += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
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

/* What the points of one call are made of; everything borrowed. */
typedef struct Maker {
        Arena *arena;
        const Arch *arch;
        const PolicyRule *const *rules;
        size_t n_rules;
} Maker;

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

/* How many points of a condition count in the set of the argument `index`. */
static size_t count_points(const Condition *condition, uint8_t index) {
        if (condition->index != index)
                return FOREIGN_POINTS;
        return condition->op == OP_MASKED_EQ ? MASK_POINTS_MAX : VALUE_POINTS;
}

static bool maker_uses(const Maker *maker, uint8_t index) {
        for (size_t i = 0; i < maker->n_rules; i++)
                for (size_t j = 0; j < maker->rules[i]->n_conditions; j++)
                        if (maker->rules[i]->conditions[j].index == index)
                                return true;
        return false;
}

/* No less than the points of all conditions in one argument's set, and room to cross them. */
static size_t set_capacity(const Maker *maker, uint8_t index) {
        size_t n = N_ELEMENTS(general_points) + POINTS_SUBCALLS + MASK_POINTS_MAX + 4 * CROSSED_MAX;

        for (size_t i = 0; i < maker->n_rules; i++)
                for (size_t j = 0; j < maker->rules[i]->n_conditions; j++)
                        n += count_points(&maker->rules[i]->conditions[j], index);
        return n;
}

/* Of conditions on the other arguments the first points are enough. */
static void set_add_conditions(PointSet *set, const Maker *maker, uint8_t index) {
        for (size_t i = 0; i < maker->n_rules; i++) {
                const PolicyRule *rule = maker->rules[i];

                for (size_t j = 0; j < rule->n_conditions; j++) {
                        const size_t n =
                                condition_points(&rule->conditions[j], set->values + set->n);
                        const size_t n_max = count_points(&rule->conditions[j], index);

                        set->n += n < n_max ? n : n_max;
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

/* Returns false when there are too many masks for that. */
static bool set_cross_all(PointSet *set, const Maker *maker) {
        size_t n_masks = 0;

        for (size_t i = 0; i < maker->n_rules; i++) {
                const PolicyRule *rule = maker->rules[i];

                for (size_t j = 0; j < rule->n_conditions; j++) {
                        const Condition *condition = &rule->conditions[j];

                        if (condition->op != OP_MASKED_EQ)
                                continue;
                        if (n_masks++ == MASKS_MAX || set->n > CROSSED_MAX)
                                return false;
                        set_cross(set, condition);
                        set_finish(set, maker->arch);
                }
        }
        return true;
}

static bool is_among(const ArgSet *sets, size_t n, const ArgSet *set) {
        for (size_t i = 0; i < n; i++)
                if (argset_is_subset(&sets[i], set) && argset_is_subset(set, &sets[i]))
                        return true;
        return false;
}

/* The atoms of the conditions on one argument. */
static int set_make_of_rules(const Maker *maker, uint8_t index, CallPoints *points) {
        const size_t n_max = maker->n_rules * LIMIT_RULE_CONDITIONS;
        _cleanup_free_ ArgSet *sets = calloc(n_max + 1, sizeof(*sets));
        PointSet *set = &points->sets[index];
        bool is_partial = false;
        size_t n = 0;
        int r;

        if (!sets)
                return -ENOMEM;
        for (size_t i = 0; i < maker->n_rules; i++)
                for (size_t j = 0; j < maker->rules[i]->n_conditions; j++) {
                        const Condition *condition = &maker->rules[i]->conditions[j];
                        const ArgSet argset = argset_of(condition);

                        if (condition->index == index && !is_among(sets, n, &argset))
                                sets[n++] = argset;
                }
        r = argset_atoms(maker->arena, sets, n, maker->arch->is_64bit ? 64 : 32, &set->values,
                &set->n, &is_partial);
        points->is_partial |= is_partial;
        return r;
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

/* Those, and all that a miscompiled filter may take for them. */
static int set_make_of_program(const Maker *maker, int nr, uint8_t index, CallPoints *points) {
        const bool is_subcall = index == 0 && arch_is_multiplexer(maker->arch, nr);
        PointSet *set = &points->sets[index], atoms = {};
        _cleanup_free_ uint64_t *scratch = NULL;
        int r = set_make_of_rules(maker, index, points);

        if (r < 0 || !(is_subcall || maker_uses(maker, index)))
                return r;
        atoms = *set;
        scratch = reallocarray(NULL, set_capacity(maker, index) + atoms.n, sizeof(*scratch));
        if (!scratch)
                return -ENOMEM;
        *set = (PointSet){ .values = scratch, .n = N_ELEMENTS(general_points) };
        memcpy(scratch, general_points, sizeof(general_points));
        for (uint64_t i = 0; is_subcall && i < POINTS_SUBCALLS; i++)
                scratch[set->n++] = i;
        set_add_conditions(set, maker, index);
        set_finish(set, maker->arch);
        if (!set_cross_all(set, maker))
                points->is_partial = true;
        memcpy(scratch + set->n, atoms.values, atoms.n * sizeof(*scratch));
        set->n += atoms.n;
        set_finish(set, maker->arch);
        return set_keep(set, maker->arena);
}

int call_points_make(Arena *arena, const Arch *arch, int nr, PointKind kind,
        const PolicyRule *const *rules, size_t n_rules, CallPoints *ret_points) {
        const Maker maker = { arena, arch, rules, n_rules };
        CallPoints points = { .n = 1 };

        for (uint8_t index = 0; index < SYSCALL_ARGS; index++) {
                int r = kind == POINTS_OF_RULES ? set_make_of_rules(&maker, index, &points)
                                                : set_make_of_program(&maker, nr, index, &points);

                if (r < 0)
                        return r;
                if (__builtin_mul_overflow(points.n, points.sets[index].n, &points.n))
                        points.n = UINT64_MAX;
        }
        *ret_points = points;
        return 0;
}

int call_points_within(
        Arena *arena, const CallPoints *points, const PolicyRule *rule, CallPoints *ret_points) {
        CallPoints within = *points;

        for (size_t i = 0; i < rule->n_conditions; i++) {
                const ArgSet wanted = argset_of(&rule->conditions[i]);
                const PointSet *all = &points->sets[rule->conditions[i].index];
                PointSet *set = &within.sets[rule->conditions[i].index];

                *set = (PointSet){ .values =
                                           arena_alloc_array(arena, all->n, sizeof(*set->values)) };
                if (!set->values)
                        return -ENOMEM;
                for (size_t j = 0; j < all->n; j++)
                        if (argset_contains(&wanted, all->values[j]))
                                set->values[set->n++] = all->values[j];
        }
        within.n = 1;
        for (size_t i = 0; i < SYSCALL_ARGS; i++)
                if (__builtin_mul_overflow(within.n, within.sets[i].n, &within.n))
                        within.n = UINT64_MAX;
        *ret_points = within;
        return 0;
}

void call_points_get(
        const CallPoints *points, uint64_t at, uint64_t ret_args[static SYSCALL_ARGS]) {
        for (size_t i = 0; i < SYSCALL_ARGS; i++) {
                ret_args[i] = points->sets[i].values[at % points->sets[i].n];
                at /= points->sets[i].n;
        }
}

/* Moves the arguments that one rule looks at to the borders of that rule. */
static void aim(const PolicyRule *rule, const Arch *arch, uint64_t *state, uint64_t *args) {
        for (size_t i = 0; i < rule->n_conditions; i++) {
                uint64_t points[MASK_POINTS_MAX];
                size_t n = condition_points(&rule->conditions[i], points);
                uint64_t value = points[random_next(state) % n];

                args[rule->conditions[i].index] = arch->is_64bit ? value : value & UINT32_MAX;
        }
}

void call_points_draw(const CallPoints *points, const Arch *arch, const PolicyRule *const *rules,
        size_t n_rules, bool aims, uint64_t *state, uint64_t ret_args[static SYSCALL_ARGS]) {
        for (size_t i = 0; i < SYSCALL_ARGS; i++) {
                const PointSet *set = &points->sets[i];

                ret_args[i] = set->values[random_next(state) % set->n];
        }
        if (aims)
                aim(rules[random_next(state) % n_rules], arch, state, ret_args);
}

uint64_t call_points_seed(const Arch *arch, int nr) {
        return (uint64_t) arch->audit_arch << 32 | (uint32_t) nr;
}
