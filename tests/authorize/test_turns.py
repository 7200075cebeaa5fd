"""Who is asked what next: a table of situations. One second between two `status`, one and a half between two `list`."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectord.authorize.turns import AT_ONCE, NEVER, Ask, Lane, OpenLink, Rate, documented, next_turns

RATE = documented(2.0)
NOW = 1000.0
FREE = Lane()


def link(name: str, *, app: str = "shop", age: float = 10.0, asked: float = 5.0, listed: float = 5.0) -> OpenLink:
    """A link that was given `age` seconds ago, and asked for and listed so many seconds ago."""
    return OpenLink((app, name), app, NOW - age + 120.0, status_at=NOW - asked, listed_at=NOW - listed)


def new(name: str, app: str = "shop") -> OpenLink:
    return OpenLink((app, name), app, NOW + 120.0)


def without_id(one: OpenLink) -> OpenLink:
    return replace(one, has_id=False, status_at=NEVER)


def busy(one: OpenLink) -> OpenLink:
    return replace(one, under_way=True)


def likely(one: OpenLink) -> OpenLink:
    return replace(one, likely=True)


def overdue(one: OpenLink) -> OpenLink:
    return replace(one, deadline=NOW - 1.0)


A, B, C = link("a", age=30), link("b", age=20), link("c", age=10)
JUST_ASKED = Lane(free_at=NOW + 1.0)
JUST_LISTED = Lane(free_at=NOW + 1.5)
FULL = Lane(under_way=AT_ONCE)

SITUATIONS: dict[str, tuple[list[OpenLink], Lane, Lane, str]] = {
    "nothing is open": ([], FREE, FREE, ""),
    "one link": ([A], FREE, FREE, "status a"),
    "one link, asked for a second ago": ([link("a", asked=1.0)], FREE, FREE, ""),
    "one link, being asked for": ([busy(A)], FREE, FREE, ""),
    "a new link is asked for at once": ([new("a")], FREE, FREE, "status a"),
    "of two links the newer goes first, and no list is asked for": ([A, B], FREE, FREE, "status b"),
    "two links: the older in between": ([A, link("b", age=5, asked=1.0)], FREE, FREE, "status a"),
    "a gap between two of a kind": ([A, B], JUST_ASKED, FREE, ""),
    "three links: the newest by status, a list for the others": ([A, B, C], FREE, FREE, "status c, list a b"),
    "the newest is not the last one given, but the last one opened": (
        [A, link("b", age=1), C],
        FREE,
        FREE,
        "status b, list a c",
    ),
    "between the newest one's turns, status goes around the others": (
        [link("a", asked=9, listed=1), link("b", asked=8, listed=1), link("c", age=1, asked=1)],
        FREE,
        FREE,
        "status a",
    ),
    "nobody goes shortly before the newest": ([A, B, link("c", age=1, asked=1.5)], FREE, JUST_LISTED, ""),
    "a list tells of all the links of its app that nobody is asking for": (
        [A, busy(B), link("d", age=25), C],
        JUST_ASKED,
        FREE,
        "list a d",
    ),
    "the app that was not looked at for longest is listed first": (
        [link("a", app="one"), link("b", app="two", listed=30, asked=30), link("c", app="one", age=1)],
        JUST_ASKED,
        FREE,
        "list b",
    ),
    "an app that was listed a second ago waits, new links in it too": (
        [link("a", asked=1, listed=1), new("n"), link("c", age=-5)],
        JUST_ASKED,
        FREE,
        "",
    ),
    "who has probably consented goes first": (
        [link("a", asked=60, listed=60), likely(link("b", asked=1)), link("c", age=1, asked=1)],
        FREE,
        JUST_LISTED,
        "status b",
    ),
    "then who waits for the last poll": (
        [link("a", asked=60, listed=60), overdue(B), link("c", age=1, asked=1)],
        FREE,
        JUST_LISTED,
        "status b",
    ),
    "without an id only the list can tell": ([without_id(A)], FREE, FREE, "list a"),
    "one without an id beside one with": ([without_id(A), B], FREE, FREE, "status b, list a"),
    "errors keep a link waiting": ([replace(A, status_from=NOW + 9)], FREE, FREE, ""),
    "errors of the list keep its app waiting": (
        [replace(A, list_from=NOW + 9), B, C],
        JUST_ASKED,
        FREE,
        "",
    ),
    "so many under way are enough for the others": ([A, B, link("c", age=1, asked=1)], FULL, FULL, ""),
    "but not for the newest": ([A, B, C], FULL, FULL, "status c"),
}


def decided(links: list[OpenLink], status: Lane, lists: Lane, now: float = NOW) -> str:
    turns = next_turns(now, links, RATE, status=status, lists=lists)
    return ", ".join(f"{turn.ask} {' '.join(one.key[1] for one in turn.links)}" for turn in turns.now)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_who_is_asked_next(situation: str) -> None:
    links, status, lists, expected = SITUATIONS[situation]
    assert decided(links, status, lists) == expected


def test_our_part_leaves_a_third_of_the_lists_to_reconcile_and_removals() -> None:
    assert (round(60 / RATE.status_gap), round(60 / RATE.list_gap)) == (60, 40)


def test_without_limits_there_are_no_gaps() -> None:
    assert Rate.within({}, 2.0) == Rate(2.0, 0.0, 0.0)


def test_an_interval_that_is_too_short_for_the_limits_leaves_the_older_link_its_turns() -> None:
    """`authorization_poll = 0.1` is a setting that one may have."""
    older, newest = link("a", age=30, asked=3.0), link("b", age=1, asked=1.0)
    turns = next_turns(NOW, [older, newest], documented(0.1), status=FREE, lists=FREE)
    assert [one.key[1] for turn in turns.now for one in turn.links] == ["a"]


links_of_any_kind = st.lists(
    st.builds(
        OpenLink,
        key=st.tuples(st.just("shop"), st.integers(0, 10_000).map(str)),
        app=st.sampled_from("xyz"),
        deadline=st.floats(NOW - 200, NOW + 120),
        has_id=st.booleans(),
        status_at=st.just(NEVER) | st.floats(NOW - 100, NOW),
        listed_at=st.just(NEVER) | st.floats(NOW - 100, NOW),
        status_from=st.just(NEVER) | st.floats(NOW - 10, NOW + 10),
        list_from=st.just(NEVER) | st.floats(NOW - 10, NOW + 10),
        likely=st.booleans(),
        under_way=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda one: one.key,
)
lanes = st.builds(Lane, st.just(NEVER) | st.floats(NOW - 5, NOW + 5), st.integers(0, AT_ONCE))


@given(links_of_any_kind, lanes, lanes)
def test_no_link_is_in_two_turns_nor_asked_for_while_it_is_being_asked_for(
    links: list[OpenLink], status: Lane, lists: Lane
) -> None:
    turns = next_turns(NOW, links, RATE, status=status, lists=lists)
    told = [one for turn in turns.now for one in turn.links]
    assert len({one.key for one in told}) == len(told)
    assert not any(one.under_way for one in told)
    assert all(one.has_id for turn in turns.now if turn.ask is Ask.STATUS for one in turn.links)
    assert all(len({one.app for one in turn.links}) == 1 for turn in turns.now)


@given(links_of_any_kind, lanes, lanes)
def test_there_is_always_a_next_time_unless_something_under_way_brings_it(
    links: list[OpenLink], status: Lane, lists: Lane
) -> None:
    turns = next_turns(NOW, links, RATE, status=status, lists=lists)
    under_way = any(one.under_way for one in links) or status.under_way or lists.under_way
    assert turns.again_at > NOW
    assert not links or under_way or math.isfinite(turns.again_at)
    if not turns.now and math.isfinite(turns.again_at):
        assert turns.again_at <= NOW + 20.0


@given(links_of_any_kind, lanes, lanes)
def test_the_next_time_is_not_too_early(links: list[OpenLink], status: Lane, lists: Lane) -> None:
    """Waiting until then is enough: something is asked, or the wait goes on for the newest one's sake at most once."""
    turns = next_turns(NOW, links, RATE, status=status, lists=lists)
    if turns.now or not math.isfinite(turns.again_at):
        return
    at = turns.again_at
    assert decided(links, status, lists, at), (at, links)
