"""Rows: small stories of what happens to connector files, each with the number of removals that it is worth."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.emulator import RunningEmulator
from tests.support.git import Repository
from tests.support.project import a_connector
from tests.support.running import environment

from connectord.cli.exit_codes import ExitCode
from connectord.control.client import Client
from connectord.control.models import ConnectorStatus, ProjectStatus
from connectord.project import Project

TEN = ("airtable", "discord", "github", "gitlab", "hubspot", "linear", "notion", "slack", "typeform", "wrike")
FIVE, EIGHT = TEN[:5], TEN[:8]
SENTINEL = "dropbox"
"""Saved at the end of each row: what is pushed after it was not held up, and nothing else comes with it."""


@dataclass
class Site:
    """The project of one row: an app of its own on the emulator, looked after by a daemon that it shares."""

    project: Project
    emulator: RunningEmulator
    home: Path
    client: Client
    types: tuple[str, ...]
    before: ProjectStatus | None = field(default=None, repr=False)

    @property
    def root(self) -> Path:
        return self.project.root

    @property
    def directory(self) -> Path:
        return self.project.connectors_dir

    @property
    def app_id(self) -> str:
        return self.project.app_id

    @property
    def status(self) -> ProjectStatus:
        return self.client.status(self.root).projects[0]

    @property
    def held(self) -> dict[str, tuple[str, ...]]:
        return {hold.reason: hold.types for hold in self.status.held}

    def line(self, name: str) -> ConnectorStatus | None:
        return next((one for one in self.status.connectors if one.type == name), None)

    def requests(self) -> list[dict[str, Any]]:
        """What was asked of this row's app, with the connector as `type` where there is one."""
        mine = [one for one in self.emulator.requests() if f"/apps/{self.app_id}/" in one["path"]]
        return [{**one, "type": _type_in(one["path"])} for one in mine]

    def sent(self, method: str) -> list[str]:
        """The types that a request of this method was sent for, in order."""
        return [one["type"] for one in self.requests() if one["method"] == method]

    def told_removed(self) -> list[str]:
        """The types that the history says were removed."""
        entries = self.client.history(self.root, limit=200)
        return sorted(one.type for one in entries if one.result == "removed" and one.type)

    def put(self, *names: str) -> None:
        for name in names:
            a_connector(self.project, name, [f"{name}:read"])

    def delete(self, *names: str) -> None:
        for name in names:
            (self.directory / f"{name}.jsonc").unlink()

    def missing(self) -> list[str]:
        return [name for name in self.types if not (self.directory / f"{name}.jsonc").exists()]

    def consented(self, *names: str) -> None:
        """Somebody has consented to these on Base44."""
        for name in names:
            self.emulator.admin(f"connectors/{self.app_id}/{name}", scopes=[f"{name}:read"])

    def fault(self, **fault: Any) -> None:
        self.emulator.fault(app=self.app_id, **fault)

    def git(self, script: str) -> None:
        Repository(self.root).sh(script)

    def command(self, *words: str, code: ExitCode = ExitCode.OK) -> None:
        """Say something to the daemon, as a person does; the command ends with this code."""
        command = [sys.executable, "-m", "connectord", *words]
        said = subprocess.run(
            command, cwd=self.root, env=environment(self.home), capture_output=True, text=True, timeout=20, check=False
        )
        assert said.returncode == code, f"{words}: {said.stdout}{said.stderr}"


Step = Callable[[Site], None]
Fits = Callable[[Site], bool]


def nothing(it: Site) -> None:
    """Nothing happens."""


@dataclass(frozen=True)
class Row:
    """One row: `act` happens to a project whose connectors are pushed, and it ends with `deletes` DELETE requests.

    A row with a `hold` is in exactly that one before anything is done about it, for `victims`; a row that `waits` is
    so for long. Until then no DELETE was sent. `soon` is done within the grace, `word` is said while the project is
    paused, `then` is what is done about it, and `still` is the hold that is left, with its victims. What is `removed`
    is told so in the history, once each; what is `forgotten` was gone from Base44, as far as it says. A `grace`
    (seconds) makes it slower than the others. `asks`: other things than removals are asked of Base44, too. `settled`:
    in the end all is as it was.
    """

    name: str
    act: Step
    types: tuple[str, ...] = FIVE
    setup: Step = nothing
    soon: Step | None = None
    hold: str | None = None
    victims: tuple[str, ...] = ()
    waits: Fits | None = None
    word: Step | None = None
    then: Step | None = None
    still: Mapping[str, Sequence[str]] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    requests: int | None = None
    asks: bool = False
    settled: bool = True
    grace: float = 0.0
    settings: str = ""
    cleanup: Step = nothing

    @property
    def deletes(self) -> int:
        """How many DELETE requests it ends with."""
        return len(self.removed) if self.requests is None else self.requests

    @property
    def goes_by_itself(self) -> bool:
        """Whether it is removed without another step."""
        return bool(self.deletes) and self.hold is None and self.waits is None and self.then is None


