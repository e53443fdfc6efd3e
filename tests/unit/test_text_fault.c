/* SPDX-License-Identifier: Apache-2.0 */

#include "text_fixture.h"

#include "profile/limits.h"

/* Rules as they stand in a profile; what is given begins at byte 8, in line 2. */
#define RULES(text) LITERAL("{\"s\": [\n" text "\n]}")

/* What must be refused, where, and the words a person gets for it. */
static const struct {
        const char *bytes;
        size_t size_bytes;
        uint32_t offset, length;
        const char *says; /* in the message or the hint */
} REFUSED[] = {
        /* nothing, or not a whole value */
        { LITERAL(""), 0, 0, "the file is empty" },
        { LITERAL(" \n"), 2, 0, "only white space" },
        { LITERAL("["), 1, 0, "inside the array that begins in line 1" },
        { LITERAL("\n\n{\"a\":[1]"), 10, 0, "inside the object that begins in line 3" },
        { LITERAL("[1,"), 3, 0, "a closing ']' is missing" },
        { LITERAL("{\"a\""), 4, 0, "a closing '}' is missing" },
        { LITERAL("{\"a\":"), 5, 0, "inside the object" },
        { LITERAL("{\"a\": [{\"b\": [1,\n"), 17, 0, "is the file cut off? `]}]}` is missing" },
        { LITERAL("{\"a\":1,"), 7, 0, "inside the object" },
        { LITERAL("[[1]"), 4, 0, "inside the array" },
        /* encodings and stray characters */
        { LITERAL("\xef\xbb\xbf{}"), 0, 3, "a byte order mark" },
        { LITERAL("{\xef\xbb\xbf}"), 1, 3, "a byte order mark" },
        { LITERAL("\xff\xfe{\0}\0"), 0, 2, "UTF-16" },
        { LITERAL("\xfe\xff\0{\0}"), 0, 2, "UTF-16" },
        { LITERAL("\xef\xbb"), 0, 1, "the byte 0xef, which is not UTF-8" },
        { LITERAL("{\0}\0"), 1, 1, "is it UTF-16?" },
        { LITERAL("[1]\0"), 3, 1, "U+0000" },
        { LITERAL("[\x0c]"), 1, 1, "the control character U+000C" },
        { LITERAL("[\x0b"
                  "1]"),
                1, 1, "the control character U+000B" },
        { LITERAL("[\x7f]"), 1, 1, "the control character U+007F" },
        { LITERAL("[\xe5]"), 1, 1, "the byte 0xe5, which is not UTF-8" },
        { LITERAL("[\u00a0"
                  "1]"),
                1, 2, "the white space character U+00A0" },
        { LITERAL("[1\u2003]"), 2, 3, "the white space character U+2003" },
        { LITERAL("[\u2060]"), 1, 3, "where a value should stand" },
        { LITERAL("{\u201ca\u201d: 1}"), 1, 3, "a typographic quote" },
        { LITERAL("[\u00e4]"), 1, 2, "'\u00e4' where a value should stand" },
        { LITERAL("{\"a\"\uff1a 1}"), 4, 3, "the character U+FF1A in place of ':'" },
        { LITERAL("[\uff021\uff02]"), 1, 3, "type '\"' as it is in ASCII" },
        { LITERAL("[\uff071\uff07]"), 1, 3, "type '\"' as it is in ASCII" },
        { LITERAL("[1\u060c 2]"), 2, 2, "type ',' as it is in ASCII" },
        { LITERAL("[1\uff0c 2]"), 2, 3, "here and wherever else it stands outside a string" },
        { LITERAL("{\"a\": \u30101\u3011}"), 6, 3, "type '[' as it is in ASCII" },
        { LITERAL("\uff5b\"a\": 1}"), 0, 3, "type '{' as it is in ASCII" },
        { LITERAL("[\u22121]"), 1, 3, "in place of '-'" },
        /* other languages */
        { LITERAL("defaultAction: SCMP_ACT_ERRNO\n"), 0, 13, "this looks like YAML" },
        { LITERAL("\n apiVersion: v1"), 2, 10, "kubectl create --dry-run=client -o json" },
        { LITERAL("---\n{}"), 0, 3, "this looks like YAML" },
        { LITERAL("# one\n\n  # two\nkind: x\n"), 15, 4, "this looks like YAML" },
        { LITERAL("- a\n- b\n"), 0, 1, "this looks like YAML" },
        { LITERAL("kind: ConfigMap\napiVersion: v1\n"), 0, 4, "where a cluster answers, `kubectl" },
        { LITERAL("names: []"), 0, 5, "`yq -o=json . FILE` prints the JSON" },
        { LITERAL("<!DOCTYPE html>\n<html>"), 0, 1, "this looks like HTML" },
        { LITERAL("\n<html><body>"), 1, 1, "this looks like HTML" },
        { LITERAL("[<a>]"), 1, 1, "'<' where a value should stand" },
        { LITERAL("404: Not Found"), 0, 3, "a web server's answer" },
        { LITERAL(" 503 Service Unavailable\n"), 1, 3, "a web server's answer" },
        { LITERAL("[404: 1]"), 4, 1, "':' where a comma or ']' should stand" },
        { LITERAL("4040 x"), 5, 1, "more text behind" },
        { LITERAL("<<<<<<< ours\n{}\n=======\n[]\n>>>>>>> theirs\n"), 0, 7, "a merge conflict" },
        { LITERAL("{\"a\": 1,\n<<<<<<< ours\n"), 9, 7, "keep one of the two sides" },
        { LITERAL("{\"a\": 1\n=======\n"), 8, 7, "a merge conflict" },
        { LITERAL("{}\n>>>>>>> theirs"), 3, 7, "a merge conflict" },
        { LITERAL("```json\n{}\n```\n"), 0, 3, "a Markdown fence" },
        { LITERAL("{}\n```"), 3, 3, "a Markdown fence" },
        { LITERAL("$ cat a.json\n{}"), 0, 1, "a copy of a terminal" },
        { LITERAL("--1"), 0, 3, "--1 is not a JSON number" },
        { LITERAL("+{\n+  \"a\": 1\n+}\n"), 0, 1, "this looks like a diff" },
        { LITERAL("{\n-  \"a\": 1,\n+  \"a\": 2\n}"), 2, 1, "this looks like a diff" },
        { LITERAL("{\"a\": [\n-{}]}"), 8, 1, "the lines that begin with -" },
        { LITERAL("{\"a\": 1\n+}\n"), 8, 1, "this looks like a diff" },
        { LITERAL("diff --git a/x b/x\n"), 0, 4, "this looks like a diff" },
        { LITERAL("--- a/x\n+++ b/x\n"), 0, 3, "this looks like a diff" },
        { LITERAL("--- # x\na: 1\n"), 0, 3, "this looks like YAML" },
        { LITERAL("@@ -1 +1 @@\n"), 0, 2, "this looks like a diff" },
        { LITERAL("+1"), 0, 1, "'+' where a JSON object should stand" },
        { LITERAL("[1,\n+1]"), 4, 1, "JSON numbers have no plus sign" },
        { LITERAL("HTTP/1.1 404 Not Found\r\n"), 0, 5, "a web server's answer" },
        { LITERAL("version https://git-lfs.github.com/spec/v1\n"), 0, 7, "`git lfs pull`" },
        { LITERAL("Error from server (NotFound): x\n"), 0, 5, "an error message in place of" },
        { LITERAL("error: no such file\n"), 0, 6, "an error message in place of" },
        { LITERAL("\x1f\x8b\x08\0"), 0, 2, "compressed by gzip" },
        { LITERAL("\xfd\x37zXZ\0"), 0, 5, "compressed by xz" },
        { LITERAL("\x28\xb5\x2f\xfd"), 0, 4, "compressed by zstd" },
        { LITERAL("PK\x03\x04"), 0, 4, "a zip archive" },
        { LITERAL("cat <<EOF >x\n"), 0, 3, "a shell's command that writes the file" },
        { LITERAL("\x1b[1m{"), 0, 2, "a terminal's colour code" },
        { LITERAL("[1\x1b[m"), 2, 2, "a terminal's colour code" },
        { LITERAL("ewogICJkZWZhdWx0\nQWN0\n"), 0, 2, "this looks like base64" },
        { LITERAL("ewogICJkZWZh\n"), 0, 12, "'ewogICJkZWZh' where a JSON object" },
        { LITERAL("eyes of a new profile"), 0, 4, "a profile begins with '{'" },
        { LITERAL("    1\t{\n    2\t}\n"), 4, 1, "line numbers in front of the lines" },
        { LITERAL("1: {\n2: }\n"), 0, 1, "line numbers in front of the lines" },
        { LITERAL("1 {\n3 }\n"), 2, 1, "more text behind" },
        { LITERAL("1 {"), 2, 1, "more text behind" },
        { LITERAL("{\"a\": {{ .b }}}"), 6, 2, "a template that is not rendered yet" },
        { LITERAL("{{- if .b }}\n{}"), 0, 2, "a template that is not rendered yet" },
        { LITERAL("{\"a\": 1 {{- if .b }}, \"c\": 1{{ end }}}"), 8, 2, "a template" },
        { LITERAL("{\"a\": 1, {{ if .b }}\"c\": 1}"), 9, 2, "a template" },
        { LITERAL("[1 {{ .b }}]"), 3, 2, "render it first" },
        { LITERAL("{\"a\": 1, {% if b %}\"c\": 1}"), 9, 2, "a template" },
        { LITERAL("{\"a\": {% if b %}1{% endif %}}"), 6, 2, "a template" },
        { LITERAL("{% if b %}{}{% endif %}"), 0, 2, "a template" },
        { LITERAL("[1 {%- if b %}, 2]"), 3, 2, "render it first" },
        { LITERAL("{{ \"a\": 1 }}"), 1, 1, "is it one too many?" },
        { LITERAL("[${A}]"), 1, 2, "a variable that has no value yet" },
        { LITERAL("[1, ...]"), 4, 3, "an ellipsis" },
        { LITERAL("[1, \u2026]"), 4, 3, "an ellipsis" },
        { LITERAL("this is no JSON"), 0, 4, "a profile begins with '{'" },
        { LITERAL("'{}'"), 0, 1, "a profile begins with '{'" },
        { LITERAL("{a: 1}"), 1, 1, "a key without quotes: a" },
        { LITERAL("['a']"), 1, 1, "single quotes" },
        { LITERAL("{'a': 1}"), 1, 1, "single quotes" },
        { LITERAL("[`a`]"), 1, 1, "a back quote" },
        { LITERAL("// x\n{}"), 0, 2, "a comment" },
        { LITERAL("[1, /* x */ 2]"), 4, 2, "a comment" },
        { LITERAL("{} # x"), 3, 1, "a comment" },
        { LITERAL("{\"a\": 1 // x\n}"), 8, 2, "a comment" },
        { LITERAL("[/]"), 1, 1, "'/' where a value should stand" },
        { LITERAL("[NaN]"), 1, 3, "NaN, which JSON does not know" },
        { LITERAL("[Infinity]"), 1, 8, "JSON numbers are finite" },
        { LITERAL("{\"a\": True}"), 6, 4, "JSON writes true" },
        { LITERAL("{\"a\": FALSE}"), 6, 5, "JSON writes false" },
        { LITERAL("{\"a\": None}"), 6, 4, "JSON writes null" },
        { LITERAL("[undefined]"), 1, 9, "leave the key out" },
        { LITERAL("nul"), 0, 3, "'nul' where a JSON object should stand" },
        { LITERAL("[truey]"), 1, 5, "a word without quotes: truey" },
        { LITERAL("[tru]"), 1, 3, "a word without quotes: tru" },
        { LITERAL("{\"errnoRet\": ENOSYS}"), 13, 6, "where a number is wanted, write 38" },
        { LITERAL("[CLONE_NEWUSER]"), 1, 13, "write 268435456" },
        { LITERAL("{ENOSYS: 1}"), 1, 6, "JSON keys stand in double quotes" },
        { LITERAL("[SCMP_ACT_ALLOW]"), 1, 14, "a word without quotes: SCMP_ACT_ALLOW" },
        { LITERAL("{a: 1}"), 1, 1, "a key without quotes: a" },
        { LITERAL("{\"a\": 1, b: 2}"), 9, 1, "a key without quotes: b" },
        { LITERAL("{null: 1}"), 1, 4, "a key without quotes: null" },
        { LITERAL("{1: 1}"), 1, 1, "a key without quotes: 1" },
        { LITERAL("[*]"), 1, 1, "'*' where a value should stand" },
        /* commas, colons, brackets */
        { LITERAL("[1,]"), 2, 1, "a trailing comma before ']'" },
        { LITERAL("[1, \n ]"), 2, 1, "a trailing comma before ']'" },
        { LITERAL("{\"a\": 1,}"), 7, 1, "a trailing comma before '}'" },
        { LITERAL("{\"a\": 1\n,\n}"), 8, 1, "a trailing comma before '}'" },
        { LITERAL("[1,,2]"), 3, 1, "',' where a value should stand" },
        { LITERAL("[,1]"), 1, 1, "',' where a value should stand" },
        { LITERAL("{,\"a\": 1}"), 1, 1, "',' where a key or '}' should stand" },
        { LITERAL("{\"a\": 1,,\"b\": 2}"), 8, 1, "',' where a key should stand" },
        { LITERAL("{\"a\":, \"b\": 1}"), 5, 1, "',' where a value should stand" },
        { LITERAL("{\"a\":}"), 5, 1, "'}' where a value should stand" },
        { LITERAL("[1 2]"), 3, 1, "a comma is missing" },
        { LITERAL("[\"a\" \"b\"]"), 5, 1, "a comma is missing" },
        { LITERAL("[1 true]"), 3, 1, "a comma is missing" },
        { LITERAL("[[] []]"), 4, 1, "a comma is missing" },
        { LITERAL("[1[]]"), 2, 1, "a comma is missing" },
        { LITERAL("[{} -1]"), 4, 1, "a comma is missing" },
        { LITERAL("{\"a\": 1 \"b\": 2}"), 8, 1, "a comma is missing" },
        { LITERAL("[1;2]"), 2, 1, "';' where a comma or ']' should stand" },
        { LITERAL("[1;2]"), 2, 1, "members are separated by commas" },
        { LITERAL("[1; ]"), 2, 1, "remove it" },
        { LITERAL("[1;"), 2, 1, "remove it" },
        { LITERAL("[1]; {}"), 3, 1, "remove it" },
        { LITERAL("[\"a\" + \"b\"]"), 5, 1, "JSON has no operators: write what comes of it" },
        { LITERAL("[1 | 2]"), 3, 1, "JSON has no operators: write what comes of it" },
        { LITERAL("{\"a\": 1;}"), 7, 1, "';' where a comma or '}' should stand" },
        { LITERAL("[\"a\": 1]"), 4, 1, "':' where a comma or ']' should stand" },
        { LITERAL("{\"a\" 1}"), 5, 1, "a colon is missing" },
        { LITERAL("{\"a\" \"b\"}"), 5, 1, "a colon is missing" },
        { LITERAL("{\"a\", \"b\"}"), 4, 1, "',' where a colon should stand" },
        { LITERAL("[\"read, \"action\": 1]"), 1, 8, "ends where a word begins: action" },
        { LITERAL("{\"names: [\"read\"]}"), 1, 10, "is its closing quote missing?" },
        { LITERAL("[\"say \"no\" here\"]"), 1, 6, "a quote inside a string is written \\\"" },
        { LITERAL("[\"a\" b]"), 5, 1, "a comma is missing" },
        { LITERAL("{\"a\" = 1}"), 5, 1, "a member is written \"key\": value" },
        { LITERAL("{\"a\": (1)}"), 6, 1, "a list stands between '[' and ']'" },
        { LITERAL("{\"a\"}"), 4, 1, "'}' where a colon should stand" },
        { LITERAL("{\"a\":: 1}"), 5, 1, "':' where a value should stand" },
        { LITERAL("{[1]: 1}"), 1, 1, "'[' where a key or '}' should stand" },
        { LITERAL("{\"a\": 1, [1]: 1}"), 9, 1, "'[' where a key should stand" },
        { LITERAL("{\"a\": [1}"), 8, 1, "'}' where the array that begins in line 1 is still open" },
        { LITERAL("[1}"), 2, 1, "should it be a ']'?" },
        { LITERAL("[}"), 1, 1, "is still open" },
        { LITERAL("\n{]"), 2, 1, "the object that begins in line 2" },
        { LITERAL("[1,}"), 3, 1, "is still open" },
        { LITERAL("{\"a\": 1]"), 7, 1, "should it be a '}'?" },
        { LITERAL("]"), 0, 1, "has no opening bracket" },
        { LITERAL("}"), 0, 1, "has no opening bracket" },
        /* brackets: what is missing or too many stands before the place */
        { RULES("{\"a\": 1, {\"b\": 2}"), 17, 1, "is a '}' missing before the comma?" },
        { RULES("{\"a\": [1], {\"b\": 2}"), 19, 1, "is a '}' missing before the comma?" },
        { RULES("{\"a\": 1 {\"b\": 2}"), 16, 1, "are a '}' and a comma missing before it?" },
        { RULES("{\"a\": [{\"b\": 2]}, 3"), 22, 1, "is a '}' missing before it?" },
        { RULES("{\"a\": [{\"b\": 2}}, 3"), 23, 1, "is a ']' missing before it?" },
        { RULES("{\"a\": [1}, \"b\": 2}, 3"), 16, 1, "should it be a ']'?" },
        { RULES("{\"a\": {\"b\": 2], \"c\": 3}"), 21, 1, "should it be a '}'?" },
        { RULES("{\"a\": [1]], \"b\": 2}"), 17, 1, "is it one too many?" },
        { RULES("{\"a\": 1}}, 3"), 16, 1, "is it one too many?" },
        { RULES("{\"a\": \"x\", \"y\"], \"b\": 2}"), 22, 1, "'[' missing before `\"x\"`" },
        { RULES("{\"a\": {\"b\": 2}], \"c\": 3}"), 22, 1,
                "is a '[' missing before the object that begins in line 2, or is this ']' one" },
        { RULES("{\"a\": {\"x\"], \"b\": 2}"), 18, 1, "the '{' before `\"x\"` be a '['?" },
        { RULES("{\"a\": {\"x\", \"y\"], \"b\": 2}"), 18, 1, "be a '['? a list stands between" },
        { RULES("{\"a\": {\"x\"}}"), 18, 1, "a list stands between '[' and ']'" },
        { RULES("{\"a\": \"x\", \"y\", \"z\"], \"b\": 1}"), 22, 1, "before `\"x\"`?" },
        { RULES("{\"a\": [1, \"b\": 2}, 3"), 21, 1,
                "is a ']' missing before the comma in front of `\"b\"`?" },
        { RULES("\"a\": 1}, 3"), 11, 1, "is a '{' missing before `\"a\"`?" },
        { RULES("{}, \"a\": 1}, 3"), 15, 1,
                "is a '{' missing before `\"a\"`, or is the '}' in front of it one too many?" },
        { RULES("[\"a\": 1}, 3"), 12, 1, "should the '[' before `\"a\"` be a '{'?" },
        { RULES("{\"a\": \"b\": 1}}, 3"), 17, 1, "is a '{' missing before `\"b\"`?" },
        { RULES("{{\"a\": 1}, 3"), 9, 1, "is it one too many?" },
        { LITERAL("{\"s\":\n{\"a\": 1}, {\"a\": 2}]}"), 16, 1,
                "is a '[' missing before the object that begins in line 2?" },
        { LITERAL("{\"s\":\n{\"a\": 1} {\"a\": 2}]}"), 15, 1,
                "is a '[' missing before the object" },
        { LITERAL("{\"s\": [{\"a\": 1}], {\"a\": 2}]}"), 18, 1, "the ']' in line 1 one too many?" },
        { LITERAL("{\"s\": {{\"a\": 1}, {\"a\": 2}]}"), 7, 1, "the '{' before it be a '['?" },
        { LITERAL("[1, {\"a\": 2}, \"b\": 3]"), 17, 1, "is the '}' in line 1 too early?" },
        { LITERAL("[1, {\"a\": 2}, \"b\": 3}, 4]"), 17, 1, "is a '{' missing before `\"b\"`, or" },
        { LITERAL("[\"a b c d e f g h i j k l m n o p q r s t u v w x y z\": 3}"), 54, 1,
                "the '[' before the value that begins in line 1 be a '{'?" },
        { LITERAL("{\"a\": 1, {\"b\": 2}}"), 9, 1, "each value stands behind its key" },
        { LITERAL("{\"a\": 1 [2]}"), 8, 1, "each value stands behind its key" },
        /* a '}' in the middle of an object */
        { RULES("{\"a\": 1\n}, \"b\": 2,\n{\"a\": 1}"), 22, 1,
                "is the '}' in line 3 too early? `\"b\"` belongs in the object before it" },
        { RULES("{\"a\": 1}, \"b\": 2, \"c\": 3"), 21, 1, "is the '}' in line 2 too early?" },
        /* other mistakes do not hide which it is */
        { RULES("{\"a\": \"]\\\"\", {\"b\": 2, c: 1 \"d\":0x1,} /* ] */"), 21, 1,
                "is a '}' missing before the comma?" },
        /* behind the value */
        { LITERAL("\"a\": 1,\n\"b\": 2"), 0, 3, "a profile begins with '{' and ends with '}'" },
        { LITERAL("{\"a\": 1},\n\"b\": 2}"), 8, 1, "is the '}' in line 1 one too many?" },
        { LITERAL("{},"), 2, 1, "remove the comma" },
        { LITERAL("{}}"), 2, 1, "has no opening bracket" },
        { LITERAL("[1]]"), 3, 1, "has no opening bracket" },
        { LITERAL("{} {}"), 3, 1, "more text behind the JSON value" },
        { LITERAL("{} {\"defaultAction\": 1}"), 3, 1, "a file holds one profile" },
        { LITERAL("{}\n{ \"names\": []}"), 3, 1, "a rule belongs in the list `syscalls`" },
        { LITERAL("{},\n{\"action\": \"\"}"), 2, 1, "a rule belongs in the list `syscalls`" },
        { LITERAL("{} {\"name"), 3, 1, "a file holds one profile" },
        { LITERAL("{}\n\n\"\""), 4, 1, "a file holds one profile" },
        { LITERAL("1 1"), 2, 1, "more text behind" },
        { LITERAL("{}x"), 2, 1, "more text behind" },
        { LITERAL("{},"), 2, 1, "',' where the end of the text should stand" },
        { LITERAL("{} ;"), 3, 1, "';' where the end of the text should stand" },
        /* numbers */
        { LITERAL("[01]"), 1, 2, "the number 01 has a leading zero" },
        { LITERAL("[-01]"), 1, 3, "the number -01 has a leading zero" },
        { LITERAL("[00]"), 1, 2, "has a leading zero" },
        { LITERAL("[012.5]"), 1, 5, "has a leading zero" },
        { LITERAL("[1.]"), 1, 2, "the number 1. has no digit behind the point" },
        { LITERAL("[0.e1]"), 1, 4, "has no digit behind the point" },
        { LITERAL("[-.5]"), 1, 3, "the number -.5 has no digit before the point" },
        { LITERAL("[.5]"), 1, 1, "'.' where a value should stand" },
        { LITERAL("[1e]"), 1, 2, "the number 1e has no digit in its exponent" },
        { LITERAL("[1E+]"), 1, 3, "has no digit in its exponent" },
        { LITERAL("[1e-]"), 1, 3, "has no digit in its exponent" },
        { LITERAL("[1.5e]"), 1, 4, "has no digit in its exponent" },
        { LITERAL("[1.2.3]"), 1, 5, "1.2.3 is not a JSON number" },
        { LITERAL("[1e2e3]"), 1, 5, "1e2e3 is not a JSON number" },
        { LITERAL("[1e2.3]"), 1, 5, "1e2.3 is not a JSON number" },
        { LITERAL("[1-2]"), 1, 3, "1-2 is not a JSON number" },
        { LITERAL("[-]"), 1, 1, "- is not a JSON number" },
        { LITERAL("-"), 0, 1, "- is not a JSON number" },
        { LITERAL("[--1]"), 1, 3, "--1 is not a JSON number" },
        { LITERAL("[- 1]"), 1, 1, "- is not a JSON number" },
        { LITERAL("[-NaN]"), 1, 4, "-NaN is not a JSON number" },
        { LITERAL("[+1]"), 1, 1, "JSON numbers have no plus sign" },
        { LITERAL("[0x7F]"), 1, 4, "JSON numbers are decimal: 127" },
        { LITERAL("[0x7e020000]"), 1, 10, "JSON numbers are decimal: 2114060288" },
        { LITERAL("[0xffffffffffffffff]"), 1, 18, "decimal: 18446744073709551615" },
        { LITERAL("[0x10000000000000000]"), 1, 19, "0x10000000000000000 is not a JSON number" },
        { LITERAL("[0x]"), 1, 2, "0x is not a JSON number" },
        { LITERAL("[0xg]"), 1, 3, "0xg is not a JSON number" },
        { LITERAL("[-0x1]"), 1, 4, "-0x1 is not a JSON number" },
        { LITERAL("[1_000]"), 1, 5, "1_000 is not a JSON number" },
        { LITERAL("[1a]"), 1, 2, "1a is not a JSON number" },
        { LITERAL("[0x1"), 1, 3, "JSON numbers are decimal: 1" },
        { LITERAL("[1\xe5]"), 2, 1, "the byte 0xe5" },
        { LITERAL("[123456789012345678901234567890123456789012345.]"), 1, 46,
                "is not a JSON number" },
        /* strings */
        { LITERAL("\""), 0, 1, "inside the string that begins here" },
        { LITERAL("[\"a"), 1, 1, "is the file cut off?" },
        { LITERAL("{\"a\": [\"b]}\n"), 7, 4, "is the closing quote missing?" },
        { LITERAL("{\"a\": [\"b]}"), 7, 1, "a closing double quote is missing" },
        { LITERAL("[\"a\\"), 1, 1, "is the file cut off?" },
        { LITERAL("[\"a\\\"]"), 1, 1, "a closing double quote is missing" },
        { LITERAL("[\"a\nb\"]"), 1, 2, "an unescaped line break in a string" },
        { LITERAL("[\"a\r\nb\"]"), 1, 2, "an unescaped line break in a string" },
        { LITERAL("{\"a\n\": 1}"), 1, 2, "is the closing quote missing?" },
        { LITERAL("[\"\t\"]"), 2, 1, "remove it; a tab that is meant is written \\t" },
        { LITERAL("[\"\x1f\"]"), 2, 1, "the unescaped control character U+001F" },
        { LITERAL("[\"a\0\"]"), 3, 1, "the unescaped control character U+0000" },
        { LITERAL("[\"\\x41\"]"), 2, 2, "the unknown escape \\x" },
        { LITERAL("[\"\\a\"]"), 2, 2, "the unknown escape \\a" },
        { LITERAL("[\"\\'\"]"), 2, 2, "the unknown escape \\'" },
        { LITERAL("[\"\\\u20ac\"]"), 2, 4, "the unknown escape \\\u20ac" },
        { LITERAL("[\"\\\xe5\"]"), 2, 1, "the unknown escape" },
        { LITERAL("[\"\\\0\"]"), 2, 2, "the unknown escape" },
        { LITERAL("[\"\\U0041\"]"), 2, 2, "the unknown escape \\U" },
        { LITERAL("[\"\\u\"]"), 2, 2, "\\u without four hexadecimal digits" },
        { LITERAL("[\"\\u004\"]"), 2, 5, "\\u without four" },
        { LITERAL("[\"\\u00Gx\"]"), 2, 4, "\\u without four" },
        { LITERAL("[\"\\u12"), 2, 4, "\\u without four" },
        { LITERAL("[\"\\ud800\"]"), 2, 6, "the lone surrogate \\ud800" },
        { LITERAL("[\"\\uDBFFx\"]"), 2, 6, "the lone surrogate \\uDBFF" },
        { LITERAL("[\"\\udc00\"]"), 2, 6, "the lone surrogate \\udc00" },
        { LITERAL("[\"\\uDd1e\\uD834\"]"), 2, 6, "the lone surrogate \\uDd1e" },
        { LITERAL("[\"\\ud800\\ud800\"]"), 2, 6, "the lone surrogate \\ud800" },
        { LITERAL("[\"\\ud800\\u0041\"]"), 2, 6, "the lone surrogate" },
        { LITERAL("[\"\\ud800\\udbff\"]"), 2, 6, "the lone surrogate" },
        { LITERAL("[\"\\ud800\\ue000\"]"), 2, 6, "the lone surrogate" },
        { LITERAL("[\"\\ud800\\n\"]"), 2, 6, "the lone surrogate" },
        { LITERAL("[\"\\ud800\\u1\"]"), 2, 6, "the lone surrogate" },
        { LITERAL("[\"\\ud800\\"), 2, 6, "the lone surrogate" },
        { LITERAL("[\"\xff\"]"), 2, 1, "the byte 0xff in a string, which is not UTF-8" },
        { LITERAL("[\"\x80\"]"), 2, 1, "not UTF-8" },
        { LITERAL("[\"\xc0\xaf\"]"), 2, 1, "not UTF-8" },     /* overlong */
        { LITERAL("[\"\xe0\x80\xaf\"]"), 2, 1, "not UTF-8" }, /* overlong */
        { LITERAL("[\"\xfc\x83\xbf\xbf\xbf\xbf\"]"), 2, 1, "not UTF-8" },
        { LITERAL("[\"\xed\xa0\x80\"]"), 2, 1, "not UTF-8" },     /* a surrogate */
        { LITERAL("[\"\xf4\x90\x80\x80\"]"), 2, 1, "not UTF-8" }, /* past U+10FFFF */
        { LITERAL("[\"\xe2\x82\"]"), 2, 1, "not UTF-8" },         /* cut by the quote */
        { LITERAL("[\"ok\xe2\x82"), 4, 1, "not UTF-8" },          /* cut by the end */
        { LITERAL("{\"\xb9\": 1}"), 2, 1, "not UTF-8" },
};

