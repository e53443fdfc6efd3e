/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The words for what is wrong with a text. The scan knows only that a byte does not fit; authors
 * are helped by the name of their mistake: a trailing comma, a comment, single quotes, a file in
 * UTF-16. So this looks at what stands there, and around it, at leisure: it runs some tens of times
 * at most, for a text that is refused anyway. Nothing here decides whether a text is JSON.
 */

#include "profile/text_fault.h"

#include "base/ascii.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "profile/constants.h"
#include "profile/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_SHOWN_BYTES 40 /* of a word or number, in a message */

void text_fault_report(const TextFault *fault, size_t from, size_t length, const char *hint,
        const char *format, ...) {
        va_list args;

        va_start(args, format);
        diag_vadd_as(fault->diags, SP101, SEVERITY_ERROR,
                (Span){ (uint32_t) from, (uint32_t) length }, NULL, hint, format, args);
        va_end(args);
}

/* The byte at a distance behind the fault; 0 past the end, which no caller looks for. */
static char peek(const TextFault *fault, size_t distance) {
        return fault->at + distance < fault->size_bytes ? fault->bytes[fault->at + distance] : 0;
}

static bool is_letter(char character) {
        return ascii_is_letter(character) || character == '_' || character == '$';
}

/* Length of the run of letters and digits, and with `is_number` of signs and points, at the fault.
 */
static size_t token_length(const TextFault *fault, bool is_number) {
        size_t length = 0;

        while (is_letter(peek(fault, length)) || ascii_is_digit(peek(fault, length)) ||
                (is_number && peek(fault, length) && strchr("+-.", peek(fault, length))))
                length++;
        return length;
}

static size_t shown_length(size_t length) {
        return length < TOKEN_SHOWN_BYTES ? length : TOKEN_SHOWN_BYTES;
}

char text_fault_innermost(const TextFault *fault) {
        return fault->depth > 0 ? fault->bytes[fault->openers[fault->depth - 1]] : 0;
}

char text_fault_byte(const TextFault *fault, size_t offset) {
        return offset < fault->size_bytes ? fault->bytes[offset] : 0;
}

unsigned text_fault_line(const TextFault *fault, uint32_t offset) {
        uint32_t line, column;

        text_position(fault->bytes, fault->size_bytes, offset, &line, &column);
        return line;
}

unsigned text_fault_opener_line(const TextFault *fault) {
        return text_fault_line(fault, fault->openers[fault->depth - 1]);
}

/* Where the text as a whole should begin there is more to say than what the grammar wants. */
static const char *hint_unless_first(const TextFault *fault, const char *hint) {
        return fault->is_first ? "a profile begins with '{'" : hint;
}

/* What would close all that is open, as a hint. */
static void put_closing(const TextFault *fault, char *hint, size_t size_bytes) {
        char brackets[LIMIT_DEPTH + 1] = "";

        for (uint32_t i = 0; i < fault->depth; i++)
                brackets[fault->depth - 1 - i] = fault->bytes[fault->openers[i]] == '{' ? '}' : ']';
        if (fault->depth == 1)
                snprintf(hint, size_bytes, "a closing '%s' is missing", brackets);
        else
                snprintf(hint, size_bytes, "is the file cut off? `%s` is missing at its end",
                        brackets);
}

static void report_end(const TextFault *fault) {
        bool is_object = text_fault_innermost(fault) == '{';
        char hint[LIMIT_DEPTH + 64];

        if (fault->size_bytes == 0) {
                text_fault_report(fault, 0, 0, "a profile is one JSON object", "the file is empty");
        } else if (fault->depth == 0) {
                text_fault_report(fault, fault->at, 0, "a profile is one JSON object",
                        "the file holds only white space");
        } else {
                put_closing(fault, hint, sizeof(hint));
                text_fault_report(fault, fault->at, 0, hint,
                        "the text ends inside the %s that begins in line %u",
                        is_object ? "object" : "array", text_fault_opener_line(fault));
        }
}

static void report_comment(const TextFault *fault) {
        text_fault_report(fault, fault->at, peek(fault, 0) == '#' ? 1 : 2,
                "put it into a rule's \"comment\"", "a comment, which JSON does not have");
}

