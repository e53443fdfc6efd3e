/* SPDX-License-Identifier: Apache-2.0 */

/*
 * seccompctl status: what a running seccompd says of its node, as a table, one profile's history,
 * or the JSON as it is; with --wait it asks until everything is installed or the time is up.
 */

#include "ctl/ctl.h"

#include "base/duration.h"
#include "base/usage.h"
#include "base/utf8.h"
#include "profile/state.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#define PROGRAM         "seccompctl status"
#define DEFAULT_ADDRESS "unix:/run/seccompd/seccompd.sock"
#define WAIT_STEP_USEC  (200 * USEC_PER_MSEC)
#define DIGEST_SHOWN    19 /* "sha256:" and 12 digits */

enum {
        OPT_ADDRESS = 256,
        OPT_FORMAT,
        OPT_WAIT
};

static const struct option OPTIONS[] = {
        { "address", required_argument, NULL, OPT_ADDRESS },
        { "format", required_argument, NULL, OPT_FORMAT },
        { "wait", required_argument, NULL, OPT_WAIT },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        {},
};

typedef struct StatusCommand {
        const char *address;
        const char *profile; /* NULL: all */
        OutputFormat format;
        uint64_t wait_usec;
        Buf body;    /* the last answer */
        cJSON *root; /* parsed; owned */
} StatusCommand;

static void print_help(void) {
        fputs("usage: seccompctl status [OPTION...] [PROFILE]\n"
              "\n"
              "Shows the profiles of a running seccompd, or the history of one PROFILE.\n"
              "\n"
              "  --address ADDRESS       unix:PATH or HOST:PORT (default\n"
              "                          " DEFAULT_ADDRESS ")\n"
              "  -o, --format text|json  json: the daemon's /status as it is (default text)\n"
              "  --wait DURATION         ask again until all profiles are installed, as 30s or 5m\n"
              "  -h, --help              this text\n"
              "  -V, --version           the version\n"
              "\n"
              "exit status: 0 all installed, 1 not, 2 usage, 3 the daemon cannot be reached\n",
                stdout);
}

/* Returns -1 to go on, or an exit status. */
static int parse_options(int argc, char **argv, StatusCommand *command) {
        int option;

        opterr = 0;
        while ((option = getopt_long(argc, argv, ":hVo:", OPTIONS, NULL)) != -1) {
                switch (option) {
                case 'h': print_help(); return CTL_OK;
                case 'V': version_print(); return CTL_OK;
                case OPT_ADDRESS: command->address = optarg; break;
                case 'o':
                case OPT_FORMAT:
                        if (output_format_parse(PROGRAM, optarg, &command->format) < 0)
                                return CTL_USAGE;
                        break;
                case OPT_WAIT:
                        if (duration_parse(optarg, &command->wait_usec) >= 0)
                                break;
                        fprintf(stderr,
                                PROGRAM ": --wait %s: must be a duration with its unit, as 30s\n",
                                optarg);
                        return CTL_USAGE;
                default: usage_refused_option(PROGRAM, option, argv, OPTIONS); return CTL_USAGE;
                }
        }
        if (optind + 1 < argc) {
                fputs(PROGRAM ": give one PROFILE at most\n", stderr);
                return CTL_USAGE;
        }
        command->profile = optind < argc ? argv[optind] : NULL;
        return -1;
}

