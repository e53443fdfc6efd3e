/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_SURFACE_READER_H
#define SECCOMPD_PROFILE_SURFACE_READER_H

#include "profile/document.h"
#include "profile/surface.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Inside of surface_parse(): objects of a profile are read by tables of their keys.
 */

/** A finding that is said once a file: where it was first, and how often it was. */
typedef struct Tally {
        uint32_t first;
        size_t n;
} Tally;

struct FieldTable;

typedef struct Reader {
        const Document *document;
        const Arch *native; /* of this node: whose numbers calls have */
        DiagList *diags;
        const struct FieldTable *top; /* the keys of a profile, and below them all others */
        Tally nulls;                  /* null where Go takes it as absent */
        Tally legacy_names;           /* `name` for `names` */
        int error;                    /* -ENOMEM once memory was out */
} Reader;

typedef enum NullMeaning {
        NULL_REFUSED,  /* SP204, an error unless the owner lowered it */
        NULL_REQUIRED, /* the same, and the key cannot be left out instead */
        NULL_ABSENT,   /* to Go's decoder the same as no key; published profiles are full of it */
} NullMeaning;

typedef enum Shape {
        SHAPE_STRING,
        SHAPE_STRINGS,
        SHAPE_OBJECT,
        SHAPE_OBJECTS,
} Shape;

struct Field;

/**
 * Reads a value into the field it is for. A null that comes here was reported: it leaves the field
 * with a node and without content, as every value that cannot be read.
 */
typedef void (*FieldRead)(
        Reader *reader, const struct Field *field, const cJSON *item, void *ret_field);

/** A known key of an object. */
typedef struct Field {
        const char *key;
        FieldRead read;
        size_t offset; /* of the field in what the object is read into */
        NullMeaning null;
        const char *example;            /* of a value, in JSON; NULL for numbers */
        const struct FieldTable *inner; /* the keys of the objects in it; NULL for none */
        const char *number_key;         /* of a string: the key, may be its own, under which what a
                                           number says is written; NULL for none */
        bool (*is_word)(const char *);  /* of a string: whether this is one that it can be; NULL */
} Field;

/** The keys of one kind of object. */
typedef struct FieldTable {
        const char *place; /* of such an object: completes "the key belongs …" */
        const Field *fields;
        size_t n_fields;
} FieldTable;

#define FIELDS_MAX 16 /* keys of one object */

void reader_tally(Tally *tally, uint32_t node);

/** Zeroed memory from the document's arena, or NULL with the reader's error set. */
void *reader_allocate(Reader *reader, size_t n, size_t size_bytes);

/** How many elements or members an array or object has. */
size_t reader_count(const cJSON *item);

/** "an array", "a string", … */
const char *reader_type_name(const cJSON *item);

/**
 * Says SP205 unless `is_right`, or the item is a null, which was reported. `field` is the item's
 * own, or that of the array it is an element of. Returns `is_right`.
 */
bool reader_expect(
        Reader *reader, const Field *field, const cJSON *item, bool is_right, Shape wanted);

/**
 * Whether an element of the array of `field` can be read as an object. A null that the owner does
 * not take for an error can: as one in which everything is missing.
 */
bool reader_accepts_object(Reader *reader, const Field *field, const cJSON *item);

/**
 * Whether an object has keys, comments and annotations aside, and none of them is one of its
 * table's or of those below it, however it may be spelt.
 */
bool reader_is_strange(const Reader *reader, const cJSON *object, const FieldTable *table);

/** Reads an object by its table; keys that are not in it are SP203. */
void reader_object(Reader *reader, const cJSON *object, const FieldTable *table, void *ret_object);

/* FieldRead of a SurfaceString, SurfaceStrings (`names`: a NUL in one is SP509) and SurfaceNumber
 * (an errno, the index of an argument, a value of one). */
void reader_string(Reader *reader, const Field *field, const cJSON *item, void *ret_field);
void reader_strings(Reader *reader, const Field *field, const cJSON *item, void *ret_field);
void reader_names(Reader *reader, const Field *field, const cJSON *item, void *ret_field);
void reader_errno(Reader *reader, const Field *field, const cJSON *item, void *ret_field);
void reader_index(Reader *reader, const Field *field, const cJSON *item, void *ret_field);
void reader_value(Reader *reader, const Field *field, const cJSON *item, void *ret_field);

#endif
