"""`connectord emulator`: a Base44 on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from connectord.emulator.admin_routes import ADMIN_ROUTES
from connectord.emulator.serve import PortUnavailable, serve
from connectord.emulator.storage import StateFile, StateFileUnusable
from connectord.emulator.world import World
from connectord.errors import ConnectordError

DEFAULT_PORT = 4400
BAD_USAGE = 2

_KEPT = "Everything is kept in the state file."
_IN_MEMORY = "Everything is in memory and gone with Ctrl-C (--state FILE keeps it)."


@click.command()
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0: any free one.")
@click.option("--state", "state_path", type=click.Path(dir_okay=False, path_type=Path), help="Keep everything in FILE.")
@click.option("--app", "app_ids", multiple=True, metavar="ID", help="An app id to have; may be given several times.")
@click.option("--json", "as_json", is_flag=True, help="Say that it is ready in one line of JSON.")
def emulator(port: int, state_path: Path | None, app_ids: tuple[str, ...], as_json: bool) -> None:
    """Run a Base44 on this machine (127.0.0.1 only) to try things against.

    Point connectord and the CLI at it with BASE44_API_URL. Everything is in memory, unless --state names a file.
    """
    try:
        file = StateFile(state_path) if state_path else None
        world = World(app_ids=app_ids, state=file.load() if file else None)
        if file:
            file.save(world.state)
        _serve(world, port, file, as_json=as_json)
    except (PortUnavailable, StateFileUnusable) as error:
        _complain(error)
        raise SystemExit(BAD_USAGE) from error


def _serve(world: World, port: int, file: StateFile | None, *, as_json: bool) -> None:
    def ready(url: str) -> None:
        click.echo(_ready_json(url, world) if as_json else _ready_text(url, world, file is not None))

    keep = (lambda: file.save(world.state)) if file else None
    asyncio.run(serve(world, port=port, on_ready=ready, keep=keep))


def _ready_json(url: str, world: World) -> str:
    return json.dumps({"url": url, "app_id": world.first_app_id, "admin": f"{url}/admin"})


def _ready_text(url: str, world: World, kept: bool) -> str:
    admin = "\n".join(f"  {one.route:<42}{one.text}" for one in ADMIN_ROUTES)
    return f"""\
Base44 emulator on {url} (Ctrl-C ends it)

Point connectord and the Base44 CLI at it:
  export BASE44_API_URL={url}
Link a project to its app, in base44/.app.jsonc:
  {{"id": "{world.first_app_id}"}}
Sign in with `connectord login`, and watch what waits for you at {url}/

Admin routes (JSON bodies):
{admin}

{_KEPT if kept else _IN_MEMORY}"""


def _complain(error: ConnectordError) -> None:
    click.echo(f"Error: {error.what}", err=True)
    for step in error.todo:
        click.echo(f"  {step}", err=True)
