"""Base44 over HTTP: one API host, one set of credentials, one connection pool. Every operation ends here."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from connectord import __version__
from connectord.base44 import oauth, wire
from connectord.base44.answers import read
from connectord.base44.app import App
from connectord.base44.credentials import Clock, Credentials, Signature
from connectord.base44.errors import Base44Error
from connectord.base44.exchange import Answer, exchange
from connectord.base44.models import DeviceCode, Reply, Token, User
from connectord.base44.pace import Pace
from connectord.base44.ping import Ping, ping
from connectord.base44.request import Limited, Request, host_address
from connectord.base44.retry import Retry, Retrying, retry_after

R = TypeVar("R", bound=Reply)

_THIS_MACHINE: Final = ("127.0.0.1", "localhost", "[::1]")


class Base44:
    """A Base44 to talk to, as the person that `credentials` stand for.

    Usable at once and from many tasks of one event loop; `aclose` (or `async with`) gives its connections back.
    `pace` keeps to the documented limits; clients of the same host and caller share one. `on_retry` is told before each
    wait, so that a person can be. Unsendable for an `api_url` that is none.
    """

    def __init__(
        self,
        api_url: str,
        credentials: Credentials,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        retry: Retry = Retry(),  # noqa: B008  (frozen)
        pace: Pace | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
        clock: Clock = time.time,
        on_retry: Callable[[Retrying], None] | None = None,
    ) -> None:
        self.api_url = host_address(api_url)
        self._credentials = credentials
        self._retry = retry
        self._pace = pace or Pace()
        self._sleep = sleep
        self._rng = rng or random.Random()  # noqa: S311  (spreads retries, guards nothing)
        self._clock = clock
        self._on_retry = on_retry
        self._transport = transport
        self._opened: httpx.AsyncClient | None = None
        self._under_way = 0
        self._retired = False
        self._stale = False

    @property
    def _http(self) -> httpx.AsyncClient:
        self._opened = self._opened or httpx.AsyncClient(
            base_url=self.api_url,
            transport=self._transport or wire.transport(),
            limits=wire.LIMITS,
            headers={"User-Agent": f"connectord/{__version__}"},
            follow_redirects=False,  # a token goes to no other host
            mounts={f"all://{host}": None for host in _THIS_MACHINE},  # a proxy can't reach the emulator here
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # headers alone say who is asking
        )
        return self._opened

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; nothing may be asked afterwards."""
        http, self._opened = self._opened, None
        if http is not None:
            await http.aclose()

    async def retire(self) -> None:
        """Hold no connection any more but for calls under way, or such that someone still makes through an App."""
        self._retired = True
        await self._rest()

    async def reconnect(self) -> None:
        """Use no connection of before any more, once calls under way are over: they may be dead without a sign."""
        self._stale = True
        await self._rest()

    async def _rest(self) -> None:
        if (self._retired or self._stale) and not self._under_way:
            self._stale = False
            await self.aclose()

    def app(self, app_id: str) -> App:
        """The operations on one app. Raises Unsendable for an id that could reach another route."""
        return App(app_id, host=self.api_url, call=self)

    async def user(self, *, access_token: str | None = None) -> User:
        """Who is signed in; with `access_token` whom that token belongs to, as during a login."""
        request = Request("show who is signed in", "GET", "/oauth/userinfo")
        if access_token is None:
            return await self.call(request, User)
        signature = {"Authorization": f"Bearer {access_token}"}

        async def attempt(request: Request) -> User:
            return read(await exchange(self._http, request, signature), User, now=self._clock())

        return await self._retried(request, attempt)

    async def ping(self) -> Ping:
        """Whether this host answers at all, asked once and unsigned. Raises Unreachable, TimedOut, UnexpectedReply."""
        return await ping(self._http)

    async def device_code(self) -> DeviceCode:
        """Start a device login (RFC 8628)."""
        return oauth.read_device_code(await exchange(self._http, oauth.device_code_request()), self._clock())

    async def device_token(self, device_code: str) -> Token | oauth.Waiting:
        """Ask once whether the login was confirmed. Raises SignInFailed when it can't be any more."""
        answer = await exchange(self._http, oauth.device_token_request(device_code))
        return oauth.read_device_token(answer, self._clock())

    async def renew(self, refresh_token: str) -> Token:
        """Exchange a refresh token once. Raises GrantRefused when it is worth nothing any more."""
        answer = await exchange(self._http, oauth.renewal_request(refresh_token))
        return oauth.read_renewal(answer, self._clock())

    async def call(self, request: Request, model: type[R]) -> R:
        """Carry out one signed operation and read its reply as `model`. Raises Base44Error."""

        async def attempt(request: Request) -> R:
            answer = await self._signed(request)
            return read(answer, model, now=self._clock(), sign_in=self._credentials.sign_in)

        return await self._retried(request, attempt)

    def turns_left(self, kind: Limited) -> int:
        """How many requests of a kind may be sent now without waiting."""
        return self._pace.turns_left(kind)

    async def _signed(self, request: Request) -> Answer:
        signature = await self._credentials.sign(self.renew)
        answer = await self._attempt(request, signature)
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
        other = await self._credentials.replace(signature, self.renew)
        return answer if other is None else await self._attempt(request, other)

    async def _attempt(self, request: Request, signature: Signature) -> Answer:
        async with self._pace.turn(request.limited, request.operation, spare=request.spare) as turn:
            if request.allowed is not None:
                turn.used = False  # unless it is allowed
                await request.allowed()
                turn.used = True
            answer = await exchange(self._http, request, signature.headers)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._pace.push_out(request.limited, retry_after(answer.headers, self._clock()))
        return answer

    async def _retried(self, request: Request, attempt: Callable[[Request], Awaitable[R]]) -> R:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._retry.attempts if request.idempotent else 1),
            retry=retry_if_exception(partial(self._again, request)),
            wait=self._wait,
            before_sleep=partial(self._tell, request),
            sleep=self._sleep,
            reraise=True,
        )
        self._under_way += 1
        try:
            return await retrying(attempt, request)
        finally:
            self._under_way -= 1
            await self._rest()

    def _again(self, request: Request, error: BaseException) -> bool:
        # A failed renewal has another operation: it is a POST within this call, and POST is not retried.
        return isinstance(error, Base44Error) and error.operation == request.operation and self._retry.again(error)

    def _wait(self, state: RetryCallState) -> float:
        return self._retry.wait(state.attempt_number, _failure(state).retry_after, self._rng)

    def _tell(self, request: Request, state: RetryCallState) -> None:
        if self._on_retry:
            wait, failure = state.upcoming_sleep, _failure(state)
            self._on_retry(Retrying(request.operation, state.attempt_number, wait, failure, request.app_id))


def _failure(state: RetryCallState) -> Base44Error:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, Base44Error):
        raise TypeError("only a Base44Error is retried") from error
    return error
