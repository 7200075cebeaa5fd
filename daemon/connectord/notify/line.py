"""The one way that always works: a line where the daemon's other lines go."""

from __future__ import annotations

from collections.abc import Callable

from connectord.notify.notice import Notice
from connectord.notify.notifier import Channel, ChannelState, OnAction, no_action


class LineNotifier:
    """Hands each notice to `write` at once."""

    def __init__(self, write: Callable[[Notice], None]) -> None:
        self._write = write
        self.on_action: OnAction = no_action

    @property
    def state(self) -> ChannelState:
        """It works."""
        return ChannelState(Channel.LOG, works=True)

    def notify(self, notice: Notice) -> None:
        """Show it."""
        self._write(notice)

    def withdraw(self, subject: str) -> None:
        """A line that was written stays; what became of it is said by a line of its own."""
