"""What a project says: values without behaviour, safe to keep, compare and hand to other rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from connectord.project.git import NO_REPOSITORY, GitReading
from connectord.project.shown import shown_path

STRIPE = "stripe"
"""The one connector type that is provisioned instead of authorized (protocol.md, "Operations")."""


class Severity(StrEnum):
    """How much a problem matters: an error suspends removals (P3), a warning is only said."""

    ERROR = "error"
    WARNING = "warning"


class ProblemCode(StrEnum):
    """What kind of thing is wrong, for programs; the message is for people."""

    SYNTAX = "syntax"  # not JSON5; perhaps the first half of a save, so worth waiting for
    SHAPE = "shape"  # JSON5, but not a connector
    DUPLICATE = "duplicate"  # two files say the same type
    DUPLICATE_KEY = "duplicate-key"  # a warning: one file says "type", "scopes" or "connection_config" twice
    ENCODING = "encoding"  # not UTF-8
    TOO_LARGE = "too-large"  # over MAX_FILE_BYTES
    UNREADABLE = "unreadable"  # permission, I/O error, vanished while being read
    NOT_A_FILE = "not-a-file"  # a directory, socket or device under a connector's name
    MISSING_DIRECTORY = "missing-directory"  # the connectors directory isn't there
    UNKNOWN_TYPE = "unknown-type"  # a warning: the service doesn't list this type


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one file, said in a sentence. Lines and columns count from 1."""

    file: Path
    code: ProblemCode
    message: str
    line: int | None = None
    column: int | None = None
    severity: Severity = Severity.ERROR

    @property
    def place(self) -> str:
        """The place as editors and terminals understand it: `file:line:column`, as far as it is known."""
        known = [str(part) for part in (self.line, self.column) if part is not None]
        return ":".join([shown_path(self.file), *known])

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class Connector:
    """One valid connector file: what Base44 shall have for this type."""

    type: str
    scopes: tuple[str, ...] = ()
    connection_config: Mapping[str, Any] | None = field(default=None, hash=False)
    file: Path = field(default=Path(), compare=False)
    text: str | None = field(default=None, compare=False, repr=False)  # the whole file, comments too, for a restore

    @property
    def is_stripe(self) -> bool:
        """Stripe goes through routes of its own and never through set, list or remove."""
        return self.type == STRIPE


class DirectoryState(StrEnum):
    """What stands at the path of the connectors directory."""

    PRESENT = "present"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    NOT_A_DIRECTORY = "not-a-directory"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which directory was read, so that a replaced one is noticed (P5)."""

    device: int
    inode: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the connectors directory says at one moment. `connectors` are valid, unique and in filename order."""

    directory: Path
    state: DirectoryState
    connectors: tuple[Connector, ...] = ()
    problems: tuple[Problem, ...] = ()
    identity: Identity | None = None
    git: GitReading = NO_REPOSITORY  # as it was right before the files were read
    number: int = field(default=0, compare=False)  # of two by one reader, the greater was begun later

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that are more than warnings."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that don't keep anything from being pushed."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)

    @property
    def complete(self) -> bool:
        """Whether a connector's absence here means anything at all (P3)."""
        return self.state is DirectoryState.PRESENT and not self.errors

    @property
    def by_type(self) -> dict[str, Connector]:
        """The connectors by their type."""
        return {connector.type: connector for connector in self.connectors}


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a Base44 config, linked to an app. Paths are absolute."""

    root: Path
    config_path: Path | None  # None: no project around, only `--app-id` and a directory
    connectors_dir: Path
    app_id: str
    api_url: str  # scheme and host, no trailing slash, no path (protocol.md, "Addresses")
    environment: Mapping[str, str] = field(default_factory=dict, hash=False, repr=False)  # BASE44_* in force
    settings_files: Mapping[str, Path] = field(default_factory=dict, hash=False)  # those of them that `.env` files say
