"""`connectord login`: sign in to Base44 with a code that is confirmed in the browser."""

from __future__ import annotations

from pathlib import Path

import click

from connectord.cli.exit_codes import ExitCode
from connectord.cli.options import HostSettings, with_json
from connectord.cli.output import Output
from connectord.cli.running import run_command
from connectord.cli.session import connect, sign_in_here


@click.command()
@with_json
def login(*, as_json: bool) -> None:
    """Sign in to Base44 in the browser (the CLI is signed in too: they share the login)."""
    run_command(_login, as_json=as_json)


async def _login(output: Output) -> ExitCode:
    host = HostSettings.of(Path())
    async with connect(host.api_url, host.settings, output) as base44:
        user = await sign_in_here(base44, output)
    sentence = f"Successfully logged in as {user.email}"
    output.success(sentence)
    output.document({"output": sentence, "email": user.email, "name": user.name})
    return ExitCode.OK
