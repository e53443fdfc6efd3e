/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_CHECKED_NODE_H
#define SECCOMPD_TESTS_CHECKED_NODE_H

#include "profile/policy.h"

/** The node that profiles are checked for where nothing else is said: kernel 6.1, libseccomp 2.5.4.
 */
static inline CheckOptions checked_node(const Arch *arch) {
        return (CheckOptions){
                .facts = {
                        .arch = arch,
                        .kernel_major = 6,
                        .kernel_minor = 1,
                        .actions = ACTION_BIT(N_ACTION_KINDS) - 1,
                        .libseccomp_major = 2,
                        .libseccomp_minor = 5,
                        .libseccomp_micro = 4,
                        .api_level = 6,
                },
                .capabilities = capabilities_default(),
        };
}

#endif
