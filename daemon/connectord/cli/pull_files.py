"""The file side of a pull: reading what is there, and carrying a PullPlan out."""

from __future__ import annotations

from pathlib import Path

from connectord.cli.pull_plan import PullPlan
from connectord.project import FileNotWritten, ProjectError, delete_file, write_text


def read_text(path: Path) -> str:
    """A connector file as it stands, line ends and byte order mark included."""
    return path.read_bytes().decode("utf-8")


def names_in(directory: Path) -> tuple[str, ...]:
    """Every name in the directory; none where it doesn't exist yet."""
    return tuple(path.name for path in directory.iterdir()) if directory.is_dir() else ()


def still_fits(plan: PullPlan) -> bool:
    """Whether the files to write are still as they were when the plan was made."""
    return all(_text_or_none(file.path) == file.text_before for file in plan.writes)


def carry_out(plan: PullPlan) -> None:
    """Write and delete, each file whole or not at all. A failure says what had been done before it."""
    done: list[str] = []
    try:
        for file in plan.writes:
            _make_folder_of(file.path)
            write_text(file.path, file.text)
            done.append(f"Written before that: {file.path.name}")
        for connector in plan.deletions:
            delete_file(connector.file)
            done.append(f"Deleted before that: {connector.file.name}")
    except ProjectError as error:
        error.details = (*error.details, *done)
        raise


def _text_or_none(path: Path) -> str | None:
    try:
        return read_text(path)
    except FileNotFoundError:
        return None


def _make_folder_of(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileNotWritten(path, "written", error) from error
