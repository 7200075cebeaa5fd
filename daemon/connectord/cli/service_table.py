"""The state of the service as lines for a person, and as a document for a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from connectord.cli.status_table import Line
from connectord.service.definition import Whose
from connectord.service.manager import Kind, RunState, ServiceStatus

_INSTALL: Final = "connectord service install"

KINDS: Final = {Kind.SYSTEMD: "systemd user service", Kind.LAUNCHD: "launchd agent"}

_WHOSE: Final = {
    Whose.CURRENT: "what this connectord would write",
    Whose.OUTDATED: f"of another version, or changed by hand; to renew it: {_INSTALL}",
}

_WHY: Final = {
    Kind.SYSTEMD: "journalctl --user -u connectord",
    Kind.LAUNCHD: "connectord logs, and start.log beside it",
}

_STATES: Final = {
    RunState.STARTING: "not ready yet",
    RunState.STOPPING: "ending",
}


def says_how_it_is(found: ServiceStatus) -> str:
    """What runs, in half a sentence."""
    return f"{KINDS[found.kind]} (pid {found.pid})" + (f". {found.says}" if found.says else "")


def status_lines(found: ServiceStatus, other: int | None = None) -> Iterator[Line]:
    """A line for each thing that must be true, with what to do where it isn't. `other` is a daemon outside of it."""
    yield Line(f"{KINDS[found.kind]}  {found.file}", bold=True)
    if found.whose is Whose.NONE:
        yield _line("installed", f"no; to install it: {_INSTALL}", well=False)
        yield from _outside(found, other)
        return
    yield _line("installed", f"runs {found.python or 'something else'}", well=found.whose is not Whose.FOREIGN)
    yield _line("current", _whose(found), well=found.whose is Whose.CURRENT)
    yield _line("running", _running(found), well=found.state is RunState.RUNNING)
    yield from _outside(found, other)
    enabled = "starts when you log in" if found.enabled else f"doesn't start when you log in; to mend that: {_INSTALL}"
    yield _line("enabled", enabled, well=found.enabled)
    if found.lingering is not None:
        yield _lingering(found)
    if not found.confined:
        yield Line("  · sandbox    a part of it only: this system keeps user namespaces from its users", dim=True)


def as_document(found: ServiceStatus) -> Mapping[str, object]:
    """The same for `--json` (docs/commands.md)."""
    return {
        "manager": found.kind,
        "file": str(found.file),
        "installed": found.whose not in {Whose.NONE, Whose.FOREIGN},
        "current": found.whose is Whose.CURRENT,
        "whose": found.whose,
        "python": found.python,
        "running": found.state is RunState.RUNNING,
        "state": found.state,
        "pid": found.pid,
        "says": found.says,
        "enabled": found.enabled,
        "lingering": found.lingering,
        "confined": found.confined,
    }


def _whose(found: ServiceStatus) -> str:
    match found.whose:
        case Whose.ANOTHER:
            return f"no: another installation's; to let this one take its place: {_INSTALL}"
        case Whose.MOVED:
            return f"no: {found.python} is gone; to mend that: {_INSTALL}"
        case Whose.FOREIGN:
            return "no: connectord hasn't written this file. Move it out of the way first"
        case _:
            return _WHOSE[found.whose]


def _running(found: ServiceStatus) -> str:
    if found.state is RunState.RUNNING:
        return f"pid {found.pid}" + (f": {found.says}" if found.says else "")
    if found.state is RunState.FAILED:
        return f"failed: {found.says}; see why: {_WHY[found.kind]}; then start it: {_INSTALL}"
    if found.state is RunState.STOPPED:
        well = found.whose is Whose.CURRENT and found.enabled
        return f"no; to start it: {'connectord start' if well else _INSTALL}"
    return _STATES[found.state] + (f": {found.says}" if found.says else "")


def _outside(found: ServiceStatus, other: int | None) -> Iterator[Line]:
    if other is not None:
        yield Line(f"  ! A daemon runs that {found.kind} didn't start (pid {other or 'unknown'})", "yellow")


def _lingering(found: ServiceStatus) -> Line:
    """No fault either way, so it has neither sign: it is the person's choice."""
    words = "goes on when you log out" if found.lingering else "ends with your last session (loginctl enable-linger)"
    return Line(f"  · lingering  {words}", dim=True)


def _line(name: str, text: str, *, well: bool) -> Line:
    return Line(f"  {'✓' if well else '✗'} {name:<10} {text}", "green" if well else "red")
