"""Whether a Base44 answers at all, how soon, and what time it is there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from connectord.base44.exchange import exchange
from connectord.base44.request import Request
from connectord.base44.words import is_web_page, web_page_words

PING_SECONDS: Final = 5.0

# A route of Base44's that has no effect; without a signature its answer is 401, which is as good as any.
_REQUEST: Final = Request("ask whether it is there", "GET", "/oauth/userinfo", limit=PING_SECONDS)


@dataclass(frozen=True, slots=True)
class Ping:
    """An answer of any status. `seconds` is from the first byte sent to the last one read.

    `date` is the answerer's time (its Date header), seconds since the epoch. `page` is empty, or says which web page
    answered where JSON was due: a proxy's, or a network's sign-in page.
    """

    status: int
    seconds: float
    date: float | None = None
    page: str = ""


async def ping(client: httpx.AsyncClient) -> Ping:
    """One unsigned GET. Raises Unreachable, TimedOut and UnexpectedReply."""
    begun = time.perf_counter()
    answer = await exchange(client, _REQUEST)
    seconds = time.perf_counter() - begun
    page = web_page_words(answer.body) if is_web_page(answer.headers.get("content-type", ""), answer.body) else ""
    return Ping(answer.status, seconds, _date(answer.headers), page)


def _date(headers: Mapping[str, str]) -> float | None:
    try:
        moment = parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
