/* SPDX-License-Identifier: Apache-2.0 */

/*
 * seccompctl compile: what a profile becomes. The canonical form is the very bytes that seccompd
 * installs on this machine; the programs are those that the check has evaluated, made again from
 * these bytes in a confined child, because libseccomp may not come to an end and a program is a
 * stranger's too.
 */

#include "ctl/ctl.h"

#include "base/usage.h"
#include "node/sandbox.h"
#include "profile/canonical.h"
#include "profile/compile.h"
#include "profile/disasm.h"
#include "profile/log_only.h"
#include "profile/verify.h"
#include "profile/wording.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "seccompctl compile"

enum {
        OPT_FORMAT = 256,
        OPT_ARCH,
        OPT_LOG_ONLY,
        OPT_NODE,
        OPT_RULE,
        OPT_CAPABILITIES,
};

static const struct option OPTIONS[] = {
        { "format", required_argument, NULL, OPT_FORMAT },
        { "arch", required_argument, NULL, OPT_ARCH },
        { "log-only", no_argument, NULL, OPT_LOG_ONLY },
        { "node", required_argument, NULL, OPT_NODE },
        { "rule", required_argument, NULL, OPT_RULE },
        { "capabilities", required_argument, NULL, OPT_CAPABILITIES },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        {},
};

typedef enum CompileFormat {
        FORMAT_JSON,
        FORMAT_BPF,
        FORMAT_ASM,
        FORMAT_PFC,
        N_FORMATS,
} CompileFormat;

static const char *const FORMATS[N_FORMATS] = { "json", "bpf", "asm", "pfc" };

typedef struct CompileCommand {
        CheckOptions options;
        CompileFormat format;
        const Arch *arch; /* NULL: all */
        bool is_log_only;
        const char *node; /* borrowed from the command line */
        Profile profile;
} CompileCommand;

static void print_help(void) {
        fputs("usage: seccompctl compile [OPTION...] FILE|-\n"
              "\n"
              "Prints what a profile becomes on a node like this machine. Findings go to stderr.\n"
              "\n"
              "  -o, --format json     the canonical form, as seccompd installs it (default)\n"
              "               asm      the programs, in bpf_asm's syntax with comments\n"
              "               bpf      a program's instructions, as raw struct sock_filter\n"
              "               pfc      libseccomp's pseudo filter code\n"
              "  --arch NAME           the program of this architecture: SCMP_ARCH_X86, i686, "
              "amd64\n"
              "  --log-only            for a trial: permit and log what the profile denies\n"
              "  --node arch=ARCH,kernel=VERSION,caps=LIST\n"
              "                        a node other than this machine; each part may be left out\n"
              "  --rule SPnnn=error|warning|info|off\n"
              "                        what a rule weighs; repeatable\n"
              "  --capabilities LIST   what Docker's includes.caps are held against\n"
              "  -h, --help            this text\n"
              "  -V, --version         the version\n"
              "\n"
              "exit status: 0 printed, 1 not a valid profile, 2 usage or unreadable input\n",
                stdout);
}

static int parse_format(CompileCommand *command, const char *value) {
        int format = usage_choice(PROGRAM, "--format", value, FORMATS, N_ELEMENTS(FORMATS));

        if (format < 0)
                return CTL_USAGE;
        command->format = (CompileFormat) format;
        return 0;
}

static int check_combination(const CompileCommand *command) {
        if (command->arch && command->format == FORMAT_JSON) {
                fputs(PROGRAM ": --arch is for --format asm, bpf and pfc: the canonical form is "
                              "one for all architectures\n",
                        stderr);
                return CTL_USAGE;
        }
        if (command->format == FORMAT_BPF && isatty(STDOUT_FILENO)) {
                fputs(PROGRAM ": --format bpf is binary, and this is a terminal: write it to a "
                              "file, or use --format asm\n",
                        stderr);
                return CTL_USAGE;
        }
        return -1;
}

