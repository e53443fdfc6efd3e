#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Build stage, last: everything of the final image below one directory.

    rootfs.py ROOT ARCH PREFIX BUILD EPOCH

The programs are static, so no other package owns a file that they need. What their code comes from is told to scanners
all the same, where those look in images without a package manager: an entry in /var/lib/dpkg/status.d for each Debian
package whose archives were linked, those that were built here (below PREFIX) under their Debian version. Which
archives were linked is known from the linker (BUILD/PROGRAM.inputs).
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

PROGRAMS = ("seccompd", "seccompctl")
COMMON_LICENSES = re.compile(r"/usr/share/common-licenses/[\w.-]*\w")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Rootfs:
    def __init__(self, root, arch):
        self.root = pathlib.Path(root)
        self.arch = arch
        self.status = self.root / "var/lib/dpkg/status.d"
        self.packages = set()
        shutil.rmtree(self.root, ignore_errors=True)
        self.status.mkdir(parents=True)

    def inside(self, path):
        return self.root / str(path).lstrip("/")

    def put(self, source, path, mode=0o644):
        target = self.inside(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(mode)

    def put_licence(self, copyright_file, package):
        """The copyright file, and the licence texts that it refers to."""
        self.put(copyright_file, f"/usr/share/doc/{package}/copyright")
        for text in COMMON_LICENSES.findall(pathlib.Path(copyright_file).read_text(encoding="utf-8")):
            self.put(text, text)

    def put_package(self, owner, files=()):
        """The entry of an installed package, and the `files` of it that the image holds."""
        name = owner.split(":")[0]
        if name in self.packages:
            return
        self.packages.add(name)
        # what is the same for every architecture may come from the build machine's
        text = re.sub("^Architecture: (?!all$).*$", f"Architecture: {self.arch}", output("dpkg-query", "-s", owner),
                      flags=re.MULTILINE)
        (self.status / name).write_text(text, encoding="utf-8")
        self.put_licence(f"/usr/share/doc/{name}/copyright", name)
        for path in files:
            self.put(path, path)
        sums = [f"{hashlib.md5(pathlib.Path(path).read_bytes()).hexdigest()}  {path.lstrip('/')}\n" for path in files]
        (self.status / f"{name}.md5sums").write_text("".join(sums), encoding="utf-8")

    def put_built(self, record):
        """The entry of a package that was built here: `record` holds its source and version."""
        source, version = record.read_text(encoding="utf-8").split()
        (self.status / record.name).write_text(
            f"Package: {record.name}\n"
            "Status: install ok installed\n"
            f"Architecture: {self.arch}\n"
            f"Source: {source}\n"
            f"Version: {version}\n"
            f"Description: built from the Debian source {source} and linked into seccompd's programs\n",
            encoding="utf-8")
        (self.status / f"{record.name}.md5sums").write_text("", encoding="utf-8")
        self.put_licence(f"{record}.copyright", record.name)

    def put_linked(self, inputs, prefix, build):
        """The packages of what the linker read: a makefile rule, the inputs behind its colon."""
        for path in inputs.read_text(encoding="utf-8").split(":", 1)[1].replace("\\\n", " ").split():
            path = os.path.realpath(path.rstrip(":"))
            if not path.startswith((prefix + "/", build + "/")) and os.path.exists(path):
                self.put_package(output("dpkg-query", "-S", path).split(": ", 1)[0])

    def set_times(self, epoch):
        for directory, names, files in os.walk(self.root, topdown=False):
            for path in [os.path.join(directory, name) for name in names + files] + [directory]:
                os.utime(path, (epoch, epoch), follow_symlinks=False)


def main():
    root, arch, prefix, build, epoch = sys.argv[1:]
    os.umask(0o022)
    rootfs = Rootfs(root, arch)
    rootfs.put("LICENSE", "/usr/share/doc/seccompd/copyright")
    for program in PROGRAMS:
        rootfs.put(f"{build}/{program}", f"/usr/bin/{program}", 0o755)
        rootfs.put_linked(pathlib.Path(build, f"{program}.inputs"), prefix, build)
    for record in pathlib.Path(prefix, "debian").iterdir():
        if record.suffix != ".copyright":
            rootfs.put_built(record)
    # Says which Debian's advisories hold for the packages.
    rootfs.put_package("base-files", ["/usr/lib/os-release"])
    rootfs.inside("/etc").mkdir()
    rootfs.inside("/etc/os-release").symlink_to("../usr/lib/os-release")
    # Where the socket goes when nothing is mounted there.
    rootfs.inside("/run/seccompd").mkdir(parents=True)
    rootfs.set_times(int(epoch))


main()
