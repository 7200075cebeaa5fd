"""One wake-up at a time, at the moment that the first of all that wait may be over."""

from __future__ import annotations

from connectord.sync.guard import Go, Hold, HoldReason, Wait, WaitReason
from connectord.sync.wake import GIT_HELD_LOOK_SECONDS, Wake


class Alarm:
    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[float] = []
        self.wake = Wake(self.asked.append, lambda: self.now)


def test_a_later_one_asks_for_nothing_and_an_earlier_one_is_not_kept_waiting() -> None:
    alarm = Alarm()
    for waits in ([60.0, None], [70.0], [10.0], [10.0]):
        alarm.wake.within(waits)
    assert alarm.asked == [60.0, 10.0]


def test_once_it_is_over_the_next_one_is_asked_for() -> None:
    alarm = Alarm()
    alarm.wake.within([10.0])
    alarm.now = 10.0
    alarm.wake.within([60.0])
    assert alarm.asked == [10.0, 60.0]


def test_what_something_else_wakes_asks_for_nothing() -> None:
    alarm = Alarm()
    alarm.wake.within([None])
    assert alarm.asked == []


def test_of_all_that_waits_the_first_wakes_us_and_a_hold_for_git_now_and_then() -> None:
    alarm = Alarm()
    git = Hold(HoldReason.GIT_BUSY, "a lock")
    alarm.wake.for_the_sake_of([Go(), Hold(HoldReason.ASKED, "asked"), Wait(WaitReason.PROBLEMS, "broken")], None)
    assert alarm.asked == []
    alarm.wake.for_the_sake_of([git, Wait(WaitReason.GRACE, "gone", 20.0)], 60.0)
    assert alarm.asked == [GIT_HELD_LOOK_SECONDS]


def test_a_removal_that_failed_is_woken_by_its_retry_alone() -> None:
    alarm = Alarm()
    alarm.wake.for_the_sake_of([Wait(WaitReason.FAILED, "no route", 5.0)])
    assert alarm.asked == []
