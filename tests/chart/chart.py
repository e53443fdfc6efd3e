# SPDX-License-Identifier: Apache-2.0
"""What Helm and kustomize make of the chart and of deploy/."""

import functools
import json
import pathlib
import subprocess

import yaml
from apiserver import tools

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "seccompd"
OVERLAYS = ROOT / "deploy" / "overlays"
VARIANTS = {path.name.removesuffix("-values.yaml"): path for path in sorted((CHART / "ci").glob("*-values.yaml"))}
# Kinds that are another project's: the test's API server does not know them.
FOREIGN = ("PodMonitor", "ServiceMonitor", "PrometheusRule", "SecurityContextConstraints")
KUBE_VERSION = "1.37.2"


@functools.cache
def helm_binary():
    return tools("helm") / "helm"


def helm(*arguments, stdin=None, **more):
    return subprocess.run([str(helm_binary()), *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          check=False, timeout=60, **more)


def template(*options, values=None, release="seccompd", namespace="seccompd"):
    """The completed `helm template`; `values` is a dict laid over the chart's."""
    return helm("template", release, CHART, "--namespace", namespace, "--kube-version", KUBE_VERSION,
                *options, "-f", "-", stdin=json.dumps(values or {}))


def objects(text):
    return [each for each in yaml.safe_load_all(text) if each]


def render(*options, **more):
    """The chart's objects."""
    completed = template(*options, **more)
    assert completed.returncode == 0, completed.stderr
    return objects(completed.stdout)


def variant(name, **more):
    return render("-f", VARIANTS[name], **more)


def refusal(**values):
    """Why Helm does not render these values."""
    completed = template(values=values)
    assert completed.returncode != 0, f"accepted: {values}"
    return completed.stderr


def of_kind(kind, found):
    return [each for each in found if each["kind"] == kind]


def the(kind, found):
    (one,) = of_kind(kind, found)
    return one


def agent(daemonset):
    """Its pod's spec and its one container."""
    spec = daemonset["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    return spec, container


@functools.cache
def kubectl_binary():
    return tools("kubectl") / "kubectl"


def kustomize(directory):
    completed = subprocess.run([str(kubectl_binary()), "kustomize", str(directory)], capture_output=True, text=True,
                               check=False, timeout=60)
    assert completed.returncode == 0 and not completed.stderr, completed.stderr
    return objects(completed.stdout)


def identity(each):
    return each["apiVersion"], each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]
