# SPDX-License-Identifier: Apache-2.0
"""A real kube-apiserver and its etcd on loopback, for tests that ask what the API accepts. No controllers run."""

import json
import os
import pathlib
import socket
import subprocess
import time

GO_TOOLS = pathlib.Path(__file__).resolve().parents[1] / "tools" / "go-tools.sh"
PATIENCE = 120.0


def tools(*names):
    """The directory with these Go tools; built first if they are not there."""
    return pathlib.Path(subprocess.run(
        [str(GO_TOOLS), *names], stdout=subprocess.PIPE, text=True, check=True).stdout.strip())


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class ApiServer:
    """Started in a directory of its own; `kubectl()` speaks to it as a cluster admin."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.bin = tools("etcd", "kube-apiserver", "kubectl")
        self.kubeconfig = self.dir / "admin.conf"
        self.processes = {}

    def start(self):
        client, peer, secure = free_ports(3)
        etcd = f"http://127.0.0.1:{client}"
        self._run("etcd", f"--data-dir={self.dir / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn",
                  f"--listen-client-urls={etcd}", f"--advertise-client-urls={etcd}",
                  f"--listen-peer-urls=http://127.0.0.1:{peer}")
        key, tokens, pki = self.dir / "service-account.key", self.dir / "tokens.csv", self.dir / "pki"
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], capture_output=True, check=True)
        tokens.write_text("admin-token,admin,admin,system:masters\n")
        # Without controllers no namespace gets its service account, which that plugin would wait for.
        self._run("kube-apiserver", f"--etcd-servers={etcd}", "--bind-address=127.0.0.1",
                  f"--secure-port={secure}", f"--cert-dir={pki}", f"--token-auth-file={tokens}",
                  "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
                  "--service-cluster-ip-range=10.79.0.0/24", "--service-account-issuer=https://cluster.test",
                  f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
                  "--endpoint-reconciler-type=none")
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "chart",
            "clusters": [{"name": "chart", "cluster": {"server": f"https://127.0.0.1:{secure}",
                                                       "certificate-authority": str(pki / "apiserver.crt")}}],
            "users": [{"name": "admin", "user": {"token": "admin-token"}}],
            "contexts": [{"name": "chart", "context": {"cluster": "chart", "user": "admin"}}]}))
        deadline = time.monotonic() + PATIENCE
        while self.kubectl("get", "--raw", "/readyz", check=False).returncode != 0:
            self._assert_runs()
            assert time.monotonic() < deadline, "kube-apiserver does not become ready:\n" + self._log("kube-apiserver")
            time.sleep(0.5)

    def kubectl(self, *arguments, check=True, **more):
        completed = subprocess.run(
            [str(self.bin / "kubectl"), *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.dir)}, check=False, **more)
        assert not check or completed.returncode == 0, f"kubectl {arguments}: {completed.stderr}"
        return completed

    def apply(self, *objects, check=True, dry_run=False):
        """`dry_run`: everything but the writing, admission included."""
        options = ["--dry-run=server"] if dry_run else []
        return self.kubectl("apply", "--server-side", "--validate=strict", *options, "-f", "-", check=check,
                            input="\n---\n".join(json.dumps(each) for each in objects))

    def stop(self):
        for process in reversed(self.processes.values()):
            process.kill()
            process.wait()

    def _run(self, name, *arguments):
        with open(self.dir / f"{name}.log", "wb") as log:  # they end with us, however we end
            self.processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", str(self.bin / name), *arguments], stdout=log, stderr=log)

    def _assert_runs(self):
        for name, process in self.processes.items():
            assert process.poll() is None, f"{name} ended:\n" + self._log(name)

    def _log(self, name):
        return "\n".join((self.dir / f"{name}.log").read_text(errors="replace").splitlines()[-20:])
