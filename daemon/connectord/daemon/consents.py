"""Consent links that outlive the process: opened for outcomes, resumed after a start, ended in the store (P9, P10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from connectord.authorize import Authorization, Authorizations, AuthorizationState
from connectord.base44 import App, Base44Error
from connectord.base44.find import caller
from connectord.base44.request import host_address
from connectord.control.tell_consent import tell_ended, tell_late_consent, tell_opened
from connectord.daemon.consent_rows import (
    WAITING,
    as_skipped,
    change_by_adopted,
    change_by_end,
    change_by_late_consent,
    change_by_putting_off,
    is_open_with,
    is_with,
)
from connectord.daemon.surroundings import Surroundings
from connectord.project import Connector, Project
from connectord.store import OPEN, AuthorizationRow, Change, Store
from connectord.sync.events import OutcomeKnown, Reconciled
from connectord.sync.outcome import Result
from connectord.sync.reconcile import base_key

OnEnd = Callable[[Project, Authorization], None]


class Consents:
    """The open authorizations of all projects. `on_change` hears of each that opens or ends, for its board.

    `on_failure` hears of a project of which Base44 couldn't be asked, `on_defect` of one whose polling met a defect of
    ours.

    Times in the store are of the day, those of an Authorization are the clock's: a link that is resumed gets what is
    left of its limit, and never more than the limit, however the clock was set meanwhile.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        store: Store,
        on_change: OnEnd,
        on_failure: Callable[[Project, Base44Error], None],
        on_defect: Callable[[Path, Exception], None],
    ) -> None:
        settings = surroundings.settings
        self._in = surroundings
        self._store = store
        self._on_change = on_change
        self._projects: dict[str, Project] = {}
        self._content: dict[tuple[str, str], Connector] = {}
        self._in_hand: dict[tuple[str, str], str] = {}
        self._asked_for: Counter[tuple[str, str]] = Counter()
        self.authorizations = Authorizations(
            interval=settings.authorization_poll,
            limit=settings.authorization_limit,
            clock=surroundings.clock,
            on_end=self._ended,
            on_failure=lambda owner, error: on_failure(self._projects[owner], error),
            on_defect=lambda owner, defect: on_defect(self._projects[owner].root, defect),
        )

    def open_one(self, project: Project, connector_type: str) -> Authorization | None:
        """The link of this connector that is being watched."""
        return self.authorizations.open_one(_owner(project), connector_type)

    def types_open(self, project: Project) -> frozenset[str]:
        """The connectors of a project whose link is being watched."""
        return self.authorizations.types_open(_owner(project))

    def follow(self, event: OutcomeKnown) -> None:
        """Open a link that an outcome brought; one that is no longer needed is superseded."""
        outcome, project = event.outcome, event.project
        if outcome.result is Result.NEEDS_AUTHORIZATION and outcome.authorize_url and event.connector is not None:
            link = outcome.authorize_url, outcome.connection_id
            opened = self._open(project, event.app, event.connector, link)
            row = self._unanswered(project, outcome.type)
            if row is not None and self._asked_for[_owner(project), outcome.type]:
                self._store.record(Change(authorizations=(replace(row, noticed=True),)))
            self._on_change(project, opened)
            self._in.publish(tell_opened(project, opened, self._in.at()))
        elif outcome.accepted:
            self.authorizations.supersede(_owner(project), outcome.type)

    @contextmanager
    def asked_for(self, project: Project, connector_type: str) -> Iterator[None]:
        """Within the block a person waits for this connector's link: nobody needs to be told that it is there (P11)."""
        key = _owner(project), connector_type
        self._asked_for[key] += 1
        try:
            yield
        finally:
            self._asked_for[key] -= 1

    def adopt(self, project: Project, app: App, link: AuthorizationRow, content: Connector) -> Authorization:
        """Watch a link that another process was given, and shows to the person. The same link again is opened anew.

        One that a person has at hand for the same content stays, and is to be shown instead: two pushes, or a push and
        a click, go by one link. `link` is open; its deadline is ours to say.
        """
        key = _owner(project), link.type
        known = self.open_one(project, link.type)
        if known is not None:
            serves_both = self._in_hand.get(key) == known.url and self._content.get(key) == content
            if known.url == link.url or serves_both:
                return self.opened_by_person(project, link.type) or known
        now, limit = self._in.now(), self._in.settings.authorization_limit
        row = replace(link, noticed=True, state=OPEN, opened_at=now, deadline=now + limit)
        self._store.record(change_by_adopted(self._store, project, row))
        opened = self._watch(project, app, row, content)
        self._in_hand[key] = opened.url
        self._in.publish(tell_opened(project, opened, self._in.at()))
        return opened

    async def settled(self, project: Project, connector_type: str) -> Authorization:
        """How its authorization ended; where a newer link took its place, how that one did. KeyError: it had none."""
        while True:
            ended = await self.authorizations.settled(_owner(project), connector_type)
            if self.open_one(project, connector_type) is None:
                return ended

    def skip(self, project: Project, connector_type: str) -> bool:
        """The person doesn't want to now, whether its link is watched or its time is over. False: it has none."""
        if self.open_one(project, connector_type) is not None:
            self.authorizations.skip(_owner(project), connector_type)
            return True
        row = self._unanswered(project, connector_type)
        if row is not None and row.state != AuthorizationState.SKIPPED.value:
            self._put_off(project, replace(row, dead=row.dead or row.state == AuthorizationState.FAILED.value))
        return row is not None

    def came_late(self, event: Reconciled) -> None:
        """Somebody consented while nobody was polling: the link is over. Told by whoever tells of the event."""
        for consent in event.late_consents:
            row = self._unanswered(event.project, consent.type)
            news = tell_late_consent(event.project, consent, self._in.at())
            self._store.record(change_by_late_consent(event.project, row, news, self._in.now()))

    def resume(self, project: Project, app: App) -> None:
        """Watch again what was open when the daemon ended; nothing is sent and nobody is told twice."""
        self._projects[_owner(project)] = project
        rows = [row for row in self._store.authorizations(project.root) if is_open_with(row, project)]
        watched, base = self.types_open(project), self._store.base(base_key(project))
        for row in rows:
            if row.type not in watched:
                config = base[row.type].connection_config if row.type in base else None
                self._watch(project, app, row, Connector(row.type, row.scopes, config))

    def opened_by_person(self, project: Project, connector_type: str) -> Authorization | None:
        """Somebody has just opened the link: its time begins anew, and outlives a restart. None where none is open."""
        opened = self.authorizations.opened_by_person(_owner(project), connector_type)
        if opened is not None:
            self._in_hand[_owner(project), connector_type] = opened.url
            deadline = self._in.now() + opened.deadline - opened.opened_at
            if (row := self._unanswered(project, connector_type)) is not None:
                self._store.record(Change(authorizations=(replace(row, deadline=deadline, noticed=True),)))
        return opened

    def gone(self, project: Project, types: tuple[str, ...]) -> None:
        """Their files are gone: nobody needs these links any more."""
        for connector_type in types:
            self.authorizations.supersede(_owner(project), connector_type)

    def untold(self, project: Project) -> list[AuthorizationRow]:
        """The open links that no person was told of yet."""
        rows = self._store.authorizations(project.root)
        return [row for row in rows if is_open_with(row, project) and not row.noticed]

    def _put_off(self, project: Project, row: AuthorizationRow) -> None:
        skipped = as_skipped(row, _owner(project))
        news = tell_ended(project, skipped, self._in.at())
        self._store.record(change_by_putting_off(project, row, news, self._in.now()))
        self._on_change(project, skipped)
        self._in.publish(news)

    def _unanswered(self, project: Project, connector_type: str) -> AuthorizationRow | None:
        """The connector's newest link, unless somebody consented to it or nobody needs it any more."""
        rows = {row.type: row for row in self._store.authorizations(project.root) if is_with(row, project)}
        row = rows.get(connector_type)
        return row if row is not None and row.state in WAITING else None

    def _watch(self, project: Project, app: App, row: AuthorizationRow, content: Connector) -> Authorization:
        """Watch the link of a row, for what is left of its time."""
        link, left = (row.url, row.connection_id), row.deadline - self._in.now()
        opened = self._open(project, app, content, link, seconds_left=left)
        self._on_change(project, opened)
        return opened

    def _open(
        self,
        project: Project,
        app: App,
        content: Connector,
        link: tuple[str, str | None],
        *,
        seconds_left: float | None = None,
    ) -> Authorization:
        self._projects[_owner(project)] = project
        self._content[_owner(project), content.type] = content
        return self.authorizations.open(
            app,
            owner=_owner(project),
            type=content.type,
            url=link[0],
            connection_id=link[1],
            scopes=content.scopes,
            seconds_left=seconds_left,
            caller=caller_of(project),
        )

    def _ended(self, authorization: Authorization) -> None:
        project = self._projects[authorization.owner]
        news = tell_ended(project, authorization, self._in.at())
        self._store.record(change_by_end(self._store, project, authorization, news, self._in.now()))
        self._on_change(project, authorization)
        self._in.publish(news)


def _owner(project: Project) -> str:
    """Whose a link is: another app of the same folder is another owner."""
    return f"{project.root} {project.app_id} {project.api_url}"


def caller_of(project: Project) -> Hashable:
    """With which login at which host, which share the documented limits, as connections.py has it. Secret (P13)."""
    return host_address(project.api_url), caller(project.environment)
