/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From what a pass found and did to what the node tells: one profile status for each item of the
 * plan, one log line for each change, nothing for what stayed as it was.
 */

#include "daemon/reflect.h"

#include "base/duration.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int copy_string(char **slot, const char *value) {
        char *copy = NULL;

        if (value) {
                copy = strdup(value);
                if (!copy)
                        return -ENOMEM;
        }
        free(*slot);
        *slot = copy;
        return 0;
}

int reflect_manifest(NodeStatus *status, const Manifest *manifest) {
        for (size_t i = 0; i < manifest->n_entries; i++) {
                const ManifestEntry *entry = &manifest->entries[i];
                ProfileStatus *profile = node_status_find(status, entry->name);
                int r = profile ? 0 : node_status_add(status, entry->name, entry->source, &profile);

                if (r >= 0)
                        r = profile_status_change(profile,
                                entry->time_seconds * (int64_t) USEC_PER_SEC, entry->state,
                                &entry->digest, &entry->source_digest);
                if (r < 0)
                        return r;
        }
        status->revision++;
        return 0;
}

/* --- log lines --- */

static LogLevel level_of(ProfileState state) {
        return state == PROFILE_INSTALLED || state == PROFILE_RETIRING ? LOG_LEVEL_INFO
                                                                       : LOG_LEVEL_WARNING;
}

static void log_change(Log *log, const ProfileStatus *profile, const char *before) {
        char digest[DIGEST_TEXT_SIZE] = "", source_digest[DIGEST_TEXT_SIZE] = "";
        const ProfileChange *change = &profile->changes[profile->n_changes - 1];

        if (!digest_is_none(&profile->digest))
                digest_text(&profile->digest, digest);
        if (!digest_is_none(&profile->source_digest))
                digest_text(&profile->source_digest, source_digest);
        const LogField fields[] = {
                { "profile", profile->name },
                { "source", profile->source },
                { "state", profile_state_name(profile->state) },
                { "before", before },
                { "reason", profile->reason },
                { "effect", change->has_effect ? diff_effect_name(change->effect) : NULL },
                { "diagnostic", check_summary_first(profile->summary) },
                { "digest", *digest ? digest : NULL },
                { "source_digest", *source_digest ? source_digest : NULL },
        };
        log_fields(log, level_of(profile->state), fields, N_ELEMENTS(fields), "profile %s",
                profile_state_name(profile->state));
}

/* --- one profile --- */

/* What is true of an item after the pass, which may have failed at it. */
typedef struct Outcome {
        ProfileState state;
        Digest digest;
        char reason[256];
        bool is_contended, is_damaged;
} Outcome;

/* Whether the manifest on disk agrees that the plan's bytes stand there. */
static bool is_done(const PlanItem *item, const ManifestEntry *entry) {
        if (item->op != PLAN_WRITE && item->op != PLAN_REPAIR && item->op != PLAN_ADOPT)
                return true;
        return entry && digest_equal(&entry->digest, &item->digest);
}

static bool is_repaired(const PassReport *report, const char *name) {
        for (size_t i = 0; i < report->n_repaired; i++)
                if (strcmp(report->repaired[i], name) == 0)
                        return true;
        return false;
}

static Outcome outcome_of(const PlanItem *item, const PassReport *report, const Store *store,
        const Backoff *backoff) {
        const PassFailure *failure = pass_report_failure(report, item->name);
        const ManifestEntry *entry = manifest_find(&store->manifest, item->name);
        Outcome outcome = { .state = item->state, .digest = item->digest };
        uint64_t waits = backoff_not_before(backoff, item->name);

        if (item->conflict)
                snprintf(outcome.reason, sizeof(outcome.reason), "%s%s%s", item->conflict,
                        item->rival ? ": " : "", item->rival ? item->rival : "");
        if (item->op == PLAN_REMOVE && entry)
                outcome.digest = entry->digest;
        if (!is_done(item, entry)) {
                outcome.state = entry ? PROFILE_STALE : PROFILE_INVALID;
                outcome.digest = entry ? entry->digest : (Digest){};
                snprintf(outcome.reason, sizeof(outcome.reason), "%s",
                        report->problem ? report->problem : "not written yet");
        }
        if (failure) {
                snprintf(outcome.reason, sizeof(outcome.reason), "%s failed: %s",
                        plan_op_name(failure->op), strerror(-failure->error));
        } else if (item->is_drift && waits > 0 && report->error == 0 &&
                !is_repaired(report, item->name)) {
                outcome.is_contended = true;
                snprintf(outcome.reason, sizeof(outcome.reason),
                        "another writer keeps changing the file; the next repair waits");
        }
        outcome.is_damaged = item->op == PLAN_REPAIR && item->is_drift &&
                item->state != PROFILE_RETIRING && !is_repaired(report, item->name);
        return outcome;
}

