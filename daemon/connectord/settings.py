"""Settings: `config.toml` in the user's config directory. Every key is optional."""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from connectord.errors import ConnectordError


class SettingsError(ConnectordError):
    """config.toml can't be used as it is."""

    code = "SETTINGS_INVALID"


class Settings(BaseModel):
    """What can be set, with what holds when it isn't. All times are seconds."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    settle_quiet: float = Field(default=0.05, ge=0, le=10, strict=False)
    """How long nothing may change before a save counts as done."""

    settle_cap: float = Field(default=2.0, ge=0.05, le=60, strict=False)
    """After how long a change is pushed even though changes go on."""

    half_written_patience: float = Field(default=1.5, ge=0, le=60, strict=False)
    """How long a file that doesn't parse may wait for the rest of its save before it is reported."""

    authorization_limit: float = Field(default=120.0, gt=0, le=86_400, strict=False)
    """How long an authorization link is watched."""

    authorization_poll: float = Field(default=2.0, ge=0.1, le=60, strict=False)
    """The time between two looks at an open authorization."""

    rescan_every: float = Field(default=300.0, ge=1, le=86_400, strict=False)
    """The time between two rescans, which find what no watcher saw and what changed on Base44; varied by a tenth."""

    removal_grace: float = Field(default=10.0, ge=0, le=3600, strict=False)
    """How long a connector file must be gone before its absence counts."""

    backoff_first: float = Field(default=1.0, ge=0.01, le=300, strict=False)
    """The span of the first wait after a failure that may pass; it doubles with each failure in a row."""

    backoff_cap: float = Field(default=300.0, ge=0.5, le=3600, strict=False)
    """The longest wait between two tries, whatever the service asks for."""

    sets_at_once: int = Field(default=8, ge=1, le=32)
    """How many connectors of one push are sent side by side."""

    projects_at_once: int = Field(default=4, ge=1, le=32)
    """How many projects are pushed side by side."""


def settings_path() -> Path:
    """Where config.toml is looked for: `CONNECTORD_CONFIG`, else XDG on Linux and the platform's place elsewhere."""
    named = os.environ.get("CONNECTORD_CONFIG")
    if named:
        return Path(named)
    return Path(platformdirs.user_config_dir("connectord", appauthor=False)) / "config.toml"


def read_settings(path: Path | None = None) -> Settings:
    """The settings in force. Raises SettingsError, which names the file and what is wrong with it."""
    place = path or settings_path()
    try:
        text = place.read_text(encoding="utf-8")
        return Settings.model_validate(tomllib.loads(text))
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise SettingsError(
            f"{place}: the settings can't be read: {os.strerror(error.errno or 0)}",
            todo=("Make the file readable, or remove it to go on with the defaults",),
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{place}: the settings are not UTF-8 (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{place}: not TOML: {error}", todo=("Mend the file, or remove it",)) from error
    except ValidationError as error:
        sentences = tuple(_sentence(place, details) for details in error.errors())
        raise SettingsError(sentences[0], details=sentences[1:], todo=("Mend the key, or remove it",)) from error


def _sentence(place: Path, details: ErrorDetails) -> str:
    key = ".".join(str(part) for part in details["loc"])
    if details["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, Settings.model_fields, n=1)
        guess = f'; did you mean "{near[0]}"?' if near else ""
        return f'{place}: "{key}" is not a setting{guess}'
    return f'{place}: "{key}": {details["msg"][:1].lower()}{details["msg"][1:]}'
