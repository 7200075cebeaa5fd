"""When a person may be disturbed, and with what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.support.notify import SHOP, a_notice, links

from connectord.notify import Action, NoticeLevel, Rules, Urgency
from connectord.notify.policy import digest
from connectord.quiet_hours import quiet_hours

BERLIN = ZoneInfo("Europe/Berlin")


def berlin(text: str, fold: int = 0) -> datetime:
    """A moment by the clock on the wall; `fold` 1 is the second time that it shows this."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (NoticeLevel.ALL, [Urgency.INFORMATION, Urgency.ATTENTION, Urgency.CRITICAL]),
        (NoticeLevel.ATTENTION, [Urgency.ATTENTION, Urgency.CRITICAL]),
        (NoticeLevel.NONE, []),
    ],
)
def test_a_level_shows_what_is_at_least_that_urgent(level: NoticeLevel, shown: list[Urgency]) -> None:
    assert shown == [urgency for urgency in Urgency if Rules(level).wants(a_notice(urgency=urgency))]


def test_a_project_may_have_a_level_of_its_own() -> None:
    rules = Rules(NoticeLevel.NONE, {str(SHOP): NoticeLevel.ALL})
    assert rules.wants(a_notice(urgency=Urgency.INFORMATION))
    assert not rules.wants(a_notice(place="/other"))


@pytest.mark.parametrize(
    ("hours", "at", "ends"),
    [
        ("22:00-07:00", "2026-11-20T21:59:59", None),
        ("22:00-07:00", "2026-11-20T22:00:00", "2026-11-21T07:00:00"),
        ("22:00-07:00", "2026-11-21T00:00:00", "2026-11-21T07:00:00"),
        ("22:00-07:00", "2026-11-21T06:59:59", "2026-11-21T07:00:00"),
        ("22:00-07:00", "2026-11-21T07:00:00", None),
        ("9:30 - 10:00", "2026-11-21T09:45:00", "2026-11-21T10:00:00"),
        ("9:30\N{EN DASH}10:00", "2026-11-21T09:29:00", None),
        ("22:00-00:00", "2026-11-21T23:00:00", "2026-11-22T00:00:00"),
    ],
)
def test_quiet_hours_hold_until_their_end_also_through_midnight(hours: str, at: str, ends: str | None) -> None:
    assert (None if ends is None else berlin(ends)) == quiet_hours(hours, BERLIN).until(berlin(at))


@pytest.mark.parametrize(
    ("evening", "length"), [("2026-03-28T22:00:00", 8.0), ("2026-10-24T22:00:00", 10.0), ("2026-11-20T22:00:00", 9.0)]
)
def test_a_night_in_which_the_clocks_are_changed_is_quiet_to_the_morning(evening: str, length: float) -> None:
    begins = berlin(evening).astimezone(UTC)
    ends = quiet_hours("22:00-07:00", BERLIN).until(begins)
    assert begins + timedelta(hours=length) == ends


def test_an_end_that_the_clock_passes_twice_counts_once() -> None:
    quiet = quiet_hours("22:00-02:30", BERLIN)
    assert quiet.until(berlin("2026-10-25T02:15:00")) == berlin("2026-10-25T02:30:00")
    assert quiet.until(berlin("2026-10-25T02:15:00", fold=1)) is None


def test_an_end_that_the_clock_leaps_over_comes_as_late_as_it_would_have_been() -> None:
    ends = quiet_hours("22:00-02:30", BERLIN).until(berlin("2026-03-29T01:00:00"))
    assert ends == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_quiet_hours_without_a_zone_are_those_of_the_machine() -> None:
    local = datetime(2026, 6, 1, 23, 0).astimezone()
    assert quiet_hours("22:00-07:00").until(local) == datetime(2026, 6, 2, 7, 0).astimezone()


@pytest.mark.parametrize("text", ["", "22-7", "22:00", "25:00-07:00", "22:61-07:00", "08:00-08:00"])
def test_hours_that_are_none_are_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r'^".*" (is no span of hours|names a time|begins and ends)'):
        quiet_hours(text)


def test_a_snooze_ends_when_it_was_to_end() -> None:
    until = berlin("2026-11-21T15:00:00")
    rules = Rules(snoozed_until=until)
    assert rules.quiet_until(until - timedelta(seconds=1)) == until
    assert rules.quiet_until(until) is None


def test_a_snooze_that_ends_at_night_ends_in_the_morning() -> None:
    rules = Rules(quiet=quiet_hours("22:00-07:00", BERLIN), snoozed_until=berlin("2026-11-21T23:00:00"))
    assert rules.quiet_until(berlin("2026-11-21T20:00:00")) == berlin("2026-11-22T07:00:00")


def test_a_digest_of_one_is_the_notice_itself() -> None:
    notice = a_notice("one")
    assert notice == digest([notice], "digest 1")


def test_a_digest_names_all_most_urgent_first() -> None:
    several = digest(
        [a_notice("first", links=links("a")), a_notice("second", urgency=Urgency.CRITICAL, links=links("b"))],
        "digest 1",
    )
    assert several.title == "2 notices from connectord (shop)"
    assert several.body == "• second\n• first"
    assert several.urgency is Urgency.CRITICAL
    assert several.links == links("b", "a")


def test_a_digest_over_projects_names_none() -> None:
    several = digest([a_notice("first"), a_notice("second", place="/other", project="other")], "digest 1")
    assert several.title == "2 notices from connectord"


def test_a_digest_has_buttons_only_where_it_is_clear_what_they_do() -> None:
    consent = (Action.AUTHORIZE, Action.SKIP)
    alike = digest([a_notice("a", buttons=consent), a_notice("b", buttons=consent)], "digest 1")
    mixed = digest([a_notice("a", buttons=consent), a_notice("b", buttons=(Action.APPROVE,))], "digest 1")
    assert (consent, ()) == (alike.buttons, mixed.buttons)
