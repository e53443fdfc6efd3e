/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_SURFACE_HINT_H
#define SECCOMPD_PROFILE_SURFACE_HINT_H

#include "profile/surface_reader.h"

/*
 * Inside of surface_reader.c: what would be right. Errors stay in the buffer.
 */

/**
 * What would be right for a value of the wrong shape: made of the author's own words where it can
 * be, else an example. `field` is the item's, or that of the list it is an element of.
 */
void surface_hint_shape(
        Buf *hint, const Reader *reader, const Field *field, const cJSON *item, Shape wanted);

/**
 * The field of `table` that a key was most likely meant for, or NULL; NULL too for a key that is
 * known in another object. Looking for it takes longer
 * than all the rest: where so much was found that a finding will hardly be kept, nobody looks.
 */
const Field *surface_guess_field(const Reader *reader, const FieldTable *table, const char *key);

/** The field of `table` that takes a string of which this key is one, or NULL. */
const Field *surface_find_word(const FieldTable *table, const char *key);

/**
 * The field of `table` that the list behind a value that stands for a key is of, as in
 * `"SCMP_ACT_ALLOW": ["read"]`: the only one that takes a list of strings, unless it stands there
 * too; NULL for none.
 */
const Field *surface_find_list(const FieldTable *table, const cJSON *item);

/**
 * The field for the names of calls where an object of `table` stands behind one, as in
 * `"socket": { "action": … }`; else NULL.
 */
const Field *surface_find_named(const FieldTable *table, const cJSON *item);

/**
 * Whether a key, a value that stands for one, or what either was most likely meant for, is one of
 * `table` or of any object of a profile.
 */
bool surface_knows_key(const Reader *reader, const FieldTable *table, const char *key);

/**
 * What to do about a key that `table` has not: `meant` is what surface_guess_field() found,
 * `is_taken`: that stands there too.
 */
void surface_hint_key(Buf *hint, const Reader *reader, const FieldTable *table, const cJSON *item,
        const Field *meant, bool is_taken);

/** Whether a key takes a list, and stands before the one string of it. */
bool surface_is_bare_element(const Field *field, const cJSON *item);

const Field *surface_find_field(const FieldTable *table, const char *key);

#endif
