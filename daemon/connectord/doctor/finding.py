"""What a check found: how it is, in a sentence, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connectord.errors import ConnectordError


class State(StrEnum):
    """How it is with what was checked."""

    OK = "ok"
    ATTENTION = "attention"  # it works, but not as well as it could, or something isn't set up (yet)
    BROKEN = "broken"  # something doesn't work
    UNKNOWN = "unknown"  # it couldn't be looked at, because of what another check found


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. `what` is a sentence or less, `details` are lines below it, `fix` is what to do.

    None of them has a token in it (P13); whoever prints them masks what looks like one all the same.
    """

    state: State
    what: str
    details: tuple[str, ...] = ()
    fix: tuple[str, ...] = ()


def ok(what: str, *details: str) -> Finding:
    """It is as it should be."""
    return Finding(State.OK, what, details)


def attention(what: str, *fix: str, details: tuple[str, ...] = ()) -> Finding:
    """It deserves a look."""
    return Finding(State.ATTENTION, what, details, fix)


def broken(what: str, *fix: str, details: tuple[str, ...] = ()) -> Finding:
    """It doesn't work."""
    return Finding(State.BROKEN, what, details, fix)


def unknown(what: str, *details: str) -> Finding:
    """It couldn't be looked at; another check says what to do about that."""
    return Finding(State.UNKNOWN, what, details)


def of_error(error: ConnectordError) -> Finding:
    """An error in its own words."""
    return Finding(State.BROKEN, error.what, error.details, error.todo)
