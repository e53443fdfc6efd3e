/* SPDX-License-Identifier: Apache-2.0 */

/* seccompctl compile: the canonical form of one profile, the very bytes that seccompd installs on
 * this machine. */

#include "ctl/ctl.h"

#include "base/usage.h"
#include "node/worker.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM "seccompctl compile"

enum {
        OPT_RULE = 256,
        OPT_CAPABILITIES
};

static const struct option OPTIONS[] = {
        { "rule", required_argument, NULL, OPT_RULE },
        { "capabilities", required_argument, NULL, OPT_CAPABILITIES },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        {},
};

static void print_help(void) {
        fputs("usage: seccompctl compile [OPTION...] FILE|-\n"
              "\n"
              "Prints the canonical form of a profile, as seccompd installs it on a node like this "
              "machine.\n"
              "Findings go to stderr.\n"
              "\n"
              "  --rule SPnnn=error|warning|info|off\n"
              "                       what a rule weighs; repeatable\n"
              "  --capabilities LIST  what Docker's includes.caps are held against\n"
              "  -h, --help           this text\n"
              "  -V, --version        the version\n"
              "\n"
              "exit status: 0 printed, 1 not a valid profile, 2 usage or unreadable input\n",
                stdout);
}

/* Returns -1 to go on, or an exit status. */
static int parse_options(int argc, char **argv, CheckOptions *options) {
        const char *problem = NULL;
        int option;

        opterr = 0;
        while ((option = getopt_long(argc, argv, ":hV", OPTIONS, NULL)) != -1) {
                switch (option) {
                case 'h': print_help(); return CTL_OK;
                case 'V': version_print(); return CTL_OK;
                case OPT_RULE:
                        if (rule_config_parse(&options->rules, optarg, &problem) >= 0)
                                break;
                        fprintf(stderr, PROGRAM ": --rule %s: %s\n", optarg, problem);
                        return CTL_USAGE;
                case OPT_CAPABILITIES:
                        if (capabilities_parse(optarg, &options->capabilities, &problem) >= 0)
                                break;
                        fprintf(stderr, PROGRAM ": --capabilities %s: unknown capability\n",
                                optarg);
                        return CTL_USAGE;
                default: usage_refused_option(PROGRAM, option, argv, OPTIONS); return CTL_USAGE;
                }
        }
        if (optind + 1 != argc) {
                fputs(PROGRAM ": give one FILE, or - for standard input\n", stderr);
                return CTL_USAGE;
        }
        return -1;
}

static int print(const Input *input, const Verdict *verdict) {
        _cleanup_buf_ Buf text = {};

        if (findings_render(&text, &verdict->diags, SEVERITY_WARNING, input, false) < 0)
                return CTL_USAGE;
        if (buf_error(&text) == 0 && text.size > 0)
                fputs(text.data, stderr);
        if (verdict->kind != VERDICT_GOOD)
                return CTL_FOUND;
        if (fwrite(verdict->canonical, 1, verdict->canonical_size_bytes, stdout) !=
                        verdict->canonical_size_bytes ||
                fflush(stdout) != 0) {
                perror(PROGRAM);
                return CTL_USAGE;
        }
        return CTL_OK;
}

int cmd_compile(int argc, char **argv) {
        _cleanup_(verdict_freep) Verdict *verdict = NULL;
        _cleanup_(inputs_done) Inputs inputs = {};
        CheckOptions options = { .capabilities = capabilities_default() };
        WorkerRequest request = { .options = &options };
        int r = parse_options(argc, argv, &options);

        if (r >= 0)
                return r;
        r = check_prepare(PROGRAM, &options.facts);
        if (r != CTL_OK)
                return r;
        r = inputs_add(&inputs, argv[optind]);
        if (r >= 0 && (inputs.n != 1 || !inputs.items[0].bytes)) {
                fprintf(stderr, PROGRAM ": %s: %s\n", argv[optind],
                        inputs.n == 1 ? strerror(-inputs.items[0].error)
                                      : "is a directory; give one FILE");
                return CTL_USAGE;
        }
        if (r >= 0) {
                request.bytes = inputs.items[0].bytes;
                request.size_bytes = inputs.items[0].size_bytes;
                r = worker_check(&request, &verdict);
        }
        if (r < 0) {
                fprintf(stderr, PROGRAM ": %s\n", strerror(-r));
                return CTL_USAGE;
        }
        return print(&inputs.items[0], verdict);
}
