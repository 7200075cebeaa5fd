"""Tokens that rotate, here and in other processes: renewed by one at a time, adopted where another was first (P7).

The order that keeps them alive: take the process's lock, then the file's; read the file again; adopt what is newer
there; else renew, keep the new pair in memory at once (the old one is worthless from here on), then save it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from connectord.base44.auth_file import AuthFile, Mark
from connectord.base44.credentials import Clock, Credentials, Problem, Renew, Signature
from connectord.base44.errors import CredentialsUnusable, GrantRefused, SignedOut
from connectord.base44.tokens import Tokens

T = TypeVar("T")

_SETTLE_SECONDS: Final = (0.05, 0.1, 0.2)
"""Waits before a file that can't be parsed is called damaged: the CLI truncates it and then writes."""

_ADOPT_SECONDS: Final = (0.0, 0.2, 0.5)
"""Waits before a refused refresh token means signed out: who used it first writes the new one a moment later."""


class SharedTokens(Credentials):
    """The tokens of `auth.json`, or of the environment with `auth.json` behind them.

    With `seed` (the environment's tokens) they belong to that person: the file is adopted where it holds newer tokens
    of the same person, and written where it is absent or the same person's; another person's file, or a damaged one,
    is left alone. Without it they are whatever the file says: a file that vanishes is a sign-out, a new one a sign-in.

    Renewed tokens that can't be saved live on in memory: `problem` says why, `on_problem` is told once, and each later
    request tries to save them again.
    """

    def __init__(
        self,
        file: AuthFile,
        *,
        seed: Tokens | None = None,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        on_problem: Problem | None = None,
        ignored: tuple[str, ...] = (),
    ) -> None:
        self._file = file
        self._tokens = seed
        self._person = seed.email if seed else None
        self._clock = clock
        self._sleep = sleep
        self._on_problem = on_problem
        self._ignored = ignored
        self._lock = asyncio.Lock()
        self._seen: Mark | None = None
        self._may_save = True
        self._unsaved = False
        self._dead: str | None = None  # the refresh token that was refused last, not to be sent again

    def __repr__(self) -> str:
        return f"SharedTokens({self._file.path}, person={self._person})"

    async def sign(self, renew: Renew) -> Signature:
        """The bearer token, renewed first where that is due."""
        await self._look()
        if self._unsaved:
            await self._save_again()
        tokens = self._present()
        if tokens.due(self._clock()):
            tokens = await self._newer(tokens.access, renew)
        return _bearer(tokens)

    async def replace(self, rejected: Signature, renew: Renew) -> Signature | None:
        """The newer token of another request or process where there is one, else a renewed one."""
        return _bearer(await self._newer(rejected.token, renew))

    async def _newer(self, stale: str, renew: Renew) -> Tokens:
        async with self._alone():
            await self._look()
            tokens = self._present()
            if tokens.access != stale and not tokens.due(self._clock()):
                return tokens
            return await self._renewed(tokens, renew)

    async def _renewed(self, tokens: Tokens, renew: Renew) -> Tokens:
        try:
            return await _to_the_end(self._renew_and_save(tokens, renew))
        except GrantRefused as refused:
            other = await self._after_refusal(tokens, refused)
        if not other.due(self._clock()):
            return other
        try:
            return await _to_the_end(self._renew_and_save(other, renew))
        except GrantRefused as refused:
            raise self._signed_out_by(other, refused) from refused

    async def _renew_and_save(self, tokens: Tokens, renew: Renew) -> Tokens:
        if tokens.refresh == self._dead:
            raise self._signed_out("Base44 no longer accepts the sign-in on this machine")
        fresh = tokens.renewed(await renew(tokens.refresh), self._clock())
        self._tokens = fresh
        await self._save(fresh, used=tokens.refresh)
        return self._present()

    async def _after_refusal(self, tokens: Tokens, refused: GrantRefused) -> Tokens:
        for wait in _ADOPT_SECONDS:
            if wait:
                await self._sleep(wait)
            await self._look()
            if self._tokens is not None and self._tokens.refresh != tokens.refresh:
                return self._tokens
        raise self._signed_out_by(tokens, refused)

    async def _save(self, fresh: Tokens, *, used: str | None = None) -> None:
        try:
            if not await self._overtaken(fresh, used) and self._may_save:
                # fsync may take long: off the loop.
                self._seen = await asyncio.to_thread(self._file.write, fresh)
        except CredentialsUnusable as problem:
            self._unsaved = True
            if self.problem is None and self._on_problem:
                self._on_problem(problem)
            self.problem = problem
        else:
            self._unsaved, self.problem = False, None

    async def _overtaken(self, fresh: Tokens, used: str | None) -> bool:
        # A login that was written while the renewal was under way is the person's newer word. A file that vanished
        # meanwhile is not: the CLI deletes it when it comes second in the same renewal.
        if self._file.mark() in {None, self._seen}:
            return False
        await self._look()
        if self._tokens is None or self._tokens.refresh == used:
            self._tokens = fresh
        return self._tokens is not fresh

    async def _save_again(self) -> None:
        async with self._alone():
            await self._look()
            if self._unsaved and self._tokens is not None:
                await self._save(self._tokens)

    async def _look(self) -> None:
        """Adopt the file if it changed since it was last seen."""
        mark = self._file.mark()
        if mark == self._seen:
            return
        try:
            stored = await self._settled()
        except CredentialsUnusable:
            # Tokens that live in memory alone are better than none; the file is damaged either way.
            if self._person is None and not self._unsaved:
                raise
            self._may_save, self._seen = self._person is None, mark
            return
        self._adopt(stored)

    async def _settled(self) -> Tokens | None:
        for wait in _SETTLE_SECONDS:
            try:
                return self._read()
            except CredentialsUnusable:
                await self._sleep(wait)
        return self._read()

    def _read(self) -> Tokens | None:
        reading = self._file.read()
        self._seen = reading.mark
        return reading.tokens

    def _adopt(self, stored: Tokens | None) -> None:
        if stored is not None and self._tokens is not None and stored.same_pair(self._tokens):
            return  # our own writing, of which memory knows more
        if self._person is None or self._tokens is None:
            self._take(stored)
            return
        self._may_save = stored is None or stored.email == self._person
        if stored is not None and self._may_save and stored.newer_than(self._tokens):
            self._take(stored)

    def _take(self, stored: Tokens | None) -> None:
        self._tokens, self._unsaved, self.problem = stored, False, None

    def _present(self) -> Tokens:
        if self._tokens is None:
            raise self._signed_out("You are not signed in to Base44 on this machine")
        return self._tokens

    def _signed_out_by(self, tokens: Tokens, refused: GrantRefused) -> SignedOut:
        self._dead = tokens.refresh
        error = self._signed_out(refused.what)
        error.status, error.request_id, error.url = refused.status, refused.request_id, refused.url
        return error

    def _signed_out(self, what: str) -> SignedOut:
        return SignedOut(what, todo=(self.sign_in,), details=self._ignored)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        # The wait for the first lock has the limits of those before it: the file's lock and one attempt each.
        async with self._lock, self._file.locked(self._sleep):
            yield


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Finish `work` even if the caller is cancelled in the middle, then let the cancellation go on.

    A renewal that was sent uses up the old refresh token, so its answer must be kept. `work` has limits of its own.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen: the cancellation is what the caller hears of
        raise


def _bearer(tokens: Tokens) -> Signature:
    return Signature({"Authorization": f"Bearer {tokens.access}"}, tokens.access)
