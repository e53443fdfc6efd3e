/* SPDX-License-Identifier: Apache-2.0 */

/* Names and numbers, held against the kernel's headers; multiplexers against libseccomp's numbers.
 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/syscalls.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#define X32_BIT      0x40000000
#define X32_FIRST    512 /* the first of the calls that only X32 has */
#define NUMBERS_MAX  1024
#define NAME_MAX_LEN 64

static const Arch *arch_at(const char *name) {
        const Arch *arch = arch_by_name(name);

        if (!arch)
                fail_msg("no architecture %s", name);
        return arch;
}

/* The names of a kernel header by number, the X32 bit taken off. */
typedef struct Header {
        char names[NUMBERS_MAX][NAME_MAX_LEN];
        int highest;
        int highest_common; /* below X32's own calls */
        size_t n;
} Header;

static bool header_read(const char *path, Header *ret_header) {
        _cleanup_fclose_ FILE *file = fopen(path, "re");
        char line[256], name[NAME_MAX_LEN];
        int nr = 0;

        memset(ret_header, 0, sizeof(*ret_header));
        while (file && fgets(line, sizeof(line), file)) {
                if (sscanf(line, "#define __NR_%63s (__X32_SYSCALL_BIT + %d)", name, &nr) != 2 &&
                        sscanf(line, "#define __NR_%63s %d", name, &nr) != 2)
                        continue;
                assert_in_range(nr, 0, NUMBERS_MAX - 1);
                strcpy(ret_header->names[nr], name);
                ret_header->n++;
                if (nr > ret_header->highest)
                        ret_header->highest = nr;
                if (nr > ret_header->highest_common && nr < X32_FIRST)
                        ret_header->highest_common = nr;
        }
        return file != NULL;
}

static void check_header(const char *arch_name, const char *path, int bit, size_t n_least) {
        static Header header;
        const Arch *arch = arch_at(arch_name);
        const int highest = syscall_highest(arch);
        const int newest = syscall_highest(arch_at("SCMP_ARCH_X86_64"));
        char name[NAME_MAX_LEN];

        if (!header_read(path, &header))
                support_skip("no %s here", path);
        assert_true(header.n >= n_least);
        for (int nr = 0; nr <= header.highest; nr++) {
                const char *theirs = header.names[nr];
                int found = -7;

                /* libseccomp may be older than the headers, or newer; neither has holes */
                if (nr > newest && nr < X32_FIRST)
                        continue;
                if (theirs[0] == '\0') {
                        if (nr <= header.highest_common || nr >= X32_FIRST)
                                assert_int_equal(
                                        syscall_name(arch, nr | bit, sizeof(name), name), -ENOENT);
                        continue;
                }
                if (syscall_number(arch, theirs, &found) != SYSCALL_KNOWN)
                        fail_msg("%s: %s is not known", arch_name, theirs);
                assert_int_equal(found, nr | bit);
                assert_int_equal(syscall_name(arch, nr | bit, sizeof(name), name), 0);
                assert_string_equal(name, theirs);
        }
        assert_true(highest >= bit);
        assert_int_equal(syscall_name(arch, highest, sizeof(name), name), 0);
        assert_int_equal(syscall_name(arch, highest + 1, sizeof(name), name), -ENOENT);
}

static void test_header_x86_64(void **state) {
        (void) state;
        check_header("SCMP_ARCH_X86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", 0, 350);
}

static void test_header_x86(void **state) {
        (void) state;
        check_header("SCMP_ARCH_X86", "/usr/include/x86_64-linux-gnu/asm/unistd_32.h", 0, 400);
}

static void test_header_x32(void **state) {
        (void) state;
        check_header(
                "SCMP_ARCH_X32", "/usr/include/x86_64-linux-gnu/asm/unistd_x32.h", X32_BIT, 340);
}

