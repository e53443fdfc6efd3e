/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The architectures of the OCI runtime specification (config-linux.md, "Seccomp") as one constant
 * table: everything that differs between them is a column, so that no other module needs to know an
 * architecture by name. Rows are compared by address and grouped by family, the 64-bit kernel's own
 * architecture first. Architectures that only newer libseccomp headers know are there too: their
 * profiles are understood and told what is missing, instead of "unknown word".
 */

#include "profile/arch.h"

#include "base/cleanup.h"
#include "base/suggest.h"

#include <fnmatch.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <string.h>

#define NO_TOKEN UINT32_MAX

/* libseccomp 2.6 */
#ifdef SCMP_ARCH_LOONGARCH64
#define TOKEN_LOONGARCH64 SCMP_ARCH_LOONGARCH64
#else
#define TOKEN_LOONGARCH64 NO_TOKEN
#endif
#ifdef SCMP_ARCH_M68K
#define TOKEN_M68K SCMP_ARCH_M68K
#else
#define TOKEN_M68K NO_TOKEN
#endif
#ifdef SCMP_ARCH_SH
#define TOKEN_SH SCMP_ARCH_SH
#else
#define TOKEN_SH NO_TOKEN
#endif
#ifdef SCMP_ARCH_SHEB
#define TOKEN_SHEB SCMP_ARCH_SHEB
#else
#define TOKEN_SHEB NO_TOKEN
#endif

/* uname(2) says "mips" and "sh4" in either byte order: the kernel's is that of this build. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define IF_LITTLE(machine) machine
#define IF_BIG(machine)    NULL
#else
#define IF_LITTLE(machine) NULL
#define IF_BIG(machine)    machine
#endif

#define X32_BIT 0x40000000U

static const Arch arches[] = {
        { "SCMP_ARCH_X86_64", "amd64", "x86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64,
                .is_64bit = true, .family = "x86" },
        { "SCMP_ARCH_X86", "x86", "i686", SCMP_ARCH_X86, AUDIT_ARCH_I386, .has_multiplexer = true,
                .family = "x86" },
        { "SCMP_ARCH_X32", "x32", NULL, SCMP_ARCH_X32, AUDIT_ARCH_X86_64, .nr_mask = X32_BIT,
                .family = "x86" },
        { "SCMP_ARCH_AARCH64", "arm64", "aarch64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64,
                .is_64bit = true, .family = "arm" },
        { "SCMP_ARCH_ARM", "arm", "armv7l", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, .family = "arm" },
        { "SCMP_ARCH_MIPS64", "mips64", IF_BIG("mips64"), SCMP_ARCH_MIPS64, AUDIT_ARCH_MIPS64,
                .is_64bit = true, .family = "mips" },
        { "SCMP_ARCH_MIPS64N32", "mips64n32", NULL, SCMP_ARCH_MIPS64N32, AUDIT_ARCH_MIPS64N32,
                .family = "mips" },
        { "SCMP_ARCH_MIPS", "mips", IF_BIG("mips"), SCMP_ARCH_MIPS, AUDIT_ARCH_MIPS,
                .has_multiplexer = true, .family = "mips" },
        { "SCMP_ARCH_MIPSEL64", "mipsel64", IF_LITTLE("mips64"), SCMP_ARCH_MIPSEL64,
                AUDIT_ARCH_MIPSEL64, .is_64bit = true, .family = "mipsel" },
        { "SCMP_ARCH_MIPSEL64N32", "mipsel64n32", NULL, SCMP_ARCH_MIPSEL64N32,
                AUDIT_ARCH_MIPSEL64N32, .family = "mipsel" },
        { "SCMP_ARCH_MIPSEL", "mipsel", IF_LITTLE("mips"), SCMP_ARCH_MIPSEL, AUDIT_ARCH_MIPSEL,
                .has_multiplexer = true, .family = "mipsel" },
        { "SCMP_ARCH_PPC64", "ppc64", "ppc64", SCMP_ARCH_PPC64, AUDIT_ARCH_PPC64, .is_64bit = true,
                .has_multiplexer = true, .family = "ppc" },
        { "SCMP_ARCH_PPC", "ppc", "ppc", SCMP_ARCH_PPC, AUDIT_ARCH_PPC, .has_multiplexer = true,
                .family = "ppc" },
        { "SCMP_ARCH_PPC64LE", "ppc64le", "ppc64le", SCMP_ARCH_PPC64LE, AUDIT_ARCH_PPC64LE,
                .is_64bit = true, .has_multiplexer = true, .family = "ppc64le" },
        { "SCMP_ARCH_S390X", "s390x", "s390x", SCMP_ARCH_S390X, AUDIT_ARCH_S390X, .is_64bit = true,
                .has_multiplexer = true, .family = "s390" },
        { "SCMP_ARCH_S390", "s390", "s390", SCMP_ARCH_S390, AUDIT_ARCH_S390,
                .has_multiplexer = true, .family = "s390" },
        { "SCMP_ARCH_RISCV64", "riscv64", "riscv64", SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64,
                .is_64bit = true, .family = "riscv64" },
        { "SCMP_ARCH_LOONGARCH64", "loong64", "loongarch64", TOKEN_LOONGARCH64,
                AUDIT_ARCH_LOONGARCH64, .is_64bit = true, .family = "loongarch64" },
        { "SCMP_ARCH_PARISC64", "parisc64", "parisc64", SCMP_ARCH_PARISC64, AUDIT_ARCH_PARISC64,
                .is_64bit = true, .family = "parisc" },
        { "SCMP_ARCH_PARISC", "parisc", "parisc", SCMP_ARCH_PARISC, AUDIT_ARCH_PARISC,
                .family = "parisc" },
        { "SCMP_ARCH_M68K", NULL, "m68k", TOKEN_M68K, AUDIT_ARCH_M68K, .has_multiplexer = true,
                .family = "m68k" },
        { "SCMP_ARCH_SH", NULL, IF_LITTLE("sh4"), TOKEN_SH, AUDIT_ARCH_SHEL,
                .has_multiplexer = true, .family = "sh" },
        { "SCMP_ARCH_SHEB", NULL, IF_BIG("sh4"), TOKEN_SHEB, AUDIT_ARCH_SH, .has_multiplexer = true,
                .family = "sheb" },
};

/* Kernels name the processor, not the architecture, on these. */
static const struct {
        const char *pattern;
        const char *machine;
} machine_aliases[] = {
        { "i[3-6]86", "i686" },
        { "armv[4-8]*l", "armv7l" },
        { "sh4*", "sh4" },
};

