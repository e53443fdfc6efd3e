# SPDX-License-Identifier: Apache-2.0
"""One changed profile: how long it takes, and where the time and the instructions go."""

import collections
import os
import re
import statistics
import subprocess

import lab

ROUNDS = 150
CHUNKS = 5  # in which the parts are measured, so that they see the same machine as the rounds
OWN_SECONDS = 0.5e-3


def change(place):
    found = collections.defaultdict(list)
    where = place.place()
    write_profiles(where)
    bare = lab.Bare(where / "bare", lab.variant(0), ROUNDS)
    try:
        with place.daemon({"a.json": lab.variant(0)}) as daemon:
            pids = daemon.process.pid, bare.process.pid
            before = [lab.processor_seconds(pid) for pid in pids]
            for i in range(1, ROUNDS + 1):
                one_round(found, daemon, bare, i)
                if i % (ROUNDS // CHUNKS) == 0:
                    parts(found, where)
            used = [(lab.processor_seconds(pid) - begin) / ROUNDS for pid, begin in zip(pids, before, strict=True)]
    finally:
        bare.close()
    middle = {name: statistics.median(values) for name, values in found.items()}
    second = middle["compile"] - middle["bare"]
    own = middle["ours"] - middle["bound"] - second - middle["evaluate"] - middle["compare"] - 2 * middle["child"]
    return [
        lab.against("one changed profile, from the rename to durable and published, p50",
                    middle["ours"], middle["bound"], 1.3),
        lab.against("  the processor time of all that", *used),
        lab.Row("  of the wait compiling the program that newer runc makes, beside the bound's", lab.milliseconds(second)),
        lab.against("  of the wait the evaluation of the programs (bound: their compilation)",
                    middle["evaluate"], middle["compile"]),
        lab.against("  of the wait the comparison with the version before (bound: the same)",
                    middle["compare"], middle["compile"]),
        lab.Row("  of the wait two confined children, with nothing to do", lab.milliseconds(2 * middle["child"])),
        lab.at_most("  of the wait our own work: what is left without these and the bound", own, OWN_SECONDS),
        lab.Row("  the rest of the check alone",
                lab.milliseconds(middle["check"] - middle["compile"] - middle["evaluate"] - middle["compare"])),
    ]


def one_round(found, daemon, bare, i):
    """Ours and the bound, in turn first."""
    before = (daemon.installed / "a.json").read_bytes()
    turns = [("ours", daemon), ("bound", bare)]
    for name, one in turns if i % 2 else reversed(turns):
        found[name].append(one.swap({"a.json": lab.variant(i)}))
    if (daemon.installed / "a.json").read_bytes() == before:
        raise lab.CannotRun("the pass ended without the change")


def write_profiles(where):
    """A profile and the version before it."""
    (where / "profile.json").write_bytes(lab.variant(0))
    (where / "previous.json").write_bytes(lab.canonical(lab.variant(1)))


def parts(found, where):
    seconds = lab.seconds(lab.OURS, "check", where / "profile.json", 20, where / "previous.json")
    for name, took in zip(("check", "compile", "evaluate", "compare"), seconds, strict=True):
        found[name].append(took)
    found["bare"].append(lab.seconds(lab.BARE, "compile", *[where / "previous.json"] * 20)[0] / 20)
    found["child"].append(lab.seconds(lab.OURS, "child", 40)[0])


# --- instructions ---


def millions(n):
    return f"{n / 1e6:.2f} M"


def inclusive(path):
    """Instructions by function, callees included, of one profile that callgrind left."""
    text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", "--auto=no", path],
                          capture_output=True, text=True, check=True).stdout
    found = collections.Counter()
    for line in text.splitlines():
        match = re.match(r"\s*([\d,]+) \([ \d.]+%\)\s+(?:PROGRAM (TOTALS)|\S+?:([\w]+) \[)", line)
        if match:
            found[match[2] or match[3]] = int(match[1].replace(",", ""))
    return found


def callgrind(place, *options):
    """The prefix of a command, its environment, and the directory of what it leaves."""
    where = place.place()
    preload = where / "preload.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-D_GNU_SOURCE", "-o", preload,
                    lab.HERE / "under_valgrind.c", "-ldl"], check=True)
    argv = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={where}/out.%p", *options]
    return argv, {**os.environ, "LD_PRELOAD": str(preload)}, where


def profiled(place, n_changes):
    """What callgrind counted in the daemon, and in its children by what they ran, in order."""
    prefix, env, where = callgrind(place)
    with place.daemon({"a.json": lab.variant(0)}, program=lab.UNCONFINED, prefix=prefix, env=env) as daemon:
        pid = daemon.process.pid
        for i in range(1, n_changes + 1):
            daemon.swap({"a.json": lab.variant(i)})
    counts = {path.suffix[1:]: inclusive(path) for path in sorted(where.glob("out.*"))}
    parent = counts.pop(str(pid))
    workers = [count for count in counts.values() if count["run_worker"]]
    writers = [count for count in counts.values() if count["run_writer"]]
    if len(workers) != n_changes + 1 or len(writers) != n_changes + 1:
        raise lab.CannotRun(f"{len(workers)} workers and {len(writers)} writers for {n_changes + 1} profiles")
    return parent, workers, writers


def one_check(place):
    """What callgrind counted in a check that is compared with nothing."""
    prefix, env, where = callgrind(place, "--toggle-collect=check_profile")
    write_profiles(where)
    subprocess.run([*prefix, lab.OURS, "check", where / "profile.json", "1"], env=env, stdout=subprocess.DEVNULL,
                   check=True)
    return inclusive(next(where.glob("out.*")))


def middle_of(counts, name):
    return statistics.median(count[name] for count in counts)


def instructions(place):
    """User space only; the system calls' own cost is in the times above."""
    few, many = 2, 6
    before, _, _ = profiled(place, few)
    after, workers, writers = profiled(place, many)
    check = one_check(place)
    daemon = (after["TOTALS"] - before["TOTALS"]) / (many - few)
    compilation = check["policy_compile"]
    evaluation = check["program_verify"] + check["eval_table_new"]
    comparison = middle_of(workers, "verdict_compare")
    worker = middle_of(workers, "run_worker") - compilation - evaluation - comparison
    writer = middle_of(writers, "run_writer")
    return [
        lab.against("one change: our own instructions, callgrind (bound: its compilation)",
                    daemon + worker + writer, compilation, text=millions),
        lab.Row("  of that the daemon", millions(daemon)),
        lab.Row("  of that the worker, without what is below", millions(worker)),
        lab.Row("  of that the writer", millions(writer)),
        lab.against("the evaluation's, beside them", evaluation, compilation, text=millions),
        lab.against("the comparison's with the version before, beside them", comparison, compilation, text=millions),
    ]
