/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The case table: tests/cases/SPnnn-slug/ holds profiles for one rule of the catalogue, each with
 * the complete verdict beside it. bad-* must be found by the rule; near-* comes close to it and
 * must not be; good-* is how it should be done, and is installed without it. Every directory is a
 * test.
 *
 *     NAME.json     the profile
 *     NAME.expect   settings (optional): "# node arch=x86_64,kernel=6.1,caps=default", or what an
 *                   owner's file may say, as "# forbid-syscall mount"; then "installed" or
 *                   "invalid"; then each finding: "SP302 error 3:21 /syscalls/0/action" (the whole
 *                   document is ".", no place in it "-")
 *
 * SECCOMPD_UPDATE_CASES=1 writes the .expect files anew; each of them is then to be read by a
 * person. A check runs in a child with little processor time, because libseccomp does not come to
 * an end for some of the cases.
 */

#include "support.h"

#include "checked_node.h"

#include "base/cleanup.h"
#include "node/worker.h"
#include "profile/compile.h"
#include "profile/node_spec.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define CPU_SECONDS 4
#define NODE_KEY    "node "

static int run_check(int fd, void *userdata) {
        const struct rlimit limit = { CPU_SECONDS, CPU_SECONDS + 1 };
        int scratch_fd = memfd_create("cases-scratch", MFD_CLOEXEC);

        if (scratch_fd < 0 || setrlimit(RLIMIT_CPU, &limit) < 0)
                return 1;
        return worker_serve(fd, scratch_fd, userdata) < 0;
}

static Verdict *check(const WorkerRequest *request) {
        _cleanup_child_ Child child = { .fd = -1 };
        WorkerRequest copy = *request;
        Verdict *verdict = NULL;
        int status = 0;

        assert_int_equal(child_start(run_check, &copy, WORKER_REPLY_BYTES, &child), 0);
        assert_int_equal(child_wait(&child, &status), 0);
        assert_int_equal(worker_verdict(&child, status, false, &verdict), 0);
        return verdict;
}

/* The node of the cases, unless one says otherwise. */
static CheckOptions options_default(void) {
        return checked_node(arch_by_machine("x86_64"));
}

/* Reads "node arch=aarch64,kernel=5.10,caps=none", or a line of an owner's file. */
static void read_setting(const char *line, CheckOptions *options, OwnerConfig *owner) {
        _cleanup_free_ char *setting = strndup(line, strcspn(line, "\n"));
        _cleanup_buf_ Buf problem = {};
        int r;

        assert_non_null(setting);
        if (strncmp(setting, NODE_KEY, strlen(NODE_KEY)) == 0)
                r = node_spec_parse(setting + strlen(NODE_KEY), options, &problem);
        else
                r = owner_config_read(owner, "setting", setting, strlen(setting), &problem);
        if (r < 0)
                fail_msg("%s", problem.data);
}

/* The pointer of the whole document is empty: it is shown as ".". */
static void print_diag(Buf *buf, const Diag *diag) {
        const char *pointer = diag->pointer ? diag->pointer : "-";

        buf_printf(buf, "SP%d %s %u:%u %s\n", diag->rule, severity_name(diag->severity), diag->line,
                diag->column, *pointer ? pointer : ".");
}

static char *print_verdict(const Verdict *verdict) {
        static const char *const kinds[] = {
                [VERDICT_GOOD] = "installed\n",
                [VERDICT_BAD] = "invalid\n",
                [VERDICT_DIED] = "died\n",
        };
        Buf buf = {};
        char *text = NULL;

        buf_puts(&buf, kinds[verdict->kind]);
        for (size_t i = 0; i < verdict->diags.n; i++)
                print_diag(&buf, &verdict->diags.items[i]);
        if (verdict->diags.n_dropped > 0)
                buf_printf(&buf, "%zu more\n", verdict->diags.n_dropped);
        assert_int_equal(buf_take(&buf, &text, NULL), 0);
        return text;
}

/* Whether one of the lines of `text` is the first line of `line`. */
static bool has_line(const char *text, const char *line) {
        size_t length = strcspn(line, "\n");

        for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
                if (strcspn(text, "\n") == length && strncmp(text, line, length) == 0)
                        return true;
        return false;
}

static void print_missing(const char *mark, const char *text, const char *other) {
        for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
                if (!has_line(other, text))
                        print_error("    %s %.*s\n", mark, (int) strcspn(text, "\n"), text);
}

static void explain_difference(
        const char *path, const char *expected, const char *actual, const Verdict *verdict) {
        print_error("  %s (- expected, + found):\n", path);
        print_missing("-", expected, actual);
        print_missing("+", actual, expected);
        for (size_t i = 0; i < verdict->diags.n; i++)
                print_error("      SP%d: %s\n", verdict->diags.items[i].rule,
                        verdict->diags.items[i].message);
}