/* Returns -1 to go on, or an exit status. */
static int parse_options(int argc, char **argv, CompileCommand *command) {
        int option, r = 0;

        opterr = 0;
        while ((option = getopt_long(argc, argv, ":hVo:", OPTIONS, NULL)) != -1) {
                switch (option) {
                case 'h': print_help(); return CTL_OK;
                case 'V': version_print(); return CTL_OK;
                case 'o':
                case OPT_FORMAT: r = parse_format(command, optarg); break;
                case OPT_ARCH: r = option_arch(PROGRAM, optarg, &command->arch); break;
                case OPT_LOG_ONLY: command->is_log_only = true; break;
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
        if (optind + 1 != argc) {
                fputs(PROGRAM ": give one FILE, or - for standard input\n", stderr);
                return CTL_USAGE;
        }
        return check_combination(command);
}

/* --- in the confined child --- */

static bool has_arch(const Verdict *verdict, const Arch *arch) {
        for (size_t i = 0; i < verdict->n_arches; i++)
                if (verdict->arches[i] == arch)
                        return true;
        return false;
}

static int put_pfc(Arena *arena, const Policy *policy, const Arch *arch, int scratch_fd, Buf *out) {
        char *text = NULL;
        size_t size_bytes = 0;
        int r = policy_compile_pfc(arena, policy, arch, scratch_fd, &text, &size_bytes);

        if (r < 0)
                return r;
        buf_append(out, text, size_bytes);
        return 0;
}

/* The check has evaluated the program of all architectures; libseccomp makes this one anew. */
static int evaluate(Arena *arena, const Policy *policy, const Arch *arch, const Program *program) {
        VerifyResult result = {};
        EvalTable *table = NULL;
        int r = eval_table_new(arena, policy, arch, &table);

        if (r == 0)
                r = program_verify(arena, table, arch, program, LIMIT_EVALUATION_POINTS, &result);
        if (r == 0 && (result.differs || bpf_validate(program, NULL) < 0))
                r = -ENOTRECOVERABLE;
        return r;
}

/* One architecture's program. */
static int put_program(const CompileCommand *command, Arena *arena, const Policy *policy,
        const Arch *arch, int scratch_fd, Buf *out) {
        const PolicyRule *refused = NULL;
        Program program = {};
        int r;

        if (command->format == FORMAT_PFC)
                return put_pfc(arena, policy, arch, scratch_fd, out);
        r = policy_compile(arena, policy, arch, 1, scratch_fd, &program, &refused);
        if (r == 0)
                r = evaluate(arena, policy, arch, &program);
        if (r < 0)
                return r;
        if (command->format == FORMAT_ASM)
                program_disassemble(out, &program, arch);
        else
                buf_append(out, program.insns, program.n_insns * sizeof(program.insns[0]));
        return 0;
}

static int put_programs(const CompileCommand *command, Arena *arena, int scratch_fd, Buf *out) {
        const Verdict *verdict = command->profile.verdict;
        bool is_first = true;
        Policy policy;
        int r = canonical_read(arena, verdict->canonical, verdict->canonical_size_bytes, &policy);

        for (size_t i = 0; r == 0 && i < policy.n_arches; i++) {
                if (command->arch && command->arch != policy.arches[i])
                        continue;
                if (!is_first)
                        buf_putc(out, '\n');
                is_first = false;
                r = put_program(command, arena, &policy, policy.arches[i], scratch_fd, out);
        }
        return r;
}

static int put_log_only(const CompileCommand *command, Arena *arena, Buf *out) {
        const Verdict *verdict = command->profile.verdict;
        Policy policy, trial, sorted;
        int r = canonical_read(arena, verdict->canonical, verdict->canonical_size_bytes, &policy);

        if (r == 0)
                r = policy_log_only(arena, &policy, &trial);
        if (r == 0)
                r = canonical_sort(arena, &trial, &sorted);
        if (r == 0)
                canonical_print(out, &sorted);
        return r;
}

static int make_programs(int scratch_fd, void *userdata, Buf *out) {
        Arena *arena = arena_new();
        int r = arena ? put_programs(userdata, arena, scratch_fd, out) : -ENOMEM;

        arena_free(arena);
        return r;
}

static int make_log_only(int scratch_fd, void *userdata, Buf *out) {
        Arena *arena = arena_new();
        int r = arena ? put_log_only(userdata, arena, out) : -ENOMEM;

        (void) scratch_fd;
        arena_free(arena);
        return r;
}

/* --- the command --- */

/* What a trial cannot show: which architecture is listed is no action. */
static void note_unlisted(const CompileCommand *command) {
        const Arch *native = command->options.facts.arch, *arches = NULL;
        size_t n = 0;

        arches = arch_all(&n);
        for (size_t i = 0; i < n; i++)
                if (arch_in_family(native, &arches[i]) &&
                        !has_arch(command->profile.verdict, &arches[i]))
                        fprintf(stderr,
                                PROGRAM ": note: calls of %s, which the profile does not list, are "
                                        "still killed\n",
                                arches[i].name);
}

/* Puts the trial in place of the profile, checked like any other. */
static int take_log_only(CompileCommand *command) {
        _cleanup_buf_ Buf text = {};
        Input *input = &command->profile.inputs.items[0];
        int r = job_run(PROGRAM, make_log_only, command, &text);

        if (r != 0)
                return r;
        free(input->bytes);
        input->bytes = NULL;
        r = buf_take(&text, &input->bytes, &input->size_bytes);
        if (r < 0) {
                fprintf(stderr, PROGRAM ": %s\n", strerror(-r));
                return CTL_USAGE;
        }
        r = profile_check(PROGRAM, &command->options, SEVERITY_ERROR, &command->profile);
        if (r == 0)
                note_unlisted(command);
        return r;
}

static int make_salt_note(int scratch_fd, void *userdata, Buf *out) {
        const CompileCommand *command = userdata;
        const Verdict *verdict = command->profile.verdict;
        Arena *arena = arena_new();
        Policy policy;
        int r = arena
                ? canonical_read(arena, verdict->canonical, verdict->canonical_size_bytes, &policy)
                : -ENOMEM;

        (void) scratch_fd;
        if (r == 0 && canonical_is_salted(&policy))
                buf_printf(out,
                        PROGRAM ": note: the first rule, on %s, is not the author's but the crun "
                                "salt: it does what the default does, and keeps crun from mixing "
                                "up profiles that differ in an errnoRet alone (docs/"
                                "canonical-form.md, 11)\n",
                        CANONICAL_SALT_NAME);
        arena_free(arena);
        return r;
}

/* For a person: in a pipeline it would stand in every log, and say nothing new. */
static void note_salt(CompileCommand *command) {
        _cleanup_buf_ Buf note = {};

        if (isatty(STDERR_FILENO) && job_run(PROGRAM, make_salt_note, command, &note) == 0 &&
                buf_error(&note) == 0 && note.size > 0)
                fputs(note.data, stderr);
}

static int print_canonical(CompileCommand *command) {
        const Verdict *verdict = command->profile.verdict;

        if (fwrite(verdict->canonical, 1, verdict->canonical_size_bytes, stdout) ==
                        verdict->canonical_size_bytes &&
                fflush(stdout) == 0) {
                note_salt(command);
                return CTL_OK;
        }
        perror(PROGRAM);
        return CTL_USAGE;
}

static void list_arches(const Verdict *verdict) {
        for (size_t i = 0; i < verdict->n_arches; i++)
                fprintf(stderr, "%s%s", i > 0 ? ", " : "", verdict->arches[i]->name);
        fputc('\n', stderr);
}

/* No program is made for --arch: the node cannot run it, or the profile does not list it. */
static int refuse_arch(const CompileCommand *command) {
        const Arch *native = command->options.facts.arch;
        _cleanup_buf_ Buf text = {};

        if (arch_in_family(native, command->arch)) {
                fprintf(stderr, PROGRAM ": %s is not among the profile's architectures: ",
                        command->arch->name);
                list_arches(command->profile.verdict);
                return CTL_USAGE;
        }
        wording_put_foreign_arch(&text, native, command->arch);
        fprintf(stderr, PROGRAM ": %s\n",
                buf_error(&text) < 0 ? strerror(-buf_error(&text)) : text.data);
        return CTL_USAGE;
}

static int print_programs(CompileCommand *command) {
        const Verdict *verdict = command->profile.verdict;

        if (command->arch && !has_arch(verdict, command->arch))
                return refuse_arch(command);
        if (command->format == FORMAT_BPF && !command->arch && verdict->n_arches > 1) {
                fputs(PROGRAM ": a program for each architecture: choose one with --arch: ",
                        stderr);
                list_arches(verdict);
                return CTL_USAGE;
        }
        return job_print(PROGRAM, make_programs, command, command->format == FORMAT_BPF);
}

int cmd_compile(int argc, char **argv) {
        CompileCommand command = { .options.capabilities = capabilities_default() };
        int r = parse_options(argc, argv, &command);

        if (r >= 0)
                return r;
        r = command.format == FORMAT_PFC ? sandbox_prepare_with_stdio() : 0;
        if (r < 0) {
                fprintf(stderr, PROGRAM ": preparing the sandbox failed: %s\n", strerror(-r));
                return CTL_USAGE;
        }
        r = check_prepare(PROGRAM, command.node, &command.options);
        if (r == CTL_OK)
                r = profile_load(PROGRAM, argv[optind], &command.options, SEVERITY_WARNING,
                        &command.profile);
        if (r == 0 && command.is_log_only)
                r = take_log_only(&command);
        if (r == 0)
                r = command.format == FORMAT_JSON ? print_canonical(&command)
                                                  : print_programs(&command);
        profile_done(&command.profile);
        return r;
}
