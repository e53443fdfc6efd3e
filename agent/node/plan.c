/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The plan of a pass, one name at a time. What stands at the name is first put in terms of what we
 * own of it; then one of four functions decides:
 *
 *     sources say        owned                           not owned
 *     two of them        conflict, KEEP                  conflict, NONE
 *     good               KEEP, REPAIR or WRITE           WRITE, ADOPT or conflict
 *     bad                stale, KEEP or REPAIR           invalid, NONE
 *     nothing            retiring, then REMOVE;          (no entry: not ours to plan)
 *                        KEEP while the source is away
 *
 * A file is ours when it matches the entry's digest or the one before it: a crash may have come
 * between the manifest and the rename. Anything else at a name we own is drift and repaired, but
 * for a directory, which no rename can replace. Anything at a name we do not own is somebody's.
 */

#include "node/plan.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static const char CONFLICT_RIVAL[] = "another source claims the same name";
static const char CONFLICT_FOREIGN[] = "a file that is not ours stands at its name";
static const char CONFLICT_OTHER[] = "something that is no regular file stands at its name";

/* What stands at a name, in terms of what we own of it. */
typedef enum Standing {
        STANDING_ABSENT,
        STANDING_CURRENT,  /* our bytes */
        STANDING_PREVIOUS, /* the version before: a crash left it */
        STANDING_CHANGED,  /* somebody's bytes, or ours with another mode */
        STANDING_BLOCKED,  /* a directory */
} Standing;

typedef struct Planner {
        const PlanOptions *options;
        bool (*is_source_absent)(const char *source, void *userdata);
        void *userdata;
        Plan plan;
} Planner;

void plan_done(Plan *plan) {
        free(plan->items);
        *plan = (Plan){};
}

const char *plan_op_name(PlanOp op) {
        static const char *const NAMES[] = {
                [PLAN_NONE] = "none",
                [PLAN_KEEP] = "keep",
                [PLAN_WRITE] = "write",
                [PLAN_REPAIR] = "repair",
                [PLAN_ADOPT] = "adopt",
                [PLAN_REMOVE] = "remove",
                [PLAN_FORGET] = "forget",
        };

        return NAMES[op];
}

static Standing standing_of(const ManifestEntry *entry, const Observed *observed) {
        switch (observed->kind) {
        case OBSERVED_ABSENT: return STANDING_ABSENT;
        case OBSERVED_DIRECTORY: return STANDING_BLOCKED;
        case OBSERVED_OTHER: return STANDING_CHANGED;
        case OBSERVED_FILE: break;
        }
        if (digest_is_none(&observed->digest))
                return STANDING_CHANGED;
        if (digest_equal(&observed->digest, &entry->digest))
                return observed->is_mode_right ? STANDING_CURRENT : STANDING_CHANGED;
        return digest_equal(&observed->digest, &entry->previous) ? STANDING_PREVIOUS
                                                                 : STANDING_CHANGED;
}

static void block(PlanItem *item, const char *why) {
        item->state = PROFILE_CONFLICT;
        item->conflict = why;
}

/* --- two sources --- */

static void plan_rival(const Desired *desired, const ManifestEntry *entry, PlanItem *item) {
        block(item, CONFLICT_RIVAL);
        item->rival = desired->rival;
        if (entry) {
                item->op = PLAN_KEEP;
                item->digest = entry->digest;
                item->source = entry->source;
                item->source_digest = entry->source_digest;
        }
}

/* --- a good profile --- */

static void plan_good_owned(const Desired *desired, const ManifestEntry *entry,
        const Observed *observed, PlanItem *item) {
        bool is_update = !digest_equal(&desired->digest, &entry->digest);
        Standing standing = standing_of(entry, observed);

        item->state = PROFILE_INSTALLED;
        item->digest = desired->digest;
        if (standing == STANDING_BLOCKED) {
                block(item, CONFLICT_OTHER);
                item->digest = (Digest){};
                return;
        }
        if (observed->kind == OBSERVED_FILE && observed->is_mode_right &&
                digest_equal(&observed->digest, &desired->digest)) {
                item->op = PLAN_KEEP;
                return;
        }
        item->op = is_update ? PLAN_WRITE : PLAN_REPAIR;
        item->is_drift = standing == STANDING_ABSENT || standing == STANDING_CHANGED;
}

static void plan_good_foreign(
        const Planner *planner, const Desired *desired, const Observed *observed, PlanItem *item) {
        bool is_same = observed->kind == OBSERVED_FILE &&
                digest_equal(&observed->digest, &desired->digest);
        AdoptMode adopt = planner->options->adopt;

        item->state = PROFILE_INSTALLED;
        item->digest = desired->digest;
        item->is_new = observed->kind == OBSERVED_ABSENT;
        if (observed->kind == OBSERVED_ABSENT)
                item->op = PLAN_WRITE;
        else if (observed->kind == OBSERVED_FILE &&
                (adopt == ADOPT_ALWAYS ||
                        (adopt == ADOPT_IDENTICAL && (is_same || observed->means_desired))))
                item->op = is_same && observed->is_mode_right ? PLAN_ADOPT : PLAN_WRITE;
        else {
                block(item, observed->kind == OBSERVED_FILE ? CONFLICT_FOREIGN : CONFLICT_OTHER);
                item->digest = (Digest){};
        }
}

