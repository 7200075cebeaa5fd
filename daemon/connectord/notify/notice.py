"""What a person is told when, and only when, a person is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class NoticeKind(StrEnum):
    """What it is about (design.md, "Notices")."""

    NEEDS_AUTHORIZATION = "needs-authorization"
    STRIPE_READY = "stripe-ready"


@dataclass(frozen=True, slots=True)
class Link:
    """Where to click, and what for."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice for one batch: a line to read and the links that settle it."""

    kind: NoticeKind
    title: str
    links: tuple[Link, ...] = ()


class Notifier(Protocol):
    """A way to reach the person."""

    def notify(self, notice: Notice) -> None:
        """Show it and return at once; a job never waits for a person."""


class LineNotifier:
    """Writes a notice where the daemon's other lines go. The one way that always works."""

    def __init__(self, write: Callable[[Notice], None]) -> None:
        self._write = write

    def notify(self, notice: Notice) -> None:
        """Show it."""
        self._write(notice)


def authorization_notice(app: str, links: tuple[Link, ...]) -> Notice:
    """The notice for a batch of needed authorizations of one project."""
    names = ", ".join(link.label for link in links)
    verb = "needs" if len(links) == 1 else "need"
    return Notice(NoticeKind.NEEDS_AUTHORIZATION, f"{names} {verb} your authorization ({app})", links)


def stripe_notice(app: str, claim_url: str) -> Notice:
    """The notice for a provisioned Stripe sandbox that can be claimed."""
    return Notice(
        NoticeKind.STRIPE_READY, f"The Stripe sandbox is ready to claim ({app})", (Link("stripe", claim_url),)
    )