# What happens


def deleted(*names: str) -> Step:
    return lambda it: it.delete(*names)


def put(*names: str) -> Step:
    return lambda it: it.put(*names)


def broken(name: str) -> Step:
    return lambda it: _written(it, name, '{ "type": ')


def changed(name: str, *scopes: str) -> Step:
    return lambda it: _written(it, name, json.dumps({"type": name, "scopes": scopes}))


def all_of(*steps: Step) -> Step:
    def run(it: Site) -> None:
        for step in steps:
            step(it)

    return run


def git(script: str) -> Step:
    return lambda it: it.git(script)


def in_git(script: str = "") -> Step:
    """All of it committed on `main`; `script` comes after that."""
    return git("git init -q -b main; echo x > readme; git add .; git commit -q -m first\n" + script)


def fault(**more: Any) -> Step:
    return lambda it: it.fault(**more)


def no_fault(it: Site) -> None:
    """Base44 is well again, and a person says to try now."""
    it.emulator.http.delete("/admin/faults", params={"app": it.app_id}).raise_for_status()
    it.client.push(it.root)


def look_again(it: Site) -> None:
    """Any save does it, where a rescan would find it later: an unmounted bind and a lock that goes are no events."""
    config = it.root / "base44" / "config.jsonc"
    config.write_text(config.read_text(encoding="utf-8"), encoding="utf-8")


def approve(it: Site) -> None:
    """While the project is paused; the command says that nothing is removed yet."""
    it.command("approve", "--yes", "--project", str(it.root), code=ExitCode.HELD)


def restore(it: Site) -> None:
    it.command("restore", "--project", str(it.root))


def moved_away(it: Site) -> None:
    it.directory.rename(it.root / "away")


def moved_back(it: Site) -> None:
    (it.root / "away").rename(it.directory)


def empty_one_away(it: Site) -> None:
    it.directory.rmdir()
    moved_back(it)


def replaced_by_an_empty_one(it: Site) -> None:
    moved_away(it)
    it.directory.mkdir()


def replaced_by_a_dangling_link(it: Site) -> None:
    moved_away(it)
    it.directory.symlink_to(it.root / "nowhere")


def link_away(it: Site) -> None:
    it.directory.unlink()
    moved_back(it)


def closed(it: Site) -> None:
    it.directory.chmod(0o000)


def opened(it: Site) -> None:
    it.directory.chmod(0o755)


# A disk that is unplugged: where mounting isn't allowed, the directory is renamed, which leaves the same behind


def on_a_disk(it: Site) -> None:
    it.directory.rename(it.root / "disk")
    it.directory.mkdir()
    plugged_in(it)


def plugged_in(it: Site) -> None:
    if not _mount("mount", "--bind", it.root / "disk", it.directory):
        it.directory.rmdir()
        (it.root / "disk").rename(it.directory)


def unplugged(it: Site) -> None:
    if not _mount("umount", it.directory):
        it.directory.rename(it.root / "disk")
        it.directory.mkdir()


def unplugged_for_good(it: Site) -> None:
    """At the end, whatever came of it. (That a bind is mounted can't be told from its device.)"""
    _mount("umount", "--lazy", it.directory)


def _mount(*words: str | Path) -> bool:
    return bool(shutil.which(str(words[0]))) and subprocess.run(words, capture_output=True, check=False).returncode == 0


# Other meanings of the same files


def linked_to(other: str) -> Step:
    """The project is now linked to another app of the same name with a suffix, which has a connector of its own."""

    def link(it: Site) -> None:
        app = f"{it.app_id[:-1]}{other}" if other else it.app_id
        it.emulator.admin(f"connectors/{app}/slack", scopes=["slack:read"])
        (it.root / "base44" / ".app.jsonc").write_text(json.dumps({"id": app}), encoding="utf-8")

    return link


def connectors_in(directory: str) -> Step:
    def write(it: Site) -> None:
        (it.root / "base44" / directory).mkdir(exist_ok=True)
        (it.root / "base44" / "config.jsonc").write_text(json.dumps({"connectorsDir": directory}), encoding="utf-8")

    return write


# How things look


def says(name: str, word: str, state: str) -> Fits:
    """The line of this connector has this state, and the word in its error."""

    def look(it: Site) -> bool:
        line = it.line(name)
        return line is not None and line.state == state and word in (line.error or "")

    return look


def is_no_more(name: str) -> Fits:
    return lambda it: it.line(name) is None


def has_problems(it: Site) -> bool:
    return bool(it.status.problems)


def untracked(*names: str) -> Fits:
    return lambda it: it.status.untracked == tuple(sorted(names))


def _written(it: Site, name: str, text: str) -> None:
    a_connector(it.project, f"{name}.jsonc", text)


def _type_in(path: str) -> str:
    return path.partition("/integrations/")[2].partition("/")[0]
