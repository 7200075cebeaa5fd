"""One HTTP client for each API host and set of credentials, shared by all the apps that use them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from connectord.base44.app import App
from connectord.base44.client import Base44
from connectord.base44.credentials import AccountKind
from connectord.base44.errors import CredentialsUnusable
from connectord.base44.find import caller, find_credentials
from connectord.base44.pace import OnWait, Pace
from connectord.base44.request import host_address
from connectord.base44.retry import Retry, Retrying

Caller = tuple[str, frozenset[tuple[str, str]]]
"""An API host, and the settings that say with which credentials. Secret, like what it is made of (P13)."""


class Connections:
    """Opens clients as they are needed and closes them all at the end. An async context manager.

    `on_retry` is told before a request is tried again, `on_problem` once when renewed tokens can't be saved, `on_wait`
    when a request waits for its turn under the documented limits.
    """

    def __init__(
        self,
        home: Path,
        *,
        on_retry: Callable[[Retrying], None] | None = None,
        on_problem: Callable[[CredentialsUnusable], None] | None = None,
        retry: Retry | None = None,
        on_wait: OnWait | None = None,
    ) -> None:
        self._home = home
        self._on_retry = on_retry
        self._on_problem = on_problem
        self._retry = retry or Retry()
        self._on_wait = on_wait
        self._clients: dict[Caller, Base44] = {}
        self._paces: dict[tuple[str, tuple[AccountKind, str]], Pace] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            await client.aclose()

    def app(self, api_url: str, environ: Mapping[str, str], app_id: str) -> App:
        """An app's operations. `environ` says whose credentials (P7): a project's `.env` may bring its own."""
        key = _caller(api_url, environ)
        if key not in self._clients:
            credentials = find_credentials(environ, self._home, on_problem=self._on_problem)
            pace = self._pace(api_url, environ)
            self._clients[key] = Base44(api_url, credentials, pace=pace, on_retry=self._on_retry, retry=self._retry)
        return self._clients[key].app(app_id)

    async def keep_only(self, used: Iterable[tuple[str, Mapping[str, str]]]) -> None:
        """Let go of what nobody but these API hosts and environments needs: a daemon sees many an edit of a `.env`.

        Calls under way go on to their end.
        """
        needed = [(_caller(*one), self._pace_key(*one)) for one in used]
        kept = {caller for caller, _ in needed}
        retired = [self._clients.pop(caller) for caller in self._clients.keys() - kept]
        paced = {key for _, key in needed}
        # What was sent within the last minute counts on, should this caller come back.
        self._paces = {key: pace for key, pace in self._paces.items() if key in paced or not pace.is_idle}
        for client in retired:
            await client.retire()

    async def reconnect(self) -> None:
        """The machine slept, or the network may be another one: begin with new connections."""
        for client in tuple(self._clients.values()):
            await client.reconnect()

    def _pace(self, api_url: str, environ: Mapping[str, str]) -> Pace:
        """One for each host and caller: projects whose `.env` differ in other things share the same limits."""
        return self._paces.setdefault(self._pace_key(api_url, environ), Pace(on_wait=self._on_wait))

    @staticmethod
    def _pace_key(api_url: str, environ: Mapping[str, str]) -> tuple[str, tuple[AccountKind, str]]:
        return host_address(api_url), caller(environ)


def _caller(api_url: str, environ: Mapping[str, str]) -> Caller:
    return api_url, frozenset(environ.items())
