/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_DAEMON_DAEMON_H
#define SECCOMPD_DAEMON_DAEMON_H

#include "daemon/options.h"

/** Exit statuses of seccompd. */
enum {
        EXIT_ALL_INSTALLED = 0,
        EXIT_NOT_INSTALLED =
                1, /* --once: not all profiles are installed; else: the machine failed */
        EXIT_USAGE = 2,
        EXIT_LOCKED = 3, /* --once: another instance held the destination for 30 s */
};

/**
 * Runs the daemon until it is told to stop (or, with --once, one pass). Returns the exit status.
 * Everything that goes wrong was logged.
 */
int daemon_run(const Options *options);

#endif