static bool has_rule(const Verdict *verdict, unsigned id) {
        for (size_t i = 0; i < verdict->diags.n; i++)
                if (verdict->diags.items[i].rule == id)
                        return true;
        return false;
}

/* What the case's name promises of the directory's rule. */
static bool keeps_promise(const char *name, unsigned id, const Verdict *verdict) {
        if (strncmp(name, "bad-", 4) == 0)
                return has_rule(verdict, id);
        if (strncmp(name, "near-", 5) == 0)
                return !has_rule(verdict, id);
        if (strncmp(name, "good-", 5) == 0)
                return !has_rule(verdict, id) && verdict->kind == VERDICT_GOOD;
        return false;
}

/* The lines of an .expect file that begin with '#', and what follows them. */
static const char *skip_comments(const char *text) {
        while (*text == '#') {
                text += strcspn(text, "\n");
                text += *text == '\n';
        }
        return text;
}

static void write_expectation(
        const char *path, const char *before, size_t comments_size, const char *actual) {
        _cleanup_fclose_ FILE *file = fopen(path, "we");

        assert_non_null(file);
        assert_int_equal(fwrite(before, 1, comments_size, file), comments_size);
        assert_true(fputs(actual, file) >= 0);
}

/* What is expected of a case; nothing yet when a new one is to be written down. */
static char *read_expectation(const char *path, bool is_update) {
        if (is_update && access(path, F_OK) < 0)
                return strdup("");
        return support_read_file(path, NULL);
}

/* Runs the case of `dir` whose profile is `file`. Returns whether it is as expected. */
static bool run_case(const char *dir, const char *file, unsigned id) {
        _cleanup_(owner_config_done) OwnerConfig owner = {};
        CheckOptions options = options_default();
        WorkerRequest request = { .options = &options };
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        _cleanup_free_ char *path = NULL, *expect_path = NULL;
        _cleanup_free_ char *bytes = NULL, *expect = NULL, *actual = NULL;
        const char *expected = NULL;
        bool is_update = getenv("SECCOMPD_UPDATE_CASES");

        assert_true(asprintf(&path, "%s/%s", dir, file) >= 0);
        assert_true(asprintf(&expect_path, "%.*s.expect", (int) (strlen(path) - strlen(".json")),
                            path) >= 0);
        expect = read_expectation(expect_path, is_update);
        assert_non_null(expect);
        expected = skip_comments(expect);
        for (const char *line = expect; line < expected; line = strchr(line, '\n') + 1)
                read_setting(line + strlen("# "), &options, &owner);
        options.rules = owner.rules;
        options.policy = &owner.policy;
        bytes = support_read_file(path, &request.size_bytes);
        request.bytes = bytes;
        verdict = check(&request);
        actual = print_verdict(verdict);
        if (!keeps_promise(file, id, verdict)) {
                explain_difference(path, "", actual, verdict);
                print_error("    the name of the case promises something else of SP%u\n", id);
                return false;
        }
        if (is_update)
                write_expectation(expect_path, expect, (size_t) (expected - expect), actual);
        else if (strcmp(expected, actual) != 0)
                explain_difference(path, expected, actual, verdict);
        return is_update || strcmp(expected, actual) == 0;
}

/* The absolute path of a directory of cases, or of all of them for "". Owned; NULL for failure. */
static char *cases_path(const char *name) {
        _cleanup_free_ char *root = realpath(support_root(), NULL);
        char *path = NULL;

        if (!root || asprintf(&path, "%s/tests/cases/%s", root, name) < 0)
                return NULL;
        return path;
}

static int is_profile(const struct dirent *entry) {
        return fnmatch("*.json", entry->d_name, 0) == 0;
}

static int is_rule_dir(const struct dirent *entry) {
        return fnmatch("SP[0-9][0-9][0-9]-*", entry->d_name, 0) == 0;
}

/* Every profile of a directory: all that fail are shown, then the test fails. */
static void test_directory(void **state) {
        const char *name = *state;
        struct dirent **entries = NULL;
        _cleanup_free_ char *dir = cases_path(name);
        size_t n_failed = 0;
        int n;

        assert_non_null(dir);
        n = scandir(dir, &entries, is_profile, alphasort);
        assert_true(n > 0);
        for (int i = 0; i < n; i++) {
                n_failed += !run_case(
                        dir, entries[i]->d_name, (unsigned) strtoul(name + strlen("SP"), NULL, 10));
                free(entries[i]);
        }
        free(entries);
        assert_int_equal(n_failed, 0);
}

/* Rules that no text of a profile can show, and the tests that show them instead. */
static const struct {
        RuleId id;
        const char *file;
        const char *bad[2];
        const char *near;
} elsewhere[] = {
        { SP206, "tests/integration/test_bad_input.py",
                { "test_what_is_no_file_of_the_source_is_refused_by_name",
                        "test_an_unreadable_file_is_refused_and_keeps_what_is_installed" },
                "test_a_link_within_the_source_is_followed" },
        { SP910, "tests/integration/test_flow.py",
                { "test_an_update_of_errnos_only_is_told",
                        "test_an_update_of_errnos_only_weighs_what_the_owner_says" },
                "test_an_update_of_more_than_errnos_is_not_told" },
};