static bool is_change(const ProfileStatus *profile, const Outcome *outcome, const PlanItem *item) {
        return profile->n_changes == 0 || profile->state != outcome->state ||
                !digest_equal(&profile->digest, &outcome->digest) ||
                !digest_equal(&profile->source_digest, &item->source_digest);
}

/* Everything but the change itself. */
static int describe(
        ProfileStatus *profile, const Claim *claim, const Outcome *outcome, const char *source) {
        const Known *known = claim ? claim_known(claim) : NULL;
        int r = copy_string(&profile->reason, *outcome->reason ? outcome->reason : NULL);

        if (r >= 0)
                r = copy_string(&profile->source, source);
        if (r < 0)
                return r;
        check_summary_unref(profile->summary);
        profile->summary = check_summary_ref(known ? known->summary : NULL);
        profile->is_contended = outcome->is_contended;
        profile->is_damaged = outcome->is_damaged;
        return 0;
}

/*
 * Notes what is installed now: SP910 needs the version before to compare with. Nothing is known of
 * one that an earlier process installed until its source was checked again.
 */
static void note_outline(ProfileStatus *profile, const Claim *claim, const Outcome *outcome) {
        const Known *known = claim ? claim_known(claim) : NULL;

        if (!known || known->kind != VERDICT_GOOD ||
                !digest_equal(&known->digest, &outcome->digest))
                return;
        if (!digest_equal(&profile->digest, &outcome->digest))
                profile->is_errno_only = digest_equal(&profile->outline, &known->outline);
        profile->outline = known->outline;
}

static int report_errno_only(ProfileStatus *profile, const RuleConfig *rules) {
        _cleanup_(diags_done) DiagList diags = {};
        CheckSummary *summary = NULL;

        if (!profile->is_errno_only || profile->state != PROFILE_INSTALLED || !profile->summary)
                return 0;
        diags_init(&diags, rules);
        diag_add(&diags, SP910, (Span){}, NULL, NULL,
                "only errnos changed since the version before: crun 1.14 to 1.28 keeps compiled "
                "filters under a hash without errnos and would go on with the old one, were it not "
                "for the first rule of the canonical form");
        if (diags_finish(&diags, NULL, 0) < 0)
                return -ENOMEM;
        summary = check_summary_with(profile->summary, &diags);
        if (!summary)
                return -ENOMEM;
        check_summary_unref(profile->summary);
        profile->summary = summary;
        return 0;
}

/* The effect of what was installed just now, if it was compared with what stood there before. */
static void note_effect(ProfileStatus *profile, const Claim *claim, const Digest *before) {
        const Known *known = claim ? claim_known(claim) : NULL;
        ProfileChange *change = &profile->changes[profile->n_changes - 1];

        if (!known || digest_is_none(before) || change->state != PROFILE_INSTALLED ||
                !digest_equal(&known->digest, &change->digest) ||
                !digest_equal(&known->previous, before))
                return;
        change->has_effect = true;
        change->effect = known->effect;
}

/* What the state does not show: it stays while the file under it cannot be put right. */
static void log_trouble(Log *log, const ProfileStatus *profile, bool was_contended,
        const char *reason_before, bool failed) {
        const LogField fields[] = {
                { "profile", profile->name },
                { "reason", profile->reason },
        };

        if (profile->is_contended && !was_contended)
                log_fields(log, LOG_LEVEL_WARNING, fields, 1,
                        "another writer keeps changing a profile's file; repairs back off");
        else if (failed && (!reason_before || strcmp(reason_before, profile->reason) != 0))
                log_fields(log, LOG_LEVEL_ERROR, fields, N_ELEMENTS(fields),
                        "a profile's file is not as it should be");
}

static int reflect_item(NodeStatus *status, const PlanItem *item, const PassReport *report,
        const RuleConfig *rules, const Store *store, const Backoff *backoff, Log *log,
        int64_t now_usec) {
        Outcome outcome = outcome_of(item, report, store, backoff);
        ProfileStatus *profile = node_status_find(status, item->name);
        const Claim *claim = claims_find(report->claims, item->name);
        const char *before = profile ? profile_state_name(profile->state) : NULL;
        bool changes = !profile || is_change(profile, &outcome, item);
        bool was_contended = profile && profile->is_contended;
        const Digest digest_before = profile ? profile->digest : (Digest){};
        _cleanup_free_ char *reason_before =
                profile && profile->reason ? strdup(profile->reason) : NULL;
        int r = profile ? 0 : node_status_add(status, item->name, item->source, &profile);

        if (r >= 0) {
                note_outline(profile, claim, &outcome);
                r = describe(profile, claim, &outcome, item->source);
        }
        if (r >= 0 && changes)
                r = profile_status_change(
                        profile, now_usec, outcome.state, &outcome.digest, &item->source_digest);
        if (r >= 0 && changes)
                note_effect(profile, claim, &digest_before);
        if (r >= 0)
                r = report_errno_only(profile, rules);
        if (r < 0)
                return r;
        if (changes)
                log_change(log, profile, before);
        else
                log_trouble(log, profile, was_contended, reason_before,
                        pass_report_failure(report, item->name) != NULL);
        return 0;
}

