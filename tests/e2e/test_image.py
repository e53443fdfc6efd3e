# SPDX-License-Identifier: Apache-2.0
"""The image: its size, its contents to the last file, that it can be built again to the same bytes, and that it runs."""

import hashlib
import json
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

import image as images
from node import PUBLISHED, AtomicWriter, UnixConnection, eventually, needs_root

SIZE_LIMIT = 8 << 20
N_PROFILES = 1000
STATUS = "/var/lib/dpkg/status.d/"
OTHER = {"amd64": "arm64", "arm64": "amd64"}[images.NATIVE]
ELF_MACHINE = {"amd64": 62, "arm64": 183}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Built anew in every step; a warning to the person, if there was one, is in its log."""
    return images.build(tmp_path_factory.mktemp("first"), images.NATIVE, NO_CACHE="1")


@pytest.fixture(scope="module")
def rootfs(tmp_path_factory, image):
    return image.unpack(tmp_path_factory.mktemp("rootfs"))


@pytest.fixture
def container(tmp_path, image, rootfs):
    needs_root()
    return images.Container(tmp_path, image, rootfs)


def revision():
    head = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=images.ROOT, capture_output=True, text=True,
                          check=True).stdout.strip()
    changed = subprocess.run(["git", "status", "--porcelain"], cwd=images.ROOT, capture_output=True, text=True,
                             check=True).stdout
    return head + ("-dirty" if changed else "")


def version():
    changelog = (images.ROOT / "CHANGELOG.md").read_text()
    return re.search(r"^## \[(\d[^]]*)\]", changelog, re.MULTILINE).group(1)


def packages(image):
    """The fields of every entry in status.d, by the file's name."""
    found = {}
    for path, member in image.members().items():
        if path.startswith(STATUS) and member.isfile() and not path.endswith(".md5sums"):
            text = image.read(path).decode()
            found[path[len(STATUS):]] = dict(re.findall(r"^([A-Za-z-]+): (.*)$", text, re.MULTILINE))
    return found


def md5sums(image, package):
    lines = image.read(f"{STATUS}{package}.md5sums").decode().splitlines()
    return {"/" + path: digest for digest, path in (line.split("  ") for line in lines)}


# --- what it is ---

def test_size(image, capsys):
    with capsys.disabled():
        print(f"\nimage: {image.compressed_bytes / (1 << 20):.2f} MiB compressed, "
              f"{len(image.layer) / (1 << 20):.2f} MiB unpacked ({images.NATIVE})")
    assert image.compressed_bytes <= SIZE_LIMIT


def test_configuration(image):
    config = image.config["config"]
    assert image.config["architecture"] == images.NATIVE and image.config["os"] == "linux"
    assert config["User"] == "0:0"
    assert config["Entrypoint"] == ["/usr/bin/seccompd"]
    assert not config.get("Cmd")
    labels = {key: value for key, value in config["Labels"].items() if key.startswith("org.opencontainers.image.")}
    assert set(labels) == {f"org.opencontainers.image.{key}" for key in
                           ("title", "description", "version", "revision", "licenses")}
    assert labels["org.opencontainers.image.title"] == "seccompd"
    assert labels["org.opencontainers.image.version"] == version()
    assert labels["org.opencontainers.image.revision"] == revision()


def test_nothing_but_programs_and_libraries(image):
    """No shell, no package manager, no user database: the executables are ours and the loader."""
    files = {path: member for path, member in image.members().items() if not member.isdir()}
    programs = [path for path, member in files.items() if member.isfile() and member.mode & 0o111]
    others = [path for path in programs if path not in ("/usr/bin/seccompd", "/usr/bin/seccompctl")]
    assert len(programs) - len(others) == 2
    for path in others:
        assert re.fullmatch(r"/usr/lib/[a-z0-9_]+-linux-gnu/(ld-linux-[a-z0-9-]+\.so\.\d|libc\.so\.6)", path), path
    rooms = ("/usr/bin/", "/usr/lib/", "/usr/lib64/", "/usr/share/doc/", "/usr/share/common-licenses/", STATUS)
    outside = {path for path in files if not path.startswith(rooms)}
    assert outside <= {"/lib", "/lib64", "/etc/os-release"}


def test_owners_modes_and_times(image):
    epoch = int(subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=images.ROOT, capture_output=True, text=True,
                               check=True).stdout)
    for path, member in image.members().items():
        assert (member.uid, member.gid) == (0, 0), path
        assert member.mtime == epoch, path
        if not member.issym():
            assert not member.mode & (stat.S_IWGRP | stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID), path


def test_no_traces_of_the_build(image):
    for program in ("seccompd", "seccompctl"):
        data = image.read(f"/usr/bin/{program}")
        for trace in (b"/tmp/source", b"/opt/", b"/build/", b"/src/"):
            # "../src/basic/…" is what systemd itself calls its files
            assert not re.search(rb"(?<![\w.])" + trace, data), f"{program}: {trace}"


# --- what scanners see ---

def test_every_library_has_its_package(image):
    owned = {}
    for package in packages(image):
        for path, digest in md5sums(image, package).items():
            assert path not in owned
            owned[path] = package
            assert hashlib.md5(image.read(path)).hexdigest() == digest, path
    libraries = {path for path, member in image.members().items()
                 if member.isfile() and path.startswith(("/usr/lib/", "/usr/lib64/"))}
    assert libraries == set(owned)


