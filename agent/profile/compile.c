/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Feeds libseccomp the way runc and crun do, and takes the program back. libseccomp keeps two
 * things for the whole process, the kernel's probes and the API level. The level is raised for the
 * time of a compilation, so that a profile can be checked for a node whose kernel offers more than
 * this one (what a node lacks is SP313, not a failed compilation), and is put back.
 * seccomp_reset(NULL) would throw the probes away and is never called.
 *
 * Everything here may fail to return: some rule sets send libseccomp's generator round for ever.
 * The caller runs it where it can be killed.
 */

#include "profile/compile.h"

#include <endian.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <unistd.h>

#if SCMP_VER_MAJOR > 2 || (SCMP_VER_MAJOR == 2 && SCMP_VER_MINOR >= 6)
#define COMPILE_EXPORTS_TO_MEMORY 1
#else
#define COMPILE_EXPORTS_TO_MEMORY 0
#endif

#define ERRNO_END             4095U
#define COMPILE_API_LEVEL_MAX 16U /* above what any libseccomp knows: it refuses those */

static void context_done(scmp_filter_ctx *context) {
        if (*context)
                seccomp_release(*context);
}
#define _cleanup_context_ _cleanup_(context_done)

static void api_level_raise(void) {
        for (unsigned level = COMPILE_API_LEVEL_MAX; level > 0; level--)
                if (seccomp_api_set(level) == 0)
                        return;
}

void compile_warm_up(void) {
        (void) seccomp_api_get();
        seccomp_release(seccomp_init(SCMP_ACT_ALLOW));
}

void compile_version(
        unsigned *ret_major, unsigned *ret_minor, unsigned *ret_micro, unsigned *ret_api_level) {
        const struct scmp_version *version = seccomp_version();

        *ret_major = version->major;
        *ret_minor = version->minor;
        *ret_micro = version->micro;
        *ret_api_level = seccomp_api_get();
}

bool compile_swaps(const Arch *arch) {
        bool is_little = arch->audit_arch & __AUDIT_ARCH_LE;

        return is_little != (__BYTE_ORDER == __LITTLE_ENDIAN);
}

static uint32_t action_to_scmp(Action action) {
        static const uint32_t actions[N_ACTION_KINDS] = {
                [ACTION_KILL_THREAD] = SCMP_ACT_KILL_THREAD,
                [ACTION_KILL_PROCESS] = SCMP_ACT_KILL_PROCESS,
                [ACTION_TRAP] = SCMP_ACT_TRAP,
                [ACTION_ERRNO] = SCMP_ACT_ERRNO(0),
                [ACTION_TRACE] = SCMP_ACT_TRACE(0),
                [ACTION_LOG] = SCMP_ACT_LOG,
                [ACTION_ALLOW] = SCMP_ACT_ALLOW,
                [ACTION_NOTIFY] = SCMP_ACT_NOTIFY,
        };

        return actions[action.kind] | action.data;
}

