"""What signs a request, and where it comes from: an API key, tokens of the environment, or the shared file (P7)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from connectord.base44.errors import CredentialsUnusable
from connectord.base44.models import Token
from connectord.base44.words import SIGN_IN

Renew = Callable[[str], Awaitable[Token]]
"""Exchange a refresh token at the token endpoint. Raises GrantRefused, or a transient error that proves nothing."""

Problem = Callable[[CredentialsUnusable], None]
"""Told when tokens could not be saved, so that a person can be."""

Clock = Callable[[], float]

API_KEY_START: Final = "b44k_"
"""What a workspace API key starts with; any other BASE44_API_KEY is not one and is ignored, as the CLI does."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The headers that say who is asking."""

    headers: Mapping[str, str] = field(repr=False)
    token: str = field(repr=False)


class AccountKind(StrEnum):
    """Where the credentials in force come from."""

    API_KEY = "api-key"
    ENVIRONMENT = "environment"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Account:
    """Who is signed in, told without a network. `expires_at` is of the access token, seconds since the epoch.

    `key_start` is the first ten characters of an API key: enough to know which, too little to use it.
    """

    kind: AccountKind
    email: str | None = None
    name: str | None = None
    key_start: str | None = None
    expires_at: float | None = None


class Credentials(ABC):
    """One source of signatures. Safe to share between all requests of one event loop."""

    sign_in: str = SIGN_IN
    """What a person does about a 401."""

    problem: CredentialsUnusable | None = None
    """Why renewed tokens live in memory only, if they do."""

    @abstractmethod
    async def sign(self, renew: Renew) -> Signature:
        """A signature for one attempt, renewed first where that is due. Raises SignedOut, CredentialsUnusable."""

    @abstractmethod
    async def replace(self, rejected: Signature, renew: Renew) -> Signature | None:
        """Another signature after a 401, adopted from another process or renewed; None where there can be none."""


class ApiKey(Credentials):
    """A workspace API key: sent alone, never renewed."""

    sign_in = "Check BASE44_API_KEY: Base44 does not accept this key (any more)."

    def __init__(self, key: str) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"ApiKey({self._key[:10]}…)"

    async def sign(self, renew: Renew) -> Signature:
        """The `api_key` header (protocol.md, "Headers")."""
        del renew
        return Signature({"api_key": self._key}, self._key)

    async def replace(self, rejected: Signature, renew: Renew) -> Signature | None:
        """Nothing: a key that was refused stays refused."""
        del rejected, renew
        return None
