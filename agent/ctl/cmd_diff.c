/* SPDX-License-Identifier: Apache-2.0 */

/*
 * seccompctl diff: what differs between two profiles in effect. Both are checked first; what is
 * compared are their canonical forms, in which no spelling is left. The exit status is diff's.
 */

#include "ctl/ctl.h"

#include "base/usage.h"
#include "profile/canonical.h"
#include "profile/diff_render.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM "seccompctl diff"

/* Half of a child's processor time, where each point meets hundreds of rules. */
#define DIFF_POINTS_MAX 300000U

enum {
        OPT_FORMAT = 256,
        OPT_NODE,
        OPT_RULE,
        OPT_CAPABILITIES,
};

static const struct option OPTIONS[] = {
        { "format", required_argument, NULL, OPT_FORMAT },
        { "node", required_argument, NULL, OPT_NODE },
        { "rule", required_argument, NULL, OPT_RULE },
        { "capabilities", required_argument, NULL, OPT_CAPABILITIES },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        {},
};

typedef struct DiffCommand {
        CheckOptions options;
        const char *node; /* borrowed from the command line */
        OutputFormat format;
        bool colour;
        Profile a, b;
} DiffCommand;

/* What the child says beside its output; diff's own exit statuses. */
enum {
        SAME = 0,
        DIFFERENT = 1,
};

static void print_help(void) {
        fputs("usage: seccompctl diff [OPTION...] A B\n"
              "\n"
              "Says which calls two profiles answer otherwise, on a node like this machine: what B "
              "permits\n"
              "and A does not (widened), the reverse (narrowed), and what is refused in another "
              "way "
              "(changed).\n"
              "A and B are files; one of them may be - for standard input.\n"
              "\n"
              "  -o, --format text|json  json: one stable document (default text)\n"
              "  --node arch=ARCH,kernel=VERSION,caps=LIST\n"
              "                          a node other than this machine; each part may be left "
              "out\n"
              "  --rule SPnnn=error|warning|info|off\n"
              "                          what a rule weighs; repeatable\n"
              "  --capabilities LIST     what Docker's includes.caps are held against\n"
              "  -h, --help              this text\n"
              "  -V, --version           the version\n"
              "\n"
              "exit status: 0 the same in effect, 1 different, 2 trouble: usage, unreadable input, "
              "not valid\n",
                stdout);
}

/* Returns -1 to go on, or an exit status. */
static int parse_options(int argc, char **argv, DiffCommand *command) {
        int option, r = 0;

        opterr = 0;
        while ((option = getopt_long(argc, argv, ":hVo:", OPTIONS, NULL)) != -1) {
                switch (option) {
                case 'h': print_help(); return CTL_OK;
                case 'V': version_print(); return CTL_OK;
                case 'o':
                case OPT_FORMAT: r = output_format_parse(PROGRAM, optarg, &command->format); break;
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
        if (optind + 2 != argc) {
                fputs(PROGRAM ": give two profiles, A and B\n", stderr);
                return CTL_USAGE;
        }
        if (strcmp(argv[optind], "-") == 0 && strcmp(argv[optind + 1], "-") == 0) {
                fputs(PROGRAM ": standard input can be one of the two only\n", stderr);
                return CTL_USAGE;
        }
        return -1;
}

/* --- in the confined child --- */

static int source_make(Arena *arena, const Profile *profile, Policy *policy, DiffSource *source) {
        *source = (DiffSource){
                .name = profile->inputs.items[0].name,
                .digest = profile->verdict->digest,
                .policy = policy,
        };
        return canonical_read(
                arena, profile->verdict->canonical, profile->verdict->canonical_size_bytes, policy);
}

static int compare(const DiffCommand *command, Arena *arena, Buf *out) {
        DiffSource a, b;
        Policy policy_a, policy_b;
        Diff diff = {};
        int r = source_make(arena, &command->a, &policy_a, &a);

        if (r == 0)
                r = source_make(arena, &command->b, &policy_b, &b);
        if (r == 0)
                r = policy_diff(arena, &policy_a, &policy_b, DIFF_POINTS_MAX, &diff);
        if (r < 0)
                return r;
        if (command->format == OUTPUT_JSON)
                diff_render_json(out, &a, &b, &diff);
        else
                diff_render_text(out, &a, &b, &diff, command->colour);
        return diff.effect == DIFF_NONE ? SAME : DIFFERENT;
}

static int run(int scratch_fd, void *userdata, Buf *out) {
        Arena *arena = arena_new();
        int r = arena ? compare(userdata, arena, out) : -ENOMEM;

        (void) scratch_fd;
        arena_free(arena);
        return r;
}

int cmd_diff(int argc, char **argv) {
        DiffCommand command = {
                .options.capabilities = capabilities_default(),
                .colour = output_has_colour(),
        };
        int r = parse_options(argc, argv, &command);

        if (r >= 0)
                return r;
        r = check_prepare(PROGRAM, command.node, &command.options);
        if (r == CTL_OK)
                r = profile_load(
                        PROGRAM, argv[optind], &command.options, SEVERITY_ERROR, &command.a);
        if (r == 0)
                r = profile_load(
                        PROGRAM, argv[optind + 1], &command.options, SEVERITY_ERROR, &command.b);
        if (r == 0)
                r = job_print(PROGRAM, run, &command, false);
        else
                r = CTL_USAGE; /* trouble: 1 says that they differ */
        profile_done(&command.a);
        profile_done(&command.b);
        return r;
}
