"""Whether the machine's service manager starts the daemon, and whether what it starts is this installation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connectord.control.client import Client
from connectord.control.lock_file import daemon_pid, is_locked
from connectord.control.log_places import start_log_path
from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, broken, ok, unknown
from connectord.errors import ConnectordError
from connectord.places import runtime_dir
from connectord.service.choose import service_manager, this_person
from connectord.service.definition import Whose
from connectord.service.errors import NoServiceManager, ServiceError
from connectord.service.manager import RunState, ServiceStatus, run_program

INSTALL: Final = "connectord service install"

_WHOSE: Final = {
    Whose.OUTDATED: "of another version, or changed by hand",
    Whose.ANOTHER: "another installation's, which is still there",
    Whose.MOVED: "of an installation that is gone",
}


def check_service(around: Around) -> Iterator[Finding]:
    """The service, and a daemon beside it."""
    try:
        manager = service_manager(
            this_person(around.environ), run_program, log=start_log_path(around.state), answers=_answers
        )
        found = manager.status()
    except NoServiceManager as error:
        yield attention(f"{error.what.rstrip('.')}, so nothing starts the daemon by itself", *error.todo)
    except ServiceError as error:
        yield unknown(error.what, *error.details)
    else:
        yield of_service(found)
        yield from beside(found, _running())


def of_service(found: ServiceStatus) -> Finding:
    """What the service's state means."""
    if found.whose is Whose.NONE:
        return attention(
            f"not installed under {found.kind}: after the next login or a crash nobody starts the daemon", INSTALL
        )
    if found.whose is Whose.FOREIGN:
        return broken(
            f"{found.file} is there, and connectord hasn't written it", f"Move it out of the way, then: {INSTALL}"
        )
    if found.whose in _WHOSE and found.state is not RunState.FAILED:
        return attention(f"{found.file} is {_WHOSE[found.whose]} ({found.python})", f"Renew it: {INSTALL}")
    return _of_state(found)


def _of_state(found: ServiceStatus) -> Finding:
    """How this installation's service does."""
    if found.state is RunState.FAILED:
        return broken(f"{found.kind} has given it up: {found.says}", f"See why: connectord logs; then: {INSTALL}")
    if found.state is not RunState.RUNNING:
        return attention(
            f"installed under {found.kind}, and {found.state}",
            f"Start it: {'connectord start' if found.enabled else INSTALL}",
        )
    if not found.enabled:
        return attention("it runs, but won't be started with your next login", INSTALL)
    return ok(f"{found.kind} runs it (pid {found.pid}), and starts it when you log in", *_lingering(found))


def beside(found: ServiceStatus, pid: int | None) -> Iterator[Finding]:
    """A daemon that runs (`pid`), where it isn't the service's."""
    if found.whose is not Whose.NONE and pid is not None and pid != found.pid:
        yield attention(
            f"the daemon that runs (pid {pid}) isn't the one of the service", f"Let the service take over: {INSTALL}"
        )


def _lingering(found: ServiceStatus) -> Iterator[str]:
    if found.lingering is False:
        yield "It ends with your last session; to let it go on without one: loginctl enable-linger"
    if not found.confined:
        yield "A part of its sandbox is missing: this system keeps user namespaces from its users."


def _running() -> int | None:
    try:
        runtime = runtime_dir()
    except ConnectordError:  # the check of permissions says so
        return None
    return daemon_pid(runtime) if is_locked(runtime) else None


def _answers(pid: int) -> bool:
    try:
        return Client(runtime_dir()).daemon().pid == pid
    except ConnectordError:
        return False
