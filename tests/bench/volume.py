# SPDX-License-Identifier: Apache-2.0
"""Many profiles: a cold start, one content under many names, a swap that changes nothing, a batch on disk."""

import collections
import os
import pathlib
import re
import shutil
import time

import lab

N = 1000
WRITES = ("write", "writev", "pwrite64", "pwritev", "ftruncate", "fallocate", "renameat", "renameat2", "rename",
          "unlinkat", "unlink", "linkat", "mkdirat", "fchmod", "fchmodat")
SYNCS = ("fsync", "fdatasync", "sync_file_range", "syncfs", "sync")
FORKS = ("clone", "clone3", "fork", "vfork")


def cold(place):
    """From nothing installed to all installed: `--once`, so that a start and an end belong to it."""
    one, both = lab.two_processors()
    daemon = lab.Daemon(place.place())
    daemon.writer.publish(lab.variants(N))
    lab.timed(daemon.argv("--once"))
    copies = place.place()
    for path in daemon.installed.glob("*.json"):
        shutil.copy(path, copies)
    names = sorted(map(str, copies.iterdir()))
    sizes = {os.path.getsize(name) for name in names}
    if len(names) != N or min(sizes) < 9000:
        raise lab.CannotRun(f"{len(names)} profiles of {min(sizes)} bytes and more")
    processor = []

    def bare():
        wall, used = lab.timed(["taskset", "-c", one, lab.BARE, "compile", *names])
        processor.append(("bare", used))
        return wall

    def ours(processors):
        shutil.rmtree(daemon.kubelet / "seccomp")
        wall, used = lab.timed(["taskset", "-c", processors, *daemon.argv("--once")])
        processor.append((processors, used))
        return wall

    bound, single, double = lab.alternate(3, bare, lambda: ours(one), lambda: ours(both))
    daemon.close()
    shutil.rmtree(copies)
    used = {name: min(seconds for which, seconds in processor if which == name) for name in ("bare", one)}
    return [
        lab.against(f"cold start, {N} distinct profiles, one processor (bound: as many bare compilations)",
                    single, bound, 1.15),
        lab.against("  on two processors (bound: on one)", double, bound, 0.65),
        lab.against("  processor time on one, the least of three", used[one], used["bare"]),
    ]


def same(place):
    content = lab.variant(0)
    with place.daemon({f"p{i:04}.json": content for i in range(N)}) as daemon:
        n_installed = daemon.metric('seccompd_profiles{source="main",state="installed"}')
        n_checks = daemon.metric('seccompd_checks_total{result="verdict"}')
    if n_installed != N:
        raise lab.CannotRun(f"{n_installed:.0f} of {N} are installed")
    return [lab.exactly(f"{N} names of one content: compiled", int(n_checks), 1)]


def count_calls(daemon, action):
    """System calls of the daemon and its children, by name, from an action on."""
    log = daemon.dir / "calls"
    with lab.traced(daemon, log, f"execve,{','.join(WRITES + SYNCS + FORKS)}"):
        action()
        time.sleep(0.5)
    return collections.Counter(re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE))


def unchanged(place):
    files = lab.variants(N)
    directory = place.place()
    for name, data in files.items():
        (directory / name).write_bytes(data)
    paths = [str(directory / name) for name in files]
    with place.daemon(files) as daemon:
        ours, bound = lab.alternate(15, lambda: daemon.swap(files), lambda: lab.seconds(lab.BARE, "read", *paths)[0])
        checks = daemon.metric('seccompd_checks_total{result="verdict"}')
        calls = count_calls(daemon, lambda: daemon.swap(files))
        traced = count_calls(daemon, lambda: daemon.swap({**files, "p0000.json": lab.variant(N)}))
    if not (traced["fsync"] and sum(traced[name] for name in FORKS) and sum(traced[name] for name in WRITES)):
        raise lab.CannotRun(f"strace saw no change being written: {dict(traced)}")
    return [
        lab.against(f"{N} unchanged files after a swap (bound: bare read and hash)", ours, bound, 2),
        lab.exactly("  checks more than distinct contents", int(checks) - N, 0),
        lab.exactly("  forks", sum(calls[name] for name in FORKS), 0),
        lab.exactly("  writes", sum(calls[name] for name in WRITES), 0),
        lab.exactly("  fsyncs", sum(calls[name] for name in SYNCS), 0),
    ]


def commits(where):
    """Transactions that the journal under a directory has begun (ext4), or None where nothing says so."""
    device = os.stat(where).st_dev
    name = os.path.basename(os.path.realpath(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"))
    for info in pathlib.Path("/proc/fs/jbd2").glob(f"{name}-*/info"):
        return int(info.read_text().split()[0])
    return None


def batch(place):
    """What the writer does with a plan, against each file by itself. In RAM there is no device to wait for."""
    profile = place.place() / "profile.json"
    profile.write_bytes(lab.canonical(lab.variant(0)))

    def measure(program, top, n):
        where = place.place(top)
        took = lab.seconds(program, "write", where, profile, n)[0]
        shutil.rmtree(where)
        return took

    def count(program):
        before = commits(place.ram)
        measure(program, place.ram, N)
        return commits(place.ram) - before

    rows = []
    for n in (100, N):
        ours, bound = lab.alternate(
            5, lambda: measure(lab.OURS, place.disk, n), lambda: measure(lab.BARE, place.disk, n))
        rows.append(lab.against(f"a batch of {n} written durably, on the tree's disk (bound: each by itself)",
                                ours, bound, 0.35))
    if place.ram != place.disk:
        ours, bound = lab.alternate(5, lambda: measure(lab.OURS, place.ram, N), lambda: measure(lab.BARE, place.ram, N))
        rows.append(lab.against(f"  of {N} in RAM", ours, bound))
        if commits(place.ram) is not None:
            rows.append(lab.against("  transactions of the journal for it", count(lab.OURS), count(lab.BARE), text=str))
    return rows
