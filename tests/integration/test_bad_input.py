# SPDX-License-Identifier: Apache-2.0
"""Whatever the source holds: a clear state, the right finding at its place, and nothing good is harmed."""

import json
import os
import shutil
import socket
import stat

import pytest
from node import GOOD, ROOT, AtomicWriter, errors_of, eventually, identity, needs_root, profile, seccompctl

CASES = ROOT / "tests" / "cases"
KUBERNETES = {"apiVersion": "v1", "kind": "Pod", "spec": {"securityContext": {"seccompProfile": {}}}}

# what is in the file, the rule that finds it, its line and column (None: not the point here)
BAD_CONTENTS = {
    "no-json": (b"this is no JSON", "SP101", (1, 1)),
    "yaml": (b"apiVersion: v1\nkind: ConfigMap\n", "SP101", (1, 1)),
    "empty": (b"", "SP101", None),
    "cut-short": (GOOD[:-3], "SP101", None),
    "two-documents": (GOOD + b"\n" + GOOD, "SP101", (2, 1)),
    "no-utf8": (b'{"defaultAction": "\xff"}', "SP101", (1, 20)),
    "utf16": (GOOD.decode().encode("utf-16"), "SP101", (1, 1)),
    "bom": (b"\xef\xbb\xbf" + GOOD, "SP101", (1, 1)),
    "binary": (bytes(range(256)) * 16, "SP101", (1, 1)),
    "empty-object": (b"{}", "SP301", (1, 1)),
    "null": (b"\nnull\n", "SP201", (2, 1)),
    "list": (b"[]", "SP201", (1, 1)),
    "kubernetes": (json.dumps(KUBERNETES).encode(), "SP202", None),
    "misspelt-key": (b'{\n "defaultActoin": "SCMP_ACT_ERRNO"\n}', "SP203", (2, 2)),
    "2-mib": (GOOD + b" " * (2 << 20), "SP102", None),
    "too-deep": (b"[" * 70 + b"]" * 70, "SP102", (1, 65)),
    "miscompiled": ((CASES / "SP812-miscompiled" / "bad-weaker.json").read_bytes(), "SP812", None),
    "never-ends": ((CASES / "SP812-miscompiled" / "bad-never-ends.json").read_bytes(), "SP812", None),
}


def finding(entry, rule):
    assert rule in errors_of(entry), entry
    return next(diagnostic for diagnostic in entry["diagnostics"] if diagnostic["rule"] == rule)


@pytest.mark.parametrize("content, rule, place", BAD_CONTENTS.values(), ids=BAD_CONTENTS.keys())
def test_a_bad_content_is_found_and_what_was_good_stays(node, content, rule, place):
    node.writer.publish({"old.json": GOOD, "other.json": profile("close")})
    pid = node.start().pid
    before = {name: identity(node.installed / name) for name in ("old.json", "other.json")}
    node.writer.publish({"old.json": content, "new.json": content, "other.json": profile("close")})
    for name, state in (("old.json", "stale"), ("new.json", "invalid")):
        diagnostic = finding(node.wait_state(name, state), rule)
        assert diagnostic["message"]
        if place:
            assert (diagnostic["line"], diagnostic["column"]) == place, diagnostic
    assert {name: identity(node.installed / name) for name in before} == before
    assert not (node.installed / "new.json").exists()
    assert node.states()["other.json"] == "installed"
    node.assert_unhurt(pid)
    assert node.text("/readyz/profiles")[0] == 503
    assert node.metric('seccompd_profiles{source="main",state="stale"}') == 1


def test_what_is_too_large_is_told_with_the_limit_and_the_size(node):
    node.writer.publish({"huge.json": b" " * (2 << 20)})
    node.start()
    text = json.dumps(finding(node.profiles()["huge.json"], "SP102"))
    assert "1 MiB" in text or str(1 << 20) in text, text
    assert "2 MiB" in text or str(2 << 20) in text, text


def test_the_never_ending_profile_does_not_keep_others_waiting(node):
    node.writer.publish({"a.json": BAD_CONTENTS["never-ends"][0]})
    pid = node.start(wait=False).pid
    eventually(lambda: node.socket.exists())
    node.writer.publish({"a.json": BAD_CONTENTS["never-ends"][0], "b.json": GOOD})
    node.wait_state("b.json", "installed")
    node.wait_state("a.json", "invalid")
    node.assert_unhurt(pid)


def make_directory(path):
    path.mkdir()
    (path / "inner.json").write_bytes(GOOD)


