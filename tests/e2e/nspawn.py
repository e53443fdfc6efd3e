# SPDX-License-Identifier: Apache-2.0
"""A Debian whose PID 1 is the real systemd, in namespaces and cgroups of its own (systemd-nspawn)."""

import os
import pathlib
import re
import shutil
import signal
import subprocess

from node import PATIENCE, eventually

HERE = pathlib.Path(__file__).resolve().parent
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
# Everything is gone with the last process: mounts with their namespace, /run of nspawn's own with them. The
# unified hierarchy is what systemd 257 insists on, whatever the machine around has.
START = r"""
for directory in $CGROUPS; do echo $$ >"$directory/cgroup.procs"; done
exec setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child --mount-proc sh -ec '
        mount -t tmpfs tmpfs /run
        mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$UPPER,workdir=$WORK" "$ROOT"
        exec env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --directory "$ROOT" --hostname node \
                --register=no --keep-unit --private-network --console=pipe --boot
'
"""


def debian(suite):
    """The directory of a Debian of that suite; made when it is not there yet, which takes a minute or two."""
    made = subprocess.run([HERE / "systemd-root.sh", suite], stdout=subprocess.PIPE, text=True, check=False)
    assert made.returncode == 0, f"no {suite} to be had"
    return pathlib.Path(made.stdout.strip())


def own_cgroups():
    """This process' directories in the cgroup trees that systemd uses."""
    paths = {}
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0" or controllers == "name=systemd":
            paths["cgroup2" if number == "0" else "name=systemd"] = path
    found = []
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        root, mountpoint = before.split()[3:5]
        kind, _, options = after.split()[:3]
        key = kind if kind == "cgroup2" else "name=systemd" if "name=systemd" in options.split(",") else None
        if key in paths and root == "/":
            found.append(pathlib.Path(mountpoint) / paths.pop(key).lstrip("/"))
    return found


class System:
    """One machine. What `files` holds lies over the Debian below it; `disk` keeps what the machine writes."""

    def __init__(self, directory, debian_root, files):
        self.dir = pathlib.Path(directory)
        self.lower = f"{files}:{debian_root}"
        self.disk, self.work, self.root = (self.dir / name for name in ["disk", "work", "root"])
        for path in [self.disk, self.work, self.root]:
            path.mkdir()
        self.cgroups = [path / f"seccompd-systemd-{os.getpid()}" for path in own_cgroups()]
        self.process = None
        self.leader = None

    def boot(self):
        """Starts it, and waits until it is up."""
        for path in self.cgroups:
            path.mkdir()
        names = {"CGROUPS": " ".join(map(str, self.cgroups)), "LOWER": self.lower, "UPPER": self.disk,
                 "WORK": self.work, "ROOT": self.root}
        with open(self.dir / "console", "ab") as console:
            self.process = subprocess.Popen(["sh", "-ec", START], env={**ENVIRONMENT, **names}, stdout=console,
                                            stderr=console, stdin=subprocess.DEVNULL)
        self.leader = eventually(self._find_leader, message="PID 1")
        eventually(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip() in ["running", "degraded"],
                   message=f"the machine is up\n{self.console()}")

    def _find_leader(self):
        """PID 1 of the machine, a child of nspawn, which is the only child of ours."""
        assert self.process.poll() is None, f"the machine did not start:\n{self.console()}"
        pids = [self.process.pid]
        try:
            while pids:
                pids = [int(child) for pid in pids for child in
                        pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
                for pid in pids:
                    if pathlib.Path(f"/proc/{pid}/comm").read_text() == "systemd\n":
                        return pid
        except OSError:
            return None  # a helper of nspawn's has ended meanwhile
        return None

    def console(self):
        return (self.dir / "console").read_text(errors="replace")

    def run(self, *argv, check=True, entering=None, **more):
        """A command inside, in the namespaces of its PID 1 or of process `entering`."""
        enter = ["nsenter", "--target", str(entering or self.leader), "--mount", "--uts", "--ipc", "--net", "--pid"]
        done = subprocess.run([*enter, "--", *map(str, argv)], env=ENVIRONMENT, capture_output=True, text=True,
                              timeout=2 * PATIENCE, check=False, **more)
        assert not check or done.returncode == 0, f"{argv}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def path(self, path):
        """A path of the running machine as seen from here."""
        return pathlib.Path(f"/proc/{self.leader}/root") / str(path).lstrip("/")

    def pid_outside(self, pid):
        """What a process of the machine is called here."""
        namespace = os.readlink(f"/proc/{self.leader}/ns/pid")
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                inside = re.search(r"^NSpid:.*\t(\d+)$", status.read_text(), re.MULTILINE)[1]
                if int(inside) == pid and os.readlink(status.parent / "ns/pid") == namespace:
                    return int(status.parent.name)
            except OSError:  # it has ended
                continue
        raise AssertionError(f"no process {pid} in the machine")

    def kill(self):
        """Pulls the plug; the disk stays."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = self.leader = None
        eventually(self._cgroups_are_gone, message="the machine's cgroups are empty")

    def _cgroups_are_gone(self):
        for top in self.cgroups:
            for path, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(path)
                except OSError:
                    return False
        return True

    def close(self):
        self.kill()
        shutil.rmtree(self.dir)
