/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Brackets that do not match. The scan stops where one no longer fits, and the one that is missing
 * or too many stands before that: a '{' where a key should stand is a rule whose '}' was forgotten.
 * Who mends the place itself makes it worse. So each mend that would let the text go on is tried:
 * it is read on from there, by a reader that looks at brackets, commas and colons and takes in its
 * stride what the scan goes on behind. The mend that comes furthest is what the author is asked
 * about; only one can come to the end, since any two leave a different number of brackets open.
 */

#include "profile/text_fault.h"

#include "base/ascii.h"
#include "base/cleanup.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define VALUE_SHOWN_BYTES 40 /* of a longer one a hint says only where it begins */
#define SHOWN_BYTES       64

typedef enum Next {
        NEXT_VALUE, /* or the end of an array */
        NEXT_KEY,   /* or the end of an object */
        NEXT_COLON,
        NEXT_SEPARATOR, /* or the end of either */
} Next;

/* The text as it is read on behind a mend. */
typedef struct Reading {
        const TextFault *fault;
        size_t at;
        Next next;
        uint32_t depth;
        char open[LIMIT_DEPTH + 1]; /* a mend may open one more */
} Reading;

/* What would make the text fit. */
typedef struct Mend {
        size_t at; /* where it is read on, */
        Next next; /* and as what */
        bool closes;
        char opens; /* the bracket that is put there or, for one too many, no longer closed */
        bool moves; /* what it opens is closed where the text next needs that */
} Mend;

/* The best mend so far. */
typedef struct Choice {
        const TextFault *fault;
        size_t reach;
        char hint[200];
} Choice;

static char innermost(const Reading *reading) {
        return reading->depth > 0 ? reading->open[reading->depth - 1] : 0;
}

static char closing_of(char bracket) {
        return bracket == '{' ? '}' : ']';
}

static void skip_space(Reading *reading) {
        const TextFault *fault = reading->fault;

        for (;;) {
                uint32_t length = 0;

                if (ascii_is_space(text_fault_byte(fault, reading->at)))
                        length = 1;
                else if (text_fault_is_comment(fault->bytes, fault->size_bytes, reading->at))
                        length = text_fault_comment_length(
                                fault->bytes, (uint32_t) fault->size_bytes, (uint32_t) reading->at);
                if (length == 0)
                        return;
                reading->at += length;
        }
}

/* The length of the string at `at`; 0 for one that does not end in its line. */
static size_t string_length(const Reading *reading) {
        size_t at = reading->at + 1;

        for (;; at++) {
                char character = text_fault_byte(reading->fault, at);

                if (character == '"')
                        return at + 1 - reading->at;
                if (character == '\\')
                        at++;
                else if (character == '\0' || character == '\n')
                        return 0;
        }
}

static size_t word_length(const Reading *reading) {
        size_t length = 0;

        for (;; length++) {
                char character = text_fault_byte(reading->fault, reading->at + length);

                if (!ascii_is_letter(character) && !ascii_is_digit(character) &&
                        !(character && strchr("+-._$", character)))
                        return length;
        }
}

/* A string, number or word. */
static bool read_scalar(Reading *reading) {
        bool is_string = text_fault_byte(reading->fault, reading->at) == '"';
        size_t length = is_string ? string_length(reading) : word_length(reading);

        if (length == 0 || reading->next == NEXT_COLON)
                return false;
        if (reading->next == NEXT_SEPARATOR && (!is_string || reading->depth == 0))
                return false;
        if (innermost(reading) == '{' && reading->next != NEXT_VALUE)
                reading->next = NEXT_COLON;
        else
                reading->next = NEXT_SEPARATOR;
        reading->at += length;
        return true;
}

static bool read_opening(Reading *reading) {
        bool fits = reading->next == NEXT_VALUE ||
                (reading->next == NEXT_SEPARATOR && innermost(reading) == '[');

        if (!fits || reading->depth >= LIMIT_DEPTH)
                return false;
        reading->open[reading->depth] = text_fault_byte(reading->fault, reading->at++);
        reading->depth++;
        reading->next = innermost(reading) == '{' ? NEXT_KEY : NEXT_VALUE;
        return true;
}

static bool read_closing(Reading *reading) {
        char bracket = innermost(reading);

        if (bracket == 0 || text_fault_byte(reading->fault, reading->at) != closing_of(bracket) ||
                (reading->next != NEXT_SEPARATOR &&
                        reading->next != (bracket == '{' ? NEXT_KEY : NEXT_VALUE)))
                return false;
        reading->at++;
        reading->depth--;
        reading->next = NEXT_SEPARATOR;
        return true;
}