def make_fifo(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def make_device(path):
    needs_root()
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero: endless, if read


def make_link_out(path):
    outside = path.parent.parent / "outside.json"
    outside.write_bytes(GOOD)
    path.symlink_to(outside)


def make_absolute_link(path):
    path.symlink_to("/etc/hostname")


def make_dangling_link(path):
    path.symlink_to("nowhere.json")


def make_loop(path):
    path.symlink_to(path.name)


NO_FILES = [make_directory, make_fifo, make_socket, make_device, make_link_out, make_absolute_link,
            make_dangling_link, make_loop]


@pytest.mark.parametrize("make", NO_FILES, ids=lambda make: make.__name__)
def test_what_is_no_file_of_the_source_is_refused_by_name(node, make):
    node.source.mkdir(exist_ok=True)
    (node.source / "good.json").write_bytes(GOOD)
    make(node.source / "x.json")
    pid = node.start().pid
    finding(node.wait_state("x.json", "invalid"), "SP206")
    assert node.states()["good.json"] == "installed"
    assert not os.path.lexists(node.installed / "x.json")
    node.assert_unhurt(pid)


def test_a_directory_in_place_of_a_profile_is_refused_and_the_installed_one_stays(node):
    (node.source / "x.json").write_bytes(GOOD)
    pid = node.start().pid
    before = identity(node.installed / "x.json")
    (node.source / "x.json").unlink()
    make_directory(node.source / "x.json")
    finding(node.wait_state("x.json", "stale"), "SP206")
    assert identity(node.installed / "x.json") == before
    node.assert_unhurt(pid)


def test_a_link_within_the_source_is_followed(node):
    (node.source / "real").mkdir()
    (node.source / "real" / "target.json").write_bytes(GOOD)
    (node.source / "alias.json").symlink_to("real/target.json")
    node.start()
    assert node.states() == {"alias.json": "installed", "real/target.json": "installed"}


def test_ten_thousand_files_are_cut_off_and_what_is_installed_stays(node):
    node.writer.publish({"good.json": GOOD})
    pid = node.start().pid
    before = identity(node.installed / "good.json")
    node.writer.publish({f"bad{i:05d}.json": b"{}" for i in range(10000)})
    source = eventually(lambda: (found := node.status()["sources"][0])["files"] > 1 and found)
    assert source["files"] == 4096
    assert "4096" in source["problem"]
    states = node.states()
    assert states.pop("good.json") == "installed"
    assert len(states) == 4096 and set(states.values()) == {"invalid"}
    assert identity(node.installed / "good.json") == before
    node.assert_unhurt(pid)


def has_no_control(output):
    """Whether lines are of characters that can be shown as they are, in UTF-8."""
    return all(c.isprintable() for c in output.decode() if c != "\n")


def test_strange_names_are_installed_or_refused_but_never_break_a_line(node):
    names = {"with space.json": "installed", "quo\"te.json": "installed", "ümlaut.json": "installed",
             "100%.json": "installed", "a" * 248 + ".json": "installed",
             "line\nbreak.json": "invalid", "tab\t.json": "invalid", "escape\033[31m.json": "invalid",
             "bell\a.json": "invalid", "control\u009b31m.json": "invalid", "direction\u202e.json": "invalid"}
    for name in names:
        (node.source / name).write_bytes(GOOD)
    (node.source / os.fsdecode(b"\xff.json")).write_bytes(GOOD)
    pid = node.start().pid
    states = node.states()
    assert names.items() <= states.items(), states
    assert len(states) == len(names) + 1
    for name, state in names.items():
        assert (node.installed / name).exists() == (state == "installed"), name
        if state == "invalid":
            finding(node.profiles()[name], "SP206")
    assert all(line.startswith("{") and json.loads(line) for line in node.log_text().splitlines())
    assert all(line[:1] in ("#", "s", "p") for line in node.text("/metrics")[1].splitlines())
    assert has_no_control(seccompctl("status", "--address", f"unix:{node.socket}").stdout)
    node.stop()
    node.log_path.unlink()
    node.start("--log-format", "text")
    node.stop()
    assert has_no_control(node.log_path.read_bytes())
    pid = node.start().pid  # the manifest holds every name
    assert {name: node.states()[name] for name in names} == names
    node.assert_unhurt(pid)


def test_two_sources_for_one_name_are_a_conflict_and_the_first_come_stays(node, tmp_path):
    late = AtomicWriter(tmp_path / "late")
    node.writer.publish({"web.json": profile("read"), "own.json": GOOD})
    late.publish({"other.json": GOOD})
    pid = node.start(sources=[f"main={node.source}", f"late={late.root}"]).pid
    before = identity(node.installed / "web.json")
    late.publish({"web.json": profile("write"), "other.json": GOOD})
    entry = node.wait_state("web.json", "conflict")
    assert "late" in entry["reason"] or "main" in entry["reason"]
    assert identity(node.installed / "web.json") == before
    assert node.states()["own.json"] == node.states()["other.json"] == "installed"
    node.assert_unhurt(pid)
    late.publish({"other.json": GOOD})
    assert node.wait_state("web.json", "installed")["reason"] is None
    assert identity(node.installed / "web.json") == before


def test_two_sources_for_one_new_name_install_nothing(node, tmp_path):
    second = AtomicWriter(tmp_path / "second")
    node.writer.publish({"web.json": profile("read")})
    second.publish({"web.json": profile("read")})
    pid = node.start(sources=[f"a={node.source}", f"b={second.root}"]).pid
    assert node.states() == {"web.json": "conflict"}
    assert not (node.installed / "web.json").exists()
    assert node.text("/readyz/profiles")[0] == 503
    node.assert_unhurt(pid)


WITHOUT_OVERRIDE = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps",
                    "-dac_override,-dac_read_search"]


