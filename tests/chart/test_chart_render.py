# SPDX-License-Identifier: Apache-2.0
"""What the chart renders: hardened pods, one agent a node, arguments that the programs take."""

import json
import re
import subprocess
import tarfile

import pytest
import yaml
from chart import CHART, KUBE_VERSION, VARIANTS, agent, helm, of_kind, refusal, render, template, the, variant
from node import GOOD, ROOT, SECCOMPCTL, SECCOMPD, AtomicWriter

MIB = 1 << 20


@pytest.mark.parametrize("name", VARIANTS)
def test_lint_is_strict_and_rendering_is_the_same_each_time(name):
    completed = helm("lint", "--strict", CHART, "--kube-version", KUBE_VERSION, "-f", VARIANTS[name])
    assert completed.returncode == 0, completed.stdout
    once, again = template("-f", VARIANTS[name]), template("-f", VARIANTS[name])
    assert once.returncode == 0 and once.stdout == again.stdout
    assert not re.search(r"^ *\n", once.stdout, re.MULTILINE), "blank lines: a template's white space"


def test_the_version_is_the_changelogs():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = re.search(r"^## \[([0-9.]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE).group(1)
    assert chart["version"] == chart["appVersion"] == version
    assert chart["kubeVersion"].endswith("-0"), "providers' versions are pre-releases to Helm"


def test_nothing_is_asked_of_the_cluster_while_rendering():
    """Argo CD and Flux render without a cluster, and twice the same."""
    for path in (CHART / "templates").rglob("*"):
        if path.is_file():
            for action in re.findall(r"\{\{.*?\}\}", path.read_text(), re.DOTALL):
                assert not re.search(r"\b(lookup|Capabilities|rand\w*|now|date|gen\w+Cert|uuidv4)\b", action), path


# --- the pod ---


@pytest.mark.parametrize("name", VARIANTS)
def test_the_pod_is_hardened(name):
    daemonsets = of_kind("DaemonSet", variant(name))
    assert daemonsets
    for daemonset in daemonsets:
        spec, container = agent(daemonset)
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(spec)
        assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False
        context = dict(container["securityContext"])
        context.pop("seLinuxOptions", None)
        assert context == {
            "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "privileged": False,
            "readOnlyRootFilesystem": True, "runAsGroup": 0, "runAsNonRoot": False, "runAsUser": 0,
            "seccompProfile": {"type": "RuntimeDefault"}}
        assert "securityContext" not in spec
        assert all("hostPort" not in port for port in container["ports"])
        assert "cpu" not in container["resources"]["limits"] and container["resources"]["limits"]["memory"]
        for volume in spec["volumes"]:
            if "configMap" in volume:
                assert volume["configMap"]["optional"] is True
            elif "hostPath" in volume:
                assert re.fullmatch(r"/\S+/seccomp/\w+", volume["hostPath"]["path"])
                assert volume["hostPath"]["type"] == "DirectoryOrCreate"
            else:
                assert volume == {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}
        mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
        assert set(mounts) == {volume["name"] for volume in spec["volumes"]}
        host = next(volume["hostPath"] for volume in spec["volumes"] if "hostPath" in volume)
        assert mounts["destination"]["mountPath"] == host["path"], "messages would not name the node's paths"
        assert all(mount.get("readOnly") for name, mount in mounts.items() if name.startswith("source"))
        rolling = daemonset["spec"]["updateStrategy"]["rollingUpdate"]
        assert rolling["maxSurge"] == 0 and rolling["maxUnavailable"]


def test_probes_priority_and_tolerations_of_the_defaults():
    spec, container = agent(the("DaemonSet", render()))
    assert spec["priorityClassName"] == "system-node-critical"
    assert spec["tolerations"] == [{"operator": "Exists"}]
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert container["resources"] == {"requests": {"cpu": "5m", "memory": "8Mi"}, "limits": {"memory": "64Mi"}}
    wanted = {"startupProbe": ("/livez", 1, 30), "livenessProbe": ("/livez", 10, 12), "readinessProbe": ("/readyz", 5, 2)}
    for probe, (path, period, failures) in wanted.items():
        assert container[probe] == {"httpGet": {"path": path, "port": "http"}, "periodSeconds": period,
                                    "timeoutSeconds": 5, "failureThreshold": failures}


def test_no_right_in_the_api_by_default():
    found = render()
    assert {each["kind"] for each in found} == {"DaemonSet", "ServiceAccount", "NetworkPolicy", "Pod"}
    assert the("ServiceAccount", found)["automountServiceAccountToken"] is False


def test_who_may_scrape_and_nothing_else():
    policy = the("NetworkPolicy", render())["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"] and "egress" not in policy
    (rule,) = policy["ingress"]
    assert rule["ports"] == [{"port": "http", "protocol": "TCP"}]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    closed = the("NetworkPolicy", render(values={"networkPolicy": {"ingressFrom": []}}))["spec"]
    assert "ingress" not in closed, "an empty `from` would let everybody in"


def test_changed_profiles_roll_no_pod():
    one, other = (render(values={"profiles": {"web.json": text}}) for text in ('{"a": 1}', '{"a": 2}'))
    assert the("DaemonSet", one) == the("DaemonSet", other)
    assert the("ConfigMap", one) != the("ConfigMap", other)


def test_selectors_take_every_agent_and_no_test_pod():
    found = variant("node-pools", values={"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}})
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in of_kind("DaemonSet", found)]
    tests = [each["metadata"]["labels"] for each in of_kind("Pod", found)]
    assert len(labels) == 3 and len(tests) == 6  # two a pool
    for selector in (the("Service", found)["spec"]["selector"],
                     the("PodMonitor", found)["spec"]["selector"]["matchLabels"]):
        assert all(selector.items() <= each.items() for each in labels)
        assert not any(selector.items() <= each.items() for each in tests)
    service = the("ServiceMonitor", found)["spec"]["selector"]["matchLabels"]
    assert service.items() <= the("Service", found)["metadata"]["labels"].items()
    own = [each["spec"]["selector"]["matchLabels"] for each in of_kind("DaemonSet", found)]
    for i, selector in enumerate(own):
        assert [selector.items() <= each.items() for each in labels] == [i == j for j in range(3)]


@pytest.mark.parametrize("image, wanted", [
    ({}, "seccompd:0.1.0"),
    ({"repository": "registry.test:5000/a/seccompd", "tag": "1.2"}, "registry.test:5000/a/seccompd:1.2"),
    ({"tag": "1.2", "digest": "sha256:" + "0" * 64}, "seccompd@sha256:" + "0" * 64)])
def test_the_image(image, wanted):
    found = render(values={"image": image, "imagePullSecrets": [{"name": "registry"}]})
    spec, container = agent(the("DaemonSet", found))
    assert container["image"] == wanted and spec["imagePullSecrets"] == [{"name": "registry"}]
    assert {each["image"] for each in the("Pod", found)["spec"]["containers"]} == {wanted}


# --- profiles ---


def test_profiles_arrive_byte_for_byte():
    texts = {"odd.json": '\n  {"a":\t"\\u0041 ü \'" }\r\n\n\n', "plain.json": '{\n  "a": 1\n}\n', "bare.json": "{}",
             "number.json": "12", "yes.json": "yes"}
    assert the("ConfigMap", render(values={"profiles": texts}))["data"] == texts


def test_a_profile_may_be_an_object():
    profile = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
         "args": [{"index": 0, "value": 9007199254740991, "valueTwo": 2114060288, "op": "SCMP_CMP_MASKED_EQ"}]}]}
    (text,) = the("ConfigMap", render(values={"profiles": {"web.json": profile}}))["data"].values()
    assert json.loads(text) == profile
    assert "9007199254740991" in text and "2114060288" in text


