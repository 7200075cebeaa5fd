"""The checks, in the order in which a person reads them. They are named here, and loaded when they are run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its stable name, the heading that it stands under, and the function that makes it.

    docs/troubleshooting.md has a section for each name.
    """

    name: str
    group: str
    place: str


CHECKS: Final = (
    Check("python", "Installation", "connectord.doctor.installation:check_python"),
    Check("packages", "Installation", "connectord.doctor.installation:check_packages"),
    Check("settings", "Installation", "connectord.doctor.settings:check_settings"),
    Check("login", "Base44", "connectord.doctor.login:check_login"),
    Check("api", "Base44", "connectord.doctor.api:check_api"),
    Check("proxy", "Base44", "connectord.doctor.proxy:check_proxy"),
    Check("clock", "Base44", "connectord.doctor.clock:check_clock"),
    Check("projects", "Projects", "connectord.doctor.projects:check_projects"),
    Check("file-systems", "Projects", "connectord.doctor.file_systems:check_file_systems"),
    Check("watches", "Projects", "connectord.doctor.watches:check_watches"),
    Check("daemon", "Daemon", "connectord.doctor.daemon:check_daemon"),
    Check("service", "Daemon", "connectord.doctor.service:check_service"),
    Check("notices", "Daemon", "connectord.doctor.notices:check_notices"),
    Check("browser", "Daemon", "connectord.doctor.browser:check_browser"),
    Check("permissions", "Machine", "connectord.doctor.permissions:check_permissions"),
    Check("disk", "Machine", "connectord.doctor.disk:check_disk"),
    Check("database", "Machine", "connectord.doctor.database:check_database"),
)
