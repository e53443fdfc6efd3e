# SPDX-License-Identifier: Apache-2.0
"""Both command lines as a user meets them: help, mistakes, output, exit statuses."""

import contextlib
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import unicodedata

import pytest
from node import EXAMPLES, PUBLISHED, SECCOMPCTL, SECCOMPD, eventually, profile, seccompctl, sha256

ERROR = b'{\n  "defaultAction": "SCMP_ACT_ALOW"\n}\n'
# libseccomp 2.5.4 and 2.6.1 never return from these two rules.
ENDLESS = json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
    {"names": ["read", "write", "execve"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [
        {"index": 1, "value": 16, "op": "SCMP_CMP_LT"}, {"index": 0, "value": 0, "op": "SCMP_CMP_NE"}]},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [
        {"index": 0, "value": 0, "op": "SCMP_CMP_NE"}, {"index": 2, "value": 40, "op": "SCMP_CMP_GE"}]}]}).encode()


def run(program, *arguments, **options):
    return subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          check=False, **options)


def check(*arguments, stdin=None):
    """seccompctl check: exit status, stdout, stderr as text."""
    result = seccompctl("check", *arguments, stdin=stdin)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def check_json(*arguments, stdin=None):
    status, out, _ = check("--format", "json", *arguments, stdin=stdin)
    return status, json.loads(out)


