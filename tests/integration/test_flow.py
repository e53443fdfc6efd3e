# SPDX-License-Identifier: Apache-2.0
"""The main job: profiles travel from the source to the kubelet's directory and stay right there."""

import json
import os
import stat

import pytest
from node import EXAMPLES, PUBLISHED, AtomicWriter, errors_of, eventually, profile, rules_of, sha256


def test_a_profile_travels_the_whole_way(node):
    source = profile("read", "write", "execve")
    node.writer.publish({"web.json": source})
    node.start()
    entry = node.wait_state("web.json", "installed")
    data = (node.installed / "web.json").read_bytes()
    assert entry["digest"] == sha256(data)
    assert entry["sourceDigest"] == sha256(source)
    assert json.loads(data)["defaultErrnoRet"] == 1
    assert stat.S_IMODE((node.installed / "web.json").stat().st_mode) == 0o644
    status, body, headers = node.get("/profiles/web.json")
    assert (status, body) == (200, data)
    assert headers["ETag"] == f'"{entry["digest"]}"'
    assert node.text("/readyz") == (200, "ok")


def test_an_update_replaces_the_file_by_rename(node):
    node.writer.publish({"web.json": profile("read")})
    node.start()
    before = (node.installed / "web.json").stat().st_ino
    first = node.profiles()["web.json"]["digest"]
    node.writer.publish({"web.json": profile("read", "write")})
    entry = eventually(lambda: (found := node.profiles()["web.json"])["digest"] != first and found)
    assert entry["state"] == "installed"
    assert (node.installed / "web.json").stat().st_ino != before
    assert [change["digest"] for change in entry["changes"]] == [first, entry["digest"]]


def test_a_bad_update_harms_nothing_and_is_explained(node):
    node.writer.publish({"web.json": profile("read")})
    node.start()
    good = (node.installed / "web.json").read_bytes()
    node.writer.publish({"web.json": b'{\n  "defaultAction": "SCMP_ACT_ALOW"\n}\n'})
    entry = node.wait_state("web.json", "stale")
    assert (node.installed / "web.json").read_bytes() == good
    assert entry["digest"] == sha256(good)
    diagnostic = next(d for d in entry["diagnostics"] if d["rule"] == "SP302")
    assert (diagnostic["line"], diagnostic["column"]) == (2, 20)
    assert "SCMP_ACT_ALLOW" in diagnostic["hint"]
    assert node.text("/readyz")[0] == 200
    node.writer.publish({"web.json": profile("write")})
    assert errors_of(node.wait_state("web.json", "installed")) == []


def allowing(*names, **conditional):
    """A profile that allows calls, and some with a first argument of at most a number."""
    rules = [{"names": list(names), "action": "SCMP_ACT_ALLOW"}] + [
        {"names": [name], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": value, "op": "SCMP_CMP_LE"}]}
        for name, value in conditional.items()]
    return json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": rules}).encode()


def last_effect(node, name="web.json"):
    """The effect of the last change, as the status and the log tell it."""
    change = node.profiles()[name]["changes"][-1]
    line = [line for line in node.log() if line.get("profile") == name and "state" in line][-1]
    assert line["digest"] == change["digest"] and line.get("effect") == change["effect"]
    return change["effect"]


def test_an_update_says_what_it_does(node):
    node.writer.publish({"web.json": allowing("read", "write", ioctl=5)})
    node.start()
    assert last_effect(node) is None, "nothing stood there before"
    for data, effect in [
            (allowing("read", "write", "mount", ioctl=5), "widened"),
            (allowing("read", "write", "mount", ioctl=4), "narrowed"),
            (allowing("read", "write", "bpf", ioctl=4), "mixed"),
            (allowing("read", "write", "bpf", ioctl=4).replace(b"ERRNO", b"KILL_PROCESS"), "changed")]:
        update(node, data)
        assert last_effect(node) == effect
    node.writer.publish({"web.json": data + b" "})
    eventually(lambda: node.profiles()["web.json"]["sourceDigest"] == sha256(data + b" "))
    assert last_effect(node) == "none", "another spelling"
    same = json.loads(data)
    same["syscalls"][0]["names"].append("unlink")
    same["syscalls"].append({"names": ["unlink"], "action": "SCMP_ACT_ALLOW"})
    update(node, json.dumps(same).encode())
    assert last_effect(node) == "widened"
    entry = node.profiles()["web.json"]
    assert [change["effect"] for change in entry["changes"]] == [
        None, "widened", "narrowed", "mixed", "changed", "none", "widened"]


def test_the_effect_is_against_what_is_installed(node):
    """A bad update in between, a restart: the bytes in the directory are what is replaced."""
    node.writer.publish({"web.json": allowing("read")})
    node.start()
    node.writer.publish({"web.json": b"{}"})
    node.wait_state("web.json", "stale")
    assert last_effect(node) is None
    update(node, allowing("read", "write"))
    assert last_effect(node) == "widened"
    node.stop()
    node.writer.publish({"web.json": allowing("write")})
    node.start()
    assert node.holds("web.json", allowing("write"))
    assert last_effect(node) == "narrowed"
    node.stop()
    node.start()
    assert [change["effect"] for change in node.profiles()["web.json"]["changes"]] == [None]


def test_no_effect_is_told_of_what_someone_else_has_written(node):
    node.writer.publish({"web.json": allowing("read")})
    node.start()
    node.stop()
    (node.installed / "web.json").write_bytes(b'{"defaultAction": "SCMP_ACT_ALLOW"}')
    node.writer.publish({"web.json": allowing("read", "write")})
    node.start()
    node.wait_state("web.json", "installed")
    assert last_effect(node) is None


def denying(name, errno):
    """A profile with a rule whose errno is not the default's."""
    return json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["read", "execve"], "action": "SCMP_ACT_ALLOW"},
        {"names": [name], "action": "SCMP_ACT_ERRNO", "errnoRet": errno}]}).encode()


