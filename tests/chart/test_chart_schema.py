# SPDX-License-Identifier: Apache-2.0
"""values.schema.json refuses mistakes where they are made, and knows every value."""

import json

import pytest
import yaml
from chart import CHART, refusal, render

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
ARG = {"index": 0, "op": "SCMP_CMP_EQ"}


@pytest.mark.parametrize("values, path", [
    ({"profile": {}}, "'profile'"),
    ({"profiles": {"web.json": ""}}, "/profiles/web.json"),
    ({"profiles": {"web.json": 12}}, "/profiles/web.json"),
    ({"profiles": {"web.json": {}}}, "/profiles/web.json"),
    ({"profiles": {"web.json": {"syscalls": [{"args": [{**ARG, "value": 1 << 53}]}]}}}, "/args/0/value"),
    ({"profiles": {"web.json": {"syscalls": [{"args": [{**ARG, "value": (1 << 64) - 1}]}]}}}, "/args/0/value"),
    ({"profiles": ["web.json"]}, "/profiles"),
    ({"existingConfigMaps": ["team-a"]}, "/existingConfigMaps/0"),
    ({"existingConfigMaps": [{"name": "Team"}]}, "/existingConfigMaps/0/name"),
    ({"existingConfigMaps": [{"name": "a", "subdir": "../b"}]}, "/existingConfigMaps/0/subdir"),
    ({"existingConfigMaps": [{"name": "a", "subdir": "/b"}]}, "/existingConfigMaps/0/subdir"),
    ({"existingConfigMaps": [{"name": "a", "subDir": "b"}]}, "/existingConfigMaps/0"),
    ({"existingConfigMaps": [{"name": "a", "source": "a/b"}]}, "/existingConfigMaps/0/source"),
    ({"existingConfigMaps": [{"name": "a", "items": [{"key": "k", "path": "web"}]}]}, "/items/0/path"),
    ({"existingConfigMaps": [{"name": "a", "items": [{"key": "k"}]}]}, "/items/0"),
    ({"existingConfigMaps": [{"name": "a", "capabilities": "NET_ADMIN"}]}, "/capabilities"),
    ({"kubeletRootDir": "var/lib/kubelet"}, "/kubeletRootDir"),
    ({"kubeletRootDir": "/var/lib/kubelet/"}, "/kubeletRootDir"),
    ({"kubeletRootDir": "/var/../etc"}, "/kubeletRootDir"),
    ({"kubeletRootDir": "/"}, "/kubeletRootDir"),
    ({"subdir": ".."}, "/subdir"),
    ({"subdir": ""}, "/subdir"),
    ({"subdir": "a//b"}, "/subdir"),
    ({"adopt": True}, "/adopt"),
    ({"pruneAfter": "30"}, "/pruneAfter"),
    ({"pruneAfter": 30}, "/pruneAfter"),
    ({"capabilities": ["net_admin"]}, "/capabilities"),
    ({"rules": {"801": "off"}}, "/rules"),
    ({"forbidSyscalls": ["Mount"]}, "/forbidSyscalls/0"),
    ({"allowedActions": ["SCMP_ACT_ALOW"]}, "/allowedActions/0"),
    ({"requireDefault": "SCMP_ACT_ERRNO"}, "/requireDefault"),
    ({"nodePools": [{"name": "a", "forbidSyscalls": "bpf"}]}, "/nodePools/0/forbidSyscalls"),
    ({"rules": {"SP801": "none"}}, "/rules/SP801"),
    ({"rules": {"SP801": True}}, "/rules/SP801"),
    ({"readyRequires": []}, "/readyRequires"),
    ({"readyRequires": "web.json"}, "/readyRequires"),
    ({"image": {"repository": "registry.test/seccompd@sha256:0"}}, "/image/repository"),
    ({"image": {"repository": "registry.test/seccompd:0.1.0"}}, "/image/repository"),
    ({"image": {"repository": "seccompd:0.1.0"}}, "/image/repository"),
    ({"image": {"repository": "REGISTRY/seccompd"}}, "/image/repository"),
    ({"image": {"digest": "sha256:0"}}, "/image/digest"),
    ({"image": {"tag": 1.2}}, "/image/tag"),
    ({"image": {"pullSecret": "x"}}, "/image"),
    ({"imagePullSecrets": ["registry"]}, "/imagePullSecrets/0"),
    ({"log": {"level": "warn"}}, "/log/level"),
    ({"rescan": 60}, "/rescan"),
    ({"rescan": "0s"}, "/rescan"),
    ({"rescan": "99ms"}, "/rescan"),
    ({"nodePools": [{"name": "a", "rescan": "0m"}]}, "/nodePools/0/rescan"),
    ({"port": 70000}, "/port"),
    ({"port": "10478"}, "/port"),
    ({"cleanup": "yes"}, "/cleanup"),
    ({"nodePools": [{}]}, "/nodePools/0"),
    ({"nodePools": [{"name": "default"}]}, "/nodePools/0/name"),
    ({"nodePools": [{"name": "a", "tolerations": []}]}, "/nodePools/0"),
    ({"nodePools": [{"name": "a", "nodeLabelValues": []}]}, "/nodePools/0/nodeLabelValues"),
    ({"nodePools": [{"name": "a", "rules": {"801": "off"}}]}, "/nodePools/0/rules"),
    ({"nodePoolLabel": "a b"}, "/nodePoolLabel"),
    ({"nodeSelector": {"a": True}}, "/nodeSelector/a"),
    ({"nodeRequirements": [{"key": "a", "operator": "Equals"}]}, "/nodeRequirements/0/operator"),
    ({"tolerations": [{"operators": "Exists"}]}, "/tolerations/0"),
    ({"resourceQuota": {"pods": 0}}, "/resourceQuota/pods"),
    ({"maxUnavailable": 0}, "/maxUnavailable"),
    ({"maxUnavailable": "0%"}, "/maxUnavailable"),
    ({"resources": {"limit": {"memory": "64Mi"}}}, "/resources"),
    ({"resources": {"limits": {"memory": "64MB"}}}, "/resources/limits/memory"),
    ({"resources": {"requests": {"cpu": "5 m"}}}, "/resources/requests/cpu"),
    ({"seLinuxOptions": {"types": "spc_t"}}, "/seLinuxOptions"),
    ({"podLabels": {"a": "b c"}}, "/podLabels/a"),
    ({"serviceAccount": {"automount": True}}, "/serviceAccount"),
    ({"networkPolicy": {"ingressFrom": [{}]}}, "/networkPolicy/ingressFrom/0"),
    ({"networkPolicy": {"ingressFrom": [{"namespace": "monitoring"}]}}, "/networkPolicy/ingressFrom/0"),
    ({"admissionPolicy": {"actions": ["Deny", "Warn"]}}, "/admissionPolicy/actions"),
    ({"admissionPolicy": {"actions": []}}, "/admissionPolicy/actions"),
    ({"admissionPolicy": {"shared": ["/profiles/a.json"]}}, "/admissionPolicy/shared/0"),
    ({"openshift": True}, "/openshift"),
    ({"podMonitor": {"interval": "30"}}, "/podMonitor/interval"),
    ({"fullnameOverride": "a" * 41}, "/fullnameOverride"),
])
def test_a_mistake_is_named_with_its_path(values, path):
    error = refusal(**values)
    assert "values don't meet the specifications of the schema" in error
    assert path in error


