# SPDX-License-Identifier: Apache-2.0
"""What a node does to its agents: storms of updates, hostile input, slow disks, killed children, odd mounts."""

import calendar
import ctypes
import errno
import json
import os
import pathlib
import signal
import struct
import threading
import time

import pytest
from hostile import hostile_set
from node import (BAD, GOOD, SECCOMPD, AtomicWriter, errors_of, eventually, faults, in_own_mounts, needs_root, profile,
                  sha256)

MEMORY_BYTES = 64 << 20


# --- storms of updates ---

class Reader(threading.Thread):
    """A runtime in a hurry: opens and reads one path for ever, and keeps every distinct thing it saw."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.seen = set()
        self.errors = []
        self.n_reads = 0
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.is_set():
            try:
                self.seen.add(self.path.read_bytes())
            except OSError as error:
                self.errors.append(error)
            self.n_reads += 1
            time.sleep(0.0002)  # lets the writer, a thread of this process, have its turn

    def finish(self):
        self.is_over.set()
        self.join()


@pytest.mark.parametrize("links_first", [False, True], ids=["rename-first", "links-first"])
def test_a_storm_of_updates_never_shows_a_missing_empty_or_torn_file(node, links_first):
    versions = [profile(*(f"call{i}" for i in range(n)), "read") for n in (1, 10, 200, 1500)]
    node.writer = AtomicWriter(node.source, links_first)
    node.writer.publish({"web.json": versions[0]})
    node.start()
    known = set()
    for version in versions:
        node.writer.publish({"web.json": version})
        eventually(lambda v=version: node.holds("web.json", v))
        known.add((node.installed / "web.json").read_bytes())
    assert len(known) == len(versions)
    reader = Reader(node.installed / "web.json")
    reader.start()
    for i in range(2000):
        # a second name comes and goes, so that links are made and removed as well
        files = {"web.json": versions[i % 4]}
        if i % 3 == 0:
            files["guest.json"] = GOOD
        node.writer.publish(files)
        if i % 10 == 0:
            time.sleep(0.005)
    last = profile("close")
    node.writer.publish({"web.json": last})
    eventually(lambda: node.holds("web.json", last))
    reader.finish()
    assert reader.errors == []
    known.add((node.installed / "web.json").read_bytes())
    assert reader.seen <= known, [len(data) for data in reader.seen - known]
    assert reader.n_reads > 1000 and len(reader.seen) >= 3
    assert node.states() == {"guest.json": "retiring", "web.json": "installed"}
    assert node.metric('seccompd_writes_total{op="update",result="success"}') > 10
    assert node.metric("seccompd_drift_corrections_total") == 0
    assert {change["state"] for change in node.profiles()["web.json"]["changes"]} == {"installed"}


# --- hostile input in a small container ---

@pytest.fixture
def small_cgroup():
    """A memory cgroup of 64 MiB, v1 or v2; skipped where none can be made."""
    needs_root()
    name = f"seccompd-test-{os.getpid()}"
    v1, v2 = pathlib.Path("/sys/fs/cgroup/memory"), pathlib.Path("/sys/fs/cgroup")
    try:
        if (v1 / "memory.limit_in_bytes").exists():
            group, limit = v1 / name, "memory.limit_in_bytes"
            group.mkdir()
        elif "memory" in (v2 / "cgroup.subtree_control").read_text().split():
            group, limit = v2 / name, "memory.max"
            group.mkdir()
        else:
            pytest.skip("no memory controller is enabled in the root cgroup")
        (group / limit).write_text(str(MEMORY_BYTES))
    except OSError as error:
        pytest.skip(f"no memory cgroup can be made here: {error}")
    yield group
    eventually(lambda: not (group / "cgroup.procs").read_text(), message="the cgroup is empty")
    group.rmdir()


def oom_kills(group):
    for file in ("memory.oom_control", "memory.events"):
        if (group / file).exists():
            figures = dict(line.split() for line in (group / file).read_text().splitlines())
            return int(figures["oom_kill"])
    return 0


def is_sanitized(binary):
    return b"__asan_init" in binary.read_bytes()


def test_a_hostile_set_in_64_mib_harms_neither_the_agent_nor_its_neighbour(small_cgroup, node):
    if is_sanitized(SECCOMPD):
        pytest.skip("a sanitized build needs more memory than the test gives")
    hostile = hostile_set()
    node.writer.publish({**hostile, "web.json": GOOD})
    join = ["sh", "-ec", f'echo $$ >{small_cgroup}/cgroup.procs\nexec "$@"', "sh"]
    pid = node.start(prefix=join).pid
    states = node.states()
    assert states.pop("web.json") == "installed"
    assert states == {name: "invalid" for name in hostile}
    for name, entry in node.profiles().items():
        if name in hostile:
            assert errors_of(entry), entry
            assert "died" not in json.dumps(entry["diagnostics"]), entry
            assert entry["diagnostics"][0]["message"]
    node.assert_unhurt(pid)
    assert oom_kills(small_cgroup) == 0
    # a second helping, and the repeated names that merge to one
    repeated = profile(*["read"] * 77000)
    node.writer.publish({**{f"again-{name}": data + b" " for name, data in hostile.items() if len(data) < 1 << 20},
                         "web.json": GOOD, "repeated.json": repeated})
    node.wait_state("repeated.json", "installed")
    assert node.states()["web.json"] == "installed"
    node.assert_unhurt(pid)
    assert oom_kills(small_cgroup) == 0


# --- slow disks ---

class Pulse(threading.Thread):
    """Asks for /livez all the time; the longest that an answer took."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node = node
        self.longest = 0.0
        self.n_answers = 0
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.is_set():
            began = time.monotonic()
            try:
                if self.node.text("/livez") == (200, "ok"):
                    self.n_answers += 1
            except OSError:
                if self.n_answers == 0:  # it has not started to listen yet
                    began = time.monotonic()
            self.longest = max(self.longest, time.monotonic() - began)
            self.is_over.wait(0.02)

    def finish(self):
        self.is_over.set()
        self.join()


