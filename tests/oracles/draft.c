/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Random profiles, and what they say. draft_answers() is the third reading beside
 * agent/profile/eval.c and libseccomp: operators as C has them, names resolved by libseccomp's own
 * resolver, nothing prepared, nothing sorted.
 */

#include "oracles/draft.h"

#include "profile/syscalls.h"

#include <inttypes.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

uint64_t random_next(uint64_t *seed) {
        uint64_t z = *seed += 0x9e3779b97f4a7c15;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
}

uint64_t random_below(uint64_t *seed, uint64_t n) {
        return random_next(seed) % n;
}

/* Few distinct small values, so that conditions meet; their neighbours in the high word; anything.
 */
static uint64_t random_value(uint64_t *seed, bool is_wide) {
        uint64_t small = random_below(seed, 48);

        switch (random_below(seed, is_wide ? 10 : 5)) {
        case 0: return small + 0x7fffffe8;
        case 1: return UINT32_MAX - small;
        case 5: return small << 32 | random_below(seed, 48);
        case 6: return UINT64_MAX - small;
        case 7: return random_next(seed);
        case 8: return (1ULL << 63) + small - 24;
        default: return small;
        }
}

static DraftArg random_arg(uint64_t *seed, uint8_t index, bool is_wide) {
        DraftArg arg = {
                .index = index,
                .op = (Operator) random_below(seed, N_OPERATORS),
                .value = random_value(seed, is_wide),
        };

        if (arg.op != OP_MASKED_EQ)
                return arg;
        arg.value_two = random_value(seed, is_wide);
        /* datum bits outside the mask are a finding of their own: seldom */
        if (random_below(seed, 8) > 0)
                arg.value_two &= arg.value;
        return arg;
}

static Action random_action(uint64_t *seed) {
        switch (random_below(seed, 9)) {
        case 0: return (Action){ ACTION_KILL_THREAD, 0 };
        case 1: return (Action){ ACTION_KILL_PROCESS, 0 };
        case 2: return (Action){ ACTION_TRAP, 0 };
        case 3: return (Action){ ACTION_TRACE, (uint16_t) random_below(seed, 100) };
        case 4: return (Action){ ACTION_LOG, 0 };
        case 5:
        case 6: return (Action){ ACTION_ERRNO, (uint16_t) (1 + random_below(seed, 133)) };
        default: return (Action){ ACTION_ALLOW, 0 };
        }
}

static void random_args(uint64_t *seed, DraftRule *rule, size_t n, bool is_wide) {
        uint8_t first = (uint8_t) random_below(seed, 3);

        for (size_t i = 0; i < n; i++) {
                uint8_t index = (uint8_t) ((first + i) % SYSCALL_ARGS);

                rule->args[rule->n_args++] = random_arg(seed, index, is_wide);
        }
        /* the same argument twice, as some authors write lists of values */
        if (n == 1 && random_below(seed, 10) == 0) {
                rule->args[0].op = OP_EQ;
                rule->args[0].value_two = 0;
                rule->args[rule->n_args++] = (DraftArg){
                        .index = first, .op = OP_EQ, .value = random_value(seed, false)
                };
        }
}

static const char *const mixed_names[] = { "ioctl", "prctl", "read", "personality", "clone",
        "fcntl", "kcmp", "socket", "setsockopt", "shmctl", "semop", "arch_prctl", "mmap2", "clone3",
        "futex_waitv", "openat", "no_such_call" };

static void random_mixed_rule(uint64_t *seed, DraftRule *rule, bool is_wide) {
        rule->n_names = 1 + random_below(seed, 3) * random_below(seed, 2);
        for (size_t i = 0; i < rule->n_names; i++)
                rule->names[i] = mixed_names[random_below(
                        seed, random_below(seed, 3) ? 4 : N_ELEMENTS(mixed_names))];
        if (random_below(seed, 4) > 0)
                random_args(seed, rule, 1 + random_below(seed, 3), is_wide);
}

/* So many names that newer runc makes a tree of them. */
static void random_crowd(uint64_t *seed, DraftRule *rule) {
        static const char *const names[DRAFT_NAMES_MAX] = { "write", "open", "close", "stat",
                "fstat", "lseek", "mmap", "munmap", "brk", "access", "pipe", "dup", "pause",
                "getpid", "fork", "vfork", "execve", "exit", "wait4", "kill", "uname", "flock",
                "fsync", "getcwd", "chdir", "rename", "mkdir", "rmdir", "creat", "link", "unlink",
                "symlink", "chmod", "chown", "umask", "getuid", "syslog", "getgid", "setuid",
                "setgid" };

        rule->n_names = DRAFT_NAMES_MAX - random_below(seed, 12);
        memcpy(rule->names, names, sizeof(names));
}

