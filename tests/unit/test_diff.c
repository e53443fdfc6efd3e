/* SPDX-License-Identifier: Apache-2.0 */

/*
 * policy_diff(): a table of pairs with the whole difference written out, and random pairs held
 * against brute force: the programs that libseccomp makes of both, run on random calls. Where those
 * answer otherwise the difference must be told, and where one is told its example must show it.
 */

#include "resolve_fixture.h"

#include "profile/canonical.h"
#include "profile/compile.h"
#include "profile/diff.h"
#include "profile/diff_render.h"
#include "profile/syscalls.h"
#include "profile/verify.h"
#include "profile/wording.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define POINTS_MAX 100000U

#define ALL   "'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X86','SCMP_ARCH_X32'],"
#define TWO   "'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X86'],"
#define ERRNO "'defaultAction':'SCMP_ACT_ERRNO',"
#define RULE(names, action, args)                                                                  \
        "{'names':[" names "],'action':'SCMP_ACT_" action "','args':[" args "]}"
#define RULES(...) "'syscalls':[" __VA_ARGS__ "]"
#define CONTESTED                                                                                  \
        "note: rules with different actions overlap, and libseccomp may let either decide "        \
        "[SP704]\n"

static const struct {
        const char *a;
        const char *b;
        const char *expected; /* as text; "" for none */
} pairs[] = {
        /* spellings of one policy */
        { "{" ERRNO RULES(RULE("'read','write'", "ALLOW", "")) "}",
                "{" ERRNO RULES(
                        RULE("'write'", "ALLOW", "") "," RULE("'read','write'", "ALLOW", "")) "}",
                "" },
        { "{" ERRNO RULES(RULE("'ioctl'", "ALLOW", ARG(1, LT, 5))) "}",
                "{" ERRNO RULES(RULE("'ioctl'", "ALLOW", ARG(1, LE, 4))) "}", "" },
        { "{" ERRNO RULES(RULE("'ioctl'", "ALLOW", ARG(1, LE, 1))) "}",
                "{" ERRNO RULES(RULE("'ioctl'", "ALLOW", ARG(1, EQ, 0)) "," RULE(
                        "'ioctl'", "ALLOW", ARG(1, EQ, 1))) "}",
                "" },
        { "{" ERRNO RULES(RULE("'ioctl'", "ALLOW", ARG(1, EQ, 1) "," ARG(1, EQ, 2))) "}",
                "{" ERRNO RULES(RULE("'ioctl'", "ALLOW", ARG(1, EQ, 2)) "," RULE(
                        "'ioctl'", "ALLOW", ARG(1, EQ, 1))) "}",
                "" },
        { "{" ERRNO RULES(RULE("'read'", "ALLOW", "") "," RULE("'write'", "ALLOW", "")) "}",
                "{" ERRNO
                "'archMap':[{'architecture':'SCMP_ARCH_X86_64','subArchitectures':[]}]," RULES(
                        "{'name':'read','action':'SCMP_ACT_ALLOW','args':null,'includes':{}},"
                        "{'names':['write'],'action':'SCMP_ACT_ALLOW','excludes':{'caps':["
                        "'CAP_SYS_ADMIN']}}") "}",
                "" },
        { "{" ERRNO "'flags':['SECCOMP_FILTER_FLAG_SPEC_ALLOW']," RULES("") "}",
                "{" ERRNO RULES("") "}", "" },
        /* one call */
        { "{" ERRNO RULES(RULE("'unlink'", "ALLOW", "")) "}",
                "{" ERRNO RULES(RULE("'read','unlink'", "ALLOW", "")) "}",
                "widened\n"
                "  + read                 ERRNO(1) -> ALLOW\n"
                "widened: 1 widened, 0 narrowed, 0 changed\n" },
        { "{" ERRNO RULES(RULE("'read','unlink'", "ALLOW", "")) "}",
                "{" ERRNO RULES(RULE("'unlink'", "ALLOW", "") ",{'names':['read'],'action':"
                                                              "'SCMP_ACT_TRACE','errnoRet':5}") "}",
                "narrowed\n"
                "  - read                 ALLOW -> TRACE(5)\n"
                "narrowed: 0 widened, 1 narrowed, 0 changed\n" },
        { "{" ERRNO RULES(RULE("'read'", "ALLOW", "") "," RULE("'unlink'", "KILL", "")) "}",
                "{" ERRNO RULES(RULE("'read'", "LOG", "") ",{'names':['unlink'],'action':"
                                                          "'SCMP_ACT_ERRNO','errnoRet':38}") "}",
                "changed\n"
                "  ~ read                 ALLOW -> LOG\n"
                "  ~ unlink               KILL -> ERRNO(38)\n"
                "changed: 0 widened, 0 narrowed, 2 changed\n" },
        /* conditions */
        { "{" ERRNO RULES(RULE("'clone'", "ALLOW", ARG(0, MASKED_EQ, 2114060288))) "}",
                "{" ERRNO RULES(RULE("'clone'", "ALLOW", "")) "}",
                "widened\n"
                "  + clone                ERRNO(1) -> ALLOW, as clone(a0=0x20000)\n"
                "      A: ALLOW when (a0 & 0x7e020000) == 0; else ERRNO(1)\n"
                "      B: ALLOW\n"
                "widened: 1 widened, 0 narrowed, 0 changed\n" },
        { "{" ERRNO RULES(RULE("'ioctl'", "ALLOW", ARG(0, EQ, 1) "," ARG(1, GT, 5))) "}",
                "{" ERRNO RULES(RULE("'ioctl'", "ALLOW", ARG(0, EQ, 1) "," ARG(1, GE, 5)) "," RULE(
                        "'ioctl'", "LOG", ARG(0, EQ, 2))) "}",
                "widened\n"
                "  + ioctl                ERRNO(1) -> LOG, as ioctl(a0=2, a1=0)\n"
                "  + ioctl                ERRNO(1) -> ALLOW, as ioctl(a0=1, a1=5)\n"
                "      A: ALLOW when a0 == 1 and a1 > 5; else ERRNO(1)\n"
                "      B: LOG when a0 == 2; ALLOW when a0 == 1 and a1 >= 5; else ERRNO(1)\n"
                "widened: 2 widened, 0 narrowed, 0 changed\n" },
        { "{" ERRNO RULES(RULE("'ioctl'", "ALLOW", ARG(0, LT, 5))) "}",
                "{" ERRNO RULES(RULE("'ioctl'", "ALLOW", ARG(0, GE, 3))) "}",
                "widened\n"
                "  + ioctl                ERRNO(1) -> ALLOW, as ioctl(a0=5)\n"
                "      A: ALLOW when a0 < 5; else ERRNO(1)\n"
                "      B: ALLOW when a0 >= 3; else ERRNO(1)\n"
                "narrowed\n"
                "  - ioctl                ALLOW -> ERRNO(1), as ioctl(a0=0)\n"
                "      A: ALLOW when a0 < 5; else ERRNO(1)\n"
                "      B: ALLOW when a0 >= 3; else ERRNO(1)\n"
                "mixed: 1 widened, 1 narrowed, 0 changed\n" },
        /* the default: calls that rules decide by either are told of one by one */
        { "{" ERRNO RULES(
                  RULE("'read'", "ALLOW", "") "," RULE("'ioctl'", "ALLOW", ARG(1, EQ, 1))) "}",
                "{'defaultAction':'SCMP_ACT_KILL_PROCESS'," RULES(
                        RULE("'read'", "ALLOW", "") "," RULE("'ioctl'", "ALLOW",
                                ARG(1, EQ, 1)) "," RULE("'write'", "ERRNO", "")) "}",
                "changed\n"
                "  ~ the default          ERRNO(1) -> KILL_PROCESS, what no rule decides: N "
                "calls "
                "on SCMP_ARCH_X86_64, and all newer ones\n"
                "changed: 0 widened, 0 narrowed, 1 changed\n" },
        { "{" ERRNO RULES(RULE("'read'", "ALLOW", "")) "}",
                "{'defaultAction':'SCMP_ACT_ALLOW'," RULES(RULE("'read','write'", "ERRNO", "")) "}",
                "widened\n"
                "  + the default          ERRNO(1) -> ALLOW, what no rule decides: N calls on "
                "SCMP_ARCH_X86_64, and all newer ones\n"
                "narrowed\n"
                "  - read                 ALLOW -> ERRNO(1)\n"
                "mixed: 1 widened, 1 narrowed, 0 changed\n" },
        /* architectures */
        { "{" ERRNO ALL RULES(RULE("'unlink'", "ALLOW", "")) "}",
                "{" ERRNO TWO RULES(RULE("'unlink'", "ALLOW", "")) "}",
                "narrowed\n"
                "  - SCMP_ARCH_X32        listed no more: all its calls are killed\n"
                "narrowed: 0 widened, 1 narrowed, 0 changed\n" },
        { "{" ERRNO TWO RULES(RULE("'unlink','writev'", "ALLOW", "")) "}",
                "{" ERRNO ALL RULES(RULE("'unlink','mmap2','mount','writev'", "ALLOW", "")) "}",
                "widened\n"
                "  + SCMP_ARCH_X32        listed now: its calls were all killed\n"
                "  + mmap2                ERRNO(1) -> ALLOW\n"
                "  + mount                ERRNO(1) -> ALLOW\n"
                "changed\n"
                "  ~ under runc           ERRNO(38) -> ERRNO(1), 77 calls from 88 to 165 on "
                "SCMP_ARCH_X86_64 that no rule names\n"
                "  ~ under runc           ERRNO(38) -> ERRNO(1), 45 calls from 147 to 192 on "
                "SCMP_ARCH_X86 that no rule names\n"
                "widened: 3 widened, 0 narrowed, 2 changed\n" },
        { "{" ERRNO TWO RULES(RULE("'unlink'", "ALLOW", "") "," RULE(
                  "'read'", "ALLOW", ARG(1, EQ, 4294967296))) "}",
                "{" ERRNO TWO RULES(RULE("'unlink'", "ALLOW", "")) "}",
                "narrowed\n"
                "  - read                 ALLOW -> ERRNO(1), as read(a1=0x100000000) "
                "[SCMP_ARCH_X86_64]\n"
                "      A: ALLOW when a1 == 0x100000000; else ERRNO(1)\n"
                "      B: ERRNO(1)\n"
                "narrowed: 0 widened, 1 narrowed, 0 changed\n" },
        /* behind a multiplexer */
        { "{" ERRNO TWO RULES(RULE("'writev'", "ALLOW", "")) "}",
                "{" ERRNO TWO RULES(RULE("'writev','socket','accept'", "ALLOW", "")) "}",
                "widened\n"
                "  + accept               ERRNO(1) -> ALLOW\n"
                "  + socket               ERRNO(1) -> ALLOW\n"
                "changed\n"
                "  ~ under runc           ERRNO(38) -> ERRNO(1), 21 calls from 21 to 43 on "
                "SCMP_ARCH_X86_64 that no rule names\n"
                "widened: 2 widened, 0 narrowed, 1 changed\n" },
        { "{" ERRNO TWO RULES(RULE("'writev','socket'", "ALLOW", "")) "}",
                "{" ERRNO TWO RULES(RULE("'writev'", "ALLOW", "") "," RULE(
                        "'socket'", "ALLOW", ARG(0, EQ, 1))) "}",
                "narrowed\n"
                "  - socket               ALLOW -> ERRNO(1), as socket(a0=0)\n"
                "      A: ALLOW\n"
                "      B: ALLOW when a0 == 1; else ERRNO(1)\n"
                "narrowed: 0 widened, 1 narrowed, 0 changed\n" },
        { "{" ERRNO TWO RULES(RULE("'writev'", "ALLOW", "") "," RULE(
                  "'socket'", "ALLOW", ARG(0, EQ, 4294967296))) "}",
                "{" ERRNO TWO RULES(RULE("'writev'", "ALLOW", "")) "}",
                "narrowed\n"
                "  - socket               ALLOW -> ERRNO(1), as socket(a0=0x100000000) "
                "[SCMP_ARCH_X86_64]\n"
                "      A: ALLOW when a0 == 0x100000000; else ERRNO(1)\n"
                "      B: ERRNO(1)\n"
                "  - socket               ALLOW -> ERRNO(1), as socketcall(a0=1) [SCMP_ARCH_X86]\n"
                "changed\n"
                "  ~ under runc           ERRNO(1) -> ERRNO(38), 20 calls from 21 to 41 on "
                "SCMP_ARCH_X86_64 that no rule names\n"
                "narrowed: 0 widened, 2 narrowed, 1 changed\n" },
        /* one change on two architectures where the call has one number */
        { "{" ERRNO TWO RULES(RULE("'openat2'", "ALLOW", "")) "}",
                "{" ERRNO TWO RULES(RULE("'openat2','pidfd_open'", "ALLOW", "")) "}",
                "widened\n"
                "  + pidfd_open           ERRNO(1) -> ALLOW\n"
                "widened: 1 widened, 0 narrowed, 0 changed\n" },
        /* two actions become one */
        { "{" ERRNO RULES(RULE("'ioctl'", "TRAP", ARG(1, EQ, 1)) "," RULE(
                  "'ioctl'", "KILL_PROCESS", ARG(1, EQ, 2))) "}",
                "{" ERRNO RULES(RULE("'ioctl'", "LOG", ARG(1, LE, 2))) "}",
                "widened\n"
                "  + ioctl                KILL_PROCESS -> LOG, as ioctl(a1=2)\n"
                "  + ioctl                TRAP -> LOG, as ioctl(a1=1)\n"
                "  + ioctl                ERRNO(1) -> LOG, as ioctl(a1=0)\n"
                "      A: KILL_PROCESS when a1 == 2; TRAP when a1 == 1; else ERRNO(1)\n"
                "      B: LOG when a1 <= 2; else ERRNO(1)\n"
                "widened: 3 widened, 0 narrowed, 0 changed\n" },
        /* a rule on the multiplexer itself */
        { "{" ERRNO TWO RULES(RULE("'writev'", "ALLOW", "")) "}",
                "{" ERRNO TWO RULES(RULE("'writev','socketcall'", "ALLOW", "")) "}",
                "widened\n"
                "  + socketcall           ERRNO(1) -> ALLOW\n"
                "widened: 1 widened, 0 narrowed, 0 changed\n" },
        /* names that libseccomp does not know */
        { "{" ERRNO RULES(RULE("'read','unheard_of'", "ALLOW", "")) "}",
                "{" ERRNO RULES(RULE("'read'", "ALLOW", "")) "}",
                "narrowed\n"
                "  - unheard_of           ALLOW -> ERRNO(1), where libseccomp knows it\n"
                "narrowed: 0 widened, 1 narrowed, 0 changed\n" },
        { "{" ERRNO RULES(RULE("'unheard_of'", "ALLOW", ARG(0, EQ, 1))) "}",
                "{" ERRNO RULES(RULE("'unheard_of'", "ALLOW", ARG(0, EQ, 2))) "}",
                "changed\n"
                "  ~ unheard_of           other conditions, where libseccomp knows it\n"
                "changed: 0 widened, 0 narrowed, 1 changed\n" },
        { "{" ERRNO RULES(RULE("'unheard_of'", "ALLOW", ARG(0, EQ, 1))) "}",
                "{" ERRNO RULES(RULE("'unheard_of'", "ALLOW", ARG(0, EQ, 1))) "}", "" },
        /* where rules overlap libseccomp may take either, so another one is another answer */
        { "{" ERRNO RULES(RULE("'ioctl'", "TRAP", ARG(0, GE, 8)) "," RULE(
                  "'ioctl'", "ALLOW", ARG(0, LT, 8))) "}",
                "{" ERRNO RULES(RULE("'ioctl'", "TRAP", ARG(0, GE, 8)) "," RULE("'ioctl'", "ALLOW",
                        ARG(0, LE, 20)) "," RULE("'ioctl'", "ALLOW", ARG(0, LT, 8))) "}",
                "widened\n"
                "  + ioctl                TRAP -> ALLOW, as ioctl(a0=8)\n"
                "      A: TRAP when a0 >= 8; ALLOW when a0 < 8; else ERRNO(1)\n"
                "      B: TRAP when a0 >= 8; ALLOW when a0 < 8, or a0 <= 20; else ERRNO(1)\n"
                "widened: 1 widened, 0 narrowed, 0 changed\n" CONTESTED },
        { "{" ERRNO RULES(RULE("'ioctl'", "TRAP", ARG(0, GE, 8)) "," RULE(
                  "'ioctl'", "ALLOW", ARG(0, LE, 20))) "}",
                "{" ERRNO RULES(RULE("'ioctl'", "TRAP", ARG(0, GE, 8)) "," RULE(
                        "'ioctl'", "ALLOW", ARG(0, LT, 8))) "}",
                "narrowed\n"
                "  - ioctl                ALLOW -> TRAP, as ioctl(a0=8)\n"
                "      A: TRAP when a0 >= 8; ALLOW when a0 <= 20; else ERRNO(1)\n"
                "      B: TRAP when a0 >= 8; ALLOW when a0 < 8; else ERRNO(1)\n"
                "narrowed: 0 widened, 1 narrowed, 0 changed\n" CONTESTED },
        /* rules equal to the default move runc's border */
        { "{" ERRNO RULES(RULE("'read','write'", "ALLOW", "")) "}",
                "{" ERRNO RULES(
                        RULE("'read','write'", "ALLOW", "") "," RULE("'close'", "ERRNO", "")) "}",
                "changed\n"
                "  ~ under runc           ERRNO(38) -> ERRNO(1), 2 calls from 2 to 3 on "
                "SCMP_ARCH_X86_64 that no rule names\n"
                "changed: 0 widened, 0 narrowed, 1 changed\n" },
        { "{'defaultAction':'SCMP_ACT_LOG'," RULES(RULE("'write'", "ALLOW", "")) "}",
                "{'defaultAction':'SCMP_ACT_LOG'," RULES(
                        RULE("'write'", "ALLOW", "") "," RULE("'close'", "LOG", "")) "}",
                "" },
        { "{" ERRNO "'flags':['SECCOMP_FILTER_FLAG_LOG']," RULES("") "}", "{" ERRNO RULES("") "}",
                "changed\n"
                "  ~ flags                SECCOMP_FILTER_FLAG_LOG -> none\n"
                "changed: 0 widened, 0 narrowed, 1 changed\n" },
};