def test_a_disk_whose_every_fsync_takes_three_seconds_never_stalls_livez(node, tmp_path):
    node.writer.publish({"web.json": GOOD})
    pulse = Pulse(node)
    node.start(wait=False, env=faults(tmp_path, fsync_msec=3000))
    pulse.start()
    began = time.monotonic()
    eventually(lambda: node.socket.exists())
    node.wait_state("web.json", "installed")
    assert time.monotonic() - began > 3, "the fault did not happen"
    pulse.finish()
    assert pulse.n_answers > 20
    assert pulse.longest < 1.0, pulse.longest
    node.stop(signal.SIGKILL)


def test_stopping_with_a_writer_at_work_ends_in_order(node, tmp_path):
    node.writer.publish({"web.json": GOOD})
    node.start(env=faults(tmp_path, fsync_msec=400))
    node.writer.publish({"web.json": profile("close")})
    eventually(node.children)
    assert node.stop() == 0
    assert "close" in (node.installed / "web.json").read_text(), "what was begun is brought to its end"
    node.start("--adopt", "never")
    node.wait_state("web.json", "installed")
    assert "close" in (node.installed / "web.json").read_text()


def test_what_is_installed_already_leaves_room_for_what_is_not(node):
    files = {f"p{i:02}.json": profile("read", f"p{i:02}" + "x" * 900_000) for i in range(16)}
    node.writer.publish(files)
    assert node.once("--rule", "SP503=off").returncode == 0
    node.writer.publish({**files, "zip.json": profile("close", "x" * 900_000)})
    assert node.once("--rule", "SP503=off").returncode == 0
    assert (node.installed / "zip.json").exists()


def test_stopping_waits_for_one_writer_not_for_a_pass_of_many(node, tmp_path):
    names = [f"p{i:02}.json" for i in range(36)]
    node.writer.publish({name: profile("read", name[:3] + "x" * 500_000) for name in names})
    node.start("--rule", "SP503=off", wait=False, env=faults(tmp_path, fsync_msec=100))
    eventually(lambda: list(node.installed.glob(".*[0-9]")), message="temporaries of the first writer")
    assert node.stop() == 0
    assert 0 < len(list(node.installed.glob("*.json"))) < len(names)
    assert "profile invalid" not in node.log_text()
    assert node.once("--rule", "SP503=off").returncode == 0


