"""The connectors directory as a Snapshot: what is listed, what is left out, and that nothing blocks or raises."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.project import a_connector, a_project, a_snapshot, saved_atomically

from connectord.project import (
    DirectoryState,
    ProblemCode,
    Project,
    Severity,
    Snapshot,
    SnapshotReader,
    read_project,
)
from connectord.project.reader import NO_DIRECTORY
from connectord.project.regular_file import MAX_FILE_BYTES

AS_ROOT = os.geteuid() == 0


def codes(snapshot: Snapshot) -> list[tuple[str, ProblemCode]]:
    return [(problem.file.name, problem.code) for problem in snapshot.problems]


def messages(snapshot: Snapshot) -> list[str]:
    return [f"{Path(problem.place).name}: {problem.message}" for problem in snapshot.problems]


def types(snapshot: Snapshot) -> list[str]:
    return [connector.type for connector in snapshot.connectors]


def test_connectors_come_in_filename_order_with_their_files(tmp_path: Path) -> None:
    project = a_project(
        tmp_path, {"b.jsonc": '{"type": "slack"}', "a.json": '{"type": "notion"}', "c.json": '{"type": "box"}'}
    )
    snapshot = a_snapshot(project)
    assert types(snapshot) == ["notion", "slack", "box"]
    assert [connector.file for connector in snapshot.connectors] == [
        project.connectors_dir / name for name in ("a.json", "b.jsonc", "c.json")
    ]
    assert snapshot.complete


@pytest.mark.parametrize(
    "name", [".slack.jsonc", ".slack.json.swp", "slack.jsonc~", "slack.yaml", "README.md", "4913", "slack.JSON"]
)
def test_other_names_are_not_connector_files(tmp_path: Path, name: str) -> None:
    project = a_project(tmp_path, {})
    (project.connectors_dir / name).write_text("{", encoding="utf-8")
    assert a_snapshot(project) == Snapshot(
        project.connectors_dir, DirectoryState.PRESENT, identity=a_snapshot(project).identity
    )


def test_subfolders_are_not_looked_into(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": []})
    (project.connectors_dir / "old").mkdir()
    (project.connectors_dir / "old" / "box.jsonc").write_text('{"type": "box"}', encoding="utf-8")
    assert types(a_snapshot(project)) == ["slack"]


def test_two_files_of_one_type_name_each_other_and_neither_counts(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["a"], "team.json": '{\n "type": "slack"}', "box": []})
    snapshot = a_snapshot(project)
    assert types(snapshot) == ["box"]
    assert messages(snapshot) == [
        'slack.jsonc:2:11: "slack" is also the type of team.json; a type has one file, so none of them counts.',
        'team.json:2:10: "slack" is also the type of slack.jsonc; a type has one file, so none of them counts.',
    ]
    assert not snapshot.complete


def test_three_files_of_one_type_name_all_others(tmp_path: Path) -> None:
    project = a_project(tmp_path, dict.fromkeys(("a.json", "b.json", "c.json"), '{"type": "box"}'))
    assert messages(a_snapshot(project))[0].startswith('a.json:1:10: "box" is also the type of b.json and c.json;')


def test_one_bad_file_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    snapshot = a_snapshot(a_project(tmp_path, {"slack": ["a"], "bad.json": "{"}))
    assert (types(snapshot), codes(snapshot), snapshot.complete) == (
        ["slack"],
        [("bad.json", ProblemCode.SYNTAX)],
        False,
    )


@pytest.mark.parametrize(
    ("type_", "hint"),
    [
        ("gogle_calendar", '; did you mean "googlecalendar"?'),
        ("Slack", '; did you mean "slack"?'),
        ("sharepoint", '; did you mean "share_point"?'),
        ("google-calendar", '; did you mean "googlecalendar"?'),
        ("zzz", "; it is sent as it is."),
    ],
)
def test_an_unknown_type_is_a_warning_with_the_nearest_known_name(tmp_path: Path, type_: str, hint: str) -> None:
    snapshot = a_snapshot(a_project(tmp_path, {type_: []}))
    assert (types(snapshot), snapshot.complete) == ([type_], True)
    assert messages(snapshot) == [f'{type_}.jsonc:2:11: "{type_}" is not a type that Base44 lists{hint}']
    assert [problem.severity for problem in snapshot.problems] == [Severity.WARNING]


def test_the_known_types_may_be_the_ones_that_the_service_lists(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"brand_new": []})
    assert SnapshotReader().read(project, {"brand_new"}).problems == ()


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"big.json": " " * MAX_FILE_BYTES + '{"type": "slack"}'})
    assert messages(a_snapshot(project)) == ["big.json: Larger than 256 KiB, so it was not read."]


def test_a_file_of_just_the_limit_is_read(tmp_path: Path) -> None:
    text = '{"type": "slack"}'
    project = a_project(tmp_path, {"big.json": " " * (MAX_FILE_BYTES - len(text)) + text})
    assert types(a_snapshot(project)) == ["slack"]


@pytest.fixture
def oddities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A directory, a fifo, a socket, a dangling link and a loop, each under a connector's name."""
    project = a_project(tmp_path, {"slack": []})
    folder = project.connectors_dir
    (folder / "directory.json").mkdir()
    os.mkfifo(folder / "fifo.json")
    (folder / "dangling.json").symlink_to("nowhere")
    (folder / "loop.json").symlink_to("loop.json")
    (folder / "null.json").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as server:
        with monkeypatch.context() as here:  # socket paths may have 104 bytes, pytest's folders have more
            here.chdir(folder)
            server.bind("socket.json")
        yield project