/* Whether a name stays in the status: not one that was removed, forgotten, or is no longer claimed.
 */
static bool stays(const PassReport *report, const Store *store, const char *name) {
        const PlanItem *item = plan_find(report->plan, name);

        if (!item)
                return false;
        if (item->op == PLAN_REMOVE || item->op == PLAN_FORGET)
                return manifest_find(&store->manifest, name) != NULL; /* it did not come to that */
        return true;
}

static bool is_forgotten(const PassReport *report, const char *name) {
        const PlanItem *item = plan_find(report->plan, name);

        return item && item->op == PLAN_FORGET;
}

static void drop_gone(NodeStatus *status, const PassReport *report, const Store *store, Log *log) {
        for (size_t i = 0; i < status->n_profiles;) {
                const ProfileStatus *profile = &status->profiles[i];

                if (stays(report, store, profile->name)) {
                        i++;
                        continue;
                }
                const LogField fields[] = {
                        { "profile", profile->name },
                        { "source", profile->source },
                        { "before", profile_state_name(profile->state) },
                };
                log_fields(log, LOG_LEVEL_INFO, fields, N_ELEMENTS(fields),
                        is_forgotten(report, profile->name)
                                ? "profile forgotten: no file of ours stands at its name"
                                : "profile removed");
                node_status_remove(status, profile->name);
        }
}

/* --- sources --- */

static void log_source(Log *log, const SourceStatus *source) {
        const LogField fields[] = {
                { "source", source->name },
                { "path", source->path },
                { "state", source->state },
                { "reason", source->problem },
        };

        log_fields(log, strcmp(source->state, "ok") == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
                fields, N_ELEMENTS(fields), "source %s", source->state);
}

static int reflect_sources(
        NodeStatus *status, const Options *options, const PassReport *report, Log *log) {
        for (size_t i = 0; i < options->n_sources; i++) {
                const Snapshot *snapshot = &report->snapshots[i];
                SourceStatus *source = &status->sources[i];
                const char *state = source_state_name(snapshot->state);
                bool changes = !source->state || strcmp(source->state, state) != 0 ||
                        (source->problem == NULL) != (snapshot->problem == NULL);

                if (copy_string(&source->problem, snapshot->problem) < 0)
                        return -ENOMEM;
                source->state = state;
                source->is_missing = snapshot->state == SOURCE_MISSING;
                source->n_files = snapshot->n_files;
                source->n_ignored = snapshot->n_ignored;
                if (changes)
                        log_source(log, source);
        }
        return 0;
}

/* One digest over every name and the bytes its author wrote: equal nodes hold equal hashes. */
static int hash_sources(NodeStatus *status, const Claims *claims) {
        _cleanup_buf_ Buf buf = {};

        for (size_t i = 0; i < claims->n; i++) {
                char hex[DIGEST_HEX_SIZE];

                digest_hex(&claims->items[i].file->digest, hex);
                buf_append(&buf, claims->items[i].name, strlen(claims->items[i].name) + 1);
                buf_puts(&buf, hex);
        }
        if (buf_error(&buf) < 0)
                return buf_error(&buf);
        status->sources_hash = digest_of(buf.data, buf.size);
        return 0;
}

static void log_repairs(const PassReport *report, Log *log) {
        for (size_t i = 0; i < report->n_repaired; i++) {
                const LogField fields[] = { { "profile", report->repaired[i] } };

                log_fields(log, LOG_LEVEL_WARNING, fields, 1,
                        "repaired a profile's file that was changed by someone else");
        }
}

int reflect_pass(NodeStatus *status, const Options *options, const PassReport *report,
        const Store *store, const Backoff *backoff, Log *log, int64_t now_usec) {
        int r = reflect_sources(status, options, report, log);

        if (r < 0)
                return r;
        status->revision++;
        status->generation = store->manifest.generation;
        if (report->plan->n_items == 0 && report->error < 0)
                return 0; /* it did not get as far as a plan */
        for (size_t i = 0; i < report->plan->n_items; i++) {
                const PlanItem *item = &report->plan->items[i];

                if (!stays(report, store, item->name))
                        continue;
                r = reflect_item(
                        status, item, report, &options->owner.rules, store, backoff, log, now_usec);
                if (r < 0)
                        return r;
        }
        drop_gone(status, report, store, log);
        log_repairs(report, log);
        return hash_sources(status, report->claims);
}
