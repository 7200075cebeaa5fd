"""What a consent lacks, in the words that news, status and `push` share (defect 10 of the CLI)."""

from __future__ import annotations

from collections.abc import Collection


def added(missing: Collection[str], requested: int) -> str:
    """That a connector is added, and which of the scopes that were asked for it hasn't got."""
    if not missing:
        return "Added"
    return f"Added, but {len(missing)} of {requested} scopes were not granted: {', '.join(missing)}"
