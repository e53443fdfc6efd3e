/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All of a call's points at once. The program is walked with sets of values instead of one call:
 * each half of each argument has the set of its values that lead to an instruction; a comparison
 * parts the set of the half that it looks at, and where both parts have something in them both ways
 * are gone. At a return all combinations of what is left get that answer, and the rules are asked
 * whether any of them should have got another. So every high word is combined with every low word
 * and every argument with every other, far more calls than could be tried, and none is spelled out.
 *
 * It works because a filter sees twelve words of 32 bits and treats each apart from the others, and
 * a rule can be said in such words: a condition of 64 bits is one on the high word, or else that
 * the high words are equal and one on the low word. Such an alternative of a whole rule is a term.
 *
 * What bounds it is the number of paths. libseccomp's programs compare the same words again and
 * again, and most ways through them are barred by what was compared before; where they are not, the
 * caller tries points.
 */

#include "profile/verify_internal.h"

#include "base/cleanup.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <linux/audit.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define N_WORDS   (2 * SYSCALL_ARGS)
#define BITS_EACH 64U
#define DEPTH_MAX 4096U /* of forks on one path, and of terms behind each other */

#define ALLOCATION_STEPS 64U /* what taking memory and giving it back costs, in words touched */

typedef uint64_t Bits;

/* The values of one half of an argument that are told apart. */
typedef struct WordSet {
        uint32_t *values; /* ascending, each once */
        size_t n;
        size_t begin; /* where its bits are in a region */
        size_t n_bits;
} WordSet;

/* What a condition of 64 bits is in words: any of these. */
typedef struct Alternative {
        const Bits *high; /* the values of the high word, in a set's bits; NULL: all */
        const Bits *low;
} Alternative;

typedef struct Alternatives {
        Alternative items[2];
        size_t n;
        uint8_t index; /* of the argument */
} Alternatives;

/* A rule's conditions, one alternative of each. */
typedef struct Term {
        uint32_t ret;
        const Bits *words[N_WORDS]; /* NULL: all values */
} Term;

/* What the accumulator holds: a value, or some bits of a word. */
typedef struct Accumulator {
        bool is_word;
        uint32_t value;
        size_t word;
        uint32_t mask;
} Accumulator;

typedef struct Walk {
        Verifier *verifier;
        const Subject *subject;
        Arena *arena;
        bool is_narrow; /* rules see the low words only */
        WordSet words[N_WORDS];
        size_t n_bits; /* of a region: every word's set, one behind the other */
        Bits *region;  /* what leads to where the walk is */
        Term *terms;
        size_t n_terms;
        uint32_t default_ret;
        uint32_t unconditional_ret;
        bool has_unconditional;
} Walk;

static size_t word_of(uint8_t index, bool is_high) {
        return 2U * index + is_high;
}

static bool bits_have(const Bits *bits, size_t i) {
        return bits[i / BITS_EACH] >> i % BITS_EACH & 1;
}

static void bits_add(Bits *bits, size_t i) {
        bits[i / BITS_EACH] |= (Bits) 1 << i % BITS_EACH;
}

static bool bits_are_empty(const Bits *bits, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (bits[i] != 0)
                        return false;
        return true;
}

/* Takes what a piece of work costs, in words touched, from what is left for all calls. */
static bool walk_spend(const Walk *walk, size_t n_steps) {
        size_t *left = &walk->verifier->n_steps_left;

        if (*left < n_steps)
                return false;
        *left -= n_steps;
        return true;
}

/* --- at a return --- */

/* The first of all combinations in a region: program and rules must be at odds about it. */
static int report_difference(const Walk *walk, const Bits *region) {
        uint64_t args[SYSCALL_ARGS] = {};
        int r;

        for (size_t i = 0; i < N_WORDS; i++) {
                const WordSet *set = &walk->words[i];
                size_t at = 0;

                while (!bits_have(region + set->begin, at))
                        at++;
                args[i / 2] |= (uint64_t) set->values[at] << (i % 2 == 1 ? 32 : 0);
        }
        r = verify_call(walk->verifier, walk->verifier->arch->audit_arch, walk->subject->nr, args);
        assert(r != 0);
        return r;
}

