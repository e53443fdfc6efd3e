# SPDX-License-Identifier: Apache-2.0
"""seccompctl check beyond single files: ConfigMaps, other nodes, code scanning, the rules' pages."""

import base64
import json
import os
import platform
import re
import shutil
import subprocess
import urllib.parse

import pytest
from node import PUBLISHED, ROOT, SECCOMPCTL, profile, seccompctl

BAD = '{\n\t"comment": "größer \\"😀\\" \\\\",\n\t"defaultAction": "SCMP_ACT_ALOW"\n}\n'
GOOD = profile("read", "write", "execve").decode()


def check(*arguments, stdin=None, cwd=None):
    """Exit status, stdout, stderr."""
    result = subprocess.run([str(SECCOMPCTL), "check", *map(str, arguments)], input=stdin, capture_output=True,
                            cwd=cwd, timeout=60, check=False)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def check_json(*arguments, **how):
    status, out, _ = check("--format", "json", *arguments, **how)
    return status, json.loads(out)


def config_map(data=None, binary=None, **more):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "profiles", "annotations": {
        "kubectl.kubernetes.io/last-applied-configuration": '{"kind":"ConfigMap","data":{"no.json":"{}"}}'}},
        **({"data": data} if data is not None else {}),
        **({"binaryData": {key: base64.b64encode(value.encode()).decode() for key, value in binary.items()}}
           if binary is not None else {}), **more}


def list_of(*items, kind="List"):
    return {"apiVersion": "v1", "items": list(items), "kind": kind, "metadata": {"resourceVersion": ""}}


def files_of(document, directory, **how):
    """The names below which a document's profiles are checked, and the exit status."""
    path = directory / "cm.json"
    path.write_text(json.dumps(document, **how))
    status, result = check_json(path)
    return status, [entry["file"].removeprefix(str(path)) for entry in result["files"]]


# --- ConfigMaps ---


def test_each_key_of_a_config_map_is_a_profile(tmp_path):
    document = config_map({"web.json": BAD, "README.md": "# no profile", "a.json": GOOD}, {"b.json": GOOD, "logo": "x"})
    assert files_of(document, tmp_path) == (1, ["#data/web.json", "#data/a.json", "#binaryData/b.json"])
    assert files_of(config_map({"a.json": GOOD}), tmp_path, indent=4) == (0, ["#data/a.json"])


def test_a_key_that_is_passed_over_is_told(tmp_path):
    path = tmp_path / "cm.json"
    path.write_text(json.dumps(config_map({
        "web": BAD, "db.yaml": "defaultAction: SCMP_ACT_LOG", "README": "", "a.json": GOOD})))
    said = f"seccompctl check: note: {path}#data"
    ousted = ("looks like a profile and was not checked: the key does not match *.json, so that seccompd does not install it "
              "either; rename it to ")
    status, out, err = check(path)
    assert status == 0 and "\n1 file: 0 errors" in out and "; 3 keys passed over" in out
    assert err.splitlines() == [
        f"{said}/web: {ousted}`web.json`", f"{said}/db.yaml: {ousted}`db.json`",
        f"{said}/README: was not checked: the key does not match *.json, and is no profile for seccompd either"]
    assert check_json(path)[1]["passedOver"] == [f"{path}#data/{key}" for key in ["web", "db.yaml", "README"]]
    # alone; and among those that are no profiles at all, as a namespace is full of them
    path.write_text(json.dumps(list_of(config_map({"ca.crt": "x"}), config_map({"web": BAD, "README": ""}))))
    status, out, err = check(path)
    assert status == 2 and "holds no profile" in err
    assert [line for line in err.splitlines() if ": note: " in line] == [
        f"{said.replace('#data', '#items/1/data')}/web: {ousted}`web.json`"]


