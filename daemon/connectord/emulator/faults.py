"""Faults that can be switched on: what goes wrong, for which operation, and how often."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

EVERY_ROUTE: Final = "*"


class FaultBody(StrEnum):
    """What comes instead of a proper body."""

    TRUNCATED = "truncated"  # the first half of the true reply
    NOTHING = "nothing"  # the true reply with its lists emptied, as if there were nothing
    HTML = "html"  # as a proxy answers
    EMPTY = "empty"
    LARGE = "large"  # 100 MB that begin like JSON
    ENDLESS = "endless"  # goes on until the client hangs up


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. `delay` and `retry_after` are seconds; `retry_after` may be an HTTP date.

    `route` is an operation's name or "*"; `app` narrows it to one app, `type` to one connector. A fault that changes
    the reply keeps the operation from being carried out, unless `carried_out`: then it takes effect at once and only
    the reply suffers. Without that, a client that hangs up during a delay has changed nothing.
    `count` is how often it still happens; None is for good.
    """

    route: str = EVERY_ROUTE
    method: str | None = None
    app: str | None = None
    type: str | None = None
    status: int | None = None
    retry_after: str | None = None
    delay: float = 0.0
    reset: bool = False
    body: FaultBody | None = None
    carried_out: bool = False
    count: int | None = None

    @property
    def only_delays(self) -> bool:
        """Whether the reply, once it comes, is the true one."""
        return self.status is None and not self.reset and self.body is None

    @property
    def lets_it_happen(self) -> bool:
        """Whether the operation takes effect."""
        return self.carried_out or self.only_delays or self.body in _FROM_THE_TRUE_REPLY

    def hits(self, route: str, method: str, type_: str | None, app: str | None = None) -> bool:
        """Whether this fault is meant for such a request."""
        return (
            self.route in (EVERY_ROUTE, route)
            and self.method in (None, method)
            and self.app in (None, app)
            and (self.type is None or self.type == type_)
        )


_FROM_THE_TRUE_REPLY: Final = frozenset({FaultBody.TRUNCATED, FaultBody.NOTHING})


class Faults:
    """The faults that are on, oldest first."""

    def __init__(self) -> None:
        self._active: list[Fault] = []

    @property
    def active(self) -> tuple[Fault, ...]:
        """What is still to go wrong."""
        return tuple(self._active)

    def add(self, fault: Fault) -> None:
        """Switch a fault on; it comes after those that are on already."""
        self._active.append(fault)

    def clear(self, app: str | None = None) -> None:
        """Switch everything off, or what is meant for one app alone."""
        self._active = [fault for fault in self._active if app is not None and fault.app != app]

    def take(self, route: str, method: str, type_: str | None, app: str | None = None) -> Fault | None:
        """The fault that this request meets, if any: the oldest that fits, counted down by one."""
        for index, fault in enumerate(self._active):
            if fault.hits(route, method, type_, app):
                self._count_down(index, fault)
                return fault
        return None

    def _count_down(self, index: int, fault: Fault) -> None:
        if fault.count is None:
            return
        if fault.count <= 1:
            del self._active[index]
        else:
            self._active[index] = replace(fault, count=fault.count - 1)
