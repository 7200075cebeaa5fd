"""The state file: everything comes back, only its owner can read it, damage is an error and never a loss."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from tests.support.emulator import emulator_app
from tests.support.emulator_clock import StandingClock

from connectord.emulator import World
from connectord.emulator.state import ConnectionConfig
from connectord.emulator.storage import StateFile, StateFileUnusable

CLOCK = StandingClock()


def lived_in_world() -> World:
    """A world in which a bit of everything has happened."""
    world = World(app_ids=("a" * 24, "b" * 24), clock=CLOCK)
    config: ConnectionConfig = {"subdomain": "contoso", "more": [1, None]}
    for type_ in ("share_point", "slack"):
        outcome = world.integrations.put("a" * 24, type_, ["one", "two"], config, caller="dev@example.com")
        assert outcome.consent is not None
        world.integrations.allow(outcome.consent)
    world.integrations.put("b" * 24, "notion", [], None, caller="dev@example.com")
    world.payments.install("a" * 24)
    world.accounts.sign_in("ada@example.com")
    world.accounts.start_device_login()
    return world


def test_everything_comes_back(tmp_path: Path) -> None:
    world = lived_in_world()
    file = StateFile(tmp_path / "state.json")

    file.save(world.state)

    assert file.load() == world.state


def test_a_world_goes_on_where_it_was(tmp_path: Path) -> None:
    world = lived_in_world()
    pair = world.accounts.sign_in("ada@example.com")
    file = StateFile(tmp_path / "state.json")
    file.save(world.state)

    again = World(app_ids=("c" * 24,), state=file.load(), clock=CLOCK)

    assert again.accounts.holder_of_token(pair.access_token) == "ada@example.com"
    assert again.integrations.listed("a" * 24) == world.integrations.listed("a" * 24)
    assert again.enter("c" * 24).id == "c" * 24


def test_no_file_is_an_empty_beginning(tmp_path: Path) -> None:
    assert StateFile(tmp_path / "state.json").load() is None


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("{}")
    path.chmod(0o644)

    StateFile(path).save(lived_in_world().state)

    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "Invalid JSON"),
        (b'{"signing_key": "x", "apps": {"a"', "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"[]", "not a state file"),
        (b'{"signing_key": "x", "settings": {"limits": "perhaps"}}', "at settings.limits"),
    ],
)
def test_a_damaged_file_is_a_clear_error_and_stays(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)

    with pytest.raises(StateFileUnusable) as error:
        StateFile(path).load()

    assert str(path) in error.value.what
    assert says in error.value.what
    assert error.value.todo
    assert path.read_bytes() == content


def test_an_unreadable_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StateFileUnusable, match="can't be read: Is a directory"):
        StateFile(tmp_path).load()


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.mkdir()  # a rename onto a directory fails after the content was written

    with pytest.raises(StateFileUnusable, match="can't be written"):
        StateFile(path).save(lived_in_world().state)

    assert list(tmp_path.iterdir()) == [path]


async def test_every_change_is_kept_before_the_client_hears_of_it() -> None:
    kept: list[int] = []
    emulator = emulator_app(keep=lambda: kept.append(len(emulator.world.state.consents)))
    client = emulator.client(sign_in=True)

    await client.get(f"{emulator.api}/external-auth/list")
    assert kept == []
    await client.put(f"{emulator.api}/external-auth/integrations/slack", json={"scopes": []})

    assert kept == [1]


async def test_a_change_that_can_t_be_kept_is_an_error(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "nowhere" / "state.json")
    emulator = emulator_app(keep=lambda: file.save(emulator.world.state))
    client = emulator.client(sign_in=True)

    reply = await client.put(f"{emulator.api}/external-auth/integrations/slack", json={"scopes": []})

    assert reply.status_code == 507
    assert "can't be written" in reply.json()["message"]
    assert reply.headers["x-request-id"]


async def test_a_change_is_kept_even_if_its_reply_is_lost() -> None:
    kept: list[int] = []
    emulator = emulator_app(keep=lambda: kept.append(len(emulator.world.state.consents)))
    client = emulator.client(sign_in=True)
    await client.post("/admin/faults", json={"reset": True, "carried_out": True})
    kept.clear()

    with pytest.raises(httpx.ReadError, match="reset the connection"):
        await client.put(f"{emulator.api}/external-auth/integrations/slack", json={"scopes": []})

    assert kept == [1]