def test_a_list_is_what_kubectl_prints_of_several(tmp_path):
    other = config_map({"ca.crt": "-----BEGIN CERTIFICATE-----"})
    pod = {"kind": "Pod", "data": {"x.json": BAD}}
    status, names = files_of(list_of(other, pod, config_map({"web.json": GOOD}), config_map({"db.json": BAD})), tmp_path)
    assert (status, names) == (1, ["#items/2/data/web.json", "#items/3/data/db.json"])
    untyped = config_map({"web.json": GOOD})
    del untyped["kind"]
    assert files_of(list_of(untyped, kind="ConfigMapList"), tmp_path) == (0, ["#items/0/data/web.json"])
    assert files_of(list_of(untyped, config_map({"a.json": GOOD})), tmp_path)[1] == ["#items/1/data/a.json"]


def test_places_are_those_in_the_keys_own_text(tmp_path):
    for binary in [False, True]:
        data = {"web.json": BAD}
        text = json.dumps(config_map(*([None, data] if binary else [data])), ensure_ascii=binary)
        status, out, _ = check("-", stdin=text.encode())
        where = "binaryData" if binary else "data"
        assert status == 1
        assert f"<stdin>#{where}/web.json:3:19: error: unknown action `SCMP_ACT_ALOW`" in out
        source, caret = out.splitlines()[1:3]
        assert source[caret.index("^"):caret.rindex("^") + 1] == '"SCMP_ACT_ALOW"'
    alone = tmp_path / "web.json"
    alone.write_text(BAD)
    one, other = check_json("-", stdin=text.encode())[1], check_json(alone)[1]
    assert one["files"][0]["diagnostics"] == other["files"][0]["diagnostics"]


def test_a_config_map_without_a_profile_is_no_success(tmp_path):
    path = tmp_path / "cm.json"
    for document in [config_map({"web.yaml": "x"}), config_map(), config_map({}), list_of(), list_of({"kind": "Pod"}),
                     list_of(config_map({"ca.crt": "x"}))]:
        path.write_text(json.dumps(document))
        status, out, err = check(path)
        assert (status, out) == (2, ""), document
        assert err == f"seccompctl check: {path}: holds no profile: no ConfigMap in it has a key that matches *.json\n"


@pytest.mark.parametrize("value", [1, None, {}])
def test_data_that_is_no_text_is_an_error_of_its_key(tmp_path, value):
    status, out, err = check("-", stdin=json.dumps(config_map({"web.json": value, "a.json": BAD})).encode())
    assert status == 2 and "<stdin>#data/web.json: is not a string: a ConfigMap holds a profile as a text, as `kubectl " in err
    assert "<stdin>#data/a.json:3:19: error" in out, "the other keys are checked"


@pytest.mark.parametrize("text, ok", [("", True), ("e30=", True), ("e30", False), ("e3 0", False), ("e30=e30=", False),
                                      ("====", False), ("e3==", True), ("=e30", False), ("e\n30", False), ("e30\u00e4", False)])
def test_binary_data_is_base64_to_the_letter(text, ok):
    document = config_map()
    document["binaryData"] = {"web.json": text}
    status, _, err = check("-", stdin=json.dumps(document).encode())
    assert (status == 2) == (not ok)
    assert ("binaryData/web.json: is not base64" in err) == (not ok)


def test_a_name_in_a_complaint_moves_no_cursor(tmp_path):
    path = tmp_path / "map.json"
    path.write_text(json.dumps({"kind": "ConfigMap", "data": {"\x1b[2J.json": 3, "\x1b[2J": "defaultAction"}}))
    (tmp_path / "\x1b[2Jlost.json").symlink_to("nowhere")
    for argument, name in [(path, "map.json#data/\ufffd[2J.json: is not a string"),
                           (tmp_path, "\ufffd[2Jlost.json: No such file or directory")]:
        result = seccompctl("check", argument)
        assert result.returncode == 2
        assert name in result.stderr.decode() and b"\x1b" not in result.stderr


def test_what_only_looks_like_a_config_map_is_checked_as_a_profile(tmp_path):
    for text, rule in [('{"kind": "ConfigMap", "data": {"a.json": "{}"}', "SP101"), ('["ConfigMap"]', "SP201"),
                       ('{"kind": "Pod", "metadata": {"name": "ConfigMap"}}', "SP202"),
                       ('{"kind": "List"}', "SP202"), ('{"kind": "List", "items": {}}', "SP202"),
                       ('{"defaultAction": "SCMP_ACT_ALOW", "comment": "ConfigMap"}', "SP302")]:
        _, result = check_json("-", stdin=text.encode())
        (entry,) = result["files"]
        assert entry["file"] == "<stdin>"
        assert rule in [diagnostic["rule"] for diagnostic in entry["diagnostics"]], text


