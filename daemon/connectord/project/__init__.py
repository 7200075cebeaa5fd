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
from connectord.project.git import GitState, read_git
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
    shown_path,
)
from connectord.project.reader import SnapshotReader
from connectord.project.rewrite import new_file_text, rewrite
from connectord.project.write import delete_file, write_text

__all__ = [
    "KNOWN_TYPES",
    "STRIPE",
    "Connector",
    "DirectoryState",
    "FileNotWritten",
    "GitState",
    "Identity",
    "InvalidConfig",
    "InvalidSetting",
    "NoProject",
    "NotLinked",
    "Problem",
    "ProblemCode",
    "Project",
    "ProjectError",
    "Severity",
    "Snapshot",
    "SnapshotReader",
    "delete_file",
    "find_root",
    "new_file_text",
    "read_git",
    "read_project",
    "rewrite",
    "shown_path",
    "write_text",
]
