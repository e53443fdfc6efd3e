/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Texts that are no JSON and were never meant to be. What reaches a node in place of a profile is a
 * manifest in YAML, a page of a web server, a file in the middle of a merge, a snippet with the
 * fence or the prompt it was copied with. One look at where it begins says which, and that helps
 * more than the name of the first character that does not fit.
 */

#include "profile/text_fault.h"

#include "base/ascii.h"
#include "base/cleanup.h"

#include <string.h>

#define MARK_LENGTH 7 /* of a merge conflict's signs */

/* The byte at an offset; 0 past the end. */
static char byte_at(const TextFault *fault, size_t offset) {
        return offset < fault->size_bytes ? fault->bytes[offset] : 0;
}

static bool is_space(char character) {
        return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

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
        while (ascii_is_letter(byte_at(fault, from + length)) ||
                ascii_is_digit(byte_at(fault, from + length)) ||
                byte_at(fault, from + length) == '_')
                length++;
        return byte_at(fault, from + length) == ':' ? length : 0;
}

/* Where a text in YAML begins, behind its comments. */
static size_t skip_comments(const TextFault *fault) {
        size_t at = fault->at;

        while (byte_at(fault, at) == '#' || is_space(byte_at(fault, at))) {
                if (byte_at(fault, at) != '#') {
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

/* "404: Not Found", which is a number to the scan. */
static bool report_status(const TextFault *fault) {
        size_t at = 0;

        while (is_space(byte_at(fault, at)))
                at++;
        if ((byte_at(fault, at) != '4' && byte_at(fault, at) != '5') ||
                !ascii_is_digit(byte_at(fault, at + 1)) ||
                !ascii_is_digit(byte_at(fault, at + 2)) || ascii_is_digit(byte_at(fault, at + 3)))
                return false;
        text_fault_report(fault, at, 3, "download the file again, and look at the address",
                "this looks like a web server's answer in place of the file");
        return true;
}

static bool report_conflict(const TextFault *fault) {
        static const char *const marks[] = { "<<<<<<<", "|||||||", "=======", ">>>>>>>" };

        for (size_t i = 0; i < N_ELEMENTS(marks); i++)
                if (has_text(fault, fault->at, marks[i])) {
                        text_fault_report(fault, fault->at, MARK_LENGTH,
                                "keep one of the two sides, and take out the lines that begin with "
                                "<<<<<<<, ======= and >>>>>>>",
                                "a merge conflict");
                        return true;
                }
        return false;
}

/* What copying and saving bring along. */
static bool report_wrapping(const TextFault *fault) {
        char next = byte_at(fault, fault->at + 1);

        if (has_text(fault, fault->at, "```"))
                text_fault_report(fault, fault->at, 3, "take out the lines that begin with ```",
                        "a Markdown fence");
        else if (fault->is_first && has_text(fault, fault->at, "$ "))
                text_fault_report(fault, fault->at, 1, "take out the line of the command",
                        "this looks like a copy of a terminal: a prompt and a command");
        else if (fault->is_first && byte_at(fault, fault->at) == '<' &&
                (ascii_is_letter(next) || next == '!' || next == '?'))
                text_fault_report(fault, fault->at, 1,
                        "download the file itself: of a repository, its raw view",
                        "this looks like HTML: a page saved in place of the file");
        else
                return false;
        return true;
}

bool text_fault_foreign(const TextFault *fault, bool is_behind) {
        return report_conflict(fault) || report_wrapping(fault) || report_yaml(fault) ||
                (is_behind && report_status(fault));
}
