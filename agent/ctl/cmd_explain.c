/* SPDX-License-Identifier: Apache-2.0 */

/*
 * seccompctl explain: what a profile answers to one call, and why; without a call, the profile in
 * short. The profile is checked first, as everywhere. Then a confined child reads it again and
 * writes the answer, because an answer points into the author's text.
 */

#include "ctl/ctl.h"

#include "base/usage.h"
#include "ctl/rule_page.h"
#include "profile/explain_render.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM "seccompctl explain"

enum {
        OPT_FORMAT = 256,
        OPT_ARCH,
        OPT_NODE,
        OPT_RULE,
        OPT_CAPABILITIES,
};

static const struct option OPTIONS[] = {
        { "format", required_argument, NULL, OPT_FORMAT },
        { "arch", required_argument, NULL, OPT_ARCH },
        { "node", required_argument, NULL, OPT_NODE },
        { "rule", required_argument, NULL, OPT_RULE },
        { "capabilities", required_argument, NULL, OPT_CAPABILITIES },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        {},
};

typedef struct ExplainCommand {
        CheckOptions options;
        const char *node; /* borrowed from the command line */
        OutputFormat format;
        bool colour;
        bool has_call;
        ExplainQuery query;
        Profile profile;
} ExplainCommand;

/* What the child says beside its output. */
enum {
        ANSWERED = 0,
        NO_SUCH_CALL = 1,
};

static void print_help(void) {
        fputs("usage: seccompctl explain [OPTION...] FILE|- [SYSCALL [ARG=VALUE...]]\n"
              "\n"
              "Says what a profile answers to a call, and which rule decides. SYSCALL is a name or "
              "a "
              "number,\n"
              "ARG the number of an argument (0 or a0 is the first), VALUE decimal or 0x "
              "hexadecimal.\n"
              "Without SYSCALL: the whole profile in short.\n"
              "\n"
              "  -o, --format text|json  json: one stable document (default text)\n"
              "  --arch NAME             this architecture only: SCMP_ARCH_X86, i686, amd64, "
              "c000003e\n"
              "  --node arch=ARCH,kernel=VERSION,caps=LIST\n"
              "                          a node other than this machine; each part may be left "
              "out\n"
              "  --rule SPnnn=error|warning|info|off\n"
              "                          what a rule weighs; repeatable\n"
              "  --capabilities LIST     what Docker's includes.caps are held against\n"
              "  -h, --help              this text\n"
              "  -V, --version           the version\n"
              "\n"
              "exit status: 0 explained, 1 not a valid profile, 2 usage, unreadable input or "
              "unknown "
              "call\n",
                stdout);
}

/* Reads decimal or 0x hexadecimal, whole. A minus gives the two's complement. */
static int parse_value(const char *text, uint64_t *ret_value) {
        const bool is_negative = *text == '-';
        const char *digits = text + is_negative;
        const bool is_hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
        char *end = NULL;
        uint64_t value;

        digits += is_hex ? 2 : 0;
        if (!strchr("0123456789abcdefABCDEF", *digits) || *digits == '\0' ||
                (!is_hex && digits[0] == '0' && digits[1] != '\0'))
                return -EINVAL;
        errno = 0;
        value = strtoull(digits, &end, is_hex ? 16 : 10);
        if (errno != 0 || *end != '\0' || (is_negative && value > 1ULL << 63))
                return -EINVAL;
        *ret_value = is_negative ? -value : value;
        return 0;
}

static int parse_call(const char *text, ExplainQuery *query) {
        uint64_t number = 0;

        /* "18-web.json" is a file in the wrong place: what is wrong with it is said later */
        if (*text == '\0' || text[strspn(text, "-0123456789xXabcdefABCDEF")] != '\0' ||
                !strchr("-0123456789", *text)) {
                query->name = text;
                return 0;
        }
        if (parse_value(text, &number) < 0 || number > INT32_MAX) {
                fprintf(stderr, PROGRAM ": %s is not the number of a call\n", text);
                return CTL_USAGE;
        }
        query->nr = (int) number;
        return 0;
}

/* "0=5", "a0=0x5" */
static int parse_argument(const char *text, CallArgs *args) {
        const char *equals = strchr(text, '=');
        const char *index = text + (*text == 'a');
        unsigned at = (unsigned) (*index - '0');

        if (!equals || equals != index + 1 || at >= SYSCALL_ARGS) {
                fprintf(stderr,
                        PROGRAM
                        ": %s: must be ARG=VALUE, with ARG 0 to 5 or a0 to a5, as a0=0x10\n",
                        text);
                return CTL_USAGE;
        }
        if (args->is_known[at]) {
                fprintf(stderr, PROGRAM ": %s: argument %u is given twice\n", text, at);
                return CTL_USAGE;
        }
        if (parse_value(equals + 1, &args->values[at]) < 0) {
                fprintf(stderr,
                        PROGRAM ": %s: the value must be a decimal or 0x hexadecimal number of 64 "
                                "bits at most\n",
                        text);
                return CTL_USAGE;
        }
        args->is_known[at] = true;
        return 0;
}

static int parse_positional(int argc, char **argv, ExplainCommand *command) {
        int r = 0;

        if (optind == argc) {
                fputs(PROGRAM ": which profile? Give a FILE, or - for standard input\n", stderr);
                return CTL_USAGE;
        }
        command->has_call = optind + 1 < argc;
        if (command->has_call)
                r = parse_call(argv[optind + 1], &command->query);
        for (int i = optind + 2; i < argc && r == 0; i++)
                r = parse_argument(argv[i], &command->query.args);
        return r;
}

