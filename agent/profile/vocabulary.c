/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The closed word lists of a profile: actions, operators, flags (OCI runtime specification,
 * config-linux.md, "Seccomp") and errno names. Each list is a constant table indexed by its
 * enumeration, so that parsing, printing and suggesting cannot disagree. Words are matched exactly
 * as written: the runtimes do not fold case, and a word they would refuse must not be accepted
 * here.
 */

#include "profile/vocabulary.h"

#include "base/cleanup.h"
#include "base/suggest.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

/* The canonical names, and behind them the alias that newer runtimes know. */
#define ACTION_ALIAS_KILL_THREAD N_ACTION_KINDS
static const char *const action_names[] = {
        [ACTION_KILL_THREAD] = "SCMP_ACT_KILL",
        [ACTION_KILL_PROCESS] = "SCMP_ACT_KILL_PROCESS",
        [ACTION_TRAP] = "SCMP_ACT_TRAP",
        [ACTION_ERRNO] = "SCMP_ACT_ERRNO",
        [ACTION_TRACE] = "SCMP_ACT_TRACE",
        [ACTION_LOG] = "SCMP_ACT_LOG",
        [ACTION_ALLOW] = "SCMP_ACT_ALLOW",
        [ACTION_NOTIFY] = "SCMP_ACT_NOTIFY",
        [ACTION_ALIAS_KILL_THREAD] = "SCMP_ACT_KILL_THREAD",
};

static const uint32_t action_rets[N_ACTION_KINDS] = {
        [ACTION_KILL_THREAD] = SECCOMP_RET_KILL_THREAD,
        [ACTION_KILL_PROCESS] = SECCOMP_RET_KILL_PROCESS,
        [ACTION_TRAP] = SECCOMP_RET_TRAP,
        [ACTION_ERRNO] = SECCOMP_RET_ERRNO,
        [ACTION_TRACE] = SECCOMP_RET_TRACE,
        [ACTION_LOG] = SECCOMP_RET_LOG,
        [ACTION_ALLOW] = SECCOMP_RET_ALLOW,
        [ACTION_NOTIFY] = SECCOMP_RET_USER_NOTIF,
};

