"""Which service manager there is for this user, and what to do where there is none."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from connectord.service.errors import NoServiceManager
from connectord.service.installation import this_installation
from connectord.service.launchd import Launchd
from connectord.service.manager import Person, Run, ServiceManager
from connectord.service.systemd import Systemd, with_runtime_dir

_INSTEAD: Final = "Run it without a service manager: connectord start"
_BOOTED: Final = Path("/run/systemd/system")


def this_person(environ: Mapping[str, str]) -> Person:
    """Who runs this command."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container's user without an entry
        name = str(uid)
    return Person(uid, name, Path.home(), environ, this_installation(environ))


def service_manager(
    person: Person,
    run: Run,
    *,
    log: Path,
    answers: Callable[[int], bool],
    platform: str = sys.platform,
    booted: Path = _BOOTED,
) -> ServiceManager:
    """The one of this machine. `log` and `answers` are for launchd. Raises NoServiceManager."""
    if platform == "darwin":
        return Launchd(person, run, log, answers)
    if platform != "linux":
        raise NoServiceManager(f"connectord knows no service manager on {platform}.", todo=(_INSTEAD,))
    if not booted.is_dir():
        raise NoServiceManager("This system isn't run by systemd.", todo=(*_how_to_get_it(person), _INSTEAD))
    asked = run(("systemctl", "--user", "show", "--property=Version"), with_runtime_dir(person))
    if asked.code != 0:
        raise NoServiceManager(
            f"systemd runs, but not the one of the user {person.name}.",
            details=tuple(asked.err.strip().splitlines()),
            todo=(
                "Log in as this user, at the machine or by ssh: su and sudo don't start it.",
                f"Or let it run without a login: loginctl enable-linger {person.name}",
                _INSTEAD,
            ),
        )
    return Systemd(person, run)


def _how_to_get_it(person: Person) -> tuple[str, ...]:
    if person.environ.get("WSL_DISTRO_NAME"):
        return ("Let WSL start it: `[boot]` and `systemd=true` in /etc/wsl.conf, then `wsl --shutdown` in Windows.",)
    return ()