static const enum scmp_compare operators[N_OPERATORS] = {
        [OP_NE] = SCMP_CMP_NE,
        [OP_LT] = SCMP_CMP_LT,
        [OP_LE] = SCMP_CMP_LE,
        [OP_EQ] = SCMP_CMP_EQ,
        [OP_GE] = SCMP_CMP_GE,
        [OP_GT] = SCMP_CMP_GT,
        [OP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

static int context_add_rule(scmp_filter_ctx context, const PolicyRule *rule) {
        struct scmp_arg_cmp comparisons[LIMIT_RULE_CONDITIONS];
        int nr = seccomp_syscall_resolve_name(rule->name);

        if (nr == __NR_SCMP_ERROR)
                return 0;
        if (rule->n_conditions > LIMIT_RULE_CONDITIONS)
                return -EINVAL;
        for (size_t i = 0; i < rule->n_conditions; i++) {
                const Condition *condition = &rule->conditions[i];

                comparisons[i] = (struct scmp_arg_cmp){
                        .arg = condition->index,
                        .op = operators[condition->op],
                        .datum_a = condition->value,
                        .datum_b = condition->value_two,
                };
        }
        return seccomp_rule_add_array(
                context, action_to_scmp(rule->action), nr, rule->n_conditions, comparisons);
}

/* A context is born with this machine's architecture. */
static int context_add_arches(scmp_filter_ctx context, const Arch *const *arches, size_t n_arches) {
        bool has_native = false;
        int r = 0;

        for (size_t i = 0; i < n_arches; i++)
                has_native = has_native || arches[i]->token == seccomp_arch_native();
        if (!has_native)
                r = seccomp_arch_remove(context, SCMP_ARCH_NATIVE);
        for (size_t i = 0; r >= 0 && i < n_arches; i++)
                if (arches[i]->token != seccomp_arch_native())
                        r = seccomp_arch_add(context, arches[i]->token);
        return r;
}

static int context_new(
        Action standard, const Arch *const *arches, size_t n_arches, scmp_filter_ctx *ret_context) {
        _cleanup_context_ scmp_filter_ctx context = seccomp_init(action_to_scmp(standard));
        int r;

        if (!context)
                return -EINVAL;
        r = context_add_arches(context, arches, n_arches);
        if (r < 0)
                return r;
        *ret_context = TAKE_PTR(context);
        return 0;
}

/* All that libseccomp has written to the scratch file. */
static int scratch_read(Arena *arena, int fd, char **ret_bytes, size_t *ret_size_bytes) {
        off_t size_bytes = lseek(fd, 0, SEEK_END);
        char *bytes;

        if (size_bytes < 0)
                return -EIO;
        bytes = arena_alloc(arena, (size_t) size_bytes);
        if (!bytes)
                return -ENOMEM;
        for (off_t done = 0; done < size_bytes;) {
                ssize_t n = pread(fd, bytes + done, (size_t) (size_bytes - done), done);

                if (n <= 0)
                        return -EIO;
                done += n;
        }
        *ret_bytes = bytes;
        *ret_size_bytes = (size_t) size_bytes;
        return 0;
}

/* Has libseccomp write the program, or its pseudo code, to the scratch file, and reads it. */
static int scratch_export(Arena *arena, scmp_filter_ctx context, bool as_pfc, int scratch_fd,
        char **ret_bytes, size_t *ret_size_bytes) {
        int r;

        if (ftruncate(scratch_fd, 0) < 0 || lseek(scratch_fd, 0, SEEK_SET) < 0)
                return -EIO;
        r = as_pfc ? seccomp_export_pfc(context, scratch_fd)
                   : seccomp_export_bpf(context, scratch_fd);
        if (r < 0)
                /* its word for "the system failed": here that can only be the write */
                return r == -ECANCELED ? -EIO : r;
        return scratch_read(arena, scratch_fd, ret_bytes, ret_size_bytes);
}

#if COMPILE_EXPORTS_TO_MEMORY

static int context_export(
        Arena *arena, scmp_filter_ctx context, int scratch_fd, Program *ret_program) {
        size_t size_bytes = 0;
        void *bytes;
        int r;

        (void) scratch_fd;
        r = seccomp_export_bpf_mem(context, NULL, &size_bytes);
        if (r < 0)
                return r;
        bytes = arena_alloc(arena, size_bytes);
        if (!bytes)
                return -ENOMEM;
        r = seccomp_export_bpf_mem(context, bytes, &size_bytes);
        if (r < 0)
                return r;
        *ret_program = (Program){
                .insns = bytes,
                .n_insns = size_bytes / sizeof(struct sock_filter),
        };
        return 0;
}

#else

static int context_export(
        Arena *arena, scmp_filter_ctx context, int scratch_fd, Program *ret_program) {
        size_t size_bytes = 0;
        char *bytes = NULL;
        int r = scratch_export(arena, context, false, scratch_fd, &bytes, &size_bytes);

        if (r < 0)
                return r;
        *ret_program = (Program){
                .insns = (struct sock_filter *) bytes,
                .n_insns = size_bytes / sizeof(struct sock_filter),
        };
        return 0;
}

#endif

/* Whether a number is what a filter returns for some action, with a datum only where one belongs.
 */
static bool is_ret(uint32_t k) {
        for (ActionKind kind = 0; kind < N_ACTION_KINDS; kind++) {
                uint32_t data = k - action_to_ret((Action){ .kind = kind });

                if (data == 0 || (action_takes_errno(kind) && data < ERRNO_END))
                        return true;
        }
        return false;
}

/*
 * libseccomp writes a program in its architecture's byte order, all but the returns that it puts in
 * the middle of a long one, where a jump would not reach the end: their actions stay in this
 * machine's (2.5.4; no harm where the program is meant to run, as the orders are one there).
 */
static void program_swap(Program *program) {
        for (size_t i = 0; i < program->n_insns; i++) {
                struct sock_filter *insn = &program->insns[i];

                insn->code = __builtin_bswap16(insn->code);
                if (insn->code != (BPF_RET | BPF_K) || !is_ret(insn->k))
                        insn->k = __builtin_bswap32(insn->k);
        }
}

/* A context with all the rules in it. */
static int context_fill(const Policy *policy, const Arch *arch, scmp_filter_ctx *ret_context,
        const PolicyRule **ret_rule) {
        _cleanup_context_ scmp_filter_ctx context = NULL;
        const Arch *const *arches = arch ? &arch : policy->arches;
        int r = context_new(policy->default_action, arches, arch ? 1 : policy->n_arches, &context);

        for (size_t i = 0; i < policy->n_rules && r >= 0; i++) {
                const PolicyRule *rule = &policy->rules[i];

                /* as the runtimes do; libseccomp itself would answer -EACCES */
                if (action_equal(rule->action, policy->default_action))
                        continue;
                r = context_add_rule(context, rule);
                if (r < 0)
                        *ret_rule = rule;
        }
        if (r < 0)
                return r;
        *ret_context = TAKE_PTR(context);
        return 0;
}

/* The level matters to the export alone. */
static int compile_level(Arena *arena, scmp_filter_ctx context, unsigned level, bool swaps,
        int scratch_fd, Program *ret_program) {
        Program program = {};
        int r = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, level);

        if (r == 0)
                r = context_export(arena, context, scratch_fd, &program);
        if (r < 0)
                return r;
        if (swaps)
                program_swap(&program);
        *ret_program = program;
        return 0;
}

static int compile_raised(Arena *arena, const Policy *policy, const Arch *arch, unsigned n_levels,
        int scratch_fd, Program *ret_programs, const PolicyRule **ret_rule) {
        _cleanup_context_ scmp_filter_ctx context = NULL;
        bool swaps = compile_swaps(arch ? arch : policy->arches[0]);
        int r = context_fill(policy, arch, &context, ret_rule);

        for (unsigned level = 1; r == 0 && level <= n_levels; level++)
                r = compile_level(
                        arena, context, level, swaps, scratch_fd, &ret_programs[level - 1]);
        return r;
}

int policy_compile(Arena *arena, const Policy *policy, const Arch *arch, unsigned n_levels,
        int scratch_fd, Program ret_programs[static 1], const PolicyRule **ret_rule) {
        unsigned api_level = seccomp_api_get();
        int r;

        *ret_rule = NULL;
        api_level_raise();
        r = compile_raised(arena, policy, arch, n_levels, scratch_fd, ret_programs, ret_rule);
        seccomp_api_set(api_level);
        return r;
}

static int pfc_raised(Arena *arena, const Policy *policy, const Arch *arch, int scratch_fd,
        char **ret_text, size_t *ret_size_bytes) {
        _cleanup_context_ scmp_filter_ctx context = NULL;
        const PolicyRule *refused = NULL;
        int r = context_fill(policy, arch, &context, &refused);

        return r < 0 ? r
                     : scratch_export(arena, context, true, scratch_fd, ret_text, ret_size_bytes);
}

int policy_compile_pfc(Arena *arena, const Policy *policy, const Arch *arch, int scratch_fd,
        char **ret_text, size_t *ret_size_bytes) {
        unsigned api_level = seccomp_api_get();
        int r;

        api_level_raise();
        r = pfc_raised(arena, policy, arch, scratch_fd, ret_text, ret_size_bytes);
        seccomp_api_set(api_level);
        return r;
}
