"""What every way to reach a person is to the rest of the daemon, and how it says whether it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from connectord.notify.notice import Action, Notice
from connectord.notify.policy import Rules

OnAction = Callable[[Action, str], None]
"""Called in the event loop with what a person answered, and the subject of the notice. Must return at once."""


OnShown = Callable[[str], None]
"""Called in the event loop with the subject of a notice, just before it is handed to the channels."""


def no_action(action: Action, subject: str) -> None:
    """Nobody listens for answers (yet)."""


def not_heard(subject: str) -> None:
    """Nobody wants to know what was shown (yet)."""


class Channel(StrEnum):
    """A way to reach the person."""

    DESKTOP = "desktop"  # a notification server on the session bus: texts, buttons, withdrawal
    OSASCRIPT = "osascript"  # macOS without an app bundle: texts only
    COMMAND = "command"  # the user's own program
    LOG = "log"  # the daemon's lines and log file, and status
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a way to the person does. `why` is a sentence wherever it doesn't work as it was asked for.

    `through` is who shows it ("dunst 1.9.0", a program's path); `buttons` says whether answers can be pressed there.
    """

    channel: Channel
    works: bool
    why: str = ""
    through: str = ""
    buttons: bool = False


class Notifier(Protocol):
    """A way to reach the person. No method waits, and none raises: trouble is seen in `state` and in the log."""

    on_action: OnAction

    @property
    def state(self) -> ChannelState:
        """What really works now, not what was asked for."""

    def notify(self, notice: Notice) -> None:
        """Show it soon and return at once; a job never waits for a person."""

    def withdraw(self, subject: str) -> None:
        """It is settled: take it away where it is still to be seen. An unknown subject is nothing special."""


class Telling(Notifier, Protocol):
    """All ways to the person together: `rules` say when and what, and what was shown is told to `on_shown`."""

    on_shown: OnShown
    rules: Rules

    @property
    def states(self) -> tuple[ChannelState, ...]:
        """Each channel that was chosen, best first."""


class RunningNotifier(Notifier, Protocol):
    """A notifier with a task of its own, which the composition owns."""

    async def run(self) -> None:
        """Send what comes until cancelled. Never ends or raises by itself."""
