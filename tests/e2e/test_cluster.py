# SPDX-License-Identifier: Apache-2.0
"""The chart in a whole cluster: what its users and its operators see. `make e2e` runs it, inside inside.sh.

The tests share one release and build on each other in this order."""

import errno
import json
import os
import signal
import statistics
import time

import images
import pytest
from cluster import SYNC_FREQUENCY, Cluster, eventually
from node import BUILD, sha256
from release import Release

VERSION = os.environ["SECCOMPD_VERSION"]
IMAGE = f"registry.test/seccompd:{VERSION}"
BROKEN = '{\n  "defaultAction": "SCMP_ACT_ALOW"\n}\n'
LABEL = "pod-security.kubernetes.io/enforce"


def denying(*names):
    """A profile that answers EPERM to some calls, as its author wrote it."""
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW",
                       "syscalls": [{"names": list(names), "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM}]})


def localhost(name):
    return {"type": "Localhost", "localhostProfile": name}


def config_map(name, namespace, **files):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace},
            "data": {f"{key}.json": text for key, text in files.items()}}


def pod_spec(seccomp, *command):
    return {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "automountServiceAccountToken": False,
            "securityContext": {"seccompProfile": seccomp} if seccomp else {},
            "containers": [{"name": "workload", "image": images.WORKLOAD, "imagePullPolicy": "Never",
                            "command": list(command)}]}