def test_a_profile_of_the_largest_size_fits_a_config_map(tmp_path):
    space = " " * ((1 << 20) - len(GOOD))
    for extra, wanted in [("", []), (" ", ["SP102"])]:
        text = json.dumps(list_of(*[config_map({"web.json": GOOD + space + extra})] * 3))
        _, result = check_json("-", stdin=text.encode())
        assert len(result["files"]) == 3
        for entry in result["files"]:
            assert [found["rule"] for found in entry["diagnostics"] if found["severity"] == "error"] == wanted


# --- another node ---


def test_another_node_than_this_one():
    text = b'{"defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": ["mount"], "action": "SCMP_ACT_ERRNO"}]}'
    _, result = check_json("--node", "arch=arm64,kernel=5.10", "-", stdin=text)
    assert result["node"]["architecture"] == "SCMP_ARCH_AARCH64" and result["node"]["kernel"] == "5.10"
    assert len(result["files"][0]["programs"]) == 1
    status, out, _ = check("--node", "kernel=4.4", "-", stdin=text)
    assert status == 1 and "SCMP_ACT_LOG is not offered by this node (kernel 4.4" in out
    assert out.splitlines()[-1].endswith(" on a node with kernel=4.4")
    selected = b'{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["bpf"], "action": "SCMP_ACT_ALLOW", ' \
               b'"includes": {"caps": ["CAP_BPF"]}}]}'
    for caps, found in [("none", False), ("default,CAP_BPF", True), ("all-of-them", None)]:
        status, out, err = check("--node", f"caps={caps}", "-", stdin=selected)
        assert ("[SP901]" in out) == bool(found), caps
        assert (status == 2) == (found is None)
    assert "unknown capability 'all-of-them'" in err


@pytest.mark.parametrize("arch", ["amd64", "arm64", "s390x", "ppc64le", "ppc64", "riscv64", "arm", "mips", "i686"])
def test_every_node_of_a_mixed_cluster_can_be_checked_from_here(arch):
    """The published profile too: for the other byte order libseccomp writes long programs in a mixture of both."""
    profiles = [GOOD.encode()]
    if PUBLISHED.exists():
        profiles.append(PUBLISHED.read_bytes())
    for text in profiles:
        status, result = check_json("--node", f"arch={arch}", "-", stdin=text)
        assert status == 0 and result["files"][0]["valid"], result


# --- what the owner says ---

OWNER = """# our nodes
rule SP801=off
forbid-syscall mount
allowed-action SCMP_ACT_ALLOW
allowed-action SCMP_ACT_ERRNO
require-default SCMP_ACT_ERRNO
"""
AGAINST = profile("read", "execve", "mount", "bpf")


def owner_file(tmp_path, text=OWNER):
    path = tmp_path / "owner.conf"
    path.write_text(text)
    return path


def test_one_file_for_ci_and_the_nodes(node, tmp_path):
    path = owner_file(tmp_path)
    profiles = {"bad.json": AGAINST, "log.json": profile("read", default="SCMP_ACT_LOG"), "good.json": profile("read")}
    for name, data in profiles.items():
        (tmp_path / name).write_bytes(data)
    status, result = check_json("--config", path, *[tmp_path / name for name in profiles])
    found = {os.path.basename(entry["file"]): {diagnostic["rule"] for diagnostic in entry["diagnostics"]
                                              if diagnostic["severity"] == "error"} for entry in result["files"]}
    assert (status, found) == (1, {"bad.json": {"SP921"}, "log.json": {"SP921", "SP922", "SP923"}, "good.json": set()})
    node.writer.publish(profiles)
    node.start("--config", path)
    assert node.states() == {"bad.json": "invalid", "good.json": "installed", "log.json": "invalid"}
    told = {name: {diagnostic["rule"] for diagnostic in entry["diagnostics"] if diagnostic["severity"] == "error"}
            for name, entry in node.profiles().items()}
    assert told == found
    assert node.metric('seccompd_validation_failures_total{rule="SP921"}') == 2


