/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What libc's heap does with memory that was let go of. Left alone, it keeps most of it: the bytes
 * of a thousand profiles, let go of between small things that stay, pinned twice the memory of
 * these. What is as large as a page is therefore mapped apart in the daemon. A child would only pay
 * for that, in page faults.
 */

#include "base/heap.h"

#include <malloc.h>

#define MAPPED_BYTES_DAEMON (4 << 10)
#define MAPPED_BYTES_CHILD  (4 << 20)
#define TRIM_NEVER          (-1)

/* mallopt(3) fails for values out of range only. */

void heap_give_back(void) {
        (void) mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES_DAEMON);
}

void heap_keep(void) {
        (void) mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES_CHILD);
        (void) mallopt(M_TRIM_THRESHOLD, TRIM_NEVER);
}