static bool read_token(Reading *reading) {
        switch (text_fault_byte(reading->fault, reading->at)) {
        case '{':
        case '[': return read_opening(reading);
        case '}':
        case ']': return read_closing(reading);
        case ',':
                if (reading->next != NEXT_SEPARATOR || reading->depth == 0)
                        return false;
                reading->next = innermost(reading) == '{' ? NEXT_KEY : NEXT_VALUE;
                reading->at++;
                return true;
        case ':':
                if (reading->next != NEXT_COLON)
                        return false;
                reading->next = NEXT_VALUE;
                reading->at++;
                return true;
        default: return read_scalar(reading);
        }
}

/* Closes the innermost object before a value that is the next one around it, or before what closes
 * that. */
static bool close_before(Reading *reading) {
        char what = text_fault_byte(reading->fault, reading->at);

        if (innermost(reading) != '{' || !what)
                return false;
        if (what == '{' && reading->next == NEXT_KEY)
                reading->next = NEXT_VALUE;
        else if (what != ']' || reading->next != NEXT_SEPARATOR)
                return false;
        reading->depth--;
        return true;
}

/* How far the mended text can be read: where it no longer fits; past its size if all of it does. */
static size_t reach(const TextFault *fault, Mend mend) {
        Reading reading = { fault, .at = mend.at, .next = mend.next, .depth = fault->depth };

        for (uint32_t i = 0; i < fault->depth; i++)
                reading.open[i] = fault->bytes[fault->openers[i]];
        if (mend.closes)
                reading.depth--;
        if (mend.opens)
                reading.open[reading.depth++] = mend.opens;
        do
                skip_space(&reading);
        while (read_token(&reading) || (mend.moves && close_before(&reading)));
        return reading.at +
                (reading.at == fault->size_bytes && reading.depth == 0 &&
                        reading.next == NEXT_SEPARATOR);
}

/* Tries a mend, of which the hint asks. Of two that come equally far the first is kept. */
__attribute__((format(printf, 3, 4))) static void consider(
        Choice *choice, Mend mend, const char *format, ...) {
        size_t reached = reach(choice->fault, mend);
        va_list args;

        if (reached <= choice->reach)
                return;
        choice->reach = reached;
        va_start(args, format);
        vsnprintf(choice->hint, sizeof(choice->hint), format, args);
        va_end(args);
}

static Choice start(const TextFault *fault) {
        return (Choice){ .fault = fault, .reach = fault->at };
}

/* The bracket around the innermost one; 0 for none. */
static char outer(const TextFault *fault) {
        return fault->depth > 1 ? fault->bytes[fault->openers[fault->depth - 2]] : 0;
}

/* The first byte of the value before the fault, in the same array or object; 0 for none. */
static char sibling(const TextFault *fault) {
        return fault->sibling.length > 0 ? fault->bytes[fault->sibling.offset] : 0;
}

/* A value as hints name it: by what it says, or by where it begins. */
static const char *show(const TextFault *fault, Span value, char buffer[SHOWN_BYTES]) {
        bool is_nested = strchr("{[", fault->bytes[value.offset]) != NULL;

        if (!is_nested && value.length <= VALUE_SHOWN_BYTES)
                snprintf(buffer, SHOWN_BYTES, "`%.*s`", (int) value.length,
                        fault->bytes + value.offset);
        else
                snprintf(buffer, SHOWN_BYTES, "the %s that begins in line %u",
                        !is_nested                                  ? "value"
                                : fault->bytes[value.offset] == '{' ? "object"
                                                                    : "array",
                        text_fault_line(fault, value.offset));
        return buffer;
}

static unsigned sibling_end_line(const TextFault *fault) {
        return text_fault_line(fault, fault->sibling.offset + fault->sibling.length - 1);
}

/* The last byte before `offset` that is no white space, and where it is. */
static char byte_before(const TextFault *fault, uint32_t offset, uint32_t *ret_offset) {
        while (offset > 0 && ascii_is_space(fault->bytes[offset - 1]))
                offset--;
        *ret_offset = offset > 0 ? offset - 1 : 0;
        return offset > 0 ? fault->bytes[offset - 1] : 0;
}

static Next next_of(TextWant want) {
        switch (want) {
        case WANT_KEY:
        case WANT_NEXT_KEY: return NEXT_KEY;
        case WANT_COLON: return NEXT_COLON;
        case WANT_SEPARATOR:
        case WANT_END: return NEXT_SEPARATOR;
        case WANT_VALUE:
        case WANT_ELEMENT: break;
        }
        return NEXT_VALUE;
}