static const char *const operator_names[N_OPERATORS] = {
        [OP_NE] = "SCMP_CMP_NE",
        [OP_LT] = "SCMP_CMP_LT",
        [OP_LE] = "SCMP_CMP_LE",
        [OP_EQ] = "SCMP_CMP_EQ",
        [OP_GE] = "SCMP_CMP_GE",
        [OP_GT] = "SCMP_CMP_GT",
        [OP_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
};

/* Indexed by the flag's bit. */
static const char *const flag_names[N_FILTER_FLAGS] = {
        "SECCOMP_FILTER_FLAG_TSYNC",
        "SECCOMP_FILTER_FLAG_LOG",
        "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
        "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
};

/* By number as on most architectures; of two names for one number the kernel's own comes first. */
#define ERRNO(name)                                                                                \
        { #name, name }
static const struct {
        const char *name;
        uint16_t number;
} errnos[] = {
        ERRNO(EPERM),
        ERRNO(ENOENT),
        ERRNO(ESRCH),
        ERRNO(EINTR),
        ERRNO(EIO),
        ERRNO(ENXIO),
        ERRNO(E2BIG),
        ERRNO(ENOEXEC),
        ERRNO(EBADF),
        ERRNO(ECHILD),
        ERRNO(EAGAIN),
        ERRNO(EWOULDBLOCK),
        ERRNO(ENOMEM),
        ERRNO(EACCES),
        ERRNO(EFAULT),
        ERRNO(ENOTBLK),
        ERRNO(EBUSY),
        ERRNO(EEXIST),
        ERRNO(EXDEV),
        ERRNO(ENODEV),
        ERRNO(ENOTDIR),
        ERRNO(EISDIR),
        ERRNO(EINVAL),
        ERRNO(ENFILE),
        ERRNO(EMFILE),
        ERRNO(ENOTTY),
        ERRNO(ETXTBSY),
        ERRNO(EFBIG),
        ERRNO(ENOSPC),
        ERRNO(ESPIPE),
        ERRNO(EROFS),
        ERRNO(EMLINK),
        ERRNO(EPIPE),
        ERRNO(EDOM),
        ERRNO(ERANGE),
        ERRNO(EDEADLK),
        ERRNO(EDEADLOCK),
        ERRNO(ENAMETOOLONG),
        ERRNO(ENOLCK),
        ERRNO(ENOSYS),
        ERRNO(ENOTEMPTY),
        ERRNO(ELOOP),
        ERRNO(ENOMSG),
        ERRNO(EIDRM),
        ERRNO(ECHRNG),
        ERRNO(EL2NSYNC),
        ERRNO(EL3HLT),
        ERRNO(EL3RST),
        ERRNO(ELNRNG),
        ERRNO(EUNATCH),
        ERRNO(ENOCSI),
        ERRNO(EL2HLT),
        ERRNO(EBADE),
        ERRNO(EBADR),
        ERRNO(EXFULL),
        ERRNO(ENOANO),
        ERRNO(EBADRQC),
        ERRNO(EBADSLT),
        ERRNO(EBFONT),
        ERRNO(ENOSTR),
        ERRNO(ENODATA),
        ERRNO(ETIME),
        ERRNO(ENOSR),
        ERRNO(ENONET),
        ERRNO(ENOPKG),
        ERRNO(EREMOTE),
        ERRNO(ENOLINK),
        ERRNO(EADV),
        ERRNO(ESRMNT),
        ERRNO(ECOMM),
        ERRNO(EPROTO),
        ERRNO(EMULTIHOP),
        ERRNO(EDOTDOT),
        ERRNO(EBADMSG),
        ERRNO(EOVERFLOW),
        ERRNO(ENOTUNIQ),
        ERRNO(EBADFD),
        ERRNO(EREMCHG),
        ERRNO(ELIBACC),
        ERRNO(ELIBBAD),
        ERRNO(ELIBSCN),
        ERRNO(ELIBMAX),
        ERRNO(ELIBEXEC),
        ERRNO(EILSEQ),
        ERRNO(ERESTART),
        ERRNO(ESTRPIPE),
        ERRNO(EUSERS),
        ERRNO(ENOTSOCK),
        ERRNO(EDESTADDRREQ),
        ERRNO(EMSGSIZE),
        ERRNO(EPROTOTYPE),
        ERRNO(ENOPROTOOPT),
        ERRNO(EPROTONOSUPPORT),
        ERRNO(ESOCKTNOSUPPORT),
        ERRNO(EOPNOTSUPP),
        ERRNO(ENOTSUP),
        ERRNO(EPFNOSUPPORT),
        ERRNO(EAFNOSUPPORT),
        ERRNO(EADDRINUSE),
        ERRNO(EADDRNOTAVAIL),
        ERRNO(ENETDOWN),
        ERRNO(ENETUNREACH),
        ERRNO(ENETRESET),
        ERRNO(ECONNABORTED),
        ERRNO(ECONNRESET),
        ERRNO(ENOBUFS),
        ERRNO(EISCONN),
        ERRNO(ENOTCONN),
        ERRNO(ESHUTDOWN),
        ERRNO(ETOOMANYREFS),
        ERRNO(ETIMEDOUT),
        ERRNO(ECONNREFUSED),
        ERRNO(EHOSTDOWN),
        ERRNO(EHOSTUNREACH),
        ERRNO(EALREADY),
        ERRNO(EINPROGRESS),
        ERRNO(ESTALE),
        ERRNO(EUCLEAN),
        ERRNO(ENOTNAM),
        ERRNO(ENAVAIL),
        ERRNO(EISNAM),
        ERRNO(EREMOTEIO),
        ERRNO(EDQUOT),
        ERRNO(ENOMEDIUM),
        ERRNO(EMEDIUMTYPE),
        ERRNO(ECANCELED),
        ERRNO(ENOKEY),
        ERRNO(EKEYEXPIRED),
        ERRNO(EKEYREVOKED),
        ERRNO(EKEYREJECTED),
        ERRNO(EOWNERDEAD),
        ERRNO(ENOTRECOVERABLE),
        ERRNO(ERFKILL),
        ERRNO(EHWPOISON),
};

static int word_find(const char *const *words, size_t n, const char *word) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(words[i], word) == 0)
                        return (int) i;
        return -EINVAL;
}

int action_kind_parse(const char *name, ActionKind *ret_kind) {
        int at = word_find(action_names, N_ELEMENTS(action_names), name);

        if (at < 0)
                return at;
        *ret_kind = at == ACTION_ALIAS_KILL_THREAD ? ACTION_KILL_THREAD : (ActionKind) at;
        return 0;
}

const char *action_kind_name(ActionKind kind) {
        return action_names[kind];
}

const char *action_suggest(const char *name) {
        static const SuggestAlias aliases[] = {
                { "ERROR", ACTION_ERRNO },
                { "ERR", ACTION_ERRNO },
                { "DENY", ACTION_ERRNO },
                { "DENIED", ACTION_ERRNO },
                { "DISALLOW", ACTION_ERRNO },
                { "BLOCK", ACTION_ERRNO },
                { "REJECT", ACTION_ERRNO },
                { "FORBID", ACTION_ERRNO },
                { "EPERM", ACTION_ERRNO },
                { "PERMIT", ACTION_ALLOW },
                { "ACCEPT", ACTION_ALLOW },
                { "PASS", ACTION_ALLOW },
                { "AUDIT", ACTION_LOG },
        };

        static const SuggestList list = {
                .prefix = "SCMP_ACT_",
                .words = action_names,
                .n_words = N_ELEMENTS(action_names),
                .aliases = aliases,
                .n_aliases = N_ELEMENTS(aliases),
        };

        return suggest_prefixed(name, &list);
}

