/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Texts that are no JSON and were never meant to be. What reaches a node in place of a profile is a
 * manifest in YAML, a page of a web server, a file in the middle of a merge, a snippet with the
 * fence or the prompt it was copied with. One look at where it begins says which, and that helps
 * more than the name of the first character that does not fit. Only what is certain is told: most
 * by the bytes it begins with, some by a little more.
 */

#include "profile/text_fault.h"

#include "base/ascii.h"
#include "base/cleanup.h"

#include <string.h>

#define BASE64_MIN_BYTES 16 /* that are no longer taken for a word */

/* What the hints of more than one row say. */
#define CONFLICT_HINT                                                                              \
        "keep one of the two sides, and take out the lines that begin with <<<<<<<, ======= "      \
        "and >>>>>>>"
#define ANSWER      "this looks like a web server's answer in place of the file"
#define ANSWER_HINT "download the file again, and look at the address"
#define ERROR       "this looks like an error message in place of what a command should have printed"
#define ERROR_HINT  "run the command by itself, and look at what it says"
#define DIFF        "this looks like a diff, not like the file that it is about"
#define DIFF_HINT                                                                                  \
        "apply it (`git apply`, `patch`) and check what comes out; or take out the lines that "    \
        "begin with - and the + of the others"

/* What certain bytes say, at the beginning of a text or wherever it does not fit. */
static const struct {
        const char *begins;
        bool is_anywhere;
        const char *message;
        const char *hint;
} MARKS[] = {
        { "<<<<<<<", true, "a merge conflict", CONFLICT_HINT },
        { "|||||||", true, "a merge conflict", CONFLICT_HINT },
        { "=======", true, "a merge conflict", CONFLICT_HINT },
        { ">>>>>>>", true, "a merge conflict", CONFLICT_HINT },
        { "```", true, "a Markdown fence", "take out the lines that begin with ```" },
        { "...", true, "an ellipsis in place of what was left out", "write it out, or remove it" },
        { "\u2026", true, "an ellipsis in place of what was left out",
                "write it out, or remove it" },
        { "${", true, "a variable that has no value yet", "fill it in first, as `envsubst` does" },
        { "\x1b[", true, "a terminal's colour code (U+001B)",
                "write the file without colours, as `jq --monochrome-output` does" },
        { "$ ", false, "this looks like a copy of a terminal: a prompt and a command",
                "take out the line of the command" },
        { "cat <<", false, "this looks like a shell's command that writes the file",
                "run it, and check the file that it writes" },
        { "diff -", false, DIFF, DIFF_HINT },
        { "@@ -", false, DIFF, DIFF_HINT },
        { "HTTP/", false, ANSWER, ANSWER_HINT },
        { "version https://git-lfs.github.com/spec/", false,
                "this is a pointer of Git LFS in place of the file", "`git lfs pull` fetches it" },
        { "Error from server", false, ERROR, ERROR_HINT },
        { "The connection to the server", false, ERROR, ERROR_HINT },
        { "Unable to connect to the server", false, ERROR, ERROR_HINT },
        { "Error: ", false, ERROR, ERROR_HINT },
        { "error: ", false, ERROR, ERROR_HINT },
        { "curl: (", false, ERROR, ERROR_HINT },
        { "cat: ", false, ERROR, ERROR_HINT },
        { "\x1f\x8b", false, "this is compressed by gzip", "`gzip -dc FILE` prints the text" },
        { "\xfd\x37zXZ", false, "this is compressed by xz", "`xz -dc FILE` prints the text" },
        { "\x28\xb5\x2f\xfd", false, "this is compressed by zstd",
                "`zstd -dc FILE` prints the text" },
        { "PK\x03\x04", false, "this is a zip archive", "unpack it, and check the file in it" },
};

static bool has_text(const TextFault *fault, size_t from, const char *text) {
        return from + strlen(text) <= fault->size_bytes &&
                memcmp(fault->bytes + from, text, strlen(text)) == 0;
}

/* How much at an offset begins as YAML does: "---", "- ", a word before its colon; 0 for nothing.
 */
static size_t yaml_length(const TextFault *fault, size_t from) {
        size_t length = 0;

        if (has_text(fault, from, "---"))
                return 3;
        if (has_text(fault, from, "- "))
                return 1;
        while (ascii_is_letter(text_fault_byte(fault, from + length)) ||
                ascii_is_digit(text_fault_byte(fault, from + length)) ||
                text_fault_byte(fault, from + length) == '_')
                length++;
        return text_fault_byte(fault, from + length) == ':' ? length : 0;
}

/* Where a text in YAML begins, behind its comments. */
static size_t skip_comments(const TextFault *fault) {
        size_t at = fault->at;

        while (text_fault_byte(fault, at) == '#' || ascii_is_space(text_fault_byte(fault, at))) {
                if (text_fault_byte(fault, at) != '#') {
                        at++;
                        continue;
                }
                while (at < fault->size_bytes && fault->bytes[at] != '\n')
                        at++;
        }
        return at;
}

bool text_fault_precedes_yaml(const TextFault *fault) {
        return fault->is_first && yaml_length(fault, skip_comments(fault)) > 0;
}

static bool report_yaml(const TextFault *fault) {
        static const char key[] = "apiVersion:";
        size_t at = skip_comments(fault);

        if (!text_fault_precedes_yaml(fault))
                return false;
        text_fault_report(fault, at, yaml_length(fault, at),
                memmem(fault->bytes, fault->size_bytes, key, strlen(key))
                        ? "`yq -o=json . FILE` prints the JSON; so does, where a cluster answers, "
                          "`kubectl create --dry-run=client -o json -f FILE`"
                        : "`yq -o=json . FILE` prints the JSON",
                "this looks like YAML: runtimes read JSON only");
        return true;
}