/* Leaves of a word what a term lets through, or what it does not. Returns whether any is left. */
static bool region_narrow(
        const Walk *walk, Bits *region, const Term *term, size_t word, bool has_to_match) {
        const WordSet *set = &walk->words[word];
        Bits *bits = region + set->begin;
        bool is_empty = true;

        for (size_t i = 0; i < set->n_bits; i++) {
                bits[i] &= has_to_match ? term->words[word][i] : ~term->words[word][i];
                is_empty = is_empty && bits[i] == 0;
        }
        return !is_empty;
}

static bool region_meets(const Walk *walk, const Bits *region, const Term *term) {
        for (size_t i = 0; i < N_WORDS; i++) {
                const WordSet *set = &walk->words[i];
                bool meets = !term->words[i];

                for (size_t j = 0; !meets && j < set->n_bits; j++)
                        meets = region[set->begin + j] & term->words[i][j];
                if (!meets)
                        return false;
        }
        return true;
}

/*
 * Seeks in a region a combination that no term from `at` on with the answer `ret` matches: a term
 * is missed by its first word, or by its second while the first matches, and so on. Returns 0 for
 * none, or as verify_paths().
 */
static int region_seek_unmatched(
        const Walk *walk, const Bits *region, size_t at, uint32_t ret, size_t depth) {
        const size_t size_bytes = walk->n_bits * sizeof(Bits);
        const Term *term = NULL;
        _cleanup_free_ Bits *rest = NULL;
        Bits *missed = NULL;
        int r = 0;

        for (; at < walk->n_terms; at++) {
                term = &walk->terms[at];
                if (!walk_spend(walk, 2))
                        return -E2BIG;
                if (term->ret == ret && region_meets(walk, region, term))
                        break;
        }
        if (at == walk->n_terms)
                return report_difference(walk, region);
        if (depth == DEPTH_MAX || !walk_spend(walk, ALLOCATION_STEPS + 3 * walk->n_bits))
                return -E2BIG;
        rest = malloc(2 * size_bytes);
        if (!rest)
                return -ENOMEM;
        missed = rest + walk->n_bits;
        memcpy(rest, region, size_bytes);
        for (size_t i = 0; r == 0 && i < N_WORDS; i++) {
                if (!term->words[i])
                        continue;
                memcpy(missed, rest, size_bytes);
                if (region_narrow(walk, missed, term, i, false))
                        r = region_seek_unmatched(walk, missed, at + 1, ret, depth + 1);
                (void) region_narrow(walk, rest, term, i, true);
        }
        return r;
}

/* Seeks in a region that gets the default a combination that some term matches. */
static int region_seek_matched(const Walk *walk, const Bits *region) {
        _cleanup_free_ Bits *matched = NULL;
        size_t at = 0;

        if (!walk_spend(walk, 2 * walk->n_terms))
                return -E2BIG;
        while (at < walk->n_terms && !region_meets(walk, region, &walk->terms[at]))
                at++;
        if (at == walk->n_terms)
                return 0;
        matched = malloc(walk->n_bits * sizeof(*matched));
        if (!matched)
                return -ENOMEM;
        memcpy(matched, region, walk->n_bits * sizeof(*matched));
        for (size_t i = 0; i < N_WORDS; i++)
                if (walk->terms[at].words[i])
                        (void) region_narrow(walk, matched, &walk->terms[at], i, true);
        return report_difference(walk, matched);
}

static int return_check(const Walk *walk, uint32_t ret) {
        walk->verifier->result.n_points++;
        if (walk->has_unconditional)
                return ret == walk->unconditional_ret ? 0 : report_difference(walk, walk->region);
        if (ret == walk->default_ret)
                return region_seek_matched(walk, walk->region);
        return region_seek_unmatched(walk, walk->region, 0, ret, 0);
}

/* --- on the way --- */

