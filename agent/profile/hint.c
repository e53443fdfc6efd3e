/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What would be right, made of an author's own words: the parts of a text that lists several, the
 * call behind a number, the letter that only looks right, the condition that says what two do not.
 */

#include "profile/hint.h"

#include "base/utf8.h"
#include "profile/argset.h"
#include "profile/syscalls.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS      ",;| \t\r\n"
#define CALL_NAME_SIZE  64U
#define CALL_DIGITS_MAX 6U /* no call has a longer number, but for ARM's and X32's private ones */

size_t hint_put_words(Buf *buf, const char *text) {
        size_t n = 0;

        if (strlen(text) > HINT_TEXT_BYTES_MAX)
                return 0;
        for (const char *at = text + strspn(text, SEPARATORS); *at != '\0';) {
                size_t length = strcspn(at, SEPARATORS);

                buf_puts(buf, n++ == 0 ? "[" : ", ");
                buf_put_json_n(buf, at, length);
                at += length;
                at += strspn(at, SEPARATORS);
        }
        buf_puts(buf, n > 0 ? "]" : "");
        return n;
}

void hint_put_call_number(Buf *buf, const Arch *arch, const char *digits, size_t n_digits) {
        char number[CALL_DIGITS_MAX + 1] = "", name[CALL_NAME_SIZE];

        buf_puts(buf, "calls are named, not numbered");
        if (n_digits == 0 || n_digits > CALL_DIGITS_MAX)
                return;
        memcpy(number, digits, n_digits);
        if (number[strspn(number, "0123456789")] == '\0' &&
                syscall_name(arch, (int) strtoul(number, NULL, 10), sizeof(name), name) >= 0)
                buf_printf(buf, ": %s is `%s` on %s", number, name, arch->name);
}

bool hint_put_foreign(Buf *buf, const char *word) {
        uint32_t codepoint = 0;

        for (const char *at = word; *at != '\0'; at++) {
                if ((unsigned char) *at < 0x80)
                        continue;
                if (utf8_decode(at, strlen(at), &codepoint) == 0)
                        return false;
                buf_printf(buf,
                        "the word has a character that is not ASCII, however it looks (U+%04X): "
                        "type it anew",
                        (unsigned) codepoint);
                return true;
        }
        return false;
}

/* All but two numbers. */
static void put_two_holes(Buf *buf, uint64_t a, uint64_t b) {
        const uint64_t low = a < b ? a : b, high = a < b ? b : a;

        buf_printf(buf,
                "write a rule with SCMP_CMP_LT and \"value\": %" PRIu64
                ", and one with SCMP_CMP_GT and \"value\": %" PRIu64 "%s",
                low, high,
                high - low > 1 ? ", and one with SCMP_CMP_EQ for each value between that is meant"
                               : "");
}

void hint_put_both(Buf *buf, const Condition *a, const Condition *b) {
        const ArgSet set_a = argset_of(a), set_b = argset_of(b);
        const uint64_t low = set_a.low > set_b.low ? set_a.low : set_b.low;
        const uint64_t high = set_a.high < set_b.high ? set_a.high : set_b.high;

        if (argset_is_disjoint(&set_a, &set_b))
                buf_puts(buf, "no value fulfils them");
        else if (a->op == OP_NE && b->op == OP_NE)
                put_two_holes(buf, a->value, b->value);
        else if (a->op == OP_MASKED_EQ && b->op == OP_MASKED_EQ)
                buf_printf(buf,
                        "write one condition, SCMP_CMP_MASKED_EQ with \"value\": %" PRIu64
                        ", \"valueTwo\": %" PRIu64,
                        a->value | b->value, a->value_two | b->value_two);
        else if (set_a.kind == ARGSET_RANGE && set_b.kind == ARGSET_RANGE)
                buf_printf(buf,
                        "write a rule with SCMP_CMP_EQ for each value from %" PRIu64 " to %" PRIu64
                        " that is meant: there are no ranges",
                        low, high);
        else
                buf_puts(buf, "write a rule with SCMP_CMP_EQ for each value that is meant");
}

bool hint_put_opposite(Buf *buf, const Condition *condition) {
        static const Operator opposites[] = {
                [OP_NE] = OP_EQ,
                [OP_LT] = OP_GE,
                [OP_LE] = OP_GT,
                [OP_EQ] = OP_NE,
                [OP_GE] = OP_LT,
                [OP_GT] = OP_LE,
                [OP_MASKED_EQ] = OP_MASKED_EQ,
        };
        const uint64_t mask = condition->value;

        if (condition->op == OP_MASKED_EQ && (mask == 0 || (mask & (mask - 1)) != 0))
                return false; /* of several bits it takes several conditions */
        buf_printf(buf, "\"index\": %u, \"value\": %" PRIu64, condition->index, condition->value);
        if (condition->op == OP_MASKED_EQ)
                buf_printf(buf, ", \"valueTwo\": %" PRIu64, condition->value_two ^ mask);
        buf_printf(buf, ", \"op\": \"%s\"", operator_name(opposites[condition->op]));
        return true;
}