bool action_permits(ActionKind kind) {
        return kind == ACTION_ALLOW || kind == ACTION_LOG;
}

bool action_takes_errno(ActionKind kind) {
        return kind == ACTION_ERRNO || kind == ACTION_TRACE;
}

bool action_equal(Action a, Action b) {
        return a.kind == b.kind && a.data == b.data;
}

uint32_t action_to_ret(Action action) {
        return action_rets[action.kind] | (action_takes_errno(action.kind) ? action.data : 0);
}

int action_from_ret(uint32_t ret, Action *ret_action) {
        for (size_t kind = 0; kind < N_ELEMENTS(action_rets); kind++) {
                if (action_rets[kind] != (ret & SECCOMP_RET_ACTION_FULL))
                        continue;
                *ret_action = (Action){ .kind = (ActionKind) kind };
                if (action_takes_errno(ret_action->kind))
                        ret_action->data = (uint16_t) (ret & SECCOMP_RET_DATA);
                return 0;
        }
        return -EINVAL;
}

int operator_parse(const char *name, Operator *ret_operator) {
        int at = word_find(operator_names, N_ELEMENTS(operator_names), name);

        if (at < 0)
                return at;
        *ret_operator = (Operator) at;
        return 0;
}

const char *operator_name(Operator op) {
        return operator_names[op];
}

const char *operator_suggest(const char *name) {
        static const SuggestAlias aliases[] = {
                { "==", OP_EQ },
                { "=", OP_EQ },
                { "EQUAL", OP_EQ },
                { "EQUALS", OP_EQ },
                { "!=", OP_NE },
                { "<>", OP_NE },
                { "<", OP_LT },
                { "<=", OP_LE },
                { ">", OP_GT },
                { ">=", OP_GE },
                { "&", OP_MASKED_EQ },
                { "NEQ", OP_NE },
                { "LTE", OP_LE },
                { "GTE", OP_GE },
                { "MASKED", OP_MASKED_EQ },
                { "NOT_EQ", OP_NE },
                { "NOT_EQUAL", OP_NE },
                /* near MASKED_EQ, and not what it says: there is one masked operator */
                { "MASKED_NE", SUGGEST_NOTHING },
                { "MASKED_NEQ", SUGGEST_NOTHING },
                { "MASKED_LT", SUGGEST_NOTHING },
                { "MASKED_LE", SUGGEST_NOTHING },
                { "MASKED_GE", SUGGEST_NOTHING },
                { "MASKED_GT", SUGGEST_NOTHING },
        };

        static const SuggestList list = {
                .prefix = "SCMP_CMP_",
                .words = operator_names,
                .n_words = N_ELEMENTS(operator_names),
                .aliases = aliases,
                .n_aliases = N_ELEMENTS(aliases),
        };

        return suggest_prefixed(name, &list);
}

int filter_flag_parse(const char *name, FilterFlag *ret_flag) {
        int at = word_find(flag_names, N_ELEMENTS(flag_names), name);

        if (at < 0)
                return at;
        *ret_flag = (FilterFlag) (1U << at);
        return 0;
}

const char *filter_flag_name(FilterFlag flag) {
        return flag_names[__builtin_ctz(flag)];
}

const char *filter_flag_suggest(const char *name) {
        static const SuggestList list = {
                .prefix = "SECCOMP_FILTER_FLAG_",
                .words = flag_names,
                .n_words = N_ELEMENTS(flag_names),
        };

        return suggest_prefixed(name, &list);
}

int errno_name_parse(const char *name, uint16_t *ret_errno) {
        for (size_t i = 0; i < N_ELEMENTS(errnos); i++) {
                if (strcmp(errnos[i].name, name) == 0) {
                        *ret_errno = errnos[i].number;
                        return 0;
                }
        }
        return -EINVAL;
}

const char *errno_suggest(const char *name) {
        const char *names[N_ELEMENTS(errnos)];

        for (size_t i = 0; i < N_ELEMENTS(errnos); i++)
                names[i] = errnos[i].name;
        return suggest_nearest(name, names, N_ELEMENTS(names));
}

const char *errno_name(unsigned number) {
        for (size_t i = 0; i < N_ELEMENTS(errnos); i++)
                if (errnos[i].number == number)
                        return errnos[i].name;
        return NULL;
}
