/* SPDX-License-Identifier: Apache-2.0 */

/* seccompctl: dispatch to the subcommands, and what they share about output. */

#include "ctl/ctl.h"

#include "base/usage.h"
#include "node/probe.h"
#include "node/sandbox.h"
#include "profile/node_spec.h"
#include "version.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
        const char *summary;
} COMMANDS[] = {
        { "check", cmd_check, "check profiles: every finding at its line and column" },
        { "compile", cmd_compile, "print a profile's canonical form, or its programs" },
        { "explain", cmd_explain, "what a profile answers to a call, and which rule decides" },
        { "diff", cmd_diff, "what differs between two profiles in effect" },
        { "status", cmd_status, "show what a running seccompd has installed" },
};

static const char *const OPTIONS[] = { "--help", "--version" };

static void print_help(void) {
        fputs("usage: seccompctl COMMAND [OPTION...] [ARGUMENT...]\n"
              "\n"
              "Checks seccomp profiles as seccompd does, and asks a running seccompd for its "
              "state.\n"
              "\n",
                stdout);
        for (size_t i = 0; i < N_ELEMENTS(COMMANDS); i++)
                printf("  %-9s %s\n", COMMANDS[i].name, COMMANDS[i].summary);
        fputs("\n"
              "  -h, --help     this text; seccompctl COMMAND --help for a command's own\n"
              "  -V, --version  the version\n",
                stdout);
}

int output_format_parse(const char *program, const char *name, OutputFormat *ret_format) {
        if (strcmp(name, "text") == 0)
                *ret_format = OUTPUT_TEXT;
        else if (strcmp(name, "json") == 0)
                *ret_format = OUTPUT_JSON;
        else {
                fprintf(stderr, "%s: --format %s: must be text or json\n", program, name);
                return -EINVAL;
        }
        return 0;
}

bool output_has_colour(void) {
        const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

        return isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && term &&
                strcmp(term, "dumb") != 0;
}

void version_print(void) {
        puts("seccompctl " SECCOMPD_VERSION " (" SECCOMPD_REVISION ")");
}

static int apply_node(const char *program, const char *node, CheckOptions *options) {
        _cleanup_buf_ Buf problem = {};

        if (!node || node_spec_parse(node, options, &problem) == 0)
                return CTL_OK;
        fprintf(stderr, "%s: --node %s: %s\n", program, node,
                buf_error(&problem) == 0 ? problem.data : strerror(ENOMEM));
        return CTL_USAGE;
}

int check_prepare(const char *program, const char *node, CheckOptions *options) {
        int r = node_probe(&options->facts);

        if (r == -ENOSYS)
                fprintf(stderr,
                        "%s: this kernel has no seccomp filters; every action is taken as "
                        "unavailable\n",
                        program);
        else if (r < 0) {
                fprintf(stderr, "%s: reading this machine's facts failed: %s\n", program,
                        strerror(-r));
                return CTL_USAGE;
        }
        r = sandbox_prepare();
        if (r < 0) {
                fprintf(stderr, "%s: preparing the sandbox failed: %s\n", program, strerror(-r));
                return CTL_USAGE;
        }
        return apply_node(program, node, options);
}

int findings_render(
        Buf *out, const DiagList *diags, Severity least, const Input *input, bool colour) {
        _cleanup_free_ Diag *items = calloc(diags->n + 1, sizeof(*items));
        DiagList shown = { .items = items };

        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < diags->n; i++)
                if (diags->items[i].severity >= least)
                        items[shown.n++] = diags->items[i]; /* its strings stay the list's */
        diags_render_text(out, &shown, input->name, input->bytes, input->size_bytes, colour);
        return 0;
}

/* Runs the command that argv begins with. */
static int run_command(int argc, char **argv) {
        const char *names[N_ELEMENTS(COMMANDS)];

        for (size_t i = 0; i < N_ELEMENTS(COMMANDS); i++) {
                names[i] = COMMANDS[i].name;
                if (strcmp(COMMANDS[i].name, argv[0]) == 0)
                        return COMMANDS[i].run(argc, argv);
        }
        usage_unknown_word("seccompctl", "command", argv[0], names, N_ELEMENTS(names));
        return CTL_USAGE;
}

int main(int argc, char **argv) {
        (void) setlocale(LC_CTYPE, "C.UTF-8"); /* for how wide a text is shown; C without it */
        if (argc < 2) {
                fputs("seccompctl: which command? See seccompctl --help\n", stderr);
                return CTL_USAGE;
        }
        if (argc == 3 && strcmp(argv[1], "help") == 0) {
                char *of_command[] = { argv[2], (char[]){ "--help" }, NULL };

                return run_command(2, of_command);
        }
        if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 ||
                strcmp(argv[1], "help") == 0) {
                print_help();
                return CTL_OK;
        }
        if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
                version_print();
                return CTL_OK;
        }
        if (argv[1][0] == '-') {
                usage_unknown_word("seccompctl", "option", argv[1], OPTIONS, N_ELEMENTS(OPTIONS));
                return CTL_USAGE;
        }
        return run_command(argc - 1, argv + 1);
}