static void canonical_of(Fixture *fixture, const char *text, Policy *ret_policy) {
        const CheckOptions options = options_new();
        _cleanup_free_ char *json = unquote(text);

        fixture_resolve(fixture, json, &options);
        assert_int_equal(fixture->result, 0);
        assert_false(diags_have_errors(&fixture->diags));
        assert_int_equal(canonical_sort(fixture->arena, &fixture->policy, ret_policy), 0);
}

/* How many calls libseccomp knows is its own business: "decides: 366 calls" becomes N calls. */
static void hide_count(char *text) {
        static const char before[] = "what no rule decides: ";
        char *at = strstr(text, before), *end;

        if (!at)
                return;
        at += strlen(before);
        end = at + strspn(at, "0123456789");
        assert_true(end > at);
        *at = 'N';
        memmove(at + 1, end, strlen(end) + 1);
}

static void assert_difference(const Policy *a, const Policy *b, const char *expected) {
        const DiffSource source_a = { .name = "a", .policy = a };
        const DiffSource source_b = { .name = "b", .policy = b };
        Arena *arena = arena_new();
        _cleanup_buf_ Buf buf = {};
        Diff diff;

        assert_non_null(arena);
        assert_int_equal(policy_diff(arena, a, b, POINTS_MAX, &diff), 0);
        assert_true(diff.is_exhaustive);
        diff_render_text(&buf, &source_a, &source_b, &diff, false);
        assert_int_equal(buf_error(&buf), 0);
        if (buf.data)
                hide_count(buf.data);
        assert_string_equal(buf.data ? buf.data : "", expected);
        assert_int_equal(diff.effect == DIFF_NONE, *expected == '\0');
        arena_free(arena);
}

