# SPDX-License-Identifier: Apache-2.0
"""Every limit of docs/limits.md reached, where a profile is still good, and passed; numbers and names past all reason."""

import json
import platform

import pytest
from node import ROOT, errors_of, seccompctl

EQ, MASKED = "SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"


def check(text, *options):
    """The entry of one text in check's JSON."""
    result = seccompctl("check", "--format", "json", *options, "-", stdin=text)
    (entry,) = json.loads(result.stdout)["files"]
    return entry


def profile(*rules, default="SCMP_ACT_ERRNO", **more):
    return json.dumps({"defaultAction": default, "architectures": ["SCMP_ARCH_X86_64"], **more,
                       "syscalls": list(rules)}).encode()


def allow(*names, args=None):
    return {"names": list(names), "action": "SCMP_ACT_ALLOW", **({"args": args} if args else {})}


def condition(value, index=0, op=EQ, **more):
    return {"index": index, "value": value, "op": op, **more}


def errors(entry):
    return [(found["rule"], found["message"]) for found in entry["diagnostics"] if found["severity"] == "error"]


def padded(text, size):
    return text + b" " * (size - len(text))


def nested(levels):
    return b'{"defaultAction":"SCMP_ACT_ERRNO","comment":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def values(n):
    """A profile of n JSON values and keys: the object, its two keys, the action, the list and what is in it."""
    return b'{"defaultAction":"SCMP_ACT_ERRNO","comment":[' + b",".join([b"0"] * (n - 5)) + b"]}"


def names(n):
    return profile(allow(*[f"call_{number}" for number in range(n)]))


def conditional(n):
    return profile(*[allow("ioctl", args=[condition(number, 1)]) for number in range(n)])


def conditions(n):
    return profile(allow("mmap", args=[condition(number, number % 6) for number in range(n)]))


@pytest.mark.parametrize("make, limit, rule, said", [
    (lambda n: padded(profile(allow("read")), n), 1 << 20, "SP102", "1048577 bytes"),
    (nested, 64, "SP102", "64 levels"),
    (values, 150000, "SP102", "150000 values and keys"),
    (names, 4096, "SP102", "4096 rules"),
    (conditional, 512, "SP813", "513 rules with conditions"),
    (conditions, 6, "SP603", "7 conditions in one rule"),
    (lambda n: profile(allow("mmap", args=[condition(1, n)])), 5, "SP602", "index 6"),
    (lambda n: profile(default="SCMP_ACT_ERRNO", defaultErrnoRet=n), 4094, "SP307", "errno 4095"),
], ids=["bytes", "levels", "values", "rules", "conditional", "conditions", "index", "errno"])
def test_a_limit_is_reached_and_passed(make, limit, rule, said):
    entry = check(make(limit))
    assert (entry["valid"], errors(entry)) == (True, [])
    entry = check(make(limit + 1))
    assert [found for found, _ in errors(entry)] == [rule]
    assert said in errors(entry)[0][1] and not entry["valid"]
    assert check(make(2 * limit))["valid"] is False, "and far past it"


def test_a_list_has_at_most_32768_objects():
    """Nothing good fits a file so often, so what is within the limit is found to be wrong for other reasons."""
    for n, found in [(32768, {"SP411"}), (32769, {"SP102"})]:
        text = b'{"defaultAction":"SCMP_ACT_ERRNO","archMap":[' + b",".join([b"{}"] * n) + b"]}"
        assert {rule for rule, _ in errors(check(text))} == found


def test_the_page_names_the_limits():
    page = (ROOT / "docs" / "limits.md").read_text()
    for words in ["1 MiB a file", "64 levels", "150,000 JSON values and keys", "32,768 objects in one list", "4096 rules", "512 of those", "6 a rule",
                  "4000 instructions", "20,000 calls", "32 findings", "4096 profiles a source"]:
        assert words in page, words


