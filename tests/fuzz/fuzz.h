/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_FUZZ_FUZZ_H
#define SECCOMPD_TESTS_FUZZ_FUZZ_H

/*
 * What the fuzz targets share. A target is one function that libFuzzer calls with bytes; it aborts
 * when something that must hold does not, and the sanitizers abort for all else.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size_bytes);

/* Not assert(): it must hold whatever the build says of NDEBUG. */
#define MUST(claim)                                                                                \
        do {                                                                                       \
                if (!(claim)) {                                                                    \
                        fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #claim); \
                        abort();                                                                   \
                }                                                                                  \
        } while (0)

#endif
