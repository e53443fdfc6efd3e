# SPDX-License-Identifier: Apache-2.0
"""seccompctl compile --format asm|bpf|pfc and --log-only: the programs are those that were evaluated."""

import errno
import itertools
import json
import platform
import re
import shutil
import subprocess
import sys

import bpf
import pytest
import runtimes
from node import EXAMPLES, PUBLISHED, SECCOMPCTL, profile, seccompctl
from test_cli import ENDLESS, on_terminal

WEB = EXAMPLES / "web-server.json"
DOCKER = EXAMPLES / "docker-format.json"
PROFILES = [*sorted(EXAMPLES.glob("*.json")), PUBLISHED]
CONDITIONAL = json.dumps({
    "defaultAction": "SCMP_ACT_KILL_PROCESS", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    "syscalls": [
        {"names": ["read", "write", "exit_group", "rt_sigreturn", "execve"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42},
        {"names": ["sync"], "action": "SCMP_ACT_TRAP"},
        {"names": ["personality"], "action": "SCMP_ACT_TRACE", "errnoRet": 3, "args": [
            {"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [
            {"index": 0, "value": 0x7e020000, "op": "SCMP_CMP_MASKED_EQ"}]},
        {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": [
            {"index": 1, "value": 5, "op": "SCMP_CMP_GE"}, {"index": 2, "value": 7, "op": "SCMP_CMP_NE"}]}]}).encode()


def compile_(*arguments, stdin=None):
    """Exit status, stdout as bytes, stderr as text."""
    result = seccompctl("compile", *arguments, stdin=stdin)
    return result.returncode, result.stdout, result.stderr.decode()


def program_of(path, arch, *options, stdin=None):
    status, out, err = compile_("--format", "bpf", "--arch", arch, *options, path, stdin=stdin)
    assert status == 0, err
    return bpf.instructions(out)


@pytest.fixture(params=PROFILES, ids=lambda path: path.name)
def path(request):
    if not request.param.exists():
        pytest.skip("golang-github-containers-common is not installed")
    return request.param


def arches_of(path):
    return json.loads(compile_(path)[1])["architectures"]


# --- bpf and asm ---


def test_the_salt_is_no_rule_of_the_authors(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mount"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}))
    canonical = seccompctl("compile", path).stdout
    assert b'"read"' in canonical
    found = json.loads(seccompctl("check", "--format", "json", "-", stdin=canonical).stdout)["files"][0]
    assert "SP705" not in [one["rule"] for one in found["diagnostics"]]
    assert seccompctl("compile", "-", stdin=canonical).stdout == canonical
    assert seccompctl("compile", path).stderr.decode().count("crun salt") == 0, "no person reads it"
    assert on_terminal("compile", path).count("the first rule, on read, is not the author's but the crun salt") == 1
    path.write_bytes(profile("read"))
    assert "crun salt" not in on_terminal("compile", path)


def test_a_listing_assembles_to_the_program(path):
    listings = compile_("--format", "asm", path)[1].decode().split("\n\n")
    arches = arches_of(path)
    assert len(listings) == len(arches)
    for listing, arch in zip(listings, arches):
        program = program_of(path, arch)
        assert listing.splitlines()[0] == f"; {arch}: {len(program)} instructions"
        assert listing.rstrip("\n") == compile_("--format", "asm", "--arch", arch, path)[1].decode().rstrip("\n")
        assert bpf.assemble(listing) == program


def test_a_listing_can_be_read():
    status, out, _ = compile_("--format", "asm", "--arch", "x86", "-", stdin=CONDITIONAL)
    assert status == 0
    text = out.decode()
    lines = text.splitlines()
    assert max(map(len, lines)) < 90
    names = dict(re.findall(r"#(\d+), L\d+ +; (\w+)$", text, re.MULTILINE))
    assert names["3"] == "read" and names["120"] == "clone" and names["136"] == "personality"
    for comment in ["architecture", "number of the call", "argument 0, low word", "SCMP_ARCH_X86", "KILL_PROCESS",
                    "ALLOW", "ERRNO(42) ENOMSG", "TRAP", "TRACE(3)"]:
        assert any(line.partition("; ")[2] == comment for line in lines), comment
    wide = compile_("--format", "asm", "--arch", "x86_64", "-", stdin=CONDITIONAL)[1].decode()
    assert re.search(r"ld   \[28\] +; argument 1, high word$", wide, re.MULTILINE)
    # every label is jumped to, and every jump goes to a label
    labels = re.findall(r"^(L\d+):", wide, re.MULTILINE)
    assert sorted(labels) == sorted(set(re.findall(r"[ ,](L\d+)\b", wide)))


def test_a_big_endian_listing_knows_its_words():
    body = json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 5, "op": "SCMP_CMP_EQ"}]}]}).encode()
    status, _, err = compile_("--format", "asm", "--node", "arch=x86_64", "--arch", "s390x", "-", stdin=body)
    assert status == 2
    assert "SCMP_ARCH_S390X cannot run on this node, which is SCMP_ARCH_X86_64" in err
    assert "for one that can: --node arch=s390x" in err
    text = compile_("--format", "asm", "--node", "arch=s390x", "-", stdin=body)[1].decode()
    assert "; SCMP_ARCH_S390X" in text
    assert re.search(r"ld   \[24\] +; argument 1, high word$", text, re.MULTILINE)
    assert re.search(r"ld   \[28\] +; argument 1, low word$", text, re.MULTILINE)


