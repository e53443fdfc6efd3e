/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Written from the runtimes' behaviour (libcontainer/seccomp, crun's src/libcrun/seccomp.c), apart
 * from agent/profile/compile.c, which is under test.
 */

#include "oracles/feed.h"

#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void context_done(scmp_filter_ctx *context) {
        if (*context)
                seccomp_release(*context);
}
#define API_LEVEL_MAX 16U /* above what any libseccomp knows */

#define _cleanup_context_ _cleanup_(context_done)

static uint32_t to_scmp(Action action) {
        switch (action.kind) {
        case ACTION_KILL_THREAD: return SCMP_ACT_KILL;
        case ACTION_KILL_PROCESS: return SCMP_ACT_KILL_PROCESS;
        case ACTION_TRAP: return SCMP_ACT_TRAP;
        case ACTION_ERRNO: return SCMP_ACT_ERRNO(action.data);
        case ACTION_TRACE: return SCMP_ACT_TRACE(action.data);
        case ACTION_LOG: return SCMP_ACT_LOG;
        case ACTION_ALLOW: return SCMP_ACT_ALLOW;
        case ACTION_NOTIFY: return SCMP_ACT_NOTIFY;
        case N_ACTION_KINDS: break;
        }
        return 0;
}

static struct scmp_arg_cmp comparison(uint8_t index, Operator op, uint64_t value, uint64_t datum) {
        switch (op) {
        case OP_NE: return SCMP_CMP64(index, SCMP_CMP_NE, value);
        case OP_LT: return SCMP_CMP64(index, SCMP_CMP_LT, value);
        case OP_LE: return SCMP_CMP64(index, SCMP_CMP_LE, value);
        case OP_EQ: return SCMP_CMP64(index, SCMP_CMP_EQ, value);
        case OP_GE: return SCMP_CMP64(index, SCMP_CMP_GE, value);
        case OP_GT: return SCMP_CMP64(index, SCMP_CMP_GT, value);
        case OP_MASKED_EQ: return SCMP_CMP64(index, SCMP_CMP_MASKED_EQ, value, datum);
        case N_OPERATORS: break;
        }
        abort();
}

static scmp_filter_ctx context_new(
        Action standard, const Arch *const *arches, size_t n_arches, int optimise) {
        _cleanup_context_ scmp_filter_ctx context = NULL;

        /* the draft's node may offer more than this machine */
        for (unsigned level = API_LEVEL_MAX; level > 0 && seccomp_api_set(level) < 0;)
                level--;
        context = seccomp_init(to_scmp(standard));
        if (!context)
                return NULL;
        if (arches[0]->token != seccomp_arch_native() &&
                seccomp_arch_remove(context, SCMP_ARCH_NATIVE) < 0)
                return NULL;
        for (size_t i = 0; i < n_arches; i++) {
                int r = seccomp_arch_add(context, arches[i]->token);

                if (r < 0 && r != -EEXIST)
                        return NULL;
        }
        if (seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, (uint32_t) optimise) < 0)
                return NULL;
        return TAKE_PTR(context);
}

static int rule_add(scmp_filter_ctx context, const char *name, Action action,
        const struct scmp_arg_cmp *comparisons, size_t n) {
        int nr = seccomp_syscall_resolve_name(name);

        if (nr == __NR_SCMP_ERROR)
                return 0;
        return seccomp_rule_add_array(context, to_scmp(action), nr, (unsigned) n, comparisons);
}

static void program_swap(Program *program) {
        for (size_t i = 0; i < program->n_insns; i++) {
                program->insns[i].code = __builtin_bswap16(program->insns[i].code);
                program->insns[i].k = __builtin_bswap32(program->insns[i].k);
        }
}

static int context_export(
        scmp_filter_ctx context, const Arch *arch, int scratch_fd, Program *ret_program) {
        bool is_little = arch->token & __AUDIT_ARCH_LE;
        struct stat st;
        int r = 0;

        if (ftruncate(scratch_fd, 0) < 0 || lseek(scratch_fd, 0, SEEK_SET) < 0)
                return -EIO;
        r = seccomp_export_bpf(context, scratch_fd);
        if (r < 0)
                return r;
        if (fstat(scratch_fd, &st) < 0)
                return -EIO;
        ret_program->n_insns = (size_t) st.st_size / sizeof(struct sock_filter);
        ret_program->insns = malloc((size_t) st.st_size);
        if (!ret_program->insns ||
                pread(scratch_fd, ret_program->insns, (size_t) st.st_size, 0) != st.st_size)
                return -EIO;
        if (is_little != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__))
                program_swap(ret_program);
        return 0;
}

static int draft_rule_add(scmp_filter_ctx context, const DraftRule *rule, const char *name) {
        struct scmp_arg_cmp comparisons[DRAFT_ARGS_MAX];
        int r = 0;

        for (size_t i = 0; i < rule->n_args; i++)
                comparisons[i] = comparison(rule->args[i].index, rule->args[i].op,
                        rule->args[i].value, rule->args[i].value_two);
        if (!draft_rule_is_split(rule))
                return rule_add(context, name, rule->action, comparisons, rule->n_args);
        for (size_t i = 0; r >= 0 && i < rule->n_args; i++)
                r = rule_add(context, name, rule->action, &comparisons[i], 1);
        return r;
}

int feed_draft(const Draft *draft, int optimise, int scratch_fd, Program *ret_program) {
        _cleanup_context_ scmp_filter_ctx context =
                context_new(draft->standard, draft->arches, draft->n_arches, optimise);
        int r = context ? 0 : -EINVAL;

        for (size_t i = 0; r >= 0 && i < draft->n_rules; i++) {
                const DraftRule *rule = &draft->rules[i];

                for (size_t j = 0; r >= 0 && j < rule->n_names; j++)
                        if (!draft_rule_is_idle(draft, rule))
                                r = draft_rule_add(context, rule, rule->names[j]);
        }
        return r < 0 ? r : context_export(context, draft->arches[0], scratch_fd, ret_program);
}

static int policy_rule_add(scmp_filter_ctx context, const PolicyRule *rule) {
        struct scmp_arg_cmp comparisons[LIMIT_RULE_CONDITIONS];

        for (size_t i = 0; i < rule->n_conditions; i++)
                comparisons[i] = comparison(rule->conditions[i].index, rule->conditions[i].op,
                        rule->conditions[i].value, rule->conditions[i].value_two);
        return rule_add(context, rule->name, rule->action, comparisons, rule->n_conditions);
}

int feed_policy(const Policy *policy, int optimise, int scratch_fd, Program *ret_program) {
        _cleanup_context_ scmp_filter_ctx context =
                context_new(policy->default_action, policy->arches, policy->n_arches, optimise);
        int r = context ? 0 : -EINVAL;

        for (size_t i = 0; r >= 0 && i < policy->n_rules; i++)
                if (!action_equal(policy->rules[i].action, policy->default_action))
                        r = policy_rule_add(context, &policy->rules[i]);
        return r < 0 ? r : context_export(context, policy->arches[0], scratch_fd, ret_program);
}

void feed_done(Program *program) {
        free(program->insns);
        *program = (Program){};
}