def on_terminal(*arguments, **environment):
    """What seccompctl writes to a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen([str(SECCOMPCTL), *map(str, arguments)], stdout=slave, stderr=slave,
                               env={**os.environ, "TERM": "xterm", **environment})
    os.close(slave)
    text = b""
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        while chunk := os.read(master, 4096):
            text += chunk
    os.close(master)
    process.wait(timeout=60)
    return text.decode().replace("\r\n", "\n")


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.json"
    path.write_bytes(profile("read", "write", "execve"))
    return path


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.json"
    path.write_bytes(ERROR)
    return path


# --- help, version, mistakes ---


@pytest.mark.parametrize("program", [[SECCOMPD], [SECCOMPCTL], [SECCOMPCTL, "check"], [SECCOMPCTL, "compile"],
                                     [SECCOMPCTL, "explain"], [SECCOMPCTL, "diff"], [SECCOMPCTL, "status"]])
def test_help_and_version(program):
    name = " ".join([program[0].name, *program[1:]])
    texts = []
    for option in ["--help", "-h"]:
        result = run(*program, option)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.startswith(f"usage: {name} ")
        assert max(map(len, result.stdout.splitlines())) <= 100
        texts.append(result.stdout)
    assert texts[0] == texts[1]
    if len(program) > 1:
        assert run(program[0], "help", program[1]).stdout == texts[0]
    for option in ["--version", "-V"]:
        result = run(*program, option)
        assert (result.returncode, result.stderr) == (0, "")
        assert re.fullmatch(rf"{program[0].name} \d+\.\d+\.\d+\S* \(\w+\)\n", result.stdout)


def test_seccompd_help_shows_the_default_capabilities():
    text = run(SECCOMPD, "--help").stdout
    assert len(re.findall(r"\bCAP_[A-Z_]+", text)) == 14
    assert "CAP_NET_BIND_SERVICE" in text and "CAP_SYS_ADMIN" not in text


@pytest.mark.parametrize("arguments, said", [
    (["seccompctl"], "which command"),
    (["seccompctl", "chekc", "x"], "did you mean 'check'"),
    (["seccompctl", "statsu"], "did you mean 'status'"),
    (["seccompctl", "frobnicate"], "seccompctl --help"),
    (["seccompctl", "--hepl"], "did you mean '--help'"),
    (["seccompctl", "check"], "FILE"),
    (["seccompctl", "check", "--formt", "json", "x"], "did you mean --format"),
    (["seccompctl", "check", "--format", "yaml", "x"], "json"),
    (["seccompctl", "check", "--format"], "needs a value"),
    (["seccompctl", "check", "-o"], "needs a value"),
    (["seccompctl", "check", "-z", "x"], "unknown option -z"),
    (["seccompctl", "check", "--format", "sarfi", "x"], "text, json or sarif; did you mean sarif?"),
    (["seccompctl", "check", "--fail-on", "warn", "x"], "error, warning or info"),
    (["seccompctl", "check", "--fail-on", "warnign", "x"], "did you mean warning?"),
    (["seccompctl", "check", "--node", "arhc=arm64", "x"], "did you mean 'arch'?"),
    (["seccompctl", "check", "--node", "kernel=new", "x"], "write it as 5.10"),
    (["seccompctl", "check", "--explain", "SP32"], "did you mean SP302?"),
    (["seccompctl", "check", "--explain", "unknown-action"], "--explain all lists them"),
    (["seccompctl", "check", "--explain", "SP302", "SP303"], "--explain SP302 stands alone: what is SP303 to it?"),
    (["seccompctl", "help", "chekc"], "did you mean 'check'"),
    (["seccompctl", "check", "--rule", "SP302=off", "x"], "cannot be lowered: such a profile cannot be installed\n"),
    (["seccompctl", "check", "--rule", "SP801=fatal", "x"], "a severity is one of error, warning, info, off\n"),
    (["seccompctl", "check", "--rule", "SP999=off", "x"], "no rule of that number"),
    (["seccompctl", "check", "--rule", "unknown-call", "x"], "SPnnn="),
    (["seccompctl", "check", "--rule", "SP801=loud", "x"], "error, warning, info, off"),
    (["seccompctl", "check", "--capabilities", "CAP_CHOWN,CAP_FLY", "x"], "CAP_FLY"),
    (["seccompctl", "compile"], "one FILE"),
    (["seccompctl", "compile", "a", "b"], "one FILE"),
    (["seccompctl", "compile", "--rul", "SP801=off,", "x"], "SP801=off,"),
    (["seccompctl", "compile", "--capabilities", "FLY", "x"], "FLY"),
    (["seccompctl", "status", "--wait", "30"], "with its unit"),
    (["seccompctl", "status", "--adress", "x"], "did you mean --address"),
    (["seccompctl", "status", "--address", "no/address"], "unix:PATH or HOST:PORT"),
    (["seccompctl", "status", "--address", "localhost:99999"], "'99999' is no port"),
    (["seccompctl", "status", "--address", "http://[::1]:http"], "'http' is no port"),
    (["seccompctl", "status", "a", "b"], "one PROFILE"),
    (["seccompctl", "check", "--forbid-syscall", "moutn", "x"], "did you mean mount?"),
    (["seccompctl", "check", "--allowed-action", "ALLOW", "x"], "unknown action"),
    (["seccompctl", "check", "--rule", "SP820=off", "x"], "did you mean SP802=off?"),
    (["seccompctl", "check", "--config", "/", "x"], "Is a directory"),
    (["seccompd", "--source", "/x", "--require-default", "SCMP_ACT_EROR"], "did you mean SCMP_ACT_ERRNO?"),
    (["seccompd", "--source", "/x", "--config", "/"], "Is a directory"),
    (["seccompd"], "--source"),
    (["seccompd", "--sorce", "/x"], "did you mean --source"),
    (["seccompd", "--source"], "needs a value"),
    (["seccompd", "--once=yes"], "takes no value"),
    (["seccompd", "--source", "/x", "/y"], "'/y'"),
    (["seccompd", "--source", ""], "--source"),
    (["seccompd", "--source", "/x:../up"], "--source /x:../up"),
    (["seccompd", "--source", "/a/x", "--source", "/b/x"], "another source is called x"),
    (["seccompd", "--source", "/x", "--prune-after", "72"], "with its unit"),
    (["seccompd", "--source", "/x", "--adopt", "maybe"], "never, identical or always"),
    (["seccompd", "--source", "/x", "--watch", "fanotify"], "auto or poll"),
    (["seccompd", "--source", "/x", "--rescan", "soon"], "--rescan soon"),
    (["seccompd", "--source", "/x", "--rescan", "18446744073709s"], "--rescan 18446744073709s"),
    (["seccompd", "--source", "/x", "--subdir", "../elsewhere"], "--subdir ../elsewhere: has a part that begins"),
    (["seccompd", "--source", "/x", "--subdir", "/absolute"], "--subdir /absolute: must be a relative path"),
    (["seccompd", "--source", "/x", "--subdir", ""], ". is the seccomp directory itself"),
    (["seccompd", "--source", "/x", "--rule", "SP101=off"], "cannot be lowered"),
    (["seccompd", "--source", "/x", "--capabilities", "CAP_FLY"], "CAP_FLY"),
    (["seccompd", "--source", "/x", "--capabilities", "y=none"], "no --source has"),
    (["seccompd", "--source", "/x", "--log-format", "xml"], "auto, json, text or journal"),
    (["seccompd", "--source", "/x", "--log-level", "loud"], "error, warning, info or debug"),
    (["seccompd", "--source", "/x", "--once", "-zq"], "unknown option -z"),
])
def test_a_mistake_is_said_in_one_line_with_what_is_right(arguments, said):
    program = {"seccompd": SECCOMPD, "seccompctl": SECCOMPCTL}[arguments[0]]
    result = run(program, *arguments[1:])
    assert result.returncode == 2, result
    assert result.stdout == ""
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(arguments[0])


# --- check ---


def test_check_exits_by_what_it_found(good, bad, tmp_path):
    assert check(good)[0] == 0
    assert check(bad)[0] == 1
    assert check(good, bad)[0] == 1
    status, out, err = check(tmp_path / "absent.json")
    assert (status, out) == (2, "") and "absent.json: No such file or directory" in err
    status, out, err = check(bad, tmp_path / "absent.json")
    assert status == 2 and "SP302" in out, "what can be read is checked all the same"


def test_fail_on():
    clean = b'{"defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": ["mount"], "action": "SCMP_ACT_ERRNO"}]}'
    warned = profile("read")  # SP801: no container can start without execve
    for severity, of_clean, of_warned in [("error", 0, 0), ("warning", 0, 1), ("info", 1, 1)]:
        assert check("--fail-on", severity, "-", stdin=clean)[0] == of_clean  # SP314, of information for LOG
        assert check("--fail-on", severity, "-", stdin=warned)[0] == of_warned
    assert check("-", stdin=warned)[0] == 0, "errors are the default"
    assert check("--rule", "SP801=error", "-", stdin=warned)[0] == 1
    assert check("--fail-on", "info", "--rule", "SP314=off", "--rule", "SP414=off", "-", stdin=clean)[0] == 0


def test_rule_decides_what_a_finding_weighs():
    text = profile("read", "no_such_call")
    for severity in ["error", "warning", "info"]:
        _, result = check_json("--rule", f"SP503={severity}", "-", stdin=text)
        found = [entry for entry in result["files"][0]["diagnostics"] if entry["rule"] == "SP503"]
        assert [entry["severity"] for entry in found] == [severity]
        assert result["files"][0]["valid"] == (severity != "error")
    _, result = check_json("--rule", "SP503=off", "-", stdin=text)
    assert "SP503" not in [entry["rule"] for entry in result["files"][0]["diagnostics"]]


def test_check_takes_files_directories_and_standard_input(tmp_path, bad):
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "b.json").write_bytes(profile("read"))
    (tmp_path / "team" / "a.json").write_bytes(profile("write"))
    (tmp_path / "team" / "README.md").write_text("no profile")
    (tmp_path / ".hidden.json").write_text("no profile")
    _, result = check_json(tmp_path)
    assert [entry["file"] for entry in result["files"]] == [
        str(tmp_path / name) for name in ["bad.json", "team/a.json", "team/b.json"]]
    _, result = check_json("-", bad, stdin=profile("read"))
    assert [entry["file"] for entry in result["files"]] == ["<stdin>", str(bad)]
    status, out, err = check(tmp_path / "team" / "README.md")
    assert (status, err) == (1, "") and "SP101" in out, "a file that is named is checked whatever its name"
    (tmp_path / "empty").mkdir()
    status, _, err = check(tmp_path / "empty")
    assert status == 2 and "*.json" in err


def test_what_is_too_large_is_said_to_be(tmp_path):
    text = b'{"defaultAction": "SCMP_ACT_ERRNO"}'
    for extra, rules in [(0, []), (1, ["SP102"]), (1 << 20, ["SP102"])]:
        status, result = check_json("-", stdin=text + b" " * ((1 << 20) - len(text) + extra))
        errors = [entry for entry in result["files"][0]["diagnostics"] if entry["severity"] == "error"]
        assert ([entry["rule"] for entry in errors], status) == (rules, len(rules)), extra
        assert not errors or f"{(1 << 20) + extra} bytes" in errors[0]["message"]
    with open(tmp_path / "huge.json", "wb") as huge:
        huge.truncate(1 << 40)
    status, _, err = check(tmp_path / "huge.json")
    assert status == 2 and "File too large" in err


def test_a_fifo_that_nobody_writes_to_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "fifo.json")
    assert check(tmp_path)[0] != 0


def test_what_a_slow_command_writes_is_waited_for(bad):
    command = f"{SECCOMPCTL} check <(sleep 0.3; cat {bad})"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (1, "")
    assert re.search(r"^/dev/fd/\d+:2:20: error: .* \[SP302\]$", result.stdout, re.MULTILINE)


def test_json_is_one_stable_document(good, bad):
    first = seccompctl("check", "--format", "json", good, bad)
    assert seccompctl("check", "-o", "json", good, bad).stdout == first.stdout
    result = json.loads(first.stdout)
    assert list(result) == ["apiVersion", "kind", "node", "files", "errors", "warnings", "infos", "unreadable", "passedOver"]
    assert (result["apiVersion"], result["kind"]) == ("seccompctl/v1", "CheckResult")
    valid, invalid = result["files"]
    assert list(valid) == ["file", "valid", "digest", "programs", "diagnostics", "diagnosticsDropped"]
    assert valid["valid"] is True and invalid["valid"] is False and "digest" not in invalid
    assert valid["digest"] == sha256(seccompctl("compile", good).stdout)
    assert valid["programs"][0]["instructions"] > 3 and valid["programs"][0]["evaluation"] == "exhaustive"
    (error,) = [entry for entry in invalid["diagnostics"] if entry["severity"] == "error"]
    assert list(error) == ["rule", "severity", "line", "column", "endLine", "endColumn", "pointer", "message", "hint"]
    assert (error["rule"], error["line"], error["column"], error["pointer"]) == ("SP302", 2, 20, "/defaultAction")
    assert result["errors"] == 1
    counted = [entry["severity"] for file in result["files"] for entry in file["diagnostics"]]
    assert (result["warnings"], result["infos"]) == (counted.count("warning"), counted.count("info"))


def test_every_mistake_is_found_in_one_run():
    text = json.dumps({"defaultAction": "SCMP_ACT_EROR", "syscals": [], "architectures": ["SCMP_ARCH_X86_46"],
                       "flags": ["SECCOMP_FILTER_FLAG_LOUD"], "syscalls": [
                           {"names": [], "action": "SCMP_ACT_ALLOW"},
                           {"names": ["read"], "action": "SCMP_ACT_ALLOW",
                            "args": [{"index": 7, "value": 1, "op": "SCMP_CMP_EQUAL"}]}]}, indent=2).encode()
    _, result = check_json("-", stdin=text)
    diagnostics = result["files"][0]["diagnostics"]
    errors = {entry["rule"] for entry in diagnostics if entry["severity"] == "error"}
    assert errors == {"SP203", "SP302", "SP401", "SP411", "SP501", "SP601", "SP602"}
    places = [(entry["line"], entry["column"]) for entry in diagnostics]
    assert places == sorted(places)


@pytest.mark.parametrize("text, token", [
    ('{\n  "defaultAction": "SCMP_ACT_ALOW"\n}\n', '"SCMP_ACT_ALOW"'),
    ('{"defaultAction":\t"SCMP_ACT_ALOW"}', '"SCMP_ACT_ALOW"'),
    ('{"comment": "größer 日本", "defaultAction": "SCMP_ACT_ALOW"}', '"SCMP_ACT_ALOW"'),
    ('{"comment": "' + "x" * 300 + '", "defaultAction": "SCMP_ACT_ALOW", "syscalls": [' + " " * 300 + "]}",
     '"SCMP_ACT_ALOW"'),
    ('{"defaultAction": "SCMP_ACT_ERRNO",\n "syscals": []}', '"syscals"'),
])
def test_the_caret_stands_under_the_mistake(text, token):
    status, out, _ = check("-", stdin=text.encode())
    assert status == 1
    blocks = [block for block in out.split("\n\n") if ": error: " in block]
    head, source, caret, *_ = blocks[0].splitlines()
    before = text[:text.index(token)]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert head.startswith(f"<stdin>:{line}:{column}: error: ")
    assert re.fullmatch(rf" +{line} \| .*", source)
    cells = "".join(char + "\0" * (unicodedata.east_asian_width(char) in "WF") for char in source)
    assert cells[caret.index("^"):caret.rindex("^") + 1] == token
    assert len(source) <= 130


def test_text_is_for_a_person(bad):
    _, out, err = check(bad)
    assert err == ""
    assert re.search(rf"^{re.escape(str(bad))}:2:20: error: .* \[SP302\]$", out, re.MULTILINE)
    assert "help: did you mean `SCMP_ACT_ALLOW`?" in out
    assert re.fullmatch(r"1 file: 1 error, \d+ warnings?, \d+ infos?", out.splitlines()[-1])


def test_colour_on_a_terminal_only(bad):
    assert "\033" not in check(bad)[1]
    coloured = on_terminal("check", bad, NO_COLOR="")
    assert "\033[1;31merror\033[0m" in coloured
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == check(bad)[1]
    assert "\033" not in on_terminal("check", bad, NO_COLOR="1")
    assert "\033" not in on_terminal("check", bad, TERM="dumb")
    assert "\033" not in on_terminal("check", "--format", "json", bad)


def test_a_hostile_text_cannot_move_the_cursor(tmp_path):
    name = tmp_path / "a\033[2Jb.json"
    name.write_bytes(b'{"defaultAction": "SCMP_ACT_\\u001b[2J\xe2\x80\xae", "\xe2\x80\xaekey": 1}')
    status, out, _ = check(name)
    assert status == 1
    assert not set(out) & {"\033", "\u202e", "\r", "\b"}


@pytest.mark.parametrize("how", ["check", "compile"])
def test_a_profile_that_libseccomp_never_ends_on_is_a_finding(how, tmp_path):
    path = tmp_path / "endless.json"
    path.write_bytes(ENDLESS)
    result = seccompctl(how, path)  # which has PATIENCE to end
    assert result.returncode == 1
    text = (result.stdout + result.stderr).decode()
    assert "does not come to an end" in text and "[SP812]" in text
    assert re.search(r"endless\.json:1:\d+: error", text), "it points at the call"
    assert "merge or simplify the conditions on socket" in text
    if how == "compile":
        assert result.stdout == b""


# --- compile ---


def test_compile_prints_what_seccompd_installs(node):
    sources = {path.name: path for path in EXAMPLES.glob("*.json")}
    if PUBLISHED.exists():
        sources["published.json"] = PUBLISHED
    node.writer.publish({name: path.read_bytes() for name, path in sources.items()})
    for capabilities in ["default", "none", "CAP_SYS_ADMIN,CAP_BPF"]:
        assert node.once("--capabilities", capabilities).returncode == 0
        for name, path in sources.items():
            result = seccompctl("compile", "--capabilities", capabilities, path)
            assert result.returncode == 0
            assert result.stdout == (node.installed / name).read_bytes(), (capabilities, name)


def test_compile_is_a_fixed_point_and_says_findings_on_stderr(tmp_path, good, bad):
    canonical = seccompctl("compile", good).stdout
    assert seccompctl("compile", "-", stdin=canonical).stdout == canonical
    result = seccompctl("compile", bad)
    assert (result.returncode, result.stdout) == (1, b"") and b"SP302" in result.stderr
    assert seccompctl("compile", "--rule", "SP801=error", "-", stdin=profile("read")).returncode == 1
    for path in [tmp_path / "absent.json", tmp_path]:
        result = seccompctl("compile", path)
        assert (result.returncode, result.stdout) == (2, b"")


def test_a_full_disk_is_not_success(good):
    with open("/dev/full", "wb") as full:
        for command in ["check", "compile"]:
            result = subprocess.run([str(SECCOMPCTL), command, str(good)], stdout=full, stderr=subprocess.PIPE,
                                    timeout=60, check=False)
            assert result.returncode == 2 and result.stderr, command


# --- status ---


@pytest.fixture
def running(node):
    node.writer.publish({"web.json": profile("read", "execve"), "team.json": profile("write", "execve")})
    node.start()
    return node


def status_of(node, *arguments):
    result = seccompctl("status", "--address", f"unix:{node.socket}", *arguments)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def test_status_is_a_table(running):
    status, out, err = status_of(running)
    assert (status, err) == (0, "")
    header, *rows = out.splitlines()
    assert header.split() == ["PROFILE", "STATE", "DIGEST", "AGE", "FIRST", "FINDING"]
    digests = {name: entry["digest"] for name, entry in running.profiles().items()}
    assert [row.split()[:3] for row in rows] == [
        [name, "installed", digests[name][:19]] for name in ["team.json", "web.json"]]
    running.writer.publish({"web.json": ERROR, "team.json": profile("write", "execve")})
    running.wait_state("web.json", "stale")
    status, out, _ = status_of(running)
    (row,) = [row for row in out.splitlines() if row.startswith("web.json")]
    assert status == 1
    assert row.split()[1:3] == ["stale", digests["web.json"][:19]]
    assert re.search(r"  2:20: unknown action `SCMP_ACT_ALOW`.* \[SP302\]$", row)
    assert {line.index(word) for line, word in [(header, "STATE"), (row, "stale")]} == {header.index("STATE")}


def test_status_of_nothing(node):
    node.writer.publish({"README.md": b""})
    node.start()
    status, out, _ = status_of(node)
    assert status == 0 and "(no profiles)" in out


def test_status_json_is_the_daemons_own(running):
    assert status_of(running, "--format", "json")[1].encode() == running.get("/status")[1]
    status, out, _ = status_of(running, "-o", "json", "web.json")
    assert (status, json.loads(out)) == (0, running.profiles()["web.json"])


def test_status_of_one_profile_is_its_history(running):
    first = running.profiles()["web.json"]["digest"]
    running.writer.publish({"web.json": ERROR, "team.json": profile("write", "execve")})
    running.wait_state("web.json", "stale")
    status, out, _ = status_of(running, "web.json")
    assert status == 1
    assert re.search(r"^state +stale$", out, re.MULTILINE)
    assert re.search(rf"^digest +{first}$", out, re.MULTILINE)
    assert "[SP302]" in out and "did you mean" in out
    history = out.split("\n\n")[1].splitlines()
    assert [line.split()[1:] for line in history[1:]] == [["installed", first[:19]], ["stale", first[:19]]]
    assert status_of(running, "team.json")[0] == 0, "only the profile that was asked for counts"
    status, out, err = status_of(running, "absent.json")
    assert (status, out) == (1, "") and "absent.json" in err


def test_status_tells_the_effect_of_an_update(running):
    running.writer.publish({"web.json": profile("read", "execve", "mount"), "team.json": profile("write", "execve")})
    eventually(lambda: len(running.profiles()["web.json"]["changes"]) == 2)
    history = status_of(running, "web.json")[1].split("\n\n")[1].splitlines()
    assert history[0].split() == ["CHANGED", "STATE", "DIGEST", "EFFECT"]
    assert history[2].split()[1:] == ["installed", running.profiles()["web.json"]["digest"][:19], "widened"]
    assert history[2].index("widened") == history[0].index("EFFECT")


def test_status_of_a_daemon_that_cannot_be_reached(node, tmp_path):
    result = seccompctl("status", "--address", f"unix:{tmp_path / 'nobody.sock'}")
    assert (result.returncode, result.stdout) == (3, b"")
    assert b"nobody.sock: No such file or directory: is seccompd running" in result.stderr
    assert b"localhost" not in result.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        result = seccompctl("status", "--address", address)
        assert result.returncode == 3 and b"Connection refused: is seccompd running" in result.stderr
    port = int(address.rpartition(":")[2])
    node.writer.publish({"web.json": profile("read")})
    node.start("--listen", address)
    result = seccompctl("status", "--address", f"http://127.0.0.1:{port}")
    assert result.returncode == 3 and b"--expose-status" in result.stderr


def test_status_of_something_else_that_answers(tmp_path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "other.sock"))
    listener.listen()

    def answer():
        client, _ = listener.accept()
        client.recv(4096)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        client.close()
    thread = threading.Thread(target=answer)
    thread.start()
    result = seccompctl("status", "--address", f"unix:{tmp_path / 'other.sock'}")
    thread.join()
    listener.close()
    assert result.returncode == 3 and b"not as seccompd" in result.stderr


def test_wait_asks_until_all_is_installed(node):
    node.writer.publish({"web.json": b"{}"})
    waiting = subprocess.Popen([str(SECCOMPCTL), "status", "--address", f"unix:{node.socket}", "--wait", "30s"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.3)
    assert waiting.poll() is None, "it waits for a daemon that is not there yet"
    node.start()
    node.wait_state("web.json", "invalid")
    time.sleep(0.3)
    assert waiting.poll() is None, "it waits for a bad profile"
    node.writer.publish({"web.json": profile("read")})
    out, err = waiting.communicate(timeout=10)
    assert (waiting.returncode, err) == (0, "") and "installed" in out


def test_wait_ends_when_its_time_is_up(node, tmp_path):
    node.writer.publish({"web.json": b"{}"})
    node.start()
    begin = time.monotonic()
    assert status_of(node, "--wait", "700ms")[0] == 1
    assert 0.7 <= time.monotonic() - begin < 5
    assert seccompctl("status", "--address", f"unix:{tmp_path / 'nobody.sock'}", "--wait", "300ms").returncode == 3


# --- seccompd ---


def test_once_says_what_happened_by_its_exit_status(node):
    node.writer.publish({"web.json": profile("read")})
    assert node.once().returncode == 0
    assert not node.socket.exists(), "--once listens nowhere"
    node.writer.publish({"web.json": ERROR})
    result = node.once()
    assert result.returncode == 1 and "SP302" in result.stderr
    shutil.rmtree(node.kubelet)
    result = node.once()
    assert result.returncode == 1
    assert str(node.kubelet) in result.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_daemon_exits_with_success(running, how):
    assert running.stop(how) == 0
    assert "stopping" in running.log()[-1]["message"]


def test_the_kubelet_root_the_subdirectory_and_the_match_are_options(node, tmp_path):
    (tmp_path / "other").mkdir()
    node.writer.publish({"web.profile": profile("read"), "web.json": profile("read")})
    node.start("--kubelet-root", tmp_path / "other", "--subdir", "a/b", "--match", "*.profile")
    assert list(node.states()) == ["web.profile"]
    assert (tmp_path / "other" / "seccomp" / "a" / "b" / "web.profile").exists()
    assert not (node.kubelet / "seccomp").exists()
    assert node.status()["destination"]["path"].endswith("/other/seccomp/a/b")


def test_rule_overrides_hold_in_the_daemon(node):
    node.writer.publish({"web.json": profile("read", "no_such_call")})
    assert node.once("--rule", "SP503=error").returncode == 1
    node.start()
    eventually(lambda: node.states() == {"web.json": "installed"})
