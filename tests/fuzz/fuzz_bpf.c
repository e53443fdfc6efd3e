/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The BPF evaluator: 64 bytes of seccomp_data, then instructions. What the validator accepts runs
 * to an answer, and to the same one again; what it refuses may fail to run, but never goes outside.
 */

#include "fuzz.h"

#include "base/cleanup.h"
#include "profile/bpf.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes) {
        struct seccomp_data data = {};
        size_t n_insns = size_bytes < sizeof(data)
                ? 0
                : (size_bytes - sizeof(data)) / sizeof(struct sock_filter);
        /* of that very size, so that an instruction read behind it is seen */
        _cleanup_free_ struct sock_filter *insns = calloc(n_insns, sizeof(*insns));
        const Program program = { .insns = insns, .n_insns = n_insns };
        uint32_t value = 0, again = 0;
        size_t at = 0;
        int valid, r;

        if (n_insns == 0)
                return 0;
        MUST(insns);
        memcpy(&data, bytes, sizeof(data));
        memcpy(insns, bytes + sizeof(data), n_insns * sizeof(*insns));
        valid = bpf_validate(&program, &at);
        MUST(valid == 0 || (valid == -EINVAL && at <= n_insns));
        r = bpf_run(&program, &data, &value);
        MUST(r == 0 || r == -EINVAL);
        if (valid == 0) {
                MUST(r == 0);
                MUST(bpf_run(&program, &data, &again) == 0);
                MUST(value == again);
        }
        return 0;
}
