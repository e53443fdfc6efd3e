/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Looking at the destination without reading a thousand unchanged files at every event: a file
 * whose witness is the same was not written to. The rescan looks in full all the same.
 */

#include "daemon/observer.h"

#include <errno.h>
#include <string.h>

typedef struct ObserverItem {
        char *name;
        StoreWitness witness; /* taken before the file was read */
        Observed observed;    /* its name is not used */
} ObserverItem;

void observer_done(Observer *observer) {
        for (size_t i = 0; i < observer->n; i++)
                free(observer->items[i].name);
        free(observer->items);
        *observer = (Observer){};
}

static size_t position(const Observer *observer, const char *name) {
        size_t low = 0, high = observer->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(observer->items[middle].name, name) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static ObserverItem *find(const Observer *observer, const char *name) {
        size_t at = position(observer, name);

        if (at < observer->n && strcmp(observer->items[at].name, name) == 0)
                return &observer->items[at];
        return NULL;
}

static bool witness_equal(const StoreWitness *a, const StoreWitness *b) {
        return a->inode == b->inode && a->mtime_nsec == b->mtime_nsec &&
                a->ctime_nsec == b->ctime_nsec && a->size_bytes == b->size_bytes &&
                a->mode == b->mode && a->n_links == b->n_links;
}

bool observer_is_unchanged(const Observer *observer, const Store *store, const char *name) {
        const ObserverItem *item = find(observer, name);
        StoreWitness witness = {};

        return item && store_witness(store, name, &witness) == 0 &&
                witness_equal(&witness, &item->witness);
}

void observer_forget(Observer *observer, const char *name) {
        ObserverItem *item = find(observer, name);

        if (!item)
                return;
        free(item->name);
        memmove(item, item + 1,
                (size_t) (observer->items + observer->n - (item + 1)) * sizeof(*item));
        observer->n--;
}

static int remember(Observer *observer, const char *name, const StoreWitness *witness,
        const Observed *observed) {
        ObserverItem *item = find(observer, name), *grown = NULL;
        size_t at = position(observer, name);

        if (!item) {
                char *copy = strdup(name);

                if (!copy)
                        return -ENOMEM;
                grown = reallocarray(observer->items, observer->n + 1, sizeof(*grown));
                if (!grown) {
                        free(copy);
                        return -ENOMEM;
                }
                observer->items = grown;
                item = &grown[at];
                memmove(item + 1, item, (observer->n - at) * sizeof(*item));
                observer->n++;
                *item = (ObserverItem){ .name = copy };
        }
        item->witness = *witness;
        item->observed = *observed;
        return 0;
}

int observer_look(Observer *observer, const Store *store, const char *name, bool full,
        Observed *ret_observed) {
        const ObserverItem *item = find(observer, name);
        StoreWitness witness = {};
        Observed observed = {};
        int r = store_witness(store, name, &witness);

        if (r < 0) { /* absent, or not to be looked at: store_observe() says which */
                observer_forget(observer, name);
                return store_observe(store, name, ret_observed);
        }
        if (!full && item && witness_equal(&witness, &item->witness)) {
                *ret_observed = item->observed;
                ret_observed->name = name;
                return 0;
        }
        r = store_observe(store, name, &observed);
        if (r < 0)
                return r;
        r = remember(observer, name, &witness, &observed);
        if (r < 0)
                return r;
        *ret_observed = observed;
        ret_observed->name = name;
        return 0;
}
