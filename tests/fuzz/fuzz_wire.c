/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the daemon reads besides profiles: a worker's verdict (its first byte chooses), and the
 * manifest. What is accepted is printed, read again, and means the same.
 */

#include "fuzz.h"

#include "node/manifest.h"
#include "profile/verdict.h"

#include <errno.h>
#include <string.h>

static void try_verdict(const char *bytes, size_t size_bytes) {
        _cleanup_(verdict_freep) Verdict *verdict = NULL, *again = NULL;
        _cleanup_buf_ Buf wire = {};
        int r = verdict_decode(bytes, size_bytes, &verdict);

        MUST(r == 0 || r == -EBADMSG);
        if (r < 0)
                return;
        verdict_encode(&wire, verdict);
        MUST(buf_error(&wire) == 0);
        MUST(verdict_decode(wire.data, wire.size, &again) == 0);
        MUST(again->kind == verdict->kind && again->diags.n == verdict->diags.n);
}

static void try_manifest(const char *bytes, size_t size_bytes) {
        _cleanup_manifest_ Manifest manifest = {}, again = {};
        _cleanup_buf_ Buf text = {};
        unsigned line = 0;
        int r = manifest_parse(bytes, size_bytes, &manifest, &line);

        MUST(r == 0 || (r == -EBADMSG && line > 0));
        if (r < 0)
                return;
        manifest_print(&text, &manifest);
        MUST(buf_error(&text) == 0);
        MUST(manifest_parse(text.data, text.size, &again, NULL) == 0);
        MUST(manifest_has_same_entries(&manifest, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
        _cleanup_free_ char *copy = malloc(size_bytes + 1);

        MUST(copy);
        if (size_bytes == 0)
                return 0;
        memcpy(copy, bytes + 1, size_bytes - 1);
        if (bytes[0] == 'V')
                try_verdict(copy, size_bytes - 1);
        else
                try_manifest(copy, size_bytes - 1);
        return 0;
}