const Arch *arch_all(size_t *ret_n) {
        *ret_n = N_ELEMENTS(arches);
        return arches;
}

const Arch *arch_by_name(const char *name) {
        for (size_t i = 0; i < N_ELEMENTS(arches); i++)
                if (strcmp(arches[i].name, name) == 0)
                        return &arches[i];
        return NULL;
}

const Arch *arch_by_machine(const char *machine) {
        for (size_t i = 0; i < N_ELEMENTS(machine_aliases); i++)
                if (fnmatch(machine_aliases[i].pattern, machine, 0) == 0)
                        machine = machine_aliases[i].machine;
        for (size_t i = 0; i < N_ELEMENTS(arches); i++)
                if (arches[i].machine && strcmp(arches[i].machine, machine) == 0)
                        return &arches[i];
        return NULL;
}

const Arch *arch_by_go_name(const char *go_name) {
        for (size_t i = 0; i < N_ELEMENTS(arches); i++)
                if (arches[i].go_name && strcmp(arches[i].go_name, go_name) == 0)
                        return &arches[i];
        return NULL;
}

const Arch *arch_by_token(uint32_t token) {
        for (size_t i = 0; i < N_ELEMENTS(arches); i++)
                if (arches[i].token == token && token != NO_TOKEN)
                        return &arches[i];
        return NULL;
}

bool arch_in_family(const Arch *native, const Arch *arch) {
        return native == arch || (native->is_64bit && strcmp(native->family, arch->family) == 0);
}

/* What else people call them; "i586" and the like are near enough to "i686". */
static const struct {
        const char *written;
        const char *name;
} other_names[] = {
        { "x64", "SCMP_ARCH_X86_64" },
        { "386", "SCMP_ARCH_X86" },
        { "i386", "SCMP_ARCH_X86" },
        { "x86_32", "SCMP_ARCH_X86" },
        { "ia32", "SCMP_ARCH_X86" },
        { "amd64p32", "SCMP_ARCH_X32" },
        { "arm32", "SCMP_ARCH_ARM" },
        { "armhf", "SCMP_ARCH_ARM" },
        { "aarch32", "SCMP_ARCH_ARM" },
        { "mips64le", "SCMP_ARCH_MIPSEL64" },
        { "mipsle", "SCMP_ARCH_MIPSEL" },
        { "riscv", "SCMP_ARCH_RISCV64" },
};

#define ALIASES_MAX (2 * N_ELEMENTS(arches) + N_ELEMENTS(other_names))

static void add_alias(SuggestAlias *aliases, size_t *n, const char *written, const Arch *meant) {
        if (written)
                aliases[(*n)++] = (SuggestAlias){ written, (size_t) (meant - arches) };
}

/* What stands in front of an architecture's name elsewhere: in the kernel's headers, of images. */
static const char *skip_front(const char *word) {
        static const char *const fronts[] = { "AUDIT_ARCH_", "linux/" };

        for (size_t i = 0; i < N_ELEMENTS(fronts); i++)
                if (strncasecmp(word, fronts[i], strlen(fronts[i])) == 0)
                        return word + strlen(fronts[i]);
        return word;
}

/* The row that was most likely meant by any kind of name, or NULL. */
static const Arch *suggest_row(const char *name) {
        const char *names[N_ELEMENTS(arches)];
        SuggestAlias aliases[ALIASES_MAX];
        SuggestList list = { .prefix = "SCMP_ARCH_", .words = names, .aliases = aliases };
        const char *word = skip_front(name);
        const Arch *arch = arch_by_machine(word);

        if (arch)
                return arch;
        for (; list.n_words < N_ELEMENTS(arches); list.n_words++) {
                const Arch *row = &arches[list.n_words];

                names[list.n_words] = row->name;
                add_alias(aliases, &list.n_aliases, row->go_name, row);
                add_alias(aliases, &list.n_aliases, row->machine, row);
        }
        for (size_t i = 0; i < N_ELEMENTS(other_names); i++)
                add_alias(aliases, &list.n_aliases, other_names[i].written,
                        arch_by_name(other_names[i].name));
        word = suggest_prefixed(word, &list);
        return word ? arch_by_name(word) : NULL;
}

const char *arch_suggest(const char *name) {
        const Arch *arch = suggest_row(name);

        return arch ? arch->name : NULL;
}

const char *arch_suggest_go_name(const char *name) {
        const Arch *arch = suggest_row(name);

        return arch ? arch->go_name : NULL;
}

unsigned arch_clone_flags_index(const Arch *arch) {
        return strcmp(arch->family, "s390") == 0 ? 1 : 0;
}
