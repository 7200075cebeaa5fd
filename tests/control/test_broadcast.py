"""News to whoever listens."""

from __future__ import annotations

import asyncio

from tests.support.face import some_news

from connectord.control.broadcast import Broadcast
from connectord.control.news import NewsKind


async def test_everyone_hears_everything_in_order() -> None:
    broadcast = Broadcast()
    with broadcast.subscribe() as first, broadcast.subscribe() as second:
        broadcast.publish(some_news("a"))
        broadcast.publish(some_news("b"))
        broadcast.close()
        assert [one.message async for one in first] == ["a", "b"]
        assert [one.message async for one in second] == ["a", "b"]


async def test_a_reader_who_waits_is_woken() -> None:
    broadcast = Broadcast()
    with broadcast.subscribe() as news:
        coming = asyncio.ensure_future(anext(news))
        await asyncio.sleep(0)
        broadcast.publish(some_news("a"))
        assert (await coming).message == "a"


async def test_a_slow_reader_gets_what_was_waiting_then_a_last_line_then_the_end() -> None:
    broadcast = Broadcast(limit=2)
    with broadcast.subscribe() as slow, broadcast.subscribe() as quick:
        for number in range(4):
            broadcast.publish(some_news(str(number)))
            if number < 3:
                assert (await anext(quick)).message == str(number)
        heard = [one async for one in slow]
        assert [one.message for one in heard[:2]] == ["0", "1"]
        assert [one.event for one in heard[2:]] == [NewsKind.STREAM_DROPPED]
        assert broadcast.subscribers == 1


async def test_without_a_subscriber_nothing_is_kept() -> None:
    broadcast = Broadcast()
    with broadcast.subscribe():
        pass
    broadcast.publish(some_news())
    assert broadcast.subscribers == 0


async def test_a_cancelled_reader_loses_nothing() -> None:
    broadcast = Broadcast()
    with broadcast.subscribe() as news:
        coming = asyncio.ensure_future(anext(news))
        await asyncio.sleep(0)
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        broadcast.publish(some_news("a"))
        assert (await anext(news)).message == "a"
