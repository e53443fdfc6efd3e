# SPDX-License-Identifier: Apache-2.0
"""A containerd of the test's own: private socket, root and state, in namespaces that end with it.

Paths are the same inside and outside, so that its socket and its logs are used from here; mounts and processes are
its own (`Namespaces.inside`, `Namespaces.enter`)."""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import uuid

import images
from node import PATIENCE, ROOT

CGROUPS = pathlib.Path("/sys/fs/cgroup")

# Shims and runtimes keep sockets and state below /run whatever they are told. crun takes a hybrid cgroup tree for a
# unified one unless the v2 part is out of sight. Ignored SIGCHLD: orphans are reaped.
SETUP = """
mount --make-rshared /
mount -t tmpfs -o mode=0755 tmpfs /run
[ ! -e /sys/fs/cgroup/unified/cgroup.procs ] || umount /sys/fs/cgroup/unified
ip link set lo up
trap '' CHLD
echo ready
exec sleep infinity
"""


def die_with_parent():
    """For preexec_fn: whatever happens to the test, its processes end."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Namespaces:
    """Mount, process, network, UTS and IPC namespaces held by one process; all in them ends with it."""

    def __init__(self):
        command = ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc",
                   "--propagation", "private", "sh", "-ec", SETUP]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=die_with_parent)
        if self.process.stdout.readline() != "ready\n":
            _, error = self.process.communicate()
            raise RuntimeError(f"no namespaces to be had: {error.strip()}")
        # the init of the namespaces, as a pid of this side
        self.init = child_of(self.process)

    def enter(self, *command):
        """A command line that runs `command` inside."""
        return ["nsenter", "--target", str(self.init), "--mount", "--pid", "--net", "--uts", "--ipc", "--wd=/",
                *map(str, command)]

    def run(self, *command, check=True, timeout=PATIENCE, **more):
        """Runs a command inside to its end; output as text. A failure says what the command said."""
        done = subprocess.run(self.enter(*command), capture_output=True, text=True, check=False, timeout=timeout,
                              **more)
        if check and done.returncode != 0:
            raise CommandFailed(command, done)
        return done

    def start(self, *command, **popen):
        """Starts a command inside; to be ended by `stop`."""
        return subprocess.Popen(self.enter(*command), preexec_fn=die_with_parent, **popen)

    @staticmethod
    def stop(process, how=signal.SIGTERM):
        """Ends what `start` started; its exit status. (The process itself is nsenter, which passes no signal on.)"""
        if process.poll() is None:
            os.kill(child_of(process), how)
        return process.wait(PATIENCE)

    def inside(self, path):
        """A path as it is seen inside: its mounts, its /proc."""
        return pathlib.Path(f"/proc/{self.init}/root") / pathlib.Path(path).relative_to("/")

    def proc(self, pid, name):
        """The text of /proc/PID/NAME of a process that has this pid inside."""
        return self.inside(f"/proc/{pid}/{name}").read_text()

    def close(self):
        self.process.kill()
        self.process.communicate()


def child_of(process):
    return int(pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())


class CommandFailed(Exception):
    def __init__(self, command, done):
        self.stderr = done.stderr
        super().__init__(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}")


def tool(name):
    """The path of a Go tool that the tests bring along; built when it is not yet."""
    done = subprocess.run([str(ROOT / "tests" / "tools" / "go-tools.sh"), name], stdout=subprocess.PIPE, text=True,
                          check=True)
    return pathlib.Path(done.stdout.strip()) / name


CONFIG = """
version = 2
root = "{root}"
state = "{state}"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "{default}"
"""
CONFIG_RUNTIME = """
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.{name}]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.{name}.options]
        BinaryName = "{binary}"