static const char *text_of(const cJSON *object, const char *key) {
        return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static const cJSON *profiles_of(const StatusCommand *command) {
        return cJSON_GetObjectItemCaseSensitive(command->root, "profiles");
}

static const cJSON *find_profile(const StatusCommand *command) {
        const cJSON *profile = NULL;

        cJSON_ArrayForEach (profile, profiles_of(command)) {
                const char *name = text_of(profile, "name");

                if (name && strcmp(name, command->profile) == 0)
                        return profile;
        }
        return NULL;
}

/* --- asking --- */

/* One question. Returns 0, or an exit status with what is wrong in `*ret_problem`. */
static int ask(StatusCommand *command, char **ret_problem) {
        int status;

        buf_done(&command->body);
        cJSON_Delete(command->root);
        command->root = NULL;
        status = http_get(command->address, "/status", &command->body, ret_problem);
        if (status == 200) {
                command->root = cJSON_ParseWithLength(command->body.data, command->body.size);
                if (cJSON_IsArray(profiles_of(command)))
                        return 0;
                *ret_problem = strdup("it answers, but not as seccompd does");
        } else if (status == 403)
                *ret_problem = strdup(
                        "this listener does not serve /status; ask the unix socket, or start "
                        "seccompd with --expose-status");
        else if (status == -EINVAL) {
                if (!*ret_problem)
                        *ret_problem = strdup("is no address: unix:PATH or HOST:PORT");
                return CTL_USAGE;
        } else if (status >= 0 && asprintf(ret_problem, "HTTP status %d", status) < 0)
                *ret_problem = NULL;
        return CTL_UNREACHABLE;
}

/* Every profile that the source has (or the one asked for) stands there as its source says. */
static bool is_all_installed(const StatusCommand *command) {
        const cJSON *sync = cJSON_GetObjectItemCaseSensitive(command->root, "sync"),
                    *profile = NULL;
        bool all = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(sync, "done"));

        if (command->profile && !find_profile(command))
                return false;
        cJSON_ArrayForEach (profile, profiles_of(command)) {
                const char *name = text_of(profile, "name"),
                           *name_of_state = text_of(profile, "state");
                ProfileState state = PROFILE_INVALID;

                if (command->profile && (!name || strcmp(name, command->profile) != 0))
                        continue;
                if (!name_of_state || profile_state_parse(name_of_state, &state) < 0)
                        return false;
                all &= state == PROFILE_INSTALLED ||
                        (state == PROFILE_RETIRING && !command->profile);
        }
        return all;
}

static uint64_t clock_usec(clockid_t clock) {
        struct timespec time = {};

        (void) clock_gettime(clock, &time);
        return (uint64_t) time.tv_sec * USEC_PER_SEC + (uint64_t) time.tv_nsec / 1000;
}

static int ask_until_installed(StatusCommand *command) {
        uint64_t deadline = clock_usec(CLOCK_MONOTONIC) + command->wait_usec;

        for (;;) {
                _cleanup_free_ char *problem = NULL;
                int r = ask(command, &problem);

                if ((r == 0 && is_all_installed(command)) || r == CTL_USAGE ||
                        clock_usec(CLOCK_MONOTONIC) >= deadline) {
                        if (r != 0)
                                fprintf(stderr, PROGRAM ": %s: %s\n", command->address,
                                        problem ? problem : strerror(ENOMEM));
                        return r;
                }
                (void) usleep(WAIT_STEP_USEC);
        }
}

/* --- showing --- */

/* A text as a person may be shown it: names may hold what moves a terminal's cursor. */
static const char *shown_of(const cJSON *object, const char *key) {
        char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

        if (text)
                (void) utf8_make_harmless(text);
        return text;
}

