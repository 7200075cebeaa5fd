"""`connectord start`: the daemon in the background; as the service where that is installed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from connectord.cli.asking import run_asking, with_json, with_path
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.cli.projects import register
from connectord.cli.status_table import NOTHING_YET
from connectord.control.client import Client
from connectord.control.lock_file import is_locked
from connectord.control.models import DaemonStatus
from connectord.control.unanswered import DaemonGone, ForeignServer, NoDaemon, NotAnswering
from connectord.places import runtime_dir, state_dir

COMMAND: Final = (sys.executable, "-m", "connectord", "run", "--background")


@click.command()
@with_path
@with_json
def start(path: Path | None, *, as_json: bool) -> None:
    """Start the daemon in the background; with PATH, register the project that it lies in, too.

    It goes on when this terminal is closed, and ends with `connectord stop` or the machine. Where the service is
    installed, it is the service that is started.
    """
    run_asking(lambda client, output: _start(client, path, output), as_json=as_json)


def _start(client: Client, path: Path | None, output: Output) -> ExitCode:
    daemon, words = _running(client), "is already running"
    started = daemon is None
    if daemon is None:
        daemon, words = _begun(client, output)
    if not output.as_json:
        output.success(f"connectord {daemon.version} {words} (pid {daemon.pid})")
        if started and path is None and not client.status().projects:
            output.say(NOTHING_YET)
    elif path is None:
        output.document({"started": started, "daemon": daemon.model_dump(mode="json")})
    return ExitCode.OK if path is None else register(client, path, output)


def _begun(client: Client, output: Output) -> tuple[DaemonStatus, str]:
    """A daemon that was started now, and what it runs as."""
    # Only now is it needed.
    from connectord.cli.background import start_in_background  # noqa: PLC0415
    from connectord.cli.start_service import reached, start_by_service  # noqa: PLC0415
    from connectord.settings import read_settings  # noqa: PLC0415

    read_settings()  # what the daemon would refuse is said right here
    kind = start_by_service(output)
    if kind is not None:
        return reached(client), f"runs as a {kind} now"
    daemon = start_in_background(COMMAND, client, state_dir(), is_there=lambda: is_locked(runtime_dir()))
    return daemon, "runs in the background now"


def _running(client: Client) -> DaemonStatus | None:
    """The daemon if there is one already. One that lives and doesn't answer is not started a second time."""
    try:
        return client.daemon()
    except (NotAnswering, DaemonGone, ForeignServer):
        raise
    except NoDaemon:
        return None
