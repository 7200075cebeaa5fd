"""What a project's loop tells the rest of the daemon: typed events, one for each thing that someone may act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectord.base44 import App
from connectord.errors import ConnectordError
from connectord.project.model import Connector, Problem, Project, Snapshot
from connectord.sync.guard import WaitReason
from connectord.sync.holds import HeldRemovals, HoldNews
from connectord.sync.outcome import Outcome
from connectord.sync.plan import Drift, LostConsent, Plan
from connectord.sync.queue import Trigger


@dataclass(frozen=True, slots=True)
class Watching:
    """A project was read for the first time. `broken` of its files can't be used as they are."""

    project: Project
    connectors: tuple[str, ...]
    broken: int = 0


@dataclass(frozen=True, slots=True)
class Looked:
    """A snapshot was read and compared with base. `plan` is what it asks for now; nothing of it was sent yet."""

    project: Project
    snapshot: Snapshot
    plan: Plan


@dataclass(frozen=True, slots=True)
class ProjectUnusable:
    """The project can't be read as it is now; what was last good stays in force. None: it can be again.

    `again`: for the same reason as before a restart, which was told then.
    """

    root: Path
    error: ConnectordError | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class ProblemsChanged:
    """Problems of files that appeared, and problems that are gone since the last look."""

    project: Project
    appeared: tuple[Problem, ...]
    mended: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class PushStarted:
    """A push job began; these types will be sent, and then these removed."""

    project: Project
    job: str
    trigger: Trigger
    types: tuple[str, ...]
    removals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutcomeKnown:
    """One connector of a job came to its outcome. One that is removed has no connector file any more.

    `again`: it is the same failure as the last time, which was told then.
    """

    project: Project
    app: App
    job: str
    connector: Connector | None
    outcome: Outcome
    again: bool = False


@dataclass(frozen=True, slots=True)
class PushFinished:
    """A push job ended; base has taken over what was accepted. `again` are the connectors whose failure was known."""

    project: Project
    job: str
    outcomes: tuple[Outcome, ...]
    seconds: float
    again: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """What failed for a passing reason is tried again in so many seconds. `code` is the first error's."""

    project: Project
    types: tuple[str, ...]
    seconds: float
    error: str
    code: str


@dataclass(frozen=True, slots=True)
class RemovalsComing:
    """Files are gone, and their connectors are removed after so many seconds unless the files come back.

    `untracked`: this machine knows of no files of these, they were found on Base44.
    """

    project: Project
    types: tuple[str, ...]
    seconds: float
    untracked: bool = False


@dataclass(frozen=True, slots=True)
class HoldChanged:
    """Something became of a hold."""

    project: Project
    news: HoldNews


@dataclass(frozen=True, slots=True)
class WaitingRemoval:
    """A removal that ends by itself. Without a `reason` it is about to be sent; `why` is for people.

    `at` is the time of day at which it is sent if the file doesn't come back, where nothing else will keep it. Of an
    `untracked` one this machine knows of no file.
    """

    type: str
    reason: WaitReason | None
    why: str
    at: float | None = None
    untracked: bool = False


@dataclass(frozen=True, slots=True)
class RemovalsChanged:
    """What becomes of the connectors without a file, all of it. `kept` are never removed: the settings say so."""

    project: Project
    waiting: tuple[WaitingRemoval, ...]
    holds: tuple[HeldRemovals, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConnectorsGone:
    """Files of these types are no longer there: whatever was open for them needs nobody any more."""

    project: Project
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LateConsent:
    """A consent that came while nobody was polling for it, and what of the requested scopes it doesn't cover."""

    type: str
    requested: int
    missing_scopes: tuple[str, ...] = ()
    user_email: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Base44 was asked what it has: `plan` says all of it, the rest is what shows for the first time.

    `missing_scopes` are of every connector that works: asked for and not granted.
    """

    project: Project
    plan: Plan
    drifts: tuple[Drift, ...] = ()
    untracked: tuple[str, ...] = ()
    unauthorized: tuple[LostConsent, ...] = ()
    late_consents: tuple[LateConsent, ...] = ()
    missing_scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReconcileFailed:
    """Base44 couldn't be asked what it has; the next rescan asks again."""

    project: Project
    error: ConnectordError


SyncEvent = (
    Watching
    | Looked
    | ProjectUnusable
    | ProblemsChanged
    | PushStarted
    | OutcomeKnown
    | PushFinished
    | RetryScheduled
    | RemovalsComing
    | HoldChanged
    | RemovalsChanged
    | ConnectorsGone
    | Reconciled
    | ReconcileFailed
)
