"""The wheel and the sdist: what is in them, and that they work where nothing of the checkout is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_string
from pathlib import Path

import pytest
from tests.support.emulator import write_credentials
from tests.support.packages import INSTALL_SECONDS, ROOT, RUN_SECONDS, Installed, Packages, build, with_pip, with_pipx
from tests.support.project import a_project

from connectord import __version__
from connectord.doctor.checks import CHECKS

pytestmark = [pytest.mark.timeout(INSTALL_SECONDS * 2)]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return build(tmp_path_factory.mktemp("packages"))


def files_below(*folders: str) -> set[str]:
    """The files of this checkout in these folders, as git would list them."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return {str(path.relative_to(ROOT)) for path in found if path.is_file() and "__pycache__" not in path.parts}


def test_the_wheel_has_the_package_and_the_service_and_nothing_else(packages: Packages) -> None:
    files = packages.files_of_wheel()
    package = {name.removeprefix("daemon/") for name in files_below("daemon/connectord")}
    assert package <= files
    shipped = {name.rpartition("/")[2] for name in files_below("service")}
    assert shipped <= {name.rpartition("/")[2] for name in files}
    assert {name.partition("/")[0] for name in files} == {"connectord", f"connectord-{__version__}.dist-info"}


def test_the_wheel_says_who_it_is(packages: Packages) -> None:
    metadata = message_from_string(packages.read_from_wheel(".dist-info/METADATA"))
    assert (metadata["Name"], metadata["Version"], metadata["Requires-Python"]) == ("connectord", __version__, ">=3.11")
    assert metadata["License-Expression"] == "MIT"
    assert str(metadata.get_payload()).strip() == (ROOT / "README.md").read_text().strip()
    assert "connectord = connectord.cli:main" in packages.read_from_wheel(".dist-info/entry_points.txt")


def test_the_sdist_has_everything_that_its_tests_need(packages: Packages) -> None:
    files = packages.files_of_sdist()
    needed = files_below("daemon", "service", "tests", "docs")
    alone = {"CHANGELOG.md", "LICENSE", "Makefile", "README.md", "constraints.txt", "pyproject.toml"}
    assert needed | alone <= files
    assert files - needed - alone <= {"PKG-INFO", ".gitignore"}


def test_the_tests_of_the_sdist_are_found_there_and_run(packages: Packages) -> None:
    environ = {**os.environ, "PYTHONPATH": str(packages.source / "daemon")}
    tests = ["tests/test_docs.py", "tests/test_settings.py", "tests/project/test_find.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=packages.source,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.fixture(scope="module")
def by_pip(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return with_pip(packages.wheel, tmp_path_factory.mktemp("pip"))


def test_pip_installs_it_and_it_says_its_version(by_pip: Installed) -> None:
    done = by_pip.run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"connectord {__version__}\n", "")
    where = [str(by_pip.command.parent / "python"), "-c", "import connectord; print(connectord.__file__)"]
    found = subprocess.run(where, env=by_pip.environ(), cwd=by_pip.home, capture_output=True, text=True, check=True)
    assert Path(found.stdout).is_relative_to(by_pip.command.parents[1])


def test_python_m_connectord_is_the_same_command(by_pip: Installed) -> None:
    python = [str(by_pip.command.parent / "python"), "-m", "connectord", "--version"]
    done = subprocess.run(python, env=by_pip.environ(), cwd=by_pip.home, capture_output=True, text=True, check=True)
    assert done.stdout == f"connectord {__version__}\n"


def test_what_pip_installed_completes(by_pip: Installed) -> None:
    assert "_CONNECTORD_COMPLETE=zsh_complete" in by_pip.run("completion", "zsh").stdout


def test_what_pip_installed_plays_the_tour(by_pip: Installed) -> None:
    done = by_pip.run("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ 15. " in done.stdout


@pytest.fixture
def emulator(by_pip: Installed) -> Iterator[str]:
    """The installed emulator, to talk to with the installed command; its URL."""
    command = [str(by_pip.command), "emulator", "--port", "0", "--json"]
    with subprocess.Popen(command, env=by_pip.environ(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["url"])
        process.terminate()
        process.wait(RUN_SECONDS)


def test_what_pip_installed_pushes_and_finds_nothing_wrong(by_pip: Installed, emulator: str) -> None:
    import httpx  # noqa: PLC0415

    tokens = httpx.post(f"{emulator}/admin/tokens", json={"email": "dev@example.com"}, trust_env=False).json()
    write_credentials(by_pip.home, tokens).chmod(0o600)
    app = next(iter(httpx.get(f"{emulator}/admin/state", trust_env=False).json()["connectors"]))
    shop = a_project(by_pip.home / "shop", {"slack": ["chat:write"]}, app_id=app, api_url=emulator).root
    pushed = by_pip.run("push", "-y", "--json", folder=shop)
    assert pushed.returncode == 3, pushed.stderr
    assert json.loads(pushed.stdout)["results"][0]["type"] == "slack"
    doctor = by_pip.run("doctor", "--json", folder=shop)
    found = {one["check"]: one["state"] for one in json.loads(doctor.stdout)["checks"]}
    assert (doctor.returncode, list(found)) == (0, [check.name for check in CHECKS])
    assert (found["packages"], found["login"], found["api"]) == ("ok", "ok", "ok")


def test_pipx_installs_it_and_the_doctor_finds_the_packages_well(packages: Packages, tmp_path: Path) -> None:
    by_pipx = with_pipx(packages.wheel, tmp_path)
    assert by_pipx.run("--version").stdout == f"connectord {__version__}\n"
    found = json.loads(by_pipx.run("doctor", "--json").stdout)["checks"]
    assert {one["check"]: one["state"] for one in found if one["check"] in {"python", "packages"}} == {
        "python": "ok",
        "packages": "ok",
    }


def test_pip_installs_the_sdist_as_well(packages: Packages, tmp_path: Path) -> None:
    by_pip = with_pip(packages.sdist, tmp_path)
    assert by_pip.run("--version").stdout == f"connectord {__version__}\n"
    assert by_pip.run("completion", "bash").returncode == 0
