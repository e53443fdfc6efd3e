/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is read of a profile's text, part by part, and what is said of the parts that cannot be
 * read. Findings are compared whole: one too many is as wrong as one too few.
 */

#include "support.h"

#include "base/cleanup.h"
#include "profile/limits.h"
#include "profile/surface.h"

#include <inttypes.h>
#include <string.h>

typedef struct Fixture {
        Arena *arena;
        DiagList diags;
        Document document;
        Surface surface;
        int result; /* of surface_parse() */
} Fixture;

static void fixture_done(Fixture *fixture) {
        document_done(&fixture->document);
        diags_done(&fixture->diags);
        arena_free(fixture->arena);
}
#define _cleanup_fixture_ _cleanup_(fixture_done)

static void fixture_parse(Fixture *fixture, const char *json, const RuleConfig *config) {
        diags_init(&fixture->diags, config);
        fixture->arena = arena_new();
        assert_non_null(fixture->arena);
        assert_int_equal(document_parse(fixture->arena, json, strlen(json), &fixture->diags,
                                 &fixture->document),
                0);
        fixture->result = surface_parse(
                &fixture->document, arch_by_machine("x86_64"), &fixture->diags, &fixture->surface);
        assert_int_equal(diags_finish(&fixture->diags, json, strlen(json)), 0);
}

/* One finding a line: "SP203 error 1:2 /key". */
static void assert_findings(const DiagList *diags, const char *expected) {
        _cleanup_buf_ Buf buf = {};

        for (size_t i = 0; i < diags->n; i++) {
                const Diag *diag = &diags->items[i];

                buf_printf(&buf, "SP%d %s %u:%u %s\n", diag->rule, severity_name(diag->severity),
                        diag->line, diag->column, diag->pointer);
        }
        assert_int_equal(buf_error(&buf), 0);
        assert_string_equal(buf.data ? buf.data : "", expected);
}

/* The first finding of a rule. */
static const Diag *find(const DiagList *diags, RuleId rule) {
        for (size_t i = 0; i < diags->n; i++)
                if (diags->items[i].rule == rule)
                        return &diags->items[i];
        fail_msg("no finding SP%d", rule);
        return NULL;
}

static void put_string(Buf *buf, const char *key, const SurfaceString *string) {
        if (string->string)
                buf_printf(buf, " %s=%s", key, string->string);
        else if (string->node != TEXT_NO_NODE)
                buf_printf(buf, " %s=?", key);
}

static void put_strings(Buf *buf, const char *key, const SurfaceStrings *strings) {
        if (strings->node == TEXT_NO_NODE)
                return;
        buf_printf(buf, " %s=[", key);
        for (size_t i = 0; i < strings->n; i++)
                buf_printf(buf, "%s%s", i > 0 ? "," : "", strings->items[i].string);
        buf_puts(buf, strings->is_broken ? "?]" : "]");
}

static void put_number(Buf *buf, const char *key, const SurfaceNumber *number) {
        if (number->is_set)
                buf_printf(buf, " %s=%" PRIu64, key, number->value);
        else if (number->node != TEXT_NO_NODE)
                buf_printf(buf, " %s=?", key);
}

static void put_selector(Buf *buf, const char *key, const SurfaceSelector *selector) {
        if (selector->node == TEXT_NO_NODE)
                return;
        buf_printf(buf, " %s{", key);
        put_strings(buf, "caps", &selector->caps);
        put_strings(buf, "arches", &selector->arches);
        put_string(buf, "minKernel", &selector->min_kernel);
        buf_puts(buf, " }");
}

static void put_rule(Buf *buf, const SurfaceRule *rule) {
        buf_puts(buf, rule->is_broken ? "broken rule" : "rule");
        put_strings(buf, rule->has_legacy_name ? "name" : "names", &rule->names);
        put_string(buf, "action", &rule->action);
        put_number(buf, "errnoRet", &rule->errno_ret);
        put_string(buf, "errno", &rule->errno_name);
        for (size_t i = 0; i < rule->n_args; i++) {
                buf_puts(buf, " arg{");
                put_number(buf, "index", &rule->args[i].index);
                put_number(buf, "value", &rule->args[i].value);
                put_number(buf, "valueTwo", &rule->args[i].value_two);
                put_string(buf, "op", &rule->args[i].op);
                buf_puts(buf, " }");
        }
        put_selector(buf, "includes", &rule->includes);
        put_selector(buf, "excludes", &rule->excludes);
        buf_putc(buf, '\n');
}

/* Everything in a surface, as a text to compare. */
static void assert_surface(const Surface *surface, const char *expected) {
        _cleanup_buf_ Buf buf = {};

        buf_puts(&buf, "profile");
        put_string(&buf, "defaultAction", &surface->default_action);
        put_number(&buf, "defaultErrnoRet", &surface->default_errno_ret);
        put_string(&buf, "defaultErrno", &surface->default_errno_name);
        put_strings(&buf, "architectures", &surface->architectures);
        put_strings(&buf, "flags", &surface->flags);
        put_string(&buf, "listenerPath", &surface->listener_path);
        put_string(&buf, "listenerMetadata", &surface->listener_metadata);
        buf_putc(&buf, '\n');
        for (size_t i = 0; i < surface->n_arch_map; i++) {
                buf_puts(&buf, "map");
                put_string(&buf, "arch", &surface->arch_map[i].arch);
                put_strings(&buf, "subs", &surface->arch_map[i].sub_arches);
                buf_putc(&buf, '\n');
        }
        for (size_t i = 0; i < surface->n_rules; i++)
                put_rule(&buf, &surface->rules[i]);
        assert_int_equal(buf_error(&buf), 0);
        assert_string_equal(buf.data, expected);
}

typedef struct Case {
        const char *name;
        const char *json;
        const char *findings;
        const char *surface;
} Case;

