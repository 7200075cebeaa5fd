"""The stage of the removal model: a project in git with a few branches, and what can happen to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from tests.support.git import Repository, a_folder_to_copy
from tests.support.project import a_project

from connectord.emulator.faults import Fault, FaultBody

TYPES = ("github", "airtable", "hubspot", "linear", "notion", "slack")
APPS = ("0123456789abcdef01234567", "89abcdef0123456789abcdef")

DIRECTORY = "base44/connectors"

_SCENE = """
git init -q -b main --template= . ; git add . ; git commit -q -m first
git checkout -q -b without; git rm -q base44/connectors/github.jsonc base44/connectors/airtable.jsonc
git commit -q -m 'Remove two'
git checkout -q -b clash main; git rm -q base44/connectors/linear.jsonc
echo '{ "type": "slack", "scopes": ["two"] }' > base44/connectors/slack.jsonc; git commit -q -a -m clash
git checkout -q -b other main; echo y > readme; git commit -q -a -m other
git checkout -q main; echo '{ "type": "slack", "scopes": ["one", "two"] }' > base44/connectors/slack.jsonc
git commit -q -a -m second
git checkout -q -b ahead; git rm -q base44/connectors/hubspot.jsonc; git commit -q -m 'Remove one'
git checkout -q main; git branch same; mkdir .git/hooks
"""

MOVING = (
    *(
        f"git checkout -q {where}"
        for where in ("main", "without", "ahead", "other", "same", "-f main", "--detach ahead")
    ),
    *(f"git merge -q --no-edit {how}" for how in ("ahead", "without", "clash", "--squash without")),
    *(f"git rebase -q {where}" for where in ("ahead", "clash", "--autostash without")),
    *(f"git reset -q {where}" for where in ("--hard", "--hard main", "--hard HEAD~1", "--hard without", "HEAD~1")),
    *(f"git stash {how}" for how in ("-q -u", "-q -u", "-q", "pop -q", "pop -q")),
    *(f"git {what} --abort" for what in ("merge", "rebase", "cherry-pick")),
    "git cherry-pick without",
    "git cherry-pick -n ahead",
    "git revert --no-edit HEAD",
    "git pull -q . without",
    "git switch -q --orphan empty",
)
"""What git does with the files of its own accord."""

MIDDLES = (
    ("git checkout -q -f --detach without", ("prepared", "HEAD")),
    ("git reset -q --hard without", ("prepared", "HEAD")),
    ("date +%N > new; git stash -q -u", ("committed", "refs/stash")),
)
"""What can be looked at from its middle: after the files went and before HEAD moves, or the other way round."""

COMMITS = (
    "git add -A; git commit -q -m x",
    "git add -A; git commit -q --amend -m y",
    "git commit -q --allow-empty -m z",
    "echo $$ >> readme; git commit -q -m readme readme",
)

FAULTS = (
    Fault("remove", status=500, count=2),
    Fault("remove", status=500, count=9),
    Fault("remove", status=503, carried_out=True, count=1),
    Fault("remove", reset=True, carried_out=True, count=1),
    Fault("remove", delay=90.0, carried_out=True, count=1),
    Fault("remove", delay=90.0, count=1),
    Fault("remove", status=404, count=1),
    Fault("remove", status=429, retry_after="20", count=1),
    Fault("remove", body=FaultBody.HTML, carried_out=True, count=1),
    Fault("list", status=500, count=3),
    Fault("list", body=FaultBody.HTML, count=1),
    Fault("list", body=FaultBody.TRUNCATED, count=2),
    Fault("list", delay=5.0, count=2),
    Fault("set", status=500, count=3),
    Fault("set", delay=25.0, count=2),
    Fault("set", status=422, count=1),
    Fault(reset=True, count=2),
    Fault(status=401, count=1),
)

SLOW = (
    Fault("remove", delay=8.0, count=1),
    Fault("remove", status=500, delay=3.0, count=1),
    Fault("list", delay=4.0, count=1),
)
"""What leaves time for a change between a look and a removal."""

UNSENT = (
    Fault("set", status=500, count=3),
    Fault("set", status=422, count=1),
    Fault("set", delay=8.0, count=1),
    Fault("set", reset=True, count=4),
)
"""What keeps a file from being accepted for a while, or until somebody says push."""


def at(state: str, ref: str) -> str:
    """A hook that pauses when a transaction of this ref is in this state."""
    return f'test "$1" = {state} || exit 0\ngrep -q " {ref}$" || exit 0\nexec ../pause'


@cache
def scene() -> Path:
    """A project of all the types in a repository with a few branches, made once."""
    folder = a_folder_to_copy("removals")
    a_project(folder, {name: ["one"] for name in TYPES}, app_id=APPS[0], api_url="http://testserver")
    (folder / "readme").write_text("x\n", encoding="utf-8")
    Repository(folder).sh(_SCENE)
    return folder


class Accident:
    """What can happen to the connectors directory as a whole; `undo` puts it back as it was."""

    def __init__(self, directory: Path, elsewhere: Path, kind: str) -> None:
        self._directory = directory
        self._elsewhere = elsewhere
        directory.rename(self._elsewhere)
        ways: dict[str, Callable[[], object]] = {
            "missing": lambda: None,
            "empty": directory.mkdir,
            "another": self._with_less,
            "a-file": directory.touch,
            "dangling": lambda: directory.symlink_to("nowhere"),
            "a-loop": lambda: directory.symlink_to(directory),
        }
        ways[kind]()

    def _with_less(self) -> None:
        """Another directory with the same files but one, as an older backup has it."""
        shutil.copytree(self._elsewhere, self._directory, symlinks=True)
        for file in sorted(self._directory.iterdir())[:1]:
            remove_anything(file)

    def undo(self) -> None:
        remove_anything(self._directory)
        self._directory.parent.mkdir(exist_ok=True)  # git may have taken it away meanwhile
        self._elsewhere.rename(self._directory)


ACCIDENTS: Final = ("missing", "empty", "another", "another", "a-file", "dangling", "a-loop")


def remove_anything(path: Path) -> None:
    """With nothing there any more, whatever it was."""
    if path.is_dir() and not path.is_symlink():
        for inside in path.iterdir():
            remove_anything(inside)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
