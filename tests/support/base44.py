"""A Base44 made of a table, for tests of the client: scripted replies, a clock that only sleep moves."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx

from connectord.base44 import Base44, Credentials, Pace, Retry, Retrying, find_credentials

API_URL = "https://base44.test"
APP_ID = "app1"
API_KEY = "b44k_0123456789secret"
NOW = 1_800_000_000.0

Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]

SET_REPLY: dict[str, Any] = {
    "redirect_url": None,
    "connection_id": None,
    "already_authorized": True,
    "error": None,
    "error_message": None,
    "other_user_email": None,
}


@dataclass
class Time:
    """A clock that stands still but for those who sleep on it."""

    now: float = NOW
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """Answers with the scripted replies in their order, the last one for ever, and keeps what was asked."""

    replies: Sequence[Reply]
    requests: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        reply = self.replies[min(len(self.requests), len(self.replies) - 1)]
        self.requests.append(request)
        if isinstance(reply, Exception):
            raise reply
        # A response can be read once, so a scripted one is copied.
        return reply(request) if callable(reply) else _copy(reply)

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.requests]


def _copy(reply: httpx.Response) -> httpx.Response:
    if not hasattr(reply, "_content"):
        return reply
    return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)


class Chunks(httpx.AsyncByteStream):
    """A body that arrives in pieces: made endless, slow or broken by the generator it is given."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            yield chunk


def ok(document: object, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=document, headers={k.replace("_", "-"): v for k, v in headers.items()})


def a_client(
    wire: httpx.AsyncBaseTransport,
    *,
    credentials: Credentials | None = None,
    time: Time | None = None,
    retry: Retry | None = None,
    on_retry: Callable[[Retrying], None] | None = None,
) -> Base44:
    time = time or Time()
    credentials = credentials or find_credentials({"BASE44_API_KEY": API_KEY}, Path("/nowhere"))
    return Base44(
        API_URL,
        credentials,
        transport=wire,
        retry=retry or Retry(),
        pace=Pace(clock=time, sleep=time.sleep),
        sleep=time.sleep,
        clock=time,
        on_retry=on_retry,
    )


def auth_file(home: Path) -> Path:
    return home / ".base44" / "auth" / "auth.json"


def stored(access: str = "access-1", refresh: str = "refresh-1", **keys: Any) -> dict[str, Any]:
    expiry = int((NOW + 3600) * 1000)
    base = {"accessToken": access, "refreshToken": refresh, "expiresAt": expiry, "email": "ada@x.test", "name": "Ada"}
    return base | keys


def write_auth(home: Path, document: object = None) -> Path:
    path = auth_file(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document or stored()))
    return path


def read_auth(home: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(auth_file(home).read_text())
    return document


def expiring(seconds: float, **keys: Any) -> dict[str, Any]:
    """A credentials file whose access token ends in so many seconds."""
    return stored(expiresAt=int((NOW + seconds) * 1000), **keys)


def jwt(sub: object = "ada@x.test", exp: object = NOW + 3600, **claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part({'sub': sub, 'exp': exp, **claims})}.sig"


@dataclass
class TokenServer(httpx.AsyncBaseTransport):
    """A Base44 whose tokens rotate: it accepts one access token and one refresh token at a time.

    `instead` answers renewals in place of the rotation; `during` happens while a renewal is under way.
    """

    number: int = 1
    lifetime: int = 3600
    instead: list[httpx.Response | Exception] = field(default_factory=list)
    during: Callable[[], object] | None = None
    asked: list[str] = field(default_factory=list)
    accepts: str | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        if request.url.path == "/oauth/token":
            return self._renewal(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.asked.append(token)
        if token != (self.accepts or f"access-{self.number}"):
            return httpx.Response(401, json={"detail": "Unauthorized"})
        return httpx.Response(200, json={"email": "ada@x.test", "name": "Ada"})

    @property
    def renewals(self) -> int:
        return sum(entry.startswith("renew ") for entry in self.asked)

    def _renewal(self, request: httpx.Request) -> httpx.Response:
        form = parse_qs(request.content.decode())
        refresh = form["refresh_token"][0]
        self.asked.append(f"renew {refresh}")
        if self.during:
            self.during()
        if self.instead:
            reply = self.instead.pop(0)
            if isinstance(reply, Exception):
                raise reply
            return reply
        if refresh != f"refresh-{self.number}":
            return invalid_grant()
        self.number += 1
        return httpx.Response(200, json=self.pair())

    def pair(self) -> dict[str, Any]:
        return {
            "access_token": f"access-{self.number}",
            "refresh_token": f"refresh-{self.number}",
            "token_type": "Bearer",
            "expires_in": self.lifetime,
        }


def invalid_grant(status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": "invalid_grant", "error_description": "Refresh token is not valid"})


def signed_in(
    home: Path, server: TokenServer, time: Time | None = None, environ: Mapping[str, str] | None = None
) -> Base44:
    time = time or Time()
    return a_client(server, time=time, credentials=find_credentials(environ or {}, home, clock=time, sleep=time.sleep))
