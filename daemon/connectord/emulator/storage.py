"""Keeping a world in a file: JSON, written whole or not at all, readable by its owner only (it holds tokens)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from connectord.emulator.state import State
from connectord.errors import ConnectordError

_STATE: Final = TypeAdapter(State)


class StateFileUnusable(ConnectordError):
    """The state file can't be read, isn't one, or can't be written."""

    code = "STATE_FILE"


class StateFile:
    """Where a world is kept between two runs of the emulator."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> State | None:
        """What was kept, or None if there is no file yet. Raises StateFileUnusable; the file stays as it is."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateFileUnusable(f"{self._path} can't be read: {error.strerror}") from error
        try:
            return _STATE.validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise StateFileUnusable(
                f"{self._path} is not a state file of the emulator: {first['msg']}{f' (at {place})' if place else ''}",
                todo=("Move the file away to begin with an empty Base44.", "Or name another file with --state."),
            ) from error

    def save(self, state: State) -> None:
        """Keep a world. Raises StateFileUnusable; the file from before is whole then."""
        try:
            self._replace(_STATE.dump_json(state, indent=2))
        except OSError as error:
            raise StateFileUnusable(f"{self._path} can't be written: {error.strerror}") from error

    def _replace(self, content: bytes) -> None:
        # mkstemp gives 0600, and beside the target the rename is atomic.
        descriptor, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(name).replace(self._path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
