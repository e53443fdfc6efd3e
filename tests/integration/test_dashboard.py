# SPDX-License-Identifier: Apache-2.0
"""The dashboard and the alerts ask for what the daemon exports: a real Prometheus scrapes two real nodes."""

import json
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml
from node import BAD, GOOD, PATIENCE, ROOT, Node, eventually

DASHBOARD = ROOT / "deploy" / "dashboards" / "seccompd.json"
ALERTS = ROOT / "helm" / "seccompd" / "files" / "alerts.yaml"
JOB = "seccompd"
# What a scrape adds to every series, and the one metric of its own that is used here.
OF_THE_SCRAPE = {"job", "instance"}
VARIABLES = {"$job": JOB, "$__rate_interval": "1m"}
# PromQL's words beside functions, which stand before a parenthesis.
WORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "bool", "or", "and", "unless", "offset", "inf", "nan"}


def dashboard():
    return json.loads(DASHBOARD.read_text())


def dashboard_queries():
    """(where, expression, legend) of every query, variables filled in."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            expression = target["expr"]
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            yield f"{panel['title']}/{target['refId']}", expression, target["legendFormat"]


def alerts():
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"], " ".join(rule["annotations"].values())


def page_queries():
    """Queries that the pages give to be typed."""
    for name in ["metrics.md", "operations.md"]:
        page = re.sub(r"^```.*?^```$", "", (ROOT / "docs" / name).read_text(), flags=re.MULTILINE | re.DOTALL)
        for line in re.findall(r"^    (?! )(.*\bseccompd_.*)$", page, re.MULTILINE):
            yield name, line.partition("  #")[0].strip(), ""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    def __init__(self, directory, targets):
        self.url = f"http://127.0.0.1:{free_port()}"
        config = directory / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "500ms"},
            "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": targets}]}]}))
        self.log = open(directory / "prometheus.log", "wb")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory / 'tsdb'}",
             f"--web.listen-address={self.url.removeprefix('http://')}"], stdout=self.log, stderr=self.log)

    def query(self, expression):
        """The samples of an instant query: their labels, and the value."""
        with urllib.request.urlopen(f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": expression}),
                                    timeout=PATIENCE) as answer:
            result = json.load(answer)["data"]["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in result]

    def answers(self, expression):
        try:
            return self.query(expression)
        except OSError:
            return []

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)
        self.log.close()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """Two nodes that were not given the same, one of them in trouble, and a Prometheus that knows both."""
    nodes, targets = [], []
    for name, files in {"well": {"web.json": GOOD}, "ill": {"web.json": GOOD, "bad.json": BAD}}.items():
        node = Node(tmp_path_factory.mktemp(name))
        targets.append(f"127.0.0.1:{free_port()}")
        node.writer.publish(files)
        node.start("--metrics-profile-info", "--listen", targets[-1], "--rescan", "500ms",
                   sources=[f"main={node.source}", *([f"gone={node.dir / 'gone'}"] if name == "ill" else [])])
        nodes.append(node)
    down = f"127.0.0.1:{free_port()}"
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), [*targets, down])
    # rates need two scrapes, increases a change between them
    eventually(lambda: len(prometheus.answers("seccompd_build_info")) == 2, message="a first scrape")
    time.sleep(1)
    nodes[0].installed.joinpath("web.json").write_text("{}")
    nodes[1].writer.publish({"web.json": GOOD, "bad.json": b'{"defaultAction": ""}'})
    eventually(lambda: any(value > 0 for _, value in prometheus.answers("seccompd_drift_corrections_total")) and
               any(value > 1 for _, value in prometheus.answers('seccompd_checks_total{result="verdict"} > 2')),
               message="the changes are scraped")
    time.sleep(1)
    prometheus.nodes = nodes
    yield prometheus
    prometheus.close()
    for node in nodes:
        node.close()


def exported(prometheus):
    """Metric names with their labels and those labels' values, as the daemons export them."""
    found = {}
    for node in prometheus.nodes:
        _, text = node.text("/metrics")
        for name, labels in re.findall(r"^([a-z_]+)(?:\{(.*)\})? \S+$", text, re.MULTILINE):
            known = found.setdefault(name, {})
            for label, value in re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', labels):
                known.setdefault(label, set()).add(value)
    found["up"] = {}
    return found


# What service discovery in a cluster adds; alerts name pods by it.
OF_KUBERNETES = {"cluster", "namespace", "pod", "seccompd_pool"}


