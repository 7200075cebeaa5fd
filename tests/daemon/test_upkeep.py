"""What the daemon does for its state by itself: nobody saves anything, and what couldn't be written is written."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.daemon import a_daemon
from tests.support.project import a_project
from tests.support.store import happened
from tests.support.virtual_time import BEGIN, virtual_time

from connectord.control import News, NewsKind
from connectord.daemon import Surroundings
from connectord.daemon.upkeep import FLUSH_EVERY, PRUNE_EVERY, Upkeep
from connectord.settings import Settings
from connectord.store import STATE_FILE, Change, Keep, SqliteStore


async def all_tasks_run_on() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


async def test_p12_what_the_disk_did_not_take_is_written_within_seconds_though_nothing_else_happens(
    tmp_path: Path, a_home_of_its_own: Path
) -> None:
    home = a_home_of_its_own

    def began(news: News) -> bool:
        return news.event is NewsKind.TROUBLE and STATE_FILE in news.message

    async with a_daemon(a_project(tmp_path / "shop", connectors={}), home=home) as daemon:
        await daemon.expect(lambda news: news.event is NewsKind.DAEMON_STARTED)
        with closing(sqlite3.connect(home / "state" / STATE_FILE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await asyncio.to_thread(daemon.client.snooze, 60.0)
            await daemon.expect(began)
            await all_tasks_run_on()
        assert daemon.naps.end(FLUSH_EVERY, FLUSH_EVERY) == 1
        over = await daemon.expect(lambda news: news.event is NewsKind.TROUBLE_OVER)
        assert over.message == "The trouble with the state is over"
        assert (await asyncio.to_thread(daemon.client.daemon)).trouble == ()
    with closing(sqlite3.connect(home / "state" / STATE_FILE)) as written:
        assert written.execute("SELECT count(*) FROM snooze").fetchone() == (1,)


def test_old_history_is_dropped_by_the_hour(tmp_path: Path) -> None:
    with virtual_time() as time:
        store = SqliteStore(tmp_path / STATE_FILE, keep=Keep(seconds=86_400))
        store.record(Change(history=(happened("two days ago", at=BEGIN - 172_800), happened("now", at=BEGIN))))
        surroundings = Surroundings(Settings(), {}, tmp_path, tmp_path, tmp_path, lambda _: None, clock=time.now)

        async def for_so_long(seconds: float) -> list[str]:
            task = asyncio.create_task(Upkeep(store, surroundings).run())
            await asyncio.sleep(seconds)
            task.cancel()
            await asyncio.wait([task])
            return [row.message for row in store.history()]

        assert time.run(for_so_long(PRUNE_EVERY - 61)) == ["now", "two days ago"]
        assert time.run(for_so_long(PRUNE_EVERY + 61)) == ["now"]
        store.close()
