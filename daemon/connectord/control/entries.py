"""What was last said of each connector of one project, and how each piece of news changes it (P12)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from connectord.authorize import Authorization, AuthorizationState
from connectord.base44.models import ConnectionStatus
from connectord.control.models import ConnectorState
from connectord.project.model import STRIPE
from connectord.sync.events import Reconciled
from connectord.sync.outcome import Outcome, Result, unclaimed
from connectord.sync.plan import DriftKind

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
LINKS_OVER = frozenset({AuthorizationState.AUTHORIZED, AuthorizationState.FAILED, AuthorizationState.SUPERSEDED})
"""What Base44 has ended leads nowhere any more: another chance is another link."""

LOST_STATES = {
    None: ConnectorState.NEEDS_AUTHORIZATION,
    ConnectionStatus.EXPIRED: ConnectorState.EXPIRED,
    ConnectionStatus.DISCONNECTED: ConnectorState.DISCONNECTED,
}
SEEN_STATES = frozenset(
    {
        ConnectorState.SYNCED,
        ConnectorState.DRIFTED,
        ConnectorState.EXPIRED,
        ConnectorState.DISCONNECTED,
    }
)
"""What only Base44's list says, so that the next list may say otherwise."""
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
    claim_url: str | None = None

    @property
    def at_ease(self) -> bool:
        """Whether it works as its file says, and nobody has anything to do about it."""
        return self.state is ConnectorState.SYNCED and not self.missing_scopes and self.claim_url is None


Remember = Callable[[Collection[str]], Mapping[str, Entry]]
"""What the store knows of connectors that nothing was said of since the daemon began; of some it may be nothing."""


def drifted_entry(kind: DriftKind, at: datetime) -> Entry:
    """A connector that someone else has changed or removed."""
    return Entry(ConnectorState.DRIFTED, at, f"{kind.value} on Base44 by someone else")


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
        known = {name: self._entries.get(name) for name in types}
        new = [name for name, entry in known.items() if entry is None or entry.state in UNDER_WAY]
        if new:
            synced = Entry(ConnectorState.SYNCED, at)
            self._entries |= {**dict.fromkeys(new, synced), **self._remember(new)}

    def outcome(self, outcome: Outcome, at: datetime) -> None:
        """How sending it ended. A removal that was held says nothing of a file, which may be back by then."""
        if outcome.result is Result.HELD:
            return
        state = OUTCOME_STATES.get(outcome.result)
        if state is None:
            self._entries.pop(outcome.type, None)
            return
        link = self.open_link(outcome.type) if outcome.result is Result.FAILED else outcome.authorize_url
        entry = self._entries[outcome.type] = Entry(
            state,
            at,
            outcome.error,
            outcome.code,
            outcome.todo,
            authorize_url=link,
            claim_url=outcome.claim_url,
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
            link = None if authorization.state in LINKS_OVER else authorization.url or None
            self._entries[name] = Entry(state, at, authorize_url=link, missing_scopes=authorization.missing_scopes)
        elif entry is not None and entry.authorize_url == authorization.url:
            self._entries[name] = replace(entry, authorize_url=None)

    def link_over(self, name: str, link: str) -> None:
        """Base44 has ended a link that nobody was watching: it leads nowhere."""
        entry = self._entries.get(name)
        if entry is not None and entry.authorize_url == link:
            self._entries[name] = replace(entry, authorize_url=None)

    def reconciled(self, event: Reconciled, at: datetime) -> None:
        """What Base44 has, compared with what was accepted."""
        drifted = {drift.type: drift.kind for drift in event.plan.drifts}
        lost = {one.type: LOST_STATES[one.status] for one in event.plan.unauthorized}
        for name in event.plan.unchanged:
            if name in lost:
                self._lost(name, lost[name], at)
            elif name in drifted:
                self._compared(name, drifted_entry(drifted[name], at))
            else:
                self._compared(name, self._synced(name, event, at))
        for consent in event.late_consents:
            self._entries[consent.type] = Entry(ConnectorState.SYNCED, at, missing_scopes=consent.missing_scopes)

    def _synced(self, name: str, event: Reconciled, at: datetime) -> Entry:
        stripe = event.plan.stripe if name == STRIPE else None
        entry = self._entries.get(name)
        claim_url = unclaimed(stripe) if stripe is not None else entry.claim_url if entry is not None else None
        missing = event.missing_scopes.get(name, ())
        return Entry(ConnectorState.SYNCED, at, missing_scopes=missing, claim_url=claim_url)

    def _lost(self, name: str, state: ConnectorState, at: datetime) -> None:
        """A link that is open, skipped or timed out says more than that the consent is missing."""
        entry = self._entries.get(name)
        if entry is None or entry.state in SEEN_STATES:
            self._compared(name, Entry(state, at))

    def _compared(self, name: str, found: Entry) -> None:
        """Take over what the list says, with the time since when it has been so."""
        entry = self._entries.get(name)
        if entry is not None and (entry.state in BUSY_STATES or replace(found, at=entry.at) == entry):
            return
        self._entries[name] = found

    def _say(self, name: str, state: ConnectorState, at: datetime) -> None:
        self._entries[name] = Entry(state, at, authorize_url=self.open_link(name))
