#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Build stage, last: everything of the final image below one directory.

    rootfs.py ROOT ARCH TRIPLET PREFIX BUILD EPOCH

Libraries are found by what the programs need. Each comes with its Debian package's entry in /var/lib/dpkg/status.d (one
file a package, and NAME.md5sums for its files), which scanners read, and with its copyright file. The packages that
were built here have an entry too: their code is in the programs.
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
    def __init__(self, root, arch, triplet):
        self.root = pathlib.Path(root)
        self.arch = arch
        self.triplet = triplet
        self.status = self.root / "var/lib/dpkg/status.d"
        self.packages = {}  # name: its files in the image
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

    def put_packaged(self, path):
        """A file of an installed package below its own path, and what it points to when it is a link."""
        target = self.inside(path)
        if os.path.lexists(target):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        owner = output("dpkg-query", "-S", path).split(": ", 1)[0]
        name = owner.split(":")[0]
        if name not in self.packages:
            self.packages[name] = []
            (self.status / name).write_text(output("dpkg-query", "-s", owner), encoding="utf-8")
            self.put_licence(f"/usr/share/doc/{name}/copyright", name)
        if os.path.islink(path):
            target.symlink_to(os.readlink(path))
            self.put_packaged(os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path))))
        else:
            shutil.copy(path, target)
            self.packages[name].append(path)

    def put_needed_by(self, binary):
        """The libraries and the loader of a binary, and theirs."""
        headers = output(f"{self.triplet}-readelf", "--wide", "--program-headers", "--dynamic", binary)
        for loader in re.findall(r"program interpreter: (\S+)\]", headers):
            # /lib and /lib64 are links into /usr.
            top = loader.split("/")[1]
            if not os.path.lexists(self.inside(top)):
                self.inside(top).symlink_to(f"usr/{top}")
            self.put_packaged(f"/usr{loader}")
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", headers):
            library = f"/usr/lib/{self.triplet}/{name}"
            if not name.startswith("ld-linux") and not os.path.lexists(self.inside(library)):
                self.put_packaged(library)
                self.put_needed_by(library)

    def put_built(self, record):
        """The entry of a package whose code is in the programs: `record` holds its source and version."""
        source, version = record.read_text(encoding="utf-8").split()
        self.packages[record.name] = []
        (self.status / record.name).write_text(
            f"Package: {record.name}\n"
            "Status: install ok installed\n"
            f"Architecture: {self.arch}\n"
            f"Source: {source}\n"
            f"Version: {version}\n"
            f"Description: built from the Debian source {source} and linked into seccompd's programs\n",
            encoding="utf-8")
        self.put_licence(f"{record}.copyright", record.name)

    def write_md5sums(self):
        for name, files in self.packages.items():
            lines = [f"{hashlib.md5(self.inside(path).read_bytes()).hexdigest()}  {path.lstrip('/')}\n"
                     for path in sorted(files)]
            (self.status / f"{name}.md5sums").write_text("".join(lines), encoding="utf-8")

    def set_times(self, epoch):
        for directory, names, files in os.walk(self.root, topdown=False):
            for path in [os.path.join(directory, name) for name in names + files] + [directory]:
                os.utime(path, (epoch, epoch), follow_symlinks=False)


def main():
    root, arch, triplet, prefix, build, epoch = sys.argv[1:]
    os.umask(0o022)
    rootfs = Rootfs(root, arch, triplet)
    rootfs.put("LICENSE", "/usr/share/doc/seccompd/copyright")
    for program in PROGRAMS:
        rootfs.put(f"{build}/{program}", f"/usr/bin/{program}", 0o755)
        rootfs.put_needed_by(f"{build}/{program}")
    for record in sorted(pathlib.Path(prefix, "debian").iterdir()):
        if record.suffix != ".copyright":
            rootfs.put_built(record)
    # Says which Debian's advisories hold for the packages.
    rootfs.put_packaged("/etc/os-release")
    # Where the socket goes when nothing is mounted there.
    rootfs.inside("/run/seccompd").mkdir(parents=True)
    rootfs.write_md5sums()
    rootfs.set_times(int(epoch))


main()
