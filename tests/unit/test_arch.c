/* SPDX-License-Identifier: Apache-2.0 */

/* The architecture table, held against libseccomp's names, the kernel's macros and this machine. */

#include "support.h"

#include "base/cleanup.h"
#include "profile/arch.h"

#include <ctype.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <string.h>
#include <sys/utsname.h>

static const Arch *arch_at(const char *name) {
        const Arch *arch = arch_by_name(name);

        if (!arch)
                fail_msg("no architecture %s", name);
        return arch;
}

static void test_rows_are_unique(void **state) {
        size_t n = 0;
        const Arch *all = arch_all(&n);

        (void) state;
        assert_int_equal(n, 23);
        for (size_t i = 0; i < n; i++) {
                assert_ptr_equal(arch_by_name(all[i].name), &all[i]);
                assert_non_null(all[i].family);
                if (all[i].go_name)
                        assert_ptr_equal(arch_by_go_name(all[i].go_name), &all[i]);
                if (all[i].machine)
                        assert_ptr_equal(arch_by_machine(all[i].machine), &all[i]);
                if (all[i].token != UINT32_MAX)
                        assert_ptr_equal(arch_by_token(all[i].token), &all[i]);
        }
}

/* libseccomp calls SCMP_ARCH_X86_64 "x86_64"; its tokens are the kernel's numbers but for X32. */
static void test_rows_agree_with_libseccomp(void **state) {
        const size_t prefix = strlen("SCMP_ARCH_");
        size_t n = 0;
        const Arch *all = arch_all(&n);

        (void) state;
        for (size_t i = 0; i < n; i++) {
                char word[32] = {};
                bool has_socketcall = false;

                if (all[i].token == UINT32_MAX)
                        continue;
                for (size_t j = 0; all[i].name[prefix + j]; j++)
                        word[j] = (char) tolower((unsigned char) all[i].name[prefix + j]);
                assert_int_equal(seccomp_arch_resolve_name(word), all[i].token);
                if (all[i].nr_mask == 0)
                        assert_int_equal(all[i].audit_arch, all[i].token);
                has_socketcall = seccomp_syscall_resolve_name_arch(all[i].token, "socketcall") >= 0;
                assert_int_equal(all[i].has_multiplexer, has_socketcall);
        }
}

