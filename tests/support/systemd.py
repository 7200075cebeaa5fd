"""This machine's own systemd, booted as PID 1 of private namespaces, with a user whose manager runs.

with booted_systemd(folder, sys.base_prefix) as system:
    system.ann("systemctl", "--user", "is-system-running")

boot_systemd.sh says how it is kept from touching anything outside.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

UID = 4242
HOME = Path("/home/ann")
WITHIN = 30.0

_BOOT = Path(__file__).with_name("boot_systemd.sh")
_PROGRAMS = ("unshare", "nsenter", "setpriv", "findmnt", "systemctl", "journalctl", "dbus-daemon")
_NAMESPACES = ("--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc", "--cgroup", "--propagation", "private")


@dataclass(frozen=True)
class BootedSystem:
    """A system that runs. `pid` is its PID 1, as it is seen from outside."""

    pid: int

    def root(self, *words: str, check: bool = True) -> str:
        """Run a program as root inside; what it printed."""
        return _ended([*self._enter(), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *words], check=check).stdout

    def ann(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a program as the user, as their shell would."""
        return _ended(self.as_ann(*words, **environ), check=False)

    def as_ann(self, *words: str, **environ: str) -> list[str]:
        """The command that does so."""
        identity = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups")
        known = {"HOME": str(HOME), "USER": "ann", "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": f"/run/user/{UID}"}
        path = {"PATH": f"{HOME}/app/bin:/usr/local/bin:/usr/bin:/bin"}
        variables = {**known, **path, **environ}
        return [*self._enter(), *identity, "env", "-i", f"--chdir={HOME}", *_assignments(variables), *words]

    def path(self, inside: Path) -> Path:
        """Where a path of the system is found from outside."""
        return Path(f"/proc/{self.pid}/root", *inside.parts[1:])

    def give_to_ann(self, path: Path) -> None:
        """Make ann the owner of what a test wrote as root."""
        self.root("chown", "--recursive", f"{UID}:{UID}", str(path))

    def _enter(self) -> list[str]:
        return ["nsenter", f"--target={self.pid}", "--pid", "--mount", "--uts", "--ipc", "--cgroup", "--"]


def why_not() -> str | None:
    """Why no systemd can be booted here; None where it can."""
    if os.geteuid() != 0:
        return "only root may make the namespaces"
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing or not Path("/lib/systemd/systemd").exists():
        return f"systemd isn't installed, or a part of it ({', '.join(missing)})"
    if _own_cgroup() is None:
        return "there is no writable cgroup2 here"
    tried = subprocess.run(["unshare", *_NAMESPACES, "true"], capture_output=True, text=True, check=False)
    return tried.stderr.strip() or None


@contextmanager
def booted_systemd(*visible: Path) -> Iterator[BootedSystem]:
    """A system with these directories of the outside in it. It and all of its processes end with the block."""
    cgroup = _own_cgroup()
    assert cgroup is not None
    cgroup = cgroup / f"connectord-test-{os.getpid()}"
    cgroup.mkdir()
    outer = str(Path("/proc/self/ns/mnt").readlink())
    words = ["unshare", *_NAMESPACES, str(_BOOT), outer, *map(str, visible)]
    # Whatever becomes of the tests, the system goes with them.
    join = f'echo $$ > "{cgroup}/cgroup.procs" && exec setpriv --pdeathsig KILL "$@"'
    with subprocess.Popen(["sh", "-c", join, "sh", *words], stdin=subprocess.DEVNULL) as unshare:
        try:
            system = BootedSystem(_child(unshare))
            # A target that only the system inside has: a systemd outside, asked too early, knows nothing of it.
            until(lambda: system.root("systemctl", "is-active", "boot.target", check=False) == "active\n", "it booted")
            system.root("journalctl", "--flush")
            system.root("systemctl", "start", f"user@{UID}.service")
            yield system
        finally:
            unshare.kill()  # --kill-child takes PID 1 along, and the kernel everything below it
            unshare.wait()
            _remove(cgroup)


def until(true: Callable[[], object], what: str, seen: Callable[[], object] = lambda: "") -> None:
    """Look until it is true; each look takes its time by starting a program or reading a file.

    `seen` is what a person needs to see where it never becomes true.
    """
    deadline = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < deadline, f"after {WITHIN:.0f} s it still isn't true that {what}{seen()}"


def _child(unshare: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children")

    def born() -> list[str]:
        assert unshare.poll() is None, "systemd was not booted; why is on stderr"
        with contextlib.suppress(FileNotFoundError):
            return children.read_text().split()
        return []

    until(born, "unshare has a child")
    return int(born()[0])


def _own_cgroup() -> Path | None:
    """This process's own group in the cgroup2 hierarchy, wherever that is mounted."""
    mounted = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    roots = [Path(words[1]) for words in mounted if words[2] == "cgroup2"]
    own = [line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")]
    if not roots or not own:
        return None
    found = roots[-1] / own[0].lstrip("/")
    return found if found.is_dir() and os.access(found, os.W_OK) else None


def _remove(cgroup: Path) -> None:
    """Remove the group and those that systemd made below it; the kernel may still be burying its processes."""

    def removed() -> bool:
        for folder, _, _ in os.walk(cgroup, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
        return not cgroup.exists()

    until(removed, "the processes of the booted system are gone")


def _assignments(variables: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in variables.items()]


def _ended(words: Sequence[str], *, check: bool) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * WITHIN, check=False
    )
    assert not check or ended.returncode == 0, f"{words}: {ended.stdout}{ended.stderr}"
    return ended


def kill(system: BootedSystem, pid: int, number: signal.Signals) -> None:
    """Send a signal to a process inside, by the pid that it has there."""
    system.root("kill", f"-{number.value}", str(pid))
