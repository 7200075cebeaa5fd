"""`connectord authorize`: a person gives the consents that are missing, with the daemon's links and eyes."""

from __future__ import annotations

import asyncio
import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import click

from connectord.browser import Browser, find_browser, in_ci
from connectord.cli.asking import with_json, with_project
from connectord.cli.complaint import Usage, exit_code_of_code
from connectord.cli.completion import complete_types
from connectord.cli.consents import open_link, say_end, say_newer, waiting
from connectord.cli.exit_codes import ExitCode
from connectord.cli.opening import open_browser_setting
from connectord.cli.output import Output
from connectord.cli.running import run_command
from connectord.cli.watching import as_authorization, consent_ended
from connectord.control.client import Client
from connectord.control.consent_models import Consent, ConsentState
from connectord.control.granted import added
from connectord.control.models import ProjectState, ProjectStatus
from connectord.control.unanswered import NoDaemon
from connectord.control.verdict import needs_consent
from connectord.errors import ConnectordError
from connectord.places import runtime_dir

NO_BROWSER: Final = "--no-browser was given"

WITHOUT_DAEMON = "Without a daemon, `connectord push` asks for the consents itself."


@click.command()
@click.argument("types", nargs=-1, metavar="[TYPE]...", shell_complete=complete_types)
@with_project
@click.option("--no-browser", is_flag=True, help="Print the links instead of opening them.")
@with_json
def authorize(types: tuple[str, ...], project: Path | None, *, no_browser: bool, as_json: bool) -> None:
    """Open the authorization links of these connectors (without a name: of all that need it) in the browser.

    One after another, as the consents complete; a link whose time is over is renewed. Esc skips one. Ctrl-C ends the
    waiting only: the daemon goes on watching. In all projects, or in one of them with --project.

    Exit codes: 0 all authorized, 1 one failed, 3 one is still not authorized, 5 signed out, 6 no daemon.
    """
    run_command(lambda output: _authorize(types, project, output, no_browser=no_browser), as_json=as_json)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One connector that a person is asked for."""

    root: Path
    type: str


@dataclass(frozen=True, slots=True)
class Came:
    """What came of it: a consent as it stands, or why there is no link."""

    wanted: Wanted
    consent: Consent | None = None
    error: ConnectordError | None = None

    @property
    def code(self) -> ExitCode:
        """What it means for the exit code."""
        if self.error is not None:
            return exit_code_of_code(self.error.code)
        state = self.consent.state if self.consent is not None else ConsentState.OPEN
        if state is ConsentState.FAILED:
            return ExitCode.FAILED
        return ExitCode.OK if state is ConsentState.AUTHORIZED else ExitCode.NEEDS_AUTHORIZATION


_BETTER_FIRST = (ExitCode.OK, ExitCode.NEEDS_AUTHORIZATION, ExitCode.USAGE, ExitCode.FAILED, ExitCode.SIGNED_OUT)


async def _authorize(types: tuple[str, ...], path: Path | None, output: Output, *, no_browser: bool) -> ExitCode:
    client = Client(runtime_dir())
    try:
        projects = (await asyncio.to_thread(client.status, path)).projects
    except NoDaemon as error:
        error.todo = (*error.todo, WITHOUT_DAEMON)
        raise
    wanted = _wanted(projects, types)
    if not wanted:
        output.say("Nothing needs authorization")
        output.document({"authorizations": []})
        return ExitCode.OK
    for project in projects:
        if project.state is ProjectState.OFFLINE and any(one.root == Path(project.path) for one in wanted):
            output.warn(f"{project.error}. Its links work again once Base44 answers.")
    browser = Browser(why=NO_BROWSER) if no_browser else find_browser(setting=open_browser_setting(output))
    walk = Walk(client, browser, output)
    try:
        await (walk.one_by_one(wanted) if walk.browser.commands else walk.all_at_once(wanted))
    except asyncio.CancelledError:
        output.say("The links stay open, and the daemon goes on watching them: connectord status", fg="yellow")
        raise
    output.document({"authorizations": [_document(one) for one in walk.came]})
    codes = [one.code for one in walk.came]
    return max(codes, key=lambda code: _BETTER_FIRST.index(code) if code in _BETTER_FIRST else len(_BETTER_FIRST))


@dataclass(frozen=True, slots=True)
class Walk:
    """A person's way through the consents; `came` is what is behind them, in the order of asking."""

    client: Client
    browser: Browser
    output: Output
    came: list[Came] = field(default_factory=list)

    async def one_by_one(self, wanted: Sequence[Wanted]) -> None:
        """Open one, wait for its end, open the next. One that nobody answers in time ends it."""
        for number, one in enumerate(wanted):
            consent = await self._link(one)
            if consent is None:
                continue
            await open_link(one.type, consent.url or "", self.browser, self.output)
            await self._wait_for(one, consent)
            if self.came[-1].consent and self.came[-1].consent.state is ConsentState.TIMED_OUT:
                self._leave(wanted[number + 1 :])
                return

    async def all_at_once(self, wanted: Sequence[Wanted]) -> None:
        """Print all links, then wait for their ends: where nothing is opened, a person takes them in any order."""
        given = [(one, consent) for one in wanted if (consent := await self._link(one)) is not None]
        if given:
            self.output.progress(f"No browser is opened: {self.browser.why}")
        for one, consent in given:
            self.output.say(f"Open this link to authorize {one.type}: {consent.url}")
        if in_ci(os.environ):
            self.came.extend(Came(one, consent) for one, consent in given)
            return
        for one, consent in given:
            await self._wait_for(one, consent)

    async def _link(self, one: Wanted) -> Consent | None:
        """A link that is open; None where there is none, which is said."""
        try:
            consent = await asyncio.to_thread(self.client.link, one.root, one.type)
        except NoDaemon:
            raise
        except ConnectordError as error:
            self.came.append(Came(one, error=error))
            self.output.error(f"✗ {error.what}")
            for hint in error.todo:
                self.output.error(f"  Hint: {hint}")
            return None
        if consent.state is ConsentState.OPEN:
            return consent
        self.came.append(Came(one, consent))
        self.output.success(f"{one.type} is authorized already")
        return None

    async def _wait_for(self, one: Wanted, given: Consent) -> None:
        skips: set[asyncio.Task[object]] = set()

        def skip() -> None:
            if not skips:
                skips.add(asyncio.ensure_future(asyncio.to_thread(self.client.skip, one.root, one.type)))

        async with waiting(one.type, self.output, skip):
            consent = await consent_ended(self.client, one.root, one.type, given.url, partial(self._say_newer, one))
        await asyncio.gather(*skips, return_exceptions=True)  # what they came to is what the consent says
        self.came.append(Came(one, consent))
        ended = as_authorization(consent)
        say_end(ended, self.output)
        if ended.missing_scopes:
            self.output.say(f"  {one.type}: {added(ended.missing_scopes, len(ended.scopes))}", fg="yellow")

    def _say_newer(self, one: Wanted, link: str) -> None:
        say_newer(one.type, link, self.output)

    def _leave(self, remaining: Sequence[Wanted]) -> None:
        self.came.extend(Came(one) for one in remaining)
        if remaining:
            names = ", ".join(one.type for one in remaining)
            self.output.say(f"Nobody seems to be there. Still not authorized: {names}", fg="yellow")