def test_what_is_no_file_is_a_problem_and_blocks_nothing(oddities: Project) -> None:
    snapshots: list[Snapshot] = []
    thread = Thread(target=lambda: snapshots.append(a_snapshot(oddities)), daemon=True)
    thread.start()
    thread.join(timeout=20)
    assert snapshots, "the reader is blocked"
    assert types(snapshots[0]) == ["slack"]
    assert messages(snapshots[0]) == [
        "dangling.json: This is a symbolic link to nowhere, and there is nothing there.",
        "directory.json: This is a directory, not a file.",
        "fifo.json: This is a named pipe, not a file.",
        "loop.json: Can't be read: Too many levels of symbolic links.",
        "null.json: This is a device, not a file.",
        "socket.json: This is a socket, not a file.",
    ]


def test_a_file_without_permission_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = a_project(tmp_path, {"slack": []})
    a_connector(project, "box", []).chmod(0)
    if AS_ROOT:
        _refuse_to_open(monkeypatch, "box.jsonc")
    assert messages(a_snapshot(project)) == ["box.jsonc: Can't be read: Permission denied."]


def test_a_file_that_vanishes_between_listing_and_reading_is_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = a_project(tmp_path, {"slack": [], "box": []})
    listdir = os.listdir

    def list_then_delete(descriptor: int) -> list[str]:
        names = listdir(descriptor)
        (project.connectors_dir / "box.jsonc").unlink(missing_ok=True)
        return names

    monkeypatch.setattr(os, "listdir", list_then_delete)
    snapshot = a_snapshot(project)
    assert (types(snapshot), snapshot.problems) == (["slack"], ())


def test_p3_a_file_that_is_listed_and_can_not_be_found_is_a_problem_and_no_deletion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = a_project(tmp_path, {"slack": []})
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda descriptor: [*listdir(descriptor), "box.jsonc"])
    snapshot = a_snapshot(project)
    assert (types(snapshot), snapshot.complete) == (["slack"], False)
    assert messages(snapshot) == ["box.jsonc: It is listed in its directory, but can't be found there."]


def test_of_two_snapshots_by_one_reader_the_later_has_the_greater_number(tmp_path: Path) -> None:
    project, reader = a_project(tmp_path, {"slack": []}), SnapshotReader()
    first, second = reader.read(project), reader.read(project)
    assert first.number < second.number
    assert first == second


def test_symbolic_links_to_files_and_directories_work(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "real.txt").write_text('{"type": "slack"}', encoding="utf-8")
    (elsewhere / "slack.jsonc").symlink_to("real.txt")
    project = a_project(tmp_path / "p")
    project.connectors_dir.symlink_to(elsewhere)
    snapshot = a_snapshot(project)
    assert types(snapshot) == ["slack"]
    assert snapshot.identity is not None
    assert snapshot.identity.inode == elsewhere.stat().st_ino


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes no such name")
def test_a_name_that_is_not_utf8_can_be_shown(tmp_path: Path) -> None:
    project = a_project(tmp_path, {})
    (project.connectors_dir / os.fsdecode(b"\xff.json")).write_text("[", encoding="utf-8")
    problem = a_snapshot(project).problems[0]
    assert (
        str(problem).encode().endswith(rb'\xff.json:1:2: The file ends before the "[" of line 1, column 1 is closed.')
    )


