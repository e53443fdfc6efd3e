/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The daemon's command line. Every mistake is said in one line on stderr with what would be right;
 * sources are parsed last, because --capabilities may stand behind them.
 */

#include "daemon/options.h"

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/fdio.h"
#include "base/usage.h"
#include "version.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM              "seccompd"
#define DEFAULT_LISTEN       "unix:/run/seccompd/seccompd.sock"
#define DEFAULT_RESCAN_USEC  (60 * USEC_PER_SEC)
#define OPTIONS_REPEATED_MAX 256

enum {
        OPT_SOURCE = 256,
        OPT_KUBELET_ROOT,
        OPT_SUBDIR,
        OPT_MATCH,
        OPT_ADOPT,
        OPT_PRUNE_AFTER,
        OPT_CAPABILITIES,
        OPT_RULE,
        OPT_FORBID_SYSCALL,
        OPT_ALLOWED_ACTION,
        OPT_REQUIRE_DEFAULT,
        OPT_CONFIG,
        OPT_LISTEN,
        OPT_EXPOSE_STATUS,
        OPT_READY_REQUIRES,
        OPT_WATCH,
        OPT_RESCAN,
        OPT_METRICS_PROFILE_INFO,
        OPT_LOG_FORMAT,
        OPT_LOG_LEVEL,
        OPT_ONCE,
        OPT_CLEANUP,
};

static const struct option OPTIONS[] = {
        { "source", required_argument, NULL, OPT_SOURCE },
        { "kubelet-root", required_argument, NULL, OPT_KUBELET_ROOT },
        { "subdir", required_argument, NULL, OPT_SUBDIR },
        { "match", required_argument, NULL, OPT_MATCH },
        { "adopt", required_argument, NULL, OPT_ADOPT },
        { "prune-after", required_argument, NULL, OPT_PRUNE_AFTER },
        { "capabilities", required_argument, NULL, OPT_CAPABILITIES },
        { "rule", required_argument, NULL, OPT_RULE },
        { "forbid-syscall", required_argument, NULL, OPT_FORBID_SYSCALL },
        { "allowed-action", required_argument, NULL, OPT_ALLOWED_ACTION },
        { "require-default", required_argument, NULL, OPT_REQUIRE_DEFAULT },
        { "config", required_argument, NULL, OPT_CONFIG },
        { "listen", required_argument, NULL, OPT_LISTEN },
        { "expose-status", no_argument, NULL, OPT_EXPOSE_STATUS },
        { "ready-requires", required_argument, NULL, OPT_READY_REQUIRES },
        { "watch", required_argument, NULL, OPT_WATCH },
        { "rescan", required_argument, NULL, OPT_RESCAN },
        { "metrics-profile-info", no_argument, NULL, OPT_METRICS_PROFILE_INFO },
        { "log-format", required_argument, NULL, OPT_LOG_FORMAT },
        { "log-level", required_argument, NULL, OPT_LOG_LEVEL },
        { "once", no_argument, NULL, OPT_ONCE },
        { "cleanup", no_argument, NULL, OPT_CLEANUP },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        {},
};

static const char *const ADOPT_NAMES[] = {
        [ADOPT_NEVER] = "never",
        [ADOPT_IDENTICAL] = "identical",
        [ADOPT_ALWAYS] = "always",
};

