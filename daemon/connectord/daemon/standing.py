"""How a project stands at one moment, and what of it isn't known for sure. No effects."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from connectord.control.models import ConnectorState, ConnectorStatus, ProjectStatus
from connectord.notify import NoticeKind

UNDER_WAY: Final = frozenset({ConnectorState.QUEUED, ConnectorState.PUSHING})
"""What becomes of these isn't known yet: whatever was told of them stands until it is."""

OF_CONNECTORS: Final = frozenset(
    {
        NoticeKind.NEEDS_AUTHORIZATION,
        NoticeKind.TIMED_OUT,
        NoticeKind.AUTHORIZATION_FAILED,
        NoticeKind.FAILED,
        NoticeKind.CONNECTION_EXPIRED,
        NoticeKind.GRANTED_LESS,
        NoticeKind.STRIPE_READY,
    }
)
OF_REMOVALS: Final = frozenset({NoticeKind.REMOVALS_HELD, NoticeKind.REMOVAL_COMING})
HEARD_OF_BASE44: Final = frozenset({NoticeKind.CONNECTION_EXPIRED, NoticeKind.GRANTED_LESS, NoticeKind.STRIPE_READY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a project stands: its status, and what of it isn't known for sure.

    `place` is its folder as text. `pushing`: a push is under way. `removals_known` and `compared`: in this life of the
    daemon somebody has looked for files that are gone, and has asked Base44 what it has. `looked`: the files were
    looked at; `complete`: a connector that isn't there has no file. `tried_again` are connectors whose failure ends by
    itself; `links_known` are consent links that the person knows of already, `last_links` the newest of each connector,
    also where it is over, so that no status has it.
    """

    place: str
    status: ProjectStatus
    now: datetime
    unusable: str | None = None
    looked: bool = True
    complete: bool = True
    pushing: bool = False
    removals_known: bool = True
    compared: bool = True
    tried_again: Collection[str] = ()
    links_known: Collection[str] = ()
    last_links: Mapping[str, str] = field(default_factory=dict)

    def in_state(self, *states: ConnectorState) -> dict[str, ConnectorStatus]:
        """The connectors in one of these states, by type."""
        return {line.type: line for line in self.status.connectors if line.state in states}

    @property
    def untracked(self) -> frozenset[str]:
        """Of what is to be removed, that which never had a file here."""
        return frozenset(line.type for line in self.status.connectors if line.untracked)

    def may_still_be(self, kind: NoticeKind, item: str) -> bool:
        """Whether something that was told may be so though it doesn't show: what isn't known hasn't ended."""
        if not self.looked:
            return kind is not NoticeKind.INVALID_FILE
        if kind in OF_REMOVALS:
            return not self.removals_known
        if kind in HEARD_OF_BASE44 and not self.compared:
            return True
        if kind not in OF_CONNECTORS:
            return False
        line = next((line for line in self.status.connectors if line.type == item), None)
        if line is None:
            return not self.complete
        return line.state in UNDER_WAY or self._is_open_beside(kind, line)

    def _is_open_beside(self, kind: NoticeKind, line: ConnectorStatus) -> bool:
        """A link is open though something else is said of its connector, or a failure is being tried again."""
        if kind is NoticeKind.FAILED:
            return line.type in self.tried_again
        return kind is NoticeKind.NEEDS_AUTHORIZATION and bool(line.authorize_url) and line.state not in _LINK_OVER


_LINK_OVER: Final = frozenset(
    {
        ConnectorState.SYNCED,
        ConnectorState.SKIPPED,
        ConnectorState.TIMED_OUT,
        ConnectorState.AUTHORIZATION_FAILED,
    }
)
