/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_OWNER_H
#define SECCOMPD_PROFILE_OWNER_H

#include "base/buf.h"
#include "profile/rules.h"

#include <stddef.h>
#include <stdint.h>

#define OWNER_CONFIG_BYTES_MAX (1U << 20) /* of a file */

/*
 * What the owner of the nodes decides about every profile, whoever wrote it: how much each rule
 * weighs, and what no profile may let happen. On command lines and in files that CI and the nodes
 * share, by the same words.
 */

/** What no profile may do: SP921 to SP923. All zero permits everything. */
typedef struct OwnerPolicy {
        char **forbidden; /* names of system calls; owned */
        size_t n_forbidden;
        uint32_t allowed_actions;   /* ACTION_BITs; 0: all */
        uint32_t required_defaults; /* ACTION_BITs of which the default must be one; 0: any */
} OwnerPolicy;

typedef struct OwnerConfig {
        RuleConfig rules;
        OwnerPolicy policy;
} OwnerConfig;

void owner_config_done(OwnerConfig *config);

/**
 * Sets what `key` names: "rule" (SPnnn=SEVERITY), "forbid-syscall" (NAME), "allowed-action" or
 * "require-default" (ACTION). Lists grow, a later severity of a rule replaces the one before.
 * Returns 0; -EINVAL with one line for a person in `problem`; -ENOMEM.
 */
int owner_config_set(OwnerConfig *config, const char *key, const char *value, Buf *problem);

/**
 * Reads a file of "KEY VALUE" lines with those keys; empty ones, and what follows a '#' at the
 * start of a line, are left out. `name` is the file's, for `problem`. Returns as
 * owner_config_set(); with -EINVAL what stood before the wrong line is set.
 */
int owner_config_read(
        OwnerConfig *config, const char *name, const char *bytes, size_t size_bytes, Buf *problem);

#endif
