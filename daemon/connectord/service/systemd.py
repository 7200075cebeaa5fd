"""connectord as a systemd user service: installed, started, looked at and removed with systemctl."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from connectord.service.definition import Definition, read_file, whose
from connectord.service.errors import NotOurs, ServiceNotStarted, ServiceRefused
from connectord.service.file import remove_file, replace_file
from connectord.service.manager import Kind, Person, Ran, Run, RunState, ServiceStatus
from connectord.service.systemd_unit import namespace_directives, read_unit, unit_text
from connectord.service.words import last_words

NAME: Final = "connectord.service"

_PROPERTIES: Final = (
    "ActiveState",
    "InvocationID",
    "LoadState",
    "MainPID",
    "NeedDaemonReload",
    "Result",
    "StatusText",
    "SubState",
    "UnitFileState",
)
_STATES: Final = {
    "active": RunState.RUNNING,
    "activating": RunState.STARTING,
    "reloading": RunState.RUNNING,
    "deactivating": RunState.STOPPING,
    "failed": RunState.FAILED,
}
_LINGER: Final = Path("/var/lib/systemd/linger")
_SHOWN_LINES: Final = 20


class Systemd:
    """The user's own systemd, which `person` can reach (choose.py has made sure). Implements ServiceManager."""

    def __init__(self, person: Person, run: Run, *, linger: Path = _LINGER) -> None:
        self._person = person
        self._run = run
        self._linger = linger / person.name
        self.environ = with_runtime_dir(person)
        self.file = self._units() / NAME

    def status(self) -> ServiceStatus:
        """How the service is."""
        text, shown = read_file(self.file), self._show()
        found = None if text is None else read_unit(text)
        state = _STATES.get(shown.get("ActiveState", ""), RunState.STOPPED)
        pid = int(shown.get("MainPID", "0"))
        return ServiceStatus(
            kind=Kind.SYSTEMD,
            file=self.file,
            whose=whose(text, found, self._person.ours, self._text),
            state=state,
            enabled=shown.get("UnitFileState") in {"enabled", "enabled-runtime"},
            python=found.python if found else None,
            pid=pid or None,
            says=_says(state, shown),
            lingering=self._linger.exists(),
            confined=found.confined if found else True,
            environment=found.environment if found else {},
        )

    def write(self) -> bool:
        """Make the unit what this installation needs; whether it had to be written."""
        self._refuse_foreign()
        ours = self._person.ours
        text = self._text(Definition(ours.python, ours.environment, confined=self._can_confine()))
        changed = read_file(self.file) != text
        if changed:
            replace_file(self.file, text)
        if changed or self._show().get("NeedDaemonReload") == "yes":
            self._systemctl("daemon-reload")
        return changed

    def start(self, *, anew: bool) -> ServiceStatus:
        """Enable it and start it (`anew`: also where it runs). Returns when it is ready, by its own word."""
        self._systemctl("enable", NAME)
        self._systemctl("reset-failed", NAME, may_fail=True)  # ten bad tries are forgiven when a person asks
        started = self._systemctl("restart" if anew else "start", NAME, may_fail=True)
        if started.code != 0:
            raise self._not_started(started)
        return self.status()

    def remove(self) -> None:
        """Stop it, disable it and remove the unit."""
        self._refuse_foreign()
        self._systemctl("disable", "--now", NAME, may_fail=True)
        remove_file(self.file)
        self._systemctl("daemon-reload")
        self._systemctl("reset-failed", NAME, may_fail=True)

    def _text(self, definition: Definition) -> str:
        return unit_text(definition, self._person.ours.version)

    def _units(self) -> Path:
        """Where systemd reads this user's units: by its own word, since its environment isn't the shell's."""
        paths = self._systemctl("show", "--property=UnitPath", "--value", may_fail=True).out
        found = re.match(r"[\"']?(/.*?)/systemd/user\.control", paths)
        return (Path(found[1]) if found else self._person.home / ".config") / "systemd" / "user"

    def _show(self) -> Mapping[str, str]:
        shown = self._systemctl("show", NAME, f"--property={','.join(_PROPERTIES)}")
        pairs = (line.partition("=") for line in shown.out.splitlines())
        return {name: value for name, _, value in pairs}

    def _refuse_foreign(self) -> None:
        text = read_file(self.file)
        if text is not None and read_unit(text) is None:
            raise NotOurs(
                f"{self.file} is there, and connectord hasn't written it.",
                todo=(f"Move it out of the way, or remove it: rm {self.file}", "Then run it again."),
            )

    def _can_confine(self) -> bool:
        """Whether systemd can make a user namespace for this user, found out by doing it."""
        words = (f"--property={directive}" for directive in namespace_directives())
        command = ("systemd-run", "--user", "--quiet", "--wait", "--collect", *words, "--", "true")
        return self._run(command, self.environ).code == 0

    def _not_started(self, started: Ran) -> ServiceNotStarted:
        shown = self._show()
        invocation = shown.get("InvocationID", "")
        said = self._said("SYSLOG_IDENTIFIER=connectord", f"_SYSTEMD_INVOCATION_ID={invocation}")
        # Where it didn't get as far as saying something, systemd says how far it got.
        said = said or self._said(f"USER_INVOCATION_ID={invocation}")
        return ServiceNotStarted(
            f"The service didn't get ready: {_why_failed(shown) or started.err.strip()}",
            details=last_words(said),
            todo=(
                "Mend what it says, and run again: connectord service install",
                "All of it: journalctl --user --unit connectord",
            ),
        )

    def _said(self, *which: str) -> str:
        """The last lines of the journal that have these fields; nothing where it may not be read."""
        words = ("journalctl", "--user", "--quiet", "--no-pager", "--output=cat", f"--lines={_SHOWN_LINES}")
        return self._run((*words, *which), self.environ).out

    def _systemctl(self, *words: str, may_fail: bool = False) -> Ran:
        command = ("systemctl", "--user", "--no-pager", *words)
        ran = self._run(command, self.environ)
        if ran.code != 0 and not may_fail:
            said = tuple(ran.err.strip().splitlines())
            raise ServiceRefused(f"`{' '.join(command)}` failed with exit status {ran.code}.", details=said)
        return ran


def with_runtime_dir(person: Person) -> dict[str, str]:
    """The environment in which systemctl finds the user's systemd: cron and `su` leave out where that is."""
    named = person.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{person.uid}"
    return {**person.environ, "XDG_RUNTIME_DIR": named}


def _says(state: RunState, shown: Mapping[str, str]) -> str:
    if shown.get("SubState") == "auto-restart":
        return f"{_why_failed(shown)}; it is about to be started anew"
    if state is RunState.FAILED:
        return _why_failed(shown)
    # systemd keeps the last line of a daemon that has ended.
    return shown.get("StatusText", "") if state in {RunState.RUNNING, RunState.STARTING} else ""


def _why_failed(shown: Mapping[str, str]) -> str:
    """Systemd's word for how it ended, in a sentence."""
    result = shown.get("Result", "success")
    if shown.get("LoadState") == "masked":
        return "the unit is masked (systemctl --user unmask connectord ends that)"
    return {
        "exit-code": "it ended with a failure",
        "signal": "it was killed by a signal",
        "core-dump": "it was killed by a signal",
        "watchdog": "it hung, and the watchdog ended it",
        "timeout": "it took too long",
        "start-limit-hit": "it failed too often, and isn't started any more",
        "success": "",
    }.get(result, f"systemd says {result}")
