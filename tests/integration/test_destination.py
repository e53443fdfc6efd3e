# SPDX-License-Identifier: Apache-2.0
"""The kubelet's directory: drift is undone, what left its source is kept, and a directory that fails us is said."""

import os
import shutil
import signal
import stat
import subprocess
import threading
import time

import pytest
from node import BAD, GOOD, Node, errors_of, eventually, faults, identity, in_own_mounts, profile

DRIFT = "seccompd_drift_corrections_total"


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
    node.start_with({f"{kind}.json": profile("read", "write") for kind in DAMAGES}, "--rescan", "1h")
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
    node.start_with({"web.json": GOOD, "gone.json": GOOD})
    good = (node.installed / "web.json").read_bytes()
    node.stop()
    (node.installed / "web.json").write_bytes(profile("reboot"))
    (node.installed / "gone.json").unlink()
    node.start("--adopt", "never")
    assert node.states() == {"gone.json": "installed", "web.json": "installed"}
    assert (node.installed / "web.json").read_bytes() == (node.installed / "gone.json").read_bytes() == good
    assert node.metric(DRIFT) == 2


def test_drift_while_a_pass_looks_elsewhere_is_repaired(node, tmp_path):
    foreign = node.put_foreign("web.json", profile("reboot"))
    node.writer.publish({"web.json": GOOD, "ours.json": profile("close")})
    node.start("--rescan", "1h", env=faults(tmp_path, check_msec=1500))
    foreign.write_bytes(profile("mount"))
    eventually(node.children, message="a worker that checks the foreign file")
    (node.installed / "ours.json").unlink()
    node.wait_metric(DRIFT, 1, timeout=20)
    assert node.states() == {"ours.json": "installed", "web.json": "conflict"}


def test_drift_that_no_event_tells_is_found_by_the_rescan(node):
    node.start_with({"web.json": GOOD}, "--watch", "poll", "--rescan", "200ms")
    good = (node.installed / "web.json").read_bytes()
    (node.installed / "web.json").write_bytes(b"{}")
    node.wait_metric(DRIFT, 1, timeout=10)
    assert (node.installed / "web.json").read_bytes() == good


@pytest.mark.parametrize("restart", [False, True], ids=["same-process", "after-a-restart"])
def test_a_stale_profile_is_repaired_from_the_bytes_that_were_kept(node, restart):
    node.start_with({"web.json": GOOD})
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
    node.start_with({"web.json": GOOD}, "--rescan", "1h")
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
        self.node.start_with({"web.json": GOOD, "calm.json": GOOD})
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
    node.start_with({"web.json": GOOD, "old.json": GOOD}, "--rescan", "100ms")
    before = identity(node.installed / "old.json")
    node.writer.publish({"web.json": GOOD})
    node.wait_state("old.json", "retiring")
    time.sleep(2)
    assert node.states() == {"old.json": "retiring", "web.json": "installed"}
    assert identity(node.installed / "old.json") == before
    assert node.text("/readyz/profiles")[0] == 200


def test_a_retiring_profile_is_removed_when_its_time_is_up(node):
    node.start_with({"web.json": GOOD, "old.json": profile("close")}, "--prune-after", "2s")
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


def test_a_retiring_profile_does_not_wait_for_the_rescan_after_a_slow_pass(node, tmp_path):
    node.start_with({"web.json": GOOD, "old.json": profile("close")}, "--prune-after", "1s", "--rescan", "1h",
                    env=faults(tmp_path, fsync_msec=1500))
    node.writer.publish({"web.json": GOOD})
    eventually(lambda: "old.json" not in node.states(), timeout=30)
    assert not (node.installed / "old.json").exists()


def test_a_profile_that_returns_from_retiring_is_as_new(node):
    node.start_with({"web.json": GOOD, "old.json": profile("close")}, "--prune-after", "2s", "--rescan", "200ms")
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
    node.start_with({"web.json": GOOD, "old.json": profile("close")}, "--prune-after", "4s")
    node.writer.publish({"web.json": GOOD})
    node.wait_state("old.json", "retiring")
    time.sleep(2.5)
    node.stop()
    began = time.monotonic()
    node.start("--prune-after", "4s")
    eventually(lambda: "old.json" not in node.states(), timeout=15)
    assert time.monotonic() - began < 3.9