static void test_pairs(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(pairs); i++) {
                _cleanup_fixture_ Fixture fixture_a = {}, fixture_b = {};
                Policy a, b;

                print_message("  %s\n", pairs[i].b);
                canonical_of(&fixture_a, pairs[i].a, &a);
                canonical_of(&fixture_b, pairs[i].b, &b);
                assert_difference(&a, &b, pairs[i].expected);
                assert_difference(&a, &a, "");
                assert_difference(&b, &b, "");
        }
}

/* Counted are the calls that some arguments bring to both defaults, and numbers with a name only.
 */
static void test_calls_that_get_the_default(void **state) {
        static const char a_text[] = "{" ERRNO RULES(RULE("'read','getpid'", "ALLOW", "") "," RULE(
                "'ioctl'", "ALLOW", ARG(1, EQ, 5)) "," RULE("'fcntl'", "ALLOW", ARG(1, EQ, 5))) "}";
        static const char b_text[] = "{'defaultAction':'SCMP_ACT_KILL_PROCESS'," RULES(
                RULE("'read','getppid'", "ALLOW", "") "," RULE("'ioctl'", "ALLOW",
                        ARG(1, EQ, 5)) "," RULE("'fcntl'", "ALLOW", ARG(1, EQ, 6))) "}";
        const Arch *arch = arch_by_name("SCMP_ARCH_X86_64");
        _cleanup_fixture_ Fixture fixture_a = {}, fixture_b = {};
        Arena *arena = arena_new();
        unsigned n_known = 0;
        Policy a, b;
        Diff diff;

        (void) state;
        assert_non_null(arena);
        for (int nr = 0; nr < 4096; nr++) {
                char name[64];

                n_known += syscall_name(arch, nr, sizeof(name), name) == 0;
        }
        canonical_of(&fixture_a, a_text, &a);
        canonical_of(&fixture_b, b_text, &b);
        assert_int_equal(policy_diff(arena, &a, &b, POINTS_MAX, &diff), 0);
        assert_int_equal(diff.n_default[0], n_known - 3); /* read, getpid, getppid */
        arena_free(arena);
}

