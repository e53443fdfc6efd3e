/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is said of a whole policy. The case table (tests/cases) holds which findings a profile
 * gets; here is how they are worded and joined, what depends on the node, and that a profile made
 * to be slow is not.
 */

#include "support.h"

#include "checked_node.h"

#include "base/cleanup.h"
#include "profile/policy.h"

#include <string.h>

/* What a container start needs, so that a test's own subject is all that is found. */
#define START_NAMES                                                                                \
        "\"close\",\"fstat\",\"fstatfs\",\"fcntl\",\"statx\",\"openat\",\"openat2\",\"write\","    \
        "\"getdents64\",\"execve\",\"futex\",\"readlinkat\",\"exit\",\"exit_group\","              \
        "\"rt_sigreturn\",\"chdir\",\"read\",\"capget\",\"capset\",\"prctl\",\"setgroups\","       \
        "\"setgid\",\"setuid\",\"getcwd\",\"getppid\",\"setresuid\",\"setresgid\","                \
        "\"rt_sigprocmask\",\"rt_sigaction\",\"pselect6\",\"close_range\",\"epoll_pwait2\","       \
        "\"getrandom\""
#define START_RULE "{\"names\":[" START_NAMES ",\"newfstatat\"],\"action\":\"SCMP_ACT_ALLOW\"}"
#define HEAD                                                                                       \
        "\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"                             \
        "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],"
/* A profile that denies by default and allows a start, with more rules. */
#define STRICT(rules) "{" HEAD "\"syscalls\":[" START_RULE "," rules "]}"
/* A deny-list: SP314 is all that is found in it. */
#define LOOSE(rules)                                                                               \
        "{\"defaultAction\":\"SCMP_ACT_ALLOW\","                                                   \
        "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],\"syscalls\":[" rules "]}"
/* A strict profile with another default, or with one more member. */
#define DEFAULT(action) "{\"defaultAction\":\"" action "\",\"syscalls\":[" START_RULE "]}"
#define WITH(member)    "{" HEAD member ",\"syscalls\":[" START_RULE "]}"
#define ALLOW(names)    "{\"names\":[" names "],\"action\":\"SCMP_ACT_ALLOW\"}"
#define DENY(names)     "{\"names\":[" names "],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1}"
#define ALLOW_IF(names, args)                                                                      \
        "{\"names\":[" names "],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[" args "]}"
#define DENY_IF(names, args)                                                                       \
        "{\"names\":[" names "],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,\"args\":[" args "]}"
#define NOTIFY(names)         "{\"names\":[" names "],\"action\":\"SCMP_ACT_NOTIFY\"}"
#define ARG(index, value, op) "{\"index\":" index ",\"value\":" value ",\"op\":\"SCMP_CMP_" op "\"}"

typedef struct Fixture {
        Arena *arena;
        DiagList diags;
        Document document;
        CheckOptions options;
} Fixture;

static void fixture_done(Fixture *fixture) {
        document_done(&fixture->document);
        diags_done(&fixture->diags);
        arena_free(fixture->arena);
}
#define _cleanup_fixture_ _cleanup_(fixture_done)

static CheckOptions options_new(void) {
        return checked_node(arch_by_name("SCMP_ARCH_X86_64"));
}

static void fixture_check(Fixture *fixture, const char *json) {
        Surface surface;
        Policy policy;

        diags_init(&fixture->diags, &fixture->options.rules);
        fixture->arena = arena_new();
        assert_non_null(fixture->arena);
        assert_int_equal(document_parse(fixture->arena, json, strlen(json), &fixture->diags,
                                 &fixture->document),
                0);
        assert_int_equal(surface_parse(&fixture->document, fixture->options.facts.arch,
                                 &fixture->diags, &surface),
                0);
        assert_int_equal(policy_resolve(&fixture->document, &surface, &fixture->options,
                                 &fixture->diags, &policy),
                0);
        assert_int_equal(
                policy_check(&fixture->document, &policy, &fixture->options, &fixture->diags), 0);
        assert_int_equal(diags_finish(&fixture->diags, json, strlen(json)), 0);
}

static size_t count(const DiagList *diags, RuleId id) {
        size_t n = 0;

        for (size_t i = 0; i < diags->n; i++)
                n += diags->items[i].rule == id;
        return n;
}

/* The only finding of a rule. */
static const Diag *find(const DiagList *diags, RuleId id) {
        for (size_t i = 0; i < diags->n; i++)
                if (diags->items[i].rule == id && count(diags, id) == 1)
                        return &diags->items[i];
        fail_msg("%zu findings of SP%d", count(diags, id), id);
        return NULL;
}

static void assert_has(const char *text, const char *part) {
        if (!text || !strstr(text, part))
                fail_msg("\"%s\" is not in \"%s\"", part, text ? text : "");
}

