"""What a list tells of a consent: everything asked for and not there before is certain, other changes are likely."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.authorize import ConsentWorld
from tests.support.virtual_time import run_virtually

from connectord.authorize import Authorization, Authorizations, AuthorizationState
from connectord.authorize.listing import Shown, consent_shown
from connectord.base44.models import ConnectionStatus, RemoteConnector

ACTIVE, EXPIRED = ConnectionStatus.ACTIVE, ConnectionStatus.EXPIRED


def listed(*scopes: str, status: ConnectionStatus = ACTIVE, email: str = "a@b.c") -> RemoteConnector:
    return RemoteConnector(type="slack", status=status, scopes=scopes, user_email=email)


@pytest.mark.parametrize(
    ("before", "now", "shown"),
    [
        (None, None, Shown.NOTHING),
        (None, listed("a", "b"), Shown.CERTAIN),
        (None, listed("a", "b", "more"), Shown.CERTAIN),
        (None, listed("a"), Shown.LIKELY),
        (None, listed("a", "b", status=EXPIRED), Shown.NOTHING),
        (listed("a"), None, Shown.NOTHING),
        (listed("a"), listed("a"), Shown.NOTHING),
        (listed("a"), listed("b", "a"), Shown.CERTAIN),
        (listed("a"), listed("c"), Shown.LIKELY),
        (listed("a"), listed("a", status=EXPIRED), Shown.NOTHING),
        (listed("a", "b"), listed("b", "a"), Shown.NOTHING),
        (listed("a", "b"), listed("a", "b", email="x@y.z"), Shown.LIKELY),
        (listed("a", "b", status=EXPIRED), listed("a", "b"), Shown.CERTAIN),
    ],
)
def test_what_a_change_shows(before: RemoteConnector | None, now: RemoteConnector | None, shown: Shown) -> None:
    assert consent_shown(now, before, ("a", "b")) is shown


def watched(
    world: ConsentWorld, authorizations: Authorizations, type: str, *, id: str = "", scopes: tuple[str, ...] = ("a",)
) -> None:
    authorizations.open(
        world.app("shop"), owner="/shop", type=type, url=f"https://x/{id or type}", connection_id=id or type,
        scopes=scopes,
    )  # fmt: skip


async def play(happens: str, *, renewed: bool = False) -> list[Authorization]:
    return (await play_and_look(happens, renewed=renewed))[0]


async def play_and_look(happens: str, *, renewed: bool = False) -> tuple[list[Authorization], ConsentWorld]:
    """Five links; something happens to the first of them after ten seconds, and some more pass."""
    world, ended = ConsentWorld(), list[Authorization]()
    loop = asyncio.get_running_loop()
    async with Authorizations(clock=loop.time, on_end=ended.append) as authorizations:
        if renewed:
            watched(world, authorizations, "slack", id="old", scopes=("a",))
        for name in ("slack", "github", "gmail", "box", "linear"):
            watched(world, authorizations, name, scopes=("a", "b"))
        await asyncio.sleep(10.0)
        match happens:
            case "consent":
                world.allow("shop", "slack", "slack", "a", "b")
            case "less":
                world.allow("shop", "slack", "slack", "a")
            case "elsewhere":
                world.put("shop", "slack", "a")
            case "old link":
                world.allow("shop", "slack", "old", "a", "b")
        await asyncio.sleep(14.0)
        return ended, world


def states(ended: list[Authorization]) -> list[tuple[str, AuthorizationState, tuple[str, ...]]]:
    return [(one.url, one.state, one.missing_scopes) for one in ended]


def test_a_list_settles_a_link_with_what_was_granted() -> None:
    ended = run_virtually(play("consent"))
    assert states(ended) == [("https://x/slack", AuthorizationState.AUTHORIZED, ())]
    assert ended[0].user_email == "dev@example.com"


def test_less_than_was_asked_for_is_confirmed_by_status_and_said() -> None:
    ended = run_virtually(play("less"))
    assert states(ended) == [("https://x/slack", AuthorizationState.AUTHORIZED, ("b",))]


def test_p12_what_happened_elsewhere_does_not_pass_for_the_consent() -> None:
    ended, world = run_virtually(play_and_look("elsewhere"))
    assert states(ended) == []
    assert len([at for at, _, about in world.asked if about == "slack" and at > 10.0]) <= 3, "one answer is enough"


def test_p12_the_consent_to_an_older_link_does_not_pass_for_the_newer_one() -> None:
    ended = run_virtually(play("old link", renewed=True))
    assert states(ended) == [("https://x/old", AuthorizationState.SUPERSEDED, ())]