/* --- what we own and cannot have anew --- */

/* Keeps the bytes of an entry where they are, or has them repaired from what was saved. */
static void hold(const ManifestEntry *entry, const Observed *observed, PlanItem *item) {
        item->digest = entry->digest;
        switch (standing_of(entry, observed)) {
        case STANDING_CURRENT: item->op = PLAN_KEEP; break;
        case STANDING_PREVIOUS:
                /* the update never came to its rename: this is the last good version */
                item->op = PLAN_KEEP;
                item->digest = entry->previous;
                break;
        case STANDING_ABSENT:
        case STANDING_CHANGED:
                item->op = PLAN_REPAIR;
                item->is_drift = true;
                break;
        case STANDING_BLOCKED:
                block(item, CONFLICT_OTHER);
                item->digest = (Digest){};
                break;
        }
}

static void plan_bad(const ManifestEntry *entry, const Observed *observed, PlanItem *item) {
        if (!entry) {
                item->state = PROFILE_INVALID;
                return;
        }
        item->state = PROFILE_STALE;
        item->save_good = entry->state == PROFILE_INSTALLED;
        hold(entry, observed, item);
}

/* --- gone from the sources --- */

static bool is_expired(const Planner *planner, const ManifestEntry *entry) {
        uint64_t age = entry->retiring_seconds + planner->options->elapsed_seconds;

        return entry->state == PROFILE_RETIRING && planner->options->prune &&
                age >= planner->options->prune_after_seconds;
}

static void plan_gone(const Planner *planner, const ManifestEntry *entry, const Observed *observed,
        PlanItem *item) {
        Standing standing = standing_of(entry, observed);

        if (planner->is_source_absent(entry->source, planner->userdata)) {
                item->state = entry->state;
                hold(entry, observed, item);
                return;
        }
        item->state = PROFILE_RETIRING;
        item->save_good = entry->state != PROFILE_RETIRING;
        if (!is_expired(planner, entry)) {
                hold(entry, observed, item);
                return;
        }
        item->digest = entry->digest;
        item->op = standing == STANDING_CURRENT || standing == STANDING_PREVIOUS ? PLAN_REMOVE
                                                                                 : PLAN_FORGET;
}

/* --- all names --- */

static bool changes_entry(const ManifestEntry *entry, const PlanItem *item) {
        if (item->op == PLAN_NONE)
                return false;
        if (item->op != PLAN_KEEP && item->op != PLAN_REPAIR)
                return true;
        if (item->state == PROFILE_CONFLICT)
                return false;
        return entry->state != item->state || !digest_equal(&entry->digest, &item->digest) ||
                !digest_equal(&entry->source_digest, &item->source_digest) ||
                strcmp(entry->source, item->source) != 0;
}

/* One of `desired` and `entry` may be NULL. */
static void plan_name(Planner *planner, const Desired *desired, const ManifestEntry *entry,
        const Observed *observed) {
        PlanItem item = {};

        if (desired)
                item = (PlanItem){
                        .name = desired->name,
                        .source = desired->source,
                        .source_digest = desired->source_digest,
                };
        else
                item = (PlanItem){
                        .name = entry->name,
                        .source = entry->source,
                        .source_digest = entry->source_digest,
                };
        if (!desired)
                plan_gone(planner, entry, observed, &item);
        else if (desired->rival)
                plan_rival(desired, entry, &item);
        else if (!desired->is_good)
                plan_bad(entry, observed, &item);
        else if (entry)
                plan_good_owned(desired, entry, observed, &item);
        else
                plan_good_foreign(planner, desired, observed, &item);
        planner->plan.changes_manifest |= changes_entry(entry, &item);
        planner->plan.items[planner->plan.n_items++] = item;
}

static int compare_observed(const void *name, const void *observed) {
        return strcmp(name, ((const Observed *) observed)->name);
}

int plan_make(const Desired *desired, size_t n_desired, const Manifest *manifest,
        const Observed *observed, size_t n_observed,
        bool (*is_source_absent)(const char *source, void *userdata), void *userdata,
        const PlanOptions *options, Plan *ret_plan) {
        Planner planner = {
                .options = options,
                .is_source_absent = is_source_absent,
                .userdata = userdata,
        };
        size_t i = 0, j = 0;

        planner.plan.items =
                calloc(n_desired + manifest->n_entries + 1, sizeof(*planner.plan.items));
        if (!planner.plan.items)
                return -ENOMEM;
        while (i < n_desired || j < manifest->n_entries) {
                int order = i == n_desired ? 1
                        : j == manifest->n_entries
                        ? -1
                        : strcmp(desired[i].name, manifest->entries[j].name);
                const Desired *wanted = order <= 0 ? &desired[i] : NULL;
                const ManifestEntry *entry = order >= 0 ? &manifest->entries[j] : NULL;
                const char *name = order <= 0 ? desired[i].name : manifest->entries[j].name;
                const Observed *seen = n_observed == 0
                        ? NULL
                        : bsearch(name, observed, n_observed, sizeof(*observed), compare_observed);
                const Observed nothing = { .name = name, .kind = OBSERVED_ABSENT };

                plan_name(&planner, wanted, entry, seen ? seen : &nothing);
                i += order <= 0;
                j += order >= 0;
        }
        *ret_plan = planner.plan;
        return 0;
}
