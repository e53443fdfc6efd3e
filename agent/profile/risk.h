/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_RISK_H
#define SECCOMPD_PROFILE_RISK_H

/**
 * What somebody inside a container gains by a call that an allow-list had better not have (SP901,
 * SP902), a few words for a person; NULL for all other calls.
 */
const char *risk_of_call(const char *name);

#endif
