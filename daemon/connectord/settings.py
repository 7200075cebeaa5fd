"""Settings: `config.toml` in the user's config directory. Every key is optional."""

from __future__ import annotations

import difflib
import json
import os
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import platformdirs
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    Strict,
    ValidationError,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from connectord.errors import ConnectordError
from connectord.quiet_hours import QuietHours, quiet_hours
from connectord.toml_spots import Spot, spot_of_mistake, spots_of_keys

_CONFIG: Final = "CONNECTORD_CONFIG"
_NO_FOLDER: Final = "no_folder"
_MEND: Final = "Mend the line, or remove it: without it the default holds"


class SettingsError(ConnectordError):
    """config.toml can't be used as it is."""

    code = "SETTINGS_INVALID"


def command_words(command: object) -> tuple[str, ...]:
    """A program and its arguments, from a list or from a line that is split as a shell does, but run by none.

    `~` in front of the program is the home directory. Raises ValueError with the rest of a sentence.
    """
    try:
        words = tuple(shlex.split(command)) if isinstance(command, str) else command
    except ValueError as error:
        raise ValueError(f"can't be split into words: {error}") from error
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise ValueError("must be a line or a list of words")
    if not words or not words[0]:
        raise ValueError("names no program")
    return (str(Path(words[0]).expanduser()) if words[0].startswith("~") else words[0], *words[1:])


def _hours(text: object) -> QuietHours:
    if not isinstance(text, str):
        raise ValueError('must be a span of hours as text, like "22:00-07:00"')  # noqa: TRY004  (pydantic's way)
    return quiet_hours(text)


class ProjectSettings(BaseModel):
    """What can be set for all projects and for one of them, with what holds when it isn't. All times are seconds."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    settle_quiet: float = Field(default=0.02, ge=0, le=10, strict=False)
    """How long nothing may change before a save counts as done."""

    settle_cap: float = Field(default=2.0, ge=0.05, le=60, strict=False)
    """After how long a change is pushed even though changes go on or git is still at work."""

    half_written_patience: float = Field(default=1.5, ge=0, le=60, strict=False)
    """How long a file that doesn't parse may wait for the rest of its save before it is reported."""

    removals: Literal["tracked", "mirror", "ask", "never"] = "tracked"
    """What becomes of connectors without a file: `tracked` removes what this machine had pushed, `mirror` also what
    it hadn't, `ask` holds every removal for a word of yours, `never` removes nothing."""

    removal_grace: float = Field(default=10.0, ge=0, le=3600, strict=False)
    """How long a connector file must be gone before its absence counts."""

    removals_at_once: int = Field(default=2, ge=0, le=1000)
    """How many connectors may lose their file at once; more are held as `mass-removal`."""

    removals_share: float = Field(default=0.5, ge=0, le=1, strict=False)
    """Which part of the connectors may lose their file at once, where there are four or more; a greater is held."""

    git_limit: float = Field(default=600.0, ge=0, le=86_400, strict=False)
    """How long a removal waits for git to finish (a lock, a rebase) before it is held."""

    backoff_first: float = Field(default=1.0, ge=0.01, le=300, strict=False)
    """The span of the first wait after a failure that may pass; it doubles with each failure in a row."""

    backoff_cap: float = Field(default=300.0, ge=0.5, le=3600, strict=False)
    """The longest wait between two tries, whatever the service asks for."""

    sets_at_once: int = Field(default=8, ge=1, le=32)
    """How many connectors of one push are sent side by side."""

    notify_level: Literal["all", "attention", "none"] = "attention"
    """What is shown as a notice: what needs a person, `all` also what needs nobody, or nothing."""


class Settings(ProjectSettings):
    """What can be set, with what holds when it isn't."""

    authorization_limit: float = Field(default=120.0, gt=0, le=86_400, strict=False)
    """How long an authorization link is watched."""

    authorization_poll: float = Field(default=2.0, ge=0.1, le=60, strict=False)
    """The time between two looks at an open authorization."""

    open_browser: Literal["ask", "always", "never"] = "ask"
    """When an authorization link is opened in the browser: `ask` when you say so (a click on a notice, `authorize`),
    `always` also as soon as it is given, `never` only prints it."""

    rescan_every: float = Field(default=300.0, ge=1, le=86_400, strict=False)
    """The time between two rescans, which find what no watcher saw and what changed on Base44; varied by a tenth."""

    projects_at_once: int = Field(default=4, ge=1, le=32)
    """How many projects are pushed side by side at each API host; one that waits for an answer for more than five
    seconds no longer counts."""

    notify: Literal["auto", "desktop", "command", "log", "none"] = "auto"
    """Through what notices reach you: `auto` is the desktop where there is one, and `notify_command` if it is set;
    `desktop` or `command` only that; `log` and `none` show none."""

    notify_command: Annotated[tuple[str, ...] | None, BeforeValidator(command_words)] = None
    """A program that is run for each notice, with the notice as JSON on standard input: a line (`"say-it --loud"`) or a
    list of words, run without a shell."""

    quiet_hours: Annotated[InstanceOf[QuietHours] | None, BeforeValidator(_hours)] = None
    """When no notice is shown, each day, such as `"22:00-07:00"`; what is still true is shown afterwards."""

    projects: Mapping[str, Annotated[ProjectSettings, Strict(strict=False)]] = Field(default_factory=dict)
    """Settings of single projects, by their folder: only what differs."""

    @field_validator("projects", mode="after")
    @classmethod
    def _are_folders(cls, projects: Mapping[str, ProjectSettings]) -> Mapping[str, ProjectSettings]:
        for place in projects:
            if not Path(place).expanduser().is_absolute():
                raise PydanticCustomError(_NO_FOLDER, "must be the absolute path of a project's folder", {"at": place})
        return projects

    def of(self, root: Path) -> ProjectSettings:
        """What is in force for the project in this folder."""
        for place, own in self.projects.items():
            if _same_folder(place, root):
                return self.model_copy(update=own.model_dump(include=own.model_fields_set))
        return self


