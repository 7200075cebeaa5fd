"""docs/performance.md brought up to date: its sentences are people's, its tables and pictures are the results'."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import results
from tests.benchmarks.goals import goals
from tests.benchmarks.plots import draw
from tests.benchmarks.tables import BLOCKS, Measured

_BLOCK = re.compile(r"(?P<begin><!-- (?P<name>\w+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


def read(place: Path) -> Measured:
    """The results that are kept below `place`."""
    return Measured(results.load(place / "now"), results.load(place / "before"))


def fill_in(page: str, measured: Measured) -> str:
    """The page with its tables as they are measured. Raises KeyError for a block that nobody knows."""

    def filled(match: re.Match[str]) -> str:
        return f"{match['begin']}\n{_blocks(match['name'])(measured)}\n\n{match['end']}"

    return _BLOCK.sub(filled, page)


def _blocks(name: str) -> Callable[[Measured], str]:
    return goals if name == goals.__name__ else BLOCKS[name]


def bring_up_to_date(page: Path, place: Path) -> None:
    """Write the tables into the page, and the pictures beside the results."""
    measured = read(place)
    page.write_text(fill_in(page.read_text(encoding="utf-8"), measured), encoding="utf-8")
    draw(measured, place)
