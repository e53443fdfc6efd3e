# SPDX-License-Identifier: Apache-2.0
"""The host unit of deploy/systemd under the real systemd as PID 1, as `make install` puts it there."""

import json
import os
import pathlib
import platform
import re
import signal
import stat
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from node import BAD, BUILD, GOOD, ROOT, eventually, faults, identity, needs_root, profile, seccompctl  # noqa: E402
from nspawn import System, debian, own_cgroups  # noqa: E402

SOURCE = "/etc/seccompd/profiles"
DESTINATION = "/var/lib/kubelet/seccomp/profiles"
UNIT = "seccompd.service"
EXPOSURE = 1.3  # of systemd-analyze security: what the unit promises to stay below


def make(*arguments):
    return subprocess.run(["make", "-C", ROOT, f"BUILD={BUILD}", *arguments], capture_output=True, text=True, check=True)


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def debian_root(request):
    """Debian 12 has systemd 252, Debian 13 has 257."""
    needs_root()
    root = debian(request.param)
    loader = next(root.glob("lib*/ld-linux-*.so.*"))
    libraries = ":".join(str(path.parent) for path in root.glob("usr/lib/*/libc.so.6"))
    ran = subprocess.run([loader, "--inhibit-cache", "--library-path", libraries, BUILD / "seccompd", "--version"],
                         capture_output=True, text=True, check=False)
    if ran.returncode != 0 and platform.freedesktop_os_release().get("VERSION_CODENAME") != request.param:
        pytest.skip(f"what is built here does not run on {request.param}: {ran.stderr.strip()}")
    return root


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """What `make install` installs."""
    directory = tmp_path_factory.mktemp("installed")
    make("install", f"DESTDIR={directory}", "PREFIX=/usr")
    return directory


class Host(System):
    """A machine with seccompd installed, and what an owner does with it."""

    def start(self, *options):
        return self.run("systemctl", "start", *options, UNIT)

    def put(self, path, text):
        path = self.path(path) if self.leader else self.disk / path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def put_profile(self, name, data):
        """As an editor or a package manager does: whole, by rename."""
        temporary = self.put(f"{SOURCE}/.new", data)
        temporary.rename(temporary.with_name(name))

    def drop_in(self, text, name="test"):
        self.put(f"/etc/systemd/system/{UNIT}.d/{name}.conf", text)
        if self.leader:
            self.run("systemctl", "daemon-reload")

    def slow_disk(self, msec):
        """Every fsync of the daemon takes that long."""
        library = faults(self.dir)["LD_PRELOAD"]
        self.put("/usr/lib/faults.so", pathlib.Path(library).read_bytes())
        self.drop_in(f"[Service]\nEnvironment=LD_PRELOAD=/usr/lib/faults.so FAULT_FSYNC_MSEC={msec}\n", "slow")

    def show(self, *properties, unit=UNIT):
        text = self.run("systemctl", "show", *(f"--property={name}" for name in properties), unit).stdout
        shown = dict(line.split("=", 1) for line in text.splitlines())
        return shown[properties[0]] if len(properties) == 1 else [shown[name] for name in properties]

    def main_pid(self):
        return int(self.show("MainPID"))

    def wait_for(self, name, value, unit=UNIT):
        return eventually(lambda: self.show(name, unit=unit) == value,
                          message=f"{unit} {name} {value}\n{self.run('journalctl', '--no-pager', '-n', 40).stdout}")

    def installed(self, name):
        """The bytes installed under that name; None for none."""
        try:
            return self.path(f"{DESTINATION}/{name}").read_bytes()
        except FileNotFoundError:
            return None

    def wait_installed(self, name, data):
        wanted = canonical(data)
        eventually(lambda: self.installed(name) == wanted, message=f"{name} is installed")

    def journal(self, *matches):
        text = self.run("journalctl", "--no-pager", "--output=json", *matches).stdout
        return [json.loads(line) for line in text.splitlines()]

    def notifications(self):
        """What systemd heard by sd_notify; it says so at log level debug."""
        said = [entry["MESSAGE"] for entry in self.journal("_PID=1", f"UNIT={UNIT}")]
        heard = re.findall(r"Got notification message from PID \d+:? \(?([^)\n]*)", "\n".join(said))
        return [text for text in heard if text != "WATCHDOG=1"]


