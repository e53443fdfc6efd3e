/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_SURFACE_H
#define SECCOMPD_PROFILE_SURFACE_H

#include "profile/arch.h"
#include "profile/document.h"
#include "profile/vocabulary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the author wrote: OCI's LinuxSeccomp and Docker's format in one model, nothing resolved
 * yet, each part with the node of the text it came from. Strings are borrowed from the document.
 */

/*
 * A part that is absent has TEXT_NO_NODE. One that has a node but no content was written and could
 * not be read: that was reported, nobody needs to report it again.
 */

typedef struct SurfaceString {
        const char *string; /* NULL when absent or unreadable */
        uint32_t node;
} SurfaceString;

typedef struct SurfaceStrings {
        SurfaceString *items; /* those that could be read */
        size_t n;
        uint32_t node;  /* of the array */
        bool is_broken; /* the array, or an element of it, could not be read */
} SurfaceStrings;

typedef struct SurfaceNumber {
        bool is_set;
        uint64_t value;
        uint32_t node;
} SurfaceNumber;

typedef struct SurfaceArg {
        uint32_t node;
        SurfaceNumber index;
        SurfaceNumber value;
        SurfaceNumber value_two;
        SurfaceString op;
} SurfaceArg;

/** Docker's `includes` or `excludes`. */
typedef struct SurfaceSelector {
        uint32_t node; /* TEXT_NO_NODE when absent */
        SurfaceStrings caps;
        SurfaceStrings arches;
        SurfaceString min_kernel;
} SurfaceSelector;

typedef struct SurfaceRule {
        uint32_t node;
        SurfaceStrings names; /* `names`, or the legacy `name` as a list of one */
        bool has_legacy_name;
        SurfaceString action;
        SurfaceNumber errno_ret;
        SurfaceString errno_name; /* Docker's `errno` */
        SurfaceArg *args;
        size_t n_args;
        uint32_t args_node; /* TEXT_NO_NODE when absent or null */
        SurfaceSelector includes;
        SurfaceSelector excludes;
        bool is_broken; /* an error was found in it: what is left says something else */
} SurfaceRule;

/** An entry of Docker's `archMap`. */
typedef struct SurfaceArchMap {
        uint32_t node;
        SurfaceString arch;
        SurfaceStrings sub_arches;
} SurfaceArchMap;

typedef struct Surface {
        SurfaceString default_action;
        SurfaceNumber default_errno_ret;
        SurfaceString default_errno_name; /* Docker's `defaultErrno` */
        SurfaceStrings architectures;
        SurfaceArchMap *arch_map;
        size_t n_arch_map;
        uint32_t arch_map_node; /* TEXT_NO_NODE when absent */
        SurfaceStrings flags;
        SurfaceString listener_path;
        SurfaceString listener_metadata;
        SurfaceRule *rules;
        size_t n_rules;
        uint32_t rules_node; /* TEXT_NO_NODE when absent */
} Surface;

/**
 * Reads a document as a profile, for a node of the architecture `native` (only what is said of a
 * number for a name hangs on it): SP104, SP201 to SP205, SP502, SP509 for NUL in a name. Keys that
 * are null where Go takes null as absent are dropped with SP204. Everything in `ret_surface` is
 * from the document's arena. Returns 0, also when errors were found in parts (they are left out of
 * the surface, so that the other parts can be checked in the same pass); 1 when there is no
 * profile to speak of (SP201, SP202); -ENOMEM.
 */
int surface_parse(
        const Document *document, const Arch *native, DiagList *diags, Surface *ret_surface);

#endif
