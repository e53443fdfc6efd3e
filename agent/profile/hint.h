/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_HINT_H
#define SECCOMPD_PROFILE_HINT_H

#include "base/buf.h"
#include "profile/arch.h"
#include "profile/policy.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * What would be right, made of an author's own words. Errors stay in the buffer.
 */

/** Texts that are longer are not repeated in a hint. */
#define HINT_TEXT_BYTES_MAX 256U

/**
 * The words of a text that lists several ("clone3, fchmodat2", "A|B") as a JSON array of strings:
 * `["clone3", "fchmodat2"]`. Returns how many there are; nothing is written for none, nor for a
 * text that is too long to be repeated.
 */
size_t hint_put_words(Buf *buf, const char *text);

/** Says of a number where the name of a call belongs which call has it on `arch`, if one does. */
void hint_put_call_number(Buf *buf, const Arch *arch, const char *digits, size_t n_digits);

/**
 * Says of a word that has to be ASCII which character of it is not, as it may look just like one
 * that is, or like nothing. Returns false, with nothing written, for a word that is all ASCII.
 */
bool hint_put_foreign(Buf *buf, const char *word);

/**
 * How to write that both of two conditions on one argument hold, which two conditions do not say:
 * in one that says both, or in rules, which are alternatives. Goes on behind "if both must hold,".
 */
void hint_put_both(Buf *buf, const Condition *a, const Condition *b);

/** The condition that holds where this one does not, as it is written; false when there is none. */
bool hint_put_opposite(Buf *buf, const Condition *condition);

#endif
