/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From what the sources hold to what each name of the destination should be. A file that cannot
 * be read as a profile claims its name as well: it is reported there, and keeps what is installed.
 */

#include "daemon/claims.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void claims_done(Claims *claims) {
        for (size_t i = 0; i < claims->n; i++) {
                free(claims->items[i].name);
                known_free(claims->items[i].problem);
        }
        free(claims->items);
        *claims = (Claims){};
}

const Known *claim_known(const Claim *claim) {
        if (claim->problem)
                return claim->problem;
        return claim->entry ? claim->entry->known : NULL;
}

static Known *problem_of(VerdictCache *cache, const SourceFile *file) {
        _cleanup_(verdict_freep) Verdict *verdict = verdict_new(VERDICT_BAD);

        if (!verdict)
                return NULL;
        diag_add_as(&verdict->diags, (RuleId) file->problem_rule, SEVERITY_ERROR, (Span){}, NULL,
                NULL, "%s", file->problem);
        return diags_finish(&verdict->diags, NULL, 0) < 0 ? NULL : cache_know(cache, verdict);
}

static int add(Claims *claims, const SourceSpec *spec, size_t source, const SourceFile *file,
        VerdictCache *cache) {
        Claim *claim = &claims->items[claims->n];

        *claim = (Claim){ .source = source, .file = file };
        if (asprintf(&claim->name, "%s%s%s", spec->subdir, *spec->subdir ? "/" : "", file->name) <
                0) {
                claim->name = NULL;
                return -ENOMEM;
        }
        claims->n++;
        if (file->problem) {
                claim->problem = problem_of(cache, file);
                return claim->problem ? 0 : -ENOMEM;
        }
        claim->entry = cache_get(cache, &file->digest, spec->capabilities);
        return claim->entry ? 0 : -ENOMEM;
}

static int compare(const void *a, const void *b) {
        const Claim *x = a, *y = b;
        int r = strcmp(x->name, y->name);

        return r != 0 ? r : (x->source > y->source) - (x->source < y->source);
}

/* Keeps the first of each name; the next source of that name becomes its rival. */
static void settle_rivals(Claims *claims, const SourceSpec *specs) {
        size_t n = 0;

        for (size_t i = 0; i < claims->n; i++) {
                Claim *claim = &claims->items[i];

                if (n > 0 && strcmp(claims->items[n - 1].name, claim->name) == 0) {
                        if (!claims->items[n - 1].rival)
                                claims->items[n - 1].rival = specs[claim->source].name;
                        free(claim->name);
                        known_free(claim->problem);
                } else
                        claims->items[n++] = *claim;
        }
        claims->n = n;
}

int claims_make(const SourceSpec *specs, const Snapshot *snapshots, size_t n, VerdictCache *cache,
        Claims *ret_claims) {
        _cleanup_(claims_done) Claims claims = {};
        size_t n_files = 0;

        for (size_t i = 0; i < n; i++)
                n_files += snapshots[i].n_files;
        claims.items = calloc(n_files > 0 ? n_files : 1, sizeof(*claims.items));
        if (!claims.items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < snapshots[i].n_files; j++) {
                        int r = add(&claims, &specs[i], i, &snapshots[i].files[j], cache);

                        if (r < 0)
                                return r;
                }
        if (claims.n > 1)
                qsort(claims.items, claims.n, sizeof(*claims.items), compare);
        settle_rivals(&claims, specs);
        *ret_claims = claims;
        claims = (Claims){};
        return 0;
}

Claim *claims_find(const Claims *claims, const char *name) {
        size_t low = 0, high = claims->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int r = strcmp(claims->items[middle].name, name);

                if (r == 0)
                        return &claims->items[middle];
                if (r < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}
