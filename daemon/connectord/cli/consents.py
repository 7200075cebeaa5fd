"""Asking a person for the consents that a push needs: links, browser, waiting, Esc to skip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectord.authorize import Authorization, Authorizations, AuthorizationState
from connectord.base44 import App
from connectord.browser import Browser
from connectord.cli.output import Output
from connectord.cli.terminal import confirm, on_escape, spinner
from connectord.project import Connector
from connectord.sync import Outcome

OWNER = "push"

_ENDS = {
    AuthorizationState.AUTHORIZED: "authorization complete",
    AuthorizationState.FAILED: "authorization failed",
    AuthorizationState.TIMED_OUT: "authorization timed out",
    AuthorizationState.SKIPPED: "skipped",
}


def print_links(pending: Sequence[Outcome], output: Output) -> None:
    """Every link that waits for a person. With `--json` they are in the document too."""
    if pending:
        output.say()
        output.say(f"{len(pending)} connector(s) require authorization in your browser:", fg="yellow")
        for outcome in pending:
            output.say(f"  {outcome.type}: {outcome.authorize_url}")


@dataclass(frozen=True, slots=True)
class Consents:
    """One person's way through the open consents of one push, one after another; `ended` are those behind us."""

    app: App
    output: Output
    browser: Browser
    watching: Authorizations
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
                self.output.say(f"  {outcome.type}: {outcome.authorize_url}")
        return tuple(self.ended)

    async def _ask_for(self, outcome: Outcome, scopes: tuple[str, ...]) -> Authorization:
        link = outcome.authorize_url or ""
        self.output.say()
        await self._open(outcome.type, link)
        self.watching.open(
            self.app, owner=OWNER, type=outcome.type, url=link, connection_id=outcome.connection_id, scopes=scopes
        )
        with on_escape(lambda: self.watching.skip(OWNER, outcome.type)):
            async with spinner(f"Waiting for {outcome.type} authorization... (Esc to skip)", self.output):
                ended = await self.watching.settled(OWNER, outcome.type)
        self._say_end(ended)
        return ended

    async def _open(self, connector_type: str, link: str) -> None:
        if not self.browser.commands:
            self.output.say(f"Open this link to authorize {connector_type}: {link}")
            return
        self.output.say(f"Opening browser for {connector_type}...")
        objection = await self.browser.open(link)
        if objection is not None:
            self.output.warn(f"The browser was not opened: {objection}. Open this link yourself: {link}")

    def _say_end(self, ended: Authorization) -> None:
        sentence = f"{ended.type} {_ENDS.get(ended.state, ended.state)}"
        match ended.state:
            case AuthorizationState.AUTHORIZED:
                self.output.success(sentence)
            case AuthorizationState.SKIPPED:
                self.output.say(sentence, fg="yellow")
            case _:
                self.output.say(f"✗ {sentence}", fg="red")
