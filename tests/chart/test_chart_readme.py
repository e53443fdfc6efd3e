# SPDX-License-Identifier: Apache-2.0
"""The README's table is what the values' comments say."""

import shutil
import subprocess

from chart import CHART, ROOT

TOOL = ROOT / "tests" / "tools" / "chart-readme.py"


def run(tool, *arguments):
    return subprocess.run([str(tool), *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_the_readme_is_what_the_values_say():
    completed = run(TOOL, "--check")
    assert completed.returncode == 0, completed.stderr


def test_a_stale_table_and_a_value_without_a_comment_are_found(tmp_path):
    tool = tmp_path / "tests" / "tools" / "chart-readme.py"
    tool.parent.mkdir(parents=True)
    shutil.copy(TOOL, tool)
    copy = tmp_path / "helm" / "seccompd"
    copy.mkdir(parents=True)
    for name in ("README.md", "values.yaml"):
        shutil.copy(CHART / name, copy / name)
    values = (CHART / "values.yaml").read_text()
    (copy / "values.yaml").write_text(values.replace("rescan: 60s", "rescan: 61s"))
    completed = run(tool, "--check")
    assert completed.returncode == 1 and "make chart-readme" in completed.stderr
    assert run(tool).returncode == 0 and "`61s`" in (copy / "README.md").read_text()
    assert run(tool, "--check").returncode == 0
    (copy / "values.yaml").write_text(values + "\nundocumented:\n  key: 1\n")
    completed = run(tool, "--check")
    assert completed.returncode == 1 and "no comment above undocumented.key" in completed.stderr
