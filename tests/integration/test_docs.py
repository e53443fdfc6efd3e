# SPDX-License-Identifier: Apache-2.0
"""The pages of docs/ say what the programs do: their examples are run."""

import hashlib
import json
import platform
import re
import subprocess

import pytest
from node import ROOT, SECCOMPCTL, SECCOMPD, seccompctl


def test_help_and_the_manual_pages_name_every_option():
    for program, source, page in [(SECCOMPD, "daemon/options.c", "seccompd.8"),
                                  ((SECCOMPCTL, "check"), "ctl/cmd_check.c", "seccompctl-check.1"),
                                  ((SECCOMPCTL, "compile"), "ctl/cmd_compile.c", "seccompctl-compile.1"),
                                  ((SECCOMPCTL, "explain"), "ctl/cmd_explain.c", "seccompctl-explain.1"),
                                  ((SECCOMPCTL, "diff"), "ctl/cmd_diff.c", "seccompctl-diff.1"),
                                  ((SECCOMPCTL, "status"), "ctl/cmd_status.c", "seccompctl-status.1")]:
        program = program if isinstance(program, tuple) else (program,)
        text = subprocess.run([*program, "--help"], capture_output=True, text=True, check=True).stdout
        manual = (ROOT / "docs" / "man" / page).read_text().replace("\\-", "-")
        options = re.findall(r'\{ "([a-z-]+)", (?:no|required)_argument', (ROOT / "agent" / source).read_text())
        assert len(options) >= 3
        for option in options:
            assert f"--{option}" in text, (program, option)
            assert re.search(rf"Fl -{option}\b", manual), (page, option)
        named = set(re.findall(r"^\.It (?:Fl \w , )?Fl -([a-z-]+)", manual, re.MULTILINE))
        assert named <= set(options), (page, named - set(options))


def test_every_command_has_a_page_and_the_pages_know_each_other():
    pages = {path.name: path.read_text() for path in (ROOT / "docs" / "man").iterdir()}
    commands = re.findall(r"^  ([a-z]+) ", subprocess.run([SECCOMPCTL, "--help"], capture_output=True, text=True,
                                                         check=True).stdout, re.MULTILINE)
    assert commands == ["check", "compile", "explain", "diff", "status"]
    assert set(pages) == {"seccompd.8", "seccompctl.1", *(f"seccompctl-{command}.1" for command in commands)}
    for command in commands:
        assert f".Xr seccompctl-{command} 1" in pages["seccompctl.1"]
    for name, text in pages.items():
        title = re.search(r"^\.Dt (\S+) (\d)$", text, re.MULTILINE)
        assert f"{title[1].lower()}.{title[2]}" == name
        for target, section in re.findall(r"^\.Xr (seccomp[a-z-]*) (\d)", text, re.MULTILINE):
            assert f"{target}.{section}" in pages or target == "seccomp", (name, target)


def test_the_rule_pages_tell_the_truth(tmp_path):
    """Every rule has its section; what it calls bad is found, what it calls good is not."""
    if platform.machine() != "x86_64":
        pytest.skip("the examples are of an x86_64 node")
    kinds = {"FIXED": "*error, fixed*", "ERROR": "*error*", "WARNING": "*warning*", "INFO": "*info*", "LATE": "*info*"}
    source = (ROOT / "agent" / "profile" / "rules.c").read_text()
    catalogue = {rule: (kinds[kind], summary) for kind, rule, summary in re.findall(
        r'^ +(FIXED|ERROR|WARNING|INFO|LATE)\((SP\d+), "(.*)"\),$', source, re.MULTILINE)}
    sections = re.split(r"^## ", (ROOT / "docs" / "rules.md").read_text(), flags=re.MULTILINE)[1:]
    assert {section.partition("\n")[0].partition(": ")[0] for section in sections} == set(catalogue)
    n_examples = 0
    for section in sections:
        rule, _, summary = section.partition("\n")[0].partition(": ")
        assert (section.splitlines()[2], summary) == catalogue[rule]
        owner = re.search(r"^```config owner\n(.*?)\n```$", section, re.MULTILINE | re.DOTALL)
        (tmp_path / rule).mkdir()
        (tmp_path / rule / "owner").write_text(owner.group(1) if owner else "")
        for language, kind, text in re.findall(r"^```(\w+) (bad|good)\n(.*?)\n```$", section, re.MULTILINE | re.DOTALL):
            if language == "json":
                (tmp_path / rule / f"{kind}.json").write_text(text)
                n_examples += 1
    assert n_examples > 120
    lies = []
    for directory in tmp_path.iterdir():
        result = seccompctl("check", "--format", "json", "--config", directory / "owner", directory)
        for entry in json.loads(result.stdout)["files"] if list(directory.glob("*.json")) else []:
            is_found = directory.name in [diagnostic["rule"] for diagnostic in entry["diagnostics"]]
            if is_found != (entry["file"] == str(directory / "bad.json")):
                lies.append(entry["file"])
    assert not lies