static void assert_nothing(const DiagList *diags) {
        if (diags->n > 0)
                fail_msg("SP%d: %s", diags->items[0].rule, diags->items[0].message);
}

/* The one finding of a rule in a profile, on an x86_64 node. */
typedef struct Wording {
        const char *json;
        RuleId id;
        Severity severity;
        const char *pointer;
        const char *message; /* a part of it */
        const char *hint;    /* a part of it; NULL where none is looked for */
} Wording;

static const Wording wordings[] = {
        { DEFAULT("SCMP_ACT_KILL_THREAD"), SP303, SEVERITY_INFO, "/defaultAction", "older name",
                NULL },
        { DEFAULT("SCMP_ACT_KILL_PROCESS"), SP304, SEVERITY_INFO, "/defaultAction", "1.1.3", NULL },
        { DEFAULT("SCMP_ACT_KILL"), SP305, SEVERITY_WARNING, "/defaultAction", "can hang",
                "SCMP_ACT_KILL_PROCESS" },
        { DEFAULT("SCMP_ACT_NOTIFY"), SP309, SEVERITY_ERROR, "/defaultAction",
                "cannot be the default", NULL },
        { LOOSE(NOTIFY("\"read\",\"write\"")), SP309, SEVERITY_ERROR, "/syscalls/0/names/1",
                "on write", NULL },
        { DEFAULT("SCMP_ACT_LOG"), SP314, SEVERITY_INFO, "/defaultAction", "logged", NULL },
        { WITH("\"listenerPath\":\"/run/a\""), SP311, SEVERITY_WARNING, "/listenerPath",
                "it is left out", NULL },
        { WITH("\"listenerMetadata\":\"a\""), SP311, SEVERITY_WARNING, "/listenerMetadata",
                "listenerMetadata without", NULL },
        { WITH("\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]"), SP402, SEVERITY_WARNING, "/flags",
                "runc before 1.2", NULL },
        /* of keys that read alike the one on the right level is meant */
        { WITH("\"x-a\":{\"flags\":[]},\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]"), SP402,
                SEVERITY_WARNING, "/flags", "runc before 1.2", NULL },
        { WITH("\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]"), SP402, SEVERITY_WARNING,
                "/flags", "before 1.5", NULL },
        { WITH("\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]"), SP403, SEVERITY_ERROR,
                "/flags/0", "the kernel refuses", NULL },
        { WITH("\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_TSYNC\"]"), SP404,
                SEVERITY_INFO, "/flags/1", "no effect", NULL },
        { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X32\"],"
          "\"syscalls\":[" DENY("\"bpf\"") "]}",
                SP415, SEVERITY_INFO, "/architectures/0", "once more", NULL },
        { "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":[{\"architecture\":"
          "\"SCMP_ARCH_X86_64\"}],\"syscalls\":[" DENY("\"bpf\"") "]}",
                SP414, SEVERITY_INFO, "/archMap", "`SCMP_ARCH_X86` not listed", NULL },
        { LOOSE(DENY("\"clone3\"")), SP802, SEVERITY_WARNING, "/syscalls/0/names/0",
                "pthread_create", "38" },
        /* the conditional rule has no effect, so it opens nothing */
        { STRICT(DENY("\"clone3\"") "," ALLOW_IF("\"clone3\"", ARG("1", "88", "EQ"))), SP802,
                SEVERITY_WARNING, "/syscalls/1/names/0", "pthread_create", NULL },
        { LOOSE(DENY("\"fchmodat2\",\"faccessat2\"")), SP803, SEVERITY_WARNING,
                "/syscalls/0/names/1", "`faccessat2` and `fchmodat2`", "38" },
        { "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[" START_RULE "]}", SP805,
                SEVERITY_INFO, "/defaultAction", "errno 1 under crun", "38" },
        { DEFAULT("SCMP_ACT_TRAP"), SP806, SEVERITY_INFO, "/defaultAction", "SCMP_ACT_TRAP", NULL },
        { LOOSE(DENY("\"rt_sigreturn\",\"exit\"")), SP807, SEVERITY_WARNING, "/syscalls/0/names/1",
                ": `exit` and `rt_sigreturn`", NULL },
        { LOOSE(DENY("\"bpf\"") ",{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_TRACE\"}"), SP312,
                SEVERITY_WARNING, "/syscalls/1/action", "ENOSYS", NULL },
        { LOOSE(DENY("\"bpf\"")), SP314, SEVERITY_WARNING, "/defaultAction", "newer kernel",
                "SCMP_ACT_ERRNO" },
        { LOOSE(ALLOW("\"bpf\"")), SP315, SEVERITY_WARNING, "/syscalls", "SCMP_ACT_ALLOW", NULL },
        { "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}", SP315, SEVERITY_WARNING, "",
                "no container can start", NULL },
        { LOOSE(NOTIFY("\"bpf\"")), SP310, SEVERITY_ERROR, "/syscalls/0/action",
                "without listenerPath", "at the top level of the profile: \"listenerPath\"" },
        { LOOSE(NOTIFY("\"bpf\"")), SP316, SEVERITY_ERROR, "/syscalls/0/action", "as root",
                "SP316=warning" },
        /* a key that is spelt with an escape is found by its meaning, its place is not */
        { "{\"listener\\u0050ath\":\"run/x\",\"defaultAction\":\"SCMP_ACT_ALLOW\","
          "\"syscalls\":[" NOTIFY("\"bpf\"") "]}",
                SP310, SEVERITY_ERROR, "/syscalls/0/action", "not absolute", NULL },
        { LOOSE(DENY("\"bpf\",\"ptrcae\"")), SP503, SEVERITY_ERROR, "/syscalls/0/names/1",
                "stays allowed", "`ptrace`" },
        { LOOSE(DENY("\"bpf\",\"frobnicate_it\"")), SP503, SEVERITY_ERROR, "/syscalls/0/names/1",
                "`frobnicate_it`", NULL },
        { LOOSE(DENY("\"bpf\",\"sys_mount\"")), SP503, SEVERITY_ERROR, "/syscalls/0/names/1",
                "stays allowed", "did you mean `mount`?" },
        { STRICT(ALLOW("\"sys_munmap\"")), SP503, SEVERITY_WARNING, "/syscalls/1/names/0",
                "gets the default", "did you mean `munmap`?" },
        { STRICT(ALLOW("\"xyzzyx\",\"munmap\",\"plugh_plugh\"")), SP503, SEVERITY_INFO,
                "/syscalls/1/names/0", ": `xyzzyx` and `plugh_plugh`", NULL },
        { STRICT(ALLOW("\"mseal\",\"munmap\"") "," ALLOW("\"listns\",\"uprobe\"")), SP504,
                SEVERITY_INFO, "/syscalls/1/names/0", ": `mseal`, `listns` and `uprobe`", NULL },
        /* the second rule on a name says nothing new of it */
        { STRICT(ALLOW_IF("\"s390_sthyi\",\"swapcontext\"", ARG("0", "1", "EQ")) "," ALLOW_IF(
                  "\"s390_sthyi\"", ARG("0", "2", "EQ"))),
                SP505, SEVERITY_INFO, "/syscalls/1/names/0", ": `s390_sthyi` and `swapcontext`",
                NULL },
        /* what was to be denied is possible by its name here */
        { LOOSE(DENY("\"bpf\",\"umount\",\"send\"")), SP505, SEVERITY_WARNING,
                "/syscalls/0/names/1", "stays allowed: `umount` and `send`",
                "on SCMP_ARCH_X86_64 they are `umount2` and `sendto`" },
        { LOOSE(DENY("\"umount\",\"recv\"") "," DENY("\"umount2\"")), SP505, SEVERITY_WARNING,
                "/syscalls/0/names/1", ": `recv`", "it is `recvfrom`" },
        { STRICT(ALLOW_IF("\"socket\",\"bind\"", ARG("0", "1", "EQ"))), SP507, SEVERITY_WARNING,
                "/syscalls/1/names/0", "`socket` and `bind`", "ipc: no condition reaches there" },
        { STRICT(ALLOW("\"ipc\",\"semop\",\"semget\",\"semctl\",\"semtimedop\",\"msgsnd\","
                       "\"msgrcv\",\"msgget\",\"msgctl\",\"shmat\"")),
                SP508, SEVERITY_WARNING, "/syscalls/1/names/0",
                "SCMP_ARCH_X86, also what the rules do not allow: `shmdt`, `shmget` and `shmctl`",
                NULL },
        { STRICT(ALLOW_IF("\"ioctl\",\"mknod\"", ARG("1", "0", "GE"))), SP606, SEVERITY_ERROR,
                "/syscalls/1/args/0", "whatever its arguments", "leave `args` out" },
        { STRICT(ALLOW_IF("\"ioctl\"", ARG("0", "1", "EQ") "," ARG("1", "0", "GE"))), SP606,
                SEVERITY_WARNING, "/syscalls/1/args/1", "fulfils", NULL },
        { STRICT(ALLOW_IF("\"ioctl\"", ARG("0", "0", "LT"))), SP606, SEVERITY_WARNING,
                "/syscalls/1/args/0", "no argument is less than 0", NULL },
        { LOOSE(DENY_IF("\"ioctl\"", ARG("0", "18446744073709551615", "GT"))), SP606,
                SEVERITY_ERROR, "/syscalls/0/args/0", "what it is to deny", NULL },
        /* of several rules on a call, the one that leaves nothing out, and its partner */
        { STRICT(ALLOW_IF("\"ioctl\"", ARG("0", "3", "EQ")) "," ALLOW_IF(
                  "\"ioctl\"", ARG("0", "8", "NE")) "," ALLOW_IF("\"ioctl\"", ARG("0", "9", "NE"))),
                SP606, SEVERITY_ERROR, "/syscalls/3/args/0",
                "every value of argument 0 fulfils this condition or that of line 1 (/syscalls/2): "
                "together the rules allow",
                "if both must hold, write a rule with SCMP_CMP_LT and \"value\": 8, and one with "
                "SCMP_CMP_GT and \"value\": 9" },
        { STRICT(ALLOW_IF("\"ioctl\"", ARG("0", "4294967196", "EQ"))), SP607, SEVERITY_INFO,
                "/syscalls/1/args/0",
                "4294967196 is -100 in 32 bits only: the filter compares all 64 bits of the "
                "register, where the same number can stand as 18446744073709551516",
                "MASKED_EQ with \"value\": 4294967295, \"valueTwo\": 4294967196" },
        { STRICT(ALLOW_IF("\"ioctl\"", ARG("0", "18446744073709551516", "NE"))), SP607,
                SEVERITY_INFO, "/syscalls/1/args/0",
                "18446744073709551516 is -100 in 64 bits only: the filter compares all 64 bits of "
                "the register, where the same number can stand as 4294967196",
                "for inequality" },
        { STRICT(ALLOW("\"ioctl\",\"mknod\"") "," DENY_IF(
                  "\"mknod\",\"ioctl\"", ARG("0", "1", "EQ"))),
                SP702, SEVERITY_ERROR, "/syscalls/2/names/0",
                "`mknod` and `ioctl`: the conditions have no effect, because the unconditional "
                "SCMP_ACT_ALLOW in line 1 (/syscalls/1)",
                "take the call out of the unconditional rule, and give it one of its own with the "
                "same action and \"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_NE\"" },
        { STRICT(ALLOW_IF("\"ioctl\"", ARG("0", "5", "LT")) "," DENY_IF(
                  "\"ioctl\"", ARG("0", "4", "LE"))),
                SP703, SEVERITY_ERROR, "/syscalls/2/names/0",
                "SCMP_ACT_ERRNO(1) here and SCMP_ACT_ALLOW in line 1 (/syscalls/1) for the same "
                "arguments",
                NULL },
        /* a name that is split into a rule for each condition is said once */
        { STRICT(ALLOW("\"ioctl\",\"brk\"") "," DENY_IF(
                  "\"ioctl\",\"brk\"", ARG("0", "1", "EQ") "," ARG("0", "2", "EQ"))),
                SP702, SEVERITY_ERROR, "/syscalls/2/names/0", "`ioctl` and `brk`: the conditions",
                NULL },
        /* the gravest of two contradictions is said, in either order */
        { STRICT(ALLOW_IF("\"ioctl\"", ARG("0", "5", "LT")) "," ALLOW_IF(
                  "\"ioctl\"", ARG("1", "1", "EQ")) "," DENY_IF("\"ioctl\"", ARG("0", "9", "LT"))),
                SP703, SEVERITY_ERROR, "/syscalls/3/names/0",
                "line 1 (/syscalls/1) under wider or narrower", NULL },
        { STRICT(ALLOW_IF("\"ioctl\"", ARG("1", "1", "EQ")) "," ALLOW_IF(
                  "\"ioctl\"", ARG("0", "5", "LT")) "," DENY_IF("\"ioctl\"", ARG("0", "9", "LT"))),
                SP703, SEVERITY_ERROR, "/syscalls/3/names/0",
                "line 1 (/syscalls/2) under wider or narrower", NULL },
        { STRICT(ALLOW_IF("\"ioctl\"", ARG("0", "5", "NE")) "," DENY_IF(
                  "\"ioctl\"", ARG("0", "9", "LT"))),
                SP704, SEVERITY_WARNING, "/syscalls/2/names/0", "for some arguments", NULL },
        { STRICT(ALLOW("\"ioctl\",\"brk\"") ",{\"names\":[\"brk\",\"ioctl\"],\"action\":"
                                            "\"SCMP_ACT_ERRNO\",\"errnoRet\":38}"),
                SP705, SEVERITY_WARNING, "/syscalls/2/names/0",
                "`brk` and `ioctl`: the rule equals the default, so runtimes skip it, and "
                "SCMP_ACT_ALLOW in line 1 (/syscalls/1) decides",
                "keep one of the two rules" },
        { STRICT(ALLOW_IF("\"brk\"", ARG("0", "5", "LE")) "," ALLOW(
                  "\"brk\"") ",{\"names\":["
                             "\"brk\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38,\"args\":"
                             "[" ARG("0", "0", "EQ") "]}"),
                SP705, SEVERITY_WARNING, "/syscalls/3/names/0",
                "SCMP_ACT_ALLOW in line 1 (/syscalls/2) decides", NULL },
        { STRICT(ALLOW(
                  "\"_sysctl\",\"afs_syscall\",\"bdflush\",\"break\",\"create_module\",\"epoll_ctl_"
                  "old\",\"epoll_wait_old\",\"ftime\",\"get_kernel_syms\",\"getpmsg\",\"gtty\","
                  "\"idle\",\"lock\",\"mpx\",\"nfsservctl\",\"prof\",\"profil\",\"putpmsg\","
                  "\"query_module\",\"security\",\"stty\",\"tuxcall\",\"ulimit\",\"vserver\"")),
                SP506, SEVERITY_INFO, "/syscalls/1/names/0", " and 13 more", NULL },
        { STRICT(ALLOW(
                  "\"bpf\",\"kexec_load\",\"kexec_file_load\",\"init_module\",\"finit_module\","
                  "\"delete_module\",\"mount\",\"umount\",\"umount2\",\"move_mount\","
                  "\"open_tree\",\"open_tree_attr\",\"fsopen\",\"fsconfig\",\"fsmount\","
                  "\"fspick\",\"mount_setattr\",\"pivot_root\",\"setns\",\"reboot\","
                  "\"perf_event_open\",\"open_by_handle_at\",\"iopl\",\"ioperm\"")),
                SP901, SEVERITY_WARNING, "/syscalls/1/names/0",
                ": "
                "`bpf`, `kexec_load`, `kexec_file_load`, `init_module`, `finit_module`, "
                "`delete_module`, `mount`, `umount`, `umount2`, `move_mount`, `open_tree`, "
                "`open_tree_attr`, `fsopen`, `fsconfig`, `fsmount`, `fspick`, "
                "`mount_setattr`, `pivot_root`, `setns`, `reboot`, `perf_event_open`, "
                "`open_by_handle_at`, `iopl`, `ioperm`",
                NULL },
        { STRICT(ALLOW("\"ptrace\",\"process_vm_readv\",\"process_vm_writev\",\"add_key\","
                       "\"request_key\",\"keyctl\",\"userfaultfd\",\"io_uring_setup\","
                       "\"io_uring_enter\",\"io_uring_register\",\"unshare\"")),
                SP902, SEVERITY_WARNING, "/syscalls/1/names/0",
                ": "
                "`ptrace`, `process_vm_readv`, `process_vm_writev`, `add_key`, "
                "`request_key`, `keyctl`, `userfaultfd`, `io_uring_setup`, `io_uring_enter`, "
                "`io_uring_register`, `unshare`",
                NULL },
        { STRICT("{\"names\":[\"bpf\",\"mknod\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38}"),
                SP705, SEVERITY_INFO, "/syscalls/1/names/0", "`bpf` and `mknod`: the rule equals",
                NULL },
        { "{" HEAD "\"syscalls\":[" ALLOW(START_NAMES) "]}", SP801, SEVERITY_WARNING,
                "/defaultAction",
                ": runc, unless the pod sets `allowPrivilegeEscalation: false`, needs `newfstatat`",
                NULL },
        { "{" HEAD "\"syscalls\":[" ALLOW("\"execve\"") "]}", SP801, SEVERITY_WARNING,
                "/defaultAction",
                ": runc needs `close`, `fstat`, `fstatfs`, `statx`, `openat`, `write`, "
                "`getdents64` "
                "and `futex`; runc, unless the pod sets `allowPrivilegeEscalation: false`, needs "
                "`chdir`, `read`, `capget`, `capset`, `prctl`, `setgroups`, `setgid`, `setuid`, "
                "`getcwd`, `getppid` and `newfstatat`; crun, unless the pod sets "
                "`allowPrivilegeEscalation: false`, needs `write`, `prctl`, `capset`, `setresgid`, "
                "`setresuid`, `rt_sigprocmask`, `rt_sigaction` and `pselect6`; runc, where openat2 "
                "is denied, needs `fcntl` and `readlinkat`",
                NULL },
        { "{" HEAD "\"syscalls\":[" ALLOW("\"execve\"") "]}", SP804, SEVERITY_INFO,
                "/defaultAction",
                ": `statx`, `newfstatat`, `close_range`, `epoll_pwait2` and `getrandom`", NULL },
        { "{" HEAD "\"syscalls\":[" ALLOW("\"execve\"") "]}", SP807, SEVERITY_WARNING,
                "/defaultAction", ": `exit`, `exit_group` and `rt_sigreturn`", NULL },
        { LOOSE(DENY("\"openat2\",\"fcntl\",\"fstat\",\"write\"")), SP801, SEVERITY_WARNING,
                "/syscalls/0/names/2",
                "runc needs `fstat` and `write`; crun, unless the pod sets "
                "`allowPrivilegeEscalation: false`, needs `write`; runc, where openat2 is denied, "
                "needs `fcntl`",
                NULL },
        { LOOSE(DENY("\"execve\",\"prctl\"")), SP801, SEVERITY_WARNING, "/syscalls/0/names/0",
                "no container can start: execve", "allow `execve`; runc, unless" },
        { LOOSE(DENY("\"execve\"")), SP801, SEVERITY_WARNING, "/syscalls/0/names/0",
                "no container can start: execve", "allow `execve`" },
        { LOOSE(DENY("\"clone3\"")), SP802, SEVERITY_WARNING, "/syscalls/0/names/0",
                "clone3 fails with something else than ENOSYS, which alone has glibc fall back",
                "38" },
        { LOOSE("{\"names\":[\"clone3\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"}"), SP802,
                SEVERITY_WARNING, "/syscalls/0/names/0",
                "clone3 ends the program, where ENOSYS would have glibc fall back", NULL },
        { LOOSE("{\"names\":[\"fchmodat2\"],\"action\":\"SCMP_ACT_TRAP\"}"), SP803,
                SEVERITY_WARNING, "/syscalls/0/names/0",
                "`fchmodat2`: each raises SIGSYS, where ENOSYS would have C libraries", NULL },
        { LOOSE(DENY("\"close_range\",\"statx\"")), SP804, SEVERITY_INFO, "/syscalls/0/names/1",
                ": `statx` and `close_range`", NULL },
        { STRICT(ALLOW("\"reboot\",\"umount2\",\"mount\"")), SP901, SEVERITY_WARNING,
                "/syscalls/1/names/0", ": `mount`, `umount2`, `reboot`",
                "mount: shows and hides files, /proc and /sys of the node among them\nreboot: " },
        { STRICT(ALLOW("\"io_uring_enter\"")), SP902, SEVERITY_WARNING, "/syscalls/1/names/0",
                ": `io_uring_enter`", "no filter sees" },
        { LOOSE(DENY_IF("\"clone\"", ARG("0", "268435456", "EQ")) "," DENY("\"clone3\"")), SP903,
                SEVERITY_WARNING, "/syscalls/0/names/0",
                "with the flags 0x10000011, CLONE_NEWUSER among them, `clone` is not denied",
                "the flag is one of many" },
        { LOOSE(DENY_IF("\"unshare\"", ARG("0", "268435456", "GE"))), SP903, SEVERITY_WARNING,
                "/syscalls/0/names/0", "through `clone3`", "deny clone3 with errnoRet 38" },
        { STRICT(ALLOW("\"clone3\",\"clone\"")), SP903, SEVERITY_WARNING, "/syscalls/1/names/1",
                "`clone` and `clone3`", "2114060288" },
};

static void test_wording(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(wordings); i++) {
                const Wording *wording = &wordings[i];
                _cleanup_fixture_ Fixture fixture = { .options = options_new() };
                const Diag *diag = NULL;

                fixture_check(&fixture, wording->json);
                diag = find(&fixture.diags, wording->id);
                assert_string_equal(diag->pointer, wording->pointer);
                assert_has(diag->message, wording->message);
                if (diag->severity != wording->severity)
                        fail_msg("SP%d is %s", diag->rule, severity_name(diag->severity));
                if (wording->hint)
                        assert_has(diag->hint, wording->hint);
        }
}

static void test_silence(void **state) {
        static const char *const profiles[] = {
                STRICT(ALLOW("\"munmap\",\"brk\"")),
                STRICT(ALLOW_IF("\"ioctl\"", ARG("1", "5", "EQ")) "," DENY_IF(
                        "\"ioctl\"", ARG("1", "5", "NE"))),
                STRICT(ALLOW_IF("\"clone\"", ARG("0", "2114060288", "MASKED_EQ"))),
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(profiles); i++) {
                _cleanup_fixture_ Fixture fixture = { .options = options_new() };

                fixture_check(&fixture, profiles[i]);
                assert_nothing(&fixture.diags);
        }
}

/* A profile that comes near a rule. */
static void test_near(void **state) {
        static const struct {
                const char *json;
                RuleId id;
        } cases[] = {
                /* rules that equal the default contradict nothing, wherever they stand */
                { STRICT("{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38,"
                         "\"args\":[" ARG("0", "1", "EQ") "]}," ALLOW_IF(
                                 "\"ioctl\"", ARG("0", "1", "EQ"))),
                        SP703 },
                /* one of the rules on a call opens it, whatever the next one does */
                { "{" HEAD "\"syscalls\":[" ALLOW(START_NAMES) "," ALLOW_IF(
                          "\"newfstatat\"", ARG("0", "1", "EQ")) "," DENY_IF("\"newfstatat\"",
                          ARG("0", "2", "EQ")) "]}",
                        SP801 },
                /* conditions that have no effect lose none behind socketcall */
                { STRICT(ALLOW("\"socket\"") "," DENY_IF("\"socket\"", ARG("0", "1", "EQ"))),
                        SP507 },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture fixture = { .options = options_new() };

                fixture_check(&fixture, cases[i].json);
                assert_int_equal(count(&fixture.diags, cases[i].id), 0);
        }
}

/* CLONE_NEWUSER (linux/sched.h) has to be kept out; the other namespaces take CAP_SYS_ADMIN. */
static void test_clone_masks(void **state) {
        static const uint32_t wanted = 0x7e020000, needed = 0x10000000;

        (void) state;
        for (unsigned bit = 0; bit < 32; bit++) {
                _cleanup_fixture_ Fixture fixture = { .options = options_new() };
                _cleanup_buf_ Buf json = {};

                buf_printf(&json,
                        "{" HEAD "\"syscalls\":[" START_RULE ",{\"names\":[\"clone\"],\"action\":"
                        "\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":%u,"
                        "\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}",
                        wanted ^ 1U << bit);
                fixture_check(&fixture, json.data);
                assert_int_equal(count(&fixture.diags, SP903), needed >> bit & 1);
        }
}

/* Twelve names are shown; of more, eleven and their number. */
static void test_names_are_counted(void **state) {
        static const struct {
                size_t n;
                const char *tail;
        } cases[] = {
                { 1, ": `qqqqqa`" },
                { 12, ", `qqqqqk` and `qqqqql`" },
                { 13, ", `qqqqqj`, `qqqqqk` and 2 more" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture fixture = { .options = options_new() };
                _cleanup_buf_ Buf json = {};
                const char *message = NULL;

                buf_puts(&json, "{" HEAD "\"syscalls\":[" START_RULE ",{\"names\":[");
                for (size_t j = 0; j < cases[i].n; j++)
                        buf_printf(&json, "%s\"qqqqq%c\"", j > 0 ? "," : "", (char) ('a' + j));
                buf_puts(&json, "],\"action\":\"SCMP_ACT_ALLOW\"}]}");
                fixture_check(&fixture, json.data);
                message = find(&fixture.diags, SP503)->message;
                assert_true(strlen(message) > strlen(cases[i].tail));
                assert_string_equal(
                        message + strlen(message) - strlen(cases[i].tail), cases[i].tail);
        }
}

static void test_offered_actions(void **state) {
        _cleanup_fixture_ Fixture fixture = { .options = options_new() };

        (void) state;
        fixture.options.facts.actions &=
                ~(ACTION_BIT(ACTION_LOG) | ACTION_BIT(ACTION_KILL_PROCESS));
        fixture_check(&fixture,
                STRICT("{\"names\":[\"mknod\",\"ioctl\"],\"action\":\"SCMP_ACT_LOG\"},"
                       "{\"names\":[\"brk\"],\"action\":\"SCMP_ACT_LOG\"}"));
        assert_string_equal(find(&fixture.diags, SP313)->pointer, "/syscalls/1/action");
        assert_has(find(&fixture.diags, SP313)->message,
                "SCMP_ACT_LOG is not offered by this node (kernel 6.1, libseccomp 2.5.4)");
        assert_has(find(&fixture.diags, SP313)->hint, "SCMP_ACT_ALLOW lets the same calls happen");
}

static void test_owner_decides(void **state) {
        _cleanup_fixture_ Fixture fixture = { .options = options_new() };
        const char *problem = NULL;

        (void) state;
        assert_int_equal(rule_config_parse(&fixture.options.rules, "SP316=warning", &problem), 0);
        assert_int_equal(rule_config_parse(&fixture.options.rules, "SP314=off", &problem), 0);
        fixture_check(&fixture,
                "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/run/a\","
                "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],"
                "\"syscalls\":[" NOTIFY("\"mknod\"") "]}");
        assert_false(diags_have_errors(&fixture.diags));
        assert_int_equal(find(&fixture.diags, SP316)->severity, SEVERITY_WARNING);
        assert_int_equal(count(&fixture.diags, SP314), 0);
}

/* Nothing is concluded from rules that were left out for an error. */
static void test_half_a_profile(void **state) {
        _cleanup_fixture_ Fixture fixture = { .options = options_new() };

        (void) state;
        fixture_check(&fixture,
                "{" HEAD "\"listenerPath\":\"/run/a\",\"syscalls\":["
                "{\"names\":[\"read\"],\"action\":\"SCMP_ACT_NOTFY\"}]}");
        assert_int_equal(fixture.diags.n, 1);
        assert_int_equal(fixture.diags.items[0].rule, SP302);
}

/* riscv64 is written into every profile of such a node, listed or not. */
static void test_recent_architecture(void **state) {
        _cleanup_fixture_ Fixture fixture = { .options = options_new() };

        (void) state;
        fixture.options.facts.arch = arch_by_name("SCMP_ARCH_RISCV64");
        fixture_check(&fixture,
                "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
                "\"syscalls\":[" START_RULE "]}");
        assert_int_equal(fixture.diags.n, 1);
        assert_has(find(&fixture.diags, SP413)->message, "SCMP_ARCH_RISCV64 needs runc 1.1.8");
}

/* What a node's architecture does not have cannot be missing: 32-bit ARM has no newfstatat. */
static void test_other_nodes(void **state) {
        _cleanup_fixture_ Fixture fixture = { .options = options_new() };

        (void) state;
        fixture.options.facts.arch = arch_by_name("SCMP_ARCH_ARM");
        fixture_check(&fixture,
                "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
                "\"syscalls\":[" ALLOW(START_NAMES) "]}");
        assert_nothing(&fixture.diags);
}

/* As many conditional rules as may be, on one call, each at odds with half of the others. */
static void test_many_conflicts(void **state) {
        _cleanup_fixture_ Fixture fixture = { .options = options_new() };
        _cleanup_buf_ Buf json = {};

        (void) state;
        buf_puts(&json, "{" HEAD "\"syscalls\":[" START_RULE);
        for (unsigned i = 0; i < LIMIT_CONDITIONAL_RULES; i++)
                buf_printf(&json,
                        ",{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":%u,"
                        "\"args\":[{\"index\":0,\"value\":%u,\"op\":\"SCMP_CMP_NE\"},"
                        "{\"index\":1,\"value\":7,\"valueTwo\":3,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}",
                        1 + i % 2, i);
        buf_puts(&json, "]}");
        fixture_check(&fixture, json.data);
        assert_int_equal(count(&fixture.diags, SP704), LIMIT_DIAGS);
        assert_int_equal(fixture.diags.n_dropped, LIMIT_CONDITIONAL_RULES - 1 - LIMIT_DIAGS);
}

/* As many names as may be that no library knows, each long enough for a neighbour to be sought. */
static void test_many_strangers(void **state) {
        _cleanup_fixture_ Fixture fixture = { .options = options_new() };
        _cleanup_buf_ Buf json = {};

        (void) state;
        buf_puts(&json, "{" HEAD "\"syscalls\":[" START_RULE ",{\"names\":[");
        for (unsigned i = 0; i < LIMIT_RULES - 40; i++)
                buf_printf(&json, "%s\"sched_zz%04u_q\"", i > 0 ? "," : "", i);
        buf_puts(&json, "],\"action\":\"SCMP_ACT_ALLOW\"}]}");
        fixture_check(&fixture, json.data);
        assert_has(find(&fixture.diags, SP503)->message, "`sched_zz0000_q`");
}

/* The yardstick against noise: the default profile of containers/common, where it is installed. */
static void test_published_default(void **state) {
        static const char path[] = "/usr/share/containers/seccomp.json";
        _cleanup_fixture_ Fixture fixture = { .options = options_new() };
        _cleanup_fclose_ FILE *file = fopen(path, "re");
        static char json[1 << 20];

        (void) state;
        if (!file)
                support_skip("no %s here", path);
        json[fread(json, 1, sizeof(json) - 1, file)] = '\0';
        fixture_check(&fixture, json);
        assert_false(diags_have_errors(&fixture.diags));
        assert_in_range(diags_count(&fixture.diags, SEVERITY_WARNING), 1, 5);
        assert_int_equal(count(&fixture.diags, SP901), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_wording),
                cmocka_unit_test(test_silence),
                cmocka_unit_test(test_near),
                cmocka_unit_test(test_clone_masks),
                cmocka_unit_test(test_names_are_counted),
                cmocka_unit_test(test_offered_actions),
                cmocka_unit_test(test_owner_decides),
                cmocka_unit_test(test_half_a_profile),
                cmocka_unit_test(test_recent_architecture),
                cmocka_unit_test(test_other_nodes),
                cmocka_unit_test(test_many_conflicts),
                cmocka_unit_test(test_many_strangers),
                cmocka_unit_test(test_published_default),
        };

        return cmocka_run_group_tests_name("policy_check", tests, NULL, NULL);
}
