"""The service manager of this machine, as the commands have it."""

from __future__ import annotations

from connectord.control.client import Client
from connectord.control.log_places import start_log_path
from connectord.control.unanswered import NoDaemon
from connectord.places import runtime_dir, state_dir
from connectord.service.choose import service_manager
from connectord.service.manager import Person, ServiceManager, run_program


def manager_here(person: Person) -> ServiceManager:
    """The one of this person. Raises NoServiceManager."""
    return service_manager(person, run_program, log=start_log_path(state_dir()), answers=_answers)


def _answers(pid: int) -> bool:
    try:
        return Client(runtime_dir()).daemon().pid == pid
    except NoDaemon:
        return False