def test_the_example_of_the_canonical_form_is_right():
    if platform.machine() != "x86_64":
        pytest.skip("the example is of an x86_64 node")
    page = (ROOT / "docs" / "canonical-form.md").read_text()
    source, canonical = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert seccompctl("compile", "-", stdin=source.encode()).stdout.decode() == canonical


def test_the_example_of_a_check_in_json_is_right(tmp_path):
    page = (ROOT / "docs" / "check.md").read_text()
    example = json.loads(re.search(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL).group(1))
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "web.json").write_text('{\n  "defaultAction": "SCMP_ACT_ALOW"\n}\n')
    out = subprocess.run([SECCOMPCTL.resolve(), "check", "--format", "json", "profiles"], cwd=tmp_path,
                         capture_output=True, check=False).stdout
    result = json.loads(out)
    assert list(result) == list(example) and list(result["node"]) == list(example["node"])
    del result["node"], example["node"]
    assert result == example


EXAMPLES = ROOT / "deploy" / "examples" / "profiles"


def blocks(page):
    """The blocks of the page that name no language."""
    return re.findall(r"^```\n(.*?\n)```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)


def test_the_readme_shows_what_seccompctl_says():
    """Every line of it, in order; `...` stands for some. Only commands on files of this tree can be run."""
    if platform.machine() != "x86_64":
        pytest.skip("the examples are of an x86_64 node")
    shown = [each.splitlines() for block in blocks("README.md") for each in block.split("$ build/seccompctl ")[1:]]
    runnable = [(command.split(), lines) for command, *lines in shown if re.search(" (tests|deploy)/", command)]
    assert len(runnable) == 2
    for command, lines in runnable:
        said = subprocess.run([SECCOMPCTL.resolve(), *command], cwd=ROOT, capture_output=True, text=True,
                              check=False).stdout.splitlines()
        for line in filter(lambda line: line != "...", lines):
            assert line in said, command
            del said[:said.index(line) + 1]


@pytest.mark.parametrize("page", ["README.md", "docs/install.md"])
def test_the_tables_of_status_hold_what_the_examples_become(page):
    if platform.machine() != "x86_64":
        pytest.skip("the examples are of an x86_64 node")
    (table,) = (block for block in blocks(page) if block.startswith("PROFILE "))
    for row in table.splitlines()[1:]:
        name, state, digest, _, *finding = row.split(maxsplit=4)
        profile = EXAMPLES / name
        if finding and state == "installed":
            place, message = re.fullmatch(r"(\d+:\d+): (.*) \[SP\d+\]", finding[0]).groups()
            out = seccompctl("check", "--info", profile).stdout.decode()
            assert re.search(rf":{place}: \w+: {re.escape(message)} \[SP", out), row
        if name != "deny-by-default.json":  # the demo has updated it
            canonical = seccompctl("compile", profile).stdout
            assert digest == "sha256:" + hashlib.sha256(canonical).hexdigest()[:12], row


def test_the_limits_are_those_of_the_source():
    source = (ROOT / "agent" / "profile" / "limits.h").read_text()
    page = (ROOT / "docs" / "limits.md").read_text().replace("1 MiB", str(1 << 20))
    told = {name: int(value.replace(",", "")) for name, value in
            re.findall(r"^\| `(LIMIT_\w+)` \| ([\d,]+)", page, re.MULTILINE)}
    assert told == {name: int(value) << int(shift or 0) for name, value, shift in
                    re.findall(r"^#define (LIMIT_\w+) +\(?(\d+)U(?: << (\d+)\))?", source, re.MULTILINE)}
