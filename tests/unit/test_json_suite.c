/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Conformance to RFC 8259, strictly: tests/cases/json has texts that every strict parser refuses,
 * or takes, in the manner of the field's known suites. What is refused here is refused as a whole
 * profile, as a part of one, and whatever cJSON thinks of it; where parsers of the field differ
 * (byte order marks, lone surrogates, depth, NaN) the text is refused.
 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/check.h"
#include "profile/compile.h"
#include "profile/limits.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static CheckOptions options = {
        .facts = {
                .kernel_major = 6,
                .kernel_minor = 1,
                .actions = ACTION_BIT(N_ACTION_KINDS) - 1,
                .api_level = 6,
        },
};
static int scratch_fd = -1;

static int setup(void **state) {
        (void) state;
        compile_warm_up();
        options.facts.arch = arch_by_machine("x86_64");
        options.capabilities = capabilities_default();
        scratch_fd = memfd_create("json-suite", MFD_CLOEXEC);
        return scratch_fd < 0;
}

static int teardown(void **state) {
        (void) state;
        scratch_fd = fd_close(scratch_fd);
        return 0;
}

/* One line: NAME, a tab, the text, in which %XX stands for a byte. */
typedef struct Case {
        char *name;
        Buf text;
} Case;

static void case_done(Case *item) {
        free(item->name);
        buf_done(&item->text);
}

/* Reads a line and moves behind it; false at the end of the file. */
static bool next_case(const char **at, Case *ret_case) {
        const char *tab = NULL, *end = NULL;

        while (**at == '#')
                *at += strcspn(*at, "\n") + 1;
        if (**at == '\0')
                return false;
        tab = *at + strcspn(*at, "\t\n");
        end = tab + strcspn(tab, "\n");
        assert_int_equal(*tab, '\t');
        ret_case->name = strndup(*at, (size_t) (tab - *at));
        buf_append(&ret_case->text, "", 0);
        for (const char *from = tab + 1; from < end; from++) {
                unsigned byte = (unsigned char) *from;

                if (*from == '%') {
                        assert_int_equal(sscanf(from, "%%%2X", &byte), 1);
                        from += 2;
                }
                buf_putc(&ret_case->text, (char) byte);
        }
        assert_int_equal(buf_error(&ret_case->text), 0);
        *at = end + (*end == '\n');
        return true;
}

static Verdict *check(const char *bytes, size_t size_bytes) {
        const CheckContext context = { .options = &options, .scratch_fd = scratch_fd };
        /* a copy of its own size, so that a read past its end is seen */
        _cleanup_free_ char *copy = malloc(size_bytes > 0 ? size_bytes : 1);
        Verdict *verdict = NULL;

        assert_non_null(copy);
        memcpy(copy, bytes, size_bytes);
        assert_int_equal(check_profile(&context, copy, size_bytes, &verdict), 0);
        return verdict;
}

static Verdict *check_inside(const Case *item) {
        _cleanup_buf_ Buf text = {};

        buf_puts(&text, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"comment\":");
        buf_append(&text, item->text.data, item->text.size);
        buf_puts(&text, "}");
        assert_int_equal(buf_error(&text), 0);
        return check(text.data, text.size);
}

/* Whether a check ended with findings of one rule alone, each at a place of the text. */
static bool is_refused_by(const Verdict *verdict, RuleId rule, bool has_place) {
        for (size_t i = 0; i < verdict->diags.n; i++) {
                const Diag *diag = &verdict->diags.items[i];

                if (diag->rule != rule || strlen(diag->message) <= 8 ||
                        (has_place && diag->line == 0))
                        return false;
        }
        return verdict->kind == VERDICT_BAD && verdict->diags.n > 0;
}

/* Whether it is no JSON, or too deep, alone and as a part of a profile. */
static bool is_refused(const Case *item, const Verdict *alone, const Verdict *inside) {
        bool is_deep = strncmp(item->name, "depth-", 6) == 0;
        RuleId rule = is_deep ? SP102 : SP101;

        return is_refused_by(alone, rule, item->text.size > 0) && is_refused_by(inside, rule, true);
}

