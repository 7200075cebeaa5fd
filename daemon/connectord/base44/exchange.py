"""One attempt on the wire: a request goes out, a bounded reply comes back in a bounded time, or it is said why not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn
from uuid import uuid4

import httpx

from connectord.base44.errors import TimedOut, UnexpectedReply, Unreachable
from connectord.base44.request import Request
from connectord.base44.words import plain

LARGEST_REPLY: Final = 4 * 1024 * 1024
"""Bytes of a reply, decoded; the longest real ones (the catalogue) have some tens of thousands."""

_CUT_OFF: Final = "The reply was cut off"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole reply of any status. `request_id` is the reply's own, else the one that was sent.

    Header names are lower case. `secrets` were sent with the request and must not be repeated in any error (P13).
    """

    request: Request
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    secrets: tuple[str, ...] = field(default=(), repr=False)


async def exchange(client: httpx.AsyncClient, request: Request, signature: Mapping[str, str] | None = None) -> Answer:
    """Send `request` once, signed with the headers of `signature`, under an X-Request-ID of its own.

    Raises Unreachable where no connection came about or it broke before the reply, TimedOut after `request.limit`
    seconds, UnexpectedReply for a body that is too large, cut off or wrongly encoded.
    """
    attempt = _Attempt(client, request, signature or {})
    try:
        async with asyncio.timeout(request.limit):
            return await attempt.run()
    except TimeoutError:
        raise attempt.timed_out() from None


class _Attempt:
    """What one attempt knows about itself, for the errors that it may end in."""

    def __init__(self, client: httpx.AsyncClient, request: Request, signature: Mapping[str, str]) -> None:
        self._client = client
        self._request = request
        self._signature = signature
        self._request_id = str(uuid4())
        self._status: int | None = None
        self._outgoing = client.build_request(
            request.method,
            request.path,
            params=request.query or None,
            content=request.body,
            headers=self._headers(),
            # Half the time for connecting: a host that can't be reached is told apart from one that doesn't answer.
            timeout=httpx.Timeout(request.limit, connect=request.limit / 2, pool=request.limit / 2),
        )

    async def run(self) -> Answer:
        """The reply, headers and body."""
        try:
            response = await self._client.send(self._outgoing, stream=True)
        except (httpx.ConnectTimeout, httpx.PoolTimeout):
            raise self._unreachable(f"no connection within {self._request.limit / 2:g} s") from None
        except httpx.TimeoutException:
            raise self.timed_out() from None
        except httpx.LocalProtocolError:
            # Its text quotes the header at fault, which may be the token (P13).
            raise self._unreachable("the request can't be written as HTTP") from None
        except httpx.TransportError as error:
            raise self._unreachable(plain(str(error)) or type(error).__name__) from error
        try:
            return self._answer(response, await self._body(response))
        finally:
            await response.aclose()

    def timed_out(self) -> TimedOut:
        """The error for a reply that did not come, or did not end, in time."""
        missing = "finish its answer" if self._status else "answer"
        return TimedOut(
            f"Base44 did not {missing} within {self._request.limit:g} s, when asked to {self._request.operation} "
            f"(request {self._request_id}); it may have done it",
            operation=self._request.operation,
            url=self._url,
            status=self._status,
            request_id=self._request_id,
            todo=("Check the network, then try again.",),
        )

    async def _body(self, response: httpx.Response) -> bytes:
        self._status = response.status_code
        self._request_id = plain(response.headers.get("x-request-id", ""), limit=100) or self._request_id
        body = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_REPLY:
                    self._unexpected(f"The reply is larger than {LARGEST_REPLY // 1024 // 1024} MiB")
        except httpx.TimeoutException:
            raise self.timed_out() from None
        except httpx.RemoteProtocolError as error:
            self._unexpected(_CUT_OFF, error)
        except httpx.DecodingError as error:
            self._unexpected("The reply's compression is broken", error)
        except httpx.TransportError as error:
            raise self._unreachable(f"the connection broke in the middle of the reply ({plain(str(error))})") from error
        return bytes(body)

    def _answer(self, response: httpx.Response, body: bytes) -> Answer:
        secrets = tuple(value.removeprefix("Bearer ") for value in self._signature.values())
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(
            request=self._request,
            url=self._url,
            status=response.status_code,
            headers=headers,
            body=body,
            request_id=self._request_id,
            secrets=secrets + self._request.secrets,
        )

    def _unreachable(self, why: str) -> Unreachable:
        host = self._outgoing.url.netloc.decode("ascii", "replace")
        return Unreachable(
            f"Can't reach Base44 at {host} to {self._request.operation}: {why}",
            operation=self._request.operation,
            url=self._url,
            status=self._status,
            request_id=self._request_id,
            todo=("Check the network, a proxy or VPN, and BASE44_API_URL.",),
        )

    def _unexpected(self, what: str, cause: Exception | None = None) -> NoReturn:
        raise UnexpectedReply(
            f"{what}, when Base44 was asked to {self._request.operation} ({self._status}, request {self._request_id})",
            operation=self._request.operation,
            url=self._url,
            status=self._status,
            request_id=self._request_id,
            todo=("Try again in a minute.",),
        ) from cause

    def _headers(self) -> dict[str, str]:
        headers = {"X-Request-ID": self._request_id, "Accept": "application/json", **self._signature}
        if self._request.content_type:
            headers["Content-Type"] = self._request.content_type
        return headers

    @property
    def _url(self) -> str:
        return str(self._outgoing.url.copy_with(query=None))
