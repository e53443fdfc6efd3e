/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The bounds that seccompd is measured against, with nothing of ours in them. Each prints one
 * number of seconds a line; `change` prints an empty line after each change and leaves the time to
 * its reader.
 *
 *   bare compile FILE...
 *       libseccomp's compilation of canonical profiles, one program each, as a runtime does it
 *   bare change WATCHED FILE DIR N
 *       N times: waits for a rename to `..data` in WATCHED, compiles FILE, writes two files durably
 *       into DIR (temporary, fsync, rename, fsync of DIR): a manifest and the profile
 *   bare read FILE...
 *       reads and hashes
 *   bare write DIR FILE N
 *       N times FILE durably into DIR, each by itself
 *
 * Input is canonical, so cJSON's numbers and no checks will do.
 */

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <seccomp.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MANIFEST_BYTES 256 /* about what a manifest of one profile has */

static void die(const char *what) {
        perror(what);
        exit(1);
}

static double now(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static char *read_file(const char *path, size_t *ret_size) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;
        char *bytes;

        if (fd < 0 || fstat(fd, &st) < 0)
                die(path);
        bytes = malloc((size_t) st.st_size + 1);
        if (!bytes || read(fd, bytes, (size_t) st.st_size) != st.st_size)
                die(path);
        bytes[st.st_size] = '\0';
        close(fd);
        *ret_size = (size_t) st.st_size;
        return bytes;
}

static uint32_t action_of(const cJSON *object, const char *key, const char *errno_key) {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
        const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, errno_key);

        if (strcmp(name, "SCMP_ACT_ERRNO") == 0)
                return SCMP_ACT_ERRNO((uint32_t) number->valueint);
        if (strcmp(name, "SCMP_ACT_LOG") == 0)
                return SCMP_ACT_LOG;
        return strcmp(name, "SCMP_ACT_ALLOW") == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS;
}

static enum scmp_compare operator_of(const char *name) {
        static const char *const NAMES[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",
                "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ" };

        for (int i = 0; i < 7; i++)
                if (strcmp(NAMES[i], name) == 0)
                        return (enum scmp_compare)(i + 1);
        return _SCMP_CMP_MIN;
}

static void add_rule(scmp_filter_ctx context, uint32_t standard, const cJSON *rule) {
        uint32_t action = action_of(rule, "action", "errnoRet");
        struct scmp_arg_cmp args[6];
        unsigned n = 0;
        const cJSON *item;

        if (action == standard)
                return;
        cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(rule, "args")) {
                const cJSON *two = cJSON_GetObjectItemCaseSensitive(item, "valueTwo");

                args[n].arg = (unsigned) cJSON_GetObjectItemCaseSensitive(item, "index")->valueint;
                args[n].op = operator_of(
                        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "op")));
                args[n].datum_a =
                        (scmp_datum_t) cJSON_GetObjectItemCaseSensitive(item, "value")->valuedouble;
                args[n++].datum_b = two ? (scmp_datum_t) two->valuedouble : 0;
        }
        cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(rule, "names")) {
                int nr = seccomp_syscall_resolve_name(cJSON_GetStringValue(item));

                if (nr != __NR_SCMP_ERROR)
                        (void) seccomp_rule_add_array(context, action, nr, n, args);
        }
}

static uint32_t token_of(const char *name) {
        if (strcmp(name, "SCMP_ARCH_X86_64") == 0)
                return SCMP_ARCH_X86_64;
        if (strcmp(name, "SCMP_ARCH_X86") == 0)
                return SCMP_ARCH_X86;
        return strcmp(name, "SCMP_ARCH_X32") == 0 ? SCMP_ARCH_X32 : seccomp_arch_native();
}

