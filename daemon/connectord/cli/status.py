"""`connectord status`: how the projects and their connectors are."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

import click

from connectord.cli.asking import run_asking, with_json, with_path
from connectord.cli.exit_codes import ExitCode
from connectord.cli.output import Output, put
from connectord.cli.status_table import Line, status_lines
from connectord.control.client import Client
from connectord.control.models import Status
from connectord.control.verdict import Verdict, verdict
from connectord.errors import ConnectordError

REDRAW_SECONDS: Final = 0.1
REFRESH_SECONDS: Final = 5.0
"""What changes without news, such as how long the daemon runs, is shown this often."""

_HOME_AND_CLEAR: Final = "\x1b[H\x1b[J"


@click.command()
@with_path
@with_json
@click.option("--watch", is_flag=True, help="Go on showing it, until Ctrl-C. With --json: a line for each change.")
def status(path: Path | None, *, as_json: bool, watch: bool) -> None:
    """Show how all projects are, or the one that PATH lies in.

    Exit codes: 0 all well, 1 something failed, 3 a connector needs authorization, 4 removals are held, 5 signed out,
    6 no daemon.
    """
    if watch:
        run_asking(lambda client, output: _watch(client, path, output), as_json=as_json)
    run_asking(lambda client, output: _show(client.status(path), output), as_json=as_json)


def say_lines(lines: Iterable[Line], output: Output) -> None:
    """Print lines with their colours."""
    for line in lines:
        style: dict[str, bool | str] = {"dim": line.dim, "bold": line.bold} if line.dim or line.bold else {}
        output.say(line.text, **style, **({"fg": line.colour} if line.colour else {}))


def _show(found: Status, output: Output) -> Verdict:
    output.document(found.model_dump(mode="json"))
    if not output.as_json:
        say_lines(status_lines(found, datetime.now(UTC)), output)
    return verdict(found.projects)


def _watch(client: Client, path: Path | None, output: Output) -> ExitCode:
    """Show it anew whenever there is news, but not more often than a person can read."""
    last: Status | None = None
    with _Changes(client, path) as changes:
        try:
            while not output.unread:
                found = client.status(path)
                if found != last:
                    _redraw(found, output)
                last = found if output.as_json else None
                changes.wait()
        except KeyboardInterrupt:
            pass  # the normal way to end following
    return ExitCode.OK


def _redraw(found: Status, output: Output) -> None:
    if output.as_json:
        output.line(found.model_dump_json())
        return
    if sys.stdout.isatty():
        put(_HOME_AND_CLEAR)
    _show(found, output)


class _Changes:
    """The daemon's news, listened to by a thread of its own that ends with the process."""

    def __init__(self, client: Client, path: Path | None) -> None:
        self._client = client
        self._path = path
        self._changed = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, name="news", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._changed.set()

    def wait(self) -> None:
        """Return after the next change, and after a while without one."""
        self._changed.wait(REFRESH_SECONDS)
        self._changed.clear()
        time.sleep(REDRAW_SECONDS)

    def _listen(self) -> None:
        """Until the daemon is gone: a stream that ends because it was read too slowly is asked for again."""
        # Whatever is wrong with the daemon is said by the next look at the status, in the foreground.
        with contextlib.suppress(ConnectordError):
            while True:
                with self._client.events(self._path) as news:
                    for _ in news:
                        self._changed.set()
        self._changed.set()