def update(node, data):
    """Publishes an update of web.json; its entry once it is installed."""
    before = node.profiles()["web.json"]["digest"]
    node.writer.publish({"web.json": data})
    return eventually(lambda: (found := node.profiles()["web.json"])["digest"] != before and found)


def test_an_update_of_errnos_only_is_told(node):
    node.writer.publish({"web.json": denying("mount", 38)})
    node.start()
    assert "SP910" not in rules_of(node.profiles()["web.json"])
    entry = update(node, denying("mount", 13))
    (said,) = [diagnostic for diagnostic in entry["diagnostics"] if diagnostic["rule"] == "SP910"]
    assert (said["severity"], said["line"]) == ("info", 0)
    node.writer.publish({"web.json": denying("mount", 13) + b" "})
    eventually(lambda: node.profiles()["web.json"]["sourceDigest"] == sha256(denying("mount", 13) + b" "))
    assert "SP910" in rules_of(node.profiles()["web.json"]), "it is about what is installed, which is the same"
    node.writer.publish({"web.json": b"{}"})
    assert "SP910" not in rules_of(node.wait_state("web.json", "stale")), "what is said is about the new bytes"
    node.writer.publish({"web.json": denying("mount", 13)})
    assert "SP910" in rules_of(node.wait_state("web.json", "installed"))
    assert "SP910" in rules_of(update(node, denying("mount", 1))), "the default's errno is one too"
    assert "SP910" not in rules_of(update(node, denying("umount2", 1)))


def test_an_update_of_errnos_only_weighs_what_the_owner_says(node):
    node.writer.publish({"web.json": denying("mount", 38)})
    node.start("--rule", "SP910=warning")
    entry = update(node, denying("mount", 13))
    assert [d["severity"] for d in entry["diagnostics"] if d["rule"] == "SP910"] == ["warning"]
    node.stop()
    node.start("--rule", "SP910=off")
    assert "SP910" not in rules_of(update(node, denying("mount", 38)))


@pytest.mark.parametrize("other", [denying("umount2", 38), profile("read", "execve"),
                                   denying("mount", 38).replace(b"execve", b"write")])
def test_an_update_of_more_than_errnos_is_not_told(node, other):
    node.writer.publish({"web.json": denying("mount", 13)})
    node.start()
    assert "SP910" not in rules_of(update(node, other))


def test_equal_nodes_hold_equal_digests_whatever_the_order_of_the_text(node, tmp_path):
    one = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["write", "read"], "action": "SCMP_ACT_ALLOW"}, {"names": ["close"], "action": "SCMP_ACT_ALLOW"}]}
    two = {"syscalls": [{"action": "SCMP_ACT_ALLOW", "names": ["read", "close", "write"], "args": []}],
           "defaultErrnoRet": 1, "defaultAction": "SCMP_ACT_ERRNO"}
    node.writer.publish({"one.json": json.dumps(one).encode(), "two.json": json.dumps(two, indent=4).encode()})
    node.start()
    profiles = node.profiles()
    assert profiles["one.json"]["digest"] == profiles["two.json"]["digest"]
    assert (node.installed / "one.json").read_bytes() == (node.installed / "two.json").read_bytes()


def test_nothing_is_done_again_when_nothing_changed(node):
    node.writer.publish({f"p{i}.json": profile("read", "write") for i in range(20)})
    node.start()
    checks = node.metric('seccompd_checks_total{result="verdict"}')
    assert checks == 1, "one check for one content, however many names it has"
    before = {path.name: path.stat() for path in node.installed.glob("*.json")}
    manifest = (node.installed / ".seccompd" / "manifest").stat()
    syncs = node.metric('seccompd_syncs_total{result="success"}')
    node.writer.publish({f"p{i}.json": profile("read", "write") for i in range(20)})
    eventually(lambda: node.metric('seccompd_syncs_total{result="success"}') > syncs)
    assert node.metric('seccompd_checks_total{result="verdict"}') == checks
    assert {path.name: path.stat() for path in node.installed.glob("*.json")} == before
    assert (node.installed / ".seccompd" / "manifest").stat() == manifest


def test_only_matching_files_are_profiles(node):
    node.writer.publish({"web.json": profile("read"), "README.md": b"#", "notes.txt": b""})
    node.start()
    assert list(node.states()) == ["web.json"]
    assert node.status()["sources"][0]["ignored"] == 2
    assert sorted(path.name for path in node.installed.iterdir()) == [".seccompd", "web.json"]


