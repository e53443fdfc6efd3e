/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The plan of a pass, one name at a time. What stands at the name is first put in terms of what we
 * own of it; then, where the sources have something good to put there, a few conditions decide, and
 * everywhere else a table does: HOLD, below, is what we own and cannot or may not have anew.
 *
 *     sources say        owned                           not owned
 *     two of them        HOLD, conflict                  conflict
 *     good               KEEP, REPAIR or WRITE           WRITE, ADOPT or conflict
 *     bad                HOLD, stale                     invalid
 *     nothing            HOLD, retiring or away          (no entry: not ours to plan)
 *
 * A file is ours when it matches the entry's digest or the one before it: a crash may have come
 * between the manifest and the rename. Anything else at a name we own is drift and repaired, but
 * for a directory, which no rename can replace. Anything at a name we do not own is somebody's.
 *
 * A repair without the source needs the bytes that were saved when the entry turned stale or
 * retiring. Where drift came before they could be saved, nothing is there to repair from: then
 * the plan says so and waits for the source, and keeps the name.
 */

#include "node/plan.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

static const char CONFLICT_RIVAL[] = "another source claims the same name";
static const char CONFLICT_FOREIGN[] = "a file that is not ours stands at its name";
static const char CONFLICT_OTHER[] = "something that is no regular file stands at its name";
static const char CONFLICT_AWAY[] =
        "its file was changed or removed, and its source is not there to repair it from";

/* What stands at a name, in terms of what we own of it. */
typedef enum Standing {
        STANDING_ABSENT,
        STANDING_CURRENT,  /* our bytes */
        STANDING_MODE,     /* our bytes, with another mode */
        STANDING_PREVIOUS, /* the version before: a crash left it */
        STANDING_CHANGED,  /* somebody's bytes, or no file */
        STANDING_BLOCKED,  /* a directory */
        N_STANDINGS,
} Standing;

/* Why an entry is only held. "Fresh": its bytes were not saved to .seccompd/good yet. */
typedef enum Holding {
        HOLDING_RIVAL,
        HOLDING_BAD_FRESH,
        HOLDING_BAD,
        HOLDING_AWAY_FRESH,
        HOLDING_AWAY,
        HOLDING_GONE_FRESH,
        HOLDING_GONE,
        HOLDING_DUE,
        N_HOLDINGS,
} Holding;

#define NONE   PLAN_NONE
#define KEEP   PLAN_KEEP
#define REPAIR PLAN_REPAIR
#define FORGET PLAN_FORGET
#define REMOVE PLAN_REMOVE

/* A fresh entry with a wrong mode is kept: that saves its bytes, and the next pass repairs it. */
static const PlanOp HOLD[N_HOLDINGS][N_STANDINGS] = {
        /* clang-format off */
        /*                        absent  current  mode    previous changed blocked */
        [HOLDING_RIVAL]      = {  NONE,   KEEP,    KEEP,   KEEP,    NONE,   NONE   },
        [HOLDING_BAD_FRESH]  = {  NONE,   KEEP,    KEEP,   KEEP,    NONE,   NONE   },
        [HOLDING_BAD]        = {  REPAIR, KEEP,    REPAIR, REPAIR,  REPAIR, NONE   },
        [HOLDING_AWAY_FRESH] = {  NONE,   KEEP,    KEEP,   KEEP,    NONE,   NONE   },
        [HOLDING_AWAY]       = {  REPAIR, KEEP,    REPAIR, REPAIR,  REPAIR, NONE   },
        [HOLDING_GONE_FRESH] = {  FORGET, KEEP,    KEEP,   KEEP,    FORGET, FORGET },
        [HOLDING_GONE]       = {  REPAIR, KEEP,    REPAIR, REPAIR,  REPAIR, NONE   },
        [HOLDING_DUE]        = {  FORGET, REMOVE,  REMOVE, REMOVE,  FORGET, FORGET },
        /* clang-format on */
};

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
                return observed->is_mode_right ? STANDING_CURRENT : STANDING_MODE;
        return digest_equal(&observed->digest, &entry->previous) ? STANDING_PREVIOUS
                                                                 : STANDING_CHANGED;
}

static void block(PlanItem *item, const char *why) {
        item->state = PROFILE_CONFLICT;
        item->conflict = why;
}

/* --- a good profile --- */

