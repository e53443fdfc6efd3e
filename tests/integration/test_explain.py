# SPDX-License-Identifier: Apache-2.0
"""seccompctl explain: what it says of a call is what the rules say and what real runtimes do."""

import errno
import json
import pathlib
import platform
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import runtimes
from node import EXAMPLES, PUBLISHED, SECCOMPCTL, profile, seccompctl
from test_cli import ENDLESS, on_terminal

WEB = EXAMPLES / "web-server.json"
DOCKER = EXAMPLES / "docker-format.json"


def explain(*arguments, stdin=None):
    result = seccompctl("explain", *arguments, stdin=stdin)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def explain_json(*arguments, stdin=None):
    status, out, err = explain("--format", "json", *arguments, stdin=stdin)
    assert (status, err) == (0, ""), err
    return json.loads(out)


def verdicts(body):
    """Action and errno by architecture, of the direct ways; None where it depends on arguments."""
    return {way["architecture"]: way.get("verdict") for way in body["ways"] if "multiplexer" not in way}


# --- a call ---


def test_a_file_that_is_none_may_be_something_else():
    def said(*arguments):
        result = seccompctl("explain", *arguments)
        assert result.returncode == 2
        return result.stderr.decode()
    assert "the FILE stands first, then the call: mount" in said("mount", "18-web.json")
    assert "seccompctl check --explain SP503" in said("SP503")
    assert said("nothing.json") == "seccompctl explain: nothing.json: No such file or directory\n"


def test_a_rule_that_decides_is_shown_with_its_line():
    status, out, err = explain(WEB, "clone3")
    text = WEB.read_text()
    line = text[:text.index('"clone3"')].count("\n") + 1
    column = text.splitlines()[line - 1].index('"clone3"') + 1
    assert (status, err) == (0, "")
    head, ways, _, place, source, caret = out.splitlines()[:6]
    assert head == "clone3 is denied, and fails with ENOSYS [ERRNO(38)]"
    assert ways.startswith("  on SCMP_ARCH_X86_64 (435)")
    assert place == f"{WEB}:{line}:{column}: this rule decides"
    assert re.fullmatch(rf" +{line} \| .*", source)
    assert source[caret.index("^"):caret.rindex("^") + 1] == '"clone3"'


def test_the_default_decides_what_no_rule_names():
    _, out, _ = explain(WEB, "mount")
    assert out.startswith("mount is denied, and fails with EPERM [ERRNO(1)]\n")
    assert ": no rule names it, the default decides\n" in out and '"defaultAction": "SCMP_ACT_ERRNO"' in out


def test_unknown_arguments_give_conditions_and_known_ones_an_answer():
    status, out, _ = explain(DOCKER, "clone")
    assert status == 0 and out.startswith("clone depends on its arguments\n")
    assert "when (a0 & 0x7e020000) == 0: allowed [ALLOW]" in out
    assert "else the default: denied, and fails with EPERM [ERRNO(1)]" in out
    for value in ["0x10000000", "268435456"]:
        _, out, _ = explain(DOCKER, "clone", f"a0={value}")
        assert out.startswith("clone(a0=0x10000000) is denied")
        assert "no rule matches, the default decides" in out
    _, out, _ = explain(DOCKER, "clone", "0=17")
    assert out.startswith("clone(a0=17) is allowed [ALLOW]") and "this rule decides, as (a0 & 0x7e020000) == 0" in out
    assert explain(DOCKER, "clone", "a1=5")[1].startswith("clone(a1=5) depends on other arguments")


def test_a_negative_argument_is_its_twos_complement():
    body = explain_json(WEB, "openat", "a0=-100")
    assert body["arguments"] == [{"index": 0, "value": 2**64 - 100}]


def test_a_rule_that_is_not_for_this_node_is_mentioned():
    _, out, _ = explain(DOCKER, "setns")
    assert "note: this rule on it is not for this node, by its includes or excludes" in out
    (place,) = explain_json(DOCKER, "setns")["notSelected"]
    text = DOCKER.read_text().splitlines()[place["line"] - 1]
    assert text[place["column"] - 1:].startswith('"setns"')
    assert place["pointer"].startswith("/syscalls/")
    body = explain_json("--capabilities", "CAP_SYS_ADMIN", DOCKER, "setns")
    assert body["notSelected"] == [] and set(map(str, verdicts(body).values())) == {"{'action': 'SCMP_ACT_ALLOW'}"}