def test_the_owners_options_are_those_of_the_file(node):
    options = [word for line in OWNER.splitlines() if not line.startswith("#")
               for word in ["--" + line.partition(" ")[0], line.partition(" ")[2]]]
    node.writer.publish({"bad.json": AGAINST})
    node.start(*options)
    assert node.states() == {"bad.json": "invalid"}
    assert check(*options, "-", stdin=AGAINST)[0] == 1
    assert check(*options, "--rule", "SP921=warning", "-", stdin=AGAINST)[0] == 0
    assert check("--rule", "SP921=warning", *options, "--rule", "SP921=error", "-", stdin=AGAINST)[0] == 1


def test_a_new_rule_of_the_owner_removes_nothing(node):
    node.writer.publish({"web.json": AGAINST})
    node.start()
    before = node.profiles()["web.json"]["digest"]
    node.stop()
    node.start("--forbid-syscall", "mount")
    entry = node.wait_state("web.json", "stale")
    assert entry["digest"] == before and (node.installed / "web.json").exists()
    assert "`mount` is forbidden by the owner of the node" in next(
        diagnostic["message"] for diagnostic in entry["diagnostics"] if diagnostic["rule"] == "SP921")


@pytest.mark.parametrize("text, said", [
    ("forbid-syscall moutn\n", "owner.conf:1: forbid-syscall moutn: libseccomp knows no such system call; did you mean mount?"),
    ("# x\n\nrules SP801=off\n", "owner.conf:3: rules SP801=off: unknown key 'rules'; did you mean rule?"),
    ("rule\n", "owner.conf:1: 'rule' has no value"),
    (None, "owner.conf: No such file or directory"),
])
def test_a_mistake_of_the_owner_keeps_both_programs_from_starting(node, tmp_path, text, said):
    path = tmp_path / "owner.conf"
    if text is not None:
        owner_file(tmp_path, text)
    status, out, err = check("--config", path, "-", stdin=AGAINST)
    assert (status, out) == (2, "") and err.startswith("seccompctl check: --config ") and said in err
    node.writer.publish({"web.json": profile("read")})
    result = node.once("--config", path)
    assert result.returncode == 2 and result.stderr.startswith("seccompd: --config ") and said in result.stderr
    assert len(err.splitlines()) == len(result.stderr.splitlines()) == 1


# --- the rules' pages ---