@pytest.fixture
def host(tmp_path, debian_root, files):
    (tmp_path / "host").mkdir()
    host = Host(tmp_path / "host", debian_root, files)
    yield host
    host.close()


def canonical(data):
    done = seccompctl("compile", "-", stdin=data)
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- starting ---


def test_active_means_that_the_first_pass_is_over(host):
    host.put(f"{SOURCE}/web.json", GOOD)
    host.slow_disk(300)
    host.boot()
    host.start("--no-block")
    states = []
    while "active" not in states:
        states.append(host.show("ActiveState"))
        is_there = host.installed("web.json") == canonical(GOOD)
        assert is_there or states[-1] in ["inactive", "activating"], states
    assert "activating" in states
    assert host.show("StatusText", "NRestarts") == ["1 profile, 1 installed", "0"]


def test_a_fresh_node(host):
    host.boot()
    for _ in range(2):  # made at boot, and when somebody removed everything before a start
        for path in [SOURCE, "/var/lib/kubelet/seccomp", DESTINATION]:
            assert stat.S_IMODE(host.path(path).stat().st_mode) == 0o755, path
        host.run("rm", "-r", "/etc/seccompd", "/var/lib/kubelet")
        host.start()
        assert host.show("ActiveState", "StatusText", "NRestarts") == ["active", "0 profiles", "0"]
        host.run("systemctl", "stop", UNIT)
    host.start()
    host.put_profile("web.json", GOOD)
    host.wait_installed("web.json", GOOD)
    eventually(lambda: re.search(r"^web\.json +installed ", host.run("seccompctl", "status").stdout, re.MULTILINE))


def test_directories_that_are_there_stay_as_they_are(host):
    modes = {"/etc/seccompd/profiles": 0o700, "/var/lib/kubelet": 0o700, "/var/lib/kubelet/seccomp": 0o750}
    for path, mode in modes.items():
        directory = host.disk / path.lstrip("/")
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(mode)
    host.put(f"{SOURCE}/web.json", GOOD)
    host.boot()
    host.start()
    assert host.installed("web.json") == canonical(GOOD)
    for path, mode in modes.items():
        assert stat.S_IMODE(host.path(path).stat().st_mode) == mode, path


KUBELET = f"""
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=-/bin/cp {DESTINATION}/web.json /root/seen
[Install]
WantedBy=multi-user.target
"""


def test_a_booting_node_has_its_profiles_before_its_kubelet(host):
    host.put(f"{SOURCE}/web.json", GOOD)
    host.put("/etc/systemd/system/kubelet.service", KUBELET)
    host.slow_disk(300)
    host.boot()
    assert host.installed("web.json") is None
    host.run("systemctl", "enable", UNIT, "kubelet")
    host.kill()
    host.boot()
    assert host.path("/root/seen").read_bytes() == canonical(GOOD)
    synced = int(host.show("ActiveEnterTimestampMonotonic"))
    started = int(host.show("ExecMainStartTimestampMonotonic", unit="kubelet"))
    assert 0 < synced <= started


def test_an_agent_that_cannot_start_keeps_no_kubelet_from_starting(host):
    host.put("/etc/systemd/system/kubelet.service", KUBELET)
    host.put("/etc/default/seccompd", 'SECCOMPD_OPTIONS="--surce host=/etc/seccompd/profiles"\n')
    host.boot()
    host.run("systemctl", "enable", UNIT, "kubelet")
    host.kill()
    host.boot()
    assert host.show("ActiveState", unit="kubelet") == "active"
    assert host.show("ActiveState", "Result", "ExecMainStatus", "NRestarts") == ["failed", "exit-code", "2", "0"]
    assert any("--surce" in entry["MESSAGE"] for entry in host.journal("-u", UNIT))