def test_more_than_a_config_map_takes_is_refused_with_the_way_out():
    half = "x" * (MIB // 2)
    assert the("ConfigMap", render(values={"profiles": {"a.json": half, "b.json": half}}))
    error = refusal(profiles={"a.json": half, "b.json": half + "x"})
    assert "profiles hold 1048577 bytes, and a ConfigMap takes 1048576" in error
    assert "kubectl create configmap" in error and "existingConfigMaps" in error
    error = refusal(profiles={"a.json": half}, nodePools=[{"name": "edge", "profiles": {"b.json": half + "x"}}])
    assert "nodePools[0].profiles (edge)" in error


def test_sources_are_told_apart():
    assert "two sources are called team" in refusal(existingConfigMaps=[{"name": "team"}, {"name": "x", "source": "team"}])
    assert "two sources are called main" in refusal(profiles={"a.json": "{}"}, existingConfigMaps=[{"name": "main"}])


# --- the arguments ---


def localised(arguments, top):
    """The same arguments with the pod's paths below `top`."""
    moved = []
    for each in arguments:
        each = re.sub(r"^(--source=[^=]+)=/profiles/", rf"\1={top}/profiles/", each)
        each = re.sub(r"^--kubelet-root=", f"--kubelet-root={top}", each)
        each = re.sub(r"^--listen=unix:", f"--listen=unix:{top}", each)
        moved.append(each)
    return moved


def publish_sources(daemonset, found, top):
    """Fills what the pod mounts at /profiles as the kubelet does; the paths that are to be installed."""
    spec, container = agent(daemonset)
    maps = {each["metadata"]["name"]: each["data"] for each in of_kind("ConfigMap", found)}
    subdirs = dict(re.fullmatch(r"--source=([^=]+)=[^:]+:?(.*)", each).groups()
                   for each in container["args"] if each.startswith("--source="))
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    wanted = set()
    for volume in spec["volumes"]:
        if "configMap" not in volume:
            continue
        source = volume["configMap"]
        items = {each["path"]: GOOD for each in source.get("items", [])} or {"team.json": GOOD}
        if source["name"] in maps:
            items = {name: text.encode() for name, text in maps[source["name"]].items()}
        AtomicWriter(f"{top}{mounts[volume['name']]}").publish(items)
        subdir = subdirs[mounts[volume["name"]].removeprefix("/profiles/")]
        wanted |= {f"{subdir}/{name}".lstrip("/") for name in items}
    return wanted


def run(program, arguments):
    return subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "cleanup"])
