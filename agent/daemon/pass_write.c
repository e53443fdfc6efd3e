/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The second half of a pass: look at the destination, plan, gather the bytes that the plan wants
 * written, and let the writer carry it out. Items whose bytes are not at hand (over the bound, held
 * back after repeated repairs, lost) are left alone by the writer.
 */

#include "daemon/pass_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>

/* --- looking --- */

/* Every claimed and every owned name, sorted, each once; copies, because the manifest may be
 * replaced. */
static int collect_names(Pass *pass) {
        const Manifest *manifest = &pass->context.store->manifest;
        const Claims *claims = &pass->claims;
        size_t i = 0, j = 0, n_max = claims->n + manifest->n_entries + 1;

        pass->observed = calloc(n_max, sizeof(*pass->observed));
        pass->observed_names = calloc(n_max, sizeof(*pass->observed_names));
        if (!pass->observed || !pass->observed_names)
                return -ENOMEM;
        while (i < claims->n || j < manifest->n_entries) {
                int order = i == claims->n ? 1
                        : j == manifest->n_entries
                        ? -1
                        : strcmp(claims->items[i].name, manifest->entries[j].name);
                char *name = strdup(order <= 0 ? claims->items[i].name : manifest->entries[j].name);

                if (!name)
                        return -ENOMEM;
                pass->observed_names[pass->n_observed++] = name;
                i += order <= 0;
                j += order >= 0;
        }
        return 0;
}

/* A file that is not ours, at a name that a good profile claims: what it means decides. */
static bool is_foreign(const Pass *pass, const Observed *observed, const Claim *claim) {
        const Known *known = claim ? claim_known(claim) : NULL;

        return known && known->kind == VERDICT_GOOD && observed->kind == OBSERVED_FILE &&
                !digest_is_none(&observed->digest) &&
                !digest_equal(&observed->digest, &known->digest) &&
                !manifest_find(&pass->context.store->manifest, observed->name);
}

static int queue_foreign(Pass *pass, size_t observed, const Claim *claim) {
        const Options *options = pass->context.options;
        CacheEntry *entry = cache_get(pass->context.cache, &pass->observed[observed].digest,
                options->sources[claim->source].capabilities);
        PassForeign *grown = reallocarray(pass->foreign, pass->n_foreign + 1, sizeof(*grown));

        if (grown)
                pass->foreign = grown;
        if (!entry || !grown)
                return -ENOMEM;
        grown[pass->n_foreign++] =
                (PassForeign){ .claim = claim, .entry = entry, .observed = observed };
        return pass_queue_due(pass, claim, entry, true);
}

int pass_observe(Pass *pass) {
        int r = collect_names(pass);

        for (size_t i = 0; r >= 0 && i < pass->n_observed; i++) {
                const char *name = pass->observed_names[i];
                const Claim *claim = claims_find(&pass->claims, name);

                r = observer_look(pass->context.observer, pass->context.store, name, pass->full,
                        &pass->observed[i]);
                pass->observed[i].name = name;
                if (r >= 0 && pass->context.options->adopt == ADOPT_IDENTICAL &&
                        is_foreign(pass, &pass->observed[i], claim))
                        r = queue_foreign(pass, i, claim);
        }
        return r;
}

/* --- planning --- */

/* Whether absence from a source means nothing: it is not ours, not there, not whole, or empty. */
static bool is_source_absent(const char *source, void *userdata) {
        const Pass *pass = userdata;
        const Options *options = pass->context.options;

        for (size_t i = 0; i < options->n_sources; i++)
                if (strcmp(options->sources[i].name, source) == 0)
                        return pass->snapshots[i].state != SOURCE_OK ||
                                !pass->snapshots[i].is_complete || pass->snapshots[i].n_files == 0;
        return true;
}

