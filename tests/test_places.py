"""Where connectord keeps what it writes for itself."""

from __future__ import annotations

import warnings
from pathlib import Path

import platformdirs
import pytest

from connectord.places import NoRuntimeDirectory, runtime_dir, state_dir


def test_both_places_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONNECTORD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("CONNECTORD_RUNTIME_DIR", str(tmp_path / "run"))
    assert (state_dir(), runtime_dir()) == (tmp_path / "state", tmp_path / "run")


def test_a_relative_choice_counts_from_the_working_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONNECTORD_RUNTIME_DIR", "run")
    assert runtime_dir() == tmp_path / "run"


def test_without_a_choice_they_are_the_platforms_own_and_nothing_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONNECTORD_RUNTIME_DIR")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert (state_dir().name, runtime_dir().name) == ("connectord", "connectord")
    assert heard == []


def test_a_platform_without_a_safe_place_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsafe(*_: object, **__: object) -> str:
        raise PermissionError("it belongs to someone else")

    monkeypatch.delenv("CONNECTORD_RUNTIME_DIR")
    monkeypatch.setattr(platformdirs, "user_runtime_dir", unsafe)
    with pytest.raises(NoRuntimeDirectory, match="it belongs to someone else") as caught:
        runtime_dir()
    assert "CONNECTORD_RUNTIME_DIR" in caught.value.todo[0]
