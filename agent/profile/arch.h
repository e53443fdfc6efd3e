/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_PROFILE_ARCH_H
#define SECCOMPD_PROFILE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An architecture of seccomp profiles: one row of a constant table, compared by address. */
typedef struct Arch {
        const char *name;     /* as OCI and libseccomp write it: "SCMP_ARCH_X86_64" */
        const char *go_name;  /* as Docker's includes.arches: "amd64", "x86"; NULL: it has none */
        const char *machine;  /* as uname(2): "x86_64"; NULL where no kernel says so */
        uint32_t token;       /* libseccomp's SCMP_ARCH_*; UINT32_MAX where its headers lack it */
        uint32_t audit_arch;  /* AUDIT_ARCH_*: what seccomp_data.arch holds for its calls */
        uint32_t nr_mask;     /* bits set in every number of it: 0x40000000 for X32, else 0 */
        bool is_64bit;        /* filters compare arguments of 64 bits; on X32 and N32 libseccomp
                                 compares the low 32, whatever the registers hold */
        bool has_multiplexer; /* socketcall(2) and ipc(2) stand for the calls behind them */
        const char *family;   /* architectures of one family can run on one node: "x86" */
} Arch;

/** The table; `ret_n` is the number of rows. */
const Arch *arch_all(size_t *ret_n);

/** By OCI name, exactly as written; NULL for none. */
const Arch *arch_by_name(const char *name);
/** By uname's machine ("x86_64", "i586", "armv7l", "riscv64", …); NULL for none. */
const Arch *arch_by_machine(const char *machine);
/** By the name Docker's includes.arches uses ("amd64", "x86", "arm64", …); NULL for none. */
const Arch *arch_by_go_name(const char *go_name);
/** By libseccomp's token; NULL for none, and for UINT32_MAX. */
const Arch *arch_by_token(uint32_t token);

/**
 * Whether a node whose native architecture is `native` can run calls of `arch`: a 64-bit kernel
 * those of its family, a 32-bit kernel only its own.
 */
bool arch_in_family(const Arch *native, const Arch *arch);

/** The OCI name that was most likely meant, also by "x64" or "SCMP_ARCH_AMD64", or NULL. */
const char *arch_suggest(const char *name);
/** The same as Docker's includes.arches has it ("amd64"), or NULL. */
const char *arch_suggest_go_name(const char *name);

/** Which argument of clone has the flags: s390 has the stack first (kernel/fork.c,
 * CONFIG_CLONE_BACKWARDS2). */
unsigned arch_clone_flags_index(const Arch *arch);

#endif
