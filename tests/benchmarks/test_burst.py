"""When a burst of saves counts as settled."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.benchmarks.base44 import Receipt
from tests.benchmarks.contender import WITHIN
from tests.benchmarks.parts.burst import settled

WANTED = {"slack": ["new"]}


class Base44:
    """Has got what is wanted with the request that came at 8.0, which shows after so many questions."""

    def __init__(self, after: int) -> None:
        self._after = after

    def scopes_of(self, app_id: str) -> dict[str, list[str]]:
        self._after -= 1
        return {"slack": ["old"] if self._after >= 0 else ["new"]}

    def receipts(self) -> Sequence[Receipt]:
        return [Receipt(at, "set", "app", "slack", ("x",), None) for at in (1.0, 8.0)]


class Pushing:
    """Says that pushes were done at these times, and nothing after that."""

    name, pid = "connectord", 1

    def __init__(self, *done: float) -> None:
        self._done = list(done)

    def done(self, within: float = WITHIN) -> float:
        if not self._done:
            raise TimeoutError
        return self._done.pop(0)


@pytest.mark.parametrize("after", [0, 2])
def test_it_is_when_the_push_was_done_that_carried_the_last_of_it(after: int) -> None:
    assert settled(Base44(after), Pushing(1.5, 3.0, 8.5, 9.5), "app", WANTED) == 8.5


def test_where_nothing_is_pushed_it_never_is() -> None:
    with pytest.raises(TimeoutError):
        settled(Base44(9), Pushing(1.5), "app", WANTED)
