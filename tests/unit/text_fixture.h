/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_UNIT_TEXT_FIXTURE_H
#define SECCOMPD_TESTS_UNIT_TEXT_FIXTURE_H

/* A scanned text, for the tests of the scan and of its words for what is wrong. */

#include "support.h"

#include "base/cleanup.h"
#include "profile/text.h"

#include <stdlib.h>
#include <string.h>

/* A scan with all that it needs and leaves. */
typedef struct Fixture {
        Arena *arena;
        DiagList diags;
        Text text;
        int result;
} Fixture;

static inline void fixture_done(Fixture *fixture) {
        diags_done(&fixture->diags);
        arena_free(fixture->arena);
}
#define _cleanup_fixture_ _cleanup_(fixture_done)

/* Scans an exact copy, so that a read past the end is one past an allocation. */
static inline Fixture scan_n(const char *bytes, size_t size_bytes) {
        Fixture fixture = { .arena = arena_new() };
        char *copy = NULL;

        assert_non_null(fixture.arena);
        copy = malloc(size_bytes > 0 ? size_bytes : 1);
        assert_non_null(copy);
        memcpy(copy, bytes, size_bytes);
        diags_init(&fixture.diags, NULL);
        fixture.result = text_scan(fixture.arena, copy, size_bytes, &fixture.diags, &fixture.text);
        assert_int_equal(diags_finish(&fixture.diags, copy, size_bytes), 0);
        fixture.text.bytes = bytes;
        free(copy);
        return fixture;
}

static inline Fixture scan(const char *bytes) {
        return scan_n(bytes, strlen(bytes));
}

#define LITERAL(text) text, sizeof(text) - 1

#endif
