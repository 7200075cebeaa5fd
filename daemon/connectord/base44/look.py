"""Credentials for a look: used as they are and never renewed, so that looking changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connectord.base44.auth_file import AuthFile
from connectord.base44.credentials import ApiKey, Credentials, Renew, Signature
from connectord.base44.errors import SignedOut
from connectord.base44.find import api_key, environment_tokens, ignored_settings
from connectord.base44.words import SIGN_IN


class AsTheyAre(Credentials):
    """One signature, whatever becomes of it."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature

    async def sign(self, renew: Renew) -> Signature:
        """The signature, although its token may have run out."""
        del renew
        return self._signature

    async def replace(self, rejected: Signature, renew: Renew) -> Signature | None:
        """Nothing: a refusal is what was to be found out."""
        del rejected, renew
        return None


def credentials_for_a_look(environ: Mapping[str, str], home: Path) -> Credentials:
    """Those that `find_credentials` finds. Raises SignedOut, and CredentialsUnusable for a damaged file."""
    if key := api_key(environ):
        return ApiKey(key)  # which is never renewed anyway
    tokens = environment_tokens(environ) or AuthFile(home).read().tokens
    if tokens is None:
        what = "You are not signed in to Base44 on this machine"
        raise SignedOut(what, todo=(SIGN_IN,), details=ignored_settings(environ))
    return AsTheyAre(Signature({"Authorization": f"Bearer {tokens.access}"}, tokens.access))


class Nobody(AsTheyAre):
    """No signature at all, for what needs none."""

    def __init__(self) -> None:
        super().__init__(Signature({}, ""))
