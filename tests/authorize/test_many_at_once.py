"""Forty links at once against the emulator with its limits on, in virtual time: no 429, and the newest within 2.5 s."""

from __future__ import annotations

import asyncio
import random

import pytest
from tests.support.authorize import TYPES, Crowd, a_crowd
from tests.support.virtual_time import run_virtually

from connectord.authorize import Authorization, AuthorizationState
from connectord.emulator.operations import OperationName

SHAPES = {"one project": (1, 40), "forty projects": (40, 1), "five projects of eight": (5, 8)}

LONGEST = {"one project": 2.5, "forty projects": 45.0, "five projects of eight": 8.5}
"""Seconds until a consent to a link that isn't the newest is noticed."""


async def opened(crowd: Crowd, each: int) -> list[Authorization]:
    return [await crowd.open(app, name) for app in crowd.apps for name in TYPES[:each]]


async def noticed(crowd: Crowd, link: Authorization) -> float:
    """Seconds from a consent until it is known."""
    loop = asyncio.get_running_loop()
    given = loop.time()
    crowd.decide(link)
    ended = await crowd.authorizations.settled(link.owner, link.type)
    assert ended.state is AuthorizationState.AUTHORIZED
    return crowd.ended[link.url][0] - given


@pytest.mark.parametrize("shape", SHAPES)
def test_the_link_opened_last_is_noticed_within_two_and_a_half_seconds(shape: str) -> None:
    async def play() -> list[float]:
        projects, each = SHAPES[shape]
        rng = random.Random(5)
        async with a_crowd(projects) as crowd:
            links = await opened(crowd, each)
            waits: list[float] = []
            for _ in range(10):  # the person goes through them, one click and one consent after another
                link = links.pop(rng.randrange(len(links)))
                crowd.authorizations.opened_by_person(link.owner, link.type)
                await asyncio.sleep(rng.uniform(0.0, 8.0))
                waits.append(await noticed(crowd, link))
            assert crowd.refused() == 0
            return waits

    waits = run_virtually(play())
    assert max(waits) < 2.5, waits


@pytest.mark.parametrize("shape", SHAPES)
def test_a_consent_to_any_other_link_is_noticed_too(shape: str) -> None:
    async def play(rng: random.Random) -> float:
        projects, each = SHAPES[shape]
        async with a_crowd(projects) as crowd:
            links = await opened(crowd, each)
            await asyncio.sleep(rng.uniform(0.0, 70.0))
            waited = await noticed(crowd, links[rng.randrange(39)])
            assert crowd.refused() == 0
            return waited

    waits = [run_virtually(play(random.Random(seed))) for seed in range(8)]
    assert max(waits) <= LONGEST[shape], waits


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_asked_too_often_even_while_everybody_consents(shape: str) -> None:
    async def play() -> Crowd:
        projects, each = SHAPES[shape]
        async with a_crowd(projects) as crowd:
            for link in await opened(crowd, each):
                await asyncio.sleep(1.0)
                crowd.decide(link)
            await asyncio.sleep(130.0)
            return crowd

    crowd = run_virtually(play())
    assert [state for _, state in crowd.ended.values()] == [AuthorizationState.AUTHORIZED] * 40
    assert crowd.refused() == 0
    assert crowd.most_in_a_minute(OperationName.POLL) <= 62
    assert crowd.most_in_a_minute(OperationName.LIST) <= 54  # asking what was granted waits for nothing


@pytest.mark.parametrize("shape", SHAPES)
def test_forty_that_nobody_consents_to_all_end_timed_out_after_one_last_poll(shape: str) -> None:
    async def play() -> Crowd:
        projects, each = SHAPES[shape]
        async with a_crowd(projects) as crowd:
            await opened(crowd, each)
            await asyncio.sleep(120.0 + 2 * 40 + 10.0)
            assert crowd.authorizations.open_ones == ()
            return crowd

    crowd = run_virtually(play())
    assert {state for _, state in crowd.ended.values()} == {AuthorizationState.TIMED_OUT}
    assert (len(crowd.ended), crowd.refused()) == (40, 0)


def test_a_refusal_among_forty_is_noticed_while_its_time_runs() -> None:
    async def play() -> float:
        async with a_crowd(1) as crowd:
            links = await opened(crowd, 40)
            crowd.decide(links[7], deny=True)
            ended = await crowd.authorizations.settled(links[7].owner, links[7].type)
            assert ended.state is AuthorizationState.FAILED
            return asyncio.get_running_loop().time()

    assert run_virtually(play()) < 90.0


def test_what_reconcile_and_removals_ask_meanwhile_never_waits() -> None:
    async def play() -> tuple[float, int]:
        async with a_crowd(40) as crowd:
            await opened(crowd, 1)
            longest, loop = 0.0, asyncio.get_running_loop()
            for number in range(40):  # twenty a minute: ten removals' fresh looks, ten reconciles
                await asyncio.sleep(3.0)
                began = loop.time()
                await crowd.apps[number].list_connectors()
                longest = max(longest, loop.time() - began)
            return longest, crowd.refused()

    longest, refused = run_virtually(play())
    assert longest < 1.0
    assert refused == 0


def test_a_start_that_reconciles_forty_projects_at_once_delays_neither_them_nor_the_newest_link_for_long() -> None:
    async def play() -> tuple[float, float, int]:
        async with a_crowd(40) as crowd:
            links = await opened(crowd, 1)
            await asyncio.sleep(61.0)
            loop = asyncio.get_running_loop()
            began = loop.time()
            lists = asyncio.gather(*(app.list_connectors() for app in crowd.apps))
            newest = await noticed(crowd, links[-1])
            await lists
            return newest, loop.time() - began, crowd.refused()

    newest, all_listed, refused = run_virtually(play())
    assert all_listed < 62.0
    assert newest < 62.0  # its consent is known at once, what was granted stands behind the lists
    assert refused == 0


def test_a_restart_every_ten_seconds_keeps_to_the_limits_though_no_life_knows_what_the_one_before_sent() -> None:
    async def play() -> Crowd:
        async with a_crowd(40) as crowd:
            links = await opened(crowd, 1)
            emulator = crowd.emulator
            began = asyncio.get_running_loop().time()
        while (passed := asyncio.get_running_loop().time() - began) < 115.0:
            async with a_crowd(40, emulator=emulator) as crowd:
                for app, link in zip(crowd.apps, links, strict=True):
                    crowd.authorizations.open(
                        app,
                        owner=link.owner,
                        type=link.type,
                        url=link.url,
                        connection_id=link.connection_id,
                        scopes=link.scopes,
                        seconds_left=120.0 - passed,
                    )
                await asyncio.sleep(10.05)
        return crowd

    crowd = run_virtually(play())
    assert crowd.refused() == 0
    assert crowd.most_in_a_minute(OperationName.POLL) > 55
