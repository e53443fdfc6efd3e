# SPDX-License-Identifier: Apache-2.0
"""What seccompd writes is what real runtimes enforce."""

import errno
import json
import shutil

import pytest
import runtimes
from node import EXAMPLES, PUBLISHED

RUNTIMES = ["runc", "crun"]


@pytest.fixture(scope="module")
def rootfs(tmp_path_factory):
    return runtimes.build_probe(tmp_path_factory.mktemp("probe"))


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    return request.param


def install(node, name, data):
    """Has seccompd install a profile; the decoded canonical file."""
    node.writer.publish({name: data})
    node.start()
    node.wait_state(name, "installed")
    return json.loads((node.installed / name).read_bytes())


def drop_what_containerd_drops(profile):
    """The raw file as containerd decodes it: only OCI's keys reach the runtime."""
    keys = {"defaultAction", "defaultErrnoRet", "architectures", "flags", "syscalls"}
    rule_keys = {"names", "action", "errnoRet", "args"}
    kept = {key: value for key, value in profile.items() if key in keys}
    kept["syscalls"] = [{key: value for key, value in rule.items() if key in rule_keys}
                        for rule in profile["syscalls"]]
    return kept


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_the_web_server_profile_is_enforced(node, rootfs, runtime, tmp_path, no_new_privileges):
    written = install(node, "web-server.json", (EXAMPLES / "web-server.json").read_bytes())
    calls = ["getpid", "mkdirat", "mount", "unshare", "bpf", "clone3", "socket=1", "socket=2", "socket=16"]
    result = runtimes.run(runtime, tmp_path, rootfs, calls, written, no_new_privileges)
    assert result.seccomp == 2, result.error
    assert result.errno == {
        "getpid": 0, "mkdirat": errno.EFAULT, "mount": errno.EPERM, "unshare": errno.EPERM, "bpf": errno.EPERM,
        "clone3": errno.ENOSYS, "socket=1": 0, "socket=2": 0, "socket=16": errno.EPERM}


def test_the_profiles_own_errno_comes_back(node, rootfs, runtime, tmp_path):
    body = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42},
        {"names": ["sync"], "action": "SCMP_ACT_ERRNO"},
        {"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4094}]}
    written = install(node, "errno.json", json.dumps(body).encode())
    result = runtimes.run(runtime, tmp_path, rootfs, ["getpid", "getppid", "sync", "getpriority"], written)
    assert result.seccomp == 2, result.error
    assert result.errno == {"getpid": 0, "getppid": 42, "sync": errno.EPERM, "getpriority": 4094}


def test_the_audit_profile_lets_everything_through(node, rootfs, runtime, tmp_path):
    written = install(node, "audit.json", (EXAMPLES / "audit.json").read_bytes())
    result = runtimes.run(runtime, tmp_path, rootfs, ["getpid", "unshare", "bpf"], written)
    assert result.seccomp == 2, result.error
    assert result.errno["getpid"] == 0
    assert result.errno["unshare"] == 0
    assert result.errno["bpf"] in (errno.EINVAL, errno.EPERM, errno.EFAULT, errno.E2BIG)


@pytest.mark.parametrize("name", ["deny-by-default.json", "deny-all.json"])
def test_what_sp801_says_is_true_no_container_starts(node, rootfs, runtime, tmp_path, name):
    written = install(node, name, (EXAMPLES / name).read_bytes())
    result = runtimes.run(runtime, tmp_path, rootfs, ["getpid"], written)
    assert result.status != 0 and result.errno == {}


def test_the_published_docker_format_is_tamed(node, rootfs, runtime, tmp_path):
    """Podman's default, as Debian ships it. It gives mount, unshare and setns to everybody itself."""
    if not PUBLISHED.exists():
        pytest.skip("golang-github-containers-common is not installed")
    raw = PUBLISHED.read_bytes()
    written = install(node, "docker.json", raw)
    tamed = runtimes.run(runtime, tmp_path, rootfs, ["getpid", "bpf", "perf_event_open"], written)
    assert tamed.seccomp == 2, tamed.error
    assert tamed.errno == {"getpid": 0, "bpf": errno.EPERM, "perf_event_open": errno.EPERM}
    raw_result = runtimes.run(runtime, tmp_path, rootfs, ["getpid", "perf_event_open"],
                              drop_what_containerd_drops(json.loads(raw)))
    # the kernel itself answers (a bad address): the filter let it through
    assert raw_result.errno == {"getpid": 0, "perf_event_open": errno.EFAULT}


def test_conditions_that_containerd_drops_hold_in_the_canonical_file(node, rootfs, runtime, tmp_path):
    raw = (EXAMPLES / "docker-format.json").read_bytes()
    written = install(node, "docker-format.json", raw)
    calls = ["getpid", "mount", "unshare", "setns", "bpf", "ptrace", "clone3"]
    result = runtimes.run(runtime, tmp_path, rootfs, calls, written)
    assert result.seccomp == 2, result.error
    assert result.errno == {
        "getpid": 0, "mount": errno.EPERM, "unshare": errno.EPERM, "setns": errno.EPERM, "bpf": errno.EPERM,
        "ptrace": errno.EPERM, "clone3": errno.ENOSYS}
    raw_result = runtimes.run(runtime, tmp_path, rootfs, ["mount", "unshare", "setns"],
                              drop_what_containerd_drops(json.loads(raw)))
    # the kernel's own answers: unshare(0) succeeds, the others fail for their arguments
    assert raw_result.errno == {"mount": errno.EFAULT, "unshare": 0, "setns": errno.EBADF}


def test_kill_process_ends_the_container(node, rootfs, runtime, tmp_path):
    body = {"defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_KILL_PROCESS"}]}
    written = install(node, "kill.json", json.dumps(body).encode())
    result = runtimes.run(runtime, tmp_path, rootfs, ["getpid", "getppid", "sync"], written)
    assert result.errno == {"getpid": 0}
    assert result.status in (159, 31, -31)
