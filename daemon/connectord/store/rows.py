"""What the store keeps beside base, as values, and a Change: all that one event changes.

Secrets never come here (P13): no token, no credential, no device code has a field in any of these, and none may be put
into a message. Times are seconds since the epoch, since they outlive the process; clocks jump, so no order is taken
from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from connectord.store.base import BaseEntry, BaseKey

OPEN: Final = "open"
"""The state of an authorization that is being watched; every other word is how it ended (authorize/)."""

CLAIMABLE: Final = "claimable"
"""The state of a row whose link is no consent's, but where a Stripe sandbox is claimed."""

AuthorizationKey = tuple[Path, str]
"""Project and connector type."""

HoldKey = tuple[Path, str]
"""Project and reason."""

AbsenceKey = tuple[Path, str]
"""Project and connector type."""

NoticedKey = tuple[str, str, str]
"""Place, kind and item."""


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A registered project."""

    root: Path
    added_at: float
    paused: bool = False


@dataclass(frozen=True, slots=True)
class JobRow:
    """A push job. One without `finished_at` was under way when the process ended."""

    id: str
    project: Path
    trigger: str
    types: tuple[str, ...]
    queued_at: float
    started_at: float | None = None
    finished_at: float | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationRow:
    """A consent link, and whether the person knows of it. `state` is OPEN or how it ended.

    `dead`: Base44 has ended it, so that it leads nowhere, whatever its state says of the person.
    """

    project: Path
    type: str
    url: str
    connection_id: str | None
    scopes: tuple[str, ...]
    opened_at: float
    deadline: float
    state: str
    noticed: bool
    app_id: str
    api_url: str
    dead: bool = False

    @property
    def key(self) -> AuthorizationKey:
        """There is one row for each: the newest link."""
        return self.project, self.type

    @property
    def is_open(self) -> bool:
        """Whether it is still being watched."""
        return self.state == OPEN

    def replaces(self, known: AuthorizationRow | None) -> bool:
        """Whether this is news about `known`: the end of an older link says nothing about the newer one (P10)."""
        return known is None or self.is_open or self.url == known.url


@dataclass(frozen=True, slots=True)
class HoldRow:
    """Removals that wait for a person's word."""

    project: Path
    reason: str
    types: tuple[str, ...]
    since: float
    approved_at: float | None = None

    @property
    def key(self) -> HoldKey:
        """A project has one hold for each reason."""
        return self.project, self.reason


@dataclass(frozen=True, slots=True)
class SightingRow:
    """How a project stood when it was last seen: whose base it uses, which directory, and where git was (P5).

    `directory` and `git` are words of the project room, compared and never read here.
    """

    project: Path
    base: BaseKey
    directory: str
    git: str


@dataclass(frozen=True, slots=True)
class AbsenceRow:
    """A connector whose file is gone, as it stood when the file was last seen.

    `directory` and `git` are from that sighting. `other_app` says that the file was gone already when the project was
    turned to this app. `removing` is the intent: a removal is about to be sent, or was and wasn't answered yet (P9).
    """

    project: Path
    type: str
    since: float
    directory: str
    git: str
    other_app: bool = False
    removing: bool = False

    @property
    def key(self) -> AbsenceKey:
        """There is one for each connector type."""
        return self.project, self.type


@dataclass(frozen=True, slots=True)
class NoticedRow:
    """One thing that a person was told of, so that nobody is told twice (P11).

    `place` is a project's folder or a host, `kind` and `item` what of it: a connector, a file. `mark` tells it from a
    later one of the same item: a link, an error. `shown` says whether it got past quiet hours and a snooze; `ended_at`
    since when it is no longer so.
    """

    place: str
    kind: str
    item: str
    mark: str
    told_at: float
    shown: bool = False
    ended_at: float | None = None

    @property
    def key(self) -> NoticedKey:
        """There is one for each item: what was told of it last."""
        return self.place, self.kind, self.item


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One thing that happened; without a project it happened to the daemon.

    `id` is given by the store, grows, and is never used again; one that the caller sets is ignored.
    """

    id: int | None
    at: float
    project: Path | None
    kind: str
    message: str
    job: str | None = None
    type: str | None = None
    result: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Everything that one event changes; the store takes all of it or nothing.

    In `base`, under `key`, an entry replaces the one of its type and None forgets it. Every other row replaces the one
    of the same key (but see AuthorizationRow.replaces), after those that are forgotten or ended. History is appended.
    `snoozed_until` is when notices may be shown again, 0.0 for now; None leaves it as it is.
    """

    key: BaseKey | None = None
    base: Mapping[str, BaseEntry | None] = field(default_factory=dict)
    jobs: tuple[JobRow, ...] = ()
    authorizations: tuple[AuthorizationRow, ...] = ()
    forgotten_authorizations: tuple[AuthorizationKey, ...] = ()
    holds: tuple[HoldRow, ...] = ()
    ended_holds: tuple[HoldKey, ...] = ()
    sightings: tuple[SightingRow, ...] = ()
    absences: tuple[AbsenceRow, ...] = ()
    ended_absences: tuple[AbsenceKey, ...] = ()
    noticed: tuple[NoticedRow, ...] = ()
    snoozed_until: float | None = None
    history: tuple[HistoryRow, ...] = ()

    def __post_init__(self) -> None:
        if self.base and self.key is None:
            raise ValueError("a change of base must say whose base it is")


@dataclass(frozen=True, slots=True)
class Keep:
    """What pruning leaves: `seconds` of everything that is over, and so many rows for each project."""

    seconds: float = 90 * 86400.0
    history_rows: int = 10_000
    jobs: int = 1_000
