/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_WORDING_H
#define SECCOMPD_PROFILE_WORDING_H

#include "base/buf.h"
#include "profile/policy.h"

/*
 * Actions and conditions in words, for people and as JSON: what explain and diff say alike. Errors
 * stay in the buffer.
 */

/** "ALLOW", "ERRNO(38)", "TRACE(7)": the OCI name without its prefix, with its datum. */
void wording_put_action(Buf *buf, Action action);

/**
 * What becomes of a call: "allowed", "denied, and fails with EPERM", "denied, and its process is
 * killed", "up to the listener".
 */
void wording_put_fate(Buf *buf, Action action);

/** An argument or a number in a condition: small ones in decimal, others in hexadecimal. */
void wording_put_value(Buf *buf, uint64_t value);

/** "a1 >= 5", "(a0 & 0x7e020000) == 0"; several with " and " between them. */
void wording_put_conditions(Buf *buf, const Condition *conditions, size_t n);

/**
 * That `arch`, which is not of the family of `native`, cannot run on this node, and how to ask
 * about one where it can.
 */
void wording_put_foreign_arch(Buf *buf, const Arch *native, const Arch *arch);

/** `"action":"SCMP_ACT_ERRNO","errnoRet":38` (errnoRet for ERRNO and TRACE), without braces. */
void wording_put_action_json(Buf *buf, Action action);

/** `[{"index":0,"op":"SCMP_CMP_EQ","value":1}]`, with `"valueTwo"` for SCMP_CMP_MASKED_EQ. */
void wording_put_conditions_json(Buf *buf, const Condition *conditions, size_t n);

#endif