def test_a_signal_to_all_processes_leaves_a_writer_to_its_end(node, tmp_path):
    node.writer.publish({"web.json": GOOD})
    node.start(env=faults(tmp_path, fsync_msec=400), start_new_session=True)
    checks = node.metric('seccompd_checks_total{result="verdict"}')
    node.writer.publish({"web.json": profile("close")})
    node.wait_metric('seccompd_checks_total{result="verdict"}', checks + 1)
    eventually(node.children)
    os.killpg(node.process.pid, signal.SIGTERM)
    assert node.process.wait(timeout=30) == 0
    assert "close" in (node.installed / "web.json").read_text()
    assert "failed" not in node.log_text()


def test_a_hangup_of_all_processes_condemns_no_check(node, tmp_path):
    node.writer.publish({"web.json": GOOD})
    node.start(env=faults(tmp_path, check_msec=700), start_new_session=True)
    node.writer.publish({"web.json": profile("close")})
    eventually(node.children)
    os.killpg(node.process.pid, signal.SIGHUP)
    eventually(lambda: node.holds("web.json", profile("close")))
    assert node.metric('seccompd_checks_total{result="died"}') == 0


def test_once_that_is_told_to_stop_does_not_claim_success(node, tmp_path):
    node.writer.publish({"web.json": GOOD})
    node.start("--once", wait=False, env=faults(tmp_path, check_msec=500))
    eventually(node.children)
    assert node.stop() == 1


# --- a kernel without seccomp ---