static bool load(const Walk *walk, uint32_t offset, Accumulator *accumulator) {
        const size_t first = offsetof(struct seccomp_data, args);
        const bool is_second = offset / sizeof(uint32_t) % 2 == 1;
        const bool is_high = is_second == (BYTE_ORDER == LITTLE_ENDIAN);

        *accumulator = (Accumulator){ .mask = UINT32_MAX };
        if (offset == offsetof(struct seccomp_data, nr))
                accumulator->value = (uint32_t) walk->subject->nr;
        else if (offset == offsetof(struct seccomp_data, arch))
                accumulator->value = walk->verifier->arch->audit_arch;
        else if (offset >= first && offset < sizeof(struct seccomp_data)) {
                const uint8_t index = (uint8_t) ((offset - first) / sizeof(uint64_t));

                accumulator->is_word = true;
                accumulator->word = word_of(index, is_high != walk->verifier->swaps);
        } else
                return false;
        return true;
}

static bool comparison_holds(const struct sock_filter *insn, uint32_t value) {
        switch (BPF_OP(insn->code)) {
        case BPF_JEQ: return value == insn->k;
        case BPF_JGT: return value > insn->k;
        case BPF_JGE: return value >= insn->k;
        default: return value & insn->k; /* BPF_JSET */
        }
}

static int walk_from(Walk *walk, size_t at, Accumulator accumulator, size_t depth);

/*
 * Parts the set of the word that is compared. Both ways open: goes the one where it holds, and
 * leaves the other to the caller. Returns 0 with the way to go on in `*ret_holds`.
 */
static int walk_fork(
        Walk *walk, size_t at, const Accumulator *accumulator, size_t depth, bool *ret_holds) {
        const struct sock_filter *insn = &walk->verifier->program->insns[at];
        const WordSet *set = &walk->words[accumulator->word];
        Bits *bits = walk->region + set->begin;
        _cleanup_free_ Bits *held = calloc(set->n_bits + walk->n_bits, sizeof(*held));
        Bits *rest; /* the region where it does not hold */
        int r = 0;

        if (!held)
                return -ENOMEM;
        rest = held + set->n_bits;
        if (depth == DEPTH_MAX || !walk_spend(walk, ALLOCATION_STEPS + set->n + 3 * walk->n_bits))
                return -E2BIG;
        memcpy(rest, walk->region, walk->n_bits * sizeof(*rest));
        for (size_t i = 0; i < set->n; i++)
                if (bits_have(bits, i) &&
                        comparison_holds(insn, set->values[i] & accumulator->mask))
                        bits_add(held, i);
        for (size_t i = 0; i < set->n_bits; i++)
                rest[set->begin + i] &= ~held[i];
        *ret_holds = bits_are_empty(rest + set->begin, set->n_bits);
        if (*ret_holds || bits_are_empty(held, set->n_bits))
                return 0;
        memcpy(bits, held, set->n_bits * sizeof(*bits));
        r = walk_from(walk, at + 1 + insn->jt, *accumulator, depth + 1);
        memcpy(walk->region, rest, walk->n_bits * sizeof(*rest));
        return r;
}

/* Goes on until a return, forking on the way. Leaves the region as it happens to be. */
static int walk_from(Walk *walk, size_t at, Accumulator accumulator, size_t depth) {
        const Program *program = walk->verifier->program;

        for (; at < program->n_insns; at++) {
                const struct sock_filter *insn = &program->insns[at];
                bool holds = false;
                int r = 0;

                if (!walk_spend(walk, 1))
                        return -E2BIG;
                switch (insn->code) {
                case BPF_RET | BPF_K: return return_check(walk, insn->k);
                case BPF_JMP | BPF_JA: at += insn->k; continue;
                case BPF_ALU | BPF_AND | BPF_K:
                        accumulator.value &= insn->k;
                        accumulator.mask &= insn->k;
                        continue;
                case BPF_LD | BPF_W | BPF_ABS:
                        if (!load(walk, insn->k, &accumulator))
                                return -E2BIG;
                        continue;
                case BPF_JMP | BPF_JEQ | BPF_K:
                case BPF_JMP | BPF_JGT | BPF_K:
                case BPF_JMP | BPF_JGE | BPF_K:
                case BPF_JMP | BPF_JSET | BPF_K: break;
                default: return -E2BIG;
                }
                if (accumulator.is_word)
                        r = walk_fork(walk, at, &accumulator, depth, &holds);
                else
                        holds = comparison_holds(insn, accumulator.value);
                if (r != 0)
                        return r;
                at += holds ? insn->jt : insn->jf;
        }
        return -EINVAL;
}