def without_override():
    """A prefix that makes root obey file modes, as it does in a pod."""
    needs_root()
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not installed")
    return WITHOUT_OVERRIDE


def test_an_unreadable_file_is_refused_and_keeps_what_is_installed(node):
    prefix = without_override()
    (node.source / "old.json").write_bytes(GOOD)
    (node.source / "new.json").write_bytes(GOOD)
    (node.source / "new.json").chmod(0)
    pid = node.start(prefix=prefix).pid
    before = identity(node.installed / "old.json")
    assert "ermission" in finding(node.wait_state("new.json", "invalid"), "SP206")["message"]
    (node.source / "old.json").chmod(0)
    node.process.send_signal(1)  # a mode makes no event worth waking for
    finding(node.wait_state("old.json", "stale"), "SP206")
    assert identity(node.installed / "old.json") == before
    node.assert_unhurt(pid)


def test_an_unreadable_source_makes_the_node_unready_and_removes_nothing(node):
    prefix = without_override()
    (node.source / "web.json").write_bytes(GOOD)
    node.start("--prune-after", "1s", "--rescan", "200ms", prefix=prefix)
    node.source.chmod(0)
    node.wait_unready("sources", "ermission")
    source = node.status()["sources"][0]
    assert source["state"] == "unreadable" and source["problem"]
    assert node.states() == {"web.json": "installed"}
    node.source.chmod(0o755)
    node.wait_ready()
    assert node.states() == {"web.json": "installed"}


def test_a_plain_directory_may_vanish_and_come_back(node, tmp_path):
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "web.json").write_bytes(GOOD)
    pid = node.start("--prune-after", "1s", sources=[f"main={plain}"]).pid
    before = identity(node.installed / "web.json")
    plain.rename(tmp_path / "away")
    node.wait_metric('seccompd_source_missing{source="main"}', 1)
    assert node.status()["sources"][0]["state"] == "missing"
    assert node.states() == {"web.json": "installed"}
    node.assert_unhurt(pid)
    (tmp_path / "away" / "new.json").write_bytes(profile("close"))
    (tmp_path / "away").rename(plain)
    node.wait_state("new.json", "installed", timeout=10)
    assert node.metric('seccompd_source_missing{source="main"}') == 0
    (plain / "newer.json").write_bytes(profile("read"))
    node.wait_state("newer.json", "installed", timeout=10)
    assert identity(node.installed / "web.json") == before
    node.assert_unhurt(pid)


def test_a_source_that_was_never_there_is_missing_and_found_when_it_comes(node, tmp_path):
    later = tmp_path / "not" / "yet"
    pid = node.start(sources=[f"main={later}"]).pid
    assert node.status()["sources"][0]["state"] == "missing"
    node.assert_unhurt(pid)
    AtomicWriter(later).publish({"web.json": GOOD})
    node.wait_state("web.json", "installed", timeout=10)
    node.assert_unhurt(pid)


def test_an_emptied_config_map_removes_nothing(node):
    node.writer.publish({"web.json": GOOD})
    pid = node.start("--prune-after", "100ms", "--rescan", "200ms").pid
    before = identity(node.installed / "web.json")
    node.writer.publish({})
    eventually(lambda: node.status()["sources"][0]["files"] == 0)
    assert node.metric('seccompd_source_profiles{source="main"}') == 0, "or nobody would hear of it"
    syncs = node.metric('seccompd_syncs_total{result="success"}')
    eventually(lambda: node.metric('seccompd_syncs_total{result="success"}') > syncs + 8)
    assert node.states() == {"web.json": "installed"}
    assert identity(node.installed / "web.json") == before
    node.writer.publish({"web.json": GOOD, "new.json": profile("close")})
    node.wait_state("new.json", "installed")
    node.assert_unhurt(pid)