static void random_arches(uint64_t *seed, Draft *draft) {
        static const char *const natives[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86_64",
                "SCMP_ARCH_X86_64", "SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64", "SCMP_ARCH_RISCV64",
                "SCMP_ARCH_S390X", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_MIPS64", "SCMP_ARCH_ARM" };
        size_t n_all = 0;
        const Arch *all = arch_all(&n_all);

        draft->native = arch_by_name(natives[random_below(seed, N_ELEMENTS(natives))]);
        draft->arches[draft->n_arches++] = draft->native;
        if (random_below(seed, 2) == 0)
                return;
        for (size_t i = 0; i < n_all && draft->n_arches < DRAFT_ARCHES_MAX; i++)
                if (&all[i] != draft->native && arch_in_family(draft->native, &all[i]) &&
                        all[i].token != UINT32_MAX && random_below(seed, 3) > 0)
                        draft->arches[draft->n_arches++] = &all[i];
}

static bool draft_is_64bit(const Draft *draft) {
        for (size_t i = 0; i < draft->n_arches; i++)
                if (!draft->arches[i]->is_64bit)
                        return false;
        return true;
}

static Draft draft_mixed(uint64_t *seed) {
        Draft draft = { .standard = random_action(seed), .n_rules = 1 + random_below(seed, 5) };
        Action shared = random_action(seed);
        bool is_of_one_action = random_below(seed, 3) > 0;
        bool is_wide = false;

        random_arches(seed, &draft);
        /* what does not fit 32 bits is cut by libseccomp there, which is SP812 each time: seldom */
        is_wide = draft_is_64bit(&draft) || random_below(seed, 8) == 0;
        for (size_t i = 0; i < draft.n_rules; i++) {
                draft.rules[i].action = is_of_one_action ? shared : random_action(seed);
                random_mixed_rule(seed, &draft.rules[i], is_wide);
        }
        if (random_below(seed, 4) == 0)
                random_crowd(seed, &draft.rules[0]);
        return draft;
}

static Draft draft_crowded(uint64_t *seed) {
        static const char *const arches[DRAFT_ARCHES_MAX] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86",
                "SCMP_ARCH_X32" };
        Draft draft = { .n_arches = random_below(seed, 4) ? 1 : 1 + random_below(seed, 3),
                .n_rules = 2 + random_below(seed, 3) };
        bool is_of_one_action = random_below(seed, 3) > 0;
        bool permits = random_below(seed, 2);
        size_t n_names = 1 + random_below(seed, 8) / 7;

        for (size_t i = 0; i < draft.n_arches; i++)
                draft.arches[i] = arch_by_name(arches[i]);
        draft.native = draft.arches[0];
        draft.standard = permits ? (Action){ ACTION_ALLOW, 0 } : (Action){ ACTION_ERRNO, 1 };
        for (size_t i = 0; i < draft.n_rules; i++) {
                DraftRule *rule = &draft.rules[i];
                size_t n = 1 + random_below(seed, 3);

                rule->names[rule->n_names++] = random_below(seed, n_names) ? "ioctl" : "prctl";
                rule->action = permits ? (Action){ ACTION_ERRNO, 1 } : (Action){ ACTION_ALLOW, 0 };
                if (!is_of_one_action && random_below(seed, 2))
                        rule->action = (Action){ ACTION_ERRNO, 2 };
                for (size_t j = 0; j < n; j++) {
                        uint8_t index = (uint8_t) ((i * random_below(seed, 2) + j) % 3);

                        rule->args[rule->n_args++] = random_arg(
                                seed, index, draft.n_arches == 1 && random_below(seed, 4) == 0);
                }
        }
        return draft;
}

Draft draft_random(DraftKind kind, uint64_t *seed) {
        return kind == DRAFT_CROWDED ? draft_crowded(seed) : draft_mixed(seed);
}

static void print_action(Buf *buf, const char *key, const char *errno_key, Action action) {
        buf_printf(buf, "\"%s\": \"%s\"", key, action_kind_name(action.kind));
        if (action_takes_errno(action.kind))
                buf_printf(buf, ",\n%s\"%s\": %u", errno_key[0] == 'd' ? "  " : "      ", errno_key,
                        action.data);
}

static void print_rule(Buf *buf, const DraftRule *rule) {
        buf_puts(buf, "    {\n      \"names\": [");
        for (size_t i = 0; i < rule->n_names; i++)
                buf_printf(buf, "%s\"%s\"", i > 0 ? ", " : "", rule->names[i]);
        buf_puts(buf, "],\n      ");
        print_action(buf, "action", "errnoRet", rule->action);
        for (size_t i = 0; i < rule->n_args; i++) {
                const DraftArg *arg = &rule->args[i];

                buf_printf(buf, "%s        { \"index\": %u, \"value\": %" PRIu64,
                        i > 0 ? ",\n" : ",\n      \"args\": [\n", arg->index, arg->value);
                if (arg->op == OP_MASKED_EQ)
                        buf_printf(buf, ", \"valueTwo\": %" PRIu64, arg->value_two);
                buf_printf(buf, ", \"op\": \"%s\" }", operator_name(arg->op));
        }
        buf_puts(buf, rule->n_args > 0 ? "\n      ]\n    }" : "\n    }");
}

