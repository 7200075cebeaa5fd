"""Links that nobody watches any more and a person may still follow: one that Base44 has ended is no longer shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from connectord.authorize import Authorizations, AuthorizationState
from connectord.base44 import App
from connectord.base44.errors import Base44Error, NotFound
from connectord.base44.models import ConsentStatus
from connectord.daemon.consent_rows import is_with
from connectord.project import Project
from connectord.store import AuthorizationRow, Change, Store

SHOWN: Final = frozenset({AuthorizationState.TIMED_OUT.value, AuthorizationState.SKIPPED.value})
"""States of a link that isn't watched and can still be consented to, as far as is known."""

SPARE: Final = 60
"""Of the seventy questions a minute these are left to links that are watched: two that have just been opened."""


class OldLinks:
    """Asks for them after a rescan, one after another, while no link is watched: those polls go first.

    `on_over` hears of each link that Base44 has ended, `on_defect` of a project whose asking met a defect of ours. A
    consent is the list's to tell, which was read just before.
    """

    def __init__(
        self,
        store: Store,
        watched: Authorizations,
        on_over: Callable[[Path, str, str], None],
        on_defect: Callable[[Path, Exception], None],
    ) -> None:
        self._store = store
        self._watched = watched
        self._on_over = on_over
        self._on_defect = on_defect
        self._asking: set[Path] = set()

    async def look(self, project: Project, app: App) -> None:
        """Ask for all of a project's. Where Base44 doesn't answer nothing is known, and the next rescan asks."""
        if project.root in self._asking:
            return
        self._asking.add(project.root)
        try:
            for row in self._of(project):
                if self._watched.open_ones or not await self._look_at(project, row, app):
                    return
        except Exception as error:  # noqa: BLE001  (one project's defect is no other project's)
            self._on_defect(project.root, error)
        finally:
            self._asking.discard(project.root)

    async def _look_at(self, project: Project, row: AuthorizationRow, app: App) -> bool:
        """Ask for one. Whether there was an answer."""
        try:
            status = await app.poll_authorization(row.type, row.connection_id or "", spare=SPARE)
        except NotFound:
            status = ConsentStatus.FAILED
        except Base44Error:
            return False
        # Another link may have taken its place meanwhile.
        if status is ConsentStatus.FAILED and row in self._of(project):
            self._store.record(Change(authorizations=(replace(row, dead=True),)))
            self._on_over(project.root, row.type, row.url)
        return True

    def _of(self, project: Project) -> list[AuthorizationRow]:
        rows = (row for row in self._store.authorizations(project.root) if is_with(row, project))
        return [row for row in rows if row.state in SHOWN and row.connection_id and not row.dead]
