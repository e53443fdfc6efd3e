# SPDX-License-Identifier: Apache-2.0
"""Shell completion, in the shells themselves: bash and zsh at a terminal with a Tab key, fish by its own builtin."""

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import pytest
from node import BUILD, EXAMPLES, PATIENCE, ROOT, seccompctl

COMPLETION = ROOT / "deploy" / "completion"
SHELLS = ["bash", "zsh", "fish"]
COMMANDS = ["check", "compile", "explain", "diff", "status"]


def environment(cwd):
    return {**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}", "HOME": str(cwd), "TERM": "xterm"}


def ask_bash(line, cwd):
    """Calls the completion as readline would: words are split at spaces, and '=' is a word of its own."""
    words = [word for word in re.findall(r"=|[^ =]+", line)]
    if line.endswith(" "):
        words.append("")
    script = f"""
source {COMPLETION}/seccompctl.bash
COMP_WORDS=({" ".join(f"'{word}'" for word in words)}) COMP_CWORD={len(words) - 1}
$(complete -p seccompctl | sed 's/.*-F \\([^ ]*\\) .*/\\1/') seccompctl 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    result = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, timeout=60, check=True,
                            cwd=cwd, env=environment(cwd))
    return set(result.stdout.split())


def ask_fish(line, cwd):
    script = f"source {COMPLETION}/seccompctl.fish; complete -C '{line}'"
    result = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, timeout=60,
                            check=True, cwd=cwd, env=environment(cwd))
    assert result.stderr == ""
    option = re.search(r" (--[a-z-]+=)[^ ]*$", line)
    return {word.partition("\t")[0].removeprefix(option[1] if option else "") for word in result.stdout.splitlines()}


class Terminal:
    """An interactive shell with the completion loaded, and what its Tab key makes of a line."""

    # zsh completes in its line editor only: what is added there is printed between two marks.
    ZSH = """
