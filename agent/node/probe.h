/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_NODE_PROBE_H
#define SECCOMPD_NODE_PROBE_H

#include "profile/facts.h"

/**
 * Reads this node's facts: uname(2), the actions that kernel (SECCOMP_GET_ACTION_AVAIL) and
 * libseccomp offer, libseccomp's version and API level. Warms libseccomp up. Returns 0;
 * -ENOSYS when the kernel has no seccomp filters (`ret_facts` is filled all the same, no action in
 * it); -ENOTSUP for an unknown architecture.
 */
int node_probe(NodeFacts *ret_facts);

#endif
