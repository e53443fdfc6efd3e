/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_SURFACE_FOREIGN_H
#define SECCOMPD_PROFILE_SURFACE_FOREIGN_H

#include "profile/document.h"

#include <stdbool.h>

/**
 * Whether a document, whose root is an object, is something around a profile and not the profile:
 * a Kubernetes object or an OCI runtime configuration (SP202). Says so in `diags`, with the part
 * that is the profile where there is one. A document with a defaultAction never is.
 */
bool surface_foreign_find(const Document *document, DiagList *diags);

/** SP202 for a document whose root is an object with keys, none of which is one of a profile. */
void surface_foreign_refuse(const Document *document, DiagList *diags);

/**
 * Where inside a document the profile is, or what says where: as a hint from the document's arena,
 * with the node that it is about. NULL, with the node untouched, where nothing is like it.
 */
const char *surface_foreign_inside(const Document *document, uint32_t *ret_node);

#endif
