# SPDX-License-Identifier: Apache-2.0
"""A whole Kubernetes cluster of one node, in the namespaces that inside.sh made for the test that runs in them.

etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kubelet are the real ones, as are containerd, runc and
the CNI plugins. Nothing is pulled. What they log stays in build/e2e."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import containerd
import images
from node import BUILD, ROOT

LOGS = BUILD / "e2e"
KUBELET_ROOT = pathlib.Path("/var/lib/kubelet")
POD_LOGS = pathlib.Path("/var/log/pods")
NODE = "node"
NODE_ADDRESS = "10.77.0.1"
SERVER = f"https://{NODE_ADDRESS}:6443"
SYNC_FREQUENCY = "2s"
PATIENCE = 90.0
# user, uid, groups
IDENTITIES = {
    "admin": "admin,1,system:masters",
    "controllers": "controllers,2,system:masters",
    "scheduler": "system:kube-scheduler,3",
    "kubelet": f"system:node:{NODE},4,system:nodes",
}

CNI = {
    "cniVersion": "0.4.0", "name": "pods", "plugins": [
        {"type": "bridge", "bridge": "pods", "isGateway": True, "hairpinMode": True,
         "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.78.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
    ],
}

CONTAINERD_CNI = """
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "{conf_dir}"
"""

# What differs from the defaults: cgroups of either version and none by systemd, no right to lower an OOM score or to
# raise limits, a disk that may be full; and volumes brought up to date every 2 s instead of every minute.
KUBELET_CONFIG = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
    "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
    "authorization": {"mode": "AlwaysAllow"},
    "cgroupDriver": "cgroupfs", "failCgroupV1": False, "failSwapOn": False, "oomScoreAdj": 0, "maxOpenFiles": 1024,
    "evictionHard": {name: "0%" for name in ("memory.available", "nodefs.available", "nodefs.inodesFree",
                                             "imagefs.available", "imagefs.inodesFree")},
    "imageGCHighThresholdPercent": 100, "resolvConf": "", "volumePluginDir": str(KUBELET_ROOT / "volume-plugins"),
    "clusterDNS": ["10.79.0.10"], "syncFrequency": SYNC_FREQUENCY,
    "crashLoopBackOff": {"maxContainerRestartPeriod": "2s"},
}


def eventually(check, timeout=PATIENCE, message="condition"):
    """node.eventually for what costs a kubectl to ask; `message` may be a function."""
    deadline = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {message() if callable(message) else message}")
        time.sleep(0.2)


class Here:
    """What containerd.Containerd wants of Namespaces, where the test itself is inside already."""

    def run(self, *command, check=True, timeout=PATIENCE, **more):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=timeout,
                              **more)
        if check and done.returncode != 0:
            raise containerd.CommandFailed(command, done)
        return done

    def start(self, *command, **popen):
        return subprocess.Popen(list(map(str, command)), **popen)

    @staticmethod
    def stop(process, how=signal.SIGTERM):
        process.send_signal(how)
        return process.wait(PATIENCE)

    def close(self):
        pass


class Component:
    """A program of the cluster; what it says goes to build/e2e/NAME.log."""

    def __init__(self, name, *argv):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.log_path = LOGS / f"{name}.log"
        self.process = None
        self.start()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env={**os.environ, "AWS_EC2_METADATA_DISABLED": "true"})

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(PATIENCE)

    def assert_runs(self):
        assert self.process.poll() is None, f"{self.name} ended:\n{self.log_tail()}"

    def log_tail(self):
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-20:])


class Cluster:
    def __init__(self):
        self.dir = pathlib.Path(os.environ["E2E_STATE"])
        self.here = Here()
        shutil.rmtree(LOGS, ignore_errors=True)
        LOGS.mkdir(parents=True)
        self.tools = containerd.tool("kubelet").parent
        self.components = {}
        self.containerd = None
        self.env = {**os.environ, "KUBECONFIG": str(self.dir / "admin.conf"), "HOME": str(self.dir),
                    "PATH": f"{self.tools}:{os.environ['PATH']}"}

    # --- its parts ---

    def start(self):
        self._start_containerd()
        self._start_control_plane()
        self._start_kubelet()
        eventually(self._is_node_ready, message=lambda: self._why("kubelet"))

    def close(self):
        """Keeps what was said; all that runs ends with the namespaces."""
        for name, words in (("events", ["get", "events"]), ("objects", ["describe", "pods,daemonsets,nodes"])):
            (LOGS / f"{name}.txt").write_text(self.kubectl(*words, "-A", check=False).stdout)
        if POD_LOGS.exists():
            shutil.copytree(POD_LOGS, LOGS / "pods")

    def _run(self, name, *argv):
        self.components[name] = Component(name, self.tools / name, *argv)

    def _why(self, name):
        return self.kubectl("get", "nodes", check=False).stderr + self.components[name].log_tail()

    def _start_containerd(self):
        conf_dir = self.dir / "cni"
        conf_dir.mkdir()
        (conf_dir / "10-pods.conflist").write_text(json.dumps(CNI))
        home = self.dir / "containerd"
        home.mkdir()
        self.containerd = containerd.Containerd(home, self.here, more=CONTAINERD_CNI.format(conf_dir=conf_dir))
        self.containerd.log_path = LOGS / "containerd.log"
        self.containerd.start()
        for archive in images.write_standard_images(home):
            self.containerd.import_image(archive)

    def _start_control_plane(self):
        self._run("etcd", "--data-dir", self.dir / "etcd", "--unsafe-no-fsync", "--log-level=warn")
        key, pki = self.dir / "service-account.key", self.dir / "pki"
        self.here.run("openssl", "genrsa", "-out", key, "2048")
        (self.dir / "tokens.csv").write_text(
            "".join(f"{name}-token,{identity}\n" for name, identity in IDENTITIES.items()))
        self._run("kube-apiserver", "--etcd-servers=http://127.0.0.1:2379", f"--cert-dir={pki}",
                  f"--advertise-address={NODE_ADDRESS}", f"--token-auth-file={self.dir / 'tokens.csv'}",
                  "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
                  "--service-cluster-ip-range=10.79.0.0/24", "--service-account-issuer=https://cluster.test",
                  f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
                  "--kubelet-preferred-address-types=InternalIP")
        eventually(lambda: (pki / "apiserver.crt").exists(), message=lambda: self._why("kube-apiserver"))
        for name in IDENTITIES:
            self._write_kubeconfig(name, pki / "apiserver.crt")
        eventually(self._is_served, message=lambda: self._why("kube-apiserver"))
        self._run("kube-controller-manager", f"--kubeconfig={self.dir / 'controllers.conf'}", "--leader-elect=false",
                  f"--service-account-private-key-file={key}", f"--root-ca-file={pki / 'apiserver.crt'}")
        self._run("kube-scheduler", f"--kubeconfig={self.dir / 'scheduler.conf'}", "--leader-elect=false")

    def _start_kubelet(self):
        config = self.dir / "kubelet.yaml"
        config.write_text(json.dumps({
            **KUBELET_CONFIG, "containerRuntimeEndpoint": f"unix://{self.containerd.socket}"}))
        self._run("kubelet", f"--config={config}", f"--kubeconfig={self.dir / 'kubelet.conf'}",
                  f"--root-dir={KUBELET_ROOT}", f"--hostname-override={NODE}", f"--node-ip={NODE_ADDRESS}")

    def _write_kubeconfig(self, name, ca):
        (self.dir / f"{name}.conf").write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "cluster",
            "clusters": [{"name": "cluster", "cluster": {"server": SERVER, "certificate-authority": str(ca)}}],
            "users": [{"name": name, "user": {"token": f"{name}-token"}}],
            "contexts": [{"name": "cluster", "context": {"cluster": "cluster", "user": name}}]}))

    def _is_served(self):
        self.components["kube-apiserver"].assert_runs()
        return self.kubectl("get", "--raw", "/readyz", check=False).returncode == 0

    def _is_node_ready(self):
        self.components["kubelet"].assert_runs()
        done = self.kubectl("get", "node", NODE, "-o", "json", check=False)
        if done.returncode != 0:
            return False
        return any(condition["type"] == "Ready" and condition["status"] == "True"
                   for condition in json.loads(done.stdout)["status"]["conditions"])

    def restart_kubelet(self):
        """Kills the kubelet and starts it again, until the new one has said that the node is well."""
        def renewed():
            return self.get("lease", NODE, "-n", "kube-node-lease")["spec"]["renewTime"]
        kubelet, last = self.components["kubelet"], renewed()
        kubelet.stop(signal.SIGKILL)
        kubelet.start()
        eventually(lambda: renewed() != last and self._is_node_ready(), message=lambda: self._why("kubelet"))

    # --- its user ---

    def kubectl(self, *arguments, check=True, **more):
        return self.here.run(self.tools / "kubectl", *arguments, check=check, env=self.env, **more)

    def helm(self, *arguments, check=True, **more):
        return self.here.run(self.tools / "helm", *arguments, check=check, env=self.env, timeout=180, **more)

    def get(self, *arguments):
        """An object or a list, as the API has it."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json").stdout)

    def apply(self, *objects):
        self.kubectl("apply", "-f", "-", input="\n---\n".join(json.dumps(one) for one in objects))
