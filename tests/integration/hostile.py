# SPDX-License-Identifier: Apache-2.0
"""Files of a ConfigMap that are meant to hurt: each at the edge of what one may hold, costly in its own way."""

import json

from node import profile


def hostile_set():
    rule = '{"names":["ioctl"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,"value":%d,"op":"SCMP_CMP_EQ"}]}'
    arguments = ",".join(rule % i for i in range(9000))
    files = {
        "numbers.json": b"[" + b"0," * ((1 << 19) - 2) + b"0]",
        "nesting.json": b"[" * (1 << 20),
        "names.json": profile(*(f"call{i:05d}" for i in range(77000))),
        "arguments.json": f'{{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{arguments}]}}'.encode(),
        "keys.json": json.dumps({f"key{i:05d}": i for i in range(50000)}).encode(),
        "string.json": b'{"defaultAction": "' + b"\\u0041" * 170000 + b'"}',
        "zeros.json": bytes(1 << 20),
    }
    assert all(len(data) <= 1 << 20 for data in files.values()), {name: len(data) for name, data in files.items()}
    return files