/* Microseconds since the epoch of an RFC 3339 time in UTC, or 0. */
static uint64_t time_parse(const char *text) {
        struct tm tm = {};

        if (!text || !strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
                return 0;
        return (uint64_t) timegm(&tm) * USEC_PER_SEC;
}

static void age_of(const char *since, char ret_text[static DURATION_TEXT_SIZE]) {
        uint64_t then = time_parse(since), now = clock_usec(CLOCK_REALTIME);

        if (then == 0)
                snprintf(ret_text, DURATION_TEXT_SIZE, "-");
        else
                duration_format(now > then ? now - then : 0, ret_text);
}

/* The first error, else the reason, else the first warning: what a person wants to know first. */
static const cJSON *first_diagnostic(const cJSON *profile, const char *severity) {
        const cJSON *diagnostic = NULL;

        cJSON_ArrayForEach (diagnostic, cJSON_GetObjectItemCaseSensitive(profile, "diagnostics")) {
                const char *its = text_of(diagnostic, "severity");

                if (its && strcmp(its, severity) == 0)
                        return diagnostic;
        }
        return NULL;
}

static void put_diagnostic(Buf *out, const cJSON *diagnostic) {
        const cJSON *line = cJSON_GetObjectItemCaseSensitive(diagnostic, "line");
        const cJSON *column = cJSON_GetObjectItemCaseSensitive(diagnostic, "column");
        const char *rule = text_of(diagnostic, "rule"), *message = text_of(diagnostic, "message");

        if (cJSON_IsNumber(line) && line->valuedouble > 0 && cJSON_IsNumber(column))
                buf_printf(out, "%.0f:%.0f: ", line->valuedouble, column->valuedouble);
        buf_printf(out, "%s [%s]", message ? message : "", rule ? rule : "");
}

static void put_why(Buf *out, const cJSON *profile) {
        const cJSON *diagnostic = first_diagnostic(profile, "error");
        const char *reason = text_of(profile, "reason");

        if (!diagnostic && reason) {
                buf_puts(out, reason);
                return;
        }
        if (!diagnostic)
                diagnostic = first_diagnostic(profile, "warning");
        if (diagnostic)
                put_diagnostic(out, diagnostic);
}

/* Columns of the terminal, or 0: not one. */
static size_t terminal_width(void) {
        struct winsize size = {};

        if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
                return 0;
        return size.ws_col;
}

/* Ends a row: no blanks at its end, and on a terminal no second line. */
static void end_row(Buf *out, size_t begin, size_t width) {
        size_t columns = 0;

        while (out->size > begin && out->data[out->size - 1] == ' ')
                out->data[--out->size] = '\0';
        for (size_t i = begin; width > 0 && i < out->size; i++) {
                columns += ((unsigned char) out->data[i] & 0xc0) !=
                        0x80; /* not the rest of a code point */
                if (columns < width)
                        continue;
                out->data[out->size = i] = '\0';
                buf_puts(out, "…");
                break;
        }
        buf_putc(out, '\n');
}

static int max_int(int a, int b) {
        return a > b ? a : b;
}

static void put_problem_of(Buf *out, const StatusCommand *command, const char *name) {
        const cJSON *part = cJSON_GetObjectItemCaseSensitive(command->root, name);
        const char *problem = shown_of(part, "problem");

        if (problem)
                buf_printf(out, "%s: %s\n", name, problem);
}

/* What is wrong with more than one profile, and why there may be none. */
static void put_problems(Buf *out, const StatusCommand *command) {
        const cJSON *source = NULL;

        put_problem_of(out, command, "destination");
        put_problem_of(out, command, "sync");
        cJSON_ArrayForEach (source, cJSON_GetObjectItemCaseSensitive(command->root, "sources")) {
                const char *state = text_of(source, "state");
                const char *problem = shown_of(source, "problem");
                const char *name = text_of(source, "name");

                if (problem || (state && strcmp(state, "ok") != 0))
                        buf_printf(out, "source %s: %s%s%s\n", name ? name : "?",
                                state ? state : "?", problem ? ": " : "", problem ? problem : "");
        }
}

static void put_table(Buf *out, const StatusCommand *command) {
        const cJSON *profile = NULL;
        int width = (int) strlen("PROFILE");
        size_t width_max = terminal_width();

        cJSON_ArrayForEach (profile, profiles_of(command)) {
                const char *name = shown_of(profile, "name");

                width = max_int(width, name ? (int) strlen(name) : 0);
        }
        buf_printf(out, "%-*s  %-9s  %-*s  %-7s  %s\n", width, "PROFILE", "STATE", DIGEST_SHOWN,
                "DIGEST", "AGE", "FIRST FINDING");
        cJSON_ArrayForEach (profile, profiles_of(command)) {
                const char *name = text_of(profile, "name"), *state = text_of(profile, "state");
                const char *digest = text_of(profile, "digest");
                char age[DURATION_TEXT_SIZE];
                size_t begin = out->size;

                age_of(text_of(profile, "since"), age);
                buf_printf(out, "%-*s  %-9s  %-*.*s  %-7s  ", width, name ? name : "?",
                        state ? state : "?", DIGEST_SHOWN, DIGEST_SHOWN, digest ? digest : "-",
                        age);
                put_why(out, profile);
                end_row(out, begin, width_max);
        }
        if (cJSON_GetArraySize(profiles_of(command)) == 0)
                buf_puts(out, "(no profiles)\n");
        put_problems(out, command);
}

static void put_history(Buf *out, const cJSON *profile) {
        const cJSON *item = NULL;

        for (size_t i = 0; i < 4; i++) {
                static const char *const KEYS[] = { "state", "digest", "sourceDigest", "reason" };
                const char *value = text_of(profile, KEYS[i]);

                if (value)
                        buf_printf(out, "%-13s %s\n", KEYS[i], value);
        }
        cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(profile, "diagnostics")) {
                const char *severity = text_of(item, "severity"), *hint = text_of(item, "hint");

                buf_printf(out, "%-13s ", severity ? severity : "?");
                put_diagnostic(out, item);
                buf_putc(out, '\n');
                if (hint)
                        buf_printf(out, "%-13s %s\n", "", hint);
        }
        buf_puts(out, "\nCHANGED                      STATE      DIGEST               EFFECT\n");
        cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(profile, "changes")) {
                const char *time = text_of(item, "time"), *state = text_of(item, "state");
                const char *digest = text_of(item, "digest"), *effect = text_of(item, "effect");

                buf_printf(out, "%-27s  %-9s  %.*s%s%s\n", time ? time : "?", state ? state : "?",
                        DIGEST_SHOWN, digest ? digest : "-", effect ? "  " : "",
                        effect ? effect : "");
        }
}

