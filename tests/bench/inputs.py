# SPDX-License-Identifier: Apache-2.0
"""Inputs of up to 1 MiB that are made to hurt: what a verdict takes, in time and in memory."""

import json
import statistics

import lab

SIZE = 1 << 20
SECONDS = 0.25
KIB = 32 << 10
# agent/profile/limits.h
VALUES = 150_000
OBJECTS = 32_768
ENDLESS = lab.integration.ROOT / "tests/cases/SP812-miscompiled/bad-never-ends.json"
CALLS = ("read", "write", "ioctl", "socket", "clone", "prctl", "fcntl", "mmap")
HEAD = b'{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"],'


def fill(head, item, tail, separator=b","):
    """`head`, as many of item(i) as there is room for, `tail`."""
    parts, size, i = [], len(head) + len(tail), 0
    while True:
        part = item(i)
        size += len(part) + len(separator)
        if size > SIZE:
            return head + separator.join(parts) + tail
        parts.append(part)
        i += 1


def limit(head, item, tail, n):
    return head + b",".join([item] * n) + tail


def rules(n, rule):
    return HEAD + b'"syscalls":[' + b",".join(json.dumps(rule(i)).encode() for i in range(n)) + b"]}"


def conditional(name, *conditions, action="SCMP_ACT_ALLOW"):
    keys = ("index", "op", "value", "valueTwo")
    return {"names": [name], "action": action, "args": [dict(zip(keys, condition)) for condition in conditions]}


def names(item, **more):
    action = json.dumps({"action": "SCMP_ACT_ALLOW", **more}).encode()[1:]
    return fill(HEAD + b'"syscalls":[{"names":[', item, b"]," + action + b"]}")


def masks(i):
    """Many bits each, on two arguments: the most boundary points."""
    return conditional(CALLS[i % len(CALLS)], (0, "SCMP_CMP_MASKED_EQ", (1 << 64) - 1 - i, i),
                       (1, "SCMP_CMP_MASKED_EQ", (0x5555555555555555 << i % 2) & (1 << 64) - 1, i % 2))


def six(i):
    return conditional(CALLS[i % len(CALLS)], *[(index, "SCMP_CMP_EQ", i << 32 | index) for index in range(6)])


