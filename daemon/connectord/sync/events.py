"""What a project's loop tells the rest of the daemon: typed events, one for each thing that someone may act on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from connectord.base44 import App
from connectord.errors import ConnectordError
from connectord.project.model import Connector, Problem, Project, Snapshot
from connectord.sync.outcome import Outcome
from connectord.sync.plan import Drift, LostConsent, Plan
from connectord.sync.queue import Trigger


@dataclass(frozen=True, slots=True)
class Watching:
    """A project was read for the first time."""

    project: Project
    connectors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """A snapshot was read and compared with base. `plan` is what it asks for now; nothing of it was sent yet."""

    project: Project
    snapshot: Snapshot
    plan: Plan


@dataclass(frozen=True, slots=True)
class ProjectUnusable:
    """The project can't be read as it is now; what was last good stays in force. None: it can be again."""

    root: Path
    error: ConnectordError | None


@dataclass(frozen=True, slots=True)
class ProblemsChanged:
    """Problems of files that appeared, and problems that are gone since the last look."""

    project: Project
    appeared: tuple[Problem, ...]
    mended: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class PushStarted:
    """A push job began; these types will be sent."""

    project: Project
    job: str
    trigger: Trigger
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutcomeKnown:
    """One connector of a job came to its outcome."""

    project: Project
    app: App
    job: str
    connector: Connector
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class PushFinished:
    """A push job ended; base has taken over what was accepted."""

    project: Project
    job: str
    outcomes: tuple[Outcome, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """What failed for a passing reason is tried again in so many seconds. `code` is the first error's."""

    project: Project
    types: tuple[str, ...]
    seconds: float
    error: str
    code: str


@dataclass(frozen=True, slots=True)
class RemovalsWithheld:
    """Files are gone and their connectors would be removed, but nothing is removed without a hold to answer for it."""

    project: Project
    types: tuple[str, ...]


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
    """Base44 was asked what it has: `plan` says all of it, the rest is what shows for the first time."""

    project: Project
    plan: Plan
    drifts: tuple[Drift, ...] = ()
    untracked: tuple[str, ...] = ()
    unauthorized: tuple[LostConsent, ...] = ()
    late_consents: tuple[LateConsent, ...] = ()


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
    | RemovalsWithheld
    | ConnectorsGone
    | Reconciled
    | ReconcileFailed
)