def workload(name, seccomp, annotations=None):
    """A pod whose program tries two calls, prints what came of it, and stays."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": annotations or {}},
            "spec": pod_spec(seccomp, "/probe", "--stay", "mkdir", "unshare")}


class Workloads:
    def __init__(self, cluster):
        self.cluster = cluster

    def start(self, *pods):
        self.cluster.apply(*pods)

    def wait_running(self, name):
        done = self.cluster.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s", check=False)
        assert done.returncode == 0, self.cluster.kubectl("describe", "pod", name).stdout

    def answers(self, name):
        """What its calls came to, by call: 0 or an errno; `Seccomp` as it sees it itself."""
        self.wait_running(name)

        def said():
            words = [line.split() for line in self.cluster.kubectl("logs", name).stdout.splitlines()]
            found = {word: int(value) for word, value in words}
            return found if "Seccomp" in found else None
        return eventually(said, message=f"the log of {name}")

    def mode(self, name):
        """`Seccomp` in /proc/PID/status of its program, as the node sees it."""
        container = self.cluster.get("pod", name)["status"]["containerStatuses"][0]["containerID"].partition("//")[2]
        return status_of(self.cluster.containerd.pid(container))["Seccomp"]

    def failed_starts(self, name):
        """What the kubelet said about starts that failed, of pods whose name begins so."""
        events = self.cluster.get("events", "--field-selector", "type=Warning,reason=Failed")["items"]
        return [event["message"] for event in events if event["involvedObject"]["name"].startswith(name)]


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return dict(line.rstrip("\n").split(":\t", 1) for line in status)


def identities(directory):
    """Every file that a pod could name below a directory, and what tells that it was not touched."""
    found = {}
    for path in directory.rglob("*"):
        name = path.relative_to(directory)
        if path.is_file() and not name.parts[0].startswith("."):
            about = path.lstat()
            found[name] = (about.st_ino, about.st_mtime_ns, about.st_mode, path.read_bytes())
    return found


@pytest.fixture(scope="module", name="cluster")
def fixture_cluster():
    cluster = Cluster()
    try:
        cluster.start()
        built = BUILD / "image" / f"seccompd-{VERSION}-{images.ARCHITECTURE}.tar"  # what `make image` wrote
        cluster.containerd.import_image(images.copy_as(built, IMAGE, cluster.dir / "agent.tar"))
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="module", name="agent")
def fixture_agent(cluster):
    """The release that most tests look at: one profile in the chart's values, others in a team's ConfigMap."""
    agent = Release(cluster, "seccompd", "seccompd", IMAGE)
    agent.notes = agent.install(profiles={"no-mkdir.json": denying("mkdir")}, existingConfigMaps=[{"name": "team"}])
    return agent


@pytest.fixture(scope="module", name="workloads")
def fixture_workloads(cluster):
    return Workloads(cluster)


def apply_team(agent, **files):
    agent.cluster.apply(config_map("team", agent.namespace, **files))


# --- installing ---


def test_helm_install_ends_with_a_ready_agent_and_says_how_to_go_on(agent):
    assert agent.is_ready() and agent.container()["restartCount"] == 0
    assert "localhostProfile: profiles/no-mkdir.json" in agent.notes
    assert f"kubectl -n {agent.namespace} exec {agent.daemon_set.replace('daemonset', 'ds')} -- seccompctl status" \
        in agent.notes


def test_the_agent_has_no_rights(agent):
    status = status_of(agent.pid())
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert not os.path.exists(f"/proc/{agent.pid()}/root/var/run/secrets")


def test_a_profile_of_the_kubelets_volume_stands_in_the_kubelets_directory(agent):
    entry = agent.wait_state("no-mkdir.json", "installed")
    installed = (agent.destination / "no-mkdir.json").read_bytes()
    assert entry["digest"] == sha256(installed)
    assert entry["sourceDigest"] == sha256((agent.volume() / "no-mkdir.json").read_bytes())
    assert installed.decode() == agent.seccompctl("compile", "/profiles/main/no-mkdir.json", check=True).stdout


def test_helm_test_passes(agent):
    done = agent.cluster.helm("test", agent.name, "-n", agent.namespace, "--logs")
    assert done.stdout.count("Phase:          Succeeded") == 2
    assert "1 file: 0 errors" in done.stdout and '"level":"error"' not in done.stdout


# --- what containers get ---

MODES = {
    "unconfined": ({"type": "Unconfined"}, "0", {"mkdir": errno.EFAULT, "unshare": 0}),
    "runtime-default": ({"type": "RuntimeDefault"}, "2", {"mkdir": errno.EFAULT, "unshare": errno.EPERM}),
    "localhost": (localhost("profiles/no-mkdir.json"), "2", {"mkdir": errno.EPERM, "unshare": 0}),
}
ANNOTATION = {"container.seccomp.security.alpha.kubernetes.io/workload": "localhost/profiles/no-mkdir.json"}


@pytest.fixture(scope="module", name="modes")
def fixture_modes(agent, workloads):
    agent.wait_state("no-mkdir.json", "installed")
    workloads.start(*[workload(name, seccomp) for name, (seccomp, _, _) in MODES.items()],
                    workload("annotated", None, ANNOTATION))
    return workloads


@pytest.mark.parametrize("name", MODES)
def test_a_pod_gets_the_filter_it_names(modes, name):
    _, mode, answers = MODES[name]
    assert modes.answers(name) == {**answers, "Seccomp": int(mode)}
    assert modes.mode(name) == mode


def test_exec_into_a_pod_is_confined_too(modes):
    modes.wait_running("localhost")
    said = modes.cluster.kubectl("exec", "localhost", "--", "/probe", "mkdir", "unshare").stdout
    assert said.split() == ["mkdir", str(errno.EPERM), "unshare", "0", "Seccomp", "2"]


def test_the_legacy_annotation_is_neither_needed_nor_heard(modes):
    annotations = modes.cluster.get("pod", "localhost")["metadata"]["annotations"]
    assert not any("seccomp" in key for key in annotations) and modes.mode("localhost") == "2"
    modes.wait_running("annotated")
    assert modes.mode("annotated") == "0"


# --- changes ---


def test_a_pod_waits_for_its_profile_and_starts_when_it_was_applied(agent, workloads):
    workloads.start(workload("early", localhost("profiles/team/late.json")))

    def refused():
        return any("cannot load seccomp profile" in message for message in workloads.failed_starts("early"))
    eventually(refused, message="the kubelet's complaint")
    apply_team(agent, late=denying("mkdir"))
    assert workloads.answers("early") == {"mkdir": errno.EPERM, "unshare": 0, "Seccomp": 2}


def test_how_long_an_apply_takes_to_the_file(agent, capsys):
    """The kubelet's share ends as it renames `..data`, ours as we rename the profile: both times stand in ctime."""
    path = agent.destination / "team" / "late.json"
    kubelet, ours = [], []
    for other in ("rmdir", "unlink", "rename", "link", "symlink"):
        before = path.read_bytes()
        begin = time.time_ns()
        apply_team(agent, late=denying("mkdir", other))
        eventually(lambda old=before: path.read_bytes() != old, message="the new version")
        renamed = os.lstat(agent.volume(1) / "..data").st_ctime_ns
        kubelet.append((renamed - begin) / 1e6)
        ours.append((os.stat(path).st_ctime_ns - renamed) / 1e6)
    assert min(kubelet) > 0 and 0 <= min(ours) and max(ours) < 5000
    with capsys.disabled():
        for what, times in ((f"kubelet (syncFrequency {SYNC_FREQUENCY}), from apply to ..data", kubelet),
                            ("seccompd, from ..data to the file", ours)):
            print(f"\n{what}: median {statistics.median(times):.0f} ms, max {max(times):.0f} ms", end="")
        print()


