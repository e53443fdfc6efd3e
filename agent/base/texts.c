/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Equal strings once. What is said of a thousand profiles repeats itself: they come from the same
 * hands. The table is libc's balanced tree, so that nobody who chooses the strings can make it
 * slow.
 */

#include "base/texts.h"

#include <assert.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct Text {
        uint32_t n_holders;
        char string[];
} Text;

static Text *text_of(const char *string) {
        return (Text *) (void *) ((char *) string - offsetof(Text, string));
}

/* The tree holds the strings themselves, so that any string can be looked up. */
static int compare(const void *a, const void *b) {
        return strcmp(a, b);
}

const char *texts_hold(Texts *texts, const char *string) {
        const char **found = tfind(string, &texts->tree, compare);
        size_t size_bytes = strlen(string) + 1;
        Text *text;

        if (found) {
                text_of(*found)->n_holders++;
                return *found;
        }
        text = malloc(sizeof(*text) + size_bytes);
        if (!text)
                return NULL;
        text->n_holders = 1;
        memcpy(text->string, string, size_bytes);
        if (!tsearch(text->string, &texts->tree, compare)) {
                free(text);
                return NULL;
        }
        texts->n++;
        texts->size_bytes += size_bytes;
        return text->string;
}

void texts_release(Texts *texts, const char *text) {
        Text *held;

        if (!text)
                return;
        held = text_of(text);
        assert(held->n_holders > 0);
        if (--held->n_holders > 0)
                return;
        tdelete(text, &texts->tree, compare);
        texts->n--;
        texts->size_bytes -= strlen(text) + 1;
        free(held);
}
