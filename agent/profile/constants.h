/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_CONSTANTS_H
#define SECCOMPD_PROFILE_CONSTANTS_H

#include <stdint.h>

/**
 * The number behind a word that authors write where a profile takes a number only: an errno's name,
 * a flag of clone, an address family, or a hexadecimal number ("0x10"). For hints; no profile is
 * read by it. Sources: errno(3), linux/sched.h, linux/socket.h. Returns 0, or -EINVAL for a word
 * that is none.
 */
int constant_parse(const char *word, uint64_t *ret_number);

#endif
