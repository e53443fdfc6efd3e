# SPDX-License-Identifier: Apache-2.0
"""The whole case table against real runtimes: what each one loads for a canonical file, and for the file as written.

The filters are taken out of the kernel as they are loaded (filters.py), so it does not matter
whether a container could start under them.

raw-differences.txt says where the file as written becomes something else than the canonical one, and which rules warn
of it; SECCOMPD_UPDATE_CASES=1 writes it anew, to be read by a person.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess

import filters
import pytest
import runtimes
from node import ROOT, SECCOMPCTL

HERE = pathlib.Path(__file__).resolve().parent
CASES = sorted((ROOT / "tests" / "cases").glob("*/*.json"))
DEFAULT_NODE = "arch=x86_64,kernel=6.1,caps=default"
N_AT_A_TIME = 2


class Case:
    def __init__(self, path):
        lines = path.with_suffix(".expect").read_text().splitlines()
        self.path = path
        self.name = f"{path.parent.name}/{path.stem}"
        self.node = lines[0].removeprefix("# node ") if lines[0].startswith("# node ") else DEFAULT_NODE
        lines = [line for line in lines if not line.startswith("#")]
        self.is_installed = lines[0] == "installed"
        self.rules = sorted({line.split()[0] for line in lines if re.match(r"SP\d{3} ", line)})

    def is_of_this_machine(self):
        return "arch=" not in self.node or "arch=x86_64" in self.node

    def canonical(self, directory):
        """The path of the canonical file, as seccompd would install it on that node."""
        path = pathlib.Path(directory) / (self.name.replace("/", "-") + ".json")
        done = subprocess.run([SECCOMPCTL, "compile", "--node", self.node, self.path], capture_output=True, check=False)
        assert done.returncode == 0, (self.name, done.stderr)
        path.write_bytes(done.stdout)
        return path


@pytest.fixture(scope="module")
def cases():
    """Those of the table that this machine could have containers under."""
    found = [case for case in map(Case, CASES) if case.is_of_this_machine()]
    assert len(found) > 300
    return found


@pytest.fixture(scope="module")
def rootfs(tmp_path_factory):
    return runtimes.build_probe(tmp_path_factory.mktemp("probe"))


def part(name):
    """The directory of a part that is made once; None when it cannot be made here."""
    done = subprocess.run([HERE / "parts.sh", name], capture_output=True, text=True, check=False)
    return pathlib.Path(done.stdout.strip()) if done.returncode == 0 else None


def find_runtime(name):
    """A runtime by its name, or why there is none."""
    if name in ("runc", "crun"):
        return filters.Runtime(name, name) if shutil.which(name) else f"{name} is not installed"
    if name == "runc-later":
        made = part("go") if shutil.which("go") else None
        return filters.Runtime(name, made / "runc") if made else "no Go, or no Go module proxy"
    made = part("trixie")
    if not made:
        return "no trixie to be had from the Debian mirror"
    return filters.Runtime(name, name.removesuffix("-trixie"), [HERE / "in-root.sh", made])


def in_parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(N_AT_A_TIME) as pool:
        return list(pool.map(function, items))


# --- the canonical file ---


def excuse(case, runtime, caught):
    """Why a runtime may refuse a canonical file: what a rule says of it."""
    if "SP402" in case.rules and "seccomp flags are not yet supported by runc" in caught.error:
        return "SP402"
    return None


def unknown_here(case, comparison):
    """Whether all that differs are calls that only the runtime's newer libseccomp knows: SP503, SP504."""
    return {"SP503", "SP504"} & set(case.rules) and all(re.fullmatch(r"-?\d+", name) for name in comparison.names())


