"""The unit and the plist as they are shipped: beside this package in a wheel, in `service/` of a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Final

UNIT: Final = "connectord.service"
PLIST: Final = "connectord.plist"

_HERE: Final = Path(__file__).parent
_CHECKOUT: Final = _HERE.parents[2] / "service"


def template(name: str) -> str:
    """The text of one of them."""
    place = next(folder for folder in (_HERE, _CHECKOUT) if (folder / name).is_file())
    return (place / name).read_text(encoding="utf-8")
