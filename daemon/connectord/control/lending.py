"""Whether a project's own files send a person's credentials to a host that isn't Base44's.

The CLI does as they say, and so does connectord: but a project that was cloned from somewhere may say anything.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from connectord.base44.find import own_settings
from connectord.project.environment import API_URL
from connectord.project.model import Project
from connectord.project.shown import shown_path


def lending(project: Project) -> str | None:
    """A sentence of warning, or None where the host is Base44's, this machine's, or the person's own word.

    Credentials that the project's files bring along are theirs to send.
    """
    file = project.settings_files.get(API_URL)
    if (
        file is None
        or _is_trusted(project.api_url)
        or own_settings(project.environment) & project.settings_files.keys()
    ):
        return None
    return (
        f"Your Base44 login is sent to {project.api_url}, because {API_URL} in {shown_path(file)} says so. "
        "If you don't know that host, take the line out."
    )


def _is_trusted(api_url: str) -> bool:
    parts = urlsplit(api_url)
    host = parts.hostname or ""
    return (parts.scheme == "https" and f".{host}".endswith(".base44.com")) or _is_this_machine(host)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
