"""Which credentials are in force: an API key, then tokens of the environment, then the shared file (protocol.md)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from connectord.base44.auth_file import AuthFile
from connectord.base44.credentials import API_KEY_START, Account, AccountKind, ApiKey, Clock, Credentials, Problem
from connectord.base44.errors import SignedOut
from connectord.base44.shared_tokens import SharedTokens
from connectord.base44.tokens import Tokens, fits_a_header, from_environment
from connectord.base44.words import SIGN_IN

_SETTINGS: Final = {
    AccountKind.API_KEY: frozenset({"BASE44_API_KEY"}),
    AccountKind.ENVIRONMENT: frozenset({"BASE44_ACCESS_TOKEN", "BASE44_REFRESH_TOKEN"}),
    AccountKind.FILE: frozenset[str](),
}


def find_credentials(
    environ: Mapping[str, str],
    home: Path,
    *,
    clock: Clock = time.time,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    on_problem: Problem | None = None,
) -> Credentials:
    """The credentials in force. Nothing is read or sent yet: without any, the first request raises SignedOut.

    `environ` is the project's environment (its .env files included), `home` the folder that holds `.base44`.
    """
    if key := api_key(environ):
        return ApiKey(key)
    return SharedTokens(
        AuthFile(home),
        seed=environment_tokens(environ),
        clock=clock,
        sleep=sleep,
        on_problem=on_problem,
        ignored=ignored_settings(environ),
    )


def caller(environ: Mapping[str, str]) -> tuple[AccountKind, str]:
    """Whom the credentials in force stand for, as far as this is known without reading them: equal for equal callers.

    Secret, like what it is made of (P13).
    """
    if key := api_key(environ):
        return AccountKind.API_KEY, key
    seed = environment_tokens(environ)
    return (AccountKind.FILE, "") if seed is None else (AccountKind.ENVIRONMENT, environ["BASE44_REFRESH_TOKEN"])


def own_settings(environ: Mapping[str, str]) -> frozenset[str]:
    """The settings that the credentials in force are made of; none where it is the shared login."""
    return _SETTINGS[caller(environ)[0]]


def signed_in_as(environ: Mapping[str, str], home: Path) -> Account:
    """Who is signed in, from what is on this machine. Raises SignedOut, and CredentialsUnusable for a damaged file."""
    if key := api_key(environ):
        return Account(AccountKind.API_KEY, key_start=key[:10])
    if seed := environment_tokens(environ):
        return _account(AccountKind.ENVIRONMENT, seed)
    stored = AuthFile(home).read().tokens
    if stored is None:
        raise SignedOut(
            "You are not signed in to Base44 on this machine",
            todo=(SIGN_IN,),
            details=ignored_settings(environ),
        )
    return _account(AccountKind.FILE, stored)


def sign_out(home: Path) -> bool:
    """Remove the credentials file on the person's explicit word; whether there was one.

    The only place that removes it. Blocks while another process renews, so it is not for an event loop.
    """
    return AuthFile(home).remove()


def api_key(environ: Mapping[str, str]) -> str | None:
    """The workspace API key that is set, if it can be one. Secret."""
    key = environ.get("BASE44_API_KEY", "").strip()
    return key if key.startswith(API_KEY_START) and fits_a_header(key) else None


def environment_tokens(environ: Mapping[str, str]) -> Tokens | None:
    """The tokens that are set, if both are and can be used."""
    return from_environment(environ.get("BASE44_ACCESS_TOKEN", ""), environ.get("BASE44_REFRESH_TOKEN", ""))


def ignored_settings(environ: Mapping[str, str]) -> tuple[str, ...]:
    """What is set but can't be used, in sentences, so that "not signed in" explains itself."""
    said = []
    if environ.get("BASE44_API_KEY", "").strip() and api_key(environ) is None:
        said.append(f"BASE44_API_KEY is set but ignored: it does not start with {API_KEY_START}")
    if environ.get("BASE44_ACCESS_TOKEN") and environment_tokens(environ) is None:
        said.append("BASE44_ACCESS_TOKEN is ignored: it needs BASE44_REFRESH_TOKEN, and to be a JWT with sub and exp")
    return tuple(said)


def _account(kind: AccountKind, tokens: Tokens) -> Account:
    return Account(kind, email=tokens.email or None, name=tokens.name or None, expires_at=tokens.expires_at)
