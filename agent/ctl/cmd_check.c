/* SPDX-License-Identifier: Apache-2.0 */

/*
 * seccompctl check: every finding about every file, as the node would find it: the same function in
 * the same confined child as the daemon's, so that a profile that crashes or hangs libseccomp is a
 * finding here too. This file has the command line; check_result.c and check_sarif.c the outputs.
 */

#include "ctl/ctl.h"

#include "base/fdio.h"
#include "base/usage.h"
#include "ctl/check_result.h"
#include "ctl/rule_page.h"
#include "node/worker.h"
#include "version.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM "seccompctl check"

enum {
        OPT_FORMAT = 256,
        OPT_FAIL_ON,
        OPT_RULE,
        OPT_FORBID_SYSCALL,
        OPT_ALLOWED_ACTION,
        OPT_REQUIRE_DEFAULT,
        OPT_CONFIG,
        OPT_CAPABILITIES,
        OPT_NODE,
        OPT_INFO,
        OPT_EXPLAIN,
};

static const struct option OPTIONS[] = {
        { "format", required_argument, NULL, OPT_FORMAT },
        { "fail-on", required_argument, NULL, OPT_FAIL_ON },
        { "rule", required_argument, NULL, OPT_RULE },
        { "forbid-syscall", required_argument, NULL, OPT_FORBID_SYSCALL },
        { "allowed-action", required_argument, NULL, OPT_ALLOWED_ACTION },
        { "require-default", required_argument, NULL, OPT_REQUIRE_DEFAULT },
        { "config", required_argument, NULL, OPT_CONFIG },
        { "capabilities", required_argument, NULL, OPT_CAPABILITIES },
        { "node", required_argument, NULL, OPT_NODE },
        { "info", no_argument, NULL, OPT_INFO },
        { "explain", required_argument, NULL, OPT_EXPLAIN },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        {},
};

typedef enum CheckFormat {
        FORMAT_TEXT,
        FORMAT_JSON,
        FORMAT_SARIF,
        N_FORMATS,
} CheckFormat;

static const char *const FORMATS[N_FORMATS] = { "text", "json", "sarif" };
static const char *const FAIL_ON[] = { "error", "warning", "info" }; /* gravest first */

typedef struct CheckCommand {
        CheckOptions options;
        OwnerConfig owner; /* owned */
        CheckFormat format;
        Severity fail_on;
        bool shows_info;
        const char *node; /* --node; borrowed from the command line */
} CheckCommand;

static void command_done(CheckCommand *command) {
        owner_config_done(&command->owner);
}

static void print_help(void) {
        fputs("usage: seccompctl check [OPTION...] FILE|DIR|-...\n"
              "       seccompctl check --explain SPnnn|all\n"
              "\n"
              "Checks profiles: files, the *.json files of directories, standard input, and the "
              "profiles in\n"
              "ConfigMaps as `kubectl get configmap -o json` prints them.\n"
              "\n"
              "What to say:\n"
              "  -o, --format text|json|sarif  json: one stable document, sarif: for code scanning "
              "(default text)\n"
              "  --info                        show findings of severity info too\n"
              "  --fail-on error|warning|info  from which severity on the exit status is 1 "
              "(default error)\n"
              "  --explain SPnnn|all           what a rule means, or the list of all rules\n"
              "\n"
              "How to check:\n"
              "  --node arch=ARCH,kernel=VERSION,caps=LIST\n"
              "                                a node other than this machine; each part may be "
              "left "
              "out\n"
              "  --capabilities LIST           what Docker's includes.caps are held against\n"
              "\n"
              "What the owner of the nodes says (repeatable; seccompd has the same options):\n"
              "  --rule SPnnn=error|warning|info|off\n"
              "                                what a rule weighs\n"
              "  --forbid-syscall NAME         a call that no profile may let happen\n"
              "  --allowed-action ACTION       an action that profiles may use; without one they "
              "may "
              "use all\n"
              "  --require-default ACTION      what the default must be, or one of what it must "
              "be\n"
              "  --config FILE                 a file of such options, a line each, without the "
              "dashes\n"
              "\n"
              "  -h, --help                    this text\n"
              "  -V, --version                 the version\n"
              "\n"
              "exit status: 0 nothing at or above --fail-on, 1 something, 2 usage or unreadable "
              "input\n",
                stdout);
}