def rule_sets():
    """At the limit of conditional rules: what they take is libseccomp's to say. The last one has no end in it."""
    return {
        "512 conditional rules on one call": rules(512, lambda i: conditional("read", (0, "SCMP_CMP_EQ", i))),
        "512 conditional rules, values of 64 bits": rules(512, lambda i: conditional(
            "read", (0, "SCMP_CMP_EQ", i << 32 | 512 - i))),
        "512 conditional rules, one inequality each": rules(512, lambda i: conditional(
            CALLS[i % 8], (i // 8 % 6, "SCMP_CMP_GT", i << 20))),
        "512 conditional rules of six conditions": rules(512, six),
        "512 conditional rules of masks": rules(512, masks),
        "two rules for which it has no end": ENDLESS.read_bytes(),
    }


def texts():
    """What is ours to bear, up to the limit of a file."""
    plain = HEAD + b'"syscalls":['
    known = sorted({name for rule in lab.published()["syscalls"] for name in rule["names"]})
    return {
        "one name, repeated": names(lambda i: b'"read"'),
        "eight names, repeated": names(lambda i: b'"%s"' % CALLS[i % 8].encode()),
        "unknown names": names(lambda i: b'"x%d"' % i),
        "4000 unknown names, each near a known one": rules(1, lambda i: {
            "names": [f"reax{j}" for j in range(4000)], "action": "SCMP_ACT_ALLOW"}),
        "names of one letter": names(lambda i: b'"%c"' % (97 + i % 26)),
        "conditional rules, past the limit": fill(plain, lambda i: json.dumps(
            conditional("read", (0, "SCMP_CMP_EQ", i))).encode(), b"]}"),
        "4096 rules on one call, two actions": rules(4096, lambda i: {
            "names": ["read"], "action": ("SCMP_ACT_ALLOW", "SCMP_ACT_LOG")[i % 2]}),
        "empty rules": fill(plain, lambda i: b"{}", b"]}"),
        "null rules": fill(plain, lambda i: b"null", b"]}"),
        "rules with a mistake in each part": fill(plain, lambda i: json.dumps({
            "names": ["", 7], "action": "ALLOW", "errnoRet": -1, "args": [{"index": 9, "op": "EQ"}]}).encode(), b"]}"),
        "unknown keys": fill(b"{", lambda i: b'"k%d":0' % i, b"}"),
        "one key, repeated": fill(b"{", lambda i: b'"a":0', b"}"),
        "keys that differ in case only": fill(b"{", lambda i: b'"%s":0' % b"".join(
            b"kK"[i >> bit & 1:(i >> bit & 1) + 1] for bit in range(16)), b"}"),
        "150,000 values and keys: strings": limit(b'{"x-a":[', b'"ab"', b"]}", VALUES - 3),
        "150,000 values and keys: members": limit(b"{", b'"":0', b"}", VALUES // 2 - 1),
        "150,000 values and keys: unknown sub-architectures": limit(
            b'{"defaultAction":"SCMP_ACT_ALLOW","archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":[',
            b'"ab"', b"]}]}", VALUES - 16),
        "32,768 empty rules": limit(b'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[', b"{}", b"]}", OBJECTS),
        "32,768 empty conditions": limit(plain + b'{"names":["read"],"args":[', b"{}", b"]}]}", OBJECTS),
        "a list of zeros": fill(b"[", lambda i: b"0", b"]"),
        "a list of empty strings": fill(b"[", lambda i: b'""', b"]"),
        "open brackets": b"[" * SIZE,
        "open braces": b'{"a":' * (SIZE // 5),
        "64 levels, over and over": fill(b"[", lambda i: b"[" * 62 + b"]" * 62, b"]"),
        "one string": b'{"defaultAction":"' + b"A" * (SIZE - 20) + b'"}',
        "one string of escapes": b'{"defaultAction":"' + b"\\u0041" * ((SIZE - 20) // 6) + b'"}',
        "one key": b'{"' + b"k" * (SIZE - 6) + b'":0}',
        "one number": b'{"defaultErrnoRet":' + b"9" * (SIZE - 20) + b"}",
        "numbers out of range": fill(b'{"defaultAction":[', lambda i: b"1e999999", b"]}"),
        "line breaks": b"\n" * (SIZE - 2) + b"{}",
        "no UTF-8": b"\xff" * SIZE,
        "zeros": bytes(SIZE),
        "two-byte characters": b'{"defaultAction":"' + "é".encode() * ((SIZE - 20) // 2) + b'"}',
        "architectures": fill(b'{"defaultAction":"SCMP_ACT_ALLOW","architectures":[',
                              lambda i: b'"SCMP_ARCH_X86"', b"]}"),
        "unknown architectures": fill(b'{"defaultAction":"SCMP_ACT_ALLOW","architectures":[',
                                      lambda i: b'"SCMP_ARCH_%d"' % i, b"]}"),
        "flags": fill(b'{"defaultAction":"SCMP_ACT_ALLOW","flags":[', lambda i: b'"SECCOMP_FILTER_FLAG_LOG"', b"]}"),
        "archMap": fill(b'{"defaultAction":"SCMP_ACT_ALLOW","archMap":[', lambda i:
                        b'{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]}', b"]}"),
        "includes": fill(plain + b'{"names":["read"],"action":"SCMP_ACT_ALLOW","includes":{"caps":[',
                         lambda i: b'"CAP_%d"' % i, b"]}}]}"),
        "all names there are, each for itself": rules(len(known), lambda i: {
            "names": [known[i]], "action": "SCMP_ACT_ALLOW"}),
    }


def verdict(path):
    """Wall seconds, processor seconds, resident KiB, what it is."""
    wall, used, resident, kind, rule = lab.output(lab.OURS, "verdict", path)
    return float(wall), float(used), int(resident), kind, int(rule)


def mebibytes(kib):
    return f"{kib / 1024:.1f} MiB"


def worst(place, inputs):
    """The largest wall seconds, processor seconds and resident KiB among the inputs, each with its input's name."""
    where = place.place() / "input.json"
    found = [(0, ""), (0, ""), (0, "")]
    for name, data in inputs.items():
        if len(data) > SIZE:
            raise lab.CannotRun(f"{name}: {len(data)} bytes")
        where.write_bytes(data)
        runs = [verdict(where) for _ in range(3)]
        if any(kind == "died" for _, _, _, kind, _ in runs):
            raise lab.CannotRun(f"{name}: the check died")
        middles = [statistics.median(run[i] for run in runs) for i in range(3)]
        found = [max(before, (middle, name)) for before, middle in zip(found, middles, strict=True)]
    return found


def hostile(place):
    rows = []
    for what, inputs in (("texts up to 1 MiB", texts()), ("rule sets up to 512 conditional rules", rule_sets())):
        wall, used, resident = worst(place, inputs)
        rows += [
            lab.at_most(f"{len(inputs)} hostile {what}: the slowest verdict ({wall[1]})", wall[0], SECONDS),
            lab.at_most(f"  the most processor time ({used[1]})", used[0], SECONDS),
            lab.at_most(f"  the largest worker ({resident[1]})", resident[0], KIB, mebibytes),
        ]
    return rows
