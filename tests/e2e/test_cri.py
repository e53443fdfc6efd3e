# SPDX-License-Identifier: Apache-2.0
"""The image as the kubelet runs it, and workloads under what it installs: containerd through CRI, runc and crun."""

import errno
import json
import os
import pathlib
import subprocess

import images
import pytest
import yaml
from containerd import CommandFailed, Containerd, Namespaces, find_cgroups, tool
from hostile import hostile_set
from node import BUILD, EXAMPLES, PUBLISHED, ROOT, eventually, sha256
from pods import Kubelet, rounds

VERSION = os.environ["SECCOMPD_VERSION"]
AGENT_ARCHIVE = BUILD / "image" / f"seccompd-{VERSION}-{images.ARCHITECTURE}.tar"  # what `make image` wrote
SUBDIR = "profiles"
MEMORY_LIMIT_BYTES = 64 << 20


def agent_spec(image, kubelet_root, **values):
    """The PodSpec of the chart's DaemonSet, for one ConfigMap named main."""
    repository, _, tag = image.rpartition(":")
    values = {"image.repository": repository, "image.tag": tag, "kubeletRootDir": kubelet_root, "subdir": SUBDIR,
              **values}
    done = subprocess.run(
        [str(tool("helm")), "template", "seccompd", str(ROOT / "helm" / "seccompd"), "--kube-version", "1.36.0",
         "--show-only", "templates/daemonset.yaml", "--set", ",".join(f"{key}={values[key]}" for key in values),
         "--set-json", 'existingConfigMaps=[{"name": "main", "subdir": ""}]'],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)["spec"]["template"]["spec"]


class Node:
    """containerd, a kubelet root, and the agent in its pod; `profiles` is what the agent's ConfigMap holds."""

    def __init__(self, directory, runtime):
        self.dir = pathlib.Path(directory)
        self.runtime = runtime
        self.namespaces = Namespaces()
        self.containerd = Containerd(directory, self.namespaces, runtimes={runtime: runtime})
        self.profiles = {}

    def start(self):
        self.containerd.start()
        self.image = f"registry.test/seccompd:{VERSION}"
        agent = images.copy_as(AGENT_ARCHIVE, self.image, self.dir / "agent.tar")
        for archive in [agent, *images.write_standard_images(self.dir)]:
            self.containerd.import_image(archive)
            archive.unlink()
        self.kubelet = Kubelet(self.containerd, self.dir / "kubelet")
        self.installed = self.kubelet.seccomp / SUBDIR
        self.agent = self.kubelet.pod(agent_spec(self.image, self.kubelet.root), "seccompd").start()
        self.wait_ready()

    def is_ready(self):
        return self.agent.probe("readinessProbe")[0] == 200

    def wait_ready(self):
        try:
            eventually(self.is_ready)
        except AssertionError:
            text = "\n".join([self.agent.probe("readinessProbe")[1], *self.agent.log()])
            raise AssertionError(f"the agent does not become ready:\n{text}") from None

    def status(self):
        """The agent's profiles by name, asked with the image's own tool."""
        done = self.agent.exec("seccompctl", "status", "--format", "json", check=False)
        assert done.stdout, done.stderr
        return {entry["name"]: entry for entry in json.loads(done.stdout)["profiles"]}

    def publish(self, files):
        """Changes the ConfigMap's keys and waits until the agent has dealt with them; its entries by name."""
        self.profiles.update(files)
        self.agent.config_maps["main"].publish(self.profiles)

        def are_known():
            known = self.status()
            if all(name in known and known[name]["sourceDigest"] == sha256(data) for name, data in files.items()):
                return known
            return None
        return eventually(are_known, message=f"{sorted(files)} known to the agent")

    def workload(self, profile, *calls, name="workload"):
        """A pod whose container makes `calls` under a Localhost profile of the agent's (None: unconfined)."""
        seccomp = {"type": "Localhost", "localhostProfile": profile} if profile else {"type": "Unconfined"}
        return self.kubelet.pod({
            "securityContext": {"seccompProfile": seccomp},
            "containers": [{"name": "workload", "image": images.WORKLOAD, "args": list(calls)}]}, name)

    def bare_report(self, *calls):
        """What the kernel answers to `calls` when no filter is there."""
        pod = self.workload(None, *calls).start()
        report = pod.report()
        pod.remove()
        return report

    def close(self):
        self.containerd.close()


