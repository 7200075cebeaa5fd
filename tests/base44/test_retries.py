"""A failure retries itself (P8): few times, spread, patient with Retry-After but not for ever, and never a POST."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest
from tests.support.base44 import APP_ID, NOW, SET_REPLY, Time, Wire, a_client, ok

from connectord.base44 import Base44Error, Busy, Refused, Retry, Retrying, TimedOut, UnexpectedReply, Unreachable
from connectord.base44.retry import BRIEF, retry_after

EMPTY = ok({"integrations": []})

RETRIED = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("full"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.ProxyError("407"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    *(httpx.Response(status) for status in (408, 429, 500, 502, 503, 504)),
    httpx.Response(413, headers={"retry-after": "1"}),
]


def name(reply: object) -> str:
    return str(reply.status_code) if isinstance(reply, httpx.Response) else type(reply).__name__


@pytest.mark.parametrize("failure", RETRIED, ids=name)
async def test_a_passing_failure_is_retried_within_the_call(failure: httpx.Response | Exception) -> None:
    wire = Wire([failure, failure, EMPTY])
    assert await a_client(wire).app(APP_ID).list_connectors() == ()
    assert len(wire.requests) == 3


@pytest.mark.parametrize("failure", RETRIED, ids=name)
async def test_a_lasting_failure_ends_the_call_after_three_attempts(failure: httpx.Response | Exception) -> None:
    wire = Wire([failure])
    with pytest.raises(Base44Error) as caught:
        await a_client(wire).app(APP_ID).list_connectors()
    assert len(wire.requests) == 3
    assert caught.value.transient


async def test_a_brief_call_tries_twice_and_neither_waits_for_long_nor_hangs_twice() -> None:
    for failure, attempts in (
        (httpx.ConnectError("refused"), 2),
        (httpx.Response(503, headers={"retry-after": "1"}), 2),
        (httpx.Response(503, headers={"retry-after": "2"}), 1),
        (httpx.ReadTimeout("slow"), 1),
    ):
        wire = Wire([failure])
        with pytest.raises(Base44Error):
            await a_client(wire, retry=BRIEF).app(APP_ID).list_connectors()
        assert len(wire.requests) == attempts


NOT_RETRIED = [httpx.Response(status) for status in (400, 403, 404, 409, 413, 422, 501, 505, 302)]


@pytest.mark.parametrize("failure", [*NOT_RETRIED, httpx.Response(200, text="{")], ids=name)
async def test_any_other_failure_is_not_retried(failure: httpx.Response) -> None:
    wire = Wire([failure, EMPTY])
    with pytest.raises(Base44Error):
        await a_client(wire).app(APP_ID).list_connectors()
    assert len(wire.requests) == 1


@pytest.mark.parametrize("failure", RETRIED, ids=name)
async def test_a_post_is_never_retried(failure: httpx.Response | Exception) -> None:
    wire = Wire([failure, ok({"already_installed": False, "claim_url": None})])
    with pytest.raises(Base44Error):
        await a_client(wire).app(APP_ID).install_stripe()
    assert len(wire.requests) == 1


async def test_put_and_delete_are_retried_with_the_same_body_and_a_new_request_id() -> None:
    wire = Wire([httpx.Response(503), ok(SET_REPLY), httpx.Response(503), ok({"success": True})])
    app = a_client(wire).app(APP_ID)
    await app.set_connector("slack", ["a"])
    await app.remove_stripe()
    assert [request.method for request in wire.requests] == ["PUT", "PUT", "DELETE", "DELETE"]
    assert wire.requests[0].content == wire.requests[1].content
    assert len({request.headers["x-request-id"] for request in wire.requests}) == 4


CONNECTING = [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")]


@pytest.mark.parametrize("failure", CONNECTING, ids=name)
async def test_what_never_got_out_is_unreachable(failure: Exception) -> None:
    with pytest.raises(Unreachable, match=r"Can't reach Base44 at base44\.test to list the connectors: "):
        await a_client(Wire([failure])).app(APP_ID).list_connectors()


async def test_what_went_out_and_was_not_answered_has_timed_out() -> None:
    with pytest.raises(TimedOut, match="did not answer within 10 s, when asked to set slack"):
        await a_client(Wire([httpx.ReadTimeout("slow")])).app(APP_ID).set_connector("slack", [])


async def test_defect_11_a_long_retry_after_is_the_callers_to_schedule() -> None:
    time, wire = Time(), Wire([httpx.Response(429, headers={"retry-after": "3600"}), EMPTY])
    with pytest.raises(Busy) as caught:
        await a_client(wire, time=time).app(APP_ID).list_connectors()
    assert caught.value.retry_after == 3600.0
    assert (len(wire.requests), time.slept) == (1, [])


async def test_a_retry_after_is_a_floor_under_the_wait() -> None:
    time, wire = Time(), Wire([httpx.Response(429, headers={"retry-after": "60"}), EMPTY])
    await a_client(wire, time=time).app(APP_ID).list_connectors()
    assert 60.0 <= time.slept[0] <= 60.5


DATE = format_datetime(datetime.fromtimestamp(NOW + 20, UTC), usegmt=True)
PAST = format_datetime(datetime.fromtimestamp(NOW - 20, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        (" 1.5 ", 1.5),
        (DATE, 20.0),
        (DATE.replace("GMT", "-0000"), 20.0),
        (PAST, None),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("Thu, 99 Foo 2026", None),
        ("Mon, 01 Jan 0000 00:00:00 GMT", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_and_nonsense_is_nothing(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds


def test_the_wait_grows_is_spread_and_has_a_cap() -> None:
    retry, rng = Retry(first_backoff=0.5, longest_backoff=4.0), random.Random(1)
    for attempt, ceiling in [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (9, 4.0)]:
        waits = [retry.wait(attempt, None, rng) for _ in range(500)]
        assert 0.0 <= min(waits) < ceiling * 0.05
        assert ceiling * 0.95 < max(waits) <= ceiling


async def test_a_person_is_told_of_every_wait() -> None:
    told: list[Retrying] = []
    time = Time()
    wire = Wire([httpx.Response(503), httpx.ConnectError("refused"), EMPTY])
    await a_client(wire, time=time, on_retry=told.append).app(APP_ID).list_connectors()
    assert [(news.operation, news.attempt, type(news.error)) for news in told] == [
        ("list the connectors", 1, Busy),
        ("list the connectors", 2, Unreachable),
    ]
    assert [news.wait for news in told] == time.slept


async def test_the_last_error_is_the_one_that_is_raised() -> None:
    wire = Wire([httpx.Response(503), httpx.Response(502), httpx.Response(400)])
    with pytest.raises(Refused):
        await a_client(wire).app(APP_ID).list_connectors()


async def test_how_often_is_a_setting() -> None:
    wire = Wire([httpx.Response(503)])
    with pytest.raises(Busy):
        await a_client(wire, retry=Retry(attempts=5)).app(APP_ID).list_connectors()
    assert len(wire.requests) == 5


async def test_a_reply_that_cannot_be_read_is_transient_but_not_asked_for_again_at_once() -> None:
    wire = Wire([httpx.Response(200, text="<html>")])
    with pytest.raises(UnexpectedReply) as caught:
        await a_client(wire).app(APP_ID).list_connectors()
    assert (caught.value.transient, len(wire.requests)) == (True, 1)
