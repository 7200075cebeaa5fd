"""Whether file events are not to be relied on at all: the person says so, or the system is known for it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Final

VARIABLE: Final = "WATCHFILES_FORCE_POLLING"


def forced_polling(environ: Mapping[str, str], release: str | None = None) -> str | None:
    """Why everything is to be polled, as watchfiles itself decides it (its issue 187); None: events will do.

    `release` is the kernel's, in which WSL names itself: what Windows programs write is no event there.
    """
    said = environ.get(VARIABLE, "")
    if said:
        return None if said.lower() in {"false", "disable", "disabled"} else f"{VARIABLE} is set"
    if "microsoft-standard" in (platform.uname().release if release is None else release).lower():
        return f"This is WSL, which has no events for what Windows programs write ({VARIABLE}=false uses them still)"
    return None
