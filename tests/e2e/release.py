# SPDX-License-Identifier: Apache-2.0
"""A release of the chart in a cluster, and the agent's pod that comes of it."""

import http.client
import json
import pathlib

from cluster import KUBELET_ROOT, eventually
from node import ROOT

CHART = ROOT / "helm" / "seccompd"
PORT = 10478


class Release:
    def __init__(self, cluster, name, namespace, image, subdir="profiles", kubelet_root=KUBELET_ROOT):
        self.cluster = cluster
        self.name = name
        self.namespace = namespace
        self.image = image
        self.subdir = subdir
        self.destination = pathlib.Path(kubelet_root) / "seccomp" / subdir
        repository, tag = image.rsplit(":", 1)
        self.values = {"image": {"repository": repository, "tag": tag, "pullPolicy": "Never"}, "subdir": subdir,
                       "kubeletRootDir": str(kubelet_root), "terminationGracePeriodSeconds": 5}

    # --- helm ---

    def install(self, wait=True, **values):
        """`helm install`; its output, the notes with it."""
        return self._helm("install", values, wait, "--create-namespace")

    def upgrade(self, wait=True, **values):
        """`helm upgrade` with all values said so far and these."""
        return self._helm("upgrade", values, wait)

    def uninstall(self):
        """Until no pod is left: one on its way out could take the lock of a node from the next one."""
        self.cluster.helm("uninstall", self.name, "-n", self.namespace, "--wait")
        self.cluster.kubectl("wait", "--for=delete", "pod", "-n", self.namespace, "-l", self._selector, "--timeout=60s",
                             timeout=70)

    def _helm(self, verb, values, wait, *options):
        self.values.update(values)
        path = self.cluster.dir / f"{self.namespace}-{self.name}.json"
        path.write_text(json.dumps(self.values))
        output = self.cluster.helm(verb, self.name, CHART, "-n", self.namespace, "-f", path, *options).stdout
        if wait:
            self.wait_rolled_out()
        return output

    def wait_rolled_out(self):
        done = self.cluster.kubectl("rollout", "status", self.daemon_set, "-n", self.namespace, "--timeout=90s",
                                    check=False, timeout=100)
        assert done.returncode == 0, f"{done.stderr}{self.describe()}"

    # --- kubectl ---

    @property
    def daemon_set(self):
        return "daemonset/" + (self.name if "seccompd" in self.name else f"{self.name}-seccompd")

    def kubectl(self, *arguments, **more):
        return self.cluster.kubectl("-n", self.namespace, *arguments, **more)

    def describe(self):
        return "\n".join(self.kubectl(*words, check=False).stdout for words in (
            ("describe", "pods", "-l", self._selector), ("logs", "-l", self._selector, "--tail=20")))

    @property
    def _selector(self):
        return f"app.kubernetes.io/instance={self.name},app.kubernetes.io/component=agent"

    def pods(self):
        """The agent's pods that are not on their way out."""
        pods = self.cluster.get("pods", "-n", self.namespace, "-l", self._selector)["items"]
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def pod(self):
        """The one pod, once its container was made."""
        def made():
            pods = self.pods()
            return pods[0] if len(pods) == 1 and pods[0]["status"].get("containerStatuses") else None
        return eventually(made, message=self.describe)

    def container(self):
        return self.pod()["status"]["containerStatuses"][0]

    def is_ready(self):
        return self.container()["ready"]

    def pid(self):
        return self.cluster.containerd.pid(self.container()["containerID"].partition("//")[2])

    def volume(self, source=0):
        """Where the kubelet writes a source's ConfigMap."""
        uid = self.pod()["metadata"]["uid"]
        return KUBELET_ROOT / "pods" / uid / "volumes" / "kubernetes.io~configmap" / f"source-{source}"

    def seccompctl(self, *arguments, check=False):
        return self.kubectl("exec", self.daemon_set, "--", "seccompctl", *arguments, check=check)

    def status(self):
        """/status as the user gets it; None while there is nobody to ask."""
        done = self.seccompctl("status", "-o", "json")
        return json.loads(done.stdout) if done.returncode in (0, 1) and done.stdout else None

    def profile(self, name):
        status = self.status() or {"profiles": []}
        return next((entry for entry in status["profiles"] if entry["name"] == name), None)

    def wait_state(self, name, state):
        def has_state():
            entry = self.profile(name)
            return entry if entry and entry["state"] == state else None
        return eventually(has_state, message=lambda: f"{name} is not {state}: {self.profile(name)}\n{self.describe()}")

    # --- the pod's port ---

    def http(self, path):
        """Status and text of what the pod answers over TCP."""
        connection = http.client.HTTPConnection(self.pod()["status"]["podIP"], PORT, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def wait_complaint(self, check):
        """The line of /readyz?verbose that says why this check fails, once it does and the pod is unready by it."""
        def complaint():
            if not self.pod()["status"].get("podIP"):
                return None
            try:
                code, text = self.http("/readyz?verbose")
            except OSError:  # not up yet
                return None
            lines = [line for line in text.splitlines() if line.startswith(f"[-]{check} ")]
            return lines[0] if code == 503 and lines else None
        return eventually(complaint, message=self.describe)

    def metric(self, series):
        """The value of one series; None where there is none."""
        for line in self.http("/metrics")[1].splitlines():
            if line.startswith(series + " "):
                return float(line.rsplit(" ", 1)[1])
        return None
