"""Notices through programs: the user's own command, and osascript on a Mac. One at a time, never waited for."""

from __future__ import annotations

import asyncio
import shutil
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from pydantic import BaseModel

from connectord.notify.notice import Notice
from connectord.notify.notifier import Channel, ChannelState, OnAction, no_action
from connectord.notify.program import Invocation, ProgramFailed, run_program

MOST_WAITING: Final = 32
"""Notices that may wait for a slow program; then the oldest is left out, and said to be."""

RunProgram = Callable[[Invocation], Awaitable[None]]
"""Runs a program to its end, with a time limit; raises ProgramFailed."""

_SCRIPT: Final = (
    "on run argv",
    "display notification (item 3 of argv) with title (item 1 of argv) subtitle (item 2 of argv)",
    "end run",
)


class NoticeMessage(BaseModel):
    """What a user's own command reads on standard input, as one JSON object. Keys are added, never renamed."""

    version: int = 1
    kind: str
    subject: str
    project: str
    place: str
    urgency: str
    title: str
    body: str
    actions: tuple[str, ...]
    links: tuple[dict[str, str], ...]


class ProgramNotifier:
    """Runs a program for each notice, from a task of its own (`run`).

    There is nothing to take back or to answer: a program is done when it has ended. `state` follows the last run.
    """

    def __init__(
        self,
        channel: Channel,
        program: str,
        invocation: Callable[[Notice], Invocation],
        *,
        on_trouble: Callable[[str], None],
        run_one: RunProgram = run_program,
    ) -> None:
        self._invocation = invocation
        self._on_trouble = on_trouble
        self._run_one = run_one
        self._waiting: deque[Notice] = deque()
        self._wake = asyncio.Event()
        self._channel = channel
        self._program = program
        found = shutil.which(program) is not None
        self._state = self._state_with("" if found else f"{program} is not there, or is no program")
        self.on_action: OnAction = no_action

    @property
    def state(self) -> ChannelState:
        """Whether the program did what it was started for, the last time."""
        return self._state

    def notify(self, notice: Notice) -> None:
        """Run it for this notice, after those that wait."""
        self.withdraw(notice.subject)
        self._waiting.append(notice)
        if len(self._waiting) > MOST_WAITING:
            self._note(f"{self._program} is too slow: a notice was left out ({self._waiting.popleft().title})")
        self._wake.set()

    def withdraw(self, subject: str) -> None:
        """Don't run it for this one any more, if it still waits."""
        self._waiting = deque(notice for notice in self._waiting if notice.subject != subject)

    async def run(self) -> None:
        """Work off what waits until cancelled."""
        while True:
            self._wake.clear()
            while self._waiting:
                await self._tell(self._waiting.popleft())
            await self._wake.wait()

    async def _tell(self, notice: Notice) -> None:
        try:
            await self._run_one(self._invocation(notice))
        except ProgramFailed as failure:
            self._note(failure.why)
        else:
            self._state = self._state_with("")

    def _note(self, why: str) -> None:
        self._state = self._state_with(why)
        self._on_trouble(why)

    def _state_with(self, why: str) -> ChannelState:
        return ChannelState(self._channel, works=not why, why=why, through=self._program)


def command_notifier(
    command: Sequence[str], *, on_trouble: Callable[[str], None], run_one: RunProgram = run_program
) -> ProgramNotifier:
    """The user's own `notify_command`, a program and its arguments, with the notice as JSON on standard input."""
    words = tuple(command)

    def invocation(notice: Notice) -> Invocation:
        return Invocation(words, _message(notice).model_dump_json() + "\n")

    return ProgramNotifier(Channel.COMMAND, words[0], invocation, on_trouble=on_trouble, run_one=run_one)


def osascript_notifier(*, on_trouble: Callable[[str], None], run_one: RunProgram = run_program) -> ProgramNotifier:
    """The Mac's own way for a program that is no app bundle."""
    return ProgramNotifier(Channel.OSASCRIPT, "osascript", osascript_invocation, on_trouble=on_trouble, run_one=run_one)


def osascript_invocation(notice: Notice) -> Invocation:
    """The texts go as arguments, never into the script: nobody's file name is code.

    The first argument is a word of ours, since one that begins with "-" would be read as an option there.
    """
    script = tuple(word for line in _SCRIPT for word in ("-e", line))
    return Invocation(("osascript", *script, "connectord", notice.title, notice.body))


def _message(notice: Notice) -> NoticeMessage:
    return NoticeMessage(
        kind=notice.kind,
        subject=notice.subject,
        project=notice.project,
        place=notice.place,
        urgency=notice.urgency.name.lower(),
        title=notice.title,
        body=notice.body,
        actions=notice.buttons,
        links=tuple({"label": link.label, "url": link.url} for link in notice.links),
    )
