"""`connectord start` where the service is installed and doesn't run: the service is what starts the daemon then.

A daemon beside it would have neither watchdog nor journal, and would be in the way of the service at the next login.
"""

from __future__ import annotations

import os
from typing import Final

from connectord.cli.complaint import Usage
from connectord.cli.output import Output
from connectord.cli.service_here import manager_here
from connectord.cli.service_table import KINDS
from connectord.control.client import Client
from connectord.control.models import DaemonStatus
from connectord.control.unanswered import NoDaemon
from connectord.service.choose import this_person
from connectord.service.definition import Whose
from connectord.service.errors import NoServiceManager, ServiceError
from connectord.service.installation import FOLDERS
from connectord.service.manager import Person, RunState, ServiceManager, ServiceStatus

_INSTALL: Final = "connectord service install"
_API_URL: Final = "BASE44_API_URL"
_WHY: Final = ("See why: connectord doctor",)


class RunsElsewhere(Usage):
    """The service runs a daemon that this shell doesn't reach."""

    code = "ALREADY_RUNNING"


def start_by_service(output: Output) -> str | None:
    """Start the daemon as the service, wait until it is ready, and say what that is called.

    None where the daemon isn't the service's to start.
    Raises ServiceError where it can't be started, and RunsElsewhere.
    """
    person = this_person(os.environ)
    found = _installed(person, output)
    if found is None:
        return None
    manager, status = found
    if not _is_for_here(status, person, output):
        return None
    if status.state is RunState.RUNNING:
        raise RunsElsewhere(f"The service runs already (pid {status.pid}), but this shell doesn't reach it.", todo=_WHY)
    output.progress(f"Starting it through {status.kind}, and waiting until it is ready ...")
    manager.start(anew=False)
    return KINDS[status.kind]


def reached(client: Client) -> DaemonStatus:
    """The daemon that the service runs now. Raises RunsElsewhere."""
    try:
        return client.daemon()
    except NoDaemon as error:
        raise RunsElsewhere(
            f"The service runs now, but this shell doesn't reach it: {error.what}", todo=(*_WHY, *error.todo)
        ) from error


def _installed(person: Person, output: Output) -> tuple[ServiceManager, ServiceStatus] | None:
    """The service and its manager, where it is one of connectord's that is to start with each login."""
    try:
        manager = manager_here(person)
        status = manager.status()
    except NoServiceManager:
        return None
    except ServiceError as error:
        output.warn(f"Whether the service is installed can't be found out: {error.what}")
        return None
    ours = status.whose not in {Whose.NONE, Whose.FOREIGN}
    return (manager, status) if ours and status.enabled else None


def _is_for_here(status: ServiceStatus, person: Person, output: Output) -> bool:
    """Whether it would start this installation with the places of this shell; what is different is said."""
    here = person.ours.environment
    others = [name for name in FOLDERS if status.environment.get(name) != here.get(name)]
    if others:
        output.warn(f"The service is left alone: it was installed with another {', '.join(others)}.")
        return False
    if status.whose in {Whose.ANOTHER, Whose.MOVED}:
        gone = ", which is gone" if status.whose is Whose.MOVED else ""
        output.warn(
            f"The service is of the installation at {status.python}{gone}; to let it start this one: {_INSTALL}"
        )
        return False
    if status.whose is Whose.OUTDATED:
        output.warn(f"The service's file is of another version, or changed by hand; to renew it: {_INSTALL}")
    if here.get(_API_URL) and status.environment.get(_API_URL) != here[_API_URL]:
        output.warn(f"The service has another {_API_URL} than this shell; to take this one over: {_INSTALL}")
    return True