/* Returns -1 to go on, or an exit status. */
static int parse_options(int argc, char **argv, ExplainCommand *command) {
        int option, r = 0;

        opterr = 0;
        while ((option = getopt_long(argc, argv, ":hVo:", OPTIONS, NULL)) != -1) {
                switch (option) {
                case 'h': print_help(); return CTL_OK;
                case 'V': version_print(); return CTL_OK;
                case 'o':
                case OPT_FORMAT: r = output_format_parse(PROGRAM, optarg, &command->format); break;
                case OPT_ARCH: r = option_arch(PROGRAM, optarg, &command->query.arch); break;
                case OPT_NODE: command->node = optarg; break;
                case OPT_RULE: r = option_rule(PROGRAM, optarg, &command->options); break;
                case OPT_CAPABILITIES:
                        r = option_capabilities(PROGRAM, optarg, &command->options);
                        break;
                default: usage_refused_option(PROGRAM, option, argv, OPTIONS); return CTL_USAGE;
                }
                if (r != 0)
                        return CTL_USAGE;
        }
        r = parse_positional(argc, argv, command);
        return r == 0 ? -1 : r;
}

/* --- in the confined child --- */

/* The profile read again, with its places. */
typedef struct Reading {
        Arena *arena;
        DiagList diags;
        Document document;
        Surface surface;
        Policy policy;
} Reading;

static void reading_done(Reading *reading) {
        document_done(&reading->document);
        diags_done(&reading->diags);
        arena_free(reading->arena);
}

static int reading_make(Reading *reading, const ExplainCommand *command) {
        const Input *input = &command->profile.inputs.items[0];
        int r;

        diags_init(&reading->diags, &command->options.rules);
        reading->arena = arena_new();
        if (!reading->arena)
                return -ENOMEM;
        r = document_parse(reading->arena, input->bytes, input->size_bytes, &reading->diags,
                &reading->document);
        if (r == 0)
                r = surface_parse(&reading->document, command->options.facts.arch, &reading->diags,
                        &reading->surface);
        if (r == 0)
                r = policy_resolve(&reading->document, &reading->surface, &command->options,
                        &reading->diags, &reading->policy);
        return r > 0 ? -ENOTRECOVERABLE : r; /* it was valid a moment ago */
}

static int answer_call(
        const ExplainCommand *command, const ExplainSource *source, Arena *arena, Buf *out) {
        Explanation explanation;
        int r = policy_explain(arena, source->policy, &command->query, &explanation);

        if (r < 0)
                return r;
        if (explanation.n_ways == 0 && !explanation.unknown && !explanation.is_elsewhere)
                return NO_SUCH_CALL;
        if (command->format == OUTPUT_JSON)
                explain_render_json(out, source, &command->query, &explanation);
        else
                explain_render_text(out, source, &command->query, &explanation, command->colour);
        return ANSWERED;
}

static int answer(int scratch_fd, void *userdata, Buf *out) {
        const ExplainCommand *command = userdata;
        _cleanup_(reading_done) Reading reading = {};
        const ExplainSource source = {
                .name = command->profile.inputs.items[0].name,
                .document = &reading.document,
                .surface = &reading.surface,
                .policy = &reading.policy,
                .verdict = command->profile.verdict,
                .options = &command->options,
        };
        int r = reading_make(&reading, command);

        (void) scratch_fd;
        if (r < 0)
                return r;
        if (command->has_call)
                return answer_call(command, &source, reading.arena, out);
        if (command->format == OUTPUT_JSON)
                return summary_render_json(reading.arena, out, &source);
        return summary_render_text(reading.arena, out, &source);
}

static int report_no_such_call(const ExplainCommand *command) {
        const char *name = command->query.name;
        const Arch *arch = command->query.arch ? command->query.arch : command->options.facts.arch;
        const char *near = syscall_suggest(arch, name);

        fprintf(stderr,
                PROGRAM ": %s: libseccomp %u.%u.%u knows no such call, and the profile does not "
                        "name it%s%s%s\n",
                name, command->options.facts.libseccomp_major,
                command->options.facts.libseccomp_minor, command->options.facts.libseccomp_micro,
                near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        return CTL_USAGE;
}

/* Of a FILE that is none: what it looks like instead. */
static void hint_at_order(const CheckOptions *options, const char *path) {
        unsigned near = 0;
        int nr = -1;

        if (access(path, F_OK) == 0)
                return;
        if (rule_page_find(path, &near))
                fprintf(stderr, PROGRAM ": of a rule: seccompctl check --explain %s\n", path);
        else if (syscall_number(options->facts.arch, path, &nr) == SYSCALL_KNOWN)
                fprintf(stderr, PROGRAM ": the FILE stands first, then the call: %s\n", path);
}

int cmd_explain(int argc, char **argv) {
        ExplainCommand command = {
                .options.capabilities = capabilities_default(),
                .colour = output_has_colour(),
        };
        int r = parse_options(argc, argv, &command);

        if (r >= 0)
                return r;
        r = check_prepare(PROGRAM, command.node, &command.options);
        if (r == CTL_OK)
                r = profile_load(
                        PROGRAM, argv[optind], &command.options, SEVERITY_ERROR, &command.profile);
        if (r == CTL_USAGE)
                hint_at_order(&command.options, argv[optind]);
        if (r == 0)
                r = job_print(PROGRAM, answer, &command, false);
        if (r == NO_SUCH_CALL && command.profile.verdict)
                r = report_no_such_call(&command);
        profile_done(&command.profile);
        return r;
}