static void test_numbers(void **state) {
        static const struct {
                const char *arch;
                const char *name;
                SyscallState state;
                int nr;
        } cases[] = {
                { "SCMP_ARCH_X86_64", "read", SYSCALL_KNOWN, 0 },
                { "SCMP_ARCH_X86_64", "clone3", SYSCALL_KNOWN, 435 },
                { "SCMP_ARCH_X86_64", "socketcall", SYSCALL_ELSEWHERE, 0 },
                { "SCMP_ARCH_X86_64", "recv", SYSCALL_ELSEWHERE, 0 },
                { "SCMP_ARCH_X86_64", "cacheflush", SYSCALL_ELSEWHERE, 0 },
                { "SCMP_ARCH_X86_64", "nonsense", SYSCALL_UNKNOWN, 0 },
                { "SCMP_ARCH_X86_64", "", SYSCALL_UNKNOWN, 0 },
                { "SCMP_ARCH_X86_64", "READ", SYSCALL_UNKNOWN, 0 },
                { "SCMP_ARCH_X32", "read", SYSCALL_KNOWN, X32_BIT },
                { "SCMP_ARCH_X32", "ioctl", SYSCALL_KNOWN, X32_BIT + 514 },
                { "SCMP_ARCH_X86", "socketcall", SYSCALL_KNOWN, 102 },
                { "SCMP_ARCH_X86", "socket", SYSCALL_KNOWN, 359 },
                { "SCMP_ARCH_X86", "recvmmsg", SYSCALL_KNOWN, 337 },
                { "SCMP_ARCH_X86", "shmget", SYSCALL_KNOWN, 395 },
                { "SCMP_ARCH_X86", "accept", SYSCALL_KNOWN, -1 },
                { "SCMP_ARCH_X86", "send", SYSCALL_KNOWN, -1 },
                { "SCMP_ARCH_X86", "semop", SYSCALL_KNOWN, -1 },
                { "SCMP_ARCH_X86", "semtimedop", SYSCALL_KNOWN, -1 },
                { "SCMP_ARCH_X86", "arch_prctl", SYSCALL_KNOWN, 384 },
                { "SCMP_ARCH_S390X", "semtimedop", SYSCALL_KNOWN, 392 },
                { "SCMP_ARCH_S390X", "accept", SYSCALL_KNOWN, -1 },
                { "SCMP_ARCH_PPC64LE", "recv", SYSCALL_KNOWN, 336 },
                { "SCMP_ARCH_PPC64LE", "semop", SYSCALL_KNOWN, -1 },
                { "SCMP_ARCH_MIPSEL", "socket", SYSCALL_KNOWN, 4183 },
                { "SCMP_ARCH_MIPSEL64", "read", SYSCALL_KNOWN, 5000 },
                { "SCMP_ARCH_MIPSEL64N32", "read", SYSCALL_KNOWN, 6000 },
                { "SCMP_ARCH_ARM", "socket", SYSCALL_KNOWN, 281 },
                { "SCMP_ARCH_ARM", "set_tls", SYSCALL_KNOWN, 0xf0005 },
                { "SCMP_ARCH_ARM", "socketcall", SYSCALL_ELSEWHERE, 0 },
                { "SCMP_ARCH_AARCH64", "open", SYSCALL_ELSEWHERE, 0 },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const int untouched = -77;
                int nr = untouched;

                assert_int_equal(
                        syscall_number(arch_at(cases[i].arch), cases[i].name, &nr), cases[i].state);
                assert_int_equal(nr, cases[i].state == SYSCALL_KNOWN ? cases[i].nr : untouched);
        }
}

static void test_names(void **state) {
        static const struct {
                const char *arch;
                int nr;
                const char *name; /* NULL: none */
        } cases[] = {
                { "SCMP_ARCH_X86_64", 1, "write" },
                { "SCMP_ARCH_X86_64", X32_BIT | 1, NULL },
                { "SCMP_ARCH_X86_64", -1, NULL },
                { "SCMP_ARCH_X86_64", -110, NULL },
                { "SCMP_ARCH_X86_64", 400, NULL },
                { "SCMP_ARCH_X32", 1, NULL },
                { "SCMP_ARCH_X32", X32_BIT | 1, "write" },
                { "SCMP_ARCH_X86", 359, "socket" },
                { "SCMP_ARCH_X86", 102, "socketcall" },
                { "SCMP_ARCH_X86", -101, NULL },
                { "SCMP_ARCH_MIPS64", 5001, "write" },
                { "SCMP_ARCH_MIPS64", 1, NULL },
                { "SCMP_ARCH_ARM", 0xf0002, "cacheflush" },
        };
        char name[NAME_MAX_LEN] = "untouched";

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                int r = syscall_name(arch_at(cases[i].arch), cases[i].nr, sizeof(name), name);

                assert_int_equal(r, cases[i].name ? 0 : -ENOENT);
                assert_string_equal(name, cases[i].name ? cases[i].name : "untouched");
                strcpy(name, "untouched");
        }
        assert_int_equal(syscall_name(arch_at("SCMP_ARCH_X86_64"), 1, 5, name), -ENOBUFS);
        assert_string_equal(name, "untouched");
        assert_int_equal(syscall_name(arch_at("SCMP_ARCH_X86_64"), 1, 6, name), 0);
        assert_string_equal(name, "write");
}

/* Every name of every architecture leads to a number that leads back to it. */
static void test_round_trips(void **state) {
        size_t n_arches = 0;
        const Arch *all = arch_all(&n_arches);

        (void) state;
        for (size_t i = 0; i < n_arches; i++) {
                const int highest = syscall_highest(&all[i]);
                char name[NAME_MAX_LEN];
                size_t n = 0;

                for (int nr = highest < 0 ? 0 : highest - NUMBERS_MAX; nr <= highest; nr++) {
                        int again = -1;

                        if (syscall_name(&all[i], nr, sizeof(name), name) < 0)
                                continue;
                        n++;
                        assert_int_equal(syscall_number(&all[i], name, &again), SYSCALL_KNOWN);
                        assert_int_equal(again, nr);
                }
                assert_int_equal(n > 250, all[i].token != UINT32_MAX);
        }
}

