"""What is on the person's desk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.support.notify import a_notice, consent_notice

from connectord.notify import NoticeLevel, Rules, Urgency
from connectord.notify.desk import Clear, Desk, Show
from connectord.quiet_hours import quiet_hours

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NIGHT = NOON.replace(hour=23)
MORNING = NOON.replace(day=22, hour=7)
SECOND = timedelta(seconds=1)


def a_desk(level: NoticeLevel = NoticeLevel.ATTENTION, *, quiet_at_night: bool = False) -> Desk:
    return Desk(Rules(level, quiet=quiet_hours("22:00-07:00", UTC) if quiet_at_night else None))


def titles(steps: tuple[Show | Clear, ...]) -> list[str]:
    return [step.notice.title if isinstance(step, Show) else f"clear {step.subject}" for step in steps]


def test_a_notice_is_shown_a_second_after_it_came() -> None:
    desk = a_desk()
    desk.put(a_notice("one"), NOON)
    assert desk.take(NOON) == ()
    assert desk.due(NOON) == NOON + SECOND
    assert desk.take(NOON + SECOND) == (Show(a_notice("one")),)
    assert desk.due(NOON + SECOND) is None


def test_p11_what_comes_within_a_second_for_one_project_is_one_notice() -> None:
    desk = a_desk()
    for number in range(5):
        desk.put(a_notice(f"{number}"), NOON + number * SECOND / 5)
    assert titles(desk.take(NOON + SECOND)) == ["5 notices from connectord (shop)"]


def test_projects_are_told_of_apart() -> None:
    desk = a_desk()
    desk.put(a_notice("mine"), NOON)
    desk.put(a_notice("other", place="/other"), NOON)
    assert titles(desk.take(NOON + SECOND)) == ["mine", "other"]


def test_p11_the_same_is_never_shown_twice() -> None:
    desk = a_desk()
    for _ in range(2):
        desk.put(a_notice("one"), NOON)
        desk.take(NOON + SECOND)
    assert desk.take(NOON + 9 * SECOND) == ()


def test_p11_a_batch_that_shrinks_is_not_told_again_and_not_when_it_grows_back() -> None:
    desk = a_desk()
    desk.put(consent_notice("a", "b"), NOON)
    desk.take(NOON + SECOND)
    for batch in (("a",), ("a", "b")):
        desk.put(consent_notice(*batch), NOON + 2 * SECOND)
        assert desk.due(NOON) is None


def test_a_batch_that_grows_takes_the_place_of_the_old_one() -> None:
    desk = a_desk()
    small, large = (consent_notice(*types) for types in (("a",), ("a", "b")))
    desk.put(small, NOON)
    desk.take(NOON + SECOND)
    desk.put(large, NOON + 2 * SECOND)
    assert desk.take(NOON + 3 * SECOND) == (Show(large),)


def test_what_changed_before_it_was_shown_is_shown_as_it_is_now() -> None:
    desk = a_desk()
    desk.put(a_notice("old", item="x"), NOON)
    desk.put(a_notice("new", item="x"), NOON + SECOND / 2)
    assert titles(desk.take(NOON + SECOND)) == ["new"]


def test_what_changed_and_changed_back_before_it_was_shown_is_not_news() -> None:
    desk = a_desk()
    desk.put(a_notice("old", item="x"), NOON)
    desk.take(NOON + SECOND)
    desk.put(a_notice("new", item="x"), NOON + 2 * SECOND)
    desk.put(a_notice("old", item="x"), NOON + 2 * SECOND)
    assert desk.take(NOON + 9 * SECOND) == ()


def test_what_is_withdrawn_goes_and_is_news_when_it_comes_back() -> None:
    desk = a_desk()
    desk.put(a_notice("one"), NOON)
    desk.take(NOON + SECOND)
    desk.withdraw(a_notice("one").subject)
    assert desk.take(NOON + SECOND) == (Clear(a_notice("one").subject),)
    desk.put(a_notice("one"), NOON + 2 * SECOND)
    assert titles(desk.take(NOON + 3 * SECOND)) == ["one"]


def test_what_is_withdrawn_before_it_was_shown_never_is() -> None:
    desk = a_desk()
    desk.put(a_notice("one"), NOON)
    desk.withdraw(a_notice("one").subject)
    assert desk.take(NOON + 9 * SECOND) == ()


def test_several_in_one_go_when_the_last_of_them_is_settled() -> None:
    desk = a_desk()
    desk.put(a_notice("one"), NOON)
    desk.put(a_notice("two"), NOON)
    [shown] = [step.notice.subject for step in desk.take(NOON + SECOND) if isinstance(step, Show)]
    assert desk.parts_of(shown) == (a_notice("one").subject, a_notice("two").subject)
    desk.withdraw(a_notice("one").subject)
    assert desk.take(NOON + SECOND) == ()
    desk.withdraw(a_notice("two").subject)
    assert desk.take(NOON + SECOND) == (Clear(shown),)


def test_what_a_level_leaves_out_is_not_shown() -> None:
    desk = a_desk(NoticeLevel.ATTENTION)
    desk.put(a_notice("one", urgency=Urgency.INFORMATION), NOON)
    assert desk.due(NOON) is None


def test_quiet_hours_hold_back_and_end_with_one_digest_of_all_projects() -> None:
    desk = a_desk(quiet_at_night=True)
    desk.put(a_notice("one"), NIGHT)
    desk.put(a_notice("two", place="/other", project="other"), NIGHT + timedelta(hours=3))
    assert desk.take(NIGHT + timedelta(hours=4)) == ()
    assert desk.due(NIGHT + timedelta(hours=4)) == MORNING
    [step] = desk.take(MORNING)
    assert isinstance(step, Show)
    assert step.notice.body == "• one\n• two"


def test_what_was_settled_in_the_night_is_not_in_the_digest() -> None:
    desk = a_desk(quiet_at_night=True)
    for title in ("one", "two"):
        desk.put(a_notice(title), NIGHT)
    desk.take(NIGHT)
    desk.withdraw(a_notice("one").subject)
    assert titles(desk.take(MORNING)) == ["two"]


def test_what_is_on_show_is_cleared_in_the_night_as_well() -> None:
    desk = a_desk(quiet_at_night=True)
    desk.put(a_notice("one"), NOON)
    desk.take(NOON + SECOND)
    desk.withdraw(a_notice("one").subject)
    assert titles(desk.take(NIGHT)) == [f"clear {a_notice('one').subject}"]


def test_a_snooze_holds_back_from_the_moment_it_is_asked_for() -> None:
    desk = a_desk()
    desk.put(a_notice("one"), NOON)
    desk.rules = Rules(snoozed_until=NOON + timedelta(hours=1))
    assert desk.take(NOON + 9 * SECOND) == ()
    assert desk.due(NOON + 9 * SECOND) == NOON + timedelta(hours=1)
    assert titles(desk.take(NOON + timedelta(hours=1))) == ["one"]


def test_a_clock_that_is_put_back_delays_nothing() -> None:
    desk = a_desk()
    desk.put(a_notice("one"), NOON)
    assert titles(desk.take(NOON - timedelta(hours=1))) == ["one"]