def test_the_programs_take_what_the_chart_gives_them(name, tmp_path):
    """Each agent is run with its own arguments, then cleaned up after with those of `cleanup: true`."""
    found, cleaning = variant(name), variant(name, values={"cleanup": True})
    for daemonset, cleaner in zip(of_kind("DaemonSet", found), of_kind("DaemonSet", cleaning), strict=True):
        assert daemonset["metadata"]["name"] == cleaner["metadata"]["name"]
        top = tmp_path / daemonset["metadata"]["name"]
        spec, container = agent(daemonset)
        (destination,) = [f"{top}{volume['hostPath']['path']}" for volume in spec["volumes"] if "hostPath" in volume]
        kubelet_root = destination.partition("/seccomp/")[0]
        (top / kubelet_root).mkdir(parents=True)
        wanted = publish_sources(daemonset, found, top)
        done = run(SECCOMPD, [*localised(container["args"], top), "--once"])
        assert done.returncode == (0 if wanted else done.returncode), done.stderr
        base = top / destination
        assert {str(path.relative_to(base)) for path in base.rglob("*.json")} == wanted, done.stderr
        _, container = agent(cleaner)
        done = run(SECCOMPD, [*localised(container["args"], top), "--once"])
        assert done.returncode == 0, done.stderr
        assert not list(base.iterdir())