def test_a_broken_update_keeps_the_last_good_version_and_says_why(agent, workloads):
    path = agent.destination / "team" / "late.json"
    good = path.read_bytes()
    apply_team(agent, late=BROKEN)
    entry = agent.wait_state("team/late.json", "stale")
    error = next(one for one in entry["diagnostics"] if one["severity"] == "error")
    assert (error["rule"], error["line"], error["column"]) == ("SP302", 2, 20)
    assert path.read_bytes() == good
    table = agent.seccompctl("status")
    assert table.returncode == 1 and "unknown action `SCMP_ACT_ALOW`" in table.stdout
    assert agent.metric('seccompd_profiles{source="team",state="stale"}') == 1
    assert agent.metric('seccompd_validation_failures_total{rule="SP302"}') == 1
    assert agent.is_ready()
    workloads.start(workload("after-broken", localhost("profiles/team/late.json")))
    assert workloads.answers("after-broken")["mkdir"] == errno.EPERM


def test_helm_test_fails_while_a_profile_is_broken_and_its_log_says_why(agent):
    done = agent.cluster.helm("test", agent.name, "-n", agent.namespace, "--logs", check=False)
    assert done.returncode != 0
    assert "SP302" in done.stdout
    apply_team(agent, late=denying("mkdir"))
    agent.wait_state("team/late.json", "installed")


# --- what goes wrong on a node ---


def test_a_killed_agent_comes_back_and_touches_no_file(agent):
    before, restarts = identities(agent.destination), agent.container()["restartCount"]
    os.kill(agent.pid(), signal.SIGKILL)
    eventually(lambda: agent.container()["restartCount"] == restarts + 1 and agent.is_ready(),
               message=agent.describe)
    assert agent.wait_state("no-mkdir.json", "installed")
    assert identities(agent.destination) == before


def test_a_restarted_kubelet_finds_all_as_it_was(agent):
    cluster = agent.cluster
    before, container = identities(agent.destination), agent.container()
    cluster.restart_kubelet()
    apply_team(agent, late=denying("mkdir", "rmdir"))
    path = agent.destination / "team" / "late.json"
    eventually(lambda: b"rmdir" in path.read_bytes(), message="an update after the restart")
    now = agent.container()
    assert (now["containerID"], now["restartCount"]) == (container["containerID"], container["restartCount"])
    after = identities(agent.destination)
    changed = {name for name in before if before[name] != after[name]}
    assert before.keys() == after.keys() and changed == {path.relative_to(agent.destination)}


def test_a_rollout_lets_every_pod_start_meanwhile(agent, workloads):
    cluster = agent.cluster
    cluster.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "stream"}, "spec": {
        "completions": 1000, "parallelism": 3, "backoffLimit": 0,
        "template": {"spec": pod_spec(localhost("profiles/team/late.json"), "/probe", "mkdir")}}})

    def succeeded():
        return cluster.get("job", "stream")["status"].get("succeeded", 0)
    eventually(lambda: succeeded() >= 2, message="the first pods")
    meanwhile = 0
    for rollout in range(5):  # one may be over before a pod is
        before, old = succeeded(), agent.pod()["metadata"]["uid"]
        agent.upgrade(podAnnotations={"rolled": str(rollout)})
        meanwhile += succeeded() - before
        assert agent.pod()["metadata"]["uid"] != old
        if meanwhile > 0:
            break
    after = succeeded()
    eventually(lambda: succeeded() >= after + 3, message="pods after the rollout")
    cluster.kubectl("delete", "job", "stream", "--wait=false")
    assert meanwhile > 0
    assert workloads.failed_starts("stream") == []


def test_a_deleted_configmap_takes_no_file_away(agent, workloads):
    before = identities(agent.destination)
    held = 'seccompd_source_profiles{source="team"}'
    assert agent.metric(held) == 1
    agent.kubectl("delete", "configmap", "team")
    eventually(lambda: agent.metric(held) == 0, message=agent.describe)
    assert identities(agent.destination) == before and agent.is_ready()
    workloads.start(workload("orphan", localhost("profiles/team/late.json")))
    assert workloads.answers("orphan")["mkdir"] == errno.EPERM
    apply_team(agent, late=denying("mkdir"))
    eventually(lambda: agent.metric(held) == 1, message="the ConfigMap's return")


