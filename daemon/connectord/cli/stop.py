"""`connectord stop`: ask the daemon to end, and wait until it has."""

from __future__ import annotations

import click

from connectord.cli.asking import run_asking, with_json
from connectord.cli.background import wait_until_gone
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output
from connectord.control.client import Client
from connectord.control.lock_file import is_locked
from connectord.places import runtime_dir


@click.command()
@with_json
def stop(*, as_json: bool) -> None:
    """End the daemon: running pushes get a few seconds. What is saved meanwhile is pushed by the next start."""
    run_asking(_stop, as_json=as_json)


def _stop(client: Client, output: Output) -> ExitCode:
    daemon = client.stop()
    # The lock goes last, with the process itself: whoever starts a daemon right after this finds the way free.
    wait_until_gone(lambda: is_locked(runtime_dir()), daemon)
    output.document({"stopped": daemon.model_dump(mode="json")})
    if not output.as_json:
        output.success(f"connectord (pid {daemon.pid}) has ended")
    return ExitCode.OK
