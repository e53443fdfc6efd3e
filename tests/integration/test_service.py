# SPDX-License-Identifier: Apache-2.0
"""The daemon as a service: what it tells the service manager, and its log."""

import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import time

import pytest
from node import SECCOMPD, eventually, faults, in_own_mounts, profile

# --- the service manager ---


class NotifySocket:
    """The service manager's end of sd_notify."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(0.1)
        self.environment = dict(os.environ, NOTIFY_SOCKET=str(path))
        self.lines = []

    def seen(self, begin):
        """The lines so far that begin so."""
        with contextlib.suppress(TimeoutError):
            while True:
                self.lines += self.socket.recv(4096).decode().splitlines()
        return [line for line in self.lines if line.startswith(begin)]

    def wait(self, begin, n=1, timeout=20):
        return eventually(lambda: len(found := self.seen(begin)) >= n and found, timeout, f"{begin} in {self.lines}")


@pytest.fixture
def notify(tmp_path):
    notify = NotifySocket(tmp_path / "notify.sock")
    yield notify
    notify.socket.close()


def test_the_service_manager_hears_of_every_stage(node, notify):
    node.writer.publish({"web.json": profile("read"), "bad.json": b"{}"})
    node.start(env=notify.environment)
    assert notify.wait("READY=1")
    assert notify.wait("STATUS=")[-1] == "STATUS=2 profiles, 1 installed, 1 invalid"
    assert not notify.seen("WATCHDOG=1"), "no watchdog was asked for"
    readies = len(notify.seen("READY=1"))
    node.process.send_signal(signal.SIGHUP)
    assert notify.wait("RELOADING=1")
    assert int(notify.wait("MONOTONIC_USEC=")[-1].partition("=")[2]) <= time.monotonic_ns() // 1000
    notify.wait("READY=1", readies + 1)
    assert notify.lines.index("RELOADING=1") < len(notify.lines) - notify.lines[::-1].index("READY=1") - 1
    assert not notify.seen("STOPPING=1")
    assert node.stop() == 0
    assert notify.wait("STOPPING=1")


def test_nothing_is_ready_before_the_first_pass(node, notify):
    (node.kubelet / "seccomp").symlink_to(node.dir)
    node.writer.publish({"web.json": profile("read")})
    node.start(env=notify.environment, wait=False)
    eventually(node.socket.exists)
    time.sleep(0.5)
    assert not notify.seen("READY=1")
    assert node.text("/readyz")[0] == 503
    assert re.match(r"STATUS=not ready: .* links are not followed here", notify.seen("STATUS=")[-1])


def test_the_status_says_who_is_waited_for(node, rival, notify):
    node.writer.publish({"web.json": profile("read")})
    node.start()
    rival.start(env=notify.environment, wait=False)
    assert notify.wait("STATUS=") == ["STATUS=not ready: lock: another instance holds the destination; waiting for it"]
    node.stop()
    notify.wait("READY=1")
    assert notify.seen("STATUS=")[-1] == "STATUS=1 profile, 1 installed"


def test_a_path_is_no_line_of_the_protocol(node, notify):
    node.kubelet = node.dir / "kubelet\nREADY=1"
    node.start(env=notify.environment, wait=False)
    assert "kubelet READY=1: No such file" in notify.wait("STATUS=")[0]
    assert not notify.seen("READY=1")


def test_a_reload_is_over_when_its_own_pass_is(node, notify):
    """A pass that runs already when SIGHUP comes does not end the reload."""
    environment = {**faults(node.dir, fsync_msec=300), "NOTIFY_SOCKET": notify.environment["NOTIFY_SOCKET"]}
    node.start_with({"web.json": profile("read")}, env=environment)
    readies = len(notify.wait("READY=1"))
    node.writer.publish({"web.json": profile("write")})
    eventually(node.children, message="a pass that writes")
    node.process.send_signal(signal.SIGHUP)
    notify.wait("READY=1", readies + 1)
    lines = [line.partition("=")[0] for line in notify.lines]
    lines = lines[lines.index("RELOADING"):]
    assert lines[:4] == ["RELOADING", "MONOTONIC_USEC", "STATUS", "READY"], notify.lines


def test_no_reload_begins_where_no_pass_will_end_it(node, notify):
    argv = [str(SECCOMPD), "--cleanup", "--kubelet-root", str(node.kubelet), "--listen", f"unix:{node.socket}",
            "--log-format", "json"]
    with open(node.log_path, "ab") as log:
        node.process = subprocess.Popen(argv, stderr=log, env=notify.environment)
    notify.wait("READY=1")
    node.wait_ready()
    node.process.send_signal(signal.SIGHUP)
    eventually(lambda: any("SIGHUP" in line["message"] for line in node.log()))
    assert node.stop() == 0
    notify.wait("STOPPING=1")
    assert not notify.seen("RELOADING=1"), "the manager would wait for its end"


def test_the_watchdog_is_fed(node, notify):
    node.writer.publish({"web.json": profile("read")})
    notify.environment["WATCHDOG_USEC"] = "1000000"
    node.start(env=notify.environment, prefix=["sh", "-c", 'WATCHDOG_PID=$$ exec "$@"', "sh"])
    begin = time.monotonic()
    notify.wait("WATCHDOG=1", 3)
    assert time.monotonic() - begin < 3


# --- the log ---


def test_the_log_is_json_on_a_pipe_with_one_line_a_change(node):
    node.writer.publish({"one.json": profile("read"), "two.json": profile("write")})
    node.start("--log-format", "auto")
    node.writer.publish({"one.json": profile("read", "close"), "two.json": b'{"defaultAction": "SCMP_ACT_ALOW"}'})
    node.wait_state("two.json", "stale")
    syncs = node.metric('seccompd_syncs_total{result="success"}')
    node.process.send_signal(signal.SIGHUP)
    eventually(lambda: node.metric('seccompd_syncs_total{result="success"}') > syncs)
    entry = node.profiles()["two.json"]
    assert node.stop() == 0
    lines = [json.loads(line) for line in node.log_text().splitlines()]
    assert all({"time", "level", "message"} <= set(line) for line in lines)
    changes = [(line["profile"], line["state"]) for line in lines if "profile" in line]
    assert changes == [("one.json", "installed"), ("two.json", "installed"),
                       ("one.json", "installed"), ("two.json", "stale")]
    stale = next(line for line in lines if line.get("state") == "stale")
    assert stale["level"] == "warning" and stale["before"] == "installed"
    assert stale["digest"] == entry["digest"] and stale["source_digest"] == entry["sourceDigest"]
    assert stale["diagnostic"].startswith("1:19: ") and stale["diagnostic"].endswith("[SP302]")


def test_the_log_is_text_on_a_terminal(node):
    node.writer.publish({"web.json": profile("read")})
    master, slave = pty.openpty()
    node.process = subprocess.Popen(node.argv("--log-format", "auto"), stdout=slave, stderr=slave)
    os.close(slave)
    node.wait_synced()
    digest = node.profiles()["web.json"]["digest"]
    assert node.stop() == 0
    text = b""
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        while chunk := os.read(master, 4096):
            text += chunk
    os.close(master)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text.decode()).splitlines()
    assert not any(line.startswith("{") for line in lines)
    installed = [line for line in lines if "profile installed" in line]
    assert len(installed) == 1
    assert re.match(r"\d\d:\d\d:\d\d info +profile installed  profile=web\.json ", installed[0])
    assert f"digest={digest}" in installed[0]


def test_a_log_that_nobody_reads_keeps_the_agent_from_nothing(node):
    names = [f"p{i:04d}.json" for i in range(600)]
    node.writer.publish({name: profile("read") for name in names})
    reader, writer = os.pipe()
    node.process = subprocess.Popen(node.argv(), stdout=writer, stderr=writer)
    node.wait_synced()
    assert set(node.states().values()) == {"installed"}
    os.set_blocking(reader, False)
    early = os.read(reader, 1 << 20)
    assert len(early) > 32768, "the pipe was full"
    node.writer.publish({name: profile("write") for name in names[:2]})
    node.wait_state("p0002.json", "retiring")
    assert node.stop() == 0
    os.close(writer)
    lines = [json.loads(line) for line in (early + os.read(reader, 1 << 20)).splitlines()]
    os.close(reader)
    assert lines[0]["message"] == "seccompd starts", "what is lost is whole lines, and not for ever"
    assert lines[-1]["message"] == "SIGTERM: stopping" or lines[-1]["state"] == "retiring"


@pytest.fixture
def journal(tmp_path):
    """The journal's socket, and the prefix of a process that has it in its place."""
    (tmp_path / "journal").mkdir()
    journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journal.bind(str(tmp_path / "journal" / "socket"))
    yield journal, in_own_mounts(f"""
        mount -t tmpfs none /run
        mkdir -p /run/systemd/journal
        mount --bind {tmp_path}/journal /run/systemd/journal""")
    journal.close()


