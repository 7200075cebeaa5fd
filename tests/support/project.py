"""Projects on disk for tests: `a_project(tmp_path, connectors={"slack": ["chat:write"]})`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from connectord.project import Project, Snapshot, SnapshotReader, read_project

APP_ID = "0123456789abcdef01234567"

Content = Sequence[str] | str | bytes
"""Scopes, a file's whole text, or its bytes."""


def a_project(
    folder: Path,
    connectors: Mapping[str, Content] | None = None,
    *,
    app_id: str | None = APP_ID,
    api_url: str | None = None,
    config: str = '{ "name": "sample" }\n',
    env: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Project:
    """A linked project in `folder` with these connector files, as read_project reads it.

    A key of `connectors` is a type, or a filename if it has a dot. With `connectors=None` there is no connectors
    directory at all. `env` becomes `.env`, `environ` is the environment (empty unless given).
    """
    base44 = folder / "base44"
    base44.mkdir(parents=True, exist_ok=True)
    (base44 / "config.jsonc").write_text(config, encoding="utf-8")
    if app_id is not None:
        (base44 / ".app.jsonc").write_text(
            f'// links this folder to an app\n{{ "id": "{app_id}" }}\n', encoding="utf-8"
        )
    lines = [env or "", f"BASE44_API_URL={api_url}\n" if api_url else ""]
    if any(lines):
        (folder / ".env").write_text("".join(lines), encoding="utf-8")
    project = read_project(folder, environ or {})
    if connectors is not None:
        project.connectors_dir.mkdir(parents=True, exist_ok=True)
        for name, content in connectors.items():
            a_connector(project, name, content)
    return project


def a_connector(project: Project, name: str, content: Content) -> Path:
    """Write one connector file the way an editor does (in place) and answer with its path."""
    file = project.connectors_dir / (name if "." in name else f"{name}.jsonc")
    if isinstance(content, str):
        content = content.encode()
    elif not isinstance(content, bytes):
        content = (json.dumps({"type": name.partition(".")[0], "scopes": list(content)}, indent=2) + "\n").encode()
    file.write_bytes(content)
    return file


def a_snapshot(project: Project) -> Snapshot:
    """What the connectors directory says now, read by a fresh reader."""
    return SnapshotReader().read(project)


def saved_atomically(file: Path, text: str) -> None:
    """Save as careful editors do: write beside the file, then rename over it."""
    beside = file.with_name(f".{file.name}.tmp")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, file)  # noqa: PTH105  (the call that editors make)