def test_an_agent_that_cannot_sync_keeps_the_kubelet_waiting_for_so_long_only(host):
    host.put("/etc/systemd/system/kubelet.service", KUBELET)
    host.put("/etc/default/seccompd", f'SECCOMPD_OPTIONS="--source host={SOURCE} --kubelet-root /nowhere"\n')
    host.drop_in("[Service]\nTimeoutStartSec=3\nReadWritePaths=-/nowhere\n")
    host.boot()
    host.run("systemctl", "enable", UNIT, "kubelet")
    host.run("systemctl", "start", "--no-block", UNIT, "kubelet")
    eventually(lambda: host.show("StatusText").startswith("not ready: "), timeout=3)
    assert "/nowhere: No such file or directory" in host.show("StatusText")
    assert host.show("ActiveState", unit="kubelet") == "inactive"
    host.wait_for("ActiveState", "active", unit="kubelet")
    host.run("mkdir", "/nowhere")
    host.wait_for("ActiveState", "active")  # by the next try


# --- running ---


def test_reload_reads_everything_again(host):
    host.put("/etc/default/seccompd", f'SECCOMPD_OPTIONS="--source host={SOURCE} --watch poll"\n')  # each 10 s
    host.boot()
    host.start()
    begin = time.monotonic()
    host.put_profile("web.json", GOOD)
    host.run("systemctl", "reload", UNIT)
    host.wait_installed("web.json", GOOD)
    assert time.monotonic() - begin < 8, "found by the rescan, not by the reload"
    assert host.show("ActiveState", "NRestarts") == ["active", "0"]


def test_the_journal_has_a_changes_fields(host):
    host.put(f"{SOURCE}/web.json", GOOD)
    host.boot()
    host.start()
    host.put_profile("web.json", BAD)
    stale = eventually(lambda: host.journal("-u", UNIT, "SECCOMPD_PROFILE=web.json", "SECCOMPD_STATE=stale"))[0]
    installed = host.journal("-u", UNIT, "SECCOMPD_PROFILE=web.json", "SECCOMPD_STATE=installed")[0]
    assert stale["SECCOMPD_BEFORE"] == "installed" and stale["SECCOMPD_SOURCE"] == "host"
    assert stale["SECCOMPD_DIGEST"] == installed["SECCOMPD_DIGEST"] != stale["SECCOMPD_SOURCE_DIGEST"]
    assert stale["SECCOMPD_DIAGNOSTIC"].endswith("[SP302]")
    assert (stale["PRIORITY"], installed["PRIORITY"]) == ("4", "6")
    assert stale["SYSLOG_IDENTIFIER"] == "seccompd" and "CODE_FILE" not in stale
    # what a person sees
    assert re.match(r"profile stale  profile=web\.json .* diagnostic=\"1:19: .*\[SP302\]\"", stale["MESSAGE"])
    assert "profile stale  profile=web.json" in host.run("systemctl", "status", UNIT).stdout
    assert host.show("StatusText") == "1 profile, 1 stale"
    assert host.installed("web.json") == canonical(GOOD)


def test_the_watchdog(host):
    host.put(f"{SOURCE}/web.json", GOOD)
    host.drop_in("[Service]\nWatchdogSec=1\n")
    host.boot()
    host.start()
    file = identity(host.path(f"{DESTINATION}/web.json"))
    time.sleep(3)
    assert host.show("ActiveState", "NRestarts") == ["active", "0"], "it was not fed"
    pid = host.main_pid()
    os.kill(host.pid_outside(pid), signal.SIGSTOP)
    host.wait_for("NRestarts", "1")
    host.wait_for("ActiveState", "active")
    assert host.main_pid() != pid
    assert any("Watchdog timeout" in entry["MESSAGE"] for entry in host.journal("_PID=1", f"UNIT={UNIT}"))
    assert identity(host.path(f"{DESTINATION}/web.json")) == file


def test_it_comes_back_after_a_crash(host):
    host.put(f"{SOURCE}/web.json", GOOD)
    host.boot()
    host.start()
    file = identity(host.path(f"{DESTINATION}/web.json"))
    os.kill(host.pid_outside(host.main_pid()), signal.SIGKILL)
    host.wait_for("NRestarts", "1")
    host.wait_for("ActiveState", "active")
    assert identity(host.path(f"{DESTINATION}/web.json")) == file
    assert "web.json" in host.run("seccompctl", "status").stdout


