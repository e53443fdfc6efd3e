/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How actions and conditions are written for people. C's operators need no explanation to who reads
 * system calls, and `a0` is what audit and strace users know for the first argument.
 */

#include "profile/wording.h"

#include "base/cleanup.h"

#include <inttypes.h>
#include <string.h>

void wording_put_action(Buf *buf, Action action) {
        buf_puts(buf, action_kind_name(action.kind) + strlen("SCMP_ACT_"));
        if (action_takes_errno(action.kind))
                buf_printf(buf, "(%u)", action.data);
}

static void put_failure(Buf *buf, unsigned number) {
        const char *name = errno_name(number);

        if (number == 0)
                buf_puts(buf, "skipped, and reports success");
        else if (name)
                buf_printf(buf, "denied, and fails with %s", name);
        else
                buf_printf(buf, "denied, and fails with errno %u", number);
}

void wording_put_fate(Buf *buf, Action action) {
        switch (action.kind) {
        case ACTION_ALLOW: buf_puts(buf, "allowed"); break;
        case ACTION_LOG: buf_puts(buf, "allowed, and logged by the kernel"); break;
        case ACTION_ERRNO: put_failure(buf, action.data); break;
        case ACTION_KILL_THREAD: buf_puts(buf, "denied, and its thread is killed"); break;
        case ACTION_KILL_PROCESS: buf_puts(buf, "denied, and its process is killed"); break;
        case ACTION_TRAP: buf_puts(buf, "denied, and its thread gets SIGSYS"); break;
        case ACTION_TRACE:
                buf_puts(buf, "up to a tracer, and without one fails with ENOSYS");
                break;
        case ACTION_NOTIFY: buf_puts(buf, "up to the listener"); break;
        case N_ACTION_KINDS: break;
        }
}

void wording_put_value(Buf *buf, uint64_t value) {
        buf_printf(buf, value > UINT16_MAX ? "%#" PRIx64 : "%" PRIu64, value);
}

static void put_condition(Buf *buf, const Condition *condition) {
        static const char *const symbols[N_OPERATORS] = {
                [OP_NE] = "!=",
                [OP_LT] = "<",
                [OP_LE] = "<=",
                [OP_EQ] = "==",
                [OP_GE] = ">=",
                [OP_GT] = ">",
        };

        if (condition->op == OP_MASKED_EQ) {
                buf_printf(buf, "(a%u & %#" PRIx64 ") == ", condition->index, condition->value);
                wording_put_value(buf, condition->value_two);
                return;
        }
        buf_printf(buf, "a%u %s ", condition->index, symbols[condition->op]);
        wording_put_value(buf, condition->value);
}

void wording_put_conditions(Buf *buf, const Condition *conditions, size_t n) {
        for (size_t i = 0; i < n; i++) {
                buf_puts(buf, i > 0 ? " and " : "");
                put_condition(buf, &conditions[i]);
        }
}

void wording_put_foreign_arch(Buf *buf, const Arch *native, const Arch *arch) {
        buf_printf(buf, "%s cannot run on this node, which is %s; for one that can: --node arch=%s",
                arch->name, native->name, arch->go_name ? arch->go_name : arch->name);
}

void wording_put_action_json(Buf *buf, Action action) {
        buf_printf(buf, "\"action\":\"%s\"", action_kind_name(action.kind));
        if (action_takes_errno(action.kind))
                buf_printf(buf, ",\"errnoRet\":%u", action.data);
}

void wording_put_conditions_json(Buf *buf, const Condition *conditions, size_t n) {
        buf_putc(buf, '[');
        for (size_t i = 0; i < n; i++) {
                const Condition *condition = &conditions[i];

                buf_printf(buf, "%s{\"index\":%u,\"op\":\"%s\",\"value\":%" PRIu64,
                        i > 0 ? "," : "", condition->index, operator_name(condition->op),
                        condition->value);
                if (condition->op == OP_MASKED_EQ)
                        buf_printf(buf, ",\"valueTwo\":%" PRIu64, condition->value_two);
                buf_putc(buf, '}');
        }
        buf_putc(buf, ']');
}
