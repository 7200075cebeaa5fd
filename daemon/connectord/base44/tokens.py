"""A pair of tokens and what is known about it. Nothing here prints a token (P13)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field, replace
from typing import Final

from connectord.base44.models import Token

RENEW_AHEAD: Final = 60.0
"""Seconds before the expiry at which a renewal is due (protocol.md, "Credentials")."""

_HEADER_SAFE: Final = re.compile(r"[\x21-\x7e]+")
_JWT_PARTS: Final = 3
_LATEST_EXPIRY: Final = 1e11  # seconds: the year 5138


@dataclass(frozen=True, slots=True)
class Tokens:
    """Who is signed in, and with what. `expires_at` is seconds since the epoch; None: not known, a 401 will tell.

    `ahead` is how many seconds before the expiry a renewal is due: less than usual for tokens that hardly live longer,
    else each request would renew them.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: float | None
    email: str = ""
    name: str = ""
    ahead: float = RENEW_AHEAD

    def due(self, now: float) -> bool:
        """Whether they should be renewed before they are used."""
        return self.expires_at is not None and now >= self.expires_at - self.ahead

    def renewed(self, token: Token, now: float) -> Tokens:
        """The same person's tokens after a renewal at `now`."""
        return replace(
            self,
            access=token.access_token,
            refresh=token.refresh_token,
            expires_at=now + token.expires_in,
            ahead=min(RENEW_AHEAD, token.expires_in / 2),
        )

    def same_pair(self, other: Tokens) -> bool:
        """Whether both tokens are the same, whatever else is known of them."""
        return (self.access, self.refresh) == (other.access, other.refresh)

    def newer_than(self, other: Tokens) -> bool:
        """Whether they were issued after `other`, as far as the expiries tell."""
        return self.access != other.access and (self.expires_at or 0.0) > (other.expires_at or 0.0)


def fits_a_header(token: str) -> bool:
    """Whether a token can be sent at all: visible ASCII only."""
    return _HEADER_SAFE.fullmatch(token) is not None


def from_environment(access: str, refresh: str) -> Tokens | None:
    """Tokens as the CLI takes them from the environment: a JWT with `sub` and `exp`, its signature unchecked."""
    if not (fits_a_header(access) and fits_a_header(refresh)):
        return None
    claims = _claims(access)
    person, expiry = claims.get("sub"), claims.get("exp")
    if not isinstance(person, str) or not person or isinstance(expiry, bool) or not isinstance(expiry, int | float):
        return None
    if not 0 < expiry < _LATEST_EXPIRY:
        return None
    return Tokens(access=access, refresh=refresh, expires_at=float(expiry), email=person, name=person)


def _claims(jwt: str) -> dict[str, object]:
    parts = jwt.split(".")
    if len(parts) != _JWT_PARTS:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
