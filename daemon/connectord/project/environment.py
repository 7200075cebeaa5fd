"""The BASE44_* settings in force: the environment, then `.env.local`, then `.env` (the CLI's core/utils/env.ts)."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import dotenv

from connectord.project.errors import InvalidConfig, InvalidSetting
from connectord.project.model import ProblemCode
from connectord.project.regular_file import Unusable, read_bytes, readable_part

DEFAULT_API_URL: Final = "https://app.base44.com"

APP_ID: Final = "BASE44_APP_ID"
API_URL: Final = "BASE44_API_URL"
SETTINGS: Final = (APP_ID, API_URL, "BASE44_API_KEY", "BASE44_ACCESS_TOKEN", "BASE44_REFRESH_TOKEN")
"""What connectord takes from the environment; everything else in it is left alone."""

# It would complain of the same broken line at every look of a daemon that runs for months.
logging.getLogger("dotenv.main").setLevel(logging.ERROR)

# The Stripe Projects CLI writes what it has provisioned under names of its own; the API key is not among them.
_STRIPE_PREFIX: Final = "BASE44_PROJECTS_"
_STRIPE_NAMES: Final = {name: _STRIPE_PREFIX + name for name in SETTINGS if name != "BASE44_API_KEY"}

Given = tuple[str, Path | None]
"""A value, and the project's file that it stands in; None for the environment."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The settings that have a value, and which of the project's files each comes from that isn't the environment's."""

    settings: Mapping[str, str]
    files: Mapping[str, Path]


def settings_in_force(root: Path, environ: Mapping[str, str]) -> InForce:
    """The settings that have a value, stripped. A blank one counts as not set, so the next source fills it.

    A broken line of a `.env` file is passed over, as the CLI does. Raises InvalidConfig where such a file
    is there but can't be read: an unnoticed BASE44_API_URL would send requests to the wrong place.
    """
    files = (root / ".env.local", root / ".env")
    sources = ((None, environ), *((file, _read_env_file(file)) for file in files))
    found = {name: _first(name, sources) or _first(_STRIPE_NAMES.get(name), sources) for name in SETTINGS}
    return InForce(
        {name: value for name, (value, _) in _given(found)}, {name: file for name, (_, file) in _given(found) if file}
    )


def api_url(settings: Mapping[str, str]) -> str:
    """Scheme and host of Base44, or of the server that BASE44_API_URL names; its path is dropped (protocol.md)."""
    value = settings.get(API_URL, DEFAULT_API_URL)
    if "@" in value:  # not repeated in the sentence: it would be a password
        raise InvalidSetting(API_URL, "a URL with a user name or password in it is not accepted.")
    try:
        parts = urlsplit(value)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError as error:
        raise InvalidSetting(API_URL, f"{value!r} is not a URL: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidSetting(API_URL, f"{value!r} is not a URL that begins with https:// or http:// and names a host.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def _first(name: str | None, sources: Iterable[tuple[Path | None, Mapping[str, str]]]) -> Given | None:
    given = ((source.get(name, "").strip(), file) for file, source in sources) if name else ()
    return next(((value, file) for value, file in given if value), None)


def _given(found: Mapping[str, Given | None]) -> Iterator[tuple[str, Given]]:
    return ((name, given) for name, given in found.items() if given is not None)


def _read_env_file(file: Path) -> dict[str, str]:
    try:
        content = read_bytes(file)
    except Unusable as unusable:
        if unusable.code is ProblemCode.NOT_A_FILE:  # `.env` is also a usual name for a virtual environment's folder
            return {}
        raise InvalidConfig(file, unusable.message + ".") from unusable
    if not content:  # as it is nearly everywhere
        return {}
    # Node's dotenv, which the CLI uses, knows no ${NAME} either.
    values = dotenv.dotenv_values(stream=io.StringIO(readable_part(content)), interpolate=False)
    return {name: value for name, value in values.items() if value is not None}