def without_seccomp():
    """Takes seccomp(2) away from the process that is to be: by a filter, so that it is the kernel who says ENOSYS."""
    numbers = {"x86_64": 317, "aarch64": 277}
    if os.uname().machine not in numbers:
        pytest.skip(f"the number of seccomp(2) on {os.uname().machine} is not known to this test")
    load, equal, ret = 0x20, 0x15, 0x06  # BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K
    program = [(load, 0, 0, 0), (equal, 0, 1, numbers[os.uname().machine]),
               (ret, 0, 0, 0x00050000 | errno.ENOSYS), (ret, 0, 0, 0x7FFF0000)]
    insns = b"".join(struct.pack("HBBI", *insn) for insn in program)
    buffer = ctypes.create_string_buffer(insns, len(insns))
    filter_program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer)))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4

    def install(_kept=buffer):
        # PR_SET_NO_NEW_PRIVS, then PR_SET_SECCOMP with SECCOMP_MODE_FILTER
        if prctl(38, 1, 0, 0, 0) != 0 or prctl(22, 2, ctypes.addressof(filter_program), 0, 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return install


def test_a_node_without_seccomp_says_so_and_is_left_alone(node):
    node.writer.publish({"web.json": GOOD})
    node.start("--rescan", "100ms", wait=False, preexec_fn=without_seccomp())
    node.wait_unready("seccomp", "this kernel has no seccomp filters")
    time.sleep(0.5)  # rescans later
    assert node.is_alive() and node.text("/livez") == (200, "ok")
    assert node.status()["node"]["actions"] == []
    assert not node.installed.exists()
    told = [line for line in node.log() if "no seccomp filters" in line["message"]]
    assert len(told) == 1 and told[0]["level"] == "error"
    assert node.stop() == 0
    assert node.once(preexec_fn=without_seccomp()).returncode == 1


# --- mounts of a pod ---

def pod_mounts(node, tmp_path, source_root, destination_root):
    """The prefix that lays out two bind mounts as a kubelet makes them; where they are mounted."""
    volume = source_root / "pods" / "0f9c" / "volumes" / "kubernetes.io~configmap" / "main"
    target = destination_root / "seccomp"
    for path in (volume, target, tmp_path / "mnt" / "source", tmp_path / "mnt" / "kubelet" / "seccomp"):
        path.mkdir(parents=True, exist_ok=True)
    AtomicWriter(volume).publish({"web.json": GOOD})
    node.kubelet = tmp_path / "mnt" / "kubelet"
    node.source = tmp_path / "mnt" / "source"
    return in_own_mounts(f"mount --bind {volume} {node.source}\nmount --bind {target} {node.kubelet}/seccomp")


def test_two_different_kubelet_roots_are_named_by_readyz(node, tmp_path):
    prefix = pod_mounts(node, tmp_path, tmp_path / "lib" / "k0s" / "kubelet", tmp_path / "lib" / "kubelet")
    node.start(prefix=prefix)
    code, text = node.text("/readyz?verbose")
    line = next(line for line in text.splitlines() if "kubelet-root" in line)
    assert code == 503
    assert line.startswith("[-]kubelet-root failed: ")
    assert "/lib/k0s/kubelet" in line and "/lib/kubelet" in line
    assert node.text("/livez") == (200, "ok")
    assert node.text("/readyz?exclude=kubelet-root")[0] == 200


def test_one_kubelet_root_behind_both_mounts_is_fine(node, tmp_path):
    root = tmp_path / "lib" / "kubelet"
    node.start(prefix=pod_mounts(node, tmp_path, root, root))
    assert node.ready() == (True, {**node.ready()[1], "kubelet-root": "ok"})
    assert node.states() == {"web.json": "installed"}
    assert (root / "seccomp" / "profiles" / "web.json").exists()


def test_a_source_volume_torn_down_under_a_live_pod_ends_the_process(node, tmp_path):
    """The kubelet removes the volume's directory; the pod's mount keeps the dead inode."""
    volume = tmp_path / "volume"
    mounted = tmp_path / "mnt"
    volume.mkdir()
    mounted.mkdir()
    AtomicWriter(volume).publish({"web.json": GOOD})
    node.start("--rescan", "500ms", prefix=in_own_mounts(f"mount --bind {volume} {mounted}"),
               sources=[f"main={mounted}"])
    good = (node.installed / "web.json").read_bytes()
    for path in sorted(volume.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    volume.rmdir()
    node.wait_unready("sources", "removed")
    assert node.ready()[1]["destination"] == "ok"
    assert node.process.wait(timeout=20) != 0
    assert (node.installed / "web.json").read_bytes() == good


# --- clocks ---

@pytest.mark.parametrize("days", [30, -30], ids=["ahead", "back"])
def test_a_clock_that_jumps_by_a_month_over_a_restart_removes_nothing(node, tmp_path, days):
    node.writer.publish({"web.json": GOOD, "old.json": profile("close")})
    node.start("--prune-after", "20d")
    node.writer.publish({"web.json": GOOD})
    node.wait_state("old.json", "retiring")
    node.stop()
    shifted = faults(tmp_path, clock_seconds=days * 86400)
    node.start("--prune-after", "20d", "--rescan", "100ms", env=shifted)
    started = calendar.timegm(time.strptime(node.status()["startTime"][:19], "%Y-%m-%dT%H:%M:%S"))
    assert abs(started - time.time()) > 29 * 86400, "the fault did not happen"
    syncs = node.metric('seccompd_syncs_total{result="success"}')
    eventually(lambda: node.metric('seccompd_syncs_total{result="success"}') > syncs + 5)
    assert node.states() == {"old.json": "retiring", "web.json": "installed"}
    assert (node.installed / "old.json").exists()


# --- children and kernel objects that are taken away ---

def test_a_killed_worker_condemns_one_try_only_and_the_next_one_installs(node, tmp_path):
    node.writer.publish({"web.json": GOOD})
    pid = node.start(env=faults(tmp_path, check_msec=700)).pid
    node.writer.publish({"web.json": GOOD, "new.json": profile("close")})
    worker = eventually(node.children)[0]
    os.kill(worker, signal.SIGKILL)
    entry = node.wait_state("new.json", "invalid")
    assert "the check died" in entry["diagnostics"][0]["message"]
    assert node.metric('seccompd_checks_total{result="died"}') == 1
    node.assert_unhurt(pid)
    assert node.states()["web.json"] == "installed"
    assert errors_of(node.wait_state("new.json", "installed", timeout=15)) == []
    node.assert_unhurt(pid)


def test_what_is_found_after_a_check_that_died_is_counted(node, tmp_path):
    node.start(env=faults(tmp_path, check_msec=700))
    node.writer.publish({"bad.json": BAD})
    os.kill(eventually(node.children)[0], signal.SIGKILL)
    node.wait_state("bad.json", "invalid")
    eventually(lambda: errors_of(node.profiles()["bad.json"]) == ["SP302"], timeout=15)
    assert node.metric('seccompd_validation_failures_total{rule="SP302"}') == 1


def test_a_killed_worker_leaves_the_last_good_version(node, tmp_path):
    node.writer.publish({"web.json": GOOD})
    node.start(env=faults(tmp_path, check_msec=700))
    good = (node.installed / "web.json").read_bytes()
    node.writer.publish({"web.json": profile("close")})
    os.kill(eventually(node.children)[0], signal.SIGKILL)
    node.wait_state("web.json", "stale")
    assert (node.installed / "web.json").read_bytes() == good
    node.wait_state("web.json", "installed", timeout=15)
    assert "close" in (node.installed / "web.json").read_text()


def test_a_killed_writer_is_started_again(node, tmp_path):
    node.writer.publish({"web.json": GOOD})
    pid = node.start(env=faults(tmp_path, fsync_msec=300)).pid
    checks = node.metric('seccompd_checks_total{result="verdict"}')
    node.writer.publish({"web.json": profile("close")})
    node.wait_metric('seccompd_checks_total{result="verdict"}', checks + 1)
    os.kill(eventually(node.children)[0], signal.SIGKILL)
    eventually(lambda: node.metric('seccompd_syncs_total{result="failure"}') == 1)
    assert any("the writer was killed by signal 9" in line["message"] for line in node.log())
    assert node.profiles()["web.json"]["digest"] == sha256((node.installed / "web.json").read_bytes())
    eventually(lambda: node.holds("web.json", profile("close")), timeout=15)
    assert "close" in (node.installed / "web.json").read_text()
    node.assert_unhurt(pid)


def test_a_killed_writer_makes_no_profile_older(node, tmp_path):
    node.start_with({"web.json": GOOD, "old.json": GOOD}, "--prune-after", "20s", "--rescan", "1h",
                    env=faults(tmp_path, fsync_msec=700))
    manifest = node.installed / ".seccompd" / "manifest"
    began = time.monotonic()
    node.writer.publish({"web.json": GOOD})
    node.wait_state("old.json", "retiring")
    time.sleep(9)
    before = manifest.read_bytes()
    node.writer.publish({"web.json": profile("close")})
    eventually(lambda: manifest.read_bytes() != before)
    os.kill(node.children()[0], signal.SIGKILL)
    eventually(lambda: node.metric('seccompd_syncs_total{result="failure"}') == 1)
    eventually(lambda: "old.json" not in node.states(), timeout=40)
    assert time.monotonic() - began > 19, "the seconds that the killed writer had saved were added again"


def test_without_a_process_for_the_writer_nothing_is_hurried_nor_claimed(node, tmp_path):
    none_left = tmp_path / "none-left"
    env = faults(tmp_path, no_fork=none_left)
    node.start_with({"web.json": GOOD, "old.json": GOOD}, "--prune-after", "1s", "--rescan", "1h", env=env)
    node.writer.publish({"web.json": GOOD})
    digest = node.wait_state("old.json", "retiring")["digest"]
    none_left.touch()
    eventually(lambda: "no process" in (node.status()["sync"]["problem"] or ""))
    time.sleep(3)
    assert node.metric('seccompd_syncs_total{result="failure"}') <= 3
    assert node.profiles()["old.json"]["digest"] == digest
    assert not [line for line in node.log() if line["message"] == "profile removed"]
    none_left.unlink()
    eventually(lambda: "old.json" not in node.states())


@pytest.mark.parametrize("what", ["another-file", "drift"])
def test_a_check_that_died_is_tried_again_whatever_else_happens(node, tmp_path, what):
    none_left = tmp_path / "none-left"
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "web.json").write_bytes(GOOD)
    node.start("--rescan", "1h", sources=[f"main={plain}"], env=faults(tmp_path, no_fork=none_left))
    none_left.touch()
    (plain / "new.json").write_bytes(profile("close"))
    node.wait_state("new.json", "invalid")
    none_left.unlink()
    if what == "drift":
        (node.installed / "web.json").unlink()
        node.wait_metric("seccompd_drift_corrections_total", 1, timeout=10)
        assert not node.profiles()["web.json"]["contended"], "it was repaired, and nobody is at war"
    else:
        (plain / "readme.txt").touch()
    node.wait_state("new.json", "installed", timeout=20)


def test_more_profiles_than_file_descriptors_are_installed_in_one_pass(node):
    node.writer.publish({f"p{i:04d}.json": GOOD for i in range(1500)})
    node.start(prefix=["prlimit", "--nofile=1024:1024"])
    states = list(node.states().values())
    assert states.count("installed") == 1500, node.log_text()[-2000:]
    assert node.metric('seccompd_syncs_total{result="failure"}') == 0


def test_an_overflow_of_the_watch_is_counted_and_loses_nothing(node):
    node.start_with({"web.json": GOOD}, "--rescan", "1h")
    limit = int(pathlib.Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 100000:
        pytest.skip(f"this node queues {limit} events")
    os.kill(node.process.pid, signal.SIGSTOP)
    theirs = node.installed / "theirs"
    for _ in range(limit // 2 + 1):
        theirs.touch()
        theirs.unlink()
    (node.installed / "web.json").unlink()
    os.kill(node.process.pid, signal.SIGCONT)
    node.wait_metric("seccompd_drift_corrections_total", 1, timeout=10)
    assert (node.installed / "web.json").exists()
    assert node.metric("seccompd_watch_errors_total") == 1


def test_without_inotify_the_agent_polls(node, tmp_path):
    node.writer.publish({"web.json": GOOD})
    node.start("--rescan", "300ms", env=faults(tmp_path, no_inotify=1))
    assert node.status()["watchMode"] == "poll"
    assert node.metric('seccompd_watch_mode{mode="poll"}') == 1
    assert any("inotify" in line["message"] and line["level"] == "warning" for line in node.log())
    assert node.text("/readyz") == (200, "ok")
    node.writer.publish({"web.json": GOOD, "new.json": profile("close")})
    node.wait_state("new.json", "installed", timeout=10)
    (node.installed / "web.json").unlink()
    node.wait_metric("seccompd_drift_corrections_total", 1, timeout=10)


def test_without_a_watch_to_be_had_the_rescan_is_enough_and_it_is_said(node, tmp_path):
    node.start_with({"web.json": GOOD}, "--rescan", "300ms", env=faults(tmp_path, no_watches=1))
    assert node.status()["watchMode"] == "inotify"
    is_ready, checks = node.ready()
    assert is_ready and "No space left on device; the rescan still finds every change" in checks["watch"]
    assert node.text("/readyz/watch")[0] == 503
    node.writer.publish({"web.json": profile("close")})
    eventually(lambda: node.holds("web.json", profile("close")))
    assert len([line for line in node.log() if "watching failed" in line["message"]]) == 1


def test_without_inotify_the_first_change_waits_ten_seconds_not_for_the_rescan(node, tmp_path):
    node.writer.publish({"web.json": GOOD})
    node.start("--rescan", "10m", env=faults(tmp_path, no_inotify=1))
    node.writer.publish({"web.json": GOOD, "new.json": profile("close")})
    node.wait_state("new.json", "installed", timeout=14)


def test_the_idle_daemon_is_one_thread_without_children(node):
    node.writer.publish({f"p{i}.json": profile("read", f"call{i}") for i in range(8)})
    pid = node.start().pid
    assert [task.name for task in pathlib.Path(f"/proc/{pid}/task").iterdir()] == [str(pid)]
    assert node.children() == []