def test_it_comes_back_when_the_kubelets_directory_is_emptied(host):
    host.put(f"{SOURCE}/web.json", GOOD)
    host.boot()
    host.start()
    # as kubeadm reset does; again when a repair came in between
    host.run("sh", "-ec", "until rm -r /var/lib/kubelet/*; do sleep 0.1; done")
    assert host.installed("web.json") is None
    host.wait_installed("web.json", GOOD)
    host.wait_for("ActiveState", "active")
    assert any("torn down under us" in entry["MESSAGE"] for entry in host.journal("-u", UNIT))


def test_stopping(host):
    host.put(f"{SOURCE}/web.json", GOOD)
    host.boot()
    host.run("systemd-analyze", "log-level", "debug")
    host.start()
    host.run("systemctl", "stop", UNIT)
    heard = host.notifications()
    assert heard[0].startswith("READY=1") and heard[-1] == "STOPPING=1", heard
    assert host.show("ActiveState", "Result", "ExecMainStatus") == ["inactive", "success", "0"]
    assert not host.path("/run/seccompd").exists()
    assert host.installed("web.json") == canonical(GOOD)


# --- confinement ---


def test_nothing_that_it_does_is_refused(host):
    """A system call that the unit refuses would kill it; by default it is an error that is lived with."""
    host.drop_in("[Service]\nSystemCallErrorNumber=kill\n")
    for path in (ROOT / "deploy" / "examples" / "profiles").glob("*.json"):
        host.put(f"{SOURCE}/{path.name}", path.read_bytes())
    host.put(f"{SOURCE}/bad.json", BAD)
    host.boot()
    host.start()
    assert host.show("StatusText") == "6 profiles, 5 installed, 1 invalid"
    host.path(f"{DESTINATION}/audit.json").write_text("{}")
    eventually(lambda: host.installed("audit.json") != b"{}", message="drift is repaired")
    host.run("systemctl", "reload", UNIT)
    host.put_profile("more.json", profile("close"))
    host.wait_installed("more.json", profile("close"))
    host.run("seccompctl", "status", check=False)
    host.run("systemctl", "stop", UNIT)
    assert host.show("Result", "NRestarts") == ["success", "0"]
    assert not [entry for entry in host.journal("-u", UNIT) if "sandbox" in entry["MESSAGE"] or "died" in entry["MESSAGE"]]


def test_what_it_can_reach(host):
    host.boot()
    host.start()
    pid = host.pid_outside(host.main_pid())
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]:
        assert int(status[name], 16) == 0, name
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    interfaces = re.findall(r"^ *(\S+):", pathlib.Path(f"/proc/{pid}/net/dev").read_text(), re.MULTILINE)
    assert interfaces == ["lo"]
    assert os.readlink(f"/proc/{pid}/ns/net") != os.readlink(f"/proc/{host.leader}/ns/net")
    for directory, is_writable in [("/etc", False), (SOURCE, False), ("/var/lib", False), ("/var/lib/kubelet", False),
                                   ("/usr", False), (DESTINATION, True), ("/run/seccompd", True)]:
        tried = host.run("sh", "-c", f"echo x >{directory}/tried", check=False, entering=pid)
        assert (tried.returncode == 0) == is_writable, (directory, tried.stderr)
        assert is_writable or "Read-only file system" in tried.stderr


def test_the_units_are_clean_and_their_exposure_is_low(host):
    host.boot()
    unit = f"/usr/lib/systemd/system/{UNIT}"
    host.put("/root/wrong.service", host.path(unit).read_text().replace("ProcSubset=pid", "ProcSubset=some"))
    # no man(1) there, by which verify looks for the pages of Documentation=
    verify = ["systemd-analyze", "--man=no", "verify"]
    assert "some" in host.run(*verify, "/root/wrong.service", check=False).stderr
    for command in [[*verify, unit], ["systemd-tmpfiles", "--create", "seccompd.conf"]]:
        done = host.run(*command)
        assert (done.stdout, done.stderr) == ("", ""), command
    exposure = host.run("systemd-analyze", "security", "--offline=true", unit).stdout
    assert float(re.search(rf"exposure level for {UNIT}: ([0-9.]+)", exposure)[1]) <= EXPOSURE, exposure


# --- docs/systemd.md ---