static void test_refused(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(REFUSED); i++) {
                _cleanup_fixture_ Fixture f = scan_n(REFUSED[i].bytes, REFUSED[i].size_bytes);
                const Diag *diag = f.diags.items;

                if (f.result != 1 || f.diags.n != 1)
                        fail_msg("%s: %d, %zu findings", REFUSED[i].bytes, f.result, f.diags.n);
                assert_int_equal(diag->rule, SP101);
                assert_int_equal(diag->severity, SEVERITY_ERROR);
                assert_null(diag->pointer);
                if (!strstr(diag->message, REFUSED[i].says) &&
                        !(diag->hint && strstr(diag->hint, REFUSED[i].says)))
                        fail_msg("%s: %s (%s)", REFUSED[i].bytes, diag->message,
                                diag->hint ? diag->hint : "");
                if (diag->span.offset != REFUSED[i].offset ||
                        diag->span.length != REFUSED[i].length)
                        fail_msg("%s: %s at %u, %u", REFUSED[i].bytes, diag->message,
                                diag->span.offset, diag->span.length);
                assert_null(f.text.nodes); /* untouched */
        }
}

/* What is gone on behind, and what is not: the places of all findings. */
static const struct {
        const char *text;
        size_t n;
        uint32_t offsets[6];
} SEVERAL[] = {
        { "[[1,],[2,],{\"a\":3,},]", 4, { 3, 8, 17, 19 } },
        { "// a\n[1, /* b */ 2 # c\n] // d", 4, { 0, 9, 19, 25 } },
        { "[1, // a\n]", 2, { 2, 4 } },
        { "[1 // a, b\n]", 1, { 3 } },
        { "[0x10, 010, NaN, True, None, 1_000]", 6, { 1, 7, 12, 17, 23, 29 } },
        { "[SCMP_ACT_ALLOW, ENOSYS]", 2, { 1, 17 } },
        { "{a: 1, \"b\": 2, c : {d: 3}}", 3, { 1, 15, 20 } },
        { "{\"a\": 1 \"b\": [\"c\" \"d\", {} {}]}", 3, { 8, 18, 26 } },
        { "[1 2, 3 4]", 1, { 3 } },
        { "{\"a\": 1 b: 2, c: 3}", 1, { 8 } },
        { "\xef\xbb\xbf[1,]", 2, { 0, 5 } },
        { "[1,] x", 2, { 2, 5 } },
        /* behind these nothing can be trusted */
        { "[read\", \"write\", open\"]", 1, { 1 } },
        { "[\"read, \"write\", \"open\",]", 1, { 1 } },
        { "[1 /* a", 1, { 3 } },
        { "[\"a\"\"b\", 1,]", 1, { 4 } },
        { "[1,, 2,]", 1, { 3 } },
        { "['a', 'b',]", 1, { 1 } },
        { "{\"a\" 1, \"b\" 2}", 1, { 5 } },
        { "[1, 2, {]", 1, { 8 } },
};