def _same_folder(place: str, root: Path) -> bool:
    named = Path(place).expanduser()
    return named == root or os.path.realpath(named) == os.path.realpath(root)


def settings_path() -> Path:
    """Where config.toml is looked for: `CONNECTORD_CONFIG`, else XDG on Linux and the platform's place elsewhere."""
    named = os.environ.get(_CONFIG)
    return Path(named) if named else _usual_place()


def _usual_place() -> Path:
    return Path(platformdirs.user_config_dir("connectord", appauthor=False)) / "config.toml"


def read_settings(path: Path | None = None) -> Settings:
    """The settings in force. Raises SettingsError, which names file, line and column, and what is wrong there."""
    place = path or settings_path()
    try:
        text = place.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
        return Settings.model_validate(tomllib.loads(text))
    except FileNotFoundError as error:
        if path is None and os.environ.get(_CONFIG):  # whoever names a file counts on what it says
            raise SettingsError(
                f"{place}: there is no such file, and {_CONFIG} names it",
                todo=(f"Correct {_CONFIG}, or unset it to use {_usual_place()}",),
            ) from error
        return Settings()
    except OSError as error:
        raise SettingsError(
            f"{place}: the settings can't be read: {os.strerror(error.errno or 0)}",
            todo=("Make the file readable, or remove it to go on with the defaults",),
        ) from error
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode().split("\n")
        raise SettingsError(
            f"{place}:{Spot(len(before), len(before[-1]) + 1)}: the settings are not UTF-8",
            todo=("Save the file as UTF-8, or remove it to go on with the defaults",),
        ) from error
    except tomllib.TOMLDecodeError as error:
        spot, sentence = spot_of_mistake(error, text)
        raise SettingsError(
            f"{place}:{spot}: not TOML: {sentence[:1].lower()}{sentence[1:]}",
            todo=('Mend the line; a text stands in quotes, as in removals = "ask"',),
        ) from error
    except ValidationError as error:
        sentences = tuple(_sentences(place, text, error))
        raise SettingsError(sentences[0], details=sentences[1:], todo=(_MEND,)) from error


def _sentences(place: Path, text: str, error: ValidationError) -> Iterator[str]:
    """One for each mistake, in the order of the file."""
    spots = spots_of_keys(text)
    placed = sorted(((spots.get(_key(one)), one) for one in error.errors()), key=lambda pair: _order(pair[0]))
    for spot, one in placed:
        where = f"{place}:{spot}" if spot else f"{place}"
        yield f"{where}: {_sentence(one)}"


def _order(spot: Spot | None) -> tuple[int, int]:
    return (spot.line, spot.column) if spot else (0, 0)


def _key(one: ErrorDetails) -> tuple[str, ...]:
    """What it is about: a key, or a table of `projects` and a key in it."""
    names = tuple(str(part) for part in one["loc"])
    if one["type"] == _NO_FOLDER:
        return (*names, str(one["ctx"]["at"]))
    return names[:3] if names[0] == "projects" else names[:1]


def _sentence(one: ErrorDetails) -> str:
    *above, key = _key(one)
    name = "".join(f"{table}." if table == "projects" else f'"{table}": ' for table in above) + f'"{key}"'
    if one["type"] == "value_error":
        return f"{name}: {one['ctx']['error']}"
    if one["type"] == "extra_forbidden":
        return f"{name} is {_no_setting(key, of_project=bool(above))}"
    if one["type"] == _NO_FOLDER:
        return f"{name} {one['msg']}"
    value = json.dumps(one["input"], ensure_ascii=False, default=str)
    return f"{name} is {value}, and must be {_expected(one)}"


def _expected(one: ErrorDetails) -> str:
    """What belongs there, in TOML's words."""
    kinds = {"int": "a whole number", "float": "a number", "dict": "a table", "model": "a table"}
    kind, _, reason = one["type"].partition("_")
    if reason in {"type", "parsing", "from"} and kind in kinds:
        return kinds[kind]
    return one["msg"].removeprefix("Input should be ").replace("'", '"')


def _no_setting(key: str, *, of_project: bool) -> str:
    known = ProjectSettings.model_fields if of_project else Settings.model_fields
    if of_project and key in Settings.model_fields:
        return "for all projects, not for a single one"
    near = difflib.get_close_matches(key, known, n=1)
    return "not a setting" + (f'; did you mean "{near[0]}"?' if near else "")