static void print_help(void) {
        CapabilitySet defaults = capabilities_default();

        fputs("usage: seccompd --source [NAME=]DIR[:SUBDIR] [OPTION...]\n"
              "       seccompd --cleanup [OPTION...]\n"
              "\n"
              "Checks the seccomp profiles of a directory (a mounted ConfigMap), compiles them, "
              "and keeps\n"
              "their canonical form in the kubelet's seccomp directory.\n"
              "\n"
              "What to install, and where:\n"
              "  --source [NAME=]DIR[:SUBDIR]  a directory of profiles; repeatable; SUBDIR is "
              "where they go\n"
              "                                below the destination\n"
              "  --match GLOB                  which files are profiles (default *.json)\n"
              "  --kubelet-root DIR            the kubelet's --root-dir (default "
              "/var/lib/kubelet)\n"
              "  --subdir PATH                 the destination is DIR/seccomp/PATH (default "
              "profiles; . works)\n"
              "  --adopt never|identical|always\n"
              "                                what to do with a foreign file of a profile's name\n"
              "                                (default identical: take it over if it means the "
              "same)\n"
              "  --prune-after never|DURATION  how long a profile that left its source is kept, as "
              "72h or\n"
              "                                30d (default never: it stays)\n"
              "\n"
              "How to check:\n"
              "  --capabilities [NAME=]LIST    what Docker's includes.caps are held against, for "
              "all\n"
              "                                sources or for source NAME; default:\n"
              "                                ",
                stdout);
        for (unsigned i = 0, column = 32; i < capability_count(); i++) {
                const char *name = capability_name(i);

                if (!(defaults.bits & (1ULL << i)))
                        continue;
                if (column + strlen(name) > 96) {
                        printf("\n                                ");
                        column = 32;
                }
                column += (unsigned) printf("%s ", name);
        }
        fputs("\n"
              "  --rule SPnnn=error|warning|info|off\n"
              "                                what a rule weighs here; repeatable\n"
              "  --forbid-syscall NAME         a call that no profile may let happen; repeatable\n"
              "  --allowed-action ACTION       an action that profiles may use; repeatable "
              "(default: "
              "all)\n"
              "  --require-default ACTION      what the default must be; repeatable: one of these\n"
              "  --config FILE                 a file of these four, a line each, without the "
              "dashes\n"
              "\n"
              "What to show:\n"
              "  --listen ADDRESS              unix:PATH or [HOST]:PORT; repeatable (default\n"
              "                                " DEFAULT_LISTEN "); TCP serves health and\n"
              "                                metrics only\n"
              "  --expose-status               TCP serves /status and /profiles too\n"
              "  --ready-requires none|all|NAME,...\n"
              "                                profiles that must be installed before /readyz says "
              "ok\n"
              "                                (default none)\n"
              "  --metrics-profile-info        a metric for each profile and digest\n"
              "  --log-format auto|json|text|journal\n"
              "  --log-level error|warning|info|debug (default info)\n"
              "\n"
              "How to run:\n"
              "  --once                        one pass, then exit: 0 all installed, 1 not, 3 "
              "another\n"
              "                                instance held the destination for 30 s\n"
              "  --cleanup                     without --source: remove every file that is ours, "
              "then wait\n"
              "                                to be stopped (with --once: exit)\n"
              "  --watch auto|poll             poll: do without inotify\n"
              "  --rescan DURATION             how often everything is read again (default 60s)\n"
              "  -h, --help                    this text\n"
              "  -V, --version                 the version\n",
                stdout);
}

void options_done(Options *options) {
        for (size_t i = 0; i < options->n_sources; i++)
                source_spec_done(&options->sources[i]);
        free(options->sources);
        free(options->kubelet_root);
        free(options->subdir);
        free(options->match);
        for (size_t i = 0; i < options->n_listen; i++)
                free(options->listen[i]);
        free(options->listen);
        for (size_t i = 0; i < options->n_ready_names; i++)
                free(options->ready_names[i]);
        free(options->ready_names);
        owner_config_done(&options->owner);
        *options = (Options){};
}

static int set_string(char **slot, const char *value) {
        char *copy = strdup(value);

        if (!copy)
                return -ENOMEM;
        free(*slot);
        *slot = copy;
        return 0;
}

static int append_string(char ***list, size_t *n, const char *value, size_t length) {
        char **grown = reallocarray(*list, *n + 1, sizeof(*grown));
        char *copy = NULL;

        if (!grown)
                return -ENOMEM;
        *list = grown;
        copy = strndup(value, length);
        if (!copy)
                return -ENOMEM;
        grown[(*n)++] = copy;
        return 0;
}

