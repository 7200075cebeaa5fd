"""Repositories for tests, made by the real git: `a_repository(folder).sh("git checkout -q without")`."""

from __future__ import annotations

import atexit
import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from connectord.project import GitReading, Movement, moved, read_git

_SCENE = """
git init -q -b main repo
cd repo
mkdir connectors
echo 1 > connectors/slack.json; echo 1 > connectors/github.json; echo 1 > other
git add . ; git commit -q -m first
git checkout -q -b without; git rm -q connectors/github.json; git commit -q -m 'Remove GitHub'
git checkout -q -b clash main; git rm -q connectors/github.json; echo 3 > connectors/slack.json
git commit -q -a -m clash
git checkout -q main; echo 2 > connectors/slack.json; git commit -q -a -m second
git checkout -q -b ahead; git rm -q connectors/github.json; git commit -q -m 'Remove GitHub'
git checkout -q main; git branch same
git clone -q --bare . ../origin; git -C ../origin update-ref refs/heads/main ahead
git remote add origin ../origin
"""


class Repository:
    """A working tree whose commands see no configuration but its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def connectors(self) -> Path:
        return self.folder / "connectors"

    @property
    def names(self) -> set[str]:
        return {file.name for file in self.connectors.glob("*")}

    def sh(self, script: str) -> str:
        """Run a script of the shell here; a failing command fails it."""
        with _started(self.folder, script) as process:
            output, errors = process.communicate()
        assert process.returncode == 0, f"{script}\n{output}{errors}"
        return output.strip()

    def attempt(self, script: str) -> bool:
        """Run a script that may fail, as a merge with a conflict does."""
        with _started(self.folder, script) as process:
            process.communicate()
        return process.returncode == 0

    def read(self) -> GitReading:
        return read_git(self.connectors)

    def moved(self, since: GitReading) -> Movement:
        return moved(since.mark, self.read().mark, self.connectors)


def a_repository(folder: Path) -> Repository:
    """On `main`, with `connectors/{slack,github}.json`; the branches `without` (merged truly), `ahead` (fast-forward)
    and `clash` (in conflict about slack.json) lack github.json. `same` is main; `origin`'s main is `ahead`.
    """
    shutil.copytree(_scene(), folder, symlinks=True)
    repository = Repository(folder / "repo")
    repository.sh("git update-index -q --refresh")  # git takes the copied files for changed ones until then
    return repository


def an_empty_repository(folder: Path, *arguments: str) -> Repository:
    """Without a commit."""
    folder.mkdir(parents=True, exist_ok=True)
    repository = Repository(folder)
    repository.sh(" ".join(["git init -q -b main", *arguments, "."]))
    repository.connectors.mkdir()
    return repository


@contextmanager
def in_the_middle(repository: Repository, script: str, *, hook: str | None = None, **environ: str) -> Iterator[None]:
    """Run a script up to the point where it runs `../pause` (as its editor, or from a hook of this name and text).

    The script goes on, and must succeed, when the context is left.
    """
    ready, go = repository.folder.parent / "ready", repository.folder.parent / "go"
    os.mkfifo(ready)
    os.mkfifo(go)
    _program(repository.folder.parent / "pause", f"echo > '{ready}'; cat '{go}' > /dev/null")
    if hook is not None:
        _program(repository.folder / ".git/hooks/reference-transaction", hook)
    over, held = os.pipe()  # closed when the last of the script's processes has ended
    with _started(repository.folder, script, held, **environ) as process:
        os.close(held)
        paused = _comes_first(ready, over)
        assert paused, f"{script} didn't pause: {process.communicate()}"
        try:
            yield
        finally:
            go.write_bytes(b"\n")
            output, errors = process.communicate()
            for file in (ready, go, repository.folder / ".git/hooks/reference-transaction"):
                file.unlink(missing_ok=True)
    assert process.returncode == 0, f"{script}\n{output}{errors}"


def _comes_first(fifo: Path, over: int) -> bool:
    descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        readable, _, _ = select.select([descriptor, over], [], [])
        return descriptor in readable
    finally:
        os.close(descriptor)
        os.close(over)


def _program(file: Path, script: str) -> None:
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


def a_folder_to_copy(name: str) -> Path:
    """A folder that many tests copy from, until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"connectord-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _scene() -> Path:
    folder = a_folder_to_copy("git")
    Repository(folder).sh(_SCENE)
    return folder


def _started(folder: Path, script: str, *descriptors: int, **environ: str) -> subprocess.Popen[str]:
    names = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    own = {"HOME": str(folder), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_EDITOR": "true"}
    return subprocess.Popen(
        ["sh", "-ec", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", **names, **own, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=descriptors,
    )
