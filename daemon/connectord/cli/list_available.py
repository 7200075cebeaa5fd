"""`connectord list-available`: the connector types that Base44 offers."""

from __future__ import annotations

from pathlib import Path

import click

from connectord.base44 import AvailableIntegration
from connectord.cli.exit_codes import ExitCode
from connectord.cli.options import Target, with_app_id, with_json
from connectord.cli.output import Output
from connectord.cli.running import run_command
from connectord.cli.session import open_session


@click.command("list-available")
@with_app_id
@with_json
def list_available(*, app_id: str | None, as_json: bool) -> None:
    """List the connector types that Base44 offers, with what each needs."""
    target = Target(Path(), app_id, None)
    run_command(lambda output: _list_available(target, output), as_json=as_json)


async def _list_available(target: Target, output: Output) -> ExitCode:
    project = target.project()
    output.progress("Fetching available integrations from Base44")
    async with open_session(project, output) as session:
        integrations = await session.first(session.app.list_available)
    # The service's own names, as users were promised them (seed 002); the CLI's --json has them in camelCase.
    output.document({"integrations": [one.model_dump(by_alias=True, exclude_none=True) for one in integrations]})
    if not output.as_json:
        for integration in integrations:
            _show(integration, output)
        output.say(f"Found {len(integrations)} available integrations.", bold=True)
        output.say("stripe can be pushed too, although Base44 doesn't list it.", dim=True)
    return ExitCode.OK


def _show(integration: AvailableIntegration, output: Output) -> None:
    output.say(integration.display_name, bold=True)
    output.say(f"  type: {integration.type}")
    output.say(f"  {integration.description}", dim=True)
    for field in integration.connection_config_fields:
        need = "required" if field.required else "optional"
        output.say(f"  connection_config.{field.name} ({need}): {field.description}")