def test_packages_are_those_of_debian(image):
    found = packages(image)
    built = {"libcjson1": "cjson", "libcurl4t64": "curl", "libmicrohttpd12t64": "libmicrohttpd", "libsystemd0": "systemd"}
    linked = {"libc6-dev", "libgcc-14-dev", "libmbedtls-dev", "libmd-dev", "libseccomp-dev"}
    assert set(found) == {"base-files", *built, *linked}
    for name, fields in found.items():
        assert fields["Package"] == name
        assert fields["Status"] == "install ok installed"
        assert fields["Architecture"] == images.NATIVE
        assert re.fullmatch(r"[0-9][A-Za-z0-9.+~:-]*", fields["Version"]), name
    assert {name: found[name]["Source"] for name in built} == built
    # the programs are static: no library is a file here
    assert [name for name in found if md5sums(image, name)] == ["base-files"]
    assert 'VERSION_CODENAME=trixie' in image.read("/usr/lib/os-release").decode()


def test_licences(image):
    members = image.members()
    for name in [*packages(image), "seccompd"]:
        text = image.read(f"/usr/share/doc/{name}/copyright").decode()
        for reference in re.findall(r"/usr/share/common-licenses/[\w.-]*\w", text):
            assert members[reference].isfile(), f"{name}: {reference}"


# --- that it can be built again ---

def test_second_build_is_equal(image, tmp_path):
    again = images.build(tmp_path, images.NATIVE, NO_CACHE="1")
    if again.layer_digest != image.layer_digest:
        differing = {path for path, member in again.members().items()
                     if member.isfile() and image.read(path) != again.read(path)}
        pytest.fail(f"two layers; the files that differ: {sorted(differing)}")
    assert again.config_digest == image.config_digest


def test_other_architecture(tmp_path):
    """Cross-compiled; started by qemu, as far as that goes."""
    other = images.build(tmp_path / "build", OTHER)
    assert other.config["architecture"] == OTHER
    assert other.compressed_bytes <= SIZE_LIMIT
    # the cross compiler's own library is a package for all
    architectures = {name: fields["Architecture"] for name, fields in packages(other).items()}
    assert {name for name, value in architectures.items() if value != OTHER} <= {f"libgcc-14-dev-{OTHER}-cross"}
    binaries = [path for path, member in other.members().items()
                if member.isfile() and path.startswith(("/usr/bin/", "/usr/lib/")) and not path.endswith("os-release")]
    assert {int.from_bytes(other.read(path)[18:20], "little") for path in binaries} == {ELF_MACHINE[OTHER]}
    qemu = shutil.which(f"qemu-{ {'arm64': 'aarch64', 'amd64': 'x86_64'}[OTHER] }-static")
    if not qemu:
        pytest.skip("built, but not started: qemu-user-static is not installed")
    rootfs = other.unpack(tmp_path / "rootfs")
    for program in ("seccompd", "seccompctl"):
        started = subprocess.run([qemu, "-L", rootfs, rootfs / "usr/bin" / program, "--version"], capture_output=True,
                                 text=True, timeout=60, check=False)
        assert (started.returncode, started.stderr) == (0, "")
        assert started.stdout == f"{program} {version()} ({revision()})\n"


# --- that it runs ---

@pytest.mark.parametrize("program", ["seccompd", "seccompctl"])
def test_program_starts(container, program):
    started = container.run(f"/usr/bin/{program}", "--version")
    assert (started.returncode, started.stderr) == (0, "")
    assert started.stdout == f"{program} {version()} ({revision()})\n"


def variant(number):
    """The published profile with one more condition: another meaning for each number."""
    body = json.loads(PUBLISHED.read_text())
    condition = {"index": 0, "value": 0x1000000 + number, "op": "SCMP_CMP_EQ"}
    body["syscalls"].append({"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [condition]})
    return json.dumps(body, indent=1).encode()


def test_a_thousand_profiles(container, tmp_path, capsys):
    """All are installed, the user's tool works in the container, and what the idle daemon then holds is printed."""
    kubelet = pathlib.Path("/var/lib/kubelet")
    destination = kubelet / "seccomp" / "profiles"
    for name in ("source", "destination", "run"):
        (tmp_path / name).mkdir()
    writer = AtomicWriter(tmp_path / "source")
    writer.publish({f"p{number:04}.json": variant(number) for number in range(N_PROFILES)})
    mounts = {"/profiles/main": (tmp_path / "source", "ro"), destination: (tmp_path / "destination", "rw"),
              "/run/seccompd": (tmp_path / "run", "rw")}
    arguments = ["/usr/bin/seccompd", "--source=main=/profiles/main", f"--kubelet-root={kubelet}", "--subdir=profiles",
                 "--listen=:10478", "--listen=unix:/run/seccompd/seccompd.sock", "--rescan=5s"]

    def get(path):
        connection = UnixConnection(tmp_path / "run" / "seccompd.sock", 30)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()

    def is_synced():
        try:
            return get("/readyz")[0] == 200
        except OSError:
            return False

    def passes():
        return int(re.search(rb'^seccompd_syncs_total\{result="success"\} (\d+)$', get("/metrics")[1], re.M)[1])

    log = tmp_path / "log"
    with container.running(arguments, mounts, log):
        eventually(is_synced, timeout=300, message="ready")
        states = [entry["state"] for entry in json.loads(get("/status")[1])["profiles"]]
        assert states == ["installed"] * N_PROFILES, log.read_text()[-2000:]
        assert len(list((tmp_path / "destination").glob("p*.json"))) == N_PROFILES
        status = container.exec("/usr/bin/seccompctl", "status")
        assert status.returncode == 0 and f"p{N_PROFILES - 1:04}.json" in status.stdout, status.stdout + status.stderr
        # A rescan later: what a reader of /status needed was given back.
        done = passes()
        eventually(lambda: passes() > done + 1, message="two rescans")
        found = images.memory_of(container.pid())
    figures = ", ".join(f"{name} {kib / 1024:.2f} MiB" for name, kib in found.items())
    with capsys.disabled():
        print(f"\nidle after {N_PROFILES} profiles: {figures}")
