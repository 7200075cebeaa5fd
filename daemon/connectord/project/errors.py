"""What can be wrong with a project before any connector file is looked at, and when one is written.

    ProjectError
      NoProject        no Base44 config here or in any folder above
      NotLinked        a project, but nothing says which app it belongs to
      InvalidConfig    a config file that can't be read or says something impossible (file:line:column)
      InvalidSetting   an app id or API URL that can't be right; names where it came from
      FileNotWritten   a connector file that could not be written or removed; it is as it was

What is wrong with connector files is no error but a `Problem` in the snapshot (model.py).
"""

from __future__ import annotations

from pathlib import Path

from connectord.errors import ConnectordError
from connectord.project.shown import shown_path


class ProjectError(ConnectordError):
    """Something about the folder, its config or its files that a person must mend."""

    code = "PROJECT_ERROR"


class NoProject(ProjectError):
    """No Base44 config was found from the starting folder upwards, or that folder isn't `there` itself."""

    code = "CONFIG_NOT_FOUND"

    def __init__(self, start: Path, *, there: bool = True) -> None:
        names = "base44/config.jsonc, base44/config.json, config.jsonc or config.json"
        super().__init__(
            f"No Base44 project found in {shown_path(start)} or any folder above it: there is no {names}."
            if there
            else f"No Base44 project found: there is no file or folder {shown_path(start)}.",
            todo=(
                "Run this inside the folder of a Base44 project, or name that folder.",
                "Link a folder to an app with: npx base44 link",
            )
            if there
            else ("Check the path.",),
        )
        self.start = start


class NotLinked(ProjectError):
    """The project is there, but no app id: not given, not in the environment, not in `.env`, not in `.app.jsonc`."""

    code = "CONFIG_INVALID"

    def __init__(self, root: Path, config_path: Path) -> None:
        super().__init__(
            f"The project in {shown_path(root)} is not linked to a Base44 app: there is no .app.jsonc "
            f"beside {shown_path(config_path)} and BASE44_APP_ID is not set.",
            todo=(
                "Link it with: npx base44 link",
                "Or set BASE44_APP_ID in the environment or in .env.local.",
            ),
        )
        self.root = root


class InvalidConfig(ProjectError):
    """A config file says something that can't be used. Lines and columns count from 1."""

    code = "CONFIG_INVALID"

    def __init__(self, file: Path, message: str, *, line: int | None = None, column: int | None = None) -> None:
        place = ":".join([shown_path(file), *(str(part) for part in (line, column) if part is not None)])
        super().__init__(f"{place}: {message}", todo=(f"Mend {place} and try again.",))
        self.file = file
        self.message = message
        self.line = line
        self.column = column


class InvalidSetting(ProjectError):
    """A value from the command line, the environment or `.env` that can't be right. `source` says which."""

    code = "INVALID_INPUT"

    def __init__(self, source: str, message: str) -> None:
        super().__init__(f"{source}: {message}", todo=(f"Correct {source}.",))
        self.source = source


class FileNotWritten(ProjectError):
    """A file could not be written or removed (permission, disk full, a read-only place); the old one is whole."""

    code = "FILE_NOT_WRITTEN"

    def __init__(self, file: Path, doing: str, error: OSError) -> None:
        super().__init__(
            f"{shown_path(file)} could not be {doing}: {error.strerror or error}.",
            todo=("Check the permissions of the file and its folder, and the space on the disk.",),
        )
        self.file = file
