/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Searches for rules that libseccomp compiles wrong, and makes each find as small as it can be: a
 * rule less, a condition less, a simpler operator, a smaller constant, as long as libseccomp goes
 * on doing the same kind of wrong. What is left is known by its shape, the operators and arguments
 * of its conditions without their constants, and one of each shape is kept.
 */

#include "oracles/oracles.h"

#include "base/cleanup.h"
#include "oracles/trial.h"
#include "profile/compile.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#define JUDGE_MSEC 200
#define SHAPES_MAX 1024U
#define SHAPE_SIZE 160U

typedef struct Shape {
        char text[SHAPE_SIZE];
        Draft draft;
        Judgement judgement;
        uint64_t n;
} Shape;

typedef struct Search {
        int scratch_fd;
        Shape *shapes;
        size_t n_shapes;
        uint64_t n_found[N_JUDGEMENTS];
} Search;

static const char *const names[N_JUDGEMENTS] = { "right", "weaker", "stricter", "other", "refused",
        "endless", "deadly" };

/* In a child, which libseccomp may keep or kill. */
static Judgement judge(const Search *search, const Draft *draft) {
        const struct itimerval limit = { .it_value = { .tv_usec = JUDGE_MSEC * 1000 } };
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (!freopen("/dev/null", "w", stderr)) /* glibc's word on a broken heap */
                        _exit(JUDGED_NOTHING);
                setitimer(ITIMER_PROF, &limit, NULL);
                _exit((int) trial_judge(draft, search->scratch_fd));
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                return JUDGED_NOTHING;
        if (WIFEXITED(status))
                return WEXITSTATUS(status) < N_JUDGEMENTS ? (Judgement) WEXITSTATUS(status)
                                                          : JUDGED_NOTHING;
        return WTERMSIG(status) == SIGPROF ? JUDGED_ENDLESS : JUDGED_DEADLY;
}

/* Takes a smaller draft in place of the larger when it shows the same. */
static bool take_if_same(
        const Search *search, Draft *draft, const Draft *smaller, Judgement judgement) {
        if (judge(search, smaller) != judgement)
                return false;
        *draft = *smaller;
        return true;
}

static bool drop_rules(const Search *search, Draft *draft, Judgement judgement) {
        bool is_smaller = false;

        for (size_t i = 0; draft->n_rules > 1 && i < draft->n_rules; i++) {
                Draft without = *draft;

                without.n_rules--;
                memmove(&without.rules[i], &without.rules[i + 1],
                        (without.n_rules - i) * sizeof(without.rules[0]));
                if (take_if_same(search, draft, &without, judgement)) {
                        is_smaller = true;
                        i--;
                }
        }
        return is_smaller;
}

static bool drop_arches(const Search *search, Draft *draft, Judgement judgement) {
        bool is_smaller = false;

        for (size_t i = 1; i < draft->n_arches; i++) {
                Draft without = *draft;

                without.n_arches--;
                memmove(&without.arches[i], &without.arches[i + 1],
                        (without.n_arches - i) * sizeof(without.arches[0]));
                if (take_if_same(search, draft, &without, judgement)) {
                        is_smaller = true;
                        i--;
                }
        }
        return is_smaller;
}

static bool drop_args(const Search *search, Draft *draft, Judgement judgement, size_t rule) {
        bool is_smaller = false;

        for (size_t i = 0; draft->rules[rule].n_args > 1 && i < draft->rules[rule].n_args; i++) {
                Draft without = *draft;
                DraftRule *changed = &without.rules[rule];

                changed->n_args--;
                memmove(&changed->args[i], &changed->args[i + 1],
                        (changed->n_args - i) * sizeof(changed->args[0]));
                if (take_if_same(search, draft, &without, judgement)) {
                        is_smaller = true;
                        i--;
                }
        }
        return is_smaller;
}

static bool try_arg(
        const Search *search, Draft *draft, Judgement judgement, DraftArg *at, DraftArg arg) {
        Draft changed = *draft;
        DraftArg *in_changed = (DraftArg *) ((char *) &changed + ((char *) at - (char *) draft));

        if (at->index == arg.index && at->op == arg.op && at->value == arg.value &&
                at->value_two == arg.value_two)
                return false;
        *in_changed = arg;
        return take_if_same(search, draft, &changed, judgement);
}

/* A simpler operator first, then the least constant that will do. */
static bool simplify_arg(const Search *search, Draft *draft, Judgement judgement, DraftArg *at) {
        static const Operator simple[] = { OP_EQ, OP_NE, OP_GE, OP_GT, OP_LE, OP_LT };
        static const uint64_t small[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 1ULL << 32, 2ULL << 32 };
        bool is_smaller = false;

        for (size_t i = 0; i < N_ELEMENTS(simple) && simple[i] != at->op; i++) {
                DraftArg arg = *at;

                arg.op = simple[i];
                arg.value_two = 0;
                if (try_arg(search, draft, judgement, at, arg)) {
                        is_smaller = true;
                        break;
                }
        }
        for (size_t i = 0; i < N_ELEMENTS(small) && small[i] < at->value; i++) {
                DraftArg arg = *at;

                arg.value = small[i];
                arg.value_two &= small[i];
                if (try_arg(search, draft, judgement, at, arg)) {
                        is_smaller = true;
                        break;
                }
        }
        return is_smaller;
}

