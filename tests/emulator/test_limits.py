"""The documented limits: list 60, poll 70, remove 10, per minute and caller."""

from __future__ import annotations

import pytest
from tests.support.emulator import emulator_app
from tests.support.emulator_clock import StandingClock

from connectord.emulator.limits import Limits
from connectord.emulator.operations import OperationName
from connectord.emulator.refusals import TooManyRequests


def used_up(operation: OperationName, times: int, clock: StandingClock) -> Limits:
    limits = Limits(clock)
    for _ in range(times):
        limits.count(operation, "dev")
    return limits


@pytest.mark.parametrize(
    ("operation", "allowed"), [(OperationName.LIST, 60), (OperationName.POLL, 70), (OperationName.REMOVE, 10)]
)
def test_one_more_than_allowed_is_too_many(operation: OperationName, allowed: int) -> None:
    limits = used_up(operation, allowed, StandingClock())

    with pytest.raises(TooManyRequests) as refused:
        limits.count(operation, "dev")

    assert refused.value.retry_after == 60


def test_the_window_slides() -> None:
    clock = StandingClock()
    limits = used_up(OperationName.REMOVE, 9, clock)
    clock.forward(30)
    limits.count(OperationName.REMOVE, "dev")
    clock.forward(29.5)
    with pytest.raises(TooManyRequests) as refused:
        limits.count(OperationName.REMOVE, "dev")
    assert refused.value.retry_after == 1

    clock.forward(0.5)

    for _ in range(9):
        limits.count(OperationName.REMOVE, "dev")
    with pytest.raises(TooManyRequests) as refused:
        limits.count(OperationName.REMOVE, "dev")
    assert refused.value.retry_after == 30


def test_callers_are_counted_apart() -> None:
    limits = used_up(OperationName.REMOVE, 10, StandingClock())

    for _ in range(10):
        limits.count(OperationName.REMOVE, "somebody else")
    with pytest.raises(TooManyRequests):
        limits.count(OperationName.REMOVE, "somebody else")


async def test_set_has_no_limit() -> None:
    emulator = emulator_app()
    client = emulator.client(sign_in=True)
    path = f"{emulator.api}/external-auth/integrations/slack"

    assert {(await client.put(path, json={"scopes": []})).status_code for _ in range(80)} == {200}


async def test_the_eleventh_removal_of_a_minute_hears_when_to_come_again() -> None:
    clock = StandingClock()
    emulator = emulator_app(clock=clock)
    client = emulator.client(sign_in=True)
    path = f"{emulator.api}/external-auth/integrations/slack/remove"
    statuses = [(await client.delete(path)).status_code for _ in range(10)]

    refused = await client.delete(path)

    assert statuses == [200] * 10
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert refused.json()["message"] == "Rate limit exceeded: 10 per 1 minute"
    clock.forward(60)
    assert (await client.delete(path)).status_code == 200


async def test_limits_can_be_switched_off() -> None:
    emulator = emulator_app(limits=False)
    client = emulator.client(sign_in=True)
    path = f"{emulator.api}/external-auth/integrations/slack/remove"

    assert {(await client.delete(path)).status_code for _ in range(11)} == {200}
