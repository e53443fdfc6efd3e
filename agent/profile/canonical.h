/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_CANONICAL_H
#define SECCOMPD_PROFILE_CANONICAL_H

#include "base/buf.h"
#include "base/digest.h"
#include "profile/policy.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The canonical form: one text for each meaning, which every runtime decodes to the same rules
 * (docs/canonical-form.md). It depends on the policy only, never on the order or the spelling of
 * the author's text.
 */

/**
 * A copy of `policy` in canonical order: conditions of each rule sorted, rules sorted by (action,
 * errno, conditions, name), duplicates that appear by sorting merged; a first rule that is the salt
 * of the others (the text was canonical) is left out. From `arena`, strings borrowed from `policy`.
 * Returns 0 or -ENOMEM.
 */
int canonical_sort(Arena *arena, const Policy *policy, Policy *ret_canonical);

/**
 * Prints a canonically sorted policy: UTF-8, LF, two spaces of indent, fixed key order, names
 * grouped by (action, errno, conditions); the crun salt first where a rule's errno differs from
 * the default's. Errors stay in `buf`.
 */
void canonical_print(Buf *buf, const Policy *canonical);

/** The call that the salt's rule is on. */
#define CANONICAL_SALT_NAME "read"

/**
 * Whether the text of such a policy starts with the salt: a rule carries an errnoRet that is not
 * the default's. The salt itself never does, so it does not matter whether it is among the rules.
 */
bool canonical_is_salted(const Policy *policy);

/**
 * Takes the salt from a policy whose text was canonical: its first rule, if that is the salt of the
 * others. It is no part of what an author means. Scratch from `arena`.
 */
void canonical_drop_salt(Arena *arena, Policy *policy);

/**
 * The digest of what such a policy says besides the errnos of its rules: equal for two that differ
 * in nothing else. Returns 0 or -ENOMEM.
 */
int canonical_outline(Arena *arena, const Policy *canonical, Digest *ret_outline);

/**
 * Reads canonical bytes back into a policy in canonical order, strictly, the salt rule left out.
 * It must be our own canonical form: anything else is -EINVAL. From `arena`. Returns 0, -EINVAL,
 * -ENOMEM.
 */
int canonical_read(Arena *arena, const char *bytes, size_t size_bytes, Policy *ret_policy);

/** Whether two canonically sorted policies say the same, rule by rule. */
bool canonical_equal(const Policy *a, const Policy *b);

#endif