/* --- before the start --- */

static int value_compare(const void *left, const void *right) {
        const uint32_t a = *(const uint32_t *) left, b = *(const uint32_t *) right;

        return (a > b) - (a < b);
}

/*
 * The halves of an argument's points. Where rules see 32 bits of a register of 64, a program must
 * not look at the others.
 */
static int word_set_make(Walk *walk, size_t word) {
        static const uint32_t unseen[] = { 0, 1, UINT32_MAX };
        const PointSet *points = &walk->subject->points.sets[word / 2];
        const bool is_high = word % 2 == 1;
        const bool is_unseen = is_high && walk->is_narrow &&
                (walk->verifier->arch->audit_arch & __AUDIT_ARCH_64BIT);
        WordSet *set = &walk->words[word];
        size_t n = 0;

        set->values = arena_alloc_array(
                walk->arena, points->n + N_ELEMENTS(unseen), sizeof(*set->values));
        if (!set->values)
                return -ENOMEM;
        for (size_t i = 0; i < points->n; i++)
                set->values[set->n++] =
                        (uint32_t) (is_high ? points->values[i] >> 32 : points->values[i]);
        for (size_t i = 0; is_unseen && i < N_ELEMENTS(unseen); i++)
                set->values[set->n++] = unseen[i];
        qsort(set->values, set->n, sizeof(*set->values), value_compare);
        for (size_t i = 0; i < set->n; i++)
                if (n == 0 || set->values[n - 1] != set->values[i])
                        set->values[n++] = set->values[i];
        set->n = n;
        set->begin = walk->n_bits;
        set->n_bits = (n + BITS_EACH - 1) / BITS_EACH;
        walk->n_bits += set->n_bits;
        return 0;
}

/* The values of a word for which (value & mask) is less than, equal to, more than `to`. */
static const Bits *select_values(const Walk *walk, size_t word, uint32_t mask, uint32_t to,
        bool less, bool equal, bool more) {
        const WordSet *set = &walk->words[word];
        Bits *bits = arena_alloc_array(walk->arena, set->n_bits, sizeof(*bits));

        for (size_t i = 0; bits && i < set->n; i++) {
                const uint32_t value = word % 2 == 1 && walk->is_narrow ? 0 : set->values[i] & mask;

                if (value < to ? less : value == to ? equal : more)
                        bits_add(bits, i);
        }
        return bits;
}

/* A comparison of 64 bits: decided by the high words, or else by the low ones. */
static int compare_in_words(const Walk *walk, const Condition *condition, bool less, bool equal,
        bool more, Alternatives *ret) {
        const uint32_t high = (uint32_t) (condition->value >> 32);
        const uint32_t low = (uint32_t) condition->value;
        const size_t high_word = word_of(condition->index, true);

        *ret = (Alternatives){ .index = condition->index };
        if (less || more) {
                ret->items[ret->n++].high =
                        select_values(walk, high_word, UINT32_MAX, high, less, false, more);
                if (!ret->items[0].high)
                        return -ENOMEM;
        }
        ret->items[ret->n].high =
                select_values(walk, high_word, UINT32_MAX, high, false, true, false);
        ret->items[ret->n].low = select_values(
                walk, word_of(condition->index, false), UINT32_MAX, low, less, equal, more);
        if (!ret->items[ret->n].high || !ret->items[ret->n].low)
                return -ENOMEM;
        ret->n++;
        return 0;
}

static int mask_in_words(const Walk *walk, const Condition *condition, Alternatives *ret) {
        const uint64_t mask = condition->value, datum = condition->value_two & mask;

        *ret = (Alternatives){ .index = condition->index, .n = 1 };
        ret->items[0].high = select_values(walk, word_of(condition->index, true),
                (uint32_t) (mask >> 32), (uint32_t) (datum >> 32), false, true, false);
        ret->items[0].low = select_values(walk, word_of(condition->index, false), (uint32_t) mask,
                (uint32_t) datum, false, true, false);
        return ret->items[0].high && ret->items[0].low ? 0 : -ENOMEM;
}