def journal_fields(entry):
    """The fields of a datagram: KEY, line feed, 64 bits of length, value, line feed."""
    fields = {}
    while entry:
        key, _, entry = entry.partition(b"\n")
        size = int.from_bytes(entry[:8], "little")
        fields[key.decode()] = entry[8:8 + size].decode()
        assert entry[8 + size:9 + size] == b"\n"
        entry = entry[9 + size:]
    return fields


def test_the_journal_has_each_field_by_itself(node, journal):
    receiver, prefix = journal
    node.writer.publish({"line\nbreak.json": b"{}"})
    node.start("--log-format", "journal", prefix=prefix)
    entries = [journal_fields(receiver.recv(1 << 16)) for _ in range(3)]
    assert entries[0]["MESSAGE"].startswith("seccompd starts  version=") and entries[0]["PRIORITY"] == "6"
    bad = entries[-1]
    assert bad["SECCOMPD_PROFILE"] == "line\nbreak.json" and bad["SECCOMPD_STATE"] == "invalid"
    assert bad["PRIORITY"] == "4" and bad["SYSLOG_IDENTIFIER"] == "seccompd" and "\n" not in bad["MESSAGE"]


def test_a_journal_that_hangs_keeps_the_agent_from_nothing(node, journal):
    receiver, prefix = journal
    names = [f"p{i:04d}.json" for i in range(600)]
    node.writer.publish({name: profile("read") for name in names})
    node.start("--log-format", "journal", prefix=prefix)
    node.assert_unhurt(node.process.pid)
    receiver.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            receiver.recv(1 << 16)
    assert node.stop() == 0
    assert journal_fields(receiver.recv(1 << 16))["MESSAGE"] == "SIGTERM: stopping"


def test_the_log_level_is_kept(node):
    node.writer.publish({"web.json": profile("read"), "bad.json": b"{}"})
    node.start("--log-level", "warning")
    assert node.stop() == 0
    assert {line["level"] for line in node.log()} == {"warning"}