def test_a_rule_that_an_earlier_one_made_needless_is_for_this_node(tmp_path):
    path = tmp_path / "twice.json"
    path.write_text(json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["read"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["read"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}]}))
    assert [place["pointer"] for place in explain_json(path, "read")["notSelected"]] == ["/syscalls/2/names/0"]
    assert explain(path, "read")[1].count("not for this node") == 1


def test_the_summary_tells_of_rules_that_overlap(tmp_path):
    path = tmp_path / "overlap.json"
    path.write_text(json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["ioctl"], "action": action, "args": [{"index": 1, "value": value, "op": op}]}
        for action, value, op in [("SCMP_ACT_TRAP", 8, "SCMP_CMP_GE"), ("SCMP_ACT_ALLOW", 20, "SCMP_CMP_LE")]]}))
    assert "overlap, and libseccomp may let either decide [SP704]\n" in explain(path)[1]
    (call,) = explain_json(path)["conditional"]
    assert [case.get("contested", False) for case in call["cases"]] == [True, True, False]
    assert "SP704" not in explain(WEB)[1]


def test_architectures_apart_and_together(tmp_path):
    path = tmp_path / "three.json"
    path.write_bytes(json.dumps({
        "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": [{"names": ["socket", "writev", "mmap2"], "action": "SCMP_ACT_ALLOW"}]}).encode())
    _, out, _ = explain(path, "writev")
    assert "  on SCMP_ARCH_X86_64 (20), SCMP_ARCH_X86 (146), SCMP_ARCH_X32 (1073742340)\n" in out
    assert out.count("is allowed") == 1
    assert explain(path, "mmap2")[1].splitlines()[1] == "  on SCMP_ARCH_X86 (192)"
    for name in ["SCMP_ARCH_X86", "i686", "x86", "40000003"]:
        body = explain_json("--arch", name, path, "socket")
        assert [(way["architecture"], way["number"]) for way in body["ways"]] == [
            ("SCMP_ARCH_X86", 359), ("SCMP_ARCH_X86", 102)]
        assert body["ways"][1]["multiplexer"] == "socketcall" and body["ways"][1]["subcall"] == 1
    _, out, _ = explain("--arch", "aarch64", path, "read")
    assert "denied, and its thread is killed [KILL]" in out
    assert "SCMP_ARCH_AARCH64 cannot run on this node, which is SCMP_ARCH_X86_64; for one that can: --node arch=arm64" in out
    assert '["SCMP_ARCH_X86_64"' in out
    alone = tmp_path / "alone.json"
    alone.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"]}))
    assert "SCMP_ARCH_X86 is not among the profile's architectures" in explain("--arch", "x86", alone, "read")[1]
    # a number is one of the native architecture
    assert explain(path, "20")[1].splitlines()[:2] == ["writev is allowed [ALLOW]", "  on SCMP_ARCH_X86_64 (20)"]
    assert explain_json(path, "0x14")["call"] == "writev"
    assert explain(path, "9999")[1].startswith("call 9999 is denied")


def test_a_name_that_libseccomp_does_not_know(tmp_path):
    path = tmp_path / "new.json"
    path.write_bytes(profile("read", "call_of_tomorrow"))
    status, out, _ = explain(path, "call_of_tomorrow")
    assert status == 0 and "unknown to libseccomp" in out and "no effect here" in out
    assert "call_of_tomorrow is allowed [ALLOW]" in out and ": this rule decides" in out
    body = explain_json(path, "call_of_tomorrow")
    assert body["ways"] == [] and body["unknown"]["cases"][0]["action"] == "SCMP_ACT_ALLOW"
    status, out, err = explain(path, "raed")
    assert (status, out) == (2, "") and "did you mean 'read'?" in err
    status, out, _ = explain(path, "arm_fadvise64_64")
    assert status == 0 and "other architectures only" in out


def test_overlapping_rules_are_no_guess():
    rules = [("SCMP_ACT_LOG", 1, "SCMP_CMP_EQ", 21505), ("SCMP_ACT_ALLOW", 2, "SCMP_CMP_GT", 100)]
    body = json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["ioctl"], "action": action, "args": [{"index": index, "value": value, "op": op}]}
        for action, index, op, value in rules]}).encode()
    _, out, _ = explain("-", "ioctl", "1=21505", "2=200", stdin=body)
    assert "ioctl(a1=21505, a2=200) is up to libseccomp" in out and "[SP704]" in out
    (way,) = explain_json("-", "ioctl", "1=21505", "2=200", stdin=body)["ways"]
    assert "verdict" not in way
    assert [(case["action"], case["contested"]) for case in way["cases"]] == [
        ("SCMP_ACT_LOG", True), ("SCMP_ACT_ALLOW", True)]


