"""python, packages: what the metadata says, beside what runs."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

import pytest
from tests.support.doctor import here, said, states

from connectord.doctor.finding import State
from connectord.doctor.installation import Requirement, accepts, check_packages, check_python, requirement


def test_this_installation_is_well(tmp_path: Path) -> None:
    assert states(check_python, here(tmp_path)) == [State.OK]
    assert states(check_packages, here(tmp_path)) == [State.OK]


def test_a_python_that_is_too_old_is_said_with_what_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(platform, "python_version", lambda: "3.10.14")
    assert "broken: Python 3.10.14" in said(check_python, here(tmp_path))
    assert "needs >=3.11" in said(check_python, here(tmp_path))


def test_a_package_that_is_too_old_or_gone_is_said_with_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "json5":
            raise metadata.PackageNotFoundError(name)
        return "0.27.2" if name == "httpx" else real(name)

    monkeypatch.setattr(metadata, "version", version)
    words = said(check_packages, here(tmp_path))
    assert words.startswith("broken: 2 packages are not as connectord needs them")
    assert "httpx is 0.27.2 (needed: <1,>=0.28)" in words
    assert "json5 is missing (needed: >=0.12)" in words


def test_sources_that_were_never_installed_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def gone(name: str) -> object:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "metadata", gone)
    monkeypatch.setattr(metadata, "requires", gone)
    assert "runs from its sources" in said(check_packages, here(tmp_path))


def test_an_upgrade_that_stopped_halfway_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(metadata, "metadata", lambda _: {"Version": "0.0.9", "Requires-Python": ">=3.11"})
    assert "0.0.9 is what was installed last" in said(check_packages, here(tmp_path))


@pytest.mark.parametrize(
    ("wanted", "version", "fits"),
    [
        (">=3.11,<4", "3.11.7", True),
        (">=3.11,<4", "3.9", False),
        (">=3.11,<4", "4", False),
        (">=1.1", "1.10rc2", True),
        ("", "0", True),
        ("==2.*", "2.7.1", True),
        ("==2.*", "3.0", False),
        ("!=2.1", "2.1.0", False),
        ("~=2.1", "2.9", True),
        ("~=2.1", "3.0", False),
        (">1,<=2", "2.0.0", True),
    ],
)
def test_versions_are_compared_number_by_number(wanted: str, version: str, fits: bool) -> None:
    assert accepts(wanted, version) is fits


def test_what_only_an_extra_needs_is_not_needed() -> None:
    assert requirement('pytest>=8.3; extra == "dev"') is None
    assert requirement("uvicorn[standard]>=0.34") == Requirement("uvicorn", ">=0.34")
    assert requirement("click (>=8.2)") == Requirement("click", ">=8.2")