def test_a_program_of_4000_instructions_is_installed_and_one_more_is_not():
    """A rule on ioctl is some ten instructions, a name one: together they meet both sizes."""
    more = ["read", "write", "close", "fstat", "lseek", "mmap", "brk", "dup", "pause", "getpid", "sync", "umask"]

    def compiled(n_rules, n_names):
        rules = [allow("ioctl", args=[condition(1000 * number + index, index) for index in (1, 2, 3)])
                 for number in range(n_rules)]
        rules += [allow("ioctl", args=[condition(number, index) for index in (1, 2)]) for number in (1, 2)]
        entry = check(profile(*rules, *[allow(name) for name in more[:n_names]]))
        return max(program["instructions"] for program in entry["programs"]), entry
    low, high = 300, 450
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if compiled(middle, 0)[0] <= 4000 else (low, middle)
    sizes = dict(compiled(low, n_names) for n_names in range(len(more) + 1))
    assert sizes[4000]["valid"] and not errors(sizes[4000])
    assert [found for found, _ in errors(sizes[4001])] == ["SP811"]
    assert "4001 instructions, over the limit of 4000" in errors(sizes[4001])[0][1]


def test_32_findings_are_kept_and_the_rest_is_counted():
    def wrong(n):
        return profile(*[{"names": ["read"], "action": f"SCMP_ACT_{number}"} for number in range(n)], defaultErrnoRet=38)
    for n, kept, dropped in [(31, 31, 0), (32, 32, 0), (33, 32, 1), (5000, 32, 4968)]:
        entry = check(wrong(n))
        assert (len(errors(entry)), entry["diagnosticsDropped"]) == (kept, dropped), n


def test_too_many_points_are_sampled_and_said_to_be():
    """Three rules of six values have 10^10 points, walked in sets; masks of single bits are too many paths."""
    def values(n):
        return profile(*[allow("mmap", args=[condition(100 * number + index, index) for index in range(n)])
                         for number in range(3)])

    def masks(n):
        return profile(*[allow("mmap", args=[
            {"index": index, "value": 1 << number + index, "valueTwo": 1 << number + index, "op": "SCMP_CMP_MASKED_EQ"}
            for index in range(n)]) for number in range(8)])
    for body in [values(1), values(6), masks(1)]:
        assert check(body)["programs"][0]["evaluation"] == "exhaustive"
    entry = check(masks(3))
    assert entry["valid"] and entry["programs"][0]["evaluation"] == "sampled"


# --- numbers ---

EXACT = [1, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2,
         2**64 - 1]
PAST = [2**64, 2**64 + 1, 10**20, 10**30, 10**62]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the profiles are for x86_64")
@pytest.mark.parametrize("value", EXACT)
def test_a_number_is_exact_to_64_bits(value):
    text = profile(allow("mmap", args=[condition(value, 1, "SCMP_CMP_NE")]),
                   allow("prctl", args=[condition(value, 2, MASKED, valueTwo=value)]))
    canonical = seccompctl("compile", "-", stdin=text)
    assert canonical.returncode == 0, canonical.stderr
    written = {rule["names"][0]: rule["args"][0] for rule in json.loads(canonical.stdout)["syscalls"]}
    assert written["mmap"]["value"] == written["prctl"]["value"] == value
    assert written["prctl"].get("valueTwo", 0) == value
    assert str(value).encode() in canonical.stdout


@pytest.mark.parametrize("value", PAST)
@pytest.mark.parametrize("key", ["value", "valueTwo"])
def test_a_number_past_64_bits_is_refused_where_it_stands(value, key):
    text = profile(allow("mmap", args=[condition(1, 1, MASKED, **{key: value})] if key == "valueTwo" else
                         [condition(value, 1)]))
    entry = check(text)
    (found,) = [found for found in entry["diagnostics"] if found["severity"] == "error"]
    assert (found["rule"], found["pointer"]) == ("SP104", f"/syscalls/0/args/0/{key}")
    assert text.decode()[found["column"] - 1:found["endColumn"] - 1] == str(value)


@pytest.mark.parametrize("key, value, rule", [
    ("errnoRet", 2**32 - 1, "SP307"), ("errnoRet", 2**32, "SP104"), ("errnoRet", 2**64, "SP104"),
    ("index", 2**32 - 1, "SP602"), ("index", 2**32, "SP104"), ("index", 2**64 + 1, "SP104")])
