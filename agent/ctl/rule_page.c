/* SPDX-License-Identifier: Apache-2.0 */

/*
 * docs/rules.md inside the program. The page itself is linked in, byte by byte, when this file is
 * built, so what --explain prints, and what code scanning shows beside a finding, is the page.
 */

#include "ctl/rule_page.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PAGE_COLUMNS 80U

/* The path is the repository's, where make runs. */
__asm__(".section .rodata\n"
        "rule_page_begin:\n"
        ".incbin \"docs/rules.md\"\n"
        ".byte 0\n"
        ".previous\n");
extern const char rule_page_begin[];

/* Where a rule's section begins, behind its heading, and how long it is; NULL for none. */
static const char *find_section(RuleId id, size_t *ret_size) {
        char heading[sizeof("\n## SP000: ")];
        const char *at, *next;

        snprintf(heading, sizeof(heading), "\n## SP%03u: ", (unsigned) id);
        at = strstr(rule_page_begin, heading);
        if (!at)
                return NULL;
        at = strchr(at + 1, '\n');
        if (!at)
                return NULL;
        at += strspn(at, "\n");
        next = strstr(at, "\n## ");
        *ret_size = next ? (size_t) (next - at) : strlen(at);
        while (*ret_size > 0 && at[*ret_size - 1] == '\n')
                (*ret_size)--;
        return at;
}

void rule_page_markdown(Buf *out, RuleId id) {
        size_t size = 0;
        const char *section = find_section(id, &size);

        if (section) {
                buf_append(out, section, size);
                buf_putc(out, '\n');
        }
}

/* A section on its way to plain text. */
typedef struct Plain {
        Buf *out;
        size_t column; /* of the paragraph's line; 0: none is open */
        bool is_code;
} Plain;

static size_t count_columns(const char *word, size_t length) {
        size_t n = 0;

        for (size_t i = 0; i < length; i++)
                n += ((unsigned char) word[i] & 0xc0) != 0x80;
        return n;
}

static void end_paragraph(Plain *plain) {
        if (plain->column > 0)
                buf_putc(plain->out, '\n');
        plain->column = 0;
}

static void put_word(Plain *plain, const char *word, size_t length) {
        size_t n = count_columns(word, length);

        if (plain->column > 0 && plain->column + 1 + n > PAGE_COLUMNS)
                end_paragraph(plain);
        if (plain->column > 0) {
                buf_putc(plain->out, ' ');
                plain->column++;
        }
        buf_append(plain->out, word, length);
        plain->column += n;
}

/* A line of a paragraph without its marks: emphasis goes, of a link its text stays. */
static void put_prose(Plain *plain, const char *line, size_t length) {
        _cleanup_buf_ Buf text = {};
        bool is_quoted = false;

        for (size_t i = 0; i < length; i++) {
                const char *close = NULL;

                if (line[i] == '`')
                        is_quoted = !is_quoted;
                if (line[i] == '*' && !is_quoted)
                        continue;
                if (line[i] == '[' && !is_quoted)
                        close = memmem(line + i, length - i, "](", 2);
                if (!close) {
                        buf_putc(&text, line[i]);
                        continue;
                }
                buf_append(&text, line + i + 1, (size_t) (close - line) - i - 1);
                i = (size_t) (close - line) + strcspn(close, ")");
        }
        if (buf_error(&text) < 0)
                plain->out->error = buf_error(&text);
        for (size_t at = 0; at < text.size;) {
                size_t n = strcspn(text.data + at, " ");

                if (n > 0)
                        put_word(plain, text.data + at, n);
                at += n + strspn(text.data + at + n, " ");
        }
}

/* "```json bad" opens an example, "```" closes it. */
static void put_fence(Plain *plain, const char *line, size_t length) {
        const char *kind = memchr(line, ' ', length);

        end_paragraph(plain);
        plain->is_code = kind;
        if (kind)
                buf_printf(plain->out, "%.*s:\n", (int) (length - (size_t) (kind + 1 - line)),
                        kind + 1);
}

static void put_line(Plain *plain, const char *line, size_t length) {
        if (length >= 3 && memcmp(line, "```", 3) == 0)
                put_fence(plain, line, length);
        else if (plain->is_code)
                buf_printf(plain->out, "    %.*s\n", (int) length, line);
        else if (length > 0)
                put_prose(plain, line, length);
        else {
                end_paragraph(plain);
                buf_putc(plain->out, '\n');
        }
}

void rule_page_text(Buf *out, RuleId id, bool colour) {
        Plain plain = { .out = out };
        size_t size = 0;
        const char *section = find_section(id, &size);

        buf_printf(out, "%sSP%u: %s%s\n", colour ? "\033[1m" : "", (unsigned) id,
                rules_find(id)->summary, colour ? "\033[0m" : "");
        for (size_t at = 0; section && at < size;) {
                size_t length = strcspn(section + at, "\n");

                if (length > size - at)
                        length = size - at;
                put_line(&plain, section + at, length);
                at += length + 1;
        }
        end_paragraph(&plain);
}

void rule_page_list(Buf *out) {
        size_t n = 0;
        const Rule *rules = rules_all(&n);

        for (size_t i = 0; i < n; i++)
                buf_printf(out, "SP%u  %-7s  %s\n", (unsigned) rules[i].id,
                        severity_name(rules[i].severity), rules[i].summary);
}

const Rule *rule_page_find(const char *word, unsigned *ret_near) {
        bool has_prefix = strncasecmp(word, "SP", 2) == 0;
        char wanted[64], id[64];
        const Rule *rule = NULL;

        snprintf(wanted, sizeof(wanted), "SP%s", has_prefix ? word + 2 : word);
        rule = rules_suggest(wanted);
        *ret_near = rule ? rule->id : 0;
        if (rule)
                snprintf(id, sizeof(id), "SP%03u", (unsigned) rule->id);
        return rule && strcmp(id, wanted) == 0 ? rule : NULL;
}