def test_the_json_of_a_call_is_stable(tmp_path):
    path = tmp_path / "stable.json"
    path.write_text('{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [\n'
                    '  {"names": ["read", "personality"], "action": "SCMP_ACT_LOG", "args": [\n'
                    '    {"index": 0, "value": 3, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"},\n'
                    '    {"index": 1, "value": 18446744073709551615, "op": "SCMP_CMP_NE"}]}]}')
    assert explain_json(path, "read", "a1=7") == {
        "apiVersion": "seccompctl/v1", "kind": "ExplainResult", "file": str(path), "call": "read",
        "arguments": [{"index": 1, "value": 7}],
        "ways": [{
            "architecture": "SCMP_ARCH_X86_64", "number": 0, "listed": True,
            "cases": [
                {"conditions": [{"index": 0, "op": "SCMP_CMP_MASKED_EQ", "value": 3, "valueTwo": 1}],
                 "action": "SCMP_ACT_LOG", "decidedBy": "rule", "line": 2, "column": 14,
                 "pointer": "/syscalls/0/names/0"},
                {"conditions": [], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "decidedBy": "default", "line": 1,
                 "column": 19, "pointer": "/defaultAction"}]}],
        "notSelected": []}
    (way,) = explain_json(path, "clone3")["ways"]
    assert way["verdict"] == {"action": "SCMP_ACT_ERRNO", "errnoRet": 1}
    assert way["runc"] == {"action": "SCMP_ACT_ERRNO", "errnoRet": 38, "highestNumber": 135}


@pytest.mark.parametrize("runtime", ["runc", "crun"])
def test_runtimes_do_what_explain_says(runtime, tmp_path):
    """Beyond the highest number that the profile names runc answers ENOSYS and crun the default."""
    if not shutil.which(runtime):
        pytest.skip(f"{runtime} is not installed")
    source = json.loads(WEB.read_text())
    numbers = {}
    for rule in source["syscalls"]:
        for name in list(rule["names"]):
            body = explain_json(WEB, name)
            numbers[name] = max([way["number"] for way in body["ways"]
                                 if way["architecture"] == "SCMP_ARCH_X86_64"], default=0)
            if numbers[name] >= 335:
                rule["names"].remove(name)
    source["syscalls"] = [rule for rule in source["syscalls"] if rule["names"]]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(source))
    calls = ["getpid", "mount", "clone3", "mkdirat", "bpf", "keyctl"]
    expected = {}
    for call in calls:
        (way,) = [way for way in explain_json(path, call)["ways"] if way["architecture"] == "SCMP_ARCH_X86_64"]
        answer = way["runc"] if runtime == "runc" and "runc" in way else way["verdict"]
        expected[call] = answer.get("errnoRet", 0)
    assert expected["clone3"] == (errno.ENOSYS if runtime == "runc" else errno.EPERM)
    written = json.loads(seccompctl("compile", path).stdout)
    result = runtimes.run(runtime, tmp_path, runtimes.build_probe(tmp_path / "probe"), calls, written)
    assert result.seccomp == 2, result.error
    allowed = {call for call, number in expected.items() if number == 0}
    assert allowed == {"getpid", "mkdirat"}
    # what is let through may still fail for its harmless arguments
    assert {call: number for call, number in result.errno.items() if call not in allowed} == {
        call: number for call, number in expected.items() if call not in allowed}
    assert result.errno["getpid"] == 0 and result.errno["mkdirat"] == errno.EFAULT


