# SPDX-License-Identifier: Apache-2.0
"""The kubelet's directory: what is ours is kept right, what is not ours is left alone."""

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import threading
import time

import pytest
from node import Node, errors_of, eventually, faults, in_own_mounts, profile

GOOD = profile("read", "write", "execve")
BAD = b'{"defaultAction": "SCMP_ACT_ALOW"}'
DRIFT = "seccompd_drift_corrections_total"


def identity(path):
    found = path.lstat()
    return found.st_ino, found.st_mtime_ns, stat.S_IMODE(found.st_mode), found.st_size


def tree(top):
    """Every file below a directory and what tells that it was not touched."""
    return {path: identity(path) for path in sorted(top.rglob("*")) if path.is_symlink() or not path.is_dir()}


def put_foreign(node, name, data):
    path = node.installed / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def canonical_of(node, data):
    """The canonical bytes of a profile, made by a pass of their own."""
    node.writer.publish({"sample.json": data})
    assert node.once().returncode == 0
    made = (node.installed / "sample.json").read_bytes()
    shutil.rmtree(node.installed)
    return made


def install(node, files, *options, **more):
    node.writer.publish(files)
    node.start(*options, **more)
    for name in files:
        node.wait_state(name, "installed")


def is_json(data):
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def assert_nothing_but_profiles_parses(node, known=None):
    """A pod may name any file here: what parses as JSON must be a whole canonical profile."""
    for path in node.installed.rglob("*"):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if is_json(data):
            assert "defaultAction" in json.loads(data), path
            assert known is None or data in known, path


# --- foreign files ---

@pytest.mark.parametrize("mode, meaning, state", [
    ("never", "same", "conflict"), ("never", "other", "conflict"), ("never", "none", "conflict"),
    ("identical", "same", "installed"), ("identical", "other", "conflict"), ("identical", "none", "conflict"),
    ("always", "same", "installed"), ("always", "other", "installed"), ("always", "none", "installed")])
def test_a_foreign_file_is_adopted_only_as_the_option_says(node, mode, meaning, state):
    canonical = canonical_of(node, GOOD)
    # the same rules in another order and layout, other rules, and nothing that is a profile
    data = {"same": profile("execve", "read", "write"), "other": profile("reboot"),
            "none": b"[Desktop Entry]\n"}[meaning]
    path = put_foreign(node, "web.json", data)
    before = identity(path)
    node.writer.publish({"web.json": GOOD})
    node.start("--adopt", mode)
    entry = node.profiles()["web.json"]
    assert entry["state"] == state, entry
    assert node.text("/readyz") == (200, "ok")
    if state == "conflict":
        assert entry["reason"]
        assert identity(path) == before and path.read_bytes() == data
    else:
        assert path.read_bytes() == canonical
        assert entry["digest"]
    # a foreign file that was never ours is no drift
    assert node.metric(DRIFT) == 0


def test_a_foreign_file_that_is_canonical_already_is_adopted_without_a_write(node):
    canonical = canonical_of(node, GOOD)
    path = put_foreign(node, "web.json", canonical)
    before = identity(path)
    node.writer.publish({"web.json": GOOD})
    node.start()
    assert node.states() == {"web.json": "installed"}
    assert identity(path) == before


def test_a_conflict_ends_when_the_foreign_file_goes(node):
    path = put_foreign(node, "web.json", profile("reboot"))
    node.writer.publish({"web.json": GOOD})
    node.start()
    assert node.states() == {"web.json": "conflict"}
    path.unlink()
    assert node.wait_state("web.json", "installed", timeout=10)["reason"] is None


def test_foreign_things_beside_our_profiles_are_never_touched(node):
    put_foreign(node, "notes.txt", b"mine")
    put_foreign(node, "theirs.json", profile("reboot"))
    (node.installed / "team").mkdir()
    put_foreign(node, "team/deep.json", b"{}")
    before = tree(node.installed)
    install(node, {"web.json": GOOD}, "--prune-after", "100ms", "--adopt", "always")
    node.writer.publish({"new.json": GOOD})
    eventually(lambda: "web.json" not in node.states(), timeout=20)
    after = tree(node.installed)
    assert {path: after[path] for path in before} == before


