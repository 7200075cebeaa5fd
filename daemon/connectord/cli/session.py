"""A connection to a project's app for the length of one command, with the login that it may need first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from connectord.base44 import (
    AccountKind,
    App,
    Base44,
    Base44Error,
    DeviceCode,
    Pace,
    Retrying,
    SignedOut,
    StripeStatus,
    User,
    find_credentials,
    sign_in,
    signed_in_as,
)
from connectord.cli.output import Output
from connectord.control.lending import lending
from connectord.project import Project
from connectord.sync import Remote

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Session:
    """An app to talk to, and the person it is for."""

    app: App
    project: Project
    base44: Base44
    output: Output

    async def first(self, request: Callable[[], Awaitable[T]]) -> T:
        """Make the first request of a command. In a terminal, a login that is missing or worn out is made up for.

        Raises SignedOut where nobody can be asked, or where the environment says who is signed in.
        """
        try:
            return await request()
        except SignedOut:
            if not self.output.interactive or self._is_signed_in_by_environment():
                raise
        self.output.say("You need to login first to continue.")
        user = await sign_in_here(self.base44, self.output)
        self.output.success(f"Successfully logged in as {user.email}")
        return await request()

    def _is_signed_in_by_environment(self) -> bool:
        try:
            account = signed_in_as(self.project.environment, Path.home())
        except SignedOut:
            return False
        return account.kind is not AccountKind.FILE


@asynccontextmanager
async def open_session(project: Project, output: Output) -> AsyncIterator[Session]:
    """The project's app with the credentials in force. Nothing is sent yet, and to whom it would be is said if odd."""
    if warning := lending(project):
        output.warn(warning)
    async with connect(project.api_url, project.environment, output) as base44:
        yield Session(base44.app(project.app_id), project, base44, output)


@asynccontextmanager
async def connect(api_url: str, environ: Mapping[str, str], output: Output) -> AsyncIterator[Base44]:
    """A client of Base44 that tells the person what it waits for and what it couldn't save."""
    credentials = find_credentials(environ, Path.home(), on_problem=lambda problem: output.warn(problem.what))

    def say(retrying: Retrying) -> None:
        what = retrying.error.what.rstrip(".")
        when = f"in {retrying.wait:.0f} s" if retrying.wait >= 1 else "in a moment"
        output.progress(f"{what}. Trying again {when}.")

    def say_wait(operation: str, seconds: float) -> None:
        output.progress(f"Base44 takes only so many requests a minute. Waiting {seconds:.0f} s to {operation}.")

    async with Base44(api_url, credentials, pace=Pace(on_wait=say_wait), on_retry=say) as base44:
        yield base44


async def sign_in_here(base44: Base44, output: Output) -> User:
    """Show the code of a device login, wait for the person to confirm it, and keep the credentials."""

    def show(code: DeviceCode) -> None:
        output.say(f"Verification code: {code.user_code}", bold=True)
        output.say(f"Please confirm this code at: {code.verification_uri}")
        output.progress("Waiting for authentication...")

    return await sign_in(base44, show=show, home=Path.home())


async def look(app: App, *, without_stripe: Callable[[Base44Error], None] | None = None) -> Remote:
    """What Base44 has now: connectors and Stripe, asked for together. The first failure is raised.

    With `without_stripe`, a Stripe that can't be asked about is told to it and left out: Remote.stripe is then None.
    """
    try:
        async with asyncio.TaskGroup() as group:
            connectors = group.create_task(app.list_connectors())
            stripe = group.create_task(_stripe_status(app))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    status = stripe.result()
    if isinstance(status, StripeStatus):
        return Remote(connectors.result(), status)
    if without_stripe is None:
        raise status
    without_stripe(status)
    return Remote(connectors.result())


async def _stripe_status(app: App) -> StripeStatus | Base44Error:
    """What can go wrong is a value here: it must not take the list of connectors along."""
    try:
        return await app.stripe_status()
    except Base44Error as error:
        return error
