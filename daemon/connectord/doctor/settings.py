"""Which settings are in force, and whether they can be used at all."""

from __future__ import annotations

from collections.abc import Iterator

from connectord.doctor.around import Around
from connectord.doctor.finding import Finding, attention, ok
from connectord.doctor.settings_in_force import DEFAULT, InForceHere, base44_settings, config_settings, variables
from connectord.doctor.words import count
from connectord.errors import ConnectordError
from connectord.settings import settings_path


def check_settings(around: Around) -> Iterator[Finding]:
    """Those that aren't at their default, and whether the daemon has them. Raises SettingsError."""
    found = tuple(all_settings(around))
    own = tuple(one for one in found if one.source != DEFAULT)
    rest = count(len(found) - len(own), "setting")
    if own:
        yield ok(f"{len(own)} set, {rest} at the default (--verbose lists them)", *map(line, own))
    else:
        yield ok(f"all {rest} at the default; {settings_path()} can change them")
    yield from _too_late(around)


def all_settings(around: Around) -> Iterator[InForceHere]:
    """Everything that is in force and where it comes from. Raises SettingsError, and ProjectError for a `.env`."""
    yield from config_settings(around.settings())
    yield from variables(around.environ)
    for target in around.targets():
        yield from base44_settings(target, around.environ)


def line(setting: InForceHere) -> str:
    """A setting for a person."""
    project = f", for {setting.project}" if setting.project else ""
    return f"{setting.key} = {setting.value}  ({setting.source}{project})"


def _too_late(around: Around) -> Iterator[Finding]:
    """The daemon reads config.toml at its start."""
    try:
        started = around.status().daemon.started_at.timestamp()
        changed = settings_path().stat().st_mtime
    except (ConnectordError, OSError):  # no daemon, or no file
        return
    if changed > started:
        yield attention(
            f"{settings_path()} was changed after the daemon had started, which doesn't know of it yet",
            "Restart it: connectord stop, then connectord start (a service: systemctl --user restart connectord)",
        )
