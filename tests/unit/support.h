/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SECCOMPD_TESTS_UNIT_SUPPORT_H
#define SECCOMPD_TESTS_UNIT_SUPPORT_H

/*
 * What every unit test includes: cmocka with the headers it wants before it, and the few helpers
 * that more than one test needs.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka last: it needs the four above */
#include <cmocka.h>

/** The repository's root: tests are run from there, or SECCOMPD_ROOT names it. */
const char *support_root(void);

/** Reads a whole file, path relative to the root; fails the test when it cannot. Owned; NUL behind.
 */
char *support_read_file(const char *path, size_t *ret_size_bytes);

/** Skips the running test, and says why. */
_Noreturn void support_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Skips the running test where the kernel takes no seccomp filter; an emulator of one does not. */
void support_needs_seccomp(void);

/** A fresh temporary directory, owned string; removed with support_remove_tree(). */
char *support_temp_dir(void);
void support_remove_tree(const char *path);

#endif
