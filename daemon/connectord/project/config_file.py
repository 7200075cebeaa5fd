"""A project's own config files, `config.jsonc` and `.app.jsonc`, read as objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from connectord.project.errors import InvalidConfig, InvalidSetting
from connectord.project.json_text import has_utf8, parse
from connectord.project.regular_file import Unusable, decode, is_file, is_folder, read_bytes, readable_part
from connectord.project.shown import shown_path
from connectord.project.spans import Fault, line_and_column, scan

APP_CONFIG_NAMES: Final = (".app.jsonc", ".app.json")
_DEFAULT_CONNECTORS_DIR: Final = "connectors"
_APP_ID: Final = re.compile(r"[A-Za-z0-9_-]+")  # it becomes a part of every URL's path
_PASSED_OVER: Final = frozenset({"node_modules", ".git"})
_MOST_FOLDERS: Final = 2000  # looked into for .app.jsonc; a home folder mistaken for a project must not take minutes


def connectors_dir(config_path: Path) -> Path:
    """Where the config says the connectors are: relative to its own folder, as the CLI joins it."""
    value = _string_of(config_path, "connectorsDir")
    if value is None:
        value = _DEFAULT_CONNECTORS_DIR
    return config_path.parent / value.lstrip("/")


def linked_app_id(config_path: Path, root: Path) -> str | None:
    """The `id` of the project's `.app.jsonc`: beside the config, else the nearest one below it or the root."""
    for folder in dict.fromkeys((config_path.parent, root)):
        file = _nearest_app_config(folder)
        if file is not None:
            app_id = _string_of(file, "id")
            if app_id is None:
                raise InvalidConfig(file, '"id" is missing: it names the app that this project belongs to.')
            return checked_app_id(app_id, shown_path(file))
    return None


def checked_app_id(app_id: str, source: str) -> str:
    """The app id, if it can stand in a URL. Raises InvalidSetting, naming where it came from."""
    app_id = app_id.strip()
    if _APP_ID.fullmatch(app_id) is None:
        raise InvalidSetting(source, f"{app_id!a} is not an app id: letters, digits, _ and - only.")
    return app_id


def _string_of(file: Path, key: str) -> str | None:
    """A string of the object in `file`, None if it isn't said. Raises InvalidConfig with the place."""
    text, value = _read(file)
    if not isinstance(value, dict):
        raise InvalidConfig(file, "expected an object like { … }.", line=1, column=1)
    if key not in value:
        return None
    said = value[key]
    if wrong := _wrong_with(said):
        line, column = _place_of(text, key)
        raise InvalidConfig(file, f'"{key}" {wrong}.', line=line, column=column)
    return str(said)


def _wrong_with(said: Any) -> str | None:
    if not isinstance(said, str) or not said.strip():
        return "must be a string that is not empty"
    if "\0" in said or not has_utf8(said):
        return "has characters in it that can't be used"
    return None


def _read(file: Path) -> tuple[str, Any]:
    content = b""
    try:
        content = read_bytes(file) or b""
        text = decode(content)
        return text, parse(text)
    except Unusable as unusable:
        line, column = line_and_column(readable_part(content), unusable.offset or 0)
        raise InvalidConfig(file, unusable.message + ".", line=line, column=column) from unusable
    except Fault as fault:
        line, column = line_and_column(text, fault.offset)
        raise InvalidConfig(file, fault.message + ".", line=line, column=column) from fault


def _place_of(text: str, key: str) -> tuple[int, int]:
    item = scan(text).member(key)
    return line_and_column(text, item.value.start if item else 0)


def _nearest_app_config(folder: Path) -> Path | None:
    return next((file for file in _app_configs(folder)), None)


def _app_configs(folder: Path) -> Iterator[Path]:
    """Breadth first, so that the nearest comes first; hidden folders are passed over, as the CLI's glob does."""
    waiting = [folder]
    for looked_into, current in enumerate(waiting):
        yield from (file for name in APP_CONFIG_NAMES if is_file(file := current / name))
        if len(waiting) < _MOST_FOLDERS and looked_into < _MOST_FOLDERS:
            waiting.extend(_subfolders(current))


def _subfolders(folder: Path) -> list[Path]:
    try:
        children = sorted(folder.iterdir())
    except OSError:  # a folder that may not be read holds nothing that this person could have put there
        return []
    return [child for child in children if _is_searched(child)]


def _is_searched(child: Path) -> bool:
    hidden = child.name.startswith(".") or child.name in _PASSED_OVER
    return not hidden and is_folder(child) and not child.is_symlink()
