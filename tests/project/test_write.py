"""Writing: the old text or the new one, never a part; and what the file was besides its text stays."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from connectord.project import FileNotWritten, delete_file, write_text
from connectord.project.write import create_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_text_is_written_as_it_is_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_text(tmp_path / "slack.jsonc", "\ufeff{\r\n}é\n")
    assert (tmp_path / "slack.jsonc").read_bytes() == "\ufeff{\r\n}é\n".encode()
    assert names(tmp_path) == ["slack.jsonc"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_an_existing_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "slack.jsonc"
    file.write_text("old", encoding="utf-8")
    file.chmod(mode)
    write_text(file, "new")
    assert (file.read_text(encoding="utf-8"), stat.S_IMODE(file.stat().st_mode)) == ("new", mode)


def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "slack.jsonc", "{}")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "slack.jsonc").stat().st_mode) == 0o640


def test_a_symbolic_link_stays_one_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    target = tmp_path / "shared" / "slack.txt"
    target.write_text("old", encoding="utf-8")
    link = tmp_path / "slack.jsonc"
    link.symlink_to(target)
    write_text(link, "new")
    assert (link.is_symlink(), target.read_text(encoding="utf-8")) == (True, "new")


@pytest.mark.parametrize("step", ["fsync", "fchmod", "replace"])
@pytest.mark.parametrize("interruption", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_the_old_text_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, interruption: BaseException
) -> None:
    file = tmp_path / "slack.jsonc"
    file.write_text("old", encoding="utf-8")

    def interrupted(*_: object) -> None:
        raise interruption

    monkeypatch.setattr(Path if step == "replace" else os, step, interrupted)
    with pytest.raises((FileNotWritten, KeyboardInterrupt)):
        write_text(file, "new")
    assert (file.read_text(encoding="utf-8"), names(tmp_path)) == ("old", ["slack.jsonc"])


def test_what_is_written_meanwhile_has_a_name_that_no_reader_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    fsync = os.fsync

    def look(descriptor: int) -> None:
        seen.extend(names(tmp_path))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    write_text(tmp_path / "slack.jsonc", "new")
    assert seen[0].startswith(".slack.jsonc.")


def test_a_failure_names_the_file_and_the_reason(tmp_path: Path) -> None:
    with pytest.raises(FileNotWritten) as caught:
        write_text(tmp_path / "no" / "slack.jsonc", "new")
    assert caught.value.what == f"{tmp_path}/no/slack.jsonc could not be written: No such file or directory."
    assert caught.value.todo


def test_deleting_removes_the_link_and_not_its_target(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("", encoding="utf-8")
    (tmp_path / "slack.jsonc").symlink_to("target")
    delete_file(tmp_path / "slack.jsonc")
    assert names(tmp_path) == ["target"]


def test_deleting_what_is_gone_is_fine(tmp_path: Path) -> None:
    delete_file(tmp_path / "slack.jsonc")
    assert names(tmp_path) == []


def test_a_failed_deletion_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotWritten, match="could not be removed"):
        delete_file(tmp_path)


def no_links(*_: object) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_p6_a_new_file_is_made_where_the_file_system_knows_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    create_text(tmp_path / "connectors/slack.jsonc", "{}\n")
    assert (tmp_path / "connectors/slack.jsonc").read_text(encoding="utf-8") == "{}\n"
    assert names(tmp_path / "connectors") == ["slack.jsonc"]


def test_p6_nothing_is_written_over_where_the_file_system_knows_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    (tmp_path / "slack.jsonc").write_text("mine", encoding="utf-8")
    with pytest.raises(FileNotWritten):
        create_text(tmp_path / "slack.jsonc", "{}")
    assert (tmp_path / "slack.jsonc").read_text(encoding="utf-8") == "mine"
    assert names(tmp_path) == ["slack.jsonc"]
