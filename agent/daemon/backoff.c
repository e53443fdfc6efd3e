/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Repairs of one name back off: the first is made at once, but against a second writer that undoes
 * each of them an agent must not fight an endless war on the node's disk.
 */

#include "daemon/backoff.h"

#include "base/cleanup.h"
#include "base/duration.h"

#include <errno.h>
#include <string.h>

#define DELAY_FIRST_USEC (1 * USEC_PER_SEC)
#define DELAY_MAX_USEC   (60 * USEC_PER_SEC)
#define QUIET_USEC       (60 * USEC_PER_SEC)

typedef struct BackoffItem {
        char *name;
        uint64_t last_usec;
        uint64_t delay_usec;
        int n_repairs;
} BackoffItem;

void backoff_done(Backoff *backoff) {
        for (size_t i = 0; i < backoff->n; i++)
                free(backoff->items[i].name);
        free(backoff->items);
        *backoff = (Backoff){};
}

/* Names under repair are few: a list is enough. */
static BackoffItem *find(const Backoff *backoff, const char *name) {
        for (size_t i = 0; i < backoff->n; i++)
                if (strcmp(backoff->items[i].name, name) == 0)
                        return &backoff->items[i];
        return NULL;
}

uint64_t backoff_not_before(const Backoff *backoff, const char *name) {
        const BackoffItem *item = find(backoff, name);

        return item ? item->last_usec + item->delay_usec : 0;
}

int backoff_note(Backoff *backoff, const char *name, uint64_t now_usec) {
        BackoffItem *item = find(backoff, name), *grown = NULL;

        if (item) {
                item->delay_usec *= 2;
                if (item->delay_usec > DELAY_MAX_USEC)
                        item->delay_usec = DELAY_MAX_USEC;
                item->last_usec = now_usec;
                return ++item->n_repairs;
        }
        grown = reallocarray(backoff->items, backoff->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        backoff->items = grown;
        item = &grown[backoff->n];
        *item = (BackoffItem){
                .name = strdup(name),
                .last_usec = now_usec,
                .delay_usec = DELAY_FIRST_USEC,
                .n_repairs = 1,
        };
        if (!item->name)
                return -ENOMEM;
        backoff->n++;
        return 1;
}

void backoff_sweep(Backoff *backoff, uint64_t now_usec) {
        size_t n = 0;

        for (size_t i = 0; i < backoff->n; i++) {
                BackoffItem *item = &backoff->items[i];

                if (now_usec > item->last_usec + item->delay_usec + QUIET_USEC)
                        free(item->name);
                else
                        backoff->items[n++] = *item;
        }
        backoff->n = n;
}