static void test_several(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(SEVERAL); i++) {
                _cleanup_fixture_ Fixture f = scan(SEVERAL[i].text);

                if (f.result != 1 || f.diags.n != SEVERAL[i].n)
                        fail_msg("%s: %d, %zu findings", SEVERAL[i].text, f.result, f.diags.n);
                for (size_t j = 0; j < f.diags.n; j++)
                        if (f.diags.items[j].span.offset != SEVERAL[i].offsets[j])
                                fail_msg("%s: %s at %u", SEVERAL[i].text, f.diags.items[j].message,
                                        f.diags.items[j].span.offset);
                assert_null(f.text.nodes);
        }
}

/* A text in YAML is told as such, however many comments it begins with. */
static void test_comments_before_yaml(void **state) {
        (void) state;
        for (size_t n = 0; n < 3 * LIMIT_DIAGS; n++) {
                _cleanup_buf_ Buf text = {};

                for (size_t i = 0; i < n; i++)
                        buf_puts(&text, "# x\n");
                buf_puts(&text, "kind: x\n");
                assert_int_equal(buf_error(&text), 0);
                _cleanup_fixture_ Fixture f = scan_n(text.data, text.size);
                assert_int_equal(f.diags.n, 1);
                assert_int_equal(f.diags.items[0].span.offset, 4 * n);
                assert_non_null(strstr(f.diags.items[0].message, "YAML"));
        }
}

