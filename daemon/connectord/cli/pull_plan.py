"""What a pull changes in the connectors directory: decided first, as a value that can be shown, then written."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectord.base44.models import ConnectionStatus, RemoteConnector
from connectord.project import STRIPE, Connector, Snapshot, new_file_text, rewrite
from connectord.sync import Remote

SAFE_TYPE: Final = re.compile(r"[a-z0-9_-]+", re.IGNORECASE)
"""The types that may become a file's name (protocol.md, "Connector files")."""


@dataclass(frozen=True, slots=True)
class FileText:
    """A file with the text that it shall have. `text_before` is None for a new file."""

    type: str
    path: Path
    text: str
    text_before: str | None = None


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A connector of Base44 that no file is written for, and why. `refused` ones are wrong, not just not ready."""

    type: str
    reason: str
    refused: bool = False


@dataclass(frozen=True, slots=True)
class PullPlan:
    """What to write and what to delete, in order. `pulled` counts the live connectors on Base44."""

    pulled: int
    writes: tuple[FileText, ...] = ()
    deletions: tuple[Connector, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()


def plan_pull(
    snapshot: Snapshot, remote: Remote, *, names_taken: Collection[str], read_text: Callable[[Path], str]
) -> PullPlan:
    """Compare files and remote. `names_taken` are all names in the directory; `read_text` gives a file as it stands.

    A file that says the same scopes in another order agrees and isn't touched. What has lost its consent is not
    written as if it were live (defect 7), and its file isn't deleted either.
    """
    there = remote.by_type
    stripe_there = remote.stripe is not None and remote.stripe.installed
    live = [one for one in there.values() if _objection(one) is None]
    local = snapshot.by_type
    taken = {name.casefold() for name in names_taken}
    rewritten = [_rewritten(local[one.type], one, read_text) for one in live if one.type in local]
    new = {one.type: one.scopes for one in live if one.type not in local}
    if stripe_there and STRIPE not in local:
        new[STRIPE] = ()
    return PullPlan(
        pulled=len(live) + stripe_there,
        writes=(
            *(file for file in rewritten if file.text != file.text_before),
            *(
                FileText(name, _free_path(snapshot.directory, name, taken), new_file_text(name, scopes))
                for name, scopes in new.items()
            ),
        ),
        deletions=tuple(
            one for one in snapshot.connectors if one.type not in there and not (one.is_stripe and stripe_there)
        ),
        left_alone=tuple(objection for one in there.values() if (objection := _objection(one)) is not None),
    )


def _objection(connector: RemoteConnector) -> LeftAlone | None:
    if SAFE_TYPE.fullmatch(connector.type) is None:
        return LeftAlone(connector.type, "its type can't be a file's name", refused=True)
    if connector.status is not ConnectionStatus.ACTIVE:
        return LeftAlone(connector.type, f"it is {connector.status} on Base44; push authorizes it again")
    return None


def _rewritten(connector: Connector, remote: RemoteConnector, read_text: Callable[[Path], str]) -> FileText:
    text = read_text(connector.file)
    agrees = set(connector.scopes) == set(remote.scopes)
    changed = text if agrees else rewrite(text, type=connector.type, scopes=remote.scopes)
    return FileText(connector.type, connector.file, changed, text)


def _free_path(directory: Path, connector_type: str, taken: set[str]) -> Path:
    """`{type}.jsonc`, or with a number where another file has that name; compared as macOS compares names."""
    number = 1
    name = f"{connector_type}.jsonc"
    while name.casefold() in taken:
        number += 1
        name = f"{connector_type}-{number}.jsonc"
    taken.add(name.casefold())
    return directory / name
