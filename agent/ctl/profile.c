/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What compile, explain and diff share: a profile that was checked first, so that whatever is said
 * of it is said of one that a node would install; and work on it in a confined child, since the
 * text is a stranger's here too. What such a child has made is shown only if nothing in it could
 * move a terminal's cursor.
 */

#include "ctl/ctl.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void profile_done(Profile *profile) {
        inputs_done(&profile->inputs);
        verdict_free(profile->verdict);
        *profile = (Profile){};
}

static int show_findings(const Input *input, const Verdict *verdict, Severity least) {
        _cleanup_buf_ Buf text = {};
        int r = findings_render(&text, &verdict->diags, least, input, false);

        if (r == 0)
                r = buf_error(&text);
        if (r == 0 && text.size > 0)
                fputs(text.data, stderr);
        return r;
}

static int read_input(const char *program, const char *path, Inputs *inputs) {
        int r = inputs_add(inputs, path);

        if (r < 0) {
                fprintf(stderr, "%s: %s\n", program, strerror(-r));
                return CTL_USAGE;
        }
        if (inputs->n == 1 && inputs->items[0].bytes)
                return 0;
        fprintf(stderr, "%s: %s: %s\n", program, path,
                inputs->n == 1 && inputs->items[0].error < 0 ? strerror(-inputs->items[0].error)
                                                             : "is a directory; give one FILE");
        return CTL_USAGE;
}

int profile_check(
        const char *program, const CheckOptions *options, Severity least, Profile *profile) {
        const Input *input = &profile->inputs.items[0];
        const WorkerRequest request = {
                .bytes = input->bytes,
                .size_bytes = input->size_bytes,
                .options = options,
        };
        int r;

        profile->verdict = verdict_free(profile->verdict);
        r = worker_check(&request, &profile->verdict);
        if (r == 0)
                r = show_findings(input, profile->verdict, least);
        if (r < 0) {
                fprintf(stderr, "%s: %s: %s\n", program, input->name, strerror(-r));
                return CTL_USAGE;
        }
        return profile->verdict->kind == VERDICT_GOOD ? 0 : CTL_FOUND;
}

int profile_load(const char *program, const char *path, const CheckOptions *options, Severity least,
        Profile *ret_profile) {
        _cleanup_(profile_done) Profile profile = {};
        int r = read_input(program, path, &profile.inputs);

        if (r == 0)
                r = profile_check(program, options, least, &profile);
        if (r != 0)
                return r;
        *ret_profile = profile;
        profile = (Profile){};
        return 0;
}

int option_rule(const char *program, const char *value, CheckOptions *options) {
        const char *problem = NULL;

        if (rule_config_parse(&options->rules, value, &problem) >= 0)
                return 0;
        fprintf(stderr, "%s: --rule %s: %s\n", program, value, problem);
        return CTL_USAGE;
}

int option_capabilities(const char *program, const char *value, CheckOptions *options) {
        const char *word = NULL;

        if (capabilities_parse(value, &options->capabilities, &word) >= 0)
                return 0;
        fprintf(stderr, "%s: --capabilities %s: unknown capability at '%s'\n", program, value,
                word ? word : value);
        return CTL_USAGE;
}

/* As the kernel's audit records write it: "c000003e". */
static const Arch *arch_by_audit_number(const char *text) {
        size_t n = 0;
        const Arch *arches = arch_all(&n);
        char *end = NULL;
        unsigned long number = strtoul(text, &end, 16);

        for (size_t i = 0; i < n && *text != '\0' && *end == '\0'; i++)
                if (arches[i].audit_arch == number)
                        return &arches[i];
        return NULL;
}

int option_arch(const char *program, const char *value, const Arch **ret_arch) {
        const Arch *arch = arch_by_name(value);
        const char *near = NULL;

        if (!arch)
                arch = arch_by_machine(value);
        if (!arch)
                arch = arch_by_go_name(value);
        if (!arch)
                arch = arch_by_audit_number(value);
        if (arch) {
                *ret_arch = arch;
                return 0;
        }
        near = arch_suggest(value);
        fprintf(stderr, "%s: --arch %s: no architecture of that name%s%s%s\n", program, value,
                near ? "; did you mean '" : ", as SCMP_ARCH_X86_64, x86_64 or amd64",
                near ? near : "", near ? "'?" : "");
        return CTL_USAGE;
}

/* The length of a colour sequence, ESC [ digits and semicolons m, at the start of `text`, or 0. */
static size_t sgr_length(const char *text) {
        size_t n = 2 + strspn(text + 2, "0123456789;");

        return text[n] == 'm' ? n + 1 : 0;
}

static bool is_harmless(const Buf *text) {
        for (size_t at = 0; at < text->size;) {
                uint32_t codepoint = 0;
                size_t n = utf8_decode(text->data + at, text->size - at, &codepoint);

                if (codepoint == '\033' && text->data[at + 1] == '[')
                        n = sgr_length(text->data + at);
                else if (codepoint != '\n' && !utf8_is_harmless(codepoint))
                        n = 0;
                if (n == 0)
                        return false;
                at += n;
        }
        return true;
}

int job_run(const char *program, WorkerJob job, void *userdata, Buf *out) {
        _cleanup_free_ char *cause = NULL;
        int r = worker_run(job, userdata, out, &cause);

        if (r >= 0)
                return r;
        fprintf(stderr, "%s: %s%s\n", program, cause ? "the work on it died: " : "",
                cause ? cause : strerror(-r));
        return CTL_USAGE;
}

int job_print(const char *program, WorkerJob job, void *userdata, bool is_binary) {
        _cleanup_buf_ Buf out = {};
        int r = job_run(program, job, userdata, &out);

        if (!is_binary && !is_harmless(&out)) {
                fprintf(stderr, "%s: the answer is not fit for a terminal\n", program);
                return CTL_USAGE;
        }
        if ((out.size > 0 && fwrite(out.data, 1, out.size, stdout) != out.size) ||
                fflush(stdout) != 0) {
                perror(program);
                return CTL_USAGE;
        }
        return r;
}
