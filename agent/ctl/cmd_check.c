/* SPDX-License-Identifier: Apache-2.0 */

/*
 * seccompctl check: every finding about every file, as the node would find it: the same function in
 * the same confined child as the daemon's, so that a profile that crashes or hangs libseccomp is a
 * finding here too.
 */

#include "ctl/ctl.h"

#include "base/usage.h"
#include "node/worker.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM "seccompctl check"

enum {
        OPT_FORMAT = 256,
        OPT_FAIL_ON,
        OPT_RULE,
        OPT_CAPABILITIES,
        OPT_INFO,
};

static const struct option OPTIONS[] = {
        { "format", required_argument, NULL, OPT_FORMAT },
        { "fail-on", required_argument, NULL, OPT_FAIL_ON },
        { "rule", required_argument, NULL, OPT_RULE },
        { "capabilities", required_argument, NULL, OPT_CAPABILITIES },
        { "info", no_argument, NULL, OPT_INFO },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        {},
};

typedef struct CheckCommand {
        CheckOptions options;
        OutputFormat format;
        Severity fail_on;
        bool shows_info;
        /* over all files */
        size_t n_files, n_unreadable, n_errors, n_warnings, n_infos;
        Severity worst;
        Buf output;
} CheckCommand;

static void print_help(void) {
        fputs("usage: seccompctl check [OPTION...] FILE|DIR|-...\n"
              "\n"
              "Checks profiles for this machine: its architecture, kernel and libseccomp.\n"
              "\n"
              "  -o, --format text|json        json: one stable document (default text)\n"
              "  --fail-on error|warning|info  from which severity on the exit status is 1 "
              "(default error)\n"
              "  --info                        show findings of severity info too\n"
              "  --rule SPnnn=error|warning|info|off\n"
              "                                what a rule weighs; repeatable\n"
              "  --capabilities LIST           what Docker's includes.caps are held against\n"
              "  -h, --help                    this text\n"
              "  -V, --version                 the version\n"
              "\n"
              "exit status: 0 nothing at or above --fail-on, 1 something, 2 usage or unreadable "
              "input\n",
                stdout);
}

static int parse_fail_on(const char *value, Severity *ret_severity) {
        for (int severity = SEVERITY_INFO; severity <= SEVERITY_ERROR; severity++)
                if (strcmp(severity_name((Severity) severity), value) == 0) {
                        *ret_severity = (Severity) severity;
                        return 0;
                }
        fprintf(stderr, PROGRAM ": --fail-on %s: must be error, warning or info\n", value);
        return -EINVAL;
}

static int parse_rule(CheckCommand *command, const char *value) {
        const char *problem = NULL;
        int r = rule_config_parse(&command->options.rules, value, &problem);

        if (r < 0)
                fprintf(stderr, PROGRAM ": --rule %s: %s\n", value, problem);
        return r;
}

static int parse_capabilities(CheckCommand *command, const char *value) {
        const char *word = NULL;
        int r = capabilities_parse(value, &command->options.capabilities, &word);

        if (r < 0)
                fprintf(stderr, PROGRAM ": --capabilities %s: unknown capability at '%s'\n", value,
                        word ? word : value);
        return r;
}

/* Returns -1 to go on, or an exit status. */
static int parse_options(int argc, char **argv, CheckCommand *command) {
        int option, r = 0;

        opterr = 0;
        while ((option = getopt_long(argc, argv, ":hVo:", OPTIONS, NULL)) != -1) {
                switch (option) {
                case 'h': print_help(); return CTL_OK;
                case 'V': version_print(); return CTL_OK;
                case 'o':
                case OPT_FORMAT: r = output_format_parse(PROGRAM, optarg, &command->format); break;
                case OPT_FAIL_ON: r = parse_fail_on(optarg, &command->fail_on); break;
                case OPT_INFO: command->shows_info = true; break;
                case OPT_RULE: r = parse_rule(command, optarg); break;
                case OPT_CAPABILITIES: r = parse_capabilities(command, optarg); break;
                default: usage_refused_option(PROGRAM, option, argv, OPTIONS); return CTL_USAGE;
                }
                if (r < 0)
                        return CTL_USAGE;
        }
        if (optind == argc) {
                fputs(PROGRAM ": which profile? Give a FILE, a DIR or - for standard input\n",
                        stderr);
                return CTL_USAGE;
        }
        return -1;
}

static void count(CheckCommand *command, const Verdict *verdict) {
        command->n_errors += diags_count(&verdict->diags, SEVERITY_ERROR);
        command->n_warnings += diags_count(&verdict->diags, SEVERITY_WARNING);
        command->n_infos += diags_count(&verdict->diags, SEVERITY_INFO);
        if (verdict->diags.worst > command->worst)
                command->worst = verdict->diags.worst;
}

static void put_programs_json(Buf *out, const Verdict *verdict) {
        for (size_t i = 0; i < verdict->n_programs; i++) {
                const VerdictProgram *program = &verdict->programs[i];

                buf_printf(out,
                        "%s{\"architecture\":\"%s\",\"instructions\":%u,\"evaluation\":\"%s\"}",
                        i > 0 ? "," : "", program->arch->name, program->n_insns,
                        program->is_exhaustive ? "exhaustive" : "sampled");
        }
}

