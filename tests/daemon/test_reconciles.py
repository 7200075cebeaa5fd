"""Many projects at a start: they are reconciled in turn, within the limits, and who is in a hurry goes before them."""

from __future__ import annotations

import shutil
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.emulator import EmulatorApp, emulator_app, write_credentials
from tests.support.engine import connected
from tests.support.lives import Machine, Running
from tests.support.project import a_connector, a_project
from tests.support.virtual_time import virtual_time

from connectord.control.models import ProjectState
from connectord.emulator.operations import OperationName
from connectord.project import Project
from connectord.settings import Settings
from connectord.sync.reconcile import SPARE

MANY = 100
PER_MINUTE = 60
SETTLE_CAP = Settings().settle_cap
APPS = tuple(f"{number:024}" for number in range(MANY))


@contextmanager
def a_street(folder: Path) -> Iterator[tuple[Machine, list[Project]]]:
    """A hundred projects of one person, each with an app of its own."""
    with virtual_time() as time:
        emulator = emulator_app(app_ids=APPS, limits=True)
        token = emulator.world.accounts.sign_in("dev@example.com")
        pair = {"access_token": token.access_token, "refresh_token": token.refresh_token, "expires_in": 3600}
        write_credentials(folder / "home", pair)
        shops = [a_project(folder / app, {}, app_id=app, api_url=emulator.url) for app in APPS]
        yield Machine(folder, emulator, time), shops


def opened(machine: Machine, shops: list[Project]) -> Running:
    """A life that begins with these projects."""
    running = Running(machine)
    for shop in shops:
        running.life.store.add_project(shop.root, 0.0)
    running.kill()
    return Running(machine)


def listed(emulator: EmulatorApp) -> list[float]:
    return [one.time for one in emulator.world.journal.entries if one.operation is OperationName.LIST]


def most_in_a_minute(times: list[float]) -> int:
    return max(bisect_left(times, first + 60.0) - index for index, first in enumerate(times))


def test_p8_a_hundred_projects_are_all_reconciled_within_the_limits_and_leave_room(tmp_path: Path) -> None:
    with a_street(tmp_path) as (machine, shops):
        running = opened(machine, shops)
        machine.time.pass_(180.0)
        statuses = [running.life.project(shop.root) for shop in shops]
        times = listed(machine.emulator)
        refused = [one for one in machine.emulator.world.journal.entries if one.status == 429]
        running.kill()
    assert {one.state for one in statuses} == {ProjectState.SYNCED}
    assert len(times) == MANY
    assert most_in_a_minute(times) <= PER_MINUTE - SPARE
    assert refused == []


def test_p14_every_project_is_looked_at_before_base44_is_asked_about_the_first(tmp_path: Path) -> None:
    with a_street(tmp_path) as (machine, shops):
        git = shops[-1].root / ".git"
        (git / "rebase-merge").mkdir(parents=True)
        (git / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
        running = opened(machine, shops[-4:])
        machine.time.pass_(SETTLE_CAP - 0.1)  # so long nothing of the rebase is believed
        before = listed(machine.emulator)
        machine.time.pass_(1.0)
        after = listed(machine.emulator)
        running.kill()
    assert before == []
    assert len(after) == 4


def test_a_project_that_is_not_there_keeps_none_of_the_others_from_being_compared(tmp_path: Path) -> None:
    with a_street(tmp_path) as (machine, shops):
        shutil.rmtree(shops[0].root)
        running = opened(machine, shops[:3])
        machine.time.pass_(1.0)
        times = listed(machine.emulator)
        running.kill()
    assert len(times) == 2


def test_p4_the_fresh_look_before_a_removal_waits_for_no_project_that_is_reconciled(tmp_path: Path) -> None:
    with a_street(tmp_path) as (machine, shops):
        shop = shops[0]
        for name in ("slack", "github"):  # without the other one it would be held
            a_connector(shop, name, ["a"])
        connected(machine.emulator, {"slack": ["a"], "github": ["a"]})
        running = opened(machine, [shop])
        machine.time.pass_(120.0)
        running.kill()
        running = opened(machine, shops)
        machine.time.pass_(3.0)
        (shop.connectors_dir / "slack.jsonc").unlink()
        running.life.engine.followed[shop.root].loop.hint()
        machine.time.pass_(15.0)
        gone = [one.time for one in machine.emulator.world.journal.entries if one.operation is OperationName.REMOVE]
        waiting = MANY - len(listed(machine.emulator))
        lines = running.life.project(shop.root).connectors
        running.kill()
    assert waiting > 0, "all were reconciled already"
    assert len(gone) == 1
    assert [line.type for line in lines] == ["github"]
