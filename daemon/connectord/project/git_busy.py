"""What git is in the middle of. Until it is done, a working tree's files say nothing about a person's will (P4)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from connectord.project.shown import shown_path


class GitWork(StrEnum):
    """What is in progress. Only a lock can be stale without git knowing; the others wait for their person."""

    LOCK = "lock"
    REBASE = "rebase"
    MERGE = "merge"
    CHERRY_PICK = "cherry-pick"
    REVERT = "revert"
    BISECT = "bisect"
    SEQUENCE = "sequence"


@dataclass(frozen=True, slots=True)
class GitBusy:
    """Something in progress, and the file that says so; a lock's age is that file's."""

    work: GitWork
    file: Path

    def __str__(self) -> str:
        """As part of a sentence: "a rebase is in progress (/repo/.git/rebase-merge)"."""
        return f"{_SENTENCES[self.work]} ({shown_path(self.file)})"


_SENTENCES: Final = {
    GitWork.LOCK: "git is at work, or was killed at it",
    GitWork.REBASE: "a rebase or am is in progress",
    GitWork.MERGE: "a merge is in progress",
    GitWork.CHERRY_PICK: "a cherry-pick is in progress",
    GitWork.REVERT: "a revert is in progress",
    GitWork.BISECT: "a bisect is in progress",
    GitWork.SEQUENCE: "a series of cherry-picks or reverts is in progress",
}

_SIGNS: Final = (
    # What a person began comes first: it outlasts the lock of the command that takes it a step on.
    ("rebase-merge", GitWork.REBASE),
    ("rebase-apply", GitWork.REBASE),
    ("MERGE_HEAD", GitWork.MERGE),
    ("CHERRY_PICK_HEAD", GitWork.CHERRY_PICK),
    ("REVERT_HEAD", GitWork.REVERT),
    ("BISECT_LOG", GitWork.BISECT),
    ("sequencer", GitWork.SEQUENCE),
    ("index.lock", GitWork.LOCK),
)


def work_in_progress(git_dir: Path) -> GitBusy | None:
    """The first sign of work in the git directory of a working tree (git-status(1) goes by the same ones)."""
    for name, work in _SIGNS:
        if os.path.lexists(git_dir / name):
            return GitBusy(work, git_dir / name)
    return None
