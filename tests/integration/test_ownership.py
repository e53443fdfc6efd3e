# SPDX-License-Identifier: Apache-2.0
"""What is ours and what is not: foreign files, the manifest, and what a crash leaves of both."""

import json
import os
import random
import signal
import stat
import time

import pytest
from node import BAD, GOOD, eventually, faults, identity, profile, tree

DRIFT = "seccompd_drift_corrections_total"


# --- foreign files ---

@pytest.mark.parametrize("mode, meaning, state", [
    ("never", "same", "conflict"), ("never", "other", "conflict"), ("never", "none", "conflict"),
    ("identical", "same", "installed"), ("identical", "other", "conflict"), ("identical", "none", "conflict"),
    ("always", "same", "installed"), ("always", "other", "installed"), ("always", "none", "installed")])
def test_a_foreign_file_is_adopted_only_as_the_option_says(node, mode, meaning, state):
    canonical = node.canonical_of(GOOD)
    # the same rules in another order and layout, other rules, and nothing that is a profile
    data = {"same": profile("execve", "read", "write"), "other": profile("reboot"),
            "none": b"[Desktop Entry]\n"}[meaning]
    path = node.put_foreign("web.json", data)
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
    canonical = node.canonical_of(GOOD)
    path = node.put_foreign("web.json", canonical)
    before = identity(path)
    node.writer.publish({"web.json": GOOD})
    node.start()
    assert node.states() == {"web.json": "installed"}
    assert identity(path) == before


def test_a_conflict_ends_when_the_foreign_file_goes(node):
    path = node.put_foreign("web.json", profile("reboot"))
    node.writer.publish({"web.json": GOOD})
    node.start()
    assert node.states() == {"web.json": "conflict"}
    path.unlink()
    assert node.wait_state("web.json", "installed", timeout=10)["reason"] is None


def test_a_foreign_file_that_changes_without_end_is_looked_at_once_a_second(node):
    path = node.put_foreign("web.json", profile("reboot"))
    node.writer.publish({"web.json": GOOD})
    node.start("--rescan", "1h")
    before = node.metric('seccompd_syncs_total{result="success"}')
    until = time.monotonic() + 3
    while time.monotonic() < until:
        path.write_bytes(profile("reboot" if path.stat().st_size % 2 else "acct"))
        time.sleep(0.005)
    assert 1 <= node.metric('seccompd_syncs_total{result="success"}') - before <= 5
    path.unlink()
    node.wait_state("web.json", "installed", timeout=10)


@pytest.mark.parametrize("kilobytes", [1500, 3000])
def test_a_foreign_file_larger_than_any_profile_holds_up_no_other_name(node, kilobytes):
    node.put_foreign("web.json", b" " * (kilobytes << 10))
    node.writer.publish({"web.json": GOOD, "other.json": GOOD})
    node.start()
    assert node.states() == {"other.json": "installed", "web.json": "conflict"}
    assert node.metric('seccompd_syncs_total{result="failure"}') == 0


def test_a_foreign_file_that_goes_during_a_pass_is_missed_by_none(node, tmp_path):
    path = node.put_foreign("web.json", profile("reboot"))
    node.writer.publish({"web.json": GOOD})
    node.start("--rescan", "1h", env=faults(tmp_path, fsync_msec=1000))
    checks = node.metric('seccompd_checks_total{result="verdict"}')
    node.writer.publish({"web.json": GOOD, "new.json": profile("close")})
    node.wait_metric('seccompd_checks_total{result="verdict"}', checks + 1)
    eventually(node.children, message="the writer at work")
    path.unlink()
    node.wait_state("web.json", "installed", timeout=20)


def test_foreign_things_beside_our_profiles_are_never_touched(node):
    node.put_foreign("notes.txt", b"mine")
    node.put_foreign("theirs.json", profile("reboot"))
    (node.installed / "team").mkdir()
    node.put_foreign("team/deep.json", b"{}")
    before = tree(node.installed)
    node.start_with({"web.json": GOOD}, "--prune-after", "100ms", "--adopt", "always")
    node.writer.publish({"new.json": GOOD})
    eventually(lambda: "web.json" not in node.states())
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


# --- the manifest ---

@pytest.mark.parametrize("damage", [
    lambda data: b"garbage\n", lambda data: b"", lambda data: data[:len(data) // 2],
    lambda data: data.replace(b"\nfile ", b"\nfile x", 1), lambda data: b'{"version": 1}', lambda data: b"\0" * 4096],
    ids=["garbage", "empty", "cut-short", "bad-digest", "json", "zeros"])
def test_an_unreadable_manifest_makes_unready_and_writes_nothing(node, damage):
    node.start_with({"web.json": GOOD})
    node.stop()
    manifest = node.installed / ".seccompd" / "manifest"
    manifest.write_bytes(damage(manifest.read_bytes()))
    before = tree(node.installed)
    node.writer.publish({"web.json": profile("close"), "new.json": GOOD})
    node.start(wait=False)
    node.wait_unready("destination", "manifest")
    time.sleep(0.5)
    assert node.text("/livez") == (200, "ok")
    assert tree(node.installed) == before
    node.stop()
    assert node.once().returncode == 1
    assert tree(node.installed) == before


def test_a_manifest_that_is_gone_is_a_new_one_and_our_files_are_found_again(node):
    node.start_with({"web.json": GOOD})
    node.stop()
    before = identity(node.installed / "web.json")
    (node.installed / ".seccompd" / "manifest").unlink()
    node.start()
    assert node.states() == {"web.json": "installed"}
    assert identity(node.installed / "web.json") == before


def test_a_newer_manifest_is_read_for_what_it_owns(node):
    node.start_with({"web.json": GOOD, "old.json": GOOD})
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
    node.put_foreign("foreign.json", b"not json")
    node.start_with({"web.json": GOOD, "old.json": profile("close"), "stale.json": profile("open")},
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


# --- crashes ---

def test_killed_in_mid_pass_again_and_again_the_files_stay_whole(node, tmp_path):
    versions = [profile("read", "write"), profile(*(f"call{i}" for i in range(300)), "read")]
    known = {node.canonical_of(version) for version in versions}
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
    node.start_with({"web.json": GOOD})
    node.stop()
    strangers = node.put_foreign(".hidden", b"mine")
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
