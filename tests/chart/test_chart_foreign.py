# SPDX-License-Identifier: Apache-2.0
"""Objects of other projects' kinds, read strictly by those projects' own Go types."""

import json
import os
import pathlib
import subprocess

import pytest
from chart import FOREIGN, VARIANTS, of_kind, render, variant


@pytest.fixture(scope="session")
def reader(tmp_path_factory):
    program = tmp_path_factory.mktemp("foreign") / "foreign"
    subprocess.run(["go", "build", "-trimpath", "-buildvcs=false", "-o", str(program), "."],
                   cwd=pathlib.Path(__file__).with_name("foreign"), env={**os.environ, "CGO_ENABLED": "0"}, check=True)

    def read(found):
        return subprocess.run([str(program)], input="".join(map(json.dumps, found)), capture_output=True, text=True,
                              check=False, timeout=60)
    return read


def test_their_projects_know_every_key(reader):
    seen = set()
    for name in VARIANTS:
        found = [each for each in variant(name) if each["kind"] in FOREIGN]
        completed = reader(found)
        assert completed.returncode == 0, completed.stderr
        assert completed.stdout.splitlines() == [f"{each['apiVersion']} {each['kind']}" for each in found]
        seen |= {each["kind"] for each in found}
    assert seen == set(FOREIGN)


@pytest.mark.parametrize("kind, values, spoil", [
    ("PodMonitor", {"podMonitor": {"enabled": True}}, lambda each: each["spec"].update(endpoints=[])),
    ("PrometheusRule", {"prometheusRule": {"enabled": True}}, lambda each: each["spec"]["groups"][0].update(rule=[])),
    ("SecurityContextConstraints", {"openshift": {"enabled": True}}, lambda each: each.update(allowHostPath=True))])
def test_a_key_that_they_do_not_know_would_be_found(reader, kind, values, spoil):
    (each,) = of_kind(kind, render(values=values))
    spoil(each)
    completed = reader([each])
    assert completed.returncode == 1 and "unknown field" in completed.stderr


def test_the_scc_admits_the_agent_and_little_else():
    found = render(values={"openshift": {"enabled": True}})
    (scc,) = of_kind("SecurityContextConstraints", found)
    (daemonset,) = of_kind("DaemonSet", found)
    template = daemonset["spec"]["template"]
    context = template["spec"]["containers"][0]["securityContext"]
    assert template["metadata"]["annotations"]["openshift.io/required-scc"] == scc["metadata"]["name"]
    assert scc["seLinuxContext"]["seLinuxOptions"] == context["seLinuxOptions"] == {"type": "spc_t"}
    assert scc["runAsUser"] == {"type": "MustRunAs", "uid": context["runAsUser"]}
    assert scc["requiredDropCapabilities"] == ["ALL"] and scc["allowedCapabilities"] == []
    kinds = {kind for volume in template["spec"]["volumes"] for kind in volume if kind != "name"}
    assert set(scc["volumes"]) == kinds
    allowed = {key for key, value in scc.items() if key.startswith("allow") and value is True}
    assert allowed == {"allowHostDirVolumePlugin"}
    (role,), (binding,) = of_kind("ClusterRole", found), of_kind("RoleBinding", found)
    (rule,) = role["rules"]
    assert rule["resourceNames"] == [scc["metadata"]["name"]] and rule["verbs"] == ["use"]
    (subject,) = binding["subjects"]
    assert subject["name"] == template["spec"]["serviceAccountName"] and binding["roleRef"]["name"] == role["metadata"]["name"]