static void put_json(CheckCommand *command, const Input *input, const Verdict *verdict) {
        Buf *out = &command->output;
        char digest[DIGEST_TEXT_SIZE];

        buf_puts(out, command->n_files > 1 ? ",\n" : "");
        buf_puts(out, "  {\"file\":");
        buf_put_json(out, input->name);
        buf_printf(out, ",\"valid\":%s", verdict->kind == VERDICT_GOOD ? "true" : "false");
        if (verdict->kind == VERDICT_GOOD) {
                digest_text(&verdict->digest, digest);
                buf_printf(out, ",\"digest\":\"%s\"", digest);
        }
        buf_puts(out, ",\"programs\":[");
        put_programs_json(out, verdict);
        buf_puts(out, "],\"diagnostics\":");
        diags_render_json(out, &verdict->diags);
        buf_printf(out, ",\"diagnosticsDropped\":%zu}", verdict->diags.n_dropped);
}

/* Infos are for who asks for them. */
static int put_text(CheckCommand *command, const Input *input, const Verdict *verdict) {
        bool shows_info = command->shows_info || command->fail_on == SEVERITY_INFO;
        Buf *out = &command->output;
        int r = findings_render(out, &verdict->diags, shows_info ? SEVERITY_INFO : SEVERITY_WARNING,
                input, output_has_colour());

        if (verdict->diags.n_dropped > 0)
                buf_printf(out, "%s: %zu more findings are not shown\n", input->name,
                        verdict->diags.n_dropped);
        return r;
}

static int check_one(CheckCommand *command, const Input *input) {
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        const WorkerRequest request = {
                .bytes = input->bytes,
                .size_bytes = input->size_bytes,
                .options = &command->options,
        };
        int r;

        if (!input->bytes) {
                fprintf(stderr, PROGRAM ": %s: %s\n", input->name, strerror(-input->error));
                command->n_unreadable++;
                return 0;
        }
        r = worker_check(&request, &verdict);
        if (r < 0)
                return r;
        command->n_files++;
        count(command, verdict);
        if (command->format == OUTPUT_TEXT)
                return put_text(command, input, verdict);
        put_json(command, input, verdict);
        return 0;
}

static void put_counted(Buf *out, size_t n, const char *what, const char *before) {
        buf_printf(out, "%s%zu %s%s", before, n, what, n == 1 ? "" : "s");
}

static void put_summary(CheckCommand *command) {
        Buf *out = &command->output;

        put_counted(out, command->n_files, "file", "");
        put_counted(out, command->n_errors, "error", ": ");
        put_counted(out, command->n_warnings, "warning", ", ");
        put_counted(out, command->n_infos, "info", ", ");
        if (command->n_infos > 0 && !command->shows_info && command->fail_on != SEVERITY_INFO)
                buf_puts(out, " (--info shows them)");
        buf_putc(out, '\n');
}

static int run(CheckCommand *command, const Inputs *inputs) {
        int r = 0;

        if (command->format == OUTPUT_JSON)
                buf_puts(&command->output,
                        "{\"apiVersion\":\"seccompctl/v1\",\"kind\":\"CheckResult\",\"files\":[\n");
        for (size_t i = 0; i < inputs->n && r >= 0; i++)
                r = check_one(command, &inputs->items[i]);
        if (r < 0)
                return r;
        if (command->format == OUTPUT_JSON)
                buf_printf(&command->output, "\n],\"errors\":%zu,\"warnings\":%zu,\"infos\":%zu}\n",
                        command->n_errors, command->n_warnings, command->n_infos);
        else if (command->n_files > 0)
                put_summary(command);
        r = buf_error(&command->output);
        if (r < 0)
                return r;
        if (fwrite(command->output.data ? command->output.data : "", 1, command->output.size,
                    stdout) != command->output.size ||
                fflush(stdout) != 0)
                return -EIO;
        return 0;
}

int cmd_check(int argc, char **argv) {
        CheckCommand command = {
                .options.capabilities = capabilities_default(),
                .fail_on = SEVERITY_ERROR,
        };
        _cleanup_(inputs_done) Inputs inputs = {};
        int r = parse_options(argc, argv, &command);

        if (r >= 0)
                return r;
        r = check_prepare(PROGRAM, &command.options.facts);
        if (r != CTL_OK)
                return r;
        for (int i = optind; i < argc && r >= 0; i++)
                r = inputs_add(&inputs, argv[i]);
        if (r >= 0 && inputs.n == 0) {
                fputs(PROGRAM ": no *.json file there\n", stderr);
                return CTL_USAGE;
        }
        if (r >= 0)
                r = run(&command, &inputs);
        buf_done(&command.output);
        if (r < 0) {
                fprintf(stderr, PROGRAM ": %s\n", strerror(-r));
                return CTL_USAGE;
        }
        if (command.n_unreadable > 0)
                return CTL_USAGE;
        return command.worst >= command.fail_on ? CTL_FOUND : CTL_OK;
}
