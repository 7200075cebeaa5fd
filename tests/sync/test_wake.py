"""One wake-up at a time, at the moment that the first of all that wait may be over."""

from __future__ import annotations

from connectord.sync.wake import Wake


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
