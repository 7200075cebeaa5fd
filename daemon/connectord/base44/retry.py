"""When a failed attempt is made again within one call, and after how long (P8). Pure: time and chance are handed in."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from connectord.base44.errors import Base44Error, Busy, TimedOut, Unreachable

RETRIED_STATUSES: Final = frozenset({408, 413, 429, 500, 502, 503, 504})
"""What the CLI retries too (protocol.md); 413 is Busy only with a Retry-After."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how patiently one call tries. Times are seconds.

    The wait before attempt n+1 is drawn between 0 and `first_backoff` * 2**(n-1), `longest_backoff` at most (full
    jitter), and comes on top of a Retry-After. A Retry-After over `longest_wait` is not waited for inside a call:
    the call ends with Busy and its `retry_after`, so that the caller can schedule it. `after_timeout`: whether a call
    tries on where an answer didn't come in time.
    """

    attempts: int = 3
    first_backoff: float = 0.5
    longest_backoff: float = 10.0
    longest_wait: float = 60.0
    after_timeout: bool = True

    def again(self, error: BaseException) -> bool:
        """Whether an idempotent request that failed like this is worth another attempt right now."""
        if isinstance(error, Busy):
            return error.status in RETRIED_STATUSES and (error.retry_after or 0.0) <= self.longest_wait
        return isinstance(error, Unreachable) or (self.after_timeout and isinstance(error, TimedOut))

    def wait(self, attempt: int, retry_after: float | None, rng: random.Random) -> float:
        """Seconds between the failed attempt (counted from 1) and the next."""
        ceiling = min(self.longest_backoff, self.first_backoff * 2 ** (attempt - 1))
        return (retry_after or 0.0) + rng.uniform(0.0, ceiling)


BRIEF: Final = Retry(attempts=2, longest_wait=1.0, after_timeout=False)
"""For a caller with a schedule of its own, such as the daemon: a call ends soon, so that it shows how things are."""


@dataclass(frozen=True, slots=True)
class Retrying:
    """News for a person: attempt number `attempt` failed with `error`, and the next follows in `wait` seconds.

    `app_id`: whose connectors it was about, where it was about an app's.
    """

    operation: str
    attempt: int
    wait: float
    error: Base44Error
    app_id: str | None = None


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that a reply asks to wait, from seconds or an HTTP date (RFC 9110, 10.2.3); nonsense is None."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, now)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _seconds_until(date: str, now: float) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return math.nan
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