void draft_print(Buf *buf, const Draft *draft) {
        buf_puts(buf, "{\n  ");
        print_action(buf, "defaultAction", "defaultErrnoRet", draft->standard);
        buf_puts(buf, ",\n  \"architectures\": [");
        for (size_t i = 0; i < draft->n_arches; i++)
                buf_printf(buf, "%s\"%s\"", i > 0 ? ", " : "", draft->arches[i]->name);
        buf_puts(buf, "],\n  \"syscalls\": [\n");
        for (size_t i = 0; i < draft->n_rules; i++) {
                buf_puts(buf, i > 0 ? ",\n" : "");
                print_rule(buf, &draft->rules[i]);
        }
        buf_puts(buf, "\n  ]\n}\n");
}

bool draft_rule_is_idle(const Draft *draft, const DraftRule *rule) {
        return action_equal(draft->standard, rule->action);
}

bool draft_rule_is_split(const DraftRule *rule) {
        for (size_t i = 0; i < rule->n_args; i++)
                for (size_t j = 0; j < i; j++)
                        if (rule->args[i].index == rule->args[j].index)
                                return true;
        return false;
}

bool draft_arg_holds(const DraftArg *arg, const uint64_t args[static SYSCALL_ARGS]) {
        uint64_t argument = args[arg->index];

        switch (arg->op) {
        case OP_NE: return argument != arg->value;
        case OP_LT: return argument < arg->value;
        case OP_LE: return argument <= arg->value;
        case OP_EQ: return argument == arg->value;
        case OP_GE: return argument >= arg->value;
        case OP_GT: return argument > arg->value;
        case OP_MASKED_EQ: return (argument & arg->value) == (arg->value_two & arg->value);
        case N_OPERATORS: break;
        }
        return false;
}

static bool rule_holds(const DraftRule *rule, const uint64_t args[static SYSCALL_ARGS]) {
        size_t n = 0;

        for (size_t i = 0; i < rule->n_args; i++)
                n += draft_arg_holds(&rule->args[i], args);
        return draft_rule_is_split(rule) ? n > 0 : n == rule->n_args;
}

static uint32_t answer_of(Action action) {
        switch (action.kind) {
        case ACTION_KILL_THREAD: return SECCOMP_RET_KILL_THREAD;
        case ACTION_KILL_PROCESS: return SECCOMP_RET_KILL_PROCESS;
        case ACTION_TRAP: return SECCOMP_RET_TRAP;
        case ACTION_ERRNO: return SECCOMP_RET_ERRNO | action.data;
        case ACTION_TRACE: return SECCOMP_RET_TRACE | action.data;
        case ACTION_LOG: return SECCOMP_RET_LOG;
        case ACTION_ALLOW: return SECCOMP_RET_ALLOW;
        case ACTION_NOTIFY: return SECCOMP_RET_USER_NOTIF;
        case N_ACTION_KINDS: break;
        }
        return 0;
}

static size_t rule_n_mentions(const DraftRule *rule, const Arch *arch, int nr) {
        size_t n = 0;

        for (size_t i = 0; i < rule->n_names; i++)
                n += nr >= 0 &&
                        seccomp_syscall_resolve_name_arch(arch->token, rule->names[i]) == nr;
        return n;
}

/* Whether a rule of the draft may apply to a multiplexer, or to what stands behind one. */
static bool draft_is_multiplexed(const Draft *draft, const Arch *arch) {
        int multiplexer = 0;
        unsigned subcall = 0;

        for (size_t i = 0; i < draft->n_rules; i++)
                for (size_t j = 0; j < draft->rules[i].n_names; j++)
                        if (syscall_subcall(arch, draft->rules[i].names[j], &multiplexer, &subcall))
                                return true;
        return false;
}

static void add_answer(uint32_t answer, size_t *n, uint32_t answers[static DRAFT_ANSWERS_MAX]) {
        for (size_t i = 0; i < *n; i++)
                if (answers[i] == answer)
                        return;
        answers[(*n)++] = answer;
}

size_t draft_answers(const Draft *draft, const Arch *arch, int nr,
        const uint64_t args[static SYSCALL_ARGS], uint32_t ret_answers[static DRAFT_ANSWERS_MAX]) {
        uint64_t seen[SYSCALL_ARGS];
        size_t n = 0;

        if (nr < 0 || draft_is_multiplexed(draft, arch))
                return 0;
        for (size_t i = 0; i < SYSCALL_ARGS; i++)
                seen[i] = arch->is_64bit ? args[i] : args[i] & UINT32_MAX;
        for (size_t i = 0; i < draft->n_rules; i++) {
                const DraftRule *rule = &draft->rules[i];

                if (draft_rule_is_idle(draft, rule) || rule_n_mentions(rule, arch, nr) == 0)
                        continue;
                if (rule->n_args == 0) {
                        ret_answers[0] = answer_of(rule->action);
                        return 1;
                }
                if (rule_holds(rule, seen))
                        add_answer(answer_of(rule->action), &n, ret_answers);
        }
        if (n == 0)
                ret_answers[n++] = answer_of(draft->standard);
        return n;
}
