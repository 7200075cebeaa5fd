"""The emulator for tests: in this process over ASGI, or as a real process on a real port.

app = emulator_app(limits=False)                      # no port, no process; app.world is at hand
async with app.client(sign_in=True) as client: ...    # httpx, signed in
httpx.AsyncClient(transport=app.transport, base_url=app.url)

with running_emulator() as emulator:                  # `python -m connectord emulator --port 0 --json`
    emulator.sign_in(home)                            # writes ~/.base44/auth/auth.json below home
    emulator.consent(link)
    emulator.state()
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
from starlette.applications import Starlette

from connectord.emulator import DEFAULT_EMAIL, Settings, World, create_app

READY_WITHIN = 20.0
ENDED_WITHIN = 10.0


class EmulatorTransport(httpx.ASGITransport):
    """Drives the emulator in this process; its resets look to the client as they do on a network."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except ConnectionResetError as error:
            raise httpx.ReadError(str(error), request=request) from error


@dataclass(frozen=True)
class EmulatorApp:
    """An emulator in this process: decide things on `world`, send requests through `transport`."""

    world: World
    app: Starlette
    transport: EmulatorTransport
    url: str = "http://testserver"

    @property
    def app_id(self) -> str:
        return self.world.first_app_id

    @property
    def api(self) -> str:
        """The path of the app's API."""
        return f"/api/apps/{self.app_id}"

    def client(self, *, sign_in: bool = False, email: str = DEFAULT_EMAIL, **headers: str) -> httpx.AsyncClient:
        if sign_in:
            headers["Authorization"] = f"Bearer {self.world.accounts.sign_in(email).access_token}"
        return httpx.AsyncClient(transport=self.transport, base_url=self.url, headers=headers)


def emulator_app(
    *,
    app_ids: tuple[str, ...] = (),
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], Any] | None = None,
    keep: Callable[[], None] | None = None,
    **settings: Any,
) -> EmulatorApp:
    """An emulator in this process; further options are emulator.Settings (limits, token_lifetime, ...)."""
    world = World(app_ids=app_ids, settings=Settings(**settings), clock=clock)
    app = create_app(world, keep=keep, sleep=sleep) if sleep else create_app(world, keep=keep)
    return EmulatorApp(world, app, EmulatorTransport(app))


@dataclass(frozen=True)
class RunningEmulator:
    """An emulator in a process of its own, seen from a test. Every method blocks for a few milliseconds."""

    url: str
    app_id: str
    process: subprocess.Popen[str]
    http: httpx.Client = field(repr=False)

    def admin(self, path: str, method: str = "POST", **body: Any) -> Any:
        """Call /admin/<path>; what it answers."""
        reply = self.http.request(method, f"/admin/{path}", json=body or None)
        reply.raise_for_status()
        return reply.json()

    def state(self) -> Any:
        """GET /admin/state."""
        return self.admin("state", "GET")

    def connectors(self) -> dict[str, list[str]]:
        """Type -> scopes of the active connectors of the app."""
        listed = self.state()["connectors"][self.app_id]
        return {one["type"]: one["scopes"] for one in listed if one["status"] == "active"}

    def requests(self) -> list[dict[str, Any]]:
        """What clients sent to the API, oldest first: method, path, query, body, operation, status, ..."""
        return list(self.admin("requests", "GET")["requests"])

    def forget_requests(self) -> None:
        self.admin("requests", "DELETE")

    def fault(self, **fault: Any) -> None:
        """Switch a fault on (see connectord.emulator.faults.Fault)."""
        self.admin("faults", **fault)

    def settings(self, **changed: Any) -> None:
        self.admin("settings", **changed)

    def connect(self, type_: str, scopes: list[str], **more: Any) -> None:
        """Make a connector active, as if it had been consented to before."""
        self.admin(f"connectors/{self.app_id}/{type_}", scopes=scopes, **more)

    def open_links(self) -> dict[str, str]:
        """Type -> authorization link, of those that wait for a person; of several the newest."""
        consents = self.state()["consents"]
        return {one["type"]: self.url + one["path"] for one in consents if one["status"] == "PENDING"}

    def consent(self, link: str, *, email: str = "") -> None:
        """Press Allow on the page behind an authorization link."""
        self._press(link, action="allow", email=email)

    def deny(self, link: str) -> None:
        """Press Deny on the page behind an authorization link."""
        self._press(link, action="deny")

    def claim(self, link: str) -> None:
        """Press Claim on the page behind a Stripe claim link."""
        self._press(link)

    def approve_device(self, user_code: str, *, email: str = DEFAULT_EMAIL) -> None:
        """Enter the code of a device login and press Allow."""
        self._press("/device", user_code=user_code, email=email, action="allow")

    def deny_device(self, user_code: str) -> None:
        """Enter the code of a device login and press Deny."""
        self._press("/device", user_code=user_code, action="deny")

    def tokens(self, email: str = DEFAULT_EMAIL) -> Any:
        """Fresh tokens, as the token route gives them."""
        return self.admin("tokens", email=email)

    def sign_in(self, home: Path, *, email: str = DEFAULT_EMAIL) -> Path:
        """Write credentials below `home`, as after a login; the path of auth.json."""
        return write_credentials(home, self.tokens(email), email=email)

    def _press(self, link: str, **form: str) -> None:
        reply = self.http.post(link, data=form, headers={"Origin": self.url})
        reply.raise_for_status()


@contextmanager
def running_emulator(*arguments: str) -> Iterator[RunningEmulator]:
    """A real `connectord emulator` on a free port, ended by its pid; more arguments as the command takes them."""
    command = [sys.executable, "-m", "connectord", "emulator", "--port", "0", "--json", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            ready = json.loads(_line_within(READY_WITHIN, process))
            with httpx.Client(base_url=ready["url"], timeout=20.0, trust_env=False) as http:
                yield RunningEmulator(ready["url"], ready["app_id"], process, http)
        finally:
            _end(process)


def write_credentials(home: Path, tokens: Any, *, email: str = DEFAULT_EMAIL) -> Path:
    """`~/.base44/auth/auth.json` as the CLI writes it (protocol.md, "Credentials")."""
    path = home / ".base44" / "auth" / "auth.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "accessToken": tokens["access_token"],
        "refreshToken": tokens["refresh_token"],
        "expiresAt": int((time.time() + tokens["expires_in"]) * 1000),
        "email": email,
        "name": email.partition("@")[0],
    }
    path.write_text(json.dumps(content))
    path.chmod(0o600)
    return path


def _line_within(seconds: float, process: subprocess.Popen[str]) -> str:
    stdout = process.stdout
    assert stdout is not None
    if not select.select([stdout], [], [], seconds)[0]:
        raise AssertionError(f"The emulator wasn't ready within {seconds:g} s")
    line = _read_line(stdout)
    assert line, f"The emulator ended at once with exit code {process.wait(ENDED_WITHIN)}"
    return line


def _read_line(stream: IO[str]) -> str:
    # The ready line is one short write, so a readable pipe has all of it.
    return os.read(stream.fileno(), 65536).decode()


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(ENDED_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
