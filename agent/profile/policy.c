/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What can be said of conditions by themselves. Their order is by what they say and never by where
 * they stand in the text, because the canonical form hangs on it.
 */

#include "profile/policy.h"

#include "profile/argset.h"

bool condition_is_never(const Condition *condition) {
        const ArgSet set = argset_of(condition);

        return argset_is_empty(&set);
}

bool condition_is_always(const Condition *condition) {
        const ArgSet set = argset_of(condition);

        return argset_is_all(&set);
}

static int number_compare(uint64_t a, uint64_t b) {
        return (a > b) - (a < b);
}

int condition_compare(const Condition *a, const Condition *b) {
        int c = number_compare(a->index, b->index);

        if (c == 0)
                c = number_compare(a->op, b->op);
        if (c == 0)
                c = number_compare(a->value, b->value);
        if (c == 0)
                c = number_compare(a->value_two, b->value_two);
        return c;
}

int conditions_compare(const Condition *a, size_t n_a, const Condition *b, size_t n_b) {
        for (size_t i = 0; i < n_a && i < n_b; i++) {
                int c = condition_compare(&a[i], &b[i]);

                if (c != 0)
                        return c;
        }
        return number_compare(n_a, n_b);
}
