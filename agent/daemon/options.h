/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_DAEMON_OPTIONS_H
#define SECCOMPD_DAEMON_OPTIONS_H

#include "daemon/log.h"
#include "node/plan.h"
#include "node/source.h"
#include "profile/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The daemon's command line, parsed; fixed for the process's life. Strings are owned. */
typedef struct Options {
        SourceSpec *sources; /* at least one, but for --cleanup */
        size_t n_sources;
        char *kubelet_root;
        char *subdir;
        char *match;
        AdoptMode adopt;
        bool prune;
        uint64_t prune_after_seconds;
        CapabilitySet capabilities;
        OwnerConfig owner; /* severities of rules, and what no profile may do */
        char **listen;
        size_t n_listen;
        bool expose_status;
        bool ready_requires_all;
        char **ready_names; /* of --ready-requires=NAME,… */
        size_t n_ready_names;
        bool poll; /* --watch=poll */
        uint64_t rescan_usec;
        bool metrics_profile_info;
        LogFormat log_format;
        LogLevel log_level;
        bool once;
        bool cleanup; /* without sources: everything that is ours is removed */
} Options;

void options_done(Options *options);

/** What the command line asked for. */
typedef enum OptionsResult {
        OPTIONS_RUN,   /* go on */
        OPTIONS_SHOWN, /* --help or --version was printed: exit 0 */
        OPTIONS_WRONG, /* said on stderr what is wrong: exit 2 */
} OptionsResult;

/** Parses the command line. Returns an OptionsResult, or -ENOMEM. */
int options_parse(int argc, char **argv, Options *ret_options);

/** How an adopt mode is spelled. */
const char *adopt_mode_name(AdoptMode mode);

#endif
