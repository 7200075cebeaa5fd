"""Times and sizes as a person says them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60))
_SIZES: Final = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def span(seconds: float) -> str:
    """A length of time, roughly."""
    whole = int(seconds)
    return next((f"{whole // size} {unit}" for unit, size in _UNITS if whole >= size), f"{whole} s")


def moment(at: float, now: float) -> str:
    """A moment here: the time of day, with the date unless it is today's."""
    local, today = datetime.fromtimestamp(at).astimezone(), datetime.fromtimestamp(now).astimezone().date()
    return f"{local:%H:%M:%S}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def size(count: float) -> str:
    """So many bytes."""
    return next((f"{count / unit:.1f} {name}" for name, unit in _SIZES if count >= unit), f"{count:.0f} bytes")


def count(number: int, word: str) -> str:
    """So many of something."""
    return f"1 {word}" if number == 1 else f"{number} {word}s"