static const Case cases[] = {
        { "empty object", "{}", "", "profile\n" },
        { "OCI, every key",
                "{\"defaultAction\":\"A\",\"defaultErrnoRet\":4294967295,"
                "\"architectures\":[\"X\",\"Y\"],\"flags\":[],\"listenerPath\":\"/s\","
                "\"listenerMetadata\":\"m\",\"syscalls\":[{\"names\":[\"read\",\"write\"],"
                "\"action\":\"B\",\"errnoRet\":0,\"args\":[{\"index\":5,"
                "\"value\":18446744073709551615,\"valueTwo\":9007199254740993,\"op\":\"O\"}]}]}",
                "",
                "profile defaultAction=A defaultErrnoRet=4294967295 architectures=[X,Y] flags=[] "
                "listenerPath=/s listenerMetadata=m\n"
                "rule names=[read,write] action=B errnoRet=0 arg{ index=5 "
                "value=18446744073709551615 valueTwo=9007199254740993 op=O }\n" },
        { "Docker, every key",
                "{\"defaultAction\":\"A\",\"defaultErrno\":\"EPERM\",\"archMap\":[{"
                "\"architecture\":"
                "\"X\",\"subArchitectures\":[\"Y\"]},{}],\"syscalls\":[{\"names\":[\"a\"],"
                "\"action\":\"B\",\"errno\":\"ENOSYS\",\"includes\":{\"caps\":[\"C\"],\"arches\":["
                "\"D\"],\"minKernel\":\"4.8\"},\"excludes\":{}}]}",
                "",
                "profile defaultAction=A defaultErrno=EPERM\n"
                "map arch=X subs=[Y]\nmap\n"
                "rule names=[a] action=B errno=ENOSYS includes{ caps=[C] arches=[D] "
                "minKernel=4.8 } excludes{ }\n" },
        { "comments at every level, of any type",
                "{\"comment\":null,\"archMap\":[{\"comment\":[1]}],\"syscalls\":[{\"comment\":"
                "{\"a\":1},\"args\":[{\"comment\":2}],\"includes\":{\"comment\":true}}]}",
                "", "profile\nmap\nrule arg{ } includes{ }\n" },
        { "annotations",
                "{\"$schema\":1,\"x-origin\":{},\"_note\":[],\n\"syscalls\":[{\"_\":null}]}",
                "SP203 warning 1:2 /$schema\nSP203 warning 1:14 /x-origin\n"
                "SP203 warning 1:28 /_note\nSP203 warning 2:14 /syscalls/0/_\n",
                "profile\nrule\n" },
        { "unknown keys in every object",
                "{\"syscals\":[],\"archMap\":[{\"arch\":1}],\n\"syscalls\":[{\"arg\":[],\"args\":[{"
                "\"datum\":1}],\"includes\":{\"capz\":[]}}]}",
                "SP203 error 1:2 /syscals\nSP203 error 1:27 /archMap/0/arch\n"
                "SP205 error 1:34 /archMap/0/arch\n"
                "SP203 error 2:14 /syscalls/0/arg\nSP203 error 2:32 /syscalls/0/args/0/datum\n"
                "SP203 error 2:56 /syscalls/0/includes/capz\n",
                "profile\nmap arch=?\nbroken rule arg{ } includes{ caps=[] }\n" },
        { "a value for a key leaves the key's own value unsaid, not missing",
                "{\"archMap\":[{\"SCMP_ARCH_X86_64\":[]},{\"SCMP_ARCH_X86_64\":1,\n"
                "\"architecture\":\"X\"}],\"SCMP_ACT_LOG\":[],\"syscalls\":[{\"SCMP_ACT_LOG\":0,"
                "\"args\":[{\"SCMP_CMP_EQ\":1}]}]}",
                "SP203 error 1:14 /archMap/0/SCMP_ARCH_X86_64\n"
                "SP203 error 1:38 /archMap/1/SCMP_ARCH_X86_64\n"
                "SP203 error 2:22 /SCMP_ACT_LOG\nSP203 error 2:53 /syscalls/0/SCMP_ACT_LOG\n"
                "SP203 error 2:79 /syscalls/0/args/0/SCMP_CMP_EQ\n",
                "profile defaultAction=?\nmap arch=?\nmap arch=X\n"
                "broken rule action=? arg{ op=? }\n" },
        { "case variants are unknown, and read as what was meant",
                "{\"DefaultAction\":\"A\",\"Flags\":null,\"listenerpath\":7}",
                "SP203 error 1:2 /DefaultAction\nSP203 error 1:22 /Flags\n"
                "SP204 warning 1:30 /Flags\nSP203 error 1:35 /listenerpath\n"
                "SP205 error 1:50 /listenerpath\n",
                "profile defaultAction=A listenerPath=?\n" },
        { "keys by another word are read as what was meant",
                "{\"syscalls\":[{\"syscall\":[\"a\"],\"act\":\"A\",\n\"args\":[{\"arg\":0,"
                "\"value\":1,\"value2\":2,\"operator\":\"O\"}]}]}",
                "SP203 error 1:15 /syscalls/0/syscall\nSP203 error 1:31 /syscalls/0/act\n"
                "SP203 error 2:10 /syscalls/0/args/0/arg\n"
                "SP203 error 2:28 /syscalls/0/args/0/value2\n"
                "SP203 error 2:39 /syscalls/0/args/0/operator\n",
                "profile\nbroken rule names=[a] action=A arg{ index=0 value=1 valueTwo=2 op=O "
                "}\n" },
        { "a value for a key, and the list behind it",
                "{\"syscalls\":[{\"SCMP_ACT_LOG\":[\"a\"]}]}",
                "SP203 error 1:15 /syscalls/0/SCMP_ACT_LOG\n",
                "profile\nbroken rule names=[?] action=?\n" },
        { "a rule behind a call's name is read",
                "{\"syscalls\":[{\"socket\":{\"action\":\"A\",\n\"args\":[{\"index\":0,\"arg\":1}]}"
                ","
                "\"names\":[\"b\"]},\n{\"a\":{\"action\":\"B\"}}]}",
                "SP203 error 1:15 /syscalls/0/socket\n"
                "SP203 error 2:20 /syscalls/0/socket/args/0/arg\n"
                "SP203 error 3:2 /syscalls/1/a\n",
                "profile\nbroken rule names=[b] action=A arg{ index=0 }\n"
                "broken rule names=[?] action=B\n" },
        { "one name where a list belongs, under another word",
                "{\"syscalls\":[{\"syscall\":\"mmap\",\"action\":\"A\"}],\"flag\":\"F\"}",
                "SP203 error 1:15 /syscalls/0/syscall\nSP203 error 1:47 /flag\n",
                "profile flags=[?]\nbroken rule names=[?] action=A\n" },
        { "a list under the legacy name", "{\"syscalls\":[{\"name\":[\"a\",\"b\"]}]}",
                "SP205 error 1:22 /syscalls/0/name\n", "profile\nbroken rule\n" },
        { "a misspelt key beside the right one is not read",
                "{\"syscalls\":[{\"name_\":\"b\",\"nmaes\":[\"b\"],\"names\":[\"a\"],\"nams\":[]}]"
                "}",
                "SP203 error 1:15 /syscalls/0/name_\nSP203 error 1:27 /syscalls/0/nmaes\n"
                "SP203 error 1:55 /syscalls/0/nams\n",
                "profile\nbroken rule names=[a]\n" },
        { "one null where Go takes it as absent", "{\"syscalls\":[\n{\"args\":null}]}",
                "SP204 warning 2:9 /syscalls/0/args\n", "profile\nrule\n" },
        { "all nulls that Go takes as absent make one finding",
                "{\"flags\":null,\"architectures\":null,\"defaultErrnoRet\":null,\"archMap\":null,"
                "\"syscalls\":[{\"args\":null,\"includes\":null,\"excludes\":{\"caps\":null,"
                "\"arches\":null},\"errnoRet\":null}]}",
                "SP204 warning 1:10 /flags\n", "profile\nrule excludes{ }\n" },
        { "nulls elsewhere",
                "{\"defaultAction\":null,\n\"syscalls\":[null,\n{\"names\":null,\"action\":null,\n"
                "\"args\":[null,{\"index\":null,\"op\":null}]},\n{\"names\":[null,\"a\"]}]}",
                "SP204 error 1:18 /defaultAction\nSP204 error 2:13 /syscalls/0\n"
                "SP204 error 3:10 /syscalls/1/names\nSP204 error 3:24 /syscalls/1/action\n"
                "SP204 error 4:9 /syscalls/1/args/0\nSP204 error 4:23 /syscalls/1/args/1/index\n"
                "SP204 error 4:33 /syscalls/1/args/1/op\nSP204 error 5:11 /syscalls/2/names/0\n",
                "profile defaultAction=?\n"
                "broken rule names=[?] action=? arg{ index=? op=? }\n"
                "broken rule names=[a?]\n" },
        { "wrong types",
                "{\"defaultAction\":1,\"defaultErrnoRet\":\"1\",\"architectures\":\"X\",\n"
                "\"archMap\":{},\"flags\":[1],\"listenerPath\":[],\n\"syscalls\":[1,{\"names\":{},"
                "\"action\":true,\"args\":{},\"includes\":[]},\n{\"args\":[\"\"]}]}",
                "SP205 error 1:18 /defaultAction\nSP205 error 1:38 /defaultErrnoRet\n"
                "SP205 error 1:58 /architectures\nSP205 error 2:11 /archMap\n"
                "SP205 error 2:23 /flags/0\nSP205 error 2:41 /listenerPath\n"
                "SP205 error 3:13 /syscalls/0\nSP205 error 3:24 /syscalls/1/names\n"
                "SP205 error 3:36 /syscalls/1/action\nSP205 error 3:48 /syscalls/1/args\n"
                "SP205 error 3:62 /syscalls/1/includes\nSP205 error 4:10 /syscalls/2/args/0\n",
                "profile defaultAction=? defaultErrnoRet=? architectures=[?] flags=[?] "
                "listenerPath=?\n"
                "broken rule names=[?] action=? includes{ }\nbroken rule\n" },
        { "elements of the wrong type, those of one type told once",
                "{\"syscalls\":[\"a\",1,\"b\",{\"names\":[\"a\"]},[],2,\"c\",null]}",
                "SP205 error 1:14 /syscalls/0\nSP205 error 1:18 /syscalls/1\n"
                "SP205 error 1:40 /syscalls/4\nSP204 error 1:49 /syscalls/7\n",
                "profile\nrule names=[a]\n" },
        { "syscalls of the wrong type", "{\"syscalls\":{}}", "SP205 error 1:13 /syscalls\n",
                "profile\n" },
        { "an element of archMap of the wrong type", "{\"archMap\":[\"X\"]}",
                "SP205 error 1:13 /archMap/0\n", "profile\n" },
        { "numbers out of range",
                "{\"defaultErrnoRet\":4294967296,\n\"syscalls\":[{\"errnoRet\":-1,\"args\":[{"
                "\"index\":1.0,\"value\":18446744073709551616,\"valueTwo\":1e3}]}]}",
                "SP104 error 1:20 /defaultErrnoRet\nSP104 error 2:25 /syscalls/0/errnoRet\n"
                "SP104 error 2:45 /syscalls/0/args/0/index\n"
                "SP104 error 2:57 /syscalls/0/args/0/value\n"
                "SP104 error 2:89 /syscalls/0/args/0/valueTwo\n",
                "profile defaultErrnoRet=?\n"
                "broken rule errnoRet=? arg{ index=? value=? valueTwo=? }\n" },
        { "a legacy name", "{\"syscalls\":[{\"name\":\"read\",\"action\":\"A\"}]}",
                "SP502 warning 1:15 /syscalls/0/name\n", "profile\nrule name=[read] action=A\n" },
        { "legacy names make one finding",
                "{\"syscalls\":[{\"name\":\"a\"},{\"name\":\"b\",\"names\":[]},{\"names\":[\"c\"],"
                "\"name\":\"\"}]}",
                "SP502 warning 1:15 /syscalls/0/name\n",
                "profile\nrule name=[a]\nrule name=[b]\nrule names=[c]\n" },
        { "name beside names, in either order",
                "{\"syscalls\":[{\"name\":\"a\",\"names\":[\"b\"]},\n"
                "{\"names\":[\"b\"],\"name\":\"a\"},\n{\"names\":1,\"name\":\"a\"}]}",
                "SP502 error 1:15 /syscalls/0/name\nSP502 error 2:16 /syscalls/1/name\n"
                "SP205 error 3:10 /syscalls/2/names\nSP502 error 3:12 /syscalls/2/name\n",
                "profile\nbroken rule names=[b]\nbroken rule names=[b]\n"
                "broken rule names=[?]\n" },
        { "NUL in strings",
                "{\"defaultAction\":\"A\\u0000B\",\n\"flags\":[\"\\u0000\"],\n"
                "\"syscalls\":[{\"names\":[\"re\\u0000ad\",\"\\\\u0000\"]}]}",
                "SP205 error 1:18 /defaultAction\nSP205 error 2:10 /flags/0\n"
                "SP509 error 3:23 /syscalls/0/names/0\n",
                "profile defaultAction=? flags=[?]\nbroken rule names=[\\u0000?]\n" },
        { "a broken rule leaves its neighbours whole",
                "{\"syscalls\":[{\"names\":[\"a\"]},{\"names\":2},{\"names\":[\"b\"]}]}",
                "SP205 error 1:39 /syscalls/1/names\n",
                "profile\nrule names=[a]\nbroken rule names=[?]\nrule names=[b]\n" },
};

