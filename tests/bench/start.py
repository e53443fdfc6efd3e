# SPDX-License-Identifier: Apache-2.0
"""How long a container takes to start with the canonical file, against what its author wrote."""

import json
import shutil
import subprocess
import time

import lab
import runtimes

ROUNDS = 60
WEB = lab.integration.EXAMPLES / "web-server.json"


def as_docker_resolves(profile):
    """Docker's format as Docker and Podman hand it to the runtime: in the author's order, unknown names and all."""
    caps = set(runtimes.CAPABILITIES)
    kept = []
    for rule in profile["syscalls"]:
        includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
        if not set(includes.get("caps") or []) <= caps or set(excludes.get("caps") or []) & caps:
            continue
        if includes.get("arches") and "amd64" not in includes["arches"]:
            continue
        wanted = {"names": rule["names"], "action": rule["action"]}
        if rule.get("errnoRet") is not None:
            wanted["errnoRet"] = rule["errnoRet"]
        if rule.get("args"):
            wanted["args"] = rule["args"]
        kept.append(wanted)
    sub = next(row for row in profile["archMap"] if row["architecture"] == "SCMP_ARCH_X86_64")
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile["defaultErrnoRet"],
            "architectures": [sub["architecture"], *sub["subArchitectures"]], "syscalls": kept}


def profiles():
    """What the author wrote and what seccompd makes of it, decoded."""
    published = lab.published()
    return {
        "the example web-server": (json.loads(WEB.read_bytes()), json.loads(lab.canonical(WEB.read_bytes()))),
        "Podman's default": (as_docker_resolves(published), json.loads(lab.canonical(json.dumps(published).encode()))),
    }


class Container:
    """A bundle that makes one call and ends."""

    def __init__(self, place, runtime, rootfs, seccomp):
        self.bundle = place.place()
        (self.bundle / "config.json").write_text(json.dumps(runtimes.spec(rootfs, ["getpid"], seccomp)))
        self.runtime, self.n = runtime, 0

    def start(self):
        """Runs it once; seconds from the call to its end."""
        self.n += 1
        argv = [self.runtime, "--root", self.bundle / "state", "run", "--bundle", self.bundle,
                f"seccompd-bench-{self.bundle.name}-{self.n}"]
        begin = time.monotonic()
        ran = subprocess.run(argv, capture_output=True, text=True, check=False)
        took = time.monotonic() - begin
        if ran.returncode != 0 or "Seccomp 2" not in ran.stdout:
            raise lab.CannotRun(f"{self.runtime} exited with {ran.returncode}: {ran.stderr.strip()}")
        return took


def start(place):
    if lab.os.geteuid() != 0:
        raise lab.CannotRun("needs root: runtimes make namespaces and cgroups")
    if runtimes.is_hybrid():
        # crun takes a hybrid tree for a unified one unless the v2 part is out of sight; these mounts are our own
        subprocess.run(["umount", "/sys/fs/cgroup/unified"], check=True)
    rootfs = runtimes.build_probe(place.place())
    rows = []
    for runtime in ("runc", "crun"):
        if not shutil.which(runtime):
            raise lab.CannotRun(f"{runtime} is not installed")
        for name, (written, canonical) in profiles().items():
            ours, bound = (Container(place, runtime, rootfs, seccomp) for seccomp in (canonical, written))
            took = lab.alternate(ROUNDS, ours.start, bound.start)
            rows.append(lab.against(f"{runtime}: a container with {name} (bound: as written)", *took, 1.05))
    return rows