@pytest.mark.parametrize("name", ["runc", "crun", "runc-later", "runc-trixie", "crun-trixie"])
def test_what_is_enforced_is_what_the_profile_says(name, cases, rootfs, tmp_path):
    runtime = find_runtime(name)
    if isinstance(runtime, str):
        pytest.skip(runtime)

    def enforce(case):
        canonical = case.canonical(tmp_path)
        caught = filters.catch(runtime, tmp_path, rootfs, json.loads(canonical.read_bytes()))
        if not caught.program:
            rule = excuse(case, runtime, caught)
            return (0, rule, None) if rule else (0, None, f"{case.name}: no filter: {caught.error}")
        comparison = filters.compare(canonical, caught.program, runtime.is_runc)
        rule = "newer libseccomp" if comparison.n_different and unknown_here(case, comparison) else None
        fault = f"{case.name}: {comparison.lines[:3]}" if comparison.n_different and not rule else None
        return comparison.n_calls, rule, fault

    installed = [case for case in cases if case.is_installed]
    results = in_parallel(enforce, installed)
    faults = [fault for _, _, fault in results if fault]
    assert not faults, "\n".join(faults)
    excused = [rule for _, rule, _ in results if rule]
    compared = [n for n, _, _ in results if n]
    print(f"\n{runtime.version()}: {len(compared)} canonical files, {sum(compared)} calls as the profile says;"
          f" excused: {', '.join(f'{excused.count(rule)} {rule}' for rule in sorted(set(excused))) or 'none'}")
    assert len(compared) > 200 and len(excused) < 10


# --- the file as written ---

TABLE = HERE / "raw-differences.txt"
MANAGERS = [("containerd", "runc"), ("containerd", "crun"), ("cri-o", "crun")]
# Which rules may explain that the file as written does something else. A rule of error severity explains anything:
# nothing is installed.
EXPLAIN = {
    "differs": {"SP412", "SP414", "SP415", "SP416", "SP418", "SP502", "SP711", "SP712", "SP713"},
    "fails": {"SP306", "SP311", "SP402", "SP412", "SP502"},
    "refused": set(),
    "unconfined": set(),
    "hangs": set(),
}
# A comment that is no string, and nesting in an unknown place that CRI-O knows: refused by its decoder alone.
NOT_WARNED = {"SP102-limits/near-deep", "SP203-unknown-key/near-annotations-in-comment",
              "SP205-wrong-type/near-number-for-comment"}


def decode(manager, path):
    """What is handed to the runtime, or None when the manager refuses the file."""
    done = subprocess.run([part("go") / "decode", manager], input=path.read_bytes(), capture_output=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def outcome(case, profile, canonical, runtime, directory, rootfs):
    """None when the runtime does what the canonical file says, or loads what is not installed."""
    if profile is None:
        return "refused"
    caught = filters.catch(runtime, directory, rootfs, profile, patience=10)
    if not caught.program:
        return "hangs" if caught.hangs else "unconfined" if caught.ran else "fails"
    if not canonical:
        return None
    comparison = filters.compare(canonical, caught.program, runtime.is_runc)
    if comparison.n_different == 0:
        return None
    names = [name for name in comparison.names() if not re.fullmatch(r"-?\d+", name)]
    return "differs " + (" ".join(names[:3]) or "numbers without a name")


def raw_lines(case, directory, rootfs):
    canonical = case.canonical(directory) if case.is_installed else None
    lines = []
    for manager, name in MANAGERS:
        profile = decode(manager, case.path)
        found = outcome(case, profile, canonical, filters.Runtime(name, name), directory, rootfs)
        if found:
            rules = " ".join(case.rules) if case.is_installed else "not installed"
            lines.append(f"{case.name}: {manager}{'' if profile is None else ' ' + name}: {found}: {rules or '-'}")
    return list(dict.fromkeys(lines))  # a decoder refuses for every runtime


def test_where_the_file_as_written_differs_a_rule_warns(cases, rootfs, tmp_path):
    for name in ("runc", "crun"):
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed")
    if not shutil.which("go") or not part("go"):
        pytest.skip("no Go, or no Go module proxy: the managers' decoders cannot be built")
    lines = [line for lines in in_parallel(lambda case: raw_lines(case, tmp_path, rootfs), cases) for line in lines]
    by_case = {case.name: case for case in cases}
    unwarned = []
    for line in lines:
        name, _, rest = line.partition(": ")
        kind = rest.split(": ")[1].split()[0]
        case = by_case[name]
        if case.is_installed and not EXPLAIN[kind] & set(case.rules) and name not in NOT_WARNED:
            unwarned.append(line)
    assert not unwarned, "\n".join(unwarned)
    text = "".join(line + "\n" for line in lines)
    if os.environ.get("SECCOMPD_UPDATE_CASES"):
        TABLE.write_text(text)
    assert text == TABLE.read_text()
