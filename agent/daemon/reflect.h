/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_DAEMON_REFLECT_H
#define SECCOMPD_DAEMON_REFLECT_H

#include "daemon/pass.h"

/**
 * Fills the status with what the manifest says is installed, before the first pass. Returns 0 or
 * -ENOMEM.
 */
int reflect_manifest(NodeStatus *status, const Manifest *manifest);

/**
 * Brings the status up to what a pass found and did, and logs each change once. `now_usec` is wall
 * clock. Returns 0 or -ENOMEM.
 */
int reflect_pass(NodeStatus *status, const Options *options, const PassReport *report,
        const Store *store, const Backoff *backoff, Log *log, int64_t now_usec);

#endif