static int wrong(const char *option, const char *value, const char *wanted) {
        fprintf(stderr, PROGRAM ": --%s %s: %s\n", option, value, wanted);
        return OPTIONS_WRONG;
}

static int parse_adopt(Options *options, const char *value) {
        for (size_t i = 0; i < N_ELEMENTS(ADOPT_NAMES); i++)
                if (strcmp(ADOPT_NAMES[i], value) == 0) {
                        options->adopt = (AdoptMode) i;
                        return OPTIONS_RUN;
                }
        return wrong("adopt", value, "must be never, identical or always");
}

static int parse_subdir(Options *options, const char *value) {
        const char *problem =
                *value ? source_path_problem(value) : "is empty; . is the seccomp directory itself";

        if (problem && strcmp(value, ".") != 0)
                return wrong("subdir", value, problem);
        return set_string(&options->subdir, value);
}

static int parse_prune_after(Options *options, const char *value) {
        uint64_t usec = 0;

        if (strcmp(value, "never") == 0) {
                options->prune = false;
                return OPTIONS_RUN;
        }
        if (duration_parse(value, &usec) < 0)
                return wrong("prune-after", value,
                        "must be never or a duration with its unit, as 72h or 30d");
        options->prune = true;
        options->prune_after_seconds = (usec + USEC_PER_SEC - 1) / USEC_PER_SEC; /* ages are */
        return OPTIONS_RUN;
}

static int parse_ready_requires(Options *options, const char *value) {
        options->ready_requires_all = strcmp(value, "all") == 0;
        if (options->ready_requires_all || strcmp(value, "none") == 0)
                return OPTIONS_RUN;
        while (*value) {
                size_t length = strcspn(value, ",");

                if (length > 0 &&
                        append_string(
                                &options->ready_names, &options->n_ready_names, value, length) < 0)
                        return -ENOMEM;
                value += length + (value[length] == ',');
        }
        return OPTIONS_RUN;
}

static int parse_watch(Options *options, const char *value) {
        options->poll = strcmp(value, "poll") == 0;
        if (options->poll || strcmp(value, "auto") == 0)
                return OPTIONS_RUN;
        return wrong("watch", value, "must be auto or poll");
}

static int parse_rescan(Options *options, const char *value) {
        if (duration_parse(value, &options->rescan_usec) < 0 ||
                options->rescan_usec < 100 * USEC_PER_MSEC)
                return wrong("rescan", value,
                        "must be a duration with its unit of at least 100ms, as 60s");
        return OPTIONS_RUN;
}

static int parse_owner(Options *options, const char *key, const char *value) {
        _cleanup_buf_ Buf problem = {};
        int r = owner_config_set(&options->owner, key, value, &problem);

        if (r == -EINVAL)
                return wrong(key, value, problem.data ? problem.data : strerror(ENOMEM));
        return r < 0 ? r : OPTIONS_RUN;
}

static int parse_config(Options *options, const char *path) {
        _cleanup_buf_ Buf text = {}, problem = {};
        int r = file_read_all(path, OWNER_CONFIG_BYTES_MAX, &text);

        if (r < 0)
                return wrong("config", path, strerror(-r));
        r = owner_config_read(&options->owner, path, text.data, text.size, &problem);
        if (r == -EINVAL) {
                fprintf(stderr, PROGRAM ": --config %s\n", problem.data ? problem.data : path);
                return OPTIONS_WRONG;
        }
        return r < 0 ? r : OPTIONS_RUN;
}

