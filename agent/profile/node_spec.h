/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_NODE_SPEC_H
#define SECCOMPD_PROFILE_NODE_SPEC_H

#include "base/buf.h"
#include "profile/policy.h"

/**
 * Changes `options` to those of another node, as written on a command line:
 * "arch=arm64,kernel=5.10,caps=default,CAP_BPF". Each word may be absent; a word without "="
 * continues the list of caps. `arch` takes the names of uname(2), Go and OCI; with `kernel` come
 * the actions that such a kernel offers. Returns 0; -EINVAL with one line for a person in `problem`
 * and `options` untouched; -ENOMEM.
 */
int node_spec_parse(const char *text, CheckOptions *options, Buf *problem);

#endif