static size_t count_cases(const char *dir, const char *pattern) {
        struct dirent **entries = NULL;
        _cleanup_free_ char *path = cases_path(dir);
        size_t n_found = 0;
        int n;

        assert_non_null(path);
        n = scandir(path, &entries, is_profile, NULL);
        assert_true(n >= 0);
        for (int i = 0; i < n; i++) {
                n_found += fnmatch(pattern, entries[i]->d_name, 0) == 0;
                free(entries[i]);
        }
        free(entries);
        return n_found;
}

static bool has_function(const char *python, const char *name) {
        _cleanup_free_ char *line = NULL;

        assert_true(asprintf(&line, "\ndef %s(", name) >= 0);
        return strstr(python, line);
}

/* Whether the rule is one of `elsewhere`, and has its tests there. */
static bool is_shown_elsewhere(const Rule *rule) {
        for (size_t i = 0; i < N_ELEMENTS(elsewhere); i++) {
                _cleanup_free_ char *python = NULL;

                if (elsewhere[i].id != rule->id)
                        continue;
                python = support_read_file(elsewhere[i].file, NULL);
                return has_function(python, elsewhere[i].bad[0]) &&
                        has_function(python, elsewhere[i].bad[1]) &&
                        has_function(python, elsewhere[i].near);
        }
        return false;
}

/* The directory of a rule among `n` names, or NULL; a second one is a mistake. */
static const char *find_dir(const char *const *dirs, size_t n, RuleId id) {
        const char *found = NULL;
        char prefix[16];

        snprintf(prefix, sizeof(prefix), "SP%u-", (unsigned) id);
        for (size_t i = 0; i < n; i++)
                if (strncmp(dirs[i], prefix, strlen(prefix)) == 0) {
                        assert_null(found);
                        found = dirs[i];
                }
        return found;
}

static bool is_documented(const char *page, const Rule *rule) {
        _cleanup_free_ char *heading = NULL;

        assert_true(asprintf(&heading, "\n## SP%u: %s\n", (unsigned) rule->id, rule->summary) >= 0);
        return strstr(page, heading);
}

/* What main() found below tests/cases. */
typedef struct Directories {
        const char *const *names;
        size_t n;
} Directories;

/* Every rule of the catalogue has two bad cases, a near miss and its section of docs/rules.md. */
static void test_no_rule_is_forgotten(void **state) {
        const Directories *dirs = *state;
        _cleanup_free_ char *page = support_read_file("docs/rules.md", NULL);
        size_t n_rules = 0, n_failed = 0;
        const Rule *rules = rules_all(&n_rules);

        for (size_t i = 0; i < n_rules; i++) {
                const char *dir = find_dir(dirs->names, dirs->n, rules[i].id);
                bool has_cases = dir
                        ? count_cases(dir, "bad-*") >= 2 && count_cases(dir, "near-*") >= 1
                        : is_shown_elsewhere(&rules[i]);

                if (has_cases && is_documented(page, &rules[i]))
                        continue;
                print_error("  SP%u has %s\n", (unsigned) rules[i].id,
                        has_cases ? "no section of its summary in docs/rules.md"
                                  : "less than two bad cases and a near miss");
                n_failed++;
        }
        assert_int_equal(n_failed, 0);
}

int main(void) {
        _cleanup_free_ struct CMUnitTest *tests = NULL;
        _cleanup_free_ const char **names = NULL;
        struct dirent **entries = NULL;
        _cleanup_free_ char *dir = cases_path("");
        Directories dirs = {};
        int n, n_failed;

        compile_warm_up();
        n = dir ? scandir(dir, &entries, is_rule_dir, alphasort) : -1;
        if (n <= 0) {
                fprintf(stderr, "there are no cases\n");
                return 1;
        }
        tests = calloc((size_t) n + 1, sizeof(tests[0]));
        names = calloc((size_t) n, sizeof(names[0]));
        if (!tests || !names)
                return 1;
        for (int i = 0; i < n; i++) {
                names[i] = entries[i]->d_name;
                tests[i] = (struct CMUnitTest){
                        .name = entries[i]->d_name,
                        .test_func = test_directory,
                        .initial_state = entries[i]->d_name,
                };
        }
        dirs = (Directories){ names, (size_t) n };
        tests[n] = (struct CMUnitTest){
                .name = "test_no_rule_is_forgotten",
                .test_func = test_no_rule_is_forgotten,
                .initial_state = &dirs,
        };
        n_failed = _cmocka_run_group_tests("cases", tests, (size_t) n + 1, NULL, NULL);
        for (int i = 0; i < n; i++)
                free(entries[i]);
        free(entries);
        return n_failed;
}