static void test_subcalls(void **state) {
        static const struct {
                const char *arch;
                const char *name;
                int multiplexer;
                unsigned subcall;
        } cases[] = {
                { "SCMP_ARCH_X86", "socket", 102, 1 },
                { "SCMP_ARCH_X86", "recv", 102, 10 },
                { "SCMP_ARCH_X86", "sendmmsg", 102, 20 },
                { "SCMP_ARCH_X86", "semop", 117, 1 },
                { "SCMP_ARCH_X86", "shmctl", 117, 24 },
                { "SCMP_ARCH_MIPS", "accept4", 4102, 18 },
                { "SCMP_ARCH_S390X", "msgget", 117, 13 },
        };
        int multiplexer = -7;
        unsigned subcall = 77;

        (void) state;
        assert_false(
                syscall_subcall(arch_at("SCMP_ARCH_X86_64"), "socket", &multiplexer, &subcall));
        assert_false(syscall_subcall(arch_at("SCMP_ARCH_ARM"), "semop", &multiplexer, &subcall));
        assert_false(syscall_subcall(arch_at("SCMP_ARCH_X86"), "read", &multiplexer, &subcall));
        assert_false(
                syscall_subcall(arch_at("SCMP_ARCH_X86"), "socketcall", &multiplexer, &subcall));
        assert_int_equal(multiplexer, -7);
        assert_int_equal(subcall, 77);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                assert_true(syscall_subcall(
                        arch_at(cases[i].arch), cases[i].name, &multiplexer, &subcall));
                assert_int_equal(multiplexer, cases[i].multiplexer);
                assert_int_equal(subcall, cases[i].subcall);
        }
}

/* libseccomp's private numbers say the same: -100 less the subcall of socketcall, -200 that of ipc.
 */
static void test_subcalls_agree_with_libseccomp(void **state) {
        size_t n_arches = 0;
        const Arch *all = arch_all(&n_arches);

        (void) state;
        for (size_t i = 0; i < n_arches; i++) {
                size_t n = 0;

                for (int pseudo = -300; all[i].token != UINT32_MAX && pseudo < -100; pseudo++) {
                        _cleanup_free_ char *name =
                                seccomp_syscall_resolve_num_arch(all[i].token, pseudo);
                        int multiplexer = -1;
                        unsigned subcall = 0;

                        if (!name)
                                continue;
                        assert_int_equal(syscall_subcall(&all[i], name, &multiplexer, &subcall),
                                all[i].has_multiplexer);
                        if (!all[i].has_multiplexer)
                                continue;
                        n++;
                        assert_int_equal(subcall, -pseudo % 100);
                        assert_int_equal(multiplexer,
                                seccomp_syscall_resolve_name_arch(
                                        all[i].token, pseudo > -200 ? "socketcall" : "ipc"));
                }
                if (all[i].token != UINT32_MAX)
                        assert_int_equal(n, all[i].has_multiplexer ? 32 : 0);
        }
}

static void test_highest(void **state) {
        (void) state;
        assert_true(syscall_highest(arch_at("SCMP_ARCH_X86_64")) >= 450);
        assert_true(syscall_highest(arch_at("SCMP_ARCH_X32")) >= (X32_BIT | 547));
        assert_in_range(syscall_highest(arch_at("SCMP_ARCH_ARM")), 450, NUMBERS_MAX);
        assert_in_range(syscall_highest(arch_at("SCMP_ARCH_MIPS")), 4450, 4000 + NUMBERS_MAX);
        assert_in_range(syscall_highest(arch_at("SCMP_ARCH_MIPSEL64")), 5450, 5000 + NUMBERS_MAX);
        assert_in_range(
                syscall_highest(arch_at("SCMP_ARCH_MIPSEL64N32")), 6450, 6000 + NUMBERS_MAX);
}

