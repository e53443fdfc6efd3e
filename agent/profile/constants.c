/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names of numbers, for hints. Conditions of real profiles are on few constants: what kind of
 * namespace, socket, protection, personality, mount, operation is asked for. All come from the
 * headers of the architecture that this is built for, and but for SOCK_STREAM, SOCK_DGRAM and the
 * requests of terminals, which MIPS numbers otherwise, all others have the same. Names that differ
 * on more (O_*, most of ioctl's) have no place here.
 */

#include "profile/constants.h"

#include "base/cleanup.h"
#include "profile/vocabulary.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ALTERNATIVES " |" /* between names whose bits are set together */

#define CONSTANT(name)                                                                             \
        { #name, name }
static const struct {
        const char *name;
        uint32_t number;
} constants[] = {
        /* clone, unshare, setns */
        CONSTANT(CLONE_NEWTIME),
        CONSTANT(CLONE_NEWNS),
        CONSTANT(CLONE_NEWCGROUP),
        CONSTANT(CLONE_NEWUTS),
        CONSTANT(CLONE_NEWIPC),
        CONSTANT(CLONE_NEWUSER),
        CONSTANT(CLONE_NEWPID),
        CONSTANT(CLONE_NEWNET),
        CONSTANT(CLONE_VM),
        CONSTANT(CLONE_FS),
        CONSTANT(CLONE_FILES),
        CONSTANT(CLONE_SIGHAND),
        CONSTANT(CLONE_THREAD),
        CONSTANT(CLONE_VFORK),
        CONSTANT(CLONE_PARENT),
        CONSTANT(CLONE_PTRACE),
        CONSTANT(CLONE_UNTRACED),
        /* socket, socketpair */
        CONSTANT(AF_UNSPEC),
        CONSTANT(AF_UNIX),
        CONSTANT(AF_LOCAL),
        CONSTANT(AF_INET),
        CONSTANT(AF_AX25),
        CONSTANT(AF_IPX),
        CONSTANT(AF_APPLETALK),
        CONSTANT(AF_X25),
        CONSTANT(AF_INET6),
        CONSTANT(AF_DECnet),
        CONSTANT(AF_KEY),
        CONSTANT(AF_NETLINK),
        CONSTANT(AF_PACKET),
        CONSTANT(AF_RDS),
        CONSTANT(AF_LLC),
        CONSTANT(AF_CAN),
        CONSTANT(AF_TIPC),
        CONSTANT(AF_BLUETOOTH),
        CONSTANT(AF_IEEE802154),
        CONSTANT(AF_ALG),
        CONSTANT(AF_NFC),
        CONSTANT(AF_VSOCK),
        CONSTANT(AF_XDP),
        CONSTANT(PF_UNIX),
        CONSTANT(PF_INET),
        CONSTANT(PF_INET6),
        CONSTANT(PF_NETLINK),
        CONSTANT(PF_PACKET),
        CONSTANT(SOCK_STREAM),
        CONSTANT(SOCK_DGRAM),
        CONSTANT(SOCK_RAW),
        CONSTANT(SOCK_RDM),
        CONSTANT(SOCK_SEQPACKET),
        CONSTANT(SOCK_PACKET),
        CONSTANT(IPPROTO_IP),
        CONSTANT(IPPROTO_ICMP),
        CONSTANT(IPPROTO_TCP),
        CONSTANT(IPPROTO_UDP),
        CONSTANT(IPPROTO_ICMPV6),
        CONSTANT(IPPROTO_SCTP),
        CONSTANT(IPPROTO_RAW),
        CONSTANT(NETLINK_ROUTE),
        CONSTANT(NETLINK_AUDIT),
        CONSTANT(NETLINK_NETFILTER),
        CONSTANT(NETLINK_KOBJECT_UEVENT),
        CONSTANT(NETLINK_GENERIC),
        /* mmap, mprotect */
        CONSTANT(PROT_NONE),
        CONSTANT(PROT_READ),
        CONSTANT(PROT_WRITE),
        CONSTANT(PROT_EXEC),
        /* personality */
        CONSTANT(PER_LINUX),
        CONSTANT(PER_LINUX32),
        CONSTANT(UNAME26),
        CONSTANT(ADDR_NO_RANDOMIZE),
        CONSTANT(READ_IMPLIES_EXEC),
        /* mount */
        CONSTANT(MS_RDONLY),
        CONSTANT(MS_NOSUID),
        CONSTANT(MS_NODEV),
        CONSTANT(MS_NOEXEC),
        CONSTANT(MS_REMOUNT),
        CONSTANT(MS_BIND),
        CONSTANT(MS_MOVE),
        /* prctl */
        CONSTANT(PR_SET_PDEATHSIG),
        CONSTANT(PR_SET_DUMPABLE),
        CONSTANT(PR_SET_KEEPCAPS),
        CONSTANT(PR_SET_NAME),
        CONSTANT(PR_SET_SECCOMP),
        CONSTANT(PR_CAPBSET_DROP),
        CONSTANT(PR_SET_SECUREBITS),
        CONSTANT(PR_SET_MM),
        CONSTANT(PR_SET_CHILD_SUBREAPER),
        CONSTANT(PR_SET_NO_NEW_PRIVS),
        CONSTANT(PR_CAP_AMBIENT),
        /* ptrace */
        CONSTANT(PTRACE_TRACEME),
        CONSTANT(PTRACE_PEEKTEXT),
        CONSTANT(PTRACE_PEEKDATA),
        CONSTANT(PTRACE_POKETEXT),
        CONSTANT(PTRACE_POKEDATA),
        CONSTANT(PTRACE_CONT),
        CONSTANT(PTRACE_KILL),
        CONSTANT(PTRACE_ATTACH),
        CONSTANT(PTRACE_DETACH),
        CONSTANT(PTRACE_SEIZE),
        /* ioctl */
        CONSTANT(TIOCSTI),
        CONSTANT(TIOCLINUX),
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

static int find_constant(const char *word, size_t length, uint64_t *ret_number) {
        for (size_t i = 0; i < N_ELEMENTS(constants); i++)
                if (strlen(constants[i].name) == length &&
                        memcmp(constants[i].name, word, length) == 0) {
                        *ret_number = constants[i].number;
                        return 0;
                }
        return -EINVAL;
}

/* "PROT_READ", or several: "PROT_READ | PROT_EXEC". */
static int parse_constants(const char *words, uint64_t *ret_number) {
        uint64_t number = 0, bits = 0;
        const char *at = words;

        do {
                size_t length = strcspn(at, ALTERNATIVES);

                if (find_constant(at, length, &bits) < 0)
                        return -EINVAL;
                number |= bits;
                at += length;
                at += strspn(at, ALTERNATIVES);
        } while (*at != '\0');
        *ret_number = number;
        return 0;
}

int constant_parse(const char *word, uint64_t *ret_number) {
        uint16_t number = 0;

        if (parse_constants(word, ret_number) == 0)
                return 0;
        if (errno_name_parse(word, &number) < 0)
                return parse_hexadecimal(word, ret_number);
        *ret_number = number;
        return 0;
}