/* ']' in an object, '}' in an array. */
static void report_closing(const TextFault *fault, TextWant want) {
        char bracket = fault->bytes[fault->at], shown[SHOWN_BYTES];
        char wanted = closing_of(text_fault_innermost(fault));
        Choice choice = start(fault);

        if (want == WANT_COLON)
                consider(&choice, (Mend){ fault->at, NEXT_SEPARATOR, .closes = true, .opens = '[' },
                        "should the '{' before %s be a '['?", show(fault, fault->string, shown));
        consider(&choice, (Mend){ fault->at, NEXT_SEPARATOR, .closes = true },
                "is a '%c' missing before it?", wanted);
        consider(&choice, (Mend){ fault->at + 1, NEXT_SEPARATOR, .closes = true },
                "should it be a '%c'?", wanted);
        if (bracket == ']' && sibling(fault) && sibling(fault) != '[')
                consider(&choice, (Mend){ fault->at + 1, NEXT_SEPARATOR },
                        "is a '[' missing before %s, or is this ']' one too many?",
                        show(fault, fault->sibling, shown));
        consider(&choice, (Mend){ fault->at + 1, next_of(want) }, "is it one too many?");
        text_fault_report(fault, fault->at, 1, choice.hint,
                "'%c' where the %s that begins in line %u is still open", bracket,
                wanted == '}' ? "object" : "array", text_fault_opener_line(fault));
}

/* An object in an object, where no value can stand. */
static void consider_object(Choice *choice, TextWant want) {
        const TextFault *fault = choice->fault;
        char shown[SHOWN_BYTES];

        if (want == WANT_KEY) {
                consider(choice, (Mend){ fault->at + 1, NEXT_KEY }, "is it one too many?");
                consider(choice, (Mend){ fault->at, NEXT_VALUE, .closes = true, .opens = '[' },
                        "should the '{' before it be a '['?");
                return;
        }
        if (want == WANT_NEXT_KEY)
                consider(choice, (Mend){ fault->comma, NEXT_SEPARATOR, .closes = true },
                        "is a '}' missing before the comma?");
        else
                consider(choice, (Mend){ fault->at, NEXT_SEPARATOR, .closes = true },
                        "are a '}' and a comma missing before it?");
        if (sibling(fault) == '{')
                consider(choice, (Mend){ fault->at, NEXT_VALUE, .opens = '[' },
                        "is a '[' missing before %s?", show(fault, fault->sibling, shown));
        else if (sibling(fault) == '[')
                consider(choice, (Mend){ fault->at, NEXT_VALUE, .opens = '[' },
                        "is the ']' in line %u one too many?", sibling_end_line(fault));
}

/* '{' or '[' in an object where no value can stand. */
static void report_opening(const TextFault *fault, TextWant want) {
        Choice choice = start(fault);

        snprintf(choice.hint, sizeof(choice.hint),
                "in an object each value stands behind its key: \"key\": value");
        if (fault->bytes[fault->at] == '{')
                consider_object(&choice, want);
        text_fault_report(fault, fault->at, 1, choice.hint,
                "'%c' where %s should stand: the object that begins in line %u is still open",
                fault->bytes[fault->at], text_fault_want_name(fault, want),
                text_fault_opener_line(fault));
}

/* A colon behind a string that is an element or a value: it is the key of some other object. */
static void report_colon(const TextFault *fault) {
        char around = text_fault_innermost(fault), shown[SHOWN_BYTES];
        const char *key = show(fault, fault->string, shown);
        uint32_t offset;
        char before = byte_before(fault, fault->string.offset, &offset);
        bool is_behind_object = before == ',' && byte_before(fault, offset, &offset) == '}';
        Choice choice = start(fault);

        snprintf(choice.hint, sizeof(choice.hint), "a member is written \"key\": value");
        if (around == '[' && before != '[' && outer(fault) == '{')
                consider(&choice, (Mend){ fault->at, NEXT_COLON, .closes = true },
                        before == ',' ? "is a ']' missing before the comma in front of %s?"
                                      : "is a ']' missing before %s?",
                        key);
        consider(&choice, (Mend){ fault->at, NEXT_COLON, .opens = '{' },
                is_behind_object
                        ? "is a '{' missing before %s, or is the '}' in front of it one too many?"
                        : "is a '{' missing before %s?",
                key);
        if (is_behind_object)
                consider(&choice, (Mend){ fault->at, NEXT_COLON, .opens = '{', .moves = true },
                        "is the '}' in line %u too early? %s belongs in the object before it",
                        text_fault_line(fault, offset), key);
        if (before == '[')
                consider(&choice, (Mend){ fault->at, NEXT_COLON, .closes = true, .opens = '{' },
                        "should the '[' before %s be a '{'?", key);
        text_fault_report(fault, fault->at, 1, choice.hint,
                "':' where %s should stand: the %s that begins in line %u is still open",
                text_fault_want_name(fault, WANT_SEPARATOR), around == '[' ? "array" : "object",
                text_fault_opener_line(fault));
}