static void test_parse(void **state) {
        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                _cleanup_fixture_ Fixture fixture = {};

                print_message("  %s\n", cases[i].name);
                fixture_parse(&fixture, cases[i].json, NULL);
                assert_int_equal(fixture.result, 0);
                assert_findings(&fixture.diags, cases[i].findings);
                assert_surface(&fixture.surface, cases[i].surface);
        }
}

/* What is no profile at all: the finding, and what its message and hint must tell. */
static void test_foreign(void **state) {
        static const struct {
                const char *json;
                const char *findings;
                const char *message;
                const char *hint;
        } foreign[] = {
                { "null", "SP201 error 1:1 \n", "is null: containers would run unconfined",
                        "defaultAction" },
                { "[]", "SP201 error 1:1 \n", "is an array", "defaultAction" },
                { "\"x\"", "SP201 error 1:1 \n", "is a string", "defaultAction" },
                { "7", "SP201 error 1:1 \n", "is a number", "defaultAction" },
                { "false", "SP201 error 1:1 \n", "is a boolean", "defaultAction" },
                { "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{\"readme\":\"x\","
                  "\"a.json\":\" \\n{}\"}}",
                        "SP202 error 1:2 /apiVersion\n", "of kind ConfigMap", "/data/a.json" },
                { "{\"kind\":\"ConfigMap\",\"data\":{}}", "SP202 error 1:2 /kind\n",
                        "of kind ConfigMap", "holds no profile" },
                { "{\"metadata\":{},\"kind\":\"SeccompProfile\",\"spec\":{\"defaultAction\":\"\"}}",
                        "SP202 error 1:16 /kind\n", "of kind SeccompProfile", "/spec" },
                { "{\"spec\":{\"containers\":[]}}", "SP202 error 1:2 /spec\n", "Kubernetes object,",
                        "nothing in it is a profile" },
                { "{\"ociVersion\":\"1\",\"linux\":{\"seccomp\":{}}}", "SP202 error 1:19 /linux\n",
                        "OCI runtime configuration", "/linux/seccomp" },
                { "{\"seccomp\":{}}", "SP202 error 1:2 /seccomp\n", "OCI runtime configuration",
                        "/seccomp" },
                { "{\"ociVersion\":\"1\",\"linux\":{}}", "SP202 error 1:2 /ociVersion\n",
                        "OCI runtime configuration", "has none" },
                { "[1,{\"a\":{\"defaultAction\":\"A\"}}]", "SP201 error 1:1 \n", "is an array",
                        "the profile is the object at /1/a: give that alone" },
                { "{\"kind\":\"List\",\"items\":[{\"spec\":{\"syscalls\":[]}}]}",
                        "SP202 error 1:2 /kind\n", "of kind List",
                        "the profile is the object at /items/0/spec: give that alone" },
                { "{\"a\":1,\"profile\":{\"x\":{\"defaultAction\":\"A\"}}}",
                        "SP202 error 1:19 /profile/x\n", "this is no profile",
                        "the profile is the object at /profile/x: give that alone" },
                { "{\"$schema\":\"\",\"a\":1}", "SP202 error 1:2 /$schema\n",
                        "none of its keys is one of a profile's",
                        "nothing in it is a profile: is it the right file?" },
                { "{\"securityContext\":{\"seccompProfile\":{\"localhostProfile\":\"a.json\"}}}",
                        "SP202 error 1:39 /securityContext/seccompProfile/localhostProfile\n",
                        "this is no profile", "/localhostProfile says which file is the profile" },
                { "{\"log-driver\":\"\",\"seccomp-profile\":\"/a.json\"}",
                        "SP202 error 1:18 /seccomp-profile\n", "this is no profile",
                        "/seccomp-profile says which file is the profile: give that one" },
                { "{\"a.json\":\"{ \\\"defaultAction\\\": 1\"}", "SP202 error 1:2 /a.json\n",
                        "this is no profile", "the profile is the text in /a.json: give that" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(foreign); i++) {
                _cleanup_fixture_ Fixture fixture = {};

                print_message("  %s\n", foreign[i].json);
                fixture_parse(&fixture, foreign[i].json, NULL);
                assert_int_equal(fixture.result, 1);
                assert_findings(&fixture.diags, foreign[i].findings);
                assert_non_null(strstr(fixture.diags.items[0].message, foreign[i].message));
                assert_non_null(strstr(fixture.diags.items[0].hint, foreign[i].hint));
        }
}

/* A profile with a stray key of such an object is still a profile, as is one of which all keys are
 * misspelt, stand elsewhere, or say nothing. */
static void test_not_foreign(void **state) {
        static const char *const profiles[] = { "{}", "{\"comment\":1}", "{\"$schema\":\"\"}",
                "{\"syscals\":[]}", "{\"a\":{\"syscalls\":[]},\"rules\":[]}", "{\"names\":[]}",
                "{\"SCMP_ACT_ALLOW\":[]}", "{\"capability\":[]}" };
        _cleanup_fixture_ Fixture fixture = {};

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(profiles); i++) {
                _cleanup_fixture_ Fixture other = {};

                print_message("  %s\n", profiles[i]);
                fixture_parse(&other, profiles[i], NULL);
                assert_int_equal(other.result, 0);
        }
        fixture_parse(&fixture, "{\"defaultAction\":\"A\",\"kind\":\"X\",\"linux\":{}}", NULL);
        assert_int_equal(fixture.result, 0);
        assert_findings(&fixture.diags, "SP203 error 1:22 /kind\nSP203 error 1:33 /linux\n");
}