/* Where points are left out, it is said: too many masks on one argument, or a small budget. */
static void test_samples_are_told(void **state) {
        static const struct {
                size_t n_bits;
                size_t max_points;
                bool is_exhaustive;
        } cases[] = {
                { 4, POINTS_MAX, true },
                { 4, 12, false },
                { 13, 1000 * POINTS_MAX, false },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                PolicyRule rules[13];
                Condition conditions[N_ELEMENTS(rules)];
                Policy a = { .default_action = { ACTION_ERRNO, 1 },
                        .arches = { arch_by_name("SCMP_ARCH_X86_64") },
                        .n_arches = 1,
                        .rules = rules,
                        .n_rules = cases[i].n_bits };
                Policy b = a;
                Arena *arena = arena_new();
                Diff diff;

                assert_non_null(arena);
                for (size_t j = 0; j < cases[i].n_bits; j++) {
                        conditions[j] = (Condition){ .index = 1,
                                .op = OP_MASKED_EQ,
                                .value = 1ULL << j,
                                .value_two = 1ULL << j };
                        rules[j] = (PolicyRule){ .name = "ioctl",
                                .action = { ACTION_ALLOW, 0 },
                                .conditions = &conditions[j],
                                .n_conditions = 1 };
                }
                b.n_rules--;
                assert_int_equal(policy_diff(arena, &a, &b, cases[i].max_points, &diff), 0);
                assert_int_equal(diff.is_exhaustive, cases[i].is_exhaustive);
                assert_true(diff.n_points <= cases[i].max_points);
                arena_free(arena);
        }
}

