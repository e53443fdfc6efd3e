/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What an update does to what is installed. Both sides are canonical bytes, of which equal digests
 * say already that nothing changes; else the two policies are compared as `seccompctl diff` does.
 */

#include "profile/verdict.h"

#include "profile/canonical.h"
#include "profile/limits.h"

#include <errno.h>

static int compare(Arena *arena, const Verdict *verdict, const char *bytes, size_t size_bytes,
        DiffEffect *ret_effect) {
        Policy before, after;
        Diff diff;
        int r = canonical_read(arena, bytes, size_bytes, &before);

        if (r == 0)
                r = canonical_read(
                        arena, verdict->canonical, verdict->canonical_size_bytes, &after);
        if (r == 0)
                r = policy_diff(arena, &before, &after, LIMIT_EVALUATION_POINTS, &diff);
        if (r == 0)
                *ret_effect = diff.effect;
        return r;
}

int verdict_compare(Verdict *verdict, const char *bytes, size_t size_bytes) {
        const Digest previous = digest_of(bytes, size_bytes);
        DiffEffect effect = DIFF_NONE;
        Arena *arena = NULL;
        int r = 0;

        if (!digest_equal(&previous, &verdict->digest)) {
                arena = arena_new();
                r = arena ? compare(arena, verdict, bytes, size_bytes, &effect) : -ENOMEM;
                arena_free(arena);
        }
        if (r == -EINVAL)
                return 0;
        if (r < 0)
                return r;
        verdict->previous = previous;
        verdict->effect = effect;
        return 0;
}