"""


class Containerd:
    """`binary`: which containerd; its shim is looked for beside it and in PATH. `runtimes`: handler to program,
    the first is the default. `more`: further configuration, TOML. Pods go below `cgroup_parent`."""

    def __init__(self, directory, namespaces, binary="containerd", runtimes=None, more=""):
        self.dir = pathlib.Path(directory)
        self.namespaces = namespaces
        self.binary = binary
        self.runtimes = runtimes or {"runc": "runc"}
        self.socket = self.dir / "containerd.sock"
        self.log_path = self.dir / "containerd.log"
        self.config_path = self.dir / "config.toml"
        self.cgroup_parent = f"/seccompd-test-{uuid.uuid4().hex[:12]}"
        self.process = None
        self._crictl = [tool("crictl"), "--config", self.dir / "crictl.yaml", "--timeout", "30s"]
        (self.dir / "crictl.yaml").write_text(
            f"runtime-endpoint: unix://{self.socket}\nimage-endpoint: unix://{self.socket}\n")
        self.config_path.write_text(self._config() + more)

    def _config(self):
        text = CONFIG.format(root=self.dir / "root", state=self.dir / "state", socket=self.socket,
                             pause=images.PAUSE, default=next(iter(self.runtimes)))
        for name, binary in self.runtimes.items():
            text += CONFIG_RUNTIME.format(name=name, binary=binary)
        return text

    def start(self):
        """Starts it and waits until its CRI answers."""
        path = os.pathsep.join([str(pathlib.Path(self.binary).parent), os.environ["PATH"]])
        with open(self.log_path, "ab") as log:
            self.process = self.namespaces.start(self.binary, "--config", self.config_path, stdout=log, stderr=log,
                                                 env={**os.environ, "PATH": path})
        deadline = time.monotonic() + PATIENCE
        while self.crictl("version", check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"containerd does not serve\n{self.log_text()}")
            time.sleep(0.1)

    def stop(self):
        """Stops containerd; containers run on until their namespaces end."""
        if self.process is not None:
            self.namespaces.stop(self.process)
            self.process = None

    def close(self):
        """Ends the namespaces with all that runs in them; removes the cgroups and images."""
        try:
            self.stop()
        finally:
            self.namespaces.close()
            remove_cgroups(self.cgroup_parent)
            if (self.dir / "root").exists():
                shutil.rmtree(self.dir / "root")

    def log_text(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    def import_image(self, archive):
        self.namespaces.run("ctr", "--namespace", "k8s.io", "--address", self.socket, "images", "import", archive)

    def crictl(self, *arguments, check=True, **more):
        return self.namespaces.run(*self._crictl, *arguments, check=check, **more)

    def run_sandbox(self, config):
        """RunPodSandbox; the id."""
        return self.crictl("runp", self._write("sandbox", config)).stdout.strip()

    def create_container(self, sandbox, config, sandbox_config):
        """CreateContainer; the id."""
        return self.crictl("create", sandbox, self._write("container", config),
                           self._write("sandbox", sandbox_config)).stdout.strip()

    def inspect(self, container):
        return json.loads(self.crictl("inspect", "--output", "json", container).stdout)

    def pid(self, container):
        """The pid, inside, of a container's first process."""
        return self.inspect(container)["info"]["pid"]

    def _write(self, kind, config):
        path = self.dir / f"{kind}.json"
        path.write_text(json.dumps(config))
        return path


def remove_cgroups(parent):
    """Removes what is left of a cgroup in all hierarchies; the processes in it have been killed."""
    deadline = time.monotonic() + PATIENCE
    for top in find_cgroups(parent):
        for path in sorted([top, *(entry for entry in top.rglob("*") if entry.is_dir())], reverse=True):
            while True:
                try:
                    path.rmdir()
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)


def find_cgroups(parent):
    """The directories of a cgroup: one in each hierarchy, or one in the unified tree."""
    places = [CGROUPS, *(entry for entry in CGROUPS.iterdir() if entry.is_dir() and not entry.is_symlink())]
    return [place / parent.lstrip("/") for place in places if (place / parent.lstrip("/")).is_dir()]
