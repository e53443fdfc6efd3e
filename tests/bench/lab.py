# SPDX-License-Identifier: Apache-2.0
"""What the benches share: rows of the table, profiles, a place for files, and daemons whose passes are timed."""

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "integration"))

import node as integration  # noqa: E402

BARE = integration.BUILD / "bench" / "bare"
OURS = integration.BUILD / "bench" / "ours"
UNCONFINED = integration.BUILD.with_name(integration.BUILD.name + "-unconfined") / "seccompd"
# The file system in RAM: 1000 profiles at several places, and what the journal wants.
RAM_BYTES = 512 << 20
# A thousand profiles on a machine that has other things to do.
PATIENCE = 300.0


class CannotRun(Exception):
    """What a bench needs is not there."""


@dataclasses.dataclass
class Row:
    """A line of the table. `is_met` is None where there is no goal."""

    what: str
    measured: str
    bound: str = ""
    ratio: str = ""
    goal: str = ""
    is_met: bool | None = None


def milliseconds(seconds):
    return f"{seconds * 1e3:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def against(what, measured, bound, at_most=None, text=milliseconds):
    """A figure and its bound of the same run; at_most=None: no goal."""
    ratio = measured / bound
    if at_most is None:
        return Row(what, text(measured), text(bound), f"{ratio:.2f}")
    return Row(what, text(measured), text(bound), f"{ratio:.2f}", f"<= {at_most} x", ratio <= at_most)


def at_most(what, measured, limit, text=milliseconds):
    return Row(what, text(measured), goal=f"<= {text(limit)}", is_met=measured <= limit)


def exactly(what, measured, wanted):
    return Row(what, str(measured), goal=f"{wanted}", is_met=measured == wanted)


def progress(text):
    print(f"  {text}", file=sys.stderr, flush=True)


# --- profiles ---


def published():
    """Podman's default profile: Docker's format, three architectures. What others ship, not made for us."""
    if not integration.PUBLISHED.exists():
        raise CannotRun("golang-github-containers-common is not installed")
    return json.loads(integration.PUBLISHED.read_bytes())


