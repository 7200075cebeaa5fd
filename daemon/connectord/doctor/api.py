"""Whether each host of Base44's answers, how soon, and that it is Base44 that does."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from connectord.base44 import Ping
from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, broken, of_error, ok
from connectord.errors import ConnectordError

SLOW_SECONDS: Final = 1.0


def check_api(around: Around) -> Iterator[Finding]:
    """One finding for each host."""
    for host, answer in around.pings().items():
        yield of_error(answer) if isinstance(answer, ConnectordError) else _of(host, answer)


def _of(host: str, answer: Ping) -> Finding:
    took = f"{answer.seconds * 1000:.0f} ms"
    if answer.page:
        return broken(
            f"{host} answers with {answer.page}, where Base44's API would not",
            "A network that wants a sign-in, or a proxy, does so: open any page in a browser.",
            "Or BASE44_API_URL names something else.",
        )
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return attention(
            f"{host} answers in {took}, with error {answer.status}",
            "Base44 has a problem of its own just now; what waits is pushed when it is over.",
        )
    if answer.seconds > SLOW_SECONDS:
        return attention(f"{host} answers in {took}, which is slow", "Everything works, later than it could.")
    return ok(f"{host} answers in {took}")