def test_probes_restart_an_agent_that_hangs(agent):
    """With a liveness probe that asks each second; the chart's waits for two minutes."""
    patch = [{"op": "add", "path": f"/spec/template/spec/containers/0/livenessProbe/{key}", "value": value}
             for key, value in (("periodSeconds", 1), ("timeoutSeconds", 1), ("failureThreshold", 3))]
    agent.kubectl("patch", agent.daemon_set, "--type=json", "-p", json.dumps(patch))
    agent.wait_rolled_out()
    container = agent.container()
    os.kill(agent.pid(), signal.SIGSTOP)
    eventually(lambda: not agent.is_ready(), message="not ready")
    eventually(lambda: agent.container()["restartCount"] == 1 and agent.is_ready(), message=agent.describe)
    assert agent.container()["containerID"] != container["containerID"]
    events = agent.cluster.get("events", "-n", agent.namespace, "--field-selector", "reason=Unhealthy")["items"]
    assert any("Liveness probe failed" in event["message"] for event in events)
    agent.upgrade()  # the chart's probes again


# --- what goes wrong in the values ---


def test_a_kubelet_root_that_is_none_keeps_the_pod_unready_and_says_so(cluster, agent):
    wrong = Release(cluster, "wrong", "wrong", IMAGE, kubelet_root="/var/lib/k0s/kubelet")
    wrong.install(wait=False, profiles={"a.json": denying("mkdir")})
    line = wrong.wait_complaint("kubelet-root")
    # by the filesystem that they are in: /var is one of its own here
    assert "kubelet root /lib/kubelet," in line and "destination is in /lib/k0s/kubelet:" in line
    time.sleep(5)
    assert wrong.container()["restartCount"] == 0 and not wrong.is_ready()
    assert agent.is_ready()
    wrong.uninstall()


def test_a_namespace_that_forbids_host_paths_is_named_by_event_and_notes(cluster):
    cluster.apply({"apiVersion": "v1", "kind": "Namespace",
                   "metadata": {"name": "strict", "labels": {LABEL: "baseline"}}})
    strict = Release(cluster, "seccompd", "strict", IMAGE, subdir="strict")
    notes = strict.install(wait=False, profiles={"a.json": denying("mkdir")})

    def refused():
        events = cluster.get("events", "-n", "strict", "--field-selector", "reason=FailedCreate")["items"]
        return [event["message"] for event in events]
    message = eventually(refused, message="the controller's event")[0]
    assert 'violates PodSecurity "baseline:latest"' in message and "hostPath volumes" in message
    remedy = f"kubectl label namespace strict --overwrite {LABEL}=privileged"
    assert remedy in notes
    cluster.kubectl(*remedy.split()[1:])
    strict.wait_rolled_out()
    assert (strict.destination / "a.json").exists()
    strict.uninstall()


def test_a_second_release_on_a_node_waits_for_the_first(cluster, agent):
    second = Release(cluster, "seccompd", "second", IMAGE)
    second.install(wait=False, profiles={"a.json": denying("mkdir")})
    line = second.wait_complaint("lock")
    assert "another" in line
    second.kubectl("wait", "--for=jsonpath={.status.containerStatuses[0].started}=true", "pod", "--all")
    assert not second.is_ready() and agent.is_ready()
    assert not (agent.destination / "a.json").exists()
    second.uninstall()


# --- the end ---


def test_uninstalling_leaves_the_profiles_on_the_node(agent):
    before = identities(agent.destination)
    agent.uninstall()
    assert before and identities(agent.destination) == before


def test_an_agent_that_comes_back_knows_its_files(agent):
    before = identities(agent.destination)
    agent.install()
    assert agent.wait_state("no-mkdir.json", "installed")
    assert identities(agent.destination) == before


def test_cleanup_removes_what_is_ours_and_nothing_else(agent):
    foreign = agent.destination / "foreign.json"
    foreign.write_text(denying("mount"))
    before = identities(agent.destination)
    notes = agent.upgrade(cleanup=True)
    assert f"helm -n {agent.namespace} uninstall {agent.name}" in notes
    left = {path.relative_to(agent.destination) for path in agent.destination.rglob("*")}
    assert left == {foreign.relative_to(agent.destination)}
    assert identities(agent.destination) == {name: before[name] for name in left}
    agent.uninstall()
    assert foreign.exists()