static void settle_foreign(Pass *pass) {
        for (size_t i = 0; i < pass->n_foreign; i++) {
                const PassForeign *foreign = &pass->foreign[i];
                const Known *own = claim_known(foreign->claim), *theirs = foreign->entry->known;

                pass->observed[foreign->observed].means_desired = theirs &&
                        theirs->kind == VERDICT_GOOD && own &&
                        digest_equal(&theirs->digest, &own->digest);
        }
}

static int make_plan(Pass *pass) {
        const Options *options = pass->context.options;
        const PlanOptions plan_options = {
                .adopt = options->adopt,
                .prune = options->prune,
                .prune_after_seconds = options->prune_after_seconds,
                .remove_all = options->cleanup,
                .elapsed_seconds = pass->elapsed_seconds,
        };
        _cleanup_free_ Desired *desired = calloc(pass->claims.n + 1, sizeof(*desired));

        if (!desired)
                return -ENOMEM;
        for (size_t i = 0; i < pass->claims.n; i++) {
                const Claim *claim = &pass->claims.items[i];
                const Known *known = claim_known(claim);

                desired[i] = (Desired){
                        .name = claim->name,
                        .source = options->sources[claim->source].name,
                        .rival = claim->rival,
                        .source_digest = claim->file->digest,
                        .is_good = known && known->kind == VERDICT_GOOD,
                        .digest = known ? known->digest : (Digest){},
                };
        }
        return plan_make(desired, pass->claims.n, &pass->context.store->manifest, pass->observed,
                pass->n_observed, is_source_absent, pass, &plan_options, &pass->plan);
}

static bool wants_bytes(const PlanItem *item) {
        return item->op == PLAN_WRITE || item->op == PLAN_REPAIR;
}

/* Held back: an earlier repair of this name is too recent. */
static bool is_held_back(Pass *pass, const PlanItem *item) {
        uint64_t not_before =
                item->is_drift ? backoff_not_before(pass->context.backoff, item->name) : 0;

        if (not_before <= pass_now(pass))
                return false;
        pass_wake_at(pass, not_before);
        return true;
}

/* The verdict whose canonical bytes an item wants written, or NULL: they are in .seccompd/good. */
static CacheEntry *entry_for(const Pass *pass, const PlanItem *item) {
        const Claim *claim = claims_find(&pass->claims, item->name);
        const Known *known = claim ? claim_known(claim) : NULL;

        if (known && known->kind == VERDICT_GOOD && digest_equal(&known->digest, &item->digest))
                return claim->entry;
        return NULL;
}

int pass_plan(Pass *pass) {
        size_t promised_bytes = pass->held_bytes;
        int r;

        settle_foreign(pass);
        r = make_plan(pass);
        for (size_t i = 0; r >= 0 && i < pass->plan.n_items; i++) {
                const PlanItem *item = &pass->plan.items[i];
                CacheEntry *entry = wants_bytes(item) ? entry_for(pass, item) : NULL;

                if (!entry || entry->known->canonical || is_held_back(pass, item))
                        continue;
                if (promised_bytes + entry->known->canonical_size_bytes > PASS_HELD_BYTES) {
                        pass->has_deferred = true;
                        continue;
                }
                promised_bytes += entry->known->canonical_size_bytes;
                r = pass_queue(pass, claims_find(&pass->claims, item->name), entry, false);
        }
        return r;
}

/* --- writing --- */

static int note_failure(Pass *pass, const char *name, PlanOp op, int error) {
        PassFailure *grown = reallocarray(pass->failures, pass->n_failures + 1, sizeof(*grown));
        char *copy = strdup(name);

        if (grown)
                pass->failures = grown;
        if (!grown || !copy) {
                free(copy);
                return -ENOMEM;
        }
        grown[pass->n_failures++] = (PassFailure){ .name = copy, .op = op, .error = error };
        return 0;
}

