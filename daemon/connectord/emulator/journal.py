"""The request log: what clients of the API sent, without a secret in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl

from pydantic import JsonValue

KEPT: Final = 10_000
"""Requests; the oldest make room for newer ones."""

_SECRETS: Final = {"refresh_token", "access_token", "device_code", "api_key", "client_secret"}
_HIDDEN: Final = "***"


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request. `time` is seconds since the epoch; `status` is None before an answer and after a reset.

    `received` is the monotonic clock's at its arrival, which other processes of this machine can compare with theirs;
    `client` is the port that it came from, so that requests of one connection are known. `operation` and `body` are
    known once it was answered or given up.
    """

    number: int
    time: float
    received: float
    client: int | None
    method: str
    path: str
    query: str
    request_id: str
    operation: str | None = None
    body: JsonValue = None
    status: int | None = None


class Journal:
    """The log, in the order in which requests arrived."""

    def __init__(self) -> None:
        self._next = 1
        self._entries: dict[int, LoggedRequest] = {}

    @property
    def entries(self) -> tuple[LoggedRequest, ...]:
        """What was logged and not cleared."""
        return tuple(self._entries.values())

    def begin(
        self, *, time: float, received: float, client: int | None, method: str, path: str, query: str, request_id: str
    ) -> int:
        """Note a request that has arrived; the number is for `finish`."""
        number, self._next = self._next, self._next + 1
        self._entries[number] = LoggedRequest(number, time, received, client, method, path, query, request_id)
        if len(self._entries) > KEPT:
            del self._entries[next(iter(self._entries))]
        return number

    def finish(self, number: int, *, operation: str | None, body: bytes, status: int | None) -> None:
        """Note how it ended; nothing happens if the entry was cleared meanwhile."""
        if (entry := self._entries.get(number)) is not None:
            self._entries[number] = replace(entry, operation=operation, body=readable(body), status=status)

    def clear(self) -> None:
        """Forget all requests."""
        self._entries.clear()


def readable(body: bytes) -> JsonValue:
    """A body for the log: JSON or a form as a value, secrets hidden, anything else as text; None if empty."""
    if not body:
        return None
    text = body.decode(errors="replace")
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        value = dict(parse_qsl(text)) or text
    if isinstance(value, dict):
        return {key: _HIDDEN if key in _SECRETS else item for key, item in value.items()}
    return value
