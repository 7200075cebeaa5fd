"""A daemon that runs outside of the service, when the service is to be installed: there is one for each user."""

from __future__ import annotations

from pathlib import Path

from connectord.cli.background import wait_until_gone
from connectord.cli.complaint import Usage
from connectord.cli.output import Output
from connectord.control.client import Client
from connectord.control.lock_file import daemon_pid, is_locked
from connectord.service.manager import ServiceStatus


class RunsOutside(Usage):
    """A daemon runs that the service manager hasn't started, and nobody said that it may be ended."""

    code = "ALREADY_RUNNING"


def other_daemon(service: ServiceStatus, runtime: Path) -> int | None:
    """The pid of a daemon that isn't the service's; 0 where it can't be read, None where there is none."""
    if not is_locked(runtime):
        return None
    pid = daemon_pid(runtime)
    return None if pid == service.pid else pid or 0


def end_other_daemon(client: Client, service: ServiceStatus, runtime: Path, output: Output, *, yes: bool) -> None:
    """End a daemon that isn't the service's, after asking (`yes`: without). What it knew, the service's goes on with.

    Raises RunsOutside where it may not be ended.
    """
    pid = other_daemon(service, runtime)
    if pid is None:
        return
    who = f"A daemon runs already that {service.kind} didn't start (pid {pid or 'unknown'})."
    if not yes and not _may_end(who, service, output):
        raise RunsOutside(
            f"{who} Nothing was changed.",
            todo=(
                "Let the service take its place: connectord service install -y",
                "Or end it yourself: connectord stop",
            ),
        )
    output.progress(f"Ending the daemon that {service.kind} didn't start (pid {pid or 'unknown'}) ...")
    wait_until_gone(lambda: is_locked(runtime), client.stop())


def _may_end(who: str, service: ServiceStatus, output: Output) -> bool:
    if not output.interactive:
        return False
    # Imported here: nobody else needs a terminal's event loop, and commands load fast.
    import asyncio  # noqa: PLC0415

    from connectord.cli.terminal import confirm  # noqa: PLC0415

    output.say(who)
    return asyncio.run(confirm(f"End it, and let {service.kind} start one in its place?", default=True))
