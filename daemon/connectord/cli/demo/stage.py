"""The stage of the demo: a Base44, a home and a project of their own, in a folder that goes when the demo ends."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from connectord.base44 import Base44, DeviceCode, find_credentials, sign_in
from connectord.cli.demo.leaving import not_now
from connectord.cli.demo.person import Person
from connectord.control.client import Client
from connectord.control.models import Restoration
from connectord.errors import ConnectordError

READY_SECONDS = 20.0
END_SECONDS = 10.0

CONFIG = '// A Base44 project, as `npx base44 create` makes one.\n{\n  "name": "Sample app"\n}\n'
APP_CONFIG = '// Links this folder to an app. Not for version control.\n{\n  "id": "%s"\n}\n'


class DemoFailed(ConnectordError):
    """A part of the demo didn't do what it must; the sentence says which and what was seen instead."""

    code = "DEMO_FAILED"


class Stage:
    """Builds itself when entered and takes itself down when left, whatever happened in between.

    `settings` are lines of the daemon's config.toml.
    """

    def __init__(self, settings: str = "") -> None:
        self._settings = settings
        self._processes: list[subprocess.Popen[bytes]] = []
        self._folders: list[Path] = []
        self.url = ""

    def __enter__(self) -> Self:
        try:
            with not_now():
                self.folder = self._folder(None)
                # A socket's path has at most 103 bytes, and a temporary folder may have a long name.
                self.runtime = self._folder("/tmp")  # noqa: S108  (made by mkdtemp, for nobody else)
            self._set_up()
        except BaseException:
            self._take_down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._take_down()

    @property
    def home(self) -> Path:
        """The home of the demo's user; the credentials of the real one aren't touched."""
        return self.folder / "home"

    @property
    def project(self) -> Path:
        """The sample project."""
        return self.folder / "sample-app"

    @property
    def connectors(self) -> Path:
        """Its connectors directory."""
        return self.project / "base44" / "connectors"

    @property
    def credentials(self) -> Path:
        """The credentials file that daemon and CLI share."""
        return self.home / ".base44" / "auth" / "auth.json"

    def save(self, name: str, text: str) -> Path:
        """Save a connector file as an editor would."""
        path = self.connectors / name
        path.write_text(text, encoding="utf-8")
        return path

    def delete(self, *names: str) -> None:
        """Delete connector files, as a person or a shell does."""
        for name in names:
            (self.connectors / name).unlink()

    def restore(self) -> Restoration:
        """`connectord restore`, by the local API that the command uses."""
        return Client(self.runtime).restore(self.project)

    def start_daemon(self, *arguments: str, pipe: bool) -> subprocess.Popen[bytes]:
        """`connectord run` on the sample project, as a process of its own."""
        return self._start("run", str(self.project), *arguments, pipe=pipe, own_session=pipe)

    def end(self, process: subprocess.Popen[bytes]) -> int:
        """Ask a process of ours to end and return its exit code; one that doesn't end in time is killed."""
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _set_up(self) -> None:
        self.home.mkdir()
        self.connectors.mkdir(parents=True)
        (self.folder / "config.toml").write_text(self._settings, encoding="utf-8")
        emulator = self._start("emulator", "--port", "0", "--json", pipe=True, own_session=True)
        ready = _first_line(emulator)
        self.url, self.app_id = str(ready["url"]), str(ready["app_id"])
        (self.project / "base44" / "config.jsonc").write_text(CONFIG, encoding="utf-8")
        (self.project / "base44" / ".app.jsonc").write_text(APP_CONFIG % self.app_id, encoding="utf-8")
        self.person = Person(self.url)
        self.person.admin("settings", device_interval=1)
        asyncio.run(self._sign_in())

    async def _sign_in(self) -> None:
        def enter_the_code(code: DeviceCode) -> None:
            self.person.approve_device(code.user_code)

        async with Base44(self.url, find_credentials({}, self.home)) as base44:
            await sign_in(base44, show=enter_the_code, home=self.home)

    def _start(self, command: str, *arguments: str, pipe: bool, own_session: bool) -> subprocess.Popen[bytes]:
        # Ctrl-C in a terminal goes to the whole foreground group: the Base44 must outlive the daemon's last words.
        with not_now():
            process = subprocess.Popen(  # noqa: S603  (our own program)
                [sys.executable, "-m", "connectord", command, *arguments],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipe else None,
                start_new_session=own_session,
            )
            self._processes.append(process)
        return process

    def _take_down(self) -> None:
        for process in reversed(self._processes):
            self.end(process)
            if process.stdout is not None:
                process.stdout.close()
        if hasattr(self, "person"):
            self.person.close()
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, where: str | None) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="connectord-demo-", dir=where)).resolve()
        self._folders.append(folder)
        return folder

    def _environment(self) -> dict[str, str]:
        own = ("BASE44_", "CONNECTORD_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        return {
            **inherited,
            "HOME": str(self.home),
            "CONNECTORD_CONFIG": str(self.folder / "config.toml"),
            "CONNECTORD_STATE_DIR": str(self.folder / "state"),
            "CONNECTORD_RUNTIME_DIR": str(self.runtime),
            "PYTHONUNBUFFERED": "1",
            **({"BASE44_API_URL": self.url} if self.url else {}),
        }


def connector_text(connector_type: str, scopes: Sequence[str], comment: str = "") -> str:
    """A connector file as a person writes one."""
    lines = [f"// {comment}"] if comment else []
    lines += ["{", f'  "type": {json.dumps(connector_type)},', '  "scopes": [']
    lines += [f"    {json.dumps(scope)}," for scope in scopes]
    return "\n".join([*lines, "  ],", "}", ""])


def _first_line(process: subprocess.Popen[bytes]) -> dict[str, object]:
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise DemoFailed(f"The local Base44 did not start: it ended with exit code {process.wait(END_SECONDS)}.")
    ready: dict[str, object] = json.loads(line)
    return ready
