"""Each setting with its value and where that comes from: a line of config.toml, the environment, or the default."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from connectord.base44.find import own_settings
from connectord.doctor.targets import Target
from connectord.project.environment import API_URL, APP_ID, InForce, settings_in_force
from connectord.settings import Settings, settings_path
from connectord.toml_spots import Key, Spot, spots_of_keys

DEFAULT: Final = "default"
ENVIRONMENT: Final = "environment"

_VARIABLES: Final = (
    "CONNECTORD_CONFIG",
    "CONNECTORD_RUNTIME_DIR",
    "CONNECTORD_STATE_DIR",
    "WATCHFILES_FORCE_POLLING",
)
_SHOWN: Final = (APP_ID, API_URL)


@dataclass(frozen=True, slots=True)
class InForceHere:
    """One setting. `value` is as config.toml would say it, "set" for a secret (P13).

    `source` is `default`, `environment`, or a file with the line where it is known. `project` is the folder that it
    is for; None: all of them.
    """

    key: str
    value: str
    source: str
    project: str | None = None


def config_settings(settings: Settings, config: Path | None = None) -> Iterator[InForceHere]:
    """Those of config.toml and the defaults; `settings` is what was read from it."""
    place = config or settings_path()
    document, spots = _read(place)
    for key, field in Settings.model_fields.items():
        if key in document and key != "projects":
            yield InForceHere(key, _value(key, document[key]), _source(place, spots.get((key,))))
        elif key != "projects":
            yield InForceHere(key, _value(key, field.default), DEFAULT)
    for project, own in settings.projects.items():
        written = document.get("projects", {}).get(project, {})
        for key in sorted(own.model_fields_set):
            value = written.get(key, getattr(own, key))
            source = _source(place, spots.get(("projects", project, key)))
            yield InForceHere(key, _value(key, value), source, project)


def variables(environ: Mapping[str, str]) -> Iterator[InForceHere]:
    """What the environment says that no file does."""
    for name in _VARIABLES:
        if environ.get(name):
            yield InForceHere(name, json.dumps(environ[name]), ENVIRONMENT)


def base44_settings(target: Target, environ: Mapping[str, str]) -> Iterator[InForceHere]:
    """The BASE44_* settings of the projects of a target, with the `.env` file that says them."""
    found = settings_in_force(target.folder, environ)
    for name in found.settings:
        if name in _SHOWN or name in own_settings(found.settings):
            yield InForceHere(name, _base44_value(name, found), _base44_source(name, found), str(target.folder))


def _read(config: Path) -> tuple[Mapping[str, Any], Mapping[Key, Spot]]:
    try:
        text = config.read_text(encoding="utf-8-sig")
        return tomllib.loads(text), spots_of_keys(text)
    except (OSError, ValueError):  # gone or changed since it was read
        return {}, {}


def _value(key: str, value: object) -> str:
    if key == "notify_command" and value:  # its arguments may be an address with a secret in it
        return json.dumps(f"{(value if isinstance(value, str) else str(value[0])).split()[0]} …", ensure_ascii=False)  # type: ignore[index]
    return "none" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _source(config: Path, spot: Spot | None) -> str:
    return f"{config}:{spot.line}" if spot else os.fspath(config)


def _base44_value(name: str, found: InForce) -> str:
    return json.dumps(found.settings[name]) if name in _SHOWN else "set"


def _base44_source(name: str, found: InForce) -> str:
    return os.fspath(found.files[name]) if name in found.files else ENVIRONMENT