@pytest.mark.parametrize(
    ("state", "code", "message"),
    [
        (DirectoryState.MISSING, ProblemCode.MISSING_DIRECTORY, NO_DIRECTORY),
        (DirectoryState.NOT_A_DIRECTORY, ProblemCode.NOT_A_FILE, "The connectors directory is not a directory."),
        (
            DirectoryState.UNREADABLE,
            ProblemCode.UNREADABLE,
            "The connectors directory can't be read: Permission denied.",
        ),
    ],
)
def test_a_connectors_directory_that_cannot_be_read_is_a_state_and_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: DirectoryState, code: ProblemCode, message: str
) -> None:
    project = a_project(tmp_path)
    if state is DirectoryState.NOT_A_DIRECTORY:
        project.connectors_dir.write_text("", encoding="utf-8")
    elif state is DirectoryState.UNREADABLE:
        project.connectors_dir.mkdir(mode=0)
        if AS_ROOT:
            _refuse_to_open(monkeypatch, "connectors")
    snapshot = a_snapshot(project)
    if project.connectors_dir.exists():
        project.connectors_dir.chmod(0o700)  # so that pytest can tidy up
    assert (snapshot.state, snapshot.connectors, snapshot.complete, snapshot.identity) == (state, (), False, None)
    assert [(problem.code, problem.message, problem.file) for problem in snapshot.problems] == [
        (code, message, project.connectors_dir)
    ]


def test_a_connectors_directory_that_is_a_dangling_link_says_so(tmp_path: Path) -> None:
    project = a_project(tmp_path)
    project.connectors_dir.symlink_to("gone")
    snapshot = a_snapshot(project)
    assert snapshot.state is DirectoryState.MISSING
    assert snapshot.problems[0].message == "The connectors directory is a symbolic link to a place that isn't there."


def test_unchanged_files_are_not_parsed_again(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["a"], "box": [], "bad.json": "{"})
    reader = SnapshotReader()
    first = reader.read(project)
    assert (reader.read(project), reader.parses) == (first, 3)


def test_only_what_changed_is_parsed_again(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["a"], "box": []})
    reader = SnapshotReader()
    reader.read(project)
    a_connector(project, "slack", ["b"])
    assert (reader.read(project).by_type["slack"].scopes, reader.parses) == (("b",), 3)


def test_a_change_that_size_and_time_do_not_show_is_seen(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["a"]})
    file = project.connectors_dir / "slack.jsonc"
    before = file.stat()
    reader = SnapshotReader()
    reader.read(project)
    file.write_text(file.read_text(encoding="utf-8").replace('"a"', '"b"'), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert reader.read(project).by_type["slack"].scopes == ("b",)


def test_a_file_replaced_by_the_same_content_is_not_parsed_again(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["a"]})
    reader = SnapshotReader()
    reader.read(project)
    file = project.connectors_dir / "slack.jsonc"
    saved_atomically(file, file.read_text(encoding="utf-8"))
    assert (types(reader.read(project)), reader.parses) == (["slack"], 1)


def test_a_renamed_file_is_known_by_its_new_name(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["a"]})
    reader = SnapshotReader()
    reader.read(project)
    file = project.connectors_dir / "slack.jsonc"
    file.rename(file.with_name("team.jsonc"))
    assert [connector.file.name for connector in reader.read(project).connectors] == ["team.jsonc"]


def test_what_is_remembered_goes_with_the_files(tmp_path: Path) -> None:
    project = a_project(tmp_path, {"slack": ["a"]})
    reader = SnapshotReader()
    reader.read(project)
    (project.connectors_dir / "slack.jsonc").unlink()
    reader.read(project)
    assert reader._kept == {project.connectors_dir: {}}


def test_the_identity_tells_a_replaced_directory(tmp_path: Path) -> None:
    project = a_project(tmp_path, {})
    before = a_snapshot(project).identity
    project.connectors_dir.rename(tmp_path / "old")
    project.connectors_dir.mkdir()
    after = a_snapshot(project).identity
    assert before is not None
    assert after is not None
    assert before.inode != after.inode


@given(files=st.dictionaries(st.sampled_from(["a.json", "b.jsonc", "c.json"]), st.binary(max_size=30), max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_on_disk_make_the_reader_raise(tmp_path: Path, files: dict[str, bytes]) -> None:
    project = a_project(tmp_path, {})
    for file in project.connectors_dir.iterdir():
        file.unlink()
    for name, content in files.items():
        a_connector(project, name, content)
    snapshot = a_snapshot(project)
    assert isinstance(snapshot, Snapshot)
    assert {problem.file.name for problem in snapshot.errors} | {c.file.name for c in snapshot.connectors} == set(files)


def test_a_directory_name_that_no_file_system_takes_is_unreadable(tmp_path: Path) -> None:
    project = read_project(tmp_path, {}, app_id="abc", directory=Path("x" * 300))
    assert a_snapshot(project).state is DirectoryState.UNREADABLE


def _refuse_to_open(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What the permission bits do for everyone but root, under whom these tests may run."""
    real_open = os.open

    def open_or_refuse(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if Path(path).name == name:
            raise PermissionError(13, "Permission denied", path)
        return real_open(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", open_or_refuse)