def test_a_retiring_profile_does_not_age_while_two_sources_claim_it(node, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    node.start_with({"web.json": GOOD, "old.json": GOOD}, "--prune-after", "3s", "--rescan", "200ms",
                    sources=[f"main={node.source}", f"other={other}"])
    node.writer.publish({"web.json": GOOD})
    node.wait_state("old.json", "retiring")
    (other / "old.json").write_bytes(GOOD)
    node.writer.publish({"web.json": GOOD, "old.json": GOOD})
    node.wait_state("old.json", "conflict")
    time.sleep(4)
    assert node.states()["old.json"] == "conflict" and (node.installed / "old.json").exists()
    (other / "old.json").rename(tmp_path / "away.json")
    node.writer.publish({"web.json": GOOD})
    node.wait_state("old.json", "retiring", timeout=10)
    eventually(lambda: "old.json" not in node.states(), timeout=20)


@pytest.mark.parametrize("how", ["empty", "vanished", "dropped"])
def test_a_source_that_says_nothing_removes_nothing(node, tmp_path, how):
    node.start_with({"web.json": GOOD}, "--prune-after", "1s", "--rescan", "100ms")
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
    node.wait_unready("destination", "ead-only")
    assert node.text("/livez") == (200, "ok")
    subprocess.run(["nsenter", "-t", str(node.process.pid), "-m", "mount", "-o", "remount,bind,rw", node.kubelet],
                   check=True)
    node.wait_ready(timeout=15)
    assert node.states() == {"web.json": "installed"}


def test_a_destination_that_turns_read_only_keeps_what_it_has(node):
    prefix = in_own_mounts(f"mount --bind {node.kubelet} {node.kubelet}")
    node.start_with({"web.json": GOOD}, "--rescan", "200ms", prefix=prefix)
    good = (node.installed / "web.json").read_bytes()
    remount = ["nsenter", "-t", str(node.process.pid), "-m", "mount", "-o"]
    subprocess.run([*remount, "remount,bind,ro", node.kubelet], check=True)
    node.wait_unready("destination", "ead-only", timeout=10)
    node.writer.publish({"web.json": profile("close")})
    assert "ead-only" in node.wait_state("web.json", "stale")["reason"]
    assert (node.installed / "web.json").read_bytes() == good
    subprocess.run([*remount, "remount,bind,rw", node.kubelet], check=True)
    node.wait_state("web.json", "installed", timeout=20)
    node.wait_ready(timeout=10)
    assert (node.installed / "web.json").read_bytes() != good


def fill(node):
    """Leaves no room below the kubelet root; what to unlink."""
    ballast = node.inside(node.kubelet / "ballast")
    with open(ballast, "wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(b"x" * 4096)
    return ballast


def test_a_full_destination_keeps_whole_files_and_recovers(node):
    node.writer.publish({"web.json": GOOD})
    node.start(prefix=in_own_mounts(f"mount -t tmpfs -o size=256k tmpfs {node.kubelet}"))
    path = node.inside(node.installed / "web.json")
    good = path.read_bytes()
    ballast = fill(node)
    node.writer.publish({"web.json": profile("close"), "new.json": GOOD})
    assert "space" in node.wait_state("web.json", "stale")["reason"]
    assert "space" in node.wait_state("new.json", "invalid")["reason"]
    node.wait_unready("destination", "space")
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


def test_a_repair_that_fails_is_logged_once_and_tried_until_it_works(node):
    node.writer.publish({"web.json": GOOD})
    node.start("--rescan", "200ms", prefix=in_own_mounts(f"mount -t tmpfs -o size=256k tmpfs {node.kubelet}"))
    path = node.inside(node.installed / "web.json")
    good = path.read_bytes()
    ballast = fill(node)
    path.write_bytes(b"{}")

    def complaints():
        return [line for line in node.log() if line["message"] == "a profile's file is not as it should be"]
    eventually(complaints, message="a line in the log")
    began = time.monotonic()
    failures = node.metric('seccompd_writes_total{op="repair",result="failure"}')
    eventually(lambda: node.metric('seccompd_writes_total{op="repair",result="failure"}') > failures, timeout=30,
               message="another try")
    time.sleep(2)
    n_tries = node.metric('seccompd_writes_total{op="repair",result="failure"}') - failures
    assert n_tries <= 5 * (time.monotonic() - began) + 5, "not more often than the rescan, and each event"
    (line,) = complaints()
    assert line["profile"] == "web.json" and line["level"] == "error" and "No space left" in line["reason"]
    assert node.profiles()["web.json"]["reason"] == line["reason"]
    assert node.text("/readyz/profiles")[0] == 503
    ballast.unlink()
    node.wait_metric(DRIFT, 1, timeout=30)
    assert path.read_bytes() == good
    assert node.text("/readyz/profiles")[0] == 200
    assert [line["profile"] for line in node.log() if "repaired" in line["message"]] == ["web.json"]


def test_once_does_not_claim_a_file_that_it_could_not_repair(node, tmp_path):
    node.writer.publish({"web.json": GOOD})
    assert node.once().returncode == 0
    # a mount cannot be renamed over
    path = node.installed / "web.json"
    theirs = tmp_path / "theirs.json"
    theirs.write_bytes(b"{}")
    prefix = in_own_mounts(f"mount --bind {theirs} {path}")
    result = subprocess.run(prefix + node.argv("--once"), capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert "repair failed" in result.stderr
    assert node.once().returncode == 0


@pytest.mark.parametrize("link", ["seccomp", "seccomp/profiles", "seccomp/profiles/.seccompd"])
def test_a_link_on_the_way_to_the_destination_is_not_followed(node, tmp_path, link):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = node.kubelet / link
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(elsewhere)
    node.writer.publish({"web.json": GOOD})
    node.start(wait=False)
    node.wait_unready("destination", "links are not followed here")
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
    node.wait_unready("destination", str(node.kubelet))
    assert node.text("/livez") == (200, "ok")
    assert not node.kubelet.exists()
    node.kubelet.mkdir()
    node.wait_ready(timeout=15)
    assert node.states() == {"web.json": "installed"}


@pytest.mark.parametrize("files, rescan", [({}, "500ms"), ({"web.json": GOOD}, "1h")])
def test_a_destination_torn_down_under_us_ends_the_process(node, files, rescan):
    """Without a file of ours nothing fails there, and only the rescan sees it."""
    node.start_with(files, "--rescan", rescan)
    removed = node.installed.with_name("removed")
    node.installed.rename(removed)
    # a repair may come in between: then once more
    eventually(lambda: not removed.exists() or shutil.rmtree(removed, ignore_errors=True))
    node.wait_unready("destination", "removed or moved under us")
    assert node.process.wait(timeout=20) != 0
    node.writer.publish({"web.json": GOOD})
    node.start()
    assert node.states() == {"web.json": "installed"}


@pytest.mark.parametrize("what", ["seccomp", "seccomp/profiles", "seccomp/profiles/.seccompd"])
def test_a_destination_that_is_taken_away_ends_the_process(node, tmp_path, what):
    """Moved away it is still there for us to write to, and for nobody to read."""
    node.start_with({"web.json": GOOD}, "--rescan", "300ms")
    if what.endswith(".seccompd"):
        shutil.rmtree(node.kubelet / what)
    else:
        (node.kubelet / what).rename(tmp_path / "away")
    node.wait_unready("destination", "removed or moved under us")
    assert node.process.wait(timeout=20) != 0
    node.start()
    assert node.states() == {"web.json": "installed"}
    assert (node.installed / "web.json").exists()


# --- a second instance ---

def test_a_second_instance_waits_live_but_not_ready_and_takes_over(node, rival):
    node.start_with({"web.json": GOOD})
    rival.start(wait=False)
    rival.wait_unready("lock", "another instance")
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
    node.start_with({"web.json": GOOD})
    began = time.monotonic()
    result = rival.once()
    assert result.returncode == 3
    assert "another instance" in result.stderr
    assert 29 <= time.monotonic() - began <= 40
    assert node.states() == {"web.json": "installed"}


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