/* However many there are, the findings are some tens, and each is another. */
static void test_many(void **state) {
        static const char *const parts[] = { "01,", "[1,],", "#\n", "/**/", "x,", "\"a\" ",
                "{a:1}," };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(parts); i++) {
                _cleanup_buf_ Buf text = {};

                buf_puts(&text, "[");
                while (text.size < 10000)
                        buf_puts(&text, parts[i]);
                buf_puts(&text, "1]");
                assert_int_equal(buf_error(&text), 0);
                _cleanup_fixture_ Fixture f = scan_n(text.data, text.size);
                assert_int_equal(f.result, 1);
                assert_int_equal(f.diags.n, LIMIT_DIAGS);
                assert_true(f.diags.n_dropped <= 1);
        }
}

/* Whatever is cut from a valid text's end, it is refused, and nothing is read behind the cut. */
static void test_every_cut(void **state) {
        static const char text[] =
                "{\"a\\u00e4\": [1.5e+3, true, null, {\"b\": \"\\ud83d\\ude00\u20ac\"}], "
                "\"c\": -0.25}";

        (void) state;
        for (size_t n = 0; n < sizeof(text) - 1; n++) {
                _cleanup_fixture_ Fixture f = scan_n(text, n);

                if (f.result != 1)
                        fail_msg("accepted: %.*s", (int) n, text);
        }
}

