"""Links that nobody watches any more and a person may still follow: one that Base44 has ended is no longer shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from connectord.authorize import AuthorizationState
from connectord.base44 import App
from connectord.base44.errors import Base44Error, NotFound
from connectord.base44.models import ConsentStatus
from connectord.daemon.consent_rows import is_with
from connectord.project import Project
from connectord.store import AuthorizationRow, Change, Store

SHOWN: Final = frozenset({AuthorizationState.TIMED_OUT.value, AuthorizationState.SKIPPED.value})
"""States of a link that isn't watched and can still be consented to, as far as is known."""


class OldLinks:
    """Asks for them after a rescan, one after another, while no link is watched: those polls go first (design.md).

    `on_over` hears of each link that Base44 has ended. A consent is the list's to tell, which was read just before.
    """

    def __init__(self, store: Store, busy: Callable[[], bool], on_over: Callable[[Path, str, str], None]) -> None:
        self._store = store
        self._busy = busy
        self._on_over = on_over
        self._turn = asyncio.Lock()

    async def look(self, project: Project, app: App) -> None:
        """Ask for all of a project's. Where Base44 doesn't answer nothing is known, and the next rescan asks."""
        async with self._turn:
            for row in self._of(project):
                if self._busy():
                    return
                try:
                    status = await app.poll_authorization(row.type, row.connection_id or "")
                except NotFound:
                    status = ConsentStatus.FAILED
                except Base44Error:
                    return
                # Another link may have taken its place meanwhile.
                if status is ConsentStatus.FAILED and row in self._of(project):
                    self._store.record(Change(authorizations=(replace(row, dead=True),)))
                    self._on_over(project.root, row.type, row.url)

    def _of(self, project: Project) -> list[AuthorizationRow]:
        rows = (row for row in self._store.authorizations(project.root) if is_with(row, project))
        return [row for row in rows if row.state in SHOWN and row.connection_id and not row.dead]
