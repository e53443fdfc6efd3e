# SPDX-License-Identifier: Apache-2.0
"""A node for the tests: a source written as the kubelet writes it, and a real seccompd beside it."""

import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("SECCOMPD_BUILD", "build")).resolve()
SECCOMPD = BUILD / "seccompd"
SECCOMPCTL = BUILD / "seccompctl"
EXAMPLES = ROOT / "deploy" / "examples" / "profiles"
PUBLISHED = pathlib.Path("/usr/share/containers/seccomp.json")
# Sanitized builds are several times slower; waits are bounds, not expectations.
PATIENCE = 60.0


def profile(*names, default="SCMP_ACT_ERRNO", action="SCMP_ACT_ALLOW", **more):
    """A small profile as bytes: `names` get `action`."""
    body = {"defaultAction": default, "syscalls": [{"names": list(names), "action": action}], **more}
    return json.dumps(body).encode()


GOOD = profile("read", "write", "execve")
BAD = b'{"defaultAction": "SCMP_ACT_ALOW"}'


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def identity(path):
    """What tells that a file was not touched."""
    found = path.lstat()
    return found.st_ino, found.st_mtime_ns, stat.S_IMODE(found.st_mode), found.st_size


def tree(top):
    """Every file below a directory and what tells that it was not touched."""
    return {path: identity(path) for path in sorted(top.rglob("*")) if path.is_symlink() or not path.is_dir()}


def eventually(check, timeout=PATIENCE, message="condition"):
    """Calls `check` until it returns something true; that value. `message`: text, or what makes it on failure."""
    deadline = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {message() if callable(message) else message}")
        time.sleep(0.02)