static int parse_plain(int option, const char *value, Options *options) {
        switch (option) {
        case OPT_KUBELET_ROOT: return set_string(&options->kubelet_root, value);
        case OPT_SUBDIR: return parse_subdir(options, value);
        case OPT_MATCH: return set_string(&options->match, value);
        case OPT_ADOPT: return parse_adopt(options, value);
        case OPT_PRUNE_AFTER: return parse_prune_after(options, value);
        case OPT_RULE: return parse_owner(options, "rule", value);
        case OPT_FORBID_SYSCALL: return parse_owner(options, "forbid-syscall", value);
        case OPT_ALLOWED_ACTION: return parse_owner(options, "allowed-action", value);
        case OPT_REQUIRE_DEFAULT: return parse_owner(options, "require-default", value);
        case OPT_CONFIG: return parse_config(options, value);
        case OPT_LISTEN:
                return append_string(&options->listen, &options->n_listen, value, strlen(value));
        case OPT_EXPOSE_STATUS: options->expose_status = true; return OPTIONS_RUN;
        case OPT_READY_REQUIRES: return parse_ready_requires(options, value);
        case OPT_WATCH: return parse_watch(options, value);
        case OPT_RESCAN: return parse_rescan(options, value);
        case OPT_METRICS_PROFILE_INFO: options->metrics_profile_info = true; return OPTIONS_RUN;
        case OPT_LOG_FORMAT:
                if (log_format_parse(value, &options->log_format) < 0)
                        return wrong("log-format", value, "must be auto, json, text or journal");
                return OPTIONS_RUN;
        case OPT_LOG_LEVEL:
                if (log_level_parse(value, &options->log_level) < 0)
                        return wrong("log-level", value, "must be error, warning, info or debug");
                return OPTIONS_RUN;
        case OPT_ONCE: options->once = true; return OPTIONS_RUN;
        default: options->cleanup = true; return OPTIONS_RUN;
        }
}

/* `[NAME=]LIST`: for one source, or for all of them. */
static int parse_capabilities(Options *options, const char *value) {
        const char *equals = strchr(value, '=');
        const char *list = equals ? equals + 1 : value;
        const char *word = NULL;
        CapabilitySet set = {};

        if (capabilities_parse(list, &set, &word) < 0) {
                fprintf(stderr, PROGRAM ": --capabilities %s: unknown capability at '%s'\n", value,
                        word ? word : list);
                return OPTIONS_WRONG;
        }
        if (!equals) {
                options->capabilities = set;
                for (size_t i = 0; i < options->n_sources; i++)
                        options->sources[i].capabilities = set;
                return OPTIONS_RUN;
        }
        for (size_t i = 0; i < options->n_sources; i++) {
                SourceSpec *source = &options->sources[i];

                if (strlen(source->name) == (size_t) (equals - value) &&
                        strncmp(source->name, value, (size_t) (equals - value)) == 0) {
                        source->capabilities = set;
                        return OPTIONS_RUN;
                }
        }
        return wrong("capabilities", value, "names a source that no --source has");
}

static int parse_source(Options *options, const char *value) {
        SourceSpec *spec = &options->sources[options->n_sources];
        const char *problem = NULL;
        int r = source_spec_parse(value, options->capabilities, spec, &problem);

        if (r == -EINVAL)
                return wrong("source", value, problem);
        if (r < 0)
                return r;
        options->n_sources++;
        for (size_t i = 0; i + 1 < options->n_sources; i++)
                if (strcmp(options->sources[i].name, spec->name) == 0) {
                        fprintf(stderr,
                                PROGRAM
                                ": --source %s: another source is called %s already; name them, as "
                                "--source team-a=DIR\n",
                                value, spec->name);
                        return OPTIONS_WRONG;
                }
        return OPTIONS_RUN;
}

/* Repeated options whose meaning depends on each other, in the order in which they must be read. */
typedef struct Deferred {
        const char *sources[OPTIONS_REPEATED_MAX];
        size_t n_sources;
        const char *capabilities[OPTIONS_REPEATED_MAX];
        size_t n_capabilities;
} Deferred;