def test_what_looks_near_a_mistake_passes():
    for repository in ("seccompd", "registry.test:5000/seccompd", "registry.test/a/b-c_d.e", "localhost:5000/a/seccompd"):
        assert render(values={"image": {"repository": repository}})
    for rescan in ("100ms", "1m30s", "60s", "1h"):
        assert render(values={"rescan": rescan})
    for memory in (67108864, "64Mi", "0.5Gi", "64M", "128e6"):
        assert render(values={"resources": {"limits": {"memory": memory, "cpu": 0.5}}})


def test_a_profiles_name_is_a_file_name_for_the_agent():
    for name in ("web", ".web.json", "team/web.json", "web.json ", "w" * 249 + ".json"):
        assert f'profiles: "{name}" can\'t be a profile\'s name' in refusal(profiles={name: "{}"})
        pool = {"name": "edge", "profiles": {name: "{}"}}
        assert f'nodePools[0].profiles (edge) with the chart\'s: "{name}" can\'t' in refusal(nodePools=[pool])
    assert render(values={"profiles": {"-" + "w" * 247 + ".json": "{}"}})


def test_a_quota_needs_a_class():
    assert "resourceQuota.enabled: " in refusal(resourceQuota={"enabled": True}, priorityClassName="")


def test_a_parent_chart_may_pass_its_own():
    assert render(values={"global": {"anything": 1}, "enabled": True})


def closed(schema, path=""):
    """Every object that the schema describes, with its path, definitions resolved."""
    if "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[-1]]
    yield path, schema
    for name, each in schema.get("properties", {}).items():
        yield from closed(each, f"{path}/{name}")


def test_schema_and_values_know_the_same_keys():
    """Also that no misspelt key passes anywhere in what is the chart's own."""
    checked = 0
    for path, schema in closed(SCHEMA):
        value = VALUES
        for part in path.split("/")[1:]:
            value = value.get(part) if isinstance(value, dict) else None
        if not isinstance(value, dict) or "properties" not in schema:
            continue
        if path in ("/resources/requests", "/resources/limits"):
            continue
        assert schema["additionalProperties"] is False, path
        optional = {"": {"global", "enabled"}, "/seLinuxOptions": set(schema["properties"]),
                    "/admissionPolicy/namespaceSelector": set(schema["properties"])}.get(path, set())
        assert set(schema["properties"]) - optional == set(value), path
        checked += 1
    assert checked > 10


def test_a_pool_may_say_what_the_docs_say():
    pool = SCHEMA["properties"]["nodePools"]["items"]["properties"]
    comment = (CHART / "values.yaml").read_text().partition("\nnodePools:")[0].rpartition("\n\n")[2]
    assert all(f"`{name}`" in comment for name in pool)
    assert set(pool) - {"name", "nodeLabelValues"} <= set(VALUES)
