"""What a service of this machine runs: an interpreter with connectord in it, and the environment it gets."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from connectord import __version__

SECRETS: Final = ("BASE44_API_KEY", "BASE44_ACCESS_TOKEN", "BASE44_REFRESH_TOKEN")
"""Never written down (P13): a login (`connectord login`) or a project's own `.env` says who is signed in."""

FOLDERS: Final = (
    "CONNECTORD_CONFIG",
    "CONNECTORD_STATE_DIR",
    "CONNECTORD_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
)
"""What says where settings, state and socket are. Two daemons that agree on these are the same one."""

_VALUES: Final = (
    "ALL_PROXY",
    "BASE44_API_URL",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "WATCHFILES_FORCE_POLLING",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)


@dataclass(frozen=True, slots=True)
class Installation:
    """Where connectord is installed, and what of the environment its service needs to find the same things."""

    python: str
    environment: Mapping[str, str] = field(default_factory=dict)
    version: str = __version__


def this_installation(environ: Mapping[str, str]) -> Installation:
    """The one that runs now, as it was called: a virtual environment is not followed to the interpreter below it."""
    return Installation(os.path.abspath(sys.executable), environment_of_service(environ))  # noqa: PTH100  (not resolved)


def environment_of_service(environ: Mapping[str, str]) -> dict[str, str]:
    """What is taken over: where things are, and the way to Base44. The folders become absolute."""
    kept = {name: environ[name] for name in _VALUES if environ.get(name)}
    folders = {name: str(Path(environ[name]).absolute()) for name in FOLDERS if environ.get(name)}
    return dict(sorted({**kept, **folders}.items()))


def left_out(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The names of what is set here, would count in `connectord run`, and is not taken over."""
    return tuple(name for name in (*SECRETS, "BASE44_APP_ID") if environ.get(name))
