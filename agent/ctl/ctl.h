/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_CTL_CTL_H
#define SECCOMPD_CTL_CTL_H

#include "base/buf.h"
#include "node/worker.h"
#include "profile/diag.h"
#include "profile/policy.h"
#include "profile/text.h"

#include <stdbool.h>
#include <stddef.h>

/** Exit statuses of seccompctl. */
enum {
        CTL_OK = 0,
        CTL_FOUND = 1,       /* check: findings; compile, explain: not valid; diff: they differ;
                                status: not all installed */
        CTL_USAGE = 2,       /* a usage mistake, or an input that cannot be read */
        CTL_UNREACHABLE = 3, /* status: no daemon answers */
};

/* The subcommands: argv[0] is the subcommand's name. Each returns an exit status. */
int cmd_check(int argc, char **argv);
int cmd_compile(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_status(int argc, char **argv);

/** Which output a person or a program asked for. */
typedef enum OutputFormat {
        OUTPUT_TEXT,
        OUTPUT_JSON,
} OutputFormat;

/** Reads "text" or "json". Returns 0, or -EINVAL after saying so for `program`. */
int output_format_parse(const char *program, const char *name, OutputFormat *ret_format);

/** Whether stdout is a terminal that shows colours (NO_COLOR and TERM=dumb are honoured). */
bool output_has_colour(void);

/** Prints the version of the program, whose subcommands all have it. */
void version_print(void);

/**
 * Reads this machine's facts into `options`, changes them to those of another node as --node says
 * (`node`; NULL: this machine), and prepares the sandbox for checks. Returns 0, or an exit status
 * after saying what is wrong.
 */
int check_prepare(const char *program, const char *node, CheckOptions *options);

/** A file that holds profiles as JSON strings: a ConfigMap, or a List of them. */
typedef struct Container {
        char *name;  /* of the file, as shown; owned */
        char *bytes; /* owned */
        size_t size_bytes;
        Arena *arena; /* owned */
        Text text;    /* in the arena */
} Container;

/** A file to check, or a profile in a Container. */
typedef struct Input {
        char *name;  /* as shown in diagnostics: "-" is "<stdin>"; owned */
        char *bytes; /* owned; NULL when it could not be read */
        size_t size_bytes;
        int error;                  /* -errno when bytes is NULL */
        const char *problem;        /* then, instead of strerror()'s words; static; NULL */
        const Container *container; /* borrowed from Inputs; NULL for a file of its own */
        Span literal;               /* the string in the container that holds the profile */
        bool is_encoded;            /* in base64: a place in it is none in the container */
} Input;

/** A key of a ConfigMap that was passed over, because it does not match *.json. */
typedef struct PassedKey {
        const Container *container; /* borrowed from Inputs */
        char *name;                 /* as an Input's: "FILE#data/KEY"; owned */
        const char *right_name; /* what to call the key, if it holds a profile; in an arena; NULL */
} PassedKey;

typedef struct Inputs {
        Input *items; /* owned */
        size_t n;
        PassedKey *passed; /* owned */
        size_t n_passed;
        Container **containers; /* owned */
        size_t n_containers;
} Inputs;

void inputs_done(Inputs *inputs);

/**
 * Reads a FILE, the *.json files below a DIR (sorted; hidden ones and links to directories left
 * out), or "-" for standard input, and appends them. One that cannot be read, or is longer than 16
 * MiB, is appended with its error, as is a DIR without such a file; one over the profile limit is
 * read whole, so that the check says by how much. Returns 0 or -ENOMEM.
 */
int inputs_add(Inputs *inputs, const char *path);

/**
 * Replaces every ConfigMap, and every List of ConfigMaps as `kubectl get -o json` prints it, by the
 * profiles in it: the keys of `data` and `binaryData` that match *.json, called
 * "FILE#data/web.json" or "FILE#items/0/data/web.json". One without such a key is an error of that
 * file. Keys that do not match are `passed`: those beside a profile, and those that look like one.
 * What is neither stays. Returns 0 or -ENOMEM.
 */
int inputs_expand(Inputs *inputs);

/**
 * Renders the findings of at least that severity as text for a person. Returns 0 or -ENOMEM; errors
 * of the text stay in `out`.
 */
int findings_render(
        Buf *out, const DiagList *diags, Severity least, const Input *input, bool colour);

/** A profile that has been checked and is valid; profile_done(). */
typedef struct Profile {
        Inputs inputs;    /* one, with its bytes */
        Verdict *verdict; /* VERDICT_GOOD; owned */
} Profile;

void profile_done(Profile *profile);

/**
 * Reads one FILE, or "-", and checks it. Findings of at least the severity `least` are shown on
 * stderr. Returns 0 with a valid profile; CTL_FOUND for one that is not; CTL_USAGE after saying why
 * it cannot be read.
 */
int profile_load(const char *program, const char *path, const CheckOptions *options, Severity least,
        Profile *ret_profile);

/** Checks the bytes that `profile` has now, in the same way; its verdict is replaced. */
int profile_check(
        const char *program, const CheckOptions *options, Severity least, Profile *profile);

/** Reads the value of --rule into `options`. Returns 0, or CTL_USAGE after saying what is wrong. */
int option_rule(const char *program, const char *value, CheckOptions *options);
/** The same of --capabilities. */
int option_capabilities(const char *program, const char *value, CheckOptions *options);
/**
 * Reads the value of --arch, an architecture's name as profiles, Linux or Go write it, or audit's
 * number. Returns 0, or CTL_USAGE after saying what is wrong.
 */
int option_arch(const char *program, const char *value, const Arch **ret_arch);

/**
 * Runs a job in a confined child, and appends what it made to `out`. Returns the job's result, or
 * CTL_USAGE after saying what went wrong.
 */
int job_run(const char *program, WorkerJob job, void *userdata, Buf *out);

/**
 * Runs a job in a confined child and writes what it made to stdout. Bytes of a job that has read a
 * profile are held against what may be shown on a terminal, `is_binary` ones are not. Returns the
 * job's result, or CTL_USAGE after saying what went wrong.
 */
int job_print(const char *program, WorkerJob job, void *userdata, bool is_binary);

/**
 * GETs `path` from a daemon at `address` ("unix:/path", "HOST:PORT" or "http://HOST:PORT").
 * Returns the HTTP status with the body in `body`; -ECONNREFUSED with `*ret_problem` (owned, for a
 * person) when nobody answers; -EINVAL for an address that is none, where `*ret_problem` may say
 * what is wrong with it; -ENOMEM.
 */
int http_get(const char *address, const char *path, Buf *body, char **ret_problem);

#endif
