"""project/: finds a Base44 project, reads its connector files into a Snapshot, and writes them for pull."""

from connectord.project.errors import (
    FileNotWritten,
    InvalidConfig,
    InvalidSetting,
    NoProject,
    NotLinked,
    ProjectError,
)
from connectord.project.find import find_root, read_project
from connectord.project.git import NO_REPOSITORY, GitReading, GitState, busy, read_git
from connectord.project.git_busy import GitBusy, GitWork
from connectord.project.git_mark import GitMark
from connectord.project.git_moves import Moved, Movement, moved
from connectord.project.known_types import KNOWN_TYPES
from connectord.project.model import (
    STRIPE,
    Connector,
    DirectoryState,
    Identity,
    Problem,
    ProblemCode,
    Project,
    Severity,
    Snapshot,
)
from connectord.project.reader import SnapshotReader
from connectord.project.rewrite import new_file_text, rewrite
from connectord.project.shown import shown_path
from connectord.project.write import delete_file, write_text

__all__ = [
    "KNOWN_TYPES",
    "NO_REPOSITORY",
    "STRIPE",
    "Connector",
    "DirectoryState",
    "FileNotWritten",
    "GitBusy",
    "GitMark",
    "GitReading",
    "GitState",
    "GitWork",
    "Identity",
    "InvalidConfig",
    "InvalidSetting",
    "Moved",
    "Movement",
    "NoProject",
    "NotLinked",
    "Problem",
    "ProblemCode",
    "Project",
    "ProjectError",
    "Severity",
    "Snapshot",
    "SnapshotReader",
    "busy",
    "delete_file",
    "find_root",
    "moved",
    "new_file_text",
    "read_git",
    "read_project",
    "rewrite",
    "shown_path",
    "write_text",
]
