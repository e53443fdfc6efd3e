# SPDX-License-Identifier: Apache-2.0
"""--cleanup: what is ours goes, and nothing else does."""

import signal
import subprocess

import pytest
from node import BAD, GOOD, PATIENCE, SECCOMPD, eventually, faults, in_own_mounts, profile


def argv(node, *options):
    return [str(SECCOMPD), "--cleanup", "--kubelet-root", str(node.kubelet), "--listen", f"unix:{node.socket}",
            "--log-format", "json", *options]


def install(node):
    """Two profiles of ours, one of them changed by someone else since, one stale, and a foreign file."""
    node.start_with({"web.json": GOOD, "team/db.json": profile("read"), "old.json": GOOD, "edited.json": GOOD})
    node.writer.publish({"web.json": GOOD, "team/db.json": profile("read"), "old.json": BAD, "edited.json": GOOD})
    node.wait_state("old.json", "stale")
    node.stop()
    (node.installed / "edited.json").write_bytes(profile("reboot"))
    return node.put_foreign("theirs.json", profile("reboot"))


def names(node):
    return sorted(str(path.relative_to(node.installed)) for path in node.installed.rglob("*"))


def test_once_removes_what_is_ours_and_nothing_else(node):
    theirs = install(node)
    run = subprocess.run(argv(node, "--once"), capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert run.returncode == 0, run.stderr
    assert names(node) == ["edited.json", "theirs.json"]
    assert theirs.read_bytes() == profile("reboot")
    assert "nothing of ours is left below" in run.stderr
    assert '"profile":"edited.json"' in run.stderr and "no file of ours stands at its name" in run.stderr
    # again, with nothing to do
    run = subprocess.run(argv(node, "--once"), capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert run.returncode == 0 and names(node) == ["edited.json", "theirs.json"]


def test_once_gives_up_when_there_is_no_process_for_it(node, tmp_path):
    install(node)
    before = names(node)
    env = faults(tmp_path, no_fork=tmp_path)
    run = subprocess.run(argv(node, "--once"), env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert run.returncode == 1 and "no process is to be had" in run.stderr
    assert "profile removed" not in run.stderr
    assert names(node) == before


def test_the_daemon_cleans_up_waits_and_says_so(node):
    install(node)
    log = open(node.log_path, "ab")
    node.process = subprocess.Popen(argv(node, "--rescan", "100ms"), stdout=log, stderr=log)
    log.close()
    assert node.wait_ready() == {"seccomp": "ok", "cleanup": "ok"}
    assert names(node) == ["edited.json", "theirs.json"]
    assert node.status()["profiles"] == []
    assert node.text("/livez") == (200, "ok")
    # rescans go on being successful, for who watches over that
    synced = node.metric("seccompd_last_sync_success_timestamp_seconds")
    eventually(lambda: node.metric("seccompd_last_sync_success_timestamp_seconds") > synced)
    # a rescan later it has not come back, and somebody's change is none of its business
    (node.installed / "edited.json").unlink()
    log_size = len(node.log_text())
    with pytest.raises(AssertionError):
        eventually(lambda: (node.installed / ".seccompd").exists() or len(node.log_text()) > log_size, timeout=0.5)
    assert node.stop(signal.SIGTERM) == 0
    # and installing again works
    node.start("--adopt", "always")
    assert node.states()["web.json"] == "installed"


def test_it_waits_for_the_instance_that_holds_the_lock(node):
    node.start_with({"web.json": GOOD})
    other = subprocess.Popen(argv(node, "--listen", f"unix:{node.dir}/other.sock", "--once"), stderr=subprocess.PIPE,
                             text=True)
    assert "another instance holds the destination" in other.stderr.readline() + other.stderr.readline()
    assert node.states() == {"web.json": "installed"} and (node.installed / "web.json").exists()
    node.stop()
    assert other.wait(timeout=PATIENCE) == 0
    assert names(node) == []


def test_what_cannot_be_removed_is_said(node):
    node.start_with({"web.json": GOOD})
    node.stop()
    prefix = in_own_mounts(f"mount --bind {node.installed} {node.installed}; mount -o remount,ro,bind {node.installed}")
    log = open(node.log_path, "ab")
    node.process = subprocess.Popen([*prefix, *argv(node)], stdout=log, stderr=log)
    log.close()
    node.wait_unready("cleanup", "Read-only file system")
    assert (node.installed / "web.json").exists()
    assert node.text("/livez") == (200, "ok")


def test_sources_are_refused(node):
    run = subprocess.run([*argv(node), "--source", str(node.source)], capture_output=True, text=True,
                         timeout=PATIENCE, check=False)
    assert run.returncode == 2
    assert "--cleanup removes what is installed, and takes no sources" in run.stderr