def problems_of(expression, texts, metrics):
    """What an expression, or a text shown with its result, asks for that nobody exports."""
    problems, labels = [], set(OF_THE_SCRAPE)
    labels |= set(re.findall(r'count_values\("(\w+)"', expression))
    bare = re.sub(r"\[[^\]]*\]", "", expression)
    for name, matchers in re.findall(r"(\w+)\s*\{([^}]*)\}", bare):
        for label, values in re.findall(r'(\w+)\s*=~?\s*"([^"]*)"', matchers):
            known = metrics.get(name, {})
            if label in known:
                problems += [f"{name}: {label} is never {value}" for value in values.split("|")
                             if value not in known[label] and label not in ["profile", "source"]]
            elif label not in OF_THE_SCRAPE:
                problems.append(f"{name} has no label {label}")
    bare = re.sub(r'"[^"]*"', "", re.sub(r"\{[^}]*\}", "", bare))
    grouped = re.findall(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)", bare)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", bare)
    for name in set(re.findall(r"\b[a-zA-Z_]\w*\b(?!\s*\()", bare)) - WORDS:
        if name not in metrics:
            problems.append(f"no metric {name}")
        labels |= set(metrics.get(name, {}))
    wanted = {label.strip() for group in grouped for label in group.split(",") if label.strip()}
    wanted |= set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", texts))
    return problems + [f"no label {label}" for label in sorted(wanted - labels - OF_KUBERNETES)]


def test_every_query_asks_for_what_is_exported(fleet):
    metrics = exported(fleet)
    assert len(metrics) > 20
    queries = [*dashboard_queries(), *alerts(), *page_queries()]
    assert len(queries) > 40
    wrong = {where: problems for where, expression, texts in queries if (problems := problems_of(expression, texts, metrics))}
    assert not wrong
    # the check itself
    assert problems_of("rate(seccompd_sync_total[1m])", "", metrics) == ["no metric seccompd_sync_total"]
    assert problems_of('seccompd_profiles{stat="stale"}', "", metrics) == ["seccompd_profiles has no label stat"]
    assert problems_of('seccompd_profiles{state="conflicts"}', "", metrics) == ["seccompd_profiles: state is never conflicts"]
    assert problems_of("sum by (op) (seccompd_syncs_total)", "{{rule}}", metrics) == ["no label op", "no label rule"]


def test_every_query_parses(tmp_path):
    rules = [{"record": f"query:{i}", "expr": expression}
             for i, (_, expression, _) in enumerate([*dashboard_queries(), *page_queries()])]
    queries = tmp_path / "queries.yml"
    queries.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    for path in [queries, ALERTS]:
        checked = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_dashboard_shows_the_fleet(fleet):
    """No panel is empty before this fleet, and the figures are right."""
    empty = [where for where, expression, _ in dashboard_queries() if not fleet.query(expression)]
    assert empty == []
    shown = {where: fleet.query(expression) for where, expression, _ in dashboard_queries()}
    figures = {where: values[0][1] for where, values in shown.items() if len(values) == 1}
    assert figures["Nodes/A"] == 2
    assert figures["Not answering/A"] == 1
    assert figures["Syncs failing/A"] == 0
    assert figures["Bad profiles/A"] == 1
    assert figures["Versions of the sources/A"] == 2
    assert figures["Empty sources/A"] == 1
    assert shown["Which sources are empty/A"] == [({"source": "gone"}, 1)]
    assert [figures[f"Nodes by state/{ref}"] for ref in "ABCD"] == [1, 1, 0, 1]
    assert {labels["state"]: value for labels, value in shown["Profiles by state/A"]} == {
        "installed": 2, "invalid": 1, "stale": 0, "conflict": 0, "retiring": 0}
    assert shown["Bad profiles by source/A"] == [({"source": "main", "state": "invalid"}, 1)]
    assert {labels["mode"]: value for labels, value in shown["Watch mode/A"]} == {"inotify": 2, "poll": 0}
    assert {labels["rule"]: value for labels, value in shown["Mistakes of authors/A"]} == {"SP301": 1, "SP302": 1}
    assert {labels["state"] for labels, _ in shown["Installed versions/A"]} == {"installed", "invalid"}


def test_the_alerts_see_the_fleets_troubles(fleet):
    firing = {name for name, expression, _ in alerts() if fleet.query(expression)}
    assert firing == {"SeccompdProfileBad", "SeccompdNodesDiffer", "SeccompdSourceEmpty", "SeccompdDrift"}


def test_the_dashboard_can_be_imported():
    """What Grafana would stumble over."""
    page = dashboard()
    assert page["id"] is None and page["uid"] and "__inputs" not in page
    variables = {variable["name"]: variable for variable in page["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    sources = set(re.findall(r'"uid": "([^"]*)"', json.dumps({**page, "uid": None})))
    assert sources == {"${datasource}"}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(page["panels"])))
    assert used == set(variables) | {"__rate_interval"}
    for key in ["id", "title"]:
        values = [panel[key] for panel in page["panels"]]
        assert len(set(values)) == len(values), key
    cells = [(x, y) for panel in page["panels"] for place in [panel["gridPos"]]
             for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])]
    assert len(set(cells)) == len(cells), "panels overlap"
    assert max(x for x, _ in cells) < 24
    for panel in page["panels"]:
        references = [target["refId"] for target in panel.get("targets", [])]
        assert len(set(references)) == len(references), panel["title"]
        assert panel["type"] == "row" or (panel["description"] and references), panel["title"]
