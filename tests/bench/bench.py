#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make bench: the goals of docs/performance.md, each against a bound measured in the same run.

    bench.py [NAME...]

Prints one table. The exit status says whether every bench could run, not whether goals were met: no machine is quiet
enough for that.
"""

import os
import pathlib
import platform
import re
import subprocess
import sys
import time

import change
import idle
import inputs
import lab
import start
import volume

BENCHES = {
    "change": change.change,
    "instructions": change.instructions,
    "cold": volume.cold,
    "same": volume.same,
    "unchanged": volume.unchanged,
    "batch": volume.batch,
    "hostile": inputs.hostile,
    "memory": idle.memory,
    "wakeups": idle.wakeups,
    "start": start.start,
}
HEADINGS = ("bench", "what", "measured", "bound", "ratio", "goal", "met")


def enter_own_mounts():
    """Again in a mount namespace of our own: what is mounted here goes with us."""
    if os.geteuid() == 0 and "SECCOMPD_BENCH_MOUNTS" not in os.environ:
        os.environ["SECCOMPD_BENCH_MOUNTS"] = "own"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])


def print_machine(place):
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    version = subprocess.run(["pkg-config", "--modversion", "libseccomp"], capture_output=True, text=True, check=False)
    print(f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} processors, Linux {platform.release()}, "
          f"libseccomp {version.stdout.strip()}")
    kind = subprocess.run(["findmnt", "-n", "-o", "FSTYPE,SOURCE", "--target", place.ram], capture_output=True,
                          text=True, check=False)
    print(f"files on {' '.join(kind.stdout.split())}; load {os.getloadavg()[0]:.1f} before")


def print_table(lines):
    widths = [max(len(line[i]) for line in [HEADINGS, *lines]) for i in range(len(HEADINGS))]
    for line in [HEADINGS, tuple("-" * width for width in widths), *lines]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def run(name, place):
    """The lines of one bench, and whether it could run."""
    begin = time.monotonic()
    try:
        rows = BENCHES[name](place)
    except (lab.CannotRun, OSError, AssertionError, subprocess.SubprocessError) as problem:
        return [(name, f"could not run: {problem}", "", "", "", "", "")], False
    finally:
        lab.progress(f"{name}: {time.monotonic() - begin:.0f} s")
    words = {True: "yes", False: "no", None: ""}
    return [(name, row.what, row.measured, row.bound, row.ratio, row.goal, words[row.is_met]) for row in rows], True


def main():
    names = sys.argv[1:] or list(BENCHES)
    if names == ["help"]:
        print("\n".join(BENCHES))
        return 0
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"bench: no bench is called {unknown[0]}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    enter_own_mounts()
    lines, could_run = [], True
    place = lab.Lab()
    try:
        print_machine(place)
        for name in names:
            found, ran = run(name, place)
            lines += found
            could_run = could_run and ran
    finally:
        place.close()
    print(f"load {os.getloadavg()[0]:.1f} after\n")
    print_table(lines)
    return 0 if could_run else 1


if __name__ == "__main__":
    sys.exit(main())
