# SPDX-License-Identifier: Apache-2.0
"""Classic BPF in Python, written from Documentation/networking/filter.rst: a second opinion on programs and listings."""

import re
import struct

AUDIT_ARCH = {"SCMP_ARCH_X86_64": 0xC000003E, "SCMP_ARCH_X86": 0x40000003, "SCMP_ARCH_X32": 0xC000003E,
              "SCMP_ARCH_AARCH64": 0xC00000B7}
ACTIONS = {0x80000000: "SCMP_ACT_KILL_PROCESS", 0: "SCMP_ACT_KILL", 0x00030000: "SCMP_ACT_TRAP",
           0x00050000: "SCMP_ACT_ERRNO", 0x7FC00000: "SCMP_ACT_NOTIFY", 0x7FF00000: "SCMP_ACT_TRACE",
           0x7FFC0000: "SCMP_ACT_LOG", 0x7FFF0000: "SCMP_ACT_ALLOW"}
LD_ABS, ALU_AND, JA, RET = 0x20, 0x54, 0x05, 0x06
JUMPS = {0x15: "jeq", 0x25: "jgt", 0x35: "jge", 0x45: "jset"}
OPPOSITE = {"jne": "jeq", "jle": "jgt", "jlt": "jge"}


def instructions(data):
    """struct sock_filter[]: (code, jt, jf, k) each."""
    assert len(data) % 8 == 0
    return list(struct.iter_unpack("=HBBI", data))


def run(program, arch, nr, args=()):
    """What a program (a list of instructions) returns for a call; only what libseccomp emits is understood."""
    values = [*args, *[0] * (6 - len(args))]
    data = struct.pack("<IIQ6Q", nr & 0xFFFFFFFF, AUDIT_ARCH[arch], 0, *values)
    accumulator, at = 0, 0
    while True:
        code, jt, jf, k = program[at]
        at += 1
        if code == LD_ABS:
            (accumulator,) = struct.unpack_from("<I", data, k)
        elif code == ALU_AND:
            accumulator &= k
        elif code == JA:
            at += k
        elif code == RET:
            return k
        else:
            holds = {"jeq": accumulator == k, "jgt": accumulator > k, "jge": accumulator >= k,
                     "jset": accumulator & k != 0}[JUMPS[code]]
            at += jt if holds else jf


def action(ret):
    """A filter's value as profiles write it."""
    name = ACTIONS[ret & 0xFFFF0000]
    return {"action": name, "errnoRet": ret & 0xFFFF} if name in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE") else {"action": name}


def assemble(text):
    """The instructions of a listing in bpf_asm's syntax; comments begin with ';'."""
    lines, labels = [], {}
    for line in text.splitlines():
        line = line.partition(";")[0].strip()
        match = re.fullmatch(r"(?:([A-Za-z_]\w+):\s*)?(\w+)\s*(.*)", line)
        if not match:
            assert line == "", line
            continue
        label, word, operands = match.groups()
        if label:
            assert label not in labels
            labels[label] = len(lines)
        lines.append((word, [operand.strip() for operand in operands.split(",") if operand.strip()]))

    def constant(operand):
        assert operand.startswith("#"), operand
        return int(operand[1:], 0)

    program = []
    for at, (word, operands) in enumerate(lines):
        def distance(operand, at=at):
            steps = labels[operand] - at - 1
            assert steps >= 0
            return steps
        if word == "ld":
            program.append((LD_ABS, 0, 0, int(operands[0].strip("[]"))))
        elif word == "and":
            program.append((ALU_AND, 0, 0, constant(operands[0])))
        elif word == "ja":
            program.append((JA, 0, 0, distance(operands[0])))
        elif word == "ret":
            program.append((RET, 0, 0, constant(operands[0])))
        else:
            codes = {name: code for code, name in JUMPS.items()}
            if word in OPPOSITE:
                assert len(operands) == 2
                jt, jf = 0, distance(operands[1])
            else:
                jt = distance(operands[1])
                jf = distance(operands[2]) if len(operands) > 2 else 0
            assert max(jt, jf) <= 255
            program.append((codes[OPPOSITE.get(word, word)], jt, jf, constant(operands[0])))
    return program
