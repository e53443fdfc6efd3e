# SPDX-License-Identifier: Apache-2.0
"""The alerts fire for what they are for; the PrometheusRule and the docs say the same."""

import json
import pathlib
import re
import subprocess

import yaml
from chart import CHART, ROOT, render, the

ALERTS = CHART / "files" / "alerts.yaml"


def promtool(*arguments):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)


def rules(groups):
    return [rule for group in groups for rule in group["rules"]]


def test_the_rules_fire_when_they_should_and_only_then(tmp_path):
    tests = yaml.safe_load((pathlib.Path(__file__).with_name("alerts_test.yaml")).read_text())
    named = {each["alertname"] for test in tests["tests"] for each in test["alert_rule_test"] if each.get("exp_alerts")}
    assert named == {rule["alert"] for rule in rules(yaml.safe_load(ALERTS.read_text())["groups"])}, "each fires somewhere"
    (tmp_path / "tests.yaml").write_text(json.dumps({**tests, "rule_files": [str(ALERTS)]}))
    completed = promtool("test", "rules", tmp_path / "tests.yaml")
    assert completed.returncode == 0, completed.stdout + completed.stderr


def test_the_prometheus_rule_is_the_file(tmp_path):
    values = {"prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}}, "fullnameOverride": "agent"}
    rule = the("PrometheusRule", render(values=values))
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    assert rule["spec"] == yaml.safe_load(ALERTS.read_text().replace("ds/seccompd", "ds/agent"))
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rule["spec"]))
    completed = promtool("check", "rules", tmp_path / "rules.yaml")
    assert completed.returncode == 0 and "9 rules found" in completed.stdout


def test_each_alert_says_what_to_do_next():
    for rule in rules(yaml.safe_load(ALERTS.read_text())["groups"]):
        assert rule["labels"]["severity"] == ("critical" if rule["alert"] == "SeccompdSyncFails" else "warning")
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}
        assert rule["annotations"]["runbook"].startswith("kubectl ")


def test_alerts_metrics_and_docs_agree():
    page = (ROOT / "docs" / "metrics.md").read_text()
    text = ALERTS.read_text()
    for name in set(re.findall(r"\b(?:seccompd|process)_\w+", text)) - {"seccompd_pool"}:
        assert f"| `{name}` |" in page, name
    listed = re.findall(r"^\| ((?:Seccompd\w+(?:, )?)+) \| (\w+) \|", page, re.MULTILINE)
    told = {name: severity for names, severity in listed for name in names.split(", ")}
    assert told == {rule["alert"]: rule["labels"]["severity"] for rule in rules(yaml.safe_load(text)["groups"])}
