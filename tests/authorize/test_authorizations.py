"""Polling on the scheduler, against the emulator: what ends an authorization, and what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.support.authorize import a_crowd
from tests.support.emulator import EmulatorApp, emulator_app
from tests.support.engine import a_client, requests
from tests.support.virtual_time import run_virtually

from connectord.authorize import Authorization, Authorizations, AuthorizationState
from connectord.base44 import App
from connectord.emulator.faults import Fault

OWNER = "/app"


@pytest.fixture
def emulator() -> EmulatorApp:
    return emulator_app(limits=False)


@asynccontextmanager
async def opened(
    emulator: EmulatorApp,
    ended: list[Authorization] | None = None,
    *,
    limit: float = 60.0,
    with_id: bool = True,
    scopes: tuple[str, ...] = ("chat:write",),
) -> AsyncIterator[tuple[Authorizations, App, Authorization]]:
    """A pushed connector whose link is being watched, with polls a hundredth of a second apart."""
    on_end = (lambda _: None) if ended is None else ended.append
    async with (
        a_client(emulator) as app,
        Authorizations(interval=0.01, limit=limit, on_end=on_end, limits={}) as authorizations,
    ):
        reply = await app.set_connector("slack", scopes)
        authorization = authorizations.open(
            app,
            owner=OWNER,
            type="slack",
            url=reply.redirect_url or "",
            connection_id=reply.connection_id if with_id else None,
            scopes=scopes,
        )
        yield authorizations, app, authorization


def press(emulator: EmulatorApp, authorization: Authorization, action: str) -> asyncio.Task[None]:
    async def press_it() -> None:
        async with emulator.client() as browser:
            (await browser.post(authorization.url, data={"action": action})).raise_for_status()

    return asyncio.create_task(press_it())


async def test_consent_ends_it_authorized_with_what_was_granted(emulator: EmulatorApp) -> None:
    async with opened(emulator) as (authorizations, _, authorization):
        await press(emulator, authorization, "allow")
        ended = await authorizations.settled(OWNER, "slack")
    assert ended.state is AuthorizationState.AUTHORIZED
    assert "chat:write" in (ended.granted or ())


async def test_defect_10_a_scope_that_the_service_dropped_is_known_after_consent(emulator: EmulatorApp) -> None:
    async with opened(emulator, scopes=("chat:write", "restricted:thing")) as (authorizations, _, authorization):
        await press(emulator, authorization, "allow")
        ended = await authorizations.settled(OWNER, "slack")
    assert ended.missing_scopes == ("restricted:thing",)


async def test_a_refusal_ends_it_failed(emulator: EmulatorApp) -> None:
    async with opened(emulator) as (authorizations, _, authorization):
        await press(emulator, authorization, "deny")
        assert (await authorizations.settled(OWNER, "slack")).state is AuthorizationState.FAILED


async def test_a_limit_that_has_passed_ends_it_timed_out_with_one_last_poll(emulator: EmulatorApp) -> None:
    async with opened(emulator, limit=0.0) as (authorizations, _, _):
        assert (await authorizations.settled(OWNER, "slack")).state is AuthorizationState.TIMED_OUT
    assert [operation for operation, _ in requests(emulator)].count("poll") == 1


async def test_defect_05_without_a_connection_id_the_list_tells(emulator: EmulatorApp) -> None:
    async with opened(emulator, with_id=False) as (authorizations, _, authorization):
        await press(emulator, authorization, "allow")
        assert (await authorizations.settled(OWNER, "slack")).state is AuthorizationState.AUTHORIZED
    assert "poll" not in [operation for operation, _ in requests(emulator)]


def test_poll_errors_never_turn_into_failed() -> None:
    async def play() -> Authorization:
        async with a_crowd(1) as crowd:
            crowd.emulator.world.faults.add(Fault("poll", status=503, count=9))
            link = await crowd.open(crowd.apps[0], "slack")
            crowd.decide(link)
            return await crowd.authorizations.settled(link.owner, "slack")

    assert run_virtually(play()).state is AuthorizationState.AUTHORIZED


async def test_skip_ends_it_and_the_polling(emulator: EmulatorApp) -> None:
    ended: list[Authorization] = []
    async with opened(emulator, ended) as (authorizations, _, _):
        authorizations.skip(OWNER, "slack")
        assert authorizations.open_ones == ()
    assert [authorization.state for authorization in ended] == [AuthorizationState.SKIPPED]


async def test_a_newer_link_supersedes_the_older_one_and_each_ends_once(emulator: EmulatorApp) -> None:
    ended: list[Authorization] = []
    async with opened(emulator, ended) as (authorizations, app, first):
        again = await app.set_connector("slack", ["chat:write", "users:read"])
        second = authorizations.open(
            app,
            owner=OWNER,
            type="slack",
            url=again.redirect_url or "",
            connection_id=again.connection_id,
            scopes=("chat:write", "users:read"),
        )
        await press(emulator, second, "allow")
        await authorizations.settled(OWNER, "slack")
    assert [(one.url, one.state) for one in ended] == [
        (first.url, AuthorizationState.SUPERSEDED),
        (second.url, AuthorizationState.AUTHORIZED),
    ]


async def test_skipping_what_is_not_open_is_nothing(emulator: EmulatorApp) -> None:
    ended: list[Authorization] = []
    async with opened(emulator, ended) as (authorizations, _, _):
        authorizations.skip(OWNER, "github")
        assert [one.type for one in authorizations.open_ones] == ["slack"]
    assert ended == []


async def test_two_polls_of_one_link_never_overlap(emulator: EmulatorApp) -> None:
    """A poll that hangs keeps the next ones waiting, however many were due meanwhile."""
    at_once, most, polls = 0, 0, 0
    five = asyncio.Event()

    async with opened(emulator) as (_, app, _):
        ask = app.poll_authorization

        async def counted(connector_type: str, connection_id: str) -> object:
            nonlocal at_once, most, polls
            at_once, polls = at_once + 1, polls + 1
            most = max(most, at_once)
            for _ in range(200):
                await asyncio.sleep(0)
            answer = await ask(connector_type, connection_id)
            at_once -= 1
            if polls >= 5:
                five.set()
            return answer

        app.poll_authorization = counted  # type: ignore[assignment, method-assign]
        await five.wait()
    assert most == 1


async def test_leaving_ends_the_polling_and_tells_whoever_waits() -> None:
    emulator = emulator_app(limits=False)
    async with opened(emulator) as (authorizations, _, _):
        waiting = asyncio.create_task(authorizations.settled(OWNER, "slack"))
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_open_types_of_an_owner_are_his_alone_and_end_with_their_links(emulator: EmulatorApp) -> None:
    async with opened(emulator) as (authorizations, app, first):
        other = {"url": "https://base44.test/link", "connection_id": "c1", "scopes": ()}
        authorizations.open(app, owner="/other", type="github", **other)  # type: ignore[arg-type]
        authorizations.open(app, owner=OWNER, type="slack", **other)  # type: ignore[arg-type]
        assert authorizations.types_open(OWNER) == {"slack"}
        assert authorizations.types_open("/other") == {"github"}
        authorizations.skip(OWNER, first.type)
        assert authorizations.types_open(OWNER) == frozenset()
        assert authorizations.types_open("/nobody") == frozenset()