def test_the_test_pods_tell_good_from_bad(tmp_path):
    for name, text, status in [("good", GOOD.decode(), 0), ("bad", '{"defaultAction": "SCMP_ACT_ALOW"}', 1)]:
        found = render(values={"profiles": {"web.json": text}, "rules": {"SP801": "warning"}})
        top = tmp_path / name
        (top / "scratch").mkdir(parents=True)
        publish_sources(the("DaemonSet", found), found, top)
        # one container each: of two, `helm test --logs` shows none
        (sources,), (on_node,) = [pod["spec"]["containers"] for pod in of_kind("Pod", found)]
        assert (sources["command"], on_node["command"]) == (["/usr/bin/seccompd"], ["/usr/bin/seccompctl"])
        done = run(SECCOMPD, localised(sources["args"], top))
        assert done.returncode == status, done.stderr
        assert status == 0 or "SP302" in done.stderr
        installed = top / "scratch" / "seccomp" / "profiles"
        arguments = [each.replace("/var/lib/kubelet/seccomp/profiles", str(installed)) for each in on_node["args"]]
        done = run(SECCOMPCTL, arguments)
        assert done.returncode == (0 if status == 0 else 2), done.stderr


def test_every_option_of_the_daemon_is_a_value():
    """What it has and the chart does not offer has a reason here."""
    not_for_a_pod = {
        "once", "help", "version",  # the pod is the daemon
        "match",  # `items` renames keys
        "config",  # a file of what rules, forbidSyscalls, allowedActions and requireDefault say
    }
    source = (ROOT / "agent" / "daemon" / "options.c").read_text()
    options = set(re.findall(r'\{ "([a-z-]+)", (?:no|required)_argument', source))
    templates = "".join(path.read_text() for path in (CHART / "templates").glob("*.tpl"))
    assert options - set(re.findall(r"^- --([a-z-]+)", templates, re.MULTILINE)) == not_for_a_pod


# --- pools ---


def admits(daemonset, labels):
    """Whether the scheduler would put its pod on a node with these labels."""
    spec, _ = agent(daemonset)
    if not spec["nodeSelector"].items() <= labels.items():
        return False
    terms = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    (term,) = terms
    for each in term["matchExpressions"]:
        is_in = labels.get(each["key"]) in each["values"]
        if is_in != (each["operator"] == "In"):
            assert each["operator"] in ("In", "NotIn")
            return False
    return True