static void compile(const char *bytes, int scratch) {
        cJSON *root = cJSON_Parse(bytes);
        uint32_t standard = action_of(root, "defaultAction", "defaultErrnoRet");
        scmp_filter_ctx context = seccomp_init(standard);
        const cJSON *item;

        cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(root, "architectures")) {
                uint32_t token = token_of(cJSON_GetStringValue(item));

                if (token != seccomp_arch_native())
                        seccomp_arch_add(context, token);
        }
        cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(root, "syscalls"))
                add_rule(context, standard, item);
        if (ftruncate(scratch, 0) < 0 || seccomp_export_bpf(context, scratch) < 0)
                die("export");
        seccomp_release(context);
        cJSON_Delete(root);
}

static void write_durably(int dir, const char *name, const char *bytes, size_t size) {
        int fd = openat(dir, ".bare-tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (fd < 0 || write(fd, bytes, size) != (ssize_t) size || fsync(fd) < 0 || close(fd) < 0 ||
                renameat(dir, ".bare-tmp", dir, name) < 0 || fsync(dir) < 0)
                die(name);
}

static void wait_for_swap(int inotify) {
        char events[4096] __attribute__((aligned(8)));

        for (;;) {
                ssize_t n = read(inotify, events, sizeof(events));

                if (n < 0)
                        die("inotify");
                for (char *at = events; at < events + n;) {
                        const struct inotify_event *event = (const struct inotify_event *) at;

                        if ((event->mask & IN_MOVED_TO) && strcmp(event->name, "..data") == 0)
                                return;
                        at += sizeof(*event) + event->len;
                }
        }
}

static int change(char **argv) {
        int inotify = inotify_init1(IN_CLOEXEC),
            dir = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int scratch = memfd_create("scratch", MFD_CLOEXEC);

        if (inotify < 0 || dir < 0 || scratch < 0 ||
                inotify_add_watch(inotify, argv[0], IN_MOVED_TO) < 0)
                die("setting up");
        puts("ready");
        fflush(stdout);
        for (int i = atoi(argv[3]); i > 0; i--) {
                size_t size;
                char *bytes;

                wait_for_swap(inotify);
                bytes = read_file(argv[1], &size);
                compile(bytes, scratch);
                write_durably(
                        dir, "manifest", bytes, size < MANIFEST_BYTES ? size : MANIFEST_BYTES);
                write_durably(dir, "profile", bytes, size);
                puts("");
                fflush(stdout);
                free(bytes);
        }
        return 0;
}

static int write_each(char **argv) {
        int dir = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        size_t size;
        char *bytes = read_file(argv[1], &size), name[32];
        double begin = now();

        if (dir < 0)
                die(argv[0]);
        for (int i = 0; i < atoi(argv[2]); i++) {
                snprintf(name, sizeof(name), "%d.json", i);
                write_durably(dir, name, bytes, size);
        }
        printf("%.6f\n", now() - begin);
        free(bytes);
        return 0;
}

int main(int argc, char **argv) {
        int scratch = memfd_create("scratch", MFD_CLOEXEC);
        double begin;

        (void) seccomp_api_get();
        if (argc == 6 && strcmp(argv[1], "change") == 0)
                return change(argv + 2);
        if (argc == 5 && strcmp(argv[1], "write") == 0)
                return write_each(argv + 2);
        if (argc < 3 || (strcmp(argv[1], "compile") != 0 && strcmp(argv[1], "read") != 0)) {
                fputs("usage: bare compile|read FILE..., change WATCHED FILE DIR N, write DIR FILE "
                      "N\n",
                        stderr);
                return 2;
        }
        begin = now();
        for (int i = 2; i < argc; i++) {
                size_t size;
                char *bytes = read_file(argv[i], &size);
                char hex[SHA256_DIGEST_STRING_LENGTH];

                if (strcmp(argv[1], "compile") == 0)
                        compile(bytes, scratch);
                else
                        (void) SHA256Data((const uint8_t *) bytes, size, hex);
                free(bytes);
        }
        printf("%.6f\n", now() - begin);
        return 0;
}