@pytest.mark.parametrize("adopt", ["identical", "always"])
@pytest.mark.parametrize("kind", ["directory", "link", "dangling-link", "fifo"])
def test_what_is_no_file_is_never_adopted_nor_replaced(node, tmp_path, kind, adopt):
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_bytes(GOOD)
    node.installed.mkdir(parents=True)
    path = node.installed / "web.json"
    if kind == "directory":
        path.mkdir()
        (path / "inside").write_bytes(b"mine")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(elsewhere if kind == "link" else "nowhere")
    before = tree(node.installed)
    node.writer.publish({"web.json": profile("reboot"), "own.json": GOOD})
    node.start("--adopt", adopt)
    assert node.states() == {"own.json": "installed", "web.json": "conflict"}
    assert before.items() <= tree(node.installed).items()
    assert elsewhere.read_bytes() == GOOD
    assert node.text("/readyz") == (200, "ok")


# --- drift ---

def replace_by_link(path):
    other = path.parent.parent / "elsewhere"
    other.write_bytes(profile("reboot"))
    path.unlink()
    path.symlink_to(other)


def replace_by_fifo(path):
    path.unlink()
    os.mkfifo(path)


def replace_by_rename(path):
    other = path.with_name(".other")
    other.write_bytes(profile("reboot"))
    other.rename(path)


DAMAGES = {
    "edited": lambda path: path.write_bytes(b"{}"),
    "appended": lambda path: path.write_bytes(path.read_bytes() + b" "),
    "emptied": lambda path: os.truncate(path, 0),
    "removed": lambda path: path.unlink(),
    "chmod": lambda path: path.chmod(0o600),
    "world-writable": lambda path: path.chmod(0o666),
    "renamed-over": replace_by_rename,
    "link": replace_by_link,
    "fifo": replace_by_fifo,
}


def test_every_kind_of_drift_is_repaired_at_once_and_counted(node):
    install(node, {f"{kind}.json": profile("read", "write") for kind in DAMAGES}, "--rescan", "1h")
    good = (node.installed / "edited.json").read_bytes()
    for done, (kind, damage) in enumerate(DAMAGES.items(), 1):
        path = node.installed / f"{kind}.json"
        damage(path)
        try:
            node.wait_metric(DRIFT, done, timeout=10)
        except AssertionError:
            raise AssertionError(f"{kind} was not repaired: {node.profiles()[path.name]}") from None
        found = path.lstat()
        assert stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o644, kind
        assert path.read_bytes() == good, kind
    assert set(node.states().values()) == {"installed"}
    assert node.metric('seccompd_writes_total{op="repair",result="success"}') == len(DAMAGES)
    assert len([line for line in node.log() if "repaired" in line["message"]]) == len(DAMAGES)
    node.stop()
    node.start()
    assert node.metric(DRIFT) == 0


def test_drift_in_a_subdirectory_is_seen_too(node):
    node.writer.publish({"web.json": GOOD})
    node.start("--rescan", "1h", sources=[f"main={node.source}:team/a"])
    path = node.installed / "team" / "a" / "web.json"
    good = path.read_bytes()
    path.write_bytes(b"{}")
    node.wait_metric(DRIFT, 1, timeout=10)
    assert path.read_bytes() == good
    shutil.rmtree(node.installed / "team")
    node.wait_metric(DRIFT, 2, timeout=10)
    assert path.read_bytes() == good


def test_drift_while_the_agent_was_away_is_repaired_at_its_start(node):
    install(node, {"web.json": GOOD, "gone.json": GOOD})
    good = (node.installed / "web.json").read_bytes()
    node.stop()
    (node.installed / "web.json").write_bytes(profile("reboot"))
    (node.installed / "gone.json").unlink()
    node.start("--adopt", "never")
    assert node.states() == {"gone.json": "installed", "web.json": "installed"}
    assert (node.installed / "web.json").read_bytes() == (node.installed / "gone.json").read_bytes() == good
    assert node.metric(DRIFT) == 2


def test_drift_that_no_event_tells_is_found_by_the_rescan(node):
    install(node, {"web.json": GOOD}, "--watch", "poll", "--rescan", "200ms")
    good = (node.installed / "web.json").read_bytes()
    (node.installed / "web.json").write_bytes(b"{}")
    node.wait_metric(DRIFT, 1, timeout=10)
    assert (node.installed / "web.json").read_bytes() == good


