/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_CONSTANTS_H
#define SECCOMPD_PROFILE_CONSTANTS_H

#include <stdint.h>

/**
 * The number behind a word that authors write where a profile takes a number only: an errno's name,
 * a constant that conditions are on ("CLONE_NEWUSER", "AF_INET") or several of them
 * ("PROT_READ | PROT_EXEC"), or a hexadecimal number ("0x10"). For hints; no profile is read by it.
 * Sources: errno(3), the headers of the kernel and of the C library. Returns 0, or -EINVAL for a
 * word that is none.
 */
int constant_parse(const char *word, uint64_t *ret_number);

#endif