def _wanted(projects: Sequence[ProjectStatus], types: Sequence[str]) -> list[Wanted]:
    """The named connectors wherever they are, or all that need a consent. Raises Usage for a name that is nobody's."""
    lines = [(Path(project.path), line) for project in projects for line in project.connectors]
    if not types:
        return [Wanted(root, line.type) for root, line in lines if needs_consent(line)]
    known = sorted({line.type for _, line in lines})
    for name in types:
        if name not in known:
            raise Usage(f"No project has a connector {name!r}.", todo=(_guess(name, known),))
    return [Wanted(root, line.type) for name in dict.fromkeys(types) for root, line in lines if line.type == name]


def _guess(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"There are: {', '.join(known)}" if known else "See what is registered with: connectord projects list"


def _document(one: Came) -> Mapping[str, object]:
    consent, error = one.consent, one.error
    state = consent.state.value if consent is not None else "failed" if error is not None else "open"
    document: dict[str, object] = {"path": str(one.wanted.root), "type": one.wanted.type, "state": state}
    if consent is not None:
        document |= {
            "url": consent.url,
            "missing_scopes": list(consent.missing_scopes),
            "user_email": consent.user_email,
        }
    if error is not None:
        document |= {"error": error.what, "code": error.code, "hints": [{"message": hint} for hint in error.todo]}
    return document