fpath=(%s $fpath); autoload -Uz compinit; compinit -D -u; setopt no_beep
compadd () {
        [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]] && { builtin compadd "$@"; return }
        local -a hits
        builtin compadd -A hits "$@"
        [[ -n $hits ]] && print -rl -- "<"${^hits}">"
        builtin compadd "$@"
}
mark_begin () { print -r -- "<""begin>" }
mark_end () { print -r -- "<""end>" }
capture () { compprefuncs=(mark_begin) comppostfuncs=(mark_end); zle complete-word }
zle -N capture; bindkey '^I' capture; zstyle ':completion:*' menu no; LISTMAX=-1
"""
    BASH = "bind 'set bell-style none'; source %s/seccompctl.bash\n"

    def __init__(self, shell, cwd):
        command, setup = {"zsh": (["zsh", "-f", "-i"], self.ZSH), "bash": (["bash", "--norc", "-i"], self.BASH)}[shell]
        (cwd / "setup").write_text(setup % COMPLETION)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execvpe(command[0], command, environment(cwd))
        self.send("stty cols 200\nsource ./setup\necho is''set\n")
        self.read_until(r"isset")

    def send(self, text):
        os.write(self.fd, text.encode())

    def read_until(self, pattern):
        """All that comes until the pattern is met: a bound, not a pause."""
        seen, deadline = "", time.monotonic() + PATIENCE
        while not re.search(pattern, seen):
            assert time.monotonic() < deadline, seen
            if select.select([self.fd], [], [], 1)[0]:
                seen += os.read(self.fd, 65536).decode(errors="replace")
        return seen

    def captured(self, line):
        self.send(line + "\t")
        seen = self.read_until("<end>").rpartition("<begin>")[2]
        self.send("\x15")
        return set(re.findall(r"<([^<>\r\n]+)>", seen)) - {"end"}

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture(params=SHELLS)
def complete(request, tmp_path):
    """A function: the words that a shell offers for the end of a command line."""
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    if request.param != "zsh":
        yield lambda line: {"bash": ask_bash, "fish": ask_fish}[request.param](line, tmp_path)
        return
    terminal = Terminal("zsh", tmp_path)
    yield terminal.captured
    terminal.close()


def options_of(command):
    source = (ROOT / "agent" / "ctl" / f"cmd_{command}.c").read_text()
    return {f"--{name}" for name in re.findall(r'\{ "([a-z-]+)", (?:no|required)_argument', source)}


def words_of(offered):
    return {word.rstrip("=") for word in offered}


def test_commands(complete):
    assert set(COMMANDS) <= complete("seccompctl ")
    assert "check" in complete("seccompctl che")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_every_command(complete, command):
    offered = {word for word in words_of(complete(f"seccompctl {command} --")) if re.fullmatch(r"--[a-z-]+", word)}
    assert offered == options_of(command)


@pytest.mark.parametrize("line, wanted", [
    ("seccompctl check --format ", {"text", "json", "sarif"}),
    ("seccompctl compile --format ", {"json", "asm", "bpf", "pfc"}),
    ("seccompctl explain -o ", {"text", "json"}),
    ("seccompctl diff --format=", {"text", "json"}),
    ("seccompctl check --fail-on ", {"error", "warning", "info"}),
    ("seccompctl compile --arch SCMP_ARCH_X", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}),
    ("seccompctl check --require-default SCMP_ACT_KILL", {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS"}),
    ("seccompctl explain --capabilities ", {"default", "none"}),
    ("seccompctl diff --node ", {"arch", "kernel", "caps"}),
    ("seccompctl check --rule SP801=", {"error", "warning", "info", "off"}),
    ("seccompctl check --explain SP80", {f"SP80{digit}" for digit in range(1, 8)}),
])
def test_values(complete, line, wanted):
    offered = {word.removeprefix("SP801=").rstrip("=") for word in complete(line)}
    assert wanted <= offered, offered
    if "--format" in line:
        assert not {"sarif", "pfc", "asm"} - wanted & offered


def test_rules(complete):
    offered = {word.partition("=")[0] for word in complete("seccompctl diff --rule SP81")}
    assert {"SP811", "SP812", "SP813"} <= offered


def test_files_and_the_calls_in_them(complete, tmp_path):
    (tmp_path / "web.json").write_bytes((EXAMPLES / "web-server.json").read_bytes())
    (tmp_path / "webs.txt").write_text("")
    (tmp_path / "directory").mkdir()
    for line in ["check we", "check --info we", "compile we", "explain we", "diff web.json we"]:
        offered = complete(f"seccompctl {line}")
        assert "web.json" in offered and "webs.txt" not in offered, (line, offered)
    assert any("directory" in word for word in complete("seccompctl check dir"))
    offered = complete("seccompctl explain web.json clon")
    assert {"clone", "clone3"} <= offered and "names" not in offered, offered
    assert "read" in complete("seccompctl explain --arch SCMP_ARCH_X86 web.json rea")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_tab_key_completes(shell, tmp_path):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    terminal = Terminal(shell, tmp_path)
    try:
        if shell == "zsh":
            terminal.send("bindkey '^I' expand-or-complete\n")
        terminal.send("seccompctl che\t--fail-\tinf\t--hel\t")
        terminal.read_until(r"--help")
        terminal.send("\n")  # the line is what was meant: it is run
        terminal.read_until(r"usage: seccompctl check")
    finally:
        terminal.close()


def test_what_is_offered_is_accepted(tmp_path):
    """The lists in the scripts are the program's: it takes each of their words."""
    path = tmp_path / "web.json"
    path.write_bytes((EXAMPLES / "web-server.json").read_bytes())
    text = (COMPLETION / "seccompctl.bash").read_text()
    actions = sorted(set(re.findall(r"SCMP_ACT_\w+", text)))
    arches = sorted(set(re.findall(r"SCMP_ARCH_\w+", text)))
    assert len(actions) == 8 and len(arches) >= 8
    for action in actions:
        assert seccompctl("check", "--allowed-action", action, path).returncode in (0, 1), action
    for arch in arches:
        assert seccompctl("explain", "--arch", arch, path, "read").returncode == 0, arch
