"""What was last said of each connector of one project, and how each piece of news changes it (P12)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from connectord.authorize import Authorization, AuthorizationState
from connectord.base44.models import ConnectionStatus
from connectord.control.models import ConnectorState
from connectord.sync.events import LateConsent
from connectord.sync.outcome import Outcome, Result
from connectord.sync.plan import Plan

OUTCOME_STATES = {
    Result.SYNCED: ConnectorState.SYNCED,
    Result.PROVISIONED: ConnectorState.SYNCED,
    Result.NEEDS_AUTHORIZATION: ConnectorState.NEEDS_AUTHORIZATION,
    Result.FAILED: ConnectorState.FAILED,
}
AUTHORIZATION_STATES = {
    AuthorizationState.OPEN: ConnectorState.NEEDS_AUTHORIZATION,
    AuthorizationState.AUTHORIZED: ConnectorState.SYNCED,
    AuthorizationState.FAILED: ConnectorState.AUTHORIZATION_FAILED,
    AuthorizationState.TIMED_OUT: ConnectorState.TIMED_OUT,
    AuthorizationState.SKIPPED: ConnectorState.SKIPPED,
}
LOST_STATES = {
    None: ConnectorState.NEEDS_AUTHORIZATION,
    ConnectionStatus.EXPIRED: ConnectorState.EXPIRED,
    ConnectionStatus.DISCONNECTED: ConnectorState.DISCONNECTED,
}
BUSY_STATES = frozenset({ConnectorState.QUEUED, ConnectorState.PUSHING, ConnectorState.REMOVING})
UNDER_WAY = BUSY_STATES | {ConnectorState.FAILED}
"""The file asks for something else than what Base44 last accepted."""

LINKED = UNDER_WAY | {ConnectorState.NEEDS_AUTHORIZATION}
"""States that may have an open link, the one of the content before included (P10)."""

SETTLED_STATES = frozenset({ConnectorState.SYNCED})


@dataclass(frozen=True, slots=True)
class Entry:
    """What was last said of one connector."""

    state: ConnectorState
    at: datetime
    error: str | None = None
    code: str | None = None
    todo: str | None = None
    authorize_url: str | None = None
    missing_scopes: tuple[str, ...] = ()


Remember = Callable[[str], Entry | None]
"""What the store knows of a connector that nothing was said of since the daemon began."""


class Entries:
    """The entries of one project, by type. `remember` is asked where nothing was heard yet."""

    def __init__(self, remember: Remember) -> None:
        self._remember = remember
        self._entries: dict[str, Entry] = {}
        self._failed: dict[str, Entry] = {}

    def get(self, name: str) -> Entry | None:
        """What was last said of this connector."""
        return self._entries.get(name)

    def last_failure(self, name: str) -> Entry | None:
        """What was said when this connector failed for the last time, whatever became of it since."""
        return self._failed.get(name)

    def among(self, names: Collection[str]) -> dict[str, Entry]:
        """The entries of these connectors; of some nothing may have been said."""
        return {name: entry for name, entry in self._entries.items() if name in names}

    def open_links(self) -> dict[str, str]:
        """The links that a person may still follow."""
        links = {name: self.open_link(name) for name in self._entries}
        return {name: link for name, link in links.items() if link}

    def open_link(self, name: str) -> str | None:
        """The link of this connector that a person may still follow."""
        entry = self._entries.get(name)
        return entry.authorize_url if entry and entry.state in LINKED else None

    def queued(self, types: Iterable[str], at: datetime) -> None:
        """These are to be sent; what is being sent now is said so already."""
        for name in types:
            entry = self._entries.get(name)
            if entry is None or entry.state is not ConnectorState.PUSHING:
                self._say(name, ConnectorState.QUEUED, at)

    def pushing(self, types: Iterable[str], at: datetime) -> None:
        """These are being sent."""
        for name in types:
            self._say(name, ConnectorState.PUSHING, at)

    def recall(self, types: Iterable[str], at: datetime) -> None:
        """These need no push: a queued one was taken back to what Base44 has already."""
        for name in types:
            entry = self._entries.get(name)
            if entry is None or entry.state in UNDER_WAY:
                self._entries[name] = self._remember(name) or Entry(ConnectorState.SYNCED, at)

    def outcome(self, outcome: Outcome, at: datetime) -> None:
        """How sending it ended. A removal that was held says nothing of a file, which may be back by then."""
        if outcome.result is Result.HELD:
            return
        state = OUTCOME_STATES.get(outcome.result)
        if state is None:
            self._entries.pop(outcome.type, None)
            return
        link = outcome.authorize_url or outcome.claim_url
        if outcome.result is Result.FAILED:
            link = self.open_link(outcome.type)
        entry = self._entries[outcome.type] = Entry(
            state, at, outcome.error, outcome.code, outcome.todo, authorize_url=link
        )
        if state is ConnectorState.FAILED:
            self._failed[outcome.type] = entry

    def failed_before(self, types: Iterable[str]) -> None:
        """These wait with content that failed: a queued one was taken back to that before it was sent."""
        for name in types:
            entry = self._entries.get(name)
            if entry is not None and entry.state is ConnectorState.QUEUED and name in self._failed:
                self._entries[name] = self._failed[name]

    def authorization(self, authorization: Authorization, at: datetime) -> None:
        """How an authorization stands."""
        name, entry = authorization.type, self._entries.get(authorization.type)
        state = AUTHORIZATION_STATES.get(authorization.state)
        if entry is not None and entry.state in UNDER_WAY:
            # A consent to the content before makes no failed one synced (P12).
            self._entries[name] = replace(entry, authorize_url=authorization.url if authorization.is_open else None)
        elif state is not None:
            link = None if state is ConnectorState.SYNCED else authorization.url
            self._entries[name] = Entry(state, at, authorize_url=link, missing_scopes=authorization.missing_scopes)
        elif entry is not None and entry.authorize_url == authorization.url:
            self._entries[name] = replace(entry, authorize_url=None)

    def reconciled(self, plan: Plan, late_consents: tuple[LateConsent, ...], at: datetime) -> None:
        """What Base44 has, compared with what was accepted."""
        drifted = {drift.type: drift for drift in plan.drifts}
        lost = {one.type: LOST_STATES[one.status] for one in plan.unauthorized}
        for name in plan.unchanged:
            if name in drifted:
                error = f"{drifted[name].kind.value} on Base44 by someone else"
                self._entries[name] = Entry(ConnectorState.DRIFTED, at, error)
            else:
                self._compared(name, lost.get(name), at)
        for consent in late_consents:
            self._entries[consent.type] = Entry(ConnectorState.SYNCED, at, missing_scopes=consent.missing_scopes)

    def _compared(self, name: str, lost: ConnectorState | None, at: datetime) -> None:
        entry = self._entries.get(name)
        if lost is not None:
            if entry is None or entry.state in SETTLED_STATES:
                self._entries[name] = Entry(lost, at)
        elif entry is None or entry.state not in BUSY_STATES:
            missing = entry.missing_scopes if entry else ()
            self._entries[name] = Entry(ConnectorState.SYNCED, at, missing_scopes=missing)

    def _say(self, name: str, state: ConnectorState, at: datetime) -> None:
        self._entries[name] = Entry(state, at, authorize_url=self.open_link(name))