def values_of(cases):
    """Values below, at and above every constant of a call's conditions, by argument."""
    values = [[0] for _ in range(6)]
    for condition in itertools.chain.from_iterable(case["conditions"] for case in cases):
        points = {condition["value"] + step for step in (-1, 0, 1)} | {condition.get("valueTwo", 0), 1 << 40}
        points |= {bit for bit in (1 << i for i in range(64)) if condition["value"] & bit}
        values[condition["index"]] += sorted(point for point in points if 0 <= point < 1 << 64)
    return values


def holds(condition, args, mask):
    value, two = condition["value"], condition.get("valueTwo", 0)
    argument = args[condition["index"]] & mask
    return {"NE": argument != value, "LT": argument < value, "LE": argument <= value, "EQ": argument == value,
            "GE": argument >= value, "GT": argument > value, "MASKED_EQ": argument & value == two & value}[
        condition["op"].removeprefix("SCMP_CMP_")]


def test_programs_do_what_explain_says(path):
    """The summary and each conditional call, held against the instructions, run in Python."""
    summary = json.loads(seccompctl("explain", "--format", "json", path).stdout)
    for entry in summary["architectures"]:
        arch = entry["architecture"]
        program = program_of(path, arch)
        conditional = {}
        for call in summary["conditional"]:
            if call["architecture"] == arch:
                conditional[call["number"]] = call["cases"]
        mask = 0xFFFFFFFFFFFFFFFF if arch == "SCMP_ARCH_X86_64" else 0xFFFFFFFF
        for number, cases in conditional.items():
            for args in itertools.islice(itertools.product(*values_of(cases)), 5000):
                first = next(case for case in cases if all(holds(c, args, mask) for c in case["conditions"]))
                wanted = {key: first[key] for key in ("action", "errnoRet") if key in first}
                assert bpf.action(bpf.run(program, arch, number, args)) == wanted, (number, args)
        first = 0x40000000 if arch == "SCMP_ARCH_X32" else 0
        counted = {}
        for number in range(first, first + 600):
            answer = json.dumps(bpf.action(bpf.run(program, arch, number)), sort_keys=True)
            counted[answer] = counted.get(answer, 0) + 1
        for answer in entry["answers"]:
            wanted = json.dumps({key: answer[key] for key in ("action", "errnoRet") if key in answer}, sort_keys=True)
            if json.loads(wanted) != {**summary["default"]}:  # numbers without a name get the default too
                assert answer["calls"] <= counted[wanted] <= answer["calls"] + entry["conditional"], (arch, wanted)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="loads a program of x86_64")
