"""A question that several checks have and that is asked once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from connectord.errors import ConnectordError

T = TypeVar("T")


class Asked(Generic[T]):
    """Asks when the first thread wants to know; the others get the same answer, or the same ConnectordError.

    Whoever comes while it is being asked waits as long: the question has a limit of its own.
    """

    def __init__(self, question: Callable[[], T]) -> None:
        self._question = question
        self._lock = threading.Lock()
        self._answers: list[T] = []
        self._error: ConnectordError | None = None

    def __call__(self) -> T:
        """The answer. Raises the ConnectordError that it ended in."""
        with self._lock:
            if not self._answers and self._error is None:
                try:
                    self._answers.append(self._question())
                except ConnectordError as error:
                    self._error = error
        if self._error is not None:
            raise self._error
        return self._answers[0]
