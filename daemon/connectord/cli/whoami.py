"""`connectord whoami`: who is signed in on this machine, told without asking Base44."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from connectord.base44 import Account, AccountKind, signed_in_as
from connectord.cli.exit_codes import ExitCode
from connectord.cli.options import HostSettings, with_json
from connectord.cli.output import Output
from connectord.cli.running import run_command


@click.command()
@with_json
def whoami(*, as_json: bool) -> None:
    """Show who is signed in."""
    run_command(_whoami, as_json=as_json)


async def _whoami(output: Output) -> ExitCode:
    account = signed_in_as(HostSettings.of(Path()).settings, Path.home())
    sentence = _sentence(account)
    output.say(sentence)
    output.document(
        {
            "output": sentence,
            "kind": account.kind,
            "email": account.email,
            "name": account.name,
            "expiresAt": _iso(account.expires_at),
        }
    )
    return ExitCode.OK


def _sentence(account: Account) -> str:
    if account.kind is AccountKind.API_KEY:
        return f"Using workspace API key: {account.key_start}"
    return f"Logged in as: {account.email}"


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