static int note_repair(Pass *pass, const char *name) {
        char **grown = reallocarray(pass->repaired, pass->n_repaired + 1, sizeof(*grown));
        char *copy = strdup(name);

        if (grown)
                pass->repaired = grown;
        if (!grown || !copy) {
                free(copy);
                return -ENOMEM;
        }
        grown[pass->n_repaired++] = copy;
        return 0;
}

/* Bytes of an item that its source no longer says: from .seccompd/good. */
static int good_content(Pass *pass, const PlanItem *item, StoreContent *ret_content) {
        PassGood *good = &pass->good[pass->n_good];
        int r = store_read_good(
                pass->context.store, &item->digest, &good->bytes, &good->size_bytes);

        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return note_failure(pass, item->name, item->op, r);
        pass->n_good++;
        *ret_content = (StoreContent){
                .name = item->name,
                .bytes = good->bytes,
                .size_bytes = good->size_bytes,
        };
        return 0;
}

static int gather_contents(Pass *pass) {
        pass->contents = calloc(pass->plan.n_items + 1, sizeof(*pass->contents));
        pass->good = calloc(pass->plan.n_items + 1, sizeof(*pass->good));
        if (!pass->contents || !pass->good)
                return -ENOMEM;
        for (size_t i = 0; i < pass->plan.n_items; i++) {
                const PlanItem *item = &pass->plan.items[i];
                const CacheEntry *entry = entry_for(pass, item);
                StoreContent content = {};

                if (!wants_bytes(item) || is_held_back(pass, item))
                        continue;
                if (!entry) {
                        int r = good_content(pass, item, &content);

                        if (r < 0)
                                return r;
                } else if (entry->known->canonical)
                        content = (StoreContent){
                                .name = item->name,
                                .bytes = entry->known->canonical,
                                .size_bytes = entry->known->canonical_size_bytes,
                        };
                if (content.bytes)
                        pass->contents[pass->n_contents++] = content;
        }
        return 0;
}

static bool has_work(const Pass *pass) {
        if (pass->n_contents > 0 || pass->plan.changes_manifest || pass->context.options->cleanup)
                return true;
        for (size_t i = 0; i < pass->plan.n_items; i++) {
                const PlanItem *item = &pass->plan.items[i];

                if (item->op == PLAN_ADOPT || item->op == PLAN_REMOVE || item->op == PLAN_FORGET)
                        return true;
        }
        return pass->save_ages && !pass->wrote_manifest;
}

static int count_outcome(Pass *pass, const StoreOutcome *outcome) {
        Metrics *metrics = pass->context.metrics;
        const PlanItem *item = plan_find(&pass->plan, outcome->name);
        WriteOp op = WRITE_UPDATE;

        observer_forget(pass->context.observer, outcome->name);
        if (outcome->op == PLAN_REPAIR)
                op = WRITE_REPAIR;
        else if (outcome->op == PLAN_REMOVE)
                op = WRITE_REMOVE;
        else if (outcome->op == PLAN_WRITE &&
                !manifest_find(&pass->context.store->manifest, outcome->name))
                op = WRITE_INSTALL;
        if (outcome->op != PLAN_ADOPT && outcome->op != PLAN_FORGET)
                metrics->writes[op][outcome->error < 0]++;
        if (outcome->error < 0)
                return note_failure(pass, outcome->name, outcome->op, outcome->error);
        if (item && item->is_drift) {
                int r = backoff_note(pass->context.backoff, outcome->name, pass_now(pass));

                metrics->drift_corrections++;
                return r < 0 ? r : note_repair(pass, outcome->name);
        }
        return 0;
}

/* The ages are on disk: neither a next round nor the next pass must add the time again. */
static void note_saved(Pass *pass) {
        pass->wrote_manifest = true;
        pass->elapsed_seconds = 0;
}

