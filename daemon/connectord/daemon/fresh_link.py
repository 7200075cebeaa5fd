"""A consent link that has all of its time: the one that is open, or a new one by setting the connector once more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from connectord.authorize import Authorization
from connectord.control.face import UnknownProject
from connectord.control.verdict import needs_consent
from connectord.daemon.consents import Consents
from connectord.daemon.followed import Followed
from connectord.errors import ConnectordError
from connectord.project import Project
from connectord.sync import Outcome, Result

LINK_SECONDS: Final = 45.0
"""How long Base44 may take to give a link, before whoever waits is told so. The wish stands all the same."""


class NotAuthorizable(ConnectordError):
    """There is no consent link for this connector now; the sentence says why."""

    code = "NOT_AUTHORIZABLE"


class NoLink(ConnectordError):
    """Base44 gave no link. The code is the failure's own."""

    code = "NO_LINK"

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"{outcome.type}: {outcome.error}", todo=(outcome.todo,) if outcome.todo else ())
        self.code = outcome.code or self.code


class FreshLinks:
    """Gets links for connectors of the projects that are followed."""

    def __init__(self, followed: Mapping[Path, Followed], consents: Consents) -> None:
        self._followed = followed
        self._consents = consents

    def needed(self, root: Path) -> tuple[str, ...]:
        """The connectors of a project that only a person's consent is missing for."""
        followed = self._followed.get(root)
        lines = followed.status().connectors if followed is not None else ()
        return tuple(line.type for line in lines if needs_consent(line))

    def project(self, root: Path) -> Project:
        """The project as it was last read. Raises UnknownProject, NotAuthorizable."""
        followed = self._of(root)
        if followed.project is None or followed.board.unusable:
            raise NotAuthorizable(f"The project {root} can't be read now. {followed.board.unusable or ''}".rstrip())
        return followed.project

    async def get(self, root: Path, connector_type: str) -> Authorization | None:
        """An open authorization whose time begins now. None: Base44 has the consent already.

        Raises UnknownProject, NotAuthorizable and NoLink.
        """
        followed = self._of(root)
        await followed.known.wait()  # right after a start nothing is known of it yet
        project = self.project(root)
        fresh = self._consents.opened_by_person(project, connector_type)
        if fresh is not None:
            return fresh
        if followed.board.paused:
            raise NotAuthorizable(f"{root} is paused, so no link is asked for.", todo=(f"connectord resume {root}",))
        with self._consents.asked_for(project, connector_type):
            outcome = await self._outcome(followed, connector_type)
        if outcome.result is Result.FAILED:
            raise NoLink(outcome)
        return self._consents.open_one(project, connector_type)

    async def _outcome(self, followed: Followed, connector_type: str) -> Outcome:
        try:
            async with asyncio.timeout(LINK_SECONDS):
                outcome = await followed.loop.push.renewed(connector_type)
        except TimeoutError:
            raise NotAuthorizable(
                f"Base44 has given no link for {connector_type} within {LINK_SECONDS:.0f} s. It is still asked for.",
                todo=(f"See what is in the way with: connectord status {followed.root}",),
            ) from None
        if outcome is None:
            raise _no_file(followed, connector_type)
        return outcome

    def _of(self, root: Path) -> Followed:
        followed = self._followed.get(root)
        if followed is None:
            raise UnknownProject(root)
        return followed


def _no_file(followed: Followed, connector_type: str) -> NotAuthorizable:
    types = [line.type for line in followed.status().connectors]
    if connector_type in types:
        what = f"The file of {connector_type} can't be pushed as it is."
        return NotAuthorizable(what, todo=(f"See what is wrong with: connectord status {followed.root}",))
    there = f"It has {', '.join(types)}." if types else "It has no connectors."
    return NotAuthorizable(f"{followed.root} has no connector {connector_type!r}. {there}")
