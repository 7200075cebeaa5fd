"""The launchd property list as text: written for an installation, and read back. Pure."""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import Final
from xml.parsers.expat import ExpatError

from pydantic import BaseModel, Field, ValidationError

from connectord.service.definition import Definition
from connectord.service.errors import NotWritable
from connectord.service.templates import PLIST, template

LABEL: Final = "connectord"

_ARGUMENTS: Final = ["-P", "-m", "connectord", "run", "--background"]


class _Plist(BaseModel):
    """What is read back of a plist."""

    arguments: list[str] = Field(alias="ProgramArguments")
    environment: dict[str, str] = Field(alias="EnvironmentVariables", default_factory=dict)


def plist_text(definition: Definition, version: str, log: Path) -> str:
    """The plist, with what launchd reads of its output in `log`. Raises NotWritable for what XML can't hold."""
    plist = plistlib.loads(template(PLIST).encode())
    plist["ProgramArguments"][0] = definition.python
    plist["EnvironmentVariables"] = dict(definition.environment)
    plist["StandardOutPath"] = plist["StandardErrorPath"] = str(log)
    try:
        text = plistlib.dumps(plist, sort_keys=False).decode()
    except ValueError as error:  # control characters and lone surrogates
        raise NotWritable(
            f"A plist can't hold a path or value of this machine: {error}.",
            todo=("Run it without launchd: connectord start",),
        ) from error
    origin = f"<!-- Written by `connectord service install` (connectord {version}). -->"
    return text.replace("<plist", f"{origin}\n<plist", 1)


def read_plist(text: str) -> Definition | None:
    """What a plist of ours runs; None for one that connectord didn't write."""
    try:
        found = _Plist.model_validate(plistlib.loads(text.encode("utf-8", "surrogateescape")))
    except (plistlib.InvalidFileException, ExpatError, ValueError, ValidationError):
        return None
    return Definition(found.arguments[0], found.environment) if found.arguments[1:] == _ARGUMENTS else None
