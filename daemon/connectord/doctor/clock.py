"""Whether this machine's clock is right: tokens and links run out by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connectord.base44 import Ping
from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, broken, ok, unknown
from connectord.doctor.words import span

A_LITTLE: Final = 30.0
TOO_MUCH: Final = 300.0
"""Seconds. Tokens are renewed a minute before they run out; a certificate may be valid for minutes only."""


def check_clock(around: Around) -> Iterator[Finding]:
    """This clock beside the one of the first host that answered."""
    told = next(
        ((host, answer.date) for host, answer in around.pings().items() if isinstance(answer, Ping) and answer.date),
        None,
    )
    if told is None:
        yield unknown("no host answered, so there is none to compare this machine's with")
        return
    host, date = told
    ahead = around.now() - date
    way = f"{span(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} {host}"
    mend = "Let the machine set its clock by the network: timedatectl set-ntp true (on macOS: Date & Time)"
    if abs(ahead) > TOO_MUCH:
        yield broken(f"{way}, so tokens seem valid that aren't, or run out that haven't", mend)
    elif abs(ahead) > A_LITTLE:
        yield attention(way, mend)
    else:
        yield ok(f"the same as at {host}, within {A_LITTLE:.0f} s")