def test_the_kernel_takes_the_bytes(tmp_path):
    """A process loads the very bytes, and its calls are answered so."""
    (tmp_path / "filter.bpf").write_bytes(compile_("--format", "bpf", "--arch", "x86_64", DOCKER)[1])
    script = """
import ctypes, os, sys
data = open(sys.argv[1], "rb").read()
class Program(ctypes.Structure):
    _fields_ = [("n", ctypes.c_ushort), ("insns", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(data) // 8, data)), 0, 0) == 0, ctypes.get_errno()
for number, *args in [(39,), (165, 0, 0, 0, 0, 0), (435, 0, 0), (99999,)]:
    result = libc.syscall(number, *args)
    print(number, 0 if result >= 0 else ctypes.get_errno())
"""
    result = subprocess.run([sys.executable, "-c", script, str(tmp_path / "filter.bpf")], capture_output=True, text=True,
                            timeout=60, check=False)
    assert result.stdout.splitlines() == [
        "39 0", f"165 {errno.EPERM}", f"435 {errno.ENOSYS}", f"99999 {errno.EPERM}"], result.stderr


# --- pfc ---


def test_pfc_is_libseccomps_own(path):
    status, out, _ = compile_("--format", "pfc", path)
    text = out.decode()
    assert status == 0
    assert text.count("# pseudo filter code start") == text.count("# pseudo filter code end") == len(arches_of(path))
    summary = json.loads(seccompctl("explain", "--format", "json", path).stdout)
    (native,) = [entry for entry in summary["architectures"] if entry["architecture"] == "SCMP_ARCH_X86_64"]
    own = compile_("--format", "pfc", "--arch", "x86_64", path)[1].decode()
    assert text.startswith(own)
    default = summary["default"]
    # calls of other architectures have private negative numbers, shown as large ones
    others = sum(answer["calls"] for answer in native["answers"]
                 if {key: answer.get(key) for key in default} != default)
    assert len(re.findall(r'filter for syscall "\w+" \(\d{1,9}\)', own)) == others + native["conditional"]
    action = default["action"].removeprefix("SCMP_ACT_") + (f"({default['errnoRet']})" if "errnoRet" in default else "")
    assert f"# default action\n  action {action};\n" in own


# --- --log-only ---


def is_denied(answer):
    return answer["action"] not in ("SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY")


def test_log_only_turns_every_denial_into_a_log_entry(path, tmp_path):
    trial = tmp_path / "trial.json"
    status, out, _ = compile_("--log-only", path)
    assert status == 0
    trial.write_bytes(out)
    assert compile_(trial)[1] == out, "it is a canonical form itself"
    assert compile_("--log-only", trial)[1] == out
    summary = json.loads(seccompctl("explain", "--format", "json", path).stdout)
    for entry in summary["architectures"]:
        arch = entry["architecture"]
        before, after = program_of(path, arch), program_of(trial, arch)
        assert after == program_of(path, arch, "--log-only")
        calls = {call["number"]: values_of(call["cases"]) for call in summary["conditional"] if call["architecture"] == arch}
        first = 0x40000000 if arch == "SCMP_ARCH_X32" else 0
        for number in range(first, first + 600):
            for args in itertools.islice(itertools.product(*calls.get(number, [[0]] * 6)), 3000):
                was, now = (bpf.action(bpf.run(program, arch, number, args)) for program in (before, after))
                assert now == ({"action": "SCMP_ACT_LOG"} if is_denied(was) else was), (arch, number, args)


