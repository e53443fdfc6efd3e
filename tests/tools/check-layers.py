#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the include directions between the rooms of agent/ (docs/architecture.md).

Each room may include itself and what is listed for it; a name with a slash is one header that is
open to it and no other of that room. External headers are checked where a library belongs to one
room only. `agent/profile` is pure: no header that does I/O, reads a clock or the environment, but
for one that a file takes numbers from.
"""

import pathlib
import re
import sys

ROOMS = {
    "base": [],
    "profile": ["base"],
    "node": ["base", "profile"],
    "report": ["base", "profile"],
    "daemon": ["base", "profile", "node", "report"],
    # seccompctl checks in the same confined child, with the same facts, as the daemon.
    "ctl": ["base", "profile", "node/probe.h", "node/sandbox.h", "node/worker.h"],
}
EXTERNAL = {
    "curl/": {"ctl"},
    "microhttpd.h": {"report"},
    "systemd/": {"node", "report", "daemon"},
    "seccomp.h": {"profile", "node"},
    "cjson/": {"profile", "ctl"},
}
IMPURE = {
    "fcntl.h", "time.h", "sys/time.h", "sys/stat.h", "sys/socket.h", "sys/utsname.h", "dirent.h",
    "syslog.h", "signal.h", "sys/wait.h", "poll.h",
}
NUMBERS_FROM = {("constants.c", "sys/socket.h")}  # the kernel's own headers have no AF_* and SOCK_*
IMPURE_CALLS = re.compile(r"\b(time|getenv|secure_getenv|uname|fopen|open|openat|printf|fprintf|clock_gettime|syslog)\(")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]')


def problems_of(path: pathlib.Path, root: pathlib.Path):
    room = path.relative_to(root).parts[0]
    code = COMMENT.sub(lambda comment: "\n" * comment.group(0).count("\n"), path.read_text())
    for number, line in enumerate(code.splitlines(), 1):
        where = f"{path}:{number}"
        if room == "profile" and (call := IMPURE_CALLS.search(line)):
            yield f"{where}: profile/ is pure, {call.group(1)}() is not"
        match = INCLUDE.match(line)
        if not match:
            continue
        header = match.group(1)
        target = header.split("/")[0]
        if target in ROOMS and "/" in header:
            if target != room and target not in ROOMS[room] and header not in ROOMS[room]:
                yield f"{where}: {room}/ must not include {header}"
            continue
        for prefix, rooms in EXTERNAL.items():
            if header.startswith(prefix) and room not in rooms:
                yield f"{where}: {header} belongs to {', '.join(sorted(rooms))}, not to {room}/"
        if room == "profile" and header in IMPURE and (path.name, header) not in NUMBERS_FROM:
            yield f"{where}: profile/ is pure, {header} is not for it"


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "agent")
    files = sorted(root.glob("*/*.[ch]"))
    if not files:
        print(f"check-layers: no sources below {root}", file=sys.stderr)
        return 2
    found = [problem for path in files for problem in problems_of(path, root)]
    print("\n".join(found) or f"layers: {len(files)} files, includes point down only")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
