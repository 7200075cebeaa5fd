"""connectord as a launchd agent: installed, started, looked at and removed with launchctl."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from connectord.service.definition import Definition, read_file, whose
from connectord.service.errors import NotOurs, ServiceNotStarted, ServiceRefused
from connectord.service.file import remove_file, replace_file
from connectord.service.launchd_plist import LABEL, plist_text, read_plist
from connectord.service.manager import Kind, Person, Ran, Run, RunState, ServiceStatus

START_SECONDS: Final = 20.0
_LOOK_EVERY: Final = 0.2
_SHOWN_LINES: Final = 20

_PID: Final = re.compile(r"^\tpid = (\d+)$", re.MULTILINE)
_EXITED: Final = re.compile(r"^\tlast exit code = (\S+)", re.MULTILINE)


class Launchd:
    """The launchd of the person's login. Implements ServiceManager.

    launchd isn't told when a program is ready, so `answers` says whether the daemon with a pid does its work.
    """

    def __init__(
        self,
        person: Person,
        run: Run,
        log: Path,
        answers: Callable[[int], bool],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._person = person
        self._run = run
        self._log = log
        self._answers = answers
        self._sleep = sleep
        self._domain = f"gui/{person.uid}"
        self._target = f"{self._domain}/{LABEL}"
        self.file = person.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def status(self) -> ServiceStatus:
        """How the service is."""
        text, shown = read_file(self.file), self._launchctl("print", self._target, may_fail=True)
        found = None if text is None else read_plist(text)
        pid, exited = _PID.search(shown.out), _EXITED.search(shown.out)
        failed = exited is not None and exited[1] not in {"0", "(never"}
        return ServiceStatus(
            kind=Kind.LAUNCHD,
            file=self.file,
            whose=whose(text, found, self._person.ours, self._text),
            state=RunState.RUNNING if pid else RunState.FAILED if failed else RunState.STOPPED,
            enabled=text is not None and not self._is_disabled(),
            python=found.python if found else None,
            pid=int(pid[1]) if pid else None,
            says=f"it ended with exit code {exited[1]}" if failed and exited and not pid else "",
            environment=found.environment if found else {},
        )

    def write(self) -> bool:
        """Make the plist what this installation needs; whether it had to be written."""
        self._refuse_foreign()
        ours = self._person.ours
        text = self._text(Definition(ours.python, ours.environment))
        changed = read_file(self.file) != text
        if changed:
            replace_file(self.file, text)
        return changed

    def start(self, *, anew: bool) -> ServiceStatus:
        """Load the plist and start it (`anew`: also where it runs). Returns when the daemon answers."""
        loaded = self._launchctl("print", self._target, may_fail=True).code == 0
        if loaded and anew:  # launchd keeps what it has read: a new plist wants a new load
            self._unload()
            loaded = False
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._launchctl("enable", self._target)
        if loaded:
            self._launchctl("kickstart", self._target)
        else:
            self._launchctl("bootstrap", self._domain, str(self.file))
        return self._until_ready()

    def remove(self) -> None:
        """Stop it, and remove the plist."""
        self._refuse_foreign()
        self._unload()
        remove_file(self.file)

    def _until_ready(self) -> ServiceStatus:
        for _ in range(round(START_SECONDS / _LOOK_EVERY)):
            status = self.status()
            if status.pid is not None and self._answers(status.pid):
                return status
            self._sleep(_LOOK_EVERY)
        words = (read_file(self._log) or "").splitlines()[-_SHOWN_LINES:]
        raise ServiceNotStarted(
            f"The service was started, but the daemon doesn't answer after {START_SECONDS:.0f} s.",
            details=tuple(words),
            todo=(f"All it said is in {self._log}", f"What launchd says: launchctl print {self._target}"),
        )

    def _unload(self) -> None:
        """Take it out of launchd, and wait: bootout returns before its process has ended."""
        self._launchctl("bootout", self._target, may_fail=True)
        for _ in range(round(START_SECONDS / _LOOK_EVERY)):
            if self._launchctl("print", self._target, may_fail=True).code != 0:
                return
            self._sleep(_LOOK_EVERY)
        raise ServiceRefused(f"launchd still runs it, {START_SECONDS:.0f} s after `launchctl bootout {self._target}`.")

    def _is_disabled(self) -> bool:
        shown = self._launchctl("print-disabled", self._domain, may_fail=True).out
        return re.search(rf'"{LABEL}" => (true|disabled)', shown) is not None

    def _text(self, definition: Definition) -> str:
        return plist_text(definition, self._person.ours.version, self._log)

    def _refuse_foreign(self) -> None:
        text = read_file(self.file)
        if text is not None and read_plist(text) is None:
            raise NotOurs(
                f"{self.file} is there, and connectord hasn't written it.",
                todo=(f"Move it out of the way, or remove it: rm {self.file}", "Then run it again."),
            )

    def _launchctl(self, *words: str, may_fail: bool = False) -> Ran:
        command = ("launchctl", *words)
        ran = self._run(command, self._person.environ)
        if ran.code != 0 and not may_fail:
            said = tuple((ran.err or ran.out).strip().splitlines())
            raise ServiceRefused(f"`{' '.join(command)}` failed with exit status {ran.code}.", details=said)
        return ran