static void test_suggestions(void **state) {
        static const struct {
                const char *arch;
                const char *word;
                const char *name; /* NULL: none */
        } cases[] = {
                { "SCMP_ARCH_X86_64", "opneat", "openat" },
                { "SCMP_ARCH_X86_64", "Unshare", "unshare" },
                { "SCMP_ARCH_X86_64", "socketcal", "socket" },
                { "SCMP_ARCH_X86", "socketcal", "socketcall" },
                { "SCMP_ARCH_X86", "semtimdop", "semtimedop" },
                { "SCMP_ARCH_X32", "getpidd", "getpid" },
                { "SCMP_ARCH_MIPS64", "cacheflsh", "cacheflush" },
                { "SCMP_ARCH_X86_64", "entirely_different", NULL },
                /* as headers, backtraces, manuals and C libraries have it */
                { "SCMP_ARCH_X86_64", "sys_mount", "mount" },
                { "SCMP_ARCH_X86_64", "SYS_mount", "mount" },
                { "SCMP_ARCH_X86_64", "__NR_mount", "mount" },
                { "SCMP_ARCH_X86_64", "__x64_sys_mount", "mount" },
                { "SCMP_ARCH_X86_64", "SCMP_SYS(mount)", "mount" },
                { "SCMP_ARCH_X86_64", " gettid() ", "gettid" },
                { "SCMP_ARCH_X86_64", "mount(2)", "mount" },
                { "SCMP_ARCH_X86_64", "sys_umount", "umount2" },
                { "SCMP_ARCH_X86_64", "pread", "pread64" },
                { "SCMP_ARCH_AARCH64", "sys_open", "openat" },
                { "SCMP_ARCH_X86_64", "sys_", NULL },
                { "SCMP_ARCH_X86_64", "sys_entirely_different", NULL },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const char *name = syscall_suggest(arch_at(cases[i].arch), cases[i].word);

                assert_string_equal(name ? name : "-", cases[i].name ? cases[i].name : "-");
        }
}

static void test_equivalents(void **state) {
        (void) state;
        assert_string_equal(syscall_equivalent(arch_at("SCMP_ARCH_X86_64"), "umount"), "umount2");
        assert_string_equal(syscall_equivalent(arch_at("SCMP_ARCH_X86_64"), "stat64"), "stat");
        assert_string_equal(
                syscall_equivalent(arch_at("SCMP_ARCH_AARCH64"), "stat64"), "newfstatat");
        assert_string_equal(
                syscall_equivalent(arch_at("SCMP_ARCH_RISCV64"), "rename"), "renameat2");
        assert_null(syscall_equivalent(arch_at("SCMP_ARCH_X86"), "umount")); /* it has both */
        assert_null(syscall_equivalent(arch_at("SCMP_ARCH_X86_64"), "mount"));
        assert_null(syscall_equivalent(arch_at("SCMP_ARCH_X86_64"), "s390_sthyi"));
}

/* No name of libseccomp, its private ones included, is taken for impossible. */
static void test_every_name_is_possible(void **state) {
        size_t n_arches = 0, n_names = 0;
        const Arch *all = arch_all(&n_arches);

        (void) state;
        for (size_t i = 0; i < n_arches; i++)
                for (int nr = -11000; nr < 0x100000; nr++) {
                        _cleanup_free_ char *name = NULL;

                        if (nr > 8192 && nr < 0xf0000) /* ARM's own */
                                nr = 0xf0000;
                        name = seccomp_syscall_resolve_num_arch(all[i].token, nr);
                        if (name && !syscall_name_is_possible(name))
                                fail_msg("%s: %s", all[i].name, name);
                        n_names += name != NULL;
                }
        assert_true(n_names > 5000);
        assert_false(syscall_name_is_possible(""));
        assert_false(syscall_name_is_possible("57"));
        assert_false(syscall_name_is_possible("Read"));
        assert_false(syscall_name_is_possible("open*"));
}

/* An architecture newer than the libseccomp we were built with: nothing is known, nothing breaks.
 */
static void test_arch_without_token(void **state) {
        size_t n_arches = 0;
        const Arch *all = arch_all(&n_arches);
        char name[NAME_MAX_LEN];
        int nr = -7;

        (void) state;
        for (size_t i = 0; i < n_arches; i++) {
                if (all[i].token != UINT32_MAX)
                        continue;
                assert_int_equal(syscall_number(&all[i], "read", &nr), SYSCALL_UNKNOWN);
                assert_int_equal(syscall_number(&all[i], "socket", &nr), SYSCALL_UNKNOWN);
                assert_int_equal(nr, -7);
                assert_int_equal(syscall_name(&all[i], 0, sizeof(name), name), -ENOENT);
                assert_int_equal(syscall_highest(&all[i]), -1);
                assert_null(syscall_suggest(&all[i], "raed"));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_header_x86_64),
                cmocka_unit_test(test_header_x86),
                cmocka_unit_test(test_header_x32),
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_round_trips),
                cmocka_unit_test(test_subcalls),
                cmocka_unit_test(test_subcalls_agree_with_libseccomp),
                cmocka_unit_test(test_highest),
                cmocka_unit_test(test_suggestions),
                cmocka_unit_test(test_equivalents),
                cmocka_unit_test(test_every_name_is_possible),
                cmocka_unit_test(test_arch_without_token),
        };

        return cmocka_run_group_tests_name("syscalls", tests, NULL, NULL);
}
