"""Where HEAD and the stash of a repository stood at one moment, as a value that can be kept and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from pydantic import TypeAdapter, ValidationError

from connectord.project.git_log import LogEnd


@dataclass(frozen=True, slots=True)
class GitMark:
    """What moves when git moves. Equal marks: HEAD and the stash stayed, as far as anybody can tell from outside.

    `fault` is a sentence part, and then nothing else is known. In a repository with reftable storage `tables` stands
    for commit, logs and stash. The last three times (ns) are of files that git writes when it removes files without a
    move of HEAD: `merge --squash` (or a pull), `cherry-pick --no-commit` (or `stash apply`), `sparse-checkout`.
    """

    git_dir: str
    head: str | None = None  # `refs/heads/main`, or the commit when detached
    commit: str | None = None  # None: no commit yet
    log: LogEnd | None = None
    stash: str | None = None
    stash_log: LogEnd | None = None
    tables: str | None = None
    orig_head: int | None = None
    auto_merge: int | None = None
    sparse_checkout: int | None = None
    fault: str | None = None

    @classmethod
    def unknown(cls, fault: str) -> Self:
        """A mark that says nothing but why; every movement from or to it is unknown too."""
        return cls("", fault=fault)

    def as_text(self) -> str:
        """For the store; `from_text` reads it back as an equal mark."""
        return _TEXT.dump_json(self, exclude_defaults=True).decode()

    @classmethod
    def from_text(cls, text: str) -> GitMark:
        """The mark of a text. Garbage, or a text of another version, is an unknown mark: never "no repository"."""
        try:
            return _TEXT.validate_json(text)
        except ValidationError:
            return cls.unknown("what was kept of git's state can't be read")


_TEXT: Final = TypeAdapter(GitMark)