def test_32_bit_fields_do_not_wrap(key, value, rule):
    """65537 becomes 1 in runtimes, and so would 2^32 + 1."""
    rules = {"errnoRet": {"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": value},
             "index": allow("read", args=[condition(1, value)])}
    assert [found for found, _ in errors(check(profile(rules[key])))] == [rule]


@pytest.mark.parametrize("number", ["-1", "-0", "1.0", "1e0", "1E2", "0.5", "1e400", "-9223372036854775808", '"1"', "true"])
def test_what_is_no_plain_number_is_refused(number):
    text = profile(allow("mmap", args=[condition(12321, 1)])).replace(b"12321", number.encode())
    rule = "SP205" if number in ('"1"', "true") else "SP104"
    (found,) = [found for found in check(text)["diagnostics"] if found["severity"] == "error"]
    assert found["rule"] in (rule, "SP104") and found["pointer"] == "/syscalls/0/args/0/value"


# --- names ---

LONG = 10 * 1024


def test_a_name_of_10_kib_is_carried_or_refused_but_never_cut():
    name = "x" * LONG
    text = profile(allow("read", name))
    entry = check(text)
    assert entry["valid"] and "SP503" in [found["rule"] for found in entry["diagnostics"]]
    written = json.loads(seccompctl("compile", "-", stdin=text).stdout)
    assert name in written["syscalls"][0]["names"]
    for strange in ["X" * LONG, "é" * LONG, " " * LONG, "x" * LONG + " "]:
        entry = check(profile(allow(strange)))
        assert [found for found, _ in errors(entry)] == ["SP509"]


@pytest.mark.parametrize("word", ["x" * LONG, "é" * LONG, "SCMP_ACT_ALLOW" * 1000, "\u202e" * LONG, "\x1b[2J" * LONG])
def test_a_word_of_10_kib_is_quoted_in_part(word):
    rule = {"names": [word.lower()], "action": word, "args": [{"index": 0, "value": 1, "op": word}], word: 1}
    text = json.dumps({"defaultAction": word, "architectures": [word], "flags": [word], "listenerPath": word, word: word,
                       "syscalls": [rule]}).encode()
    entry = check(text)
    assert {"SP203", "SP302", "SP401", "SP411", "SP601"} <= {found for found, _ in errors(entry)}
    for found in entry["diagnostics"]:
        for said in ["message", "hint", "pointer"]:
            assert len(found.get(said, "").encode()) <= 1024
            assert not set(found.get(said, "")) & {"\x1b", "\u202e"}
    result = seccompctl("check", "-", stdin=text)
    assert result.returncode == 1 and len(result.stdout) < 64 << 10
    assert b"\x1b" not in result.stdout


def test_a_path_of_10_kib_is_kept():
    path = "/" + "p" * LONG
    text = profile({"names": ["mount"], "action": "SCMP_ACT_NOTIFY"}, listenerPath=path, listenerMetadata=path)
    written = json.loads(seccompctl("compile", "--rule", "SP316=warning", "-", stdin=text).stdout)
    assert (written["listenerPath"], written["listenerMetadata"]) == (path, path)


def test_a_config_map_of_mistakes_costs_little_and_each_profile_shows_its_gravest(node):
    def mistakes(i):
        twice = ", ".join(f'"{a}{b}": 1, "{a}{b}": 1' for a in "abcdefg" for b in "hijkl")
        return f'{{"defaultAction": "SCMP_ACT_ERRNO", "{i:0884}": {{{twice}}}}}'.encode()

    node.writer.publish({f"p{i:03}.json": mistakes(i) for i in range(700)})
    pid = node.start().pid
    _, body, _ = node.get("/status")
    assert len(body) < 12 << 20
    profiles = json.loads(body)["profiles"]
    assert len(profiles) == 700
    for entry in profiles:
        assert "SP103" in errors_of(entry), entry
        assert len(entry["diagnostics"]) + entry["diagnosticsDropped"] == 35, entry
    assert len(profiles[0]["diagnostics"]) == 32 and len(profiles[-1]["diagnostics"]) == 1
    node.assert_unhurt(pid)
