# SPDX-License-Identifier: Apache-2.0
"""What the kubelet does between a pod's manifest and the runtime: volumes, and the calls through CRI.

Only what the tests' manifests hold is translated; anything else is refused, so that nothing is lost unseen. There is
no CNI: pods share the network of the namespaces that containerd runs in."""

import pathlib
import uuid

from node import AtomicWriter, eventually

# NamespaceMode and SecurityProfile.ProfileType of CRI
CONTAINER, NODE = 1, 2
RUNTIME_DEFAULT, UNCONFINED, LOCALHOST = 0, 1, 2
# What the kubelet asks for unless procMount says otherwise.
MASKED = ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
          "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
VOLUME_PLUGINS = {"configMap": "kubernetes.io~configmap", "emptyDir": "kubernetes.io~empty-dir"}
# Of a container's manifest: what does not reach the runtime.
FOR_THE_KUBELET = {"imagePullPolicy", "livenessProbe", "readinessProbe", "startupProbe", "ports",
                   "terminationMessagePolicy", "terminationMessagePath"}


class Kubelet:
    """The part of a node that makes pods; `root` is its --root-dir."""

    def __init__(self, containerd, root):
        self.containerd = containerd
        self.root = pathlib.Path(root)
        self.root.mkdir(mode=0o700)
        self.seccomp = self.root / "seccomp"

    def pod(self, spec, name):
        """Makes the volumes and the sandbox of a pod; `spec` is a PodSpec with one container."""
        return Pod(self, spec, name)


class Pod:
    def __init__(self, kubelet, spec, name):
        self.kubelet = kubelet
        self.containerd = kubelet.containerd
        self.spec = spec
        self.uid = str(uuid.uuid4())
        self.dir = kubelet.root / "pods" / self.uid
        self.config_maps = {}
        self.attempt = 0
        self.container = None
        self.volumes = {volume["name"]: self._make_volume(dict(volume)) for volume in spec.get("volumes", [])}
        self.config = {
            "metadata": {"name": name, "uid": self.uid, "namespace": "default", "attempt": 0},
            "log_directory": str(self.dir / "logs"),
            "linux": {"cgroup_parent": f"{self.containerd.cgroup_parent}/pod{self.uid}",
                      "security_context": {"namespace_options": {"network": NODE},
                                           "seccomp": {"profile_type": RUNTIME_DEFAULT}}}}
        (self.dir / "logs").mkdir(parents=True)
        self.sandbox = self.containerd.run_sandbox(self.config)

    def _make_volume(self, volume):
        name = volume.pop("name")
        (kind, source), = volume.items()
        if kind == "hostPath":
            assert source["type"] == "DirectoryOrCreate", source
            path = pathlib.Path(source["path"])
            path.mkdir(parents=True, exist_ok=True)
            return path
        path = self.dir / "volumes" / VOLUME_PLUGINS[kind] / name
        path.mkdir(parents=True)
        path.chmod(0o777)
        if kind == "configMap":
            self.config_maps[source["name"]] = AtomicWriter(path)
            self.config_maps[source["name"]].publish({})
        elif source.get("medium") == "Memory":
            size = _bytes(source["sizeLimit"])
            self.containerd.namespaces.run("mount", "-t", "tmpfs", "-o", f"mode=0777,size={size}", "tmpfs", path)
        return path

    def create(self):
        """CreateContainer, at the next attempt; raises CommandFailed with what the runtime says."""
        config = container_config(self.spec, self.volumes, self.kubelet.seccomp)
        config["metadata"]["attempt"] = self.attempt
        config["log_path"] = f"{self.attempt}.log"
        self.container = self.containerd.create_container(self.sandbox, config, self.config)

    def start(self):
        """CreateContainer and StartContainer; the pod itself."""
        self.create()
        self.containerd.crictl("start", self.container)
        return self

    def restart(self):
        """As after the container's end: a new one is made of the same manifest."""
        self.containerd.crictl("stop", "--timeout", "5", self.container)
        self.attempt += 1
        return self.start()

    def exec(self, *command, check=True):
        """Streamed, as `kubectl exec` does it: ExecSync keeps the output of what fails to itself."""
        return self.containerd.crictl("exec", self.container, *command, check=check)

    def log(self):
        """What the container wrote, without the runtime's stamps."""
        path = self.dir / "logs" / f"{self.attempt}.log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split(" ", 3)[3] for line in lines]

    def pid(self):
        return self.containerd.pid(self.container)

    def probe(self, kind):
        """What a probe of the manifest (httpGet, a named port) gets: HTTP status, 0 for no answer, and text."""
        container, = self.spec["containers"]
        probe = container[kind]
        port, = [port["containerPort"] for port in container["ports"] if port["name"] == probe["httpGet"]["port"]]
        url = f"http://127.0.0.1:{port}{probe['httpGet']['path']}?verbose"
        done = self.containerd.namespaces.run("curl", "-sS", "--max-time", probe["timeoutSeconds"],
                                              "--write-out", "%{http_code}", url, check=False)
        return int(done.stdout[-3:]), done.stdout[:-3]

    def proc(self, name):
        """/proc/PID/NAME of the container's first process."""
        return self.containerd.namespaces.proc(self.pid(), name)

    def call_again(self):
        """Has the probe make its calls once more: `report` of the next round tells."""
        self.containerd.namespaces.run("kill", "-HUP", self.pid())

    def report(self, n=1):
        """The n-th of the probe's rounds, waited for: see `rounds`."""
        return eventually(lambda: rounds(self.log())[n - 1:n], message=f"round {n} of the probe")[0]

    def remove(self):
        self.containerd.crictl("stopp", self.sandbox)
        self.containerd.crictl("rmp", self.sandbox)