/* One architecture with much to compare leaves the next one its share. */
static void test_each_architecture_has_its_share(void **state) {
        static const char a_text[] =
                "{" ERRNO TWO RULES(RULE("'openat2'", "ALLOW", "") "," RULE("'ioctl'", "ALLOW",
                        ARG(0, GT, 5) "," ARG(1, GT, 5) "," ARG(2, GT, 5)) "," RULE("'ioctl'",
                        "ALLOW", ARG(0, LT, 3) "," ARG(1, LT, 3) "," ARG(2, LT, 3))) "}";
        static const char b_text[] =
                "{" ERRNO TWO RULES(RULE("'openat2'", "ALLOW", "") "," RULE("'ioctl'", "LOG",
                        ARG(0, GT, 5) "," ARG(1, GT, 5) "," ARG(2, GT, 4)) "," RULE("'kill'",
                        "ALLOW", ARG(1, EQ, 0))) "}";
        _cleanup_fixture_ Fixture fixture_a = {}, fixture_b = {};
        Arena *arena = arena_new();
        unsigned arches = 0;
        Policy a, b;
        Diff diff;

        (void) state;
        assert_non_null(arena);
        canonical_of(&fixture_a, a_text, &a);
        canonical_of(&fixture_b, b_text, &b);
        assert_int_equal(policy_diff(arena, &a, &b, 4, &diff), 0);
        assert_true(diff.n_points <= 4);
        for (size_t i = 0; i < diff.n_calls; i++)
                if (strcmp(diff.calls[i].name, "kill") == 0)
                        arches |= diff.calls[i].arches;
        assert_int_equal(arches, 3);
        arena_free(arena);
}

