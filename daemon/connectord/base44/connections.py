"""One HTTP client for each API host and set of credentials, shared by all the apps that use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
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
        self._clients: dict[tuple[str, frozenset[tuple[str, str]]], Base44] = {}
        self._paces: dict[tuple[str, tuple[AccountKind, str]], Pace] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    def app(self, api_url: str, environ: Mapping[str, str], app_id: str) -> App:
        """An app's operations. `environ` says whose credentials (P7): a project's `.env` may bring its own."""
        key = (api_url, frozenset(environ.items()))
        client = self._clients.get(key)
        if client is None:
            credentials = find_credentials(environ, self._home, on_problem=self._on_problem)
            pace = self._pace(api_url, environ)
            client = Base44(api_url, credentials, pace=pace, on_retry=self._on_retry, retry=self._retry)
            self._clients[key] = client
            self._stack.push_async_callback(client.aclose)
        return client.app(app_id)

    def _pace(self, api_url: str, environ: Mapping[str, str]) -> Pace:
        """One for each host and caller: projects whose `.env` differ in other things share the same limits."""
        key = (host_address(api_url), caller(environ))
        if key not in self._paces:
            self._paces[key] = Pace(on_wait=self._on_wait)
        return self._paces[key]
