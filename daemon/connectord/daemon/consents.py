"""Consent links that outlive the process: opened for outcomes, resumed after a start, ended in the store (P9, P10)."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path

from connectord.authorize import Authorization, Authorizations, AuthorizationState
from connectord.base44 import App
from connectord.base44.find import caller
from connectord.base44.request import host_address
from connectord.control.news import News, NewsKind
from connectord.control.tell import tell_ended, tell_opened
from connectord.daemon.surroundings import Surroundings
from connectord.notify import Link, Notifier, authorization_notice, stripe_notice
from connectord.project import Project, shown_path
from connectord.store import OPEN, AuthorizationRow, Change, HistoryRow, Store
from connectord.sync.events import OutcomeKnown, PushFinished
from connectord.sync.outcome import Result
from connectord.sync.reconcile import base_key

OnEnd = Callable[[Project, Authorization], None]


class Consents:
    """The open authorizations of all projects. `on_change` hears of each that opens or ends, for its board.

    Times in the store are of the day, those of an Authorization are the clock's: a link that is resumed gets what is
    left of its limit, and never more than the limit, however the clock was set meanwhile.
    """

    def __init__(self, surroundings: Surroundings, store: Store, notifier: Notifier, on_change: OnEnd) -> None:
        settings = surroundings.settings
        self._in = surroundings
        self._store = store
        self._notifier = notifier
        self._on_change = on_change
        self._projects: dict[str, Project] = {}
        self.authorizations = Authorizations(
            interval=settings.authorization_poll,
            limit=settings.authorization_limit,
            clock=surroundings.clock,
            on_end=self._ended,
        )

    def types_open(self, project: Project) -> frozenset[str]:
        """The connectors of a project whose link is being watched."""
        return self.authorizations.types_open(_owner(project))

    def follow(self, event: OutcomeKnown) -> None:
        """Open a link that an outcome brought; one that is no longer needed is superseded."""
        outcome = event.outcome
        if outcome.result is Result.NEEDS_AUTHORIZATION and outcome.authorize_url and event.connector is not None:
            self._projects[_owner(event.project)] = event.project
            opened = self.authorizations.open(
                event.app,
                owner=_owner(event.project),
                type=outcome.type,
                url=outcome.authorize_url,
                connection_id=outcome.connection_id,
                scopes=event.connector.scopes,
                caller=_caller(event.project),
            )
            self._on_change(event.project, opened)
            self._in.publish(tell_opened(event.project, opened, self._in.at()))
        elif outcome.accepted:
            self.authorizations.supersede(_owner(event.project), outcome.type)

    def resume(self, project: Project, app: App) -> None:
        """Watch again what was open when the daemon ended; nothing is sent and nobody is told twice."""
        self._projects[_owner(project)] = project
        rows = [row for row in self._store.authorizations(project.root) if _is_of(row, project)]
        watched = self.types_open(project)
        for row in rows:
            if row.type not in watched:
                self._resume_one(project, app, row)
        self._notice(project, [row for row in rows if not row.noticed])

    def opened_by_person(self, project: Project, connector_type: str) -> Authorization | None:
        """Somebody has just opened the link: its time begins anew, and outlives a restart. None where none is open."""
        opened = self.authorizations.opened_by_person(_owner(project), connector_type)
        if opened is not None:
            now = self._in.now()
            rows = [row for row in self._store.authorizations(project.root) if row.url == opened.url]
            changed = [replace(row, deadline=now + opened.deadline - opened.opened_at) for row in rows]
            self._store.record(Change(authorizations=tuple(changed)))
        return opened

    def gone(self, project: Project, types: tuple[str, ...]) -> None:
        """Their files are gone: nobody needs these links any more."""
        for connector_type in types:
            self.authorizations.supersede(_owner(project), connector_type)

    def notify(self, event: PushFinished) -> None:
        """One notice for the batch that a push brought (P11), and one for a Stripe sandbox that waits to be claimed."""
        links = {done.type for done in event.outcomes if done.authorize_url}
        rows = self._store.authorizations(event.project.root)
        self._notice(event.project, [row for row in rows if row.type in links and row.state == OPEN])
        for done in event.outcomes:
            if done.claim_url and done.result in {Result.PROVISIONED, Result.SYNCED}:
                self._notifier.notify(stripe_notice(_name(event.project), done.claim_url))

    def _notice(self, project: Project, rows: list[AuthorizationRow]) -> None:
        if not rows:
            return
        # Noted before it is shown: a notice that a crash swallows is still in status and log, a repeated one nags.
        self._store.record(Change(authorizations=tuple(replace(row, noticed=True) for row in rows)))
        links = tuple(Link(row.type, row.url) for row in rows)
        self._notifier.notify(authorization_notice(_name(project), links))

    def _resume_one(self, project: Project, app: App, row: AuthorizationRow) -> None:
        opened = self.authorizations.open(
            app,
            owner=_owner(project),
            type=row.type,
            url=row.url,
            connection_id=row.connection_id,
            scopes=row.scopes,
            seconds_left=row.deadline - self._in.now(),
            caller=_caller(project),
        )
        self._on_change(project, opened)

    def _ended(self, authorization: Authorization) -> None:
        project = self._projects[authorization.owner]
        news = tell_ended(project, authorization, self._in.at())
        self._store.record(self._change(project, authorization, news))
        self._on_change(project, authorization)
        self._in.publish(news)

    def _change(self, project: Project, authorization: Authorization, news: News) -> Change:
        key, base = base_key(project), self._store.base(base_key(project))
        entry = base.get(authorization.type)
        changed = {}
        if entry is not None and authorization.state is AuthorizationState.AUTHORIZED:
            seen = None if authorization.granted is None else frozenset(authorization.granted)
            changed = {authorization.type: replace(entry, authorized=True, seen_scopes=seen)}
        rows = [row for row in self._store.authorizations(project.root) if row.url == authorization.url]
        history = HistoryRow(
            None, self._in.now(), project.root, NewsKind.AUTHORIZATION_ENDED.value, news.message,
            type=authorization.type, result=news.result,
        )  # fmt: skip
        return Change(
            key=key,
            base=changed,
            authorizations=tuple(replace(row, state=authorization.state.value) for row in rows),
            history=(history,),
        )


def _owner(project: Project) -> str:
    """Whose a link is: another app of the same folder is another owner."""
    return f"{project.root} {project.app_id} {project.api_url}"


def _caller(project: Project) -> Hashable:
    """Whose limits its polls count against, as connections.py shares them. Secret (P13)."""
    return host_address(project.api_url), caller(project.environment)


def _is_of(row: AuthorizationRow, project: Project) -> bool:
    return row.state == OPEN and (row.app_id, row.api_url) == (project.app_id, project.api_url)


def _name(project: Project) -> str:
    return shown_path(Path(project.root.name))
