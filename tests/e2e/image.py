# SPDX-License-Identifier: Apache-2.0
"""The project's own image: built, read from its OCI archive, and run by runc without any right."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import subprocess
import tarfile
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
NATIVE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


def build(out, arch, **environment):
    """`make image` into `out`; the archive."""
    done = subprocess.run(["make", "--no-print-directory", "image", f"BUILD={out}", f"PLATFORM={arch}"], cwd=ROOT,
                          env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    archive, = pathlib.Path(out, "image").glob(f"seccompd-*-{arch}.tar")
    return Image(archive)


class Image:
    """An OCI archive that holds one image of one layer."""

    def __init__(self, archive):
        self.archive = pathlib.Path(archive)
        with tarfile.open(archive) as tar:
            self.blobs = {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}
        index = json.loads(self.blobs["index.json"])
        entry, = index["manifests"]
        self.reference = entry["annotations"]["org.opencontainers.image.ref.name"]
        self.manifest = json.loads(self.blob(entry["digest"]))
        self.config_digest = self.manifest["config"]["digest"]
        self.config = json.loads(self.blob(self.config_digest))
        layer, = self.manifest["layers"]
        self.layer_digest = layer["digest"]
        self.layer = gzip.decompress(self.blob(self.layer_digest))

    def blob(self, digest):
        data = self.blobs["blobs/" + digest.replace(":", "/")]
        assert digest == "sha256:" + hashlib.sha256(data).hexdigest()
        return data

    @property
    def compressed_bytes(self):
        return sum(part["size"] for part in [self.manifest["config"], *self.manifest["layers"]])

    def members(self):
        """Every entry of the layer by its absolute path."""
        with tarfile.open(fileobj=io.BytesIO(self.layer)) as tar:
            return {"/" + member.name.strip("/"): member for member in tar}

    def read(self, path):
        with tarfile.open(fileobj=io.BytesIO(self.layer)) as tar:
            return tar.extractfile(path.lstrip("/")).read()

    def unpack(self, directory):
        with tarfile.open(fileobj=io.BytesIO(self.layer)) as tar:
            tar.extractall(directory)
        return pathlib.Path(directory)


class Container:
    """The unpacked image under runc: read-only root, no capability, a network namespace with nothing in it."""

    def __init__(self, directory, image, rootfs):
        self.directory = pathlib.Path(directory)
        self.image = image
        self.rootfs = rootfs
        self.name = f"seccompd-test-{uuid.uuid4().hex[:12]}"
        self.runc = ["runc", "--root", str(self.directory / "state")]

    def spec(self, arguments, mounts):
        none = {name: [] for name in ("bounding", "effective", "permitted", "inheritable", "ambient")}
        return {
            "ociVersion": "1.0.2",
            "root": {"path": str(self.rootfs), "readonly": True},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}, *(
                {"destination": str(at), "source": str(source), "type": "bind", "options": ["rbind", mode]}
                for at, (source, mode) in mounts.items())],
            "process": {
                "terminal": False, "user": {"uid": 0, "gid": 0}, "args": arguments, "cwd": "/",
                "env": self.image.config["config"].get("Env", []),
                "capabilities": none, "noNewPrivileges": True},
            "linux": {
                "cgroupsPath": f"/{self.name}",
                "namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")]},
        }

    def command(self, arguments, mounts=None):
        bundle = self.directory / self.name
        bundle.mkdir(exist_ok=True)
        (bundle / "config.json").write_text(json.dumps(self.spec(arguments, mounts or {})))
        return [*self.runc, "run", "--bundle", str(bundle), self.name]

    def run(self, *arguments):
        return subprocess.run(self.command(arguments), capture_output=True, text=True, timeout=60, check=False)

    @contextlib.contextmanager
    def running(self, arguments, mounts, log):
        """The container while it runs; its log goes to `log`."""
        with open(log, "wb") as out, subprocess.Popen(self.command(arguments, mounts), stdout=out, stderr=out) as runc:
            try:
                yield self
            finally:
                subprocess.run([*self.runc, "kill", self.name, "TERM"], capture_output=True, check=False)
                try:
                    runc.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    subprocess.run([*self.runc, "kill", self.name, "KILL"], capture_output=True, check=False)

    def exec(self, *arguments):
        return subprocess.run([*self.runc, "exec", self.name, *arguments], capture_output=True, text=True, timeout=60,
                              check=False)

    def pid(self):
        state = subprocess.run([*self.runc, "state", self.name], capture_output=True, text=True, check=True)
        return json.loads(state.stdout)["pid"]


def cgroup_of(pid):
    """The directory of a process's cgroup that counts memory, of either version; None where there is none."""
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            return pathlib.Path("/sys/fs/cgroup/memory" + path)
        unified = pathlib.Path("/sys/fs/cgroup" + path)
        if not controllers and (unified / "memory.current").exists():
            return unified
    return None


def memory_of(pid):
    """KiB by kind: RSS and PSS of the process, and what its cgroup is charged with, where that can be had."""
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    lines = {line.split(":")[0]: int(line.split()[1]) for line in rollup}
    found = {"RSS": lines["Rss"], "PSS": lines["Pss"], "anonymous": lines["Anonymous"]}
    cgroup = cgroup_of(pid)
    if cgroup:
        current = next(path for path in (cgroup / "memory.current", cgroup / "memory.usage_in_bytes") if path.exists())
        stat = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        found["cgroup"] = int(current.read_text()) >> 10
        found["of it page cache"] = int(stat.get("cache", stat.get("file"))) >> 10
    return found
