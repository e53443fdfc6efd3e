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

#endif