static int parse_deferred(Options *options, const Deferred *deferred) {
        int r;

        if (options->cleanup && deferred->n_sources > 0)
                return wrong("source", deferred->sources[0],
                        "--cleanup removes what is installed, and takes no sources");
        if (deferred->n_sources == 0 && !options->cleanup) {
                fputs(PROGRAM ": which profiles? Give --source DIR; see seccompd --help\n", stderr);
                return OPTIONS_WRONG;
        }
        options->sources = calloc(deferred->n_sources + 1, sizeof(*options->sources));
        if (!options->sources)
                return -ENOMEM;
        for (size_t i = 0; i < deferred->n_sources; i++) {
                r = parse_source(options, deferred->sources[i]);
                if (r != OPTIONS_RUN)
                        return r;
        }
        for (int for_one = 0; for_one <= 1; for_one++) /* for all sources first, then for one */
                for (size_t i = 0; i < deferred->n_capabilities; i++) {
                        if ((strchr(deferred->capabilities[i], '=') != NULL) != for_one)
                                continue;
                        r = parse_capabilities(options, deferred->capabilities[i]);
                        if (r != OPTIONS_RUN)
                                return r;
                }
        return OPTIONS_RUN;
}

static int set_defaults(Options *options) {
        options->adopt = ADOPT_IDENTICAL;
        options->capabilities = capabilities_default();
        options->rescan_usec = DEFAULT_RESCAN_USEC;
        options->log_level = LOG_LEVEL_INFO;
        if (set_string(&options->kubelet_root, "/var/lib/kubelet") < 0 ||
                set_string(&options->subdir, "profiles") < 0 ||
                set_string(&options->match, "*.json") < 0)
                return -ENOMEM;
        return OPTIONS_RUN;
}

static int add_deferred(const char **list, size_t *n, const char *option) {
        if (*n == OPTIONS_REPEATED_MAX)
                return wrong(option, optarg, "is given too often");
        list[(*n)++] = optarg;
        return OPTIONS_RUN;
}

static int parse_all(int argc, char **argv, Options *options, Deferred *deferred) {
        int option, r = OPTIONS_RUN;

        opterr = 0;
        while (r == OPTIONS_RUN && (option = getopt_long(argc, argv, ":hV", OPTIONS, NULL)) != -1) {
                switch (option) {
                case 'h': print_help(); return OPTIONS_SHOWN;
                case 'V':
                        puts("seccompd " SECCOMPD_VERSION " (" SECCOMPD_REVISION ")");
                        return OPTIONS_SHOWN;
                case OPT_SOURCE:
                        r = add_deferred(deferred->sources, &deferred->n_sources, "source");
                        break;
                case OPT_CAPABILITIES:
                        r = add_deferred(
                                deferred->capabilities, &deferred->n_capabilities, "capabilities");
                        break;
                case '?':
                case ':':
                        usage_refused_option(PROGRAM, option, argv, OPTIONS);
                        return OPTIONS_WRONG;
                default: r = parse_plain(option, optarg, options); break;
                }
        }
        if (r == OPTIONS_RUN && optind < argc) {
                fprintf(stderr,
                        PROGRAM ": what is '%s'? Directories of profiles go behind --source\n",
                        argv[optind]);
                return OPTIONS_WRONG;
        }
        return r;
}

int options_parse(int argc, char **argv, Options *ret_options) {
        _cleanup_(options_done) Options options = {};
        Deferred deferred = {};
        int r = set_defaults(&options);

        if (r == OPTIONS_RUN)
                r = parse_all(argc, argv, &options, &deferred);
        if (r == OPTIONS_RUN)
                r = parse_deferred(&options, &deferred);
        if (r == OPTIONS_RUN && options.n_listen == 0)
                r = append_string(
                        &options.listen, &options.n_listen, DEFAULT_LISTEN, strlen(DEFAULT_LISTEN));
        if (r != OPTIONS_RUN)
                return r;
        *ret_options = options;
        options = (Options){};
        return OPTIONS_RUN;
}

const char *adopt_mode_name(AdoptMode mode) {
        return ADOPT_NAMES[mode];
}