def test_log_only_says_what_it_cannot_show():
    status, out, err = compile_("--log-only", "-", stdin=profile("read", "execve"))
    assert status == 0 and json.loads(out)["defaultAction"] == "SCMP_ACT_LOG"
    notes = re.findall(r"note: calls of (\w+), which the profile does not list, are still killed", err)
    assert notes == ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    body = json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "listenerPath": "/run/agent.sock", "syscalls": [
        {"names": ["read", "execve"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["mount"], "action": "SCMP_ACT_NOTIFY"}, {"names": ["bpf"], "action": "SCMP_ACT_TRACE"}]}).encode()
    trial = json.loads(compile_("--rule", "SP316=warning", "--log-only", "-", stdin=body)[1])
    assert trial["listenerPath"] == "/run/agent.sock"
    assert {rule["action"] for rule in trial["syscalls"]} == {"SCMP_ACT_ALLOW", "SCMP_ACT_NOTIFY"}


@pytest.mark.parametrize("runtime", ["runc", "crun"])
def test_a_trial_lets_everything_happen(runtime, tmp_path):
    if not shutil.which(runtime):
        pytest.skip(f"{runtime} is not installed")
    rootfs = runtimes.build_probe(tmp_path / "probe")
    calls = ["getpid", "mount", "unshare", "clone3", "mkdirat", "bpf"]
    real, trial = ([runtimes.run(runtime, tmp_path, rootfs, calls, json.loads(compile_(*options, WEB)[1]))]
                   for options in ([], ["--log-only"]))
    free = runtimes.run(runtime, tmp_path, rootfs, calls, None)
    assert real[0].seccomp == trial[0].seccomp == 2, trial[0].error
    assert trial[0].errno == free.errno != real[0].errno


# --- as a user meets it ---


def test_bpf_is_not_for_terminals():
    text = on_terminal("compile", "--format", "bpf", "--arch", "x86_64", DOCKER)
    assert "terminal" in text and "--format asm" in text and len(text) < 200


@pytest.mark.parametrize("arguments, status, said", [
    (["--format", "bpf", DOCKER], 2, "choose one with --arch: SCMP_ARCH_X86_64, SCMP_ARCH_X86"),
    (["--format", "bpf", "--arch", "aarch64", DOCKER], 2, "SCMP_ARCH_AARCH64 cannot run on this node"),
    (["--format", "asm", "--arch", "x32", DOCKER], 2, "not among the profile's architectures"),
    (["--format", "pfc", "--arch", "SCMP_ARCH_X86_46", DOCKER], 2, "did you mean 'SCMP_ARCH_X86_64'?"),
    (["--arch", "x86_64", DOCKER], 2, "one for all architectures"),
    (["--format", "elf", DOCKER], 2, "must be json, bpf, asm or pfc"),
    (["--log", DOCKER, DOCKER], 2, "one FILE"),
    (["--node", "arch=vax", DOCKER], 2, "--node arch=vax"),
])
def test_mistakes(arguments, status, said):
    result = compile_(*arguments)
    assert result[:2] == (status, b"") and said in result[2]


@pytest.mark.parametrize("options", [["--format", "asm"], ["--format", "bpf"], ["--format", "pfc"], ["--log-only"]])
def test_a_bad_profile_has_no_program(options):
    for data, rule in [(b'{"defaultAction": "SCMP_ACT_ALOW"}', "[SP302]"), (ENDLESS, "[SP812]")]:
        status, out, err = compile_(*options, "-", stdin=data)
        assert (status, out) == (1, b"") and rule in err


@pytest.mark.parametrize("format_", ["json", "asm", "bpf", "pfc"])
def test_a_full_disk_is_not_success(format_):
    with open("/dev/full", "wb") as full:
        result = subprocess.run([str(SECCOMPCTL), "compile", "--format", format_, str(WEB)], stdout=full,
                                stderr=subprocess.PIPE, timeout=60, check=False)
    assert result.returncode == 2 and result.stderr