def test_a_node_has_one_agent():
    daemonsets = of_kind("DaemonSet", variant("node-pools"))
    machine = {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    for value, wanted in {None: "seccompd", "elsewhere": "seccompd", "canary": "seccompd-canary",
                          "edge-1": "seccompd-edge", "edge-2": "seccompd-edge", "edge": "seccompd"}.items():
        labels = machine if value is None else {**machine, "example.test/pool": value}
        assert [each["metadata"]["name"] for each in daemonsets if admits(each, labels)] == [wanted]
    for other in [{"kubernetes.io/os": "windows"}, {"kubernetes.io/arch": "riscv64"}, {"type": "virtual-kubelet"},
                  {"eks.amazonaws.com/compute-type": "fargate"}]:
        assert not any(admits(each, {**machine, **other}) for each in daemonsets)


def test_pools_that_share_nodes_are_refused():
    error = refusal(nodePools=[{"name": "a", "nodeLabelValues": ["x", "y"]}, {"name": "b", "nodeLabelValues": ["y"]}])
    assert "nodes with seccompd/pool=y would belong to two pools, a and b" in error
    assert "two pools are called a" in refusal(nodePools=[{"name": "a"}, {"name": "a", "nodeLabelValues": ["z"]}])


def test_a_pool_says_only_what_differs():
    found = variant("node-pools")
    default, canary, edge = of_kind("DaemonSet", found)
    maps = {each["metadata"]["name"]: each["data"] for each in of_kind("ConfigMap", found)}
    assert set(maps) == {"seccompd-profiles", "seccompd-canary-profiles"}
    assert set(maps["seccompd-profiles"]) == {"web.json", "old.json"}
    assert set(maps["seccompd-canary-profiles"]) == {"web.json"}, "null removes"
    assert maps["seccompd-canary-profiles"]["web.json"] != maps["seccompd-profiles"]["web.json"]

    def mounted(daemonset):
        return [each["configMap"]["name"] for each in agent(daemonset)[0]["volumes"] if "configMap" in each]
    assert mounted(default) == ["seccompd-profiles"]
    assert mounted(canary) == ["seccompd-canary-profiles"]
    assert mounted(edge) == ["seccompd-profiles", "edge-profiles"]
    assert agent(canary)[1]["image"] == "seccompd:0.1.1" and agent(edge)[1]["image"] == "seccompd:0.1.0"
    assert agent(edge)[1]["resources"] == {"requests": {"cpu": "5m", "memory": "8Mi"}, "limits": {"memory": "48Mi"}}
    assert "--kubelet-root=/var/lib/k0s/kubelet" in agent(edge)[1]["args"]


# --- names ---


@pytest.mark.parametrize("release, values, wanted", [
    ("seccompd", {}, "seccompd"), ("seccompd-test", {}, "seccompd-test"), ("node", {}, "node-seccompd"),
    ("node", {"fullnameOverride": "agent"}, "agent"), ("node", {"nameOverride": "agent"}, "node-agent"),
    ("a" * 53, {}, "a" * 40)])
def test_names(release, values, wanted):
    found = render(release=release, values={**values, "nodePools": [{"name": "p" * 20, "profiles": {"a.json": "{}"}}]})
    names = [each["metadata"]["name"] for each in of_kind("DaemonSet", found)]
    assert names == [wanted, f"{wanted}-{'p' * 20}"]
    assert all(len(each["metadata"]["name"]) <= 253 for each in found)
    assert all(len(name) <= 63 for name in names)


@pytest.mark.parametrize("word", ["on", "null", "1", "1e3", "0x1f"])
def test_a_name_that_yaml_takes_for_something_else_stays_a_name(word):
    values = {"existingConfigMaps": [{"name": word}], "nodePools": [{"name": word}], "rules": {"SP801": "off"},
              "serviceAccount": {"name": word}, "commonLabels": {"team": word}, "seLinuxOptions": {"type": word}}
    if word[0].isalpha():
        values |= {"fullnameOverride": word, "nameOverride": word}
    found = render(release=word, values=values)
    default, pool = of_kind("DaemonSet", found)
    for each in (default, pool):
        spec, container = agent(each)
        assert spec["serviceAccountName"] == word == container["securityContext"]["seLinuxOptions"]["type"]
        assert [volume["configMap"]["name"] for volume in spec["volumes"] if "configMap" in volume] == [word]
        labels = {**each["metadata"]["labels"], **each["spec"]["template"]["metadata"]["labels"]}
        assert labels["app.kubernetes.io/instance"] == word == labels["team"]
        assert all(isinstance(value, str) for value in labels.values())
    assert pool["spec"]["template"]["metadata"]["labels"]["seccompd/pool"] == word
    assert all(isinstance(each["metadata"]["name"], str) for each in found)


def test_the_package_renders_the_same(tmp_path):
    completed = helm("package", CHART, "--destination", tmp_path)
    assert completed.returncode == 0, completed.stderr
    (archive,) = tmp_path.iterdir()
    assert archive.name == "seccompd-0.1.0.tgz"
    options = ("--namespace", "seccompd", "--kube-version", KUBE_VERSION, "-f", VARIANTS["monitoring"])
    assert helm("template", "seccompd", archive, *options).stdout == helm("template", "seccompd", CHART, *options).stdout != ""
    with tarfile.open(archive) as opened:
        names = {name.removeprefix("seccompd/") for name in opened.getnames()}
    assert "README.md" in names and "values.schema.json" in names and not any(name.startswith("ci/") for name in names)
