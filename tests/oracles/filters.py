# SPDX-License-Identifier: Apache-2.0
"""The very filters that runtimes load: taken out of the kernel, and held against what a profile says."""

import json
import pathlib
import re
import subprocess
import uuid

import runtimes
from node import BUILD

ORACLES = BUILD / "oracles"
PATIENCE_SECONDS = 60  # for a start of a container, until its filter is loaded


class Runtime:
    """A runtime, and how it is called. `prefix` is put in front of the command."""

    def __init__(self, name, command, prefix=()):
        self.name = name
        self.is_runc = "runc" in name
        self.command = [command]
        if not self.is_runc and runtimes.is_hybrid():
            # crun takes a hybrid tree for a unified one unless the v2 part is out of sight
            self.command = ["unshare", "-m", "sh", "-c", 'umount /sys/fs/cgroup/unified && exec "$@"', "sh", command]
        self.command = [*prefix, *self.command]

    def version(self):
        out = subprocess.run([*self.command, "--version"], capture_output=True, text=True, check=True).stdout
        return " ".join(out.split()[:3])


class Caught:
    """What became of a start: the program that was loaded, or None; whether the container ran, which it does only
    without a filter; whether the runtime came to no end; what it said."""

    def __init__(self, programs, ran=False, hangs=False, error=""):
        self.program = programs[-1] if programs else None
        self.n, self.ran, self.hangs, self.error = len(programs), ran, hangs, error


def catch(runtime, directory, rootfs, seccomp, no_new_privileges=True, patience=PATIENCE_SECONDS):
    """Has a runtime start a container under a profile (decoded JSON), and takes the filter that it loads."""
    name = f"seccompd-test-{uuid.uuid4().hex[:12]}"
    bundle = pathlib.Path(directory) / name
    (bundle / "filters").mkdir(parents=True)
    spec = runtimes.spec(rootfs, ["getpid"], seccomp, no_new_privileges)
    spec["mounts"].append({"destination": "/dev", "type": "tmpfs", "source": "tmpfs"})  # runc from 1.5 on insists
    (bundle / "config.json").write_text(json.dumps(spec))
    root = bundle / "state"
    command = [ORACLES, "catch", bundle / "filters", str(patience), *runtime.command,
               "--root", root, "run", "--bundle", bundle, name]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    subprocess.run([*runtime.command, "--root", root, "delete", "--force", name], capture_output=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    caught = re.findall(r"^caught (\S+): \d+ instructions", done.stderr, re.MULTILINE)
    error = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("caught "))
    return Caught([pathlib.Path(path) for path in caught], "getpid 0" in done.stdout, done.returncode == 3, error)


class Comparison:
    """The calls on which a filter and a canonical profile disagree, one line for each number."""

    def __init__(self, lines):
        counts = lines[-1].split()
        self.n_calls, self.n_different = int(counts[0]), int(counts[2])
        self.lines = lines[:-1]

    def names(self):
        return sorted({line.split()[0] for line in self.lines})


def compare(canonical, program, is_runc):
    """Holds a filter against a canonical profile (paths). With runc's piece in front of it, if that is expected."""
    command = [ORACLES, "compare", canonical, program, *(["runc"] if is_runc else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return Comparison(done.stdout.splitlines())