PAGE = (ROOT / "docs" / "systemd.md").read_text()
PAGES_FILES = dict(re.findall(r"^```(?:ini)?\n# (/\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
DROP_INS = f"/etc/systemd/system/{UNIT}.d"


def test_the_pages_drop_ins_do_what_they_say(host):
    added = [option for option in re.findall(r"`(--[^`]+)`", PAGE) if option.startswith(("--listen", "--kubelet-root"))]
    assert len(added) == 2
    for path in [f"{DROP_INS}/metrics.conf", f"{DROP_INS}/kubelet-root.conf", "/etc/tmpfiles.d/seccompd.conf"]:
        host.put(path, PAGES_FILES[path])
    host.put("/etc/default/seccompd", f'SECCOMPD_OPTIONS="--source host={SOURCE} {" ".join(added)}"\n')
    host.put(f"{SOURCE}/web.json", GOOD)
    host.boot()
    host.start()
    assert host.path("/var/lib/k0s/kubelet/seccomp/profiles/web.json").read_bytes() == canonical(GOOD)
    assert not host.path("/var/lib/kubelet").exists()
    asked = subprocess.run(["nsenter", "--target", str(host.leader), "--net", "curl", "--silent", "--show-error",
                            "http://127.0.0.1:10478/metrics"], capture_output=True, text=True, check=True)
    assert 'seccompd_profiles{source="host",state="installed"} 1' in asked.stdout
    assert "web.json" in host.run("seccompctl", "status").stdout


@pytest.mark.parametrize("debian_root", ["trixie"], indirect=True)
def test_the_pages_reload_returns_when_it_is_over(host):
    host.put(f"{DROP_INS}/reload.conf", PAGES_FILES[f"{DROP_INS}/reload.conf"])
    host.slow_disk(300)
    host.boot()
    host.start()
    for i in range(3):
        host.put_profile("web.json", profile("read", f"close{'_range' * i}"))
        host.run("systemctl", "reload", UNIT)
        assert host.installed("web.json") == canonical(profile("read", f"close{'_range' * i}"))


def test_the_pages_uninstall(host):
    host.put(f"{SOURCE}/web.json", GOOD)
    host.put(f"{DESTINATION}/foreign.json", BAD)
    host.boot()
    host.run("systemctl", "enable", "--now", UNIT)
    assert host.installed("web.json") == canonical(GOOD)
    commands = re.findall(r"^    (.*?)(?: +#.*)?$", PAGE.partition("\n## Uninstall\n")[2], re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        if not command.startswith("make"):  # which the machine lacks
            host.run("sh", "-ec", command)
    assert host.run("systemctl", "is-enabled", UNIT, check=False).stdout == "disabled\n"
    assert host.run("ls", "--almost-all", DESTINATION).stdout == "foreign.json\n"
    assert host.path(f"{SOURCE}/web.json").exists() and not host.path("/etc/default/seccompd").exists()


def test_install_and_uninstall(tmp_path):
    arguments = [f"DESTDIR={tmp_path}", "PREFIX=/opt/agent", "UNITDIR=/etc/systemd/system", "DEFAULTSDIR=/etc/sysconfig"]
    make("install", *arguments)
    unit = (tmp_path / "etc/systemd/system/seccompd.service").read_text()
    assert "\nExecStart=/opt/agent/sbin/seccompd $SECCOMPD_OPTIONS\n" in unit
    assert "\nEnvironmentFile=-/etc/sysconfig/seccompd\n" in unit
    for page in ["man8/seccompd.8", "man1/seccompctl.1"]:
        shown = subprocess.run(["man", "--local-file", tmp_path / "opt/agent/share/man" / page], capture_output=True, text=True, check=True)
        assert "SYNOPSIS" in shown.stdout
    options = tmp_path / "etc/sysconfig/seccompd"
    options.write_text("# the owner's\n")
    make("install", *arguments)
    assert options.read_text() == "# the owner's\n"
    make("uninstall", *arguments)
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == [options]


def test_nothing_is_left_behind(host):
    host.boot()
    pid = host.leader
    mounts = pathlib.Path("/proc/mounts").read_text()
    host.kill()
    eventually(lambda: not pathlib.Path(f"/proc/{pid}").exists(), message="PID 1 is gone")
    assert str(host.dir) not in mounts, "a mount outside the machine's namespace"
    for top in own_cgroups():
        assert not list(top.glob("seccompd-systemd-*"))
