"""Asking a person for consents: links, browser, waiting, Esc to skip."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from connectord.authorize import Authorization, AuthorizationState
from connectord.browser import Browser
from connectord.cli.output import Output
from connectord.cli.terminal import confirm, on_escape, spinner
from connectord.cli.watching import Watching
from connectord.project import Connector
from connectord.sync import Outcome

_ENDS = {
    AuthorizationState.AUTHORIZED: "authorization complete",
    AuthorizationState.FAILED: "authorization failed",
    AuthorizationState.TIMED_OUT: "authorization timed out",
    AuthorizationState.SKIPPED: "skipped",
    AuthorizationState.SUPERSEDED: "no longer needs this link",
}


def print_links(pending: Sequence[Outcome], output: Output) -> None:
    """Every link that waits for a person. With `--json` they are in the document too."""
    if pending:
        output.say()
        output.say(f"{len(pending)} connector(s) require authorization in your browser:", fg="yellow")
        for outcome in pending:
            output.say(f"  {outcome.type}: {outcome.authorize_url}")


async def open_link(connector_type: str, link: str, browser: Browser, output: Output) -> None:
    """Open a link, or print it where there is no browser or it doesn't work."""
    if not browser.commands:
        output.say(f"Open this link to authorize {connector_type}: {link}")
        return
    output.say(f"Opening browser for {connector_type}...")
    objection = await browser.open(link)
    if objection is not None:
        output.warn(f"The browser was not opened: {objection}. Open this link yourself: {link}")


def say_newer(connector_type: str, link: str, output: Output) -> None:
    """A link took the place of the one that was given: that one leads nowhere."""
    output.warn(f"The link of {connector_type} was replaced by a newer one. Open this link instead: {link}")


@asynccontextmanager
async def waiting(connector_type: str, output: Output, skip: Callable[[], None]) -> AsyncIterator[None]:
    """Show that a consent is waited for within the block; at a terminal Esc calls `skip`."""
    if not output.interactive:
        output.progress(f"Waiting for {connector_type} authorization...")
        yield
        return
    with on_escape(skip):
        async with spinner(f"Waiting for {connector_type} authorization... (Esc to skip)", output):
            yield


def say_end(ended: Authorization, output: Output) -> None:
    """How a consent ended, in a line."""
    sentence = f"{ended.type} {_ENDS.get(ended.state, ended.state)}"
    match ended.state:
        case AuthorizationState.AUTHORIZED:
            output.success(sentence)
        case AuthorizationState.SKIPPED | AuthorizationState.SUPERSEDED:
            output.say(sentence, fg="yellow")
        case _:
            output.say(f"✗ {sentence}", fg="red")


@dataclass(frozen=True, slots=True)
class Consents:
    """One person's way through the open consents of one push, one after another; `ended` are those behind us."""

    output: Output
    browser: Browser
    watching: Watching
    ended: list[Authorization] = field(default_factory=list)

    async def wanted(self) -> bool:
        """Ask whether to go through them now."""
        self.output.say()
        can_open = bool(self.browser.commands)
        return await confirm(
            "Open browser to authorize now?" if can_open else "Wait while you open them?", default=True
        )

    async def ask_for(self, pending: Sequence[Outcome], wanted: Mapping[str, Connector]) -> tuple[Authorization, ...]:
        """Open and wait for each. Interrupted, it says which ones remain open."""
        try:
            for outcome in pending:
                self.ended.append(await self._ask_for(outcome, wanted[outcome.type].scopes))
        finally:
            remaining = pending[len(self.ended) :]
            if remaining:
                self.output.say("These connectors still require authorization:", fg="yellow")
            for outcome in remaining:
                self.output.say(f"  {outcome.type}: {self.watching.link(outcome)}")
        return tuple(self.ended)

    async def _ask_for(self, outcome: Outcome, scopes: tuple[str, ...]) -> Authorization:
        self.output.say()
        link = await self.watching.to_open(outcome)
        if link is not None:
            await open_link(outcome.type, link, self.browser, self.output)
            await self.watching.begin(outcome, scopes)
        async with waiting(outcome.type, self.output, lambda: self.watching.skip(outcome.type)):
            ended = await self.watching.settled(outcome.type)
        say_end(ended, self.output)
        return ended
