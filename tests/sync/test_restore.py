"""Restore: files come back as they were, and nothing is ever written over (P6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectord.project.connector_file import read_connector
from connectord.store import BaseEntry
from connectord.sync.restore import restored_text, write_back

TEXT = '// The team\'s channel\n{ "type": "slack", "scopes": ["chat:write"], /* keep */ }\n'
SLACK = BaseEntry("slack", ("chat:write",), file_name="our slack.jsonc", file_text=TEXT)


def test_a_file_comes_back_under_its_name_with_its_comments(tmp_path: Path) -> None:
    restored = write_back(tmp_path / "base44/connectors", [SLACK])
    file = tmp_path / "base44/connectors/our slack.jsonc"
    assert (restored.files, restored.failures) == ((("slack", file),), ())
    assert file.read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize(
    "entry",
    [
        BaseEntry("slack", ("chat:write", "users:read"), file_text=TEXT),
        BaseEntry("slack", (), {"tenant": "é"}, file_text=TEXT),
        BaseEntry("slack", ("chat:write",), file_text="{ not a connector"),
        BaseEntry("slack", ("chat:write",)),
    ],
)
def test_what_comes_back_says_what_base44_accepted_whatever_was_kept(entry: BaseEntry, tmp_path: Path) -> None:
    reading = read_connector(restored_text(entry).encode(), tmp_path / "slack.jsonc")
    assert reading.connector is not None
    assert reading.connector.type == "slack"
    assert set(reading.connector.scopes) == set(entry.scopes)
    assert reading.connector.connection_config == entry.connection_config


def test_a_name_that_is_taken_is_left_alone_and_another_one_used(tmp_path: Path) -> None:
    taken = tmp_path / "our slack.jsonc"
    taken.write_text("mine", encoding="utf-8")
    restored = write_back(tmp_path, [SLACK])
    assert taken.read_text(encoding="utf-8") == "mine"
    assert restored.files == (("slack", tmp_path / "slack.jsonc"),)


def test_both_names_taken_is_a_failure_that_says_so(tmp_path: Path) -> None:
    for name in ("our slack.jsonc", "slack.jsonc"):
        (tmp_path / name).write_text("mine", encoding="utf-8")
    restored = write_back(tmp_path, [SLACK, BaseEntry("github", ("repo",))])
    way_out = "is there already, and nothing is written over. Move it away, then restore again."
    assert restored.failures == (("slack", f"{tmp_path}/slack.jsonc {way_out}"),)
    assert [name for name, _ in restored.files] == ["github"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["github.jsonc", "our slack.jsonc", "slack.jsonc"]


def test_a_dangling_link_in_the_way_is_a_failure_and_stays(tmp_path: Path) -> None:
    (tmp_path / "connectors").symlink_to(tmp_path / "nowhere")
    restored = write_back(tmp_path / "connectors", [SLACK])
    way_out = "is no folder, and no link to one. Move it away, then restore again."
    assert restored.failures == (("slack", f"{tmp_path}/connectors {way_out}"),)
    assert not (tmp_path / "nowhere").exists()