def words(text):
    """Without Markdown's marks and line breaks."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^```\w+ (\w+)$", r"\1:", text, flags=re.MULTILINE)
    return re.sub(r"^```$", "", text, flags=re.MULTILINE).replace("*", "").split()


def test_explain_says_what_the_page_says():
    sections = re.split(r"^## ", (ROOT / "docs" / "rules.md").read_text(), flags=re.MULTILINE)[1:]
    assert len(sections) >= 76
    for section in sections:
        rule = section[:5]
        status, out, err = check("--explain", rule)
        assert (status, err) == (0, "")
        assert words(out) == words(section), rule
        prose = [line for line in out.splitlines() if not line.startswith("    ")]
        assert max(map(len, prose)) <= 90


def test_explain_takes_an_id_as_people_write_it():
    wanted = check("--explain", "SP302")
    assert wanted[1].startswith("SP302: unknown action\nerror, fixed\n\n")
    assert check("--explain", "sp302") == check("--explain", "302") == wanted
    _, out, _ = check("--explain", "all")
    assert len(out.splitlines()) == len(set(re.findall(r"^SP\d+", out, re.MULTILINE))) >= 76
    assert "SP302  error    unknown action\n" in out


# --- code scanning ---


def sarif(*arguments, **how):
    status, out, _ = check("--format", "sarif", *arguments, **how)
    document = json.loads(out)
    assert (document["version"], len(document["runs"])) == ("2.1.0", 1)
    return status, document["runs"][0]


def cut(text, region):
    """The part of a text that a region means: columns in code points, the last one excluded."""
    lines = text.splitlines(keepends=True)
    begin, end = region["startLine"] - 1, region["endLine"] - 1
    if begin == end:
        return lines[begin][region["startColumn"] - 1:region["endColumn"] - 1]
    return (lines[begin][region["startColumn"] - 1:] + "".join(lines[begin + 1:end]) +
            lines[end][:region["endColumn"] - 1])


@pytest.fixture
def tree(tmp_path):
    """Files of every kind; sarif() is run in tmp_path / "repo"."""
    repo = tmp_path / "repo"
    (repo / "team ä#1").mkdir(parents=True)
    (repo / "web.json").write_text(BAD)
    (repo / "team ä#1" / "50%.json").write_text(BAD)
    (repo / "cm.json").write_text(json.dumps(list_of(config_map({"a.json": GOOD, "web.json": BAD})), indent=2))
    (repo / "raw.json").write_text(json.dumps(config_map({"web.json": BAD}, {"b.json": BAD}), ensure_ascii=False))
    (repo / "empty.json").write_text("")
    (tmp_path / "outside.json").write_text(BAD)
    return repo


def test_sarif_points_at_the_very_words(tree):
    status, run = sarif("web.json", "team ä#1", "cm.json", "raw.json", cwd=tree)
    assert (status, run["columnKind"]) == (1, "unicodeCodePoints")
    found = [result for result in run["results"] if result["ruleId"] == "SP302"]
    assert len(found) == 5
    for result in found:
        place = result["locations"][0]["physicalLocation"]
        name = urllib.parse.unquote(place["artifactLocation"]["uri"])
        said = cut((tree / name).read_text(), place["region"])
        inside = result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]
        if inside.startswith("binaryData/"):
            assert base64.b64decode(json.loads(said)).decode() == BAD
        else:
            assert said == (r'\"SCMP_ACT_ALOW\"' if "data/" in inside else '"SCMP_ACT_ALOW"')
        assert inside.endswith("/defaultAction")
    assert found[2]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "items/0/data/web.json:3:19 /defaultAction"


def test_sarif_uris_are_relative_to_the_working_directory(tree):
    _, run = sarif("./web.json", "team ä#1//50%.json", tree / "web.json", "team ä#1/../web.json", "../outside.json", "-",
                   stdin=BAD.encode(), cwd=tree)
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]
            if result["ruleId"] == "SP302"]
    assert uris == ["web.json", "team%20%C3%A4%231/50%25.json", "web.json", "web.json",
                    f"file://{urllib.parse.quote(str(tree.parent / 'outside.json'))}", "%3Cstdin%3E"]


def test_sarif_describes_the_rules_it_found(tree):
    _, run = sarif("web.json", "empty.json", "cm.json", cwd=tree)
    driver = run["tool"]["driver"]
    assert driver["name"] == "seccompctl" and re.fullmatch(r"\d+\.\d+\.\d+\S*", driver["version"])
    ids = [rule["id"] for rule in driver["rules"]]
    assert ids == sorted({result["ruleId"] for result in run["results"]})
    page = (ROOT / "docs" / "rules.md").read_text()
    for rule in driver["rules"]:
        assert f"\n## {rule['id']}: {rule['shortDescription']['text']}\n\n{rule['help']['markdown']}" in page
        assert rule["help"]["text"] == check("--explain", rule["id"])[1]
        assert rule["defaultConfiguration"]["level"] in ["error", "warning", "note"]
    levels = {"error": "error", "warning": "warning", "info": "note"}
    _, told = check_json("web.json", "empty.json", "cm.json", cwd=tree)
    wanted = [(found["rule"], levels[found["severity"]]) for file in told["files"] for found in file["diagnostics"]]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == wanted
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert region["startLine"] >= 1
    assert any("\nhelp: did you mean" in result["message"]["text"] for result in run["results"])


def test_sarif_tells_what_could_not_be_read(tree):
    status, run = sarif("absent.json", "web.json", cwd=tree)
    (invocation,) = run["invocations"]
    assert status == 2 and invocation["executionSuccessful"] is False
    (told,) = invocation["toolExecutionNotifications"]
    assert told["message"]["text"] == "absent.json: No such file or directory"
    assert told["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "absent.json"
    assert sarif("web.json", cwd=tree)[1]["invocations"] == [{"executionSuccessful": True}]


def test_sarif_is_valid_by_its_schema(tree, tmp_path):
    if not shutil.which("npm"):
        pytest.skip("npm, which brings the schema, is not installed")
    jsonschema = pytest.importorskip("jsonschema")
    schema = subprocess.run([ROOT / "tests" / "tools" / "sarif-schema.sh"], capture_output=True, text=True, check=True)
    with open(schema.stdout.strip(), encoding="utf-8") as file:
        validator = jsonschema.Draft7Validator(json.load(file))
    for arguments in [["."], ["absent.json"], ["--fail-on", "info", "web.json", "../outside.json"], [ROOT / "tests" / "cases"]]:
        _, out, _ = check("--format", "sarif", *arguments, cwd=tree)
        assert [error.message for error in validator.iter_errors(json.loads(out))] == [], arguments
    broken = json.loads(out)
    broken["runs"][0]["results"][0]["level"] = "info"
    assert list(validator.iter_errors(broken)), "the schema is no rubber stamp"


# --- JSON ---


def test_json_names_the_node_and_what_could_not_be_read(tmp_path):
    (tmp_path / "web.json").write_text(GOOD)
    status, result = check_json("web.json", "absent.json", cwd=tmp_path)
    assert status == 2
    assert list(result) == ["apiVersion", "kind", "node", "files", "errors", "warnings", "infos", "unreadable", "passedOver"]
    assert list(result["node"]) == ["architecture", "kernel", "libseccomp"]
    assert result["node"]["kernel"] == ".".join(platform.release().split(".")[:2])
    assert result["files"][1] == {"file": "absent.json", "unreadable": "No such file or directory"}
    assert result["unreadable"] == 1


def test_findings_of_two_files_are_apart(tmp_path):
    for name in ["a.json", "b.json"]:
        (tmp_path / name).write_text(BAD)
    _, out, _ = check(tmp_path, cwd=tmp_path)
    assert re.search(r"help: .*\n\n\S+b\.json:3:19: error", out)


def test_links_to_directories_are_not_followed(tmp_path):
    (tmp_path / "..data" / "deep").mkdir(parents=True)
    (tmp_path / "..data" / "a.json").write_text(GOOD)
    (tmp_path / "a.json").symlink_to("..data/a.json")  # as a ConfigMap is mounted
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "b.json").write_text(GOOD)
    (tmp_path / "team" / "up").symlink_to("..")
    (tmp_path / "self.json").symlink_to(".")
    (tmp_path / "gone.json").symlink_to("nowhere")
    status, result = check_json(tmp_path)
    assert status == 2
    assert {entry["file"].removeprefix(f"{tmp_path}/"): entry.get("unreadable") for entry in result["files"]} == {
        "a.json": None, "gone.json": "No such file or directory", "team/b.json": None}
    _, result = check_json(tmp_path / "team" / "up")  # named by the user, a link is followed
    assert len(result["files"]) == 3


def test_a_directory_without_a_profile_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "profile.yaml").write_text("defaultAction: SCMP_ACT_ERRNO")
    (tmp_path / "a.json").write_text(GOOD)
    status, out, err = check(tmp_path / "a.json", tmp_path / "empty")
    assert (status, err) == (2, f"seccompctl check: {tmp_path}/empty: no *.json file in this directory\n")
    assert out.splitlines()[-1].startswith("1 file: 0 errors") and out.endswith("; 1 could not be read\n")


def test_a_directory_of_thousands_is_checked_in_order(tmp_path):
    for number in range(300):
        (tmp_path / f"{number:03}.json").write_text(GOOD if number % 3 else BAD)
    status, result = check_json(tmp_path)
    assert status == 1
    assert [os.path.basename(entry["file"]) for entry in result["files"]] == [f"{number:03}.json" for number in range(300)]
    assert result["errors"] == 100
    assert seccompctl("check", tmp_path).stdout.decode().splitlines()[-1].startswith("300 files: 100 errors, ")
