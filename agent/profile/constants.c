/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names of numbers, for hints. Conditions of real profiles are on few constants: the namespace
 * flags of clone and unshare, and the address families of socket. Both are the same on every
 * architecture; names that are not (ioctl requests, O_*) have no place here.
 */

#include "profile/constants.h"

#include "base/cleanup.h"
#include "profile/vocabulary.h"

#include <errno.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>

#define CONSTANT(name)                                                                             \
        { #name, name }
static const struct {
        const char *name;
        uint32_t number;
} constants[] = {
        CONSTANT(CLONE_NEWTIME),
        CONSTANT(CLONE_NEWNS),
        CONSTANT(CLONE_NEWCGROUP),
        CONSTANT(CLONE_NEWUTS),
        CONSTANT(CLONE_NEWIPC),
        CONSTANT(CLONE_NEWUSER),
        CONSTANT(CLONE_NEWPID),
        CONSTANT(CLONE_NEWNET),
        { "AF_UNSPEC", 0 },
        { "AF_UNIX", 1 },
        { "AF_INET", 2 },
        { "AF_INET6", 10 },
        { "AF_NETLINK", 16 },
        { "AF_PACKET", 17 },
        { "AF_ALG", 38 },
        { "AF_VSOCK", 40 },
};

/* "0x10": sixteen digits at most. */
static int parse_hexadecimal(const char *word, uint64_t *ret_number) {
        size_t n_digits;

        if (word[0] != '0' || (word[1] != 'x' && word[1] != 'X'))
                return -EINVAL;
        n_digits = strspn(word + 2, "0123456789abcdefABCDEF");
        if (n_digits == 0 || n_digits > 16 || word[2 + n_digits] != '\0')
                return -EINVAL;
        *ret_number = strtoull(word, NULL, 16);
        return 0;
}

int constant_parse(const char *word, uint64_t *ret_number) {
        uint16_t number = 0;

        for (size_t i = 0; i < N_ELEMENTS(constants); i++)
                if (strcmp(constants[i].name, word) == 0) {
                        *ret_number = constants[i].number;
                        return 0;
                }
        if (errno_name_parse(word, &number) < 0)
                return parse_hexadecimal(word, ret_number);
        *ret_number = number;
        return 0;
}
