"""Which service manager there is, what an installation takes over, and what is said where there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.support.service import Programs, a_person

from connectord.service.choose import service_manager, this_person
from connectord.service.errors import NoServiceManager
from connectord.service.installation import environment_of_service, left_out
from connectord.service.launchd import Launchd
from connectord.service.manager import Person, Ran, ServiceManager, run_program
from connectord.service.systemd import Systemd


def choose(person: Person, programs: Programs, platform: str, booted: Path) -> ServiceManager:
    return service_manager(person, programs, log=Path("/log"), answers=lambda _: True, platform=platform, booted=booted)


def test_on_linux_it_is_systemd_where_the_users_own_answers(tmp_path: Path) -> None:
    assert isinstance(choose(a_person(tmp_path), Programs(), "linux", tmp_path), Systemd)


def test_on_macos_it_is_launchd(tmp_path: Path) -> None:
    assert isinstance(choose(a_person(tmp_path), Programs(), "darwin", tmp_path / "no"), Launchd)


def test_a_container_has_none_and_start_is_named(tmp_path: Path) -> None:
    programs = Programs()
    with pytest.raises(NoServiceManager, match="isn't run by systemd") as caught:
        choose(a_person(tmp_path), programs, "linux", tmp_path / "no")
    assert caught.value.todo == ("Run it without a service manager: connectord start",)
    assert programs.ran == []


def test_wsl_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NoServiceManager) as caught:
        choose(a_person(tmp_path, WSL_DISTRO_NAME="Debian"), Programs(), "linux", tmp_path / "no")
    assert "/etc/wsl.conf" in caught.value.todo[0]


def test_a_user_whose_systemd_does_not_run_is_told_how_to_get_it(tmp_path: Path) -> None:
    programs = Programs({"systemctl --user": Ran(1, "", "Failed to connect to bus: No medium found\n")})
    with pytest.raises(NoServiceManager, match="not the one of the user ann") as caught:
        choose(a_person(tmp_path), programs, "linux", tmp_path)
    assert caught.value.details == ("Failed to connect to bus: No medium found",)
    assert "loginctl enable-linger ann" in caught.value.todo[1]
    assert "connectord start" in caught.value.todo[2]


def test_elsewhere_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(NoServiceManager, match="freebsd14"):
        choose(a_person(tmp_path), Programs(), "freebsd14", tmp_path)


def test_places_and_the_way_to_base44_are_taken_over_and_no_secret_is() -> None:
    environ = {
        "BASE44_API_URL": "https://base44.test",
        "BASE44_API_KEY": "key",
        "BASE44_ACCESS_TOKEN": "token",
        "BASE44_APP_ID": "app",
        "CONNECTORD_STATE_DIR": "state",
        "XDG_CONFIG_HOME": "/home/ann/config",
        "XDG_RUNTIME_DIR": "/run/user/1",
        "HTTPS_PROXY": "",
        "PATH": "/bin",
        "EDITOR": "vi",
    }
    assert environment_of_service(environ) == {
        "BASE44_API_URL": "https://base44.test",
        "CONNECTORD_STATE_DIR": str(Path("state").absolute()),
        "PATH": "/bin",
        "XDG_CONFIG_HOME": "/home/ann/config",
    }
    assert left_out(environ) == ("BASE44_API_KEY", "BASE44_ACCESS_TOKEN", "BASE44_APP_ID")


def test_the_interpreter_is_the_one_that_runs_and_not_what_it_points_to() -> None:
    assert this_person({}).ours.python == sys.executable


def test_a_program_is_run_with_its_environment_and_one_that_is_missing_is_no_exception() -> None:
    asked = [sys.executable, "-c", "import os, sys; print(os.environ['WORD']); sys.exit('no')"]
    assert run_program(asked, {"WORD": "yes"}) == Ran(1, "yes\n", "no\n")
    missing = run_program(["/nowhere/systemctl"], {})
    assert (missing.code, missing.err) == (127, "/nowhere/systemctl: No such file or directory")
