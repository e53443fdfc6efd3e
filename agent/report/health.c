/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The text of a health endpoint, line for line as kube-apiserver writes it (k8s.io/apiserver,
 * pkg/server/healthz), because people and scripts know that text. Two things differ: reasons are
 * shown, for there is no other place to look them up from outside the node; and a check can be
 * optional, which kube-apiserver has no word for.
 */

#include "report/health.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void health_add(Health *health, const char *name, bool is_ok, const char *reason) {
        assert(health->n_checks < HEALTH_CHECKS_MAX);
        health->checks[health->n_checks++] = (HealthCheck){
                .name = name,
                .is_ok = is_ok,
                .reason = reason,
        };
}

static bool is_among(const char *name, const char *const *names, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(names[i], name) == 0)
                        return true;
        return false;
}

static const HealthCheck *find_check(const Health *health, const char *name) {
        for (size_t i = 0; i < health->n_checks; i++)
                if (strcmp(health->checks[i].name, name) == 0)
                        return &health->checks[i];
        return NULL;
}

static void put_check(Buf *buf, const HealthCheck *check) {
        if (check->is_ok)
                buf_printf(buf, "[+]%s ok\n", check->name);
        else
                buf_printf(buf, "[-]%s failed%s: %s\n", check->name,
                        check->is_optional ? ", not required" : "",
                        check->reason ? check->reason : "unknown");
}

/* Names to exclude that are none, each once. They came from a client: quoted and escaped. */
static void put_unmatched(
        Buf *buf, const Health *health, const char *const *excluded, size_t n_excluded) {
        size_t n = 0;

        for (size_t i = 0; i < n_excluded; i++) {
                if (find_check(health, excluded[i]) || is_among(excluded[i], excluded, i))
                        continue;
                buf_puts(buf,
                        n++ == 0 ? "warn: some health checks cannot be excluded: no matches for "
                                 : ",");
                buf_put_json(buf, excluded[i]);
        }
        if (n > 0)
                buf_putc(buf, '\n');
}

bool health_render(Buf *buf, const Health *health, const char *endpoint,
        const char *const *excluded, size_t n_excluded, bool verbose) {
        bool passed = true;

        for (size_t i = 0; i < health->n_checks; i++) {
                const HealthCheck *check = &health->checks[i];

                passed &= check->is_ok || check->is_optional ||
                        is_among(check->name, excluded, n_excluded);
        }
        if (passed && !verbose) {
                buf_puts(buf, "ok");
                return true;
        }
        for (size_t i = 0; i < health->n_checks; i++)
                if (is_among(health->checks[i].name, excluded, n_excluded))
                        buf_printf(buf, "[+]%s excluded: ok\n", health->checks[i].name);
                else
                        put_check(buf, &health->checks[i]);
        put_unmatched(buf, health, excluded, n_excluded);
        buf_printf(buf, "%s check %s\n", endpoint, passed ? "passed" : "failed");
        return passed;
}

int health_render_one(
        Buf *buf, const Health *health, const char *endpoint, const char *name, bool verbose) {
        const HealthCheck *check = find_check(health, name);
        Health alone = { .n_checks = 1 };

        if (!check)
                return -ENOENT;
        alone.checks[0] = *check;
        alone.checks[0].is_optional = false; /* asked for by its name, it counts */
        return health_render(buf, &alone, endpoint, NULL, 0, verbose);
}