static int put_profile(Buf *out, const StatusCommand *command) {
        const cJSON *profile = find_profile(command);
        char *text = NULL;

        if (!profile) {
                fprintf(stderr, PROGRAM ": no profile %s on this node\n", command->profile);
                return CTL_FOUND;
        }
        if (command->format == OUTPUT_TEXT) {
                put_history(out, profile);
                return CTL_OK;
        }
        text = cJSON_Print(profile);
        if (!text)
                return -ENOMEM;
        buf_printf(out, "%s\n", text);
        cJSON_free(text);
        return CTL_OK;
}

static int show(const StatusCommand *command) {
        _cleanup_buf_ Buf out = {};
        int r = CTL_OK;

        if (command->profile)
                r = put_profile(&out, command);
        else if (command->format == OUTPUT_JSON)
                buf_append(&out, command->body.data, command->body.size);
        else
                put_table(&out, command);
        if (r != CTL_OK)
                return r;
        if (buf_error(&out) < 0)
                return buf_error(&out);
        if ((out.size > 0 && fwrite(out.data, 1, out.size, stdout) != out.size) ||
                fflush(stdout) != 0)
                return -EIO;
        return is_all_installed(command) ? CTL_OK : CTL_FOUND;
}

int cmd_status(int argc, char **argv) {
        StatusCommand command = { .address = DEFAULT_ADDRESS };
        int r = parse_options(argc, argv, &command);

        if (r >= 0)
                return r;
        r = ask_until_installed(&command);
        if (r == 0)
                r = show(&command);
        buf_done(&command.body);
        cJSON_Delete(command.root);
        if (r < 0) {
                fprintf(stderr, PROGRAM ": %s\n", strerror(-r));
                return CTL_USAGE;
        }
        return r;
}
