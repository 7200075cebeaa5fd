"""What the store keeps of consent links: which rows are a project's, and what their end changes. No effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from connectord.authorize import Authorization, AuthorizationState
from connectord.control.news import News, NewsKind
from connectord.project import Project
from connectord.store import OPEN, AuthorizationRow, BaseEntry, Change, HistoryRow, Store
from connectord.sync.reconcile import base_key

WAITING: Final = frozenset(
    {
        OPEN,
        AuthorizationState.FAILED.value,
        AuthorizationState.TIMED_OUT.value,
        AuthorizationState.SKIPPED.value,
    }
)
"""States of a link whose connector still needs a person's consent."""


def is_with(row: AuthorizationRow, project: Project) -> bool:
    """Whether it is a link of the app that the project is linked to now."""
    return (row.app_id, row.api_url) == (project.app_id, project.api_url)


def is_open_with(row: AuthorizationRow, project: Project) -> bool:
    """The same, and it was being watched when it was written."""
    return row.state == OPEN and is_with(row, project)


def change_by_adopted(store: Store, project: Project, row: AuthorizationRow) -> Change:
    """What a link changes that another process was given: whatever worked before must not pass for its consent."""
    entry = store.base(base_key(project)).get(row.type)
    base = {} if entry is None else {row.type: replace(entry, authorized=False)}
    return Change(key=base_key(project), base=base, authorizations=(row,))


def as_skipped(row: AuthorizationRow, owner: str) -> Authorization:
    """A link that nobody watched any more, and that a person has put off now; without its address where it is dead."""
    url, times = "" if row.dead else row.url, (row.opened_at, row.deadline)
    return Authorization(owner, row.type, url, row.connection_id, row.scopes, *times, AuthorizationState.SKIPPED)


def change_by_putting_off(project: Project, row: AuthorizationRow, news: News, now: float) -> Change:
    """What such a word changes: the row, and the history."""
    skipped = replace(row, state=AuthorizationState.SKIPPED.value)
    return Change(authorizations=(skipped,), history=(_history(project, news, now),))


def change_by_late_consent(project: Project, row: AuthorizationRow | None, news: News, now: float) -> Change:
    """What a consent changes that the list of connectors showed; base has learned of it already."""
    rows = () if row is None else (replace(row, state=AuthorizationState.AUTHORIZED.value),)
    return Change(authorizations=rows, history=(_history(project, news, now),))


def change_by_end(store: Store, project: Project, authorization: Authorization, news: News, now: float) -> Change:
    """What the end of an authorization changes: its row, base where it was consented to, and the history."""
    rows = [row for row in store.authorizations(project.root) if row.url == authorization.url]
    return Change(
        key=base_key(project),
        base=_consented(store.base(base_key(project)), authorization),
        authorizations=tuple(replace(row, state=authorization.state.value) for row in rows),
        history=(_history(project, news, now),),
    )


def _history(project: Project, news: News, now: float) -> HistoryRow:
    kind = NewsKind.AUTHORIZATION_ENDED.value
    return HistoryRow(None, now, project.root, kind, news.message, type=news.type, result=news.result)


def _consented(base: Mapping[str, BaseEntry], authorization: Authorization) -> dict[str, BaseEntry | None]:
    entry = base.get(authorization.type)
    if entry is None or not authorization.is_authorized:
        return {}
    seen = None if authorization.granted is None else frozenset(authorization.granted)
    return {authorization.type: replace(entry, authorized=True, seen_scopes=seen, told=None)}