/* Words and signs of other languages than JSON. */
static bool report_foreign(const TextFault *fault) {
        static const struct {
                const char *word;
                const char *hint;
        } words[] = {
                { "NaN", "JSON numbers are finite" },
                { "Infinity", "JSON numbers are finite" },
                { "undefined", "leave the key out" },
                { "None", "JSON writes null; better leave the key out" },
                { "nil", "JSON writes null; better leave the key out" },
                { "True", "JSON writes true" },
                { "TRUE", "JSON writes true" },
                { "False", "JSON writes false" },
                { "FALSE", "JSON writes false" },
                { "NULL", "JSON writes null; better leave the key out" },
                { "Null", "JSON writes null; better leave the key out" },
        };
        size_t length = token_length(fault, false);

        for (size_t i = 0; i < N_ELEMENTS(words); i++)
                if (length == strlen(words[i].word) &&
                        memcmp(fault->bytes + fault->at, words[i].word, length) == 0) {
                        text_fault_report(fault, fault->at, length, words[i].hint,
                                "%s, which JSON does not know", words[i].word);
                        return true;
                }
        if (text_fault_is_comment(fault->bytes, fault->size_bytes, fault->at))
                report_comment(fault);
        else if (peek(fault, 0) == '\'' || peek(fault, 0) == '`')
                text_fault_report(fault, fault->at, 1,
                        hint_unless_first(fault, "JSON strings stand in double quotes"), "%s",
                        peek(fault, 0) == '`' ? "a back quote" : "single quotes");
        else
                return false;
        return true;
}

static bool starts_value(char character) {
        return is_letter(character) || ascii_is_digit(character) ||
                (character && strchr("\"-[{", character));
}

/*
 * Whether a word touches the end of a string: then that string took in more than it was to, because
 * its closing quote is missing and the next string's opening one ended it, or it has quotes inside.
 */
static bool ends_in_word(const TextFault *fault, TextWant want) {
        return (want == WANT_SEPARATOR || want == WANT_COLON) && fault->string.length > 0 &&
                fault->string.offset + fault->string.length == fault->at &&
                (is_letter(peek(fault, 0)) || ascii_is_digit(peek(fault, 0)));
}

static bool report_missing(const TextFault *fault, TextWant want) {
        if (!starts_value(peek(fault, 0)))
                return false;
        if (ends_in_word(fault, want))
                text_fault_report(fault, fault->string.offset, fault->string.length,
                        "is its closing quote missing? a quote inside a string is written \\\"",
                        "a string that ends where a word begins: %.*s",
                        (int) shown_length(token_length(fault, false)), fault->bytes + fault->at);
        else if (want == WANT_SEPARATOR)
                text_fault_report(fault, fault->at, 1, "members are separated by commas",
                        "a comma is missing before this");
        else if (want == WANT_COLON)
                text_fault_report(fault, fault->at, 1, "a member is written \"key\": value",
                        "a colon is missing before this");
        else if (want == WANT_END)
                text_fault_report(fault, fault->at, 1, "a file holds one profile",
                        "more text behind the JSON value");
        else
                return false;
        return true;
}

const char *text_fault_want_name(const TextFault *fault, TextWant want) {
        switch (want) {
        case WANT_VALUE: return fault->is_first ? "a JSON object" : "a value";
        case WANT_ELEMENT: return "a value";
        case WANT_KEY: return "a key or '}'";
        case WANT_NEXT_KEY: return "a key";
        case WANT_COLON: return "a colon";
        case WANT_SEPARATOR:
                return text_fault_innermost(fault) == '{' ? "a comma or '}'" : "a comma or ']'";
        case WANT_END: return "the end of the text";
        }
        return NULL;
}

/* A bare word. Where it names a number, that is most likely what was meant. */
static void report_word(const TextFault *fault, size_t length, bool is_key) {
        const char *at = fault->bytes + fault->at;
        char word[TOKEN_SHOWN_BYTES + 1] = "", hint[96];
        uint64_t number = 0;

        memcpy(word, at, shown_length(length));
        if (fault->is_first) {
                text_fault_report(fault, fault->at, length, hint_unless_first(fault, NULL),
                        "'%s' where %s should stand", word,
                        text_fault_want_name(fault, WANT_VALUE));
                return;
        }
        snprintf(hint, sizeof(hint), "JSON %s stand in double quotes", is_key ? "keys" : "strings");
        if (!is_key && length < TOKEN_SHOWN_BYTES && constant_parse(word, &number) == 0)
                snprintf(hint, sizeof(hint),
                        "JSON strings stand in double quotes; where a number is wanted, write "
                        "%" PRIu64,
                        number);
        text_fault_report(fault, fault->at, length, hint, "%s without quotes: %s",
                is_key ? "a key" : "a word", word);
}

