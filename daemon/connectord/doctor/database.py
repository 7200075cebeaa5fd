"""Whether the state database can be used. Looked at beside a running daemon, and never written."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, broken, ok
from connectord.doctor.words import size


def check_database(around: Around) -> Iterator[Finding]:
    """Its health, and what was set aside."""
    found = around.database()
    if found.problem:
        yield broken(
            f"{found.path} {found.problem}",
            "The next start of the daemon sets it aside and begins a new one: connectord stop, then connectord start",
            "Files are then pushed once more, nothing is removed, and projects have to be added again.",
        )
    elif found.size is None:
        yield ok(f"there is none yet: the first start makes {found.path}")
    else:
        yield ok(f"{found.path} is whole ({size(found.size)})")
    if found.aside:
        yield attention(
            f"earlier databases couldn't be used and were set aside; the newest is {found.aside[-1].name}",
            f"If nothing in them is missed, delete them: rm {quote(str(found.path))}.aside-*",
        )
