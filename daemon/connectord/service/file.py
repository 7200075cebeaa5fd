"""The service's file on disk: replaced in one step, and the user's alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from connectord.service.errors import NotWritable


def replace_file(path: Path, text: str) -> None:
    """Put `text` into the file, 0600: a proxy's address in it may hold a password. Raises NotWritable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _refused(path, "written", error) from error


def remove_file(path: Path) -> None:
    """Remove the file if it is there. Raises NotWritable."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(path, "removed", error) from error


def _refused(path: Path, done: str, error: OSError) -> NotWritable:
    return NotWritable(
        f"{path} can't be {done}: {error.strerror or error}.",
        todo=("Mend the folder's owner and permissions, and run it again.",),
    )