class AtomicWriter:
    """The kubelet's atomic writer (pkg/volume/util/atomic_writer.go), step by step."""

    def __init__(self, root, links_first=False):
        self.root = pathlib.Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        self.links_first = links_first  # older kubelets made the visible links before the rename
        self.n = 0

    def publish(self, files):
        """`files` maps names (with '/' for items[].path) to bytes."""
        self.n += 1
        stamp = pathlib.Path(tempfile.mkdtemp(prefix=f"..2026_01_01_00_00_{self.n % 60:02d}.", dir=self.root))
        stamp.chmod(0o755)
        for name, data in files.items():
            path = stamp / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o644)
        data_link = self.root / "..data"
        old = os.readlink(data_link) if data_link.is_symlink() else None
        if self.links_first:
            self._make_links(files)
        temporary = self.root / "..data_tmp"
        temporary.symlink_to(stamp.name)
        os.rename(temporary, data_link)
        if not self.links_first:
            self._make_links(files)
        wanted = {name.split("/")[0] for name in files}
        for entry in list(self.root.iterdir()):
            if not entry.name.startswith("..") and entry.name not in wanted:
                entry.unlink()
        if old:
            shutil.rmtree(self.root / old)

    def _make_links(self, files):
        for top in {name.split("/")[0] for name in files}:
            link = self.root / top
            if not link.is_symlink():
                link.symlink_to(f"..data/{top}")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Node:
    """A kubelet root, sources, and the daemon that runs against them."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.kubelet = self.dir / "kubelet"
        self.kubelet.mkdir()
        self.source = self.dir / "source"
        self.writer = AtomicWriter(self.source)
        self.socket = self.dir / "seccompd.sock"
        self.log_path = self.dir / "seccompd.log"
        self.process = None

    @property
    def installed(self):
        return self.kubelet / "seccomp" / "profiles"

    def argv(self, *options, sources=None):
        argv = [str(SECCOMPD)]
        for source in sources or [f"main={self.source}"]:
            argv += ["--source", str(source)]
        argv += ["--kubelet-root", str(self.kubelet), "--listen", f"unix:{self.socket}"]
        return argv + ["--log-format", "json"] + [str(option) for option in options]

    def start(self, *options, sources=None, wait=True, prefix=(), **popen):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [*prefix, *self.argv(*options, sources=sources)], stdout=log, stderr=log, **popen)
        log.close()
        if wait:
            self.wait_synced()
        return self.process

    def start_with(self, files, *options, **more):
        """Publishes `files` and starts; all of them are installed."""
        self.writer.publish(files)
        self.start(*options, **more)
        for name in files:
            self.wait_state(name, "installed")

    def put_foreign(self, name, data):
        """A file in the destination that is not ours; its path."""
        path = self.installed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def canonical_of(self, data):
        """The canonical bytes of a profile, made by a pass of their own in a destination that is empty again."""
        self.writer.publish({"sample.json": data})
        assert self.once().returncode == 0
        made = (self.installed / "sample.json").read_bytes()
        shutil.rmtree(self.installed)
        return made

    def once(self, *options, sources=None, **run):
        """One pass; the completed process with its output as text."""
        return subprocess.run(self.argv("--once", *options, sources=sources), capture_output=True,
                              text=True, timeout=PATIENCE, check=False, **run)

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(timeout=PATIENCE)
        self.process = None
        return status

    def close(self):
        """Stops it; the sanitizers must have had nothing to say."""
        self.stop()
        text = self.log_text()
        assert "AddressSanitizer" not in text and "runtime error" not in text, text

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def get(self, path, timeout=PATIENCE, method="GET", headers=None):
        connection = UnixConnection(self.socket, timeout)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read(), dict(response.getheaders())
        finally:
            connection.close()

    def text(self, path):
        status, body, _ = self.get(path)
        return status, body.decode()

    def status(self):
        code, body, _ = self.get("/status")
        assert code == 200
        return json.loads(body)

    def profiles(self):
        return {entry["name"]: entry for entry in self.status()["profiles"]}

    def states(self):
        return {name: entry["state"] for name, entry in self.profiles().items()}

    def ready(self):
        """Whether /readyz says so, and its lines by check: "ok" or the reason why not."""
        code, text = self.text("/readyz?verbose")
        checks = {}
        for line in text.splitlines():
            if line[:3] in ("[+]", "[-]"):
                name, _, rest = line[3:].partition(" ")
                checks[name] = rest
        return code == 200, checks

    def wait_ready(self, timeout=PATIENCE):
        """Waits until /readyz passes; its checks."""
        def checks_when_ready():
            is_ready, checks = self._ready_once_served()
            return is_ready and checks
        return eventually(checks_when_ready, timeout, lambda: f"ready\n{self.log_text()}")

    def wait_unready(self, check, reason, timeout=PATIENCE):
        """Waits until /readyz fails and the line of `check` holds `reason`: other reasons pass by on the way."""
        def is_told():
            is_ready, checks = self._ready_once_served()
            return not is_ready and reason in checks.get(check, "")
        eventually(is_told, timeout, lambda: f"{check}: {reason}\n{self.log_text()}")

    def _ready_once_served(self):
        try:
            return self.ready()
        except OSError:
            return False, {}

    def holds(self, name, source):
        """Whether a profile is installed from these very bytes of its source."""
        entry = self.profiles().get(name)
        return entry is not None and entry["state"] == "installed" and entry["sourceDigest"] == sha256(source)

    def wait_metric(self, series, value, timeout=PATIENCE):
        return eventually(lambda: self.metric(series) == value, timeout, f"{series} {value}")

    def inside(self, path):
        """A path as the daemon sees it, in whatever mount namespace it is."""
        return pathlib.Path(f"/proc/{self.process.pid}/root") / pathlib.Path(path).relative_to("/")

    def children(self):
        out = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in out.stdout.split()]

    def assert_unhurt(self, pid):
        """Alive, the same process, live and ready."""
        assert self.is_alive() and self.process.pid == pid, self.log_text()
        assert self.text("/livez") == (200, "ok")
        assert self.text("/readyz") == (200, "ok")

    def wait_synced(self):
        def is_synced():
            if self.process.poll() is not None:
                raise AssertionError(f"seccompd exited with {self.process.returncode}:\n{self.log_text()}")
            try:
                return self.status()["sync"]["done"]
            except OSError:
                return False
        eventually(is_synced, message=lambda: f"first pass\n{self.log_text()}")

    def wait_state(self, name, state, timeout=PATIENCE):
        def has_state():
            found = self.profiles().get(name)
            return found if found and found["state"] == state else None
        try:
            return eventually(has_state, timeout)
        except AssertionError:
            raise AssertionError(f"{name} is not {state}: {self.states()}\n{self.log_text()}") from None

    def metric(self, series):
        """The value of one series, as it stands in /metrics."""
        _, text = self.text("/metrics")
        for line in text.splitlines():
            if line.startswith(series + " "):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no series {series}")

    def log_text(self):
        return self.log_path.read_text() if self.log_path.exists() else ""

    def log(self):
        return [json.loads(line) for line in self.log_text().splitlines() if line.startswith("{")]


def needs_root():
    if os.geteuid() != 0:
        pytest.skip("needs root: mounts, namespaces or capabilities")


def in_own_mounts(script):
    """A prefix that runs `script` (sh) in a mount namespace of its own, then the daemon as the same process."""
    needs_root()
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        pytest.skip(f"no mount namespace to be had: {probe.stderr.strip()}")
    return ["unshare", "-m", "--propagation", "private", "sh", "-ec", script + '\nexec "$@"', "sh"]


def faults(directory, **settings):
    """An environment in which the faults of faults.c happen; keys as there, without FAULT_."""
    library = pathlib.Path(directory) / "faults.so"
    if not library.exists():
        source = pathlib.Path(__file__).with_name("faults.c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", library, source, "-ldl"], check=True)
    sanitizers = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    return {**os.environ, "LD_PRELOAD": str(library), "ASAN_OPTIONS": sanitizers,
            **{f"FAULT_{key.upper()}": str(value) for key, value in settings.items()}}


def seccompctl(*arguments, stdin=None):
    return subprocess.run([str(SECCOMPCTL), *map(str, arguments)], input=stdin, capture_output=True,
                          timeout=PATIENCE, check=False)


def rules_of(entry):
    return [diagnostic["rule"] for diagnostic in entry["diagnostics"]]


def errors_of(entry):
    return [diagnostic["rule"] for diagnostic in entry["diagnostics"] if diagnostic["severity"] == "error"]
