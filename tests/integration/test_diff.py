# SPDX-License-Identifier: Apache-2.0
"""seccompctl diff: by effect and not by text, with diff's exit statuses."""

import json
import random
import re
import subprocess

import pytest
from node import EXAMPLES, PUBLISHED, SECCOMPCTL, profile, seccompctl
from test_cli import ENDLESS, on_terminal

WEB = EXAMPLES / "web-server.json"
DOCKER = EXAMPLES / "docker-format.json"
PROFILES = [*sorted(EXAMPLES.glob("*.json")), PUBLISHED]


def diff(*arguments, stdin=None):
    result = seccompctl("diff", *arguments, stdin=stdin)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def diff_json(*arguments, stdin=None):
    status, out, err = diff("--format", "json", *arguments, stdin=stdin)
    assert err == ""
    body = json.loads(out)
    assert status == (body["effect"] != "none")
    return body


@pytest.fixture
def pair(tmp_path):
    """Writes two profiles and returns their paths."""
    def write(a, b):
        paths = [tmp_path / "a.json", tmp_path / "b.json"]
        for path, data in zip(paths, (a, b)):
            path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        return paths
    return write


def shuffled(body, seed):
    """Another spelling: rules, names and keys in another order, names split over more rules, other indentation."""
    chance = random.Random(seed)
    rules = []
    for rule in body["syscalls"]:
        names = list(rule.get("names") or [rule["name"]])
        chance.shuffle(names)
        cut = chance.randrange(len(names) + 1)
        for part in filter(None, (names[:cut], names[cut:])):
            kept = {key: value for key, value in rule.items() if key not in ("name", "names", "comment")}
            items = list({**kept, "names": part}.items())
            chance.shuffle(items)
            rules.append(dict(items))
    chance.shuffle(rules)
    items = list({**body, "syscalls": rules}.items())
    chance.shuffle(items)
    return json.dumps(dict(items), indent=chance.choice([None, 1, 7])).encode()


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_spellings_of_one_policy_are_equal(path, tmp_path, pair):
    if not path.exists():
        pytest.skip("golang-github-containers-common is not installed")
    assert diff(path, path) == (0, "", "")
    canonical = tmp_path / "canonical.json"
    canonical.write_bytes(seccompctl("compile", path).stdout)
    assert diff(path, canonical) == (0, "", "")
    body = {"syscalls": [], **json.loads(path.read_bytes())}
    if path != PUBLISHED:  # where two rules on a call disagree, the first decides: there the order means something
        for seed in range(3):
            a, b = pair(path.read_bytes(), shuffled(body, seed))
            assert diff(a, b) == (0, "", ""), seed


def test_every_call_that_is_taken_out_is_found(pair):
    body = json.loads(WEB.read_bytes())
    for rule in body["syscalls"]:
        action = {key: value for key, value in rule.items() if key in ("action", "errnoRet")}
        for name in rule["names"][::9]:
            fewer = json.loads(WEB.read_bytes())
            for other in fewer["syscalls"]:
                if name in other["names"]:
                    other["names"].remove(name)
            fewer["syscalls"] = [other for other in fewer["syscalls"] if other["names"]]
            a, b = pair(body, fewer)
            there, back = diff_json(a, b), diff_json(b, a)
            assert [call["call"] for call in there["calls"]] == [name], name
            for change in there["calls"][0]["changes"]:
                assert change["to"] == {"action": "SCMP_ACT_ERRNO", "errnoRet": 1}
            effects = {"narrowed": "widened", "widened": "narrowed", "changed": "changed"}
            if "args" not in rule:
                assert there["calls"][0]["changes"][0]["from"] == action
            assert back["effect"] == effects[there["effect"]]


def test_what_a_person_reads(pair):
    old = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["read", "ptrace", "futex_waitv"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [
            {"index": 0, "value": 0x7e020000, "op": "SCMP_CMP_MASKED_EQ"}]}]}
    new = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["read", "clone", "mount", "futex_waitv"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}
    status, out, err = diff(*pair(old, new))
    assert (status, err) == (1, "")
    assert out == """\
widened
  + clone                ERRNO(1) -> ALLOW, as clone(a0=0x20000)
      A: ALLOW when (a0 & 0x7e020000) == 0; else ERRNO(1)
      B: ALLOW
  + mount                ERRNO(1) -> ALLOW
narrowed
  - ptrace               ALLOW -> ERRNO(1)
changed
  ~ clone3               ERRNO(1) -> ERRNO(38)
mixed: 2 widened, 1 narrowed, 1 changed
"""
    plain = diff(*pair(old, new))[1]
    coloured = on_terminal("diff", *pair(old, new), NO_COLOR="")
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == plain and "\033[1;31mwidened\033[0m" in coloured
    assert "\033" not in on_terminal("diff", *pair(old, new), NO_COLOR="1")