static void test_rows_by_hand(void **state) {
        static const struct {
                const char *name;
                const char *go_name;
                const char *machine;
                uint32_t audit_arch;
                uint32_t nr_mask;
                bool is_64bit;
                bool has_multiplexer;
                const char *family;
        } rows[] = {
                { "SCMP_ARCH_X86_64", "amd64", "x86_64", 0xc000003e, 0, true, false, "x86" },
                { "SCMP_ARCH_X86", "x86", "i686", 0x40000003, 0, false, true, "x86" },
                { "SCMP_ARCH_X32", "x32", NULL, 0xc000003e, 0x40000000, false, false, "x86" },
                { "SCMP_ARCH_AARCH64", "arm64", "aarch64", 0xc00000b7, 0, true, false, "arm" },
                { "SCMP_ARCH_ARM", "arm", "armv7l", 0x40000028, 0, false, false, "arm" },
                { "SCMP_ARCH_PPC64LE", "ppc64le", "ppc64le", 0xc0000015, 0, true, true, "ppc64le" },
                { "SCMP_ARCH_S390X", "s390x", "s390x", 0x80000016, 0, true, true, "s390" },
                { "SCMP_ARCH_S390", "s390", "s390", 0x00000016, 0, false, true, "s390" },
                { "SCMP_ARCH_RISCV64", "riscv64", "riscv64", 0xc00000f3, 0, true, false,
                        "riscv64" },
                { "SCMP_ARCH_LOONGARCH64", "loong64", "loongarch64", 0xc0000102, 0, true, false,
                        "loongarch64" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                const Arch *arch = arch_at(rows[i].name);

                assert_string_equal(arch->go_name, rows[i].go_name);
                assert_string_equal(arch->machine ? arch->machine : "-",
                        rows[i].machine ? rows[i].machine : "-");
                assert_int_equal(arch->audit_arch, rows[i].audit_arch);
                assert_int_equal(arch->nr_mask, rows[i].nr_mask);
                assert_int_equal(arch->is_64bit, rows[i].is_64bit);
                assert_int_equal(arch->has_multiplexer, rows[i].has_multiplexer);
                assert_string_equal(arch->family, rows[i].family);
        }
}

static void test_unknown_words(void **state) {
        (void) state;
        assert_null(arch_by_name("SCMP_ARCH_NATIVE"));
        assert_null(arch_by_name("scmp_arch_x86_64"));
        assert_null(arch_by_name("x86_64"));
        assert_null(arch_by_name(""));
        assert_null(arch_by_go_name("AMD64"));
        assert_null(arch_by_go_name("sparc64"));
        assert_null(arch_by_machine("vax"));
        assert_null(arch_by_machine("armv7b"));
        assert_null(arch_by_machine("i286"));
        assert_null(arch_by_token(SCMP_ARCH_NATIVE));
        assert_null(arch_by_token(UINT32_MAX));
}

static void test_machines(void **state) {
        static const struct {
                const char *machine;
                const char *name;
        } cases[] = {
                { "i386", "SCMP_ARCH_X86" },
                { "i586", "SCMP_ARCH_X86" },
                { "i686", "SCMP_ARCH_X86" },
                { "armv6l", "SCMP_ARCH_ARM" },
                { "armv8l", "SCMP_ARCH_ARM" },
                { "armv5tejl", "SCMP_ARCH_ARM" },
                { "aarch64", "SCMP_ARCH_AARCH64" },
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
                { "mips64", "SCMP_ARCH_MIPSEL64" },
                { "sh4a", "SCMP_ARCH_SH" },
#else
                { "mips64", "SCMP_ARCH_MIPS64" },
                { "sh4a", "SCMP_ARCH_SHEB" },
#endif
        };
        struct utsname uts = {};

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
                assert_ptr_equal(arch_by_machine(cases[i].machine), arch_at(cases[i].name));
        assert_int_equal(uname(&uts), 0);
        assert_ptr_equal(arch_by_machine(uts.machine), arch_by_token(seccomp_arch_native()));
}

static void test_families(void **state) {
        static const struct {
                const char *native;
                const char *arch;
                bool runs;
        } cases[] = {
                { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86_64", true },
                { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", true },
                { "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", true },
                { "SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64", false },
                { "SCMP_ARCH_X86", "SCMP_ARCH_X86", true },
                { "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", false },
                { "SCMP_ARCH_X86", "SCMP_ARCH_X32", false },
                { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", true },
                { "SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64", false },
                { "SCMP_ARCH_S390X", "SCMP_ARCH_S390", true },
                { "SCMP_ARCH_PPC64LE", "SCMP_ARCH_PPC64", false },
                { "SCMP_ARCH_PPC64", "SCMP_ARCH_PPC", true },
                { "SCMP_ARCH_PPC64LE", "SCMP_ARCH_PPC", false },
                { "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", true },
                { "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS", true },
                { "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPSEL", false },
                { "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", true },
                { "SCMP_ARCH_SH", "SCMP_ARCH_SHEB", false },
                { "SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64", false },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
                assert_int_equal(arch_in_family(arch_at(cases[i].native), arch_at(cases[i].arch)),
                        cases[i].runs);
}

static void test_suggest(void **state) {
        (void) state;
        assert_string_equal(arch_suggest("SCMP_ARCH_X86_46"), "SCMP_ARCH_X86_64");
        assert_string_equal(arch_suggest("scmp_arch_aarch64"), "SCMP_ARCH_AARCH64");
        assert_string_equal(arch_suggest("SCMP_ARCH_SHEBB"), "SCMP_ARCH_SHEB");
        assert_string_equal(arch_suggest("amd64"), "SCMP_ARCH_X86_64");
        assert_string_equal(arch_suggest("aarch64"), "SCMP_ARCH_AARCH64");
        assert_string_equal(arch_suggest("x86"), "SCMP_ARCH_X86");
        assert_string_equal(arch_suggest("S390X"), "SCMP_ARCH_S390X");
        assert_string_equal(arch_suggest("loongarch46"), "SCMP_ARCH_LOONGARCH64");
        assert_string_equal(arch_suggest("SCMP_ARCH_AMD64"), "SCMP_ARCH_X86_64");
        assert_string_equal(arch_suggest("SCMP_ARCH_ARM64"), "SCMP_ARCH_AARCH64");
        assert_string_equal(arch_suggest("SCMP_ARCH_I386"), "SCMP_ARCH_X86");
        assert_string_equal(arch_suggest("SCMP_ARCH_X86_32"), "SCMP_ARCH_X86");
        assert_string_equal(arch_suggest("x64"), "SCMP_ARCH_X86_64");
        assert_string_equal(arch_suggest("AUDIT_ARCH_X86_64"), "SCMP_ARCH_X86_64");
        assert_string_equal(arch_suggest("AUDIT_ARCH_I386"), "SCMP_ARCH_X86");
        assert_string_equal(arch_suggest("linux/amd64"), "SCMP_ARCH_X86_64");
        assert_null(arch_suggest("linux/"));
        assert_string_equal(arch_suggest("AMD64"), "SCMP_ARCH_X86_64");
        assert_string_equal(arch_suggest("amd46"), "SCMP_ARCH_X86_64");
        assert_string_equal(arch_suggest("ARCH_ARM"), "SCMP_ARCH_ARM");
        assert_string_equal(arch_suggest("armv5tel"), "SCMP_ARCH_ARM");
        assert_null(arch_suggest("SCMP_ARCH_ALL"));
        assert_null(arch_suggest("SCMP_ARCH_NATIVE"));
        assert_null(arch_suggest("SCMP_ARCH_"));
        assert_string_equal(arch_suggest_go_name("x86_64"), "amd64");
        assert_string_equal(arch_suggest_go_name("SCMP_ARCH_X86_64"), "amd64");
        assert_string_equal(arch_suggest_go_name("amd46"), "amd64");
        assert_string_equal(arch_suggest_go_name("386"), "x86");
        assert_string_equal(arch_suggest_go_name("aarch64"), "arm64");
        assert_null(arch_suggest_go_name("m68k")); /* Go has none */
        assert_null(arch_suggest_go_name("all"));
        assert_null(arch_suggest("vax"));
        assert_null(arch_suggest(""));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rows_are_unique),
                cmocka_unit_test(test_rows_agree_with_libseccomp),
                cmocka_unit_test(test_rows_by_hand),
                cmocka_unit_test(test_unknown_words),
                cmocka_unit_test(test_machines),
                cmocka_unit_test(test_families),
                cmocka_unit_test(test_suggest),
        };

        return cmocka_run_group_tests_name("arch", tests, NULL, NULL);
}
