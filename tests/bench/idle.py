# SPDX-License-Identifier: Apache-2.0
"""A daemon with nothing to do: its memory, and how often it wakes up."""

import os
import pathlib
import re
import shutil
import subprocess
import time

import lab

N = 1000
RESIDENT_KIB = 3 << 10
WINDOW_SECONDS = 30
SHORT_RESCAN_SECONDS = 5


def mebibytes(kib):
    return f"{kib / 1024:.2f} MiB"


def resident(pid):
    """RSS and PSS in KiB."""
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return found["Rss"], found["Pss"]


def peer_of(place, files):
    """The same loop in Go, after the same files; its RSS in KiB, or None without Go."""
    if not shutil.which("go"):
        return None
    where = place.place()
    cache = pathlib.Path(os.environ.get("SECCOMPD_CACHE", pathlib.Path.home() / ".cache" / "seccompd")) / "bench"
    cache.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(["go", "build", "-o", cache / "peer", "."], cwd=lab.HERE / "peer", capture_output=True,
                           text=True, check=False)
    if built.returncode != 0:
        raise lab.CannotRun(f"go build: {built.stderr.strip()[-300:]}")
    writer = lab.Volume(where / "source")
    writer.publish(files)
    (where / "out").mkdir()
    with subprocess.Popen([cache / "peer", where / "source", where / "out", where / "sock"],
                          stdout=subprocess.PIPE) as peer:
        try:
            peer.stdout.readline()
            if len(list((where / "out").iterdir())) != len(files):
                raise lab.CannotRun("the loop in Go did not copy all files")
            time.sleep(5)
            return resident(peer.pid)[0]
        finally:
            peer.kill()


def memory(place):
    few, many = {"a.json": lab.variant(0)}, lab.variants(N)
    rows = []
    for files, name in ((few, "one profile"), (many, f"{N} profiles")):
        with place.daemon(files) as daemon:
            daemon.swap(files)
            daemon.text("/metrics")
            time.sleep(2)
            rss, pss = resident(daemon.process.pid)
        peer = peer_of(place, files)
        if peer:
            row = lab.against(f"idle memory after {name}, this build (bound: a loop in Go)", rss, peer, 0.35, mebibytes)
        else:
            row = lab.Row(f"idle memory after {name}, this build (no go here to build the bound)", mebibytes(rss))
        row.what += f"; PSS {mebibytes(pss)}"
        rows.append(row)
    rows.append(lab.Row("  the image's own build, without what is not used: make test-image", "see there",
                        goal=f"<= {mebibytes(RESIDENT_KIB)}"))
    return rows


def count_wakeups(daemon, seconds):
    """How often the loop came back from waiting, and the passes that it told of, as strace saw them."""
    log = daemon.dir / "waits"
    with lab.traced(daemon, log, "epoll_wait,sendmsg,sendto"):
        time.sleep(seconds)
    text = log.read_text()
    return (len(re.findall(r"epoll_wait.* = [1-9]\d*$", text, re.MULTILINE)),
            len(re.findall(r" send(?:msg|to)\(.*READY=1", text)))


def switches(daemon):
    return int(daemon.proc("status")["voluntary_ctxt_switches"])


def wakeups(place):
    """Each sleep that ends is a voluntary switch; in a pass a file system sleeps too, so there waits are counted."""
    files = {"a.json": lab.variant(0)}
    with place.daemon(files) as quiet, place.daemon(files) as busy:
        busy.stop()
        busy.start("--rescan", f"{SHORT_RESCAN_SECONDS}s")
        time.sleep(2)
        before = switches(quiet)
        n_woken, n_passes = count_wakeups(busy, WINDOW_SECONDS)
        n_switches = switches(quiet) - before
    return [
        lab.exactly(f"wake-ups in {WINDOW_SECONDS} s without a rescan", n_switches, 0),
        lab.exactly(f"wake-ups in {WINDOW_SECONDS} s with a rescan every {SHORT_RESCAN_SECONDS} s", n_woken, n_passes),
    ]
