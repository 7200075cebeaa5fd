"""The value that every way to reach a person carries: what it is about, in plain words, and what can be answered."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Final

TITLE_LIMIT: Final = 160
BODY_LIMIT: Final = 800
"""Characters; what is longer is cut with an ellipsis. Servers cut without saying so."""


class NoticeKind(StrEnum):
    """What it is about (design.md, "Notices")."""

    NEEDS_AUTHORIZATION = "needs-authorization"
    AUTHORIZED = "authorized"
    TIMED_OUT = "timed-out"
    AUTHORIZATION_FAILED = "authorization-failed"
    FAILED = "failed"
    REMOVALS_HELD = "removals-held"
    REMOVAL_COMING = "removal-coming"
    INVALID_FILE = "invalid-file"
    SIGNED_OUT = "signed-out"
    CONNECTION_EXPIRED = "connection-expired"
    GRANTED_LESS = "granted-less"
    STRIPE_READY = "stripe-ready"
    UNREACHABLE = "unreachable"
    TEST = "test"  # asked for, to see where notices appear


class Action(StrEnum):
    """What a person can answer with one press; what it is about is the notice's subject."""

    AUTHORIZE = "authorize"
    SKIP = "skip"
    APPROVE = "approve"
    RESTORE = "restore"
    KEEP = "keep"
    CLAIM = "claim"

    @property
    def label(self) -> str:
        """What stands on the button."""
        return self.value.capitalize()


class Urgency(IntEnum):
    """How much a person is needed. The order counts: `attention` as a level shows what is at least that."""

    INFORMATION = 0  # nobody is needed; shown only to who asks for all
    ATTENTION = 1  # a person is needed, some time
    CRITICAL = 2  # a person is needed now, or something happens without


@dataclass(frozen=True, slots=True)
class Link:
    """Where to click, and what for."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice for one batch. `title` is a whole sentence that reads well alone; `body` says what to do.

    `subject` is the stable key of the thing it is about: a later notice of the same subject takes this one's place,
    and withdrawing the subject takes it away. `place` is the project's folder, or the host where it is about no
    project; `project` is its name. `links` are for the log and a user's own command: a desktop has `buttons`, of which
    the first is also what a click on the body does.
    """

    kind: NoticeKind
    subject: str
    title: str
    body: str = ""
    project: str = ""
    place: str = ""
    links: tuple[Link, ...] = ()
    buttons: tuple[Action, ...] = ()
    urgency: Urgency = Urgency.ATTENTION

    def covers(self, later: Notice) -> bool:
        """Whether who has seen this learns nothing from `later`: the same again, or fewer of the same (P11)."""
        if self == later:
            return True
        fewer = bool(later.links) and set(later.links) < set(self.links)
        return fewer and (self.kind, self.subject) == (later.kind, later.subject)


def subject_of(kind: NoticeKind, place: Path | str, item: str = "") -> str:
    """The key of what a notice is about: its kind, the project's folder (or a host), and which part of it if any."""
    return " ".join(word for word in (kind.value, str(place), item) if word)


def presentable(notice: Notice, clean: Callable[[str], str]) -> Notice:
    """The notice as it may leave the process: without tokens (P13: `clean` masks them), control characters and excess.

    Errors and file contents are quoted in it, so their text is not ours.
    """
    return replace(
        notice,
        title=_cut(_printable(clean(notice.title)).replace("\n", " "), TITLE_LIMIT),
        body=_cut(_printable(clean(notice.body)), BODY_LIMIT),
    )


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter == "\n" or unicodedata.category(letter) not in {"Cc", "Cf"})


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