static bool report_mark(const TextFault *fault) {
        for (size_t i = 0; i < N_ELEMENTS(MARKS); i++)
                if ((MARKS[i].is_anywhere || fault->is_first) &&
                        has_text(fault, fault->at, MARKS[i].begins)) {
                        size_t shown = strcspn(MARKS[i].begins, " ");

                        text_fault_report(
                                fault, fault->at, shown, MARKS[i].hint, "%s", MARKS[i].message);
                        return true;
                }
        return false;
}

/* "404: Not Found", which is a number to the scan. */
static bool report_status(const TextFault *fault) {
        size_t at = 0;

        while (ascii_is_space(text_fault_byte(fault, at)))
                at++;
        if ((text_fault_byte(fault, at) != '4' && text_fault_byte(fault, at) != '5') ||
                !ascii_is_digit(text_fault_byte(fault, at + 1)) ||
                !ascii_is_digit(text_fault_byte(fault, at + 2)) ||
                ascii_is_digit(text_fault_byte(fault, at + 3)))
                return false;
        text_fault_report(fault, at, 3, ANSWER_HINT, ANSWER);
        return true;
}

/* The offset behind a number at the beginning of a line; 0 when the line has another. */
static size_t pass_line_number(const TextFault *fault, size_t line, char number) {
        while (text_fault_byte(fault, line) == ' ')
                line++;
        return text_fault_byte(fault, line) == number &&
                        !ascii_is_digit(text_fault_byte(fault, line + 1))
                ? line + 1
                : 0;
}

/* What `cat -n` prints, and pages that show code: the first line's number is a value. */
static bool report_line_numbers(const TextFault *fault) {
        size_t begin = pass_line_number(fault, 0, '1');
        const char *end = memchr(fault->bytes, '\n', fault->size_bytes);

        if (begin == 0 || !end ||
                pass_line_number(fault, (size_t) (end + 1 - fault->bytes), '2') == 0)
                return false;
        text_fault_report(fault, begin - 1, 1, "copy it without them, as `cat FILE` prints it",
                "line numbers in front of the lines");
        return true;
}

/* Lines that a diff adds or takes away. */
static bool report_diff(const TextFault *fault) {
        char sign = text_fault_byte(fault, fault->at), next = text_fault_byte(fault, fault->at + 1);
        bool is_line = fault->at == 0 || text_fault_byte(fault, fault->at - 1) == '\n';
        const char *end = memchr(fault->bytes + fault->at, '\n', fault->size_bytes - fault->at);
        bool is_header = fault->is_first && has_text(fault, fault->at, "--- ") && end &&
                has_text(fault, (size_t) (end + 1 - fault->bytes), "+++ ");
        bool is_yaml = fault->is_first && sign == '-' && next == ' ';

        if (!is_header &&
                (!is_line || is_yaml || (sign != '+' && sign != '-') || !next ||
                        !strchr(" \t\r\n\"{}[]", next)))
                return false;
        text_fault_report(fault, fault->at, is_header ? 3 : 1, DIFF_HINT, DIFF);
        return true;
}

/* "{{ .Values.x }}", "{% if x %}". The second character is where the scan takes offence if a value
 * may stand there. */
static bool report_template(const TextFault *fault) {
        size_t at = fault->at, inside;

        if (at > 0 && text_fault_innermost(fault) == '{' && text_fault_byte(fault, at - 1) == '{')
                at--;
        if (!has_text(fault, at, "{{") && !has_text(fault, at, "{%"))
                return false;
        inside = at + 2 + (text_fault_byte(fault, at + 2) == '-');
        while (ascii_is_space(text_fault_byte(fault, inside)))
                inside++;
        if (text_fault_byte(fault, at + 1) != '%' &&
                !ascii_is_letter(text_fault_byte(fault, inside)) &&
                text_fault_byte(fault, inside) != '.' && text_fault_byte(fault, inside) != '$' &&
                text_fault_byte(fault, inside) != '/')
                return false;
        text_fault_report(fault, at, 2,
                "render it first, as `helm template` does, and check what comes out",
                "a template that is not rendered yet");
        return true;
}

/* A whole text in base64 that says "{" and white space or a quote. */
static bool report_base64(const TextFault *fault) {
        static const char letters[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n";

        if (!fault->is_first ||
                (!has_text(fault, fault->at, "ew") && !has_text(fault, fault->at, "ey")) ||
                fault->size_bytes - fault->at < BASE64_MIN_BYTES)
                return false;
        for (size_t at = fault->at; at < fault->size_bytes; at++)
                if (!fault->bytes[at] || !strchr(letters, fault->bytes[at]))
                        return false;
        text_fault_report(
                fault, fault->at, 2, "`base64 -d FILE` prints the text", "this looks like base64");
        return true;
}

static bool report_html(const TextFault *fault) {
        char next = text_fault_byte(fault, fault->at + 1);

        if (!fault->is_first || text_fault_byte(fault, fault->at) != '<' ||
                (!ascii_is_letter(next) && next != '!' && next != '?'))
                return false;
        text_fault_report(fault, fault->at, 1,
                "download the file itself: of a repository, its raw view",
                "this looks like HTML: a page saved in place of the file");
        return true;
}

bool text_fault_foreign(const TextFault *fault, bool is_behind) {
        return report_mark(fault) || report_diff(fault) || report_template(fault) ||
                report_html(fault) || report_base64(fault) || report_yaml(fault) ||
                (is_behind && (report_status(fault) || report_line_numbers(fault)));
}