static bool simplify_rule(const Search *search, Draft *draft, Judgement judgement, size_t rule) {
        bool is_smaller = drop_args(search, draft, judgement, rule);
        Draft changed = *draft;

        changed.rules[rule].action = changed.rules[0].action;
        if (!action_equal(changed.rules[rule].action, draft->rules[rule].action))
                is_smaller |= take_if_same(search, draft, &changed, judgement);
        for (size_t i = 0; i < draft->rules[rule].n_args; i++)
                is_smaller |= simplify_arg(search, draft, judgement, &draft->rules[rule].args[i]);
        return is_smaller;
}

static void minimise(const Search *search, Draft *draft, Judgement judgement) {
        bool is_smaller = true;

        while (is_smaller) {
                is_smaller = drop_rules(search, draft, judgement);
                is_smaller |= drop_arches(search, draft, judgement);
                for (size_t i = 0; i < draft->n_rules; i++)
                        is_smaller |= simplify_rule(search, draft, judgement, i);
        }
}

/* Arguments by the order in which they are met, actions by their difference from the first. */
static void shape_of(const Draft *draft, Judgement judgement, char text[static SHAPE_SIZE]) {
        char letters[SYSCALL_ARGS] = "", next = 'a';
        _cleanup_buf_ Buf buf = {};

        buf_printf(&buf, "%s", names[judgement]);
        for (size_t i = 1; i < draft->n_arches; i++)
                buf_printf(&buf, " %s", draft->arches[i]->name + strlen("SCMP_ARCH_"));
        for (size_t i = 0; i < draft->n_rules; i++) {
                const DraftRule *rule = &draft->rules[i];

                buf_puts(&buf, i > 0 ? " |" : ":");
                if (strcmp(rule->names[0], draft->rules[0].names[0]) != 0)
                        buf_puts(&buf, " (other call)");
                if (!action_equal(rule->action, draft->rules[0].action))
                        buf_puts(&buf, " (other action)");
                for (size_t j = 0; j < rule->n_args; j++) {
                        const DraftArg *arg = &rule->args[j];

                        if (!letters[arg->index])
                                letters[arg->index] = next++;
                        buf_printf(&buf, " %c %s%s", letters[arg->index],
                                operator_name(arg->op) + strlen("SCMP_CMP_"),
                                arg->value > UINT32_MAX ? " wide" : "");
                }
        }
        snprintf(text, SHAPE_SIZE, "%s", buf.data ? buf.data : "");
}

static void keep(Search *search, const Draft *draft, Judgement judgement) {
        char text[SHAPE_SIZE];
        size_t i = 0;

        shape_of(draft, judgement, text);
        while (i < search->n_shapes && strcmp(search->shapes[i].text, text) != 0)
                i++;
        if (i == SHAPES_MAX)
                return;
        if (i == search->n_shapes) {
                search->n_shapes++;
                search->shapes[i] = (Shape){ .draft = *draft, .judgement = judgement };
                memcpy(search->shapes[i].text, text, sizeof(text));
        }
        search->shapes[i].n++;
}

static int shape_compare(const void *left, const void *right) {
        const Shape *a = left, *b = right;

        return a->n != b->n ? (a->n < b->n) - (a->n > b->n) : strcmp(a->text, b->text);
}

static int shape_write(const Shape *shape, size_t i, const char *directory) {
        _cleanup_free_ char *path = NULL;
        _cleanup_fclose_ FILE *file = NULL;
        _cleanup_buf_ Buf text = {};

        printf("%03zu %6" PRIu64 " times: %s\n", i, shape->n, shape->text);
        draft_print(&text, &shape->draft);
        if (buf_error(&text) < 0 ||
                asprintf(&path, "%s/%03zu-%s.json", directory, i, names[shape->judgement]) < 0)
                return -ENOMEM;
        file = fopen(path, "we");
        return file && fputs(text.data, file) >= 0 ? 0 : -EIO;
}

int search_run(const char *directory, uint64_t seed, uint64_t n_drafts) {
        Search search = { .scratch_fd = memfd_create("oracles", MFD_CLOEXEC),
                .shapes = calloc(SHAPES_MAX, sizeof(Shape)) };
        int r = 0;

        if (search.scratch_fd < 0 || !search.shapes ||
                (mkdir(directory, 0755) < 0 && errno != EEXIST))
                return 2;
        compile_warm_up();
        for (uint64_t i = 0; i < n_drafts; i++) {
                uint64_t random = (seed << 32) + i;
                Draft draft = draft_random(DRAFT_CROWDED, &random);
                Judgement judgement = judge(&search, &draft);

                search.n_found[judgement]++;
                if (judgement == JUDGED_NOTHING)
                        continue;
                minimise(&search, &draft, judgement);
                keep(&search, &draft, judgement);
        }
        qsort(search.shapes, search.n_shapes, sizeof(Shape), shape_compare);
        for (size_t i = 0; r == 0 && i < search.n_shapes; i++)
                r = shape_write(&search.shapes[i], i, directory);
        printf("of %" PRIu64 " profiles", n_drafts);
        for (size_t i = JUDGED_WEAKER; i < N_JUDGEMENTS; i++)
                printf(" %" PRIu64 " %s%s", search.n_found[i], names[i],
                        i + 1 < N_JUDGEMENTS ? "," : "");
        printf("; %zu shapes in %s; seed %" PRIu64 "\n", search.n_shapes, directory, seed);
        free(search.shapes);
        close(search.scratch_fd);
        return r < 0 ? 2 : 0;
}