static void test_effects_join(void **state) {
        static const DiffEffect joined[N_DIFF_EFFECTS][N_DIFF_EFFECTS] = {
                { DIFF_NONE, DIFF_CHANGED, DIFF_WIDENED, DIFF_NARROWED, DIFF_MIXED },
                { DIFF_CHANGED, DIFF_CHANGED, DIFF_WIDENED, DIFF_NARROWED, DIFF_MIXED },
                { DIFF_WIDENED, DIFF_WIDENED, DIFF_WIDENED, DIFF_MIXED, DIFF_MIXED },
                { DIFF_NARROWED, DIFF_NARROWED, DIFF_MIXED, DIFF_NARROWED, DIFF_MIXED },
                { DIFF_MIXED, DIFF_MIXED, DIFF_MIXED, DIFF_MIXED, DIFF_MIXED },
        };

        (void) state;
        for (unsigned a = 0; a < N_DIFF_EFFECTS; a++)
                for (unsigned b = 0; b < N_DIFF_EFFECTS; b++)
                        assert_int_equal(diff_effect_join(a, b), joined[a][b]);
}

static void test_effects_of_actions(void **state) {
        /* from the least strict to the strictest; equal numbers are as strict */
        static const unsigned strictness[N_ACTION_KINDS] = {
                [ACTION_ALLOW] = 0,
                [ACTION_LOG] = 0,
                [ACTION_NOTIFY] = 1,
                [ACTION_TRACE] = 1,
                [ACTION_ERRNO] = 2,
                [ACTION_TRAP] = 2,
                [ACTION_KILL_THREAD] = 2,
                [ACTION_KILL_PROCESS] = 2,
        };

        (void) state;
        for (unsigned from = 0; from < N_ACTION_KINDS; from++)
                for (unsigned to = 0; to < N_ACTION_KINDS; to++) {
                        const DiffEffect effect = diff_action_effect(
                                (Action){ .kind = from }, (Action){ .kind = to });

                        if (from == to)
                                assert_int_equal(effect, DIFF_NONE);
                        else if (strictness[from] == strictness[to])
                                assert_int_equal(effect, DIFF_CHANGED);
                        else
                                assert_int_equal(effect,
                                        strictness[from] < strictness[to] ? DIFF_NARROWED
                                                                          : DIFF_WIDENED);
                }
        assert_int_equal(
                diff_action_effect((Action){ ACTION_ERRNO, 1 }, (Action){ ACTION_ERRNO, 38 }),
                DIFF_CHANGED);
}

/* --- random pairs --- */

static uint64_t random_below(uint64_t *state, uint64_t n) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return (*state >> 11) % n;
}

