"""One HTTP client for each API host and set of credentials, shared by all the apps that use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from connectord.base44.app import App
from connectord.base44.client import Base44
from connectord.base44.errors import CredentialsUnusable
from connectord.base44.find import find_credentials
from connectord.base44.retry import Retry, Retrying


class Connections:
    """Opens clients as they are needed and closes them all at the end. An async context manager.

    `on_retry` is told before a request is tried again, `on_problem` once when renewed tokens can't be saved.
    """

    def __init__(
        self,
        home: Path,
        *,
        on_retry: Callable[[Retrying], None] | None = None,
        on_problem: Callable[[CredentialsUnusable], None] | None = None,
        retry: Retry | None = None,
    ) -> None:
        self._home = home
        self._on_retry = on_retry
        self._on_problem = on_problem
        self._retry = retry or Retry()
        self._clients: dict[tuple[str, frozenset[tuple[str, str]]], Base44] = {}
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
            client = Base44(api_url, credentials, on_retry=self._on_retry, retry=self._retry)
            self._clients[key] = client
            self._stack.push_async_callback(client.aclose)
        return client.app(app_id)