@pytest.fixture(scope="module", params=["runc", "crun"])
def node(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp(f"cri-{request.param}")
    node = Node(directory, request.param)
    try:
        node.start()
        yield node
    finally:
        node.close()
    # nothing is left behind
    assert find_cgroups(node.containerd.cgroup_parent) == []
    assert str(directory) not in pathlib.Path("/proc/self/mountinfo").read_text()
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert [line for line in processes.splitlines() if str(directory) in line] == []


def denies(number, *names):
    """A profile that lets everything through but `names`."""
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": list(names), "action": "SCMP_ACT_ERRNO", "errnoRet": number}]}).encode()


def status_of(pod, pid=None):
    """/proc/PID/status of a container's first process, or of another, as a dict."""
    text = pod.containerd.namespaces.proc(pid or pod.pid(), "status")
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def mounts_of(pod):
    """The mounts a pod's container sees: by mount point the options, the root within its file system, the type."""
    mounts = {}
    for line in pod.proc("mountinfo").splitlines():
        fields = line.split()
        mounts[fields[4]] = {"options": fields[5].split(","), "root": fields[3],
                             "type": fields[fields.index("-") + 1]}
    return mounts


def memory_of(pod):
    """Limit, high-water mark (bytes) and number of OOM kills of a container's memory cgroup, v1 or v2."""
    paths = {controllers: path for _, controllers, path in
             (line.split(":", 2) for line in pod.proc("cgroup").splitlines())}
    if "memory" in paths:
        group = pathlib.Path("/sys/fs/cgroup/memory" + paths["memory"])
        limit, peak, events = "memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"
    else:
        group = pathlib.Path("/sys/fs/cgroup" + paths[""])
        limit, peak, events = "memory.max", "memory.peak", "memory.events"
    kills = dict(line.split() for line in (group / events).read_text().splitlines())["oom_kill"]
    return int((group / limit).read_text()), int((group / peak).read_text()), int(kills)


# --- the agent in its container ---

def test_the_agent_runs_with_everything_taken_from_it(node):
    status = status_of(node.agent)
    assert status["Name"] == "seccompd" and status["Uid"].split() == ["0"] * 4
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert (status["NoNewPrivs"], status["Seccomp"], status["Seccomp_filters"]) == ("1", "2", "1")
    assert memory_of(node.agent)[0] == MEMORY_LIMIT_BYTES
    # a container that asks for nothing of that has none of it
    bare = node.workload(None).start()
    status = status_of(bare)
    assert int(status["CapEff"], 16) != 0 and (status["NoNewPrivs"], status["Seccomp"]) == ("0", "0")
    assert "rw" in mounts_of(bare)["/"]["options"] and memory_of(bare)[0] > MEMORY_LIMIT_BYTES
    bare.remove()


def test_the_agent_can_write_to_its_destination_and_nowhere_else_on_the_node(node):
    mounts = mounts_of(node.agent)
    assert "ro" in mounts["/"]["options"] and mounts["/"]["type"] == "overlay"
    assert "ro" in mounts["/profiles/main"]["options"]
    assert f"/pods/{node.agent.uid}/volumes/kubernetes.io~configmap/" in mounts["/profiles/main"]["root"]
    in_memory = {"tmpfs", "proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "devtmpfs"}
    writable = {path for path, mount in mounts.items() if "rw" in mount["options"] and mount["type"] not in in_memory}
    assert writable == {str(node.installed)}
    # the same path in the container as on the node, so that messages name the node's
    assert mounts[str(node.installed)]["root"].endswith(f"/kubelet/seccomp/{SUBDIR}")
    assert mounts["/run/seccompd"]["type"] == "tmpfs"


def test_the_agent_is_ready_and_knows_that_it_serves_this_kubelet(node):
    code, text = node.agent.probe("readinessProbe")
    assert code == 200, text
    assert "[+]kubelet-root ok" in text and "[+]watch ok" in text and "[-]" not in text.replace("[-]profiles", "")
    assert node.agent.probe("startupProbe")[0] == node.agent.probe("livenessProbe")[0] == 200
    version = node.agent.exec("seccompd", "--version").stdout
    assert VERSION in version


def test_an_agent_told_of_another_kubelet_root_is_not_ready(node, tmp_path):
    agent = node.kubelet.pod(agent_spec(node.image, tmp_path, port=10479), "misled").start()

    def what_it_says():
        code, text = agent.probe("readinessProbe")
        return text if code == 503 and "[+]sync ok" in text else None
    text = eventually(what_it_says, message="unready after its first pass")
    line, = [line for line in text.splitlines() if line.startswith("[-]kubelet-root")]
    assert str(tmp_path) in line and str(node.kubelet.root) in line
    agent.remove()


def test_workers_check_and_install_in_it(node):
    web = (EXAMPLES / "web-server.json").read_bytes()
    known = node.publish({"web.json": web, "broken.json": b'{"defaultAction": 1}'})
    assert known["web.json"]["state"] == "installed"
    assert known["web.json"]["digest"] == sha256((node.installed / "web.json").read_bytes())
    assert [program["evaluation"] for program in known["web.json"]["programs"]] == ["exhaustive"] * 2
    assert known["broken.json"]["state"] == "invalid" and known["broken.json"]["diagnostics"][0]["rule"] == "SP205"
    assert not (node.installed / "broken.json").exists()
    assert (node.installed / "web.json").stat().st_mode & 0o7777 == 0o644
    # what an administrator sees
    table = node.agent.exec("seccompctl", "status", check=False)
    assert table.returncode == 1 and "broken.json" in table.stdout and "SP205" in table.stdout
    assert node.is_ready()
    del node.profiles["broken.json"]


def test_hostile_profiles_are_met_by_confined_workers_within_the_memory_limit(node):
    init = node.agent.pid()
    endless = ROOT / "tests" / "cases" / "SP812-miscompiled" / "bad-never-ends.json"  # libseccomp never returns
    hostile = {**hostile_set(), "endless.json": endless.read_bytes()}
    files = {**hostile, "neighbour.json": denies(42, "mkdir")}
    node.agent.config_maps["main"].publish({**node.profiles, **files})

    def confined_worker():
        """The status of a child that has a second filter, on top of the runtime's."""
        for pid in node.namespaces.proc(init, f"task/{init}/children").split():
            try:
                status = status_of(node.agent, pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if status["Seccomp_filters"] == "2":
                return status
        return None
    status = eventually(confined_worker, message="a worker with a filter of its own")
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2") and int(status["CapBnd"], 16) == 0

    known = node.publish(files)
    for name in hostile:
        assert known[name]["state"] == "invalid" and "died" not in json.dumps(known[name]["diagnostics"]), known[name]
        del node.profiles[name]
    assert known["neighbour.json"]["state"] == "installed"
    limit, peak, kills = memory_of(node.agent)
    assert kills == 0 and peak < limit
    assert node.agent.pid() == init and node.is_ready()


def test_the_agents_container_is_replaced_and_the_next_one_takes_over(node):
    node.publish({"kept.json": denies(42, "mkdir")})
    installed = node.installed / "kept.json"
    before = installed.stat()
    stopped = node.agent.container
    node.agent.restart()
    assert node.containerd.inspect(stopped)["status"]["exitCode"] == 0  # on SIGTERM, as the first process
    node.wait_ready()
    assert node.status()["kept.json"]["state"] == "installed"
    assert installed.stat() == before


def test_cleanup_takes_away_what_the_agent_wrote(node):
    """The chart's `cleanup: true`: another container of the same image, until the chart is uninstalled."""
    node.publish({"kept.json": denies(42, "mkdir")})
    foreign = node.installed / "foreign.json"
    foreign.write_bytes(b"{}")
    node.containerd.crictl("stop", node.agent.container)
    cleaner = node.kubelet.pod(agent_spec(node.image, node.kubelet.root, cleanup="true"), "cleanup").start()
    try:
        eventually(lambda: cleaner.probe("readinessProbe")[0] == 200, message="the cleanup is done")
        assert list(node.installed.iterdir()) == [foreign]
    finally:
        cleaner.remove()
        foreign.unlink()
        node.agent.restart()
    node.wait_ready()
    assert node.status()["kept.json"]["state"] == "installed"


# --- workloads under what it installs ---

def test_a_workload_waits_for_its_profile_and_starts_when_it_arrives(node):
    pod = node.workload(f"{SUBDIR}/late.json", "getpid", "mkdir")
    path = node.installed / "late.json"
    with pytest.raises(CommandFailed) as failed:
        pod.create()
    said = failed.value.stderr.replace("\\", "")
    assert f'cannot load seccomp profile "{path}": open {path}: no such file or directory' in said
    node.publish({"late.json": denies(42, "mkdir", "mkdirat")})
    pod.start()
    assert pod.report() == {"getpid": 0, "mkdir": 42, "Seccomp": 2}
    assert status_of(pod)["Seccomp"] == "2"
    pod.remove()


def test_an_update_reaches_the_next_container_and_leaves_the_running_one_alone(node):
    node.publish({"moving.json": denies(42, "mkdir")})
    old = node.workload(f"{SUBDIR}/moving.json", "mkdir", "unshare", name="old").start()
    new = node.workload(f"{SUBDIR}/moving.json", "mkdir", "unshare", name="new").start()
    first = {"mkdir": 42, "unshare": 0, "Seccomp": 2}
    assert old.report() == first and new.report() == first

    node.publish({"moving.json": denies(43, "unshare")})
    new.restart()
    assert new.report() == {"mkdir": errno.EFAULT, "unshare": 43, "Seccomp": 2}
    # the running container keeps its filter, and so does what is executed in it
    old.call_again()
    assert old.report(2) == first
    assert rounds(old.exec("/probe", "mkdir", "unshare").stdout.splitlines()) == [first]
    old.remove()
    new.remove()


def test_a_broken_update_leaves_workloads_with_the_last_good_version(node):
    node.publish({"precious.json": denies(42, "mkdir")})
    pod = node.workload(f"{SUBDIR}/precious.json", "mkdir", "unshare").start()
    assert pod.report()["mkdir"] == 42
    good = (node.installed / "precious.json").read_bytes()
    for broken in (b"", b'{"defaultAction": "SCMP_ACT_ALOW"}', b"{}"):
        known = node.publish({"precious.json": broken})
        assert known["precious.json"]["state"] == "stale", known["precious.json"]
        assert (node.installed / "precious.json").read_bytes() == good
        pod.restart()
        assert pod.report() == {"mkdir": 42, "unshare": 0, "Seccomp": 2}
    node.publish({"precious.json": denies(43, "mkdir")})
    pod.restart()
    assert pod.report()["mkdir"] == 43
    pod.remove()


def test_what_is_refused_would_have_run_unconfined(node):
    """Why `{}` is an error: the same file, put there by hand."""
    (node.kubelet.seccomp / "unchecked.json").write_bytes(b"{}")
    pod = node.workload("unchecked.json", "mkdir", "unshare")
    if node.runtime == "runc":
        assert pod.start().report() == {"mkdir": errno.EFAULT, "unshare": 0, "Seccomp": 0}
    else:
        with pytest.raises(CommandFailed, match="invalid seccomp action"):
            pod.start()
    pod.remove()


def compare_with_raw(node, source, *calls):
    """What `calls` get under a file as its author wrote it, put there by hand, and under the agent's version of it."""
    raw = source.read_bytes()
    node.publish({"docker.json": raw})
    (node.kubelet.seccomp / "raw.json").write_bytes(raw)
    reports = []
    for profile in ("raw.json", f"{SUBDIR}/docker.json"):
        pod = node.workload(profile, *calls).start()
        reports.append(pod.report())
        pod.remove()
    return reports


def test_a_docker_format_profile_means_what_it_says(node):
    """containerd drops `includes`, `excludes` and the names of errnos. EPERM is the filter's, the rest the kernel's."""
    calls = ["getpid", "mount", "unshare", "setns", "ptrace", "clone3", "bpf"]
    raw, canonical = compare_with_raw(node, EXAMPLES / "docker-format.json", *calls)
    assert raw.pop("bpf") == node.bare_report("bpf")["bpf"]
    assert raw == {"getpid": 0, "mount": errno.EFAULT, "unshare": 0, "setns": errno.EBADF, "ptrace": errno.ESRCH,
                   "clone3": errno.EPERM, "Seccomp": 2}
    assert canonical == {"getpid": 0, "mount": errno.EPERM, "unshare": errno.EPERM, "setns": errno.EPERM,
                         "ptrace": errno.EPERM, "clone3": errno.ENOSYS, "bpf": errno.EPERM, "Seccomp": 2}


def test_the_published_docker_format_profile_means_what_it_says(node):
    """Podman's default, as Debian ships it. It gives mount, unshare and setns to everybody itself."""
    calls = ["getpid", "bpf", "perf_event_open"]
    bare = node.bare_report(*calls)
    raw, canonical = compare_with_raw(node, PUBLISHED, *calls)
    assert raw == {**bare, "Seccomp": 2} and raw != canonical
    assert canonical == {"getpid": 0, "bpf": errno.EPERM, "perf_event_open": errno.EPERM, "Seccomp": 2}