static uint64_t random_value(uint64_t *state) {
        uint64_t small = random_below(state, 5);

        switch (random_below(state, 8)) {
        case 0: return small << 32 | random_below(state, 5);
        case 1: return UINT64_MAX - small;
        default: return small;
        }
}

#define RANDOM_RULES 4

typedef struct RandomPolicy {
        Policy policy;
        PolicyRule rules[RANDOM_RULES];
        Condition conditions[RANDOM_RULES][2];
} RandomPolicy;

static const char *const NAMES[] = { "ioctl", "socket", "accept", "unlink" };

static void random_rule(RandomPolicy *random, size_t i, uint64_t *state) {
        const size_t n = random_below(state, 3);
        const uint8_t first = (uint8_t) random_below(state, 2);

        for (size_t j = 0; j < n; j++) {
                Condition *condition = &random->conditions[i][j];

                *condition = (Condition){ .index = (uint8_t) (first + j),
                        .op = (Operator) random_below(state, N_OPERATORS),
                        .value = random_value(state) };
                if (condition->op == OP_MASKED_EQ)
                        condition->value_two = condition->value & random_value(state);
        }
        random->rules[i] = (PolicyRule){
                .name = NAMES[random_below(state, N_ELEMENTS(NAMES))],
                .action = { ACTION_ALLOW, 0 }, /* one action: no rules can contradict each other */
                .conditions = random->conditions[i],
                .n_conditions = (uint8_t) n,
        };
}

/* Two policies that are alike but for a rule or two. */
static void random_pair(RandomPolicy pair[static 2], Arena *arena, uint64_t *state) {
        static const char *const arches[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86",
                "SCMP_ARCH_S390X" };
        const Arch *arch = arch_by_name(arches[random_below(state, N_ELEMENTS(arches))]);

        for (size_t i = 0; i < RANDOM_RULES; i++)
                random_rule(&pair[0], i, state);
        memcpy(pair[1].conditions, pair[0].conditions, sizeof(pair[0].conditions));
        for (size_t i = 0; i < RANDOM_RULES; i++) {
                pair[1].rules[i] = pair[0].rules[i];
                pair[1].rules[i].conditions = pair[1].conditions[i];
        }
        random_rule(&pair[1], random_below(state, RANDOM_RULES), state);
        for (size_t i = 0; i < 2; i++) {
                Policy policy = {
                        .default_action = { ACTION_ERRNO,
                                (uint16_t) (1 + random_below(state, 8) / 7) },
                        .arches = { arch },
                        .n_arches = 1,
                        .rules = pair[i].rules,
                        .n_rules = RANDOM_RULES,
                };

                assert_int_equal(canonical_sort(arena, &policy, &pair[i].policy), 0);
        }
}

typedef struct Compiled {
        Program program;
        bool is_right; /* libseccomp compiled what the rules say */
} Compiled;

static Compiled compile(Arena *arena, const Policy *policy, int scratch_fd) {
        Compiled compiled = {};
        const PolicyRule *refused = NULL;
        VerifyResult result;
        EvalTable *table = NULL;

        if (policy_compile(arena, policy, policy->arches[0], 1, scratch_fd, &compiled.program,
                    &refused) < 0)
                return compiled;
        assert_int_equal(eval_table_new(arena, policy, policy->arches[0], &table), 0);
        assert_int_equal(program_verify(arena, table, policy->arches[0], &compiled.program,
                                 LIMIT_EVALUATION_POINTS, &result),
                0);
        compiled.is_right = !result.differs;
        return compiled;
}

static uint32_t run(
        const Compiled *compiled, const Arch *arch, int nr, const uint64_t args[SYSCALL_ARGS]) {
        struct seccomp_data data = { .nr = nr, .arch = arch->audit_arch };
        uint32_t ret = 0;

        for (size_t i = 0; i < SYSCALL_ARGS; i++)
                data.args[i] = compile_swaps(arch) ? args[i] << 32 | args[i] >> 32 : args[i];
        assert_int_equal(bpf_run(&compiled->program, &data, &ret), 0);
        return ret;
}

/* Whether the difference says that a call may go from one answer to the other. */
static bool is_told(const Diff *diff, int nr, const char *name, uint32_t from, uint32_t to) {
        for (size_t i = 0; i < diff->n_calls; i++) {
                const DiffCall *call = &diff->calls[i];

                if (call->nr != nr && !(name && call->name && strcmp(name, call->name) == 0))
                        continue;
                for (size_t j = 0; j < call->n_changes; j++)
                        if (action_to_ret(call->changes[j].from) == from &&
                                action_to_ret(call->changes[j].to) == to)
                                return true;
        }
        return false;
}

typedef enum PairOutcome {
        PAIR_SAME,
        PAIR_DIFFERENT,
        PAIR_MISCOMPILED,
        PAIR_UNTOLD,  /* programs differ where nothing was told */
        PAIR_UNSHOWN, /* an example shows nothing */
        PAIR_HANGS,
        N_PAIR_OUTCOMES,
} PairOutcome;