static int condition_in_words(const Walk *walk, const Condition *condition, Alternatives *ret) {
        if (!walk_spend(walk,
                    2 * walk->words[word_of(condition->index, true)].n +
                            walk->words[word_of(condition->index, false)].n))
                return -E2BIG;
        switch (condition->op) {
        case OP_NE: return compare_in_words(walk, condition, true, false, true, ret);
        case OP_LT: return compare_in_words(walk, condition, true, false, false, ret);
        case OP_LE: return compare_in_words(walk, condition, true, true, false, ret);
        case OP_EQ: return compare_in_words(walk, condition, false, true, false, ret);
        case OP_GE: return compare_in_words(walk, condition, false, true, true, ret);
        case OP_GT: return compare_in_words(walk, condition, false, false, true, ret);
        case OP_MASKED_EQ: return mask_in_words(walk, condition, ret);
        case N_OPERATORS: break;
        }
        return -EINVAL;
}

/* Every choice of one alternative for each of a rule's conditions. */
static int add_terms(Walk *walk, const PolicyRule *rule) {
        Alternatives conditions[LIMIT_RULE_CONDITIONS + 1]; /* and the subcall */
        size_t n_choices = 1;

        assert(rule->n_conditions <= N_ELEMENTS(conditions));
        for (size_t i = 0; i < rule->n_conditions; i++) {
                int r = condition_in_words(walk, &rule->conditions[i], &conditions[i]);

                if (r < 0)
                        return r;
                n_choices *= conditions[i].n;
        }
        for (size_t choice = 0; choice < n_choices; choice++) {
                Term *term = &walk->terms[walk->n_terms++];
                size_t rest = choice;

                *term = (Term){ .ret = action_to_ret(rule->action) };
                for (size_t i = 0; i < rule->n_conditions; i++) {
                        const Alternative *item = &conditions[i].items[rest % conditions[i].n];

                        term->words[word_of(conditions[i].index, true)] = item->high;
                        term->words[word_of(conditions[i].index, false)] = item->low;
                        rest /= conditions[i].n;
                }
        }
        return 0;
}

static int terms_make(Walk *walk) {
        size_t n_max = 0;

        for (size_t i = 0; i < walk->subject->n_rules; i++)
                n_max += (size_t) 1 << walk->subject->rules[i]->n_conditions;
        if (!walk_spend(walk, n_max * N_WORDS))
                return -E2BIG;
        walk->terms = arena_alloc_array(walk->arena, n_max, sizeof(*walk->terms));
        if (!walk->terms)
                return -ENOMEM;
        for (size_t i = 0; i < walk->subject->n_rules; i++) {
                const PolicyRule *rule = walk->subject->rules[i];
                int r = 0;

                if (rule->n_conditions > 0)
                        r = add_terms(walk, rule);
                else if (!walk->has_unconditional) {
                        walk->has_unconditional = true;
                        walk->unconditional_ret = action_to_ret(rule->action);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

int verify_paths(Verifier *verifier, const Subject *subject) {
        const Policy *policy = eval_table_policy(verifier->table);
        _cleanup_(arena_freep) Arena *arena = arena_new();
        Walk walk = {
                .verifier = verifier,
                .subject = subject,
                .arena = arena,
                .is_narrow = !verifier->arch->is_64bit,
                .default_ret = action_to_ret(policy->default_action),
        };
        int r = arena ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < N_WORDS; i++)
                r = word_set_make(&walk, i);
        if (r == 0)
                r = terms_make(&walk);
        if (r < 0)
                return r;
        walk.region = arena_alloc_array(arena, walk.n_bits, sizeof(*walk.region));
        if (!walk.region)
                return -ENOMEM;
        for (size_t i = 0; i < N_WORDS; i++)
                for (size_t j = 0; j < walk.words[i].n; j++)
                        bits_add(walk.region + walk.words[i].begin, j);
        return walk_from(&walk, 0, (Accumulator){ .mask = UINT32_MAX }, 0);
}
