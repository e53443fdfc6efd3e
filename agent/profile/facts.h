/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_FACTS_H
#define SECCOMPD_PROFILE_FACTS_H

#include "profile/arch.h"
#include "profile/vocabulary.h"

#include <stdint.h>

/** What a verdict depends on besides the profile and the options. Fixed for the process's life. */
typedef struct NodeFacts {
        const Arch *arch; /* native */
        unsigned kernel_major;
        unsigned kernel_minor;
        uint32_t actions;          /* ACTION_BIT of each action that kernel and libseccomp offer */
        unsigned libseccomp_major; /* of the library that is linked */
        unsigned libseccomp_minor;
        unsigned libseccomp_micro;
        unsigned api_level; /* libseccomp's API level */
} NodeFacts;

/** A set of Linux capabilities: bit n is capability n (linux/capability.h). */
typedef struct CapabilitySet {
        uint64_t bits;
} CapabilitySet;

/** containerd's default for containers: 14 capabilities. */
CapabilitySet capabilities_default(void);

/**
 * Reads "CAP_CHOWN,CAP_KILL" ("none" and "" are the empty set, "default" stands for containerd's
 * and may be one word of several; the CAP_ prefix and letter case are free). Returns 0, or -EINVAL
 * with the first unknown word's place in `*ret_word` (borrowed from `text`, NULL is fine) and
 * `ret_set` untouched.
 */
int capabilities_parse(const char *text, CapabilitySet *ret_set, const char **ret_word);

/** Number of a capability by its name exactly as written ("CAP_SYS_ADMIN"), or -EINVAL. */
int capability_number(const char *name);
/** Name by number ("CAP_SYS_ADMIN"), or NULL. */
const char *capability_name(unsigned number);
/** How many capabilities are known: numbers 0 to n-1. */
unsigned capability_count(void);
/** The capability that was most likely meant, also by "sys_admin" or "CAP_SYS_ADMN", or NULL. */
const char *capability_suggest(const char *word);

/** Reads "6.1.0-18-amd64" or "6.1" as a kernel version. Returns 0 or -EINVAL. */
int kernel_version_parse(const char *release, unsigned *ret_major, unsigned *ret_minor);

#endif