static bool examples_show(
        const Diff *diff, const Arch *arch, const Compiled *a, const Compiled *b) {
        for (size_t i = 0; i < diff->n_calls; i++) {
                const DiffCall *call = &diff->calls[i];

                for (size_t j = 0; j < call->n_changes; j++) {
                        const DiffChange *change = &call->changes[j];

                        if (run(a, arch, call->nr, change->args) != action_to_ret(change->from) ||
                                run(b, arch, call->nr, change->args) != action_to_ret(change->to) ||
                                change->effect != diff_action_effect(change->from, change->to))
                                return false;
                }
        }
        return true;
}

static PairOutcome try_pair(uint64_t seed, int scratch_fd) {
        uint64_t state = 0x9e3779b97f4a7c15 * (seed + 1);
        Arena *arena = arena_new();
        RandomPolicy pair[2];
        Compiled a, b;
        Diff diff;
        const Arch *arch = NULL;

        random_pair(pair, arena, &state);
        arch = pair[0].policy.arches[0];
        assert_int_equal(
                policy_diff(arena, &pair[0].policy, &pair[1].policy, POINTS_MAX, &diff), 0);
        assert_true(diff.is_exhaustive);
        a = compile(arena, &pair[0].policy, scratch_fd);
        b = compile(arena, &pair[1].policy, scratch_fd);
        if (!a.is_right || !b.is_right)
                return PAIR_MISCOMPILED;
        if (!examples_show(&diff, arch, &a, &b))
                return PAIR_UNSHOWN;
        for (size_t i = 0; i < 3000; i++) {
                const char *name = NAMES[random_below(&state, N_ELEMENTS(NAMES))];
                uint64_t args[SYSCALL_ARGS] = { random_value(&state), random_value(&state),
                        random_value(&state) };
                unsigned subcall = 0;
                uint32_t from, to;
                int nr = -1;

                if (i % 2 || syscall_number(arch, name, &nr) != SYSCALL_KNOWN || nr < 0) {
                        if (!syscall_subcall(arch, name, &nr, &subcall))
                                continue;
                        args[0] = subcall;
                }
                from = run(&a, arch, nr, args);
                to = run(&b, arch, nr, args);
                if (from == to)
                        continue;
                if (diff.default_effect != DIFF_NONE &&
                        from == action_to_ret(pair[0].policy.default_action) &&
                        to == action_to_ret(pair[1].policy.default_action))
                        continue;
                if (!is_told(&diff, nr, name, from, to))
                        return PAIR_UNTOLD;
        }
        arena_free(arena);
        return diff.effect == DIFF_NONE ? PAIR_SAME : PAIR_DIFFERENT;
}

/* In a child, since libseccomp does not return from some. */
static PairOutcome try_pair_apart(uint64_t seed, int scratch_fd) {
        const struct itimerval second = { .it_value = { .tv_sec = 1 } };
        int status = 0;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                setitimer(ITIMER_PROF, &second, NULL);
                _exit((int) try_pair(seed, scratch_fd));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
                return PAIR_HANGS;
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < N_PAIR_OUTCOMES);
        return (PairOutcome) WEXITSTATUS(status);
}

static void test_random_pairs(void **state) {
        int scratch_fd = memfd_create("scratch", MFD_CLOEXEC);
        size_t n[N_PAIR_OUTCOMES] = {};

        (void) state;
        assert_true(scratch_fd >= 0);
        for (uint64_t seed = 0; seed < 1000; seed++) {
                PairOutcome outcome = try_pair_apart(seed, scratch_fd);

                n[outcome]++;
                if (outcome == PAIR_UNTOLD || outcome == PAIR_UNSHOWN)
                        fail_msg("pair %ju: %s", (uintmax_t) seed,
                                outcome == PAIR_UNTOLD ? "a difference is not told"
                                                       : "an example shows no difference");
        }
        close(scratch_fd);
        print_message("same %zu, different %zu, miscompiled %zu, never compile %zu\n", n[PAIR_SAME],
                n[PAIR_DIFFERENT], n[PAIR_MISCOMPILED], n[PAIR_HANGS]);
        assert_true(n[PAIR_SAME] > 50);
        assert_true(n[PAIR_DIFFERENT] > 500);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pairs),
                cmocka_unit_test(test_calls_that_get_the_default),
                cmocka_unit_test(test_samples_are_told),
                cmocka_unit_test(test_each_architecture_has_its_share),
                cmocka_unit_test(test_effects_join),
                cmocka_unit_test(test_effects_of_actions),
                cmocka_unit_test(test_random_pairs),
        };

        compile_warm_up();
        return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
