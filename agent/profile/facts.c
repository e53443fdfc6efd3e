/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Words of the node: capabilities and kernel versions. The capability table is Linux's own order
 * (linux/capability.h), so a name's index is its bit. Profiles name capabilities exactly
 * (capability_number()); operators on a command line may write them as they like
 * (capabilities_parse()). What a node really is, node/probe finds out: nothing here asks the
 * machine.
 */

#include "profile/facts.h"

#include "base/cleanup.h"
#include "base/suggest.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>

#define PREFIX "CAP_"

static const char *const capability_names[] = {
        [CAP_CHOWN] = "CAP_CHOWN",
        [CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
        [CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
        [CAP_FOWNER] = "CAP_FOWNER",
        [CAP_FSETID] = "CAP_FSETID",
        [CAP_KILL] = "CAP_KILL",
        [CAP_SETGID] = "CAP_SETGID",
        [CAP_SETUID] = "CAP_SETUID",
        [CAP_SETPCAP] = "CAP_SETPCAP",
        [CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
        [CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
        [CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
        [CAP_NET_ADMIN] = "CAP_NET_ADMIN",
        [CAP_NET_RAW] = "CAP_NET_RAW",
        [CAP_IPC_LOCK] = "CAP_IPC_LOCK",
        [CAP_IPC_OWNER] = "CAP_IPC_OWNER",
        [CAP_SYS_MODULE] = "CAP_SYS_MODULE",
        [CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
        [CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
        [CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
        [CAP_SYS_PACCT] = "CAP_SYS_PACCT",
        [CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
        [CAP_SYS_BOOT] = "CAP_SYS_BOOT",
        [CAP_SYS_NICE] = "CAP_SYS_NICE",
        [CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
        [CAP_SYS_TIME] = "CAP_SYS_TIME",
        [CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
        [CAP_MKNOD] = "CAP_MKNOD",
        [CAP_LEASE] = "CAP_LEASE",
        [CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
        [CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
        [CAP_SETFCAP] = "CAP_SETFCAP",
        [CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
        [CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
        [CAP_SYSLOG] = "CAP_SYSLOG",
        [CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
        [CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
        [CAP_AUDIT_READ] = "CAP_AUDIT_READ",
        [CAP_PERFMON] = "CAP_PERFMON",
        [CAP_BPF] = "CAP_BPF",
        [CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};

static const uint8_t default_capabilities[] = {
        CAP_CHOWN,
        CAP_DAC_OVERRIDE,
        CAP_FSETID,
        CAP_FOWNER,
        CAP_MKNOD,
        CAP_NET_RAW,
        CAP_SETGID,
        CAP_SETUID,
        CAP_SETFCAP,
        CAP_SETPCAP,
        CAP_NET_BIND_SERVICE,
        CAP_SYS_CHROOT,
        CAP_KILL,
        CAP_AUDIT_WRITE,
};

CapabilitySet capabilities_default(void) {
        CapabilitySet set = {};

        for (size_t i = 0; i < N_ELEMENTS(default_capabilities); i++)
                set.bits |= UINT64_C(1) << default_capabilities[i];
        return set;
}

static bool word_is(const char *word, size_t length, const char *name) {
        return strlen(name) == length && strncasecmp(word, name, length) == 0;
}

/* Adds what one word of a list stands for. Returns 0 or -EINVAL. */
static int set_add_word(CapabilitySet *set, const char *word, size_t length) {
        const size_t prefix = strlen(PREFIX);

        if (word_is(word, length, "default")) {
                set->bits |= capabilities_default().bits;
                return 0;
        }
        for (size_t i = 0; i < N_ELEMENTS(capability_names); i++) {
                const char *name = capability_names[i];

                if (word_is(word, length, name) || word_is(word, length, name + prefix)) {
                        set->bits |= UINT64_C(1) << i;
                        return 0;
                }
        }
        return -EINVAL;
}

int capabilities_parse(const char *text, CapabilitySet *ret_set, const char **ret_word) {
        CapabilitySet set = {};

        if (*text == '\0' || strcasecmp(text, "none") == 0) {
                *ret_set = set;
                return 0;
        }
        for (const char *word = text;;) {
                size_t length = strcspn(word, ",");
                int r = set_add_word(&set, word, length);

                if (r < 0) {
                        if (ret_word)
                                *ret_word = word;
                        return r;
                }
                if (word[length] == '\0')
                        break;
                word += length + 1;
        }
        *ret_set = set;
        return 0;
}

int capability_number(const char *name) {
        for (size_t i = 0; i < N_ELEMENTS(capability_names); i++)
                if (strcmp(capability_names[i], name) == 0)
                        return (int) i;
        return -EINVAL;
}

const char *capability_name(unsigned number) {
        return number < N_ELEMENTS(capability_names) ? capability_names[number] : NULL;
}

unsigned capability_count(void) {
        return N_ELEMENTS(capability_names);
}

const char *capability_suggest(const char *word) {
        static const SuggestList list = {
                .prefix = PREFIX,
                .words = capability_names,
                .n_words = N_ELEMENTS(capability_names),
        };

        return suggest_prefixed(word, &list);
}

/* Reads one to four digits and moves behind them; a fifth digit is left for the caller to refuse.
 */
static int number_read(const char **text, unsigned *ret_number) {
        const char *digit = *text;
        unsigned number = 0;

        for (; digit - *text < 4 && *digit >= '0' && *digit <= '9'; digit++)
                number = number * 10 + (unsigned) (*digit - '0');
        if (digit == *text)
                return -EINVAL;
        *text = digit;
        *ret_number = number;
        return 0;
}

int kernel_version_parse(const char *release, unsigned *ret_major, unsigned *ret_minor) {
        unsigned major = 0, minor = 0;

        if (number_read(&release, &major) < 0 || *release++ != '.' ||
                number_read(&release, &minor) < 0 || !strchr(".-+~_", *release))
                return -EINVAL;
        *ret_major = major;
        *ret_minor = minor;
        return 0;
}