static int settle_result(Pass *pass, const StoreResult *result) {
        Store *store = pass->context.store;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < result->n_outcomes; i++)
                r = count_outcome(pass, &result->outcomes[i]);
        if (r < 0)
                return r;
        if (result->error < 0) {
                if (asprintf(&pass->problem, "writing below %s failed: %s", store->path,
                            strerror(-result->error)) < 0)
                        pass->problem = NULL;
        } else {
                note_saved(pass);
                store->n_unsynced_levels = 0;
        }
        return result->error;
}

static int on_writer_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Pass *pass = userdata;

        (void) fd;
        (void) events;
        if (child_read(&pass->writer) != 0)
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

/* A writer that died left whole files and a manifest on disk: that is what is true now. */
static int reload(Pass *pass, int status) {
        int r;

        plan_done(&pass->plan); /* its names may be the old manifest's */
        free(pass->problem);
        pass->problem = NULL;
        r = store_load(pass->context.store, &pass->problem);
        if (r == 0 &&
                (WIFSIGNALED(status) ? asprintf(&pass->problem,
                                               "the writer was killed by signal %d (%s)",
                                               WTERMSIG(status), strsignal(WTERMSIG(status)))
                                     : asprintf(&pass->problem, "the writer ended with status %d",
                                               WEXITSTATUS(status))) < 0)
                pass->problem = NULL;
        return r;
}

static int on_writer_exit(sd_event_source *source, const siginfo_t *info, void *userdata) {
        int status = info->si_code == CLD_EXITED ? W_EXITCODE(info->si_status, 0)
                                                 : W_EXITCODE(0, info->si_status);
        Pass *pass = userdata;
        uint64_t generation = pass->context.store->manifest.generation;
        StoreResult result = {};
        int r;

        (void) source;
        (void) child_read(&pass->writer);
        pass->writer.pid = 0;
        pass->is_writing = false;
        r = store_result(&pass->writer, status, &result);
        if (r == 0) {
                r = settle_result(pass, &result);
                manifest_done(&pass->manifest_before);
                pass->manifest_before = pass->context.store->manifest;
                pass->context.store->manifest = result.manifest;
                result.manifest = (Manifest){};
                store_result_done(&result);
        } else if (r == -EPROTO) {
                int reloaded = reload(pass, status);

                if (reloaded < 0)
                        r = reloaded;
        }
        /* a writer that died or failed later on may have come to it all the same */
        if (pass->context.store->manifest.generation != generation)
                note_saved(pass);
        pass_stop_writer(pass);
        if (r < 0 && pass->error == 0)
                pass->error = r;
        pass_advance(pass);
        return 0;
}

int pass_write(Pass *pass) {
        sd_event *event = pass->context.event;
        StoreWork work = {
                .store = pass->context.store,
                .plan = &pass->plan,
                .elapsed_seconds = pass->elapsed_seconds,
                .now_seconds = time(NULL),
                .leaves = pass->context.options->cleanup,
        };
        int r = gather_contents(pass);

        if (r < 0)
                return r;
        if (!has_work(pass))
                return 0;
        work.contents = pass->contents;
        work.n_contents = pass->n_contents;
        r = store_start(&work, &pass->writer);
        if (r < 0) {
                if (asprintf(&pass->problem, "no process is to be had for the writer: %s",
                            strerror(-r)) < 0)
                        pass->problem = NULL;
                return r;
        }
        pass->is_writing = true;
        r = sd_event_add_io(
                event, &pass->writer_input, pass->writer.fd, EPOLLIN, on_writer_input, pass);
        if (r >= 0)
                r = sd_event_add_child(
                        event, &pass->writer_exit, pass->writer.pid, WEXITED, on_writer_exit, pass);
        if (r < 0)
                pass_stop_writer(pass);
        return r < 0 ? r : 0;
}

void pass_stop_writer(Pass *pass) {
        pass->writer_input = sd_event_source_disable_unref(pass->writer_input);
        pass->writer_exit = sd_event_source_disable_unref(pass->writer_exit);
        child_done(&pass->writer);
        pass->writer = (Child){ .fd = -1 };
        pass->is_writing = false;
}