static void plan_good_owned(const Desired *desired, const ManifestEntry *entry,
        const Observed *observed, PlanItem *item) {
        bool is_update = !digest_equal(&desired->digest, &entry->digest);
        Standing standing = standing_of(entry, observed);

        if (standing == STANDING_BLOCKED) {
                block(item, CONFLICT_OTHER);
                return;
        }
        item->state = PROFILE_INSTALLED;
        item->digest = desired->digest;
        if (observed->kind == OBSERVED_FILE && observed->is_mode_right &&
                digest_equal(&observed->digest, &desired->digest)) {
                item->op = PLAN_KEEP;
                return;
        }
        item->op = is_update ? PLAN_WRITE : PLAN_REPAIR;
        item->is_drift = standing != STANDING_CURRENT && standing != STANDING_PREVIOUS;
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

static void hold(Holding holding, const ManifestEntry *entry, const Observed *observed,
        ProfileState state, PlanItem *item) {
        Standing standing = standing_of(entry, observed);

        item->state = state;
        item->op = HOLD[holding][standing];
        item->is_drift = item->op == PLAN_REPAIR;
        if (item->op == PLAN_REPAIR)
                item->digest = entry->digest;
        else if (item->op == PLAN_KEEP) /* the update may never have come to its rename */
                item->digest = standing == STANDING_PREVIOUS ? entry->previous : entry->digest;
        else if (item->op == PLAN_NONE && standing == STANDING_BLOCKED)
                block(item, CONFLICT_OTHER);
}

static bool is_fresh(const ManifestEntry *entry) {
        return entry->state == PROFILE_INSTALLED;
}

static void plan_rival(const Desired *desired, const ManifestEntry *entry, const Observed *observed,
        PlanItem *item) {
        if (entry) {
                item->source = entry->source;
                item->source_digest = entry->source_digest;
                hold(HOLDING_RIVAL, entry, observed, PROFILE_CONFLICT, item);
        }
        block(item, CONFLICT_RIVAL);
        item->rival = desired->rival;
}

static void plan_bad(const ManifestEntry *entry, const Observed *observed, PlanItem *item) {
        item->state = PROFILE_INVALID;
        if (!entry)
                return;
        hold(is_fresh(entry) ? HOLDING_BAD_FRESH : HOLDING_BAD, entry, observed, PROFILE_STALE,
                item);
        item->save_good = is_fresh(entry) && item->op == PLAN_KEEP;
        if (item->op == PLAN_NONE && !item->conflict)
                item->state = PROFILE_INVALID; /* nothing of ours stands there any more */
}

/* --- gone from the sources --- */

static bool is_due(const Planner *planner, const ManifestEntry *entry) {
        uint64_t age = entry->retiring_seconds + planner->options->elapsed_seconds;

        return planner->options->remove_all ||
                (entry->state == PROFILE_RETIRING && planner->options->prune &&
                        age >= planner->options->prune_after_seconds);
}

static void plan_away(const ManifestEntry *entry, const Observed *observed, PlanItem *item) {
        hold(is_fresh(entry) ? HOLDING_AWAY_FRESH : HOLDING_AWAY, entry, observed, entry->state,
                item);
        if (item->op == PLAN_NONE && !item->conflict)
                block(item, CONFLICT_AWAY);
}

static void plan_gone(const Planner *planner, const ManifestEntry *entry, const Observed *observed,
        PlanItem *item) {
        Holding holding = is_due(planner, entry) ? HOLDING_DUE
                : is_fresh(entry)                ? HOLDING_GONE_FRESH
                                                 : HOLDING_GONE;

        if (!planner->options->remove_all &&
                planner->is_source_absent(entry->source, planner->userdata)) {
                plan_away(entry, observed, item);
                return;
        }
        hold(holding, entry, observed, PROFILE_RETIRING, item);
        item->save_good = is_fresh(entry) && item->op == PLAN_KEEP;
}

/* --- all names --- */

/* A WRITE or REPAIR changes its entry when its bytes are written, which may be later. */
static bool changes_entry(const ManifestEntry *entry, const PlanItem *item) {
        switch (item->op) {
        case PLAN_ADOPT:
        case PLAN_REMOVE:
        case PLAN_FORGET: return true;
        case PLAN_KEEP: break;
        default: return false;
        }
        if (item->state == PROFILE_CONFLICT)
                return item->rival && entry->state == PROFILE_RETIRING; /* it does not age now */
        return entry->state != item->state || !digest_equal(&entry->digest, &item->digest) ||
                (item->state == PROFILE_INSTALLED &&
                        (!digest_equal(&entry->source_digest, &item->source_digest) ||
                                strcmp(entry->source, item->source) != 0));
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
        if (observed->kind == OBSERVED_FILE)
                item.replaces = observed->digest;
        if (!desired)
                plan_gone(planner, entry, observed, &item);
        else if (desired->rival)
                plan_rival(desired, entry, observed, &item);
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

static int compare_item(const void *name, const void *item) {
        return strcmp(name, ((const PlanItem *) item)->name);
}

const PlanItem *plan_find(const Plan *plan, const char *name) {
        if (plan->n_items == 0)
                return NULL;
        return bsearch(name, plan->items, plan->n_items, sizeof(*plan->items), compare_item);
}
