"""`connectord logout`: forget this machine's credentials. The only command that removes them (P7)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from connectord.base44 import sign_out
from connectord.cli.exit_codes import ExitCode
from connectord.cli.options import with_json
from connectord.cli.output import Output
from connectord.cli.running import run_command


@click.command()
@with_json
def logout(*, as_json: bool) -> None:
    """Sign out on this machine (the CLI is signed out too: they share the login)."""
    run_command(_logout, as_json=as_json)


async def _logout(output: Output) -> ExitCode:
    was_signed_in = await asyncio.to_thread(sign_out, Path.home())
    sentence = "Logged out successfully" if was_signed_in else "Nobody was logged in"
    output.say(sentence)
    output.document({"output": sentence})
    return ExitCode.OK
