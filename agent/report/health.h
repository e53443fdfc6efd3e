/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_REPORT_HEALTH_H
#define SECCOMPD_REPORT_HEALTH_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Health checks in kube-apiserver's manner: named, each alone askable, excludable, verbose. */

/** One check; strings borrowed. */
typedef struct HealthCheck {
        const char *name; /* "destination" */
        bool is_ok;
        bool is_optional; /* shown by ?verbose and under its own path, but not part of the whole */
        const char *reason; /* why not ok, for a person; NULL when ok */
} HealthCheck;

#define HEALTH_CHECKS_MAX 16

/** The checks behind one endpoint. */
typedef struct Health {
        HealthCheck checks[HEALTH_CHECKS_MAX];
        size_t n_checks;
} Health;

/** Adds a check; asserts that there is room. */
void health_add(Health *health, const char *name, bool is_ok, const char *reason);

/**
 * Renders an endpoint ("readyz"): "ok", or with `verbose` or on failure a line a check, `[+]name
 * ok`,
 * `[-]name failed: reason`, `[+]name excluded: ok`, then "readyz check passed" or "... failed". A
 * failing optional check reads `[-]name failed, not required: reason`. `excluded` are names left
 * out of the verdict (unknown ones are warned of in a line, as kube-apiserver does). Returns
 * whether it passed.
 */
bool health_render(Buf *buf, const Health *health, const char *endpoint,
        const char *const *excluded, size_t n_excluded, bool verbose);

/**
 * Renders one check alone, as if it were the endpoint's only one; an optional one counts here.
 * Returns 1 passed, 0 failed, -ENOENT no such check.
 */
int health_render_one(
        Buf *buf, const Health *health, const char *endpoint, const char *name, bool verbose);

#endif