@pytest.mark.parametrize("restart", [False, True], ids=["same-process", "after-a-restart"])
def test_a_stale_profile_is_repaired_from_the_bytes_that_were_kept(node, restart):
    install(node, {"web.json": GOOD})
    good = (node.installed / "web.json").read_bytes()
    node.writer.publish({"web.json": BAD})
    node.wait_state("web.json", "stale")
    if restart:
        node.stop()
    (node.installed / "web.json").unlink()
    if restart:
        node.start()
    node.wait_metric(DRIFT, 1, timeout=10)
    assert (node.installed / "web.json").read_bytes() == good
    assert errors_of(node.wait_state("web.json", "stale")) == ["SP302"]


def test_damage_within_the_back_off_is_repaired_when_that_is_over(node):
    install(node, {"web.json": GOOD}, "--rescan", "1h")
    path = node.installed / "web.json"
    path.unlink()
    node.wait_metric(DRIFT, 1, timeout=5)
    path.unlink()
    node.wait_metric(DRIFT, 2, timeout=5)
    assert path.exists()


class War(threading.Thread):
    """A second writer that deletes or edits a profile every half second for a minute."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        self.node = Node(directory)
        self.was_contended = False

    def run(self):
        install(self.node, {"web.json": GOOD, "calm.json": GOOD})
        self.path = self.node.installed / "web.json"
        self.good = self.path.read_bytes()
        for i in range(120):
            if i % 2:
                self.path.write_bytes(b"{}")
            else:
                self.path.unlink(missing_ok=True)
            time.sleep(0.5)
            self.was_contended = self.was_contended or self.node.profiles()["web.json"]["contended"]


@pytest.fixture(scope="module", autouse=True)
def war(request, tmp_path_factory):
    """It is waged beside the other tests of this file, because it takes a minute."""
    if not any(item.name.startswith("test_a_second_writer") for item in request.session.items):
        yield None
        return
    war = War(tmp_path_factory.mktemp("war"))
    war.start()
    yield war
    war.join()
    war.node.close()


# --- leaving the source ---

def test_a_profile_that_left_its_source_is_kept_without_prune_after(node):
    install(node, {"web.json": GOOD, "old.json": GOOD}, "--rescan", "100ms")
    before = identity(node.installed / "old.json")
    node.writer.publish({"web.json": GOOD})
    node.wait_state("old.json", "retiring")
    time.sleep(2)
    assert node.states() == {"old.json": "retiring", "web.json": "installed"}
    assert identity(node.installed / "old.json") == before
    assert node.text("/readyz/profiles")[0] == 200


def test_a_retiring_profile_is_removed_when_its_time_is_up(node):
    install(node, {"web.json": GOOD, "old.json": profile("close")}, "--prune-after", "2s")
    node.writer.publish({"web.json": GOOD})
    node.wait_state("old.json", "retiring")
    began = time.monotonic()
    (node.installed / "old.json").unlink()  # pods may still name it: drift is repaired until then
    node.wait_metric(DRIFT, 1, timeout=10)
    eventually(lambda: "old.json" not in node.states(), timeout=15)
    assert time.monotonic() - began > 1
    assert not (node.installed / "old.json").exists()
    assert (node.installed / "web.json").exists()
    assert list((node.installed / ".seccompd" / "good").glob("*")) == []
    assert node.metric('seccompd_writes_total{op="remove",result="success"}') == 1


def test_a_profile_that_returns_from_retiring_is_as_new(node):
    install(node, {"web.json": GOOD, "old.json": profile("close")}, "--prune-after", "2s", "--rescan", "200ms")
    before = identity(node.installed / "old.json")
    node.writer.publish({"web.json": GOOD})
    node.wait_state("old.json", "retiring")
    node.writer.publish({"web.json": GOOD, "old.json": profile("close")})
    node.wait_state("old.json", "installed")
    time.sleep(3.5)
    assert node.states()["old.json"] == "installed"
    assert identity(node.installed / "old.json") == before
    states = [change["state"] for change in node.profiles()["old.json"]["changes"]]
    assert states == ["installed", "retiring", "installed"]


def test_a_retiring_profiles_age_survives_a_restart(node):
    install(node, {"web.json": GOOD, "old.json": profile("close")}, "--prune-after", "4s")
    node.writer.publish({"web.json": GOOD})
    node.wait_state("old.json", "retiring")
    time.sleep(2.5)
    node.stop()
    began = time.monotonic()
    node.start("--prune-after", "4s")
    eventually(lambda: "old.json" not in node.states(), timeout=15)
    assert time.monotonic() - began < 3.9


@pytest.mark.parametrize("how", ["empty", "vanished", "dropped"])
def test_a_source_that_says_nothing_removes_nothing(node, tmp_path, how):
    install(node, {"web.json": GOOD}, "--prune-after", "1s", "--rescan", "100ms")
    before = identity(node.installed / "web.json")
    sources = None
    if how == "empty":
        node.writer.publish({})
    elif how == "vanished":
        node.source.rename(tmp_path / "away")
    else:  # no longer on the command line
        node.stop()
        (tmp_path / "another").mkdir()
        sources = [f"another={tmp_path / 'another'}"]
        node.start("--prune-after", "1s", "--rescan", "100ms", sources=sources)
    time.sleep(3)
    assert identity(node.installed / "web.json") == before
    assert node.states()["web.json"] == "installed"
    assert node.text("/readyz") == (200, "ok")


# --- a destination that cannot be had ---

def test_a_read_only_destination_is_said_and_used_once_it_can_be_written(node):
    node.writer.publish({"web.json": GOOD})
    prefix = in_own_mounts(f"mount --bind {node.kubelet} {node.kubelet}\nmount -o remount,bind,ro {node.kubelet}")
    node.start(prefix=prefix, wait=False)
    assert "ead-only" in node.wait_ready(False)["destination"]
    assert node.text("/livez") == (200, "ok")
    subprocess.run(["nsenter", "-t", str(node.process.pid), "-m", "mount", "-o", "remount,bind,rw", node.kubelet],
                   check=True)
    node.wait_ready(timeout=15)
    assert node.states() == {"web.json": "installed"}


def test_a_destination_that_turns_read_only_keeps_what_it_has(node):
    prefix = in_own_mounts(f"mount --bind {node.kubelet} {node.kubelet}")
    install(node, {"web.json": GOOD}, "--rescan", "200ms", prefix=prefix)
    good = (node.installed / "web.json").read_bytes()
    remount = ["nsenter", "-t", str(node.process.pid), "-m", "mount", "-o"]
    subprocess.run([*remount, "remount,bind,ro", node.kubelet], check=True)
    assert "ead-only" in node.wait_ready(False, timeout=10)["destination"]
    node.writer.publish({"web.json": profile("close")})
    assert "ead-only" in node.wait_state("web.json", "stale")["reason"]
    assert (node.installed / "web.json").read_bytes() == good
    subprocess.run([*remount, "remount,bind,rw", node.kubelet], check=True)
    node.wait_state("web.json", "installed", timeout=20)
    node.wait_ready(timeout=10)
    assert (node.installed / "web.json").read_bytes() != good


def test_a_full_destination_keeps_whole_files_and_recovers(node):
    node.writer.publish({"web.json": GOOD})
    node.start(prefix=in_own_mounts(f"mount -t tmpfs -o size=256k tmpfs {node.kubelet}"))
    path = node.inside(node.installed / "web.json")
    good = path.read_bytes()
    ballast = node.inside(node.kubelet / "ballast")
    with open(ballast, "wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(b"x" * 4096)
    node.writer.publish({"web.json": profile("close"), "new.json": GOOD})
    assert "space" in node.wait_state("web.json", "stale")["reason"]
    assert "space" in node.wait_state("new.json", "invalid")["reason"]
    assert "space" in node.wait_ready(False)["destination"]
    assert node.text("/livez") == (200, "ok")
    assert path.read_bytes() == good
    assert not node.inside(node.installed / "new.json").exists()
    ballast.unlink()
    node.wait_state("web.json", "installed", timeout=20)
    node.wait_state("new.json", "installed", timeout=20)
    node.wait_ready(timeout=10)
    assert path.read_bytes() != good
    assert sorted(entry.name for entry in node.inside(node.installed).iterdir()) == [
        ".seccompd", "new.json", "web.json"]


@pytest.mark.parametrize("link", ["seccomp", "seccomp/profiles", "seccomp/profiles/.seccompd"])
def test_a_link_on_the_way_to_the_destination_is_not_followed(node, tmp_path, link):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = node.kubelet / link
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(elsewhere)
    node.writer.publish({"web.json": GOOD})
    node.start(wait=False)
    assert node.wait_ready(False)["destination"] != "not opened yet"
    assert node.text("/livez") == (200, "ok")
    path.unlink()
    node.wait_ready(timeout=15)
    assert list(elsewhere.iterdir()) == []
    assert node.states() == {"web.json": "installed"}


def test_a_link_in_place_of_a_subdirectory_is_not_followed(node, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    node.installed.mkdir(parents=True)
    (node.installed / "team").symlink_to(elsewhere)
    other = node.source.parent / "team"
    other.mkdir()
    (other / "web.json").write_bytes(GOOD)
    node.writer.publish({"own.json": GOOD})
    node.start(sources=[f"main={node.source}", f"team={other}:team"])
    assert node.states()["own.json"] == "installed"
    assert node.states()["team/web.json"] in ("invalid", "conflict")
    assert list(elsewhere.iterdir()) == []


def test_a_kubelet_root_that_appears_later_is_waited_for(node):
    node.kubelet.rmdir()
    node.writer.publish({"web.json": GOOD})
    node.start(wait=False)
    assert str(node.kubelet) in node.wait_ready(False)["destination"]
    assert node.text("/livez") == (200, "ok")
    assert not node.kubelet.exists()
    node.kubelet.mkdir()
    node.wait_ready(timeout=15)
    assert node.states() == {"web.json": "installed"}


def test_a_destination_torn_down_under_us_ends_the_process(node):
    install(node, {"web.json": GOOD}, "--rescan", "500ms")
    shutil.rmtree(node.installed)
    eventually(lambda: "removed" in node.ready()[1]["destination"], timeout=10)
    assert node.process.wait(timeout=20) != 0
    node.start()
    assert node.states() == {"web.json": "installed"}


# --- a second instance ---

def test_a_second_instance_waits_live_but_not_ready_and_takes_over(node, rival):
    install(node, {"web.json": GOOD})
    rival.start(wait=False)
    assert "another instance" in rival.wait_ready(False)["lock"]
    assert rival.text("/livez") == (200, "ok")
    node.writer.publish({"web.json": profile("close")})
    first = eventually(lambda: len((found := node.profiles()["web.json"])["changes"]) == 2 and found)
    assert rival.status()["profiles"] == []
    node.stop(signal.SIGKILL)
    rival.wait_ready(timeout=10)
    assert rival.profiles()["web.json"]["digest"] == first["digest"]
    rival.writer.publish({"web.json": GOOD})
    eventually(lambda: rival.profiles()["web.json"]["digest"] != first["digest"])


def test_once_gives_up_after_half_a_minute_with_exit_status_3(node, rival):
    install(node, {"web.json": GOOD})
    began = time.monotonic()
    result = rival.once()
    assert result.returncode == 3
    assert "another instance" in result.stderr
    assert 29 <= time.monotonic() - began <= 40
    assert node.states() == {"web.json": "installed"}


# --- the manifest ---

@pytest.mark.parametrize("damage", [
    lambda data: b"garbage\n", lambda data: b"", lambda data: data[:len(data) // 2],
    lambda data: data.replace(b"\nfile ", b"\nfile x", 1), lambda data: b'{"version": 1}', lambda data: b"\0" * 4096],
    ids=["garbage", "empty", "cut-short", "bad-digest", "json", "zeros"])
def test_an_unreadable_manifest_makes_unready_and_writes_nothing(node, damage):
    install(node, {"web.json": GOOD})
    node.stop()
    manifest = node.installed / ".seccompd" / "manifest"
    manifest.write_bytes(damage(manifest.read_bytes()))
    before = tree(node.installed)
    node.writer.publish({"web.json": profile("close"), "new.json": GOOD})
    node.start(wait=False)
    assert "manifest" in node.wait_ready(False)["destination"]
    time.sleep(0.5)
    assert node.text("/livez") == (200, "ok")
    assert tree(node.installed) == before
    node.stop()
    assert node.once().returncode == 1
    assert tree(node.installed) == before


def test_a_manifest_that_is_gone_is_a_new_one_and_our_files_are_found_again(node):
    install(node, {"web.json": GOOD})
    node.stop()
    before = identity(node.installed / "web.json")
    (node.installed / ".seccompd" / "manifest").unlink()
    node.start()
    assert node.states() == {"web.json": "installed"}
    assert identity(node.installed / "web.json") == before


def test_a_newer_manifest_is_read_for_what_it_owns(node):
    install(node, {"web.json": GOOD, "old.json": GOOD})
    node.stop()
    manifest = node.installed / ".seccompd" / "manifest"
    lines = manifest.read_text().splitlines()
    newer = ["seccompd-manifest 2"]
    for line in lines[1:]:
        if line.startswith("file "):
            words = line.split(" ")
            line = " ".join(words[:3] + ["novelty", "-", "7"] + words[-1:])
        newer.append(line)
    newer.insert(2, "colour blue green")
    manifest.write_text("\n".join(newer) + "\n")
    node.writer.publish({"web.json": profile("close")})
    node.start("--adopt", "never")
    assert node.states()["web.json"] == "installed"
    assert "close" in (node.installed / "web.json").read_text()
    assert (node.installed / "old.json").exists()


def test_nothing_below_the_destination_parses_but_whole_profiles(node, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "web.json").write_bytes(GOOD)
    put_foreign(node, "foreign.json", b"not json")
    install(node, {"web.json": GOOD, "old.json": profile("close"), "stale.json": profile("open")},
            sources=[f"main={node.source}", f"team={other}:team"])
    node.writer.publish({"web.json": GOOD, "stale.json": BAD, "bad.json": b"{}", "foreign.json": GOOD})
    node.wait_state("stale.json", "stale")
    assert node.states() == {"web.json": "installed", "old.json": "retiring", "stale.json": "stale",
                             "bad.json": "invalid", "foreign.json": "conflict", "team/web.json": "installed"}
    assert_nothing_but_profiles_parses(node)
    seen = {path.name for path in (node.installed / ".seccompd").iterdir()}
    assert {"manifest", "lock", "good"} <= seen
    assert len(list((node.installed / ".seccompd" / "good").iterdir())) == 2
    assert stat.S_IMODE((node.installed / ".seccompd").stat().st_mode) == 0o700
    node.stop()
    assert_nothing_but_profiles_parses(node)


# --- crashes ---

def test_killed_in_mid_pass_again_and_again_the_files_stay_whole(node, tmp_path):
    versions = [profile("read", "write"), profile(*(f"call{i}" for i in range(300)), "read")]
    known = {canonical_of(node, version) for version in versions}
    environment = faults(tmp_path, fsync_msec=15)
    chance = random.Random(812)
    for i in range(24):
        data = versions[i % 2]
        node.writer.publish({"web.json": data, "twin.json": data, "stale.json": data if i < 4 else BAD})
        node.start(wait=False, env=environment)
        time.sleep(chance.uniform(0, 0.2))
        node.stop(signal.SIGKILL)
        assert_nothing_but_profiles_parses(node, known)
        for path in node.installed.glob("*.json"):
            assert path.read_bytes() in known, path
    node.writer.publish({"web.json": GOOD, "twin.json": GOOD})
    node.start("--adopt", "never")
    node.wait_state("web.json", "installed")
    node.wait_state("twin.json", "installed")
    assert "conflict" not in node.states().values()
    assert [path for path in node.installed.rglob(".*") if path.name != ".seccompd"] == []
    assert {path.name for path in (node.installed / ".seccompd").iterdir()} <= {"manifest", "lock", "good"}
    node.stop()
    before = tree(node.installed)
    node.start()  # what it left agrees with itself: nothing to do
    assert tree(node.installed) == before


def test_temporaries_of_a_crash_are_cleaned_at_the_start_and_strangers_dot_files_are_not(node):
    install(node, {"web.json": GOOD}, env=None)
    node.stop()
    strangers = put_foreign(node, ".hidden", b"mine")
    killed = leave_a_temporary(node)
    node.start()
    assert not killed.exists()
    assert strangers.read_bytes() == b"mine"


def leave_a_temporary(node):
    """A temporary as the agent names it, left by a kill in mid-write."""
    environment = faults(node.dir, fsync_msec=3000)
    node.writer.publish({"web.json": profile("close")})
    node.start(wait=False, env=environment)

    def temporaries():
        return [path for path in node.installed.glob(".*") if path.name not in (".seccompd", ".hidden")]
    found = eventually(temporaries)[0]
    node.stop(signal.SIGKILL)
    assert found.exists()
    return found


# --- at last, for it takes a minute ---

def test_a_second_writer_that_never_gives_up_is_met_with_back_off(war):
    war.join()
    node = war.node
    repairs = node.metric(DRIFT)
    assert 3 <= repairs <= 8, repairs
    assert war.was_contended
    lines = [line for line in node.log() if line.get("profile") == "web.json"]
    assert len(lines) <= 2 * repairs + 4, lines
    assert node.states()["calm.json"] == "installed"
    assert node.text("/readyz") == (200, "ok")
    # peace: the last damage is undone when the back-off is over
    eventually(lambda: war.path.exists() and war.path.read_bytes() == war.good, timeout=70)
    node.wait_state("web.json", "installed")