static int parse_format(CheckCommand *command, const char *value) {
        int format = usage_choice(PROGRAM, "--format", value, FORMATS, N_ELEMENTS(FORMATS));

        if (format >= 0)
                command->format = (CheckFormat) format;
        return format;
}

static int parse_fail_on(CheckCommand *command, const char *value) {
        int at = usage_choice(PROGRAM, "--fail-on", value, FAIL_ON, N_ELEMENTS(FAIL_ON));

        if (at >= 0)
                command->fail_on = (Severity) (SEVERITY_ERROR - at);
        return at;
}

static int parse_owner(CheckCommand *command, const char *key, const char *value) {
        _cleanup_buf_ Buf problem = {};
        int r = owner_config_set(&command->owner, key, value, &problem);

        if (r < 0)
                fprintf(stderr, PROGRAM ": --%s %s: %s\n", key, value,
                        problem.data ? problem.data : strerror(-r));
        return r;
}

static int parse_config(CheckCommand *command, const char *path) {
        _cleanup_buf_ Buf text = {}, problem = {};
        int r = file_read_all(path, OWNER_CONFIG_BYTES_MAX, &text);

        if (r == 0)
                r = owner_config_read(&command->owner, path, text.data, text.size, &problem);
        if (r < 0 && problem.data)
                fprintf(stderr, PROGRAM ": --config %s\n", problem.data);
        else if (r < 0)
                fprintf(stderr, PROGRAM ": --config %s: %s\n", path, strerror(-r));
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

/* Returns an exit status. */
static int explain(const char *word) {
        _cleanup_buf_ Buf text = {};
        unsigned near = 0;
        const Rule *rule = rule_page_find(word, &near);

        if (rule)
                rule_page_text(&text, rule->id, output_has_colour());
        else if (strcmp(word, "all") == 0)
                rule_page_list(&text);
        else {
                fprintf(stderr, PROGRAM ": --explain %s: there is no such rule", word);
                if (near > 0)
                        fprintf(stderr, "; did you mean SP%u?\n", near);
                else
                        fputs("; --explain all lists them\n", stderr);
                return CTL_USAGE;
        }
        if (buf_error(&text) < 0 || fputs(text.data, stdout) < 0 || fflush(stdout) != 0) {
                perror(PROGRAM);
                return CTL_USAGE;
        }
        return CTL_OK;
}

/* Returns -1 to go on, or an exit status. */
static int parse_options(int argc, char **argv, CheckCommand *command) {
        const char *rule = NULL;
        int option, r = 0;

        opterr = 0;
        while ((option = getopt_long(argc, argv, ":hVo:", OPTIONS, NULL)) != -1) {
                switch (option) {
                case 'h': print_help(); return CTL_OK;
                case 'V': version_print(); return CTL_OK;
                case 'o':
                case OPT_FORMAT: r = parse_format(command, optarg); break;
                case OPT_FAIL_ON: r = parse_fail_on(command, optarg); break;
                case OPT_INFO: command->shows_info = true; break;
                case OPT_RULE: r = parse_owner(command, "rule", optarg); break;
                case OPT_FORBID_SYSCALL: r = parse_owner(command, "forbid-syscall", optarg); break;
                case OPT_ALLOWED_ACTION: r = parse_owner(command, "allowed-action", optarg); break;
                case OPT_REQUIRE_DEFAULT:
                        r = parse_owner(command, "require-default", optarg);
                        break;
                case OPT_CONFIG: r = parse_config(command, optarg); break;
                case OPT_CAPABILITIES: r = parse_capabilities(command, optarg); break;
                case OPT_NODE: command->node = optarg; break;
                case OPT_EXPLAIN: rule = optarg; break;
                default: usage_refused_option(PROGRAM, option, argv, OPTIONS); return CTL_USAGE;
                }
                if (r < 0)
                        return CTL_USAGE;
        }
        if (rule && optind < argc) {
                fprintf(stderr, PROGRAM ": --explain %s stands alone: what is %s to it?\n", rule,
                        argv[optind]);
                return CTL_USAGE;
        }
        if (rule)
                return explain(rule);
        if (optind == argc) {
                fputs(PROGRAM ": which profile? Give a FILE, a DIR or - for standard input\n",
                        stderr);
                return CTL_USAGE;
        }
        return -1;
}

static int prepare(CheckCommand *command) {
        command->options.rules = command->owner.rules;
        command->options.policy = &command->owner.policy;
        return check_prepare(PROGRAM, command->node, &command->options);
}

/* The name may be a stranger's: a key of a ConfigMap, an entry of a directory. */
static int report_unreadable(const Input *input) {
        _cleanup_buf_ Buf place = {};
        int r;

        diag_render_place(&place, input->name, 0, 0, false);
        r = buf_error(&place);
        if (r == 0)
                fprintf(stderr, PROGRAM ": %s %s\n", place.data, input_problem(input));
        return r;
}

static int check_one(const CheckCommand *command, const Input *input, CheckResults *results) {
        Verdict *verdict = NULL;
        const WorkerRequest request = {
                .bytes = input->bytes,
                .size_bytes = input->size_bytes,
                .options = &command->options,
        };
        int r = 0;

        if (input->bytes)
                r = worker_check(&request, &verdict);
        else
                r = report_unreadable(input);
        return r < 0 ? r : check_results_add(results, input, verdict);
}

static int tell_passed(const PassedKey *passed) {
        _cleanup_buf_ Buf text = {};

        diag_render_place(&text, passed->name, 0, 0, false);
        buf_putc(&text, ' ');
        passed_key_text(&text, passed);
        if (buf_error(&text) == 0)
                fprintf(stderr, PROGRAM ": note: %s\n", text.data);
        return buf_error(&text);
}

static int render(const CheckCommand *command, const CheckResults *results, Buf *out) {
        const bool shows_info = command->shows_info || command->fail_on == SEVERITY_INFO;
        _cleanup_free_ char *directory = NULL;

        switch (command->format) {
        case FORMAT_JSON: check_render_json(out, results); return 0;
        case FORMAT_SARIF:
                directory = getcwd(NULL, 0);
                if (!directory)
                        return -errno;
                check_render_sarif(out, results, directory, SECCOMPD_VERSION);
                return 0;
        default: return check_render_text(out, results, shows_info, output_has_colour());
        }
}

/* Checks all inputs and prints what was found. Returns an exit status, or -errno. */
static int run(const CheckCommand *command, const Inputs *inputs) {
        _cleanup_(check_results_done) CheckResults results = {
                .inputs = inputs,
                .facts = &command->options.facts,
                .node = command->node,
        };
        _cleanup_buf_ Buf out = {};
        int r = 0;

        for (size_t i = 0; i < inputs->n && r >= 0; i++)
                r = check_one(command, &inputs->items[i], &results);
        for (size_t i = 0; i < inputs->n_passed && r >= 0; i++)
                r = tell_passed(&inputs->passed[i]);
        if (r >= 0)
                r = render(command, &results, &out);
        if (r >= 0)
                r = buf_error(&out);
        if (r < 0)
                return r;
        if (fwrite(out.data ? out.data : "", 1, out.size, stdout) != out.size ||
                fflush(stdout) != 0)
                return -EIO;
        if (results.n_unreadable > 0)
                return CTL_USAGE;
        return results.worst >= command->fail_on ? CTL_FOUND : CTL_OK;
}

int cmd_check(int argc, char **argv) {
        _cleanup_(command_done) CheckCommand command = {
                .options.capabilities = capabilities_default(),
                .fail_on = SEVERITY_ERROR,
        };
        _cleanup_(inputs_done) Inputs inputs = {};
        int r = parse_options(argc, argv, &command);

        if (r >= 0)
                return r;
        r = prepare(&command);
        if (r != CTL_OK)
                return r;
        for (int i = optind; i < argc && r >= 0; i++)
                r = inputs_add(&inputs, argv[i]);
        if (r >= 0)
                r = inputs_expand(&inputs);
        if (r >= 0)
                r = run(&command, &inputs);
        if (r < 0) {
                fprintf(stderr, PROGRAM ": %s\n", strerror(-r));
                return CTL_USAGE;
        }
        return r;
}
