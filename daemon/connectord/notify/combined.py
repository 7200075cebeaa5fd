"""The daemon's notifier: what the person's rules let through, on the channels that were chosen."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from connectord.notify.desk import Desk, Show
from connectord.notify.notice import Action, Notice, presentable
from connectord.notify.notifier import ChannelState, OnAction, OnShown, RunningNotifier, no_action, not_heard
from connectord.notify.policy import Rules

LONGEST_WAIT: Final = 60.0
"""Seconds until the day's clock is looked at again: quiet hours end by it, and machines sleep."""


class CombinedNotifier:
    """Shows each notice on `channels` when the rules allow.

    `instead` says what holds without channels, or with none that works; `clean` masks tokens (P13). `now` is the time
    of the day, aware. One task (`run`) owns the channels' tasks.
    """

    def __init__(
        self,
        channels: tuple[RunningNotifier, ...],
        *,
        instead: ChannelState,
        rules: Rules,
        clean: Callable[[str], str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._channels = channels
        self._instead = instead
        self._clean = clean
        self._now = now
        self._desk = Desk(rules)
        self._wake = asyncio.Event()
        self.on_action: OnAction = no_action
        self.on_shown: OnShown = not_heard
        for channel in channels:
            channel.on_action = self._answered

    @property
    def state(self) -> ChannelState:
        """The first channel that works, with why others don't; without one, the log (or nothing) and why."""
        states = self.states
        why = " ".join(f"{state.channel}: {state.why}." for state in states if not state.works)
        best = next((state for state in states if state.works), self._instead)
        return replace(best, why=why or best.why)

    @property
    def states(self) -> tuple[ChannelState, ...]:
        """Each channel that was chosen, best first."""
        return tuple(channel.state for channel in self._channels)

    @property
    def rules(self) -> Rules:
        """What the person asked for; may be replaced (a snooze) and holds from then on."""
        return self._desk.rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._desk.rules = rules
        self._wake.set()

    def notify(self, notice: Notice) -> None:
        """Show it soon."""
        if self._channels:
            self._desk.put(presentable(notice, self._clean), self._now())
            self._wake.set()

    def withdraw(self, subject: str) -> None:
        """It is settled: take it away where it is still to be seen, or wasn't yet."""
        self._desk.withdraw(subject)
        self._wake.set()

    async def run(self) -> None:
        """Show what comes until cancelled."""
        async with asyncio.TaskGroup() as group:
            for channel in self._channels:
                group.create_task(channel.run(), name=f"notices: {channel.state.channel}")
            while True:
                self._wake.clear()
                self._show_what_is_due()
                await self._wait()

    def _show_what_is_due(self) -> None:
        for step in self._desk.take(self._now()):
            for subject in self._desk.parts_of(step.notice.subject) if isinstance(step, Show) else ():
                self.on_shown(subject)
            for channel in self._channels:
                if isinstance(step, Show):
                    channel.notify(step.notice)
                else:
                    channel.withdraw(step.subject)

    async def _wait(self) -> None:
        now = self._now()
        due = self._desk.due(now)
        seconds = None if due is None else min(LONGEST_WAIT, max(0.0, (due - now).total_seconds()))
        # Not wait_for: up to Python 3.11 it loses a cancellation that comes together with what it waits for.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def _answered(self, action: Action, shown: str) -> None:
        for subject in self._desk.parts_of(shown):
            self.on_action(action, subject)