def test_a_plain_directory_is_a_source_with_subdirectories(node, tmp_path):
    plain = tmp_path / "plain"
    (plain / "team" / "a").mkdir(parents=True)
    (plain / "top.json").write_bytes(profile("read"))
    (plain / "team" / "a" / "web.json").write_bytes(profile("write"))
    node.start(sources=[f"host={plain}:host"])
    assert node.states() == {"host/team/a/web.json": "installed", "host/top.json": "installed"}
    (plain / "team" / "b").mkdir()
    (plain / "team" / "b" / "new.json").write_bytes(profile("close"))
    node.wait_state("host/team/b/new.json", "installed")
    os.unlink(plain / "top.json")
    node.wait_state("host/top.json", "retiring")
    assert (node.installed / "host" / "top.json").exists()


def test_two_sources_two_subdirectories(node, tmp_path):
    other = AtomicWriter(tmp_path / "other")
    node.writer.publish({"web.json": profile("read")})
    other.publish({"web.json": profile("write")})
    node.start(sources=[f"a={node.source}:team-a", f"b={tmp_path / 'other'}:team-b"])
    assert node.states() == {"team-a/web.json": "installed", "team-b/web.json": "installed"}


def test_the_examples_are_installed_with_warnings_only(node):
    node.writer.publish({path.name: path.read_bytes() for path in EXAMPLES.glob("*.json")})
    node.start()
    profiles = node.profiles()
    assert set(node.states().values()) == {"installed"}
    assert "SP801" in rules_of(profiles["deny-by-default.json"])
    assert "SP315" in rules_of(profiles["deny-all.json"])
    assert rules_of(profiles["web-server.json"]) == [] or errors_of(profiles["web-server.json"]) == []


def test_the_published_docker_format_profile_is_installed(node):
    if not PUBLISHED.exists():
        pytest.skip("golang-github-containers-common is not installed")
    node.writer.publish({"docker.json": PUBLISHED.read_bytes()})
    node.start()
    entry = node.wait_state("docker.json", "installed")
    warnings = {d["rule"] for d in entry["diagnostics"] if d["severity"] == "warning"}
    assert errors_of(entry) == []
    # nulls, two rules on setns, its size, and what podman's profile gives to everybody
    assert warnings == {"SP204", "SP701", "SP811", "SP901", "SP902", "SP903"}
    written = json.loads((node.installed / "docker.json").read_bytes())
    assert set(written) <= {"defaultAction", "defaultErrnoRet", "architectures", "syscalls"}
    allowed = {name for rule in written["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" and not rule.get("args")
               for name in rule["names"]}
    # what it gives to CAP_SYS_ADMIN only (mount, unshare and setns it gives to everybody)
    assert not allowed & {"bpf", "perf_event_open", "quotactl", "setdomainname", "sethostname"}
    assert {"read", "execve", "openat"} <= allowed


def test_capabilities_open_what_includes_names(node):
    body = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["read"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}]}
    node.writer.publish({"p.json": json.dumps(body).encode()})
    for capabilities, has_mount in [("default", False), ("CAP_SYS_ADMIN", True), ("main=CAP_SYS_ADMIN", True),
                                    ("none", False)]:
        assert node.once("--capabilities", capabilities).returncode == 0
        assert (b'"mount"' in (node.installed / "p.json").read_bytes()) == has_mount, capabilities


def test_once_says_by_its_exit_status_whether_all_are_installed(node):
    node.writer.publish({"web.json": profile("read")})
    assert node.once().returncode == 0
    node.writer.publish({"web.json": profile("read"), "bad.json": b"{}"})
    result = node.once()
    assert result.returncode == 1
    assert "SP301" in result.stderr


def test_once_claims_nothing_of_a_source_that_it_could_not_read_whole(node, tmp_path):
    no_directory = tmp_path / "file"
    no_directory.write_bytes(b"")
    assert node.once(sources=[f"main={no_directory}"]).returncode == 1
    deep = tmp_path.joinpath("top", *["deep"] * 17)
    deep.mkdir(parents=True)
    (deep / "web.json").write_bytes(profile("read"))
    assert node.once(sources=[f"main={tmp_path / 'top'}"]).returncode == 1
    assert node.once(sources=[f"main={tmp_path / 'missing'}"]).returncode == 0


def test_sighup_reads_everything_again(node):
    node.writer.publish({"web.json": profile("read")})
    node.start("--watch", "poll", "--rescan", "1h")
    node.writer.publish({"web.json": profile("read"), "new.json": profile("write")})
    node.process.send_signal(1)
    node.wait_state("new.json", "installed", timeout=5)


def test_polling_finds_a_change_without_inotify(node):
    node.writer.publish({"web.json": profile("read")})
    node.start("--watch", "poll", "--rescan", "200ms")
    assert node.status()["watchMode"] == "poll"
    assert node.metric('seccompd_watch_mode{mode="poll"}') == 1
    node.writer.publish({"web.json": profile("read"), "new.json": profile("write")})
    node.wait_state("new.json", "installed")
