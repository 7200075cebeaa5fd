"""What daemon and commands say to each other: versioned models, the same at both ends of the socket."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

PROTOCOL: Final = 1
"""Goes up when an older end could misread a newer one. A new key with a default doesn't need that."""

LONGEST_SNOOZE: Final = 7 * 86_400
"""Seconds. For longer there is a setting."""

PROTOCOL_HEADER: Final = "Connectord-Protocol"
VERSION_HEADER: Final = "Connectord-Version"
"""Both are in every answer, so that ends of different versions can say which of them is the older."""


class Model(BaseModel):
    """What all of them share: frozen, open to keys that a newer end may add, and built by pydantic only when used."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class ProjectState(StrEnum):
    """How a project is as a whole; the first of these that fits, from the bottom up, is said."""

    SYNCED = "synced"
    SYNCING = "syncing"  # something is queued, being pushed or waited for
    NEEDS_ACTION = "needs-action"  # a person has to do something: authorize, mend a file, answer a hold
    OFFLINE = "offline"  # Base44 can't be reached, or doesn't answer; ends by itself
    SIGNED_OUT = "signed-out"  # ends by itself after a login
    PAUSED = "paused"  # a person's word; ends with `resume`
    HALTED = "halted"  # nothing can be pushed: the folder, its config or its app is gone or closed to this user


class ConnectorState(StrEnum):
    """How one connector is."""

    SYNCED = "synced"
    QUEUED = "queued"
    PUSHING = "pushing"
    NEEDS_AUTHORIZATION = "needs-authorization"
    SKIPPED = "skipped"  # a person said that this authorization can wait
    TIMED_OUT = "timed-out"
    AUTHORIZATION_FAILED = "authorization-failed"
    FAILED = "failed"
    INVALID = "invalid"  # the file says nothing usable; what was last accepted stays in force
    REMOVING = "removing"
    HELD = "held"
    DRIFTED = "drifted"  # changed or removed on Base44 by someone else; reported, not fought over (P2)
    EXPIRED = "expired"
    DISCONNECTED = "disconnected"


class WatchState(StrEnum):
    """How the daemon hears of a save."""

    EVENTS = "events"
    POLLING = "polling"
    DOWN = "down"  # only rescans find changes


class ChannelStatus(Model):
    """A way to the person. `why` says what keeps it from working; `through` who shows it ("dunst 1.9.0", a program).

    `buttons`: answers can be pressed there.
    """

    channel: str
    works: bool
    why: str = ""
    through: str = ""
    buttons: bool = False


class DaemonStatus(Model):
    """The daemon itself. `notifications` names the way to the person that works now: `desktop`, `osascript`,
    `command`, `log` or `none`; `notices` are all that were chosen, the best first. Nothing is shown before
    `quiet_until`, because of a snooze (until `snoozed_until`), quiet hours, or both.

    `trouble` are sentences on what isn't as it should be with the daemon, each with what to do: a full disk, a
    watch limit.
    """

    version: str
    pid: int
    started_at: datetime
    notifications: str
    notices: tuple[ChannelStatus, ...] = ()
    quiet_until: datetime | None = None
    snoozed_until: datetime | None = None
    watching: WatchState
    trouble: tuple[str, ...] = ()


class ConnectorStatus(Model):
    """One connector of a project. `missing_scopes` were asked for and not granted. `todo` is what a person can do
    about the `error`.

    `removal_at`: it has no file, and is removed from Base44 then unless one comes. An `untracked` one was never pushed
    from this machine: its file can't be restored, only pulled. `claim_url` is where a Stripe sandbox that is nobody's
    is claimed.
    """

    type: str
    state: ConnectorState
    file: str | None = None
    scopes: tuple[str, ...] = ()
    missing_scopes: tuple[str, ...] = ()
    authorize_url: str | None = None
    error: str | None = None
    todo: str | None = None
    updated_at: datetime | None = None
    removal_at: datetime | None = None
    claim_url: str | None = None
    untracked: bool = False


class Hold(Model):
    """Removals that wait for a person's word, and why (P5)."""

    reason: str
    types: tuple[str, ...]
    since: datetime
    why: str = ""
    approved: bool = False


class ProblemSeverity(StrEnum):
    """Whether a problem keeps something from being pushed."""

    ERROR = "error"
    WARNING = "warning"


class ProblemStatus(Model):
    """One thing wrong with one file. Lines and columns count from 1."""

    file: str
    line: int | None = None
    column: int | None = None
    message: str
    severity: ProblemSeverity = ProblemSeverity.ERROR


class LastPush(Model):
    """The push job that ended last; `outcomes` says the result word of each type."""

    id: str
    at: datetime
    trigger: str
    duration_ms: int
    outcomes: dict[str, str]


class ProjectStatus(Model):
    """One project. `path` is its root. `error` says in a sentence why it is offline, signed out or halted, `todo` what
    a person can do about it.

    `temporary` projects were named to `connectord run` and are forgotten with that process.
    """

    path: str
    app_id: str
    api_url: str
    state: ProjectState
    connectors: tuple[ConnectorStatus, ...] = ()
    held: tuple[Hold, ...] = ()
    problems: tuple[ProblemStatus, ...] = ()
    untracked: tuple[str, ...] = ()
    last_push: LastPush | None = None
    error: str | None = None
    todo: str | None = None
    temporary: bool = False


class Status(Model):
    """Everything that `connectord status --json` prints."""

    daemon: DaemonStatus
    projects: tuple[ProjectStatus, ...]


class WaitResult(Model):
    """What came of waiting: whether the files as they are now are settled, and how the projects are.

    Not settled: the time was up, or it can't settle by itself (paused, halted, signed out); `why` says which.
    """

    settled: bool
    projects: tuple[ProjectStatus, ...]
    why: str | None = None


class ProjectAdded(Model):
    """The answer to `projects add`: the project as it is now, and whether it is `new` to the daemon."""

    project: ProjectStatus
    new: bool = True


class HistoryEntry(Model):
    """One thing that happened and was kept. Higher ids are newer; `kind` is the NewsKind, `message` a sentence."""

    id: int
    at: datetime
    project: str | None = None
    kind: str
    message: str
    job: str | None = None
    type: str | None = None
    result: str | None = None
    error: str | None = None


class History(Model):
    """A page of history, newest first."""

    entries: tuple[HistoryEntry, ...]


class Failure(Model):
    """Why a request was refused: a ConnectordError on its way to the other end."""

    error: str
    code: str
    hints: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


class Approval(Model):
    """A person's word that exactly these connectors shall be removed: the holds as they were shown, by reason (P6)."""

    holds: dict[str, tuple[str, ...]]


class RestoredFile(Model):
    """One connector file that was written back."""

    type: str
    file: str


class NotRestored(Model):
    """One connector whose file couldn't be written back, and why."""

    type: str
    error: str


class Restoration(Model):
    """What a restore did (P6)."""

    files: tuple[RestoredFile, ...] = ()
    failures: tuple[NotRestored, ...] = ()
