"""Signing in with a device code: show a code, wait for the person, then write the credentials (RFC 8628)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from connectord.base44.auth_file import AuthFile
from connectord.base44.client import Base44
from connectord.base44.credentials import Clock
from connectord.base44.errors import Base44Error, Busy, SignInFailed
from connectord.base44.models import DeviceCode, Token, User
from connectord.base44.oauth import Waiting
from connectord.base44.tokens import Tokens

_SLOWER: Final = 5.0
"""Seconds that `slow_down` adds to the interval, for good (RFC 8628, 3.5)."""


async def sign_in(
    base44: Base44,
    *,
    show: Callable[[DeviceCode], None],
    home: Path,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Clock = time.time,
) -> User:
    """Sign a person in and write the credentials file; who it is.

    `show` gets the code and the link once. Raises SignInFailed when the login is denied or `expires_in` has passed.
    A damaged credentials file is kept beside the new one; nothing is written before the whole login has succeeded.
    """
    code = await base44.device_code()
    show(code)
    token = await _confirmed(base44, code, sleep, clock)
    expires_at = clock() + token.expires_in
    user = await base44.user(access_token=token.access_token)
    file = AuthFile(home)
    async with file.locked(sleep):
        file.set_aside()
        tokens = Tokens(token.access_token, token.refresh_token, expires_at, user.email, user.name)
        await asyncio.to_thread(file.write, tokens)
    return user


async def _confirmed(
    base44: Base44, code: DeviceCode, sleep: Callable[[float], Awaitable[None]], clock: Clock
) -> Token:
    deadline = clock() + code.expires_in
    interval = float(code.interval)
    while True:
        answer = await _poll(base44, code)
        if isinstance(answer, Token):
            return answer
        if answer is Waiting.SLOW_DOWN:
            interval += _SLOWER
        if (remaining := deadline - clock()) <= 0:
            raise SignInFailed("The login was not confirmed in time", todo=("Start again: connectord login",))
        await sleep(min(interval, remaining))


async def _poll(base44: Base44, code: DeviceCode) -> Token | Waiting:
    try:
        return await base44.device_token(code.device_code)
    except Base44Error as error:
        # A hiccup of the network while the person is in the browser doesn't end their login (RFC 8628, 3.5).
        if not error.transient:
            raise
        return Waiting.SLOW_DOWN if isinstance(error, Busy) else Waiting.PENDING