@pytest.mark.skipif(platform.machine() != "x86_64", reason="makes calls of i386 from x86_64")
@pytest.mark.parametrize("runtime", ["runc", "crun"])
def test_runc_forgets_the_numbers_behind_socketcall(runtime, tmp_path):
    """A 32-bit socket(2) by its own number is allowed, yet runc answers ENOSYS: it does not know that number."""
    if not shutil.which(runtime):
        pytest.skip(f"{runtime} is not installed")
    rootfs = tmp_path / "rootfs"
    for name in ("proc", "dev"):
        (rootfs / name).mkdir(parents=True)
    subprocess.run(["gcc", "-static", "-nostdlib", "-fno-stack-protector", "-O1", "-o", rootfs / "probe",
                    pathlib.Path(__file__).with_name("i386.c")], check=True)
    if subprocess.run([rootfs / "probe"], capture_output=True, check=False).returncode < 0:
        pytest.skip("this kernel takes no calls of i386")
    body = {"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": [
        {"names": [name for rule in json.loads(WEB.read_text())["syscalls"] for name in rule["names"]],
         "action": "SCMP_ACT_ALLOW"}]}
    path = tmp_path / "all.json"
    path.write_text(json.dumps(body))
    with ThreadPoolExecutor(4) as pool:
        ways = dict(zip(body["syscalls"][0]["names"], pool.map(
            lambda name: explain_json("--arch", "x86", path, name)["ways"], body["syscalls"][0]["names"])))
    body["syscalls"][0]["names"] = [name for name in ways if name == "socket" or not any(
        way["number"] > 358 for way in ways[name])]
    path.write_text(json.dumps(body))
    direct, behind = explain_json("--arch", "x86", path, "socket")["ways"]
    assert direct["verdict"] == behind["verdict"] == {"action": "SCMP_ACT_ALLOW"}
    assert direct["runc"]["errnoRet"] == errno.ENOSYS and "runc" not in behind
    result = runtimes.run(runtime, tmp_path, rootfs, [], json.loads(seccompctl("compile", path).stdout))
    assert result.errno == {"socket": errno.ENOSYS if runtime == "runc" else 0}, result.error


# --- the whole profile ---


def test_the_summary_counts_what_explain_says_of_each_call():
    """(test_compile.py holds summaries of all profiles against their programs.)"""
    path = DOCKER
    summary = explain_json(path)
    with ThreadPoolExecutor(4) as pool:  # what every number of the native architecture gets
        bodies = pool.map(lambda number: explain_json("--arch", "x86_64", path, str(number)), range(480))
        names = {body["call"]: body["ways"][0] for body in bodies if "call" in body}
    native = summary["architectures"][0]
    assert native["calls"] == len(names)
    assert native["conditional"] == sum("verdict" not in way for way in names.values())
    for answer in native["answers"]:
        wanted = {key: value for key, value in answer.items() if key != "calls"}
        assert answer["calls"] == sum(way.get("verdict") == wanted for way in names.values()), wanted
    assert sum(answer["calls"] for answer in native["answers"]) + native["conditional"] == native["calls"]
    assert {entry["call"] for entry in summary["conditional"] if entry["architecture"] == "SCMP_ARCH_X86_64"} == {
        name for name, way in names.items() if "verdict" not in way}
    for risk in summary["risks"]:
        assert any(case["action"] == "SCMP_ACT_ALLOW" for case in names[risk["call"]]["cases"]), risk
    checked = json.loads(seccompctl("check", "--format", "json", path).stdout)["files"][0]
    assert summary["digest"] == checked["digest"]
    assert summary["programs"] == [
        {key: entry[key] for key in ("optimiseLevel", "instructions")} for entry in checked["programs"]]


def test_the_risks_are_those_of_the_rules():
    """SP901 to SP903, and calls that are allowed with some arguments."""
    if not PUBLISHED.exists():
        pytest.skip("golang-github-containers-common is not installed")
    for options in [[], ["--capabilities", "none"]]:
        checked = json.loads(seccompctl("check", "--format", "json", *options, PUBLISHED).stdout)["files"][0]
        found = " ".join(entry["message"] for entry in checked["diagnostics"] if entry["rule"] in ("SP901", "SP902", "SP903"))
        risks = explain_json(*options, PUBLISHED)["risks"]
        assert len(risks) >= 10
        # umount is no call of x86_64
        assert {risk["call"] for risk in risks if not risk["conditional"]} == set(re.findall(r"`(\w+)`", found)) - {"umount"}


