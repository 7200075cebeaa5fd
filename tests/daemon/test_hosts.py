"""A project whose API host changes: each host has a base of its own, and the client of the old one is let go."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.emulator import RunningEmulator, running_emulator
from tests.support.project import APP_ID, a_project
from tests.support.running import RunningDaemon, running_daemon
from tests.support.storm import until

from connectord.emulator.state import DEFAULT_API_KEY
from connectord.project import Project


@pytest.fixture(scope="module")
def hosts() -> Iterator[tuple[RunningEmulator, RunningEmulator]]:
    with running_emulator("--app", APP_ID) as one, running_emulator("--app", APP_ID) as other:
        yield one, other


@pytest.fixture
def here_and_there(hosts: tuple[RunningEmulator, RunningEmulator]) -> tuple[RunningEmulator, RunningEmulator]:
    """Two hosts with the same app, as at their first start."""
    for host in hosts:
        host.admin("reset")
        host.settings(limits=False)
    return hosts


def quick(home: Path) -> dict[str, str]:
    (home / "settings.toml").write_text("settle_cap = 0.05\nremoval_grace = 0\n")
    return {"CONNECTORD_CONFIG": str(home / "settings.toml"), "BASE44_API_KEY": DEFAULT_API_KEY}


def points_to(project: Project, host: RunningEmulator, daemon: RunningDaemon) -> None:
    (project.root / ".env").write_text(f"BASE44_API_URL={host.url}\n")
    daemon.expect(event="project.watching")


def sent(host: RunningEmulator) -> list[str]:
    changes = [one for one in host.requests() if one["method"] != "GET"]
    names = [one["path"].removesuffix("/remove").rpartition("/")[2] for one in changes]
    return sorted(f"{one['method']} {name}" for one, name in zip(changes, names, strict=True))


def test_p2_another_host_gets_everything_and_the_first_one_keeps_its_base(
    here_and_there: tuple[RunningEmulator, RunningEmulator], tmp_path: Path, a_home_of_its_own: Path
) -> None:
    here, there = here_and_there
    for host in here_and_there:  # what nobody consented to would be forgotten without a word
        host.connect("slack", ["a"])
        host.connect("github", ["b"])
    project = a_project(tmp_path / "shop", {"slack": ["a"], "github": ["b"]}, app_id=APP_ID, api_url=here.url)
    with running_daemon(project.root, a_home_of_its_own, **quick(a_home_of_its_own)) as daemon:
        daemon.expect(event="push.finished")
        points_to(project, there, daemon)
        daemon.expect(event="push.finished")
        assert sent(there) == ["PUT github", "PUT slack"]
        (project.connectors_dir / "slack.jsonc").unlink()
        daemon.expect(event="push.finished")
        assert sent(there) == ["DELETE slack", "PUT github", "PUT slack"]
        here.forget_requests()
        points_to(project, here, daemon)
        held = daemon.expect(event="hold.began")
        assert (held["code"], held["types"]) == ("app-changed", ["slack"])
        (project.connectors_dir / "slack.jsonc").write_text('{type: "slack", scopes: ["a", "c"]}')
        daemon.expect(event="push.finished")
        assert daemon.end() == 0
    assert sent(here) == ["PUT slack"]
    assert sent(there) == ["DELETE slack", "PUT github", "PUT slack"]


@pytest.mark.skipif(sys.platform != "linux", reason="other operating system: there is no /proc")
def test_p14_the_client_of_a_host_that_is_no_longer_used_holds_no_connection(
    here_and_there: tuple[RunningEmulator, RunningEmulator], tmp_path: Path, a_home_of_its_own: Path
) -> None:
    here, there = here_and_there
    project = a_project(tmp_path / "shop", {"slack": ["a"]}, app_id=APP_ID, api_url=here.url)
    settings = quick(a_home_of_its_own)
    with running_daemon(project.root, a_home_of_its_own, **settings) as daemon:
        daemon.expect(event="push.finished")
        assert connections(daemon, here) > 0
        points_to(project, there, daemon)
        daemon.expect(event="push.finished")
        until(lambda: connections(daemon, here) == 0, "its connections are closed")
        assert connections(daemon, there) > 0
        assert daemon.end() == 0


def connections(daemon: RunningDaemon, host: RunningEmulator) -> int:
    """How many sockets of the daemon are connected to this host."""
    process = Path(f"/proc/{daemon.process.pid}")
    own = set()
    for file in (process / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            own |= set(re.findall(r"socket:\[(\d+)\]", str(file.readlink())))
    port = f"{int(host.url.rpartition(':')[2]):04X}"
    table = [line.split() for line in (process / "net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port}") and row[9] in own for row in table)
