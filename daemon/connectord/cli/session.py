"""A signed-in connection to the app of a project, for the length of one command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from connectord.base44 import App, Base44, DeviceCode, Retrying, SignedOut, User, find_credentials, sign_in
from connectord.cli.output import Output
from connectord.project import Project
from connectord.sync import Remote


@asynccontextmanager
async def signed_in(project: Project, output: Output) -> AsyncIterator[App]:
    """The project's app, ready for requests. In a terminal, a missing login is made up for first.

    Raises SignedOut where there are no credentials and nobody to ask.
    """
    try:
        credentials = find_credentials(project.environment, Path.home())
    except SignedOut:
        if not output.interactive:
            raise
        output.say("You need to login first to continue.")
        await sign_in_here(project.api_url, output)
        credentials = find_credentials(project.environment, Path.home())
    async with Base44(project.api_url, credentials, on_retry=_announcer(output)) as base44:
        yield base44.app(project.app_id)


async def sign_in_here(api_url: str, output: Output) -> User:
    """Show the code of a device login, wait for the person to confirm it, and keep the credentials."""

    def show(code: DeviceCode) -> None:
        output.say(f"Verification code: {code.user_code}", bold=True)
        output.say(f"Please confirm this code at: {code.verification_uri}")
        output.progress("Waiting for authentication...")

    return await sign_in(api_url, show=show, home=Path.home(), on_retry=_announcer(output))


async def look(app: App) -> Remote:
    """What Base44 has now: connectors and Stripe, asked for together. The first failure is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            connectors = group.create_task(app.list_connectors())
            stripe = group.create_task(app.stripe_status())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return Remote(connectors.result(), stripe.result())


def _announcer(output: Output) -> Callable[[Retrying], None]:
    def announce(retrying: Retrying) -> None:
        output.progress(f"{retrying.error.what} Trying again in {retrying.wait:.0f} s.")

    return announce