/* A string in an object, with no colon behind it: one of a list. */
static void report_list(const TextFault *fault) {
        char shown[SHOWN_BYTES];
        Choice choice = start(fault);

        snprintf(choice.hint, sizeof(choice.hint),
                "a member is written \"key\": value; a list stands between '[' and ']'");
        if (sibling(fault))
                consider(&choice, (Mend){ fault->at, NEXT_SEPARATOR, .opens = '[' },
                        "is a '[' missing before %s?", show(fault, fault->sibling, shown));
        else
                consider(&choice, (Mend){ fault->at, NEXT_SEPARATOR, .closes = true, .opens = '[' },
                        "should the '{' before %s be a '['? a list stands between '[' and ']'",
                        show(fault, fault->string, shown));
        text_fault_report(fault, fault->at, 1, choice.hint, "'%c' where a colon should stand",
                fault->bytes[fault->at]);
}

/* Whether an object begins there as a rule does. */
static bool begins_rule(const TextFault *fault, size_t offset) {
        static const char *const keys[] = { "\"names\"", "\"name\"", "\"action\"" };
        Reading reading = { fault, .at = offset };

        skip_space(&reading);
        if (text_fault_byte(fault, reading.at) != '{')
                return false;
        reading.at++;
        skip_space(&reading);
        for (size_t i = 0; i < N_ELEMENTS(keys); i++)
                if (fault->size_bytes - reading.at >= strlen(keys[i]) &&
                        memcmp(fault->bytes + reading.at, keys[i], strlen(keys[i])) == 0)
                        return true;
        return false;
}

/* What stands behind the value that is the whole text. */
static bool report_behind(const TextFault *fault) {
        char what = fault->bytes[fault->at], shown[SHOWN_BYTES];
        Choice choice = start(fault);

        if ((what == ',' || what == '{') && begins_rule(fault, fault->at + (what == ','))) {
                text_fault_report(fault, fault->at, 1,
                        "a rule belongs in the list `syscalls`, before its ']'",
                        "more text behind the JSON value");
        } else if (what == '}' || what == ']') {
                text_fault_report(fault, fault->at, 1, "is it one too many?",
                        "'%c' has no opening bracket", what);
        } else if (what == ':' && sibling(fault) == '"') {
                text_fault_report(fault, fault->string.offset, fault->string.length,
                        "a profile begins with '{' and ends with '}'",
                        "a key outside an object: %s", show(fault, fault->string, shown));
        } else if (what == ',' && (sibling(fault) == '{' || sibling(fault) == '[')) {
                consider(&choice, (Mend){ fault->at + 1, NEXT_SEPARATOR }, "remove the comma");
                consider(&choice, (Mend){ fault->at, NEXT_SEPARATOR, .opens = sibling(fault) },
                        "is the '%c' in line %u one too many?", closing_of(sibling(fault)),
                        sibling_end_line(fault));
                text_fault_report(fault, fault->at, 1, choice.hint, "',' where %s should stand",
                        text_fault_want_name(fault, WANT_END));
        } else {
                return false;
        }
        return true;
}

bool text_fault_bracket(const TextFault *fault, TextWant want) {
        char what = fault->bytes[fault->at], around = text_fault_innermost(fault);
        bool is_closing = what == '}' || what == ']';
        uint32_t offset;

        if (want == WANT_END)
                return report_behind(fault);
        if (is_closing && around && what != closing_of(around))
                report_closing(fault, want);
        else if (is_closing && !around)
                text_fault_report(fault, fault->at, 1, "a profile begins with '{'",
                        "'%c' has no opening bracket", what);
        else if ((what == '{' || what == '[') && around == '{' &&
                (want == WANT_KEY || want == WANT_NEXT_KEY || want == WANT_SEPARATOR))
                report_opening(fault, want);
        else if (what == ':' && want == WANT_SEPARATOR && fault->string.length > 0 &&
                byte_before(fault, fault->at, &offset) == '"' &&
                offset == fault->string.offset + fault->string.length - 1)
                report_colon(fault);
        else if ((what == ',' || what == '}') && want == WANT_COLON)
                report_list(fault);
        else
                return false;
        return true;
}