/* One byte of a valid text replaced by each value: no crash, and never both a result and a finding.
 */
static void test_every_byte_replaced(void **state) {
        static const char text[] = "{\"a\": [1.5e3, null], \"\\u0041\": \"\u00e4\\n\"}";

        (void) state;
        for (size_t at = 0; at < sizeof(text) - 1; at++)
                for (unsigned byte = 0; byte < 256; byte++) {
                        char changed[sizeof(text)];

                        memcpy(changed, text, sizeof(text));
                        changed[at] = (char) byte;
                        _cleanup_fixture_ Fixture f = scan_n(changed, sizeof(text) - 1);
                        assert_int_equal(f.diags.n > 0, f.result);
                        if (f.result == 0)
                                assert_true(f.text.n_nodes >= 4);
                        for (size_t i = 0; i < f.diags.n; i++)
                                assert_true(f.diags.items[i].span.offset +
                                                f.diags.items[i].span.length <=
                                        sizeof(text) - 1);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_several),
                cmocka_unit_test(test_many),
                cmocka_unit_test(test_comments_before_yaml),
                cmocka_unit_test(test_every_cut),
                cmocka_unit_test(test_every_byte_replaced),
        };

        return cmocka_run_group_tests_name("text_fault", tests, NULL, NULL);
}