def variant(number):
    """The published profile with one more condition on personality(2): another meaning for each number."""
    body = published()
    condition = {"index": 0, "value": 0x1000000 + number, "op": "SCMP_CMP_EQ"}
    body["syscalls"].append({"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [condition]})
    return json.dumps(body, indent=1).encode()


def variants(n):
    return {f"p{i:04}.json": variant(i) for i in range(n)}


def canonical(data):
    made = integration.seccompctl("compile", "-", stdin=data)
    if made.returncode != 0:
        raise CannotRun(f"seccompctl compile: {made.stderr.decode()}")
    return made.stdout


# --- running ---


def output(*argv):
    """What a command prints, in words."""
    ran = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise CannotRun(f"{argv[0]} exited with {ran.returncode}: {ran.stderr.strip()}")
    return ran.stdout.split()


def seconds(*argv):
    """The numbers that bare and ours print."""
    return [float(word) for word in output(*argv)]


def timed(argv, status=0):
    """Runs a command; its wall seconds, and the processor seconds of it and of all it waited for."""
    begin = time.monotonic()
    with subprocess.Popen([str(word) for word in argv], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        text = process.stderr.read()
        _, ended, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
    wall = time.monotonic() - begin
    if process.returncode != status:
        raise CannotRun(f"{argv[0]} exited with {process.returncode}: {text.decode().strip()[-500:]}")
    return wall, usage.ru_utime + usage.ru_stime


def alternate(n, *measures):
    """Calls each n times, in turn and from the other end every second time; the medians."""
    found = [[] for _ in measures]
    for i in range(n):
        turn = range(len(measures))
        for which in turn if i % 2 == 0 else reversed(turn):
            found[which].append(measures[which]())
    return [statistics.median(values) for values in found]


def processor_seconds(pid):
    """What a process and the children it has waited for have used so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def two_processors():
    """Two processors for taskset, as lists: the one, and both."""
    mine = sorted(os.sched_getaffinity(0))
    if len(mine) < 2:
        raise CannotRun("needs two processors")
    return str(mine[0]), f"{mine[0]},{mine[1]}"


# --- a ConfigMap volume and a daemon ---


class Volume(integration.AtomicWriter):
    """The kubelet's writer with its moment apart: what comes before and after the rename is not measured."""

    def stage(self, files):
        self.n += 1
        self.stamp = pathlib.Path(tempfile.mkdtemp(prefix=f"..2026_01_01_00_00_{self.n % 60:02d}.", dir=self.root))
        self.stamp.chmod(0o755)
        for name, data in files.items():
            (self.stamp / name).write_bytes(data)
        (self.root / "..data_tmp").symlink_to(self.stamp.name)

    def swap(self):
        """The rename; when it was done."""
        self.old = os.readlink(self.root / "..data")
        begin = time.monotonic()
        os.rename(self.root / "..data_tmp", self.root / "..data")
        return begin

    def clean(self):
        shutil.rmtree(self.root / self.old)


class Daemon(integration.Node):
    """A node whose seccompd tells the end of each pass, by the socket on which it tells systemd."""

    program = integration.SECCOMPD

    def __init__(self, directory):
        super().__init__(directory)
        self.writer = Volume(self.source)
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(str(self.dir / "notify"))

    def argv(self, *options, sources=None):
        return [str(self.program), *super().argv(*options, sources=sources)[1:]]

    def start(self, *options, env=None, **more):
        env = {**(env or os.environ), "NOTIFY_SOCKET": str(self.dir / "notify")}
        process = super().start(*options, env=env, wait=False, **more)
        self.wait_pass()
        self.forget_notices()
        return process

    def close(self):
        super().close()
        self.notices.close()
        shutil.rmtree(self.dir)

    def forget_notices(self):
        """Waits until nothing has been said for a while."""
        self.notices.settimeout(0.05)
        with contextlib.suppress(TimeoutError):
            while True:
                self.notices.recv(4096)

    def wait_pass(self):
        """Waits for the end of a pass, or of the daemon."""
        deadline = time.monotonic() + PATIENCE
        self.notices.settimeout(1)
        while True:
            try:
                self.notices.recv(4096)
                return
            except TimeoutError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise CannotRun(f"no pass came to its end:\n{self.log_text()[-500:]}") from None

    def swap(self, files):
        """Changes the source; the seconds from the rename to the end of the pass that it led to."""
        self.writer.stage(files)
        self.forget_notices()
        begin = self.writer.swap()
        self.wait_pass()
        took = time.monotonic() - begin
        self.writer.clean()
        return took

    def proc(self, name):
        """The fields of /proc/PID/status, or of another file of that form."""
        lines = pathlib.Path(f"/proc/{self.process.pid}/{name}").read_text().splitlines()
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


@contextlib.contextmanager
def traced(daemon, log, calls):
    """strace on the daemon and its children, from when it is attached."""
    argv = ["strace", "-f", "-qq", "-o", log, "-p", str(daemon.process.pid), "-e", f"trace={calls}"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE) as tracer:
        try:
            deadline = time.monotonic() + PATIENCE
            while daemon.proc("status")["TracerPid"] != str(tracer.pid):
                if tracer.poll() is not None or time.monotonic() > deadline:
                    raise CannotRun(f"strace: {tracer.stderr.read().decode().strip()}")
                time.sleep(0.01)
            yield
        finally:
            tracer.send_signal(signal.SIGINT)


class Bare:
    """The bound of a change: a program that waits for the rename, compiles and writes."""

    def __init__(self, directory, data, n):
        directory.mkdir()
        (directory / "out").mkdir()
        (directory / "canonical.json").write_bytes(canonical(data))
        self.volume = Volume(directory / "source")
        self.volume.publish({"a.json": data})
        self.process = subprocess.Popen(
            [BARE, "change", directory / "source", directory / "canonical.json", directory / "out", str(n)],
            stdout=subprocess.PIPE)
        self.wait()

    def wait(self):
        if not self.process.stdout.readline():
            raise CannotRun("bare change ended")

    def swap(self, files):
        self.volume.stage(files)
        time.sleep(0.05)
        begin = self.volume.swap()
        self.wait()
        took = time.monotonic() - begin
        self.volume.clean()
        return took

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


# --- where ---


class Lab:
    """Two places for files: `ram`, where a disk's latency hides nothing, and `disk`, where the tree is."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.n = 0
        integration.BUILD.joinpath("bench").mkdir(exist_ok=True)
        made = tempfile.mkdtemp(prefix="data-", dir=integration.BUILD / "bench")
        self.stack.callback(shutil.rmtree, made, ignore_errors=True)
        self.disk = pathlib.Path(made) / "disk"
        self.disk.mkdir()
        self.ram = self._mount_ram(pathlib.Path(made) / "ram")

    def _mount_ram(self, point):
        """A journalled ext4 on a file in RAM. The mount is of this process's own namespace."""
        point.mkdir()
        with tempfile.NamedTemporaryFile(dir="/dev/shm") as image:
            image.truncate(RAM_BYTES)
            for argv in (["mkfs.ext4", "-q", "-F", image.name], ["mount", "-o", "loop", image.name, point]):
                if subprocess.run(argv, capture_output=True, check=False).returncode != 0:
                    return self.disk
        self.stack.callback(subprocess.run, ["umount", "--lazy", point], check=False)
        return point

    def close(self):
        self.stack.close()

    def place(self, top=None):
        """A new empty directory; in RAM unless told otherwise."""
        self.n += 1
        made = (top or self.ram) / f"d{self.n}"
        made.mkdir()
        return made

    @contextlib.contextmanager
    def daemon(self, files, program=None, **start):
        """A daemon that has seen `files`."""
        made = Daemon(self.place())
        made.program = program or made.program
        try:
            made.writer.publish(files)
            made.start(**start)
            yield made
        finally:
            made.close()
