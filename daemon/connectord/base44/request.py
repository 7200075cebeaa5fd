"""What can be asked of Base44, before it is sent: addresses that reach exactly one route, bodies that are JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import quote

import httpx

from connectord.base44.errors import Unsendable
from connectord.base44.words import plain

ATTEMPT_SECONDS: Final = 10.0
"""The total time of one attempt, reply included; what the CLI allows."""

STRIPE_SECONDS: Final = 60.0
"""The same for the three Stripe routes, which talk to Stripe before they answer (protocol.md)."""

_TYPE: Final = re.compile(r"[A-Za-z0-9_-]+")
_APP_ID: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._~-]*")
_IDEMPOTENT: Final = frozenset({"GET", "PUT", "DELETE"})

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"


class Limited(StrEnum):
    """The kinds of requests of which Base44 takes so many a minute (protocol.md, "Operations")."""

    LIST = "list"
    POLL = "poll"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Request:
    """One operation, ready to send. `operation` completes "Base44 refused to ..."; `limit` is seconds per attempt.

    `limited` is the kind that it counts as under the documented limits; `spare` turns of the minute are left to others.
    `allowed` is awaited right before each attempt, when its turn has come; what it raises keeps the attempt from being
    sent and ends the call. `secrets` are values in the body that no error may repeat (P13). `app_id`: whose
    connectors it is about.
    """

    operation: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    content_type: str | None = None
    limit: float = ATTEMPT_SECONDS
    limited: Limited | None = None
    spare: int = 0
    allowed: Callable[[], Awaitable[None]] | None = field(default=None, repr=False, compare=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    app_id: str | None = None

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice does what sending it once does, so that it may be retried."""
        return self.method in _IDEMPOTENT


def host_address(api_url: str) -> str:
    """Scheme and host of an API URL, without a trailing slash; a path is dropped (protocol.md, "Addresses")."""
    try:
        url = httpx.URL(api_url.strip())
        host = url.host  # decoded only here: punycode that is none is a ValueError
    except (httpx.InvalidURL, ValueError):
        url, host = httpx.URL(), ""
    # httpx takes a space in a host and encodes it.
    if url.scheme not in {"http", "https"} or not host or "%" in host or url.userinfo:
        raise Unsendable(
            f'"{plain(api_url)}" is not an address of Base44',
            todo=("Set BASE44_API_URL to something like https://app.base44.com, or leave it unset.",),
        )
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def app_segment(app_id: str) -> str:
    """The app id as one path segment. Servers decode %2F before they route, so encoding alone protects nothing."""
    if not _APP_ID.fullmatch(app_id):
        raise Unsendable(
            f'"{app_id}" is not an app id: it may have letters, digits, "-", "_", "." and "~"',
            todo=("Check the id in .app.jsonc, BASE44_APP_ID or --app-id.",),
        )
    return quote(app_id, safe="")


def type_segment(operation: str, connector_type: str) -> str:
    """The connector type as one path segment (protocol.md, "Connector files")."""
    if not _TYPE.fullmatch(connector_type):
        raise Unsendable(
            f'"{connector_type}" is not a connector type: it may have letters, digits, "-" and "_". Nothing was sent',
            operation=operation,
            todo=('Correct "type" in the connector file; `connectord list-available` shows the types.',),
        )
    return quote(connector_type, safe="")


def json_body(operation: str, value: Mapping[str, object]) -> bytes:
    """`value` as JSON. JSON5 files may hold what JSON can't say (Infinity, a lone surrogate): Unsendable."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise Unsendable(
            f"What was to be sent to {operation} can't be written as JSON: {error}. Nothing was sent",
            operation=operation,
            todo=("Correct connection_config in the connector file.",),
        ) from error
