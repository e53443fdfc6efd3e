# SPDX-License-Identifier: Apache-2.0
"""The hook for pre-commit, by pre-commit itself: a repository that uses it, and commits in it."""

import json
import os
import shutil
import subprocess

import pytest
from node import BUILD, ROOT, profile

BAD = b'{\n  "defaultAction": "SCMP_ACT_ALOW"\n}\n'

pytestmark = pytest.mark.skipif(not shutil.which("pre-commit") or not shutil.which("git"),
                                reason="pre-commit or git is not installed")


class Repository:
    def __init__(self, path, environment):
        self.path, self.environment = path, environment
        path.mkdir()
        self.run("git", "init", "--quiet")

    def run(self, *command, status=0):
        result = subprocess.run([str(word) for word in command], cwd=self.path, env=self.environment, capture_output=True,
                                text=True, timeout=120, check=False)
        assert result.returncode == status, result.stdout + result.stderr
        return result.stdout + result.stderr

    def write(self, name, data):
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_bytes(data)
        self.run("git", "add", name)


@pytest.fixture
def environment(tmp_path):
    return {"PATH": f"{BUILD.resolve()}:{os.environ['PATH']}", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8",
            "PRE_COMMIT_HOME": str(tmp_path / "cache"), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
            **{f"GIT_{who}_{what}": value for who in ["AUTHOR", "COMMITTER"]
               for what, value in [("NAME", "test"), ("EMAIL", "test@example.test")]}}


@pytest.fixture
def using(tmp_path, environment):
    """A repository whose commits are checked by the hook; `configure` sets its options."""
    hooks = Repository(tmp_path / "hooks", environment)
    hooks.write(".pre-commit-hooks.yaml", (ROOT / ".pre-commit-hooks.yaml").read_bytes())
    hooks.run("git", "commit", "--quiet", "--message", "hooks")
    revision = hooks.run("git", "rev-parse", "HEAD").strip()
    user = Repository(tmp_path / "user", environment)

    def configure(**options):
        user.write(".pre-commit-config.yaml", json.dumps({"repos": [
            {"repo": str(hooks.path), "rev": revision, "hooks": [{"id": "seccompctl-check", **options}]}]}).encode())
    configure()
    user.configure = configure
    user.run("pre-commit", "install")
    return user


def test_the_manifest_is_valid(environment):
    subprocess.run(["pre-commit", "validate-manifest", ".pre-commit-hooks.yaml"], cwd=ROOT, env=environment, check=True,
                   timeout=60)


def test_a_bad_profile_cannot_be_committed(using):
    using.write("seccomp/web.json", BAD)
    using.write("deploy/db.seccomp.json", profile("read", "write", "execve"))
    said = using.run("git", "commit", "--message", "profiles", status=1)
    assert "check seccomp profiles" in said and "Failed" in said
    assert "seccomp/web.json:2:20: error: unknown action `SCMP_ACT_ALOW`" in said
    assert "help: did you mean `SCMP_ACT_ALLOW`?" in said
    assert "2 files: 1 error" in said, "one run for all files"
    using.write("seccomp/web.json", BAD.replace(b"ALOW", b"ERRNO"))
    assert "Passed" in using.run("git", "commit", "--message", "profiles")
    assert using.run("git", "log", "--format=%s").strip() == "profiles"


def test_other_files_are_none_of_its_business(using):
    using.write("package.json", b'{"name": "x"}')
    using.write("seccomp/README.md", b"# no profile")
    assert "Skipped" in using.run("git", "commit", "--message", "others")


def test_the_options_are_checks_own(using):
    using.configure(args=["--fail-on", "warning", "--node", "arch=arm64"], files="^profiles/")
    using.write("profiles/web.json", profile("read"))
    said = using.run("pre-commit", "run", "--all-files", status=1)
    assert "SP801" in said and "on a node with arch=arm64" in said
