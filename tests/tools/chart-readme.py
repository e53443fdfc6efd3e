#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the table of values in helm/seccompd/README.md from the comments of values.yaml.

    chart-readme.py           writes the README anew
    chart-readme.py --check   exit 1 when it is not what the comments say

A value is documented by the comment right above its key; a comment that nothing but an empty line follows is
a heading or a remark. A key without a comment is an error, unless the keys below it have some.
"""

import json
import pathlib
import re
import sys

import yaml

CHART = pathlib.Path(__file__).resolve().parents[2] / "helm" / "seccompd"
BEGIN, END = "<!-- values: made by make chart-readme -->\n", "<!-- /values -->\n"


def entries(text):
    """(path, comment) of each key with a comment, and (None, heading) of each `# --- heading ---`."""
    comment, path = [], []
    for line in text.splitlines():
        heading = re.fullmatch(r"# --- (.*) ---", line)
        key = re.match(r"^( *)([A-Za-z]\w*):", line)
        if heading:
            yield None, heading.group(1)
        elif line.lstrip().startswith("# "):
            comment.append(line.lstrip()[2:])
            continue
        elif key:
            path = [*path[:len(key.group(1)) // 2], key.group(2)]
            if comment:
                yield tuple(path), " ".join(comment)
        comment = []


def undocumented(values, documented, path=()):
    for key, value in values.items():
        here = (*path, key)
        if here in documented:
            continue
        if isinstance(value, dict) and value:
            yield from undocumented(value, documented, here)
        else:
            yield ".".join(here)


def table(text):
    values = yaml.safe_load(text)
    found = list(entries(text))
    missing = list(undocumented(values, {path for path, _ in found}))
    if missing:
        sys.exit(f"values.yaml: no comment above {', '.join(missing)}")
    lines = []
    for path, comment in found:
        if path is None:
            lines += [f"\n### {comment[0].upper()}{comment[1:]}\n", "| value | default | what it is |", "|---|---|---|"]
            continue
        default = values
        for key in path:
            default = default[key]
        shown = "" if default == "" else json.dumps(default, ensure_ascii=False).strip('"')
        shown = f"`{shown}`" if shown else ""
        lines.append(f"| `{'.'.join(path)}` | {shown} | {comment.replace('|', chr(92) + '|')} |")
    return "\n".join(lines).lstrip("\n") + "\n"


def main():
    readme = CHART / "README.md"
    old = readme.read_text()
    before, begin, rest = old.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{readme}: the lines {BEGIN.strip()} and {END.strip()} are missing")
    new = before + BEGIN + "\n" + table((CHART / "values.yaml").read_text()) + "\n" + END + after
    if sys.argv[1:] == ["--check"]:
        if new != old:
            sys.exit("helm/seccompd/README.md is not what values.yaml says: make chart-readme")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        readme.write_text(new)


if __name__ == "__main__":
    main()