def test_the_json_is_stable(pair):
    old = {"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
           "syscalls": [{"names": ["read", "clone3"], "action": "SCMP_ACT_ALLOW"}]}
    new = {"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"],
           "syscalls": [{"names": ["clone3"], "action": "SCMP_ACT_ALLOW"},
                        {"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [
                            {"index": 2, "value": 5, "op": "SCMP_CMP_LE"}]}]}
    a, b = pair(old, new)
    body = diff_json(a, b)
    digests = [json.loads(seccompctl("check", "--format", "json", path).stdout)["files"][0]["digest"] for path in (a, b)]
    allow, deny = {"action": "SCMP_ACT_ALLOW"}, {"action": "SCMP_ACT_ERRNO", "errnoRet": 1}
    condition = {"index": 2, "op": "SCMP_CMP_LE", "value": 5}
    assert body == {
        "apiVersion": "seccompctl/v1", "kind": "DiffResult",
        "a": {"file": str(a), "digest": digests[0]}, "b": {"file": str(b), "digest": digests[1]},
        "effect": "mixed", "exhaustive": True, "contested": False, "architectures": ["SCMP_ARCH_X86_64"],
        "onlyInA": ["SCMP_ARCH_X86"], "onlyInB": ["SCMP_ARCH_X32"], "flagsDiffer": False,
        "calls": [{
            "number": 0, "call": "read", "known": True, "architectures": ["SCMP_ARCH_X86_64"],
            "changes": [{"effect": "narrowed", "from": allow, "to": deny, "conditional": True,
                         "example": [0, 0, 6, 0, 0, 0]}],
            "a": [{"conditions": [], **allow}],
            "b": [{"conditions": [condition], **allow}, {"conditions": [], **deny}]}],
        "runc": []}


def test_another_default_is_told_once(pair):
    old, new = profile("read", "write"), profile("read", "write", default="SCMP_ACT_KILL_PROCESS")
    status, out, _ = diff(*pair(old, new))
    assert status == 1
    assert re.fullmatch(
        r"changed\n  ~ the default          ERRNO\(1\) -> KILL_PROCESS, what no rule decides: \d+ calls on "
        r"SCMP_ARCH_X86_64, and all newer ones\nchanged: 0 widened, 0 narrowed, 1 changed\n", out)
    body = diff_json(*pair(old, new))
    assert body["default"]["effect"] == "changed" and body["calls"] == []
    native = json.loads(seccompctl("explain", "--format", "json", "-", stdin=old).stdout)["architectures"][0]
    assert body["default"]["calls"] == [{"architecture": "SCMP_ARCH_X86_64", "calls": native["calls"] - 2}]


def test_formats_are_compared_for_this_node(pair):
    """Docker's format against OCI's, and what the owner's capabilities make of it."""
    a, b = pair(DOCKER.read_bytes(), seccompctl("compile", DOCKER).stdout)
    assert diff(a, b) == (0, "", "")
    body = diff_json("--capabilities", "CAP_SYS_ADMIN", a, b)
    assert body["effect"] == "narrowed" and {"mount", "setns", "unshare"} <= {call["call"] for call in body["calls"]}


def six(step):
    """Twenty rules on a call with six conditions each; `step` changes one value of one rule."""
    return {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["read"], "action": "SCMP_ACT_ALLOW"}] + [
        {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": [
            {"index": index, "value": 1000 * (rule + 1) + index + step * (rule == index == 0), "op": "SCMP_CMP_EQ"}
            for index in range(6)]} for rule in range(20)]}


def test_one_value_among_many_conditions_is_found(pair):
    body = diff_json(*pair(six(0), six(1)))
    assert body["exhaustive"] and body["effect"] == "mixed"
    assert [change["example"] for change in body["calls"][0]["changes"]] == [
        [1001, 1001, 1002, 1003, 1004, 1005], [1000, 1001, 1002, 1003, 1004, 1005]]


def test_what_cannot_be_compared_in_full_is_said(pair):
    many, other = ({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": [
            {"index": index, "value": 100 * value + step, "op": "SCMP_CMP_EQ"}]}
        for index in range(6) for value in range(1, 11)]} for step in (0, 1))
    assert diff(*pair(many, many)) == (0, "", "")
    body = diff_json(*pair(many, other))
    assert body["exhaustive"] is False and body["effect"] == "mixed"
    assert diff(*pair(many, other))[1].endswith("a sample of their arguments was\n")


# --- as a user meets it ---


def test_standard_input_is_one_side():
    assert diff("-", WEB, stdin=WEB.read_bytes()) == (0, "", "")
    status, out, _ = diff(WEB, "-", stdin=profile("read"))
    assert status == 1 and out.splitlines()[-1].startswith("narrowed: ")


def test_a_profile_that_is_not_valid_is_trouble(pair):
    for bad, rule in [(b'{"defaultAction": "SCMP_ACT_ALOW"}', "[SP302]"), (ENDLESS, "[SP812]")]:
        for order in (pair(WEB.read_bytes(), bad), reversed(pair(WEB.read_bytes(), bad))):
            status, out, err = diff(*order)
            assert (status, out) == (2, "") and rule in err
    assert diff("--rule", "SP801=error", "-", WEB, stdin=profile("read"))[0] == 2


@pytest.mark.parametrize("arguments, said", [
    ([], "give two profiles"),
    ([WEB], "give two profiles"),
    ([WEB, WEB, WEB], "give two profiles"),
    (["-", "-"], "one of the two only"),
    ([WEB, "/nonexistent.json"], "No such file"),
    ([WEB, EXAMPLES], "directory"),
    (["--format", "yaml", WEB, WEB], "text or json"),
    (["--capabilites", "none", WEB, WEB], "did you mean --capabilities"),
])
def test_mistakes(arguments, said):
    status, out, err = diff(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("seccompctl diff: ") and said in err


def test_a_full_disk_is_not_success():
    with open("/dev/full", "wb") as full:
        result = subprocess.run([str(SECCOMPCTL), "diff", str(WEB), str(DOCKER)], stdout=full, stderr=subprocess.PIPE,
                                timeout=60, check=False)
    assert result.returncode == 2 and result.stderr