/* Whether nothing more of the innermost array or object, or of the text, follows behind a sign. */
static bool is_last(const TextFault *fault, TextWant want) {
        size_t distance = 1;

        while (ascii_is_space(peek(fault, distance)))
                distance++;
        return want == WANT_END || fault->at + distance >= fault->size_bytes ||
                peek(fault, distance) == '}' || peek(fault, distance) == ']';
}

/* What is right in place of a sign; NULL when that can't be said. */
static const char *sign_hint(const TextFault *fault, TextWant want) {
        static const struct {
                char sign;
                const char *hint;
        } hints[] = {
                { '+', "JSON numbers have no plus sign" },
                { '=', "a member is written \"key\": value" },
                { ';', "members are separated by commas" },
                { '(', "a list stands between '[' and ']'" },
        };

        if (peek(fault, 0) == ';' && is_last(fault, want))
                return "remove it";
        if (want == WANT_SEPARATOR && peek(fault, 0) && strchr("+*/%|&<>^", peek(fault, 0)))
                return "JSON has no operators: write what comes of it";

        for (size_t i = 0; i < N_ELEMENTS(hints); i++)
                if (peek(fault, 0) == hints[i].sign)
                        return hints[i].hint;
        if (peek(fault, 0) != ',')
                return NULL;
        return want == WANT_VALUE && text_fault_innermost(fault) == '{'
                ? "a value is missing before it"
                : "is it one too many?";
}

/* What is left: a bare word, or a character out of place. */
static void report_other(const TextFault *fault, TextWant want) {
        size_t length = token_length(fault, false);

        if (length > 0) {
                report_word(fault, length, want == WANT_KEY || want == WANT_NEXT_KEY);
                return;
        }
        length = utf8_decode(fault->bytes + fault->at, fault->size_bytes - fault->at, NULL);
        text_fault_report(fault, fault->at, length,
                hint_unless_first(fault, sign_hint(fault, want)), "'%.*s' where %s should stand",
                (int) length, fault->bytes + fault->at, text_fault_want_name(fault, want));
}

void text_fault_token(const TextFault *fault, TextWant want) {
        if (fault->at == fault->size_bytes)
                report_end(fault);
        else if (!text_fault_foreign(fault, want == WANT_END) && !text_fault_character(fault) &&
                !report_foreign(fault) && !text_fault_bracket(fault, want) &&
                !report_missing(fault, want))
                report_other(fault, want);
}

bool text_fault_is_comment(const char *bytes, size_t size_bytes, size_t at) {
        const char *begin = bytes + at;

        if (at < size_bytes && begin[0] == '#')
                return true;
        return at + 1 < size_bytes && begin[0] == '/' && (begin[1] == '/' || begin[1] == '*');
}

uint32_t text_fault_comment_length(const char *bytes, uint32_t size_bytes, uint32_t at) {
        const char *begin = bytes + at, *end = NULL;
        uint32_t rest = size_bytes - at;

        if (begin[0] == '/' && begin[1] == '*') {
                end = memmem(begin + 2, rest - 2, "*/", 2);
                return end ? (uint32_t) (end + 2 - begin) : 0;
        }
        end = memchr(begin, '\n', rest);
        return end ? (uint32_t) (end - begin) : rest;
}

void text_fault_comment(const TextFault *fault) {
        if (!text_fault_precedes_yaml(fault))
                report_comment(fault);
}

void text_fault_trailing_comma(const TextFault *fault) {
        text_fault_report(fault, fault->comma, 1, "remove the comma",
                "a trailing comma before '%c'", peek(fault, 0));
}