static void test_messages(void **state) {
        static const struct {
                const char *json;
                RuleId rule;
                const char *message;
                const char *hint; /* NULL: none */
        } messages[] = {
                { "{\"syscals\":[]}", SP203, "`syscals`", "did you mean `syscalls`?" },
                { "{\"Syscalls\":[]}", SP203, "Go take it for `syscalls`",
                        "did you mean `syscalls`?" },
                { "{\"flags\":[],\"nonsense\":[]}", SP203, "`nonsense`",
                        "known here are `defaultAction`, `defaultErrnoRet`, `defaultErrno`, "
                        "`architectures`, `archMap`, `flags`, `listenerPath`, `listenerMetadata` "
                        "and `syscalls`" },
                { "{\"syscalls\":[{\"arg\":[]}]}", SP203, "`arg`", "did you mean `args`?" },
                /* never a key that stands there, nor the legacy one for it */
                { "{\"syscalls\":[{\"args\":[{\"value\":1,\"value2\":2}]}]}", SP203, "`value2`",
                        "did you mean `valueTwo`?" },
                { "{\"syscalls\":[{\"args\":[{\"value\":1,\"valeus\":2}]}]}", SP203, "`valeus`",
                        "`value` stands there already; known here are `index`, `value`, `valueTwo` "
                        "and `op`" },
                { "{\"syscalls\":[{\"args\":[{\"operator\":\"x\"}]}]}", SP203, "`operator`",
                        "did you mean `op`?" },
                { "{\"syscalls\":[{\"names\":{}}]}", SP205,
                        "`names` must be an array of strings, is an object",
                        "as in \"names\": [\"read\", \"write\"]" },
                { "{\"syscalls\":[{\"names\":[7]}]}", SP205,
                        "an element of `names` must be a string, is a number",
                        "calls are named, not numbered: 7 is `poll` on SCMP_ARCH_X86_64" },
                { "{\"syscalls\":[{\"names\":[99999999]}]}", SP205, "is a number",
                        "calls are named, not numbered" },
                { "{\"syscalls\":[{\"names\":[-7]}]}", SP205, "is a number",
                        "calls are named, not numbered" },
                { "{\"syscalls\":[{\"names\":[{\"name\":\"socket\"}]}]}", SP205, "is an object",
                        "only the name stands there: `action`, `args` and all else stand beside "
                        "`names`, in the rule" },
                { "{\"syscalls\":[{\"names\":\"read\"}]}", SP205,
                        "is a string: runtimes cannot decode the profile", "write [\"read\"]" },
                { "{\"syscalls\":[{\"names\":\"clone3, fchmodat2;x|\\\"y\\tz \"}]}", SP205,
                        "is a string",
                        "write [\"clone3\", \"fchmodat2\", \"x\", \"\\\"y\", \"z\"]" },
                { "{\"syscalls\":[{\"names\":\" \"}]}", SP205, "is a string",
                        "as in \"names\": [\"read\", \"write\"]" },
                { "{\"syscalls\":[{\"action\":[\"SCMP_ACT_LOG\"]}]}", SP205, "is an array",
                        "write \"SCMP_ACT_LOG\"" },
                { "{\"syscalls\":[{\"action\":[\"a\",\"b\"]}]}", SP205, "is an array",
                        "as in \"action\": \"SCMP_ACT_ALLOW\"" },
                { "{\"syscalls\":[{\"action\":7}]}", SP205, "is a number",
                        "as in \"action\": \"SCMP_ACT_ALLOW\"" },
                { "{\"syscalls\":[{\"errno\":38}]}", SP205, "`errno` must be a string",
                        "write \"errnoRet\": 38" },
                { "{\"defaultErrno\":1}", SP205, "`defaultErrno` must be a string",
                        "write \"defaultErrnoRet\": 1" },
                { "{\"syscalls\":[{\"includes\":{\"minKernel\":5.10}}]}", SP205, "is a number",
                        "write \"minKernel\": \"5.10\"" },
                { "{\"syscalls\":[{\"includes\":[\"CAP_SYS_ADMIN\"]}]}", SP205, "is an array",
                        "as in \"includes\": { \"caps\": [\"CAP_SYS_ADMIN\"] }" },
                { "{\"syscalls\":[{\"args\":[[{}]]}]}", SP205, "must be an object, is an array:",
                        "take one pair of [ ] away, as in \"args\": [{ \"index\": 0, \"value\": 1, "
                        "\"op\": \"SCMP_CMP_EQ\" }]" },
                { "{\"syscalls\":[{\"args\":[{\"value\":[1,2]}]}]}", SP205, "an array where",
                        "a condition has one value: where one of several is enough, write a rule "
                        "for each" },
                { "{\"syscalls\":[{\"args\":[{\"value\":\"/etc/shadow\"}]}]}", SP205,
                        "a string where",
                        "there is none for it: of a path or other text a filter sees only the "
                        "address, so no condition can look at it" },
                { "{\"syscalls\":[{\"args\":[{\"value\":\"eth0\"}]}]}", SP205, "a string where",
                        "there is none for it: of a path or other text a filter sees only the "
                        "address, so no condition can look at it" },
                { "{\"syscalls\":[{\"args\":[{\"value\":\"O_CREAT\"}]}]}", SP205, "a string where",
                        "write the number" },
                { "{\"syscalls\":[{\"args\":[{\"value\":\"1 << x\"}]}]}", SP205, "a string where",
                        "write the number" },
                { "{\"syscalls\":[{\"args\":[{\"value\":\"\"}]}]}", SP205, "a string where",
                        "write the number" },
                { "{\"syscalls\":[{\"args\":[{\"index\":\"first\"}]}]}", SP205, "a string where",
                        "the six arguments have indexes 0 to 5" },
                { "{\"syscalls\":[{\"errnoRet\":\"-ENOSYS\"}]}", SP205, "a string where",
                        "write the number, without the sign: 38" },
                { "{\"defaultErrnoRet\":\"EWHAT\"}", SP205, "a string where",
                        "an errno is 1 to 4094: EPERM is 1, ENOSYS 38" },
                { "{\"defaultErrnoRet\":true}", SP205, "true where a number is wanted",
                        "an errno is 1 to 4094: EPERM is 1, ENOSYS 38" },
                { "{\"syscalls\":[null]}", SP204, "is null", "take it out" },
                { "{\"defaultAction\":null}", SP204, "`defaultAction` is null",
                        "write a value: the key cannot be left out" },
                { "{\"syscalls\":[{\"names\":null}]}", SP204, "`names` is null",
                        "write a value: the key cannot be left out" },
                { "{\"syscalls\":[{\"action\":null}]}", SP204, "`action` is null",
                        "write a value: the key cannot be left out" },
                { "{\"syscalls\":[{\"args\":[{\"op\":null}]}]}", SP204, "`op` is null",
                        "write a value: the key cannot be left out" },
                { "{\"syscalls\":null}", SP204, "`syscalls` is null",
                        "write a value, or leave the key out" },
                { "{\"syscalls\":[{\"args\":[{\"valueTwo\":null}]}]}", SP204, "`valueTwo` is null",
                        "write a value, or leave the key out" },
                { "{\"defaultErrnoRet\":-1}", SP104, "-1 is negative",
                        "an errno is 1 to 4094: EPERM is 1, ENOSYS 38" },
                { "{\"defaultErrnoRet\":4294967296}", SP104, "is too large",
                        "an errno is 1 to 4094: EPERM is 1, ENOSYS 38" },
                { "{\"syscalls\":[{\"args\":[{\"index\":-1}]}]}", SP104, "-1 is negative",
                        "the six arguments have indexes 0 to 5" },
                { "{\"syscalls\":[{\"args\":[{\"value\":-2147483649}]}]}", SP104, "is negative",
                        "in 64 bits it is 18446744071562067967" },
                { "{\"syscalls\":[{\"args\":[{\"value\":-1}]}]}", SP104, "-1 is negative",
                        "in 32 bits it is 4294967295, in 64 bits 18446744073709551615; that an int "
                        "equals it says SCMP_CMP_MASKED_EQ with \"value\": 4294967295, "
                        "\"valueTwo\": 4294967295" },
                { "{\"syscalls\":{\"names\":0}}", SP205, "must be an array of objects",
                        "put it in [ ]: a list, also where it holds one object" },
                { "{\"syscalls\":[{\"args\":{\"op\":0}}]}", SP205, "must be an array of objects",
                        "put it in [ ]: a list, also where it holds one object" },
                { "{\"syscalls\":{\"allow\":[]}}", SP205, "must be an array of objects",
                        "as in \"syscalls\": [{ \"names\": [\"read\", \"write\"], \"action\": "
                        "\"SCMP_ACT_ALLOW\" }]" },
                { "{\"syscalls\":[\"read\",\"write\",\"execve\"]}", SP205,
                        "must be an object, is a string, here and in 2 more places:",
                        "as in \"syscalls\": [{ \"names\": [\"read\", \"write\"], \"action\": "
                        "\"SCMP_ACT_ALLOW\" }]" },
                { "{\"archMap\":7}", SP205, "must be an array of objects",
                        "as in \"archMap\": [{ \"architecture\": \"SCMP_ARCH_X86_64\", "
                        "\"subArchitectures\": [\"SCMP_ARCH_X86\"] }]" },
                { "{\"syscalls\":[{\"excludes\":[{\"index\":0,\"value\":10}]}]}", SP205,
                        "`excludes` must be an object, is an array",
                        "what is in it belongs in `args`, as in \"args\": [{ \"index\": 0, "
                        "\"value\": 1, \"op\": "
                        "\"SCMP_CMP_EQ\" }]" },
                { "{\"syscalls\":[{\"excludes\":[{\"caps\":[]}]}]}", SP205,
                        "`excludes` must be an object, is an array",
                        "as in \"excludes\": { \"caps\": [\"CAP_SYS_ADMIN\"] }" },
                /* a key of the same object goes before one of another */
                { "{\"syscalls\":[{\"excludes\":{\"arch\":[\"amd64\"]}}]}", SP203, "`arch`",
                        "did you mean `arches`?" },
                { "{\"syscalls\":[{\"excludes\":{\"architecture\":[\"amd64\"]}}]}", SP203,
                        "`architecture`", "did you mean `arches`?" },
                { "{\"arch\":[]}", SP203, "`arch`", "did you mean `architectures`?" },
                /* a value, or a call's name, where a key belongs */
                { "{\"archMap\":[{\"SCMP_ARCH_X86_64\":[\"SCMP_ARCH_X86\",\"x\"]}]}", SP203,
                        "`SCMP_ARCH_X86_64`",
                        "`SCMP_ARCH_X86_64` is no key: write \"architecture\": "
                        "\"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\", \"x\"]" },
                { "{\"syscalls\":[{\"SCMP_ACT_ALLOW\":[\"read\"]}]}", SP203, "`SCMP_ACT_ALLOW`",
                        "`SCMP_ACT_ALLOW` is no key: write \"action\": \"SCMP_ACT_ALLOW\", "
                        "\"names\": [\"read\"]" },
                { "{\"archMap\":[{\"SCMP_ARCH_X86_64\":[\"a\"],\"subArchitectures\":[]}]}", SP203,
                        "`SCMP_ARCH_X86_64`",
                        "`SCMP_ARCH_X86_64` is no key: write \"architecture\": "
                        "\"SCMP_ARCH_X86_64\"; known here are `architecture` and "
                        "`subArchitectures`" },
                { "{\"SCMP_ACT_ALLOW\":[\"read\"]}", SP203, "`SCMP_ACT_ALLOW`",
                        "`SCMP_ACT_ALLOW` is no key: write \"defaultAction\": "
                        "\"SCMP_ACT_ALLOW\"; known here are `defaultAction`, `defaultErrnoRet`, "
                        "`defaultErrno`, `architectures`, `archMap`, `flags`, `listenerPath`, "
                        "`listenerMetadata` and `syscalls`" },
                { "{\"syscalls\":[{\"socket\":{\"action\":\"A\",\"args\":[]}}]}", SP203, "`socket`",
                        "a call's name is no key: write \"names\": [\"socket\"], and what is in "
                        "its "
                        "braces beside that" },
                { "{\"syscalls\":[{\"args\":[{\"socket\":{\"op\":\"A\"}}]}]}", SP203, "`socket`",
                        "known here are `index`, `value`, `valueTwo` and `op`" },
                /* a key that is known elsewhere */
                { "{\"syscalls\":[{\"listenerPath\":\"/x\"}]}", SP203, "`listenerPath`",
                        "`listenerPath` belongs at the top level of the profile" },
                { "{\"syscalls\":[{\"caps\":[]}]}", SP203, "`caps`",
                        "`caps` belongs in `includes` or `excludes`, in a rule" },
                { "{\"syscalls\":[{\"capabilities\":[]}]}", SP203, "`capabilities`",
                        "did you mean `caps`? It belongs in `includes` or `excludes`, in a rule" },
                { "{\"args\":[]}", SP203, "`args`",
                        "`args` belongs in a rule, an element of `syscalls`" },
                { "{\"syscalls\":[{\"valueTwo\":0}]}", SP203, "`valueTwo`",
                        "`valueTwo` belongs in a condition, an element of `args`" },
                { "{\"subArchitectures\":[]}", SP203, "`subArchitectures`",
                        "`subArchitectures` belongs in an element of `archMap`" },
                { "{\"architecture\":\"X\"}", SP203, "`architecture`",
                        "did you mean \"architectures\": [\"X\"]?" },
                { "{\"defaultAction\":\"A\",\"action\":\"B\"}", SP203, "`action`",
                        "`action` belongs in a rule, an element of `syscalls`" },
                { "{\"syscalls\":[{\"action\":\"A\",\"defaultAction\":\"B\"}]}", SP203,
                        "`defaultAction`",
                        "`defaultAction` belongs at the top level of the profile" },
                { "{\"syscalls\":[{\"\u0430ction\":\"A\"}]}", SP203, "`\u0430ction`",
                        "the word has a character that is not ASCII, however it looks (U+0430): "
                        "type it anew, as `action`" },
                { "{\"errnoRet\":1}", SP203, "`errnoRet`", "did you mean `defaultErrnoRet`?" },
                { "{\"syscalls\":[{\"args\":[{\"val\":0}]}]}", SP203, "`val`",
                        "did you mean `value`?" },
                { "{\"archMap\":[{\"subArchs\":[]}]}", SP203, "`subArchs`",
                        "did you mean `subArchitectures`?" },
                { "{\"syscalls\":[{\"excludes\":{\"capabilities\":[]}}]}", SP203, "`capabilities`",
                        "did you mean `caps`?" },
                { "{\"archMap\":[{\"SCMP_ARCH_X86_64\":[]}]}", SP203, "`SCMP_ARCH_X86_64`",
                        "`SCMP_ARCH_X86_64` is no key: write \"architecture\": "
                        "\"SCMP_ARCH_X86_64\"; known here are `architecture` and "
                        "`subArchitectures`" },
                { "{\"syscalls\":[{\"name\":[\"a\",\"b\"]}]}", SP205, "`name` must be a string",
                        "a list of names stands under `names`" },
                { "{\"rules\":[]}", SP203, "`rules`", "did you mean `syscalls`?" },
                { "{\"syscall\":[]}", SP203, "`syscall`", "did you mean `syscalls`?" },
                { "{\"syscalls\":[{\"syscall\":\"mmap\"}]}", SP203, "`syscall`",
                        "did you mean \"names\": [\"mmap\"]?" },
                { "{\"syscalls\":[{\"syscall\":\"mmap, read\"}]}", SP203, "`syscall`",
                        "did you mean \"names\": [\"mmap\", \"read\"]?" },
                { "{\"syscalls\":[{\"syscallNames\":[]}]}", SP203, "`syscallNames`",
                        "did you mean `names`?" },
                { "{\"syscalls\":[{\"act\":\"A\"}]}", SP203, "`act`", "did you mean `action`?" },
                { "{\"syscalls\":[{\"args\":[{\"arg\":0}]}]}", SP203, "`arg`",
                        "did you mean `index`?" },
                { "{\"syscalls\":[{\"args\":[{\"operator\":\"\"}]}]}", SP203, "`operator`",
                        "did you mean `op`?" },
                { "{\"syscalls\":[{\"args\":[{\"value2\":0}]}]}", SP203, "`value2`",
                        "did you mean `valueTwo`?" },
                /* never one that stands there */
                { "{\"syscalls\":[{\"args\":[{\"valueTwo\":0,\"value2\":0}]}]}", SP203, "`value2`",
                        "`valueTwo` stands there already; known here are `index`, `value`, "
                        "`valueTwo` and `op`" },
                { "{\"syscalls\":[{\"args\":[{\"value\":0,\"valu\":0}]}]}", SP203, "`valu`",
                        "`value` stands there already; known here are `index`, `value`, `valueTwo` "
                        "and `op`" },
                { "{\"flags\":null}", SP204, "is read as absent", NULL },
                { "{\"flags\":null,\"archMap\":null,\"architectures\":null}", SP204,
                        "here and in 2 more places", NULL },
                { "{\"syscalls\":[{\"name\":\"a\"},{\"name\":\"b\"}]}", SP502,
                        "here and in 1 more place", "write \"names\": [\"…\"]" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(messages); i++) {
                _cleanup_fixture_ Fixture fixture = {};
                const Diag *diag = NULL;

                print_message("  %s\n", messages[i].json);
                fixture_parse(&fixture, messages[i].json, NULL);
                diag = find(&fixture.diags, messages[i].rule);
                assert_non_null(strstr(diag->message, messages[i].message));
                if (messages[i].hint)
                        assert_string_equal(diag->hint, messages[i].hint);
                else
                        assert_null(diag->hint);
        }
}

/* Where the owner lowered SP204, a null is an absent part, which the resolution then misses. */
static void test_lowered_null(void **state) {
        _cleanup_fixture_ Fixture fixture = {};
        RuleConfig config = {};
        const char *problem = NULL;

        (void) state;
        assert_int_equal(rule_config_parse(&config, "SP204=off", &problem), 0);
        fixture_parse(&fixture,
                "{\"defaultAction\":null,\"syscalls\":[null,{\"names\":[null],\"action\":null,"
                "\"args\":[null]}]}",
                &config);
        assert_int_equal(fixture.result, 0);
        assert_findings(&fixture.diags, "");
        assert_surface(&fixture.surface, "profile\nrule\nrule names=[] arg{ }\n");
        assert_int_equal(fixture.surface.rules[1].names.n, 1);
        assert_string_equal(fixture.surface.rules[1].names.items[0].string, "");
}

/* Where the owner lowered SP203, an unknown key is nothing, as it is to runtimes. */
static void test_lowered_key(void **state) {
        _cleanup_fixture_ Fixture fixture = {};
        RuleConfig config = {};
        const char *problem = NULL;

        (void) state;
        assert_int_equal(rule_config_parse(&config, "SP203=warning", &problem), 0);
        fixture_parse(&fixture, "{\"DefaultAction\":\"A\",\"_\":1}", &config);
        assert_findings(
                &fixture.diags, "SP203 warning 1:2 /DefaultAction\nSP203 warning 1:22 /_\n");
        assert_surface(&fixture.surface, "profile\n");
}

/* The nodes of what was read, and of what was not written. */
static void test_nodes(void **state) {
        _cleanup_fixture_ Fixture fixture = {};
        const char *json =
                "{\"defaultAction\":\"A\",\"syscalls\":[{\"names\":[\"read\"],\"args\":[{}]}]}";
        const SurfaceRule *rule = NULL;

        (void) state;
        fixture_parse(&fixture, json, NULL);
        rule = &fixture.surface.rules[0];
        assert_string_equal(
                text_pointer(fixture.arena, &fixture.document.text, rule->node), "/syscalls/0");
        assert_string_equal(
                text_pointer(fixture.arena, &fixture.document.text, rule->names.items[0].node),
                "/syscalls/0/names/0");
        assert_string_equal(text_pointer(fixture.arena, &fixture.document.text, rule->args[0].node),
                "/syscalls/0/args/0");
        assert_int_equal(fixture.surface.arch_map_node, TEXT_NO_NODE);
        assert_int_equal(rule->action.node, TEXT_NO_NODE);
        assert_int_equal(rule->includes.node, TEXT_NO_NODE);
        assert_int_equal(rule->args[0].index.node, TEXT_NO_NODE);
        assert_int_not_equal(rule->args_node, TEXT_NO_NODE);
}

static void test_number_of_objects(void **state) {
        static const struct {
                const char *head, *tail, *findings; /* past the limit */
        } lists[] = {
                { "{\"syscalls\":[{}", "]}", "SP102 error 1:2 /syscalls\n" },
                { "{\"archMap\":[{}", "]}", "SP102 error 1:2 /archMap\n" },
                { "{\"syscalls\":[{\"args\":[{}", "]}]}", "SP102 error 1:15 /syscalls/0/args\n" },
        };

        (void) state;
        for (size_t i = 0; i < N_ELEMENTS(lists); i++)
                for (size_t n = LIMIT_LIST_OBJECTS; n <= LIMIT_LIST_OBJECTS + 1; n++) {
                        _cleanup_fixture_ Fixture fixture = {};
                        _cleanup_buf_ Buf json = {};

                        buf_puts(&json, lists[i].head);
                        for (size_t j = 1; j < n; j++)
                                buf_puts(&json, ",{}");
                        buf_puts(&json, lists[i].tail);
                        fixture_parse(&fixture, json.data, NULL);
                        assert_int_equal(fixture.result, 0);
                        assert_findings(
                                &fixture.diags, n > LIMIT_LIST_OBJECTS ? lists[i].findings : "");
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_foreign),
                cmocka_unit_test(test_not_foreign),
                cmocka_unit_test(test_messages),
                cmocka_unit_test(test_lowered_null),
                cmocka_unit_test(test_lowered_key),
                cmocka_unit_test(test_nodes),
                cmocka_unit_test(test_number_of_objects),
        };

        return cmocka_run_group_tests_name("surface", tests, NULL, NULL);
}
