# SPDX-License-Identifier: Apache-2.0
"""Real runtimes: an OCI bundle around the probe, started by Debian's runc or crun."""

import json
import pathlib
import shutil
import subprocess
import uuid

PROBE = pathlib.Path(__file__).with_name("probe.c")
CAPABILITIES = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
    "CAP_AUDIT_WRITE"]


def build_probe(directory):
    """Compiles the probe into a root filesystem; its path."""
    rootfs = pathlib.Path(directory) / "rootfs"
    for name in ("proc", "dev"):  # crun makes no mount point in a read-only root
        (rootfs / name).mkdir(parents=True)
    subprocess.run(["gcc", "-static", "-O1", "-o", str(rootfs / "probe"), str(PROBE)], check=True)
    return rootfs


def spec(rootfs, arguments, seccomp, no_new_privileges=True):
    linux = {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")]}
    if seccomp is not None:
        linux["seccomp"] = seccomp
    sets = ("bounding", "effective", "permitted")
    return {
        "ociVersion": "1.0.2",
        "root": {"path": str(rootfs), "readonly": True},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "process": {
            "terminal": False, "user": {"uid": 0, "gid": 0}, "args": ["/probe", *arguments], "env": [], "cwd": "/",
            "capabilities": {name: CAPABILITIES for name in sets}, "noNewPrivileges": no_new_privileges},
        "linux": linux,
    }


def is_hybrid():
    return pathlib.Path("/sys/fs/cgroup/unified/cgroup.procs").exists()


class Result:
    """What the probe printed: errno by call; `seccomp` is its mode; `error` is the runtime's own."""

    def __init__(self, completed):
        self.status = completed.returncode
        self.error = completed.stderr
        self.errno = {}
        self.seccomp = None
        for line in completed.stdout.splitlines():
            word, _, value = line.rpartition(" ")
            if word == "Seccomp":
                self.seccomp = int(value)
            else:
                self.errno[word] = int(value)


def run(runtime, directory, rootfs, arguments, seccomp, no_new_privileges=True):
    """Runs the probe in a container under a profile (decoded JSON, or None for unconfined)."""
    name = f"seccompd-test-{uuid.uuid4().hex[:12]}"
    bundle = pathlib.Path(directory) / name
    bundle.mkdir()
    (bundle / "config.json").write_text(json.dumps(spec(rootfs, arguments, seccomp, no_new_privileges)))
    command = [runtime, "--root", str(pathlib.Path(directory) / f"{runtime}-state"), "run", "--bundle", str(bundle), name]
    if runtime == "crun" and is_hybrid():
        # crun takes a hybrid tree for a unified one unless the v2 part is out of sight.
        command = ["unshare", "-m", "sh", "-c", 'umount /sys/fs/cgroup/unified && exec "$@"', "sh", *command]
    try:
        return Result(subprocess.run(command, capture_output=True, text=True, timeout=60, check=False))
    finally:
        shutil.rmtree(bundle, ignore_errors=True)
