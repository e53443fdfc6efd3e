/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The status model's life and its small operations. The model owns every string in it, so that
 * whoever renders it later (a slow reader of /status, a scrape) depends on no pass. Profiles stand
 * in bytewise order of their names: the rendering is then the same on equal nodes, and a name is
 * found by halves.
 */

#include "report/status.h"

#include <errno.h>
#include <string.h>

static void profile_status_done(ProfileStatus *profile) {
        free(profile->name);
        free(profile->source);
        free(profile->reason);
        check_summary_unref(profile->summary);
        free(profile->changes);
}

static void source_status_done(SourceStatus *source) {
        free(source->name);
        free(source->path);
        free(source->subdir);
        free(source->problem);
}

void node_status_done(NodeStatus *status) {
        for (size_t i = 0; i < status->n_profiles; i++)
                profile_status_done(&status->profiles[i]);
        free(status->profiles);
        for (size_t i = 0; i < status->n_sources; i++)
                source_status_done(&status->sources[i]);
        free(status->sources);
        free(status->destination);
        free(status->destination_problem);
        free(status->last_sync_problem);
        free(status->prune_after);
        free(status->adopt);
        *status = (NodeStatus){};
}

/* The place of a name: of its entry, or where it would have to be added. */
static size_t find_place(const NodeStatus *status, const char *name, bool *ret_is_there) {
        size_t low = 0, high = status->n_profiles;

        *ret_is_there = false;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strcmp(status->profiles[middle].name, name);

                if (order == 0) {
                        *ret_is_there = true;
                        return middle;
                }
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

ProfileStatus *node_status_find(const NodeStatus *status, const char *name) {
        bool is_there;
        size_t place = find_place(status, name, &is_there);

        return is_there ? &status->profiles[place] : NULL;
}

/* Room for one more. It is made whenever the number is a power of two, so the capacity is always
 * at least the next one and needs no field. */
static int reserve_profile(NodeStatus *status) {
        size_t n = status->n_profiles;
        ProfileStatus *profiles;

        if ((n & (n - 1)) != 0)
                return 0;
        profiles = reallocarray(status->profiles, n > 0 ? 2 * n : 1, sizeof(*profiles));
        if (!profiles)
                return -ENOMEM;
        status->profiles = profiles;
        return 0;
}

int node_status_add(
        NodeStatus *status, const char *name, const char *source, ProfileStatus **ret_profile) {
        _cleanup_free_ char *own_name = strdup(name), *own_source = strdup(source);
        ProfileStatus *profile;
        bool is_there;
        size_t place = find_place(status, name, &is_there);

        if (!own_name || !own_source || reserve_profile(status) < 0)
                return -ENOMEM;
        profile = &status->profiles[place];
        memmove(profile + 1, profile, (status->n_profiles - place) * sizeof(*profile));
        *profile = (ProfileStatus){ .name = TAKE_PTR(own_name), .source = TAKE_PTR(own_source) };
        status->n_profiles++;
        *ret_profile = profile;
        return 0;
}

void node_status_remove(NodeStatus *status, const char *name) {
        ProfileStatus *profile = node_status_find(status, name);

        if (!profile)
                return;
        profile_status_done(profile);
        status->n_profiles--;
        memmove(profile, profile + 1,
                (size_t) (status->profiles + status->n_profiles - profile) * sizeof(*profile));
}

int profile_status_change(ProfileStatus *profile, int64_t time_usec, ProfileState state,
        const Digest *digest, const Digest *source_digest) {
        const ProfileChange change = {
                .time_usec = time_usec,
                .state = state,
                .digest = *digest,
                .source_digest = *source_digest,
        };

        if (profile->n_changes == STATUS_CHANGES) {
                profile->n_changes--;
                memmove(profile->changes, profile->changes + 1,
                        profile->n_changes * sizeof(change));
        } else {
                ProfileChange *changes =
                        reallocarray(profile->changes, profile->n_changes + 1, sizeof(*changes));

                if (!changes)
                        return -ENOMEM;
                profile->changes = changes;
        }
        profile->changes[profile->n_changes++] = change;
        profile->state = state;
        profile->digest = change.digest;
        profile->source_digest = change.source_digest;
        profile->since_usec = time_usec;
        return 0;
}

size_t node_status_count(const NodeStatus *status, const char *source, ProfileState state) {
        size_t n = 0;

        for (size_t i = 0; i < status->n_profiles; i++) {
                const ProfileStatus *profile = &status->profiles[i];

                n += profile->state == state && (!source || strcmp(profile->source, source) == 0);
        }
        return n;
}
