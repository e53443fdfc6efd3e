# SPDX-License-Identifier: Apache-2.0
"""deploy/base and its overlays are the chart's variants, object by object; the examples work."""

import json
import re
import shutil
import subprocess

import pytest
import yaml
from chart import OVERLAYS, ROOT, agent, identity, kustomize, of_kind, render, the, variant
from node import BUILD, EXAMPLES, seccompctl
from runtimes import spec

BASE = ROOT / "deploy" / "base"
PODS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "deploy" / "examples" / "pods").glob("*.yaml"))}
HELMS_OWN = ("app.kubernetes.io/managed-by", "helm.sh/chart")


def without_helm(found):
    """The chart's objects as anybody else would write them; tests are Helm's."""
    for each in found:
        if each["metadata"].get("annotations", {}).get("helm.sh/hook") != "test":
            each["metadata"]["labels"] = {k: v for k, v in each["metadata"]["labels"].items() if k not in HELMS_OWN}
            yield each


def assert_equal(kustomized, rendered):
    ours = {identity(each): each for each in kustomized}
    wanted = {identity(each): each for each in without_helm(rendered)}
    (namespace,) = [ours.pop(key) for key in list(ours) if key[1] == "Namespace"]
    assert namespace["metadata"] == {"name": "seccompd", "labels": {"pod-security.kubernetes.io/enforce": "privileged"}}
    assert set(ours) == set(wanted)
    for key, each in ours.items():
        assert each == wanted[key], key


def test_base_is_the_chart_with_its_defaults():
    assert_equal(kustomize(BASE), render())


@pytest.mark.parametrize("name", sorted(path.name for path in OVERLAYS.iterdir()))
def test_an_overlay_is_the_charts_variant(name):
    assert_equal(kustomize(OVERLAYS / name), variant(name))


def test_the_examples_fill_the_config_map_that_the_agent_reads():
    found = kustomize(ROOT / "deploy" / "examples")
    config_map = the("ConfigMap", found)
    spec_, _ = agent(the("DaemonSet", found))
    assert config_map["metadata"]["name"] in [each["configMap"]["name"] for each in spec_["volumes"] if "configMap" in each]
    assert config_map["metadata"]["namespace"] == "seccompd"
    assert config_map["data"] == {path.name: path.read_text() for path in EXAMPLES.glob("*.json")}


# --- example pods ---


def named_profiles(pod):
    for holder in [pod["spec"], *pod["spec"]["containers"]]:
        profile = holder.get("securityContext", {}).get("seccompProfile")
        if profile:
            yield profile["type"], profile.get("localhostProfile")


def test_there_is_an_example_of_each_kind():
    assert {name: list(named_profiles(pod)) for name, pod in PODS.items()} == {
        "runtime-default": [("RuntimeDefault", None)],
        "localhost-pod": [("Localhost", "profiles/web-server.json")],
        "localhost-container": [("Localhost", "profiles/web-server.json"), ("RuntimeDefault", None),
                                ("Localhost", "profiles/audit.json")],
        "denied": [("Localhost", "profiles/web-server.json")]}


def test_the_strictest_namespace_takes_the_example_pods(api):
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": "examples", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
    for pod in PODS.values():
        pod = {**pod, "metadata": {**pod["metadata"], "namespace": "examples"}}
        assert not api.apply(pod, dry_run=True).stderr


def run_container(container, profile, directory):
    """Runs a container's command under runc and an installed profile, in a file system with busybox alone."""
    rootfs = directory / "rootfs"
    for name in ("bin", "proc", "tmp"):
        (rootfs / name).mkdir(parents=True, exist_ok=True)
    shutil.copy("/bin/busybox", rootfs / "bin" / "busybox")
    for applet in ("sh", "ln", "httpd", "sleep"):
        (rootfs / "bin" / applet).unlink(missing_ok=True)
        (rootfs / "bin" / applet).symlink_to("busybox")
    config = spec(rootfs, [], profile)
    config["root"]["readonly"] = False
    config["process"]["args"] = container["command"]
    config["process"]["env"] = ["PATH=/bin"]
    bundle = directory / "bundle"
    bundle.mkdir()
    (bundle / "config.json").write_text(json.dumps(config))
    return subprocess.run(["runc", "--root", str(directory / "state"), "run", "--bundle", str(bundle), f"denied-{directory.name}"],
                          capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("is_confined", [True, False])
def test_the_denied_pod_says_whether_the_profile_is_in_force(is_confined, tmp_path):
    (container,) = PODS["denied"]["spec"]["containers"]
    canonical = json.loads(seccompctl("compile", EXAMPLES / "web-server.json").stdout)
    done = run_container(container, canonical if is_confined else None, tmp_path)
    if is_confined:
        assert "Operation not permitted" in done.stdout + done.stderr
        assert done.stdout.endswith("the profile is in force: symlink was denied\n") and done.returncode == 0
    else:
        assert done.stdout == "the profile is NOT in force: symlink was allowed\n" and done.returncode == 1