static void test_refused(void **state) {
        _cleanup_free_ char *file = support_read_file("tests/cases/json/reject.txt", NULL);
        const char *at = file;
        size_t n = 0, n_failed = 0;

        (void) state;
        for (;; n++) {
                _cleanup_(case_done) Case item = {};
                _cleanup_(verdict_freep) Verdict *alone = NULL, *inside = NULL;

                if (!next_case(&at, &item))
                        break;
                alone = check(item.text.data, item.text.size);
                inside = check_inside(&item);
                if (is_refused(&item, alone, inside))
                        continue;
                print_error("  %s: %s, inside a profile %s (%zu findings, %s)\n", item.name,
                        alone->kind == VERDICT_BAD ? "refused" : "taken",
                        inside->kind == VERDICT_BAD ? "refused" : "taken", alone->diags.n,
                        alone->diags.n > 0 ? alone->diags.items[0].message : "none");
                n_failed++;
        }
        assert_int_equal(n_failed, 0);
        assert_true(n > 250);
}

static bool has_rule(const Verdict *verdict, RuleId id) {
        for (size_t i = 0; i < verdict->diags.n; i++)
                if (verdict->diags.items[i].rule == id)
                        return true;
        return false;
}

/* JSON that a profile must not hold all the same: numbers that cJSON cannot hold, and keys that end
 * early for it. */
static const struct {
        const char *name;
        RuleId rule;
} stricter[] = {
        { "number-double-close-to-zero", SP104 },
        { "number-huge-exponent", SP104 },
        { "object-escaped-nul-in-key", SP101 },
};

static RuleId stricter_rule(const char *name) {
        for (size_t i = 0; i < N_ELEMENTS(stricter); i++)
                if (strcmp(stricter[i].name, name) == 0)
                        return stricter[i].rule;
        return 0;
}

static bool is_taken(const Case *item, const Verdict *alone, const Verdict *inside) {
        RuleId rule = stricter_rule(item->name);

        if (rule != 0)
                return has_rule(alone, rule) && has_rule(inside, rule);
        return !has_rule(alone, SP101) && !has_rule(alone, SP102) && inside->kind == VERDICT_GOOD;
}

static void test_taken(void **state) {
        _cleanup_free_ char *file = support_read_file("tests/cases/json/accept.txt", NULL);
        const char *at = file;
        size_t n = 0, n_failed = 0;

        (void) state;
        for (;; n++) {
                _cleanup_(case_done) Case item = {};
                _cleanup_(verdict_freep) Verdict *alone = NULL, *inside = NULL;

                if (!next_case(&at, &item))
                        break;
                alone = check(item.text.data, item.text.size);
                inside = check_inside(&item);
                if (is_taken(&item, alone, inside))
                        continue;
                print_error("  %s: %s, inside a profile %s: %s\n", item.name,
                        has_rule(alone, SP101) ? "refused" : "taken",
                        inside->kind == VERDICT_GOOD ? "taken" : "refused",
                        inside->diags.n > 0 ? inside->diags.items[0].message : "none");
                n_failed++;
        }
        assert_int_equal(n_failed, 0);
        assert_true(n > 100);
}

/* The depth that recursive parsers die of. */
static void test_bottomless(void **state) {
        static const char *const parts[] = { "[", "{\"a\":", "[{\"\":" };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(parts); i++) {
                _cleanup_(verdict_freep) Verdict *verdict = NULL;
                _cleanup_buf_ Buf text = {};

                while (text.size + strlen(parts[i]) <= LIMIT_PROFILE_BYTES)
                        buf_puts(&text, parts[i]);
                verdict = check(text.data, text.size);
                assert_int_equal(verdict->diags.n, 1);
                assert_int_equal(verdict->diags.items[0].rule, SP102);
                assert_int_equal(verdict->diags.items[0].line, 1);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_taken),
                cmocka_unit_test(test_bottomless),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
