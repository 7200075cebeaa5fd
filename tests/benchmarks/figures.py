"""What a benchmark writes down: raw values with their conditions, and the figures that are quoted of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


class Measurement(BaseModel):
    """Values of one quantity under the same conditions, in the order in which they were taken.

    `who` is the program that was measured, `what` the quantity, `conditions` what was varied, in words and numbers.
    """

    model_config = ConfigDict(frozen=True)

    who: str
    what: str
    unit: str
    conditions: dict[str, int | str]
    values: tuple[float, ...]

    @property
    def figures(self) -> Figures:
        """The figures of these values."""
        return figures(self.values)

    def fits(self, who: str | None, what: str | None, conditions: Mapping[str, int | str]) -> bool:
        """Whether it is about this; None is whoever, and whatever."""
        if (who or self.who, what or self.what) != (self.who, self.what):
            return False
        return all(self.conditions.get(name) == value for name, value in conditions.items())


@dataclass(frozen=True, slots=True)
class Figures:
    """Median, 99th percentile (nearest rank; with fewer than a hundred values it is the greatest) and the noise."""

    count: int
    least: float
    median: float
    p99: float
    most: float


def figures(values: Sequence[float]) -> Figures:
    """The figures of at least one value."""
    ordered = sorted(values)
    p99 = ordered[math.ceil(len(ordered) * 0.99) - 1]
    return Figures(len(ordered), ordered[0], statistics.median(ordered), p99, ordered[-1])