/* What is wrong with a number, as the second half of "the number N has …"; NULL for another. */
static const char *number_problem(const char *token) {
        const char *at = token + (*token == '-');

        if (!ascii_is_digit(*at))
                return *at == '.' ? "has no digit before the point" : NULL;
        if (at[0] == '0' && ascii_is_digit(at[1]))
                return "has a leading zero";
        at += strspn(at, "0123456789");
        if (*at == '.' && !ascii_is_digit(at[1]))
                return "has no digit behind the point";
        if (*at == '.')
                at += 1 + strspn(at + 1, "0123456789");
        if (*at != 'e' && *at != 'E')
                return NULL;
        at += 1 + (at[1] == '+' || at[1] == '-');
        return ascii_is_digit(*at) ? NULL : "has no digit in its exponent";
}

void text_fault_number(const TextFault *fault) {
        char token[TOKEN_SHOWN_BYTES + 1] = "", hint[64];
        size_t length = token_length(fault, true);
        const char *problem = NULL;
        uint64_t number;
        char *end = NULL;

        memcpy(token, fault->bytes + fault->at,
                length < TOKEN_SHOWN_BYTES ? length : TOKEN_SHOWN_BYTES);
        number = strtoull(token, &end, 16);
        if (token[0] == '0' && (token[1] == 'x' || token[1] == 'X') && *end == '\0' &&
                end > token + 2 && length <= strlen("0xffffffffffffffff")) {
                snprintf(hint, sizeof(hint), "JSON numbers are decimal: %" PRIu64, number);
                text_fault_report(
                        fault, fault->at, length, hint, "the hexadecimal number %s", token);
                return;
        }
        problem = number_problem(token);
        if (text_fault_foreign(fault, false))
                return;
        if (problem)
                text_fault_report(fault, fault->at, length,
                        "JSON numbers are decimal, as 10 or 0.5", "the number %s %s", token,
                        problem);
        else
                text_fault_report(fault, fault->at, length,
                        hint_unless_first(fault, "JSON numbers are decimal digits"),
                        "%s is not a JSON number", token);
}

static void report_escape(const TextFault *fault) {
        size_t n_hex = 0;

        if (peek(fault, 1) != 'u') {
                size_t length = utf8_decode(
                        fault->bytes + fault->at + 1, fault->size_bytes - fault->at - 1, NULL);

                text_fault_report(fault, fault->at, 1 + length,
                        "JSON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX; a backslash "
                        "itself is "
                        "written \\\\",
                        "the unknown escape %.*s", (int) (1 + length), fault->bytes + fault->at);
                return;
        }
        while (n_hex < 4 && peek(fault, 2 + n_hex) &&
                strchr("0123456789abcdefABCDEF", peek(fault, 2 + n_hex)))
                n_hex++;
        if (n_hex < 4)
                text_fault_report(
                        fault, fault->at, 2 + n_hex, NULL, "\\u without four hexadecimal digits");
        else
                text_fault_report(fault, fault->at, 6,
                        "a character above U+FFFF is written as a pair: \\ud83d\\ude00",
                        "the lone surrogate %.6s", fault->bytes + fault->at);
}

/* A file that was cut off ends without a bracket; one whose closing quote was forgotten does not.
 */
static bool is_cut_off(const TextFault *fault, uint32_t quote) {
        for (uint32_t at = quote; at < fault->size_bytes; at++)
                if (fault->bytes[at] == '}' || fault->bytes[at] == ']')
                        return false;
        return fault->depth > 0;
}

void text_fault_string(const TextFault *fault, uint32_t quote) {
        char character = peek(fault, 0);

        if (fault->at == fault->size_bytes ||
                (character == '\\' && fault->at + 1 == fault->size_bytes))
                text_fault_report(fault, quote, 1,
                        is_cut_off(fault, quote) ? "is the file cut off?"
                                                 : "a closing double quote is missing",
                        "the text ends inside the string that begins here");
        else if (character == '\n' || character == '\r')
                text_fault_report(fault, quote, fault->at - quote,
                        "is the closing quote missing? a line break in a string is written \\n",
                        "an unescaped line break in a string");
        else if (character == '\t')
                text_fault_report(fault, fault->at, 1,
                        "remove it; a tab that is meant is written \\t",
                        "an unescaped tab in a string");
        else if (character == '\\')
                report_escape(fault);
        else if ((uint8_t) character < 0x20)
                text_fault_report(fault, fault->at, 1, NULL,
                        "the unescaped control character U+%04X in a string", (unsigned) character);
        else
                text_fault_report(fault, fault->at, 1, "save the file as UTF-8",
                        "the byte 0x%02x in a string, which is not UTF-8", (uint8_t) character);
}
