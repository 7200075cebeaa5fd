"""What keeps one project or link from Base44 keeps others too: they ask as well, so that it shows on all (P12)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path

from connectord.base44 import Base44Error
from connectord.base44.errors import SignedOut
from connectord.control.models import ProjectState
from connectord.daemon.consents import caller_of
from connectord.daemon.followed import Followed
from connectord.project import Project
from connectord.sync import Trigger
from connectord.sync.retries import OFFLINE


class NotAsked:
    """Has the projects among `followed` ask Base44 for what it has, where something else couldn't."""

    def __init__(self, followed: Mapping[Path, Followed]) -> None:
        self._followed = followed
        self._refused: set[Hashable] = set()

    def stood(self, followed: Followed, before: ProjectState) -> None:
        """A project was like this `before` its last event. Nobody may save anything in the others for long.

        Only the first project that a sign-in is refused to has the others ask.
        """
        signed_out = followed.board.state is ProjectState.SIGNED_OUT and before is not ProjectState.SIGNED_OUT
        if followed.project is None or not signed_out:
            return
        login = caller_of(followed.project)
        if login not in self._refused:
            self._refused.add(login)
            self._ask_all_with(login, but=followed)

    def answered(self, project: Project) -> None:
        """Base44 answered a project as it does to somebody who is signed in."""
        if self._refused:
            self._refused.discard(caller_of(project))

    def not_polled(self, project: Project, error: Base44Error) -> None:
        """A link of this project couldn't be asked for."""
        followed = self._followed.get(project.root)
        if followed is None or followed.loop.push.reconcile_owed:
            return  # it shows already, and is asked again by itself
        if error.code in {SignedOut.code, *OFFLINE}:
            followed.loop.hint(Trigger.RESCAN)

    def _ask_all_with(self, login: Hashable, *, but: Followed) -> None:
        for other in self._followed.values():
            if other is not but and other.project is not None and caller_of(other.project) == login:
                other.loop.hint(Trigger.RESCAN)
