"""What the documentation promises to name, it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectord.cli.app import COMMANDS
from connectord.cli.exit_codes import ExitCode
from connectord.doctor.checks import CHECKS
from connectord.settings import ProjectSettings
from connectord.sync import RemovalMode
from connectord.sync.guard import HoldReason

ROOT = Path(__file__).parents[1]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", HoldReason)
def test_p5_each_hold_is_explained(reason: HoldReason) -> None:
    assert f"\n| `{reason.value}` | " in page("docs/removal.md")


@pytest.mark.parametrize("mode", RemovalMode)
def test_each_mode_of_removal_is_explained(mode: RemovalMode) -> None:
    assert f'"{mode.value}"' in page("docs/removal.md")


@pytest.mark.parametrize("key", [name for name in ProjectSettings.model_fields if "remov" in name or "git" in name])
def test_each_setting_of_removal_is_explained(key: str) -> None:
    assert any(f"`{key}{end}" in page("docs/removal.md") for end in ("`", " = "))


@pytest.mark.parametrize("code", ExitCode)
def test_each_exit_code_is_documented(code: ExitCode) -> None:
    rows = [line.split("|")[1] for line in page("docs/commands.md").splitlines() if line.startswith("|")]
    assert str(code.value) in " ".join(rows).replace(",", " ").split()


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_in_the_readme(command: str) -> None:
    assert any(f"{before}{command}" in page("README.md") for before in ("`connectord ", "`", "make "))


def test_each_check_of_the_doctor_has_its_section_in_its_order() -> None:
    sections = [line.removeprefix("## ") for line in page("docs/troubleshooting.md").splitlines() if line[:3] == "## "]
    assert [name for name in sections if name in {check.name for check in CHECKS}] == [check.name for check in CHECKS]