def test_the_summary_for_a_person():
    status, out, err = explain(DOCKER)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{DOCKER}: a call that no rule matches is denied, and fails with EPERM"
    header = next(i for i, line in enumerate(lines) if line.split()[:1] == ["calls"])
    assert lines[header].split() == ["calls", "X86_64", "X86"]
    counts = {line.rsplit(None, 2)[0].strip(): [int(word) for word in line.split()[-2:]]
              for line in lines[header + 1:lines.index("", header)] if "instructions" not in line}
    assert counts["in all"] == [sum(column) for column in zip(*[
        numbers for label, numbers in counts.items() if label != "in all"])]
    (sizes,) = [line for line in lines if line.startswith("  instructions ")]
    assert re.fullmatch(r"  instructions +\d+ \(\d+ under runc 1\.2 and newer\)", sizes)
    assert "  clone               ALLOW when (a0 & 0x7e020000) == 0; else ERRNO(1)" in lines
    assert any(line.startswith("note: runc, not crun, answers ENOSYS to calls above") for line in lines)
    _, out, _ = explain("--capabilities", "CAP_SYS_ADMIN", DOCKER)
    assert "risky and permitted\n" in out and "leaves the container's namespaces" in out
    _, out, _ = explain("-", stdin=profile("read", default="SCMP_ACT_ALLOW", action="SCMP_ACT_ERRNO"))
    assert "[SP314]" in out and "risky and permitted" not in out
    _, out, _ = explain("-", stdin=profile("read", "call_of_tomorrow"))
    assert re.search(r"unknown to libseccomp \S+, so without effect here\n  call_of_tomorrow\n", out)


# --- as a user meets it ---


def test_colour_on_a_terminal_only():
    for arguments in [(DOCKER, "clone"), (DOCKER, "mount"), (DOCKER,)]:
        plain = explain(*arguments)[1]
        assert "\033" not in plain
        assert re.sub(r"\033\[[0-9;]*m", "", on_terminal("explain", *arguments, NO_COLOR="")) == plain
    assert "\033[1;32mallowed\033[0m" in on_terminal("explain", DOCKER, "clone", NO_COLOR="")
    assert "\033" not in on_terminal("explain", DOCKER, "clone", NO_COLOR="1")


def test_a_hostile_file_cannot_move_the_cursor(tmp_path):
    name = tmp_path / "a\033[2Jb.json"
    name.write_bytes('{"comment": "\u202e\\u001b[2J", "defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}'.encode())
    for arguments in [(name, "read"), (name,), ("--format", "json", name, "read"), ("--format", "json", name)]:
        status, out, _ = explain(*arguments)
        assert status == 0
        assert not set(out) & {"\033", "\u202e", "\r", "\b"}


def test_a_bad_profile_has_nothing_to_explain(tmp_path):
    for data, rule in [(b'{"defaultAction": "SCMP_ACT_ALOW"}', "[SP302]"), (ENDLESS, "[SP812]")]:
        status, out, err = explain("-", "socket", stdin=data)
        assert (status, out) == (1, "") and rule in err
    assert explain("--rule", "SP801=error", "-", "read", stdin=profile("read"))[0] == 1


@pytest.mark.parametrize("arguments, said", [
    ([], "which profile"),
    ([WEB.parent, "read"], "directory"),
    (["/nonexistent/x.json", "read"], "No such file"),
    ([WEB, "raed"], "did you mean 'read'?"),
    ([WEB, "read", "5"], "ARG=VALUE"),
    ([WEB, "read", "6=5"], "ARG 0 to 5"),
    ([WEB, "read", "b0=5"], "ARG 0 to 5"),
    ([WEB, "read", "a0=5", "0=6"], "given twice"),
    ([WEB, "read", "a0=010"], "decimal or 0x"),
    ([WEB, "read", "a0=1e3"], "decimal or 0x"),
    ([WEB, "read", "a0="], "decimal or 0x"),
    ([WEB, "read", "a0=0x"], "decimal or 0x"),
    ([WEB, "read", "a0= 5"], "decimal or 0x"),
    ([WEB, "read", "a0=18446744073709551616"], "64 bits"),
    ([WEB, "99999999999"], "not the number of a call"),
    ([WEB, "12x"], "not the number of a call"),
    (["--arch", "SCMP_ARCH_X86_46", WEB, "read"], "did you mean 'SCMP_ARCH_X86_64'?"),
    (["--arch", "", WEB, "read"], "no architecture"),
    (["--format", "yaml", WEB, "read"], "text or json"),
    (["--fromat", "json", WEB], "did you mean --format"),
])
def test_mistakes(arguments, said):
    status, out, err = explain(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("seccompctl explain: ") and said in err


def test_a_full_disk_is_not_success():
    with open("/dev/full", "wb") as full:
        result = subprocess.run([str(SECCOMPCTL), "explain", str(WEB), "read"], stdout=full, stderr=subprocess.PIPE,
                                timeout=60, check=False)
    assert result.returncode == 2 and result.stderr
