# SPDX-License-Identifier: Apache-2.0
"""What a real API server says to the objects: schemas, dry runs, admission, an installation's life."""

import copy
import json
import subprocess

import pytest
from apiserver import tools
from chart import (CHART, FOREIGN, OVERLAYS, ROOT, VARIANTS, agent, helm, kustomize, objects, of_kind, render, template,
                   the, variant)
from node import eventually

NAMESPACE = "seccompd"


def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def psa(level):
    return {f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "warn")}


@pytest.fixture(scope="session")
def cluster(api):
    api.apply(namespace(NAMESPACE, **psa("privileged")))
    return api


# --- schemas ---


def inlined(schema, definitions, seen=()):
    """An OpenAPI definition as a JSON schema of its own that knows no key it does not name."""
    if isinstance(schema, list):
        return [inlined(each, definitions, seen) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return {} if name in seen else inlined(definitions[name], definitions, (*seen, name))
    if schema.get("format") == "int-or-string":
        return {"type": ["integer", "string"]}
    done = {key: inlined(value, definitions, seen) for key, value in schema.items() if not key.startswith("x-")}
    if "properties" in done:
        done.setdefault("additionalProperties", False)
    return done


@pytest.fixture(scope="session")
def schemas(cluster, tmp_path_factory):
    """The API server's own OpenAPI, a file a kind as kubeconform looks for them."""
    directory = tmp_path_factory.mktemp("schemas")
    definitions = json.loads(cluster.kubectl("get", "--raw", "/openapi/v2").stdout)["definitions"]
    wanted = {"DaemonSet", "ConfigMap", "ServiceAccount", "NetworkPolicy", "ResourceQuota", "Service", "Pod", "Namespace",
              "ClusterRole", "RoleBinding", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    for name, definition in definitions.items():
        kinds = definition.get("x-kubernetes-group-version-kind", [])
        if len(kinds) == 1 and kinds[0]["kind"] in wanted:
            version = "-".join(filter(None, (kinds[0]["group"].split(".")[0], kinds[0]["version"])))
            schema = inlined(definition, definitions, (name,))
            (directory / f"{kinds[0]['kind'].lower()}-{version}.json").write_text(json.dumps(schema))
    return directory


def kubeconform(schemas, text):
    return subprocess.run(
        [str(tools("kubeconform") / "kubeconform"), "-strict", "-summary", "-output", "json", "-skip", ",".join(FOREIGN),
         "-schema-location", f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"],
        input=text, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", VARIANTS)
def test_kubeconform_is_strict_about_every_variant(schemas, name):
    text = template("-f", VARIANTS[name]).stdout
    completed = kubeconform(schemas, text)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    summary = json.loads(completed.stdout)["summary"]
    found = objects(text)
    foreign = len([each for each in found if each["kind"] in FOREIGN])
    assert summary == {"valid": len(found) - foreign, "invalid": 0, "errors": 0, "skipped": foreign}


def test_kubeconform_would_have_found_a_misspelt_key(schemas):
    text = template().stdout
    assert kubeconform(schemas, text.replace("maxUnavailable:", "maxUnavailabel:")).returncode == 1
    assert kubeconform(schemas, text.replace("optional: true", "optional: maybe")).returncode == 1


@pytest.mark.parametrize("name", VARIANTS)
def test_the_api_server_takes_every_variant(cluster, name):
    ours = [each for each in variant(name) if each["kind"] not in FOREIGN]
    completed = cluster.apply(*ours, dry_run=True)
    assert completed.stdout.count("(server dry run)") == len(ours)
    assert not completed.stderr, completed.stderr


@pytest.mark.parametrize("directory", ["base", *(f"overlays/{path.name}" for path in sorted(OVERLAYS.iterdir()))])
def test_the_api_server_takes_base_and_overlays(cluster, directory):
    ours = [each for each in kustomize(ROOT / "deploy" / directory) if each["kind"] not in FOREIGN]
    completed = cluster.apply(*ours, dry_run=True)
    assert completed.stdout.count("(server dry run)") == len(ours)
    assert not completed.stderr, completed.stderr


def test_the_api_server_would_have_found_a_misspelt_key(cluster):
    daemonset = the("DaemonSet", render())
    agent(daemonset)[1]["livenessProbes"] = {}
    completed = cluster.apply(daemonset, dry_run=True, check=False)
    assert completed.returncode != 0 and "livenessProbes" in completed.stderr


# --- pod security ---


def pod_of(daemonset, where):
    template_ = copy.deepcopy(daemonset["spec"]["template"])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {**template_["metadata"], "name": "agent", "namespace": where},
            "spec": template_["spec"]}


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_lesser_namespaces_refuse_the_agent_for_its_directory_and_its_user(cluster, level):
    cluster.apply(namespace(level, **psa(level)))
    completed = cluster.apply(pod_of(the("DaemonSet", render()), level), dry_run=True, check=False)
    assert completed.returncode != 0 and f'violates PodSecurity "{level}:latest"' in completed.stderr
    reasons = completed.stderr.partition("latest\": ")[2]
    if level == "baseline":
        assert reasons.strip() == 'hostPath volumes (volume "destination")'
    else:
        assert [each.partition(" (")[0] for each in reasons.split("), ")] == [
            "restricted volume types", "runAsNonRoot != true", "runAsUser=0"]
    assert cluster.apply(pod_of(the("DaemonSet", render()), NAMESPACE), dry_run=True)


def test_notes_and_readme_name_the_label(cluster):
    label = "pod-security.kubernetes.io/enforce=privileged"
    assert label in notes(cluster) and label in (CHART / "README.md").read_text()


# --- an installation ---


def notes(cluster, *options, **values):
    completed = helm("install", "seccompd", CHART, "--namespace", NAMESPACE, "--dry-run=server", "-o", "json", *options,
                     "-f", "-", stdin=json.dumps(values), env={"KUBECONFIG": str(cluster.kubeconfig), "HOME": str(cluster.dir)})
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)["info"]["notes"]


def test_the_notes_say_the_next_command(cluster):
    text = notes(cluster)
    assert "was given no profile yet" in text and "--set-file" in text
    assert "kubectl -n seccompd exec ds/seccompd -- seccompctl status" in text
    assert "Uninstalling leaves the profiles on the nodes" in text and "--set cleanup=true" in text
    text = notes(cluster, profiles={"web.json": "{}"}, subdir="node")
    assert "no profile yet" not in text and "localhostProfile: node/web.json" in text
    assert "--server-side" not in text and "ingressFrom" not in text
    text = notes(cluster, profiles={"web.json": "x" * 262145}, podMonitor={"enabled": False}, cleanup=False)
    assert "The profiles are 262145 bytes" in text and "--server-side" in text
    text = notes(cluster, "--set", "cleanup=true")
    assert "rollout status" in text and "helm -n seccompd uninstall seccompd" in text and "hold" not in text


def test_the_notes_warn_of_the_network_policy_to_those_who_scrape(cluster):
    # the operator's kinds are not there: rendered with its own, the notes alone are looked at
    cluster.apply({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                   "metadata": {"name": "podmonitors.monitoring.coreos.com"},
                   "spec": {"group": "monitoring.coreos.com", "scope": "Namespaced",
                            "names": {"kind": "PodMonitor", "plural": "podmonitors"},
                            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {
                                "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}})
    cluster.kubectl("wait", "--for=condition=Established", "crd/podmonitors.monitoring.coreos.com", "--timeout=60s")
    assert "networkPolicy.ingressFrom" in notes(cluster, podMonitor={"enabled": True})


def test_install_upgrade_clean_up_uninstall(cluster, tmp_path):
    """Helm's own way through the API, and nothing is left of it but the namespace."""
    env = {"KUBECONFIG": str(cluster.kubeconfig), "HOME": str(tmp_path)}

    def run(*arguments, **values):
        completed = helm(*arguments, "--namespace", NAMESPACE, "-f", "-", stdin=json.dumps(values), env=env)
        assert completed.returncode == 0, completed.stderr

    def arguments():
        return agent(json.loads(cluster.kubectl("get", "-n", NAMESPACE, "ds/seccompd", "-o", "json").stdout))[1]["args"]
    run("install", "seccompd", CHART, profiles={"web.json": "{}"}, existingConfigMaps=[{"name": "team-a"}],
        admissionPolicy={"enabled": True})
    assert "--source=main=/profiles/main" in arguments()
    run("upgrade", "seccompd", CHART, "--reset-then-reuse-values", cleanup=True)
    assert "--cleanup" in arguments() and not any(each.startswith("--source") for each in arguments())
    done = helm("uninstall", "seccompd", "--namespace", NAMESPACE, env=env)
    assert done.returncode == 0, done.stderr
    left = cluster.kubectl("get", "-n", NAMESPACE, "ds,cm,sa,netpol,svc,quota", "-o", "name").stdout.split()
    assert [each for each in left if "kube-root-ca" not in each] == []
    assert cluster.kubectl("get", "validatingadmissionpolicies", "-o", "name").stdout == ""


# --- the admission policy ---

SHARED = ["profiles/audit.json", "profiles/shared/"]


@pytest.fixture(scope="module")
def policed(cluster):
    """Namespaces under the policy, and one that its selector leaves out."""
    values = {"admissionPolicy": {"enabled": True, "shared": SHARED, "namespaceSelector": {
        "matchExpressions": [{"key": "unpoliced", "operator": "DoesNotExist"}]}},
        "nodePools": [{"name": "edge", "subdir": "edge"}]}
    found = [each for each in render(values=values) if each["kind"].startswith("ValidatingAdmissionPolicy")]
    assert len(found) == 2
    cluster.apply(namespace("team-a"), namespace("team-b"), namespace("free", unpoliced=""), *found)
    name = found[0]["metadata"]["name"]

    eventually(lambda: refused(cluster, pod("team-a", pod_level="profiles/team-b/x.json")), message="the policy in force")
    yield cluster
    cluster.kubectl("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", name)


def seccomp(profile):
    return {"securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": profile}}} if profile else {}


def pod(where, pod_level=None, container=None, init=None, annotations=None):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "app", "namespace": where, "annotations": annotations or {}},
            "spec": {**seccomp(pod_level), "automountServiceAccountToken": False,
                     "initContainers": [{"name": "init", "image": "app", **seccomp(init)}] if init else [],
                     "containers": [{"name": "other", "image": "app"}, {"name": "app", "image": "app", **seccomp(container)}]}}


def refused(cluster, each):
    """What the policy says, or None when it admits the pod."""
    completed = cluster.apply(each, dry_run=True, check=False)
    if completed.returncode == 0:
        return None
    assert "ValidatingAdmissionPolicy" in completed.stderr, completed.stderr
    return completed.stderr


@pytest.mark.parametrize("level", ["pod_level", "container", "init"])
@pytest.mark.parametrize("profile, is_admitted", [
    ("profiles/team-a/web.json", True), ("profiles/team-a/deep/er.json", True), ("edge/team-a/web.json", True),
    ("profiles/audit.json", True), ("profiles/shared/web.json", True),
    ("profiles/team-b/web.json", False), ("profiles/team-ab/web.json", False), ("profiles/web.json", False),
    ("profiles/team-a", False), ("profiles/shared", False), ("profiles/audit.json.json", False),
    ("profiles/audit.json/x.json", False), ("elsewhere/team-a/web.json", False), ("web.json", False),
    ("profiles/.seccompd/good/web.json", False), ("team-a/web.json", False)])
def test_a_pod_names_only_profiles_of_its_namespace(policed, level, profile, is_admitted):
    error = refused(policed, pod("team-a", **{level: profile}))
    if is_admitted:
        assert error is None
    else:
        assert (f"seccomp profile {profile}: pods of namespace team-a may name only profiles/team-a/…, "
                "edge/team-a/…, profiles/shared/…, profiles/audit.json") in error


def test_what_is_no_localhost_profile_passes(policed):
    assert refused(policed, pod("team-a")) is None
    runtime_default = pod("team-a")
    runtime_default["spec"]["securityContext"] = {"seccompProfile": {"type": "RuntimeDefault"}}
    assert refused(policed, runtime_default) is None
    old = {"container.seccomp.security.alpha.kubernetes.io/app": "localhost/profiles/team-b/web.json"}
    assert refused(policed, pod("team-a", annotations=old)) is None, "runtimes no longer read it"


def test_the_api_refuses_a_way_around_the_prefix(policed):
    completed = policed.apply(pod("team-a", container="profiles/team-a/../team-b/web.json"), dry_run=True, check=False)
    assert completed.returncode != 0 and "must not contain '..'" in completed.stderr


def test_one_good_profile_excuses_no_bad_one(policed):
    error = refused(policed, pod("team-a", pod_level="profiles/team-a/a.json", container="profiles/b.json",
                                 init="profiles/c.json"))
    assert "seccomp profile profiles/b.json, profiles/c.json: " in error


def test_the_namespace_selector(policed):
    assert refused(policed, pod("free", container="profiles/team-b/web.json")) is None
    assert refused(policed, pod("team-b", container="profiles/team-b/web.json")) is None
    assert refused(policed, pod("team-b", container="profiles/team-a/web.json"))


def test_ephemeral_containers_too_and_older_pods_stay_usable(policed):
    """A pod from before the policy names what it should not: it can be debugged and changed, but not that way."""
    older = pod("free", container="profiles/team-b/web.json")
    policed.apply(older)
    policed.kubectl("label", "namespace", "free", "unpoliced-")
    try:
        def debug(profile):
            container = {"name": "debug", "image": "app", **seccomp(profile)}
            current = json.loads(policed.kubectl("get", "-n", "free", "pod/app", "-o", "json").stdout)
            current["spec"]["ephemeralContainers"] = [container]
            return policed.kubectl("replace", "--raw", "/api/v1/namespaces/free/pods/app/ephemeralcontainers?dryRun=All",
                                   "-f", "-", check=False, input=json.dumps(current))
        eventually(lambda: debug("profiles/team-b/x.json").returncode, message="the namespace's label seen")
        assert "seccomp profile profiles/team-b/x.json: pods of namespace free" in debug("profiles/team-b/x.json").stderr
        for fine in ("profiles/free/x.json", None):
            completed = debug(fine)
            assert completed.returncode == 0, completed.stderr
        policed.kubectl("label", "-n", "free", "pod/app", "seen=yes")
        assert refused(policed, {**pod("free", container="profiles/team-b/web.json"), "metadata": {
            "name": "newer", "namespace": "free"}})
    finally:
        policed.kubectl("delete", "-n", "free", "pod/app", "--force", "--grace-period=0")


def test_the_policy_where_profiles_have_no_directory_of_their_own(policed):
    values = {"subdir": ".", "admissionPolicy": {"enabled": True}}
    found = [each for each in render(values=values) if each["kind"].startswith("ValidatingAdmissionPolicy")]
    assert not policed.apply(*found, dry_run=True).stderr
    (prefixes,) = [each["expression"] for each in found[0]["spec"]["variables"] if each["name"] == "prefixes"]
    assert prefixes.startswith('[""].map')