def rounds(lines):
    """What the probe wrote, complete rounds: errno by call, "Seccomp" for its mode."""
    made, current = [], {}
    for line in lines:
        word, _, value = line.rpartition(" ")
        current[word] = int(value)
        if word == "Seccomp":
            made.append(current)
            current = {}
    return made


def container_config(spec, volumes, seccomp_root):
    """A ContainerConfig of CRI for the one container of a PodSpec."""
    container, = spec["containers"]
    left = {key: value for key, value in container.items() if key not in FOR_THE_KUBELET}
    config = {
        "metadata": {"name": left.pop("name")},
        "image": {"image": left.pop("image")},
        "command": left.pop("command", []),
        "args": left.pop("args", []),
        "envs": [{"key": env["name"], "value": env["value"]} for env in left.pop("env", [])],
        "mounts": [_mount(mount, volumes) for mount in left.pop("volumeMounts", [])],
        "linux": {"resources": _resources(left.pop("resources", {})),
                  "security_context": _security_context(
                      {**spec.get("securityContext", {}), **left.pop("securityContext", {})}, seccomp_root)},
    }
    assert not left, f"not translated: {left}"
    return config


def _mount(mount, volumes):
    assert set(mount) <= {"name", "mountPath", "readOnly"}, mount
    return {"container_path": mount["mountPath"], "host_path": str(volumes[mount["name"]]),
            "readonly": mount.get("readOnly", False)}


def _resources(resources):
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    made = {"cpu_shares": 2}
    if "cpu" in requests:
        made["cpu_shares"] = max(2, int(requests["cpu"].removesuffix("m")) * 1024 // 1000)
    if "memory" in limits:
        made["memory_limit_in_bytes"] = _bytes(limits["memory"])
    assert set(limits) <= {"memory"} and set(requests) <= {"cpu", "memory"}, resources
    return made


def _bytes(quantity):
    return int(quantity[:-2]) * UNITS[quantity[-2:]]


def _security_context(left, seccomp_root):
    made = {
        "namespace_options": {"network": NODE, "pid": CONTAINER},
        "masked_paths": MASKED, "readonly_paths": READ_ONLY,
        "readonly_rootfs": left.pop("readOnlyRootFilesystem", False),
        "no_new_privs": not left.pop("allowPrivilegeEscalation", True),
        "capabilities": {f"{key}_capabilities": value for key, value in left.pop("capabilities", {}).items()},
        "seccomp": _seccomp(left.pop("seccompProfile", {"type": "Unconfined"}), seccomp_root),
    }
    if "runAsUser" in left:
        made["run_as_user"] = {"value": left.pop("runAsUser")}
    if "runAsGroup" in left:
        made["run_as_group"] = {"value": left.pop("runAsGroup")}
    assert not left.pop("runAsNonRoot", False) and not left.pop("privileged", False) and not left, left
    return made


def _seccomp(profile, seccomp_root):
    if profile["type"] == "Localhost":
        return {"profile_type": LOCALHOST, "localhost_ref": str(seccomp_root / profile["localhostProfile"])}
    return {"profile_type": {"RuntimeDefault": RUNTIME_DEFAULT, "Unconfined": UNCONFINED}[profile["type"]]}
